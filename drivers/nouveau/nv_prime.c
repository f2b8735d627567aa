// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * BOs that are shared with other drivers, as dma-bufs.
 *
 * Others get pages of the system: a BO in VRAM moves out when the first of them
 * comes. What is imported belongs to its exporter, its dma_resv included, and is
 * never moved.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>

#include <drm/drm_device.h>
#include <drm/drm_prime.h>

#include "nv_gem.h"
#include "nv_uapi.h"

/**
 * nv_bo_export() - &drm_gem_object_funcs.export
 * @obj: the BO
 * @flags: for the dma-buf
 *
 * Context: process; sleeps.
 * Return: the dma-buf, or an ERR_PTR(): -EPERM for a private BO; -ENOMEM.
 */
struct dma_buf *nv_bo_export(struct drm_gem_object *obj, int flags)
{
	/* An importer would lock and fence the whole VM. */
	if (to_nv_bo(obj)->private_to)
		return ERR_PTR(-EPERM);

	return drm_gem_prime_export(obj, flags);
}

/* There is no IOMMU: the addresses for the device are physical ones. */
static int import_pages(struct sg_table *sgt, u64 *addrs, unsigned long count)
{
	struct sg_dma_page_iter iter;
	unsigned long n = 0;

	for_each_sgtable_dma_page(sgt, &iter, 0) {
		dma_addr_t addr = sg_page_iter_dma_address(&iter);

		if (n == count)
			break;

		/* Memory of another device, which this one cannot reach. */
		if (!PAGE_ALIGNED(addr) || !pfn_valid(PHYS_PFN(addr)))
			return -EOPNOTSUPP;

		addrs[n++] = addr;
	}

	return n == count ? 0 : -EINVAL;
}

/**
 * nv_bo_import() - &drm_driver.gem_prime_import_sg_table
 * @drm: the device
 * @attach: to the dma-buf of another driver
 * @sgt: its memory, mapped for the device
 *
 * Context: process; sleeps.
 * Return: the BO, which owns @attach and @sgt; an ERR_PTR(): -ENOMEM;
 * -EOPNOTSUPP if the device cannot reach the memory; -EINVAL if there is less
 * than the dma-buf's size.
 */
struct drm_gem_object *nv_bo_import(struct drm_device *drm,
				    struct dma_buf_attachment *attach,
				    struct sg_table *sgt)
{
	unsigned long count = PAGE_ALIGN(attach->dmabuf->size) >> PAGE_SHIFT;
	struct drm_gem_object *obj;
	struct nv_bo *bo;
	u64 *addrs;
	int ret;

	/* DMA through copies would show the device a copy. */
	if (dma_max_mapping_size(drm->dev) != SIZE_MAX)
		return ERR_PTR(-EOPNOTSUPP);

	addrs = kvmalloc_array(count, sizeof(*addrs), GFP_KERNEL_ACCOUNT);
	if (!addrs)
		return ERR_PTR(-ENOMEM);

	ret = import_pages(sgt, addrs, count);
	obj = ret ? ERR_PTR(ret) :
		    drm_gem_shmem_prime_import_sg_table(drm, attach, sgt);
	if (IS_ERR(obj)) {
		kvfree(addrs);
		return obj;
	}

	bo = to_nv_bo(obj);
	bo->imported = addrs;
	bo->domains = NOUVEAU_GEM_DOMAIN_GART;
	bo->place = NV_PLACE_GART;
	return obj;
}
