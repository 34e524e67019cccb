// SPDX-License-Identifier: GPL-2.0
/* Fabrics commands: Connect, properties, Disconnect. */
#include <linux/slab.h>
#include "core/req.h"
#include "proto/prop.h"
#include "proto/status.h"

/* A host that reuses a queue id waits at most this long for the old queue */
#define QID_WAIT	(HZ * 2)

static struct nvmft_connect_fault fault(u16 sc, u16 ipo, bool in_data)
{
	return (struct nvmft_connect_fault){ .sc = sc, .ipo = ipo, .in_data = in_data };
}

static const struct nvmft_connect_fault no_fault;

static u16 connect_refuse(struct nvmft_req *req, const struct nvmft_connect_fault *f)
{
	char addr[NVMFT_ADDR_LEN];

	req->sq->ops->peer_addr(req->sq, addr, sizeof(addr));
	pr_info_ratelimited("nvmft: port %u: Connect of %s refused: %s (byte %u of its %s)\n",
			    req->sq->port->portid, addr, nvmft_status_name(f->sc), f->ipo,
			    f->in_data ? "data" : "SQE");
	nvmft_port_count(req->sq->port, NVMFT_PORT_REFUSED_CONNECT);
	req->loc = f->ipo;
	req->cqe.result.u32 = cpu_to_le32(nvmft_sqe_connect_dw0(f));
	if (f->sc == NVME_SC_CONNECT_CTRL_BUSY)
		return f->sc;
	return f->sc | NVME_STATUS_DNR;
}

u16 nvmft_connect_check(struct nvmft_req *req, u32 sgl_len)
{
	struct nvmft_connect_fault f;

	if (req->sq->qt != NVMFT_Q_NEW)
		return NVME_SC_CMD_SEQ_ERROR | NVME_STATUS_DNR;
	f = nvmft_sqe_check_connect(&req->sqe, req->sq->port->max_queue_size);
	if (!f.sc && sgl_len != sizeof(struct nvmf_connect_data))
		f = fault(NVME_SC_CONNECT_INVALID_PARAM, NVMFT_CONNECT_OFF_SGL, false);
	if (f.sc)
		return connect_refuse(req, &f);
	req->len = sgl_len;
	return 0;
}

u32 nvmft_round_kato(u32 kato)
{
	u64 unit = NVMFT_KAS * 100;

	return min_t(u64, DIV_ROUND_UP_ULL(kato, unit) * unit, U32_MAX);
}

static struct nvmft_subsys *find_subsys(struct nvmft_sq *sq, const char *nqn)
{
	lockdep_assert_held(&nvmft_config_sem);
	if (nvmft_discovery_is_nqn(nqn))
		return nvmft_disc_subsys;
	return nvmft_port_find_subsys(nvmft_port_of(sq->port), nqn);
}

static struct nvmft_connect_fault connect_admin(struct nvmft_req *req,
						const struct nvmf_connect_data *d)
{
	u32 kato = nvmft_round_kato(le32_to_cpu(req->sqe.connect.kato));
	struct nvmft_sq *sq = req->sq;
	struct nvmft_subsys *subsys;
	struct nvmft_ctrl *ctrl;

	lockdep_assert_held(&nvmft_config_sem);
	subsys = find_subsys(sq, d->subsysnqn);
	if (!subsys)
		return fault(NVME_SC_CONNECT_INVALID_PARAM, NVMFT_CONNECT_OFF_SUBNQN, true);
	if (!nvmft_subsys_allows(subsys, d->hostnqn))
		return fault(NVME_SC_CONNECT_INVALID_HOST, NVMFT_CONNECT_OFF_HOSTNQN, true);
	if (subsys == nvmft_disc_subsys && !kato)
		kato = NVMFT_DISC_KATO_MS;
	ctrl = nvmft_ctrl_alloc(subsys, sq, d, kato);
	if (IS_ERR(ctrl))
		return fault(NVME_SC_CONNECT_CTRL_BUSY, 0, false);
	sq->qt = ctrl->discovery ? NVMFT_Q_DISC : NVMFT_Q_ADMIN;
	pr_info_ratelimited("nvmft: %s: controller %u for host %*pE (%s)\n", subsys->nqn,
			    ctrl->cntlid, (int)strlen(ctrl->hostnqn), ctrl->hostnqn,
			    ctrl->addr);
	return no_fault;
}

/* The controller that an I/O Connect names, referenced, if all of it matches. */
static struct nvmft_ctrl *find_ctrl(struct nvmft_sq *sq, const struct nvmf_connect_data *d,
				    struct nvmft_connect_fault *f)
{
	struct nvmft_subsys *subsys;
	struct nvmft_ctrl *ctrl;

	down_read(&nvmft_config_sem);
	subsys = find_subsys(sq, d->subsysnqn);
	if (!subsys) {
		up_read(&nvmft_config_sem);
		*f = fault(NVME_SC_CONNECT_INVALID_PARAM, NVMFT_CONNECT_OFF_SUBNQN, true);
		return NULL;
	}
	mutex_lock(&subsys->lock);
	ctrl = xa_load(&subsys->ctrls, le16_to_cpu(d->cntlid));
	if (ctrl)
		nvmft_ctrl_get(ctrl);
	mutex_unlock(&subsys->lock);
	up_read(&nvmft_config_sem);

	*f = no_fault;
	if (!ctrl || ctrl->port != nvmft_port_of(sq->port))
		*f = fault(NVME_SC_CONNECT_INVALID_PARAM, NVMFT_CONNECT_OFF_CNTLID, true);
	else if (memcmp(ctrl->hostid, &d->hostid, sizeof(ctrl->hostid)))
		*f = fault(NVME_SC_CONNECT_INVALID_PARAM, NVMFT_CONNECT_OFF_HOSTID, true);
	else if (strcmp(ctrl->hostnqn, d->hostnqn))
		*f = fault(NVME_SC_CONNECT_INVALID_PARAM, NVMFT_CONNECT_OFF_HOSTNQN, true);
	if (f->sc && ctrl) {
		nvmft_ctrl_put(ctrl);
		ctrl = NULL;
	}
	return ctrl;
}

static struct nvmft_connect_fault connect_io(struct nvmft_req *req,
					     const struct nvmf_connect_data *d)
{
	u16 qid = le16_to_cpu(req->sqe.connect.qid);
	struct nvmft_sq *sq = req->sq;
	struct nvmft_connect_fault f;
	struct nvmft_ctrl *ctrl;
	int err;

	ctrl = find_ctrl(sq, d, &f);
	if (!ctrl)
		return f;
	if (ctrl->discovery) {
		f = fault(NVME_SC_CONNECT_INVALID_PARAM, NVMFT_CONNECT_OFF_QID, false);
		goto out;
	}
	wait_event_timeout(ctrl->sq_wait, (err = nvmft_ctrl_join(ctrl, sq, qid)) != -EEXIST,
			   QID_WAIT);
	switch (err) {
	case 0:
		sq->qt = NVMFT_Q_IO;
		sq->icd_max = sq->port->icd_size;
		break;
	case -EPERM:
	case -ERANGE:
		f = fault(NVME_SC_CONNECT_INVALID_PARAM, NVMFT_CONNECT_OFF_QID, false);
		break;
	case -ESHUTDOWN:
		f = fault(NVME_SC_CONNECT_INVALID_PARAM, NVMFT_CONNECT_OFF_CNTLID, true);
		break;
	default:
		f = fault(NVME_SC_CMD_SEQ_ERROR, 0, false);
		break;
	}
out:
	nvmft_ctrl_put(ctrl);
	return f;
}

/* How the queue runs from here on; the response already obeys it. */
static void connect_apply(struct nvmft_req *req)
{
	const struct nvmf_connect_command *c = &req->sqe.connect;
	struct nvmft_sq *sq = req->sq;

	/* Who shows sessions sees the queue already. */
	WRITE_ONCE(sq->size, le16_to_cpu(c->sqsize) + 1);
	sq->flow = !(c->cattr & NVME_CONNECT_DISABLE_SQFLOW);
	req->cqe.result.u16 = cpu_to_le16(sq->ctrl->cntlid);
}

void nvmft_connect_execute(struct nvmft_req *req)
{
	bool admin = !req->sqe.connect.qid;
	struct nvmft_connect_fault f;
	struct nvmf_connect_data *d;
	u16 status = 0;

	/* A second Connect may have been sent before the first was answered. */
	if (req->sq->qt != NVMFT_Q_NEW) {
		nvmft_req_complete(req, NVME_SC_CMD_SEQ_ERROR | NVME_STATUS_DNR);
		return;
	}
	d = kmalloc_obj(*d, GFP_KERNEL);
	if (!d) {
		nvmft_req_complete(req, NVME_SC_INTERNAL);
		return;
	}
	nvmft_buf_read(&req->buf, d, sizeof(*d));
	f = nvmft_sqe_check_connect_data(d, admin);
	if (!f.sc && admin) {
		/* Held until the controller can be found by who unlinks things. */
		down_read(&nvmft_config_sem);
		f = connect_admin(req, d);
		up_read(&nvmft_config_sem);
	} else if (!f.sc) {
		f = connect_io(req, d);
	}
	if (f.sc)
		status = connect_refuse(req, &f);
	else
		connect_apply(req);
	kfree(d);
	nvmft_req_complete(req, status);
}

static u16 prop_get(struct nvmft_ctrl *ctrl, u32 offset, bool wide, u64 *val)
{
	/* CAP alone has eight bytes. */
	if (wide != (offset == NVME_REG_CAP))
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	switch (offset) {
	case NVME_REG_CAP:
		*val = nvmft_prop_cap(ctrl->max_queue_size);
		return 0;
	case NVME_REG_VS:
		*val = READ_ONCE(ctrl->subsys->ver);
		return 0;
	case NVME_REG_CC:
		*val = READ_ONCE(ctrl->cc);
		return 0;
	case NVME_REG_CSTS:
		*val = nvmft_ctrl_csts(ctrl);
		return 0;
	case NVME_REG_CRTO:
		*val = nvmft_prop_crto();
		return 0;
	}
	return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
}

void nvmft_prop_get_execute(struct nvmft_req *req)
{
	const struct nvmf_property_get_command *c = &req->sqe.prop_get;
	u16 status = NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	u64 val = 0;

	/* Properties are the admin queue's (Base 2.1, 6). ATTRIB: 0: 4 bytes, 1: 8 */
	if (req->sq->qt != NVMFT_Q_IO && (c->attrib & 7) <= 1)
		status = prop_get(req->sq->ctrl, le32_to_cpu(c->offset), c->attrib & 1, &val);
	req->cqe.result.u64 = cpu_to_le64(val);
	nvmft_req_complete(req, status);
}

void nvmft_prop_set_execute(struct nvmft_req *req)
{
	const struct nvmf_property_set_command *c = &req->sqe.prop_set;
	u16 status = NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;

	/* Only CC can be written, and it has four bytes. */
	if (req->sq->qt != NVMFT_Q_IO && !(c->attrib & 7) &&
	    le32_to_cpu(c->offset) == NVME_REG_CC)
		status = nvmft_ctrl_set_cc(req->sq->ctrl, le64_to_cpu(c->value));
	nvmft_req_complete(req, status);
}

void nvmft_disconnect_execute(struct nvmft_req *req)
{
	/* RECFMT stands where Connect has it. */
	if (req->sq->qt != NVMFT_Q_IO) {
		nvmft_req_complete(req, NVMFT_SC_CONNECT_INVALID_QTYPE | NVME_STATUS_DNR);
	} else if (req->sqe.connect.recfmt) {
		nvmft_req_complete(req, NVME_SC_CONNECT_FORMAT | NVME_STATUS_DNR);
	} else {
		req->sq->ending = true;
		nvmft_req_complete(req, 0);
	}
}
