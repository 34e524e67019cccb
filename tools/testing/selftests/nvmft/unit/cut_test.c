// SPDX-License-Identifier: GPL-2.0
/* The cut of log pages against a reference, and where sums of it could wrap. */
#include "cut.h"

static u8 part[MAX_LEN + GUARD], want[MAX_LEN];
static const u8 blank[MAX_LEN];

#define SMALL	21

/* SMALL bytes, 1 up, with zeros at 8..11, emitted in pieces of step bytes */
static void emit_small(struct nvmft_cut *cut, const u8 *src, int step)
{
	int at, n;

	for (at = 0; at < SMALL; at += n) {
		n = min_t(int, step, SMALL - at);
		if (at == 8)
			n = 4;
		else if (at < 8)
			n = min_t(int, n, 8 - at);
		if (at == 8)
			nvmft_cut_zero(cut, n);
		else
			nvmft_cut_put(cut, src + at, n);
	}
}

/* Every offset and length over a small page, in pieces of every size */
static void cut_windows(struct kunit *test)
{
	struct nvmft_cut cut;
	u8 src[SMALL];
	int i, step, from, len;

	for (i = 0; i < SMALL; i++)
		src[i] = i >= 8 && i < 12 ? 0 : i + 1;
	for (step = 1; step <= SMALL; step++) {
		for (from = 0; from <= SMALL + 3; from++) {
			for (len = 0; len <= SMALL + 3; len++) {
				memset(want, 0, sizeof(want));
				for (i = 0; i < len; i++)
					want[i] = from + i < SMALL ? src[from + i] : 0;
				open_window(&cut, part, len, from);
				emit_small(&cut, src, step);
				KUNIT_EXPECT_EQ_MSG(test, memcmp(part, want, len), 0,
						    "from %d len %d step %d", from, len, step);
				KUNIT_EXPECT_TRUE_MSG(test, guard_intact(part, len),
						      "from %d len %d step %d", from, len, step);
				KUNIT_EXPECT_EQ(test, cut.pos, SMALL);
				KUNIT_EXPECT_EQ_MSG(test, nvmft_cut_beyond(&cut), from > SMALL,
						    "from %d", from);
			}
		}
	}
}

static void cut_empty_page(struct kunit *test)
{
	struct nvmft_cut cut;

	open_window(&cut, part, 8, 0);
	KUNIT_EXPECT_EQ(test, memcmp(part, blank, 8), 0);
	KUNIT_EXPECT_FALSE(test, nvmft_cut_beyond(&cut));
	nvmft_cut_put(&cut, "x", 0);
	KUNIT_EXPECT_EQ(test, cut.pos, 0);
	open_window(&cut, part, 8, 1);
	KUNIT_EXPECT_TRUE(test, nvmft_cut_beyond(&cut));
}

struct far_row {
	const char *desc;
	u64 from, zeros;	/* offset of the host, zeros before eight bytes */
	u64 pos;		/* where the page ends */
	bool beyond;
	u8 first;		/* what lands in dst[0] and dst[7] */
	u8 last;
};

static const struct far_row far_rows[] = {
	{ "offset max", ~0ULL, 0, 8, true, 0, 0 },
	{ "offset max - 7: the window would wrap", ~0ULL - 7, 0, 8, true, 0, 0 },
	{ "offset 2^63", 1ULL << 63, 0, 8, true, 0, 0 },
	{ "offset 2^32: not cut to 32 bits", 1ULL << 32, 0, 8, true, 0, 0 },
	{ "offset 2^32 + 4 into a page of 4 GiB", (1ULL << 32) + 4, 1ULL << 32,
	  (1ULL << 32) + 8, false, 5, 0 },
	{ "start of a page of 2^63 bytes", 0, 1ULL << 63, (1ULL << 63) + 8, false, 0, 0 },
	{ "end of a page of 2^64 - 1 bytes", ~0ULL - 8, ~0ULL - 8, ~0ULL, false, 1, 8 },
	{ "a page that would wrap", 0, ~0ULL - 3, ~0ULL, false, 0, 0 },
	{ "behind a page that would wrap", ~0ULL, ~0ULL, ~0ULL, false, 1, 8 },
};

static void far_desc(const struct far_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(far, far_rows, far_desc);

static void cut_far(struct kunit *test)
{
	static const u8 eight[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	const struct far_row *r = test->param_value;
	struct nvmft_cut cut;

	open_window(&cut, part, 8, r->from);
	nvmft_cut_zero(&cut, r->zeros);
	nvmft_cut_put(&cut, eight, 8);
	KUNIT_EXPECT_EQ(test, cut.pos, r->pos);
	KUNIT_EXPECT_EQ(test, nvmft_cut_beyond(&cut), r->beyond);
	KUNIT_EXPECT_EQ(test, part[0], r->first);
	KUNIT_EXPECT_EQ(test, part[7], r->last);
	KUNIT_EXPECT_TRUE(test, guard_intact(part, 8));
}

static struct kunit_case cut_cases[] = {
	KUNIT_CASE(cut_windows),
	KUNIT_CASE(cut_empty_page),
	KUNIT_CASE_PARAM(cut_far, far_gen_params),
	{}
};

static struct kunit_suite cut_suite = {
	.name = "nvmft_cut",
	.test_cases = cut_cases,
};

kunit_test_suite(cut_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("nvmft: tests of the cut of log pages");
