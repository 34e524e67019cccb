// SPDX-License-Identifier: GPL-2.0
/* I/O commands: everything is checked, then the backend gets one operation. */
#include "core/req.h"
#include "proto/status.h"

static u64 rw_slba(const struct nvmft_req *req)
{
	return le64_to_cpu(req->sqe.rw.slba);
}

static u16 rw_check(struct nvmft_req *req, const struct nvmft_ns *ns)
{
	u32 nlb = le16_to_cpu(req->sqe.rw.length) + 1;
	u64 len = (u64)nlb << ns->lba_shift;
	u16 status;

	/* In blocks, before anything is shifted: no start can wrap to 0. */
	status = nvmft_sqe_check_lba(rw_slba(req), nlb, READ_ONCE(ns->nsze));
	if (unlikely(status))
		return status;
	if (unlikely(len > nvmft_req_max_len(req)))
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	req->len = len;
	return 0;
}

u16 nvmft_io_check(struct nvmft_req *req)
{
	struct nvmft_sq *sq = req->sq;
	struct nvmft_port *port = nvmft_port_of(sq->port);
	struct nvmft_ns *ns;
	u16 status;

	ns = nvmft_ns_find(sq->ctrl->subsys, le32_to_cpu(req->sqe.common.nsid));
	if (unlikely(!ns))
		return NVME_SC_INVALID_NS | NVME_STATUS_DNR;
	req->ns = ns;
	status = nvmft_ana_status(READ_ONCE(port->ana_state[READ_ONCE(ns->anagrpid)]));
	if (unlikely(status))
		return status;
	if (unlikely((req->desc->flags & NVMFT_OPF_WRITES) && READ_ONCE(ns->readonly)))
		return NVME_SC_NS_WRITE_PROTECTED | NVME_STATUS_DNR;
	if (req->desc->len_rule == NVMFT_LEN_LBA)
		return rw_check(req, ns);
	return 0;
}

static void io_done(struct nvmft_io *io, int err)
{
	struct nvmft_req *req = container_of(io, struct nvmft_req, io);

	nvmft_req_complete(req, nvmft_status_from_errno(err, io->op != NVMFT_IO_READ));
}

static void io_submit(struct nvmft_req *req, enum nvmft_io_op op)
{
	struct nvmft_io *io = &req->io;
	struct nvmft_backend *be = req->ns->be;

	io->op = op;
	io->done = io_done;
	/* From here on the backend owns the request. */
	be->ops->submit(be, io);
}

void nvmft_rw_execute(struct nvmft_req *req)
{
	struct nvmft_io *io = &req->io;
	bool write = req->desc->op == NVMFT_OP_WRITE;

	io->pos = rw_slba(req) << req->ns->lba_shift;
	io->len = req->len;
	io->bvec = req->buf.bvec;
	io->nr = req->buf.nr;
	io->fua = write && (req->sqe.rw.control & cpu_to_le16(NVME_RW_FUA));
	io_submit(req, write ? NVMFT_IO_WRITE : NVMFT_IO_READ);
}

void nvmft_flush_execute(struct nvmft_req *req)
{
	struct nvmft_io *io = &req->io;

	if (!READ_ONCE(req->ns->limits.write_cache)) {
		nvmft_req_complete(req, 0);
		return;
	}
	io->pos = 0;
	io->len = 0;
	io->bvec = NULL;
	io->nr = 0;
	io->fua = false;
	io_submit(req, NVMFT_IO_FLUSH);
}
