// SPDX-License-Identifier: GPL-2.0
/* Counters: who has done what, and what has become of it. */
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include "core/ctrl.h"
#include "core/ns.h"
#include "core/port.h"
#include "core/stat.h"
#include "core/trace.h"

DEFINE_MUTEX(nvmft_stat_lock);
LIST_HEAD(nvmft_sessions);
LIST_HEAD(nvmft_ns_stats);
LIST_HEAD(nvmft_peers);
LIST_HEAD(nvmft_ports);

/* Entries of nvmft_peers; nvmft_stat_lock */
static u32 nr_peers;

const char * const nvmft_end_names[NVMFT_ENDS] = {
	[NVMFT_END_NONE]	= "none",
	[NVMFT_END_SHUTDOWN]	= "shutdown",
	[NVMFT_END_CLOSED]	= "closed",
	[NVMFT_END_LOST]	= "lost",
	[NVMFT_END_PROTOCOL]	= "protocol",
	[NVMFT_END_TERM]	= "term",
	[NVMFT_END_TIMEOUT]	= "timeout",
	[NVMFT_END_REFUSED]	= "refused",
	[NVMFT_END_KATO]	= "kato",
	[NVMFT_END_IDLE]	= "idle",
	[NVMFT_END_TERMINATED]	= "terminated",
	[NVMFT_END_CONFIG]	= "config",
	[NVMFT_END_STUCK]	= "stuck",
	[NVMFT_END_MEMORY]	= "memory",
};

const char * const nvmft_port_event_names[NVMFT_PORT_EVENTS] = {
	[NVMFT_PORT_ACCEPT]		= "accepts",
	[NVMFT_PORT_CONNECT]		= "connects",
	[NVMFT_PORT_REFUSED_HALF_OPEN]	= "refused_half_open",
	[NVMFT_PORT_REFUSED_MAX_CONNS]	= "refused_max_conns",
	[NVMFT_PORT_REFUSED_MEMORY]	= "refused_memory",
	[NVMFT_PORT_REFUSED_CONNECT]	= "refused_connects",
	[NVMFT_PORT_OVERRUN]		= "overruns",
	[NVMFT_PORT_PDU]		= "pdu_header",
	[NVMFT_PORT_PDU + 1]		= "pdu_sequence",
	[NVMFT_PORT_PDU + 2]		= "pdu_digest",
	[NVMFT_PORT_PDU + 3]		= "pdu_range",
	[NVMFT_PORT_PDU + 4]		= "pdu_limit",
	[NVMFT_PORT_PDU_LAST]		= "pdu_param",
	[NVMFT_PORT_HDGST_ERROR]	= "hdgst_errors",
	[NVMFT_PORT_DDGST_ERROR]	= "ddgst_errors",
	[NVMFT_PORT_REFUSED_OPEN_SHARE] = "refused_open_share",
	[NVMFT_PORT_REFUSED_CONNS_SHARE] = "refused_conns_share",
	[NVMFT_PORT_REFUSED_HOST_CTRLS]	= "refused_host_ctrls",
};

u32 nvmft_lat_bucket(u64 ns)
{
	return min_t(u32, fls64(div_u64(ns, NSEC_PER_USEC)), NVMFT_LAT_BUCKETS - 1);
}

void nvmft_traffic_add(struct nvmft_traffic *sum, const struct nvmft_traffic *more)
{
	int kind, i;

	for (kind = 0; kind < NVMFT_KINDS; kind++)
		sum->count[kind] += READ_ONCE(more->count[kind]);
	sum->errors += READ_ONCE(more->errors);
	for (kind = 0; kind < NVMFT_KIND_OTHER; kind++) {
		sum->bytes[kind] += READ_ONCE(more->bytes[kind]);
		for (i = 0; i < NVMFT_LAT_BUCKETS; i++)
			sum->lat[kind][i] += READ_ONCE(more->lat[kind][i]);
	}
}

void nvmft_errs_init(struct nvmft_errs *errs)
{
	spin_lock_init(&errs->lock);
}

static void errs_add(struct nvmft_errs *errs, u16 status)
{
	u16 code = status & 0x7ff;
	u32 i;

	spin_lock(&errs->lock);
	errs->by_sct[code >> 8]++;
	for (i = 0; i < errs->nr && errs->status[i] != code; i++)
		;
	if (i < NVMFT_ERRS) {
		errs->nr = max(errs->nr, i + 1);
		errs->status[i] = code;
		errs->count[i]++;
	}
	spin_unlock(&errs->lock);
}

/* Refused Connects have no controller. */
static void stat_failed(struct nvmft_req *req)
{
	struct nvmft_ns_stat *ns = req->ns_stat;
	struct nvmft_sq *sq = req->sq;

	nvmft_count(&sq->stat.traffic.errors, 1);
	if ((req->status & 0x700) == 0x200)
		nvmft_count(&sq->stat.media_errors, 1);
	if (ns) {
		this_cpu_inc(ns->traffic->errors);
		errs_add(&ns->errs, req->status);
	}
	if (sq->ctrl) {
		errs_add(&sq->ctrl->errs, req->status);
		errs_add(&sq->ctrl->peer->errs, req->status);
	}
}

static enum nvmft_kind kind_of(const struct nvmft_req *req)
{
	if (unlikely(!req->desc))
		return NVMFT_KIND_OTHER;
	if (req->desc->op == NVMFT_OP_READ)
		return NVMFT_KIND_READ;
	return req->desc->op == NVMFT_OP_WRITE ? NVMFT_KIND_WRITE : NVMFT_KIND_OTHER;
}

void nvmft_stat_answered(struct nvmft_req *req)
{
	struct nvmft_traffic *queue = &req->sq->stat.traffic;
	struct nvmft_ns_stat *ns = req->ns_stat;
	enum nvmft_kind kind = kind_of(req);
	u32 bytes = 0, bucket = 0;

	nvmft_count(&queue->count[kind], 1);
	if (ns)
		this_cpu_inc(ns->traffic->count[kind]);
	if (unlikely(req->status))
		stat_failed(req);
	else
		bytes = req->len;
	if (kind == NVMFT_KIND_OTHER)
		return;
	/* Clocks of different CPUs may differ by a little. */
	if (likely(req->sq->now > req->born))
		bucket = nvmft_lat_bucket(req->sq->now - req->born);
	nvmft_count(&queue->bytes[kind], bytes);
	nvmft_count(&queue->lat[kind][bucket], 1);
	if (ns) {
		this_cpu_add(ns->traffic->bytes[kind], bytes);
		this_cpu_inc(ns->traffic->lat[kind][bucket]);
	}
}

/* --- namespaces --- */

void nvmft_ns_stat_sum(const struct nvmft_ns_stat *stat, struct nvmft_traffic *sum)
{
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu)
		nvmft_traffic_add(sum, per_cpu_ptr(stat->traffic, cpu));
}

static struct nvmft_ns_stat *ns_stat_make(struct nvmft_ns *ns)
{
	struct nvmft_ns_stat *stat = kzalloc_obj(*stat, GFP_KERNEL);

	if (!stat)
		return NULL;
	stat->traffic = alloc_percpu(struct nvmft_traffic);
	if (!stat->traffic)
		goto out_free;
	stat->subsys = ns->subsys;
	stat->nsid = ns->nsid;
	nvmft_errs_init(&stat->errs);
	if (xa_err(xa_store(&ns->subsys->ns_stats, ns->nsid, stat, GFP_KERNEL)))
		goto out_percpu;
	return stat;

out_percpu:
	free_percpu(stat->traffic);
out_free:
	kfree(stat);
	return NULL;
}

struct nvmft_ns_stat *nvmft_ns_stat_get(struct nvmft_ns *ns)
{
	struct nvmft_ns_stat *stat = xa_load(&ns->subsys->ns_stats, ns->nsid);
	bool made = !stat;

	if (made)
		stat = ns_stat_make(ns);
	if (!stat)
		return NULL;
	mutex_lock(&nvmft_stat_lock);
	rcu_assign_pointer(stat->ns, ns);
	if (made)
		list_add_tail(&stat->entry, &nvmft_ns_stats);
	mutex_unlock(&nvmft_stat_lock);
	return stat;
}

void nvmft_ns_stat_put(struct nvmft_ns_stat *stat)
{
	mutex_lock(&nvmft_stat_lock);
	RCU_INIT_POINTER(stat->ns, NULL);
	mutex_unlock(&nvmft_stat_lock);
}

void nvmft_ns_stat_free_all(struct nvmft_subsys *subsys)
{
	struct nvmft_ns_stat *stat;
	unsigned long nsid;

	xa_for_each(&subsys->ns_stats, nsid, stat) {
		mutex_lock(&nvmft_stat_lock);
		list_del(&stat->entry);
		mutex_unlock(&nvmft_stat_lock);
		free_percpu(stat->traffic);
		kfree(stat);
	}
	xa_destroy(&subsys->ns_stats);
}

/* --- ports --- */

void nvmft_stat_port_add(struct nvmft_port *port)
{
	mutex_lock(&nvmft_stat_lock);
	list_add_tail(&port->entry, &nvmft_ports);
	mutex_unlock(&nvmft_stat_lock);
}

void nvmft_stat_port_del(struct nvmft_port *port)
{
	mutex_lock(&nvmft_stat_lock);
	list_del(&port->entry);
	mutex_unlock(&nvmft_stat_lock);
}

void nvmft_stat_sq_ended(struct nvmft_sq *sq)
{
	enum nvmft_end end = sq->end;

	if (sq->ctrl)
		end = nvmft_ctrl_why(sq->ctrl, end);
	/* Nobody but the port itself ends a connection without a controller. */
	else if (!end)
		end = NVMFT_END_CONFIG;
	atomic64_inc(&sq->port->stat.ended[end]);
}

/* --- hosts and sessions --- */

static void peer_free(struct nvmft_peer *peer)
{
	list_del(&peer->entry);
	nvmft_limit_exit(&peer->limit);
	kfree(peer);
}

/* Forget hosts that have gone, the oldest first: of all, or those only that were not @served */
static void peers_forget(bool served)
{
	struct nvmft_peer *peer, *next;

	lockdep_assert_held(&nvmft_stat_lock);
	list_for_each_entry_safe(peer, next, &nvmft_peers, entry) {
		if (nr_peers <= NVMFT_PEERS_MAX)
			return;
		if (peer->users || (peer->served && !served))
			continue;
		nr_peers--;
		peer_free(peer);
	}
}

/* Anyone can ask the discovery service, by any number of names. */
static void peers_trim(void)
{
	peers_forget(false);
	peers_forget(true);
}

/* Referenced by its users */
static struct nvmft_peer *peer_get(const char *nqn, u32 hash)
{
	struct nvmft_peer *peer;

	lockdep_assert_held(&nvmft_stat_lock);
	list_for_each_entry(peer, &nvmft_peers, entry) {
		if (peer->hash == hash && !strcmp(peer->nqn, nqn)) {
			peer->users++;
			return peer;
		}
	}
	peer = kzalloc_obj(*peer, GFP_KERNEL);
	if (!peer)
		return NULL;
	strscpy(peer->nqn, nqn, sizeof(peer->nqn));
	peer->hash = hash;
	peer->users = 1;
	nvmft_errs_init(&peer->errs);
	nvmft_limit_init(&peer->limit);
	list_add_tail(&peer->entry, &nvmft_peers);
	nr_peers++;
	peers_trim();
	return peer;
}

/* The one that has gone last is the one to be forgotten last. */
static void peer_put(struct nvmft_peer *peer)
{
	lockdep_assert_held(&nvmft_stat_lock);
	if (--peer->users)
		return;
	list_move_tail(&peer->entry, &nvmft_peers);
	peers_trim();
}

struct nvmft_peer *nvmft_peer_keep(const char *nqn, u32 hash)
{
	struct nvmft_peer *peer;

	mutex_lock(&nvmft_stat_lock);
	peer = peer_get(nqn, hash);
	mutex_unlock(&nvmft_stat_lock);
	return peer;
}

void nvmft_peer_drop(struct nvmft_peer *peer)
{
	mutex_lock(&nvmft_stat_lock);
	peer_put(peer);
	mutex_unlock(&nvmft_stat_lock);
}

int nvmft_session_prepare(struct nvmft_ctrl *ctrl)
{
	INIT_LIST_HEAD(&ctrl->session);
	nvmft_errs_init(&ctrl->errs);
	ctrl->peer = nvmft_peer_keep(ctrl->hostnqn, ctrl->hosthash);
	return ctrl->peer ? 0 : -ENOMEM;
}

void nvmft_session_begin(struct nvmft_ctrl *ctrl)
{
	nvmft_port_count(&ctrl->port->t, NVMFT_PORT_CONNECT);
	mutex_lock(&nvmft_stat_lock);
	list_add_tail(&ctrl->session, &nvmft_sessions);
	ctrl->peer->served |= !ctrl->discovery;
	ctrl->peer->sessions++;
	ctrl->peer->connects++;
	mutex_unlock(&nvmft_stat_lock);
	trace_nvmft_session_begin(ctrl);
}

/* All its queues have ended: old_stat is all there was. */
static void session_fold(struct nvmft_ctrl *ctrl)
{
	struct nvmft_peer *peer = ctrl->peer;

	list_del(&ctrl->session);
	peer->sessions--;
	peer->ended[ctrl->end]++;
	nvmft_traffic_add(&peer->old, &ctrl->old_stat.traffic);
	trace_nvmft_session_end(ctrl);
}

void nvmft_session_end(struct nvmft_ctrl *ctrl)
{
	if (!ctrl->peer)
		return;
	mutex_lock(&nvmft_stat_lock);
	if (!list_empty(&ctrl->session))
		session_fold(ctrl);
	peer_put(ctrl->peer);
	mutex_unlock(&nvmft_stat_lock);
}

void nvmft_stat_exit(void)
{
	struct nvmft_peer *peer, *next;

	list_for_each_entry_safe(peer, next, &nvmft_peers, entry)
		peer_free(peer);
	nr_peers = 0;
}
