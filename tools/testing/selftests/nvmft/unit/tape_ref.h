/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The receive machine written a second time: a plain loop over a stream that
 * is all there. It writes the record that any machine must write for it.
 */
#ifndef NVMFT_UNIT_TAPE_REF_H
#define NVMFT_UNIT_TAPE_REF_H

#include "ref.h"
#include "tape.h"

struct ref_walk {
	struct tape *t;
	const u8 *s;
	u32 left;
};

/* False where the stream ends within these @n bytes */
static inline bool ref_take(struct ref_walk *w, u8 step, s64 n, u8 *into)
{
	for (; n; n--, w->left--) {
		if (!w->left)
			return false;
		tape_byte(w->t, step, *w->s);
		if (into)
			*into++ = *w->s;
		w->s++;
	}
	return true;
}

static inline struct nvmft_verdict ref_icreq(const u8 *b)
{
	if (b[8] || b[9])
		return ref_term(6, 8);
	if (b[10] > 31)
		return ref_term(1, 10);
	if (b[11] > 3)
		return ref_term(1, 11);
	return (struct nvmft_verdict){ .kind = NVMFT_V_OK };
}

/* One PDU; false where the stream or the connection ends */
static inline bool ref_pdu(struct ref_walk *w, struct nvmft_pdu_params *p, bool *live, u8 *dgst)
{
	struct nvmft_verdict v;
	struct ref_hdr h;
	u8 hdr[256];
	s64 left;

	if (!ref_take(w, NVMFT_RX_CH, 8, hdr))
		return false;
	v = ref_check(hdr, p, *live, &h);
	if (v.kind != NVMFT_V_OK) {
		tape_verdict(w->t, v, 8);
		return false;
	}
	if (!ref_take(w, NVMFT_RX_PSH, h.hlen - 8, hdr + 8) ||
	    !ref_take(w, NVMFT_RX_HDGST, h.hdgst, dgst))
		return false;
	if (!h.type) {
		v = ref_icreq(hdr);
		if (v.kind != NVMFT_V_OK) {
			tape_verdict(w->t, v, 128);
			return false;
		}
		*live = true;
		p->hdgst = hdr[11] & 1;
		p->ddgst = hdr[11] & 2;
	}
	tape_event(w->t, NVMFT_RX_EV_HDR, hdr, h.hlen, dgst);
	if (!h.type)
		return true;

	left = h.pad + h.data + h.ddgst;
	if (!tape_wants_data(hdr)) {
		if (!ref_take(w, NVMFT_RX_SKIP, left, NULL))
			return false;
		tape_event(w->t, NVMFT_RX_EV_SKIPPED, hdr, h.hlen, dgst);
	} else if (left) {
		if (!ref_take(w, NVMFT_RX_PAD, h.pad, NULL) ||
		    !ref_take(w, NVMFT_RX_DATA, h.data, NULL) ||
		    !ref_take(w, NVMFT_RX_DDGST, h.ddgst, dgst))
			return false;
		tape_event(w->t, NVMFT_RX_EV_DATA, hdr, h.hlen, dgst);
	}
	return true;
}

static inline void ref_stream(struct tape *t, struct nvmft_pdu_params p, const u8 *s, u32 n)
{
	struct ref_walk w = { .t = t, .s = s, .left = n };
	u8 dgst[NVMFT_DIGEST_LEN] = { 0 };
	bool live = false;

	t->len = 0;
	while (ref_pdu(&w, &p, &live, dgst))
		;
}

#endif /* NVMFT_UNIT_TAPE_REF_H */
