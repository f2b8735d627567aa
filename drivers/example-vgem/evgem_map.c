// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Changing what is mapped in a VM: the heart of a driver that uses GPUVM in
 * immediate mode.
 *
 * Shows how the core's split and merge drives the page tables. The core finds
 * out what a request means for the mappings that are there and calls a step for
 * each consequence; the step changes the core's tree and the page tables
 * together, under one lock, in the job. All steps run in the fence signalling
 * section: mappings and tables come from &struct evgem_map_ctx, where enough
 * was set aside.
 *
 * Lifetimes: a mapping holds its vm_bo, which holds the BO. unlink_defer leaves
 * a vm_bo without mappings to evgem_map_ctx_fini(), which is after the TLB was
 * flushed; so a BO whose last handle was closed keeps its memory until the
 * engine has forgotten it.
 *
 * For your own hardware: nothing to change as long as evgem_pt.h is what your
 * page tables offer.
 */
#include <linux/slab.h>

#include "evgem_device.h"
#include "evgem_gem.h"
#include "evgem_hw.h"
#include "evgem_map.h"
#include "evgem_vm.h"

/* What one mapping costs; the vm_bo is one for each pair of VM and BO. */
static_assert(sizeof(struct drm_gpuva) <= 128,
	      "a mapping takes more than kmalloc-128");

/**
 * evgem_map_ctx_init() - begin to prepare changes
 * @ctx: to be initialised
 * @vm: the VM, which outlives @ctx
 */
void evgem_map_ctx_init(struct evgem_map_ctx *ctx, struct evgem_vm *vm)
{
	ctx->vm = vm;
	ctx->vm_bo = NULL;
	ctx->flags = 0;
	INIT_LIST_HEAD(&ctx->spare);
	evgem_pt_update_init(&ctx->pt);
}

/**
 * evgem_map_ctx_reserve_vas() - allocate mappings
 * @ctx: the context
 * @count: how many more: 3 for a map, which may cut a mapping on each side; 2
 *	for an unmap, which may leave two pieces of one or one each of two
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int evgem_map_ctx_reserve_vas(struct evgem_map_ctx *ctx, unsigned int count)
{
	while (count--) {
		struct drm_gpuva *va = kmalloc(sizeof(*va), GFP_KERNEL_ACCOUNT);

		if (!va)
			return -ENOMEM;
		list_add(&va->gem.entry, &ctx->spare);
	}

	return 0;
}

/**
 * evgem_map_ctx_fini() - free what is left of changes
 * @ctx: the context; what it changed was flushed
 *
 * Context: process; sleeps; takes dma_resv locks and may put GEM objects, so
 * not in the fence signalling section and with no dma_resv held.
 */
void evgem_map_ctx_fini(struct evgem_map_ctx *ctx)
{
	struct drm_gpuva *va, *next;

	list_for_each_entry_safe(va, next, &ctx->spare, gem.entry)
		kfree(va);

	evgem_pt_update_fini(&ctx->pt);
	drm_gpuvm_bo_deferred_cleanup(&ctx->vm->base);
}

static struct drm_gpuva *take_va(struct evgem_map_ctx *ctx)
{
	struct drm_gpuva *va = list_first_entry_or_null(&ctx->spare,
							struct drm_gpuva,
							gem.entry);

	if (WARN_ON_ONCE(!va))
		return NULL;

	list_del(&va->gem.entry);
	memset(va, 0, sizeof(*va));
	return va;
}

static void give_back_va(struct evgem_map_ctx *ctx, struct drm_gpuva *va)
{
	if (va)
		list_add(&va->gem.entry, &ctx->spare);
}

static void link_va(struct drm_gpuva *va, struct drm_gpuvm_bo *vm_bo)
{
	guard(mutex)(drm_gem_gpuva_mutex(vm_bo->obj));

	drm_gpuva_link(va, vm_bo);
}

static void free_va(struct evgem_vm *vm, struct drm_gpuva *va)
{
	drm_gpuva_unlink_defer(va);
	kfree(va);
	vm->mappings--;
}

/**
 * evgem_step_map() - &drm_gpuvm_ops.sm_step_map
 * @op: a map
 * @priv: the struct evgem_map_ctx
 *
 * Context: &evgem_vm.lock is held; fence signalling section.
 * Return: 0; an error means that too little was set aside.
 */
int evgem_step_map(struct drm_gpuva_op *op, void *priv)
{
	struct evgem_map_ctx *ctx = priv;
	struct evgem_vm *vm = ctx->vm;
	struct evgem_bo *bo = to_evgem_bo(op->map.gem.obj);
	struct drm_gpuva *va = take_va(ctx);
	int ret;

	if (!va)
		return -ENOMEM;

	ret = drm_gpuva_map(&vm->base, va, &op->map);
	if (ret) {
		give_back_va(ctx, va);
		return ret;
	}

	va->flags |= ctx->flags;
	link_va(va, ctx->vm_bo);
	vm->mappings++;

	return evgem_pt_map(&vm->pt, &ctx->pt, va->va.addr, va->va.range,
			    bo->pages + (va->gem.offset >> PAGE_SHIFT),
			    !(va->flags & EVGEM_VA_READONLY));
}

static void keep_piece(struct evgem_vm *vm, struct drm_gpuva *piece,
		       const struct drm_gpuva *old)
{
	if (!piece)
		return;

	piece->flags |= old->flags & EVGEM_VA_READONLY;
	link_va(piece, old->vm_bo);
	vm->mappings++;
}

/**
 * evgem_step_remap() - &drm_gpuvm_ops.sm_step_remap
 * @op: a remap
 * @priv: the struct evgem_map_ctx
 *
 * Only the entries of the range that goes are touched: jobs may be using what
 * remains at this moment.
 *
 * Context: &evgem_vm.lock is held; fence signalling section.
 * Return: 0; an error means that too little was set aside.
 */
int evgem_step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct evgem_map_ctx *ctx = priv;
	struct evgem_vm *vm = ctx->vm;
	struct drm_gpuva *old = op->remap.unmap->va;
	struct drm_gpuva *prev = op->remap.prev ? take_va(ctx) : NULL;
	struct drm_gpuva *next = op->remap.next ? take_va(ctx) : NULL;
	u64 addr, range;
	int ret;

	if ((op->remap.prev && !prev) || (op->remap.next && !next)) {
		ret = -ENOMEM;
		goto err;
	}

	drm_gpuva_op_remap_to_unmap_range(&op->remap, &addr, &range);
	ret = evgem_pt_unmap(&vm->pt, &ctx->pt, addr, range);
	if (ret)
		goto err;

	ret = drm_gpuva_remap(prev, next, &op->remap);
	if (ret)
		goto err;

	keep_piece(vm, prev, old);
	keep_piece(vm, next, old);
	free_va(vm, old);
	return 0;

err:
	give_back_va(ctx, next);
	give_back_va(ctx, prev);
	return ret;
}

/**
 * evgem_step_unmap() - &drm_gpuvm_ops.sm_step_unmap
 * @op: an unmap
 * @priv: the struct evgem_map_ctx
 *
 * Context: &evgem_vm.lock is held; fence signalling section.
 * Return: 0; an error means that too little was set aside.
 */
int evgem_step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct evgem_map_ctx *ctx = priv;
	struct drm_gpuva *va = op->unmap.va;
	int ret;

	ret = evgem_pt_unmap(&ctx->vm->pt, &ctx->pt, va->va.addr, va->va.range);
	if (ret)
		return ret;

	drm_gpuva_unmap(&op->unmap);
	free_va(ctx->vm, va);
	return 0;
}

/**
 * evgem_map_locked() - map a piece of a BO
 * @ctx: the context, with enough set aside
 * @addr: where
 * @range: bytes
 * @vm_bo: of the VM and the BO, which has its memory
 * @offset: where in the BO
 * @flags: EVGEM_VA_READONLY or 0
 *
 * Context: &evgem_vm.lock is held; may be in the fence signalling section.
 * Return: 0; else the VM is in a state that nobody asked for.
 */
int evgem_map_locked(struct evgem_map_ctx *ctx, u64 addr, u64 range,
		     struct drm_gpuvm_bo *vm_bo, u64 offset, u32 flags)
{
	const struct drm_gpuvm_map_req req = {
		.map.va.addr = addr,
		.map.va.range = range,
		.map.gem.obj = vm_bo->obj,
		.map.gem.offset = offset,
	};

	lockdep_assert_held(&ctx->vm->lock);

	ctx->vm_bo = vm_bo;
	ctx->flags = flags;
	return drm_gpuvm_sm_map(&ctx->vm->base, ctx, &req);
}

/**
 * evgem_unmap_locked() - unmap what is mapped in a range
 * @ctx: the context, with enough set aside
 * @addr: where
 * @range: bytes
 *
 * Context: &evgem_vm.lock is held; may be in the fence signalling section.
 * Return: 0; else the VM is in a state that nobody asked for.
 */
int evgem_unmap_locked(struct evgem_map_ctx *ctx, u64 addr, u64 range)
{
	lockdep_assert_held(&ctx->vm->lock);

	return drm_gpuvm_sm_unmap(&ctx->vm->base, ctx, addr, range);
}

/**
 * evgem_map_flush_locked() - let the engine forget what was changed
 * @ctx: the context
 *
 * Once for all changes of a job, before its fence is signalled: whoever waits
 * for the fence may reuse the memory.
 *
 * Context: &evgem_vm.lock is held; may be in the fence signalling section.
 */
void evgem_map_flush_locked(struct evgem_map_ctx *ctx)
{
	struct evgem_vm *vm = ctx->vm;

	lockdep_assert_held(&vm->lock);

	if (ctx->pt.flush_start >= ctx->pt.flush_end)
		return;

	evgem_hw_tlb_flush(vm->evgem->hw, vm->context,
			   ctx->pt.flush_start, ctx->pt.flush_end);
	vm->tlb_flushes++;
}
