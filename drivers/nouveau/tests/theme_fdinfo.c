// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * What /proc/PID/fdinfo tells of a file: who it is, how long its channels ran, how
 * much memory its BOs take.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xf86drm.h>

#include "fdinfo.h"
#include "rig.h"

#define MS 1000000ull
#define SIZE (64 * PAGE)

static struct rig rig;

static uint64_t engine_ns(int fd)
{
	return fdinfo_number(fd, "drm-engine-channel", " ns");
}

static void identity(int fd)
{
	int second = nvt_open(), copy = dup(fd);
	char value[64];

	CHECK(second >= 0 && copy >= 0);
	CHECK(fdinfo_find(fd, "drm-driver", value, sizeof(value)));
	CHECK(!strcmp(value, "nouveau"));
	CHECK_EQ(fdinfo_number(fd, "drm-client-id", ""),
		 fdinfo_number(copy, "drm-client-id", ""));
	CHECK(fdinfo_number(fd, "drm-client-id", "") !=
	      fdinfo_number(second, "drm-client-id", ""));
	CHECK_EQ(fdinfo_number(fd, "drm-engine-capacity-channel", ""), 128);
}

/* A job that is in the ring until it is let go. */
static void begin_job(uint32_t chan, uint32_t done)
{
	struct push p = rig_push(&rig);

	rig.scratch.cpu[0] = 0;
	push_acquire(&p, SCRATCH_ADDR, 1);
	OK(rig_exec(&rig, chan, &p, SYNCS(SIGNALS({ done }))));
}

static void end_job(uint32_t done)
{
	__atomic_store_n(&rig.scratch.cpu[0], 1, __ATOMIC_RELEASE);
	job_ends(rig.fd, done, 0, 0);
}

static void engine_time(int fd)
{
	int second = nvt_open();
	uint64_t start, before, running, after;
	uint32_t done;

	CHECK(second >= 0);
	CHECK_EQ(engine_ns(fd), 0);
	rig_init(&rig, fd);
	done = make_syncobj(fd);
	before = engine_ns(fd);
	start = now_ms();
	begin_job(rig.chan, done);
	sleep_ms(40);
	/* It counts while it runs. */
	running = engine_ns(fd);
	CHECK(running >= before + 20 * MS);
	sleep_ms(40);
	end_job(done);
	after = engine_ns(fd);
	CHECK(after >= before + 70 * MS);
	CHECK(after <= before + (now_ms() - start + 1) * MS);

	/* Of this file, and of nothing while nothing runs. */
	sleep_ms(30);
	CHECK_EQ(engine_ns(fd), after);
	CHECK_EQ(engine_ns(second), 0);
}

/* Two at once count twice; what a channel did is not undone when it is freed. */
static void channels_add_up(int fd)
{
	uint32_t chans[2], done[2];
	uint64_t before, after;

	rig_init(&rig, fd);
	for (unsigned int i = 0; i < 2; i++) {
		OK(nvt_channel(fd, &chans[i]));
		done[i] = make_syncobj(fd);
	}
	before = engine_ns(fd);
	for (unsigned int i = 0; i < 2; i++)
		begin_job(chans[i], done[i]);
	sleep_ms(50);
	end_job(done[0]);
	end_job(done[1]);
	after = engine_ns(fd);
	CHECK(after >= before + 90 * MS);
	OK(nvt_channel_free(fd, chans[0]));
	CHECK_EQ(engine_ns(fd), after);
	OK(nvt_channel_free(fd, chans[1]));
	CHECK_EQ(engine_ns(fd), after);
}

static void memory_of_bos(int fd)
{
	struct drm_nouveau_gem_info vram, gart;
	void *cpu;

	CHECK_EQ(fdinfo_memory(fd, "total"), 0);
	OK(nvt_vm_init(fd, KERNEL_ADDR, KERNEL_SIZE));
	OK(nvt_bo_new(fd, SIZE, NVT_VRAM | NVT_PRIVATE, 0, &vram));
	OK(nvt_bo_new(fd, 2 * SIZE, NVT_GART, 0, &gart));
	CHECK_EQ(fdinfo_memory(fd, "total"), 3 * SIZE);
	CHECK_EQ(fdinfo_memory(fd, "resident"), 0);

	/* Resident because it is bound, or because the CPU has it mapped. */
	OK(nvt_bind(fd, nvt_map(DATA_ADDR, PAGE, vram.handle, 0)));
	CHECK_EQ(fdinfo_memory(fd, "resident"), SIZE);
	cpu = mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   gart.map_handle);
	CHECK(cpu != MAP_FAILED);
	CHECK_EQ(fdinfo_memory(fd, "resident"), 3 * SIZE);
	CHECK_EQ(fdinfo_memory(fd, "shared"), 0);

	/* What is mapped alone has no handle, and is not the file's any more. */
	OK(nvt_bo_close(fd, vram.handle));
	CHECK_EQ(fdinfo_memory(fd, "total"), 2 * SIZE);
	CHECK(!munmap(cpu, 2 * SIZE));
	OK(nvt_bo_close(fd, gart.handle));
	CHECK_EQ(fdinfo_memory(fd, "total"), 0);
}

/* Active is what a job uses. */
static void memory_in_use(int fd)
{
	uint32_t done;

	rig_init(&rig, fd);
	done = make_syncobj(fd);
	CHECK_EQ(fdinfo_memory(fd, "active"), 0);
	begin_job(rig.chan, done);
	CHECK_EQ(fdinfo_memory(fd, "active"), PUSH_SIZE + SCRATCH_SIZE);
	end_job(done);
	CHECK_EQ(fdinfo_memory(fd, "active"), 0);
}

static void memory_that_is_shared(int fd)
{
	int second = nvt_open(), dmabuf;
	uint32_t handle;
	struct bo bo;

	CHECK(second >= 0);
	bo_init(&bo, fd, SIZE, NVT_GART, 1);
	CHECK_EQ(fdinfo_memory(fd, "shared"), 0);
	CHECK(!drmPrimeHandleToFD(fd, bo.handle, DRM_CLOEXEC | DRM_RDWR,
				  &dmabuf));
	CHECK_EQ(fdinfo_memory(fd, "shared"), bo.size);
	CHECK(!drmPrimeFDToHandle(second, dmabuf, &handle));
	CHECK_EQ(fdinfo_memory(second, "shared"), bo.size);
	CHECK_EQ(fdinfo_memory(second, "total"), bo.size);
	CHECK_EQ(fdinfo_memory(second, "resident"), bo.size);
}

const struct ktap_case ktap_cases[] = {
	{ "identity", identity },
	{ "engine-time", engine_time },
	{ "channels-add-up", channels_add_up },
	{ "memory-of-bos", memory_of_bos },
	{ "memory-in-use", memory_in_use },
	{ "memory-that-is-shared", memory_that_is_shared },
	{ NULL }
};
