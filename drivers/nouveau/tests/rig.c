// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A VM with all that is needed to look into it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "debugfs.h"
#include "rig.h"

#define CHUNK_SIZE	(4 * PAGE)
#define CHUNKS		(PUSH_SIZE / CHUNK_SIZE)

void bo_init_empty(struct bo *bo, int fd, uint64_t size, uint32_t domains)
{
	struct drm_nouveau_gem_info info;
	void *cpu;

	OK(nvt_bo_new(fd, size, domains, NVT_PITCH, &info));
	cpu = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   info.map_handle);
	CHECK(cpu != MAP_FAILED);
	*bo = (struct bo){
		.handle = info.handle,
		.size = info.size,
		.cpu = cpu,
	};
}

void bo_fill(struct bo *bo, uint32_t seed)
{
	bo->seed = seed;
	for (uint64_t at = 0; at < bo->size; at += 8)
		bo->cpu[at / 8] = bo_word(bo, at);
}

void bo_init(struct bo *bo, int fd, uint64_t size, uint32_t domains,
	     uint32_t seed)
{
	bo_init_empty(bo, fd, size, domains);
	bo_fill(bo, seed);
}

void bo_is(const struct bo *bo)
{
	for (uint64_t at = 0; at < bo->size; at += 8)
		if (bo->cpu[at / 8] != bo_word(bo, at))
			FAIL("offset %#llx has %#llx, not %#llx",
			     (unsigned long long)at,
			     (unsigned long long)bo->cpu[at / 8],
			     (unsigned long long)bo_word(bo, at));
}

void bo_unmap(struct bo *bo)
{
	CHECK(!munmap(bo->cpu, bo->size));
}

void bo_close(struct bo *bo, int fd)
{
	bo_unmap(bo);
	OK(nvt_bo_close(fd, bo->handle));
}

void rig_init(struct rig *rig, int fd)
{
	memset(rig, 0, sizeof(*rig));
	rig->fd = fd;
	OK(nvt_vm_init(fd, KERNEL_ADDR, KERNEL_SIZE));
	OK(nvt_channel(fd, &rig->chan));
	bo_init_empty(&rig->commands, fd, PUSH_SIZE, NVT_GART | NVT_PRIVATE);
	bo_init_empty(&rig->scratch, fd, SCRATCH_SIZE, NVT_GART | NVT_PRIVATE);
	OK(nvt_bind(fd,
		    nvt_map(PUSH_ADDR, PUSH_SIZE, rig->commands.handle, 0),
		    nvt_map(SCRATCH_ADDR, SCRATCH_SIZE, rig->scratch.handle, 0)));
	rig->done = make_syncobj(fd);
}

struct push rig_push(struct rig *rig)
{
	uint64_t offset = rig->chunk * CHUNK_SIZE;

	rig->chunk = (rig->chunk + 1) % CHUNKS;
	return (struct push){
		.words = (uint32_t *)rig->commands.cpu + offset / 4,
		.room = CHUNK_SIZE / 4 - 1,
		.addr = PUSH_ADDR + offset,
	};
}

int rig_exec(struct rig *rig, uint32_t chan, const struct push *push,
	     const struct nvt_syncs *syncs)
{
	return nvt_exec(rig->fd, chan, push->addr, push->count * 4, syncs);
}

int rig_status(struct rig *rig, uint32_t chan, const struct push *push)
{
	struct nvt_sync done = { rig->done };
	int status;

	OK(rig_exec(rig, chan, push, SYNCS(SIGNALS(done))));
	OK(nvt_wait(rig->fd, done, JOB_TIMEOUT_MS));
	status = nvt_status(rig->fd, done);
	OK(nvt_reset(rig->fd, rig->done));
	return status == 1 ? 0 : status;
}

void rig_run(struct rig *rig, const struct push *push)
{
	OK(rig_status(rig, rig->chan, push));
}

static uint64_t *fetch(struct rig *rig, uint64_t addr, uint64_t size)
{
	struct push p = rig_push(rig);

	memset(rig->scratch.cpu, 0xa5, size);
	push_copy(&p, SCRATCH_ADDR, addr, size);
	rig_run(rig, &p);
	return rig->scratch.cpu;
}

static void shows(struct rig *rig, uint64_t addr, uint64_t range,
		  const struct bo *bo, uint64_t offset)
{
	for (uint64_t at = 0; at < range; at += SCRATCH_SIZE) {
		uint64_t size = range - at < SCRATCH_SIZE ? range - at :
							    SCRATCH_SIZE;
		uint64_t *words = fetch(rig, addr + at, size);

		for (uint64_t i = 0; i < size; i += 8) {
			uint64_t wanted = bo ? bo_word(bo, offset + at + i) : 0;

			if (words[i / 8] != wanted)
				FAIL("%#llx shows %#llx, not %#llx",
				     (unsigned long long)(addr + at + i),
				     (unsigned long long)words[i / 8],
				     (unsigned long long)wanted);
		}
	}
}

void rig_shows(struct rig *rig, uint64_t addr, uint64_t range,
	       const struct bo *bo, uint64_t offset)
{
	shows(rig, addr, range, bo, offset);
}

void rig_shows_zeros(struct rig *rig, uint64_t addr, uint64_t range)
{
	shows(rig, addr, range, NULL, 0);
}

uint64_t rig_word(struct rig *rig, uint64_t addr)
{
	return fetch(rig, addr, 8)[0];
}

void rig_faults(struct rig *rig, const struct push *push, int error)
{
	uint32_t chan;

	OK(nvt_channel(rig->fd, &chan));
	FAILS(error, rig_status(rig, chan, push));
	FAILS(ENODEV, nvt_exec_n(rig->fd, chan, NULL, 0, NULL));
	OK(nvt_channel_free(rig->fd, chan));
	OK(nvt_exec_n(rig->fd, rig->chan, NULL, 0, NULL));
}

void rig_unmapped(struct rig *rig, uint64_t addr)
{
	struct push p = rig_push(rig);

	push_copy(&p, SCRATCH_ADDR, addr, 8);
	rig_faults(rig, &p, EFAULT);

	p = rig_push(rig);
	push_fill(&p, addr, 1, 2);
	rig_faults(rig, &p, EFAULT);
}

uint32_t make_syncobj(int fd)
{
	return nvt_syncobj(fd);
}

bool has_fence(int fd, uint32_t handle, uint64_t point)
{
	int ret = nvt_wait(fd, (struct nvt_sync){ handle, point }, 0);

	CHECK(ret == 0 || ret == -ETIME || ret == -EINVAL);
	return ret != -EINVAL;
}

void job_pending(int fd, uint32_t handle, uint64_t point)
{
	FAILS(ETIME, nvt_wait(fd, (struct nvt_sync){ handle, point }, 30));
}

void job_ends(int fd, uint32_t handle, uint64_t point, int error)
{
	struct nvt_sync sync = { handle, point };
	int status;

	OK(nvt_wait(fd, sync, JOB_TIMEOUT_MS));
	status = nvt_status(fd, sync);
	if (status != (error ? -error : 1))
		FAIL("job ended with %s, not %s",
		     status == 1 ? "success" : ktap_errno(status),
		     error ? ktap_errno(-error) : "success");
}

uint64_t debugfs_number(int fd, const char *name, const char *key)
{
	FILE *file = debugfs_open(fd, name);
	bool found = false;
	uint64_t value = 0;
	char line[512];

	while (fgets(line, sizeof(line), file)) {
		char *at = strstr(line, key);

		if (!at)
			continue;
		at += strlen(key);
		value = strtoull(at + strspn(at, "=: "), NULL, 10);
		found = true;
	}
	fclose(file);
	if (!found)
		FAIL("no %s in %s", key, name);
	return value;
}

void set_parameter(const char *name, unsigned int value)
{
	char path[96], text[16];
	int fd, length = snprintf(text, sizeof(text), "%u", value);

	snprintf(path, sizeof(path), "/sys/module/nouveau_ref/parameters/%s",
		 name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		SKIP("no %s", path);
	CHECK(write(fd, text, length) == length);
	close(fd);
}
