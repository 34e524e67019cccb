/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Locks on ranges of logical blocks of one namespace, granted in the order in
 * which they were asked for.
 */
#ifndef NVMFT_CORE_RANGE_H
#define NVMFT_CORE_RANGE_H

#include <linux/interval_tree.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/* An interval tree counts in longs, and blocks need 64 bits. */
static_assert(sizeof(unsigned long) == sizeof(u64));

/**
 * struct nvmft_ranges - the locks of a namespace
 * @lock: guards all; any context, innermost
 * @shared: locks that share their blocks, held and waiting
 * @alone: locks that do not, likewise
 * @seq: number of the next lock
 */
struct nvmft_ranges {
	spinlock_t		lock;
	struct rb_root_cached	shared;
	struct rb_root_cached	alone;
	u64			seq;
};

/**
 * struct nvmft_range - a lock on blocks it.start to it.last
 * @it: the blocks, and the place in the tree
 * @seq: order of asking
 * @blockers: of the first of a group: pairs of a lock of the group and one asked
 *	for earlier that is in its way
 * @exclusive: conflicts with every lock, else only with exclusive ones
 * @group: the first of those asked for together; that one counts the blockers
 *	of all, so that either all are held or none
 * @next: in the list of those being granted
 * @granted: called once, when the whole group is held, if nvmft_range_lock() said
 *	false; any context, may not sleep. Of the first of a group only.
 *
 * @owner: for @granted
 *
 * The memory is the caller's, until nvmft_range_unlock() returns.
 */
struct nvmft_range {
	struct interval_tree_node	it;
	u64				seq;
	unsigned int			blockers;
	bool				exclusive;
	struct nvmft_range		*group;
	struct nvmft_range		*next;
	void				(*granted)(struct nvmft_range *first);
	void				*owner;
};

static inline void nvmft_range_set(struct nvmft_range *r, u64 first, u64 last, bool exclusive)
{
	r->it.start = first;
	r->it.last = last;
	r->exclusive = exclusive;
}

void nvmft_ranges_init(struct nvmft_ranges *rs);

/**
 * nvmft_ranges_merge() - make few ranges of many
 * @r: @n ranges that are not locked, all exclusive or none
 * @n: how many, at least one
 *
 * Afterwards they are sorted, do not touch, and cover at least what they did; blocks
 * between two that lie close are covered as well. Return: how many are left.
 */
unsigned int nvmft_ranges_merge(struct nvmft_range *r, unsigned int n);

/**
 * nvmft_range_lock() - ask for locks on @n ranges together
 * @rs: the namespace's
 * @r: @n ranges, set by nvmft_range_set(); r[0].granted is set. They may overlap
 *	each other.
 * @n: how many, at least one
 *
 * Asked for in one step and granted in the order of asking, locks can neither
 * starve nor wait for each other in a circle.
 *
 * Any context. Return: true: held now; false: r[0].granted() will be called.
 */
bool nvmft_range_lock(struct nvmft_ranges *rs, struct nvmft_range *r, unsigned int n);

/* Give all @n back, and grant what waited for them. Any context. */
void nvmft_range_unlock(struct nvmft_ranges *rs, struct nvmft_range *r, unsigned int n);

#endif /* NVMFT_CORE_RANGE_H */
