/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Backing devices. A backend knows blocks and bytes, not NVMe.
 */
#ifndef NVMFT_CORE_BACKEND_H
#define NVMFT_CORE_BACKEND_H

#include <linux/types.h>
#include "nvmft_io.h"

struct nvmft_backend;

/**
 * struct nvmft_limits - what a backing device says of itself
 * @bytes: capacity
 * @block_shift: log2 of the logical block size
 * @phys_size: physical block size, bytes, as far as hosts can align to it
 * @io_min: preferred granularity of writes, bytes, 0: none
 * @io_opt: optimal size of writes, bytes, 0: none
 * @discard: preferred granularity of deallocation, bytes, 0: none
 * @atomic: written all or not at all where aligned to it, bytes, 0: one block
 * @write_cache: has a volatile write cache
 * @readonly: refuses writes
 */
struct nvmft_limits {
	u64	bytes;
	u8	block_shift;
	u32	phys_size;
	u32	io_min;
	u32	io_opt;
	u32	discard;
	u32	atomic;
	bool	write_cache;
	bool	readonly;
};

/**
 * struct nvmft_backend_ops - a kind of backing device
 * @name: for messages
 * @open: open @path; may sleep; returns an ERR_PTR() on failure. -ENOTBLK: not
 *	this kind of device.
 * @close: every io has ended; may sleep
 * @limits: may sleep; asked again on revalidation
 * @submit: ends exactly once in io->done(), possibly before it returns; may
 *	sleep (for a tag), so it is called from a worker and never under a lock
 */
struct nvmft_backend_ops {
	const char	*name;
	struct nvmft_backend *(*open)(const char *path);
	void	(*close)(struct nvmft_backend *be);
	void	(*limits)(struct nvmft_backend *be, struct nvmft_limits *lim);
	void	(*submit)(struct nvmft_backend *be, struct nvmft_io *io);
};

/* Common head of every backend's private struct */
struct nvmft_backend {
	const struct nvmft_backend_ops	*ops;
};

extern const struct nvmft_backend_ops nvmft_be_bdev_ops;

#endif /* NVMFT_CORE_BACKEND_H */
