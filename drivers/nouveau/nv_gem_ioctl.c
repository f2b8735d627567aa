// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * DRM_IOCTL_NOUVEAU_GEM_NEW, _INFO, _CPU_PREP, _CPU_FINI, and why there is no
 * _PUSHBUF.
 */
#include <linux/dma-resv.h>
#include <linux/log2.h>
#include <linux/mm.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>

#include "nv_device.h"
#include "nv_gem.h"
#include "nv_uapi.h"
#include "nv_vm.h"

#define DOMAINS (NOUVEAU_GEM_DOMAIN_CPU | NOUVEAU_GEM_DOMAIN_VRAM | \
		 NOUVEAU_GEM_DOMAIN_GART | NOUVEAU_GEM_DOMAIN_MAPPABLE | \
		 NOUVEAU_GEM_DOMAIN_COHERENT | NOUVEAU_GEM_DOMAIN_NO_SHARE)

#define TILE_FLAGS (NOUVEAU_GEM_TILE_COMP | NOUVEAU_GEM_TILE_LAYOUT_MASK | \
		    NOUVEAU_GEM_TILE_16BPP | NOUVEAU_GEM_TILE_32BPP | \
		    NOUVEAU_GEM_TILE_ZETA | NOUVEAU_GEM_TILE_NONCONTIG)

#define CPU_PREP_FLAGS (NOUVEAU_GEM_CPU_PREP_NOWAIT | \
			NOUVEAU_GEM_CPU_PREP_WRITE)

#define CPU_PREP_TIMEOUT (30 * HZ)

/**
 * nv_kind_valid() - whether a page can be of a kind
 * @kind: how the memory is arranged, and compressed
 *
 * Those from 8 on are the compressed forms of others; 7 is what the device uses
 * for "none", and 15 would be its compressed form.
 *
 * Return: whether it is one of Turing's.
 */
bool nv_kind_valid(u32 kind)
{
	return kind < 16 && kind != 7 && kind != 15;
}

static bool new_args_valid(const struct drm_nouveau_gem_new *args)
{
	u32 kind = (args->info.tile_flags & NOUVEAU_GEM_TILE_LAYOUT_MASK) >> 8;

	return args->info.size && !(args->info.domain & ~DOMAINS) &&
	       !(args->info.tile_flags & ~TILE_FLAGS) && nv_kind_valid(kind) &&
	       (!args->align || is_power_of_2(args->align));
}

/* What only the device has comes in the largest pages that it can fill. */
static u64 page_size_of(u32 domains, u64 size)
{
	if (domains != NOUVEAU_GEM_DOMAIN_VRAM || size < SZ_64K)
		return PAGE_SIZE;

	return size < SZ_2M ? SZ_64K : SZ_2M;
}

/*
 * The array of pages is an allocation too, and one that the allocator warns of
 * when it is larger than INT_MAX.
 */
static bool size_possible(struct nv_device *nv, u32 domains, u64 size)
{
	u64 pages = min_t(u64, totalram_pages(), INT_MAX / sizeof(struct page *));

	if (domains == NOUVEAU_GEM_DOMAIN_VRAM &&
	    size > nv->vram_size - NV_VRAM_RESERVED)
		return false;

	return size >> PAGE_SHIFT < pages;
}

static void make_private(struct nv_bo *bo, struct nv_vm *vm)
{
	bo->private_to = drm_gpuvm_resv_obj(&vm->base);
	drm_gem_object_get(bo->private_to);
	bo->shmem.base.resv = bo->private_to->resv;
}

static struct nv_bo *bo_create(struct nv_device *nv, struct nv_vm *vm,
			       const struct drm_nouveau_gem_new *args)
{
	u32 domains = args->info.domain & (NOUVEAU_GEM_DOMAIN_VRAM |
					   NOUVEAU_GEM_DOMAIN_GART);
	struct drm_gem_shmem_object *shmem;
	struct nv_bo *bo;
	u64 size;

	if (!size_possible(nv, domains, args->info.size))
		return ERR_PTR(-ENOMEM);

	size = round_up(args->info.size, page_size_of(domains, args->info.size));
	if (!size_possible(nv, domains, size))
		return ERR_PTR(-ENOMEM);

	/* shmem says ENOSPC when it cannot allocate an inode. */
	shmem = drm_gem_shmem_create(&nv->drm, size);
	if (shmem == ERR_PTR(-ENOSPC))
		return ERR_PTR(-ENOMEM);
	if (IS_ERR(shmem))
		return ERR_CAST(shmem);

	bo = to_nv_bo(&shmem->base);
	bo->domains = domains;
	bo->tile_mode = args->info.tile_mode;
	bo->tile_flags = args->info.tile_flags;
	if (vm)
		make_private(bo, vm);

	return bo;
}

static u32 domain_of(struct nv_bo *bo)
{
	if (!bo->domains)
		return NOUVEAU_GEM_DOMAIN_CPU;
	if (is_power_of_2(bo->domains))
		return bo->domains;

	/* May be old; without memory it is where it will be if there is room. */
	return READ_ONCE(bo->place) == NV_PLACE_GART ? NOUVEAU_GEM_DOMAIN_GART :
						       NOUVEAU_GEM_DOMAIN_VRAM;
}

static void fill_info(struct nv_bo *bo, struct drm_nouveau_gem_info *info)
{
	info->domain = domain_of(bo);
	info->size = bo->shmem.base.size;
	info->offset = 0;
	info->map_handle =
		drm_vma_node_offset_addr(&bo->shmem.base.vma_node);
	info->tile_mode = bo->tile_mode;
	info->tile_flags = bo->tile_flags & (NOUVEAU_GEM_TILE_LAYOUT_MASK |
					     NOUVEAU_GEM_TILE_NONCONTIG);
}

/**
 * nv_gem_new_ioctl() - DRM_IOCTL_NOUVEAU_GEM_NEW
 * @drm: the device
 * @data: struct drm_nouveau_gem_new
 * @file: the caller's
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
int nv_gem_new_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nv_file *nfile = file->driver_priv;
	struct drm_nouveau_gem_new *args = data;
	struct nv_vm *vm = NULL;
	struct nv_bo *bo;
	int ret;

	if (!new_args_valid(args))
		return -EINVAL;

	if (args->info.domain & NOUVEAU_GEM_DOMAIN_NO_SHARE) {
		vm = nv_file_vm(nfile);
		if (!vm)
			return -EINVAL;
	}

	nv_file_rule_out_vm(nfile);

	bo = bo_create(to_nv_device(drm), vm, args);
	if (IS_ERR(bo))
		return PTR_ERR(bo);

	ret = drm_gem_create_mmap_offset(&bo->shmem.base);
	if (!ret)
		ret = drm_gem_handle_create(file, &bo->shmem.base,
					    &args->info.handle);
	if (!ret)
		fill_info(bo, &args->info);

	drm_gem_object_put(&bo->shmem.base);
	return ret == -ENOSPC ? -ENOMEM : ret;
}

/**
 * nv_gem_info_ioctl() - DRM_IOCTL_NOUVEAU_GEM_INFO
 * @drm: the device
 * @data: struct drm_nouveau_gem_info; all but the handle is for the answer
 * @file: the caller's
 *
 * Return: 0; -ENOENT; -ENOMEM.
 */
int nv_gem_info_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nouveau_gem_info *args = data;
	struct drm_gem_object *obj = drm_gem_object_lookup(file, args->handle);
	int ret;

	if (!obj)
		return -ENOENT;

	/* One that was imported has none yet. */
	ret = drm_gem_create_mmap_offset(obj);
	if (!ret)
		fill_info(to_nv_bo(obj), args);
	drm_gem_object_put(obj);
	return ret == -ENOSPC ? -ENOMEM : ret;
}

/**
 * nv_gem_pushbuf_ioctl() - DRM_IOCTL_NOUVEAU_GEM_PUSHBUF
 * @drm: the device
 * @data: struct drm_nouveau_gem_pushbuf
 * @file: the caller's
 *
 * The submission of files without VM_INIT, whose address space the kernel manages
 * and whose commands it relocates. With VM_INIT it is not allowed; without, there
 * is no address space here.
 *
 * Return: -ENOSYS.
 */
int nv_gem_pushbuf_ioctl(struct drm_device *drm, void *data,
			 struct drm_file *file)
{
	return -ENOSYS;
}

static int wait_idle(struct drm_gem_object *obj, u32 flags)
{
	bool write = flags & NOUVEAU_GEM_CPU_PREP_WRITE;
	bool nowait = flags & NOUVEAU_GEM_CPU_PREP_NOWAIT;
	long left;

	/* Not for binds: it is what jobs do to the contents that counts. */
	left = dma_resv_wait_timeout(obj->resv, dma_resv_usage_rw(write), true,
				     nowait ? 0 : CPU_PREP_TIMEOUT);
	if (left < 0)
		return left;

	return left ? 0 : -EBUSY;
}

/**
 * nv_gem_cpu_prep_ioctl() - DRM_IOCTL_NOUVEAU_GEM_CPU_PREP
 * @drm: the device
 * @data: struct drm_nouveau_gem_cpu_prep
 * @file: the caller's
 *
 * Return: 0; -EINVAL; -ENOENT; -EBUSY if the device uses the BO, and was not to be
 * waited for, or not within half a minute; -ERESTARTSYS.
 */
int nv_gem_cpu_prep_ioctl(struct drm_device *drm, void *data,
			  struct drm_file *file)
{
	const struct drm_nouveau_gem_cpu_prep *args = data;
	struct drm_gem_object *obj;
	int ret;

	if (args->flags & ~CPU_PREP_FLAGS)
		return -EINVAL;

	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	ret = wait_idle(obj, args->flags);
	drm_gem_object_put(obj);
	return ret;
}

/**
 * nv_gem_cpu_fini_ioctl() - DRM_IOCTL_NOUVEAU_GEM_CPU_FINI
 * @drm: the device
 * @data: struct drm_nouveau_gem_cpu_fini
 * @file: the caller's
 *
 * The device sees what the processor writes; there is nothing to do.
 *
 * Return: 0; -ENOENT.
 */
int nv_gem_cpu_fini_ioctl(struct drm_device *drm, void *data,
			  struct drm_file *file)
{
	const struct drm_nouveau_gem_cpu_fini *args = data;
	struct drm_gem_object *obj = drm_gem_object_lookup(file, args->handle);

	if (!obj)
		return -ENOENT;

	drm_gem_object_put(obj);
	return 0;
}
