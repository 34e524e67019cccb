// SPDX-License-Identifier: GPL-2.0
/* Identify data structures. */
#include "proto/ident.h"
#include "proto/limits.h"
#include "proto/nqn.h"
#include "proto/sqe.h"

static_assert(sizeof(struct nvme_id_ctrl) == NVMFT_IDENT_LEN);
static_assert(sizeof(struct nvme_id_ns) == NVMFT_IDENT_LEN);
static_assert(sizeof(struct nvme_id_ns_cs_indep) == NVMFT_IDENT_LEN);

/* Identify Controller (Base 2.1, 5.1.13.2.1) */
#define CMIC_ALL	(NVME_CTRL_CMIC_MULTI_PORT | NVME_CTRL_CMIC_MULTI_CTRL | \
			 NVME_CTRL_CMIC_ANA)
#define FRMW_SLOT1_RO	(1U << 0)
#define FRMW_SLOTS(n)	((n) << 1)
#define LPA_EXTENDED	(1U << 2)	/* NUMDU, LPOL and LPOU are honoured */
#define LPA_MISC	(1U << 5)	/* log pages 00h, 12h, 13h; scopes in 05h */
#define SGLS_BYTE	(1U << 0)	/* SGLs without alignment */
#define SGLS_OFFSET	(1U << 20)	/* address as an offset: in-capsule data */
#define SGLS_TRANSPORT	(1U << 21)	/* transport SGL data block */
/* Flush of NSID FFFFFFFFh: Invalid Namespace, or all of them */
#define VWC_NO_FLUSHALL	(2U << 1)
#define VWC_FLUSHALL	(3U << 1)
#define NWPC_BASIC	(1U << 0)	/* No Write Protect and Write Protect */
#define ANACAP_STATES	0x1fU		/* every ANA state may be reported */
#define RAB_64		6		/* recommended arbitration burst: 2^6 commands */
#define CAPSULE_UNIT	16		/* IOCCSZ and IORCSZ */
#define SQE_SIZE	64
#define CQE_SIZE	16
/* NPWG, NPWA, NPDG, NPDA and NOWS are valid; headers differ in its name */
#define NSFEAT_OPTPERF	(1U << 4)
/* Newer than the oldest header: copy formats, Optional Fabrics Commands */
#define OFF_OCFS	534
#define OFF_OFCS	1804
#define OFCS_DISCONNECT	(1U << 0)
/* Likewise, in a namespace: limits of Copy */
#define OFF_MSSRL	74
#define OFF_MCL		76
#define OFF_MSRC	80

static_assert(offsetof(struct nvme_id_ctrl, acwu) + 2 == OFF_OCFS);
static_assert(offsetof(struct nvme_id_ctrl, msdbd) + 1 == OFF_OFCS);
static_assert(offsetof(struct nvme_id_ns, nows) + 2 == OFF_MSSRL);
static_assert(sizeof(struct nvme_id_ctrl_nvm) == NVMFT_IDENT_LEN);
static_assert(offsetof(struct nvme_id_ctrl, dctype) == OFF_OFCS + 2);

static void put_le16(u8 *at, u16 val)
{
	at[0] = val;
	at[1] = val >> 8;
}

static void put_le32(u8 *at, u32 val)
{
	put_le16(at, val);
	put_le16(at + 2, val >> 16);
}

u16 nvmft_ident_oncs(void)
{
	static const struct {
		u8	opcode;
		u16	bit;
	} optional[] = {
		{ nvme_cmd_compare, NVMFT_ONCS_COMPARE },
		{ nvme_cmd_dsm, NVMFT_ONCS_DSM },
		{ nvme_cmd_write_zeroes, NVMFT_ONCS_WRITE_ZEROES },
		{ nvme_cmd_verify, NVMFT_ONCS_VERIFY },
		{ NVMFT_CMD_COPY, NVMFT_ONCS_COPY },
	};
	u16 oncs = NVMFT_ONCS_SAVE_SELECT | NVMFT_ONCS_TIMESTAMP;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(optional); i++)
		if (nvmft_sqe_effects(NVMFT_Q_IO, optional[i].opcode))
			oncs |= optional[i].bit;
	return oncs;
}

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
	id->lpa |= NVME_CTRL_LPA_CMD_EFFECTS_LOG | LPA_MISC;
	id->elpe = NVMFT_ELPE;
	id->anatt = NVMFT_ANATT;
	id->anacap = ANACAP_STATES;
	id->anagrpmax = cpu_to_le32(NVMFT_ANAGRP_MAX);
	id->nanagrpid = cpu_to_le32(NVMFT_ANAGRP_MAX);
	id->sqes = NVME_NVM_IOSQES << 4 | NVME_NVM_IOSQES;
	id->cqes = NVME_NVM_IOCQES << 4 | NVME_NVM_IOCQES;
	id->nn = cpu_to_le32(in->nn);
	id->mnan = cpu_to_le32(in->nn);
	id->oncs = cpu_to_le16(in->oncs);
	id->fuses = cpu_to_le16(in->fuses);
	id->vwc = (in->flush_all ? VWC_FLUSHALL : VWC_NO_FLUSHALL) |
		  (in->vwc ? NVME_CTRL_VWC_PRESENT : 0);
	/* AWUN, AWUPF and ACWU hold for every namespace: one block, which is 0 */
	id->nwpc = NWPC_BASIC;
	put_le16(page + OFF_OCFS, in->ocfs);
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

/* The largest number that a 0's based 16-bit field can say */
#define FIELD_BLOCKS	(U16_MAX + 1U)

/* A number of blocks as a 0's based 16-bit field; 0 counts as 1 */
static __le16 zeroes_based(u32 blocks)
{
	u32 n = min_t(u32, blocks, FIELD_BLOCKS);

	return cpu_to_le16(n ? n - 1 : 0);
}

/* Blocks of @shift that @bytes make, 0 if they are no whole number of them */
static u32 in_blocks(u32 bytes, u8 shift)
{
	return bytes & ((1U << shift) - 1) ? 0 : bytes >> shift;
}

/* The same, or 0 if a command cannot transfer them or a field cannot say them */
static u32 in_command(u32 bytes, const struct nvmft_ident_sizes *s, u8 shift)
{
	u32 blocks = in_blocks(bytes, shift);

	return bytes > s->mdts || blocks > FIELD_BLOCKS ? 0 : blocks;
}

void nvmft_ident_ns_sizes(struct nvmft_ident_ns_in *in, const struct nvmft_ident_sizes *s)
{
	u32 min = in_command(s->io_min, s, in->lba_shift);
	u32 opt = in_command(s->io_opt, s, in->lba_shift);

	in->npwa = in_command(s->phys, s, in->lba_shift);
	in->npwg = in->npwa && min % in->npwa == 0 ? max(min, in->npwa) : in->npwa;
	in->nows = in->npwg && opt % in->npwg == 0 ? max(opt, in->npwg) : in->npwg;
	in->npdg = in_blocks(s->discard, in->lba_shift);
	in->npda = in->npdg;
	in->atomic = in_command(s->atomic, s, in->lba_shift);
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
	if (!in->lost)
		id->nuse = id->nsze;
	id->nmic = NVME_NS_NMIC_SHARED;
	put_nvmcap(id->nvmcap, in->nsze, in->lba_shift);
	if (in->npwg) {
		/* The bit vouches for all of them; NOWS is a multiple of NPWG */
		id->nsfeat |= NSFEAT_OPTPERF;
		id->npwg = zeroes_based(in->npwg);
		id->npwa = zeroes_based(in->npwa);
		id->npdg = zeroes_based(in->npdg);
		id->npda = zeroes_based(in->npda);
		id->nows = zeroes_based(in->nows ?: in->npwg);
	}
	if (in->atomic || in->nacwu) {
		id->nsfeat |= NVME_NS_FEAT_ATOMICS;
		id->nawun = zeroes_based(in->atomic);
		id->nawupf = id->nawun;
		id->nacwu = zeroes_based(in->nacwu);
		/* Across a boundary nothing is promised; 0, one block, has none */
		id->nabsn = id->nawun;
		id->nabspf = id->nawupf;
	}
	if (in->mssrl) {
		put_le16(page + OFF_MSSRL, in->mssrl);
		put_le32(page + OFF_MCL, in->mcl);
		page[OFF_MSRC] = in->msrc;
	}
	id->dlfeat = in->dlfeat;
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

void nvmft_ident_ctrl_nvm(u8 page[NVMFT_IDENT_LEN], u16 oncs)
{
	struct nvme_id_ctrl_nvm *id = (struct nvme_id_ctrl_nvm *)page;

	memset(page, 0, NVMFT_IDENT_LEN);
	if (oncs & NVMFT_ONCS_VERIFY)
		id->vsl = NVMFT_VSL;
	if (oncs & NVMFT_ONCS_WRITE_ZEROES)
		id->wzsl = NVMFT_WZSL;
	if (oncs & NVMFT_ONCS_DSM) {
		id->dmrl = NVMFT_DMRL;
		id->dmrsl = cpu_to_le32(NVMFT_DMRSL);
		id->dmsl = cpu_to_le64(NVMFT_DMSL);
	}
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
