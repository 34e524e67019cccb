// SPDX-License-Identifier: GPL-2.0
/*
 * Features: which there are, what they carry, and what is refused of a Set or
 * Get Features by its SQE. SQEs are written byte by byte, as a host sends them.
 */
#include <kunit/test.h>
#include "proto/feature.h"

union sqe {
	u8 b[64];
	struct nvme_command c;
};

#define SET	0x09
#define GET	0x0a

static void put32(u8 *p, u32 val)
{
	int i;

	for (i = 0; i < 4; i++, val >>= 8)
		p[i] = val;
}

static union sqe sqe(u8 opcode, u32 nsid, u32 cdw10, u32 cdw11)
{
	union sqe s = { .b = { [0] = opcode, [1] = 0x40 } };

	put32(s.b + 4, nsid);
	put32(s.b + 40, cdw10);
	put32(s.b + 44, cdw11);
	return s;
}

/* Every feature that there is; what this list does not name is none. */
static const struct fid_row {
	u8 fid;
	bool disc, changeable, ns;
	u32 len, mask, def;
} fids[] = {
	{ 0x01, false, true, false, 0, 0xffffff07, 7 },
	{ 0x02, false, true, false, 0, 0xff, 0 },
	{ 0x04, false, true, false, 0, 0x3fffff, 0 },
	{ 0x05, false, false, true, 0, 0xffff, 0 },
	{ 0x06, false, false, false, 0, 1, 1 },
	{ 0x07, false, true, false, 0, 0xffffffff, 0 },
	{ 0x0a, false, true, false, 0, 1, 0 },
	{ 0x0b, true, true, false, 0, 0xffffffff, 0 },
	{ 0x0e, false, true, false, 8, 0, 0 },
	{ 0x0f, true, true, false, 0, 0xffffffff, 0 },
	{ 0x16, false, true, false, 512, 0, 0 },
	{ 0x81, false, false, false, 16, 1, 0 },
	{ 0x84, false, true, true, 0, 7, 0 },
};

static const struct fid_row *find(int fid)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fids); i++)
		if (fids[i].fid == fid)
			return &fids[i];
	return NULL;
}

static void match(struct kunit *test, enum nvmft_qtype qt, int fid, const struct fid_row *r)
{
	const struct nvmft_feature *f = nvmft_feature_find(qt, fid);

	KUNIT_EXPECT_EQ_MSG(test, !f, !r, "queue %d FID %02x", qt, fid);
	if (!f || !r)
		return;
	KUNIT_EXPECT_EQ_MSG(test, f->len, r->len, "FID %02x", fid);
	KUNIT_EXPECT_EQ_MSG(test, f->mask, r->mask, "FID %02x", fid);
	KUNIT_EXPECT_EQ_MSG(test, f->def, r->def, "FID %02x", fid);
	/* Never saveable, bit 0 */
	KUNIT_EXPECT_EQ_MSG(test, nvmft_feature_caps(f),
			    (r->ns ? 2 : 0) | (r->changeable ? 4 : 0), "FID %02x", fid);
}

static void table(struct kunit *test)
{
	const struct fid_row *r;
	int fid;

	for (fid = 0; fid < 256; fid++) {
		r = find(fid);
		match(test, NVMFT_Q_ADMIN, fid, r);
		match(test, NVMFT_Q_DISC, fid, r && r->disc ? r : NULL);
	}
}

/* Every FID with every SEL, of Set (where those bits are reserved) and Get */
static void len(struct kunit *test)
{
	const struct fid_row *r;
	union sqe s;
	u32 want;
	int fid, sel;

	for (fid = 0; fid < 256; fid++) {
		r = find(fid);
		for (sel = 0; sel < 8; sel++) {
			want = r ? r->len : 0;
			s = sqe(SET, 0, fid | sel << 8, 1);
			KUNIT_EXPECT_EQ_MSG(test, nvmft_feature_len(&s.c), want,
					    "set %02x sel %d", fid, sel);
			s = sqe(GET, 0, fid | sel << 8, 1);
			KUNIT_EXPECT_EQ_MSG(test, nvmft_feature_len(&s.c), sel == 3 ? 0 : want,
					    "get %02x sel %d", fid, sel);
			/* The Host Identifier has data in its extended form alone */
			s = sqe(GET, 0, fid | sel << 8, 0xfffffffe);
			KUNIT_EXPECT_EQ_MSG(test, nvmft_feature_len(&s.c),
					    sel == 3 || fid == 0x81 ? 0 : want,
					    "get %02x sel %d without EXHID", fid, sel);
		}
	}
}

/* Statuses as the specification numbers them */
#define FIELD		0x002
#define BAD_NS		0x00b
#define NOT_SAVEABLE	0x10d
#define NOT_PER_NS	0x10f
#define DNR		0x4000

#define ALL		0xffffffff
#define SV		0x80000000
#define NO_LOC		0xdead
#define DISC		0x100

struct check_row {
	const char *desc;
	u16 opcode;		/* with DISC: to a discovery controller */
	u32 nsid, cdw10, cdw11;
	u16 status, loc;
};

static const struct check_row check_rows[] = {
	{ "set", SET, 0, 0x0b, 0x100, 0, NO_LOC },
	{ "set, all namespaces", SET, ALL, 0x0b, 0x100, 0, NO_LOC },
	{ "set, unknown FID", SET, 0, 0x03, 0, FIELD, 40 },
	{ "set, unknown FID before SV", SET, 0, 0x03 | SV, 0, FIELD, 40 },
	{ "set, SV", SET, 0, 0x0b | SV, 0x100, NOT_SAVEABLE, 43 | 7 << 8 },
	{ "set, SV before NSID", SET, 1, 0x0b | SV, 0x100, NOT_SAVEABLE, 43 | 7 << 8 },
	{ "set, one namespace", SET, 1, 0x0b, 0x100, NOT_PER_NS, 4 },
	{ "set, largest namespace", SET, 1024, 0x0b, 0x100, NOT_PER_NS, 4 },
	{ "set, beyond NN", SET, 1025, 0x0b, 0x100, BAD_NS, 4 },
	{ "set, FFFFFFFEh", SET, ALL - 1, 0x0b, 0x100, BAD_NS, 4 },
	{ "set, NSID before dword 11", SET, 1025, 0x02, 0x100, BAD_NS, 4 },
	{ "set, reserved bit 8", SET, 0, 0x02, 0x100, FIELD, 45 },
	{ "set, reserved bit 31", SET, 0, 0x02, 0x80000000, FIELD, 47 | 7 << 8 },
	{ "set, reserved bits 3 to 7", SET, 0, 0x01, 0xf8, FIELD, 44 | 3 << 8 },
	{ "set, all bits that are not", SET, 0, 0x01, 0xffffff07, 0, NO_LOC },
	{ "set, SEL is reserved", SET, 0, 0x70b, 0x100, 0, NO_LOC },
	{ "set timestamp, dword 11", SET, 0, 0x0e, 1, FIELD, 44 },
	{ "set protection", SET, 1, 0x84, 1, 0, NO_LOC },
	{ "set protection of all", SET, ALL, 0x84, 1, 0, NO_LOC },
	{ "set protection of none", SET, 0, 0x84, 1, BAD_NS, 4 },
	{ "set protection beyond NN", SET, 1025, 0x84, 1, BAD_NS, 4 },
	{ "set protection, reserved bit", SET, 1, 0x84, 8, FIELD, 44 | 3 << 8 },
	{ "set recovery, DULBE", SET, 1, 0x05, 0x10000, FIELD, 46 },
	{ "set, discovery", SET | DISC, 0, 0x0b, 0x100, 0, NO_LOC },
	{ "set, discovery has no such feature", SET | DISC, 0, 0x07, 0, FIELD, 40 },

	{ "get", GET, 0, 0x0b, 0, 0, NO_LOC },
	{ "get, all namespaces", GET, ALL, 0x0b, 0, 0, NO_LOC },
	{ "get, one namespace", GET, 1, 0x0b, 0, 0, NO_LOC },
	{ "get, beyond NN", GET, 1025, 0x0b, 0, BAD_NS, 4 },
	{ "get, unknown FID", GET, 0, 0x85, 0, FIELD, 40 },
	{ "get, FID FFh", GET, 0, 0xff, 0, FIELD, 40 },
	{ "get, supported", GET, 0, 0x30b, 0, 0, NO_LOC },
	{ "get, SEL 4", GET, 0, 0x40b, 0, FIELD, 41 },
	{ "get, SEL 7", GET, 0, 0x70b, 0, FIELD, 41 },
	{ "get, SEL before NSID", GET, 1025, 0x40b, 0, FIELD, 41 },
	{ "get, bit 31", GET, 0, 0x0b | SV, 0, 0, NO_LOC },
	{ "get, dword 11", GET, 0, 0x02, 0xffffffff, 0, NO_LOC },
	{ "get protection", GET, 1024, 0x84, 0, 0, NO_LOC },
	{ "get protection of all", GET, ALL, 0x84, 0, BAD_NS, 4 },
	{ "get protection of none", GET, 0, 0x84, 0, BAD_NS, 4 },
	{ "get, discovery has no such feature", GET | DISC, 0, 0x81, 1, FIELD, 40 },
};

static void check_desc(const struct check_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(check, check_rows, check_desc);

static void check(struct kunit *test)
{
	const struct check_row *r = test->param_value;
	enum nvmft_qtype qt = r->opcode & DISC ? NVMFT_Q_DISC : NVMFT_Q_ADMIN;
	union sqe s = sqe(r->opcode, r->nsid, r->cdw10, r->cdw11);
	u16 loc = NO_LOC;

	KUNIT_EXPECT_EQ(test, nvmft_feature_check(qt, &s.c, &loc),
			r->status ? r->status | DNR : 0);
	KUNIT_EXPECT_EQ(test, loc, r->loc);
}

/* Every single bit of dword 11 of every feature */
static void check_bits(struct kunit *test)
{
	const struct fid_row *r;
	union sqe s;
	u16 loc, want;
	size_t i;
	int bit;

	for (i = 0; i < ARRAY_SIZE(fids); i++) {
		r = &fids[i];
		for (bit = 0; bit < 32; bit++) {
			s = sqe(SET, r->ns ? 1 : 0, r->fid, 1U << bit);
			loc = NO_LOC;
			want = r->mask & 1U << bit ? 0 : FIELD | DNR;
			KUNIT_EXPECT_EQ_MSG(test, nvmft_feature_check(NVMFT_Q_ADMIN, &s.c, &loc),
					    want, "FID %02x bit %d", r->fid, bit);
			want = want ? (44 + bit / 8) | (bit % 8) << 8 : NO_LOC;
			KUNIT_EXPECT_EQ_MSG(test, loc, want, "FID %02x bit %d", r->fid, bit);
		}
	}
}

/* Every value of every byte of Host Behavior Support, the others being zero */
static void behavior(struct kunit *test)
{
	u8 data[6] = { };
	int byte, val;
	bool ok;

	for (byte = 0; byte < 6; byte++) {
		for (val = 0; val < 256; val++) {
			data[byte] = val;
			/* Flags in the first four; no copy format needs permission */
			ok = byte < 4 ? val <= 1 : !val;
			KUNIT_EXPECT_EQ_MSG(test, nvmft_feature_check_behavior(data),
					    ok ? 0 : FIELD | DNR, "byte %d is %02x", byte, val);
		}
		data[byte] = 0;
	}
	memset(data, 1, 4);
	KUNIT_EXPECT_EQ(test, nvmft_feature_check_behavior(data), 0);
}

static struct kunit_case feature_cases[] = {
	KUNIT_CASE(table),
	KUNIT_CASE(len),
	KUNIT_CASE_PARAM(check, check_gen_params),
	KUNIT_CASE(check_bits),
	KUNIT_CASE(behavior),
	{}
};

static struct kunit_suite feature_suite = {
	.name = "nvmft_feature",
	.test_cases = feature_cases,
};

kunit_test_suite(feature_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("nvmft: tests of the table of features");
