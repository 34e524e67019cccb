// SPDX-License-Identifier: GPL-2.0
/*
 * Controllers in debugfs, as nvmet shows them.
 *
 * Who removes a file waits for those who read it, and a reader can take for ever: its
 * memory may be a file on a disk that hangs. So folders are made and removed by works
 * of their own, one for each controller, and only these wait. A controller is freed
 * when its folder has gone. Until then another one may have its id, or its subsystem's
 * name, and gets its folder later.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include "core/ctrl.h"
#include "core/debugfs.h"

/* Folders that are yet to be made. Beyond it something holds up all of them. */
#define MAKES_MAX	1024

static struct dentry *root;
static struct workqueue_struct *folder_wq;
static atomic_t nr_makes;

/*
 * Guards making, and folder->dir of subsystems. Only works take it: who lists the
 * folder in which one is made holds it up.
 */
static DEFINE_MUTEX(make_lock);

/* Controllers that have to wait for their name; make_lock */
static LIST_HEAD(unnamed);

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

static struct nvmft_ctrl *ctrl_of(struct nvmft_folder *folder)
{
	return container_of(folder, struct nvmft_ctrl, folder);
}

/* NULL: the name is taken. */
static struct dentry *make_dir(const char *name, struct dentry *parent)
{
	struct dentry *old = debugfs_lookup(name, parent);

	if (!old)
		return debugfs_create_dir(name, parent);
	dput(old);
	return NULL;
}

static void make_work(struct work_struct *work);
static void remove_work(struct work_struct *work);

static void folder_init(struct nvmft_folder *folder)
{
	folder->used = true;
	INIT_WORK(&folder->make, make_work);
	INIT_WORK(&folder->remove, remove_work);
	INIT_LIST_HEAD(&folder->unnamed);
}

/* False: a controller, or subsystem, that had the name before has not gone yet. */
static bool make_ctrl(struct nvmft_ctrl *ctrl)
{
	struct nvmft_folder *parent = &ctrl->subsys->folder;
	struct dentry *dir;
	char name[16];

	lockdep_assert_held(&make_lock);
	if (!parent->dir) {
		parent->dir = make_dir(ctrl->subsys->nqn, root);
		if (!parent->dir)
			return false;
		folder_init(parent);
	}
	snprintf(name, sizeof(name), "ctrl%u", ctrl->cntlid);
	dir = make_dir(name, parent->dir);
	if (!dir)
		return false;
	ctrl->folder.dir = dir;
	debugfs_create_file("port", 0400, dir, ctrl, &port_fops);
	debugfs_create_file("hostnqn", 0400, dir, ctrl, &hostnqn_fops);
	debugfs_create_file("host_traddr", 0400, dir, ctrl, &host_traddr_fops);
	debugfs_create_file("kato", 0400, dir, ctrl, &kato_fops);
	debugfs_create_file("state", 0400, dir, ctrl, &state_fops);
	return true;
}

static void make_work(struct work_struct *work)
{
	struct nvmft_folder *folder = container_of(work, struct nvmft_folder, make);

	mutex_lock(&make_lock);
	if (!make_ctrl(ctrl_of(folder)))
		list_add_tail(&folder->unnamed, &unnamed);
	mutex_unlock(&make_lock);
	atomic_dec(&nr_makes);
}

/* A name has become free: it may be the one that somebody waits for. */
static void make_unnamed(void)
{
	struct nvmft_folder *folder, *next;

	mutex_lock(&make_lock);
	list_for_each_entry_safe(folder, next, &unnamed, unnamed)
		if (make_ctrl(ctrl_of(folder)))
			list_del_init(&folder->unnamed);
	mutex_unlock(&make_lock);
}

static void remove_work(struct work_struct *work)
{
	struct nvmft_folder *folder = container_of(work, struct nvmft_folder, remove);

	if (cancel_work_sync(&folder->make))
		atomic_dec(&nr_makes);
	mutex_lock(&make_lock);
	list_del_init(&folder->unnamed);
	mutex_unlock(&make_lock);
	if (folder->dir) {
		/* Waits for readers, so without the lock */
		debugfs_remove_recursive(folder->dir);
		make_unnamed();
	}
	folder->free(folder);
}

void nvmft_debugfs_add_ctrl(struct nvmft_ctrl *ctrl)
{
	if (atomic_inc_return(&nr_makes) > MAKES_MAX) {
		atomic_dec(&nr_makes);
		return;
	}
	folder_init(&ctrl->folder);
	queue_work(folder_wq, &ctrl->folder.make);
}

void nvmft_debugfs_free(struct nvmft_folder *folder, void (*free)(struct nvmft_folder *folder))
{
	if (!folder->used) {
		free(folder);
		return;
	}
	folder->free = free;
	queue_work(folder_wq, &folder->remove);
}

int nvmft_debugfs_init(void)
{
	folder_wq = alloc_workqueue("nvmft_debugfs", WQ_UNBOUND, 0);
	if (!folder_wq)
		return -ENOMEM;
	root = debugfs_create_dir("nvmft", NULL);
	return 0;
}

/* Works put the last references of subsystems, which then queue theirs: all are waited for. */
void nvmft_debugfs_exit(void)
{
	destroy_workqueue(folder_wq);
	debugfs_remove_recursive(root);
}
