/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The receive machine: it says what the next bytes of the stream are for and
 * is told how many of them arrived. It neither copies nor reads a socket, so
 * it can be cut at every byte under a fuzzer.
 *
 *	n = min(bytes at hand, nvmft_rx_want(rx));
 *	put n bytes where rx->step says;
 *	ev = nvmft_rx_got(rx, n);
 */
#ifndef NVMFT_PROTO_RX_H
#define NVMFT_PROTO_RX_H

#include "proto/pdu.h"

/* What the next bytes are for */
enum nvmft_rx_step {
	NVMFT_RX_CH,	/* common header: into rx->pdu.raw + rx->have */
	NVMFT_RX_PSH,	/* rest of the header: into rx->pdu.raw + rx->have */
	NVMFT_RX_HDGST,	/* header digest: into rx->dgst + rx->have */
	NVMFT_RX_HOLD,	/* a whole header waits for nvmft_rx_data() or _skip() */
	NVMFT_RX_PAD,	/* padding: dropped */
	NVMFT_RX_DATA,	/* data: into the request's pages */
	NVMFT_RX_DDGST,	/* data digest: into rx->dgst + rx->have */
	NVMFT_RX_SKIP,	/* data nobody wants (with its digest): dropped */
	NVMFT_RX_DEAD,	/* a verdict ended the stream; nothing is wanted */
};

/* What has just been completed */
enum nvmft_rx_event {
	NVMFT_RX_EV_NONE,	/* go on */
	NVMFT_RX_EV_HDR,	/* rx->pdu is whole and checked (an ICReq in all its
				 * fields), digest received: decide
				 */
	NVMFT_RX_EV_DATA,	/* all data is here; with ddgst rx->dgst too: judge it */
	NVMFT_RX_EV_SKIPPED,	/* unwanted data is gone */
	NVMFT_RX_EV_VERDICT,	/* rx->verdict is not OK */
};

/**
 * struct nvmft_rx - one connection's receive machine
 * @p: what the connection agreed on; the ICReq changes it
 * @live: an ICReq was accepted
 * @step: enum nvmft_rx_step
 * @have: bytes of the present step that arrived
 * @want: bytes that the present step takes in all
 * @verdict: why the stream ended, valid with NVMFT_RX_EV_VERDICT
 * @pdu: header being received or last received
 * @dgst: digest as received, little endian
 */
struct nvmft_rx {
	struct nvmft_pdu_params	p;
	bool			live;
	u8			step;
	u32			have;
	u32			want;
	struct nvmft_verdict	verdict;
	union nvmft_pdu		pdu;
	u8			dgst[NVMFT_DIGEST_LEN];
};

/* Begin a stream: an ICReq is expected. @icd_max: in-capsule bytes accepted. */
void nvmft_rx_init(struct nvmft_rx *rx, u32 icd_max);

/* Bytes that the present step still takes; 0 in HOLD and DEAD. */
static inline u32 nvmft_rx_want(const struct nvmft_rx *rx)
{
	return rx->want - rx->have;
}

/**
 * nvmft_rx_got() - tell that bytes of the present step arrived
 * @rx: the machine
 * @n: 1..nvmft_rx_want() bytes
 *
 * Return: enum nvmft_rx_event. After NVMFT_RX_EV_HDR the machine is in HOLD
 * until the caller, having compared the header digest, calls one of
 * nvmft_rx_data(), nvmft_rx_skip(), nvmft_rx_next() or nvmft_rx_fail().
 * After NVMFT_RX_EV_DATA and _SKIPPED it already waits for the next header;
 * rx->pdu and rx->dgst stay valid until the next call of nvmft_rx_got().
 */
enum nvmft_rx_event nvmft_rx_got(struct nvmft_rx *rx, u32 n);

/**
 * nvmft_rx_got_header() - tell that bytes of a header arrived, maybe with others behind it
 * @rx: the machine, in CH or PSH
 * @n: bytes at rx->pdu.raw + rx->have, not 0, none beyond rx->pdu
 * @used: how many of them are of the header
 *
 * Return: as nvmft_rx_got().
 */
static inline enum nvmft_rx_event nvmft_rx_got_header(struct nvmft_rx *rx, u32 n, u32 *used)
{
	enum nvmft_rx_event ev;

	*used = min(n, nvmft_rx_want(rx));
	ev = nvmft_rx_got(rx, *used);
	if (rx->step == NVMFT_RX_PSH && *used < n) {
		n = min(n - *used, nvmft_rx_want(rx));
		*used += n;
		ev = nvmft_rx_got(rx, n);
	}
	return ev;
}

/* HOLD -> the data is wanted. nvmft_pdu_data_len() is not 0. */
void nvmft_rx_data(struct nvmft_rx *rx);
/*
 * HOLD -> what is left of this PDU is dropped. Returns NVMFT_RX_EV_SKIPPED if
 * there was nothing left (the machine waits for the next header), else _NONE.
 */
enum nvmft_rx_event nvmft_rx_skip(struct nvmft_rx *rx);
/* HOLD -> the next header. Only for a PDU without data. */
void nvmft_rx_next(struct nvmft_rx *rx);
/* Any step -> DEAD with @v. */
void nvmft_rx_fail(struct nvmft_rx *rx, struct nvmft_verdict v);
/* An ICReq in HOLD was accepted: take its parameters, live, next header. */
void nvmft_rx_accept_icreq(struct nvmft_rx *rx);

/*
 * Header bytes received of the PDU under way, for the C2HTermReq. In DEAD those
 * of the PDU that ended the stream; 0 between two PDUs.
 */
u32 nvmft_rx_hdr_seen(const struct nvmft_rx *rx);

#endif /* NVMFT_PROTO_RX_H */
