// SPDX-License-Identifier: GPL-2.0
/*
 * Data pages of requests.
 *
 * Debian's kernels zero every page they hand out, which for small I/O costs
 * more than moving the data. A queue therefore keeps its pages in magazines,
 * first in, first out, so that the page at the head is the one that TCP has had
 * the longest time to let go of. A page is used again only when the queue holds
 * its sole reference: TCP keeps one until the peer has acknowledged the data,
 * and a retransmission must not carry what a later command put there.
 *
 * A host never sees a byte of a page that the command itself did not fill: a
 * read sends its pages only after the backend has filled all of them, and
 * everything else is copied in full by nvmft_buf_fill().
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include "core/req.h"

static const struct {
	u8	order;
	u16	cap;	/* most pages kept, a power of two */
} mag_kind[NVMFT_NR_MAGAZINES] = {
	{ .order = 0,			.cap = 256 },
	{ .order = NVMFT_BUF_ORDER,	.cap = 128 },
};

#define BIG_LEN		((u32)PAGE_SIZE << NVMFT_BUF_ORDER)

static u16 mag_at(unsigned int kind, u16 index)
{
	return index & (mag_kind[kind].cap - 1);
}

static __always_inline struct page *mag_take(struct nvmft_sq *sq, unsigned int kind, gfp_t gfp)
{
	struct nvmft_magazine *mag = &sq->mag[kind];
	struct page *page;

	if (mag->count) {
		page = mag->ring[mag->head];
		if (page_ref_count(page) == 1) {
			mag->head = mag_at(kind, mag->head + 1);
			mag->count--;
			return page;
		}
	}
	if (!mag_kind[kind].order)
		return alloc_page(gfp);
	/* Worth having when it costs nothing; single pages do as well. */
	gfp &= ~__GFP_DIRECT_RECLAIM;
	gfp |= __GFP_COMP | __GFP_NOWARN | __GFP_NORETRY;
	return alloc_pages(gfp, mag_kind[kind].order);
}

static void mag_give(struct nvmft_sq *sq, struct page *page)
{
	unsigned int kind = PageCompound(page) ? 1 : 0;
	struct nvmft_magazine *mag = &sq->mag[kind];
	u16 cap = mag_kind[kind].cap;

	if (unlikely(!mag->ring)) {
		mag->ring = kmalloc_array(cap, sizeof(*mag->ring), GFP_NOWAIT | __GFP_NOWARN);
		if (!mag->ring)
			goto drop;
	}
	if (mag->count == cap)
		goto drop;
	mag->ring[mag_at(kind, mag->head + mag->count)] = page;
	mag->count++;
	return;
drop:
	put_page(page);
}

/* Entries of the table when big chunks are used as far as they go */
static u32 table_size(u32 len, bool big)
{
	if (!big)
		return DIV_ROUND_UP(len, PAGE_SIZE);
	return len / BIG_LEN + DIV_ROUND_UP(len % BIG_LEN, PAGE_SIZE);
}

static int buf_build(struct nvmft_sq *sq, struct nvmft_buf *buf, u32 len, gfp_t gfp, bool big)
{
	u32 max = table_size(len, big);
	u32 left = len;

	buf->nr = 0;
	buf->bvec = buf->small;
	if (max > NVMFT_BUF_INLINE) {
		buf->bvec = kvmalloc_array(max, sizeof(*buf->bvec), gfp);
		if (!buf->bvec)
			return -ENOMEM;
	}
	while (left) {
		bool chunk = big && left >= BIG_LEN;
		u32 n = chunk ? BIG_LEN : min_t(u32, left, PAGE_SIZE);
		struct page *page = mag_take(sq, chunk, gfp);

		if (!page) {
			nvmft_buf_free(sq, buf);
			return -ENOMEM;
		}
		buf->bvec[buf->nr].bv_page = page;
		buf->bvec[buf->nr].bv_offset = 0;
		buf->bvec[buf->nr].bv_len = n;
		buf->nr++;
		left -= n;
	}
	buf->len = len;
	return 0;
}

/**
 * nvmft_buf_alloc() - pages for one request
 * @sq: queue of the request
 * @buf: without pages
 * @len: bytes, not 0; bounded by MDTS
 * @gfp: how to allocate what the magazines do not have
 *
 * No allocation above order NVMFT_BUF_ORDER is ever made, and none above order
 * 0 is needed. Worker. Return: 0 or -ENOMEM.
 */
int nvmft_buf_alloc(struct nvmft_sq *sq, struct nvmft_buf *buf, u32 len, gfp_t gfp)
{
	if (len <= PAGE_SIZE) {
		struct page *page = mag_take(sq, 0, gfp);

		if (!page)
			return -ENOMEM;
		bvec_set_page(&buf->small[0], page, len, 0);
		buf->bvec = buf->small;
		buf->nr = 1;
		buf->len = len;
		return 0;
	}
	if (len >= BIG_LEN && !buf_build(sq, buf, len, gfp, true))
		return 0;
	return buf_build(sq, buf, len, gfp, false);
}

void nvmft_buf_free(struct nvmft_sq *sq, struct nvmft_buf *buf)
{
	u32 i;

	if (!buf->bvec)
		return;
	for (i = 0; i < buf->nr; i++)
		mag_give(sq, buf->bvec[i].bv_page);
	if (buf->bvec != buf->small)
		kvfree(buf->bvec);
	buf->bvec = NULL;
	buf->nr = 0;
	buf->len = 0;
}

void nvmft_buf_trim(struct nvmft_sq *sq)
{
	unsigned int kind;

	for (kind = 0; kind < NVMFT_NR_MAGAZINES; kind++) {
		struct nvmft_magazine *mag = &sq->mag[kind];

		while (mag->count) {
			put_page(mag->ring[mag->head]);
			mag->head = mag_at(kind, mag->head + 1);
			mag->count--;
		}
		kfree(mag->ring);
		mag->ring = NULL;
		mag->head = 0;
	}
}

/* Pages are never in high memory, so that a range has one address. */
void nvmft_buf_fill(struct nvmft_buf *buf, const void *src, u32 len)
{
	u32 i, n, at = 0;

	for (i = 0; i < buf->nr && at < len; i++, at += n) {
		n = min(buf->bvec[i].bv_len, len - at);
		memcpy(page_address(buf->bvec[i].bv_page), src + at, n);
	}
}

void nvmft_buf_read(const struct nvmft_buf *buf, void *dst, u32 len)
{
	u32 i, n, at = 0;

	for (i = 0; i < buf->nr && at < len; i++, at += n) {
		n = min(buf->bvec[i].bv_len, len - at);
		memcpy(dst + at, page_address(buf->bvec[i].bv_page), n);
	}
}

/* Same bytes? Both have the same length; their tables may be cut differently. */
bool nvmft_buf_equal(const struct nvmft_buf *a, const struct nvmft_buf *b)
{
	u32 ia = 0, ib = 0, oa = 0, ob = 0, n;

	while (ia < a->nr && ib < b->nr) {
		const struct bio_vec *va = &a->bvec[ia], *vb = &b->bvec[ib];

		n = min(va->bv_len - oa, vb->bv_len - ob);
		if (memcmp(page_address(va->bv_page) + oa, page_address(vb->bv_page) + ob, n))
			return false;
		oa += n;
		ob += n;
		if (oa == va->bv_len) {
			ia++;
			oa = 0;
		}
		if (ob == vb->bv_len) {
			ib++;
			ob = 0;
		}
	}
	return true;
}
