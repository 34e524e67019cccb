// SPDX-License-Identifier: GPL-2.0
/*
 * The receive machine: a stream of bytes in pieces of chosen lengths. Whole, in
 * those pieces and byte by byte it has to say the same as the plain parser of
 * unit/tape_ref.h, which knows of no pieces.
 */
#include "fuzz.h"
#include "tape_ref.h"

#define STREAM_MAX	8192U

static struct tape want, got;

struct pieces {
	u8 n;
	u8 len[15];
};

/* Piece number @i; none: all of it */
static u32 piece(const struct pieces *c, u32 i, u32 left)
{
	u32 n = c->n ? c->len[i % c->n] + 1U : left;

	return min(n, left);
}

static void feed(struct nvmft_pdu_params p, const u8 *stream, u32 len, const struct pieces *c)
{
	struct nvmft_rx rx;
	u32 at, n, i, seen;
	u8 *part;

	nvmft_rx_init(&rx, p.icd_max);
	rx.p.maxh2cdata = p.maxh2cdata;
	got.len = 0;
	for (at = 0, i = 0; at < len; at += n) {
		n = piece(c, i++, len - at);
		/* Nothing behind the piece may be looked at. */
		part = malloc(n);
		memcpy(part, stream + at, n);
		tape_feed(&rx, &got, part, n);
		free(part);
		MUST(rx.have <= rx.want, "%u of %u", rx.have, rx.want);
	}
	MUST(want.len <= TAPE_MAX, "the record does not fit");
	MUST(tape_same(&got, &want), "pieces of %u: %u and %u bytes of record", c->n, got.len,
	     want.len);
	if (rx.step == NVMFT_RX_DEAD) {
		MUST_EQ(nvmft_rx_want(&rx), 0);
		return;
	}
	/* An end at any place keeps the header that was seen, and wants no more. */
	seen = nvmft_rx_hdr_seen(&rx);
	MUST(seen <= NVMFT_HLEN_IC, "%u bytes of a header", seen);
	nvmft_rx_fail(&rx, nvmft_v_reset());
	MUST_EQ(nvmft_rx_hdr_seen(&rx), seen);
	MUST_EQ(nvmft_rx_want(&rx), 0);
	MUST_EQ(nvmft_rx_got(&rx, 0), NVMFT_RX_EV_NONE);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const u32 icd[] = { 64, 0, 1024, 8192 };
	static const u32 h2c[] = { 128, 4, 4096, NVMFT_MAXH2CDATA };
	static const struct pieces whole = { 0 }, bytes = { .n = 1, .len = { 0 } };
	struct fuzz_in in = { data, size };
	struct nvmft_pdu_params p = {
		.icd_max = FUZZ_PICK(&in, icd),
		.maxh2cdata = FUZZ_PICK(&in, h2c),
	};
	struct pieces cut = { .n = fuzz_u8(&in) % 16 };
	u32 len;

	fuzz_bytes(&in, cut.len, cut.n);
	len = min_t(size_t, in.left, STREAM_MAX);
	ref_stream(&want, p, in.p, len);
	feed(p, in.p, len, &whole);
	feed(p, in.p, len, &cut);
	feed(p, in.p, len, &bytes);
	return 0;
}
