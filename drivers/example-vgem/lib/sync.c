// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Syncobjs, and how a job that one of them stands for ended.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <linux/sync_file.h>
#include <xf86drm.h>

#include "evgem.h"
#include "private.h"

static struct drm_evgem_sync make_sync(uint32_t syncobj, uint64_t point,
				       uint32_t flags)
{
	return (struct drm_evgem_sync){
		.type = point ? DRM_EVGEM_SYNC_TIMELINE : DRM_EVGEM_SYNC_BINARY,
		.flags = flags,
		.handle = syncobj,
		.point = point,
	};
}

struct drm_evgem_sync evgem_wait(uint32_t syncobj)
{
	return make_sync(syncobj, 0, DRM_EVGEM_SYNC_WAIT);
}

struct drm_evgem_sync evgem_wait_point(uint32_t syncobj, uint64_t point)
{
	return make_sync(syncobj, point, DRM_EVGEM_SYNC_WAIT);
}

struct drm_evgem_sync evgem_signal(uint32_t syncobj)
{
	return make_sync(syncobj, 0, DRM_EVGEM_SYNC_SIGNAL);
}

struct drm_evgem_sync evgem_signal_point(uint32_t syncobj, uint64_t point)
{
	return make_sync(syncobj, point, DRM_EVGEM_SYNC_SIGNAL);
}

uint32_t evgem_num_syncs(const struct drm_evgem_sync *syncs)
{
	uint32_t n = 0;

	while (syncs && syncs[n].type)
		n++;

	return n;
}

int evgem_syncobj_create(int fd, uint32_t *syncobj)
{
	return drmSyncobjCreate(fd, 0, syncobj) ? -errno : 0;
}

int evgem_syncobj_destroy(int fd, uint32_t syncobj)
{
	return drmSyncobjDestroy(fd, syncobj) ? -errno : 0;
}

/* The clock of the kernel's absolute timeouts. */
static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

int evgem_syncobj_wait(int fd, uint32_t syncobj, uint64_t point,
		       unsigned int timeout_ms)
{
	int64_t until = now_ns() + timeout_ms * 1000000ll;

	if (point)
		return drmSyncobjTimelineWait(fd, &syncobj, &point, 1, until, 0,
					      NULL);

	return drmSyncobjWait(fd, &syncobj, 1, until, 0, NULL);
}

/*
 * The status of the whole file is that of the container, which for a timeline
 * knows nothing of errors: the fences inside do. Those of earlier points that
 * are not signalled yet come along; the point's own is the first.
 */
static int sync_file_status(int file, int *status)
{
	struct sync_file_info info = { .num_fences = 0 };
	struct sync_fence_info *fences;
	int ret;

	ret = evgem_ioctl(file, SYNC_IOC_FILE_INFO, &info);
	if (ret)
		return ret;

	/* There can only be fewer the second time. */
	fences = calloc(info.num_fences + 1, sizeof(*fences));
	if (!fences)
		return -ENOMEM;

	info.sync_fence_info = (uintptr_t)fences;
	ret = evgem_ioctl(file, SYNC_IOC_FILE_INFO, &info);
	if (!ret)
		*status = info.num_fences && fences[0].status < 0 ?
			  fences[0].status : info.status;

	free(fences);
	return ret;
}

static int binary_status(int fd, uint32_t syncobj, int *status)
{
	int file, ret;

	if (drmSyncobjExportSyncFile(fd, syncobj, &file))
		return -errno;

	ret = sync_file_status(file, status);
	close(file);
	return ret;
}

int evgem_syncobj_status(int fd, uint32_t syncobj, uint64_t point, int *status)
{
	uint32_t binary;
	int ret;

	if (!point)
		return binary_status(fd, syncobj, status);

	/* Only a binary syncobj can become a file. */
	ret = evgem_syncobj_create(fd, &binary);
	if (ret)
		return ret;

	ret = drmSyncobjTransfer(fd, binary, 0, syncobj, point, 0) ? -errno : 0;
	if (!ret)
		ret = binary_status(fd, binary, status);

	evgem_syncobj_destroy(fd, binary);
	return ret;
}

int evgem_syncobj_point(int fd, uint32_t syncobj, uint64_t *point)
{
	return drmSyncobjQuery(fd, &syncobj, point, 1) ? -errno : 0;
}
