// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Mappings that repeat: a small piece of a BO over a long range. What is left of
 * one when it is cut shows at each address what was there before.
 */
#include "vmb_model.h"

IGT_TEST_DESCRIPTION("A piece of a BO, mapped over and over");

#define PAGES 64
#define EACH 512

struct fixture {
	struct vmb_vm vm;
	struct vmb_bo a, b;
	struct vmb_model *m;
};

static void begin(struct fixture *f, struct vmb_dev *dev)
{
	vmb_vm_create(&f->vm, dev);
	vmb_bo_create(&f->a, dev, 16 * VMB_PAGE, 0, 0, 1);
	vmb_bo_create(&f->b, dev, 16 * VMB_PAGE, 0,
		      dev->caps.features & VMB_PRIVATE ? f->vm.id : 0, 2);
	/* Across a border between tables. */
	f->m = vmb_model(&f->vm, VMB_DATA + (1ull << 30) - 20 * VMB_PAGE, PAGES);
}

static void end(struct fixture *f)
{
	vmb_model_check(f->m);
	vmb_model_end(f->m);
	vmb_vm_destroy(&f->vm);
	vmb_bo_intact(&f->a);
	vmb_bo_intact(&f->b);
}

static uint64_t at(const struct fixture *f, uint64_t page)
{
	return f->m->base + page * VMB_PAGE;
}

/* It is one page: what is written to one address is at all of them. */
static void one_page(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	vmb_model_repeat(f.m, 0, PAGES, &f.a, 5, 1);
	vmb_model_apply(f.m);
	vmb_ok(vmb_run1(&f.vm, vmb_write(at(&f, 0) + 8, 4711)));
	for (uint64_t page = 0; page < PAGES; page += 9)
		igt_assert_eq_u64(vmb_word_at(&f.vm, at(&f, page) + 8), 4711);
	igt_assert_eq_u64(f.a.cpu[5 * VMB_PAGE / 8 + 1], 4711);
	f.a.cpu[5 * VMB_PAGE / 8 + 1] = vmb_word(&f.a, 5 * VMB_PAGE + 8);
	end(&f);
}

/* Lengths that do and do not go into the range, from all over the BO. */
static void pieces(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	for (uint32_t length = 1; length <= 16; length += 1 + length / 4) {
		vmb_model_repeat(f.m, 3, 16, &f.a, 16 - length, length);
		vmb_model_repeat(f.m, 11, 40, &f.b, 0, length);
		vmb_model_apply(f.m);
	}
	end(&f);
}

/* Once is the same as a mapping that does not repeat. */
static void once(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	vmb_model_repeat(f.m, 0, 16, &f.a, 0, 16);
	vmb_model_apply(f.m);
	vmb_model_map(f.m, 4, 4, &f.a, 4);
	vmb_model_apply(f.m);
	end(&f);
}

/* At each place in the piece, on both sides, and out of what was cut already. */
static void cut(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	for (uint32_t i = 0; i < 8; i++) {
		vmb_model_repeat(f.m, 0, PAGES, &f.a, 2, 5);
		vmb_model_unmap(f.m, 20 + i, 1 + i);
		vmb_model_bind(f.m);
		vmb_model_map(f.m, 40 + i, 2, &f.b, i);
		vmb_model_unmap(f.m, 17, 1);
		vmb_model_apply(f.m);
		vmb_model_unmap(f.m, 0, 1 + i);
		vmb_model_unmap(f.m, PAGES - 1 - i, 1 + i);
		vmb_model_apply(f.m);
	}
	end(&f);
}

static void over_a_hole(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	vmb_model_repeat(f.m, 0, PAGES, &f.a, 3, 7);
	vmb_model_apply(f.m);
	vmb_model_unmap(f.m, 10, 20);
	vmb_model_apply(f.m);
	/* Each begins the piece anew, so they are not one. */
	for (uint32_t page = 8; page + 16 <= PAGES; page += 16)
		vmb_model_repeat(f.m, page, 16, &f.a, 3, 7);
	vmb_model_apply(f.m);
	end(&f);
}

/* The same piece from another place in it, or a shorter one: not the same. */
static void another_beginning(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	vmb_model_repeat(f.m, 0, 60, &f.a, 3, 6);
	vmb_model_apply(f.m);
	vmb_model_repeat(f.m, 0, 60, &f.a, 3, 3);
	vmb_model_apply(f.m);
	vmb_model_repeat(f.m, 13, 24, &f.a, 3, 6);
	vmb_model_apply(f.m);
	vmb_model_map(f.m, 13, 6, &f.a, 3);
	vmb_model_apply(f.m);
	end(&f);
}

static void readonly(struct vmb_dev *dev)
{
	struct vmb_op op;
	struct fixture f;

	begin(&f, dev);
	op = vmb_map_repeat(&f.a, 3 * VMB_PAGE, VMB_DATA, 8 * VMB_PAGE,
			    2 * VMB_PAGE);
	op.flags = VMB_OP_READONLY;
	VMB_BIND(&f.vm, op);
	VMB_BIND(&f.vm, vmb_unmap(VMB_DATA + VMB_PAGE, VMB_PAGE));
	for (uint64_t page = 2; page < 8; page++) {
		vmb_shows(&f.vm, VMB_DATA + page * VMB_PAGE, VMB_PAGE, &f.a,
			  (3 + page % 2) * VMB_PAGE);
		vmb_faults(&f.vm, VMB_DATA + page * VMB_PAGE, true);
	}
	VMB_BIND(&f.vm, vmb_unmap(VMB_DATA, 8 * VMB_PAGE));
	end(&f);
}

static void unmap_bo(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	vmb_model_repeat(f.m, 0, PAGES, &f.a, 3, 7);
	vmb_model_map(f.m, 20, 4, &f.b, 0);
	vmb_model_repeat(f.m, 40, 8, &f.b, 1, 2);
	vmb_model_apply(f.m);
	vmb_model_unmap_bo(f.m, &f.a);
	vmb_model_apply(f.m);
	end(&f);
}

static void around_sparse(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	vmb_model_repeat(f.m, 0, 32, &f.a, 1, 3);
	vmb_model_sparse(f.m, 10, 4);
	vmb_model_repeat(f.m, 12, 1, &f.b, 0, 1);
	vmb_model_apply(f.m);
	end(&f);
}

static void in_an_array(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	for (uint32_t i = 0; i < 12; i++) {
		vmb_model_repeat(f.m, 2 * i, PAGES - 4 * i, i % 2 ? &f.a : &f.b,
				 i % 5, 1 + i % 7);
		vmb_model_unmap(f.m, 3 * i, 2);
	}
	vmb_model_bind(f.m);
	end(&f);
}

static void queued(struct vmb_dev *dev)
{
	uint32_t done = vmb_syncobj(dev);
	struct vmb_gate gate;
	struct fixture f;

	begin(&f, dev);
	vmb_gate_create(&gate, dev);
	vmb_model_repeat(f.m, 0, PAGES, &f.a, 3, 7);
	vmb_model_async(f.m, VMB_SYNCS(vmb_wait(gate.syncobj, 0)));
	vmb_model_unmap(f.m, 11, 2);
	vmb_model_async(f.m, VMB_SYNCS(vmb_signal(done, 0)));
	vmb_faults(&f.vm, at(&f, 0), false);
	vmb_gate_open(&gate, 1);
	vmb_ok(vmb_done(dev, done, 0));
	end(&f);
}

/* Large entries where the piece is made of such, and then those that are cut. */
static void huge(struct vmb_dev *dev)
{
	struct vmb_model *m;
	struct vmb_bo bo;
	struct vmb_vm vm;

	igt_require_f(dev->caps.huge_page == EACH * VMB_PAGE,
		      "huge pages are not of 2 MiB\n");
	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 2 * EACH * VMB_PAGE, VMB_BO_HUGE, 0, 3);
	m = vmb_model(&vm, VMB_DATA, 4 * EACH);
	vmb_model_repeat(m, 0, 4 * EACH, &bo, EACH, EACH);
	vmb_model_apply(m);
	if (dev->caps.features & VMB_COUNTS)
		igt_assert_eq_u64(vmb_report(&vm).huge, m->empty.huge + 4);
	vmb_model_unmap(m, EACH + 100, 1);
	vmb_model_apply(m);
	/* A page off, and no multiple. */
	vmb_model_repeat(m, 1, 3 * EACH, &bo, 0, EACH);
	vmb_model_apply(m);
	vmb_model_repeat(m, 0, 4 * EACH, &bo, 0, EACH + 8);
	vmb_model_apply(m);
	vmb_model_end(m);
}

/* As for the sparse textures of an application: one page for 256 MiB. */
static void large(struct vmb_dev *dev)
{
	const uint64_t pages = 1 << 16, range = pages * VMB_PAGE;
	struct vmb_report before, now;
	struct fixture f;

	begin(&f, dev);
	before = vmb_report(&f.vm);
	VMB_BIND(&f.vm, vmb_map_repeat(&f.a, 7 * VMB_PAGE, VMB_DATA, range,
				       VMB_PAGE));
	now = vmb_report(&f.vm);
	igt_assert_eq_u64(now.mappings, before.mappings + 1);
	igt_assert_eq_u64(now.small, before.small + pages);
	for (uint64_t place = 0; place < range; place += range / 32 + VMB_PAGE)
		vmb_shows(&f.vm, VMB_DATA + place, VMB_PAGE, &f.a, 7 * VMB_PAGE);
	vmb_shows(&f.vm, VMB_DATA + range - VMB_PAGE, VMB_PAGE, &f.a,
		  7 * VMB_PAGE);
	vmb_reaches(&f.vm, VMB_DATA + range / 2, VMB_PAGE, &f.a, 7 * VMB_PAGE);
	vmb_faults(&f.vm, VMB_DATA + range, false);

	VMB_BIND(&f.vm, vmb_unmap(VMB_DATA + range / 2, VMB_PAGE));
	vmb_faults(&f.vm, VMB_DATA + range / 2, false);
	vmb_shows(&f.vm, VMB_DATA + range / 2 + VMB_PAGE, VMB_PAGE, &f.a,
		  7 * VMB_PAGE);
	VMB_BIND(&f.vm, vmb_unmap(VMB_DATA, range));
	now = vmb_report(&f.vm);
	igt_assert_eq_u64(now.table_bytes, before.table_bytes);
	igt_assert_eq_u64(now.small, before.small);
	end(&f);
}

static const struct vmb_test tests[] = {
	{ "one-page", one_page, "One page at many addresses, in one mapping",
	  VMB_REPEAT },
	{ "pieces", pieces, "Pieces of many lengths", VMB_REPEAT },
	{ "once", once, "A piece as long as its range", VMB_REPEAT },
	{ "cut", cut, "Cuts at each place of the piece", VMB_REPEAT },
	{ "over-a-hole", over_a_hole, "Bound again, in parts", VMB_REPEAT },
	{ "another-beginning", another_beginning,
	  "Pieces that are nearly the same", VMB_REPEAT },
	{ "readonly", readonly, "Read-only, and cut", VMB_REPEAT | VMB_READONLY },
	{ "unmap-bo", unmap_bo, "All mappings of the BO go at once",
	  VMB_REPEAT | VMB_UNMAP_BO },
	{ "around-sparse", around_sparse, "Around what has no memory",
	  VMB_REPEAT | VMB_SPARSE },
	{ "in-an-array", in_an_array, "Over each other in one array",
	  VMB_REPEAT },
	{ "queued", queued, "Bound and cut by binds that wait",
	  VMB_REPEAT | VMB_ASYNC | VMB_WAIT },
	{ "huge", huge, "Pieces made of huge pages", VMB_REPEAT | VMB_HUGE },
	{ "large", large, "One page for 256 MiB", VMB_REPEAT | VMB_COUNTS },
};

VMB_MAIN()
{
	vmb_subtests(tests, ARRAY_SIZE(tests));
}
