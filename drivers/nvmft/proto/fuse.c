// SPDX-License-Identifier: GPL-2.0
/* Which halves of fused operations belong together, as a table. */
#include "proto/fuse.h"

#define FAIL(status)	.self = NVMFT_FUSE_FAIL, .sc = (status) | NVME_STATUS_DNR
#define HOLD		.self = NVMFT_FUSE_HOLD, .held = NVMFT_FUSE_HELD

static const struct nvmft_fuse_step steps[3][4] = {
	[NVMFT_FUSE_IDLE] = {
		{ .self = NVMFT_FUSE_RUN },
		{ HOLD },
		{ FAIL(NVME_SC_FUSED_MISSING) },
		{ FAIL(NVME_SC_INVALID_FIELD) },
	},
	[NVMFT_FUSE_HELD] = {
		{ .self = NVMFT_FUSE_RUN, .drop = true },
		{ HOLD, .drop = true },
		{ .self = NVMFT_FUSE_PAIR },
		{ FAIL(NVME_SC_INVALID_FIELD), .drop = true },
	},
	[NVMFT_FUSE_LOST] = {
		{ .self = NVMFT_FUSE_RUN },
		{ HOLD },
		{ FAIL(NVME_SC_FUSED_FAIL) },
		{ FAIL(NVME_SC_INVALID_FIELD) },
	},
};

struct nvmft_fuse_step nvmft_fuse_next(u8 held, u8 fuse)
{
	return steps[held][fuse & NVMFT_SQE_FUSE_MASK];
}
