// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Binds that are queued: what they wait for, what they signal, in which order
 * they and the jobs of the engine come.
 */
#include <xf86drm.h>

#include "vmb_model.h"

IGT_TEST_DESCRIPTION("Asynchronous binds and their syncs");

#define PAGES 16

struct fixture {
	struct vmb_dev *dev;
	struct vmb_vm vm;
	struct vmb_bo a, b;
	struct vmb_gate gate;
};

static void begin(struct fixture *f, struct vmb_dev *dev)
{
	f->dev = dev;
	vmb_vm_create(&f->vm, dev);
	vmb_bo_create(&f->a, dev, PAGES * VMB_PAGE, 0, 0, 1);
	vmb_bo_create(&f->b, dev, PAGES * VMB_PAGE, 0, 0, 2);
	vmb_gate_create(&f->gate, dev);
}

static struct vmb_op all_of(const struct vmb_bo *bo)
{
	return vmb_map(bo, 0, VMB_DATA, bo->size);
}

#define ASYNC(f, op, ...) \
	vmb_ok(vmb_try_async(&(f)->vm, VMB_LIST(struct vmb_op, op), \
			     VMB_SYNCS(__VA_ARGS__)))

static void no_syncs(struct vmb_dev *dev)
{
	struct fixture f;
	struct vmb_op op;

	begin(&f, dev);
	op = all_of(&f.a);
	vmb_ok(vmb_try_async(&f.vm, &op, 1, NULL, 0));
	/* A synchronous bind comes after those before it. */
	VMB_BIND(&f.vm, vmb_unmap(VMB_DATA + 3 * VMB_PAGE, VMB_PAGE));
	vmb_shows(&f.vm, VMB_DATA, 3 * VMB_PAGE, &f.a, 0);
	vmb_unmapped(&f.vm, VMB_DATA + 3 * VMB_PAGE, VMB_PAGE);
}

static void waits(struct vmb_dev *dev)
{
	uint32_t done = vmb_syncobj(dev);
	struct fixture f;

	begin(&f, dev);
	ASYNC(&f, all_of(&f.a), vmb_wait(f.gate.syncobj, 0),
	      vmb_signal(done, 0));
	vmb_pending(dev, done, 0);
	vmb_unmapped(&f.vm, VMB_DATA, VMB_PAGE);
	vmb_gate_open(&f.gate, 1);
	vmb_ok(vmb_done(dev, done, 0));
	vmb_shows(&f.vm, VMB_DATA, f.a.size, &f.a, 0);
}

static void unmap_waits(struct vmb_dev *dev)
{
	uint32_t done = vmb_syncobj(dev);
	struct fixture f;

	begin(&f, dev);
	VMB_BIND(&f.vm, all_of(&f.a));
	ASYNC(&f, vmb_unmap(VMB_DATA, f.a.size), vmb_wait(f.gate.syncobj, 0),
	      vmb_signal(done, 0));
	vmb_pending(dev, done, 0);
	vmb_shows(&f.vm, VMB_DATA, f.a.size, &f.a, 0);
	vmb_gate_open(&f.gate, 1);
	vmb_ok(vmb_done(dev, done, 0));
	vmb_unmapped(&f.vm, VMB_DATA, f.a.size);
}

static void waits_for_a_point(struct vmb_dev *dev)
{
	uint32_t line = vmb_syncobj(dev), done = vmb_syncobj(dev);
	struct fixture f;

	begin(&f, dev);
	vmb_gate_fence(&f.gate, 2, line, 1);
	vmb_gate_fence(&f.gate, 3, line, 2);
	ASYNC(&f, all_of(&f.a), vmb_wait(line, 1), vmb_signal(done, 0));
	vmb_gate_open(&f.gate, 1);
	vmb_pending(dev, done, 0);
	vmb_gate_open(&f.gate, 2);
	vmb_ok(vmb_done(dev, done, 0));
	vmb_pending(dev, line, 2);
	vmb_shows(&f.vm, VMB_DATA, f.a.size, &f.a, 0);
	vmb_gate_open(&f.gate, 3);
}

static void waits_for_all(struct vmb_dev *dev)
{
	uint32_t in[4], done = vmb_syncobj(dev);
	struct vmb_sync syncs[5];
	struct vmb_op op;
	struct fixture f;

	begin(&f, dev);
	for (unsigned int i = 0; i < 4; i++) {
		in[i] = vmb_syncobj(dev);
		vmb_gate_fence(&f.gate, i + 2, in[i], 0);
		syncs[3 - i] = vmb_wait(in[i], 0);
	}
	syncs[4] = vmb_signal(done, 0);
	op = all_of(&f.a);
	vmb_ok(vmb_try_async(&f.vm, &op, 1, syncs, 5));
	for (uint64_t level = 1; level < 5; level++) {
		vmb_gate_open(&f.gate, level);
		vmb_pending(dev, done, 0);
	}
	vmb_gate_open(&f.gate, 5);
	vmb_ok(vmb_done(dev, done, 0));
}

static void signals_all(struct vmb_dev *dev)
{
	uint32_t out = vmb_syncobj(dev), second = vmb_syncobj(dev);
	uint32_t line = vmb_syncobj(dev);
	struct fixture f;

	begin(&f, dev);
	ASYNC(&f, all_of(&f.a), vmb_signal(line, 7), vmb_signal(out, 0),
	      vmb_wait(f.gate.syncobj, 0), vmb_signal(second, 0),
	      vmb_signal(line, 9));
	vmb_pending(dev, out, 0);
	vmb_pending(dev, second, 0);
	vmb_pending(dev, line, 7);
	vmb_gate_open(&f.gate, 1);
	vmb_ok(vmb_done(dev, out, 0));
	vmb_ok(vmb_done(dev, second, 0));
	vmb_ok(vmb_done(dev, line, 7));
	vmb_ok(vmb_done(dev, line, 9));
}

/* No operation: only the syncs are passed on, in their turn. */
static void nothing_but_syncs(struct vmb_dev *dev)
{
	uint32_t out = vmb_syncobj(dev);
	struct fixture f;

	begin(&f, dev);
	vmb_ok(vmb_try_async(&f.vm, NULL, 0,
			     VMB_SYNCS(vmb_wait(f.gate.syncobj, 0),
				       vmb_signal(out, 0))));
	vmb_pending(dev, out, 0);
	vmb_gate_open(&f.gate, 1);
	vmb_ok(vmb_done(dev, out, 0));
}

/* The one in front waits, so those behind do. */
static void in_the_order_of_the_calls(struct vmb_dev *dev)
{
	uint32_t first = vmb_syncobj(dev), last = vmb_syncobj(dev);
	struct fixture f;

	begin(&f, dev);
	ASYNC(&f, all_of(&f.a), vmb_wait(f.gate.syncobj, 0),
	      vmb_signal(first, 0));
	for (uint64_t i = 0; i < PAGES; i++)
		ASYNC(&f, vmb_map(&f.b, i * VMB_PAGE, VMB_DATA + i * VMB_PAGE,
				  VMB_PAGE), vmb_signal(last, 0));
	vmb_pending(dev, last, 0);
	vmb_pending(dev, first, 0);
	vmb_unmapped(&f.vm, VMB_DATA, VMB_PAGE);
	vmb_gate_open(&f.gate, 1);
	vmb_ok(vmb_done(dev, last, 0));
	vmb_ok(vmb_done(dev, first, 0));
	vmb_shows(&f.vm, VMB_DATA, f.b.size, &f.b, 0);
}

static void vms_are_independent(struct vmb_dev *dev)
{
	uint32_t held = vmb_syncobj(dev), ready = vmb_syncobj(dev);
	struct vmb_vm other;
	struct fixture f;
	struct vmb_op op;

	begin(&f, dev);
	vmb_vm_create(&other, dev);
	ASYNC(&f, all_of(&f.a), vmb_wait(f.gate.syncobj, 0),
	      vmb_signal(held, 0));
	op = all_of(&f.a);
	vmb_ok(vmb_try_async(&other, &op, 1,
			     VMB_SYNCS(vmb_signal(ready, 0))));
	vmb_ok(vmb_done(dev, ready, 0));
	vmb_shows(&other, VMB_DATA, f.a.size, &f.a, 0);
	vmb_pending(dev, held, 0);
	vmb_gate_open(&f.gate, 1);
	vmb_ok(vmb_done(dev, held, 0));
}

static void job_waits_for_a_bind(struct vmb_dev *dev)
{
	uint32_t bound = vmb_syncobj(dev), done = vmb_syncobj(dev);
	struct vmb_cmd cmd = vmb_copy(VMB_WINDOW, VMB_DATA, VMB_PAGE);
	struct fixture f;

	begin(&f, dev);
	ASYNC(&f, all_of(&f.a), vmb_wait(f.gate.syncobj, 0),
	      vmb_signal(bound, 0));
	vmb_ok(vmb_try_exec(dev, f.vm.queue, &cmd, 1,
			    VMB_SYNCS(vmb_wait(bound, 0),
				      vmb_signal(done, 0))));
	vmb_pending(dev, done, 0);
	vmb_gate_open(&f.gate, 1);
	vmb_ok(vmb_done(dev, done, 0));
	igt_assert(!memcmp(f.vm.window.cpu, f.a.cpu, VMB_PAGE));
}

static void bind_waits_for_a_job(struct vmb_dev *dev)
{
	uint32_t ran = vmb_syncobj(dev), bound = vmb_syncobj(dev);
	struct vmb_cmd cmd = vmb_copy(VMB_WINDOW, VMB_DATA, VMB_PAGE);
	struct fixture f;

	begin(&f, dev);
	VMB_BIND(&f.vm, all_of(&f.a));
	vmb_ok(vmb_try_exec(dev, f.vm.queue, &cmd, 1,
			    VMB_SYNCS(vmb_wait(f.gate.syncobj, 0),
				      vmb_signal(ran, 0))));
	ASYNC(&f, vmb_unmap(VMB_DATA, f.a.size), vmb_wait(ran, 0),
	      vmb_signal(bound, 0));
	vmb_pending(dev, bound, 0);
	vmb_gate_open(&f.gate, 1);
	vmb_ok(vmb_done(dev, ran, 0));
	vmb_ok(vmb_done(dev, bound, 0));
	igt_assert(!memcmp(f.vm.window.cpu, f.a.cpu, VMB_PAGE));
	vmb_unmapped(&f.vm, VMB_DATA, VMB_PAGE);
}

/* Signalled too early, the fence would let the job run into a hole. */
static void fence_comes_after_the_bind(struct vmb_dev *dev)
{
	enum { ROUNDS = 40 };
	uint32_t bound = vmb_syncobj(dev), done = vmb_syncobj(dev);
	struct fixture f;

	begin(&f, dev);
	for (uint64_t i = 0; i < ROUNDS; i++) {
		const struct vmb_bo *bo = i % 2 ? &f.a : &f.b;
		struct vmb_cmd cmd = vmb_copy(VMB_WINDOW, VMB_DATA, bo->size);

		ASYNC(&f, all_of(bo), vmb_signal(bound, 0));
		vmb_ok(vmb_try_exec(dev, f.vm.queue, &cmd, 1,
				    VMB_SYNCS(vmb_wait(bound, 0),
					      vmb_signal(done, 0))));
		vmb_ok(vmb_done(dev, done, 0));
		igt_assert(!memcmp(f.vm.window.cpu, bo->cpu, bo->size));
		ASYNC(&f, vmb_unmap(VMB_DATA, bo->size), vmb_signal(bound, 0));
		vmb_ok(vmb_try_exec(dev, f.vm.queue, &cmd, 1,
				    VMB_SYNCS(vmb_wait(bound, 0),
					      vmb_signal(done, 0))));
		vmb_has_faulted(&f.vm, done);
	}
}

/* A long line of binds and jobs, all queued before the first may run. */
static void along_a_timeline(struct vmb_dev *dev)
{
	enum { ROUNDS = 12 };
	uint32_t line = vmb_syncobj(dev);
	struct fixture f;
	uint64_t point = 1;

	begin(&f, dev);
	vmb_gate_fence(&f.gate, 2, line, point);
	for (uint64_t i = 0; i < ROUNDS; i++, point += 3) {
		const struct vmb_bo *bo = i % 2 ? &f.a : &f.b;
		struct vmb_cmd cmd = vmb_write(VMB_DATA + i * VMB_PAGE, i);

		ASYNC(&f, all_of(bo), vmb_wait(line, point),
		      vmb_signal(line, point + 1));
		vmb_ok(vmb_try_exec(dev, f.vm.queue, &cmd, 1,
				    VMB_SYNCS(vmb_wait(line, point + 1),
					      vmb_signal(line, point + 2))));
		ASYNC(&f, vmb_unmap(VMB_DATA, bo->size),
		      vmb_wait(line, point + 2), vmb_signal(line, point + 3));
	}
	vmb_pending(dev, line, point);
	vmb_gate_open(&f.gate, 2);
	vmb_ok(vmb_done(dev, line, point));
	for (uint64_t i = 0; i < ROUNDS; i++) {
		const struct vmb_bo *bo = i % 2 ? &f.a : &f.b;

		igt_assert_eq_u64(bo->cpu[i * VMB_PAGE / 8], i);
	}
	vmb_unmapped(&f.vm, VMB_DATA, VMB_PAGE);
}

/* What is in the syncobj when the call is made counts, not what comes later. */
static void fence_is_taken_at_the_call(struct vmb_dev *dev)
{
	uint32_t in = vmb_syncobj(dev), out = vmb_syncobj(dev);
	struct fixture f;

	begin(&f, dev);
	vmb_gate_fence(&f.gate, 2, in, 0);
	ASYNC(&f, all_of(&f.a), vmb_wait(in, 0), vmb_signal(out, 0));
	vmb_gate_fence(&f.gate, 3, in, 0);
	vmb_gate_open(&f.gate, 2);
	vmb_ok(vmb_done(dev, out, 0));
	vmb_pending(dev, in, 0);
	vmb_gate_open(&f.gate, 3);
}

static void syncobj_in_and_out(struct vmb_dev *dev)
{
	uint32_t sync = vmb_syncobj(dev);
	struct fixture f;

	begin(&f, dev);
	vmb_gate_fence(&f.gate, 2, sync, 0);
	ASYNC(&f, all_of(&f.a), vmb_wait(sync, 0), vmb_signal(sync, 0));
	vmb_gate_open(&f.gate, 1);
	vmb_pending(dev, sync, 0);
	vmb_gate_open(&f.gate, 2);
	vmb_ok(vmb_done(dev, sync, 0));
	vmb_shows(&f.vm, VMB_DATA, f.a.size, &f.a, 0);
}

static void syncobj_destroyed_early(struct vmb_dev *dev)
{
	uint32_t out = vmb_syncobj(dev);
	struct fixture f;

	begin(&f, dev);
	ASYNC(&f, all_of(&f.a), vmb_wait(f.gate.syncobj, 0),
	      vmb_signal(out, 0));
	igt_assert(!drmSyncobjDestroy(dev->fd, f.gate.syncobj));
	igt_assert(!drmSyncobjDestroy(dev->fd, out));
	vmb_gate_open(&f.gate, 1);
	VMB_BIND(&f.vm, vmb_unmap(VMB_DATA + VMB_PAGE, VMB_PAGE));
	vmb_shows(&f.vm, VMB_DATA, VMB_PAGE, &f.a, 0);
}

static void most_syncs(struct vmb_dev *dev)
{
	uint32_t count = dev->caps.max_syncs, line = vmb_syncobj(dev);
	struct vmb_sync *syncs = calloc(count + 1, sizeof(*syncs));
	struct fixture f;

	begin(&f, dev);
	igt_assert(syncs);
	syncs[0] = vmb_wait(f.gate.syncobj, 0);
	for (uint32_t i = 1; i <= count; i++)
		syncs[i] = vmb_signal(line, i);
	vmb_fails(EINVAL, vmb_try_async(&f.vm, NULL, 0, syncs, count + 1));
	igt_assert(!vmb_has_fence(dev, line, 1));
	vmb_ok(vmb_try_async(&f.vm, NULL, 0, syncs, count));
	vmb_pending(dev, line, 1);
	vmb_gate_open(&f.gate, 1);
	vmb_ok(vmb_done(dev, line, count - 1));
	free(syncs);
}

/* Many binds on the way at once, and the state that all of them make. */
static void many_in_flight(struct vmb_dev *dev)
{
	uint32_t done = vmb_syncobj(dev);
	struct vmb_model *m;
	struct fixture f;

	begin(&f, dev);
	m = vmb_model(&f.vm, VMB_DATA, 64);
	vmb_model_map(m, 0, 16, &f.a, 0);
	vmb_model_async(m, VMB_SYNCS(vmb_wait(f.gate.syncobj, 0)));
	for (uint32_t i = 0; i < 100; i++) {
		if (i % 3 == 2)
			vmb_model_unmap(m, i * 5 % 60, 3);
		else
			vmb_model_map(m, i * 7 % 50, 1 + i % 9,
				      i % 2 ? &f.a : &f.b, i % 7);
		vmb_model_async(m, VMB_SYNCS(vmb_signal(done, 0)));
	}
	vmb_pending(dev, done, 0);
	vmb_gate_open(&f.gate, 1);
	vmb_ok(vmb_done(dev, done, 0));
	vmb_model_check(m);
	vmb_model_end(m);
}

/* Several operations: seen by others all together, when the fence signals. */
static void array_waits_as_one(struct vmb_dev *dev)
{
	uint32_t done = vmb_syncobj(dev);
	struct vmb_model *m;
	struct fixture f;

	begin(&f, dev);
	m = vmb_model(&f.vm, VMB_DATA, 32);
	vmb_model_map(m, 0, 16, &f.a, 0);
	vmb_model_apply(m);
	vmb_model_map(m, 8, 8, &f.b, 0);
	vmb_model_unmap(m, 2, 4);
	vmb_model_map(m, 20, 4, &f.b, 3);
	vmb_model_async(m, VMB_SYNCS(vmb_wait(f.gate.syncobj, 0),
				     vmb_signal(done, 0)));
	vmb_shows(&f.vm, VMB_DATA, f.a.size, &f.a, 0);
	vmb_unmapped(&f.vm, VMB_DATA + 20 * VMB_PAGE, VMB_PAGE);
	vmb_gate_open(&f.gate, 1);
	vmb_ok(vmb_done(dev, done, 0));
	vmb_model_check(m);
	vmb_model_end(m);
}

/* The handle may go while the bind that uses the BO is still waiting. */
static void handle_closed_on_the_way(struct vmb_dev *dev)
{
	uint32_t done = vmb_syncobj(dev);
	struct fixture f;

	begin(&f, dev);
	ASYNC(&f, all_of(&f.a), vmb_wait(f.gate.syncobj, 0),
	      vmb_signal(done, 0));
	vmb_bo_close(&f.a);
	vmb_gate_open(&f.gate, 1);
	vmb_ok(vmb_done(dev, done, 0));
	vmb_shows(&f.vm, VMB_DATA, f.a.size, &f.a, 0);
}

#define NEEDS (VMB_ASYNC | VMB_WAIT)

static const struct vmb_test tests[] = {
	{ "no-syncs", no_syncs, "A bind that nobody waits for", NEEDS },
	{ "waits", waits, "A map waits for a syncobj", NEEDS },
	{ "unmap-waits", unmap_waits, "So does an unmap", NEEDS },
	{ "waits-for-a-point", waits_for_a_point,
	  "A point of a timeline, not its last", NEEDS | VMB_TIMELINE },
	{ "waits-for-all", waits_for_all, "Several syncobjs", NEEDS },
	{ "signals-all", signals_all, "Syncobjs of both kinds are signalled",
	  NEEDS | VMB_TIMELINE },
	{ "nothing-but-syncs", nothing_but_syncs, "No operation, only syncs",
	  NEEDS },
	{ "in-the-order-of-the-calls", in_the_order_of_the_calls,
	  "Binds of one VM do not overtake", NEEDS },
	{ "vms-do-not-wait-for-each-other", vms_are_independent,
	  "Binds of two VMs are independent", NEEDS | VMB_VMS },
	{ "job-waits-for-a-bind", job_waits_for_a_bind,
	  "A job that uses what is not bound yet", NEEDS },
	{ "bind-waits-for-a-job", bind_waits_for_a_job,
	  "Memory goes when the job that uses it is done", NEEDS },
	{ "fence-comes-after-the-bind", fence_comes_after_the_bind,
	  "A bind's fence is not signalled too early", NEEDS | VMB_FAULT },
	{ "along-a-timeline", along_a_timeline,
	  "Binds and jobs in turn along one timeline", NEEDS | VMB_TIMELINE },
	{ "fence-is-taken-at-the-call", fence_is_taken_at_the_call,
	  "A fence that comes into a syncobj later does not count", NEEDS },
	{ "syncobj-in-and-out", syncobj_in_and_out,
	  "The same syncobj is waited for and signalled", NEEDS },
	{ "syncobj-destroyed-early", syncobj_destroyed_early,
	  "Syncobjs are gone before the bind runs", NEEDS },
	{ "most-syncs", most_syncs, "As many syncs as may be, and one more",
	  NEEDS | VMB_TIMELINE },
	{ "many-in-flight", many_in_flight, "A hundred binds are queued",
	  NEEDS },
	{ "array-waits-as-one", array_waits_as_one,
	  "An array is applied when it runs, not before", NEEDS },
	{ "handle-closed-on-the-way", handle_closed_on_the_way,
	  "A queued bind keeps its BO", NEEDS },
};

VMB_MAIN()
{
	vmb_subtests(tests, ARRAY_SIZE(tests));
}
