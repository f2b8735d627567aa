/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Binds: arrays of operations that change a VM together, as one job.
 *
 * The second layer of the core. What each driver with VM_BIND writes again, and
 * gets wrong in its error paths: memory set aside before the job is published,
 * the locks of all objects, syncobjs, the order of jobs, changes that are undone
 * as a whole, what is freed outside the fence signalling section, the end of a
 * VM with jobs in flight. What is left to a driver is &struct
 * drm_gpuvm_bind_ops: how its page tables are written.
 *
 * Part of the C ABI, see drm_gpuvm.h. Queue, job and syncs are opaque, all
 * functions are exported, so that Rust can call them.
 */
#ifndef __DRM_GPUVM_BIND_H__
#define __DRM_GPUVM_BIND_H__

#include <drm/drm_gpuvm.h>

struct dma_fence;
struct drm_exec;
struct drm_file;
struct drm_gpuvm_bind_job;
struct drm_gpuvm_bind_queue;
struct drm_gpuvm_syncs;
struct drm_sched_job;
struct workqueue_struct;

/**
 * enum drm_gpuvm_bind_op_type - what a bind operation does
 */
enum drm_gpuvm_bind_op_type {
	/** @DRM_GPUVM_BIND_OP_MAP: map a piece of an object over a range */
	DRM_GPUVM_BIND_OP_MAP = 1,
	/** @DRM_GPUVM_BIND_OP_UNMAP: unmap what is in a range */
	DRM_GPUVM_BIND_OP_UNMAP = 2,
	/** @DRM_GPUVM_BIND_OP_MAP_SPARSE: map no memory, on purpose */
	DRM_GPUVM_BIND_OP_MAP_SPARSE = 3,
	/** @DRM_GPUVM_BIND_OP_UNMAP_OBJ: unmap an object wherever it is */
	DRM_GPUVM_BIND_OP_UNMAP_OBJ = 4,
};

/**
 * struct drm_gpuvm_bind_op - one operation
 */
struct drm_gpuvm_bind_op {
	/** @op: &enum drm_gpuvm_bind_op_type */
	u32 op;
	/**
	 * @flags: of the new mapping: bits from DRM_GPUVA_USERBITS upwards; 0
	 * unless something is mapped
	 */
	u32 flags;
	/** @addr: first address, in the VM's unit; 0 for UNMAP_OBJ */
	u64 addr;
	/** @range: length, in the same unit; 0 for UNMAP_OBJ */
	u64 range;
	/** @offset: where in @obj the mapping starts; 0 unless MAP */
	u64 offset;
	/** @obj: the object of MAP and UNMAP_OBJ, else NULL */
	struct drm_gem_object *obj;
	/**
	 * @attrs: of the new mapping; 0 unless something is mapped, and a MAP
	 * alone may repeat
	 *
	 * With &drm_gpuva_attrs.repeat the mapping shows so much of @obj, from
	 * @offset on, over and over; @range may be longer than @obj then.
	 */
	struct drm_gpuva_attrs attrs;
	/** @__reserved: 0 */
	u64 __reserved[2];
};

/**
 * struct drm_gpuvm_bind_ops - how a driver writes its page tables
 *
 * @pt_map and @pt_unmap are required. Those that run in the fence signalling
 * section must not allocate; they run one at a time for each queue.
 */
struct drm_gpuvm_bind_ops {
	/**
	 * @job_init: set up the driver's part of a job, see
	 * drm_gpuvm_bind_job_priv()
	 *
	 * Changes of page tables that userptrs cause are jobs, too, that are
	 * never queued.
	 *
	 * Context: process; for a userptr, reclaim: nothing is allocated.
	 */
	void (*job_init)(struct drm_gpuvm_bind_job *job);
	/**
	 * @job_fini: the job is over; free what was set aside and not used, and
	 * what @pt_unmap took out
	 *
	 * Called last, once for each @job_init.
	 *
	 * Context: process, sleeps, no lock held; but for a userptr, or an
	 * object that is evicted, in memory reclaim: no dma_resv is taken and
	 * nothing allocated. For an object that is validated dma_resv locks are
	 * held.
	 */
	void (*job_fini)(struct drm_gpuvm_bind_job *job);
	/**
	 * @validate: make sure that an object that is to be mapped, or that
	 * was evicted and is to be used again, has memory
	 *
	 * Context: process, sleeps; the VM's and the object's dma_resv are held.
	 * Return: 0, or why the bind fails.
	 */
	int (*validate)(struct drm_gpuvm_bind_job *job,
			struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec);
	/**
	 * @pt_reserve: set memory for page tables aside
	 *
	 * Called once for each operation, in their order, and for each mapping
	 * of an object that comes back. What is set aside for
	 * one has to suffice for mapping any part of a MAP's range, and for
	 * unmapping with the boundaries of the operation, whatever is mapped
	 * there; what an UNMAP_OBJ clears ends where a mapping ends and nothing
	 * of its object goes on. For the MAP of
	 * a userptr it has to suffice for all pieces that are left of it, with
	 * whatever pages they have by then.
	 *
	 * Context: as @validate; no dma_resv is held when a userptr gets new
	 * pages.
	 * Return: 0, or why the bind fails.
	 */
	int (*pt_reserve)(struct drm_gpuvm_bind_job *job,
			  const struct drm_gpuvm_bind_op *op);
	/**
	 * @refuse: whether jobs are not to begin, after an unplug for instance
	 *
	 * Context: fence signalling section.
	 * Return: 0, or the error for the job's fence.
	 */
	int (*refuse)(struct drm_gpuvm_bind_job *job);
	/**
	 * @pt_map: write page-table entries for a part of a mapping
	 *
	 * Nothing is mapped in the range. drm_gpuva_gem_offset() tells what of
	 * the object an address shows, drm_gpuvm_userptr_pages() what a userptr
	 * consists of.
	 *
	 * Context: fence signalling section.
	 * Return: 0, or why not; the range may then be half written.
	 */
	int (*pt_map)(struct drm_gpuvm_bind_job *job, struct drm_gpuva *va,
		      u64 addr, u64 range);
	/**
	 * @pt_unmap: clear page-table entries
	 *
	 * In a job for which @pt_reserve was not called, as when the VM is
	 * closed or an object evicted, an entry that reaches out of the range
	 * shows more of what is going: it may be cleared as a whole.
	 *
	 * Context: fence signalling section, or reclaim.
	 * Return: 0, or why not; the range may then be half cleared.
	 */
	int (*pt_unmap)(struct drm_gpuvm_bind_job *job, u64 addr, u64 range);
	/**
	 * @pt_flush: make the device forget what was changed since the last
	 * call
	 *
	 * Called at the end of the changes of a job, and before and after they
	 * are undone: page tables that were taken out may then be used again.
	 *
	 * Context: fence signalling section, or reclaim.
	 */
	void (*pt_flush)(struct drm_gpuvm_bind_job *job);
	/** @__reserved: NULL */
	void *__reserved[8];
};

/** define DRM_GPUVM_BIND_NO_UNDO - a job that fails halfway kills the VM */
#define DRM_GPUVM_BIND_NO_UNDO BIT(0)

/**
 * struct drm_gpuvm_bind_queue_args - for drm_gpuvm_bind_queue_create()
 */
struct drm_gpuvm_bind_queue_args {
	/** @gpuvm: the VM, which outlives the queue */
	struct drm_gpuvm *gpuvm;
	/** @ops: the driver's callbacks */
	const struct drm_gpuvm_bind_ops *ops;
	/** @name: for the scheduler's messages */
	const char *name;
	/** @submit_wq: runs jobs; NULL for one of the scheduler's own */
	struct workqueue_struct *submit_wq;
	/** @cleanup_wq: frees jobs; the driver flushes it before it unloads */
	struct workqueue_struct *cleanup_wq;
	/**
	 * @va_size: bytes of the driver's structure for a mapping, whose first
	 * member is a struct drm_gpuva; 0 for that alone
	 */
	u32 va_size;
	/** @job_priv_size: bytes of the driver's part of a job */
	u32 job_priv_size;
	/** @flags: DRM_GPUVM_BIND_NO_UNDO */
	u32 flags;
	/** @__pad: 0 */
	u32 __pad;
	/** @__reserved: 0 */
	u64 __reserved[4];
};

struct drm_gpuvm_bind_queue *
drm_gpuvm_bind_queue_create(const struct drm_gpuvm_bind_queue_args *args);
void drm_gpuvm_bind_queue_close(struct drm_gpuvm_bind_queue *queue);
void drm_gpuvm_bind_queue_destroy(struct drm_gpuvm_bind_queue *queue);

/**
 * enum drm_gpuvm_bind_state - the state of a VM with a bind queue
 */
enum drm_gpuvm_bind_state {
	/** @DRM_GPUVM_BIND_LIVE: takes jobs */
	DRM_GPUVM_BIND_LIVE,
	/** @DRM_GPUVM_BIND_DEAD: takes none: nobody knows what is mapped */
	DRM_GPUVM_BIND_DEAD,
	/** @DRM_GPUVM_BIND_CLOSED: takes none, and nothing is mapped */
	DRM_GPUVM_BIND_CLOSED,
};

enum drm_gpuvm_bind_state
drm_gpuvm_bind_queue_state(struct drm_gpuvm_bind_queue *queue);
int drm_gpuvm_bind_queue_error(struct drm_gpuvm_bind_queue *queue);
int drm_gpuvm_bind_queue_reason(struct drm_gpuvm_bind_queue *queue);
void drm_gpuvm_bind_queue_kill(struct drm_gpuvm_bind_queue *queue, int reason);
void drm_gpuvm_bind_queue_lock(struct drm_gpuvm_bind_queue *queue);
void drm_gpuvm_bind_queue_unlock(struct drm_gpuvm_bind_queue *queue);
u64 drm_gpuvm_bind_queue_mappings(struct drm_gpuvm_bind_queue *queue);

struct drm_gpuvm_bind_job *
drm_gpuvm_bind_job_create(struct drm_gpuvm_bind_queue *queue, u32 max_ops,
			  u64 client_id);
int drm_gpuvm_bind_job_add(struct drm_gpuvm_bind_job *job,
			   const struct drm_gpuvm_bind_op *op);
int drm_gpuvm_bind_job_submit(struct drm_gpuvm_bind_job *job,
			      struct drm_gpuvm_syncs *syncs);
int drm_gpuvm_bind_job_wait(struct drm_gpuvm_bind_job *job);
struct dma_fence *drm_gpuvm_bind_job_fence(struct drm_gpuvm_bind_job *job);
struct drm_gpuvm *drm_gpuvm_bind_job_vm(struct drm_gpuvm_bind_job *job);
void *drm_gpuvm_bind_job_priv(struct drm_gpuvm_bind_job *job);
void drm_gpuvm_bind_job_put(struct drm_gpuvm_bind_job *job);

/** define DRM_GPUVM_EVICT_WAIT - wait for those who use the object */
#define DRM_GPUVM_EVICT_WAIT BIT(0)

int drm_gpuvm_bind_evict(struct drm_gem_object *obj, u32 flags);
int drm_gpuvm_bind_validate(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec);

/** define DRM_GPUVM_SYNC_WAIT - the job begins after this */
#define DRM_GPUVM_SYNC_WAIT BIT(0)
/** define DRM_GPUVM_SYNC_SIGNAL - the job's end signals this */
#define DRM_GPUVM_SYNC_SIGNAL BIT(1)

/**
 * struct drm_gpuvm_sync - something a job waits for or signals
 */
struct drm_gpuvm_sync {
	/** @handle: of a syncobj of the file */
	u32 handle;
	/** @flags: exactly one of DRM_GPUVM_SYNC_WAIT, DRM_GPUVM_SYNC_SIGNAL */
	u32 flags;
	/** @point: of a timeline; 0 for a binary syncobj */
	u64 point;
};

struct drm_gpuvm_syncs *
drm_gpuvm_syncs_create(struct drm_file *file,
		       const struct drm_gpuvm_sync *array, u32 count);
int drm_gpuvm_syncs_wait(struct drm_gpuvm_syncs *syncs,
			 struct drm_sched_job *job);
void drm_gpuvm_syncs_signal(struct drm_gpuvm_syncs *syncs,
			    struct dma_fence *fence);
void drm_gpuvm_syncs_free(struct drm_gpuvm_syncs *syncs);

#endif
