// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The VM: init, its range, its dma_resv, its life and its end.
 */
#include <linux/kmsg_dump.h>
#include <linux/slab.h>

#include <drm/drm_device.h>

#include "gpuvm_kunit_helper.h"

struct vm_range {
	u64 start, range, reserve_start, reserve_range;
};

static int init_with(struct kunit *test, struct gk_vm *vm,
		     const struct vm_range *r)
{
	struct drm_gem_object *r_obj = drm_gpuvm_resv_object_alloc(gk_drm(test));
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, r_obj);
	ret = drm_gpuvm_init(&vm->base, "range", gk_mode(test)->flags,
			     gk_drm(test), r_obj, r->start, r->range,
			     r->reserve_start, r->reserve_range, &gk_ops);
	drm_gem_object_put(r_obj);

	return ret;
}

static void row27_bad_reserve(struct kunit *test)
{
	static const struct vm_range bad[] = {
		/* before, behind, over the start, over the end, around */
		{ 0x100, 0x100, 0x000, 0x10 },
		{ 0x100, 0x100, 0x200, 0x10 },
		{ 0x100, 0x100, 0x0f8, 0x10 },
		{ 0x100, 0x100, 0x1f8, 0x10 },
		{ 0x100, 0x100, 0x0f0, 0x200 },
		/* to 2^64 and around it */
		{ 0x100, 0x100, U64_MAX - 0xf, 0x10 },
		{ 0x100, 0x100, 0x180, U64_MAX },
		{ 0, U64_MAX, U64_MAX - 0xf, 0x10 },
	};

	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		struct gk_vm *vm = gk_vm_alloc(test);

		KUNIT_EXPECT_EQ_MSG(test, init_with(test, vm, &bad[i]),
				    -EINVAL, "entry %d", i);
		KUNIT_EXPECT_NULL(test, drm_gpuvm_first_va(&vm->base));
		drm_gpuvm_put(&vm->base);
		KUNIT_EXPECT_EQ(test, atomic_read(&gk_counts.vms), 0);
	}
}

static void row27_bad_space(struct kunit *test)
{
	static const struct vm_range bad[] = {
		{ 0, 0 },
		{ 0x100, 0 },
		{ U64_MAX, 1 },
		{ 1, U64_MAX },
		{ 0x100, U64_MAX - 0x80 },
	};

	for (int i = 0; i < ARRAY_SIZE(bad); i++) {
		struct gk_vm *vm = gk_vm_alloc(test);

		KUNIT_EXPECT_EQ_MSG(test, init_with(test, vm, &bad[i]),
				    -EINVAL, "entry %d", i);
		/* Nothing fits in no space. */
		KUNIT_EXPECT_FALSE(test, drm_gpuvm_range_valid(&vm->base, 0, 1));
		drm_gpuvm_put(&vm->base);
		KUNIT_EXPECT_EQ(test, atomic_read(&gk_counts.vms), 0);
	}
}

static void row27_good_reserve(struct kunit *test)
{
	static const struct vm_range good[] = {
		{ 0x100, 0x100, 0, 0 },
		{ 0x100, 0x100, 0x100, 0x10 },
		{ 0x100, 0x100, 0x1f0, 0x10 },
		{ 0x100, 0x100, 0x100, 0x100 },
		{ 0, U64_MAX, U64_MAX - 0x10, 0x10 },
	};

	for (int i = 0; i < ARRAY_SIZE(good); i++) {
		struct gk_vm *vm = gk_vm_alloc(test);
		struct drm_gpuva *reserve = &vm->base.kernel_alloc_node;

		KUNIT_EXPECT_EQ_MSG(test, init_with(test, vm, &good[i]), 0,
				    "entry %d", i);
		KUNIT_EXPECT_PTR_EQ(test, drm_gpuvm_first_va(&vm->base),
				    good[i].reserve_range ? reserve : NULL);
		KUNIT_EXPECT_EQ(test, vm->base.mm_start, good[i].start);
		KUNIT_EXPECT_EQ(test, vm->base.mm_range, good[i].range);
		KUNIT_EXPECT_EQ(test, drm_gpuvm_close(&vm->base), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&gk_counts.vms), 0);
	}
}

static void row15_range_valid(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new_with(test, &gk_ops, 0x100, 0x100);

	KUNIT_EXPECT_TRUE(test, drm_gpuvm_range_valid(vm, 0x100, 0x100));
	KUNIT_EXPECT_TRUE(test, drm_gpuvm_range_valid(vm, 0x100, 1));
	KUNIT_EXPECT_TRUE(test, drm_gpuvm_range_valid(vm, 0x1ff, 1));
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_range_valid(vm, 0xff, 1));
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_range_valid(vm, 0xff, 2));
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_range_valid(vm, 0x200, 1));
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_range_valid(vm, 0x1ff, 2));
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_range_valid(vm, 0xff, 0x102));
	gk_vm_close(test, vm);

	vm = gk_vm_new(test);
	KUNIT_EXPECT_TRUE(test, drm_gpuvm_range_valid(vm, 0, GK_RESERVE_START));
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_range_valid(vm, 0,
						       GK_RESERVE_START + 1));
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_range_valid(vm, GK_RESERVE_START,
						       GK_RESERVE_RANGE));
	gk_vm_close(test, vm);
}

/* A consumer that was compiled with another layout is refused untouched. */
static void abi_mismatch(struct kunit *test)
{
	const struct drm_gpuvm_abi good = {
		.version = DRM_GPUVM_ABI_VERSION,
		.gpuvm = sizeof(struct drm_gpuvm),
		.gpuva = sizeof(struct drm_gpuva),
		.gpuvm_bo = sizeof(struct drm_gpuvm_bo),
		.gpuva_op = sizeof(struct drm_gpuva_op),
		.gpuvm_ops = sizeof(struct drm_gpuvm_ops),
		.map_req = sizeof(struct drm_gpuvm_map_req),
		.exec_offset = offsetof(struct drm_gpuvm_exec, exec),
	};
	static const struct drm_gpuvm zero;
	struct drm_gem_object *r_obj = drm_gpuvm_resv_object_alloc(gk_drm(test));
	struct drm_gpuvm *vm = kunit_kzalloc(test, sizeof(*vm), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r_obj);
	KUNIT_ASSERT_NOT_NULL(test, vm);

	for (size_t i = 0; i < sizeof(good) / sizeof(u32); i++) {
		struct drm_gpuvm_abi abi = good;

		((u32 *)&abi)[i]++;
		KUNIT_EXPECT_EQ_MSG(test, -ENOEXEC,
				    drm_gpuvm_init_abi(vm, "abi", 0,
						       gk_drm(test), r_obj, 0,
						       0x100, 0, 0, &gk_ops,
						       &abi),
				    "word %zu", i);
		KUNIT_EXPECT_MEMEQ(test, vm, &zero, sizeof(zero));
	}
	KUNIT_EXPECT_EQ(test, kref_read(&r_obj->refcount), 1);

	drm_gem_object_put(r_obj);
}

static void resv_and_flags(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *ext = gk_bo_new(test, 'A');
	struct drm_gem_object *priv = gk_bo_new_private(test, 'B', vm);

	KUNIT_EXPECT_PTR_EQ(test, drm_gpuvm_resv_obj(vm), vm->r_obj);
	KUNIT_EXPECT_PTR_EQ(test, drm_gpuvm_resv(vm), vm->r_obj->resv);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_resv_protected(vm),
			gk_resv_protected(test));
	KUNIT_EXPECT_EQ(test, drm_gpuvm_immediate_mode(vm), gk_immediate(test));

	KUNIT_EXPECT_TRUE(test, drm_gpuvm_is_extobj(vm, ext));
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_is_extobj(vm, priv));
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_is_extobj(vm, vm->r_obj));
	KUNIT_EXPECT_FALSE(test, drm_gpuvm_is_extobj(vm, NULL));

	dma_resv_lock(drm_gpuvm_resv(vm), NULL);
	KUNIT_EXPECT_TRUE(test, drm_gpuvm_resv_held(vm));
	drm_gpuvm_resv_assert_held(vm);
	dma_resv_unlock(drm_gpuvm_resv(vm));
	/* Without lockdep nobody knows who holds it. */
	if (IS_ENABLED(CONFIG_LOCKDEP))
		KUNIT_EXPECT_FALSE(test, drm_gpuvm_resv_held(vm));

	drm_gem_object_put(priv);
	drm_gem_object_put(ext);
	gk_vm_close(test, vm);
}

static void row49_references(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuva *va = gk_va_insert(test, vm, obj, 4, 2, 0);
	struct drm_gpuvm_bo *vm_bo = gk_vm_bo_obtain(test, vm, obj);

	gk_events_start();
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 3);
	KUNIT_EXPECT_PTR_EQ(test, drm_gpuvm_get(vm), vm);
	KUNIT_EXPECT_EQ(test, kref_read(&vm->kref), 4);

	drm_gpuvm_put(vm);
	drm_gpuvm_put(vm);
	drm_gpuvm_put(NULL);
	KUNIT_EXPECT_STREQ(test, gk_events(), "");

	KUNIT_EXPECT_TRUE(test, gk_vm_bo_put(vm_bo));
	KUNIT_EXPECT_STREQ(test, gk_events(), "b");

	drm_gpuva_remove(va);
	KUNIT_EXPECT_STREQ(test, gk_events(), "bv");
	gk_va_free(va);

	drm_gem_object_put(obj);
	KUNIT_EXPECT_STREQ(test, gk_events(), "bvo");
}

/* However many mappings there are, the VM ends with the last, and not before. */
static void row49_last_mapping(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gpuva *first = gk_va_insert(test, vm, NULL, 4, 2, 0);
	struct drm_gpuva *cut = gk_va_insert(test, vm, NULL, 8, 8, 0);
	struct drm_gpuva *prev = gk_va_new(test, NULL, 0, 0, 0);
	struct drm_gpuva *next = gk_va_new(test, NULL, 0, 0, 0);
	struct drm_gpuva_op_map head = { .va = { 8, 2 } };
	struct drm_gpuva_op_map tail = { .va = { 12, 0 }, .gem.offset = 4 };
	struct drm_gpuva_op_unmap unmap = { .va = cut };
	struct drm_gpuva_op_remap op = { &head, &tail, &unmap };

	gk_events_start();
	KUNIT_ASSERT_EQ(test, kref_read(&vm->kref), 2);
	drm_gpuvm_put(vm);

	drm_gpuva_remove(first);
	/* What is cut comes back, and then is cut. */
	KUNIT_EXPECT_EQ(test, drm_gpuva_remap(prev, next, &op), -EINVAL);
	tail.va.range = 4;
	KUNIT_EXPECT_EQ(test, drm_gpuva_remap(prev, next, &op), 0);
	drm_gpuva_remove(prev);
	KUNIT_EXPECT_EQ(test, drm_gpuva_insert(vm, first), 0);
	drm_gpuva_remove(next);
	KUNIT_EXPECT_STREQ(test, gk_events(), "");

	drm_gpuva_remove(first);
	KUNIT_EXPECT_STREQ(test, gk_events(), "v");

	gk_va_free(first);
	gk_va_free(cut);
	gk_va_free(prev);
	gk_va_free(next);
}

/* The last put may come from whoever holds the VM's dma_resv. */
static void row49_last_put_under_resv(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *r_obj = drm_gpuvm_resv_obj(vm);

	drm_gem_object_get(r_obj);
	dma_resv_lock(r_obj->resv, NULL);
	drm_gpuvm_put(vm);
	KUNIT_EXPECT_EQ(test, atomic_read(&gk_counts.vms), 0);
	dma_resv_unlock(r_obj->resv);
	drm_gem_object_put(r_obj);
}

/* How often a text stands in the kernel's log. */
static unsigned int log_count(struct kunit *test, const char *text)
{
	struct kmsg_dump_iter iter;
	unsigned int count = 0;
	size_t len;
	char *line;

	line = kunit_kmalloc(test, 1024, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, line);

	kmsg_dump_rewind(&iter);
	while (kmsg_dump_get_line(&iter, false, line, 1023, &len)) {
		line[len] = '\0';
		count += !!strstr(line, text);
	}

	return count;
}

struct leak {
	u64 addr;
	unsigned int seen;
};

static unsigned int leak_seen(struct kunit *test, u64 addr)
{
	char text[64];

	snprintf(text, sizeof(text), "leaked mapping [%#llx, %#llx)",
		 addr, addr + 3);
	return log_count(test, text);
}

static void row49_leak_reported(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct leak leaks[10];
	unsigned int reported = 0;

	for (int i = 0; i < ARRAY_SIZE(leaks); i++) {
		leaks[i].addr = 0x11 + i * 8;
		leaks[i].seen = leak_seen(test, leaks[i].addr);
		gk_va_insert(test, vm, NULL, leaks[i].addr, 3, 0);
	}

	drm_gpuvm_get(vm);
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, drm_gpuvm_close(vm), ARRAY_SIZE(leaks));
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	/* The first eight are named, in order, and the VM lives on. */
	for (int i = 0; i < ARRAY_SIZE(leaks); i++) {
		unsigned int seen = leak_seen(test, leaks[i].addr);

		KUNIT_EXPECT_EQ_MSG(test, seen - leaks[i].seen, i < 8 ? 1 : 0,
				    "leak at %#llx", leaks[i].addr);
		reported += seen - leaks[i].seen;
	}
	KUNIT_EXPECT_EQ(test, reported, 8);
	KUNIT_EXPECT_EQ(test, atomic_read(&gk_counts.vms), 1);

	gk_vm_clear(vm);
	drm_gpuvm_put(vm);
}

/* What is leaked is named with its object, and what is too much by count. */
static void row49_leak_names_object(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gem_object *more[9];
	struct drm_gpuvm_bo *vm_bo[ARRAY_SIZE(more) + 1];
	char mapping[96], bo[96];
	unsigned int seen[3];
	int i;

	gk_va_insert(test, vm, obj, 0x41, 2, 0x5);
	vm_bo[0] = gk_vm_bo_obtain(test, vm, obj);
	for (i = 0; i < ARRAY_SIZE(more); i++) {
		more[i] = gk_bo_new(test, 'B');
		vm_bo[i + 1] = gk_vm_bo_obtain(test, vm, more[i]);
	}
	snprintf(mapping, sizeof(mapping),
		 "leaked mapping [0x41, 0x43) of object %p + 0x5", obj);
	snprintf(bo, sizeof(bo), "leaked vm_bo of object %p, 1 references", obj);
	seen[0] = log_count(test, mapping);
	seen[1] = log_count(test, bo);
	seen[2] = log_count(test, "and 2 more leaked vm_bos");

	drm_gpuvm_get(vm);
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, drm_gpuvm_close(vm), 11);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	KUNIT_EXPECT_EQ(test, log_count(test, mapping) - seen[0], 1);
	KUNIT_EXPECT_EQ(test, log_count(test, bo) - seen[1], 1);
	KUNIT_EXPECT_EQ(test, 1, log_count(test, "and 2 more leaked vm_bos") -
				 seen[2]);

	for (i = 0; i < ARRAY_SIZE(vm_bo); i++)
		gk_vm_bo_put(vm_bo[i]);
	gk_vm_clear(vm);
	for (i = 0; i < ARRAY_SIZE(more); i++)
		drm_gem_object_put(more[i]);
	drm_gem_object_put(obj);
	drm_gpuvm_put(vm);
}

/* A vm_bo pins the VM and is reported, though nobody ever obtained it. */
static void row49_never_obtained(struct kunit *test)
{
	static const char text[] =
		"and 2 leaked vm_bos that were made and never obtained";
	struct drm_gpuvm *vm = gk_vm_new(test);
	struct drm_gem_object *obj = gk_bo_new(test, 'A');
	struct drm_gpuvm_bo *vm_bo[2];
	const unsigned int seen = log_count(test, text);

	for (int i = 0; i < 2; i++) {
		vm_bo[i] = drm_gpuvm_bo_create(vm, obj);
		KUNIT_ASSERT_NOT_NULL(test, vm_bo[i]);
	}
	drm_gem_object_put(obj);

	gk_events_start();
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, drm_gpuvm_close(vm), 2);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	KUNIT_EXPECT_EQ(test, log_count(test, text) - seen, 1);

	KUNIT_EXPECT_TRUE(test, gk_vm_bo_put(vm_bo[0]));
	KUNIT_EXPECT_STREQ(test, gk_events(), "b");
	KUNIT_EXPECT_TRUE(test, gk_vm_bo_put(vm_bo[1]));
	KUNIT_EXPECT_STREQ(test, gk_events(), "bbvo");
}

static void row49_close_clean(struct kunit *test)
{
	struct drm_gpuvm *vm = gk_vm_new(test);

	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, drm_gpuvm_close(vm), 0);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&gk_counts.vms), 0);
}

/* The device outlives the VM: it holds a reference. */
static void device_reference(struct kunit *test)
{
	unsigned int before = kref_read(&gk_drm(test)->ref);
	struct drm_gpuvm *vm = gk_vm_new(test);

	KUNIT_EXPECT_GT(test, kref_read(&gk_drm(test)->ref), before);
	gk_vm_close(test, vm);
	KUNIT_EXPECT_EQ(test, kref_read(&gk_drm(test)->ref), before);
}

static struct kunit_case gpuvm_vm_cases[] = {
	KUNIT_CASE_PARAM(row15_range_valid, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row27_bad_reserve, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row27_bad_space, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row27_good_reserve, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row49_references, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row49_last_mapping, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row49_last_put_under_resv, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row49_leak_reported, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row49_leak_names_object, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row49_never_obtained, gk_mode_gen_params),
	KUNIT_CASE_PARAM(row49_close_clean, gk_mode_gen_params),
	KUNIT_CASE_PARAM(resv_and_flags, gk_mode_gen_params),
	KUNIT_CASE(abi_mismatch),
	KUNIT_CASE(device_reference),
	{}
};

static struct kunit_suite gpuvm_vm_suite = {
	.name = "gpuvm_vm",
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = gpuvm_vm_cases,
};

kunit_test_suite(gpuvm_vm_suite);
