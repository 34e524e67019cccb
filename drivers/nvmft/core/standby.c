// SPDX-License-Identifier: GPL-2.0
/*
 * Standby: a namespace that hosts see while its device is somebody else's.
 *
 * Of two nodes with one disk (DRBD, a dual-ported shelf, a logical volume) only one
 * may have it open. With device_size set, a namespace has its device open exactly as
 * long as a port that exports it lets commands through. All the rest of the time
 * hosts see its identity and size, its paths are those of an inaccessible ANA group,
 * and the device is free.
 *
 * Commands know nothing of this: in standby ns->ref is not live, as if the namespace
 * were disabled, and who does not get it looks why (nvmft_ns_refusal()).
 */
#include <linux/log2.h>
#include "core/ctrl.h"
#include "core/ns.h"
#include "core/port.h"

/* How long a host may hold up a device that is to be closed */
#define CLOSE_PATIENCE	(5 * HZ)

/* Every namespace, for those who look for some; list_lock. */
static LIST_HEAD(namespaces);
static DEFINE_SPINLOCK(list_lock);

void nvmft_standby_add(struct nvmft_ns *ns)
{
	spin_lock(&list_lock);
	list_add_tail(&ns->entry, &namespaces);
	spin_unlock(&list_lock);
}

void nvmft_standby_del(struct nvmft_ns *ns)
{
	spin_lock(&list_lock);
	list_del(&ns->entry);
	spin_unlock(&list_lock);
}

/* The next one that can be in standby, referenced; gives back @ns. */
static struct nvmft_ns *next_standby(struct nvmft_ns *ns)
{
	struct nvmft_ns *prev = ns, *found = NULL;

	spin_lock(&list_lock);
	ns = list_prepare_entry(ns, &namespaces, entry);
	list_for_each_entry_continue(ns, &namespaces, entry) {
		if (READ_ONCE(ns->device_size) && kref_get_unless_zero(&ns->kref)) {
			found = ns;
			break;
		}
	}
	spin_unlock(&list_lock);
	if (prev)
		nvmft_ns_drop(prev);
	return found;
}

bool nvmft_standby_wants_device(struct nvmft_ns *ns)
{
	lockdep_assert_held(&ns->lock);
	return !ns->device_size || nvmft_ana_accessible(ns->subsys, ns->anagrpid);
}

int nvmft_standby_check(struct nvmft_ns *ns)
{
	lockdep_assert_held(&ns->lock);
	if (!ns->device_size)
		return 0;
	if (!ns->block_size)
		return nvmft_ns_refuse(ns, -EINVAL, "device_size is set, block_size is not");
	if (ns->device_size % ns->block_size)
		return nvmft_ns_refuse(ns, -EINVAL,
				       "device_size %llu is no whole number of blocks of %u",
				       ns->device_size, ns->block_size);
	return 0;
}

void nvmft_standby_promise(struct nvmft_ns *ns)
{
	lockdep_assert_held(&ns->lock);
	ns->limits = (struct nvmft_limits){
		.bytes		= ns->device_size,
		.block_shift	= ilog2(ns->block_size),
		.phys_size	= ns->block_size,
		/* Nobody knows: hosts that flush in vain do no harm. */
		.write_cache	= true,
	};
	ns->lba_shift = ns->limits.block_shift;
	WRITE_ONCE(ns->readonly, false);
	WRITE_ONCE(ns->nsze, ns->device_size >> ns->lba_shift);
	WRITE_ONCE(ns->standby, true);
}

void nvmft_standby_resize(struct nvmft_ns *ns, u64 bytes)
{
	lockdep_assert_held(&ns->lock);
	WRITE_ONCE(ns->device_size, bytes);
	WRITE_ONCE(ns->limits.bytes, bytes);
	WRITE_ONCE(ns->nsze, bytes >> ns->lba_shift);
}

/* Hosts that look meanwhile see some of what was known before and are told. */
static int standby_open(struct nvmft_ns *ns)
{
	int err = nvmft_ns_open(ns);

	if (err)
		return err;
	pr_info("nvmft: subsystems/%s/namespaces/%u: device is open\n", ns->subsys->nqn,
		ns->nsid);
	nvmft_ns_tell(ns, NVMFT_EV_NS_CHANGED);
	return 0;
}

static void standby_close(struct nvmft_ns *ns)
{
	nvmft_ns_close(ns);
	pr_info("nvmft: subsystems/%s/namespaces/%u: device is closed\n", ns->subsys->nqn,
		ns->nsid);
}

int nvmft_standby_settle(struct nvmft_ns *ns)
{
	bool want;
	int err;

	lockdep_assert_held(&ns->lock);
	if (!ns->enabled)
		return 0;
	want = nvmft_standby_wants_device(ns);
	if (want ? nvmft_ns_running(ns) : !ns->be)
		return 0;
	WRITE_ONCE(ns->standby, !want);
	err = nvmft_ns_stop(ns, CLOSE_PATIENCE);
	if (err)
		return err;
	if (!want) {
		standby_close(ns);
		return 0;
	}
	if (!ns->be)
		err = standby_open(ns);
	WRITE_ONCE(ns->standby, err != 0);
	if (!err)
		nvmft_ns_start(ns);
	return err;
}

static int settle(struct nvmft_ns *ns)
{
	int err;

	mutex_lock(&ns->lock);
	err = nvmft_standby_settle(ns);
	mutex_unlock(&ns->lock);
	return err;
}

static bool is_exported(struct nvmft_port *port, struct nvmft_subsys *subsys)
{
	bool found;

	down_read(&nvmft_config_sem);
	found = nvmft_port_exports(port, subsys);
	up_read(&nvmft_config_sem);
	return found;
}

int nvmft_standby_group(struct nvmft_port *port, u32 grpid)
{
	struct nvmft_ns *ns = NULL;
	int err, worst = 0;

	while ((ns = next_standby(ns))) {
		if (READ_ONCE(ns->anagrpid) != grpid || !is_exported(port, ns->subsys))
			continue;
		err = settle(ns);
		if (err && (!worst || err == -ETIMEDOUT))
			worst = err;
	}
	return worst;
}

void nvmft_standby_subsys(struct nvmft_subsys *subsys)
{
	struct nvmft_ns *ns = NULL;

	while ((ns = next_standby(ns)))
		if (ns->subsys == subsys)
			settle(ns);
}

u16 nvmft_ns_refusal(const struct nvmft_ctrl *ctrl, u32 nsid)
{
	u16 status = NVMFT_NS_NOT_THERE;
	struct nvmft_ns *ns;

	rcu_read_lock();
	ns = nvmft_ns_peek(ctrl, nsid);
	if (ns) {
		status = nvmft_ana_status(ctrl->port, READ_ONCE(ns->anagrpid));
		/* Without its device, or on its way from one group to another */
		if (!status)
			status = READ_ONCE(ns->standby) ? NVME_SC_ANA_INACCESSIBLE :
							  NVME_SC_ANA_TRANSITION;
	}
	rcu_read_unlock();
	return status;
}
