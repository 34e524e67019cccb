// SPDX-License-Identifier: GPL-2.0
/* What may go wrong with a PDU: its fields, lengths and digests. */
#include <endian.h>
#include <string.h>
#include "kfuzz.h"

static bool is_command(const struct pdu *p)
{
	return p->kind == K_CONNECT || p->kind == K_COMMAND || p->kind == K_DATA;
}

static uint64_t odd_value(struct rng *r)
{
	static const uint64_t values[] = {
		0, 1, 2, 3, 4, 7, 8, 15, 16, 23, 24, 25, 71, 72, 73, 76, 127, 128, 129, 255, 256, 511, 512,
		513, 4095, 4096, 4097, 8191, 8192, 8193, 16383, 16384, 32767, 32768, 65535, 65536,
		131072, 1U << 20, (1U << 20) + 4, 1U << 24, 0x7fffffff, 0x80000000, 0xfffffffc, 0xfffffffe,
		0xffffffff, 1ULL << 32, 1ULL << 52, 1ULL << 55, 1ULL << 61, 1ULL << 63, ~0ULL,
	};

	switch (below(r, 4)) {
	case 0:
		return rnd(r);
	case 1:
		return 1ULL << below(r, 64);
	default:
		return PICK(r, values);
	}
}

static void put(struct pdu *p, uint32_t at, uint32_t size, uint64_t value)
{
	value = htole64(value);
	if (at + size <= p->len)
		memcpy(p->buf + at, &value, size);
}

static void add(struct pdu *p, uint32_t at, int delta)
{
	uint32_t value;

	if (at + sizeof(value) > p->len)
		return;
	memcpy(&value, p->buf + at, sizeof(value));
	put(p, at, sizeof(value), le32toh(value) + delta);
}

static void flip(struct pdu *p, struct rng *r, uint32_t from, uint32_t to)
{
	if (to > p->len)
		to = p->len;
	if (from < to)
		p->buf[from + below(r, to - from)] ^= 1U << below(r, 8);
}

struct field {
	uint8_t at, size;
};

/* Fields of the submission queue entry that have a meaning */
static void sqe_field(struct pdu *p, struct rng *r)
{
	static const struct field fields[] = {
		{ 9, 1 }, { 10, 2 }, { 12, 4 }, { 32, 8 }, { 40, 4 }, { 40, 4 }, { 47, 1 }, { 48, 8 },
		{ 48, 4 }, { 52, 4 }, { 56, 4 }, { 56, 2 }, { 58, 2 }, { 60, 4 }, { 64, 4 }, { 68, 4 },
	};
	static const uint8_t opcodes[] = { 0, 1, 2, 4, 5, 6, 8, 9, 0x0a, 0x0c, 0x0d, 0x18, 0x19, 0x7c, 0x7d,
					   0x7f, 0x80, 0x81, 0xc0, 0xff };
	static const uint8_t sgls[] = { 0x00, 0x01, 0x02, 0x10, 0x11, 0x20, 0x30, 0x40, 0x50, 0x5a, 0x5f, 0xff };
	static const uint32_t nsids[] = { 0, NS_WITNESS, NS_FAST, NS_SLOW, 4, 1024, 0xfffffffe, 0xffffffff };
	const struct field *f = &PICK(r, fields);

	switch (below(r, 8)) {
	case 0:
		put(p, 8, 1, percent(r, 80) ? PICK(r, opcodes) : rnd(r));
		break;
	case 1:
		put(p, 47, 1, PICK(r, sgls));
		break;
	case 2:
		put(p, 12, 4, PICK(r, nsids));
		break;
	case 3:
		flip(p, r, 8, 72);
		break;
	case 4:
		add(p, PICK(r, ((uint8_t[]){ 40, 48, 56 })), PICK(r, ((int[]){ -512, -4, -1, 1, 4, 512 })));
		break;
	default:
		put(p, f->at, f->size, odd_value(r));
	}
}

/* Fields of the PDU-specific header, by kind */
static void psh_field(struct pdu *p, struct rng *r)
{
	static const struct field ic[] = { { 8, 2 }, { 10, 1 }, { 11, 1 }, { 12, 4 }, { 16, 8 } };
	static const struct field h2c[] = { { 8, 2 }, { 10, 2 }, { 12, 4 }, { 16, 4 }, { 20, 4 } };
	static const struct field term[] = { { 8, 2 }, { 10, 4 }, { 14, 8 } };
	const struct field *f = p->kind == K_ICREQ ? &PICK(r, ic) :
				p->kind == K_H2C ? &PICK(r, h2c) : &PICK(r, term);

	if (is_command(p))
		sqe_field(p, r);
	else if (p->kind == K_H2C && percent(r, 25))
		add(p, percent(r, 50) ? 12 : 16, PICK(r, ((int[]){ -512, -4, -1, 1, 4, 512 })));
	else
		put(p, f->at, f->size, odd_value(r));
}

static void ch_field(struct pdu *p, struct rng *r)
{
	static const uint8_t types[] = { 0, 1, 2, 3, 4, 5, 6, 7, 9, 0x55 };

	switch (below(r, 9)) {
	case 0:
		p->buf[0] = PICK(r, types);
		break;
	case 1:
		p->buf[1] ^= 1U << below(r, 8);
		break;
	case 2:
		p->buf[2] = odd_value(r);
		break;
	case 3:
		p->buf[3] = odd_value(r);
		break;
	case 4:
		flip(p, r, 0, 8);
		break;
	case 5:		/* more data than may be */
		put(p, 4, 4, (16384U << below(r, 8)) + 256);
		break;
	case 6:
		add(p, 4, PICK(r, ((int[]){ -64, -8, -4, -1, 1, 4, 8, 512, 65536 })));
		break;
	default:
		put(p, 4, 4, odd_value(r));
	}
}

/* Bytes lost or too many, with and without a header that knows of it */
static void length(struct pdu *p, struct rng *r)
{
	uint32_t n = 1 + below(r, 16), at = below(r, p->len);

	if (percent(r, 50)) {
		p->len -= p->len - at > n ? n : p->len - at;
		memmove(p->buf + at, p->buf + at + n, p->len > at ? p->len - at : 0);
		if (p->len < 4)
			p->len = 4;
	} else if (p->len + n <= PDU_MAX) {
		memmove(p->buf + at + n, p->buf + at, p->len - at);
		p->len += n;
	}
	if (percent(r, 50))
		put(p, 4, 4, p->len);
}

/* Data, and Connect's names, change and the digest knows of it. */
static void payload(struct pdu *p, struct rng *r)
{
	uint32_t i, n = 1 + below(r, 4), from = is_command(p) ? 80 : 32;

	for (i = 0; i < n; i++)
		if (p->kind == K_CONNECT && percent(r, 50))
			put(p, 72 + PICK(r, ((uint16_t[]){ 0, 15, 16, 18, 256, 300, 511, 512, 600, 767, 768, 1023 })),
			    1, rnd(r));
		else
			flip(p, r, from, p->len);
}

static void digest(struct pdu *p, struct rng *r)
{
	if (percent(r, 50))
		flip(p, r, p->len - 4, p->len);
	else
		flip(p, r, p->kind == K_H2C ? 24 : 72, p->kind == K_H2C ? 28 : 76);
}

/* What leaves the stream in step */
static void change_gently(const struct conn *c, struct pdu *p, struct rng *r)
{
	if (p->kind != K_COMMAND && percent(r, 30)) {
		payload(p, r);
		pdu_digests(c, p);
	} else if (p->kind == K_DATA || p->kind == K_COMMAND) {
		sqe_field(p, r);
		pdu_digests(c, p);
		if (c->ddgst && p->kind == K_DATA && percent(r, 15))
			flip(p, r, p->len - 4, p->len);
	} else if (p->kind == K_H2C) {
		payload(p, r);
		pdu_digests(c, p);
		if (c->ddgst && percent(r, 30))
			flip(p, r, p->len - 4, p->len);
	} else {
		psh_field(p, r);
		pdu_digests(c, p);
	}
}

void mutate(const struct conn *c, struct pdu *p, struct rng *r, bool gentle)
{
	p->changed = true;
	if (gentle) {
		change_gently(c, p, r);
		return;
	}
	switch (below(r, 10)) {
	case 0: case 1:
		ch_field(p, r);
		break;
	case 2: case 3: case 4:
		psh_field(p, r);
		break;
	case 5:
		psh_field(p, r);
		ch_field(p, r);
		break;
	case 6:
		length(p, r);
		break;
	case 7:
		payload(p, r);
		break;
	case 8:
		digest(p, r);
		return;
	case 9:
		flip(p, r, 0, p->len);
		break;
	}
	/* Mostly it is not the digest that is wrong. */
	if (percent(r, 90))
		pdu_digests(c, p);
}
