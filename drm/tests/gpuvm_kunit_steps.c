// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Operations: carried out as a driver would, and written as text.
 *
 * A mapping of object A at [4, 6) with the offset 2 is written A[4,6)@2, one
 * without an object -[4,6)@2, and the kernel's reserve R[240,256)@0. Attributes
 * follow if there are any: %3+1 repeats 3 from the phase 1 on, #7 has the cookie
 * 7, and !4 the flags 4.
 */
#include <linux/mutex.h>
#include <linux/slab.h>

#include "gpuvm_kunit_helper.h"

struct gk_steps *gk_steps_new(struct kunit *test, struct drm_gpuvm *vm)
{
	struct gk_steps *steps = kunit_kzalloc(test, sizeof(*steps), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, steps);
	steps->vm = vm;
	INIT_LIST_HEAD(&steps->pool);

	return steps;
}

/* Set mappings aside, so that carrying out allocates nothing. */
void gk_steps_reserve(struct kunit *test, struct gk_steps *steps,
		      unsigned int count)
{
	while (count--) {
		struct drm_gpuva *va = gk_va_new(test, NULL, 0, 0, 0);

		list_add(&container_of(va, struct gk_va, base)->pool,
			 &steps->pool);
	}
}

void gk_steps_drain(struct gk_steps *steps)
{
	struct gk_va *va, *next;

	list_for_each_entry_safe(va, next, &steps->pool, pool) {
		list_del(&va->pool);
		gk_va_free(&va->base);
	}
}

static struct drm_gpuva *take_va(struct gk_steps *steps)
{
	struct gk_va *va;

	va = list_first_entry_or_null(&steps->pool, struct gk_va, pool);
	if (va) {
		list_del(&va->pool);
		return &va->base;
	}

	va = kzalloc(sizeof(*va), GFP_KERNEL);
	if (!va)
		return NULL;

	atomic_inc(&gk_counts.vas);
	return &va->base;
}

__printf(2, 3)
static void say(struct gk_steps *steps, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	steps->len += vscnprintf(steps->log + steps->len,
				 sizeof(steps->log) - steps->len, fmt, args);
	va_end(args);
}

static void say_attrs(struct gk_steps *steps, u32 flags,
		      const struct drm_gpuva_attrs *attrs)
{
	if (attrs->repeat || attrs->repeat_phase)
		say(steps, "%%%u+%u", attrs->repeat, attrs->repeat_phase);
	if (attrs->cookie)
		say(steps, "#%llu", attrs->cookie);
	if (flags)
		say(steps, "!%u", flags);
}

static void say_part(struct gk_steps *steps, const char *what,
		     const struct drm_gpuva_op_map *map)
{
	say(steps, "%s%c[%llu,%llu)@%llu", what, gk_bo_name(map->gem.obj),
	    map->va.addr, map->va.addr + map->va.range, map->gem.offset);
}

static void say_va(struct gk_steps *steps, const char *what,
		   const struct drm_gpuva *va)
{
	char name = va == &va->vm->kernel_alloc_node ? 'R' :
						       gk_bo_name(va->gem.obj);

	say(steps, "%s%c[%llu,%llu)@%llu", what, name,
	    va->va.addr, va->va.addr + va->va.range, va->gem.offset);
	say_attrs(steps, va->flags, &va->attrs);
}

static void say_remap(struct gk_steps *steps,
		      const struct drm_gpuva_op_remap *remap)
{
	say_va(steps, "remap ", remap->unmap->va);
	say(steps, "{");
	if (remap->prev)
		say_part(steps, "prev ", remap->prev);
	if (remap->prev && remap->next)
		say(steps, ", ");
	if (remap->next)
		say_part(steps, "next ", remap->next);
	say(steps, "}%s", remap->unmap->keep ? " keep" : "");
}

/* Write an operation down without carrying it out. */
void gk_steps_log(struct gk_steps *steps, const struct drm_gpuva_op *op)
{
	if (steps->quiet)
		return;
	if (steps->len)
		say(steps, "; ");

	switch (op->op) {
	case DRM_GPUVA_OP_MAP:
		say_part(steps, "map ", &op->map);
		say_attrs(steps, op->flags, &op->attrs);
		break;
	case DRM_GPUVA_OP_REMAP:
		say_remap(steps, &op->remap);
		break;
	case DRM_GPUVA_OP_UNMAP:
		say_va(steps, "unmap ", op->unmap.va);
		say(steps, "%s", op->unmap.keep ? " keep" : "");
		break;
	case DRM_GPUVA_OP_PREFETCH:
		say_va(steps, "prefetch ", op->prefetch.va);
		break;
	default:
		say(steps, "op %d", op->op);
	}
}

static void link_va(struct drm_gpuva *va, struct drm_gpuvm_bo *vm_bo)
{
	mutex_lock(drm_gem_gpuva_mutex(va->gem.obj));
	drm_gpuva_link(va, vm_bo);
	mutex_unlock(drm_gem_gpuva_mutex(va->gem.obj));
}

/* Link a new mapping to the vm_bo that is there: the caller made one. */
static void link_new(struct gk_steps *steps, struct drm_gpuva *va)
{
	struct drm_gem_object *obj = va->gem.obj;
	struct drm_gpuvm_bo *vm_bo;

	if (!steps->link || !obj)
		return;

	mutex_lock(drm_gem_gpuva_mutex(obj));
	vm_bo = drm_gpuvm_bo_find(steps->vm, obj);
	mutex_unlock(drm_gem_gpuva_mutex(obj));

	link_va(va, vm_bo);
	drm_gpuvm_bo_put_deferred(vm_bo);
}

static int apply_map(struct gk_steps *steps, const struct drm_gpuva_op *op)
{
	struct drm_gpuva *va = take_va(steps);
	int ret;

	if (!va)
		return -ENOMEM;

	ret = drm_gpuva_map_op(steps->vm, va, op);
	if (ret) {
		gk_va_free(va);
		return ret;
	}

	link_new(steps, va);
	return 0;
}

static void drop_va(struct gk_steps *steps, struct drm_gpuva *va)
{
	if (steps->link)
		drm_gpuva_unlink_defer(va);
	gk_va_free(va);
}

static int apply_remap(struct gk_steps *steps,
		       const struct drm_gpuva_op_remap *op)
{
	struct drm_gpuva *prev = op->prev ? take_va(steps) : NULL;
	struct drm_gpuva *next = op->next ? take_va(steps) : NULL;
	struct drm_gpuva *va = op->unmap->va;
	int ret = -ENOMEM;

	if ((!op->prev || prev) && (!op->next || next))
		ret = drm_gpuva_remap(prev, next, op);
	if (ret) {
		if (prev)
			gk_va_free(prev);
		if (next)
			gk_va_free(next);
		return ret;
	}

	if (prev)
		link_new(steps, prev);
	if (next)
		link_new(steps, next);
	drop_va(steps, va);
	return 0;
}

/* Carry an operation out, and write it down. */
int gk_steps_apply(struct gk_steps *steps, struct drm_gpuva_op *op)
{
	struct drm_gpuva *va;

	steps->count++;
	if (steps->count == steps->fail_at)
		return -ENOSPC;

	gk_steps_log(steps, op);
	switch (op->op) {
	case DRM_GPUVA_OP_MAP:
		return apply_map(steps, op);
	case DRM_GPUVA_OP_REMAP:
		return apply_remap(steps, &op->remap);
	case DRM_GPUVA_OP_UNMAP:
		va = op->unmap.va;
		drm_gpuva_unmap(&op->unmap);
		drop_va(steps, va);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/* A list of operations as text. */
const char *gk_ops_text(struct kunit *test, struct drm_gpuva_ops *ops)
{
	struct gk_steps *steps = gk_steps_new(test, NULL);
	struct drm_gpuva_op *op;

	drm_gpuva_for_each_op(op, ops)
		gk_steps_log(steps, op);

	return steps->log;
}

/* The mappings of a VM as text, without the kernel's reserve. */
const char *gk_vm_text(struct kunit *test, struct drm_gpuvm *vm)
{
	struct gk_steps *steps = gk_steps_new(test, NULL);
	struct drm_gpuva *va;

	drm_gpuvm_for_each_va(va, vm)
		if (va != &vm->kernel_alloc_node)
			say_va(steps, steps->len ? " " : "", va);

	return steps->log;
}
