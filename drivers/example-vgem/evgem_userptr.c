// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Userptr mappings: memory of the process that binds.
 *
 * Shows what is left for a driver: the core takes pages from the process, gives
 * them back when the process is about to lose them, and calls pt_unmap and, before
 * the next job, pt_map; here they are written to page tables. The process may
 * have taken pages away where it had some, so there can be holes.
 *
 * Nothing is pinned: what is not used by a job can be swapped out. So this does
 * not count as locked memory, but, with what the kernel keeps for each page of
 * it, as BOs do.
 *
 * For your own hardware: map the pages for the device before they are written,
 * in pt_reserve, and unmap them in the job_fini of the change that cleared them.
 */
#include <drm/evgem_drm.h>

#include "evgem_bind.h"
#include "evgem_device.h"
#include "evgem_userptr.h"
#include "evgem_vm.h"

static void userptr_release(struct drm_gem_object *obj, void *priv)
{
	struct evgem_file *file = priv;

	evgem_quota_put_bo(file, obj->size);
	evgem_file_put(file);
}

/**
 * evgem_userptr_create() - make an object of what a MAP_USERPTR names
 * @vm: the VM
 * @op: the operation, with a range that is valid in the VM
 *
 * Context: process; sleeps.
 * Return: the object, to be mapped by just that operation; an ERR_PTR(): -EINVAL,
 * -EFAULT, -ENOMEM, -ENOSPC, -EINTR.
 */
struct drm_gem_object *evgem_userptr_create(struct evgem_vm *vm,
					    const struct drm_evgem_bind_op *op)
{
	const struct drm_gpuvm_userptr_args args = {
		.queue = vm->binds,
		.addr = op->addr,
		.range = op->range,
		.start = op->offset,
		.size = op->range,
		.flags = op->flags & DRM_EVGEM_BIND_READONLY ?
				 DRM_GPUVM_USERPTR_READONLY : 0,
		.release = userptr_release,
		.priv = vm->file,
	};
	struct drm_gem_object *obj;
	int ret;

	ret = evgem_quota_take_bo(vm->file, op->range);
	if (ret)
		return ERR_PTR(ret);

	kref_get(&vm->file->ref);
	obj = drm_gpuvm_userptr_create(&args);
	if (IS_ERR(obj)) {
		evgem_quota_put_bo(vm->file, op->range);
		evgem_file_put(vm->file);
	}

	return obj;
}

/**
 * evgem_userptr_map() - map what the process has of a range
 * @vm: the VM
 * @update: the change, with evgem_pt_tables_at_most() tables to spare
 * @va: the mapping
 * @addr: first address
 * @range: bytes
 *
 * Context: in &drm_gpuvm_bind_ops.pt_map.
 * Return: as evgem_pt_map().
 */
int evgem_userptr_map(struct evgem_vm *vm, struct evgem_pt_update *update,
		      struct drm_gpuva *va, u64 addr, u64 range)
{
	u64 first = drm_gpuva_gem_offset(va, addr) >> PAGE_SHIFT;
	u64 last = first + (range >> PAGE_SHIFT), end;
	struct evgem_pt_source source = {
		.pages = drm_gpuvm_userptr_pages(va->gem.obj),
	};
	int ret = 0;

	for (u64 at = first; at < last && !ret; at = end) {
		/* As many as there are in a row. */
		for (end = at; end < last && source.pages[end]; end++)
			;
		if (end == at) {
			end++;
			continue;
		}

		source.at = at;
		ret = evgem_pt_map(&vm->pt, update,
				   addr + ((at - first) << PAGE_SHIFT),
				   (end - at) << PAGE_SHIFT, &source,
				   !(va->flags & EVGEM_VA_READONLY));
	}

	return ret;
}
