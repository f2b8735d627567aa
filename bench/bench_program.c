// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The core by itself, as a program: for who changes it, to compare two checkouts.
 *
 * Nothing is booted and no other core runs beside it, so a run takes seconds, and the
 * least of many rounds is the same from one run to the next even where other programs
 * take the memory away for most of the time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "host.h"

#include <drm/drm_gpuvm.h>

#define SPAN 65536ull
#define RANGE (SPAN << 31)
#define WIDE 64u

/**
 * struct program - a VM, a stock of mappings for it, and an order to visit them in
 */
struct program {
	/** @vm: the VM */
	struct drm_gpuvm vm;
	/** @stock: mappings that are not in use, as a stack */
	struct drm_gpuva **stock;
	/** @stocked: how many that are */
	unsigned int stocked;
	/** @n: how many mappings there are in the VM, when it is full */
	unsigned int n;
	/** @order: a permutation of them */
	unsigned int *order;
	/** @strided: which is column by column of a square */
	bool strided;
	/** @idle: the callback for a mapping that goes does nothing */
	bool idle;
	/** @found: the sum of what was found */
	u64 found;
};

enum row { ROW_FIND, ROW_IDLE, ROW_REPLACE, ROW_UNMAP, ROW_WIDE, ROWS };

static const char * const row_names[ROWS] = {
	"find-first", "seek", "replace", "unmap", "overlap-64",
};

static void fail(const char *what)
{
	fprintf(stderr, "bench-program: %s\n", what);
	exit(1);
}

static u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static int step_map(struct drm_gpuva_op *op, void *priv)
{
	struct program *p = priv;

	return drm_gpuva_map(&p->vm, p->stock[--p->stocked], &op->map);
}

/* Requests have the edges of mappings. */
static int step_remap(struct drm_gpuva_op *op, void *priv)
{
	return -EINVAL;
}

static int step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct drm_gpuva *va = op->unmap.va;
	struct program *p = priv;

	if (p->idle)
		return 0;

	drm_gpuva_unmap(&op->unmap);
	if (va->vm_bo)
		drm_gpuva_unlink(va);
	p->stock[p->stocked++] = va;
	return 0;
}

static void vm_free(struct drm_gpuvm *gpuvm)
{
}

static const struct drm_gpuvm_ops vm_ops = {
	.vm_free = vm_free,
	.sm_step_map = step_map,
	.sm_step_remap = step_remap,
	.sm_step_unmap = step_unmap,
};

static void map_at(struct program *p, unsigned int at, unsigned int count)
{
	const struct drm_gpuvm_map_req req = {
		.map.va.addr = at * SPAN,
		.map.va.range = count * SPAN,
	};

	if (drm_gpuvm_sm_map(&p->vm, p, &req))
		fail("a map failed");
}

static void unmap_at(struct program *p, unsigned int at)
{
	if (drm_gpuvm_sm_unmap(&p->vm, p, at * SPAN, SPAN))
		fail("an unmap failed");
}

static void find_at(struct program *p, unsigned int at)
{
	const struct drm_gpuva *va = drm_gpuva_find_first(&p->vm, at * SPAN, 1);

	if (!va)
		fail("a mapping was not found");
	p->found += va->va.addr;
}

/*
 * As the rows of lab/bench find them: column by column where that is the order, and
 * else with each mapping in memory behind the one before it.
 */
static void refill(struct program *p)
{
	unsigned int i;

	if (drm_gpuvm_sm_unmap(&p->vm, p, 0, RANGE))
		fail("an unmap of everything failed");
	for (i = 0; i < p->n; i++)
		map_at(p, p->strided ? p->order[i] : i, 1);
}

static void visit(struct program *p, enum row row)
{
	const unsigned int width = row == ROW_WIDE ? WIDE : 1;
	unsigned int i;

	for (i = 0; i < p->n / width; i++) {
		const unsigned int at = p->order[i];

		switch (row) {
		case ROW_FIND:
			find_at(p, at);
			break;
		case ROW_REPLACE:
			map_at(p, at, 1);
			break;
		case ROW_WIDE:
			map_at(p, i * WIDE, WIDE);
			break;
		default:
			unmap_at(p, at);
		}
	}
}

/* How many mappings there are after a row. */
static unsigned int left_by(const struct program *p, enum row row)
{
	if (row == ROW_UNMAP)
		return 0;

	return row == ROW_WIDE ? p->n / WIDE + p->n % WIDE : p->n;
}

static double time_of(struct program *p, enum row row)
{
	const unsigned int ops = row == ROW_WIDE ? p->n / WIDE : p->n;
	u64 start;

	refill(p);
	p->found = 0;
	p->idle = row == ROW_IDLE;
	start = now();
	visit(p, row);
	start = now() - start;
	p->idle = false;

	if (row == ROW_FIND && p->found != (u64)p->n * (p->n - 1) / 2 * SPAN)
		fail("something else was found");
	if (p->n + 1 - p->stocked != left_by(p, row))
		fail("the VM has not the mappings that it should have");

	return (double)start / ops;
}

static void shuffle(unsigned int *items, unsigned int n)
{
	u64 state = 88172645463325252ull;

	for (; n > 1; n--) {
		unsigned int other, item = items[n - 1];

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		other = (state >> 32) % n;
		items[n - 1] = items[other];
		items[other] = item;
	}
}

static void set_order(struct program *p, bool strided)
{
	unsigned int side = 1, column, at, i = 0;

	p->strided = strided;
	if (!strided) {
		for (; i < p->n; i++)
			p->order[i] = i;
		shuffle(p->order, p->n);
		return;
	}

	while ((side + 1) * (side + 1) <= p->n)
		side++;
	for (column = 0; column < side; column++)
		for (at = column; at < p->n; at += side)
			p->order[i++] = at;
}

static struct program *program_new(struct drm_device *drm, unsigned int n)
{
	struct program *p = host_zalloc(sizeof(*p));
	struct drm_gem_object *resv = drm_gpuvm_resv_object_alloc(drm);

	if (!resv || drm_gpuvm_init(&p->vm, "bench", 0, drm, resv, 0, RANGE, 0, 0,
				    &vm_ops))
		fail("no VM");
	drm_gem_object_put(resv);

	p->n = n;
	p->order = host_zalloc(n * sizeof(*p->order));
	p->stock = host_zalloc((n + 1) * sizeof(*p->stock));
	while (p->stocked < n + 1)
		p->stock[p->stocked++] = host_zalloc(sizeof(struct drm_gpuva));
	if (drm_gpuvm_prepare_mappings(&p->vm, n + 1))
		fail("no memory");

	return p;
}

static void program_end(struct program *p)
{
	if (drm_gpuvm_sm_unmap(&p->vm, p, 0, RANGE) || p->stocked != p->n + 1)
		fail("mappings are missing");
	drm_gpuvm_close(&p->vm);
	while (p->stocked)
		host_free(p->stock[--p->stocked]);
	host_free(p->stock);
	host_free(p->order);
	host_free(p);
}

static void run(struct drm_device *drm, unsigned int n, unsigned int rounds)
{
	struct program *p = program_new(drm, n);
	double least[2][ROWS];
	unsigned int strided, round, row;

	for (strided = 0; strided < 2; strided++) {
		set_order(p, strided);
		for (round = 0; round < rounds; round++)
			for (row = 0; row < ROWS; row++) {
				const double took = time_of(p, row);

				if (!round || took < least[strided][row])
					least[strided][row] = took;
			}
		printf("%-8s %10u", strided ? "strided" : "random", n);
		for (row = 0; row < ROWS; row++)
			printf(" %10.1f", least[strided][row]);
		printf("\n");
		fflush(stdout);
	}
	program_end(p);
}

int main(int argc, char **argv)
{
	struct drm_device drm = { .ref.refcount.refs = 1 };
	const unsigned int rounds = argc > 1 ? atoi(argv[1]) : 0;
	unsigned int i;

	if (argc < 3 || !rounds) {
		fprintf(stderr, "usage: bench-program ROUNDS SIZE...\n");
		return 2;
	}

	printf("%-8s %10s", "order", "n");
	for (i = 0; i < ROWS; i++)
		printf(" %10s", row_names[i]);
	printf("\n");
	for (i = 2; i < (unsigned int)argc; i++)
		run(&drm, atoi(argv[i]), rounds);

	return 0;
}
