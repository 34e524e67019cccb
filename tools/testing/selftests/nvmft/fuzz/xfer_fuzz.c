// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger of R2T data against a map of single bytes: which were asked for, and
 * which have come. Small transfers have the map, large ones its borders alone.
 */
#include "fuzz.h"
#include "ref.h"
#include "proto/xfer.h"

#define MAP_MAX		4096
#define ASKED		1
#define CAME		2

struct model {
	s64 len;
	s64 asked;	/* bytes before were asked for */
	s64 came;	/* bytes before have come */
	u8 map[MAP_MAX];
};

/* Bytes [@from, @to) turn from @old into @new, every one of them. */
static void mark(struct model *m, s64 from, s64 to, u8 old, u8 new)
{
	MUST(0 <= from && from <= to && to <= m->len, "[%lld, %lld) of %lld", (long long)from,
	     (long long)to, (long long)m->len);
	if (m->len > MAP_MAX)
		return;
	for (; from < to; from++) {
		MUST(m->map[from] == old, "byte %lld is %u, not %u", (long long)from,
		     m->map[from], old);
		m->map[from] = new;
	}
}

static void must_agree(const struct nvmft_xfer *x, const struct model *m)
{
	MUST_EQ(x->granted, m->asked);
	MUST_EQ(x->got, m->came);
	MUST_EQ(nvmft_xfer_open(x), m->came < m->asked);
	MUST_EQ(nvmft_xfer_complete(x), m->came == m->len);
}

static void r2t(struct fuzz_in *in, struct nvmft_xfer *x, struct model *m)
{
	u32 max = fuzz_u8(in) & 1 ? fuzz_u32(in) : fuzz_u8(in);
	u32 off = 0xabad1dea, len = 0xabad1dea;
	bool may = m->came == m->asked && m->asked < m->len;

	max = max ?: 1;
	MUST_EQ(nvmft_xfer_r2t_next(x, max, &off, &len), may);
	if (!may) {
		MUST(off == 0xabad1dea && len == 0xabad1dea, "written without an R2T");
		return;
	}
	MUST(len && len <= max, "R2TL %u of %u", len, max);
	MUST_EQ(off, m->asked);
	/* As much as there is, or as much as may be */
	MUST(len == max || off + (s64)len == m->len, "R2TL %u", len);
	mark(m, off, off + (s64)len, 0, ASKED);
	m->asked = off + (s64)len;
}

static struct nvmft_verdict judge(const struct model *m, bool cccid_ok, s64 off, s64 len,
				  s64 carried, bool last)
{
	if (!cccid_ok)
		return ref_term(1, 8);
	if (len != carried)
		return ref_term(1, 16);
	if (off + len > m->asked)
		return ref_term(4, 0);
	if (off != m->came || last != (off + len == m->asked))
		return ref_term(2, 0);
	return (struct nvmft_verdict){ .kind = NVMFT_V_OK };
}

static void h2c(struct fuzz_in *in, struct nvmft_xfer *x, struct model *m,
		const struct nvmft_pdu_params *p)
{
	struct nvme_tcp_data_pdu *pdu = calloc(1, sizeof(*pdu));
	u8 how = fuzz_u8(in), flags = (p->hdgst ? 1 : 0) | (p->ddgst ? 2 : 0);
	u32 pdo = 24 + (p->hdgst ? 4 : 0) + 4 * (how >> 6);
	u32 off = how & 1 ? fuzz_u32(in) : (u32)m->came;
	u32 len = how & 2 ? fuzz_u32(in) : (u32)(m->asked - m->came);
	u32 carried = how & 4 ? fuzz_u32(in) : len;
	bool cccid_ok = !(how & 8), last = how & 16 ? how & 32 : off + (s64)len == m->asked;
	struct nvmft_xfer before = *x;
	struct nvmft_verdict v;

	pdu->hdr.type = nvme_tcp_h2c_data;
	pdu->hdr.flags = flags | (last ? 4 : 0);
	pdu->hdr.hlen = 24;
	pdu->hdr.pdo = pdo;
	pdu->hdr.plen = cpu_to_le32(pdo + carried + (p->ddgst ? 4 : 0));
	pdu->command_id = x->cccid ^ (cccid_ok ? 0 : 0x100);
	pdu->ttag = x->ttag;
	pdu->data_offset = cpu_to_le32(off);
	pdu->data_length = cpu_to_le32(len);
	/* Others do not get as far as the ledger. */
	if (nvmft_pdu_check_ch(&pdu->hdr, p, true).kind == NVMFT_V_OK) {
		v = nvmft_xfer_h2c_check(x, pdu, p);
		must_be_verdict(v, judge(m, cccid_ok, off, len, carried, last));
		MUST(!memcmp(x, &before, sizeof(before)), "a check has changed something");
		if (v.kind == NVMFT_V_OK) {
			mark(m, off, off + (s64)len, ASKED, CAME);
			nvmft_xfer_h2c_commit(x, len);
			m->came = off + (s64)len;
		}
	}
	free(pdu);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct model m;
	struct fuzz_in in = { data, size };
	u8 knobs = fuzz_u8(&in);
	struct nvmft_pdu_params p = {
		.hdgst = knobs & 1,
		.ddgst = knobs & 2,
		.maxh2cdata = NVMFT_MAXH2CDATA,
	};
	struct nvmft_xfer x;
	u32 i;

	memset(&m, 0, sizeof(m));
	m.len = knobs & 4 ? fuzz_u32(&in) : fuzz_u16(&in) % (MAP_MAX + 1);
	m.len = m.len ?: 1;
	nvmft_xfer_start(&x, fuzz_u16(&in), fuzz_u16(&in), m.len);
	must_agree(&x, &m);
	for (i = 0; in.left && i < 256; i++) {
		if (fuzz_u8(&in) & 1)
			h2c(&in, &x, &m, &p);
		else
			r2t(&in, &x, &m);
		must_agree(&x, &m);
	}
	if (nvmft_xfer_complete(&x))
		mark(&m, 0, m.len, CAME, CAME);
	return 0;
}
