/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints of the core: /sys/kernel/tracing/events/nvmft */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM nvmft

#if !defined(NVMFT_CORE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define NVMFT_CORE_TRACE_H

#include <linux/string_helpers.h>
#include <linux/tracepoint.h>
#include "core/ctrl.h"

#define show_req_state(state)				\
	__print_symbolic(state,				\
		{ NVMFT_REQ_FREE,	"free" },	\
		{ NVMFT_REQ_NEW,	"new" },	\
		{ NVMFT_REQ_DATA,	"data" },	\
		{ NVMFT_REQ_HELD,	"held" },	\
		{ NVMFT_REQ_EXEC,	"exec" },	\
		{ NVMFT_REQ_DONE,	"done" },	\
		{ NVMFT_REQ_SEND,	"send" },	\
		{ NVMFT_REQ_WAIT,	"wait" })

/* A command changes hands. cntlid 0: no Connect yet. status: from done on */
TRACE_EVENT(nvmft_req_state,
	TP_PROTO(const struct nvmft_req *req, enum nvmft_req_state state),
	TP_ARGS(req, state),
	TP_STRUCT__entry(
		__field(u16, cntlid)
		__field(u16, qid)
		__field(u16, cid)
		__field(u16, status)
		__field(u8, opcode)
		__field(u8, from)
		__field(u8, to)
		__field(u32, nsid)
		__field(u32, len)
		__field(u64, slba)
	),
	TP_fast_assign(
		__entry->cntlid = req->sq->qt == NVMFT_Q_NEW ? 0 : req->sq->ctrl->cntlid;
		__entry->qid = req->sq->qid;
		__entry->cid = le16_to_cpu((__force __le16)req->sqe.common.command_id);
		__entry->status = req->status;
		__entry->opcode = req->sqe.common.opcode;
		__entry->from = req->state;
		__entry->to = state;
		__entry->nsid = le32_to_cpu(req->sqe.common.nsid);
		__entry->len = req->len;
		__entry->slba = le64_to_cpu(req->sqe.rw.slba);
	),
	TP_printk("cntlid=%u qid=%u cid=%#x opcode=%#x nsid=%u slba=%llu len=%u %s->%s status=%#x",
		  __entry->cntlid, __entry->qid, __entry->cid, __entry->opcode, __entry->nsid,
		  __entry->slba, __entry->len, show_req_state(__entry->from),
		  show_req_state(__entry->to), __entry->status)
);

DECLARE_EVENT_CLASS(nvmft_session,
	TP_PROTO(const struct nvmft_ctrl *ctrl),
	TP_ARGS(ctrl),
	TP_STRUCT__entry(
		__field(u16, cntlid)
		__field(u16, port)
		__field(u8, end)
		__array(char, subsys, NVMF_NQN_SIZE + 1)
		__array(char, hostnqn, NVMF_NQN_SIZE + 1)
		__array(char, addr, NVMFT_ADDR_LEN)
	),
	TP_fast_assign(
		__entry->cntlid = ctrl->cntlid;
		__entry->port = ctrl->port->t.portid;
		__entry->end = ctrl->end;
		strscpy(__entry->subsys, ctrl->subsys->nqn, sizeof(__entry->subsys));
		/* A host chooses it: no control characters for who reads the trace. */
		__entry->hostnqn[min_t(u32, NVMF_NQN_SIZE,
				       string_escape_str(ctrl->hostnqn, __entry->hostnqn,
							 NVMF_NQN_SIZE,
							 ESCAPE_NP | ESCAPE_OCTAL, NULL))] = 0;
		strscpy(__entry->addr, ctrl->addr, sizeof(__entry->addr));
	),
	TP_printk("subsys=%s cntlid=%u hostnqn=%s addr=%s port=%u end=%u",
		  __entry->subsys, __entry->cntlid, __entry->hostnqn, __entry->addr,
		  __entry->port, __entry->end)
);

/* A host has connected. */
DEFINE_EVENT(nvmft_session, nvmft_session_begin,
	TP_PROTO(const struct nvmft_ctrl *ctrl),
	TP_ARGS(ctrl)
);

/* All queues of its controller have ended; end: enum nvmft_end */
DEFINE_EVENT(nvmft_session, nvmft_session_end,
	TP_PROTO(const struct nvmft_ctrl *ctrl),
	TP_ARGS(ctrl)
);

#endif /* NVMFT_CORE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH core
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
