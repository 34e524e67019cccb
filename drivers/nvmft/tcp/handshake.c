// SPDX-License-Identifier: GPL-2.0
/*
 * How a connection opens (ICReq, ICResp, Connect) and how it closes with a word:
 * a C2HTermReq, or the last response after a refused Connect or a Disconnect.
 */
#include "tcp/conn.h"
#include "tcp/tcp.h"
#include "tcp/trace.h"

/* How long a peer may take to close after a graceful end */
#define FIN_TIMEOUT_MS	2000

void nvmft_tcp_accept_icreq(struct nvmft_tcp_conn *conn)
{
	struct nvme_tcp_icresp_pdu pdu;
	u32 hlen;

	nvmft_rx_accept_icreq(&conn->rx);
	conn->sq.hdgst = conn->rx.p.hdgst;
	conn->sq.ddgst = conn->rx.p.ddgst;
	hlen = nvmft_pdu_build_icresp(&pdu, &conn->rx.p);
	nvmft_tcp_tx_put(&conn->tx, &pdu, hlen);
	nvmft_tcp_conn_set_state(conn, NVMFT_TCP_LIVE);
	nvmft_tcp_conn_set_deadline(conn, nvmft_tcp_param(&nvmft_tcp_connect_timeout_ms));
}

void nvmft_tcp_got_term(struct nvmft_tcp_conn *conn)
{
	const struct nvme_tcp_term_pdu *term = &conn->rx.pdu.term;
	u32 fei = le16_to_cpu(term->feil) | le16_to_cpu(term->feiu) << 16;
	u16 fes = le16_to_cpu(term->fes);

	trace_nvmft_tcp_pdu_error(conn, false, nvme_tcp_h2c_term, fes, fei);
	nvmft_tcp_warn(conn, "host ends the connection: FES %u, FEI %#x\n", fes, fei);
}

void nvmft_tcp_fatal(struct nvmft_tcp_conn *conn)
{
	const struct nvmft_verdict *v = &conn->rx.verdict;

	if (v->kind != NVMFT_V_TERM) {
		nvmft_tcp_conn_end(conn, true, NVMFT_END_TERM);
		return;
	}
	nvmft_tcp_conn_why(conn, NVMFT_END_PROTOCOL);
	trace_nvmft_tcp_pdu_error(conn, true, conn->rx.pdu.ch.type, v->fes, v->fei);
	nvmft_port_count(conn->sq.port, NVMFT_PORT_PDU + v->fes - NVME_TCP_FES_INVALID_PDU_HDR);
	nvmft_tcp_warn(conn, "bad PDU of type %#x: C2HTermReq with FES %u, FEI %#x\n",
		       conn->rx.pdu.ch.type, v->fes, v->fei);
	conn->term = true;
	conn->rx_stop = NVMFT_TCP_GO;
	nvmft_tcp_conn_set_state(conn, NVMFT_TCP_CLOSING);
	nvmft_tcp_conn_set_deadline(conn, nvmft_tcp_param(&nvmft_tcp_term_timeout_ms));
	/* A PDU that has been begun is finished. What the core has comes yet. */
	nvmft_tcp_slots_drop(conn, ~(BIT(NVMFT_TCP_FREE) | BIT(NVMFT_TCP_CORE) |
				     BIT(NVMFT_TCP_STAGED)));
}

/* From now on messages tell controller and queue. */
static void rename_conn(struct nvmft_tcp_conn *conn)
{
	u16 cntlid = nvmft_sq_cntlid(&conn->sq);
	int len;

	len = snprintf(conn->name, sizeof(conn->name), "nvmft-c%uq%u", cntlid, conn->sq.qid);
	if (len >= sizeof(conn->name))
		scnprintf(conn->name, sizeof(conn->name), "nvmft%uq%u", cntlid, conn->sq.qid);
}

void nvmft_tcp_after_commands(struct nvmft_tcp_conn *conn)
{
	if (unlikely(!conn->connected && conn->sq.qt != NVMFT_Q_NEW)) {
		conn->connected = true;
		conn->timed = false;
		nvmft_tcp_conn_opened(conn);
		rename_conn(conn);
		if (nvmft_tcp_slots_resize(conn, conn->sq.size + NVMFT_TCP_SPARE_SLOTS)) {
			nvmft_tcp_warn(conn, "no memory for a queue of %u\n", conn->sq.size);
			nvmft_tcp_conn_end(conn, true, NVMFT_END_MEMORY);
			return;
		}
	}
	if (unlikely(conn->sq.ending)) {
		nvmft_tcp_conn_why(conn, conn->connected ? NVMFT_END_SHUTDOWN : NVMFT_END_REFUSED);
		nvmft_tcp_conn_set_state(conn, NVMFT_TCP_CLOSING);
		nvmft_tcp_conn_set_deadline(conn, nvmft_tcp_param(&nvmft_tcp_term_timeout_ms));
		/* Responses are sent, the one that ends it among them. */
		nvmft_tcp_slots_drop(conn, ~(BIT(NVMFT_TCP_FREE) | BIT(NVMFT_TCP_CORE) |
					     BIT(NVMFT_TCP_RSP) | BIT(NVMFT_TCP_STAGED)));
	}
}

static bool stage_term(struct nvmft_tcp_conn *conn)
{
	const struct nvmft_rx *rx = &conn->rx;
	u8 pdu[NVMFT_HLEN_TERM + NVMFT_TERM_DATA_MAX];
	u32 len;

	if (!nvmft_tcp_tx_room(&conn->tx, sizeof(pdu)))
		return false;
	len = nvmft_pdu_build_term(pdu, rx->verdict.fes, rx->verdict.fei, rx->pdu.raw,
				   nvmft_rx_hdr_seen(rx));
	nvmft_tcp_tx_put(&conn->tx, pdu, len);
	conn->term_staged = true;
	return true;
}

/*
 * After a C2HTermReq the host closes: hosts that see a FIN at the same time do
 * not care to read it. A response that ends the queue is read first, so there
 * our FIN says that nothing will follow.
 */
bool nvmft_tcp_closing(struct nvmft_tcp_conn *conn)
{
	if (conn->term && !conn->term_staged)
		return stage_term(conn);
	if (conn->said || !nvmft_tcp_tx_idle(&conn->tx) || conn->tx.queue.first)
		return false;
	conn->said = true;
	if (!conn->term) {
		nvmft_tcp_conn_set_deadline(conn, FIN_TIMEOUT_MS);
		kernel_sock_shutdown(conn->sock, SHUT_WR);
	}
	return false;
}
