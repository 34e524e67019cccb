/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Submission queue entries: one table says for every opcode of every kind of
 * queue what it is, which way its data goes and how long that is. What is not
 * in the table is Invalid Opcode; the effects log is made from the same rows.
 */
#ifndef NVMFT_PROTO_SQE_H
#define NVMFT_PROTO_SQE_H

#include "proto/wire.h"

/* What a queue may be asked */
enum nvmft_qtype {
	NVMFT_Q_NEW,	/* no Connect yet */
	NVMFT_Q_ADMIN,	/* admin queue of an I/O controller */
	NVMFT_Q_DISC,	/* admin queue of a discovery controller */
	NVMFT_Q_IO,	/* I/O queue */
	NVMFT_Q_NR,
};

enum nvmft_op {
	NVMFT_OP_CONNECT,
	NVMFT_OP_PROP_GET,
	NVMFT_OP_PROP_SET,
	NVMFT_OP_DISCONNECT,
	NVMFT_OP_GET_LOG,
	NVMFT_OP_IDENTIFY,
	NVMFT_OP_ABORT,
	NVMFT_OP_SET_FEATURES,
	NVMFT_OP_GET_FEATURES,
	NVMFT_OP_ASYNC_EVENT,
	NVMFT_OP_KEEP_ALIVE,
	NVMFT_OP_FLUSH,
	NVMFT_OP_WRITE,
	NVMFT_OP_READ,
	NVMFT_OP_COMPARE,
	NVMFT_OP_WRITE_ZEROES,
	NVMFT_OP_DSM,
	NVMFT_OP_VERIFY,
	NVMFT_OP_COPY,
	NVMFT_OP_NR,
};

enum nvmft_dir {
	NVMFT_DIR_NONE,
	NVMFT_DIR_H2C,	/* host to controller */
	NVMFT_DIR_C2H,	/* controller to host */
};

/* How the length of a command's data follows from its SQE */
enum nvmft_len_rule {
	NVMFT_LEN_NONE,
	NVMFT_LEN_FIXED,	/* nvmft_opdesc.len bytes */
	NVMFT_LEN_NUMD,		/* Get Log Page: (NUMD + 1) dwords */
	NVMFT_LEN_FEATURE,	/* Set and Get Features: by FID, proto/feature.c */
	NVMFT_LEN_LBA,		/* (NLB + 1) logical blocks */
	NVMFT_LEN_DSM,		/* (NR + 1) ranges of 16 bytes */
	NVMFT_LEN_COPY,		/* (NR + 1) source ranges of 32 bytes */
};

/* Flags of struct nvmft_opdesc */
#define NVMFT_OPF_FABRICS	0x01	/* allowed while CC.EN is 0 */
#define NVMFT_OPF_NS		0x02	/* NSID must name an active namespace */
#define NVMFT_OPF_LBA		0x08	/* SLBA and NLB name blocks */
#define NVMFT_OPF_FUSED		0x10	/* may be half of a fused operation */
#define NVMFT_OPF_WRITES	0x04	/* changes media: refused on a read-only namespace */

/**
 * struct nvmft_opdesc - one supported command
 * @op: enum nvmft_op
 * @dir: enum nvmft_dir
 * @len_rule: enum nvmft_len_rule
 * @flags: NVMFT_OPF_*
 * @len: bytes, with NVMFT_LEN_FIXED
 * @effects: Commands Supported and Effects word (log page 05h)
 */
struct nvmft_opdesc {
	u8	op;
	u8	dir;
	u8	len_rule;
	u8	flags;
	u32	len;
	u32	effects;
};

/* The row of a command on a queue of @qt, or NULL: Invalid Opcode. */
const struct nvmft_opdesc *nvmft_sqe_lookup(enum nvmft_qtype qt, const struct nvme_command *c);
/* The effects word of an opcode (not 7Fh) on a queue of @qt; 0 if unsupported. */
u32 nvmft_sqe_effects(enum nvmft_qtype qt, u8 opcode);

/**
 * nvmft_sqe_check_sgl() - are PSDT, FUSE and the SGL legal for this command?
 * @d: row of the command
 * @c: the SQE
 * @icd_len: bytes of in-capsule data that came with it
 * @len: bytes that the SGL describes (0 without data)
 *
 * In field order: FUSE not 0 without NVMFT_OPF_FUSED (Invalid Field), PSDT not 01b
 * (Invalid Field; byte 1 is reserved in Fabrics commands and ignored there),
 * SGL type (SGL Descriptor Type Invalid), in-capsule SGL on a command that
 * sends data to the host and in-capsule data with a transport SGL (Invalid
 * Field), offset not 0 (SGL Offset Invalid), SGL length other than the
 * in-capsule data (Data SGL Length Invalid). A command without data has a
 * reserved data pointer, which is not looked at; in-capsule data with it is
 * Invalid Field.
 *
 * Return: 0 or a status with NVME_STATUS_DNR.
 */
u16 nvmft_sqe_check_sgl(const struct nvmft_opdesc *d, const struct nvme_command *c,
			u32 icd_len, u32 *len);

/**
 * nvmft_sqe_data_len() - bytes that a command moves
 * @d: row of the command
 * @c: the SQE
 * @lba_shift: log2 of the logical block size, for NVMFT_LEN_LBA
 */
u64 nvmft_sqe_data_len(const struct nvmft_opdesc *d, const struct nvme_command *c, u8 lba_shift);

/**
 * nvmft_sqe_len_fits() - may this SGL hold the data of the command?
 * @d: row of the command
 * @len: bytes that the command needs, nvmft_sqe_data_len()
 * @sgl_len: bytes that the SGL describes
 *
 * They have to be the same, but for Dataset Management: Linux hosts send the
 * largest table of ranges there can be, however many of them are used.
 */
bool nvmft_sqe_len_fits(const struct nvmft_opdesc *d, u64 len, u32 sgl_len);

/**
 * nvmft_sqe_check_lba() - is a range of logical blocks inside the namespace?
 * @slba: first block
 * @nlb: number of blocks, 1's based, not 0
 * @nsze: size of the namespace in blocks
 *
 * Return: 0 or LBA Out of Range with NVME_STATUS_DNR. No sum can wrap.
 */
static inline u16 nvmft_sqe_check_lba(u64 slba, u32 nlb, u64 nsze)
{
	if (slba >= nsze || nlb > nsze - slba)
		return NVME_SC_LBA_RANGE | NVME_STATUS_DNR;
	return 0;
}

/* Dataset Management: ranges, 1..256 */
static inline u32 nvmft_sqe_nr_ranges(const struct nvme_command *c)
{
	return (le32_to_cpu(c->common.cdw10) & 0xff) + 1;
}

/* Copy: source ranges, 1..256 */
static inline u32 nvmft_sqe_nr_copies(const struct nvme_command *c)
{
	return (le32_to_cpu(c->common.cdw12) & 0xff) + 1;
}

/**
 * nvmft_sqe_loc() - where in its SQE the fault of a refused command lies
 * @d: row of the command, NULL: it has none
 * @status: with or without NVME_STATUS_DNR
 *
 * Return: NVMFT_LOC_*, as far as the status alone tells; else NVMFT_LOC_NONE.
 */
u16 nvmft_sqe_loc(const struct nvmft_opdesc *d, u16 status);

/* Copy: format of its descriptors */
static inline u8 nvmft_sqe_copy_format(const struct nvme_command *c)
{
	return (le32_to_cpu(c->common.cdw12) >> 8) & 0xf;
}

/* Get Log Page: bytes asked for, (NUMD + 1) * 4, in 64 bit */
static inline u64 nvmft_sqe_log_len(const struct nvme_command *c)
{
	u32 numd = le16_to_cpu(c->get_log_page.numdl) |
		   (u32)le16_to_cpu(c->get_log_page.numdu) << 16;

	return ((u64)numd + 1) * 4;
}

/* What is wrong with a Connect, and at which byte */
struct nvmft_connect_fault {
	u16	sc;	/* 0: no fault */
	u16	ipo;	/* byte offset of the parameter */
	bool	in_data;/* the offset is in the Connect data, not in the SQE */
};

/* Offsets for struct nvmft_connect_fault */
#define NVMFT_CONNECT_OFF_SGL		24
#define NVMFT_CONNECT_OFF_RECFMT	40
#define NVMFT_CONNECT_OFF_QID		42
#define NVMFT_CONNECT_OFF_SQSIZE	44
#define NVMFT_CONNECT_OFF_KATO		48
#define NVMFT_CONNECT_OFF_HOSTID	0
#define NVMFT_CONNECT_OFF_CNTLID	16
#define NVMFT_CONNECT_OFF_SUBNQN	256
#define NVMFT_CONNECT_OFF_HOSTNQN	512

/**
 * nvmft_sqe_check_connect() - check the SQE of a Connect
 * @c: the SQE
 * @max_queue_size: entries that the port allows an I/O queue, 1's based
 *
 * RECFMT not 0: Incompatible Format. SQSIZE: 0, or on an admin queue above
 * 4095, or on an I/O queue above @max_queue_size - 1: Invalid Parameters at
 * byte 44. KATO of an I/O queue is reserved and not looked at.
 */
struct nvmft_connect_fault nvmft_sqe_check_connect(const struct nvme_command *c,
						   u16 max_queue_size);
/*
 * Check Connect data: host id not zero, CNTLID (FFFFh on an admin queue:
 * dynamic model; 1..FFEFh on an I/O queue), both NQNs, in that order.
 */
struct nvmft_connect_fault nvmft_sqe_check_connect_data(const struct nvmf_connect_data *d,
							bool admin);
/*
 * The DW0 of a Connect response that reports @f: IATTR and IPO with Connect
 * Invalid Parameters, 0 with every other status.
 */
u32 nvmft_sqe_connect_dw0(const struct nvmft_connect_fault *f);

#endif /* NVMFT_PROTO_SQE_H */
