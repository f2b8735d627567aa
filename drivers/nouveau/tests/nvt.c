// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The calls of nouveau's uAPI.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/sync_file.h>

#include <xf86drm.h>

#include "nvt.h"

const struct ktap_device ktap_device = {
	.name = "nouveau",
	.open = nvt_open,
};

int nvt_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

static bool is_nouveau(int fd)
{
	drmVersion *version = drmGetVersion(fd);
	bool ours = version && !strcmp(version->name, "nouveau");

	drmFreeVersion(version);
	return ours;
}

static int open_node(drmDevice *device)
{
	int fd;

	if (!(device->available_nodes & 1 << DRM_NODE_RENDER))
		return -ENODEV;

	fd = open(device->nodes[DRM_NODE_RENDER], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (is_nouveau(fd))
		return fd;

	close(fd);
	return -ENODEV;
}

int nvt_open(void)
{
	drmDevice *devices[16];
	int n = drmGetDevices2(0, devices, 16), fd = -ENODEV;

	for (int i = 0; i < n && fd < 0; i++)
		fd = open_node(devices[i]);
	if (n > 0)
		drmFreeDevices(devices, n);

	return fd;
}

int nvt_getparam(int fd, uint64_t param, uint64_t *value)
{
	struct drm_nouveau_getparam args = { .param = param };
	int ret = nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_GETPARAM, &args);

	*value = args.value;
	return ret;
}

int nvt_vm_init(int fd, uint64_t addr, uint64_t size)
{
	struct drm_nouveau_vm_init args = { addr, size };

	return nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_VM_INIT, &args);
}

static int channel_alloc(int fd, uint32_t engine, uint32_t *chan)
{
	struct drm_nouveau_channel_alloc args = {
		.fb_ctxdma_handle = ~0u,
		.tt_ctxdma_handle = engine,
	};
	int ret = nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_CHANNEL_ALLOC, &args);

	*chan = args.channel;
	return ret;
}

int nvt_channel(int fd, uint32_t *chan)
{
	return channel_alloc(fd, NOUVEAU_FIFO_ENGINE_GR, chan);
}

int nvt_copy_channel(int fd, uint32_t *chan)
{
	return channel_alloc(fd, NOUVEAU_FIFO_ENGINE_CE, chan);
}

int nvt_channel_free(int fd, uint32_t chan)
{
	struct drm_nouveau_channel_free args = { .channel = chan };

	return nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_CHANNEL_FREE, &args);
}

int nvt_bo_new(int fd, uint64_t size, uint32_t domains, uint32_t kind,
	       struct drm_nouveau_gem_info *info)
{
	struct drm_nouveau_gem_new args = {
		.info = {
			.size = size,
			.domain = domains | NOUVEAU_GEM_DOMAIN_MAPPABLE,
			.tile_flags = kind << 8,
		},
	};
	int ret = nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_NEW, &args);

	*info = args.info;
	return ret;
}

int nvt_bo_info(int fd, uint32_t handle, struct drm_nouveau_gem_info *info)
{
	*info = (struct drm_nouveau_gem_info){ .handle = handle };
	return nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_INFO, info);
}

int nvt_bo_close(int fd, uint32_t handle)
{
	struct drm_gem_close args = { .handle = handle };

	return nvt_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &args);
}

int nvt_cpu_prep(int fd, uint32_t handle, uint32_t flags)
{
	struct drm_nouveau_gem_cpu_prep args = { handle, flags };

	return nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_CPU_PREP, &args);
}

static uint32_t fill_syncs(struct drm_nouveau_sync *to,
			   const struct nvt_sync *from, uint32_t count)
{
	CHECK(count <= NVT_MAX_SYNCS);
	for (uint32_t i = 0; i < count; i++)
		to[i] = (struct drm_nouveau_sync){
			.flags = from[i].point ?
				 DRM_NOUVEAU_SYNC_TIMELINE_SYNCOBJ :
				 DRM_NOUVEAU_SYNC_SYNCOBJ,
			.handle = from[i].handle,
			.timeline_value = from[i].point,
		};

	return count;
}

int nvt_bind_n(int fd, const struct drm_nouveau_vm_bind_op *ops, uint32_t count,
	       const struct nvt_syncs *syncs)
{
	struct drm_nouveau_sync waits[NVT_MAX_SYNCS], signals[NVT_MAX_SYNCS];
	struct drm_nouveau_vm_bind args = {
		.op_count = count,
		.op_ptr = (uintptr_t)ops,
	};

	if (syncs) {
		args.flags = DRM_NOUVEAU_VM_BIND_RUN_ASYNC;
		args.wait_ptr = (uintptr_t)waits;
		args.wait_count = fill_syncs(waits, syncs->waits,
					     syncs->num_waits);
		args.sig_ptr = (uintptr_t)signals;
		args.sig_count = fill_syncs(signals, syncs->signals,
					    syncs->num_signals);
	}

	return nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_VM_BIND, &args);
}

int nvt_exec_n(int fd, uint32_t chan, const struct drm_nouveau_exec_push *pushes,
	       uint32_t count, const struct nvt_syncs *syncs)
{
	struct drm_nouveau_sync waits[NVT_MAX_SYNCS], signals[NVT_MAX_SYNCS];
	struct drm_nouveau_exec args = {
		.channel = chan,
		.push_count = count,
		.push_ptr = (uintptr_t)pushes,
	};

	if (syncs) {
		args.wait_ptr = (uintptr_t)waits;
		args.wait_count = fill_syncs(waits, syncs->waits,
					     syncs->num_waits);
		args.sig_ptr = (uintptr_t)signals;
		args.sig_count = fill_syncs(signals, syncs->signals,
					    syncs->num_signals);
	}

	return nvt_ioctl(fd, DRM_IOCTL_NOUVEAU_EXEC, &args);
}

int nvt_exec(int fd, uint32_t chan, uint64_t addr, uint32_t size,
	     const struct nvt_syncs *syncs)
{
	const struct drm_nouveau_exec_push push = {
		.va = addr,
		.va_len = size,
	};

	return nvt_exec_n(fd, chan, &push, 1, syncs);
}

static int nvif(int fd, void *call, unsigned int size)
{
	return nvt_ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, DRM_IOCTL_BASE,
				  DRM_COMMAND_BASE + DRM_NOUVEAU_NVIF, size),
			 call);
}

int nvt_nvif_device(int fd, uint64_t name)
{
	struct {
		struct nvif_ioctl_v0 head;
		struct nvif_ioctl_new_v0 new;
		uint64_t device[2];
	} call = {
		.head.type = NVIF_IOCTL_V0_NEW,
		.new.object = name,
		.new.oclass = NV_DEVICE,
	};

	return nvif(fd, &call, sizeof(call));
}

int nvt_nvif_info(int fd, uint64_t name, struct nv_device_info_v0 *info)
{
	struct {
		struct nvif_ioctl_v0 head;
		struct nvif_ioctl_mthd_v0 mthd;
		struct nv_device_info_v0 info;
	} call = {
		.head.type = NVIF_IOCTL_V0_MTHD,
		.head.object = name,
		.mthd.method = NV_DEVICE_V0_INFO,
	};
	int ret = nvif(fd, &call, sizeof(call));

	*info = call.info;
	return ret;
}

int nvt_nvif_engine(int fd, uint32_t chan, uint64_t name, int32_t oclass)
{
	struct {
		struct nvif_ioctl_v0 head;
		struct nvif_ioctl_new_v0 new;
	} call = {
		.head.type = NVIF_IOCTL_V0_NEW,
		.head.route = NVIF_ROUTE_CHANNEL,
		.head.token = chan,
		.new.route = NVIF_ROUTE_CHANNEL,
		.new.token = name,
		.new.object = name,
		.new.oclass = oclass,
	};

	return nvif(fd, &call, sizeof(call));
}

int nvt_nvif_del(int fd, uint64_t name)
{
	struct nvif_ioctl_v0 call = {
		.type = NVIF_IOCTL_V0_DEL,
		.object = name,
	};

	return nvif(fd, &call, sizeof(call));
}

int nvt_nvif_sclass(int fd, uint32_t chan, int32_t *classes, uint8_t room,
		    uint8_t *count)
{
	struct {
		struct nvif_ioctl_v0 head;
		struct nvif_ioctl_sclass_v0 sclass;
		struct nvif_ioctl_sclass_oclass_v0 oclass[16];
	} call = {
		.head.type = NVIF_IOCTL_V0_SCLASS,
		.head.route = NVIF_ROUTE_CHANNEL,
		.head.token = chan,
		.sclass.count = room,
	};
	int ret;

	CHECK(room <= ARRAY_SIZE(call.oclass));
	ret = nvif(fd, &call, sizeof(call) -
		   (ARRAY_SIZE(call.oclass) - room) * sizeof(call.oclass[0]));
	for (unsigned int i = 0; i < room; i++)
		classes[i] = call.oclass[i].oclass;
	*count = call.sclass.count;
	return ret;
}

uint32_t nvt_syncobj(int fd)
{
	uint32_t handle;

	CHECK(!drmSyncobjCreate(fd, 0, &handle));
	return handle;
}

int nvt_wait(int fd, struct nvt_sync sync, unsigned int ms)
{
	struct timespec now;
	int64_t until;
	int ret;

	clock_gettime(CLOCK_MONOTONIC, &now);
	until = now.tv_sec * 1000000000ll + now.tv_nsec + ms * 1000000ll;
	if (sync.point)
		ret = drmSyncobjTimelineWait(fd, &sync.handle, &sync.point, 1,
					     until, 0, NULL);
	else
		ret = drmSyncobjWait(fd, &sync.handle, 1, until, 0, NULL);

	return ret;
}

static int export_fence(int fd, struct nvt_sync sync)
{
	uint32_t copy;
	int file;

	if (!sync.point) {
		CHECK(!drmSyncobjExportSyncFile(fd, sync.handle, &file));
		return file;
	}

	copy = nvt_syncobj(fd);
	CHECK(!drmSyncobjTransfer(fd, copy, 0, sync.handle, sync.point, 0));
	CHECK(!drmSyncobjExportSyncFile(fd, copy, &file));
	drmSyncobjDestroy(fd, copy);
	return file;
}

int nvt_status(int fd, struct nvt_sync sync)
{
	struct sync_file_info info = { 0 };
	int file = export_fence(fd, sync);

	OK(nvt_ioctl(file, SYNC_IOC_FILE_INFO, &info));
	close(file);
	return info.status;
}

void nvt_signal(int fd, struct nvt_sync sync)
{
	if (sync.point)
		CHECK(!drmSyncobjTimelineSignal(fd, &sync.handle, &sync.point, 1));
	else
		CHECK(!drmSyncobjSignal(fd, &sync.handle, 1));
}

int nvt_reset(int fd, uint32_t handle)
{
	return drmSyncobjReset(fd, &handle, 1);
}
