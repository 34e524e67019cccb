// SPDX-License-Identifier: GPL-2.0
/* Transports, and ports: which subsystems are exported where. */
#include <linux/kmod.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include "core/ctrl.h"
#include "core/ns.h"
#include "core/port.h"
#include "core/refuse.h"

/* In-capsule data is told to hosts in units of 16 bytes (IOCCSZ). */
#define ICD_UNIT	16

/* Guards the table of transports. */
static DEFINE_MUTEX(transport_lock);
static const struct nvmft_transport_ops *transports[NVMF_TRTYPE_MAX];

int nvmft_transport_register(const struct nvmft_transport_ops *ops)
{
	int err = 0;

	if (ops->trtype >= ARRAY_SIZE(transports))
		return -EINVAL;
	mutex_lock(&transport_lock);
	if (transports[ops->trtype])
		err = -EEXIST;
	else
		transports[ops->trtype] = ops;
	mutex_unlock(&transport_lock);
	return err;
}
EXPORT_SYMBOL_GPL(nvmft_transport_register);

void nvmft_transport_unregister(const struct nvmft_transport_ops *ops)
{
	mutex_lock(&transport_lock);
	transports[ops->trtype] = NULL;
	mutex_unlock(&transport_lock);
}
EXPORT_SYMBOL_GPL(nvmft_transport_unregister);

static const struct nvmft_transport_ops *transport_find(u8 trtype)
{
	const struct nvmft_transport_ops *ops = NULL;

	mutex_lock(&transport_lock);
	if (trtype < ARRAY_SIZE(transports))
		ops = transports[trtype];
	if (ops && !try_module_get(ops->owner))
		ops = NULL;
	mutex_unlock(&transport_lock);
	return ops;
}

/* The transport with its module pinned, loaded if need be; NULL: none. */
static const struct nvmft_transport_ops *transport_get(u8 trtype)
{
	const struct nvmft_transport_ops *ops = transport_find(trtype);

	if (ops || trtype >= ARRAY_SIZE(transports))
		return ops;
	request_module("nvmft-transport-%d", trtype);
	return transport_find(trtype);
}

struct nvmft_port *nvmft_port_alloc(u16 portid)
{
	struct nvmft_port *port;

	port = kzalloc_obj(*port, GFP_KERNEL);
	if (!port)
		return NULL;
	kref_init(&port->ref);
	port->t.portid = portid;
	port->t.trtype = NVMFT_ADDR_UNSET;
	port->t.adrfam = NVMFT_ADDR_UNSET;
	port->icd_attr = -1;
	port->queue_size_attr = -1;
	port->mdts_attr = -1;
	INIT_LIST_HEAD(&port->subsystems);
	INIT_LIST_HEAD(&port->referrals);
	if (nvmft_ana_init(port)) {
		kfree(port);
		return NULL;
	}
	return port;
}

void nvmft_port_get(struct nvmft_port *port)
{
	kref_get(&port->ref);
}

static void port_free(struct kref *ref)
{
	struct nvmft_port *port = container_of(ref, struct nvmft_port, ref);

	nvmft_ana_exit(port);
	kfree(port);
}

void nvmft_port_put(struct nvmft_port *port)
{
	kref_put(&port->ref, port_free);
}

static struct nvmft_subsys_link *find_link(const struct nvmft_port *port,
					   const struct nvmft_subsys *subsys)
{
	struct nvmft_subsys_link *link;

	lockdep_assert_held(&nvmft_config_sem);
	list_for_each_entry(link, &port->subsystems, entry)
		if (link->subsys == subsys)
			return link;
	return NULL;
}

bool nvmft_port_exports(const struct nvmft_port *port, const struct nvmft_subsys *subsys)
{
	return find_link(port, subsys);
}

struct nvmft_subsys *nvmft_port_find_subsys(struct nvmft_port *port, const char *nqn)
{
	struct nvmft_subsys_link *link;

	lockdep_assert_held(&nvmft_config_sem);
	list_for_each_entry(link, &port->subsystems, entry)
		if (!strcmp(link->subsys->nqn, nqn))
			return link->subsys;
	return NULL;
}

const char *nvmft_tport_missing(const struct nvmft_tport *t)
{
	lockdep_assert_held(&nvmft_config_sem);
	if (t->trtype == NVMFT_ADDR_UNSET)
		return "addr_trtype";
	if (t->adrfam == NVMFT_ADDR_UNSET)
		return "addr_adrfam";
	if (!t->traddr[0])
		return "addr_traddr";
	if (!t->trsvcid[0])
		return "addr_trsvcid";
	return NULL;
}

/* What the administrator wrote becomes what hosts are told. */
static void port_set_params(struct nvmft_port *port)
{
	port->t.icd_size = port->icd_attr < 0 ? NVMFT_ICD_DEFAULT :
			   round_down(port->icd_attr, ICD_UNIT);
	port->t.max_queue_size = port->queue_size_attr < 0 ? NVMFT_QUEUE_SIZE_MAX :
				 clamp(port->queue_size_attr, NVMFT_QUEUE_SIZE_MIN,
				       NVMFT_QUEUE_SIZE_MAX);
	if (port->mdts_attr < 0) {
		port->mdts = NVMFT_MDTS_DEFAULT;
	} else if (!port->mdts_attr || port->mdts_attr > NVMFT_MDTS_MAX) {
		/* 0 would tell hosts that there is no limit, and there is one. */
		port->mdts = NVMFT_MDTS_MAX;
		pr_info("nvmft: ports/%u/param_mdts: %d is more than there is: hosts are told %d\n",
			port->t.portid, port->mdts_attr, NVMFT_MDTS_MAX);
	} else {
		port->mdts = port->mdts_attr;
	}
}

/* On success the pin of @ops belongs to the port. */
static int port_enable(struct nvmft_port *port, const struct nvmft_transport_ops *ops,
		       const struct nvmft_write *w)
{
	const char *attr = nvmft_tport_missing(&port->t);
	int err;

	lockdep_assert_held_write(&nvmft_config_sem);
	if (attr)
		return nvmft_refuse(w, -EINVAL, "%s of the port is not set", attr);
	if (!ops || ops->trtype != port->t.trtype)
		return nvmft_refuse(w, -EPROTONOSUPPORT,
				    "transport type %u of the port is not available: no module nvmft-transport-%u",
				    port->t.trtype, port->t.trtype);
	port_set_params(port);
	err = ops->listen(&port->t);
	if (err)
		return err;
	port->ops = ops;
	WRITE_ONCE(port->enabled, true);
	return 0;
}

static void port_disable(struct nvmft_port *port)
{
	lockdep_assert_held_write(&nvmft_config_sem);
	port->ops->unlisten(&port->t);
	module_put(port->ops->owner);
	port->ops = NULL;
	WRITE_ONCE(port->enabled, false);
}

int nvmft_port_link(struct nvmft_port *port, struct nvmft_subsys *subsys)
{
	struct nvmft_write w = { .val = subsys->nqn, .len = strlen(subsys->nqn) };
	const struct nvmft_transport_ops *ops = NULL;
	struct nvmft_subsys_link *link;
	int err = 0;

	snprintf(w.where, sizeof(w.where), "ports/%u/subsystems", port->t.portid);
	link = kzalloc_obj(*link, GFP_KERNEL);
	if (!link)
		return nvmft_refuse(&w, -ENOMEM, "no memory");
	link->subsys = subsys;
	link->port = port;
	/* Before the semaphore: a transport that is being loaded may want it. */
	if (!READ_ONCE(port->enabled))
		ops = transport_get(READ_ONCE(port->t.trtype));

	down_write(&nvmft_config_sem);
	if (find_link(port, subsys)) {
		err = nvmft_refuse(&w, -EEXIST, "this subsystem is linked already");
		goto out_unlock;
	}
	if (!port->enabled) {
		err = port_enable(port, ops, &w);
		if (err)
			goto out_unlock;
		ops = NULL;
	}
	nvmft_subsys_get(subsys);
	list_add_tail(&link->entry, &port->subsystems);
	list_add_tail(&link->subsys_entry, &subsys->ports);
	link = NULL;
	nvmft_discovery_port_changed(port, subsys);
out_unlock:
	up_write(&nvmft_config_sem);
	if (ops)
		module_put(ops->owner);
	kfree(link);
	/* One that stays without its device answers by the status of its path. */
	if (!err)
		nvmft_standby_subsys(subsys);
	return err;
}

void nvmft_port_unlink(struct nvmft_port *port, struct nvmft_subsys *subsys)
{
	struct nvmft_subsys_link *link;

	down_write(&nvmft_config_sem);
	link = find_link(port, subsys);
	if (link) {
		nvmft_discovery_port_changed(port, subsys);
		list_del(&link->entry);
		list_del(&link->subsys_entry);
		nvmft_ctrl_end_all(subsys, port, NULL, NVMFT_END_CONFIG,
				   "its subsystem is no longer on this port");
		if (list_empty(&port->subsystems))
			port_disable(port);
	}
	up_write(&nvmft_config_sem);
	if (link) {
		nvmft_standby_subsys(subsys);
		nvmft_subsys_put(subsys);
	}
	kfree(link);
}

int nvmft_referral_enable(struct nvmft_port *port, struct nvmft_referral *r)
{
	int err = 0;

	down_write(&nvmft_config_sem);
	if (nvmft_tport_missing(&r->t)) {
		err = -EINVAL;
	} else if (!r->enabled) {
		WRITE_ONCE(r->enabled, true);
		list_add_tail(&r->entry, &port->referrals);
		nvmft_discovery_port_changed(port, NULL);
	}
	up_write(&nvmft_config_sem);
	return err;
}

void nvmft_referral_disable(struct nvmft_port *port, struct nvmft_referral *r)
{
	down_write(&nvmft_config_sem);
	if (r->enabled) {
		WRITE_ONCE(r->enabled, false);
		list_del(&r->entry);
		nvmft_discovery_port_changed(port, NULL);
	}
	up_write(&nvmft_config_sem);
}
