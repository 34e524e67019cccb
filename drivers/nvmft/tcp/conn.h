/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A TCP connection is one queue pair. One work item, its worker, owns it: the
 * worker alone receives, executes, sends, watches deadlines and takes the
 * connection down. Everybody else leaves a note and wakes it.
 *
 * Lifetimes
 *
 *   connection		from nvmft_tcp_conn_start() to its reap work,
 *				which the worker queues as its last act and which
 *				runs an RCU grace period later, when the worker
 *				has returned: whoever notes and wakes under
 *				rcu_read_lock() is safe
 *   listener			a kref: one until unlisten(), one per connection
 *   socket			from accept to the end of the worker
 *   sk_user_data		set with the socket locked before the worker runs,
 *				cleared by it; callbacks read it under RCU
 *   module			the core pins it while a port is enabled; module
 *				exit waits until the last connection was reaped
 */
#ifndef NVMFT_TCP_CONN_H
#define NVMFT_TCP_CONN_H

#include <linux/atomic.h>
#include <linux/llist.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <net/sock.h>
#include "nvmft.h"
#include "proto/rx.h"
#include "tcp/origin.h"
#include "tcp/slot.h"
#include "tcp/tx.h"

struct nvmft_tcp_listener;

/* Written by nvmft_tcp_conn_set_state() alone */
enum nvmft_tcp_state {
	NVMFT_TCP_NEW,		/* waits for the ICReq */
	NVMFT_TCP_LIVE,
	NVMFT_TCP_CLOSING,	/* drops input, sends what is left, and waits for
				 * the peer's FIN
				 */
	NVMFT_TCP_DEAD,		/* the worker takes it down */
	NVMFT_TCP_STATES,
};

/* conn->wake */
enum nvmft_tcp_wake {
	NVMFT_TCP_IDLE,		/* the worker does not run or is about to end */
	NVMFT_TCP_RUNNING,	/* it works on what it was last told of */
	NVMFT_TCP_PENDING,	/* there is something new */
};

/* Why receiving has stopped before the socket was empty */
enum nvmft_tcp_stop {
	NVMFT_TCP_GO,
	NVMFT_TCP_STOP_BUDGET,	/* sending and others have their turn */
	NVMFT_TCP_STOP_SLOT,	/* a command waits for a slot */
	NVMFT_TCP_STOP_PAGES,	/* rx_slot waits for pages */
	NVMFT_TCP_STOP_DEAD,	/* the receive machine is DEAD */
};

/* Counters of a connection; worker only */
struct nvmft_tcp_stat {
	u64	rx_bytes;
	u64	tx_bytes;
	u64	commands;
	u64	runs;
	u64	passes;
	u64	digest_errors;
};

/**
 * struct nvmft_tcp_conn - a connection
 *
 * @lsn: where it came in, referenced; set before the worker runs, then
 *	read-only, as all down to @write_space
 * @origin: where it comes from, counted there
 * @sock: its socket
 * @peer: the host's address and port
 * @local: the address and port that it connected to
 * @peer_name: @peer as text
 * @data_ready: the socket's own callback, put back before it is released
 * @state_change: likewise
 * @write_space: likewise
 *
 * @wake: enum nvmft_tcp_wake; written by anyone, as all down to @aborts
 * @close: the connection shall end; set once
 * @done: requests that respond() brought back
 * @aborts: requests of Abort commands that look for one of this queue's
 * @work: the worker
 * @cpu: where it is queued next, as all down to @task written by itself alone
 * @urgent: on which workqueue
 * @task: who runs it, NULL while it does not run
 *
 * @sq: the core's part, see nvmft.h
 * @entry: in lsn->conns, under lsn->lock
 * @reap: what is left to do when the worker has ended
 *
 * @timer: wakes the worker; armed by it, maybe for earlier than there is need
 *
 * @name: for messages; worker only, as all that follows
 * @state: enum nvmft_tcp_state
 * @half_open: counted in lsn->half_open and origin->half_open
 * @connected: Connect has succeeded and was taken note of
 * @term: CLOSING for a malformed PDU: nothing but a C2HTermReq is sent
 * @term_staged: it is on its way
 * @said: CLOSING: all was sent, now it is the peer's turn
 * @cut: DEAD: the socket is shut
 * @finished: DEAD: nothing is left but to free it
 * @reset: end by RST: what TCP still holds is of no use to the peer
 * @timed: @deadline counts
 * @deadline: jiffies; what it is for depends on @state
 * @trimmed: there is nothing to give back
 * @trim_at: jiffies
 *
 * @look: the next run looks whether there are more commands than one
 * @runs_left: runs with a command until then
 * @look_again: the same, the next time
 * @more_found: commands beside the first that these runs have found
 *
 * @rx: the receive machine
 * @rx_slot: whose capsule or data is arriving, or NULL
 * @rx_stop: enum nvmft_tcp_stop
 * @rx_starved: there was no memory for what it has stopped for
 * @rx_cmd: a command has arrived in this pass
 * @rx_eof: the peer has closed its side and all was read
 * @rx_read: something was read in this pass
 * @rx_answered: something was sent in the last pass that had read
 * @rx_ack: an ACK was put off for what is sent in this pass
 * @rx_err: the socket's error
 * @rx_crc: running digest of the data of this PDU
 * @rx_left: budget of this pass
 *
 * @tx: sending
 *
 * @slots: @max_slots pointers, NULL where there is no slot
 * @max_slots: as many commands may be in progress
 * @nr_slots: slots that exist
 * @nr_core: slots in CORE
 * @tag: number that the next transfer tag carries
 * @free: slots in FREE
 * @fetch: slots in FETCH, as they arrived
 * @exec: slots in EXEC, as they arrived
 * @fetch_first: which of the two has the first choice of memory
 * @data: bytes of data of commands in progress
 * @reserved: what it has of the budget of all, not less than @data
 *
 * @stat: counters
 */
struct nvmft_tcp_conn {
	struct nvmft_tcp_listener	*lsn;
	struct nvmft_tcp_origin		*origin;
	struct socket			*sock;
	struct sockaddr_storage		peer;
	struct sockaddr_storage		local;
	char				peer_name[NVMFT_ADDR_LEN];
	void	(*data_ready)(struct sock *sk);
	void	(*state_change)(struct sock *sk);
	void	(*write_space)(struct sock *sk);

	atomic_t			wake ____cacheline_aligned_in_smp;
	bool				close;
	struct llist_head		done;
	struct llist_head		aborts;
	struct work_struct		work;
	int				cpu;
	bool				urgent;
	struct task_struct		*task;

	struct nvmft_sq			sq ____cacheline_aligned_in_smp;
	struct list_head		entry;
	struct rcu_work			reap;
	struct timer_list		timer;

	char				name[TASK_COMM_LEN];
	u8				state;
	bool				half_open;
	bool				connected;
	bool				term;
	bool				term_staged;
	bool				said;
	bool				cut;
	bool				finished;
	bool				reset;
	bool				timed;
	bool				trimmed;
	unsigned long			deadline;
	unsigned long			trim_at;
	bool				look;
	u32				runs_left;
	u32				look_again;
	u32				more_found;

	struct nvmft_rx			rx;
	struct nvmft_tcp_slot		*rx_slot;
	u8				rx_stop;
	bool				rx_starved;
	bool				rx_cmd;
	bool				rx_eof;
	bool				rx_read;
	bool				rx_answered;
	bool				rx_ack;
	int				rx_err;
	u32				rx_crc;
	s64				rx_left;

	struct nvmft_tcp_tx		tx;

	struct nvmft_tcp_slot		**slots;
	u32				max_slots;
	u32				nr_slots;
	u32				nr_core;
	u16				tag;
	struct nvmft_tcp_fifo		free;
	struct nvmft_tcp_fifo		fetch;
	struct nvmft_tcp_fifo		exec;
	bool				fetch_first;
	u64				data;
	u64				reserved;

	struct nvmft_tcp_stat		stat;
};

static inline struct nvmft_tcp_conn *nvmft_tcp_conn_of(struct nvmft_sq *sq)
{
	return container_of(sq, struct nvmft_tcp_conn, sq);
}

/* What the worker alone may touch is touched. */
static inline void nvmft_tcp_assert_worker(const struct nvmft_tcp_conn *conn)
{
	WARN_ON_ONCE(current != conn->task);
}

/* conn.c */
/*
 * Start a connection on an accepted socket. The socket, one of max_conns, one of
 * lsn->half_open and one of @origin go from the caller to the connection, on
 * failure they stay.
 */
int nvmft_tcp_conn_start(struct nvmft_tcp_listener *lsn, struct socket *sock,
			 struct nvmft_tcp_origin *origin);
/* There is something new. Any context; the caller keeps @conn from its reap. */
void nvmft_tcp_conn_wake(struct nvmft_tcp_conn *conn);
/* Start to end it. Likewise, idempotent. */
void nvmft_tcp_conn_close(struct nvmft_tcp_conn *conn);
/* Worker only, as all that follows */
void nvmft_tcp_conn_set_state(struct nvmft_tcp_conn *conn, enum nvmft_tcp_state state);
/* @ms are left from now on. */
void nvmft_tcp_conn_set_deadline(struct nvmft_tcp_conn *conn, unsigned int ms);
/* Any state -> DEAD; @reset: by RST; @why: unless it was said before */
void nvmft_tcp_conn_end(struct nvmft_tcp_conn *conn, bool reset, enum nvmft_end why);
/* It is going to end. */
static inline void nvmft_tcp_conn_why(struct nvmft_tcp_conn *conn, enum nvmft_end why)
{
	if (!conn->sq.end)
		conn->sq.end = why;
}

/* It is not half open any more. */
void nvmft_tcp_conn_opened(struct nvmft_tcp_conn *conn);

/* handshake.c */
/* rx holds a checked ICReq. Socket locked. */
void nvmft_tcp_accept_icreq(struct nvmft_tcp_conn *conn);
/* rx holds an H2CTermReq. Socket locked. */
void nvmft_tcp_got_term(struct nvmft_tcp_conn *conn);
/* The receive machine is DEAD: do what its verdict says. */
void nvmft_tcp_fatal(struct nvmft_tcp_conn *conn);
/* LIVE: take note of a Connect that succeeded or an end that was asked for. */
void nvmft_tcp_after_commands(struct nvmft_tcp_conn *conn);
/* CLOSING: say the last word. True: it is to be sent. */
bool nvmft_tcp_closing(struct nvmft_tcp_conn *conn);

/* rx.c */
/* A pass over what the socket holds. True: a further pass has work at once. */
bool nvmft_tcp_recv(struct nvmft_tcp_conn *conn);
/* The pass has sent what it could. */
void nvmft_tcp_recv_end(struct nvmft_tcp_conn *conn, bool answered);

/* digest.c: CRC32C as the wire has it */
u32 nvmft_tcp_digest_init(void);
u32 nvmft_tcp_digest_add(u32 crc, const void *data, u32 len);
__le32 nvmft_tcp_digest_end(u32 crc);
__le32 nvmft_tcp_digest(const void *data, u32 len);
__le32 nvmft_tcp_digest_buf(const struct nvmft_buf *buf);

#endif /* NVMFT_TCP_CONN_H */
