// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What the machine gives: how long it takes to reach a mapping in memory; and
 * what a mapping takes of it.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "bench.h"

static u64 memory_used(void)
{
	struct sysinfo info;

	si_meminfo(&info);
	return (u64)(info.totalram - info.freeram) * info.mem_unit;
}

/*
 * Bytes for each of n mappings in random order: the structure with what its slab
 * loses, and the index. By the pages that are gone, so nothing is forgotten.
 */
int bench_bytes(struct bench *b)
{
	u32 i, *order = bench_order(BENCH_UNIFORM, b->n, b->seed);
	u64 before = memory_used(), stocked, filled;
	struct bench_vm *vm;
	int ret = 0, end;

	if (!order)
		return -ENOMEM;

	/* What is set aside and not used is not a mapping's. */
	vm = bench_vm_create_bare(b, 0, b->n);
	if (!vm) {
		kvfree(order);
		return -ENOMEM;
	}
	/* The stock's own array is the benchmark's. */
	stocked = memory_used() - b->n * sizeof(*vm->stock);

	for (i = 0; i < b->n && !ret; i++) {
		if (!(i % SZ_1K))
			ret = bench_vm_prepare(vm, SZ_1K);
		ret = ret ?: bench_vm_map_at(vm, order[i]);
	}
	filled = memory_used() - b->n * sizeof(*vm->stock);

	ret = ret ?:
	      bench_vm_expect(vm, b->n, NULL) ?:
	      bench_add(b, "bytes-struct", "bytes", 1,
			sizeof(struct drm_gpuva), 0) ?:
	      bench_add(b, "bytes-slab", "bytes", b->n,
			stocked - min(before, stocked), 0) ?:
	      bench_add(b, "bytes", "bytes", b->n,
			filled - min(before, filled), 0);

	end = bench_vm_close(vm);
	kvfree(order);
	return ret ?: end;
}

/*
 * From one mapping to the next, n of them, in random order: no look-up that
 * touches a mapping can be faster, because each has to wait for one before.
 */
int bench_latency(struct bench *b)
{
	const u32 hops = min(b->n, BENCH_CAP);
	u32 i, *order = bench_order(BENCH_UNIFORM, b->n, b->seed);
	struct bench_vm *vm = bench_vm_create(b, 0, b->n);
	struct drm_gpuva *va;
	int ret = -ENOMEM;
	u64 start;

	if (!order || !vm)
		goto out;

	/* The addresses are free to use, as long as nothing is inserted. */
	for (i = 0; i < b->n; i++) {
		va = vm->stock[order[i]];
		va->va.addr = (unsigned long)
			vm->stock[order[(i + 1) % b->n]];
	}

	va = vm->stock[order[0]];
	start = ktime_get_ns();
	for (i = 0; i < hops; i++)
		va = (struct drm_gpuva *)(unsigned long)va->va.addr;
	ret = bench_took(b, "latency", start, hops, 0);

	if (!ret && va != vm->stock[order[hops % b->n]])
		ret = -EIO;
out:
	kvfree(order);
	if (vm) {
		int end = bench_vm_close(vm);

		ret = ret ?: end;
	}
	return ret;
}
