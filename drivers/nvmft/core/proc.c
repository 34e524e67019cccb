// SPDX-License-Identifier: GPL-2.0
/* The files below /proc/fs/nvmft: opened, walked, written to. */
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "core/proc.h"
#include "core/stat.h"
#include "core/subsys.h"

#define TERMINATE_MAX	1023

static struct proc_dir_entry *dir;

/* Where a reader is: the file and which of its lists */
struct proc_walk {
	const struct nvmft_proc_file	*file;
	unsigned int			part;
};

/* The first object of list @part or of one behind it */
static struct list_head *walk_first(struct proc_walk *walk, unsigned int part)
{
	for (; part < NVMFT_PROC_PARTS && walk->file->part[part].list; part++) {
		walk->part = part;
		if (!list_empty(walk->file->part[part].list))
			return walk->file->part[part].list->next;
	}
	return NULL;
}

static struct list_head *walk_next(struct proc_walk *walk, struct list_head *entry)
{
	if (entry->next != walk->file->part[walk->part].list)
		return entry->next;
	return walk_first(walk, walk->part + 1);
}

static void *proc_start(struct seq_file *m, loff_t *pos)
{
	struct proc_walk *walk = m->private;
	struct list_head *entry;
	loff_t n = *pos;

	down_read(&nvmft_config_sem);
	mutex_lock(&nvmft_stat_lock);
	walk->file = pde_data(file_inode(m->file));
	if (!n)
		return SEQ_START_TOKEN;
	for (entry = walk_first(walk, 0); entry && --n; entry = walk_next(walk, entry))
		;
	return entry;
}

static void *proc_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct proc_walk *walk = m->private;

	++*pos;
	return v == SEQ_START_TOKEN ? walk_first(walk, 0) : walk_next(walk, v);
}

static void proc_stop(struct seq_file *m, void *v)
{
	mutex_unlock(&nvmft_stat_lock);
	up_read(&nvmft_config_sem);
}

static int proc_show(struct seq_file *m, void *v)
{
	struct proc_walk *walk = m->private;

	if (v == SEQ_START_TOKEN)
		seq_printf(m, "# nvmft %s 1\n", walk->file->name);
	else
		walk->file->part[walk->part].show(m, v);
	return 0;
}

static const struct seq_operations proc_seq_ops = {
	.start	= proc_start,
	.next	= proc_next,
	.stop	= proc_stop,
	.show	= proc_show,
};

static ssize_t terminate_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	char *line;
	int err;

	if (len > TERMINATE_MAX)
		return -EINVAL;
	line = memdup_user_nul(buf, len);
	if (IS_ERR(line))
		return PTR_ERR(line);
	err = strlen(line) == len ? nvmft_terminate(line) : -EINVAL;
	kfree(line);
	return err ?: len;
}

static const struct proc_ops terminate_ops = {
	.proc_write	= terminate_write,
	.proc_lseek	= noop_llseek,
};

int nvmft_proc_init(void)
{
	unsigned int i;

	dir = proc_mkdir("fs/nvmft", NULL);
	if (!dir)
		return -ENOMEM;
	for (i = 0; i < nvmft_proc_nr_files; i++) {
		const struct nvmft_proc_file *file = &nvmft_proc_files[i];

		if (!proc_create_seq_private(file->name, 0440, dir, &proc_seq_ops,
					     sizeof(struct proc_walk), (void *)file))
			goto out_remove;
	}
	if (!proc_create("terminate", 0200, dir, &terminate_ops))
		goto out_remove;
	return 0;

out_remove:
	proc_remove(dir);
	return -ENOMEM;
}

void nvmft_proc_exit(void)
{
	proc_remove(dir);
}
