// SPDX-License-Identifier: GPL-2.0
/* PDUs as they ought to be, and some that no host sends. */
#include <endian.h>
#include <stdio.h>
#include <string.h>
#include "kfuzz.h"

static uint32_t crc32c(const uint8_t *p, uint32_t len)
{
	static uint32_t table[256];
	uint32_t crc = ~0U, i, k;

	if (!table[1])
		for (i = 0; i < 256; i++) {
			uint32_t v = i;

			for (k = 0; k < 8; k++)
				v = v >> 1 ^ (v & 1 ? 0x82f63b78 : 0);
			table[i] = v;
		}
	while (len--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return ~crc;
}

static void put32(uint8_t *at, uint32_t value)
{
	value = htole32(value);
	memcpy(at, &value, sizeof(value));
}

/* Where a PDU of HLEN bytes has its data */
static uint32_t data_at(const struct conn *c, uint32_t hlen)
{
	return hlen + (c->hdgst ? 4 : 0);
}

/* The digests that a PDU of this kind has, over what it holds now */
void pdu_digests(const struct conn *c, struct pdu *p)
{
	uint32_t hlen = p->kind == K_H2C ? sizeof(struct raw_data) : sizeof(struct raw_cmd);
	uint32_t at = data_at(c, hlen);

	if (p->kind != K_H2C && p->kind != K_CONNECT && p->kind != K_COMMAND && p->kind != K_DATA)
		return;
	if (c->hdgst && p->len >= hlen + 4)
		put32(p->buf + hlen, crc32c(p->buf, hlen));
	if (c->ddgst && p->len >= at + 5)
		put32(p->buf + p->len - 4, crc32c(p->buf + at, p->len - at - 4));
}

void pdu_icreq(struct pdu *p, uint8_t digests)
{
	struct raw_ic ic = { .ch = { .type = RAW_ICREQ, .hlen = sizeof(ic), .plen = htole32(sizeof(ic)) },
			     .digests = digests };

	p->kind = K_ICREQ;
	p->len = sizeof(ic);
	memcpy(p->buf, &ic, sizeof(ic));
}

/* Header, digests and length of a PDU whose header and data are in place */
static void finish(const struct conn *c, struct pdu *p, uint32_t hlen, uint32_t len)
{
	struct raw_ch *ch = (struct raw_ch *)p->buf;

	p->len = data_at(c, hlen) + len + (len && c->ddgst ? 4 : 0);
	ch->flags |= (c->hdgst ? 1 : 0) | (len && c->ddgst ? 2 : 0);
	ch->hlen = hlen;
	ch->pdo = len ? data_at(c, hlen) : 0;
	ch->plen = htole32(p->len);
	pdu_digests(c, p);
}

/* LEN bytes of data go into the capsule; the caller's SGL stays if there are none. */
void pdu_command(const struct conn *c, struct pdu *p, struct raw_cmd *cmd, uint32_t len,
		 struct rng *fill)
{
	uint8_t *data = p->buf + data_at(c, sizeof(*cmd));
	uint32_t i;

	p->kind = len ? K_DATA : K_COMMAND;
	cmd->ch = (struct raw_ch){ .type = RAW_CMD };
	cmd->flags |= 0x40;
	if (len) {
		cmd->sgl_type = RAW_SGL_INLINE;
		cmd->sgl_len = htole32(len);
	} else {
		cmd->sgl_type = RAW_SGL_TRANSPORT;
	}
	memcpy(p->buf, cmd, sizeof(*cmd));
	for (i = 0; i < len; i += 8) {
		uint64_t word = fill ? rnd(fill) : 0;

		memcpy(data + i, &word, len - i < 8 ? len - i : 8);
	}
	finish(c, p, sizeof(*cmd), len);
}

void pdu_connect(const struct conn *c, struct pdu *p, const struct host *h, uint16_t cntlid,
		 uint16_t cid)
{
	struct raw_cmd cmd = { .opcode = OP_FABRICS, .nsid = htole32(1), .id = cid,
			       .cdw10 = htole32((uint32_t)c->qid << 16),
			       .cdw11 = htole32((c->qid ? QUEUE_SIZE : ADMIN_SIZE) - 1) };
	struct raw_connect conn = { .cntlid = htole16(cntlid) };

	memcpy(conn.hostid, &h->id, sizeof(h->id));
	snprintf(conn.subnqn, sizeof(conn.subnqn), "%s", opt.nqn);
	memcpy(conn.hostnqn, h->nqn, sizeof(h->nqn));
	pdu_command(c, p, &cmd, sizeof(conn), NULL);
	memcpy(p->buf + data_at(c, sizeof(cmd)), &conn, sizeof(conn));
	p->kind = K_CONNECT;
	pdu_digests(c, p);
}

/* LEN bytes of the data that a window asks for, from OFF on */
void pdu_h2c(const struct conn *c, struct pdu *p, const struct window *w, uint32_t off,
	     uint32_t len, bool last, struct rng *fill)
{
	struct raw_data h2c = { .ch = { .type = RAW_H2C, .flags = last ? 4 : 0 }, .id = w->cid,
				.ttag = w->ttag, .off = htole32(off), .len = htole32(len) };

	p->kind = K_H2C;
	memcpy(p->buf, &h2c, sizeof(h2c));
	memset(p->buf + data_at(c, sizeof(h2c)), below(fill, 256), len);
	finish(c, p, sizeof(h2c), len);
}

static void any_admin(struct raw_cmd *cmd, struct rng *r)
{
	static const uint8_t opcodes[] = { 0x06, 0x06, 0x02, 0x02, 0x0a, 0x09, 0x18, 0x08, OP_AER,
					   OP_FABRICS, OP_FABRICS };
	static const uint8_t cns[] = { 0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x08, 0x1c };
	static const uint8_t lids[] = { 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x0c, 0x12, 0x70 };
	static const uint8_t fids[] = { 0x01, 0x02, 0x04, 0x05, 0x07, 0x0a, 0x0b, 0x0e, 0x0f, 0x16, 0x84 };

	cmd->opcode = PICK(r, opcodes);
	switch (cmd->opcode) {
	case 0x06:
		cmd->nsid = htole32(below(r, 4));
		cmd->cdw10 = htole32(PICK(r, cns));
		cmd->sgl_len = htole32(4096);
		break;
	case 0x02:
		cmd->cdw10 = htole32(PICK(r, lids) | 127 << 16);
		cmd->sgl_len = htole32(512);
		break;
	case 0x08:
		cmd->cdw10 = htole32(below(r, 3) | below(r, 64) << 16);
		break;
	case OP_FABRICS:
		cmd->nsid = htole32(4);
		cmd->cdw10 = htole32(percent(r, 50));
		cmd->cdw11 = htole32(percent(r, 50) ? 0x1c : 0x08);
		break;
	default:
		cmd->nsid = htole32(below(r, 4));
		cmd->cdw10 = htole32(PICK(r, fids));
		cmd->cdw11 = htole32(below(r, 2));
	}
}

void io_command(struct raw_cmd *cmd, uint8_t opcode, uint32_t nsid, uint64_t slba, uint32_t bytes)
{
	cmd->opcode = opcode;
	cmd->nsid = htole32(nsid);
	cmd->sgl_len = htole32(bytes);
	cmd->cdw10 = htole32(slba);
	cmd->cdw11 = htole32(slba >> 32);
	cmd->cdw12 = htole32(bytes ? bytes / 512 - 1 : 0);
}

static void any_io(struct raw_cmd *cmd, struct rng *r)
{
	static const uint8_t opcodes[] = { OP_READ, OP_READ, OP_READ, OP_WRITE, OP_FLUSH, 0x05, 0x08,
					   0x09, 0x0c, 0x19 };
	uint8_t opcode = PICK(r, opcodes);
	uint32_t bytes = 512U << below(r, 4);

	if (opcode == 0x09 || opcode == 0x19)
		bytes = opcode == 0x09 ? 16 : 32;
	io_command(cmd, opcode, percent(r, 80) ? NS_FAST : NS_SLOW, below(r, 8192), bytes);
	if (opcode == OP_FLUSH || opcode == 0x08 || opcode == 0x0c)
		cmd->sgl_len = 0;
	if (opcode == 0x09)
		cmd->cdw10 = 0, cmd->cdw11 = htole32(4), cmd->cdw12 = 0;
	if (opcode == 0x19)
		cmd->cdw12 = 0;
	if (percent(r, 6))
		cmd->flags = 1 + below(r, 2);
}

static void any_data(const struct conn *c, struct raw_cmd *cmd, struct rng *r, uint32_t *len)
{
	if (!c->io) {
		static const uint8_t fids[] = { 0x0e, 0x16, 0x81 };
		static const uint16_t lens[] = { 8, 512, 16 };
		uint32_t i = below(r, 3);

		cmd->opcode = 0x09;
		cmd->cdw10 = htole32(fids[i]);
		*len = lens[i];
		return;
	}
	*len = 512U << below(r, 4);
	io_command(cmd, OP_WRITE, percent(r, 80) ? NS_FAST : NS_SLOW, below(r, 8192), *len);
	switch (below(r, 8)) {
	case 0:		/* Compare */
		cmd->opcode = 0x05;
		break;
	case 1:		/* Dataset Management: ranges of 16 bytes */
		cmd->opcode = 0x09;
		*len = 16 * (1 + below(r, 8));
		cmd->cdw10 = htole32(*len / 16 - 1);
		cmd->cdw11 = htole32(4);
		cmd->cdw12 = 0;
		break;
	case 2:		/* Copy: ranges of 32 bytes */
		cmd->opcode = 0x19;
		*len = 32 * (1 + below(r, 4));
		cmd->cdw12 = htole32(*len / 32 - 1);
		break;
	}
}

/* Ranges of Dataset Management and Copy that lie within the namespace */
static void tame_ranges(const struct conn *c, struct pdu *p, const struct raw_cmd *cmd, uint32_t len,
			struct rng *r)
{
	uint8_t *data = p->buf + data_at(c, sizeof(*cmd));
	uint32_t i, step = cmd->opcode == 0x09 ? 16 : 32;

	for (i = 0; i + step <= len; i += step) {
		memset(data + i, 0, step);
		put32(data + i + (step == 16 ? 8 : 8), below(r, 8192));
		if (step == 16)
			put32(data + i + 4, below(r, 64));
		else
			data[i + 16] = below(r, 8);
	}
	pdu_digests(c, p);
}

static void foreign(struct pdu *p, struct rng *r)
{
	static const uint8_t types[] = { RAW_ICRESP, 0x03, RAW_RSP, RAW_C2H, 0x08, RAW_R2T, 0x0a, 0x0b,
					 0x40, 0x80, 0xff };
	static const uint8_t hlens[] = { 24, 24, 24, 8, 72, 128, 0 };
	uint32_t i;

	p->kind = K_FOREIGN;
	p->len = percent(r, 70) ? 24 : 128;
	for (i = 0; i < p->len; i++)
		p->buf[i] = rnd(r);
	p->buf[0] = PICK(r, types);
	p->buf[1] = 0;
	p->buf[2] = PICK(r, hlens);
	p->buf[3] = 0;
	put32(p->buf + 4, p->len);
}

static void term(struct pdu *p, struct rng *r)
{
	uint32_t i, more = percent(r, 50) ? below(r, 129) : 0;

	p->kind = K_TERM;
	p->len = 24 + more;
	memset(p->buf, 0, 24);
	p->buf[0] = 0x02;
	p->buf[2] = 24;
	put32(p->buf + 4, p->len);
	p->buf[8] = 1 + below(r, 6);
	for (i = 24; i < p->len; i++)
		p->buf[i] = rnd(r);
}

static void junk(struct pdu *p, struct rng *r)
{
	uint32_t i;

	p->kind = K_JUNK;
	p->len = 8 + below(r, 200);
	for (i = 0; i < p->len; i++)
		p->buf[i] = rnd(r);
	/* as often as not it looks like the beginning of a PDU */
	if (percent(r, 50))
		p->buf[0] = 2 * below(r, 4);
}

/* A PDU of a kind as a host in its senses could send it on this connection */
void pdu_any(struct conn *c, struct pdu *p, const struct host *h, enum kind kind, struct rng *r)
{
	struct raw_cmd cmd = { .id = ++c->cid };
	struct window guess = { .cid = below(r, 8), .ttag = below(r, 8), .len = 512 };
	uint32_t len = 0;

	p->changed = false;
	switch (kind) {
	case K_ICREQ:
		pdu_icreq(p, below(r, 4));
		break;
	case K_CONNECT:
		pdu_connect(c, p, h, c->io ? h->cntlid : 0xffff, cmd.id);
		break;
	case K_COMMAND:
		if (c->io)
			any_io(&cmd, r);
		else
			any_admin(&cmd, r);
		pdu_command(c, p, &cmd, 0, NULL);
		break;
	case K_DATA:
		any_data(c, &cmd, r, &len);
		pdu_command(c, p, &cmd, len, r);
		if (cmd.opcode != 0x05 && cmd.opcode != OP_WRITE && c->io)
			tame_ranges(c, p, &cmd, len, r);
		break;
	case K_H2C:
		pdu_h2c(c, p, c->nwin ? &c->win[below(r, c->nwin)] : &guess, 0, 512, percent(r, 50), r);
		break;
	case K_TERM:
		term(p, r);
		break;
	case K_FOREIGN:
		foreign(p, r);
		break;
	default:
		junk(p, r);
	}
}
