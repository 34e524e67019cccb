// SPDX-License-Identifier: GPL-2.0
/*
 * Identify pages against byte offsets of the specification. A page is compared
 * whole: what no row names has to be zero.
 */
#include <kunit/test.h>
#include "proto/ident.h"

static u8 page[NVMFT_IDENT_LEN] __attribute__((aligned(8)));
static u8 want[NVMFT_IDENT_LEN];

/* A little-endian number, or text: size bytes at off */
struct field {
	u16 off, size;
	u64 val;
	const char *text;
};

#define NUM(off, size, val)	{ off, size, val, NULL }
#define TEXT(off, size, text)	{ off, size, 0, text }

static void start(void)
{
	memset(page, 0xa5, sizeof(page));
	memset(want, 0, sizeof(want));
}

static void put(const struct field *f, size_t n)
{
	u64 val;
	u16 i;

	for (; n; n--, f++) {
		val = f->val;
		for (i = 0; i < f->size; i++, val = i < 8 ? val >> 8 : 0)
			want[f->off + i] = f->text ? f->text[i] : val;
	}
}

static void compare(struct kunit *test)
{
	int i;

	for (i = 0; i < NVMFT_IDENT_LEN; i++)
		KUNIT_EXPECT_EQ_MSG(test, page[i], want[i], "byte %d", i);
}

static const struct nvmft_ident_ctrl_in io_ctrl = {
	.subnqn = "nqn.2024-01.org.example:disk",
	.sn = "0123456789abcdef0123",
	.mn = "nvmft",
	.fr = "6.1.0-56-cloud",
	.oui = 0x123456,
	.vid = 0x1af4,
	.ssvid = 0x1100,
	.cntlid = 0xffef,
	.mdts = 8,
	.cntrltype = NVME_CTRL_IO,
	.ver = 0x20100,
	.oaes = 0x900,
	.maxcmd = 1024,
	.nn = 1024,
	.icd_size = 16384,
	.vwc = true,
};

static const struct field io_ctrl_fields[] = {
	NUM(0, 2, 0x1af4),				/* VID */
	NUM(2, 2, 0x1100),				/* SSVID */
	TEXT(4, 20, "0123456789abcdef0123"),		/* SN */
	TEXT(24, 40, "nvmft                                   "), /* MN */
	TEXT(64, 8, "6.1.0-56"),			/* FR */
	NUM(72, 1, 6),					/* RAB */
	NUM(73, 3, 0x123456),				/* IEEE */
	NUM(76, 1, 0x0b),				/* CMIC: ports, controllers, ANA */
	NUM(77, 1, 8),					/* MDTS */
	NUM(78, 2, 0xffef),				/* CNTLID */
	NUM(80, 4, 0x20100),				/* VER */
	NUM(92, 4, 0x900),				/* OAES */
	NUM(96, 4, 1 << 0 | 1 << 6),			/* CTRATT: HIDS, TBKAS */
	NUM(111, 1, 1),					/* CNTRLTYPE */
	NUM(258, 1, 3),					/* ACL */
	NUM(259, 1, 3),					/* AERL */
	NUM(260, 1, 1 << 0 | 1 << 1),			/* FRMW: one slot, read only */
	NUM(261, 1, 1 << 1 | 1 << 2),			/* LPA: effects, extended data */
	NUM(262, 1, 63),				/* ELPE */
	NUM(320, 2, 10),				/* KAS */
	NUM(342, 1, 10),				/* ANATT */
	NUM(343, 1, 0x1f),				/* ANACAP */
	NUM(344, 4, 128),				/* ANAGRPMAX */
	NUM(348, 4, 128),				/* NANAGRPID */
	NUM(512, 1, 0x66),				/* SQES */
	NUM(513, 1, 0x44),				/* CQES */
	NUM(514, 2, 1024),				/* MAXCMD */
	NUM(516, 4, 1024),				/* NN */
	NUM(525, 1, 1 << 0 | 2 << 1),			/* VWC: present, no flush of all */
	NUM(536, 4, 1 << 0 | 1 << 20 | 1 << 21),	/* SGLS: bytes, offset, transport */
	NUM(540, 4, 1024),				/* MNAN */
	TEXT(768, 28, "nqn.2024-01.org.example:disk"),	/* SUBNQN */
	NUM(1792, 4, 1028),				/* IOCCSZ: 64 + 16384 */
	NUM(1796, 4, 1),				/* IORCSZ: 16 */
	NUM(1803, 1, 1),				/* MSDBD */
	NUM(1804, 2, 1),				/* OFCS: Disconnect */
};

static void ctrl_io(struct kunit *test)
{
	start();
	put(io_ctrl_fields, ARRAY_SIZE(io_ctrl_fields));
	nvmft_ident_ctrl(page, &io_ctrl);
	compare(test);
}

/* The other end of each value, and text that just fits or does not */
static void ctrl_io_edges(struct kunit *test)
{
	static const struct field other[] = {
		NUM(0, 2, 0),
		NUM(2, 2, 0),
		TEXT(4, 20, "S                   "),
		TEXT(24, 40, "Mabcdefghijklmnopqrstuvwxyz0123456789ABC"),
		TEXT(64, 8, "1       "),
		NUM(73, 3, 0xffffff),
		NUM(77, 1, 0),
		NUM(78, 2, 1),
		NUM(92, 4, 0x80000000),
		NUM(514, 2, 16),
		NUM(516, 4, 0xfffffffe),
		NUM(540, 4, 0xfffffffe),
		NUM(525, 1, 2 << 1),
		NUM(1792, 4, 4),
	};
	static char nqn[300];
	struct nvmft_ident_ctrl_in in = io_ctrl;

	memset(nqn, 'q', sizeof(nqn) - 1);
	in.subnqn = nqn;
	in.sn = "S";
	in.mn = "Mabcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH";
	in.fr = "1";
	in.oui = 0x7fffffff;
	in.vid = 0;
	in.ssvid = 0;
	in.cntlid = 1;
	in.mdts = 0;
	in.oaes = 0x80000000;
	in.maxcmd = 16;
	in.nn = 0xfffffffe;
	in.icd_size = 0;
	in.vwc = false;

	start();
	put(io_ctrl_fields, ARRAY_SIZE(io_ctrl_fields));
	put(other, ARRAY_SIZE(other));
	memset(want + 768, 'q', 223);
	nvmft_ident_ctrl(page, &in);
	compare(test);
}

/* In-capsule sizes as IOCCSZ; none may wrap */
static void ctrl_ioccsz(struct kunit *test)
{
	static const u32 sizes[][2] = {
		{ 0, 4 }, { 16, 5 }, { 4096, 260 }, { 8192, 516 }, { 262144, 16388 },
	};
	struct nvmft_ident_ctrl_in in = io_ctrl;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		in.icd_size = sizes[i][0];
		nvmft_ident_ctrl(page, &in);
		KUNIT_EXPECT_EQ_MSG(test, page[1792] | page[1793] << 8 | page[1794] << 16 |
				    page[1795] << 24, sizes[i][1], "%u bytes", sizes[i][0]);
	}
}

/* A discovery controller leaves the reserved fields zero, whatever it is given. */
static void ctrl_disc(struct kunit *test)
{
	static const struct field fields[] = {
		TEXT(64, 8, "6.1.0-56"),			/* FR */
		NUM(77, 1, 8),					/* MDTS */
		NUM(78, 2, 0xffef),				/* CNTLID */
		NUM(80, 4, 0x20100),				/* VER */
		NUM(92, 4, 0x80000000),				/* OAES */
		NUM(96, 4, 1 << 0 | 1 << 6),			/* CTRATT */
		NUM(111, 1, 2),					/* CNTRLTYPE */
		NUM(259, 1, 3),					/* AERL */
		NUM(261, 1, 1 << 2),				/* LPA: extended data */
		NUM(320, 2, 10),				/* KAS */
		NUM(514, 2, 1024),				/* MAXCMD */
		NUM(536, 4, 1 << 0 | 1 << 20 | 1 << 21),	/* SGLS */
		TEXT(768, 36, "nqn.2014-08.org.nvmexpress.discovery"),
		NUM(1806, 1, 1),				/* DCTYPE: direct */
	};
	struct nvmft_ident_ctrl_in in = io_ctrl;

	in.subnqn = "nqn.2014-08.org.nvmexpress.discovery";
	in.cntrltype = NVME_CTRL_DISC;
	in.oaes = 0x80000000;
	start();
	put(fields, ARRAY_SIZE(fields));
	nvmft_ident_ctrl(page, &in);
	compare(test);
}

/* As text, and as an initialiser of u8[] */
#define NGUID	"\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10"
#define EUI64	"\x00\x1b\x44\x11\x3a\xb7\x02\x01"
#define UUID	"\xf8\x1d\x4f\xae\x7d\xec\x41\xd0\xa7\x65\x00\xa0\xc9\x1e\x6b\xf6"

#define NGUID_BYTES	{ 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, \
			  0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10 }
#define EUI64_BYTES	{ 0x00, 0x1b, 0x44, 0x11, 0x3a, 0xb7, 0x02, 0x01 }

static struct nvmft_ident_ns_in ns_in(bool nguid, bool eui64, bool uuid)
{
	struct nvmft_ident_ns_in in = {
		.nsze = 0x123456789abULL,
		.lba_shift = 9,
		.anagrpid = 128,
	};

	if (nguid)
		memcpy(in.nguid, NGUID, 16);
	if (eui64)
		memcpy(in.eui64, EUI64, 8);
	if (uuid)
		memcpy(in.uuid, UUID, 16);
	return in;
}

static const struct field ns_fields[] = {
	NUM(0, 8, 0x123456789ab),		/* NSZE */
	NUM(8, 8, 0x123456789ab),		/* NCAP */
	NUM(16, 8, 0x123456789ab),		/* NUSE */
	NUM(30, 1, 1),				/* NMIC: shared */
	NUM(48, 8, 0x123456789abULL * 512),	/* NVMCAP */
	NUM(92, 4, 128),			/* ANAGRPID */
	NUM(130, 1, 9),				/* LBAF0: LBADS */
};

static void ns_plain(struct kunit *test)
{
	struct nvmft_ident_ns_in in = ns_in(false, false, true);

	start();
	put(ns_fields, ARRAY_SIZE(ns_fields));
	nvmft_ident_ns(page, &in);
	compare(test);
}

struct ns_row {
	const char *desc;
	struct nvmft_ident_ns_in in;
	struct field f[12];
};

static const struct ns_row ns_rows[] = {
	{ "4 KiB blocks",
	  { .nsze = 1, .lba_shift = 12, .anagrpid = 1 },
	  { NUM(0, 8, 1), NUM(8, 8, 1), NUM(16, 8, 1), NUM(48, 8, 4096), NUM(92, 4, 1),
	    NUM(130, 1, 12) } },
	{ "2^64 - 1 blocks of 4 KiB",
	  { .nsze = ~0ULL, .lba_shift = 12, .anagrpid = 1 },
	  { NUM(0, 8, ~0ULL), NUM(8, 8, ~0ULL), NUM(16, 8, ~0ULL),
	    NUM(48, 8, 0xfffffffffffff000), NUM(56, 8, 0xfff), NUM(92, 4, 1),
	    NUM(130, 1, 12) } },
	{ "read only, NGUID and EUI64",
	  { .nsze = 8, .lba_shift = 9, .anagrpid = 2, .readonly = true, .nguid = NGUID_BYTES,
	    .eui64 = EUI64_BYTES },
	  { NUM(0, 8, 8), NUM(8, 8, 8), NUM(16, 8, 8), NUM(48, 8, 4096), NUM(92, 4, 2),
	    NUM(99, 1, 1), TEXT(104, 16, NGUID), TEXT(120, 8, EUI64), NUM(130, 1, 9) } },
	{ "write sizes",
	  { .nsze = 8, .lba_shift = 9, .npwg = 8, .npwa = 4, .nows = 256 },
	  { NUM(0, 8, 8), NUM(8, 8, 8), NUM(16, 8, 8), NUM(24, 1, 0x10), NUM(48, 8, 4096),
	    NUM(64, 2, 7), NUM(66, 2, 3), NUM(72, 2, 255), NUM(130, 1, 9) } },
	{ "granularity alone",
	  { .nsze = 8, .lba_shift = 9, .npwg = 8 },
	  { NUM(0, 8, 8), NUM(8, 8, 8), NUM(16, 8, 8), NUM(24, 1, 0x10), NUM(48, 8, 4096),
	    NUM(64, 2, 7), NUM(66, 2, 0), NUM(72, 2, 7), NUM(130, 1, 9) } },
	{ "granularity of one block",
	  { .nsze = 8, .lba_shift = 9, .npwg = 1, .npwa = 1, .nows = 1 },
	  { NUM(0, 8, 8), NUM(8, 8, 8), NUM(16, 8, 8), NUM(24, 1, 0x10), NUM(48, 8, 4096),
	    NUM(130, 1, 9) } },
	{ "no granularity: the others say nothing",
	  { .nsze = 8, .lba_shift = 9, .npwa = 4, .nows = 256 },
	  { NUM(0, 8, 8), NUM(8, 8, 8), NUM(16, 8, 8), NUM(48, 8, 4096), NUM(130, 1, 9) } },
	{ "write sizes of 65536 blocks",
	  { .nsze = 8, .lba_shift = 9, .npwg = 65536, .npwa = 65536, .nows = 65536 },
	  { NUM(0, 8, 8), NUM(8, 8, 8), NUM(16, 8, 8), NUM(24, 1, 0x10), NUM(48, 8, 4096),
	    NUM(64, 2, 0xffff), NUM(66, 2, 0xffff), NUM(72, 2, 0xffff), NUM(130, 1, 9) } },
	{ "write sizes beyond the field",
	  { .nsze = 8, .lba_shift = 9, .npwg = 65537, .npwa = 131072, .nows = 0xffffffff },
	  { NUM(0, 8, 8), NUM(8, 8, 8), NUM(16, 8, 8), NUM(24, 1, 0x10), NUM(48, 8, 4096),
	    NUM(64, 2, 0xffff), NUM(66, 2, 0xffff), NUM(72, 2, 0xffff), NUM(130, 1, 9) } },
	{ "atomic writes",
	  { .nsze = 8, .lba_shift = 9, .nawupf = 8 },
	  { NUM(0, 8, 8), NUM(8, 8, 8), NUM(16, 8, 8), NUM(24, 1, 0x02), NUM(34, 2, 7),
	    NUM(36, 2, 7), NUM(48, 8, 4096), NUM(130, 1, 9) } },
	{ "atomic writes and write sizes",
	  { .nsze = 8, .lba_shift = 9, .nawupf = 1, .npwg = 2, .npwa = 2, .nows = 4 },
	  { NUM(0, 8, 8), NUM(8, 8, 8), NUM(16, 8, 8), NUM(24, 1, 0x12), NUM(48, 8, 4096),
	    NUM(64, 2, 1), NUM(66, 2, 1), NUM(72, 2, 3), NUM(130, 1, 9) } },
};

static void ns_desc(const struct ns_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(ns, ns_rows, ns_desc);

static void ns_values(struct kunit *test)
{
	const struct ns_row *r = test->param_value;

	start();
	want[30] = 1;
	put(r->f, ARRAY_SIZE(r->f));
	nvmft_ident_ns(page, &r->in);
	compare(test);
}

/* All combinations of identifiers: the list is dense and ends with CSI and zeros. */
static void ns_descs(struct kunit *test)
{
	struct nvmft_ident_ns_in in;
	struct field f[8];
	int set, n, at;

	for (set = 0; set < 8; set++) {
		in = ns_in(set & 1, set & 2, set & 4);
		n = 0;
		at = 0;
		if (set & 1) {
			f[n++] = (struct field)NUM(at, 4, 0x1002);
			f[n++] = (struct field)TEXT(at + 4, 16, NGUID);
			at += 20;
		}
		if (set & 2) {
			f[n++] = (struct field)NUM(at, 4, 0x0801);
			f[n++] = (struct field)TEXT(at + 4, 8, EUI64);
			at += 12;
		}
		if (set & 4) {
			f[n++] = (struct field)NUM(at, 4, 0x1003);
			f[n++] = (struct field)TEXT(at + 4, 16, UUID);
			at += 20;
		}
		f[n++] = (struct field)NUM(at, 5, 0x0104);	/* CSI 0: NVM */
		start();
		put(f, n);
		nvmft_ident_ns_descs(page, &in);
		compare(test);
	}
}

/* One byte that is not zero makes an identifier. */
static void ns_descs_sparse(struct kunit *test)
{
	struct nvmft_ident_ns_in in = ns_in(false, false, false);
	int i;

	for (i = 0; i < 16; i++) {
		in.uuid[i] = 1;
		nvmft_ident_ns_descs(page, &in);
		KUNIT_EXPECT_EQ_MSG(test, page[0], 3, "uuid byte %d", i);
		KUNIT_EXPECT_EQ_MSG(test, page[4 + i], 1, "uuid byte %d", i);
		KUNIT_EXPECT_EQ_MSG(test, page[20], 4, "uuid byte %d", i);
		in.uuid[i] = 0;
	}
}

static void ns_nvm(struct kunit *test)
{
	struct nvmft_ident_ns_in in = ns_in(true, true, true);

	start();
	nvmft_ident_ns_nvm(page, &in);
	compare(test);
}

static void ctrl_nvm(struct kunit *test)
{
	start();
	nvmft_ident_ctrl_nvm(page);
	compare(test);
}

static void ns_indep(struct kunit *test)
{
	static const struct field fields[] = {
		NUM(1, 1, 1),		/* NMIC: shared */
		NUM(4, 4, 128),		/* ANAGRPID */
		NUM(14, 1, 1),		/* NSTAT: ready */
	};
	static const struct field readonly[] = {
		NUM(8, 1, 1),		/* NSATTR: write protected */
	};
	struct nvmft_ident_ns_in in = ns_in(true, true, true);

	start();
	put(fields, ARRAY_SIZE(fields));
	nvmft_ident_ns_indep(page, &in);
	compare(test);

	in.readonly = true;
	start();
	put(fields, ARRAY_SIZE(fields));
	put(readonly, ARRAY_SIZE(readonly));
	nvmft_ident_ns_indep(page, &in);
	compare(test);
}

static void iocs(struct kunit *test)
{
	static const struct field fields[] = {
		NUM(0, 8, 1),		/* combination 0: NVM alone */
	};

	start();
	put(fields, ARRAY_SIZE(fields));
	nvmft_ident_iocs(page);
	compare(test);
}

static struct kunit_case ident_cases[] = {
	KUNIT_CASE(ctrl_io),
	KUNIT_CASE(ctrl_io_edges),
	KUNIT_CASE(ctrl_ioccsz),
	KUNIT_CASE(ctrl_disc),
	KUNIT_CASE(ns_plain),
	KUNIT_CASE_PARAM(ns_values, ns_gen_params),
	KUNIT_CASE(ns_descs),
	KUNIT_CASE(ns_descs_sparse),
	KUNIT_CASE(ns_nvm),
	KUNIT_CASE(ctrl_nvm),
	KUNIT_CASE(ns_indep),
	KUNIT_CASE(iocs),
	{}
};

static struct kunit_suite ident_suite = {
	.name = "nvmft_ident",
	.test_cases = ident_cases,
};

kunit_test_suite(ident_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("nvmft: tests of Identify pages");
