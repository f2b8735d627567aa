// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * One bind at a time.
 */
#include "vmb_model.h"

IGT_TEST_DESCRIPTION("Binds of every kind, one at a time");

static void once(struct vmb_dev *dev)
{
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, VMB_PAGE, 0, 0, 1);
	vmb_unmapped(&vm, VMB_DATA, VMB_PAGE);
	VMB_BIND(&vm, vmb_map(&bo, 0, VMB_DATA, VMB_PAGE));
	vmb_shows(&vm, VMB_DATA, VMB_PAGE, &bo, 0);
	vmb_reaches(&vm, VMB_DATA, VMB_PAGE, &bo, 0);
	VMB_BIND(&vm, vmb_unmap(VMB_DATA, VMB_PAGE));
	vmb_unmapped(&vm, VMB_DATA, VMB_PAGE);
	vmb_vm_destroy(&vm);
}

static void private_bo(struct vmb_dev *dev)
{
	struct vmb_model *m;
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 8 * VMB_PAGE, 0, vm.id, 1);
	m = vmb_model(&vm, VMB_DATA, 16);
	vmb_model_map(m, 2, 8, &bo, 0);
	vmb_model_apply(m);
	vmb_model_unmap(m, 4, 2);
	vmb_model_apply(m);
	vmb_model_end(m);
}

static void piece_of_a_bo(struct vmb_dev *dev)
{
	struct vmb_model *m;
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 16 * VMB_PAGE, 0, 0, 1);
	m = vmb_model(&vm, VMB_DATA, 16);
	vmb_model_map(m, 0, 1, &bo, 15);
	vmb_model_map(m, 1, 1, &bo, 0);
	vmb_model_map(m, 4, 7, &bo, 3);
	vmb_model_apply(m);
	vmb_model_end(m);
}

/* The same page in several places is the same memory. */
static void many_addresses(struct vmb_dev *dev)
{
	struct vmb_model *m;
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 4 * VMB_PAGE, 0, 0, 1);
	m = vmb_model(&vm, VMB_DATA, 128);
	for (uint32_t page = 0; page + 4 <= 128; page += 5)
		vmb_model_map(m, page, 4, &bo, 0);
	vmb_model_apply(m);

	vmb_ok(vmb_run1(&vm, vmb_write(VMB_DATA + 6 * VMB_PAGE + 16, 4711)));
	igt_assert_eq_u64(bo.cpu[VMB_PAGE / 8 + 2], 4711);
	for (uint64_t page = 1; page < 124; page += 5)
		igt_assert_eq_u64(vmb_word_at(&vm, VMB_DATA + page * VMB_PAGE + 16),
				  4711);
	vmb_model_end(m);
}

static void readonly(struct vmb_dev *dev)
{
	struct vmb_model *m;
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 8 * VMB_PAGE, 0, 0, 1);
	m = vmb_model(&vm, VMB_DATA, 24);
	vmb_model_map_readonly(m, 4, 8, &bo, 0);
	vmb_model_apply(m);
	/* The pieces that remain are still so. */
	vmb_model_unmap(m, 7, 2);
	vmb_model_apply(m);
	/* And beside it, the same memory can be written to. */
	vmb_model_map(m, 14, 8, &bo, 0);
	vmb_model_apply(m);
	vmb_model_end(m);
}

static void readonly_to_writable(struct vmb_dev *dev)
{
	struct vmb_model *m;
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 8 * VMB_PAGE, 0, 0, 1);
	m = vmb_model(&vm, VMB_DATA, 8);
	for (int i = 0; i < 3; i++) {
		vmb_model_map_readonly(m, 0, 8, &bo, 0);
		vmb_model_apply(m);
		vmb_model_map(m, 2, 3, &bo, 2);
		vmb_model_apply(m);
		vmb_model_map(m, 0, 8, &bo, 0);
		vmb_model_apply(m);
	}
	vmb_model_end(m);
}

/* A translation that was just used must not outlive its mapping. */
static void no_stale_translation(struct vmb_dev *dev)
{
	struct vmb_bo a, b;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&a, dev, 16 * VMB_PAGE, 0, 0, 1);
	vmb_bo_create(&b, dev, 16 * VMB_PAGE, 0, 0, 2);
	for (int i = 0; i < 5; i++) {
		VMB_BIND(&vm, vmb_map(&a, 0, VMB_DATA, a.size));
		vmb_shows(&vm, VMB_DATA, a.size, &a, 0);
		VMB_BIND(&vm, vmb_map(&b, 0, VMB_DATA, b.size));
		vmb_shows(&vm, VMB_DATA, b.size, &b, 0);
		VMB_BIND(&vm, vmb_unmap(VMB_DATA, b.size));
		vmb_unmapped(&vm, VMB_DATA, b.size);
	}
	vmb_bo_intact(&a);
	vmb_bo_intact(&b);
}

static void unmap_nothing(struct vmb_dev *dev)
{
	struct vmb_model *m;
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 4 * VMB_PAGE, 0, 0, 1);
	m = vmb_model(&vm, VMB_DATA, 16);
	vmb_model_unmap(m, 0, 16);
	vmb_model_apply(m);
	vmb_model_map(m, 6, 4, &bo, 0);
	vmb_model_unmap(m, 10, 4);
	vmb_model_unmap(m, 2, 4);
	vmb_model_apply(m);
	vmb_model_unmap(m, 6, 4);
	vmb_model_unmap(m, 6, 4);
	vmb_model_apply(m);
	vmb_model_end(m);
}

static void unmap_everything(struct vmb_dev *dev)
{
	struct vmb_model *m;
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 64 * VMB_PAGE, 0, 0, 1);
	m = vmb_model(&vm, VMB_DATA, 512);
	for (uint32_t i = 0; i < 64; i++)
		vmb_model_map(m, 8 * i, 1 + i % 7, &bo, 63 - i % 57 - i % 7);
	vmb_model_apply(m);
	vmb_model_unmap(m, 0, 512);
	vmb_model_apply(m);
	vmb_model_end(m);
}

static void unmap_bo(struct vmb_dev *dev)
{
	struct vmb_model *m;
	struct vmb_bo a, b;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&a, dev, 16 * VMB_PAGE, 0, 0, 1);
	vmb_bo_create(&b, dev, 16 * VMB_PAGE, 0, 0, 2);
	m = vmb_model(&vm, VMB_DATA, 64);
	vmb_model_map(m, 0, 16, &a, 0);
	vmb_model_map(m, 4, 4, &b, 0);
	vmb_model_map(m, 30, 8, &a, 7);
	vmb_model_map(m, 38, 4, &b, 7);
	vmb_model_apply(m);
	vmb_model_unmap_bo(m, &a);
	vmb_model_apply(m);
	/* Not mapped any more is fine. */
	vmb_model_unmap_bo(m, &a);
	vmb_model_apply(m);
	vmb_model_end(m);
}

/* Around a border, where tables of several levels meet. */
static void across(struct vmb_dev *dev, uint64_t border)
{
	struct vmb_model *m;
	struct vmb_bo bo;
	struct vmb_vm vm;

	igt_require_f(border + 16 * VMB_PAGE < dev->caps.va_end,
		      "a VM ends before %#llx\n", (unsigned long long)border);
	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 32 * VMB_PAGE, 0, 0, 1);
	m = vmb_model(&vm, border - 16 * VMB_PAGE, 32);
	vmb_model_map(m, 0, 32, &bo, 0);
	vmb_model_apply(m);
	vmb_model_unmap(m, 14, 3);
	vmb_model_apply(m);
	vmb_model_map(m, 15, 2, &bo, 3);
	vmb_model_apply(m);
	vmb_model_unmap(m, 0, 16);
	vmb_model_apply(m);
	vmb_model_end(m);
}

static void first_pages(struct vmb_dev *dev)
{
	struct vmb_model *m;
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 8 * VMB_PAGE, 0, 0, 1);
	m = vmb_model(&vm, dev->caps.va_start, 16);
	vmb_model_map(m, 0, 8, &bo, 0);
	vmb_model_apply(m);
	vmb_model_end(m);
}

static void last_pages(struct vmb_dev *dev)
{
	struct vmb_model *m;
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 8 * VMB_PAGE, 0, 0, 1);
	m = vmb_model(&vm, dev->caps.va_end - 16 * VMB_PAGE, 16);
	vmb_model_map(m, 8, 8, &bo, 0);
	vmb_model_apply(m);
	vmb_model_end(m);
}

/* A page here and there in all of the VM: what it takes goes with them. */
static void scattered(struct vmb_dev *dev)
{
	const uint64_t stride = 0x654321000ull;
	struct vmb_report before, after;
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 30 * VMB_PAGE, 0, 0, 1);
	before = vmb_report(&vm);
	for (uint64_t i = 0; i < 30; i++)
		VMB_BIND(&vm, vmb_map(&bo, i * VMB_PAGE, VMB_DATA + i * stride,
				      VMB_PAGE));
	for (uint64_t i = 0; i < 30; i++)
		vmb_shows(&vm, VMB_DATA + i * stride, VMB_PAGE, &bo,
			  i * VMB_PAGE);
	VMB_BIND(&vm, vmb_unmap(VMB_DATA, 30 * stride));
	after = vmb_report(&vm);
	igt_assert_eq_u64(after.mappings, before.mappings);
	igt_assert_eq_u64(after.table_bytes, before.table_bytes);
	igt_assert_eq_u64(after.small, before.small);
}

static void new_memory_is_zero(struct vmb_dev *dev)
{
	uint64_t page[VMB_PAGE / 8];
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	for (int round = 0; round < 8; round++) {
		struct vmb_op op = vmb_unmap(VMB_DATA, 8 * VMB_PAGE);

		op.type = VMB_OP_MAP;
		vmb_ok(dev->drv->bo_create(dev->fd, op.range, 0, 0, &op.bo));
		vmb_ok(vmb_bind1(&vm, op));
		for (uint64_t at = 0; at < op.range; at += VMB_PAGE) {
			vmb_ok(vmb_read(&vm, VMB_DATA + at, page, VMB_PAGE));
			for (unsigned int i = 0; i < VMB_PAGE / 8; i++)
				igt_assert_eq_u64(page[i], 0);
		}
		/* For the next owner of these pages. */
		vmb_ok(vmb_run1(&vm, vmb_fill(VMB_DATA, op.range, 0xdeadbeef)));
		VMB_BIND(&vm, vmb_unmap(VMB_DATA, op.range));
		vmb_ok(vmb_handle_close(dev, op.bo));
	}
}

/* A mapping keeps its BO. When it goes, the memory goes with it. */
static void handle_closed_while_mapped(struct vmb_dev *dev)
{
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 8 * VMB_PAGE, 0, 0, 1);
	VMB_BIND(&vm, vmb_map(&bo, 0, VMB_DATA, bo.size));
	vmb_bo_close(&bo);
	vmb_shows(&vm, VMB_DATA, bo.size, &bo, 0);
	VMB_BIND(&vm, vmb_unmap(VMB_DATA + VMB_PAGE, VMB_PAGE));
	vmb_shows(&vm, VMB_DATA + 2 * VMB_PAGE, 6 * VMB_PAGE, &bo,
		  2 * VMB_PAGE);
	VMB_BIND(&vm, vmb_unmap(VMB_DATA, bo.size));
	vmb_unmapped(&vm, VMB_DATA, bo.size);
}

/* What the CPU has mapped stays when neither handle nor VM know it any more. */
static void cpu_keeps_the_bo(struct vmb_dev *dev)
{
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 4 * VMB_PAGE, 0, 0, 1);
	VMB_BIND(&vm, vmb_map(&bo, 0, VMB_DATA, bo.size));
	vmb_ok(vmb_handle_close(dev, bo.handle));
	vmb_ok(vmb_run1(&vm, vmb_write(VMB_DATA, 42)));
	VMB_BIND(&vm, vmb_unmap(VMB_DATA, bo.size));
	igt_assert_eq_u64(bo.cpu[0], 42);
	bo.cpu[0] = vmb_word(&bo, 0);
	vmb_bo_intact(&bo);
	vmb_bo_unmap(&bo);
}

static void vm_of_a_range(struct vmb_dev *dev)
{
	const uint64_t start = 0x40000000, range = 16 * VMB_PAGE;
	struct vmb_vm vm = { .dev = dev };
	struct vmb_bo bo;

	vmb_ok(dev->drv->vm_create(dev->fd, start, range + 0x40000000, &vm.id));
	vmb_bo_create(&bo, dev, range, 0, 0, 1);
	for (uint64_t at = 0x40000000; at <= 0x40000000 + range; at += range) {
		struct vmb_op op = vmb_map(&bo, 0, start + at, range);
		bool inside = at == 0x40000000;
		int ret;

		ret = vmb_bind1(&vm, op);
		igt_assert_eq(ret, inside ? 0 : -EINVAL);
	}
	vm.queue = vmb_queue(&vm, 0);
	vmb_reaches(&vm, start + 0x40000000, range, &bo, 0);
	vmb_ok(dev->drv->vm_destroy(dev->fd, vm.id));
}

/* Ranges of odd sizes, at odd places, through the borders of pages. */
static void unaligned_access(struct vmb_dev *dev)
{
	static const struct {
		uint64_t at, size;
	} pieces[] = {
		{ 1, 7 }, { 4093, 6 }, { 4095, 2 }, { 8191, 4098 }, { 3, 12285 },
	};
	uint8_t seen[16384];
	struct vmb_bo bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 4 * VMB_PAGE, 0, 0, 1);
	/* Neighbours in the VM, but not in the BO. */
	VMB_BIND(&vm, vmb_map(&bo, 2 * VMB_PAGE, VMB_DATA, 2 * VMB_PAGE),
		 vmb_map(&bo, 0, VMB_DATA + 2 * VMB_PAGE, 2 * VMB_PAGE));
	for (unsigned int i = 0; i < ARRAY_SIZE(pieces); i++) {
		vmb_ok(vmb_read(&vm, VMB_DATA + pieces[i].at, seen,
				pieces[i].size));
		for (uint64_t n = 0; n < pieces[i].size; n++) {
			uint64_t at = (pieces[i].at + n + 2 * VMB_PAGE) %
				      bo.size;

			igt_assert_eq(seen[n], ((uint8_t *)bo.cpu)[at]);
		}
	}
}

static const struct vmb_test tests[] = {
	{ "once", once, "One page is mapped, seen, written to, and unmapped" },
	{ "private-bo", private_bo, "A BO that belongs to the VM", VMB_PRIVATE },
	{ "piece-of-a-bo", piece_of_a_bo, "Pieces of a BO, at their offsets" },
	{ "many-addresses", many_addresses, "One BO at many addresses" },
	{ "readonly", readonly, "Read-only, in whole and when cut",
	  VMB_READONLY },
	{ "readonly-to-writable", readonly_to_writable,
	  "What is read-only becomes writable and back", VMB_READONLY },
	{ "no-stale-translation", no_stale_translation,
	  "Translations that were used do not outlive their mapping" },
	{ "unmap-nothing", unmap_nothing,
	  "An unmap of what is not mapped changes nothing" },
	{ "unmap-everything", unmap_everything,
	  "One unmap of many mappings of many sizes" },
	{ "unmap-bo", unmap_bo, "All mappings of a BO go at once",
	  VMB_UNMAP_BO },
	{ "first-pages", first_pages, "The lowest addresses of a VM" },
	{ "last-pages", last_pages, "The highest addresses of a VM" },
	{ "scattered", scattered, "Pages far apart, and what they cost",
	  VMB_COUNTS },
	{ "new-memory-is-zero", new_memory_is_zero,
	  "Memory of others is never seen" },
	{ "handle-closed-while-mapped", handle_closed_while_mapped,
	  "A mapping keeps its BO" },
	{ "cpu-keeps-the-bo", cpu_keeps_the_bo, "So does the CPU's mapping" },
	{ "vm-of-a-range", vm_of_a_range, "A VM ends where it was made to end",
	  VMB_VM_RANGE | VMB_VMS },
	{ "unaligned-access", unaligned_access,
	  "The engine crosses from one mapping into the next" },
};

static const struct {
	const char *name;
	uint64_t border;
} borders[] = {
	{ "2m", 1ull << 32 | 1ull << 21 },
	{ "1g", 1ull << 32 | 1ull << 30 },
	{ "512g", 1ull << 39 },
	{ "half", 1ull << 46 },
};

VMB_MAIN()
{
	vmb_subtests(tests, ARRAY_SIZE(tests));

	for (unsigned int i = 0; i < ARRAY_SIZE(borders); i++) {
		igt_describe("Mappings on both sides of a border between tables");
		igt_subtest_f("across-%s", borders[i].name) {
			struct vmb_dev dev;

			vmb_begin(&dev);
			across(&dev, borders[i].border);
			vmb_end(&dev);
		}
	}
}
