// SPDX-License-Identifier: GPL-2.0
/*
 * Sending. Whatever is ready is staged first, with the socket unlocked, and
 * sent in one go: control bytes and short data are copied by TCP, those of
 * several PDUs in one call, and the pages of long data are given to it. A call
 * may take any part of what it is offered, so all that is known about progress
 * is the cursor (cur and what is taken off its run) and the position in the
 * stream; a response releases its request when the position has passed its last
 * byte.
 */
#include <linux/slab.h>
#include <net/tcp.h>
#include "tcp/move.h"

#define DGST		NVMFT_DIGEST_LEN
/* Longest padding: a header and its digest, to a boundary of 128 bytes */
#define PAD_MAX		((NVMFT_PDA_MAX + 1) * 4)
/* Most that one command stages: C2HData header, its padding, capsule, digests */
#define CTL_MAX		(NVMFT_HLEN_DATA + DGST + PAD_MAX + DGST + NVMFT_HLEN_RSP + DGST)
/*
 * Data up to this length is copied. A page given to TCP costs a fragment of an
 * skb, of which there are 17, a reference, and on 6.1 a call of its own, which
 * for a few of them is more than the copy.
 */
#define COPY_MAX	(16U << 10)
/* Most pieces that one command stages: header, data, capsule */
#define VECS_MAX	(2 + DIV_ROUND_UP(COPY_MAX, PAGE_SIZE))
/* Data staged at a time: how long the socket stays locked */
#define BATCH		(512U << 10)
/* So many times in a pass */
#define ROUNDS		8

/* Nothing is staged. */
static void tx_reset(struct nvmft_tcp_tx *tx)
{
	tx->fill = 0;
	tx->nvec = 0;
	tx->seg[0] = (struct nvmft_tcp_seg){ };
	tx->last = tx->seg;
	tx->cur = tx->seg;
}

int nvmft_tcp_tx_init(struct nvmft_tcp_tx *tx)
{
	nvmft_tcp_fifo_init(&tx->queue);
	nvmft_tcp_fifo_init(&tx->staged);
	tx_reset(tx);
	tx->buf = kmalloc(NVMFT_TCP_TX_BUF, GFP_KERNEL);
	return tx->buf ? 0 : -ENOMEM;
}

void nvmft_tcp_tx_exit(struct nvmft_tcp_tx *tx)
{
	kfree(tx->buf);
}

/* A piece for TCP to copy, behind those of the run that is being filled */
static __always_inline void tx_piece(struct nvmft_tcp_tx *tx, void *base, u32 len)
{
	struct kvec *vec = &tx->vec[tx->nvec];

	if (tx->last->len && vec[-1].iov_base + vec[-1].iov_len == base) {
		vec[-1].iov_len += len;
	} else {
		*vec = (struct kvec){ .iov_base = base, .iov_len = len };
		tx->nvec++;
	}
	tx->last->len += len;
	tx->end += len;
}

/* The run that is being filled ends in the pages of @slot. */
static void tx_pages(struct nvmft_tcp_tx *tx, struct nvmft_tcp_slot *slot)
{
	slot->bv = 0;
	slot->bv_off = 0;
	tx->last->data = slot;
	tx->last->data_len = slot->req.len;
	tx->end += slot->req.len;
	*++tx->last = (struct nvmft_tcp_seg){ .vec = tx->nvec };
}

/* A command may end the run that is being filled. */
bool nvmft_tcp_tx_room(const struct nvmft_tcp_tx *tx, u32 len)
{
	return NVMFT_TCP_TX_BUF - tx->fill >= len &&
	       tx->last + 1 < tx->seg + NVMFT_TCP_TX_SEGS &&
	       tx->nvec + VECS_MAX <= NVMFT_TCP_TX_VECS;
}

static __always_inline void tx_put(struct nvmft_tcp_tx *tx, const void *data, u32 len)
{
	void *to = tx->buf + tx->fill;

	memcpy(to, data, len);
	tx_piece(tx, to, len);
	tx->fill += len;
}

void nvmft_tcp_tx_put(struct nvmft_tcp_tx *tx, const void *data, u32 len)
{
	tx_put(tx, data, len);
}

/* A header, and its digest if the connection has them */
static __always_inline void put_header(struct nvmft_tcp_conn *conn, const void *hdr, u32 hlen)
{
	tx_put(&conn->tx, hdr, hlen);
	if (unlikely(conn->rx.p.hdgst)) {
		__le32 dgst = nvmft_tcp_digest(hdr, hlen);

		tx_put(&conn->tx, &dgst, sizeof(dgst));
	}
}

/*
 * The window opens here: before its R2T is part of the stream no host can know
 * the transfer tag.
 */
static void stage_r2t(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot)
{
	struct nvmft_xfer *x = &slot->xfer;
	struct nvme_tcp_r2t_pdu pdu;
	u32 off, len;

	if (WARN_ON_ONCE(!nvmft_xfer_r2t_next(x, NVMFT_TCP_R2T_MAX, &off, &len))) {
		nvmft_tcp_conn_end(conn, true, NVMFT_END_LOST);
		return;
	}
	nvmft_pdu_build_r2t(&pdu, &conn->rx.p, x->cccid, x->ttag, off, len);
	put_header(conn, &pdu, sizeof(pdu));
	nvmft_count(&conn->sq.stat.r2ts, 1);
	nvmft_tcp_slot_move(conn, slot, NVMFT_TCP_R2T, NVMFT_TCP_WINDOW);
}

static void put_copied(struct nvmft_tcp_tx *tx, const struct nvmft_buf *buf)
{
	u32 i;

	for (i = 0; i < buf->nr; i++)
		tx_piece(tx, bvec_virt(&buf->bvec[i]), buf->bvec[i].bv_len);
}

static void stage_data(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot, bool success)
{
	static const u8 zeroes[PAD_MAX];
	const struct nvmft_pdu_params *p = &conn->rx.p;
	struct nvmft_req *req = &slot->req;
	struct nvmft_tcp_tx *tx = &conn->tx;
	struct nvme_tcp_data_pdu pdu;
	u32 pad;

	nvmft_pdu_build_c2h(&pdu, p, req->sqe.common.command_id, 0, req->len, success, &pad);
	put_header(conn, &pdu, sizeof(pdu));
	if (pad)
		nvmft_tcp_tx_put(tx, zeroes, pad);
	if (req->len <= COPY_MAX)
		put_copied(tx, &req->buf);
	else
		tx_pages(tx, slot);

	if (p->ddgst) {
		__le32 dgst = nvmft_tcp_digest_buf(&req->buf);

		nvmft_tcp_tx_put(tx, &dgst, sizeof(dgst));
	}
}

static void stage_response(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot)
{
	struct nvmft_req *req = &slot->req;
	const struct nvme_completion *cqe = nvmft_req_cqe(req);
	bool success = false;

	if (req->dir == NVMFT_DIR_C2H && req->len && !req->status) {
		/* Not a byte that the core did not fill leaves this machine. */
		if (WARN_ON_ONCE(req->buf.len != req->len)) {
			nvmft_tcp_conn_end(conn, true, NVMFT_END_LOST);
			return;
		}
		success = nvmft_pdu_may_succeed(cqe, conn->sq.flow);
		stage_data(conn, slot, success);
	}
	if (!success) {
		struct nvme_tcp_rsp_pdu pdu;

		nvmft_pdu_build_rsp(&pdu, &conn->rx.p, cqe);
		put_header(conn, &pdu, sizeof(pdu));
	}
	slot->tx_end = conn->tx.end;
	nvmft_tcp_slot_move(conn, slot, NVMFT_TCP_RSP, NVMFT_TCP_STAGED);
}

static void tx_stage(struct nvmft_tcp_conn *conn)
{
	struct nvmft_tcp_tx *tx = &conn->tx;
	struct nvmft_tcp_slot *slot;

	while (nvmft_tcp_tx_room(tx, CTL_MAX) && tx->end - tx->sent < BATCH) {
		slot = tx->queue.first;
		if (!slot || conn->state == NVMFT_TCP_DEAD)
			return;
		if (slot->place == NVMFT_TCP_R2T)
			stage_r2t(conn, slot);
		else
			stage_response(conn, slot);
	}
}

/* Take @n bytes off the front of a run. */
static void seg_take_off(struct nvmft_tcp_tx *tx, struct nvmft_tcp_seg *seg, size_t n)
{
	seg->len -= n;
	if (likely(!seg->len))
		return;
	while (n) {
		struct kvec *vec = &tx->vec[seg->vec];
		size_t part = min(n, vec->iov_len);

		vec->iov_base += part;
		vec->iov_len -= part;
		n -= part;
		if (!vec->iov_len)
			seg->vec++;
	}
}

static int send_copied(struct nvmft_tcp_tx *tx, struct sock *sk, struct nvmft_tcp_seg *seg,
		       int flags)
{
	u32 end = seg == tx->last ? tx->nvec : seg[1].vec;
	struct msghdr msg = { .msg_flags = flags };
	int ret;

	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, tx->vec + seg->vec, end - seg->vec, seg->len);
	ret = tcp_sendmsg_locked(sk, &msg, seg->len);
	if (ret > 0)
		seg_take_off(tx, seg, ret);
	return ret;
}

/* TCP holds a reference to each page until the peer has acknowledged it. */
static int send_data(struct sock *sk, struct nvmft_tcp_seg *seg, int flags)
{
	struct nvmft_tcp_slot *slot = seg->data;
	const struct nvmft_buf *buf = &slot->req.buf;
	struct msghdr msg = { .msg_flags = flags | MSG_SPLICE_PAGES };
	u32 left;
	int ret;

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, buf->bvec + slot->bv, buf->nr - slot->bv,
		      (size_t)slot->bv_off + seg->data_len);
	iov_iter_advance(&msg.msg_iter, slot->bv_off);
	ret = tcp_sendmsg_locked(sk, &msg, seg->data_len);
	for (left = max(ret, 0); left; ) {
		u32 n = min(left, buf->bvec[slot->bv].bv_len - slot->bv_off);

		nvmft_tcp_slot_advance(slot, n);
		left -= n;
	}
	if (ret > 0)
		seg->data_len -= ret;
	return ret;
}

/*
 * Socket locked. 0: all that was staged is sent; -EAGAIN: TCP has no room.
 * MSG_MORE holds back a segment that is not full as long as more is to come
 * at once: @follows: what is queued is, too.
 */
static int tx_run(struct nvmft_tcp_conn *conn, struct sock *sk, bool follows)
{
	struct nvmft_tcp_tx *tx = &conn->tx;

	while (tx->sent < tx->end) {
		struct nvmft_tcp_seg *seg = tx->cur;
		bool copied = seg->len;
		u32 len = copied ? seg->len : seg->data_len;
		int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
		int ret;

		if (!len) {
			tx->cur++;
			continue;
		}
		if (follows || tx->sent + len < tx->end)
			flags |= MSG_MORE;
		ret = copied ? send_copied(tx, sk, seg, flags) : send_data(sk, seg, flags);
		if (ret <= 0)
			return ret ? ret : -EAGAIN;
		tx->sent += ret;
		conn->stat.tx_bytes += ret;
	}
	tx_reset(tx);
	return 0;
}

static void tx_release(struct nvmft_tcp_conn *conn)
{
	struct nvmft_tcp_tx *tx = &conn->tx;

	while (tx->staged.first && tx->staged.first->tx_end <= tx->sent)
		nvmft_tcp_slot_release(conn, tx->staged.first);
}

/* A round. 0: all that was staged is sent */
static int tx_round(struct nvmft_tcp_conn *conn, bool last)
{
	struct nvmft_tcp_tx *tx = &conn->tx;
	struct sock *sk = conn->sock->sk;
	bool stuck;
	int err;

	lock_sock(sk);
	err = tx_run(conn, sk, !last && tx->queue.first);
	stuck = err == -EAGAIN && tcp_rtx_and_write_queues_empty(sk);
	conn->rx_ack = conn->rx_ack && inet_csk_ack_scheduled(sk);
	release_sock(sk);

	tx_release(conn);
	tx->blocked = err == -EAGAIN;
	/* TCP is out of memory, and no ACK will come that wakes us. */
	tx->starved = stuck;
	if (unlikely(err && err != -EAGAIN)) {
		if (err != -EPIPE && err != -ECONNRESET)
			nvmft_tcp_warn(conn, "cannot send: %pe\n", ERR_PTR(err));
		nvmft_tcp_conn_end(conn, true, NVMFT_END_LOST);
	}
	return err;
}

/*
 * Has TCP room again? write_space told so and will not tell again unless it is
 * asked to, but when memory is short TCP may have taken back what it offered.
 */
static bool tx_writeable(struct socket *sock)
{
	if (likely(sk_stream_is_writeable(sock->sk)))
		return true;
	set_bit(SOCK_NOSPACE, &sock->flags);
	/* Pairs with the one in tcp_check_space(). */
	smp_mb__after_atomic();
	return sk_stream_is_writeable(sock->sk);
}

bool nvmft_tcp_send(struct nvmft_tcp_conn *conn)
{
	struct nvmft_tcp_tx *tx = &conn->tx;
	int i;

	nvmft_tcp_assert_worker(conn);
	if (tx->queue.first)
		nvmft_sq_look(&conn->sq);
	for (i = 1; i <= ROUNDS; i++) {
		tx_stage(conn);
		if (conn->state == NVMFT_TCP_DEAD || nvmft_tcp_tx_idle(tx))
			return false;
		if (tx->blocked && !tx_writeable(conn->sock))
			return false;
		if (tx_round(conn, i == ROUNDS) || !tx->queue.first)
			return false;
	}
	return true;
}
