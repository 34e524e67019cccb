/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Identify data structures from plain input. Every function fills the whole
 * 4096-byte page, which is aligned to 8 bytes; bytes that it does not name are
 * zero.
 */
#ifndef NVMFT_PROTO_IDENT_H
#define NVMFT_PROTO_IDENT_H

#include "proto/wire.h"

#define NVMFT_IDENT_LEN		4096
#define NVMFT_AERL		3	/* 0's based: four Async Event Requests */
#define NVMFT_ACL		3	/* 0's based: four Aborts */
#define NVMFT_ELPE		63	/* 0's based: error log entries */
#define NVMFT_KAS		10	/* units of 100 ms: keep alive granularity 1 s */
#define NVMFT_NN		1024	/* largest number of namespaces of a subsystem */
#define NVMFT_ANATT		10	/* s: longest ANA transition */
#define NVMFT_ANAGRP_MAX	128

/* ONCS; headers differ in which they have */
#define NVMFT_ONCS_COMPARE	(1U << 0)
#define NVMFT_ONCS_DSM		(1U << 2)
#define NVMFT_ONCS_WRITE_ZEROES	(1U << 3)
#define NVMFT_ONCS_SAVE_SELECT	(1U << 4)
#define NVMFT_ONCS_TIMESTAMP	(1U << 6)
#define NVMFT_ONCS_VERIFY	(1U << 7)
#define NVMFT_ONCS_COPY		(1U << 8)

/* FUSES */
#define NVMFT_FUSES_CAW		(1U << 0)

/* DLFEAT: how deallocated blocks read, and Write Zeroes with DEAC */
#define NVMFT_DLFEAT_ZEROES	(1U << 0)
#define NVMFT_DLFEAT_DEAC	(1U << 3)

/**
 * struct nvmft_ident_ctrl_in - what Identify Controller (CNS 01h) says
 * @subnqn: subsystem NQN
 * @sn: serial number, cut to 20 bytes
 * @mn: model number, cut to 40 bytes
 * @fr: firmware revision, cut to 8 bytes
 * @oui: IEEE OUI, 24 bits
 * @vid: PCI vendor id
 * @ssvid: PCI subsystem vendor id
 * @cntlid: controller id
 * @mdts: log2 of the largest transfer in units of 4096 bytes, 0: none
 * @cntrltype: NVME_CTRL_IO or NVME_CTRL_DISC
 * @ver: as the VS property
 * @oaes: async events supported
 * @maxcmd: entries of the largest I/O queue
 * @nn: highest NSID that can be valid, and MNAN
 * @icd_size: in-capsule data that an I/O command may carry, bytes, multiple of 16
 * @vwc: a volatile write cache may be present
 * @flush_all: Flush takes NSID FFFFFFFFh
 * @oncs: optional commands and features, NVMFT_ONCS_*
 * @fuses: fused operations, NVMFT_FUSES_*
 * @ocfs: formats of Copy, a bit each; 0 without the command
 */
struct nvmft_ident_ctrl_in {
	const char	*subnqn;
	const char	*sn;
	const char	*mn;
	const char	*fr;
	u32		oui;
	u16		vid;
	u16		ssvid;
	u16		cntlid;
	u8		mdts;
	u8		cntrltype;
	u32		ver;
	u32		oaes;
	u16		maxcmd;
	u32		nn;
	u32		icd_size;
	bool		vwc;
	bool		flush_all;
	u16		oncs;
	u16		fuses;
	u16		ocfs;
};

/**
 * struct nvmft_ident_ns_in - what the Identify pages of a namespace say
 * @nsze: size and capacity, logical blocks
 * @lba_shift: log2 of the logical block size, 9..12 or more
 * @nguid: NGUID, all zero: none
 * @eui64: EUI64, all zero: none
 * @uuid: UUID, big endian, all zero: none
 * @anagrpid: ANA group, 1..NVMFT_ANAGRP_MAX
 * @lost: that is inaccessible by this path, or lost for good
 * @readonly: currently write protected
 * @npwg: preferred write granularity, blocks, 0: none of these five is reported
 * @npwa: preferred write alignment, blocks, 0: 1
 * @npdg: preferred deallocate granularity, blocks, 0: 1
 * @npda: preferred deallocate alignment, blocks, 0: 1
 * @nows: optimal write size, blocks, 0: @npwg
 * @atomic: blocks that are written all or not at all, also when the power fails,
 *	unless they cross a multiple of this number; 0: not reported, and then it
 *	is one block
 * @nacwu: blocks of an atomic compare and write, 0: not reported
 * @mssrl: blocks of one source range of Copy, 0: no Copy
 * @mcl: blocks of all its source ranges
 * @msrc: number of its source ranges, 0's based
 * @dlfeat: NVMFT_DLFEAT_*
 */
struct nvmft_ident_ns_in {
	u64		nsze;
	u8		lba_shift;
	u8		nguid[16];
	u8		eui64[8];
	u8		uuid[16];
	u32		anagrpid;
	bool		lost;
	bool		readonly;
	u32		npwg;
	u32		npwa;
	u32		npdg;
	u32		npda;
	u32		nows;
	u32		atomic;
	u32		nacwu;
	u16		mssrl;
	u32		mcl;
	u8		msrc;
	u8		dlfeat;
};

/**
 * struct nvmft_ident_sizes - what a device prefers, bytes, 0: it does not say
 * @phys: block that it writes without reading, a power of two
 * @io_min: granularity of writes
 * @io_opt: size of writes
 * @discard: granularity of deallocation
 * @atomic: what it writes all or not at all where aligned to it, a power of two
 * @mdts: the largest transfer that a host can make
 */
struct nvmft_ident_sizes {
	u32	phys;
	u32	io_min;
	u32	io_opt;
	u32	discard;
	u32	atomic;
	u32	mdts;
};

/**
 * nvmft_ident_ns_sizes() - put the sizes of a device into blocks
 * @in: with lba_shift; gets npwg to nows and atomic
 * @s: what the device prefers
 *
 * Whatever a host does with them has to work: none is more than one command can
 * transfer or than its field can say, the granularity is a multiple of the
 * alignment and the optimal size one of the granularity. What is not is dropped.
 */
void nvmft_ident_ns_sizes(struct nvmft_ident_ns_in *in, const struct nvmft_ident_sizes *s);

/* ONCS of an I/O controller, from the table of commands and what features need */
u16 nvmft_ident_oncs(void);

void nvmft_ident_ctrl(u8 page[NVMFT_IDENT_LEN], const struct nvmft_ident_ctrl_in *in);
/* CNS 00h */
void nvmft_ident_ns(u8 page[NVMFT_IDENT_LEN], const struct nvmft_ident_ns_in *in);
/* CNS 03h: NGUID, EUI64, UUID as far as they are set, and CSI */
void nvmft_ident_ns_descs(u8 page[NVMFT_IDENT_LEN], const struct nvmft_ident_ns_in *in);
/* CNS 05h, CSI NVM */
void nvmft_ident_ns_nvm(u8 page[NVMFT_IDENT_LEN], const struct nvmft_ident_ns_in *in);
/* CNS 06h, CSI NVM: the limits (proto/limits.h) of the commands in @oncs */
void nvmft_ident_ctrl_nvm(u8 page[NVMFT_IDENT_LEN], u16 oncs);
/* CNS 08h */
void nvmft_ident_ns_indep(u8 page[NVMFT_IDENT_LEN], const struct nvmft_ident_ns_in *in);
/* CNS 1Ch: one combination, the NVM command set */
void nvmft_ident_iocs(u8 page[NVMFT_IDENT_LEN]);

#endif /* NVMFT_PROTO_IDENT_H */
