// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Lists of operations of any length: what is in them, whose memory that is, and
 * how much.
 */
#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/slab.h>

#include "../gpuvm_op_chunk.h"
#include "gpuvm_kunit_helper.h"

/* So many that a list of them has two chunks of the largest size. */
#define COUNT 120

/* Addresses of one mapping; they lie side by side. */
#define WIDTH 4

/**
 * struct chunks - a VM with many mappings of one object, or of none
 */
struct chunks {
	/** @callbacks: of the VM */
	struct drm_gpuvm_ops callbacks;
	/** @vm: the VM */
	struct drm_gpuvm *vm;
	/** @obj: the object, or NULL */
	struct drm_gem_object *obj;
	/** @vas: the mappings by address */
	struct drm_gpuva *vas[COUNT];
};

/* What the callbacks below were called for; cases run one at a time. */
static struct {
	int allocated, freed;
} singles;

static struct drm_gpuva_op *single_alloc(void)
{
	singles.allocated++;
	return kzalloc(sizeof(struct drm_gpuva_op), GFP_KERNEL);
}

static void single_free(struct drm_gpuva_op *op)
{
	singles.freed++;
	kfree(op);
}

static struct chunks *chunks_new(struct kunit *test, bool alloc, bool free,
				 struct drm_gem_object *obj)
{
	struct chunks *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	memset(&singles, 0, sizeof(singles));
	c->callbacks = gk_ops;
	c->callbacks.op_alloc = alloc ? single_alloc : NULL;
	c->callbacks.op_free = free ? single_free : NULL;
	c->obj = obj;
	c->vm = gk_vm_new_with(test, &c->callbacks, 0, COUNT * WIDTH);
	for (int i = 0; i < COUNT; i++)
		c->vas[i] = gk_va_insert(test, c->vm, obj, i * WIDTH, WIDTH,
					 i * WIDTH);

	return c;
}

static void chunks_close(struct kunit *test, struct chunks *c)
{
	gk_vm_close(test, c->vm);
	if (c->obj)
		drm_gem_object_put(c->obj);
}

static struct drm_gpuva_ops *unmap_first(struct chunks *c, int n)
{
	return drm_gpuvm_sm_unmap_ops_create(c->vm, 0, n * WIDTH);
}

/* Over what begins in the first mapping and ends in mapping @n. */
static struct drm_gpuvm_map_req cutting(struct chunks *c, int n)
{
	struct drm_gpuvm_map_req req = gk_req(c->obj, 1, n * WIDTH + 1, 7);

	req.flags = DRM_GPUVA_SPARSE;
	req.attrs.cookie = 11;
	return req;
}

static struct drm_gpuva_ops *map_cutting(struct chunks *c, int n)
{
	struct drm_gpuvm_map_req req = cutting(c, n);

	return drm_gpuvm_sm_map_ops_create(c->vm, &req);
}

static struct drm_gpuva_ops *madvise_cutting(struct chunks *c, int n)
{
	struct drm_gpuvm_map_req req = cutting(c, n);

	return drm_gpuvm_madvise_ops_create(c->vm, &req);
}

/* The operation after @op, or the first; checks what all have in common. */
static struct drm_gpuva_op *take_next(struct kunit *test,
				      struct drm_gpuva_ops *ops,
				      struct drm_gpuva_op *op,
				      enum drm_gpuva_op_type type)
{
	op = op ? drm_gpuva_ops_next(ops, op) : drm_gpuva_ops_first(ops);
	KUNIT_ASSERT_NOT_NULL(test, op);
	KUNIT_ASSERT_EQ(test, op->op, type);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)op, GPUVM_OP_ALIGN));

	return op;
}

/* What remains of mapping @i: from its address @from up to its address @to. */
static void expect_part(struct kunit *test, struct chunks *c,
			const struct drm_gpuva_op_map *part, int i, int from,
			int to)
{
	if (from == to) {
		KUNIT_EXPECT_NULL(test, part);
		return;
	}
	KUNIT_ASSERT_NOT_NULL(test, part);
	KUNIT_EXPECT_EQ(test, part->va.addr, i * WIDTH + from);
	KUNIT_EXPECT_EQ(test, part->va.range, to - from);
	KUNIT_EXPECT_EQ(test, part->gem.offset, i * WIDTH + from);
	KUNIT_EXPECT_PTR_EQ(test, part->gem.obj, c->obj);
}

/* A cut of mapping @i that leaves it up to @to and from @from on. */
static void expect_remap(struct kunit *test, struct chunks *c,
			 const struct drm_gpuva_op_remap *remap, int i, int to,
			 int from)
{
	KUNIT_ASSERT_NOT_NULL(test, remap->unmap);
	KUNIT_EXPECT_PTR_EQ(test, remap->unmap->va, c->vas[i]);
	KUNIT_EXPECT_FALSE(test, remap->unmap->keep);
	expect_part(test, c, remap->prev, i, 0, to);
	expect_part(test, c, remap->next, i, from, WIDTH);
}

static void expect_map(struct kunit *test, struct chunks *c,
		       const struct drm_gpuva_op *op, u64 addr, u64 range,
		       u64 offset)
{
	KUNIT_EXPECT_EQ(test, op->flags, DRM_GPUVA_SPARSE);
	KUNIT_EXPECT_EQ(test, op->attrs.cookie, 11);
	KUNIT_EXPECT_EQ(test, op->attrs.repeat, 0);
	KUNIT_EXPECT_EQ(test, op->map.va.addr, addr);
	KUNIT_EXPECT_EQ(test, op->map.va.range, range);
	KUNIT_EXPECT_EQ(test, op->map.gem.offset, offset);
	KUNIT_EXPECT_PTR_EQ(test, op->map.gem.obj, c->obj);
}

/* Unmaps from mapping @from up to mapping @to, in this order, behind @op. */
static struct drm_gpuva_op *expect_unmaps(struct kunit *test, struct chunks *c,
					  struct drm_gpuva_ops *ops,
					  struct drm_gpuva_op *op, int from,
					  int to)
{
	for (int i = from; i < to; i++) {
		op = take_next(test, ops, op, DRM_GPUVA_OP_UNMAP);
		KUNIT_EXPECT_PTR_EQ(test, op->unmap.va, c->vas[i]);
		KUNIT_EXPECT_FALSE(test, op->unmap.keep);
	}

	return op;
}

/* It is the last one, seen from either end. */
static void expect_last(struct kunit *test, struct drm_gpuva_ops *ops,
			struct drm_gpuva_op *op)
{
	KUNIT_EXPECT_NULL(test, drm_gpuva_ops_next(ops, op));
	KUNIT_EXPECT_PTR_EQ(test, drm_gpuva_ops_last(ops), op);
}

static void expect_map_cutting(struct kunit *test, struct chunks *c,
			       struct drm_gpuva_ops *ops, int n)
{
	struct drm_gpuva_op *op;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);
	op = take_next(test, ops, NULL, DRM_GPUVA_OP_REMAP);
	expect_remap(test, c, &op->remap, 0, 1, n ? WIDTH : 2);
	op = expect_unmaps(test, c, ops, op, 1, n);
	if (n) {
		op = take_next(test, ops, op, DRM_GPUVA_OP_REMAP);
		expect_remap(test, c, &op->remap, n, 0, 2);
	}
	op = take_next(test, ops, op, DRM_GPUVA_OP_MAP);
	expect_map(test, c, op, 1, n * WIDTH + 1, 7);
	expect_last(test, ops, op);
}

static void unmaps_of_every_length(struct kunit *test)
{
	struct chunks *c = chunks_new(test, false, false, gk_bo_new(test, 'A'));

	for (int n = 1; n <= COUNT; n++) {
		struct drm_gpuva_ops *ops = unmap_first(c, n);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);
		expect_last(test, ops,
			    expect_unmaps(test, c, ops, NULL, 0, n));
		drm_gpuva_ops_free(c->vm, ops);
	}

	chunks_close(test, c);
}

static void maps_of_every_length(struct kunit *test)
{
	struct chunks *c = chunks_new(test, false, false, gk_bo_new(test, 'A'));

	for (int n = 0; n < COUNT; n++) {
		struct drm_gpuva_ops *ops = map_cutting(c, n);

		expect_map_cutting(test, c, ops, n);
		drm_gpuva_ops_free(c->vm, ops);
	}

	chunks_close(test, c);
}

static void prefetches_of_every_length(struct kunit *test)
{
	struct chunks *c = chunks_new(test, false, false, NULL);

	for (int n = 1; n <= COUNT; n++) {
		struct drm_gpuva_ops *ops;
		struct drm_gpuva_op *op = NULL;

		ops = drm_gpuvm_prefetch_ops_create(c->vm, 0, n * WIDTH);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);
		for (int i = 0; i < n; i++) {
			op = take_next(test, ops, op, DRM_GPUVA_OP_PREFETCH);
			KUNIT_EXPECT_PTR_EQ(test, op->prefetch.va, c->vas[i]);
		}
		expect_last(test, ops, op);
		drm_gpuva_ops_free(c->vm, ops);
	}

	chunks_close(test, c);
}

/* Two remaps and two maps: more than a first chunk. */
static void madvise_over_edges(struct kunit *test)
{
	struct chunks *c = chunks_new(test, false, false, NULL);
	struct drm_gpuva_ops *ops = madvise_cutting(c, 2);
	struct drm_gpuva_op *op;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);
	op = take_next(test, ops, NULL, DRM_GPUVA_OP_REMAP);
	expect_remap(test, c, &op->remap, 0, 1, WIDTH);
	op = take_next(test, ops, op, DRM_GPUVA_OP_MAP);
	expect_map(test, c, op, 1, WIDTH - 1, 7);
	op = take_next(test, ops, op, DRM_GPUVA_OP_REMAP);
	expect_remap(test, c, &op->remap, 2, 0, 2);
	op = take_next(test, ops, op, DRM_GPUVA_OP_MAP);
	expect_map(test, c, op, 2 * WIDTH, 2, 7 + 2 * WIDTH - 1);
	expect_last(test, ops, op);
	drm_gpuva_ops_free(c->vm, ops);

	chunks_close(test, c);
}

/* Bytes that the slab gave for a list, and how many chunks that are. */
static size_t memory_of(struct drm_gpuva_ops *ops, int *chunks)
{
	struct gpuvm_op_chunk *chunk;
	size_t bytes = ksize(ops);
	void *p;

	*chunks = 1;
	for (p = ops->__chunks; p != ops; p = chunk->older) {
		chunk = p;
		bytes += ksize(chunk);
		(*chunks)++;
	}

	return bytes;
}

/* The first chunk, and from there on at most twice of what is in the list. */
static void memory_is_bounded(struct kunit *test)
{
	struct chunks *c = chunks_new(test, false, false, NULL);
	int chunks = 0;

	for (int n = 1; n <= COUNT; n++) {
		struct drm_gpuva_ops *ops = unmap_first(c, n);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);
		KUNIT_EXPECT_LE(test, memory_of(ops, &chunks),
				GPUVM_OP_CHUNK_MIN +
				2 * (sizeof(*ops) +
				     n * sizeof(struct drm_gpuva_op)));
		drm_gpuva_ops_free(c->vm, ops);
	}
	/* 256, 512, 1,024, 2,048, and 4,096 twice. */
	KUNIT_EXPECT_EQ(test, chunks, 6);

	chunks_close(test, c);
}

/* Drivers that have callbacks get them called for each operation. */
static void callbacks(struct kunit *test)
{
	for (int mask = 1; mask < 4; mask++) {
		const bool alloc = mask & 1, free = mask & 2;
		struct chunks *c = chunks_new(test, alloc, free,
					      gk_bo_new(test, 'A'));
		struct drm_gpuva_ops *ops = map_cutting(c, 20);

		expect_map_cutting(test, c, ops, 20);
		KUNIT_EXPECT_EQ(test, singles.allocated, alloc ? 22 : 0);
		KUNIT_EXPECT_EQ(test, singles.freed, 0);
		drm_gpuva_ops_free(c->vm, ops);
		KUNIT_EXPECT_EQ(test, singles.freed, free ? 22 : 0);

		chunks_close(test, c);
	}
}

static void *new_zeroed(struct kunit *test, size_t size)
{
	void *p = kzalloc(size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	return p;
}

static struct drm_gpuva_op *add_op(struct kunit *test,
				   struct drm_gpuva_ops *ops,
				   enum drm_gpuva_op_type type)
{
	struct drm_gpuva_op *op = new_zeroed(test, sizeof(*op));

	op->op = type;
	list_add_tail(&op->entry, &ops->list);
	return op;
}

/* A list that a driver made, with and without op_free: kmemleak sees the rest. */
static void list_of_the_driver(struct kunit *test)
{
	for (int free = 0; free < 2; free++) {
		struct chunks *c = chunks_new(test, false, free, NULL);
		struct drm_gpuva_ops *ops = new_zeroed(test, sizeof(*ops));
		struct drm_gpuva_op *op;

		INIT_LIST_HEAD(&ops->list);
		add_op(test, ops, DRM_GPUVA_OP_UNMAP)->unmap.va = c->vas[0];
		op = add_op(test, ops, DRM_GPUVA_OP_REMAP);
		op->remap.unmap = new_zeroed(test, sizeof(*op->remap.unmap));
		op->remap.next = new_zeroed(test, sizeof(*op->remap.next));
		op = add_op(test, ops, DRM_GPUVA_OP_REMAP);
		op->remap.unmap = new_zeroed(test, sizeof(*op->remap.unmap));
		op->remap.prev = new_zeroed(test, sizeof(*op->remap.prev));
		add_op(test, ops, DRM_GPUVA_OP_MAP);
		drm_gpuva_ops_free(c->vm, ops);
		KUNIT_EXPECT_EQ(test, singles.freed, free ? 4 : 0);

		chunks_close(test, c);
	}
}

/* What is taken off stays valid until the list is freed, and goes with it. */
static void taken_off(struct kunit *test)
{
	struct chunks *c = chunks_new(test, false, false, gk_bo_new(test, 'A'));
	struct drm_gpuva_ops *ops = map_cutting(c, COUNT - 1);
	struct drm_gpuva_op *op, *next, *taken[COUNT / 2 + 1];
	int i = 0;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);
	/* Every other, beginning with the first remap. */
	drm_gpuva_for_each_op_safe(op, next, ops) {
		if (i % 2 == 0) {
			list_del(&op->entry);
			taken[i / 2] = op;
		}
		i++;
	}
	KUNIT_EXPECT_EQ(test, i, COUNT + 1);

	i = 1;
	drm_gpuva_for_each_op(op, ops) {
		if (op->op == DRM_GPUVA_OP_UNMAP)
			KUNIT_EXPECT_PTR_EQ(test, op->unmap.va, c->vas[i]);
		i += 2;
	}
	expect_remap(test, c, &taken[0]->remap, 0, 1, WIDTH);
	for (i = 2; i < COUNT - 1; i += 2)
		KUNIT_EXPECT_PTR_EQ(test, taken[i / 2]->unmap.va, c->vas[i]);
	expect_map(test, c, taken[COUNT / 2], 1, (COUNT - 1) * WIDTH + 1, 7);
	drm_gpuva_ops_free(c->vm, ops);

	chunks_close(test, c);
}

/* Who has op_alloc has what is taken off for himself, but not its parts. */
static void taken_off_single(struct kunit *test)
{
	struct chunks *c = chunks_new(test, true, true, gk_bo_new(test, 'A'));
	struct drm_gpuva_ops *ops = map_cutting(c, 1);
	struct drm_gpuva_op *op;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);
	op = take_next(test, ops, NULL, DRM_GPUVA_OP_REMAP);
	list_del(&op->entry);
	expect_remap(test, c, &op->remap, 0, 1, WIDTH);
	drm_gpuva_ops_free(c->vm, ops);
	KUNIT_EXPECT_EQ(test, singles.freed, 2);
	KUNIT_EXPECT_EQ(test, op->op, DRM_GPUVA_OP_REMAP);
	single_free(op);

	chunks_close(test, c);
}

static void expect_unchanged(struct kunit *test, struct chunks *c)
{
	struct drm_gpuva *va;
	int i = 0;

	drm_gpuvm_for_each_va(va, c->vm) {
		KUNIT_ASSERT_LT(test, i, COUNT);
		KUNIT_EXPECT_PTR_EQ(test, va, c->vas[i]);
		KUNIT_EXPECT_EQ(test, va->va.addr, i * WIDTH);
		KUNIT_EXPECT_EQ(test, va->va.range, WIDTH);
		i++;
	}
	KUNIT_EXPECT_EQ(test, i, COUNT);
}

/*
 * Return: whether allocation @nth was reached, and so failed; notes whether the
 * list was refused for it.
 */
static bool fail_one(struct kunit *test, struct chunks *c, unsigned int nth,
		     unsigned long *refused)
{
	struct drm_gpuva_ops *ops;
	unsigned int left;

	gk_fail_alloc_arm(nth);
	ops = map_cutting(c, COUNT - 1);
	left = gk_fail_alloc_disarm();

	if (!IS_ERR(ops)) {
		expect_map_cutting(test, c, ops, COUNT - 1);
		drm_gpuva_ops_free(c->vm, ops);
		return !left;
	}

	KUNIT_EXPECT_EQ(test, left, 0);
	KUNIT_EXPECT_PTR_EQ_MSG(test, ops, ERR_PTR(-ENOMEM),
				"allocation %u", nth);
	if (nth < BITS_PER_LONG)
		*refused |= BIT(nth);

	return true;
}

static void row29_chunk_fails(struct kunit *test)
{
	struct chunks *c = chunks_new(test, false, false, gk_bo_new(test, 'A'));
	unsigned long refused = 0;

	if (!gk_fail_alloc_available(test)) {
		chunks_close(test, c);
		kunit_skip(test, "no fault injection");
	}

	/* An empty slab hides one of them, now and then: hence several rounds. */
	for (unsigned int round = 0; round < 4; round++) {
		unsigned int n = 1;

		while (n < 100 && fail_one(test, c, n, &refused))
			n++;
		KUNIT_EXPECT_LT(test, n, 100);
	}

	/* All chunks there are. */
	KUNIT_EXPECT_GE(test, hweight_long(refused), 6);
	expect_unchanged(test, c);
	chunks_close(test, c);
}

static struct kunit_case gpuvm_chunks_cases[] = {
	KUNIT_CASE(unmaps_of_every_length),
	KUNIT_CASE(maps_of_every_length),
	KUNIT_CASE(prefetches_of_every_length),
	KUNIT_CASE(madvise_over_edges),
	KUNIT_CASE(memory_is_bounded),
	KUNIT_CASE(callbacks),
	KUNIT_CASE(list_of_the_driver),
	KUNIT_CASE(taken_off),
	KUNIT_CASE(taken_off_single),
	KUNIT_CASE(row29_chunk_fails),
	{}
};

static struct kunit_suite gpuvm_chunks_suite = {
	.name = "gpuvm_chunks",
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = gpuvm_chunks_cases,
};

kunit_test_suite(gpuvm_chunks_suite);
