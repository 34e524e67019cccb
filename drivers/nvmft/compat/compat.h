/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Code is written for the newest supported kernel (RANGE). What an older one lacks
 * stands in this folder under the new name, and nowhere else does a line depend on
 * the kernel's version. Force-included by Kbuild into everything.
 */
#ifndef NVMFT_COMPAT_H
#define NVMFT_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/slab.h>
#include <linux/version.h>

/* 7.0, 2932ba8d9c99 ("slab: Introduce kmalloc_obj() and family") */
#ifndef kmalloc_obj
#define kmalloc_obj(obj, gfp)	kmalloc(sizeof(obj), gfp)
#define kzalloc_obj(obj, gfp)	kzalloc(sizeof(obj), gfp)
#endif

/*
 * 6.9, f3a608827d1f ("bdev: open block device as files"): an open block device
 * is a file. Before, it is the device itself and a mode to close it with; the
 * pointer below stands for both, with the mode in a bit that alignment leaves.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
#include <linux/blkdev.h>

#define BLK_OPEN_READ	FMODE_READ
#define BLK_OPEN_WRITE	FMODE_WRITE

static inline struct block_device *file_bdev(struct file *file)
{
	return (struct block_device *)((unsigned long)file & ~1UL);
}

static inline struct file *bdev_file_open_by_path(const char *path, fmode_t mode,
						  void *holder, const void *ops)
{
	struct block_device *bdev = blkdev_get_by_path(path, mode, holder);

	if (IS_ERR(bdev))
		return ERR_CAST(bdev);
	return (struct file *)((unsigned long)bdev + (mode & FMODE_WRITE ? 1 : 0));
}

static inline void bdev_fput(struct file *file)
{
	fmode_t mode = FMODE_READ;

	if ((unsigned long)file & 1)
		mode |= FMODE_WRITE;
	blkdev_put(file_bdev(file), mode);
}
#endif

/*
 * 6.17, 930c2ea566af ("workqueue: Add new WQ_PERCPU flag"): to be bound, which
 * was what a workqueue is without WQ_UNBOUND, has a flag.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define WQ_PERCPU	0
#endif

/* 6.13, 908a1d775422 ("hrtimers: Introduce hrtimer_setup() to replace hrtimer_init()") */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *timer),
				 clockid_t clock_id, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock_id, mode);
	timer->function = function;
}
#endif

#endif /* NVMFT_COMPAT_H */
