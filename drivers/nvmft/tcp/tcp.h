/* SPDX-License-Identifier: GPL-2.0 */
/* What the whole module shares: operations, parameters, counters. */
#ifndef NVMFT_TCP_TCP_H
#define NVMFT_TCP_TCP_H

#include <linux/types.h>
#include <linux/workqueue.h>
#include "nvmft.h"

/* A number under /sys/module/nvmft_tcp/parameters and its limits */
struct nvmft_tcp_param {
	unsigned int	val;
	unsigned int	min;
	unsigned int	max;
};

static inline unsigned int nvmft_tcp_param(const struct nvmft_tcp_param *p)
{
	return READ_ONCE(p->val);
}

extern struct nvmft_tcp_param nvmft_tcp_icreq_timeout_ms;
extern struct nvmft_tcp_param nvmft_tcp_connect_timeout_ms;
extern struct nvmft_tcp_param nvmft_tcp_term_timeout_ms;
extern struct nvmft_tcp_param nvmft_tcp_peer_timeout_ms;
extern struct nvmft_tcp_param nvmft_tcp_max_half_open;
extern struct nvmft_tcp_param nvmft_tcp_max_conns;
extern struct nvmft_tcp_param nvmft_tcp_max_data_kb;
extern struct nvmft_tcp_param nvmft_tcp_max_total_data_kb;
extern struct nvmft_tcp_param nvmft_tcp_so_priority;

extern const struct nvmft_transport_ops nvmft_tcp_ops;
/* Accepts and reaps connections; nothing on it waits for anything else on it. */
extern struct workqueue_struct *nvmft_tcp_wq;
/* Run the workers of connections */
extern struct workqueue_struct *nvmft_tcp_io_wq;
extern struct workqueue_struct *nvmft_tcp_urgent_wq;

/* Take one of max_conns for an origin that has @own with it. NVMFT_PORT_ACCEPT, or why not */
enum nvmft_port_event nvmft_tcp_count_conn(u32 own);
/* Give it back. A connection does so when it was reaped. */
void nvmft_tcp_uncount_conn(void);
/* A connection was refused. */
void nvmft_tcp_count_refused(void);

#endif /* NVMFT_TCP_TCP_H */
