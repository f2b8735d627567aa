// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Operations that are not, or not any more, what a callback was called with: made,
 * copied, kept or changed by the driver. Whatever they say, drm_gpuva_unmap() takes away
 * the mapping that they name, from the VM that it is in, and nothing else.
 */
#include "../gpuvm_op_seal.h"
#include "gpuvm_kunit_helper.h"

/* A VM with the mapping [4, 8) in a tree, another VM, and what the callbacks do. */
struct seal_fixture {
	struct kunit *test;
	struct drm_gpuvm *vm, *other;
	struct drm_gpuva *va;
	/* in the callback for it; else it is carried out as it is */
	void (*unmap)(struct seal_fixture *f, struct drm_gpuva_op_unmap *op);
	/* where the operation was, and what was in it */
	const struct drm_gpuva_op_unmap *given;
	struct drm_gpuva_op copy;
	int maps;
};

static int step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct seal_fixture *f = priv;

	KUNIT_EXPECT_TRUE(f->test, gpuvm_op_is_sealed(&op->unmap));
	f->given = &op->unmap;
	f->copy = *op;
	if (f->unmap)
		f->unmap(f, &op->unmap);
	drm_gpuva_unmap(&op->unmap);
	return 0;
}

/* The operation before this one is still in its place. */
static int step_map(struct drm_gpuva_op *op, void *priv)
{
	struct seal_fixture *f = priv;

	f->maps++;
	KUNIT_EXPECT_FALSE(f->test, gpuvm_op_is_sealed(f->given));
	return drm_gpuva_map(f->vm, f->va, &op->map);
}

static int step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct seal_fixture *f = priv;

	KUNIT_EXPECT_FALSE(f->test, gpuvm_op_is_sealed(op->remap.unmap));
	return -ENOSPC;
}

static void seal_init(struct kunit *test, struct seal_fixture *f)
{
	/* Whose objects are freed as those of gk_ops are. */
	static struct drm_gpuvm_ops ops;

	ops = gk_ops;
	ops.sm_step_map = step_map;
	ops.sm_step_remap = step_remap;
	ops.sm_step_unmap = step_unmap;

	*f = (struct seal_fixture){ .test = test };
	f->vm = gk_vm_new_with(test, &ops, 0, GK_VM_RANGE);
	f->other = gk_vm_new(test);
	gk_vm_grow_tree(test, f->vm);
	f->va = gk_va_insert(test, f->vm, NULL, 4, 4, 0);
}

static void seal_fini(struct seal_fixture *f)
{
	gk_vm_close(f->test, f->other);
	if (f->vm)
		gk_vm_close(f->test, f->vm);
}

/* Only what a callback for an unmap is called with has a seal, and until it returns. */
static void of_callbacks(struct kunit *test)
{
	const struct drm_gpuvm_map_req same = gk_req(NULL, 4, 4, 0);
	struct drm_gpuva_op_unmap own = {};
	struct drm_gpuva_ops *ops;
	struct seal_fixture f;

	seal_init(test, &f);
	ops = drm_gpuvm_sm_unmap_ops_create(f.vm, 4, 4);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ops);
	KUNIT_EXPECT_FALSE(test,
			   gpuvm_op_is_sealed(&drm_gpuva_first_op(ops)->unmap));
	drm_gpuva_ops_free(f.vm, ops);
	own.va = f.va;
	KUNIT_EXPECT_FALSE(test, gpuvm_op_is_sealed(&own));
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_unmap(f.vm, &f, 5, 1), -ENOSPC);

	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_map(f.vm, &f, &same), 0);
	KUNIT_EXPECT_EQ(test, f.maps, 1);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, f.vm), "-[4,8)@0");

	seal_fini(&f);
}

/* In memory that is not cleared anything may be where the VM is in the core's own. */
static void own_uncleared(struct kunit *test)
{
	struct drm_gpuva_op own;
	struct seal_fixture f;

	seal_init(test, &f);
	memset(&own, 0xa5, sizeof(own));
	own.unmap.va = f.va;
	own.unmap.keep = false;
	drm_gpuva_unmap(&own.unmap);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, f.vm), "");
	KUNIT_EXPECT_EQ(test, kref_read(&f.vm->kref), 1);

	gk_va_free(f.va);
	seal_fini(&f);
}

/* A copy is kept until the VM is gone, and the mapping in another. */
static void copy_outlives_vm(struct kunit *test)
{
	struct seal_fixture f;

	seal_init(test, &f);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_unmap(f.vm, &f, 4, 4), 0);
	KUNIT_EXPECT_PTR_EQ(test, f.copy.unmap.va, f.va);
	gk_vm_close(test, f.vm);
	f.vm = NULL;

	KUNIT_EXPECT_EQ(test, drm_gpuva_insert(f.other, f.va), 0);
	drm_gpuva_unmap(&f.copy.unmap);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, f.other), "");
	KUNIT_EXPECT_EQ(test, kref_read(&f.other->kref), 1);

	gk_va_free(f.va);
	seal_fini(&f);
}

/* Whatever a callback does with its operation, in the end it is carried out, once. */
static void run_changed(struct kunit *test,
			void (*unmap)(struct seal_fixture *f,
				      struct drm_gpuva_op_unmap *op))
{
	struct seal_fixture f;

	seal_init(test, &f);
	f.unmap = unmap;
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_unmap(f.vm, &f, 4, 4), 0);
	KUNIT_EXPECT_STREQ(test, gk_vm_text(test, f.vm), "");
	KUNIT_EXPECT_PTR_EQ(test, drm_gpuvm_first_va(f.vm),
			    &f.vm->kernel_alloc_node);
	KUNIT_EXPECT_EQ(test, kref_read(&f.vm->kref), 1);
	KUNIT_EXPECT_EQ(test, kref_read(&f.other->kref), 1);

	gk_va_free(f.va);
	seal_fini(&f);
}

static void unmap_of_other(struct seal_fixture *f, struct drm_gpuva_op_unmap *op)
{
	op->va = gk_va_insert(f->test, f->other, NULL, 4, 4, 0);
	drm_gpuva_unmap(op);
	KUNIT_EXPECT_STREQ(f->test, gk_vm_text(f->test, f->other), "");
	KUNIT_EXPECT_STREQ(f->test, gk_vm_text(f->test, f->vm), "-[4,8)@0");
	gk_va_free(op->va);
	op->va = f->va;
}

/* The driver puts another VM's mapping into the operation. */
static void changed_to_other(struct kunit *test)
{
	run_changed(test, unmap_of_other);
}

static void unmap_of_reserve(struct seal_fixture *f,
			     struct drm_gpuva_op_unmap *op)
{
	struct drm_gpuva *va;

	/* To see it last is to be where the index looks first. */
	drm_gpuvm_for_each_va(va, f->vm)
		op->va = va;
	KUNIT_EXPECT_PTR_EQ(f->test, op->va, &f->vm->kernel_alloc_node);

	kunit_warning_suppress(f->test) {
		drm_gpuva_unmap(op);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(f->test, 1);
	}
	op->va = f->va;
}

/* What the VM keeps for the kernel stays, also where a callback says its name. */
static void changed_to_reserve(struct kunit *test)
{
	run_changed(test, unmap_of_reserve);
}

static struct kunit_case gpuvm_seal_cases[] = {
	KUNIT_CASE(of_callbacks),
	KUNIT_CASE(own_uncleared),
	KUNIT_CASE(copy_outlives_vm),
	KUNIT_CASE(changed_to_other),
	KUNIT_CASE(changed_to_reserve),
	{}
};

static struct kunit_suite gpuvm_seal_suite = {
	.name = "gpuvm_seal",
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = gpuvm_seal_cases,
};

kunit_test_suite(gpuvm_seal_suite);
