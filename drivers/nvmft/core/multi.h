/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands on the blocks of a namespace: the gate that lets them in, and what
 * those remember that take more than one step.
 *
 * A step runs in the queue's worker. It either ends the command or starts
 * something that ends in nvmft_multi_continue(), from any context, upon which
 * the worker runs the next step.
 */
#ifndef NVMFT_CORE_MULTI_H
#define NVMFT_CORE_MULTI_H

#include "core/req.h"
#include "core/range.h"

/* How a command was let at its blocks */
enum nvmft_gate {
	NVMFT_GATE_NONE,	/* it was not, or has left */
	NVMFT_GATE_BARE,	/* reference on ns->bare: the namespace is unarmed */
	NVMFT_GATE_RANGE,	/* holds, or waits for, locks: multi->range */
};

/* A run of logical blocks */
struct nvmft_span {
	u64	slba;
	u32	nlb;
};

/**
 * struct nvmft_multi - what a command of several steps remembers
 * @req: the command
 * @step: what comes next
 * @err: how the last io ended
 * @one: the lock of a command that needs one
 * @range: its locks, @one or a table of its own
 * @nr_ranges: how many
 * @span: blocks that the command names, or NULL
 * @nr_spans: how many
 * @at: index of the one being worked on
 * @done: blocks of it that are done
 * @dst: next block to write (Copy)
 * @nsid: namespace being flushed (Flush of all)
 * @aux: pages of its own
 *
 * Made by the worker, freed with the request; @err is written by io->done().
 */
struct nvmft_multi {
	struct nvmft_req	*req;
	void			(*step)(struct nvmft_req *req);
	int			err;
	struct nvmft_range	one;
	struct nvmft_range	*range;
	u32			nr_ranges;
	struct nvmft_span	*span;
	u32			nr_spans;
	u32			at;
	u32			done;
	u64			dst;
	unsigned long		nsid;
	struct nvmft_buf	aux;
};

/* gate.c */
/* req->multi, made if there is none. NULL: no memory. Worker, may sleep. */
struct nvmft_multi *nvmft_multi_get(struct nvmft_req *req);
/* Release: pages, locks' table, spans. The gate was left. Worker. */
void nvmft_multi_put(struct nvmft_req *req);
/* The worker goes on with multi->step. Any context. */
void nvmft_multi_continue(struct nvmft_req *req);
/* An io->done() that remembers the outcome and goes on */
void nvmft_multi_io_done(struct nvmft_io *io, int err);

/**
 * nvmft_gate_enter() - let a command at blocks of its namespace
 * @req: in EXEC, with req->ns
 * @slba: first block
 * @nlb: blocks, not 0
 * @step: run later where this returns false
 *
 * Excludes fused operations on these blocks, and nothing else. Worker. Return:
 * true: go on; false: @step will be run, or the command has been completed
 * because there was no memory.
 */
bool nvmft_gate_enter(struct nvmft_req *req, u64 slba, u64 nlb,
		      void (*step)(struct nvmft_req *req));
/* The same for multi->span, and for @dst too if @nlb_dst is not 0 (Copy). */
bool nvmft_gate_enter_spans(struct nvmft_req *req, u64 dst, u64 nlb_dst,
			    void (*step)(struct nvmft_req *req));
/* Exclude every other command on these blocks; arms the namespace. */
bool nvmft_gate_enter_alone(struct nvmft_req *req, u64 slba, u64 nlb,
			    void (*step)(struct nvmft_req *req));
/* Leave. Any context; nothing to do where the command is not in. */
void nvmft_gate_leave(struct nvmft_req *req);

/* Leave, then nvmft_req_complete(). Any context. */
void nvmft_io_complete(struct nvmft_req *req, u16 status);
/* Submit req->io, filled but for done, which is nvmft_multi_io_done(). Worker. */
void nvmft_multi_submit(struct nvmft_req *req, void (*step)(struct nvmft_req *req));
/* The same, to read or write @len bytes of @buf at block @slba. */
void nvmft_multi_rw(struct nvmft_req *req, struct nvmft_buf *buf, u64 slba, u32 len,
		    enum nvmft_io_op op, bool fua, void (*step)(struct nvmft_req *req));

/* fused.c */
u16 nvmft_fused_judge(struct nvmft_req *req);
enum nvmft_next nvmft_fused_data_done(struct nvmft_req *req, u16 status);
enum nvmft_next nvmft_fused_refuse(struct nvmft_req *req, u16 status);
void nvmft_fused_execute(struct nvmft_req *req);
bool nvmft_fused_abort(struct nvmft_req *req);
/* A half goes before it is executed: so does its partner. Worker. */
void nvmft_fused_gone(struct nvmft_req *req);
/* The queue ends: what is held goes back. */
void nvmft_fused_close(struct nvmft_sq *sq);

/*
 * Which half of a fused operation it is, or 0. Only an I/O queue has them, and
 * what Fabrics commands have in that byte is reserved.
 */
static inline u8 nvmft_req_fused(const struct nvmft_req *req)
{
	if (req->sq->qt != NVMFT_Q_IO)
		return 0;
	if (unlikely(req->sqe.common.opcode == nvme_fabrics_command))
		return 0;
	return req->sqe.common.flags & NVMFT_SQE_FUSE_MASK;
}

#endif /* NVMFT_CORE_MULTI_H */
