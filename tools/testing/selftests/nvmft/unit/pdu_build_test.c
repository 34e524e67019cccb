// SPDX-License-Identifier: GPL-2.0
/*
 * The ICReq's fields, and every PDU that we send, byte for byte.
 */
#include <kunit/test.h>
#include "expect.h"
#include "proto/pdu.h"

/* Bytes that must not shine through a built PDU */
#define DIRT	0xa5

static struct nvme_tcp_icreq_pdu icreq_of(u16 pfv, u8 hpda, u8 digest, u32 maxr2t)
{
	return (struct nvme_tcp_icreq_pdu){
		.hdr = { nvme_tcp_icreq, 0, 128, 0, cpu_to_le32(128) },
		.pfv = cpu_to_le16(pfv), .hpda = hpda, .digest = digest,
		.maxr2t = cpu_to_le32(maxr2t),
	};
}

struct ic_row {
	const char *desc;
	u16 pfv;
	u8 hpda, digest;
	u32 maxr2t;
	struct nvmft_verdict want;
	/* what an accepted one sets */
	bool hdgst, ddgst;
	u64 r2ts;
};

static const struct ic_row ic_rows[] = {
	{ "plain", 0, 0, 0, 0, V_OK, false, false, 1 },
	{ "hdgst", 0, 0, 1, 1, V_OK, true, false, 2 },
	{ "ddgst", 0, 0, 2, 15, V_OK, false, true, 16 },
	{ "both digests", 0, 0, 3, 0xffff, V_OK, true, true, 0x10000 },
	{ "hpda 31", 0, 31, 0, 0, V_OK, false, false, 1 },
	{ "maxr2t does not wrap", 0, 7, 0, 0xffffffff, V_OK, false, false, 0x100000000ULL },
	{ "pfv 1", 1, 0, 0, 0, V_TERM(FES_PARAM, 8), false, false, 0 },
	{ "pfv 100h", 0x100, 0, 0, 0, V_TERM(FES_PARAM, 8), false, false, 0 },
	{ "hpda 32", 0, 32, 0, 0, V_TERM(FES_HDR, 10), false, false, 0 },
	{ "hpda 255", 0, 255, 0, 0, V_TERM(FES_HDR, 10), false, false, 0 },
	{ "digest bit 2", 0, 0, 4, 0, V_TERM(FES_HDR, 11), false, false, 0 },
	{ "digest bit 7", 0, 0, 0x83, 0, V_TERM(FES_HDR, 11), false, false, 0 },
	{ "pfv before hpda", 2, 99, 0xff, 0, V_TERM(FES_PARAM, 8), false, false, 0 },
	{ "hpda before digest", 0, 99, 0xff, 0, V_TERM(FES_HDR, 10), false, false, 0 },
};

static void ic_desc(const struct ic_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(ic, ic_rows, ic_desc);

static void icreq(struct kunit *test)
{
	const struct ic_row *r = test->param_value;
	struct nvme_tcp_icreq_pdu pdu = icreq_of(r->pfv, r->hpda, r->digest, r->maxr2t);
	struct nvmft_pdu_params p = { .maxh2cdata = 4096, .icd_max = 8192 };

	expect_verdict(test, nvmft_pdu_check_icreq(&pdu), r->want);
	if (r->want.kind != NVMFT_V_OK)
		return;
	nvmft_pdu_apply_icreq(&p, &pdu);
	KUNIT_EXPECT_EQ(test, p.hdgst, r->hdgst);
	KUNIT_EXPECT_EQ(test, p.ddgst, r->ddgst);
	KUNIT_EXPECT_EQ(test, p.hpda, r->hpda);
	KUNIT_EXPECT_EQ(test, p.maxr2t, r->r2ts);
	KUNIT_EXPECT_EQ(test, p.maxh2cdata, 4096);
	KUNIT_EXPECT_EQ(test, p.icd_max, 8192);
}

static void expect_bytes(struct kunit *test, const void *got, const u8 *want, unsigned int n)
{
	const u8 *g = got;
	unsigned int i;

	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ_MSG(test, g[i], want[i], "byte %u", i);
}

static void icresp(struct kunit *test)
{
	static const u8 digests[] = { 0, 1, 2, 3 };
	u8 want[128] = {
		1, 0, 128, 0, 128, 0, 0, 0,
		0, 0, 0, 0, 0x00, 0x00, 0x10, 0x00,
	};
	struct nvme_tcp_icresp_pdu pdu;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(digests); i++) {
		struct nvmft_pdu_params p = {
			.hdgst = digests[i] & 1, .ddgst = digests[i] & 2,
			.hpda = 9, .maxr2t = 7, .maxh2cdata = 1 << 20, .icd_max = 8192,
		};

		want[11] = digests[i];
		memset(&pdu, DIRT, sizeof(pdu));
		KUNIT_EXPECT_EQ(test, nvmft_pdu_build_icresp(&pdu, &p), 128);
		expect_bytes(test, &pdu, want, sizeof(want));
	}
}

static void r2t(struct kunit *test)
{
	static const u8 plain[] = {
		9, 0, 24, 0, 24, 0, 0, 0,
		0x34, 0x12, 0xcd, 0xab, 0x78, 0x56, 0x34, 0x12,
		0x04, 0x03, 0x02, 0x01, 0, 0, 0, 0,
	};
	static const u8 digest[] = {
		9, 1, 24, 0, 28, 0, 0, 0,
		0x34, 0x12, 0xcd, 0xab, 0x78, 0x56, 0x34, 0x12,
		0x04, 0x03, 0x02, 0x01, 0, 0, 0, 0,
	};
	struct nvmft_pdu_params p = { .ddgst = true, .hpda = 31 };
	struct nvme_tcp_r2t_pdu pdu;
	u16 cccid, ttag;

	/* Opaque: the bytes of the host come back as they were */
	memcpy(&cccid, "\x34\x12", 2);
	memcpy(&ttag, "\xcd\xab", 2);
	memset(&pdu, DIRT, sizeof(pdu));
	KUNIT_EXPECT_EQ(test, nvmft_pdu_build_r2t(&pdu, &p, cccid, ttag, 0x12345678, 0x01020304),
			24);
	expect_bytes(test, &pdu, plain, sizeof(plain));

	p.hdgst = true;
	memset(&pdu, DIRT, sizeof(pdu));
	KUNIT_EXPECT_EQ(test, nvmft_pdu_build_r2t(&pdu, &p, cccid, ttag, 0x12345678, 0x01020304),
			24);
	expect_bytes(test, &pdu, digest, sizeof(digest));
}

static void rsp(struct kunit *test)
{
	u8 want[24] = {
		5, 0, 24, 0, 24, 0, 0, 0,
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
	};
	struct nvmft_pdu_params p = { .ddgst = true, .hpda = 31 };
	struct nvme_completion cqe;
	struct nvme_tcp_rsp_pdu pdu;

	memcpy(&cqe, want + 8, sizeof(cqe));
	memset(&pdu, DIRT, sizeof(pdu));
	KUNIT_EXPECT_EQ(test, nvmft_pdu_build_rsp(&pdu, &p, &cqe), 24);
	expect_bytes(test, &pdu, want, sizeof(want));

	p.hdgst = true;
	want[1] = 1;
	want[4] = 28;
	memset(&pdu, DIRT, sizeof(pdu));
	KUNIT_EXPECT_EQ(test, nvmft_pdu_build_rsp(&pdu, &p, &cqe), 24);
	expect_bytes(test, &pdu, want, sizeof(want));
}

struct c2h_row {
	const char *desc;
	bool hdgst, ddgst, success;
	u8 hpda;
	u32 len;
	u8 flags, pdo;
	u32 plen, pad;
};

static const struct c2h_row c2h_rows[] = {
	{ "plain", false, false, false, 0, 4096, 0x04, 24, 4120, 0 },
	{ "success", false, false, true, 0, 4096, 0x0c, 24, 4120, 0 },
	{ "hdgst", true, false, false, 0, 4096, 0x05, 28, 4124, 0 },
	{ "ddgst", false, true, false, 0, 4096, 0x06, 24, 4124, 0 },
	{ "both digests, success", true, true, true, 0, 4096, 0x0f, 28, 4128, 0 },
	{ "8 bytes, aligned", false, false, false, 1, 1, 0x04, 24, 25, 0 },
	{ "8 bytes, hdgst", true, false, false, 1, 1, 0x05, 32, 33, 4 },
	{ "12 bytes, hdgst", true, false, false, 2, 1, 0x05, 36, 37, 8 },
	{ "28 bytes", false, false, false, 6, 1, 0x04, 28, 29, 4 },
	{ "28 bytes, hdgst", true, false, false, 6, 1, 0x05, 28, 29, 0 },
	{ "64 bytes", false, false, false, 15, 512, 0x04, 64, 576, 40 },
	{ "124 bytes, hdgst", true, false, false, 30, 512, 0x05, 124, 636, 96 },
	{ "128 bytes", false, false, false, 31, 512, 0x04, 128, 640, 104 },
	{ "128 bytes, both digests", true, true, false, 31, 512, 0x07, 128, 644, 100 },
	{ "1 MiB", false, false, false, 0, 1 << 20, 0x04, 24, 0x100018, 0 },
};

static void c2h_desc(const struct c2h_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(c2h, c2h_rows, c2h_desc);

static void c2h(struct kunit *test)
{
	const struct c2h_row *r = test->param_value;
	struct nvmft_pdu_params p = {
		.hdgst = r->hdgst, .ddgst = r->ddgst, .hpda = r->hpda,
	};
	u8 want[24] = {
		7, r->flags, 24, r->pdo, r->plen, r->plen >> 8, r->plen >> 16, r->plen >> 24,
		0x34, 0x12, 0, 0, 0x00, 0x10, 0x20, 0x30,
		r->len, r->len >> 8, r->len >> 16, r->len >> 24, 0, 0, 0, 0,
	};
	struct nvme_tcp_data_pdu pdu;
	u32 pad = 12345;
	u16 cccid;

	memcpy(&cccid, "\x34\x12", 2);
	memset(&pdu, DIRT, sizeof(pdu));
	KUNIT_EXPECT_EQ(test, nvmft_pdu_build_c2h(&pdu, &p, cccid, 0x30201000, r->len,
						  r->success, &pad), 24);
	expect_bytes(test, &pdu, want, sizeof(want));
	KUNIT_EXPECT_EQ(test, pad, r->pad);
}

/* Every alignment that a host may ask for, with and without header digest */
static void c2h_alignment(struct kunit *test)
{
	struct nvmft_pdu_params p = { .hpda = 0 };
	struct nvme_tcp_data_pdu pdu;
	u32 base, pad;

	for (; p.hpda <= NVMFT_PDA_MAX; p.hpda++) {
		for (base = 24; base <= 28; base += 4) {
			p.hdgst = base == 28;
			nvmft_pdu_build_c2h(&pdu, &p, 0, 0, 512, false, &pad);
			KUNIT_EXPECT_EQ(test, pdu.hdr.pdo % ((p.hpda + 1) * 4), 0);
			KUNIT_EXPECT_EQ(test, pdu.hdr.pdo, base + pad);
			KUNIT_EXPECT_TRUE(test, pad < (p.hpda + 1) * 4);
			KUNIT_EXPECT_EQ(test, le32_to_cpu(pdu.hdr.plen), base + pad + 512);
		}
	}
}

struct term_row {
	const char *desc;
	u8 fes;
	u32 fei;
	u32 bad_len, carried;
};

static const struct term_row term_rows[] = {
	{ "a common header", 1, 0, 8, 8 },
	{ "a whole command", 1, 3, 72, 72 },
	{ "nothing", 2, 0, 0, 0 },
	{ "digest as information", 3, 0x12345678, 72, 72 },
	{ "127 bytes", 1, 4, 127, 127 },
	{ "an icreq", 6, 8, 128, 128 },
	{ "129 bytes, cut", 5, 0, 129, 128 },
	{ "2^32 - 1 bytes, cut", 5, 0xffffffff, 0xffffffff, 128 },
};

static void term_desc(const struct term_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(term, term_rows, term_desc);

static void term(struct kunit *test)
{
	const struct term_row *r = test->param_value;
	u32 plen = 24 + r->carried;
	u8 want[NVMFT_HLEN_TERM + NVMFT_TERM_DATA_MAX + 1] = {
		3, 0, 24, 0, plen, plen >> 8, plen >> 16, plen >> 24,
		r->fes, 0, r->fei, r->fei >> 8, r->fei >> 16, r->fei >> 24,
	};
	u8 buf[NVMFT_HLEN_TERM + NVMFT_TERM_DATA_MAX + 1];
	u8 bad[NVMFT_TERM_DATA_MAX];
	unsigned int i;

	for (i = 0; i < sizeof(bad); i++)
		bad[i] = i + 1;
	memcpy(want + 24, bad, r->carried);
	memset(want + plen, DIRT, sizeof(want) - plen);
	memset(buf, DIRT, sizeof(buf));
	KUNIT_EXPECT_EQ(test, nvmft_pdu_build_term(buf, r->fes, r->fei, bad, r->bad_len), plen);
	/* Not a byte behind the PDU is touched */
	expect_bytes(test, buf, want, sizeof(buf));
}

static void may_succeed(struct kunit *test)
{
	struct nvme_completion cqe = { .sq_head = cpu_to_le16(0xffff), .command_id = 7 };

	KUNIT_EXPECT_TRUE(test, nvmft_pdu_may_succeed(&cqe, false));
	KUNIT_EXPECT_FALSE(test, nvmft_pdu_may_succeed(&cqe, true));
	cqe.status = cpu_to_le16(NVME_SC_INVALID_FIELD << 1);
	KUNIT_EXPECT_FALSE(test, nvmft_pdu_may_succeed(&cqe, false));
	cqe.status = 0;
	cqe.result.u32 = cpu_to_le32(1);
	KUNIT_EXPECT_FALSE(test, nvmft_pdu_may_succeed(&cqe, false));
	cqe.result.u64 = cpu_to_le64(1ULL << 32);
	KUNIT_EXPECT_FALSE(test, nvmft_pdu_may_succeed(&cqe, false));
}

static struct kunit_case pdu_build_cases[] = {
	KUNIT_CASE_PARAM(icreq, ic_gen_params),
	KUNIT_CASE(icresp),
	KUNIT_CASE(r2t),
	KUNIT_CASE(rsp),
	KUNIT_CASE_PARAM(c2h, c2h_gen_params),
	KUNIT_CASE(c2h_alignment),
	KUNIT_CASE_PARAM(term, term_gen_params),
	KUNIT_CASE(may_succeed),
	{}
};

static struct kunit_suite pdu_build_suite = {
	.name = "nvmft_pdu_build",
	.test_cases = pdu_build_cases,
};

kunit_test_suite(pdu_build_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("nvmft: tests of PDU builders");
