// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Negative controls: one deliberate mistake for each checker of the lab's
 * kernels. A run that reports nothing proves something only if the same kernel
 * does report these. The mistake is chosen by control= at load; controls.suite
 * makes one in a guest of its own and expects the report.
 *
 * Copyright The drm-gpuvm reference stack authors
 */

#include <linux/debug_locks.h>
#include <linux/delay.h>
#include <linux/kfence.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

static char *control = "";
module_param(control, charp, 0444);
MODULE_PARM_DESC(control, "name of the mistake to make");

static DEFINE_MUTEX(mutex_a);
static DEFINE_MUTEX(mutex_b);
static DEFINE_SPINLOCK(spin);

/* Both orders, one after the other: no deadlock, but the proof of one. */
static int control_lockdep(void)
{
	mutex_lock(&mutex_a);
	mutex_lock(&mutex_b);
	mutex_unlock(&mutex_b);
	mutex_unlock(&mutex_a);

	mutex_lock(&mutex_b);
	mutex_lock(&mutex_a);
	mutex_unlock(&mutex_a);
	mutex_unlock(&mutex_b);
	return 0;
}

static int control_sleep(void)
{
	spin_lock(&spin);
	might_sleep();
	spin_unlock(&spin);
	return 0;
}

static int control_kasan(void)
{
	u8 *object = kmalloc(64, GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(object);
	kfree(object);
	pr_info("freed memory holds %u\n", READ_ONCE(object[3]));
	return 0;
}

static int control_leak(void)
{
	void *object = kmalloc(128, GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(object);
	pr_info("an object is forgotten\n");
	return 0;
}

/*
 * No mistake: an object that nothing kmemleak can see leads to, until it is freed, a
 * moment after the command has ended. An object in a list of call_rcu() may be such a
 * one. The address is kept with its bits inverted.
 */
static unsigned long hidden_object;

static void hidden_free(struct work_struct *work)
{
	kfree((void *)~hidden_object);
}

static DECLARE_DELAYED_WORK(hidden_work, hidden_free);

static int control_freed_late(void)
{
	void *object = kmalloc(128, GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	hidden_object = ~(unsigned long)object;
	schedule_delayed_work(&hidden_work, msecs_to_jiffies(1000));
	return 0;
}

static int control_ubsan(void)
{
	unsigned int bits = 40;

	OPTIMIZER_HIDE_VAR(bits);
	pr_info("shifted: %d\n", 1 << bits);
	return 0;
}

static int control_list(void)
{
	LIST_HEAD(head);
	struct list_head entry, stranger;

	INIT_LIST_HEAD(&stranger);
	list_add(&entry, &head);
	entry.next = &stranger;
	list_del(&entry);
	return 0;
}

static int control_warn(void)
{
	WARN(1, "asked for\n");
	return 0;
}

/* What an overflow of lockdep's tables does, without the message. */
static int control_blind(void)
{
#ifdef CONFIG_LOCKDEP
	debug_locks_off();
#endif
	return 0;
}

static int control_bug(void)
{
	BUG();
}

static int control_hang(void)
{
	for (;;)
		msleep(1000);

	return 0;
}

/* -ENOMEM is what the suite waits for: injection has to reach this task. */
static int control_failslab(void)
{
#ifdef CONFIG_FAULT_INJECTION
	void *object;

	current->fail_nth = 1;
	object = kmalloc(64, GFP_KERNEL);
	current->fail_nth = 0;
	if (!object)
		return -ENOMEM;
	kfree(object);
#endif
	pr_info("the allocation did not fail\n");
	return 0;
}

/* KFENCE guards one allocation in a while: wait for one of these. */
static int control_kfence(void)
{
#ifdef CONFIG_KFENCE
	unsigned int i;

	for (i = 0; i < 100; i++) {
		u8 *object = kmalloc(32, GFP_KERNEL);

		if (!object)
			return -ENOMEM;
		OPTIMIZER_HIDE_VAR(object);
		kfree(object);
		if (is_kfence_address(object)) {
			pr_info("freed memory holds %u\n", READ_ONCE(object[3]));
			return 0;
		}
		msleep(50);
	}
#endif
	pr_info("no allocation was guarded\n");
	return -ENODEV;
}

static const struct {
	const char *name;
	int (*make)(void);
} controls[] = {
	{ "blind", control_blind },
	{ "bug", control_bug },
	{ "failslab", control_failslab },
	{ "freed_late", control_freed_late },
	{ "hang", control_hang },
	{ "kasan", control_kasan },
	{ "kfence", control_kfence },
	{ "leak", control_leak },
	{ "list", control_list },
	{ "lockdep", control_lockdep },
	{ "sleep", control_sleep },
	{ "ubsan", control_ubsan },
	{ "warn", control_warn },
};

static int __init lab_controls_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(controls); i++) {
		if (!strcmp(control, controls[i].name))
			return controls[i].make();
	}
	return -EINVAL;
}
module_init(lab_controls_init);

static void __exit lab_controls_exit(void)
{
	flush_delayed_work(&hidden_work);
}
module_exit(lab_controls_exit);

MODULE_DESCRIPTION("Negative controls for the lab's kernels");
MODULE_LICENSE("Dual MIT/GPL");
