// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The other engines: inline-to-memory, reports, state, and what is refused.
 */
#include <linux/io.h>

#include "nv_model_world.h"

#define ENGINE 0

static void bind_class(struct channel *c, u32 class)
{
	push_method(c, ENGINE, NV_HOST_SET_OBJECT, class);
}

static int engine_case_init(struct kunit *test)
{
	int ret = world_init(test);

	if (!ret)
		start(test, 0, 0);
	return ret;
}

/* In each class that has it. */
static void inline_lines(struct kunit *test)
{
	static const u32 classes[] = {
		NV_CLASS_INLINE, NV_CLASS_3D, NV_CLASS_COMPUTE,
	};
	static const u32 data[] = { 0x03020100, 0x07060504, 0x13121110,
				    0x17161514 };
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];

	for (unsigned int i = 0; i < ARRAY_SIZE(classes); i++) {
		memset(w->dst, 0xee, SZ_4K);
		bind_class(c, classes[i]);
		/* Two lines of 6 bytes, each with words of its own. */
		push(c, ENGINE, NV_I2M_LINE_LENGTH, 6, 2, 0, DST_VA + 3, 100);
		push(c, ENGINE, NV_I2M_SEMAPHORE_A, 0, SEM_VA, 40 + i);
		push_method(c, ENGINE, NV_I2M_LAUNCH,
			    NV_I2M_LAUNCH_PITCH | NV_I2M_LAUNCH_ONE_WORD |
			    FIELD_PREP(NV_I2M_LAUNCH_COMPLETION,
				       NV_I2M_COMPLETION_SEMAPHORE));
		/* Without incrementing. */
		push_word(c, 3u << 29 | 4 << 16 | NV_I2M_DATA / 4);
		for (unsigned int j = 0; j < ARRAY_SIZE(data); j++)
			push_word(c, data[j]);
		run(test, 0);

		for (unsigned int j = 0; j < 6; j++) {
			KUNIT_EXPECT_EQ(test, w->dst[3 + j], j);
			KUNIT_EXPECT_EQ(test, w->dst[103 + j], 0x10 + j);
		}
		KUNIT_EXPECT_EQ(test, w->dst[2], 0xee);
		KUNIT_EXPECT_PTR_EQ(test, NULL,
				    memchr_inv(w->dst + 9, 0xee, 94));
		KUNIT_EXPECT_PTR_EQ(test, NULL,
				    memchr_inv(w->dst + 109, 0xee, 1000));
		KUNIT_EXPECT_EQ(test, w->sem[0], 40 + i);
	}
	KUNIT_EXPECT_EQ(test, model_number(test, "inline bytes"), 3 * 12);
}

static void inline_blocks(struct kunit *test)
{
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];

	bind_class(c, NV_CLASS_INLINE);
	/* 64 bytes by 8 lines, one GOB; byte 16 of line 1. */
	push(c, ENGINE, NV_I2M_LINE_LENGTH, 4, 1, 0, DST_VA, 0,
	     0, 64, 8, 1, 0, 16, 1);
	push_method(c, ENGINE, NV_I2M_LAUNCH, 0);
	push_method(c, ENGINE, NV_I2M_DATA, 0xfeedbeef);
	run(test, 0);
	KUNIT_EXPECT_EQ(test, *(u32 *)(w->dst + 32 + 16), 0xfeedbeef);

	/* A block of more than 32 GOBs; words that nobody asked for. */
	push_method(c, ENGINE, NV_I2M_DATA, 0);
	run(test, 0);
	KUNIT_EXPECT_EQ(test, model_number(test, "unknown methods"), 1);
	push_method(c, ENGINE, NV_I2M_BLOCK_SIZE, 6 << 4);
	push_method(c, ENGINE, NV_I2M_LAUNCH, 0);
	push_method(c, ENGINE, NV_I2M_DATA, 0);
	run_fault(test, 0, NV_FAULT_METHOD);

	bind_class(c, NV_CLASS_INLINE);
	push_method(c, ENGINE, NV_I2M_LAUNCH, NV_I2M_LAUNCH_REDUCTION);
	run_fault(test, 0, NV_FAULT_METHOD);
}

static void push_report(struct channel *c, u64 addr, u32 payload, u32 op)
{
	push(c, ENGINE, NV_REPORT_A, upper_32_bits(addr), lower_32_bits(addr),
	     payload, op);
}

static void reports(struct kunit *test)
{
	static const u32 classes[] = { NV_CLASS_3D, NV_CLASS_COMPUTE };
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];

	for (unsigned int i = 0; i < ARRAY_SIZE(classes); i++) {
		u64 before = ktime_get_real_ns(), *four = (u64 *)&w->sem[4];

		memset(w->sem, 0xff, 256);
		bind_class(c, classes[i]);
		push_report(c, SEM_VA, 7, NV_REPORT_ONE_WORD);
		push_report(c, SEM_VA + 16, 8, NV_REPORT_AWAKEN);
		/* A counter, a timestamp: nothing was ever drawn. */
		push_report(c, SEM_VA + 32, 9, NV_REPORT_ONLY | 2 << 23);
		push_report(c, SEM_VA + 48, 9,
			    NV_REPORT_ONLY | NV_REPORT_ONE_WORD | 2 << 23);
		/* Minus 1, at least, as numbers with a sign. */
		push_report(c, SEM_VA + 52, 5,
			    NV_REPORT_ONE_WORD | NV_REPORT_RED_ENABLE |
			    NV_REPORT_RED_SIGNED | 2 << 9);
		run(test, 0);

		KUNIT_EXPECT_EQ(test, w->sem[0], 7);
		KUNIT_EXPECT_EQ(test, w->sem[1], ~0u);
		KUNIT_EXPECT_EQ(test, four[0], 8);
		KUNIT_EXPECT_GE(test, four[1], before);
		KUNIT_EXPECT_EQ(test, four[2], 0);
		KUNIT_EXPECT_GE(test, four[3], four[1]);
		KUNIT_EXPECT_EQ(test, w->sem[12], 0);
		KUNIT_EXPECT_EQ(test, w->sem[13], 5);
		KUNIT_EXPECT_EQ(test, w->sem[14], ~0u);
		KUNIT_EXPECT_EQ(test, atomic_read(&c->interrupts), i + 1);
	}
}

static void report_acquires(struct kunit *test)
{
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];

	start(test, 1, 0);
	bind_class(c, NV_CLASS_3D);
	push_report(c, SEM_VA, 5, NV_REPORT_ACQUIRE | NV_REPORT_COMPARE_GE);
	push_release(c, SEM_VA + 4, 1);
	kick(test, 0);

	push_release(&w->channels[1], SEM_VA, 4);
	run(test, 1);
	KUNIT_EXPECT_FALSE(test, is_idle(test, 0));
	push_release(&w->channels[1], SEM_VA, 6);
	run(test, 1);
	expect_idle(test, 0);
	KUNIT_EXPECT_EQ(test, w->sem[1], 1);
}

/* State is accepted, and noted. */
static void state_is_accepted(struct kunit *test)
{
	static const u32 classes[] = {
		NV_CLASS_2D, NV_CLASS_3D, NV_CLASS_COMPUTE,
	};
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];

	for (unsigned int i = 0; i < ARRAY_SIZE(classes); i++) {
		bind_class(c, classes[i]);
		push_method(c, ENGINE, 0x100, 0);
		push_method(c, ENGINE, 0x1234, i);
		push_method(c, ENGINE, 0x1234, i);
	}
	push_release(c, SEM_VA, 1);
	run(test, 0);

	KUNIT_EXPECT_EQ(test, w->sem[0], 1);
	KUNIT_EXPECT_EQ(test, model_number(test, "state methods"), 9);
	KUNIT_EXPECT_EQ(test, model_number(test, "unknown methods"), 0);
	KUNIT_EXPECT_EQ(test, model_number(test, "ignored c597 1234"), 2);

	/* What no class has, of the engines that are there. */
	push_method(c, NV_SUBCHANNEL_COPY, 0x500, 0);
	push_method(c, NV_SUBCHANNEL_COPY, 0x2000, 0);
	bind_class(c, NV_CLASS_INLINE);
	push_method(c, ENGINE, 0x300, 0);
	push_method(c, ENGINE, 0xf0, 0);
	run(test, 0);
	KUNIT_EXPECT_EQ(test, model_number(test, "unknown methods"), 4);
	KUNIT_EXPECT_EQ(test, model_number(test, "ignored c5b5 0500"), 1);
	KUNIT_EXPECT_EQ(test, model_number(test, "ignored 0000 00f0"), 1);
}

static const struct { u32 class, method; } draws[] = {
	{ NV_CLASS_3D, NV_3D_DRAW_INDEX_BEGIN_END_B },
	{ NV_CLASS_3D, NV_3D_DRAW_VERTEX_BEGIN_END_B },
	{ NV_CLASS_3D, NV_3D_DRAW_ZERO_INDEX },
	{ NV_CLASS_3D, NV_3D_DRAW_VERTEX_ARRAY },
	{ NV_CLASS_3D, NV_3D_DRAW_VERTEX_FIRST },
	{ NV_CLASS_3D, NV_3D_DRAW_VERTEX_NEXT },
	{ NV_CLASS_3D, NV_3D_DRAW_AUTO },
	{ NV_CLASS_3D, NV_3D_DRAW_INLINE_4X8 },
	{ NV_CLASS_3D, NV_3D_DRAW_INLINE },
	{ NV_CLASS_3D, NV_3D_DRAW_INLINE_2X16 },
	{ NV_CLASS_3D, NV_3D_BEGIN },
	{ NV_CLASS_3D, NV_3D_DRAW_INDEX },
	{ NV_CLASS_3D, NV_3D_DRAW_INDEX + 8 },
	{ NV_CLASS_3D, NV_3D_DRAW_INDEX8_NEXT },
	{ NV_CLASS_3D, NV_3D_CLEAR_SURFACE },
	{ NV_CLASS_3D, NV_3D_CLEAR_CLIP_ID },
	{ NV_CLASS_COMPUTE, NV_COMPUTE_SEND_PCAS_B },
	{ NV_CLASS_COMPUTE, NV_COMPUTE_SEND_SIGNALING_PCAS_B },
	{ NV_CLASS_2D, NV_2D_SOLID_POINT },
	{ NV_CLASS_2D, NV_2D_SOLID_POINT + 12 },
	{ NV_CLASS_2D, NV_2D_PIXELS_FROM_CPU },
	{ NV_CLASS_2D, NV_2D_PIXELS_FROM_MEMORY },
};

/* A client learns that nothing was drawn: what comes behind is not run. */
static void draws_kill(struct kunit *test)
{
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];

	for (unsigned int i = 0; i < ARRAY_SIZE(draws); i++) {
		bind_class(c, draws[i].class);
		push_method(c, ENGINE, draws[i].method, 0x1234);
		push_release(c, SEM_VA, 1);
		run_fault(test, 0, NV_FAULT_METHOD);
		KUNIT_EXPECT_EQ(test, c->fault.class, draws[i].class);
		KUNIT_EXPECT_EQ(test, c->fault.method, draws[i].method);
		KUNIT_EXPECT_EQ(test, c->fault.data, 0x1234);
	}
	KUNIT_EXPECT_EQ(test, w->sem[0], 0);
	KUNIT_EXPECT_EQ(test, model_number(test, "faults, bad method"),
			ARRAY_SIZE(draws));
}

/* The words of an instruction, high first, with two immediates and outputs. */
static void push_group(struct channel *c, u16 immed0, u16 immed1, u32 out0,
		       u32 out1)
{
	push_method(c, ENGINE, NV_MME_CODE,
		    out1 << 25 | out0 << 18 | immed1 << 2);
	push_method(c, ENGINE, NV_MME_CODE, immed0 >> 2);
	push_method(c, ENGINE, NV_MME_CODE, (u32)immed0 << 30);
}

#define FROM_IMMED0 5
#define FROM_IMMED1 6
#define FROM_ALU 1
/* And that it sends something there. */
#define EMIT BIT(3)

static void load_macros(struct channel *c)
{
	bind_class(c, NV_CLASS_3D);
	push(c, ENGINE, NV_MME_CODE_POINTER, 30);
	/* Macro 2: state alone, though a number looks like a draw. */
	push_group(c, 0x1000 | 0x1234 / 4, 0x1000 | NV_3D_BEGIN / 4,
		   FROM_IMMED0, FROM_ALU);
	push_group(c, 7, 8, 0, 0);
	/* Macro 3: a draw from the second immediate, at its end. */
	push_group(c, 0x1000 | 0x1234 / 4, 0, FROM_IMMED0, 0);
	push_group(c, 0, 0x1000 | NV_3D_BEGIN / 4, 0, FROM_IMMED1);
	/* Macro 4: state. */
	push_group(c, 0x1000 | 0x1234 / 4, 0, FROM_IMMED0, 0);
	/* Macro 5: a draw from the first. */
	push_group(c, NV_3D_DRAW_INDEX / 4, 0, FROM_IMMED0, 0);
	/* Macro 6: what comes before a draw, and then what comes next. */
	push_group(c, 0x1000 | (NV_3D_DRAW_VERTEX_BEGIN_END_B / 4 - 1), 0,
		   FROM_IMMED0 | EMIT, 0);
	push_group(c, 0, 0, 0, EMIT);
	/* Macro 7: the same without counting on. */
	push_group(c, NV_3D_DRAW_VERTEX_BEGIN_END_B / 4 - 1, 0,
		   FROM_IMMED0 | EMIT, 0);
	push_group(c, 0, 0, 0, EMIT);
	push(c, ENGINE, NV_MME_START_POINTER, 2, 30);
	push(c, ENGINE, NV_MME_START, 36);
	push(c, ENGINE, NV_MME_START, 42);
	push(c, ENGINE, NV_MME_START, 45);
	push(c, ENGINE, NV_MME_START, 48);
	push(c, ENGINE, NV_MME_START, 54);
}

static void call_macro(struct channel *c, u32 macro)
{
	push(c, ENGINE, NV_MME_CALL + 8 * macro, 1);
	push(c, ENGINE, NV_MME_CALL + 8 * macro + 4, 2);
}

static void macros_that_draw_kill(struct kunit *test)
{
	static const u32 drawing[] = { 3, 5, 6 };
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];

	/* Also one that nobody has loaded. */
	load_macros(c);
	call_macro(c, 2);
	call_macro(c, 4);
	call_macro(c, 7);
	call_macro(c, 100);
	push_release(c, SEM_VA, 1);
	run(test, 0);
	KUNIT_EXPECT_EQ(test, w->sem[0], 1);
	KUNIT_EXPECT_EQ(test, model_number(test, "macro calls"), 8);

	for (unsigned int i = 0; i < ARRAY_SIZE(drawing); i++) {
		load_macros(c);
		call_macro(c, drawing[i]);
		run_fault(test, 0, NV_FAULT_METHOD);
		KUNIT_EXPECT_EQ(test, c->fault.method,
				NV_MME_CALL + 8 * drawing[i]);
	}

	/* More than there is room for goes nowhere. */
	bind_class(c, NV_CLASS_3D);
	push(c, ENGINE, NV_MME_CODE_POINTER, -1u, 1);
	push(c, ENGINE, NV_MME_START_POINTER, -1u, 1);
	push(c, ENGINE, NV_MME_CODE_POINTER, 8191, 1);
	push(c, ENGINE, NV_MME_CODE, 1);
	push(c, ENGINE, NV_MME_START_POINTER, 255, 8190);
	push(c, ENGINE, NV_MME_START, 1);
	call_macro(c, 255);
	run(test, 0);
}

static void classes_are_checked(struct kunit *test)
{
	static const u32 copy_only[] = { NV_CLASS_COPY };
	static const u32 none[] = { NV_CLASS_3D };
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];
	struct nv_hw_channel desc = {
		.pd = nv_mmu_root_address(&w->mmu),
		.gpfifo = RING_VA + SZ_4K,
		.gpfifo_entries = RING_ENTRIES,
		.userd = virt_to_phys(w->channels[1].userd),
		.classes = copy_only,
		.nr_classes = 1,
	};

	bind_class(c, 0xc697);
	run_fault(test, 0, NV_FAULT_CLASS);
	KUNIT_EXPECT_EQ(test, c->fault.class, 0xc697);
	KUNIT_EXPECT_EQ(test, c->fault.method, NV_HOST_SET_OBJECT);

	/* Nothing is bound. */
	push_method(c, 1, 0x100, 0);
	run_fault(test, 0, NV_FAULT_CLASS);
	KUNIT_EXPECT_EQ(test, c->fault.method, 0x100);

	/* One that exists, but not for this channel. */
	c = &w->channels[1];
	KUNIT_ASSERT_EQ(test, 0, w->hw->ops->channel_start(w->hw, 1, &desc));
	push_method(c, NV_SUBCHANNEL_COPY, NV_COPY_NOP, 0);
	run(test, 1);
	bind_class(c, NV_CLASS_3D);
	run_fault(test, 1, NV_FAULT_CLASS);
	w->hw->ops->channel_stop(w->hw, 1);

	/* Nor is the copy engine there for all. */
	memset(c->userd, 0, PAGE_SIZE);
	c->put = 0;
	desc.classes = none;
	KUNIT_ASSERT_EQ(test, 0, w->hw->ops->channel_start(w->hw, 1, &desc));
	push_method(c, NV_SUBCHANNEL_COPY, NV_COPY_NOP, 0);
	run_fault(test, 1, NV_FAULT_CLASS);
}

static struct kunit_case engine_cases[] = {
	KUNIT_CASE(inline_lines),
	KUNIT_CASE(inline_blocks),
	KUNIT_CASE(reports),
	KUNIT_CASE(report_acquires),
	KUNIT_CASE(state_is_accepted),
	KUNIT_CASE(draws_kill),
	KUNIT_CASE(macros_that_draw_kill),
	KUNIT_CASE(classes_are_checked),
	{}
};

static struct kunit_suite engine_suite = {
	.name = "nv_engine",
	.init = engine_case_init,
	.exit = world_exit,
	.test_cases = engine_cases,
};

kunit_test_suite(engine_suite);
