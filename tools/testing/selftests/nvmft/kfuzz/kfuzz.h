/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A hostile NVMe/TCP host: connections that follow a script of seed and number,
 * and what became of each PDU that was changed on its way. See main.c.
 */
#ifndef KFUZZ_H
#define KFUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../bench/raw.h"

/* What a PDU was built as, before it was changed */
enum kind {
	K_ICREQ, K_CONNECT, K_COMMAND, K_DATA, K_H2C, K_TERM, K_FOREIGN, K_JUNK, KINDS
};

/* How far its connection had come when it was sent */
enum state {
	S_NEW, S_IC, S_ADMIN, S_ENABLED, S_IOQ, S_FLIGHT, S_WINDOW, S_CLOSING, STATES
};

/*
 * What became of it. V_CLOSED: closed by the target without a C2HTermReq. V_WAITED: nothing,
 * until we closed our side. V_LEFT: we were gone before it could be seen.
 */
enum verdict {
	V_OK, V_ERROR, V_FES1, V_FES2, V_FES3, V_FES4, V_FES5, V_FES6, V_CLOSED, V_WAITED, V_LEFT,
	VERDICTS
};

enum { OP_FLUSH = 0x00, OP_WRITE = 0x01, OP_READ = 0x02, OP_AER = 0x0c, OP_FABRICS = 0x7f };

/* Namespaces: of the innocent host alone; of the fuzzer, one without and one with latency */
enum { NS_WITNESS = 1, NS_FAST = 2, NS_SLOW = 3 };

#define PDU_MAX		(24U << 10)
#define BURST_MAX	72
#define RECS_MAX	400
#define WINDOWS_MAX	4
#define QUEUE_SIZE	128
#define ADMIN_SIZE	32

struct rng {
	uint64_t s;
};

struct pdu {
	uint8_t		buf[PDU_MAX];
	uint32_t	len;
	uint8_t		kind;
	bool		changed;
};

/* A PDU that was sent, until its verdict is known */
struct rec {
	uint8_t		kind, state, verdict;
	uint8_t		head[24];	/* how it began */
	uint16_t	cid;
	bool		changed, whole;	/* whole: where the target expects a PDU, as long as it says */
	bool		owed, done;	/* owed: a completion has to come */
	bool		r2t, counted;	/* r2t: it was answered so, and may be completed */
};

/* R2T of a write of ours */
struct window {
	uint16_t	cid, ttag;
	uint32_t	off, len;
	bool		used;		/* data for it has been sent */
};

struct conn {
	int		fd;
	bool		hdgst, ddgst, io;
	uint16_t	qid, cid;
	bool		eof, finished;		/* the target's end, and ours */
	int		error;			/* why receiving ended, 0: as it ought to */
	int		fes;			/* of its C2HTermReq, 0: none */
	uint8_t		term[128];
	uint32_t	term_len;
	bool		ic;			/* ICResp has come */
	uint64_t	result;			/* of the last completion */
	uint16_t	status;

	/* receiving: a header, then the rest of its PDU */
	uint8_t		hdr[160];
	uint32_t	have, body;
	uint8_t		*sink;			/* where C2HData goes, or NULL */
	uint32_t	sink_len;

	/* where the target must be in our stream; lost: behind a header that ends it */
	uint8_t		ch[12];			/* up to a command's identifier */
	uint32_t	ch_have, left_in_pdu;
	uint8_t		sent[8192];		/* a bit for each identifier that it has read */
	bool		lost;
	bool		touched;		/* something on it was changed */

	struct rec	recs[RECS_MAX];
	uint32_t	nr;
	struct window	win[WINDOWS_MAX];
	uint32_t	nwin;
};

struct host {
	struct conn	admin, io[2];
	uint16_t	cntlid, next_qid;
	bool		hdgst, ddgst;
	char		nqn[64];
	uint32_t	id;			/* the host's, not 0 */
};

/* Shared by the processes */
struct shared {
	uint64_t	cells[KINDS][STATES][VERDICTS];
	uint64_t	next_case, cases, changed, plain, serves, findings, witness_ios;
	bool		stop;
};

struct options {
	unsigned int	port, seed, workers, seconds, factor;
	uint64_t	count, only;
	bool		one, loud;
	int		mode;
	unsigned int	times;
	const char	*nqn;
};

extern struct options opt;
extern struct shared *shared;
extern uint64_t this_case;

/* main.c */
void finding(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void loud(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
uint64_t now_ms(void);

/* An answer that takes longer is a finding. */
static inline uint64_t answer_ms(void)
{
	return 15000ULL * opt.factor;
}

static inline uint64_t rnd(struct rng *r)
{
	uint64_t z = r->s += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static inline uint32_t below(struct rng *r, uint32_t n)
{
	return rnd(r) % n;
}

static inline bool percent(struct rng *r, uint32_t p)
{
	return below(r, 100) < p;
}

#define PICK(r, array)	((array)[below(r, sizeof(array) / sizeof((array)[0]))])

/* pdu.c */
void pdu_digests(const struct conn *c, struct pdu *p);
void pdu_icreq(struct pdu *p, uint8_t digests);
void pdu_connect(const struct conn *c, struct pdu *p, const struct host *h, uint16_t cntlid,
		 uint16_t cid);
void pdu_command(const struct conn *c, struct pdu *p, struct raw_cmd *cmd, uint32_t len,
		 struct rng *fill);
void pdu_h2c(const struct conn *c, struct pdu *p, const struct window *w, uint32_t off,
	     uint32_t len, bool last, struct rng *fill);
void pdu_any(struct conn *c, struct pdu *p, const struct host *h, enum kind kind, struct rng *r);

/* mutate.c */
void mutate(const struct conn *c, struct pdu *p, struct rng *r, bool gentle);

/* conn.c */
bool conn_open(struct conn *c);
void conn_send(struct conn *c, const struct pdu *p, enum state state);
void conn_queue(struct conn *c, const struct pdu *p, uint32_t from, uint32_t to);
void conn_flush(struct conn *c);
struct rec *conn_record(struct conn *c, const struct pdu *p, enum state state);
bool conn_wait(struct conn *c, uint64_t ms, bool (*done)(const struct conn *c));
bool conn_over(const struct conn *c);
bool conn_quiet(const struct conn *c);
bool conn_mid(const struct conn *c);
void conn_end(struct conn *c, unsigned int how);
void conn_settle(struct conn *c);

/* host.c */
bool conn_execute(struct conn *c, struct raw_cmd *cmd, struct rng *fill, uint32_t len);
bool host_handshake(const struct host *h, struct conn *c);
bool host_connect(struct host *h, struct conn *c, uint16_t qid);
bool host_enable(struct host *h, unsigned int queues);
bool host_up(struct host *h, unsigned int queues);
void host_down(struct host *h);
void io_command(struct raw_cmd *cmd, uint8_t opcode, uint32_t nsid, uint64_t slba, uint32_t bytes);

/* script.c */
void run_case(uint64_t number, unsigned int worker);

/* table.c */
void count(const struct rec *rec);
bool print_table(void);

/* witness.c */
void witness(void);

/* cuts.c, crowd.c */
void cuts(void);
void cycles(unsigned int n);
void idle(unsigned int n);
void storm(unsigned int n);
void killed(unsigned int n);

#endif /* KFUZZ_H */
