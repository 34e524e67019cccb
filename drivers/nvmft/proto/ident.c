// SPDX-License-Identifier: GPL-2.0
/* Identify data structures. */
#include "proto/ident.h"
#include "proto/nqn.h"

static_assert(sizeof(struct nvme_id_ctrl) == NVMFT_IDENT_LEN);
static_assert(sizeof(struct nvme_id_ns) == NVMFT_IDENT_LEN);
static_assert(sizeof(struct nvme_id_ns_cs_indep) == NVMFT_IDENT_LEN);

/* Identify Controller (Base 2.1, 5.1.13.2.1) */
#define CMIC_ALL	(NVME_CTRL_CMIC_MULTI_PORT | NVME_CTRL_CMIC_MULTI_CTRL | \
			 NVME_CTRL_CMIC_ANA)
#define FRMW_SLOT1_RO	(1U << 0)
#define FRMW_SLOTS(n)	((n) << 1)
#define LPA_EXTENDED	(1U << 2)	/* NUMDU, LPOL and LPOU are honoured */
#define SGLS_BYTE	(1U << 0)	/* SGLs without alignment */
#define SGLS_OFFSET	(1U << 20)	/* address as an offset: in-capsule data */
#define SGLS_TRANSPORT	(1U << 21)	/* transport SGL data block */
#define VWC_NO_FLUSHALL	(2U << 1)	/* Flush of NSID FFFFFFFFh: Invalid Namespace */
#define ANACAP_STATES	0x1fU		/* every ANA state may be reported */
#define RAB_64		6		/* recommended arbitration burst: 2^6 commands */
#define CAPSULE_UNIT	16		/* IOCCSZ and IORCSZ */
#define SQE_SIZE	64
#define CQE_SIZE	16
/* NPWG, NPWA, NPDG, NPDA and NOWS are valid; headers differ in its name */
#define NSFEAT_OPTPERF	(1U << 4)
/* Newer than the oldest header: Optional Fabrics Commands Supported */
#define OFF_OFCS	1804
#define OFCS_DISCONNECT	(1U << 0)

static_assert(offsetof(struct nvme_id_ctrl, msdbd) + 1 == OFF_OFCS);
static_assert(offsetof(struct nvme_id_ctrl, dctype) == OFF_OFCS + 2);

/* What every type of controller says */
static void ident_ctrl_common(struct nvme_id_ctrl *id, const struct nvmft_ident_ctrl_in *in)
{
	nvmft_ascii_field(id->fr, sizeof(id->fr), in->fr);
	id->mdts = in->mdts;
	id->cntlid = cpu_to_le16(in->cntlid);
	id->ver = cpu_to_le32(in->ver);
	id->oaes = cpu_to_le32(in->oaes);
	id->ctratt = cpu_to_le32(NVME_CTRL_ATTR_HID_128_BIT | NVME_CTRL_ATTR_TBKAS);
	id->cntrltype = in->cntrltype;
	id->aerl = NVMFT_AERL;
	id->lpa = LPA_EXTENDED;
	id->kas = cpu_to_le16(NVMFT_KAS);
	id->maxcmd = cpu_to_le16(in->maxcmd);
	id->sgls = cpu_to_le32(SGLS_BYTE | SGLS_OFFSET | SGLS_TRANSPORT);
	memcpy(id->subnqn, in->subnqn, strnlen(in->subnqn, NVMF_NQN_SIZE));
}

/*
 * What is reserved in a discovery controller. Zero and thus not reported:
 * temperatures (there is no sensor), power states, capacities.
 */
static void ident_ctrl_io(struct nvme_id_ctrl *id, const struct nvmft_ident_ctrl_in *in)
{
	u8 *page = (u8 *)id;

	id->vid = cpu_to_le16(in->vid);
	id->ssvid = cpu_to_le16(in->ssvid);
	nvmft_ascii_field(id->sn, sizeof(id->sn), in->sn);
	nvmft_ascii_field(id->mn, sizeof(id->mn), in->mn);
	id->rab = RAB_64;
	id->ieee[0] = in->oui;
	id->ieee[1] = in->oui >> 8;
	id->ieee[2] = in->oui >> 16;
	id->cmic = CMIC_ALL;
	id->acl = NVMFT_ACL;
	id->frmw = FRMW_SLOT1_RO | FRMW_SLOTS(1);
	id->lpa |= NVME_CTRL_LPA_CMD_EFFECTS_LOG;
	id->elpe = NVMFT_ELPE;
	id->anatt = NVMFT_ANATT;
	id->anacap = ANACAP_STATES;
	id->anagrpmax = cpu_to_le32(NVMFT_ANAGRP_MAX);
	id->nanagrpid = cpu_to_le32(NVMFT_ANAGRP_MAX);
	id->sqes = NVME_NVM_IOSQES << 4 | NVME_NVM_IOSQES;
	id->cqes = NVME_NVM_IOCQES << 4 | NVME_NVM_IOCQES;
	id->nn = cpu_to_le32(in->nn);
	id->mnan = cpu_to_le32(in->nn);
	id->vwc = VWC_NO_FLUSHALL | (in->vwc ? NVME_CTRL_VWC_PRESENT : 0);
	id->ioccsz = cpu_to_le32((SQE_SIZE + in->icd_size) / CAPSULE_UNIT);
	id->iorcsz = cpu_to_le32(CQE_SIZE / CAPSULE_UNIT);
	id->msdbd = 1;
	page[OFF_OFCS] = OFCS_DISCONNECT;
}

void nvmft_ident_ctrl(u8 page[NVMFT_IDENT_LEN], const struct nvmft_ident_ctrl_in *in)
{
	struct nvme_id_ctrl *id = (struct nvme_id_ctrl *)page;

	memset(page, 0, NVMFT_IDENT_LEN);
	ident_ctrl_common(id, in);
	if (in->cntrltype == NVME_CTRL_DISC)
		id->dctype = NVME_DCTYPE_DDC;
	else
		ident_ctrl_io(id, in);
}

/* A number of blocks as a 0's based 16-bit field; 0 counts as 1 */
static __le16 zeroes_based(u32 blocks)
{
	u32 n = min_t(u32, blocks, U16_MAX + 1U);

	return cpu_to_le16(n ? n - 1 : 0);
}

/* Size in bytes, 128 bits: a full 64-bit count of blocks must not wrap */
static void put_nvmcap(u8 nvmcap[16], u64 blocks, u8 shift)
{
	__le64 part[2] = {
		cpu_to_le64(blocks << shift),
		cpu_to_le64(blocks >> (64 - shift)),
	};

	memcpy(nvmcap, part, sizeof(part));
}

void nvmft_ident_ns(u8 page[NVMFT_IDENT_LEN], const struct nvmft_ident_ns_in *in)
{
	struct nvme_id_ns *id = (struct nvme_id_ns *)page;

	memset(page, 0, NVMFT_IDENT_LEN);
	id->nsze = cpu_to_le64(in->nsze);
	id->ncap = id->nsze;
	id->nuse = id->nsze;
	id->nmic = NVME_NS_NMIC_SHARED;
	put_nvmcap(id->nvmcap, in->nsze, in->lba_shift);
	if (in->npwg) {
		/* The bit vouches for all of them; NOWS is a multiple of NPWG */
		id->nsfeat |= NSFEAT_OPTPERF;
		id->npwg = zeroes_based(in->npwg);
		id->npwa = zeroes_based(in->npwa);
		id->nows = zeroes_based(in->nows ?: in->npwg);
	}
	if (in->nawupf) {
		/* NAWUPF may not exceed NAWUN */
		id->nsfeat |= NVME_NS_FEAT_ATOMICS;
		id->nawun = zeroes_based(in->nawupf);
		id->nawupf = id->nawun;
	}
	id->anagrpid = cpu_to_le32(in->anagrpid);
	id->nsattr = in->readonly ? NVME_NS_ATTR_RO : 0;
	memcpy(id->nguid, in->nguid, sizeof(id->nguid));
	memcpy(id->eui64, in->eui64, sizeof(id->eui64));
	id->lbaf[0].ds = in->lba_shift;
}

static bool all_zero(const u8 *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

/* Append a descriptor unless its identifier is unset; returns where to go on. */
static u8 *put_desc(u8 *at, u8 nidt, const u8 *nid, u8 nidl)
{
	if (nidt != NVME_NIDT_CSI && all_zero(nid, nidl))
		return at;
	*at = nidt;
	*(at + 1) = nidl;
	memcpy(at + sizeof(struct nvme_ns_id_desc), nid, nidl);
	return at + sizeof(struct nvme_ns_id_desc) + nidl;
}

void nvmft_ident_ns_descs(u8 page[NVMFT_IDENT_LEN], const struct nvmft_ident_ns_in *in)
{
	static const u8 csi = NVME_CSI_NVM;

	memset(page, 0, NVMFT_IDENT_LEN);
	page = put_desc(page, NVME_NIDT_NGUID, in->nguid, NVME_NIDT_NGUID_LEN);
	page = put_desc(page, NVME_NIDT_EUI64, in->eui64, NVME_NIDT_EUI64_LEN);
	page = put_desc(page, NVME_NIDT_UUID, in->uuid, NVME_NIDT_UUID_LEN);
	put_desc(page, NVME_NIDT_CSI, &csi, NVME_NIDT_CSI_LEN);
}

void nvmft_ident_ns_nvm(u8 page[NVMFT_IDENT_LEN], const struct nvmft_ident_ns_in *in)
{
	/* One format without metadata: nothing of @in has a field here */
	(void)in;
	memset(page, 0, NVMFT_IDENT_LEN);
}

void nvmft_ident_ctrl_nvm(u8 page[NVMFT_IDENT_LEN])
{
	memset(page, 0, NVMFT_IDENT_LEN);
}

void nvmft_ident_ns_indep(u8 page[NVMFT_IDENT_LEN], const struct nvmft_ident_ns_in *in)
{
	struct nvme_id_ns_cs_indep *id = (struct nvme_id_ns_cs_indep *)page;

	memset(page, 0, NVMFT_IDENT_LEN);
	id->nmic = NVME_NS_NMIC_SHARED;
	id->anagrpid = cpu_to_le32(in->anagrpid);
	id->nsattr = in->readonly ? NVME_NS_ATTR_RO : 0;
	id->nstat = NVME_NSTAT_NRDY;
}

void nvmft_ident_iocs(u8 page[NVMFT_IDENT_LEN])
{
	__le64 nvm = cpu_to_le64(1ULL << NVME_CSI_NVM);

	memset(page, 0, NVMFT_IDENT_LEN);
	memcpy(page, &nvm, sizeof(nvm));
}
