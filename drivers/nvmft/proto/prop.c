// SPDX-License-Identifier: GPL-2.0
/* Controller properties: their values, and what a write of CC means. */
#include "proto/prop.h"

/* CAP: physically contiguous queues required */
#define CAP_CQR			(1ULL << 16)
#define CAP_TO_SHIFT		24
#define CAP_CSS_SHIFT		37

#define CC_CSS_ADMIN_ONLY	(7U << NVME_CC_CSS_SHIFT)
#define CC_MPS_MASK		(0xfU << NVME_CC_MPS_SHIFT)
#define CC_AMS_MASK		(0x7U << NVME_CC_AMS_SHIFT)
#define CC_ES_MASK		(0xffU << NVME_CC_IOSQES_SHIFT)
#define CC_ES			(NVME_CC_IOSQES | NVME_CC_IOCQES)

u64 nvmft_prop_cap(u16 max_queue_size)
{
	return (u16)(max_queue_size - 1) | CAP_CQR |
	       (u64)NVMFT_PROP_TO << CAP_TO_SHIFT |
	       (u64)(NVME_CAP_CSS_NVM | NVME_CAP_CSS_CSI) << CAP_CSS_SHIFT |
	       NVME_CAP_CRMS_CRWMS;
}

u32 nvmft_prop_crto(void)
{
	return NVMFT_PROP_TO;
}

static bool css_valid(u32 css)
{
	return css == NVME_CC_CSS_NVM || css == NVME_CC_CSS_CSI || css == CC_CSS_ADMIN_ONLY;
}

/* Entry sizes as one value: both as we have them, or not set yet. */
static bool entry_sizes_valid(u32 val)
{
	return (val & CC_ES_MASK) == CC_ES || (!(val & NVME_CC_ENABLE) && !(val & CC_ES_MASK));
}

u16 nvmft_prop_set_cc(u32 old, u32 val, u32 csts, bool discovery, u32 *act)
{
	bool was = old & NVME_CC_ENABLE;
	bool en = val & NVME_CC_ENABLE;
	u32 css = val & NVME_CC_CSS_MASK;
	u32 shn = val & NVME_CC_SHN_MASK;
	u32 todo = 0;

	if (shn == NVME_CC_SHN_MASK || (val & (CC_MPS_MASK | CC_AMS_MASK)) || !css_valid(css) ||
	    (!discovery && !entry_sizes_valid(val)))
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	if (was && en && css != (old & NVME_CC_CSS_MASK))
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;

	if (!was && en) {
		if ((csts & NVME_CSTS_RDY) ||
		    (csts & NVME_CSTS_SHST_MASK) == NVME_CSTS_SHST_OCCUR)
			return NVME_SC_CMD_SEQ_ERROR | NVME_STATUS_DNR;
		todo |= NVMFT_CC_ACT_ENABLE;
	}
	if (was && !en)
		todo |= NVMFT_CC_ACT_DISABLE;
	if (shn && !(old & NVME_CC_SHN_MASK))
		todo |= NVMFT_CC_ACT_SHUTDOWN;
	*act = todo;
	return 0;
}
