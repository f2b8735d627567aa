// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The life of a bind job: made by the ioctl, run by the scheduler, freed by a
 * worker.
 *
 * Shows immediate mode: the VM changes when the job runs, in the order of the
 * queue, and everything that run_job does is in the fence signalling section.
 * What remains of a job is freed in a worker of its own, because that takes
 * dma_resv locks, and whoever holds one may be waiting for a fence that the
 * scheduler's workers have to signal.
 *
 * For your own hardware: if it changes page tables itself, run_job submits that
 * and returns the hardware's fence instead of NULL; the core's tree is still
 * changed here.
 */
#include <linux/dma-fence.h>
#include <linux/fault-inject.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/evgem_drm.h>
#include <drm/gpu_scheduler.h>
#include <drm_gpuvm_compat.h>

#include "evgem_bind.h"
#include "evgem_device.h"
#include "evgem_vm.h"

#ifdef CONFIG_FAULT_INJECTION
static DECLARE_FAULT_ATTR(fail_bind);

static bool op_should_fail(void)
{
	return should_fail(&fail_bind, 1);
}
#else
static bool op_should_fail(void)
{
	return false;
}
#endif

/**
 * evgem_bind_debugfs_init() - offer to make binds fail
 * @dir: directory in debugfs
 *
 * What fails here cannot fail otherwise, but its consequences want a test.
 */
void evgem_bind_debugfs_init(struct dentry *dir)
{
#if defined(CONFIG_FAULT_INJECTION) && defined(CONFIG_FAULT_INJECTION_DEBUG_FS)
	fault_create_debugfs_attr("fail_bind", dir, &fail_bind);
#endif
}

static struct evgem_bind_job *to_bind_job(struct drm_sched_job *job)
{
	return container_of(job, struct evgem_bind_job, base);
}

static void job_ref_release(struct kref *ref)
{
	kfree(container_of(ref, struct evgem_bind_job, ref));
}

/**
 * evgem_bind_job_get() - take one more reference
 * @job: the job
 */
void evgem_bind_job_get(struct evgem_bind_job *job)
{
	kref_get(&job->ref);
}

/**
 * evgem_bind_job_put() - drop a reference
 * @job: the job
 *
 * Context: any.
 */
void evgem_bind_job_put(struct evgem_bind_job *job)
{
	kref_put(&job->ref, job_ref_release);
}

static void job_free_contents(struct evgem_bind_job *job)
{
	for (u32 i = 0; i < job->num_ops; i++)
		drm_gpuvm_bo_put_deferred(job->ops[i].vm_bo);
	kvfree(job->ops);

	evgem_map_ctx_fini(&job->ctx);
	evgem_vm_put(job->vm);
	evgem_bind_job_put(job);
}

static void job_cleanup(struct work_struct *work)
{
	job_free_contents(container_of(work, struct evgem_bind_job, cleanup));
}

/**
 * evgem_bind_job_alloc() - make a job without operations
 * @vm: the VM
 * @num_ops: room for so many
 * @client_id: of the file, for the scheduler's tracing
 *
 * Context: process; sleeps.
 * Return: the job, an ERR_PTR(): -ENOMEM.
 */
struct evgem_bind_job *evgem_bind_job_alloc(struct evgem_vm *vm, u32 num_ops,
					    u64 client_id)
{
	struct evgem_bind_job *job;
	int ret = -ENOMEM;

	job = kzalloc_obj(*job, GFP_KERNEL_ACCOUNT);
	if (!job)
		return ERR_PTR(-ENOMEM);

	/* With no operation at all kvcalloc() gives what kvfree() accepts. */
	job->ops = kvcalloc(num_ops, sizeof(*job->ops), GFP_KERNEL_ACCOUNT);
	if (!job->ops)
		goto err_free;

	ret = drm_sched_job_init(&job->base, &vm->entity, 1, vm, client_id);
	if (ret)
		goto err_ops;

	kref_init(&job->ref);
	atomic_set(&job->state, EVGEM_BIND_QUEUED);
	INIT_WORK(&job->cleanup, job_cleanup);
	evgem_map_ctx_init(&job->ctx, vm);
	evgem_vm_get(vm);
	job->vm = vm;
	return job;

err_ops:
	kvfree(job->ops);
err_free:
	kfree(job);
	return ERR_PTR(ret);
}

/**
 * evgem_bind_job_abort() - free a job that was not armed
 * @job: the job
 *
 * Context: process; sleeps; no dma_resv is held.
 */
void evgem_bind_job_abort(struct evgem_bind_job *job)
{
	drm_sched_job_cleanup(&job->base);
	job_free_contents(job);
}

/**
 * evgem_bind_job_withdraw() - keep a job from changing the VM
 * @job: queued; the caller has a reference
 *
 * Context: any.
 * Return: false if it is too late; then the job ends soon.
 */
bool evgem_bind_job_withdraw(struct evgem_bind_job *job)
{
	return atomic_cmpxchg(&job->state, EVGEM_BIND_QUEUED,
			      EVGEM_BIND_WITHDRAWN) == EVGEM_BIND_QUEUED;
}

static int op_run_locked(struct evgem_bind_job *job,
			 const struct evgem_bind_op *op)
{
	if (op_should_fail())
		return -EIO;

	if (!op->vm_bo)
		return evgem_unmap_locked(&job->ctx, op->addr, op->range);

	return evgem_map_locked(&job->ctx, op->addr, op->range, op->vm_bo,
				op->offset, op->flags);
}

/* Why a job should not begin, as its fence tells it. */
static int job_refused(struct evgem_bind_job *job)
{
	struct evgem_vm *vm = job->vm;

	if (drm_dev_is_unplugged(&vm->evgem->drm))
		return -ENODEV;

	switch (evgem_vm_error(vm)) {
	case 0:
		break;
	case -EIO:
		return -EIO;
	default:
		return -ECANCELED;
	}

	if (atomic_cmpxchg(&job->state, EVGEM_BIND_QUEUED,
			   EVGEM_BIND_BEGUN) != EVGEM_BIND_QUEUED)
		return -ECANCELED;

	return 0;
}

static int job_run_locked(struct evgem_bind_job *job)
{
	int ret = job_refused(job);

	if (ret)
		return ret;

	for (u32 i = 0; i < job->num_ops && !ret; i++)
		ret = op_run_locked(job, &job->ops[i]);

	/* Also after a failure: tables may have been taken out. */
	evgem_map_flush_locked(&job->ctx);

	if (ret)
		evgem_vm_kill_locked(job->vm, DRM_EVGEM_VM_REASON_BIND);

	return ret;
}

static struct dma_fence *bind_run_job(struct drm_sched_job *sched_job)
{
	struct evgem_bind_job *job = to_bind_job(sched_job);
	bool cookie = dma_fence_begin_signalling();
	int ret;

	scoped_guard(mutex, &job->vm->lock)
		ret = job_run_locked(job);

	dma_fence_end_signalling(cookie);
	return ERR_PTR(ret);
}

static void bind_free_job(struct drm_sched_job *sched_job)
{
	struct evgem_bind_job *job = to_bind_job(sched_job);

	drm_sched_job_cleanup(sched_job);
	queue_work(evgem_release_wq, &job->cleanup);
}

static enum drm_gpu_sched_stat bind_timedout_job(struct drm_sched_job *job)
{
	/* Its timeout is without end, as it has nothing to wait for. */
	WARN_ONCE(1, "timeout of a bind");
	return DRM_GPU_SCHED_STAT_RESET;
}

static const struct drm_sched_backend_ops bind_sched_ops = {
	.run_job = bind_run_job,
	.timedout_job = bind_timedout_job,
	.free_job = bind_free_job,
};

/**
 * evgem_bind_queue_init() - make the bind queue of a VM
 * @vm: the VM
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM.
 */
int evgem_bind_queue_init(struct evgem_vm *vm)
{
	const struct drm_sched_init_args args = {
		.ops = &bind_sched_ops,
		.submit_wq = vm->evgem->sched_wq,
		.num_rqs = 1,
		.credit_limit = 1,
		.timeout = MAX_SCHEDULE_TIMEOUT,
		.name = "evgem-bind",
		.dev = vm->evgem->drm.dev,
	};
	struct drm_gpu_scheduler *sched = &vm->sched;
	int ret;

	ret = drm_sched_init(sched, &args);
	if (ret)
		return ret;

	ret = drm_sched_entity_init(&vm->entity, 0, &sched, 1, NULL);
	if (ret)
		drm_sched_fini(sched);

	return ret;
}
