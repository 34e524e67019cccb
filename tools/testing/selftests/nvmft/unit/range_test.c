// SPDX-License-Identifier: GPL-2.0
/* Range locks, against a model that knows who asked when. */
#include <kunit/test.h>
#include "core/range.h"

#define NR	24	/* groups */
#define MEMBERS	3

struct group {
	struct nvmft_range r[MEMBERS];
	unsigned int n;
	u64 asked;	/* order, 0: not in use */
	bool held;
	int grants;	/* calls of granted() */
};

static struct group groups[NR];
unsigned long interval_tree_found;

static void granted(struct nvmft_range *first)
{
	struct group *g = first->owner;

	g->grants++;
	g->held = true;
}

static bool overlap(const struct group *a, const struct group *b)
{
	unsigned int i, j;

	for (i = 0; i < a->n; i++)
		for (j = 0; j < b->n; j++)
			if ((a->r[i].exclusive || b->r[j].exclusive) &&
			    a->r[i].it.start <= b->r[j].it.last &&
			    b->r[j].it.start <= a->r[i].it.last)
				return true;
	return false;
}

/* The rule: held as soon as nobody who asked earlier is in the way. */
static bool shall_be_held(const struct group *g)
{
	int i;

	for (i = 0; i < NR; i++)
		if (groups[i].asked && groups[i].asked < g->asked && overlap(g, &groups[i]))
			return false;
	return true;
}

static void check_all(struct kunit *test, int step)
{
	int i;

	for (i = 0; i < NR; i++)
		if (groups[i].asked)
			KUNIT_EXPECT_EQ_MSG(test, groups[i].held, shall_be_held(&groups[i]),
					    "group %d, step %d", i, step);
}

static u32 seed = 12345;

static u32 rnd(u32 n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void ask(struct kunit *test, struct nvmft_ranges *rs, struct group *g, u64 order)
{
	unsigned int i;
	bool now;

	memset(g, 0, sizeof(*g));
	g->n = 1 + rnd(MEMBERS);
	for (i = 0; i < g->n; i++) {
		u64 first = rnd(40);

		nvmft_range_set(&g->r[i], first, first + rnd(6), rnd(3) == 0);
	}
	g->r[0].granted = granted;
	g->r[0].owner = g;
	g->asked = order;
	now = nvmft_range_lock(rs, g->r, g->n);
	KUNIT_EXPECT_EQ(test, now, shall_be_held(g));
	KUNIT_EXPECT_EQ(test, g->grants, 0);
	g->held = now;
}

static void model(struct kunit *test)
{
	struct nvmft_ranges rs;
	u64 order = 1;
	int step;

	nvmft_ranges_init(&rs);
	for (step = 0; step < 200000 && !test->failed; step++) {
		struct group *g = &groups[rnd(NR)];

		if (!g->asked) {
			ask(test, &rs, g, order++);
		} else if (g->held) {
			g->asked = 0;
			nvmft_range_unlock(&rs, g->r, g->n);
			KUNIT_EXPECT_LE(test, g->grants, 1);
		}
		check_all(test, step);
	}
}

/* A waiting lock keeps later ones waiting: nobody starves. */
static void no_overtaking(struct kunit *test)
{
	struct group a = { .n = 1 }, b = { .n = 1 }, c = { .n = 1 };
	struct nvmft_ranges rs;
	struct group *g[] = { &a, &b, &c };
	int i;

	nvmft_ranges_init(&rs);
	for (i = 0; i < 3; i++) {
		nvmft_range_set(&g[i]->r[0], 0, 9, i == 1);
		g[i]->r[0].granted = granted;
		g[i]->r[0].owner = g[i];
		g[i]->held = nvmft_range_lock(&rs, g[i]->r, 1);
	}
	KUNIT_EXPECT_TRUE(test, a.held);
	KUNIT_EXPECT_FALSE(test, b.held);
	KUNIT_EXPECT_FALSE(test, c.held);
	nvmft_range_unlock(&rs, a.r, 1);
	KUNIT_EXPECT_TRUE(test, b.held);
	KUNIT_EXPECT_FALSE(test, c.held);
	nvmft_range_unlock(&rs, b.r, 1);
	KUNIT_EXPECT_TRUE(test, c.held);
}

/* Blocks up to the last one there can be, side by side */
static void edges(struct kunit *test)
{
	struct group a = { .n = 1 }, b = { .n = 1 }, c = { .n = 1 };
	struct nvmft_ranges rs;

	nvmft_ranges_init(&rs);
	nvmft_range_set(&a.r[0], 0, U64_MAX - 1, true);
	nvmft_range_set(&b.r[0], U64_MAX, U64_MAX, true);
	nvmft_range_set(&c.r[0], 0, U64_MAX, true);
	c.r[0].granted = granted;
	c.r[0].owner = &c;
	KUNIT_EXPECT_TRUE(test, nvmft_range_lock(&rs, a.r, 1));
	KUNIT_EXPECT_TRUE(test, nvmft_range_lock(&rs, b.r, 1));
	KUNIT_EXPECT_FALSE(test, nvmft_range_lock(&rs, c.r, 1));
	nvmft_range_unlock(&rs, a.r, 1);
	KUNIT_EXPECT_EQ(test, c.grants, 0);
	nvmft_range_unlock(&rs, b.r, 1);
	KUNIT_EXPECT_EQ(test, c.grants, 1);
}

/* Starts and ends before, starts and ends after; blocks 128 apart are merged, 129 are not. */
static const struct {
	unsigned int n, left;
	u64 before[4][2], after[4][2];
} merges[] = {
	{ 1, 1, { { 5, 9 } }, { { 5, 9 } } },
	{ 2, 1, { { 5, 9 }, { 5, 9 } }, { { 5, 9 } } },
	{ 2, 1, { { 5, 9 }, { 10, 12 } }, { { 5, 12 } } },
	{ 2, 1, { { 10, 12 }, { 5, 9 } }, { { 5, 12 } } },
	{ 2, 1, { { 5, 90 }, { 10, 12 } }, { { 5, 90 } } },
	{ 2, 1, { { 0, 9 }, { 137, 140 } }, { { 0, 140 } } },
	{ 2, 2, { { 0, 9 }, { 138, 140 } }, { { 0, 9 }, { 138, 140 } } },
	{ 2, 2, { { 138, 140 }, { 0, 9 } }, { { 0, 9 }, { 138, 140 } } },
	{ 3, 1, { { 0, 300 }, { 400, 500 }, { 1, 2 } }, { { 0, 500 } } },
	{ 3, 2, { { 0, 300 }, { 900, 900 }, { 301, 301 } }, { { 0, 301 }, { 900, 900 } } },
	{ 2, 2, { { U64_MAX, U64_MAX }, { 0, 0 } }, { { 0, 0 }, { U64_MAX, U64_MAX } } },
	{ 2, 1, { { 0, U64_MAX }, { U64_MAX, U64_MAX } }, { { 0, U64_MAX } } },
	{ 4, 2, { { 2000, 2000 }, { 4, 4 }, { 2002, 2003 }, { 4, 8 } },
	  { { 4, 8 }, { 2000, 2003 } } },
};

static void merge(struct kunit *test)
{
	struct nvmft_range r[4];
	unsigned int i, j, left;

	for (i = 0; i < ARRAY_SIZE(merges); i++) {
		memset(r, 0, sizeof(r));
		for (j = 0; j < merges[i].n; j++)
			nvmft_range_set(&r[j], merges[i].before[j][0], merges[i].before[j][1], false);
		left = nvmft_ranges_merge(r, merges[i].n);
		KUNIT_EXPECT_EQ_MSG(test, left, merges[i].left, "row %u", i);
		for (j = 0; j < left; j++) {
			KUNIT_EXPECT_EQ_MSG(test, r[j].it.start, merges[i].after[j][0], "row %u", i);
			KUNIT_EXPECT_EQ_MSG(test, r[j].it.last, merges[i].after[j][1], "row %u", i);
		}
	}
}

#define CROWD	64
#define EACH	255

/*
 * Commands that name the same blocks over and over: with a lock held and interrupts
 * off nobody looks at more than a few ranges of each.
 */
static void crowd(struct kunit *test)
{
	static struct nvmft_range r[CROWD][EACH];
	unsigned int n[CROWD], i, j;
	struct nvmft_range alone = { };
	struct nvmft_ranges rs;

	nvmft_ranges_init(&rs);
	for (i = 0; i < CROWD; i++) {
		for (j = 0; j < EACH; j++)
			nvmft_range_set(&r[i][j], 2 * j, 2 * j, false);
		n[i] = nvmft_ranges_merge(r[i], EACH);
		interval_tree_found = 0;
		KUNIT_EXPECT_TRUE(test, nvmft_range_lock(&rs, r[i], n[i]));
		KUNIT_EXPECT_EQ(test, interval_tree_found, 0);
	}
	nvmft_range_set(&alone, 0, 127, true);
	alone.granted = granted;
	alone.owner = &groups[0];
	groups[0].grants = 0;
	interval_tree_found = 0;
	KUNIT_EXPECT_FALSE(test, nvmft_range_lock(&rs, &alone, 1));
	KUNIT_EXPECT_LE(test, interval_tree_found, 2 * CROWD);
	for (i = 0; i < CROWD; i++) {
		interval_tree_found = 0;
		nvmft_range_unlock(&rs, r[i], n[i]);
		KUNIT_EXPECT_LE(test, interval_tree_found, 2);
		KUNIT_EXPECT_EQ(test, groups[0].grants, i == CROWD - 1);
	}
	nvmft_range_unlock(&rs, &alone, 1);
	memset(groups, 0, sizeof(groups));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(no_overtaking),
	KUNIT_CASE(edges),
	KUNIT_CASE(merge),
	KUNIT_CASE(crowd),
	KUNIT_CASE(model),
	{}
};

static struct kunit_suite suite = { .name = "range", .test_cases = cases };
kunit_test_suite(suite);

MODULE_DESCRIPTION("Unit tests of range locks");
MODULE_LICENSE("GPL");
