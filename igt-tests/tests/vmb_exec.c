// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Jobs, and the binds that they need: how many of them, on how many queues, in
 * how many VMs, by how the memory comes and goes.
 */
#include <sys/mman.h>

#include <xf86drm.h>

#include "vmb_model.h"

IGT_TEST_DESCRIPTION("Jobs on memory that is bound, bound again, or still on its way");

#define MOST_VMS 4
#define MOST_QUEUES 4

static const struct shape {
	const char *name;
	unsigned int vms, queues, jobs;
} shapes[] = {
	{ "once", 1, 1, 1 },
	{ "twice", 1, 1, 2 },
	{ "many", 1, 1, 48 },
	{ "many-queues", 1, MOST_QUEUES, 48 },
	{ "many-vms", MOST_VMS, 1, 48 },
	{ "many-vms-many-queues", MOST_VMS, MOST_QUEUES, 64 },
};

enum binding {
	/** @BOUND_BEFORE: once, then all jobs */
	BOUND_BEFORE,
	/** @BOUND_EACH: for each job, to an address of its own */
	BOUND_EACH,
	/** @BOUND_AGAIN: over the same address, while jobs are under way */
	BOUND_AGAIN,
	/** @BOUND_QUEUED: asynchronously, the job waits for it */
	BOUND_QUEUED,
	/** @BOUND_WITHOUT_JOBS: binds alone */
	BOUND_WITHOUT_JOBS,
};

enum memory {
	OF_A_BO,
	/** @OF_THE_PROCESS: a userptr, and its pages go now and then */
	OF_THE_PROCESS,
	/** @OF_NOBODY: sparse */
	OF_NOBODY,
};

static const struct way {
	const char *name;
	enum binding binding;
	uint32_t needs;
	enum memory memory;
} ways[] = {
	{ "basic", BOUND_BEFORE },
	{ "userptr", BOUND_BEFORE, VMB_USERPTR, OF_THE_PROCESS },
	{ "userptr-rebind", BOUND_AGAIN, VMB_USERPTR, OF_THE_PROCESS },
	{ "null", BOUND_BEFORE, VMB_SPARSE, OF_NOBODY },
	{ "bind-each", BOUND_EACH },
	{ "rebind", BOUND_AGAIN },
	{ "bind-queued", BOUND_QUEUED, VMB_ASYNC },
	{ "no-exec", BOUND_WITHOUT_JOBS },
};

struct fixture {
	struct vmb_dev *dev;
	struct vmb_vm vms[MOST_VMS];
	uint32_t queues[MOST_VMS][MOST_QUEUES];
	/** @bo: in all VMs; a page for each job */
	struct vmb_bo bo;
};

static void begin(struct fixture *f, struct vmb_dev *dev,
		  const struct shape *shape, enum memory memory)
{
	f->dev = dev;
	if (memory == OF_THE_PROCESS)
		vmb_bo_user(&f->bo, dev, shape->jobs * VMB_PAGE, 1);
	else
		vmb_bo_create(&f->bo, dev, shape->jobs * VMB_PAGE, 0, 0, 1);
	for (unsigned int v = 0; v < shape->vms; v++) {
		vmb_vm_create(&f->vms[v], dev);
		for (unsigned int q = 0; q < shape->queues; q++)
			f->queues[v][q] = vmb_queue(&f->vms[v], 0);
	}
}

static uint64_t addr_of(unsigned int job, enum binding binding)
{
	/* A different place in the VM and in the tables each time. */
	if (binding == BOUND_EACH || binding == BOUND_QUEUED)
		return VMB_DATA + job * (VMB_PAGE + (1ull << 21));

	return VMB_DATA + job * VMB_PAGE;
}

static struct vmb_op bind_of(struct fixture *f, unsigned int job,
			     const struct way *way)
{
	enum binding binding = way->binding;

	if (way->memory == OF_NOBODY)
		return vmb_sparse(VMB_DATA, f->bo.size);
	if (binding == BOUND_BEFORE || binding == BOUND_AGAIN ||
	    binding == BOUND_WITHOUT_JOBS)
		return vmb_map(&f->bo, 0, VMB_DATA, f->bo.size);

	return vmb_map(&f->bo, job * VMB_PAGE, addr_of(job, binding), VMB_PAGE);
}

static void throw_away(struct fixture *f, uint64_t page)
{
	uint64_t *first = f->bo.cpu + page * VMB_PAGE / 8;

	igt_assert(!madvise(first, VMB_PAGE, MADV_DONTNEED));
	for (uint64_t at = 0; at < VMB_PAGE; at += 8)
		first[at / 8] = vmb_word(&f->bo, page * VMB_PAGE + at);
}

/* Bind for a job, if that is due, and run it. Its end signals @done. */
static void one_job(struct fixture *f, const struct shape *shape,
		    const struct way *way, unsigned int job, uint32_t done)
{
	struct vmb_vm *vm = &f->vms[job % shape->vms];
	uint32_t queue = f->queues[job % shape->vms]
				  [job / shape->vms % shape->queues];
	struct vmb_cmd cmd = vmb_write(addr_of(job, way->binding), job + 1);
	struct vmb_op op = bind_of(f, job, way);
	uint32_t bound;

	if (way->binding == BOUND_QUEUED) {
		bound = vmb_syncobj(f->dev);
		vmb_ok(vmb_try_async(vm, &op, 1,
				     VMB_SYNCS(vmb_signal(bound, 0))));
		vmb_ok(vmb_try_exec(f->dev, queue, &cmd, 1,
				    VMB_SYNCS(vmb_wait(bound, 0),
					      vmb_signal(done, 0))));
		igt_assert(!drmSyncobjDestroy(f->dev->fd, bound));
		return;
	}
	if (way->binding != BOUND_BEFORE || job < shape->vms)
		vmb_ok(vmb_bind1(vm, op));
	/* One that no job has used yet goes, and comes back elsewhere. */
	if (way->memory == OF_THE_PROCESS && job % 8 == 5)
		throw_away(f, job);
	if (way->binding != BOUND_WITHOUT_JOBS)
		vmb_ok(vmb_try_exec(f->dev, queue, &cmd, 1,
				    VMB_SYNCS(vmb_signal(done, 0))));
}

static void run(struct vmb_dev *dev, const struct shape *shape,
		const struct way *way)
{
	uint32_t *done = calloc(shape->jobs, sizeof(*done));
	struct fixture f;

	igt_assert(done);
	begin(&f, dev, shape, way->memory);
	for (unsigned int job = 0; job < shape->jobs; job++) {
		done[job] = vmb_syncobj(dev);
		one_job(&f, shape, way, job, done[job]);
	}
	if (way->binding == BOUND_WITHOUT_JOBS) {
		for (unsigned int v = 0; v < shape->vms; v++)
			vmb_shows(&f.vms[v], VMB_DATA, f.bo.size, &f.bo, 0);
		vmb_bo_intact(&f.bo);
		free(done);
		return;
	}
	for (unsigned int job = 0; job < shape->jobs; job++) {
		uint64_t *word = f.bo.cpu + job * VMB_PAGE / 8;

		vmb_ok(vmb_done(dev, done[job], 0));
		if (way->memory == OF_NOBODY)
			continue;
		igt_assert_eq_u64(*word, job + 1);
		*word = vmb_word(&f.bo, job * VMB_PAGE);
	}
	vmb_bo_intact(&f.bo);
	if (way->memory == OF_NOBODY)
		vmb_is_sparse(&f.vms[0], VMB_DATA, VMB_PAGE);
	free(done);
}

static void nothing(struct vmb_dev *dev)
{
	uint32_t done = vmb_syncobj(dev);
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_ok(vmb_try_exec(dev, vm.queue, NULL, 0,
			    VMB_SYNCS(vmb_signal(done, 0))));
	vmb_ok(vmb_done(dev, done, 0));
}

static void in_order(struct vmb_dev *dev)
{
	enum { JOBS = 64 };
	uint32_t done = vmb_syncobj(dev);
	struct vmb_vm vm;
	struct vmb_bo bo;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, JOBS * VMB_PAGE, 0, 0, 1);
	VMB_BIND(&vm, vmb_map(&bo, 0, VMB_DATA, bo.size));
	/* Each needs what the one before it did. */
	for (uint64_t i = 0; i + 1 < JOBS; i++) {
		struct vmb_cmd cmd = vmb_copy(VMB_DATA + (i + 1) * VMB_PAGE,
					      VMB_DATA + i * VMB_PAGE,
					      VMB_PAGE);

		vmb_ok(vmb_try_exec(dev, vm.queue, &cmd, 1,
				    VMB_SYNCS(vmb_signal(done, 0))));
	}
	vmb_ok(vmb_done(dev, done, 0));
	for (uint64_t i = 0; i < JOBS; i++)
		igt_assert(!memcmp(bo.cpu, bo.cpu + i * VMB_PAGE / 8,
				   VMB_PAGE));
}

static void many_commands(struct vmb_dev *dev)
{
	enum { COMMANDS = 500 };
	struct vmb_cmd *cmds = calloc(COMMANDS, sizeof(*cmds));
	struct vmb_vm vm;
	struct vmb_bo bo;

	igt_assert(cmds);
	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 4 * VMB_PAGE, 0, 0, 1);
	VMB_BIND(&vm, vmb_map(&bo, 0, VMB_DATA, bo.size));
	for (uint64_t i = 0; i < COMMANDS; i++)
		cmds[i] = vmb_write(VMB_DATA + 8 * i, ~i);
	vmb_ok(vmb_run(dev, vm.queue, cmds, COMMANDS));
	for (uint64_t i = 0; i < COMMANDS; i++)
		igt_assert_eq_u64(bo.cpu[i], ~i);
	free(cmds);
}

static void fill(struct vmb_dev *dev)
{
	struct vmb_vm vm;
	struct vmb_bo bo;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 16 * VMB_PAGE, 0, 0, 1);
	VMB_BIND(&vm, vmb_map(&bo, 0, VMB_DATA, bo.size));
	vmb_ok(vmb_run1(&vm, vmb_fill(VMB_DATA + 64, bo.size - 128,
				      0x12345678)));
	for (uint64_t at = 0; at < bo.size; at += 8) {
		bool inside = at >= 64 && at < bo.size - 64;

		igt_assert_eq_u64(bo.cpu[at / 8], inside ? 0x1234567812345678 :
							  vmb_word(&bo, at));
	}
}

/* Two queues of one VM see what the other does, when they are told to wait. */
static void queues_take_turns(struct vmb_dev *dev)
{
	enum { ROUNDS = 20 };
	uint32_t line = vmb_syncobj(dev), queues[2];
	struct vmb_vm vm;
	struct vmb_bo bo;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, (ROUNDS + 1) * VMB_PAGE, 0, 0, 1);
	VMB_BIND(&vm, vmb_map(&bo, 0, VMB_DATA, bo.size));
	queues[0] = vmb_queue(&vm, 0);
	queues[1] = vmb_queue(&vm, 0);
	for (uint64_t i = 0; i < ROUNDS; i++) {
		struct vmb_cmd cmd = vmb_copy(VMB_DATA + (i + 1) * VMB_PAGE,
					      VMB_DATA + i * VMB_PAGE,
					      VMB_PAGE);
		struct vmb_sync syncs[] = {
			vmb_signal(line, i + 1), vmb_wait(line, i),
		};

		vmb_ok(vmb_try_exec(dev, queues[i % 2], &cmd, 1, syncs,
				    i ? 2 : 1));
	}
	vmb_ok(vmb_done(dev, line, ROUNDS));
	igt_assert(!memcmp(bo.cpu, bo.cpu + ROUNDS * VMB_PAGE / 8, VMB_PAGE));
}

static const struct vmb_test tests[] = {
	{ "nothing", nothing, "A job without a command signals all the same" },
	{ "in-order", in_order, "Jobs of one queue do not overtake" },
	{ "many-commands", many_commands, "Many commands in one job" },
	{ "fill", fill, "A fill stays within its range" },
	{ "queues-take-turns", queues_take_turns,
	  "Two queues, one after the other, along a timeline", VMB_TIMELINE },
};

static void one(const struct shape *shape, const struct way *way)
{
	igt_describe_f("Jobs: %s; memory: %s", shape->name, way->name);
	igt_subtest_f("%s-%s", shape->name, way->name) {
		struct vmb_dev dev;

		vmb_begin(&dev);
		vmb_need(&dev, way->needs);
		run(&dev, shape, way);
		vmb_end(&dev);
	}
}

VMB_MAIN()
{
	vmb_subtests(tests, ARRAY_SIZE(tests));

	for (unsigned int w = 0; w < ARRAY_SIZE(ways); w++)
		for (unsigned int s = 0; s < ARRAY_SIZE(shapes); s++)
			one(&shapes[s], &ways[w]);
}
