/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of ANA need of each other, and commands of it. */
#ifndef NVMFT_CORE_ANA_H
#define NVMFT_CORE_ANA_H

#include "core/ns.h"
#include "core/port.h"

/* Why a group whose reference is not live refuses a command: never 0 */
u16 nvmft_ana_refusal(const struct nvmft_port *port, u32 grpid);
/* The change count of the log page */
u64 nvmft_ana_chgcnt(void);
/* And of a group in it. nvmft_config_sem held. */
u64 nvmft_ana_group_chgcnt(const struct nvmft_port *port, u32 grpid);

/**
 * nvmft_ana_enter() - does its path let a command be executed?
 * @req: in EXEC, with req->ns; not in already
 *
 * Who uses the device of a namespace does it between this and nvmft_ana_leave().
 * Worker. Return: 0, or the status to refuse it with.
 */
static inline u16 nvmft_ana_enter(struct nvmft_req *req)
{
	struct nvmft_port *port = nvmft_port_of(req->sq->port);
	u32 grpid = READ_ONCE(req->ns->anagrpid);
	struct nvmft_ana_group *grp = READ_ONCE(port->ana[grpid]);

	if (unlikely(!grp || !percpu_ref_tryget_live(&grp->users)))
		return nvmft_ana_refusal(port, grpid);
	req->ana = grp;
	return 0;
}

/* The counterpart; nothing to do for a command that is not in. Any context. */
static inline void nvmft_ana_leave(struct nvmft_req *req)
{
	if (req->ana) {
		percpu_ref_put(&req->ana->users);
		req->ana = NULL;
	}
}

#endif /* NVMFT_CORE_ANA_H */
