// SPDX-License-Identifier: GPL-2.0
/*
 * A connection: what was sent on it and what the target said. It keeps its own
 * account of where the target must be in our stream, which tells when an answer,
 * or the end, is due.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "kfuzz.h"

#define TERM_MAX	152U
/* What no length of a PDU that the target takes exceeds */
#define PLEN_MAX	(2U << 20)
/* Our end has to be seen before a deadline of the target's (10 s) would end it as well. */
#define CLOSE_MS	8000U
/* For a reaction where none need come */
#define MOMENT_MS	25U

bool conn_open(struct conn *c)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(opt.port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { .tv_sec = answer_ms() / 1000 };
	int one = 1;

	memset(c, 0, offsetof(struct conn, recs));
	c->nr = 0;
	c->nwin = 0;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to))) {
		finding("connect: %s", strerror(errno));
		c->eof = true;
		return false;
	}
	return true;
}

/* -- where the target is -- */

static bool at_boundary(const struct conn *c)
{
	return !c->lost && !c->ch_have && !c->left_in_pdu;
}

bool conn_mid(const struct conn *c)
{
	return !c->lost && (c->ch_have || c->left_in_pdu);
}

static void follow_header(struct conn *c)
{
	const struct raw_ch *ch = (const struct raw_ch *)c->ch;
	uint32_t plen = le32toh(ch->plen);

	if (ch->type > RAW_H2C || ch->type % 2 || plen < sizeof(*ch) || plen > PLEN_MAX)
		c->lost = true;
	else
		c->left_in_pdu = plen - sizeof(*ch);
}

/* A few bytes more of what is known of a PDU's beginning */
static uint32_t follow_start(struct conn *c, const uint8_t *buf, uint32_t len, uint32_t upto)
{
	uint32_t n = upto - c->ch_have < len ? upto - c->ch_have : len;

	memcpy(c->ch + c->ch_have, buf, n);
	c->ch_have += n;
	return n;
}

static void follow(struct conn *c, const uint8_t *buf, uint32_t len)
{
	while (len && !c->lost) {
		uint32_t n;

		if (c->ch_have < sizeof(struct raw_ch)) {
			n = follow_start(c, buf, len, sizeof(struct raw_ch));
			if (c->ch_have == sizeof(struct raw_ch))
				follow_header(c);
		} else {
			n = len < c->left_in_pdu ? len : c->left_in_pdu;
			if (c->ch_have < sizeof(c->ch))
				n = follow_start(c, buf, n, sizeof(c->ch));
			c->left_in_pdu -= n;
			if (c->ch_have == sizeof(c->ch) && c->ch[0] == RAW_CMD)
				c->sent[c->ch[11] << 5 | c->ch[10] >> 3] |= 1U << (c->ch[10] & 7);
		}
		if (c->ch_have >= sizeof(struct raw_ch) && !c->left_in_pdu) {
			/* nothing is read behind a TermReq */
			c->lost |= c->ch[0] == 0x02;
			c->ch_have = 0;
		}
		buf += n;
		len -= n;
	}
}

/* -- sending -- */

static uint32_t plen_of(const struct pdu *p)
{
	uint32_t plen;

	memcpy(&plen, p->buf + 4, sizeof(plen));
	return p->len >= 8 ? le32toh(plen) : 0;
}

struct rec *conn_record(struct conn *c, const struct pdu *p, enum state state)
{
	const struct raw_cmd *cmd = (const struct raw_cmd *)p->buf;
	const struct raw_data *h2c = (const struct raw_data *)p->buf;
	struct rec *rec = &c->recs[c->nr++];

	memset(rec, 0, sizeof(*rec));
	rec->kind = p->kind;
	rec->state = state;
	rec->changed = p->changed;
	rec->whole = at_boundary(c) && plen_of(p) == p->len;
	memcpy(rec->head, p->buf, p->len < sizeof(rec->head) ? p->len : sizeof(rec->head));
	if (p->buf[0] == RAW_CMD && p->len >= sizeof(*cmd)) {
		rec->cid = cmd->id;
		/* A host may wait for ever for an event. */
		rec->owed = rec->whole && (c->io || cmd->opcode != OP_AER);
	} else if (p->buf[0] == RAW_H2C && p->len >= sizeof(*h2c)) {
		rec->cid = h2c->id;
	} else if (p->buf[0] == RAW_ICREQ && state == S_NEW) {
		rec->owed = rec->whole;
	}
	c->touched |= p->changed;
	if (opt.loud)
		loud("send kind %u state %u %s len %u cid %#x type %#x op %#x", p->kind, state,
		     p->changed ? "changed" : "plain", p->len, rec->cid, p->buf[0], p->buf[8]);
	return rec;
}

/* What one send() takes to the target: all of a burst, as far as it is for one connection */
static uint8_t out[BURST_MAX * PDU_MAX];
static uint32_t out_len;

void conn_queue(struct conn *c, const struct pdu *p, uint32_t from, uint32_t to)
{
	if (out_len + to - from > sizeof(out))
		conn_flush(c);
	memcpy(out + out_len, p->buf + from, to - from);
	follow(c, p->buf + from, to - from);
	out_len += to - from;
}

void conn_flush(struct conn *c)
{
	uint32_t from = 0;

	while (from < out_len) {
		ssize_t n = send(c->fd, out + from, out_len - from, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			finding("the target does not take what is sent to it");
		if (n <= 0)
			break;		/* it has closed; receiving will tell */
		from += n;
	}
	out_len = 0;
}

void conn_send(struct conn *c, const struct pdu *p, enum state state)
{
	conn_record(c, p, state);
	conn_queue(c, p, 0, p->len);
	conn_flush(c);
}

/* -- receiving -- */

static void resolve(struct rec *rec, bool good)
{
	rec->done = true;
	rec->verdict = good ? V_OK : V_ERROR;
}

/*
 * The command that a completion is for. Two may have one identifier, the second of
 * which is refused while the first waits for its data, or is an Asynchronous Event
 * Request, which need not end: that is the last to be thought of.
 */
static struct rec *completed(struct conn *c, uint16_t cid)
{
	struct rec *open = NULL, *waits = NULL;
	uint32_t i;

	for (i = 0; i < c->nr; i++) {
		struct rec *rec = &c->recs[i];

		if (rec->head[0] != RAW_CMD || rec->cid != cid)
			continue;
		if (!rec->done && rec->owed)
			return rec;
		if (!rec->done && !open)
			open = rec;
		if (rec->r2t)
			waits = rec;
	}
	return open ? open : waits;
}

static void complete(struct conn *c, uint16_t cid, uint16_t status)
{
	struct rec *rec = completed(c, cid);
	uint32_t i;

	/* What was cut may have gone into a command that is not in our list. */
	if (!rec && c->sent[cid >> 3] & 1U << (cid & 7))
		return;
	if (!rec) {
		finding("completion %#x of command %#x, which does not wait for one", status, cid);
		return;
	}
	rec->r2t = false;
	if (!rec->done)
		resolve(rec, !status);
	for (i = 0; i < c->nr; i++)
		if (c->recs[i].head[0] == RAW_H2C && c->recs[i].cid == cid && !c->recs[i].done)
			resolve(&c->recs[i], !status);
	for (i = 0; i < c->nwin; i++)
		if (c->win[i].cid == cid) {
			c->win[i] = c->win[--c->nwin];
			break;
		}
}

static void got_r2t(struct conn *c, const struct raw_data *r2t)
{
	struct window w = { .cid = r2t->id, .ttag = r2t->ttag, .off = le32toh(r2t->off),
			    .len = le32toh(r2t->len) };
	uint32_t i;

	for (i = 0; i < c->nr; i++) {
		struct rec *rec = &c->recs[i];

		if (rec->head[0] != RAW_CMD || rec->cid != w.cid || (rec->done && !rec->r2t))
			continue;
		rec->r2t = true;
		if (!rec->done)
			resolve(rec, true);
		if (c->nwin < WINDOWS_MAX)
			c->win[c->nwin++] = w;
		return;
	}
	if (!(c->sent[w.cid >> 3] & 1U << (w.cid & 7)))
		finding("R2T for command %#x, which is none", w.cid);
}

static void got_icresp(struct conn *c)
{
	uint32_t i;

	c->ic = true;
	for (i = 0; i < c->nr; i++)
		if (c->recs[i].head[0] == RAW_ICREQ && !c->recs[i].done) {
			resolve(&c->recs[i], true);
			return;
		}
	finding("ICResp without an ICReq");
}

static void got_term(struct conn *c, uint32_t plen)
{
	const struct raw_data *term = (const struct raw_data *)c->hdr;

	c->fes = le16toh(term->id);
	c->term_len = plen - 24;
	memcpy(c->term, c->hdr + 24, c->term_len);
	if (c->fes < 1 || c->fes > 6)
		finding("C2HTermReq with FES %d", c->fes);
	if (!c->touched)
		finding("C2HTermReq with FES %d for a stream as it ought to be", c->fes);
}

/* A header, or all of a TermReq, is there: plausible, and what follows it? */
static uint32_t header_len(const struct conn *c)
{
	uint32_t plen;

	memcpy(&plen, c->hdr + 4, sizeof(plen));
	plen = le32toh(plen);
	switch (c->hdr[0]) {
	case RAW_ICRESP:
		return plen == 128 ? 128 : 0;
	case 0x03:
		return plen >= 24 && plen <= TERM_MAX ? plen : 0;
	case RAW_RSP:
	case RAW_R2T:
		return plen == 24U + (c->hdgst ? 4 : 0) ? 24 : 0;
	case RAW_C2H:
		return plen > 24 ? 24 : 0;
	default:
		return 0;
	}
}

static void got_header(struct conn *c)
{
	const struct raw_rsp *rsp = (const struct raw_rsp *)c->hdr;
	const struct raw_data *data = (const struct raw_data *)c->hdr;
	uint32_t plen = le32toh(rsp->ch.plen);

	c->body = plen - c->have;
	switch (rsp->ch.type) {
	case RAW_ICRESP:
		got_icresp(c);
		break;
	case 0x03:
		got_term(c, plen);
		break;
	case RAW_R2T:
		got_r2t(c, data);
		break;
	case RAW_C2H:
		/* SUCCESS stands for a response. */
		if (rsp->ch.flags & 8)
			complete(c, data->id, 0);
		break;
	case RAW_RSP:
		c->result = le64toh(rsp->result);
		c->status = le16toh(rsp->status) >> 1;
		complete(c, rsp->id, c->status);
	}
	if (opt.loud)
		loud("  got type %#x flags %#x plen %u cid %#x status %#x fes %d", rsp->ch.type, rsp->ch.flags,
		     plen, rsp->ch.type == RAW_RSP ? rsp->id : data->id, c->status, c->fes);
}

/* Data of the one C2HData that somebody wants to see */
static void take_body(struct conn *c, const uint8_t *buf, uint32_t n)
{
	const struct raw_data *data = (const struct raw_data *)c->hdr;
	uint32_t at = le32toh(data->ch.plen) - c->body, i;

	if (c->sink && data->ch.type == RAW_C2H)
		for (i = 0; i < n; i++) {
			uint32_t off = at + i - data->ch.pdo;

			if (at + i >= data->ch.pdo && off < c->sink_len)
				c->sink[off] = buf[i];
		}
	c->body -= n;
}

static void take(struct conn *c, const uint8_t *buf, uint32_t len)
{
	while (len) {
		uint32_t want = 8, n;

		if (c->body) {
			n = c->body < len ? c->body : len;
			take_body(c, buf, n);
		} else {
			if (c->have >= 8)
				want = header_len(c);
			n = want - c->have < len ? want - c->have : len;
			memcpy(c->hdr + c->have, buf, n);
			c->have += n;
			if (c->have == 8 && !header_len(c)) {
				finding("PDU of type %#x, PLEN %u from the target", c->hdr[0],
					*(uint32_t *)(c->hdr + 4));
				c->eof = true;
				return;
			}
			if (c->have > 8 && c->have == want) {
				got_header(c);
				c->have = 0;
			}
		}
		buf += n;
		len -= n;
	}
}

/* Receive for so long, or until done() or the end. */
bool conn_wait(struct conn *c, uint64_t ms, bool (*done)(const struct conn *c))
{
	static uint8_t buf[64 << 10];
	uint64_t end = now_ms() + ms;

	while (!done(c)) {
		struct pollfd p = { .fd = c->fd, .events = POLLIN };
		uint64_t now = now_ms();
		ssize_t n;

		if (c->eof || now > end)
			return false;
		if (poll(&p, 1, end - now + 1) <= 0)
			continue;
		n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n > 0) {
			take(c, buf, n);
		} else if (!n || errno != EAGAIN) {
			c->error = n ? errno : 0;
			c->eof = true;
		}
	}
	return true;
}

/* -- the end -- */

bool conn_over(const struct conn *c)
{
	return c->eof || c->fes;
}

static bool conn_gone(const struct conn *c)
{
	return c->eof;
}

/* Everything that has to be answered was, or the connection is over. */
bool conn_quiet(const struct conn *c)
{
	uint32_t i;

	if (conn_over(c))
		return true;
	for (i = 0; i < c->nr; i++)
		if (c->recs[i].owed && !c->recs[i].done)
			return false;
	return !c->lost;
}

/* Count what is known, and forget it. */
static void compact(struct conn *c)
{
	uint32_t i, kept = 0;

	for (i = 0; i < c->nr; i++) {
		struct rec *rec = &c->recs[i];

		if (rec->done && !rec->counted) {
			count(rec);
			rec->counted = true;
		}
		if (!rec->done || rec->r2t)
			c->recs[kept++] = *rec;
	}
	c->nr = kept;
}

/* The one that the TermReq is about: it carries the header. */
static uint32_t culprit(const struct conn *c)
{
	uint32_t len = c->term_len < sizeof(c->recs[0].head) ? c->term_len : sizeof(c->recs[0].head);
	uint32_t i, first = c->nr;

	for (i = 0; i < c->nr; i++) {
		const struct rec *rec = &c->recs[i];

		if (!rec->changed || rec->done)
			continue;
		if (!memcmp(rec->head, c->term, len))
			return i;
		if (first == c->nr)
			first = i;
	}
	return first;
}

static void judge(struct conn *c, uint8_t end)
{
	uint32_t i, guilty = c->fes ? culprit(c) : c->nr;

	for (i = 0; i < c->nr; i++) {
		struct rec *rec = &c->recs[i];

		if (rec->done)
			continue;
		rec->done = true;
		if (c->fes && i > guilty && rec->state != S_CLOSING)
			rec->state = S_CLOSING;
		if (c->fes && rec->state != S_CLOSING)
			rec->verdict = V_FES1 + c->fes - 1;
		else
			rec->verdict = end;
	}
}

/* Wait for what is due. Where the target waits for the rest of a PDU, nothing is. */
void conn_settle(struct conn *c)
{
	if (c->finished)
		return;
	if (conn_mid(c)) {
		conn_wait(c, MOMENT_MS * opt.factor, conn_over);
	} else if (!conn_wait(c, answer_ms(), conn_quiet) && !c->eof) {
		uint32_t i;

		for (i = 0; i < c->nr && !(c->recs[i].owed && !c->recs[i].done);)
			i++;
		if (i < c->nr)
			finding("neither answer nor end: kind %u, state %u, opcode %#x, flags %#x, cid %#x",
				c->recs[i].kind, c->recs[i].state, c->recs[i].head[8], c->recs[i].head[9],
				c->recs[i].cid);
		else
			finding("a connection lives on behind a PDU that has to end it");
	}
	compact(c);
}

/* 0: close our side and see the target close; 1: reset; 2: close at once */
void conn_end(struct conn *c, unsigned int how)
{
	struct linger no = { .l_onoff = 1 };
	bool before;

	if (c->finished || c->fd <= 0)
		return;
	c->finished = true;
	/* What is here already came before our end. */
	conn_wait(c, 0, conn_gone);
	before = c->eof;
	if (!before && !how) {
		shutdown(c->fd, SHUT_WR);
		conn_wait(c, CLOSE_MS, conn_gone);
		if (!c->eof)
			finding("the target does not close after its host has");
	}
	if (how == 1)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &no, sizeof(no));
	judge(c, before ? V_CLOSED : how ? V_LEFT : V_WAITED);
	compact(c);
	close(c->fd);
	c->nr = 0;
	c->fd = -1;
}
