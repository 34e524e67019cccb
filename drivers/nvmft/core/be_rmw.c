// SPDX-License-Identifier: GPL-2.0
/*
 * A backend that stands on another one and offers smaller blocks than that has,
 * as ESXi needs them on disks with blocks of 4 KiB.
 *
 * What covers whole blocks of the device goes straight through. A read of a part
 * reads the whole blocks and copies; a write of a part reads the blocks at its
 * ends, puts its bytes in, and writes whole blocks. Between the read and the
 * write nobody else may write those blocks, not even other bytes of them, so
 * every write holds a lock on the blocks it touches: shared for whole blocks,
 * alone for parts. So does a discard: what it took would be back otherwise.
 *
 * Granted locks and ended reads can come in an interrupt, where nothing may be
 * submitted; what follows runs on a workqueue.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "core/backend.h"
#include "core/range.h"

struct rmw_backend {
	struct nvmft_backend	be;
	struct nvmft_backend	*lower;
	struct nvmft_ranges	ranges;
	u8			shift;	/* offered */
	u32			block;	/* the device's, bytes */
};

/**
 * struct rmw_io - an io that takes more than being passed on
 * @b: where
 * @io: the io
 * @range: its lock, in bytes; not with READ
 * @sub: what the device is doing for it
 * @work: runs @step
 * @step: what comes next
 * @err: how @sub ended
 * @at: first byte that is not done
 * @first: first byte of the device's blocks in @bvec
 * @bvec: pages with whole blocks of the device, or NULL
 * @nr: entries of @bvec
 */
struct rmw_io {
	struct rmw_backend	*b;
	struct nvmft_io		*io;
	struct nvmft_range	range;
	struct nvmft_io		sub;
	struct work_struct	work;
	void			(*step)(struct rmw_io *r);
	int			err;
	u64			at;
	u64			first;
	struct bio_vec		*bvec;
	unsigned int		nr;
};

static struct workqueue_struct *rmw_wq;

static struct rmw_backend *to_rmw(struct nvmft_backend *be)
{
	return container_of(be, struct rmw_backend, be);
}

static u64 io_end(const struct nvmft_io *io)
{
	return io->pos + io->len;
}

static void drop_pages(struct rmw_io *r)
{
	while (r->nr)
		__free_page(r->bvec[--r->nr].bv_page);
	kvfree(r->bvec);
	r->bvec = NULL;
}

static void rmw_end(struct rmw_io *r, int err)
{
	struct nvmft_io *io = r->io;

	drop_pages(r);
	if (io->op != NVMFT_IO_READ)
		nvmft_range_unlock(&r->b->ranges, &r->range, 1);
	kfree(r);
	io->done(io, err);
}

static void rmw_work(struct work_struct *work)
{
	struct rmw_io *r = container_of(work, struct rmw_io, work);

	if (r->err)
		rmw_end(r, r->err);
	else
		r->step(r);
}

static void sub_done(struct nvmft_io *sub, int err)
{
	struct rmw_io *r = container_of(sub, struct rmw_io, sub);

	r->err = err;
	queue_work(rmw_wq, &r->work);
}

static void sub_submit(struct rmw_io *r, enum nvmft_io_op op, u64 pos, u64 len,
		       struct bio_vec *bvec, unsigned int nr, void (*step)(struct rmw_io *r))
{
	r->step = step;
	r->sub = (struct nvmft_io){
		.op = op, .pos = pos, .len = len, .bvec = bvec, .nr = nr, .done = sub_done,
		.fua = op != NVMFT_IO_READ && r->io->fua,
		.unmap = r->io->unmap,
		.failfast = r->io->failfast,
	};
	r->b->lower->ops->submit(r->b->lower, &r->sub);
}

/* Pages for the device's blocks from @first on, up to @end. */
static bool get_pages(struct rmw_io *r, u64 first, u64 end)
{
	unsigned int nr = (end - first) >> PAGE_SHIFT;

	r->first = first;
	r->bvec = kvcalloc(nr, sizeof(*r->bvec), GFP_NOIO);
	if (!r->bvec)
		return false;
	for (r->nr = 0; r->nr < nr; r->nr++) {
		struct page *page = alloc_page(GFP_NOIO);

		if (!page)
			return false;
		r->bvec[r->nr].bv_page = page;
		r->bvec[r->nr].bv_len = PAGE_SIZE;
	}
	return true;
}

/* The byte @pos of the device in our pages, and how many follow it there */
static void *page_at(struct rmw_io *r, u64 pos, u32 *room)
{
	u64 off = pos - r->first;

	*room = PAGE_SIZE - offset_in_page(off);
	return page_address(r->bvec[off >> PAGE_SHIFT].bv_page) + offset_in_page(off);
}

/* Between the io's pages and ours: its bytes from @pos up to @end */
static void copy_bytes(struct rmw_io *r, u64 pos, u64 end, bool to_io)
{
	const struct nvmft_io *io = r->io;
	u64 at = io->pos;
	unsigned int i;

	for (i = 0; i < io->nr && at < end; at += io->bvec[i++].bv_len) {
		u64 from = max(pos, at), to = min(end, at + io->bvec[i].bv_len);

		while (from < to) {
			void *p = bvec_virt(&io->bvec[i]) + (from - at);
			u32 room, n;
			void *q = page_at(r, from, &room);

			n = min_t(u64, room, to - from);
			memcpy(to_io ? p : q, to_io ? q : p, n);
			from += n;
		}
	}
}

static void zero_bytes(struct rmw_io *r, u64 pos, u64 end)
{
	while (pos < end) {
		u32 room, n;
		void *q = page_at(r, pos, &room);

		n = min_t(u64, room, end - pos);
		memset(q, 0, n);
		pos += n;
	}
}

/* --- reads --- */

static void read_copy(struct rmw_io *r)
{
	copy_bytes(r, r->io->pos, io_end(r->io), true);
	rmw_end(r, 0);
}

static void read_part(struct rmw_io *r)
{
	const struct nvmft_io *io = r->io;
	u64 first = round_down(io->pos, r->b->block);
	u64 end = round_up(io_end(io), r->b->block);

	if (!get_pages(r, first, end)) {
		rmw_end(r, -ENOMEM);
		return;
	}
	sub_submit(r, NVMFT_IO_READ, first, end - first, r->bvec, r->nr, read_copy);
}

/* --- writes --- */

static void write_next(struct rmw_io *r);

/* Bytes from r->at up to here are bounced at once: a write whole, zeroes by block */
static u64 part_end(const struct rmw_io *r)
{
	u64 end = io_end(r->io);

	if (r->io->op == NVMFT_IO_ZERO)
		end = min_t(u64, end, round_down(r->at, r->b->block) + r->b->block);
	return end;
}

/* The ends are there: put the new bytes between them, and write it all. */
static void part_write(struct rmw_io *r)
{
	u64 from = r->at, to = part_end(r);

	if (r->io->op == NVMFT_IO_ZERO)
		zero_bytes(r, from, to);
	else
		copy_bytes(r, from, to, false);
	r->at = to;
	sub_submit(r, NVMFT_IO_WRITE, r->first, (u64)r->nr << PAGE_SHIFT, r->bvec, r->nr,
		   write_next);
}

/* The block at the end, unless it is the one at the beginning */
static void part_read_tail(struct rmw_io *r)
{
	unsigned int pages = r->b->block >> PAGE_SHIFT;
	u64 tail = round_down(part_end(r), r->b->block);

	if (tail == part_end(r) || tail == r->first)
		part_write(r);
	else
		sub_submit(r, NVMFT_IO_READ, tail, r->b->block, r->bvec + r->nr - pages, pages,
			   part_write);
}

static void part_start(struct rmw_io *r)
{
	unsigned int pages = r->b->block >> PAGE_SHIFT;
	u64 first = round_down(r->at, r->b->block);
	u64 end = round_up(part_end(r), r->b->block);

	drop_pages(r);
	if (!get_pages(r, first, end)) {
		rmw_end(r, -ENOMEM);
		return;
	}
	/* A whole first block needs no reading, but then the last one does. */
	if (first == r->at && part_end(r) - first >= r->b->block)
		part_read_tail(r);
	else
		sub_submit(r, NVMFT_IO_READ, first, r->b->block, r->bvec, pages,
			   part_read_tail);
}

/* The lock is held: whole blocks are the device's business, parts are ours. */
static void write_next(struct rmw_io *r)
{
	struct nvmft_io *io = r->io;
	u64 whole = round_down(io_end(io), r->b->block);

	if (r->at == io_end(io)) {
		rmw_end(r, 0);
	} else if (!(r->at % r->b->block) && whole == io_end(io) && r->at == io->pos) {
		r->at = whole;
		sub_submit(r, io->op, io->pos, io->len, io->bvec, io->nr, write_next);
	} else if (io->op == NVMFT_IO_ZERO && !(r->at % r->b->block) && r->at < whole) {
		u64 at = r->at;

		r->at = whole;
		sub_submit(r, io->op, at, whole - at, NULL, 0, write_next);
	} else {
		part_start(r);
	}
}

static void lock_granted(struct nvmft_range *range)
{
	struct rmw_io *r = container_of(range, struct rmw_io, range);

	queue_work(rmw_wq, &r->work);
}

/* Lock the device's blocks from @first up to @end, alone if for a @part, and go on. */
static void lock_blocks(struct rmw_io *r, u64 first, u64 end, bool part,
			void (*step)(struct rmw_io *r))
{
	r->step = step;
	r->range.granted = lock_granted;
	nvmft_range_set(&r->range, first, end - 1, part);
	if (nvmft_range_lock(&r->b->ranges, &r->range, 1))
		step(r);
}

static void write_start(struct rmw_io *r)
{
	struct nvmft_io *io = r->io;
	u64 first = round_down(io->pos, r->b->block);
	u64 end = round_up(io_end(io), r->b->block);

	r->at = io->pos;
	lock_blocks(r, first, end, first != io->pos || end != io_end(io), write_next);
}

/* --- discards: only of the device's whole blocks, and not while one is changed --- */

static u64 discard_first(const struct rmw_backend *b, const struct nvmft_io *io)
{
	return round_up(io->pos, b->block);
}

static u64 discard_end(const struct rmw_backend *b, const struct nvmft_io *io)
{
	return round_down(io_end(io), b->block);
}

static void discard_done(struct rmw_io *r)
{
	rmw_end(r, 0);
}

static void discard_go(struct rmw_io *r)
{
	u64 first = discard_first(r->b, r->io);

	sub_submit(r, NVMFT_IO_DISCARD, first, discard_end(r->b, r->io) - first, NULL, 0,
		   discard_done);
}

static void discard_start(struct rmw_io *r)
{
	lock_blocks(r, discard_first(r->b, r->io), discard_end(r->b, r->io), false, discard_go);
}

static void rmw_submit(struct nvmft_backend *be, struct nvmft_io *io)
{
	struct rmw_backend *b = to_rmw(be);
	struct rmw_io *r;

	if (io->op == NVMFT_IO_FLUSH ||
	    (io->op == NVMFT_IO_READ && !((io->pos | io->len) % b->block))) {
		b->lower->ops->submit(b->lower, io);
		return;
	}
	if (io->op == NVMFT_IO_DISCARD && discard_first(b, io) >= discard_end(b, io)) {
		io->done(io, 0);
		return;
	}
	r = kzalloc_obj(*r, GFP_NOIO);
	if (!r) {
		io->done(io, -ENOMEM);
		return;
	}
	r->b = b;
	r->io = io;
	INIT_WORK(&r->work, rmw_work);
	switch (io->op) {
	case NVMFT_IO_READ:
		read_part(r);
		return;
	case NVMFT_IO_DISCARD:
		discard_start(r);
		return;
	}
	write_start(r);
}

static void rmw_limits(struct nvmft_backend *be, struct nvmft_limits *lim)
{
	struct rmw_backend *b = to_rmw(be);

	b->lower->ops->limits(b->lower, lim);
	/* Of a block of the device that is there in part, none of ours could be read. */
	lim->bytes = round_down(lim->bytes, b->block);
	lim->block_shift = b->shift;
	lim->phys_size = max(lim->phys_size, b->block);
}

static u64 rmw_bytes(struct nvmft_backend *be)
{
	struct rmw_backend *b = to_rmw(be);

	return round_down(b->lower->ops->bytes(b->lower), b->block);
}

static void rmw_close(struct nvmft_backend *be)
{
	struct rmw_backend *b = to_rmw(be);

	b->lower->ops->close(b->lower);
	kfree(b);
}

static const struct nvmft_backend_ops rmw_ops = {
	.name	= "smaller blocks on a device",
	.close	= rmw_close,
	.limits	= rmw_limits,
	.bytes	= rmw_bytes,
	.submit	= rmw_submit,
};

struct nvmft_backend *nvmft_be_rmw_open(struct nvmft_backend *lower, u8 shift)
{
	struct nvmft_limits lim = {};
	struct rmw_backend *b;

	lower->ops->limits(lower, &lim);
	/* Bounced blocks are whole pages. */
	if (lim.block_shift < PAGE_SHIFT)
		return ERR_PTR(-EMEDIUMTYPE);
	b = kzalloc_obj(*b, GFP_KERNEL);
	if (!b)
		return ERR_PTR(-ENOMEM);
	b->be.ops = &rmw_ops;
	b->lower = lower;
	b->shift = shift;
	b->block = 1U << lim.block_shift;
	nvmft_ranges_init(&b->ranges);
	return &b->be;
}

int nvmft_be_rmw_init(void)
{
	rmw_wq = alloc_workqueue("nvmft_rmw", WQ_UNBOUND | WQ_MEM_RECLAIM, WQ_MAX_ACTIVE);
	return rmw_wq ? 0 : -ENOMEM;
}

void nvmft_be_rmw_exit(void)
{
	destroy_workqueue(rmw_wq);
}
