// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What the model has done so far, and which methods it did nothing about.
 */
#include <linux/hash.h>
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "nv_model.h"

static const char * const fault_names[] = {
	[NV_FAULT_MMU_PDE] = "no page table",
	[NV_FAULT_MMU_PTE] = "not mapped",
	[NV_FAULT_MMU_READ_ONLY] = "read only",
	[NV_FAULT_MMU_PRIVILEGE] = "privileged",
	[NV_FAULT_MMU_KIND] = "bad kind",
	[NV_FAULT_MMU_ADDRESS] = "bad address",
	[NV_FAULT_MMU_ATOMIC] = "no atomics",
	[NV_FAULT_BUS] = "no memory",
	[NV_FAULT_CLASS] = "bad class",
	[NV_FAULT_METHOD] = "bad method",
	[NV_FAULT_PUSHBUFFER] = "bad push buffer",
	[NV_FAULT_TIMEOUT] = "timeout",
};

static_assert(ARRAY_SIZE(fault_names) == NV_FAULT_KINDS);

/**
 * nv_fault_name() - a fault in words
 * @kind: the kind of fault
 *
 * Context: any.
 * Return: its name, for messages.
 */
const char *nv_fault_name(enum nv_fault_kind kind)
{
	return kind < NV_FAULT_KINDS ? fault_names[kind] : "unknown";
}

/**
 * nv_model_stats_init() - begin to count
 * @stats: zeroed
 *
 * Context: any.
 */
void nv_model_stats_init(struct nv_stats *stats)
{
	spin_lock_init(&stats->lock);
}

/**
 * nv_model_stats_ignored() - note that a method had no effect
 * @stats: the numbers
 * @class: the class; 0 for the host
 * @method: its offset in bytes
 *
 * When the table is full further methods are counted in the sums alone.
 *
 * Context: any that may take a lock; fence signalling section.
 */
void nv_model_stats_ignored(struct nv_stats *stats, u32 class, u32 method)
{
	u32 key = class << 16 | method;
	u32 at = hash_32(key, ilog2(NV_IGNORED_METHODS));

	spin_lock(&stats->lock);
	for (u32 i = 0; i < NV_IGNORED_METHODS; i++) {
		u32 slot = (at + i) % NV_IGNORED_METHODS;

		if (stats->ignored[slot].count &&
		    stats->ignored[slot].key != key)
			continue;
		stats->ignored[slot].key = key;
		stats->ignored[slot].count++;
		break;
	}
	spin_unlock(&stats->lock);
}

static void show_ignored(struct nv_stats *stats, struct drm_printer *p)
{
	size_t size = sizeof(stats->ignored);
	typeof(stats->ignored[0]) *copy = kvmalloc(size, GFP_KERNEL);

	if (!copy)
		return;

	spin_lock(&stats->lock);
	memcpy(copy, stats->ignored, size);
	spin_unlock(&stats->lock);

	for (u32 i = 0; i < NV_IGNORED_METHODS; i++) {
		if (copy[i].count)
			drm_printf(p, "ignored %04x %04x: %u\n",
				   copy[i].key >> 16, copy[i].key & 0xffff,
				   copy[i].count);
	}
	kvfree(copy);
}

/**
 * nv_model_stats_show() - see &nv_hw_ops.show
 * @model: the device
 * @p: where to
 *
 * Context: process; sleeps.
 */
void nv_model_stats_show(struct nv_model *model, struct drm_printer *p)
{
	struct nv_stats *stats = &model->stats;
	const struct {
		const char *name;
		atomic64_t *number;
	} rows[] = {
		{ "ring entries", &stats->entries },
		{ "methods", &stats->methods },
		{ "copies", &stats->copies },
		{ "copied bytes", &stats->copied_bytes },
		{ "inline bytes", &stats->inline_bytes },
		{ "semaphore releases", &stats->releases },
		{ "acquires that waited", &stats->waits },
		{ "tlb hits", &stats->tlb_hits },
		{ "tlb misses", &stats->tlb_misses },
		{ "tlb flushes", &stats->tlb_flushes },
		{ "state methods", &stats->state },
		{ "unknown methods", &stats->unknown },
		{ "macro calls", &stats->macros },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++)
		drm_printf(p, "%s: %lld\n", rows[i].name,
			   atomic64_read(rows[i].number));

	for (enum nv_fault_kind kind = 0; kind < NV_FAULT_KINDS; kind++)
		drm_printf(p, "faults, %s: %lld\n", nv_fault_name(kind),
			   atomic64_read(&stats->faults[kind]));

	show_ignored(stats, p);
}
