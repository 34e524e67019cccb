/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What nvmft.ko and a transport module share.
 *
 * A transport owns connections. Each queue pair has one worker, a work item of
 * the transport, and every call below that takes a struct nvmft_sq or a request
 * that is not in EXEC is made by that worker alone, so neither needs a lock.
 *
 * A request goes
 *
 *	FREE -> NEW -> DATA -> (HELD) -> EXEC -> DONE -> SEND -> FREE
 *
 * and has one owner at a time: the worker, but for EXEC, where it belongs to
 * the core or a backend until ops->respond() hands it back from any context, and
 * WAIT, before DATA or EXEC, where one is that is over a limit.
 */
#ifndef NVMFT_H
#define NVMFT_H

#include <linux/bvec.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/module.h>
#include <linux/sched/clock.h>
#include <linux/types.h>
#include "nvmft_io.h"
#include "nvmft_stat.h"
#include "proto/sqe.h"

struct nvmft_ana_group;
struct nvmft_ctrl;
struct nvmft_limit;
struct nvmft_multi;
struct nvmft_ns;
struct nvmft_ns_stat;
struct nvmft_req;
struct nvmft_sq;
struct nvmft_tport;

/* Room for "[addr]:port" */
#define NVMFT_ADDR_LEN		(NVMF_TRADDR_SIZE + NVMF_TRSVCID_SIZE + 4)

#define NVMFT_QUEUE_SIZE_MIN	16
#define NVMFT_QUEUE_SIZE_MAX	1024
/* In-capsule data of I/O commands, bytes: default and largest */
#define NVMFT_ICD_DEFAULT	16384
#define NVMFT_ICD_MAX		(256 * 1024)

/**
 * struct nvmft_tport - a port as its transport sees it
 * @portid: 0..65535
 * @trtype: NVMF_TRTYPE_*
 * @adrfam: NVMF_ADDR_FAMILY_*
 * @traddr: address, NUL terminated
 * @trsvcid: service id (TCP port), NUL terminated
 * @icd_size: in-capsule data of I/O commands, bytes, 0..NVMFT_ICD_MAX
 * @max_queue_size: entries of an I/O queue, NVMFT_QUEUE_SIZE_MIN.._MAX
 * @priv: the transport's listener, between listen() and unlisten()
 * @stat: counters
 *
 * All but @priv and @stat are set before listen() and do not change until unlisten().
 */
struct nvmft_tport {
	u16	portid;
	u8	trtype;
	u8	adrfam;
	char	traddr[NVMF_TRADDR_SIZE + 1];
	char	trsvcid[NVMF_TRSVCID_SIZE + 1];
	u32	icd_size;
	u16	max_queue_size;
	void	*priv;
	struct nvmft_port_stat	stat;
};

static inline void nvmft_port_count(struct nvmft_tport *port, enum nvmft_port_event event)
{
	atomic64_inc(&port->stat.event[event]);
}

/**
 * struct nvmft_transport_ops - what a transport does for the core
 * @owner: module, pinned while a port is enabled
 * @trtype: NVMF_TRTYPE_*
 * @listen: start to accept connections. May sleep. 0 or a negative errno, with
 *	one line in the log that says which address failed and why.
 * @unlisten: stop accepting and start the end of every connection of this
 *	port. May sleep. After it returns no new connection calls
 *	nvmft_sq_init() with this port; those that exist end on their own.
 * @respond: @req goes back to its worker. DONE: send its data if it has any,
 *	then its CQE, then nvmft_req_release(). EXEC: nvmft_req_resume(), also
 *	while the queue is being closed. WAIT: the same, but nvmft_req_release() then. Any
 *	context, may not sleep. The caller does not touch @req afterwards.
 * @close: start to end this queue's connection. Any context, idempotent.
 * @abort: find the command that @abort names on @sq, in the worker of @sq, and
 *	end with nvmft_abort_done(). Process or softirq context, may not sleep.
 *	The caller makes sure that @sq lives (ctrl->lock).
 * @peer_addr: the host's address and port as text. May not sleep.
 * @local_addr: the address that the host connected to, without the port, for
 *	the discovery log of a wildcard listener. May not sleep.
 */
struct nvmft_transport_ops {
	struct module	*owner;
	u8		trtype;
	int	(*listen)(struct nvmft_tport *port);
	void	(*unlisten)(struct nvmft_tport *port);
	void	(*respond)(struct nvmft_req *req);
	void	(*close)(struct nvmft_sq *sq);
	void	(*abort)(struct nvmft_sq *sq, struct nvmft_req *abort);
	void	(*peer_addr)(struct nvmft_sq *sq, char *buf, size_t len);
	void	(*local_addr)(struct nvmft_sq *sq, char *buf, size_t len);
};

/*
 * Data pages of a queue, kept for the next request instead of being freed and
 * zeroed again. A page that TCP may still send has further references and is
 * not taken before they are gone. Worker only.
 */
struct nvmft_magazine {
	struct page	**ring;
	u16		head;	/* next to take */
	u16		count;
};

/* Magazine 0 holds single pages, 1 holds compound pages of this order */
#define NVMFT_BUF_ORDER		3
#define NVMFT_NR_MAGAZINES	2

/**
 * struct nvmft_sq - a queue pair, embedded in the transport's connection
 * @port: port it came in by; set by nvmft_sq_init(), then read-only
 * @ops: its transport; likewise
 * @ctrl: its controller; set by Connect in the worker, then read-only
 * @qid: 0: admin; set by Connect
 * @size: entries, 1's based; set by Connect
 * @qt: enum nvmft_qtype; NVMFT_Q_NEW until Connect has succeeded
 * @flow: SQ flow control is on
 * @ending: a refused Connect or a Disconnect: the transport closes as soon as
 *	all responses have been sent. Worker only.
 * @sqhd: head as reported last. Worker only.
 * @icd_max: in-capsule data that the next command may carry. Worker only.
 * @cids: command identifiers in flight, 64 Ki bits. Worker only.
 * @mag: page magazines. Worker only.
 * @fuse: enum nvmft_fuse_held. Worker only.
 * @first: the first half that waits for its second, with NVMFT_FUSE_HELD
 * @held: requests in HELD. Worker only.
 * @parked: requests in WAIT, by wait.parked. Worker only.
 * @last_seen: jiffies of the last command (keep alive). Worker writes.
 * @nr_reqs: requests that are not FREE. Worker writes.
 * @busy_since: jiffies when @nr_reqs was 0 last. Worker writes.
 * @now: local_clock() when the worker has looked last. Worker only.
 * @stat: counters. Worker writes.
 * @cpu: where the worker was queued last; the transport writes, as all down to @end
 * @hdgst: header digests are on; set before Connect
 * @ddgst: data digests are on; likewise
 * @end: enum nvmft_end, before nvmft_sq_close(); NONE: ops->close() was called
 * @entry: in ctrl->sqs, under ctrl->lock
 */
struct nvmft_sq {
	struct nvmft_tport			*port;
	const struct nvmft_transport_ops	*ops;

	struct nvmft_ctrl	*ctrl;
	u16			qid;
	u16			size;
	u8			qt;
	bool			flow;

	bool			ending;
	u16			sqhd;
	u32			icd_max;
	unsigned long		*cids;
	struct nvmft_magazine	mag[NVMFT_NR_MAGAZINES];
	u8			fuse;
	struct nvmft_req	*first;
	struct list_head	held;
	struct list_head	parked;

	unsigned long		last_seen;
	u32			nr_reqs;
	unsigned long		busy_since;
	u64			now;
	struct nvmft_sq_stat	stat;

	int			cpu;
	bool			hdgst;
	bool			ddgst;
	u8			end;

	struct list_head	entry;
};

#define NVMFT_BUF_INLINE	4

/**
 * struct nvmft_buf - data pages of one request
 * @bvec: @nr ranges, @len bytes in all; NULL: no pages
 * @nr: entries of @bvec
 * @len: bytes
 * @small: the table of a small buffer
 */
struct nvmft_buf {
	struct bio_vec	*bvec;
	u32		nr;
	u32		len;
	struct bio_vec	small[NVMFT_BUF_INLINE];
};

enum nvmft_req_state {
	NVMFT_REQ_FREE,	/* in the transport's pool */
	NVMFT_REQ_NEW,	/* SQE copied, being judged */
	NVMFT_REQ_DATA,	/* waits for data of the host; owner: worker */
	NVMFT_REQ_HELD,	/* half of a fused operation, waits for the other */
	NVMFT_REQ_EXEC,	/* core or backend; the worker may not touch it */
	NVMFT_REQ_DONE,	/* CQE made, on its way to the worker */
	NVMFT_REQ_SEND,	/* worker sends it */
	NVMFT_REQ_WAIT,	/* over a limit: the core's until its turn comes */
	NVMFT_REQ_NR,
};

/* What the worker does with a request next */
enum nvmft_next {
	NVMFT_NEXT_DONE,	/* refused or ended: send its response */
	NVMFT_NEXT_DATA,	/* fetch req->len bytes from the host */
	NVMFT_NEXT_EXEC,	/* call nvmft_req_execute() when the socket is unlocked */
	NVMFT_NEXT_HELD,	/* nothing: it is the core's, which gives it back by
				 * ops->respond()
				 */
};

/**
 * struct nvmft_wait - what a request in WAIT waits for
 * @entry: in @limit's list of those that wait, under its lock; empty: on its way back
 * @parked: in sq->parked. Worker only.
 * @limit: whose turn it is
 * @since: when it began, ns
 * @bytes: that it counts for
 */
struct nvmft_wait {
	struct list_head	entry;
	struct list_head	parked;
	struct nvmft_limit	*limit;
	u64			since;
	u64			bytes;
};

/* No command identifier: outside of its 16 bits */
#define NVMFT_CID_NONE		0x10000U

/**
 * struct nvmft_req - one command, embedded in a transport's slot
 * @sq: its queue; set when the slot is made
 * @sqe: private copy of the host's SQE; filled by the transport before start
 * @cqe: response; SQHD is filled in when it is sent
 * @state: enum nvmft_req_state, written by nvmft_req_set_state() alone
 * @dir: enum nvmft_dir of its data
 * @len: bytes of data to move, 0 without
 * @extra: bytes of pages that its execution takes beside @len, for the books of
 *	the transport
 * @icd_len: bytes of in-capsule data; filled by the transport before start
 * @status: as in the CQE before the shift; valid from DONE on
 * @loc: Parameter Error Location for the error log, FFFFh: none
 * @cid: command identifier held in sq->cids, or NVMFT_CID_NONE
 * @buf: data pages
 * @gate: enum nvmft_gate: how it was let at the blocks of its namespace
 * @doom: of a command of several parts: status to end with instead, or 0
 * @mate: the other half, or NULL
 * @held: link in sq->held
 * @multi: what a command of several steps remembers, or NULL
 * @done: link for the transport while DONE and SEND
 * @desc: row of the command
 * @born: sq->now when it began
 * @ns_stat: counters of its namespace, which the subsystem keeps, or NULL
 * @ns: namespace, referenced, or NULL
 * @ana: ANA group that it is executed in, referenced, or NULL
 * @io: operation on the backing device
 * @wait: while WAIT, instead of @io
 */
struct nvmft_req {
	struct nvmft_sq			*sq;
	struct nvme_command		sqe;
	struct nvme_completion		cqe;
	u8				state;
	u8				dir;
	u16				status;
	u16				loc;
	u16				doom;
	u8				gate;
	u32				cid;
	u32				len;
	u32				extra;
	u32				icd_len;
	struct llist_node		done;
	const struct nvmft_opdesc	*desc;
	u64				born;
	struct nvmft_ns_stat		*ns_stat;
	struct nvmft_ns			*ns;
	struct nvmft_ana_group		*ana;
	struct nvmft_req		*mate;
	struct nvmft_multi		*multi;
	struct list_head		held;
	struct nvmft_buf		buf;
	union {
		struct nvmft_io		io;
		struct nvmft_wait	wait;
	};
};

/* Transports. Both may sleep. */
int nvmft_transport_register(const struct nvmft_transport_ops *ops);
/* No port of this transport is enabled any more. */
void nvmft_transport_unregister(const struct nvmft_transport_ops *ops);

/**
 * nvmft_sq_init() - a connection was accepted
 * @sq: zeroed
 * @port: where; the queue holds a reference until nvmft_sq_destroy()
 * @ops: the transport
 *
 * May sleep. Return: 0 or -ENOMEM.
 */
int nvmft_sq_init(struct nvmft_sq *sq, struct nvmft_tport *port,
		  const struct nvmft_transport_ops *ops);

/**
 * nvmft_sq_close() - the connection ends; first step
 * @sq: the queue
 *
 * Worker, may sleep. Takes the queue out of its controller (ops->abort() and
 * ops->close() are not called any more when it returns), ends the controller if
 * this was the admin queue, and completes commands that wait in the core (Async
 * Event Requests). After it the worker releases what it owns itself and waits
 * for the requests in EXEC, each of which comes back by ops->respond().
 */
void nvmft_sq_close(struct nvmft_sq *sq);

/**
 * nvmft_sq_destroy() - the connection has ended; every request is FREE
 * @sq: the queue; its memory is the transport's
 *
 * Worker (or the path that failed to start one), may sleep.
 */
void nvmft_sq_destroy(struct nvmft_sq *sq);

/* Controller id of a connected queue (sq->qt is not NVMFT_Q_NEW), for names. */
u16 nvmft_sq_cntlid(const struct nvmft_sq *sq);

/* Give kept pages back to the system. Worker of an idle queue. */
void nvmft_sq_trim(struct nvmft_sq *sq);

/* Commands arrived: the host lives. @now: jiffies */
static inline void nvmft_sq_seen(struct nvmft_sq *sq, unsigned long now)
{
	WRITE_ONCE(sq->last_seen, now);
}

/*
 * Look at the clock: before commands are started, and before their responses are
 * made. One look serves all of a pass.
 */
static inline void nvmft_sq_look(struct nvmft_sq *sq)
{
	sq->now = local_clock();
}

/**
 * nvmft_req_start() - judge a command
 * @req: a FREE request with sq, sqe and icd_len filled
 *
 * Worker; does not sleep, allocates nothing: may be called with the socket
 * locked. Everything that can be refused without the data is refused here.
 *
 * Return: enum nvmft_next. With NVMFT_NEXT_DATA the transport gets pages by
 * nvmft_req_buf() and fills them, and then calls nvmft_req_data_done(). With
 * NVMFT_NEXT_DONE any in-capsule data is to be dropped; with _HELD there is none.
 */
enum nvmft_next nvmft_req_start(struct nvmft_req *req);

/**
 * nvmft_req_buf() - pages for req->len bytes
 * @req: NEW or DATA
 * @gfp: GFP_NOWAIT | __GFP_NOWARN under the socket lock, else GFP_NOIO
 *
 * Worker. Return: 0 or -ENOMEM (nothing is held then).
 */
int nvmft_req_buf(struct nvmft_req *req, gfp_t gfp);

/**
 * nvmft_req_data_done() - the host's data is here, or will not come
 * @req: in DATA
 * @status: 0, or why the command ends without being executed
 *
 * Worker; does not sleep. Return: NVMFT_NEXT_EXEC, _HELD or _DONE.
 */
enum nvmft_next nvmft_req_data_done(struct nvmft_req *req, u16 status);

/**
 * nvmft_req_execute() - carry out a command
 * @req: in EXEC; not touched by the caller afterwards
 *
 * Worker, socket not locked; may sleep. Ends in ops->respond(), possibly before
 * it returns.
 */
void nvmft_req_execute(struct nvmft_req *req);

/* Does another request, which has its data, wait for the data of this one? Worker. */
static inline bool nvmft_req_awaited(const struct nvmft_req *req)
{
	return req->mate && req->mate->state == NVMFT_REQ_HELD;
}

/*
 * Go on with a command that came back by ops->respond(). In EXEC, as execute; returns
 * NVMFT_NEXT_HELD. In WAIT, as nvmft_req_start(), and not while the queue is being closed.
 */
enum nvmft_next nvmft_req_resume(struct nvmft_req *req);

/* SEND begins: returns the CQE with SQHD filled in. Worker. */
const struct nvme_completion *nvmft_req_cqe(struct nvmft_req *req);

/**
 * nvmft_req_release() - the worker is finished with a request
 * @req: NEW, DATA, an EXEC that was never executed, WAIT, DONE or SEND; FREE afterwards
 *
 * Worker; does not sleep. Frees pages and references.
 */
void nvmft_req_release(struct nvmft_req *req);

/**
 * nvmft_req_abort() - may a command that the core has still be stopped?
 * @req: a request of the caller's own queue, HELD, WAIT or passed to execute
 *
 * Worker. Return: true: it ends, through ops->respond(), with Command Abort
 * Requested; false: it goes on.
 */
bool nvmft_req_abort(struct nvmft_req *req);

/* The outcome of ops->abort(). @abort is not touched afterwards. Any context. */
void nvmft_abort_done(struct nvmft_req *abort, bool aborted);

#endif /* NVMFT_H */
