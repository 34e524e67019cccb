/* SPDX-License-Identifier: GPL-2.0 */
/* What each feature does; what it is stands in proto/feature.c. */
#ifndef NVMFT_CORE_FEATURES_H
#define NVMFT_CORE_FEATURES_H

#include "core/req.h"

/**
 * struct nvmft_feature_ops - one feature; all are called by the admin worker
 * @get: the current value into DW0, or its data into req->buf
 * @set: a new value from dword 11, or from req->buf; may write DW0
 * @def: the default in DW0 where it depends on the controller or on dword 11;
 *	NULL: the one in the table. The default of data is all zero.
 *
 * The request has passed nvmft_feature_check(). Return of @get and @set: a status.
 */
struct nvmft_feature_ops {
	u16	(*get)(struct nvmft_req *req, u32 *dw0);
	u16	(*set)(struct nvmft_req *req, u32 dw11, u32 *dw0);
	u32	(*def)(struct nvmft_req *req, u32 dw11);
};

/* features_data.c: features with a data structure */
extern const struct nvmft_feature_ops nvmft_feature_timestamp;
extern const struct nvmft_feature_ops nvmft_feature_behavior;
extern const struct nvmft_feature_ops nvmft_feature_host_id;
/* features_ns.c: features of a namespace */
extern const struct nvmft_feature_ops nvmft_feature_error_recovery;
extern const struct nvmft_feature_ops nvmft_feature_write_protect;

/* Milliseconds since boot, the clock of the Timestamp feature */
u64 nvmft_feature_clock(void);

/* Dword 11 of a Set or Get Features */
static inline u32 nvmft_feature_dw11(const struct nvmft_req *req)
{
	return le32_to_cpu(req->sqe.features.dword11);
}

/* A refusal for what dword 11 says */
static inline u16 nvmft_feature_bad_dw11(struct nvmft_req *req, u16 status)
{
	req->loc = NVMFT_LOC_CDW11;
	return status | NVME_STATUS_DNR;
}

#endif /* NVMFT_CORE_FEATURES_H */
