// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * How a channel accesses memory: ranges of any length, and semaphores.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/timekeeping.h>

#include "nv_model.h"

#define DEFAULT_ACQUIRE_TIMEOUT_MS 2000

/**
 * nv_model_fault() - let a channel die of something else than memory
 * @channel: the channel
 * @kind: of what
 *
 * Context: the channel's work.
 * Return: -EFAULT.
 */
int nv_model_fault(struct nv_model_channel *channel, enum nv_fault_kind kind)
{
	channel->fault.kind = kind;
	channel->fault.addr = 0;
	channel->fault.write = false;
	return -EFAULT;
}

static int access_memory(struct nv_model_channel *channel,
			 struct nv_access *access)
{
	return nv_model_access(channel->model, channel->desc.pd, access,
			       &channel->fault);
}

static int access_range(struct nv_model_channel *channel, enum nv_access_op op,
			u64 addr, void *buf, size_t size)
{
	int ret = 0;

	while (size && !ret) {
		struct nv_access access = {
			.op = op,
			.addr = addr,
			.buf = buf,
			.size = min_t(size_t, size,
				      PAGE_SIZE - offset_in_page(addr)),
		};

		ret = access_memory(channel, &access);
		addr += access.size;
		buf += access.size;
		size -= access.size;
	}

	return ret;
}

/**
 * nv_model_read() - read memory
 * @channel: the channel
 * @addr: GPU address
 * @buf: where to
 * @size: bytes
 *
 * Context: the channel's work.
 * Return: 0; -EFAULT.
 */
int nv_model_read(struct nv_model_channel *channel, u64 addr, void *buf,
		  size_t size)
{
	return access_range(channel, NV_OP_READ, addr, buf, size);
}

/**
 * nv_model_write() - write memory
 * @channel: the channel
 * @addr: GPU address
 * @buf: where from
 * @size: bytes
 *
 * Context: the channel's work.
 * Return: 0; -EFAULT.
 */
int nv_model_write(struct nv_model_channel *channel, u64 addr, void *buf,
		   size_t size)
{
	return access_range(channel, NV_OP_WRITE, addr, buf, size);
}

/**
 * nv_model_write_or_skip() - write memory, or learn that there is none
 * @channel: the channel
 * @addr: GPU address
 * @buf: where from
 * @size: bytes, up to the end of the page
 * @sparse: set to how many bytes from @addr on are sparse
 *
 * For long writes: what is sparse need not be written page by page.
 *
 * Context: the channel's work.
 * Return: 0; -EFAULT.
 */
int nv_model_write_or_skip(struct nv_model_channel *channel, u64 addr,
			   void *buf, size_t size, u64 *sparse)
{
	struct nv_access access = {
		.op = NV_OP_WRITE,
		.addr = addr,
		.buf = buf,
		.size = size,
	};
	int ret = access_memory(channel, &access);

	*sparse = access.sparse;
	return ret;
}

static int access_word(struct nv_model_channel *channel, enum nv_access_op op,
		       u64 addr, u64 *word, bool wide)
{
	struct nv_access access = {
		.op = op,
		.addr = addr,
		.buf = word,
		.size = wide ? sizeof(u64) : sizeof(u32),
	};

	if (addr & (access.size - 1))
		return nv_model_fault(channel, NV_FAULT_METHOD);

	return access_memory(channel, &access);
}

/**
 * nv_model_release() - release a semaphore, or change it
 * @channel: the channel
 * @release: what
 *
 * Of four words, the payload is written last: who sees it sees the time, too.
 *
 * Context: the channel's work.
 * Return: 0; -EFAULT.
 */
int nv_model_release(struct nv_model_channel *channel,
		     const struct nv_release *release)
{
	struct nv_access access = {
		.op = release->reduce ? NV_OP_REDUCE : NV_OP_RELEASE,
		.reduction = release->reduction,
		.is_signed = release->is_signed,
		.addr = release->addr,
		.buf = (void *)&release->payload,
		.size = release->wide ? sizeof(u64) : sizeof(u32),
	};
	u64 time = ktime_get_real_ns(), align = access.size;
	int ret = 0;

	if (release->timestamp)
		align = 4 * sizeof(u32);
	if (release->addr & (align - 1))
		return nv_model_fault(channel, NV_FAULT_METHOD);

	if (release->timestamp) {
		ret = nv_model_write(channel, release->addr + sizeof(u64),
				     &time, sizeof(time));
		if (!release->reduce)
			access.size = sizeof(u64);
	}
	if (!ret)
		ret = access_memory(channel, &access);
	if (ret)
		return ret;

	atomic64_inc(&channel->model->stats.releases);
	nv_model_wake_waiters(channel->model);
	return 0;
}

static bool satisfied(const struct nv_acquire *acquire, u64 word)
{
	u64 payload = acquire->payload, mask = acquire->wide ? U64_MAX : U32_MAX;

	switch (acquire->op) {
	case NV_SEM_EQ:
		return word == payload;
	case NV_SEM_GE:
		return word >= payload;
	case NV_SEM_CIRC_GE:
		return acquire->wide ? (s64)(word - payload) >= 0 :
				       (s32)(word - payload) >= 0;
	case NV_SEM_AND:
		return word & payload;
	default:
		return ~(word | payload) & mask;
	}
}

static void waiter_add(struct nv_model_channel *channel)
{
	struct nv_model *model = channel->model;

	spin_lock(&model->waiters_lock);
	if (list_empty(&channel->waiter))
		list_add_tail(&channel->waiter, &model->waiters);
	spin_unlock(&model->waiters_lock);
}

static void waiter_remove(struct nv_model_channel *channel)
{
	spin_lock(&channel->model->waiters_lock);
	list_del_init(&channel->waiter);
	spin_unlock(&channel->model->waiters_lock);
}

/**
 * nv_model_acquire_continue() - look whether an acquire is satisfied
 * @channel: the channel
 *
 * Context: the channel's work.
 * Return: 0 if so, or if there is none; -EAGAIN if it waits; -EFAULT if memory
 * faults or the time is over.
 */
int nv_model_acquire_continue(struct nv_model_channel *channel)
{
	struct nv_acquire *acquire = &channel->acquire;
	u32 timeout = channel->desc.acquire_timeout_ms ?:
		      DEFAULT_ACQUIRE_TIMEOUT_MS;
	u64 word = 0;
	int ret;

	if (!acquire->active)
		return 0;

	/* Before the look: a release in between wakes us. */
	waiter_add(channel);
	ret = access_word(channel, NV_OP_LOAD, acquire->addr, &word,
			  acquire->wide);
	if (!ret && !satisfied(acquire, word)) {
		if (!acquire->begun) {
			acquire->begun = ktime_get();
			atomic64_inc(&channel->model->stats.waits);
			set_bit(NV_CHANNEL_WAITS, &channel->flags);
		}
		if (ktime_ms_delta(ktime_get(), acquire->begun) < timeout)
			return -EAGAIN;

		ret = nv_model_fault(channel, NV_FAULT_TIMEOUT);
		channel->fault.addr = acquire->addr;
	}

	acquire->active = false;
	clear_bit(NV_CHANNEL_WAITS, &channel->flags);
	waiter_remove(channel);
	return ret;
}

/**
 * nv_model_acquire() - wait for a semaphore
 * @channel: the channel, which waits alone
 * @acquire: for what
 *
 * Context: the channel's work.
 * Return: as nv_model_acquire_continue().
 */
int nv_model_acquire(struct nv_model_channel *channel,
		     const struct nv_acquire *acquire)
{
	channel->acquire = *acquire;
	channel->acquire.active = true;
	channel->acquire.begun = 0;
	if (!acquire->wide)
		channel->acquire.payload = lower_32_bits(acquire->payload);

	return nv_model_acquire_continue(channel);
}
