// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A VM with all that is needed to look into it.
 */
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "driver.h"
#include "rig.h"

#define GATE_TIMEOUT_MS 60000
#define JOB_TIMEOUT_MS 20000

void rig_init(struct rig *rig, int fd)
{
	void *cpu;

	rig->fd = fd;
	OK(evgem_vm_create(fd, 0, 0, &rig->vm));
	OK(evgem_queue_create(fd, rig->vm, 0, &rig->queue));
	OK(evgem_bo_create(fd, SCRATCH_SIZE, rig->vm, &rig->scratch));
	OK(evgem_bo_map(fd, rig->scratch, SCRATCH_SIZE, &cpu));
	rig->cpu = cpu;
	OK(evgem_map(fd, rig->vm, SCRATCH_ADDR, SCRATCH_SIZE, rig->scratch, 0));
}

int rig_read(struct rig *rig, uint64_t addr, void *buf, uint64_t size)
{
	struct evgem_cmds cmds = { 0 };
	int ret;

	CHECK(size <= SCRATCH_SIZE);
	/* What is there is not mistaken for what was read. */
	memset(rig->cpu, 0x5a, size);
	evgem_cmd_copy(&cmds, SCRATCH_ADDR, addr, size);
	ret = evgem_run(rig->fd, rig->queue, &cmds);
	if (!ret)
		memcpy(buf, rig->cpu, size);

	return ret;
}

int rig_write(struct rig *rig, uint64_t addr, uint64_t value)
{
	struct evgem_cmds cmds = { 0 };

	evgem_cmd_write(&cmds, addr, value);
	return evgem_run(rig->fd, rig->queue, &cmds);
}

uint64_t rig_word(struct rig *rig, uint64_t addr)
{
	uint64_t word;

	OK(rig_read(rig, addr, &word, sizeof(word)));
	return word;
}

void rig_run(struct rig *rig, struct evgem_cmds *cmds)
{
	OK(evgem_run(rig->fd, rig->queue, cmds));
}

struct drm_evgem_vm_state rig_state(struct rig *rig)
{
	struct drm_evgem_vm_state state;

	OK(evgem_vm_state(rig->fd, rig->vm, &state));
	return state;
}

void rig_faults(struct rig *rig, uint64_t addr, enum drm_evgem_access access,
		enum drm_evgem_fault reason)
{
	uint64_t count = rig_state(rig).fault_count;
	struct drm_evgem_vm_state state;
	uint64_t word;
	int ret;

	if (access == DRM_EVGEM_ACCESS_WRITE)
		ret = rig_write(rig, addr, 0x0bad0bad0bad0badull);
	else
		ret = rig_read(rig, addr, &word, sizeof(word));
	if (ret != -EFAULT)
		FAIL("access to %#llx: %s, not -EFAULT",
		     (unsigned long long)addr, ktap_errno(ret));

	state = rig_state(rig);
	CHECK_EQ(state.fault_count, count + 1);
	CHECK_EQ(state.fault_addr, addr);
	CHECK_EQ(state.fault_access, access);
	CHECK_EQ(state.fault_reason, reason);
	CHECK_EQ(state.fault_queue, rig->queue);
}

void rig_unmapped(struct rig *rig, uint64_t addr)
{
	rig_faults(rig, addr, DRM_EVGEM_ACCESS_READ,
		   DRM_EVGEM_FAULT_UNMAPPED);
}

static void bo_fill(struct bo *bo, int fd)
{
	void *cpu;

	OK(evgem_bo_map(fd, bo->handle, bo->size, &cpu));
	bo->cpu = cpu;
	for (uint64_t i = 0; i < bo->size / sizeof(*bo->cpu); i++)
		bo->cpu[i] = bo_word(bo, i * sizeof(*bo->cpu));
}

void bo_init(struct bo *bo, int fd, uint64_t pages, uint32_t vm, uint32_t seed)
{
	*bo = (struct bo){ .size = pages * PAGE, .seed = seed };
	OK(evgem_bo_create(fd, bo->size, vm, &bo->handle));
	bo_fill(bo, fd);
}

void bo_init_huge(struct bo *bo, int fd, uint64_t size, uint32_t vm,
		  uint32_t seed)
{
	int ret;

	driver_needs(fd, DRM_EVGEM_FEATURE_HUGE);
	*bo = (struct bo){ .size = size, .seed = seed };
	ret = evgem_bo_create_huge(fd, size, vm, &bo->handle);
	if (ret == -ENOMEM)
		SKIP("no memory in blocks of 2 MiB");
	OK(ret);
	bo_fill(bo, fd);
}

void bo_close(struct bo *bo, int fd)
{
	CHECK(!munmap(bo->cpu, bo->size));
	OK(evgem_bo_close(fd, bo->handle));
	bo->cpu = NULL;
}

void rig_shows(struct rig *rig, uint64_t addr, uint64_t range,
	       const struct bo *bo, uint64_t offset)
{
	while (range) {
		uint64_t n = range < SCRATCH_SIZE ? range : SCRATCH_SIZE;
		struct evgem_cmds cmds = { 0 };

		memset(rig->cpu, 0x5a, n);
		evgem_cmd_copy(&cmds, SCRATCH_ADDR, addr, n);
		rig_run(rig, &cmds);
		for (uint64_t i = 0; i < n / sizeof(*rig->cpu); i++) {
			uint64_t at = i * sizeof(*rig->cpu);

			if (rig->cpu[i] != bo_word(bo, offset + at))
				FAIL("%#llx holds %#llx, not %#llx",
				     (unsigned long long)(addr + at),
				     (unsigned long long)rig->cpu[i],
				     (unsigned long long)bo_word(bo, offset + at));
		}
		addr += n;
		offset += n;
		range -= n;
	}
}

void gate_init(struct gate *gate, int fd)
{
	uint32_t bo;
	void *cpu;

	gate->fd = fd;
	OK(evgem_vm_create(fd, 0, 0, &gate->vm));
	OK(evgem_queue_create(fd, gate->vm, GATE_TIMEOUT_MS, &gate->queue));
	OK(evgem_bo_create(fd, PAGE, gate->vm, &bo));
	OK(evgem_bo_map(fd, bo, PAGE, &cpu));
	gate->word = cpu;
	OK(evgem_map(fd, gate->vm, GATE_ADDR, PAGE, bo, 0));
	gate->syncobj = make_syncobj(fd);
	gate_fence(gate, 1, gate->syncobj, 0);
}

void gate_fence(struct gate *gate, uint64_t level, uint32_t syncobj,
		uint64_t point)
{
	struct evgem_cmds cmds = { 0 };

	evgem_cmd_wait(&cmds, GATE_ADDR, DRM_EVGEM_COND_GE, level);
	OK(evgem_exec(gate->fd, gate->queue, &cmds,
		      EVGEM_SYNCS(point ? evgem_signal_point(syncobj, point) :
					  evgem_signal(syncobj))));
}

void gate_open_to(struct gate *gate, uint64_t level)
{
	__atomic_store_n(gate->word, level, __ATOMIC_RELEASE);
}

static unsigned int later_ms;

static void *open_later(void *gate)
{
	sleep_ms(later_ms);
	gate_open(gate);
	return NULL;
}

void gate_open_later(struct gate *gate, unsigned int ms)
{
	pthread_t thread;

	later_ms = ms;
	CHECK(!pthread_create(&thread, NULL, open_later, gate));
	CHECK(!pthread_detach(thread));
}

uint32_t make_syncobj(int fd)
{
	uint32_t syncobj;

	OK(evgem_syncobj_create(fd, &syncobj));
	return syncobj;
}

bool has_fence(int fd, uint32_t syncobj, uint64_t point)
{
	int ret = evgem_syncobj_wait(fd, syncobj, point, 0);

	CHECK(ret == 0 || ret == -ETIME || ret == -EINVAL);
	return ret != -EINVAL;
}

void job_pending(int fd, uint32_t syncobj, uint64_t point)
{
	FAILS(ETIME, evgem_syncobj_wait(fd, syncobj, point, 30));
}

void job_ends(int fd, uint32_t syncobj, uint64_t point, int error)
{
	int status;

	OK(evgem_syncobj_wait(fd, syncobj, point, JOB_TIMEOUT_MS));
	OK(evgem_syncobj_status(fd, syncobj, point, &status));
	if (status != (error ? -error : 1))
		FAIL("job ended with %s, not %s",
		     status == 1 ? "success" : ktap_errno(status),
		     error ? ktap_errno(-error) : "success");
}
