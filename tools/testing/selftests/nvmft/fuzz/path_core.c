// SPDX-License-Identifier: GPL-2.0
/*
 * The core's half: commands judged in the order of core/req.c, and carried out on
 * a disk that is an array. Wherever a number of the host becomes an index it is
 * compared here once more, in 128 bits and from the bytes of the SQE.
 */
#include "path.h"
#include "proto/feature.h"
#include "proto/ident.h"
#include "proto/logpage.h"
#include "proto/prop.h"

#define DNR		0x4000
#define FIELD		(NVME_SC_INVALID_FIELD | DNR)
#define AERS		4

static u16 judge_connect(struct path_slot *s, u32 len)
{
	struct nvmft_connect_fault f = nvmft_sqe_check_connect(&s->sqe.c, 128);

	return f.sc ?: len == sizeof(struct nvmf_connect_data) ? 0 : FIELD;
}

static u16 judge_blocks(struct path_slot *s)
{
	u32 nlb = get16(s->sqe.b + 48) + 1U;
	u16 status;

	if (get32(s->sqe.b + 4) != 1)
		return NVME_SC_INVALID_NS | DNR;
	if (!(s->desc->flags & NVMFT_OPF_LBA))
		return 0;
	status = nvmft_sqe_check_lba(get64(s->sqe.b + 40), nlb, PATH_BLOCKS);
	if (status)
		return status;
	return s->desc->dir != NVMFT_DIR_NONE && nlb << PATH_SHIFT > PATH_MDTS ? FIELD : 0;
}

u16 path_judge(struct path *t, struct path_slot *s, u32 icd_len)
{
	const struct nvmft_opdesc *d = nvmft_sqe_lookup(t->qt, &s->sqe.c);
	u16 status, loc = 0;
	u32 len;
	u64 need;

	if (!d)
		return (t->qt == NVMFT_Q_NEW ? NVME_SC_CMD_SEQ_ERROR : NVME_SC_INVALID_OPCODE) | DNR;
	if (!(d->flags & NVMFT_OPF_FABRICS) && !(t->cc & 1))
		return NVME_SC_CMD_SEQ_ERROR | DNR;
	if (d->len_rule == NVMFT_LEN_FEATURE) {
		status = nvmft_feature_check(t->qt, &s->sqe.c, &loc);
		if (status)
			return status;
	}
	status = nvmft_sqe_check_sgl(d, &s->sqe.c, icd_len, &len);
	if (status)
		return status;
	s->desc = d;
	if (d->flags & NVMFT_OPF_NS)
		status = judge_blocks(s);
	else if (d->op == NVMFT_OP_CONNECT)
		status = judge_connect(s, len);
	if (!status) {
		need = nvmft_sqe_data_len(d, &s->sqe.c, PATH_SHIFT);
		if (d->dir == NVMFT_DIR_NONE)
			need = 0;
		if (!nvmft_sqe_len_fits(d, need, len))
			status = NVME_SC_SGL_INVALID_DATA | DNR;
		else if (len > max(PATH_MDTS, NVMFT_ICD_ADMIN) ||
			 (icd_len && (d->dir != NVMFT_DIR_H2C || icd_len != len)))
			status = FIELD;
	}
	if (status)
		s->desc = NULL;
	else
		s->len = len;
	return status;
}

/* The blocks of a command, as an offset: inside the disk, whatever was said before */
static u8 *blocks(struct path *t, u64 slba, u64 nlb)
{
	MUST((unsigned __int128)slba + nlb <= PATH_BLOCKS, "blocks %llu + %llu",
	     (unsigned long long)slba, (unsigned long long)nlb);
	return t->disk + (slba << PATH_SHIFT);
}

static u16 do_connect(struct path *t, struct path_slot *s, u64 *result)
{
	struct nvmft_connect_fault f;
	u16 qid = get16(s->sqe.b + 42);

	if (t->qt != NVMFT_Q_NEW)
		return NVME_SC_CMD_SEQ_ERROR | DNR;
	f = nvmft_sqe_check_connect_data((void *)s->buf, !qid);
	*result = nvmft_sqe_connect_dw0(&f);
	if (f.sc)
		return f.sc;
	t->qt = qid ? NVMFT_Q_IO : s->buf[256] == 'd' ? NVMFT_Q_DISC : NVMFT_Q_ADMIN;
	/* An I/O queue's controller is enabled. */
	t->cc = qid ? 0x460001 : 0;
	t->csts = qid ? 1 : 0;
	t->size = get16(s->sqe.b + 44) + 1;
	t->flow = !(s->sqe.b[46] & 4);
	*result = 1;
	return 0;
}

static u16 do_prop(struct path *t, struct path_slot *s, u64 *result)
{
	u32 off = get32(s->sqe.b + 44), act = 0, val = get32(s->sqe.b + 48);
	bool wide = s->sqe.b[40] & 1;
	u16 status;

	if (t->qt == NVMFT_Q_IO)
		return FIELD;
	if (s->desc->op == NVMFT_OP_PROP_GET) {
		*result = off == 0 && wide ? nvmft_prop_cap(128) :
			  off == 0x14 && !wide ? t->cc :
			  off == 0x1c && !wide ? t->csts :
			  off == 0x68 && !wide ? nvmft_prop_crto() : ~0ULL;
		return *result == ~0ULL ? FIELD : 0;
	}
	if (off != 0x14 || wide)
		return FIELD;
	status = nvmft_prop_set_cc(t->cc, val, t->csts, t->qt == NVMFT_Q_DISC, &act);
	if (status)
		return status;
	t->cc = val;
	if (act & NVMFT_CC_ACT_ENABLE)
		t->csts = 1;
	if (act & NVMFT_CC_ACT_SHUTDOWN)
		t->csts |= 8;
	if (act & NVMFT_CC_ACT_DISABLE)
		t->csts = 0;
	return 0;
}

static u16 do_identify(struct path_slot *s)
{
	struct nvmft_ident_ctrl_in c = {
		.subnqn = "nqn", .sn = "1", .mn = "m", .fr = "1", .cntrltype = NVME_CTRL_IO,
		.mdts = 0, .nn = 1,
	};
	struct nvmft_ident_ns_in n = { .nsze = PATH_BLOCKS, .lba_shift = PATH_SHIFT };

	switch (s->sqe.b[40]) {
	case 0:
		nvmft_ident_ns(s->buf, &n);
		return 0;
	case 1:
		nvmft_ident_ctrl(s->buf, &c);
		return 0;
	case 3:
		nvmft_ident_ns_descs(s->buf, &n);
		return 0;
	}
	return FIELD;
}

static u16 do_log(struct path *t, struct path_slot *s)
{
	u64 lpo = get64(s->sqe.b + 48);
	struct nvmft_cut cut;

	if (!nvmft_log_is_supported(t->qt, s->sqe.b[40]))
		return NVMFT_SC_INVALID_LOG_PAGE | DNR;
	nvmft_cut_init(&cut, s->buf, s->len, lpo);
	switch (s->sqe.b[40]) {
	case NVME_LOG_CMD_EFFECTS:
		nvmft_log_effects(&cut);
		break;
	case NVME_LOG_DISC:
		nvmft_log_disc_hdr(&cut, 1, 0);
		break;
	default:
		nvmft_log_supported(&cut, t->qt);
	}
	return nvmft_cut_beyond(&cut) ? FIELD : 0;
}

static u16 do_feature(struct path_slot *s)
{
	if (s->desc->op == NVMFT_OP_GET_FEATURES) {
		if (s->len)
			memset(s->buf, 0, s->len);
		return 0;
	}
	if (s->sqe.b[40] == NVME_FEAT_HOST_BEHAVIOR)
		return nvmft_feature_check_behavior(s->buf);
	return 0;
}

static u16 do_ranges(struct path *t, struct path_slot *s)
{
	bool copy = s->desc->op == NVMFT_OP_COPY;
	u32 n = copy ? nvmft_sqe_nr_copies(&s->sqe.c) : nvmft_sqe_nr_ranges(&s->sqe.c);
	u32 size = copy ? NVMFT_COPY_RANGE_LEN : sizeof(struct nvme_dsm_range), i, nlb;
	u64 slba, to = get64(s->sqe.b + 40);
	u8 piece[PATH_DISK];

	MUST((u64)n * size <= s->len, "%u ranges in %u bytes", n, s->len);
	for (i = 0; i < n; i++) {
		const u8 *r = s->buf + i * size;

		slba = get64(r + 8);
		nlb = copy ? get16(r + 16) + 1U : get32(r + 4);
		if (nvmft_sqe_check_lba(slba, nlb, PATH_BLOCKS) ||
		    (copy && nvmft_sqe_check_lba(to, nlb, PATH_BLOCKS)))
			return NVME_SC_LBA_RANGE | DNR;
		if (copy) {
			memcpy(piece, blocks(t, slba, nlb), nlb << PATH_SHIFT);
			memcpy(blocks(t, to, nlb), piece, nlb << PATH_SHIFT);
			to += nlb;
		} else {
			memset(blocks(t, slba, nlb), 0, nlb << PATH_SHIFT);
		}
	}
	return 0;
}

static u16 do_io(struct path *t, struct path_slot *s)
{
	u64 slba = get64(s->sqe.b + 40), nlb = get16(s->sqe.b + 48) + 1U;
	u8 *at = blocks(t, slba, nlb);

	if (s->desc->dir != NVMFT_DIR_NONE)
		MUST_EQ(s->len, nlb << PATH_SHIFT);
	switch (s->desc->op) {
	case NVMFT_OP_WRITE:
		memcpy(at, s->buf, s->len);
		break;
	case NVMFT_OP_READ:
		memcpy(s->buf, at, s->len);
		break;
	case NVMFT_OP_COMPARE:
		return memcmp(at, s->buf, s->len) ? NVME_SC_COMPARE_FAILED | DNR : 0;
	case NVMFT_OP_WRITE_ZEROES:
		memset(at, 0, nlb << PATH_SHIFT);
		break;
	}
	return 0;
}

u16 path_execute(struct path *t, struct path_slot *s, u64 *result)
{
	switch (s->desc->op) {
	case NVMFT_OP_CONNECT:
		return do_connect(t, s, result);
	case NVMFT_OP_PROP_GET:
	case NVMFT_OP_PROP_SET:
		return do_prop(t, s, result);
	case NVMFT_OP_DISCONNECT:
		if (t->qt == NVMFT_Q_IO)
			t->ending = true;
		return t->qt == NVMFT_Q_IO ? 0 : NVMFT_SC_CONNECT_INVALID_QTYPE | DNR;
	case NVMFT_OP_IDENTIFY:
		return do_identify(s);
	case NVMFT_OP_GET_LOG:
		return do_log(t, s);
	case NVMFT_OP_SET_FEATURES:
	case NVMFT_OP_GET_FEATURES:
		return do_feature(s);
	case NVMFT_OP_ABORT:
		*result = 1;
		return 0;
	case NVMFT_OP_ASYNC_EVENT:
		return t->aers++ < AERS ? 0 : NVME_SC_ASYNC_LIMIT | DNR;
	case NVMFT_OP_KEEP_ALIVE:
	case NVMFT_OP_FLUSH:
		return 0;
	case NVMFT_OP_DSM:
	case NVMFT_OP_COPY:
		return do_ranges(t, s);
	default:
		return do_io(t, s);
	}
}
