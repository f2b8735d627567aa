// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Binds.
 */
#include "evgem.h"
#include "private.h"

static void bind_op(struct evgem_bind *bind,
		    const struct drm_evgem_bind_op *op)
{
	struct drm_evgem_bind_op *new = evgem_array_append(&bind->ops,
							   sizeof(*new));

	if (new)
		*new = *op;
}

static void bind_map(struct evgem_bind *bind, uint64_t addr, uint64_t range,
		     uint32_t bo, uint64_t offset, uint32_t flags)
{
	bind_op(bind, &(struct drm_evgem_bind_op){
		.op = DRM_EVGEM_BIND_OP_MAP,
		.flags = flags,
		.handle = bo,
		.addr = addr,
		.range = range,
		.offset = offset,
	});
}

void evgem_bind_map(struct evgem_bind *bind, uint64_t addr, uint64_t range,
		    uint32_t bo, uint64_t offset)
{
	bind_map(bind, addr, range, bo, offset, 0);
}

void evgem_bind_map_readonly(struct evgem_bind *bind, uint64_t addr,
			     uint64_t range, uint32_t bo, uint64_t offset)
{
	bind_map(bind, addr, range, bo, offset, DRM_EVGEM_BIND_READONLY);
}

void evgem_bind_map_repeat(struct evgem_bind *bind, uint64_t addr,
			   uint64_t range, uint32_t bo, uint64_t offset,
			   uint64_t repeat)
{
	bind_op(bind, &(struct drm_evgem_bind_op){
		.op = DRM_EVGEM_BIND_OP_MAP,
		.flags = DRM_EVGEM_BIND_REPEAT,
		.handle = bo,
		.addr = addr,
		.range = range,
		.offset = offset,
		.repeat = repeat,
	});
}

void evgem_bind_unmap(struct evgem_bind *bind, uint64_t addr, uint64_t range)
{
	bind_op(bind, &(struct drm_evgem_bind_op){
		.op = DRM_EVGEM_BIND_OP_UNMAP,
		.addr = addr,
		.range = range,
	});
}

void evgem_bind_sparse(struct evgem_bind *bind, uint64_t addr, uint64_t range)
{
	bind_op(bind, &(struct drm_evgem_bind_op){
		.op = DRM_EVGEM_BIND_OP_MAP_SPARSE,
		.addr = addr,
		.range = range,
	});
}

void evgem_bind_unmap_bo(struct evgem_bind *bind, uint32_t bo)
{
	bind_op(bind, &(struct drm_evgem_bind_op){
		.op = DRM_EVGEM_BIND_OP_UNMAP_BO,
		.handle = bo,
	});
}

static void bind_userptr(struct evgem_bind *bind, uint64_t addr, uint64_t range,
			 const void *start, uint32_t flags)
{
	bind_op(bind, &(struct drm_evgem_bind_op){
		.op = DRM_EVGEM_BIND_OP_MAP_USERPTR,
		.flags = flags,
		.addr = addr,
		.range = range,
		.offset = (uintptr_t)start,
	});
}

void evgem_bind_userptr(struct evgem_bind *bind, uint64_t addr, uint64_t range,
			const void *start)
{
	bind_userptr(bind, addr, range, start, 0);
}

void evgem_bind_userptr_readonly(struct evgem_bind *bind, uint64_t addr,
				 uint64_t range, const void *start)
{
	bind_userptr(bind, addr, range, start, DRM_EVGEM_BIND_READONLY);
}

static int bind_submit(int fd, uint32_t vm, struct evgem_bind *bind,
		       uint32_t flags, const struct drm_evgem_sync *syncs)
{
	struct drm_evgem_vm_bind args = {
		.vm_id = vm,
		.flags = flags,
		.ops = {
			.ptr = (uintptr_t)bind->ops.data,
			.count = bind->ops.size / sizeof(struct drm_evgem_bind_op),
			.stride = sizeof(struct drm_evgem_bind_op),
		},
		.syncs = {
			.ptr = (uintptr_t)syncs,
			.count = evgem_num_syncs(syncs),
			.stride = sizeof(struct drm_evgem_sync),
		},
	};
	int ret = bind->ops.error;

	if (!ret)
		ret = evgem_ioctl(fd, DRM_IOCTL_EVGEM_VM_BIND, &args);

	evgem_bind_free(bind);
	return ret;
}

int evgem_bind_sync(int fd, uint32_t vm, struct evgem_bind *bind)
{
	return bind_submit(fd, vm, bind, 0, NULL);
}

int evgem_bind_async(int fd, uint32_t vm, struct evgem_bind *bind,
		     const struct drm_evgem_sync *syncs)
{
	return bind_submit(fd, vm, bind, DRM_EVGEM_VM_BIND_ASYNC, syncs);
}

void evgem_bind_free(struct evgem_bind *bind)
{
	evgem_array_free(&bind->ops);
}

int evgem_map(int fd, uint32_t vm, uint64_t addr, uint64_t range, uint32_t bo,
	      uint64_t offset)
{
	struct evgem_bind bind = { 0 };

	evgem_bind_map(&bind, addr, range, bo, offset);
	return evgem_bind_sync(fd, vm, &bind);
}

int evgem_map_readonly(int fd, uint32_t vm, uint64_t addr, uint64_t range,
		       uint32_t bo, uint64_t offset)
{
	struct evgem_bind bind = { 0 };

	evgem_bind_map_readonly(&bind, addr, range, bo, offset);
	return evgem_bind_sync(fd, vm, &bind);
}

int evgem_map_repeat(int fd, uint32_t vm, uint64_t addr, uint64_t range,
		     uint32_t bo, uint64_t offset, uint64_t repeat)
{
	struct evgem_bind bind = { 0 };

	evgem_bind_map_repeat(&bind, addr, range, bo, offset, repeat);
	return evgem_bind_sync(fd, vm, &bind);
}

int evgem_map_userptr(int fd, uint32_t vm, uint64_t addr, uint64_t range,
		      const void *start)
{
	struct evgem_bind bind = { 0 };

	evgem_bind_userptr(&bind, addr, range, start);
	return evgem_bind_sync(fd, vm, &bind);
}

int evgem_map_userptr_readonly(int fd, uint32_t vm, uint64_t addr,
			       uint64_t range, const void *start)
{
	struct evgem_bind bind = { 0 };

	evgem_bind_userptr_readonly(&bind, addr, range, start);
	return evgem_bind_sync(fd, vm, &bind);
}

int evgem_unmap(int fd, uint32_t vm, uint64_t addr, uint64_t range)
{
	struct evgem_bind bind = { 0 };

	evgem_bind_unmap(&bind, addr, range);
	return evgem_bind_sync(fd, vm, &bind);
}
