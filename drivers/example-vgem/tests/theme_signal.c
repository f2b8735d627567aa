// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Row 25: signals that come while an ioctl waits. EINTR means that nothing was
 * done, and the same call again succeeds.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "alarms.h"
#include "world.h"

static struct world w;

/* The first operations of the good bind, as a synchronous one. */
static void make_sync(struct good_bind *g)
{
	g->args.flags = 0;
	g->args.syncs.count = 0;
}

/* Waits for a bind queued before it; withdrawn, it must leave no trace. */
static void withdrawn(int fd)
{
	struct evgem_bind bind = { 0 };
	struct good_bind g, before;
	struct gate gate;

	gate_init(&gate, fd);
	world_init(&w, fd);
	good_bind(&w, &g);
	make_sync(&g);
	before = g;
	OK(evgem_bind_async(fd, w.rig.vm, &bind,
			    EVGEM_SYNCS(evgem_wait(gate.syncobj))));

	alarms_each(20000);
	for (int i = 0; i < 5; i++)
		FAILS(EINTR, raw_ioctl(fd, DRM_IOCTL_EVGEM_VM_BIND, &g.args));
	alarms_each(0);
	CHECK(alarms_seen() >= 5);
	CHECK(!memcmp(&g, &before, sizeof(g)));

	gate_open(&gate);
	world_unchanged(&w);
	OK(raw_ioctl(fd, DRM_IOCTL_EVGEM_VM_BIND, &g.args));
	rig_shows(&w.rig, DATA_ADDR + 3 * PAGE, 4 * PAGE, &w.b, 2 * PAGE);
}

/* Withdrawn binds that are still queued do not hold up the VM's end. */
static void withdrawn_and_destroyed(int fd)
{
	struct evgem_bind bind = { 0 };
	struct good_bind g;
	struct gate gate;

	gate_init(&gate, fd);
	world_init(&w, fd);
	good_bind(&w, &g);
	make_sync(&g);
	OK(evgem_bind_async(fd, w.rig.vm, &bind,
			    EVGEM_SYNCS(evgem_wait(gate.syncobj))));
	alarms_each(10000);
	for (int i = 0; i < 20; i++)
		FAILS(EINTR, raw_ioctl(fd, DRM_IOCTL_EVGEM_VM_BIND, &g.args));
	alarms_each(0);
	OK(evgem_vm_destroy(fd, w.rig.vm));
	FAILS(ENOENT, raw_ioctl(fd, DRM_IOCTL_EVGEM_VM_BIND, &g.args));
	gate_open(&gate);
}

#define BIG (32ull << 20)

static bool stop;

/*
 * Holds the lock of the VM for as long as it takes to find memory for a big BO,
 * again and again.
 */
static void *hold_the_lock(void *arg)
{
	sigset_t all;

	(void)arg;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		uint32_t bo;

		OK(evgem_bo_create(w.rig.fd, BIG, w.rig.vm, &bo));
		OK(evgem_map(w.rig.fd, w.rig.vm, DATA_ADDR + (1ull << 32), BIG,
			     bo, 0));
		OK(evgem_unmap(w.rig.fd, w.rig.vm, DATA_ADDR + (1ull << 32),
			       BIG));
		OK(evgem_bo_close(w.rig.fd, bo));
	}

	return NULL;
}

static void interrupted_at_a_lock(int fd, unsigned long request, void *args,
				  size_t size)
{
	unsigned int interrupted = 0;
	uint64_t until = now_ms() + 8000;
	uint8_t before[64];
	pthread_t thread;
	int ret = 0;

	memcpy(before, args, size);
	__atomic_store_n(&stop, false, __ATOMIC_RELEASE);
	CHECK(!pthread_create(&thread, NULL, hold_the_lock, NULL));
	alarms_each(2000);
	while (interrupted < 3 && now_ms() < until) {
		ret = raw_ioctl(fd, request, args);
		interrupted += ret == -EINTR;
		CHECK(!ret || ret == -EINTR);
		CHECK(!memcmp(before, args, size));
	}
	while (ret == -EINTR)
		ret = raw_ioctl(fd, request, args);
	alarms_each(0);
	OK(ret);
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	CHECK(!pthread_join(thread, NULL));
	CHECK(interrupted > 0);
}

static void exec_at_a_lock(int fd)
{
	struct good_exec g;

	world_init(&w, fd);
	good_exec(&w, &g);
	g.args.syncs.count = 0;
	interrupted_at_a_lock(fd, DRM_IOCTL_EVGEM_EXEC, &g.args,
			      sizeof(g.args));
	exec_works(&w);
}

static void bind_at_a_lock(int fd)
{
	struct good_bind g;

	world_init(&w, fd);
	good_bind(&w, &g);
	make_sync(&g);
	interrupted_at_a_lock(fd, DRM_IOCTL_EVGEM_VM_BIND, &g.args,
			      sizeof(g.args));
	rig_shows(&w.rig, DATA_ADDR + 3 * PAGE, 4 * PAGE, &w.b, 2 * PAGE);
	rig_unmapped(&w.rig, DATA_ADDR + PAGE);
}

/* libdrm's way: calls again until it is done. */
static void library_goes_on(int fd)
{
	struct rig rig;
	struct bo bo;

	rig_init(&rig, fd);
	bo_init(&bo, fd, 8, 0, 1);
	alarms_each(3000);
	for (int i = 0; i < 60; i++) {
		OK(evgem_map(fd, rig.vm, DATA_ADDR, bo.size, bo.handle, 0));
		rig_shows(&rig, DATA_ADDR, bo.size, &bo, 0);
		OK(evgem_unmap(fd, rig.vm, DATA_ADDR, bo.size));
	}
	alarms_each(0);
	CHECK(alarms_seen() > 0);
	CHECK_EQ(rig_state(&rig).mappings, 1);
}

const struct ktap_case ktap_cases[] = {
	{ "row-25-withdrawn", withdrawn },
	{ "row-25-withdrawn-and-destroyed", withdrawn_and_destroyed },
	{ "row-25-exec-at-a-lock", exec_at_a_lock, 60 },
	{ "row-25-bind-at-a-lock", bind_at_a_lock, 60 },
	{ "library-goes-on", library_goes_on },
	{ 0 }
};
