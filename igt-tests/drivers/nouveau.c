// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * nouveau, for the tests. A file has one VM, which is there from the first call on,
 * and its commands are methods of the copy engine and of the host, in a buffer that
 * is bound in that VM.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <drm/nouveau_drm.h>
#include <xf86drm.h>

#include "igt.h"
#include "vmb_call.h"
#include "vmb_driver.h"

#define PAGE 4096u

/* The kernel's part of a VM, and ours; tests begin above both. */
#define KERNEL_VA 0x10000000ull
#define KERNEL_SIZE 0x40000000ull
#define RING_VA 0x60000000ull
#define VA_START 0x80000000ull
#define VA_END (1ull << 47)

/* A ring for commands in pieces, each of which is used anew when it is done. */
#define PIECES 8u
#define PIECE_SIZE (256u << 10)
#define RING_SIZE (PIECES * PIECE_SIZE)
#define RING_WAIT_NS 30000000000ll

/* Of those to wait for, and of those to signal, one of which is ours. */
#define MAX_SYNCS 4095

#define FILES 128
#define QUEUES 96

/* Subchannel 4 is the copy engine's; the host takes methods on any. */
#define COPY_SUBCHANNEL 4u
#define HOST_SEMAPHOREA 0x10
#define HOST_ACQUIRE_GEQ (4u | 1u << 12)
#define COPY_OFFSET_IN 0x400
#define COPY_LINE_LENGTH 0x418
#define COPY_LAUNCH 0x300
#define COPY_REMAP_CONST_A 0x700
#define COPY_REMAP 0x708
/* Not pipelined, flushed, both sides pitch, several lines. */
#define LAUNCH_COPY 0x386
/* The same, and what is stored is made of constants. */
#define LAUNCH_REMAP (LAUNCH_COPY | 1u << 10)
/* Words of four bytes; one from constant A; or one of A and one of B. */
#define REMAP_A (3u << 16 | 4u)
#define REMAP_AB (3u << 16 | 1u << 24 | 5u << 4 | 4u)
#define WORDS_OF_A_COMMAND 16

/**
 * struct file - what is known of an open file
 */
struct file {
	int fd;
	/** @pid: whose ring it is; a child makes one of its own */
	pid_t pid;
	uint32_t bo, syncobj;
	uint32_t *ring;
	uint64_t ring_va;
	/** @at: in the ring, in words */
	uint32_t at;
	/** @point: of the timeline of all jobs; that of each piece's last one */
	uint64_t point, piece_point[PIECES];
	struct {
		bool used;
		uint32_t channel;
	} queues[QUEUES];
};

static struct file files[FILES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct file *file_of(int fd)
{
	for (unsigned int i = 0; i < FILES; i++)
		if (files[i].fd == fd && files[i].pid)
			return &files[i];

	return NULL;
}

static int new_bo(int fd, uint64_t size, uint32_t domains, uint32_t *bo,
		  uint64_t *offset)
{
	struct drm_nouveau_gem_new args = {
		.info = { .domain = domains, .size = size },
	};
	int ret = vmb_ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_NEW, &args);

	if (ret)
		return ret;

	*bo = args.info.handle;
	if (offset)
		*offset = args.info.map_handle;
	return 0;
}

/* Buffer, mapping and syncobj for the commands of this process. */
static int new_ring(struct file *f)
{
	struct drm_nouveau_vm_bind_op op = {
		.op = DRM_NOUVEAU_VM_BIND_OP_MAP,
		.range = RING_SIZE,
	};
	struct drm_nouveau_vm_bind args = {
		.op_count = 1,
		.op_ptr = (uintptr_t)&op,
	};
	uint64_t offset;
	int ret;

	f->pid = getpid();
	f->at = 0;
	f->point = 0;
	memset(f->piece_point, 0, sizeof(f->piece_point));
	f->ring_va = RING_VA + (uint64_t)(f->pid & 0xff) * RING_SIZE;
	ret = new_bo(f->fd, RING_SIZE, NOUVEAU_GEM_DOMAIN_GART |
		     NOUVEAU_GEM_DOMAIN_MAPPABLE, &f->bo, &offset);
	if (ret)
		return ret;

	f->ring = mmap(NULL, RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd,
		       offset);
	if (f->ring == MAP_FAILED)
		return -errno;

	op.handle = f->bo;
	op.addr = f->ring_va;
	return vmb_ioctl(f->fd, DRM_IOCTL_NOUVEAU_VM_BIND, &args) ?:
	       drmSyncobjCreate(f->fd, 0, &f->syncobj);
}

/* In a child also the parent's, which the child has mapped as well. */
static void forget_locked(struct file *f)
{
	if (f->ring && f->ring != MAP_FAILED)
		munmap(f->ring, RING_SIZE);
	memset(f, 0, sizeof(*f));
}

static void forget(int fd)
{
	struct file *f;

	pthread_mutex_lock(&lock);
	f = file_of(fd);
	if (f)
		forget_locked(f);
	pthread_mutex_unlock(&lock);
}

static int query(int fd, struct vmb_caps *caps)
{
	struct drm_nouveau_vm_init init = { KERNEL_VA, KERNEL_SIZE };
	struct file *f;
	int ret;

	*caps = (struct vmb_caps){
		.features = VMB_ASYNC | VMB_TIMELINE | VMB_HUGE | VMB_PRIVATE |
			    VMB_PRIME | VMB_WAIT | VMB_FAULT,
		.va_start = VA_START,
		.va_end = VA_END,
		.huge_page = 0x200000,
		.max_ops = 65536,
		.max_syncs = MAX_SYNCS,
		.max_vms = 1,
		.max_queues = QUEUES,
		.fault_error = EFAULT,
	};
	if (vmb_can_break_binds())
		caps->features |= VMB_BREAK;

	pthread_mutex_lock(&lock);
	/* Under this number there was another file, closed by other means. */
	f = file_of(fd);
	if (f)
		forget_locked(f);
	for (unsigned int i = 0; i < FILES && !f; i++)
		if (!files[i].pid)
			f = &files[i];
	igt_assert(f);
	f->fd = fd;
	ret = vmb_ioctl(fd, DRM_IOCTL_NOUVEAU_VM_INIT, &init) ?: new_ring(f);
	pthread_mutex_unlock(&lock);
	return ret;
}

static int vm_create(int fd, uint64_t start, uint64_t range, uint32_t *vm)
{
	if (!file_of(fd) || start || range)
		return VMB_CANNOT;

	*vm = 1;
	return 0;
}

static int bo_create(int fd, uint64_t size, uint32_t flags, uint32_t vm,
		     uint32_t *bo)
{
	uint32_t domains = NOUVEAU_GEM_DOMAIN_VRAM | NOUVEAU_GEM_DOMAIN_MAPPABLE;

	/* It is rounded up to pages; and a private one is that of the only VM. */
	if (size % PAGE || vm > 1)
		return VMB_CANNOT;
	/* Memory of the card alone has large pages. */
	if (!(flags & VMB_BO_HUGE))
		domains |= NOUVEAU_GEM_DOMAIN_GART;
	if (vm)
		domains |= NOUVEAU_GEM_DOMAIN_NO_SHARE;
	return new_bo(fd, size, domains, bo, NULL);
}

static int bo_offset(int fd, uint32_t bo, uint64_t *offset)
{
	struct drm_nouveau_gem_info args = { .handle = bo };
	int ret = vmb_ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_INFO, &args);

	if (!ret)
		*offset = args.map_handle;

	return ret;
}

/**
 * struct halves - syncs as nouveau takes them: to wait for, and to signal
 */
struct halves {
	struct drm_nouveau_sync *wait, *signal;
	uint32_t waits, signals;
};

static void spoil_sync(struct drm_nouveau_sync *sync, enum vmb_wrong wrong)
{
	switch (wrong) {
	case VMB_WRONG_BIND_SYNC_TYPE:
	case VMB_WRONG_EXEC_SYNC_TYPE:
		sync->flags = 3;
		break;
	case VMB_WRONG_BIND_SYNC_FLAG:
	case VMB_WRONG_EXEC_SYNC_FLAG:
		sync->flags |= 0x100;
		break;
	case VMB_WRONG_BIND_SYNC_POINT:
	case VMB_WRONG_EXEC_SYNC_POINT:
		sync->flags = DRM_NOUVEAU_SYNC_SYNCOBJ;
		sync->timeline_value = 1;
		break;
	default:
		break;
	}
}

static struct halves split(const struct vmb_sync *syncs, uint32_t count,
			   enum vmb_wrong wrong)
{
	struct halves h = {
		.wait = calloc(count + 1, sizeof(*h.wait)),
		.signal = calloc(count + 2, sizeof(*h.signal)),
	};

	igt_assert(h.wait && h.signal);
	for (uint32_t i = 0; i < count; i++) {
		struct drm_nouveau_sync *sync = syncs[i].signal ?
			&h.signal[h.signals++] : &h.wait[h.waits++];

		*sync = (struct drm_nouveau_sync){
			.flags = syncs[i].point ?
				 DRM_NOUVEAU_SYNC_TIMELINE_SYNCOBJ :
				 DRM_NOUVEAU_SYNC_SYNCOBJ,
			.handle = syncs[i].syncobj,
			.timeline_value = syncs[i].point,
		};
		if (i == count - 1)
			spoil_sync(sync, wrong);
	}

	return h;
}

static void free_halves(struct halves *h)
{
	free(h->wait);
	free(h->signal);
}

static void spoil_op(struct drm_nouveau_vm_bind_op *op, enum vmb_wrong wrong)
{
	switch (wrong) {
	case VMB_WRONG_OP_TYPE:
		op->op = 77;
		break;
	case VMB_WRONG_OP_FLAG:
		op->flags |= 0x80000000;
		break;
	case VMB_WRONG_OP_PAD:
		op->pad = 1;
		break;
	default:
		break;
	}
}

/* What this interface has nothing of. */
static bool cannot(enum vmb_wrong wrong)
{
	switch (wrong) {
	case VMB_WRONG_BIND_PAD:
	case VMB_WRONG_OP_REST:
	case VMB_WRONG_OP_STRIDE:
	case VMB_WRONG_OP_TAIL:
	case VMB_WRONG_OP_LONGER:
	case VMB_WRONG_BIND_SYNC_BOTH:
	case VMB_WRONG_BIND_SYNC_PAD:
	case VMB_WRONG_BIND_SYNC_STRIDE:
	case VMB_WRONG_EXEC_FLAG:
	case VMB_WRONG_EXEC_BUF_STRIDE:
	/* What a command is nobody looks at before it runs. */
	case VMB_WRONG_EXEC_CMD:
	case VMB_WRONG_EXEC_CMD_SIZE:
	case VMB_WRONG_EXEC_CMD_CUT:
	case VMB_WRONG_EXEC_CMD_PAD:
	case VMB_WRONG_EXEC_CMD_ALIGN:
	case VMB_WRONG_EXEC_SYNC_PAD:
		return true;
	default:
		return false;
	}
}

/*
 * There is no number that means no BO: 0 is one that is not known. What is said of
 * the BO's memory when it is unmapped means nothing. And below is our own.
 */
static bool is_possible(const struct vmb_op *op)
{
	if (op->flags & VMB_OP_READONLY || op->repeat || op->addr < VA_START)
		return false;

	return (op->type == VMB_OP_MAP && op->bo) ||
	       (op->type == VMB_OP_UNMAP && !op->offset);
}

static struct drm_nouveau_vm_bind_op make_op(const struct vmb_op *op)
{
	return (struct drm_nouveau_vm_bind_op){
		.op = op->type == VMB_OP_MAP ? DRM_NOUVEAU_VM_BIND_OP_MAP :
					       DRM_NOUVEAU_VM_BIND_OP_UNMAP,
		.handle = op->bo,
		.addr = op->addr,
		.bo_offset = op->offset,
		.range = op->range,
	};
}

static struct vmb_placed place_ops(const struct vmb_bind *bind)
{
	struct drm_nouveau_vm_bind_op *ops;
	struct vmb_placed placed;

	ops = calloc(bind->num_ops + 1, sizeof(*ops));
	igt_assert(ops);
	for (uint32_t i = 0; i < bind->num_ops; i++)
		ops[i] = make_op(&bind->ops[i]);
	if (bind->num_ops)
		spoil_op(&ops[bind->num_ops - 1], bind->wrong);

	placed = vmb_place(ops, bind->num_ops, sizeof(*ops), sizeof(*ops),
			   bind->wrong == VMB_WRONG_OPS_CUT);
	free(ops);
	return placed;
}

static void spoil_bind(struct drm_nouveau_vm_bind *args, enum vmb_wrong wrong)
{
	switch (wrong) {
	case VMB_WRONG_BIND_FLAG:
		args->flags |= 0x80000000;
		break;
	case VMB_WRONG_OPS_POINTER:
		args->op_ptr = PAGE;
		break;
	case VMB_WRONG_OPS_COUNT:
		args->op_count = UINT32_MAX;
		break;
	case VMB_WRONG_BIND_SYNC_POINTER:
		args->sig_ptr = PAGE;
		args->wait_ptr = PAGE;
		break;
	default:
		break;
	}
}

static int bind(int fd, const struct vmb_bind *bind)
{
	struct drm_nouveau_vm_bind args = {
		.op_count = bind->num_ops,
		.flags = bind->async ? DRM_NOUVEAU_VM_BIND_RUN_ASYNC : 0,
	};
	struct halves h;
	struct vmb_placed placed;
	int ret;

	if (cannot(bind->wrong))
		return VMB_CANNOT;
	for (uint32_t i = 0; i < bind->num_ops; i++)
		if (!is_possible(&bind->ops[i]))
			return VMB_CANNOT;
	/* There are no numbers of VMs that could be wrong. */
	if (bind->vm != 1 || bind->num_syncs > MAX_SYNCS)
		return VMB_CANNOT;

	h = split(bind->syncs, bind->num_syncs, bind->wrong);
	placed = place_ops(bind);
	args.op_ptr = (uintptr_t)placed.first;
	args.wait_count = h.waits;
	args.wait_ptr = (uintptr_t)h.wait;
	args.sig_count = h.signals;
	args.sig_ptr = (uintptr_t)h.signal;
	spoil_bind(&args, bind->wrong);
	ret = vmb_ioctl(fd, DRM_IOCTL_NOUVEAU_VM_BIND, &args);
	vmb_unplace(&placed);
	free_halves(&h);
	return ret;
}

static int new_channel(int fd, uint32_t *channel)
{
	struct drm_nouveau_channel_alloc args = {
		.fb_ctxdma_handle = ~0u,
		.tt_ctxdma_handle = NOUVEAU_FIFO_ENGINE_GR,
	};
	int ret = vmb_ioctl(fd, DRM_IOCTL_NOUVEAU_CHANNEL_ALLOC, &args);

	if (!ret)
		*channel = args.channel;

	return ret;
}

static int free_channel(int fd, uint32_t channel)
{
	struct drm_nouveau_channel_free args = { .channel = channel };

	return vmb_ioctl(fd, DRM_IOCTL_NOUVEAU_CHANNEL_FREE, &args);
}

/* The number of a queue is its place in the table, plus one. */
static int queue_create(int fd, uint32_t vm, uint32_t timeout_ms,
			uint32_t *queue)
{
	struct file *f = file_of(fd);
	uint32_t i = 0;
	int ret;

	if (!f || vm != 1 || timeout_ms)
		return VMB_CANNOT;

	pthread_mutex_lock(&lock);
	while (i < QUEUES && f->queues[i].used)
		i++;
	ret = i < QUEUES ? new_channel(fd, &f->queues[i].channel) : -ENOSPC;
	if (!ret) {
		f->queues[i].used = true;
		*queue = i + 1;
	}
	pthread_mutex_unlock(&lock);
	return ret;
}

static bool is_queue(const struct file *f, uint32_t queue)
{
	return queue && queue <= QUEUES && f->queues[queue - 1].used;
}

static int queue_destroy(int fd, uint32_t queue)
{
	struct file *f = file_of(fd);

	if (!f)
		return VMB_CANNOT;
	if (!is_queue(f, queue))
		return -ENOENT;

	f->queues[queue - 1].used = false;
	return free_channel(fd, f->queues[queue - 1].channel);
}

/* Methods, one after the other from the first one on. */
static uint32_t *method(uint32_t *at, uint32_t first, uint32_t count)
{
	*at = 1u << 29 | count << 16 | COPY_SUBCHANNEL << 13 | first / 4;
	return at + 1;
}

static uint32_t *launch(uint32_t *at, uint64_t src, uint64_t dst, uint32_t length,
			uint32_t how)
{
	at = method(at, COPY_OFFSET_IN, 4);
	*at++ = src >> 32;
	*at++ = src;
	*at++ = dst >> 32;
	*at++ = dst;
	at = method(at, COPY_LINE_LENGTH, 2);
	*at++ = length;
	*at++ = 1;
	at = method(at, COPY_LAUNCH, 1);
	*at++ = how;
	return at;
}

static uint32_t *remap(uint32_t *at, uint32_t components, uint32_t a, uint32_t b)
{
	at = method(at, COPY_REMAP_CONST_A, 3);
	*at++ = a;
	*at++ = b;
	*at++ = components;
	return at;
}

static uint32_t *put_command(uint32_t *at, const struct vmb_cmd *cmd)
{
	switch (cmd->type) {
	case VMB_CMD_FILL:
		at = remap(at, REMAP_A, cmd->value, 0);
		return launch(at, 0, cmd->addr, cmd->size / 4, LAUNCH_REMAP);
	case VMB_CMD_COPY:
		return launch(at, cmd->src, cmd->addr, cmd->size, LAUNCH_COPY);
	case VMB_CMD_WRITE:
		at = remap(at, REMAP_AB, cmd->value, cmd->value >> 32);
		return launch(at, 0, cmd->addr, 1, LAUNCH_REMAP);
	case VMB_CMD_WAIT:
		at = method(at, HOST_SEMAPHOREA, 4);
		*at++ = cmd->addr >> 32;
		*at++ = cmd->addr;
		*at++ = cmd->value;
		*at++ = HOST_ACQUIRE_GEQ;
		return at;
	}
	igt_assert(false);
	return at;
}

/* Room for that many words, in one piece. Under the lock. */
static int make_room(struct file *f, uint32_t words)
{
	const uint32_t piece = PIECE_SIZE / 4;
	uint32_t now = f->at / piece;
	struct timespec clock;
	int ret = 0;

	igt_assert(words <= piece);
	if (f->at % piece + words <= piece)
		return 0;

	f->piece_point[now] = f->point;
	now = (now + 1) % PIECES;
	f->at = now * piece;
	if (f->piece_point[now]) {
		clock_gettime(CLOCK_MONOTONIC, &clock);
		ret = drmSyncobjTimelineWait(f->fd, &f->syncobj,
					     &f->piece_point[now], 1,
					     clock.tv_sec * 1000000000ll + RING_WAIT_NS,
					     0, NULL);
	}
	return ret;
}

static void spoil_exec(struct drm_nouveau_exec *args,
		       struct drm_nouveau_exec_push *push, enum vmb_wrong wrong)
{
	switch (wrong) {
	case VMB_WRONG_EXEC_BUF_FLAG:
		push->flags = 0x80000000;
		break;
	case VMB_WRONG_EXEC_BUF_COUNT:
		args->push_count = UINT32_MAX;
		break;
	case VMB_WRONG_EXEC_BUF_SIZE:
		push->va_len = UINT32_MAX - 3;
		break;
	case VMB_WRONG_EXEC_BUF_ALIGN:
		push->va += 2;
		break;
	case VMB_WRONG_EXEC_BUF_POINTER:
		args->push_ptr = PAGE;
		break;
	default:
		break;
	}
}

static int exec_locked(struct file *f, const struct vmb_exec *exec,
		       struct halves *h)
{
	struct drm_nouveau_exec_push push = { 0 };
	struct drm_nouveau_exec args = {
		.channel = f->queues[exec->queue - 1].channel,
		.push_count = !!exec->num_cmds,
		.wait_count = h->waits,
		.sig_count = h->signals,
		.wait_ptr = (uintptr_t)h->wait,
		.sig_ptr = (uintptr_t)h->signal,
		.push_ptr = (uintptr_t)&push,
	};
	uint32_t *start, *end;
	int ret;

	if (f->pid != getpid()) {
		ret = new_ring(f);
		if (ret)
			return ret;
	}
	ret = make_room(f, exec->num_cmds * WORDS_OF_A_COMMAND);
	if (ret)
		return ret;

	start = f->ring + f->at;
	end = start;
	for (uint32_t i = 0; i < exec->num_cmds; i++)
		end = put_command(end, &exec->cmds[i]);
	push.va = f->ring_va + f->at * 4ull;
	push.va_len = (end - start) * 4;
	/* Without commands there is nothing of the ring to wait for. */
	if (exec->num_cmds)
		h->signal[args.sig_count++] = (struct drm_nouveau_sync){
			.flags = DRM_NOUVEAU_SYNC_TIMELINE_SYNCOBJ,
			.handle = f->syncobj,
			.timeline_value = f->point + 1,
		};
	spoil_exec(&args, &push, exec->wrong);
	ret = vmb_ioctl(f->fd, DRM_IOCTL_NOUVEAU_EXEC, &args);
	if (!ret && exec->num_cmds) {
		f->at += end - start;
		f->point++;
	}
	return ret;
}

static int exec(int fd, const struct vmb_exec *exec)
{
	struct file *f = file_of(fd);
	struct halves h;
	int ret;

	if (!f || cannot(exec->wrong) || exec->num_syncs > MAX_SYNCS)
		return VMB_CANNOT;
	if (!is_queue(f, exec->queue))
		return -ENOENT;

	h = split(exec->syncs, exec->num_syncs, exec->wrong);
	pthread_mutex_lock(&lock);
	ret = exec_locked(f, exec, &h);
	pthread_mutex_unlock(&lock);
	free_halves(&h);
	return ret;
}

/* Each is a good call, but for the one thing that is set by name. */
static int wrong_call(int fd, enum vmb_wrong wrong, const struct vmb_ids *ids)
{
	struct drm_nouveau_gem_new bo = {
		.info = { .size = PAGE, .domain = NOUVEAU_GEM_DOMAIN_GART },
	};
	struct drm_nouveau_getparam param = { .param = 4711 };

	(void)ids;
	switch (wrong) {
	case VMB_WRONG_BO_FLAG:
		bo.info.domain |= 0x80000000;
		return vmb_ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_NEW, &bo);
	case VMB_WRONG_QUERY:
		return vmb_ioctl(fd, DRM_IOCTL_NOUVEAU_GETPARAM, &param);
	case VMB_WRONG_IOCTL:
		return vmb_ioctl(fd, DRM_IO(DRM_COMMAND_BASE + 0x3f), NULL);
	default:
		return VMB_CANNOT;
	}
}

const struct vmb_driver vmb_nouveau = {
	.name = "nouveau",
	.query = query,
	.forget = forget,
	.vm_create = vm_create,
	.bo_create = bo_create,
	.bo_offset = bo_offset,
	.bind = bind,
	.queue_create = queue_create,
	.queue_destroy = queue_destroy,
	.exec = exec,
	.break_binds = vmb_break_binds,
	.wrong_call = wrong_call,
};
