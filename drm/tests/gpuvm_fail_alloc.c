// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Allocations that fail on request, see gpuvm_fail_alloc.h.
 */
#include <linux/debugfs.h>
#include <linux/gfp.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "gpuvm_fail_alloc.h"

#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS
/*
 * By default only allocations that must not sleep are made to fail, and each
 * failure prints a backtrace. The switches are in debugfs alone, as files whose
 * private data is the variable.
 */
static void *fault_switch(const char *dir, const char *name)
{
	struct dentry *parent, *dentry;
	void *value = NULL;

	parent = debugfs_lookup(dir, NULL);
	if (IS_ERR_OR_NULL(parent))
		return NULL;

	dentry = debugfs_lookup(name, parent);
	if (!IS_ERR_OR_NULL(dentry)) {
		value = d_inode(dentry)->i_private;
		dput(dentry);
	}
	dput(parent);

	return value;
}
#else
static void *fault_switch(const char *dir, const char *name)
{
	return NULL;
}
#endif

static bool fault_attr_prepare(const char *dir)
{
	bool *ignore_sleeping = fault_switch(dir, "ignore-gfp-wait");
	unsigned long *verbose = fault_switch(dir, "verbose");

	if (!ignore_sleeping || !verbose)
		return false;

	*ignore_sleeping = false;
	*verbose = 0;
	return true;
}

/* Single pages as well, which are spared by default. */
static bool fault_pages_prepare(void)
{
	u32 *min_order = fault_switch("fail_page_alloc", "min-order");

	if (!min_order || !fault_attr_prepare("fail_page_alloc"))
		return false;

	*min_order = 0;
	return true;
}

/* Whether gk_fail_alloc_arm() works here: tried, not believed. */
bool gk_fail_alloc_available(struct kunit *test)
{
	struct page *page;
	void *p;

	if (!fault_attr_prepare("failslab") || !fault_pages_prepare())
		return false;

	gk_fail_alloc_arm(1);
	p = kmalloc(16, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, gk_fail_alloc_disarm(), 0);
	KUNIT_EXPECT_NULL(test, p);
	kfree(p);

	gk_fail_alloc_arm(1);
	page = alloc_page(GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, gk_fail_alloc_disarm(), 0);
	KUNIT_EXPECT_NULL(test, page);
	if (page)
		__free_page(page);

	return true;
}

/* Make the nth allocation from here on fail, in this task alone. */
void gk_fail_alloc_arm(unsigned int nth)
{
#ifdef CONFIG_FAULT_INJECTION
	WRITE_ONCE(current->fail_nth, nth);
#endif
}

/* Return: how many allocations were missing to the failure, 0 if it happened. */
unsigned int gk_fail_alloc_disarm(void)
{
	unsigned int left = 0;

#ifdef CONFIG_FAULT_INJECTION
	left = READ_ONCE(current->fail_nth);
	WRITE_ONCE(current->fail_nth, 0);
#endif
	return left;
}
