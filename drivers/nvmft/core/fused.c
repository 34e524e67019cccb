// SPDX-License-Identifier: GPL-2.0
/*
 * Fused compare-and-write.
 *
 * Pairing goes by the arrival of the capsules (proto/fuse.c), so it is done when
 * a command is judged. Each half then gets its data on its own; the one that is
 * complete first waits in HELD, and the other one, when its data is there, takes
 * both through one read, compare and write, alone on their blocks.
 *
 * A half that ends early, for whatever reason, ends its partner: at once if that
 * waits in HELD or for a limit, otherwise by its doom, which it meets when its data
 * is there.
 * All of this happens in the queue's worker, so there is no lock.
 */
#include "core/ana.h"
#include "core/multi.h"
#include "core/qos.h"
#include "proto/fuse.h"
#include "proto/limits.h"
#include "proto/status.h"

static void unheld(struct nvmft_req *req)
{
	list_del_init(&req->held);
}

/* Does it wait, for its partner or for both of them? Then no more. */
static bool take_back(struct nvmft_req *req)
{
	/* Of one in execution, which Abort may mean, somebody else may be changing it. */
	u8 state = READ_ONCE(req->state);

	if (state == NVMFT_REQ_WAIT)
		return nvmft_qos_cancel(req);
	if (state != NVMFT_REQ_HELD)
		return false;
	unheld(req);
	return true;
}

/* A half loses its partner, or was never to have one. */
static void fused_fail(struct nvmft_req *req, u16 status)
{
	if (req->mate) {
		req->mate->mate = NULL;
		req->mate = NULL;
	}
	if (take_back(req))
		nvmft_req_complete(req, status | NVME_STATUS_DNR);
	else
		req->doom = status | NVME_STATUS_DNR;
}

/* What a first half has to be beside an ordinary command */
static u16 first_check(const struct nvmft_req *req)
{
	if (req->desc->op != NVMFT_OP_COMPARE)
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	if (le16_to_cpu(req->sqe.rw.length) >= nvmft_caw_blocks(req->ns->lba_shift))
		return NVME_SC_ATOMIC_WU_EXCEEDED | NVME_STATUS_DNR;
	return 0;
}

static u16 second_check(const struct nvmft_req *req, const struct nvmft_req *first)
{
	const struct nvme_rw_command *a = &first->sqe.rw, *b = &req->sqe.rw;

	if (req->desc->op != NVMFT_OP_WRITE || a->nsid != b->nsid || a->slba != b->slba ||
	    a->length != b->length)
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	return 0;
}

static u16 judge_first(struct nvmft_req *req)
{
	struct nvmft_sq *sq = req->sq;
	u16 status = nvmft_req_judge(req);

	if (!status)
		status = first_check(req);
	if (status)
		sq->fuse = NVMFT_FUSE_LOST;
	else
		sq->first = req;
	return status;
}

static u16 judge_second(struct nvmft_req *req, struct nvmft_req *first)
{
	u16 status = nvmft_req_judge(req);

	if (!status)
		status = second_check(req, first);
	if (status) {
		fused_fail(first, NVME_SC_FUSED_FAIL);
		return status;
	}
	first->mate = req;
	req->mate = first;
	return 0;
}

/**
 * nvmft_fused_judge() - judge a command of a queue where halves are about
 * @req: NEW; it, or the command before it, has FUSE set
 *
 * Worker, does not sleep. Return: as nvmft_req_judge().
 */
u16 nvmft_fused_judge(struct nvmft_req *req)
{
	struct nvmft_sq *sq = req->sq;
	struct nvmft_fuse_step step = nvmft_fuse_next(sq->fuse, nvmft_req_fused(req));
	struct nvmft_req *first = sq->first;

	sq->fuse = step.held;
	sq->first = NULL;
	if (step.drop)
		fused_fail(first, NVME_SC_FUSED_MISSING);
	switch (step.self) {
	case NVMFT_FUSE_HOLD:
		return judge_first(req);
	case NVMFT_FUSE_PAIR:
		return judge_second(req, first);
	case NVMFT_FUSE_FAIL:
		return step.sc;
	}
	return nvmft_req_judge(req);
}

void nvmft_fused_gone(struct nvmft_req *req)
{
	struct nvmft_req *mate = req->mate;
	struct nvmft_sq *sq = req->sq;

	if (sq->first == req) {
		sq->first = NULL;
		sq->fuse = NVMFT_FUSE_LOST;
	}
	if (mate)
		fused_fail(mate, NVME_SC_FUSED_FAIL);
}

/**
 * nvmft_fused_data_done() - a half's data is there, or will not come
 * @req: in DATA
 * @status: 0, or why it ends
 *
 * Return: as nvmft_req_data_done(). The half that completes the pair is the one
 * that is executed, for both.
 */
enum nvmft_next nvmft_fused_data_done(struct nvmft_req *req, u16 status)
{
	if (req->doom)
		status = req->doom;
	if (status) {
		nvmft_fused_gone(req);
		return nvmft_req_refuse(req, status);
	}
	if (req->mate && req->mate->state == NVMFT_REQ_HELD) {
		if (nvmft_qos_on() && nvmft_qos_hold(req))
			return NVMFT_NEXT_HELD;
		nvmft_req_set_state(req, NVMFT_REQ_EXEC);
		return NVMFT_NEXT_EXEC;
	}
	nvmft_req_set_state(req, NVMFT_REQ_HELD);
	list_add_tail(&req->held, &req->sq->held);
	return NVMFT_NEXT_HELD;
}

/**
 * nvmft_fused_refuse() - both halves end instead of going on
 * @req: was WAIT, and is the worker's again
 * @status: why; 0: its partner is gone, and has left it its doom
 *
 * Return: as nvmft_req_data_done().
 */
enum nvmft_next nvmft_fused_refuse(struct nvmft_req *req, u16 status)
{
	struct nvmft_req *mate = req->mate;

	if (mate) {
		req->mate = NULL;
		mate->mate = NULL;
		unheld(mate);
		nvmft_req_complete(mate, status);
	}
	return nvmft_req_refuse(req, req->doom ? req->doom : status);
}

bool nvmft_fused_abort(struct nvmft_req *req)
{
	if (!take_back(req))
		return false;
	nvmft_fused_gone(req);
	nvmft_req_complete(req, NVME_SC_ABORT_REQ | NVME_STATUS_DNR);
	return true;
}

void nvmft_fused_close(struct nvmft_sq *sq)
{
	struct nvmft_req *req, *next;

	sq->first = NULL;
	sq->fuse = NVMFT_FUSE_IDLE;
	list_for_each_entry_safe(req, next, &sq->held, held)
		fused_fail(req, NVME_SC_ABORT_QUEUE);
}

/* --- the pair; driven by its second half, which owns the lock and the pages --- */

static struct nvmft_req *first_of(struct nvmft_req *second)
{
	return second->mate;
}

/* Both end; their responses leave in this order. */
static void caw_end(struct nvmft_req *second, u16 first_status, u16 second_status)
{
	struct nvmft_req *first = first_of(second);

	nvmft_gate_leave(second);
	first->mate = NULL;
	second->mate = NULL;
	nvmft_req_complete(first, first_status);
	nvmft_req_complete(second, second_status);
}

static void caw_failed(struct nvmft_req *second, u16 first_status)
{
	caw_end(second, first_status, NVME_SC_FUSED_FAIL | NVME_STATUS_DNR);
}

static void caw_written(struct nvmft_req *second)
{
	u16 status = nvmft_status_from_errno(second->multi->err, true);

	/* The blocks compared equal, but the operation as a whole has failed. */
	if (status)
		caw_end(second, NVME_SC_FUSED_FAIL | NVME_STATUS_DNR, status);
	else
		caw_end(second, 0, 0);
}

static void caw_compare(struct nvmft_req *second)
{
	struct nvmft_req *first = first_of(second);
	struct nvmft_multi *m = second->multi;
	u16 status = nvmft_status_from_errno(m->err, false);

	if (!status && !nvmft_buf_equal(&first->buf, &m->aux))
		status = NVME_SC_COMPARE_FAILED | NVME_STATUS_DNR;
	if (status) {
		caw_failed(second, status);
		return;
	}
	nvmft_multi_rw(second, &second->buf, le64_to_cpu(second->sqe.rw.slba), second->len,
		       NVMFT_IO_WRITE,
		       nvmft_req_fua(second, second->sqe.rw.control & cpu_to_le16(NVME_RW_FUA)),
		       caw_written);
}

static void caw_read(struct nvmft_req *second)
{
	nvmft_multi_rw(second, &second->multi->aux, le64_to_cpu(second->sqe.rw.slba),
		       second->len, NVMFT_IO_READ, false, caw_compare);
}

/* A half that is executed brings the other, which waits in HELD, with it. */
void nvmft_fused_execute(struct nvmft_req *req)
{
	struct nvmft_req *mate = req->mate;
	struct nvmft_req *second = nvmft_req_fused(req) == NVMFT_FUSE_SECOND ? req : mate;
	struct nvmft_multi *m;
	u16 status;

	/* Its partner may have been aborted since. */
	if (!mate) {
		nvmft_req_complete(req, req->doom);
		return;
	}
	unheld(mate);
	nvmft_req_set_state(mate, NVMFT_REQ_EXEC);
	status = nvmft_ana_enter(second);
	if (status) {
		caw_end(second, status, status);
		return;
	}
	m = nvmft_multi_get(second);
	if (!m || nvmft_buf_alloc(second->sq, &m->aux, second->len, GFP_NOIO)) {
		caw_failed(second, NVME_SC_INTERNAL);
		return;
	}
	if (nvmft_gate_enter_alone(second, le64_to_cpu(second->sqe.rw.slba),
				   le16_to_cpu(second->sqe.rw.length) + 1, caw_read))
		caw_read(second);
}
