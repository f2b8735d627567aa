// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Memory of the process, bound for the engine, and what becomes of it when the
 * process does something to it: each time the engine and the process must see
 * the same, or the engine must fault.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <xf86drm.h>

#include "vmb_left.h"
#include "vmb_model.h"

IGT_TEST_DESCRIPTION("Memory of the process, and its invalidation");

#define PAGES 16
#define SIZE (PAGES * VMB_PAGE)
#define OTHER (VMB_DATA + (1ull << 28))

struct fixture {
	struct vmb_vm vm;
	struct vmb_bo user;
};

static char *address(const struct vmb_bo *bo, uint64_t page)
{
	return (char *)bo->cpu + page * VMB_PAGE;
}

/* Bound at VMB_DATA, and used, so that the engine has it in its TLB. */
static void begin(struct fixture *f, struct vmb_dev *dev)
{
	vmb_vm_create(&f->vm, dev);
	vmb_bo_user(&f->user, dev, SIZE, 1);
	/* Subtests take parts of it away. */
	vmb_left_no_mapping(f->user.cpu);
	VMB_BIND(&f->vm, vmb_map(&f->user, 0, VMB_DATA, SIZE));
	vmb_shows(&f->vm, VMB_DATA, SIZE, &f->user, 0);
}

/* Both directions, a page of it or more. */
static void same(struct fixture *f, uint64_t page, uint64_t count)
{
	uint64_t addr = VMB_DATA + page * VMB_PAGE;

	vmb_shows(&f->vm, addr, count * VMB_PAGE, &f->user, page * VMB_PAGE);
	vmb_reaches(&f->vm, addr, count * VMB_PAGE, &f->user, page * VMB_PAGE);
}

/* Written again, where it is zero now. */
static void refill(struct fixture *f, uint64_t page, uint64_t count)
{
	uint64_t first = page * VMB_PAGE / 8;

	for (uint64_t i = first; i < first + count * VMB_PAGE / 8; i++) {
		igt_assert_eq_u64(f->user.cpu[i], 0);
		f->user.cpu[i] = vmb_word(&f->user, 8 * i);
	}
}

static void both_ways(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	same(&f, 0, PAGES);
	vmb_faults(&f.vm, VMB_DATA + SIZE, false);
	VMB_BIND(&f.vm, vmb_unmap(VMB_DATA, SIZE));
	vmb_unmapped(&f.vm, VMB_DATA, SIZE);
	vmb_bo_intact(&f.user);
}

static void model(struct vmb_dev *dev)
{
	struct vmb_model *m;
	struct vmb_bo user, bo;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_user(&user, dev, 64 * VMB_PAGE, 1);
	vmb_bo_create(&bo, dev, 16 * VMB_PAGE, 0, 0, 2);
	m = vmb_model(&vm, VMB_DATA, 64);
	vmb_model_map(m, 0, 64, &user, 0);
	vmb_model_unmap(m, 20, 4);
	vmb_model_map(m, 30, 8, &bo, 3);
	vmb_model_map(m, 50, 4, &user, 7);
	vmb_model_apply(m);
	/* The same memory twice, and in the pieces of others. */
	vmb_model_map(m, 33, 2, &user, 33);
	vmb_model_map(m, 0, 8, &bo, 0);
	vmb_model_apply(m);
	igt_assert(!madvise(user.cpu, user.size, MADV_DONTNEED));
	vmb_bo_fill(&user);
	vmb_model_check(m);
	vmb_model_end(m);
}

static void readonly(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	VMB_BIND(&f.vm, vmb_map_readonly(&f.user, 0, OTHER, SIZE));
	vmb_shows(&f.vm, OTHER, SIZE, &f.user, 0);
	vmb_faults(&f.vm, OTHER + 8, true);
	/* Of what the process may not write itself, nothing else can be had. */
	VMB_BIND(&f.vm, vmb_unmap(VMB_DATA, SIZE));
	igt_assert(!mprotect(f.user.cpu, SIZE, PROT_READ));
	vmb_fails(EFAULT, vmb_bind1(&f.vm, vmb_map(&f.user, 0, VMB_DATA, SIZE)));
	VMB_BIND(&f.vm, vmb_map_readonly(&f.user, 0, OTHER, SIZE));
	vmb_shows(&f.vm, OTHER, SIZE, &f.user, 0);
	vmb_bo_intact(&f.user);
}

/* What is gone faults; what is beside it does not. */
static void munmapped(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	igt_assert(!munmap(address(&f.user, 4), 2 * VMB_PAGE));
	vmb_unmapped(&f.vm, VMB_DATA + 4 * VMB_PAGE, 2 * VMB_PAGE);
	same(&f, 0, 4);
	same(&f, 6, PAGES - 6);
	igt_assert(!munmap(f.user.cpu, SIZE));
	vmb_unmapped(&f.vm, VMB_DATA, SIZE);
	/* A new mapping at the same address is not what was bound. */
	igt_assert(mmap(f.user.cpu, SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		   f.user.cpu);
	vmb_bo_fill(&f.user);
	VMB_BIND(&f.vm, vmb_map(&f.user, 0, VMB_DATA, SIZE));
	same(&f, 0, PAGES);
}

static uint64_t *shared_memory(uint64_t size, int *memfd)
{
	void *start;

	*memfd = memfd_create("vmb", MFD_CLOEXEC);
	igt_assert_fd(*memfd);
	igt_assert(!ftruncate(*memfd, size));
	start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *memfd, 0);
	igt_assert(start != MAP_FAILED);
	return start;
}

/* munmap() waits for the jobs that have the pages, and they find their memory. */
static void munmapped_under_a_job(struct vmb_dev *dev)
{
	enum { JOBS = 24 };
	struct vmb_gate gate;
	struct vmb_cmd cmd;
	struct fixture f;
	uint64_t *view;
	uint32_t done;
	int memfd, go[2];
	char byte;

	begin(&f, dev);
	vmb_gate_create(&gate, dev);
	done = vmb_syncobj(dev);
	f.user.cpu = shared_memory(SIZE, &memfd);
	view = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, memfd, 0);
	igt_assert(view != MAP_FAILED);
	igt_assert(!pipe(go));
	igt_fork(child, 1) {
		igt_assert(read(go[0], &byte, 1) == 1);
		vmb_sleep_ms(100);
		vmb_gate_open(&gate, 1);
	}
	VMB_BIND(&f.vm, vmb_map(&f.user, 0, VMB_DATA, SIZE));
	for (uint64_t i = 0; i < JOBS; i++) {
		cmd = vmb_fill(VMB_DATA, SIZE, i + 1);
		vmb_ok(vmb_try_exec(dev, f.vm.queue, &cmd, 1,
				    VMB_SYNCS(vmb_wait(gate.syncobj, 0),
					      vmb_signal(done, 0))));
	}
	igt_assert(write(go[1], "x", 1) == 1);
	/* None has begun, and all of them have to end well before that returns. */
	igt_assert(!munmap(f.user.cpu, SIZE));
	vmb_ok(vmb_done(dev, done, 0));
	igt_waitchildren();
	for (uint64_t i = 0; i < SIZE / 8; i++)
		igt_assert_eq_u64(view[i], (uint64_t)JOBS << 32 | JOBS);
	vmb_unmapped(&f.vm, VMB_DATA, SIZE);
	close(memfd);
	close(go[0]);
	close(go[1]);
}

/* Half of it, over half of other memory that is bound, too. */
static void mremapped(struct vmb_dev *dev)
{
	struct vmb_bo to, moved;
	struct fixture f;

	begin(&f, dev);
	vmb_bo_user(&to, dev, SIZE, 2);
	VMB_BIND(&f.vm, vmb_map(&to, 0, OTHER, SIZE));
	vmb_shows(&f.vm, OTHER, SIZE, &to, 0);
	igt_assert(mremap(f.user.cpu, SIZE / 2, SIZE / 2,
			  MREMAP_MAYMOVE | MREMAP_FIXED, to.cpu) == to.cpu);
	igt_assert_eq_u64(to.cpu[1], vmb_word(&f.user, 8));
	vmb_unmapped(&f.vm, VMB_DATA, SIZE / 2);
	same(&f, PAGES / 2, PAGES / 2);
	/* It shows what is at the address now, wherever that came from. */
	moved = f.user;
	moved.cpu = to.cpu;
	vmb_shows(&f.vm, OTHER, SIZE / 2, &moved, 0);
	vmb_shows(&f.vm, OTHER + SIZE / 2, SIZE / 2, &to, SIZE / 2);
	vmb_bo_fill(&to);
	vmb_reaches(&f.vm, OTHER, SIZE, &to, 0);
}

/* A child has its own copy of the memory, and no part in the mapping. */
static void forked(struct vmb_dev *dev)
{
	struct fixture f;
	int go[2];
	char byte;

	begin(&f, dev);
	igt_assert(!pipe(go));
	igt_fork(child, 2) {
		/* The parent and the engine have written by then. */
		igt_assert(read(go[0], &byte, 1) == 1);
		vmb_bo_intact(&f.user);
		for (uint64_t i = 0; i < SIZE / 8; i++)
			f.user.cpu[i] = child;
		igt_assert(!munmap(f.user.cpu, SIZE / 2));
	}
	vmb_shows(&f.vm, VMB_DATA, SIZE, &f.user, 0);
	f.user.cpu[0] = 4711;
	igt_assert_eq_u64(vmb_word_at(&f.vm, VMB_DATA), 4711);
	vmb_ok(vmb_run1(&f.vm, vmb_fill(VMB_DATA, SIZE, 0x5555)));
	for (uint64_t i = 0; i < SIZE / 8; i++)
		igt_assert_eq_u64(f.user.cpu[i], 0x555500005555);
	igt_assert(write(go[1], "xx", 2) == 2);
	igt_waitchildren();
	for (uint64_t i = 0; i < SIZE / 8; i++)
		igt_assert_eq_u64(f.user.cpu[i], 0x555500005555);
	vmb_bo_fill(&f.user);
	same(&f, 0, PAGES);
	close(go[0]);
	close(go[1]);
}

/* A page that the engine only reads stays shared until somebody writes it. */
static void forked_readonly(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	VMB_BIND(&f.vm, vmb_map_readonly(&f.user, 0, VMB_DATA, SIZE));
	for (int i = 0; i < 3; i++) {
		igt_fork(child, 1)
			vmb_bo_intact(&f.user);
		vmb_shows(&f.vm, VMB_DATA, SIZE, &f.user, 0);
		f.user.cpu[PAGES] = i;
		igt_assert_eq_u64(vmb_word_at(&f.vm, VMB_DATA + 8 * PAGES), i);
		f.user.cpu[PAGES] = vmb_word(&f.user, 8 * PAGES);
		igt_waitchildren();
		vmb_shows(&f.vm, VMB_DATA, SIZE, &f.user, 0);
	}
}

static void thrown_away(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	igt_assert(!madvise(address(&f.user, 2), 3 * VMB_PAGE, MADV_DONTNEED));
	for (uint64_t page = 2; page < 5; page++)
		igt_assert_eq_u64(vmb_word_at(&f.vm, VMB_DATA + page * VMB_PAGE +
					      8), 0);
	refill(&f, 2, 3);
	same(&f, 0, PAGES);
	for (int i = 0; i < 20; i++) {
		igt_assert(!madvise(f.user.cpu, SIZE, MADV_DONTNEED));
		vmb_ok(vmb_run1(&f.vm, vmb_write(VMB_DATA + 8 * i, i)));
		igt_assert_eq_u64(f.user.cpu[i], i);
	}
}

/* What the process may not do, the engine may not. */
static void protection(struct vmb_dev *dev)
{
	struct fixture f;

	begin(&f, dev);
	igt_assert(!mprotect(f.user.cpu, VMB_PAGE, PROT_READ));
	vmb_faults(&f.vm, VMB_DATA, true);
	same(&f, 1, PAGES - 1);
	igt_assert(!mprotect(f.user.cpu, SIZE, PROT_NONE));
	vmb_unmapped(&f.vm, VMB_DATA, SIZE);
	igt_assert(!mprotect(f.user.cpu, SIZE, PROT_READ | PROT_WRITE));
	vmb_bo_intact(&f.user);
	/* What was taken is back, when the process touches it. */
	vmb_bo_fill(&f.user);
	same(&f, 0, PAGES);
}

/* Each piece that binds have left gets its own pages back. */
static void cut_by_binds(struct vmb_dev *dev)
{
	struct vmb_model *m;
	struct vmb_bo user;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_user(&user, dev, 64 * VMB_PAGE, 1);
	m = vmb_model(&vm, VMB_DATA, 64);
	vmb_model_map(m, 0, 64, &user, 0);
	vmb_model_bind(m);
	for (uint32_t i = 1; i < 8; i++) {
		igt_assert(!madvise(user.cpu, user.size, MADV_DONTNEED));
		vmb_model_unmap(m, 7 * i, 1 + i % 3);
		vmb_model_bind(m);
		igt_assert(!madvise(user.cpu, user.size, MADV_DONTNEED));
		vmb_bo_fill(&user);
		vmb_model_look(m);
	}
	vmb_model_check(m);
	vmb_model_end(m);
}

/* A file that grows shorter takes its pages away. */
static void shared_file(struct vmb_dev *dev)
{
	struct fixture f;
	uint64_t value = 4711;
	int memfd;

	begin(&f, dev);
	f.user.cpu = shared_memory(SIZE, &memfd);
	vmb_bo_fill(&f.user);
	VMB_BIND(&f.vm, vmb_map(&f.user, 0, VMB_DATA, SIZE));
	same(&f, 0, PAGES);
	igt_assert(pwrite(memfd, &value, 8, 5 * VMB_PAGE) == 8);
	igt_assert_eq_u64(vmb_word_at(&f.vm, VMB_DATA + 5 * VMB_PAGE), value);
	f.user.cpu[5 * VMB_PAGE / 8] = vmb_word(&f.user, 5 * VMB_PAGE);
	igt_assert(!ftruncate(memfd, 8 * VMB_PAGE));
	vmb_unmapped(&f.vm, VMB_DATA + 8 * VMB_PAGE, SIZE - 8 * VMB_PAGE);
	same(&f, 0, 8);
	igt_assert(!fallocate(memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      0, 2 * VMB_PAGE));
	refill(&f, 0, 2);
	same(&f, 0, 8);
	igt_assert(!munmap(f.user.cpu, SIZE));
	close(memfd);
}

/* The pages are gone before a bind that is queued has its turn. */
static void gone_before_the_bind(struct vmb_dev *dev)
{
	uint32_t done = vmb_syncobj(dev);
	struct vmb_gate gate;
	struct fixture f;
	struct vmb_op op;

	begin(&f, dev);
	vmb_gate_create(&gate, dev);
	VMB_BIND(&f.vm, vmb_unmap(VMB_DATA, SIZE));
	/* Before the bind, because a fork, too, waits for what has the pages. */
	igt_fork(child, 1) {
		vmb_sleep_ms(100);
		vmb_gate_open(&gate, 1);
	}
	op = vmb_map(&f.user, 0, VMB_DATA, SIZE);
	vmb_ok(vmb_try_async(&f.vm, &op, 1, VMB_SYNCS(vmb_wait(gate.syncobj, 0),
						      vmb_signal(done, 0))));
	/* May have to wait for the bind, which may have its pages. */
	igt_assert(!madvise(f.user.cpu, SIZE, MADV_DONTNEED));
	igt_waitchildren();
	vmb_ok(vmb_done(dev, done, 0));
	igt_assert_eq_u64(vmb_word_at(&f.vm, VMB_DATA + 8), 0);
	refill(&f, 0, PAGES);
	same(&f, 0, PAGES);
}

static void two_vms(struct vmb_dev *dev)
{
	struct vmb_vm other;
	struct fixture f;

	begin(&f, dev);
	vmb_vm_create(&other, dev);
	VMB_BIND(&other, vmb_map(&f.user, 0, OTHER, SIZE));
	for (int i = 0; i < 4; i++) {
		vmb_shows(&other, OTHER, SIZE, &f.user, 0);
		same(&f, 0, PAGES);
		igt_assert(!madvise(f.user.cpu, SIZE, MADV_DONTNEED));
		refill(&f, 0, PAGES);
	}
	VMB_BIND(&f.vm, vmb_unmap(VMB_DATA, SIZE));
	vmb_reaches(&other, OTHER, SIZE, &f.user, 0);
	igt_assert(!munmap(f.user.cpu, SIZE));
	vmb_unmapped(&other, OTHER, SIZE);
}

/* The process is gone, another one has the file: there is nobody's memory. */
static void owner_gone(struct vmb_dev *dev)
{
	uint64_t *cpu;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	cpu = vm.window.cpu;
	igt_fork(child, 1) {
		struct vmb_bo user;

		vmb_bo_user(&user, dev, SIZE, 1);
		VMB_BIND(&vm, vmb_map(&user, 0, VMB_DATA, SIZE));
		vmb_shows(&vm, VMB_DATA, SIZE, &user, 0);
	}
	igt_waitchildren();
	vmb_unmapped(&vm, VMB_DATA, SIZE);
	vmb_ok(vmb_run1(&vm, vmb_write(VMB_WINDOW + 8, 42)));
	igt_assert_eq_u64(cpu[1], 42);
}

/* What is huge for the process may be huge for the engine, and is cut, too. */
static void huge(struct vmb_dev *dev)
{
	uint64_t size = dev->caps.huge_page;
	struct fixture f;
	char *start;

	vmb_vm_create(&f.vm, dev);
	vmb_bo_user(&f.user, dev, 4 * size, 1);
	start = (char *)f.user.cpu;
	start += size - (uintptr_t)start % size;
	igt_require_f(!madvise(start, 2 * size, MADV_HUGEPAGE),
		      "the kernel has no huge pages for processes\n");
	f.user.cpu = (uint64_t *)start;
	f.user.size = 2 * size;
	igt_assert(!madvise(start, 2 * size, MADV_DONTNEED));
	vmb_bo_fill(&f.user);
	VMB_BIND(&f.vm, vmb_map(&f.user, 0, VMB_DATA, 2 * size));
	for (int i = 0; i < 2; i++) {
		same(&f, 504, 16);
		VMB_BIND(&f.vm, vmb_unmap(VMB_DATA + 700 * VMB_PAGE, VMB_PAGE));
		vmb_faults(&f.vm, VMB_DATA + 700 * VMB_PAGE, false);
		same(&f, 692, 8);
		same(&f, 701, 8);
		igt_assert(!madvise(start, 2 * size, MADV_DONTNEED));
		vmb_bo_fill(&f.user);
	}
}

/* Forks and throws away pages that jobs use, until it is told to stop. */
struct disturber {
	char *start;
	bool stop;
	unsigned int rounds;
	pthread_t thread;
};

static void *disturb(void *data)
{
	struct disturber *d = data;

	while (!__atomic_load_n(&d->stop, __ATOMIC_ACQUIRE)) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		madvise(d->start + VMB_PAGE, 2 * VMB_PAGE, MADV_DONTNEED);
		mprotect(d->start + 6 * VMB_PAGE, VMB_PAGE, PROT_READ);
		mprotect(d->start + 6 * VMB_PAGE, VMB_PAGE,
			 PROT_READ | PROT_WRITE);
		if (pid > 0)
			waitpid(pid, NULL, 0);
		d->rounds++;
	}
	return NULL;
}

/* Each job adds to what the one before it left: no store is lost. */
static void under_load(struct vmb_dev *dev)
{
	uint64_t until = vmb_now_ms() + 400, jobs = 0;
	struct disturber d = { 0 };
	struct vmb_cmd cmds[3];
	bool good = true;
	struct fixture f;

	begin(&f, dev);
	d.start = (char *)f.user.cpu;
	igt_assert(!pthread_create(&d.thread, NULL, disturb, &d));
	/* Nothing is asserted before the thread has ended. */
	while (good && (vmb_now_ms() < until || jobs < 20)) {
		jobs++;
		cmds[0] = vmb_write(VMB_DATA + 8 * (jobs % 512), jobs);
		cmds[1] = vmb_write(VMB_DATA + 2 * VMB_PAGE, jobs);
		cmds[2] = vmb_copy(VMB_DATA + 8 * VMB_PAGE, VMB_DATA, VMB_PAGE);
		good = !vmb_run(dev, f.vm.queue, cmds, 3) &&
		       !memcmp(address(&f.user, 8), f.user.cpu, VMB_PAGE);
	}
	__atomic_store_n(&d.stop, true, __ATOMIC_RELEASE);
	igt_assert(!pthread_join(d.thread, NULL));
	igt_debug("%llu jobs, %u rounds\n", (unsigned long long)jobs, d.rounds);
	igt_assert_f(good, "job %llu was lost\n", (unsigned long long)jobs);
	igt_assert(d.rounds);
	for (uint64_t i = 0; i < jobs && i < 512; i++)
		igt_assert_eq_u64(f.user.cpu[(jobs - i) % 512], jobs - i);
	igt_assert_eq_u64(vmb_report(&f.vm).faults, 0);
}

/* With BOs, sparse ranges and cuts in one array; and one bad operation. */
static void in_an_array(struct vmb_dev *dev)
{
	struct vmb_op ops[3];
	struct vmb_model *m;
	struct vmb_bo bo, user;
	struct vmb_vm vm;

	vmb_vm_create(&vm, dev);
	vmb_bo_create(&bo, dev, 16 * VMB_PAGE, 0, 0, 1);
	vmb_bo_user(&user, dev, 32 * VMB_PAGE, 2);
	m = vmb_model(&vm, VMB_DATA, 64);
	vmb_model_map(m, 0, 16, &bo, 0);
	vmb_model_map(m, 8, 32, &user, 0);
	vmb_model_unmap(m, 12, 3);
	vmb_model_map(m, 20, 4, &bo, 9);
	vmb_model_map_readonly(m, 40, 8, &user, 24);
	vmb_model_apply(m);
	ops[0] = vmb_map(&bo, 0, VMB_DATA, 8 * VMB_PAGE);
	ops[1] = vmb_map(&user, 0, VMB_DATA + 16 * VMB_PAGE, 8 * VMB_PAGE);
	ops[2] = vmb_map(&user, 0, VMB_DATA, user.size);
	/* No memory of the process. */
	ops[2].offset = VMB_PAGE;
	vmb_fails(EFAULT, vmb_try_bind(&vm, ops, 3));
	vmb_model_check(m);
	vmb_model_end(m);
}

static const struct vmb_test tests[] = {
	{ "both-ways", both_ways, "The engine and the process see the same",
	  VMB_USERPTR },
	{ "model", model, "Mapped twice, cut, and among BOs",
	  VMB_USERPTR },
	{ "readonly", readonly, "What may only be read",
	  VMB_USERPTR | VMB_READONLY },
	{ "munmapped", munmapped, "munmap(): the engine faults", VMB_USERPTR },
	{ "munmapped-under-a-job", munmapped_under_a_job,
	  "munmap() while jobs are under way", VMB_USERPTR | VMB_WAIT },
	{ "mremapped", mremapped, "mremap() over other memory that is bound",
	  VMB_USERPTR },
	{ "forked", forked, "fork(): a child has its own copy", VMB_USERPTR },
	{ "forked-readonly", forked_readonly, "The same for what is only read",
	  VMB_USERPTR | VMB_READONLY },
	{ "thrown-away", thrown_away, "madvise(): there are other pages",
	  VMB_USERPTR },
	{ "protection", protection, "mprotect(): the engine may no more",
	  VMB_USERPTR },
	{ "cut-by-binds", cut_by_binds, "Pieces, whose pages go and come back",
	  VMB_USERPTR },
	{ "shared-file", shared_file, "A file that is cut short", VMB_USERPTR },
	{ "gone-before-the-bind", gone_before_the_bind,
	  "Pages go while their bind is queued",
	  VMB_USERPTR | VMB_ASYNC | VMB_WAIT },
	{ "two-vms", two_vms, "The same memory in two VMs",
	  VMB_USERPTR | VMB_VMS },
	{ "owner-gone", owner_gone, "The process ends, the file stays",
	  VMB_USERPTR },
	{ "huge", huge, "Huge pages of the process", VMB_USERPTR | VMB_HUGE },
	{ "under-load", under_load, "Pages go while jobs use them, all the time",
	  VMB_USERPTR },
	{ "in-an-array", in_an_array, "Among other operations",
	  VMB_USERPTR | VMB_READONLY },
};

VMB_MAIN()
{
	vmb_subtests(tests, ARRAY_SIZE(tests));
}
