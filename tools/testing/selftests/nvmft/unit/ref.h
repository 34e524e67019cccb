/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rules for a common header, written a second time and in another way:
 * on single bytes, in signed 64-bit arithmetic, one rule per line. What
 * differs between this and proto/pdu.c is a bug in one of them.
 */
#ifndef NVMFT_UNIT_REF_H
#define NVMFT_UNIT_REF_H

#include "proto/pdu.h"

struct ref_hdr {
	int	type;
	int	flags;
	int	hlen;
	int	pdo;
	s64	plen;
	/* what the header implies, if it is right */
	int	hdgst;
	int	ddgst;
	s64	pad;
	s64	data;
};

static inline struct nvmft_verdict ref_term(int fes, int fei)
{
	return (struct nvmft_verdict){ .kind = NVMFT_V_TERM, .fes = fes, .fei = fei };
}

static inline struct nvmft_verdict ref_check(const u8 *b, const struct nvmft_pdu_params *p,
					     bool live, struct ref_hdr *h)
{
	static const struct { int hlen, hd; } kinds[] = {
		[0] = { 128, 0 }, [2] = { 24, 0 }, [4] = { 72, 1 }, [6] = { 24, 1 },
	};
	bool with_data;
	int bits;

	*h = (struct ref_hdr){
		.type = b[0], .flags = b[1], .hlen = b[2], .pdo = b[3],
		.plen = b[4] + 0x100LL * b[5] + 0x10000LL * b[6] + 0x1000000LL * b[7],
	};
	if (h->type > 6 || h->type % 2)
		return ref_term(1, 0);
	if (live != (h->type != 0))
		return ref_term(2, 0);
	h->hdgst = kinds[h->type].hd && p->hdgst ? 4 : 0;
	with_data = h->type == 6 || (h->type == 4 && h->plen > 72 + h->hdgst);
	h->ddgst = with_data && p->ddgst ? 4 : 0;

	if (h->type == 2) {
		h->data = h->plen - 24;
		if (h->flags || h->hlen != 24 || h->pdo || h->data < 0 || h->data > 128)
			return (struct nvmft_verdict){ .kind = NVMFT_V_RESET };
		return (struct nvmft_verdict){ .kind = NVMFT_V_OK };
	}

	bits = (h->hdgst ? 1 : 0) + (p->ddgst && h->type ? 2 : 0);
	if (h->type == 6 && (h->flags & 4))
		bits += 4;
	if (h->type == 4 && !with_data && p->ddgst && !(h->flags & 2))
		bits -= 2;
	if (h->flags != bits)
		return ref_term(1, 1);
	if (h->hlen != kinds[h->type].hlen)
		return ref_term(1, 2);
	if (!with_data && h->pdo != 0)
		return ref_term(1, 3);
	if (!with_data && h->plen != h->hlen + h->hdgst)
		return ref_term(1, 4);
	if (!with_data)
		return (struct nvmft_verdict){ .kind = NVMFT_V_OK };

	h->pad = h->pdo - h->hlen - h->hdgst;
	h->data = h->plen - h->pdo - h->ddgst;
	if (h->pad < 0 || h->pdo & 3 || h->data + h->ddgst <= 0)
		return ref_term(1, 3);
	if (h->data <= 0)
		return ref_term(1, 4);
	if (h->data > (h->type == 6 ? p->maxh2cdata : p->icd_max))
		return ref_term(5, 0);
	return (struct nvmft_verdict){ .kind = NVMFT_V_OK };
}

#endif /* NVMFT_UNIT_REF_H */
