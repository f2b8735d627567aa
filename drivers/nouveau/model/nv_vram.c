// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Memory of the device: a region of addresses, for parts of which there is
 * memory of the machine while the driver has them allocated. An access beside
 * these finds nobody who answers.
 */
#include <linux/align.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "nv_model.h"

/*
 * A program asks for as much as it likes, so it is told when there is no more, as
 * with pages of shmem, and nobody is killed for it, in its cgroup or elsewhere.
 */
#define VRAM_GFP (GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_RETRY_MAYFAIL | \
		  __GFP_NOWARN)

/**
 * nv_model_vram_init() - make a region in which nothing is populated
 * @vram: zeroed
 * @size: bytes, of pages
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int nv_model_vram_init(struct nv_vram *vram, u64 size)
{
	vram->pages = kvcalloc(size >> PAGE_SHIFT, sizeof(*vram->pages),
			       GFP_KERNEL);
	if (!vram->pages)
		return -ENOMEM;

	vram->size = size;
	return 0;
}

/**
 * nv_model_vram_fini() - end of the region
 * @vram: of which all is released; zeroed is fine
 *
 * Context: process.
 */
void nv_model_vram_fini(struct nv_vram *vram)
{
	u64 left = 0;

	for (u64 i = 0; i < vram->size >> PAGE_SHIFT; i++)
		left += !!vram->pages[i];
	WARN(left, "%llu pages of VRAM were not released\n", left);

	kvfree(vram->pages);
}

static bool range_valid(const struct nv_vram *vram, u64 addr, u64 size)
{
	return size && PAGE_ALIGNED(addr | size) && size <= vram->size &&
	       addr <= vram->size - size;
}

/**
 * nv_model_vram_populate() - see &nv_hw_ops.vram_populate
 * @vram: the region
 * @addr: first address
 * @size: bytes
 *
 * Context: see there.
 * Return: see there.
 */
int nv_model_vram_populate(struct nv_vram *vram, u64 addr, u64 size)
{
	u64 first = addr >> PAGE_SHIFT, n = size >> PAGE_SHIFT;

	if (!range_valid(vram, addr, size))
		return -EINVAL;

	for (u64 i = 0; i < n; i++) {
		struct page *page = NULL;
		bool dying = fatal_signal_pending(current);

		if (!dying)
			page = alloc_page(VRAM_GFP);
		if (!page) {
			if (i)
				nv_model_vram_release(vram, addr,
						      i << PAGE_SHIFT);
			return dying ? -EINTR : -ENOMEM;
		}

		WARN_ON_ONCE(vram->pages[first + i]);
		/* Pairs with the acquire in nv_model_vram_page(). */
		smp_store_release(&vram->pages[first + i], page);
		cond_resched();
	}

	return 0;
}

/**
 * nv_model_vram_release() - see &nv_hw_ops.vram_release
 * @vram: the region
 * @addr: first address
 * @size: bytes
 *
 * Context: see there.
 */
void nv_model_vram_release(struct nv_vram *vram, u64 addr, u64 size)
{
	u64 first = addr >> PAGE_SHIFT, n = size >> PAGE_SHIFT;

	if (WARN_ON_ONCE(!range_valid(vram, addr, size)))
		return;

	for (u64 i = 0; i < n; i++) {
		struct page *page = vram->pages[first + i];

		if (WARN_ON_ONCE(!page))
			continue;
		WRITE_ONCE(vram->pages[first + i], NULL);
		/* Not free as long as a process has it mapped. */
		put_page(page);
		cond_resched();
	}
}

/**
 * nv_model_vram_page() - see &nv_hw_ops.vram_page
 * @vram: the region
 * @addr: any address
 *
 * Context: see there.
 * Return: see there.
 */
struct page *nv_model_vram_page(struct nv_vram *vram, u64 addr)
{
	if (addr >= vram->size)
		return NULL;

	/* Pairs with the release in nv_model_vram_populate(). */
	return smp_load_acquire(&vram->pages[addr >> PAGE_SHIFT]);
}
