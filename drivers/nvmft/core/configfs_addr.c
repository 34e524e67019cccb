// SPDX-License-Identifier: GPL-2.0
/* configfs: addresses of ports and referrals, and ports/<id>/referrals/<name>. */
#include <linux/ctype.h>
#include <linux/slab.h>
#include "core/configfs.h"

/* NVMF_TRTYPE_PCI and the family of the same value, which older headers lack */
#define TRTYPE_PCI	0

static const struct nvmft_cfg_name trtypes[] = {
	{ NVMF_TRTYPE_RDMA,		"rdma" },
	{ NVMF_TRTYPE_FC,		"fc" },
	{ NVMF_TRTYPE_TCP,		"tcp" },
	{ TRTYPE_PCI,			"pci" },
	{ NVMF_TRTYPE_LOOP,		"loop" },
};

static const struct nvmft_cfg_name adrfams[] = {
	{ NVMF_ADDR_FAMILY_IP4,		"ipv4" },
	{ NVMF_ADDR_FAMILY_IP6,		"ipv6" },
	{ NVMF_ADDR_FAMILY_IB,		"ib" },
	{ NVMF_ADDR_FAMILY_FC,		"fc" },
	{ NVMF_ADDR_FAMILY_PCI,		"pci" },
	{ NVMF_ADDR_FAMILY_LOOP,	"loop" },
};

static const struct nvmft_cfg_name treqs[] = {
	{ NVMF_TREQ_NOT_SPECIFIED,	"not specified" },
	{ NVMF_TREQ_REQUIRED,		"required" },
	{ NVMF_TREQ_NOT_REQUIRED,	"not required" },
};

int nvmft_cfg_addr_lock(struct nvmft_cfg_addr *addr, const struct nvmft_write *w)
{
	down_write(&nvmft_config_sem);
	if (!*addr->enabled)
		return 0;
	up_write(&nvmft_config_sem);
	return nvmft_refuse(w, -EACCES, "in use: %s first", addr->how_to);
}

/* Define an attribute that port and referral have in common. */
#define ADDR_ATTR(_name)							\
	NVMFT_CFG_SHOW(addr, _name)						\
	NVMFT_CFG_STORE(addr, _name)						\
struct configfs_attribute nvmft_addr_attr_##_name = {				\
	.ca_name	= #_name,						\
	.ca_mode	= 0644,							\
	.ca_owner	= THIS_MODULE,						\
	.show		= addr_##_name##_show,					\
	.store		= addr_##_name##_store,					\
}

static struct nvmft_cfg_addr *addr_of(struct config_item *item)
{
	return nvmft_cfg_addr(item);
}

/* One out of a table */
#define ADDR_CHOICE(_name, _member, _tab)					\
static ssize_t addr_##_name##_get(struct nvmft_cfg_addr *addr, char *page)	\
{										\
	u8 val = READ_ONCE(_member);						\
										\
	return sysfs_emit(page, "%s\n",						\
			  nvmft_cfg_name(_tab, ARRAY_SIZE(_tab), val));		\
}										\
										\
static int addr_##_name##_set(struct nvmft_cfg_addr *addr,			\
			      const struct nvmft_write *w)			\
{										\
	u8 val;									\
	int err;								\
										\
	err = nvmft_cfg_choice(w, _tab, ARRAY_SIZE(_tab), &val);		\
	if (!err)								\
		err = nvmft_cfg_addr_lock(addr, w);				\
	if (err)								\
		return err;							\
	WRITE_ONCE(_member, val);						\
	up_write(&nvmft_config_sem);						\
	return 0;								\
}										\
ADDR_ATTR(_name)

ADDR_CHOICE(addr_trtype, addr->t->trtype, trtypes);
ADDR_CHOICE(addr_adrfam, addr->t->adrfam, adrfams);
ADDR_CHOICE(addr_treq, *addr->treq, treqs);

/* One word; nvmet takes spaces around it, and so do we */
static int read_word(const struct nvmft_write *w, char *dst, size_t max)
{
	struct nvmft_write word = *w;
	int err;

	while (word.len && isspace(word.val[0])) {
		word.val++;
		word.len--;
	}
	while (word.len && isspace(word.val[word.len - 1]))
		word.len--;
	err = nvmft_cfg_text(&word, dst, max);
	if (!err && strchr(dst, ' '))
		err = nvmft_refuse(w, -EINVAL, "more than one word");
	return err;
}

#define ADDR_WORD(_name, _member)						\
static ssize_t addr_##_name##_get(struct nvmft_cfg_addr *addr, char *page)	\
{										\
	ssize_t len;								\
										\
	down_read(&nvmft_config_sem);						\
	len = sysfs_emit(page, "%s\n", addr->t->_member);			\
	up_read(&nvmft_config_sem);						\
	return len;								\
}										\
										\
static int addr_##_name##_set(struct nvmft_cfg_addr *addr,			\
			      const struct nvmft_write *w)			\
{										\
	char text[sizeof(addr->t->_member)];					\
	int err;								\
										\
	err = read_word(w, text, sizeof(text) - 1);				\
	if (!err)								\
		err = nvmft_cfg_addr_lock(addr, w);				\
	if (err)								\
		return err;							\
	strscpy(addr->t->_member, text, sizeof(addr->t->_member));		\
	up_write(&nvmft_config_sem);						\
	return 0;								\
}										\
ADDR_ATTR(_name)

ADDR_WORD(addr_traddr, traddr);
ADDR_WORD(addr_trsvcid, trsvcid);

/**
 * struct referral_item - ports/<id>/referrals/<name>
 * @addr: the item; first member
 * @port: its port, referenced
 * @r: what hosts are told
 */
struct referral_item {
	struct nvmft_cfg_addr	addr;
	struct nvmft_port	*port;
	struct nvmft_referral	r;
};

static struct referral_item *referral_of(struct config_item *item)
{
	return container_of(nvmft_cfg_addr(item), struct referral_item, addr);
}

static ssize_t referral_addr_portid_get(struct referral_item *ri, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(ri->r.t.portid));
}

static int referral_addr_portid_set(struct referral_item *ri, const struct nvmft_write *w)
{
	s64 val;
	int err;

	err = nvmft_cfg_num(w, 0, U16_MAX, &val);
	if (!err)
		err = nvmft_cfg_addr_lock(&ri->addr, w);
	if (err)
		return err;
	WRITE_ONCE(ri->r.t.portid, val);
	up_write(&nvmft_config_sem);
	return 0;
}
NVMFT_CFG_ATTR(referral, addr_portid);

static ssize_t referral_enable_get(struct referral_item *ri, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(ri->r.enabled));
}

static int referral_enable_set(struct referral_item *ri, const struct nvmft_write *w)
{
	bool enable;
	int err;

	err = nvmft_cfg_bool(w, &enable);
	if (err)
		return err;
	if (!enable)
		nvmft_referral_disable(ri->port, &ri->r);
	else if (nvmft_referral_enable(ri->port, &ri->r))
		return nvmft_refuse(w, -EINVAL,
				    "addr_trtype, addr_adrfam, addr_traddr and addr_trsvcid are to be set first");
	return 0;
}
NVMFT_CFG_ATTR(referral, enable);

static struct configfs_attribute *referral_attrs[] = {
	&nvmft_addr_attr_addr_trtype,
	&nvmft_addr_attr_addr_adrfam,
	&nvmft_addr_attr_addr_traddr,
	&nvmft_addr_attr_addr_trsvcid,
	&nvmft_addr_attr_addr_treq,
	&referral_attr_addr_portid,
	&referral_attr_enable,
	NULL,
};

static void referral_release(struct config_item *item)
{
	struct referral_item *ri = referral_of(item);

	nvmft_port_put(ri->port);
	kfree(ri);
}

static struct configfs_item_operations referral_item_ops = {
	.release	= referral_release,
};

static const struct config_item_type referral_type = {
	.ct_item_ops	= &referral_item_ops,
	.ct_attrs	= referral_attrs,
	.ct_owner	= THIS_MODULE,
};

static struct config_group *referral_make(struct config_group *group, const char *name)
{
	struct nvmft_port *port = nvmft_cfg_dir(&group->cg_item)->port;
	struct referral_item *ri;
	struct nvmft_write w;

	nvmft_cfg_write(&w, &group->cg_item, NULL, name, strlen(name));
	ri = kzalloc_obj(*ri, GFP_KERNEL);
	if (!ri)
		return ERR_PTR(nvmft_refuse(&w, -ENOMEM, "no memory"));
	ri->r.t.trtype = NVMFT_ADDR_UNSET;
	ri->r.t.adrfam = NVMFT_ADDR_UNSET;
	ri->addr.t = &ri->r.t;
	ri->addr.treq = &ri->r.treq;
	ri->addr.enabled = &ri->r.enabled;
	ri->addr.how_to = "write 0 to enable";
	ri->port = port;
	nvmft_port_get(port);
	if (nvmft_cfg_group_init(&ri->addr.group, name, &referral_type)) {
		config_group_put(&ri->addr.group);
		return ERR_PTR(nvmft_refuse(&w, -ENOMEM, "no memory"));
	}
	return &ri->addr.group;
}

/* Before the folder is free for a new one of this name. */
static void referral_drop(struct config_group *group, struct config_item *item)
{
	struct referral_item *ri = referral_of(item);

	nvmft_referral_disable(ri->port, &ri->r);
	config_item_put(item);
}

static struct configfs_item_operations referrals_item_ops = {
	.release	= nvmft_cfg_dir_release,
};

static struct configfs_group_operations referrals_group_ops = {
	.make_group	= referral_make,
	.drop_item	= referral_drop,
};

const struct config_item_type nvmft_cfg_referrals_type = {
	.ct_item_ops	= &referrals_item_ops,
	.ct_group_ops	= &referrals_group_ops,
	.ct_owner	= THIS_MODULE,
};
