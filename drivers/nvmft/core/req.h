/* SPDX-License-Identifier: GPL-2.0 */
/* Requests inside the core: who executes what, and how it ends. */
#ifndef NVMFT_CORE_REQ_H
#define NVMFT_CORE_REQ_H

#include "nvmft.h"
#include "core/ctrl.h"
#include "core/ns.h"
#include "proto/logpage.h"

/* The one writer of req->state; WARN_ON_ONCE on an edge that the table lacks. */
void nvmft_req_set_state(struct nvmft_req *req, enum nvmft_req_state state);

/**
 * nvmft_req_complete() - end a command
 * @req: in EXEC; not touched by the caller afterwards
 * @status: SCT << 8 | SC, with NVME_STATUS_DNR
 *
 * Any context. Must be called once. DW0 and DW1 are what the handler put into
 * req->cqe.result.
 */
void nvmft_req_complete(struct nvmft_req *req, u16 status);

/* End a command that was not executed: NVMFT_NEXT_DONE. Worker. */
enum nvmft_next nvmft_req_refuse(struct nvmft_req *req, u16 status);
/* Everything that can be refused before the data comes. Worker, no sleep. */
u16 nvmft_req_judge(struct nvmft_req *req);

/* buf.c; worker only */
int nvmft_buf_alloc(struct nvmft_sq *sq, struct nvmft_buf *buf, u32 len, gfp_t gfp);
void nvmft_buf_free(struct nvmft_sq *sq, struct nvmft_buf *buf);
void nvmft_buf_trim(struct nvmft_sq *sq);
/* Copy all of @buf from or to flat memory of @len <= buf->len bytes. */
void nvmft_buf_fill(struct nvmft_buf *buf, const void *src, u32 len);
void nvmft_buf_read(const struct nvmft_buf *buf, void *dst, u32 len);
bool nvmft_buf_equal(const struct nvmft_buf *a, const struct nvmft_buf *b);

/* Handlers by file: worker, socket unlocked, may sleep; end in complete(). */
void nvmft_connect_execute(struct nvmft_req *req);	/* connect.c */
void nvmft_prop_get_execute(struct nvmft_req *req);
void nvmft_prop_set_execute(struct nvmft_req *req);
void nvmft_disconnect_execute(struct nvmft_req *req);
void nvmft_identify_execute(struct nvmft_req *req);	/* identify.c */
void nvmft_log_execute(struct nvmft_req *req);		/* log.c */
void nvmft_set_features_execute(struct nvmft_req *req);	/* features.c */
void nvmft_get_features_execute(struct nvmft_req *req);
void nvmft_abort_execute(struct nvmft_req *req);	/* admin.c */
void nvmft_keep_alive_execute(struct nvmft_req *req);
void nvmft_rw_execute(struct nvmft_req *req);		/* io.c */
void nvmft_flush_execute(struct nvmft_req *req);
void nvmft_compare_execute(struct nvmft_req *req);	/* media.c */
void nvmft_verify_execute(struct nvmft_req *req);
void nvmft_write_zeroes_execute(struct nvmft_req *req);
void nvmft_dsm_execute(struct nvmft_req *req);
void nvmft_copy_execute(struct nvmft_req *req);
/* Blocks that a Copy moves by its table, which is there; no more than NVMFT_MCL */
u32 nvmft_copy_blocks(const struct nvmft_req *req);

/*
 * io.c: judge a command on a namespace before its data; sets req->ns and
 * req->len. No sleep.
 */
u16 nvmft_io_check(struct nvmft_req *req);
/* io.c: why a command on @nsid, to which there is no reference, is refused. Any context */
u16 nvmft_io_refusal(const struct nvmft_ctrl *ctrl, u32 nsid);
/* media.c: what the SQE alone says of a DSM or a Copy. No sleep. */
u16 nvmft_media_check(const struct nvmft_req *req);
/* media.c: bytes of pages that a command reads into beside its data. No sleep. */
u32 nvmft_media_extra(const struct nvmft_req *req);
/* connect.c: judge the SQE of a Connect; sets req->len. No sleep. */
u16 nvmft_connect_check(struct nvmft_req *req, u32 sgl_len);
/* connect.c: a keep alive timeout in ms, rounded up to units of KAS */
u32 nvmft_round_kato(u32 kato);
/* The largest transfer of a command on this queue, bytes (MDTS) */
static inline u32 nvmft_req_max_len(const struct nvmft_req *req)
{
	return 4096U << nvmft_port_of(req->sq->port)->mdts;
}

/*
 * Is what a command writes to be on stable media when it ends? If the host asks
 * for it, and if it does not know of a cache that it would have to flush: a
 * namespace that has one may have come since, or a device may have got one.
 */
static inline bool nvmft_req_fua(const struct nvmft_req *req, bool asked)
{
	return asked || READ_ONCE(req->sq->ctrl->no_cache_told);
}

/* discovery.c: emit log page 70h as @ctrl's host may see it. May sleep. */
void nvmft_discovery_log(struct nvmft_ctrl *ctrl, struct nvmft_cut *cut);
/* ana.c: emit log page 0Ch for @ctrl; @rgo: groups only. May sleep. */
void nvmft_ana_log(struct nvmft_ctrl *ctrl, struct nvmft_cut *cut, bool rgo);

#endif /* NVMFT_CORE_REQ_H */
