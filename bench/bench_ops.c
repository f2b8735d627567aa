// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Lists of operations, made and freed; the VM stays as it is.
 */
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "bench.h"

/* Lists that are alive at once. */
#define BATCH 256

static struct drm_gpuva_ops *list_create(struct bench_vm *vm, u32 at, u32 width,
					 bool map)
{
	const u64 addr = (u64)at * BENCH_SPAN;
	const struct drm_gpuvm_map_req req = {
		.map.va.addr = addr,
		.map.va.range = (u64)width * BENCH_SPAN,
		.map.gem.obj = vm->obj,
	};

	if (map)
		return drm_gpuvm_sm_map_ops_create(&vm->base, &req);

	return drm_gpuvm_sm_unmap_ops_create(&vm->base, addr,
					     (u64)width * BENCH_SPAN);
}

/**
 * struct ops_row - what kind of list
 */
struct ops_row {
	/** @create: the row of making it */
	const char *create;
	/** @free: the row of freeing it */
	const char *free;
	/** @width: how many mappings it is about */
	u32 width;
	/** @map: whether something is mapped over them */
	bool map;
};

static const struct ops_row ops_rows[] = {
	{ "ops-create-map", "ops-free-map", 1, true },
	{ "ops-create-map-64", "ops-free-map-64", 64, true },
	{ "ops-create-unmap-64", "ops-free-unmap-64", 64, false },
};

static int count_ops(struct drm_gpuva_ops *ops)
{
	struct drm_gpuva_op *op;
	int count = 0;

	drm_gpuva_for_each_op(op, ops)
		count++;

	return count;
}

static int batch(struct bench *b, struct bench_vm *vm, const struct ops_row *row,
		 const u32 *order, struct drm_gpuva_ops **lists)
{
	const u32 width = min(row->width, b->n);
	u32 i, made = 0;
	u64 start;
	int ret = 0;

	start = ktime_get_ns();
	for (i = 0; i < BATCH; i++) {
		u32 at = min(order[i % b->n], b->n - width);

		lists[i] = list_create(vm, at, width, row->map);
		if (IS_ERR(lists[i])) {
			ret = PTR_ERR(lists[i]);
			break;
		}
		made++;
	}
	if (!ret)
		ret = bench_took(b, row->create, start, made, 0);

	for (i = 0; i < made && !ret; i++)
		if (count_ops(lists[i]) != width + row->map)
			ret = -EIO;

	start = ktime_get_ns();
	for (i = 0; i < made; i++)
		drm_gpuva_ops_free(&vm->base, lists[i]);

	return ret ?: bench_took(b, row->free, start, made, 0);
}

int bench_ops(struct bench *b)
{
	struct bench_vm *vm = bench_vm_create(b, 0, b->n + 2);
	u32 *order = bench_order(BENCH_UNIFORM, b->n, b->seed);
	struct drm_gpuva_ops **lists;
	int i, ret = -ENOMEM, end = 0;

	lists = kvcalloc(BATCH, sizeof(*lists), GFP_KERNEL);
	if (vm && order && lists)
		ret = bench_vm_fill(vm, b->n);

	for (i = 0; i < ARRAY_SIZE(ops_rows) && !ret; i++)
		ret = batch(b, vm, &ops_rows[i], order, lists);
	if (!ret)
		ret = bench_vm_expect(vm, b->n, NULL);

	kvfree(lists);
	kvfree(order);
	if (vm)
		end = bench_vm_close(vm);
	return ret ?: end;
}
