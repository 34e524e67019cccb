/* SPDX-License-Identifier: GPL-2.0 */
/* Verdicts in tables: written short, compared whole. */
#ifndef NVMFT_UNIT_EXPECT_H
#define NVMFT_UNIT_EXPECT_H

#include <kunit/test.h>
#include "proto/wire.h"

#define V_OK		{ .kind = NVMFT_V_OK }
#define V_RESET		{ .kind = NVMFT_V_RESET }
#define V_TERM(s, i)	{ .kind = NVMFT_V_TERM, .fes = (s), .fei = (i) }

/* Fatal Error Status, by number as in the specification */
#define FES_HDR		1
#define FES_SEQ		2
#define FES_RANGE	4
#define FES_LIMIT	5
#define FES_PARAM	6

static inline void expect_verdict(struct kunit *test, struct nvmft_verdict got,
				  struct nvmft_verdict want)
{
	KUNIT_EXPECT_EQ(test, got.kind, want.kind);
	KUNIT_EXPECT_EQ(test, got.fes, want.fes);
	KUNIT_EXPECT_EQ(test, got.sc, want.sc);
	KUNIT_EXPECT_EQ(test, got.fei, want.fei);
}

#endif /* NVMFT_UNIT_EXPECT_H */
