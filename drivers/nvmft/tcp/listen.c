// SPDX-License-Identifier: GPL-2.0
/*
 * Ports: listening sockets, and what is let in. A connection costs memory
 * before it has said a word, so the number of those that have not got through
 * their Connect is limited per port, and the number of all for the module. Of
 * either an address gets no more than it leaves free for others (tcp/origin.h).
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/inet.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/net_namespace.h>
#include "tcp/conn.h"
#include "tcp/listen.h"
#include "tcp/tcp.h"

#define BACKLOG		128
/* Connections let in at a time */
#define BATCH		32
/* Accept failed, for want of memory most likely: try again after this. */
#define RETRY		HZ

/* An idle host that has silently gone away is noticed after about a minute. */
#define KEEP_IDLE	30
#define KEEP_INTVL	5
#define KEEP_CNT	6

static const char * const refusals[NVMFT_PORT_EVENTS] = {
	[NVMFT_PORT_REFUSED_HALF_OPEN]	 = "max_half_open connections without a Connect",
	[NVMFT_PORT_REFUSED_OPEN_SHARE]	 = "its address has its share of max_half_open",
	[NVMFT_PORT_REFUSED_MAX_CONNS]	 = "max_conns connections",
	[NVMFT_PORT_REFUSED_CONNS_SHARE] = "its address has its share of max_conns",
	[NVMFT_PORT_REFUSED_MEMORY]	 = "no memory",
};

/* @origin: NULL: it could not be counted */
static void refuse(struct nvmft_tcp_listener *lsn, struct socket *sock,
		   const struct sockaddr_storage *peer, struct nvmft_tcp_origin *origin,
		   enum nvmft_port_event event)
{
	if (!origin || __ratelimit(&origin->lines))
		pr_warn_ratelimited("nvmft-tcp: port %u: connection from %pISpc refused: %s\n",
				    lsn->portid, peer, refusals[event]);
	nvmft_tcp_count_refused();
	nvmft_port_count(lsn->port, event);
	sock_no_linger(sock->sk);
	sock_release(sock);
}

/* Take a place for a connection of @origin. NVMFT_PORT_ACCEPT, or why it gets none */
static enum nvmft_port_event take_place(struct nvmft_tcp_listener *lsn,
					const struct nvmft_tcp_origin *origin)
{
	u32 max = nvmft_tcp_param(&nvmft_tcp_max_half_open);
	u32 all = atomic_inc_return(&lsn->half_open);
	enum nvmft_port_event event;

	if (all > max)
		event = NVMFT_PORT_REFUSED_HALF_OPEN;
	else if (nvmft_tcp_share_taken(READ_ONCE(origin->half_open), all, max))
		event = NVMFT_PORT_REFUSED_OPEN_SHARE;
	else
		event = nvmft_tcp_count_conn(READ_ONCE(origin->conns));
	if (event != NVMFT_PORT_ACCEPT)
		atomic_dec(&lsn->half_open);
	return event;
}

static int start(struct nvmft_tcp_listener *lsn, struct socket *sock,
		 struct nvmft_tcp_origin *origin)
{
	unsigned int prio = nvmft_tcp_param(&nvmft_tcp_so_priority);

	/* The worker may be what write-back of dirty pages waits for. */
	sock->sk->sk_allocation = GFP_NOIO;
	if (prio)
		sock_set_priority(sock->sk, prio);
	/*
	 * There is no keepalive while data is on its way, and a host that keeps
	 * its window closed would be probed for ever.
	 */
	tcp_sock_set_user_timeout(sock->sk, nvmft_tcp_param(&nvmft_tcp_peer_timeout_ms));
	return nvmft_tcp_conn_start(lsn, sock, origin);
}

static void let_in(struct nvmft_tcp_listener *lsn, struct socket *sock)
{
	struct sockaddr_storage peer = { };
	struct nvmft_tcp_origin *origin;
	enum nvmft_port_event event;
	int err;

	/* A peer that is gone already has no address. */
	if (kernel_getpeername(sock, (struct sockaddr *)&peer) < 0) {
		sock_release(sock);
		return;
	}
	origin = nvmft_tcp_origin_get(&peer);
	if (!origin) {
		refuse(lsn, sock, &peer, NULL, NVMFT_PORT_REFUSED_MEMORY);
		return;
	}
	event = take_place(lsn, origin);
	if (event != NVMFT_PORT_ACCEPT) {
		refuse(lsn, sock, &peer, origin, event);
		goto out_origin;
	}
	err = start(lsn, sock, origin);
	if (!err)
		return;
	if (err == -ENOTCONN)
		sock_release(sock);
	else
		refuse(lsn, sock, &peer, origin, NVMFT_PORT_REFUSED_MEMORY);
	nvmft_tcp_uncount_conn();
	atomic_dec(&lsn->half_open);
out_origin:
	nvmft_tcp_origin_opened(origin);
	nvmft_tcp_origin_put(origin);
}

static void accept_work(struct work_struct *work)
{
	struct nvmft_tcp_listener *lsn =
		container_of(to_delayed_work(work), struct nvmft_tcp_listener, accept);
	unsigned long again = 0;
	struct socket *sock;
	int i;

	for (i = 0; i < BATCH; i++) {
		int err = kernel_accept(lsn->sock, &sock, O_NONBLOCK);

		if (err == -EAGAIN)
			return;
		if (err) {
			pr_warn_ratelimited("nvmft-tcp: port %u: accept: %pe\n", lsn->portid,
					    ERR_PTR(err));
			again = RETRY;
			break;
		}
		let_in(lsn, sock);
	}
	/* unlisten() is not kept waiting by a host that connects all the time. */
	queue_delayed_work(nvmft_tcp_wq, &lsn->accept, again);
}

/*
 * Connections inherit this callback and the user data until their worker has
 * taken over; only the listener itself may use either.
 */
static void listener_ready(struct sock *sk)
{
	struct nvmft_tcp_listener *lsn;

	read_lock_bh(&sk->sk_callback_lock);
	lsn = sk->sk_user_data;
	if (lsn && sk->sk_state == TCP_LISTEN)
		mod_delayed_work(nvmft_tcp_wq, &lsn->accept, 0);
	read_unlock_bh(&sk->sk_callback_lock);
}

/* What accepted sockets inherit is set here once. */
static void set_options(struct sock *sk)
{
	sock_set_reuseaddr(sk);
	tcp_sock_set_nodelay(sk);
	sock_set_keepalive(sk);
	tcp_sock_set_keepidle(sk, KEEP_IDLE);
	tcp_sock_set_keepintvl(sk, KEEP_INTVL);
	tcp_sock_set_keepcnt(sk, KEEP_CNT);
}

/*
 * In the network namespace of whoever enables the port. sock_create(), other
 * than sock_create_kern(), holds that namespace, also for accepted sockets.
 */
static int open_socket(struct nvmft_tcp_listener *lsn, const struct sockaddr_storage *addr,
		       const char **step)
{
	int err;

	*step = "create a socket";
	err = sock_create(addr->ss_family, SOCK_STREAM, IPPROTO_TCP, &lsn->sock);
	if (err)
		return err;
	/*
	 * On one machine a host's socket can be locked for I/O that ends up here, and
	 * ours be locked below the I/O of another host: they are not of one class.
	 * Accepted sockets get theirs when they are made, before packets reach them.
	 */
	lsn->sock->sk->sk_kern_sock = 1;
	set_options(lsn->sock->sk);
	write_lock_bh(&lsn->sock->sk->sk_callback_lock);
	lsn->data_ready = lsn->sock->sk->sk_data_ready;
	lsn->sock->sk->sk_user_data = lsn;
	lsn->sock->sk->sk_data_ready = listener_ready;
	write_unlock_bh(&lsn->sock->sk->sk_callback_lock);

	*step = "bind";
	err = kernel_bind(lsn->sock, (struct sockaddr_unsized *)addr, sizeof(*addr));
	if (err)
		goto out_release;
	*step = "listen";
	err = kernel_listen(lsn->sock, BACKLOG);
	if (err)
		goto out_release;
	return 0;

out_release:
	sock_release(lsn->sock);
	return err;
}

static int parse_address(const struct nvmft_tport *port, struct sockaddr_storage *addr)
{
	__kernel_sa_family_t af;
	int err;

	switch (port->adrfam) {
	case NVMF_ADDR_FAMILY_IP4:
		af = AF_INET;
		break;
	case NVMF_ADDR_FAMILY_IP6:
		af = AF_INET6;
		break;
	default:
		return -EAFNOSUPPORT;
	}
	err = inet_pton_with_scope(current->nsproxy->net_ns, af, port->traddr, port->trsvcid, addr);
	if (err)
		return err;
	/* At the same place in both families. A port of its choice is no use. */
	return ((struct sockaddr_in *)addr)->sin_port ? 0 : -EINVAL;
}

int nvmft_tcp_listen(struct nvmft_tport *port)
{
	struct sockaddr_storage addr = { };
	struct nvmft_tcp_listener *lsn;
	const char *step;
	int err;

	lsn = kzalloc_obj(*lsn, GFP_KERNEL);
	if (!lsn)
		return -ENOMEM;
	kref_init(&lsn->ref);
	lsn->port = port;
	lsn->portid = port->portid;
	INIT_DELAYED_WORK(&lsn->accept, accept_work);
	spin_lock_init(&lsn->lock);
	INIT_LIST_HEAD(&lsn->conns);

	step = "parse the address";
	err = parse_address(port, &addr);
	if (!err)
		err = open_socket(lsn, &addr, &step);
	if (err) {
		pr_err("nvmft-tcp: port %u: cannot listen on addr_traddr %s, addr_trsvcid %s: %s: %pe\n",
		       port->portid, port->traddr, port->trsvcid, step, ERR_PTR(err));
		nvmft_tcp_listener_put(lsn);
		return err;
	}
	port->priv = lsn;
	pr_info("nvmft-tcp: port %u: listening on %pISpc\n", port->portid, &addr);
	return 0;
}

void nvmft_tcp_unlisten(struct nvmft_tport *port)
{
	struct nvmft_tcp_listener *lsn = port->priv;
	struct sock *sk = lsn->sock->sk;
	struct nvmft_tcp_conn *conn;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = NULL;
	sk->sk_data_ready = lsn->data_ready;
	write_unlock_bh(&sk->sk_callback_lock);
	/* It takes no lock that enabling and disabling ports is done under. */
	cancel_delayed_work_sync(&lsn->accept);
	sock_release(lsn->sock);

	spin_lock(&lsn->lock);
	list_for_each_entry(conn, &lsn->conns, entry)
		nvmft_tcp_conn_close(conn);
	spin_unlock(&lsn->lock);
	port->priv = NULL;
	nvmft_tcp_listener_put(lsn);
}

static void listener_free(struct kref *ref)
{
	kfree(container_of(ref, struct nvmft_tcp_listener, ref));
}

void nvmft_tcp_listener_put(struct nvmft_tcp_listener *lsn)
{
	kref_put(&lsn->ref, listener_free);
}
