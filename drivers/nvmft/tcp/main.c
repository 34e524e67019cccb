// SPDX-License-Identifier: GPL-2.0
/* The TCP transport: parameters, counters, and what nvmft.ko calls. */
#include <linux/module.h>
#include <linux/wait.h>
#include "tcp/budget.h"
#include "tcp/conn.h"
#include "tcp/listen.h"
#include "tcp/tcp.h"

struct workqueue_struct *nvmft_tcp_wq;
struct workqueue_struct *nvmft_tcp_io_wq;
struct workqueue_struct *nvmft_tcp_urgent_wq;

static int param_set(const char *val, const struct kernel_param *kp)
{
	const struct nvmft_tcp_param *p = kp->arg;
	int err = param_set_uint_minmax(val, kp, p->min, p->max);

	if (err)
		pr_err("nvmft-tcp: %s: not a number from %u to %u: %s\n", kp->name, p->min, p->max,
		       val ? val : "");
	return err;
}

/* The value is the first member of struct nvmft_tcp_param. */
static const struct kernel_param_ops param_ops = {
	.set	= param_set,
	.get	= param_get_uint,
};

#define DEFINE_PARAM(name, def, lo, hi, desc)							\
	struct nvmft_tcp_param nvmft_tcp_##name = { .val = (def), .min = (lo), .max = (hi) };	\
	module_param_cb(name, &param_ops, &nvmft_tcp_##name, 0644);				\
	MODULE_PARM_DESC(name, desc)

DEFINE_PARAM(icreq_timeout_ms, 10000, 100, 600000,
	     "time a new connection has for its ICReq, ms");
DEFINE_PARAM(connect_timeout_ms, 10000, 100, 600000,
	     "time a connection has from its ICReq to a successful Connect, ms");
DEFINE_PARAM(term_timeout_ms, 30000, 100, 600000,
	     "time a host has to close after a C2HTermReq, ms");
DEFINE_PARAM(peer_timeout_ms, 60000, 1000, 3600000,
	     "time a host has to take what was sent to it, ms, on new connections");
DEFINE_PARAM(max_half_open, 128, 1, 65536,
	     "connections of a port that have not been through a successful Connect; one address gets as many as it leaves free");
DEFINE_PARAM(max_conns, 4096, 1, 65536,
	     "connections, one for each queue of each host; one address gets as many as it leaves free");
DEFINE_PARAM(max_data_kb, 65536, 1024, 1 << 30,
	     "data of the commands that one connection has in progress, KiB; more of them wait");
DEFINE_PARAM(max_total_data_kb, 0, 0, UINT_MAX,
	     "data of the commands that all connections have in progress, KiB; 0: half of memory");
DEFINE_PARAM(so_priority, 0, 0, INT_MAX, "socket priority of new connections, 0: leave as it is");

static atomic_t nr_conns;
static DECLARE_WAIT_QUEUE_HEAD(no_conns);

static atomic_long_t conns_created;
static atomic_long_t conns_destroyed;
static atomic_long_t conns_refused;

static int counter_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%ld\n", atomic_long_read(kp->arg));
}

static const struct kernel_param_ops counter_ops = {
	.get	= counter_get,
};

module_param_cb(conns_created, &counter_ops, &conns_created, 0444);
MODULE_PARM_DESC(conns_created, "connections ever let in");
module_param_cb(conns_destroyed, &counter_ops, &conns_destroyed, 0444);
MODULE_PARM_DESC(conns_destroyed, "of those, how many have ended");
module_param_cb(conns_refused, &counter_ops, &conns_refused, 0444);
MODULE_PARM_DESC(conns_refused, "connections ever refused");

static int budget_get(char *buf, const struct kernel_param *kp)
{
	long (*get)(void) = kp->arg;

	return sysfs_emit(buf, "%ld\n", get());
}

static const struct kernel_param_ops budget_ops = {
	.get	= budget_get,
};

module_param_cb(data_waits, &budget_ops, nvmft_tcp_budget_waits, 0444);
MODULE_PARM_DESC(data_waits, "looks at a command that then waited for max_total_data_kb");
module_param_cb(data_reserved, &budget_ops, nvmft_tcp_budget_reserved, 0444);
MODULE_PARM_DESC(data_reserved, "bytes of max_total_data_kb that connections have reserved");

enum nvmft_port_event nvmft_tcp_count_conn(u32 own)
{
	u32 all = atomic_inc_return(&nr_conns), max = nvmft_tcp_param(&nvmft_tcp_max_conns);

	if (all <= max && !nvmft_tcp_share_taken(own, all, max)) {
		atomic_long_inc(&conns_created);
		return NVMFT_PORT_ACCEPT;
	}
	if (atomic_dec_and_test(&nr_conns))
		wake_up(&no_conns);
	return all > max ? NVMFT_PORT_REFUSED_MAX_CONNS : NVMFT_PORT_REFUSED_CONNS_SHARE;
}

void nvmft_tcp_uncount_conn(void)
{
	atomic_long_inc(&conns_destroyed);
	if (atomic_dec_and_test(&nr_conns))
		wake_up(&no_conns);
}

void nvmft_tcp_count_refused(void)
{
	atomic_long_inc(&conns_refused);
}

static void tcp_close_sq(struct nvmft_sq *sq)
{
	nvmft_tcp_conn_close(nvmft_tcp_conn_of(sq));
}

static void tcp_peer_addr(struct nvmft_sq *sq, char *buf, size_t len)
{
	strscpy(buf, nvmft_tcp_conn_of(sq)->peer_name, len);
}

static void tcp_local_addr(struct nvmft_sq *sq, char *buf, size_t len)
{
	snprintf(buf, len, "%pISc", &nvmft_tcp_conn_of(sq)->local);
}

const struct nvmft_transport_ops nvmft_tcp_ops = {
	.owner		= THIS_MODULE,
	.trtype		= NVMF_TRTYPE_TCP,
	.listen		= nvmft_tcp_listen,
	.unlisten	= nvmft_tcp_unlisten,
	.respond	= nvmft_tcp_respond,
	.close		= tcp_close_sq,
	.abort		= nvmft_tcp_abort,
	.peer_addr	= tcp_peer_addr,
	.local_addr	= tcp_local_addr,
};

static void destroy_queues(void)
{
	struct workqueue_struct **wq[] = {
		&nvmft_tcp_wq, &nvmft_tcp_io_wq, &nvmft_tcp_urgent_wq,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(wq); i++)
		if (*wq[i])
			destroy_workqueue(*wq[i]);
}

/*
 * Workers are bound, like TCP's own work for a flow. One that sleeps (for a tag
 * of its disk, say) holds up none but itself: the CPU's pool goes on with
 * another thread. Accepting is not bound: it runs where there is time for it.
 */
static int create_queues(void)
{
	nvmft_tcp_wq = alloc_workqueue("nvmft-tcp", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	nvmft_tcp_io_wq = alloc_workqueue("nvmft-tcp-io", WQ_PERCPU | WQ_MEM_RECLAIM,
					  WQ_MAX_ACTIVE);
	nvmft_tcp_urgent_wq = alloc_workqueue("nvmft-tcp-urgent",
					      WQ_PERCPU | WQ_HIGHPRI | WQ_MEM_RECLAIM,
					      WQ_MAX_ACTIVE);
	if (nvmft_tcp_wq && nvmft_tcp_io_wq && nvmft_tcp_urgent_wq)
		return 0;
	destroy_queues();
	return -ENOMEM;
}

static int __init nvmft_tcp_init(void)
{
	int err;

	err = nvmft_tcp_slot_cache_create();
	if (err)
		return err;
	err = create_queues();
	if (err)
		goto out_destroy_cache;
	err = nvmft_transport_register(&nvmft_tcp_ops);
	if (err)
		goto out_destroy_queues;
	return 0;

out_destroy_queues:
	destroy_queues();
out_destroy_cache:
	nvmft_tcp_slot_cache_destroy();
	return err;
}

/* No port is enabled any more, but connections may be on their way out. */
static void __exit nvmft_tcp_exit(void)
{
	nvmft_transport_unregister(&nvmft_tcp_ops);
	wait_event(no_conns, !atomic_read(&nr_conns));
	/* Waits for the last reap to return. */
	destroy_queues();
	nvmft_tcp_origins_exit();
	nvmft_tcp_slot_cache_destroy();
}

module_init(nvmft_tcp_init);
module_exit(nvmft_tcp_exit);

MODULE_DESCRIPTION("NVMe target: TCP transport");
MODULE_LICENSE("GPL");
MODULE_ALIAS("nvmft-transport-3");
