/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /sys/kernel/debug/nvmft/<nqn>/ctrl<id>, with nvmet's names, for tools that parse
 * those. What may be relied on is core/proc.c. Nothing of it is there where debugfs is
 * not, or has no memory.
 */
#ifndef NVMFT_CORE_DEBUGFS_H
#define NVMFT_CORE_DEBUGFS_H

#include <linux/list.h>
#include <linux/workqueue.h>

/**
 * struct nvmft_folder - what a controller or a subsystem has in debugfs
 * @dir: the folder, NULL, or an ERR_PTR(), as debugfs takes them
 * @used: the works have been set up, so @remove has to run before it is freed
 * @make: makes that of a controller; one of a subsystem comes with its first controller
 * @remove: removes it and calls @free
 * @free: frees what it is in
 * @unnamed: in the list of controllers whose name is still taken
 *
 * Zeroed at first.
 */
struct nvmft_folder {
	struct dentry		*dir;
	bool			used;
	struct work_struct	make;
	struct work_struct	remove;
	void			(*free)(struct nvmft_folder *folder);
	struct list_head	unnamed;
};

struct nvmft_ctrl;

/* 0 or -ENOMEM */
int nvmft_debugfs_init(void);
/* All controllers and subsystems have been given to nvmft_debugfs_free(): see them freed. */
void nvmft_debugfs_exit(void);
/* @ctrl has its cntlid. The folder comes soon; waits for nothing. */
void nvmft_debugfs_add_ctrl(struct nvmft_ctrl *ctrl);
/*
 * Nobody has what @folder is in any more: @free it as soon as the folder has gone, or
 * at once if there is none. Waits for nothing.
 */
void nvmft_debugfs_free(struct nvmft_folder *folder, void (*free)(struct nvmft_folder *folder));

#endif /* NVMFT_CORE_DEBUGFS_H */
