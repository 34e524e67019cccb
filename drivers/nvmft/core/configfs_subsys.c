// SPDX-License-Identifier: GPL-2.0
/* configfs: subsystems/<nqn>. */
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include "core/configfs.h"
#include "core/ctrl.h"

/**
 * struct subsys_item - subsystems/<nqn>
 * @target: the item
 * @subsys: what it stands for, referenced
 */
struct subsys_item {
	struct nvmft_cfg_target	target;
	struct nvmft_subsys	*subsys;
};

static struct subsys_item *subsys_item(struct config_item *item)
{
	return container_of(nvmft_cfg_target(item), struct subsys_item, target);
}

static struct nvmft_subsys *subsys_of(struct config_item *item)
{
	return subsys_item(item)->subsys;
}

struct nvmft_subsys *nvmft_cfg_subsys(struct config_item *item)
{
	return subsys_of(item);
}

/*
 * Take subsys->lock to change what Identify shows, or refuse @w: hosts cache
 * these values and take a subsystem that changes them for another one.
 */
static int subsys_lock_unseen(struct nvmft_subsys *subsys, const struct nvmft_write *w)
{
	mutex_lock(&subsys->lock);
	if (!subsys->identified)
		return 0;
	mutex_unlock(&subsys->lock);
	return nvmft_refuse(w, -EINVAL, "fixed since a host has identified the subsystem");
}

static ssize_t subsys_attr_allow_any_host_get(struct nvmft_subsys *subsys, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(subsys->allow_any_host));
}

static int subsys_attr_allow_any_host_set(struct nvmft_subsys *subsys,
					  const struct nvmft_write *w)
{
	bool any;
	int err;

	err = nvmft_cfg_bool(w, &any);
	if (err)
		return err;
	if (nvmft_subsys_allow_any(subsys, any))
		return nvmft_refuse(w, -EINVAL, "allowed_hosts has links: remove them first");
	return 0;
}
NVMFT_CFG_ATTR(subsys, attr_allow_any_host);

/* A text that Identify shows in a field of the size of its member, less the NUL */
#define SUBSYS_TEXT(_name, _member)						\
static ssize_t subsys_##_name##_get(struct nvmft_subsys *subsys, char *page)	\
{										\
	ssize_t len;								\
										\
	mutex_lock(&subsys->lock);						\
	len = sysfs_emit(page, "%s\n", subsys->_member);			\
	mutex_unlock(&subsys->lock);						\
	return len;								\
}										\
										\
static int subsys_##_name##_set(struct nvmft_subsys *subsys,			\
				const struct nvmft_write *w)			\
{										\
	char text[sizeof(subsys->_member)];					\
	int err;								\
										\
	err = subsys_lock_unseen(subsys, w);					\
	if (err)								\
		return err;							\
	err = nvmft_cfg_text(w, text, sizeof(text) - 1);			\
	if (!err)								\
		strscpy(subsys->_member, text, sizeof(subsys->_member));	\
	mutex_unlock(&subsys->lock);						\
	return err;								\
}										\
NVMFT_CFG_ATTR(subsys, _name)

SUBSYS_TEXT(attr_serial, serial);
SUBSYS_TEXT(attr_model, model);
SUBSYS_TEXT(attr_firmware, firmware);

/* A number that Identify shows */
#define SUBSYS_NUM(_name, _member, _max, _fmt)					\
static ssize_t subsys_##_name##_get(struct nvmft_subsys *subsys, char *page)	\
{										\
	return sysfs_emit(page, _fmt "\n", READ_ONCE(subsys->_member));		\
}										\
										\
static int subsys_##_name##_set(struct nvmft_subsys *subsys,			\
				const struct nvmft_write *w)			\
{										\
	s64 val;								\
	int err;								\
										\
	err = subsys_lock_unseen(subsys, w);					\
	if (err)								\
		return err;							\
	err = nvmft_cfg_num(w, 0, _max, &val);					\
	if (!err)								\
		WRITE_ONCE(subsys->_member, val);				\
	mutex_unlock(&subsys->lock);						\
	return err;								\
}										\
NVMFT_CFG_ATTR(subsys, _name)

SUBSYS_NUM(attr_ieee_oui, oui, 0xffffff, "0x%06x");
SUBSYS_NUM(attr_vendor_id, vid, 0xffff, "0x%x");
SUBSYS_NUM(attr_subsys_vendor_id, ssvid, 0xffff, "0x%x");

static ssize_t subsys_attr_version_get(struct nvmft_subsys *subsys, char *page)
{
	u32 ver = READ_ONCE(subsys->ver);

	if (ver & 0xff)
		return sysfs_emit(page, "%u.%u.%u\n", ver >> 16, (ver >> 8) & 0xff, ver & 0xff);
	return sysfs_emit(page, "%u.%u\n", ver >> 16, (ver >> 8) & 0xff);
}

/* "major.minor" or "major.minor.tertiary" */
static bool parse_version(char *text, u32 *ver)
{
	u8 num[3] = {};
	size_t n = 0;
	char *part;

	while ((part = strsep(&text, "."))) {
		if (n == ARRAY_SIZE(num) || kstrtou8(part, 10, &num[n]))
			return false;
		n++;
	}
	*ver = NVME_VS(num[0], num[1], num[2]);
	return n >= 2;
}

static int read_version(const struct nvmft_write *w, u32 *ver)
{
	char text[sizeof("255.255.255")];
	int err;

	err = nvmft_cfg_text(w, text, sizeof(text) - 1);
	if (err)
		return err;
	if (!parse_version(text, ver))
		return nvmft_refuse(w, -EINVAL, "not of the form 2.1 or 1.2.1");
	/* Fabrics came with 1.2.1; 2.1 is what this target is written to. */
	if (*ver < NVME_VS(1, 2, 1) || *ver > NVME_VS(2, 1, 0))
		return nvmft_refuse(w, -ERANGE, "not in 1.2.1..2.1");
	return 0;
}

static int subsys_attr_version_set(struct nvmft_subsys *subsys, const struct nvmft_write *w)
{
	u32 ver;
	int err;

	err = subsys_lock_unseen(subsys, w);
	if (err)
		return err;
	err = read_version(w, &ver);
	if (!err)
		WRITE_ONCE(subsys->ver, ver);
	mutex_unlock(&subsys->lock);
	return err;
}
NVMFT_CFG_ATTR(subsys, attr_version);

static ssize_t subsys_attr_cntlid_min_get(struct nvmft_subsys *subsys, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(subsys->cntlid_min));
}

static int subsys_attr_cntlid_min_set(struct nvmft_subsys *subsys, const struct nvmft_write *w)
{
	s64 val;
	int err;

	err = nvmft_cfg_num(w, 1, NVMFT_CNTLID_MAX, &val);
	if (err)
		return err;
	mutex_lock(&subsys->lock);
	if (val > subsys->cntlid_max)
		err = nvmft_refuse(w, -EINVAL, "above attr_cntlid_max (%u)", subsys->cntlid_max);
	else
		WRITE_ONCE(subsys->cntlid_min, val);
	mutex_unlock(&subsys->lock);
	return err;
}
NVMFT_CFG_ATTR(subsys, attr_cntlid_min);

static ssize_t subsys_attr_cntlid_max_get(struct nvmft_subsys *subsys, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(subsys->cntlid_max));
}

static int subsys_attr_cntlid_max_set(struct nvmft_subsys *subsys, const struct nvmft_write *w)
{
	s64 val;
	int err;

	err = nvmft_cfg_num(w, 1, NVMFT_CNTLID_MAX, &val);
	if (err)
		return err;
	mutex_lock(&subsys->lock);
	if (val < subsys->cntlid_min)
		err = nvmft_refuse(w, -EINVAL, "below attr_cntlid_min (%u)", subsys->cntlid_min);
	else
		WRITE_ONCE(subsys->cntlid_max, val);
	mutex_unlock(&subsys->lock);
	return err;
}
NVMFT_CFG_ATTR(subsys, attr_cntlid_max);

static ssize_t subsys_attr_qid_max_get(struct nvmft_subsys *subsys, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(subsys->qid_max));
}

static int subsys_attr_qid_max_set(struct nvmft_subsys *subsys, const struct nvmft_write *w)
{
	bool changed;
	s64 val;
	int err;

	err = nvmft_cfg_num(w, 1, NVMFT_QID_MAX, &val);
	if (err)
		return err;
	mutex_lock(&subsys->lock);
	changed = val != subsys->qid_max;
	WRITE_ONCE(subsys->qid_max, val);
	mutex_unlock(&subsys->lock);
	/* Hosts ask for the number of queues when they connect. */
	if (changed)
		nvmft_ctrl_end_all(subsys, NULL, NULL, NVMFT_END_CONFIG,
				   "attr_qid_max has changed");
	return 0;
}
NVMFT_CFG_ATTR(subsys, attr_qid_max);

static ssize_t subsys_attr_max_host_ctrls_get(struct nvmft_subsys *subsys, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(subsys->max_host_ctrls));
}

static int subsys_attr_max_host_ctrls_set(struct nvmft_subsys *subsys, const struct nvmft_write *w)
{
	s64 val;
	int err;

	err = nvmft_cfg_num(w, 1, NVMFT_CNTLID_MAX, &val);
	if (err)
		return err;
	mutex_lock(&subsys->lock);
	WRITE_ONCE(subsys->max_host_ctrls, val);
	mutex_unlock(&subsys->lock);
	return 0;
}
NVMFT_CFG_ATTR(subsys, attr_max_host_ctrls);

static ssize_t subsys_attr_pi_enable_get(struct nvmft_subsys *subsys, char *page)
{
	return sysfs_emit(page, "0\n");
}

static int subsys_attr_pi_enable_set(struct nvmft_subsys *subsys, const struct nvmft_write *w)
{
	return nvmft_cfg_zero(w, "protection information is not supported");
}
NVMFT_CFG_ATTR(subsys, attr_pi_enable);

static struct configfs_attribute *subsys_attrs[] = {
	&subsys_attr_attr_allow_any_host,
	&subsys_attr_attr_version,
	&subsys_attr_attr_serial,
	&subsys_attr_attr_model,
	&subsys_attr_attr_firmware,
	&subsys_attr_attr_ieee_oui,
	&subsys_attr_attr_vendor_id,
	&subsys_attr_attr_subsys_vendor_id,
	&subsys_attr_attr_cntlid_min,
	&subsys_attr_attr_cntlid_max,
	&subsys_attr_attr_qid_max,
	&subsys_attr_attr_max_host_ctrls,
	&subsys_attr_attr_pi_enable,
	NULL,
};

static void subsys_release(struct config_item *item)
{
	struct subsys_item *s = subsys_item(item);

	configfs_remove_default_groups(&s->target.group);
	nvmft_subsys_put(s->subsys);
	kfree(s);
}

static struct configfs_item_operations subsys_item_ops = {
	.release	= subsys_release,
};

const struct config_item_type nvmft_cfg_subsys_type = {
	.ct_item_ops	= &subsys_item_ops,
	.ct_attrs	= subsys_attrs,
	.ct_owner	= THIS_MODULE,
};

static int hosts_allow_link(struct config_item *parent, struct config_item *target)
{
	struct nvmft_subsys *subsys = nvmft_cfg_dir(parent)->subsys;
	struct nvmft_write w = { .val = target->ci_name, .len = strlen(target->ci_name) };

	snprintf(w.where, sizeof(w.where), "subsystems/%s/allowed_hosts", subsys->nqn);
	if (target->ci_type != &nvmft_cfg_host_type)
		return nvmft_refuse(&w, -EINVAL, "only a folder of hosts/ can be linked here");
	if (!nvmft_cfg_target_made(target))
		return nvmft_refuse(&w, -ENOENT, "is being made at this moment");
	return nvmft_subsys_allow_host(subsys, nvmft_cfg_host(target));
}

static void hosts_drop_link(struct config_item *parent, struct config_item *target)
{
	nvmft_subsys_disallow_host(nvmft_cfg_dir(parent)->subsys, nvmft_cfg_host(target));
}

static struct configfs_item_operations allowed_hosts_item_ops = {
	.release	= nvmft_cfg_dir_release,
	.allow_link	= hosts_allow_link,
	.drop_link	= hosts_drop_link,
};

static const struct config_item_type allowed_hosts_type = {
	.ct_item_ops	= &allowed_hosts_item_ops,
	.ct_owner	= THIS_MODULE,
};

/* On failure the caller's config_group_put() takes apart what there is. */
static int subsys_build(struct subsys_item *s, const struct nvmft_write *w)
{
	struct config_group *group = &s->target.group;

	if (nvmft_cfg_group_init(group, w->val, &nvmft_cfg_subsys_type) ||
	    !nvmft_cfg_dir_add(group, "namespaces", &nvmft_cfg_namespaces_type, NULL, s->subsys) ||
	    !nvmft_cfg_dir_add(group, "allowed_hosts", &allowed_hosts_type, NULL, s->subsys))
		return nvmft_refuse(w, -ENOMEM, "no memory");
	if (nvmft_subsys_add(s->subsys))
		return nvmft_refuse(w, -EINVAL, "this is the NQN of the discovery service");
	return 0;
}

static struct config_group *subsys_make(struct config_group *group, const char *name)
{
	struct subsys_item *s;
	struct nvmft_write w;
	int err;

	nvmft_cfg_write(&w, &group->cg_item, NULL, name, strlen(name));
	if (w.len > NVMF_NQN_SIZE)
		return ERR_PTR(nvmft_refuse(&w, -ENAMETOOLONG, "longer than %d bytes",
					    NVMF_NQN_SIZE));
	if (!nvmft_nqn_name_valid(w.val, w.len))
		return ERR_PTR(nvmft_refuse(&w, -EINVAL, "has control characters"));
	s = kzalloc_obj(*s, GFP_KERNEL);
	if (!s)
		return ERR_PTR(nvmft_refuse(&w, -ENOMEM, "no memory"));
	s->subsys = nvmft_subsys_alloc(name, NVME_NQN_NVME);
	if (!s->subsys) {
		kfree(s);
		return ERR_PTR(nvmft_refuse(&w, -ENOMEM, "no memory"));
	}
	err = subsys_build(s, &w);
	if (err) {
		config_group_put(&s->target.group);
		return ERR_PTR(err);
	}
	return &s->target.group;
}

static void subsys_drop(struct config_group *group, struct config_item *item)
{
	nvmft_subsys_remove(subsys_of(item));
	nvmft_cfg_target_drop(nvmft_cfg_target(item));
}

static struct configfs_group_operations subsystems_group_ops = {
	.make_group	= subsys_make,
	.drop_item	= subsys_drop,
};

const struct config_item_type nvmft_cfg_subsystems_type = {
	.ct_group_ops	= &subsystems_group_ops,
	.ct_owner	= THIS_MODULE,
};
