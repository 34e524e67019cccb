/* SPDX-License-Identifier: GPL-2.0 */
/*
 * NVM subsystems, the hosts they allow, and the discovery subsystem.
 *
 * Lock order: grp->lock (struct nvmft_ana_group), ns->lock, nvmft_config_sem,
 * subsys->lock, ctrl->lock, ctrl->err_lock. None of them is taken on the I/O path.
 */
#ifndef NVMFT_CORE_SUBSYS_H
#define NVMFT_CORE_SUBSYS_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/string.h>
#include <linux/stringhash.h>
#include <linux/types.h>
#include <linux/xarray.h>
#include "nvmft.h"
#include "core/debugfs.h"
#include "core/qos.h"
#include "proto/ident.h"
#include "proto/nqn.h"

#define NVMFT_QID_MAX		128	/* I/O queues of a controller */
#define NVMFT_CNTLID_MAX	65519	/* FFEFh: above are reserved (Base 2.1, 3.1.4) */
#define NVMFT_HOST_CTRLS	512	/* controllers of one host, by default */

struct nvmft_peer;
struct nvmft_port;

/*
 * Guards what links objects: port <-> subsystem, subsystem <-> host, referrals,
 * enabled ports, allow_any_host, the list of hosts and subsystems, discovery
 * NQN. Written by configfs, read by Connect and the discovery log.
 */
extern struct rw_semaphore nvmft_config_sem;

/**
 * struct nvmft_subsys - an NVM or discovery subsystem
 * @ref: one by configfs, one per controller
 * @nqn: its name
 * @type: NVME_NQN_NVME or NVME_NQN_CURR (discovery)
 * @namespaces: active ones by NSID; read under RCU, written under ns->lock. The
 *	slot of one that is not active is reserved, which reads as empty.
 * @ns_stats: struct nvmft_ns_stat by NSID, of every namespace that there was; written
 *	when folders are made
 * @entry: in the list of NVM subsystems, nvmft_config_sem
 * @allow_any_host: nvmft_config_sem
 * @hosts: struct nvmft_host_link, nvmft_config_sem
 * @ports: struct nvmft_subsys_link by subsys_entry, nvmft_config_sem
 * @folder: in debugfs, as long as it is not freed
 * @lock: guards everything below
 * @ctrls: controllers by CNTLID; XA_FLAGS_ALLOC
 * @next_cntlid: cursor of the cyclic allocation
 * @dying: being removed: no controller may be added
 * @identified: a host has read Identify; the attributes it shows are frozen
 * @serial: SN, NUL terminated
 * @model: MN, NUL terminated
 * @firmware: FR, NUL terminated
 * @oui: IEEE OUI
 * @vid: PCI vendor id
 * @ssvid: PCI subsystem vendor id
 * @ver: VS and Identify VER
 * @cntlid_min: first CNTLID
 * @cntlid_max: last CNTLID
 * @qid_max: I/O queues granted to a controller, 1..NVMFT_QID_MAX
 * @max_host_ctrls: controllers that one host can have, 1..NVMFT_CNTLID_MAX
 * @born: ktime_get_seconds() when it was made (power on hours)
 */
struct nvmft_subsys {
	struct kref		ref;
	char			nqn[NVMF_NQN_FIELD_LEN];
	u8			type;
	struct xarray		namespaces;
	struct xarray		ns_stats;

	struct list_head	entry;
	bool			allow_any_host;
	struct list_head	hosts;
	struct list_head	ports;

	struct nvmft_folder	folder;

	struct mutex		lock;
	struct xarray		ctrls;
	u32			next_cntlid;
	bool			dying;
	bool			identified;
	char			serial[20 + 1];
	char			model[40 + 1];
	char			firmware[8 + 1];
	u32			oui;
	u16			vid;
	u16			ssvid;
	u32			ver;
	u16			cntlid_min;
	u16			cntlid_max;
	u16			qid_max;
	u16			max_host_ctrls;
	time64_t		born;
};

/**
 * struct nvmft_host - a host NQN that an administrator knows
 * @nqn: its name, the name of its configfs folder
 * @hash: nvmft_nqn_hash() of it
 * @qos: its limit as an administrator has set it
 * @peer: where that is, once it was set; core/qos.c
 */
struct nvmft_host {
	char			nqn[NVMF_NQN_FIELD_LEN];
	u32			hash;
	struct nvmft_qos	qos;
	struct nvmft_peer	*peer;
};

/* Names of hosts differ in their ends, so they are compared by this first. */
static inline u32 nvmft_nqn_hash(const char *nqn)
{
	return full_name_hash(NULL, nqn, strlen(nqn));
}

/* A link in subsystems/<nqn>/allowed_hosts; nvmft_config_sem */
struct nvmft_host_link {
	struct list_head	entry;
	struct nvmft_host	*host;
};

/* subsys.c; NULL: no memory */
struct nvmft_subsys *nvmft_subsys_alloc(const char *nqn, u8 type);
/* Enter it into the list. 0, or -EINVAL: the discovery service has this NQN. */
int nvmft_subsys_add(struct nvmft_subsys *subsys);
/* Added or not: ends its controllers and lets no new one in. May sleep. */
void nvmft_subsys_remove(struct nvmft_subsys *subsys);
/* Is there an NVM subsystem of this name? nvmft_config_sem held. */
bool nvmft_subsys_exists(const char *nqn);
void nvmft_subsys_get(struct nvmft_subsys *subsys);
void nvmft_subsys_put(struct nvmft_subsys *subsys);
/* May this host use it? nvmft_config_sem held. The discovery subsystem: always. */
bool nvmft_subsys_allows(const struct nvmft_subsys *subsys, const char *hostnqn);
/* Does any of its active namespaces have a volatile write cache? May sleep. */
bool nvmft_subsys_write_cache(struct nvmft_subsys *subsys);
/* 0, or -EINVAL: hosts are linked. Hosts that are connected stay. */
int nvmft_subsys_allow_any(struct nvmft_subsys *subsys, bool any);
/* 0 or -errno, logged: -EINVAL: any host is allowed; -EEXIST; -ENOMEM */
int nvmft_subsys_allow_host(struct nvmft_subsys *subsys, struct nvmft_host *host);
/* Also ends that host's controllers. */
void nvmft_subsys_disallow_host(struct nvmft_subsys *subsys, struct nvmft_host *host);

/* discovery.c */
int nvmft_discovery_init(void);
void nvmft_discovery_exit(void);
/* The discovery subsystem; its nqn is the one that Identify reports. */
extern struct nvmft_subsys *nvmft_disc_subsys;
/* Is @nqn the well-known or the configured name of it? nvmft_config_sem held. */
bool nvmft_discovery_is_nqn(const char *nqn);
/*
 * "discovery_nqn": 0, or -EINVAL: not an NQN; -EEXIST: an NVM subsystem has this
 * name. Takes nvmft_config_sem.
 */
int nvmft_discovery_set_nqn(const char *nqn, size_t len);
/*
 * What the discovery log would say has changed: new generation, and an event
 * for every persistent discovery controller that can see it.
 * nvmft_config_sem held for write.
 *
 * _changed: for all. _port_changed: on @port; if @subsys is given, to the hosts
 * that it allows. _hosts_changed: on the ports that export @subsys, to the host
 * @hostnqn (NULL: all).
 */
void nvmft_discovery_changed(void);
void nvmft_discovery_port_changed(struct nvmft_port *port, struct nvmft_subsys *subsys);
void nvmft_discovery_hosts_changed(struct nvmft_subsys *subsys, const char *hostnqn);

#endif /* NVMFT_CORE_SUBSYS_H */
