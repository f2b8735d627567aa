// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The device, its VMs and its queues.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xf86drm.h>

#include "evgem.h"
#include "private.h"

int evgem_ioctl(int fd, unsigned long request, void *arg)
{
	return drmIoctl(fd, request, arg) ? -errno : 0;
}

const char *evgem_driver_name(void)
{
	const char *name = getenv("EVGEM_DRIVER");

	return name ? name : EVGEM_DRIVER_NAME;
}

static bool is_ours(int fd)
{
	drmVersion *version = drmGetVersion(fd);
	bool ours = version && !strcmp(version->name, evgem_driver_name());

	drmFreeVersion(version);
	return ours;
}

int evgem_open(void)
{
	DIR *dir = opendir("/dev/dri");
	struct dirent *entry;
	int ret = -ENODEV;

	if (!dir)
		return errno == ENOENT ? -ENODEV : -errno;

	while (ret < 0 && (entry = readdir(dir))) {
		int fd;

		if (strncmp(entry->d_name, "renderD", 7))
			continue;

		fd = openat(dirfd(dir), entry->d_name, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			ret = -errno;
		else if (is_ours(fd))
			ret = fd;
		else
			close(fd);
	}

	closedir(dir);
	return ret;
}

int evgem_query_device(int fd, struct drm_evgem_device_info *info)
{
	struct drm_evgem_query args = {
		.query = DRM_EVGEM_QUERY_DEVICE,
		.size = sizeof(*info),
		.data = (uintptr_t)info,
	};

	return evgem_ioctl(fd, DRM_IOCTL_EVGEM_QUERY, &args);
}

int evgem_vm_create(int fd, uint64_t va_start, uint64_t va_range,
		    uint32_t *vm)
{
	struct drm_evgem_vm_create args = {
		.va_start = va_start,
		.va_range = va_range,
	};
	int ret = evgem_ioctl(fd, DRM_IOCTL_EVGEM_VM_CREATE, &args);

	if (!ret)
		*vm = args.vm_id;

	return ret;
}

int evgem_vm_destroy(int fd, uint32_t vm)
{
	struct drm_evgem_vm_destroy args = { .vm_id = vm };

	return evgem_ioctl(fd, DRM_IOCTL_EVGEM_VM_DESTROY, &args);
}

int evgem_vm_state(int fd, uint32_t vm, struct drm_evgem_vm_state *state)
{
	*state = (struct drm_evgem_vm_state){ .vm_id = vm };

	return evgem_ioctl(fd, DRM_IOCTL_EVGEM_VM_STATE, state);
}

int evgem_queue_create(int fd, uint32_t vm, uint32_t timeout_ms,
		       uint32_t *queue)
{
	struct drm_evgem_queue_create args = {
		.vm_id = vm,
		.timeout_ms = timeout_ms,
	};
	int ret = evgem_ioctl(fd, DRM_IOCTL_EVGEM_QUEUE_CREATE, &args);

	if (!ret)
		*queue = args.queue_id;

	return ret;
}

int evgem_queue_destroy(int fd, uint32_t queue)
{
	struct drm_evgem_queue_destroy args = { .queue_id = queue };

	return evgem_ioctl(fd, DRM_IOCTL_EVGEM_QUEUE_DESTROY, &args);
}
