// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What the engine must not reach: the access faults, its job says so, and
 * nobody else notices.
 */
#include <sys/mman.h>

#include "vmb_model.h"

IGT_TEST_DESCRIPTION("Faults of the engine, and what they leave alone");

struct fixture {
	struct vmb_vm vm;
	struct vmb_bo a, b;
};

static void begin(struct fixture *f, struct vmb_dev *dev)
{
	vmb_vm_create(&f->vm, dev);
	vmb_bo_create(&f->a, dev, 16 * VMB_PAGE, 0, 0, 1);
	vmb_bo_create(&f->b, dev, 16 * VMB_PAGE, 0, 0, 2);
	VMB_BIND(&f->vm, vmb_map(&f->a, 0, VMB_DATA, f->a.size));
}

#define HOLE (VMB_DATA + (1 << 28))

/* Each address of each command. */
static void access_faults(struct vmb_dev *dev, struct vmb_cmd cmd, bool write)
{
	struct vmb_cmd cmds[2];
	struct fixture f;

	begin(&f, dev);
	cmds[0] = cmd;
	/* What follows a fault does not run. */
	cmds[1] = vmb_write(VMB_DATA + 8, 1);
	vmb_job_faults(&f.vm, cmds, 2);
	vmb_fault_told(&f.vm, HOLE, write);
	if (dev->caps.features & VMB_FAULT_TOLD)
		igt_assert_eq_u64(vmb_report(&f.vm).faults, 1);
	igt_assert(!vmb_report(&f.vm).dead);
	vmb_bo_intact(&f.a);
}

static const struct {
	const char *name;
	struct vmb_cmd cmd;
	bool write;
} accesses[] = {
	{ "fill", { VMB_CMD_FILL, .addr = HOLE, .size = 64 }, true },
	{ "copy-to", { VMB_CMD_COPY, .addr = HOLE, .src = VMB_DATA,
		       .size = 64 }, true },
	{ "copy-from", { VMB_CMD_COPY, .addr = VMB_DATA, .src = HOLE,
			 .size = 64 }, false },
	{ "write", { VMB_CMD_WRITE, .addr = HOLE }, true },
	{ "wait", { VMB_CMD_WAIT, .addr = HOLE }, false },
};

static void first_address_of_a_hole(struct vmb_dev *dev)
{
	struct vmb_cmd cmd;
	struct fixture f;

	begin(&f, dev);
	VMB_BIND(&f.vm, vmb_unmap(VMB_DATA + 5 * VMB_PAGE, VMB_PAGE));
	cmd = vmb_fill(VMB_DATA + 64, 8 * VMB_PAGE, 0x77777777);
	vmb_job_faults(&f.vm, &cmd, 1);
	vmb_fault_told(&f.vm, VMB_DATA + 5 * VMB_PAGE, true);
	igt_assert_eq_u64(f.a.cpu[5 * VMB_PAGE / 8 - 1], 0x7777777777777777);
	igt_assert_eq_u64(f.a.cpu[5 * VMB_PAGE / 8],
			  vmb_word(&f.a, 5 * VMB_PAGE));
	igt_assert_eq_u64(f.a.cpu[6 * VMB_PAGE / 8],
			  vmb_word(&f.a, 6 * VMB_PAGE));
}

/* Wider than the page tables: not the same as the address cut short. */
static void address_too_wide(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	vmb_faults(&f.vm, dev->caps.va_end, false);
	vmb_faults(&f.vm, dev->caps.va_end + VMB_DATA, false);
	vmb_faults(&f.vm, dev->caps.va_end + VMB_DATA, true);
	vmb_faults(&f.vm, -8ull, true);
	vmb_bo_intact(&f.a);
}

static void write_through_readonly(struct vmb_dev *dev)
{
	struct vmb_cmd cmd;
	struct fixture f;

	begin(&f, dev);
	VMB_BIND(&f.vm, vmb_map_readonly(&f.a, 0, VMB_DATA, f.a.size));
	vmb_faults(&f.vm, VMB_DATA + 24, true);
	cmd = vmb_fill(VMB_DATA, VMB_PAGE, 1);
	vmb_job_faults(&f.vm, &cmd, 1);
	cmd = vmb_copy(VMB_DATA, VMB_WINDOW, 64);
	vmb_job_faults(&f.vm, &cmd, 1);
	vmb_bo_intact(&f.a);
	vmb_shows(&f.vm, VMB_DATA, f.a.size, &f.a, 0);
}

/* The job behind it in the same queue is not thrown away. */
static void next_job_runs(struct vmb_dev *dev)
{
	uint32_t bad = vmb_syncobj(dev), good = vmb_syncobj(dev);
	struct vmb_cmd cmds[] = {
		vmb_write(VMB_DATA - 8, 1), vmb_write(VMB_DATA, 42),
	};
	struct vmb_gate gate;
	struct fixture f;

	begin(&f, dev);
	vmb_gate_create(&gate, dev);
	vmb_ok(vmb_try_exec(dev, f.vm.queue, &cmds[0], 1,
			    VMB_SYNCS(vmb_wait(gate.syncobj, 0),
				      vmb_signal(bad, 0))));
	vmb_ok(vmb_try_exec(dev, f.vm.queue, &cmds[1], 1,
			    VMB_SYNCS(vmb_signal(good, 0))));
	vmb_gate_open(&gate, 1);
	vmb_has_faulted(&f.vm, bad);
	vmb_ok(vmb_done(dev, good, 0));
	igt_assert_eq_u64(f.a.cpu[0], 42);
}

static void other_queues_go_on(struct vmb_dev *dev)
{
	uint32_t bad = vmb_syncobj(dev), good = vmb_syncobj(dev), second;
	struct vmb_cmd wait[] = {
		vmb_wait_word(VMB_DATA, VMB_LATER),
		vmb_write(VMB_DATA + 8, 42),
	};
	struct vmb_cmd wrong = vmb_write(VMB_DATA - 8, 1);
	struct fixture f;

	begin(&f, dev);
	second = vmb_queue(&f.vm, 0);
	vmb_ok(vmb_try_exec(dev, second, wait, 2,
			    VMB_SYNCS(vmb_signal(good, 0))));
	vmb_ok(vmb_try_exec(dev, f.vm.queue, &wrong, 1,
			    VMB_SYNCS(vmb_signal(bad, 0))));
	vmb_has_faulted(&f.vm, bad);
	vmb_pending(dev, good, 0);
	vmb_ok(vmb_run1(&f.vm, vmb_write(VMB_DATA, VMB_LATER)));
	vmb_ok(vmb_done(dev, good, 0));
	igt_assert_eq_u64(f.a.cpu[1], 42);
}

static void other_vms_go_on(struct vmb_dev *dev)
{
	struct vmb_vm other;
	struct fixture f;

	begin(&f, dev);
	vmb_vm_create(&other, dev);
	VMB_BIND(&other, vmb_map(&f.b, 0, VMB_DATA, f.b.size));
	for (int i = 0; i < 5; i++) {
		vmb_faults(&f.vm, HOLE + i * VMB_PAGE, i & 1);
		vmb_shows(&other, VMB_DATA, f.b.size, &f.b, 0);
		vmb_shows(&f.vm, VMB_DATA, f.a.size, &f.a, 0);
	}
	igt_assert_eq_u64(vmb_report(&other).faults, 0);
}

/* A job waits for a word of memory that goes: it faults and writes nowhere. */
static void unmapped_under_a_job(struct vmb_dev *dev)
{
	/* Each round has a VM. */
	int rounds = dev->caps.features & VMB_VMS ? 4 : 1;

	for (int i = 0; i < rounds; i++) {
		struct vmb_cmd cmds[] = {
			vmb_wait_word(VMB_DATA, VMB_LATER),
			vmb_fill(VMB_DATA, 16 * VMB_PAGE, 0xdeadbeef),
		};
		uint32_t done = vmb_syncobj(dev), fresh;
		struct fixture f;
		uint64_t *cpu;

		begin(&f, dev);
		vmb_ok(vmb_try_exec(dev, f.vm.queue, cmds, 2,
				    VMB_SYNCS(vmb_signal(done, 0))));
		vmb_pending(dev, done, 0);
		vmb_bo_close(&f.a);
		VMB_BIND(&f.vm, vmb_unmap(VMB_DATA, 16 * VMB_PAGE));
		/* Whoever gets these pages next must not be hit. */
		vmb_ok(dev->drv->bo_create(dev->fd, 16 * VMB_PAGE, 0, 0,
					   &fresh));
		cpu = vmb_bo_map(dev, fresh, 16 * VMB_PAGE);
		vmb_has_faulted(&f.vm, done);
		for (unsigned int w = 0; w < 16 * VMB_PAGE / 8; w++)
			igt_assert_eq_u64(cpu[w], 0);
		vmb_fault_told(&f.vm, VMB_DATA, false);
	}
}

/* Closed with a job in flight: freed behind the job, which ends well. */
static void handle_closed_under_a_job(struct vmb_dev *dev)
{
	uint32_t done = vmb_syncobj(dev), gone = vmb_syncobj(dev);
	struct vmb_op op = vmb_unmap(VMB_DATA, 16 * VMB_PAGE);
	struct vmb_cmd cmds[] = {
		vmb_fill(VMB_DATA, 16 * VMB_PAGE, 0xdeadbeef),
		vmb_copy(VMB_WINDOW, VMB_DATA, 16 * VMB_PAGE),
	};
	struct vmb_gate gate;
	struct fixture f;

	begin(&f, dev);
	vmb_gate_create(&gate, dev);
	vmb_ok(vmb_try_exec(dev, f.vm.queue, cmds, 2,
			    VMB_SYNCS(vmb_wait(gate.syncobj, 0),
				      vmb_signal(done, 0))));
	vmb_ok(vmb_try_async(&f.vm, &op, 1, VMB_SYNCS(vmb_wait(done, 0),
						      vmb_signal(gone, 0))));
	vmb_bo_close(&f.a);
	vmb_gate_open(&gate, 1);
	vmb_ok(vmb_done(dev, done, 0));
	vmb_ok(vmb_done(dev, gone, 0));
	for (unsigned int w = 0; w < 16 * VMB_PAGE / 8; w++)
		igt_assert_eq_u64(f.vm.window.cpu[w], 0xdeadbeefdeadbeef);
	vmb_unmapped(&f.vm, VMB_DATA, VMB_PAGE);
}

static const struct vmb_test tests[] = {
	{ "first-address-of-a-hole", first_address_of_a_hole,
	  "Told is where the hole begins, and all before it is done",
	  VMB_FAULT },
	{ "address-too-wide", address_too_wide,
	  "Addresses that no page table has", VMB_FAULT },
	{ "write-through-readonly", write_through_readonly,
	  "No command writes through a read-only mapping",
	  VMB_FAULT | VMB_READONLY },
	{ "next-job-runs", next_job_runs, "A fault ends one job only",
	  VMB_FAULT | VMB_FAULT_ALONE | VMB_WAIT },
	{ "other-queues-go-on", other_queues_go_on,
	  "Other queues do not notice", VMB_FAULT | VMB_WAIT },
	{ "other-vms-go-on", other_vms_go_on, "Other VMs do not notice",
	  VMB_FAULT | VMB_VMS },
	{ "unmapped-under-a-job", unmapped_under_a_job,
	  "Memory goes while a job reads it", VMB_FAULT | VMB_WAIT },
	{ "handle-closed-under-a-job", handle_closed_under_a_job,
	  "A job keeps what it uses",
	  VMB_FAULT | VMB_ASYNC | VMB_WAIT },
};

VMB_MAIN()
{
	vmb_subtests(tests, ARRAY_SIZE(tests));

	for (unsigned int i = 0; i < ARRAY_SIZE(accesses); i++) {
		igt_describe("One access of one command to what is not mapped");
		igt_subtest_f("access-%s", accesses[i].name) {
			struct vmb_dev dev;

			vmb_begin(&dev);
			vmb_need(&dev, VMB_FAULT);
			if (accesses[i].cmd.type == VMB_CMD_WAIT)
				vmb_need(&dev, VMB_WAIT);
			access_faults(&dev, accesses[i].cmd, accesses[i].write);
			vmb_end(&dev);
		}
	}
}
