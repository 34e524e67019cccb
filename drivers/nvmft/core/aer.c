// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous events. An event waits (ev_pending) until the host has a
 * request to answer with it; once reported it is masked (ev_masked) until the
 * host has read its log page with RAE 0 (Base 2.1, 5.2.2).
 */
#include <linux/sort.h>
#include "core/req.h"

static const struct {
	u32	aec;	/* bit of Feature 0Bh that enables it */
	u8	info;
	u8	lid;
} events[NVMFT_EV_NR] = {
	[NVMFT_EV_NS_CHANGED]	= { NVME_AEN_CFG_NS_ATTR, NVME_AER_NOTICE_NS_CHANGED,
				    NVME_LOG_CHANGED_NS },
	[NVMFT_EV_ANA]		= { NVME_AEN_CFG_ANA_CHANGE, NVME_AER_NOTICE_ANA,
				    NVME_LOG_ANA },
	[NVMFT_EV_DISCOVERY]	= { NVME_AEN_CFG_DISC_CHANGE, NVME_AER_NOTICE_DISC_CHANGED,
				    NVME_LOG_DISC },
};

/* The events that the host wants to hear of now. ctrl->lock held. */
static u32 aer_wanted(const struct nvmft_ctrl *ctrl)
{
	u32 ev, wanted = 0;

	for (ev = 0; ev < NVMFT_EV_NR; ev++)
		if (ctrl->aec & events[ev].aec)
			wanted |= BIT(ev);
	return wanted;
}

/* Answer waiting requests with pending events. ctrl->lock held. */
static void aer_deliver(struct nvmft_ctrl *ctrl)
{
	struct nvmft_req *req;
	u32 ev, due;

	lockdep_assert_held(&ctrl->lock);
	while (ctrl->nr_aers && (due = ctrl->ev_pending & aer_wanted(ctrl))) {
		ev = __ffs(due);
		ctrl->ev_pending &= ~BIT(ev);
		ctrl->ev_masked |= BIT(ev);
		req = ctrl->aers[0];
		ctrl->nr_aers--;
		memmove(&ctrl->aers[0], &ctrl->aers[1], ctrl->nr_aers * sizeof(req));
		req->cqe.result.u32 = cpu_to_le32(NVME_AER_NOTICE | events[ev].info << 8 |
						  events[ev].lid << 16);
		nvmft_req_complete(req, 0);
	}
}

static void aer_post(struct nvmft_ctrl *ctrl, enum nvmft_event ev)
{
	lockdep_assert_held(&ctrl->lock);
	if (!(ctrl->aec & events[ev].aec) || (ctrl->ev_masked & BIT(ev)))
		return;
	ctrl->ev_pending |= BIT(ev);
	aer_deliver(ctrl);
}

void nvmft_aer_configure(struct nvmft_ctrl *ctrl, u32 aec)
{
	spin_lock(&ctrl->lock);
	WRITE_ONCE(ctrl->aec, aec);
	aer_deliver(ctrl);
	spin_unlock(&ctrl->lock);
}

void nvmft_aer_event(struct nvmft_ctrl *ctrl, enum nvmft_event ev)
{
	spin_lock(&ctrl->lock);
	aer_post(ctrl, ev);
	spin_unlock(&ctrl->lock);
}

void nvmft_aer_ns_changed(struct nvmft_ctrl *ctrl, u32 nsid)
{
	u32 i;

	spin_lock(&ctrl->lock);
	for (i = 0; i < ctrl->nr_changed && i < NVMFT_NN; i++)
		if (ctrl->changed[i] == nsid)
			goto known;
	if (ctrl->nr_changed < NVMFT_NN)
		ctrl->changed[ctrl->nr_changed] = nsid;
	if (ctrl->nr_changed <= NVMFT_NN)
		ctrl->nr_changed++;
known:
	aer_post(ctrl, NVMFT_EV_NS_CHANGED);
	spin_unlock(&ctrl->lock);
}

/* The host knows: what waits need not be reported, what comes may be. */
static void aer_forget(struct nvmft_ctrl *ctrl, enum nvmft_event ev)
{
	lockdep_assert_held(&ctrl->lock);
	ctrl->ev_masked &= ~BIT(ev);
	ctrl->ev_pending &= ~BIT(ev);
}

void nvmft_aer_clear(struct nvmft_ctrl *ctrl, enum nvmft_event ev)
{
	spin_lock(&ctrl->lock);
	aer_forget(ctrl, ev);
	spin_unlock(&ctrl->lock);
}

static int cmp_nsid(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

u32 nvmft_aer_take_changed(struct nvmft_ctrl *ctrl, u32 *nsids, bool clear)
{
	u32 n;

	spin_lock(&ctrl->lock);
	n = ctrl->nr_changed;
	memcpy(nsids, ctrl->changed, min_t(u32, n, NVMFT_NN) * sizeof(*nsids));
	if (clear) {
		ctrl->nr_changed = 0;
		aer_forget(ctrl, NVMFT_EV_NS_CHANGED);
	}
	spin_unlock(&ctrl->lock);
	sort(nsids, min_t(u32, n, NVMFT_NN), sizeof(*nsids), cmp_nsid, NULL);
	return n;
}

void nvmft_aer_request(struct nvmft_req *req)
{
	struct nvmft_ctrl *ctrl = req->sq->ctrl;
	u16 status = 0;

	spin_lock(&ctrl->lock);
	if (ctrl->nr_aers == ARRAY_SIZE(ctrl->aers)) {
		status = NVME_SC_ASYNC_LIMIT | NVME_STATUS_DNR;
	} else {
		ctrl->aers[ctrl->nr_aers++] = req;
		aer_deliver(ctrl);
	}
	spin_unlock(&ctrl->lock);
	if (status)
		nvmft_req_complete(req, status);
}

void nvmft_aer_flush(struct nvmft_ctrl *ctrl, u16 status)
{
	spin_lock(&ctrl->lock);
	while (ctrl->nr_aers)
		nvmft_req_complete(ctrl->aers[--ctrl->nr_aers], status);
	spin_unlock(&ctrl->lock);
}

bool nvmft_aer_abort(struct nvmft_ctrl *ctrl, struct nvmft_req *req)
{
	bool found = false;
	u8 i;

	spin_lock(&ctrl->lock);
	for (i = 0; i < ctrl->nr_aers && !found; i++) {
		if (ctrl->aers[i] != req)
			continue;
		found = true;
		ctrl->nr_aers--;
		memmove(&ctrl->aers[i], &ctrl->aers[i + 1], (ctrl->nr_aers - i) * sizeof(req));
	}
	spin_unlock(&ctrl->lock);
	if (found)
		nvmft_req_complete(req, NVME_SC_ABORT_REQ | NVME_STATUS_DNR);
	return found;
}
