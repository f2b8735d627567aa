// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Memory of the process, mapped for the engine, and what becomes of that when
 * the process does something to it. Everything is looked at from both sides: the
 * engine must never see, or change, what the process does not see at the same
 * address.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "world.h"

#define PAGES 16
#define SIZE (PAGES * PAGE)
#define OTHER_ADDR (DATA_ADDR + 0x10000000ull)

static struct rig rig;

static uint64_t pattern(uint32_t seed, uint64_t offset)
{
	return (uint64_t)seed << 40 | offset;
}

static void fill(void *start, uint64_t size, uint32_t seed)
{
	uint64_t *word = start;

	for (uint64_t i = 0; i < size / sizeof(*word); i++)
		word[i] = pattern(seed, i * sizeof(*word));
}

static void *memory(uint64_t size, uint32_t seed)
{
	void *start = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(start != MAP_FAILED);
	if (seed)
		fill(start, size, seed);
	return start;
}

static uint64_t *word_at(void *start, uint64_t offset)
{
	return (uint64_t *)((char *)start + offset);
}

/* The engine reads there what the process has at @start now. */
static void shows(uint64_t addr, const void *start, uint64_t size)
{
	static char buf[SCRATCH_SIZE];

	OK(rig_read(&rig, addr, buf, size));
	for (uint64_t i = 0; i < size; i += 8) {
		if (memcmp(buf + i, (const char *)start + i, 8))
			FAIL("%#llx: not what the process has",
			     (unsigned long long)(addr + i));
	}
}

/* A word in each page, from the engine to the process. */
static void takes_writes(uint64_t addr, void *start, uint64_t size)
{
	for (uint64_t at = 0; at < size; at += PAGE) {
		uint64_t value = 0x7777000000000000ull + addr + at;

		OK(rig_write(&rig, addr + at + 16, value));
		CHECK_EQ(*word_at(start, at + 16), value);
	}
}

static void same_memory(uint64_t addr, void *start, uint64_t size)
{
	shows(addr, start, size);
	takes_writes(addr, start, size);
	fill(start, size, 0x51);
	shows(addr, start, size);
}

static void both_ways(int fd)
{
	void *start = memory(SIZE, 0xa);
	struct drm_evgem_vm_state empty;

	rig_init(&rig, fd);
	empty = rig_state(&rig);
	OK(evgem_map_userptr(fd, rig.vm, DATA_ADDR, SIZE, start));
	same_memory(DATA_ADDR, start, SIZE);
	rig_unmapped(&rig, DATA_ADDR + SIZE);
	CHECK_EQ(rig_state(&rig).mappings, empty.mappings + 1);

	OK(evgem_unmap(fd, rig.vm, DATA_ADDR, SIZE));
	rig_unmapped(&rig, DATA_ADDR);
	CHECK_EQ(rig_state(&rig).pt_bytes, empty.pt_bytes);
	fill(start, SIZE, 0xb);
}

/*
 * One that was never touched has no page of its own before it is written, but the
 * one that all share: who can write that breaks more than a test. So it comes last.
 */
static void readonly(int fd)
{
	uint64_t *fresh = memory(SIZE, 0), *start = memory(SIZE, 0xa);

	rig_init(&rig, fd);
	CHECK(!mprotect(start, SIZE, PROT_READ));
	FAILS(EFAULT, evgem_map_userptr(fd, rig.vm, OTHER_ADDR, SIZE, start));
	OK(evgem_map_userptr_readonly(fd, rig.vm, OTHER_ADDR, SIZE, start));
	shows(OTHER_ADDR, start, SIZE);
	rig_faults(&rig, OTHER_ADDR, DRM_EVGEM_ACCESS_WRITE,
		   DRM_EVGEM_FAULT_READONLY);
	CHECK_EQ(start[0], pattern(0xa, 0));

	OK(evgem_map_userptr_readonly(fd, rig.vm, DATA_ADDR, SIZE, fresh));
	CHECK_EQ(rig_word(&rig, DATA_ADDR), 0);
	rig_faults(&rig, DATA_ADDR + 8, DRM_EVGEM_ACCESS_WRITE,
		   DRM_EVGEM_FAULT_READONLY);
	fill(fresh, SIZE, 0xb);
	shows(DATA_ADDR, fresh, SIZE);
}

/* What is gone faults; what is beside it, and all else, does not. */
static void unmapped_by_the_process(int fd)
{
	char *start = memory(SIZE, 0xa), *again;
	struct bo bo;

	rig_init(&rig, fd);
	bo_init(&bo, fd, 4, 0, 0xc);
	OK(evgem_map(fd, rig.vm, OTHER_ADDR, bo.size, bo.handle, 0));
	OK(evgem_map_userptr(fd, rig.vm, DATA_ADDR, SIZE, start));
	shows(DATA_ADDR, start, SIZE);

	CHECK(!munmap(start + 4 * PAGE, 2 * PAGE));
	rig_unmapped(&rig, DATA_ADDR + 4 * PAGE);
	rig_unmapped(&rig, DATA_ADDR + 5 * PAGE);
	same_memory(DATA_ADDR, start, 4 * PAGE);
	same_memory(DATA_ADDR + 6 * PAGE, start + 6 * PAGE, SIZE - 6 * PAGE);
	rig_shows(&rig, OTHER_ADDR, bo.size, &bo, 0);

	CHECK(!munmap(start, SIZE));
	for (uint64_t at = 0; at < SIZE; at += PAGE)
		rig_unmapped(&rig, DATA_ADDR + at);
	rig_shows(&rig, OTHER_ADDR, bo.size, &bo, 0);

	/* A new bind brings it back. */
	again = mmap(start, SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(again == start);
	OK(evgem_map_userptr(fd, rig.vm, DATA_ADDR, SIZE, again));
	same_memory(DATA_ADDR, again, SIZE);
}

static void *shared_memory(uint64_t size, int *memfd)
{
	void *start;

	*memfd = memfd_create("userptr", 0);
	CHECK(*memfd >= 0);
	CHECK(!ftruncate(*memfd, size));
	start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *memfd, 0);
	CHECK(start != MAP_FAILED);
	return start;
}

/* The process waits until the job is done, and the job finds its memory. */
static void unmapped_under_a_job(int fd)
{
	struct evgem_cmds cmds = { 0 };
	uint32_t done = make_syncobj(fd);
	int memfd, status;
	char *start, *view;

	rig_init(&rig, fd);
	start = shared_memory(SIZE, &memfd);
	view = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, memfd, 0);
	CHECK(view != MAP_FAILED);
	OK(evgem_map_userptr(fd, rig.vm, DATA_ADDR, SIZE, start));

	for (uint64_t i = 0; i < 3; i++) {
		evgem_cmd_write(&cmds, DATA_ADDR + i * PAGE, 0x100 + i);
		evgem_cmd_delay(&cmds, 100000000);
	}
	evgem_cmd_write(&cmds, DATA_ADDR + 3 * PAGE, 0x103);
	OK(evgem_exec(fd, rig.queue, &cmds, EVGEM_SYNCS(evgem_signal(done))));

	CHECK(!munmap(start, SIZE));
	OK(evgem_syncobj_status(fd, done, 0, &status));
	CHECK_EQ(status, 1);
	for (uint64_t i = 0; i < 4; i++)
		CHECK_EQ(*word_at(view, i * PAGE), 0x100 + i);
	rig_unmapped(&rig, DATA_ADDR);
}

static void moved(int fd)
{
	char *start = memory(SIZE, 0xa), *to = memory(SIZE, 0xb), *now;

	rig_init(&rig, fd);
	OK(evgem_map_userptr(fd, rig.vm, DATA_ADDR, SIZE, start));
	OK(evgem_map_userptr(fd, rig.vm, OTHER_ADDR, SIZE, to));
	shows(DATA_ADDR, start, SIZE);
	shows(OTHER_ADDR, to, SIZE);

	/* Half of it, over half of the other. */
	now = mremap(start, SIZE / 2, SIZE / 2, MREMAP_MAYMOVE | MREMAP_FIXED,
		     to);
	CHECK(now == to);
	CHECK_EQ(*word_at(to, 0), pattern(0xa, 0));
	rig_unmapped(&rig, DATA_ADDR);
	same_memory(DATA_ADDR + SIZE / 2, start + SIZE / 2, SIZE / 2);
	same_memory(OTHER_ADDR, to, SIZE);
}

/* Tells the other side to go on, or waits for that. */
static void tell(int to)
{
	CHECK(write(to, "x", 1) == 1);
}

static void await(int from)
{
	char c;

	CHECK(read(from, &c, 1) == 1);
}

static void child_of_fork(int fd, void *start, int from, int to)
{
	for (uint64_t at = 0; at < SIZE; at += 8)
		CHECK_EQ(*word_at(start, at), pattern(0xa, at));
	fill(start, SIZE / 2, 0xc);
	tell(to);
	await(from);
	/* Neither the parent's writes nor the engine's came here. */
	for (uint64_t at = 0; at < SIZE; at += 8)
		CHECK_EQ(*word_at(start, at),
			 pattern(at < SIZE / 2 ? 0xc : 0xa, at));
	/* Its jobs in the VM are in the parent's memory, too. */
	CHECK_EQ(rig_word(&rig, DATA_ADDR + 16),
		 0x7777000000000000ull + DATA_ADDR);
	CHECK(!munmap(start, SIZE));
	CHECK_EQ(rig_word(&rig, DATA_ADDR + 16),
		 0x7777000000000000ull + DATA_ADDR);
	close(fd);
	_exit(0);
}

static void forked(int fd)
{
	int down[2], up[2], status;
	char *start = memory(SIZE, 0xa);
	pid_t pid;

	rig_init(&rig, fd);
	OK(evgem_map_userptr(fd, rig.vm, DATA_ADDR, SIZE, start));
	shows(DATA_ADDR, start, SIZE);

	CHECK(!pipe(down) && !pipe(up));
	pid = fork();
	CHECK(pid >= 0);
	if (!pid)
		child_of_fork(fd, start, down[0], up[1]);

	await(up[0]);
	/* Now the pages differ; who writes gets one of his own. */
	shows(DATA_ADDR, start, SIZE);
	*word_at(start, 0) = 0x1234;
	*word_at(start, SIZE - PAGE) = 0x5678;
	shows(DATA_ADDR, start, SIZE);
	takes_writes(DATA_ADDR, start, SIZE);
	tell(down[1]);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_EQ(status, 0);
	same_memory(DATA_ADDR, start, SIZE);
}

/* The engine only reads, so a page of a fork stays shared until it is written. */
static void forked_readonly(int fd)
{
	int down[2], status;
	char *start = memory(SIZE, 0xa);
	pid_t pid;

	rig_init(&rig, fd);
	OK(evgem_map_userptr_readonly(fd, rig.vm, DATA_ADDR, SIZE, start));
	CHECK(!pipe(down));
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		await(down[0]);
		for (uint64_t at = 0; at < SIZE; at += 8)
			CHECK_EQ(*word_at(start, at), pattern(0xa, at));
		_exit(0);
	}

	shows(DATA_ADDR, start, SIZE);
	fill(start, SIZE, 0xb);
	shows(DATA_ADDR, start, SIZE);
	tell(down[1]);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_EQ(status, 0);
	fill(start, SIZE, 0xc);
	shows(DATA_ADDR, start, SIZE);
}

static void thrown_away(int fd)
{
	char *start = memory(SIZE, 0xa);

	rig_init(&rig, fd);
	OK(evgem_map_userptr(fd, rig.vm, DATA_ADDR, SIZE, start));
	shows(DATA_ADDR, start, SIZE);

	CHECK(!madvise(start + 2 * PAGE, 3 * PAGE, MADV_DONTNEED));
	CHECK_EQ(rig_word(&rig, DATA_ADDR + 2 * PAGE), 0);
	CHECK_EQ(rig_word(&rig, DATA_ADDR + 4 * PAGE), 0);
	CHECK_EQ(rig_word(&rig, DATA_ADDR + PAGE), pattern(0xa, PAGE));
	same_memory(DATA_ADDR, start, SIZE);

	/* And as often as one likes. */
	for (int i = 0; i < 20; i++) {
		CHECK(!madvise(start, SIZE, MADV_DONTNEED));
		takes_writes(DATA_ADDR + i % PAGES * PAGE,
			     start + i % PAGES * PAGE, PAGE);
	}
}

/* What the process may not do, the engine may not. */
static void protection(int fd)
{
	char *start = memory(SIZE, 0xa), *other = memory(SIZE, 0xb);

	rig_init(&rig, fd);
	OK(evgem_map_userptr(fd, rig.vm, DATA_ADDR, SIZE, start));
	OK(evgem_map_userptr_readonly(fd, rig.vm, OTHER_ADDR, SIZE, other));
	shows(DATA_ADDR, start, SIZE);
	shows(OTHER_ADDR, other, SIZE);

	CHECK(!mprotect(start, PAGE, PROT_READ));
	rig_faults(&rig, DATA_ADDR, DRM_EVGEM_ACCESS_WRITE,
		   DRM_EVGEM_FAULT_UNMAPPED);
	CHECK_EQ(*word_at(start, 0), pattern(0xa, 0));
	same_memory(DATA_ADDR + PAGE, start + PAGE, SIZE - PAGE);
	CHECK(!mprotect(start, PAGE, PROT_READ | PROT_WRITE));
	*word_at(start, 0) = 1;
	same_memory(DATA_ADDR, start, SIZE);

	CHECK(!mprotect(other, SIZE, PROT_READ));
	shows(OTHER_ADDR, other, SIZE);
	CHECK(!mprotect(other, SIZE, PROT_NONE));
	rig_unmapped(&rig, OTHER_ADDR);
	CHECK(!mprotect(other, SIZE, PROT_READ | PROT_WRITE));
	fill(other, SIZE, 0xc);
	shows(OTHER_ADDR, other, SIZE);
}

/* Of what a later bind left, each piece gets its own pages back. */
static void cut_by_binds(int fd)
{
	char *start = memory(SIZE, 0xa);
	struct bo bo;

	rig_init(&rig, fd);
	bo_init(&bo, fd, 2, 0, 0xc);
	OK(evgem_map_userptr(fd, rig.vm, DATA_ADDR, SIZE, start));
	OK(evgem_unmap(fd, rig.vm, DATA_ADDR + 3 * PAGE, PAGE));
	OK(evgem_map(fd, rig.vm, DATA_ADDR + 8 * PAGE, bo.size, bo.handle, 0));

	for (int i = 0; i < 3; i++) {
		same_memory(DATA_ADDR, start, 3 * PAGE);
		rig_unmapped(&rig, DATA_ADDR + 3 * PAGE);
		same_memory(DATA_ADDR + 4 * PAGE, start + 4 * PAGE, 4 * PAGE);
		rig_shows(&rig, DATA_ADDR + 8 * PAGE, bo.size, &bo, 0);
		same_memory(DATA_ADDR + 10 * PAGE, start + 10 * PAGE,
			    6 * PAGE);
		CHECK(!madvise(start, SIZE, MADV_DONTNEED));
		fill(start, SIZE, 0xd);
	}

	/* Without pages, too, it can be cut and taken away. */
	CHECK(!madvise(start, SIZE, MADV_DONTNEED));
	OK(evgem_unmap(fd, rig.vm, DATA_ADDR + PAGE, PAGE));
	CHECK(!madvise(start, SIZE, MADV_DONTNEED));
	OK(evgem_map(fd, rig.vm, DATA_ADDR + 12 * PAGE, bo.size, bo.handle, 0));
	same_memory(DATA_ADDR, start, PAGE);
	rig_unmapped(&rig, DATA_ADDR + PAGE);
	same_memory(DATA_ADDR + 14 * PAGE, start + 14 * PAGE, 2 * PAGE);
	rig_shows(&rig, DATA_ADDR + 12 * PAGE, bo.size, &bo, 0);
	OK(evgem_unmap(fd, rig.vm, DATA_ADDR, SIZE));
	CHECK(!munmap(start, SIZE));
}

/* A file that grows shorter takes its pages away. */
static void shared_file(int fd)
{
	uint64_t value = 0x1122;
	int memfd;
	char *start;

	rig_init(&rig, fd);
	start = shared_memory(SIZE, &memfd);
	fill(start, SIZE, 0xa);
	OK(evgem_map_userptr(fd, rig.vm, DATA_ADDR, SIZE, start));
	same_memory(DATA_ADDR, start, SIZE);

	CHECK(pwrite(memfd, &value, 8, 5 * PAGE) == 8);
	CHECK_EQ(rig_word(&rig, DATA_ADDR + 5 * PAGE), value);
	OK(rig_write(&rig, DATA_ADDR + 6 * PAGE, 0x3344));
	CHECK(pread(memfd, &value, 8, 6 * PAGE) == 8);
	CHECK_EQ(value, 0x3344);

	CHECK(!ftruncate(memfd, 8 * PAGE));
	rig_unmapped(&rig, DATA_ADDR + 8 * PAGE);
	same_memory(DATA_ADDR, start, 8 * PAGE);
	CHECK(!fallocate(memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 2 * PAGE));
	CHECK_EQ(rig_word(&rig, DATA_ADDR), 0);
	same_memory(DATA_ADDR, start, 8 * PAGE);
}

/* The process's own copy of a file; the file stays as it is. */
static void private_file(int fd)
{
	char *shared, *start;
	uint64_t value;
	int memfd;

	rig_init(&rig, fd);
	shared = shared_memory(SIZE, &memfd);
	fill(shared, SIZE, 0xa);
	start = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, memfd, 0);
	CHECK(start != MAP_FAILED);

	OK(evgem_map_userptr_readonly(fd, rig.vm, DATA_ADDR, SIZE, start));
	shows(DATA_ADDR, start, SIZE);
	*word_at(shared, 0) = 0x99;
	CHECK_EQ(rig_word(&rig, DATA_ADDR), 0x99);
	*word_at(start, 0) = 0x98;
	CHECK_EQ(rig_word(&rig, DATA_ADDR), 0x98);

	OK(evgem_map_userptr(fd, rig.vm, OTHER_ADDR, SIZE, start));
	same_memory(OTHER_ADDR, start, SIZE);
	shows(DATA_ADDR, start, SIZE);
	CHECK(pread(memfd, &value, 8, PAGE) == 8);
	CHECK_EQ(value, pattern(0xa, PAGE));
}

/* The pages that it was made of are gone before the bind has its turn. */
static void lost_before_the_bind(int fd)
{
	char *start = memory(SIZE, 0xa);
	struct evgem_bind bind = { 0 };
	struct gate gate;

	rig_init(&rig, fd);
	gate_init(&gate, fd);
	evgem_bind_userptr(&bind, DATA_ADDR, SIZE, start);
	OK(evgem_bind_async(fd, rig.vm, &bind,
			    EVGEM_SYNCS(evgem_wait(gate.syncobj))));
	gate_open_later(&gate, 100);
	CHECK(!madvise(start, SIZE, MADV_DONTNEED));
	CHECK_EQ(rig_word(&rig, DATA_ADDR), 0);
	same_memory(DATA_ADDR, start, SIZE);
}

/* An exiting process does not wait for its jobs, however long these run. */
static void exit_with_a_job(int fd)
{
	uint64_t begin = now_ms();
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		struct evgem_cmds cmds = { 0 };
		uint32_t queue;
		void *start = memory(SIZE, 0xa);

		close(fd);
		fd = evgem_open();
		rig_init(&rig, fd);
		OK(evgem_map_userptr(fd, rig.vm, DATA_ADDR, SIZE, start));
		OK(evgem_queue_create(fd, rig.vm, 20000, &queue));
		evgem_cmd_wait(&cmds, DATA_ADDR, DRM_EVGEM_COND_EQ, 1);
		OK(evgem_exec(fd, queue, &cmds, NULL));
		sleep_ms(50);
		_exit(0);
	}

	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_EQ(status, 0);
	CHECK(now_ms() - begin < 10000);
}

/*
 * The process that made it is gone, another one has the file. Nobody's memory is
 * at its address, and the rest of the VM goes on.
 */
static void owner_gone(int fd)
{
	int status;
	void *cpu;
	pid_t pid;
	int up[2];

	CHECK(!pipe(up));
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		rig_init(&rig, fd);
		OK(evgem_map_userptr(fd, rig.vm, DATA_ADDR, SIZE,
				     memory(SIZE, 0xa)));
		OK(rig_write(&rig, DATA_ADDR, 1));
		CHECK(write(up[1], &rig, sizeof(rig)) == sizeof(rig));
		_exit(0);
	}

	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_EQ(status, 0);
	CHECK(read(up[0], &rig, sizeof(rig)) == sizeof(rig));
	OK(evgem_bo_map(fd, rig.scratch, SCRATCH_SIZE, &cpu));
	rig.cpu = cpu;
	rig_unmapped(&rig, DATA_ADDR);
	rig_unmapped(&rig, DATA_ADDR + SIZE - PAGE);
	OK(rig_write(&rig, SCRATCH_ADDR + 8, 0x99));
	CHECK_EQ(rig_word(&rig, SCRATCH_ADDR + 8), 0x99);
}

/* What is huge for the process may be huge for the engine; and is cut, too. */
static void huge_pages(int fd)
{
	char *start = memory(4 * HUGE, 0);
	uint64_t hole = HUGE + 100 * PAGE, huge;

	start += HUGE - (uintptr_t)start % HUGE;
	if (madvise(start, 2 * HUGE, MADV_HUGEPAGE))
		SKIP("no huge pages");
	fill(start, 2 * HUGE, 0xa);
	rig_init(&rig, fd);
	huge = rig_state(&rig).ptes_2m;
	OK(evgem_map_userptr(fd, rig.vm, DATA_ADDR, 2 * HUGE, start));
	huge = rig_state(&rig).ptes_2m - huge;
	ktap_note("%llu of 2 are huge", (unsigned long long)huge);

	same_memory(DATA_ADDR + HUGE - 8 * PAGE, start + HUGE - 8 * PAGE,
		    16 * PAGE);
	OK(evgem_unmap(fd, rig.vm, DATA_ADDR + hole, PAGE));
	for (int i = 0; i < 2; i++) {
		rig_unmapped(&rig, DATA_ADDR + hole);
		same_memory(DATA_ADDR + hole - 8 * PAGE, start + hole - 8 * PAGE,
			    8 * PAGE);
		same_memory(DATA_ADDR + hole + PAGE, start + hole + PAGE,
			    8 * PAGE);
		same_memory(DATA_ADDR, start, PAGE);
		CHECK(!madvise(start, 2 * HUGE, MADV_DONTNEED));
	}

	CHECK(!munmap(start + PAGE, PAGE));
	same_memory(DATA_ADDR, start, PAGE);
	rig_unmapped(&rig, DATA_ADDR + PAGE);
	same_memory(DATA_ADDR + 2 * PAGE, start + 2 * PAGE, 8 * PAGE);
}

static void bad_input(int fd)
{
	struct world w;
	char *start = memory(SIZE, 0xa), *hole = memory(SIZE, 0xb);
	char *fixed = memory(SIZE, 0xc);

	CHECK(!munmap(hole + SIZE - PAGE, PAGE));
	CHECK(!mprotect(fixed + PAGE, PAGE, PROT_READ));
	world_init(&w, fd);
#define BAD(error, change) \
	BAD_BIND(error, \
		 g.ops[0].op = DRM_EVGEM_BIND_OP_MAP_USERPTR; \
		 g.ops[0].handle = 0; g.ops[0].range = 4 * PAGE; \
		 g.ops[0].offset = (uintptr_t)start; change)
	BAD(EINVAL, g.ops[0].handle = w.a.handle);
	BAD(EINVAL, g.ops[0].handle = 0xffffffff);
	BAD(EINVAL, g.ops[0].flags = 4);
	BAD(EINVAL, g.ops[0].flags = DRM_EVGEM_BIND_REPEAT;
	    g.ops[0].repeat = PAGE);
	BAD(EINVAL, g.ops[0].repeat = PAGE);
	BAD(EINVAL, g.ops[0].pad = 1);
	BAD(EINVAL, g.ops[0].offset += 1);
	BAD(EINVAL, g.ops[0].offset += PAGE / 2);
	BAD(EINVAL, g.ops[0].range = 0);
	BAD(EINVAL, g.ops[0].range = PAGE + 8);
	BAD(EINVAL, g.ops[0].addr += 8);
	BAD(EINVAL, g.ops[0].addr = 0);
	BAD(EINVAL, g.ops[0].addr = -4 * PAGE);
	BAD(EINVAL, g.ops[0].offset = -2 * PAGE);
	BAD(EINVAL, g.ops[0].offset = -4 * PAGE);
	BAD(EFAULT, g.ops[0].offset = 0);
	BAD(EFAULT, g.ops[0].offset = -64 * PAGE);
	BAD(EFAULT, g.ops[0].offset = 1ull << 63);
	BAD(EFAULT, g.ops[0].offset = (uintptr_t)hole + SIZE - 4 * PAGE);
	BAD(EFAULT, g.ops[0].offset = (uintptr_t)hole + SIZE - PAGE);
	BAD(EFAULT, g.ops[0].offset = (uintptr_t)fixed);
	BAD(EFAULT, g.ops[0].offset = (uintptr_t)w.a.cpu);
#undef BAD
}

static uint64_t *stressed;
static bool stop;

static void *fork_again_and_again(void *unused)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}

	return unused;
}

static void *throw_away_again_and_again(void *unused)
{
	char *start = (char *)stressed;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		madvise(start + PAGE, 2 * PAGE, MADV_DONTNEED);
		madvise(start + 4 * PAGE, PAGE, MADV_DONTNEED);
		mprotect(start + 6 * PAGE, PAGE, PROT_READ);
		mprotect(start + 6 * PAGE, PAGE, PROT_READ | PROT_WRITE);
		usleep(500);
	}

	return unused;
}

/*
 * Two queues add to a counter, and write elsewhere, while the pages are taken
 * away again and again: no addition is lost, none done twice.
 */
static void stress(int fd)
{
	uint64_t begin = now_ms(), done = 0;
	pthread_t threads[2];
	uint32_t queue;

	stressed = memory(SIZE, 0);
	rig_init(&rig, fd);
	OK(evgem_queue_create(fd, rig.vm, 0, &queue));
	OK(evgem_map_userptr(fd, rig.vm, DATA_ADDR, 8 * PAGE, stressed));
	OK(evgem_map_userptr(fd, rig.vm, OTHER_ADDR, PAGE, stressed));
	CHECK(!pthread_create(&threads[0], NULL, fork_again_and_again, NULL));
	CHECK(!pthread_create(&threads[1], NULL, throw_away_again_and_again,
			      NULL));

	while (now_ms() - begin < 1000) {
		struct evgem_cmds a = { 0 }, b = { 0 };

		evgem_cmd_atomic_add(&a, DATA_ADDR, 1);
		evgem_cmd_write(&a, DATA_ADDR + 4 * PAGE, done);
		evgem_cmd_atomic_add(&b, OTHER_ADDR, 1);
		OK(evgem_exec(fd, queue, &a, NULL));
		OK(evgem_run(fd, rig.queue, &b));
		done += 2;
	}

	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		CHECK(!pthread_join(threads[i], NULL));
	OK(evgem_run(fd, queue, &(struct evgem_cmds){ 0 }));
	CHECK_EQ(stressed[0], done);
	CHECK_EQ(rig_state(&rig).fault_count, 0);
	ktap_note("%llu jobs", (unsigned long long)done);
}

const struct ktap_case ktap_cases[] = {
	{ "both-ways", both_ways },
	{ "readonly", readonly },
	{ "unmapped-by-the-process", unmapped_by_the_process },
	{ "unmapped-under-a-job", unmapped_under_a_job },
	{ "moved", moved },
	{ "forked", forked },
	{ "forked-readonly", forked_readonly },
	{ "thrown-away", thrown_away },
	{ "protection", protection },
	{ "cut-by-binds", cut_by_binds },
	{ "shared-file", shared_file },
	{ "private-file", private_file },
	{ "lost-before-the-bind", lost_before_the_bind },
	{ "exit-with-a-job", exit_with_a_job },
	{ "owner-gone", owner_gone },
	{ "huge-pages", huge_pages },
	{ "bad-input", bad_input },
	{ "stress", stress },
	{ 0 }
};
