/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sending: PDUs are staged, their headers, digests and capsules in a buffer and
 * their data where it lies, and go out in as few calls as there are runs: one
 * for all that TCP copies, one for each request whose pages are given to it.
 */
#ifndef NVMFT_TCP_TX_H
#define NVMFT_TCP_TX_H

#include <linux/types.h>
#include <linux/uio.h>
#include "tcp/slot.h"

/* Bytes of headers, digests and capsules staged at a time */
#define NVMFT_TCP_TX_BUF	4096U
/* Runs staged at a time */
#define NVMFT_TCP_TX_SEGS	32U
/* Pieces that TCP copies, staged at a time */
#define NVMFT_TCP_TX_VECS	96U

/**
 * struct nvmft_tcp_seg - a run
 * @len: bytes for TCP to copy, in entries from @vec on up to those of the next run
 * @vec: first of them in the table of struct nvmft_tcp_tx
 * @data: whose pages go to TCP behind them, or NULL
 * @data_len: bytes of those
 */
struct nvmft_tcp_seg {
	u32			len;
	u32			vec;
	struct nvmft_tcp_slot	*data;
	u32			data_len;
};

/**
 * struct nvmft_tcp_tx - sending side of a connection
 * @queue: slots in R2T and RSP, in order
 * @staged: slots in STAGED, in order
 * @buf: headers, digests and capsules, NVMFT_TCP_TX_BUF
 * @fill: bytes in @buf
 * @vec: what TCP copies; what it has accepted is taken off
 * @nvec: entries of @vec
 * @seg: what is being sent; what TCP has accepted is taken off
 * @last: the run that is being filled, without data
 * @cur: the run that is being sent
 * @end: position in the stream behind all that was staged
 * @sent: position in the stream behind all that TCP has accepted
 * @blocked: TCP had no room; write_space tells when it has again
 * @starved: nor memory; nobody tells
 *
 * Worker only.
 */
struct nvmft_tcp_tx {
	struct nvmft_tcp_fifo	queue;
	struct nvmft_tcp_fifo	staged;
	u8			*buf;
	u32			fill;
	u32			nvec;
	struct nvmft_tcp_seg	*last;
	struct nvmft_tcp_seg	*cur;
	u64			end;
	u64			sent;
	bool			blocked;
	bool			starved;
	struct nvmft_tcp_seg	seg[NVMFT_TCP_TX_SEGS];
	struct kvec		vec[NVMFT_TCP_TX_VECS];
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
