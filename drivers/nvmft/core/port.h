/* SPDX-License-Identifier: GPL-2.0 */
/* Ports: an address, what is exported there, referrals and ANA states. */
#ifndef NVMFT_CORE_PORT_H
#define NVMFT_CORE_PORT_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>
#include "nvmft.h"
#include "core/subsys.h"

/* trtype and adrfam of an address that has not been set */
#define NVMFT_ADDR_UNSET	255

/* Largest MDTS value: 2^10 * 4096 bytes */
#define NVMFT_MDTS_MAX		10
#define NVMFT_MDTS_DEFAULT	8	/* 1 MiB */

/**
 * struct nvmft_port - a port
 * @t: what its transport sees; first member
 * @ref: one by configfs, one per queue
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
 */
struct nvmft_port {
	struct nvmft_tport			t;
	struct kref				ref;
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
};

/* A link in ports/<id>/subsystems, references the subsystem; nvmft_config_sem */
struct nvmft_subsys_link {
	struct list_head	entry;
	struct nvmft_subsys	*subsys;
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
/* Takes nvmft_config_sem; tells the hosts. @grpid 1..NVMFT_ANAGRP_MAX */
void nvmft_ana_set_state(struct nvmft_port *port, u32 grpid, u8 state);
/* A group appears (inaccessible) or goes; takes nvmft_config_sem, tells the hosts. */
void nvmft_ana_group_add(struct nvmft_port *port, u32 grpid);
void nvmft_ana_group_remove(struct nvmft_port *port, u32 grpid);
/* ns->anagrpid has changed: new count, event to the controllers that see it. */
void nvmft_ana_regrouped(struct nvmft_ns *ns);

/* 0, or the path-related status of a command on a group in this state */
static inline u16 nvmft_ana_status(u8 state)
{
	if (likely(state == NVME_ANA_OPTIMIZED || state == NVME_ANA_NONOPTIMIZED))
		return 0;
	if (state == NVME_ANA_INACCESSIBLE)
		return NVME_SC_ANA_INACCESSIBLE;
	if (state == NVME_ANA_PERSISTENT_LOSS)
		return NVME_SC_ANA_PERSISTENT_LOSS;
	return NVME_SC_ANA_TRANSITION;
}

#endif /* NVMFT_CORE_PORT_H */
