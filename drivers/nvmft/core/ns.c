// SPDX-License-Identifier: GPL-2.0
/* Namespaces: enabled, resized, moved between ANA groups, disabled. */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include "core/ctrl.h"
#include "core/ns.h"
#include "core/port.h"
#include "core/qos.h"
#include "core/refuse.h"

#define LBA_SHIFT_MIN	ilog2(NVMFT_BLOCK_SIZE_MIN)
#define LBA_SHIFT_MAX	ilog2(NVMFT_BLOCK_SIZE_MAX)

/* How long disable waits for commands before it ends the controllers */
#define DISABLE_PATIENCE	(60 * HZ)
/* And how long it takes that to end the commands, unless the device hangs */
#define END_PATIENCE		(5 * HZ)

static void ns_ref_gone(struct percpu_ref *ref)
{
	struct nvmft_ns *ns = container_of(ref, struct nvmft_ns, ref);

	complete(&ns->gone);
}

/* The last command that was let in without a lock has left. */
static void ns_bare_gone(struct percpu_ref *ref)
{
	struct nvmft_ns *ns = container_of(ref, struct nvmft_ns, bare);

	if (ns->draining)
		nvmft_range_unlock(&ns->ranges, &ns->drain, 1);
	complete(&ns->bare_gone);
}

void nvmft_ns_derive_nguid(struct nvmft_ns *ns)
{
	static_assert(sizeof(ns->nguid) == sizeof(ns->uuid));
	memcpy(ns->nguid, &ns->uuid, sizeof(ns->nguid));
	ns->nguid_set = false;
}

struct nvmft_ns *nvmft_ns_alloc(struct nvmft_subsys *subsys, u32 nsid)
{
	struct nvmft_ns *ns;
	int err = -ENOMEM;

	ns = kzalloc_obj(*ns, GFP_KERNEL);
	if (!ns)
		return ERR_PTR(-ENOMEM);
	/* Its counters are shown as soon as they are had below. */
	nvmft_qos_init(&ns->qos);
	nvmft_limit_init(&ns->limit);
	if (percpu_ref_init(&ns->ref, ns_ref_gone, PERCPU_REF_INIT_DEAD, GFP_KERNEL))
		goto out_free;
	if (percpu_ref_init(&ns->bare, ns_bare_gone, PERCPU_REF_INIT_DEAD, GFP_KERNEL))
		goto out_ref;
	/* Reserved as long as the folder exists: enabling needs no memory for it. */
	err = xa_insert(&subsys->namespaces, nsid, NULL, GFP_KERNEL);
	if (err)
		goto out_bare;
	ns->subsys = subsys;
	nvmft_subsys_get(subsys);
	ns->nsid = nsid;
	ns->stat = nvmft_ns_stat_get(ns);
	if (!ns->stat)
		goto out_slot;
	ns->anagrpid = 1;
	kref_init(&ns->kref);
	init_completion(&ns->gone);
	init_completion(&ns->bare_gone);
	mutex_init(&ns->arm_lock);
	mutex_init(&ns->lock);
	uuid_gen(&ns->uuid);
	nvmft_ns_derive_nguid(ns);
	nvmft_standby_add(ns);
	return ns;

out_slot:
	err = -ENOMEM;
	xa_erase(&subsys->namespaces, nsid);
	nvmft_subsys_put(subsys);
out_bare:
	percpu_ref_exit(&ns->bare);
out_ref:
	percpu_ref_exit(&ns->ref);
out_free:
	kfree(ns);
	return ERR_PTR(err == -EBUSY ? -EEXIST : err);
}

void nvmft_ns_remove(struct nvmft_ns *ns)
{
	nvmft_ns_disable(ns);
	nvmft_qos_ns_gone(ns);
	nvmft_ns_stat_put(ns->stat);
	xa_erase(&ns->subsys->namespaces, ns->nsid);
	nvmft_ns_drop(ns);
}

static void ns_free_rcu(struct rcu_head *rcu)
{
	struct nvmft_ns *ns = container_of(rcu, struct nvmft_ns, rcu);

	percpu_ref_exit(&ns->ref);
	percpu_ref_exit(&ns->bare);
	kfree(ns->path);
	kfree(ns);
}

/* Under RCU are readers that found it before it was unpublished. */
static void ns_free(struct kref *kref)
{
	struct nvmft_ns *ns = container_of(kref, struct nvmft_ns, kref);

	nvmft_standby_del(ns);
	nvmft_subsys_put(ns->subsys);
	mutex_destroy(&ns->arm_lock);
	mutex_destroy(&ns->lock);
	/* A folder with links cannot be removed. */
	WARN_ON_ONCE(rcu_access_pointer(ns->viewers));
	call_rcu(&ns->rcu, ns_free_rcu);
}

void nvmft_ns_drop(struct nvmft_ns *ns)
{
	kref_put(&ns->kref, ns_free);
}

int nvmft_ns_refuse(struct nvmft_ns *ns, int err, const char *fmt, ...)
{
	struct nvmft_write w = { .val = "1", .len = 1 };
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	if (ns->enabled) {
		pr_err("nvmft: subsystems/%s/namespaces/%u: stays without its device: %pV (%pe)\n",
		       ns->subsys->nqn, ns->nsid, &vaf, ERR_PTR(err));
	} else {
		snprintf(w.where, sizeof(w.where), "subsystems/%s/namespaces/%u/enable",
			 ns->subsys->nqn, ns->nsid);
		nvmft_refuse(&w, err, "%pV", &vaf);
	}
	va_end(args);
	return err;
}

static int ns_check_limits(struct nvmft_ns *ns, const struct nvmft_limits *lim)
{
	if (lim->block_shift < LBA_SHIFT_MIN || lim->block_shift > LBA_SHIFT_MAX)
		return nvmft_ns_refuse(ns, -EMEDIUMTYPE,
				       "device_path has blocks of 2^%u bytes: must be 2^%d..2^%d",
				       lim->block_shift, LBA_SHIFT_MIN, LBA_SHIFT_MAX);
	if (!(lim->bytes >> lim->block_shift))
		return nvmft_ns_refuse(ns, -ENOMEDIUM, "device_path has no capacity");
	/* What hosts cannot reach has not been promised: files end anywhere. */
	if (ns->device_size && round_down(lim->bytes, 1ULL << lim->block_shift) != ns->device_size)
		return nvmft_ns_refuse(ns, -EMEDIUMTYPE,
				       "device_path has %llu bytes, where device_size promises %llu",
				       lim->bytes, ns->device_size);
	return 0;
}

int nvmft_ns_open(struct nvmft_ns *ns)
{
	struct nvmft_limits lim = {};
	struct nvmft_backend *be;
	const char *why;
	int err;

	lockdep_assert_held(&ns->lock);
	be = nvmft_backend_open(ns->path, ns->buffered_io, ns->block_size, &why);
	if (IS_ERR(be))
		return nvmft_ns_refuse(ns, PTR_ERR(be), "device_path \"%*pE\" %s",
				       (int)min_t(size_t, strlen(ns->path), 128), ns->path, why);
	be->ops->limits(be, &lim);
	err = ns_check_limits(ns, &lim);
	if (err) {
		be->ops->close(be);
		return err;
	}
	ns->be = be;
	/* Identify may be looking at one in standby: then hosts are told to look again. */
	data_race(ns->limits = lim);
	WRITE_ONCE(ns->lba_shift, lim.block_shift);
	WRITE_ONCE(ns->readonly, lim.readonly);
	WRITE_ONCE(ns->nsze, lim.bytes >> lim.block_shift);
	nvmft_ns_watch(ns);
	return 0;
}

void nvmft_ns_close(struct nvmft_ns *ns)
{
	lockdep_assert_held(&ns->lock);
	nvmft_ns_unwatch(ns);
	ns->be->ops->close(ns->be);
	ns->be = NULL;
}

void nvmft_ns_start(struct nvmft_ns *ns)
{
	lockdep_assert_held(&ns->lock);
	nvmft_ranges_init(&ns->ranges);
	ns->armed = false;
	ns->draining = false;
	reinit_completion(&ns->bare_gone);
	percpu_ref_reinit(&ns->bare);
	reinit_completion(&ns->gone);
	percpu_ref_reinit(&ns->ref);
	ns->started = true;
}

/*
 * Let nothing at the device, and wait for what is there. False: not all of it has
 * ended in time, and who comes next goes on waiting.
 */
static bool ns_stop(struct nvmft_ns *ns, unsigned long patience)
{
	lockdep_assert_held(&ns->lock);
	if (!ns->started)
		return true;
	if (!percpu_ref_is_dying(&ns->ref)) {
		percpu_ref_kill(&ns->ref);
		nvmft_qos_end_ns(ns);
	}
	if (!wait_for_completion_timeout(&ns->gone, patience))
		return false;
	/* No command is left, so nobody holds it, and nobody arms. */
	if (!ns->armed)
		percpu_ref_kill(&ns->bare);
	wait_for_completion(&ns->bare_gone);
	ns->started = false;
	return true;
}

int nvmft_ns_stop(struct nvmft_ns *ns, unsigned long patience)
{
	if (ns_stop(ns, patience))
		return 0;
	/* A host that does not send the data of its write, or the device hangs. */
	nvmft_ctrl_end_all(ns->subsys, NULL, NULL, NVMFT_END_STUCK, "holds up a change of access");
	if (ns_stop(ns, END_PATIENCE))
		return 0;
	pr_err("nvmft: subsystems/%s/namespaces/%u: commands from before have not ended, so none are let in (%pe)\n",
	       ns->subsys->nqn, ns->nsid, ERR_PTR(-ETIMEDOUT));
	return -ETIMEDOUT;
}

static int ns_prepare(struct nvmft_ns *ns)
{
	int err;

	if (!ns->path)
		return nvmft_ns_refuse(ns, -EINVAL, "device_path is not set");
	err = nvmft_standby_check(ns);
	if (err)
		return err;
	if (!nvmft_standby_wants_device(ns)) {
		nvmft_standby_promise(ns);
		return 0;
	}
	err = nvmft_ns_open(ns);
	if (!err)
		nvmft_ns_start(ns);
	return err;
}

int nvmft_ns_enable(struct nvmft_ns *ns)
{
	int err;

	mutex_lock(&ns->lock);
	err = ns->enabled ? nvmft_standby_settle(ns) : ns_prepare(ns);
	if (err || ns->enabled) {
		mutex_unlock(&ns->lock);
		return err;
	}
	/* The slot is there, so this cannot fail; it publishes what stands above. */
	xa_store(&ns->subsys->namespaces, ns->nsid, ns, GFP_KERNEL);
	WRITE_ONCE(ns->enabled, true);
	pr_info("nvmft: subsystems/%s/namespaces/%u: %s, %llu blocks of %u bytes%s%s\n",
		ns->subsys->nqn, ns->nsid, ns->be ? ns->be->ops->name : "standby", ns->nsze,
		1U << ns->lba_shift, ns->buffered_io ? ", buffered" : "",
		nvmft_ns_readonly(ns) ? ", read-only" : "");
	mutex_unlock(&ns->lock);
	nvmft_ana_members_changed(READ_ONCE(ns->anagrpid));
	nvmft_ns_tell(ns, NVMFT_EV_NS_CHANGED);
	return 0;
}

/*
 * A host can hold up a command for ever: a write whose data it does not send.
 * So after a while it loses its connections, and with them its commands.
 */
static void ns_stop_for_good(struct nvmft_ns *ns)
{
	if (ns_stop(ns, DISABLE_PATIENCE))
		return;
	nvmft_ctrl_end_all(ns->subsys, NULL, NULL, NVMFT_END_STUCK,
			   "holds up the end of a namespace");
	ns_stop(ns, MAX_SCHEDULE_TIMEOUT);
}

void nvmft_ns_disable(struct nvmft_ns *ns)
{
	mutex_lock(&ns->lock);
	if (!ns->enabled) {
		mutex_unlock(&ns->lock);
		return;
	}
	xa_store(&ns->subsys->namespaces, ns->nsid, XA_ZERO_ENTRY, GFP_KERNEL);
	/* At once: commands that come now are to be tried elsewhere, over and over. */
	nvmft_ana_members_changed(READ_ONCE(ns->anagrpid));
	nvmft_ns_tell(ns, NVMFT_EV_NS_CHANGED);
	if (ns->started)
		ns_stop_for_good(ns);
	else
		/* Who has found it and only looks at it; stopping waits for them as well. */
		synchronize_rcu();
	if (ns->be)
		nvmft_ns_close(ns);
	WRITE_ONCE(ns->standby, false);
	WRITE_ONCE(ns->enabled, false);
	mutex_unlock(&ns->lock);
}

/* What may change below an enabled namespace. Did it? */
static bool ns_update(struct nvmft_ns *ns, const struct nvmft_limits *lim)
{
	u64 nsze = lim->bytes >> ns->lba_shift;
	bool changed;

	lockdep_assert_held(&ns->lock);
	changed = nsze != ns->nsze || lim->readonly != ns->readonly ||
		  lim->write_cache != ns->limits.write_cache;
	WRITE_ONCE(ns->nsze, nsze);
	WRITE_ONCE(ns->readonly, lim->readonly);
	WRITE_ONCE(ns->limits.write_cache, lim->write_cache);
	WRITE_ONCE(ns->limits.bytes, lim->bytes);
	ns->limits.readonly = lim->readonly;
	/* What hosts know now is what the device has to have next time. */
	if (ns->device_size)
		WRITE_ONCE(ns->device_size, nsze << ns->lba_shift);
	return changed;
}

static int ns_revalidate(struct nvmft_ns *ns, bool *changed)
{
	struct nvmft_limits lim = {};

	lockdep_assert_held(&ns->lock);
	if (!ns->enabled)
		return -ENODEV;
	if (!ns->be)
		return -ENXIO;
	ns->be->ops->limits(ns->be, &lim);
	if (lim.block_shift != ns->lba_shift)
		return -EMEDIUMTYPE;
	if (!(lim.bytes >> lim.block_shift))
		return -ENOMEDIUM;
	*changed = ns_update(ns, &lim);
	return 0;
}

int nvmft_ns_revalidate(struct nvmft_ns *ns)
{
	bool changed = false;
	int err;

	mutex_lock(&ns->lock);
	err = ns_revalidate(ns, &changed);
	mutex_unlock(&ns->lock);
	if (changed)
		nvmft_ns_tell(ns, NVMFT_EV_NS_CHANGED);
	return err;
}

/**
 * struct flush - a flush that somebody waits for
 * @io: what the backend gets
 * @done: it has ended
 * @err: how
 */
struct flush {
	struct nvmft_io		io;
	struct completion	done;
	int			err;
};

static void flush_done(struct nvmft_io *io, int err)
{
	struct flush *f = container_of(io, struct flush, io);

	f->err = err;
	complete(&f->done);
}

/* The backend has a work in the io, which may not lie on a stack. */
static int ns_flush(struct nvmft_ns *ns)
{
	struct flush *f = kzalloc_obj(*f, GFP_KERNEL);
	int err;

	if (!f)
		return -ENOMEM;
	f->io.op = NVMFT_IO_FLUSH;
	f->io.done = flush_done;
	init_completion(&f->done);
	ns->be->ops->submit(ns->be, &f->io);
	wait_for_completion(&f->done);
	err = f->err;
	kfree(f);
	return err;
}

/*
 * Refused first and flushed then, so that no write is acknowledged behind the
 * flush. Not under ns->lock: who has a reference may not take it.
 */
int nvmft_ns_protect(struct nvmft_ns *ns, bool on)
{
	bool was = READ_ONCE(ns->protected);
	int err = 0;

	WRITE_ONCE(ns->protected, on);
	if (on)
		err = ns_flush(ns);
	if (err)
		WRITE_ONCE(ns->protected, was);
	else if (on != was)
		nvmft_ns_tell(ns, NVMFT_EV_NS_CHANGED);
	return err;
}

void nvmft_ns_try_revalidate(struct nvmft_ns *ns)
{
	bool changed = false;

	if (!mutex_trylock(&ns->lock))
		return;
	ns_revalidate(ns, &changed);
	mutex_unlock(&ns->lock);
	if (changed)
		nvmft_ns_tell(ns, NVMFT_EV_NS_CHANGED);
}

static void ns_set_group(struct nvmft_ns *ns, u32 grpid)
{
	u32 old = ns->anagrpid;

	lockdep_assert_held(&ns->lock);
	WRITE_ONCE(ns->anagrpid, grpid);
	if (!ns->enabled)
		return;
	nvmft_ana_members_changed(old);
	nvmft_ana_members_changed(grpid);
	nvmft_ns_tell(ns, NVMFT_EV_ANA);
}

/*
 * A later fence of the new group waits for commands that it let in, and so those
 * of the old group end here. What comes meanwhile is told that the group changes.
 */
int nvmft_ns_regroup(struct nvmft_ns *ns, u32 grpid)
{
	int err = 0;
	u32 old;

	mutex_lock(&ns->lock);
	old = ns->anagrpid;
	if (old != grpid) {
		ns_set_group(ns, grpid);
		if (ns->started)
			err = nvmft_ns_stop(ns, NVMFT_ANATT * HZ);
	}
	if (!err)
		err = nvmft_standby_settle(ns);
	/* Without its device it stays where that is not missed. */
	if (err && err != -ETIMEDOUT)
		ns_set_group(ns, old);
	mutex_unlock(&ns->lock);
	return err;
}
