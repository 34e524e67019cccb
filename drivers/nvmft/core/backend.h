/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Backing devices. A backend knows blocks and bytes, not NVMe.
 */
#ifndef NVMFT_CORE_BACKEND_H
#define NVMFT_CORE_BACKEND_H

#include <linux/types.h>
#include "nvmft_io.h"

/**
 * struct nvmft_limits - what a backing device says of itself
 * @bytes: capacity, not necessarily whole blocks
 * @block_shift: log2 of the logical block size
 * @phys_size: physical block size, bytes, as far as hosts can align to it
 * @io_min: preferred granularity of writes, bytes, 0: none
 * @io_opt: optimal size of writes, bytes, 0: none
 * @atomic: an aligned write of this many bytes (a power of two) is seen as a
 *	whole or not at all after a power failure, 0: unknown
 * @write_cache: has a volatile write cache
 * @readonly: refuses writes
 * @is_file: a regular file
 * @discard: NVMFT_IO_DISCARD deallocates
 * @discard_zeroes: what NVMFT_IO_DISCARD deallocated reads as zeroes
 * @zero_offload: NVMFT_IO_ZERO sends no zeroes to the device, and deallocates
 *	where it may. Can turn out to be wrong; the zeroes are written then.
 * @discard_granularity: unit in which the device deallocates, bytes; like the
 *	next two 0 without @discard
 * @discard_align: the first byte at which such a unit begins
 * @discard_max: bytes that the device deallocates in one go, 0: any number. A
 *	longer NVMFT_IO_DISCARD is cut.
 */
struct nvmft_limits {
	u64	bytes;
	u8	block_shift;
	u32	phys_size;
	u32	io_min;
	u32	io_opt;
	u32	atomic;
	bool	write_cache;
	bool	readonly;
	bool	is_file;
	bool	discard;
	bool	discard_zeroes;
	bool	zero_offload;
	u32	discard_granularity;
	u32	discard_align;
	u64	discard_max;
};

/**
 * struct nvmft_backend_ops - a kind of backing device
 * @name: for messages
 * @close: every io has ended; may sleep
 * @limits: may sleep; asked again on revalidation
 * @bytes: the capacity alone; any context, does not sleep
 * @submit: ends exactly once in io->done(), possibly before it returns; may
 *	sleep for memory or a tag, but not until I/O has ended, so it is called
 *	from a worker that must not go into I/O for memory, and never under a lock
 */
struct nvmft_backend_ops {
	const char	*name;
	void	(*close)(struct nvmft_backend *be);
	void	(*limits)(struct nvmft_backend *be, struct nvmft_limits *lim);
	u64	(*bytes)(struct nvmft_backend *be);
	void	(*submit)(struct nvmft_backend *be, struct nvmft_io *io);
};

/* Common head of every backend's private struct */
struct nvmft_backend {
	const struct nvmft_backend_ops	*ops;
};

int nvmft_backend_init(void);
void nvmft_backend_exit(void);

/**
 * nvmft_backend_open() - open what a path names
 * @path: absolute
 * @buffered: through the page cache, also if it is a block device
 * @block_size: logical block size to offer, bytes, a power of two; 0: its own
 * @why: on failure, what to tell the administrator
 *
 * May sleep. What cannot be written is opened for reading only, and says so in
 * its limits.
 *
 * Return: an ERR_PTR() on failure. -ENOTBLK: neither a block device nor a
 * regular file. -EOPNOTSUPP: a file that can only be used buffered. -EMEDIUMTYPE:
 * @block_size cannot be offered.
 */
struct nvmft_backend *nvmft_backend_open(const char *path, bool buffered, u32 block_size,
					 const char **why);

/*
 * be_rmw.c: offer blocks of 2^@shift bytes, fewer than @lower has, which it then
 * owns. -EMEDIUMTYPE: the device's own are not at least a page.
 */
struct nvmft_backend *nvmft_be_rmw_open(struct nvmft_backend *lower, u8 shift);
int nvmft_be_rmw_init(void);
void nvmft_be_rmw_exit(void);

/* be_bdev.c, be_file.c: -ENOTBLK where it is something else. */
struct nvmft_backend *nvmft_be_bdev_open(const char *path);
struct nvmft_backend *nvmft_be_file_open(const char *path, bool buffered);
/* Runs what a block device's ios have to do after a piece has ended. */
extern struct workqueue_struct *nvmft_be_bdev_wq;

#endif /* NVMFT_CORE_BACKEND_H */
