// SPDX-License-Identifier: GPL-2.0
/* Identify pages of namespaces, and what sizes of a device become in them. */
#include "page.h"

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

	page_start();
	page_put(ns_fields, ARRAY_SIZE(ns_fields));
	nvmft_ident_ns(page, &in);
	page_compare(test);
}

struct ns_row {
	const char *desc;
	struct nvmft_ident_ns_in in;
	struct field f[13];
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
	{ "no access: nobody knows what is in use",
	  { .nsze = 8, .lba_shift = 9, .anagrpid = 3, .lost = true },
	  { NUM(0, 8, 8), NUM(8, 8, 8), NUM(48, 8, 4096), NUM(92, 4, 3), NUM(130, 1, 9) } },
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
	{ "deallocation",
	  { .nsze = 8, .lba_shift = 9, .npwg = 1, .npdg = 128, .npda = 64, .dlfeat = 0x9 },
	  { NUM(0, 8, 8), NUM(8, 8, 8), NUM(16, 8, 8), NUM(24, 1, 0x10), NUM(33, 1, 0x9),
	    NUM(48, 8, 4096), NUM(68, 2, 127), NUM(70, 2, 63), NUM(130, 1, 9) } },
	{ "deallocation beyond the field",
	  { .nsze = 8, .lba_shift = 9, .npwg = 1, .npdg = 65537, .npda = 0xffffffff },
	  { NUM(0, 8, 8), NUM(8, 8, 8), NUM(16, 8, 8), NUM(24, 1, 0x10), NUM(48, 8, 4096),
	    NUM(68, 2, 0xffff), NUM(70, 2, 0xffff), NUM(130, 1, 9) } },
	{ "atomic writes",
	  { .nsze = 8, .lba_shift = 9, .atomic = 8 },
	  { NUM(0, 8, 8), NUM(8, 8, 8), NUM(16, 8, 8), NUM(24, 1, 0x02), NUM(34, 2, 7),
	    NUM(36, 2, 7), NUM(40, 2, 7), NUM(44, 2, 7), NUM(48, 8, 4096), NUM(130, 1, 9) } },
	{ "atomic writes of one block: no boundary",
	  { .nsze = 8, .lba_shift = 9, .atomic = 1 },
	  { NUM(0, 8, 8), NUM(8, 8, 8), NUM(16, 8, 8), NUM(24, 1, 0x02), NUM(48, 8, 4096),
	    NUM(130, 1, 9) } },
	{ "atomic compare and write",
	  { .nsze = 8, .lba_shift = 9, .nacwu = 128 },
	  { NUM(0, 8, 8), NUM(8, 8, 8), NUM(16, 8, 8), NUM(24, 1, 0x02), NUM(38, 2, 127),
	    NUM(48, 8, 4096), NUM(130, 1, 9) } },
	{ "atomic writes and write sizes",
	  { .nsze = 8, .lba_shift = 9, .atomic = 2, .npwg = 2, .npwa = 2, .nows = 4 },
	  { NUM(0, 8, 8), NUM(8, 8, 8), NUM(16, 8, 8), NUM(24, 1, 0x12), NUM(34, 2, 1),
	    NUM(36, 2, 1), NUM(40, 2, 1), NUM(44, 2, 1), NUM(48, 8, 4096), NUM(64, 2, 1),
	    NUM(66, 2, 1), NUM(72, 2, 3), NUM(130, 1, 9) } },
	{ "copy",
	  { .nsze = 8, .lba_shift = 9, .mssrl = 0xfedc, .mcl = 0x12345678, .msrc = 255 },
	  { NUM(0, 8, 8), NUM(8, 8, 8), NUM(16, 8, 8), NUM(48, 8, 4096), NUM(74, 2, 0xfedc),
	    NUM(76, 4, 0x12345678), NUM(80, 1, 255), NUM(130, 1, 9) } },
	{ "no copy: its limits say nothing",
	  { .nsze = 8, .lba_shift = 9, .mcl = 5, .msrc = 6 },
	  { NUM(0, 8, 8), NUM(8, 8, 8), NUM(16, 8, 8), NUM(48, 8, 4096), NUM(130, 1, 9) } },
};

static void ns_desc(const struct ns_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(ns, ns_rows, ns_desc);

static void ns_values(struct kunit *test)
{
	const struct ns_row *r = test->param_value;

	page_start();
	want[30] = 1;
	page_put(r->f, ARRAY_SIZE(r->f));
	nvmft_ident_ns(page, &r->in);
	page_compare(test);
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
		page_start();
		page_put(f, n);
		nvmft_ident_ns_descs(page, &in);
		page_compare(test);
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

	page_start();
	nvmft_ident_ns_nvm(page, &in);
	page_compare(test);
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

	page_start();
	page_put(fields, ARRAY_SIZE(fields));
	nvmft_ident_ns_indep(page, &in);
	page_compare(test);

	in.readonly = true;
	page_start();
	page_put(fields, ARRAY_SIZE(fields));
	page_put(readonly, ARRAY_SIZE(readonly));
	nvmft_ident_ns_indep(page, &in);
	page_compare(test);
}

/* What a device prefers, in bytes, and what hosts are told, in blocks */
struct size_row {
	const char *desc;
	u8 shift;
	struct nvmft_ident_sizes s;
	u32 npwa, npwg, nows, npdg, atomic;
};

#define K	1024U
#define M	(1024U * K)

static const struct size_row size_rows[] = {
	{ "a device that says nothing", 9, { .mdts = M }, 0, 0, 0, 0, 0 },
	{ "512-byte disk", 9,
	  { .phys = 512, .io_min = 512, .atomic = 512, .mdts = M }, 1, 1, 1, 0, 1 },
	{ "512e disk", 9,
	  { .phys = 4 * K, .io_min = 4 * K, .atomic = 4 * K, .mdts = M }, 8, 8, 8, 0, 8 },
	{ "4 KiB disk", 12,
	  { .phys = 4 * K, .io_min = 4 * K, .atomic = 4 * K, .mdts = M }, 1, 1, 1, 0, 1 },
	{ "RAID: chunk and stripe", 9,
	  { .phys = 4 * K, .io_min = 64 * K, .io_opt = 256 * K, .mdts = M }, 8, 128, 512, 0, 0 },
	{ "thin volume", 9,
	  { .phys = 512, .io_min = 64 * K, .io_opt = 64 * K, .discard = 64 * K, .mdts = M },
	  1, 128, 128, 128, 0 },

	/* Nothing above MDTS */
	{ "stripe as large as MDTS", 9,
	  { .phys = 512, .io_min = 64 * K, .io_opt = M, .mdts = M }, 1, 128, 2048, 0, 0 },
	{ "stripe above MDTS", 9,
	  { .phys = 512, .io_min = 64 * K, .io_opt = 2 * M, .mdts = M }, 1, 128, 128, 0, 0 },
	{ "chunk above MDTS", 9,
	  { .phys = 4 * K, .io_min = 2 * M, .io_opt = 8 * M, .mdts = M }, 8, 8, 8, 0, 0 },
	{ "physical block above MDTS", 9,
	  { .phys = 16 * K, .io_min = 16 * K, .atomic = 16 * K, .mdts = 8 * K }, 0, 0, 0, 0, 0 },
	{ "deallocation may be above MDTS", 9,
	  { .phys = 512, .discard = 4 * M, .mdts = 8 * K }, 1, 1, 1, 8192, 0 },

	/* Nothing above what 16 bits can say */
	{ "65536 blocks", 9,
	  { .phys = 512, .io_min = 32 * M, .io_opt = 32 * M, .mdts = ~0U },
	  1, 65536, 65536, 0, 0 },
	{ "65537 blocks", 9,
	  { .phys = 512, .io_min = 32 * M + 512, .io_opt = 32 * M + 512, .mdts = ~0U },
	  1, 1, 1, 0, 0 },

	/* Multiples of each other */
	{ "stripe that is no multiple of the chunk", 9,
	  { .phys = 512, .io_min = 64 * K, .io_opt = 96 * K, .mdts = M }, 1, 128, 128, 0, 0 },
	{ "chunk that is no multiple of the physical block", 9,
	  { .phys = 4 * K, .io_min = 6 * K, .io_opt = 12 * K, .mdts = M }, 8, 8, 24, 0, 0 },
	{ "smaller than a block", 12,
	  { .phys = 512, .io_min = 512, .io_opt = 512, .discard = 512, .atomic = 512,
	    .mdts = M }, 0, 0, 0, 0, 0 },
	{ "no whole number of blocks", 12,
	  { .phys = 4 * K, .io_min = 6 * K, .io_opt = 10 * K, .discard = 6 * K, .mdts = M },
	  1, 1, 1, 0, 0 },
	{ "chunk below the physical block", 9,
	  { .phys = 4 * K, .io_min = 512, .io_opt = 0, .mdts = M }, 8, 8, 8, 0, 0 },
};

static void size_desc(const struct size_row *row, char *desc)
{
	strcpy(desc, row->desc);
}

KUNIT_ARRAY_PARAM(size, size_rows, size_desc);

static void sizes(struct kunit *test)
{
	const struct size_row *r = test->param_value;
	struct nvmft_ident_ns_in in = { .lba_shift = r->shift };

	nvmft_ident_ns_sizes(&in, &r->s);
	KUNIT_EXPECT_EQ(test, in.npwa, r->npwa);
	KUNIT_EXPECT_EQ(test, in.npwg, r->npwg);
	KUNIT_EXPECT_EQ(test, in.nows, r->nows);
	KUNIT_EXPECT_EQ(test, in.npdg, r->npdg);
	KUNIT_EXPECT_EQ(test, in.npda, r->npdg);
	KUNIT_EXPECT_EQ(test, in.atomic, r->atomic);
}

static struct kunit_case ident_ns_cases[] = {
	KUNIT_CASE(ns_plain),
	KUNIT_CASE_PARAM(ns_values, ns_gen_params),
	KUNIT_CASE(ns_descs),
	KUNIT_CASE(ns_descs_sparse),
	KUNIT_CASE(ns_nvm),
	KUNIT_CASE(ns_indep),
	KUNIT_CASE_PARAM(sizes, size_gen_params),
	{}
};

static struct kunit_suite ident_ns_suite = {
	.name = "nvmft_ident_ns",
	.test_cases = ident_ns_cases,
};

kunit_test_suite(ident_ns_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("nvmft: tests of Identify pages of namespaces");
