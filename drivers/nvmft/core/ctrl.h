/* SPDX-License-Identifier: GPL-2.0 */
/* Controllers: one per association, dynamic model. */
#ifndef NVMFT_CORE_CTRL_H
#define NVMFT_CORE_CTRL_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include "nvmft.h"
#include "core/port.h"
#include "core/stat.h"
#include "core/subsys.h"
#include "proto/logpage.h"

/* What a host can be told of by an Async Event; bits of ctrl->ev_* */
enum nvmft_event {
	NVMFT_EV_NS_CHANGED,	/* log 04h */
	NVMFT_EV_ANA,		/* log 0Ch */
	NVMFT_EV_DISCOVERY,	/* log 70h */
	NVMFT_EV_NR,
};

/* An association that was disabled or shut down ends after this long */
#define NVMFT_LINGER_SECS	120
/* KATO of a discovery controller whose host asked for none: 2 minutes */
#define NVMFT_DISC_KATO_MS	120000

/**
 * struct nvmft_feat - features that are no more than their value; admin worker only
 * @arbitration: 01h
 * @power: 02h
 * @temp: 04h, by THSEL: over and under temperature, Kelvin
 * @atomicity: 0Ah
 * @ts_ms: 0Eh: the timestamp, ms, when it began to count
 * @ts_start: 0Eh: the time since boot, ms, when that was
 * @ts_set: 0Eh: a host has set it; else it counts from a reset
 * @behavior: 16h, as the host gave it
 */
struct nvmft_feat {
	u32	arbitration;
	u32	power;
	u16	temp[2];
	u32	atomicity;
	u64	ts_ms;
	u64	ts_start;
	bool	ts_set;
	u8	behavior[NVMFT_BEHAVIOR_USED];
};

/**
 * struct nvmft_ctrl - a controller
 * @ref: one in subsys->ctrls, one per queue, one per queued @tick
 * @subsys: referenced; set at creation, then read-only
 * @port: referenced; likewise
 * @ops: transport; likewise
 * @cntlid: likewise
 * @discovery: a discovery controller; likewise
 * @hostid: Host Identifier; likewise
 * @hostnqn: NUL terminated; likewise
 * @hosthash: nvmft_nqn_hash() of it; likewise
 * @addr: the host's address; likewise
 * @local: the address that it has connected to; likewise
 * @hdgst: header digests are on; likewise
 * @ddgst: data digests are on; likewise
 * @born_ms: time since boot, ms, when it was made; likewise
 * @session: in nvmft_sessions, under nvmft_stat_lock
 * @peer: its host's counters, kept for it by nvmft_stat_lock
 * @errs: what failed
 * @folder: in debugfs
 * @max_queue_size: entries of an I/O queue; likewise
 * @tick: keep alive and linger, on system_wq's like, never waits
 * @lock: guards everything down to @changed; process context only
 * @cc: CC property
 * @csts: CSTS property
 * @dead: ending; no queue may join. Set once.
 * @end: enum nvmft_end: why it ends, or would if its host left now
 * @granted: I/O queues granted by Set Features, 0: not asked yet
 * @kato: keep alive timeout, ms, 0: none
 * @idle_since: jiffies when EN was cleared, SHST completed or no enable yet
 * @lingering: @idle_since runs
 * @admin: admin queue, NULL once closed
 * @sqs: I/O queues that can be closed and searched
 * @io: the same by qid
 * @qids: qids in use, until the last command of their queue has ended
 * @aers: Async Event Requests that wait, oldest first
 * @nr_aers: how many
 * @no_cache_told: Identify has said that there is no volatile write cache, which
 *	hosts ask when they connect and not again: they send no Flush. WRITE_ONCE
 *	by the admin worker, READ_ONCE.
 * @aec: Feature 0Bh as set: which events the host wants
 * @ev_pending: bits to report when there is a request to answer
 * @ev_masked: bits reported whose log page has not been read yet
 * @changed: NSIDs of log 04h
 * @nr_changed: how many, NVMFT_NN + 1: overflow
 * @old_stat: counters of queues that have gone; when all have, its own
 * @old_busy: the most that one of them was busy, of those that went since there
 *	was no queue
 * @sq_wait: woken when a qid is free again; a reconnect waits here
 * @err_lock: guards the error log; any context
 * @err_count: entries ever made
 * @err: ring, slot err_count % size is the next
 * @feat: values of features
 */
struct nvmft_ctrl {
	struct kref				ref;
	struct nvmft_subsys			*subsys;
	struct nvmft_port			*port;
	const struct nvmft_transport_ops	*ops;
	u16					cntlid;
	bool					discovery;
	u16					max_queue_size;
	u8					hostid[16];
	char					hostnqn[NVMF_NQN_FIELD_LEN];
	u32					hosthash;
	char					addr[NVMFT_ADDR_LEN];
	char					local[NVMFT_ADDR_LEN];
	bool					hdgst;
	bool					ddgst;
	u64					born_ms;
	struct list_head			session;
	struct nvmft_peer			*peer;
	struct nvmft_errs			errs;
	struct nvmft_folder			folder;
	struct delayed_work			tick;

	spinlock_t				lock;
	u32					cc;
	u32					csts;
	bool					dead;
	bool					lingering;
	u8					end;
	u16					granted;
	u32					kato;
	unsigned long				idle_since;
	struct nvmft_sq				*admin;
	struct list_head			sqs;
	struct nvmft_sq				*io[NVMFT_QID_MAX + 1];
	DECLARE_BITMAP(qids, NVMFT_QID_MAX + 1);
	struct nvmft_req			*aers[NVMFT_AERL + 1];
	u8					nr_aers;
	bool					no_cache_told;
	u32					aec;
	u32					ev_pending;
	u32					ev_masked;
	u32					*changed;
	u32					nr_changed;
	struct nvmft_sq_stat			old_stat;
	u64					old_busy;
	wait_queue_head_t			sq_wait;

	spinlock_t				err_lock;
	u64					err_count;
	struct nvmft_err_in			err[NVMFT_ELPE + 1];

	struct nvmft_feat			feat;
};

/* ctrl.c */
struct nvmft_ctrl *nvmft_ctrl_alloc(struct nvmft_subsys *subsys, struct nvmft_sq *admin,
				    const struct nvmf_connect_data *d, u32 kato);
void nvmft_ctrl_get(struct nvmft_ctrl *ctrl);
void nvmft_ctrl_put(struct nvmft_ctrl *ctrl);
/*
 * Start to end it: closes all its queues. Any process context, idempotent. @why: in
 * words, for the log. Return: true: it was not ending before.
 */
bool nvmft_ctrl_end(struct nvmft_ctrl *ctrl, enum nvmft_end end, const char *why);
/*
 * Start to end the controllers of @subsys that match: on @port (NULL: any), of
 * the host @hostnqn (NULL: any). Takes subsys->lock; does not wait.
 */
void nvmft_ctrl_end_all(struct nvmft_subsys *subsys, struct nvmft_port *port,
			const char *hostnqn, enum nvmft_end end, const char *why);
int nvmft_ctrl_join(struct nvmft_ctrl *ctrl, struct nvmft_sq *sq, u16 qid);
/* A queue of a connected controller goes. Worker of @sq. */
void nvmft_ctrl_sq_gone(struct nvmft_ctrl *ctrl, struct nvmft_sq *sq);
/* Its last command has ended. Drops its reference. Worker of @sq. */
void nvmft_ctrl_sq_ended(struct nvmft_ctrl *ctrl, struct nvmft_sq *sq);
/* Properties. Worker of the admin queue. */
u16 nvmft_ctrl_set_cc(struct nvmft_ctrl *ctrl, u32 cc);
u32 nvmft_ctrl_csts(struct nvmft_ctrl *ctrl);
static inline bool nvmft_ctrl_enabled(struct nvmft_ctrl *ctrl)
{
	return READ_ONCE(ctrl->cc) & NVME_CC_ENABLE;
}

/* KATO changed (0: off) or the controller was enabled: run the timer anew. */
void nvmft_ctrl_set_kato(struct nvmft_ctrl *ctrl, u32 kato_ms);
/* Why a queue of it has ended; @end: what the transport knows. Worker of the queue. */
enum nvmft_end nvmft_ctrl_why(struct nvmft_ctrl *ctrl, enum nvmft_end end);
/* ctrl->lock held: when its host was seen last, jiffies. There is an admin queue. */
unsigned long nvmft_ctrl_last_seen(struct nvmft_ctrl *ctrl);
/* Sum of the traffic of all its queues so far. ctrl->lock held. */
void nvmft_ctrl_traffic(const struct nvmft_ctrl *ctrl, struct nvmft_traffic *sum);
/* The same, with all else that was counted. Takes ctrl->lock. */
void nvmft_ctrl_stat(struct nvmft_ctrl *ctrl, struct nvmft_sq_stat *sum);
/*
 * Enter a failed command into the error log. @status: as its CQE says it. Any
 * context.
 */
void nvmft_ctrl_log_error(struct nvmft_ctrl *ctrl, const struct nvmft_req *req, u16 status);
/* features.c: back to the defaults. Admin worker, or before there is one. */
void nvmft_features_reset(struct nvmft_ctrl *ctrl);
int nvmft_ctrl_init(void);
void nvmft_ctrl_exit(void);

/* aer.c */
/* The host wants to hear of the events in @aec (Feature 0Bh), and of no others. */
void nvmft_aer_configure(struct nvmft_ctrl *ctrl, u32 aec);
/* Something of kind @ev happened; takes ctrl->lock. Process context. */
void nvmft_aer_event(struct nvmft_ctrl *ctrl, enum nvmft_event ev);
/* Namespace @nsid changed: remember it for log 04h and report. */
void nvmft_aer_ns_changed(struct nvmft_ctrl *ctrl, u32 nsid);
/* A log page is read with RAE 0: its event may be reported again. */
void nvmft_aer_clear(struct nvmft_ctrl *ctrl, enum nvmft_event ev);
/*
 * Copy the NSIDs of log 04h, up to NVMFT_NN, and forget them if @clear. Return:
 * how many there were, more than NVMFT_NN: they do not fit the page.
 */
u32 nvmft_aer_take_changed(struct nvmft_ctrl *ctrl, u32 *nsids, bool clear);
/* An Async Event Request arrived; it waits, is answered or refused. */
void nvmft_aer_request(struct nvmft_req *req);
/* Complete all that wait with @status (reset, end). */
void nvmft_aer_flush(struct nvmft_ctrl *ctrl, u16 status);
/* Stop one that waits: true if @req did. */
bool nvmft_aer_abort(struct nvmft_ctrl *ctrl, struct nvmft_req *req);

#endif /* NVMFT_CORE_CTRL_H */
