// SPDX-License-Identifier: GPL-2.0
/*
 * Range locks. Held and waiting locks stand in two interval trees, each with the
 * number of earlier ones in its way. Shared ones are not in each other's way and
 * have a tree of their own, so that however many are on the same blocks, none of
 * them looks through the others. A lock that goes takes itself out of the
 * count of every later one that it was in the way of; the one whose count drops
 * to zero is granted. Waiting locks block later ones as held ones do, so
 * nobody overtakes and nobody starves.
 *
 * All of it happens with interrupts off, and hosts choose the ranges. So those of
 * one command are merged where they lie close: a lock then meets few of each.
 */
#include <linux/interval_tree.h>
#include <linux/sort.h>
#include "core/range.h"

/* Ranges with fewer blocks than this between them become one. */
#define MERGE_GAP	128

void nvmft_ranges_init(struct nvmft_ranges *rs)
{
	spin_lock_init(&rs->lock);
	rs->shared = RB_ROOT_CACHED;
	rs->alone = RB_ROOT_CACHED;
	rs->seq = 0;
}

static struct nvmft_range *to_range(struct interval_tree_node *it)
{
	return container_of(it, struct nvmft_range, it);
}

static int cmp_start(const void *a, const void *b)
{
	const struct nvmft_range *x = a, *y = b;

	return x->it.start < y->it.start ? -1 : x->it.start > y->it.start;
}

unsigned int nvmft_ranges_merge(struct nvmft_range *r, unsigned int n)
{
	unsigned int i, last = 0;

	sort(r, n, sizeof(*r), cmp_start, NULL);
	for (i = 1; i < n; i++) {
		if (r[i].it.start > r[last].it.last &&
		    r[i].it.start - r[last].it.last > MERGE_GAP)
			r[++last].it = r[i].it;
		else if (r[i].it.last > r[last].it.last)
			r[last].it.last = r[i].it.last;
	}
	return last + 1;
}

static struct rb_root_cached *tree_of(struct nvmft_ranges *rs, const struct nvmft_range *r)
{
	return r->exclusive ? &rs->alone : &rs->shared;
}

/* How many locks in @tree, but for those of its own group, are on blocks of @r? */
static unsigned int count_in(struct rb_root_cached *tree, const struct nvmft_range *r)
{
	struct interval_tree_node *it;
	unsigned int n = 0;

	for (it = interval_tree_iter_first(tree, r->it.start, r->it.last); it;
	     it = interval_tree_iter_next(it, r->it.start, r->it.last))
		n += to_range(it)->group != r->group;
	return n;
}

static unsigned int count_blockers(struct nvmft_ranges *rs, const struct nvmft_range *r)
{
	unsigned int n = count_in(&rs->alone, r);

	return r->exclusive ? n + count_in(&rs->shared, r) : n;
}

bool nvmft_range_lock(struct nvmft_ranges *rs, struct nvmft_range *r, unsigned int n)
{
	unsigned long flags;
	unsigned int i;
	bool held;

	spin_lock_irqsave(&rs->lock, flags);
	r[0].blockers = 0;
	for (i = 0; i < n; i++) {
		r[i].group = &r[0];
		r[i].seq = rs->seq++;
		r[0].blockers += count_blockers(rs, &r[i]);
		interval_tree_insert(&r[i].it, tree_of(rs, &r[i]));
	}
	held = !r[0].blockers;
	spin_unlock_irqrestore(&rs->lock, flags);
	return held;
}

/* @r goes: put those in front of @ready that waited for nothing else in @tree. */
static struct nvmft_range *clear_way(struct rb_root_cached *tree, const struct nvmft_range *r,
				     struct nvmft_range *ready)
{
	struct interval_tree_node *it;
	struct nvmft_range *first;

	for (it = interval_tree_iter_first(tree, r->it.start, r->it.last); it;
	     it = interval_tree_iter_next(it, r->it.start, r->it.last)) {
		first = to_range(it)->group;
		if (to_range(it)->seq < r->seq || first == r->group || --first->blockers)
			continue;
		first->next = ready;
		ready = first;
	}
	return ready;
}

void nvmft_range_unlock(struct nvmft_ranges *rs, struct nvmft_range *r, unsigned int n)
{
	struct nvmft_range *ready = NULL, *first;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&rs->lock, flags);
	for (i = 0; i < n; i++) {
		interval_tree_remove(&r[i].it, tree_of(rs, &r[i]));
		ready = clear_way(&rs->alone, &r[i], ready);
		if (r[i].exclusive)
			ready = clear_way(&rs->shared, &r[i], ready);
	}
	spin_unlock_irqrestore(&rs->lock, flags);

	/* Once granted, a lock may be given back and its memory reused. */
	while (ready) {
		first = ready;
		ready = first->next;
		first->granted(first);
	}
}
