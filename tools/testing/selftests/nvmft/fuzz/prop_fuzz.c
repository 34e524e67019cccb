// SPDX-License-Identifier: GPL-2.0
/*
 * Writes of CC, one after the other, at a controller whose CSTS follows them or
 * lags behind; CAP and CRTO by their bits.
 */
#include "fuzz.h"
#include "proto/prop.h"

static u32 bits(u64 val, int hi, int lo)
{
	return val >> lo & ((1ULL << (hi - lo + 1)) - 1);
}

static u16 judge(u32 old, u32 val, u32 csts, bool disc, u32 *act)
{
	bool en = val & 1, was = old & 1;
	u32 css = bits(val, 6, 4), shn = bits(val, 15, 14), es = bits(val, 23, 16);

	if (css != 0 && css != 6 && css != 7)
		return 0x4002;
	if (bits(val, 13, 7) || shn == 3)
		return 0x4002;
	if (!disc && es != 0x46 && (en || es))
		return 0x4002;
	if (en && was && css != bits(old, 6, 4))
		return 0x4002;
	if (en && !was && (csts & 1 || bits(csts, 3, 2) == 1))
		return 0x400c;
	*act = (en && !was ? 1 : 0) | (was && !en ? 2 : 0) | (shn && !bits(old, 15, 14) ? 4 : 0);
	return 0;
}

static void check_cap(u16 size)
{
	u64 cap = nvmft_prop_cap(size);

	MUST_EQ(bits(cap, 15, 0), (u16)(size - 1));
	MUST_EQ(bits(cap, 16, 16), 1);
	MUST_EQ(bits(cap, 23, 17), 0);
	MUST_EQ(bits(cap, 31, 24), nvmft_prop_crto() & 0xff);
	MUST_EQ(bits(cap, 36, 32), 0);
	MUST_EQ(bits(cap, 44, 37), 0x41);
	MUST_EQ(bits(cap, 58, 45), 0);
	MUST_EQ(bits(cap, 60, 59), 1);
	MUST_EQ(bits(cap, 63, 61), 0);
	MUST_EQ(nvmft_prop_crto() >> 16, 0);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_in in = { data, size };
	bool disc = fuzz_u8(&in) & 1;
	u32 cc = fuzz_u32(&in), csts = 0, i;

	check_cap(fuzz_u16(&in));
	for (i = 0; in.left && i < 32; i++) {
		u8 how = fuzz_u8(&in);
		/* Near what hosts write, or anything */
		u32 val = how & 1 ? fuzz_u32(&in) :
			  (0x460000 | fuzz_u16(&in)) & (how & 2 ? 0x46c071 : ~0U);
		u32 act = 0xabad, want = 0xabad;
		u16 status = judge(cc, val, csts, disc, &want);

		MUST_EQ(nvmft_prop_set_cc(cc, val, csts, disc, &act), status);
		MUST_EQ(act, want);
		if (status)
			continue;
		cc = val;
		if (act & NVMFT_CC_ACT_ENABLE)
			csts = 1;
		if (act & NVMFT_CC_ACT_SHUTDOWN)
			csts = (csts & ~0xcU) | (how & 4 ? 4 : 8);
		if (act & NVMFT_CC_ACT_DISABLE && how & 8)
			csts = 0;
	}
	return 0;
}
