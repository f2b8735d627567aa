// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The model with page tables that the writer wrote, see nv_model_world.h.
 */
#include <linux/delay.h>

#include <drm/drm_print.h>

#include "../mmu/nv_mmu.c"
#include "../mmu/nv_mmu_reserve.c"
#include "../model/nv_copy.c"
#include "../model/nv_engine.c"
#include "../model/nv_host.c"
#include "../model/nv_inline.c"
#include "../model/nv_memory.c"
#include "../model/nv_mme.c"
#include "../model/nv_model.c"
#include "../model/nv_report.c"
#include "../model/nv_stats.c"
#include "../model/nv_surface.c"
#include "../model/nv_tlb.c"
#include "../model/nv_vram.c"
#include "../../../drm/tests/gpuvm_fail_alloc.c"

#include "nv_model_world.h"

/* How long a case waits for what should come. */
#define PATIENCE_MS 20000

static const u32 all_classes[] = {
	NV_CLASS_2D, NV_CLASS_INLINE, NV_CLASS_3D, NV_CLASS_COPY,
	NV_CLASS_COMPUTE,
};

static void on_nonstall(void *data, u32 chid)
{
	struct world *w = data;

	atomic_inc(&w->channels[chid].interrupts);
}

static void on_error(void *data, const struct nv_hw_fault *fault)
{
	struct world *w = data;
	struct channel *channel = &w->channels[fault->chid];

	channel->fault = *fault;
	channel->errors++;
	complete(&channel->died);
}

static const struct nv_hw_events world_events = {
	.nonstall = on_nonstall,
	.channel_error = on_error,
};

static u64 linear_extent(const struct nv_mmu_source *source, u64 offset,
			 u64 *length)
{
	*length = SZ_4K;
	return virt_to_phys((void *)source->memory + offset);
}

static void world_map(struct kunit *test, u64 va, u64 size,
		      const struct nv_mmu_source *source)
{
	struct world *w = test->priv;
	struct nv_mmu_update update;

	nv_mmu_update_init(&update);
	if (source->aperture == NV_APERTURE_INVALID)
		KUNIT_ASSERT_EQ(test, 0, nv_mmu_reserve_sparse(&update, va,
							       size, 1));
	else
		KUNIT_ASSERT_EQ(test, 0, nv_mmu_reserve_map(&update, va, size,
							    NV_MMU_4K));
	KUNIT_ASSERT_EQ(test, 0, nv_mmu_map(&w->mmu, &update, va, size,
					    source));
	nv_mmu_update_fini(&update);
}

void map_memory(struct kunit *test, u64 va, void *memory, u64 size)
{
	const struct nv_mmu_source source = {
		.aperture = NV_APERTURE_SYSTEM,
		.extent = linear_extent,
		.memory = memory,
	};

	world_map(test, va, size, &source);
}

void map_sparse(struct kunit *test, u64 va, u64 size)
{
	static const struct nv_mmu_source nothing;

	world_map(test, va, size, &nothing);
}

void unmap(struct kunit *test, u64 va, u64 size)
{
	struct world *w = test->priv;
	struct nv_mmu_update update;

	nv_mmu_update_init(&update);
	KUNIT_ASSERT_EQ(test, 0, nv_mmu_reserve_unmap(&update, va, size));
	KUNIT_ASSERT_EQ(test, 0, nv_mmu_unmap(&w->mmu, &update, va, size));
	w->hw->ops->tlb_flush(w->hw, nv_mmu_root_address(&w->mmu));
	nv_mmu_update_fini(&update);
}

static void *memory_alloc(struct kunit *test, unsigned int order)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_COMP,
					order);

	KUNIT_ASSERT_NOT_NULL(test, page);
	return page_address(page);
}

static void memory_free(void *memory)
{
	if (memory)
		__free_pages(virt_to_page(memory), compound_order(virt_to_page(memory)));
}

static void channel_init(struct kunit *test, unsigned int chid)
{
	struct world *w = test->priv;
	struct channel *channel = &w->channels[chid];

	init_completion(&channel->died);
	channel->words = memory_alloc(test, get_order(SZ_64K));
	channel->ring = memory_alloc(test, 0);
	channel->userd = memory_alloc(test, 0);
	map_memory(test, PUSH_VA + chid * SZ_64K, channel->words, SZ_64K);
	map_memory(test, RING_VA + chid * SZ_4K, channel->ring, SZ_4K);
}

int world_init(struct kunit *test)
{
	struct world *w = kvzalloc_obj(*w);

	KUNIT_ASSERT_NOT_NULL(test, w);
	test->priv = w;
	w->hw = nv_model_create(SZ_4M + SZ_4K, &world_events, w);
	KUNIT_ASSERT_NOT_NULL(test, w->hw);
	KUNIT_ASSERT_EQ(test, 0, nv_mmu_init(&w->mmu));

	for (unsigned int i = 0; i < CHANNELS; i++)
		channel_init(test, i);
	w->src = memory_alloc(test, get_order(DATA_SIZE));
	w->dst = memory_alloc(test, get_order(DATA_SIZE));
	w->sem = memory_alloc(test, 0);
	map_memory(test, SRC_VA, w->src, DATA_SIZE);
	map_memory(test, DST_VA, w->dst, DATA_SIZE);
	map_memory(test, SEM_VA, w->sem, SZ_4K);
	for (u32 i = 0; i < DATA_SIZE; i++)
		w->src[i] = i * 7 + i / 251 + i / SZ_64K;

	return 0;
}

void world_exit(struct kunit *test)
{
	struct world *w = test->priv;

	if (!w)
		return;

	for (unsigned int i = 0; w->hw && i < CHANNELS; i++)
		w->hw->ops->channel_stop(w->hw, i);
	if (w->mmu.root) {
		unmap(test, 0, NV_VA_RANGE);
		nv_mmu_fini(&w->mmu);
	}
	for (unsigned int i = 0; i < CHANNELS; i++) {
		memory_free(w->channels[i].words);
		memory_free(w->channels[i].ring);
		memory_free(w->channels[i].userd);
	}
	memory_free(w->src);
	memory_free(w->dst);
	memory_free(w->sem);
	if (w->hw)
		nv_model_destroy(w->hw);
	kvfree(w);
}

void start(struct kunit *test, unsigned int chid, u32 timeout_ms)
{
	struct world *w = test->priv;
	const struct nv_hw_channel desc = {
		.pd = nv_mmu_root_address(&w->mmu),
		.gpfifo = RING_VA + chid * SZ_4K,
		.gpfifo_entries = RING_ENTRIES,
		.userd = virt_to_phys(w->channels[chid].userd),
		.classes = all_classes,
		.nr_classes = ARRAY_SIZE(all_classes),
		.acquire_timeout_ms = timeout_ms,
	};

	KUNIT_ASSERT_EQ(test, 0, w->hw->ops->channel_start(w->hw, chid,
							   &desc));
}

void push_word(struct channel *channel, u32 word)
{
	if (!WARN_ON(channel->n == MAX_WORDS))
		channel->words[channel->n++] = word;
}

static u32 method_header(u32 opcode, u32 count, u32 subchannel, u32 method)
{
	return FIELD_PREP(NV_PUSH_OPCODE, opcode) |
	       FIELD_PREP(NV_PUSH_COUNT, count) |
	       FIELD_PREP(NV_PUSH_SUBCHANNEL, subchannel) |
	       FIELD_PREP(NV_PUSH_METHOD, method / 4);
}

void push_list(struct channel *channel, u32 subchannel, u32 method,
	       const u32 *data, u32 n)
{
	push_word(channel, method_header(NV_PUSH_INC, n, subchannel, method));
	while (n--)
		push_word(channel, *data++);
}

void push_method(struct channel *channel, u32 subchannel, u32 method, u32 data)
{
	push_list(channel, subchannel, method, &data, 1);
}

static void push_semaphore(struct channel *channel, u64 addr, u32 payload,
			   u32 operation)
{
	push(channel, 0, NV_HOST_SEMAPHOREA, upper_32_bits(addr),
	     lower_32_bits(addr), payload, operation);
}

void push_release(struct channel *channel, u64 addr, u32 payload)
{
	push_semaphore(channel, addr, payload,
		       NV_SEMAPHORED_RELEASE | NV_SEMAPHORED_ONE_WORD);
}

void push_acquire(struct channel *channel, u64 addr, u32 payload)
{
	push_semaphore(channel, addr, payload, NV_SEMAPHORED_ACQUIRE);
}

void kick_entry(struct kunit *test, unsigned int chid, u64 entry)
{
	struct world *w = test->priv;
	struct channel *channel = &w->channels[chid];

	channel->ring[channel->put] = entry;
	channel->put = (channel->put + 1) % RING_ENTRIES;
	/* The entry comes first. */
	smp_store_release((u32 *)(channel->userd + NV_HW_USERD_GP_PUT),
			  channel->put);
	w->hw->ops->doorbell(w->hw, chid);
}

void kick(struct kunit *test, unsigned int chid)
{
	struct world *w = test->priv;
	struct channel *channel = &w->channels[chid];
	u64 addr = PUSH_VA + chid * SZ_64K;

	kick_entry(test, chid, addr |
		   (u64)FIELD_PREP(NV_GP_ENTRY1_LENGTH, channel->n) << 32);
	channel->n = 0;
}

bool is_idle(struct kunit *test, unsigned int chid)
{
	struct world *w = test->priv;
	struct channel *channel = &w->channels[chid];

	/* What the entries did comes before. */
	return smp_load_acquire((u32 *)(channel->userd + NV_HW_USERD_GP_GET)) ==
	       channel->put;
}

void expect_idle(struct kunit *test, unsigned int chid)
{
	struct world *w = test->priv;
	ktime_t end = ktime_add_ms(ktime_get(), PATIENCE_MS);

	while (!is_idle(test, chid) && ktime_before(ktime_get(), end) &&
	       !completion_done(&w->channels[chid].died))
		usleep_range(50, 200);

	KUNIT_ASSERT_EQ_MSG(test, w->channels[chid].errors, 0, "%s at %llx",
			    nv_fault_name(w->channels[chid].fault.kind),
			    w->channels[chid].fault.addr);
	KUNIT_ASSERT_TRUE(test, is_idle(test, chid));
}

void run(struct kunit *test, unsigned int chid)
{
	kick(test, chid);
	expect_idle(test, chid);
}

/* And once only, though it is rung again. */
void expect_died(struct kunit *test, unsigned int chid,
		 enum nv_fault_kind kind)
{
	struct world *w = test->priv;
	struct channel *channel = &w->channels[chid];

	KUNIT_ASSERT_NE(test, 0,
			wait_for_completion_timeout(&channel->died,
						    msecs_to_jiffies(PATIENCE_MS)));
	KUNIT_EXPECT_EQ_MSG(test, channel->fault.kind, kind, "%s at %llx",
			    nv_fault_name(channel->fault.kind),
			    channel->fault.addr);
	w->hw->ops->doorbell(w->hw, chid);
	flush_workqueue(to_nv_model(w->hw)->wq);
	w->hw->ops->channel_stop(w->hw, chid);
	KUNIT_EXPECT_EQ(test, channel->errors, 1);

	channel->errors = 0;
	channel->put = 0;
	reinit_completion(&channel->died);
	memset(channel->userd, 0, PAGE_SIZE);
	start(test, chid, 0);
}

void run_fault(struct kunit *test, unsigned int chid, enum nv_fault_kind kind)
{
	kick(test, chid);
	expect_died(test, chid, kind);
}

/* What the device shows in a line that begins with @name. */
u64 model_number(struct kunit *test, const char *name)
{
	struct world *w = test->priv;
	char *text = kunit_kzalloc(test, SZ_64K, GFP_KERNEL), *line, *rest;
	struct drm_print_iterator iterator = {
		.data = text,
		.remain = SZ_64K - 1,
	};
	struct drm_printer p = drm_coredump_printer(&iterator);
	size_t n = strlen(name);
	u64 number;

	KUNIT_ASSERT_NOT_NULL(test, text);
	w->hw->ops->show(w->hw, &p);
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		if (!strncmp(line, name, n) && !strncmp(line + n, ": ", 2) &&
		    !kstrtou64(line + n + 2, 10, &number))
			return number;
	}

	return 0;
}

MODULE_DESCRIPTION("KUnit suites of nouveau's model of the GPU");
MODULE_LICENSE("GPL");
