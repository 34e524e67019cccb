// SPDX-License-Identifier: GPL-2.0
/*
 * Log pages: every page against byte offsets of the specification, and every
 * page through every kind of window.
 */
#include "cut.h"

static u8 whole[MAX_LEN + GUARD], part[MAX_LEN + GUARD], want[MAX_LEN];

/* The pages, each with its whole content */

static void put_le(u8 *p, u64 val, int bytes)
{
	for (; bytes; bytes--, val >>= 8)
		*p++ = val;
}

static void supported(struct nvmft_cut *cut)
{
	nvmft_log_supported(cut, NVMFT_Q_ADMIN);
}

static void want_supported(void)
{
	static const u8 lids[] = {
		0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x0c, 0x12, 0x13,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lids); i++)
		want[lids[i] * 4] = 1;
}

static void supported_disc(struct nvmft_cut *cut)
{
	nvmft_log_supported(cut, NVMFT_Q_DISC);
}

static void want_supported_disc(void)
{
	want[0x00 * 4] = 1;
	want[0x70 * 4] = 1;
}

static void supported_io(struct nvmft_cut *cut)
{
	nvmft_log_supported(cut, NVMFT_Q_IO);
}

static void want_nothing(void)
{
}

static void smart(struct nvmft_cut *cut)
{
	static const struct nvmft_smart_in in = {
		.units_read = 1000,
		.units_written = 1001,
		.host_reads = 0x0123456789abcdef,
		.host_writes = 7,
		.busy_min = 0x100,
		.power_on_hours = 0x1000000,
		.media_errors = 1ULL << 63,
		.err_entries = 64,
	};

	nvmft_log_smart(cut, &in);
}

static void want_smart(void)
{
	want[3] = 100;				/* available spare */
	put_le(want + 32, 1, 8);		/* data units read */
	put_le(want + 48, 2, 8);		/* data units written */
	put_le(want + 64, 0x0123456789abcdef, 8); /* host reads */
	put_le(want + 80, 7, 8);		/* host writes */
	put_le(want + 96, 0x100, 8);		/* busy time */
	put_le(want + 112, 1, 8);		/* power cycles */
	put_le(want + 128, 0x1000000, 8);	/* power on hours */
	put_le(want + 160, 1ULL << 63, 8);	/* media errors */
	put_le(want + 176, 64, 8);		/* error log entries */
}

static void smart_readonly(struct nvmft_cut *cut)
{
	struct nvmft_smart_in in = { .readonly = true };

	nvmft_log_smart(cut, &in);
}

static void want_smart_readonly(void)
{
	want[0] = 1 << 3;	/* media in read only mode */
	want[3] = 100;
	want[112] = 1;
}

static void fw_slot(struct nvmft_cut *cut)
{
	nvmft_log_fw_slot(cut, "6.1.0-56-cloud-amd64");
}

static void want_fw_slot(void)
{
	want[0] = 1;	/* slot 1 is active, none is next */
	memcpy(want + 8, "6.1.0-56", 8);
}

static void fw_slot_short(struct nvmft_cut *cut)
{
	nvmft_log_fw_slot(cut, "1.0");
}

static void want_fw_slot_short(void)
{
	want[0] = 1;
	memcpy(want + 8, "1.0     ", 8);
}

#define NS_SCOPE	(1 << 20)
#define CTRL_SCOPE	(1 << 21)

static void want_effects(void)
{
	static const u8 admin[] = { 0x02, 0x06, 0x08, 0x09, 0x0a, 0x0c, 0x18 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(admin); i++)
		put_le(want + admin[i] * 4, 1 | CTRL_SCOPE, 4);		/* CSUPP */
	want[0x09 * 4] |= 4;						/* Set Features: NCC */
	put_le(want + 1024 + 0x00 * 4, 1 | NS_SCOPE, 4);		/* Flush */
	put_le(want + 1024 + 0x01 * 4, 1 | 2 | NS_SCOPE, 4);		/* Write: LBCC */
	put_le(want + 1024 + 0x02 * 4, 1 | NS_SCOPE, 4);		/* Read */
	put_le(want + 1024 + 0x05 * 4, 1 | NS_SCOPE, 4);		/* Compare */
	put_le(want + 1024 + 0x08 * 4, 1 | 2 | NS_SCOPE, 4);		/* Write Zeroes */
	put_le(want + 1024 + 0x09 * 4, 1 | 2 | NS_SCOPE, 4);		/* Dataset Management */
	put_le(want + 1024 + 0x0c * 4, 1 | NS_SCOPE, 4);		/* Verify */
	put_le(want + 1024 + 0x19 * 4, 1 | 2 | NS_SCOPE, 4);		/* Copy */
}

static void features(struct nvmft_cut *cut)
{
	nvmft_log_features(cut, NVMFT_Q_ADMIN);
}

static void want_features(void)
{
	static const u8 fids[] = {
		0x01, 0x02, 0x04, 0x06, 0x07, 0x0a, 0x0b, 0x0e, 0x0f, 0x16, 0x81,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fids); i++)
		put_le(want + fids[i] * 4, 1 | CTRL_SCOPE, 4);
	put_le(want + 0x05 * 4, 1 | NS_SCOPE, 4);
	put_le(want + 0x84 * 4, 1 | 4 | NS_SCOPE, 4);	/* write protection: NCC */
}

static void error(struct nvmft_cut *cut)
{
	static const struct nvmft_err_in in[] = {
		{ .count = 0x1122334455667788, .lba = 0x99aabbccddeeff01, .nsid = 0x23456789,
		  .sqid = 0xabcd, .cid = 0xef12, .status = 0x6080, .loc = 0x072b,
		  .opcode = 0x02, .trtype = 3 },
		/* An entry that was never made is zero, whatever it has */
		{ .count = 0, .status = 0x4002, .opcode = 0x06, .trtype = 3 },
	};

	nvmft_log_error(cut, &in[0]);
	nvmft_log_error(cut, &in[1]);
}

static void want_error(void)
{
	put_le(want, 0x1122334455667788, 8);		/* error count */
	put_le(want + 8, 0xabcd, 2);			/* SQID */
	put_le(want + 10, 0xef12, 2);			/* CID */
	put_le(want + 12, 0xc100, 2);			/* status, phase tag 0 */
	put_le(want + 14, 0x072b, 2);			/* parameter error location */
	put_le(want + 16, 0x99aabbccddeeff01, 8);	/* LBA */
	put_le(want + 24, 0x23456789, 4);		/* NSID */
	want[29] = 3;					/* TRTYPE */
	want[31] = 0x02;				/* opcode */
	want[63] = 1;					/* log page version */
}

static void want_features_disc(void)
{
	put_le(want + 0x0b * 4, 1 | CTRL_SCOPE, 4);
	put_le(want + 0x0f * 4, 1 | CTRL_SCOPE, 4);
}

static void features_disc(struct nvmft_cut *cut)
{
	nvmft_log_features(cut, NVMFT_Q_DISC);
}

static u32 nsids[NVME_MAX_CHANGED_NAMESPACES + 1];

static void changed_n(struct nvmft_cut *cut, u32 n)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(nsids); i++)
		nsids[i] = 0x01020304 + i;
	nvmft_log_changed_ns(cut, nsids, n);
}

static void want_changed_n(u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		put_le(want + i * 4, 0x01020304 + i, 4);
}

static void changed_0(struct nvmft_cut *cut)
{
	nvmft_log_changed_ns(cut, NULL, 0);
}

static void changed_3(struct nvmft_cut *cut)
{
	changed_n(cut, 3);
}

static void want_changed_3(void)
{
	want_changed_n(3);
}

static void changed_1024(struct nvmft_cut *cut)
{
	changed_n(cut, 1024);
}

static void want_changed_1024(void)
{
	want_changed_n(1024);
}

static void changed_1025(struct nvmft_cut *cut)
{
	changed_n(cut, 1025);
}

static void changed_max(struct nvmft_cut *cut)
{
	changed_n(cut, 0xffffffff);
}

static void want_changed_overflow(void)
{
	put_le(want, 0xffffffff, 4);
}

static void ana(struct nvmft_cut *cut)
{
	nvmft_log_ana_hdr(cut, 0x1122334455667788, 2);
	nvmft_log_ana_group(cut, 1, 0x99, NVME_ANA_OPTIMIZED, 2);
	nvmft_log_ana_nsid(cut, 5);
	nvmft_log_ana_nsid(cut, 0xfffffffe);
	nvmft_log_ana_group(cut, 128, 0xaabbccddeeff0011, NVME_ANA_CHANGE, 0);
}

static void want_ana(void)
{
	put_le(want, 0x1122334455667788, 8);	/* change count */
	put_le(want + 8, 2, 2);			/* groups */
	put_le(want + 16, 1, 4);		/* group id */
	put_le(want + 20, 2, 4);		/* NSIDs */
	put_le(want + 24, 0x99, 8);		/* change count */
	want[32] = 1;				/* optimized */
	put_le(want + 48, 5, 4);
	put_le(want + 52, 0xfffffffe, 4);
	put_le(want + 56, 128, 4);
	put_le(want + 64, 0xaabbccddeeff0011, 8);
	want[72] = 0xf;				/* change */
}

static void disc(struct nvmft_cut *cut)
{
	static char longest[300];
	struct nvmft_disc_in in = {
		.trtype = NVMF_TRTYPE_TCP,
		.adrfam = NVMF_ADDR_FAMILY_IP6,
		.subtype = NVME_NQN_CURR,
		.treq = 4,
		.portid = 0xfffe,
		.asqsz = 32,
		.eflags = 3,
		.trsvcid = "8009",
		.traddr = "fe80::1",
		.subnqn = NVME_DISC_SUBSYS_NAME,
	};

	memset(longest, 'L', sizeof(longest) - 1);
	nvmft_log_disc_hdr(cut, 0x8877665544332211, 2);
	nvmft_log_disc_entry(cut, &in);
	in.adrfam = NVMF_ADDR_FAMILY_IP4;
	in.subtype = NVME_NQN_NVME;
	in.trsvcid = longest;
	in.traddr = longest;
	in.subnqn = longest;
	nvmft_log_disc_entry(cut, &in);
}

static void want_disc(void)
{
	u8 *e;

	put_le(want, 0x8877665544332211, 8);	/* GENCTR */
	put_le(want + 8, 2, 8);			/* NUMREC */

	e = want + 1024;
	e[0] = 3;				/* TCP */
	e[1] = 2;				/* IPv6 */
	e[2] = 3;				/* current discovery subsystem */
	e[3] = 4;				/* TREQ */
	put_le(e + 4, 0xfffe, 2);		/* PORTID */
	put_le(e + 6, 0xffff, 2);		/* CNTLID: dynamic */
	put_le(e + 8, 32, 2);			/* ASQSZ */
	put_le(e + 10, 3, 2);			/* EFLAGS */
	memset(e + 32, ' ', 32);
	memcpy(e + 32, "8009", 4);		/* TRSVCID */
	memcpy(e + 256, "nqn.2014-08.org.nvmexpress.discovery", 36);
	memset(e + 512, ' ', 256);
	memcpy(e + 512, "fe80::1", 7);		/* TRADDR */

	memcpy(e + 1024, e, 12);
	e += 1024;
	e[1] = 1;				/* IPv4 */
	e[2] = 2;				/* NVM subsystem */
	memset(e + 32, 'L', 32);
	memset(e + 256, 'L', 223);		/* and a NUL */
	memset(e + 512, 'L', 256);
}

struct page_row {
	const char *desc;
	void (*emit)(struct nvmft_cut *cut);
	void (*fill)(void);
	u32 size;
};

static const struct page_row page_rows[] = {
	{ "00h", supported, want_supported, 1024 },
	{ "00h of a discovery controller", supported_disc, want_supported_disc, 1024 },
	{ "00h of no controller", supported_io, want_nothing, 1024 },
	{ "01h", error, want_error, 128 },
	{ "02h", smart, want_smart, 512 },
	{ "02h, read only", smart_readonly, want_smart_readonly, 512 },
	{ "03h", fw_slot, want_fw_slot, 512 },
	{ "03h, short revision", fw_slot_short, want_fw_slot_short, 512 },
	{ "05h", nvmft_log_effects, want_effects, 4096 },
	{ "04h, none", changed_0, want_nothing, 4096 },
	{ "04h, three", changed_3, want_changed_3, 4096 },
	{ "04h, full", changed_1024, want_changed_1024, 4096 },
	{ "04h, overflow by one", changed_1025, want_changed_overflow, 4096 },
	{ "04h, overflow by many", changed_max, want_changed_overflow, 4096 },
	{ "0Ch", ana, want_ana, 88 },
	{ "12h", features, want_features, 1024 },
	{ "12h of a discovery controller", features_disc, want_features_disc, 1024 },
	{ "13h", nvmft_log_mi_cmds, want_nothing, 4096 },
	{ "70h", disc, want_disc, 3072 },
};

static void page_desc(const struct page_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(page, page_rows, page_desc);

static void page_layout(struct kunit *test)
{
	const struct page_row *r = test->param_value;
	struct nvmft_cut cut;
	u32 i;

	memset(want, 0, sizeof(want));
	r->fill();
	open_window(&cut, whole, MAX_LEN, 0);
	r->emit(&cut);
	KUNIT_EXPECT_EQ(test, cut.pos, r->size);
	for (i = 0; i < MAX_LEN; i++)
		KUNIT_EXPECT_EQ_MSG(test, whole[i], want[i], "byte %u", i);
}

/* No page may forget that it is cut. */
static void page_windows(struct kunit *test)
{
	static const u16 lens[] = { 4, 16, 512, 4096 };
	const struct page_row *r = test->param_value;
	struct nvmft_cut cut;
	u32 from, i;

	memset(want, 0, sizeof(want));
	r->fill();
	for (from = 0; from <= r->size + 4; from += 4) {
		for (i = 0; i < ARRAY_SIZE(lens); i++) {
			open_window(&cut, part, lens[i], from);
			r->emit(&cut);
			KUNIT_EXPECT_EQ_MSG(test, memcmp(part, want + from,
							 min_t(u32, lens[i], MAX_LEN - from)), 0,
					    "from %u len %u", from, lens[i]);
			KUNIT_EXPECT_TRUE_MSG(test, guard_intact(part, lens[i]),
					      "from %u len %u", from, lens[i]);
			KUNIT_EXPECT_EQ(test, nvmft_cut_beyond(&cut), from > r->size);
		}
	}
}

static void is_supported(struct kunit *test)
{
	int qt, lid;

	for (qt = 0; qt < NVMFT_Q_NR; qt++) {
		for (lid = 0; lid < 256; lid++) {
			bool ok = false;

			if (qt == NVMFT_Q_ADMIN)
				ok = lid <= 5 || lid == 0x0c || lid == 0x12 || lid == 0x13;
			if (qt == NVMFT_Q_DISC)
				ok = lid == 0 || lid == 0x70;
			KUNIT_EXPECT_EQ_MSG(test, nvmft_log_is_supported(qt, lid), ok,
					    "queue %d page %02x", qt, lid);
		}
	}
}

struct unit_row {
	const char *desc;
	u64 units, want;
};

static const struct unit_row unit_rows[] = {
	{ "none", 0, 0 },
	{ "one sector", 1, 1 },
	{ "999 sectors", 999, 1 },
	{ "1000 sectors", 1000, 1 },
	{ "1001 sectors", 1001, 2 },
	{ "2^32 sectors", 1ULL << 32, 4294968 },
	{ "2^64 - 1 sectors: rounding up would wrap", ~0ULL, 18446744073709552 },
};

static void unit_desc(const struct unit_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(unit, unit_rows, unit_desc);

static void smart_units(struct kunit *test)
{
	const struct unit_row *r = test->param_value;
	struct nvmft_smart_in in = { .units_read = r->units, .units_written = r->units };
	struct nvmft_cut cut;

	memset(want, 0, sizeof(want));
	put_le(want + 32, r->want, 8);
	put_le(want + 48, r->want, 8);
	open_window(&cut, part, 32, 32);
	nvmft_log_smart(&cut, &in);
	KUNIT_EXPECT_EQ(test, memcmp(part, want + 32, 32), 0);
}

static struct kunit_case logpage_cases[] = {
	KUNIT_CASE_PARAM(page_layout, page_gen_params),
	KUNIT_CASE_PARAM(page_windows, page_gen_params),
	KUNIT_CASE(is_supported),
	KUNIT_CASE_PARAM(smart_units, unit_gen_params),
	{}
};

static struct kunit_suite logpage_suite = {
	.name = "nvmft_logpage",
	.test_cases = logpage_cases,
};

kunit_test_suite(logpage_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("nvmft: tests of log pages");
