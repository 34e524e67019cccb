// SPDX-License-Identifier: GPL-2.0
/*
 * The R2T ledger: what was asked for, and each way in which a host can send
 * something else.
 */
#include <kunit/test.h>
#include "expect.h"
#include "proto/xfer.h"

#define LAST	NVME_TCP_F_DATA_LAST

static struct nvme_tcp_data_pdu h2c_of(u8 flags, u16 cccid, u32 off, u32 len, u32 in_pdu)
{
	return (struct nvme_tcp_data_pdu){
		.hdr = { nvme_tcp_h2c_data, flags, 24, 24, cpu_to_le32(24 + in_pdu) },
		.command_id = cccid,
		.data_offset = cpu_to_le32(off),
		.data_length = cpu_to_le32(len),
	};
}

struct h2c_row {
	const char *desc;
	u32 len, granted, got;	/* the ledger, of command 7 */
	u8 flags;
	u16 cccid;
	u32 off, datal, in_pdu;
	struct nvmft_verdict want;
};

static const struct h2c_row h2c_rows[] = {
	{ "whole window", 4096, 4096, 0, LAST, 7, 0, 4096, 4096, V_OK },
	{ "first part", 4096, 4096, 0, 0, 7, 0, 1024, 1024, V_OK },
	{ "middle part", 4096, 4096, 1024, 0, 7, 1024, 1024, 1024, V_OK },
	{ "last part", 4096, 4096, 2048, LAST, 7, 2048, 2048, 2048, V_OK },
	{ "second window", 8192, 8192, 4096, LAST, 7, 4096, 4096, 4096, V_OK },
	{ "one byte", 1, 1, 0, LAST, 7, 0, 1, 1, V_OK },
	{ "up to the last byte of 2^32", 0xffffffff, 0xffffffff, 0xfffffffe, LAST, 7,
	  0xfffffffe, 1, 1, V_OK },

	{ "another command", 4096, 4096, 0, LAST, 8, 0, 4096, 4096, V_TERM(FES_HDR, 8) },
	{ "command in the wrong order", 4096, 4096, 0, LAST, 0x700, 0, 4096, 4096,
	  V_TERM(FES_HDR, 8) },
	{ "command before length", 4096, 4096, 0, LAST, 8, 0, 9999, 4096, V_TERM(FES_HDR, 8) },

	{ "datal 0", 4096, 4096, 0, 0, 7, 0, 0, 4, V_TERM(FES_HDR, 16) },
	{ "datal less than the pdu", 4096, 4096, 0, 0, 7, 0, 1024, 1028, V_TERM(FES_HDR, 16) },
	{ "datal more than the pdu", 4096, 4096, 0, LAST, 7, 0, 4096, 4092, V_TERM(FES_HDR, 16) },
	{ "datal max", 4096, 4096, 0, LAST, 7, 0, 0xffffffff, 4096, V_TERM(FES_HDR, 16) },
	{ "length before range", 4096, 4096, 0, LAST, 7, 9999, 8192, 4096, V_TERM(FES_HDR, 16) },

	{ "one byte too many", 4096, 4096, 0, LAST, 7, 0, 4097, 4097, V_TERM(FES_RANGE, 0) },
	{ "across the window", 8192, 4096, 2048, LAST, 7, 2048, 4096, 4096,
	  V_TERM(FES_RANGE, 0) },
	{ "at the window's end", 8192, 4096, 0, 0, 7, 4096, 1024, 1024, V_TERM(FES_RANGE, 0) },
	{ "beyond the window", 8192, 4096, 0, 0, 7, 5000, 4, 4, V_TERM(FES_RANGE, 0) },
	{ "before any r2t", 4096, 0, 0, LAST, 7, 0, 4096, 4096, V_TERM(FES_RANGE, 0) },
	{ "window filled, next not asked", 8192, 4096, 4096, LAST, 7, 4096, 4096, 4096,
	  V_TERM(FES_RANGE, 0) },
	{ "after all", 4096, 4096, 4096, LAST, 7, 4096, 4, 4, V_TERM(FES_RANGE, 0) },
	{ "sum wraps into the window", 4096, 4096, 0, 0, 7, 0xfffff000, 0x1800, 0x1800,
	  V_TERM(FES_RANGE, 0) },
	{ "sum wraps to the window's end", 4096, 4096, 0, LAST, 7, 0xfffff000, 0x2000, 0x2000,
	  V_TERM(FES_RANGE, 0) },
	{ "sum wraps to 0", 4096, 4096, 0, 0, 7, 0xfffff000, 0x1000, 0x1000,
	  V_TERM(FES_RANGE, 0) },
	{ "sum wraps, next byte", 0xffffffff, 0xffffffff, 0xfffff000, LAST, 7, 0xfffff000,
	  0x1000, 0x1000, V_TERM(FES_RANGE, 0) },

	{ "hole", 4096, 4096, 0, 0, 7, 1024, 1024, 1024, V_TERM(FES_SEQ, 0) },
	{ "same bytes again", 4096, 4096, 1024, 0, 7, 0, 1024, 1024, V_TERM(FES_SEQ, 0) },
	{ "overlap by one", 4096, 4096, 1024, 0, 7, 1023, 1024, 1024, V_TERM(FES_SEQ, 0) },
	{ "hole, then the end", 4096, 4096, 0, LAST, 7, 2048, 2048, 2048, V_TERM(FES_SEQ, 0) },
	{ "again after all", 4096, 4096, 4096, LAST, 7, 0, 4096, 4096, V_TERM(FES_SEQ, 0) },
	{ "an earlier window again", 8192, 8192, 4096, 0, 7, 0, 4096, 4096, V_TERM(FES_SEQ, 0) },
	{ "last too early", 4096, 4096, 0, LAST, 7, 0, 1024, 1024, V_TERM(FES_SEQ, 0) },
	{ "last missing", 4096, 4096, 0, 0, 7, 0, 4096, 4096, V_TERM(FES_SEQ, 0) },
	{ "last missing at an inner window", 8192, 4096, 0, 0, 7, 0, 4096, 4096,
	  V_TERM(FES_SEQ, 0) },
};

static void h2c_desc(const struct h2c_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(h2c, h2c_rows, h2c_desc);

static void h2c_check(struct kunit *test)
{
	const struct h2c_row *r = test->param_value;
	const struct nvmft_xfer x = {
		.len = r->len, .granted = r->granted, .got = r->got, .cccid = 7, .ttag = 3,
	};
	struct nvme_tcp_data_pdu h2c = h2c_of(r->flags, r->cccid, r->off, r->datal, r->in_pdu);
	struct nvmft_pdu_params p = { .maxh2cdata = 1 << 20 };

	expect_verdict(test, nvmft_xfer_h2c_check(&x, &h2c, &p), r->want);

	/* Digests and padding are no data */
	p.hdgst = true;
	p.ddgst = true;
	h2c.hdr.flags |= NVME_TCP_F_HDGST | NVME_TCP_F_DDGST;
	h2c.hdr.pdo = 64;
	h2c.hdr.plen = cpu_to_le32(64 + r->in_pdu + 4);
	expect_verdict(test, nvmft_xfer_h2c_check(&x, &h2c, &p), r->want);
}

static void expect_window(struct kunit *test, struct nvmft_xfer *x, u32 max, u32 off, u32 len)
{
	u32 o = 1, l = 2;

	KUNIT_EXPECT_FALSE(test, nvmft_xfer_open(x));
	KUNIT_EXPECT_TRUE(test, nvmft_xfer_r2t_next(x, max, &o, &l));
	KUNIT_EXPECT_EQ(test, o, off);
	KUNIT_EXPECT_EQ(test, l, len);
	KUNIT_EXPECT_TRUE(test, nvmft_xfer_open(x));
	KUNIT_EXPECT_FALSE(test, nvmft_xfer_complete(x));
}

static void expect_no_window(struct kunit *test, struct nvmft_xfer *x)
{
	u32 o = 1, l = 2;

	KUNIT_EXPECT_FALSE(test, nvmft_xfer_r2t_next(x, 4096, &o, &l));
	KUNIT_EXPECT_EQ(test, o, 1);
	KUNIT_EXPECT_EQ(test, l, 2);
}

/* One accepted PDU of @n bytes at the ledger's place */
static void send_part(struct kunit *test, struct nvmft_xfer *x, u32 n)
{
	struct nvmft_pdu_params p = { .maxh2cdata = 1 << 20 };
	bool last = x->got + (u64)n == x->granted;
	struct nvme_tcp_data_pdu h2c = h2c_of(last ? LAST : 0, x->cccid, x->got, n, n);

	expect_verdict(test, nvmft_xfer_h2c_check(x, &h2c, &p), nvmft_v_ok());
	nvmft_xfer_h2c_commit(x, n);
}

static void start(struct kunit *test)
{
	struct nvmft_xfer x;

	memset(&x, 0xff, sizeof(x));
	nvmft_xfer_start(&x, 0x1234, 0x5678, 4096);
	KUNIT_EXPECT_EQ(test, x.len, 4096);
	KUNIT_EXPECT_EQ(test, x.granted, 0);
	KUNIT_EXPECT_EQ(test, x.got, 0);
	KUNIT_EXPECT_EQ(test, x.cccid, 0x1234);
	KUNIT_EXPECT_EQ(test, x.ttag, 0x5678);
	KUNIT_EXPECT_FALSE(test, nvmft_xfer_open(&x));
	KUNIT_EXPECT_FALSE(test, nvmft_xfer_complete(&x));
}

static void one_window(struct kunit *test)
{
	struct nvmft_xfer x;

	nvmft_xfer_start(&x, 7, 3, 4096);
	expect_window(test, &x, 65536, 0, 4096);
	expect_no_window(test, &x);
	send_part(test, &x, 4096);
	KUNIT_EXPECT_TRUE(test, nvmft_xfer_complete(&x));
	expect_no_window(test, &x);
}

static void several_pdus_and_windows(struct kunit *test)
{
	struct nvmft_xfer x;

	nvmft_xfer_start(&x, 7, 3, 10000);
	expect_window(test, &x, 4096, 0, 4096);
	send_part(test, &x, 1000);
	expect_no_window(test, &x);
	send_part(test, &x, 1);
	send_part(test, &x, 3095);
	expect_window(test, &x, 4096, 4096, 4096);
	send_part(test, &x, 4096);
	expect_window(test, &x, 4096, 8192, 1808);
	send_part(test, &x, 1807);
	KUNIT_EXPECT_FALSE(test, nvmft_xfer_complete(&x));
	expect_no_window(test, &x);
	send_part(test, &x, 1);
	KUNIT_EXPECT_TRUE(test, nvmft_xfer_complete(&x));
	expect_no_window(test, &x);
}

static void window_of_one_byte(struct kunit *test)
{
	struct nvmft_xfer x;
	u32 i;

	nvmft_xfer_start(&x, 7, 3, 5);
	for (i = 0; i < 5; i++) {
		expect_window(test, &x, 1, i, 1);
		send_part(test, &x, 1);
	}
	KUNIT_EXPECT_TRUE(test, nvmft_xfer_complete(&x));
	expect_no_window(test, &x);
}

/* Ends of a transfer near 2^32 are computed without wrapping */
static void largest_transfer(struct kunit *test)
{
	struct nvmft_xfer x;

	nvmft_xfer_start(&x, 7, 3, 0xffffffff);
	expect_window(test, &x, 0xfffffffe, 0, 0xfffffffe);
	nvmft_xfer_h2c_commit(&x, 0xfffffffe);
	expect_window(test, &x, 0xfffffffe, 0xfffffffe, 1);
	send_part(test, &x, 1);
	KUNIT_EXPECT_TRUE(test, nvmft_xfer_complete(&x));

	nvmft_xfer_start(&x, 7, 3, 0xffffffff);
	expect_window(test, &x, 0xffffffff, 0, 0xffffffff);
}

static struct kunit_case xfer_cases[] = {
	KUNIT_CASE_PARAM(h2c_check, h2c_gen_params),
	KUNIT_CASE(start),
	KUNIT_CASE(one_window),
	KUNIT_CASE(several_pdus_and_windows),
	KUNIT_CASE(window_of_one_byte),
	KUNIT_CASE(largest_transfer),
	{}
};

static struct kunit_suite xfer_suite = {
	.name = "nvmft_xfer",
	.test_cases = xfer_cases,
};

kunit_test_suite(xfer_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("nvmft: tests of the R2T ledger");
