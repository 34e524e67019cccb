// SPDX-License-Identifier: GPL-2.0
/* configfs: subsystems/<nqn>/namespaces/<nsid>/allowed_hosts. */
#include <linux/slab.h>
#include "core/configfs.h"

/**
 * struct nshost_item - allowed_hosts of a namespace
 * @group: the item
 * @ns: the namespace, referenced
 */
struct nshost_item {
	struct config_group	group;
	struct nvmft_ns		*ns;
};

static struct nshost_item *nshost_item(struct config_item *item)
{
	return container_of(to_config_group(item), struct nshost_item, group);
}

static void nshost_release(struct config_item *item)
{
	struct nshost_item *n = nshost_item(item);

	nvmft_ns_drop(n->ns);
	kfree(n);
}

static int nshost_allow_link(struct config_item *parent, struct config_item *target)
{
	struct nvmft_ns *ns = nshost_item(parent)->ns;
	struct nvmft_write w = { .val = target->ci_name, .len = strlen(target->ci_name) };

	snprintf(w.where, sizeof(w.where), "subsystems/%s/namespaces/%u/allowed_hosts",
		 ns->subsys->nqn, ns->nsid);
	if (target->ci_type != &nvmft_cfg_host_type)
		return nvmft_refuse(&w, -EINVAL, "only a folder of hosts/ can be linked here");
	if (!nvmft_cfg_target_made(target))
		return nvmft_refuse(&w, -ENOENT, "is being made at this moment");
	return nvmft_ns_show_host(ns, nvmft_cfg_host(target));
}

static void nshost_drop_link(struct config_item *parent, struct config_item *target)
{
	nvmft_ns_unshow_host(nshost_item(parent)->ns, nvmft_cfg_host(target));
}

static struct configfs_item_operations nshost_item_ops = {
	.release	= nshost_release,
	.allow_link	= nshost_allow_link,
	.drop_link	= nshost_drop_link,
};

static const struct config_item_type nshost_type = {
	.ct_item_ops	= &nshost_item_ops,
	.ct_owner	= THIS_MODULE,
};

int nvmft_cfg_nshost_add(struct config_group *parent, struct nvmft_ns *ns)
{
	struct nshost_item *n;

	n = kzalloc_obj(*n, GFP_KERNEL);
	if (!n)
		return -ENOMEM;
	n->ns = ns;
	kref_get(&ns->kref);
	if (nvmft_cfg_group_init(&n->group, "allowed_hosts", &nshost_type)) {
		config_group_put(&n->group);
		return -ENOMEM;
	}
	configfs_add_default_group(&n->group, parent);
	return 0;
}
