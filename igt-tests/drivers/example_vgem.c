// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * The example driver, for the tests. The file to copy for a driver of yours:
 * each function fills the struct of one ioctl. What the tests ask to be wrong
 * about a call is at the end of the function that makes it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <drm/evgem_drm.h>

#include "igt.h"
#include "vmb_call.h"
#include "vmb_driver.h"

#define PAGE 4096u

#define PARAMETERS "/sys/module/example_vgem/parameters/"
#define DEBUGFS "/sys/kernel/debug/"

/* An element that is longer than the kernel knows. */
#define LONGER 16

static int query(int fd, struct vmb_caps *caps)
{
	static const struct {
		uint64_t theirs;
		uint32_t ours;
	} features[] = {
		{ DRM_EVGEM_FEATURE_ASYNC_BIND, VMB_ASYNC },
		{ DRM_EVGEM_FEATURE_TIMELINE, VMB_TIMELINE },
		{ DRM_EVGEM_FEATURE_SPARSE, VMB_SPARSE },
		{ DRM_EVGEM_FEATURE_READONLY, VMB_READONLY },
		{ DRM_EVGEM_FEATURE_UNMAP_BO, VMB_UNMAP_BO },
		{ DRM_EVGEM_FEATURE_HUGE, VMB_HUGE },
		{ DRM_EVGEM_FEATURE_PRIME, VMB_PRIME },
		{ DRM_EVGEM_FEATURE_REPEAT, VMB_REPEAT },
		{ DRM_EVGEM_FEATURE_USERPTR, VMB_USERPTR },
	};
	struct drm_evgem_device_info info = { 0 };
	struct drm_evgem_query args = {
		.query = DRM_EVGEM_QUERY_DEVICE,
		.size = sizeof(info),
		.data = (uintptr_t)&info,
	};
	int ret = vmb_ioctl(fd, DRM_IOCTL_EVGEM_QUERY, &args);

	if (ret)
		return ret;

	*caps = (struct vmb_caps){
		.features = VMB_PRIVATE | VMB_WAIT | VMB_FAULT |
			    VMB_FAULT_TOLD | VMB_FAULT_ALONE | VMB_TIMEOUT |
			    VMB_COUNTS | VMB_VMS | VMB_VM_RANGE,
		.va_start = info.va_reserved,
		.va_end = info.va_range,
		.huge_page = 0x200000,
		.max_ops = info.max_bind_ops,
		.max_syncs = info.max_syncs,
		.max_vms = info.max_vms,
		.max_queues = info.max_queues,
		.max_timeout_ms = info.max_timeout_ms,
		.fault_error = EFAULT,
		.table_levels = 4,
	};
	for (unsigned int i = 0; i < ARRAY_SIZE(features); i++)
		if (info.features & features[i].theirs)
			caps->features |= features[i].ours;
	/* Not by ioctls, but by files that are not everywhere and for everybody. */
	if (info.features & DRM_EVGEM_FEATURE_MEMORY_LIMIT &&
	    !access(PARAMETERS "max_resident_kb", W_OK) &&
	    !access(DEBUGFS "dri", R_OK | X_OK))
		caps->features |= VMB_LIMIT;
	if (vmb_can_break_binds())
		caps->features |= VMB_BREAK | VMB_UNDO;

	return 0;
}

static int vm_create(int fd, uint64_t start, uint64_t range, uint32_t *vm)
{
	struct drm_evgem_vm_create args = {
		.va_start = start,
		.va_range = range,
	};
	int ret = vmb_ioctl(fd, DRM_IOCTL_EVGEM_VM_CREATE, &args);

	if (!ret)
		*vm = args.vm_id;

	return ret;
}

static int vm_destroy(int fd, uint32_t vm)
{
	struct drm_evgem_vm_destroy args = { .vm_id = vm };

	return vmb_ioctl(fd, DRM_IOCTL_EVGEM_VM_DESTROY, &args);
}

static int vm_report(int fd, uint32_t vm, struct vmb_report *report)
{
	struct drm_evgem_vm_state state = { .vm_id = vm };
	int ret = vmb_ioctl(fd, DRM_IOCTL_EVGEM_VM_STATE, &state);

	if (ret)
		return ret;

	*report = (struct vmb_report){
		.dead = state.status == DRM_EVGEM_VM_DEAD,
		.faults = state.fault_count,
		.fault_addr = state.fault_addr,
		.fault_write = state.fault_access == DRM_EVGEM_ACCESS_WRITE,
		.mappings = state.mappings,
		.small = state.ptes_4k,
		.huge = state.ptes_2m,
		.table_bytes = state.pt_bytes,
	};
	return 0;
}

static int bo_create(int fd, uint64_t size, uint32_t flags, uint32_t vm,
		     uint32_t *bo)
{
	struct drm_evgem_gem_create args = {
		.size = size,
		.flags = flags & VMB_BO_HUGE ? DRM_EVGEM_GEM_HUGE : 0,
		.vm_id = vm,
	};
	int ret = vmb_ioctl(fd, DRM_IOCTL_EVGEM_GEM_CREATE, &args);

	if (!ret)
		*bo = args.handle;

	return ret;
}

static int bo_offset(int fd, uint32_t bo, uint64_t *offset)
{
	struct drm_evgem_gem_mmap_offset args = { .handle = bo };
	int ret = vmb_ioctl(fd, DRM_IOCTL_EVGEM_GEM_MMAP_OFFSET, &args);

	if (!ret)
		*offset = args.offset;

	return ret;
}

static void spoil_sync(struct drm_evgem_sync *sync, enum vmb_wrong wrong)
{
	switch (wrong) {
	case VMB_WRONG_BIND_SYNC_TYPE:
	case VMB_WRONG_EXEC_SYNC_TYPE:
		sync->type = 3;
		break;
	case VMB_WRONG_BIND_SYNC_FLAG:
	case VMB_WRONG_EXEC_SYNC_FLAG:
		sync->flags |= 4;
		break;
	case VMB_WRONG_BIND_SYNC_BOTH:
		sync->flags = DRM_EVGEM_SYNC_WAIT | DRM_EVGEM_SYNC_SIGNAL;
		break;
	case VMB_WRONG_BIND_SYNC_PAD:
	case VMB_WRONG_EXEC_SYNC_PAD:
		sync->pad = 1;
		break;
	case VMB_WRONG_BIND_SYNC_POINT:
	case VMB_WRONG_EXEC_SYNC_POINT:
		sync->type = DRM_EVGEM_SYNC_BINARY;
		sync->point = 1;
		break;
	default:
		break;
	}
}

static struct drm_evgem_sync *make_syncs(const struct vmb_sync *syncs,
					 uint32_t count, enum vmb_wrong wrong)
{
	struct drm_evgem_sync *made = calloc(count + 1, sizeof(*made));

	igt_assert(made);
	for (uint32_t i = 0; i < count; i++)
		made[i] = (struct drm_evgem_sync){
			.type = syncs[i].point ? DRM_EVGEM_SYNC_TIMELINE :
						 DRM_EVGEM_SYNC_BINARY,
			.flags = syncs[i].signal ? DRM_EVGEM_SYNC_SIGNAL :
						   DRM_EVGEM_SYNC_WAIT,
			.handle = syncs[i].syncobj,
			.point = syncs[i].point,
		};
	if (count)
		spoil_sync(&made[count - 1], wrong);

	return made;
}

static struct drm_evgem_bind_op make_op(const struct vmb_op *op)
{
	static const uint32_t types[] = {
		[VMB_OP_MAP] = DRM_EVGEM_BIND_OP_MAP,
		[VMB_OP_UNMAP] = DRM_EVGEM_BIND_OP_UNMAP,
		[VMB_OP_SPARSE] = DRM_EVGEM_BIND_OP_MAP_SPARSE,
		[VMB_OP_UNMAP_BO] = DRM_EVGEM_BIND_OP_UNMAP_BO,
		[VMB_OP_USERPTR] = DRM_EVGEM_BIND_OP_MAP_USERPTR,
	};

	return (struct drm_evgem_bind_op){
		.op = types[op->type],
		.flags = (op->flags & VMB_OP_READONLY ?
			  DRM_EVGEM_BIND_READONLY : 0) |
			 (op->repeat ? DRM_EVGEM_BIND_REPEAT : 0),
		.handle = op->bo,
		.addr = op->addr,
		.range = op->range,
		.offset = op->offset,
		.repeat = op->repeat,
	};
}

static void spoil_op(struct drm_evgem_bind_op *op, enum vmb_wrong wrong)
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
	case VMB_WRONG_OP_REST:
		op->repeat = PAGE + 1;
		break;
	default:
		break;
	}
}

static void spoil_bind(struct drm_evgem_vm_bind *args, enum vmb_wrong wrong)
{
	switch (wrong) {
	case VMB_WRONG_BIND_FLAG:
		args->flags |= 0x80000000;
		break;
	case VMB_WRONG_OP_STRIDE:
		args->ops.stride = sizeof(struct drm_evgem_bind_op) - 8;
		break;
	case VMB_WRONG_OPS_POINTER:
		args->ops.ptr = PAGE;
		break;
	case VMB_WRONG_OPS_COUNT:
		args->ops.count = UINT32_MAX;
		break;
	case VMB_WRONG_BIND_SYNC_STRIDE:
		args->syncs.stride = sizeof(struct drm_evgem_sync) - 8;
		break;
	case VMB_WRONG_BIND_SYNC_POINTER:
		args->syncs.ptr = PAGE;
		break;
	default:
		break;
	}
}

static int bind(int fd, const struct vmb_bind *bind)
{
	bool longer = bind->wrong == VMB_WRONG_OP_TAIL ||
		      bind->wrong == VMB_WRONG_OP_LONGER;
	const size_t size = sizeof(struct drm_evgem_bind_op);
	const size_t stride = size + (longer ? LONGER : 0);
	struct drm_evgem_bind_op *ops;
	struct drm_evgem_sync *syncs;
	struct drm_evgem_vm_bind args;
	struct vmb_placed placed;
	int ret;

	if (bind->wrong == VMB_WRONG_BIND_PAD)
		return VMB_CANNOT;

	ops = calloc(bind->num_ops + 1, size);
	igt_assert(ops);
	for (uint32_t i = 0; i < bind->num_ops; i++)
		ops[i] = make_op(&bind->ops[i]);
	if (bind->num_ops)
		spoil_op(&ops[bind->num_ops - 1], bind->wrong);

	placed = vmb_place(ops, bind->num_ops, size, stride,
			   bind->wrong == VMB_WRONG_OPS_CUT);
	if (bind->wrong == VMB_WRONG_OP_TAIL)
		placed.first[bind->num_ops * stride - 1] = 1;

	syncs = make_syncs(bind->syncs, bind->num_syncs, bind->wrong);
	args = (struct drm_evgem_vm_bind){
		.vm_id = bind->vm,
		.flags = bind->async ? DRM_EVGEM_VM_BIND_ASYNC : 0,
		.ops = { (uintptr_t)placed.first, bind->num_ops, stride },
		.syncs = { (uintptr_t)syncs, bind->num_syncs, sizeof(*syncs) },
	};
	spoil_bind(&args, bind->wrong);
	ret = vmb_ioctl(fd, DRM_IOCTL_EVGEM_VM_BIND, &args);

	vmb_unplace(&placed);
	free(syncs);
	free(ops);
	return ret;
}

static int queue_create(int fd, uint32_t vm, uint32_t timeout_ms,
			uint32_t *queue)
{
	struct drm_evgem_queue_create args = {
		.vm_id = vm,
		.timeout_ms = timeout_ms,
	};
	int ret = vmb_ioctl(fd, DRM_IOCTL_EVGEM_QUEUE_CREATE, &args);

	if (!ret)
		*queue = args.queue_id;

	return ret;
}

static int queue_destroy(int fd, uint32_t queue)
{
	struct drm_evgem_queue_destroy args = { .queue_id = queue };

	return vmb_ioctl(fd, DRM_IOCTL_EVGEM_QUEUE_DESTROY, &args);
}

/* Any command. All of them begin with the header. */
union command {
	struct drm_evgem_cmd_header header;
	struct drm_evgem_cmd_fill fill;
	struct drm_evgem_cmd_copy copy;
	struct drm_evgem_cmd_write write;
	struct drm_evgem_cmd_wait wait;
};

#define HEADER(command, type) \
	{ DRM_EVGEM_CMD_##command, sizeof(struct drm_evgem_cmd_##type) }

static union command make_command(const struct vmb_cmd *cmd)
{
	switch (cmd->type) {
	case VMB_CMD_FILL:
		return (union command){ .fill = {
			.header = HEADER(FILL, fill),
			.addr = cmd->addr,
			.size = cmd->size,
			.value = cmd->value,
		} };
	case VMB_CMD_COPY:
		return (union command){ .copy = {
			.header = HEADER(COPY, copy),
			.dst = cmd->addr,
			.src = cmd->src,
			.size = cmd->size,
		} };
	case VMB_CMD_WRITE:
		return (union command){ .write = {
			.header = HEADER(WRITE, write),
			.addr = cmd->addr,
			.value = cmd->value,
		} };
	case VMB_CMD_WAIT:
		return (union command){ .wait = {
			.header = HEADER(WAIT, wait),
			.addr = cmd->addr,
			.value = cmd->value,
			.cond = DRM_EVGEM_COND_GE,
		} };
	}
	igt_assert(false);
	return (union command){ 0 };
}

static void spoil_command(union command *command, enum vmb_wrong wrong)
{
	switch (wrong) {
	case VMB_WRONG_EXEC_CMD:
		command->header.cmd = 4711;
		break;
	case VMB_WRONG_EXEC_CMD_SIZE:
		command->header.size += 8;
		break;
	case VMB_WRONG_EXEC_CMD_PAD:
		*command = make_command(&(struct vmb_cmd){
			.type = VMB_CMD_FILL,
		});
		command->fill.pad = 1;
		break;
	case VMB_WRONG_EXEC_CMD_ALIGN:
		*command = make_command(&(struct vmb_cmd){
			.type = VMB_CMD_WRITE,
			.addr = 4,
		});
		break;
	default:
		break;
	}
}

static void spoil_exec(struct drm_evgem_exec *args,
		       struct drm_evgem_cmdbuf *buf, enum vmb_wrong wrong)
{
	switch (wrong) {
	case VMB_WRONG_EXEC_FLAG:
		args->flags = 1;
		break;
	case VMB_WRONG_EXEC_BUF_FLAG:
		buf->flags = 1;
		break;
	case VMB_WRONG_EXEC_BUF_COUNT:
		args->cmdbufs.count = UINT32_MAX;
		break;
	case VMB_WRONG_EXEC_BUF_SIZE:
		buf->size = UINT32_MAX - 7;
		break;
	case VMB_WRONG_EXEC_BUF_ALIGN:
		buf->ptr += 4;
		break;
	case VMB_WRONG_EXEC_BUF_POINTER:
		buf->ptr = PAGE;
		break;
	case VMB_WRONG_EXEC_BUF_STRIDE:
		args->cmdbufs.stride = sizeof(*buf) - 8;
		break;
	case VMB_WRONG_EXEC_CMD_CUT:
		buf->size -= 8;
		break;
	default:
		break;
	}
}

static int exec(int fd, const struct vmb_exec *exec)
{
	struct drm_evgem_cmdbuf buf = { 0 };
	struct drm_evgem_exec args;
	struct drm_evgem_sync *syncs;
	uint8_t *bytes;
	int ret;

	bytes = calloc(exec->num_cmds + 1, sizeof(union command));
	igt_assert(bytes);
	buf.ptr = (uintptr_t)bytes;
	for (uint32_t i = 0; i < exec->num_cmds; i++) {
		union command command = make_command(&exec->cmds[i]);

		if (i == exec->num_cmds - 1)
			spoil_command(&command, exec->wrong);
		memcpy(bytes + buf.size, &command,
		       command.header.size < sizeof(command) ?
		       command.header.size : sizeof(command));
		buf.size += command.header.size;
	}

	syncs = make_syncs(exec->syncs, exec->num_syncs, exec->wrong);
	args = (struct drm_evgem_exec){
		.queue_id = exec->queue,
		.cmdbufs = { (uintptr_t)&buf, 1, sizeof(buf) },
		.syncs = { (uintptr_t)syncs, exec->num_syncs, sizeof(*syncs) },
	};
	spoil_exec(&args, &buf, exec->wrong);
	ret = vmb_ioctl(fd, DRM_IOCTL_EVGEM_EXEC, &args);

	free(syncs);
	free(bytes);
	return ret;
}

static int memory_limit(int fd, uint64_t bytes)
{
	(void)fd;
	return vmb_set_number(PARAMETERS "max_resident_kb", bytes / 1024);
}

static int memory_shrink(int fd, bool shrink)
{
	(void)fd;
	/* 1, the default: only with swap. */
	return vmb_set_number(PARAMETERS "shrink", shrink ? 2 : 1);
}

static int memory(int fd, struct vmb_memory *memory)
{
	unsigned long long resident, evicted, restored;
	char path[64];
	struct stat st;
	FILE *file;
	int n;

	if (fstat(fd, &st))
		return -errno;
	snprintf(path, sizeof(path), DEBUGFS "dri/%u/memory",
		 minor(st.st_rdev));
	file = fopen(path, "re");
	if (!file)
		return -errno;
	n = fscanf(file, "limit %*u resident %llu bos %*u evicted %llu restored %llu",
		   &resident, &evicted, &restored);
	fclose(file);
	if (n != 3)
		return -EPROTO;

	*memory = (struct vmb_memory){ resident, evicted, restored };
	return 0;
}

/* Each is a good call, but for the one thing that is set by name. */
static int wrong_call(int fd, enum vmb_wrong wrong, const struct vmb_ids *ids)
{
	union {
		struct drm_evgem_vm_create vm;
		struct drm_evgem_vm_destroy vm_destroy;
		struct drm_evgem_vm_state vm_state;
		struct drm_evgem_gem_create bo;
		struct drm_evgem_gem_mmap_offset mmap;
		struct drm_evgem_queue_create queue;
		struct drm_evgem_queue_destroy queue_destroy;
		struct drm_evgem_query query;
	} args;

	memset(&args, 0, sizeof(args));
	switch (wrong) {
	case VMB_WRONG_VM_FLAG:
		args.vm.flags = 1;
		return vmb_ioctl(fd, DRM_IOCTL_EVGEM_VM_CREATE, &args);
	case VMB_WRONG_VM_ALIGN:
		args.vm.va_start = 8;
		return vmb_ioctl(fd, DRM_IOCTL_EVGEM_VM_CREATE, &args);
	case VMB_WRONG_VM_DESTROY_PAD:
		args.vm_destroy = (struct drm_evgem_vm_destroy){ ids->vm, 1 };
		return vmb_ioctl(fd, DRM_IOCTL_EVGEM_VM_DESTROY, &args);
	case VMB_WRONG_VM_STATE_PAD:
		args.vm_state.vm_id = ids->vm;
		args.vm_state.pad = 1;
		return vmb_ioctl(fd, DRM_IOCTL_EVGEM_VM_STATE, &args);
	case VMB_WRONG_BO_FLAG:
		args.bo.size = PAGE;
		args.bo.flags = 0x80000000;
		return vmb_ioctl(fd, DRM_IOCTL_EVGEM_GEM_CREATE, &args);
	case VMB_WRONG_BO_PAD:
		args.bo.size = PAGE;
		args.bo.pad = 1;
		return vmb_ioctl(fd, DRM_IOCTL_EVGEM_GEM_CREATE, &args);
	case VMB_WRONG_MMAP_PAD:
		args.mmap.handle = ids->bo;
		args.mmap.pad = 1;
		return vmb_ioctl(fd, DRM_IOCTL_EVGEM_GEM_MMAP_OFFSET, &args);
	case VMB_WRONG_QUEUE_FLAG:
		args.queue.vm_id = ids->vm;
		args.queue.flags = 1;
		return vmb_ioctl(fd, DRM_IOCTL_EVGEM_QUEUE_CREATE, &args);
	case VMB_WRONG_QUEUE_DESTROY_PAD:
		args.queue_destroy.queue_id = ids->queue;
		args.queue_destroy.pad = 1;
		return vmb_ioctl(fd, DRM_IOCTL_EVGEM_QUEUE_DESTROY, &args);
	case VMB_WRONG_QUERY:
		args.query.query = 4711;
		return vmb_ioctl(fd, DRM_IOCTL_EVGEM_QUERY, &args);
	case VMB_WRONG_QUERY_POINTER:
		args.query.query = DRM_EVGEM_QUERY_DEVICE;
		args.query.size = 8;
		args.query.data = PAGE;
		return vmb_ioctl(fd, DRM_IOCTL_EVGEM_QUERY, &args);
	case VMB_WRONG_IOCTL:
		return vmb_ioctl(fd, DRM_IO(DRM_COMMAND_BASE + 0x5f), NULL);
	default:
		return VMB_CANNOT;
	}
}

/*
 * The driver in Rust has no files beside its ioctls: those that are there, if the
 * other one is loaded too, are not its own.
 */
static int query_rust(int fd, struct vmb_caps *caps)
{
	int ret = query(fd, caps);

	if (!ret)
		caps->features &= ~VMB_LIMIT;

	return ret;
}

/* One interface, two drivers. */
#define DRIVER(is_named, queried) { \
	.name = is_named, \
	.query = queried, \
	.vm_create = vm_create, \
	.vm_destroy = vm_destroy, \
	.vm_report = vm_report, \
	.bo_create = bo_create, \
	.bo_offset = bo_offset, \
	.bind = bind, \
	.queue_create = queue_create, \
	.queue_destroy = queue_destroy, \
	.exec = exec, \
	.memory_limit = memory_limit, \
	.memory_shrink = memory_shrink, \
	.memory = memory, \
	.break_binds = vmb_break_binds, \
	.wrong_call = wrong_call, \
}

const struct vmb_driver vmb_example_vgem = DRIVER("example-vgem", query);
const struct vmb_driver vmb_example_vgem_rust =
	DRIVER("example-vgem-rust", query_rust);
