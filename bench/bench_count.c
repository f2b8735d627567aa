// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What an ioctl costs, in instructions.
 *
 * Stands before another file: its first ioctl names that, all others are handed
 * on to it, and a read gives the time stamp counter's advance in the last one, in
 * the kernel alone: what entering the kernel costs, User-Mode Linux would make
 * much larger. Where that counter counts instructions, see bench/count, they are
 * those of everything that ran meanwhile: the caller, and the workers it has woken.
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

/**
 * struct proxy - an open file of this module
 */
struct proxy {
	/** @lock: protects @target and @took */
	struct mutex lock;
	/** @target: where calls go; NULL until it was named */
	struct file *target;
	/** @took: what the last one took */
	u64 took;
};

static struct dentry *entry;

static u64 instructions(void)
{
	u32 low, high;

	/* In user-mode Linux there is no function for it. */
	asm volatile("lfence; rdtsc; lfence" : "=a" (low), "=d" (high) :
		     : "memory");
	return (u64)high << 32 | low;
}

static int proxy_open(struct inode *inode, struct file *file)
{
	struct proxy *proxy = kzalloc_obj(*proxy);

	if (!proxy)
		return -ENOMEM;

	mutex_init(&proxy->lock);
	file->private_data = proxy;
	return 0;
}

static int proxy_release(struct inode *inode, struct file *file)
{
	struct proxy *proxy = file->private_data;

	if (proxy->target)
		fput(proxy->target);
	mutex_destroy(&proxy->lock);
	kfree(proxy);
	return 0;
}

/* Nothing of debugfs, which could be another proxy, and keep this one for ever. */
static int set_target(struct proxy *proxy, struct file *file, unsigned long fd)
{
	struct file *target = fget(fd);

	if (!target)
		return -EBADF;

	if (!target->f_op->unlocked_ioctl || target->f_op == file->f_op) {
		fput(target);
		return -EINVAL;
	}
	proxy->target = target;
	return 0;
}

static long proxy_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct proxy *proxy = file->private_data;
	u64 start;
	long ret;

	guard(mutex)(&proxy->lock);
	if (!proxy->target)
		return set_target(proxy, file, arg);

	start = instructions();
	ret = proxy->target->f_op->unlocked_ioctl(proxy->target, cmd, arg);
	/* What it left to workers, if the caller comes after these. */
	cond_resched();
	proxy->took = instructions() - start;
	return ret;
}

/* Again and again the same, in binary. */
static ssize_t proxy_read(struct file *file, char __user *to, size_t size,
			  loff_t *pos)
{
	struct proxy *proxy = file->private_data;

	guard(mutex)(&proxy->lock);
	if (size != sizeof(proxy->took))
		return -EINVAL;

	if (copy_to_user(to, &proxy->took, sizeof(proxy->took)))
		return -EFAULT;

	return sizeof(proxy->took);
}

static const struct file_operations proxy_fops = {
	.owner = THIS_MODULE,
	.open = proxy_open,
	.release = proxy_release,
	.unlocked_ioctl = proxy_ioctl,
	.read = proxy_read,
};

static int __init count_init(void)
{
	entry = debugfs_create_file("gpuvm_count", 0600, NULL, NULL,
				    &proxy_fops);
	return PTR_ERR_OR_ZERO(entry);
}

static void __exit count_exit(void)
{
	debugfs_remove(entry);
}

module_init(count_init);
module_exit(count_exit);
MODULE_DESCRIPTION("Counts the instructions of an ioctl");
MODULE_AUTHOR("The drm-gpuvm reference stack authors");
MODULE_LICENSE("Dual MIT/GPL");
