// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Channels: a ring of the device, with a scheduler in front of it that holds jobs
 * back until what they wait for is there. How a channel's jobs end is in
 * nv_fence.c.
 *
 * The ring is in memory of the kernel, which the device reaches through the VM of
 * the channel, in the part that VM_INIT left to the kernel.
 *
 * The last job takes the channel along, in a worker, since its scheduler cannot be
 * freed from within.
 */
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/gpu_scheduler.h>
#include <drm_gpuvm_compat.h>

#include "nv_channel.h"
#include "model/nv_class.h"
#include "nv_device.h"
#include "nv_nvif.h"
#include "nv_uapi.h"
#include "nv_vm.h"

/*
 * Entries that jobs may have in the ring together. One is always free; one more
 * may belong to a job that is done but is not fetched to its end.
 */
#define RING_CREDITS (NV_RING_ENTRIES - 2)

static const u32 graphics_classes[] = {
	NV_CLASS_COPY,
	NV_CLASS_2D,
	NV_CLASS_3D,
	NV_CLASS_INLINE,
	NV_CLASS_COMPUTE,
};

static const u32 copy_classes[] = {
	NV_CLASS_COPY,
};

static void event_nonstall(void *data, u32 chid)
{
	struct nv_device *nv = data;
	struct nv_channel *chan = xa_load(&nv->channels, chid);

	/* Its end waits for the events to be over. */
	if (chan)
		nv_channel_look(chan);
}

static int error_of(enum nv_fault_kind kind)
{
	switch (kind) {
	case NV_FAULT_CLASS:
	case NV_FAULT_METHOD:
	case NV_FAULT_PUSHBUFFER:
		return -EINVAL;
	case NV_FAULT_TIMEOUT:
		return -ETIMEDOUT;
	default:
		return -EFAULT;
	}
}

static void event_error(void *data, const struct nv_hw_fault *fault)
{
	struct nv_device *nv = data;
	struct nv_channel *chan = xa_load(&nv->channels, fault->chid);

	if (!chan)
		return;

	/* Once for each channel, as it dies of it. */
	drm_err(&nv->drm,
		"channel %u: %s, %s of %#llx; class %04x method %04x data %08x\n",
		chan->id, nv_fault_name(fault->kind),
		fault->write ? "write" : "read", fault->addr, fault->class,
		fault->method, fault->data);
	nv_channel_end(chan, error_of(fault->kind), -ECANCELED);
}

const struct nv_hw_events nv_channel_events = {
	.nonstall = event_nonstall,
	.channel_error = event_error,
};

/* The device knows nothing of it any more. */
static void fini_slot(struct nv_channel *chan)
{
	nv_ring_fini(&chan->ring, chan->vm);
	ida_free(&chan->vm->slots, chan->slot);
}

static void channel_release(struct work_struct *work)
{
	struct nv_channel *chan = container_of(work, struct nv_channel, release);
	struct nv_vm *vm = chan->vm;
	struct nv_hw *hw = chan->nv->hw;

	scoped_guard(mutex, &vm->channels_lock)
		list_del(&chan->link);

	drm_sched_entity_fini(&chan->entity);
	drm_sched_fini(&chan->sched);
	hw->ops->channel_stop(hw, chan->id);
	xa_erase(&chan->nv->channels, chan->id);
	fini_slot(chan);
	kfree(chan);
	nv_vm_put(vm);
}

static void channel_ref_release(struct kref *ref)
{
	struct nv_channel *chan = container_of(ref, struct nv_channel, ref);

	queue_work(nv_release_wq, &chan->release);
}

/**
 * nv_channel_get() - take one more reference
 * @chan: the channel
 */
void nv_channel_get(struct nv_channel *chan)
{
	kref_get(&chan->ref);
}

/**
 * nv_channel_put() - drop a reference
 * @chan: the channel
 *
 * Context: any.
 */
void nv_channel_put(struct nv_channel *chan)
{
	kref_put(&chan->ref, channel_ref_release);
}

static int init_sched(struct nv_channel *chan)
{
	const struct drm_sched_init_args args = {
		.ops = &nv_exec_sched_ops,
		.submit_wq = chan->nv->sched_wq,
		.timeout_wq = chan->nv->timeout_wq,
		.num_rqs = 1,
		.credit_limit = RING_CREDITS,
		.timeout = msecs_to_jiffies(nv_timeout_ms),
		.name = "nouveau-channel",
		.dev = chan->nv->drm.dev,
	};
	struct drm_gpu_scheduler *sched = &chan->sched;
	int ret;

	ret = drm_sched_init(sched, &args);
	if (ret)
		return ret;

	ret = drm_sched_entity_init(&chan->entity, 0, &sched, 1, NULL);
	if (ret)
		drm_sched_fini(sched);

	return ret;
}

/* A ring in the kernel's part of the VM, as far as its entries can name it. */
static int init_slot(struct nv_channel *chan)
{
	struct nv_vm *vm = chan->vm;
	const struct drm_gpuva *kernel = &vm->base.kernel_alloc_node;
	u64 end = min(kernel->va.addr + kernel->va.range, NV_PUSH_VA_END);
	u64 slots = end > kernel->va.addr ?
		    (end - kernel->va.addr) / NV_RING_SPAN : 0;
	int slot, ret;

	if (!slots)
		return -ENOSPC;

	slot = ida_alloc_max(&vm->slots, min_t(u64, slots, NV_HW_CHANNELS) - 1,
			     GFP_KERNEL);
	if (slot < 0)
		return slot;

	chan->slot = slot;
	ret = nv_ring_init(&chan->ring, vm,
			   kernel->va.addr + (u64)slot * NV_RING_SPAN);
	if (ret)
		ida_free(&vm->slots, slot);

	return ret;
}

static int start(struct nv_channel *chan)
{
	const struct nv_hw_channel desc = {
		.pd = nv_mmu_root_address(&chan->vm->mmu),
		.gpfifo = chan->ring.addr,
		.gpfifo_entries = NV_RING_ENTRIES,
		.userd = nv_ring_userd(&chan->ring),
		.classes = chan->classes,
		.nr_classes = chan->nr_classes,
		.acquire_timeout_ms = nv_timeout_ms,
	};
	struct nv_device *nv = chan->nv;
	int ret;

	ret = xa_alloc_cyclic(&nv->channels, &chan->id, chan,
			      XA_LIMIT(0, NV_HW_CHANNELS - 1),
			      &nv->next_channel, GFP_KERNEL_ACCOUNT);
	if (ret < 0)
		return ret == -EBUSY ? -ENOSPC : ret;

	ret = nv->hw->ops->channel_start(nv->hw, chan->id, &desc);
	if (ret)
		xa_erase(&nv->channels, chan->id);

	return ret;
}

static struct nv_channel *channel_alloc(struct nv_vm *vm, bool copy)
{
	struct nv_channel *chan = kzalloc_obj(*chan, GFP_KERNEL_ACCOUNT);

	if (!chan)
		return NULL;

	kref_init(&chan->ref);
	chan->nv = vm->nv;
	chan->vm = vm;
	chan->classes = copy ? copy_classes : graphics_classes;
	chan->nr_classes = copy ? ARRAY_SIZE(copy_classes) :
				  ARRAY_SIZE(graphics_classes);
	mutex_init(&chan->submit_lock);
	spin_lock_init(&chan->lock);
	INIT_LIST_HEAD(&chan->pending);
	init_waitqueue_head(&chan->idle);
	chan->fence_context = dma_fence_context_alloc(1);
	INIT_WORK(&chan->release, channel_release);
	return chan;
}

static struct nv_channel *channel_create(struct nv_vm *vm, bool copy)
{
	struct nv_channel *chan = channel_alloc(vm, copy);
	int ret;

	if (!chan)
		return ERR_PTR(-ENOMEM);

	ret = init_slot(chan);
	if (ret)
		goto err_free;

	ret = init_sched(chan);
	if (ret)
		goto err_slot;

	ret = start(chan);
	if (ret)
		goto err_sched;

	nv_vm_get(vm);
	scoped_guard(mutex, &vm->channels_lock)
		list_add_tail(&chan->link, &vm->channels);
	return chan;

err_sched:
	drm_sched_entity_fini(&chan->entity);
	drm_sched_fini(&chan->sched);
err_slot:
	fini_slot(chan);
err_free:
	kfree(chan);
	return ERR_PTR(ret);
}

/* What a worker has still to free is not in the way of a new one. */
static struct nv_channel *channel_create_settled(struct nv_vm *vm, bool copy)
{
	struct nv_channel *chan = channel_create(vm, copy);

	if (chan != ERR_PTR(-ENOSPC))
		return chan;

	nv_vm_settle(vm);
	return channel_create(vm, copy);
}

/*
 * Which engine, in a way that goes back to the notifiers of the first channels:
 * all ones for the one handle, and its number for the other.
 */
static int engine_from_args(const struct drm_nouveau_channel_alloc *args,
			    bool *copy)
{
	*copy = false;
	if (args->fb_ctxdma_handle != ~0u)
		return args->tt_ctxdma_handle == ~0u ? -EINVAL : 0;

	switch (args->tt_ctxdma_handle) {
	case NOUVEAU_FIFO_ENGINE_GR:
		return 0;
	case NOUVEAU_FIFO_ENGINE_CE:
		*copy = true;
		return 0;
	case NOUVEAU_FIFO_ENGINE_VP:
	case NOUVEAU_FIFO_ENGINE_PPP:
	case NOUVEAU_FIFO_ENGINE_BSP:
		return -EINVAL;
	default:
		return -ENOSYS;
	}
}

static int add_channel(struct nv_file *nfile, bool copy, u32 *chid)
{
	struct nv_channel *chan;
	int ret;

	if (atomic_inc_return(&nfile->num_channels) > NV_MAX_CHANNELS) {
		ret = -ENOSPC;
		goto err_count;
	}

	chan = channel_create_settled(nv_file_vm(nfile), copy);
	if (IS_ERR(chan)) {
		ret = PTR_ERR(chan);
		goto err_count;
	}

	/* From then on another thread may free it. */
	*chid = chan->id;
	ret = xa_insert(&nfile->channels, chan->id, chan, GFP_KERNEL_ACCOUNT);
	if (!ret)
		return 0;

	nv_channel_kill(chan, -ECANCELED);
	nv_channel_put(chan);
err_count:
	atomic_dec(&nfile->num_channels);
	return ret;
}

/**
 * nv_channel_alloc_ioctl() - DRM_IOCTL_NOUVEAU_CHANNEL_ALLOC
 * @drm: the device
 * @data: struct drm_nouveau_channel_alloc
 * @file: the caller's
 *
 * Return: 0; -EINVAL for an engine that there is not; -ENOSYS for one that nobody
 * knows, and without VM_INIT; -EIO if the VM died; -ENOSPC for too many channels, or
 * no room in the kernel's part of the VM; -ENOMEM; -EINTR.
 */
int nv_channel_alloc_ioctl(struct drm_device *drm, void *data,
			   struct drm_file *file)
{
	struct drm_nouveau_channel_alloc *args = data;
	struct nv_file *nfile = file->driver_priv;
	struct nv_vm *vm;
	bool copy;
	u32 chid;
	int ret;

	nv_file_rule_out_vm(nfile);

	ret = engine_from_args(args, &copy);
	if (ret)
		return ret;

	/* What submits without a VM of the program's is not there either. */
	vm = nv_file_vm(nfile);
	if (!vm)
		return -ENOSYS;

	ret = nv_vm_error(vm) ?: add_channel(nfile, copy, &chid);
	if (ret)
		return ret;

	/* No notifier: since Fermi it has no use. */
	*args = (struct drm_nouveau_channel_alloc) {
		.channel = chid,
		.pushbuf_domains = NOUVEAU_GEM_DOMAIN_VRAM |
				   NOUVEAU_GEM_DOMAIN_GART,
	};
	return 0;
}

/**
 * nv_channel_free_ioctl() - DRM_IOCTL_NOUVEAU_CHANNEL_FREE
 * @drm: the device
 * @data: struct drm_nouveau_channel_free
 * @file: the caller's
 *
 * A job that runs may end; those that wait, in an acquire or for a fence, end with
 * -ECANCELED.
 *
 * Return: 0; -ENOENT.
 */
int nv_channel_free_ioctl(struct drm_device *drm, void *data,
			  struct drm_file *file)
{
	const struct drm_nouveau_channel_free *args = data;
	struct nv_file *nfile = file->driver_priv;
	struct nv_channel *chan;

	chan = xa_erase(&nfile->channels, (u32)args->channel);
	if (!chan)
		return -ENOENT;

	nv_nvif_channel_closed(nfile, chan->id);
	nv_channel_close(chan);
	/* It runs no more, so this is the last word. */
	xa_lock(&nfile->channels);
	nfile->busy_ns += nv_channel_busy_ns(chan);
	xa_unlock(&nfile->channels);
	nv_channel_put(chan);
	atomic_dec(&nfile->num_channels);
	return 0;
}
