// SPDX-License-Identifier: GPL-2.0
/*
 * Every PDU cut at every byte of its header and its digests, and here and there in its data:
 * by a FIN, a reset, or a close with answers unread.
 */
#include <endian.h>
#include <stdio.h>
#include <string.h>
#include "kfuzz.h"

#define WRITE_BYTES	512U

static struct host h;
static struct pdu p;
static struct rng r;

static bool has_window(const struct conn *c)
{
	return conn_over(c) || c->nwin;
}

static void write_command(struct conn *c, uint32_t in_capsule)
{
	struct raw_cmd cmd = { .id = ++c->cid };

	io_command(&cmd, OP_WRITE, NS_FAST, 64, WRITE_BYTES);
	pdu_command(c, &p, &cmd, in_capsule, &r);
}

/* The PDU, on a connection that is where a host sends it. False: it is not let in. */
static bool prepare(struct conn *c, enum kind kind, unsigned int turn)
{
	p.changed = false;
	switch (kind) {
	case K_ICREQ:
		if (!conn_open(c))
			return false;
		pdu_icreq(&p, turn % 4);
		return true;
	case K_CONNECT:
		if (!host_handshake(&h, c))
			return false;
		c->qid = 1;
		c->io = true;
		pdu_connect(c, &p, &h, h.cntlid, ++c->cid);
		return true;
	default:
		if (!host_connect(&h, c, turn % 8 + 1))
			return false;
	}
	switch (kind) {
	case K_COMMAND:
		write_command(c, 0);
		return true;
	case K_DATA:
		write_command(c, WRITE_BYTES);
		return true;
	case K_H2C:
		write_command(c, 0);
		conn_send(c, &p, S_IOQ);
		conn_wait(c, answer_ms(), has_window);
		if (!c->nwin)
			return false;
		pdu_h2c(c, &p, &c->win[0], 0, WRITE_BYTES, true, &r);
		return true;
	default:
		pdu_any(c, &p, &h, K_TERM, &r);
		return true;
	}
}

/* Where a PDU of LEN bytes is cut next */
static uint32_t next_cut(uint32_t at, uint32_t len)
{
	bool data = p.kind != K_ICREQ && at >= 84 && at + 24 < len;

	return at + (data ? 17 : 1);
}

/* All cuts of one kind; how many there were */
static unsigned int cut_kind(enum kind kind)
{
	struct conn *c = &h.io[0];
	uint32_t at = 0, len, n = 0;

	do {
		if (!prepare(c, kind, n)) {
			finding("kind %u, cut at %u: the host is not let in, status %#x, %s", kind, at,
				c->status, c->eof ? strerror(c->error) : "open");
			return 0;
		}
		len = p.len;
		conn_queue(c, &p, 0, at);
		conn_flush(c);
		/* Half of them give the target time to take what is there. */
		if (n % 2)
			conn_wait(c, 1, conn_over);
		conn_end(c, n++ % 3);
		at = next_cut(at, len);
	} while (at < len && !shared->stop);
	return n;
}

void cuts(void)
{
	static const uint8_t kinds[] = { K_ICREQ, K_CONNECT, K_COMMAND, K_DATA, K_H2C, K_TERM };
	struct raw_cmd alive = { .opcode = OP_FABRICS, .nsid = htole32(4), .cdw11 = htole32(0x1c) };
	unsigned int digests, i, n = 0;

	r.s = opt.seed;
	for (digests = 0; digests < 2; digests++) {
		h = (struct host){ .id = 0x20, .hdgst = digests, .ddgst = digests };
		snprintf(h.nqn, sizeof(h.nqn), "nqn.2026-01.test.kfuzz:cuts");
		if (!host_connect(&h, &h.admin, 0) || !host_enable(&h, 8)) {
			finding("the host is not let in");
			return;
		}
		for (i = 0; i < sizeof(kinds); i++)
			n += cut_kind(kinds[i]);
		if (!conn_execute(&h.admin, &alive, NULL, 0))
			finding("the admin queue has ended with an I/O queue");
		conn_end(&h.admin, 0);
	}
	printf("# %u cuts\n", n);
}
