/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Controller properties: the values of CAP, VS and CRTO, and what a write of
 * CC means (Base 2.1, 3.1.4 and 3.5).
 */
#ifndef NVMFT_PROTO_PROP_H
#define NVMFT_PROTO_PROP_H

#include "proto/wire.h"

/* CAP.TO and CRTO.CRWMT, units of 500 ms: 7.5 s */
#define NVMFT_PROP_TO		15

/* What a write of CC asks for; bits, several may be set */
#define NVMFT_CC_ACT_ENABLE	0x1	/* EN 0 -> 1 */
#define NVMFT_CC_ACT_DISABLE	0x2	/* EN 1 -> 0: controller reset */
#define NVMFT_CC_ACT_SHUTDOWN	0x4	/* SHN 00b -> 01b or 10b */

/* CAP with MQES for @max_queue_size entries (1's based) of an I/O queue. */
u64 nvmft_prop_cap(u16 max_queue_size);
/* CRTO: CRWMT as CAP.TO, CRIMT 0. */
u32 nvmft_prop_crto(void);

/**
 * nvmft_prop_set_cc() - judge a write of CC
 * @old: CC as it is
 * @val: CC as written
 * @csts: CSTS as it is
 * @discovery: controller without I/O queues: IOSQES and IOCQES do not matter
 * @act: NVMFT_CC_ACT_*, set when 0 is returned
 *
 * Invalid Field: SHN 11b, AMS or MPS not 0, CSS not 000b, 110b (or 111b, admin
 * commands only), IOSQES/IOCQES other than 6/4 when EN is (being) set (0 is
 * accepted while EN is 0), CSS changed while EN is 1 and stays 1. Reserved bits
 * are ignored. Command Sequence Error: EN set again while CSTS still says that a
 * reset or shutdown is under way (RDY 1 with EN 0, SHST 01b).
 *
 * Return: 0 or a status with NVME_STATUS_DNR.
 */
u16 nvmft_prop_set_cc(u32 old, u32 val, u32 csts, bool discovery, u32 *act);

#endif /* NVMFT_PROTO_PROP_H */
