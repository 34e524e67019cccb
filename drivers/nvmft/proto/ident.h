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
};

/**
 * struct nvmft_ident_ns_in - what the Identify pages of a namespace say
 * @nsze: size and capacity, logical blocks
 * @lba_shift: log2 of the logical block size, 9..12 or more
 * @nguid: NGUID, all zero: none
 * @eui64: EUI64, all zero: none
 * @uuid: UUID, big endian, all zero: none
 * @anagrpid: ANA group, 1..NVMFT_ANAGRP_MAX
 * @readonly: currently write protected
 * @npwg: preferred write granularity, blocks, 0: none of these three is reported
 * @npwa: preferred write alignment, blocks, 0: 1
 * @nows: optimal write size, blocks, 0: @npwg
 * @nawupf: blocks that are written all or not at all at power failure, 1's based,
 *	0: not reported
 */
struct nvmft_ident_ns_in {
	u64		nsze;
	u8		lba_shift;
	u8		nguid[16];
	u8		eui64[8];
	u8		uuid[16];
	u32		anagrpid;
	bool		readonly;
	u32		npwg;
	u32		npwa;
	u32		nows;
	u32		nawupf;
};

void nvmft_ident_ctrl(u8 page[NVMFT_IDENT_LEN], const struct nvmft_ident_ctrl_in *in);
/* CNS 00h */
void nvmft_ident_ns(u8 page[NVMFT_IDENT_LEN], const struct nvmft_ident_ns_in *in);
/* CNS 03h: NGUID, EUI64, UUID as far as they are set, and CSI */
void nvmft_ident_ns_descs(u8 page[NVMFT_IDENT_LEN], const struct nvmft_ident_ns_in *in);
/* CNS 05h, CSI NVM */
void nvmft_ident_ns_nvm(u8 page[NVMFT_IDENT_LEN], const struct nvmft_ident_ns_in *in);
/* CNS 06h, CSI NVM: limits of commands; all zero means none reported */
void nvmft_ident_ctrl_nvm(u8 page[NVMFT_IDENT_LEN]);
/* CNS 08h */
void nvmft_ident_ns_indep(u8 page[NVMFT_IDENT_LEN], const struct nvmft_ident_ns_in *in);
/* CNS 1Ch: one combination, the NVM command set */
void nvmft_ident_iocs(u8 page[NVMFT_IDENT_LEN]);

#endif /* NVMFT_PROTO_IDENT_H */
