/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Streams of PDUs and the record of what became of every byte. A record has
 * two bytes (step, value) per byte of the stream and one entry per event, so
 * two machines that agree on it agree on everything.
 */
#ifndef NVMFT_UNIT_TAPE_H
#define NVMFT_UNIT_TAPE_H

#include <kunit/test.h>
#include "proto/rx.h"

#define TAPE_MAX	65536U
#define TAPE_EVENT	0x80

struct tape {
	u32 len;
	u8 b[TAPE_MAX];
};

/* Overflow shows as a length that no other tape has */
static inline void tape_put(struct tape *t, const void *p, u32 n)
{
	if (n <= TAPE_MAX && t->len <= TAPE_MAX - n)
		memcpy(t->b + t->len, p, n);
	t->len += n;
}

static inline void tape_byte(struct tape *t, u8 step, u8 value)
{
	u8 pair[] = { step, value };

	tape_put(t, pair, sizeof(pair));
}

/* The event, and what a caller may look at when it happens */
static inline void tape_event(struct tape *t, u8 ev, const u8 *hdr, u32 hlen, const u8 *dgst)
{
	tape_byte(t, TAPE_EVENT, ev);
	tape_put(t, hdr, hlen);
	tape_put(t, dgst, NVMFT_DIGEST_LEN);
}

static inline void tape_verdict(struct tape *t, struct nvmft_verdict v, u32 seen)
{
	u32 fields[] = { v.kind, v.fes, v.sc, v.fei, seen };

	tape_byte(t, TAPE_EVENT, NVMFT_RX_EV_VERDICT);
	tape_put(t, fields, sizeof(fields));
}

/* The caller's decision over data depends on the header alone */
static inline bool tape_wants_data(const u8 *hdr)
{
	return hdr[0] != nvme_tcp_h2c_term && !(hdr[10] & 1);
}

static inline void tape_decide(struct nvmft_rx *rx, struct tape *t)
{
	const u8 *hdr = rx->pdu.raw;

	if (hdr[0] == nvme_tcp_icreq)
		nvmft_rx_accept_icreq(rx);
	else if (!tape_wants_data(hdr)) {
		if (nvmft_rx_skip(rx) == NVMFT_RX_EV_SKIPPED)
			tape_event(t, NVMFT_RX_EV_SKIPPED, hdr, hdr[2], rx->dgst);
	} else if (nvmft_pdu_data_len(&rx->pdu.ch, &rx->p))
		nvmft_rx_data(rx);
	else
		nvmft_rx_next(rx);
}

/* What a transport does with @n bytes, as far as the machine takes them */
static inline void tape_feed(struct nvmft_rx *rx, struct tape *t, const u8 *p, u32 n)
{
	u32 k, i;
	u8 ev;

	while (n && nvmft_rx_want(rx)) {
		u32 have = rx->have;

		if (rx->step == NVMFT_RX_CH || rx->step == NVMFT_RX_PSH) {
			k = min(n, (u32)sizeof(rx->pdu) - have);
			memcpy(rx->pdu.raw + have, p, k);
			ev = nvmft_rx_got_header(rx, k, &k);
			for (i = 0; i < k; i++)
				tape_byte(t, have + i < 8 ? NVMFT_RX_CH : NVMFT_RX_PSH, p[i]);
		} else {
			k = min(n, nvmft_rx_want(rx));
			for (i = 0; i < k; i++)
				tape_byte(t, rx->step, p[i]);
			if (rx->step == NVMFT_RX_HDGST || rx->step == NVMFT_RX_DDGST)
				memcpy(rx->dgst + have, p, k);
			ev = nvmft_rx_got(rx, k);
		}
		p += k;
		n -= k;
		if (ev == NVMFT_RX_EV_VERDICT)
			tape_verdict(t, rx->verdict, nvmft_rx_hdr_seen(rx));
		else if (ev != NVMFT_RX_EV_NONE)
			tape_event(t, ev, rx->pdu.raw, rx->pdu.ch.hlen, rx->dgst);
		if (ev == NVMFT_RX_EV_HDR)
			tape_decide(rx, t);
	}
}

static inline bool tape_same(const struct tape *a, const struct tape *b)
{
	return a->len == b->len && a->len <= TAPE_MAX && !memcmp(a->b, b->b, a->len);
}

/* A PDU to put on a stream; what is not named follows from the rest */
struct tape_pdu {
	u8 type;
	u8 flags;
	u16 tag;	/* CCCID and TTAG; odd: data is not wanted */
	u32 pad;
	u32 data;
};

/* Append a well-formed PDU whose other bytes count up from *@fill. */
static inline void tape_pdu(struct tape *s, const struct nvmft_pdu_params *p,
			    const struct tape_pdu *d, u8 *fill)
{
	static const u8 hlens[] = { [0] = 128, [2] = 24, [4] = 72, [6] = 24 };
	bool digests = d->type >= nvme_tcp_cmd;
	u32 hlen = hlens[d->type];
	u32 hdgst = digests && p->hdgst ? 4 : 0;
	u32 ddgst = digests && p->ddgst && d->data ? 4 : 0;
	u32 plen = hlen + hdgst + d->pad + d->data + ddgst;
	u8 *b = s->b + s->len;
	u32 i;

	s->len += plen;
	for (i = 8; i < plen; i++)
		b[i] = (*fill)++;
	b[0] = d->type;
	b[1] = d->flags | (hdgst ? NVME_TCP_F_HDGST : 0) | (ddgst ? NVME_TCP_F_DDGST : 0);
	b[2] = hlen;
	b[3] = digests && d->data ? hlen + hdgst + d->pad : 0;
	b[4] = plen;
	b[5] = plen >> 8;
	b[6] = plen >> 16;
	b[7] = plen >> 24;
	if (digests)
		b[10] = d->tag;
	if (d->type == nvme_tcp_icreq) {
		memset(b + 8, 0, 120);
		b[11] = (p->hdgst ? 1 : 0) | (p->ddgst ? 2 : 0);
	}
}

#endif /* NVMFT_UNIT_TAPE_H */
