// SPDX-License-Identifier: GPL-2.0
/* Pairing of fused commands: every state and every FUSE. */
#include <kunit/test.h>
#include "proto/fuse.h"

#define MISSING	(NVME_SC_FUSED_MISSING | NVME_STATUS_DNR)
#define FAILED	(NVME_SC_FUSED_FAIL | NVME_STATUS_DNR)
#define INVALID	(NVME_SC_INVALID_FIELD | NVME_STATUS_DNR)

struct row {
	const char *desc;
	u8 held, fuse;
	u8 self, next;
	bool drop;
	u16 sc;
};

static const struct row rows[] = {
	{ "ordinary", NVMFT_FUSE_IDLE, 0, NVMFT_FUSE_RUN, NVMFT_FUSE_IDLE, false, 0 },
	{ "first", NVMFT_FUSE_IDLE, 1, NVMFT_FUSE_HOLD, NVMFT_FUSE_HELD, false, 0 },
	{ "second alone", NVMFT_FUSE_IDLE, 2, NVMFT_FUSE_FAIL, NVMFT_FUSE_IDLE, false, MISSING },
	{ "reserved", NVMFT_FUSE_IDLE, 3, NVMFT_FUSE_FAIL, NVMFT_FUSE_IDLE, false, INVALID },
	{ "first, ordinary", NVMFT_FUSE_HELD, 0, NVMFT_FUSE_RUN, NVMFT_FUSE_IDLE, true, 0 },
	{ "first, first", NVMFT_FUSE_HELD, 1, NVMFT_FUSE_HOLD, NVMFT_FUSE_HELD, true, 0 },
	{ "first, second", NVMFT_FUSE_HELD, 2, NVMFT_FUSE_PAIR, NVMFT_FUSE_IDLE, false, 0 },
	{ "first, reserved", NVMFT_FUSE_HELD, 3, NVMFT_FUSE_FAIL, NVMFT_FUSE_IDLE, true, INVALID },
	{ "refused, ordinary", NVMFT_FUSE_LOST, 0, NVMFT_FUSE_RUN, NVMFT_FUSE_IDLE, false, 0 },
	{ "refused, first", NVMFT_FUSE_LOST, 1, NVMFT_FUSE_HOLD, NVMFT_FUSE_HELD, false, 0 },
	{ "refused, second", NVMFT_FUSE_LOST, 2, NVMFT_FUSE_FAIL, NVMFT_FUSE_IDLE, false, FAILED },
	{ "refused, reserved", NVMFT_FUSE_LOST, 3, NVMFT_FUSE_FAIL, NVMFT_FUSE_IDLE, false,
	  INVALID },
};

static void row_desc(const struct row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(row, rows, row_desc);

static void next(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct nvmft_fuse_step step = nvmft_fuse_next(row->held, row->fuse);

	KUNIT_EXPECT_EQ(test, step.self, row->self);
	KUNIT_EXPECT_EQ(test, step.held, row->next);
	KUNIT_EXPECT_EQ(test, step.drop, row->drop);
	KUNIT_EXPECT_EQ(test, step.sc, row->sc);
}

/* Other bits of byte 1 are no concern of the pairing. */
static void only_fuse(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, nvmft_fuse_next(NVMFT_FUSE_IDLE, 0x41).self, NVMFT_FUSE_HOLD);
	KUNIT_EXPECT_EQ(test, nvmft_fuse_next(NVMFT_FUSE_HELD, 0xfc).self, NVMFT_FUSE_RUN);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(next, row_gen_params),
	KUNIT_CASE(only_fuse),
	{}
};

static struct kunit_suite suite = { .name = "fuse", .test_cases = cases };
kunit_test_suite(suite);

MODULE_DESCRIPTION("Unit tests of fused pairing");
MODULE_LICENSE("GPL");
