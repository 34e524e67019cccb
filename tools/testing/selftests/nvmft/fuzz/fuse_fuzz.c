// SPDX-License-Identifier: GPL-2.0
/*
 * Pairing of fused commands: a sequence of FUSE fields, held against its rule as
 * one reads it in the specification: a command and the one before it.
 */
#include "fuzz.h"
#include "proto/fuse.h"

#define MAX	64

/* What has become of each command */
enum end { OPEN, RAN, PAIRED, MISSING, FAILED, INVALID, REFUSED };

static struct {
	u8 fuse;
	bool refused;	/* a first half that is refused when it is judged */
} seq[MAX];

/* The end of command @i, of @n; OPEN: a first half behind which nothing came */
static enum end expected(u32 i, u32 n)
{
	bool after_first = i && seq[i - 1].fuse == 1;

	switch (seq[i].fuse) {
	case 0:
		return RAN;
	case 1:
		if (seq[i].refused)
			return REFUSED;
		if (i + 1 == n)
			return OPEN;
		return seq[i + 1].fuse == 2 ? PAIRED : MISSING;
	case 2:
		if (!after_first)
			return MISSING;
		return seq[i - 1].refused ? FAILED : PAIRED;
	default:
		return INVALID;
	}
}

static enum end ended(u16 sc)
{
	switch (sc) {
	case 0x4009:
		return FAILED;
	case 0x400a:
		return MISSING;
	case 0x4002:
		return INVALID;
	}
	MUST(false, "status %#x", sc);
	return OPEN;
}

/* Runs the sequence the way core/fused.c does. */
static void run(u32 n, u8 *ends)
{
	u8 held = NVMFT_FUSE_IDLE;
	int first = -1;
	u32 i;

	for (i = 0; i < n; i++) {
		struct nvmft_fuse_step step = nvmft_fuse_next(held, seq[i].fuse);

		MUST(step.held <= NVMFT_FUSE_LOST, "held %u", step.held);
		MUST(!step.drop || first >= 0, "nothing to drop");
		held = step.held;
		if (step.drop)
			ends[first] = MISSING;
		switch (step.self) {
		case NVMFT_FUSE_RUN:
			ends[i] = RAN;
			break;
		case NVMFT_FUSE_HOLD:
			MUST_EQ(held, NVMFT_FUSE_HELD);
			if (seq[i].refused) {
				held = NVMFT_FUSE_LOST;
				ends[i] = REFUSED;
			}
			break;
		case NVMFT_FUSE_PAIR:
			MUST(first >= 0, "nothing to pair with");
			ends[first] = PAIRED;
			ends[i] = PAIRED;
			break;
		default:
			ends[i] = ended(step.sc);
		}
		first = held == NVMFT_FUSE_HELD ? (int)i : -1;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u32 n = min_t(size_t, size, MAX), i;
	u8 ends[MAX] = { OPEN };

	for (i = 0; i < n; i++) {
		seq[i].fuse = data[i] & 3;
		seq[i].refused = data[i] & 4;
	}
	run(n, ends);
	for (i = 0; i < n; i++)
		MUST(ends[i] == expected(i, n), "command %u of %u (FUSE %u): %u, not %u", i, n,
		     seq[i].fuse, ends[i], expected(i, n));
	return 0;
}
