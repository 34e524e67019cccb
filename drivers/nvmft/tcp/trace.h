/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints of the transport, beside those of the core */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM nvmft

#if !defined(NVMFT_TCP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define NVMFT_TCP_TRACE_H

#include <linux/tracepoint.h>
#include "tcp/conn.h"

#define show_tcp_state(state)				\
	__print_symbolic(state,				\
		{ NVMFT_TCP_NEW,	"new" },	\
		{ NVMFT_TCP_LIVE,	"live" },	\
		{ NVMFT_TCP_CLOSING,	"closing" },	\
		{ NVMFT_TCP_DEAD,	"dead" })

/* end: enum nvmft_end, from closing on */
TRACE_EVENT(nvmft_tcp_state,
	TP_PROTO(const struct nvmft_tcp_conn *conn, enum nvmft_tcp_state state),
	TP_ARGS(conn, state),
	TP_STRUCT__entry(
		__array(char, name, TASK_COMM_LEN)
		__array(char, peer, NVMFT_ADDR_LEN)
		__field(u8, from)
		__field(u8, to)
		__field(u8, end)
	),
	TP_fast_assign(
		strscpy(__entry->name, conn->name, sizeof(__entry->name));
		strscpy(__entry->peer, conn->peer_name, sizeof(__entry->peer));
		__entry->from = conn->state;
		__entry->to = state;
		__entry->end = conn->sq.end;
	),
	TP_printk("%s, %s: %s->%s end=%u", __entry->name, __entry->peer,
		  show_tcp_state(__entry->from), show_tcp_state(__entry->to), __entry->end)
);

/* A PDU is answered by a C2HTermReq, or (sent 0) the host has sent an H2CTermReq. */
TRACE_EVENT(nvmft_tcp_pdu_error,
	TP_PROTO(const struct nvmft_tcp_conn *conn, bool sent, u8 type, u16 fes, u32 fei),
	TP_ARGS(conn, sent, type, fes, fei),
	TP_STRUCT__entry(
		__array(char, name, TASK_COMM_LEN)
		__array(char, peer, NVMFT_ADDR_LEN)
		__field(bool, sent)
		__field(u8, type)
		__field(u16, fes)
		__field(u32, fei)
	),
	TP_fast_assign(
		strscpy(__entry->name, conn->name, sizeof(__entry->name));
		strscpy(__entry->peer, conn->peer_name, sizeof(__entry->peer));
		__entry->sent = sent;
		__entry->type = type;
		__entry->fes = fes;
		__entry->fei = fei;
	),
	TP_printk("%s, %s: sent=%d type=%#x fes=%u fei=%#x", __entry->name, __entry->peer,
		  __entry->sent, __entry->type, __entry->fes, __entry->fei)
);

#endif /* NVMFT_TCP_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH tcp
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
