// SPDX-License-Identifier: GPL-2.0
/*
 * Common headers: every field of every PDU that a host may send, each with
 * the Fatal Error Status and Information that it earns.
 */
#include <kunit/test.h>
#include "expect.h"
#include "ref.h"

/* What the connection of a row has agreed on */
#define HD	1
#define DD	2
#define NEW	4	/* no ICReq yet */

#define ICD	8192
#define H2C	65536

#define F_HD	1
#define F_DD	2
#define F_LAST	4

struct ch_row {
	const char *desc;
	u8 conn;
	u8 type, flags, hlen, pdo;
	u32 plen;
	struct nvmft_verdict want;
};

static const struct ch_row ch_rows[] = {
	/* Direction and sequence */
	{ "icresp from a host", 0, 1, 0, 128, 0, 128, V_TERM(FES_HDR, 0) },
	{ "icresp before icreq", NEW, 1, 0, 128, 0, 128, V_TERM(FES_HDR, 0) },
	{ "c2hterm from a host", 0, 3, 0, 24, 0, 24, V_TERM(FES_HDR, 0) },
	{ "rsp from a host", 0, 5, 0, 24, 0, 24, V_TERM(FES_HDR, 0) },
	{ "c2hdata from a host", 0, 7, F_LAST, 24, 24, 28, V_TERM(FES_HDR, 0) },
	{ "c2hdata before icreq", NEW, 7, F_LAST, 24, 24, 28, V_TERM(FES_HDR, 0) },
	{ "type 8", 0, 8, 0, 24, 0, 24, V_TERM(FES_HDR, 0) },
	{ "r2t from a host", 0, 9, 0, 24, 0, 24, V_TERM(FES_HDR, 0) },
	{ "type 255", 0, 255, 0, 24, 0, 24, V_TERM(FES_HDR, 0) },
	{ "type 255 before icreq", NEW, 255, 0, 24, 0, 24, V_TERM(FES_HDR, 0) },
	{ "cmd before icreq", NEW, 4, 0, 72, 0, 72, V_TERM(FES_SEQ, 0) },
	{ "h2cdata before icreq", NEW, 6, F_LAST, 24, 24, 28, V_TERM(FES_SEQ, 0) },
	{ "h2cterm before icreq", NEW, 2, 0, 24, 0, 24, V_TERM(FES_SEQ, 0) },
	{ "second icreq", 0, 0, 0, 128, 0, 128, V_TERM(FES_SEQ, 0) },
	{ "second icreq, digests on", HD | DD, 0, 0, 128, 0, 128, V_TERM(FES_SEQ, 0) },
	{ "sequence before fields", NEW, 4, 0xff, 1, 1, 1, V_TERM(FES_SEQ, 0) },

	/* ICReq */
	{ "icreq", NEW, 0, 0, 128, 0, 128, V_OK },
	{ "icreq: hdgst flag", NEW, 0, F_HD, 128, 0, 128, V_TERM(FES_HDR, 1) },
	{ "icreq: ddgst flag", NEW, 0, F_DD, 128, 0, 128, V_TERM(FES_HDR, 1) },
	{ "icreq: flag 80h", NEW, 0, 0x80, 128, 0, 128, V_TERM(FES_HDR, 1) },
	{ "icreq: hlen 127", NEW, 0, 0, 127, 0, 128, V_TERM(FES_HDR, 2) },
	{ "icreq: hlen 129", NEW, 0, 0, 129, 0, 128, V_TERM(FES_HDR, 2) },
	{ "icreq: hlen 0", NEW, 0, 0, 0, 0, 128, V_TERM(FES_HDR, 2) },
	{ "icreq: pdo 128", NEW, 0, 0, 128, 128, 128, V_TERM(FES_HDR, 3) },
	{ "icreq: pdo 1", NEW, 0, 0, 128, 1, 128, V_TERM(FES_HDR, 3) },
	{ "icreq: plen 127", NEW, 0, 0, 128, 0, 127, V_TERM(FES_HDR, 4) },
	{ "icreq: plen 129", NEW, 0, 0, 128, 0, 129, V_TERM(FES_HDR, 4) },
	{ "icreq: plen 0", NEW, 0, 0, 128, 0, 0, V_TERM(FES_HDR, 4) },
	{ "icreq: plen max", NEW, 0, 0, 128, 0, 0xffffffff, V_TERM(FES_HDR, 4) },
	{ "icreq: plen in the wrong order", NEW, 0, 0, 128, 0, 0x80000000, V_TERM(FES_HDR, 4) },
	{ "icreq: flags before hlen", NEW, 0, 1, 1, 1, 1, V_TERM(FES_HDR, 1) },
	{ "icreq: hlen before pdo", NEW, 0, 0, 1, 1, 1, V_TERM(FES_HDR, 2) },
	{ "icreq: pdo before plen", NEW, 0, 0, 128, 1, 1, V_TERM(FES_HDR, 3) },

	/* H2CTermReq: never answered */
	{ "h2cterm", 0, 2, 0, 24, 0, 24, V_OK },
	{ "h2cterm, digests on", HD | DD, 2, 0, 24, 0, 24, V_OK },
	{ "h2cterm with 128 bytes", 0, 2, 0, 24, 0, 152, V_OK },
	{ "h2cterm: plen 23", 0, 2, 0, 24, 0, 23, V_RESET },
	{ "h2cterm: plen 153", 0, 2, 0, 24, 0, 153, V_RESET },
	{ "h2cterm: plen 0", 0, 2, 0, 24, 0, 0, V_RESET },
	{ "h2cterm: plen max", 0, 2, 0, 24, 0, 0xffffffff, V_RESET },
	{ "h2cterm: hdgst flag", 0, 2, F_HD, 24, 0, 24, V_RESET },
	{ "h2cterm: hdgst flag, digests on", HD | DD, 2, F_HD, 24, 0, 28, V_RESET },
	{ "h2cterm: ddgst flag, digests on", HD | DD, 2, F_DD, 24, 0, 28, V_RESET },
	{ "h2cterm: hlen 23", 0, 2, 0, 23, 0, 24, V_RESET },
	{ "h2cterm: hlen 72", 0, 2, 0, 72, 0, 72, V_RESET },
	{ "h2cterm: pdo 24", 0, 2, 0, 24, 24, 32, V_RESET },

	/* CapsuleCmd without data */
	{ "cmd", 0, 4, 0, 72, 0, 72, V_OK },
	{ "cmd, hdgst", HD, 4, F_HD, 72, 0, 76, V_OK },
	{ "cmd, both digests", HD | DD, 4, F_HD | F_DD, 72, 0, 76, V_OK },
	{ "cmd, both digests, ddgst flag clear", HD | DD, 4, F_HD, 72, 0, 76, V_OK },
	{ "cmd, ddgst", DD, 4, F_DD, 72, 0, 72, V_OK },
	{ "cmd, ddgst, flag clear", DD, 4, 0, 72, 0, 72, V_OK },
	{ "cmd: hdgst flag not agreed", 0, 4, F_HD, 72, 0, 76, V_TERM(FES_HDR, 1) },
	{ "cmd: hdgst flag missing", HD, 4, 0, 72, 0, 72, V_TERM(FES_HDR, 1) },
	{ "cmd: ddgst flag not agreed", 0, 4, F_DD, 72, 0, 72, V_TERM(FES_HDR, 1) },
	{ "cmd: ddgst flag for hdgst", HD, 4, F_DD, 72, 0, 76, V_TERM(FES_HDR, 1) },
	{ "cmd: last flag", 0, 4, F_LAST, 72, 0, 72, V_TERM(FES_HDR, 1) },
	{ "cmd: success flag", 0, 4, 8, 72, 0, 72, V_TERM(FES_HDR, 1) },
	{ "cmd: flag 80h", 0, 4, 0x80, 72, 0, 72, V_TERM(FES_HDR, 1) },
	{ "cmd: hlen 71", 0, 4, 0, 71, 0, 72, V_TERM(FES_HDR, 2) },
	{ "cmd: hlen 73", 0, 4, 0, 73, 0, 72, V_TERM(FES_HDR, 2) },
	{ "cmd: hlen 255", HD, 4, F_HD, 255, 0, 76, V_TERM(FES_HDR, 2) },
	{ "cmd: hlen 8", 0, 4, 0, 8, 0, 72, V_TERM(FES_HDR, 2) },
	{ "cmd: hlen with the digest", HD, 4, F_HD, 76, 0, 76, V_TERM(FES_HDR, 2) },
	{ "cmd: pdo without data", 0, 4, 0, 72, 72, 72, V_TERM(FES_HDR, 3) },
	{ "cmd: pdo without data, hdgst", HD, 4, F_HD, 72, 76, 76, V_TERM(FES_HDR, 3) },
	{ "cmd: pdo 1 without data", 0, 4, 0, 72, 1, 72, V_TERM(FES_HDR, 3) },
	{ "cmd: plen 71", 0, 4, 0, 72, 0, 71, V_TERM(FES_HDR, 4) },
	{ "cmd: plen 0", 0, 4, 0, 72, 0, 0, V_TERM(FES_HDR, 4) },
	{ "cmd: plen without the digest", HD, 4, F_HD, 72, 0, 72, V_TERM(FES_HDR, 4) },
	{ "cmd: plen with a digest not agreed", 0, 4, 0, 72, 0, 76, V_TERM(FES_HDR, 3) },
	{ "cmd: pdo 0 with data", 0, 4, 0, 72, 0, 584, V_TERM(FES_HDR, 3) },
	{ "cmd: plen max, pdo 0", 0, 4, 0, 72, 0, 0xffffffff, V_TERM(FES_HDR, 3) },

	/* CapsuleCmd with data */
	{ "icd", 0, 4, 0, 72, 72, 584, V_OK },
	{ "icd of one byte", 0, 4, 0, 72, 72, 73, V_OK },
	{ "icd, padded", 0, 4, 0, 72, 128, 640, V_OK },
	{ "icd, pdo 252", 0, 4, 0, 72, 252, 764, V_OK },
	{ "icd, hdgst", HD, 4, F_HD, 72, 76, 588, V_OK },
	{ "icd, ddgst", DD, 4, F_DD, 72, 72, 588, V_OK },
	{ "icd, both digests", HD | DD, 4, F_HD | F_DD, 72, 76, 592, V_OK },
	{ "icd: ddgst flag missing", DD, 4, 0, 72, 72, 588, V_TERM(FES_HDR, 1) },
	{ "icd: ddgst flag not agreed", 0, 4, F_DD, 72, 72, 588, V_TERM(FES_HDR, 1) },
	{ "icd: ddgst flag missing, one byte", DD, 4, 0, 72, 72, 77, V_TERM(FES_HDR, 1) },
	{ "icd: hlen 73", 0, 4, 0, 73, 76, 584, V_TERM(FES_HDR, 2) },
	{ "icd: pdo 68", 0, 4, 0, 72, 68, 584, V_TERM(FES_HDR, 3) },
	{ "icd: pdo in the digest", HD, 4, F_HD, 72, 72, 584, V_TERM(FES_HDR, 3) },
	{ "icd: pdo 73", 0, 4, 0, 72, 73, 585, V_TERM(FES_HDR, 3) },
	{ "icd: pdo 74", 0, 4, 0, 72, 74, 586, V_TERM(FES_HDR, 3) },
	{ "icd: pdo 75", 0, 4, 0, 72, 75, 587, V_TERM(FES_HDR, 3) },
	{ "icd: pdo 255", 0, 4, 0, 72, 255, 767, V_TERM(FES_HDR, 3) },
	{ "icd: pdo at plen", 0, 4, 0, 72, 76, 76, V_TERM(FES_HDR, 3) },
	{ "icd: pdo beyond plen", 0, 4, 0, 72, 80, 76, V_TERM(FES_HDR, 3) },
	{ "icd: pdo beyond plen 0", 0, 4, 0, 72, 80, 0, V_TERM(FES_HDR, 3) },
	{ "icd: a digest and no data", DD, 4, F_DD, 72, 72, 76, V_TERM(FES_HDR, 4) },
	{ "icd: part of a digest", DD, 4, F_DD, 72, 72, 75, V_TERM(FES_HDR, 4) },
	{ "icd: a digest and one byte", DD, 4, F_DD, 72, 72, 77, V_OK },
	{ "icd: at the limit", 0, 4, 0, 72, 72, 72 + ICD, V_OK },
	{ "icd: over the limit", 0, 4, 0, 72, 72, 73 + ICD, V_TERM(FES_LIMIT, 0) },
	{ "icd: at the limit, digests", HD | DD, 4, F_HD | F_DD, 72, 80, 84 + ICD, V_OK },
	{ "icd: over the limit, digests", HD | DD, 4, F_HD | F_DD, 72, 80, 85 + ICD,
	  V_TERM(FES_LIMIT, 0) },
	{ "icd: plen max", 0, 4, 0, 72, 72, 0xffffffff, V_TERM(FES_LIMIT, 0) },
	{ "icd: pdo before limit", 0, 4, 0, 72, 70, 0xffffffff, V_TERM(FES_HDR, 3) },

	/* H2CData */
	{ "h2cdata", 0, 6, 0, 24, 24, 4120, V_OK },
	{ "h2cdata, last", 0, 6, F_LAST, 24, 24, 4120, V_OK },
	{ "h2cdata of one byte", 0, 6, 0, 24, 24, 25, V_OK },
	{ "h2cdata, padded", 0, 6, 0, 24, 64, 65, V_OK },
	{ "h2cdata, hdgst", HD, 6, F_HD, 24, 28, 29, V_OK },
	{ "h2cdata, ddgst", DD, 6, F_DD, 24, 24, 29, V_OK },
	{ "h2cdata, both digests", HD | DD, 6, F_HD | F_DD | F_LAST, 24, 28, 33, V_OK },
	{ "h2cdata: success flag", 0, 6, 8, 24, 24, 4120, V_TERM(FES_HDR, 1) },
	{ "h2cdata: flag 80h", 0, 6, 0x80, 24, 24, 4120, V_TERM(FES_HDR, 1) },
	{ "h2cdata: hdgst flag not agreed", 0, 6, F_HD, 24, 28, 4120, V_TERM(FES_HDR, 1) },
	{ "h2cdata: hdgst flag missing", HD, 6, 0, 24, 28, 4120, V_TERM(FES_HDR, 1) },
	{ "h2cdata: ddgst flag not agreed", 0, 6, F_DD, 24, 24, 4120, V_TERM(FES_HDR, 1) },
	{ "h2cdata: ddgst flag missing", DD, 6, F_LAST, 24, 24, 4120, V_TERM(FES_HDR, 1) },
	{ "h2cdata: hlen 23", 0, 6, 0, 23, 24, 4120, V_TERM(FES_HDR, 2) },
	{ "h2cdata: hlen 25", 0, 6, 0, 25, 28, 4120, V_TERM(FES_HDR, 2) },
	{ "h2cdata: hlen 72", 0, 6, 0, 72, 72, 4120, V_TERM(FES_HDR, 2) },
	{ "h2cdata: pdo 0", 0, 6, 0, 24, 0, 4120, V_TERM(FES_HDR, 3) },
	{ "h2cdata: pdo 0, no data", 0, 6, 0, 24, 0, 24, V_TERM(FES_HDR, 3) },
	{ "h2cdata: pdo 20", 0, 6, 0, 24, 20, 4120, V_TERM(FES_HDR, 3) },
	{ "h2cdata: pdo in the digest", HD, 6, F_HD, 24, 24, 4120, V_TERM(FES_HDR, 3) },
	{ "h2cdata: pdo 26", 0, 6, 0, 24, 26, 4120, V_TERM(FES_HDR, 3) },
	{ "h2cdata: pdo at plen", 0, 6, 0, 24, 24, 24, V_TERM(FES_HDR, 3) },
	{ "h2cdata: pdo beyond plen", 0, 6, 0, 24, 28, 24, V_TERM(FES_HDR, 3) },
	{ "h2cdata: plen 0", 0, 6, 0, 24, 24, 0, V_TERM(FES_HDR, 3) },
	{ "h2cdata: a digest and no data", DD, 6, F_DD, 24, 24, 28, V_TERM(FES_HDR, 4) },
	{ "h2cdata: part of a digest", DD, 6, F_DD, 24, 24, 27, V_TERM(FES_HDR, 4) },
	{ "h2cdata: at the limit", 0, 6, 0, 24, 24, 24 + H2C, V_OK },
	{ "h2cdata: over the limit", 0, 6, 0, 24, 24, 25 + H2C, V_TERM(FES_LIMIT, 0) },
	{ "h2cdata: at the limit, digests", HD | DD, 6, F_HD | F_DD, 24, 32, 36 + H2C, V_OK },
	{ "h2cdata: over the limit, digests", HD | DD, 6, F_HD | F_DD, 24, 32, 37 + H2C,
	  V_TERM(FES_LIMIT, 0) },
	{ "h2cdata: plen max", 0, 6, 0, 24, 24, 0xffffffff, V_TERM(FES_LIMIT, 0) },
	{ "h2cdata: flags before hlen", 0, 6, 8, 1, 1, 1, V_TERM(FES_HDR, 1) },
	{ "h2cdata: hlen before pdo", 0, 6, 0, 1, 1, 1, V_TERM(FES_HDR, 2) },
};

static void ch_desc(const struct ch_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(ch, ch_rows, ch_desc);

static struct nvmft_pdu_params params(u8 conn)
{
	return (struct nvmft_pdu_params){
		.hdgst = conn & HD, .ddgst = conn & DD, .maxh2cdata = H2C, .icd_max = ICD,
	};
}

static void check_ch(struct kunit *test)
{
	const struct ch_row *r = test->param_value;
	struct nvme_tcp_hdr ch = { r->type, r->flags, r->hlen, r->pdo, cpu_to_le32(r->plen) };
	struct nvmft_pdu_params p = params(r->conn);

	expect_verdict(test, nvmft_pdu_check_ch(&ch, &p, !(r->conn & NEW)), r->want);
}

/* Admin queues and I/O queues accept different amounts of in-capsule data. */
static void icd_limits(struct kunit *test)
{
	static const u32 limits[] = { 0, 1, 8192, 16384, 1 << 20 };
	struct nvmft_pdu_params p = params(0);
	struct nvme_tcp_hdr ch = { nvme_tcp_cmd, 0, 72, 72, 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		p.icd_max = limits[i];
		ch.plen = cpu_to_le32(72 + limits[i] + 1);
		expect_verdict(test, nvmft_pdu_check_ch(&ch, &p, true),
			       nvmft_v_term(FES_LIMIT, 0));
		if (!limits[i])
			continue;
		ch.plen = cpu_to_le32(72 + limits[i]);
		expect_verdict(test, nvmft_pdu_check_ch(&ch, &p, true), nvmft_v_ok());
	}
}

/*
 * Headers near every boundary, compared with a second statement of the rules;
 * the lengths of each accepted one must fill its PLEN exactly.
 */
static void sweep_one(struct kunit *test, struct nvme_tcp_hdr *ch, u8 conn, u32 *accepted)
{
	const struct nvmft_pdu_params p = params(conn);
	bool live = !(conn & NEW);
	struct nvmft_verdict got = nvmft_pdu_check_ch(ch, &p, live);
	struct ref_hdr h;
	struct nvmft_verdict want = ref_check((const u8 *)ch, &p, live, &h);
	bool same = !memcmp(&got, &want, sizeof(got));

	if (same && got.kind == NVMFT_V_OK) {
		same = nvmft_pdu_hdr_len(ch, &p) == h.hlen + h.hdgst &&
		       nvmft_pdu_pad_len(ch, &p) == h.pad &&
		       nvmft_pdu_data_len(ch, &p) == h.data &&
		       h.hlen + h.hdgst + h.pad + h.data + h.ddgst == h.plen;
		(*accepted)++;
	}
	if (!same)
		KUNIT_ASSERT_TRUE_MSG(test, same, "conn %u: %u %u %u %u %llu", conn, ch->type,
				      ch->flags, ch->hlen, ch->pdo, (unsigned long long)h.plen);
}

static void sweep_plen(struct kunit *test, struct nvme_tcp_hdr *ch, u8 conn, u32 *accepted)
{
	static const u32 from[] = {
		0, 20, 66, 120, 150, 250, ICD + 66, ICD + 120, H2C + 20, 0x7ffffffe, 0xfffffff0,
	};
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(from); i++) {
		for (k = 0; k < 16; k++) {
			ch->plen = cpu_to_le32(from[i] + k);
			sweep_one(test, ch, conn, accepted);
		}
	}
}

static void sweep(struct kunit *test)
{
	static const u8 hlens[] = { 0, 8, 23, 24, 25, 28, 71, 72, 73, 76, 127, 128, 129, 255 };
	static const u8 pdos[] = {
		0, 1, 4, 20, 23, 24, 25, 26, 27, 28, 32, 68, 71, 72, 73, 74, 75, 76, 77, 80,
		124, 128, 132, 136, 252, 253, 255,
	};
	struct nvme_tcp_hdr ch;
	u32 accepted = 0;
	unsigned int h, d;
	u8 conn;

	for (conn = 0; conn <= (HD | DD | NEW); conn++) {
		memset(&ch, 0, sizeof(ch));
		for (; ch.type < 12; ch.type++) {
			for (ch.flags = 0; ch.flags < 18; ch.flags++) {
				for (h = 0; h < ARRAY_SIZE(hlens); h++) {
					ch.hlen = hlens[h];
					for (d = 0; d < ARRAY_SIZE(pdos); d++) {
						ch.pdo = pdos[d];
						sweep_plen(test, &ch, conn, &accepted);
					}
				}
			}
		}
	}
	KUNIT_EXPECT_GT(test, accepted, 1000);
}

struct len_row {
	const char *desc;
	u8 conn, type, flags, hlen, pdo;
	u32 plen;
	u32 hdr, pad, data;
};

static const struct len_row len_rows[] = {
	{ "icreq", 0, 0, 0, 128, 0, 128, 128, 0, 0 },
	{ "icreq just accepted", HD | DD, 0, 0, 128, 0, 128, 128, 0, 0 },
	{ "h2cterm", 0, 2, 0, 24, 0, 24, 24, 0, 0 },
	{ "h2cterm with a header", HD | DD, 2, 0, 24, 0, 152, 24, 0, 128 },
	{ "cmd", 0, 4, 0, 72, 0, 72, 72, 0, 0 },
	{ "cmd, hdgst", HD, 4, F_HD, 72, 0, 76, 76, 0, 0 },
	{ "cmd, ddgst and nothing to digest", DD, 4, F_DD, 72, 0, 72, 72, 0, 0 },
	{ "cmd, both digests", HD | DD, 4, F_HD | F_DD, 72, 0, 76, 76, 0, 0 },
	{ "icd", 0, 4, 0, 72, 72, 584, 72, 0, 512 },
	{ "icd, both digests", HD | DD, 4, F_HD | F_DD, 72, 76, 592, 76, 0, 512 },
	{ "icd, both digests, padded", HD | DD, 4, F_HD | F_DD, 72, 128, 644, 76, 52, 512 },
	{ "h2cdata", 0, 6, 0, 24, 24, 25, 24, 0, 1 },
	{ "h2cdata, hdgst", HD, 6, F_HD, 24, 28, 4124, 28, 0, 4096 },
	{ "h2cdata, ddgst", DD, 6, F_DD, 24, 24, 4124, 24, 0, 4096 },
	{ "h2cdata, both digests, padded", HD | DD, 6, F_HD | F_DD, 24, 252, 4352, 28, 224, 4096 },
};

static void len_desc(const struct len_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(len, len_rows, len_desc);

static void lengths(struct kunit *test)
{
	const struct len_row *r = test->param_value;
	struct nvme_tcp_hdr ch = { r->type, r->flags, r->hlen, r->pdo, cpu_to_le32(r->plen) };
	struct nvmft_pdu_params p = params(r->conn);

	KUNIT_EXPECT_EQ(test, nvmft_pdu_hdr_len(&ch, &p), r->hdr);
	KUNIT_EXPECT_EQ(test, nvmft_pdu_pad_len(&ch, &p), r->pad);
	KUNIT_EXPECT_EQ(test, nvmft_pdu_data_len(&ch, &p), r->data);
}

static struct kunit_case pdu_check_cases[] = {
	KUNIT_CASE_PARAM(check_ch, ch_gen_params),
	KUNIT_CASE(icd_limits),
	KUNIT_CASE(sweep),
	KUNIT_CASE_PARAM(lengths, len_gen_params),
	{}
};

static struct kunit_suite pdu_check_suite = {
	.name = "nvmft_pdu_check",
	.test_cases = pdu_check_cases,
};

kunit_test_suite(pdu_check_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("nvmft: tests of PDU header checks");
