// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The same operations in orders that programs have: neighbours together, and
 * column by column.
 */
#include <linux/minmax.h>
#include <linux/mm.h>

#include "bench.h"

/**
 * struct bench_pattern - an order and the names of its rows
 */
struct bench_pattern {
	/** @order: the order */
	enum bench_order order;
	/** @map: mappings are made */
	const char *map;
	/** @find: they are found */
	const char *find;
	/** @replace: each is mapped over */
	const char *replace;
	/** @unmap: they are unmapped */
	const char *unmap;
};

static const struct bench_pattern patterns[] = {
	{
		.order = BENCH_CLUSTERED,
		.map = "map-clustered",
		.find = "find-clustered",
		.replace = "replace-clustered",
		.unmap = "unmap-clustered",
	},
	{
		.order = BENCH_STRIDED,
		.map = "map-strided",
		.find = "find-strided",
		.replace = "replace-strided",
		.unmap = "unmap-strided",
	},
};

static u64 found;

static __always_inline int do_find(struct bench_vm *vm, u32 at)
{
	const u64 addr = (u64)at * BENCH_SPAN + SZ_4K;
	struct drm_gpuva *va = drm_gpuva_find_first(&vm->base, addr, 1);

	if (!va)
		return -ENOENT;
	found += va->va.addr;
	return 0;
}

static int rows(struct bench *b, struct bench_vm *vm,
		const struct bench_pattern *pattern, const u32 *order)
{
	const u32 n = b->n;
	u64 maps = vm->steps[DRM_GPUVA_OP_MAP];
	int ret;

	found = 0;
	ret = bench_visit(b, vm, pattern->map, order, n, bench_vm_map_at) ?:
	      bench_visit(b, vm, pattern->find, order, n, do_find);
	if (ret || found != (u64)n * (n - 1) / 2 * BENCH_SPAN)
		return ret ?: -EIO;

	ret = bench_visit(b, vm, pattern->replace, order, n, bench_vm_map_at) ?:
	      bench_vm_expect(vm, n, NULL);
	if (ret || vm->steps[DRM_GPUVA_OP_MAP] - maps != 2 * (u64)n)
		return ret ?: -EIO;

	return bench_visit(b, vm, pattern->unmap, order, n, bench_vm_unmap_at) ?:
	       bench_vm_expect(vm, 0, NULL);
}

static int run_pattern(struct bench *b, struct bench_vm *vm,
		       const struct bench_pattern *pattern)
{
	u32 *order = bench_order(pattern->order, b->n, b->seed);
	int ret;

	if (!order)
		return -ENOMEM;

	ret = rows(b, vm, pattern, order);
	kvfree(order);
	return ret;
}

int bench_patterns(struct bench *b)
{
	struct bench_vm *vm = bench_vm_create(b, 0, b->n + 2);
	int i, ret = 0, end;

	if (!vm)
		return -ENOMEM;

	for (i = 0; i < ARRAY_SIZE(patterns) && !ret; i++)
		ret = run_pattern(b, vm, &patterns[i]);

	end = bench_vm_close(vm);
	return ret ?: end;
}
