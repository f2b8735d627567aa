// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Bad input, second part: calls that would be good, but come at a time when they
 * cannot be: VMs that are full, gone or dead, arrays with one bad operation,
 * queues that were killed, signals, no memory. The numbers are the rows of the
 * table of rules, as in vmb_bad.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <xf86drm.h>

#include "vmb_world.h"

IGT_TEST_DESCRIPTION("Calls that come at the wrong time");

static struct vmb_world w;

static bool write_to(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);
	bool done = file >= 0 &&
		    write(file, text, strlen(text)) == (ssize_t)strlen(text);

	if (file >= 0)
		close(file);
	return done;
}

/* Rows 3 to 5: VMs */

static void destroyed_twice(struct vmb_dev *dev)
{
	vmb_world_begin(&w, dev);
	vmb_ok(dev->drv->vm_destroy(dev->fd, w.vm.id));
	for (int i = 0; i < 3; i++)
		vmb_fails(ENOENT, dev->drv->vm_destroy(dev->fd, w.vm.id));
	vmb_bo_intact(&w.a);
}

static void vm_quota(struct vmb_dev *dev)
{
	uint32_t vm, n = 0;
	int ret = 0;

	vmb_world_begin(&w, dev);
	igt_require_f(dev->caps.max_vms <= 4096,
		      "as many VMs as memory has room for\n");
	while (!ret && n <= dev->caps.max_vms) {
		ret = dev->drv->vm_create(dev->fd, 0, 0, &vm);
		n += !ret;
	}
	igt_assert_eq(ret, -ENOSPC);
	/* The world is one. */
	igt_assert_eq_u32(n + 1, dev->caps.max_vms);
	vmb_world_unchanged(&w);
	vmb_ok(dev->drv->vm_destroy(dev->fd, vm));
	vmb_ok(dev->drv->vm_create(dev->fd, 0, 0, &vm));
}

/* A job that runs until VMB_LATER is stored at the start of the world. */
static uint32_t stuck_job(uint32_t queue)
{
	struct vmb_cmd cmd = vmb_wait_word(VMB_DATA, VMB_LATER);
	uint32_t done = vmb_syncobj(w.dev);

	vmb_ok(vmb_try_exec(w.dev, queue, &cmd, 1,
			    VMB_SYNCS(vmb_signal(done, 0))));
	return done;
}

static void destroyed_with_jobs(struct vmb_dev *dev)
{
	uint32_t first, second;

	vmb_world_begin(&w, dev);
	first = stuck_job(w.vm.queue);
	second = stuck_job(w.vm.queue);
	vmb_pending(dev, first, 0);
	vmb_ok(dev->drv->vm_destroy(dev->fd, w.vm.id));
	igt_assert_eq(vmb_done(dev, first, 0), -ECANCELED);
	igt_assert_eq(vmb_done(dev, second, 0), -ECANCELED);
	vmb_bo_intact(&w.a);
	vmb_bo_intact(&w.b);
}

/* Row 15: the lock of a private BO is that of its VM, and stays there */

static void private_bo_exported(struct vmb_dev *dev)
{
	struct vmb_bo bo;
	int dmabuf;

	vmb_world_begin(&w, dev);
	vmb_bo_create(&bo, dev, VMB_PAGE, 0, w.vm.id, 3);
	vmb_fails(EPERM, drmPrimeHandleToFD(dev->fd, bo.handle, DRM_CLOEXEC,
					    &dmabuf) ? -errno : 0);
	vmb_world_unchanged(&w);
	vmb_world_works(&w);
}

/* Row 16: operation @bad of 16, in each way in which one can be */

#define OPS 16

static const struct {
	int error;
	struct vmb_op op;
} bad_ops[] = {
	{ EINVAL, { VMB_OP_MAP, 0, 1, VMB_DATA + 8, VMB_PAGE } },
	{ ENOENT, { VMB_OP_MAP, 0, 0x7fffffff, VMB_DATA, VMB_PAGE } },
	{ EINVAL, { VMB_OP_MAP, 0, 1, VMB_DATA, 2 * VMB_PAGE,
		    (VMB_WORLD_PAGES - 1) * VMB_PAGE } },
	{ EINVAL, { VMB_OP_UNMAP, 0, 0, VMB_DATA, 0 } },
};

static void one_of_many(struct vmb_dev *dev, uint32_t bad)
{
	struct vmb_op ops[OPS];

	vmb_need(dev, VMB_ASYNC);
	vmb_world_begin(&w, dev);
	for (uint32_t kind = 0; kind < ARRAY_SIZE(bad_ops); kind++) {
		for (uint32_t i = 0; i < OPS; i++)
			ops[i] = w.ops[i % VMB_WORLD_OPS];
		ops[bad] = bad_ops[kind].op;
		if (ops[bad].bo == 1)
			ops[bad].bo = w.a.handle;
		vmb_fails(bad_ops[kind].error,
			  vmb_try_async(&w.vm, ops, OPS, w.syncs,
					vmb_world_syncs(&w)));
		vmb_ok(vmb_try_bind(&w.vm, NULL, 0));
		igt_assert(!vmb_has_fence(dev, w.out, 0));
		igt_assert(!vmb_has_fence(dev, w.line, 1));
	}
	vmb_world_unchanged(&w);
	vmb_world_works(&w);
}

/* Row 17: one sync too many */

static void too_many_syncs(struct vmb_dev *dev)
{
	uint32_t count = dev->caps.max_syncs + 1;
	struct vmb_sync *syncs = calloc(count, sizeof(*syncs));

	igt_assert(syncs);
	vmb_world_begin(&w, dev);
	for (uint32_t i = 0; i < count; i++)
		syncs[i] = w.syncs[i % 2];
	vmb_fails(EINVAL, vmb_try_async(&w.vm, w.ops, VMB_WORLD_OPS, syncs,
					count));
	vmb_world_unchanged(&w);
	vmb_fails(EINVAL, vmb_try_exec(dev, w.vm.queue, NULL, 0, syncs, count));
	vmb_world_unchanged(&w);
	vmb_ok(vmb_try_exec(dev, w.vm.queue, NULL, 0, syncs, count - 1));
	vmb_ok(vmb_done(dev, w.out, 0));
	free(syncs);
}

/* Row 20: VMs that are gone, and dead ones */

static void bind_on_a_destroyed_vm(struct vmb_dev *dev)
{
	vmb_world_begin(&w, dev);
	vmb_ok(dev->drv->vm_destroy(dev->fd, w.vm.id));
	vmb_fails(ENOENT, vmb_try_bind(&w.vm, w.ops, VMB_WORLD_OPS));
	vmb_fails(ENOENT, vmb_world_bind(&w, VMB_RIGHT));
	igt_assert(!vmb_has_fence(dev, w.out, 0));
	vmb_bo_intact(&w.a);
}

static void exec_on_a_destroyed_vm(struct vmb_dev *dev)
{
	struct vmb_cmd cmd = vmb_write(VMB_DATA, 1);

	vmb_world_begin(&w, dev);
	vmb_ok(dev->drv->vm_destroy(dev->fd, w.vm.id));
	vmb_fails(ENOENT, vmb_try_exec(dev, w.vm.queue, &cmd, 1, w.syncs, 2));
	igt_assert(!vmb_has_fence(dev, w.out, 0));
	vmb_bo_intact(&w.a);
}

/* A bind fails half-way, and so does undoing it. */
static void dead_vm(struct vmb_dev *dev)
{
	struct vmb_cmd cmd = vmb_write(VMB_DATA, 1);
	struct vmb_vm other;
	uint32_t queue;

	vmb_world_begin(&w, dev);
	vmb_vm_create(&other, dev);
	vmb_ok(dev->drv->break_binds(dev->fd, 1, 2));
	vmb_ok(vmb_world_bind(&w, VMB_RIGHT));
	igt_assert_eq(vmb_done(dev, w.out, 0), -EIO);
	vmb_ok(dev->drv->break_binds(dev->fd, 0, 0));
	igt_assert(vmb_report(&w.vm).dead);
	vmb_fails(EIO, vmb_world_bind(&w, VMB_RIGHT));
	vmb_fails(EIO, vmb_try_bind(&w.vm, w.ops, VMB_WORLD_OPS));
	vmb_fails(EIO, vmb_try_exec(dev, w.vm.queue, &cmd, 1, NULL, 0));
	vmb_fails(EIO, dev->drv->queue_create(dev->fd, w.vm.id, 0, &queue));
	/* Nobody else is touched. */
	VMB_BIND(&other, vmb_map(&w.a, 0, VMB_DATA, w.a.size));
	vmb_shows(&other, VMB_DATA, w.a.size, &w.a, 0);
	vmb_ok(dev->drv->vm_destroy(dev->fd, w.vm.id));
	vmb_fails(ENOENT, vmb_try_bind(&w.vm, w.ops, VMB_WORLD_OPS));
}

/* The same, but undoing it works: then the VM is as before, and alive. */
static void undone(struct vmb_dev *dev)
{
	vmb_world_begin(&w, dev);
	for (unsigned int good = 0; good < 3; good++) {
		vmb_ok(dev->drv->break_binds(dev->fd, good, 1));
		vmb_fails(EIO, vmb_try_bind(&w.vm, w.ops, VMB_WORLD_OPS));
		vmb_ok(dev->drv->break_binds(dev->fd, 0, 0));
		vmb_world_unchanged(&w);
	}
	vmb_world_works(&w);
}

/* The same for memory: the first allocation fails, the second, and so on. */

#define MOST_ALLOCATIONS 400

static void as_it_was(void)
{
	VMB_BIND(&w.vm, vmb_unmap(VMB_DATA, VMB_WORLD_PAGES * VMB_PAGE),
		 vmb_map(&w.a, 0, VMB_DATA, 12 * VMB_PAGE),
		 vmb_unmap(VMB_DATA + 6 * VMB_PAGE, 3 * VMB_PAGE));
}

static void bind_without_memory(struct vmb_dev *dev)
{
	unsigned int nth = 0, failures = 0;
	int ret;

	vmb_world_begin(&w, dev);
	vmb_fail_begin();
	do {
		igt_assert(++nth < MOST_ALLOCATIONS);
		vmb_fail_nth(nth);
		ret = vmb_bind_once(&w.vm, w.ops, VMB_WORLD_OPS);
		vmb_fail_nth(0);
		if (ret) {
			igt_assert_eq(ret, -ENOMEM);
			igt_assert(vmb_has_failed());
			failures++;
		} else {
			/* Some can be done without. */
			as_it_was();
		}
		vmb_world_unchanged(&w);
	} while (vmb_has_failed());
	igt_debug("%u of %u allocations were needed\n", failures, nth - 1);
	igt_assert(failures > 3);
	vmb_world_works(&w);
}

static void exec_without_memory(struct vmb_dev *dev)
{
	struct vmb_cmd cmd = vmb_write(VMB_DATA, 4711);
	unsigned int nth = 0, failures = 0;
	int ret;

	vmb_world_begin(&w, dev);
	vmb_fail_begin();
	do {
		igt_assert(++nth < MOST_ALLOCATIONS);
		vmb_fail_nth(nth);
		ret = vmb_exec_once(dev, w.vm.queue, &cmd, 1);
		vmb_fail_nth(0);
		vmb_ok(vmb_run(dev, w.vm.queue, NULL, 0));
		igt_assert_eq_u64(w.a.cpu[0], ret ? vmb_word(&w.a, 0) : 4711);
		w.a.cpu[0] = vmb_word(&w.a, 0);
		if (ret) {
			igt_assert_eq(ret, -ENOMEM);
			igt_assert(vmb_has_failed());
			failures++;
		}
	} while (vmb_has_failed());
	igt_assert(failures > 3);
	vmb_world_unchanged(&w);
}

/* Rows 21, 23, 24: jobs */

static void killed_queue(struct vmb_dev *dev)
{
	struct vmb_cmd cmd = vmb_write(VMB_DATA, 1);
	uint32_t queue, dead;

	vmb_world_begin(&w, dev);
	queue = vmb_queue(&w.vm, 50);
	dead = stuck_job(queue);
	igt_assert_eq(vmb_done(dev, dead, 0), -ETIMEDOUT);
	vmb_fails(ENODEV, vmb_try_exec(dev, queue, &cmd, 1, w.syncs, 2));
	vmb_world_unchanged(&w);
	vmb_world_works(&w);
}

static void unmapped_address(struct vmb_dev *dev)
{
	struct vmb_cmd cmd = vmb_write(VMB_DATA + 7 * VMB_PAGE + 16, 1);
	uint32_t bad = vmb_syncobj(dev), other;

	vmb_world_begin(&w, dev);
	other = vmb_queue(&w.vm, 0);
	/* The call is fine. */
	vmb_ok(vmb_try_exec(dev, other, &cmd, 1, VMB_SYNCS(vmb_signal(bad, 0))));
	igt_assert_eq(vmb_done(dev, bad, 0), -dev->caps.fault_error);
	vmb_fault_told(&w.vm, cmd.addr, true);
	vmb_world_unchanged(&w);
	cmd.addr = VMB_DATA;
	if (!(dev->caps.features & VMB_FAULT_ALONE))
		other = w.vm.queue;
	vmb_ok(vmb_run(dev, other, &cmd, 1));
	igt_assert_eq_u64(w.a.cpu[0], 1);
}

static void write_to_readonly(struct vmb_dev *dev)
{
	struct vmb_cmd cmd;

	vmb_world_begin(&w, dev);
	VMB_BIND(&w.vm, vmb_map_readonly(&w.b, 0, VMB_DATA + (1 << 30),
					 w.b.size));
	vmb_faults(&w.vm, VMB_DATA + (1 << 30) + 64, true);
	cmd = vmb_fill(VMB_DATA + (1 << 30), w.b.size, 1);
	vmb_job_faults(&w.vm, &cmd, 1);
	vmb_bo_intact(&w.b);
	VMB_BIND(&w.vm, vmb_unmap(VMB_DATA + (1 << 30), w.b.size));
	vmb_world_unchanged(&w);
}

/* Row 25: signals. EINTR is: nothing was done. */

static void signal_in_a_bind(struct vmb_dev *dev)
{
	struct vmb_gate gate;

	vmb_world_begin(&w, dev);
	vmb_gate_create(&gate, dev);
	/* What it has to wait for. */
	vmb_ok(vmb_try_async(&w.vm, NULL, 0,
			     VMB_SYNCS(vmb_wait(gate.syncobj, 0))));
	vmb_signals_begin(15000);
	for (int i = 0; i < 4; i++)
		vmb_fails(EINTR, vmb_bind_once(&w.vm, w.ops, VMB_WORLD_OPS));
	vmb_signals_end();
	vmb_gate_open(&gate, 1);
	vmb_world_unchanged(&w);
	vmb_world_works(&w);
}

/* The library makes the call again, until it is done. */
static void signals_all_the_time(struct vmb_dev *dev)
{
	struct vmb_cmd cmd = vmb_write(VMB_DATA, 0);
	int ret, interrupted = 0;

	vmb_world_begin(&w, dev);
	vmb_signals_begin(5000);
	for (uint64_t i = 0; i < 60; i++) {
		VMB_BIND(&w.vm, vmb_map(&w.b, 0, VMB_DATA + (1 << 30),
					w.b.size));
		VMB_BIND(&w.vm, vmb_unmap(VMB_DATA + (1 << 30), w.b.size));
		/* Done or not, it tells. */
		cmd.value = i;
		ret = vmb_exec_once(dev, w.vm.queue, &cmd, 1);
		igt_assert(!ret || ret == -EINTR);
		interrupted += !!ret;
		if (ret)
			continue;
		vmb_ok(vmb_run(dev, w.vm.queue, NULL, 0));
		igt_assert_eq_u64(w.a.cpu[0], i);
	}
	vmb_signals_end();
	igt_debug("%d jobs were interrupted\n", interrupted);
	w.a.cpu[0] = vmb_word(&w.a, 0);
	vmb_world_unchanged(&w);
}

/* Row 26: no memory for one, enough for all others */

#define CGROUPS "/tmp/vmb-cgroup"
#define GROUP CGROUPS "/vmb"
#define EACH (256 * VMB_PAGE)
#define MOST 12

static void cgroup_end(int signal)
{
	(void)signal;
	for (int i = 0; i < 100 && rmdir(GROUP) && errno == EBUSY; i++)
		usleep(10000);
	umount(CGROUPS);
	rmdir(CGROUPS);
}

static void cgroup_begin(void)
{
	char limit[32];

	mkdir(CGROUPS, 0700);
	igt_require_f(!mount("cgroup2", CGROUPS, "cgroup2", 0, NULL) ||
		      errno == EBUSY, "no cgroups can be mounted\n");
	igt_install_exit_handler(cgroup_end);
	igt_require_f(write_to(CGROUPS "/cgroup.subtree_control", "+memory"),
		      "no cgroups of memory\n");
	igt_assert(!mkdir(GROUP, 0700) || errno == EEXIST);
	snprintf(limit, sizeof(limit), "%llu", MOST * EACH);
	igt_assert(write_to(GROUP "/memory.max", limit));
	write_to(GROUP "/memory.swap.max", "0");
}

/* BOs until there is no memory for the next; what was bound is there. */
static void fill_the_cgroup(void)
{
	struct vmb_dev dev;
	struct vmb_vm vm;
	uint64_t n = 0;
	int ret;

	igt_assert(write_to(GROUP "/cgroup.procs", "0"));
	vmb_open(&dev);
	vmb_vm_create(&vm, &dev);
	do {
		struct vmb_op op = {
			.type = VMB_OP_MAP,
			.addr = VMB_DATA + n * EACH,
			.range = EACH,
		};

		igt_assert(n < MOST);
		vmb_ok(dev.drv->bo_create(dev.fd, EACH, 0, 0, &op.bo));
		ret = vmb_bind1(&vm, op);
		if (ret)
			vmb_ok(vmb_handle_close(&dev, op.bo));
		n += !ret;
	} while (!ret);
	igt_assert_eq(ret, -ENOMEM);
	igt_assert(n > 4);
	vmb_faults(&vm, VMB_DATA + n * EACH, false);
	vmb_ok(vmb_run1(&vm, vmb_write(VMB_DATA + n * EACH - 8, 77)));
	igt_assert_eq_u64(vmb_word_at(&vm, VMB_DATA + n * EACH - 8), 77);
	/* What is given back can be had again. */
	VMB_BIND(&vm, vmb_unmap(VMB_DATA, EACH));
}

static void memory_cgroup(struct vmb_dev *dev)
{
	vmb_world_begin(&w, dev);
	cgroup_begin();
	igt_fork(child, 1)
		fill_the_cgroup();
	/* Meanwhile, others are as ever. */
	for (int i = 0; i < 10; i++)
		vmb_world_unchanged(&w);
	igt_waitchildren();
	vmb_world_unchanged(&w);
	vmb_world_works(&w);
	cgroup_end(0);
}

static const struct vmb_test tests[] = {
	{ "row-03-destroyed-twice", destroyed_twice, "A VM destroyed twice",
	  VMB_VMS },
	{ "row-04-vm-quota", vm_quota, "One VM too many", VMB_VMS },
	{ "row-05-destroyed-with-jobs", destroyed_with_jobs,
	  "A VM destroyed with jobs queued", VMB_WAIT | VMB_VMS },
	{ "row-15-private-bo-exported", private_bo_exported,
	  "Export of a private BO", VMB_PRIVATE | VMB_PRIME },
	{ "row-16-undone", undone, "An operation whose page tables fail",
	  VMB_BREAK | VMB_UNDO },
	{ "row-16-bind-without-memory", bind_without_memory,
	  "Each allocation of a bind fails in its turn" },
	{ "row-22-exec-without-memory", exec_without_memory,
	  "Each allocation of a job fails in its turn" },
	{ "row-17-too-many-syncs", too_many_syncs, "One sync too many",
	  VMB_ASYNC },
	{ "row-20-bind-on-a-destroyed-vm", bind_on_a_destroyed_vm,
	  "A bind in a VM that is gone", VMB_ASYNC | VMB_VMS },
	{ "row-20-exec-on-a-destroyed-vm", exec_on_a_destroyed_vm,
	  "A job in a VM that is gone", VMB_VMS },
	{ "row-20-dead-vm", dead_vm, "Binds and jobs in a VM that died",
	  VMB_BREAK | VMB_ASYNC | VMB_VMS | VMB_FAULT_TOLD },
	{ "row-21-killed-queue", killed_queue, "A job for a killed queue",
	  VMB_TIMEOUT | VMB_WAIT },
	{ "row-23-unmapped-address", unmapped_address,
	  "A job that writes where nothing is", VMB_FAULT },
	{ "row-24-readonly", write_to_readonly,
	  "A job that writes what is read-only", VMB_FAULT | VMB_READONLY },
	{ "row-25-signal-in-a-bind", signal_in_a_bind,
	  "A signal while a bind waits", VMB_ASYNC | VMB_WAIT },
	{ "row-25-signals-all-the-time", signals_all_the_time,
	  "Signals, whatever is being done" },
	{ "row-26-memory-cgroup", memory_cgroup,
	  "A program at the limit of its cgroup" },
};

VMB_MAIN()
{
	vmb_subtests(tests, ARRAY_SIZE(tests));

	for (uint32_t bad = 0; bad < OPS; bad++) {
		igt_describe("One bad operation of 16: nothing is done, no sync touched");
		igt_subtest_f("row-16-operation-%u", bad) {
			struct vmb_dev dev;

			vmb_begin(&dev);
			one_of_many(&dev, bad);
			vmb_end(&dev);
		}
	}
}
