// SPDX-License-Identifier: GPL-2.0
/* NVM subsystems and the hosts they allow. */
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/utsname.h>
#include "core/ctrl.h"
#include "core/debugfs.h"
#include "core/ns.h"
#include "core/refuse.h"

DECLARE_RWSEM(nvmft_config_sem);

/* NVM subsystems; nvmft_config_sem */
static LIST_HEAD(subsystems);

/* 20 hexadecimal digits */
static void make_serial(struct nvmft_subsys *subsys)
{
	u8 bytes[10];

	static_assert(sizeof(subsys->serial) == 2 * sizeof(bytes) + 1);
	get_random_bytes(bytes, sizeof(bytes));
	snprintf(subsys->serial, sizeof(subsys->serial), "%*phN", (int)sizeof(bytes), bytes);
}

struct nvmft_subsys *nvmft_subsys_alloc(const char *nqn, u8 type)
{
	struct nvmft_subsys *subsys;

	subsys = kzalloc_obj(*subsys, GFP_KERNEL);
	if (!subsys)
		return NULL;
	kref_init(&subsys->ref);
	strscpy(subsys->nqn, nqn, sizeof(subsys->nqn));
	subsys->type = type;
	xa_init(&subsys->namespaces);
	xa_init(&subsys->ns_stats);
	INIT_LIST_HEAD(&subsys->entry);
	INIT_LIST_HEAD(&subsys->hosts);
	INIT_LIST_HEAD(&subsys->ports);
	mutex_init(&subsys->lock);
	xa_init_flags(&subsys->ctrls, XA_FLAGS_ALLOC);
	make_serial(subsys);
	strscpy(subsys->model, "Linux", sizeof(subsys->model));
	/* A longer release is cut: FR has 8 bytes. */
	strscpy(subsys->firmware, init_utsname()->release, sizeof(subsys->firmware));
	subsys->ver = NVME_VS(2, 1, 0);
	subsys->cntlid_min = 1;
	subsys->cntlid_max = NVMFT_CNTLID_MAX;
	subsys->qid_max = NVMFT_QID_MAX;
	subsys->max_host_ctrls = NVMFT_HOST_CTRLS;
	subsys->born = ktime_get_seconds();
	return subsys;
}

void nvmft_subsys_get(struct nvmft_subsys *subsys)
{
	kref_get(&subsys->ref);
}

static void subsys_free(struct nvmft_folder *folder)
{
	struct nvmft_subsys *subsys = container_of(folder, struct nvmft_subsys, folder);

	nvmft_ns_stat_free_all(subsys);
	xa_destroy(&subsys->ctrls);
	xa_destroy(&subsys->namespaces);
	mutex_destroy(&subsys->lock);
	kfree(subsys);
}

static void subsys_release(struct kref *ref)
{
	struct nvmft_subsys *subsys = container_of(ref, struct nvmft_subsys, ref);

	nvmft_debugfs_free(&subsys->folder, subsys_free);
}

void nvmft_subsys_put(struct nvmft_subsys *subsys)
{
	kref_put(&subsys->ref, subsys_release);
}

bool nvmft_subsys_exists(const char *nqn)
{
	struct nvmft_subsys *subsys;

	lockdep_assert_held(&nvmft_config_sem);
	list_for_each_entry(subsys, &subsystems, entry)
		if (!strcmp(subsys->nqn, nqn))
			return true;
	return false;
}

int nvmft_subsys_add(struct nvmft_subsys *subsys)
{
	int err = 0;

	down_write(&nvmft_config_sem);
	if (nvmft_discovery_is_nqn(subsys->nqn))
		err = -EINVAL;
	else
		list_add_tail(&subsys->entry, &subsystems);
	up_write(&nvmft_config_sem);
	return err;
}

void nvmft_subsys_remove(struct nvmft_subsys *subsys)
{
	down_write(&nvmft_config_sem);
	list_del_init(&subsys->entry);
	up_write(&nvmft_config_sem);

	mutex_lock(&subsys->lock);
	subsys->dying = true;
	mutex_unlock(&subsys->lock);
	nvmft_ctrl_end_all(subsys, NULL, NULL, NVMFT_END_CONFIG, "its subsystem was removed");
}

static struct nvmft_host_link *find_host(const struct nvmft_subsys *subsys, const char *hostnqn)
{
	struct nvmft_host_link *link;

	lockdep_assert_held(&nvmft_config_sem);
	list_for_each_entry(link, &subsys->hosts, entry)
		if (!strcmp(link->host->nqn, hostnqn))
			return link;
	return NULL;
}

bool nvmft_subsys_allows(const struct nvmft_subsys *subsys, const char *hostnqn)
{
	if (subsys->type != NVME_NQN_NVME || subsys->allow_any_host)
		return true;
	return find_host(subsys, hostnqn);
}

bool nvmft_subsys_write_cache(struct nvmft_subsys *subsys)
{
	struct nvmft_ns *ns;
	unsigned long nsid;
	bool vwc = false;

	/* RCU keeps a namespace that is being disabled from being freed. */
	rcu_read_lock();
	xa_for_each(&subsys->namespaces, nsid, ns)
		vwc |= READ_ONCE(ns->limits.write_cache);
	rcu_read_unlock();
	return vwc;
}

int nvmft_subsys_allow_any(struct nvmft_subsys *subsys, bool any)
{
	int err = 0;

	down_write(&nvmft_config_sem);
	if (any && !list_empty(&subsys->hosts)) {
		err = -EINVAL;
	} else if (any != subsys->allow_any_host) {
		/* Who shows it holds nothing. */
		WRITE_ONCE(subsys->allow_any_host, any);
		nvmft_discovery_hosts_changed(subsys, NULL);
	}
	up_write(&nvmft_config_sem);
	return err;
}

int nvmft_subsys_allow_host(struct nvmft_subsys *subsys, struct nvmft_host *host)
{
	struct nvmft_write w = { .val = host->nqn, .len = strlen(host->nqn) };
	struct nvmft_host_link *link;
	int err = 0;

	snprintf(w.where, sizeof(w.where), "subsystems/%s/allowed_hosts", subsys->nqn);
	link = kzalloc_obj(*link, GFP_KERNEL);
	if (!link)
		return nvmft_refuse(&w, -ENOMEM, "no memory");
	link->host = host;

	down_write(&nvmft_config_sem);
	if (subsys->allow_any_host) {
		err = nvmft_refuse(&w, -EINVAL, "attr_allow_any_host is 1: write 0 to it first");
	} else if (find_host(subsys, host->nqn)) {
		err = nvmft_refuse(&w, -EEXIST, "this host is linked already");
	} else {
		list_add_tail(&link->entry, &subsys->hosts);
		nvmft_discovery_hosts_changed(subsys, host->nqn);
	}
	up_write(&nvmft_config_sem);
	if (err)
		kfree(link);
	return err;
}

void nvmft_subsys_disallow_host(struct nvmft_subsys *subsys, struct nvmft_host *host)
{
	struct nvmft_host_link *link;

	down_write(&nvmft_config_sem);
	link = find_host(subsys, host->nqn);
	if (link) {
		list_del(&link->entry);
		nvmft_discovery_hosts_changed(subsys, host->nqn);
		nvmft_ctrl_end_all(subsys, NULL, host->nqn, NVMFT_END_CONFIG,
				   "the host is no longer allowed");
	}
	up_write(&nvmft_config_sem);
	kfree(link);
}
