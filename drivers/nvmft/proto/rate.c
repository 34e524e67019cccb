// SPDX-License-Identifier: GPL-2.0
/* Limits per second, as schedules. */
#include "proto/rate.h"

#define NS_PER_SEC	1000000000ULL

/* A cost in ns times the ns of a second, and a rest that is less than a rate */
static_assert(NVMFT_RATE_COST_MAX <= (U64_MAX - NVMFT_RATE_MAX) / NS_PER_SEC);

void nvmft_rate_set(struct nvmft_rate *r, u64 commands, u64 bytes, u64 burst, u64 now)
{
	int i;

	r->rate[NVMFT_RATE_COMMANDS] = min(commands, NVMFT_RATE_MAX);
	r->rate[NVMFT_RATE_BYTES] = min(bytes, NVMFT_RATE_MAX);
	r->burst = min(burst, NVMFT_RATE_BURST_MAX);
	for (i = 0; i < NVMFT_RATE_KINDS; i++) {
		r->until[i] = min(r->until[i], now + r->burst);
		r->rest[i] = 0;
	}
}

/* @now is not far behind: a clock that began at boot does not come to its end. */
static void count(struct nvmft_rate *r, enum nvmft_rate_kind kind, u64 cost, u64 now)
{
	u64 rate = r->rate[kind];

	if (!rate)
		return;
	if (r->until[kind] < now) {
		r->until[kind] = now;
		r->rest[kind] = 0;
	}
	r->until[kind] += div64_u64_rem(cost * NS_PER_SEC + r->rest[kind], rate, &r->rest[kind]);
}

static u64 wait(const struct nvmft_rate *r, enum nvmft_rate_kind kind, u64 now)
{
	u64 from = now + r->burst;

	return r->rate[kind] && r->until[kind] > from ? r->until[kind] - from : 0;
}

u64 nvmft_rate_take(struct nvmft_rate *r, u64 bytes, u64 now)
{
	u64 ns = max(wait(r, NVMFT_RATE_COMMANDS, now), wait(r, NVMFT_RATE_BYTES, now));

	if (ns)
		return ns;
	count(r, NVMFT_RATE_COMMANDS, 1, now);
	count(r, NVMFT_RATE_BYTES, min(bytes, NVMFT_RATE_COST_MAX), now);
	return 0;
}
