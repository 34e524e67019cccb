// SPDX-License-Identifier: GPL-2.0
/*
 * Range locks. Held and waiting locks stand in one interval tree, each with the
 * number of earlier ones in its way. A lock that goes takes itself out of the
 * count of every later one that it was in the way of; the one whose count drops
 * to zero is granted. Waiting locks block later ones as held ones do, so
 * nobody overtakes and nobody starves.
 */
#include <linux/interval_tree.h>
#include "core/range.h"

void nvmft_ranges_init(struct nvmft_ranges *rs)
{
	spin_lock_init(&rs->lock);
	rs->tree = RB_ROOT_CACHED;
	rs->seq = 0;
}

static struct nvmft_range *to_range(struct interval_tree_node *it)
{
	return container_of(it, struct nvmft_range, it);
}

static bool conflict(const struct nvmft_range *a, const struct nvmft_range *b)
{
	return (a->exclusive || b->exclusive) && a->group != b->group;
}

/* How many locks in the tree are in the way of @r? */
static unsigned int count_blockers(struct nvmft_ranges *rs, struct nvmft_range *r)
{
	struct interval_tree_node *it;
	unsigned int n = 0;

	for (it = interval_tree_iter_first(&rs->tree, r->it.start, r->it.last); it;
	     it = interval_tree_iter_next(it, r->it.start, r->it.last))
		n += conflict(r, to_range(it));
	return n;
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
		interval_tree_insert(&r[i].it, &rs->tree);
	}
	held = !r[0].blockers;
	spin_unlock_irqrestore(&rs->lock, flags);
	return held;
}

void nvmft_range_unlock(struct nvmft_ranges *rs, struct nvmft_range *r, unsigned int n)
{
	struct nvmft_range *ready = NULL, *first;
	struct interval_tree_node *it;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&rs->lock, flags);
	for (i = 0; i < n; i++) {
		interval_tree_remove(&r[i].it, &rs->tree);
		for (it = interval_tree_iter_first(&rs->tree, r[i].it.start, r[i].it.last); it;
		     it = interval_tree_iter_next(it, r[i].it.start, r[i].it.last)) {
			if (to_range(it)->seq < r[i].seq || !conflict(&r[i], to_range(it)))
				continue;
			first = to_range(it)->group;
			if (--first->blockers)
				continue;
			first->next = ready;
			ready = first;
		}
	}
	spin_unlock_irqrestore(&rs->lock, flags);

	/* Once granted, a lock may be given back and its memory reused. */
	while (ready) {
		first = ready;
		ready = first->next;
		first->granted(first);
	}
}
