/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much one command may ask for. Identify tells hosts these values, and the
 * command that exceeds one is refused, so each stands here once.
 *
 * What is counted in bytes is the same amount of work on every block size; what
 * the specification wants in blocks, and reports for a controller as a whole
 * (DMRSL, DMSL) or in a narrow field (MSSRL), is counted in blocks.
 */
#ifndef NVMFT_PROTO_LIMITS_H
#define NVMFT_PROTO_LIMITS_H

#include "proto/wire.h"

/**
 * DOC: Limits of commands
 *
 * NVMFT_WZSL
 *	Write Zeroes (Identify CNS 06h): 2^n units of 4 KiB. 16 MiB: the most
 *	that is written where the device cannot zero by itself. Beyond it:
 *	Invalid Field.
 * NVMFT_VSL
 *	Verify (CNS 06h), the same unit: the most that is read. Beyond it:
 *	Invalid Field.
 * NVMFT_DMRL
 *	Dataset Management (CNS 06h): ranges, 1's based. Its field has eight
 *	bits in which 0 means no limit, so 256 cannot be said. Beyond it,
 *	NVMFT_DMRSL or NVMFT_DMSL: Command Size Limit Exceeded.
 * NVMFT_DMRSL
 *	blocks of one range: 2 GiB of 512 bytes. Linux discards at most this
 *	much with one command.
 * NVMFT_DMSL
 *	blocks of all ranges together.
 * NVMFT_MSSRL
 *	Copy (CNS 00h): blocks of one source range. 4 MiB of 512 bytes is what
 *	ESXi moves with one command by default. Beyond it, NVMFT_MCL or
 *	NVMFT_MSRC: Command Size Limit Exceeded.
 * NVMFT_MCL
 *	blocks of all source ranges together.
 * NVMFT_MSRC
 *	source ranges, 0's based.
 * NVMFT_COPY_FORMATS
 *	descriptor formats of Copy, a bit each (OCFS, CNS 01h).
 * NVMFT_CAW_BYTES
 *	fused Compare and Write. NACWU (CNS 00h) is this in blocks; ACWU,
 *	which holds for every namespace, is one block. Beyond it: Atomic Write
 *	Unit Exceeded.
 */
#define NVMFT_WZSL		12
#define NVMFT_VSL		12
#define NVMFT_DMRL		255U
#define NVMFT_DMRSL		(1U << 22)
#define NVMFT_DMSL		(1ULL << 24)
#define NVMFT_MSSRL		(1U << 13)
#define NVMFT_MCL		(1U << 15)
#define NVMFT_MSRC		127U
#define NVMFT_COPY_FORMATS	0x1U
#define NVMFT_CAW_BYTES		(64U << 10)

/* The unit of WZSL and VSL, and of MDTS: CAP.MPSMIN, bytes */
#define NVMFT_LIMIT_UNIT	4096U

static_assert(NVMFT_DMRL <= U8_MAX);
static_assert(NVMFT_DMSL >= NVMFT_DMRSL);
static_assert(NVMFT_MSSRL <= U16_MAX && NVMFT_MCL >= NVMFT_MSSRL);
static_assert(NVMFT_MSRC <= U8_MAX);

/* Bytes of the largest Write Zeroes */
static inline u32 nvmft_wzsl_bytes(void)
{
	return NVMFT_LIMIT_UNIT << NVMFT_WZSL;
}

/* Bytes of the largest Verify */
static inline u32 nvmft_vsl_bytes(void)
{
	return NVMFT_LIMIT_UNIT << NVMFT_VSL;
}

/* Blocks of the largest Write Zeroes, 1's based. @shift: log2 of the block size, 9..16 */
static inline u32 nvmft_wzsl_blocks(u8 shift)
{
	return nvmft_wzsl_bytes() >> shift;
}

/* Blocks of the largest Verify, 1's based */
static inline u32 nvmft_vsl_blocks(u8 shift)
{
	return nvmft_vsl_bytes() >> shift;
}

/* Blocks of the largest fused Compare and Write, 1's based, at least one */
static inline u32 nvmft_caw_blocks(u8 shift)
{
	return NVMFT_CAW_BYTES >> shift ?: 1;
}

#endif /* NVMFT_PROTO_LIMITS_H */
