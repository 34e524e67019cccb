// SPDX-License-Identifier: GPL-2.0
/* What a command is, its SGL, its lengths and blocks, against commands.h. */
#include "commands.h"

#define DNR	0x4000

/* PSDT, FUSE, SGL: the first rule that is broken */
static u16 judge_sgl(const struct command *c, const u8 *b, u32 icd, u64 bytes, u32 *len)
{
	u8 type = b[39];
	bool data = c->op == NVMFT_OP_SET_FEATURES || c->op == NVMFT_OP_GET_FEATURES ?
		    bytes : c->dir != '-';

	*len = 0;
	if (b[0] != 0x7f && (b[1] >> 6 != 1 || (!c->fused && b[1] & 3)))
		return DNR | 0x02;
	if (!data)
		return icd ? DNR | 0x02 : 0;
	if (type != 0x5a && type != 0x01)
		return DNR | 0x11;
	if ((type == 0x5a && icd) || (type == 0x01 && c->dir == '<'))
		return DNR | 0x02;
	if (type == 0x01 && get64(b + 24))
		return DNR | 0x16;
	if (type == 0x01 && get32(b + 32) != icd)
		return DNR | 0x0f;
	*len = get32(b + 32);
	return 0;
}

static void check_command(const struct nvmft_opdesc *d, const struct command *c,
			  const struct nvme_command *sqe, u32 icd, u8 shift)
{
	const u8 *b = (const u8 *)sqe;
	u64 bytes = command_bytes(c, b, shift);
	u32 len = 0xabad1dea, want;
	u16 status = judge_sgl(c, b, icd, bytes, &want);

	MUST_EQ(nvmft_sqe_check_sgl(d, sqe, icd, &len), status);
	MUST_EQ(len, want);
	/* What came in the capsule is all that the SGL may describe. */
	if (!status && len && b[39] == 0x01)
		MUST_EQ(len, icd);
	MUST_EQ(nvmft_sqe_data_len(d, sqe, shift), bytes);
	if (c->op == NVMFT_OP_DSM)
		MUST_EQ(nvmft_sqe_len_fits(d, bytes, len),
			len >= bytes && len <= 4096 && !(len & 15));
	else
		MUST_EQ(nvmft_sqe_len_fits(d, bytes, len), bytes == len);
}

static void check_row(const struct nvmft_opdesc *d, const struct command *c)
{
	MUST(!d == !c, "command %s", c ? "missing" : "unknown");
	if (!d)
		return;
	MUST_EQ(d->op, c->op);
	MUST_EQ(d->dir, c->dir == '>' ? NVMFT_DIR_H2C :
			c->dir == '<' ? NVMFT_DIR_C2H : NVMFT_DIR_NONE);
	MUST_EQ(!!(d->flags & NVMFT_OPF_NS), c->ns);
	MUST_EQ(!!(d->flags & NVMFT_OPF_LBA), c->lba);
	MUST_EQ(!!(d->flags & NVMFT_OPF_WRITES), c->writes);
	MUST_EQ(!!(d->flags & NVMFT_OPF_FUSED), c->fused);
	MUST_EQ(!!(d->flags & NVMFT_OPF_FABRICS), c->opcode == 0x7f);
}

/* Bits 0 supported, 1 changes blocks, 20 and 21 scope: of each opcode but 7Fh */
static void check_effects(u8 qt, const struct command *c, u8 opcode)
{
	u32 want = 0;

	if (opcode == 0x7f)
		return;
	if (c)
		want = 1 | (c->writes ? 2 : 0) | (c->ns ? 1 << 20 : 1 << 21) |
		       (c->op == NVMFT_OP_SET_FEATURES ? 4 : 0);
	MUST_EQ(nvmft_sqe_effects(qt, opcode), want);
}

static void check_blocks(struct fuzz_in *in)
{
	u64 slba = fuzz_u64(in), nsze = fuzz_u64(in);
	u32 nlb = fuzz_u16(in) + 1U;
	bool inside = (unsigned __int128)slba + nlb <= nsze;

	MUST_EQ(nvmft_sqe_check_lba(slba, nlb, nsze), inside ? 0 : DNR | 0x80);
}

static void check_loc(const struct nvmft_opdesc *d, const struct command *c, u16 status)
{
	static const struct { u16 status, loc; } where[] = {
		{ 0x01, 0 }, { 0x03, 2 }, { 0x0b, 4 }, { 0x0f, 24 }, { 0x16, 24 }, { 0x11, 39 },
		{ 0x109, 40 },
	};
	u16 want = 0xffff;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(where); i++)
		if (where[i].status == (status & ~DNR))
			want = where[i].loc;
	/* Those without SLBA have their blocks in their data. */
	if ((status & ~DNR) == 0x80 && c && c->lba)
		want = 40;
	MUST_EQ(nvmft_sqe_loc(d, status), want);
}

static void check_connect(const u8 *b, const struct nvme_command *sqe, u16 max)
{
	struct nvmft_connect_fault f = nvmft_sqe_check_connect(sqe, max);
	u32 size = get16(b + 44) + 1U, most = get16(b + 42) ? max : 4096;

	if (get16(b + 40)) {
		MUST_EQ(f.sc, DNR | 0x180);
		MUST_EQ(nvmft_sqe_connect_dw0(&f), 0);
	} else if (size < 2 || size > most) {
		MUST_EQ(f.sc, DNR | 0x182);
		MUST_EQ(nvmft_sqe_connect_dw0(&f), 44);
	} else {
		MUST_EQ(f.sc, 0);
		MUST_EQ(nvmft_sqe_connect_dw0(&f), 0);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_in in = { data, size };
	u8 qt = fuzz_u8(&in) % NVMFT_Q_NR, shift = 9 + fuzz_u8(&in) % 8;
	u8 how = fuzz_u8(&in);
	struct nvme_command *sqe = fuzz_copy(&in, sizeof(*sqe));
	const u8 *b = (const u8 *)sqe;
	const struct nvmft_opdesc *d = nvmft_sqe_lookup(qt, sqe);
	const struct command *c = command_of(qt, b);
	/* In a capsule mostly comes what the SGL says. */
	u32 icd = how & 1 ? fuzz_u16(&in) : how & 2 ? get32(b + 32) : 0;

	check_row(d, c);
	if (d)
		check_command(d, c, sqe, icd, shift);
	check_effects(qt, c, b[0]);
	check_loc(d, c, fuzz_u16(&in));
	check_blocks(&in);
	check_connect(b, sqe, fuzz_u16(&in));
	MUST_EQ(nvmft_sqe_nr_ranges(sqe), b[40] + 1);
	MUST_EQ(nvmft_sqe_nr_copies(sqe), b[48] + 1);
	MUST_EQ(nvmft_sqe_copy_format(sqe), b[49] & 15);
	free(sqe);
	return 0;
}
