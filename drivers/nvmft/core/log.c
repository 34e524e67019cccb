// SPDX-License-Identifier: GPL-2.0
/* Get Log Page: each page is produced whole and cut to what was asked for. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include "core/req.h"

#define LSP_RAE		0x80	/* Retain Asynchronous Event, bit 15 of dword 10 */
#define CDW14_OT	23	/* the offset is an index */
#define LOC_CSI		59

/* Newest first; entries that were never made are zero. */
static u16 log_error(struct nvmft_ctrl *ctrl, struct nvmft_cut *cut)
{
	const unsigned int nr = ARRAY_SIZE(ctrl->err);
	static const struct nvmft_err_in none;
	struct nvmft_err_in *copy;
	unsigned int i;
	u64 count;

	copy = kmalloc_array(nr, sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return NVME_SC_INTERNAL;
	spin_lock_irq(&ctrl->err_lock);
	memcpy(copy, ctrl->err, sizeof(ctrl->err));
	count = ctrl->err_count;
	spin_unlock_irq(&ctrl->err_lock);

	for (i = 0; i < nr; i++)
		nvmft_log_error(cut, i < count ? &copy[(count - 1 - i) % nr] : &none);
	kfree(copy);
	return 0;
}

static u16 log_smart(struct nvmft_req *req, struct nvmft_cut *cut)
{
	u32 nsid = le32_to_cpu(req->sqe.get_log_page.nsid);
	struct nvmft_ctrl *ctrl = req->sq->ctrl;
	struct nvmft_smart_in in = {};
	struct nvmft_sq_stat stat;

	/* LPA bit 0 is clear: there is one page for the controller. */
	if (nsid && nsid != NVME_NSID_ALL) {
		req->loc = NVMFT_LOC_NSID;
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	}
	nvmft_ctrl_stat(ctrl, &stat);
	in.units_read = stat.traffic.bytes[NVMFT_KIND_READ] >> 9;
	in.units_written = stat.traffic.bytes[NVMFT_KIND_WRITE] >> 9;
	in.host_reads = stat.traffic.count[NVMFT_KIND_READ];
	in.host_writes = stat.traffic.count[NVMFT_KIND_WRITE];
	in.media_errors = stat.media_errors;
	in.busy_min = div_u64(stat.busy, 60 * HZ);
	in.power_on_hours = div_u64(ktime_get_seconds() - ctrl->subsys->born, 3600);
	spin_lock_irq(&ctrl->err_lock);
	in.err_entries = ctrl->err_count;
	spin_unlock_irq(&ctrl->err_lock);
	nvmft_log_smart(cut, &in);
	return 0;
}

static u16 log_changed_ns(struct nvmft_req *req, struct nvmft_cut *cut)
{
	struct nvmft_ctrl *ctrl = req->sq->ctrl;
	bool clear = !(req->sqe.get_log_page.lsp & LSP_RAE);
	u32 *nsids;
	u32 n;

	/* Reading it forgets it, so an offset beyond it is refused first. */
	if (cut->from > NVMFT_NN * sizeof(*nsids))
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	nsids = kcalloc(NVMFT_NN, sizeof(*nsids), GFP_KERNEL);
	if (!nsids)
		return NVME_SC_INTERNAL;
	n = nvmft_aer_take_changed(ctrl, nsids, clear);
	nvmft_log_changed_ns(cut, nsids, n);
	kfree(nsids);
	return 0;
}

static u16 log_produce(struct nvmft_req *req, struct nvmft_cut *cut)
{
	const struct nvme_get_log_page_command *c = &req->sqe.get_log_page;
	struct nvmft_ctrl *ctrl = req->sq->ctrl;

	switch (c->lid) {
	case NVMFT_LOG_SUPPORTED:
		nvmft_log_supported(cut, req->sq->qt);
		return 0;
	case NVME_LOG_ERROR:
		return log_error(ctrl, cut);
	case NVME_LOG_SMART:
		return log_smart(req, cut);
	case NVME_LOG_FW_SLOT:
		mutex_lock(&ctrl->subsys->lock);
		nvmft_log_fw_slot(cut, ctrl->subsys->firmware);
		mutex_unlock(&ctrl->subsys->lock);
		return 0;
	case NVME_LOG_CHANGED_NS:
		return log_changed_ns(req, cut);
	case NVME_LOG_CMD_EFFECTS:
		if (c->csi != NVME_CSI_NVM) {
			req->loc = LOC_CSI;
			return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
		}
		nvmft_log_effects(cut);
		return 0;
	case NVMFT_LOG_FEATURES:
		nvmft_log_features(cut, req->sq->qt);
		return 0;
	case NVMFT_LOG_MI_CMDS:
		nvmft_log_mi_cmds(cut);
		return 0;
	case NVME_LOG_ANA:
		nvmft_ana_log(ctrl, cut, c->lsp & NVME_ANA_LOG_RGO);
		return 0;
	case NVME_LOG_DISC:
		nvmft_discovery_log(ctrl, cut);
		return 0;
	}
	return NVMFT_SC_INVALID_LOG_PAGE | NVME_STATUS_DNR;
}

static void log_clear_event(struct nvmft_req *req)
{
	struct nvmft_ctrl *ctrl = req->sq->ctrl;

	if (req->sqe.get_log_page.lsp & LSP_RAE)
		return;
	if (req->sqe.get_log_page.lid == NVME_LOG_ANA)
		nvmft_aer_clear(ctrl, NVMFT_EV_ANA);
	else if (req->sqe.get_log_page.lid == NVME_LOG_DISC)
		nvmft_aer_clear(ctrl, NVMFT_EV_DISCOVERY);
}

/* Offsets are in bytes and whole dwords; index offsets are not offered. */
static u16 log_check_offset(struct nvmft_req *req, u64 lpo)
{
	if (lpo & 3)
		req->loc = NVMFT_LOC_CDW12;
	else if (le32_to_cpu(req->sqe.common.cdw14) & BIT(CDW14_OT))
		req->loc = NVMFT_LOC(NVMFT_LOC_CDW14, CDW14_OT);
	else
		return 0;
	return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
}

void nvmft_log_execute(struct nvmft_req *req)
{
	const struct nvme_get_log_page_command *c = &req->sqe.get_log_page;
	u64 lpo = le64_to_cpu(c->lpo);
	struct nvmft_cut cut;
	u16 status;
	void *flat;

	if (!nvmft_log_is_supported(req->sq->qt, c->lid)) {
		nvmft_req_complete(req, NVMFT_SC_INVALID_LOG_PAGE | NVME_STATUS_DNR);
		return;
	}
	status = log_check_offset(req, lpo);
	if (status) {
		nvmft_req_complete(req, status);
		return;
	}
	/*
	 * The event is cleared before the page is made: what happens meanwhile
	 * raises a new one instead of being lost.
	 */
	log_clear_event(req);
	flat = kvzalloc(req->len, GFP_KERNEL);
	if (!flat) {
		nvmft_req_complete(req, NVME_SC_INTERNAL);
		return;
	}
	nvmft_cut_init(&cut, flat, req->len, lpo);
	status = log_produce(req, &cut);
	if (!status && nvmft_cut_beyond(&cut)) {
		req->loc = NVMFT_LOC_CDW12;
		status = NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	}
	if (!status)
		nvmft_buf_fill(&req->buf, flat, req->len);
	kvfree(flat);
	nvmft_req_complete(req, status);
}
