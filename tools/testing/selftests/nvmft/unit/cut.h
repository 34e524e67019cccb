/* SPDX-License-Identifier: GPL-2.0 */
/* A window into a log page, with guard bytes behind it. */
#ifndef NVMFT_UNIT_CUT_H
#define NVMFT_UNIT_CUT_H

#include <kunit/test.h>
#include "proto/logpage.h"

#define MAX_LEN		8192
#define GUARD		16

/* A window [from, from + len) into dst, with guard bytes behind it */
static inline void open_window(struct nvmft_cut *cut, u8 *dst, u64 len, u64 from)
{
	memset(dst, 0xa5, MAX_LEN + GUARD);
	nvmft_cut_init(cut, dst, len, from);
}

static inline bool guard_intact(const u8 *dst, u64 len)
{
	int i;

	for (i = 0; i < GUARD; i++)
		if (dst[len + i] != 0xa5)
			return false;
	return true;
}

#endif /* NVMFT_UNIT_CUT_H */
