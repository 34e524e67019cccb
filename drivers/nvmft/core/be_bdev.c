// SPDX-License-Identifier: GPL-2.0
/* Block devices: one bio per operation, straight over the request's pages. */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include "core/backend.h"

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

/*
 * The device is shared, not held exclusively: an administrator may export one
 * device in several subsystems, and nvmet's users expect that.
 */
static struct nvmft_backend *be_bdev_open(const char *path)
{
	struct bdev_backend *b;

	b = kzalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return ERR_PTR(-ENOMEM);
	b->be.ops = &nvmft_be_bdev_ops;
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

static void be_bdev_close(struct nvmft_backend *be)
{
	struct bdev_backend *b = to_bdev(be);

	bdev_fput(b->file);
	kfree(b);
}

static void be_bdev_limits(struct nvmft_backend *be, struct nvmft_limits *lim)
{
	struct bdev_backend *b = to_bdev(be);
	struct block_device *bdev = b->bdev;

	lim->bytes = (u64)bdev_nr_bytes(bdev);
	lim->block_shift = ilog2(bdev_logical_block_size(bdev));
	/*
	 * What begins inside a physical block has none that a host could align
	 * to. One that is aligned is written all or not at all, as the block
	 * layer defines it (sysfs-block, physical_block_size).
	 */
	lim->phys_size = bdev_logical_block_size(bdev);
	if (!bdev_alignment_offset(bdev))
		lim->phys_size = bdev_physical_block_size(bdev);
	lim->atomic = lim->phys_size;
	lim->io_min = bdev_io_min(bdev);
	lim->io_opt = bdev_io_opt(bdev);
	if (bdev_max_discard_sectors(bdev) && !bdev_discard_alignment(bdev))
		lim->discard = bdev_discard_granularity(bdev);
	lim->write_cache = bdev_write_cache(bdev);
	lim->readonly = b->readonly || bdev_read_only(bdev);
}

static void be_bdev_endio(struct bio *bio)
{
	struct nvmft_io *io = container_of(bio, struct nvmft_io, bio);
	int err = blk_status_to_errno(bio->bi_status);

	/* The bio is part of the request: nothing touches it after done(). */
	bio_uninit(bio);
	io->done(io, err);
}

static void be_bdev_submit(struct nvmft_backend *be, struct nvmft_io *io)
{
	static const blk_opf_t opf[] = {
		[NVMFT_IO_READ]  = REQ_OP_READ,
		[NVMFT_IO_WRITE] = REQ_OP_WRITE | REQ_SYNC | REQ_IDLE,
		[NVMFT_IO_FLUSH] = REQ_OP_WRITE | REQ_PREFLUSH | REQ_SYNC,
	};
	struct bio *bio = &io->bio;

	/* The pages already stand in a table of the right kind. */
	bio_init(bio, to_bdev(be)->bdev, io->bvec, io->nr, opf[io->op]);
	bio->bi_vcnt = io->nr;
	bio->bi_iter.bi_size = io->len;
	bio->bi_iter.bi_sector = io->pos >> SECTOR_SHIFT;
	bio->bi_end_io = be_bdev_endio;
	if (io->fua)
		bio->bi_opf |= REQ_FUA;
	submit_bio(bio);
}

const struct nvmft_backend_ops nvmft_be_bdev_ops = {
	.name	= "block device",
	.open	= be_bdev_open,
	.close	= be_bdev_close,
	.limits	= be_bdev_limits,
	.submit	= be_bdev_submit,
};
