// SPDX-License-Identifier: GPL-2.0
/*
 * Set and Get Features. Nothing is saveable, so the saved value of a feature is
 * its default (Base 2.1, 4.4).
 */
#include <linux/mm.h>
#include "core/features.h"

#define AEC_SMART	0xffU	/* critical warnings: may be asked for, never raised */

/* Power Management: state 0 is the only one; Workload Hint in bits 7:5 */
#define PM_STATE	0x1fU
#define PM_HINT(dw)	((dw) >> 5)
#define PM_HINT_MAX	2

/* Temperature Threshold: which sensor, and which side of it */
#define TEMP_VALUE	0xffffU
#define TEMP_SENSOR(dw)	((dw) >> 16 & 0xf)
#define TEMP_SIDE(dw)	((dw) >> 20 & 3)
#define TEMP_COMPOSITE	0
#define TEMP_ALL	0xf
#define TEMP_OVER	0
#define TEMP_UNDER	1

/* Features that are held and have nothing to act upon: where */
static u32 *held(struct nvmft_req *req)
{
	struct nvmft_feat *feat = &req->sq->ctrl->feat;

	switch (le32_to_cpu(req->sqe.features.fid) & 0xff) {
	case NVME_FEAT_ARBITRATION:
		return &feat->arbitration;
	case NVME_FEAT_POWER_MGMT:
		return &feat->power;
	default:
		return &feat->atomicity;
	}
}

static u16 get_held(struct nvmft_req *req, u32 *dw0)
{
	*dw0 = *held(req);
	return 0;
}

/*
 * 01h: hosts send commands, so a controller over fabrics fetches none in bursts.
 * 0Ah: one block, which is all that AWUN promises, is atomic in any case.
 */
static u16 set_held(struct nvmft_req *req, u32 dw11, u32 *dw0)
{
	*held(req) = dw11;
	return 0;
}

static u16 set_power(struct nvmft_req *req, u32 dw11, u32 *dw0)
{
	if ((dw11 & PM_STATE) || PM_HINT(dw11) > PM_HINT_MAX)
		return nvmft_feature_bad_dw11(req, NVME_SC_INVALID_FIELD);
	return set_held(req, dw11, dw0);
}

/*
 * There is no sensor, so the composite temperature is not reported and no
 * threshold is ever reached; other sensors cannot be named at all.
 */
static u16 get_temp(struct nvmft_req *req, u32 *dw0)
{
	u32 dw11 = nvmft_feature_dw11(req);

	if (TEMP_SENSOR(dw11) != TEMP_COMPOSITE || TEMP_SIDE(dw11) > TEMP_UNDER)
		return nvmft_feature_bad_dw11(req, NVME_SC_INVALID_FIELD);
	*dw0 = req->sq->ctrl->feat.temp[TEMP_SIDE(dw11)] | TEMP_SIDE(dw11) << 20;
	return 0;
}

static u16 set_temp(struct nvmft_req *req, u32 dw11, u32 *dw0)
{
	u32 sensor = TEMP_SENSOR(dw11);

	if ((sensor != TEMP_COMPOSITE && sensor != TEMP_ALL) || TEMP_SIDE(dw11) > TEMP_UNDER)
		return nvmft_feature_bad_dw11(req, NVME_SC_INVALID_FIELD);
	req->sq->ctrl->feat.temp[TEMP_SIDE(dw11)] = dw11 & TEMP_VALUE;
	return 0;
}

static u32 def_temp(struct nvmft_req *req, u32 dw11)
{
	return TEMP_SIDE(dw11) == TEMP_OVER ? TEMP_VALUE : 0;
}

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
	if (!dw11)
		return nvmft_feature_bad_dw11(req, NVMFT_SC_FEAT_NOT_CHANGEABLE);
	return 0;
}

static u32 pack_queues(u32 n)
{
	return (n - 1) | (n - 1) << 16;
}

static u32 def_num_queues(struct nvmft_req *req, u32 dw11)
{
	return pack_queues(READ_ONCE(req->sq->ctrl->subsys->qid_max));
}

static u16 get_num_queues(struct nvmft_req *req, u32 *dw0)
{
	struct nvmft_ctrl *ctrl = req->sq->ctrl;
	u32 granted;

	spin_lock(&ctrl->lock);
	granted = ctrl->granted;
	spin_unlock(&ctrl->lock);
	*dw0 = granted ? pack_queues(granted) : def_num_queues(req, 0);
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
		return nvmft_feature_bad_dw11(req, NVME_SC_INVALID_FIELD);
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
		return nvmft_feature_bad_dw11(req, NVME_SC_INVALID_FIELD);
	nvmft_aer_configure(ctrl, dw11);
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

static const struct nvmft_feature_ops held_ops = { get_held, set_held };
static const struct nvmft_feature_ops power_ops = { get_held, set_power };
static const struct nvmft_feature_ops temp_ops = { get_temp, set_temp, def_temp };
static const struct nvmft_feature_ops vwc_ops = { get_vwc, set_vwc };
static const struct nvmft_feature_ops num_queues_ops = {
	get_num_queues, set_num_queues, def_num_queues
};

static const struct nvmft_feature_ops async_event_ops = { get_async_event, set_async_event };
static const struct nvmft_feature_ops kato_ops = { get_kato, set_kato };

/* Every row of the table in proto/feature.c */
static const struct nvmft_feature_ops *const ops[] = {
	[NVME_FEAT_ARBITRATION]		= &held_ops,
	[NVME_FEAT_POWER_MGMT]		= &power_ops,
	[NVME_FEAT_TEMP_THRESH]		= &temp_ops,
	[NVME_FEAT_ERR_RECOVERY]	= &nvmft_feature_error_recovery,
	[NVME_FEAT_VOLATILE_WC]		= &vwc_ops,
	[NVME_FEAT_NUM_QUEUES]		= &num_queues_ops,
	[NVME_FEAT_WRITE_ATOMIC]	= &held_ops,
	[NVME_FEAT_ASYNC_EVENT]		= &async_event_ops,
	[NVME_FEAT_TIMESTAMP]		= &nvmft_feature_timestamp,
	[NVME_FEAT_KATO]		= &kato_ops,
	[NVME_FEAT_HOST_BEHAVIOR]	= &nvmft_feature_behavior,
	[NVME_FEAT_HOST_ID]		= &nvmft_feature_host_id,
	[NVME_FEAT_WRITE_PROTECT]	= &nvmft_feature_write_protect,
};

void nvmft_features_reset(struct nvmft_ctrl *ctrl)
{
	struct nvmft_feat *feat = &ctrl->feat;

	memset(feat, 0, sizeof(*feat));
	feat->arbitration = nvmft_feature_find(NVMFT_Q_ADMIN, NVME_FEAT_ARBITRATION)->def;
	feat->temp[TEMP_OVER] = TEMP_VALUE;
	feat->ts_start = nvmft_feature_clock();
}

void nvmft_set_features_execute(struct nvmft_req *req)
{
	u8 fid = le32_to_cpu(req->sqe.features.fid) & 0xff;
	u32 dw0 = 0;
	u16 status;

	status = ops[fid]->set(req, nvmft_feature_dw11(req), &dw0);
	req->cqe.result.u32 = cpu_to_le32(dw0);
	nvmft_req_complete(req, status);
}

static u16 feature_get(struct nvmft_req *req, u8 fid, u32 *dw0)
{
	const struct nvmft_feature *f = nvmft_feature_find(req->sq->qt, fid);

	switch ((le32_to_cpu(req->sqe.features.fid) >> 8) & 7) {
	case NVMFT_SEL_CURRENT:
		return ops[fid]->get(req, dw0);
	case NVMFT_SEL_SUPPORTED:
		*dw0 = nvmft_feature_caps(f);
		return 0;
	}
	/* Default and saved, which is the default */
	*dw0 = ops[fid]->def ? ops[fid]->def(req, nvmft_feature_dw11(req)) : f->def;
	if (req->len)
		nvmft_buf_fill(&req->buf, page_address(ZERO_PAGE(0)), req->len);
	return 0;
}

void nvmft_get_features_execute(struct nvmft_req *req)
{
	u32 dw0 = 0;
	u16 status;

	status = feature_get(req, le32_to_cpu(req->sqe.features.fid) & 0xff, &dw0);
	req->cqe.result.u32 = cpu_to_le32(dw0);
	nvmft_req_complete(req, status);
}
