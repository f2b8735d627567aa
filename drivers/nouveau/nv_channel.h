/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Channels: where a program's pushes for the device go.
 */
#ifndef __NV_CHANNEL_H__
#define __NV_CHANNEL_H__

#include <linux/dma-fence.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/gpu_scheduler.h>

#include "nv_hw.h"

struct drm_device;
struct drm_file;
struct drm_nouveau_exec_push;
struct nv_device;
struct nv_vm;

/** define NV_RING_ENTRIES - entries of a ring; one of them stays free */
#define NV_RING_ENTRIES 1024
/** define NV_MAX_PUSHES - of one job: so that two fit into a ring */
#define NV_MAX_PUSHES 510

/**
 * struct nv_ring - a channel's memory, which driver and device share
 *
 * Pages of the system, mapped in the kernel's part of the VM, but for the one that
 * the device knows by its physical address. Written by run_job alone.
 */
struct nv_ring {
	/** @memory: all of it, from vmalloc() */
	void *memory;
	/** @addr: where the VM has it */
	u64 addr;
	/** @put: next entry to be written */
	u32 put;
};

/**
 * struct nv_fence - the device's fence of a job
 */
struct nv_fence {
	/** @base: initialised by run_job */
	struct dma_fence base;
	/** @lock: protects @base, which may live longer than the job */
	spinlock_t lock;
	/** @link: in &nv_channel.pending, with a reference */
	struct list_head link;
	/** @seqno: what the semaphore shows when the job is done */
	u32 seqno;
};

/**
 * struct nv_channel - a channel
 *
 * Reference counted by @ref: the file's table and each job have one.
 */
struct nv_channel {
	/** @ref: see above */
	struct kref ref;
	/** @nv: the device */
	struct nv_device *nv;
	/** @vm: whose addresses the pushes use, with a reference */
	struct nv_vm *vm;
	/** @link: in &nv_vm.channels, under its channels_lock */
	struct list_head link;
	/** @id: the hardware's number */
	u32 id;
	/** @slot: which piece of the kernel's part of the VM it has */
	unsigned int slot;
	/** @classes: what it can run; constant */
	const u32 *classes;
	/** @nr_classes: how many */
	u32 nr_classes;
	/** @ring: where the pushes go */
	struct nv_ring ring;

	/** @submit_lock: makes arming and queuing of a job one step */
	struct mutex submit_lock;
	/** @sched: of this channel alone, as each runs by itself */
	struct drm_gpu_scheduler sched;
	/** @entity: pushed to under @submit_lock */
	struct drm_sched_entity entity;

	/** @lock: protects what follows, up to @begun_ns */
	spinlock_t lock;
	/** @pending: fences of jobs in the ring, in order */
	struct list_head pending;
	/** @seqno: of the last such */
	u32 seqno;
	/** @closed: takes no job any more, but ends what it has */
	bool closed;
	/** @error: why it died, or 0; never returns to 0 */
	int error;
	/** @busy_ns: how long there was something in the ring */
	u64 busy_ns;
	/** @begun_ns: since when there is, or 0 */
	u64 begun_ns;

	/** @idle: woken when @pending is empty */
	wait_queue_head_t idle;
	/** @fence_context: of the device's fences */
	u64 fence_context;
	/** @release: frees the channel, in a context of its own */
	struct work_struct release;
};

/* nv_channel.c */
extern const struct nv_hw_events nv_channel_events;

void nv_channel_get(struct nv_channel *chan);
void nv_channel_put(struct nv_channel *chan);
void nv_channel_kill(struct nv_channel *chan, int error);
int nv_channel_alloc_ioctl(struct drm_device *drm, void *data,
			   struct drm_file *file);
int nv_channel_free_ioctl(struct drm_device *drm, void *data,
			  struct drm_file *file);

/* nv_fence.c */
bool nv_channel_is_dead(struct nv_channel *chan);
int nv_channel_add_fence(struct nv_channel *chan, struct nv_fence *fence);
void nv_channel_end(struct nv_channel *chan, int error, int error_of_others);
void nv_channel_look(struct nv_channel *chan);
void nv_channel_close(struct nv_channel *chan);
u64 nv_channel_busy_ns(struct nv_channel *chan);

/* nv_ring.c */
int nv_ring_init(struct nv_ring *ring, struct nv_vm *vm, u64 addr);
void nv_ring_fini(struct nv_ring *ring, struct nv_vm *vm);
u64 nv_ring_userd(const struct nv_ring *ring);
u32 nv_ring_semaphore(const struct nv_ring *ring);
void nv_ring_push(struct nv_ring *ring, const struct drm_nouveau_exec_push *push);
void nv_ring_release(struct nv_ring *ring, u32 seqno);
void nv_ring_kick(struct nv_ring *ring);

/** define NV_RING_SPAN - of the VM's addresses that a ring takes */
#define NV_RING_SPAN 0x10000

/* nv_exec_job.c */
extern const struct drm_sched_backend_ops nv_exec_sched_ops;

/* nv_exec.c */
int nv_exec_ioctl(struct drm_device *drm, void *data, struct drm_file *file);

#endif
