/* SPDX-License-Identifier: GPL-2.0 */
/* KUnit's interface, as far as our suites use it; main.c runs them. */
#ifndef _SHIM_KUNIT_TEST_H
#define _SHIM_KUNIT_TEST_H
#include <linux/kernel.h>
#include <linux/string.h>
/* KUnit compares operands of any two integer types, as C does */
#pragma GCC diagnostic ignored "-Wsign-compare"

struct kunit { const void *param_value; int failed; char desc[128]; };
struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
	const void *(*generate_params)(const void *prev, char *desc);
};
struct kunit_suite {
	const char *name;
	struct kunit_case *test_cases;
	struct kunit_suite *next;	/* main.c only */
};
void shim_add(struct kunit_suite *suite);
/* @stop: an ASSERT failed, so this does not return */
void shim_fail(struct kunit *test, bool stop, const char *file, int line, const char *expr,
	       u64 left, u64 right, const char *fmt, ...) __attribute__((format(printf, 8, 9)));

#define MODULE_LICENSE(x)
#define MODULE_DESCRIPTION(x)
#define KUNIT_CASE(f)			{ .run_case = f, .name = #f }
#define KUNIT_CASE_PARAM(f, gen)	{ .run_case = f, .name = #f, .generate_params = gen }
#define KUNIT_ARRAY_PARAM(name, array, get_desc)					\
	static const void *name##_gen_params(const void *prev, char *desc)		\
	{										\
		typeof((array)[0]) *p = prev ? (typeof(p))prev + 1 : (array);		\
		return p < (array) + ARRAY_SIZE(array) ? (get_desc(p, desc), p) : NULL;	\
	}
#define kunit_test_suite(s) \
	static void __attribute__((constructor)) s##_add(void) { shim_add(&s); }
#define SHIM_BIN(t, stop, l, op, r, ...) do {						\
	__auto_type _l = (l);								\
	__auto_type _r = (r);								\
	if (!(_l op _r))								\
		shim_fail(t, stop, __FILE__, __LINE__, #l " " #op " " #r, (u64)_l, (u64)_r, __VA_ARGS__); \
} while (0)
#define KUNIT_EXPECT_EQ_MSG(t, l, r, ...)	SHIM_BIN(t, false, l, ==, r, __VA_ARGS__)
#define KUNIT_EXPECT_EQ(t, l, r)		SHIM_BIN(t, false, l, ==, r, "-")
#define KUNIT_EXPECT_NE(t, l, r)		SHIM_BIN(t, false, l, !=, r, "-")
#define KUNIT_EXPECT_LE(t, l, r)		SHIM_BIN(t, false, l, <=, r, "-")
#define KUNIT_EXPECT_GT(t, l, r)		SHIM_BIN(t, false, l, >, r, "-")
#define KUNIT_EXPECT_TRUE_MSG(t, c, ...)	SHIM_BIN(t, false, !!(c), ==, true, __VA_ARGS__)
#define KUNIT_EXPECT_TRUE(t, c)			SHIM_BIN(t, false, !!(c), ==, true, "-")
#define KUNIT_EXPECT_FALSE(t, c)		SHIM_BIN(t, false, !!(c), ==, false, "-")
#define KUNIT_EXPECT_STREQ(t, l, r)		SHIM_BIN(t, false, strcmp(l, r), ==, 0, "-")
#define KUNIT_ASSERT_EQ(t, l, r)		SHIM_BIN(t, true, l, ==, r, "-")
#define KUNIT_ASSERT_TRUE(t, c)			SHIM_BIN(t, true, !!(c), ==, true, "-")
#define KUNIT_ASSERT_TRUE_MSG(t, c, ...)	SHIM_BIN(t, true, !!(c), ==, true, __VA_ARGS__)
#define KUNIT_ASSERT_NOT_NULL(t, p)		SHIM_BIN(t, true, !!(p), ==, true, "-")
#endif
