// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What binds do to the page tables, and the kernel's own mappings.
 *
 * The core's bind layer knows what changes: in deferred mode that is settled when
 * the ioctl returns, and written down for the job, which then calls nv_pt_map()
 * and nv_pt_unmap(). Tables for the worst case are set aside at submission, as the
 * job may not allocate.
 *
 * Lifetimes: a mapping holds its vm_bo, which holds the BO. What a job took out is
 * freed after it has flushed the TLB; so a BO whose last handle was closed keeps
 * its memory until the device has forgotten it.
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "nv_bind.h"
#include "nv_device.h"
#include "nv_gem.h"
#include "nv_uapi.h"
#include "nv_vm.h"

static struct nv_vm *job_vm(struct drm_gpuvm_bind_job *job)
{
	return to_nv_vm(drm_gpuvm_bind_job_vm(job));
}

static struct nv_mmu_update *job_update(struct drm_gpuvm_bind_job *job)
{
	struct nv_bind_job *priv = drm_gpuvm_bind_job_priv(job);

	return &priv->update;
}

static void bind_job_init(struct drm_gpuvm_bind_job *job)
{
	nv_vm_get(job_vm(job));
	nv_mmu_update_init(job_update(job));
}

static void bind_job_fini(struct drm_gpuvm_bind_job *job)
{
	nv_mmu_update_fini(job_update(job));
	nv_vm_put(job_vm(job));
}

static int bind_validate(struct drm_gpuvm_bind_job *job,
			 struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	struct nv_bind_job *priv = drm_gpuvm_bind_job_priv(job);
	int ret = nv_bo_validate_locked(to_nv_bo(vm_bo->obj), vm_bo->vm);

	priv->no_room = ret;
	return ret;
}

/* A BO that may come back in system memory has pages of that alone. */
static enum nv_mmu_size largest_page(struct drm_gem_object *obj)
{
	return to_nv_bo(obj)->domains == NOUVEAU_GEM_DOMAIN_VRAM ? NV_MMU_2M :
								   NV_MMU_4K;
}

/*
 * In so many parts a sparse mapping may come, between what is there and what other
 * operations of the job bring; as one if a single mapping makes way for it.
 */
static u64 sparse_pieces(struct drm_gpuvm_bind_job *job,
			 const struct drm_gpuvm_bind_op *op)
{
	const struct nv_bind_job *priv = drm_gpuvm_bind_job_priv(job);
	u64 pieces = priv->num_ops, end = op->addr + op->range;
	struct drm_gpuva *va;

	/* The core keeps the mappings as they are meanwhile. */
	drm_gpuvm_for_each_va_range(va, drm_gpuvm_bind_job_vm(job), op->addr,
				    end)
		pieces += va->va.addr > op->addr ||
			  va->va.addr + va->va.range < end;

	return pieces;
}

static int bind_pt_reserve(struct drm_gpuvm_bind_job *job,
			   const struct drm_gpuvm_bind_op *op)
{
	struct nv_mmu_update *update = job_update(job);

	switch (op->op) {
	case DRM_GPUVM_BIND_OP_MAP:
		return nv_mmu_reserve_map(update, op->addr, op->range,
					  largest_page(op->obj));
	case DRM_GPUVM_BIND_OP_MAP_SPARSE:
		return nv_mmu_reserve_sparse(update, op->addr, op->range,
					     sparse_pieces(job, op));
	default:
		return nv_mmu_reserve_unmap(update, op->addr, op->range);
	}
}

static int bind_refuse(struct drm_gpuvm_bind_job *job)
{
	return drm_dev_is_unplugged(&job_vm(job)->nv->drm) ? -ENODEV : 0;
}

static u64 bo_extent(const struct nv_mmu_source *source, u64 offset,
		     u64 *length)
{
	struct nv_bo *bo = (struct nv_bo *)source->memory;
	struct nv_segment segment;

	nv_bo_segment(bo, offset, bo->shmem.base.size - offset, &segment);
	*length = segment.size;
	return segment.addr;
}

static struct nv_mmu_source source_of(struct drm_gpuva *va, u64 addr)
{
	struct nv_bo *bo;

	if (!va->gem.obj)
		return (struct nv_mmu_source) {
			.aperture = NV_APERTURE_INVALID,
		};

	bo = to_nv_bo(va->gem.obj);
	return (struct nv_mmu_source) {
		.aperture = bo->place == NV_PLACE_VRAM ? NV_APERTURE_VIDEO :
							 NV_APERTURE_SYSTEM,
		.kind = va->attrs.cookie,
		.max = largest_page(va->gem.obj),
		.extent = bo_extent,
		.memory = bo,
		.offset = drm_gpuva_gem_offset(va, addr),
	};
}

static int nv_pt_map(struct drm_gpuvm_bind_job *job, struct drm_gpuva *va,
		     u64 addr, u64 range)
{
	struct nv_mmu_source source = source_of(va, addr);
	struct nv_vm *vm = job_vm(job);

	guard(mutex)(&vm->mmu_lock);

	return nv_mmu_map(&vm->mmu, job_update(job), addr, range, &source);
}

static int unmap_locked(struct nv_vm *vm, struct nv_mmu_update *update,
			u64 addr, u64 end)
{
	lockdep_assert_held(&vm->mmu_lock);

	return addr < end ? nv_mmu_unmap(&vm->mmu, update, addr, end - addr) : 0;
}

/* When the VM is closed it is all of it; the channels' own part is not mapped. */
static int nv_pt_unmap(struct drm_gpuvm_bind_job *job, u64 addr, u64 range)
{
	const struct drm_gpuva *kernel;
	struct nv_vm *vm = job_vm(job);
	u64 end = addr + range;

	guard(mutex)(&vm->mmu_lock);

	kernel = &vm->base.kernel_alloc_node;
	return unmap_locked(vm, job_update(job), addr,
			    min(end, kernel->va.addr)) ?:
	       unmap_locked(vm, job_update(job),
			    max(addr, kernel->va.addr + kernel->va.range), end);
}

static void flush_locked(struct nv_vm *vm, struct nv_mmu_update *update)
{
	struct nv_hw *hw = vm->nv->hw;

	lockdep_assert_held(&vm->mmu_lock);

	if (!update->flush)
		return;

	hw->ops->tlb_flush(hw, nv_mmu_root_address(&vm->mmu));
	nv_mmu_update_flushed(update);
}

/* Before the job's fence is signalled: then the memory may be reused. */
static void nv_pt_flush(struct drm_gpuvm_bind_job *job)
{
	struct nv_vm *vm = job_vm(job);

	guard(mutex)(&vm->mmu_lock);

	vm->tlb_flushes += job_update(job)->flush;
	flush_locked(vm, job_update(job));
}

static const struct drm_gpuvm_bind_ops bind_ops = {
	.job_init = bind_job_init,
	.job_fini = bind_job_fini,
	.validate = bind_validate,
	.pt_reserve = bind_pt_reserve,
	.refuse = bind_refuse,
	.pt_map = nv_pt_map,
	.pt_unmap = nv_pt_unmap,
	.pt_flush = nv_pt_flush,
};

/**
 * nv_bind_queue_init() - make the bind queue of a VM
 * @vm: the VM
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int nv_bind_queue_init(struct nv_vm *vm)
{
	const struct drm_gpuvm_bind_queue_args args = {
		.gpuvm = &vm->base,
		.ops = &bind_ops,
		.name = "nouveau-bind",
		.submit_wq = vm->nv->sched_wq,
		.cleanup_wq = nv_release_wq,
		.job_priv_size = sizeof(struct nv_bind_job),
	};
	struct drm_gpuvm_bind_queue *binds = drm_gpuvm_bind_queue_create(&args);

	if (IS_ERR(binds))
		return PTR_ERR(binds);

	vm->binds = binds;
	return 0;
}

static u64 memory_extent(const struct nv_mmu_source *source, u64 offset,
			 u64 *length)
{
	*length = PAGE_SIZE;
	return page_to_phys(vmalloc_to_page(source->memory + offset));
}

/**
 * nv_vm_map_kernel() - show the device memory of the driver
 * @vm: the VM
 * @addr: where, in the part of the VM that is the kernel's
 * @memory: from vmalloc()
 * @size: bytes, of pages
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM; -EINTR if the caller is to die.
 */
int nv_vm_map_kernel(struct nv_vm *vm, u64 addr, void *memory, size_t size)
{
	const struct nv_mmu_source source = {
		.aperture = NV_APERTURE_SYSTEM,
		.max = NV_MMU_4K,
		.extent = memory_extent,
		.memory = memory,
	};
	struct nv_mmu_update update;
	int ret;

	nv_mmu_update_init(&update);
	ret = nv_mmu_reserve_map(&update, addr, size, NV_MMU_4K);
	if (!ret) {
		guard(mutex)(&vm->mmu_lock);
		ret = nv_mmu_map(&vm->mmu, &update, addr, size, &source);
		flush_locked(vm, &update);
	}
	nv_mmu_update_fini(&update);
	return ret;
}

/**
 * nv_vm_unmap_kernel() - undo nv_vm_map_kernel()
 * @vm: the VM
 * @addr: the same
 * @size: the same
 *
 * Context: process; sleeps.
 */
void nv_vm_unmap_kernel(struct nv_vm *vm, u64 addr, size_t size)
{
	struct nv_mmu_update update;

	/* Goes as it came, so that no table is needed. */
	nv_mmu_update_init(&update);
	scoped_guard(mutex, &vm->mmu_lock) {
		drm_WARN_ON(&vm->nv->drm,
			    nv_mmu_unmap(&vm->mmu, &update, addr, size));
		flush_locked(vm, &update);
	}
	nv_mmu_update_fini(&update);
}
