// SPDX-License-Identifier: GPL-2.0
/*
 * Controllers: created by an admin Connect, ended by the loss of their admin
 * queue. Everything else that ends one (keep alive, an administrator, a host
 * that never enables it) only closes its queues; the admin queue's worker then
 * takes it apart. So nothing here ever waits for anything.
 */
#include <linux/slab.h>
#include "core/debugfs.h"
#include "core/req.h"
#include "proto/prop.h"

static struct workqueue_struct *ctrl_wq;

void nvmft_ctrl_get(struct nvmft_ctrl *ctrl)
{
	kref_get(&ctrl->ref);
}

/* Its folder has gone, which shows some of this. */
static void ctrl_free(struct nvmft_folder *folder)
{
	struct nvmft_ctrl *ctrl = container_of(folder, struct nvmft_ctrl, folder);

	nvmft_port_put(ctrl->port);
	nvmft_subsys_put(ctrl->subsys);
	kfree(ctrl->changed);
	kfree(ctrl);
}

static void ctrl_release(struct kref *ref)
{
	struct nvmft_ctrl *ctrl = container_of(ref, struct nvmft_ctrl, ref);

	nvmft_session_end(ctrl);
	nvmft_debugfs_free(&ctrl->folder, ctrl_free);
}

void nvmft_ctrl_put(struct nvmft_ctrl *ctrl)
{
	kref_put(&ctrl->ref, ctrl_release);
}

/* The tick owns a reference while it is queued. ctrl->lock held. */
static void ctrl_arm(struct nvmft_ctrl *ctrl, unsigned long delay)
{
	lockdep_assert_held(&ctrl->lock);
	if (ctrl->dead)
		return;
	if (!mod_delayed_work(ctrl_wq, &ctrl->tick, delay))
		nvmft_ctrl_get(ctrl);
}

/* When did the host last send anything? */
unsigned long nvmft_ctrl_last_seen(struct nvmft_ctrl *ctrl)
{
	unsigned long last = READ_ONCE(ctrl->admin->last_seen);
	struct nvmft_sq *sq;

	lockdep_assert_held(&ctrl->lock);
	list_for_each_entry(sq, &ctrl->sqs, entry)
		if (time_after(READ_ONCE(sq->last_seen), last))
			last = READ_ONCE(sq->last_seen);
	return last;
}

/*
 * Keep alive by traffic (TBKAS) and the end of associations that nobody uses:
 * run at the earliest moment at which one of them could have expired.
 */
static void ctrl_tick(struct work_struct *work)
{
	struct nvmft_ctrl *ctrl = container_of(to_delayed_work(work), struct nvmft_ctrl, tick);
	unsigned long now = jiffies, next = 0, at;
	enum nvmft_end end = NVMFT_END_KATO;
	const char *why = NULL;

	spin_lock(&ctrl->lock);
	if (!ctrl->dead && ctrl->kato) {
		at = nvmft_ctrl_last_seen(ctrl) + msecs_to_jiffies(ctrl->kato) + 1;
		if (time_after_eq(now, at))
			why = "keep alive timeout expired";
		else
			next = at - now;
	}
	if (!ctrl->dead && !why && ctrl->lingering) {
		at = ctrl->idle_since + NVMFT_LINGER_SECS * HZ;
		if (time_after_eq(now, at)) {
			end = NVMFT_END_IDLE;
			why = "left disabled by its host";
		} else if (!next || at - now < next) {
			next = at - now;
		}
	}
	if (!why && next)
		ctrl_arm(ctrl, next);
	spin_unlock(&ctrl->lock);

	if (why)
		nvmft_ctrl_end(ctrl, end, why);
	nvmft_ctrl_put(ctrl);
}

static void ctrl_linger(struct nvmft_ctrl *ctrl)
{
	lockdep_assert_held(&ctrl->lock);
	ctrl->lingering = true;
	ctrl->idle_since = jiffies;
	ctrl_arm(ctrl, 0);
}

/* Its host has disabled it or shut it down: if it is gone next, that is why. */
static void ctrl_left(struct nvmft_ctrl *ctrl)
{
	if (!ctrl->dead)
		ctrl->end = NVMFT_END_SHUTDOWN;
	ctrl_linger(ctrl);
}

/* Has the host of @ctrl, which is not among them yet, as many as it can have? */
static bool host_is_full(struct nvmft_subsys *subsys, const struct nvmft_ctrl *ctrl)
{
	struct nvmft_ctrl *other;
	unsigned long id;
	u32 count = 0;

	lockdep_assert_held(&subsys->lock);
	xa_for_each(&subsys->ctrls, id, other)
		count += other->hosthash == ctrl->hosthash &&
			 !strcmp(other->hostnqn, ctrl->hostnqn);
	if (count < subsys->max_host_ctrls)
		return false;
	nvmft_port_count(&ctrl->port->t, NVMFT_PORT_REFUSED_HOST_CTRLS);
	pr_info_ratelimited("nvmft: %s: host %*pE (%s) has attr_max_host_ctrls controllers\n",
			    subsys->nqn, (int)strlen(ctrl->hostnqn), ctrl->hostnqn, ctrl->addr);
	return true;
}

/* Enter @ctrl into the subsystem's table. 0 or -errno, as nvmft_ctrl_alloc() has them */
static int ctrl_enter(struct nvmft_subsys *subsys, struct nvmft_ctrl *ctrl)
{
	u32 id;
	int err;

	lockdep_assert_held(&subsys->lock);
	if (subsys->dying)
		return -EBUSY;
	if (host_is_full(subsys, ctrl))
		return -EUSERS;
	err = xa_alloc_cyclic(&subsys->ctrls, &id, ctrl,
			      XA_LIMIT(subsys->cntlid_min, subsys->cntlid_max),
			      &subsys->next_cntlid, GFP_KERNEL);
	if (err < 0)
		return err;
	ctrl->cntlid = id;
	return 0;
}

/**
 * nvmft_ctrl_alloc() - a controller for a new association
 * @subsys: subsystem; nvmft_config_sem is held, so it cannot go
 * @admin: queue that becomes the admin queue: gets sq->ctrl and its reference
 * @d: Connect data, checked
 * @kato: ms, 0: none
 *
 * Worker of @admin. Return: the controller, or an ERR_PTR: -ENOMEM; -EBUSY when
 * no CNTLID is free or the subsystem is being removed; -EUSERS when the host has
 * attr_max_host_ctrls controllers, logged.
 */
struct nvmft_ctrl *nvmft_ctrl_alloc(struct nvmft_subsys *subsys, struct nvmft_sq *admin,
				    const struct nvmf_connect_data *d, u32 kato)
{
	struct nvmft_port *port = nvmft_port_of(admin->port);
	struct nvmft_ctrl *ctrl;
	int err;

	ctrl = kzalloc_obj(*ctrl, GFP_KERNEL);
	if (!ctrl)
		return ERR_PTR(-ENOMEM);
	ctrl->changed = kcalloc(NVMFT_NN, sizeof(*ctrl->changed), GFP_KERNEL);
	if (!ctrl->changed) {
		kfree(ctrl);
		return ERR_PTR(-ENOMEM);
	}
	kref_init(&ctrl->ref);
	ctrl->subsys = subsys;
	nvmft_subsys_get(subsys);
	ctrl->port = port;
	nvmft_port_get(port);
	ctrl->ops = admin->ops;
	ctrl->discovery = subsys->type != NVME_NQN_NVME;
	ctrl->max_queue_size = port->t.max_queue_size;
	memcpy(ctrl->hostid, &d->hostid, sizeof(ctrl->hostid));
	strscpy(ctrl->hostnqn, d->hostnqn, sizeof(ctrl->hostnqn));
	ctrl->hosthash = nvmft_nqn_hash(ctrl->hostnqn);
	ctrl->ops->peer_addr(admin, ctrl->addr, sizeof(ctrl->addr));
	ctrl->ops->local_addr(admin, ctrl->local, sizeof(ctrl->local));
	ctrl->hdgst = admin->hdgst;
	ctrl->ddgst = admin->ddgst;
	ctrl->born_ms = ktime_get_boottime_ns() / NSEC_PER_MSEC;
	INIT_DELAYED_WORK(&ctrl->tick, ctrl_tick);
	spin_lock_init(&ctrl->lock);
	spin_lock_init(&ctrl->err_lock);
	INIT_LIST_HEAD(&ctrl->sqs);
	init_waitqueue_head(&ctrl->sq_wait);
	ctrl->admin = admin;
	ctrl->kato = kato;
	nvmft_features_reset(ctrl);
	err = nvmft_session_prepare(ctrl);
	if (err)
		goto out_put;

	mutex_lock(&subsys->lock);
	err = ctrl_enter(subsys, ctrl);
	if (!err) {
		/* Whoever finds it in the table may end it from now on. */
		nvmft_ctrl_get(ctrl);
		admin->ctrl = ctrl;
		spin_lock(&ctrl->lock);
		ctrl_linger(ctrl);
		spin_unlock(&ctrl->lock);
		nvmft_session_begin(ctrl);
		nvmft_debugfs_add_ctrl(ctrl);
	}
	mutex_unlock(&subsys->lock);
	if (err)
		goto out_put;
	return ctrl;

out_put:
	nvmft_ctrl_put(ctrl);
	return ERR_PTR(err);
}

/* Close the I/O queues. ctrl->lock held: it keeps them alive. */
static void ctrl_close_io(struct nvmft_ctrl *ctrl)
{
	struct nvmft_sq *sq;

	lockdep_assert_held(&ctrl->lock);
	list_for_each_entry(sq, &ctrl->sqs, entry)
		ctrl->ops->close(sq);
}

bool nvmft_ctrl_end(struct nvmft_ctrl *ctrl, enum nvmft_end end, const char *why)
{
	bool first = false;

	spin_lock(&ctrl->lock);
	if (!ctrl->dead && ctrl->admin) {
		first = true;
		ctrl->dead = true;
		ctrl->end = end;
		ctrl->csts |= NVME_CSTS_CFS;
		ctrl_close_io(ctrl);
		ctrl->ops->close(ctrl->admin);
	}
	spin_unlock(&ctrl->lock);
	if (first)
		pr_info_ratelimited("nvmft: %s: controller %u of host %*pE (%s) ends: %s\n",
				    ctrl->subsys->nqn, ctrl->cntlid,
				    (int)strlen(ctrl->hostnqn), ctrl->hostnqn, ctrl->addr,
				    why);
	return first;
}

void nvmft_ctrl_end_all(struct nvmft_subsys *subsys, struct nvmft_port *port,
			const char *hostnqn, enum nvmft_end end, const char *why)
{
	struct nvmft_ctrl *ctrl;
	unsigned long id;

	mutex_lock(&subsys->lock);
	xa_for_each(&subsys->ctrls, id, ctrl) {
		if (port && ctrl->port != port)
			continue;
		if (hostnqn && strcmp(ctrl->hostnqn, hostnqn))
			continue;
		nvmft_ctrl_end(ctrl, end, why);
	}
	mutex_unlock(&subsys->lock);
}

static void stat_add(struct nvmft_sq_stat *sum, const struct nvmft_sq_stat *stat)
{
	nvmft_traffic_add(&sum->traffic, &stat->traffic);
	sum->media_errors += READ_ONCE(stat->media_errors);
}

static u64 sq_busy(const struct nvmft_sq *sq)
{
	u64 busy = READ_ONCE(sq->stat.busy);

	return READ_ONCE(sq->nr_reqs) ? busy + (jiffies - READ_ONCE(sq->busy_since)) : busy;
}

enum nvmft_end nvmft_ctrl_why(struct nvmft_ctrl *ctrl, enum nvmft_end end)
{
	spin_lock(&ctrl->lock);
	/* Who is being ended, or has taken its leave, is gone for that reason. */
	if (ctrl->end && (!end || end == NVMFT_END_CLOSED || end == NVMFT_END_LOST))
		end = ctrl->end;
	spin_unlock(&ctrl->lock);
	return end ?: NVMFT_END_CONFIG;
}

void nvmft_ctrl_traffic(const struct nvmft_ctrl *ctrl, struct nvmft_traffic *sum)
{
	const struct nvmft_sq *sq;

	lockdep_assert_held(&ctrl->lock);
	nvmft_traffic_add(sum, &ctrl->old_stat.traffic);
	if (ctrl->admin)
		nvmft_traffic_add(sum, &ctrl->admin->stat.traffic);
	list_for_each_entry(sq, &ctrl->sqs, entry)
		nvmft_traffic_add(sum, &sq->stat.traffic);
}

/* A controller is busy for as long as the busiest of its queues, at the least. */
void nvmft_ctrl_stat(struct nvmft_ctrl *ctrl, struct nvmft_sq_stat *sum)
{
	struct nvmft_sq *sq;
	u64 busy;

	spin_lock(&ctrl->lock);
	*sum = ctrl->old_stat;
	busy = ctrl->old_busy;
	list_for_each_entry(sq, &ctrl->sqs, entry) {
		stat_add(sum, &sq->stat);
		busy = max(busy, sq_busy(sq));
	}
	sum->busy += busy;
	spin_unlock(&ctrl->lock);
}

/* What an I/O queue that goes has counted. ctrl->lock held. */
static void stat_keep(struct nvmft_ctrl *ctrl, const struct nvmft_sq *sq)
{
	lockdep_assert_held(&ctrl->lock);
	stat_add(&ctrl->old_stat, &sq->stat);
	ctrl->old_busy = max(ctrl->old_busy, sq_busy(sq));
	/* Queues that come now were not busy together with these. */
	if (list_empty(&ctrl->sqs)) {
		ctrl->old_stat.busy += ctrl->old_busy;
		ctrl->old_busy = 0;
	}
}

/* The admin queue has gone, and the controller with it. */
static void ctrl_gone(struct nvmft_ctrl *ctrl)
{
	struct nvmft_subsys *subsys = ctrl->subsys;

	mutex_lock(&subsys->lock);
	xa_erase(&subsys->ctrls, ctrl->cntlid);
	mutex_unlock(&subsys->lock);

	nvmft_aer_flush(ctrl, NVME_SC_ABORT_QUEUE | NVME_STATUS_DNR);
	if (cancel_delayed_work(&ctrl->tick))
		nvmft_ctrl_put(ctrl);
	nvmft_ctrl_put(ctrl);
}

void nvmft_ctrl_sq_gone(struct nvmft_ctrl *ctrl, struct nvmft_sq *sq)
{
	bool admin = false;

	spin_lock(&ctrl->lock);
	if (ctrl->admin == sq) {
		admin = true;
		ctrl->admin = NULL;
		ctrl->dead = true;
		if (!ctrl->end)
			ctrl->end = sq->end ?: NVMFT_END_CONFIG;
		stat_add(&ctrl->old_stat, &sq->stat);
		ctrl_close_io(ctrl);
	} else if (!list_empty(&sq->entry)) {
		list_del_init(&sq->entry);
		ctrl->io[sq->qid] = NULL;
		stat_keep(ctrl, sq);
	}
	spin_unlock(&ctrl->lock);
	if (admin)
		ctrl_gone(ctrl);
}

void nvmft_ctrl_sq_ended(struct nvmft_ctrl *ctrl, struct nvmft_sq *sq)
{
	if (sq->qid) {
		spin_lock(&ctrl->lock);
		__clear_bit(sq->qid, ctrl->qids);
		spin_unlock(&ctrl->lock);
		wake_up_all(&ctrl->sq_wait);
	}
	nvmft_ctrl_put(ctrl);
}

/*
 * RDY falls and SHST says "complete" only when the last command of the last I/O
 * queue has ended, so that none can still change the media: derived, so that no
 * event can be lost. ctrl->lock held.
 */
static u32 ctrl_csts(struct nvmft_ctrl *ctrl)
{
	u32 csts = ctrl->csts;

	lockdep_assert_held(&ctrl->lock);
	if (!bitmap_empty(ctrl->qids, NVMFT_QID_MAX + 1))
		return csts;
	if (!(ctrl->cc & NVME_CC_ENABLE))
		csts &= ~NVME_CSTS_RDY;
	if ((csts & NVME_CSTS_SHST_MASK) == NVME_CSTS_SHST_OCCUR)
		csts = (csts & ~NVME_CSTS_SHST_MASK) | NVME_CSTS_SHST_CMPLT;
	ctrl->csts = csts;
	return csts;
}

u32 nvmft_ctrl_csts(struct nvmft_ctrl *ctrl)
{
	u32 csts;

	spin_lock(&ctrl->lock);
	csts = ctrl_csts(ctrl);
	spin_unlock(&ctrl->lock);
	return csts;
}

/* What an enable must not find from the time before. ctrl->lock held. */
static void ctrl_reset_state(struct nvmft_ctrl *ctrl)
{
	ctrl->granted = 0;
	WRITE_ONCE(ctrl->no_cache_told, false);
	ctrl->aec = 0;
	ctrl->ev_pending = 0;
	ctrl->ev_masked = 0;
	ctrl->nr_changed = 0;
	nvmft_features_reset(ctrl);
}

u16 nvmft_ctrl_set_cc(struct nvmft_ctrl *ctrl, u32 cc)
{
	u32 act = 0;
	u16 status;

	spin_lock(&ctrl->lock);
	status = nvmft_prop_set_cc(ctrl->cc, cc, ctrl_csts(ctrl), ctrl->discovery, &act);
	if (status)
		goto out;
	WRITE_ONCE(ctrl->cc, cc);
	if (act & NVMFT_CC_ACT_DISABLE) {
		ctrl_close_io(ctrl);
		ctrl_reset_state(ctrl);
		ctrl->csts &= ~NVME_CSTS_SHST_MASK;
		ctrl_left(ctrl);
	}
	if (act & NVMFT_CC_ACT_ENABLE) {
		ctrl_reset_state(ctrl);
		ctrl->csts = NVME_CSTS_RDY;
		ctrl->lingering = false;
		if (!ctrl->dead)
			ctrl->end = NVMFT_END_NONE;
	}
	if (act & NVMFT_CC_ACT_SHUTDOWN) {
		ctrl->csts = (ctrl->csts & ~NVME_CSTS_SHST_MASK) | NVME_CSTS_SHST_OCCUR;
		ctrl_close_io(ctrl);
		ctrl_left(ctrl);
	}
out:
	spin_unlock(&ctrl->lock);
	if (act & NVMFT_CC_ACT_DISABLE)
		nvmft_aer_flush(ctrl, NVME_SC_ABORT_QUEUE | NVME_STATUS_DNR);
	return status;
}

void nvmft_ctrl_set_kato(struct nvmft_ctrl *ctrl, u32 kato_ms)
{
	spin_lock(&ctrl->lock);
	/* debugfs reads it without the lock. */
	WRITE_ONCE(ctrl->kato, kato_ms);
	ctrl_arm(ctrl, 0);
	spin_unlock(&ctrl->lock);
}

/**
 * nvmft_ctrl_join() - an I/O queue connects
 * @ctrl: referenced by the caller; the queue takes its own reference
 * @sq: the queue
 * @qid: 1..NVMFT_QID_MAX
 *
 * Worker of @sq. Return: 0; -ESHUTDOWN: the controller ends or shuts down;
 * -EPERM: not enabled; -EAGAIN: no queues granted; -ERANGE: more than were granted;
 * -EEXIST: this qid is in use.
 */
int nvmft_ctrl_join(struct nvmft_ctrl *ctrl, struct nvmft_sq *sq, u16 qid)
{
	int err = 0;

	spin_lock(&ctrl->lock);
	if (ctrl->dead || (ctrl->csts & NVME_CSTS_SHST_MASK)) {
		err = -ESHUTDOWN;
	} else if (!nvmft_ctrl_enabled(ctrl)) {
		err = -EPERM;
	} else if (!ctrl->granted) {
		err = -EAGAIN;
	} else if (!qid || qid > ctrl->granted) {
		err = -ERANGE;
	} else if (test_bit(qid, ctrl->qids)) {
		err = -EEXIST;
	} else {
		nvmft_ctrl_get(ctrl);
		sq->ctrl = ctrl;
		sq->qid = qid;
		ctrl->io[qid] = sq;
		__set_bit(qid, ctrl->qids);
		list_add_tail(&sq->entry, &ctrl->sqs);
	}
	spin_unlock(&ctrl->lock);
	return err;
}

void nvmft_ctrl_log_error(struct nvmft_ctrl *ctrl, const struct nvmft_req *req, u16 status)
{
	struct nvmft_err_in *slot;
	unsigned long flags;

	spin_lock_irqsave(&ctrl->err_lock, flags);
	slot = &ctrl->err[ctrl->err_count % ARRAY_SIZE(ctrl->err)];
	slot->count = ++ctrl->err_count;
	slot->lba = req->desc && (req->desc->flags & NVMFT_OPF_LBA) ?
		    le64_to_cpu(req->sqe.rw.slba) : 0;
	slot->nsid = le32_to_cpu(req->sqe.common.nsid);
	slot->sqid = req->sq->qid;
	slot->cid = le16_to_cpu((__force __le16)req->sqe.common.command_id);
	slot->status = status;
	slot->loc = req->loc;
	if (slot->loc == NVMFT_LOC_NONE)
		slot->loc = nvmft_sqe_loc(req->desc, req->status);
	slot->opcode = req->sqe.common.opcode;
	slot->trtype = ctrl->ops->trtype;
	spin_unlock_irqrestore(&ctrl->err_lock, flags);
}

int nvmft_ctrl_init(void)
{
	ctrl_wq = alloc_workqueue("nvmft_ctrl", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	return ctrl_wq ? 0 : -ENOMEM;
}

/* Every queue has gone; the works that still run hold the last references. */
void nvmft_ctrl_exit(void)
{
	destroy_workqueue(ctrl_wq);
}
