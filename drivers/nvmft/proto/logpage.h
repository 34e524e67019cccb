/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Log pages. A producer emits the whole page from its first byte; the cut
 * keeps the window that the host asked for, so that no page can forget to
 * honour an offset or a length, and none is read beyond its end.
 */
#ifndef NVMFT_PROTO_LOGPAGE_H
#define NVMFT_PROTO_LOGPAGE_H

#include "proto/feature.h"
#include "proto/ident.h"
#include "proto/sqe.h"

/**
 * struct nvmft_cut - a window into a log page being produced
 * @dst: buffer of @len bytes, zeroed by nvmft_cut_init()
 * @len: bytes that the host asked for
 * @from: byte of the page that lands in dst[0] (LPO)
 * @pos: bytes of the page emitted so far
 */
struct nvmft_cut {
	u8	*dst;
	u64	len;
	u64	from;
	u64	pos;
};

void nvmft_cut_init(struct nvmft_cut *cut, void *dst, u64 len, u64 from);
/* Emit @n bytes of the page. */
void nvmft_cut_put(struct nvmft_cut *cut, const void *src, u64 n);
/* Emit @n zero bytes of the page. */
void nvmft_cut_zero(struct nvmft_cut *cut, u64 n);
/* Did the host's offset lie beyond the page that was produced? */
static inline bool nvmft_cut_beyond(const struct nvmft_cut *cut)
{
	return cut->from > cut->pos;
}

/**
 * struct nvmft_smart_in - counters of log page 02h
 * @units_read: 512-byte units read by the host; reported in thousands, rounded up
 * @units_written: likewise
 * @host_reads: read commands
 * @host_writes: write commands
 * @busy_min: minutes that I/O was outstanding
 * @power_on_hours: hours since the subsystem was made
 * @media_errors: errors of the media
 * @err_entries: entries ever put into the error log
 * @readonly: the media has become read only
 */
struct nvmft_smart_in {
	u64	units_read;
	u64	units_written;
	u64	host_reads;
	u64	host_writes;
	u64	busy_min;
	u64	power_on_hours;
	u64	media_errors;
	u64	err_entries;
	bool	readonly;
};

/**
 * struct nvmft_err_in - one entry of log page 01h
 * @count: its number, from 1; 0: an entry that was never made
 * @lba: first block of the command, 0: it names none
 * @nsid: NSID of the command
 * @sqid: its queue
 * @cid: its identifier
 * @status: its status as in the CQE before the shift, with NVME_STATUS_MORE
 * @loc: NVMFT_LOC_*
 * @opcode: its opcode
 * @trtype: NVMF_TRTYPE_* of its queue
 */
struct nvmft_err_in {
	u64	count;
	u64	lba;
	u32	nsid;
	u16	sqid;
	u16	cid;
	u16	status;
	u16	loc;
	u8	opcode;
	u8	trtype;
};

/* 01h: one entry of 64 bytes; all zero if @in->count is 0 */
void nvmft_log_error(struct nvmft_cut *cut, const struct nvmft_err_in *in);
/* 00h: 256 dwords, LSUPP of each page that a controller of @qt answers */
void nvmft_log_supported(struct nvmft_cut *cut, enum nvmft_qtype qt);
/* Is @lid answered by a controller whose admin queue is of type @qt? */
bool nvmft_log_is_supported(enum nvmft_qtype qt, u8 lid);
/* 02h: 512 bytes */
void nvmft_log_smart(struct nvmft_cut *cut, const struct nvmft_smart_in *in);
/* 03h: 512 bytes, slot 1 active and read only with @fr */
void nvmft_log_fw_slot(struct nvmft_cut *cut, const char *fr);
/* 05h: 4096 bytes from the opcode table */
void nvmft_log_effects(struct nvmft_cut *cut);
/* 04h: 4096 bytes. @n > 1024 means overflow: a single FFFFFFFFh */
void nvmft_log_changed_ns(struct nvmft_cut *cut, const u32 *nsids, u32 n);
/* 0Ch: header, then for each group a descriptor and its NSIDs */
void nvmft_log_ana_hdr(struct nvmft_cut *cut, u64 chgcnt, u16 ngrps);
void nvmft_log_ana_group(struct nvmft_cut *cut, u32 grpid, u64 chgcnt, u8 state,
			 u32 nnsids);
void nvmft_log_ana_nsid(struct nvmft_cut *cut, u32 nsid);
/* 12h: 256 dwords from the table of features */
void nvmft_log_features(struct nvmft_cut *cut, enum nvmft_qtype qt);
/* 13h: 4096 bytes; there is no NVMe-MI command */
void nvmft_log_mi_cmds(struct nvmft_cut *cut);
/* 70h: header of 1024 bytes */
void nvmft_log_disc_hdr(struct nvmft_cut *cut, u64 genctr, u64 numrec);

/**
 * struct nvmft_disc_in - one entry of the discovery log
 * @trtype: NVMF_TRTYPE_*
 * @adrfam: NVMF_ADDR_FAMILY_*
 * @subtype: NVME_NQN_DISC, NVME_NQN_NVME or NVME_NQN_CURR
 * @treq: TREQ as it stands in the entry
 * @portid: port id
 * @asqsz: largest admin queue, entries
 * @eflags: EFLAGS
 * @trsvcid: service id, cut to 32 bytes
 * @traddr: address, cut to 256 bytes
 * @subnqn: NQN
 */
struct nvmft_disc_in {
	u8		trtype;
	u8		adrfam;
	u8		subtype;
	u8		treq;
	u16		portid;
	u16		asqsz;
	u16		eflags;
	const char	*trsvcid;
	const char	*traddr;
	const char	*subnqn;
};

/* 70h: entry of 1024 bytes; CNTLID FFFFh (dynamic), TSAS none */
void nvmft_log_disc_entry(struct nvmft_cut *cut, const struct nvmft_disc_in *in);

#endif /* NVMFT_PROTO_LOGPAGE_H */
