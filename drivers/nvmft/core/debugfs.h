/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /sys/kernel/debug/nvmft/<nqn>/ctrl<id>, with nvmet's names, for tools that parse
 * those. What may be relied on is core/proc.c. Nothing of it is there where debugfs is
 * not, or has no memory.
 */
#ifndef NVMFT_CORE_DEBUGFS_H
#define NVMFT_CORE_DEBUGFS_H

struct nvmft_ctrl;
struct nvmft_subsys;

void nvmft_debugfs_init(void);
void nvmft_debugfs_exit(void);
/* subsys->lock held; they wait for readers, who take ctrl->lock at most. */
void nvmft_debugfs_add_ctrl(struct nvmft_ctrl *ctrl);
void nvmft_debugfs_del_ctrl(struct nvmft_ctrl *ctrl);
/* The subsystem goes: its controllers are not to be seen any more. */
void nvmft_debugfs_del_subsys(struct nvmft_subsys *subsys);

#endif /* NVMFT_CORE_DEBUGFS_H */
