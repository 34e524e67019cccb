/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Identify pages against byte offsets of the specification. A page is compared
 * whole: what no row names has to be zero.
 */
#ifndef NVMFT_UNIT_PAGE_H
#define NVMFT_UNIT_PAGE_H

#include <kunit/test.h>
#include "proto/ident.h"

static u8 page[NVMFT_IDENT_LEN] __attribute__((aligned(8)));
static u8 want[NVMFT_IDENT_LEN];

/* A little-endian number, or text: size bytes at off */
struct field {
	u16 off, size;
	u64 val;
	const char *text;
};

#define NUM(off, size, val)	{ off, size, val, NULL }
#define TEXT(off, size, text)	{ off, size, 0, text }

static inline void page_start(void)
{
	memset(page, 0xa5, sizeof(page));
	memset(want, 0, sizeof(want));
}

static inline void page_put(const struct field *f, size_t n)
{
	u64 val;
	u16 i;

	for (; n; n--, f++) {
		val = f->val;
		for (i = 0; i < f->size; i++, val = i < 8 ? val >> 8 : 0)
			want[f->off + i] = f->text ? f->text[i] : val;
	}
}

static inline void page_compare(struct kunit *test)
{
	int i;

	for (i = 0; i < NVMFT_IDENT_LEN; i++)
		KUNIT_EXPECT_EQ_MSG(test, page[i], want[i], "byte %d", i);
}

#endif /* NVMFT_UNIT_PAGE_H */
