// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A VM as an array of pages.
 */
#include <string.h>

#include "model.h"

#define PT_LEVELS 4

void model_init(struct model *model, struct rig *rig, uint64_t base,
		uint32_t pages)
{
	CHECK(pages <= MODEL_PAGES_MAX);
	memset(model, 0, sizeof(*model));
	model->rig = rig;
	model->base = base;
	model->pages = pages;
	model->empty = rig_state(rig);
}

static void set_repeated(struct model *model, uint32_t page, uint32_t count,
			 const struct bo *bo, uint32_t bo_page, uint32_t repeat,
			 bool readonly)
{
	CHECK(page + count <= model->pages);
	model->last_id++;
	for (uint32_t i = 0; i < count; i++) {
		model->page[page + i] = (struct model_page){
			.bo = bo,
			.offset = (bo_page + i % repeat) * PAGE,
			.id = model->last_id,
			.readonly = readonly,
		};
	}
}

static void set_pages(struct model *model, uint32_t page, uint32_t count,
		      const struct bo *bo, uint32_t bo_page, bool readonly)
{
	set_repeated(model, page, count, bo, bo_page, count, readonly);
}

void model_map(struct model *model, struct evgem_bind *bind, uint32_t page,
	       uint32_t count, const struct bo *bo, uint32_t bo_page)
{
	evgem_bind_map(bind, model->base + page * PAGE, count * PAGE,
		       bo->handle, bo_page * PAGE);
	set_pages(model, page, count, bo, bo_page, false);
}

void model_map_readonly(struct model *model, struct evgem_bind *bind,
			uint32_t page, uint32_t count, const struct bo *bo,
			uint32_t bo_page)
{
	evgem_bind_map_readonly(bind, model->base + page * PAGE, count * PAGE,
				bo->handle, bo_page * PAGE);
	set_pages(model, page, count, bo, bo_page, true);
}

void model_map_repeat(struct model *model, struct evgem_bind *bind,
		      uint32_t page, uint32_t count, const struct bo *bo,
		      uint32_t bo_page, uint32_t repeat)
{
	evgem_bind_map_repeat(bind, model->base + page * PAGE, count * PAGE,
			      bo->handle, bo_page * PAGE, repeat * PAGE);
	set_repeated(model, page, count, bo, bo_page, repeat, false);
}

void model_unmap(struct model *model, struct evgem_bind *bind, uint32_t page,
		 uint32_t count)
{
	evgem_bind_unmap(bind, model->base + page * PAGE, count * PAGE);
	set_pages(model, page, count, NULL, 0, false);
}

void model_unmap_bo(struct model *model, struct evgem_bind *bind,
		    const struct bo *bo)
{
	evgem_bind_unmap_bo(bind, bo->handle);
	for (uint32_t i = 0; i < model->pages; i++)
		if (model->page[i].bo == bo)
			set_pages(model, i, 1, NULL, 0, false);
}

static uint64_t addr_of(const struct model *model, uint32_t page)
{
	return model->base + page * PAGE;
}

/* Pieces of one map that lie apart are mappings of their own. */
static uint64_t mappings(const struct model *model)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < model->pages; i++) {
		const struct model_page *page = &model->page[i];

		n += page->bo && !(i && page[-1].bo && page[-1].id == page->id);
	}

	return n;
}

static uint64_t mapped_pages(const struct model *model)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < model->pages; i++)
		n += !!model->page[i].bo;

	return n;
}

/* Tables below the root that the mapped pages need, if all are 4 KiB. */
static uint64_t tables(const struct model *model)
{
	uint64_t n = 0;

	for (unsigned int level = 1; level < PT_LEVELS; level++) {
		uint64_t last = UINT64_MAX;

		for (uint32_t i = 0; i < model->pages; i++) {
			uint64_t table = addr_of(model, i) >> (12 + 9 * level);

			if (!model->page[i].bo || table == last)
				continue;
			n++;
			last = table;
		}
	}

	return n;
}

static void verify_numbers(const struct model *model)
{
	struct drm_evgem_vm_state state = rig_state(model->rig);
	uint64_t huge = state.ptes_2m - model->empty.ptes_2m;

	CHECK_EQ(state.status, DRM_EVGEM_VM_LIVE);
	CHECK_EQ(state.mappings, model->empty.mappings + mappings(model));
	CHECK_EQ(state.ptes_4k + 512 * huge,
		 model->empty.ptes_4k + mapped_pages(model));
	/* A page of 2 MiB stands where a table would. */
	CHECK_EQ(state.pt_bytes + huge * PAGE,
		 model->empty.pt_bytes + tables(model) * PAGE);
}

/* Pages [first, first + count), all mapped, at most as many as fit scratch. */
static void verify_run(const struct model *model, uint32_t first,
		       uint32_t count)
{
	struct rig *rig = model->rig;
	struct evgem_cmds cmds = { 0 };

	memset(rig->cpu, 0x5a, count * PAGE);
	evgem_cmd_copy(&cmds, SCRATCH_ADDR, addr_of(model, first),
		       count * PAGE);
	rig_run(rig, &cmds);

	for (uint32_t i = 0; i < count; i++) {
		const struct model_page *page = &model->page[first + i];
		const uint64_t *want = page->bo->cpu + page->offset / 8;
		const uint64_t *seen = rig->cpu + i * PAGE / 8;

		if (!memcmp(seen, want, PAGE))
			continue;
		FAIL("page %u (%#llx) shows BO %llu + %#llx, not BO %u + %#llx",
		     first + i, (unsigned long long)addr_of(model, first + i),
		     (unsigned long long)(*seen >> 40),
		     (unsigned long long)(*seen & 0xffffffffffull),
		     page->bo->seed, (unsigned long long)page->offset);
	}
}

static void verify_contents(const struct model *model)
{
	uint32_t i = 0;

	while (i < model->pages) {
		uint32_t n = 0;

		while (i + n < model->pages && n < SCRATCH_SIZE / PAGE &&
		       model->page[i + n].bo)
			n++;
		if (n)
			verify_run(model, i, n);
		i += n ? n : 1;
	}
}

static void probe_writable(const struct model *model, uint32_t i)
{
	const struct model_page *page = &model->page[i];
	uint64_t *word = page->bo->cpu + page->offset / 8 + 17;
	uint64_t old = *word;

	OK(rig_write(model->rig, addr_of(model, i) + 17 * 8, ~old));
	CHECK_EQ(*word, ~old);
	*word = old;
}

static void probe_readonly(const struct model *model, uint32_t i)
{
	const struct model_page *page = &model->page[i];
	uint64_t *word = page->bo->cpu + page->offset / 8 + 19;
	uint64_t old = *word;

	rig_faults(model->rig, addr_of(model, i) + 19 * 8,
		   DRM_EVGEM_ACCESS_WRITE, DRM_EVGEM_FAULT_READONLY);
	CHECK_EQ(*word, old);
}

enum kind { UNMAPPED, READONLY, WRITABLE, KINDS };

static enum kind kind_of(const struct model_page *page)
{
	if (!page->bo)
		return UNMAPPED;

	return page->readonly ? READONLY : WRITABLE;
}

/* The places to probe are those where something changes, and some others. */
static void probe(const struct model *model, unsigned int probes)
{
	unsigned int left[KINDS] = { probes, probes, probes };

	for (uint32_t i = 0; i < model->pages; i++) {
		const struct model_page *page = &model->page[i];
		bool edge = i == 0 || i == model->pages - 1 ||
			    page[-1].id != page->id || page[1].id != page->id;
		enum kind kind = kind_of(page);

		if (!left[kind] || !(edge || i % 61 == 0))
			continue;
		left[kind]--;
		if (kind == UNMAPPED)
			rig_unmapped(model->rig, addr_of(model, i) + 8 * (i % 512));
		else if (kind == READONLY)
			probe_readonly(model, i);
		else
			probe_writable(model, i);
	}
}

void model_verify(struct model *model, unsigned int probes)
{
	verify_numbers(model);
	verify_contents(model);
	probe(model, probes);
}

uint32_t model_random(uint64_t *seed, uint32_t limit)
{
	/* xorshift64*: small, and good enough to choose what to do next. */
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return (*seed * 0x2545f4914f6cdd1dull >> 32) % limit;
}
