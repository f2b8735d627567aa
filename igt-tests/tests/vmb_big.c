// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * VMs with very many mappings. VMB_MAPPINGS in the environment says how many;
 * without it, few enough for an emulated machine.
 */
#include "vmb_model.h"

IGT_TEST_DESCRIPTION("VMs with very many mappings");

#define MAPPINGS 4000
#define CHUNK 500

struct fixture {
	struct vmb_vm vm;
	struct vmb_bo bo;
	struct vmb_op *ops;
	uint64_t count;
};

static void begin(struct fixture *f, struct vmb_dev *dev)
{
	const char *given = getenv("VMB_MAPPINGS");

	f->count = given ? strtoull(given, NULL, 0) : MAPPINGS;
	f->ops = calloc(CHUNK, sizeof(*f->ops));
	igt_assert(f->ops);
	igt_require(dev->caps.max_ops >= CHUNK);
	vmb_vm_create(&f->vm, dev);
	vmb_bo_create(&f->bo, dev, 256 * VMB_PAGE, 0, 0, 1);
	igt_set_timeout(110 + f->count / 1000, "very many mappings");
}

/* Mapping @i, with a page of nothing behind it, so that none join. */
static uint64_t addr_of(uint64_t i)
{
	return VMB_DATA + 2 * i * VMB_PAGE;
}

static uint64_t offset_of(const struct fixture *f, uint64_t i)
{
	return i * 37 % (f->bo.size / VMB_PAGE) * VMB_PAGE;
}

static struct vmb_op map_of(const struct fixture *f, uint64_t i)
{
	return vmb_map(&f->bo, offset_of(f, i), addr_of(i), VMB_PAGE);
}

static void bind_all(struct fixture *f, uint64_t step)
{
	uint64_t i = 0;

	for (uint64_t done = 0; done < f->count; done += CHUNK) {
		uint32_t n = f->count - done < CHUNK ? f->count - done : CHUNK;

		for (uint32_t k = 0; k < n; k++, i = (i + step) % f->count)
			f->ops[k] = map_of(f, i);
		vmb_ok(vmb_try_bind(&f->vm, f->ops, n));
	}
}

static void look(struct fixture *f)
{
	for (uint64_t i = 0; i < f->count; i += f->count / 50 + 1) {
		vmb_shows(&f->vm, addr_of(i), VMB_PAGE, &f->bo,
			  offset_of(f, i));
		vmb_reaches(&f->vm, addr_of(i), VMB_PAGE, &f->bo,
			    offset_of(f, i));
		vmb_faults(&f->vm, addr_of(i) + VMB_PAGE, i & 1);
	}
	igt_assert_eq_u64(vmb_report(&f->vm).mappings, f->count + 1);
}

static void gone(struct fixture *f)
{
	struct vmb_report report = vmb_report(&f->vm);

	igt_assert_eq_u64(report.mappings, 1);
	for (uint64_t i = 0; i < f->count; i += f->count / 10 + 1)
		vmb_faults(&f->vm, addr_of(i), false);
}

static void ascending(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	bind_all(&f, 1);
	look(&f);
	VMB_BIND(&f.vm, vmb_unmap(VMB_DATA, 2 * f.count * VMB_PAGE));
	gone(&f);
	igt_reset_timeout();
}

/* Far from the one before: a prime, so that all have their turn. */
static void scattered(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	bind_all(&f, 7919);
	look(&f);
	VMB_BIND(&f.vm, vmb_unmap(VMB_DATA, 2 * f.count * VMB_PAGE));
	gone(&f);
	igt_reset_timeout();
}

static void over_again(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	f.count /= 2;
	bind_all(&f, 1);
	bind_all(&f, 7919);
	look(&f);
	igt_reset_timeout();
}

/* A VM goes with all that is in it. */
static void destroyed(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	bind_all(&f, 1);
	vmb_vm_destroy(&f.vm);
	vmb_vm_create(&f.vm, dev);
	gone(&f);
	igt_reset_timeout();
}

static const struct vmb_test tests[] = {
	{ "ascending", ascending, "One behind the other, and gone in one call",
	  VMB_COUNTS },
	{ "scattered", scattered, "Far from each other", VMB_COUNTS },
	{ "over-again", over_again, "Each is replaced", VMB_COUNTS },
	{ "destroyed", destroyed, "And a VM is destroyed with them",
	  VMB_COUNTS | VMB_VMS },
};

VMB_MAIN()
{
	vmb_subtests(tests, ARRAY_SIZE(tests));
}
