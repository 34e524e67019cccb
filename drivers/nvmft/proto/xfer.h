/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ledger of the data that one command fetches from the host by R2T: what was
 * asked for, what may come next, what has come (TCP Transport 3.3.2.2).
 */
#ifndef NVMFT_PROTO_XFER_H
#define NVMFT_PROTO_XFER_H

#include "proto/pdu.h"

/**
 * struct nvmft_xfer - host-to-controller data of one command
 * @len: bytes that the command moves
 * @granted: end of the R2T window: bytes below were asked for
 * @got: bytes that arrived; also the only DATAO that may come next
 * @cccid: command identifier, opaque
 * @ttag: transfer tag of the open window, opaque to the ledger
 *
 * 0 <= got <= granted <= len. One R2T is open at a time, which is within any
 * host's MAXR2T. Touched by the queue pair's worker alone.
 */
struct nvmft_xfer {
	u32	len;
	u32	granted;
	u32	got;
	u16	cccid;
	u16	ttag;
};

void nvmft_xfer_start(struct nvmft_xfer *x, u16 cccid, u16 ttag, u32 len);

/**
 * nvmft_xfer_r2t_next() - open the next window
 * @x: the ledger
 * @max: largest window, bytes, not 0
 * @off: R2TO
 * @len: R2TL
 *
 * Return: false while a window is open or when all was asked for.
 */
bool nvmft_xfer_r2t_next(struct nvmft_xfer *x, u32 max, u32 *off, u32 *len);

/**
 * nvmft_xfer_h2c_check() - may this H2CData PDU come now?
 * @x: ledger of the command that its TTAG names
 * @h2c: header, checked by nvmft_pdu_check_ch()
 * @p: the connection's parameters
 *
 * CCCID equal (FES 1, FEI 8); DATAL equal to the data in the PDU and not 0
 * (FES 1, FEI 16); DATAO at or after the window's end or DATAO + DATAL beyond
 * it, in 64 bit (FES 4, data transfer out of range); DATAO not the next byte
 * (FES 2, sequence); LAST set exactly on the PDU that fills the window
 * (FES 2). Nothing is changed.
 */
struct nvmft_verdict nvmft_xfer_h2c_check(const struct nvmft_xfer *x,
					  const struct nvme_tcp_data_pdu *h2c,
					  const struct nvmft_pdu_params *p);

/* The data of a checked H2CData PDU has arrived. @n is its DATAL. */
void nvmft_xfer_h2c_commit(struct nvmft_xfer *x, u32 n);

/* The host may still send data for the open window */
static inline bool nvmft_xfer_open(const struct nvmft_xfer *x)
{
	return x->got < x->granted;
}

static inline bool nvmft_xfer_complete(const struct nvmft_xfer *x)
{
	return x->got == x->len;
}

#endif /* NVMFT_PROTO_XFER_H */
