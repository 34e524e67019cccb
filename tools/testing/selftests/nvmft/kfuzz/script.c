// SPDX-License-Identifier: GPL-2.0
/*
 * The scripts: a connection, or a controller with its queues, is brought to some
 * state, and then bursts of PDUs are sent of which most were changed. All that is
 * left to chance comes from the seed and the number of the case.
 */
#include <endian.h>
#include <stdio.h>
#include <string.h>
#include "kfuzz.h"

#define ROUNDS		24
#define EARLY_ROUNDS	6
/* Cases of a run of which most do not come as far as an I/O queue */
#define EARLY_CASES	200
/* Bursts on an I/O queue, then it is closed and another takes its place. */
#define QUEUE_ROUNDS	6
#define QIDS		16
/* In step, so that they can be many; with all else fewer than the queue has entries */
#define GENTLE_MAX	64U

static struct host h;
static struct pdu list[BURST_MAX];
static unsigned int rounds_of[2];

/* In a hundred, by state */
static enum kind any_kind(struct rng *r, enum state state)
{
	static const uint8_t weights[STATES][KINDS] = {
		[S_NEW]		= { 55, 8, 8, 5, 6, 6, 6, 6 },
		[S_IC]		= { 8, 46, 12, 8, 7, 7, 6, 6 },
		[S_ADMIN]	= { 5, 7, 48, 18, 6, 5, 6, 5 },
		[S_ENABLED]	= { 4, 5, 53, 22, 5, 3, 4, 4 },
		[S_IOQ]		= { 4, 5, 44, 30, 6, 3, 4, 4 },
		[S_FLIGHT]	= { 4, 4, 46, 32, 4, 3, 4, 3 },
		[S_WINDOW]	= { 3, 3, 24, 22, 39, 3, 3, 3 },
		[S_CLOSING]	= { 10, 10, 15, 15, 20, 10, 10, 10 },
	};
	uint32_t value = below(r, 100), kind;

	for (kind = 0; kind < KINDS - 1 && value >= weights[state][kind]; kind++)
		value -= weights[state][kind];
	return kind;
}

static enum kind gentle_kind(struct rng *r, enum state state)
{
	uint32_t value = below(r, 100);

	if (state == S_WINDOW && value < 35)
		return K_H2C;
	return value < 65 ? K_COMMAND : K_DATA;
}

/* All the data of a window, in pieces; returns how many */
static unsigned int fill_window(struct conn *c, struct pdu *p, const struct window *w, struct rng *r)
{
	uint32_t off = 0, pieces = 0;

	while (off < w->len && pieces < 4) {
		uint32_t left = w->len - off, n = left;

		if (left > PDU_MAX / 2 || (pieces < 3 && percent(r, 40)))
			n = left / 2 > 4 ? left / 2 & ~3U : left;
		if (n > PDU_MAX / 2)
			n = PDU_MAX / 2;
		/* A second time it is out of place. */
		p->changed = w->used;
		pdu_h2c(c, p++, w, w->off + off, n, off + n == w->len, r);
		off += n;
		pieces++;
	}
	return pieces;
}

static unsigned int build(struct conn *c, enum state state, struct rng *r, bool gentle, unsigned int max)
{
	unsigned int i, n = 0, want = 1 + below(r, max);

	while (n < want && n < BURST_MAX - 4) {
		enum kind kind = gentle ? gentle_kind(r, state) : any_kind(r, state);

		/* The first piece of data before those it is in line with */
		if (kind == K_H2C && c->nwin && percent(r, 80)) {
			struct window *w = &c->win[below(r, c->nwin)];
			unsigned int pieces = fill_window(c, &list[n], w, r);

			w->used = true;
			for (i = 0; i < pieces; i++)
				if (percent(r, gentle ? 80 : 40))
					mutate(c, &list[n + i], r, gentle);
			n += pieces;
			continue;
		}
		pdu_any(c, &list[n], &h, kind, r);
		/* As it ought to be, but is it where it ought to be? */
		list[n].changed = state <= S_IC || (kind != K_COMMAND && kind != K_DATA);
		if (percent(r, 85))
			mutate(c, &list[n], r, gentle);
		n++;
	}
	return n;
}

/* Order, and PDUs that come twice */
static unsigned int disorder(unsigned int n, struct rng *r)
{
	static struct pdu spare;
	unsigned int a, b;

	if (n > 1 && percent(r, 12)) {
		a = below(r, n);
		b = below(r, n);
		spare = list[a];
		list[a] = list[b];
		list[b] = spare;
		list[a].changed = true;
		list[b].changed = true;
	}
	if (n < BURST_MAX && percent(r, 15)) {
		a = below(r, n);
		list[n] = list[a];
		list[n++].changed = true;
	}
	return n;
}

static void marker(struct conn *c)
{
	static struct pdu p;
	struct raw_cmd cmd = { .id = ++c->cid };

	if (c->io) {
		io_command(&cmd, OP_READ, NS_FAST, 0, 512);
	} else {
		cmd.opcode = OP_FABRICS;
		cmd.nsid = htole32(4);
		cmd.cdw11 = htole32(0x1c);
	}
	p.changed = false;
	pdu_command(c, &p, &cmd, 0, NULL);
	conn_send(c, &p, S_CLOSING);
}

/* Sends a burst; CUT: and ends within it. OTHER works on in the middle, if it is there. */
static void send_burst(struct conn *c, unsigned int n, enum state state, struct rng *r, bool cut,
		       struct conn *other)
{
	unsigned int i, at = below(r, n);

	for (i = 0; i < n; i++) {
		struct pdu *p = &list[i];
		uint32_t part = below(r, p->len);

		if (i != at || (!cut && !other)) {
			conn_record(c, p, state);
			conn_queue(c, p, 0, p->len);
			continue;
		}
		p->changed = true;
		conn_record(c, p, state);
		conn_queue(c, p, 0, part);
		if (cut)
			break;
		conn_flush(c);
		marker(other);
		conn_settle(other);
		conn_queue(c, p, part, p->len);
	}
	conn_flush(c);
}

/* A few more PDUs for a connection that has seen its C2HTermReq */
static void beyond_the_end(struct conn *c, struct rng *r)
{
	if (!c->fes || c->eof)
		return;
	send_burst(c, build(c, S_CLOSING, r, false, 3), S_CLOSING, r, false, NULL);
}

/* True: the connection is still there. */
static bool burst(struct conn *c, enum state state, struct rng *r, struct conn *other)
{
	static const uint8_t ends[] = { 0, 0, 0, 0, 0, 0, 1, 2 };
	bool gentle = state > S_IC && percent(r, 60), cut = percent(r, 7);
	unsigned int most = gentle ? (c->io && percent(r, 60) ? GENTLE_MAX : 12) : state <= S_IC ? 2 : 5;
	unsigned int n = build(c, state, r, gentle, most);
	bool beyond = percent(r, 35), split = percent(r, 8);
	unsigned int how = PICK(r, ends);

	if (!gentle)
		n = disorder(n, r);
	send_burst(c, n, state, r, cut, split ? other : NULL);
	if (!cut && state > S_IC && !conn_mid(c) && !c->lost)
		marker(c);
	/* Half of a fused operation may wait for what was cut off. */
	if (!cut)
		conn_settle(c);
	if (beyond)
		beyond_the_end(c, r);
	if (!cut && !conn_over(c) && !conn_mid(c) && c->nr < RECS_MAX / 2)
		return true;
	conn_end(c, how);
	return false;
}

static unsigned int windows_wanted;

static bool has_windows(const struct conn *c)
{
	return c->nwin >= windows_wanted || conn_quiet(c);
}

static void open_windows(struct conn *c, struct rng *r)
{
	static struct pdu p;
	unsigned int i, n = 1 + below(r, 2);

	windows_wanted = c->nwin + n < WINDOWS_MAX ? c->nwin + n : WINDOWS_MAX;

	for (i = 0; i < n; i++) {
		struct raw_cmd cmd = { .id = ++c->cid };

		io_command(&cmd, OP_WRITE, NS_FAST, below(r, 8192), 512U << below(r, 6));
		pdu_command(c, &p, &cmd, 0, NULL);
		p.changed = false;
		conn_send(c, &p, S_CLOSING);
	}
	conn_wait(c, answer_ms(), has_windows);
}

/* Reads and writes that take their time */
static void start_flight(struct conn *c, struct rng *r)
{
	static struct pdu p;
	unsigned int i, n = 1 + below(r, 4);

	for (i = 0; i < n; i++) {
		struct raw_cmd cmd = { .id = ++c->cid };
		uint32_t len = percent(r, 30) ? 512U << below(r, 4) : 0;

		io_command(&cmd, len ? OP_WRITE : OP_READ, NS_SLOW, below(r, 8192), len ? len : 512U << below(r, 6));
		pdu_command(c, &p, &cmd, len, r);
		p.changed = false;
		conn_record(c, &p, S_CLOSING);
		conn_queue(c, &p, 0, p.len);
	}
	conn_flush(c);
}

/* A queue in place of one that has ended */
static bool reconnect(unsigned int i)
{
	bool sound = !h.admin.touched;

	rounds_of[i] = 0;
	if (host_connect(&h, &h.io[i], h.next_qid++ % QIDS + 1))
		return true;
	if (sound)
		finding("an I/O queue is not let in again, status %#x", h.io[i].status);
	conn_end(&h.io[i], 0);
	return false;
}

static bool live_round(struct rng *r)
{
	bool admin = percent(r, 16);
	unsigned int i = below(r, 2), mode = below(r, 100);
	struct conn *c = admin ? &h.admin : &h.io[i], *other = &h.io[!i];
	enum state state = admin ? S_ENABLED : S_IOQ;
	bool there;

	if (mode >= 18) {
		start_flight(percent(r, 50) || admin ? other : c, r);
		state = S_FLIGHT;
	}
	if (mode >= 55 && !admin)
		open_windows(c, r);
	if (c->nwin)
		state = S_WINDOW;
	there = burst(c, state, r, other);
	conn_settle(other);
	if (admin)
		return there && !conn_over(other) && !conn_over(&h.io[i]);
	if (there && ++rounds_of[i] >= QUEUE_ROUNDS) {
		conn_end(c, below(r, 3));
		there = false;
	}
	if (conn_over(other) || other->finished)
		return false;
	return there || reconnect(i);
}

/* What an earlier case may have done to the namespaces */
static bool unprotect(void)
{
	uint32_t nsid;

	for (nsid = NS_FAST; nsid <= NS_SLOW; nsid++) {
		struct raw_cmd cmd = { .opcode = 0x09, .nsid = htole32(nsid), .cdw10 = htole32(0x84) };

		if (!conn_execute(&h.admin, &cmd, NULL, 0))
			return false;
	}
	return true;
}

static void live_case(struct rng *r)
{
	unsigned int i, queues = 2;

	memset(rounds_of, 0, sizeof(rounds_of));
	if (!host_up(&h, queues) || !unprotect())
		finding("an ordinary host is not served: status %#x", h.admin.status);
	else
		for (i = 0; i < ROUNDS && live_round(r); i++)
			;
	for (i = 0; i < 3; i++)
		conn_end(i < 2 ? &h.io[i] : &h.admin, below(r, 4) % 3);
}

/* True: the admin connection, which is all there is, has come as far as STATE. */
static bool early_up(enum state state)
{
	struct conn *c = &h.admin;
	bool up;

	if (state == S_NEW)
		up = conn_open(c);
	else if (state == S_IC)
		up = host_handshake(&h, c);
	else
		up = host_connect(&h, c, 0) && (state == S_ADMIN || host_enable(&h, QIDS));
	if (!up)
		finding("an ordinary host is not let in: status %#x", c->status);
	return up;
}

static void early_case(struct rng *r, enum state state)
{
	struct conn *c = &h.admin;
	bool up = false;
	unsigned int i;

	for (i = 0; i < EARLY_ROUNDS; i++) {
		if (!up && !early_up(state))
			break;
		if (state == S_IC && percent(r, 30))
			c->qid = c->io = 1;
		up = burst(c, state, r, NULL);
		if (state <= S_IC) {
			conn_end(c, 0);
			up = false;
		}
	}
	conn_end(c, 0);
}

void run_case(uint64_t number, unsigned int worker)
{
	static const uint8_t early[] = { S_NEW, S_IC, S_IC, S_ADMIN, S_ADMIN, S_ENABLED };
	struct rng r = { .s = (uint64_t)opt.seed << 40 ^ number };
	enum state state;

	rnd(&r);
	memset(&h, 0, sizeof(h));
	snprintf(h.nqn, sizeof(h.nqn), "nqn.2026-01.test.kfuzz:%u", worker);
	h.id = 0x10 + worker;
	h.hdgst = percent(&r, 35);
	h.ddgst = percent(&r, 35);
	state = percent(&r, number < EARLY_CASES ? 25 : 85) ? S_IOQ : PICK(&r, early);
	if (state == S_IOQ)
		live_case(&r);
	else
		early_case(&r, state);
}
