// SPDX-License-Identifier: GPL-2.0
/*
 * The receive machine over recorded streams, cut wherever TCP may cut them:
 * what happens must not depend on where.
 */
#include <kunit/test.h>
#include "tape_ref.h"

#define ICD	512

/* Scratch of the case that runs */
static struct tape stream, expected, got;

struct mode {
	const char *desc;
	bool hdgst, ddgst;
};

static const struct mode modes[] = {
	{ "no digest", false, false },
	{ "hdgst", true, false },
	{ "ddgst", false, true },
	{ "both digests", true, true },
};

static void mode_desc(const struct mode *mode, char *desc)
{
	strcpy(desc, mode->desc);
}

KUNIT_ARRAY_PARAM(mode, modes, mode_desc);

static const struct tape_pdu pdus[] = {
	{ .type = nvme_tcp_icreq },
	{ .type = nvme_tcp_cmd, .tag = 2, .data = 5 },
	{ .type = nvme_tcp_cmd, .tag = 4 },
	{ .type = nvme_tcp_h2c_data, .tag = 6, .data = 1, .pad = 4 },
	{ .type = nvme_tcp_h2c_data, .tag = 6, .data = 9, .flags = NVME_TCP_F_DATA_LAST },
	{ .type = nvme_tcp_cmd, .tag = 3, .data = 6, .pad = 8 },
	{ .type = nvme_tcp_h2c_data, .tag = 5, .data = 4 },
	{ .type = nvme_tcp_cmd, .tag = 7 },
	{ .type = nvme_tcp_h2c_data, .tag = 8, .data = 3, .pad = 12 },
	{ .type = nvme_tcp_h2c_term, .data = 8 },
};

static struct nvmft_pdu_params params(const struct mode *mode)
{
	return (struct nvmft_pdu_params){
		.hdgst = mode->hdgst, .ddgst = mode->ddgst,
		.maxh2cdata = NVMFT_MAXH2CDATA, .icd_max = ICD,
	};
}

static void build_stream(const struct mode *mode)
{
	struct nvmft_pdu_params p = params(mode);
	unsigned int i;
	u8 fill = 1;

	stream.len = 0;
	for (i = 0; i < ARRAY_SIZE(pdus); i++)
		tape_pdu(&stream, &p, &pdus[i], &fill);
}

static void expect_stream(void)
{
	static const struct mode before_icreq;

	ref_stream(&expected, params(&before_icreq), stream.b, stream.len);
}

/* Run the stream in the pieces that end at @a, at @b and at its end */
static bool run_cut(u32 a, u32 b)
{
	struct nvmft_rx rx;

	nvmft_rx_init(&rx, ICD);
	got.len = 0;
	tape_feed(&rx, &got, stream.b, a);
	tape_feed(&rx, &got, stream.b + a, b - a);
	tape_feed(&rx, &got, stream.b + b, stream.len - b);
	return tape_same(&got, &expected);
}

static u32 count_events(const struct tape *t, u8 ev, struct kunit *test)
{
	u32 i = 0, n = 0;

	/* An event's tail has a known length only for the reader of its header */
	while (i + 2 <= t->len) {
		if (t->b[i] != TAPE_EVENT) {
			i += 2;
			continue;
		}
		KUNIT_ASSERT_TRUE(test, t->b[i + 1] != NVMFT_RX_EV_VERDICT);
		n += t->b[i + 1] == ev;
		i += 2 + t->b[i + 4] + NVMFT_DIGEST_LEN;
	}
	return n;
}

/* The reference itself saw every PDU, to the last byte */
static void whole(struct kunit *test)
{
	build_stream(test->param_value);
	expect_stream();
	KUNIT_EXPECT_EQ(test, count_events(&expected, NVMFT_RX_EV_HDR, test), 10);
	KUNIT_EXPECT_EQ(test, count_events(&expected, NVMFT_RX_EV_DATA, test), 4);
	KUNIT_EXPECT_EQ(test, count_events(&expected, NVMFT_RX_EV_SKIPPED, test), 4);
	KUNIT_EXPECT_TRUE(test, run_cut(stream.len, stream.len));
}

static void byte_by_byte(struct kunit *test)
{
	struct nvmft_rx rx;
	u32 i;

	build_stream(test->param_value);
	expect_stream();
	nvmft_rx_init(&rx, ICD);
	got.len = 0;
	for (i = 0; i < stream.len; i++)
		tape_feed(&rx, &got, stream.b + i, 1);
	KUNIT_EXPECT_TRUE(test, tape_same(&got, &expected));
}

static void every_two_cuts(struct kunit *test)
{
	u32 a, b;

	build_stream(test->param_value);
	expect_stream();
	for (a = 0; a <= stream.len; a++)
		for (b = a; b <= stream.len; b++)
			if (!run_cut(a, b))
				KUNIT_ASSERT_TRUE_MSG(test, false, "cut at %u and %u", a, b);
}

/* A stream that stops: nothing is announced before its last byte is here */
static void every_end(struct kunit *test)
{
	u32 len;

	build_stream(test->param_value);
	for (len = stream.len; stream.len; stream.len--) {
		expect_stream();
		if (!run_cut(stream.len / 2, stream.len))
			KUNIT_ASSERT_TRUE_MSG(test, false, "ends at %u of %u", stream.len, len);
	}
}

/* The common header that ends a stream, behind good PDUs */
struct bad_row {
	const char *desc;
	u8 ch[NVMFT_CH_LEN];
};

static const struct bad_row bad_rows[] = {
	{ "c2hdata", { 7, 4, 24, 24, 28, 0, 0, 0 } },
	{ "a second icreq", { 0, 0, 128, 0, 128, 0, 0, 0 } },
	{ "flags", { 4, 0x10, 72, 0, 72, 0, 0, 0 } },
	{ "hlen 255", { 4, 3, 255, 0, 76, 0, 0, 0 } },
	{ "pdo", { 4, 3, 72, 8, 76, 0, 0, 0 } },
	{ "plen", { 4, 3, 72, 0, 60, 0, 0, 0 } },
	{ "too much in the capsule", { 4, 3, 72, 76, 0, 0, 1, 0 } },
	{ "too much in an h2cdata", { 6, 3, 24, 28, 0, 0, 0, 1 } },
	{ "a bad h2cterm", { 2, 0, 24, 0, 200, 0, 0, 0 } },
};

static void bad_desc(const struct bad_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(bad, bad_rows, bad_desc);

static void bad_at_every_cut(struct kunit *test)
{
	const struct bad_row *r = test->param_value;
	u32 a, good;

	build_stream(&modes[3]);
	expect_stream();
	good = expected.len;
	tape_put(&stream, r->ch, sizeof(r->ch));
	/* More than the longest header: none of it may be taken */
	memset(stream.b + stream.len, 0x5a, 200);
	stream.len += 200;
	expect_stream();
	KUNIT_EXPECT_EQ(test, expected.len, good + 2 * NVMFT_CH_LEN + 2 + 5 * sizeof(u32));
	for (a = 0; a <= stream.len; a++)
		if (!run_cut(a, a))
			KUNIT_ASSERT_TRUE_MSG(test, false, "cut at %u", a);
}

static struct kunit_case rx_cut_cases[] = {
	KUNIT_CASE_PARAM(whole, mode_gen_params),
	KUNIT_CASE_PARAM(byte_by_byte, mode_gen_params),
	KUNIT_CASE_PARAM(every_two_cuts, mode_gen_params),
	KUNIT_CASE_PARAM(every_end, mode_gen_params),
	KUNIT_CASE_PARAM(bad_at_every_cut, bad_gen_params),
	{}
};

static struct kunit_suite rx_cut_suite = {
	.name = "nvmft_rx_cut",
	.test_cases = rx_cut_cases,
};

kunit_test_suite(rx_cut_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("nvmft: tests of the receive machine at every cut");
