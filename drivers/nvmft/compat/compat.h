/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only file that knows kernel versions. Code is written for the newest
 * supported kernel; what an older one lacks stands here as a static inline
 * under the new name. Force-included by Kbuild.
 */
#ifndef NVMFT_COMPAT_H
#define NVMFT_COMPAT_H

#include <linux/version.h>

#endif /* NVMFT_COMPAT_H */
