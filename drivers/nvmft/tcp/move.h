/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only way of a slot from one place to another. Inline: a command takes it six
 * times, and nearly always both places are known where it does.
 */
#ifndef NVMFT_TCP_MOVE_H
#define NVMFT_TCP_MOVE_H

#include "tcp/conn.h"

/* Take out one that is not the first. */
void nvmft_tcp_fifo_del_inner(struct nvmft_tcp_fifo *fifo, struct nvmft_tcp_slot *slot);

static inline void nvmft_tcp_fifo_add(struct nvmft_tcp_fifo *fifo, struct nvmft_tcp_slot *slot)
{
	slot->next = NULL;
	*fifo->end = slot;
	fifo->end = &slot->next;
}

static inline void nvmft_tcp_fifo_add_first(struct nvmft_tcp_fifo *fifo,
					    struct nvmft_tcp_slot *slot)
{
	slot->next = fifo->first;
	if (!slot->next)
		fifo->end = &slot->next;
	fifo->first = slot;
}

static inline void nvmft_tcp_fifo_del(struct nvmft_tcp_fifo *fifo, struct nvmft_tcp_slot *slot)
{
	if (unlikely(fifo->first != slot)) {
		nvmft_tcp_fifo_del_inner(fifo, slot);
		return;
	}
	fifo->first = slot->next;
	if (!fifo->first)
		fifo->end = &fifo->first;
}

/* The list of those in a place, NULL: it has none */
static __always_inline struct nvmft_tcp_fifo *
nvmft_tcp_fifo_of(struct nvmft_tcp_conn *conn, enum nvmft_tcp_place place)
{
	switch (place) {
	case NVMFT_TCP_FREE:
		return &conn->free;
	case NVMFT_TCP_FETCH:
		return &conn->fetch;
	case NVMFT_TCP_EXEC:
		return &conn->exec;
	case NVMFT_TCP_R2T:
	case NVMFT_TCP_RSP:
		return &conn->tx.queue;
	case NVMFT_TCP_STAGED:
		return &conn->tx.staged;
	default:
		return NULL;
	}
}

/**
 * nvmft_tcp_slot_move() - from one place to another
 * @conn: connection
 * @slot: one of its slots
 * @from: where it is
 * @to: where it is to be
 *
 * Worker.
 */
static __always_inline void nvmft_tcp_slot_move(struct nvmft_tcp_conn *conn,
						struct nvmft_tcp_slot *slot,
						enum nvmft_tcp_place from,
						enum nvmft_tcp_place to)
{
	struct nvmft_tcp_fifo *fifo = nvmft_tcp_fifo_of(conn, from);

	nvmft_tcp_assert_worker(conn);
	WARN_ON_ONCE(slot->place != from);
	if (fifo)
		nvmft_tcp_fifo_del(fifo, slot);
	if (from == NVMFT_TCP_CORE)
		conn->nr_core--;
	slot->place = to;
	if (to == NVMFT_TCP_CORE)
		conn->nr_core++;
	fifo = nvmft_tcp_fifo_of(conn, to);
	/* The one used last is the one the cache still has. */
	if (to == NVMFT_TCP_FREE)
		nvmft_tcp_fifo_add_first(fifo, slot);
	else if (fifo)
		nvmft_tcp_fifo_add(fifo, slot);
}

/* On with it as the core said. */
static inline void nvmft_tcp_slot_next(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot,
				       enum nvmft_tcp_place from, enum nvmft_next next)
{
	switch (next) {
	case NVMFT_NEXT_EXEC:
		nvmft_tcp_slot_move(conn, slot, from, NVMFT_TCP_EXEC);
		break;
	case NVMFT_NEXT_DONE:
		nvmft_tcp_slot_move(conn, slot, from, NVMFT_TCP_RSP);
		break;
	case NVMFT_NEXT_HELD:
		nvmft_tcp_slot_move(conn, slot, from, NVMFT_TCP_CORE);
		break;
	case NVMFT_NEXT_DATA:
		nvmft_tcp_slot_move(conn, slot, from, NVMFT_TCP_FETCH);
		break;
	}
}

#endif /* NVMFT_TCP_MOVE_H */
