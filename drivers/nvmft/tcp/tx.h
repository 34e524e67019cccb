/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sending: PDUs are staged, their headers, digests and capsules in a buffer and
 * their data as a reference to the request, and go out in as few calls as there
 * are runs of the one or the other.
 */
#ifndef NVMFT_TCP_TX_H
#define NVMFT_TCP_TX_H

#include <linux/list.h>
#include <linux/types.h>
#include "tcp/slot.h"

/* Bytes of headers, digests and capsules staged at a time */
#define NVMFT_TCP_TX_BUF	4096U
/* Runs staged at a time */
#define NVMFT_TCP_TX_SEGS	32U

/* A run: bytes of the buffer, then the data of a request, if any */
struct nvmft_tcp_seg {
	u32			ctl;
	u32			data_len;
	struct nvmft_tcp_slot	*data;
};

/**
 * struct nvmft_tcp_tx - sending side of a connection
 * @queue: slots in R2T and RSP, in order
 * @staged: slots in STAGED, in order
 * @buf: bytes of @seg, NVMFT_TCP_TX_BUF
 * @fill: bytes in @buf
 * @pos: bytes of @buf that TCP has accepted
 * @seg: what is being sent; what TCP has accepted is taken off
 * @nseg: entries of @seg
 * @cur: entry being sent
 * @end: position in the stream behind all that was staged
 * @sent: position in the stream behind all that TCP has accepted
 * @blocked: TCP had no room; write_space tells when it has again
 * @starved: nor memory; nobody tells
 *
 * Worker only.
 */
struct nvmft_tcp_tx {
	struct list_head	queue;
	struct list_head	staged;
	u8			*buf;
	u32			fill;
	u32			pos;
	struct nvmft_tcp_seg	seg[NVMFT_TCP_TX_SEGS];
	u32			nseg;
	u32			cur;
	u64			end;
	u64			sent;
	bool			blocked;
	bool			starved;
};

int nvmft_tcp_tx_init(struct nvmft_tcp_tx *tx);
void nvmft_tcp_tx_exit(struct nvmft_tcp_tx *tx);
/* Room for @len more control bytes? Always, where tx is empty. */
bool nvmft_tcp_tx_room(const struct nvmft_tcp_tx *tx, u32 len);
/* Stage control bytes, for which there is room. */
void nvmft_tcp_tx_put(struct nvmft_tcp_tx *tx, const void *data, u32 len);
/* All that was staged has been sent. */
static inline bool nvmft_tcp_tx_idle(const struct nvmft_tcp_tx *tx)
{
	return tx->sent == tx->end;
}
/* Send what can be sent. True: a further pass can send more at once. */
bool nvmft_tcp_send(struct nvmft_tcp_conn *conn);

#endif /* NVMFT_TCP_TX_H */
