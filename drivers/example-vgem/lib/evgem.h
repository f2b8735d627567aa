/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * libevgem: the example driver for programs. A thin layer over its ioctls:
 * names instead of structs to fill, builders for the arrays, and nothing hidden
 * that has to be freed.
 *
 * Every function that returns an int returns 0 or a negative errno. Sizes,
 * ranges and offsets are in bytes. An ioctl that a signal interrupts is called
 * again, so that no function here returns -EINTR.
 */
#ifndef EVGEM_H
#define EVGEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <drm/evgem_drm.h>

#define EVGEM_DRIVER_NAME "example-vgem"

#define EVGEM_PAGE	0x1000ull
#define EVGEM_HUGE_PAGE	0x200000ull

/* The device */

/**
 * evgem_driver_name() - the driver whose device is opened
 *
 * Return: what the environment has as EVGEM_DRIVER: another driver with the same
 * interface, such as the one in Rust; else EVGEM_DRIVER_NAME.
 */
const char *evgem_driver_name(void);

/**
 * evgem_open() - open the render node of the driver
 *
 * Return: a file descriptor, to be closed with close(); -ENODEV if no render
 * node is the driver's; else what opening it failed with.
 */
int evgem_open(void);
int evgem_query_device(int fd, struct drm_evgem_device_info *info);

/* VMs */

int evgem_vm_create(int fd, uint64_t va_start, uint64_t va_range,
		    uint32_t *vm);
int evgem_vm_destroy(int fd, uint32_t vm);
int evgem_vm_state(int fd, uint32_t vm, struct drm_evgem_vm_state *state);

/* BOs. @vm is the only VM that may map the BO, or 0. */

int evgem_bo_create(int fd, uint64_t size, uint32_t vm, uint32_t *bo);
int evgem_bo_create_huge(int fd, uint64_t size, uint32_t vm, uint32_t *bo);
int evgem_bo_close(int fd, uint32_t bo);
/** evgem_bo_map() - map a BO for the CPU; munmap() ends that */
int evgem_bo_map(int fd, uint32_t bo, uint64_t size, void **cpu);
/** evgem_bo_export() - a dma-buf of a BO, to be closed with close() */
int evgem_bo_export(int fd, uint32_t bo, int *dmabuf);
/** evgem_bo_import() - a BO of a dma-buf; @dmabuf may be closed then */
int evgem_bo_import(int fd, int dmabuf, uint32_t *bo);

/* What a job waits for and what it signals */

/**
 * define EVGEM_SYNCS - a list of syncs, for the functions that take one
 *
 * As in EVGEM_SYNCS(evgem_wait(in), evgem_signal_point(out, 3)).
 */
#define EVGEM_SYNCS(...) \
	((const struct drm_evgem_sync[]){ __VA_ARGS__, { .type = 0 } })

struct drm_evgem_sync evgem_wait(uint32_t syncobj);
struct drm_evgem_sync evgem_wait_point(uint32_t syncobj, uint64_t point);
struct drm_evgem_sync evgem_signal(uint32_t syncobj);
struct drm_evgem_sync evgem_signal_point(uint32_t syncobj, uint64_t point);
/** evgem_num_syncs() - entries of a list of syncs, which may be NULL */
uint32_t evgem_num_syncs(const struct drm_evgem_sync *syncs);

/* Syncobjs. Point 0 means a binary syncobj in the following functions. */

int evgem_syncobj_create(int fd, uint32_t *syncobj);
int evgem_syncobj_destroy(int fd, uint32_t syncobj);
/**
 * evgem_syncobj_wait() - wait for a fence that is in a syncobj
 * @fd: the device
 * @syncobj: holds a fence
 * @point: of a timeline, or 0
 * @timeout_ms: how long
 *
 * Return: 0, also if the job ended with an error; -ETIME; -EINVAL if there is
 * no fence.
 */
int evgem_syncobj_wait(int fd, uint32_t syncobj, uint64_t point,
		       unsigned int timeout_ms);
/**
 * evgem_syncobj_status() - how a job ended
 * @fd: the device
 * @syncobj: holds the job's fence
 * @point: of a timeline, the last one; or 0
 * @status: 1: it ended well; 0: it did not end yet; less: its error
 *
 * Return: 0; -EINVAL if there is no fence.
 */
int evgem_syncobj_status(int fd, uint32_t syncobj, uint64_t point,
			 int *status);
/** evgem_syncobj_point() - the last point of a timeline that was signalled */
int evgem_syncobj_point(int fd, uint32_t syncobj, uint64_t *point);

/* Arrays that grow. A failed allocation is told by whoever uses the array. */

struct evgem_array {
	void *data;
	size_t size;
	size_t capacity;
	int error;
};

/** evgem_array_append() - room for an element at the end, zeroed; or NULL */
void *evgem_array_append(struct evgem_array *array, size_t size);
void evgem_array_free(struct evgem_array *array);

/* Binds */

/**
 * struct evgem_bind - operations that are to be bound as one
 *
 * Starts out zeroed: struct evgem_bind bind = { 0 };
 */
struct evgem_bind {
	struct evgem_array ops;
};

void evgem_bind_map(struct evgem_bind *bind, uint64_t addr, uint64_t range,
		    uint32_t bo, uint64_t offset);
void evgem_bind_map_readonly(struct evgem_bind *bind, uint64_t addr,
			     uint64_t range, uint32_t bo, uint64_t offset);
/** evgem_bind_map_repeat() - @repeat bytes of the BO over and over */
void evgem_bind_map_repeat(struct evgem_bind *bind, uint64_t addr,
			   uint64_t range, uint32_t bo, uint64_t offset,
			   uint64_t repeat);
void evgem_bind_unmap(struct evgem_bind *bind, uint64_t addr, uint64_t range);
void evgem_bind_sparse(struct evgem_bind *bind, uint64_t addr, uint64_t range);
void evgem_bind_unmap_bo(struct evgem_bind *bind, uint32_t bo);
/** evgem_bind_userptr() - memory of this process; both multiples of a page */
void evgem_bind_userptr(struct evgem_bind *bind, uint64_t addr, uint64_t range,
			const void *start);
void evgem_bind_userptr_readonly(struct evgem_bind *bind, uint64_t addr,
				 uint64_t range, const void *start);
/** evgem_bind_sync() - bind, and empty @bind; the VM has changed on return */
int evgem_bind_sync(int fd, uint32_t vm, struct evgem_bind *bind);
/** evgem_bind_async() - queue a bind, and empty @bind */
int evgem_bind_async(int fd, uint32_t vm, struct evgem_bind *bind,
		     const struct drm_evgem_sync *syncs);
/** evgem_bind_free() - drop operations that were not bound */
void evgem_bind_free(struct evgem_bind *bind);

/* Binds of one operation, synchronous */

int evgem_map(int fd, uint32_t vm, uint64_t addr, uint64_t range, uint32_t bo,
	      uint64_t offset);
int evgem_map_readonly(int fd, uint32_t vm, uint64_t addr, uint64_t range,
		       uint32_t bo, uint64_t offset);
int evgem_map_repeat(int fd, uint32_t vm, uint64_t addr, uint64_t range,
		     uint32_t bo, uint64_t offset, uint64_t repeat);
int evgem_map_userptr(int fd, uint32_t vm, uint64_t addr, uint64_t range,
		      const void *start);
int evgem_map_userptr_readonly(int fd, uint32_t vm, uint64_t addr,
			       uint64_t range, const void *start);
int evgem_unmap(int fd, uint32_t vm, uint64_t addr, uint64_t range);

/* Queues. A timeout of 0 is the driver's default. */

int evgem_queue_create(int fd, uint32_t vm, uint32_t timeout_ms,
		       uint32_t *queue);
int evgem_queue_destroy(int fd, uint32_t queue);

/* Commands */

/**
 * struct evgem_cmds - commands that are to run as one job
 *
 * Starts out zeroed, as struct evgem_bind does.
 */
struct evgem_cmds {
	struct evgem_array buf;
};

void evgem_cmd_nop(struct evgem_cmds *cmds);
void evgem_cmd_fill(struct evgem_cmds *cmds, uint64_t addr, uint64_t size,
		    uint32_t value);
void evgem_cmd_copy(struct evgem_cmds *cmds, uint64_t dst, uint64_t src,
		    uint64_t size);
void evgem_cmd_write(struct evgem_cmds *cmds, uint64_t addr, uint64_t value);
void evgem_cmd_atomic_add(struct evgem_cmds *cmds, uint64_t addr,
			  uint64_t value);
void evgem_cmd_release(struct evgem_cmds *cmds, uint64_t addr, uint64_t value);
void evgem_cmd_checksum(struct evgem_cmds *cmds, uint64_t dst, uint64_t addr,
			uint64_t size);
void evgem_cmd_wait(struct evgem_cmds *cmds, uint64_t addr,
		    enum drm_evgem_cond cond, uint64_t value);
void evgem_cmd_delay(struct evgem_cmds *cmds, uint64_t ns);
/** evgem_exec() - queue a job, and empty @cmds */
int evgem_exec(int fd, uint32_t queue, struct evgem_cmds *cmds,
	       const struct drm_evgem_sync *syncs);
/**
 * evgem_run() - run a job, wait until it ended, and empty @cmds
 *
 * Return: 0; what evgem_exec() failed with, or the job; -ETIME if it does not
 * end in a minute.
 */
int evgem_run(int fd, uint32_t queue, struct evgem_cmds *cmds);
/** evgem_cmds_free() - drop commands that were not queued */
void evgem_cmds_free(struct evgem_cmds *cmds);

/** evgem_checksum() - what the engine's checksum of these bytes is */
uint64_t evgem_checksum(const void *bytes, size_t size);

#endif
