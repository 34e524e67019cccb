// SPDX-License-Identifier: GPL-2.0
/*
 * Commits one fault of each kind that the debug kernels are there to see, so that
 * scripts/check-detectors can tell whether it would be seen in nvmft. No machine
 * is to load this for anything else.
 */
#include <linux/delay.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

static char *fault = "none";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "which one");

/* Named as those of nvmft-tcp.ko, for the tests compare them in pairs. */
static unsigned long things_created;
module_param(things_created, ulong, 0444);
MODULE_PARM_DESC(things_created, "objects ever made");
static unsigned long things_destroyed;
module_param(things_destroyed, ulong, 0444);
MODULE_PARM_DESC(things_destroyed, "of those, how many have gone");

struct thing {
	struct list_head	entry;
	struct delayed_work	work;
	unsigned int		shift;
	u8			bytes[40];
};

static struct kmem_cache *things;
static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_SPINLOCK(spin);
static struct thing __rcu *current_thing;
static struct work_struct counting;
static unsigned int raced;

static struct thing *thing_make(void)
{
	struct thing *thing = kmem_cache_zalloc(things, GFP_KERNEL);

	if (thing)
		things_created++;
	return thing;
}

static void thing_free(struct thing *thing)
{
	if (!thing)
		return;
	kmem_cache_free(things, thing);
	things_destroyed++;
}

static void no_fault(void)
{
	thing_free(thing_make());
}

static void use_after_free(void)
{
	struct thing *thing = thing_make();

	if (!thing)
		return;
	thing_free(thing);
	pr_info("nvmft-detect: %u\n", READ_ONCE(thing->shift));
}

static void out_of_bounds(void)
{
	unsigned int beyond = sizeof_field(struct thing, bytes) + sizeof(struct thing);
	struct thing *thing = thing_make();

	if (!thing)
		return;
	OPTIMIZER_HIDE_VAR(beyond);
	pr_info("nvmft-detect: %u\n", ((u8 *)thing)[beyond]);
	thing_free(thing);
}

static void lock_inversion(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void sleep_in_atomic(void)
{
	spin_lock(&spin);
	thing_free(thing_make());
	spin_unlock(&spin);
}

static void rcu_unlocked(void)
{
	struct thing *thing = rcu_dereference(current_thing);

	pr_info("nvmft-detect: %p\n", thing);
}

/* Many, for kmemleak takes any word that is left on a stack for a pointer. */
static void leak(void)
{
	void *lost;
	int i;

	for (i = 0; i < 16; i++) {
		lost = kzalloc(1000, GFP_KERNEL);
		OPTIMIZER_HIDE_VAR(lost);
	}
}

static void left_object(void)
{
	if (thing_make())
		things_destroyed++;
}

static void left_count(void)
{
	struct thing *thing = thing_make();

	if (thing)
		kmem_cache_free(things, thing);
}

static void work_fn(struct work_struct *work)
{
}

static void freed_active(void)
{
	struct thing *thing = thing_make();

	if (!thing)
		return;
	INIT_DELAYED_WORK(&thing->work, work_fn);
	schedule_delayed_work(&thing->work, 3600 * HZ);
	thing_free(thing);
}

static void list_corruption(void)
{
	struct thing *thing = thing_make();

	if (!thing)
		return;
	INIT_LIST_HEAD(&thing->entry);
	list_del(&thing->entry);
	list_del(&thing->entry);
	thing_free(thing);
}

static void wide_shift(void)
{
	unsigned int shift = 40;

	OPTIMIZER_HIDE_VAR(shift);
	pr_info("nvmft-detect: %u\n", 1U << shift);
}

/* Two of these at once. */
static void count_up(struct work_struct *work)
{
	unsigned long end = jiffies + 20 * HZ;

	while (time_before(jiffies, end)) {
		raced++;
		cond_resched();
	}
}

static void unlocked_count(void)
{
	INIT_WORK(&counting, count_up);
	queue_work(system_unbound_wq, &counting);
	count_up(NULL);
	flush_work(&counting);
}

static const struct {
	const char	*name;
	void		(*commit)(void);
} faults[] = {
	{ "none",		no_fault },
	{ "use_after_free",	use_after_free },
	{ "out_of_bounds",	out_of_bounds },
	{ "lock_inversion",	lock_inversion },
	{ "sleep_in_atomic",	sleep_in_atomic },
	{ "rcu_unlocked",	rcu_unlocked },
	{ "leak",		leak },
	{ "left_object",	left_object },
	{ "left_count",		left_count },
	{ "freed_active",	freed_active },
	{ "list_corruption",	list_corruption },
	{ "wide_shift",		wide_shift },
	{ "unlocked_count",	unlocked_count },
};

static int __init detect_init(void)
{
	int i;

	things = kmem_cache_create("nvmft-detect", sizeof(struct thing), 0, 0, NULL);
	if (!things)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (strcmp(fault, faults[i].name))
			continue;
		faults[i].commit();
		return 0;
	}
	kmem_cache_destroy(things);
	return -EINVAL;
}

static void __exit detect_exit(void)
{
	kmem_cache_destroy(things);
}

module_init(detect_init);
module_exit(detect_exit);

MODULE_DESCRIPTION("Planted faults for the tests of nvmft");
MODULE_LICENSE("GPL");
