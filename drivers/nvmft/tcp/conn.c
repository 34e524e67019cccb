// SPDX-License-Identifier: GPL-2.0
/*
 * Connections: the worker, what wakes it, and the end.
 *
 * A worker that runs is not woken; it looks once more before it sleeps. conn->
 * wake says which of the two holds: who has left a note exchanges it for
 * PENDING and wakes the worker only where it was IDLE. The worker exchanges it
 * for RUNNING before it looks for notes, and goes to sleep only where it can
 * turn RUNNING into IDLE, having set its task state before that.
 */
#include <linux/kthread.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include "tcp/conn.h"
#include "tcp/tcp.h"

/* An idle connection gives its kept memory back after so many seconds. */
#define TRIM_SECS	10
/* Memory for a slot is asked for again after this. */
#define STARVED_RETRY	(HZ / 10)
/* The flow's CPU is compared with the worker's no more often than this. */
#define CPU_CHECK	(HZ / 10)

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
	conn->state = state;
}

void nvmft_tcp_conn_end(struct nvmft_tcp_conn *conn, bool reset)
{
	if (conn->state == NVMFT_TCP_DEAD)
		return;
	conn->reset = reset;
	nvmft_tcp_conn_set_state(conn, NVMFT_TCP_DEAD);
}

void nvmft_tcp_conn_set_deadline(struct nvmft_tcp_conn *conn, unsigned int ms)
{
	conn->timed = true;
	conn->deadline = jiffies + msecs_to_jiffies(ms);
}

void nvmft_tcp_conn_opened(struct nvmft_tcp_conn *conn)
{
	if (conn->half_open)
		atomic_dec(&conn->lsn->half_open);
	conn->half_open = false;
}

void nvmft_tcp_conn_wake(struct nvmft_tcp_conn *conn)
{
	if (atomic_xchg(&conn->wake, NVMFT_TCP_PENDING) == NVMFT_TCP_IDLE)
		wake_up_process(conn->task);
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

	read_lock_bh(&sk->sk_callback_lock);
	conn = sk->sk_user_data;
	if (likely(conn))
		nvmft_tcp_conn_wake(conn);
	read_unlock_bh(&sk->sk_callback_lock);
}

static void sock_write_space(struct sock *sk)
{
	struct nvmft_tcp_conn *conn;

	if (!sk_stream_is_writeable(sk))
		return;
	read_lock_bh(&sk->sk_callback_lock);
	conn = sk->sk_user_data;
	if (likely(conn)) {
		clear_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
		nvmft_tcp_conn_wake(conn);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

static void sock_attach(struct nvmft_tcp_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	/* What an accepted socket has there is its listener's. */
	conn->data_ready = conn->lsn->data_ready;
	conn->state_change = sk->sk_state_change;
	conn->write_space = sk->sk_write_space;
	sk->sk_user_data = conn;
	sk->sk_data_ready = sock_event;
	sk->sk_state_change = sock_event;
	sk->sk_write_space = sock_write_space;
	write_unlock_bh(&sk->sk_callback_lock);
}

static void sock_detach(struct nvmft_tcp_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = NULL;
	sk->sk_data_ready = conn->data_ready;
	sk->sk_state_change = conn->state_change;
	sk->sk_write_space = conn->write_space;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* Run where TCP processes this flow's packets. */
static void follow_flow(struct nvmft_tcp_conn *conn)
{
	int cpu = READ_ONCE(conn->sock->sk->sk_incoming_cpu);

	if (cpu == conn->cpu || time_before(jiffies, conn->cpu_checked + CPU_CHECK))
		return;
	conn->cpu_checked = jiffies;
	if (cpu >= 0 && cpu < nr_cpu_ids && cpu_online(cpu) &&
	    !set_cpus_allowed_ptr(current, cpumask_of(cpu)))
		conn->cpu = cpu;
}

static void trim(struct nvmft_tcp_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	conn->trimmed = true;
	nvmft_tcp_slots_trim(conn);
	nvmft_sq_trim(&conn->sq);
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
		nvmft_tcp_conn_end(conn, true);
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
		nvmft_tcp_conn_end(conn, true);
	/* Who has closed his side still gets the last word of a graceful end. */
	if (unlikely(conn->rx_eof && (conn->state != NVMFT_TCP_CLOSING || conn->said)))
		nvmft_tcp_conn_end(conn, false);
}

/* Everything there is to do, once. True: there is more to do at once. */
static bool conn_pass(struct nvmft_tcp_conn *conn)
{
	bool more;

	conn->stat.passes++;
	if (READ_ONCE(conn->close))
		nvmft_tcp_conn_end(conn, true);
	check_deadline(conn);
	if (conn->state == NVMFT_TCP_DEAD)
		return false;

	more = nvmft_tcp_recv(conn);
	if (conn->rx_cmd) {
		conn->rx_cmd = false;
		nvmft_sq_seen(&conn->sq);
		conn->trimmed = false;
		conn->trim_at = jiffies + TRIM_SECS * HZ;
	}
	check_sock(conn);
	if (conn->state == NVMFT_TCP_DEAD)
		return false;

	nvmft_tcp_execute(conn);
	nvmft_tcp_run_aborts(conn, true);
	nvmft_tcp_collect(conn);
	if (conn->state == NVMFT_TCP_LIVE)
		nvmft_tcp_after_commands(conn);

	more |= nvmft_tcp_send(conn);
	if (conn->state == NVMFT_TCP_CLOSING) {
		more |= nvmft_tcp_closing(conn);
		check_sock(conn);
	}
	return more || nvmft_tcp_executable(conn) || !llist_empty(&conn->done);
}

/* Jiffies until something is to be done whatever happens */
static long conn_patience(const struct nvmft_tcp_conn *conn)
{
	unsigned long now = jiffies;
	long left = MAX_SCHEDULE_TIMEOUT;

	if (conn->timed)
		left = min(left, (long)(conn->deadline - now));
	if (!conn->trimmed)
		left = min(left, (long)(conn->trim_at - now));
	if (conn->rx_starved)
		left = min_t(long, left, STARVED_RETRY);
	return max(left, 0L);
}

static void conn_sleep(struct nvmft_tcp_conn *conn, long patience)
{
	set_current_state(TASK_IDLE);
	if (atomic_cmpxchg(&conn->wake, NVMFT_TCP_RUNNING, NVMFT_TCP_IDLE) == NVMFT_TCP_RUNNING) {
		conn->stat.sleeps++;
		schedule_timeout(patience);
	}
	__set_current_state(TASK_RUNNING);
}

/* Wait until all that the core has came back by respond(). */
static void wait_for_core(struct nvmft_tcp_conn *conn)
{
	for (;;) {
		atomic_xchg(&conn->wake, NVMFT_TCP_RUNNING);
		nvmft_tcp_run_aborts(conn, false);
		nvmft_tcp_collect(conn);
		if (!conn->nr_core)
			return;
		/* What was resumed may have ended at once, without waking us. */
		if (llist_empty(&conn->done))
			conn_sleep(conn, MAX_SCHEDULE_TIMEOUT);
	}
}

static void conn_take_down(struct nvmft_tcp_conn *conn)
{
	const struct nvmft_tcp_stat *stat = &conn->stat;

	sock_detach(conn);
	if (conn->reset)
		sock_no_linger(conn->sock->sk);
	kernel_sock_shutdown(conn->sock, SHUT_RDWR);
	nvmft_sq_close(&conn->sq);
	nvmft_tcp_slots_drop(conn, ~(BIT(NVMFT_TCP_FREE) | BIT(NVMFT_TCP_CORE)));
	wait_for_core(conn);
	nvmft_sq_destroy(&conn->sq);
	sock_release(conn->sock);
	nvmft_tcp_slots_exit(conn);
	nvmft_tcp_tx_exit(&conn->tx);
	nvmft_tcp_conn_opened(conn);
	pr_debug("%s: %s: ended: %llu commands, %llu bytes in, %llu out, %llu passes, %llu sleeps, %llu digest errors\n",
		 conn->name, conn->peer_name, stat->commands, stat->rx_bytes, stat->tx_bytes,
		 stat->passes, stat->sleeps, stat->digest_errors);
}

static int conn_worker(void *arg)
{
	struct nvmft_tcp_conn *conn = arg;
	/* Writing back dirty pages may need this very connection. */
	unsigned int flags = memalloc_noio_save();

	sock_attach(conn);
	nvmft_tcp_conn_set_deadline(conn, nvmft_tcp_param(&nvmft_tcp_icreq_timeout_ms));
	conn->trim_at = jiffies + TRIM_SECS * HZ;
	for (;;) {
		bool more;

		atomic_xchg(&conn->wake, NVMFT_TCP_RUNNING);
		follow_flow(conn);
		more = conn_pass(conn);
		if (conn->state == NVMFT_TCP_DEAD)
			break;
		if (more)
			cond_resched();
		else
			conn_sleep(conn, conn_patience(conn));
	}
	conn_take_down(conn);
	memalloc_noio_restore(flags);
	queue_rcu_work(nvmft_tcp_wq, &conn->reap);
	return 0;
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
	kthread_stop(conn->task);
	put_task_struct(conn->task);
	kfree(conn);
	nvmft_tcp_listener_put(lsn);
	nvmft_tcp_uncount_conn();
}

static struct nvmft_tcp_conn *conn_alloc(struct nvmft_tcp_listener *lsn, struct socket *sock)
{
	static atomic_t number;
	struct nvmft_tcp_conn *conn = kzalloc(sizeof(*conn), GFP_KERNEL);

	if (!conn)
		return NULL;
	conn->lsn = lsn;
	conn->sock = sock;
	conn->half_open = true;
	conn->cpu = -1;
	conn->cpu_checked = jiffies - CPU_CHECK;
	/* Notes before its first pass need not wake it. */
	atomic_set(&conn->wake, NVMFT_TCP_PENDING);
	init_llist_head(&conn->done);
	init_llist_head(&conn->aborts);
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

int nvmft_tcp_conn_start(struct nvmft_tcp_listener *lsn, struct socket *sock)
{
	struct nvmft_tcp_conn *conn = conn_alloc(lsn, sock);
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

	conn->task = kthread_create(conn_worker, conn, "%s", conn->name);
	if (IS_ERR(conn->task)) {
		err = PTR_ERR(conn->task);
		goto out_destroy_sq;
	}
	get_task_struct(conn->task);
	kref_get(&lsn->ref);
	spin_lock(&lsn->lock);
	list_add(&conn->entry, &lsn->conns);
	spin_unlock(&lsn->lock);
	wake_up_process(conn->task);
	return 0;

out_destroy_sq:
	nvmft_sq_destroy(&conn->sq);
out_exit_slots:
	nvmft_tcp_slots_exit(conn);
out_exit_tx:
	nvmft_tcp_tx_exit(&conn->tx);
out_free_conn:
	kfree(conn);
	return err;
}
