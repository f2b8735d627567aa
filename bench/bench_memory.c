// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What the machine gives: how long it takes to reach a mapping in memory; and
 * what a mapping takes of it.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/vmstat.h>

#include "bench.h"

/* The least number of mappings that fill what earlier runs left half empty. */
#define FILLERS SZ_8K

/* What others may free while mappings are made: 16 pages. */
#define OTHERS (16 * PAGE_SIZE)

/*
 * Free pages are also in a list of each CPU, which no sum of the kernel has: after
 * a run with millions of mappings these are hundreds of megabytes.
 */
static u64 zone_free(struct zone *zone)
{
	u64 pages = zone_page_state_snapshot(zone, NR_FREE_PAGES);
	int cpu;

	for_each_online_cpu(cpu)
		pages += READ_ONCE(per_cpu_ptr(zone->per_cpu_pageset, cpu)->count);

	return pages;
}

static s64 memory_used(void)
{
	u64 pages = totalram_pages();
	int node, i;

	for_each_online_node(node) {
		for (i = 0; i < MAX_NR_ZONES; i++) {
			struct zone *zone = &NODE_DATA(node)->node_zones[i];

			if (populated_zone(zone))
				pages -= zone_free(zone);
		}
	}

	return pages * PAGE_SIZE;
}

static int bytes_of(struct bench *b, struct bench_vm *vm, const u32 *order,
		    s64 before)
{
	/* The stock's own array is the benchmark's. */
	const s64 own = b->n * sizeof(*vm->stock);
	const s64 stocked = memory_used() - before - own;
	s64 filled;
	int ret = 0;
	u32 i;

	for (i = 0; i < b->n && !ret; i++) {
		if (!(i % SZ_1K))
			ret = bench_vm_prepare(vm, SZ_1K);
		ret = ret ?: bench_vm_map_at(vm, order[i]);
	}
	if (ret)
		return ret;

	filled = memory_used() - before - own;
	/* Slabs are no smaller than what is in them, nor an index than nothing. */
	if (stocked < (s64)(b->n * sizeof(struct drm_gpuva)) - (s64)OTHERS ||
	    filled < stocked - (s64)OTHERS)
		return -EIO;

	return bench_vm_expect(vm, b->n, NULL) ?:
	       bench_add(b, "bytes-struct", "bytes", 1,
			 sizeof(struct drm_gpuva), 0) ?:
	       bench_add(b, "bytes-slab", "bytes", b->n, max(stocked, 0), 0) ?:
	       bench_add(b, "bytes", "bytes", b->n, max(filled, 0), 0);
}

/*
 * Bytes for each of n mappings in random order: the structure with what its slab
 * loses, and the index. By the pages that are gone, so nothing is forgotten. What
 * others ran before leaves slabs that are partly empty; another VM has mappings,
 * and nodes for them if its core has nodes, that fill these first.
 */
int bench_bytes(struct bench *b)
{
	struct bench_vm *filler = bench_vm_create(b, 0, max(b->n / 4, FILLERS));
	u32 *order = bench_order(BENCH_UNIFORM, b->n, b->seed);
	const s64 before = memory_used();
	/* What is set aside and not used is not a mapping's. */
	struct bench_vm *vm = bench_vm_create_bare(b, 0, b->n);
	int ret = -ENOMEM, end;

	if (filler && order && vm)
		ret = bytes_of(b, vm, order, before);

	if (vm) {
		end = bench_vm_close(vm);
		ret = ret ?: end;
	}
	if (filler) {
		end = bench_vm_close(filler);
		ret = ret ?: end;
	}
	kvfree(order);
	return ret;
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
