// SPDX-License-Identifier: GPL-2.0
/*
 * PDU headers of NVMe/TCP. A peer that knows nothing of us writes them, so a
 * length is used only after everything it depends on was compared.
 */
#include "proto/pdu.h"

/* We announce CPDA 0: a host aligns its data to dwords */
#define CPDA_ALIGN	4U

#define IC_DIGESTS	(NVME_TCP_HDR_DIGEST_ENABLE | NVME_TCP_DATA_DIGEST_ENABLE)

static struct nvmft_verdict bad_field(u32 fei)
{
	return nvmft_v_term(NVME_TCP_FES_INVALID_PDU_HDR, fei);
}

static struct nvmft_verdict check_icreq_ch(const struct nvme_tcp_hdr *ch)
{
	if (ch->flags)
		return bad_field(NVMFT_FEI_FLAGS);
	if (ch->hlen != NVMFT_HLEN_IC)
		return bad_field(NVMFT_FEI_HLEN);
	if (ch->pdo)
		return bad_field(NVMFT_FEI_PDO);
	if (le32_to_cpu(ch->plen) != NVMFT_HLEN_IC)
		return bad_field(NVMFT_FEI_PLEN);
	return nvmft_v_ok();
}

/* A TermReq is never answered by a TermReq: a bad one ends all the same. */
static struct nvmft_verdict check_term_ch(const struct nvme_tcp_hdr *ch)
{
	u32 plen = le32_to_cpu(ch->plen);

	if (ch->flags || ch->hlen != NVMFT_HLEN_TERM || ch->pdo ||
	    plen < NVMFT_HLEN_TERM || plen > NVMFT_HLEN_TERM + NVMFT_TERM_DATA_MAX)
		return nvmft_v_reset();
	return nvmft_v_ok();
}

/* PDO, PLEN and the limit @max of a PDU whose header ends at @base, with data */
static struct nvmft_verdict check_data(const struct nvme_tcp_hdr *ch,
				       const struct nvmft_pdu_params *p, u32 base, u32 max)
{
	u32 plen = le32_to_cpu(ch->plen);
	u32 ddgst = nvmft_pdu_ddgst_len(p);

	if (ch->pdo < base || ch->pdo % CPDA_ALIGN || ch->pdo >= plen)
		return bad_field(NVMFT_FEI_PDO);
	if (plen - ch->pdo <= ddgst)
		return bad_field(NVMFT_FEI_PLEN);
	if (plen - ch->pdo - ddgst > max)
		return nvmft_v_term(NVME_TCP_FES_DATA_LIMIT_EXCEEDED, 0);
	return nvmft_v_ok();
}

static struct nvmft_verdict check_cmd_ch(const struct nvme_tcp_hdr *ch,
					 const struct nvmft_pdu_params *p)
{
	u32 base = NVMFT_HLEN_CMD + nvmft_pdu_hdgst_len(p);
	u32 plen = le32_to_cpu(ch->plen);
	u8 diff = ch->flags ^ nvmft_pdu_digest_flags(p);

	/* Without data hosts differ on whether a negotiated DDGST is set */
	if (plen <= base && p->ddgst)
		diff &= ~NVME_TCP_F_DDGST;
	if (diff)
		return bad_field(NVMFT_FEI_FLAGS);
	if (ch->hlen != NVMFT_HLEN_CMD)
		return bad_field(NVMFT_FEI_HLEN);
	if (ch->pdo || plen > base)
		return check_data(ch, p, base, p->icd_max);
	if (plen != base)
		return bad_field(NVMFT_FEI_PLEN);
	return nvmft_v_ok();
}

static struct nvmft_verdict check_h2c_ch(const struct nvme_tcp_hdr *ch,
					 const struct nvmft_pdu_params *p)
{
	if ((ch->flags & ~NVME_TCP_F_DATA_LAST) != nvmft_pdu_digest_flags(p))
		return bad_field(NVMFT_FEI_FLAGS);
	if (ch->hlen != NVMFT_HLEN_DATA)
		return bad_field(NVMFT_FEI_HLEN);
	return check_data(ch, p, NVMFT_HLEN_DATA + nvmft_pdu_hdgst_len(p), p->maxh2cdata);
}

struct nvmft_verdict nvmft_pdu_check_ch(const struct nvme_tcp_hdr *ch,
					const struct nvmft_pdu_params *p, bool live)
{
	switch (ch->type) {
	case nvme_tcp_icreq:
		if (live)
			break;
		return check_icreq_ch(ch);
	case nvme_tcp_cmd:
		if (!live)
			break;
		return check_cmd_ch(ch, p);
	case nvme_tcp_h2c_data:
		if (!live)
			break;
		return check_h2c_ch(ch, p);
	case nvme_tcp_h2c_term:
		if (!live)
			break;
		return check_term_ch(ch);
	default:
		return bad_field(NVMFT_FEI_TYPE);
	}
	return nvmft_v_term(NVME_TCP_FES_PDU_SEQ_ERR, 0);
}

struct nvmft_verdict nvmft_pdu_check_icreq(const struct nvme_tcp_icreq_pdu *icreq)
{
	if (icreq->pfv != cpu_to_le16(NVME_TCP_PFV_1_0))
		return nvmft_v_term(NVME_TCP_FES_UNSUPPORTED_PARAM, NVMFT_FEI_IC_PFV);
	if (icreq->hpda > NVMFT_PDA_MAX)
		return bad_field(NVMFT_FEI_IC_HPDA);
	if (icreq->digest & ~IC_DIGESTS)
		return bad_field(NVMFT_FEI_IC_DGST);
	return nvmft_v_ok();
}

void nvmft_pdu_apply_icreq(struct nvmft_pdu_params *p, const struct nvme_tcp_icreq_pdu *icreq)
{
	p->hdgst = icreq->digest & NVME_TCP_HDR_DIGEST_ENABLE;
	p->ddgst = icreq->digest & NVME_TCP_DATA_DIGEST_ENABLE;
	p->hpda = icreq->hpda;
	p->maxr2t = (u64)le32_to_cpu(icreq->maxr2t) + 1;
}

u32 nvmft_pdu_build_icresp(struct nvme_tcp_icresp_pdu *pdu, const struct nvmft_pdu_params *p)
{
	memset(pdu, 0, sizeof(*pdu));
	nvmft_pdu_fill_ch(&pdu->hdr, nvme_tcp_icresp, 0, NVMFT_HLEN_IC, 0, NVMFT_HLEN_IC);
	pdu->pfv = cpu_to_le16(NVME_TCP_PFV_1_0);
	pdu->digest = (p->hdgst ? NVME_TCP_HDR_DIGEST_ENABLE : 0) |
		      (p->ddgst ? NVME_TCP_DATA_DIGEST_ENABLE : 0);
	pdu->maxdata = cpu_to_le32(p->maxh2cdata);
	return NVMFT_HLEN_IC;
}

u32 nvmft_pdu_build_r2t(struct nvme_tcp_r2t_pdu *pdu, const struct nvmft_pdu_params *p,
			u16 cccid, u16 ttag, u32 off, u32 len)
{
	u8 flags = nvmft_pdu_digest_flags(p) & NVME_TCP_F_HDGST;

	memset(pdu, 0, sizeof(*pdu));
	nvmft_pdu_fill_ch(&pdu->hdr, nvme_tcp_r2t, flags, NVMFT_HLEN_R2T, 0,
			  NVMFT_HLEN_R2T + nvmft_pdu_hdgst_len(p));
	pdu->command_id = cccid;
	pdu->ttag = ttag;
	pdu->r2t_offset = cpu_to_le32(off);
	pdu->r2t_length = cpu_to_le32(len);
	return NVMFT_HLEN_R2T;
}

u32 nvmft_pdu_build_term(u8 *buf, u8 fes, u32 fei, const void *bad, u32 bad_len)
{
	u32 len = min(bad_len, NVMFT_TERM_DATA_MAX);
	struct nvme_tcp_term_pdu pdu = { };

	nvmft_pdu_fill_ch(&pdu.hdr, nvme_tcp_c2h_term, 0, NVMFT_HLEN_TERM, 0,
			  NVMFT_HLEN_TERM + len);
	pdu.fes = cpu_to_le16(fes);
	pdu.feil = cpu_to_le16(fei & 0xffff);
	pdu.feiu = cpu_to_le16(fei >> 16);
	memcpy(buf, &pdu, sizeof(pdu));
	memcpy(buf + sizeof(pdu), bad, len);
	return NVMFT_HLEN_TERM + len;
}
