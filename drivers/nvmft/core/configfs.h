/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tree below /sys/kernel/config/nvmft. These files parse, print and refuse;
 * what a change does stands in subsys.c, ns.c, port.c, ana.c and discovery.c.
 *
 * A folder is an item with its own memory, which holds a reference on the
 * object that it stands for: configfs may keep a folder that is being removed
 * for a moment longer (a symlink in the making), and hosts may keep the object.
 */
#ifndef NVMFT_CORE_CONFIGFS_H
#define NVMFT_CORE_CONFIGFS_H

#include <linux/configfs.h>
#include <linux/workqueue.h>
#include "core/ns.h"
#include "core/port.h"
#include "core/refuse.h"
#include "core/subsys.h"

/* main.c */
int nvmft_configfs_init(void);
void nvmft_configfs_exit(void);

/* The folders of the root, and the items that can be linked */
extern const struct config_item_type nvmft_cfg_hosts_type;
extern const struct config_item_type nvmft_cfg_host_type;
extern const struct config_item_type nvmft_cfg_ports_type;
extern const struct config_item_type nvmft_cfg_subsystems_type;
extern const struct config_item_type nvmft_cfg_subsys_type;
struct nvmft_host *nvmft_cfg_host(struct config_item *item);
struct nvmft_subsys *nvmft_cfg_subsys(struct config_item *item);

/* Folders that every subsystem or port has; nvmft_cfg_dir_add() makes them */
extern const struct config_item_type nvmft_cfg_namespaces_type;
/* allowed_hosts of a namespace, whose folder is @parent; 0 or -ENOMEM */
int nvmft_cfg_nshost_add(struct config_group *parent, struct nvmft_ns *ns);
extern const struct config_item_type nvmft_cfg_referrals_type;
extern const struct config_item_type nvmft_cfg_ana_groups_type;

/**
 * struct nvmft_cfg_dir - a folder that comes with its parent
 * @group: its item
 * @port: port that it belongs to, referenced, or NULL
 * @subsys: subsystem that it belongs to, referenced, or NULL
 */
struct nvmft_cfg_dir {
	struct config_group	group;
	struct nvmft_port	*port;
	struct nvmft_subsys	*subsys;
};

static inline struct nvmft_cfg_dir *nvmft_cfg_dir(struct config_item *item)
{
	return container_of(to_config_group(item), struct nvmft_cfg_dir, group);
}

/* Name an item; -ENOMEM, after which config_group_put() undoes it all the same. */
int nvmft_cfg_group_init(struct config_group *group, const char *name,
			 const struct config_item_type *type);
/*
 * Give @parent the folder @name, for the object that is not NULL. Gone with
 * configfs_remove_default_groups() in the release of @parent.
 */
struct nvmft_cfg_dir *nvmft_cfg_dir_add(struct config_group *parent, const char *name,
					const struct config_item_type *type,
					struct nvmft_port *port, struct nvmft_subsys *subsys);
/* The release operation of the types that are passed to it */
void nvmft_cfg_dir_release(struct config_item *item);

/**
 * struct nvmft_cfg_target - head of the items that can be linked
 * @group: the item
 * @put: drops the last reference
 * @dentry: its path, while @put is pending
 */
struct nvmft_cfg_target {
	struct config_group	group;
	struct work_struct	put;
	struct dentry		*dentry;
};

static inline struct nvmft_cfg_target *nvmft_cfg_target(struct config_item *item)
{
	return container_of(to_config_group(item), struct nvmft_cfg_target, group);
}

/*
 * mkdir() shows a folder before it is complete. symlink() does not wait for
 * that, and follows this pointer once allow_link has agreed.
 */
static inline bool nvmft_cfg_target_made(const struct config_item *item)
{
	return READ_ONCE(item->ci_dentry);
}

/*
 * Drop the reference of a folder that is being removed, from drop_item, as soon
 * as no path leads to it. configfs drops it earlier, and then a symlink() that
 * resolves the path at that moment revives an item that has been freed.
 */
void nvmft_cfg_target_drop(struct nvmft_cfg_target *t);

/* The group 1 of every port; @groups is its folder ana_groups */
int nvmft_cfg_ana_add_first(struct nvmft_cfg_dir *groups);

/**
 * struct nvmft_cfg_addr - head of the items that have an address
 * @group: the item
 * @t: the address; nvmft_config_sem
 * @treq: TREQ; nvmft_config_sem
 * @enabled: it is in use and may not change; nvmft_config_sem
 * @how_to: said when it is: what to do first
 */
struct nvmft_cfg_addr {
	struct config_group	group;
	struct nvmft_tport	*t;
	u8			*treq;
	const bool		*enabled;
	const char		*how_to;
};

static inline struct nvmft_cfg_addr *nvmft_cfg_addr(struct config_item *item)
{
	return container_of(to_config_group(item), struct nvmft_cfg_addr, group);
}

/* Take nvmft_config_sem for write, or refuse @w: -EACCES while it is in use. */
int nvmft_cfg_addr_lock(struct nvmft_cfg_addr *addr, const struct nvmft_write *w);

/* Attributes of everything that has an address */
extern struct configfs_attribute nvmft_addr_attr_addr_trtype;
extern struct configfs_attribute nvmft_addr_attr_addr_adrfam;
extern struct configfs_attribute nvmft_addr_attr_addr_traddr;
extern struct configfs_attribute nvmft_addr_attr_addr_trsvcid;
extern struct configfs_attribute nvmft_addr_attr_addr_treq;

/* A value and its name, and tables of them */
struct nvmft_cfg_name {
	u8		val;
	const char	*name;
};

/* "" if @val is not in @tab of @n entries */
const char *nvmft_cfg_name(const struct nvmft_cfg_name *tab, size_t n, u8 val);

/*
 * Read a value; 0, or refused with: -EINVAL (not of the form, not in the table),
 * -ERANGE (outside of @min..@max), -ENAMETOOLONG (more than @max bytes).
 */
int nvmft_cfg_bool(const struct nvmft_write *w, bool *val);
/* Something that we have not got: 0 is fine, 1 is -EOPNOTSUPP because of @why. */
int nvmft_cfg_zero(const struct nvmft_write *w, const char *why);
int nvmft_cfg_num(const struct nvmft_write *w, s64 min, s64 max, s64 *val);
int nvmft_cfg_choice(const struct nvmft_write *w, const struct nvmft_cfg_name *tab, size_t n,
		     u8 *val);
/* Printable ASCII, 1..@max bytes; @dst has room for @max + 1 */
int nvmft_cfg_text(const struct nvmft_write *w, char *dst, size_t max);
/* A name made by mkdir that is to be a number without sign or leading zero */
int nvmft_cfg_id(const struct nvmft_write *w, u32 min, u32 max, u32 *id);

/* Describe a write to @attr of @item, or with NULL a name made or linked in it. */
void nvmft_cfg_write(struct nvmft_write *w, const struct config_item *item, const char *attr,
		     const char *val, size_t len);

/*
 * An attribute: <pfx>_<name>_get(object, page) prints it, and
 * <pfx>_<name>_set(object, w) takes it: 0, or -errno once nvmft_refuse() has
 * said why. <pfx>_of(item) is the object.
 */
#define NVMFT_CFG_SHOW(_pfx, _name)						\
static ssize_t _pfx##_##_name##_show(struct config_item *item, char *page)	\
{										\
	return _pfx##_##_name##_get(_pfx##_of(item), page);			\
}

#define NVMFT_CFG_STORE(_pfx, _name)						\
static ssize_t _pfx##_##_name##_store(struct config_item *item,			\
				      const char *page, size_t count)		\
{										\
	struct nvmft_write w;							\
										\
	nvmft_cfg_write(&w, item, #_name, page, count);				\
	return _pfx##_##_name##_set(_pfx##_of(item), &w) ?: count;		\
}

#define NVMFT_CFG_ATTR(_pfx, _name)						\
	NVMFT_CFG_SHOW(_pfx, _name)						\
	NVMFT_CFG_STORE(_pfx, _name)						\
	CONFIGFS_ATTR(_pfx##_, _name)

#define NVMFT_CFG_ATTR_RO(_pfx, _name)						\
	NVMFT_CFG_SHOW(_pfx, _name)						\
	CONFIGFS_ATTR_RO(_pfx##_, _name)

#define NVMFT_CFG_ATTR_WO(_pfx, _name)						\
	NVMFT_CFG_STORE(_pfx, _name)						\
	CONFIGFS_ATTR_WO(_pfx##_, _name)

/* configfs_qos.c: the limit of an object, which has a struct nvmft_qos */
ssize_t nvmft_cfg_qos_get(const struct nvmft_qos *qos, enum nvmft_qos_attr attr, char *page);
/* Read a value for @attr; 0, or refused */
int nvmft_cfg_qos_num(const struct nvmft_write *w, enum nvmft_qos_attr attr, u32 *val);

/*
 * One of these attributes: <pfx>_qos(object) has the values, and
 * <pfx>_qos_set(object, w, attr, val) sets one. _ptr is the type of a pointer to it.
 */
#define NVMFT_CFG_QOS_ATTR(_pfx, _ptr, _name, _attr)				\
static ssize_t _pfx##_##_name##_get(_ptr obj, char *page)			\
{										\
	return nvmft_cfg_qos_get(_pfx##_qos(obj), _attr, page);			\
}										\
										\
static int _pfx##_##_name##_set(_ptr obj, const struct nvmft_write *w)		\
{										\
	u32 val;								\
										\
	return nvmft_cfg_qos_num(w, _attr, &val) ?: _pfx##_qos_set(obj, w, _attr, val);	\
}										\
										\
NVMFT_CFG_ATTR(_pfx, _name)

#endif /* NVMFT_CORE_CONFIGFS_H */
