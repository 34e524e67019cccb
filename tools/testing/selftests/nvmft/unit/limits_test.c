// SPDX-License-Identifier: GPL-2.0
/* Limits of commands, on every block size that can be exported. */
#include <kunit/test.h>
#include "proto/limits.h"

static void blocks(struct kunit *test)
{
	u8 shift;

	for (shift = 9; shift <= 16; shift++) {
		KUNIT_EXPECT_EQ(test, (u64)nvmft_wzsl_blocks(shift) << shift, 16 << 20);
		KUNIT_EXPECT_EQ(test, (u64)nvmft_vsl_blocks(shift) << shift, 16 << 20);
		KUNIT_EXPECT_EQ(test, nvmft_caw_blocks(shift), 65536 >> shift);
		/* NLB can say them, and NACWU, 0's based in 16 bits, too */
		KUNIT_EXPECT_LE(test, nvmft_wzsl_blocks(shift), 65536);
		KUNIT_EXPECT_LE(test, nvmft_vsl_blocks(shift), 65536);
		KUNIT_EXPECT_LE(test, nvmft_caw_blocks(shift), 65536);
	}
	/* Beyond what can be exported a block is still a block */
	KUNIT_EXPECT_EQ(test, nvmft_caw_blocks(17), 1);
}

static struct kunit_case limits_cases[] = {
	KUNIT_CASE(blocks),
	{}
};

static struct kunit_suite limits_suite = {
	.name = "nvmft_limits",
	.test_cases = limits_cases,
};

kunit_test_suite(limits_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("nvmft: tests of the limits of commands");
