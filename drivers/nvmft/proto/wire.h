/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the protocol code needs and <linux/nvme.h>, <linux/nvme-tcp.h> of the
 * oldest supported kernel lack. Names carry our prefix so that a newer kernel
 * may define its own.
 *
 * NVMe Base Specification 2.1, NVMe/TCP Transport Specification 1.1.
 */
#ifndef NVMFT_PROTO_WIRE_H
#define NVMFT_PROTO_WIRE_H

#include "proto/env.h"

/* Sizes of PDU headers, bytes (TCP Transport 3.6.2) */
#define NVMFT_CH_LEN		8U
#define NVMFT_HLEN_IC		128U
#define NVMFT_HLEN_CMD		72U
#define NVMFT_HLEN_RSP		24U
#define NVMFT_HLEN_DATA		24U
#define NVMFT_HLEN_R2T		24U
#define NVMFT_HLEN_TERM		24U
#define NVMFT_DIGEST_LEN	4U
/* A TermReq carries at most this much of the offending PDU's header */
#define NVMFT_TERM_DATA_MAX	128U

/* Byte offset of a header field, reported as FEI (TCP Transport 3.6.2.4) */
#define NVMFT_FEI_TYPE		0U
#define NVMFT_FEI_FLAGS		1U
#define NVMFT_FEI_HLEN		2U
#define NVMFT_FEI_PDO		3U
#define NVMFT_FEI_PLEN		4U
#define NVMFT_FEI_IC_PFV	8U
#define NVMFT_FEI_IC_HPDA	10U
#define NVMFT_FEI_IC_DGST	11U
#define NVMFT_FEI_H2C_CCCID	8U
#define NVMFT_FEI_H2C_TTAG	10U
#define NVMFT_FEI_H2C_DATAO	12U
#define NVMFT_FEI_H2C_DATAL	16U

/* HPDA and CPDA count dwords, 0's based; 31 means 128 bytes */
#define NVMFT_PDA_MAX		31U

/* Admin and Fabrics commands: in-capsule data up to 8 KiB, always allowed */
#define NVMFT_ICD_ADMIN		8192U
/* Largest data one H2CData PDU may carry; told to the host in the ICResp */
#define NVMFT_MAXH2CDATA	(1U << 20)

/* SGL descriptor type and subtype, byte 15 of the data pointer */
#define NVMFT_SGL_IN_CAPSULE	0x01U
#define NVMFT_SGL_TRANSPORT	0x5aU

/* SQE byte 1 */
#define NVMFT_SQE_FUSE_MASK	0x03U
#define NVMFT_SQE_PSDT_MASK	0xc0U
#define NVMFT_SQE_PSDT_SGL	0x40U

/* Copy: opcode, descriptor format and entry that older headers lack (NVM 1.1, 3.3.2) */
#define NVMFT_CMD_COPY		0x19U
#define NVMFT_COPY_RANGE_LEN	32U
/* Write Zeroes: deallocate, in the control word */
#define NVMFT_WZ_DEAC		(1U << 9)

struct nvmft_copy_range {
	__le32	snsid;		/* reserved in format 0 */
	__le32	rsvd4;
	__le64	slba;
	__le16	nlb;		/* 0's based */
	u8	rsvd18[14];
};

static_assert(sizeof(struct nvmft_copy_range) == NVMFT_COPY_RANGE_LEN);

/* Fabrics command types that older headers lack */
#define NVMFT_FCTYPE_DISCONNECT	0x08U

/* Identify CNS values that older headers lack */
#define NVMFT_CNS_NS_ACTIVE_CSI	0x07U
#define NVMFT_CNS_IOCS		0x1cU

/* Log pages that older headers lack */
#define NVMFT_LOG_SUPPORTED	0x00U
#define NVMFT_LOG_FEATURES	0x12U	/* Feature Identifiers Supported and Effects */
#define NVMFT_LOG_MI_CMDS	0x13U	/* NVMe-MI Commands Supported and Effects */

/* Status codes that older headers lack: SCT << 8 | SC */
#define NVMFT_SC_INVALID_LOG_PAGE	0x109U
#define NVMFT_SC_CMD_SIZE_LIMIT		0x183U	/* I/O command set: size limit exceeded */
#define NVMFT_SC_OVERLAPPING_IO		0x187U	/* I/O command set */
#define NVMFT_SC_CONNECT_INVALID_QTYPE	0x185U
#define NVMFT_SC_FEAT_NOT_SAVEABLE	0x10dU
#define NVMFT_SC_FEAT_NOT_CHANGEABLE	0x10eU
#define NVMFT_SC_FEAT_NOT_PER_NS	0x10fU

/*
 * Parameter Error Location: byte of the SQE in bits 7:0 and bit of that byte in
 * bits 10:8 (Base 2.1, 5.1.12.1, Error Information).
 */
#define NVMFT_LOC_OPCODE	0U
#define NVMFT_LOC_CID		2U
#define NVMFT_LOC_NSID		4U
#define NVMFT_LOC_SGL		24U
#define NVMFT_LOC_SGL_TYPE	39U
#define NVMFT_LOC_CDW10		40U
#define NVMFT_LOC_CDW11		44U
#define NVMFT_LOC_CDW12		48U
#define NVMFT_LOC_CDW14		56U
#define NVMFT_LOC_NONE		0xffffU
/* Bit @bit of the dword at byte @dw */
#define NVMFT_LOC(dw, bit)	(((dw) + (bit) / 8) | (((bit) % 8) << 8))

/* SQHD reported while SQ flow control is disabled (Base 2.1, 3.3.2.1.1) */
#define NVMFT_SQHD_NO_FLOW	0xffffU

static_assert(sizeof(struct nvme_tcp_hdr) == NVMFT_CH_LEN);
static_assert(sizeof(struct nvme_tcp_icreq_pdu) == NVMFT_HLEN_IC);
static_assert(sizeof(struct nvme_tcp_icresp_pdu) == NVMFT_HLEN_IC);
static_assert(sizeof(struct nvme_tcp_cmd_pdu) == NVMFT_HLEN_CMD);
static_assert(sizeof(struct nvme_tcp_rsp_pdu) == NVMFT_HLEN_RSP);
static_assert(sizeof(struct nvme_tcp_r2t_pdu) == NVMFT_HLEN_R2T);
static_assert(sizeof(struct nvme_tcp_data_pdu) == NVMFT_HLEN_DATA);
static_assert(sizeof(struct nvme_tcp_term_pdu) == NVMFT_HLEN_TERM);
static_assert(sizeof(struct nvme_command) == 64);
static_assert(sizeof(struct nvme_completion) == 16);
static_assert(sizeof(struct nvmf_connect_data) == 1024);

/* How a protocol rule answers; proto/ decides, its caller acts. */
enum nvmft_verdict_kind {
	NVMFT_V_OK = 0,		/* go on */
	NVMFT_V_STATUS,		/* the command ends with .sc, the queue lives */
	NVMFT_V_TERM,		/* send C2HTermReq with .fes and .fei, then end */
	NVMFT_V_RESET,		/* end the connection without a word */
};

/**
 * struct nvmft_verdict - outcome of a protocol check
 * @kind: enum nvmft_verdict_kind
 * @fes: Fatal Error Status, valid with NVMFT_V_TERM
 * @sc: status (SCT << 8 | SC, with NVME_STATUS_DNR), valid with NVMFT_V_STATUS
 * @fei: Fatal Error Information, valid with NVMFT_V_TERM
 */
struct nvmft_verdict {
	u8	kind;
	u8	fes;
	u16	sc;
	u32	fei;
};

static inline struct nvmft_verdict nvmft_v_ok(void)
{
	return (struct nvmft_verdict){ .kind = NVMFT_V_OK };
}

static inline struct nvmft_verdict nvmft_v_term(u8 fes, u32 fei)
{
	return (struct nvmft_verdict){ .kind = NVMFT_V_TERM, .fes = fes, .fei = fei };
}

static inline struct nvmft_verdict nvmft_v_status(u16 sc)
{
	return (struct nvmft_verdict){ .kind = NVMFT_V_STATUS, .sc = sc };
}

static inline struct nvmft_verdict nvmft_v_reset(void)
{
	return (struct nvmft_verdict){ .kind = NVMFT_V_RESET };
}

#endif /* NVMFT_PROTO_WIRE_H */
