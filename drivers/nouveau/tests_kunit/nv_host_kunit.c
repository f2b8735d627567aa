// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The host: rings, push buffers, semaphores between channels, and what a
 * channel dies of.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/mm.h>

#include "../../../drm/tests/gpuvm_fail_alloc.h"
#include "nv_model_world.h"

static int host_case_init(struct kunit *test)
{
	int ret = world_init(test);

	for (unsigned int i = 0; !ret && i < CHANNELS; i++)
		start(test, i, 0);
	return ret;
}

static u32 head(u32 opcode, u32 count, u32 subchannel, u32 method)
{
	return opcode << 29 | count << 16 | subchannel << 13 | method / 4;
}

/* Each form of header, seen by what an inline launch receives. */
static void push_forms(struct kunit *test)
{
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];
	u32 *dst = (u32 *)w->dst;

	push_word(c, 0);
	push_word(c, head(NV_PUSH_INC, 0, 0, 0x100));
	push(c, 2, NV_HOST_SET_OBJECT, NV_CLASS_INLINE);
	push(c, 2, NV_I2M_LINE_LENGTH, 28, 1);
	push(c, 2, NV_I2M_OFFSET_OUT, 0, DST_VA);
	/* Once incrementing: launch, then data. */
	push_word(c, head(NV_PUSH_ONEINC, 3, 2, NV_I2M_LAUNCH));
	push_word(c, NV_I2M_LAUNCH_PITCH);
	push_word(c, 1);
	push_word(c, 2);
	push_word(c, head(NV_PUSH_NONINC, 2, 2, NV_I2M_DATA));
	push_word(c, 3);
	push_word(c, 4);
	push_word(c, head(NV_PUSH_IMMEDIATE, 0x1fff, 2, NV_I2M_DATA));
	/* A mask of devices. */
	push_word(c, 1 << 16 | 0xfff0);
	/* A method whose data comes with the next entry of the ring. */
	push_word(c, head(NV_PUSH_INC, 1, 2, NV_I2M_DATA));
	run(test, 0);
	push_word(c, 6);
	push_word(c, head(NV_PUSH_INC, 1, 2, NV_I2M_DATA));
	push_word(c, 7);
	push_word(c, head(NV_PUSH_END_SEGMENT, 0, 0, 0));
	/* Behind the end. */
	push_word(c, head(6, 0, 0, 0));
	run(test, 0);

	for (u32 i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, dst[i], i + 1);
	KUNIT_EXPECT_EQ(test, dst[4], 0x1fff);
	KUNIT_EXPECT_EQ(test, dst[5], 6);
	KUNIT_EXPECT_EQ(test, dst[6], 7);
	KUNIT_EXPECT_EQ(test, dst[7], 0);
}

/* Longer than what is read at once; the ring goes round more than once. */
static void ring_goes_round(struct kunit *test)
{
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];

	for (u32 round = 0; round < 3 * RING_ENTRIES; round++) {
		for (u32 i = 0; i < (round % 50 ? 5 : 3000); i++)
			push(c, 0, NV_HOST_SET_REFERENCE, i);
		push_release(c, SEM_VA, round);
		run(test, 0);
		KUNIT_ASSERT_EQ(test, w->sem[0], round);
	}
	KUNIT_EXPECT_EQ(test, model_number(test, "ring entries"),
			3 * RING_ENTRIES);

	/* Several entries at one ring of the doorbell, and some of no length. */
	push_release(c, SEM_VA + 4, 9);
	for (u64 opcode = 0; opcode < 4; opcode++) {
		if (opcode != NV_GP_OPCODE_ILLEGAL)
			kick_entry(test, 0, opcode << 32);
	}
	kick(test, 0);
	expect_idle(test, 0);
	KUNIT_EXPECT_EQ(test, w->sem[1], 9);
}

static void malformed_kills(struct kunit *test)
{
	static const u32 words[] = {
		/* Forms of long ago, and one that is reserved. */
		2u << 29, 6u << 29, 1u << 18,
	};
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];

	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		push_word(c, words[i]);
		run_fault(test, 0, NV_FAULT_PUSHBUFFER);
		KUNIT_EXPECT_EQ(test, c->fault.data, words[i]);
	}

	kick_entry(test, 0, (u64)NV_GP_OPCODE_ILLEGAL << 32);
	expect_died(test, 0, NV_FAULT_PUSHBUFFER);

	/* GP_PUT behind the ring. */
	WRITE_ONCE(*(u32 *)(c->userd + NV_HW_USERD_GP_PUT), RING_ENTRIES);
	w->hw->ops->doorbell(w->hw, 0);
	expect_died(test, 0, NV_FAULT_PUSHBUFFER);

	push(c, 0, NV_HOST_ILLEGAL, 0);
	run_fault(test, 0, NV_FAULT_METHOD);
	/* The TLB is the kernel's. */
	push(c, 0, NV_HOST_MEM_OP_D, 9u << 27);
	run_fault(test, 0, NV_FAULT_METHOD);
	push(c, 0, NV_HOST_MEM_OP_D, 5u << 27);
	run(test, 0);

	/* Push buffer, and ring, that are not mapped. */
	kick_entry(test, 0, NOWHERE_VA | 4ull << 42);
	expect_died(test, 0, NV_FAULT_MMU_PDE);
	KUNIT_EXPECT_EQ(test, c->fault.addr, NOWHERE_VA);
	KUNIT_EXPECT_EQ(test, c->fault.method, 0);
	unmap(test, RING_VA, SZ_4K);
	kick_entry(test, 0, 0);
	expect_died(test, 0, NV_FAULT_MMU_PTE);
	KUNIT_EXPECT_EQ(test, c->fault.addr, RING_VA);
}

/* A channel dies alone: the others go on. */
static void dies_alone(struct kunit *test)
{
	struct world *w = test->priv;
	struct channel *c = w->channels;

	push_acquire(&c[1], SEM_VA, 5);
	push_release(&c[1], SEM_VA + 4, 6);
	kick(test, 1);
	push_release(&c[0], NOWHERE_VA, 1);
	push_release(&c[0], SEM_VA, 5);
	run_fault(test, 0, NV_FAULT_MMU_PDE);
	KUNIT_EXPECT_TRUE(test, c[0].fault.write);
	KUNIT_EXPECT_EQ(test, c[0].fault.class, 0);
	KUNIT_EXPECT_EQ(test, c[0].fault.method, NV_HOST_SEMAPHORED);
	KUNIT_EXPECT_EQ(test, w->sem[0], 0);

	push_release(&c[2], SEM_VA, 5);
	run(test, 2);
	expect_idle(test, 1);
	KUNIT_EXPECT_EQ(test, w->sem[1], 6);
}

/* Around all channels, each of which waits for the one before. */
/* The device stands in an acquire, and nothing of its own wakes it. */
static void expect_waiting(struct kunit *test, unsigned int chid)
{
	struct world *w = test->priv;

	for (unsigned int i = 0; i < 2000; i++) {
		if (w->hw->ops->channel_waits(w->hw, chid))
			break;
		usleep_range(500, 1000);
	}
	KUNIT_ASSERT_TRUE(test, w->hw->ops->channel_waits(w->hw, chid));
}

static void semaphores_between_channels(struct kunit *test)
{
	struct world *w = test->priv;
	struct channel *c = w->channels;

	for (u32 i = 0; i < CHANNELS; i++) {
		for (u32 round = 1; round <= 20; round++) {
			push_acquire(&c[i], SEM_VA + 4 * i, round);
			push_release(&c[i], SEM_VA + 4 * ((i + 1) % CHANNELS),
				     i == CHANNELS - 1 ? round + 1 : round);
		}
		kick(test, i);
	}
	for (u32 i = 0; i < CHANNELS; i++) {
		expect_waiting(test, i);
		KUNIT_EXPECT_FALSE(test, is_idle(test, i));
	}

	/* From the CPU, of which the device learns nothing. */
	WRITE_ONCE(w->sem[0], 1);
	for (u32 i = 0; i < CHANNELS; i++)
		expect_idle(test, i);
	KUNIT_EXPECT_EQ(test, w->sem[0], 21);
	KUNIT_EXPECT_GT(test, model_number(test, "acquires that waited"), 0);
}

static void acquire_has_a_limit(struct kunit *test)
{
	struct world *w = test->priv;
	struct channel *c = w->channels;
	ktime_t begin = ktime_get();
	s64 ms;

	w->hw->ops->channel_stop(w->hw, 0);
	start(test, 0, 300);
	push_acquire(&c[0], SEM_VA, 1);
	push_release(&c[0], SEM_VA + 4, 1);
	kick(test, 0);

	/* Meanwhile the others run. */
	push_release(&c[1], SEM_VA + 8, 1);
	run(test, 1);
	expect_died(test, 0, NV_FAULT_TIMEOUT);
	ms = ktime_ms_delta(ktime_get(), begin);
	KUNIT_EXPECT_GE(test, ms, 300);
	KUNIT_EXPECT_EQ(test, c[0].fault.addr, SEM_VA);
	KUNIT_EXPECT_EQ(test, c[0].fault.data, NV_SEMAPHORED_ACQUIRE);
	KUNIT_EXPECT_EQ(test, w->sem[1], 0);
	KUNIT_EXPECT_EQ(test, w->sem[2], 1);
}

struct condition {
	const char *name;
	/* Of the old method, or of SEM_EXECUTE. */
	bool old;
	u32 op;
	u64 payload, no, yes;
};

#define WIDE NV_SEM_EXECUTE_64BIT

static const struct condition conditions[] = {
	{ "equal", true, NV_SEMAPHORED_ACQUIRE, 5, 6, 5 },
	{ "or later", true, NV_SEMAPHORED_ACQ_GEQ, 5, 4, 6 },
	{ "or later, wraps", true, NV_SEMAPHORED_ACQ_GEQ, 2, -1u, 3 },
	{ "or later, wrapped", true, NV_SEMAPHORED_ACQ_GEQ, -1u, -2u, 1 },
	{ "bits", true, NV_SEMAPHORED_ACQ_AND, 6, 9, 4 },
	{ "new: equal", false, NV_SEM_EXECUTE_ACQUIRE, 5, 6, 5 },
	{ "new: or more", false, NV_SEM_EXECUTE_ACQ_STRICT_GEQ, 5, 4, -1u },
	{ "new: or later", false, NV_SEM_EXECUTE_ACQ_CIRC_GEQ, -1u, -2u, 1 },
	{ "new: bits", false, NV_SEM_EXECUTE_ACQ_AND, 6, 9, 4 },
	{ "new: lack of bits", false, NV_SEM_EXECUTE_ACQ_NOR, 0xf, 0xfffffff0,
	  0xffffff70 },
	{ "wide: equal", false, NV_SEM_EXECUTE_ACQUIRE | WIDE, BIT_ULL(40) + 5,
	  5, BIT_ULL(40) + 5 },
	{ "wide: or later", false, NV_SEM_EXECUTE_ACQ_CIRC_GEQ | WIDE,
	  -1ull, -2ull, 1 },
	{ "wide: or more", false, NV_SEM_EXECUTE_ACQ_STRICT_GEQ | WIDE,
	  BIT_ULL(40), 5, BIT_ULL(41) },
};

static void condition_desc(const struct condition *row, char *desc)
{
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(condition, conditions, condition_desc);

static void push_condition(struct channel *c, const struct condition *row)
{
	if (row->old)
		push(c, 0, NV_HOST_SEMAPHOREA, 0, SEM_VA, row->payload,
		     row->op);
	else
		push(c, 0, NV_HOST_SEM_ADDR_LO, SEM_VA, 0,
		     lower_32_bits(row->payload), upper_32_bits(row->payload),
		     row->op);
}

/* A push of two: the acquire alone decides whether the release comes. */
static void acquire_conditions(struct kunit *test)
{
	const struct condition *row = test->param_value;
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];

	memcpy(w->sem, &row->no, sizeof(row->no));
	push_condition(c, row);
	push_release(c, SEM_VA + 16, 1);
	kick(test, 0);
	push_release(&w->channels[1], SEM_VA + 20, 1);
	run(test, 1);
	msleep(30);
	KUNIT_EXPECT_EQ(test, w->sem[4], 0);

	memcpy(w->sem, &row->yes, sizeof(row->yes));
	expect_idle(test, 0);
	KUNIT_EXPECT_EQ(test, w->sem[4], 1);
}

static void releases(struct kunit *test)
{
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];
	u64 before = ktime_get_real_ns(), *words = (u64 *)w->sem;

	memset(w->sem, 0xff, 256);
	/* Old: 16 bytes, 4 bytes, a reduction. */
	push(c, 0, NV_HOST_SEMAPHOREA, 0, SEM_VA, 5, NV_SEMAPHORED_RELEASE);
	push_release(c, SEM_VA + 16, 6);
	push(c, 0, NV_HOST_SEMAPHOREA, 0, SEM_VA + 16, 7,
	     NV_SEMAPHORED_REDUCTION | NV_SEMAPHORED_ONE_WORD |
	     FIELD_PREP(NV_SEMAPHORED_RED_OP, 5));
	/* New: 8 bytes, 16 bytes, 4 bytes, a reduction. */
	push(c, 0, NV_HOST_SEM_ADDR_LO, SEM_VA + 32, 0, 8, 1,
	     NV_SEM_EXECUTE_RELEASE | WIDE);
	push(c, 0, NV_HOST_SEM_ADDR_LO, SEM_VA + 48, 0, 9, 1,
	     NV_SEM_EXECUTE_RELEASE | WIDE | NV_SEM_EXECUTE_TIMESTAMP);
	push(c, 0, NV_HOST_SEM_ADDR_LO, SEM_VA + 64, 0, 10, 1,
	     NV_SEM_EXECUTE_RELEASE);
	push(c, 0, NV_HOST_SEM_ADDR_LO, SEM_VA + 64, 0, 11, 0,
	     NV_SEM_EXECUTE_REDUCTION | FIELD_PREP(NV_SEM_EXECUTE_RED_OP, 1));
	run(test, 0);

	KUNIT_EXPECT_EQ(test, words[0], 5);
	KUNIT_EXPECT_GE(test, words[1], before);
	KUNIT_EXPECT_LE(test, words[1], w->hw->ops->timer(w->hw));
	KUNIT_EXPECT_EQ(test, w->sem[4], 13);
	KUNIT_EXPECT_EQ(test, w->sem[5], ~0u);
	KUNIT_EXPECT_EQ(test, words[4], BIT_ULL(32) + 8);
	KUNIT_EXPECT_EQ(test, words[5], ~0ull);
	KUNIT_EXPECT_EQ(test, words[6], BIT_ULL(32) + 9);
	KUNIT_EXPECT_GE(test, words[7], words[1]);
	KUNIT_EXPECT_EQ(test, w->sem[16], 11);
	KUNIT_EXPECT_EQ(test, w->sem[17], ~0u);
}

static void semaphores_refuse(struct kunit *test)
{
	static const u32 old[] = {
		0, 3, NV_SEMAPHORED_REDUCTION | FIELD_PREP_CONST(NV_SEMAPHORED_RED_OP, 8),
	};
	static const u32 execute[] = {
		7, NV_SEM_EXECUTE_REDUCTION | WIDE,
		NV_SEM_EXECUTE_REDUCTION | FIELD_PREP_CONST(NV_SEM_EXECUTE_RED_OP, 8),
	};
	struct world *w = test->priv;
	struct channel *c = &w->channels[0];

	for (unsigned int i = 0; i < ARRAY_SIZE(old); i++) {
		push(c, 0, NV_HOST_SEMAPHOREA, 0, SEM_VA, 1, old[i]);
		run_fault(test, 0, NV_FAULT_METHOD);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(execute); i++) {
		push(c, 0, NV_HOST_SEM_ADDR_LO, SEM_VA, 0, 1, 0, execute[i]);
		run_fault(test, 0, NV_FAULT_METHOD);
	}

	/* Addresses that are not of their size. */
	push(c, 0, NV_HOST_SEMAPHOREA, 0, SEM_VA + 4, 1, NV_SEMAPHORED_RELEASE);
	run_fault(test, 0, NV_FAULT_METHOD);
	push(c, 0, NV_HOST_SEM_ADDR_LO, SEM_VA + 4, 0, 1, 0,
	     NV_SEM_EXECUTE_ACQUIRE | WIDE);
	run_fault(test, 0, NV_FAULT_METHOD);
	KUNIT_EXPECT_EQ(test, w->sem[0], 0);
	KUNIT_EXPECT_EQ(test, w->sem[1], 0);
}

static void interrupts(struct kunit *test)
{
	struct world *w = test->priv;

	push(&w->channels[1], 0, NV_HOST_NON_STALL, 0);
	run(test, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->channels[1].interrupts), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->channels[0].interrupts), 0);
}

/* In an acquire, where nothing of it runs; and no event comes of it. */
static void kill_and_stop_waiters(struct kunit *test)
{
	struct world *w = test->priv;
	struct channel *c = w->channels;

	push_acquire(&c[0], SEM_VA, 1);
	push_release(&c[0], SEM_VA + 4, 1);
	kick(test, 0);
	push_acquire(&c[1], SEM_VA, 1);
	kick(test, 1);
	msleep(20);

	w->hw->ops->channel_kill(w->hw, 0);
	w->hw->ops->channel_stop(w->hw, 1);
	push_release(&c[2], SEM_VA, 1);
	run(test, 2);
	w->hw->ops->doorbell(w->hw, 0);
	msleep(20);
	KUNIT_EXPECT_EQ(test, w->sem[1], 0);
	KUNIT_EXPECT_EQ(test, c[0].errors + c[1].errors, 0);
	KUNIT_EXPECT_FALSE(test, is_idle(test, 0));

	/* Numbers that are not in use, or never will be. */
	w->hw->ops->doorbell(w->hw, 1);
	w->hw->ops->channel_kill(w->hw, 1);
	w->hw->ops->channel_stop(w->hw, 1);
	w->hw->ops->channel_stop(w->hw, NV_HW_CHANNELS);
	w->hw->ops->doorbell(w->hw, U32_MAX);
}

static void start_refuses(struct kunit *test)
{
	struct world *w = test->priv;
	const struct nv_hw_channel good = {
		.pd = nv_mmu_root_address(&w->mmu),
		.gpfifo = RING_VA,
		.gpfifo_entries = RING_ENTRIES,
		.userd = virt_to_phys(w->channels[0].userd),
	};
	struct nv_hw_channel bad[7];

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = good;
	bad[0].pd++;
	bad[1].pd = BIT_ULL(51);
	bad[2].gpfifo += 4;
	bad[3].gpfifo_entries = 63;
	bad[4].gpfifo_entries = 1;
	bad[5].userd += 8;
	bad[6].userd = BIT_ULL(51);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    w->hw->ops->channel_start(w->hw, 9,
							      &bad[i]),
				    "row %u", i);

	KUNIT_EXPECT_EQ(test, -EINVAL,
			w->hw->ops->channel_start(w->hw, NV_HW_CHANNELS,
						  &good));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			w->hw->ops->channel_start(w->hw, 0, &good));
	/* Which has not hurt the one that is there. */
	push_release(&w->channels[0], SEM_VA, 1);
	run(test, 0);
	KUNIT_EXPECT_EQ(test, w->sem[0], 1);
}

/*
 * Each allocation of a start fails in its turn. Most have a second way; whether it
 * started or not, it leaves nothing behind.
 */
static void start_without_memory(struct kunit *test)
{
	struct world *w = test->priv;
	const struct nv_hw_channel desc = {
		.pd = nv_mmu_root_address(&w->mmu),
		.gpfifo = RING_VA,
		.gpfifo_entries = RING_ENTRIES,
		.userd = virt_to_phys(w->channels[0].userd),
		.acquire_timeout_ms = 1000,
	};
	/* So high that its place in the table has to be made. */
	const u32 chid = NV_HW_CHANNELS - 1;
	unsigned int nth = 1, left;
	int users = page_count(virt_to_page(w->channels[0].userd));
	int ret;

	if (!gk_fail_alloc_available(test))
		kunit_skip(test, "no fault injection");

	for (;; nth++) {
		gk_fail_alloc_arm(nth);
		ret = w->hw->ops->channel_start(w->hw, chid, &desc);
		left = gk_fail_alloc_disarm();
		if (!ret)
			w->hw->ops->channel_stop(w->hw, chid);
		/* It keeps nothing of the driver's. */
		KUNIT_EXPECT_EQ(test, users,
				page_count(virt_to_page(w->channels[0].userd)));
		if (left)
			break;
		if (!ret)
			continue;
		KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
		KUNIT_EXPECT_FALSE(test, w->hw->ops->channel_waits(w->hw, chid));
		w->hw->ops->doorbell(w->hw, chid);
	}
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_GT(test, nth, 1);
}

static void vram_by_ops(struct kunit *test)
{
	struct world *w = test->priv;
	const struct nv_hw_ops *ops = w->hw->ops;

	/* Of what was asked for, whole pages of 2 MiB. */
	KUNIT_EXPECT_EQ(test, ops->vram_size(w->hw), SZ_4M);
	KUNIT_EXPECT_EQ(test, ops->vram_populate(w->hw, SZ_4M - SZ_4K, SZ_8K),
			-EINVAL);
	KUNIT_ASSERT_EQ(test, ops->vram_populate(w->hw, SZ_64K, SZ_64K), 0);
	KUNIT_EXPECT_NOT_NULL(test, ops->vram_page(w->hw, SZ_64K));
	KUNIT_EXPECT_PTR_EQ(test, ops->vram_page(w->hw, SZ_128K), NULL);
	ops->vram_release(w->hw, SZ_64K, SZ_64K);
}

static struct kunit_case host_cases[] = {
	KUNIT_CASE(push_forms),
	KUNIT_CASE(ring_goes_round),
	KUNIT_CASE(malformed_kills),
	KUNIT_CASE(dies_alone),
	KUNIT_CASE(semaphores_between_channels),
	KUNIT_CASE(acquire_has_a_limit),
	KUNIT_CASE_PARAM(acquire_conditions, condition_gen_params),
	KUNIT_CASE(releases),
	KUNIT_CASE(semaphores_refuse),
	KUNIT_CASE(interrupts),
	KUNIT_CASE(kill_and_stop_waiters),
	KUNIT_CASE(start_refuses),
	KUNIT_CASE(start_without_memory),
	KUNIT_CASE(vram_by_ops),
	{}
};

static struct kunit_suite host_suite = {
	.name = "nv_host",
	.init = host_case_init,
	.exit = world_exit,
	.test_cases = host_cases,
};

kunit_test_suite(host_suite);
