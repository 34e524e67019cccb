// SPDX-License-Identifier: GPL-2.0
/* configfs: ports/<id>/ana_groups/<grpid>. */
#include <linux/slab.h>
#include "core/configfs.h"

/**
 * struct ana_item - ana_groups/<grpid>
 * @group: the item
 * @port: its port, referenced
 * @grpid: 1..NVMFT_ANAGRP_MAX
 */
struct ana_item {
	struct config_group	group;
	struct nvmft_port	*port;
	u32			grpid;
};

static const struct nvmft_cfg_name states[] = {
	{ NVME_ANA_OPTIMIZED,		"optimized" },
	{ NVME_ANA_NONOPTIMIZED,	"non-optimized" },
	{ NVME_ANA_INACCESSIBLE,	"inaccessible" },
	{ NVME_ANA_PERSISTENT_LOSS,	"persistent-loss" },
	{ NVME_ANA_CHANGE,		"change" },
};

static struct ana_item *ana_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct ana_item, group);
}

static ssize_t ana_ana_state_get(struct ana_item *a, char *page)
{
	u8 state = READ_ONCE(a->port->ana_state[a->grpid]);

	return sysfs_emit(page, "%s\n", nvmft_cfg_name(states, ARRAY_SIZE(states), state));
}

static int ana_ana_state_set(struct ana_item *a, const struct nvmft_write *w)
{
	u8 state;
	int err;

	err = nvmft_cfg_choice(w, states, ARRAY_SIZE(states), &state);
	if (err)
		return err;
	err = nvmft_ana_set_state(a->port, a->grpid, state);
	if (err && err != -ETIMEDOUT)
		nvmft_refuse(w, err, "a namespace does not get its device: see above");
	return err;
}
NVMFT_CFG_ATTR(ana, ana_state);

static struct configfs_attribute *ana_attrs[] = {
	&ana_attr_ana_state,
	NULL,
};

static void ana_release(struct config_item *item)
{
	struct ana_item *a = ana_of(item);

	nvmft_port_put(a->port);
	kfree(a);
}

static struct configfs_item_operations ana_item_ops = {
	.release	= ana_release,
};

static const struct config_item_type ana_type = {
	.ct_item_ops	= &ana_item_ops,
	.ct_attrs	= ana_attrs,
	.ct_owner	= THIS_MODULE,
};

/* NULL: no memory */
static struct ana_item *ana_alloc(struct nvmft_port *port, u32 grpid, const char *name)
{
	struct ana_item *a;

	a = kzalloc_obj(*a, GFP_KERNEL);
	if (!a)
		return NULL;
	a->port = port;
	nvmft_port_get(port);
	a->grpid = grpid;
	if (nvmft_cfg_group_init(&a->group, name, &ana_type)) {
		config_group_put(&a->group);
		return NULL;
	}
	return a;
}

int nvmft_cfg_ana_add_first(struct nvmft_cfg_dir *groups)
{
	struct ana_item *a = ana_alloc(groups->port, 1, "1");

	if (!a)
		return -ENOMEM;
	configfs_add_default_group(&a->group, &groups->group);
	return 0;
}

static struct config_group *ana_make(struct config_group *group, const char *name)
{
	struct nvmft_port *port = nvmft_cfg_dir(&group->cg_item)->port;
	struct nvmft_write w;
	struct ana_item *a;
	u32 grpid;
	int err;

	nvmft_cfg_write(&w, &group->cg_item, NULL, name, strlen(name));
	err = nvmft_cfg_id(&w, 2, NVMFT_ANAGRP_MAX, &grpid);
	if (err)
		return ERR_PTR(err);
	a = ana_alloc(port, grpid, name);
	if (!a)
		return ERR_PTR(nvmft_refuse(&w, -ENOMEM, "no memory"));
	if (nvmft_ana_group_add(port, grpid)) {
		config_group_put(&a->group);
		return ERR_PTR(nvmft_refuse(&w, -ENOMEM, "no memory"));
	}
	return &a->group;
}

/* Before the folder is free for a new one of this name. */
static void ana_drop(struct config_group *group, struct config_item *item)
{
	struct ana_item *a = ana_of(item);

	nvmft_ana_group_remove(a->port, a->grpid);
	config_item_put(item);
}

static struct configfs_item_operations ana_groups_item_ops = {
	.release	= nvmft_cfg_dir_release,
};

static struct configfs_group_operations ana_groups_group_ops = {
	.make_group	= ana_make,
	.drop_item	= ana_drop,
};

const struct config_item_type nvmft_cfg_ana_groups_type = {
	.ct_item_ops	= &ana_groups_item_ops,
	.ct_group_ops	= &ana_groups_group_ops,
	.ct_owner	= THIS_MODULE,
};
