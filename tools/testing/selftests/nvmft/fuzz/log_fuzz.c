// SPDX-License-Identifier: GPL-2.0
/*
 * Log pages: whatever window a host asks for is a piece of the whole page with
 * zeroes behind it, and the whole page has the length and the fields that the
 * specification gives it.
 */
#include "commands.h"
#include "proto/logpage.h"

#define WHOLE_MAX	(16U << 10)
#define WINDOW_MAX	8192U

/* Everything that a producer is given */
struct inputs {
	u8 page;
	u8 qt;
	u32 n;
	struct nvmft_err_in err;
	struct nvmft_smart_in smart;
	u32 nsids[NVME_MAX_CHANGED_NAMESPACES];
	char text[3][300];
	u8 raw[512];
};

enum { ERROR, SUPPORTED, SMART, FW_SLOT, EFFECTS, CHANGED, ANA, FEATURES, MI, DISCOVERY, RAW,
	PAGES };

static void produce(struct nvmft_cut *cut, const struct inputs *in)
{
	const struct nvmft_disc_in disc = {
		.trtype = in->raw[0], .adrfam = in->raw[1], .subtype = in->raw[2],
		.treq = in->raw[3], .portid = get16(in->raw + 4), .asqsz = get16(in->raw + 6),
		.eflags = get16(in->raw + 8), .trsvcid = in->text[0], .traddr = in->text[1],
		.subnqn = in->text[2],
	};
	u32 i;

	switch (in->page) {
	case ERROR:
		nvmft_log_error(cut, &in->err);
		break;
	case SUPPORTED:
		nvmft_log_supported(cut, in->qt);
		break;
	case SMART:
		nvmft_log_smart(cut, &in->smart);
		break;
	case FW_SLOT:
		nvmft_log_fw_slot(cut, in->text[0]);
		break;
	case EFFECTS:
		nvmft_log_effects(cut);
		break;
	case CHANGED:
		nvmft_log_changed_ns(cut, in->nsids, in->n % 1100);
		break;
	case ANA:
		nvmft_log_ana_hdr(cut, get64(in->raw), get16(in->raw + 8));
		nvmft_log_ana_group(cut, get32(in->raw + 10), get64(in->raw + 14), in->raw[22],
				    in->n % 100);
		for (i = 0; i < in->n % 100; i++)
			nvmft_log_ana_nsid(cut, in->nsids[i]);
		break;
	case FEATURES:
		nvmft_log_features(cut, in->qt);
		break;
	case MI:
		nvmft_log_mi_cmds(cut);
		break;
	case DISCOVERY:
		nvmft_log_disc_hdr(cut, get64(in->raw), get64(in->raw + 8));
		nvmft_log_disc_entry(cut, &disc);
		break;
	default:
		/* Puts and gaps of any length, each up to the end of its source */
		for (i = 0; i < 32; i++) {
			u32 n = get16(in->raw + 2 * i) % (sizeof(in->nsids) + 1);

			if (in->raw[64 + i] & 1)
				nvmft_cut_zero(cut, n);
			else
				nvmft_cut_put(cut, (const u8 *)in->nsids + sizeof(in->nsids) - n, n);
			if (cut->pos > WHOLE_MAX - sizeof(in->nsids))
				break;
		}
	}
}

/* Text to the end of the field, spaces or zeroes behind it */
static void must_be_text(const u8 *b, size_t len, const char *text, size_t most, u8 fill)
{
	size_t n = strnlen(text, most), i;

	for (i = 0; i < len; i++)
		MUST_EQ(b[i], i < n ? (u8)text[i] : fill);
}

static void check_error(const u8 *b, const struct nvmft_err_in *e)
{
	MUST_EQ(get64(b), e->count);
	if (!e->count) {
		MUST(zeroes(b, 64), "an entry that was never made");
		return;
	}
	MUST_EQ(get16(b + 8), e->sqid);
	MUST_EQ(get16(b + 10), e->cid);
	MUST_EQ(get16(b + 12), (u16)(e->status << 1));
	MUST_EQ(get16(b + 14), e->loc);
	MUST_EQ(get64(b + 16), e->lba);
	MUST_EQ(get32(b + 24), e->nsid);
	MUST_EQ(b[28], 0);
	MUST_EQ(b[29], e->trtype);
	MUST_EQ(b[31], e->opcode);
	MUST(zeroes(b + 32, 31), "reserved bytes");
	MUST_EQ(b[63], 1);
}

static void check_smart(const u8 *b, const struct nvmft_smart_in *s)
{
	const u64 vals[] = {
		s->units_read / 1000 + !!(s->units_read % 1000),
		s->units_written / 1000 + !!(s->units_written % 1000), s->host_reads,
		s->host_writes, s->busy_min, 1, s->power_on_hours, 0, s->media_errors,
		s->err_entries,
	};
	u32 i;

	MUST_EQ(b[0], s->readonly ? 8 : 0);
	MUST_EQ(b[3], 100);
	for (i = 0; i < ARRAY_SIZE(vals); i++) {
		MUST_EQ(get64(b + 32 + 16 * i), vals[i]);
		MUST(zeroes(b + 40 + 16 * i, 8), "upper half of counter %u", i);
	}
	MUST(zeroes(b + 192, 320), "reserved bytes");
}

static void check_effects(const u8 *b)
{
	u32 q, op;

	for (q = 0; q < 2; q++)
		for (op = 0; op < 256; op++) {
			u8 sqe[64] = { op };
			bool there = op != 0x7f && command_of(q ? NVMFT_Q_IO : NVMFT_Q_ADMIN, sqe);

			MUST_EQ(get32(b + 1024 * q + 4 * op) & 1, there);
		}
}

static void check_changed(const u8 *b, const u32 *nsids, u32 n)
{
	u32 i;

	if (n > 1024)
		MUST_EQ(get32(b), 0xffffffff);
	for (i = n > 1024 ? 1 : 0; i < 1024; i++)
		MUST_EQ(get32(b + 4 * i), n <= 1024 && i < n ? nsids[i] : 0);
}

static void check_ana(const u8 *b, const struct inputs *in)
{
	u32 i;

	MUST(!memcmp(b, in->raw, 10) && zeroes(b + 10, 6), "header");
	MUST(!memcmp(b + 16, in->raw + 10, 4), "group");
	MUST_EQ(get32(b + 20), in->n % 100);
	MUST(!memcmp(b + 24, in->raw + 14, 9) && zeroes(b + 33, 15), "change count, state");
	for (i = 0; i < in->n % 100; i++)
		MUST_EQ(get32(b + 48 + 4 * i), in->nsids[i]);
}

static void check_discovery(const u8 *b, const struct inputs *in)
{
	MUST(!memcmp(b, in->raw, 16) && zeroes(b + 16, 1008), "header");
	b += 1024;
	MUST(!memcmp(b, in->raw, 6), "TRTYPE to PORTID");
	MUST_EQ(get16(b + 6), 0xffff);
	MUST(!memcmp(b + 8, in->raw + 6, 4) && zeroes(b + 12, 20), "ASQSZ, EFLAGS");
	must_be_text(b + 32, 32, in->text[0], 32, ' ');
	MUST(zeroes(b + 64, 192), "reserved bytes");
	must_be_text(b + 256, 256, in->text[2], 223, 0);
	must_be_text(b + 512, 256, in->text[1], 256, ' ');
	MUST(zeroes(b + 768, 256), "TSAS");
}

static void check_lids(const u8 *b, u8 qt)
{
	static const u8 ctrl[] = { 0, 1, 2, 3, 4, 5, 0x0c, 0x12, 0x13 }, disc[] = { 0, 0x70 };
	u32 lid, i;

	for (lid = 0; lid < 256; lid++) {
		u32 there = 0;

		for (i = 0; i < ARRAY_SIZE(ctrl); i++)
			there |= qt == NVMFT_Q_ADMIN && ctrl[i] == lid;
		for (i = 0; i < ARRAY_SIZE(disc); i++)
			there |= qt == NVMFT_Q_DISC && disc[i] == lid;
		MUST_EQ(get32(b + 4 * lid), there);
		MUST_EQ(nvmft_log_is_supported(qt, lid), there);
	}
}

static void check_fids(const u8 *b, u8 qt)
{
	u32 i;

	for (i = 0; i < 256; i++) {
		u8 sqe[64] = { [40] = i };
		const struct fid *f = fid_of_sqe(sqe);

		MUST_EQ(get32(b + 4 * i) & 1, f && (qt != NVMFT_Q_DISC || f->disc));
	}
}

/* The whole page of @size bytes */
static void check_page(const u8 *b, u64 size, const struct inputs *in)
{
	static const u32 sizes[PAGES] = { 64, 1024, 512, 512, 4096, 4096, 0, 1024, 4096, 2048 };

	if (in->page == ANA)
		MUST_EQ(size, 48 + in->n % 100 * 4);
	else if (in->page != RAW)
		MUST_EQ(size, sizes[in->page]);
	switch (in->page) {
	case ERROR:
		check_error(b, &in->err);
		break;
	case SUPPORTED:
		check_lids(b, in->qt);
		break;
	case SMART:
		check_smart(b, &in->smart);
		break;
	case FW_SLOT:
		MUST_EQ(b[0], 1);
		must_be_text(b + 8, 8, in->text[0], 8, ' ');
		MUST(zeroes(b + 1, 7) && zeroes(b + 16, 496), "reserved bytes");
		break;
	case EFFECTS:
		check_effects(b);
		break;
	case CHANGED:
		check_changed(b, in->nsids, in->n % 1100);
		break;
	case ANA:
		check_ana(b, in);
		break;
	case FEATURES:
		check_fids(b, in->qt);
		break;
	case MI:
		MUST(zeroes(b, 4096), "there is no command");
		break;
	case DISCOVERY:
		check_discovery(b, in);
		break;
	}
}

static void check_window(const u8 *whole, u64 size, const struct inputs *in, u64 from, u32 len)
{
	u8 *b = malloc(len ? len : 1);
	struct nvmft_cut cut;
	u32 i;

	memset(b, 0xa5, len);
	nvmft_cut_init(&cut, b, len, from);
	produce(&cut, in);
	MUST_EQ(cut.pos, size);
	MUST_EQ(nvmft_cut_beyond(&cut), from > size);
	for (i = 0; i < len; i++)
		MUST_EQ(b[i], from < size && i < size - from ? whole[from + i] : 0);
	free(b);
}

/* Counts that no page has, and offsets that no sum may wrap with */
static void check_extremes(u64 from, u64 a, u64 b)
{
	unsigned __int128 end = (unsigned __int128)a + b;
	struct nvmft_cut cut;
	u8 dst[16];

	nvmft_cut_init(&cut, dst, sizeof(dst), from);
	nvmft_cut_zero(&cut, a);
	nvmft_cut_zero(&cut, b);
	MUST_EQ(cut.pos, end > U64_MAX ? U64_MAX : (u64)end);
	nvmft_cut_put(&cut, "x", 1);
	if (from < U64_MAX)
		MUST_EQ(dst[0], from == end ? 'x' : 0);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static u8 whole[WHOLE_MAX];
	static struct inputs p;
	struct fuzz_in in = { data, size };
	struct nvmft_cut cut;
	u32 len, i;
	u64 from;

	memset(&p, 0, sizeof(p));
	p.page = fuzz_u8(&in) % PAGES;
	p.qt = fuzz_u8(&in) % NVMFT_Q_NR;
	len = fuzz_u16(&in) % (WINDOW_MAX + 1);
	from = fuzz_u8(&in) & 1 ? fuzz_u64(&in) : fuzz_u16(&in);
	p.n = fuzz_u16(&in);
	p.err = (struct nvmft_err_in){
		.count = fuzz_u64(&in), .lba = fuzz_u64(&in), .nsid = fuzz_u32(&in),
		.sqid = fuzz_u16(&in), .cid = fuzz_u16(&in), .status = fuzz_u16(&in),
		.loc = fuzz_u16(&in), .opcode = fuzz_u8(&in), .trtype = fuzz_u8(&in),
	};
	p.smart = (struct nvmft_smart_in){
		.units_read = fuzz_u64(&in), .units_written = fuzz_u64(&in),
		.host_reads = fuzz_u64(&in), .host_writes = fuzz_u64(&in),
		.busy_min = fuzz_u64(&in), .power_on_hours = fuzz_u64(&in),
		.media_errors = fuzz_u64(&in), .err_entries = fuzz_u64(&in),
		.readonly = fuzz_u8(&in) & 1,
	};
	fuzz_bytes(&in, p.raw, sizeof(p.raw));
	fuzz_bytes(&in, p.text[0], 64);
	fuzz_bytes(&in, p.text[1], 270);
	fuzz_bytes(&in, p.text[2], 299);
	for (i = 0; i < ARRAY_SIZE(p.nsids); i++)
		p.nsids[i] = i < 8 ? fuzz_u32(&in) : p.nsids[i % 8] + i;

	nvmft_cut_init(&cut, whole, sizeof(whole), 0);
	produce(&cut, &p);
	check_page(whole, cut.pos, &p);
	check_window(whole, cut.pos, &p, from, len);
	check_extremes(from, p.smart.units_read, p.smart.units_written);
	return 0;
}
