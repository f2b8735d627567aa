// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * BOs that are shared with other drivers, as dma-bufs.
 *
 * Shows what an imported BO is to the rest of the driver: a BO like any other,
 * whose memory and dma_resv are the exporter's. Jobs lock that dma_resv and put
 * their fences into it, so the exporter knows how long its memory is in use;
 * the memory stays where it is until the last mapping has gone and the BO was
 * freed, because only that ends the attachment.
 *
 * For your own hardware: import_pages() is not needed, as the addresses in the
 * sg_table are what goes into page tables. With callbacks for moving
 * (struct dma_buf_attach_ops) the exporter need not pin the memory.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include <drm/drm_device.h>
#include <drm/drm_prime.h>

#include "evgem_gem.h"

/**
 * evgem_gem_export() - &drm_gem_object_funcs.export
 * @obj: the BO
 * @flags: for the dma-buf
 *
 * Context: process; sleeps.
 * Return: the dma-buf, or an ERR_PTR(): -EPERM for a private BO; -ENOMEM.
 */
struct dma_buf *evgem_gem_export(struct drm_gem_object *obj, int flags)
{
	/* An importer would lock and fence the whole VM. */
	if (to_evgem_bo(obj)->private_to)
		return ERR_PTR(-EPERM);

	return drm_gem_prime_export(obj, flags);
}

/*
 * The device sits on the bus of the memory, without an IOMMU: its addresses are
 * physical ones. The struct pages of the sg_table itself are the exporter's
 * business and may not even be there.
 */
static int import_pages(struct sg_table *sgt, struct page **pages,
			unsigned long count)
{
	struct sg_dma_page_iter iter;
	unsigned long n = 0;

	for_each_sgtable_dma_page(sgt, &iter, 0) {
		dma_addr_t addr = sg_page_iter_dma_address(&iter);

		if (n == count)
			break;

		/* Memory of another device, which the engine cannot reach. */
		if (!PAGE_ALIGNED(addr) || !pfn_valid(PHYS_PFN(addr)))
			return -EOPNOTSUPP;

		pages[n++] = pfn_to_page(PHYS_PFN(addr));
	}

	return n == count ? 0 : -EINVAL;
}

/**
 * evgem_gem_import() - &drm_driver.gem_prime_import_sg_table
 * @drm: the device
 * @attach: to the dma-buf of another driver
 * @sgt: its memory, mapped for the device
 *
 * Context: process; sleeps.
 * Return: the BO, which owns @attach and @sgt; an ERR_PTR(): -ENOMEM;
 * -EOPNOTSUPP if the engine cannot reach the memory; -EINVAL if there is less
 * than the dma-buf's size.
 */
struct drm_gem_object *evgem_gem_import(struct drm_device *drm,
					struct dma_buf_attachment *attach,
					struct sg_table *sgt)
{
	unsigned long count = PAGE_ALIGN(attach->dmabuf->size) >> PAGE_SHIFT;
	struct drm_gem_object *obj;
	struct page **pages;
	int ret;

	/* DMA through copies would show the engine a copy. */
	if (dma_max_mapping_size(drm->dev) != SIZE_MAX)
		return ERR_PTR(-EOPNOTSUPP);

	pages = kvmalloc_array(count, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return ERR_PTR(-ENOMEM);

	ret = import_pages(sgt, pages, count);
	obj = ret ? ERR_PTR(ret) :
		    drm_gem_shmem_prime_import_sg_table(drm, attach, sgt);
	if (IS_ERR(obj)) {
		kvfree(pages);
		return obj;
	}

	to_evgem_bo(obj)->pages = pages;
	return obj;
}
