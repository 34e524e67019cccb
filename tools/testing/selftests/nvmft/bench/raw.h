/* SPDX-License-Identifier: GPL-2.0 */
/* The few PDUs and fields that raw.c uses, as on the wire (little endian). */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include <stdint.h>

enum {
	RAW_ICREQ = 0, RAW_ICRESP = 1, RAW_CMD = 4, RAW_RSP = 5, RAW_H2C = 6, RAW_C2H = 7, RAW_R2T = 9
};

enum { RAW_SGL_INLINE = 0x01, RAW_SGL_TRANSPORT = 0x5a };

struct raw_ch {
	uint8_t		type, flags, hlen, pdo;
	uint32_t	plen;
} __attribute__((packed));

struct raw_ic {
	struct raw_ch	ch;
	uint16_t	pfv;
	uint8_t		pda, digests;
	uint32_t	maxr2t;
	uint8_t		rsvd[112];
} __attribute__((packed));

/* Fabrics commands have their type in nsid and their fields from cdw10 on. */
struct raw_cmd {
	struct raw_ch	ch;
	uint8_t		opcode, flags;
	uint16_t	id;
	uint32_t	nsid;
	uint8_t		rsvd[16];
	uint64_t	sgl_addr;
	uint32_t	sgl_len;
	uint8_t		sgl_rsvd[3], sgl_type;
	uint32_t	cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
} __attribute__((packed));

struct raw_rsp {
	struct raw_ch	ch;
	uint64_t	result;
	uint16_t	sq_head, sq_id, id, status;
} __attribute__((packed));

/* C2HData, H2CData, R2T */
struct raw_data {
	struct raw_ch	ch;
	uint16_t	id, ttag;
	uint32_t	off, len, rsvd;
} __attribute__((packed));

struct raw_connect {
	uint8_t		hostid[16];
	uint16_t	cntlid;
	uint8_t		rsvd[238];
	char		subnqn[256], hostnqn[256];
	uint8_t		rsvd2[256];
} __attribute__((packed));

_Static_assert(sizeof(struct raw_cmd) == 72 && sizeof(struct raw_rsp) == 24 &&
	       sizeof(struct raw_data) == 24 && sizeof(struct raw_ic) == 128 &&
	       sizeof(struct raw_connect) == 1024, "as the specification has them");

#endif /* BENCH_RAW_H */
