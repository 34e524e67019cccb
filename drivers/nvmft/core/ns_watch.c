// SPDX-License-Identifier: GPL-2.0
/*
 * Notices that a backing device has grown or shrunk without anyone saying so.
 *
 * The kernel tells a user of a device or file nothing about its size, so all
 * enabled namespaces are looked at now and then: two loads each.
 */
#include <linux/mutex.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include "core/ns.h"

#define WATCH_INTERVAL	(2 * HZ)

static void watch_all(struct work_struct *work);

/* Guards the list. Taken under ns->lock, so what holds it only tries that one. */
static DEFINE_MUTEX(watch_lock);
static LIST_HEAD(watched);
static DECLARE_DELAYED_WORK(watch_work, watch_all);

static void watch_again(void)
{
	queue_delayed_work(system_power_efficient_wq, &watch_work,
			   round_jiffies_relative(WATCH_INTERVAL));
}

static void watch_all(struct work_struct *work)
{
	struct nvmft_ns *ns;

	mutex_lock(&watch_lock);
	/* Its backend is open as long as a namespace is listed. */
	list_for_each_entry(ns, &watched, watch)
		if (ns->be->ops->bytes(ns->be) != READ_ONCE(ns->limits.bytes))
			nvmft_ns_try_revalidate(ns);
	if (!list_empty(&watched))
		watch_again();
	mutex_unlock(&watch_lock);
}

void nvmft_ns_watch(struct nvmft_ns *ns)
{
	lockdep_assert_held(&ns->lock);
	mutex_lock(&watch_lock);
	list_add(&ns->watch, &watched);
	watch_again();
	mutex_unlock(&watch_lock);
}

void nvmft_ns_unwatch(struct nvmft_ns *ns)
{
	lockdep_assert_held(&ns->lock);
	mutex_lock(&watch_lock);
	list_del(&ns->watch);
	mutex_unlock(&watch_lock);
}

void nvmft_ns_watch_exit(void)
{
	cancel_delayed_work_sync(&watch_work);
}
