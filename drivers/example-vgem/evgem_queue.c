// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Queues: a ring of the engine, with a scheduler in front of it that holds jobs
 * back until what they wait for is there.
 *
 * Shows one scheduler for each queue, as drivers have it whose firmware
 * schedules between rings: no queue waits for another, and a timeout concerns
 * one alone.
 *
 * A queue is closed by killing its ring. Jobs that wait for a fence stay queued
 * until it comes (else their memory might be reused under whatever the fence is
 * of) and are then refused, one after the other. The last one takes the queue
 * along, in a worker, since its scheduler cannot be freed from within.
 *
 * For your own hardware: evgem_ring_init() becomes the setting up of a ring.
 */
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/evgem_drm.h>
#include <drm/gpu_scheduler.h>
#include <drm_gpuvm_compat.h>

#include "evgem_device.h"
#include "evgem_queue.h"
#include "evgem_vm.h"

/* Jobs that the scheduler gives to the ring before the first is done. */
#define RING_DEPTH 4

static void queue_fault(struct evgem_ring *ring,
			const struct evgem_hw_fault *fault)
{
	struct evgem_queue *queue = container_of(ring, struct evgem_queue, ring);

	evgem_vm_record_fault(queue->vm, queue->id, fault);
	drm_dbg(&queue->vm->evgem->drm,
		"queue %u: fault %u at %#llx, access %u\n",
		queue->id, fault->reason, fault->addr, fault->access);
}

static void queue_release(struct work_struct *work)
{
	struct evgem_queue *queue = container_of(work, struct evgem_queue,
						 release);
	struct evgem_vm *vm = queue->vm;

	scoped_guard(mutex, &vm->queues_lock)
		list_del(&queue->link);

	drm_sched_entity_fini(&queue->entity);
	drm_sched_fini(&queue->sched);
	evgem_ring_fini(&queue->ring);
	kfree(queue);
	evgem_vm_put(vm);
}

static void queue_ref_release(struct kref *ref)
{
	struct evgem_queue *queue = container_of(ref, struct evgem_queue, ref);

	queue_work(evgem_release_wq, &queue->release);
}

/**
 * evgem_queue_get() - take one more reference
 * @queue: the queue
 */
void evgem_queue_get(struct evgem_queue *queue)
{
	kref_get(&queue->ref);
}

/**
 * evgem_queue_put() - drop a reference
 * @queue: the queue
 *
 * Context: any.
 */
void evgem_queue_put(struct evgem_queue *queue)
{
	kref_put(&queue->ref, queue_ref_release);
}

/**
 * evgem_queue_close() - end the use of a queue
 * @queue: the queue
 *
 * Its jobs end with -ECANCELED: one that runs by the time of return, one that
 * waits when its wait is over. More than one call does no harm.
 *
 * Context: process; sleeps.
 */
void evgem_queue_close(struct evgem_queue *queue)
{
	evgem_ring_kill(&queue->ring, -ECANCELED);
}

static int init_sched(struct evgem_queue *queue, unsigned int timeout_ms)
{
	struct evgem_device *evgem = queue->vm->evgem;
	const struct drm_sched_init_args args = {
		.ops = &evgem_exec_sched_ops,
		.submit_wq = evgem->sched_wq,
		.timeout_wq = evgem->timeout_wq,
		.num_rqs = 1,
		.credit_limit = RING_DEPTH,
		.timeout = msecs_to_jiffies(timeout_ms),
		.name = "evgem-queue",
		.dev = evgem->drm.dev,
	};
	struct drm_gpu_scheduler *sched = &queue->sched;
	int ret;

	ret = drm_sched_init(sched, &args);
	if (ret)
		return ret;

	ret = drm_sched_entity_init(&queue->entity, 0, &sched, 1, NULL);
	if (ret)
		drm_sched_fini(sched);

	return ret;
}

/* Into the VM's list, unless the VM was closed and went through that list. */
static int join_vm(struct evgem_queue *queue)
{
	struct evgem_vm *vm = queue->vm;
	int ret;

	guard(mutex)(&vm->queues_lock);

	ret = evgem_vm_error(vm);
	if (!ret)
		list_add_tail(&queue->link, &vm->queues);

	return ret;
}

static struct evgem_queue *queue_create(struct evgem_vm *vm,
					unsigned int timeout_ms)
{
	struct evgem_queue *queue;
	int ret;

	queue = kzalloc_obj(*queue, GFP_KERNEL_ACCOUNT);
	if (!queue)
		return ERR_PTR(-ENOMEM);

	kref_init(&queue->ref);
	mutex_init(&queue->submit_lock);
	INIT_WORK(&queue->release, queue_release);
	queue->fence_context = dma_fence_context_alloc(1);
	evgem_vm_get(vm);
	queue->vm = vm;

	ret = evgem_ring_init(&queue->ring, vm->evgem->hw, vm->context,
			      queue_fault);
	if (ret)
		goto err_ring;

	ret = init_sched(queue, timeout_ms);
	if (ret)
		goto err_ring;

	ret = join_vm(queue);
	if (ret)
		goto err_sched;

	return queue;

err_sched:
	drm_sched_entity_fini(&queue->entity);
	drm_sched_fini(&queue->sched);
err_ring:
	evgem_ring_fini(&queue->ring);
	kfree(queue);
	evgem_vm_put(vm);
	return ERR_PTR(ret);
}

/**
 * evgem_queue_create_ioctl() - DRM_IOCTL_EVGEM_QUEUE_CREATE
 * @drm: the device
 * @data: struct drm_evgem_queue_create
 * @file: the caller's
 *
 * Return: 0; -EINVAL; -ENOENT; -EIO; -ENOSPC; -ENOMEM.
 */
int evgem_queue_create_ioctl(struct drm_device *drm, void *data,
			     struct drm_file *file)
{
	struct drm_evgem_queue_create *args = data;
	struct evgem_queue *queue;
	struct evgem_vm *vm;
	int ret;

	if (args->flags || args->timeout_ms > EVGEM_MAX_TIMEOUT_MS)
		return -EINVAL;

	vm = evgem_file_get_vm(file, args->vm_id);
	if (!vm)
		return -ENOENT;

	queue = queue_create(vm, args->timeout_ms ?: evgem_timeout_ms);
	evgem_vm_put(vm);
	if (IS_ERR(queue))
		return PTR_ERR(queue);

	/* The table sets the id before another thread can find the queue. */
	ret = evgem_file_add_queue(file, queue, &queue->id);
	if (ret)
		evgem_queue_put(queue);
	else
		args->queue_id = queue->id;

	return ret;
}
