// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The device: rings that run jobs one after the other, independently of other
 * rings.
 *
 * The fences that user space waits for are signalled from here, so the whole
 * of it is in the fence signalling section: it allocates nothing, and its
 * workqueue goes on when memory is short.
 *
 * For your own hardware: delete this file.
 */
#include <linux/dma-fence.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "evgem_engine.h"

/**
 * evgem_hw_create() - plug the device in
 *
 * Context: process; sleeps.
 * Return: the device, or NULL for want of memory.
 */
struct evgem_hw *evgem_hw_create(void)
{
	struct evgem_hw *hw = kvzalloc(sizeof(*hw), GFP_KERNEL);

	if (!hw)
		return NULL;

	evgem_tlb_init(&hw->tlb);

	/* A ring in a WAIT keeps its worker, hence as many as there can be. */
	hw->wq = alloc_workqueue("evgem-engine", WQ_UNBOUND | WQ_MEM_RECLAIM,
				 WQ_MAX_ACTIVE);
	if (!hw->wq) {
		kvfree(hw);
		return NULL;
	}

	return hw;
}

/**
 * evgem_hw_destroy() - pull the device out
 * @hw: the device, all rings of which are gone
 *
 * Context: process; sleeps.
 */
void evgem_hw_destroy(struct evgem_hw *hw)
{
	destroy_workqueue(hw->wq);
	kvfree(hw);
}

static struct evgem_hw_job *ring_next(struct evgem_ring *ring, int *killed)
{
	struct evgem_hw_job *job;
	u64 now = ktime_get_ns();

	spin_lock(&ring->lock);
	if (ring->begun_ns)
		ring->busy_ns += now - ring->begun_ns;
	*killed = ring->killed;
	job = list_first_entry_or_null(&ring->jobs, struct evgem_hw_job, entry);
	if (job)
		list_del(&job->entry);
	ring->begun_ns = job ? now : 0;
	spin_unlock(&ring->lock);

	return job;
}

static int ring_run(struct evgem_ring *ring, struct evgem_hw_job *job)
{
	struct evgem_hw_fault fault = {};
	int ret = evgem_cmds_run(ring, job, &fault);

	if (ret == -EFAULT)
		ring->fault(ring, &fault);
	else if (ret)
		ret = READ_ONCE(ring->killed);

	return ret;
}

static void ring_work(struct work_struct *work)
{
	struct evgem_ring *ring = container_of(work, struct evgem_ring, work);
	bool cookie = dma_fence_begin_signalling();
	struct evgem_hw_job *job;
	int killed;

	while ((job = ring_next(ring, &killed)))
		job->done(job, killed ? -ECANCELED : ring_run(ring, job));

	dma_fence_end_signalling(cookie);
}

/**
 * evgem_ring_init() - make a ring
 * @ring: zeroed
 * @hw: the device
 * @context: the address space that its jobs use
 * @fault: called when a job faults
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM, and then evgem_ring_fini() does no harm.
 */
int evgem_ring_init(struct evgem_ring *ring, struct evgem_hw *hw,
		    unsigned int context,
		    void (*fault)(struct evgem_ring *ring,
				  const struct evgem_hw_fault *fault))
{
	ring->hw = hw;
	ring->context = context;
	ring->fault = fault;
	spin_lock_init(&ring->lock);
	INIT_LIST_HEAD(&ring->jobs);
	INIT_WORK(&ring->work, ring_work);
	ring->bounce = kmalloc(PAGE_SIZE, GFP_KERNEL_ACCOUNT);

	return ring->bounce ? 0 : -ENOMEM;
}

/**
 * evgem_ring_fini() - unmake a ring
 * @ring: all jobs of which are done
 *
 * Context: process; sleeps.
 */
void evgem_ring_fini(struct evgem_ring *ring)
{
	flush_work(&ring->work);
	kfree(ring->bounce);
}

/**
 * evgem_ring_submit() - put a job into a ring
 * @ring: the ring
 * @job: the job
 *
 * Context: any that may take a lock; may be in the fence signalling section.
 */
void evgem_ring_submit(struct evgem_ring *ring, struct evgem_hw_job *job)
{
	spin_lock(&ring->lock);
	list_add_tail(&job->entry, &ring->jobs);
	spin_unlock(&ring->lock);

	queue_work(ring->hw->wq, &ring->work);
}

/**
 * evgem_ring_is_killed() - whether a ring runs no more jobs
 * @ring: the ring
 *
 * Context: any.
 * Return: true after evgem_ring_kill().
 */
bool evgem_ring_is_killed(struct evgem_ring *ring)
{
	return READ_ONCE(ring->killed);
}

/**
 * evgem_ring_busy_ns() - how long a ring was busy
 * @ring: the ring
 *
 * Context: any that may take a lock.
 * Return: nanoseconds, with those of the job that is running.
 */
u64 evgem_ring_busy_ns(struct evgem_ring *ring)
{
	u64 ns;

	spin_lock(&ring->lock);
	ns = ring->busy_ns;
	if (ring->begun_ns)
		ns += ktime_get_ns() - ring->begun_ns;
	spin_unlock(&ring->lock);

	return ns;
}

/**
 * evgem_ring_kill() - end all jobs of a ring, now and in future
 * @ring: the ring
 * @error: of the job that is running; the others end with -ECANCELED. A second
 *	kill changes nothing.
 *
 * When it returns the ring is idle: it accesses memory no more, and each job
 * that was submitted before is done.
 *
 * Context: process; sleeps; may be in the fence signalling section.
 */
void evgem_ring_kill(struct evgem_ring *ring, int error)
{
	spin_lock(&ring->lock);
	if (!ring->killed)
		WRITE_ONCE(ring->killed, error);
	spin_unlock(&ring->lock);

	flush_work(&ring->work);
}
