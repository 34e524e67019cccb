// SPDX-License-Identifier: GPL-2.0
/* Set and Get Features against the rows of commands.h. */
#include "commands.h"
#include "proto/ident.h"

#define NO_LOC	0xabad

static u16 refuse(u16 *loc, u16 where, u16 status)
{
	*loc = where;
	return status | 0x4000;
}

static u16 judge(u8 qt, const u8 *b, u16 *loc)
{
	const struct fid *f = fid_of_sqe(b);
	bool set = b[0] == 0x09;
	u32 nsid = get32(b + 4), dw11 = get32(b + 44);
	int bit;

	if (!f || (qt == NVMFT_Q_DISC && !f->disc))
		return refuse(loc, 40, 0x02);
	if (set && b[43] & 0x80)
		return refuse(loc, 43 | 7 << 8, 0x10d);
	if (!set && (b[41] & 7) > 3)
		return refuse(loc, 41, 0x02);
	if (nsid > 1024 && nsid != 0xffffffff)
		return refuse(loc, 4, 0x0b);
	if (f->ns && (nsid == 0 || (nsid == 0xffffffff && !set)))
		return refuse(loc, 4, 0x0b);
	if (!f->ns && set && nsid && nsid != 0xffffffff)
		return refuse(loc, 4, 0x10f);
	for (bit = 0; set && bit < 32; bit++)
		if ((dw11 & ~f->mask) >> bit & 1)
			return refuse(loc, (44 + bit / 8) | (bit % 8) << 8, 0x02);
	return 0;
}

static void check_row(u8 qt, const u8 *b)
{
	const struct fid *f = fid_of_sqe(b);
	const struct nvmft_feature *row = nvmft_feature_find(qt, b[40]);
	bool there = f && (qt != NVMFT_Q_DISC || f->disc);
	u32 effects = 0;

	MUST(!row == !there, "FID %#x", b[40]);
	if (there)
		effects = 1 | (f->ns ? 1 << 20 | (f->changes ? 4 : 0) : 1 << 21);
	MUST_EQ(nvmft_feature_effects(qt, b[40]), effects);
	if (!row)
		return;
	MUST_EQ(row->len, f->len);
	MUST_EQ(nvmft_feature_caps(row), (f->changes ? 4 : 0) | (f->ns ? 2 : 0));
}

static void check_behavior(struct fuzz_in *in)
{
	u8 *b = fuzz_copy(in, NVMFT_BEHAVIOR_USED);
	bool good = b[0] < 2 && b[1] < 2 && b[2] < 2 && b[3] < 2;

	/* Formats 0h and 1h have no bit, and there are no others. */
	good = good && !b[4] && !b[5];
	MUST_EQ(nvmft_feature_check_behavior(b), good ? 0 : 0x4002);
	free(b);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_in in = { data, size };
	u8 knobs = fuzz_u8(&in), qt = knobs & 1 ? NVMFT_Q_DISC : NVMFT_Q_ADMIN;
	u8 *b = calloc(1, sizeof(struct nvme_command));
	const struct nvme_command *c = (const void *)b;
	u16 loc = NO_LOC, want = NO_LOC, status;

	b[0] = knobs & 2 ? 0x09 : 0x0a;
	b[1] = 0x40;
	fuzz_bytes(&in, b + 40, 8);
	fuzz_bytes(&in, b + 4, 4);
	status = judge(qt, b, &want);
	MUST_EQ(nvmft_feature_check(qt, c, &loc), status);
	MUST_EQ(loc, want);
	MUST_EQ(nvmft_feature_len(c), feature_bytes(b));
	check_row(qt, b);
	check_behavior(&in);
	free(b);
	return 0;
}
