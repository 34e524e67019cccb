// SPDX-License-Identifier: GPL-2.0
/* Log pages: the cut, and the bodies (Base 2.1, 5.1.12.1). */
#include "proto/logpage.h"
#include "proto/nqn.h"

/* Supported Log Pages: the page may be asked for */
#define LSUPP		(1U << 0)
/* Firmware Slot Information: slot 1 is active, none is next */
#define AFI_SLOT1	1
#define FR_LEN		8
/* SMART: data units count thousands of 512-byte units */
#define DATA_UNIT	1000
#define SPARE_ALL	100	/* percent */
/* Reserved bytes behind the opcodes of log page 05h */
#define EFFECTS_RESERVED	2048
/* Reserved bytes between TRSVCID and SUBNQN */
#define DISC_RESERVED		192
/* Error log: fields that older headers lack, and the revision that has them */
#define ERR_LEN			64
#define ERR_TRTYPE		29
#define ERR_OPCODE		31
#define ERR_LPVER		63
#define LPVER_1			1
/* Log page 13h: 256 dwords and a reserved part */
#define MI_CMDS_LEN		4096

static_assert(sizeof(struct nvme_error_slot) == ERR_LEN);
static_assert(offsetof(struct nvme_error_slot, vs) == ERR_TRTYPE - 1);
static_assert(sizeof(struct nvme_smart_log) == 512);
static_assert(sizeof(struct nvme_fw_slot_info_log) == 512);
static_assert(sizeof(struct nvme_effects_log) == 4096);
static_assert(sizeof(struct nvme_ana_rsp_hdr) == 16);
static_assert(sizeof(struct nvme_ana_group_desc) == 32);
static_assert(sizeof(struct nvmf_disc_rsp_page_hdr) == 1024);
static_assert(sizeof(struct nvmf_disc_rsp_page_entry) == 1024);

void nvmft_cut_init(struct nvmft_cut *cut, void *dst, u64 len, u64 from)
{
	memset(dst, 0, len);
	cut->dst = dst;
	cut->len = len;
	cut->from = from;
	cut->pos = 0;
}

/* No page reaches 2^64 bytes; if one did, its end must not look like its start. */
static void cut_advance(struct nvmft_cut *cut, u64 n)
{
	cut->pos = n > U64_MAX - cut->pos ? U64_MAX : cut->pos + n;
}

/* Differences only: the sum of an offset and a length of the host could wrap. */
void nvmft_cut_put(struct nvmft_cut *cut, const void *src, u64 n)
{
	u64 skip = cut->from > cut->pos ? cut->from - cut->pos : 0;
	u64 at = cut->pos > cut->from ? cut->pos - cut->from : 0;

	if (skip < n && at < cut->len)
		memcpy(cut->dst + at, (const u8 *)src + skip, min(n - skip, cut->len - at));
	cut_advance(cut, n);
}

void nvmft_cut_zero(struct nvmft_cut *cut, u64 n)
{
	cut_advance(cut, n);
}

static void put_le32(struct nvmft_cut *cut, u32 val)
{
	__le32 le = cpu_to_le32(val);

	nvmft_cut_put(cut, &le, sizeof(le));
}

bool nvmft_log_is_supported(enum nvmft_qtype qt, u8 lid)
{
	switch (lid) {
	case NVMFT_LOG_SUPPORTED:
		return qt == NVMFT_Q_ADMIN || qt == NVMFT_Q_DISC;
	case NVME_LOG_ERROR:
	case NVME_LOG_SMART:
	case NVME_LOG_FW_SLOT:
	case NVME_LOG_CHANGED_NS:
	case NVME_LOG_CMD_EFFECTS:
	case NVME_LOG_ANA:
	case NVMFT_LOG_FEATURES:
	case NVMFT_LOG_MI_CMDS:
		return qt == NVMFT_Q_ADMIN;
	case NVME_LOG_DISC:
		return qt == NVMFT_Q_DISC;
	default:
		return false;
	}
}

void nvmft_log_supported(struct nvmft_cut *cut, enum nvmft_qtype qt)
{
	u32 lid;

	for (lid = 0; lid < 256; lid++)
		put_le32(cut, nvmft_log_is_supported(qt, lid) ? LSUPP : 0);
}

void nvmft_log_error(struct nvmft_cut *cut, const struct nvmft_err_in *in)
{
	struct nvme_error_slot slot = {};
	u8 *bytes = (u8 *)&slot;

	if (in->count) {
		slot.error_count = cpu_to_le64(in->count);
		slot.sqid = cpu_to_le16(in->sqid);
		slot.cmdid = cpu_to_le16(in->cid);
		/* Bit 0 is the phase tag, which fabrics do not have */
		slot.status_field = cpu_to_le16(in->status << 1);
		slot.param_error_location = cpu_to_le16(in->loc);
		slot.lba = cpu_to_le64(in->lba);
		slot.nsid = cpu_to_le32(in->nsid);
		bytes[ERR_TRTYPE] = in->trtype;
		bytes[ERR_OPCODE] = in->opcode;
		bytes[ERR_LPVER] = LPVER_1;
	}
	nvmft_cut_put(cut, &slot, sizeof(slot));
}

static void set_le128(u8 dst[16], u64 val)
{
	__le64 le = cpu_to_le64(val);

	memcpy(dst, &le, sizeof(le));
}

static u64 data_units(u64 units)
{
	u64 full = div_u64(units, DATA_UNIT);

	return full + (units != full * DATA_UNIT);
}

void nvmft_log_smart(struct nvmft_cut *cut, const struct nvmft_smart_in *in)
{
	struct nvme_smart_log log = {
		.critical_warning = in->readonly ? NVME_SMART_CRIT_MEDIA : 0,
		.avail_spare = SPARE_ALL,
	};

	set_le128(log.data_units_read, data_units(in->units_read));
	set_le128(log.data_units_written, data_units(in->units_written));
	set_le128(log.host_reads, in->host_reads);
	set_le128(log.host_writes, in->host_writes);
	set_le128(log.ctrl_busy_time, in->busy_min);
	set_le128(log.power_cycles, 1);
	set_le128(log.power_on_hours, in->power_on_hours);
	set_le128(log.media_errors, in->media_errors);
	set_le128(log.num_err_log_entries, in->err_entries);
	nvmft_cut_put(cut, &log, sizeof(log));
}

void nvmft_log_fw_slot(struct nvmft_cut *cut, const char *fr)
{
	struct nvme_fw_slot_info_log log = { .afi = AFI_SLOT1 };

	nvmft_ascii_field((char *)&log.frs[0], FR_LEN, fr);
	nvmft_cut_put(cut, &log, sizeof(log));
}

void nvmft_log_effects(struct nvmft_cut *cut)
{
	u32 op;

	for (op = 0; op < 256; op++)
		put_le32(cut, nvmft_sqe_effects(NVMFT_Q_ADMIN, op));
	for (op = 0; op < 256; op++)
		put_le32(cut, nvmft_sqe_effects(NVMFT_Q_IO, op));
	nvmft_cut_zero(cut, EFFECTS_RESERVED);
}

void nvmft_log_features(struct nvmft_cut *cut, enum nvmft_qtype qt)
{
	u32 fid;

	for (fid = 0; fid < 256; fid++)
		put_le32(cut, nvmft_feature_effects(qt, fid));
}

void nvmft_log_mi_cmds(struct nvmft_cut *cut)
{
	nvmft_cut_zero(cut, MI_CMDS_LEN);
}

void nvmft_log_changed_ns(struct nvmft_cut *cut, const u32 *nsids, u32 n)
{
	u32 i;

	if (n > NVME_MAX_CHANGED_NAMESPACES) {
		put_le32(cut, NVME_NSID_ALL);
		n = 1;
	} else {
		for (i = 0; i < n; i++)
			put_le32(cut, nsids[i]);
	}
	nvmft_cut_zero(cut, (NVME_MAX_CHANGED_NAMESPACES - n) * sizeof(__le32));
}

void nvmft_log_ana_hdr(struct nvmft_cut *cut, u64 chgcnt, u16 ngrps)
{
	struct nvme_ana_rsp_hdr hdr = {
		.chgcnt = cpu_to_le64(chgcnt),
		.ngrps = cpu_to_le16(ngrps),
	};

	nvmft_cut_put(cut, &hdr, sizeof(hdr));
}

void nvmft_log_ana_group(struct nvmft_cut *cut, u32 grpid, u64 chgcnt, u8 state,
			 u32 nnsids)
{
	struct nvme_ana_group_desc desc = {
		.grpid = cpu_to_le32(grpid),
		.nnsids = cpu_to_le32(nnsids),
		.chgcnt = cpu_to_le64(chgcnt),
		.state = state,
	};

	nvmft_cut_put(cut, &desc, sizeof(desc));
}

void nvmft_log_ana_nsid(struct nvmft_cut *cut, u32 nsid)
{
	put_le32(cut, nsid);
}

void nvmft_log_disc_hdr(struct nvmft_cut *cut, u64 genctr, u64 numrec)
{
	__le64 counters[2] = { cpu_to_le64(genctr), cpu_to_le64(numrec) };

	nvmft_cut_put(cut, counters, sizeof(counters));
	/* RECFMT is 0, the rest is reserved */
	nvmft_cut_zero(cut, sizeof(struct nvmf_disc_rsp_page_hdr) - sizeof(counters));
}

/* An ASCII field: left justified, padded with spaces (Base 2.1, 1.4.2) */
static void put_ascii(struct nvmft_cut *cut, const char *s, size_t len)
{
	static const char spaces[NVMF_TRADDR_SIZE] = { [0 ... NVMF_TRADDR_SIZE - 1] = ' ' };
	size_t n = strnlen(s, len);

	nvmft_cut_put(cut, s, n);
	nvmft_cut_put(cut, spaces, len - n);
}

/* In pieces, as an entry is too large for the stack */
void nvmft_log_disc_entry(struct nvmft_cut *cut, const struct nvmft_disc_in *in)
{
	struct {
		u8	bytes[4];
		__le16	words[4];
		u8	reserved[20];
	} head = {
		.bytes = { in->trtype, in->adrfam, in->subtype, in->treq },
		.words = {
			cpu_to_le16(in->portid),
			cpu_to_le16(NVME_CNTLID_DYNAMIC),
			cpu_to_le16(in->asqsz),
			cpu_to_le16(in->eflags),
		},
	};
	size_t nqn_len = strnlen(in->subnqn, NVMF_NQN_SIZE);

	static_assert(sizeof(head) == offsetof(struct nvmf_disc_rsp_page_entry, trsvcid));
	nvmft_cut_put(cut, &head, sizeof(head));
	put_ascii(cut, in->trsvcid, NVMF_TRSVCID_SIZE);
	nvmft_cut_zero(cut, DISC_RESERVED);
	nvmft_cut_put(cut, in->subnqn, nqn_len);
	nvmft_cut_zero(cut, NVMF_NQN_FIELD_LEN - nqn_len);
	put_ascii(cut, in->traddr, NVMF_TRADDR_SIZE);
	/* TSAS of TCP: its first byte 0 is "no security" */
	nvmft_cut_zero(cut, NVMF_TSAS_SIZE);
}
