/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A limit on commands and bytes per second, with a burst.
 *
 * Each of the two is a schedule: the time at which everything that was let
 * through would have been through at exactly the limit. While that is no more
 * than the burst ahead of the clock, the next command may go, whatever its size,
 * and moves it on. So debts are paid by those that follow, who comes late loses
 * nothing as long as it is by less than the burst, and in any time t no more
 * goes through than in t + burst at the limit, and one command.
 */
#ifndef NVMFT_PROTO_RATE_H
#define NVMFT_PROTO_RATE_H

#include "proto/env.h"

/* What is limited */
enum nvmft_rate_kind {
	NVMFT_RATE_COMMANDS,
	NVMFT_RATE_BYTES,
	NVMFT_RATE_KINDS,
};

/* The largest of each, so that products with nanoseconds fit 64 bits */
#define NVMFT_RATE_MAX		(1ULL << 42)	/* per second */
#define NVMFT_RATE_COST_MAX	(1ULL << 33)	/* of one command */
#define NVMFT_RATE_BURST_MAX	(1ULL << 42)	/* ns */

/**
 * struct nvmft_rate - a limit
 * @rate: per second, by enum nvmft_rate_kind; 0: none
 * @burst: how far the schedules may be ahead of the clock, ns
 * @until: the schedules, ns
 * @rest: what has not made a whole ns of @until, in units of 1 / @rate ns
 */
struct nvmft_rate {
	u64	rate[NVMFT_RATE_KINDS];
	u64	burst;
	u64	until[NVMFT_RATE_KINDS];
	u64	rest[NVMFT_RATE_KINDS];
};

/**
 * nvmft_rate_set() - another limit from now on
 * @r: the limit
 * @commands: per second, 0: no limit; cut to NVMFT_RATE_MAX, as @bytes
 * @bytes: likewise
 * @burst: ns, cut to NVMFT_RATE_BURST_MAX
 * @now: ns of a clock that does not go back
 *
 * Debts are forgiven, and what was saved up stays saved, in time.
 */
void nvmft_rate_set(struct nvmft_rate *r, u64 commands, u64 bytes, u64 burst, u64 now);

/* Is there a limit? */
static inline bool nvmft_rate_limits(const struct nvmft_rate *r)
{
	return r->rate[NVMFT_RATE_COMMANDS] || r->rate[NVMFT_RATE_BYTES];
}

/**
 * nvmft_rate_take() - may a command go?
 * @r: the limit
 * @bytes: that it moves; cut to NVMFT_RATE_COST_MAX
 * @now: ns
 *
 * Return: 0: it goes, and was counted; else in how many ns to ask again. That
 * does not depend on @bytes.
 */
u64 nvmft_rate_take(struct nvmft_rate *r, u64 bytes, u64 now);

#endif /* NVMFT_PROTO_RATE_H */
