/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Bind queues and jobs as their own files see them.
 */
#ifndef __GPUVM_BIND_PRIVATE_H__
#define __GPUVM_BIND_PRIVATE_H__

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/workqueue.h>

#include <drm/drm_gpuvm_bind.h>
#include <drm/drm_gpuvm_userptr.h>
#include <drm/gpu_scheduler.h>

#include "gpuvm_bind_old.h"
#include "gpuvm_private.h"

/**
 * struct drm_gpuvm_bind_queue - the binds of one VM, in their order
 *
 * Does not change after it was made, but for what names a lock.
 */
struct drm_gpuvm_bind_queue {
	/** @args: what the driver wants */
	struct drm_gpuvm_bind_queue_args args;
	/**
	 * @tree_lock: protects the VM's mappings in deferred mode
	 *
	 * Outermost: dma_resv locks are taken, and memory is allocated, while
	 * it is held.
	 */
	struct mutex tree_lock;
	/**
	 * @run_lock: serialises changes of page tables; in immediate mode it
	 * protects the VM's mappings, too
	 *
	 * Taken in the fence signalling section, around gpuva locks.
	 */
	struct mutex run_lock;
	/**
	 * @userptr_lock: protects @stale_userptrs
	 *
	 * Held for reading from the look at it to the publishing of a job's
	 * fence. Taken inside of @run_lock, and by MMU notifiers, in reclaim.
	 */
	struct rw_semaphore userptr_lock;
	/** @stale_userptrs: those that a process took the pages of */
	struct list_head stale_userptrs;
	/** @submit_lock: makes arming and pushing of a job one step */
	struct mutex submit_lock;
	/** @sched: runs the jobs */
	struct drm_gpu_scheduler sched;
	/** @entity: their order; pushed to under @submit_lock */
	struct drm_sched_entity entity;
	/** @closed: takes nothing any more; written under both locks */
	bool closed;
	/** @reason: why the VM died, or 0; written under @run_lock */
	int reason;
	/** @mappings: number of mappings; protected as they are */
	u64 mappings;
	/** @close_job: unmaps everything at the end; made beforehand */
	struct drm_gpuvm_bind_job *close_job;
	/** @limbo: jobs that are over, see &drm_gpuvm_bind_job.incomplete */
	struct list_head limbo;
	/** @generation: changes of the mappings so far; protected as they are */
	u64 generation;
	/**
	 * @stale: a job did not run whose mappings have changed already, so that
	 * page tables lead to others: deferred mode; written under @run_lock
	 */
	bool stale;
	/** @evict_lock: protects @evict_job; around @run_lock, in reclaim */
	struct mutex evict_lock;
	/** @evict_job: takes objects out of the page tables; made beforehand */
	struct drm_gpuvm_bind_job *evict_job;
	/** @evictors: who came to the queue from an object and is not done */
	atomic_t evictors;
};

/**
 * enum gpuvm_bind_stage - where a job stands
 */
enum gpuvm_bind_stage {
	/** @GPUVM_BIND_QUEUED: not begun; goes to either of the others */
	GPUVM_BIND_QUEUED,
	/** @GPUVM_BIND_BEGUN: changes the VM, or has; final */
	GPUVM_BIND_BEGUN,
	/** @GPUVM_BIND_WITHDRAWN: will not change the VM; final */
	GPUVM_BIND_WITHDRAWN,
};

/**
 * struct gpuvm_bind_step - one operation of a job
 */
struct gpuvm_bind_step {
	/** @op: the operation; its object is referenced */
	struct drm_gpuvm_bind_op op;
	/** @vm_bo: of the VM and the object, with a reference; may be NULL */
	struct drm_gpuvm_bo *vm_bo;
};

/**
 * struct gpuvm_bind_delta - one change of page tables
 */
struct gpuvm_bind_delta {
	/** @va: the mapping that comes; NULL where something goes */
	struct drm_gpuva *va;
	/** @addr: first address */
	u64 addr;
	/** @range: length */
	u64 range;
};

typedef int (*gpuvm_bind_delta_fn)(struct drm_gpuvm_bind_job *job,
				   const struct gpuvm_bind_delta *delta,
				   void *priv);

/**
 * struct drm_gpuvm_bind_job - operations that are applied together
 *
 * Belongs to the thread that makes it until it is submitted, then to the
 * scheduler; whoever else has a reference may look at @stage and @fence only.
 */
struct drm_gpuvm_bind_job {
	/** @base: the scheduler's part */
	struct drm_sched_job base;
	/** @ref: the maker's and the scheduler's */
	struct kref ref;
	/** @queue: whose job it is */
	struct drm_gpuvm_bind_queue *queue;
	/** @stage: enum gpuvm_bind_stage; who moves it from QUEUED wins */
	atomic_t stage;
	/** @submitted: the scheduler has it, or had it */
	bool submitted;
	/** @max_ops: room in @steps */
	u32 max_ops;
	/** @num_ops: used elements of @steps */
	u32 num_ops;
	/** @steps: the operations */
	struct gpuvm_bind_step *steps;
	/** @spare: mappings set aside, zeroed, by &drm_gpuva_gem.entry */
	struct list_head spare;
	/** @fresh: mappings that the job made, until they are linked */
	struct list_head fresh;
	/** @old: mappings that the job took out of the VM */
	struct gpuvm_bind_old old;
	/** @nodes: of the VM's index, promised to the job */
	u32 nodes;
	/** @deltas: changes of page tables that are still to come: deferred mode */
	struct gpuvm_bind_delta *deltas;
	/** @num_deltas: elements of @deltas */
	size_t num_deltas;
	/**
	 * @incomplete: page tables may still lead to @old: deferred mode
	 *
	 * Then the job is kept in &drm_gpuvm_bind_queue.limbo, under its
	 * run_lock, until the VM is closed.
	 */
	bool incomplete;
	/** @limbo: in &drm_gpuvm_bind_queue.limbo */
	struct list_head limbo;
	/** @fence: of the job, once submitted */
	struct dma_fence *fence;
	/** @cleanup: frees all that, outside the fence signalling section */
	struct work_struct cleanup;
	/** @priv: the driver's part */
	u64 priv[];
};

static inline struct drm_gpuvm *gpuvm_bind_vm(struct drm_gpuvm_bind_job *job)
{
	return job->queue->args.gpuvm;
}

/* gpuvm_bind_tree.c */
int gpuvm_bind_tree_apply_locked(struct drm_gpuvm_bind_job *job);
void gpuvm_bind_tree_undo_locked(struct drm_gpuvm_bind_job *job);
void gpuvm_bind_tree_clear_locked(struct drm_gpuvm_bind_job *job);
void gpuvm_bind_tree_commit_locked(struct drm_gpuvm_bind_job *job);
int gpuvm_bind_reserve_vas(struct drm_gpuvm_bind_job *job, unsigned int count);
int gpuvm_bind_reserve_nodes(struct drm_gpuvm_bind_job *job);
void gpuvm_bind_free_vas(struct drm_gpuvm_bind_job *job);

/* gpuvm_bind_pt.c */
int gpuvm_bind_pt_record(struct drm_gpuvm_bind_job *job);
int gpuvm_bind_pt_run_locked(struct drm_gpuvm_bind_job *job, bool *undone);
int gpuvm_bind_pt_clear_locked(struct drm_gpuvm_bind_job *job);

/* gpuvm_bind_change.c */
int gpuvm_bind_pt_map(struct drm_gpuvm_bind_job *job, struct drm_gpuva *va,
		      u64 addr, u64 range);
int gpuvm_bind_pt_unmap(struct drm_gpuvm_bind_job *job, u64 addr, u64 range);
void gpuvm_bind_pt_flush(struct drm_gpuvm_bind_job *job);
void gpuvm_bind_change_module_init(void);
void gpuvm_bind_change_module_exit(void);

/* gpuvm_bind_job.c */
struct drm_gpuvm_bind_job *
gpuvm_bind_job_alloc(struct drm_gpuvm_bind_queue *queue, u32 max_ops);
void gpuvm_bind_job_init(struct drm_gpuvm_bind_job *job);
void gpuvm_bind_job_fini(struct drm_gpuvm_bind_job *job);
void gpuvm_bind_vm_bo_put(struct drm_gpuvm_bo *vm_bo);
void gpuvm_bind_unlink(struct drm_gpuva *va);

/* gpuvm_bind_evict.c */
int gpuvm_bind_evict_init(struct drm_gpuvm_bind_queue *queue);
void gpuvm_bind_evict_fini(struct drm_gpuvm_bind_queue *queue);

/* gpuvm_bind_run.c */
extern const struct drm_sched_backend_ops gpuvm_bind_sched_ops;

/* gpuvm_bind_queue.c */
void gpuvm_bind_assert_tree_held(struct drm_gpuvm_bind_queue *queue);
void gpuvm_bind_kill_locked(struct drm_gpuvm_bind_queue *queue, int reason);

/* gpuvm_userptr.c */
bool gpuvm_userptr_shown(const struct drm_gpuva *va);
bool gpuvm_userptr_op_valid(struct drm_gpuvm_bind_queue *queue,
			    const struct drm_gpuvm_bind_op *op);

#endif
