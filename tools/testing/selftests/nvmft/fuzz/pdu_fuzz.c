// SPDX-License-Identifier: GPL-2.0
/*
 * Common headers and the ICReq against the rules of unit/ref.h; built headers, as
 * a host reads them.
 */
#include "fuzz.h"
#include "ref.h"

static struct nvmft_pdu_params read_params(struct fuzz_in *in)
{
	static const u32 icd[] = { 8192, 0, 16, 4096, 16384, 65536 };
	static const u32 h2c[] = { NVMFT_MAXH2CDATA, 4, 128, 4096 };
	u8 flags = fuzz_u8(in);

	return (struct nvmft_pdu_params){
		.hdgst = flags & 1,
		.ddgst = flags & 2,
		.hpda = fuzz_u8(in) % (NVMFT_PDA_MAX + 1),
		.icd_max = FUZZ_PICK(in, icd),
		.maxh2cdata = FUZZ_PICK(in, h2c),
	};
}

/* Every length that follows from an accepted header, against the whole PDU */
static void check_lengths(const struct nvme_tcp_hdr *ch, const struct nvmft_pdu_params *p,
			  const struct ref_hdr *h)
{
	u64 hdr = nvmft_pdu_hdr_len(ch, p), pad = nvmft_pdu_pad_len(ch, p);
	u64 data = nvmft_pdu_data_len(ch, p);

	MUST_EQ(hdr, h->hlen + h->hdgst);
	MUST_EQ(pad, h->pad);
	MUST_EQ(data, h->data);
	MUST_EQ(hdr + pad + data + h->ddgst, h->plen);
	MUST(h->hlen <= (int)sizeof(union nvmft_pdu), "hlen %d", h->hlen);
	MUST(pad < 256, "%llu bytes of padding", (unsigned long long)pad);
	if (h->type == nvme_tcp_cmd)
		MUST(data <= p->icd_max, "%llu in-capsule bytes", (unsigned long long)data);
	if (h->type == nvme_tcp_h2c_data)
		MUST(data && data <= p->maxh2cdata, "%llu bytes", (unsigned long long)data);
	if (h->type == nvme_tcp_h2c_term)
		MUST(data <= NVMFT_TERM_DATA_MAX, "%llu bytes", (unsigned long long)data);
}

static void check_header(struct fuzz_in *in, const struct nvmft_pdu_params *p, bool live)
{
	struct nvme_tcp_hdr *ch = fuzz_copy(in, sizeof(*ch));
	struct nvmft_verdict v = nvmft_pdu_check_ch(ch, p, live);
	struct ref_hdr h;

	must_be_verdict(v, ref_check((const u8 *)ch, p, live, &h));
	if (v.kind == NVMFT_V_OK)
		check_lengths(ch, p, &h);
	free(ch);
}

static void check_icreq(struct fuzz_in *in, struct nvmft_pdu_params p)
{
	u8 *b = fuzz_copy(in, NVMFT_HLEN_IC);
	const struct nvme_tcp_icreq_pdu *icreq = (void *)b;
	struct nvmft_verdict v = nvmft_pdu_check_icreq(icreq);

	if (get16(b + 8))
		must_be_verdict(v, ref_term(6, 8));
	else if (b[10] > 31)
		must_be_verdict(v, ref_term(1, 10));
	else if (b[11] > 3)
		must_be_verdict(v, ref_term(1, 11));
	else
		MUST_EQ(v.kind, NVMFT_V_OK);
	if (v.kind == NVMFT_V_OK) {
		nvmft_pdu_apply_icreq(&p, icreq);
		MUST_EQ(p.hdgst, b[11] & 1);
		MUST_EQ(p.ddgst, b[11] >> 1);
		MUST_EQ(p.hpda, b[10]);
		MUST_EQ(p.maxr2t, get32(b + 12) + 1ULL);
	}
	free(b);
}

/* Type, flags, HLEN, PDO, PLEN of a header that was built */
static void must_be_ch(const u8 *b, u8 type, u8 flags, u8 hlen, u8 pdo, u64 plen)
{
	MUST_EQ(b[0], type);
	MUST_EQ(b[1], flags);
	MUST_EQ(b[2], hlen);
	MUST_EQ(b[3], pdo);
	MUST_EQ(get32(b + 4), plen);
}

static void build_short(struct fuzz_in *in, const struct nvmft_pdu_params *p)
{
	u16 cid = fuzz_u16(in), tag = fuzz_u16(in);
	u32 off = fuzz_u32(in), len = fuzz_u32(in), dg = p->hdgst ? 4 : 0;
	u8 *b = malloc(NVMFT_HLEN_IC);
	struct nvme_completion cqe;

	MUST_EQ(nvmft_pdu_build_icresp((void *)b, p), 128);
	must_be_ch(b, 1, 0, 128, 0, 128);
	MUST_EQ(get16(b + 8), 0);
	MUST_EQ(b[10], 0);
	MUST_EQ(b[11], p->hdgst + 2 * p->ddgst);
	MUST_EQ(get32(b + 12), p->maxh2cdata);
	MUST(zeroes(b + 16, 112), "reserved bytes");
	free(b);

	b = malloc(NVMFT_HLEN_R2T);
	MUST_EQ(nvmft_pdu_build_r2t((void *)b, p, cid, tag, off, len), 24);
	must_be_ch(b, 9, p->hdgst, 24, 0, 24 + dg);
	MUST(!memcmp(b + 8, &cid, 2) && !memcmp(b + 10, &tag, 2), "CCCID, TTAG");
	MUST_EQ(get32(b + 12), off);
	MUST_EQ(get32(b + 16), len);
	MUST(zeroes(b + 20, 4), "reserved bytes");

	fuzz_bytes(in, &cqe, sizeof(cqe));
	MUST_EQ(nvmft_pdu_build_rsp((void *)b, p, &cqe), 24);
	must_be_ch(b, 5, p->hdgst, 24, 0, 24 + dg);
	MUST(!memcmp(b + 8, &cqe, sizeof(cqe)), "CQE");
	MUST_EQ(nvmft_pdu_may_succeed(&cqe, cid & 1),
		!(cid & 1) && zeroes((u8 *)&cqe, 8) && zeroes((u8 *)&cqe + 14, 2));
	free(b);
}

static void build_c2h(struct fuzz_in *in, const struct nvmft_pdu_params *p)
{
	u32 off = fuzz_u32(in), len = 1 + fuzz_u32(in) % (1U << 30), pad = 0xdead;
	bool success = fuzz_u8(in) & 1;
	u8 *b = malloc(NVMFT_HLEN_DATA);
	u16 cid = fuzz_u16(in);
	u64 pdo;

	MUST_EQ(nvmft_pdu_build_c2h((void *)b, p, cid, off, len, success, &pad), 24);
	pdo = 24 + (p->hdgst ? 4 : 0) + pad;
	/* The first multiple behind the header */
	MUST_EQ(pdo % (4 * (p->hpda + 1)), 0);
	MUST(pad < 4 * (p->hpda + 1U), "%u bytes of padding", pad);
	must_be_ch(b, 7, p->hdgst + 2 * p->ddgst + 4 + 8 * success, 24, pdo,
		   pdo + len + (p->ddgst ? 4 : 0));
	MUST(!memcmp(b + 8, &cid, 2), "CCCID");
	MUST(zeroes(b + 10, 2) && zeroes(b + 20, 4), "reserved bytes");
	MUST_EQ(get32(b + 12), off);
	MUST_EQ(get32(b + 16), len);
	free(b);
}

static void build_term(struct fuzz_in *in)
{
	u32 fei = fuzz_u32(in), len = fuzz_u8(in), sent = min(len, 128U);
	u8 *b = malloc(24 + 128), fes = fuzz_u8(in), *bad = fuzz_copy(in, len);

	MUST_EQ(nvmft_pdu_build_term(b, fes, fei, bad, len), 24 + sent);
	must_be_ch(b, 3, 0, 24, 0, 24 + sent);
	MUST_EQ(get16(b + 8), fes);
	MUST_EQ(get32(b + 10), fei);
	MUST(zeroes(b + 14, 10), "reserved bytes");
	MUST(!memcmp(b + 24, bad, sent), "offending header");
	free(bad);
	free(b);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_in in = { data, size };
	struct nvmft_pdu_params p = read_params(&in);
	u8 what = fuzz_u8(&in);

	switch (what & 7) {
	case 0:
		check_icreq(&in, p);
		break;
	case 1:
		build_short(&in, &p);
		break;
	case 2:
		build_c2h(&in, &p);
		break;
	case 3:
		build_term(&in);
		break;
	default:
		check_header(&in, &p, what & 8);
	}
	return 0;
}
