/* SPDX-License-Identifier: GPL-2.0 */
/* Sockets, where kernels differ. Force-included by Kbuild into what is in tcp/. */
#ifndef NVMFT_COMPAT_NET_H
#define NVMFT_COMPAT_NET_H

#include <linux/uio.h>
#include <linux/version.h>
#include <net/tcp.h>

/*
 * 6.19, bf33247a90d3 ("net: Add struct sockaddr_unsized for sockaddr of unknown
 * length") and 0e50474fa514, which makes kernel_bind() take one.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define sockaddr_unsized sockaddr
#endif

/*
 * 6.5, 270a1c3de47e ("tcp: Support MSG_SPLICE_PAGES"): page ranges are given to TCP
 * without a copy. Before there was a function for it, for one range at a time.
 * TCP of 6.1 defines the flag, too, and copies all the same.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
static inline int nvmft_compat_sendmsg_locked(struct sock *sk, struct msghdr *msg, size_t size)
{
	int flags = msg->msg_flags & ~MSG_SPLICE_PAGES;
	size_t sent = 0;

	if (!(msg->msg_flags & MSG_SPLICE_PAGES))
		return tcp_sendmsg_locked(sk, msg, size);
	while (sent < size) {
		const struct bio_vec *bv = msg->msg_iter.bvec;
		size_t skip = msg->msg_iter.iov_offset;
		size_t n = min_t(size_t, bv->bv_len - skip, size - sent);
		int more = 0;
		int ret;

		if (sent + n < size || (flags & MSG_MORE))
			more = MSG_MORE | MSG_SENDPAGE_NOTLAST;
		ret = tcp_sendpage_locked(sk, bv->bv_page, bv->bv_offset + skip, n, flags | more);
		if (ret <= 0)
			return sent ? sent : ret;
		sent += ret;
		iov_iter_advance(&msg->msg_iter, ret);
		if (ret < n)
			break;
	}
	return sent;
}

#define tcp_sendmsg_locked nvmft_compat_sendmsg_locked
#endif

#endif /* NVMFT_COMPAT_NET_H */
