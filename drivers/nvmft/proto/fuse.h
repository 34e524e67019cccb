/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pairing of fused commands, by the order in which capsules arrive on a queue
 * (Base 2.1, 3.4.2). Data may come later and in any order; that is of no
 * concern here.
 */
#ifndef NVMFT_PROTO_FUSE_H
#define NVMFT_PROTO_FUSE_H

#include "proto/wire.h"

/* FUSE of an SQE */
#define NVMFT_FUSE_NONE		0x0U
#define NVMFT_FUSE_FIRST	0x1U
#define NVMFT_FUSE_SECOND	0x2U

/* What a queue remembers of the command before */
enum nvmft_fuse_held {
	NVMFT_FUSE_IDLE,	/* it was no first half */
	NVMFT_FUSE_HELD,	/* a first half that waits for its second */
	NVMFT_FUSE_LOST,	/* a first half that was refused */
};

/* What becomes of the command that arrives */
enum nvmft_fuse_self {
	NVMFT_FUSE_RUN,		/* it is no half of anything */
	NVMFT_FUSE_HOLD,	/* a first half: judge it, then hold it */
	NVMFT_FUSE_PAIR,	/* the second half of the one that is held */
	NVMFT_FUSE_FAIL,	/* it ends with .sc */
};

/**
 * struct nvmft_fuse_step - outcome of one step
 * @self: enum nvmft_fuse_self
 * @held: enum nvmft_fuse_held from now on
 * @drop: the first half that was held ends with Missing Fused Command
 * @sc: with NVMFT_FUSE_FAIL: Missing Fused Command, Failed Fused Command (its
 *	first half was refused), or Invalid Field (FUSE 11b)
 */
struct nvmft_fuse_step {
	u8	self;
	u8	held;
	bool	drop;
	u16	sc;
};

/* A capsule with these FUSE bits (0..3) arrives. @held: enum nvmft_fuse_held */
struct nvmft_fuse_step nvmft_fuse_next(u8 held, u8 fuse);

#endif /* NVMFT_PROTO_FUSE_H */
