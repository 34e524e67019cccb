// SPDX-License-Identifier: GPL-2.0
/* configfs: ports/<id>, and the links to what is exported there. */
#include <linux/slab.h>
#include "core/configfs.h"

/**
 * struct port_item - ports/<id>
 * @addr: the item; first member
 * @port: what it stands for, referenced
 */
struct port_item {
	struct nvmft_cfg_addr	addr;
	struct nvmft_port	*port;
};

static struct port_item *port_of(struct config_item *item)
{
	return container_of(nvmft_cfg_addr(item), struct port_item, addr);
}

/*
 * A parameter: -1 for the default, or what was written. While the port is
 * enabled it reads as what hosts are told.
 */
#define PORT_PARAM(_name, _attr, _member, _min, _max)				\
static ssize_t port_##_name##_get(struct port_item *p, char *page)		\
{										\
	struct nvmft_port *port = p->port;					\
	int val;								\
										\
	down_read(&nvmft_config_sem);						\
	val = port->enabled ? (int)port->_member : port->_attr;			\
	up_read(&nvmft_config_sem);						\
	return sysfs_emit(page, "%d\n", val);					\
}										\
										\
static int port_##_name##_set(struct port_item *p, const struct nvmft_write *w)	\
{										\
	s64 val;								\
	int err;								\
										\
	err = nvmft_cfg_num(w, _min, _max, &val);				\
	if (!err)								\
		err = nvmft_cfg_addr_lock(&p->addr, w);				\
	if (err)								\
		return err;							\
	p->port->_attr = val;							\
	up_write(&nvmft_config_sem);						\
	return 0;								\
}										\
NVMFT_CFG_ATTR(port, _name)

PORT_PARAM(param_inline_data_size, icd_attr, t.icd_size, -1, NVMFT_ICD_MAX);
PORT_PARAM(param_max_queue_size, queue_size_attr, t.max_queue_size, INT_MIN, INT_MAX);
PORT_PARAM(param_mdts, mdts_attr, mdts, -1, U8_MAX);

static ssize_t port_param_pi_enable_get(struct port_item *p, char *page)
{
	return sysfs_emit(page, "0\n");
}

static int port_param_pi_enable_set(struct port_item *p, const struct nvmft_write *w)
{
	return nvmft_cfg_zero(w, "protection information is not supported");
}
NVMFT_CFG_ATTR(port, param_pi_enable);

/* What a transport of this type is by default, and the only thing it can be. */
static const char *tsas_name(struct port_item *p)
{
	switch (READ_ONCE(p->port->t.trtype)) {
	case NVMF_TRTYPE_TCP:
	case NVMFT_ADDR_UNSET:
		return "none";
	case NVMF_TRTYPE_RDMA:
		return "connected";
	}
	return "";
}

static ssize_t port_addr_tsas_get(struct port_item *p, char *page)
{
	return sysfs_emit(page, "%s\n", tsas_name(p));
}

static int port_addr_tsas_set(struct port_item *p, const struct nvmft_write *w)
{
	static const struct nvmft_cfg_name names[] = {
		{ 0, "none" }, { 0, "connected" }, { 1, "tls1.3" }, { 1, "datagram" },
	};
	u8 missing;
	int err;

	err = nvmft_cfg_choice(w, names, ARRAY_SIZE(names), &missing);
	if (err)
		return err;
	if (missing)
		return nvmft_refuse(w, -EOPNOTSUPP, "not supported");
	err = nvmft_cfg_addr_lock(&p->addr, w);
	if (err)
		return err;
	if (strlen(tsas_name(p)) != w->len || memcmp(tsas_name(p), w->val, w->len))
		err = nvmft_refuse(w, -EINVAL, "addr_trtype has no such value");
	up_write(&nvmft_config_sem);
	return err;
}
NVMFT_CFG_ATTR(port, addr_tsas);

static struct configfs_attribute *port_attrs[] = {
	&nvmft_addr_attr_addr_trtype,
	&nvmft_addr_attr_addr_adrfam,
	&nvmft_addr_attr_addr_traddr,
	&nvmft_addr_attr_addr_trsvcid,
	&nvmft_addr_attr_addr_treq,
	&port_attr_addr_tsas,
	&port_attr_param_inline_data_size,
	&port_attr_param_max_queue_size,
	&port_attr_param_mdts,
	&port_attr_param_pi_enable,
	NULL,
};

static void port_release(struct config_item *item)
{
	struct port_item *p = port_of(item);

	configfs_remove_default_groups(&p->addr.group);
	nvmft_stat_port_del(p->port);
	nvmft_port_put(p->port);
	kfree(p);
}

static struct configfs_item_operations port_item_ops = {
	.release	= port_release,
};

static const struct config_item_type port_type = {
	.ct_item_ops	= &port_item_ops,
	.ct_attrs	= port_attrs,
	.ct_owner	= THIS_MODULE,
};

static int port_allow_link(struct config_item *parent, struct config_item *target)
{
	struct nvmft_port *port = nvmft_cfg_dir(parent)->port;
	struct nvmft_write w = { .val = target->ci_name, .len = strlen(target->ci_name) };

	snprintf(w.where, sizeof(w.where), "ports/%u/subsystems", port->t.portid);
	if (target->ci_type != &nvmft_cfg_subsys_type)
		return nvmft_refuse(&w, -EINVAL, "only a folder of subsystems/ can be linked here");
	if (!nvmft_cfg_target_made(target))
		return nvmft_refuse(&w, -ENOENT, "is being made at this moment");
	return nvmft_port_link(port, nvmft_cfg_subsys(target));
}

static void port_drop_link(struct config_item *parent, struct config_item *target)
{
	nvmft_port_unlink(nvmft_cfg_dir(parent)->port, nvmft_cfg_subsys(target));
}

static struct configfs_item_operations links_item_ops = {
	.release	= nvmft_cfg_dir_release,
	.allow_link	= port_allow_link,
	.drop_link	= port_drop_link,
};

static const struct config_item_type links_type = {
	.ct_item_ops	= &links_item_ops,
	.ct_owner	= THIS_MODULE,
};

/* On failure the caller's config_group_put() takes apart what there is. */
static int port_build(struct port_item *p, const char *name)
{
	struct config_group *group = &p->addr.group;
	struct nvmft_cfg_dir *groups;

	if (nvmft_cfg_group_init(group, name, &port_type))
		return -ENOMEM;
	if (!nvmft_cfg_dir_add(group, "subsystems", &links_type, p->port, NULL) ||
	    !nvmft_cfg_dir_add(group, "referrals", &nvmft_cfg_referrals_type, p->port, NULL))
		return -ENOMEM;
	groups = nvmft_cfg_dir_add(group, "ana_groups", &nvmft_cfg_ana_groups_type, p->port, NULL);
	if (!groups)
		return -ENOMEM;
	return nvmft_cfg_ana_add_first(groups);
}

static struct config_group *port_make(struct config_group *group, const char *name)
{
	struct port_item *p;
	struct nvmft_write w;
	u32 portid;
	int err;

	nvmft_cfg_write(&w, &group->cg_item, NULL, name, strlen(name));
	err = nvmft_cfg_id(&w, 0, U16_MAX, &portid);
	if (err)
		return ERR_PTR(err);
	p = kzalloc_obj(*p, GFP_KERNEL);
	if (!p)
		return ERR_PTR(nvmft_refuse(&w, -ENOMEM, "no memory"));
	p->port = nvmft_port_alloc(portid);
	if (!p->port) {
		kfree(p);
		return ERR_PTR(nvmft_refuse(&w, -ENOMEM, "no memory"));
	}
	nvmft_stat_port_add(p->port);
	p->addr.t = &p->port->t;
	p->addr.treq = &p->port->treq;
	p->addr.enabled = &p->port->enabled;
	p->addr.how_to = "remove the links in subsystems/";
	if (port_build(p, name)) {
		config_group_put(&p->addr.group);
		return ERR_PTR(nvmft_refuse(&w, -ENOMEM, "no memory"));
	}
	return &p->addr.group;
}

static struct configfs_group_operations ports_group_ops = {
	.make_group	= port_make,
};

const struct config_item_type nvmft_cfg_ports_type = {
	.ct_group_ops	= &ports_group_ops,
	.ct_owner	= THIS_MODULE,
};
