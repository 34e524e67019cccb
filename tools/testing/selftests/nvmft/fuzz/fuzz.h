/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the fuzz targets share: the input, read from its front, and checks. A
 * target is one NAME_fuzz.c with LLVMFuzzerTestOneInput(), which holds what the
 * protocol code says against a second opinion written here.
 */
#ifndef NVMFT_FUZZ_H
#define NVMFT_FUZZ_H

#include <stdlib.h>
#include "proto/wire.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* An input that is used up goes on with zeroes. */
struct fuzz_in {
	const u8 *p;
	size_t left;
};

/* Ends the process with the place and the values; libFuzzer keeps the input. */
#define MUST(cond, ...) do {							\
	if (!(cond)) {								\
		fprintf(stderr, "%s:%d: must hold: %s: ", __FILE__, __LINE__, #cond);	\
		fprintf(stderr, __VA_ARGS__);					\
		fputc('\n', stderr);						\
		abort();							\
	}									\
} while (0)

#define MUST_EQ(a, b) do {							\
	unsigned long long _a = (a), _b = (b);					\
	MUST(_a == _b, "%s = %#llx, %s = %#llx", #a, _a, #b, _b);		\
} while (0)

static inline void fuzz_bytes(struct fuzz_in *in, void *to, size_t n)
{
	size_t have = n < in->left ? n : in->left;

	if (have)
		memcpy(to, in->p, have);
	memset((u8 *)to + have, 0, n - have);
	in->p += have;
	in->left -= have;
}

static inline u64 fuzz_num(struct fuzz_in *in, size_t bytes)
{
	u8 b[8] = { 0 };
	u64 val = 0;
	int i;

	fuzz_bytes(in, b, bytes);
	for (i = 7; i >= 0; i--)
		val = val << 8 | b[i];
	return val;
}

static inline u8 fuzz_u8(struct fuzz_in *in) { return fuzz_num(in, 1); }
static inline u16 fuzz_u16(struct fuzz_in *in) { return fuzz_num(in, 2); }
static inline u32 fuzz_u32(struct fuzz_in *in) { return fuzz_num(in, 4); }
static inline u64 fuzz_u64(struct fuzz_in *in) { return fuzz_num(in, 8); }

#define FUZZ_PICK(in, table)	((table)[fuzz_u8(in) % ARRAY_SIZE(table)])

/* A copy of its own size, so that reading beyond it is seen; free() it. */
static inline void *fuzz_copy(struct fuzz_in *in, size_t n)
{
	u8 *b = malloc(n ? n : 1);

	fuzz_bytes(in, b, n);
	return b;
}

/* Little-endian numbers, from single bytes */
static inline u16 get16(const u8 *b) { return b[0] | b[1] << 8; }
static inline u32 get32(const u8 *b) { return get16(b) | (u32)get16(b + 2) << 16; }
static inline u64 get64(const u8 *b) { return get32(b) | (u64)get32(b + 4) << 32; }

/* Each byte like the one before, and that 0; in one call, as pages are long */
static inline bool zeroes(const u8 *b, size_t n)
{
	return !n || (!b[0] && !memcmp(b, b + 1, n - 1));
}

static inline void must_be_verdict(struct nvmft_verdict got, struct nvmft_verdict want)
{
	MUST_EQ(got.kind, want.kind);
	MUST_EQ(got.fes, want.fes);
	MUST_EQ(got.fei, want.fei);
	MUST_EQ(got.sc, want.sc);
}

#endif /* NVMFT_FUZZ_H */
