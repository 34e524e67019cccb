// SPDX-License-Identifier: GPL-2.0
/* configfs: subsystems/<nqn>/namespaces/<nsid>. */
#include <linux/ctype.h>
#include <linux/kstrtox.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include "core/configfs.h"

/**
 * struct ns_item - namespaces/<nsid>
 * @group: the item
 * @ns: what it stands for; freed with it
 */
struct ns_item {
	struct config_group	group;
	struct nvmft_ns		*ns;
};

static struct ns_item *ns_item(struct config_item *item)
{
	return container_of(to_config_group(item), struct ns_item, group);
}

static struct nvmft_ns *ns_of(struct config_item *item)
{
	return ns_item(item)->ns;
}

/* Take ns->lock to change what an enabled namespace may not, or refuse @w. */
static int ns_lock_disabled(struct nvmft_ns *ns, const struct nvmft_write *w)
{
	mutex_lock(&ns->lock);
	if (!ns->enabled)
		return 0;
	mutex_unlock(&ns->lock);
	return nvmft_refuse(w, -EBUSY, "the namespace is enabled: write 0 to its enable first");
}

/* How a path that is not set reads, here and in nvmet; saved trees contain it. */
#define NO_PATH		"(null)"

static ssize_t ns_device_path_get(struct nvmft_ns *ns, char *page)
{
	ssize_t len;

	mutex_lock(&ns->lock);
	len = sysfs_emit(page, "%s\n", ns->path ?: NO_PATH);
	mutex_unlock(&ns->lock);
	return len;
}

static int ns_device_path_set(struct nvmft_ns *ns, const struct nvmft_write *w)
{
	char *path = NULL;
	int err;

	if (!w->len)
		return nvmft_refuse(w, -EINVAL, "empty");
	if (memchr(w->val, '\0', w->len))
		return nvmft_refuse(w, -EINVAL, "contains a zero byte");
	/* A page has to show it, with a newline and a NUL. */
	if (w->len > PATH_MAX - 2)
		return nvmft_refuse(w, -ENAMETOOLONG, "longer than %d bytes", PATH_MAX - 2);
	if (w->len != strlen(NO_PATH) || memcmp(w->val, NO_PATH, w->len)) {
		if (w->val[0] != '/')
			return nvmft_refuse(w, -EINVAL, "does not begin with /");
		path = kmemdup_nul(w->val, w->len, GFP_KERNEL);
		if (!path)
			return nvmft_refuse(w, -ENOMEM, "no memory");
	}
	err = ns_lock_disabled(ns, w);
	if (!err) {
		mutex_lock(&nvmft_stat_lock);
		swap(ns->path, path);
		mutex_unlock(&nvmft_stat_lock);
		mutex_unlock(&ns->lock);
	}
	kfree(path);
	return err;
}
NVMFT_CFG_ATTR(ns, device_path);

static ssize_t ns_device_uuid_get(struct nvmft_ns *ns, char *page)
{
	ssize_t len;

	mutex_lock(&ns->lock);
	len = sysfs_emit(page, "%pUb\n", &ns->uuid);
	mutex_unlock(&ns->lock);
	return len;
}

static int ns_device_uuid_set(struct nvmft_ns *ns, const struct nvmft_write *w)
{
	uuid_t uuid;
	int err;

	if (w->len != UUID_STRING_LEN || uuid_parse(w->val, &uuid))
		return nvmft_refuse(w, -EINVAL, "not a UUID");
	err = ns_lock_disabled(ns, w);
	if (err)
		return err;
	ns->uuid = uuid;
	if (!ns->nguid_set)
		nvmft_ns_derive_nguid(ns);
	mutex_unlock(&ns->lock);
	return 0;
}
NVMFT_CFG_ATTR(ns, device_uuid);

static ssize_t ns_device_nguid_get(struct nvmft_ns *ns, char *page)
{
	ssize_t len;

	mutex_lock(&ns->lock);
	len = sysfs_emit(page, "%pUb\n", ns->nguid);
	mutex_unlock(&ns->lock);
	return len;
}

/* 16 bytes in hexadecimal, each of which may be followed by - or : */
static bool parse_nguid(const char *s, size_t len, u8 nguid[16])
{
	const char *end = s + len;
	char byte[3] = {};
	int i;

	for (i = 0; i < 16; i++) {
		if (i && s < end && (*s == '-' || *s == ':'))
			s++;
		if (end - s < 2 || !isxdigit(s[0]) || !isxdigit(s[1]))
			return false;
		memcpy(byte, s, 2);
		if (kstrtou8(byte, 16, &nguid[i]))
			return false;
		s += 2;
	}
	return s == end;
}

static int ns_device_nguid_set(struct nvmft_ns *ns, const struct nvmft_write *w)
{
	u8 nguid[sizeof(ns->nguid)];
	int err;

	if (!parse_nguid(w->val, w->len, nguid))
		return nvmft_refuse(w, -EINVAL, "not 16 bytes in hexadecimal");
	err = ns_lock_disabled(ns, w);
	if (err)
		return err;
	/* Zero is what trees saved from nvmet contain; hosts need a real one. */
	if (memchr_inv(nguid, 0, sizeof(nguid))) {
		memcpy(ns->nguid, nguid, sizeof(nguid));
		ns->nguid_set = true;
	} else {
		nvmft_ns_derive_nguid(ns);
	}
	mutex_unlock(&ns->lock);
	return 0;
}
NVMFT_CFG_ATTR(ns, device_nguid);

static ssize_t ns_ana_grpid_get(struct nvmft_ns *ns, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(ns->anagrpid));
}

static int ns_ana_grpid_set(struct nvmft_ns *ns, const struct nvmft_write *w)
{
	s64 grpid;
	int err;

	err = nvmft_cfg_num(w, 1, NVMFT_ANAGRP_MAX, &grpid);
	if (err)
		return err;
	err = nvmft_ns_regroup(ns, grpid);
	if (err && err != -ETIMEDOUT)
		nvmft_refuse(w, err, "the namespace does not get its device there: see above");
	return err;
}
NVMFT_CFG_ATTR(ns, ana_grpid);

static ssize_t ns_buffered_io_get(struct nvmft_ns *ns, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(ns->buffered_io));
}

static int ns_buffered_io_set(struct nvmft_ns *ns, const struct nvmft_write *w)
{
	bool val;
	int err;

	err = nvmft_cfg_bool(w, &val);
	if (!err)
		err = ns_lock_disabled(ns, w);
	if (err)
		return err;
	WRITE_ONCE(ns->buffered_io, val);
	mutex_unlock(&ns->lock);
	return 0;
}
NVMFT_CFG_ATTR(ns, buffered_io);

static ssize_t ns_block_size_get(struct nvmft_ns *ns, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(ns->block_size));
}

static int ns_block_size_set(struct nvmft_ns *ns, const struct nvmft_write *w)
{
	s64 val;
	int err;

	err = nvmft_cfg_num(w, 0, NVMFT_BLOCK_SIZE_MAX, &val);
	if (err)
		return err;
	if (val && (val < NVMFT_BLOCK_SIZE_MIN || !is_power_of_2(val)))
		return nvmft_refuse(w, -EINVAL, "neither 0 nor a power of two from %d to %d",
				    NVMFT_BLOCK_SIZE_MIN, NVMFT_BLOCK_SIZE_MAX);
	err = ns_lock_disabled(ns, w);
	if (err)
		return err;
	WRITE_ONCE(ns->block_size, val);
	mutex_unlock(&ns->lock);
	return 0;
}
NVMFT_CFG_ATTR(ns, block_size);

static ssize_t ns_device_size_get(struct nvmft_ns *ns, char *page)
{
	return sysfs_emit(page, "%llu\n", READ_ONCE(ns->device_size));
}

/* Without a device it may change at any time: it is what hosts are told. */
static int ns_device_size_set(struct nvmft_ns *ns, const struct nvmft_write *w)
{
	bool tell = false;
	s64 val;
	int err;

	err = nvmft_cfg_num(w, 0, S64_MAX, &val);
	if (err)
		return err;
	mutex_lock(&ns->lock);
	if (!ns->enabled) {
		WRITE_ONCE(ns->device_size, val);
	} else if (ns->be) {
		err = nvmft_refuse(w, -EBUSY,
				   "the namespace has its device: write 0 to its enable first");
	} else if (!val || val % ns->block_size) {
		err = nvmft_refuse(w, -EINVAL, "not a number of blocks of block_size (%u)",
				   ns->block_size);
	} else {
		nvmft_standby_resize(ns, val);
		tell = true;
	}
	mutex_unlock(&ns->lock);
	if (tell)
		nvmft_ns_tell(ns, NVMFT_EV_NS_CHANGED);
	return err;
}
NVMFT_CFG_ATTR(ns, device_size);

static ssize_t ns_standby_get(struct nvmft_ns *ns, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(ns->standby));
}
NVMFT_CFG_ATTR_RO(ns, standby);

static ssize_t ns_resv_enable_get(struct nvmft_ns *ns, char *page)
{
	return sysfs_emit(page, "0\n");
}

static int ns_resv_enable_set(struct nvmft_ns *ns, const struct nvmft_write *w)
{
	return nvmft_cfg_zero(w, "reservations are not supported");
}
NVMFT_CFG_ATTR(ns, resv_enable);

static int ns_revalidate_size_set(struct nvmft_ns *ns, const struct nvmft_write *w)
{
	bool val;
	int err;

	err = nvmft_cfg_bool(w, &val);
	if (err)
		return err;
	if (!val)
		return nvmft_refuse(w, -EINVAL, "only 1 can be written");
	switch (nvmft_ns_revalidate(ns)) {
	case -ENODEV:
		return nvmft_refuse(w, -ENODEV, "the namespace is not enabled");
	case -ENXIO:
		return nvmft_refuse(w, -ENXIO,
				    "the namespace is in standby: write its size to device_size");
	case -EMEDIUMTYPE:
		return nvmft_refuse(w, -EMEDIUMTYPE,
				    "the device has another block size now: disable and enable the namespace");
	case -ENOMEDIUM:
		return nvmft_refuse(w, -ENOMEDIUM, "the device has no capacity now");
	}
	return 0;
}
NVMFT_CFG_ATTR_WO(ns, revalidate_size);

static ssize_t ns_enable_get(struct nvmft_ns *ns, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(ns->enabled));
}

static int ns_enable_set(struct nvmft_ns *ns, const struct nvmft_write *w)
{
	bool enable;
	int err;

	err = nvmft_cfg_bool(w, &enable);
	if (err)
		return err;
	if (!enable) {
		nvmft_ns_disable(ns);
		return 0;
	}
	err = nvmft_ns_enable(ns);
	if (err && READ_ONCE(ns->enabled))
		nvmft_refuse(w, err, "the namespace stays in standby: see above");
	return err;
}
NVMFT_CFG_ATTR(ns, enable);

static const struct nvmft_qos *ns_qos(const struct nvmft_ns *ns)
{
	return &ns->qos;
}

static int ns_qos_set(struct nvmft_ns *ns, const struct nvmft_write *w, enum nvmft_qos_attr attr,
		      u32 val)
{
	nvmft_qos_set_ns(ns, attr, val);
	return 0;
}

NVMFT_CFG_QOS_ATTR(ns, struct nvmft_ns *, qos_iops, NVMFT_QOS_IOPS);
NVMFT_CFG_QOS_ATTR(ns, struct nvmft_ns *, qos_kibps, NVMFT_QOS_KIBPS);
NVMFT_CFG_QOS_ATTR(ns, struct nvmft_ns *, qos_burst_ms, NVMFT_QOS_BURST_MS);

static struct configfs_attribute *ns_attrs[] = {
	&ns_attr_device_path,
	&ns_attr_device_uuid,
	&ns_attr_device_nguid,
	&ns_attr_ana_grpid,
	&ns_attr_buffered_io,
	&ns_attr_block_size,
	&ns_attr_device_size,
	&ns_attr_standby,
	&ns_attr_resv_enable,
	&ns_attr_qos_iops,
	&ns_attr_qos_kibps,
	&ns_attr_qos_burst_ms,
	&ns_attr_revalidate_size,
	&ns_attr_enable,
	NULL,
};

static void ns_release(struct config_item *item)
{
	struct ns_item *n = ns_item(item);

	configfs_remove_default_groups(&n->group);
	nvmft_ns_remove(n->ns);
	kfree(n);
}

static struct configfs_item_operations ns_item_ops = {
	.release	= ns_release,
};

static const struct config_item_type ns_type = {
	.ct_item_ops	= &ns_item_ops,
	.ct_attrs	= ns_attrs,
	.ct_owner	= THIS_MODULE,
};

static struct config_group *ns_make(struct config_group *group, const char *name)
{
	struct nvmft_subsys *subsys = nvmft_cfg_dir(&group->cg_item)->subsys;
	struct nvmft_write w;
	struct ns_item *n;
	u32 nsid;
	int err;

	nvmft_cfg_write(&w, &group->cg_item, NULL, name, strlen(name));
	err = nvmft_cfg_id(&w, 1, NVMFT_NN, &nsid);
	if (err)
		return ERR_PTR(err);
	n = kzalloc_obj(*n, GFP_KERNEL);
	if (!n)
		return ERR_PTR(nvmft_refuse(&w, -ENOMEM, "no memory"));
	n->ns = nvmft_ns_alloc(subsys, nsid);
	if (IS_ERR(n->ns)) {
		err = PTR_ERR(n->ns);
		kfree(n);
		return ERR_PTR(nvmft_refuse(&w, err, err == -EEXIST ?
					    "a namespace of this id is still going" :
					    "no memory"));
	}
	if (nvmft_cfg_group_init(&n->group, name, &ns_type) ||
	    nvmft_cfg_nshost_add(&n->group, n->ns)) {
		config_group_put(&n->group);
		return ERR_PTR(nvmft_refuse(&w, -ENOMEM, "no memory"));
	}
	return &n->group;
}

static struct configfs_item_operations namespaces_item_ops = {
	.release	= nvmft_cfg_dir_release,
};

static struct configfs_group_operations namespaces_group_ops = {
	.make_group	= ns_make,
};

const struct config_item_type nvmft_cfg_namespaces_type = {
	.ct_item_ops	= &namespaces_item_ops,
	.ct_group_ops	= &namespaces_group_ops,
	.ct_owner	= THIS_MODULE,
};
