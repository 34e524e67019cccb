// SPDX-License-Identifier: GPL-2.0
/* The discovery subsystem and its log page 70h. */
#include <linux/in6.h>
#include <linux/inet.h>
#include "core/req.h"

/* Admin queue entries that hosts may rely on; ours take more. */
#define ASQSZ		NVME_AQ_DEPTH

struct nvmft_subsys *nvmft_disc_subsys;

/* Generation of what logs say; nvmft_config_sem */
static u64 genctr;

int nvmft_discovery_init(void)
{
	nvmft_disc_subsys = nvmft_subsys_alloc(NVME_DISC_SUBSYS_NAME, NVME_NQN_CURR);
	return nvmft_disc_subsys ? 0 : -ENOMEM;
}

void nvmft_discovery_exit(void)
{
	nvmft_subsys_put(nvmft_disc_subsys);
}

bool nvmft_discovery_is_nqn(const char *nqn)
{
	lockdep_assert_held(&nvmft_config_sem);
	return !strcmp(nqn, NVME_DISC_SUBSYS_NAME) || !strcmp(nqn, nvmft_disc_subsys->nqn);
}

int nvmft_discovery_set_nqn(const char *nqn, size_t len)
{
	char field[NVMF_NQN_FIELD_LEN] = {};
	int err = 0;

	if (!nvmft_nqn_name_valid(nqn, len))
		return -EINVAL;
	memcpy(field, nqn, len);
	down_write(&nvmft_config_sem);
	if (nvmft_subsys_exists(field)) {
		err = -EEXIST;
	} else if (strcmp(field, nvmft_disc_subsys->nqn)) {
		memcpy(nvmft_disc_subsys->nqn, field, sizeof(field));
		nvmft_discovery_changed();
	}
	up_write(&nvmft_config_sem);
	return err;
}

/*
 * @port: on this port (NULL: any); @exports: on a port that exports it (NULL:
 * any); @allows: of a host that it allows (NULL: any); @hostnqn: of this host
 * (NULL: any)
 */
static void disc_changed(const struct nvmft_port *port, const struct nvmft_subsys *exports,
			 const struct nvmft_subsys *allows, const char *hostnqn)
{
	struct nvmft_ctrl *ctrl;
	unsigned long id;

	lockdep_assert_held_write(&nvmft_config_sem);
	genctr++;
	mutex_lock(&nvmft_disc_subsys->lock);
	xa_for_each(&nvmft_disc_subsys->ctrls, id, ctrl) {
		if (port && ctrl->port != port)
			continue;
		if (exports && !nvmft_port_exports(ctrl->port, exports))
			continue;
		if (allows && !nvmft_subsys_allows(allows, ctrl->hostnqn))
			continue;
		if (hostnqn && strcmp(ctrl->hostnqn, hostnqn))
			continue;
		nvmft_aer_event(ctrl, NVMFT_EV_DISCOVERY);
	}
	mutex_unlock(&nvmft_disc_subsys->lock);
}

void nvmft_discovery_changed(void)
{
	disc_changed(NULL, NULL, NULL, NULL);
}

void nvmft_discovery_port_changed(struct nvmft_port *port, struct nvmft_subsys *subsys)
{
	disc_changed(port, NULL, subsys, NULL);
}

void nvmft_discovery_hosts_changed(struct nvmft_subsys *subsys, const char *hostnqn)
{
	disc_changed(NULL, subsys, NULL, hostnqn);
}

/* Does the port listen on every address of its family? */
static bool is_wildcard(const struct nvmft_tport *t)
{
	u8 addr[sizeof(struct in6_addr)] = {};

	if (t->adrfam == NVMF_ADDR_FAMILY_IP4)
		return in4_pton(t->traddr, -1, addr, -1, NULL) && !memchr_inv(addr, 0, 4);
	if (t->adrfam == NVMF_ADDR_FAMILY_IP6)
		return in6_pton(t->traddr, -1, addr, -1, NULL) &&
		       !memchr_inv(addr, 0, sizeof(addr));
	return false;
}

/*
 * Where the port can be reached. A host cannot connect to a wildcard: it is told
 * in @buf what it has connected to, which for :: can be of either family.
 */
static void own_addr(struct nvmft_ctrl *ctrl, struct nvmft_disc_in *in, char *buf, size_t len)
{
	const struct nvmft_tport *t = &ctrl->port->t;

	in->adrfam = t->adrfam;
	in->traddr = t->traddr;
	if (!is_wildcard(t))
		return;
	buf[0] = '\0';
	/* The lock keeps the queue, which is the asking one, from being closed. */
	spin_lock(&ctrl->lock);
	if (ctrl->admin)
		ctrl->ops->local_addr(ctrl->admin, buf, len);
	spin_unlock(&ctrl->lock);
	in->adrfam = strchr(buf, ':') ? NVMF_ADDR_FAMILY_IP6 : NVMF_ADDR_FAMILY_IP4;
	in->traddr = buf;
}

static void put_own(struct nvmft_ctrl *ctrl, struct nvmft_cut *cut)
{
	struct nvmft_port *port = ctrl->port;
	char addr[NVMFT_ADDR_LEN];
	struct nvmft_disc_in in = {
		.trtype		= port->t.trtype,
		.treq		= port->treq | NVMF_TREQ_DISABLE_SQFLOW,
		.portid		= port->t.portid,
		.asqsz		= ASQSZ,
		.trsvcid	= port->t.trsvcid,
	};
	struct nvmft_subsys_link *link;

	own_addr(ctrl, &in, addr, sizeof(addr));
	in.subtype = NVME_NQN_CURR;
	in.eflags = NVME_DISC_EFLAGS_EPCSD;
	in.subnqn = nvmft_disc_subsys->nqn;
	nvmft_log_disc_entry(cut, &in);

	in.subtype = NVME_NQN_NVME;
	in.eflags = 0;
	list_for_each_entry(link, &port->subsystems, entry) {
		if (!nvmft_subsys_allows(link->subsys, ctrl->hostnqn))
			continue;
		in.subnqn = link->subsys->nqn;
		nvmft_log_disc_entry(cut, &in);
	}
}

static void put_referral(const struct nvmft_referral *r, struct nvmft_cut *cut)
{
	/* What the other service can do beyond this is its own to say. */
	struct nvmft_disc_in in = {
		.trtype		= r->t.trtype,
		.adrfam		= r->t.adrfam,
		.subtype	= NVME_NQN_DISC,
		.treq		= r->treq,
		.portid		= r->t.portid,
		.asqsz		= ASQSZ,
		.trsvcid	= r->t.trsvcid,
		.traddr		= r->t.traddr,
		.subnqn		= NVME_DISC_SUBSYS_NAME,
	};

	nvmft_log_disc_entry(cut, &in);
}

void nvmft_discovery_log(struct nvmft_ctrl *ctrl, struct nvmft_cut *cut)
{
	struct nvmft_port *port = ctrl->port;
	struct nvmft_subsys_link *link;
	struct nvmft_referral *r;
	u64 numrec = 1;

	/* One look at everything, so that the header counts what follows. */
	down_read(&nvmft_config_sem);
	list_for_each_entry(link, &port->subsystems, entry)
		numrec += nvmft_subsys_allows(link->subsys, ctrl->hostnqn);
	list_for_each_entry(r, &port->referrals, entry)
		numrec++;
	nvmft_log_disc_hdr(cut, genctr, numrec);
	put_own(ctrl, cut);
	list_for_each_entry(r, &port->referrals, entry)
		put_referral(r, cut);
	up_read(&nvmft_config_sem);
}
