// SPDX-License-Identifier: GPL-2.0
/* Features: the table, and what can be refused by the SQE alone. */
#include "proto/feature.h"
#include "proto/ident.h"
#include "proto/limits.h"

#define IO		NVMFT_FEATF_IO
#define IO_DISC		(NVMFT_FEATF_IO | NVMFT_FEATF_DISC)
#define CHANGEABLE	NVMFT_FEATF_CHANGEABLE
#define NS		NVMFT_FEATF_NS
#define ALL_BITS	0xffffffffU

/* Base 2.1, 5.1.25.1; 05h and 0Ah: NVM Command Set 1.1, 4.1.3 */
static const struct nvmft_feature features[] = {
	/* By default there is no limit of the burst (AB 111b) */
	[NVME_FEAT_ARBITRATION] = { IO | CHANGEABLE, .mask = 0xffffff07, .def = 7 },
	[NVME_FEAT_POWER_MGMT] = { IO | CHANGEABLE, .mask = 0x000000ff },
	[NVME_FEAT_TEMP_THRESH] = { IO | CHANGEABLE, .mask = 0x003fffff },
	/* DULBE is reserved where NSFEAT does not offer it */
	[NVME_FEAT_ERR_RECOVERY] = { IO | NS, .mask = 0x0000ffff },
	[NVME_FEAT_VOLATILE_WC] = { IO, .mask = 0x00000001, .def = 1 },
	[NVME_FEAT_NUM_QUEUES] = { IO | CHANGEABLE, .mask = ALL_BITS },
	[NVME_FEAT_WRITE_ATOMIC] = { IO | CHANGEABLE, .mask = 0x00000001 },
	/* Which events there are depends on the controller */
	[NVME_FEAT_ASYNC_EVENT] = { IO_DISC | CHANGEABLE, .mask = ALL_BITS },
	[NVME_FEAT_TIMESTAMP] = { IO | CHANGEABLE, .len = NVMFT_FEAT_TIMESTAMP_LEN },
	[NVME_FEAT_KATO] = { IO_DISC | CHANGEABLE, .mask = ALL_BITS },
	[NVME_FEAT_HOST_BEHAVIOR] = { IO | CHANGEABLE, .len = NVMFT_FEAT_BEHAVIOR_LEN },
	[NVME_FEAT_HOST_ID] = { IO, .len = NVMFT_FEAT_HOST_ID_LEN, .mask = 0x00000001 },
	[NVME_FEAT_WRITE_PROTECT] = { IO | CHANGEABLE | NS, .mask = 0x00000007 },
};

/* Feature Identifiers Supported and Effects (Base 2.1, 5.1.12.1) */
#define FIS_FSUPP		(1U << 0)
#define FIS_NCC			(1U << 2)	/* may change a capability of a namespace */
#define FIS_SCOPE_NS		(1U << 20)
#define FIS_SCOPE_CTRL		(1U << 21)

#define SV_BIT			31
#define SEL_BYTE		41

/* Bits of CDFE: a copy format each, of which 0h and 1h need no permission */
#define CDFE_FORMATS		0x001cU

static u8 fid_of(const struct nvme_command *c)
{
	return le32_to_cpu(c->features.fid) & 0xff;
}

static u32 sel_of(const struct nvme_command *c)
{
	return (le32_to_cpu(c->features.fid) >> 8) & 7;
}

static bool is_set(const struct nvme_command *c)
{
	return c->common.opcode == nvme_admin_set_features;
}

/* The row of any controller, or NULL */
static const struct nvmft_feature *row(u8 fid)
{
	return fid < ARRAY_SIZE(features) && features[fid].flags ? &features[fid] : NULL;
}

const struct nvmft_feature *nvmft_feature_find(enum nvmft_qtype qt, u8 fid)
{
	u8 who = qt == NVMFT_Q_DISC ? NVMFT_FEATF_DISC : NVMFT_FEATF_IO;
	const struct nvmft_feature *f = row(fid);

	return f && (f->flags & who) ? f : NULL;
}

u32 nvmft_feature_len(const struct nvme_command *c)
{
	const struct nvmft_feature *f = row(fid_of(c));

	if (!f || (!is_set(c) && sel_of(c) == NVMFT_SEL_SUPPORTED))
		return 0;
	/* Fabrics know the extended identifier alone; the short one is refused */
	if (fid_of(c) == NVME_FEAT_HOST_ID && !(le32_to_cpu(c->features.dword11) & 1))
		return 0;
	return f->len;
}

u32 nvmft_feature_effects(enum nvmft_qtype qt, u8 fid)
{
	const struct nvmft_feature *f = nvmft_feature_find(qt, fid);

	if (!f)
		return 0;
	if (!(f->flags & NVMFT_FEATF_NS))
		return FIS_FSUPP | FIS_SCOPE_CTRL;
	return FIS_FSUPP | FIS_SCOPE_NS | (f->flags & CHANGEABLE ? FIS_NCC : 0);
}

u32 nvmft_feature_caps(const struct nvmft_feature *f)
{
	return (f->flags & CHANGEABLE ? NVMFT_FEATCAP_CHANGEABLE : 0) |
	       (f->flags & NVMFT_FEATF_NS ? NVMFT_FEATCAP_NS : 0);
}

/* NSID as far as it needs no namespace (Base 2.1, 5.1.11 and 5.1.25) */
static u16 check_nsid(const struct nvmft_feature *f, const struct nvme_command *c)
{
	u32 nsid = le32_to_cpu(c->common.nsid);
	bool all = nsid == NVME_NSID_ALL;

	if (nsid > NVMFT_NN && !all)
		return NVME_SC_INVALID_NS | NVME_STATUS_DNR;
	if (!(f->flags & NVMFT_FEATF_NS))
		return is_set(c) && nsid && !all ?
		       NVMFT_SC_FEAT_NOT_PER_NS | NVME_STATUS_DNR : 0;
	/* All namespaces at once can be set, but they have no one value */
	if (!nsid || (all && !is_set(c)))
		return NVME_SC_INVALID_NS | NVME_STATUS_DNR;
	return 0;
}

static u16 fault(u16 *loc, u16 where, u16 status)
{
	*loc = where;
	return status | NVME_STATUS_DNR;
}

u16 nvmft_feature_check(enum nvmft_qtype qt, const struct nvme_command *c, u16 *loc)
{
	u32 reserved = le32_to_cpu(c->features.dword11);
	const struct nvmft_feature *f;
	u16 status;

	f = nvmft_feature_find(qt, fid_of(c));
	if (!f)
		return fault(loc, NVMFT_LOC_CDW10, NVME_SC_INVALID_FIELD);
	if (is_set(c) && (le32_to_cpu(c->features.fid) & (1U << SV_BIT)))
		return fault(loc, NVMFT_LOC(NVMFT_LOC_CDW10, SV_BIT), NVMFT_SC_FEAT_NOT_SAVEABLE);
	if (!is_set(c) && sel_of(c) > NVMFT_SEL_SUPPORTED)
		return fault(loc, SEL_BYTE, NVME_SC_INVALID_FIELD);
	status = check_nsid(f, c);
	if (status)
		return fault(loc, NVMFT_LOC_NSID, status);
	reserved &= ~f->mask;
	if (is_set(c) && reserved)
		return fault(loc, NVMFT_LOC(NVMFT_LOC_CDW11, __builtin_ctz(reserved)),
			     NVME_SC_INVALID_FIELD);
	return 0;
}

u16 nvmft_feature_check_behavior(const u8 data[NVMFT_BEHAVIOR_USED])
{
	u16 cdfe = data[NVMFT_BEHAVIOR_CDFE] | data[NVMFT_BEHAVIOR_CDFE + 1] << 8;
	u8 i;

	for (i = 0; i < NVMFT_BEHAVIOR_CDFE; i++)
		if (data[i] > 1)
			return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	if (cdfe & ~(CDFE_FORMATS & NVMFT_COPY_FORMATS))
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	return 0;
}
