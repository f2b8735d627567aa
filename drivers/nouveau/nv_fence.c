// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Fences of jobs in a ring: from the entry to the interrupt, or to the death of
 * the channel.
 *
 * A fence signals when the channel's semaphore has reached its number; a channel
 * that dies takes all its fences along, each with an error, so that everything
 * signals in the end. Nothing comes back from the dead: a program makes another
 * channel.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/timekeeping.h>

#include "nv_channel.h"
#include "nv_device.h"

/* How often a channel that is closed is looked at. */
#define LOOK_JIFFIES 1

static const char *fence_driver_name(struct dma_fence *fence)
{
	return "nouveau";
}

static const char *fence_timeline_name(struct dma_fence *fence)
{
	return "channel";
}

/* A sync_file may keep the fence when the device is long closed. */
static void fence_release(struct dma_fence *fence)
{
	dma_fence_free(fence);
	module_put(THIS_MODULE);
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_driver_name,
	.get_timeline_name = fence_timeline_name,
	.release = fence_release,
};

/**
 * nv_channel_is_dead() - whether a channel takes no jobs any more
 * @chan: the channel
 *
 * Context: any; the answer may be old.
 * Return: whether it died.
 */
bool nv_channel_is_dead(struct nv_channel *chan)
{
	return READ_ONCE(chan->error);
}

/*
 * Why a channel takes no job, as the job's fence tells it. Who stands behind a job
 * that failed ends in the same way in the scheduler's queue and in the ring.
 */
static int refused_locked(struct nv_channel *chan)
{
	lockdep_assert_held(&chan->lock);

	if (chan->error == -ENODEV)
		return -ENODEV;

	return chan->closed || chan->error ? -ECANCELED : 0;
}

static void add_locked(struct nv_channel *chan, struct nv_fence *fence)
{
	lockdep_assert_held(&chan->lock);

	fence->seqno = ++chan->seqno;
	dma_fence_init(&fence->base, &fence_ops, &fence->lock,
		       chan->fence_context, fence->seqno);
	__module_get(THIS_MODULE);
	dma_fence_get(&fence->base);
	if (list_empty(&chan->pending))
		chan->begun_ns = ktime_get_ns();
	list_add_tail(&fence->link, &chan->pending);
}

/**
 * nv_channel_add_fence() - expect the end of a job
 * @chan: the channel
 * @fence: allocated with the job, which has the first reference to it
 *
 * Context: fence signalling section; run_job alone.
 * Return: 0; -ECANCELED if the channel was closed, or a job on it failed; -ENODEV
 * if the device is gone.
 */
int nv_channel_add_fence(struct nv_channel *chan, struct nv_fence *fence)
{
	int ret;

	spin_lock(&chan->lock);
	ret = refused_locked(chan);
	if (!ret)
		add_locked(chan, fence);
	spin_unlock(&chan->lock);

	return ret;
}

static void account_locked(struct nv_channel *chan)
{
	lockdep_assert_held(&chan->lock);

	if (!list_empty(&chan->pending) || !chan->begun_ns)
		return;

	chan->busy_ns += ktime_get_ns() - chan->begun_ns;
	chan->begun_ns = 0;
	wake_up_all(&chan->idle);
}

/* Numbers wrap; no more than a ring full of them are compared. */
static bool reached(u32 semaphore, u32 seqno)
{
	return (s32)(semaphore - seqno) >= 0;
}

static void take_done_locked(struct nv_channel *chan, struct list_head *done)
{
	u32 semaphore = nv_ring_semaphore(&chan->ring);
	struct nv_fence *fence, *next;

	lockdep_assert_held(&chan->lock);

	list_for_each_entry_safe(fence, next, &chan->pending, link) {
		if (!reached(semaphore, fence->seqno))
			break;
		list_move_tail(&fence->link, done);
	}
}

/* The first has @error, the others behind it what follows from that. */
static void signal_all(struct list_head *fences, int error, int error_of_others)
{
	struct nv_fence *fence, *next;

	list_for_each_entry_safe(fence, next, fences, link) {
		list_del(&fence->link);
		if (error)
			dma_fence_set_error(&fence->base, error);
		dma_fence_signal(&fence->base);
		dma_fence_put(&fence->base);
		error = error_of_others;
	}
}

/**
 * nv_channel_look() - see which jobs are done
 * @chan: the channel
 *
 * Context: fence signalling section; not in an interrupt.
 */
void nv_channel_look(struct nv_channel *chan)
{
	LIST_HEAD(done);

	spin_lock(&chan->lock);
	take_done_locked(chan, &done);
	account_locked(chan);
	spin_unlock(&chan->lock);

	signal_all(&done, 0, 0);
}

static bool dies(struct nv_channel *chan, int error)
{
	bool alive;

	spin_lock(&chan->lock);
	alive = !chan->error;
	if (alive)
		WRITE_ONCE(chan->error, error);
	spin_unlock(&chan->lock);

	return alive;
}

/**
 * nv_channel_end() - let a channel die; once dead this does nothing
 * @chan: the channel
 * @error: for the fence of the job that it is at
 * @error_of_others: for those behind it
 *
 * Context: fence signalling section; not in an interrupt.
 */
void nv_channel_end(struct nv_channel *chan, int error, int error_of_others)
{
	struct nv_hw *hw = chan->nv->hw;
	LIST_HEAD(done);
	LIST_HEAD(lost);

	if (!dies(chan, error))
		return;

	/* From here on nothing is added, and soon nothing runs. */
	hw->ops->channel_kill(hw, chan->id);

	spin_lock(&chan->lock);
	take_done_locked(chan, &done);
	list_splice_init(&chan->pending, &lost);
	account_locked(chan);
	spin_unlock(&chan->lock);

	signal_all(&done, 0, 0);
	signal_all(&lost, error, error_of_others);
}

/**
 * nv_channel_kill() - end a channel and all its jobs
 * @chan: the channel; once dead this does nothing
 * @error: for the fences of its jobs
 *
 * Jobs that wait for a fence stay queued until it comes, and are refused then.
 *
 * Context: process; may be the fence signalling section.
 */
void nv_channel_kill(struct nv_channel *chan, int error)
{
	nv_channel_end(chan, error, error);
}

/* What stands in an acquire may do so for ever. */
static bool goes_on(struct nv_channel *chan)
{
	struct nv_hw *hw = chan->nv->hw;

	return !list_empty_careful(&chan->pending) &&
	       !hw->ops->channel_waits(hw, chan->id);
}

/**
 * nv_channel_close() - end the use of a channel
 * @chan: the channel, which its file no longer has
 *
 * What runs gets its time to end. What waits does not: with -ECANCELED a job in
 * an acquire ends at once, and one that waits for a fence in its turn.
 *
 * Context: process; sleeps; a signal makes it short.
 */
void nv_channel_close(struct nv_channel *chan)
{
	unsigned long end = jiffies + msecs_to_jiffies(nv_timeout_ms);
	long left = 0;

	spin_lock(&chan->lock);
	chan->closed = true;
	spin_unlock(&chan->lock);

	/* The device does not tell when an acquire begins. */
	while (left >= 0 && goes_on(chan) && time_before(jiffies, end))
		left = wait_event_interruptible_timeout(chan->idle,
							list_empty_careful(&chan->pending),
							LOOK_JIFFIES);
	nv_channel_kill(chan, -ECANCELED);
}

/**
 * nv_channel_busy_ns() - how long a channel had something to do
 * @chan: the channel
 *
 * Context: any but interrupts.
 * Return: nanoseconds.
 */
u64 nv_channel_busy_ns(struct nv_channel *chan)
{
	u64 busy;

	spin_lock(&chan->lock);
	busy = chan->busy_ns;
	if (chan->begun_ns)
		busy += ktime_get_ns() - chan->begun_ns;
	spin_unlock(&chan->lock);

	return busy;
}
