/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters, the list of sessions, and what is remembered of hosts that have gone.
 *
 * Who counts what: a queue's worker its queue (struct nvmft_sq_stat, plain words)
 * and, per CPU, its namespace, before the answer is sent. A queue that ends adds its
 * sums to its controller (ctrl->old_stat, under ctrl->lock), a controller to its host
 * (nvmft_stat_lock). So sums are taken under the lock of where they end up.
 */
#ifndef NVMFT_CORE_STAT_H
#define NVMFT_CORE_STAT_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include "nvmft.h"
#include "core/qos.h"

struct nvmft_port;
struct nvmft_subsys;

/* Statuses of an object that are told apart */
#define NVMFT_ERRS		32
/* Hosts that are remembered; more only where more are connected */
#define NVMFT_PEERS_MAX		1024

/**
 * struct nvmft_errs - statuses that are not success
 * @lock: guards all of it; process context. Only commands that fail take it.
 * @by_sct: commands by status code type
 * @nr: entries of @status and @count
 * @status: SCT << 8 | SC, as they were first seen
 * @count: commands
 */
struct nvmft_errs {
	spinlock_t	lock;
	u64		by_sct[8];
	u32		nr;
	u16		status[NVMFT_ERRS];
	u64		count[NVMFT_ERRS];
};

/**
 * struct nvmft_ns_stat - counters of a namespace id in a subsystem
 * @entry: in nvmft_ns_stats, under nvmft_stat_lock
 * @subsys: where it is; frees it, so that commands of its controllers need no
 *	reference
 * @nsid: namespace id
 * @ns: the namespace, while its folder exists; read under RCU, written under
 *	nvmft_stat_lock
 * @traffic: per CPU, written by workers
 * @errs: what failed
 */
struct nvmft_ns_stat {
	struct list_head		entry;
	struct nvmft_subsys		*subsys;
	u32				nsid;
	struct nvmft_ns __rcu		*ns;
	struct nvmft_traffic __percpu	*traffic;
	struct nvmft_errs		errs;
};

/**
 * struct nvmft_peer - a host that is or was connected, or has a limit
 * @entry: in nvmft_peers, those that have gone in the order of their going
 * @nqn: its name
 * @hash: nvmft_nqn_hash() of it
 * @users: controllers that exist, and a folder that has set its limit
 * @served: it has had a controller for I/O, for which a subsystem must let it in
 * @sessions: those among @users that were begun
 * @connects: sessions ever begun
 * @ended: sessions that have ended, by enum nvmft_end
 * @old: what those have counted
 * @errs: what failed
 * @limit: how many commands it may send, and those that wait
 *
 * nvmft_stat_lock guards all but @errs, @limit, and @nqn, which does not change.
 */
struct nvmft_peer {
	struct list_head	entry;
	char			nqn[NVMF_NQN_FIELD_LEN];
	u32			hash;
	u32			users;
	bool			served;
	u32			sessions;
	u64			connects;
	u64			ended[NVMFT_ENDS];
	struct nvmft_traffic	old;
	struct nvmft_errs	errs;
	struct nvmft_limit	limit;
};

/*
 * Guards the four lists below, and what the structs above say. Mutex, taken inside
 * subsys->lock; ctrl->lock is taken inside it.
 */
extern struct mutex nvmft_stat_lock;
extern struct list_head nvmft_sessions;	/* struct nvmft_ctrl by session */
extern struct list_head nvmft_ns_stats;	/* struct nvmft_ns_stat by entry */
extern struct list_head nvmft_peers;	/* struct nvmft_peer by entry */
extern struct list_head nvmft_ports;	/* struct nvmft_port by entry */

extern const char * const nvmft_end_names[NVMFT_ENDS];
extern const char * const nvmft_port_event_names[NVMFT_PORT_EVENTS];

/* Bucket of a command that has taken @ns nanoseconds: 0..NVMFT_LAT_BUCKETS - 1 */
u32 nvmft_lat_bucket(u64 ns);
void nvmft_traffic_add(struct nvmft_traffic *sum, const struct nvmft_traffic *more);
/* All CPUs */
void nvmft_ns_stat_sum(const struct nvmft_ns_stat *stat, struct nvmft_traffic *sum);
void nvmft_errs_init(struct nvmft_errs *errs);
/* The command of @req is answered: SEND, and its host does not know. Worker. */
void nvmft_stat_answered(struct nvmft_req *req);

/*
 * The counters of @nsid, which @ns takes over; called once for each folder. NULL: no
 * memory. May sleep, takes nvmft_stat_lock.
 */
struct nvmft_ns_stat *nvmft_ns_stat_get(struct nvmft_ns *ns);
/* The folder of its namespace goes. */
void nvmft_ns_stat_put(struct nvmft_ns_stat *stat);
/* The subsystem is freed, with no namespace and no controller left. */
void nvmft_ns_stat_free_all(struct nvmft_subsys *subsys);

/* A port has a folder, or no longer. */
void nvmft_stat_port_add(struct nvmft_port *port);
void nvmft_stat_port_del(struct nvmft_port *port);

/*
 * @ctrl has its hostnqn. 0 or -ENOMEM: its host cannot be remembered. Whether it
 * becomes a session or not, it ends in nvmft_session_end().
 */
int nvmft_session_prepare(struct nvmft_ctrl *ctrl);
/*
 * What there is of a host, connected or not, until nvmft_peer_drop(). NULL: no memory.
 * May sleep, take nvmft_stat_lock.
 */
struct nvmft_peer *nvmft_peer_keep(const char *nqn, u32 hash);
void nvmft_peer_drop(struct nvmft_peer *peer);
/* It can be found in its subsystem. */
void nvmft_session_begin(struct nvmft_ctrl *ctrl);
/* Nobody has it any more. May sleep. */
void nvmft_session_end(struct nvmft_ctrl *ctrl);
/* A connection ends. Worker, after its queue has left its controller. */
void nvmft_stat_sq_ended(struct nvmft_sq *sq);

/* No session, namespace or port is left: forget the hosts. */
void nvmft_stat_exit(void);

#endif /* NVMFT_CORE_STAT_H */
