// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A VM as an array of pages.
 */
#include "vmb_model.h"

/* Bits of an address that one level of page tables takes. */
#define TABLE_BITS 9

/* Probes of each kind in one check: where something begins, and each 97th page. */
#define PROBES 5
#define EVERY 97

#define WINDOW_PAGES (VMB_WINDOW_SIZE / VMB_PAGE)

struct vmb_model *vmb_model(struct vmb_vm *vm, uint64_t base, uint32_t pages)
{
	struct vmb_model *m = calloc(1, sizeof(*m));

	igt_assert(m);
	igt_assert(pages <= VMB_MODEL_PAGES);
	m->vm = vm;
	m->base = base;
	m->pages = pages;
	if (vm->dev->caps.features & VMB_COUNTS)
		m->empty = vmb_report(vm);

	return m;
}

static uint64_t addr_of(const struct vmb_model *m, uint32_t page)
{
	return m->base + page * VMB_PAGE;
}

static void add_op(struct vmb_model *m, struct vmb_op op)
{
	igt_assert(m->num_ops < VMB_MODEL_OPS);
	m->ops[m->num_ops++] = op;
}

static void set_pages(struct vmb_model *m, uint32_t page, uint32_t count,
		      struct vmb_model_page first)
{
	igt_assert(page + count <= m->pages);
	first.id = ++m->last_id;
	for (uint32_t i = 0; i < count; i++) {
		m->page[page + i] = first;
		first.offset += VMB_PAGE;
	}
}

void vmb_model_map(struct vmb_model *m, uint32_t page, uint32_t count,
		   const struct vmb_bo *bo, uint32_t bo_page)
{
	add_op(m, vmb_map(bo, bo_page * VMB_PAGE, addr_of(m, page),
			  count * VMB_PAGE));
	set_pages(m, page, count, (struct vmb_model_page){
		.kind = VMB_WRITABLE,
		.bo = bo,
		.offset = bo_page * VMB_PAGE,
	});
}

void vmb_model_map_readonly(struct vmb_model *m, uint32_t page, uint32_t count,
			    const struct vmb_bo *bo, uint32_t bo_page)
{
	add_op(m, vmb_map_readonly(bo, bo_page * VMB_PAGE, addr_of(m, page),
				   count * VMB_PAGE));
	set_pages(m, page, count, (struct vmb_model_page){
		.kind = VMB_LOCKED,
		.bo = bo,
		.offset = bo_page * VMB_PAGE,
	});
}

void vmb_model_repeat(struct vmb_model *m, uint32_t page, uint32_t count,
		      const struct vmb_bo *bo, uint32_t bo_page,
		      uint32_t length)
{
	struct vmb_model_page first = {
		.kind = VMB_WRITABLE,
		.bo = bo,
	};

	add_op(m, vmb_map_repeat(bo, bo_page * VMB_PAGE, addr_of(m, page),
				 count * VMB_PAGE, length * VMB_PAGE));
	set_pages(m, page, count, first);
	for (uint32_t i = 0; i < count; i++)
		m->page[page + i].offset = (bo_page + i % length) * VMB_PAGE;
}

void vmb_model_unmap(struct vmb_model *m, uint32_t page, uint32_t count)
{
	add_op(m, vmb_unmap(addr_of(m, page), count * VMB_PAGE));
	set_pages(m, page, count, (struct vmb_model_page){ VMB_NOTHING });
}

void vmb_model_sparse(struct vmb_model *m, uint32_t page, uint32_t count)
{
	add_op(m, vmb_sparse(addr_of(m, page), count * VMB_PAGE));
	set_pages(m, page, count, (struct vmb_model_page){ VMB_ZERO });
}

void vmb_model_unmap_bo(struct vmb_model *m, const struct vmb_bo *bo)
{
	add_op(m, vmb_unmap_bo(bo));
	for (uint32_t i = 0; i < m->pages; i++)
		if (m->page[i].bo == bo)
			m->page[i] = (struct vmb_model_page){ VMB_NOTHING };
}

void vmb_model_bind(struct vmb_model *m)
{
	vmb_ok(vmb_try_bind(m->vm, m->ops, m->num_ops));
	m->num_ops = 0;
}

void vmb_model_async(struct vmb_model *m, const struct vmb_sync *syncs,
		     uint32_t num_syncs)
{
	vmb_ok(vmb_try_async(m->vm, m->ops, m->num_ops, syncs, num_syncs));
	m->num_ops = 0;
}

/* The numbers */

/* Pieces of one map that lie apart are mappings of their own. */
static uint64_t mappings(const struct vmb_model *m)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < m->pages; i++)
		n += m->page[i].kind && !(i && m->page[i - 1].kind &&
					  m->page[i - 1].id == m->page[i].id);

	return n;
}

static uint64_t mapped(const struct vmb_model *m)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < m->pages; i++)
		n += !!m->page[i].kind;

	return n;
}

/* Tables below the root that the mapped pages need, if all entries are small. */
static uint64_t tables(const struct vmb_model *m)
{
	unsigned int levels = m->vm->dev->caps.table_levels;
	uint64_t n = 0;

	for (unsigned int level = 1; level < levels; level++) {
		uint64_t last = UINT64_MAX;

		for (uint32_t i = 0; i < m->pages; i++) {
			uint64_t table = addr_of(m, i) / VMB_PAGE >>
					 level * TABLE_BITS;

			n += m->page[i].kind && table != last;
			if (m->page[i].kind)
				last = table;
		}
	}
	return n;
}

static void check_numbers(const struct vmb_model *m)
{
	struct vmb_report now = vmb_report(m->vm);
	uint64_t huge = now.huge - m->empty.huge;
	uint64_t pages = m->vm->dev->caps.huge_page / VMB_PAGE;

	igt_assert(!now.dead);
	igt_assert_eq_u64(now.mappings, m->empty.mappings + mappings(m));
	igt_assert_eq_u64(now.small + huge * pages,
			  m->empty.small + mapped(m));
	if (!m->vm->dev->caps.table_levels)
		return;

	/* A large entry stands where a table would. */
	igt_assert_eq_u64(now.table_bytes + huge * VMB_PAGE,
			  m->empty.table_bytes + tables(m) * VMB_PAGE);
}

/* The contents */

static void check_page(const struct vmb_model *m, uint32_t i,
		       const uint64_t *seen)
{
	static const uint64_t zero[VMB_PAGE / 8];
	const struct vmb_model_page *page = &m->page[i];
	const uint64_t *want = page->kind == VMB_ZERO ? zero :
			       page->bo->cpu + page->offset / 8;

	igt_assert_f(!memcmp(seen, want, VMB_PAGE),
		     "page %u, %#llx, begins with %#llx, not %#llx\n", i,
		     (unsigned long long)addr_of(m, i),
		     (unsigned long long)seen[0], (unsigned long long)want[0]);
}

/* Pages that one job copies into the window, side by side. */
struct batch {
	struct vmb_cmd cmds[WINDOW_PAGES];
	uint32_t page[WINDOW_PAGES];
	uint32_t num_cmds, num_pages;
};

static void check_batch(const struct vmb_model *m, struct batch *batch)
{
	struct vmb_vm *vm = m->vm;

	memset(vm->window.cpu, 0x5a, batch->num_pages * VMB_PAGE);
	vmb_ok(vmb_run(vm->dev, vm->queue, batch->cmds, batch->num_cmds));
	for (uint32_t i = 0; i < batch->num_pages; i++)
		check_page(m, batch->page[i],
			   vm->window.cpu + i * VMB_PAGE / 8);
	batch->num_cmds = 0;
	batch->num_pages = 0;
}

static void add_page(const struct vmb_model *m, struct batch *batch, uint32_t i)
{
	struct vmb_cmd *last = &batch->cmds[batch->num_cmds - 1];

	if (batch->num_cmds && last->src + last->size == addr_of(m, i))
		last->size += VMB_PAGE;
	else
		batch->cmds[batch->num_cmds++] =
			vmb_copy(VMB_WINDOW + batch->num_pages * VMB_PAGE,
				 addr_of(m, i), VMB_PAGE);
	batch->page[batch->num_pages++] = i;
	if (batch->num_pages == WINDOW_PAGES)
		check_batch(m, batch);
}

static void check_contents(const struct vmb_model *m)
{
	static struct batch batch;

	/* A subtest that failed may have left something. */
	memset(&batch, 0, sizeof(batch));
	for (uint32_t i = 0; i < m->pages; i++)
		if (m->page[i].kind)
			add_page(m, &batch, i);
	/* Also without a page: what was away is back when a job has run. */
	check_batch(m, &batch);
}

/* The places */

static uint64_t place_in(uint32_t i)
{
	return 8 * (i * 7 % 512);
}

static uint64_t *word_of(const struct vmb_model *m, uint32_t i)
{
	return m->page[i].bo->cpu + (m->page[i].offset + place_in(i)) / 8;
}

/* What must not let the engine through: each is a job that fails. */
static void probe_closed(const struct vmb_model *m, const uint32_t *pages,
			 uint32_t count)
{
	uint64_t addrs[2 * PROBES], old[2 * PROBES];
	bool write[2 * PROBES];

	for (uint32_t n = 0; n < count; n++) {
		bool locked = m->page[pages[n]].kind == VMB_LOCKED;

		addrs[n] = addr_of(m, pages[n]) + place_in(pages[n]);
		write[n] = locked || pages[n] & 1;
		old[n] = locked ? *word_of(m, pages[n]) : 0;
	}
	vmb_all_fault(m->vm, addrs, write, count);
	for (uint32_t n = 0; n < count; n++)
		if (m->page[pages[n]].kind == VMB_LOCKED)
			igt_assert_eq_u64(*word_of(m, pages[n]), old[n]);
}

/*
 * What must let it through, to where the CPU sees it, or, without memory,
 * nowhere: one job that writes to all of these, and reads them.
 */
static void probe_open(const struct vmb_model *m, const uint32_t *pages,
		       uint32_t count)
{
	struct vmb_cmd cmds[4 * PROBES];
	uint64_t old[2 * PROBES];

	for (uint32_t n = 0; n < count; n++) {
		uint64_t addr = addr_of(m, pages[n]) + place_in(pages[n]);

		old[n] = m->page[pages[n]].kind == VMB_ZERO ? 0 :
			 *word_of(m, pages[n]);
		cmds[n] = vmb_write(addr, ~(uint64_t)n);
		cmds[count + n] = vmb_copy(VMB_WINDOW + 8 * n, addr, 8);
	}
	vmb_ok(vmb_run(m->vm->dev, m->vm->queue, cmds, 2 * count));
	/* Two may lead to the same word: the later one has written last. */
	for (uint32_t n = 0; n < count; n++) {
		uint64_t seen = m->vm->window.cpu[n];

		if (m->page[pages[n]].kind == VMB_ZERO) {
			igt_assert_eq_u64(seen, 0);
			continue;
		}
		igt_assert_eq_u64(seen, *word_of(m, pages[n]));
		igt_assert_f(*word_of(m, pages[n]) > ~(uint64_t)count,
			     "what the engine wrote to page %u is not in the BO\n",
			     pages[n]);
	}
	for (uint32_t n = 0; n < count; n++)
		if (m->page[pages[n]].kind != VMB_ZERO)
			*word_of(m, pages[n]) = old[n];
}

static bool is_edge(const struct vmb_model *m, uint32_t i)
{
	return i == 0 || i == m->pages - 1 ||
	       m->page[i - 1].id != m->page[i].id ||
	       m->page[i + 1].id != m->page[i].id;
}

void vmb_model_look(struct vmb_model *m)
{
	igt_assert_eq(m->num_ops, 0);
	check_contents(m);
	if (m->vm->dev->caps.features & VMB_COUNTS)
		check_numbers(m);
}

void vmb_model_check(struct vmb_model *m)
{
	unsigned int left[] = { PROBES, PROBES, PROBES, PROBES };
	uint32_t open[2 * PROBES], num_open = 0;
	uint32_t closed[2 * PROBES], num_closed = 0;

	vmb_model_look(m);
	for (uint32_t i = 0; i < m->pages; i++) {
		enum vmb_kind kind = m->page[i].kind;

		if (!left[kind] || !(is_edge(m, i) || i % EVERY == 0))
			continue;
		left[kind]--;
		if (kind == VMB_WRITABLE || kind == VMB_ZERO)
			open[num_open++] = i;
		else
			closed[num_closed++] = i;
	}
	if (num_closed)
		probe_closed(m, closed, num_closed);
	if (num_open)
		probe_open(m, open, num_open);
}

void vmb_model_apply(struct vmb_model *m)
{
	vmb_model_bind(m);
	vmb_model_check(m);
}

void vmb_model_end(struct vmb_model *m)
{
	vmb_model_unmap(m, 0, m->pages);
	vmb_model_apply(m);
	free(m);
}
