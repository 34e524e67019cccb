/* SPDX-License-Identifier: GPL-2.0 */
/* Sockets, where kernels differ. Included by tcp/ only. */
#ifndef NVMFT_COMPAT_NET_H
#define NVMFT_COMPAT_NET_H

#include <linux/bvec.h>
#include <linux/uio.h>
#include <linux/version.h>
#include <net/tcp.h>

/*
 * 6.15, 0bb2f7a1ad1f ("net: Fix null-ptr-deref by sock_lock_init_class_and_name()
 * and rmmod."), and the stable kernels after it: a socket holds the module whose
 * lock classes it has.
 */
static inline void nvmft_compat_sk_owner_set(struct sock *sk, struct module *owner)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0) ||	\
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 24) &&	\
	 LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)) ||	\
	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 135) &&	\
	 LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0))
	sk_owner_set(sk, owner);
#endif
}

/**
 * nvmft_compat_send_pages() - give page ranges to TCP without a copy
 * @sk: socket, locked by the caller
 * @bvec: ranges
 * @nr: entries of @bvec
 * @skip: bytes of the first range that were sent before
 * @len: bytes to send, at least one
 * @flags: MSG_*; MSG_MORE says that something follows @len
 *
 * TCP holds a reference to each page until the peer has acknowledged it.
 *
 * Return: bytes accepted, maybe fewer than @len, or a negative errno.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
/* 270a1c3de47e ("tcp: Support MSG_SPLICE_PAGES") */
static inline int nvmft_compat_send_pages(struct sock *sk, const struct bio_vec *bvec,
					  unsigned int nr, u32 skip, u32 len, int flags)
{
	struct msghdr msg = { .msg_flags = flags | MSG_SPLICE_PAGES };

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, bvec, nr, (size_t)skip + len);
	iov_iter_advance(&msg.msg_iter, skip);
	return tcp_sendmsg_locked(sk, &msg, len);
}
#else
/* TCP of 6.1 defines MSG_SPLICE_PAGES and copies all the same. */
static inline int nvmft_compat_send_pages(struct sock *sk, const struct bio_vec *bvec,
					  unsigned int nr, u32 skip, u32 len, int flags)
{
	u32 sent = 0;

	while (nr && sent < len) {
		u32 n = min(bvec->bv_len - skip, len - sent);
		int more = 0;
		int ret;

		if (sent + n < len || (flags & MSG_MORE))
			more = MSG_MORE | MSG_SENDPAGE_NOTLAST;
		ret = tcp_sendpage_locked(sk, bvec->bv_page, bvec->bv_offset + skip, n,
					  flags | more);
		if (ret <= 0)
			return sent ? sent : ret;
		sent += ret;
		if (ret < n)
			break;
		skip = 0;
		bvec++;
		nr--;
	}
	return sent;
}
#endif

#endif /* NVMFT_COMPAT_NET_H */
