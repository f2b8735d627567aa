// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * More memory than there is: BOs lose theirs, and have it back with all that was
 * in it when a job or the CPU wants it. Nobody sees that but in the statistics.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include <xf86drm.h>

#include "vmb_model.h"

IGT_TEST_DESCRIPTION("Eviction of BOs, and more of them than fit");

#define BOS 3
#define SIZE (64 * VMB_PAGE)

/* A VM with some BOs, one behind the other. */
struct tenant {
	struct vmb_vm vm;
	struct vmb_bo bo[BOS];
	uint64_t size;
};

static void tenant_create(struct tenant *t, struct vmb_dev *dev, uint64_t size,
			  uint32_t flags, bool private, uint32_t seed)
{
	vmb_vm_create(&t->vm, dev);
	t->size = size;
	for (uint32_t i = 0; i < BOS; i++) {
		vmb_bo_create(&t->bo[i], dev, size, flags,
			      private ? t->vm.id : 0, seed + i);
		VMB_BIND(&t->vm, vmb_map(&t->bo[i], 0, VMB_DATA + i * size,
					 size));
	}
}

/* Every byte, then stores that the CPU sees. */
static void tenant_works(struct tenant *t)
{
	for (uint32_t i = 0; i < BOS; i++) {
		uint64_t addr = VMB_DATA + i * t->size;

		vmb_shows(&t->vm, addr, t->size, &t->bo[i], 0);
		vmb_reaches(&t->vm, addr + 5 * VMB_PAGE, 2 * VMB_PAGE,
			    &t->bo[i], 5 * VMB_PAGE);
	}
}

/* Two that want twice as much as there is, in turn. */
static void overcommit(struct vmb_dev *dev, uint64_t size, uint32_t flags,
		       bool private)
{
	struct vmb_memory before, now;
	struct tenant one, two;

	vmb_limit(dev, vmb_memory(dev).resident + VMB_WINDOW_SIZE + 4 * size);
	tenant_create(&one, dev, size, flags, private, 1);
	tenant_create(&two, dev, size, flags, private, 11);
	before = vmb_memory(dev);
	for (int round = 0; round < 3; round++) {
		tenant_works(&one);
		tenant_works(&two);
	}
	now = vmb_memory(dev);
	/* Both have most of it in each round. */
	igt_assert_lte(5 * BOS, now.evicted - before.evicted);
	igt_assert_lte(5 * BOS, now.restored - before.restored);
	for (int i = 0; i < BOS; i++) {
		vmb_bo_intact(&one.bo[i]);
		vmb_bo_intact(&two.bo[i]);
	}
}

static void private_bos(struct vmb_dev *dev)
{
	overcommit(dev, SIZE, 0, true);
}

static void shared_bos(struct vmb_dev *dev)
{
	overcommit(dev, SIZE, 0, false);
}

static void huge_bos(struct vmb_dev *dev)
{
	overcommit(dev, dev->caps.huge_page, VMB_BO_HUGE, false);
}

/* Evicted in both at once, back in each when that wants it. */
static void in_two_vms(struct vmb_dev *dev)
{
	struct vmb_vm one, two;
	struct vmb_bo bo;

	vmb_vm_create(&one, dev);
	vmb_vm_create(&two, dev);
	vmb_bo_create(&bo, dev, SIZE, 0, 0, 1);
	VMB_BIND(&one, vmb_map(&bo, 0, VMB_DATA, SIZE));
	VMB_BIND(&two, vmb_map(&bo, 0, VMB_DATA + VMB_PAGE, SIZE));
	for (int round = 0; round < 4; round++) {
		vmb_evict_all(dev);
		vmb_shows(&one, VMB_DATA, SIZE, &bo, 0);
		if (round == 1)
			continue;
		vmb_shows(&two, VMB_DATA + VMB_PAGE, SIZE, &bo, 0);
		vmb_reaches(&two, VMB_DATA + VMB_PAGE, SIZE, &bo, 0);
	}
}

/* Of every kind, cut, while nothing of it is there. */
static void all_kinds(struct vmb_dev *dev)
{
	struct vmb_bo a, b, huge;
	struct vmb_model *m;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&a, dev, 64 * VMB_PAGE, 0, 0, 1);
	vmb_bo_create(&b, dev, 16 * VMB_PAGE, 0, vm.id, 2);
	vmb_bo_create(&huge, dev, dev->caps.huge_page, VMB_BO_HUGE, 0, 3);
	m = vmb_model(&vm, VMB_DATA, 1024);
	vmb_model_map(m, 0, 64, &a, 0);
	vmb_model_sparse(m, 64, 64);
	vmb_model_repeat(m, 128, 64, &b, 2, 5);
	vmb_model_map_readonly(m, 200, 16, &a, 9);
	vmb_model_map(m, 512, 512, &huge, 0);
	vmb_model_apply(m);
	vmb_evict_all(dev);
	vmb_model_check(m);
	for (uint32_t i = 0; i < 4; i++) {
		vmb_evict_all(dev);
		vmb_model_unmap(m, 10 + 50 * i, 5);
		vmb_model_map(m, 40 + 50 * i, 6, &b, 3);
		vmb_model_unmap(m, 600 + 100 * i, 1 + i);
		vmb_model_bind(m);
		vmb_model_check(m);
	}
	vmb_evict_all(dev);
	vmb_model_end(m);
}

/* What the CPU has mapped leads to the memory that the BO has, not had. */
static void cpu_follows(struct vmb_dev *dev, uint64_t size, uint32_t flags)
{
	struct vmb_bo bo, other;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, size, flags, 0, 1);
	VMB_BIND(&vm, vmb_map(&bo, 0, VMB_DATA, size));
	for (uint64_t i = 0; i < 6; i++) {
		uint64_t at = i * 9 * VMB_PAGE / 8;

		vmb_evict_all(dev);
		bo.cpu[at] = i;
		igt_assert_eq_u64(vmb_word_at(&vm, VMB_DATA + 8 * at), i);
		vmb_evict_all(dev);
		/* Takes the very memory, lest the BO gets it back. */
		vmb_bo_create(&other, dev, size, flags, 0, 2);
		vmb_ok(vmb_run1(&vm, vmb_write(VMB_DATA + 8 * at, ~i)));
		igt_assert_eq_u64(bo.cpu[at], ~i);
		bo.cpu[at] = vmb_word(&bo, 8 * at);
	}
	vmb_bo_intact(&bo);
}

static void mapped_by_the_cpu(struct vmb_dev *dev)
{
	cpu_follows(dev, SIZE, 0);
}

/* Of small pages the kernel may keep the very same ones; not of these. */
static void huge_mapped_by_the_cpu(struct vmb_dev *dev)
{
	cpu_follows(dev, dev->caps.huge_page, VMB_BO_HUGE);
}

static void drop_caches(char what)
{
	int file = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	igt_require_f(file >= 0, "not allowed to make the kernel reclaim\n");
	/* 4: without a line about it in the kernel's log. */
	igt_assert(pwrite(file, "4", 1, 0) == 1);
	igt_assert(pwrite(file, &what, 1, 0) == 1);
	close(file);
}

/* What only the engine wrote is no clean page, which could be dropped. */
static void written_by_the_engine(struct vmb_dev *dev)
{
	struct vmb_op op = {
		.type = VMB_OP_MAP,
		.addr = VMB_DATA,
		.range = SIZE,
	};
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_ok(dev->drv->bo_create(dev->fd, SIZE, 0, 0, &op.bo));
	vmb_ok(vmb_bind1(&vm, op));
	vmb_ok(vmb_run1(&vm, vmb_fill(VMB_DATA, SIZE, 0xabcd)));
	vmb_evict_all(dev);
	drop_caches('3');
	for (uint64_t at = 0; at < SIZE; at += VMB_PAGE)
		igt_assert_eq_u64(vmb_word_at(&vm, VMB_DATA + at),
				  0x0000abcd0000abcdull);
}

/* It is waited for, not taken away under the job. */
static void in_use(struct vmb_dev *dev)
{
	uint32_t done = vmb_syncobj(dev);
	struct vmb_bo bo, wanted;
	struct vmb_vm busy, other;
	struct vmb_gate gate;
	struct vmb_cmd cmd;

	vmb_vm_create(&busy, dev);
	vmb_vm_create(&other, dev);
	vmb_bo_create(&bo, dev, SIZE, 0, 0, 1);
	vmb_bo_create(&wanted, dev, SIZE, 0, 0, 2);
	VMB_BIND(&busy, vmb_map(&bo, 0, VMB_DATA, SIZE));
	vmb_evict_all(dev);
	vmb_gate_create(&gate, dev);
	cmd = vmb_copy(VMB_WINDOW, VMB_DATA, SIZE);
	vmb_ok(vmb_try_exec(dev, busy.queue, &cmd, 1,
			    VMB_SYNCS(vmb_wait(gate.syncobj, 0),
				      vmb_signal(done, 0))));
	vmb_limit(dev, vmb_memory(dev).resident + SIZE - VMB_PAGE);
	igt_fork(child, 1) {
		vmb_sleep_ms(100);
		vmb_gate_open(&gate, 1);
	}
	VMB_BIND(&other, vmb_map(&wanted, 0, VMB_DATA, SIZE));
	igt_waitchildren();
	vmb_ok(vmb_done(dev, done, 0));
	igt_assert(!memcmp(busy.window.cpu, bo.cpu, SIZE));
	vmb_shows(&other, VMB_DATA, SIZE, &wanted, 0);
}

/* Jobs of three VMs, queued one behind the other, of which two fit. */
static void jobs_in_flight(struct vmb_dev *dev)
{
	enum { VMS = 3, ROUNDS = 12 };
	uint32_t done[VMS];
	struct tenant t[VMS];

	for (int i = 0; i < VMS; i++) {
		done[i] = vmb_syncobj(dev);
		tenant_create(&t[i], dev, SIZE, 0, i & 1, 10 * i + 1);
	}
	vmb_limit(dev, 2 * (VMB_WINDOW_SIZE + BOS * SIZE));
	for (uint64_t round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < VMS; i++) {
			struct vmb_cmd cmd =
				vmb_copy(VMB_WINDOW + round * VMB_PAGE,
					 VMB_DATA + (round % BOS) * SIZE +
					 round * VMB_PAGE, VMB_PAGE);

			vmb_ok(vmb_try_exec(dev, t[i].vm.queue, &cmd, 1,
					    VMB_SYNCS(vmb_signal(done[i], 0))));
		}
	}
	for (int i = 0; i < VMS; i++) {
		vmb_ok(vmb_done(dev, done[i], 0));
		for (uint64_t round = 0; round < ROUNDS; round++)
			igt_assert(!memcmp(t[i].vm.window.cpu +
					   round * VMB_PAGE / 8,
					   t[i].bo[round % BOS].cpu +
					   round * VMB_PAGE / 8, VMB_PAGE));
	}
}

/* Binds of what is out, which wait for something else. */
static void queued_meanwhile(struct vmb_dev *dev)
{
	uint32_t done = vmb_syncobj(dev);
	struct vmb_gate gate;
	struct tenant t;
	struct vmb_op op;

	tenant_create(&t, dev, SIZE, 0, false, 1);
	vmb_evict_all(dev);
	vmb_gate_create(&gate, dev);
	op = vmb_map(&t.bo[1], 0, VMB_DATA + BOS * SIZE, SIZE);
	vmb_ok(vmb_try_async(&t.vm, &op, 1, VMB_SYNCS(vmb_wait(gate.syncobj, 0))));
	op = vmb_unmap(VMB_DATA, 2 * SIZE);
	vmb_ok(vmb_try_async(&t.vm, &op, 1, VMB_SYNCS(vmb_signal(done, 0))));
	vmb_gate_open(&gate, 1);
	vmb_ok(vmb_done(dev, done, 0));
	vmb_evict_all(dev);
	vmb_shows(&t.vm, op.addr + BOS * SIZE, SIZE, &t.bo[1], 0);
	vmb_shows(&t.vm, op.addr + 2 * SIZE, SIZE, &t.bo[2], 0);
	vmb_unmapped(&t.vm, VMB_DATA, VMB_PAGE);
}

/* BOs, VMs and files go while they have no memory. */
static void freed_meanwhile(struct vmb_dev *dev)
{
	struct vmb_dev second;
	struct tenant t, u;

	tenant_create(&t, dev, SIZE, 0, false, 1);
	vmb_evict_all(dev);
	VMB_BIND(&t.vm, vmb_unmap(VMB_DATA, SIZE));
	vmb_bo_close(&t.bo[0]);
	/* Its mapping is all that keeps it. */
	vmb_bo_close(&t.bo[1]);
	vmb_unmapped(&t.vm, VMB_DATA, VMB_PAGE);
	vmb_shows(&t.vm, VMB_DATA + SIZE, SIZE, &t.bo[1], 0);
	vmb_evict_all(dev);
	vmb_vm_destroy(&t.vm);
	vmb_bo_intact(&t.bo[2]);

	vmb_open(&second);
	tenant_create(&u, &second, SIZE, 0, true, 11);
	vmb_evict_all(dev);
	vmb_close(&second);
	tenant_create(&t, dev, SIZE, 0, true, 21);
	tenant_works(&t);
}

/* What does not fit even alone is refused, and nothing has changed. */
static void too_much(struct vmb_dev *dev)
{
	struct vmb_cmd cmd = vmb_write(VMB_DATA, 4711);
	struct vmb_report before, now;
	struct vmb_bo large;
	struct vmb_op op;
	struct tenant t;

	tenant_create(&t, dev, SIZE, 0, false, 1);
	vmb_bo_create(&large, dev, 4 * SIZE, 0, 0, 9);
	op = vmb_map(&large, 0, VMB_DATA + BOS * SIZE, large.size);
	before = vmb_report(&t.vm);

	/* A BO that is larger than what there is. */
	vmb_evict_all(dev);
	vmb_limit(dev, 2 * SIZE);
	vmb_fails(ENOMEM, vmb_bind1(&t.vm, op));
	vmb_fails(ENOMEM, vmb_try_async(&t.vm, &op, 1, NULL, 0));
	vmb_limit(dev, 0);
	tenant_works(&t);
	now = vmb_report(&t.vm);
	igt_assert_eq_u64(now.mappings, before.mappings);
	igt_assert_eq_u64(now.small, before.small);
	igt_assert(!now.dead);

	/* A VM that is. */
	vmb_ok(vmb_bind1(&t.vm, op));
	vmb_evict_all(dev);
	vmb_limit(dev, VMB_WINDOW_SIZE + 5 * SIZE);
	vmb_fails(ENOMEM, vmb_try_exec(dev, t.vm.queue, &cmd, 1, NULL, 0));
	vmb_limit(dev, 0);
	tenant_works(&t);
	vmb_shows(&t.vm, op.addr, large.size, &large, 0);
	vmb_reaches(&t.vm, op.addr, large.size, &large, 0);
}

/* Whoever waits for room can be interrupted, and has changed nothing. */
static void interrupted(struct vmb_dev *dev)
{
	struct vmb_bo wanted;
	struct vmb_gate gate;
	struct vmb_op op;
	struct tenant t;

	tenant_create(&t, dev, SIZE, 0, false, 1);
	vmb_bo_create(&wanted, dev, SIZE, 0, 0, 9);
	vmb_evict_all(dev);
	/* What that has is in use, and a page too much. */
	vmb_gate_create(&gate, dev);
	vmb_limit(dev, vmb_memory(dev).resident + SIZE - VMB_PAGE);
	op = vmb_map(&wanted, 0, VMB_DATA + BOS * SIZE, SIZE);
	vmb_signals_begin(30000);
	igt_assert_eq(vmb_bind_once(&t.vm, &op, 1), -EINTR);
	vmb_signals_end();
	vmb_limit(dev, 0);
	vmb_faults(&t.vm, op.addr, false);
	tenant_works(&t);
	vmb_gate_open(&gate, 1);
	vmb_ok(vmb_bind1(&t.vm, op));
	vmb_shows(&t.vm, op.addr, SIZE, &wanted, 0);
}

/* The kernel is short of memory. */
static void shrinker(struct vmb_dev *dev)
{
	struct vmb_memory before;
	struct tenant one, two;

	tenant_create(&one, dev, SIZE, 0, true, 1);
	tenant_create(&two, dev, SIZE, 0, false, 11);
	vmb_shrink(dev);
	for (int round = 0; round < 3; round++) {
		before = vmb_memory(dev);
		drop_caches('2');
		igt_assert_lte(2 * BOS, vmb_memory(dev).evicted - before.evicted);
		tenant_works(&one);
		tenant_works(&two);
	}
}

/* One BO, which another file has as well: it goes and comes for both. */
static void two_files(struct vmb_dev *dev)
{
	struct vmb_dev second;
	struct vmb_bo bo;
	struct vmb_op op;
	struct tenant t;
	int dmabuf;

	vmb_open(&second);
	vmb_bo_create(&bo, &second, SIZE, 0, 0, 9);
	igt_assert(!drmPrimeHandleToFD(second.fd, bo.handle,
				       DRM_CLOEXEC | DRM_RDWR, &dmabuf));
	tenant_create(&t, dev, SIZE, 0, false, 1);
	op = vmb_map(&bo, 0, VMB_DATA + BOS * SIZE, SIZE);
	igt_assert(!drmPrimeFDToHandle(dev->fd, dmabuf, &op.bo));
	close(dmabuf);
	vmb_ok(vmb_bind1(&t.vm, op));
	for (int i = 0; i < 3; i++) {
		vmb_evict_all(dev);
		vmb_shows(&t.vm, op.addr, SIZE, &bo, 0);
		vmb_reaches(&t.vm, op.addr, SIZE, &bo, 0);
	}
	vmb_bo_intact(&bo);
	vmb_bo_unmap(&bo);
	vmb_close(&second);
	vmb_evict_all(dev);
	vmb_shows(&t.vm, op.addr, SIZE, &bo, 0);
}

/* Processes of which half fit, all at once. */
static void many_at_once(struct vmb_dev *dev)
{
	enum { PROCESSES = 3 };
	struct vmb_memory before = vmb_memory(dev);

	vmb_limit(dev, before.resident + 3 * (VMB_WINDOW_SIZE + BOS * SIZE) / 2);
	igt_fork(child, PROCESSES) {
		struct vmb_dev own;
		struct tenant t;

		vmb_open(&own);
		tenant_create(&t, &own, SIZE, 0, child & 1, 10 * child + 1);
		for (int round = 0; round < 4; round++) {
			VMB_BIND(&t.vm, vmb_map(&t.bo[0], round * VMB_PAGE,
						VMB_DATA + BOS * SIZE,
						8 * VMB_PAGE));
			tenant_works(&t);
			vmb_shows(&t.vm, VMB_DATA + BOS * SIZE, 8 * VMB_PAGE,
				  &t.bo[0], round * VMB_PAGE);
		}
	}
	igt_waitchildren();
	igt_assert_lte(PROCESSES, vmb_memory(dev).evicted - before.evicted);
}

static const struct vmb_test tests[] = {
	{ "overcommit-private", private_bos,
	  "Two VMs of which one fits, with BOs of their own",
	  VMB_LIMIT | VMB_PRIVATE },
	{ "overcommit-shared", shared_bos, "With BOs that can be shared",
	  VMB_LIMIT },
	{ "overcommit-huge", huge_bos, "With huge pages", VMB_LIMIT | VMB_HUGE },
	{ "in-two-vms", in_two_vms, "A BO that two VMs have", VMB_LIMIT },
	{ "all-kinds", all_kinds, "Mappings of all kinds, cut while they are out",
	  VMB_LIMIT | VMB_SPARSE | VMB_REPEAT | VMB_READONLY | VMB_HUGE |
	  VMB_PRIVATE },
	{ "mapped-by-the-cpu", mapped_by_the_cpu,
	  "The CPU's mapping follows the BO", VMB_LIMIT },
	{ "huge-mapped-by-the-cpu", huge_mapped_by_the_cpu,
	  "That of a BO of large pages, too", VMB_LIMIT | VMB_HUGE },
	{ "written-by-the-engine", written_by_the_engine,
	  "What the engine wrote is kept", VMB_LIMIT },
	{ "in-use", in_use, "A BO that a job uses is waited for",
	  VMB_LIMIT | VMB_WAIT },
	{ "jobs-in-flight", jobs_in_flight,
	  "Jobs of several VMs, more than fit at once", VMB_LIMIT | VMB_PRIVATE },
	{ "queued-meanwhile", queued_meanwhile,
	  "Binds are queued while their BOs are out",
	  VMB_LIMIT | VMB_ASYNC | VMB_WAIT },
	{ "freed-meanwhile", freed_meanwhile,
	  "BOs, VMs and files are closed while BOs are out", VMB_LIMIT },
	{ "too-much", too_much, "What does not fit even alone",
	  VMB_LIMIT | VMB_COUNTS | VMB_ASYNC },
	{ "interrupted", interrupted, "A signal while it waits for room",
	  VMB_LIMIT | VMB_WAIT },
	{ "shrinker", shrinker, "The kernel reclaims memory",
	  VMB_LIMIT | VMB_PRIVATE },
	{ "two-files", two_files, "A BO that two files have",
	  VMB_LIMIT | VMB_PRIME },
	{ "many-at-once", many_at_once, "Processes that want more than there is",
	  VMB_LIMIT | VMB_PRIVATE },
};

VMB_MAIN()
{
	vmb_subtests(tests, ARRAY_SIZE(tests));
}
