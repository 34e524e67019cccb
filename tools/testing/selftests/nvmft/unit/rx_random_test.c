// SPDX-License-Identifier: GPL-2.0
/*
 * The receive machine against the plain reference parser, on random streams
 * with random damage in random pieces. The seed is fixed: a failing round
 * fails again.
 */
#include <kunit/test.h>
#include "tape_ref.h"

#define ROUNDS	30000
#define ICD	64
#define H2C	128

static struct tape stream, expected, got;
static u32 state;

/* Below @n; xorshift */
static u32 rnd(u32 n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

static bool one_in(u32 n)
{
	return !rnd(n);
}

static void random_pdu(const struct nvmft_pdu_params *p)
{
	static const u8 types[] = {
		nvme_tcp_cmd, nvme_tcp_cmd, nvme_tcp_h2c_data, nvme_tcp_h2c_data,
		nvme_tcp_h2c_data, nvme_tcp_cmd, nvme_tcp_h2c_data, nvme_tcp_h2c_term,
	};
	struct tape_pdu d = { .type = types[rnd(ARRAY_SIZE(types))], .tag = rnd(0x100) };
	u8 fill = rnd(0x100);

	if (d.type == nvme_tcp_cmd && one_in(2))
		d.data = one_in(16) ? ICD + rnd(4) : rnd(ICD + 1);
	if (d.type == nvme_tcp_h2c_data)
		d.data = one_in(16) ? H2C + rnd(4) : 1 + rnd(H2C);
	if (d.type == nvme_tcp_h2c_term)
		d.data = one_in(4) ? 126 + rnd(5) : rnd(129);
	if (d.type != nvme_tcp_h2c_term && one_in(2))
		d.pad = 4 * rnd(30);
	if (!d.data)
		d.pad = 0;
	if (d.type == nvme_tcp_h2c_data && one_in(2))
		d.flags = NVME_TCP_F_DATA_LAST;
	if (d.type == nvme_tcp_cmd && !d.data && p->ddgst && one_in(2))
		d.flags = NVME_TCP_F_DDGST;
	tape_pdu(&stream, p, &d, &fill);
}

static void damage(u8 *hdr, u32 bytes)
{
	u8 *b = hdr + rnd(bytes);

	if (one_in(2))
		*b ^= 1 << rnd(8);
	else
		*b = rnd(0x100);
}

static void random_stream(void)
{
	struct nvmft_pdu_params p = { .hdgst = one_in(2), .ddgst = one_in(2) };
	struct tape_pdu icreq = { .type = nvme_tcp_icreq };
	u32 n = 1 + rnd(12);
	u8 fill = 0;
	u32 at;

	stream.len = 0;
	tape_pdu(&stream, &p, &icreq, &fill);
	if (one_in(16))
		damage(stream.b, 12);
	for (; n; n--) {
		at = stream.len;
		random_pdu(&p);
		if (one_in(16))
			damage(stream.b + at, NVMFT_CH_LEN);
	}
	if (one_in(8))
		stream.len = rnd(stream.len);
}

static void feed_in_pieces(struct nvmft_rx *rx)
{
	u32 most = one_in(2) ? 16 : 400;
	u32 at, n;

	for (at = 0; at < stream.len; at += n) {
		n = min(stream.len - at, 1 + rnd(most));
		tape_feed(rx, &got, stream.b + at, n);
	}
}

/* Which ends were reached: by FES, or 7 for RESET, or 0 for none */
static u32 ends[8];

static void count_end(const struct nvmft_rx *rx)
{
	if (rx->step != NVMFT_RX_DEAD)
		ends[0]++;
	else
		ends[rx->verdict.kind == NVMFT_V_RESET ? 7 : rx->verdict.fes & 7]++;
}

static void against_reference(struct kunit *test)
{
	static const u8 reached[] = { 0, 1, 2, 5, 6, 7 };
	const struct nvmft_pdu_params p = { .maxh2cdata = H2C, .icd_max = ICD };
	struct nvmft_rx rx;
	u32 i;

	state = 20240611;
	memset(ends, 0, sizeof(ends));
	for (i = 0; i < ROUNDS; i++) {
		random_stream();
		ref_stream(&expected, p, stream.b, stream.len);

		nvmft_rx_init(&rx, ICD);
		rx.p.maxh2cdata = H2C;
		got.len = 0;
		feed_in_pieces(&rx);
		if (!tape_same(&got, &expected))
			KUNIT_ASSERT_TRUE_MSG(test, false, "round %u", i);
		count_end(&rx);
	}
	/* The streams were of all kinds, or the comparison says little */
	for (i = 0; i < ARRAY_SIZE(reached); i++)
		KUNIT_EXPECT_GT(test, ends[reached[i]], ROUNDS / 1000);
}

/* Bytes with no meaning at all: the same verdict, and not a byte more taken */
static void noise(struct kunit *test)
{
	const struct nvmft_pdu_params p = { .maxh2cdata = H2C, .icd_max = ICD };
	struct nvmft_rx rx;
	u32 i, k;

	state = 1;
	for (i = 0; i < ROUNDS; i++) {
		stream.len = 200;
		for (k = 0; k < stream.len; k++)
			stream.b[k] = rnd(0x100);
		/* Get past the type more often than one time in 256 */
		if (one_in(2))
			memset(stream.b, 0, rnd(NVMFT_CH_LEN));
		ref_stream(&expected, p, stream.b, stream.len);
		nvmft_rx_init(&rx, ICD);
		rx.p.maxh2cdata = H2C;
		got.len = 0;
		feed_in_pieces(&rx);
		if (!tape_same(&got, &expected))
			KUNIT_ASSERT_TRUE_MSG(test, false, "round %u", i);
	}
}

static struct kunit_case rx_random_cases[] = {
	KUNIT_CASE(against_reference),
	KUNIT_CASE(noise),
	{}
};

static struct kunit_suite rx_random_suite = {
	.name = "nvmft_rx_random",
	.test_cases = rx_random_cases,
};

kunit_test_suite(rx_random_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("nvmft: random tests of the receive machine");
