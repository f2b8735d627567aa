// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * BOs.
 */
#include <sys/mman.h>

#include <xf86drm.h>

#include "vmb_left.h"

void *vmb_bo_map(struct vmb_dev *dev, uint32_t handle, uint64_t size)
{
	uint64_t offset;
	void *cpu;

	vmb_ok(dev->drv->bo_offset(dev->fd, handle, &offset));
	cpu = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, dev->fd,
		   offset);
	igt_assert_f(cpu != MAP_FAILED, "mmap of a BO: %s\n", strerror(errno));
	vmb_left_mapping(cpu, size);
	return cpu;
}

void vmb_bo_unmap(struct vmb_bo *bo)
{
	vmb_left_no_mapping(bo->cpu);
	igt_assert(!munmap(bo->cpu, bo->size));
	bo->cpu = NULL;
}

void vmb_bo_fill(struct vmb_bo *bo)
{
	for (uint64_t at = 0; at < bo->size; at += sizeof(*bo->cpu))
		bo->cpu[at / sizeof(*bo->cpu)] = vmb_word(bo, at);
}

void vmb_bo_wrap(struct vmb_bo *bo, struct vmb_dev *dev, uint32_t handle,
		 uint64_t size, uint32_t seed)
{
	*bo = (struct vmb_bo){
		.dev = dev,
		.handle = handle,
		.size = size,
		.seed = seed,
		.cpu = vmb_bo_map(dev, handle, size),
	};
	vmb_bo_fill(bo);
}

void vmb_bo_create(struct vmb_bo *bo, struct vmb_dev *dev, uint64_t size,
		   uint32_t flags, uint32_t vm, uint32_t seed)
{
	uint32_t handle;
	int ret;

	ret = dev->drv->bo_create(dev->fd, size, flags, vm, &handle);
	/* Large blocks are hard to get when the machine has been up a while. */
	igt_require_f(!(ret == -ENOMEM && flags & VMB_BO_HUGE),
		      "no memory in blocks of that size\n");
	vmb_ok(ret);
	vmb_bo_wrap(bo, dev, handle, size, seed);
}

void vmb_bo_user(struct vmb_bo *bo, struct vmb_dev *dev, uint64_t size,
		 uint32_t seed)
{
	void *cpu = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	igt_assert(cpu != MAP_FAILED);
	vmb_left_mapping(cpu, size);
	*bo = (struct vmb_bo){
		.dev = dev,
		.size = size,
		.seed = seed,
		.cpu = cpu,
	};
	vmb_bo_fill(bo);
}

int vmb_handle_close(struct vmb_dev *dev, uint32_t handle)
{
	struct drm_gem_close args = { .handle = handle };

	return igt_ioctl(dev->fd, DRM_IOCTL_GEM_CLOSE, &args) ? -errno : 0;
}

void vmb_bo_close(struct vmb_bo *bo)
{
	vmb_bo_unmap(bo);
	if (bo->handle)
		vmb_ok(vmb_handle_close(bo->dev, bo->handle));
}

void vmb_bo_intact(const struct vmb_bo *bo)
{
	for (uint64_t at = 0; at < bo->size; at += sizeof(*bo->cpu)) {
		uint64_t word = bo->cpu[at / sizeof(*bo->cpu)];

		igt_assert_f(word == vmb_word(bo, at),
			     "BO %#x holds %#llx at %#llx\n", bo->seed,
			     (unsigned long long)word, (unsigned long long)at);
	}
}
