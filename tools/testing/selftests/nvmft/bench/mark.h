/* SPDX-License-Identifier: GPL-2.0 */
/* What a program in the guest says to count.c: no-ops with a number in them. */
#ifndef BENCH_MARK_H
#define BENCH_MARK_H

#define MARK_MAGIC	0x6e766d
#define MARK_SETUP	1	/* read the roots */
#define MARK_START	2	/* count from zero */
#define MARK_STOP	3	/* write the counts to the next file */
#define MARK_HOST	4	/* the task that says so is of the host's side */

#define MARK(what) asm volatile(".byte 0x0f, 0x1f, 0x80\n\t.long %c0" \
				: : "i" (MARK_MAGIC << 8 | (what)) : "memory")

#endif /* BENCH_MARK_H */
