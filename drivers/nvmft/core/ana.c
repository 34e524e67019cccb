// SPDX-License-Identifier: GPL-2.0
/* Asymmetric namespace access: group states of a port, and log page 0Ch. */
#include <linux/bitmap.h>
#include "core/req.h"

/* Counts every change of a state or of a group's members. */
static atomic64_t chgcnt = ATOMIC64_INIT(0);

/* Tell the controllers on @port. */
static void ana_port_changed(struct nvmft_port *port)
{
	struct nvmft_subsys_link *link;
	struct nvmft_ctrl *ctrl;
	unsigned long id;

	lockdep_assert_held(&nvmft_config_sem);
	atomic64_inc(&chgcnt);
	list_for_each_entry(link, &port->subsystems, entry) {
		mutex_lock(&link->subsys->lock);
		xa_for_each(&link->subsys->ctrls, id, ctrl)
			if (ctrl->port == port)
				nvmft_aer_event(ctrl, NVMFT_EV_ANA);
		mutex_unlock(&link->subsys->lock);
	}
}

void nvmft_ana_set_state(struct nvmft_port *port, u32 grpid, u8 state)
{
	down_write(&nvmft_config_sem);
	if (port->ana_state[grpid] != state) {
		WRITE_ONCE(port->ana_state[grpid], state);
		ana_port_changed(port);
	}
	up_write(&nvmft_config_sem);
}

void nvmft_ana_group_add(struct nvmft_port *port, u32 grpid)
{
	down_write(&nvmft_config_sem);
	__set_bit(grpid, port->ana_used);
	ana_port_changed(port);
	up_write(&nvmft_config_sem);
}

/* Namespaces that stay in the group are inaccessible by this port. */
void nvmft_ana_group_remove(struct nvmft_port *port, u32 grpid)
{
	down_write(&nvmft_config_sem);
	WRITE_ONCE(port->ana_state[grpid], NVME_ANA_INACCESSIBLE);
	__clear_bit(grpid, port->ana_used);
	ana_port_changed(port);
	up_write(&nvmft_config_sem);
}

void nvmft_ana_regrouped(struct nvmft_ns *ns)
{
	atomic64_inc(&chgcnt);
	nvmft_ns_tell(ns, NVMFT_EV_ANA);
}

/* Every group, each namespace in one of them: the size that Identify implies */
#define LOG_LEN	(sizeof(struct nvme_ana_rsp_hdr) +				\
		 NVMFT_ANAGRP_MAX * sizeof(struct nvme_ana_group_desc) +	\
		 NVMFT_NN * sizeof(__le32))

/*
 * The groups of the namespaces that a controller sees, as they were at one
 * moment, so that a descriptor's count and its list agree. One for all, under
 * its lock: reading the log is rare and it does not fit the stack.
 */
static DEFINE_MUTEX(snap_lock);
static struct {
	u8	group[NVMFT_NN + 1];		/* by NSID, 0: not active */
	u16	members[NVMFT_ANAGRP_MAX + 1];	/* by group */
} snap;

static void take_snap(struct nvmft_ctrl *ctrl)
{
	struct nvmft_ns *ns;
	unsigned long nsid;
	u32 grpid;

	lockdep_assert_held(&snap_lock);
	memset(&snap, 0, sizeof(snap));
	rcu_read_lock();
	xa_for_each(&ctrl->subsys->namespaces, nsid, ns) {
		if (!nvmft_ns_visible(ns, ctrl))
			continue;
		grpid = READ_ONCE(ns->anagrpid);
		snap.group[nsid] = grpid;
		snap.members[grpid]++;
	}
	rcu_read_unlock();
}

/* A group is reported if it was made on the port or has namespaces. */
static bool is_reported(const struct nvmft_port *port, u32 grpid)
{
	return test_bit(grpid, port->ana_used) || snap.members[grpid];
}

static void put_group(struct nvmft_ctrl *ctrl, struct nvmft_cut *cut, u32 grpid, u64 count,
		      bool rgo)
{
	u32 nsid, n = rgo ? 0 : snap.members[grpid];

	nvmft_log_ana_group(cut, grpid, count, READ_ONCE(ctrl->port->ana_state[grpid]), n);
	for (nsid = 1; n && nsid <= NVMFT_NN; nsid++) {
		if (snap.group[nsid] != grpid)
			continue;
		nvmft_log_ana_nsid(cut, nsid);
		n--;
	}
}

void nvmft_ana_log(struct nvmft_ctrl *ctrl, struct nvmft_cut *cut, bool rgo)
{
	u16 ngroups = 0;
	u32 grpid;
	u64 count;

	down_read(&nvmft_config_sem);
	mutex_lock(&snap_lock);
	/* First the count: a change meanwhile shows as a stale one. */
	count = atomic64_read(&chgcnt);
	take_snap(ctrl);
	for (grpid = 1; grpid <= NVMFT_ANAGRP_MAX; grpid++)
		ngroups += is_reported(ctrl->port, grpid);
	nvmft_log_ana_hdr(cut, count, ngroups);
	for (grpid = 1; grpid <= NVMFT_ANAGRP_MAX; grpid++)
		if (is_reported(ctrl->port, grpid))
			put_group(ctrl, cut, grpid, count, rgo);
	mutex_unlock(&snap_lock);
	up_read(&nvmft_config_sem);
	/* Hosts that read it in pieces ask for all of them. */
	nvmft_cut_zero(cut, LOG_LEN - cut->pos);
}
