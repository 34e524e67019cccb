// SPDX-License-Identifier: GPL-2.0
/*
 * Identify pages, read by the byte offsets of the specification, and what is told
 * of a device's sizes: whatever a device says, a host can do what it reads.
 */
#include "fuzz.h"
#include "proto/ident.h"
#include "proto/limits.h"

static u8 *new_page(void)
{
	u8 *page = malloc(NVMFT_IDENT_LEN);

	memset(page, 0xa5, NVMFT_IDENT_LEN);
	return page;
}

/* Fields that were looked at turn zero; in the end all has to be. */
static u64 take(u8 *page, u32 at, u32 size)
{
	u64 val = 0;
	u32 i;

	for (i = 0; i < size; i++)
		val |= (u64)page[at + i] << 8 * i;
	memset(page + at, 0, size);
	return val;
}

static void take_text(u8 *page, u32 at, u32 size, const char *text, u8 fill)
{
	size_t n = strnlen(text, size);
	u32 i;

	for (i = 0; i < size; i++)
		MUST_EQ(page[at + i], i < n ? (u8)text[i] : fill);
	memset(page + at, 0, size);
}

static void end_page(u8 *page)
{
	u32 i;

	for (i = 0; !zeroes(page, NVMFT_IDENT_LEN) && i < NVMFT_IDENT_LEN; i++)
		MUST(!page[i], "byte %u is %#x", i, page[i]);
	free(page);
}

static void check_ctrl_io(u8 *page, const struct nvmft_ident_ctrl_in *c)
{
	MUST_EQ(take(page, 0, 2), c->vid);
	MUST_EQ(take(page, 2, 2), c->ssvid);
	take_text(page, 4, 20, c->sn, ' ');
	take_text(page, 24, 40, c->mn, ' ');
	MUST_EQ(take(page, 72, 1), 6);
	MUST_EQ(take(page, 73, 3), c->oui & 0xffffff);
	MUST_EQ(take(page, 76, 1), 0x0b);
	MUST_EQ(take(page, 258, 1), 3);
	MUST_EQ(take(page, 260, 1), 3);
	MUST_EQ(take(page, 262, 1), 63);
	MUST_EQ(take(page, 342, 2), 10 | 0x1f << 8);
	MUST_EQ(take(page, 344, 4), 128);
	MUST_EQ(take(page, 348, 4), 128);
	MUST_EQ(take(page, 512, 2), 0x4466);
	MUST_EQ(take(page, 516, 4), c->nn);
	MUST_EQ(take(page, 520, 2), c->oncs);
	MUST_EQ(take(page, 522, 2), c->fuses);
	MUST_EQ(take(page, 525, 1), (c->flush_all ? 6 : 4) + c->vwc);
	MUST_EQ(take(page, 531, 1), 1);
	MUST_EQ(take(page, 534, 2), c->ocfs);
	MUST_EQ(take(page, 540, 4), c->nn);
	MUST_EQ(take(page, 1792, 4), (64 + c->icd_size) / 16);
	MUST_EQ(take(page, 1796, 4), 1);
	MUST_EQ(take(page, 1803, 1), 1);
	MUST_EQ(take(page, 1804, 2), 1);
}

static void check_ctrl(struct fuzz_in *in)
{
	static char nqn[256], sn[32], mn[64], fr[16];
	struct nvmft_ident_ctrl_in c = {
		.subnqn = nqn, .sn = sn, .mn = mn, .fr = fr,
		.cntrltype = fuzz_u8(in) & 1 ? NVME_CTRL_IO : NVME_CTRL_DISC,
		.vid = fuzz_u16(in), .ssvid = fuzz_u16(in), .cntlid = fuzz_u16(in),
		.oui = fuzz_u32(in), .mdts = fuzz_u8(in), .ver = fuzz_u32(in),
		.oaes = fuzz_u32(in), .maxcmd = fuzz_u16(in), .nn = fuzz_u32(in),
		.icd_size = fuzz_u16(in) * 16U, .vwc = fuzz_u8(in) & 1,
		.flush_all = fuzz_u8(in) & 1, .oncs = fuzz_u16(in), .fuses = fuzz_u16(in),
		.ocfs = fuzz_u16(in),
	};
	bool io = c.cntrltype == NVME_CTRL_IO;
	u8 *page = new_page();

	fuzz_bytes(in, nqn, sizeof(nqn) - 1);
	fuzz_bytes(in, sn, sizeof(sn) - 1);
	fuzz_bytes(in, mn, sizeof(mn) - 1);
	fuzz_bytes(in, fr, sizeof(fr) - 1);
	nqn[NVMF_NQN_SIZE] = 0;
	nvmft_ident_ctrl(page, &c);
	take_text(page, 64, 8, fr, ' ');
	MUST_EQ(take(page, 77, 1), c.mdts);
	MUST_EQ(take(page, 78, 2), c.cntlid);
	MUST_EQ(take(page, 80, 4), c.ver);
	MUST_EQ(take(page, 92, 4), c.oaes);
	MUST_EQ(take(page, 96, 4), 0x41);
	MUST_EQ(take(page, 111, 1), c.cntrltype);
	MUST_EQ(take(page, 259, 1), 3);
	MUST_EQ(take(page, 261, 1), io ? 4 | 2 | 1U << 5 : 4);
	MUST_EQ(take(page, 320, 2), 10);
	MUST_EQ(take(page, 514, 2), c.maxcmd);
	MUST_EQ(take(page, 536, 4), 1 | 1 << 20 | 1 << 21);
	take_text(page, 768, 256, nqn, 0);
	if (io)
		check_ctrl_io(page, &c);
	else
		MUST_EQ(take(page, 1806, 1), 1);
	end_page(page);
}

/* A 0's based 16-bit field for a number that may not fit, or be 0 */
static u32 field(u32 n)
{
	return n > 65536 ? 65535 : n ? n - 1 : 0;
}

static void check_ns(const struct nvmft_ident_ns_in *in)
{
	unsigned __int128 bytes = (unsigned __int128)in->nsze << in->lba_shift;
	u8 *page = new_page(), feat = 0;

	nvmft_ident_ns(page, in);
	MUST_EQ(take(page, 0, 8), in->nsze);
	MUST_EQ(take(page, 8, 8), in->nsze);
	MUST_EQ(take(page, 16, 8), in->lost ? 0 : in->nsze);
	MUST_EQ(take(page, 30, 1), 1);
	MUST_EQ(take(page, 33, 1), in->dlfeat);
	if (in->atomic || in->nacwu) {
		feat |= 2;
		MUST_EQ(take(page, 34, 2), field(in->atomic));
		MUST_EQ(take(page, 36, 2), field(in->atomic));
		MUST_EQ(take(page, 38, 2), field(in->nacwu));
		MUST_EQ(take(page, 40, 2), field(in->atomic));
		MUST_EQ(take(page, 44, 2), field(in->atomic));
	}
	MUST_EQ(take(page, 48, 8), (u64)bytes);
	MUST_EQ(take(page, 56, 8), (u64)(bytes >> 64));
	if (in->npwg) {
		feat |= 16;
		MUST_EQ(take(page, 64, 2), field(in->npwg));
		MUST_EQ(take(page, 66, 2), field(in->npwa));
		MUST_EQ(take(page, 68, 2), field(in->npdg));
		MUST_EQ(take(page, 70, 2), field(in->npda));
		MUST_EQ(take(page, 72, 2), field(in->nows ? in->nows : in->npwg));
	}
	if (in->mssrl) {
		MUST_EQ(take(page, 74, 2), in->mssrl);
		MUST_EQ(take(page, 76, 4), in->mcl);
		MUST_EQ(take(page, 80, 1), in->msrc);
	}
	MUST_EQ(take(page, 24, 1), feat);
	MUST_EQ(take(page, 92, 4), in->anagrpid);
	MUST_EQ(take(page, 99, 1), in->readonly);
	MUST(!memcmp(page + 104, in->nguid, 16) && !memcmp(page + 120, in->eui64, 8), "names");
	memset(page + 104, 0, 24);
	MUST_EQ(take(page, 130, 1), in->lba_shift);
	end_page(page);
}

/* Descriptors one behind the other: each name that is set, once, and the CSI */
static void check_descs(const struct nvmft_ident_ns_in *in)
{
	const struct { u8 type, len; const u8 *id; } names[] = {
		{ 1, 8, in->eui64 }, { 2, 16, in->nguid }, { 3, 16, in->uuid },
	};
	u8 *page = new_page(), seen = 0, *b = page;
	u32 i;

	nvmft_ident_ns_descs(page, in);
	for (; b[1]; b += 4 + b[1]) {
		MUST(b[0] >= 1 && b[0] <= 4 && !(seen & 1 << b[0]), "NIDT %u", b[0]);
		MUST(!b[2] && !b[3], "reserved bytes");
		seen |= 1 << b[0];
		if (b[0] == 4) {
			MUST(b[1] == 1 && !b[4], "CSI");
			continue;
		}
		MUST_EQ(b[1], names[b[0] - 1].len);
		MUST(!memcmp(b + 4, names[b[0] - 1].id, b[1]), "NIDT %u", b[0]);
	}
	MUST(zeroes(b, page + NVMFT_IDENT_LEN - b), "behind the last descriptor");
	MUST(seen & 16, "no CSI");
	for (i = 0; i < 3; i++)
		MUST_EQ(!!(seen & 2 << i), !zeroes(names[i].id, names[i].len));
	free(page);
}

/* Every size that is told is one that a host can use. */
static void check_sizes(struct fuzz_in *in, struct nvmft_ident_ns_in *ns)
{
	struct nvmft_ident_sizes s = {
		.phys = 1U << fuzz_u8(in) % 32, .io_min = fuzz_u32(in), .io_opt = fuzz_u32(in),
		.discard = fuzz_u32(in), .atomic = fuzz_u8(in) & 1 ? 1U << fuzz_u8(in) % 32 : 0,
		.mdts = 4096U << fuzz_u8(in) % 12,
	};
	const u32 *told[] = { &ns->npwg, &ns->npwa, &ns->nows, &ns->atomic };
	u8 shift = ns->lba_shift;
	u32 i;

	nvmft_ident_ns_sizes(ns, &s);
	for (i = 0; i < ARRAY_SIZE(told); i++)
		MUST(*told[i] <= 65536 && (u64)*told[i] << shift <= s.mdts, "size %u: %u blocks", i,
		     *told[i]);
	MUST_EQ(!ns->npwg, !ns->npwa);
	MUST(!ns->npwa || (ns->npwg % ns->npwa == 0 && ns->npwg >= ns->npwa), "%u, %u", ns->npwg,
	     ns->npwa);
	MUST(!ns->npwg || (ns->nows % ns->npwg == 0 && ns->nows >= ns->npwg), "%u, %u", ns->nows,
	     ns->npwg);
	MUST(!ns->npwa || (u64)ns->npwa << shift == s.phys, "alignment %u", ns->npwa);
	MUST(!ns->atomic || (u64)ns->atomic << shift == s.atomic, "atomic %u", ns->atomic);
	MUST(!ns->npdg || (u64)ns->npdg << shift == s.discard, "deallocate %u", ns->npdg);
	MUST_EQ(ns->npda, ns->npdg);
	/* A preference that a host can use is passed on. */
	if (ns->npwa && s.io_min >= s.phys && s.io_min % s.phys == 0 && s.io_min <= s.mdts &&
	    (s.io_min >> shift) <= 65536)
		MUST_EQ((u64)ns->npwg << shift, s.io_min);
}

static void check_others(const struct nvmft_ident_ns_in *in, u16 oncs)
{
	u8 *page = new_page();

	nvmft_ident_ns_nvm(page, in);
	end_page(page);

	page = new_page();
	nvmft_ident_ctrl_nvm(page, oncs);
	MUST_EQ(take(page, 0, 1), oncs & NVMFT_ONCS_VERIFY ? NVMFT_VSL : 0);
	MUST_EQ(take(page, 1, 1), oncs & NVMFT_ONCS_WRITE_ZEROES ? NVMFT_WZSL : 0);
	MUST_EQ(take(page, 3, 1), oncs & NVMFT_ONCS_DSM ? NVMFT_DMRL : 0);
	MUST_EQ(take(page, 4, 4), oncs & NVMFT_ONCS_DSM ? NVMFT_DMRSL : 0);
	MUST_EQ(take(page, 8, 8), oncs & NVMFT_ONCS_DSM ? NVMFT_DMSL : 0);
	end_page(page);

	page = new_page();
	nvmft_ident_ns_indep(page, in);
	MUST_EQ(take(page, 1, 1), 1);
	MUST_EQ(take(page, 4, 4), in->anagrpid);
	MUST_EQ(take(page, 8, 1), in->readonly);
	MUST_EQ(take(page, 14, 1), 1);
	end_page(page);

	page = new_page();
	nvmft_ident_iocs(page);
	MUST_EQ(take(page, 0, 8), 1);
	end_page(page);
	/* What CNS 06h says in units of 4 KiB is what commands are held to. */
	MUST_EQ((u64)nvmft_vsl_blocks(in->lba_shift) << in->lba_shift, 4096ULL << NVMFT_VSL);
	MUST_EQ((u64)nvmft_wzsl_blocks(in->lba_shift) << in->lba_shift, 4096ULL << NVMFT_WZSL);
	MUST_EQ((u64)nvmft_caw_blocks(in->lba_shift) << in->lba_shift, 65536);
	/* Compare, Dataset Management, Write Zeroes, Save, Timestamp, Verify, Copy */
	MUST_EQ(nvmft_ident_oncs(), 0x1dd);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_in in = { data, size };
	u8 what = fuzz_u8(&in);
	struct nvmft_ident_ns_in ns = {
		.lba_shift = 9 + fuzz_u8(&in) % 8, .nsze = fuzz_u64(&in),
		.anagrpid = fuzz_u32(&in), .lost = what & 2, .readonly = what & 4,
		.npwg = fuzz_u32(&in), .npwa = fuzz_u32(&in), .npdg = fuzz_u32(&in),
		.npda = fuzz_u32(&in), .nows = fuzz_u32(&in), .atomic = fuzz_u32(&in),
		.nacwu = fuzz_u32(&in), .mssrl = fuzz_u16(&in), .mcl = fuzz_u32(&in),
		.msrc = fuzz_u8(&in), .dlfeat = fuzz_u8(&in),
	};

	if (what & 1) {
		check_ctrl(&in);
		return 0;
	}
	fuzz_bytes(&in, ns.nguid, 16);
	fuzz_bytes(&in, ns.eui64, 8);
	fuzz_bytes(&in, ns.uuid, 16);
	check_ns(&ns);
	check_descs(&ns);
	check_others(&ns, fuzz_u16(&in));
	check_sizes(&in, &ns);
	check_ns(&ns);
	return 0;
}
