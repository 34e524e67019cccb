// SPDX-License-Identifier: GPL-2.0
/* Read, Write and Flush, and what can be refused about any I/O command. */
#include "core/ana.h"
#include "core/multi.h"
#include "proto/limits.h"
#include "proto/status.h"

static u64 io_slba(const struct nvmft_req *req)
{
	return le64_to_cpu(req->sqe.rw.slba);
}

static u32 io_nlb(const struct nvmft_req *req)
{
	return le16_to_cpu(req->sqe.rw.length) + 1;
}

/* Bytes that a command without data may touch (WZSL, VSL) */
static u64 io_max_bytes(const struct nvmft_req *req)
{
	if (req->dir != NVMFT_DIR_NONE)
		return nvmft_req_max_len(req);
	return req->desc->op == NVMFT_OP_VERIFY ? nvmft_vsl_bytes() : nvmft_wzsl_bytes();
}

static u16 io_check_lba(struct nvmft_req *req, const struct nvmft_ns *ns)
{
	u16 status;

	/* In blocks, before anything is shifted: no start can wrap to 0. */
	status = nvmft_sqe_check_lba(io_slba(req), io_nlb(req), READ_ONCE(ns->nsze));
	if (unlikely(status))
		return status;
	if (unlikely((u64)io_nlb(req) << ns->lba_shift > io_max_bytes(req)))
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	return 0;
}

/*
 * A namespace that is only disabled is one that this path does not lead to now. So
 * the host goes on by another path, to a node where it is enabled, and not with an
 * error of its disk.
 */
u16 nvmft_io_refusal(const struct nvmft_ctrl *ctrl, u32 nsid)
{
	u16 status = nvmft_ns_refusal(ctrl, nsid);

	if (status == NVMFT_NS_NOT_THERE && nvmft_ns_configured(ctrl, nsid))
		return NVME_SC_INTERNAL_PATH_ERROR;
	return status;
}

u16 nvmft_io_check(struct nvmft_req *req)
{
	struct nvmft_sq *sq = req->sq;
	u32 nsid = le32_to_cpu(req->sqe.common.nsid);
	struct nvmft_ns *ns;
	u16 status;

	/* Each namespace is judged when its turn comes. */
	if (unlikely(nsid == NVME_NSID_ALL && req->desc->op == NVMFT_OP_FLUSH))
		return 0;
	ns = nvmft_ns_find(sq->ctrl, nsid);
	if (unlikely(!ns))
		return nvmft_io_refusal(sq->ctrl, nsid);
	req->ns = ns;
	req->ns_stat = ns->stat;
	status = nvmft_ana_status(nvmft_port_of(sq->port), READ_ONCE(ns->anagrpid));
	if (unlikely(status))
		return status;
	if (unlikely((req->desc->flags & NVMFT_OPF_WRITES) && nvmft_ns_readonly(ns)))
		return NVME_SC_NS_WRITE_PROTECTED | NVME_STATUS_DNR;
	if (req->desc->flags & NVMFT_OPF_LBA)
		status = io_check_lba(req, ns);
	else
		status = nvmft_media_check(req);
	if (unlikely(status))
		return status;
	req->len = nvmft_sqe_data_len(req->desc, &req->sqe, ns->lba_shift);
	req->extra = nvmft_media_extra(req);
	return 0;
}

static void io_done(struct nvmft_io *io, int err)
{
	struct nvmft_req *req = container_of(io, struct nvmft_req, io);

	nvmft_io_complete(req, likely(!err) ? 0 :
			       nvmft_status_from_errno(err, io->op != NVMFT_IO_READ));
}

/* The gate is open. */
static void rw_submit(struct nvmft_req *req)
{
	bool write = req->desc->op == NVMFT_OP_WRITE;
	struct nvmft_backend *be = req->ns->be;
	struct nvmft_io *io = &req->io;
	__le16 control = req->sqe.rw.control;

	io->op = write ? NVMFT_IO_WRITE : NVMFT_IO_READ;
	io->fua = write && nvmft_req_fua(req, control & cpu_to_le16(NVME_RW_FUA));
	io->failfast = control & cpu_to_le16(NVME_RW_LR);
	io->pos = io_slba(req) << req->ns->lba_shift;
	io->len = req->len;
	io->bvec = req->buf.bvec;
	io->nr = req->buf.nr;
	io->done = io_done;
	/* From here on the backend owns the request. */
	be->ops->submit(be, io);
}

void nvmft_rw_execute(struct nvmft_req *req)
{
	if (nvmft_gate_enter(req, io_slba(req), io_nlb(req), rw_submit))
		rw_submit(req);
}

/*
 * Without asking whether there is a cache: the limits we know are those of some
 * time ago, and the block layer ends at once what its device does not need.
 */
static void flush_submit(struct nvmft_req *req, void (*done)(struct nvmft_io *io, int err))
{
	struct nvmft_backend *be = req->ns->be;
	struct nvmft_io *io = &req->io;

	io->op = NVMFT_IO_FLUSH;
	io->fua = false;
	io->failfast = false;
	io->pos = 0;
	io->len = 0;
	io->bvec = NULL;
	io->nr = 0;
	io->done = done;
	be->ops->submit(be, io);
}

/* The next one for req->ns, if this host may flush it */
static bool flush_enter(struct nvmft_req *req, u32 nsid)
{
	struct nvmft_ctrl *ctrl = req->sq->ctrl;
	u16 status;

	req->ns = nvmft_ns_find(ctrl, nsid);
	status = req->ns ? nvmft_ana_enter(req) : nvmft_ns_refusal(ctrl, nsid);
	if (!status)
		return true;
	/* What is not flushed by this path makes it fail when the others have been. */
	if (status != NVMFT_NS_NOT_THERE)
		req->doom = status;
	return false;
}

static void flush_leave(struct nvmft_req *req)
{
	if (!req->ns)
		return;
	nvmft_ana_leave(req);
	nvmft_ns_put(req->ns);
	req->ns = NULL;
}

/*
 * Flush of all namespaces (Base 2.1, 7.2): one after the other. Each is
 * referenced by req->ns for its turn.
 */
static void flush_next(struct nvmft_req *req)
{
	struct xarray *namespaces = &req->sq->ctrl->subsys->namespaces;
	struct nvmft_multi *m = req->multi;

	flush_leave(req);
	if (m->err) {
		nvmft_req_complete(req, nvmft_status_from_errno(m->err, true));
		return;
	}
	while (xa_find(namespaces, &m->nsid, ULONG_MAX, XA_PRESENT)) {
		if (flush_enter(req, m->nsid++)) {
			flush_submit(req, nvmft_multi_io_done);
			return;
		}
		flush_leave(req);
	}
	nvmft_req_complete(req, req->doom);
}

void nvmft_flush_execute(struct nvmft_req *req)
{
	if (!req->ns) {
		if (!nvmft_multi_get(req)) {
			nvmft_req_complete(req, NVME_SC_INTERNAL);
			return;
		}
		req->multi->step = flush_next;
		flush_next(req);
		return;
	}
	flush_submit(req, io_done);
}
