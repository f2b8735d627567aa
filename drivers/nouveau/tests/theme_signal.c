// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Row 25: signals that come while a call waits. EINTR means that nothing was done,
 * and the same call again succeeds.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alarms.h"
#include "rig.h"

#define LARGE (16ull << 20)
#define LARGE_ADDR (DATA_ADDR + (1ull << 32))
#define REGION_ADDR (DATA_ADDR + HUGE)

static struct rig rig;
static struct bo a;
/* Where a job waits until it is let go, and what it signals then. */
static uint32_t gate;

static void begin(int fd)
{
	rig_init(&rig, fd);
	bo_init(&a, fd, 8 * PAGE, NVT_GART, 0xa);
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, a.size, a.handle, 0)));
	gate = make_syncobj(fd);
}

static void gate_close(void)
{
	struct push p = rig_push(&rig);
	uint32_t chan;

	rig.scratch.cpu[0] = 0;
	OK(nvt_channel(rig.fd, &chan));
	push_acquire(&p, SCRATCH_ADDR, 1);
	OK(rig_exec(&rig, chan, &p, SYNCS(SIGNALS({ gate }))));
}

static void gate_open(void)
{
	__atomic_store_n(&rig.scratch.cpu[0], 1, __ATOMIC_RELEASE);
}

/* A bind that waits for the gate. */
static void queue_bind(void)
{
	OK(nvt_bind_n(rig.fd, NULL, 0, SYNCS(WAITS({ gate }))));
}

/* A signal takes a synchronous bind back, as if it had never come. */
static void bind_waits(int fd)
{
	const struct drm_nouveau_vm_bind_op ops[] = {
		nvt_sparse(REGION_ADDR, HUGE),
		nvt_unmap(DATA_ADDR + 2 * PAGE, PAGE),
	};
	uint64_t start;

	begin(fd);
	gate_close();
	queue_bind();
	alarms_each(20000);
	for (int i = 0; i < 5; i++)
		FAILS(EINTR, nvt_bind_n(fd, ops, ARRAY_SIZE(ops), NULL));
	alarms_each(0);
	CHECK(alarms_seen() >= 5);
	CHECK_EQ(debugfs_number(fd, "vms", "regions"), 0);
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);

	start = now_ms();
	gate_open();
	OK(nvt_bind_n(fd, ops, ARRAY_SIZE(ops), NULL));
	CHECK(now_ms() - start < 2000);
	CHECK_EQ(debugfs_number(fd, "vms", "regions"), 1);
	rig_shows(&rig, DATA_ADDR, 2 * PAGE, &a, 0);
	rig_unmapped(&rig, DATA_ADDR + 2 * PAGE);
	rig_shows_zeros(&rig, REGION_ADDR, PAGE);
}

/* Who is killed while it waits is gone at once. */
static void bind_killed(int fd)
{
	uint64_t start;
	int status;
	pid_t pid;

	begin(fd);
	gate_close();
	queue_bind();
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		nvt_bind(fd, nvt_unmap(DATA_ADDR, PAGE));
		_exit(0);
	}
	sleep_ms(100);
	CHECK(!waitpid(pid, &status, WNOHANG));
	start = now_ms();
	CHECK(!kill(pid, SIGKILL));
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status));
	CHECK(now_ms() - start < 1000);
	gate_open();
	OK(nvt_bind_n(fd, NULL, 0, NULL));
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
}

static void *open_later(void *arg)
{
	sigset_t all;

	(void)arg;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	sleep_ms(150);
	gate_open();
	return NULL;
}

/* Calls that the kernel makes again by itself, as programs have it. */
static void restarted(int fd)
{
	pthread_t thread;

	begin(fd);
	gate_close();
	queue_bind();
	CHECK(!pthread_create(&thread, NULL, open_later, NULL));
	alarms_restart(10000);
	OK(nvt_bind(fd, nvt_unmap(DATA_ADDR, PAGE)));
	alarms_each(0);
	CHECK(!pthread_join(thread, NULL));
	CHECK(alarms_seen() >= 3);
	rig_unmapped(&rig, DATA_ADDR);

	OK(nvt_reset(fd, gate));
	gate_close();
	CHECK(!pthread_create(&thread, NULL, open_later, NULL));
	alarms_restart(10000);
	OK(nvt_cpu_prep(fd, a.handle, NOUVEAU_GEM_CPU_PREP_WRITE));
	alarms_each(0);
	CHECK(!pthread_join(thread, NULL));
	job_ends(fd, gate, 0, 0);
}

static void cpu_prep(int fd)
{
	begin(fd);
	gate_close();
	alarms_each(20000);
	for (int i = 0; i < 4; i++)
		FAILS(EINTR, nvt_cpu_prep(fd, a.handle, 0));
	alarms_each(0);
	/* It was not let go by that. */
	FAILS(EBUSY, nvt_cpu_prep(fd, a.handle, NOUVEAU_GEM_CPU_PREP_NOWAIT));
	gate_open();
	OK(nvt_cpu_prep(fd, a.handle, 0));
	job_ends(fd, gate, 0, 0);
}

static bool stop;

/*
 * Holds the locks of the VM for as long as it takes to find VRAM for a large BO,
 * again and again.
 */
static void *hold_the_locks(void *arg)
{
	sigset_t all;

	(void)arg;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		struct drm_nouveau_gem_info info;

		OK(nvt_bo_new(rig.fd, LARGE, NVT_VRAM | NVT_PRIVATE, 0, &info));
		OK(nvt_bind(rig.fd, nvt_map(LARGE_ADDR, LARGE, info.handle, 0)));
		OK(nvt_bind(rig.fd, nvt_unmap(LARGE_ADDR, LARGE)));
		OK(nvt_bo_close(rig.fd, info.handle));
	}

	return NULL;
}

static void interrupted_at_a_lock(unsigned long request, void *args, size_t size)
{
	unsigned int interrupted = 0;
	uint64_t until = now_ms() + 12000;
	uint8_t before[64];
	pthread_t thread;
	int ret = 0;

	CHECK(size <= sizeof(before));
	memcpy(before, args, size);
	CHECK(!pthread_create(&thread, NULL, hold_the_locks, NULL));
	alarms_each(2000);
	while (interrupted < 3 && now_ms() < until) {
		ret = nvt_ioctl(rig.fd, request, args);
		interrupted += ret == -EINTR;
		CHECK(!ret || ret == -EINTR);
		CHECK(!memcmp(before, args, size));
	}
	while (ret == -EINTR)
		ret = nvt_ioctl(rig.fd, request, args);
	alarms_each(0);
	OK(ret);
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	CHECK(!pthread_join(thread, NULL));
	CHECK(interrupted > 0);
}

static void exec_at_a_lock(int fd)
{
	struct drm_nouveau_exec args = { 0 };

	begin(fd);
	args.channel = rig.chan;
	interrupted_at_a_lock(DRM_IOCTL_NOUVEAU_EXEC, &args, sizeof(args));
	rig_shows(&rig, DATA_ADDR, a.size, &a, 0);
}

static void bind_at_a_lock(int fd)
{
	struct drm_nouveau_vm_bind_op op;
	struct drm_nouveau_vm_bind args = {
		.op_count = 1,
		.flags = DRM_NOUVEAU_VM_BIND_RUN_ASYNC,
		.op_ptr = (uintptr_t)&op,
	};

	begin(fd);
	op = nvt_map(DATA_ADDR + PAGE, PAGE, a.handle, 5 * PAGE);
	interrupted_at_a_lock(DRM_IOCTL_NOUVEAU_VM_BIND, &args, sizeof(args));
	OK(nvt_bind_n(fd, NULL, 0, NULL));
	rig_shows(&rig, DATA_ADDR, PAGE, &a, 0);
	rig_shows(&rig, DATA_ADDR + PAGE, PAGE, &a, 5 * PAGE);
	rig_shows(&rig, DATA_ADDR + 2 * PAGE, 6 * PAGE, &a, 2 * PAGE);
}

const struct ktap_case ktap_cases[] = {
	{ "row-25-bind-waits", bind_waits },
	{ "row-25-bind-killed", bind_killed },
	{ "row-25-restarted", restarted },
	{ "row-25-cpu-prep", cpu_prep },
	{ "row-25-exec-at-a-lock", exec_at_a_lock, 60 },
	{ "row-25-bind-at-a-lock", bind_at_a_lock, 60 },
	{ NULL }
};
