/* SPDX-License-Identifier: GPL-2.0 */
/* Namespaces: identity, backing device, and the reference that I/O takes. */
#ifndef NVMFT_CORE_NS_H
#define NVMFT_CORE_NS_H

#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu-refcount.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <linux/uuid.h>
#include <linux/xarray.h>
#include "core/backend.h"
#include "core/ctrl.h"
#include "core/qos.h"
#include "core/range.h"
#include "core/subsys.h"

/* Logical block sizes that can be exported, bytes */
#define NVMFT_BLOCK_SIZE_MIN	512
#define NVMFT_BLOCK_SIZE_MAX	65536

/**
 * struct nvmft_ns - a namespace
 * @subsys: its subsystem, referenced
 * @nsid: 1..NVMFT_NN
 * @kref: one by its folder and one by each that looks at it from outside
 * @entry: in the list of all namespaces (standby.c)
 * @rcu: frees it
 * @ref: one per command on it. Live while enabled, with the device open; what
 *	stops commands kills it.
 * @gone: completed when @ref has dropped to zero
 * @viewers: hosts that see it, NULL: all; read under RCU, written under
 *	nvmft_config_sem
 * @bare: one per command at its blocks while no range needs a lock; killed when
 *	the first fused command arms the namespace
 * @bare_gone: completed when @bare has dropped to zero in an unarmed namespace
 * @armed: from then on, until it is disabled
 * @arm_lock: guards arming; innermost mutex
 * @ranges: locks of an armed namespace
 * @draining: @drain is locked; it goes when @bare is gone
 * @drain: keeps every lock waiting until @bare is gone
 * @be: backing device; set before @ref goes live, cleared after it is gone
 * @stat: counters; set once
 * @lba_shift: log2 of the logical block size; as @be
 * @nsze: size in logical blocks; READ_ONCE/WRITE_ONCE, revalidation changes it
 * @readonly: the device refuses writes; as @nsze
 * @protected: a host has forbidden writes (Feature 84h); as @nsze. Outlives the
 *	namespace's being disabled.
 * @anagrpid: READ_ONCE/WRITE_ONCE
 * @limit: how many commands it takes, and those that wait
 * @qos: the same as an administrator has set it
 * @lock: guards enabling and disabling and everything below. Held while disable
 *	waits for @ref: who has a reference never takes it.
 * @limits: of the device, as @be; revalidation changes, by WRITE_ONCE,
 *	@limits.bytes and @limits.write_cache
 * @watch: in the list of ns_watch.c while the device is open
 * @started: commands are let at it, or have not all ended since
 * @enabled: in subsys->namespaces
 * @standby: enabled, but without commands and, as soon as the last one has ended,
 *	without @be: hosts see what was promised, or what it was
 * @device_size: promised capacity of the device, bytes; 0: it is open while the
 *	namespace is enabled
 * @path: device path as given, or NULL; nvmft_stat_lock as well, to be read with
 *	either
 * @uuid: UUID as given, or random
 * @nguid: NGUID as given, or derived from @uuid while @nguid_set is false
 * @nguid_set: an administrator chose the NGUID
 * @eui64: EUI64, zero: none
 * @buffered_io: use the device through the page cache, as a file
 * @block_size: logical block size to offer, bytes; 0: the device's
 */
struct nvmft_ns {
	struct nvmft_subsys	*subsys;
	u32			nsid;
	struct kref		kref;
	struct list_head	entry;
	struct rcu_head		rcu;

	struct percpu_ref	ref;
	struct completion	gone;
	struct nvmft_viewers __rcu	*viewers;
	struct percpu_ref	bare;
	struct completion	bare_gone;
	bool			armed;
	bool			draining;
	struct mutex		arm_lock;
	struct nvmft_ranges	ranges;
	struct nvmft_range	drain;
	struct nvmft_backend	*be;
	struct nvmft_ns_stat	*stat;
	u8			lba_shift;
	bool			readonly;
	bool			protected;
	u32			anagrpid;
	u64			nsze;
	struct nvmft_limit	limit;
	struct nvmft_qos	qos;

	struct mutex		lock;
	struct nvmft_limits	limits;
	struct list_head	watch;
	bool			started;
	bool			enabled;
	bool			standby;
	u64			device_size;
	bool			nguid_set;
	bool			buffered_io;
	u32			block_size;
	char			*path;
	uuid_t			uuid;
	u8			nguid[16];
	u8			eui64[8];
};

/*
 * ns.c: configuration; all may sleep and take ns->lock. Return of alloc: an
 * ERR_PTR(): -ENOMEM; -EEXIST: the old namespace of this id is still going.
 */
struct nvmft_ns *nvmft_ns_alloc(struct nvmft_subsys *subsys, u32 nsid);
/* Its folder goes: disables it and gives back the folder's reference. */
void nvmft_ns_remove(struct nvmft_ns *ns);
/* Give back a reference on @ns itself. */
void nvmft_ns_drop(struct nvmft_ns *ns);
/*
 * Idempotent. Opens the device, publishes, tells the hosts; in standby, opens the
 * device if it is to be open. 0 or -errno, logged.
 */
int nvmft_ns_enable(struct nvmft_ns *ns);
/* Idempotent. Unpublishes, waits for the commands on it, closes the device. */
void nvmft_ns_disable(struct nvmft_ns *ns);
/*
 * Read the size again; tell the hosts if it changed. 0, or -errno: -ENODEV if
 * disabled; -ENXIO in standby; -EMEDIUMTYPE if the block size is another one now; -ENOMEDIUM if
 * there is no capacity any more: hosts keep the size they know, and the device
 * answers for itself.
 */
int nvmft_ns_revalidate(struct nvmft_ns *ns);
/* The same, unless someone else holds ns->lock. */
void nvmft_ns_try_revalidate(struct nvmft_ns *ns);
/*
 * Move it to the ANA group @grpid, 1..NVMFT_ANAGRP_MAX; tells the hosts. Returns
 * when the commands that the old group let in have ended. 0 or -errno, logged:
 * -ETIMEDOUT: it is there, but they have not; another one: it does not get its
 * device there, and so has not moved.
 */
int nvmft_ns_regroup(struct nvmft_ns *ns, u32 grpid);
/*
 * Forbid writes, or allow them again; tells the hosts. Who calls has a reference
 * and may sleep. 0, or the error of the flush that comes first: writes are
 * allowed then.
 */
int nvmft_ns_protect(struct nvmft_ns *ns, bool on);
/* Take the NGUID from the UUID again. ns->lock held. */
void nvmft_ns_derive_nguid(struct nvmft_ns *ns);

/* ns_watch.c: notice when the size changes. ns->lock held, the device open. */
void nvmft_ns_watch(struct nvmft_ns *ns);
/* Afterwards nothing looks at the device any more. */
void nvmft_ns_unwatch(struct nvmft_ns *ns);
/* No namespace is left. */
void nvmft_ns_watch_exit(void);

/* Below: ns.c for standby.c, ns->lock held */
/* Everything that commands read, before they are let in. 0 or -errno, logged */
int nvmft_ns_open(struct nvmft_ns *ns);
/* The counterpart, when the last command has ended */
void nvmft_ns_close(struct nvmft_ns *ns);
/* Let commands at it. */
void nvmft_ns_start(struct nvmft_ns *ns);
/*
 * Let none at it, and wait for those that are; after @patience the controllers are
 * ended. 0 or -ETIMEDOUT, logged: not all have ended, and none are let in.
 */
int nvmft_ns_stop(struct nvmft_ns *ns, unsigned long patience);
/* Say why the namespace is not enabled, or stays without its device. @err */
__printf(3, 4)
int nvmft_ns_refuse(struct nvmft_ns *ns, int err, const char *fmt, ...);

static inline bool nvmft_ns_running(struct nvmft_ns *ns)
{
	return ns->started && !percpu_ref_is_dying(&ns->ref);
}

/* standby.c */
/* A namespace has been made, and before its memory goes */
void nvmft_standby_add(struct nvmft_ns *ns);
void nvmft_standby_del(struct nvmft_ns *ns);
/* Is the device to be open while the namespace is enabled? ns->lock held. */
bool nvmft_standby_wants_device(struct nvmft_ns *ns);
/* Does what is promised make sense? ns->lock held. 0 or -EINVAL, logged */
int nvmft_standby_check(struct nvmft_ns *ns);
/* Be enabled without a device: size and block size are as promised. ns->lock held. */
void nvmft_standby_promise(struct nvmft_ns *ns);
/*
 * Let commands at the device, or close it, as its ANA group asks for. ns->lock
 * held. 0 or -errno, logged: it could not be opened; -ETIMEDOUT: nor closed
 */
int nvmft_standby_settle(struct nvmft_ns *ns);
/* A namespace in standby gets another size. ns->lock held. */
void nvmft_standby_resize(struct nvmft_ns *ns, u64 bytes);
/*
 * Settle the namespaces of @grpid that @port exports. -ETIMEDOUT if one of them could
 * not be closed, or else the first error
 */
int nvmft_standby_group(struct nvmft_port *port, u32 grpid);
/* Settle all of @subsys; errors are only logged */
void nvmft_standby_subsys(struct nvmft_subsys *subsys);
/*
 * Status of a command of @ctrl for which nvmft_ns_find() has found nothing: that, or
 * a path-related one
 */
#define NVMFT_NS_NOT_THERE	(NVME_SC_INVALID_NS | NVME_STATUS_DNR)
u16 nvmft_ns_refusal(const struct nvmft_ctrl *ctrl, u32 nsid);

/* visible.c */
/* 0 or -errno, logged: -EEXIST, -ENOMEM. The first one hides it from all others. */
int nvmft_ns_show_host(struct nvmft_ns *ns, struct nvmft_host *host);
/* After it returns @host may go. The last one shows it to all again. */
void nvmft_ns_unshow_host(struct nvmft_ns *ns, struct nvmft_host *host);
/* It has changed: tell the controllers that see it. Takes subsys->lock. */
void nvmft_ns_tell(struct nvmft_ns *ns, enum nvmft_event ev);
/*
 * Is there a folder of this id that @ctrl may know of? Whether enabled or not: it
 * may be so for the first time, or again, at any moment. Any context
 */
bool nvmft_ns_configured(const struct nvmft_ctrl *ctrl, u32 nsid);
bool nvmft_viewers_have(const struct nvmft_viewers *v, const struct nvmft_ctrl *ctrl);

/* May the host of @ctrl know of it? Under RCU */
static inline bool nvmft_ns_visible(const struct nvmft_ns *ns, const struct nvmft_ctrl *ctrl)
{
	const struct nvmft_viewers *v = rcu_dereference(ns->viewers);

	return likely(!v) || nvmft_viewers_have(v, ctrl);
}

/**
 * nvmft_ns_peek() - the active namespace with this id as a controller sees it
 * @ctrl: controller that asks
 * @nsid: as the host gave it
 *
 * Under RCU, which keeps it. Return: NULL if there is none, or not for this host.
 */
static inline struct nvmft_ns *nvmft_ns_peek(const struct nvmft_ctrl *ctrl, u32 nsid)
{
	struct nvmft_ns *ns = xa_load(&ctrl->subsys->namespaces, nsid);

	return ns && nvmft_ns_visible(ns, ctrl) ? ns : NULL;
}

/**
 * nvmft_ns_find() - the same, referenced for a command
 * @ctrl: controller that asks
 * @nsid: as the host gave it
 *
 * Any context. Return: NULL also if it takes no commands at the moment.
 */
static inline struct nvmft_ns *nvmft_ns_find(const struct nvmft_ctrl *ctrl, u32 nsid)
{
	struct nvmft_ns *ns;

	rcu_read_lock();
	ns = nvmft_ns_peek(ctrl, nsid);
	if (ns && !percpu_ref_tryget_live_rcu(&ns->ref))
		ns = NULL;
	rcu_read_unlock();
	return ns;
}

/* Are commands that change the media refused? */
static inline bool nvmft_ns_readonly(const struct nvmft_ns *ns)
{
	return READ_ONCE(ns->readonly) || READ_ONCE(ns->protected);
}

static inline void nvmft_ns_put(struct nvmft_ns *ns)
{
	percpu_ref_put(&ns->ref);
}

#endif /* NVMFT_CORE_NS_H */
