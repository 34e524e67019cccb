/* SPDX-License-Identifier: GPL-2.0 */
/* One operation on the blocks of a backing device. Knows nothing of NVMe. */
#ifndef NVMFT_IO_H
#define NVMFT_IO_H

#include <linux/bio.h>
#include <linux/fs.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct nvmft_backend;

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
 * @fua: WRITE and ZERO: on stable media when done
 * @unmap: ZERO: the blocks may be deallocated. Else they stay allocated, as far
 *	as the device can tell.
 * @failfast: READ and WRITE: limited retry, rather an early error than a late
 *	success
 * @pos: first byte on the device
 * @len: bytes; 0 with FLUSH, else not 0. @pos and @len are multiples of the
 *	logical block size, except for DISCARD, of which only the blocks that lie
 *	in the range as a whole are touched.
 * @bvec: READ and WRITE: @nr ranges of pages that hold exactly @len bytes; the
 *	backend may hand this table to a bio, so it stays as it is until done
 * @nr: entries of @bvec
 * @done: called once, in any context, with 0 or a negative errno; from then on
 *	the backend does not touch the io
 * @be: for the backend's use, as everything below
 * @work: what of it cannot be done where it was submitted
 * @at: bytes of @len that are done
 * @step: bytes of the piece in flight
 * @offload: the piece in flight is left to the device
 * @refused: which could not do it
 * @bio: block devices
 * @iocb: files
 *
 * The upper part is filled before submit; the lower part needs no
 * initialisation. DISCARD is a hint: it ends in 0 where a device cannot do it,
 * and then changes nothing.
 */
struct nvmft_io {
	u8		op;
	bool		fua;
	bool		unmap;
	bool		failfast;
	u64		pos;
	u64		len;
	struct bio_vec	*bvec;
	unsigned int	nr;
	void		(*done)(struct nvmft_io *io, int err);

	struct nvmft_backend	*be;
	struct work_struct	work;
	u64			at;
	u64			step;
	bool			offload;
	bool			refused;
	union {
		struct bio	bio;
		struct kiocb	iocb;
	};
};

#endif /* NVMFT_IO_H */
