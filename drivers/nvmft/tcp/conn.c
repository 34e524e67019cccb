// SPDX-License-Identifier: GPL-2.0
/*
 * Connections: the worker, what wakes it, and the end.
 *
 * A worker that runs is not queued again; it looks once more before it returns.
 * conn->wake says which of the two holds: who has left a note exchanges it for
 * PENDING and queues the worker only where it was IDLE. The worker exchanges it
 * for RUNNING before it looks for notes, and returns only where it can turn
 * RUNNING into IDLE.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include "tcp/budget.h"
#include "tcp/conn.h"
#include "tcp/listen.h"
#include "tcp/tcp.h"
#include "tcp/trace.h"

/* An idle connection gives its kept memory back after so many seconds. */
#define TRIM_SECS	10
/* Memory for a slot is asked for again after this. */
#define STARVED_RETRY	(HZ / 10)
/* TCP had no memory, and no ACK will come that tells of more. */
#define TX_RETRY	1
/* Passes of a run: then others on this CPU have their turn. */
#define PASSES		4
/* Runs with commands between two looks at what kind of host this is, at first and at most */
#define LOOK_FIRST	8U
#define LOOK_MIN	64U
#define LOOK_MAX	4096U
/* How long such a look waits for a second command, us */
#define LOOK_US		30
/* After such a pause a host may have become another. */
#define PAUSE		(HZ / 4)

static const u8 state_edges[NVMFT_TCP_STATES] = {
	[NVMFT_TCP_NEW]		= BIT(NVMFT_TCP_LIVE) | BIT(NVMFT_TCP_CLOSING) |
				  BIT(NVMFT_TCP_DEAD),
	[NVMFT_TCP_LIVE]	= BIT(NVMFT_TCP_CLOSING) | BIT(NVMFT_TCP_DEAD),
	[NVMFT_TCP_CLOSING]	= BIT(NVMFT_TCP_DEAD),
};

void nvmft_tcp_conn_set_state(struct nvmft_tcp_conn *conn, enum nvmft_tcp_state state)
{
	nvmft_tcp_assert_worker(conn);
	WARN_ON_ONCE(!(state_edges[conn->state] & BIT(state)));
	trace_nvmft_tcp_state(conn, state);
	conn->state = state;
}

void nvmft_tcp_conn_end(struct nvmft_tcp_conn *conn, bool reset, enum nvmft_end why)
{
	if (conn->state == NVMFT_TCP_DEAD)
		return;
	conn->reset = reset;
	nvmft_tcp_conn_why(conn, why);
	nvmft_tcp_conn_set_state(conn, NVMFT_TCP_DEAD);
}

void nvmft_tcp_conn_set_deadline(struct nvmft_tcp_conn *conn, unsigned int ms)
{
	conn->timed = true;
	conn->deadline = jiffies + msecs_to_jiffies(ms);
}

void nvmft_tcp_conn_opened(struct nvmft_tcp_conn *conn)
{
	if (!conn->half_open)
		return;
	conn->half_open = false;
	atomic_dec(&conn->lsn->half_open);
	nvmft_tcp_origin_opened(conn->origin);
}

/* Where TCP processes the packets of this flow, its data is in the cache. */
static void conn_queue(struct nvmft_tcp_conn *conn)
{
	queue_work_on(READ_ONCE(conn->cpu),
		      READ_ONCE(conn->urgent) ? nvmft_tcp_urgent_wq : nvmft_tcp_io_wq, &conn->work);
}

/*
 * A host that waits for each command is answered at once: the worker preempts
 * what else this CPU does, and shares a thread with others that do, which spares
 * two switches. A host that keeps many commands in progress is better served if
 * the next few arrive before the worker begins: it has the priority of everybody
 * else then.
 *
 * A worker that answers at once finds one command at a time in either case. So
 * where runs do not show that there are more, one waits a moment before it
 * begins, and its next look comes the later the more often there were none.
 */
static void choose_urgency(struct nvmft_tcp_conn *conn, u64 commands, bool looked)
{
	if (!commands)
		return;
	conn->more_found += commands - 1;
	if (!looked && (conn->look || --conn->runs_left))
		return;
	if (conn->more_found >= (looked ? 1 : LOOK_MIN / 2)) {
		WRITE_ONCE(conn->urgent, false);
		conn->look_again = LOOK_MIN;
		conn->runs_left = LOOK_MIN;
	} else if (looked) {
		WRITE_ONCE(conn->urgent, true);
		conn->runs_left = conn->look_again;
		conn->look_again = min(2 * conn->look_again, LOOK_MAX);
	}
	conn->look = !conn->runs_left;
	conn->more_found = 0;
}

/* Commands have arrived. */
static void note_commands(struct nvmft_tcp_conn *conn)
{
	unsigned long now = jiffies;

	conn->rx_cmd = false;
	if (unlikely(time_after(now, conn->sq.last_seen + PAUSE))) {
		conn->look_again = LOOK_MIN;
		conn->runs_left = min(conn->runs_left, LOOK_FIRST);
	}
	nvmft_sq_seen(&conn->sq, now);
	conn->trimmed = false;
	conn->trim_at = now + TRIM_SECS * HZ;
}

void nvmft_tcp_conn_wake(struct nvmft_tcp_conn *conn)
{
	if (atomic_xchg(&conn->wake, NVMFT_TCP_PENDING) == NVMFT_TCP_IDLE)
		conn_queue(conn);
}

void nvmft_tcp_conn_close(struct nvmft_tcp_conn *conn)
{
	WRITE_ONCE(conn->close, true);
	nvmft_tcp_conn_wake(conn);
}

/* The state of the socket is for the worker to look at. */
static void sock_event(struct sock *sk)
{
	struct nvmft_tcp_conn *conn;

	rcu_read_lock();
	conn = rcu_dereference_sk_user_data(sk);
	if (likely(conn))
		nvmft_tcp_conn_wake(conn);
	rcu_read_unlock();
}

static void sock_write_space(struct sock *sk)
{
	struct nvmft_tcp_conn *conn;

	if (!sk_stream_is_writeable(sk))
		return;
	rcu_read_lock();
	conn = rcu_dereference_sk_user_data(sk);
	if (likely(conn)) {
		clear_bit(SOCK_NOSPACE, &conn->sock->flags);
		nvmft_tcp_conn_wake(conn);
	}
	rcu_read_unlock();
}

/*
 * TCP calls back with the socket locked: who finds our callbacks finds our data,
 * not the listener's, which an accepted socket has inherited.
 */
static void sock_attach(struct nvmft_tcp_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	lock_sock(sk);
	write_lock_bh(&sk->sk_callback_lock);
	/* What an accepted socket has there is its listener's. */
	conn->data_ready = conn->lsn->data_ready;
	conn->state_change = sk->sk_state_change;
	conn->write_space = sk->sk_write_space;
	rcu_assign_sk_user_data(sk, conn);
	sk->sk_data_ready = sock_event;
	sk->sk_state_change = sock_event;
	sk->sk_write_space = sock_write_space;
	write_unlock_bh(&sk->sk_callback_lock);
	release_sock(sk);
}

static void sock_detach(struct nvmft_tcp_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	rcu_assign_sk_user_data(sk, NULL);
	sk->sk_data_ready = conn->data_ready;
	sk->sk_state_change = conn->state_change;
	sk->sk_write_space = conn->write_space;
	write_unlock_bh(&sk->sk_callback_lock);
}

static void follow_flow(struct nvmft_tcp_conn *conn)
{
	int cpu = READ_ONCE(conn->sock->sk->sk_incoming_cpu);

	if (unlikely(cpu != conn->cpu) && cpu >= 0 && cpu_online(cpu)) {
		WRITE_ONCE(conn->cpu, cpu);
		WRITE_ONCE(conn->sq.cpu, cpu);
	}
}

static void trim(struct nvmft_tcp_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	/* Commands that are still in progress leave something to give back, too. */
	conn->trimmed = !conn->data;
	conn->trim_at = jiffies + TRIM_SECS * HZ;
	nvmft_tcp_slots_trim(conn);
	nvmft_sq_trim(&conn->sq);
	nvmft_tcp_budget_trim(conn);
	/* TCP keeps up to 32 KiB to copy control bytes to. */
	lock_sock(sk);
	if (sk->sk_frag.page) {
		put_page(sk->sk_frag.page);
		sk->sk_frag.page = NULL;
	}
	release_sock(sk);
}

static void check_deadline(struct nvmft_tcp_conn *conn)
{
	static const char * const what[NVMFT_TCP_STATES] = {
		[NVMFT_TCP_NEW]		= "no ICReq in time",
		[NVMFT_TCP_LIVE]	= "no Connect in time",
		[NVMFT_TCP_CLOSING]	= "host does not close the connection",
		[NVMFT_TCP_DEAD]	= "",
	};

	if (conn->timed && time_after_eq(jiffies, conn->deadline)) {
		nvmft_tcp_warn(conn, "%s\n", what[conn->state]);
		nvmft_tcp_conn_end(conn, true, NVMFT_END_TIMEOUT);
	}
	if (!conn->trimmed && time_after_eq(jiffies, conn->trim_at))
		trim(conn);
}

/* What the socket says beside data */
static void check_sock(struct nvmft_tcp_conn *conn)
{
	if (unlikely(conn->rx_stop == NVMFT_TCP_STOP_DEAD))
		nvmft_tcp_fatal(conn);
	if (unlikely(conn->rx_err))
		nvmft_tcp_conn_end(conn, true, conn->rx_err == EPROTO ? NVMFT_END_PROTOCOL :
								NVMFT_END_LOST);
	/* Who has closed his side still gets the last word of a graceful end. */
	if (unlikely(conn->rx_eof && (conn->state != NVMFT_TCP_CLOSING || conn->said)))
		nvmft_tcp_conn_end(conn, false, NVMFT_END_CLOSED);
}

/* To be executed, or for their data */
static bool commands_wait(const struct nvmft_tcp_conn *conn)
{
	return conn->exec.first || conn->fetch.first;
}

/* Everything there is to do, once. True: there is more to do at once. */
static bool conn_pass(struct nvmft_tcp_conn *conn)
{
	u64 sent = conn->tx.sent;
	bool more;

	conn->stat.passes++;
	if (READ_ONCE(conn->close))
		nvmft_tcp_conn_end(conn, true, NVMFT_END_NONE);
	check_deadline(conn);
	if (conn->state == NVMFT_TCP_DEAD)
		return false;

	more = nvmft_tcp_recv(conn);
	if (conn->rx_cmd)
		note_commands(conn);
	check_sock(conn);
	if (conn->state == NVMFT_TCP_DEAD)
		return false;

	if (commands_wait(conn))
		nvmft_tcp_execute(conn);
	if (unlikely(!llist_empty(&conn->aborts)))
		nvmft_tcp_run_aborts(conn, true);
	if (!llist_empty(&conn->done))
		nvmft_tcp_collect(conn);
	if (unlikely(!conn->connected || conn->sq.ending) && conn->state == NVMFT_TCP_LIVE)
		nvmft_tcp_after_commands(conn);

	more |= nvmft_tcp_send(conn);
	nvmft_tcp_recv_end(conn, conn->tx.sent != sent);
	if (conn->state == NVMFT_TCP_CLOSING) {
		more |= nvmft_tcp_closing(conn);
		check_sock(conn);
	}
	return more || (commands_wait(conn) && nvmft_tcp_executable(conn)) ||
	       !llist_empty(&conn->done);
}

static void conn_timer(struct timer_list *timer)
{
	nvmft_tcp_conn_wake(container_of(timer, struct nvmft_tcp_conn, timer));
}

static unsigned long sooner(unsigned long a, unsigned long b)
{
	return time_before(a, b) ? a : b;
}

/*
 * Have the worker run when something is due. What is due moves on with every
 * command, so a timer that goes off too early is left alone.
 */
static void arm_timer(struct nvmft_tcp_conn *conn)
{
	unsigned long now = jiffies, never = now + MAX_JIFFY_OFFSET, at = never;

	if (conn->timed)
		at = conn->deadline;
	if (!conn->trimmed)
		at = sooner(at, conn->trim_at);
	if (unlikely(conn->rx_starved))
		at = sooner(at, now + STARVED_RETRY);
	if (unlikely(conn->tx.starved))
		at = sooner(at, now + TX_RETRY);
	if (at == never || (timer_pending(&conn->timer) && !time_before(at, conn->timer.expires)))
		return;
	mod_timer(&conn->timer, at);
}

/* DEAD: the first step down. From here on nothing comes in and nothing goes out. */
static void conn_cut(struct nvmft_tcp_conn *conn)
{
	conn->cut = true;
	timer_delete_sync(&conn->timer);
	sock_detach(conn);
	if (conn->reset)
		sock_no_linger(conn->sock->sk);
	kernel_sock_shutdown(conn->sock, SHUT_RDWR);
	nvmft_sq_close(&conn->sq);
	nvmft_tcp_slots_drop(conn, ~(BIT(NVMFT_TCP_FREE) | BIT(NVMFT_TCP_CORE)));
}

/* All that the core had came back by respond(). */
static void conn_finish(struct nvmft_tcp_conn *conn)
{
	const struct nvmft_tcp_stat *stat = &conn->stat;

	nvmft_sq_destroy(&conn->sq);
	sock_release(conn->sock);
	nvmft_tcp_slots_exit(conn);
	nvmft_tcp_budget_trim(conn);
	nvmft_tcp_tx_exit(&conn->tx);
	nvmft_tcp_conn_opened(conn);
	pr_debug("%s: %s: ended: %llu commands, %llu bytes in, %llu out, %llu runs, %llu passes, %llu digest errors\n",
		 conn->name, conn->peer_name, stat->commands, stat->rx_bytes, stat->tx_bytes,
		 stat->runs, stat->passes, stat->digest_errors);
	queue_rcu_work(nvmft_tcp_wq, &conn->reap);
}

/* A pass in state DEAD. True: there is more to do at once. */
static bool conn_take_down(struct nvmft_tcp_conn *conn)
{
	if (!conn->cut)
		conn_cut(conn);
	nvmft_tcp_run_aborts(conn, false);
	nvmft_tcp_collect(conn);
	if (conn->nr_core)
		/* What was resumed may have ended at once, without waking us. */
		return !llist_empty(&conn->done);
	conn->finished = true;
	conn_finish(conn);
	return false;
}

static bool conn_step(struct nvmft_tcp_conn *conn)
{
	bool more;

	if (conn->state != NVMFT_TCP_DEAD) {
		more = conn_pass(conn);
		if (conn->state != NVMFT_TCP_DEAD)
			return more;
	}
	return conn_take_down(conn);
}

/* A run for a completion is none in which a host could be seen. */
static bool rx_empty(const struct nvmft_tcp_conn *conn)
{
	return skb_queue_empty_lockless(&conn->sock->sk->sk_receive_queue);
}

/*
 * A run of the worker. It may not touch the connection any more once it has
 * turned to IDLE or was finished, but for the work item's own sake: the
 * connection is reaped only when this function has returned.
 */
static void conn_work(struct work_struct *work)
{
	struct nvmft_tcp_conn *conn = container_of(work, struct nvmft_tcp_conn, work);
	/* Writing back dirty pages may need this very connection. */
	unsigned int flags = memalloc_noio_save();
	u64 commands = conn->stat.commands;
	bool looked = conn->look && !rx_empty(conn);
	int pass;

	conn->stat.runs++;
	WRITE_ONCE(conn->task, current);
	follow_flow(conn);
	if (unlikely(looked))
		usleep_range(LOOK_US, 2 * LOOK_US);
	for (pass = 0; ; pass++) {
		bool more;

		if (pass == PASSES) {
			/* Still PENDING or RUNNING, so nobody else queues it. */
			choose_urgency(conn, conn->stat.commands - commands, looked);
			WRITE_ONCE(conn->task, NULL);
			conn_queue(conn);
			break;
		}
		atomic_xchg(&conn->wake, NVMFT_TCP_RUNNING);
		more = conn_step(conn);
		if (conn->finished) {
			WRITE_ONCE(conn->task, NULL);
			break;
		}
		if (more)
			continue;
		if (!conn->cut)
			arm_timer(conn);
		choose_urgency(conn, conn->stat.commands - commands, looked);
		commands = conn->stat.commands;
		looked = false;
		WRITE_ONCE(conn->task, NULL);
		if (atomic_cmpxchg(&conn->wake, NVMFT_TCP_RUNNING, NVMFT_TCP_IDLE) ==
		    NVMFT_TCP_RUNNING)
			break;
		WRITE_ONCE(conn->task, current);
	}
	memalloc_noio_restore(flags);
}

static void conn_reap(struct work_struct *work)
{
	struct nvmft_tcp_conn *conn =
		container_of(to_rcu_work(work), struct nvmft_tcp_conn, reap);
	struct nvmft_tcp_listener *lsn = conn->lsn;

	spin_lock(&lsn->lock);
	list_del(&conn->entry);
	spin_unlock(&lsn->lock);
	/* It has left our code, or is about to. */
	cancel_work_sync(&conn->work);
	nvmft_tcp_origin_put(conn->origin);
	kfree(conn);
	nvmft_tcp_listener_put(lsn);
	nvmft_tcp_uncount_conn();
}

static struct nvmft_tcp_conn *conn_alloc(struct nvmft_tcp_listener *lsn, struct socket *sock,
					 struct nvmft_tcp_origin *origin)
{
	static atomic_t number;
	struct nvmft_tcp_conn *conn = kzalloc_obj(*conn, GFP_KERNEL);

	if (!conn)
		return NULL;
	conn->lsn = lsn;
	conn->origin = origin;
	conn->sock = sock;
	conn->half_open = true;
	conn->cpu = WORK_CPU_UNBOUND;
	/* Notes before its first run need not queue it. */
	atomic_set(&conn->wake, NVMFT_TCP_PENDING);
	INIT_WORK(&conn->work, conn_work);
	timer_setup(&conn->timer, conn_timer, 0);
	init_llist_head(&conn->done);
	init_llist_head(&conn->aborts);
	conn->runs_left = LOOK_FIRST;
	conn->look_again = LOOK_MIN;
	INIT_RCU_WORK(&conn->reap, conn_reap);
	snprintf(conn->name, sizeof(conn->name), "nvmft/h%u",
		 (unsigned int)atomic_inc_return(&number) % 10000000);
	return conn;
}

/* What has come by IPv4 to [::] is named as its host names it. */
static void unmap_v4(struct sockaddr_storage *addr)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)addr;
	struct sockaddr_in v4 = { .sin_family = AF_INET };

	if (v6->sin6_family != AF_INET6 || !ipv6_addr_v4mapped(&v6->sin6_addr))
		return;
	v4.sin_port = v6->sin6_port;
	v4.sin_addr.s_addr = v6->sin6_addr.s6_addr32[3];
	memcpy(addr, &v4, sizeof(v4));
}

/* A peer that is gone already has no address. */
static int conn_addresses(struct nvmft_tcp_conn *conn)
{
	int err;

	err = kernel_getpeername(conn->sock, (struct sockaddr *)&conn->peer);
	if (err >= 0)
		err = kernel_getsockname(conn->sock, (struct sockaddr *)&conn->local);
	if (err < 0)
		return err;
	unmap_v4(&conn->peer);
	unmap_v4(&conn->local);
	snprintf(conn->peer_name, sizeof(conn->peer_name), "%pISpc", &conn->peer);
	return 0;
}

int nvmft_tcp_conn_start(struct nvmft_tcp_listener *lsn, struct socket *sock,
			 struct nvmft_tcp_origin *origin)
{
	struct nvmft_tcp_conn *conn = conn_alloc(lsn, sock, origin);
	int err;

	if (!conn)
		return -ENOMEM;
	err = conn_addresses(conn);
	if (err)
		goto out_free_conn;
	err = nvmft_tcp_tx_init(&conn->tx);
	if (err)
		goto out_free_conn;
	err = nvmft_tcp_slots_init(conn);
	if (err)
		goto out_exit_tx;
	err = nvmft_sq_init(&conn->sq, lsn->port, &nvmft_tcp_ops);
	if (err)
		goto out_exit_slots;
	nvmft_rx_init(&conn->rx, conn->sq.icd_max);
	nvmft_tcp_conn_set_deadline(conn, nvmft_tcp_param(&nvmft_tcp_icreq_timeout_ms));
	conn->trim_at = jiffies + TRIM_SECS * HZ;

	kref_get(&lsn->ref);
	spin_lock(&lsn->lock);
	list_add(&conn->entry, &lsn->conns);
	spin_unlock(&lsn->lock);
	sock_attach(conn);
	conn_queue(conn);
	return 0;

out_exit_slots:
	nvmft_tcp_slots_exit(conn);
out_exit_tx:
	nvmft_tcp_tx_exit(&conn->tx);
out_free_conn:
	kfree(conn);
	return err;
}
