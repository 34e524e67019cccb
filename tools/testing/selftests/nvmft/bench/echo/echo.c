// SPDX-License-Identifier: GPL-2.0
/*
 * The least that a target could do: a TCP server that takes requests of one size
 * and sends replies of another, as many as have come at once, and knows nothing
 * of NVMe. Data to send is given to TCP without a copy, received data is copied
 * once, as in the targets. For measuring only: whoever reaches the port is served.
 *
 * A connection is one thread. Its first eight bytes say the size of a request and
 * that of a reply, little endian.
 */
#include <linux/bvec.h>
#include <linux/in.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <net/sock.h>
#include <net/tcp.h>

#define HEADER	24U
#define LONGEST	(2U << 20)
#define RX_LEN	(256U << 10)
#define ORDER	5
#define CHUNK	(PAGE_SIZE << ORDER)

static ushort port = 4419;
module_param(port, ushort, 0444);
MODULE_PARM_DESC(port, "TCP port on the loopback interface");

struct echo_conn {
	struct list_head entry;
	struct socket *sock;
	struct task_struct *task;
	void *rx;
	u32 request, reply;
	u64 received, served;
};

static struct socket *echo_listener;
static struct task_struct *echo_acceptor;
static LIST_HEAD(echo_conns);		/* the acceptor's, until that has ended */
static struct page *echo_data;		/* what every reply is made of */
static struct bio_vec echo_bvec[LONGEST / CHUNK];
static char echo_header[HEADER];

static int echo_recv(struct echo_conn *conn, void *buf, size_t len, int flags)
{
	struct kvec vec = { .iov_base = buf, .iov_len = len };
	struct msghdr msg = { .msg_flags = flags };

	return kernel_recvmsg(conn->sock, &msg, &vec, 1, len, flags);
}

/* Send a part with the socket locked, waiting for room. */
static int echo_part(struct sock *sk, struct msghdr *msg, size_t len)
{
	while (len) {
		int ret = tcp_sendmsg_locked(sk, msg, len);

		if (ret <= 0)
			return ret ? ret : -EPIPE;
		len -= ret;
	}
	return 0;
}

static int echo_send(struct echo_conn *conn, u64 nr)
{
	struct sock *sk = conn->sock->sk;
	u32 len = conn->reply - HEADER;
	int err = 0;

	lock_sock(sk);
	while (nr-- && !err) {
		struct kvec vec = { .iov_base = echo_header, .iov_len = HEADER };
		struct msghdr msg = { .msg_flags = MSG_NOSIGNAL | (nr || len ? MSG_MORE : 0) };

		iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, HEADER);
		err = echo_part(sk, &msg, HEADER);
		if (err || !len)
			continue;
		msg = (struct msghdr){ .msg_flags = MSG_NOSIGNAL | MSG_SPLICE_PAGES |
						    (nr ? MSG_MORE : 0) };
		iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, echo_bvec, DIV_ROUND_UP(len, CHUNK),
			      len);
		err = echo_part(sk, &msg, len);
	}
	release_sock(sk);
	return err;
}

static int echo_greet(struct echo_conn *conn)
{
	__le32 sizes[2];

	if (echo_recv(conn, sizes, sizeof(sizes), MSG_WAITALL) != sizeof(sizes))
		return -EPIPE;
	conn->request = le32_to_cpu(sizes[0]);
	conn->reply = le32_to_cpu(sizes[1]);
	if (!conn->request || conn->request > LONGEST || conn->reply < HEADER || conn->reply > LONGEST)
		return -EINVAL;
	return 0;
}

static int echo_serve(void *arg)
{
	struct echo_conn *conn = arg;
	int ret = echo_greet(conn);

	while (!ret) {
		u64 nr;

		ret = echo_recv(conn, conn->rx, RX_LEN, 0);
		if (ret <= 0)
			break;
		conn->received += ret;
		nr = div_u64(conn->received, conn->request) - conn->served;
		conn->served += nr;
		ret = nr ? echo_send(conn, nr) : 0;
	}
	kernel_sock_shutdown(conn->sock, SHUT_RDWR);
	/* The acceptor reaps. */
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static void echo_drop(struct echo_conn *conn)
{
	kernel_sock_shutdown(conn->sock, SHUT_RDWR);
	if (conn->task)
		kthread_stop(conn->task);
	sock_release(conn->sock);
	kvfree(conn->rx);
	kfree(conn);
}

static void echo_accepted(struct socket *sock)
{
	struct echo_conn *conn = kzalloc(sizeof(*conn), GFP_KERNEL);
	struct task_struct *task;

	if (!conn) {
		sock_release(sock);
		return;
	}
	conn->sock = sock;
	conn->rx = kvmalloc(RX_LEN, GFP_KERNEL);
	if (!conn->rx) {
		echo_drop(conn);
		return;
	}
	tcp_sock_set_nodelay(sock->sk);
	task = kthread_run(echo_serve, conn, "nvmft-echo");
	if (IS_ERR(task)) {
		echo_drop(conn);
		return;
	}
	conn->task = task;
	list_add(&conn->entry, &echo_conns);
}

static void echo_reap(bool all)
{
	struct echo_conn *conn, *next;

	list_for_each_entry_safe(conn, next, &echo_conns, entry) {
		if (!all && conn->sock->sk->sk_state != TCP_CLOSE)
			continue;
		list_del(&conn->entry);
		echo_drop(conn);
	}
}

static int echo_accept(void *arg)
{
	while (!kthread_should_stop()) {
		struct socket *sock;

		if (!kernel_accept(echo_listener, &sock, 0))
			echo_accepted(sock);
		else
			schedule_timeout_interruptible(HZ / 10);
		echo_reap(false);
	}
	echo_reap(true);
	return 0;
}

static int __init echo_listen(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int err = sock_create_kern(&init_net, AF_INET, SOCK_STREAM, IPPROTO_TCP, &echo_listener);

	if (err)
		return err;
	sock_set_reuseaddr(echo_listener->sk);
	err = kernel_bind(echo_listener, (struct sockaddr_unsized *)&addr, sizeof(addr));
	if (!err)
		err = kernel_listen(echo_listener, 128);
	if (err)
		sock_release(echo_listener);
	return err;
}

static int __init echo_init(void)
{
	unsigned int i;
	int err;

	echo_data = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_COMP, ORDER);
	if (!echo_data)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(echo_bvec); i++)
		bvec_set_page(&echo_bvec[i], echo_data, CHUNK, 0);
	err = echo_listen();
	if (err)
		goto out_page;
	echo_acceptor = kthread_run(echo_accept, NULL, "nvmft-echo/accept");
	err = PTR_ERR_OR_ZERO(echo_acceptor);
	if (!err)
		return 0;
	sock_release(echo_listener);
out_page:
	__free_pages(echo_data, ORDER);
	return err;
}

static void __exit echo_exit(void)
{
	/* Wakes the acceptor out of its wait. */
	kernel_sock_shutdown(echo_listener, SHUT_RDWR);
	kthread_stop(echo_acceptor);
	sock_release(echo_listener);
	__free_pages(echo_data, ORDER);
}

module_init(echo_init);
module_exit(echo_exit);
MODULE_DESCRIPTION("The same bytes as an NVMe/TCP target, without NVMe");
MODULE_LICENSE("GPL");
