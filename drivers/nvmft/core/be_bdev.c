// SPDX-License-Identifier: GPL-2.0
/*
 * Block devices: one bio per read or write, straight over the request's pages.
 * Zeroing and discarding go in pieces, one after the other, so that a range of
 * any length holds few of the device's tags and is issued in no time.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "core/backend.h"

/* Bios of a piece, as the device's limits cut it */
#define PIECE_BIOS	32

struct workqueue_struct *nvmft_be_bdev_wq;

/**
 * struct bdev_backend - an open block device
 * @be: common head
 * @file: keeps it open
 * @bdev: the device
 * @readonly: opened for reading only, since it refuses writes
 */
struct bdev_backend {
	struct nvmft_backend	be;
	struct file		*file;
	struct block_device	*bdev;
	bool			readonly;
};

static struct bdev_backend *to_bdev(struct nvmft_backend *be)
{
	return container_of(be, struct bdev_backend, be);
}

static void be_bdev_close(struct nvmft_backend *be)
{
	struct bdev_backend *b = to_bdev(be);

	bdev_fput(b->file);
	kfree(b);
}

static u64 be_bdev_bytes(struct nvmft_backend *be)
{
	return (u64)bdev_nr_bytes(to_bdev(be)->bdev);
}

static u32 discard_granularity(struct block_device *bdev)
{
	return max(bdev_discard_granularity(bdev), bdev_logical_block_size(bdev));
}

static void be_bdev_limits(struct nvmft_backend *be, struct nvmft_limits *lim)
{
	struct bdev_backend *b = to_bdev(be);
	struct block_device *bdev = b->bdev;

	lim->bytes = be_bdev_bytes(be);
	lim->block_shift = ilog2(bdev_logical_block_size(bdev));
	/* What begins inside a physical block has none that a host could align to. */
	lim->phys_size = bdev_alignment_offset(bdev) ? bdev_logical_block_size(bdev) :
						       bdev_physical_block_size(bdev);
	lim->io_min = bdev_io_min(bdev);
	lim->io_opt = bdev_io_opt(bdev);
	lim->write_cache = bdev_write_cache(bdev);
	lim->readonly = b->readonly || bdev_read_only(bdev);
	/* That a device writes this unit atomically is what defines it. */
	lim->atomic = bdev_alignment_offset(bdev) ? 0 : lim->phys_size;
	lim->zero_offload = bdev_write_zeroes_sectors(bdev);
	lim->discard = bdev_max_discard_sectors(bdev);
	if (lim->discard) {
		/* Nothing says what discarded blocks of a block device read as. */
		lim->discard_granularity = discard_granularity(bdev);
		lim->discard_align = bdev_discard_alignment(bdev);
		lim->discard_max = (u64)bdev_max_discard_sectors(bdev) << SECTOR_SHIFT;
	}
}

static void be_bdev_endio(struct bio *bio)
{
	struct nvmft_io *io = container_of(bio, struct nvmft_io, bio);
	int err = blk_status_to_errno(bio->bi_status);

	/* The bio is part of the request: nothing touches it after done(). */
	bio_uninit(bio);
	io->done(io, err);
}

static void submit_rw(struct nvmft_io *io, struct block_device *bdev)
{
	static const blk_opf_t opf[] = {
		[NVMFT_IO_READ]  = REQ_OP_READ,
		[NVMFT_IO_WRITE] = REQ_OP_WRITE | REQ_SYNC | REQ_IDLE,
	};
	struct bio *bio = &io->bio;

	/* The pages already stand in a table of the right kind. */
	bio_init(bio, bdev, io->bvec, io->nr, opf[io->op]);
	bio->bi_vcnt = io->nr;
	bio->bi_iter.bi_size = io->len;
	bio->bi_iter.bi_sector = io->pos >> SECTOR_SHIFT;
	bio->bi_end_io = be_bdev_endio;
	if (io->fua)
		bio->bi_opf |= REQ_FUA;
	if (io->failfast)
		bio->bi_opf |= REQ_FAILFAST_DEV;
	submit_bio(bio);
}

static void submit_flush(struct nvmft_io *io, struct block_device *bdev)
{
	bio_init(&io->bio, bdev, NULL, 0, REQ_OP_WRITE | REQ_PREFLUSH | REQ_SYNC);
	io->bio.bi_end_io = be_bdev_endio;
	submit_bio(&io->bio);
}

/* Where a zeroing or discard ends: a block that it covers in part is left alone. */
static u64 range_end(const struct nvmft_io *io, struct block_device *bdev)
{
	u64 end = io->pos + io->len;

	return io->op == NVMFT_IO_DISCARD ? round_down(end, bdev_logical_block_size(bdev)) : end;
}

/* Length of the piece that begins at @pos */
static u64 range_step(const struct nvmft_io *io, struct block_device *bdev, u64 pos)
{
	u32 lbs = bdev_logical_block_size(bdev), granule, rest;
	u64 end = range_end(io, bdev), max;

	if (io->op == NVMFT_IO_ZERO) {
		max = io->offload ? (u64)bdev_write_zeroes_sectors(bdev) << SECTOR_SHIFT :
				    BIO_MAX_VECS * PAGE_SIZE;
		/* A bio of the kernel's helper counts bytes in 32 bits. */
		max = min_t(u64, max * PIECE_BIOS, SZ_1G);
		max = max_t(u64, round_down(max, lbs), lbs);
		return min(end - pos, max);
	}
	max = (u64)bdev_max_discard_sectors(bdev) * PIECE_BIOS << SECTOR_SHIFT;
	if (end - pos <= max)
		return end - pos;
	/* A granule that lies in two pieces would be deallocated by neither. */
	granule = discard_granularity(bdev);
	div_u64_rem(pos + max + granule - bdev_discard_alignment(bdev), granule, &rest);
	return rest < max ? max - rest : max;
}

static bool range_flushes(const struct nvmft_io *io, struct block_device *bdev)
{
	return io->op == NVMFT_IO_ZERO && io->fua && bdev_write_cache(bdev);
}

/* A piece is done, or what its device says of it. Any context. */
static void range_endio(struct bio *bio)
{
	struct nvmft_io *io = bio->bi_private;
	struct block_device *bdev = to_bdev(io->be)->bdev;
	int err = blk_status_to_errno(bio->bi_status);

	bio_put(bio);
	/*
	 * Some drivers learn only now that the device cannot do it, and take it
	 * out of its limits, or not even that (a loop device on a file system
	 * that cannot). Then zeroes are written, and a discard is let go.
	 */
	if (unlikely(err && io->op == NVMFT_IO_ZERO && io->offload &&
		     (err == -EOPNOTSUPP || !bdev_write_zeroes_sectors(bdev)))) {
		io->refused = true;
		queue_work(nvmft_be_bdev_wq, &io->work);
		return;
	}
	if (unlikely(err && io->op == NVMFT_IO_DISCARD &&
		     (err == -EOPNOTSUPP || !bdev_max_discard_sectors(bdev)))) {
		io->done(io, 0);
		return;
	}
	io->at += io->step;
	if (!err && (io->pos + io->at < range_end(io, bdev) || range_flushes(io, bdev)))
		queue_work(nvmft_be_bdev_wq, &io->work);
	else
		io->done(io, err);
}

/*
 * Issue the piece at io->at. The kernel's helpers chain its bios and leave the
 * last one to be submitted here.
 */
static void range_next(struct nvmft_io *io, struct block_device *bdev)
{
	u64 pos = io->pos + io->at;
	struct bio *bio = NULL;
	int err = 0;

	if (pos >= range_end(io, bdev)) {
		if (range_flushes(io, bdev))
			submit_flush(io, bdev);
		else
			io->done(io, 0);
		return;
	}
	if (io->op == NVMFT_IO_ZERO) {
		io->offload = bdev_write_zeroes_sectors(bdev);
		io->step = range_step(io, bdev, pos);
		err = __blkdev_issue_zeroout(bdev, pos >> SECTOR_SHIFT, io->step >> SECTOR_SHIFT,
					     GFP_NOIO, &bio, io->unmap ? 0 : BLKDEV_ZERO_NOUNMAP);
	} else if (bdev_max_discard_sectors(bdev)) {
		io->step = range_step(io, bdev, pos);
		__blkdev_issue_discard(bdev, pos >> SECTOR_SHIFT, io->step >> SECTOR_SHIFT,
				       GFP_NOIO, &bio);
	}
	if (!bio) {
		io->done(io, err);
		return;
	}
	bio->bi_private = io;
	bio->bi_end_io = range_endio;
	submit_bio(bio);
}

/* The device has refused to zero: write zeroes from there to the end. Waits. */
static int write_zeroes(struct nvmft_io *io, struct block_device *bdev)
{
	u64 pos = io->pos + io->at, len = io->len - io->at;

	io->refused = false;
	io->at = io->len;
	return blkdev_issue_zeroout(bdev, pos >> SECTOR_SHIFT, len >> SECTOR_SHIFT, GFP_NOIO,
				    io->unmap ? 0 : BLKDEV_ZERO_NOUNMAP);
}

static void range_work(struct work_struct *work)
{
	struct nvmft_io *io = container_of(work, struct nvmft_io, work);
	struct block_device *bdev = to_bdev(io->be)->bdev;
	int err = io->refused ? write_zeroes(io, bdev) : 0;

	if (err)
		io->done(io, err);
	else
		range_next(io, bdev);
}

static void range_first(struct nvmft_io *io, struct bdev_backend *b)
{
	io->be = &b->be;
	io->at = 0;
	io->refused = false;
	INIT_WORK(&io->work, range_work);
	if (io->op == NVMFT_IO_DISCARD)
		io->at = round_up(io->pos, bdev_logical_block_size(b->bdev)) - io->pos;
	range_next(io, b->bdev);
}

static void be_bdev_submit(struct nvmft_backend *be, struct nvmft_io *io)
{
	struct bdev_backend *b = to_bdev(be);

	/* The block layer only warns of it, and writes. */
	if (io->op != NVMFT_IO_READ && io->op != NVMFT_IO_FLUSH &&
	    unlikely(bdev_read_only(b->bdev))) {
		io->done(io, -EROFS);
		return;
	}
	switch (io->op) {
	case NVMFT_IO_READ:
	case NVMFT_IO_WRITE:
		submit_rw(io, b->bdev);
		return;
	case NVMFT_IO_FLUSH:
		submit_flush(io, b->bdev);
		return;
	case NVMFT_IO_ZERO:
	case NVMFT_IO_DISCARD:
		range_first(io, b);
		return;
	}
	io->done(io, -EOPNOTSUPP);
}

static const struct nvmft_backend_ops be_bdev_ops = {
	.name	= "block device",
	.close	= be_bdev_close,
	.limits	= be_bdev_limits,
	.bytes	= be_bdev_bytes,
	.submit	= be_bdev_submit,
};

/*
 * The device is shared, not held exclusively: an administrator may export one
 * device in several subsystems, and nvmet's users expect that.
 */
struct nvmft_backend *nvmft_be_bdev_open(const char *path)
{
	struct bdev_backend *b;

	b = kzalloc_obj(*b, GFP_KERNEL);
	if (!b)
		return ERR_PTR(-ENOMEM);
	b->be.ops = &be_bdev_ops;
	b->file = bdev_file_open_by_path(path, BLK_OPEN_READ | BLK_OPEN_WRITE, NULL, NULL);
	if (IS_ERR(b->file) && (PTR_ERR(b->file) == -EACCES || PTR_ERR(b->file) == -EROFS)) {
		b->readonly = true;
		b->file = bdev_file_open_by_path(path, BLK_OPEN_READ, NULL, NULL);
	}
	if (IS_ERR(b->file)) {
		int err = PTR_ERR(b->file);

		kfree(b);
		return ERR_PTR(err);
	}
	b->bdev = file_bdev(b->file);
	return &b->be;
}
