// SPDX-License-Identifier: GPL-2.0
/* Limits: what goes through in a time, whoever asks when. */
#include <kunit/test.h>
#include "proto/rate.h"

#define MS	1000000ULL
#define SEC	(1000 * MS)
#define START	(5 * SEC)

static struct nvmft_rate made(u64 commands, u64 bytes, u64 burst)
{
	struct nvmft_rate r = { 0 };

	nvmft_rate_set(&r, commands, bytes, burst, START);
	return r;
}

/* Take until it says no; returns how many went. */
static u64 drain(struct nvmft_rate *r, u64 bytes, u64 now)
{
	u64 n = 0;

	while (!nvmft_rate_take(r, bytes, now))
		n++;
	return n;
}

/* Ask whenever it says, @late ns late each time; returns how many go in @time. */
static u64 run(struct nvmft_rate *r, u64 bytes, u64 from, u64 time, u64 late)
{
	u64 now = from, n = 0, wait;

	while (now < from + time) {
		wait = nvmft_rate_take(r, bytes, now);
		if (wait)
			now += wait + late;
		else
			n++;
	}
	return n;
}

static void none(struct kunit *test)
{
	struct nvmft_rate r = made(0, 0, MS);
	int i;

	KUNIT_EXPECT_FALSE(test, nvmft_rate_limits(&r));
	for (i = 0; i < 1000; i++)
		KUNIT_EXPECT_EQ(test, nvmft_rate_take(&r, U64_MAX, START), 0);
	r = made(1, 0, MS);
	KUNIT_EXPECT_TRUE(test, nvmft_rate_limits(&r));
	r = made(0, 1, MS);
	KUNIT_EXPECT_TRUE(test, nvmft_rate_limits(&r));
}

/* After a pause the burst and one command go at once, and then one at a time. */
static void burst(struct kunit *test)
{
	struct nvmft_rate r = made(100, 0, 100 * MS);

	KUNIT_EXPECT_EQ(test, drain(&r, 0, START), 11);
	KUNIT_EXPECT_EQ(test, nvmft_rate_take(&r, 0, START), 10 * MS);
	KUNIT_EXPECT_EQ(test, nvmft_rate_take(&r, 0, START + 4 * MS), 6 * MS);
	KUNIT_EXPECT_EQ(test, drain(&r, 0, START + 10 * MS), 1);
	KUNIT_EXPECT_EQ(test, drain(&r, 0, START + 45 * MS), 3);
	/* No more is saved up than that, however long the pause. */
	KUNIT_EXPECT_EQ(test, drain(&r, 0, START + 3600 * SEC), 11);
}

struct row {
	const char *desc;
	u64 commands, bytes, burst, len, late, want;
};

/* In ten seconds, of those that are always there */
static const struct row rows[] = {
	{ "commands", 150, 0, MS, 0, 0, 1500 },
	{ "no divisor of a second", 7, 0, MS, 0, 0, 70 },
	{ "many", 3000000, 0, MS, 0, 0, 30000000 },
	{ "late by less than the burst", 1000, 0, 100 * MS, 0, 70 * MS, 10100 },
	{ "late by the burst and more", 1000, 0, 10 * MS, 0, 39 * MS, 2750 },
	{ "bytes", 0, 1 << 20, MS, 4096, 0, 2560 },
	{ "more than the burst", 0, 1 << 20, MS, 1 << 20, 0, 10 },
	{ "both, commands are fewer", 20, 1 << 20, MS, 4096, 0, 200 },
	{ "both, bytes are fewer", 1000, 1 << 20, MS, 4096, 0, 2560 },
};

static void row_desc(const struct row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(row, rows, row_desc);

/* Exact to a part in a hundred, and never more than the burst and one. */
static void rate(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct nvmft_rate r = made(row->commands, row->bytes, row->burst);
	u64 got = run(&r, row->len, START, 10 * SEC, row->late);
	u64 most = row->commands ? row->commands * (10 * SEC + row->burst) / SEC + 1 : U64_MAX;

	KUNIT_EXPECT_LE(test, row->want * 99 / 100, got);
	KUNIT_EXPECT_LE(test, got, row->want * 101 / 100 + 1);
	KUNIT_EXPECT_LE(test, got, most);
	if (row->bytes)
		KUNIT_EXPECT_LE(test, (got - 1) * row->len,
				row->bytes * 10 + row->bytes * row->burst / SEC);
}

/* A debt holds up who comes next, and no longer than it takes to be paid. */
static void debt(struct kunit *test)
{
	struct nvmft_rate r = made(0, 1000, 100 * MS);

	KUNIT_EXPECT_EQ(test, nvmft_rate_take(&r, 30000, START), 0);
	KUNIT_EXPECT_EQ(test, nvmft_rate_take(&r, 1, START), 30 * SEC - 100 * MS);
	KUNIT_EXPECT_EQ(test, nvmft_rate_take(&r, 30000, START + 30 * SEC - 100 * MS), 0);
	KUNIT_EXPECT_EQ(test, nvmft_rate_take(&r, 1, START + 30 * SEC), 30 * SEC - 100 * MS);
	/* Commands that move nothing pay it as well. */
	KUNIT_EXPECT_GT(test, nvmft_rate_take(&r, 0, START + 30 * SEC), 0);
}

/* A refusal counts nothing in either of the two. */
static void refused(struct kunit *test)
{
	struct nvmft_rate r = made(10, 1000, MS), before;

	drain(&r, 1000, START);
	before = r;
	KUNIT_EXPECT_GT(test, nvmft_rate_take(&r, 1000, START), 0);
	KUNIT_EXPECT_EQ(test, memcmp(&r, &before, sizeof(r)), 0);
}

static void changed(struct kunit *test)
{
	struct nvmft_rate r = made(1, 1000, 10 * MS);

	/* 1000 s of debt: forgiven, but nothing is given away. */
	KUNIT_EXPECT_EQ(test, nvmft_rate_take(&r, 1000000, START), 0);
	nvmft_rate_set(&r, 1000, 1000000, 10 * MS, START);
	KUNIT_EXPECT_EQ(test, drain(&r, 1, START), 1);
	KUNIT_EXPECT_EQ(test, drain(&r, 1, START + MS), 1);
	/* Off: everything goes. On again: as from the start, but not twice. */
	nvmft_rate_set(&r, 0, 0, 10 * MS, START + MS);
	KUNIT_EXPECT_EQ(test, nvmft_rate_take(&r, U64_MAX, START + MS), 0);
	nvmft_rate_set(&r, 1000, 0, 10 * MS, START + SEC);
	KUNIT_EXPECT_EQ(test, drain(&r, 0, START + SEC), 11);
	/* A smaller burst cuts what was saved. */
	nvmft_rate_set(&r, 1000, 0, 2 * MS, START + 2 * SEC);
	KUNIT_EXPECT_EQ(test, drain(&r, 0, START + 2 * SEC), 3);
}

/* The largest of everything, at any time: no sum wraps, and it always ends. */
static void extremes(struct kunit *test)
{
	static const u64 values[] = { 0, 1, 2, 3, 1000, U32_MAX, 1ULL << 42, 1ULL << 63, U64_MAX };
	static const u64 times[] = { 0, 1, SEC, 1ULL << 62, (1ULL << 63) - 1 };
	size_t c, b, u, t, n;

	for (c = 0; c < ARRAY_SIZE(values); c++)
	for (b = 0; b < ARRAY_SIZE(values); b++)
	for (u = 0; u < ARRAY_SIZE(values); u++)
	for (t = 0; t < ARRAY_SIZE(times); t++)
	for (n = 0; n < ARRAY_SIZE(values); n++) {
		struct nvmft_rate r = { 0 };
		u64 now = times[t], wait;
		int i;

		nvmft_rate_set(&r, values[c], values[b], values[u], now);
		for (i = 0; i < 3; i++) {
			wait = nvmft_rate_take(&r, values[n], now);
			if (wait) {
				KUNIT_EXPECT_LE(test, wait, NVMFT_RATE_COST_MAX * SEC);
				now += wait;
				KUNIT_EXPECT_EQ(test, nvmft_rate_take(&r, values[n], now), 0);
			}
		}
		/* Less than a whole ns is never lost. */
		KUNIT_EXPECT_TRUE(test, !r.rate[0] || r.rest[0] < r.rate[0]);
		KUNIT_EXPECT_TRUE(test, !r.rate[1] || r.rest[1] < r.rate[1]);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(none),
	KUNIT_CASE(burst),
	KUNIT_CASE_PARAM(rate, row_gen_params),
	KUNIT_CASE(debt),
	KUNIT_CASE(refused),
	KUNIT_CASE(changed),
	KUNIT_CASE(extremes),
	{}
};

static struct kunit_suite suite = { .name = "rate", .test_cases = cases };
kunit_test_suite(suite);

MODULE_DESCRIPTION("Unit tests of limits per second");
MODULE_LICENSE("GPL");
