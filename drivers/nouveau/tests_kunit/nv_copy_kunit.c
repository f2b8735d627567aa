// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The copy engine: lines, fills, remaps, blocks, semaphores.
 */
#include <linux/delay.h>
#include <linux/ktime.h>

#include "nv_model_world.h"

#define COPY	NV_SUBCHANNEL_COPY
/* Launches as clients send them. */
#define LAUNCH_COPY	0x386
#define LAUNCH_LINE	0x186
#define LAUNCH_FILL	0x786
#define LAUNCH_TO_BLOCKS 0x286
#define LAUNCH_FROM_BLOCKS 0x306

struct image {
	u64 base;
	u32 pitch;
};

static void push_images(struct channel *c, u64 src, u32 src_pitch, u64 dst,
			u32 dst_pitch, u32 length, u32 lines)
{
	push(c, COPY, NV_COPY_OFFSET_IN, upper_32_bits(src),
	     lower_32_bits(src), upper_32_bits(dst), lower_32_bits(dst),
	     src_pitch, dst_pitch, length, lines);
}

static void push_remap(struct channel *c, u32 a, u32 b, u32 size, u32 num_src,
		       u32 num_dst, u32 selectors)
{
	push(c, COPY, NV_COPY_REMAP_CONST_A, a, b,
	     FIELD_PREP(NV_REMAP_SIZE, size - 1) |
	     FIELD_PREP(NV_REMAP_SRC_COUNT, num_src - 1) |
	     FIELD_PREP(NV_REMAP_DST_COUNT, num_dst - 1) | selectors);
}

static int copy_case_init(struct kunit *test)
{
	int ret = world_init(test);

	if (!ret)
		start(test, 0, 0);
	return ret;
}

struct lines {
	u32 src, src_pitch, dst, dst_pitch, length, lines;
};

static const struct lines line_rows[] = {
	{ 0, 0, 0, 0, 1, 1 },
	{ 3, 0, 4094, 0, 4, 1 },
	{ 5, 0, 1, 0, 3 * SZ_4K, 1 },
	{ 0, SZ_4K, 0, SZ_4K, SZ_4K, 16 },
	{ 0, 100, 0, 300, 100, 50 },
	{ 17, 1000, 4000, 500, 333, 99 },
	{ 0, 0, 0, 64, 64, 8 },
	{ 0, 0, 0, 0, DATA_SIZE, 1 },
};

static void copy_lines_arrive(struct kunit *test)
{
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];
	u8 *expected = kunit_kmalloc(test, DATA_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, expected);
	for (unsigned int i = 0; i < ARRAY_SIZE(line_rows); i++) {
		const struct lines *l = &line_rows[i];

		memset(w->dst, 0xee, DATA_SIZE);
		memset(expected, 0xee, DATA_SIZE);
		for (u32 y = 0; y < l->lines; y++)
			memcpy(expected + l->dst + y * l->dst_pitch,
			       w->src + l->src + y * l->src_pitch, l->length);

		push_images(c, SRC_VA + l->src, l->src_pitch, DST_VA + l->dst,
			    l->dst_pitch, l->length, l->lines);
		push_method(c, COPY, NV_COPY_LAUNCH, LAUNCH_COPY);
		run(test, 0);
		KUNIT_EXPECT_EQ_MSG(test, 0,
				    memcmp(w->dst, expected, DATA_SIZE),
				    "row %u", i);
	}
}

/* Without MULTI_LINE there is one line, whatever LINE_COUNT says. */
static void copy_one_line(struct kunit *test)
{
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];

	memset(w->dst, 0xee, SZ_4K);
	push_images(c, SRC_VA, 64, DST_VA, 64, 64, 10);
	push_method(c, COPY, NV_COPY_LAUNCH, LAUNCH_LINE);
	run(test, 0);
	KUNIT_EXPECT_EQ(test, 0, memcmp(w->dst, w->src, 64));
	KUNIT_EXPECT_PTR_EQ(test, NULL, memchr_inv(w->dst + 64, 0xee, 1000));

	/* Nothing at all is a barrier. */
	push_images(c, NOWHERE_VA, 0, NOWHERE_VA, 0, 0, 0);
	push_method(c, COPY, NV_COPY_LAUNCH, 0x586);
	push_images(c, NOWHERE_VA, 0, NOWHERE_VA, 0, 100, 0);
	push_method(c, COPY, NV_COPY_LAUNCH, LAUNCH_COPY);
	/* So is one that may not render. */
	push_method(c, COPY, NV_COPY_RENDER_ENABLE_C, NV_COPY_RENDER_FALSE);
	push_method(c, COPY, NV_COPY_LAUNCH, LAUNCH_LINE);
	run(test, 0);
}

struct remap_row {
	const char *name;
	u32 size, num_src, num_dst, selectors;
	u8 src[16], old[16], expected[16];
};

#define A NV_REMAP_CONST_A
#define B NV_REMAP_CONST_B
#define KEEP NV_REMAP_NO_WRITE

static const struct remap_row remap_rows[] = {
	{ "words of a constant", 4, 1, 1, A, {}, {},
	  { 0x11, 0x22, 0x33, 0x44 } },
	{ "halves of a constant", 2, 1, 1, A, {}, {}, { 0x11, 0x22 } },
	{ "bytes of a constant", 1, 1, 1, B, {}, {}, { 0x55 } },
	{ "three bytes", 3, 1, 1, A, {}, {}, { 0x11, 0x22, 0x33 } },
	{ "both constants", 4, 1, 2, A | B << 4, {}, {},
	  { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 } },
	{ "three components", 4, 1, 3, A | B << 4 | A << 8, {}, {},
	  { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
	    0x11, 0x22, 0x33, 0x44 } },
	{ "four components", 4, 1, 4, A | B << 4 | B << 8 | A << 12, {}, {},
	  { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
	    0x55, 0x66, 0x77, 0x88, 0x11, 0x22, 0x33, 0x44 } },
	{ "swapped", 1, 4, 4, 2 | 1 << 4 | 0 << 8 | 3 << 12,
	  { 1, 2, 3, 4 }, {}, { 3, 2, 1, 4 } },
	{ "one out of four", 1, 4, 1, 3, { 1, 2, 3, 4 }, {}, { 4 } },
	{ "one becomes two", 2, 1, 2, 0 | 0 << 4, { 1, 2 }, {},
	  { 1, 2, 1, 2 } },
	{ "alpha stays", 1, 3, 4, 0 | 1 << 4 | 2 << 8 | KEEP << 12,
	  { 1, 2, 3 }, { 9, 9, 9, 9 }, { 1, 2, 3, 9 } },
	{ "constant beside what stays", 2, 1, 2, KEEP | A << 4, {},
	  { 9, 9, 9, 9 }, { 9, 9, 0x11, 0x22 } },
};

static void remap_desc(const struct remap_row *row, char *desc)
{
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(remap, remap_rows, remap_desc);

static void copy_remaps(struct kunit *test)
{
	const struct remap_row *row = test->param_value;
	u32 src = row->size * row->num_src, dst = row->size * row->num_dst;
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];
	/* Across pages, and not aligned to the element. */
	u32 n = 3000, lines = 2, pitch = SZ_64K, wrong = 0;

	memset(w->dst, 0xee, 3 * pitch);
	for (u32 i = 0; i < n * lines; i++) {
		u32 y = i / n, x = i % n;

		memcpy(w->src + y * pitch + 1 + x * src, row->src, src);
		memcpy(w->dst + y * pitch + 5 + x * dst, row->old, dst);
	}

	push_remap(c, 0x44332211, 0x88776655, row->size, row->num_src,
		   row->num_dst, row->selectors);
	push_images(c, SRC_VA + 1, pitch, DST_VA + 5, pitch, n, lines);
	push_method(c, COPY, NV_COPY_LAUNCH, LAUNCH_FILL);
	run(test, 0);

	for (u32 i = 0; i < n * lines; i++)
		wrong += !!memcmp(w->dst + i / n * pitch + 5 + i % n * dst,
				  row->expected, dst);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_PTR_EQ(test, NULL, memchr_inv(w->dst, 0xee, 5));
	KUNIT_EXPECT_PTR_EQ(test, NULL, memchr_inv(w->dst + 5 + n * dst, 0xee,
						   pitch - n * dst));
}

/* As large as they come: passes over what is sparse, finds what is not. */
static void copy_fills_far(struct kunit *test)
{
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];
	u64 at = 20000ull * 0x20000 + SZ_64K, other = SZ_2M + SZ_64K;
	ktime_t begin = ktime_get();
	u32 words = SZ_64K / 4, wrong = 0;

	map_sparse(test, SPARSE_VA, SPARSE_SIZE);
	unmap(test, SPARSE_VA + at, SZ_64K);
	map_memory(test, SPARSE_VA + at, w->dst, SZ_64K);
	unmap(test, SPARSE_VA + other, SZ_4K);
	map_memory(test, SPARSE_VA + other, w->dst + SZ_1M, SZ_4K);

	push_remap(c, 0xcafe0001, 0, 4, 1, 1, A);
	push_images(c, 0, 0, SPARSE_VA, 0x20000, 32768, 32768);
	push_method(c, COPY, NV_COPY_LAUNCH, LAUNCH_FILL);
	push(c, COPY, NV_COPY_SEMAPHORE_A, 0, SEM_VA, 5);
	push_method(c, COPY, NV_COPY_LAUNCH, 0x00c);
	run(test, 0);

	for (u32 i = 0; i < words; i++)
		wrong += ((u32 *)w->dst)[i] != 0xcafe0001;
	for (u32 i = 0; i < SZ_4K / 4; i++)
		wrong += ((u32 *)(w->dst + SZ_1M))[i] != 0xcafe0001;
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, w->sem[0], 5);
	KUNIT_EXPECT_LT(test, ktime_ms_delta(ktime_get(), begin), 10000);
	KUNIT_EXPECT_EQ(test, model_number(test, "copied bytes"), 4ull * SZ_1G);
}

/* A long one ends when its channel is killed, and others go on meanwhile. */
static void copy_is_killed(struct kunit *test)
{
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];
	ktime_t begin;

	start(test, 1, 0);
	push_remap(c, 1, 0, 4, 1, 1, A);
	push_images(c, 0, 0, DST_VA, 0, 32768, 32768 * 2);
	push_method(c, COPY, NV_COPY_LAUNCH, LAUNCH_FILL);
	push_release(c, SEM_VA, 1);
	kick(test, 0);

	push_release(&w->channels[1], SEM_VA + 4, 2);
	run(test, 1);
	KUNIT_EXPECT_EQ(test, w->sem[1], 2);
	KUNIT_EXPECT_FALSE(test, is_idle(test, 0));

	begin = ktime_get();
	w->hw->ops->channel_kill(w->hw, 0);
	w->hw->ops->channel_stop(w->hw, 0);
	KUNIT_EXPECT_LT(test, ktime_ms_delta(ktime_get(), begin), 1000);
	KUNIT_EXPECT_EQ(test, c->errors, 0);
	KUNIT_EXPECT_EQ(test, w->sem[0], 0);
}

struct place {
	u32 height, depth, layer, x, y, offset;
};

/* Offsets in an image of 256 bytes by 64 lines, as the format has them. */
static const struct place places[] = {
	{ 0, 0, 0, 0, 0, 0 },
	{ 0, 0, 0, 15, 0, 15 },
	{ 0, 0, 0, 16, 0, 32 },
	{ 0, 0, 0, 0, 1, 16 },
	{ 0, 0, 0, 0, 2, 64 },
	{ 0, 0, 0, 32, 0, 256 },
	{ 0, 0, 0, 63, 7, 511 },
	{ 0, 0, 0, 64, 0, 512 },
	{ 0, 0, 0, 0, 8, 2048 },
	{ 1, 0, 0, 0, 8, 512 },
	{ 1, 0, 0, 64, 0, 1024 },
	{ 1, 0, 0, 0, 16, 4096 },
	{ 3, 0, 0, 64, 0, 4096 },
	{ 3, 0, 0, 0, 63, 7 * 512 + 3 * 64 + 16 },
	{ 0, 0, 1, 0, 0, 16384 },
	{ 0, 1, 1, 0, 0, 512 },
	{ 0, 1, 0, 64, 0, 1024 },
	{ 0, 1, 2, 0, 0, 32768 },
	{ 1, 1, 1, 0, 0, 1024 },
};

static void push_blocks(struct channel *c, u32 method, const struct place *p,
			u32 width)
{
	push(c, COPY, method,
	     FIELD_PREP(NV_BLOCK_HEIGHT, p->height) |
	     FIELD_PREP(NV_BLOCK_DEPTH, p->depth) |
	     FIELD_PREP(NV_BLOCK_GOB_HEIGHT, NV_BLOCK_GOB_HEIGHT_8),
	     width, 64, 4, p->layer);
}

static void copy_places(struct kunit *test)
{
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];

	for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
		const struct place *p = &places[i];

		memset(w->dst, 0, SZ_64K);
		w->src[0] = 0xab;
		push_images(c, SRC_VA, 256, DST_VA, 0, 1, 1);
		push_blocks(c, NV_COPY_DST_BLOCK_SIZE, p, 256);
		/* One after the other: the old and the new register. */
		if (i & 1)
			push_method(c, COPY, NV_COPY_DST_ORIGIN,
				    p->y << 16 | p->x);
		else
			push(c, COPY, NV_COPY_DST_ORIGIN_X, p->x, p->y);
		push_method(c, COPY, NV_COPY_LAUNCH, LAUNCH_TO_BLOCKS);
		run(test, 0);

		KUNIT_EXPECT_EQ_MSG(test, w->dst[p->offset], 0xab, "row %u", i);
		w->dst[p->offset] = 0;
		KUNIT_EXPECT_PTR_EQ(test, NULL, memchr_inv(w->dst, 0, SZ_64K));
	}
}

/* There and back, from an origin, also in elements of a remap. */
static void copy_blocks_and_back(struct kunit *test)
{
	static const struct place shape = { .height = 2, .depth = 1,
					    .layer = 3 };
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];

	for (unsigned int remap = 0; remap < 2; remap++) {
		u32 element = remap ? 4 : 1, flags = remap ? NV_LAUNCH_REMAP : 0;
		u32 width = 1000 / element, x = 40 / element;

		memset(w->dst, 0, DATA_SIZE);
		push_remap(c, 0, 0, 4, 1, 1, 0);
		push_images(c, SRC_VA, 1000, DST_VA, 0, 800 / element, 50);
		push_blocks(c, NV_COPY_DST_BLOCK_SIZE, &shape, width);
		push(c, COPY, NV_COPY_DST_ORIGIN_X, x, 9);
		push_method(c, COPY, NV_COPY_LAUNCH, LAUNCH_TO_BLOCKS | flags);

		push_images(c, DST_VA, 0, DST_VA + SZ_1M, 900, 800 / element,
			    50);
		push_blocks(c, NV_COPY_SRC_BLOCK_SIZE, &shape, width);
		push_method(c, COPY, NV_COPY_SRC_ORIGIN, 9 << 16 | x);
		push_method(c, COPY, NV_COPY_LAUNCH,
			    LAUNCH_FROM_BLOCKS | flags);
		run(test, 0);

		for (u32 y = 0; y < 50; y++)
			KUNIT_EXPECT_EQ(test, 0,
					memcmp(w->dst + SZ_1M + y * 900,
					       w->src + y * 1000, 800));
	}
}

static void copy_semaphores(struct kunit *test)
{
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];
	u64 before = ktime_get_real_ns();
	u64 *four = (u64 *)&w->sem[8];

	memset(w->sem, 0xff, 64);
	push_images(c, SRC_VA, 0, DST_VA, 0, 100, 1);
	push(c, COPY, NV_COPY_SEMAPHORE_A, 0, SEM_VA, 77);
	push_method(c, COPY, NV_COPY_LAUNCH, LAUNCH_LINE | 1 << 3);
	push(c, COPY, NV_COPY_SEMAPHORE_A, 0, SEM_VA + 32, 78);
	push_method(c, COPY, NV_COPY_LAUNCH, 2 << 3);
	/* A reduction, with an interrupt. */
	push(c, COPY, NV_COPY_SEMAPHORE_A, 0, SEM_VA, 3);
	push_method(c, COPY, NV_COPY_LAUNCH,
		    1 << 3 | NV_LAUNCH_RED_ENABLE | 2 << 5 |
		    FIELD_PREP(NV_LAUNCH_RED_OP, 5));
	run(test, 0);

	KUNIT_EXPECT_EQ(test, 0, memcmp(w->src, w->dst, 100));
	KUNIT_EXPECT_EQ(test, w->sem[0], 80);
	KUNIT_EXPECT_EQ(test, w->sem[1], ~0u);
	KUNIT_EXPECT_EQ(test, four[0], 78);
	KUNIT_EXPECT_GE(test, four[1], before);
	KUNIT_EXPECT_LE(test, four[1], w->hw->ops->timer(w->hw));
	KUNIT_EXPECT_EQ(test, atomic_read(&c->interrupts), 1);
}

static void copy_refuses(struct kunit *test)
{
	static const struct { u32 method, data; } rows[] = {
		{ NV_COPY_LAUNCH, LAUNCH_LINE | NV_LAUNCH_SRC_PHYSICAL },
		{ NV_COPY_LAUNCH, LAUNCH_LINE | NV_LAUNCH_DST_PHYSICAL },
		/* A type of transfer, and of semaphore, that does not exist. */
		{ NV_COPY_LAUNCH, LAUNCH_LINE | 3 },
		{ NV_COPY_LAUNCH, LAUNCH_LINE | 3 << 3 },
		/* Blocks of a format that Turing has not: all registers 0. */
		{ NV_COPY_LAUNCH, LAUNCH_TO_BLOCKS },
		{ NV_COPY_LAUNCH, LAUNCH_FROM_BLOCKS },
		{ NV_COPY_LAUNCH, 1 << 3 | NV_LAUNCH_RED_ENABLE |
				  FIELD_PREP_CONST(NV_LAUNCH_RED_OP, 10) },
	};
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		push_images(c, SRC_VA, 0, DST_VA, 0, 16, 1);
		push(c, COPY, NV_COPY_SEMAPHORE_A, 0, SEM_VA, 1);
		push_method(c, COPY, rows[i].method, rows[i].data);
		run_fault(test, 0, NV_FAULT_METHOD);
		KUNIT_EXPECT_EQ(test, c->fault.class, NV_CLASS_COPY);
		KUNIT_EXPECT_EQ(test, c->fault.method, rows[i].method);
		KUNIT_EXPECT_EQ(test, c->fault.data, rows[i].data);
	}

	/* Selectors that name nothing. */
	push_remap(c, 0, 0, 1, 1, 1, 7);
	push_images(c, SRC_VA, 0, DST_VA, 0, 16, 1);
	push_method(c, COPY, NV_COPY_LAUNCH, LAUNCH_FILL);
	run_fault(test, 0, NV_FAULT_METHOD);
	push_remap(c, 0, 0, 1, 2, 1, 2);
	push_images(c, SRC_VA, 0, DST_VA, 0, 16, 1);
	push_method(c, COPY, NV_COPY_LAUNCH, LAUNCH_FILL);
	run_fault(test, 0, NV_FAULT_METHOD);

	/* A condition. */
	push_method(c, COPY, NV_COPY_RENDER_ENABLE_C, 2);
	push_method(c, COPY, NV_COPY_LAUNCH, LAUNCH_LINE);
	run_fault(test, 0, NV_FAULT_METHOD);

	push(c, COPY, NV_COPY_SEMAPHORE_A, 0, SEM_VA + 2, 1);
	push_method(c, COPY, NV_COPY_LAUNCH, 1 << 3);
	run_fault(test, 0, NV_FAULT_METHOD);
}

/* What is not mapped, on either side, in the middle of a copy. */
static void copy_faults(struct kunit *test)
{
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];

	push_images(c, SRC_VA + DATA_SIZE - SZ_4K, 0, DST_VA, 0, SZ_8K, 1);
	push_method(c, COPY, NV_COPY_LAUNCH, LAUNCH_LINE);
	run_fault(test, 0, NV_FAULT_MMU_PDE);
	KUNIT_EXPECT_EQ(test, c->fault.addr, SRC_VA + DATA_SIZE);
	KUNIT_EXPECT_FALSE(test, c->fault.write);
	/* What came before it was copied. */
	KUNIT_EXPECT_EQ(test, 0, memcmp(w->dst, w->src + DATA_SIZE - SZ_4K,
					SZ_4K));

	unmap(test, DST_VA + SZ_8K, SZ_4K);
	push_images(c, SRC_VA, 0, DST_VA + 100, 0, SZ_64K, 1);
	push_method(c, COPY, NV_COPY_LAUNCH, LAUNCH_LINE);
	run_fault(test, 0, NV_FAULT_MMU_PTE);
	KUNIT_EXPECT_EQ(test, c->fault.addr, DST_VA + SZ_8K);
	KUNIT_EXPECT_TRUE(test, c->fault.write);
	KUNIT_EXPECT_EQ(test, model_number(test, "faults, not mapped"), 1);
}

static struct kunit_case copy_cases[] = {
	KUNIT_CASE(copy_lines_arrive),
	KUNIT_CASE(copy_one_line),
	KUNIT_CASE_PARAM(copy_remaps, remap_gen_params),
	KUNIT_CASE(copy_fills_far),
	KUNIT_CASE(copy_is_killed),
	KUNIT_CASE(copy_places),
	KUNIT_CASE(copy_blocks_and_back),
	KUNIT_CASE(copy_semaphores),
	KUNIT_CASE(copy_refuses),
	KUNIT_CASE(copy_faults),
	{}
};

static struct kunit_suite copy_suite = {
	.name = "nv_copy",
	.init = copy_case_init,
	.exit = world_exit,
	.test_cases = copy_cases,
};

kunit_test_suite(copy_suite);
