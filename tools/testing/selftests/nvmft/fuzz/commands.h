/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands and features that there are, a second time: by the numbers of the
 * specification, one row each, looked through from the top.
 */
#ifndef NVMFT_FUZZ_COMMANDS_H
#define NVMFT_FUZZ_COMMANDS_H

#include "fuzz.h"
#include "proto/feature.h"

#define ON(q)	(1 << NVMFT_Q_##q)
#define ON_CTRL	(ON(ADMIN) | ON(DISC))

/* Bytes that the data has, where one number says it */
#define BY_RULE	(-1)

static const struct command {
	u8 opcode, fctype;
	u8 queues;
	char dir;		/* '>': to the controller, '<': from it, '-' */
	int len;
	u8 op;
	bool ns, lba, writes, fused;
} commands[] = {
	{ 0x7f, 0x00, ON_CTRL | ON(IO), '-', 0, NVMFT_OP_PROP_SET, .ns = false },
	{ 0x7f, 0x01, ON_CTRL | ON(IO) | ON(NEW), '>', 1024, NVMFT_OP_CONNECT, .ns = false },
	{ 0x7f, 0x04, ON_CTRL | ON(IO), '-', 0, NVMFT_OP_PROP_GET, .ns = false },
	{ 0x7f, 0x08, ON_CTRL | ON(IO), '-', 0, NVMFT_OP_DISCONNECT, .ns = false },
	{ 0x02, 0, ON_CTRL, '<', BY_RULE, NVMFT_OP_GET_LOG, .ns = false },
	{ 0x06, 0, ON_CTRL, '<', 4096, NVMFT_OP_IDENTIFY, .ns = false },
	{ 0x08, 0, ON(ADMIN), '-', 0, NVMFT_OP_ABORT, .ns = false },
	{ 0x09, 0, ON_CTRL, '>', BY_RULE, NVMFT_OP_SET_FEATURES, .ns = false },
	{ 0x0a, 0, ON_CTRL, '<', BY_RULE, NVMFT_OP_GET_FEATURES, .ns = false },
	{ 0x0c, 0, ON_CTRL, '-', 0, NVMFT_OP_ASYNC_EVENT, .ns = false },
	{ 0x18, 0, ON_CTRL, '-', 0, NVMFT_OP_KEEP_ALIVE, .ns = false },
	{ 0x00, 0, ON(IO), '-', 0, NVMFT_OP_FLUSH, .ns = true },
	{ 0x01, 0, ON(IO), '>', BY_RULE, NVMFT_OP_WRITE, true, true, true, true },
	{ 0x02, 0, ON(IO), '<', BY_RULE, NVMFT_OP_READ, true, true, false, false },
	{ 0x05, 0, ON(IO), '>', BY_RULE, NVMFT_OP_COMPARE, true, true, false, true },
	{ 0x08, 0, ON(IO), '-', 0, NVMFT_OP_WRITE_ZEROES, true, true, true, false },
	{ 0x09, 0, ON(IO), '>', BY_RULE, NVMFT_OP_DSM, true, false, true, false },
	{ 0x0c, 0, ON(IO), '-', 0, NVMFT_OP_VERIFY, true, true, false, false },
	{ 0x19, 0, ON(IO), '>', BY_RULE, NVMFT_OP_COPY, true, false, true, false },
};

static inline const struct command *command_of(u8 qt, const u8 *sqe)
{
	const struct command *c = commands;

	for (; c < commands + ARRAY_SIZE(commands); c++)
		if (c->queues & (1 << qt) && c->opcode == sqe[0] &&
		    (sqe[0] != 0x7f || c->fctype == sqe[4]))
			return c;
	return NULL;
}

static const struct fid {
	u8 fid;
	u16 len;
	bool disc, changes, ns;
	u32 mask;
} fids[] = {
	{ 0x01, 0, false, true, false, 0xffffff07 },
	{ 0x02, 0, false, true, false, 0xff },
	{ 0x04, 0, false, true, false, 0x3fffff },
	{ 0x05, 0, false, false, true, 0xffff },
	{ 0x06, 0, false, false, false, 0x1 },
	{ 0x07, 0, false, true, false, 0xffffffff },
	{ 0x0a, 0, false, true, false, 0x1 },
	{ 0x0b, 0, true, true, false, 0xffffffff },
	{ 0x0e, 8, false, true, false, 0 },
	{ 0x0f, 0, true, true, false, 0xffffffff },
	{ 0x16, 512, false, true, false, 0 },
	{ 0x81, 16, false, false, false, 0x1 },
	{ 0x84, 0, false, true, true, 0x7 },
};

static inline const struct fid *fid_of_sqe(const u8 *sqe)
{
	const struct fid *f = fids;

	for (; f < fids + ARRAY_SIZE(fids); f++)
		if (f->fid == sqe[40])
			return f;
	return NULL;
}

/* Bytes of a Set (09h) or Get Features (0Ah) */
static inline u32 feature_bytes(const u8 *sqe)
{
	const struct fid *f = fid_of_sqe(sqe);

	if (!f || (sqe[0] == 0x0a && (sqe[41] & 7) == 3))
		return 0;
	if (f->fid == 0x81 && !(sqe[44] & 1))
		return 0;
	return f->len;
}

/* Bytes that a command moves, from the bytes of its SQE */
static inline u64 command_bytes(const struct command *c, const u8 *sqe, u8 shift)
{
	if (c->len != BY_RULE)
		return c->len;
	switch (c->op) {
	case NVMFT_OP_GET_LOG:
		return 4 * (1ULL + (get16(sqe + 42) | (u64)get16(sqe + 44) << 16));
	case NVMFT_OP_SET_FEATURES:
	case NVMFT_OP_GET_FEATURES:
		return feature_bytes(sqe);
	case NVMFT_OP_DSM:
		return 16 * (sqe[40] + 1ULL);
	case NVMFT_OP_COPY:
		return 32 * (sqe[48] + 1ULL);
	default:
		return (get16(sqe + 48) + 1ULL) << shift;
	}
}

#endif /* NVMFT_FUZZ_COMMANDS_H */
