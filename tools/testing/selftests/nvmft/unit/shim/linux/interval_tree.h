/* SPDX-License-Identifier: GPL-2.0 */
/* An interval tree's interface over a plain list: slow, and plainly right. */
#ifndef _SHIM_INTERVAL_TREE_H
#define _SHIM_INTERVAL_TREE_H
#include <linux/kernel.h>

/* Nodes that a search has come by; range_test.c has it */
extern unsigned long interval_tree_found;

struct interval_tree_node { unsigned long start, last; struct interval_tree_node *next; };
struct rb_root_cached { struct interval_tree_node *first; };
#define RB_ROOT_CACHED ((struct rb_root_cached){ 0 })

static inline void interval_tree_insert(struct interval_tree_node *n, struct rb_root_cached *r)
{
	n->next = r->first;
	r->first = n;
}

static inline void interval_tree_remove(struct interval_tree_node *n, struct rb_root_cached *r)
{
	struct interval_tree_node **p = &r->first;

	while (*p != n)
		p = &(*p)->next;
	*p = n->next;
}

static inline struct interval_tree_node *
interval_tree_from(struct interval_tree_node *n, unsigned long start, unsigned long last)
{
	while (n && (n->start > last || n->last < start))
		n = n->next;
	interval_tree_found += !!n;
	return n;
}

#define interval_tree_iter_first(r, s, l)	interval_tree_from((r)->first, s, l)
#define interval_tree_iter_next(n, s, l)	interval_tree_from((n)->next, s, l)
#endif
