// SPDX-License-Identifier: GPL-2.0
/* The one line in the log about a change of the configuration that is refused. */
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include "core/refuse.h"

/* Bytes of a value that are printed */
#define VAL_MAX		128

int nvmft_refuse(const struct nvmft_write *w, int err, const char *fmt, ...)
{
	int len = min_t(size_t, w->len, VAL_MAX);
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	pr_err("nvmft: %s: \"%*pE\"%s refused: %pV (%pe)\n", w->where, len, w->val,
	       w->len > VAL_MAX ? "..." : "", &vaf, ERR_PTR(err));
	va_end(args);
	return err;
}
