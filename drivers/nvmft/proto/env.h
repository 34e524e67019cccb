/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one gate between the pure protocol code and its surroundings. Nothing
 * else in proto/ includes a kernel header, so that the same sources build as
 * part of the modules and, behind a small shim, as a program under sanitizers.
 */
#ifndef NVMFT_PROTO_ENV_H
#define NVMFT_PROTO_ENV_H

#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/byteorder.h>
#include <linux/nvme.h>
#include <linux/nvme-tcp.h>

#endif /* NVMFT_PROTO_ENV_H */
