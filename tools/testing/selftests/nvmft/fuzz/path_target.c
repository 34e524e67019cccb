// SPDX-License-Identifier: GPL-2.0
/*
 * The transport's half of the target: the order of calls is that of tcp/rx.c and
 * tcp/req.c. What they leave for later is done at once, so that nothing depends
 * on where the stream is cut.
 *
 * A digest in the stream is xored with the right one: zeroes are right. So a
 * mutated PDU gets as far as one whose digest a host has computed.
 */
#include "path.h"
#include "proto/fuse.h"

static u32 slot_no(const struct path *t, const struct path_slot *s)
{
	return s - t->slots;
}

static void fail(struct path *t, struct nvmft_verdict v)
{
	nvmft_rx_fail(&t->rx, v);
}

static void slot_free(struct path_slot *s)
{
	free(s->buf);
	free(s->from);
	*s = (struct path_slot){ .used = false };
}

static void respond(struct path *t, struct path_slot *s, u16 status, u64 result)
{
	struct nvme_completion cqe = {
		.result.u64 = cpu_to_le64(result),
		.command_id = s->sqe.c.common.command_id,
		.status = cpu_to_le16(status << 1),
	};
	struct nvme_tcp_data_pdu data;
	struct nvme_tcp_rsp_pdu rsp;
	bool success = false;
	u32 hlen, pad;

	if (t->flow) {
		t->sqhd = (t->sqhd + 1) % t->size;
		cqe.sq_head = cpu_to_le16(t->sqhd);
	}
	if (!status && s->desc && s->desc->dir == NVMFT_DIR_C2H && s->len) {
		success = nvmft_pdu_may_succeed(&cqe, t->flow);
		hlen = nvmft_pdu_build_c2h(&data, &t->rx.p, cqe.command_id, 0, s->len, success,
					   &pad);
		path_send(t, (u8 *)&data, hlen, pad, s->buf, s->len);
	}
	if (!success) {
		hlen = nvmft_pdu_build_rsp(&rsp, &t->rx.p, &cqe);
		path_send(t, (u8 *)&rsp, hlen, 0, NULL, 0);
	}
	if (status && t->qt == NVMFT_Q_NEW)
		t->ending = true;
	slot_free(s);
}

static void get_pages(struct path_slot *s)
{
	MUST(s->len && s->len <= max(PATH_MDTS, NVMFT_ICD_ADMIN), "%u bytes of pages", s->len);
	s->buf = malloc(s->len);
	s->from = calloc(s->len, sizeof(*s->from));
	memset(s->buf, 0xa5, s->len);
}

/* A half loses its partner, or is not to have one. */
static void fused_fail(struct path *t, struct path_slot *s, u16 status)
{
	if (s->mate)
		s->mate->mate = NULL;
	s->mate = NULL;
	if (s->held)
		respond(t, s, status | 0x4000, 0);
	else
		s->doom = status | 0x4000;
}

static void fused_gone(struct path *t, struct path_slot *s)
{
	if (t->first == s) {
		t->first = NULL;
		t->fuse = NVMFT_FUSE_LOST;
	}
	if (s->mate)
		fused_fail(t, s->mate, NVME_SC_FUSED_FAIL);
}

static void execute(struct path *t, struct path_slot *s)
{
	u64 result = 0;
	u16 status = path_execute(t, s, &result);

	/* An Async Event Request stays. */
	if (s->desc->op != NVMFT_OP_ASYNC_EVENT || status)
		respond(t, s, status, result);
}

static void execute_pair(struct path *t, struct path_slot *a, struct path_slot *b)
{
	struct path_slot *first = (a->sqe.b[1] & 3) == NVMFT_FUSE_FIRST ? a : b;
	struct path_slot *second = first == a ? b : a;
	u64 result = 0;
	u16 status;

	MUST((second->sqe.b[1] & 3) == NVMFT_FUSE_SECOND, "a pair of two first halves");
	MUST(!memcmp(first->sqe.b + 40, second->sqe.b + 40, 8) && first->len == second->len,
	     "a pair on different blocks");
	first->mate = NULL;
	second->mate = NULL;
	status = path_execute(t, first, &result);
	respond(t, first, status, 0);
	respond(t, second, status ? NVME_SC_FUSED_FAIL | 0x4000 :
		path_execute(t, second, &result), 0);
}

static void data_done(struct path *t, struct path_slot *s)
{
	u16 status = s->doom ?: s->fail;

	s->window = false;
	if (!status && s->buf && s->desc->dir == NVMFT_DIR_H2C) {
		MUST_EQ(s->filled, s->len);
		path_saw_content(t, s);
	}
	if (!(s->sqe.b[1] & 3) || !(s->desc->flags & NVMFT_OPF_FUSED)) {
		if (status)
			respond(t, s, status, 0);
		else
			execute(t, s);
	} else if (status) {
		fused_gone(t, s);
		respond(t, s, status, 0);
	} else if (s->mate && s->mate->held) {
		execute_pair(t, s, s->mate);
	} else {
		s->held = true;
	}
}

static void ask(struct path *t, struct path_slot *s)
{
	struct nvme_tcp_r2t_pdu r2t;
	u32 off, len;

	if (!nvmft_xfer_r2t_next(&s->xfer, PATH_R2T_MAX, &off, &len))
		return;
	nvmft_pdu_build_r2t(&r2t, &t->rx.p, s->xfer.cccid, s->xfer.ttag, off, len);
	path_send(t, (u8 *)&r2t, NVMFT_HLEN_R2T, 0, NULL, 0);
	s->window = true;
}

static void window_step(struct path *t, struct path_slot *s)
{
	if (nvmft_xfer_open(&s->xfer))
		return;
	if (s->fail || nvmft_xfer_complete(&s->xfer))
		data_done(t, s);
	else
		ask(t, s);
}

static u16 judge_fused(struct path *t, struct path_slot *s, u32 icd_len)
{
	struct nvmft_fuse_step step = nvmft_fuse_next(t->fuse, s->sqe.b[1] & 3);
	struct path_slot *first = t->first;
	u16 status;

	t->fuse = step.held;
	t->first = NULL;
	if (step.drop)
		fused_fail(t, first, NVME_SC_FUSED_MISSING);
	if (step.self == NVMFT_FUSE_FAIL)
		return step.sc;
	status = path_judge(t, s, icd_len);
	if (step.self == NVMFT_FUSE_HOLD) {
		if (!status && s->desc->op != NVMFT_OP_COMPARE)
			status = NVME_SC_INVALID_FIELD | 0x4000;
		if (status)
			t->fuse = NVMFT_FUSE_LOST;
		else
			t->first = s;
	} else if (step.self == NVMFT_FUSE_PAIR) {
		MUST(first, "no first half");
		if (!status && (s->desc->op != NVMFT_OP_WRITE ||
				memcmp(s->sqe.b + 40, first->sqe.b + 40, 10) ||
				memcmp(s->sqe.b + 4, first->sqe.b + 4, 4)))
			status = NVME_SC_INVALID_FIELD | 0x4000;
		if (status) {
			fused_fail(t, first, NVME_SC_FUSED_FAIL);
			return status;
		}
		s->mate = first;
		first->mate = s;
	}
	return status;
}

/* HOLD -> the rest of the PDU is dropped. */
static void skip(struct path *t, struct path_slot *s);

static void skipped(struct path *t)
{
	struct path_slot *s = t->rx_slot;
	u32 len = nvmft_pdu_data_len(&t->rx.pdu.ch, &t->rx.p);

	t->rx_slot = NULL;
	if (!s)
		return;
	path_saw_data(t, slot_no(t, s), s->xfer.got, len);
	nvmft_xfer_h2c_commit(&s->xfer, len);
	window_step(t, s);
}

static void skip(struct path *t, struct path_slot *s)
{
	t->rx_slot = s;
	if (nvmft_rx_skip(&t->rx) == NVMFT_RX_EV_SKIPPED)
		skipped(t);
}

static void take(struct path *t, struct path_slot *s)
{
	t->rx_slot = s;
	t->crc = ~0U;
	nvmft_rx_data(&t->rx);
}

static void command(struct path *t)
{
	u32 icd_len = nvmft_pdu_data_len(&t->rx.pdu.ch, &t->rx.p), i;
	struct path_slot *s = t->slots;
	u16 status;

	MUST(icd_len <= t->rx.p.icd_max, "%u bytes in the capsule", icd_len);
	while (s < t->slots + PATH_SLOTS && s->used)
		s++;
	if (s == t->slots + PATH_SLOTS) {
		fail(t, nvmft_v_term(NVME_TCP_FES_PDU_SEQ_ERR, 0));
		return;
	}
	s->used = true;
	s->sqe.c = t->rx.pdu.cmd.cmd;
	for (i = 0; i < PATH_SLOTS; i++)
		if (t->seen[i].used && t->seen[i].cid == get16(s->sqe.b + 2))
			break;
	/* The witness could not tell the two apart; cid bitmaps are the core's. */
	if (i < PATH_SLOTS) {
		slot_free(s);
		skip(t, NULL);
		return;
	}
	path_saw_command(t, slot_no(t, s), s->sqe.b);

	if ((s->sqe.b[1] & 3 && t->qt == NVMFT_Q_IO) || t->fuse)
		status = judge_fused(t, s, icd_len);
	else
		status = path_judge(t, s, icd_len);
	if (status) {
		respond(t, s, status, 0);
		skip(t, NULL);
	} else if (s->desc->dir == NVMFT_DIR_H2C && s->len) {
		get_pages(s);
		if (icd_len) {
			t->seen[slot_no(t, s)].asked = icd_len;
			take(t, s);
			return;
		}
		nvmft_rx_next(&t->rx);
		nvmft_xfer_start(&s->xfer, s->sqe.c.common.command_id,
				 t->tag++ << 12 | slot_no(t, s), s->len);
		ask(t, s);
	} else {
		MUST(!icd_len, "data for a command that has none");
		nvmft_rx_next(&t->rx);
		if (s->len)
			get_pages(s);
		data_done(t, s);
	}
}

static void h2c_data(struct path *t)
{
	const struct nvme_tcp_data_pdu *h2c = &t->rx.pdu.h2c;
	struct path_slot *s = &t->slots[(h2c->ttag & 0xfff) % PATH_SLOTS];
	struct nvmft_verdict v;

	if ((h2c->ttag & 0xfff) >= PATH_SLOTS || !s->used || !s->window ||
	    s->xfer.ttag != h2c->ttag) {
		fail(t, nvmft_v_term(NVME_TCP_FES_INVALID_PDU_HDR, NVMFT_FEI_H2C_TTAG));
		return;
	}
	v = nvmft_xfer_h2c_check(&s->xfer, h2c, &t->rx.p);
	if (v.kind != NVMFT_V_OK)
		fail(t, v);
	else if (s->fail)
		skip(t, s);
	else
		take(t, s);
}

static void header(struct path *t)
{
	struct nvmft_rx *rx = &t->rx;
	struct nvme_tcp_icresp_pdu resp;

	if (nvmft_pdu_hdr_len(&rx->pdu.ch, &rx->p) != rx->pdu.ch.hlen && get32(rx->dgst)) {
		fail(t, nvmft_v_term(NVME_TCP_FES_HDR_DIGEST_ERR, get32(rx->dgst)));
		return;
	}
	switch (rx->pdu.ch.type) {
	case nvme_tcp_icreq:
		nvmft_rx_accept_icreq(rx);
		nvmft_pdu_build_icresp(&resp, &rx->p);
		path_send(t, (u8 *)&resp, NVMFT_HLEN_IC, 0, NULL, 0);
		break;
	case nvme_tcp_cmd:
		command(t);
		break;
	case nvme_tcp_h2c_data:
		h2c_data(t);
		break;
	case nvme_tcp_h2c_term:
		fail(t, nvmft_v_reset());
		break;
	default:
		MUST(false, "type %u came through", rx->pdu.ch.type);
	}
}

static void taken(struct path *t)
{
	struct path_slot *s = t->rx_slot;

	t->rx_slot = NULL;
	if (t->rx.p.ddgst && get32(t->rx.dgst))
		s->fail = NVME_SC_TRANSIENT_TR_ERR;
	if (!s->window) {
		data_done(t, s);
		return;
	}
	nvmft_xfer_h2c_commit(&s->xfer, nvmft_pdu_data_len(&t->rx.pdu.ch, &t->rx.p));
	window_step(t, s);
}

/* @n bytes of the present step */
static void put(struct path *t, const u8 *p, u32 n)
{
	struct nvmft_rx *rx = &t->rx;
	struct path_slot *s = t->rx_slot;
	u32 i;

	switch (rx->step) {
	case NVMFT_RX_CH:
	case NVMFT_RX_PSH:
		MUST(rx->have + n <= sizeof(rx->pdu), "%u + %u bytes of a header", rx->have, n);
		memcpy(rx->pdu.raw + rx->have, p, n);
		break;
	case NVMFT_RX_HDGST:
	case NVMFT_RX_DDGST:
		MUST(rx->have + n <= 4, "%u + %u bytes of a digest", rx->have, n);
		memcpy(rx->dgst + rx->have, p, n);
		break;
	case NVMFT_RX_DATA:
		MUST(s && s->buf, "data for nobody");
		MUST((u64)s->filled + n <= s->len, "%u + %u bytes of %u", s->filled, n, s->len);
		path_saw_data(t, slot_no(t, s), s->filled, n);
		for (i = 0; i < n; i++)
			s->from[s->filled + i] = t->at + i;
		memcpy(s->buf + s->filled, p, n);
		s->filled += n;
		break;
	}
	t->at += n;
}

static void event(struct path *t, enum nvmft_rx_event ev)
{
	u8 pdu[NVMFT_HLEN_TERM + NVMFT_TERM_DATA_MAX];
	struct nvmft_rx *rx = &t->rx;
	u32 len;

	if (ev == NVMFT_RX_EV_HDR)
		header(t);
	else if (ev == NVMFT_RX_EV_DATA)
		taken(t);
	else if (ev == NVMFT_RX_EV_SKIPPED)
		skipped(t);
	if (rx->step != NVMFT_RX_DEAD || rx->verdict.kind != NVMFT_V_TERM)
		return;
	len = nvmft_pdu_build_term(pdu, rx->verdict.fes, rx->verdict.fei, rx->pdu.raw,
				   nvmft_rx_hdr_seen(rx));
	path_send(t, pdu, NVMFT_HLEN_TERM, 0, pdu + NVMFT_HLEN_TERM, len - NVMFT_HLEN_TERM);
}

void path_feed(struct path *t, const u8 *p, u32 n)
{
	u32 k;

	/* Nothing is received behind what ends the connection. */
	while (n && !t->ending && nvmft_rx_want(&t->rx)) {
		k = min(n, nvmft_rx_want(&t->rx));
		put(t, p, k);
		event(t, nvmft_rx_got(&t->rx, k));
		p += k;
		n -= k;
	}
}

void path_start(struct path *t, u32 icd_max)
{
	static u8 disk[PATH_DISK];
	u32 i;

	memset(t, 0, offsetof(struct path, disk));
	for (i = 0; !disk[1] && i < PATH_DISK; i++)
		disk[i] = i >> PATH_SHIFT ^ i;
	memcpy(t->disk, disk, PATH_DISK);
	nvmft_rx_init(&t->rx, icd_max);
}

void path_end(struct path *t)
{
	u32 i;

	for (i = 0; i < PATH_SLOTS; i++) {
		MUST_EQ(t->slots[i].used, t->seen[i].used);
		slot_free(&t->slots[i]);
	}
}
