// SPDX-License-Identifier: GPL-2.0
/*
 * Which hosts see a namespace. One without a list is seen by all that its subsystem
 * allows, and costs a command the test of a pointer.
 */
#include <linux/slab.h>
#include "core/ctrl.h"
#include "core/ns.h"
#include "core/port.h"
#include "core/refuse.h"

/**
 * struct nvmft_viewers - hosts that see a namespace
 * @rcu: frees it
 * @nr: entries of @host
 * @host: the hosts, and NULL where one has gone since the table was made
 *
 * A table is replaced when a host comes, so that taking one out needs no memory.
 */
struct nvmft_viewers {
	struct rcu_head		rcu;
	u32			nr;
	struct nvmft_host	*host[];
};

bool nvmft_viewers_have(const struct nvmft_viewers *v, const struct nvmft_ctrl *ctrl)
{
	const struct nvmft_host *host;
	u32 i;

	for (i = 0; i < v->nr; i++) {
		host = READ_ONCE(v->host[i]);
		if (host && host->hash == ctrl->hosthash && !strcmp(host->nqn, ctrl->hostnqn))
			return true;
	}
	return false;
}

bool nvmft_ns_configured(const struct nvmft_ctrl *ctrl, u32 nsid)
{
	/* Not freed before the subsystem, which @ctrl keeps */
	const struct nvmft_ns_stat *stat = xa_load(&ctrl->subsys->ns_stats, nsid);
	const struct nvmft_ns *ns;
	bool there;

	if (!stat)
		return false;
	rcu_read_lock();
	ns = rcu_dereference(stat->ns);
	there = ns && nvmft_ns_visible(ns, ctrl);
	rcu_read_unlock();
	return there;
}

static struct nvmft_viewers *viewers_of(struct nvmft_ns *ns)
{
	return rcu_dereference_protected(ns->viewers, lockdep_is_held(&nvmft_config_sem));
}

static int find(const struct nvmft_viewers *v, const struct nvmft_host *host)
{
	u32 i;

	for (i = 0; v && i < v->nr; i++)
		if (v->host[i] == host)
			return i;
	return -1;
}

/* The table with @host added; NULL: no memory */
static struct nvmft_viewers *viewers_with(const struct nvmft_viewers *old,
					  struct nvmft_host *host)
{
	struct nvmft_viewers *v;
	u32 i;

	v = kzalloc(struct_size(v, host, old ? old->nr + 1 : 1), GFP_KERNEL);
	if (!v)
		return NULL;
	for (i = 0; old && i < old->nr; i++)
		if (old->host[i])
			v->host[v->nr++] = old->host[i];
	v->host[v->nr++] = host;
	return v;
}

/*
 * For some hosts it has come or gone: for @host, or, where that is the only one on
 * the list, for all @others.
 */
static void tell_changed(struct nvmft_ns *ns, const struct nvmft_host *host, bool others)
{
	struct nvmft_subsys *subsys = ns->subsys;
	struct nvmft_ctrl *ctrl;
	unsigned long id;

	lockdep_assert_held_write(&nvmft_config_sem);
	nvmft_ana_members_changed(READ_ONCE(ns->anagrpid));
	mutex_lock(&subsys->lock);
	/* Where it is enabled later, that is told, by the new list. */
	if (xa_load(&subsys->namespaces, ns->nsid) == ns) {
		xa_for_each(&subsys->ctrls, id, ctrl)
			if (!strcmp(ctrl->hostnqn, host->nqn) != others)
				nvmft_aer_ns_changed(ctrl, ns->nsid);
	}
	mutex_unlock(&subsys->lock);
}

int nvmft_ns_show_host(struct nvmft_ns *ns, struct nvmft_host *host)
{
	struct nvmft_write w = { .val = host->nqn, .len = strlen(host->nqn) };
	struct nvmft_viewers *old, *v;
	int err = 0;

	snprintf(w.where, sizeof(w.where), "subsystems/%s/namespaces/%u/allowed_hosts",
		 ns->subsys->nqn, ns->nsid);
	down_write(&nvmft_config_sem);
	old = viewers_of(ns);
	if (find(old, host) >= 0) {
		err = nvmft_refuse(&w, -EEXIST, "this host is linked already");
		goto out;
	}
	v = viewers_with(old, host);
	if (!v) {
		err = nvmft_refuse(&w, -ENOMEM, "no memory");
		goto out;
	}
	rcu_assign_pointer(ns->viewers, v);
	tell_changed(ns, host, !old);
	if (old)
		kfree_rcu(old, rcu);
out:
	up_write(&nvmft_config_sem);
	return err;
}

static bool is_only(const struct nvmft_viewers *v, const struct nvmft_host *host)
{
	u32 i;

	for (i = 0; i < v->nr; i++)
		if (v->host[i] && v->host[i] != host)
			return false;
	return true;
}

void nvmft_ns_unshow_host(struct nvmft_ns *ns, struct nvmft_host *host)
{
	struct nvmft_viewers *v;
	bool last = false;
	int i;

	down_write(&nvmft_config_sem);
	v = viewers_of(ns);
	i = find(v, host);
	if (i >= 0) {
		last = is_only(v, host);
		if (last)
			rcu_assign_pointer(ns->viewers, NULL);
		else
			WRITE_ONCE(v->host[i], NULL);
		tell_changed(ns, host, last);
	}
	up_write(&nvmft_config_sem);
	/* Who compares with its name has found it before. */
	synchronize_rcu();
	if (last)
		kfree(v);
}

void nvmft_ns_tell(struct nvmft_ns *ns, enum nvmft_event ev)
{
	struct nvmft_subsys *subsys = ns->subsys;
	struct nvmft_ctrl *ctrl;
	unsigned long id;
	bool visible;

	mutex_lock(&subsys->lock);
	xa_for_each(&subsys->ctrls, id, ctrl) {
		rcu_read_lock();
		visible = nvmft_ns_visible(ns, ctrl);
		rcu_read_unlock();
		if (!visible)
			continue;
		if (ev == NVMFT_EV_NS_CHANGED)
			nvmft_aer_ns_changed(ctrl, ns->nsid);
		else
			nvmft_aer_event(ctrl, ev);
	}
	mutex_unlock(&subsys->lock);
}
