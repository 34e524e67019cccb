// SPDX-License-Identifier: GPL-2.0
/* Log page 0Ch: the ANA groups of a port as one host may see them. */
#include <linux/bitmap.h>
#include "core/ana.h"
#include "core/req.h"

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
	const struct nvmft_port *port = ctrl->port;
	u32 nsid, n = rgo ? 0 : snap.members[grpid];

	nvmft_log_ana_group(cut, grpid, min(count, nvmft_ana_group_chgcnt(port, grpid)),
			    READ_ONCE(port->ana_state[grpid]), n);
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
	count = nvmft_ana_chgcnt();
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
