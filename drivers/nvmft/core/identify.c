// SPDX-License-Identifier: GPL-2.0
/* Identify: collects what a page says and lets proto/ident.c lay it out. */
#include <linux/slab.h>
#include "core/req.h"
#include "proto/limits.h"

/* CSI and CNTID of an Identify */
#define LOC_CSI		47
#define LOC_CNTID	42

static u16 ident_ctrl(struct nvmft_ctrl *ctrl, u8 *page)
{
	struct nvmft_subsys *subsys = ctrl->subsys;
	struct nvmft_ident_ctrl_in in = {
		.subnqn		= subsys->nqn,
		.cntlid		= ctrl->cntlid,
		.mdts		= ctrl->port->mdts,
		.cntrltype	= ctrl->discovery ? NVME_CTRL_DISC : NVME_CTRL_IO,
		.maxcmd		= ctrl->max_queue_size,
		.icd_size	= ctrl->port->t.icd_size,
	};

	if (ctrl->discovery) {
		in.oaes = NVME_AEN_CFG_DISC_CHANGE;
	} else {
		in.oaes = NVME_AEN_CFG_NS_ATTR | NVME_AEN_CFG_ANA_CHANGE;
		in.nn = NVMFT_NN;
		in.vwc = nvmft_subsys_write_cache(subsys);
		if (!in.vwc)
			WRITE_ONCE(ctrl->no_cache_told, true);
		in.oncs = nvmft_ident_oncs();
		in.ocfs = in.oncs & NVMFT_ONCS_COPY ? NVMFT_COPY_FORMATS : 0;
		in.fuses = NVMFT_FUSES_CAW;
		in.flush_all = true;
	}
	/* The discovery service can be renamed at any time. */
	down_read(&nvmft_config_sem);
	/* From here on hosts know these values, so they stay. */
	mutex_lock(&subsys->lock);
	subsys->identified = true;
	in.sn = subsys->serial;
	in.mn = subsys->model;
	in.fr = subsys->firmware;
	in.oui = subsys->oui;
	in.vid = subsys->vid;
	in.ssvid = subsys->ssvid;
	in.ver = subsys->ver;
	nvmft_ident_ctrl(page, &in);
	mutex_unlock(&subsys->lock);
	up_read(&nvmft_config_sem);
	return 0;
}

static void ns_input(const struct nvmft_req *req, const struct nvmft_ns *ns,
		     struct nvmft_ident_ns_in *in)
{
	/* Where it leaves standby at this moment: the host is told then to look again. */
	const struct nvmft_limits lim = data_race(ns->limits);
	const struct nvmft_ident_sizes sizes = {
		.phys		= lim.phys_size,
		.io_min		= lim.io_min,
		.io_opt		= lim.io_opt,
		.discard	= lim.discard_align ? 0 : lim.discard_granularity,
		.atomic		= lim.atomic,
		.mdts		= nvmft_req_max_len(req),
	};

	/* The identity does not change while the namespace is enabled. */
	memset(in, 0, sizeof(*in));
	in->nsze = READ_ONCE(ns->nsze);
	in->lba_shift = READ_ONCE(ns->lba_shift);
	memcpy(in->nguid, ns->nguid, sizeof(in->nguid));
	memcpy(in->eui64, ns->eui64, sizeof(in->eui64));
	memcpy(in->uuid, &ns->uuid, sizeof(in->uuid));
	in->anagrpid = READ_ONCE(ns->anagrpid);
	in->lost = nvmft_ana_is_lost(READ_ONCE(req->sq->ctrl->port->ana_state[in->anagrpid]));
	in->readonly = nvmft_ns_readonly(ns);
	nvmft_ident_ns_sizes(in, &sizes);
	in->nacwu = nvmft_caw_blocks(in->lba_shift);
	if (nvmft_ident_oncs() & NVMFT_ONCS_COPY) {
		in->mssrl = NVMFT_MSSRL;
		in->mcl = NVMFT_MCL;
		in->msrc = NVMFT_MSRC;
	}
}

typedef void (*ns_page_fn)(u8 *page, const struct nvmft_ident_ns_in *in);

/*
 * A page about one namespace. @inactive_ok: an NSID without a namespace reads
 * as zeroes (Base 2.1, 5.1.13.1), else it is Invalid Namespace.
 */
static u16 ident_ns(struct nvmft_req *req, u8 *page, ns_page_fn fn, bool inactive_ok)
{
	u32 nsid = le32_to_cpu(req->sqe.identify.nsid);
	struct nvmft_ctrl *ctrl = req->sq->ctrl;
	struct nvmft_ident_ns_in in;
	struct nvmft_ns *ns;

	if (!nsid || nsid > NVMFT_NN)
		return NVME_SC_INVALID_NS | NVME_STATUS_DNR;
	rcu_read_lock();
	ns = nvmft_ns_peek(ctrl, nsid);
	if (ns)
		ns_input(req, ns, &in);
	rcu_read_unlock();
	if (!ns)
		return inactive_ok ? 0 : NVME_SC_INVALID_NS | NVME_STATUS_DNR;
	fn(page, &in);
	return 0;
}

/* CNS 02h and 07h: active NSIDs above the given one, ascending */
static u16 ident_ns_list(struct nvmft_req *req, u8 *page)
{
	u32 nsid = le32_to_cpu(req->sqe.identify.nsid);
	struct nvmft_ctrl *ctrl = req->sq->ctrl;
	__le32 *list = (__le32 *)page;
	struct nvmft_ns *ns;
	unsigned long id = nsid;
	unsigned int n = 0;

	if (nsid >= NVME_NSID_ALL - 1)
		return NVME_SC_INVALID_NS | NVME_STATUS_DNR;
	rcu_read_lock();
	xa_for_each_start(&ctrl->subsys->namespaces, id, ns, (unsigned long)nsid + 1) {
		if (n == NVMFT_IDENT_LEN / sizeof(*list))
			break;
		if (nvmft_ns_visible(ns, ctrl))
			list[n++] = cpu_to_le32(id);
	}
	rcu_read_unlock();
	return 0;
}

/* CNS 1Ch: this controller's combinations of command sets */
static u16 ident_iocs(struct nvmft_req *req, u8 *page)
{
	u16 cntlid = le16_to_cpu(req->sqe.identify.ctrlid);

	if (cntlid != NVME_CNTLID_DYNAMIC && cntlid != req->sq->ctrl->cntlid) {
		req->loc = LOC_CNTID;
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	}
	nvmft_ident_iocs(page);
	return 0;
}

static u16 ident_page(struct nvmft_req *req, u8 *page)
{
	const struct nvme_identify *c = &req->sqe.identify;
	struct nvmft_ctrl *ctrl = req->sq->ctrl;

	if (c->cns == NVME_ID_CNS_CTRL)
		return ident_ctrl(ctrl, page);
	if (ctrl->discovery)
		goto invalid;
	switch (c->cns) {
	case NVME_ID_CNS_NS:
		return ident_ns(req, page, nvmft_ident_ns, true);
	case NVME_ID_CNS_NS_ACTIVE_LIST:
		return ident_ns_list(req, page);
	case NVME_ID_CNS_NS_DESC_LIST:
		return ident_ns(req, page, nvmft_ident_ns_descs, false);
	case NVME_ID_CNS_NS_CS_INDEP:
		return ident_ns(req, page, nvmft_ident_ns_indep, true);
	case NVMFT_CNS_IOCS:
		return ident_iocs(req, page);
	case NVME_ID_CNS_CS_NS:
	case NVME_ID_CNS_CS_CTRL:
	case NVMFT_CNS_NS_ACTIVE_CSI:
		break;
	default:
		goto invalid;
	}
	/* The rest is asked for one command set, and there is one. */
	if (c->csi != NVME_CSI_NVM) {
		req->loc = LOC_CSI;
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	}
	if (c->cns == NVME_ID_CNS_CS_NS)
		return ident_ns(req, page, nvmft_ident_ns_nvm, true);
	if (c->cns == NVMFT_CNS_NS_ACTIVE_CSI)
		return ident_ns_list(req, page);
	nvmft_ident_ctrl_nvm(page, nvmft_ident_oncs());
	return 0;
invalid:
	req->loc = NVMFT_LOC_CDW10;
	return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
}

void nvmft_identify_execute(struct nvmft_req *req)
{
	u16 status;
	u8 *page;

	page = kzalloc(NVMFT_IDENT_LEN, GFP_KERNEL);
	if (!page) {
		nvmft_req_complete(req, NVME_SC_INTERNAL);
		return;
	}
	status = ident_page(req, page);
	if (!status)
		nvmft_buf_fill(&req->buf, page, NVMFT_IDENT_LEN);
	kfree(page);
	nvmft_req_complete(req, status);
}
