// SPDX-License-Identifier: GPL-2.0
/*
 * Asymmetric namespace access: the states of a port's groups, and what they let
 * through. The log page is in ana_log.c.
 *
 * A command is judged by the state twice: when its capsule comes, so that no data
 * is moved in vain, and when it is executed. The second judgement is a reference
 * on the group, which lives as long as the state lets commands through. A state
 * that does not kills it, and has become a fence when the reference has dropped
 * to zero. So a host that does not send the data of its write cannot hold this
 * up, and on the way of a command there is a per-CPU counter and no lock.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>
#include "core/ana.h"
#include "core/ns.h"
#include "core/qos.h"
#include "core/req.h"

/* Counts every change of a state or of a group's members. */
static atomic64_t chgcnt = ATOMIC64_INIT(0);

/* The count when the members of a group last changed, in any subsystem */
static u64 members_chgcnt[NVMFT_ANAGRP_MAX + 1];

static void ana_users_gone(struct percpu_ref *ref)
{
	struct nvmft_ana_group *grp = container_of(ref, struct nvmft_ana_group, users);

	wake_up(&grp->idle);
}

/* Its state is one that lets nothing through. NULL: no memory. */
static struct nvmft_ana_group *group_alloc(void)
{
	struct nvmft_ana_group *grp;

	grp = kzalloc_obj(*grp, GFP_KERNEL);
	if (!grp)
		return NULL;
	if (percpu_ref_init(&grp->users, ana_users_gone, PERCPU_REF_INIT_DEAD, GFP_KERNEL)) {
		kfree(grp);
		return NULL;
	}
	init_waitqueue_head(&grp->idle);
	mutex_init(&grp->lock);
	return grp;
}

int nvmft_ana_init(struct nvmft_port *port)
{
	memset(port->ana_state, NVME_ANA_INACCESSIBLE, sizeof(port->ana_state));
	port->ana[1] = group_alloc();
	if (!port->ana[1])
		return -ENOMEM;
	percpu_ref_reinit(&port->ana[1]->users);
	port->ana_state[1] = NVME_ANA_OPTIMIZED;
	__set_bit(1, port->ana_used);
	return 0;
}

void nvmft_ana_exit(struct nvmft_port *port)
{
	struct nvmft_ana_group *grp;
	u32 grpid;

	for (grpid = 1; grpid <= NVMFT_ANAGRP_MAX; grpid++) {
		grp = port->ana[grpid];
		if (grp && !percpu_ref_is_dying(&grp->users))
			percpu_ref_kill(&grp->users);
	}
	for (grpid = 1; grpid <= NVMFT_ANAGRP_MAX; grpid++) {
		grp = port->ana[grpid];
		if (grp)
			wait_event(grp->idle, percpu_ref_is_zero(&grp->users));
	}
	/* Who dropped the last reference of one is about to wake us up. */
	synchronize_rcu();
	for (grpid = 1; grpid <= NVMFT_ANAGRP_MAX; grpid++) {
		grp = port->ana[grpid];
		if (!grp)
			continue;
		percpu_ref_exit(&grp->users);
		mutex_destroy(&grp->lock);
		kfree(grp);
	}
}

u16 nvmft_ana_refusal(const struct nvmft_port *port, u32 grpid)
{
	u16 status = nvmft_ana_status(port, grpid);

	/* Otherwise the state changes at this moment. */
	return status ? status : NVME_SC_ANA_TRANSITION;
}

static bool is_open(u8 state)
{
	return !nvmft_ana_state_status(state);
}

static u64 next_chgcnt(void)
{
	return atomic64_inc_return(&chgcnt);
}

u64 nvmft_ana_chgcnt(void)
{
	return atomic64_read(&chgcnt);
}

u64 nvmft_ana_group_chgcnt(const struct nvmft_port *port, u32 grpid)
{
	const struct nvmft_ana_group *grp = port->ana[grpid];

	lockdep_assert_held(&nvmft_config_sem);
	return max(grp ? grp->chgcnt : 0, READ_ONCE(members_chgcnt[grpid]));
}

void nvmft_ana_members_changed(u32 grpid)
{
	WRITE_ONCE(members_chgcnt[grpid], next_chgcnt());
}

/* Tell the controllers on @port. */
static void ana_port_changed(struct nvmft_port *port, u32 grpid)
{
	struct nvmft_subsys_link *link;
	struct nvmft_ctrl *ctrl;
	unsigned long id;

	lockdep_assert_held_write(&nvmft_config_sem);
	port->ana[grpid]->chgcnt = next_chgcnt();
	list_for_each_entry(link, &port->subsystems, entry) {
		mutex_lock(&link->subsys->lock);
		xa_for_each(&link->subsys->ctrls, id, ctrl)
			if (ctrl->port == port)
				nvmft_aer_event(ctrl, NVMFT_EV_ANA);
		mutex_unlock(&link->subsys->lock);
	}
}

static void ana_change(struct nvmft_port *port, u32 grpid, u8 state)
{
	struct nvmft_ana_group *grp = port->ana[grpid];
	bool open = is_open(state);

	down_write(&nvmft_config_sem);
	grp->opening = false;
	if (open && percpu_ref_is_dying(&grp->users))
		percpu_ref_resurrect(&grp->users);
	if (port->ana_state[grpid] != state) {
		WRITE_ONCE(port->ana_state[grpid], state);
		ana_port_changed(port, grpid);
	}
	if (!open && !percpu_ref_is_dying(&grp->users))
		percpu_ref_kill(&grp->users);
	up_write(&nvmft_config_sem);
	/* Its host is to try another path now, not when its turn has come on this one. */
	if (!open)
		nvmft_qos_end_group(port, grpid);
}

static void ana_set_opening(struct nvmft_ana_group *grp, bool opening)
{
	down_write(&nvmft_config_sem);
	grp->opening = opening;
	up_write(&nvmft_config_sem);
}

/* All namespaces of the group have their devices, or none that had not before. */
static int ana_open(struct nvmft_port *port, u32 grpid)
{
	struct nvmft_ana_group *grp = port->ana[grpid];
	int err;

	ana_set_opening(grp, true);
	err = nvmft_standby_group(port, grpid);
	if (err) {
		ana_set_opening(grp, false);
		nvmft_standby_group(port, grpid);
	}
	return err;
}

static int ana_fence(struct nvmft_port *port, u32 grpid)
{
	struct nvmft_ana_group *grp = port->ana[grpid];
	int err;

	if (wait_event_timeout(grp->idle, percpu_ref_is_zero(&grp->users), NVMFT_ANATT * HZ)) {
		err = nvmft_standby_group(port, grpid);
		/* What another port gives access to may not open: no matter of this fence. */
		return err == -ETIMEDOUT ? err : 0;
	}
	pr_err("nvmft: ports/%u/ana_groups/%u/ana_state: is set, but commands from before are still being executed after %d s: no fence (%pe)\n",
	       port->t.portid, grpid, NVMFT_ANATT, ERR_PTR(-ETIMEDOUT));
	return -ETIMEDOUT;
}

int nvmft_ana_set_state(struct nvmft_port *port, u32 grpid, u8 state)
{
	struct nvmft_ana_group *grp = port->ana[grpid];
	bool open = is_open(state);
	int err = 0;

	mutex_lock(&grp->lock);
	if (open)
		err = ana_open(port, grpid);
	/* Nothing has changed, and this errno would say that it has. */
	if (err == -ETIMEDOUT)
		err = -EBUSY;
	if (!err)
		ana_change(port, grpid, state);
	if (!open)
		err = ana_fence(port, grpid);
	mutex_unlock(&grp->lock);
	return err;
}

int nvmft_ana_group_add(struct nvmft_port *port, u32 grpid)
{
	struct nvmft_ana_group *grp = NULL;

	/* Only configfs, under a mutex of its own, adds and removes groups. */
	if (!port->ana[grpid]) {
		grp = group_alloc();
		if (!grp)
			return -ENOMEM;
	}
	down_write(&nvmft_config_sem);
	if (grp)
		WRITE_ONCE(port->ana[grpid], grp);
	__set_bit(grpid, port->ana_used);
	ana_port_changed(port, grpid);
	up_write(&nvmft_config_sem);
	return 0;
}

/* Namespaces that stay in the group are inaccessible by this port. */
void nvmft_ana_group_remove(struct nvmft_port *port, u32 grpid)
{
	nvmft_ana_set_state(port, grpid, NVME_ANA_INACCESSIBLE);
	down_write(&nvmft_config_sem);
	__clear_bit(grpid, port->ana_used);
	ana_port_changed(port, grpid);
	up_write(&nvmft_config_sem);
}

bool nvmft_ana_accessible(struct nvmft_subsys *subsys, u32 grpid)
{
	struct nvmft_subsys_link *link;
	struct nvmft_ana_group *grp;
	bool found = false;

	down_read(&nvmft_config_sem);
	list_for_each_entry(link, &subsys->ports, subsys_entry) {
		grp = link->port->ana[grpid];
		if (grp && (grp->opening || is_open(link->port->ana_state[grpid])))
			found = true;
	}
	up_read(&nvmft_config_sem);
	return found;
}
