/* SPDX-License-Identifier: GPL-2.0 */
/* One operation on the blocks of a backing device. Knows nothing of NVMe. */
#ifndef NVMFT_IO_H
#define NVMFT_IO_H

#include <linux/bio.h>
#include <linux/types.h>

enum nvmft_io_op {
	NVMFT_IO_READ,
	NVMFT_IO_WRITE,
	NVMFT_IO_FLUSH,
	NVMFT_IO_ZERO,
	NVMFT_IO_DISCARD,
};

/**
 * struct nvmft_io - an operation between submit and done
 * @op: enum nvmft_io_op
 * @fua: write through the volatile write cache
 * @unmap: NVMFT_IO_ZERO may deallocate the blocks
 * @failfast: limited retry: rather an early error than a late success
 * @pos: first byte on the device, multiple of its logical block size
 * @len: bytes, multiple of its logical block size; 0 with NVMFT_IO_FLUSH
 * @bvec: @nr ranges of pages that hold exactly @len bytes; the backend may
 *	hand this table to a bio, so it stays as it is until done
 * @nr: entries of @bvec
 * @done: called once, in any context, with 0 or a negative errno; from then on
 *	the backend does not touch the io
 * @bio: for the backend's use
 */
struct nvmft_io {
	u8		op;
	bool		fua;
	bool		unmap;
	bool		failfast;
	u64		len;
	u64		pos;
	struct bio_vec	*bvec;
	unsigned int	nr;
	void		(*done)(struct nvmft_io *io, int err);
	struct bio	bio;
};

#endif /* NVMFT_IO_H */
