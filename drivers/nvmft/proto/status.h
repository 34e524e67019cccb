/* SPDX-License-Identifier: GPL-2.0 */
/* Backend errors as NVMe statuses, and names of statuses for people. */
#ifndef NVMFT_PROTO_STATUS_H
#define NVMFT_PROTO_STATUS_H

#include "proto/wire.h"

/**
 * nvmft_status_from_errno() - the status that a backend's error ends in
 * @err: 0 or a negative errno, as blk_status_to_errno() gives them
 * @write: the command was to change the media
 *
 * NVME_STATUS_DNR is set where trying again cannot help. Medium errors
 * (-ENODATA, -EIO, -EILSEQ): Unrecovered Read Error or Write Fault. -ENOSPC:
 * Capacity Exceeded. -ENOLINK, -ETIMEDOUT, -ENODEV: Internal Path Error, so that a
 * multi-path host takes another path. -EROFS: Namespace is Write Protected.
 * -EOPNOTSUPP: Invalid Opcode. -EREMOTEIO: LBA Out of Range. -EBADE: Reservation
 * Conflict. -ENOMEM, -EAGAIN and anything else: Internal Error, which may be
 * tried again.
 */
u16 nvmft_status_from_errno(int err, bool write);

/* A short name of a status (DNR ignored), never NULL. */
const char *nvmft_status_name(u16 status);

#endif /* NVMFT_PROTO_STATUS_H */
