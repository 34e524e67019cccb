// SPDX-License-Identifier: GPL-2.0
/*
 * From the first byte of a connection to verdicts and responses: ICReq, Connect,
 * commands, H2CData, in pieces of chosen lengths. However the stream is cut, the
 * same is sent, the same is on the disk, and the queue ends in the same state.
 */
#include "path.h"

#define STREAM_MAX	8192U

/* What an input finds; the beginning of the stream is made for it. */
enum { UNCONNECTED, IO, ADMIN, DISCOVERY };

struct stream {
	u32 head;		/* bytes that were made */
	u32 len;
	u8 b[STREAM_MAX + 2048];
};

static void add_capsule(struct stream *s, u8 digests, const u8 *sqe, const u8 *data, u32 len)
{
	u32 pdo = digests & 1 ? 76 : 72;
	u32 plen = pdo + len + (len && digests & 2 ? 4 : 0);
	const u8 ch[] = { 4, len ? digests : digests & 1, 72, len ? pdo : 0, plen, plen >> 8, 0, 0 };
	u8 *b = s->b + s->head;

	memset(b, 0, plen);
	memcpy(b, ch, 8);
	memcpy(b + 8, sqe, 64);
	if (len)
		memcpy(b + pdo, data, len);
	s->head += plen;
}

static void begin(struct stream *s, u8 kind, u8 digests)
{
	u8 connect[64] = { 0x7f, 0x40, 0xff, 0xff, 1, [33] = 4, [39] = 1, [44] = 31 };
	u8 enable[64] = { 0x7f, 0x40, 0xff, 0xff, 0, [44] = 0x14, [48] = 1, [50] = 0x46 };
	u8 data[1024] = { 1, [16] = 0xff, 0xff, [256] = 'n', [512] = 'h' };

	s->head = 0;
	if (kind == UNCONNECTED)
		return;
	memset(s->b, 0, 128);
	s->b[2] = 128;
	s->b[4] = 128;
	s->b[11] = digests;
	s->head = 128;
	if (kind == IO) {
		connect[42] = 1;
		data[16] = 1;
		data[17] = 0;
	}
	if (kind == DISCOVERY)
		data[256] = 'd';
	add_capsule(s, digests, connect, data, sizeof(data));
	if (kind != IO)
		add_capsule(s, digests, enable, NULL, 0);
}

static void run(struct path *t, const struct stream *s, u32 icd_max, const u8 *cut, u32 n)
{
	u32 at, k, i;
	u8 *piece;

	path_start(t, s->head ? NVMFT_ICD_ADMIN : icd_max);
	t->stream = s->b;
	path_feed(t, s->b, s->head);
	MUST(!s->head || t->qt != NVMFT_Q_NEW, "not connected");
	t->rx.p.icd_max = icd_max;
	for (at = s->head, i = 0; at < s->len; at += k, i++) {
		k = n ? min(s->len - at, cut[i % n] + 1U) : s->len - at;
		if (k == 1) {
			path_feed(t, s->b + at, 1);
			continue;
		}
		/* Nothing behind the piece may be looked at. */
		piece = malloc(k);
		memcpy(piece, s->b + at, k);
		path_feed(t, piece, k);
		free(piece);
	}
	path_end(t);
}

static void must_be_same(const struct path *a, const struct path *b, const char *how)
{
	MUST(a->out_len == b->out_len && !memcmp(a->out, b->out, a->out_len),
	     "%s: %u and %u bytes were sent", how, a->out_len, b->out_len);
	MUST(!memcmp(a->disk, b->disk, PATH_DISK), "%s: the disk differs", how);
	MUST_EQ(a->rx.step, b->rx.step);
	MUST_EQ(a->rx.have, b->rx.have);
	MUST_EQ(a->qt, b->qt);
	MUST_EQ(a->at, b->at);
	MUST_EQ(a->cc, b->cc);
	must_be_verdict(a->rx.verdict, b->rx.verdict);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const u32 icd[] = { 8192, 0, 512, 4096 };
	static const u8 bytes[] = { 0 };
	static struct path whole, other;
	static struct stream s;
	struct fuzz_in in = { data, size };
	u8 knobs = fuzz_u8(&in);
	u32 icd_max = icd[knobs >> 4 & 3], n = fuzz_u8(&in) % 16;
	u8 cut[15];

	fuzz_bytes(&in, cut, n);
	begin(&s, knobs & 3, knobs >> 2 & 3);
	s.len = s.head + min_t(size_t, in.left, STREAM_MAX);
	memcpy(s.b + s.head, in.p, s.len - s.head);
	run(&whole, &s, icd_max, NULL, 0);
	run(&other, &s, icd_max, cut, n);
	must_be_same(&whole, &other, "in pieces");
	run(&other, &s, icd_max, bytes, 1);
	must_be_same(&whole, &other, "byte by byte");
	return 0;
}
