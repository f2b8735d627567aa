// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Random numbers and orders, the same for the same seed.
 */
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "bench.h"

/* SplitMix64. */
u64 bench_random(u64 *state)
{
	u64 x = *state += 0x9e3779b97f4a7c15;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

u32 bench_below(u64 *state, u32 bound)
{
	return ((bench_random(state) >> 32) * bound) >> 32;
}

static void shuffle(u32 *items, u32 n, u64 *state)
{
	u32 i;

	for (i = n; i > 1; i--) {
		const u32 j = bench_below(state, i);

		swap(items[i - 1], items[j]);
	}
}

static void order_clustered(u32 *items, u32 n, u64 *state)
{
	const u32 size = 64;
	const u32 clusters = n / size;
	u32 i, j, *bases;

	/* What does not fill a cluster stays last and as it is. */
	bases = items;
	for (i = 0; i < clusters; i++)
		bases[i] = i;
	shuffle(bases, clusters, state);

	/* From behind, so that no base is overwritten before it was read. */
	for (i = clusters; i-- > 0;) {
		const u32 base = bases[i] * size;

		for (j = 0; j < size; j++)
			items[i * size + j] = base + j;
		shuffle(items + i * size, size, state);
	}
	for (i = clusters * size; i < n; i++)
		items[i] = i;
}

static void order_strided(u32 *items, u32 n)
{
	const u32 stride = max(int_sqrt(n), 1UL);
	u32 column, at, i = 0;

	for (column = 0; column < stride; column++)
		for (at = column; at < n; at += stride)
			items[i++] = at;
}

/**
 * bench_order() - make a permutation
 * @order: of which kind
 * @n: of how many
 * @seed: the same seed gives the same order
 *
 * Return: the numbers from 0 to @n - 1, freed by kvfree(); NULL for want of
 * memory.
 */
u32 *bench_order(enum bench_order order, u32 n, u64 seed)
{
	u32 i, *items;

	items = kvmalloc_array(n, sizeof(*items), GFP_KERNEL);
	if (!items)
		return NULL;

	switch (order) {
	case BENCH_CLUSTERED:
		order_clustered(items, n, &seed);
		break;
	case BENCH_STRIDED:
		order_strided(items, n);
		break;
	default:
		for (i = 0; i < n; i++)
			items[i] = i;
		shuffle(items, n, &seed);
	}

	return items;
}
