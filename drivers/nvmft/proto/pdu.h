/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PDU headers of NVMe/TCP: checked field by field, lowest offset first, and
 * built. No I/O: digests are computed and compared by the caller.
 */
#ifndef NVMFT_PROTO_PDU_H
#define NVMFT_PROTO_PDU_H

#include "proto/wire.h"

/**
 * struct nvmft_pdu_params - what a connection has agreed on
 * @hdgst: header digests follow every header
 * @ddgst: data digests follow all data
 * @hpda: alignment of data that we send: (hpda + 1) * 4 bytes
 * @maxr2t: R2Ts the host can have outstanding for one command, 1's based
 * @maxh2cdata: largest data of one H2CData PDU, bytes, multiple of 4
 * @icd_max: largest in-capsule data accepted now, bytes
 *
 * Zeroed (with @icd_max and @maxh2cdata set) before the ICReq; filled by
 * nvmft_pdu_apply_icreq().
 */
struct nvmft_pdu_params {
	bool	hdgst;
	bool	ddgst;
	u8	hpda;
	u64	maxr2t;
	u32	maxh2cdata;
	u32	icd_max;
};

/* Any header that a host may send */
union nvmft_pdu {
	struct nvme_tcp_hdr		ch;
	struct nvme_tcp_icreq_pdu	icreq;
	struct nvme_tcp_cmd_pdu		cmd;
	struct nvme_tcp_data_pdu	h2c;
	struct nvme_tcp_term_pdu	term;
	u8				raw[NVMFT_HLEN_IC];
};

/**
 * nvmft_pdu_check_ch() - check a common header that has just arrived
 * @ch: the eight bytes
 * @p: the connection's parameters
 * @live: false until the ICReq has been answered
 *
 * A type that no host sends comes first (FES 1, FEI 0). Before @live only an
 * ICReq is in sequence, after it a second one is not (PDU Sequence Error).
 * Flags, HLEN, PDO and PLEN are checked in that order (FES 1, FEI the field's
 * offset): PDO is wrong where it is not a dword boundary between the header
 * with its digest and PLEN, also where it is 0 though PLEN leaves room for
 * data; PLEN is wrong where nothing is left for data beside its digest.
 * In-capsule data beyond @p->icd_max and H2CData beyond @p->maxh2cdata end as
 * Data Transfer Limit Exceeded. After NVMFT_V_OK every length below may be
 * trusted. An H2CTermReq is not answered: flags, HLEN, PDO or a PLEN outside
 * 24..152 make it NVMFT_V_RESET.
 */
struct nvmft_verdict nvmft_pdu_check_ch(const struct nvme_tcp_hdr *ch,
					const struct nvmft_pdu_params *p, bool live);

static inline u32 nvmft_pdu_hdgst_len(const struct nvmft_pdu_params *p)
{
	return p->hdgst ? NVMFT_DIGEST_LEN : 0;
}

static inline u32 nvmft_pdu_ddgst_len(const struct nvmft_pdu_params *p)
{
	return p->ddgst ? NVMFT_DIGEST_LEN : 0;
}

/* Bytes of the whole header, header digest included. @ch was checked. */
static inline u32 nvmft_pdu_hdr_len(const struct nvme_tcp_hdr *ch,
				    const struct nvmft_pdu_params *p)
{
	/* ICReq and TermReq have no digest, whatever was agreed on */
	if (ch->type == nvme_tcp_cmd || ch->type == nvme_tcp_h2c_data)
		return ch->hlen + nvmft_pdu_hdgst_len(p);
	return ch->hlen;
}

/* Bytes of padding between header (and its digest) and data. @ch was checked. */
static inline u32 nvmft_pdu_pad_len(const struct nvme_tcp_hdr *ch,
				    const struct nvmft_pdu_params *p)
{
	return ch->pdo ? ch->pdo - nvmft_pdu_hdr_len(ch, p) : 0;
}

/* Bytes of data, its digest not counted; 0 if there is none. @ch was checked. */
static inline u32 nvmft_pdu_data_len(const struct nvme_tcp_hdr *ch,
				     const struct nvmft_pdu_params *p)
{
	u32 plen = le32_to_cpu(ch->plen);

	/* Without PDO only a TermReq carries more than its header */
	if (!ch->pdo)
		return plen - nvmft_pdu_hdr_len(ch, p);
	return plen - ch->pdo - nvmft_pdu_ddgst_len(p);
}

static inline u8 nvmft_pdu_digest_flags(const struct nvmft_pdu_params *p)
{
	return (p->hdgst ? NVME_TCP_F_HDGST : 0) | (p->ddgst ? NVME_TCP_F_DDGST : 0);
}

static inline void nvmft_pdu_fill_ch(struct nvme_tcp_hdr *ch, u8 type, u8 flags, u8 hlen, u8 pdo,
				     u32 plen)
{
	ch->type = type;
	ch->flags = flags;
	ch->hlen = hlen;
	ch->pdo = pdo;
	ch->plen = cpu_to_le32(plen);
}

/* Check PFV (FES 6), HPDA and the digest bits of a whole ICReq. */
struct nvmft_verdict nvmft_pdu_check_icreq(const struct nvme_tcp_icreq_pdu *icreq);
/* Take over what a checked ICReq asks for. */
void nvmft_pdu_apply_icreq(struct nvmft_pdu_params *p, const struct nvme_tcp_icreq_pdu *icreq);

/*
 * Builders. Each fills a whole header (digest flags and PLEN as @p says,
 * reserved bytes zero) and returns HLEN, the bytes to send before the header
 * digest, if any.
 */
u32 nvmft_pdu_build_icresp(struct nvme_tcp_icresp_pdu *pdu, const struct nvmft_pdu_params *p);
u32 nvmft_pdu_build_r2t(struct nvme_tcp_r2t_pdu *pdu, const struct nvmft_pdu_params *p,
			u16 cccid, u16 ttag, u32 off, u32 len);

/**
 * nvmft_pdu_build_c2h() - header of a C2HData PDU that ends its transfer
 * @pdu: filled
 * @p: the connection's parameters
 * @cccid: command identifier, as the host sent it (opaque, not swapped)
 * @off: DATAO, bytes
 * @len: DATAL, bytes, not 0, within MDTS
 * @success: set SUCCESS: no response capsule will follow
 * @pad: bytes of padding to send after the header and its digest (HPDA)
 *
 * Return: HLEN.
 */
static inline u32 nvmft_pdu_build_c2h(struct nvme_tcp_data_pdu *pdu,
				      const struct nvmft_pdu_params *p, u16 cccid, u32 off,
				      u32 len, bool success, u32 *pad)
{
	u32 base = NVMFT_HLEN_DATA + nvmft_pdu_hdgst_len(p);
	u32 align = (p->hpda + 1U) * 4;
	u32 pdo = p->hpda ? DIV_ROUND_UP(base, align) * align : base;
	u8 flags = nvmft_pdu_digest_flags(p) | NVME_TCP_F_DATA_LAST;

	if (success)
		flags |= NVME_TCP_F_DATA_SUCCESS;
	memset(pdu, 0, sizeof(*pdu));
	nvmft_pdu_fill_ch(&pdu->hdr, nvme_tcp_c2h_data, flags, NVMFT_HLEN_DATA, pdo,
			  pdo + len + nvmft_pdu_ddgst_len(p));
	pdu->command_id = cccid;
	pdu->data_offset = cpu_to_le32(off);
	pdu->data_length = cpu_to_le32(len);
	*pad = pdo - base;
	return NVMFT_HLEN_DATA;
}

/* A CapsuleResp of @cqe */
static inline u32 nvmft_pdu_build_rsp(struct nvme_tcp_rsp_pdu *pdu,
				      const struct nvmft_pdu_params *p,
				      const struct nvme_completion *cqe)
{
	u8 flags = nvmft_pdu_digest_flags(p) & NVME_TCP_F_HDGST;

	nvmft_pdu_fill_ch(&pdu->hdr, nvme_tcp_rsp, flags, NVMFT_HLEN_RSP, 0,
			  NVMFT_HLEN_RSP + nvmft_pdu_hdgst_len(p));
	pdu->cqe = *cqe;
	return NVMFT_HLEN_RSP;
}

/**
 * nvmft_pdu_build_term() - C2HTermReq with the offending header behind it
 * @buf: at least NVMFT_HLEN_TERM + NVMFT_TERM_DATA_MAX bytes
 * @fes: Fatal Error Status
 * @fei: Fatal Error Information
 * @bad: the header as received
 * @bad_len: bytes received of it; at most NVMFT_TERM_DATA_MAX are carried
 *
 * A TermReq carries no digests. Return: bytes to send.
 */
u32 nvmft_pdu_build_term(u8 *buf, u8 fes, u32 fei, const void *bad, u32 bad_len);

/*
 * May SUCCESS stand for this CQE? Only with SQ flow control off, status 0 and
 * dwords 0 and 1 clear (TCP Transport 3.3.2.3 and 3.6.2.11).
 */
static inline bool nvmft_pdu_may_succeed(const struct nvme_completion *cqe, bool sq_flow)
{
	return !sq_flow && !cqe->status && !cqe->result.u64;
}

#endif /* NVMFT_PROTO_PDU_H */
