// SPDX-License-Identifier: GPL-2.0
/*
 * The way of a command from its capsule to its response: pages, R2T windows,
 * execution, completion, abort.
 */
#include <linux/blkdev.h>
#include "tcp/budget.h"
#include "tcp/move.h"
#include "tcp/tcp.h"

/* Bytes of pages that a command takes: its data, and what its execution adds */
static u32 data_of(const struct nvmft_req *req)
{
	return req->len + req->extra;
}

/*
 * A host may have a queue full of the largest commands in progress. In-capsule
 * data is taken though it may not fit: behind it in the stream may be the very
 * data that the others wait for. The port's param_inline_data_size bounds it.
 */
static bool data_fits(struct nvmft_tcp_conn *conn, const struct nvmft_req *req)
{
	return nvmft_tcp_budget_fits(conn, data_of(req));
}

static void data_charge(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot)
{
	slot->charge = data_of(&slot->req);
	nvmft_tcp_budget_charge(conn, slot->charge);
}

int nvmft_tcp_slot_pages(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot, gfp_t gfp)
{
	int err = nvmft_req_buf(&slot->req, gfp);

	if (err)
		return err;
	data_charge(conn, slot);
	/* What may arrive has been compared with req.len: that much fits. */
	if (WARN_ON_ONCE(slot->req.buf.len != slot->req.len ||
			 slot->req.icd_len > slot->req.len))
		return -EINVAL;
	return 0;
}

/*
 * A command that failed while its window was open ends only now: as long as the
 * host may still send data, the transfer tag has to stay good.
 */
void nvmft_tcp_window_step(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot)
{
	if (nvmft_xfer_open(&slot->xfer))
		return;
	if (slot->fail || nvmft_xfer_complete(&slot->xfer))
		nvmft_tcp_slot_next(conn, slot, NVMFT_TCP_WINDOW,
				    nvmft_req_data_done(&slot->req, slot->fail));
	else
		nvmft_tcp_slot_move(conn, slot, NVMFT_TCP_WINDOW, NVMFT_TCP_R2T);
}

static void fetch(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot)
{
	struct nvmft_req *req = &slot->req;
	u16 ttag = conn->tag++ << NVMFT_TCP_TAG_BITS | slot->index;

	if (nvmft_tcp_slot_pages(conn, slot, GFP_NOIO)) {
		nvmft_tcp_slot_next(conn, slot, NVMFT_TCP_FETCH,
				    nvmft_req_data_done(req, NVME_SC_INTERNAL));
		return;
	}
	nvmft_xfer_start(&slot->xfer, req->sqe.common.command_id, ttag, req->len);
	nvmft_tcp_slot_move(conn, slot, NVMFT_TCP_FETCH, NVMFT_TCP_R2T);
}

static void execute(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot)
{
	if (slot->req.dir != NVMFT_DIR_H2C)
		data_charge(conn, slot);
	nvmft_tcp_slot_move(conn, slot, NVMFT_TCP_EXEC, NVMFT_TCP_CORE);
	nvmft_req_execute(&slot->req);
}

/*
 * What waits for memory does not hold up what needs none: it may be the other
 * that holds the memory. But nothing of its own kind overtakes it.
 */
static bool executable(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot, bool *full)
{
	if (slot->req.dir == NVMFT_DIR_H2C || !data_of(&slot->req))
		return true;
	*full = *full || !data_fits(conn, &slot->req);
	return !*full;
}

static void execute_all(struct nvmft_tcp_conn *conn)
{
	struct nvmft_tcp_slot *slot, *next;
	/* For one command it would cost more than it is good for. */
	bool batch = conn->exec.first && conn->exec.first->next;
	struct blk_plug plug;
	bool full = false;

	if (batch)
		blk_start_plug(&plug);
	for (slot = conn->exec.first; slot; slot = next) {
		next = slot->next;
		/* Nothing is executed behind a Disconnect. */
		if (conn->sq.ending)
			break;
		if (executable(conn, slot, &full))
			execute(conn, slot);
	}
	if (batch)
		blk_finish_plug(&plug);
}

/*
 * In the order of their arrival, but for those that another command waits for:
 * it holds its own data until this one has come, and that may be the memory that
 * those before it wait for.
 */
static bool fetchable(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot, bool *full)
{
	if (unlikely(nvmft_req_awaited(&slot->req)))
		return true;
	*full = *full || !data_fits(conn, &slot->req);
	return !*full;
}

static void fetch_all(struct nvmft_tcp_conn *conn)
{
	struct nvmft_tcp_slot *slot, *next;
	bool full = false;

	for (slot = conn->fetch.first; slot; slot = next) {
		next = slot->next;
		if (fetchable(conn, slot, &full))
			fetch(conn, slot);
	}
}

void nvmft_tcp_execute(struct nvmft_tcp_conn *conn)
{
	nvmft_tcp_assert_worker(conn);
	/* Where memory is short, reads and writes have it in turns. */
	conn->fetch_first = !conn->fetch_first;
	if (conn->fetch_first)
		fetch_all(conn);
	execute_all(conn);
	if (!conn->fetch_first)
		fetch_all(conn);
}

bool nvmft_tcp_executable(struct nvmft_tcp_conn *conn)
{
	struct nvmft_tcp_slot *slot;
	bool full = false;

	for (slot = conn->exec.first; slot; slot = slot->next)
		if (executable(conn, slot, &full))
			return true;
	full = false;
	for (slot = conn->fetch.first; slot; slot = slot->next)
		if (fetchable(conn, slot, &full))
			return true;
	return false;
}

/*
 * Hands the request to the worker. From llist_add() on the worker may be done
 * with it, and with the connection: only RCU keeps the latter until it is woken.
 * What ended while the worker itself carried it out needs no detour.
 */
void nvmft_tcp_respond(struct nvmft_req *req)
{
	struct nvmft_tcp_conn *conn = nvmft_tcp_conn_of(req->sq);

	if (current == READ_ONCE(conn->task) && in_task()) {
		if (likely(req->state == NVMFT_REQ_DONE && conn->state == NVMFT_TCP_LIVE))
			nvmft_tcp_slot_move(conn, nvmft_tcp_slot_of(req), NVMFT_TCP_CORE,
					    NVMFT_TCP_RSP);
		else
			llist_add(&req->done, &conn->done);
		return;
	}
	rcu_read_lock();
	llist_add(&req->done, &conn->done);
	nvmft_tcp_conn_wake(conn);
	rcu_read_unlock();
}

void nvmft_tcp_collect(struct nvmft_tcp_conn *conn)
{
	struct nvmft_req *req, *next;
	struct llist_node *list;

	nvmft_tcp_assert_worker(conn);
	if (llist_empty(&conn->done))
		return;
	list = llist_reverse_order(llist_del_all(&conn->done));
	llist_for_each_entry_safe(req, next, list, done) {
		struct nvmft_tcp_slot *slot = nvmft_tcp_slot_of(req);

		/* It has more to do, and may hold what others wait for. */
		if (req->state == NVMFT_REQ_EXEC)
			nvmft_req_resume(req);
		else if (conn->state >= NVMFT_TCP_CLOSING)
			nvmft_tcp_slot_release(conn, slot);
		else if (req->state == NVMFT_REQ_WAIT)
			nvmft_tcp_slot_next(conn, slot, NVMFT_TCP_CORE, nvmft_req_resume(req));
		else
			nvmft_tcp_slot_move(conn, slot, NVMFT_TCP_CORE, NVMFT_TCP_RSP);
	}
}

/* The request is the core's until nvmft_abort_done(): its link is unused. */
void nvmft_tcp_abort(struct nvmft_sq *sq, struct nvmft_req *abort)
{
	struct nvmft_tcp_conn *conn = nvmft_tcp_conn_of(sq);

	rcu_read_lock();
	llist_add(&abort->done, &conn->aborts);
	nvmft_tcp_conn_wake(conn);
	rcu_read_unlock();
}

/*
 * True says that the command ended before the Abort did (Base 2.1, 5.1.1: an
 * immediate abort). While its data may still come it cannot, but it will not be
 * executed. False also where it is not found, or goes on, or has ended anyway.
 */
static bool abort_one(struct nvmft_tcp_conn *conn, struct nvmft_req *abort)
{
	u32 i;

	for (i = 0; i < conn->max_slots; i++) {
		struct nvmft_tcp_slot *slot = conn->slots[i];

		if (!slot || &slot->req == abort ||
		    slot->req.sqe.common.command_id != abort->sqe.abort.cid)
			continue;
		switch (slot->place) {
		case NVMFT_TCP_FETCH:
		case NVMFT_TCP_R2T:
			nvmft_tcp_slot_next(conn, slot, slot->place,
					    nvmft_req_data_done(&slot->req, NVME_SC_ABORT_REQ));
			return true;
		case NVMFT_TCP_RX:
		case NVMFT_TCP_WINDOW:
			if (!slot->fail)
				slot->fail = NVME_SC_ABORT_REQ;
			return false;
		case NVMFT_TCP_CORE:
			return nvmft_req_abort(&slot->req);
		}
	}
	return false;
}

void nvmft_tcp_run_aborts(struct nvmft_tcp_conn *conn, bool search)
{
	struct nvmft_req *abort, *next;
	struct llist_node *list;

	nvmft_tcp_assert_worker(conn);
	if (llist_empty(&conn->aborts))
		return;
	list = llist_reverse_order(llist_del_all(&conn->aborts));
	llist_for_each_entry_safe(abort, next, list, done)
		nvmft_abort_done(abort, search && abort_one(conn, abort));
}
