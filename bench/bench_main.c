// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The module: runs a group when it is told to.
 *
 * Write "GROUP N SEED PASSES" to gpuvm-bench-CORE/run in debugfs; the write
 * returns when the group was run PASSES times. Read there a line for each row: its name, its unit,
 * the number of operations, the value for all of them, and a sum over what was
 * done. "forget" forgets what is kept from one round to the next.
 */
#include <linux/debugfs.h>
#include <linux/device/faux.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>

#include "bench.h"

#define BENCH_NAME "gpuvm-bench-" BENCH_CORE
#define BENCH_MAX_N BIT(24)
#define BENCH_MAX_PASSES 1024

/**
 * struct bench_group - a scenario
 */
struct bench_group {
	/** @name: as it is written to the file */
	const char *name;
	/** @run: runs it once */
	int (*run)(struct bench *b);
};

static const struct bench_group groups[] = {
	{ "bytes", bench_bytes },
	{ "close", bench_close },
	{ "exec", bench_exec },
	{ "latency", bench_latency },
	{ "longest", bench_longest },
	{ "mappings", bench_mappings },
	{ "obtain", bench_obtain },
	{ "ops", bench_ops },
	{ "overlap", bench_overlap },
	{ "patterns", bench_patterns },
	{ "trace", bench_trace },
	{ "validate", bench_validate },
};

/* Protects the run below and what groups keep. */
static DEFINE_MUTEX(run_lock);
static struct bench run;
static struct dentry *dir;
static struct faux_device *parent;

static const struct drm_driver bench_driver = {
	.driver_features = DRIVER_GEM | DRIVER_GEM_GPUVA,
	.name = "gpuvm-bench",
	.desc = "device without hardware of the GPUVM benchmark",
	.major = 1,
};

/**
 * bench_add() - add to what was measured of a row
 * @b: the run
 * @row: the row, a string that stays
 * @unit: what @value is in
 * @ops: for how many operations
 * @value: for all of them together
 * @check: added to the row's sum over what was done
 *
 * Also the place where others get the CPU, outside of what is timed.
 *
 * Return: 0; -EINTR if the run is to end; -ENOSPC if there are too many rows.
 */
int bench_add(struct bench *b, const char *row, const char *unit,
	      u64 ops, u64 value, u64 check)
{
	struct bench_result *result = b->results;

	while (result < b->results + b->num_results &&
	       strcmp(result->row, row))
		result++;
	if (result == b->results + ARRAY_SIZE(b->results))
		return -ENOSPC;
	if (result == b->results + b->num_results) {
		*result = (struct bench_result) { .row = row, .unit = unit };
		b->num_results++;
	}

	result->ops += ops;
	result->value += value;
	result->check += check;

	cond_resched();
	return signal_pending(current) ? -EINTR : 0;
}

static int run_group(struct bench *b, const struct bench_group *group,
		     unsigned int passes)
{
	int ret = 0;

	b->num_results = 0;
	while (passes-- && !ret)
		ret = group->run(b);
	if (ret)
		b->num_results = 0;

	return ret;
}

static int run_command(char *text)
{
	unsigned int n, passes;
	char name[16];
	u64 seed;
	int i;

	if (!strcmp(strim(text), "forget")) {
		bench_longest_forget();
		return 0;
	}

	if (sscanf(text, "%15s %u %llu %u", name, &n, &seed, &passes) != 4 ||
	    !n || n > BENCH_MAX_N || !passes || passes > BENCH_MAX_PASSES)
		return -EINVAL;

	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		if (strcmp(groups[i].name, name))
			continue;
		run.n = n;
		run.seed = seed;
		return run_group(&run, &groups[i], passes);
	}

	return -ENOENT;
}

static ssize_t run_write(struct file *file, const char __user *from,
			 size_t count, loff_t *pos)
{
	char text[64] = {};
	int ret;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, count))
		return -EFAULT;

	mutex_lock(&run_lock);
	ret = run_command(text);
	mutex_unlock(&run_lock);

	return ret ?: count;
}

static int run_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	mutex_lock(&run_lock);
	for (i = 0; i < run.num_results; i++) {
		const struct bench_result *result = &run.results[i];

		seq_printf(m, "%s\t%s\t%llu\t%llu\t%llu\n", result->row,
			   result->unit, result->ops, result->value,
			   result->check);
	}
	mutex_unlock(&run_lock);

	return 0;
}

static int run_open(struct inode *inode, struct file *file)
{
	return single_open(file, run_show, NULL);
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.open = run_open,
	.read = seq_read,
	.write = run_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static int __init bench_init(void)
{
	struct drm_device *drm;

	parent = faux_device_create(BENCH_NAME, NULL, NULL);
	if (!parent)
		return -ENODEV;

	drm = drm_dev_alloc(&bench_driver, &parent->dev);
	if (IS_ERR(drm)) {
		faux_device_destroy(parent);
		return PTR_ERR(drm);
	}

	run.drm = drm;
	dir = debugfs_create_dir(BENCH_NAME, NULL);
	debugfs_create_file("run", 0600, dir, NULL, &run_fops);
	return 0;
}

static void __exit bench_exit(void)
{
	debugfs_remove(dir);
	bench_longest_forget();
	drm_dev_put(run.drm);
	faux_device_destroy(parent);
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("Benchmark of a GPUVM core");
MODULE_LICENSE("Dual MIT/GPL");
