// SPDX-License-Identifier: GPL-2.0
/* Controllers in debugfs, as nvmet shows them. */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include "core/ctrl.h"
#include "core/debugfs.h"

static struct dentry *root;

static int port_show(struct seq_file *m, void *unused)
{
	const struct nvmft_ctrl *ctrl = m->private;

	seq_printf(m, "%u\n", ctrl->port->t.portid);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(port);

/* nvmet's has no newline either. */
static int hostnqn_show(struct seq_file *m, void *unused)
{
	const struct nvmft_ctrl *ctrl = m->private;

	seq_puts(m, ctrl->hostnqn);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(hostnqn);

/* The address alone: what comes behind its last colon is the port. */
static int host_traddr_show(struct seq_file *m, void *unused)
{
	const struct nvmft_ctrl *ctrl = m->private;
	const char *end = strrchr(ctrl->addr, ':') ?: ctrl->addr + strlen(ctrl->addr);
	const char *addr = ctrl->addr;

	if (*addr == '[') {
		addr++;
		end--;
	}
	seq_printf(m, "%.*s\n", (int)(end - addr), addr);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(host_traddr);

/* Seconds */
static int kato_show(struct seq_file *m, void *unused)
{
	const struct nvmft_ctrl *ctrl = m->private;

	seq_printf(m, "%llu\n", DIV_ROUND_UP_ULL(READ_ONCE(ctrl->kato), MSEC_PER_SEC));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(kato);

static int state_show(struct seq_file *m, void *unused)
{
	static const struct {
		u32		mask;
		u32		value;
		const char	*name;
	} states[] = {
		{ NVME_CSTS_RDY, NVME_CSTS_RDY, "ready" },
		{ NVME_CSTS_CFS, NVME_CSTS_CFS, "fatal" },
		{ NVME_CSTS_SHST_MASK, NVME_CSTS_SHST_OCCUR, "shutdown" },
		{ NVME_CSTS_SHST_MASK, NVME_CSTS_SHST_CMPLT, "completed" },
	};
	u32 csts = nvmft_ctrl_csts(m->private);
	const char *sep = "";
	int i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		if ((csts & states[i].mask) != states[i].value)
			continue;
		seq_printf(m, "%s%s", sep, states[i].name);
		sep = "|";
	}
	if (*sep)
		seq_putc(m, '\n');
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

void nvmft_debugfs_add_ctrl(struct nvmft_ctrl *ctrl)
{
	struct nvmft_subsys *subsys = ctrl->subsys;
	struct dentry *dir;
	char name[16];

	lockdep_assert_held(&subsys->lock);
	if (!subsys->debugfs)
		subsys->debugfs = debugfs_create_dir(subsys->nqn, root);
	snprintf(name, sizeof(name), "ctrl%u", ctrl->cntlid);
	dir = debugfs_create_dir(name, subsys->debugfs);
	ctrl->debugfs = dir;
	debugfs_create_file("port", 0400, dir, ctrl, &port_fops);
	debugfs_create_file("hostnqn", 0400, dir, ctrl, &hostnqn_fops);
	debugfs_create_file("host_traddr", 0400, dir, ctrl, &host_traddr_fops);
	debugfs_create_file("kato", 0400, dir, ctrl, &kato_fops);
	debugfs_create_file("state", 0400, dir, ctrl, &state_fops);
}

void nvmft_debugfs_del_ctrl(struct nvmft_ctrl *ctrl)
{
	lockdep_assert_held(&ctrl->subsys->lock);
	debugfs_remove_recursive(ctrl->debugfs);
	ctrl->debugfs = NULL;
}

void nvmft_debugfs_del_subsys(struct nvmft_subsys *subsys)
{
	struct nvmft_ctrl *ctrl;
	unsigned long id;

	lockdep_assert_held(&subsys->lock);
	xa_for_each(&subsys->ctrls, id, ctrl)
		ctrl->debugfs = NULL;
	debugfs_remove_recursive(subsys->debugfs);
	subsys->debugfs = NULL;
}

void nvmft_debugfs_init(void)
{
	root = debugfs_create_dir("nvmft", NULL);
}

void nvmft_debugfs_exit(void)
{
	debugfs_remove_recursive(root);
}
