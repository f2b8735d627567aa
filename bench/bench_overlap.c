// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * One request over several mappings.
 */
#include <linux/minmax.h>
#include <linux/mm.h>

#include "bench.h"

static int row(struct bench *b, struct bench_vm *vm, const char *name, u32 most)
{
	const u32 width = min(most, b->n);
	const u64 range = (u64)width * BENCH_SPAN;
	const u32 ops = b->n / width;
	u64 start, unmaps;
	u32 i, *order;
	int ret = 0;

	order = bench_order(BENCH_UNIFORM, ops, b->seed);
	if (!order)
		return -ENOMEM;

	ret = bench_vm_refill(vm, b->n);
	unmaps = vm->steps[DRM_GPUVA_OP_UNMAP];

	start = ktime_get_ns();
	for (i = 0; i < ops && !ret; i++)
		ret = bench_vm_map(vm, vm->obj, order[i] * range, range,
				   order[i] * range);
	if (!ret)
		ret = bench_took(b, name, start, ops, 0);
	if (!ret && vm->steps[DRM_GPUVA_OP_UNMAP] - unmaps != (u64)ops * width)
		ret = -EIO;

	kvfree(order);
	return ret ?: bench_vm_expect(vm, ops + b->n % width, NULL);
}

int bench_overlap(struct bench *b)
{
	struct bench_vm *vm = bench_vm_create(b, 0, b->n + 2);
	int ret, end;

	if (!vm)
		return -ENOMEM;

	ret = row(b, vm, "overlap-1", 1) ?:
	      row(b, vm, "overlap-4", 4) ?:
	      row(b, vm, "overlap-16", 16) ?:
	      row(b, vm, "overlap-64", 64);

	end = bench_vm_close(vm);
	return ret ?: end;
}
