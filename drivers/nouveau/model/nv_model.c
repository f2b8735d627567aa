// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The device: channels, each of which runs what is in its ring, independently
 * of the others.
 *
 * The fences that user space waits for are signalled from here, so the whole of
 * it is in the fence signalling section: it allocates nothing, and its workqueue
 * goes on when memory is short. A channel that waits in an acquire has no worker.
 * It looks again when any channel releases a semaphore, and every now and then,
 * since CPUs write semaphores, too.
 */
#include <linux/align.h>
#include <linux/dma-fence.h>
#include <linux/highmem.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "nv_model.h"

/* How often an acquire looks by itself, in jiffies. */
#define POLL_JIFFIES 1

/**
 * nv_model_channel_runs() - whether a channel is to go on
 * @channel: the channel
 *
 * To be called between pieces of work that take long.
 *
 * Context: the channel's work.
 * Return: false if it was killed.
 */
bool nv_model_channel_runs(struct nv_model_channel *channel)
{
	cond_resched();

	return !test_bit(NV_CHANNEL_KILLED, &channel->flags);
}

/**
 * nv_model_interrupt() - ask the driver to look at semaphores
 * @channel: the channel
 *
 * Context: the channel's work.
 */
void nv_model_interrupt(struct nv_model_channel *channel)
{
	struct nv_model *model = channel->model;

	model->events->nonstall(model->data, channel->chid);
}

/**
 * nv_model_wake_waiters() - let all who wait in an acquire look again
 * @model: the device
 *
 * Context: any that may take a lock; fence signalling section.
 */
void nv_model_wake_waiters(struct nv_model *model)
{
	struct nv_model_channel *channel;

	spin_lock(&model->waiters_lock);
	list_for_each_entry(channel, &model->waiters, waiter)
		mod_delayed_work(model->wq, &channel->work, 0);
	spin_unlock(&model->waiters_lock);
}

static void channel_died(struct nv_model_channel *channel)
{
	struct nv_model *model = channel->model;

	/* Who was killed meanwhile tells nobody. */
	if (test_and_set_bit(NV_CHANNEL_KILLED, &channel->flags))
		return;

	atomic64_inc(&model->stats.faults[channel->fault.kind]);
	model->events->channel_error(model->data, &channel->fault);
}

static void channel_work(struct work_struct *work)
{
	struct nv_model_channel *channel =
		container_of(work, struct nv_model_channel, work.work);
	bool cookie = dma_fence_begin_signalling();
	int ret = -ECANCELED;

	if (nv_model_channel_runs(channel))
		ret = nv_model_host_run(channel);

	if (ret == -EAGAIN)
		queue_delayed_work(channel->model->wq, &channel->work,
				   POLL_JIFFIES);
	else if (ret == -EFAULT)
		channel_died(channel);
	dma_fence_end_signalling(cookie);
}

static bool is_page_of_memory(u64 addr)
{
	return PAGE_ALIGNED(addr) && pfn_valid(addr >> PAGE_SHIFT);
}

static bool desc_valid(const struct nv_hw_channel *desc)
{
	return is_page_of_memory(desc->pd) && is_page_of_memory(desc->userd) &&
	       IS_ALIGNED(desc->gpfifo, sizeof(u64)) &&
	       is_power_of_2(desc->gpfifo_entries) && desc->gpfifo_entries > 1;
}

static void channel_free(struct nv_model_channel *channel)
{
	put_page(channel->userd);
	kvfree(channel);
}

static int model_channel_start(struct nv_hw *hw, u32 chid,
			       const struct nv_hw_channel *desc)
{
	struct nv_model *model = to_nv_model(hw);
	struct nv_model_channel *channel;
	void *userd;
	int ret;

	if (chid >= NV_HW_CHANNELS || !desc_valid(desc))
		return -EINVAL;

	channel = kvzalloc_obj(*channel, GFP_KERNEL_ACCOUNT);
	if (!channel)
		return -ENOMEM;

	channel->model = model;
	channel->chid = chid;
	channel->desc = *desc;
	channel->fault.chid = chid;
	channel->userd = pfn_to_page(desc->userd >> PAGE_SHIFT);
	get_page(channel->userd);
	INIT_LIST_HEAD(&channel->waiter);
	INIT_DELAYED_WORK(&channel->work, channel_work);

	userd = kmap_local_page(channel->userd);
	WRITE_ONCE(*(u32 *)(userd + NV_HW_USERD_GP_GET), 0);
	kunmap_local(userd);

	ret = xa_insert(&model->channels, chid, channel, GFP_KERNEL);
	if (ret)
		channel_free(channel);

	return ret;
}

static void model_channel_stop(struct nv_hw *hw, u32 chid)
{
	struct nv_model *model = to_nv_model(hw);
	struct nv_model_channel *channel = xa_erase(&model->channels, chid);

	if (!channel)
		return;

	set_bit(NV_CHANNEL_KILLED, &channel->flags);
	/* For good: a release of somebody else may wake it still. */
	disable_delayed_work_sync(&channel->work);
	spin_lock(&model->waiters_lock);
	list_del(&channel->waiter);
	spin_unlock(&model->waiters_lock);
	channel_free(channel);
}

static void model_channel_kill(struct nv_hw *hw, u32 chid)
{
	struct nv_model *model = to_nv_model(hw);
	struct nv_model_channel *channel;

	xa_lock(&model->channels);
	channel = xa_load(&model->channels, chid);
	if (channel)
		set_bit(NV_CHANNEL_KILLED, &channel->flags);
	xa_unlock(&model->channels);
}

static bool model_channel_waits(struct nv_hw *hw, u32 chid)
{
	struct nv_model *model = to_nv_model(hw);
	struct nv_model_channel *channel;
	bool waits;

	xa_lock(&model->channels);
	channel = xa_load(&model->channels, chid);
	waits = channel && test_bit(NV_CHANNEL_WAITS, &channel->flags);
	xa_unlock(&model->channels);

	return waits;
}

static void model_doorbell(struct nv_hw *hw, u32 chid)
{
	struct nv_model *model = to_nv_model(hw);
	struct nv_model_channel *channel;

	xa_lock(&model->channels);
	channel = xa_load(&model->channels, chid);
	if (channel)
		mod_delayed_work(model->wq, &channel->work, 0);
	xa_unlock(&model->channels);
}

static u64 model_vram_size(struct nv_hw *hw)
{
	return to_nv_model(hw)->vram.size;
}

static int model_vram_populate(struct nv_hw *hw, u64 addr, u64 size)
{
	return nv_model_vram_populate(&to_nv_model(hw)->vram, addr, size);
}

static void model_vram_release(struct nv_hw *hw, u64 addr, u64 size)
{
	nv_model_vram_release(&to_nv_model(hw)->vram, addr, size);
}

static struct page *model_vram_page(struct nv_hw *hw, u64 addr)
{
	return nv_model_vram_page(&to_nv_model(hw)->vram, addr);
}

static void model_tlb_flush(struct nv_hw *hw, u64 pd)
{
	nv_model_tlb_flush(to_nv_model(hw), pd);
}

static u64 model_timer(struct nv_hw *hw)
{
	return ktime_get_real_ns();
}

static void model_show(struct nv_hw *hw, struct drm_printer *p)
{
	nv_model_stats_show(to_nv_model(hw), p);
}

static const struct nv_hw_ops model_ops = {
	.vram_size = model_vram_size,
	.vram_populate = model_vram_populate,
	.vram_release = model_vram_release,
	.vram_page = model_vram_page,
	.tlb_flush = model_tlb_flush,
	.channel_start = model_channel_start,
	.channel_stop = model_channel_stop,
	.channel_kill = model_channel_kill,
	.channel_waits = model_channel_waits,
	.doorbell = model_doorbell,
	.timer = model_timer,
	.show = model_show,
};

/**
 * nv_model_create() - plug the device in
 * @vram_size: how much VRAM it is to have; rounded down to 2 MiB
 * @events: its interrupts
 * @data: for @events
 *
 * Context: process; sleeps.
 * Return: the device, or NULL for want of memory or of VRAM.
 */
struct nv_hw *nv_model_create(u64 vram_size, const struct nv_hw_events *events,
			      void *data)
{
	struct nv_model *model = kvzalloc_obj(*model);

	if (!model)
		return NULL;

	model->base.ops = &model_ops;
	model->events = events;
	model->data = data;
	xa_init(&model->channels);
	spin_lock_init(&model->waiters_lock);
	INIT_LIST_HEAD(&model->waiters);
	nv_model_tlb_init(&model->tlb);
	nv_model_stats_init(&model->stats);

	vram_size = ALIGN_DOWN(vram_size, SZ_2M);
	if (!vram_size || nv_model_vram_init(&model->vram, vram_size))
		goto free_model;

	model->wq = alloc_workqueue("nv-model", WQ_UNBOUND | WQ_MEM_RECLAIM,
				    WQ_MAX_ACTIVE);
	if (!model->wq)
		goto free_vram;

	return &model->base;

free_vram:
	nv_model_vram_fini(&model->vram);
free_model:
	kvfree(model);
	return NULL;
}

/**
 * nv_model_destroy() - pull the device out
 * @hw: the device, all channels of which are stopped and all VRAM released
 *
 * Context: process; sleeps.
 */
void nv_model_destroy(struct nv_hw *hw)
{
	struct nv_model *model = to_nv_model(hw);

	WARN_ON(!xa_empty(&model->channels));
	xa_destroy(&model->channels);
	destroy_workqueue(model->wq);
	nv_model_vram_fini(&model->vram);
	kvfree(model);
}
