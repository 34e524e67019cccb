// SPDX-License-Identifier: GPL-2.0
/*
 * The lines of the files below /proc/fs/nvmft. They are an interface: keys are
 * appended behind those that are there, and Documentation/nvmft/statistics.rst tells
 * of each.
 */
#include <linux/jiffies.h>
#include <linux/string_helpers.h>
#include <linux/timekeeping.h>
#include "core/ctrl.h"
#include "core/ns.h"
#include "core/port.h"
#include "core/proc.h"

/* What a value has in octal: white space, control characters, the backslash */
static const char special[] =
	"\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017\020"
	"\021\022\023\024\025\026\027\030\031\032\033\034\035\036\037\177 \\";

static void show_string(struct seq_file *m, const char *key, const char *value)
{
	seq_printf(m, "%s=", key);
	seq_escape_str(m, value, ESCAPE_OCTAL, special);
	seq_putc(m, ' ');
}

static void show_traffic(struct seq_file *m, const struct nvmft_traffic *t)
{
	seq_printf(m, "reads=%llu writes=%llu read_bytes=%llu write_bytes=%llu others=%llu errors=%llu",
		   t->count[NVMFT_KIND_READ], t->count[NVMFT_KIND_WRITE],
		   t->bytes[NVMFT_KIND_READ], t->bytes[NVMFT_KIND_WRITE],
		   t->count[NVMFT_KIND_OTHER], t->errors);
}

static void show_qos(struct seq_file *m, struct nvmft_limit *limit)
{
	u64 waits, wait_ns;

	nvmft_limit_stat(limit, &waits, &wait_ns);
	seq_printf(m, " qos_waits=%llu qos_wait_ns=%llu\n", waits, wait_ns);
}

static void show_lat(struct seq_file *m, const char *key, const u64 *lat)
{
	int i;

	seq_printf(m, " %s=%llu", key, lat[0]);
	for (i = 1; i < NVMFT_LAT_BUCKETS; i++)
		seq_printf(m, ",%llu", lat[i]);
}

/* --- sessions --- */

static const char *state_name(const struct nvmft_ctrl *ctrl)
{
	if (ctrl->dead)
		return "ending";
	if (ctrl->csts & NVME_CSTS_SHST_MASK)
		return "shutdown";
	return ctrl->cc & NVME_CC_ENABLE ? "ready" : "disabled";
}

static unsigned int kato_left(struct nvmft_ctrl *ctrl)
{
	unsigned long now = jiffies, end;

	if (ctrl->dead || !ctrl->kato)
		return 0;
	end = nvmft_ctrl_last_seen(ctrl) + msecs_to_jiffies(ctrl->kato);
	return time_after(end, now) ? jiffies_to_msecs(end - now) : 0;
}

static void show_session_queues(struct seq_file *m, struct nvmft_ctrl *ctrl)
{
	u32 queues = !!ctrl->admin, size = 0, inflight = 0;
	struct nvmft_traffic sum = {};
	struct nvmft_sq *sq;

	if (ctrl->admin) {
		size = READ_ONCE(ctrl->admin->size);
		inflight = READ_ONCE(ctrl->admin->nr_reqs);
	}
	list_for_each_entry(sq, &ctrl->sqs, entry) {
		if (queues++ == !!ctrl->admin)
			size = READ_ONCE(sq->size);
		inflight += READ_ONCE(sq->nr_reqs);
	}
	nvmft_ctrl_traffic(ctrl, &sum);
	seq_printf(m, "queues=%u size=%u hdgst=%d ddgst=%d kato_ms=%u kato_left_ms=%u age_ms=%llu ",
		   queues, size, ctrl->hdgst, ctrl->ddgst, ctrl->kato, kato_left(ctrl),
		   ktime_get_boottime_ns() / NSEC_PER_MSEC - ctrl->born_ms);
	show_traffic(m, &sum);
	seq_printf(m, " inflight=%u\n", inflight);
}

static void show_session(struct seq_file *m, struct list_head *entry)
{
	struct nvmft_ctrl *ctrl = list_entry(entry, struct nvmft_ctrl, session);

	show_string(m, "subsys", ctrl->subsys->nqn);
	seq_printf(m, "cntlid=%u type=%s ", ctrl->cntlid, ctrl->discovery ? "discovery" : "io");
	show_string(m, "hostnqn", ctrl->hostnqn);
	seq_printf(m, "hostid=%pUb ", ctrl->hostid);
	show_string(m, "addr", ctrl->addr);
	seq_printf(m, "port=%u ", ctrl->port->t.portid);
	show_string(m, "traddr", ctrl->local);
	spin_lock(&ctrl->lock);
	seq_printf(m, "state=%s ", state_name(ctrl));
	show_session_queues(m, ctrl);
	spin_unlock(&ctrl->lock);
}

/* --- queues --- */

static void show_queue(struct seq_file *m, const struct nvmft_ctrl *ctrl, const struct nvmft_sq *sq)
{
	struct nvmft_traffic t = {};

	nvmft_traffic_add(&t, &sq->stat.traffic);
	show_string(m, "subsys", ctrl->subsys->nqn);
	seq_printf(m, "cntlid=%u qid=%u size=%u cpu=%d ", ctrl->cntlid, sq->qid,
		   READ_ONCE(sq->size), READ_ONCE(sq->cpu));
	show_traffic(m, &t);
	seq_printf(m, " r2ts=%llu ddgst_errors=%llu inflight=%u", READ_ONCE(sq->stat.r2ts),
		   READ_ONCE(sq->stat.ddgst_errors), READ_ONCE(sq->nr_reqs));
	show_lat(m, "read_lat", t.lat[NVMFT_KIND_READ]);
	show_lat(m, "write_lat", t.lat[NVMFT_KIND_WRITE]);
	seq_putc(m, '\n');
}

static void show_queues(struct seq_file *m, struct list_head *entry)
{
	struct nvmft_ctrl *ctrl = list_entry(entry, struct nvmft_ctrl, session);
	struct nvmft_sq *sq;

	spin_lock(&ctrl->lock);
	if (ctrl->admin)
		show_queue(m, ctrl, ctrl->admin);
	list_for_each_entry(sq, &ctrl->sqs, entry)
		show_queue(m, ctrl, sq);
	spin_unlock(&ctrl->lock);
}

/* --- namespaces --- */

static void show_sct(struct seq_file *m, struct nvmft_errs *errs)
{
	static const struct {
		const char	*name;
		u8		sct;
	} classes[] = {
		{ "generic", 0 }, { "specific", 1 }, { "media", 2 }, { "path", 3 }, { "vendor", 7 },
	};
	int i;

	spin_lock(&errs->lock);
	for (i = 0; i < ARRAY_SIZE(classes); i++)
		seq_printf(m, " errors_%s=%llu", classes[i].name, errs->by_sct[classes[i].sct]);
	spin_unlock(&errs->lock);
}

static void show_namespace(struct seq_file *m, struct list_head *entry)
{
	struct nvmft_ns_stat *stat = list_entry(entry, struct nvmft_ns_stat, entry);
	struct nvmft_traffic sum;
	struct nvmft_ns *ns;

	ns = rcu_dereference_protected(stat->ns, lockdep_is_held(&nvmft_stat_lock));
	if (!ns)
		return;
	nvmft_ns_stat_sum(stat, &sum);
	show_string(m, "subsys", stat->subsys->nqn);
	seq_printf(m, "nsid=%u ", stat->nsid);
	show_string(m, "device", ns->path ?: "");
	seq_printf(m, "enabled=%d ", READ_ONCE(ns->enabled));
	show_traffic(m, &sum);
	show_sct(m, &stat->errs);
	show_lat(m, "read_lat", sum.lat[NVMFT_KIND_READ]);
	show_lat(m, "write_lat", sum.lat[NVMFT_KIND_WRITE]);
	show_qos(m, &ns->limit);
}

/* --- hosts --- */

static void show_host(struct seq_file *m, struct list_head *entry)
{
	struct nvmft_peer *peer = list_entry(entry, struct nvmft_peer, entry);
	struct nvmft_traffic sum = peer->old;
	struct nvmft_ctrl *ctrl;
	int i;

	/* It is only known by its limit. */
	if (!peer->connects)
		return;
	list_for_each_entry(ctrl, &nvmft_sessions, session) {
		if (ctrl->peer != peer)
			continue;
		spin_lock(&ctrl->lock);
		nvmft_ctrl_traffic(ctrl, &sum);
		spin_unlock(&ctrl->lock);
	}
	show_string(m, "hostnqn", peer->nqn);
	seq_printf(m, "sessions=%u connects=%llu ", peer->sessions, peer->connects);
	for (i = 1; i < NVMFT_ENDS; i++)
		seq_printf(m, "ended_%s=%llu ", nvmft_end_names[i], peer->ended[i]);
	show_traffic(m, &sum);
	show_qos(m, &peer->limit);
}

/* --- ports --- */

static void show_port(struct seq_file *m, struct list_head *entry)
{
	struct nvmft_port *port = list_entry(entry, struct nvmft_port, entry);
	struct nvmft_port_stat *stat = &port->t.stat;
	u64 ended[NVMFT_ENDS], gone = 0;
	int i;

	/* These before the accepts: there is no negative number of connections. */
	for (i = 1; i < NVMFT_ENDS; i++) {
		ended[i] = atomic64_read_acquire(&stat->ended[i]);
		gone += ended[i];
	}
	seq_printf(m, "port=%u trtype=%s ", port->t.portid,
		   port->t.trtype == NVMF_TRTYPE_TCP ? "tcp" : "");
	show_string(m, "traddr", port->t.traddr);
	show_string(m, "trsvcid", port->t.trsvcid);
	seq_printf(m, "enabled=%d connections=%llu", port->enabled,
		   atomic64_read(&stat->event[NVMFT_PORT_ACCEPT]) - gone);
	for (i = 0; i < NVMFT_PORT_EVENTS; i++)
		seq_printf(m, " %s=%llu", nvmft_port_event_names[i],
			   (u64)atomic64_read(&stat->event[i]));
	for (i = 1; i < NVMFT_ENDS; i++)
		seq_printf(m, " ended_%s=%llu", nvmft_end_names[i], ended[i]);
	seq_putc(m, '\n');
}

/* --- errors --- */

static void show_errs(struct seq_file *m, struct nvmft_errs *errs,
		      void (*name)(struct seq_file *m, struct list_head *entry),
		      struct list_head *entry)
{
	u32 i;

	spin_lock(&errs->lock);
	for (i = 0; i < errs->nr; i++) {
		name(m, entry);
		seq_printf(m, "sct=%u sc=%u count=%llu\n", errs->status[i] >> 8,
			   errs->status[i] & 0xff, errs->count[i]);
	}
	spin_unlock(&errs->lock);
}

static void name_ns(struct seq_file *m, struct list_head *entry)
{
	const struct nvmft_ns_stat *stat = list_entry(entry, struct nvmft_ns_stat, entry);

	seq_puts(m, "object=namespace ");
	show_string(m, "subsys", stat->subsys->nqn);
	seq_printf(m, "nsid=%u ", stat->nsid);
}

static void show_ns_errs(struct seq_file *m, struct list_head *entry)
{
	struct nvmft_ns_stat *stat = list_entry(entry, struct nvmft_ns_stat, entry);

	if (rcu_access_pointer(stat->ns))
		show_errs(m, &stat->errs, name_ns, entry);
}

static void name_ctrl(struct seq_file *m, struct list_head *entry)
{
	const struct nvmft_ctrl *ctrl = list_entry(entry, struct nvmft_ctrl, session);

	seq_puts(m, "object=controller ");
	show_string(m, "subsys", ctrl->subsys->nqn);
	seq_printf(m, "cntlid=%u ", ctrl->cntlid);
}

static void show_ctrl_errs(struct seq_file *m, struct list_head *entry)
{
	struct nvmft_ctrl *ctrl = list_entry(entry, struct nvmft_ctrl, session);

	show_errs(m, &ctrl->errs, name_ctrl, entry);
}

static void name_peer(struct seq_file *m, struct list_head *entry)
{
	const struct nvmft_peer *peer = list_entry(entry, struct nvmft_peer, entry);

	seq_puts(m, "object=host ");
	show_string(m, "hostnqn", peer->nqn);
}

static void show_peer_errs(struct seq_file *m, struct list_head *entry)
{
	struct nvmft_peer *peer = list_entry(entry, struct nvmft_peer, entry);

	show_errs(m, &peer->errs, name_peer, entry);
}

const struct nvmft_proc_file nvmft_proc_files[] = {
	{ "sessions", {{ &nvmft_sessions, show_session }} },
	{ "queues", {{ &nvmft_sessions, show_queues }} },
	{ "namespaces", {{ &nvmft_ns_stats, show_namespace }} },
	{ "hosts", {{ &nvmft_peers, show_host }} },
	{ "ports", {{ &nvmft_ports, show_port }} },
	{ "errors", {{ &nvmft_ns_stats, show_ns_errs }, { &nvmft_sessions, show_ctrl_errs },
		     { &nvmft_peers, show_peer_errs }} },
};

const unsigned int nvmft_proc_nr_files = ARRAY_SIZE(nvmft_proc_files);
