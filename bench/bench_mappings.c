// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * One VM with n mappings, which are made, found, cut and unmapped.
 */
#include <linux/bitmap.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "bench.h"

/**
 * struct bench_set - what the rows of this group share
 */
struct bench_set {
	/** @b: the run */
	struct bench *b;
	/** @vm: the VM */
	struct bench_vm *vm;
	/** @order: a permutation of all mappings */
	u32 *order;
	/** @early: those of them that are not timed where mappings are made */
	unsigned long *early;
	/** @vas: the mappings, by their place, where they are inserted alone */
	struct drm_gpuva **vas;
	/** @n: how many mappings */
	u32 n;
	/** @ops: how many operations are timed */
	u32 ops;
};

static u64 found;

static __always_inline int do_map(struct bench_vm *vm, u32 at)
{
	return bench_vm_map_at(vm, at);
}

static __always_inline int do_unmap(struct bench_vm *vm, u32 at)
{
	return bench_vm_unmap_at(vm, at);
}

/* The middle half: the mapping becomes three. */
static __always_inline int do_split(struct bench_vm *vm, u32 at)
{
	const u64 addr = (u64)at * BENCH_SPAN + BENCH_SPAN / 4;

	return bench_vm_map(vm, vm->obj, addr, BENCH_SPAN / 2, 0);
}

static __always_inline int do_find_first(struct bench_vm *vm, u32 at)
{
	const u64 addr = (u64)at * BENCH_SPAN + SZ_4K;
	struct drm_gpuva *va = drm_gpuva_find_first(&vm->base, addr, 1);

	if (!va)
		return -ENOENT;
	found += va->va.addr;
	return 0;
}

static __always_inline int do_find(struct bench_vm *vm, u32 at)
{
	const u64 addr = (u64)at * BENCH_SPAN;
	struct drm_gpuva *va = drm_gpuva_find(&vm->base, addr, BENCH_SPAN);

	if (!va)
		return -ENOENT;
	found += va->va.addr;
	return 0;
}

static u64 sum_of(const struct bench_set *set)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < set->ops; i++)
		sum += (u64)set->order[i] * BENCH_SPAN;

	return sum;
}

static int rows_find(struct bench_set *set)
{
	int ret;

	found = 0;
	ret = bench_visit(set->b, set->vm, "find-first", set->order, set->ops,
			  do_find_first);
	if (ret || found != sum_of(set))
		return ret ?: -EIO;

	found = 0;
	ret = bench_visit(set->b, set->vm, "find", set->order, set->ops,
			  do_find);
	if (ret || found != sum_of(set))
		return ret ?: -EIO;

	return 0;
}

static int row_walk(struct bench_set *set)
{
	u64 start = ktime_get_ns(), sum = 0, count = 0;
	struct drm_gpuva *va;

	drm_gpuvm_for_each_va(va, &set->vm->base) {
		sum += va->va.addr;
		count++;
	}

	if (count != set->n ||
	    sum != (u64)set->n * (set->n - 1) / 2 * BENCH_SPAN)
		return -EIO;

	return bench_took(set->b, "walk", start, count, sum);
}

/* The 64 mappings around each 64th address of the order. */
static int row_walk_range(struct bench_set *set)
{
	const u32 length = min(set->n, 64U);
	u64 start, count = 0, sum = 0;
	struct drm_gpuva *va;
	u32 i;

	start = ktime_get_ns();
	for (i = 0; i < set->ops; i += length) {
		const u64 first = min(set->order[i], set->n - length);
		const u64 addr = first * BENCH_SPAN + 1;
		const u64 end = (first + length) * BENCH_SPAN;

		drm_gpuvm_for_each_va_range(va, &set->vm->base, addr, end) {
			sum += va->va.addr;
			count++;
		}
	}

	if (count != (u64)DIV_ROUND_UP(set->ops, length) * length)
		return -EIO;

	return bench_took(set->b, "walk-range", start, count, sum);
}

static int row_replace(struct bench_set *set)
{
	u64 unmaps = set->vm->steps[DRM_GPUVA_OP_UNMAP];
	int ret;

	ret = bench_visit(set->b, set->vm, "replace", set->order, set->ops,
			  do_map);
	if (ret)
		return ret;

	if (set->vm->steps[DRM_GPUVA_OP_UNMAP] - unmaps != set->ops)
		return -EIO;

	return bench_vm_expect(set->vm, set->n, NULL);
}

static int row_unmap_all(struct bench_set *set)
{
	u64 start = ktime_get_ns();
	int ret;

	ret = bench_vm_unmap_all(set->vm);
	if (ret)
		return ret;

	return bench_took(set->b, "unmap-all", start, set->n, 0) ?:
	       bench_vm_expect(set->vm, 0, NULL);
}

/* Those that are not timed come first, so that the VM is about full. */
static int map_early(struct bench_set *set)
{
	int ret;
	u32 at;

	for_each_set_bit(at, set->early, set->n) {
		ret = bench_vm_map_at(set->vm, at);
		if (ret)
			return ret;
	}

	return 0;
}

static int rows_map(struct bench_set *set)
{
	u64 start = ktime_get_ns();
	int ret;

	ret = bench_vm_fill(set->vm, set->n);
	if (ret)
		return ret;

	return bench_took(set->b, "map-ascending", start, set->n, 0) ?:
	       bench_vm_expect(set->vm, set->n, NULL) ?:
	       row_walk(set) ?:
	       row_walk_range(set) ?:
	       rows_find(set) ?:
	       row_replace(set) ?:
	       row_unmap_all(set);
}

/* Split an eighth: there are to be few more mappings than n. */
static int rows_cut(struct bench_set *set)
{
	const u32 splits = max(set->ops / 8, 1U);
	u64 sum;
	int ret;

	ret = bench_vm_prepare(set->vm, set->vm->stocked) ?:
	      map_early(set) ?:
	      bench_visit(set->b, set->vm, "map-random", set->order, set->ops,
			  do_map) ?:
	      bench_vm_expect(set->vm, set->n, NULL) ?:
	      bench_visit(set->b, set->vm, "split", set->order, splits,
			  do_split) ?:
	      bench_vm_expect(set->vm, set->n + 2 * (u64)splits, &sum) ?:
	      bench_add(set->b, "split", "ns", 0, 0, sum) ?:
	      bench_vm_refill(set->vm, set->n) ?:
	      bench_visit(set->b, set->vm, "unmap", set->order, set->ops,
			  do_unmap);
	if (ret)
		return ret;

	return bench_vm_expect(set->vm, set->n - set->ops, NULL) ?:
	       bench_vm_unmap_all(set->vm);
}

static int insert_at(struct bench_set *set, u32 at)
{
	struct drm_gpuva *va = set->vas[at];

	va->va.addr = (u64)at * BENCH_SPAN;
	va->va.range = BENCH_SPAN;
	return drm_gpuva_insert(&set->vm->base, va);
}

static int row_insert(struct bench_set *set)
{
	u64 start;
	int ret;
	u32 i;

	for_each_set_bit(i, set->early, set->n) {
		ret = insert_at(set, i);
		if (ret)
			return ret;
	}

	start = ktime_get_ns();
	for (i = 0; i < set->ops; i++) {
		ret = insert_at(set, set->order[i]);
		if (ret)
			return ret;
	}

	return bench_took(set->b, "insert", start, set->ops, 0);
}

static int row_remove(struct bench_set *set)
{
	u64 start = ktime_get_ns();
	int ret;
	u32 i;

	for (i = 0; i < set->ops; i++)
		drm_gpuva_remove(set->vas[set->order[i]]);

	ret = bench_took(set->b, "remove", start, set->ops, 0);

	for_each_set_bit(i, set->early, set->n)
		drm_gpuva_remove(set->vas[i]);
	for (i = 0; i < set->n; i++)
		bench_vm_return(set->vm, set->vas[i]);

	return ret ?: bench_vm_expect(set->vm, 0, NULL);
}

static int rows_insert(struct bench_set *set)
{
	int ret;
	u32 i;

	for (i = 0; i < set->n; i++)
		set->vas[i] = bench_vm_take(set->vm);

	ret = bench_vm_prepare(set->vm, set->n) ?: row_insert(set);
	if (ret)
		return ret;

	/* They come from the stock as mappings that are in use. */
	return bench_vm_expect(set->vm, set->n, NULL) ?: row_remove(set);
}

static int set_init(struct bench_set *set, struct bench *b)
{
	u32 i;

	set->b = b;
	set->n = b->n;
	set->ops = min(b->n, BENCH_CAP);
	set->order = bench_order(BENCH_UNIFORM, set->n, b->seed);
	set->early = bitmap_zalloc(set->n, GFP_KERNEL);
	set->vas = kvcalloc(set->n, sizeof(*set->vas), GFP_KERNEL);
	set->vm = bench_vm_create(b, 0, set->n + max(set->ops / 8, 1U) * 2 + 2);
	if (!set->order || !set->early || !set->vas || !set->vm)
		return -ENOMEM;

	for (i = set->ops; i < set->n; i++)
		__set_bit(set->order[i], set->early);

	return 0;
}

int bench_mappings(struct bench *b)
{
	struct bench_set set = {};
	int ret, end = 0;

	ret = set_init(&set, b) ?:
	      rows_map(&set) ?:
	      rows_cut(&set) ?:
	      rows_insert(&set);

	if (set.vm)
		end = bench_vm_close(set.vm);
	kvfree(set.vas);
	bitmap_free(set.early);
	kvfree(set.order);
	return ret ?: end;
}
