/* SPDX-License-Identifier: GPL-2.0 */
/* /proc/fs/nvmft: its format is in Documentation/nvmft/statistics.rst, and stable. */
#ifndef NVMFT_CORE_PROC_H
#define NVMFT_CORE_PROC_H

#include <linux/list.h>
#include <linux/seq_file.h>

/* Lists that make up a file, at most */
#define NVMFT_PROC_PARTS	3

/**
 * struct nvmft_proc_part - a list of objects and how one is shown
 * @list: under nvmft_stat_lock
 * @show: write its lines; nvmft_config_sem (read) and nvmft_stat_lock are held
 */
struct nvmft_proc_part {
	struct list_head	*list;
	void			(*show)(struct seq_file *m, struct list_head *entry);
};

/**
 * struct nvmft_proc_file - a file
 * @name: its name, which its first line tells
 * @part: its lists, one after the other, as many as have one
 */
struct nvmft_proc_file {
	const char		*name;
	struct nvmft_proc_part	part[NVMFT_PROC_PARTS];
};

/* proc_show.c */
extern const struct nvmft_proc_file nvmft_proc_files[];
extern const unsigned int nvmft_proc_nr_files;

/* proc.c; 0 or -ENOMEM */
int nvmft_proc_init(void);
/* Waits for readers, also of files that stay open. */
void nvmft_proc_exit(void);

/*
 * terminate.c: carry out a line of "terminate", which is taken apart in place. 0, or
 * -EINVAL: it is none; -ENOENT: nothing matches.
 */
int nvmft_terminate(char *line);

#endif /* NVMFT_CORE_PROC_H */
