/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Features: one table says of every Feature Identifier who has it, what it
 * carries and whether it can be changed. The checks of Set and Get Features, the
 * lengths of their data and log page 12h come from the same rows; what is not in
 * the table is no feature.
 */
#ifndef NVMFT_PROTO_FEATURE_H
#define NVMFT_PROTO_FEATURE_H

#include "proto/sqe.h"

/* Flags of struct nvmft_feature */
#define NVMFT_FEATF_IO		0x01	/* an I/O controller has it */
#define NVMFT_FEATF_DISC	0x02	/* a discovery controller has it */
#define NVMFT_FEATF_CHANGEABLE	0x04	/* Set Features can give it another value */
#define NVMFT_FEATF_NS		0x08	/* its scope is a namespace */

/* Select field of Get Features */
#define NVMFT_SEL_CURRENT	0U
#define NVMFT_SEL_DEFAULT	1U
#define NVMFT_SEL_SAVED		2U
#define NVMFT_SEL_SUPPORTED	3U

/* DW0 of Get Features with NVMFT_SEL_SUPPORTED; nothing is saveable (bit 0) */
#define NVMFT_FEATCAP_NS		(1U << 1)
#define NVMFT_FEATCAP_CHANGEABLE	(1U << 2)

/* Features whose data structure has a fixed length */
#define NVMFT_FEAT_TIMESTAMP_LEN	8U
#define NVMFT_FEAT_BEHAVIOR_LEN		512U
#define NVMFT_FEAT_HOST_ID_LEN		16U

/* Bytes of Host Behavior Support that mean something (Base 2.1, 5.1.25.1) */
#define NVMFT_BEHAVIOR_ACRE		0
#define NVMFT_BEHAVIOR_ETDAS		1
#define NVMFT_BEHAVIOR_LBAFEE		2
#define NVMFT_BEHAVIOR_HDISNS		3
#define NVMFT_BEHAVIOR_CDFE		4	/* little endian, 16 bits */
#define NVMFT_BEHAVIOR_USED		6

/**
 * struct nvmft_feature - one feature
 * @flags: NVMFT_FEATF_*
 * @len: bytes of its data structure, 0: none
 * @mask: bits of dword 11 that Set Features may use; the rest is reserved
 * @def: its default in DW0, unless it depends on the controller
 */
struct nvmft_feature {
	u8	flags;
	u16	len;
	u32	mask;
	u32	def;
};

/* The row of @fid on an admin queue of @qt, or NULL: no such feature. */
const struct nvmft_feature *nvmft_feature_find(enum nvmft_qtype qt, u8 fid);
/* Bytes of data of a Set or Get Features; 0 without, and for an unknown FID. */
u32 nvmft_feature_len(const struct nvme_command *c);
/* The dword of @fid in log page 12h; 0 if there is no such feature. */
u32 nvmft_feature_effects(enum nvmft_qtype qt, u8 fid);
/* DW0 of Get Features with NVMFT_SEL_SUPPORTED */
u32 nvmft_feature_caps(const struct nvmft_feature *f);

/**
 * nvmft_feature_check() - what can be refused of a Set or Get Features by its SQE
 * @qt: type of the admin queue
 * @c: the SQE
 * @loc: where the fault is (Parameter Error Location); written with a fault
 *
 * In this order: FID (Invalid Field); Set: SV (Feature Identifier Not Saveable),
 * Get: SEL above 3 (Invalid Field); NSID (Invalid Namespace or Format; a Set of
 * a feature that is no namespace's for one namespace: Feature Not Namespace
 * Specific); Set: reserved bits of dword 11 (Invalid Field). A Get for one
 * namespace of a feature that has no namespaces is answered: the
 * specification refuses that to Set alone, and tools rely on it.
 *
 * Return: 0 or a status with NVME_STATUS_DNR.
 */
u16 nvmft_feature_check(enum nvmft_qtype qt, const struct nvme_command *c, u16 *loc);

/**
 * nvmft_feature_check_behavior() - check the data of Host Behavior Support
 * @data: its first NVMFT_BEHAVIOR_USED bytes; what follows is reserved for hosts
 *	of later revisions and not looked at
 *
 * Return: 0, or Invalid Field with NVME_STATUS_DNR: a field has a value that is
 * reserved, or enables a copy format that the controller does not have.
 */
u16 nvmft_feature_check_behavior(const u8 data[NVMFT_BEHAVIOR_USED]);

#endif /* NVMFT_PROTO_FEATURE_H */
