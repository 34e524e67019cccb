// SPDX-License-Identifier: GPL-2.0
/*
 * Files: regular ones, and block devices that are to be used through the page
 * cache.
 *
 * A read or write is first tried where it was submitted, told not to wait
 * (IOCB_NOWAIT): direct I/O usually ends in ki_complete(), buffered I/O that the
 * page cache can serve at once. What is left, and everything that always
 * waits, goes to a workqueue. Each backend has its own: a frozen file system or
 * a server that does not answer holds up its own namespace only.
 */
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/uio.h>
#include <linux/workqueue.h>
#include "core/backend.h"

/*
 * Logical blocks of a regular file: large ones where its file system's blocks
 * are not smaller, else small ones. Few hosts know any others.
 */
#define SHIFT_SMALL	9
#define SHIFT_LARGE	12

/* Zeroes go out in writes of this many pages */
#define ZERO_VECS	64

/* Most ios of a backend that wait at the same time */
#define MAX_WAITING	64

/**
 * struct file_backend - an open file
 * @be: common head
 * @file: the file
 * @host: what has the size: the file's inode, or that of a block device
 * @wq: runs what waits
 * @readonly: opened for reading only
 * @nowait: by direction (ITER_DEST, ITER_SOURCE): the file system can be told
 *	not to wait. WRITE_ONCE: some say so and then refuse it.
 * @zeroes: ZERO_VECS times the zero page
 */
struct file_backend {
	struct nvmft_backend	be;
	struct file		*file;
	struct inode		*host;
	struct workqueue_struct	*wq;
	bool			readonly;
	bool			nowait[2];
	struct bio_vec		zeroes[ZERO_VECS];
};

static struct file_backend *to_file(struct nvmft_backend *be)
{
	return container_of(be, struct file_backend, be);
}

static bool is_regular(const struct file_backend *b)
{
	return S_ISREG(b->host->i_mode);
}

static void be_file_close(struct nvmft_backend *be)
{
	struct file_backend *b = to_file(be);

	destroy_workqueue(b->wq);
	fput(b->file);
	kfree(b);
}

static u64 be_file_bytes(struct nvmft_backend *be)
{
	return i_size_read(to_file(be)->host);
}

/*
 * Direct I/O may need larger pieces than the file system's blocks would say
 * (copy on write file systems, for one).
 */
static void limits_regular(struct file_backend *b, struct nvmft_limits *lim)
{
	struct kstat stat = {};
	u32 unit = i_blocksize(b->host);
	u8 shift = b->host->i_blkbits < SHIFT_LARGE ? SHIFT_SMALL : SHIFT_LARGE;

	/* Where a server has the file, this also asks it for the size. */
	if (!vfs_getattr(&b->file->f_path, &stat, STATX_BASIC_STATS | STATX_DIOALIGN,
			 AT_STATX_FORCE_SYNC)) {
		if ((b->file->f_flags & O_DIRECT) && is_power_of_2(stat.dio_offset_align))
			shift = max_t(u8, shift, ilog2(stat.dio_offset_align));
		if (stat.blksize > unit && !(stat.blksize % unit))
			lim->io_opt = stat.blksize;
	}
	lim->block_shift = shift;
	lim->phys_size = max(unit, 1U << shift);
	lim->readonly = IS_RDONLY(b->host);
	lim->is_file = true;
	lim->discard = b->file->f_op->fallocate;
	lim->discard_granularity = lim->discard ? lim->phys_size : 0;
}

static void limits_bdev(struct file_backend *b, struct nvmft_limits *lim)
{
	struct block_device *bdev = I_BDEV(b->host);

	lim->block_shift = ilog2(bdev_logical_block_size(bdev));
	lim->phys_size = bdev_physical_block_size(bdev);
	lim->io_min = bdev_io_min(bdev);
	lim->io_opt = bdev_io_opt(bdev);
	lim->readonly = bdev_read_only(bdev);
	/* Holes in a block device are zeroes that its driver may deallocate. */
	lim->discard = bdev_write_zeroes_sectors(bdev);
	lim->discard_granularity = lim->discard ? lim->phys_size : 0;
}

static void be_file_limits(struct nvmft_backend *be, struct nvmft_limits *lim)
{
	struct file_backend *b = to_file(be);

	if (is_regular(b))
		limits_regular(b, lim);
	else
		limits_bdev(b, lim);
	lim->bytes = be_file_bytes(be);
	lim->readonly |= b->readonly;
	/* The page cache, or the metadata that finds what was written */
	lim->write_cache = true;
	lim->zero_offload = lim->discard;
	lim->discard_zeroes = lim->discard;
}

/* Errors of file systems in the words of block devices. */
static int file_errno(int err)
{
	switch (err) {
	case -EDQUOT:
	case -EFBIG:
		return -ENOSPC;
	case -EPERM:
	case -EACCES:
	case -EBADF:
	case -ETXTBSY:
		return -EROFS;
	case -ESTALE:
	case -ESHUTDOWN:
		return -ENODEV;
	case -EUCLEAN:
	case -EBADMSG:
		return -EIO;
	}
	return err;
}

static void io_end(struct nvmft_io *io, int err)
{
	io->done(io, file_errno(err));
}

/*
 * Keep the file system from being frozen in the middle of a write. A frozen one
 * is waited for, unless @nowait. It may end in another context.
 */
static bool write_begin(struct file_backend *b, bool nowait)
{
	if (!is_regular(b))
		return true;
	if (!nowait)
		file_start_write(b->file);
	else if (!file_start_write_trylock(b->file))
		return false;
	/* For lockdep: it leaves this thread here. */
	__sb_writers_release(file_inode(b->file)->i_sb, SB_FREEZE_WRITE);
	return true;
}

static void write_end(struct file_backend *b)
{
	if (!is_regular(b))
		return;
	__sb_writers_acquired(file_inode(b->file)->i_sb, SB_FREEZE_WRITE);
	file_end_write(b->file);
}

static int rw_dir(const struct nvmft_io *io)
{
	return io->op == NVMFT_IO_WRITE ? ITER_SOURCE : ITER_DEST;
}

/* An attempt moved @ret bytes or failed. Any context. */
static void rw_complete(struct kiocb *iocb, long ret)
{
	struct nvmft_io *io = container_of(iocb, struct nvmft_io, iocb);
	struct file_backend *b = to_file(io->be);
	bool nowait = iocb->ki_flags & IOCB_NOWAIT;
	int dir = rw_dir(io);

	if (dir == ITER_SOURCE)
		write_end(b);
	if (ret > 0)
		io->at += ret;
	if (io->at == io->len) {
		io_end(io, 0);
		return;
	}
	if (nowait && ret == -EOPNOTSUPP)
		WRITE_ONCE(b->nowait[dir], false);
	if (ret > 0 || (nowait && (!ret || ret == -EAGAIN || ret == -EOPNOTSUPP)))
		queue_work(b->wq, &io->work);
	else if (ret < 0)
		io_end(io, ret);
	else
		/* Nothing is left to be read: the file has just been cut. */
		io_end(io, dir == ITER_DEST ? -EREMOTEIO : -EIO);
}

/* Move what is left. False: a frozen file system would have to be waited for. */
static bool rw_try(struct file_backend *b, struct nvmft_io *io, bool nowait)
{
	struct kiocb *iocb = &io->iocb;
	int dir = rw_dir(io);
	struct iov_iter iter;
	ssize_t ret;

	if (dir == ITER_SOURCE && !write_begin(b, nowait))
		return false;
	iov_iter_bvec(&iter, dir, io->bvec, io->nr, io->len);
	iov_iter_advance(&iter, io->at);
	init_sync_kiocb(iocb, b->file);
	iocb->ki_pos = io->pos + io->at;
	iocb->ki_complete = rw_complete;
	if (nowait)
		iocb->ki_flags |= IOCB_NOWAIT;
	if (dir == ITER_SOURCE) {
		iocb->ki_flags |= IOCB_WRITE;
		if (io->fua)
			iocb->ki_flags |= IOCB_DSYNC;
		ret = b->file->f_op->write_iter(iocb, &iter);
	} else {
		ret = b->file->f_op->read_iter(iocb, &iter);
	}
	if (ret != -EIOCBQUEUED)
		rw_complete(iocb, ret);
	return true;
}

/* Zeroes for what cannot be zeroed otherwise. Waits. */
static int write_zeroes(struct file_backend *b, u64 pos, u64 len)
{
	while (len) {
		size_t n = min_t(u64, len, ZERO_VECS * PAGE_SIZE);
		struct iov_iter iter;
		struct kiocb iocb;
		ssize_t ret;

		iov_iter_bvec(&iter, ITER_SOURCE, b->zeroes, ZERO_VECS, n);
		init_sync_kiocb(&iocb, b->file);
		iocb.ki_pos = pos;
		iocb.ki_flags |= IOCB_WRITE;
		file_start_write(b->file);
		ret = b->file->f_op->write_iter(&iocb, &iter);
		file_end_write(b->file);
		if (ret <= 0)
			return ret ?: -EIO;
		pos += ret;
		len -= ret;
		cond_resched();
	}
	return 0;
}

static int file_zero(struct file_backend *b, struct nvmft_io *io)
{
	int err = -EOPNOTSUPP;

	if (io->unmap)
		err = vfs_fallocate(b->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				    io->pos, io->len);
	if (err == -EOPNOTSUPP)
		err = vfs_fallocate(b->file, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
				    io->pos, io->len);
	if (err == -EOPNOTSUPP)
		err = write_zeroes(b, io->pos, io->len);
	if (!err && io->fua)
		err = vfs_fsync_range(b->file, io->pos, io->pos + io->len - 1, 1);
	return err;
}

/* A hole in a file is exact to the byte: what it covers in part is zeroed. */
static int file_discard(struct file_backend *b, struct nvmft_io *io)
{
	u64 unit = is_regular(b) ? 1 : bdev_logical_block_size(I_BDEV(b->host));
	u64 from = round_up(io->pos, unit), to = round_down(io->pos + io->len, unit);
	int err;

	if (from >= to)
		return 0;
	err = vfs_fallocate(b->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			    from, to - from);
	return err == -EOPNOTSUPP ? 0 : err;
}

static void do_work(struct file_backend *b, struct nvmft_io *io)
{
	switch (io->op) {
	case NVMFT_IO_READ:
	case NVMFT_IO_WRITE:
		rw_try(b, io, false);
		return;
	case NVMFT_IO_FLUSH:
		io_end(io, vfs_fsync(b->file, 1));
		return;
	case NVMFT_IO_ZERO:
		io_end(io, file_zero(b, io));
		return;
	case NVMFT_IO_DISCARD:
		io_end(io, file_discard(b, io));
		return;
	}
	io_end(io, -EOPNOTSUPP);
}

/*
 * A host on this machine writes back dirty pages through here: memory must not
 * wait for its own write-back, nor may this be throttled for the host's pages.
 */
static void file_work(struct work_struct *work)
{
	struct nvmft_io *io = container_of(work, struct nvmft_io, work);
	unsigned int noio = memalloc_noio_save();
	unsigned int flags = current->flags;

	current->flags |= PF_LOCAL_THROTTLE;
	do_work(to_file(io->be), io);
	current_restore_flags(flags, PF_LOCAL_THROTTLE);
	memalloc_noio_restore(noio);
}

/* Is there a chance that it need not wait? */
static bool may_try(const struct file_backend *b, const struct nvmft_io *io)
{
	if (io->op != NVMFT_IO_READ && io->op != NVMFT_IO_WRITE)
		return false;
	/* Syncing what is in the page cache waits, whatever it is told. */
	if (io->fua && !(b->file->f_flags & O_DIRECT))
		return false;
	return READ_ONCE(b->nowait[rw_dir(io)]);
}

static void be_file_submit(struct nvmft_backend *be, struct nvmft_io *io)
{
	struct file_backend *b = to_file(be);

	if (unlikely(b->readonly && io->op != NVMFT_IO_READ && io->op != NVMFT_IO_FLUSH)) {
		io->done(io, -EROFS);
		return;
	}
	/* It was cut, and this is not yet known: a write must not make it longer. */
	if (unlikely(io->len && io->pos + io->len > be_file_bytes(be))) {
		io->done(io, -EREMOTEIO);
		return;
	}
	io->be = be;
	io->at = 0;
	INIT_WORK(&io->work, file_work);
	if (!may_try(b, io) || !rw_try(b, io, true))
		queue_work(b->wq, &io->work);
}

static const struct nvmft_backend_ops be_file_ops = {
	.name	= "file",
	.close	= be_file_close,
	.limits	= be_file_limits,
	.bytes	= be_file_bytes,
	.submit	= be_file_submit,
};

/*
 * Opening anything else could block (a FIFO) or do something (a device), so look
 * first.
 */
static int check_kind(const char *path, bool buffered)
{
	struct path at;
	umode_t mode;
	int err;

	err = kern_path(path, LOOKUP_FOLLOW, &at);
	if (err)
		return err;
	mode = d_backing_inode(at.dentry)->i_mode;
	path_put(&at);
	return S_ISREG(mode) || (buffered && S_ISBLK(mode)) ? 0 : -ENOTBLK;
}

static struct file *open_rw(struct file_backend *b, const char *path, bool buffered)
{
	int flags = O_LARGEFILE | (buffered ? 0 : O_DIRECT);
	struct file *file;

	file = filp_open(path, O_RDWR | flags, 0);
	if (PTR_ERR_OR_ZERO(file) == -EACCES || PTR_ERR_OR_ZERO(file) == -EROFS ||
	    PTR_ERR_OR_ZERO(file) == -EPERM) {
		b->readonly = true;
		file = filp_open(path, O_RDONLY | flags, 0);
	}
	/* That is how an open without direct I/O fails. */
	if (!buffered && PTR_ERR_OR_ZERO(file) == -EINVAL)
		return ERR_PTR(-EOPNOTSUPP);
	return file;
}

static int open_file(struct file_backend *b, const char *path, bool buffered)
{
	int err;

	err = check_kind(path, buffered);
	if (err)
		return err;
	b->file = open_rw(b, path, buffered);
	if (IS_ERR(b->file))
		return PTR_ERR(b->file);
	b->host = b->file->f_mapping->host;
	err = -ENOTBLK;
	if (!is_regular(b) && !S_ISBLK(b->host->i_mode))
		goto out_fput;
	err = -EOPNOTSUPP;
	if (!b->file->f_op->read_iter || (!b->readonly && !b->file->f_op->write_iter))
		goto out_fput;
	b->nowait[ITER_DEST] = b->file->f_mode & FMODE_NOWAIT;
	b->nowait[ITER_SOURCE] = b->nowait[ITER_DEST];
	return 0;

out_fput:
	fput(b->file);
	return err;
}

struct nvmft_backend *nvmft_be_file_open(const char *path, bool buffered)
{
	struct file_backend *b;
	int err, i;

	b = kzalloc_obj(*b, GFP_KERNEL);
	if (!b)
		return ERR_PTR(-ENOMEM);
	b->be.ops = &be_file_ops;
	for (i = 0; i < ZERO_VECS; i++)
		bvec_set_page(&b->zeroes[i], ZERO_PAGE(0), PAGE_SIZE, 0);
	/* Unbound: most of it is copying and waiting, for long at times. */
	err = -ENOMEM;
	b->wq = alloc_workqueue("nvmft_file", WQ_UNBOUND | WQ_MEM_RECLAIM, MAX_WAITING);
	if (!b->wq)
		goto out_free;
	err = open_file(b, path, buffered);
	if (err)
		goto out_wq;
	return &b->be;

out_wq:
	destroy_workqueue(b->wq);
out_free:
	kfree(b);
	return ERR_PTR(err);
}
