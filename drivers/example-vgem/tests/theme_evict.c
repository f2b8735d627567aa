// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * BOs whose memory is taken away, and brought back when a job or the CPU wants to
 * have it: nobody but the statistics shall see it.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <xf86drm.h>

#include "exporter.h"
#include "inject.h"
#include "memory.h"
#include "world.h"

#define SIZE (32 * PAGE)
#define TENANT_BOS 3

/**
 * struct tenant - a VM with BOs of SIZE each, beside its scratch
 */
struct tenant {
	struct rig rig;
	struct bo bo[TENANT_BOS];
};

static void tenant_init(struct tenant *t, int fd, bool private, uint32_t seed)
{
	rig_init(&t->rig, fd);
	for (uint32_t i = 0; i < TENANT_BOS; i++) {
		bo_init(&t->bo[i], fd, SIZE / PAGE, private ? t->rig.vm : 0,
			seed + i);
		OK(evgem_map(fd, t->rig.vm, DATA_ADDR + i * SIZE, SIZE,
			     t->bo[i].handle, 0));
	}
}

static void cpu_shows(const struct bo *bo)
{
	for (uint64_t i = 0; i < bo->size / sizeof(*bo->cpu); i++)
		CHECK_EQ(bo->cpu[i], bo_word(bo, i * sizeof(*bo->cpu)));
}

/* Every byte, as the engine sees it; then one that it writes, as the CPU does. */
static void tenant_works(struct tenant *t)
{
	for (uint32_t i = 0; i < TENANT_BOS; i++) {
		uint64_t at = DATA_ADDR + i * SIZE + 5 * PAGE;

		rig_shows(&t->rig, DATA_ADDR + i * SIZE, SIZE, &t->bo[i], 0);
		OK(rig_write(&t->rig, at, 0x1234));
		CHECK_EQ(t->bo[i].cpu[5 * PAGE / 8], 0x1234);
		OK(rig_write(&t->rig, at, bo_word(&t->bo[i], 5 * PAGE)));
	}
}

static void tell(int fd)
{
	struct drm_evgem_device_info info;

	memory_guard(fd);
	memory_limit(0);
	OK(evgem_query_device(fd, &info));
	CHECK(info.features & DRM_EVGEM_FEATURE_MEMORY_LIMIT);
	CHECK_EQ(info.memory_limit, 0);
	memory_limit(5 * PAGE + 1024);
	OK(evgem_query_device(fd, &info));
	CHECK_EQ(info.memory_limit, 5 * PAGE);
	CHECK_EQ(memory_now(fd).limit, 5 * PAGE);
}

/* Two that want twice as much as there is, one after the other. */
static void overcommit(int fd, bool private)
{
	struct tenant one, two;
	struct memory before, now;

	memory_guard(fd);
	memory_limit(memory_now(fd).resident + SCRATCH_SIZE + 4 * SIZE);
	tenant_init(&one, fd, private, 1);
	tenant_init(&two, fd, private, 11);
	before = memory_now(fd);
	CHECK(before.evicted);
	for (int round = 0; round < 3; round++) {
		tenant_works(&one);
		now = memory_now(fd);
		CHECK(now.resident <= now.limit);
		tenant_works(&two);
	}
	for (int i = 0; i < TENANT_BOS; i++) {
		cpu_shows(&one.bo[i]);
		cpu_shows(&two.bo[i]);
	}

	/* Both have most of it in each round. */
	now = memory_now(fd);
	CHECK(now.evicted - before.evicted >= 5 * TENANT_BOS);
	CHECK(now.restored - before.restored >= 5 * TENANT_BOS);
	CHECK_EQ(rig_state(&one.rig).mappings, 1 + TENANT_BOS);
}

static void private_bos(int fd)
{
	overcommit(fd, true);
}

static void external_bos(int fd)
{
	overcommit(fd, false);
}

/* Evicted in both at once, back in each when that wants it. */
static void two_vms(int fd)
{
	struct rig one, two;
	struct bo bo;

	memory_guard(fd);
	rig_init(&one, fd);
	rig_init(&two, fd);
	bo_init(&bo, fd, 64, 0, 7);
	OK(evgem_map(fd, one.vm, DATA_ADDR, bo.size, bo.handle, 0));
	OK(evgem_map_readonly(fd, two.vm, DATA_ADDR + PAGE, bo.size, bo.handle,
			      0));
	for (int round = 0; round < 3; round++) {
		memory_evict_all(fd);
		CHECK_EQ(memory_now(fd).resident, 0);
		CHECK_EQ(memory_vm_bos_evicted(fd), 4);
		CHECK_EQ(rig_state(&one).ptes_4k, 0);
		CHECK_EQ(rig_state(&two).ptes_4k, 0);

		rig_shows(&one, DATA_ADDR, bo.size, &bo, 0);
		CHECK_EQ(memory_vm_bos_evicted(fd), 2);
		CHECK_EQ(rig_state(&two).ptes_4k, 0);
		OK(rig_write(&one, DATA_ADDR, bo_word(&bo, 0)));
		if (round == 1)
			continue;
		rig_shows(&two, DATA_ADDR + PAGE, bo.size, &bo, 0);
		CHECK_EQ(memory_vm_bos_evicted(fd), 0);
		rig_faults(&two, DATA_ADDR + PAGE, DRM_EVGEM_ACCESS_WRITE,
			   DRM_EVGEM_FAULT_READONLY);
	}
}

/* Blocks go and others come: nothing may know the old ones. */
static void huge(int fd)
{
	struct rig rig;
	struct bo bo;

	memory_guard(fd);
	rig_init(&rig, fd);
	bo_init_huge(&bo, fd, HUGE, 0, 7);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, HUGE, bo.handle, 0));

	for (uint64_t at = PAGE; at < HUGE; at += 200 * PAGE) {
		memory_evict_all(fd);
		CHECK_EQ(rig_state(&rig).ptes_2m, 0);
		rig_shows(&rig, DATA_ADDR + at, PAGE, &bo, at);
		CHECK_EQ(rig_state(&rig).ptes_2m, 1);

		/* By one and seen by the other, both ways. */
		memory_evict_all(fd);
		bo.cpu[at / 8] = 3;
		CHECK_EQ(rig_word(&rig, DATA_ADDR + at), 3);
		memory_evict_all(fd);
		OK(rig_write(&rig, DATA_ADDR + at, bo_word(&bo, at)));
		CHECK_EQ(bo.cpu[at / 8], bo_word(&bo, at));
	}
	cpu_shows(&bo);
}

/* An entry of 2 MiB shows two mappings of a BO, and goes with either. */
static void seam_in_a_huge_page(int fd)
{
	struct rig rig;
	struct bo bo;

	memory_guard(fd);
	rig_init(&rig, fd);
	bo_init_huge(&bo, fd, HUGE, rig.vm, 7);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, HUGE, bo.handle, 0));
	OK(evgem_map(fd, rig.vm, DATA_ADDR, HUGE / 2, bo.handle, 0));
	CHECK_EQ(rig_state(&rig).mappings, 3);
	CHECK_EQ(rig_state(&rig).ptes_2m, 1);

	memory_evict_all(fd);
	CHECK_EQ(rig_state(&rig).ptes_2m, 0);
	rig_shows(&rig, DATA_ADDR, HUGE, &bo, 0);

	/* The same for the end of the VM. */
	OK(evgem_unmap(fd, rig.vm, DATA_ADDR, HUGE));
	OK(evgem_map(fd, rig.vm, DATA_ADDR, HUGE, bo.handle, 0));
	OK(evgem_map(fd, rig.vm, DATA_ADDR, HUGE / 2, bo.handle, 0));
	CHECK_EQ(rig_state(&rig).ptes_2m, 1);
	OK(evgem_vm_destroy(fd, rig.vm));
}

/* What has no memory loses none. */
static void sparse(int fd)
{
	struct evgem_bind bind = { 0 };
	struct rig rig;
	struct bo bo;

	memory_guard(fd);
	rig_init(&rig, fd);
	bo_init(&bo, fd, 4, 0, 7);
	evgem_bind_sparse(&bind, DATA_ADDR, 16 * PAGE);
	evgem_bind_map(&bind, DATA_ADDR + 4 * PAGE, bo.size, bo.handle, 0);
	OK(evgem_bind_sync(fd, rig.vm, &bind));
	memory_evict_all(fd);
	CHECK_EQ(rig_state(&rig).ptes_4k, 12);
	CHECK_EQ(rig_word(&rig, DATA_ADDR + 3 * PAGE), 0);
	CHECK_EQ(rig_word(&rig, DATA_ADDR + 8 * PAGE), 0);
	rig_shows(&rig, DATA_ADDR + 4 * PAGE, bo.size, &bo, 0);
}

/* One piece over a long range, which comes back as such, and when it is cut. */
static void repeat(int fd)
{
	struct rig rig;
	struct bo bo;

	memory_guard(fd);
	rig_init(&rig, fd);
	bo_init(&bo, fd, 4, 0, 7);
	OK(evgem_map_repeat(fd, rig.vm, DATA_ADDR, 30 * PAGE, bo.handle, PAGE,
			    3 * PAGE));
	for (int round = 0; round < 2; round++) {
		memory_evict_all(fd);
		CHECK_EQ(rig_state(&rig).ptes_4k, 0);
		for (uint64_t i = round * 11; i < 30; i++)
			CHECK_EQ(rig_word(&rig, DATA_ADDR + i * PAGE),
				 bo_word(&bo, PAGE + i % 3 * PAGE));
		OK(evgem_unmap(fd, rig.vm, DATA_ADDR + 10 * PAGE, PAGE));
	}
}

/* What the CPU has mapped leads to the memory that the BO has, not had. */
static void mapped_by_the_cpu(int fd)
{
	uint64_t *again;
	struct rig rig;
	struct bo bo;
	int dmabuf;

	memory_guard(fd);
	rig_init(&rig, fd);
	bo_init_huge(&bo, fd, HUGE, 0, 7);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, HUGE, bo.handle, 0));
	OK(evgem_bo_export(fd, bo.handle, &dmabuf));
	again = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	CHECK(again != MAP_FAILED);
	/* A part, and moved. */
	CHECK(!munmap(again, PAGE));
	again = mremap(again + PAGE / 8, HUGE - PAGE, HUGE - PAGE,
		       MREMAP_MAYMOVE | MREMAP_FIXED, (char *)again + 64 * HUGE);
	CHECK(again != MAP_FAILED);
	again -= PAGE / 8;

	for (uint64_t i = 1; i < 4; i++) {
		uint64_t at = i * 70 * PAGE / 8;
		struct bo other;

		bo.cpu[at] = i;
		CHECK_EQ(again[at], i);
		memory_evict_all(fd);
		/* Takes the very memory, lest the BO gets it back. */
		bo_init_huge(&other, fd, HUGE, 0, 8);
		OK(rig_write(&rig, DATA_ADDR + at * 8 + 8, i + 1));
		CHECK_EQ(again[at], i);
		CHECK_EQ(again[at + 1], i + 1);
		again[at] = i + 2;
		CHECK_EQ(rig_word(&rig, DATA_ADDR + at * 8), i + 2);
		CHECK_EQ(bo.cpu[at + 1], i + 1);
	}
	CHECK(!close(dmabuf));
}

/* What only the engine wrote is not lost when the kernel drops clean pages. */
static void written_by_the_engine(int fd)
{
	struct evgem_cmds cmds = { 0 };
	struct rig rig;
	uint32_t bo;

	memory_guard(fd);
	rig_init(&rig, fd);
	OK(evgem_bo_create(fd, SIZE, 0, &bo));
	OK(evgem_map(fd, rig.vm, DATA_ADDR, SIZE, bo, 0));
	evgem_cmd_fill(&cmds, DATA_ADDR, SIZE, 0xabcd);
	rig_run(&rig, &cmds);
	memory_evict_all(fd);
	memory_drop_caches(3);
	for (uint64_t at = 0; at < SIZE; at += PAGE)
		CHECK_EQ(rig_word(&rig, DATA_ADDR + at), 0x0000abcd0000abcdull);
}

/* A BO that is in use is waited for; it is not taken away under the job. */
static void in_use(int fd)
{
	struct evgem_cmds cmds = { 0 };
	uint32_t done = make_syncobj(fd);
	struct rig busy, other;
	struct gate gate;
	struct bo bo, wanted;
	uint64_t start;

	memory_guard(fd);
	rig_init(&busy, fd);
	rig_init(&other, fd);
	bo_init(&bo, fd, SIZE / PAGE, 0, 7);
	bo_init(&wanted, fd, SIZE / PAGE, other.vm, 8);
	OK(evgem_map(fd, busy.vm, DATA_ADDR, SIZE, bo.handle, 0));
	memory_evict_all(fd);
	gate_init(&gate, fd);

	/* Waits, then reads all of it. */
	evgem_cmd_copy(&cmds, SCRATCH_ADDR, DATA_ADDR, SIZE);
	OK(evgem_exec(fd, busy.queue, &cmds,
		      EVGEM_SYNCS(evgem_wait(gate.syncobj),
				  evgem_signal(done))));
	memory_limit(memory_now(fd).resident + SIZE - PAGE);
	gate_open_later(&gate, 300);
	start = now_ms();
	OK(evgem_map(fd, other.vm, DATA_ADDR, SIZE, wanted.handle, 0));
	CHECK(now_ms() - start >= 250);
	rig_shows(&other, DATA_ADDR, SIZE, &wanted, 0);
	job_ends(fd, done, 0, 0);
	for (uint64_t i = 0; i < SIZE / 8; i++)
		CHECK_EQ(busy.cpu[i], bo_word(&bo, i * 8));
}

/* The world is as it was, once a job has brought it back. */
static void still_there(struct world *w)
{
	rig_shows(&w->rig, DATA_ADDR, PAGE, &w->a, 0);
	w->state.tlb_flushes = rig_state(&w->rig).tlb_flushes;
	world_unchanged(w);
}

static void on_alarm(int number)
{
	(void)number;
}

/* Who waits for room can be interrupted, and has changed nothing. */
static void interrupted(int fd)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	const struct itimerval timer = { .it_value.tv_usec = 100000 };
	struct world w;
	struct gate gate;
	struct good_bind g;
	int other;

	memory_guard(fd);
	world_init(&w, fd);
	memory_evict_all(fd);
	/* In a file of its own, so that the world does not see it. */
	other = evgem_open();
	CHECK(other >= 0);
	gate_init(&gate, other);
	/* The BO that is bound has 8 pages, and the gate has one that is in use. */
	memory_limit(8 * PAGE);
	good_bind(&w, &g);
	g.args.ops.count = 1;
	CHECK(!sigaction(SIGALRM, &action, NULL));
	CHECK(!setitimer(ITIMER_REAL, &timer, NULL));
	FAILS(EINTR, raw_ioctl(fd, DRM_IOCTL_EVGEM_VM_BIND, &g.args));
	memory_limit(0);
	still_there(&w);
	gate_open(&gate);
	bind_works(&w);
}

/* Binds that concern what is evicted. */
static void binds_meanwhile(int fd)
{
	struct evgem_bind bind = { 0 };
	struct bo bo, over;
	struct rig rig;

	memory_guard(fd);
	rig_init(&rig, fd);
	bo_init(&bo, fd, 16, rig.vm, 7);
	bo_init(&over, fd, 4, 0, 8);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, bo.size, bo.handle, 0));

	/* Bound once more: what was there comes back as well. */
	memory_evict_all(fd);
	OK(evgem_map(fd, rig.vm, DATA_ADDR + SIZE, bo.size, bo.handle, 0));
	CHECK_EQ(rig_state(&rig).ptes_4k, 2 * 16);
	rig_shows(&rig, DATA_ADDR, bo.size, &bo, 0);
	rig_shows(&rig, DATA_ADDR + SIZE, bo.size, &bo, 0);

	/* Cut, and covered. */
	memory_evict_all(fd);
	evgem_bind_unmap(&bind, DATA_ADDR + 2 * PAGE, 2 * PAGE);
	evgem_bind_map(&bind, DATA_ADDR + 8 * PAGE, 4 * PAGE, over.handle, 0);
	OK(evgem_bind_sync(fd, rig.vm, &bind));
	CHECK_EQ(rig_state(&rig).ptes_4k, 4);
	rig_shows(&rig, DATA_ADDR, 2 * PAGE, &bo, 0);
	rig_unmapped(&rig, DATA_ADDR + 3 * PAGE);
	rig_shows(&rig, DATA_ADDR + 4 * PAGE, 4 * PAGE, &bo, 4 * PAGE);
	rig_shows(&rig, DATA_ADDR + 8 * PAGE, 4 * PAGE, &over, 0);
	rig_shows(&rig, DATA_ADDR + 12 * PAGE, 4 * PAGE, &bo, 12 * PAGE);

	/* Unmapped: it does not come back, and nobody makes room for it. */
	memory_evict_all(fd);
	OK(evgem_unmap(fd, rig.vm, DATA_ADDR + 6 * PAGE, 4 * PAGE));
	evgem_bind_unmap_bo(&bind, bo.handle);
	OK(evgem_bind_sync(fd, rig.vm, &bind));
	rig_shows(&rig, DATA_ADDR + 10 * PAGE, 2 * PAGE, &over, 2 * PAGE);
	rig_unmapped(&rig, DATA_ADDR);
	rig_unmapped(&rig, DATA_ADDR + SIZE);
	CHECK_EQ(memory_now(fd).resident, SCRATCH_SIZE + over.size);
	cpu_shows(&bo);
}

/* Freed when it has no memory; and a VM, and all of a file. */
static void freed_meanwhile(int fd)
{
	struct tenant t;
	int other;

	memory_guard(fd);
	tenant_init(&t, fd, false, 7);
	memory_evict_all(fd);
	OK(evgem_unmap(fd, t.rig.vm, DATA_ADDR, SIZE));
	bo_close(&t.bo[0], fd);
	/* The mapping is all that keeps it. */
	bo_close(&t.bo[1], fd);
	CHECK_EQ(memory_now(fd).resident, 0);
	rig_unmapped(&t.rig, DATA_ADDR);
	rig_shows(&t.rig, DATA_ADDR + SIZE, SIZE, &t.bo[1], 0);
	memory_evict_all(fd);
	OK(evgem_vm_destroy(fd, t.rig.vm));
	cpu_shows(&t.bo[2]);

	other = evgem_open();
	CHECK(other >= 0);
	tenant_init(&t, other, true, 17);
	memory_evict_all(fd);
	CHECK(!close(other));
	tenant_init(&t, fd, true, 27);
	tenant_works(&t);
}

/* What another driver has, and what is its, stays where it is. */
static void pinned(int fd)
{
	struct drm_gem_close gem_close = { 0 };
	struct foreign theirs;
	struct bo bo, wanted;
	struct rig rig, other;
	uint32_t import;
	int dmabuf;

	memory_guard(fd);
	rig_init(&rig, fd);
	rig_init(&other, fd);
	bo_init(&bo, fd, SIZE / PAGE, 0, 7);
	bo_init(&wanted, fd, SIZE / PAGE, other.vm, 8);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, SIZE, bo.handle, 0));
	vgem_init(&theirs, 16, 9);
	OK(evgem_bo_import(fd, theirs.dmabuf, &import));
	OK(evgem_map(fd, rig.vm, DATA_ADDR + SIZE, 16 * PAGE, import, 0));
	OK(evgem_bo_export(fd, bo.handle, &dmabuf));
	CHECK(!drmPrimeFDToHandle(theirs.fd, dmabuf, &gem_close.handle));

	memory_evict_all(fd);
	CHECK_EQ(memory_now(fd).resident, SIZE);
	CHECK_EQ(rig_state(&rig).ptes_4k, (SIZE + 16 * PAGE) / PAGE);
	rig_shows(&rig, DATA_ADDR, SIZE, &bo, 0);
	rig_shows(&rig, DATA_ADDR + SIZE, 16 * PAGE, &theirs.bo, 0);

	memory_evict_all(fd);
	memory_limit(2 * SIZE - PAGE);
	FAILS(ENOMEM, evgem_map(fd, other.vm, DATA_ADDR, SIZE, wanted.handle, 0));
	CHECK_EQ(rig_state(&other).mappings, 1);
	CHECK(!drmIoctl(theirs.fd, DRM_IOCTL_GEM_CLOSE, &gem_close));
	OK(evgem_map(fd, other.vm, DATA_ADDR, SIZE, wanted.handle, 0));
	memory_limit(0);
	rig_shows(&other, DATA_ADDR, SIZE, &wanted, 0);
	rig_shows(&rig, DATA_ADDR, SIZE, &bo, 0);
	CHECK(!close(dmabuf));
	foreign_close(&theirs);
}

/* What does not fit even alone: refused, with nothing changed. */
static void too_much(int fd)
{
	struct world w;
	struct good_bind b;
	struct good_exec e;

	memory_guard(fd);
	world_init(&w, fd);
	memory_evict_all(fd);
	for (int i = 0; i < 2; i++) {
		/* Smaller than the BO; less than all of the VM. */
		memory_limit(i ? 12 * PAGE : 4 * PAGE);
		good_bind(&w, &b);
		FAILS(ENOMEM, raw_ioctl(fd, DRM_IOCTL_EVGEM_VM_BIND, &b.args));
		good_exec(&w, &e);
		FAILS(ENOMEM, raw_ioctl(fd, DRM_IOCTL_EVGEM_EXEC, &e.args));
		memory_limit(0);
		still_there(&w);
		memory_evict_all(fd);
	}
	bind_works(&w);
	exec_works(&w);
	memory_limit(SCRATCH_SIZE + 16 * PAGE);
	bind_works(&w);
	exec_works(&w);
}

/* Who was there last stays. */
static void least_recently_used(int fd)
{
	struct tenant t[3];
	struct memory before;

	memory_guard(fd);
	for (uint32_t i = 0; i < ARRAY_SIZE(t); i++)
		tenant_init(&t[i], fd, i & 1, 10 * i);
	for (uint32_t i = 0; i < 3; i++) {
		const uint32_t first = i % 3, last = (i + 1) % 3;

		memory_limit(0);
		tenant_works(&t[(i + 2) % 3]);
		tenant_works(&t[first]);
		tenant_works(&t[last]);
		before = memory_now(fd);
		/* All of the one that is oldest has to go, and nothing else. */
		memory_limit(before.resident - SCRATCH_SIZE - 2 * SIZE);
		OK(memory_touch(fd, SIZE));
		CHECK_EQ(memory_now(fd).evicted, before.evicted + 4);
		before = memory_now(fd);
		memory_limit(0);
		tenant_works(&t[first]);
		tenant_works(&t[last]);
		CHECK_EQ(memory_now(fd).restored, before.restored);
	}
}

/* Memory reclaim, told to take what it can get. */
static void shrinker(int fd)
{
	struct tenant one, two;
	struct memory before, now;

	memory_guard(fd);
	memory_shrink(0);
	tenant_init(&one, fd, true, 1);
	tenant_init(&two, fd, false, 11);
	before = memory_now(fd);
	memory_drop_caches(2);
	CHECK_EQ(memory_now(fd).shrunk, before.shrunk);

	memory_shrink(2);
	for (int i = 0; i < 4; i++) {
		before = memory_now(fd);
		memory_drop_caches(2);
		now = memory_now(fd);
		CHECK(now.shrunk - before.shrunk >= 2 * TENANT_BOS);
		CHECK_EQ(now.shrunk - before.shrunk,
			 now.evicted - before.evicted);
		CHECK_EQ(now.resident, 0);
		tenant_works(&one);
		tenant_works(&two);
	}
}

/* A page table that cannot be written: the job is refused, the next is not. */
static void page_tables_not_written(int fd)
{
	struct rig rig, other;
	struct bo bo;

	memory_guard(fd);
	rig_init(&rig, fd);
	rig_init(&other, fd);
	bo_init(&bo, fd, 16, 0, 7);
	OK(evgem_map(fd, rig.vm, DATA_ADDR, bo.size, bo.handle, 0));
	OK(evgem_map(fd, other.vm, DATA_ADDR, bo.size, bo.handle, 0));
	memory_evict_all(fd);
	inject_bind_failure(0, 1);
	FAILS(EIO, rig_write(&rig, DATA_ADDR, 1));
	inject_bind_failure(0, 0);
	CHECK_EQ(rig_state(&rig).ptes_4k, 0);
	rig_shows(&rig, DATA_ADDR, bo.size, &bo, 0);
	rig_shows(&other, DATA_ADDR, bo.size, &bo, 0);
}

/* One that cannot be cleared: that VM dies, and the memory stays. */
static void page_tables_not_cleared(int fd)
{
	struct rig rig[2];
	struct bo bo[2];
	int dead = 0;

	memory_guard(fd);
	for (int i = 0; i < 2; i++) {
		rig_init(&rig[i], fd);
		bo_init(&bo[i], fd, 16, 0, 7 + i);
		OK(evgem_map(fd, rig[i].vm, DATA_ADDR, bo[i].size,
			     bo[i].handle, 0));
	}
	inject_bind_failure(0, 1);
	memory_evict_all(fd);
	inject_bind_failure(0, 0);
	CHECK(memory_now(fd).resident >= 16 * PAGE);
	for (int i = 0; i < 2; i++) {
		if (rig_state(&rig[i]).status == DRM_EVGEM_VM_DEAD) {
			FAILS(EIO, rig_write(&rig[i], DATA_ADDR, 1));
			dead++;
		} else {
			rig_shows(&rig[i], DATA_ADDR, bo[i].size, &bo[i], 0);
		}
		cpu_shows(&bo[i]);
	}
	CHECK_EQ(dead, 1);
}

static struct hammer {
	int fd;
	struct tenant t[4];
	struct bo shared;
	uint64_t until;
} hammer;

static void *hammer_tenant(void *arg)
{
	struct tenant *t = arg;
	uint64_t at = DATA_ADDR + 8 * SIZE;

	for (uint64_t i = 0; now_ms() < hammer.until; i++) {
		uint64_t n = i % 4 + 1, from = i % 5 * PAGE;

		OK(evgem_map(hammer.fd, t->rig.vm, at, n * PAGE,
			     hammer.shared.handle, from));
		rig_shows(&t->rig, at, n * PAGE, &hammer.shared, from);
		rig_shows(&t->rig, DATA_ADDR + i % TENANT_BOS * SIZE, 4 * PAGE,
			  &t->bo[i % TENANT_BOS], 0);
		CHECK_EQ(t->bo[i % TENANT_BOS].cpu[i % 1000],
			 bo_word(&t->bo[i % TENANT_BOS], i % 1000 * 8));
		OK(evgem_unmap(hammer.fd, t->rig.vm, at, n * PAGE));
	}
	return NULL;
}

static void *hammer_reclaim(void *arg)
{
	(void)arg;
	while (now_ms() < hammer.until) {
		memory_drop_caches(2);
		sleep_ms(20);
	}
	return NULL;
}

/* All want to be there at once; everybody gets what is his. */
static void hammering(int fd)
{
	pthread_t thread[5];
	struct memory before;

	memory_guard(fd);
	hammer.fd = fd;
	bo_init(&hammer.shared, fd, 32, 0, 99);
	for (uint32_t i = 0; i < 4; i++)
		tenant_init(&hammer.t[i], fd, i & 1, 10 * i);
	before = memory_now(fd);
	/* Two of four, with what they share. */
	memory_limit(2 * SCRATCH_SIZE + 7 * SIZE);
	memory_shrink(2);
	hammer.until = now_ms() + 1500;
	for (int i = 0; i < 4; i++)
		CHECK(!pthread_create(&thread[i], NULL, hammer_tenant,
				      &hammer.t[i]));
	CHECK(!pthread_create(&thread[4], NULL, hammer_reclaim, NULL));
	for (int i = 0; i < 5; i++)
		CHECK(!pthread_join(thread[i], NULL));
	CHECK(memory_now(fd).restored > before.restored + 10);
	for (int i = 0; i < 4; i++)
		tenant_works(&hammer.t[i]);
}

const struct ktap_case ktap_cases[] = {
	{ "limit-is-told", tell },
	{ "private", private_bos },
	{ "external", external_bos },
	{ "two-vms", two_vms },
	{ "huge", huge },
	{ "seam-in-a-huge-page", seam_in_a_huge_page },
	{ "sparse", sparse },
	{ "repeat", repeat },
	{ "mapped-by-the-cpu", mapped_by_the_cpu },
	{ "written-by-the-engine", written_by_the_engine },
	{ "in-use", in_use },
	{ "interrupted", interrupted },
	{ "binds-meanwhile", binds_meanwhile },
	{ "freed-meanwhile", freed_meanwhile },
	{ "pinned", pinned },
	{ "too-much", too_much },
	{ "least-recently-used", least_recently_used },
	{ "shrinker", shrinker },
	{ "page-tables-not-written", page_tables_not_written },
	{ "page-tables-not-cleared", page_tables_not_cleared },
	{ "hammering", hammering },
	{ 0 }
};
