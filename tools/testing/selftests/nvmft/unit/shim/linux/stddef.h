/* SPDX-License-Identifier: GPL-2.0 */
#include_next <linux/stddef.h>
#include <stddef.h>
#define struct_group(name, ...)	__struct_group(, name, , __VA_ARGS__)
#define sizeof_field(type, f)	sizeof(((type *)0)->f)
