// SPDX-License-Identifier: GPL-2.0
/*
 * Connect: every check of the SQE and of the 1024 bytes of data, its status
 * and the offset that the response names.
 */
#include <kunit/test.h>
#include "proto/sqe.h"

#define FORMAT		0x180
#define PARAM		0x182
#define DNR		0x4000

#define KATO		120000

static void expect_fault(struct kunit *test, struct nvmft_connect_fault got, u16 sc, u16 ipo,
			 bool in_data, u32 dw0)
{
	KUNIT_EXPECT_EQ(test, got.sc, sc ? sc | DNR : 0);
	KUNIT_EXPECT_EQ(test, got.ipo, ipo);
	KUNIT_EXPECT_EQ(test, got.in_data, in_data);
	KUNIT_EXPECT_EQ(test, nvmft_sqe_connect_dw0(&got), dw0);
}

static void put_le(u8 *p, u32 val, int bytes)
{
	for (; bytes; bytes--, val >>= 8)
		*p++ = val;
}

struct sqe_row {
	const char *desc;
	u16 recfmt, qid, sqsize;
	u32 kato;
	u16 max;
	u16 sc, ipo;
	u32 dw0;
};

static const struct sqe_row sqe_rows[] = {
	{ "admin, 32 entries", 0, 0, 31, KATO, 128, 0, 0, 0 },
	{ "admin, 16 entries", 0, 0, 15, KATO, 128, 0, 0, 0 },
	{ "admin, 2 entries", 0, 0, 1, KATO, 128, 0, 0, 0 },
	{ "admin, 1 entry", 0, 0, 0, KATO, 128, PARAM, 44, 44 },
	{ "admin, above the I/O limit", 0, 0, 128, KATO, 128, 0, 0, 0 },
	{ "admin, 4096 entries", 0, 0, 4095, KATO, 16, 0, 0, 0 },
	{ "admin, 4097 entries", 0, 0, 4096, KATO, 1024, PARAM, 44, 44 },
	{ "admin, 65536 entries", 0, 0, 65535, KATO, 1024, PARAM, 44, 44 },
	{ "admin, SQSIZE in the wrong order", 0, 0, 0x1f00, KATO, 1024, PARAM, 44, 44 },
	{ "admin, no keep alive", 0, 0, 31, 0, 128, 0, 0, 0 },
	{ "admin, KATO max", 0, 0, 31, 0xffffffff, 128, 0, 0, 0 },
	{ "admin, record format 1", 1, 0, 31, KATO, 128, FORMAT, 40, 0 },
	{ "admin, record format 100h", 0x100, 0, 31, KATO, 128, FORMAT, 40, 0 },
	{ "format before size", 1, 0, 0, KATO, 128, FORMAT, 40, 0 },
	{ "I/O, 128 entries", 0, 1, 127, 0, 128, 0, 0, 0 },
	{ "I/O, 129 entries", 0, 1, 128, 0, 128, PARAM, 44, 44 },
	{ "I/O, 2 entries", 0, 1, 1, 0, 128, 0, 0, 0 },
	{ "I/O, 1 entry", 0, 1, 0, 0, 128, PARAM, 44, 44 },
	{ "I/O, 4097 entries where allowed", 0, 1, 4096, 0, 8192, 0, 0, 0 },
	{ "I/O, largest limit", 0, 1, 65534, 0, 65535, 0, 0, 0 },
	{ "I/O, beyond the largest limit", 0, 1, 65535, 0, 65535, PARAM, 44, 44 },
	{ "I/O, queue 256", 0, 256, 128, 0, 128, PARAM, 44, 44 },
	{ "I/O, queue 65535", 0, 65535, 127, 0, 128, 0, 0, 0 },
	{ "I/O, KATO is reserved", 0, 1, 127, 1, 128, 0, 0, 0 },
	{ "I/O, record format 8000h", 0x8000, 1, 127, 0, 128, FORMAT, 40, 0 },
};

static void sqe_desc(const struct sqe_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(sqe, sqe_rows, sqe_desc);

static void connect_sqe(struct kunit *test)
{
	const struct sqe_row *r = test->param_value;
	union {
		u8 b[64];
		struct nvme_command c;
	} s = { .b = { 0x7f, 0xff, 1, 2, 0x01 } };

	put_le(s.b + 40, r->recfmt, 2);
	put_le(s.b + 42, r->qid, 2);
	put_le(s.b + 44, r->sqsize, 2);
	s.b[46] = 0xff;	/* CATTR: nothing in it is refused here */
	put_le(s.b + 48, r->kato, 4);
	expect_fault(test, nvmft_sqe_check_connect(&s.c, r->max), r->sc, r->ipo, false, r->dw0);
}

/* Names in the data */
enum name {
	GOOD,
	LONGEST,	/* 223 bytes */
	TOO_LONG,	/* 224 bytes */
	NO_NUL,		/* 256 bytes */
	EMPTY,
	NR_NAMES,
};

static const int name_len[NR_NAMES] = { 40, 223, 224, 256, 0 };

struct data_row {
	const char *desc;
	bool admin;
	u8 hostid;	/* which byte of the host id is not 0; 16: none */
	u16 cntlid;
	u8 subnqn, hostnqn;
	u16 sc, ipo;
	u32 dw0;
};

static const struct data_row data_rows[] = {
	{ "admin", true, 0, 0xffff, GOOD, GOOD, 0, 0, 0 },
	{ "host id: last byte counts", true, 15, 0xffff, GOOD, GOOD, 0, 0, 0 },
	{ "host id 0", true, 16, 0xffff, GOOD, GOOD, PARAM, 0, 0x10000 },
	{ "admin, static model", true, 0, 0xfffe, GOOD, GOOD, PARAM, 16, 0x10010 },
	{ "admin, a controller by number", true, 0, 1, GOOD, GOOD, PARAM, 16, 0x10010 },
	{ "admin, controller 0", true, 0, 0, GOOD, GOOD, PARAM, 16, 0x10010 },
	{ "SUBNQN, longest", true, 0, 0xffff, LONGEST, GOOD, 0, 0, 0 },
	{ "SUBNQN, too long", true, 0, 0xffff, TOO_LONG, GOOD, PARAM, 256, 0x10100 },
	{ "SUBNQN, no NUL", true, 0, 0xffff, NO_NUL, GOOD, PARAM, 256, 0x10100 },
	{ "SUBNQN, empty", true, 0, 0xffff, EMPTY, GOOD, PARAM, 256, 0x10100 },
	{ "HOSTNQN, longest", true, 0, 0xffff, GOOD, LONGEST, 0, 0, 0 },
	{ "HOSTNQN, too long", true, 0, 0xffff, GOOD, TOO_LONG, PARAM, 512, 0x10200 },
	{ "HOSTNQN, no NUL", true, 0, 0xffff, GOOD, NO_NUL, PARAM, 512, 0x10200 },
	{ "HOSTNQN, empty", true, 0, 0xffff, GOOD, EMPTY, PARAM, 512, 0x10200 },
	{ "I/O, controller 1", false, 0, 1, GOOD, GOOD, 0, 0, 0 },
	{ "I/O, last controller", false, 0, 0xffef, GOOD, GOOD, 0, 0, 0 },
	{ "I/O, host id 0", false, 16, 1, GOOD, GOOD, PARAM, 0, 0x10000 },
	{ "I/O, controller 0", false, 0, 0, GOOD, GOOD, PARAM, 16, 0x10010 },
	{ "I/O, first reserved controller", false, 0, 0xfff0, GOOD, GOOD, PARAM, 16, 0x10010 },
	{ "I/O, no controller", false, 0, 0xffff, GOOD, GOOD, PARAM, 16, 0x10010 },
	{ "I/O, SUBNQN", false, 0, 1, EMPTY, GOOD, PARAM, 256, 0x10100 },
	{ "I/O, HOSTNQN", false, 0, 1, GOOD, EMPTY, PARAM, 512, 0x10200 },

	/* The first fault is the one that is told */
	{ "all wrong", true, 16, 1, EMPTY, EMPTY, PARAM, 0, 0x10000 },
	{ "CNTLID and names wrong", true, 0, 1, EMPTY, EMPTY, PARAM, 16, 0x10010 },
	{ "names wrong", true, 0, 0xffff, EMPTY, EMPTY, PARAM, 256, 0x10100 },
};

static void data_desc(const struct data_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(data, data_rows, data_desc);

static void connect_data(struct kunit *test)
{
	const struct data_row *r = test->param_value;
	static union {
		u8 b[1024];
		struct nvmf_connect_data d;
	} s;

	memset(&s, 0, sizeof(s));
	if (r->hostid < 16)
		s.b[r->hostid] = 0x80;
	put_le(s.b + 16, r->cntlid, 2);
	memset(s.b + 18, 0xff, 238);	/* reserved, ignored */
	memset(s.b + 256, 'n', name_len[r->subnqn]);
	memset(s.b + 512, 'n', name_len[r->hostnqn]);
	memset(s.b + 768, 0xff, 256);	/* likewise; and no NUL to run into */
	expect_fault(test, nvmft_sqe_check_connect_data(&s.d, r->admin), r->sc, r->ipo,
		     r->sc != 0, r->dw0);
}

/* Every controller id on both kinds of queue */
static void connect_cntlid(struct kunit *test)
{
	static union {
		u8 b[1024];
		struct nvmf_connect_data d;
	} s = { .b = { [0] = 1, [256] = 's', [512] = 'h' } };
	struct nvmft_connect_fault f;
	u32 id;

	for (id = 0; id <= 0xffff; id++) {
		put_le(s.b + 16, id, 2);
		f = nvmft_sqe_check_connect_data(&s.d, true);
		KUNIT_EXPECT_EQ_MSG(test, !f.sc, id == 0xffff, "admin %04x", id);
		f = nvmft_sqe_check_connect_data(&s.d, false);
		KUNIT_EXPECT_EQ_MSG(test, !f.sc, id >= 1 && id <= 0xffef, "I/O %04x", id);
	}
}

struct dw0_row {
	const char *desc;
	struct nvmft_connect_fault f;
	u32 dw0;
};

/* Faults that the core finds, and statuses without an offset */
static const struct dw0_row dw0_rows[] = {
	{ "no fault", { 0, 0, false }, 0 },
	{ "queue id", { PARAM | DNR, 42, false }, 42 },
	{ "SGL", { PARAM | DNR, 24, false }, 24 },
	{ "KATO", { PARAM | DNR, 48, false }, 48 },
	{ "offset 0 of the data", { PARAM | DNR, 0, true }, 0x10000 },
	{ "may be tried again", { PARAM, 16, true }, 0x10010 },
	{ "invalid host", { 0x184 | DNR, 512, true }, 0 },
	{ "controller busy", { 0x181, 16, true }, 0 },
	{ "generic status 82h", { 0x082 | DNR, 16, true }, 0 },
};

static void dw0_desc(const struct dw0_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(dw0, dw0_rows, dw0_desc);

static void connect_dw0(struct kunit *test)
{
	const struct dw0_row *r = test->param_value;

	KUNIT_EXPECT_EQ(test, nvmft_sqe_connect_dw0(&r->f), r->dw0);
}

static struct kunit_case connect_cases[] = {
	KUNIT_CASE_PARAM(connect_sqe, sqe_gen_params),
	KUNIT_CASE_PARAM(connect_data, data_gen_params),
	KUNIT_CASE(connect_cntlid),
	KUNIT_CASE_PARAM(connect_dw0, dw0_gen_params),
	{}
};

static struct kunit_suite connect_suite = {
	.name = "nvmft_connect",
	.test_cases = connect_cases,
};

kunit_test_suite(connect_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("nvmft: tests of Connect");
