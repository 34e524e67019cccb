// SPDX-License-Identifier: GPL-2.0
/* Features with a data structure: Timestamp, Host Behavior Support, Host Identifier. */
#include <linux/ktime.h>
#include <linux/mm.h>
#include "core/features.h"

/* Timestamp: 48 bits of ms, then how they came about (Base 2.1, 5.1.25.1) */
#define TS_MS_MASK		((1ULL << 48) - 1)
#define TS_ORIGIN_SHIFT		49	/* bits 3:1 of byte 6 */
#define TS_ORIGIN_RESET		0ULL
#define TS_ORIGIN_SET		1ULL

/* It counts while the machine sleeps, so SYNCH (bit 0 of byte 6) is clear. */
u64 nvmft_feature_clock(void)
{
	return ktime_to_ms(ktime_get_boottime());
}

static u16 get_timestamp(struct nvmft_req *req, u32 *dw0)
{
	const struct nvmft_feat *feat = &req->sq->ctrl->feat;
	u64 now = feat->ts_ms + nvmft_feature_clock() - feat->ts_start;
	u64 origin = feat->ts_set ? TS_ORIGIN_SET : TS_ORIGIN_RESET;
	__le64 data = cpu_to_le64((now & TS_MS_MASK) | origin << TS_ORIGIN_SHIFT);

	static_assert(sizeof(data) == NVMFT_FEAT_TIMESTAMP_LEN);
	nvmft_buf_fill(&req->buf, &data, sizeof(data));
	return 0;
}

static u16 set_timestamp(struct nvmft_req *req, u32 dw11, u32 *dw0)
{
	struct nvmft_feat *feat = &req->sq->ctrl->feat;
	__le64 data;

	nvmft_buf_read(&req->buf, &data, sizeof(data));
	feat->ts_ms = le64_to_cpu(data) & TS_MS_MASK;
	feat->ts_start = nvmft_feature_clock();
	feat->ts_set = true;
	return 0;
}

const struct nvmft_feature_ops nvmft_feature_timestamp = {
	.get = get_timestamp,
	.set = set_timestamp,
};

static u16 get_behavior(struct nvmft_req *req, u32 *dw0)
{
	const struct nvmft_feat *feat = &req->sq->ctrl->feat;

	nvmft_buf_fill(&req->buf, page_address(ZERO_PAGE(0)), req->len);
	nvmft_buf_fill(&req->buf, feat->behavior, sizeof(feat->behavior));
	return 0;
}

/*
 * What a host can bear. No command is interrupted (ACRE), there is no telemetry
 * (ETDAS), one LBA format (LBAFEE) and no dispersed namespace (HDISNS), so none
 * of it changes what the controller does.
 */
static u16 set_behavior(struct nvmft_req *req, u32 dw11, u32 *dw0)
{
	u8 data[NVMFT_BEHAVIOR_USED];
	u16 status;

	nvmft_buf_read(&req->buf, data, sizeof(data));
	status = nvmft_feature_check_behavior(data);
	if (!status)
		memcpy(req->sq->ctrl->feat.behavior, data, sizeof(data));
	return status;
}

const struct nvmft_feature_ops nvmft_feature_behavior = {
	.get = get_behavior,
	.set = set_behavior,
};

static u16 get_host_id(struct nvmft_req *req, u32 *dw0)
{
	const struct nvmft_ctrl *ctrl = req->sq->ctrl;

	/* Only the extended, 128-bit identifier exists in fabrics. */
	if (!(nvmft_feature_dw11(req) & 1))
		return nvmft_feature_bad_dw11(req, NVME_SC_INVALID_FIELD);
	static_assert(sizeof(ctrl->hostid) == NVMFT_FEAT_HOST_ID_LEN);
	nvmft_buf_fill(&req->buf, ctrl->hostid, sizeof(ctrl->hostid));
	return 0;
}

/* It came with Connect and stays (Base 2.1, 5.1.25.1). */
static u16 set_host_id(struct nvmft_req *req, u32 dw11, u32 *dw0)
{
	return NVME_SC_CMD_SEQ_ERROR | NVME_STATUS_DNR;
}

const struct nvmft_feature_ops nvmft_feature_host_id = {
	.get = get_host_id,
	.set = set_host_id,
};
