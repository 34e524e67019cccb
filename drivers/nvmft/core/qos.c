// SPDX-License-Identifier: GPL-2.0
/*
 * Limits: who waits, and who is let go. The arithmetic is in proto/rate.c.
 *
 * Only a queue's worker makes its commands wait, and only it goes on with them:
 * who lets one go, the timer, an administrator or the worker itself, takes it off
 * its list and hands it back by ops->respond(). Then it is judged again, since what
 * has become of its path and its namespace meanwhile was not held up by it.
 */
#include <linux/ktime.h>
#include "core/ana.h"
#include "core/ctrl.h"
#include "core/multi.h"
#include "core/qos.h"
#include "core/stat.h"

/* Who is late by so much loses nothing, and timers need not go off for each command. */
#define TIMER_MIN	(100 * NSEC_PER_USEC)
/* Commands that are let go in one go: how long softirqs wait for that */
#define RUN_MAX		256

DEFINE_STATIC_KEY_FALSE(nvmft_qos_key);

/* Serialises changes of limits. Nothing of a command's way is taken outside of it. */
static DEFINE_MUTEX(set_lock);
/* Guards the list of limits that are on; innermost mutex. */
static DEFINE_MUTEX(limits_lock);
static LIST_HEAD(limits);

/* --- one limit --- */

/* Off the list; its owner is who calls. */
static void unpark(struct nvmft_limit *limit, struct nvmft_req *req, u64 now)
{
	lockdep_assert_held(&limit->lock);
	list_del_init(&req->wait.entry);
	limit->wait_ns += now - req->wait.since;
}

static void let_go(struct nvmft_limit *limit, struct nvmft_req *req, u64 now)
{
	unpark(limit, req, now);
	req->sq->ops->respond(req);
}

static void limit_arm(struct nvmft_limit *limit, u64 ns)
{
	hrtimer_start(&limit->timer, ns_to_ktime(max_t(u64, ns, TIMER_MIN)),
		      HRTIMER_MODE_REL_SOFT);
}

/* Let go all that may, but not too many at a time; for the next one there is the timer. */
static void limit_run(struct nvmft_limit *limit)
{
	struct nvmft_req *req, *next;
	u64 now = ktime_get_ns(), ns;
	unsigned int left = RUN_MAX;

	lockdep_assert_held(&limit->lock);
	list_for_each_entry_safe(req, next, &limit->waiting, wait.entry) {
		if (!left--) {
			limit_arm(limit, 0);
			return;
		}
		ns = nvmft_rate_take(&limit->rate, req->wait.bytes, now);
		if (ns) {
			limit_arm(limit, ns);
			return;
		}
		let_go(limit, req, now);
	}
}

static enum hrtimer_restart limit_timer(struct hrtimer *timer)
{
	struct nvmft_limit *limit = container_of(timer, struct nvmft_limit, timer);

	spin_lock(&limit->lock);
	limit_run(limit);
	spin_unlock(&limit->lock);
	return HRTIMER_NORESTART;
}

void nvmft_limit_init(struct nvmft_limit *limit)
{
	spin_lock_init(&limit->lock);
	INIT_LIST_HEAD(&limit->waiting);
	INIT_LIST_HEAD(&limit->entry);
	hrtimer_setup(&limit->timer, limit_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
}

void nvmft_limit_exit(struct nvmft_limit *limit)
{
	WARN_ON_ONCE(limit->on || !list_empty(&limit->waiting));
	hrtimer_cancel(&limit->timer);
}

void nvmft_limit_stat(struct nvmft_limit *limit, u64 *waits, u64 *wait_ns)
{
	spin_lock_bh(&limit->lock);
	*waits = limit->waits;
	*wait_ns = limit->wait_ns;
	spin_unlock_bh(&limit->lock);
}

/* --- the settings --- */

void nvmft_qos_init(struct nvmft_qos *qos)
{
	qos->val[NVMFT_QOS_BURST_MS] = NVMFT_QOS_BURST_DEFAULT;
}

static void limit_list(struct nvmft_limit *limit, bool on)
{
	mutex_lock(&limits_lock);
	if (on)
		list_add_tail(&limit->entry, &limits);
	else
		list_del_init(&limit->entry);
	mutex_unlock(&limits_lock);
}

static void limit_set(struct nvmft_limit *limit, u32 iops, u32 kibps, u32 burst_ms)
{
	bool on = iops || kibps, was = limit->on;

	lockdep_assert_held(&set_lock);
	if (on && !was) {
		limit_list(limit, true);
		static_branch_inc(&nvmft_qos_key);
	}
	spin_lock_bh(&limit->lock);
	nvmft_rate_set(&limit->rate, iops, (u64)kibps << 10, (u64)burst_ms * NSEC_PER_MSEC,
		       ktime_get_ns());
	WRITE_ONCE(limit->on, on);
	limit_run(limit);
	spin_unlock_bh(&limit->lock);
	if (!on && was) {
		static_branch_dec(&nvmft_qos_key);
		limit_list(limit, false);
	}
}

static void limit_apply(struct nvmft_limit *limit, const struct nvmft_qos *qos)
{
	limit_set(limit, qos->val[NVMFT_QOS_IOPS], qos->val[NVMFT_QOS_KIBPS],
		  qos->val[NVMFT_QOS_BURST_MS]);
}

void nvmft_qos_set_ns(struct nvmft_ns *ns, enum nvmft_qos_attr attr, u32 val)
{
	mutex_lock(&set_lock);
	WRITE_ONCE(ns->qos.val[attr], val);
	limit_apply(&ns->limit, &ns->qos);
	mutex_unlock(&set_lock);
}

void nvmft_qos_ns_gone(struct nvmft_ns *ns)
{
	mutex_lock(&set_lock);
	limit_set(&ns->limit, 0, 0, 0);
	mutex_unlock(&set_lock);
	nvmft_limit_exit(&ns->limit);
}

/*
 * A host's limit is kept where its counters are, which all of its controllers have.
 * A folder whose limit was never set leaves no trace there.
 */
int nvmft_qos_set_host(struct nvmft_host *host, enum nvmft_qos_attr attr, u32 val)
{
	int err = 0;

	mutex_lock(&set_lock);
	if (!host->peer && val && attr != NVMFT_QOS_BURST_MS) {
		host->peer = nvmft_peer_keep(host->nqn, host->hash);
		if (!host->peer)
			err = -ENOMEM;
	}
	if (!err)
		WRITE_ONCE(host->qos.val[attr], val);
	if (!err && host->peer)
		limit_apply(&host->peer->limit, &host->qos);
	mutex_unlock(&set_lock);
	return err;
}

void nvmft_qos_host_gone(struct nvmft_host *host)
{
	mutex_lock(&set_lock);
	if (host->peer) {
		limit_set(&host->peer->limit, 0, 0, 0);
		nvmft_peer_drop(host->peer);
		host->peer = NULL;
	}
	mutex_unlock(&set_lock);
}

/* --- commands --- */

/* Bytes that count. Those of a Copy are in its data, so that is there. */
static u64 bytes_of(const struct nvmft_req *req)
{
	switch (req->desc->op) {
	case NVMFT_OP_READ:
	case NVMFT_OP_WRITE:
	case NVMFT_OP_COMPARE:
		return req->len + (req->mate ? req->mate->len : 0);
	case NVMFT_OP_VERIFY:
		return (u64)(le16_to_cpu(req->sqe.rw.length) + 1) << req->ns->lba_shift;
	case NVMFT_OP_COPY:
		return (u64)nvmft_copy_blocks(req) << req->ns->lba_shift;
	default:
		return 0;
	}
}

/* Why it would be refused if it came now: nobody waits for the end of what waits. */
static u16 refusal(const struct nvmft_req *req)
{
	struct nvmft_sq *sq = req->sq;
	bool visible;

	if (percpu_ref_is_dying(&req->ns->ref))
		return nvmft_io_refusal(sq->ctrl, le32_to_cpu(req->sqe.common.nsid));
	rcu_read_lock();
	visible = nvmft_ns_visible(req->ns, sq->ctrl);
	rcu_read_unlock();
	if (!visible)
		return NVMFT_NS_NOT_THERE;
	if ((req->desc->flags & NVMFT_OPF_WRITES || req->mate) && nvmft_ns_readonly(req->ns))
		return NVME_SC_NS_WRITE_PROTECTED | NVME_STATUS_DNR;
	return nvmft_ana_status(nvmft_port_of(sq->port), READ_ONCE(req->ns->anagrpid));
}

static void park(struct nvmft_limit *limit, struct nvmft_req *req, u64 now)
{
	if (req->state != NVMFT_REQ_WAIT)
		nvmft_req_set_state(req, NVMFT_REQ_WAIT);
	req->wait.limit = limit;
	req->wait.since = now;
	req->wait.bytes = bytes_of(req);
	list_add(&req->wait.parked, &req->sq->parked);
	list_add_tail(&req->wait.entry, &limit->waiting);
	limit->waits++;
}

static bool limit_hold(struct nvmft_limit *limit, struct nvmft_req *req)
{
	bool first, hold = true;
	u64 now, ns = 0;

	if (!READ_ONCE(limit->on))
		return false;
	spin_lock_bh(&limit->lock);
	now = ktime_get_ns();
	first = list_empty(&limit->waiting);
	if (first) {
		ns = nvmft_rate_take(&limit->rate, bytes_of(req), now);
		hold = ns;
	}
	/* Who ends what waits does so before he takes the lock, or finds it here. */
	if (hold && refusal(req))
		hold = false;
	if (hold) {
		park(limit, req, now);
		if (first)
			limit_arm(limit, ns);
	}
	spin_unlock_bh(&limit->lock);
	return hold;
}

bool nvmft_qos_hold(struct nvmft_req *req)
{
	struct nvmft_limit *host, *ns, *passed = NULL;

	/* A Flush makes others' writes durable; without a namespace there is no I/O. */
	if (!req->ns || req->desc->op == NVMFT_OP_FLUSH)
		return false;
	if (req->state == NVMFT_REQ_WAIT)
		passed = req->wait.limit;
	host = &req->sq->ctrl->peer->limit;
	ns = &req->ns->limit;
	if (!passed && limit_hold(host, req))
		return true;
	return passed != ns && limit_hold(ns, req);
}

u16 nvmft_qos_back(struct nvmft_req *req)
{
	list_del(&req->wait.parked);
	return refusal(req);
}

bool nvmft_qos_cancel(struct nvmft_req *req)
{
	struct nvmft_limit *limit = req->wait.limit;
	bool waits;

	spin_lock_bh(&limit->lock);
	waits = !list_empty(&req->wait.entry);
	if (waits)
		unpark(limit, req, ktime_get_ns());
	spin_unlock_bh(&limit->lock);
	if (waits)
		list_del(&req->wait.parked);
	return waits;
}

void nvmft_qos_close(struct nvmft_sq *sq)
{
	struct nvmft_req *req, *next;

	list_for_each_entry_safe(req, next, &sq->parked, wait.parked) {
		struct nvmft_limit *limit = req->wait.limit;

		spin_lock_bh(&limit->lock);
		if (!list_empty(&req->wait.entry))
			let_go(limit, req, ktime_get_ns());
		spin_unlock_bh(&limit->lock);
	}
}

static bool is_of_ns(const struct nvmft_req *req, const void *ns, u32 grpid)
{
	return req->ns == ns;
}

static bool is_of_group(const struct nvmft_req *req, const void *port, u32 grpid)
{
	return nvmft_port_of(req->sq->port) == port && READ_ONCE(req->ns->anagrpid) == grpid;
}

static void end_some(bool (*match)(const struct nvmft_req *req, const void *obj, u32 grpid),
		     const void *obj, u32 grpid)
{
	struct nvmft_req *req, *next;
	struct nvmft_limit *limit;

	mutex_lock(&limits_lock);
	list_for_each_entry(limit, &limits, entry) {
		spin_lock_bh(&limit->lock);
		list_for_each_entry_safe(req, next, &limit->waiting, wait.entry)
			if (match(req, obj, grpid))
				let_go(limit, req, ktime_get_ns());
		spin_unlock_bh(&limit->lock);
	}
	mutex_unlock(&limits_lock);
}

void nvmft_qos_end_ns(struct nvmft_ns *ns)
{
	end_some(is_of_ns, ns, 0);
}

void nvmft_qos_end_group(struct nvmft_port *port, u32 grpid)
{
	end_some(is_of_group, port, grpid);
}
