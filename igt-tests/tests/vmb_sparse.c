// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Mappings without memory: reads give zero, writes go nowhere, and neither is a
 * fault.
 */
#include "vmb_model.h"

IGT_TEST_DESCRIPTION("Sparse mappings");

static void zero_and_dropped(struct vmb_dev *dev)
{
	struct vmb_model *m;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	m = vmb_model(&vm, VMB_DATA, 16);
	vmb_model_sparse(m, 4, 8);
	vmb_model_apply(m);
	vmb_is_sparse(&vm, VMB_DATA + 4 * VMB_PAGE, 8 * VMB_PAGE);
	vmb_model_unmap(m, 6, 2);
	vmb_model_apply(m);
	vmb_model_end(m);
}

/* Into the middle of a BO, and a BO into the middle of that. */
static void over_and_under_a_bo(struct vmb_dev *dev)
{
	struct vmb_model *m;
	struct vmb_bo a, b;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&a, dev, 32 * VMB_PAGE, 0, 0, 1);
	vmb_bo_create(&b, dev, 4 * VMB_PAGE, 0, 0, 2);
	m = vmb_model(&vm, VMB_DATA, 32);
	vmb_model_map(m, 0, 32, &a, 0);
	vmb_model_apply(m);
	vmb_model_sparse(m, 8, 16);
	vmb_model_apply(m);
	vmb_model_map(m, 12, 4, &b, 0);
	vmb_model_apply(m);
	vmb_is_sparse(&vm, VMB_DATA + 8 * VMB_PAGE, 4 * VMB_PAGE);
	/* What was written there did not go into the BO. */
	vmb_bo_intact(&a);
	vmb_model_map(m, 0, 32, &a, 0);
	vmb_model_apply(m);
	vmb_model_end(m);
}

static void becomes_memory(struct vmb_dev *dev)
{
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, VMB_PAGE, 0, 0, 1);
	for (int i = 0; i < 8; i++) {
		VMB_BIND(&vm, vmb_sparse(VMB_DATA, VMB_PAGE));
		vmb_is_sparse(&vm, VMB_DATA, VMB_PAGE);
		VMB_BIND(&vm, vmb_map(&bo, 0, VMB_DATA, VMB_PAGE));
		vmb_shows(&vm, VMB_DATA, VMB_PAGE, &bo, 0);
	}
	vmb_bo_intact(&bo);
}

/* As for the sparse textures of an application: much, in one call. */
static void large(struct vmb_dev *dev)
{
	const uint64_t range = 64ull << 30;
	struct vmb_report before;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	before = vmb_report(&vm);
	VMB_BIND(&vm, vmb_sparse(VMB_DATA, range));
	for (uint64_t at = 0; at < range; at += range / 8 + VMB_PAGE)
		vmb_is_sparse(&vm, VMB_DATA + at, VMB_PAGE);
	vmb_is_sparse(&vm, VMB_DATA + range - VMB_PAGE, VMB_PAGE);
	vmb_faults(&vm, VMB_DATA + range, false);
	vmb_faults(&vm, VMB_DATA - 8, true);
	VMB_BIND(&vm, vmb_unmap(VMB_DATA, range));
	vmb_faults(&vm, VMB_DATA + range / 2, false);
	igt_assert_eq_u64(vmb_report(&vm).table_bytes, before.table_bytes);
}

/* Pages come in and go out again, as residency changes. */
static void residency(struct vmb_dev *dev)
{
	enum { PAGES = 64 };
	struct vmb_model *m;
	uint64_t seed = 4711;
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, PAGES * VMB_PAGE, 0, 0, 1);
	m = vmb_model(&vm, VMB_DATA, PAGES);
	vmb_model_sparse(m, 0, PAGES);
	vmb_model_apply(m);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 16; i++) {
			uint32_t page = vmb_random(&seed, PAGES - 4);

			if (vmb_random(&seed, 2))
				vmb_model_sparse(m, page, 1 + i % 4);
			else
				vmb_model_map(m, page, 1 + i % 4, &bo, page);
		}
		vmb_model_apply(m);
	}
	vmb_model_end(m);
}

static void cut_where_entries_are_large(struct vmb_dev *dev)
{
	struct vmb_model *m;
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 4 * VMB_PAGE, 0, 0, 1);
	m = vmb_model(&vm, VMB_DATA, 1536);
	vmb_model_sparse(m, 0, 1536);
	vmb_model_apply(m);
	vmb_model_unmap(m, 700, 1);
	vmb_model_apply(m);
	vmb_model_map(m, 511, 2, &bo, 1);
	vmb_model_apply(m);
	vmb_model_end(m);
}

static void waits_its_turn(struct vmb_dev *dev)
{
	uint32_t done = vmb_syncobj(dev);
	struct vmb_gate gate;
	struct vmb_op op = vmb_sparse(VMB_DATA, 4 * VMB_PAGE);
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_gate_create(&gate, dev);
	vmb_ok(vmb_try_async(&vm, &op, 1,
			     VMB_SYNCS(vmb_wait(gate.syncobj, 0),
				       vmb_signal(done, 0))));
	vmb_unmapped(&vm, VMB_DATA, VMB_PAGE);
	vmb_gate_open(&gate, 1);
	vmb_ok(vmb_done(dev, done, 0));
	vmb_is_sparse(&vm, VMB_DATA, 4 * VMB_PAGE);
}

static const struct vmb_test tests[] = {
	{ "zero-and-dropped", zero_and_dropped, "Reads zero, drops writes",
	  VMB_SPARSE },
	{ "over-and-under-a-bo", over_and_under_a_bo,
	  "Sparse over a BO, and a BO over that", VMB_SPARSE },
	{ "becomes-memory", becomes_memory, "Sparse and a BO in turn",
	  VMB_SPARSE },
	{ "large", large, "64 GiB in one call", VMB_SPARSE | VMB_COUNTS },
	{ "residency", residency, "Pages come and go in a sparse range",
	  VMB_SPARSE },
	{ "cut-where-entries-are-large", cut_where_entries_are_large,
	  "Holes in large sparse ranges", VMB_SPARSE },
	{ "waits-its-turn", waits_its_turn, "A sparse map that is queued",
	  VMB_SPARSE | VMB_ASYNC | VMB_WAIT },
};

VMB_MAIN()
{
	vmb_subtests(tests, ARRAY_SIZE(tests));
}
