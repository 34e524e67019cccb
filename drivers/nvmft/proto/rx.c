// SPDX-License-Identifier: GPL-2.0
/*
 * The receive machine. Lengths are read from the header only after
 * nvmft_pdu_check_ch() accepted it.
 */
#include "proto/rx.h"

static void rx_step(struct nvmft_rx *rx, enum nvmft_rx_step step, u32 want)
{
	rx->step = step;
	rx->have = 0;
	rx->want = want;
}

static void rx_next(struct nvmft_rx *rx)
{
	rx_step(rx, NVMFT_RX_CH, NVMFT_CH_LEN);
}

void nvmft_rx_init(struct nvmft_rx *rx, u32 icd_max)
{
	memset(rx, 0, sizeof(*rx));
	rx->p.maxh2cdata = NVMFT_MAXH2CDATA;
	rx->p.icd_max = icd_max;
	rx_next(rx);
}

static enum nvmft_rx_event rx_verdict(struct nvmft_rx *rx, struct nvmft_verdict v)
{
	nvmft_rx_fail(rx, v);
	return NVMFT_RX_EV_VERDICT;
}

/* The rest of the header goes behind the common header: have stays */
static enum nvmft_rx_event rx_ch_done(struct nvmft_rx *rx)
{
	struct nvmft_verdict v = nvmft_pdu_check_ch(&rx->pdu.ch, &rx->p, rx->live);

	if (v.kind != NVMFT_V_OK)
		return rx_verdict(rx, v);
	rx->step = NVMFT_RX_PSH;
	rx->want = rx->pdu.ch.hlen;
	return NVMFT_RX_EV_NONE;
}

static enum nvmft_rx_event rx_hold(struct nvmft_rx *rx)
{
	rx_step(rx, NVMFT_RX_HOLD, 0);
	return NVMFT_RX_EV_HDR;
}

static enum nvmft_rx_event rx_psh_done(struct nvmft_rx *rx)
{
	u32 dgst = nvmft_pdu_hdr_len(&rx->pdu.ch, &rx->p) - rx->pdu.ch.hlen;

	if (dgst) {
		rx_step(rx, NVMFT_RX_HDGST, dgst);
		return NVMFT_RX_EV_NONE;
	}
	if (!rx->live) {
		struct nvmft_verdict v = nvmft_pdu_check_icreq(&rx->pdu.icreq);

		if (v.kind != NVMFT_V_OK)
			return rx_verdict(rx, v);
	}
	return rx_hold(rx);
}

static void rx_data(struct nvmft_rx *rx)
{
	rx_step(rx, NVMFT_RX_DATA, nvmft_pdu_data_len(&rx->pdu.ch, &rx->p));
}

static enum nvmft_rx_event rx_data_done(struct nvmft_rx *rx)
{
	/* What a TermReq carries has no PDO and no digest */
	if (rx->p.ddgst && rx->pdu.ch.pdo) {
		rx_step(rx, NVMFT_RX_DDGST, NVMFT_DIGEST_LEN);
		return NVMFT_RX_EV_NONE;
	}
	rx_next(rx);
	return NVMFT_RX_EV_DATA;
}

enum nvmft_rx_event nvmft_rx_got(struct nvmft_rx *rx, u32 n)
{
	rx->have += n;
	if (rx->have < rx->want)
		return NVMFT_RX_EV_NONE;

	switch (rx->step) {
	case NVMFT_RX_CH:
		return rx_ch_done(rx);
	case NVMFT_RX_PSH:
		return rx_psh_done(rx);
	case NVMFT_RX_HDGST:
		return rx_hold(rx);
	case NVMFT_RX_PAD:
		rx_data(rx);
		return NVMFT_RX_EV_NONE;
	case NVMFT_RX_DATA:
		return rx_data_done(rx);
	case NVMFT_RX_DDGST:
		rx_next(rx);
		return NVMFT_RX_EV_DATA;
	case NVMFT_RX_SKIP:
		rx_next(rx);
		return NVMFT_RX_EV_SKIPPED;
	}
	/* HOLD and DEAD take nothing */
	return NVMFT_RX_EV_NONE;
}

void nvmft_rx_data(struct nvmft_rx *rx)
{
	u32 pad = nvmft_pdu_pad_len(&rx->pdu.ch, &rx->p);

	if (pad)
		rx_step(rx, NVMFT_RX_PAD, pad);
	else
		rx_data(rx);
}

enum nvmft_rx_event nvmft_rx_skip(struct nvmft_rx *rx)
{
	const struct nvme_tcp_hdr *ch = &rx->pdu.ch;
	u32 left = le32_to_cpu(ch->plen) - nvmft_pdu_hdr_len(ch, &rx->p);

	if (!left) {
		rx_next(rx);
		return NVMFT_RX_EV_SKIPPED;
	}
	rx_step(rx, NVMFT_RX_SKIP, left);
	return NVMFT_RX_EV_NONE;
}

void nvmft_rx_next(struct nvmft_rx *rx)
{
	rx_next(rx);
}

void nvmft_rx_fail(struct nvmft_rx *rx, struct nvmft_verdict v)
{
	u32 seen = nvmft_rx_hdr_seen(rx);

	rx->step = NVMFT_RX_DEAD;
	rx->have = seen;
	rx->want = seen;
	rx->verdict = v;
}

void nvmft_rx_accept_icreq(struct nvmft_rx *rx)
{
	nvmft_pdu_apply_icreq(&rx->p, &rx->pdu.icreq);
	rx->live = true;
	rx_next(rx);
}

u32 nvmft_rx_hdr_seen(const struct nvmft_rx *rx)
{
	switch (rx->step) {
	case NVMFT_RX_CH:
	case NVMFT_RX_PSH:
	case NVMFT_RX_DEAD:
		return rx->have;
	default:
		return rx->pdu.ch.hlen;
	}
}
