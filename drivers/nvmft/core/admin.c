// SPDX-License-Identifier: GPL-2.0
/* Abort and Keep Alive. */
#include "core/req.h"

/*
 * A command belongs to the worker of its queue, so that worker looks for it and
 * answers the Abort. ctrl->lock keeps the queue from going meanwhile.
 */
void nvmft_abort_execute(struct nvmft_req *req)
{
	u16 sqid = le16_to_cpu(req->sqe.abort.sqid);
	struct nvmft_ctrl *ctrl = req->sq->ctrl;
	struct nvmft_sq *sq = NULL;

	spin_lock(&ctrl->lock);
	if (!sqid)
		sq = ctrl->admin;
	else if (sqid <= NVMFT_QID_MAX)
		sq = ctrl->io[sqid];
	if (sq)
		ctrl->ops->abort(sq, req);
	spin_unlock(&ctrl->lock);
	if (!sq)
		nvmft_abort_done(req, false);
}

/* That it came is what counts; the worker has noted it. */
void nvmft_keep_alive_execute(struct nvmft_req *req)
{
	nvmft_req_complete(req, 0);
}
