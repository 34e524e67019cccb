// SPDX-License-Identifier: GPL-2.0
/* configfs: the root, and what all folders and attributes share. */
#include <linux/dcache.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include "core/configfs.h"

static struct configfs_subsystem root;

/* Items from the root (excluded) down to a namespace's attribute folder */
#define DEPTH_MAX	4

void nvmft_cfg_write(struct nvmft_write *w, const struct config_item *item, const char *attr,
		     const char *val, size_t len)
{
	const struct config_item *path[DEPTH_MAX], *p;
	int depth = 0, at = 0;

	/*
	 * Parents cannot go: configfs lets no item be removed while it has
	 * others below it, and this one is kept by who calls us.
	 */
	for (p = item; p && p != &root.su_group.cg_item && depth < DEPTH_MAX; p = p->ci_parent)
		path[depth++] = p;
	w->where[0] = '\0';
	while (depth--)
		at += scnprintf(w->where + at, sizeof(w->where) - at, "%s%s", at ? "/" : "",
				path[depth]->ci_name);
	if (attr) {
		scnprintf(w->where + at, sizeof(w->where) - at, "%s%s", at ? "/" : "", attr);
		/* What echo appends; a name would not be the same without it. */
		if (len && val[len - 1] == '\n')
			len--;
	}
	w->val = val;
	w->len = len;
}

int nvmft_cfg_bool(const struct nvmft_write *w, bool *val)
{
	if (kstrtobool(w->val, val))
		return nvmft_refuse(w, -EINVAL, "neither 0 nor 1");
	return 0;
}

int nvmft_cfg_zero(const struct nvmft_write *w, const char *why)
{
	bool val;
	int err;

	err = nvmft_cfg_bool(w, &val);
	if (err)
		return err;
	return val ? nvmft_refuse(w, -EOPNOTSUPP, "%s", why) : 0;
}

int nvmft_cfg_num(const struct nvmft_write *w, s64 min, s64 max, s64 *val)
{
	int err = kstrtos64(w->val, 0, val);

	if (err && err != -ERANGE)
		return nvmft_refuse(w, -EINVAL, "not a number");
	if (err || *val < min || *val > max)
		return nvmft_refuse(w, -ERANGE, "not in %lld..%lld", min, max);
	return 0;
}

static bool is_name(const struct nvmft_write *w, const char *name)
{
	return strlen(name) == w->len && !memcmp(name, w->val, w->len);
}

int nvmft_cfg_choice(const struct nvmft_write *w, const struct nvmft_cfg_name *tab, size_t n,
		     u8 *val)
{
	char names[80];
	size_t i, at = 0;

	for (i = 0; i < n; i++) {
		if (!is_name(w, tab[i].name))
			continue;
		*val = tab[i].val;
		return 0;
	}
	for (i = 0; i < n; i++)
		at += scnprintf(names + at, sizeof(names) - at, "%s%s", i ? ", " : "",
				tab[i].name);
	return nvmft_refuse(w, -EINVAL, "not one of %s", names);
}

const char *nvmft_cfg_name(const struct nvmft_cfg_name *tab, size_t n, u8 val)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (tab[i].val == val)
			return tab[i].name;
	return "";
}

int nvmft_cfg_text(const struct nvmft_write *w, char *dst, size_t max)
{
	if (w->len > max)
		return nvmft_refuse(w, -ENAMETOOLONG, "longer than %zu bytes", max);
	if (!nvmft_ascii_valid(w->val, w->len, max))
		return nvmft_refuse(w, -EINVAL, w->len ? "not printable ASCII" : "empty");
	memcpy(dst, w->val, w->len);
	dst[w->len] = '\0';
	return 0;
}

int nvmft_cfg_id(const struct nvmft_write *w, u32 min, u32 max, u32 *id)
{
	char canon[12];

	if (kstrtou32(w->val, 10, id) || *id < min || *id > max)
		return nvmft_refuse(w, -EINVAL, "not a number in %u..%u", min, max);
	/* Two folders for one id must not be. */
	snprintf(canon, sizeof(canon), "%u", *id);
	if (!is_name(w, canon))
		return nvmft_refuse(w, -EINVAL, "is to be written as %s", canon);
	return 0;
}

int nvmft_cfg_group_init(struct config_group *group, const char *name,
			 const struct config_item_type *type)
{
	config_group_init_type_name(group, name, type);
	/* A long name needs memory, and configfs does not say that there was none. */
	return group->cg_item.ci_name ? 0 : -ENOMEM;
}

struct nvmft_cfg_dir *nvmft_cfg_dir_add(struct config_group *parent, const char *name,
					const struct config_item_type *type,
					struct nvmft_port *port, struct nvmft_subsys *subsys)
{
	struct nvmft_cfg_dir *dir;

	dir = kzalloc_obj(*dir, GFP_KERNEL);
	if (!dir)
		return NULL;
	dir->port = port;
	if (port)
		nvmft_port_get(port);
	dir->subsys = subsys;
	if (subsys)
		nvmft_subsys_get(subsys);
	if (nvmft_cfg_group_init(&dir->group, name, type)) {
		config_group_put(&dir->group);
		return NULL;
	}
	configfs_add_default_group(&dir->group, parent);
	return dir;
}

void nvmft_cfg_dir_release(struct config_item *item)
{
	struct nvmft_cfg_dir *dir = nvmft_cfg_dir(item);

	configfs_remove_default_groups(&dir->group);
	if (dir->port)
		nvmft_port_put(dir->port);
	if (dir->subsys)
		nvmft_subsys_put(dir->subsys);
	kfree(dir);
}

/* Waits for rmdir() calls that are about to return */
static struct workqueue_struct *drop_wq;

static void target_put(struct work_struct *work)
{
	struct nvmft_cfg_target *t = container_of(work, struct nvmft_cfg_target, put);

	while (t->dentry && simple_positive(t->dentry))
		msleep(20);
	dput(t->dentry);
	config_group_put(&t->group);
}

void nvmft_cfg_target_drop(struct nvmft_cfg_target *t)
{
	t->dentry = dget(t->group.cg_item.ci_dentry);
	INIT_WORK(&t->put, target_put);
	queue_work(drop_wq, &t->put);
}

/* The root has no object: its one attribute is of the discovery subsystem. */
static struct nvmft_subsys *root_of(struct config_item *item)
{
	return nvmft_disc_subsys;
}

static ssize_t root_discovery_nqn_get(struct nvmft_subsys *disc, char *page)
{
	ssize_t len;

	down_read(&nvmft_config_sem);
	len = sysfs_emit(page, "%s\n", disc->nqn);
	up_read(&nvmft_config_sem);
	return len;
}

static int root_discovery_nqn_set(struct nvmft_subsys *disc, const struct nvmft_write *w)
{
	if (w->len > NVMF_NQN_SIZE)
		return nvmft_refuse(w, -ENAMETOOLONG, "longer than %d bytes", NVMF_NQN_SIZE);
	switch (nvmft_discovery_set_nqn(w->val, w->len)) {
	case -EINVAL:
		return nvmft_refuse(w, -EINVAL, "empty or with control characters");
	case -EEXIST:
		return nvmft_refuse(w, -EEXIST, "there is a subsystem of this name");
	}
	return 0;
}
NVMFT_CFG_ATTR(root, discovery_nqn);

static struct configfs_attribute *root_attrs[] = {
	&root_attr_discovery_nqn,
	NULL,
};

static const struct config_item_type root_type = {
	.ct_attrs	= root_attrs,
	.ct_owner	= THIS_MODULE,
};

static struct configfs_subsystem root = {
	.su_group = {
		.cg_item = {
			.ci_namebuf	= "nvmft",
			.ci_type	= &root_type,
		},
	},
};

static struct config_group hosts, ports, subsystems;

int nvmft_configfs_init(void)
{
	int err;

	drop_wq = alloc_workqueue("nvmft_cfg", WQ_UNBOUND, 0);
	if (!drop_wq)
		return -ENOMEM;
	config_group_init(&root.su_group);
	mutex_init(&root.su_mutex);
	config_group_init_type_name(&hosts, "hosts", &nvmft_cfg_hosts_type);
	configfs_add_default_group(&hosts, &root.su_group);
	config_group_init_type_name(&ports, "ports", &nvmft_cfg_ports_type);
	configfs_add_default_group(&ports, &root.su_group);
	config_group_init_type_name(&subsystems, "subsystems", &nvmft_cfg_subsystems_type);
	configfs_add_default_group(&subsystems, &root.su_group);
	err = configfs_register_subsystem(&root);
	if (err) {
		pr_err("nvmft: cannot make /sys/kernel/config/nvmft: %pe\n", ERR_PTR(err));
		destroy_workqueue(drop_wq);
	}
	return err;
}

/* The tree is empty: folders pin the module. The last may still wait for its end. */
void nvmft_configfs_exit(void)
{
	destroy_workqueue(drop_wq);
	configfs_unregister_subsystem(&root);
}
