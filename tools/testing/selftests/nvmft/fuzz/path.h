/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A whole queue pair in user space: what tcp/ and core/ do with the protocol code,
 * as plainly as can be, and a disk of a few blocks. Beside it sits a witness, which
 * knows what was asked for and what was sent, from the bytes on the wire alone.
 */
#ifndef NVMFT_FUZZ_PATH_H
#define NVMFT_FUZZ_PATH_H

#include "fuzz.h"
#include "proto/rx.h"
#include "proto/sqe.h"
#include "proto/xfer.h"

#define PATH_SLOTS	6
#define PATH_SHIFT	9
#define PATH_BLOCKS	16U
#define PATH_DISK	(PATH_BLOCKS << PATH_SHIFT)
#define PATH_MDTS	4096U
#define PATH_R2T_MAX	1536U	/* so that a command has several */
#define PATH_OUT_MAX	(256U << 10)

/* A command, as long as it has no response */
struct path_slot {
	bool used, held, ready;
	bool window;		/* its R2T is open */
	union { struct nvme_command c; u8 b[64]; } sqe;
	const struct nvmft_opdesc *desc;
	struct nvmft_xfer xfer;
	u8 *buf;		/* of exactly @len bytes */
	u32 *from;		/* where in the stream each of them stood */
	u32 len, filled;
	u16 fail, doom;
	struct path_slot *mate;
};

/* What the witness knows of a command */
struct path_seen {
	bool used, data_sent;
	u16 cid, tag;
	u32 len;		/* its SGL's */
	u32 asked, came;	/* end of the last R2T; bytes that came */
};

struct path {
	/* the target */
	struct nvmft_rx rx;
	struct path_slot slots[PATH_SLOTS], *rx_slot, *first;
	u32 crc;
	u16 tag;
	u8 qt, fuse;
	bool ending, flow;
	u32 cc, csts, aers;
	u16 size, sqhd;
	/* the stream */
	const u8 *stream;
	u32 at;
	/* the witness, and all that was sent */
	struct path_seen seen[PATH_SLOTS];
	bool said_last;
	u32 responses, out_len;
	u8 disk[PATH_DISK];
	u8 out[PATH_OUT_MAX];
};

u32 path_crc(u32 crc, const u8 *p, u32 n);
/* As digests are on the wire */
u32 path_digest(const u8 *p, u32 n);

/* path_target.c */
void path_start(struct path *t, u32 icd_max);
/* A piece of the stream */
void path_feed(struct path *t, const u8 *p, u32 n);
void path_end(struct path *t);

/* path_core.c */
/* Judge it. 0, or the status that it ends with */
u16 path_judge(struct path *t, struct path_slot *s, u32 icd_len);
/* Carry it out. 0 or a status; @result: dwords 0 and 1 of the response */
u16 path_execute(struct path *t, struct path_slot *s, u64 *result);

/* path_witness.c */
void path_saw_command(struct path *t, u32 slot, const u8 *sqe);
void path_saw_data(struct path *t, u32 slot, u32 off, u32 n);
/* A PDU goes out: check it as a host would, and remember it. */
void path_send(struct path *t, const u8 *hdr, u32 hlen, u32 pad, const u8 *data, u32 len);
/* All that came for a write or a compare stands where it has to. */
void path_saw_content(const struct path *t, const struct path_slot *s);

#endif /* NVMFT_FUZZ_PATH_H */
