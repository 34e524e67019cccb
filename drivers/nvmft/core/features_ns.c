// SPDX-License-Identifier: GPL-2.0
/* Features of a namespace: Error Recovery and Namespace Write Protection. */
#include "core/ana.h"
#include "core/features.h"
#include "proto/status.h"

typedef u16 (*ns_fn)(struct nvmft_req *req, struct nvmft_ns *ns, u32 *val);

/* Return: NVMFT_NS_NOT_THERE if it is not there for this host */
static u16 on_ns(struct nvmft_req *req, u32 nsid, ns_fn fn, u32 *val)
{
	struct nvmft_ctrl *ctrl = req->sq->ctrl;
	u16 status;

	req->ns = nvmft_ns_find(ctrl, nsid);
	if (!req->ns)
		return nvmft_ns_refusal(ctrl, nsid);
	status = nvmft_ana_enter(req);
	if (!status)
		status = fn(req, req->ns, val);
	nvmft_ana_leave(req);
	nvmft_ns_put(req->ns);
	req->ns = NULL;
	return status;
}

/*
 * Call @fn for the namespace that the command names, or for each if that is all
 * of them. nvmft_feature_check() has let through only what can name one.
 */
static u16 for_ns(struct nvmft_req *req, ns_fn fn, u32 *val)
{
	struct nvmft_ctrl *ctrl = req->sq->ctrl;
	u32 nsid = le32_to_cpu(req->sqe.common.nsid);
	struct nvmft_ns *ns;
	unsigned long id;
	u16 status = 0;

	if (nsid != NVME_NSID_ALL) {
		status = on_ns(req, nsid, fn, val);
		if (status != NVMFT_NS_NOT_THERE)
			return status;
		/* An NSID that is valid and not active (Base 2.1, 3.2.1) */
		req->loc = NVMFT_LOC_NSID;
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	}
	xa_for_each(&ctrl->subsys->namespaces, id, ns) {
		status = on_ns(req, id, fn, val);
		if (status && status != NVMFT_NS_NOT_THERE)
			return status;
	}
	return 0;
}

/* How long a device tries is its own affair: TLER 0, no limit. */
static u16 error_recovery(struct nvmft_req *req, struct nvmft_ns *ns, u32 *tler)
{
	if (*tler)
		return nvmft_feature_bad_dw11(req, NVMFT_SC_FEAT_NOT_CHANGEABLE);
	return 0;
}

static u16 get_error_recovery(struct nvmft_req *req, u32 *dw0)
{
	return for_ns(req, error_recovery, dw0);
}

static u16 set_error_recovery(struct nvmft_req *req, u32 dw11, u32 *dw0)
{
	return for_ns(req, error_recovery, &dw11);
}

const struct nvmft_feature_ops nvmft_feature_error_recovery = {
	.get = get_error_recovery,
	.set = set_error_recovery,
};

static u16 protection(struct nvmft_req *req, struct nvmft_ns *ns, u32 *wps)
{
	*wps = nvmft_ns_readonly(ns) ? NVME_NS_WRITE_PROTECT : NVME_NS_NO_WRITE_PROTECT;
	return 0;
}

static u16 get_write_protect(struct nvmft_req *req, u32 *dw0)
{
	return for_ns(req, protection, dw0);
}

static u16 protect(struct nvmft_req *req, struct nvmft_ns *ns, u32 *wps)
{
	/* A device that refuses writes cannot be talked into taking them. */
	if (*wps == NVME_NS_NO_WRITE_PROTECT && READ_ONCE(ns->readonly))
		return nvmft_feature_bad_dw11(req, NVMFT_SC_FEAT_NOT_CHANGEABLE);
	return nvmft_status_from_errno(nvmft_ns_protect(ns, *wps), true);
}

/* The states that last until a power cycle or for ever are not in NWPC. */
static u16 set_write_protect(struct nvmft_req *req, u32 dw11, u32 *dw0)
{
	if (dw11 > NVME_NS_WRITE_PROTECT)
		return nvmft_feature_bad_dw11(req, NVME_SC_INVALID_FIELD);
	return for_ns(req, protect, &dw11);
}

const struct nvmft_feature_ops nvmft_feature_write_protect = {
	.get = get_write_protect,
	.set = set_write_protect,
};
