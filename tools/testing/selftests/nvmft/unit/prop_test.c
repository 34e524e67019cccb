// SPDX-License-Identifier: GPL-2.0
/* Properties: values of CAP and CRTO, and every kind of write of CC. */
#include <kunit/test.h>
#include "proto/prop.h"

/* CAP by bit number, as in the specification */
static void cap(struct kunit *test)
{
	static const u16 sizes[] = { 2, 16, 128, 1024, 65535 };
	u64 want = 1ULL << 16 |		/* CQR */
		   15ULL << 24 |	/* TO */
		   1ULL << 37 |		/* CSS: NVM */
		   1ULL << 43 |		/* CSS: one or more I/O command sets */
		   1ULL << 59;		/* CRMS: ready with media */
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		KUNIT_EXPECT_EQ(test, nvmft_prop_cap(sizes[i]), want | (sizes[i] - 1));
}

static void crto(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, nvmft_prop_crto(), 15);
}

#define EN		0x1u
#define CSS(n)		((u32)(n) << 4)
#define MPS(n)		((u32)(n) << 7)
#define AMS(n)		((u32)(n) << 11)
#define SHN(n)		((u32)(n) << 14)
#define IOSQES(n)	((u32)(n) << 16)
#define IOCQES(n)	((u32)(n) << 20)
#define ES		(IOSQES(6) | IOCQES(4))
#define ON		(ES | EN)

#define RDY		0x1u
#define CFS		0x2u
#define SHST(n)		((u32)(n) << 2)

#define FIELD		0x4002	/* Invalid Field, DNR */
#define SEQ		0x400c	/* Command Sequence Error, DNR */

#define ENABLE		1
#define DISABLE		2
#define SHUTDOWN	4

struct cc_row {
	const char *desc;
	u32 old, val, csts;
	bool discovery;
	u16 sc;
	u32 act;
};

static const struct cc_row cc_rows[] = {
	/* What hosts do */
	{ "enable", 0, ON, 0, false, 0, ENABLE },
	{ "enable with all command sets", 0, ON | CSS(6), 0, false, 0, ENABLE },
	{ "enable with admin commands only", 0, ON | CSS(7), 0, false, 0, ENABLE },
	{ "first the fields", 0, ES | CSS(6), 0, false, 0, 0 },
	{ "then the enable", ES | CSS(6), ON | CSS(6), 0, false, 0, ENABLE },
	{ "nothing changes while disabled", 0, 0, 0, false, 0, 0 },
	{ "nothing changes while enabled", ON, ON, RDY, false, 0, 0 },
	{ "disable", ON, ES, RDY, false, 0, DISABLE },
	{ "disable by writing 0", ON | CSS(6), 0, RDY, false, 0, DISABLE },
	{ "disable with another CSS", ON, ES | CSS(6), RDY, false, 0, DISABLE },
	{ "normal shutdown", ON, ON | SHN(1), RDY, false, 0, SHUTDOWN },
	{ "abrupt shutdown", ON, ON | SHN(2), RDY, false, 0, SHUTDOWN },
	{ "shutdown asked for again", ON | SHN(1), ON | SHN(1), RDY | SHST(1), false, 0, 0 },
	{ "normal becomes abrupt", ON | SHN(1), ON | SHN(2), RDY | SHST(1), false, 0, 0 },
	{ "SHN taken back", ON | SHN(1), ON, RDY | SHST(2), false, 0, 0 },
	{ "shutdown and disable at once", ON, ES | SHN(1), RDY, false, 0, DISABLE | SHUTDOWN },
	{ "shutdown while disabled", ES, ES | SHN(2), 0, false, 0, SHUTDOWN },
	{ "enable and shutdown at once", 0, ON | SHN(1), 0, false, 0, ENABLE | SHUTDOWN },
	{ "disable after a shutdown", ON | SHN(1), ES, RDY | SHST(2), false, 0, DISABLE },
	{ "enable after a shutdown", ES, ON, SHST(2), false, 0, ENABLE },
	{ "disable a failed controller", ON, ES, RDY | CFS, false, 0, DISABLE },

	/* A reset or shutdown under way */
	{ "enable while still ready", ES, ON, RDY, false, SEQ, 0 },
	{ "enable while shutting down", ES, ON, SHST(1), false, SEQ, 0 },
	{ "enable while both", ES, ON, RDY | SHST(1), false, SEQ, 0 },
	{ "disable while shutting down", ON | SHN(1), ES, RDY | SHST(1), false, 0, DISABLE },
	{ "fields while still ready", ES, 0, RDY, false, 0, 0 },
	{ "bad field before sequence", ES, ON | AMS(1), RDY, false, FIELD, 0 },

	/* SHN */
	{ "SHN 11b", ON, ON | SHN(3), RDY, false, FIELD, 0 },
	{ "SHN 11b while disabled", 0, SHN(3), 0, false, FIELD, 0 },
	{ "SHN 11b and disable", ON, ES | SHN(3), RDY, false, FIELD, 0 },

	/* CSS */
	{ "CSS 001b", 0, ON | CSS(1), 0, false, FIELD, 0 },
	{ "CSS 010b", 0, ON | CSS(2), 0, false, FIELD, 0 },
	{ "CSS 011b", 0, ON | CSS(3), 0, false, FIELD, 0 },
	{ "CSS 100b", 0, ON | CSS(4), 0, false, FIELD, 0 },
	{ "CSS 101b", 0, ON | CSS(5), 0, false, FIELD, 0 },
	{ "CSS 101b while disabled", 0, CSS(5), 0, false, FIELD, 0 },
	{ "CSS changed while enabled", ON, ON | CSS(6), RDY, false, FIELD, 0 },
	{ "CSS changed back while enabled", ON | CSS(6), ON, RDY, false, FIELD, 0 },
	{ "CSS changed with a shutdown", ON, ON | CSS(7) | SHN(1), RDY, false, FIELD, 0 },
	{ "CSS changed with the enable", ES | CSS(6), ON, 0, false, 0, ENABLE },

	/* IOSQES and IOCQES */
	{ "no entry sizes", 0, EN, 0, false, FIELD, 0 },
	{ "IOSQES missing", 0, EN | IOCQES(4), 0, false, FIELD, 0 },
	{ "IOCQES missing", 0, EN | IOSQES(6), 0, false, FIELD, 0 },
	{ "IOSQES 7", 0, EN | IOSQES(7) | IOCQES(4), 0, false, FIELD, 0 },
	{ "IOCQES 5", 0, EN | IOSQES(6) | IOCQES(5), 0, false, FIELD, 0 },
	{ "swapped", 0, EN | IOSQES(4) | IOCQES(6), 0, false, FIELD, 0 },
	{ "taken away while enabled", ON, EN, RDY, false, FIELD, 0 },
	{ "set while disabled", 0, ES, 0, false, 0, 0 },
	{ "one of them while disabled", 0, IOSQES(6), 0, false, FIELD, 0 },
	{ "wrong while disabled", 0, IOSQES(5) | IOCQES(4), 0, false, FIELD, 0 },

	/* Discovery: there are no I/O queues to size */
	{ "discovery, no entry sizes", 0, EN, 0, true, 0, ENABLE },
	{ "discovery, any entry sizes", 0, EN | IOSQES(9) | IOCQES(1), 0, true, 0, ENABLE },
	{ "discovery, usual entry sizes", 0, ON, 0, true, 0, ENABLE },
	{ "discovery, SHN 11b", EN, EN | SHN(3), RDY, true, FIELD, 0 },
	{ "discovery, CSS 001b", 0, EN | CSS(1), 0, true, FIELD, 0 },
	{ "discovery, MPS 1", 0, EN | MPS(1), 0, true, FIELD, 0 },
	{ "discovery, AMS 1", 0, EN | AMS(1), 0, true, FIELD, 0 },
	{ "discovery, disable", EN, 0, RDY, true, 0, DISABLE },
	{ "discovery, shutdown", EN, EN | SHN(1), RDY, true, 0, SHUTDOWN },
	{ "discovery, enable while still ready", 0, EN, RDY, true, SEQ, 0 },
};

static void cc_desc(const struct cc_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(cc, cc_rows, cc_desc);

/* Stands for "not written" */
#define UNTOUCHED	0xa5a5a5a5u

static void set_cc(struct kunit *test)
{
	const struct cc_row *r = test->param_value;
	u32 act = UNTOUCHED;

	KUNIT_EXPECT_EQ(test, nvmft_prop_set_cc(r->old, r->val, r->csts, r->discovery, &act),
			r->sc);
	KUNIT_EXPECT_EQ(test, act, r->sc ? UNTOUCHED : r->act);
}

/* Single bits: reserved ones are ignored, those of AMS and MPS are refused. */
static void set_cc_bits(struct kunit *test)
{
	u32 act;
	int bit;

	for (bit = 0; bit < 32; bit++) {
		bool reserved = (bit >= 1 && bit <= 3) || bit >= 24;
		bool refused = bit >= 7 && bit <= 13;
		u16 sc = nvmft_prop_set_cc(0, ON | 1u << bit, 0, false, &act);

		if (reserved)
			KUNIT_EXPECT_EQ_MSG(test, sc, 0, "bit %d", bit);
		if (refused)
			KUNIT_EXPECT_EQ_MSG(test, sc, FIELD, "bit %d", bit);
	}
}

static struct kunit_case prop_cases[] = {
	KUNIT_CASE(cap),
	KUNIT_CASE(crto),
	KUNIT_CASE_PARAM(set_cc, cc_gen_params),
	KUNIT_CASE(set_cc_bits),
	{}
};

static struct kunit_suite prop_suite = {
	.name = "nvmft_prop",
	.test_cases = prop_cases,
};

kunit_test_suite(prop_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("nvmft: tests of controller properties");
