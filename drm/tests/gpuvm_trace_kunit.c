// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Trace events: that each is written, once, with what it is about.
 *
 * The case attaches functions to the core's tracepoints and writes down what
 * they get. What comes of it in tracefs is compared by trace.suite, for which
 * this is the program to be traced.
 */
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>

#include "gpuvm_bind_world.h"

#define DRIVER_FLAG	DRM_GPUVA_USERBITS

#if IS_ENABLED(CONFIG_TRACEPOINTS) && IS_ENABLED(CONFIG_MODULES)

static char seen[1024];
static size_t seen_len;
/* of the fences of all jobs, 0 before the first */
static u64 context;

__printf(1, 2)
static void saw(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	seen_len += vscnprintf(seen + seen_len, sizeof(seen) - seen_len, fmt,
			       args);
	va_end(args);
}

static char name_of(struct drm_gem_object *obj)
{
	return drm_gpuvm_is_userptr(obj) ? 'U' : gk_bo_name(obj);
}

static void on_map(void *data, const struct drm_gpuva *va)
{
	saw("map %c[%llu,+%llu)@%llu!%u#%llu%%%u+%u\n",
	    name_of(va->gem.obj), va->va.addr, va->va.range, va->gem.offset,
	    va->flags, va->attrs.cookie, va->attrs.repeat,
	    va->attrs.repeat_phase);
}

static void on_remap(void *data, const struct drm_gpuva *va, u64 start,
		     u64 range, bool keep)
{
	saw("remap %c[%llu,+%llu) cut [%llu,+%llu) keep %d\n",
	    gk_bo_name(va->gem.obj), va->va.addr, va->va.range, start, range,
	    keep);
}

static void on_unmap(void *data, const struct drm_gpuva *va, bool keep)
{
	saw("unmap %c[%llu,+%llu) keep %d\n", gk_bo_name(va->gem.obj),
	    va->va.addr, va->va.range, keep);
}

static void on_evict(void *data, const struct drm_gpuvm_bo *vm_bo, bool evict)
{
	saw("evict %c %d\n", gk_bo_name(vm_bo->obj), evict);
}

static void on_validate(void *data, const struct drm_gpuvm_bo *vm_bo, int ret)
{
	saw("validate %c %d\n", gk_bo_name(vm_bo->obj), ret);
}

/* A job, by its fence: a number of its own in the one context of the queue. */
static void saw_job(const char *what, const struct drm_gpuvm *vm,
		    const struct dma_fence *fence)
{
	if (!context)
		context = fence->context;
	saw("%s %s%llu", what, vm == bw_world->vm &&
	    fence->context == context ? "#" : "?", fence->seqno);
}

static void on_submit(void *data, const struct drm_gpuvm *vm,
		      const struct dma_fence *fence, u32 ops)
{
	saw_job("submit", vm, fence);
	saw(" ops %u\n", ops);
}

static void on_run(void *data, const struct drm_gpuvm *vm,
		   const struct dma_fence *fence)
{
	saw_job("run", vm, fence);
	saw("\n");
}

static void on_undo(void *data, const struct drm_gpuvm *vm,
		    const struct dma_fence *fence, int error, bool undone)
{
	saw_job("undo", vm, fence);
	saw(" %d %d\n", error, undone);
}

static void on_done(void *data, const struct drm_gpuvm *vm,
		    const struct dma_fence *fence, int error)
{
	/* Whoever waits for the job sees all of this. */
	saw_job(test_bit(DMA_FENCE_FLAG_SIGNALED_BIT, &fence->flags) ?
		"late" : "done", vm, fence);
	saw(" %d\n", error);
}

static void on_invalidate(void *data, const struct drm_gpuvm *vm,
			  const struct drm_gem_object *obj, u64 addr, u64 range)
{
	saw("invalidate %d%d [%llu,+%llu)\n", vm == bw_world->vm,
	    drm_gpuvm_is_userptr(obj), addr, range);
}

static void on_repin(void *data, const struct drm_gpuvm *vm,
		     const struct drm_gem_object *obj, u64 addr, u64 range,
		     unsigned long pages)
{
	saw("repin %d%d [%llu,+%llu) pages %lu\n", vm == bw_world->vm,
	    drm_gpuvm_is_userptr(obj), addr, range, pages);
}

static struct {
	const char *name;
	void *probe;
	struct tracepoint *tp;
} probes[] = {
	{ "gpuva_map", on_map },
	{ "gpuva_remap", on_remap },
	{ "gpuva_unmap", on_unmap },
	{ "gpuvm_bo_evict", on_evict },
	{ "gpuvm_bo_validate", on_validate },
	{ "gpuvm_bind_submit", on_submit },
	{ "gpuvm_bind_run", on_run },
	{ "gpuvm_bind_undo", on_undo },
	{ "gpuvm_bind_done", on_done },
	{ "gpuvm_userptr_invalidate", on_invalidate },
	{ "gpuvm_userptr_repin", on_repin },
};

/* Called for each module with tracepoints that is loaded already. */
static int find_tracepoints(struct notifier_block *nb, unsigned long what,
			    void *data)
{
	struct tp_module *tp_mod = data;
	struct module *mod = tp_mod->mod;

	if (what != MODULE_STATE_COMING || strcmp(mod->name, "drm_gpuvm_ref"))
		return NOTIFY_OK;

	for (unsigned int i = 0; i < mod->num_tracepoints; i++) {
		struct tracepoint *tp =
			tracepoint_ptr_deref(&mod->tracepoints_ptrs[i]);

		for (int k = 0; k < ARRAY_SIZE(probes); k++)
			if (!strcmp(tp->name, probes[k].name))
				probes[k].tp = tp;
	}

	return NOTIFY_OK;
}

static void probes_register(struct kunit *test)
{
	static struct notifier_block nb = { .notifier_call = find_tracepoints };

	register_tracepoint_module_notifier(&nb);
	unregister_tracepoint_module_notifier(&nb);

	seen_len = 0;
	seen[0] = '\0';
	context = 0;
	for (int i = 0; i < ARRAY_SIZE(probes); i++) {
		KUNIT_ASSERT_NOT_NULL_MSG(test, probes[i].tp, "%s",
					  probes[i].name);
		KUNIT_ASSERT_EQ(test, 0,
				tracepoint_probe_register(probes[i].tp,
							  probes[i].probe,
							  NULL));
	}
}

static void probes_unregister(void)
{
	for (int i = 0; i < ARRAY_SIZE(probes); i++)
		tracepoint_probe_unregister(probes[i].tp, probes[i].probe,
					    NULL);
	tracepoint_synchronize_unregister();
}

/* Map with attributes, cut that, take a piece away; and what fails. */
static void change_mappings(struct kunit *test, struct drm_gpuvm *vm,
			    struct drm_gem_object **obj)
{
	struct gk_steps *steps = gk_steps_new(test, vm);
	struct drm_gpuvm_map_req req = gk_req(obj[0], 4, 4, 2);
	struct drm_gpuva *va;

	req.flags = DRIVER_FLAG;
	req.attrs.cookie = 7;
	req.attrs.repeat = 3;
	req.attrs.repeat_phase = 1;
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_map(vm, steps, &req), 0);
	/* the same of which the last is kept, then something else */
	req.map.va.addr = 7;
	req.attrs.repeat_phase = 1;
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_map(vm, steps, &req), 0);
	req = gk_req(obj[1], 5, 1, 0);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_map(vm, steps, &req), 0);
	KUNIT_EXPECT_EQ(test, drm_gpuvm_sm_unmap(vm, steps, 4, 1), 0);

	/* No event: it fails, or it is no operation. */
	va = gk_va_new(test, NULL, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			drm_gpuva_map(vm, va, &req.map));
	gk_va_free(va);
	va = gk_va_insert(test, vm, NULL, 40, 1, 0);
	drm_gpuva_remove(va);
	gk_va_free(va);
}

static void evict_and_validate(struct kunit *test, struct drm_gpuvm *vm,
			       struct drm_gem_object *obj)
{
	struct drm_gpuvm_exec vm_exec = { .vm = vm };
	struct drm_gpuvm_bo *vm_bo = gk_vm_bo_obtain_ext(test, vm, obj);

	gk_vm_bo_evict(vm_bo, true);
	KUNIT_ASSERT_EQ(test, drm_gpuvm_exec_lock(&vm_exec), 0);
	to_gk_vm(vm)->fail_at = 1;
	KUNIT_EXPECT_EQ(test, drm_gpuvm_exec_validate(&vm_exec), -ENOSPC);
	to_gk_vm(vm)->fail_at = 0;
	KUNIT_EXPECT_EQ(test, drm_gpuvm_exec_validate(&vm_exec), 0);
	drm_gpuvm_exec_unlock(&vm_exec);
	gk_vm_bo_put(vm_bo);
}

static void events(struct kunit *test)
{
	struct drm_gem_object *obj[2] = {
		gk_bo_new(test, 'A'), gk_bo_new(test, 'B'),
	};
	struct drm_gpuvm *vm = gk_vm_new(test);

	probes_register(test);
	change_mappings(test, vm, obj);
	evict_and_validate(test, vm, obj[0]);
	probes_unregister();

	KUNIT_EXPECT_STREQ(test, seen,
			   "map A[4,+4)@2!4#7%3+1\n"
			   "remap A[4,+4) cut [7,+1) keep 1\n"
			   "map A[7,+4)@2!4#7%3+1\n"
			   "remap A[4,+3) cut [5,+1) keep 0\n"
			   "map B[5,+1)@0!0#0%0+0\n"
			   "unmap A[4,+1) keep 0\n"
			   "evict A 1\n"
			   "validate A -28\n"
			   "evict A 0\n"
			   "validate A 0\n");

	/* Nobody listens any more. */
	gk_vm_close(test, vm);
	drm_gem_object_put(obj[1]);
	drm_gem_object_put(obj[0]);
}

/*
 * A job that succeeds, one that is refused, one that fails, and one whose undoing
 * fails too, unless the VM is dead by then; last one that nobody takes.
 */
static void bind_in_every_way(struct kunit *test)
{
	struct drm_gpuvm_bind_op ops[2];

	ops[0] = bw_map(0, 0, 16, 0);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), 0);

	bw_world->refuse = -ENODEV;
	ops[0] = bw_map(1, 32, 4, 0);
	ops[1] = bw_map(1, 40, 4, 0);
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 2), -ENODEV);
	bw_world->refuse = 0;

	/* Validated, reserved, and then written to the page tables. */
	ops[0] = bw_map(2, 64, 4, 0);
	bw_world->fail_from = 3;
	bw_world->fail_count = 1;
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), -EIO);
	bw_world->fail_count = 100;
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), -EIO);
	bw_world->fail_from = 0;
	KUNIT_EXPECT_EQ(test, bw_bind(ops, 1), -EIO);
}

static void bind_events(struct kunit *test)
{
	bw_new(test, 0);
	probes_register(test);
	bind_in_every_way(test);
	probes_unregister();

	if (gk_immediate(test))
		KUNIT_EXPECT_STREQ(test, seen,
				   "submit #1 ops 1\n"
				   "run #1\n"
				   "map A[0,+16)@0!0#0%0+0\n"
				   "done #1 0\n"
				   "submit #2 ops 2\n"
				   "done #2 -19\n"
				   "submit #3 ops 1\n"
				   "run #3\n"
				   "undo #3 -5 1\n"
				   "done #3 -5\n"
				   "submit #4 ops 1\n"
				   "run #4\n"
				   "undo #4 -5 0\n"
				   "done #4 -5\n");
	else
		KUNIT_EXPECT_STREQ(test, seen,
				   "map A[0,+16)@0!0#0%0+0\n"
				   "submit #1 ops 1\n"
				   "run #1\n"
				   "done #1 0\n"
				   "map B[32,+4)@0!0#0%0+0\n"
				   "map B[40,+4)@0!0#0%0+0\n"
				   "submit #2 ops 2\n"
				   "done #2 -19\n"
				   "map C[64,+4)@0!0#0%0+0\n"
				   "submit #3 ops 1\n"
				   "run #3\n"
				   "undo #3 -5 0\n"
				   "done #3 -5\n");
	bw_end();
}

/* Two pages, one of which goes, then the other; unmapped, and nobody cares. */
static void lose_and_repin(struct kunit *test)
{
	struct drm_gpuvm_userptr_args args = {
		.queue = bw_world->queue,
		.addr = 8,
		.range = 2,
		.size = 2 * PAGE_SIZE,
	};
	struct drm_gpuvm_bind_op op = {
		.op = DRM_GPUVM_BIND_OP_MAP, .addr = 8, .range = 2,
	};

	args.start = kunit_vm_mmap(test, NULL, 0, args.size,
				   PROT_READ | PROT_WRITE,
				   MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(args.start));
	op.obj = drm_gpuvm_userptr_create(&args);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, op.obj);
	KUNIT_EXPECT_EQ(test, bw_bind(&op, 1), 0);
	drm_gem_object_put(op.obj);

	for (int i = 1; i >= 0; i--) {
		KUNIT_EXPECT_EQ(test, 0, vm_munmap(args.start + i * PAGE_SIZE,
						   PAGE_SIZE));
		KUNIT_EXPECT_EQ(test, 0,
				drm_gpuvm_userptr_repin(bw_world->queue));
		/* Nothing to repin, which is no event. */
		KUNIT_EXPECT_EQ(test, 0,
				drm_gpuvm_userptr_repin(bw_world->queue));
	}
}

static void userptr_events(struct kunit *test)
{
	bw_new(test, 0);
	probes_register(test);
	lose_and_repin(test);
	probes_unregister();

	KUNIT_EXPECT_STREQ(test, seen,
			   "repin 11 [8,+2) pages 2\n"
			   "submit #1 ops 1\n"
			   "run #1\n"
			   "map U[8,+2)@0!0#0%0+0\n"
			   "done #1 0\n"
			   "invalidate 11 [8,+2)\n"
			   "repin 11 [8,+2) pages 1\n"
			   "invalidate 11 [8,+2)\n"
			   "repin 11 [8,+2) pages 0\n");
	bw_end();
}

#else

static void userptr_events(struct kunit *test)
{
	kunit_skip(test, "this kernel has no tracepoints");
}

static void events(struct kunit *test)
{
	kunit_skip(test, "this kernel has no tracepoints");
}

static void bind_events(struct kunit *test)
{
	kunit_skip(test, "this kernel has no tracepoints");
}

#endif

static struct kunit_case gpuvm_trace_cases[] = {
	KUNIT_CASE(events),
	KUNIT_CASE_PARAM(bind_events, gk_internal_gen_params),
	KUNIT_CASE_PARAM(userptr_events, gk_immediate_gen_params),
	{}
};

static struct kunit_suite gpuvm_trace_suite = {
	.name = "gpuvm_trace",
	.suite_init = bw_suite_init,
	.suite_exit = bw_suite_exit,
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = gpuvm_trace_cases,
};

kunit_test_suite(gpuvm_trace_suite);
