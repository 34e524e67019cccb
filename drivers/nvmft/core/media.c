// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that look at the media or change it without data of the host:
 * Compare, Verify, Write Zeroes, Dataset Management.
 */
#include <linux/slab.h>
#include "core/multi.h"
#include "proto/limits.h"
#include "proto/status.h"

/* Read at a time by Verify and Copy */
#define PIECE		(128U << 10)

static u64 slba_of(const struct nvmft_req *req)
{
	return le64_to_cpu(req->sqe.rw.slba);
}

static u32 nlb_of(const struct nvmft_req *req)
{
	return le16_to_cpu(req->sqe.rw.length) + 1;
}

u32 nvmft_media_extra(const struct nvmft_req *req)
{
	switch (req->desc->op) {
	case NVMFT_OP_COMPARE:
		return req->len;
	case NVMFT_OP_VERIFY:
		return min_t(u64, (u64)nlb_of(req) << req->ns->lba_shift, PIECE);
	case NVMFT_OP_COPY:
		return PIECE;
	default:
		return 0;
	}
}

/* req->multi with pages of its own; false: completed for want of memory. */
static bool media_buf(struct nvmft_req *req, u32 len)
{
	struct nvmft_multi *m = nvmft_multi_get(req);

	if (m && !nvmft_buf_alloc(req->sq, &m->aux, len, GFP_NOIO))
		return true;
	nvmft_io_complete(req, NVME_SC_INTERNAL);
	return false;
}

static void compare_check(struct nvmft_req *req)
{
	struct nvmft_multi *m = req->multi;
	u16 status = nvmft_status_from_errno(m->err, false);

	if (!status && !nvmft_buf_equal(&req->buf, &m->aux))
		status = NVME_SC_COMPARE_FAILED | NVME_STATUS_DNR;
	nvmft_io_complete(req, status);
}

static void compare_read(struct nvmft_req *req)
{
	nvmft_multi_rw(req, &req->multi->aux, slba_of(req), req->len, NVMFT_IO_READ, false,
		       compare_check);
}

void nvmft_compare_execute(struct nvmft_req *req)
{
	if (media_buf(req, req->len) &&
	    nvmft_gate_enter(req, slba_of(req), nlb_of(req), compare_read))
		compare_read(req);
}

/* Verify: piece by piece into pages that nobody looks at */
static void verify_next(struct nvmft_req *req)
{
	struct nvmft_multi *m = req->multi;
	u8 shift = req->ns->lba_shift;
	u32 n = min_t(u64, (u64)(nlb_of(req) - m->done) << shift, PIECE) >> shift;

	if (m->err || !n) {
		nvmft_io_complete(req, nvmft_status_from_errno(m->err, false));
		return;
	}
	if (m->aux.len != n << shift) {
		nvmft_buf_free(req->sq, &m->aux);
		if (!media_buf(req, n << shift))
			return;
	}
	m->done += n;
	nvmft_multi_rw(req, &m->aux, slba_of(req) + m->done - n, n << shift, NVMFT_IO_READ, false,
		       verify_next);
}

void nvmft_verify_execute(struct nvmft_req *req)
{
	if (!nvmft_multi_get(req)) {
		nvmft_req_complete(req, NVME_SC_INTERNAL);
		return;
	}
	if (nvmft_gate_enter(req, slba_of(req), nlb_of(req), verify_next))
		verify_next(req);
}

static void media_done(struct nvmft_io *io, int err)
{
	struct nvmft_req *req = container_of(io, struct nvmft_req, io);

	nvmft_io_complete(req, nvmft_status_from_errno(err, true));
}

static void zeroes_submit(struct nvmft_req *req)
{
	struct nvmft_backend *be = req->ns->be;
	__le16 control = req->sqe.write_zeroes.control;

	req->io = (struct nvmft_io){
		.op = NVMFT_IO_ZERO,
		.pos = slba_of(req) << req->ns->lba_shift,
		.len = (u64)nlb_of(req) << req->ns->lba_shift,
		.fua = nvmft_req_fua(req, control & cpu_to_le16(NVME_RW_FUA)),
		.unmap = control & cpu_to_le16(NVMFT_WZ_DEAC),
		.done = media_done,
	};
	be->ops->submit(be, &req->io);
}

void nvmft_write_zeroes_execute(struct nvmft_req *req)
{
	if (nvmft_gate_enter(req, slba_of(req), nlb_of(req), zeroes_submit))
		zeroes_submit(req);
}

u16 nvmft_media_check(const struct nvmft_req *req)
{
	u32 nr = 0, max = 0;

	if (req->desc->op == NVMFT_OP_DSM) {
		nr = nvmft_sqe_nr_ranges(&req->sqe);
		max = NVMFT_DMRL;
	} else if (req->desc->op == NVMFT_OP_COPY) {
		/* Its format decides what its data is. */
		if (nvmft_sqe_copy_format(&req->sqe))
			return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
		nr = nvmft_sqe_nr_copies(&req->sqe);
		max = NVMFT_MSRC + 1;
	}
	return nr > max ? NVMFT_SC_CMD_SIZE_LIMIT | NVME_STATUS_DNR : 0;
}

/* Take the ranges out of the data into multi->span, checked. */
static u16 dsm_parse(struct nvmft_req *req)
{
	u32 nr = nvmft_sqe_nr_ranges(&req->sqe), i;
	struct nvmft_multi *m = req->multi;
	struct nvme_dsm_range *r;
	u64 sum = 0;
	u16 status = 0;

	r = kvmalloc(req->len, GFP_NOIO);
	m->span = kvcalloc(nr, sizeof(*m->span), GFP_NOIO);
	if (!r || !m->span) {
		kvfree(r);
		return NVME_SC_INTERNAL;
	}
	nvmft_buf_read(&req->buf, r, req->len);
	for (i = 0; i < nr && !status; i++) {
		u64 slba = le64_to_cpu(r[i].slba);
		u32 nlb = le32_to_cpu(r[i].nlb);

		/* A range may be empty. */
		if (!nlb)
			continue;
		sum += nlb;
		if (nlb > NVMFT_DMRSL || sum > NVMFT_DMSL)
			status = NVMFT_SC_CMD_SIZE_LIMIT | NVME_STATUS_DNR;
		else
			status = nvmft_sqe_check_lba(slba, nlb, READ_ONCE(req->ns->nsze));
		m->span[m->nr_spans].slba = slba;
		m->span[m->nr_spans].nlb = nlb;
		m->nr_spans++;
	}
	kvfree(r);
	return status;
}

static void dsm_next(struct nvmft_req *req)
{
	struct nvmft_multi *m = req->multi;
	u8 shift = req->ns->lba_shift;
	const struct nvmft_span *span;

	/* What the device cannot deallocate stays allocated; that is allowed. */
	if (m->err == -EOPNOTSUPP)
		m->err = 0;
	if (m->err || m->at == m->nr_spans) {
		nvmft_io_complete(req, nvmft_status_from_errno(m->err, true));
		return;
	}
	span = &m->span[m->at++];
	req->io = (struct nvmft_io){
		.op = NVMFT_IO_DISCARD,
		.pos = span->slba << shift,
		.len = (u64)span->nlb << shift,
	};
	nvmft_multi_submit(req, dsm_next);
}

void nvmft_dsm_execute(struct nvmft_req *req)
{
	u16 status = NVME_SC_INTERNAL;

	if (nvmft_multi_get(req))
		status = dsm_parse(req);
	/* The other attributes are hints. */
	if (status || !req->multi->nr_spans ||
	    !(le32_to_cpu(req->sqe.dsm.attributes) & NVME_DSMGMT_AD)) {
		nvmft_req_complete(req, status);
		return;
	}
	if (nvmft_gate_enter_spans(req, 0, 0, dsm_next))
		dsm_next(req);
}

/* Would a piece that is written change one that is yet to be read? */
static bool copy_overlaps(const struct nvmft_multi *m, u64 total)
{
	u32 i;

	for (i = 0; i < m->nr_spans; i++)
		if (m->span[i].slba < m->dst + total &&
		    m->dst < m->span[i].slba + m->span[i].nlb)
			return true;
	return false;
}

/* A table is never longer than a page. */
static_assert((NVMFT_MSRC + 1) * sizeof(struct nvmft_copy_range) <= PAGE_SIZE);

u32 nvmft_copy_blocks(const struct nvmft_req *req)
{
	const struct nvmft_copy_range *r = bvec_virt(&req->buf.bvec[0]);
	u32 nr = nvmft_sqe_nr_copies(&req->sqe), total = 0, i;

	for (i = 0; i < nr; i++)
		total += le16_to_cpu(r[i].nlb) + 1;
	return min_t(u32, total, NVMFT_MCL);
}

/* Copy format 0: source ranges, all in this namespace (NVM 1.1, 3.3.2). */
static u16 copy_parse(struct nvmft_req *req, u64 *total)
{
	u32 nr = nvmft_sqe_nr_copies(&req->sqe), i;
	u64 nsze = READ_ONCE(req->ns->nsze);
	struct nvmft_multi *m = req->multi;
	struct nvmft_copy_range *r;
	u16 status = 0;

	*total = 0;
	r = kvmalloc(req->len, GFP_NOIO);
	m->span = kvcalloc(nr, sizeof(*m->span), GFP_NOIO);
	if (!r || !m->span) {
		kvfree(r);
		return NVME_SC_INTERNAL;
	}
	nvmft_buf_read(&req->buf, r, req->len);
	for (i = 0; i < nr && !status; i++) {
		struct nvmft_span *span = &m->span[i];

		span->slba = le64_to_cpu(r[i].slba);
		span->nlb = le16_to_cpu(r[i].nlb) + 1;
		*total += span->nlb;
		if (span->nlb > NVMFT_MSSRL || *total > NVMFT_MCL)
			status = NVMFT_SC_CMD_SIZE_LIMIT | NVME_STATUS_DNR;
		else
			status = nvmft_sqe_check_lba(span->slba, span->nlb, nsze);
	}
	m->nr_spans = nr;
	kvfree(r);
	if (!status)
		status = nvmft_sqe_check_lba(m->dst, *total, nsze);
	if (!status && copy_overlaps(m, *total))
		status = NVMFT_SC_OVERLAPPING_IO | NVME_STATUS_DNR;
	return status;
}

static void copy_read(struct nvmft_req *req);

/* DW0 of a Copy that fails: the first source range that was not copied whole */
static void copy_failed(struct nvmft_req *req, u16 status)
{
	req->cqe.result.u32 = cpu_to_le32(req->multi->at);
	nvmft_io_complete(req, status);
}

static bool copy_fua(const struct nvmft_req *req)
{
	return nvmft_req_fua(req, le32_to_cpu(req->sqe.common.cdw12) & BIT(30));
}

/* A piece has been read: write it where it belongs. */
static void copy_write(struct nvmft_req *req)
{
	struct nvmft_multi *m = req->multi;
	u32 nlb = m->aux.len >> req->ns->lba_shift;
	u64 dst = m->dst;

	if (m->err) {
		copy_failed(req, nvmft_status_from_errno(m->err, false));
		return;
	}
	m->dst += nlb;
	nvmft_multi_rw(req, &m->aux, dst, m->aux.len, NVMFT_IO_WRITE, copy_fua(req),
		       copy_read);
}

static void copy_read(struct nvmft_req *req)
{
	struct nvmft_multi *m = req->multi;
	u8 shift = req->ns->lba_shift;
	const struct nvmft_span *span;
	u32 n;

	if (m->err) {
		copy_failed(req, nvmft_status_from_errno(m->err, true));
		return;
	}
	if (m->done == m->span[m->at].nlb) {
		m->at++;
		m->done = 0;
	}
	if (m->at == m->nr_spans) {
		nvmft_io_complete(req, 0);
		return;
	}
	span = &m->span[m->at];
	n = min_t(u64, (u64)(span->nlb - m->done) << shift, PIECE) >> shift;
	if (m->aux.len != n << shift) {
		nvmft_buf_free(req->sq, &m->aux);
		if (nvmft_buf_alloc(req->sq, &m->aux, n << shift, GFP_NOIO)) {
			copy_failed(req, NVME_SC_INTERNAL);
			return;
		}
	}
	m->done += n;
	nvmft_multi_rw(req, &m->aux, span->slba + m->done - n, n << shift, NVMFT_IO_READ, false,
		       copy_write);
}

void nvmft_copy_execute(struct nvmft_req *req)
{
	struct nvmft_multi *m = nvmft_multi_get(req);
	u64 total;
	u16 status;

	if (!m) {
		nvmft_req_complete(req, NVME_SC_INTERNAL);
		return;
	}
	m->dst = le64_to_cpu(req->sqe.rw.slba);
	status = copy_parse(req, &total);
	if (status) {
		nvmft_req_complete(req, status);
		return;
	}
	if (nvmft_gate_enter_spans(req, m->dst, total, copy_read))
		copy_read(req);
}
