// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Syncobjs, and how the job that one of them stands for ended.
 */
#include <time.h>

#include <linux/sync_file.h>
#include <xf86drm.h>

#include "vmb.h"

#define IN_TIME_MS 30000
#define PENDING_MS 30

uint32_t vmb_syncobj(struct vmb_dev *dev)
{
	uint32_t syncobj;

	igt_assert(!drmSyncobjCreate(dev->fd, 0, &syncobj));
	return syncobj;
}

struct vmb_sync vmb_wait(uint32_t syncobj, uint64_t point)
{
	return (struct vmb_sync){ .syncobj = syncobj, .point = point };
}

struct vmb_sync vmb_signal(uint32_t syncobj, uint64_t point)
{
	return (struct vmb_sync){
		.syncobj = syncobj,
		.signal = true,
		.point = point,
	};
}

/* 0, -ETIME, or -EINVAL if there is no fence. */
static int wait_ms(struct vmb_dev *dev, uint32_t syncobj, uint64_t point,
		   unsigned int ms)
{
	struct timespec now;
	int64_t until;

	clock_gettime(CLOCK_MONOTONIC, &now);
	until = now.tv_sec * 1000000000ll + now.tv_nsec + ms * 1000000ll;
	if (point)
		return drmSyncobjTimelineWait(dev->fd, &syncobj, &point, 1,
					      until, 0, NULL);

	return drmSyncobjWait(dev->fd, &syncobj, 1, until, 0, NULL);
}

bool vmb_has_fence(struct vmb_dev *dev, uint32_t syncobj, uint64_t point)
{
	int ret = wait_ms(dev, syncobj, point, 0);

	igt_assert_f(ret == 0 || ret == -ETIME || ret == -EINVAL,
		     "waiting for syncobj %u: %s\n", syncobj, strerror(-ret));
	return ret != -EINVAL;
}

void vmb_pending(struct vmb_dev *dev, uint32_t syncobj, uint64_t point)
{
	int ret = wait_ms(dev, syncobj, point, PENDING_MS);

	igt_assert_f(ret == -ETIME, "a fence that must be pending: %s\n",
		     ret ? strerror(-ret) : "it is signalled");
}

/*
 * The fences inside know of errors, what holds them together may not. Those of
 * earlier points may come along: the point's own is the first.
 */
static int file_status(int file)
{
	struct sync_fence_info one = { 0 }, *fences = &one;
	struct sync_file_info info = {
		.num_fences = 1,
		.sync_fence_info = (uintptr_t)fences,
	};
	int status;

	/* Mostly it is one. */
	if (igt_ioctl(file, SYNC_IOC_FILE_INFO, &info)) {
		info = (struct sync_file_info){ .num_fences = 0 };
		igt_assert(!igt_ioctl(file, SYNC_IOC_FILE_INFO, &info));
		fences = calloc(info.num_fences + 1, sizeof(*fences));
		igt_assert(fences);
		/* There can only be fewer the second time. */
		info.sync_fence_info = (uintptr_t)fences;
		igt_assert(!igt_ioctl(file, SYNC_IOC_FILE_INFO, &info));
	}
	status = info.num_fences && fences[0].status < 0 ? fences[0].status :
							   info.status;
	if (fences != &one)
		free(fences);
	igt_assert_f(status, "a fence that was waited for is not signalled\n");
	return status < 0 ? status : 0;
}

static int status_of(struct vmb_dev *dev, uint32_t syncobj)
{
	int file, status;

	igt_assert(!drmSyncobjExportSyncFile(dev->fd, syncobj, &file));
	status = file_status(file);
	close(file);
	return status;
}

int vmb_done(struct vmb_dev *dev, uint32_t syncobj, uint64_t point)
{
	int ret = wait_ms(dev, syncobj, point, IN_TIME_MS);
	uint32_t binary;
	int status;

	igt_assert_f(!ret, "a job that must end: %s\n", strerror(-ret));
	if (!point)
		return status_of(dev, syncobj);

	/* Only a binary syncobj can become a file. */
	binary = vmb_syncobj(dev);
	igt_assert(!drmSyncobjTransfer(dev->fd, binary, 0, syncobj, point, 0));
	status = status_of(dev, binary);
	igt_assert(!drmSyncobjDestroy(dev->fd, binary));
	return status;
}

void vmb_fence_move(struct vmb_dev *from, uint32_t binary, struct vmb_dev *dev,
		    uint32_t syncobj, uint64_t point)
{
	uint32_t ours;
	int file;

	igt_assert(!drmSyncobjHandleToFD(from->fd, binary, &file));
	igt_assert(!drmSyncobjFDToHandle(dev->fd, file, &ours));
	close(file);
	igt_assert(!drmSyncobjTransfer(dev->fd, syncobj, point, ours, 0, 0));
	igt_assert(!drmSyncobjDestroy(dev->fd, ours));
	igt_assert(!drmSyncobjDestroy(from->fd, binary));
}
