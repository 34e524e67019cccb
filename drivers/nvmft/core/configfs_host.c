// SPDX-License-Identifier: GPL-2.0
/* configfs: hosts/<nqn>, and the links to them in allowed_hosts. */
#include <linux/slab.h>
#include "core/configfs.h"

/**
 * struct host_item - hosts/<nqn>
 * @target: the item
 * @host: whom it names; links to it keep it
 */
struct host_item {
	struct nvmft_cfg_target	target;
	struct nvmft_host	host;
};

static struct host_item *host_item(struct config_item *item)
{
	return container_of(nvmft_cfg_target(item), struct host_item, target);
}

struct nvmft_host *nvmft_cfg_host(struct config_item *item)
{
	return &host_item(item)->host;
}

static void host_release(struct config_item *item)
{
	kfree(host_item(item));
}

static struct configfs_item_operations host_item_ops = {
	.release	= host_release,
};

static const struct nvmft_qos *host_qos(const struct nvmft_host *host)
{
	return &host->qos;
}

static int host_qos_set(struct nvmft_host *host, const struct nvmft_write *w,
			enum nvmft_qos_attr attr, u32 val)
{
	int err = nvmft_qos_set_host(host, attr, val);

	return err ? nvmft_refuse(w, err, "no memory") : 0;
}

#define host_of	nvmft_cfg_host
NVMFT_CFG_QOS_ATTR(host, struct nvmft_host *, qos_iops, NVMFT_QOS_IOPS);
NVMFT_CFG_QOS_ATTR(host, struct nvmft_host *, qos_kibps, NVMFT_QOS_KIBPS);
NVMFT_CFG_QOS_ATTR(host, struct nvmft_host *, qos_burst_ms, NVMFT_QOS_BURST_MS);

static struct configfs_attribute *host_attrs[] = {
	&host_attr_qos_iops,
	&host_attr_qos_kibps,
	&host_attr_qos_burst_ms,
	NULL,
};

const struct config_item_type nvmft_cfg_host_type = {
	.ct_item_ops	= &host_item_ops,
	.ct_attrs	= host_attrs,
	.ct_owner	= THIS_MODULE,
};

static struct config_group *host_make(struct config_group *group, const char *name)
{
	struct host_item *h;
	struct nvmft_write w;

	nvmft_cfg_write(&w, &group->cg_item, NULL, name, strlen(name));
	if (w.len > NVMF_NQN_SIZE)
		return ERR_PTR(nvmft_refuse(&w, -ENAMETOOLONG, "longer than %d bytes",
					    NVMF_NQN_SIZE));
	if (!nvmft_nqn_name_valid(w.val, w.len))
		return ERR_PTR(nvmft_refuse(&w, -EINVAL, "has control characters"));
	h = kzalloc_obj(*h, GFP_KERNEL);
	if (!h)
		return ERR_PTR(nvmft_refuse(&w, -ENOMEM, "no memory"));
	strscpy(h->host.nqn, name, sizeof(h->host.nqn));
	h->host.hash = nvmft_nqn_hash(h->host.nqn);
	nvmft_qos_init(&h->host.qos);
	if (nvmft_cfg_group_init(&h->target.group, name, &nvmft_cfg_host_type)) {
		config_group_put(&h->target.group);
		return ERR_PTR(nvmft_refuse(&w, -ENOMEM, "no memory"));
	}
	return &h->target.group;
}

static void host_drop(struct config_group *group, struct config_item *item)
{
	/* Before another folder of this name can set its own */
	nvmft_qos_host_gone(nvmft_cfg_host(item));
	nvmft_cfg_target_drop(nvmft_cfg_target(item));
}

static struct configfs_group_operations hosts_group_ops = {
	.make_group	= host_make,
	.drop_item	= host_drop,
};

const struct config_item_type nvmft_cfg_hosts_type = {
	.ct_group_ops	= &hosts_group_ops,
	.ct_owner	= THIS_MODULE,
};
