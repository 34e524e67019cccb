/* SPDX-License-Identifier: GPL-2.0 */
/* The one line in the log about a change of the configuration that is refused. */
#ifndef NVMFT_CORE_REFUSE_H
#define NVMFT_CORE_REFUSE_H

#include <linux/types.h>

/* Room for "subsystems/<nqn>/namespaces/<nsid>/<attribute>" */
#define NVMFT_WHERE_LEN		320

/**
 * struct nvmft_write - a change that an administrator asks for
 * @where: the file or folder, as a path below the configfs root
 * @val: what was written, or the name to be made or linked; a NUL follows it,
 *	possibly after a newline
 * @len: bytes of @val without the newline that echo appends
 */
struct nvmft_write {
	char		where[NVMFT_WHERE_LEN];
	const char	*val;
	size_t		len;
};

/**
 * nvmft_refuse() - say why a change is refused
 * @w: the change
 * @err: negative errno
 * @fmt: the reason
 *
 * Prints one line that names the object, the attribute, the value (cut, and
 * with unprintable bytes escaped), the reason and the errno.
 *
 * Return: @err.
 */
__printf(3, 4)
int nvmft_refuse(const struct nvmft_write *w, int err, const char *fmt, ...);

#endif /* NVMFT_CORE_REFUSE_H */
