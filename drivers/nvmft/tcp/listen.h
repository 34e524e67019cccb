/* SPDX-License-Identifier: GPL-2.0 */
/* Listening sockets */
#ifndef NVMFT_TCP_LISTEN_H
#define NVMFT_TCP_LISTEN_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/net.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include "nvmft.h"

/**
 * struct nvmft_tcp_listener - the listening socket of a port
 * @ref: one until unlisten(), one per connection
 * @port: connections hold it by nvmft_sq_init(), the listener until unlisten()
 * @portid: of @port, for messages
 * @sock: listening socket
 * @data_ready: its own callback, which accepted sockets get back as well
 * @accept: takes connections until there is none
 * @half_open: connections without a successful Connect
 * @lock: guards @conns; processes only
 * @conns: connections that came in here and have not been reaped
 */
struct nvmft_tcp_listener {
	struct kref		ref;
	struct nvmft_tport	*port;
	u16			portid;
	struct socket		*sock;
	void			(*data_ready)(struct sock *sk);
	struct delayed_work	accept;
	atomic_t		half_open;
	spinlock_t		lock;
	struct list_head	conns;
};

/* Transport operations */
int nvmft_tcp_listen(struct nvmft_tport *port);
void nvmft_tcp_unlisten(struct nvmft_tport *port);
void nvmft_tcp_listener_put(struct nvmft_tcp_listener *lsn);

#endif /* NVMFT_TCP_LISTEN_H */
