// SPDX-License-Identifier: GPL-2.0
/*
 * The receive machine by hand: each step, what the caller may do in HOLD, and
 * that a dead one stays dead.
 */
#include <kunit/test.h>
#include "expect.h"
#include "proto/rx.h"

static void expect_step(struct kunit *test, const struct nvmft_rx *rx, u8 step, u32 want)
{
	KUNIT_EXPECT_EQ(test, rx->step, step);
	KUNIT_EXPECT_EQ(test, nvmft_rx_want(rx), want);
}

static void fill_ch(struct nvmft_rx *rx, u8 type, u8 flags, u8 hlen, u8 pdo, u32 plen)
{
	rx->pdu.ch = (struct nvme_tcp_hdr){ type, flags, hlen, pdo, cpu_to_le32(plen) };
}

/* A machine past its ICReq */
static void go_live(struct kunit *test, struct nvmft_rx *rx, u8 digest)
{
	nvmft_rx_init(rx, 8192);
	expect_step(test, rx, NVMFT_RX_CH, 8);
	fill_ch(rx, nvme_tcp_icreq, 0, 128, 0, 128);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(rx, 8), NVMFT_RX_EV_NONE);
	expect_step(test, rx, NVMFT_RX_PSH, 120);
	rx->pdu.icreq.digest = digest;
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(rx, 120), NVMFT_RX_EV_HDR);
	expect_step(test, rx, NVMFT_RX_HOLD, 0);
	KUNIT_EXPECT_FALSE(test, rx->live);
	nvmft_rx_accept_icreq(rx);
	KUNIT_EXPECT_TRUE(test, rx->live);
	expect_step(test, rx, NVMFT_RX_CH, 8);
	KUNIT_ASSERT_EQ(test, rx->p.hdgst, !!(digest & 1));
	KUNIT_ASSERT_EQ(test, rx->p.ddgst, !!(digest & 2));
}

/* Up to HOLD, from a common header that is all right */
static void hold(struct kunit *test, struct nvmft_rx *rx, u8 type, u8 flags, u8 hlen, u8 pdo,
		 u32 plen)
{
	fill_ch(rx, type, flags, hlen, pdo, plen);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(rx, 8), NVMFT_RX_EV_NONE);
	expect_step(test, rx, NVMFT_RX_PSH, hlen - 8);
	if (flags & NVME_TCP_F_HDGST) {
		KUNIT_EXPECT_EQ(test, nvmft_rx_got(rx, hlen - 8), NVMFT_RX_EV_NONE);
		expect_step(test, rx, NVMFT_RX_HDGST, 4);
		KUNIT_EXPECT_EQ(test, nvmft_rx_hdr_seen(rx), hlen);
		KUNIT_EXPECT_EQ(test, nvmft_rx_got(rx, 4), NVMFT_RX_EV_HDR);
	} else {
		KUNIT_EXPECT_EQ(test, nvmft_rx_got(rx, hlen - 8), NVMFT_RX_EV_HDR);
	}
	expect_step(test, rx, NVMFT_RX_HOLD, 0);
	KUNIT_EXPECT_EQ(test, nvmft_rx_hdr_seen(rx), hlen);
}

static void init(struct kunit *test)
{
	struct nvmft_rx rx;

	memset(&rx, 0xff, sizeof(rx));
	nvmft_rx_init(&rx, 16384);
	expect_step(test, &rx, NVMFT_RX_CH, 8);
	KUNIT_EXPECT_FALSE(test, rx.live);
	KUNIT_EXPECT_FALSE(test, rx.p.hdgst);
	KUNIT_EXPECT_FALSE(test, rx.p.ddgst);
	KUNIT_EXPECT_EQ(test, rx.p.hpda, 0);
	KUNIT_EXPECT_EQ(test, rx.p.maxh2cdata, 1 << 20);
	KUNIT_EXPECT_EQ(test, rx.p.icd_max, 16384);
	KUNIT_EXPECT_EQ(test, rx.verdict.kind, NVMFT_V_OK);
	KUNIT_EXPECT_EQ(test, nvmft_rx_hdr_seen(&rx), 0);
}

static void pieces(struct kunit *test)
{
	struct nvmft_rx rx;

	go_live(test, &rx, 0);
	fill_ch(&rx, nvme_tcp_cmd, 0, 72, 72, 72 + 100);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 3), NVMFT_RX_EV_NONE);
	expect_step(test, &rx, NVMFT_RX_CH, 5);
	KUNIT_EXPECT_EQ(test, rx.have, 3);
	KUNIT_EXPECT_EQ(test, nvmft_rx_hdr_seen(&rx), 3);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 5), NVMFT_RX_EV_NONE);
	/* The rest of the header goes behind the first 8 bytes */
	expect_step(test, &rx, NVMFT_RX_PSH, 64);
	KUNIT_EXPECT_EQ(test, rx.have, 8);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 1), NVMFT_RX_EV_NONE);
	KUNIT_EXPECT_EQ(test, nvmft_rx_hdr_seen(&rx), 9);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 63), NVMFT_RX_EV_HDR);
	nvmft_rx_data(&rx);
	expect_step(test, &rx, NVMFT_RX_DATA, 100);
	KUNIT_EXPECT_EQ(test, rx.have, 0);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 99), NVMFT_RX_EV_NONE);
	expect_step(test, &rx, NVMFT_RX_DATA, 1);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 1), NVMFT_RX_EV_DATA);
	expect_step(test, &rx, NVMFT_RX_CH, 8);
	KUNIT_EXPECT_EQ(test, rx.have, 0);
}

static void data_with_all(struct kunit *test)
{
	struct nvmft_rx rx;

	go_live(test, &rx, 3);
	hold(test, &rx, nvme_tcp_h2c_data, 7, 24, 64, 64 + 512 + 4);
	nvmft_rx_data(&rx);
	expect_step(test, &rx, NVMFT_RX_PAD, 36);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 36), NVMFT_RX_EV_NONE);
	expect_step(test, &rx, NVMFT_RX_DATA, 512);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 512), NVMFT_RX_EV_NONE);
	expect_step(test, &rx, NVMFT_RX_DDGST, 4);
	memcpy(rx.dgst, "\1\2\3\4", 4);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 4), NVMFT_RX_EV_DATA);
	expect_step(test, &rx, NVMFT_RX_CH, 8);
	/* Header and digest stay for the judgement */
	KUNIT_EXPECT_EQ(test, rx.pdu.ch.type, nvme_tcp_h2c_data);
	KUNIT_EXPECT_EQ(test, memcmp(rx.dgst, "\1\2\3\4", 4), 0);
	KUNIT_EXPECT_EQ(test, nvmft_rx_hdr_seen(&rx), 0);
}

/* Refused in-capsule data is drained, so that the next PDU is found */
static void skip(struct kunit *test)
{
	struct nvmft_rx rx;

	go_live(test, &rx, 3);
	hold(test, &rx, nvme_tcp_cmd, 3, 72, 80, 80 + 512 + 4);
	KUNIT_EXPECT_EQ(test, nvmft_rx_skip(&rx), NVMFT_RX_EV_NONE);
	expect_step(test, &rx, NVMFT_RX_SKIP, 4 + 512 + 4);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 519), NVMFT_RX_EV_NONE);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 1), NVMFT_RX_EV_SKIPPED);
	hold(test, &rx, nvme_tcp_cmd, 3, 72, 0, 76);
	KUNIT_EXPECT_EQ(test, nvmft_rx_skip(&rx), NVMFT_RX_EV_SKIPPED);
	hold(test, &rx, nvme_tcp_cmd, 1, 72, 0, 76);
	nvmft_rx_next(&rx);
	expect_step(test, &rx, NVMFT_RX_CH, 8);
	KUNIT_EXPECT_EQ(test, rx.have, 0);
}

/* What an H2CTermReq carries has no digest, whatever was agreed on */
static void term_data(struct kunit *test)
{
	struct nvmft_rx rx;

	go_live(test, &rx, 3);
	hold(test, &rx, nvme_tcp_h2c_term, 0, 24, 0, 24 + 72);
	nvmft_rx_data(&rx);
	expect_step(test, &rx, NVMFT_RX_DATA, 72);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 72), NVMFT_RX_EV_DATA);
	hold(test, &rx, nvme_tcp_h2c_term, 0, 24, 0, 24 + 72);
	KUNIT_EXPECT_EQ(test, nvmft_rx_skip(&rx), NVMFT_RX_EV_NONE);
	expect_step(test, &rx, NVMFT_RX_SKIP, 72);
}

static void expect_dead(struct kunit *test, struct nvmft_rx *rx, struct nvmft_verdict v, u32 seen)
{
	expect_step(test, rx, NVMFT_RX_DEAD, 0);
	expect_verdict(test, rx->verdict, v);
	KUNIT_EXPECT_EQ(test, nvmft_rx_hdr_seen(rx), seen);
	/* A caller that has bytes left and asks for 0 of them gets nothing */
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(rx, 0), NVMFT_RX_EV_NONE);
	expect_step(test, rx, NVMFT_RX_DEAD, 0);
	KUNIT_EXPECT_EQ(test, nvmft_rx_hdr_seen(rx), seen);
}

static void bad_ch(struct kunit *test)
{
	struct nvmft_rx rx;

	nvmft_rx_init(&rx, 8192);
	fill_ch(&rx, nvme_tcp_cmd, 0, 72, 0, 72);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 8), NVMFT_RX_EV_VERDICT);
	expect_dead(test, &rx, nvmft_v_term(FES_SEQ, 0), 8);
	/* nvmet read 132 bytes of a second ICReq into its 128 (W7) */
	go_live(test, &rx, 1);
	fill_ch(&rx, nvme_tcp_icreq, 0, 128, 0, 128);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 8), NVMFT_RX_EV_VERDICT);
	expect_dead(test, &rx, nvmft_v_term(FES_SEQ, 0), 8);

	go_live(test, &rx, 0);
	fill_ch(&rx, nvme_tcp_h2c_term, 0, 24, 0, 4096);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 8), NVMFT_RX_EV_VERDICT);
	expect_dead(test, &rx, nvmft_v_reset(), 8);
}

static void bad_icreq(struct kunit *test)
{
	struct nvmft_rx rx;

	nvmft_rx_init(&rx, 8192);
	fill_ch(&rx, nvme_tcp_icreq, 0, 128, 0, 128);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 8), NVMFT_RX_EV_NONE);
	rx.pdu.icreq.pfv = cpu_to_le16(1);
	rx.pdu.icreq.digest = 3;
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 120), NVMFT_RX_EV_VERDICT);
	expect_dead(test, &rx, nvmft_v_term(FES_PARAM, NVMFT_FEI_IC_PFV), 128);
	KUNIT_EXPECT_FALSE(test, rx.live);
	KUNIT_EXPECT_FALSE(test, rx.p.hdgst);
}

/* The caller ends the stream; the header of the PDU under way is reported */
static void fail(struct kunit *test)
{
	const struct nvmft_verdict v = nvmft_v_term(3, 0x12345678);
	struct nvmft_rx rx;

	go_live(test, &rx, 3);
	nvmft_rx_fail(&rx, v);
	expect_dead(test, &rx, v, 0);

	go_live(test, &rx, 3);
	nvmft_rx_got(&rx, 5);
	nvmft_rx_fail(&rx, v);
	expect_dead(test, &rx, v, 5);

	go_live(test, &rx, 3);
	fill_ch(&rx, nvme_tcp_cmd, 3, 72, 0, 76);
	nvmft_rx_got(&rx, 8);
	nvmft_rx_got(&rx, 10);
	nvmft_rx_fail(&rx, v);
	expect_dead(test, &rx, v, 18);

	go_live(test, &rx, 3);
	hold(test, &rx, nvme_tcp_cmd, 3, 72, 0, 76);
	nvmft_rx_fail(&rx, v);
	expect_dead(test, &rx, v, 72);
	/* The first verdict's header stays when another follows */
	nvmft_rx_fail(&rx, nvmft_v_reset());
	expect_dead(test, &rx, nvmft_v_reset(), 72);

	go_live(test, &rx, 3);
	hold(test, &rx, nvme_tcp_h2c_data, 3, 24, 32, 32 + 512 + 4);
	nvmft_rx_data(&rx);
	nvmft_rx_got(&rx, 2);
	nvmft_rx_fail(&rx, v);
	expect_dead(test, &rx, v, 24);
}

/* HOLD takes nothing until the caller decides */
static void hold_waits(struct kunit *test)
{
	struct nvmft_rx rx;

	go_live(test, &rx, 0);
	hold(test, &rx, nvme_tcp_cmd, 0, 72, 72, 584);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 0), NVMFT_RX_EV_NONE);
	expect_step(test, &rx, NVMFT_RX_HOLD, 0);
	nvmft_rx_data(&rx);
	expect_step(test, &rx, NVMFT_RX_DATA, 512);
}

/* Connect tells whether this is an admin queue: the limit follows at once */
static void icd_max_changes(struct kunit *test)
{
	struct nvmft_rx rx;

	go_live(test, &rx, 0);
	hold(test, &rx, nvme_tcp_cmd, 0, 72, 72, 72 + 8192);
	nvmft_rx_data(&rx);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 8192), NVMFT_RX_EV_DATA);
	rx.p.icd_max = 4096;
	fill_ch(&rx, nvme_tcp_cmd, 0, 72, 72, 72 + 4097);
	KUNIT_EXPECT_EQ(test, nvmft_rx_got(&rx, 8), NVMFT_RX_EV_VERDICT);
	expect_dead(test, &rx, nvmft_v_term(FES_LIMIT, 0), 8);
}

static struct kunit_case rx_cases[] = {
	KUNIT_CASE(init),
	KUNIT_CASE(pieces),
	KUNIT_CASE(data_with_all),
	KUNIT_CASE(skip),
	KUNIT_CASE(term_data),
	KUNIT_CASE(bad_ch),
	KUNIT_CASE(bad_icreq),
	KUNIT_CASE(fail),
	KUNIT_CASE(hold_waits),
	KUNIT_CASE(icd_max_changes),
	{}
};

static struct kunit_suite rx_suite = {
	.name = "nvmft_rx",
	.test_cases = rx_cases,
};

kunit_test_suite(rx_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("nvmft: tests of the receive machine");
