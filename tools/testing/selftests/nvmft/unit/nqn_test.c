// SPDX-License-Identifier: GPL-2.0
/* Rules for names and other text, at their edges. */
#include <kunit/test.h>
#include "proto/nqn.h"

/* A field of every length without a NUL before it, followed by more text */
static void field_lengths(struct kunit *test)
{
	struct {
		char field[256];
		char next[256];
	} s;
	int len;

	for (len = 0; len <= 256; len++) {
		memset(&s, 'n', sizeof(s));
		if (len < 256)
			s.field[len] = '\0';
		KUNIT_EXPECT_EQ_MSG(test, nvmft_nqn_valid(s.field), len >= 1 && len <= 223,
				    "%d bytes", len);
	}
}

/* Hosts do not keep to nqn.yyyy-mm; whatever bytes they use are theirs. */
static void field_bytes(struct kunit *test)
{
	char field[256] = { 0 };
	int c;

	for (c = 0; c < 256; c++) {
		field[0] = c;
		KUNIT_EXPECT_EQ_MSG(test, nvmft_nqn_valid(field), c != 0, "byte %02x", c);
	}
}

/* The field ends at its 256th byte, whatever follows (run under ASan). */
static void field_bounds(struct kunit *test)
{
	static char exact[256];

	memset(exact, 'x', sizeof(exact));
	KUNIT_EXPECT_FALSE(test, nvmft_nqn_valid(exact));
}

struct name_row {
	const char *desc;
	const char *name;
	int len;	/* -1: strlen */
	bool ok;
};

static const struct name_row name_rows[] = {
	{ "usual", "nqn.2014-08.org.nvmexpress:uuid:0", -1, true },
	{ "one byte", "x", -1, true },
	{ "empty", "", -1, false },
	{ "not in nqn form", "my disk", -1, true },
	{ "UTF-8", "nqn.2024-01.org.example:gr\xc3\xb6\xc3\x9f" "e", -1, true },
	{ "newline at the end", "nqn.2024-01.org.example:a\n", -1, false },
	{ "newline at the start", "\nnqn", -1, false },
	{ "tab", "nqn\tx", -1, false },
	{ "escape", "nqn\x1b[2J", -1, false },
	{ "unit separator", "nqn\x1f", -1, false },
	{ "delete", "nqn\x7f", -1, false },
	{ "tilde", "nqn~", -1, true },
	{ "NUL inside", "nqn\0x", 5, false },
	{ "only what len covers", "nqn\n", 3, true },
};

static void name_desc(const struct name_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(name, name_rows, name_desc);

static void names(struct kunit *test)
{
	const struct name_row *r = test->param_value;
	size_t len = r->len < 0 ? strlen(r->name) : (size_t)r->len;

	KUNIT_EXPECT_EQ(test, nvmft_nqn_name_valid(r->name, len), r->ok);
}

static void name_lengths(struct kunit *test)
{
	char name[300];
	size_t len;

	memset(name, 'n', sizeof(name));
	for (len = 0; len <= sizeof(name); len++)
		KUNIT_EXPECT_EQ_MSG(test, nvmft_nqn_name_valid(name, len), len >= 1 && len <= 223,
				    "%d bytes", (int)len);
	KUNIT_EXPECT_FALSE(test, nvmft_nqn_name_valid(name, ~(size_t)0));
}

static void hostid(struct kunit *test)
{
	u8 id[16] = { 0 };
	int bit;

	KUNIT_EXPECT_TRUE(test, nvmft_hostid_zero(id));
	for (bit = 0; bit < 128; bit++) {
		id[bit / 8] = 1 << bit % 8;
		KUNIT_EXPECT_EQ_MSG(test, nvmft_hostid_zero(id), false, "bit %d", bit);
		id[bit / 8] = 0;
	}
}

struct field_row {
	const char *desc;
	const char *src;
	size_t len;
	const char *want;
};

static const struct field_row field_rows[] = {
	{ "shorter", "abc", 8, "abc     " },
	{ "exact", "abcdefgh", 8, "abcdefgh" },
	{ "longer", "abcdefghij", 8, "abcdefgh" },
	{ "empty", "", 4, "    " },
	{ "one byte field", "xyz", 1, "x" },
	{ "no field", "xyz", 0, "" },
	{ "spaces stay", " a b", 6, " a b  " },
};

static void field_desc(const struct field_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(field, field_rows, field_desc);

static void ascii_field(struct kunit *test)
{
	const struct field_row *r = test->param_value;
	char dst[16];

	memset(dst, '#', sizeof(dst));
	nvmft_ascii_field(dst, r->len, r->src);
	KUNIT_EXPECT_EQ(test, memcmp(dst, r->want, r->len), 0);
	/* Neither a NUL nor anything else behind the field */
	KUNIT_EXPECT_EQ(test, dst[r->len], '#');
}

static void ascii_bytes(struct kunit *test)
{
	char s[3] = "a?z";
	int c;

	for (c = 0; c < 256; c++) {
		s[1] = c;
		KUNIT_EXPECT_EQ_MSG(test, nvmft_ascii_valid(s, 3, 20), c >= 0x20 && c <= 0x7e,
				    "byte %02x", c);
	}
}

static void ascii_lengths(struct kunit *test)
{
	static const size_t maxes[] = { 8, 20, 40 };
	char s[64];
	size_t i, len;

	memset(s, 'S', sizeof(s));
	for (i = 0; i < ARRAY_SIZE(maxes); i++)
		for (len = 0; len <= sizeof(s); len++)
			KUNIT_EXPECT_EQ_MSG(test, nvmft_ascii_valid(s, len, maxes[i]),
					    len >= 1 && len <= maxes[i], "%d of %d bytes",
					    (int)len, (int)maxes[i]);
}

static struct kunit_case nqn_cases[] = {
	KUNIT_CASE(field_lengths),
	KUNIT_CASE(field_bytes),
	KUNIT_CASE(field_bounds),
	KUNIT_CASE_PARAM(names, name_gen_params),
	KUNIT_CASE(name_lengths),
	KUNIT_CASE(hostid),
	KUNIT_CASE_PARAM(ascii_field, field_gen_params),
	KUNIT_CASE(ascii_bytes),
	KUNIT_CASE(ascii_lengths),
	{}
};

static struct kunit_suite nqn_suite = {
	.name = "nvmft_nqn",
	.test_cases = nqn_cases,
};

kunit_test_suite(nqn_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("nvmft: tests of name rules");
