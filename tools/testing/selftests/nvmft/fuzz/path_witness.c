// SPDX-License-Identifier: GPL-2.0
/*
 * The witness. It reads what the target sends byte by byte, as a host does, and
 * holds it against what that host has asked for. Nothing here calls the protocol
 * code.
 */
#include "path.h"

u32 path_crc(u32 crc, const u8 *p, u32 n)
{
	static u32 table[256];
	u32 i, k;

	for (i = 0; !table[1] && i < 256; i++)
		for (table[i] = i, k = 0; k < 8; k++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0x82f63b78 : 0);
	for (; n; n--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return crc;
}

u32 path_digest(const u8 *p, u32 n)
{
	return ~path_crc(~0U, p, n);
}

/* Bytes that the SQE's SGL describes: its data pointer's length field */
void path_saw_command(struct path *t, u32 slot, const u8 *sqe)
{
	struct path_seen *w = &t->seen[slot];

	MUST(!w->used, "slot %u has a command already", slot);
	*w = (struct path_seen){ .used = true, .cid = get16(sqe + 2), .len = get32(sqe + 32) };
}

void path_saw_data(struct path *t, u32 slot, u32 off, u32 n)
{
	struct path_seen *w = &t->seen[slot];

	MUST(w->used, "data for no command");
	MUST(off == w->came, "data at %u, not %u", off, w->came);
	MUST((u64)off + n <= w->asked, "data up to %llu, asked for %u",
	     (unsigned long long)off + n, w->asked);
	w->came += n;
}

static struct path_seen *by_cid(struct path *t, u16 cid)
{
	struct path_seen *w = t->seen;

	for (; w < t->seen + PATH_SLOTS; w++)
		if (w->used && w->cid == cid)
			return w;
	MUST(false, "CID %#x is not outstanding", cid);
	return NULL;
}

static void saw_r2t(struct path *t, const u8 *b)
{
	struct path_seen *w = by_cid(t, get16(b + 8)), *other = t->seen;
	u64 off = get32(b + 12), len = get32(b + 16);

	MUST(w->came == w->asked, "an R2T is open");
	MUST_EQ(off, w->asked);
	MUST(len && off + len <= w->len, "R2T of %llu + %llu, the SGL has %u",
	     (unsigned long long)off, (unsigned long long)len, w->len);
	w->tag = get16(b + 10);
	w->asked = off + len;
	for (; other < t->seen + PATH_SLOTS; other++)
		MUST(other == w || !other->used || other->came == other->asked ||
		     other->tag != w->tag, "two windows of tag %#x", w->tag);
}

static void saw_response(struct path *t, struct path_seen *w)
{
	/* While a host may still send data its command has not ended. */
	MUST(w->came == w->asked, "%u of %u bytes came", w->came, w->asked);
	w->used = false;
	t->responses++;
}

static void saw_c2h(struct path *t, const u8 *b, u32 len)
{
	struct path_seen *w = by_cid(t, get16(b + 8));

	MUST(!w->data_sent, "data twice");
	MUST_EQ(get32(b + 12), 0);
	MUST_EQ(get32(b + 16), len);
	MUST_EQ(len, w->len);
	MUST(b[1] & 4, "LAST");
	w->data_sent = true;
	if (b[1] & 8)
		saw_response(t, w);
}

static void saw(struct path *t, const u8 *b, u32 len)
{
	MUST(!t->said_last, "a PDU of type %u behind the last", b[0]);
	switch (b[0]) {
	case 1:
		MUST(!t->responses && t->out_len == 0, "a late ICResp");
		break;
	case 3:
		MUST(len <= 128, "C2HTermReq with %u bytes", len);
		t->said_last = true;
		break;
	case 5:
		saw_response(t, by_cid(t, get16(b + 20)));
		break;
	case 7:
		saw_c2h(t, b, len);
		break;
	case 9:
		saw_r2t(t, b);
		break;
	default:
		MUST(false, "a controller sends no type %u", b[0]);
	}
}

static void remember(struct path *t, const void *p, u32 n)
{
	MUST(t->out_len + n <= PATH_OUT_MAX, "too much is sent");
	memcpy(t->out + t->out_len, p, n);
	t->out_len += n;
}

void path_send(struct path *t, const u8 *hdr, u32 hlen, u32 pad, const u8 *data, u32 len)
{
	bool digests = hdr[0] >= 4;
	u32 hdgst = digests && t->rx.p.hdgst ? 4 : 0;
	u32 ddgst = digests && len && t->rx.p.ddgst ? 4 : 0;

	MUST_EQ(hdr[2], hlen);
	MUST_EQ(get32(hdr + 4), hlen + hdgst + pad + len + ddgst);
	MUST_EQ(hdr[1] & 1, !!hdgst);
	MUST_EQ(hdr[1] >> 1 & 1, !!ddgst);
	MUST_EQ(hdr[3], hdr[0] == 7 ? hlen + hdgst + pad : 0);
	saw(t, hdr, len);
	remember(t, hdr, hlen);
	if (len)
		remember(t, data, len);
}

void path_saw_content(const struct path *t, const struct path_slot *s)
{
	u32 i;

	for (i = 0; i < s->len; i++)
		MUST(s->buf[i] == t->stream[s->from[i]], "byte %u of the data", i);
}
