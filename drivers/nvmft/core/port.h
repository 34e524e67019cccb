/* SPDX-License-Identifier: GPL-2.0 */
/* Ports: an address, what is exported there, referrals and ANA states. */
#ifndef NVMFT_CORE_PORT_H
#define NVMFT_CORE_PORT_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu-refcount.h>
#include <linux/types.h>
#include <linux/wait.h>
#include "nvmft.h"
#include "core/subsys.h"

/* trtype and adrfam of an address that has not been set */
#define NVMFT_ADDR_UNSET	255

/* Largest MDTS value: 2^10 * 4096 bytes */
#define NVMFT_MDTS_MAX		10
#define NVMFT_MDTS_DEFAULT	8	/* 1 MiB */

/**
 * struct nvmft_ana_group - an ANA group on a port; kept until the port is freed
 * @users: one per command that is being executed in it; live as long as the state
 *	lets commands through
 * @idle: woken when @users, once killed, has dropped to zero
 * @lock: one change of the state at a time, up to the end of the commands from
 *	before it; outside of all other locks
 * @chgcnt: change count of the state's last change; nvmft_config_sem
 * @opening: its namespaces are getting their devices, so that the state can let
 *	commands through; nvmft_config_sem
 */
struct nvmft_ana_group {
	struct percpu_ref	users;
	wait_queue_head_t	idle;
	struct mutex		lock;
	u64			chgcnt;
	bool			opening;
};

/**
 * struct nvmft_port - a port
 * @t: what its transport sees; first member
 * @ref: one by configfs, one per queue
 * @entry: in nvmft_ports while it has a folder, under nvmft_stat_lock
 * @ops: transport; set while enabled, nvmft_config_sem
 * @enabled: listening; nvmft_config_sem
 * @treq: TREQ secure channel bits, 0..2; nvmft_config_sem
 * @mdts: MDTS of its controllers, 1..NVMFT_MDTS_MAX; fixed while enabled
 * @icd_attr: param_inline_data_size as written, -1: default; nvmft_config_sem
 * @queue_size_attr: param_max_queue_size, likewise
 * @mdts_attr: param_mdts, likewise
 * @subsystems: struct nvmft_subsys_link, nvmft_config_sem
 * @referrals: enabled struct nvmft_referral, nvmft_config_sem
 * @ana_state: enum nvme_ana_state by group id; READ_ONCE/WRITE_ONCE
 * @ana_used: groups that exist (1 always does); nvmft_config_sem
 * @ana: groups that exist or have existed; set once, READ_ONCE/WRITE_ONCE
 */
struct nvmft_port {
	struct nvmft_tport			t;
	struct kref				ref;
	struct list_head			entry;
	const struct nvmft_transport_ops	*ops;
	bool					enabled;
	u8					treq;
	u8					mdts;
	int					icd_attr;
	int					queue_size_attr;
	int					mdts_attr;
	struct list_head			subsystems;
	struct list_head			referrals;
	u8					ana_state[NVMFT_ANAGRP_MAX + 1];
	DECLARE_BITMAP(ana_used, NVMFT_ANAGRP_MAX + 1);
	struct nvmft_ana_group			*ana[NVMFT_ANAGRP_MAX + 1];
};

/**
 * struct nvmft_subsys_link - a link in ports/<id>/subsystems; nvmft_config_sem
 * @entry: in port->subsystems
 * @subsys: referenced
 * @subsys_entry: in subsys->ports
 * @port: its port, which outlives it
 */
struct nvmft_subsys_link {
	struct list_head	entry;
	struct nvmft_subsys	*subsys;
	struct list_head	subsys_entry;
	struct nvmft_port	*port;
};

/* ports/<id>/referrals/<name>; in port->referrals while enabled; nvmft_config_sem */
struct nvmft_referral {
	struct nvmft_tport	t;
	u8			treq;
	bool			enabled;
	struct list_head	entry;
};

static inline struct nvmft_port *nvmft_port_of(struct nvmft_tport *t)
{
	return container_of(t, struct nvmft_port, t);
}

/* port.c; NULL: no memory */
struct nvmft_port *nvmft_port_alloc(u16 portid);
void nvmft_port_get(struct nvmft_port *port);
void nvmft_port_put(struct nvmft_port *port);
/*
 * Export @subsys on @port; the first one starts to listen. May sleep. 0 or
 * -errno, logged: -EEXIST, -ENOMEM, -EINVAL (an attribute is not set),
 * -EPROTONOSUPPORT (no such transport), what listen() returned.
 */
int nvmft_port_link(struct nvmft_port *port, struct nvmft_subsys *subsys);
/* Ends the controllers of @subsys on @port; the last one stops listening. */
void nvmft_port_unlink(struct nvmft_port *port, struct nvmft_subsys *subsys);
/* The subsystem of that name if it is exported on @port. nvmft_config_sem held. */
struct nvmft_subsys *nvmft_port_find_subsys(struct nvmft_port *port, const char *nqn);
/* Tell hosts of @port about @r, or no longer; 0, or -EINVAL: its address lacks something */
int nvmft_referral_enable(struct nvmft_port *port, struct nvmft_referral *r);
void nvmft_referral_disable(struct nvmft_port *port, struct nvmft_referral *r);
/* The attribute of an address that has not been set, or NULL. nvmft_config_sem held. */
const char *nvmft_tport_missing(const struct nvmft_tport *t);
/* Is @subsys exported on @port? nvmft_config_sem held. */
bool nvmft_port_exports(const struct nvmft_port *port, const struct nvmft_subsys *subsys);

/* ana.c */
/* The group 1 of a new port. 0 or -ENOMEM */
int nvmft_ana_init(struct nvmft_port *port);
/* Nobody uses the port any more. May sleep. */
void nvmft_ana_exit(struct nvmft_port *port);
/**
 * nvmft_ana_set_state() - change the state of an ANA group and tell the hosts
 * @port: port
 * @grpid: a group that exists on it
 * @state: enum nvme_ana_state
 *
 * A state that lets commands through: first its namespaces in standby get their
 * devices; where one does not, nothing changes. Any other state is a fence, also if
 * it was the same before: this returns when no command is being executed any more
 * that came in before. Takes grp->lock and all inside it.
 *
 * Return: 0; -ETIMEDOUT, logged, only by a fence: the state is set, but after
 * NVMFT_ANATT seconds there are still such commands, or a device could not be closed;
 * another errno, never by a fence: a device could not be opened, or (-EBUSY) commands
 * from before keep it, logged; nothing has changed.
 */
int nvmft_ana_set_state(struct nvmft_port *port, u32 grpid, u8 state);
/* A group appears (inaccessible); tells the hosts. 0 or -ENOMEM */
int nvmft_ana_group_add(struct nvmft_port *port, u32 grpid);
/* A group goes, as by nvmft_ana_set_state(inaccessible). */
void nvmft_ana_group_remove(struct nvmft_port *port, u32 grpid);
/* Does the group let commands through on a port of @subsys, or is about to? */
bool nvmft_ana_accessible(struct nvmft_subsys *subsys, u32 grpid);
/* The members of a group have changed: new count. */
void nvmft_ana_members_changed(u32 grpid);

/* 0, or the path-related status of a command in this state (Base 2.1, 8.1.1) */
static inline u16 nvmft_ana_state_status(u8 state)
{
	if (likely(state == NVME_ANA_OPTIMIZED || state == NVME_ANA_NONOPTIMIZED))
		return 0;
	if (state == NVME_ANA_INACCESSIBLE)
		return NVME_SC_ANA_INACCESSIBLE;
	if (state == NVME_ANA_PERSISTENT_LOSS)
		return NVME_SC_ANA_PERSISTENT_LOSS;
	return NVME_SC_ANA_TRANSITION;
}

/* The same for a command to a namespace of group @grpid that comes by @port */
static inline u16 nvmft_ana_status(const struct nvmft_port *port, u32 grpid)
{
	return nvmft_ana_state_status(READ_ONCE(port->ana_state[grpid]));
}

/* In these states nobody knows how much of a namespace is in use: NUSE is 0. */
static inline bool nvmft_ana_is_lost(u8 state)
{
	return state == NVME_ANA_INACCESSIBLE || state == NVME_ANA_PERSISTENT_LOSS;
}

#endif /* NVMFT_CORE_PORT_H */
