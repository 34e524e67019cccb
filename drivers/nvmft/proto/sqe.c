// SPDX-License-Identifier: GPL-2.0
/* Commands: what each is, and the checks that need nothing but its SQE. */
#include "proto/feature.h"
#include "proto/nqn.h"
#include "proto/sqe.h"

static_assert(offsetof(struct nvme_common_command, dptr) == NVMFT_CONNECT_OFF_SGL);
static_assert(offsetof(struct nvmf_connect_command, dptr) == NVMFT_CONNECT_OFF_SGL);
static_assert(offsetof(struct nvmf_connect_command, recfmt) == NVMFT_CONNECT_OFF_RECFMT);
static_assert(offsetof(struct nvmf_connect_command, qid) == NVMFT_CONNECT_OFF_QID);
static_assert(offsetof(struct nvmf_connect_command, sqsize) == NVMFT_CONNECT_OFF_SQSIZE);
static_assert(offsetof(struct nvmf_connect_command, kato) == NVMFT_CONNECT_OFF_KATO);
static_assert(offsetof(struct nvmf_connect_data, hostid) == NVMFT_CONNECT_OFF_HOSTID);
static_assert(offsetof(struct nvmf_connect_data, cntlid) == NVMFT_CONNECT_OFF_CNTLID);
static_assert(offsetof(struct nvmf_connect_data, subsysnqn) == NVMFT_CONNECT_OFF_SUBNQN);
static_assert(offsetof(struct nvmf_connect_data, hostnqn) == NVMFT_CONNECT_OFF_HOSTNQN);

/* An admin queue has at most 4096 entries */
#define ADMIN_SQSIZE_MAX	4095

/* Dataset Management: bytes of as many ranges as NR can count */
#define DSM_TABLE_MAX		(256U * sizeof(struct nvme_dsm_range))

/* Command Scope in an effects word (Base 2.1, 5.1.12.1) */
#define EFFECTS_SCOPE_NS	(1U << 20)
#define EFFECTS_SCOPE_CTRL	(1U << 21)

/* IATTR of a Connect response: IPO is an offset in the data (Base 2.1, 6.3) */
#define CONNECT_IATTR_DATA	(1U << 16)

static const struct nvmft_opdesc descs[NVMFT_OP_NR] = {
	[NVMFT_OP_CONNECT] = {
		.op = NVMFT_OP_CONNECT,
		.dir = NVMFT_DIR_H2C,
		.len_rule = NVMFT_LEN_FIXED,
		.len = sizeof(struct nvmf_connect_data),
		.flags = NVMFT_OPF_FABRICS,
		.effects = NVME_CMD_EFFECTS_CSUPP,
	},
	[NVMFT_OP_PROP_GET] = {
		.op = NVMFT_OP_PROP_GET,
		.flags = NVMFT_OPF_FABRICS,
		.effects = NVME_CMD_EFFECTS_CSUPP,
	},
	[NVMFT_OP_PROP_SET] = {
		.op = NVMFT_OP_PROP_SET,
		.flags = NVMFT_OPF_FABRICS,
		.effects = NVME_CMD_EFFECTS_CSUPP,
	},
	[NVMFT_OP_DISCONNECT] = {
		.op = NVMFT_OP_DISCONNECT,
		.flags = NVMFT_OPF_FABRICS,
		.effects = NVME_CMD_EFFECTS_CSUPP,
	},
	[NVMFT_OP_GET_LOG] = {
		.op = NVMFT_OP_GET_LOG,
		.dir = NVMFT_DIR_C2H,
		.len_rule = NVMFT_LEN_NUMD,
		.effects = NVME_CMD_EFFECTS_CSUPP,
	},
	[NVMFT_OP_IDENTIFY] = {
		.op = NVMFT_OP_IDENTIFY,
		.dir = NVMFT_DIR_C2H,
		.len_rule = NVMFT_LEN_FIXED,
		.len = NVME_IDENTIFY_DATA_SIZE,
		.effects = NVME_CMD_EFFECTS_CSUPP,
	},
	[NVMFT_OP_ABORT] = {
		.op = NVMFT_OP_ABORT,
		.effects = NVME_CMD_EFFECTS_CSUPP,
	},
	[NVMFT_OP_SET_FEATURES] = {
		.op = NVMFT_OP_SET_FEATURES,
		.dir = NVMFT_DIR_H2C,
		.len_rule = NVMFT_LEN_FEATURE,
		/* Namespace Write Protection changes what a namespace can do */
		.effects = NVME_CMD_EFFECTS_CSUPP | NVME_CMD_EFFECTS_NCC,
	},
	[NVMFT_OP_GET_FEATURES] = {
		.op = NVMFT_OP_GET_FEATURES,
		.dir = NVMFT_DIR_C2H,
		.len_rule = NVMFT_LEN_FEATURE,
		.effects = NVME_CMD_EFFECTS_CSUPP,
	},
	[NVMFT_OP_ASYNC_EVENT] = {
		.op = NVMFT_OP_ASYNC_EVENT,
		.effects = NVME_CMD_EFFECTS_CSUPP,
	},
	[NVMFT_OP_KEEP_ALIVE] = {
		.op = NVMFT_OP_KEEP_ALIVE,
		.effects = NVME_CMD_EFFECTS_CSUPP,
	},
	[NVMFT_OP_FLUSH] = {
		.op = NVMFT_OP_FLUSH,
		.flags = NVMFT_OPF_NS,
		.effects = NVME_CMD_EFFECTS_CSUPP,
	},
	[NVMFT_OP_WRITE] = {
		.op = NVMFT_OP_WRITE,
		.dir = NVMFT_DIR_H2C,
		.len_rule = NVMFT_LEN_LBA,
		.flags = NVMFT_OPF_NS | NVMFT_OPF_LBA | NVMFT_OPF_WRITES | NVMFT_OPF_FUSED,
		.effects = NVME_CMD_EFFECTS_CSUPP | NVME_CMD_EFFECTS_LBCC,
	},
	[NVMFT_OP_READ] = {
		.op = NVMFT_OP_READ,
		.dir = NVMFT_DIR_C2H,
		.len_rule = NVMFT_LEN_LBA,
		.flags = NVMFT_OPF_NS | NVMFT_OPF_LBA,
		.effects = NVME_CMD_EFFECTS_CSUPP,
	},
	[NVMFT_OP_COMPARE] = {
		.op = NVMFT_OP_COMPARE,
		.dir = NVMFT_DIR_H2C,
		.len_rule = NVMFT_LEN_LBA,
		.flags = NVMFT_OPF_NS | NVMFT_OPF_LBA | NVMFT_OPF_FUSED,
		.effects = NVME_CMD_EFFECTS_CSUPP,
	},
	[NVMFT_OP_WRITE_ZEROES] = {
		.op = NVMFT_OP_WRITE_ZEROES,
		.flags = NVMFT_OPF_NS | NVMFT_OPF_LBA | NVMFT_OPF_WRITES,
		.effects = NVME_CMD_EFFECTS_CSUPP | NVME_CMD_EFFECTS_LBCC,
	},
	[NVMFT_OP_DSM] = {
		.op = NVMFT_OP_DSM,
		.dir = NVMFT_DIR_H2C,
		.len_rule = NVMFT_LEN_DSM,
		.flags = NVMFT_OPF_NS | NVMFT_OPF_WRITES,
		.effects = NVME_CMD_EFFECTS_CSUPP | NVME_CMD_EFFECTS_LBCC,
	},
	[NVMFT_OP_VERIFY] = {
		.op = NVMFT_OP_VERIFY,
		.flags = NVMFT_OPF_NS | NVMFT_OPF_LBA,
		.effects = NVME_CMD_EFFECTS_CSUPP,
	},
	[NVMFT_OP_COPY] = {
		.op = NVMFT_OP_COPY,
		.dir = NVMFT_DIR_H2C,
		.len_rule = NVMFT_LEN_COPY,
		.flags = NVMFT_OPF_NS | NVMFT_OPF_WRITES,
		.effects = NVME_CMD_EFFECTS_CSUPP | NVME_CMD_EFFECTS_LBCC,
	},
};

/* An index into descs, plus one: zero is what the tables below do not name. */
#define ROW(name)	(NVMFT_OP_##name + 1)

/* Indexed by a byte of the SQE, so that no host can reach beyond the table. */
static const u8 op_rows[NVMFT_Q_NR][256] = {
	[NVMFT_Q_ADMIN] = {
		[nvme_admin_get_log_page] = ROW(GET_LOG),
		[nvme_admin_identify] = ROW(IDENTIFY),
		[nvme_admin_abort_cmd] = ROW(ABORT),
		[nvme_admin_set_features] = ROW(SET_FEATURES),
		[nvme_admin_get_features] = ROW(GET_FEATURES),
		[nvme_admin_async_event] = ROW(ASYNC_EVENT),
		[nvme_admin_keep_alive] = ROW(KEEP_ALIVE),
	},
	/* What persistent discovery needs; Abort is optional there, and absent */
	[NVMFT_Q_DISC] = {
		[nvme_admin_get_log_page] = ROW(GET_LOG),
		[nvme_admin_identify] = ROW(IDENTIFY),
		[nvme_admin_set_features] = ROW(SET_FEATURES),
		[nvme_admin_get_features] = ROW(GET_FEATURES),
		[nvme_admin_async_event] = ROW(ASYNC_EVENT),
		[nvme_admin_keep_alive] = ROW(KEEP_ALIVE),
	},
	[NVMFT_Q_IO] = {
		[nvme_cmd_flush] = ROW(FLUSH),
		[nvme_cmd_write] = ROW(WRITE),
		[nvme_cmd_read] = ROW(READ),
		[nvme_cmd_compare] = ROW(COMPARE),
		[nvme_cmd_write_zeroes] = ROW(WRITE_ZEROES),
		[nvme_cmd_dsm] = ROW(DSM),
		[nvme_cmd_verify] = ROW(VERIFY),
		[NVMFT_CMD_COPY] = ROW(COPY),
	},
};

/*
 * By FCTYPE. Connect on a connected queue, Disconnect on an admin queue and
 * properties on an I/O queue have statuses of their own, so they are known there
 * and refused by the core.
 */
static const u8 fabrics_rows[NVMFT_Q_NR][256] = {
	[NVMFT_Q_NEW] = {
		[nvme_fabrics_type_connect] = ROW(CONNECT),
	},
	[NVMFT_Q_ADMIN] = {
		[nvme_fabrics_type_property_set] = ROW(PROP_SET),
		[nvme_fabrics_type_connect] = ROW(CONNECT),
		[nvme_fabrics_type_property_get] = ROW(PROP_GET),
		[NVMFT_FCTYPE_DISCONNECT] = ROW(DISCONNECT),
	},
	[NVMFT_Q_DISC] = {
		[nvme_fabrics_type_property_set] = ROW(PROP_SET),
		[nvme_fabrics_type_connect] = ROW(CONNECT),
		[nvme_fabrics_type_property_get] = ROW(PROP_GET),
		[NVMFT_FCTYPE_DISCONNECT] = ROW(DISCONNECT),
	},
	[NVMFT_Q_IO] = {
		[nvme_fabrics_type_property_set] = ROW(PROP_SET),
		[nvme_fabrics_type_connect] = ROW(CONNECT),
		[nvme_fabrics_type_property_get] = ROW(PROP_GET),
		[NVMFT_FCTYPE_DISCONNECT] = ROW(DISCONNECT),
	},
};

const struct nvmft_opdesc *nvmft_sqe_lookup(enum nvmft_qtype qt, const struct nvme_command *c)
{
	u8 row;

	if (c->common.opcode == nvme_fabrics_command)
		row = fabrics_rows[qt][c->fabrics.fctype];
	else
		row = op_rows[qt][c->common.opcode];
	return row ? &descs[row - 1] : NULL;
}

u32 nvmft_sqe_effects(enum nvmft_qtype qt, u8 opcode)
{
	u8 row = op_rows[qt][opcode];

	if (!row)
		return 0;
	return descs[row - 1].effects |
	       (descs[row - 1].flags & NVMFT_OPF_NS ? EFFECTS_SCOPE_NS : EFFECTS_SCOPE_CTRL);
}

/* Without data the data pointer is reserved, and nothing in it is looked at. */
static bool has_data(const struct nvmft_opdesc *d, const struct nvme_command *c)
{
	if (d->len_rule == NVMFT_LEN_FEATURE)
		return nvmft_feature_len(c) != 0;
	return d->dir != NVMFT_DIR_NONE;
}

u16 nvmft_sqe_check_sgl(const struct nvmft_opdesc *d, const struct nvme_command *c,
			u32 icd_len, u32 *len)
{
	const struct nvme_sgl_desc *sgl = &c->common.dptr.sgl;
	u8 mask = NVMFT_SQE_PSDT_MASK |
		  (d->flags & NVMFT_OPF_FUSED ? 0 : NVMFT_SQE_FUSE_MASK);
	u32 sgl_len = le32_to_cpu(sgl->length);

	*len = 0;
	if ((c->common.flags & mask) != NVMFT_SQE_PSDT_SGL &&
	    c->common.opcode != nvme_fabrics_command)
		return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
	if (!has_data(d, c))
		return icd_len ? NVME_SC_INVALID_FIELD | NVME_STATUS_DNR : 0;

	switch (sgl->type) {
	case NVMFT_SGL_TRANSPORT:
		if (icd_len)
			return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
		break;
	case NVMFT_SGL_IN_CAPSULE:
		if (d->dir == NVMFT_DIR_C2H)
			return NVME_SC_INVALID_FIELD | NVME_STATUS_DNR;
		if (sgl->addr)
			return NVME_SC_SGL_INVALID_OFFSET | NVME_STATUS_DNR;
		if (sgl_len != icd_len)
			return NVME_SC_SGL_INVALID_DATA | NVME_STATUS_DNR;
		break;
	default:
		return NVME_SC_SGL_INVALID_TYPE | NVME_STATUS_DNR;
	}
	*len = sgl_len;
	return 0;
}

u64 nvmft_sqe_data_len(const struct nvmft_opdesc *d, const struct nvme_command *c, u8 lba_shift)
{
	switch (d->len_rule) {
	case NVMFT_LEN_LBA:
		return ((u64)le16_to_cpu(c->rw.length) + 1) << lba_shift;
	case NVMFT_LEN_DSM:
		return (u64)nvmft_sqe_nr_ranges(c) * sizeof(struct nvme_dsm_range);
	case NVMFT_LEN_COPY:
		return (u64)nvmft_sqe_nr_copies(c) * NVMFT_COPY_RANGE_LEN;
	case NVMFT_LEN_NUMD:
		return nvmft_sqe_log_len(c);
	case NVMFT_LEN_FEATURE:
		return nvmft_feature_len(c);
	default:
		return d->len;
	}
}

bool nvmft_sqe_len_fits(const struct nvmft_opdesc *d, u64 len, u32 sgl_len)
{
	if (d->len_rule == NVMFT_LEN_DSM)
		return sgl_len >= len && sgl_len <= DSM_TABLE_MAX &&
		       !(sgl_len % sizeof(struct nvme_dsm_range));
	return sgl_len == len;
}

u16 nvmft_sqe_loc(const struct nvmft_opdesc *d, u16 status)
{
	switch (status & ~NVME_STATUS_DNR) {
	case NVME_SC_INVALID_OPCODE:
		return NVMFT_LOC_OPCODE;
	case NVME_SC_CMDID_CONFLICT:
		return NVMFT_LOC_CID;
	case NVME_SC_INVALID_NS:
		return NVMFT_LOC_NSID;
	case NVME_SC_SGL_INVALID_DATA:
	case NVME_SC_SGL_INVALID_OFFSET:
		return NVMFT_LOC_SGL;
	case NVME_SC_SGL_INVALID_TYPE:
		return NVMFT_LOC_SGL_TYPE;
	case NVMFT_SC_INVALID_LOG_PAGE:
		return NVMFT_LOC_CDW10;
	case NVME_SC_LBA_RANGE:
		/* Other commands have their blocks in their data */
		return d && (d->flags & NVMFT_OPF_LBA) ? NVMFT_LOC_CDW10 : NVMFT_LOC_NONE;
	default:
		return NVMFT_LOC_NONE;
	}
}

static struct nvmft_connect_fault invalid_param(u16 ipo, bool in_data)
{
	return (struct nvmft_connect_fault){
		.sc = NVME_SC_CONNECT_INVALID_PARAM | NVME_STATUS_DNR,
		.ipo = ipo,
		.in_data = in_data,
	};
}

struct nvmft_connect_fault nvmft_sqe_check_connect(const struct nvme_command *c,
						   u16 max_queue_size)
{
	u16 sqsize = le16_to_cpu(c->connect.sqsize);
	u32 max = c->connect.qid ? max_queue_size : ADMIN_SQSIZE_MAX + 1;

	if (c->connect.recfmt)
		return (struct nvmft_connect_fault){
			.sc = NVME_SC_CONNECT_FORMAT | NVME_STATUS_DNR,
			.ipo = NVMFT_CONNECT_OFF_RECFMT,
		};
	if (!sqsize || sqsize >= max)
		return invalid_param(NVMFT_CONNECT_OFF_SQSIZE, false);
	return (struct nvmft_connect_fault){ 0 };
}

struct nvmft_connect_fault nvmft_sqe_check_connect_data(const struct nvmf_connect_data *d,
							bool admin)
{
	u16 cntlid = le16_to_cpu(d->cntlid);
	bool cntlid_ok;

	if (nvmft_hostid_zero(d->hostid.b))
		return invalid_param(NVMFT_CONNECT_OFF_HOSTID, true);
	if (admin)
		cntlid_ok = cntlid == NVME_CNTLID_DYNAMIC;
	else
		cntlid_ok = cntlid >= NVME_CNTLID_MIN && cntlid <= NVME_CNTLID_MAX;
	if (!cntlid_ok)
		return invalid_param(NVMFT_CONNECT_OFF_CNTLID, true);
	if (!nvmft_nqn_valid(d->subsysnqn))
		return invalid_param(NVMFT_CONNECT_OFF_SUBNQN, true);
	if (!nvmft_nqn_valid(d->hostnqn))
		return invalid_param(NVMFT_CONNECT_OFF_HOSTNQN, true);
	return (struct nvmft_connect_fault){ 0 };
}

u32 nvmft_sqe_connect_dw0(const struct nvmft_connect_fault *f)
{
	/* Only Connect Invalid Parameters has an offset to report */
	if ((f->sc & ~NVME_STATUS_DNR) != NVME_SC_CONNECT_INVALID_PARAM)
		return 0;
	return f->ipo | (f->in_data ? CONNECT_IATTR_DATA : 0);
}
