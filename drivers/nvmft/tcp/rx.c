// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving. One call of read_sock() passes over all that the socket holds. Its
 * actor runs with the socket locked: it moves bytes where the receive machine
 * (proto/rx.c) says, lets the core judge commands, which allocates nothing, and
 * puts them on a list. What may sleep comes when the socket is unlocked. Where
 * the actor lacks something it stops, and the next pass begins with getting it.
 */
#include <linux/skbuff.h>
#include <linux/unaligned.h>
#include <net/tcp.h>
#include "tcp/move.h"

/* Budget of a pass: bytes, and what a command counts beside them */
#define PASS_BYTES	(1 << 20)
#define COMMAND_COST	8192
/* Data is digested while the cache has it. */
#define DIGEST_CHUNK	8192U

static void rx_fail(struct nvmft_tcp_conn *conn, struct nvmft_verdict v)
{
	nvmft_rx_fail(&conn->rx, v);
	conn->rx_stop = NVMFT_TCP_STOP_DEAD;
}

/* The data of a PDU for rx_slot is gone, unwanted. */
static void rx_skipped(struct nvmft_tcp_conn *conn)
{
	struct nvmft_tcp_slot *slot = conn->rx_slot;

	conn->rx_slot = NULL;
	if (!slot)
		return;
	if (slot->place == NVMFT_TCP_RX) {
		nvmft_tcp_slot_next(conn, slot, NVMFT_TCP_RX, NVMFT_NEXT_EXEC);
		return;
	}
	nvmft_xfer_h2c_commit(&slot->xfer, nvmft_pdu_data_len(&conn->rx.pdu.ch, &conn->rx.p));
	nvmft_tcp_window_step(conn, slot);
}

/* HOLD -> skip the data, of which @slot, if any, is told afterwards. */
static void rx_skip(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot)
{
	conn->rx_slot = slot;
	if (nvmft_rx_skip(&conn->rx) == NVMFT_RX_EV_SKIPPED)
		rx_skipped(conn);
}

/* HOLD -> take the data into the pages of @slot. */
static void rx_take(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot)
{
	conn->rx_slot = slot;
	conn->rx_crc = nvmft_tcp_digest_init();
	nvmft_rx_data(&conn->rx);
}

/* The data of a PDU for rx_slot is in its pages. */
static void rx_taken(struct nvmft_tcp_conn *conn)
{
	struct nvmft_tcp_slot *slot = conn->rx_slot;

	conn->rx_slot = NULL;
	if (conn->rx.p.ddgst &&
	    nvmft_tcp_digest_end(conn->rx_crc) != get_unaligned((__le32 *)conn->rx.dgst)) {
		conn->stat.digest_errors++;
		nvmft_count(&conn->sq.stat.ddgst_errors, 1);
		nvmft_port_count(conn->sq.port, NVMFT_PORT_DDGST_ERROR);
		nvmft_tcp_warn(conn, "data digest error, cid %#x\n",
			       le16_to_cpu((__force __le16)slot->req.sqe.common.command_id));
		slot->fail = NVME_SC_TRANSIENT_TR_ERR;
	}
	if (slot->place == NVMFT_TCP_RX) {
		nvmft_tcp_slot_next(conn, slot, NVMFT_TCP_RX,
				    nvmft_req_data_done(&slot->req, slot->fail));
		return;
	}
	nvmft_xfer_h2c_commit(&slot->xfer, nvmft_pdu_data_len(&conn->rx.pdu.ch, &conn->rx.p));
	nvmft_tcp_window_step(conn, slot);
}

/* HOLD, capsule with data that the core wants: into pages, which it needs first */
static void rx_capsule_data(struct nvmft_tcp_conn *conn, struct nvmft_tcp_slot *slot, gfp_t gfp)
{
	int err = nvmft_tcp_slot_pages(conn, slot, gfp);

	if (!err) {
		rx_take(conn, slot);
		return;
	}
	if (err == -ENOMEM && !gfpflags_allow_blocking(gfp)) {
		conn->rx_slot = slot;
		conn->rx_stop = NVMFT_TCP_STOP_PAGES;
		return;
	}
	nvmft_tcp_slot_next(conn, slot, NVMFT_TCP_RX,
			    nvmft_req_data_done(&slot->req, NVME_SC_INTERNAL));
	rx_skip(conn, NULL);
}

static void rx_command(struct nvmft_tcp_conn *conn)
{
	struct nvmft_rx *rx = &conn->rx;
	struct nvmft_tcp_slot *slot = nvmft_tcp_slot_take(conn);
	enum nvmft_next next;

	if (unlikely(!slot)) {
		if (conn->nr_slots < conn->max_slots) {
			conn->rx_stop = NVMFT_TCP_STOP_SLOT;
			return;
		}
		nvmft_port_count(conn->sq.port, NVMFT_PORT_OVERRUN);
		nvmft_tcp_warn(conn, "more commands than the queue has entries\n");
		rx_fail(conn, nvmft_v_term(NVME_TCP_FES_PDU_SEQ_ERR, 0));
		return;
	}
	conn->rx_cmd = true;
	conn->rx_left -= COMMAND_COST;
	conn->stat.commands++;

	/* The one copy of what the host wrote; nothing reads it twice. */
	slot->req.sqe = rx->pdu.cmd.cmd;
	slot->req.icd_len = nvmft_pdu_data_len(&rx->pdu.ch, &rx->p);
	next = nvmft_req_start(&slot->req);

	if (!slot->req.icd_len) {
		nvmft_rx_next(rx);
		nvmft_tcp_slot_next(conn, slot, NVMFT_TCP_RX, next);
	} else if (next == NVMFT_NEXT_DATA) {
		rx_capsule_data(conn, slot, GFP_NOWAIT | __GFP_NOWARN);
	} else if (next == NVMFT_NEXT_EXEC) {
		/* Half a capsule is no command: it waits for the rest. */
		rx_skip(conn, slot);
	} else {
		nvmft_tcp_slot_next(conn, slot, NVMFT_TCP_RX, next);
		rx_skip(conn, NULL);
	}
}

static void rx_h2c_data(struct nvmft_tcp_conn *conn)
{
	const struct nvme_tcp_data_pdu *h2c = &conn->rx.pdu.h2c;
	struct nvmft_tcp_slot *slot = nvmft_tcp_slot_by_tag(conn, h2c->ttag);
	struct nvmft_verdict v;

	if (!slot) {
		rx_fail(conn, nvmft_v_term(NVME_TCP_FES_INVALID_PDU_HDR, NVMFT_FEI_H2C_TTAG));
		return;
	}
	v = nvmft_xfer_h2c_check(&slot->xfer, h2c, &conn->rx.p);
	if (v.kind != NVMFT_V_OK)
		rx_fail(conn, v);
	else if (slot->fail)
		rx_skip(conn, slot);
	else
		rx_take(conn, slot);
}

static bool rx_header_digest_ok(struct nvmft_tcp_conn *conn)
{
	struct nvmft_rx *rx = &conn->rx;
	u32 hlen = rx->pdu.ch.hlen;
	__le32 want;

	if (nvmft_pdu_hdr_len(&rx->pdu.ch, &rx->p) == hlen)
		return true;
	want = nvmft_tcp_digest(rx->pdu.raw, hlen);
	if (likely(want == get_unaligned((__le32 *)rx->dgst)))
		return true;
	conn->stat.digest_errors++;
	nvmft_port_count(conn->sq.port, NVMFT_PORT_HDGST_ERROR);
	rx_fail(conn, nvmft_v_term(NVME_TCP_FES_HDR_DIGEST_ERR, get_unaligned_le32(rx->dgst)));
	return false;
}

/* HOLD: a whole header waits for a decision. */
static void rx_header(struct nvmft_tcp_conn *conn)
{
	if (!rx_header_digest_ok(conn))
		return;
	switch (conn->rx.pdu.ch.type) {
	case nvme_tcp_cmd:
		rx_command(conn);
		break;
	case nvme_tcp_h2c_data:
		rx_h2c_data(conn);
		break;
	case nvme_tcp_icreq:
		nvmft_tcp_accept_icreq(conn);
		break;
	case nvme_tcp_h2c_term:
		nvmft_tcp_got_term(conn);
		rx_fail(conn, nvmft_v_reset());
		break;
	}
}

static void rx_event(struct nvmft_tcp_conn *conn, enum nvmft_rx_event ev)
{
	switch (ev) {
	case NVMFT_RX_EV_NONE:
		break;
	case NVMFT_RX_EV_HDR:
		rx_header(conn);
		break;
	case NVMFT_RX_EV_DATA:
		rx_taken(conn);
		break;
	case NVMFT_RX_EV_SKIPPED:
		rx_skipped(conn);
		break;
	case NVMFT_RX_EV_VERDICT:
		conn->rx_stop = NVMFT_TCP_STOP_DEAD;
		break;
	}
}

/* Copy data into the pages of rx_slot, behind what is there. */
static int rx_copy_data(struct nvmft_tcp_conn *conn, struct sk_buff *skb, u32 off, u32 len)
{
	struct nvmft_tcp_slot *slot = conn->rx_slot;

	while (len) {
		struct bio_vec *bv = &slot->req.buf.bvec[slot->bv];
		void *to = bvec_virt(bv) + slot->bv_off;
		u32 n = min(len, bv->bv_len - slot->bv_off);

		if (conn->rx.p.ddgst)
			n = min(n, DIGEST_CHUNK);
		if (skb_copy_bits(skb, off, to, n))
			return -EFAULT;
		if (conn->rx.p.ddgst)
			conn->rx_crc = nvmft_tcp_digest_add(conn->rx_crc, to, n);
		nvmft_tcp_slot_advance(slot, n);
		off += n;
		len -= n;
	}
	return 0;
}

/*
 * Put up to @len bytes where the machine wants them. Returns how many.
 *
 * Of a header the longest that is common is copied at once. What of that lies
 * behind it is copied again, to where it belongs.
 */
static int rx_feed(struct nvmft_tcp_conn *conn, struct sk_buff *skb, u32 off, size_t len)
{
	struct nvmft_rx *rx = &conn->rx;
	u32 n = min_t(size_t, len, nvmft_rx_want(rx));
	enum nvmft_rx_event ev;
	int err = 0;

	switch (rx->step) {
	case NVMFT_RX_CH:
	case NVMFT_RX_PSH:
		if (rx->have + n < NVMFT_HLEN_CMD)
			n = min_t(size_t, len, NVMFT_HLEN_CMD - rx->have);
		err = skb_copy_bits(skb, off, rx->pdu.raw + rx->have, n);
		ev = nvmft_rx_got_header(rx, n, &n);
		break;
	case NVMFT_RX_HDGST:
	case NVMFT_RX_DDGST:
		err = skb_copy_bits(skb, off, rx->dgst + rx->have, n);
		ev = nvmft_rx_got(rx, n);
		break;
	case NVMFT_RX_DATA:
		err = rx_copy_data(conn, skb, off, n);
		fallthrough;
	default:
		ev = nvmft_rx_got(rx, n);
	}
	if (WARN_ON_ONCE(err)) {
		rx_fail(conn, nvmft_v_reset());
		return 0;
	}
	rx_event(conn, ev);
	return n;
}

/*
 * Socket locked. Returns how many of @len bytes from @off on were consumed; it
 * may be called again after it has stopped.
 */
static int rx_actor(read_descriptor_t *desc, struct sk_buff *skb, unsigned int off, size_t len)
{
	struct nvmft_tcp_conn *conn = desc->arg.data;
	size_t done = 0;

	if (conn->state == NVMFT_TCP_CLOSING)
		return len;
	while (done < len && conn->rx_stop == NVMFT_TCP_GO) {
		u32 n = rx_feed(conn, skb, off + done, len - done);

		done += n;
		conn->rx_left -= n;
		if (conn->rx_left <= 0 && conn->rx_stop == NVMFT_TCP_GO)
			conn->rx_stop = NVMFT_TCP_STOP_BUDGET;
	}
	conn->stat.rx_bytes += done;
	/* Nothing comes while the socket is locked, so TCP need not look again. */
	if (conn->rx_stop != NVMFT_TCP_GO ||
	    skb_queue_is_last(&conn->sock->sk->sk_receive_queue, skb))
		desc->count = 0;
	return done;
}

/* Get what the last pass has stopped for, and go on where it did. */
static void rx_resume(struct nvmft_tcp_conn *conn)
{
	u8 stop = conn->rx_stop;

	conn->rx_starved = false;
	conn->rx_stop = NVMFT_TCP_GO;
	if (conn->state == NVMFT_TCP_CLOSING)
		return;
	if (stop == NVMFT_TCP_STOP_PAGES) {
		rx_capsule_data(conn, conn->rx_slot, GFP_NOIO);
	} else if (stop == NVMFT_TCP_STOP_SLOT) {
		if (conn->free.first || nvmft_tcp_slots_grow(conn)) {
			rx_header(conn);
		} else {
			conn->rx_stop = stop;
			conn->rx_starved = true;
		}
	}
}

/* Nothing to read and nothing to learn: spares the lock */
static bool rx_nothing(const struct sock *sk)
{
	return skb_queue_empty_lockless(&sk->sk_receive_queue) && !READ_ONCE(sk->sk_err) &&
	       !(READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN);
}

/*
 * TCP acknowledges data when it is read. Where a response follows at once, as it
 * did the last time, that will do it as well, and spares a packet.
 */
static void read_sock(struct nvmft_tcp_conn *conn, struct sock *sk)
{
	read_descriptor_t desc = { .arg.data = conn, .count = 1 };
	u8 *pending = &inet_csk(sk)->icsk_ack.pending;
	u8 held = conn->rx_answered ? *pending & ICSK_ACK_SCHED : 0;

	conn->rx_read = true;
	*pending &= ~held;
	READ_ONCE(conn->sock->ops)->read_sock(sk, &desc, rx_actor);
	/* Of a window that has grown a lot TCP tells all the same. */
	if (held && tcp_sk(sk)->rcv_wup != tcp_sk(sk)->rcv_nxt) {
		*pending |= held;
		conn->rx_ack = true;
	}
}

void nvmft_tcp_recv_end(struct nvmft_tcp_conn *conn, bool answered)
{
	if (!conn->rx_read)
		return;
	conn->rx_read = false;
	conn->rx_answered = answered;
	if (likely(!conn->rx_ack))
		return;
	/* No segment has carried it. */
	conn->rx_ack = false;
	conn->rx_answered = false;
	tcp_sock_set_quickack(conn->sock->sk, 2);
}

bool nvmft_tcp_recv(struct nvmft_tcp_conn *conn)
{
	struct sock *sk = conn->sock->sk;

	nvmft_tcp_assert_worker(conn);
	rx_resume(conn);
	if (conn->rx_stop == NVMFT_TCP_GO && !rx_nothing(sk)) {
		conn->rx_left = PASS_BYTES;
		/* Connect changes it; a capsule under way was measured before. */
		conn->rx.p.icd_max = conn->sq.icd_max;
		nvmft_sq_look(&conn->sq);

		lock_sock(sk);
		read_sock(conn, sk);
		/* Whatever state TCP is in, this is what it means to a reader. */
		conn->rx_err = sk->sk_err;
		conn->rx_eof = (sk->sk_shutdown & RCV_SHUTDOWN) &&
			       skb_queue_empty(&sk->sk_receive_queue);
		/* No host sends urgent data, and TCP never reads beyond it. */
		if (unlikely(tcp_sk(sk)->urg_data))
			conn->rx_err = EPROTO;
		release_sock(sk);
		if (unlikely(conn->rx_err == EPROTO))
			nvmft_tcp_warn(conn, "urgent data\n");
	}
	return conn->rx_stop != NVMFT_TCP_GO && conn->rx_stop != NVMFT_TCP_STOP_DEAD &&
	       !conn->rx_starved;
}
