/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_KERNEL_H
#define _SHIM_LINUX_KERNEL_H
#include <linux/stddef.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>
#define U8_MAX			UINT8_MAX
#define U16_MAX			UINT16_MAX
#define U32_MAX			UINT32_MAX
#define U64_MAX			UINT64_MAX
#define BIT(n)			(1UL << (n))
#define GENMASK(h, l)		((~0UL << (l)) & (~0UL >> (63 - (h))))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define container_of(p, t, m)	((t *)((char *)(p) - offsetof(t, m)))
#define min_t(t, a, b)		({ t _a = (a); t _b = (b); _a < _b ? _a : _b; })
#define max_t(t, a, b)		({ t _a = (a); t _b = (b); _a > _b ? _a : _b; })
#define min(a, b)		min_t(__auto_type, a, b)
#define max(a, b)		max_t(__auto_type, a, b)
#define __static_assert(e, m, ...) _Static_assert(e, m)
#define static_assert(e, ...)	__static_assert(e, ##__VA_ARGS__, #e)
#endif
