/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the kernel crate of Linux 7.2 lacks, in C: features of a DRM driver,
 * memory of shmem objects, the scheduler, fences; and the device, which is a
 * program. The module of the twin driver has it, in Rust shim.rs and those beside
 * it make it safe.
 *
 * Read by bindgen as well.
 */
#ifndef __EVGEM_SHIM_H__
#define __EVGEM_SHIM_H__

#include <linux/types.h>

struct device;
struct dma_fence;
struct drm_device;
struct drm_file;
struct drm_gem_object;
struct drm_printer;
struct drm_sched_job;
struct evgem_hw;
struct page;
struct seq_file;
struct shim_job;
struct shim_queue;
struct workqueue_struct;

/** define SHIM_MAX_TIMEOUT_MS - the longest time that a job may ever run */
#define SHIM_MAX_TIMEOUT_MS 600000

/**
 * enum shim_param - a parameter of the module
 */
enum shim_param {
	/** @SHIM_MAX_VMS: VMs that one file may have */
	SHIM_MAX_VMS,
	/** @SHIM_TIMEOUT_MS: milliseconds that a job may run by default */
	SHIM_TIMEOUT_MS,
	/** @SHIM_MAX_BO_MB: MiB of BOs that one file may have */
	SHIM_MAX_BO_MB,
	/** @SHIM_MAX_MAPPINGS: mappings that one file may have */
	SHIM_MAX_MAPPINGS,
	/** @SHIM_MAX_QUEUED_OPS: operations that may be queued */
	SHIM_MAX_QUEUED_OPS,
	/** @SHIM_MAX_QUEUED_MB: MiB of commands that may be queued */
	SHIM_MAX_QUEUED_MB,
};

/* params.c */
u32 shim_param(enum shim_param param);
void shim_cond_resched(void);

/**
 * struct shim_drm_ops - what the driver tells of a device
 */
struct shim_drm_ops {
	/** @show_fdinfo: as &drm_driver.show_fdinfo */
	void (*show_fdinfo)(struct drm_printer *p, struct drm_file *file);
	/** @gpuvas: what is mapped in all VMs; as a show function of seq_file */
	int (*gpuvas)(struct seq_file *m, struct drm_device *drm);
	/** @gpuvas_json: the same, for programs */
	int (*gpuvas_json)(struct seq_file *m, struct drm_device *drm);
};

/* drm.c */
int shim_drm_prepare(struct drm_device *drm, const struct shim_drm_ops *ops);
void shim_print(struct drm_printer *p, const char *name, u32 id, u64 ns);
void shim_print_number(struct drm_printer *p, const char *name, u32 value);
void shim_show_memory(struct drm_printer *p, struct drm_file *file);
void shim_bo_init(struct drm_gem_object *obj);
int shim_bo_populate_locked(struct drm_gem_object *obj);
struct page **shim_bo_pages(struct drm_gem_object *obj);
u64 shim_max_bo_pages(void);

/* evgem_engine.c, evgem_cmd.c, evgem_tlb.c, as in evgem_hw.h */
struct evgem_hw *evgem_hw_create(void);
void evgem_hw_destroy(struct evgem_hw *hw);
void evgem_hw_context_set(struct evgem_hw *hw, unsigned int context, u64 root);
void evgem_hw_context_clear(struct evgem_hw *hw, unsigned int context);
void evgem_hw_tlb_flush(struct evgem_hw *hw, unsigned int context,
			u64 start, u64 end);
bool evgem_cmds_valid(const void *cmds, size_t size);

/**
 * struct shim_queue_ops - what the driver says of its queues
 */
struct shim_queue_ops {
	/**
	 * @refuse: whether jobs are not to begin; a queue that is @killed runs
	 * none
	 *
	 * Context: fence signalling section.
	 * Return: 0, or the error for the job's fence.
	 */
	int (*refuse)(void *priv, bool killed);
	/**
	 * @cancelled: why a job of a killed queue ends
	 *
	 * Context: fence signalling section.
	 * Return: the error for the job's fence.
	 */
	int (*cancelled)(void *priv);
	/**
	 * @fault: a job faulted
	 *
	 * Context: fence signalling section.
	 */
	void (*fault)(void *priv, u64 addr, u32 access, u32 reason);
	/**
	 * @free_job: a job is over, or was not published
	 *
	 * Context: process.
	 */
	void (*free_job)(void *job_priv);
	/**
	 * @release: the queue is gone
	 *
	 * Context: process, in a worker.
	 */
	void (*release)(void *priv);
};

/**
 * struct shim_queue_args - for shim_queue_create()
 */
struct shim_queue_args {
	/** @hw: the device, which outlives the queue */
	struct evgem_hw *hw;
	/** @dev: for messages of the scheduler */
	struct device *dev;
	/** @submit_wq: runs the jobs; outlives the queue */
	struct workqueue_struct *submit_wq;
	/** @timeout_wq: runs the timeouts; outlives the queue */
	struct workqueue_struct *timeout_wq;
	/** @release_wq: frees the queue; outlives it */
	struct workqueue_struct *release_wq;
	/** @ops: the driver's */
	const struct shim_queue_ops *ops;
	/** @priv: for @ops */
	void *priv;
	/** @context: the address space of the jobs */
	unsigned int context;
	/** @timeout_ms: how long a job may run */
	unsigned int timeout_ms;
};

/* queue.c */
struct shim_queue *shim_queue_create(const struct shim_queue_args *args);
void shim_queue_get(struct shim_queue *queue);
void shim_queue_put(struct shim_queue *queue);
void *shim_queue_priv(struct shim_queue *queue);
void shim_queue_kill(struct shim_queue *queue, int error);
bool shim_queue_is_killed(struct shim_queue *queue);
u64 shim_queue_busy_ns(struct shim_queue *queue);

struct shim_job *shim_job_create(struct shim_queue *queue, const void *cmds,
				 size_t size, u64 client_id, void *priv);
struct drm_sched_job *shim_job_base(struct shim_job *job);
void shim_job_abort(struct shim_job *job);
void shim_job_publish(struct shim_job *job,
		      void (*hand_out)(struct dma_fence *fence, void *priv),
		      void *priv);

#endif
