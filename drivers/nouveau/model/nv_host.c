// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The host: fetches entries of a channel's ring and the push buffers that they
 * lead to, takes methods apart, runs those of its own, which are mostly about
 * semaphores, and passes the others to what is bound to the subchannel.
 *
 * All that it has to remember from one word to the next is in the channel: an
 * acquire that has to wait gives its worker back.
 */
#include <linux/bitfield.h>
#include <linux/highmem.h>
#include <linux/minmax.h>

#include "nv_model.h"

static u32 userd_get_put(struct nv_model_channel *channel)
{
	void *page = kmap_local_page(channel->userd);
	/* Pairs with the release of the driver: entries come before it. */
	u32 put = smp_load_acquire((u32 *)(page + NV_HW_USERD_GP_PUT));

	kunmap_local(page);
	return put;
}

static void userd_set_get(struct nv_model_channel *channel)
{
	void *page = kmap_local_page(channel->userd);

	/* The entry before may be used again from here on. */
	smp_store_release((u32 *)(page + NV_HW_USERD_GP_GET), channel->get);
	kunmap_local(page);
}

/* An entry without a length is a command to the host. */
static int control_entry(struct nv_model_channel *channel, u32 high)
{
	switch (FIELD_GET(NV_GP_ENTRY1_OPCODE, high)) {
	case NV_GP_OPCODE_NOP:
	case NV_GP_OPCODE_GP_CRC:
	case NV_GP_OPCODE_PB_CRC:
		return 0;
	default:
		return nv_model_fault(channel, NV_FAULT_PUSHBUFFER);
	}
}

/* Returns 0 if there was one more entry, 1 if not. */
static int next_entry(struct nv_model_channel *channel)
{
	u32 put, entries = channel->desc.gpfifo_entries, words[2];
	int ret;

	channel->fault.class = 0;
	channel->fault.method = 0;
	channel->fault.data = 0;
	if (channel->entry_open) {
		channel->get = (channel->get + 1) & (entries - 1);
		channel->entry_open = false;
		userd_set_get(channel);
	}

	put = userd_get_put(channel);
	if (put >= entries)
		return nv_model_fault(channel, NV_FAULT_PUSHBUFFER);
	if (put == channel->get)
		return 1;

	ret = nv_model_read(channel, channel->desc.gpfifo +
				     (u64)channel->get * sizeof(words),
			    words, sizeof(words));
	if (ret)
		return ret;

	atomic64_inc(&channel->model->stats.entries);
	channel->entry_open = true;
	channel->push = (u64)FIELD_GET(NV_GP_ENTRY1_GET_HI, words[1]) << 32 |
			(words[0] & NV_GP_ENTRY0_GET);
	channel->push_words = FIELD_GET(NV_GP_ENTRY1_LENGTH, words[1]);
	if (!channel->push_words)
		return control_entry(channel, words[1]);

	return 0;
}

/* Returns 0 with a word, 1 if there is none. */
static int next_word(struct nv_model_channel *channel, u32 *word)
{
	u32 n;
	int ret;

	while (channel->next == channel->fetched) {
		if (!nv_model_channel_runs(channel))
			return -ECANCELED;

		if (!channel->push_words) {
			ret = next_entry(channel);
			if (ret)
				return ret;
			continue;
		}

		n = min(channel->push_words, NV_FETCH_WORDS);
		ret = nv_model_read(channel, channel->push, channel->words,
				    n * sizeof(u32));
		if (ret)
			return ret;
		channel->push += n * sizeof(u32);
		channel->push_words -= n;
		channel->fetched = n;
		channel->next = 0;
	}

	*word = channel->words[channel->next++];
	return 0;
}

static bool has_class(const struct nv_model_channel *channel, u32 class)
{
	for (u32 i = 0; i < channel->desc.nr_classes; i++) {
		if (channel->desc.classes[i] == class)
			return true;
	}

	return false;
}

static int host_bind(struct nv_model_channel *channel, u32 subchannel, u32 number)
{
	struct nv_object *object = &channel->objects[subchannel];
	const struct nv_class *class = nv_model_class_find(number);

	if (!class || !has_class(channel, number)) {
		channel->fault.class = number;
		return nv_model_fault(channel, NV_FAULT_CLASS);
	}

	if (object->class != class)
		memset(object, 0, sizeof(*object));
	object->class = class;
	/* Copies are made unless somebody says otherwise. */
	if (number == NV_CLASS_COPY)
		object->regs[NV_COPY_RENDER_ENABLE_C / 4] = NV_COPY_RENDER_TRUE;
	return 0;
}

static int semaphore_old(struct nv_model_channel *channel, u32 data)
{
	const u32 *host = channel->host;
	u64 addr = (u64)(host[NV_HOST_SEMAPHOREA / 4] & 0xff) << 32 |
		   (host[NV_HOST_SEMAPHOREB / 4] & ~3);
	u32 payload = host[NV_HOST_SEMAPHOREC / 4];
	struct nv_acquire acquire = { .addr = addr, .payload = payload };
	struct nv_release release = {
		.addr = addr,
		.payload = payload,
		.timestamp = !(data & NV_SEMAPHORED_ONE_WORD),
	};

	switch (FIELD_GET(NV_SEMAPHORED_OP, data)) {
	case NV_SEMAPHORED_ACQUIRE:
		acquire.op = NV_SEM_EQ;
		return nv_model_acquire(channel, &acquire);
	case NV_SEMAPHORED_ACQ_GEQ:
		acquire.op = NV_SEM_CIRC_GE;
		return nv_model_acquire(channel, &acquire);
	case NV_SEMAPHORED_ACQ_AND:
		acquire.op = NV_SEM_AND;
		return nv_model_acquire(channel, &acquire);
	case NV_SEMAPHORED_REDUCTION:
		release.reduce = true;
		release.reduction = FIELD_GET(NV_SEMAPHORED_RED_OP, data);
		release.is_signed = !(data & NV_SEMAPHORED_UNSIGNED);
		if (release.reduction >= NV_REDUCTIONS)
			break;
		return nv_model_release(channel, &release);
	case NV_SEMAPHORED_RELEASE:
		return nv_model_release(channel, &release);
	}

	return nv_model_fault(channel, NV_FAULT_METHOD);
}

static int semaphore_acquire(struct nv_model_channel *channel, u64 addr,
			     u64 payload, u32 data)
{
	static const u8 ops[] = {
		[NV_SEM_EXECUTE_ACQUIRE] = NV_SEM_EQ,
		[NV_SEM_EXECUTE_ACQ_STRICT_GEQ] = NV_SEM_GE,
		[NV_SEM_EXECUTE_ACQ_CIRC_GEQ] = NV_SEM_CIRC_GE,
		[NV_SEM_EXECUTE_ACQ_AND] = NV_SEM_AND,
		[NV_SEM_EXECUTE_ACQ_NOR] = NV_SEM_NOR,
	};
	const struct nv_acquire acquire = {
		.op = ops[FIELD_GET(NV_SEM_EXECUTE_OP, data)],
		.wide = data & NV_SEM_EXECUTE_64BIT,
		.addr = addr,
		.payload = payload,
	};

	return nv_model_acquire(channel, &acquire);
}

static int semaphore_new(struct nv_model_channel *channel, u32 data)
{
	const u32 *host = channel->host;
	struct nv_release release = {
		.addr = (u64)(host[NV_HOST_SEM_ADDR_HI / 4] & 0xff) << 32 |
			(host[NV_HOST_SEM_ADDR_LO / 4] & ~3),
		.payload = host[NV_HOST_SEM_PAYLOAD_LO / 4],
		.wide = data & NV_SEM_EXECUTE_64BIT,
		.timestamp = data & NV_SEM_EXECUTE_TIMESTAMP,
	};

	if (release.wide)
		release.payload |= (u64)host[NV_HOST_SEM_PAYLOAD_HI / 4] << 32;

	switch (FIELD_GET(NV_SEM_EXECUTE_OP, data)) {
	case NV_SEM_EXECUTE_ACQUIRE:
	case NV_SEM_EXECUTE_ACQ_STRICT_GEQ ... NV_SEM_EXECUTE_ACQ_NOR:
		return semaphore_acquire(channel, release.addr,
					 release.payload, data);
	case NV_SEM_EXECUTE_RELEASE:
		return nv_model_release(channel, &release);
	case NV_SEM_EXECUTE_REDUCTION:
		release.reduce = true;
		release.reduction = FIELD_GET(NV_SEM_EXECUTE_RED_OP, data);
		release.is_signed = !(data & NV_SEM_EXECUTE_UNSIGNED);
		/* There are reductions of 4 bytes alone. */
		if (release.wide || release.reduction >= NV_REDUCTIONS)
			break;
		return nv_model_release(channel, &release);
	}

	return nv_model_fault(channel, NV_FAULT_METHOD);
}

/* Since all runs in order, what waits for idle has nothing to wait for. */
static int host_method(struct nv_model_channel *channel, u32 subchannel,
		       u32 method, u32 data)
{
	channel->host[method / 4] = data;

	switch (method) {
	case NV_HOST_SET_OBJECT:
		return host_bind(channel, subchannel,
			    FIELD_GET(NV_HOST_SET_OBJECT_CLASS, data));
	case NV_HOST_ILLEGAL:
		return nv_model_fault(channel, NV_FAULT_METHOD);
	case NV_HOST_SEMAPHORED:
		return semaphore_old(channel, data);
	case NV_HOST_SEM_EXECUTE:
		return semaphore_new(channel, data);
	case NV_HOST_NON_STALL:
		nv_model_interrupt(channel);
		return 0;
	case NV_HOST_MEM_OP_D:
		/* Barriers are for all; the TLB is the kernel's. */
		if (FIELD_GET(NV_HOST_MEM_OP_D_OP, data) ==
		    NV_HOST_MEM_OP_MEMBAR)
			return 0;
		return nv_model_fault(channel, NV_FAULT_METHOD);
	case NV_HOST_NOP:
	case NV_HOST_SEMAPHOREA ... NV_HOST_SEMAPHOREC:
	case NV_HOST_FB_FLUSH ... NV_HOST_MEM_OP_D - 4:
	case NV_HOST_SET_REFERENCE:
	case NV_HOST_SEM_ADDR_LO ... NV_HOST_SEM_PAYLOAD_HI:
	case NV_HOST_WFI:
	case NV_HOST_CRC_CHECK:
	case NV_HOST_YIELD:
		return 0;
	default:
		atomic64_inc(&channel->model->stats.unknown);
		nv_model_stats_ignored(&channel->model->stats, 0, method);
		return 0;
	}
}

static int run_method(struct nv_model_channel *channel, u32 subchannel,
		      u32 method, u32 data)
{
	struct nv_object *object = &channel->objects[subchannel];

	atomic64_inc(&channel->model->stats.methods);
	channel->fault.class = 0;
	channel->fault.method = method;
	channel->fault.data = data;
	if (method < NV_HOST_END)
		return host_method(channel, subchannel, method, data);

	if (!object->class && subchannel == NV_SUBCHANNEL_COPY) {
		int ret = host_bind(channel, subchannel, NV_CLASS_COPY);

		if (ret)
			return ret;
	}
	if (!object->class)
		return nv_model_fault(channel, NV_FAULT_CLASS);

	channel->fault.class = object->class->class;
	if (method < sizeof(object->regs))
		object->regs[method / 4] = data;

	return object->class->method(channel, object, method, data);
}

static int push_header(struct nv_model_channel *channel, u32 word)
{
	u32 count = FIELD_GET(NV_PUSH_COUNT, word);

	channel->opcode = FIELD_GET(NV_PUSH_OPCODE, word);
	channel->subchannel = FIELD_GET(NV_PUSH_SUBCHANNEL, word);
	channel->method = FIELD_GET(NV_PUSH_METHOD, word);

	switch (channel->opcode) {
	case NV_PUSH_INC:
	case NV_PUSH_NONINC:
	case NV_PUSH_ONEINC:
		channel->count = count;
		return 0;
	case NV_PUSH_IMMEDIATE:
		return run_method(channel, channel->subchannel,
				  channel->method * 4, count);
	case NV_PUSH_END_SEGMENT:
		channel->next = channel->fetched;
		channel->push_words = 0;
		return 0;
	case NV_PUSH_TERT:
		/* Nothing at all, or which of several devices: there is one. */
		if (!word || FIELD_GET(NV_PUSH_TERTIARY, word))
			return 0;
		break;
	}

	channel->fault.class = 0;
	channel->fault.method = 0;
	channel->fault.data = word;
	return nv_model_fault(channel, NV_FAULT_PUSHBUFFER);
}

static int push_data(struct nv_model_channel *channel, u32 word)
{
	u32 method = channel->method * 4;

	channel->count--;
	if (channel->opcode != NV_PUSH_NONINC)
		channel->method = (channel->method + 1) &
				  FIELD_MAX(NV_PUSH_METHOD);
	if (channel->opcode == NV_PUSH_ONEINC)
		channel->opcode = NV_PUSH_NONINC;

	return run_method(channel, channel->subchannel, method, word);
}

/**
 * nv_model_host_run() - run a channel as far as it goes
 * @channel: the channel
 *
 * Context: the channel's work.
 * Return: 0 if its ring is empty; -EAGAIN if it waits in an acquire; -EFAULT
 * with &nv_model_channel.fault filled in; -ECANCELED if it was killed.
 */
int nv_model_host_run(struct nv_model_channel *channel)
{
	int ret = nv_model_acquire_continue(channel);
	u32 word;

	while (!ret) {
		ret = next_word(channel, &word);
		if (!ret)
			ret = channel->count ? push_data(channel, word) :
					       push_header(channel, word);
	}

	return ret > 0 ? 0 : ret;
}
