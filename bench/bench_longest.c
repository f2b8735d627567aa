// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The longest single operation.
 *
 * The host may take the CPU away at any time, and then the operation under way
 * seems long. But the same seed gives the same operations in each round: what an
 * operation itself takes is the least that it took in any round, and only then
 * the longest of all is looked for.
 */
#include <linux/minmax.h>
#include <linux/mm.h>

#include "bench.h"

/**
 * struct bench_least - the least time of each operation of a row
 *
 * Protected by the lock of bench_main.c.
 */
struct bench_least {
	/** @row: the row */
	const char *row;
	/** @ns: by operation */
	u32 *ns;
	/** @n: how many */
	u32 n;
};

static struct bench_least least[] = {
	{ .row = "longest-map" },
	{ .row = "longest-replace" },
	{ .row = "longest-unmap" },
};

/* Called before the first round and when the module goes. */
void bench_longest_forget(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(least); i++) {
		kvfree(least[i].ns);
		least[i].ns = NULL;
	}
}

static int least_init(struct bench_least *row, u32 n)
{
	u32 i;

	if (row->ns && row->n == n)
		return 0;

	kvfree(row->ns);
	row->ns = kvmalloc_array(n, sizeof(*row->ns), GFP_KERNEL);
	if (!row->ns)
		return -ENOMEM;

	row->n = n;
	for (i = 0; i < n; i++)
		row->ns[i] = U32_MAX;

	return 0;
}

static int run_row(struct bench *b, struct bench_vm *vm, struct bench_least *row,
		   const u32 *order, int (*op)(struct bench_vm *vm, u32 at))
{
	u32 i, longest = 0;
	u64 before, after;
	int ret;

	ret = least_init(row, b->n);
	before = ktime_get_ns();
	for (i = 0; i < b->n && !ret; i++) {
		ret = op(vm, order[i]);
		after = ktime_get_ns();
		row->ns[i] = min_t(u64, row->ns[i], after - before);
		before = after;
	}
	if (ret)
		return ret;

	for (i = 0; i < b->n; i++)
		longest = max(longest, row->ns[i]);

	return bench_add(b, row->row, "ns at most", 1, longest, 0);
}

int bench_longest(struct bench *b)
{
	u32 *order = bench_order(BENCH_UNIFORM, b->n, b->seed);
	struct bench_vm *vm = bench_vm_create(b, 0, b->n + 2);
	int ret = -ENOMEM, end = 0;

	if (order && vm)
		ret = run_row(b, vm, &least[0], order, bench_vm_map_at) ?:
		      run_row(b, vm, &least[1], order, bench_vm_map_at) ?:
		      bench_vm_expect(vm, b->n, NULL) ?:
		      run_row(b, vm, &least[2], order, bench_vm_unmap_at) ?:
		      bench_vm_expect(vm, 0, NULL);
	if (vm)
		end = bench_vm_close(vm);
	kvfree(order);
	return ret ?: end;
}
