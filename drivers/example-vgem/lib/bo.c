// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Buffer objects.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include <xf86drm.h>

#include "evgem.h"
#include "private.h"

static int bo_create(int fd, uint64_t size, uint32_t flags, uint32_t vm,
		     uint32_t *bo)
{
	struct drm_evgem_gem_create args = {
		.size = size,
		.flags = flags,
		.vm_id = vm,
	};
	int ret = evgem_ioctl(fd, DRM_IOCTL_EVGEM_GEM_CREATE, &args);

	if (!ret)
		*bo = args.handle;

	return ret;
}

int evgem_bo_create(int fd, uint64_t size, uint32_t vm, uint32_t *bo)
{
	return bo_create(fd, size, 0, vm, bo);
}

int evgem_bo_create_huge(int fd, uint64_t size, uint32_t vm, uint32_t *bo)
{
	return bo_create(fd, size, DRM_EVGEM_GEM_HUGE, vm, bo);
}

int evgem_bo_close(int fd, uint32_t bo)
{
	struct drm_gem_close args = { .handle = bo };

	return evgem_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &args);
}

int evgem_bo_map(int fd, uint32_t bo, uint64_t size, void **cpu)
{
	struct drm_evgem_gem_mmap_offset args = { .handle = bo };
	int ret = evgem_ioctl(fd, DRM_IOCTL_EVGEM_GEM_MMAP_OFFSET, &args);
	void *ptr;

	if (ret)
		return ret;

	ptr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   args.offset);
	if (ptr == MAP_FAILED)
		return -errno;

	*cpu = ptr;
	return 0;
}

int evgem_bo_export(int fd, uint32_t bo, int *dmabuf)
{
	return drmPrimeHandleToFD(fd, bo, DRM_CLOEXEC | DRM_RDWR, dmabuf) ?
	       -errno : 0;
}

int evgem_bo_import(int fd, int dmabuf, uint32_t *bo)
{
	return drmPrimeFDToHandle(fd, dmabuf, bo) ? -errno : 0;
}
