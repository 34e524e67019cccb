// SPDX-License-Identifier: GPL-2.0
/* Identify pages of controllers. */
#include "page.h"
#include "proto/sqe.h"

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
	.oncs = 0x1dd,
	.fuses = 0x1,
	.ocfs = 0x5,
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
	NUM(261, 1, 1 << 1 | 1 << 2 | 1 << 5),		/* LPA: effects, extended data, misc. */
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
	NUM(520, 2, 0x1dd),				/* ONCS */
	NUM(522, 2, 0x1),				/* FUSES: compare and write */
	NUM(525, 1, 1 << 0 | 2 << 1),			/* VWC: present, no flush of all */
	NUM(526, 2, 0),					/* AWUN: one block */
	NUM(528, 2, 0),					/* AWUPF: one block */
	NUM(531, 1, 1),					/* NWPC: write protect */
	NUM(532, 2, 0),					/* ACWU: one block */
	NUM(534, 2, 0x5),				/* OCFS */
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
	page_start();
	page_put(io_ctrl_fields, ARRAY_SIZE(io_ctrl_fields));
	nvmft_ident_ctrl(page, &io_ctrl);
	page_compare(test);
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
		NUM(520, 2, 0),
		NUM(522, 2, 0),
		NUM(525, 1, 3 << 1),			/* VWC: absent, flush of all */
		NUM(534, 2, 0),
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
	in.flush_all = true;
	in.oncs = 0;
	in.fuses = 0;
	in.ocfs = 0;

	page_start();
	page_put(io_ctrl_fields, ARRAY_SIZE(io_ctrl_fields));
	page_put(other, ARRAY_SIZE(other));
	memset(want + 768, 'q', 223);
	nvmft_ident_ctrl(page, &in);
	page_compare(test);
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
	page_start();
	page_put(fields, ARRAY_SIZE(fields));
	nvmft_ident_ctrl(page, &in);
	page_compare(test);
}

/* Limits of the commands that are there, and of no other */
static void ctrl_nvm(struct kunit *test)
{
	static const struct {
		u16 oncs;
		struct field f[3];
	} rows[] = {
		{ 1 << 0, { NUM(0, 1, 0) } },			/* Compare: MDTS */
		{ 1 << 2, { NUM(3, 1, 255),			/* DSM: DMRL */
			    NUM(4, 4, 1 << 22),			/* DMRSL */
			    NUM(8, 8, 1 << 24) } },		/* DMSL */
		{ 1 << 3, { NUM(1, 1, 12) } },			/* Write Zeroes: WZSL */
		{ 1 << 7, { NUM(0, 1, 12) } },			/* Verify: VSL */
		{ 1 << 8, { NUM(0, 1, 0) } },			/* Copy: CNS 00h */
	};
	u32 set;
	size_t i;

	for (set = 0; set < 1 << ARRAY_SIZE(rows); set++) {
		u16 oncs = 0;

		page_start();
		for (i = 0; i < ARRAY_SIZE(rows); i++) {
			if (!(set & (1 << i)))
				continue;
			oncs |= rows[i].oncs;
			if (rows[i].f[0].val)
				page_put(rows[i].f, ARRAY_SIZE(rows[i].f));
		}
		nvmft_ident_ctrl_nvm(page, oncs);
		page_compare(test);
	}
}

/* ONCS says neither more nor less than the table of commands. */
static void oncs(struct kunit *test)
{
	static const struct {
		u8 opcode, bit;
	} optional[] = {
		{ 0x05, 0 }, { 0x04, 1 }, { 0x09, 2 }, { 0x08, 3 }, { 0x0d, 5 }, { 0x0c, 7 },
		{ 0x19, 8 },
	};
	u16 want = 1 << 4 | 1 << 6;	/* Select, Timestamp */
	size_t i;

	for (i = 0; i < ARRAY_SIZE(optional); i++)
		if (nvmft_sqe_effects(NVMFT_Q_IO, optional[i].opcode) & 1)
			want |= 1 << optional[i].bit;
	KUNIT_EXPECT_EQ(test, nvmft_ident_oncs(), want);
}

static void iocs(struct kunit *test)
{
	static const struct field fields[] = {
		NUM(0, 8, 1),		/* combination 0: NVM alone */
	};

	page_start();
	page_put(fields, ARRAY_SIZE(fields));
	nvmft_ident_iocs(page);
	page_compare(test);
}

static struct kunit_case ident_cases[] = {
	KUNIT_CASE(ctrl_io),
	KUNIT_CASE(ctrl_io_edges),
	KUNIT_CASE(ctrl_ioccsz),
	KUNIT_CASE(ctrl_disc),
	KUNIT_CASE(ctrl_nvm),
	KUNIT_CASE(oncs),
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
