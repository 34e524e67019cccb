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

const struct config_item_type nvmft_cfg_host_type = {
	.ct_item_ops	= &host_item_ops,
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
	if (nvmft_cfg_group_init(&h->target.group, name, &nvmft_cfg_host_type)) {
		config_group_put(&h->target.group);
		return ERR_PTR(nvmft_refuse(&w, -ENOMEM, "no memory"));
	}
	return &h->target.group;
}

static void host_drop(struct config_group *group, struct config_item *item)
{
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
