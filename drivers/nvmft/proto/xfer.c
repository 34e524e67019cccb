// SPDX-License-Identifier: GPL-2.0
/*
 * Ledger of one command's host-to-controller data. The host names offsets and
 * lengths; none is used before it was compared with what we asked for.
 */
#include "proto/xfer.h"

void nvmft_xfer_start(struct nvmft_xfer *x, u16 cccid, u16 ttag, u32 len)
{
	*x = (struct nvmft_xfer){ .len = len, .cccid = cccid, .ttag = ttag };
}

bool nvmft_xfer_r2t_next(struct nvmft_xfer *x, u32 max, u32 *off, u32 *len)
{
	if (nvmft_xfer_open(x) || x->granted == x->len)
		return false;
	*off = x->granted;
	*len = min(x->len - x->granted, max);
	x->granted += *len;
	return true;
}

struct nvmft_verdict nvmft_xfer_h2c_check(const struct nvmft_xfer *x,
					  const struct nvme_tcp_data_pdu *h2c,
					  const struct nvmft_pdu_params *p)
{
	u32 off = le32_to_cpu(h2c->data_offset);
	u32 len = le32_to_cpu(h2c->data_length);
	u64 end = (u64)off + len;
	bool last = h2c->hdr.flags & NVME_TCP_F_DATA_LAST;

	if (h2c->command_id != x->cccid)
		return nvmft_v_term(NVME_TCP_FES_INVALID_PDU_HDR, NVMFT_FEI_H2C_CCCID);
	/* Nor is it 0: no H2CData comes through nvmft_pdu_check_ch() empty */
	if (len != nvmft_pdu_data_len(&h2c->hdr, p))
		return nvmft_v_term(NVME_TCP_FES_INVALID_PDU_HDR, NVMFT_FEI_H2C_DATAL);
	if (end > x->granted)
		return nvmft_v_term(NVME_TCP_FES_DATA_OUT_OF_RANGE, 0);
	if (off != x->got || last != (end == x->granted))
		return nvmft_v_term(NVME_TCP_FES_PDU_SEQ_ERR, 0);
	return nvmft_v_ok();
}

void nvmft_xfer_h2c_commit(struct nvmft_xfer *x, u32 n)
{
	x->got += n;
}
