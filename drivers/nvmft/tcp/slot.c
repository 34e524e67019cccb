// SPDX-License-Identifier: GPL-2.0
/*
 * The slots of a connection. They are made when a host really has that many
 * commands in progress and given back when it has not for a while, so that an
 * idle queue costs little however deep it is.
 */
#include <linux/slab.h>
#include "tcp/budget.h"
#include "tcp/move.h"

/* Slots made at a time */
#define GROW	8U
#define TAG_MASK	(NVMFT_TCP_MAX_SLOTS - 1)

static struct kmem_cache *slot_cache;

int nvmft_tcp_slot_cache_create(void)
{
	slot_cache = KMEM_CACHE(nvmft_tcp_slot, SLAB_HWCACHE_ALIGN);
	return slot_cache ? 0 : -ENOMEM;
}

void nvmft_tcp_slot_cache_destroy(void)
{
	kmem_cache_destroy(slot_cache);
}

static bool slot_make(struct nvmft_tcp_conn *conn, u32 index)
{
	struct nvmft_tcp_slot *slot = kmem_cache_zalloc(slot_cache, GFP_NOIO);

	if (!slot)
		return false;
	slot->req.sq = &conn->sq;
	slot->index = index;
	slot->place = NVMFT_TCP_FREE;
	nvmft_tcp_fifo_add(&conn->free, slot);
	conn->slots[index] = slot;
	conn->nr_slots++;
	return true;
}

static void slot_unmake(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot)
{
	nvmft_tcp_fifo_del(&conn->free, slot);
	conn->slots[slot->index] = NULL;
	conn->nr_slots--;
	kmem_cache_free(slot_cache, slot);
}

/* Make slots until there are @nr. */
static bool slots_fill(struct nvmft_tcp_conn *conn, u32 nr)
{
	u32 i;

	for (i = 0; i < conn->max_slots && conn->nr_slots < nr; i++)
		if (!conn->slots[i] && !slot_make(conn, i))
			return false;
	return true;
}

int nvmft_tcp_slots_init(struct nvmft_tcp_conn *conn)
{
	int err;

	nvmft_tcp_fifo_init(&conn->free);
	nvmft_tcp_fifo_init(&conn->fetch);
	nvmft_tcp_fifo_init(&conn->exec);
	err = nvmft_tcp_slots_resize(conn, NVMFT_TCP_MIN_SLOTS);
	if (err)
		return err;
	if (!slots_fill(conn, NVMFT_TCP_MIN_SLOTS)) {
		nvmft_tcp_slots_exit(conn);
		return -ENOMEM;
	}
	return 0;
}

void nvmft_tcp_slots_exit(struct nvmft_tcp_conn *conn)
{
	while (conn->free.first)
		slot_unmake(conn, conn->free.first);
	WARN_ON_ONCE(conn->nr_slots);
	kvfree(conn->slots);
	conn->slots = NULL;
	conn->max_slots = 0;
}

int nvmft_tcp_slots_resize(struct nvmft_tcp_conn *conn, u32 max)
{
	struct nvmft_tcp_slot **slots;

	max = min(max, NVMFT_TCP_MAX_SLOTS);
	slots = kvcalloc(max, sizeof(*slots), GFP_NOIO);
	if (!slots)
		return -ENOMEM;
	if (conn->max_slots)
		memcpy(slots, conn->slots, conn->max_slots * sizeof(*slots));
	kvfree(conn->slots);
	conn->slots = slots;
	conn->max_slots = max;
	return 0;
}

bool nvmft_tcp_slots_grow(struct nvmft_tcp_conn *conn)
{
	nvmft_tcp_assert_worker(conn);
	slots_fill(conn, min(conn->nr_slots + GROW, conn->max_slots));
	return conn->free.first;
}

void nvmft_tcp_slots_trim(struct nvmft_tcp_conn *conn)
{
	nvmft_tcp_assert_worker(conn);
	while (conn->free.first && conn->nr_slots > NVMFT_TCP_MIN_SLOTS)
		slot_unmake(conn, conn->free.first);
}

struct nvmft_tcp_slot *nvmft_tcp_slot_take(struct nvmft_tcp_conn *conn)
{
	struct nvmft_tcp_slot *slot = conn->free.first;

	if (!slot)
		return NULL;
	slot->fail = 0;
	slot->bv = 0;
	slot->bv_off = 0;
	nvmft_tcp_slot_move(conn, slot, NVMFT_TCP_FREE, NVMFT_TCP_RX);
	return slot;
}

void nvmft_tcp_fifo_del_inner(struct nvmft_tcp_fifo *fifo, struct nvmft_tcp_slot *slot)
{
	struct nvmft_tcp_slot **at = &fifo->first;

	while (*at != slot) {
		if (WARN_ON_ONCE(!*at))
			return;
		at = &(*at)->next;
	}
	*at = slot->next;
	if (!slot->next)
		fifo->end = at;
}

void nvmft_tcp_slot_release(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot)
{
	if (conn->rx_slot == slot)
		conn->rx_slot = NULL;
	if (slot->charge)
		nvmft_tcp_budget_release(conn, slot->charge);
	slot->charge = 0;
	nvmft_req_release(&slot->req);
	nvmft_tcp_slot_move(conn, slot, slot->place, NVMFT_TCP_FREE);
}

static void fifo_drop(struct nvmft_tcp_conn *conn, struct nvmft_tcp_fifo *fifo,
		      unsigned long places)
{
	struct nvmft_tcp_slot *slot, *next;

	for (slot = fifo->first; slot; slot = next) {
		next = slot->next;
		if (places & BIT(slot->place))
			nvmft_tcp_slot_release(conn, slot);
	}
}

void nvmft_tcp_slots_drop(struct nvmft_tcp_conn *conn, unsigned long places)
{
	u32 i;

	/* In their order, which makes them easy to find. */
	fifo_drop(conn, &conn->fetch, places);
	fifo_drop(conn, &conn->exec, places);
	fifo_drop(conn, &conn->tx.queue, places);
	fifo_drop(conn, &conn->tx.staged, places);
	for (i = 0; i < conn->max_slots; i++) {
		struct nvmft_tcp_slot *slot = conn->slots[i];

		if (slot && (places & BIT(slot->place)))
			nvmft_tcp_slot_release(conn, slot);
	}
}

struct nvmft_tcp_slot *nvmft_tcp_slot_by_tag(struct nvmft_tcp_conn *conn, u16 ttag)
{
	u32 index = ttag & TAG_MASK;
	struct nvmft_tcp_slot *slot;

	if (index >= conn->max_slots)
		return NULL;
	slot = conn->slots[index];
	if (!slot || slot->place != NVMFT_TCP_WINDOW || slot->xfer.ttag != ttag)
		return NULL;
	return slot;
}

void nvmft_tcp_slot_advance(struct nvmft_tcp_slot *slot, u32 n)
{
	slot->bv_off += n;
	if (slot->bv_off == slot->req.buf.bvec[slot->bv].bv_len) {
		slot->bv++;
		slot->bv_off = 0;
	}
}
