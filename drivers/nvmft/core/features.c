// SPDX-License-Identifier: GPL-2.0
/*
 * Set and Get Features. Nothing is saveable, so the saved value of a feature is
 * its default (Base 2.1, 5.1.12).
 */
#include "core/req.h"

#define SEL_CURRENT	0
#define SEL_DEFAULT	1
#define SEL_SAVED	2
#define SEL_SUPPORTED	3

/* DW0 of Get Features with SEL 3 */
#define CAP_CHANGEABLE	BIT(2)

#define AEC_SMART	0xffU	/* critical warnings: may be asked for, never raised */

/**
 * struct feature - one feature
 * @discovery: a discovery controller has it too
 * @caps: DW0 for SEL 3
 * @def: default value
 * @get: current value into DW0
 * @set: set it from dword 11, may write DW0; NULL: there is no such feature
 */
struct feature {
	bool	discovery;
	u32	caps;
	u32	def;
	u16	(*get)(struct nvmft_req *req, u32 *dw0);
	u16	(*set)(struct nvmft_req *req, u32 dw11, u32 *dw0);
};

static u16 get_vwc(struct nvmft_req *req, u32 *dw0)
{
	if (!nvmft_subsys_write_cache(req->sq->ctrl->subsys))
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	*dw0 = 1;
	return 0;
}

/* The cache is the device's own: it may be asked to be on, which it is. */
static u16 set_vwc(struct nvmft_req *req, u32 dw11, u32 *dw0)
{
	if (!nvmft_subsys_write_cache(req->sq->ctrl->subsys))
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	if (!(dw11 & 1))
		return NVMFT_SC_FEAT_NOT_CHANGEABLE | NVME_STATUS_DNR;
	return 0;
}

static u32 pack_queues(u32 n)
{
	return (n - 1) | (n - 1) << 16;
}

static u16 get_num_queues(struct nvmft_req *req, u32 *dw0)
{
	struct nvmft_ctrl *ctrl = req->sq->ctrl;
	u32 granted;

	spin_lock(&ctrl->lock);
	granted = ctrl->granted;
	spin_unlock(&ctrl->lock);
	*dw0 = pack_queues(granted ? granted : READ_ONCE(ctrl->subsys->qid_max));
	return 0;
}

/*
 * A queue pair is one submission and one completion queue, so both numbers are
 * granted alike: the smaller of what was asked, at most qid_max.
 */
static u16 set_num_queues(struct nvmft_req *req, u32 dw11, u32 *dw0)
{
	struct nvmft_ctrl *ctrl = req->sq->ctrl;
	u32 nsq = dw11 & 0xffff, ncq = dw11 >> 16, n;
	u16 status = 0;

	if (nsq == 0xffff || ncq == 0xffff)
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	n = min3(nsq + 1, ncq + 1, (u32)READ_ONCE(ctrl->subsys->qid_max));
	spin_lock(&ctrl->lock);
	if (!bitmap_empty(ctrl->qids, NVMFT_QID_MAX + 1))
		status = NVME_SC_CMD_SEQ_ERROR | NVME_STATUS_DNR;
	else
		ctrl->granted = n;
	spin_unlock(&ctrl->lock);
	*dw0 = status ? 0 : pack_queues(n);
	return status;
}

static u16 get_async_event(struct nvmft_req *req, u32 *dw0)
{
	*dw0 = READ_ONCE(req->sq->ctrl->aec);
	return 0;
}

static u16 set_async_event(struct nvmft_req *req, u32 dw11, u32 *dw0)
{
	struct nvmft_ctrl *ctrl = req->sq->ctrl;
	u32 mask = ctrl->discovery ? NVME_AEN_CFG_DISC_CHANGE :
		   AEC_SMART | NVME_AEN_CFG_NS_ATTR | NVME_AEN_CFG_ANA_CHANGE;

	if (dw11 & ~mask)
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	spin_lock(&ctrl->lock);
	WRITE_ONCE(ctrl->aec, dw11);
	spin_unlock(&ctrl->lock);
	return 0;
}

static u16 get_kato(struct nvmft_req *req, u32 *dw0)
{
	*dw0 = READ_ONCE(req->sq->ctrl->kato);
	return 0;
}

static u16 set_kato(struct nvmft_req *req, u32 dw11, u32 *dw0)
{
	nvmft_ctrl_set_kato(req->sq->ctrl, nvmft_round_kato(dw11));
	return 0;
}

static u16 get_host_id(struct nvmft_req *req, u32 *dw0)
{
	/* Only the extended, 128-bit identifier exists in Fabrics. */
	if (!(le32_to_cpu(req->sqe.features.dword11) & 1))
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	nvmft_buf_fill(&req->buf, req->sq->ctrl->hostid, sizeof(req->sq->ctrl->hostid));
	return 0;
}

/* It came with Connect and stays (Base 2.1, 5.1.25.1.28). */
static u16 set_host_id(struct nvmft_req *req, u32 dw11, u32 *dw0)
{
	return NVME_SC_CMD_SEQ_ERROR | NVME_STATUS_DNR;
}

static const struct feature features[] = {
	[NVME_FEAT_VOLATILE_WC] = {
		.def = 1, .get = get_vwc, .set = set_vwc,
	},
	[NVME_FEAT_NUM_QUEUES] = {
		.caps = CAP_CHANGEABLE, .def = 0, .get = get_num_queues, .set = set_num_queues,
	},
	[NVME_FEAT_ASYNC_EVENT] = {
		.discovery = true, .caps = CAP_CHANGEABLE, .def = 0,
		.get = get_async_event, .set = set_async_event,
	},
	[NVME_FEAT_KATO] = {
		.discovery = true, .caps = CAP_CHANGEABLE, .def = 0,
		.get = get_kato, .set = set_kato,
	},
	[NVME_FEAT_HOST_ID] = {
		.get = get_host_id, .set = set_host_id,
	},
};

static const struct feature *feature_find(const struct nvmft_req *req)
{
	u8 fid = le32_to_cpu(req->sqe.features.fid) & 0xff;
	const struct feature *f;

	if (fid >= ARRAY_SIZE(features))
		return NULL;
	f = &features[fid];
	if (!f->set || (req->sq->ctrl->discovery && !f->discovery))
		return NULL;
	return f;
}

bool nvmft_feature_known(const struct nvmft_req *req)
{
	return feature_find(req);
}

void nvmft_set_features_execute(struct nvmft_req *req)
{
	u32 dw10 = le32_to_cpu(req->sqe.features.fid);
	const struct feature *f = feature_find(req);
	u32 dw0 = 0;
	u16 status;

	if (!f)
		status = NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	else if (dw10 & BIT(31))
		status = NVMFT_SC_FEAT_NOT_SAVEABLE | NVME_STATUS_DNR;
	else
		status = f->set(req, le32_to_cpu(req->sqe.features.dword11), &dw0);
	req->cqe.result.u32 = cpu_to_le32(dw0);
	nvmft_req_complete(req, status);
}

static u16 feature_get(struct nvmft_req *req, const struct feature *f, u32 *dw0)
{
	u32 sel = (le32_to_cpu(req->sqe.features.fid) >> 8) & 7;

	/* Whatever else is asked, a feature with data sends it. */
	if (req->len && sel != SEL_CURRENT) {
		static const u8 zero[16];

		nvmft_buf_fill(&req->buf, zero, sizeof(zero));
	}
	switch (sel) {
	case SEL_CURRENT:
		return f->get(req, dw0);
	case SEL_DEFAULT:
	case SEL_SAVED:
		*dw0 = f->def;
		if (f->get == get_num_queues)
			*dw0 = pack_queues(READ_ONCE(req->sq->ctrl->subsys->qid_max));
		return 0;
	case SEL_SUPPORTED:
		*dw0 = f->caps;
		return 0;
	}
	return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
}

void nvmft_get_features_execute(struct nvmft_req *req)
{
	const struct feature *f = feature_find(req);
	u16 status = NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	u32 dw0 = 0;

	if (f)
		status = feature_get(req, f, &dw0);
	req->cqe.result.u32 = cpu_to_le32(dw0);
	nvmft_req_complete(req, status);
}
