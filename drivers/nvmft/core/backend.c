// SPDX-License-Identifier: GPL-2.0
/* Which kind of backing device a path names. */
#include <linux/err.h>
#include <linux/workqueue.h>
#include "core/backend.h"

/*
 * Unbound: zeroing a large range is nobody's CPU time. Writing back dirty pages
 * can need it, hence the rescuer.
 */
int nvmft_backend_init(void)
{
	nvmft_be_bdev_wq = alloc_workqueue("nvmft_bdev", WQ_UNBOUND | WQ_MEM_RECLAIM,
					   WQ_MAX_ACTIVE);
	return nvmft_be_bdev_wq ? 0 : -ENOMEM;
}

void nvmft_backend_exit(void)
{
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
		return "is a file without direct I/O on its file system: write 1 to buffered_io first";
	case -ENXIO:
	case -ENODEV:
		return "has no device behind it";
	case -ENOMEDIUM:
		return "has no medium";
	case -EBUSY:
		return "is held exclusively by someone else";
	case -ETXTBSY:
		return "is in use as a program or as swap space";
	}
	return "cannot be opened";
}

struct nvmft_backend *nvmft_backend_open(const char *path, bool buffered, const char **why)
{
	struct nvmft_backend *be = ERR_PTR(-ENOTBLK);

	if (!buffered)
		be = nvmft_be_bdev_open(path);
	if (be == ERR_PTR(-ENOTBLK))
		be = nvmft_be_file_open(path, buffered);
	if (IS_ERR(be))
		*why = open_reason(PTR_ERR(be));
	return be;
}
