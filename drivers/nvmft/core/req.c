// SPDX-License-Identifier: GPL-2.0
/*
 * Requests: judged, executed, completed. nvmft.h tells who owns one when.
 */
#include <linux/slab.h>
#include "core/ana.h"
#include "core/multi.h"
#include "core/qos.h"
#include "core/stat.h"
#include "core/trace.h"
#include "proto/status.h"

/* Which states a request may go to from each state */
static const u8 req_edges[NVMFT_REQ_NR] = {
	[NVMFT_REQ_FREE] = BIT(NVMFT_REQ_NEW),
	[NVMFT_REQ_NEW]  = BIT(NVMFT_REQ_DATA) | BIT(NVMFT_REQ_EXEC) | BIT(NVMFT_REQ_WAIT) |
			   BIT(NVMFT_REQ_DONE) | BIT(NVMFT_REQ_FREE),
	[NVMFT_REQ_DATA] = BIT(NVMFT_REQ_HELD) | BIT(NVMFT_REQ_EXEC) | BIT(NVMFT_REQ_WAIT) |
			   BIT(NVMFT_REQ_DONE) | BIT(NVMFT_REQ_FREE),
	[NVMFT_REQ_HELD] = BIT(NVMFT_REQ_EXEC) | BIT(NVMFT_REQ_DONE),
	[NVMFT_REQ_EXEC] = BIT(NVMFT_REQ_DONE) | BIT(NVMFT_REQ_FREE),
	[NVMFT_REQ_DONE] = BIT(NVMFT_REQ_SEND) | BIT(NVMFT_REQ_FREE),
	[NVMFT_REQ_SEND] = BIT(NVMFT_REQ_FREE),
	[NVMFT_REQ_WAIT] = BIT(NVMFT_REQ_DATA) | BIT(NVMFT_REQ_EXEC) |
			   BIT(NVMFT_REQ_DONE) | BIT(NVMFT_REQ_FREE),
};

static void (*const req_handlers[NVMFT_OP_NR])(struct nvmft_req *req) = {
	[NVMFT_OP_CONNECT]	= nvmft_connect_execute,
	[NVMFT_OP_PROP_GET]	= nvmft_prop_get_execute,
	[NVMFT_OP_PROP_SET]	= nvmft_prop_set_execute,
	[NVMFT_OP_DISCONNECT]	= nvmft_disconnect_execute,
	[NVMFT_OP_GET_LOG]	= nvmft_log_execute,
	[NVMFT_OP_IDENTIFY]	= nvmft_identify_execute,
	[NVMFT_OP_ABORT]	= nvmft_abort_execute,
	[NVMFT_OP_SET_FEATURES]	= nvmft_set_features_execute,
	[NVMFT_OP_GET_FEATURES]	= nvmft_get_features_execute,
	[NVMFT_OP_ASYNC_EVENT]	= nvmft_aer_request,
	[NVMFT_OP_KEEP_ALIVE]	= nvmft_keep_alive_execute,
	[NVMFT_OP_FLUSH]	= nvmft_flush_execute,
	[NVMFT_OP_WRITE]	= nvmft_rw_execute,
	[NVMFT_OP_READ]		= nvmft_rw_execute,
	[NVMFT_OP_COMPARE]	= nvmft_compare_execute,
	[NVMFT_OP_WRITE_ZEROES]	= nvmft_write_zeroes_execute,
	[NVMFT_OP_DSM]		= nvmft_dsm_execute,
	[NVMFT_OP_VERIFY]	= nvmft_verify_execute,
	[NVMFT_OP_COPY]		= nvmft_copy_execute,
};

void nvmft_req_set_state(struct nvmft_req *req, enum nvmft_req_state state)
{
	WARN_ON_ONCE(!(req_edges[req->state] & BIT(state)));
	trace_nvmft_req_state(req, state);
	/* Abort looks at the state of requests that others own. */
	WRITE_ONCE(req->state, state);
}

/* The error log has more to say of it, and the response tells the host so. */
static void req_log(struct nvmft_req *req)
{
	u16 status = req->status | NVME_STATUS_MORE;

	req->cqe.status = cpu_to_le16(status << 1);
	nvmft_ctrl_log_error(req->sq->ctrl, req, status);
}

static void req_failed(struct nvmft_req *req)
{
	struct nvmft_sq *sq = req->sq;

	/*
	 * A host whose Connect fails, or who does not begin with one, gets its
	 * answer, and then the connection ends. Only the worker comes here then.
	 */
	if (sq->qt == NVMFT_Q_NEW)
		sq->ending = true;
	/* A request that its queue's end sends back has not failed. */
	else if (req->status != (NVME_SC_ABORT_QUEUE | NVME_STATUS_DNR))
		req_log(req);
}

/* The request becomes a response. Any context. */
static void req_finish(struct nvmft_req *req, u16 status)
{
	req->status = status;
	req->cqe.status = cpu_to_le16(status << 1);
	if (unlikely(status))
		req_failed(req);
	nvmft_ana_leave(req);
	if (req->ns) {
		nvmft_ns_put(req->ns);
		req->ns = NULL;
	}
	nvmft_req_set_state(req, NVMFT_REQ_DONE);
}

void nvmft_req_complete(struct nvmft_req *req, u16 status)
{
	const struct nvmft_transport_ops *ops = req->sq->ops;

	req_finish(req, status);
	ops->respond(req);
}

enum nvmft_next nvmft_req_refuse(struct nvmft_req *req, u16 status)
{
	req_finish(req, status);
	return NVMFT_NEXT_DONE;
}

/*
 * Length rules that need no namespace. @sgl_len: what the host's SGL says.
 */
static u16 req_check_len(struct nvmft_req *req, u32 sgl_len)
{
	const struct nvmft_opdesc *desc = req->desc;
	u64 len = nvmft_sqe_data_len(desc, &req->sqe, 0);

	if (desc->op == NVMFT_OP_CONNECT)
		return nvmft_connect_check(req, sgl_len);
	if (len != sgl_len)
		return NVME_SC_SGL_INVALID_DATA | NVME_STATUS_DNR;
	if (len > nvmft_req_max_len(req))
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	req->len = len;
	return 0;
}

/* Its identifier is its own from now on. */
static u16 req_take_cid(struct nvmft_req *req)
{
	u16 cid = (__force u16)req->sqe.common.command_id;

	if (unlikely(__test_and_set_bit(cid, req->sq->cids)))
		return NVME_SC_CMDID_CONFLICT | NVME_STATUS_DNR;
	req->cid = cid;
	return 0;
}

u16 nvmft_req_judge(struct nvmft_req *req)
{
	struct nvmft_sq *sq = req->sq;
	const struct nvmft_opdesc *desc;
	u32 sgl_len;
	u16 status;

	status = req_take_cid(req);
	if (unlikely(status))
		return status;
	desc = nvmft_sqe_lookup(sq->qt, &req->sqe);
	if (unlikely(!desc))
		return (sq->qt == NVMFT_Q_NEW ? NVME_SC_CMD_SEQ_ERROR : NVME_SC_INVALID_OPCODE) |
			NVME_STATUS_DNR;
	req->desc = desc;
	req->dir = desc->dir;
	if (!(desc->flags & NVMFT_OPF_FABRICS) && !nvmft_ctrl_enabled(sq->ctrl))
		return NVME_SC_CMD_SEQ_ERROR | NVME_STATUS_DNR;

	/* Whether there is data is a matter of the feature. */
	if (desc->len_rule == NVMFT_LEN_FEATURE) {
		status = nvmft_feature_check(sq->qt, &req->sqe, &req->loc);
		if (status)
			return status;
	}
	status = nvmft_sqe_check_sgl(desc, &req->sqe, req->icd_len, &sgl_len);
	if (unlikely(status))
		return status;
	if (desc->flags & NVMFT_OPF_NS) {
		status = nvmft_io_check(req);
		if (unlikely(status))
			return status;
		if (unlikely(!nvmft_sqe_len_fits(desc, req->len, sgl_len)))
			return NVME_SC_SGL_INVALID_DATA | NVME_STATUS_DNR;
		req->len = sgl_len;
	} else {
		status = req_check_len(req, sgl_len);
		if (unlikely(status))
			return status;
	}
	/* What came in the capsule is all of the data, or there is none. */
	if (unlikely(req->icd_len && (req->dir != NVMFT_DIR_H2C || req->icd_len != req->len)))
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	return 0;
}

/* Time is counted in jiffies: too coarse for one command, right in the sum. */
static void req_enter(struct nvmft_sq *sq)
{
	if (!sq->nr_reqs)
		WRITE_ONCE(sq->busy_since, jiffies);
	WRITE_ONCE(sq->nr_reqs, sq->nr_reqs + 1);
}

static void req_leave(struct nvmft_sq *sq)
{
	WRITE_ONCE(sq->nr_reqs, sq->nr_reqs - 1);
	if (!sq->nr_reqs)
		WRITE_ONCE(sq->stat.busy, sq->stat.busy + (jiffies - sq->busy_since));
}

/*
 * Is a limit asked when its data is there? What comes in its capsule has to be taken
 * first, halves are one when whole, and the table of a Copy tells how much it moves.
 */
static bool asks_late(const struct nvmft_req *req)
{
	return req->icd_len || req->desc->op == NVMFT_OP_COPY || nvmft_req_fused(req);
}

/* On with a command that nothing speaks against */
static enum nvmft_next req_next(struct nvmft_req *req)
{
	if (req->dir == NVMFT_DIR_H2C && req->len && !req->buf.bvec) {
		nvmft_req_set_state(req, NVMFT_REQ_DATA);
		return NVMFT_NEXT_DATA;
	}
	nvmft_req_set_state(req, NVMFT_REQ_EXEC);
	return NVMFT_NEXT_EXEC;
}

/* Its turn has come, or it is not to wait any longer. */
static enum nvmft_next req_go(struct nvmft_req *req)
{
	u16 status = nvmft_qos_back(req);

	if (unlikely(nvmft_req_fused(req) && (status || req->doom)))
		return nvmft_fused_refuse(req, status);
	if (unlikely(status))
		return nvmft_req_refuse(req, status);
	return nvmft_qos_hold(req) ? NVMFT_NEXT_HELD : req_next(req);
}

enum nvmft_next nvmft_req_start(struct nvmft_req *req)
{
	u16 status;

	req_enter(req->sq);
	nvmft_req_set_state(req, NVMFT_REQ_NEW);
	req->desc = NULL;
	req->ns_stat = NULL;
	req->born = req->sq->now;
	req->dir = NVMFT_DIR_NONE;
	req->len = 0;
	req->extra = 0;
	req->loc = NVMFT_LOC_NONE;
	req->status = 0;
	req->doom = 0;
	req->cid = NVMFT_CID_NONE;
	req->cqe.result.u64 = 0;
	req->cqe.sq_id = 0;
	req->cqe.command_id = req->sqe.common.command_id;

	if (unlikely(nvmft_req_fused(req) || req->sq->fuse))
		status = nvmft_fused_judge(req);
	else
		status = nvmft_req_judge(req);
	if (unlikely(status))
		return nvmft_req_refuse(req, status);
	if (nvmft_qos_on() && !asks_late(req) && nvmft_qos_hold(req))
		return NVMFT_NEXT_HELD;
	return req_next(req);
}
EXPORT_SYMBOL_GPL(nvmft_req_start);

int nvmft_req_buf(struct nvmft_req *req, gfp_t gfp)
{
	return nvmft_buf_alloc(req->sq, &req->buf, req->len, gfp);
}
EXPORT_SYMBOL_GPL(nvmft_req_buf);

enum nvmft_next nvmft_req_data_done(struct nvmft_req *req, u16 status)
{
	if (unlikely(nvmft_req_fused(req)))
		return nvmft_fused_data_done(req, status);
	if (unlikely(status))
		return nvmft_req_refuse(req, status);
	if (nvmft_qos_on() && asks_late(req) && nvmft_qos_hold(req))
		return NVMFT_NEXT_HELD;
	nvmft_req_set_state(req, NVMFT_REQ_EXEC);
	return NVMFT_NEXT_EXEC;
}
EXPORT_SYMBOL_GPL(nvmft_req_data_done);

void nvmft_req_execute(struct nvmft_req *req)
{
	u16 status;

	/* Its halves are let in together. */
	if (unlikely(nvmft_req_fused(req))) {
		nvmft_fused_execute(req);
		return;
	}
	status = req->ns ? nvmft_ana_enter(req) : 0;
	if (!status && req->dir == NVMFT_DIR_C2H && req->len && nvmft_req_buf(req, GFP_NOIO))
		status = NVME_SC_INTERNAL;
	if (unlikely(status))
		nvmft_req_complete(req, status);
	else
		req_handlers[req->desc->op](req);
}
EXPORT_SYMBOL_GPL(nvmft_req_execute);

enum nvmft_next nvmft_req_resume(struct nvmft_req *req)
{
	if (req->state == NVMFT_REQ_WAIT)
		return req_go(req);
	req->multi->step(req);
	return NVMFT_NEXT_HELD;
}
EXPORT_SYMBOL_GPL(nvmft_req_resume);

/*
 * The head moves by one for each response, in the order they are sent, so that
 * the host never has more than a queue full of commands outstanding.
 */
const struct nvme_completion *nvmft_req_cqe(struct nvmft_req *req)
{
	struct nvmft_sq *sq = req->sq;

	nvmft_req_set_state(req, NVMFT_REQ_SEND);
	nvmft_stat_answered(req);
	if (!sq->flow) {
		req->cqe.sq_head = cpu_to_le16(NVMFT_SQHD_NO_FLOW);
	} else {
		if (++sq->sqhd >= sq->size)
			sq->sqhd = 0;
		req->cqe.sq_head = cpu_to_le16(sq->sqhd);
	}
	return &req->cqe;
}
EXPORT_SYMBOL_GPL(nvmft_req_cqe);

void nvmft_req_release(struct nvmft_req *req)
{
	if (unlikely(req->state == NVMFT_REQ_WAIT))
		nvmft_qos_back(req);
	if (req->ns) {
		nvmft_ns_put(req->ns);
		req->ns = NULL;
	}
	if (unlikely(req->mate || req->sq->first == req))
		nvmft_fused_gone(req);
	if (unlikely(req->multi))
		nvmft_multi_put(req);
	nvmft_buf_free(req->sq, &req->buf);
	if (req->cid != NVMFT_CID_NONE)
		__clear_bit(req->cid, req->sq->cids);
	nvmft_req_set_state(req, NVMFT_REQ_FREE);
	req_leave(req->sq);
}
EXPORT_SYMBOL_GPL(nvmft_req_release);

bool nvmft_req_abort(struct nvmft_req *req)
{
	if (nvmft_req_fused(req))
		return nvmft_fused_abort(req);
	if (READ_ONCE(req->state) == NVMFT_REQ_WAIT) {
		if (!nvmft_qos_cancel(req))
			return false;
		nvmft_req_complete(req, NVME_SC_ABORT_REQ);
		return true;
	}
	/* What a backend works on cannot be called back. */
	if (req->desc->op != NVMFT_OP_ASYNC_EVENT)
		return false;
	return nvmft_aer_abort(req->sq->ctrl, req);
}
EXPORT_SYMBOL_GPL(nvmft_req_abort);

void nvmft_abort_done(struct nvmft_req *abort, bool aborted)
{
	/* Bit 0: the command was not aborted */
	abort->cqe.result.u32 = cpu_to_le32(!aborted);
	nvmft_req_complete(abort, 0);
}
EXPORT_SYMBOL_GPL(nvmft_abort_done);
