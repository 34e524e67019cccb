/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Limits of namespaces and hosts. A command that is over one waits in WAIT, in the
 * order of arrival, and then for the next one: first its host's, then its
 * namespace's. Documentation/nvmft/qos.rst tells what counts how.
 *
 * It has been judged, holds a reference to its namespace and none to its ANA group,
 * and no data, unless that came in its capsule or it is half of a fused operation.
 */
#ifndef NVMFT_CORE_QOS_H
#define NVMFT_CORE_QOS_H

#include <linux/hrtimer.h>
#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include "nvmft.h"
#include "proto/rate.h"

struct nvmft_host;
struct nvmft_ns;
struct nvmft_port;

/* How much may be saved up, ms */
#define NVMFT_QOS_BURST_DEFAULT	100U
#define NVMFT_QOS_BURST_MAX	10000U

static_assert(NVMFT_QOS_BURST_MAX * 1000000ULL <= NVMFT_RATE_BURST_MAX);
static_assert(((u64)U32_MAX << 10) <= NVMFT_RATE_MAX);

/* What an administrator sets */
enum nvmft_qos_attr {
	NVMFT_QOS_IOPS,
	NVMFT_QOS_KIBPS,
	NVMFT_QOS_BURST_MS,
	NVMFT_QOS_ATTRS,
};

/* The values, by enum nvmft_qos_attr; written by nvmft_qos_set_*(), READ_ONCE() */
struct nvmft_qos {
	u32	val[NVMFT_QOS_ATTRS];
};

/**
 * struct nvmft_limit - who is limited, and who waits
 * @lock: guards all but @entry; workers, configuration and the timer (softirq)
 * @on: there is a limit; written with READ_ONCE() elsewhere
 * @rate: it
 * @waiting: struct nvmft_req by wait.entry, oldest first; @timer runs if there is one
 * @timer: when the first may go
 * @waits: commands that have had to wait
 * @wait_ns: how long those have waited that wait no more
 * @entry: in the list of all limits, while @on
 */
struct nvmft_limit {
	spinlock_t		lock;
	bool			on;
	struct nvmft_rate	rate;
	struct list_head	waiting;
	struct hrtimer		timer;
	u64			waits;
	u64			wait_ns;
	struct list_head	entry;
};

/* Is there a limit anywhere? */
DECLARE_STATIC_KEY_FALSE(nvmft_qos_key);

static inline bool nvmft_qos_on(void)
{
	return static_branch_unlikely(&nvmft_qos_key);
}

void nvmft_qos_init(struct nvmft_qos *qos);
void nvmft_limit_init(struct nvmft_limit *limit);
/* Nothing waits, and it is not set any more. Process context, sleeps. */
void nvmft_limit_exit(struct nvmft_limit *limit);
/* Commands that had to wait, and for how long in all */
void nvmft_limit_stat(struct nvmft_limit *limit, u64 *waits, u64 *wait_ns);

/*
 * Set one value, from now on and for those that wait. Sleeps. Of a host: 0 or
 * -ENOMEM.
 */
void nvmft_qos_set_ns(struct nvmft_ns *ns, enum nvmft_qos_attr attr, u32 val);
int nvmft_qos_set_host(struct nvmft_host *host, enum nvmft_qos_attr attr, u32 val);
/* Its folder goes, and the limit with it. Sleeps. */
void nvmft_qos_ns_gone(struct nvmft_ns *ns);
void nvmft_qos_host_gone(struct nvmft_host *host);

/**
 * nvmft_qos_hold() - does a command have to wait?
 * @req: NEW, DATA or, back from one of its limits, WAIT; for both halves of a fused
 *	operation the one that was complete last
 *
 * Worker, does not sleep. Return: true: it is WAIT and comes back by ops->respond();
 * false: it goes on.
 */
bool nvmft_qos_hold(struct nvmft_req *req);
/* One that was WAIT is the worker's again: may it still be carried out? 0 or a status */
u16 nvmft_qos_back(struct nvmft_req *req);
/* Stop waiting. False: it is on its way back already. Worker. */
bool nvmft_qos_cancel(struct nvmft_req *req);
/* The queue ends: all of its commands are sent back. Worker. */
void nvmft_qos_close(struct nvmft_sq *sq);
/* @ns, or @port's group @grpid, lets nothing through any more: send back what waits. */
void nvmft_qos_end_ns(struct nvmft_ns *ns);
void nvmft_qos_end_group(struct nvmft_port *port, u32 grpid);

#endif /* NVMFT_CORE_QOS_H */
