// SPDX-License-Identifier: GPL-2.0
/*
 * The gate in front of a namespace's blocks.
 *
 * Fused compare-and-write has to be atomic against every other command, but most
 * namespaces never see one. So a namespace begins unarmed: commands take a
 * per-CPU reference and no lock. The first fused command arms it. A lock on all
 * blocks (ns->drain) is put in front of everything, ns->bare is killed, and from
 * then on commands ask for locks on their ranges; when the last command that
 * holds ns->bare has ended, the big lock goes and the others are granted.
 *
 * Ordinary commands share their ranges with each other, as they did without
 * locks; only a fused operation is alone on its blocks.
 */
#include <linux/slab.h>
#include "core/multi.h"

struct nvmft_multi *nvmft_multi_get(struct nvmft_req *req)
{
	struct nvmft_multi *m = req->multi;

	if (m)
		return m;
	m = kzalloc_obj(*m, GFP_NOIO);
	if (!m)
		return NULL;
	m->req = req;
	m->range = &m->one;
	req->multi = m;
	return m;
}

void nvmft_multi_put(struct nvmft_req *req)
{
	struct nvmft_multi *m = req->multi;

	nvmft_buf_free(req->sq, &m->aux);
	if (m->range != &m->one)
		kvfree(m->range);
	kvfree(m->span);
	kfree(m);
	req->multi = NULL;
}

/* ops->respond() brings it to its worker, which calls nvmft_req_resume(). */
void nvmft_multi_continue(struct nvmft_req *req)
{
	req->sq->ops->respond(req);
}

void nvmft_multi_io_done(struct nvmft_io *io, int err)
{
	struct nvmft_req *req = container_of(io, struct nvmft_req, io);

	req->multi->err = err;
	nvmft_multi_continue(req);
}

static void gate_granted(struct nvmft_range *first)
{
	/* The first of a table does not lie in the multi, so it points there. */
	nvmft_multi_continue(first->owner);
}

/* multi->range is filled: ask. */
static bool gate_lock(struct nvmft_req *req, void (*step)(struct nvmft_req *req))
{
	struct nvmft_multi *m = req->multi;

	m->step = step;
	m->range[0].granted = gate_granted;
	m->range[0].owner = req;
	req->gate = NVMFT_GATE_RANGE;
	return nvmft_range_lock(&req->ns->ranges, m->range, m->nr_ranges);
}

static bool gate_no_memory(struct nvmft_req *req)
{
	nvmft_req_complete(req, NVME_SC_INTERNAL);
	return false;
}

static bool gate_bare(struct nvmft_req *req)
{
	if (unlikely(!percpu_ref_tryget_live(&req->ns->bare)))
		return false;
	req->gate = NVMFT_GATE_BARE;
	return true;
}

bool nvmft_gate_enter(struct nvmft_req *req, u64 slba, u64 nlb,
		      void (*step)(struct nvmft_req *req))
{
	struct nvmft_multi *m;

	if (likely(gate_bare(req)))
		return true;
	m = nvmft_multi_get(req);
	if (!m)
		return gate_no_memory(req);
	m->nr_ranges = 1;
	nvmft_range_set(m->range, slba, slba + nlb - 1, false);
	return gate_lock(req, step);
}

bool nvmft_gate_enter_spans(struct nvmft_req *req, u64 dst, u64 nlb_dst,
			    void (*step)(struct nvmft_req *req))
{
	struct nvmft_multi *m = req->multi;
	u32 i;

	if (likely(gate_bare(req)))
		return true;
	m->nr_ranges = m->nr_spans + !!nlb_dst;
	m->range = kvcalloc(m->nr_ranges, sizeof(*m->range), GFP_NOIO);
	if (!m->range) {
		m->range = &m->one;
		return gate_no_memory(req);
	}
	for (i = 0; i < m->nr_spans; i++)
		nvmft_range_set(&m->range[i], m->span[i].slba,
				m->span[i].slba + m->span[i].nlb - 1, false);
	if (nlb_dst)
		nvmft_range_set(&m->range[i], dst, dst + nlb_dst - 1, false);
	m->nr_ranges = nvmft_ranges_merge(m->range, m->nr_ranges);
	return gate_lock(req, step);
}

/* Once. The caller holds ns->ref, so the namespace is not disabled meanwhile. */
static void gate_arm(struct nvmft_ns *ns)
{
	/* Whoever sees it set sees the locks below it. */
	if (smp_load_acquire(&ns->armed))
		return;
	mutex_lock(&ns->arm_lock);
	if (!ns->armed) {
		nvmft_range_set(&ns->drain, 0, U64_MAX, true);
		nvmft_range_lock(&ns->ranges, &ns->drain, 1);
		ns->draining = true;
		percpu_ref_kill(&ns->bare);
		/* Who sees it finds the big lock in front of his own. */
		smp_store_release(&ns->armed, true);
	}
	mutex_unlock(&ns->arm_lock);
}

bool nvmft_gate_enter_alone(struct nvmft_req *req, u64 slba, u64 nlb,
			    void (*step)(struct nvmft_req *req))
{
	struct nvmft_multi *m = nvmft_multi_get(req);

	if (!m)
		return gate_no_memory(req);
	gate_arm(req->ns);
	m->nr_ranges = 1;
	nvmft_range_set(m->range, slba, slba + nlb - 1, true);
	return gate_lock(req, step);
}

void nvmft_gate_leave(struct nvmft_req *req)
{
	u8 gate = req->gate;

	req->gate = NVMFT_GATE_NONE;
	if (likely(gate == NVMFT_GATE_BARE))
		percpu_ref_put(&req->ns->bare);
	else if (gate == NVMFT_GATE_RANGE)
		nvmft_range_unlock(&req->ns->ranges, req->multi->range, req->multi->nr_ranges);
}

void nvmft_io_complete(struct nvmft_req *req, u16 status)
{
	nvmft_gate_leave(req);
	nvmft_req_complete(req, status);
}

void nvmft_multi_submit(struct nvmft_req *req, void (*step)(struct nvmft_req *req))
{
	struct nvmft_backend *be = req->ns->be;

	req->multi->step = step;
	req->io.done = nvmft_multi_io_done;
	be->ops->submit(be, &req->io);
}

void nvmft_multi_rw(struct nvmft_req *req, struct nvmft_buf *buf, u64 slba, u32 len,
		    enum nvmft_io_op op, bool fua, void (*step)(struct nvmft_req *req))
{
	req->io = (struct nvmft_io){
		.op = op,
		.fua = fua,
		.pos = slba << req->ns->lba_shift,
		.len = len,
		.bvec = buf->bvec,
		.nr = buf->nr,
	};
	nvmft_multi_submit(req, step);
}
