// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The story of a VM, from its creation to its end, told step by step. What is
 * said is checked: each byte through the CPU's mappings of the BOs, each mapping
 * against the kernel's own list. The exit status is the verdict.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "evgem.h"
#include "space.h"

#define PAGES(n)	((n) * EVGEM_PAGE)
#define COLUMNS		48u
#define HUGE_COLUMNS	32u

/* The VM, and the part of it that is drawn. */
#define VM_START	0x100000000ull
#define VM_SIZE		0x4000000ull
#define WINDOW		(VM_START + 0x10000)
#define HUGE_WINDOW	(VM_START + EVGEM_HUGE_PAGE)

/* Where the BOs are bound, in the window. */
#define A_ADDR		(WINDOW + PAGES(4))
#define A_SIZE		PAGES(16)
#define B_ADDR		(WINDOW + PAGES(24))
#define B_SIZE		PAGES(8)
#define C_ADDR		(WINDOW + PAGES(36))
#define C_SIZE		PAGES(4)
/* What of A's mapping B replaces. */
#define CUT_ADDR	(A_ADDR + PAGES(6))
#define CUT_SIZE	PAGES(4)

struct bo {
	uint32_t handle;
	uint64_t size;
	uint32_t *words;
};

struct story {
	int fd;
	uint32_t vm, queue;
	struct bo a, b, c;
	struct space space;
	/** @checked: bytes that were compared */
	uint64_t checked;
	int step;
	bool kernel_seen;
};

__attribute__((noreturn, format(printf, 1, 2)))
static void fail(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("\n    FAILED: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\n\nThe demo did NOT pass.\n", stderr);
	exit(1);
}

static void must(int ret, const char *what)
{
	if (ret)
		fail("%s: %s", what, strerror(-ret));
}

__attribute__((format(printf, 2, 3)))
static void step(struct story *s, const char *format, ...)
{
	va_list args;

	printf("%2d. ", ++s->step);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

__attribute__((format(printf, 1, 2)))
static void note(const char *format, ...)
{
	va_list args;

	fputs("    ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static void draw_at(struct story *s, uint64_t start, uint64_t cell,
		    unsigned int columns)
{
	switch (space_compare(&s->space, VM_START, VM_START + VM_SIZE)) {
	case KERNEL_AGREES:
		s->kernel_seen = true;
		break;
	case KERNEL_DIFFERS:
		fail("the kernel's list of mappings is another");
	case KERNEL_UNREADABLE:
		if (s->kernel_seen)
			fail("the kernel's list of mappings is gone");
		break;
	}

	space_draw(&s->space, start, cell, columns);
}

static void draw(struct story *s)
{
	draw_at(s, WINDOW, EVGEM_PAGE, COLUMNS);
}

static void bo_create(struct story *s, struct bo *bo, uint64_t size)
{
	void *cpu;

	bo->size = size;
	must(evgem_bo_create(s->fd, size, 0, &bo->handle), "create a BO");
	must(evgem_bo_map(s->fd, bo->handle, size, &cpu), "map it for the CPU");
	bo->words = cpu;
}

static void bo_close(struct story *s, struct bo *bo)
{
	munmap(bo->words, bo->size);
	must(evgem_bo_close(s->fd, bo->handle), "close a BO");
}

static void expect(struct story *s, const struct bo *bo, char name,
		   uint64_t offset, uint64_t size, uint32_t value)
{
	for (uint64_t i = offset / 4; i < (offset + size) / 4; i++)
		if (bo->words[i] != value)
			fail("BO %c at %#" PRIx64 " holds %#010x instead of %#010x",
			     name, i * 4, bo->words[i], value);
	s->checked += size;
}

static void run(struct story *s, struct evgem_cmds *cmds)
{
	must(evgem_run(s->fd, s->queue, cmds), "run a job");
}

static void fill(struct story *s, uint64_t addr, uint64_t size, uint32_t value)
{
	struct evgem_cmds cmds = { 0 };

	evgem_cmd_fill(&cmds, addr, size, value);
	run(s, &cmds);
}

static struct drm_evgem_vm_state vm_state(struct story *s)
{
	struct drm_evgem_vm_state state;

	must(evgem_vm_state(s->fd, s->vm, &state), "ask for the VM's state");
	return state;
}

static void open_device(struct story *s)
{
	struct drm_evgem_device_info info;

	s->fd = evgem_open();
	if (s->fd < 0)
		fail("no render node of the driver %s: is the module loaded, and may you open /dev/dri/renderD*? (%s)",
		     EVGEM_DRIVER_NAME, strerror(-s->fd));
	must(evgem_query_device(s->fd, &info), "query the device");

	step(s, "Open the render node of %s: addresses of %u bits, pages of 4 KiB%s.",
	     EVGEM_DRIVER_NAME, info.va_bits,
	     info.page_sizes & EVGEM_HUGE_PAGE ? " and 2 MiB" : "");
}

static void create(struct story *s)
{
	step(s, "Create a VM of %" PRIu64 " MiB, and a queue for jobs in it.",
	     (uint64_t)VM_SIZE >> 20);
	must(evgem_vm_create(s->fd, VM_START, VM_SIZE, &s->vm), "create a VM");
	must(evgem_queue_create(s->fd, s->vm, 0, &s->queue), "create a queue");

	step(s, "Create BO A of 16 pages and BO B of 8. New memory reads zero.");
	bo_create(s, &s->a, A_SIZE);
	bo_create(s, &s->b, B_SIZE);
	expect(s, &s->a, 'A', 0, A_SIZE, 0);
	expect(s, &s->b, 'B', 0, B_SIZE, 0);
	draw(s);
}

static void bind_both(struct story *s)
{
	struct evgem_bind bind = { 0 };

	step(s, "Bind both, in one call.");
	evgem_bind_map(&bind, A_ADDR, A_SIZE, s->a.handle, 0);
	evgem_bind_map(&bind, B_ADDR, B_SIZE, s->b.handle, 0);
	must(evgem_bind_sync(s->fd, s->vm, &bind), "bind");
	space_map(&s->space, A_ADDR, A_SIZE, 'A', 0);
	space_map(&s->space, B_ADDR, B_SIZE, 'B', 0);
	draw(s);
}

static void fill_and_copy(struct story *s)
{
	struct evgem_cmds cmds = { 0 };

	step(s, "The engine fills A with aaaaaaaa and B with bbbbbbbb, through the page tables.");
	evgem_cmd_fill(&cmds, A_ADDR, A_SIZE, 0xaaaaaaaa);
	evgem_cmd_fill(&cmds, B_ADDR, B_SIZE, 0xbbbbbbbb);
	run(s, &cmds);
	expect(s, &s->a, 'A', 0, A_SIZE, 0xaaaaaaaa);
	expect(s, &s->b, 'B', 0, B_SIZE, 0xbbbbbbbb);

	step(s, "It copies the first 4 pages of A to the last 4 of B.");
	evgem_cmd_copy(&cmds, B_ADDR + PAGES(4), A_ADDR, PAGES(4));
	run(s, &cmds);
	expect(s, &s->a, 'A', 0, A_SIZE, 0xaaaaaaaa);
	expect(s, &s->b, 'B', 0, PAGES(4), 0xbbbbbbbb);
	expect(s, &s->b, 'B', PAGES(4), PAGES(4), 0xaaaaaaaa);
	note("Every byte of both is as it should be, seen by the CPU.\n");
}

static void split(struct story *s)
{
	step(s, "Bind the first 4 pages of B over the middle of A: A's mapping is split.");
	must(evgem_map(s->fd, s->vm, CUT_ADDR, CUT_SIZE, s->b.handle, 0),
	     "bind over a mapping");
	space_map(&s->space, CUT_ADDR, CUT_SIZE, 'B', 0);
	draw(s);

	note("What is behind the cut still leads to the end of A: fill all 16 pages with 5a.");
	fill(s, A_ADDR, A_SIZE, 0x5a5a5a5a);
	expect(s, &s->a, 'A', 0, PAGES(6), 0x5a5a5a5a);
	expect(s, &s->a, 'A', PAGES(6), PAGES(4), 0xaaaaaaaa);
	expect(s, &s->a, 'A', PAGES(10), PAGES(6), 0x5a5a5a5a);
	expect(s, &s->b, 'B', 0, PAGES(4), 0x5a5a5a5a);
	expect(s, &s->b, 'B', PAGES(4), PAGES(4), 0xaaaaaaaa);
	note("A's pages 6 to 9 were out of reach and kept what they had; B's first 4 changed.\n");
}

static void unmap_and_fault(struct story *s)
{
	struct drm_evgem_vm_state state;
	struct evgem_cmds cmds = { 0 };
	uint64_t before = vm_state(s).fault_count;
	int ret;

	step(s, "Unmap B's own mapping.");
	must(evgem_unmap(s->fd, s->vm, B_ADDR, B_SIZE), "unmap");
	space_unmap(&s->space, B_ADDR, B_SIZE);
	draw(s);

	step(s, "The engine writes there all the same: a fault.");
	evgem_cmd_fill(&cmds, B_ADDR + PAGES(2), PAGES(1), 0xdeadbeef);
	ret = evgem_run(s->fd, s->queue, &cmds);
	if (ret != -EFAULT)
		fail("the job ended with %d instead of EFAULT", ret);

	state = vm_state(s);
	if (state.fault_count != before + 1 ||
	    state.fault_addr != B_ADDR + PAGES(2) ||
	    state.fault_access != DRM_EVGEM_ACCESS_WRITE)
		fail("the fault that is reported is another: %" PRIu64
		     ", at %#" PRIx64, (uint64_t)state.fault_count,
		     (uint64_t)state.fault_addr);
	expect(s, &s->b, 'B', 0, PAGES(4), 0x5a5a5a5a);
	expect(s, &s->b, 'B', PAGES(4), PAGES(4), 0xaaaaaaaa);
	note("The job's fence says EFAULT, the VM says: a write at %#" PRIx64 ".",
	     (uint64_t)state.fault_addr);

	fill(s, A_ADDR, PAGES(1), 0x11111111);
	expect(s, &s->a, 'A', 0, PAGES(1), 0x11111111);
	note("B is untouched, and the next job runs as if nothing had been.\n");
}

static void bind_behind_a_point(struct story *s)
{
	struct evgem_bind bind = { 0 };
	struct evgem_cmds cmds = { 0 };
	uint64_t mappings;
	uint32_t line;
	int status;

	step(s, "Create BO C, and bind it without waiting, on a timeline:");
	note("a job that takes 0.3 s -> point 1 -> bind C -> point 2 -> fill C -> point 3");
	bo_create(s, &s->c, C_SIZE);
	must(evgem_syncobj_create(s->fd, &line), "create a timeline");
	mappings = vm_state(s).mappings;

	evgem_cmd_delay(&cmds, 300000000);
	must(evgem_exec(s->fd, s->queue, &cmds,
			EVGEM_SYNCS(evgem_signal_point(line, 1))),
	     "queue a job");
	evgem_bind_map(&bind, C_ADDR, C_SIZE, s->c.handle, 0);
	must(evgem_bind_async(s->fd, s->vm, &bind,
			      EVGEM_SYNCS(evgem_wait_point(line, 1),
					  evgem_signal_point(line, 2))),
	     "queue a bind");
	evgem_cmd_fill(&cmds, C_ADDR, C_SIZE, 0xcccccccc);
	must(evgem_exec(s->fd, s->queue, &cmds,
			EVGEM_SYNCS(evgem_wait_point(line, 2),
				    evgem_signal_point(line, 3))),
	     "queue a job that needs the bind");

	/* Does not fail on a machine so slow that 0.3 s are over already. */
	must(evgem_syncobj_status(s->fd, line, 3, &status), "ask for point 3");
	if (!status)
		note("All three are queued; the VM has %" PRIu64 " mappings, as before.",
		     (uint64_t)vm_state(s).mappings);

	must(evgem_syncobj_wait(s->fd, line, 3, 20000), "wait for point 3");
	must(evgem_syncobj_status(s->fd, line, 3, &status), "ask for point 3");
	if (status != 1)
		fail("the last job ended with %s", strerror(-status));
	if (vm_state(s).mappings != mappings + 1)
		fail("the VM has %" PRIu64 " mappings instead of %" PRIu64,
		     (uint64_t)vm_state(s).mappings, mappings + 1);
	expect(s, &s->c, 'C', 0, C_SIZE, 0xcccccccc);
	space_map(&s->space, C_ADDR, C_SIZE, 'C', 0);
	note("Point 3 is reached: C is bound, and filled through its new address.");
	draw(s);
	must(evgem_syncobj_destroy(s->fd, line), "destroy the timeline");
}

static void split_a_huge_page(struct story *s)
{
	const uint64_t hole = HUGE_WINDOW + 0x80000, hole_size = 0x20000;
	struct drm_evgem_vm_state before = vm_state(s), state;
	struct bo h = { .size = EVGEM_HUGE_PAGE };
	void *cpu;

	step(s, "Bind BO H, 2 MiB in one piece: one page-table entry does.");
	must(evgem_bo_create_huge(s->fd, h.size, 0, &h.handle),
	     "create a BO of huge pages");
	must(evgem_bo_map(s->fd, h.handle, h.size, &cpu), "map it for the CPU");
	h.words = cpu;
	must(evgem_map(s->fd, s->vm, HUGE_WINDOW, h.size, h.handle, 0), "bind");
	space_map(&s->space, HUGE_WINDOW, h.size, 'H', 0);
	state = vm_state(s);
	if (state.ptes_2m != before.ptes_2m + 1 ||
	    state.ptes_4k != before.ptes_4k)
		fail("it took %" PRIu64 " entries of 4 KiB",
		     (uint64_t)(state.ptes_4k - before.ptes_4k));

	step(s, "Unmap 128 KiB of it: the entry becomes a table of 480.");
	must(evgem_unmap(s->fd, s->vm, hole, hole_size), "unmap a part");
	space_unmap(&s->space, hole, hole_size);
	state = vm_state(s);
	if (state.ptes_2m != before.ptes_2m ||
	    state.ptes_4k != before.ptes_4k + 480)
		fail("there are %" PRIu64 " entries of 4 KiB",
		     (uint64_t)(state.ptes_4k - before.ptes_4k));
	draw_at(s, HUGE_WINDOW, EVGEM_HUGE_PAGE / HUGE_COLUMNS, HUGE_COLUMNS);

	fill(s, HUGE_WINDOW, hole - HUGE_WINDOW, 0x22222222);
	fill(s, hole + hole_size, HUGE_WINDOW + h.size - hole - hole_size,
	     0x33333333);
	expect(s, &h, 'H', 0, 0x80000, 0x22222222);
	expect(s, &h, 'H', 0x80000, 0x20000, 0);
	expect(s, &h, 'H', 0xa0000, 0x160000, 0x33333333);
	note("Both sides lead to their own part of H; what is between stayed zero.\n");
	bo_close(s, &h);
}

static void end(struct story *s)
{
	struct drm_evgem_vm_state state;

	step(s, "Unmap everything, destroy the VM.");
	must(evgem_unmap(s->fd, s->vm, WINDOW, VM_START + VM_SIZE - WINDOW),
	     "unmap everything");
	s->space.count = 0;
	state = vm_state(s);
	if (state.mappings || state.ptes_4k || state.ptes_2m)
		fail("%" PRIu64 " mappings and %" PRIu64 " entries are left",
		     (uint64_t)state.mappings,
		     (uint64_t)(state.ptes_4k + state.ptes_2m));
	draw(s);

	must(evgem_queue_destroy(s->fd, s->queue), "destroy the queue");
	must(evgem_vm_destroy(s->fd, s->vm), "destroy the VM");
	bo_close(s, &s->a);
	bo_close(s, &s->b);
	bo_close(s, &s->c);
	close(s->fd);
}

int main(void)
{
	struct story s = { 0 };

	open_device(&s);
	create(&s);
	bind_both(&s);
	fill_and_copy(&s);
	split(&s);
	unmap_and_fault(&s);
	bind_behind_a_point(&s);
	split_a_huge_page(&s);
	end(&s);

	printf("The demo passed: %d steps, %" PRIu64 " KiB compared byte by byte, mappings %s.\n",
	       s.step, s.checked >> 10,
	       s.kernel_seen ? "as the kernel lists them" :
			       "not compared (debugfs is not readable)");
	return 0;
}
