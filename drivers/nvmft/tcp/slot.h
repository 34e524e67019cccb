/* SPDX-License-Identifier: GPL-2.0 */
/* Commands in progress, and what becomes of them. */
#ifndef NVMFT_TCP_SLOT_H
#define NVMFT_TCP_SLOT_H

#include "nvmft.h"
#include "proto/xfer.h"

struct nvmft_tcp_conn;

/* Largest R2T: a window that has to be drained is not larger */
#define NVMFT_TCP_R2T_MAX	NVMFT_MAXH2CDATA
/* Slots that exist always; an unconnected queue needs one, for its Connect */
#define NVMFT_TCP_MIN_SLOTS	4U
/* Commands beyond the queue's size that are not yet called an overrun */
#define NVMFT_TCP_SPARE_SLOTS	8U
/* A transfer tag: slot in the lower bits, a passing number in the upper ones */
#define NVMFT_TCP_TAG_BITS	12
#define NVMFT_TCP_MAX_SLOTS	(1U << NVMFT_TCP_TAG_BITS)

/* Where a slot is. Written by nvmft_tcp_slot_move() alone. */
enum nvmft_tcp_place {
	NVMFT_TCP_FREE,		/* conn->free */
	NVMFT_TCP_RX,		/* conn->rx_slot: its capsule is arriving */
	NVMFT_TCP_FETCH,	/* conn->fetch: waits for pages */
	NVMFT_TCP_R2T,		/* tx.queue: an R2T is to be sent */
	NVMFT_TCP_WINDOW,	/* no list: the host may send data */
	NVMFT_TCP_EXEC,		/* conn->exec: to be executed */
	NVMFT_TCP_CORE,		/* no list: was passed to nvmft_req_execute(), is held
				 * or waits, and only respond() brings it back
				 */
	NVMFT_TCP_RSP,		/* tx.queue: a response is to be sent */
	NVMFT_TCP_STAGED,	/* tx.staged: being sent */
	NVMFT_TCP_PLACES,
};

/**
 * struct nvmft_tcp_slot - a command in progress
 * @req: the core's part
 * @xfer: ledger of the data that R2Ts fetch
 * @next: in the list that @place names
 * @tx_end: STAGED: position in the stream behind its last byte
 * @charge: bytes of conn->data that are its
 * @bv: cursor in req.buf: the entry,
 * @bv_off: and the bytes of it that are done
 * @index: in conn->slots; set at creation
 * @fail: status that it ends with once no more data can come, or 0
 * @place: enum nvmft_tcp_place
 *
 * Worker only; of @req in CORE not even that, see nvmft.h.
 */
struct nvmft_tcp_slot {
	struct nvmft_req	req;
	struct nvmft_xfer	xfer;
	struct nvmft_tcp_slot	*next;
	u64			tx_end;
	u32			charge;
	u32			bv;
	u32			bv_off;
	u16			index;
	u16			fail;
	u8			place;
};

/**
 * struct nvmft_tcp_fifo - slots in order
 * @first: where one is taken away, nearly always
 * @end: where the next is linked
 */
struct nvmft_tcp_fifo {
	struct nvmft_tcp_slot	*first;
	struct nvmft_tcp_slot	**end;
};

static inline void nvmft_tcp_fifo_init(struct nvmft_tcp_fifo *fifo)
{
	fifo->first = NULL;
	fifo->end = &fifo->first;
}

static inline struct nvmft_tcp_slot *nvmft_tcp_slot_of(struct nvmft_req *req)
{
	return container_of(req, struct nvmft_tcp_slot, req);
}

/* slot.c */
int nvmft_tcp_slot_cache_create(void);
void nvmft_tcp_slot_cache_destroy(void);
int nvmft_tcp_slots_init(struct nvmft_tcp_conn *conn);
/* Every slot is FREE. */
void nvmft_tcp_slots_exit(struct nvmft_tcp_conn *conn);
/* Allow up to @max slots, which is not fewer than before. May sleep. */
int nvmft_tcp_slots_resize(struct nvmft_tcp_conn *conn, u32 max);
/* Make some more, within the maximum. May sleep. False: there is no memory. */
bool nvmft_tcp_slots_grow(struct nvmft_tcp_conn *conn);
/* Give back those that an idle connection does not need. */
void nvmft_tcp_slots_trim(struct nvmft_tcp_conn *conn);
/* Take a FREE slot, which is in RX then; NULL: there is none. */
struct nvmft_tcp_slot *nvmft_tcp_slot_take(struct nvmft_tcp_conn *conn);
void nvmft_tcp_slot_release(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot);
/* Release all slots in @places, bits by enum nvmft_tcp_place. */
void nvmft_tcp_slots_drop(struct nvmft_tcp_conn *conn, unsigned long places);
/* The slot whose open window this transfer tag names, or NULL */
struct nvmft_tcp_slot *nvmft_tcp_slot_by_tag(struct nvmft_tcp_conn *conn, u16 ttag);
/* Move the cursor by @n bytes, within the present entry. */
void nvmft_tcp_slot_advance(struct nvmft_tcp_slot *slot, u32 n);

/* req.c */
/* Get pages for all of its data. 0, -ENOMEM, or -EINVAL for a bug of ours */
int nvmft_tcp_slot_pages(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot, gfp_t gfp);
/* Data of its window arrived: wait for more, ask for more, or go on. */
void nvmft_tcp_window_step(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot);
/* Fetch data for, and execute, what has arrived. May sleep. */
void nvmft_tcp_execute(struct nvmft_tcp_conn *conn);
/* Would nvmft_tcp_execute() do anything? */
bool nvmft_tcp_executable(struct nvmft_tcp_conn *conn);
/* Take what respond() has brought back. */
void nvmft_tcp_collect(struct nvmft_tcp_conn *conn);
/* Look for the commands that Aborts name; without @search none is found. */
void nvmft_tcp_run_aborts(struct nvmft_tcp_conn *conn, bool search);
/* Transport operations: any context */
void nvmft_tcp_respond(struct nvmft_req *req);
void nvmft_tcp_abort(struct nvmft_sq *sq, struct nvmft_req *abort);

#endif /* NVMFT_TCP_SLOT_H */
