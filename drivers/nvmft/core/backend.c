// SPDX-License-Identifier: GPL-2.0
/* Which kind of backing device a path names. */
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/workqueue.h>
#include "core/backend.h"

/*
 * Unbound: zeroing a large range is nobody's CPU time. Writing back dirty pages
 * can need it, hence the rescuer.
 */
int nvmft_backend_init(void)
{
	int err;

	nvmft_be_bdev_wq = alloc_workqueue("nvmft_bdev", WQ_UNBOUND | WQ_MEM_RECLAIM,
					   WQ_MAX_ACTIVE);
	if (!nvmft_be_bdev_wq)
		return -ENOMEM;
	err = nvmft_be_rmw_init();
	if (err)
		destroy_workqueue(nvmft_be_bdev_wq);
	return err;
}

void nvmft_backend_exit(void)
{
	nvmft_be_rmw_exit();
	destroy_workqueue(nvmft_be_bdev_wq);
}

static const char *open_reason(int err)
{
	switch (err) {
	case -ENOENT:
	case -ENOTDIR:
		return "does not exist";
	case -ENOTBLK:
		return "is neither a block device nor a regular file";
	case -EOPNOTSUPP:
		return "has no direct I/O on its file system: write 1 to buffered_io first";
	case -ENXIO:
	case -ENODEV:
		return "has no device behind it";
	case -ENOMEDIUM:
		return "has no medium";
	case -EBUSY:
		return "is held exclusively by someone else";
	case -EMEDIUMTYPE:
		return "has blocks on which those of block_size cannot be offered";
	case -ETXTBSY:
		return "is in use as a program or as swap space";
	}
	return "cannot be opened";
}

/* What stands on @lower, which goes if nothing can. */
static struct nvmft_backend *with_block_size(struct nvmft_backend *lower, u32 block_size)
{
	struct nvmft_backend *be = ERR_PTR(-EMEDIUMTYPE);
	struct nvmft_limits lim = {};

	lower->ops->limits(lower, &lim);
	if (block_size == 1U << lim.block_shift)
		return lower;
	if (block_size < 1U << lim.block_shift)
		be = nvmft_be_rmw_open(lower, ilog2(block_size));
	if (IS_ERR(be))
		lower->ops->close(lower);
	return be;
}

struct nvmft_backend *nvmft_backend_open(const char *path, bool buffered, u32 block_size,
					 const char **why)
{
	struct nvmft_backend *be = ERR_PTR(-ENOTBLK);

	if (!buffered)
		be = nvmft_be_bdev_open(path);
	if (be == ERR_PTR(-ENOTBLK))
		be = nvmft_be_file_open(path, buffered);
	if (!IS_ERR(be) && block_size)
		be = with_block_size(be, block_size);
	if (IS_ERR(be))
		*why = open_reason(PTR_ERR(be));
	return be;
}
