// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Bad input: a call that is good but for one thing. It is refused with the errno
 * that belongs to that, nothing has changed, and the good call still works.
 *
 * Most rows are tables: what is wrong, and the errno. How a field is spoiled is
 * the driver's file to know.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include <xf86drm.h>

#include "vmb_world.h"

IGT_TEST_DESCRIPTION("Calls that are wrong in one thing");

#define PAGES VMB_WORLD_PAGES
#define OPS VMB_WORLD_OPS

static struct vmb_world w;

/* Row by row, one field of a bind */

static void bad_bind(int error, enum vmb_wrong wrong)
{
	vmb_fails(error, vmb_world_bind(&w, wrong));
	vmb_world_unchanged(&w);
	vmb_world_works(&w);
}

/* The last operation, changed by hand. */
static void bad_op(int error, struct vmb_op op)
{
	w.ops[OPS - 1] = op;
	vmb_fails(error, vmb_try_bind(&w.vm, w.ops, OPS));
	vmb_world_unchanged(&w);
	/* In front of the others, too: no difference. */
	w.ops[OPS - 1] = w.ops[0];
	w.ops[0] = op;
	vmb_fails(error, vmb_try_bind(&w.vm, w.ops, OPS));
	vmb_world_unchanged(&w);
	vmb_world_works(&w);
}

static void exec_fails(int error, enum vmb_wrong wrong)
{
	struct vmb_cmd cmds[] = {
		vmb_write(VMB_WINDOW, 4711), vmb_write(VMB_WINDOW + 8, 4712),
	};

	memset(w.vm.window.cpu, 0, VMB_PAGE);
	vmb_fails(error, w.dev->drv->exec(w.dev->fd, &(struct vmb_exec){
		.queue = w.vm.queue,
		.cmds = cmds,
		.num_cmds = 2,
		.syncs = w.syncs,
		.num_syncs = vmb_world_syncs(&w),
		.wrong = wrong,
	}));
	/* Jobs of a queue run in order: it would have run before this one. */
	vmb_ok(vmb_run(w.dev, w.vm.queue, NULL, 0));
	igt_assert_eq_u64(w.vm.window.cpu[0], 0);
	igt_assert_eq_u64(w.vm.window.cpu[1], 0);
	vmb_world_unchanged(&w);
	vmb_ok(vmb_run(w.dev, w.vm.queue, cmds, 2));
	igt_assert_eq_u64(w.vm.window.cpu[1], 4712);
}

static void call_fails(int error, enum vmb_wrong wrong)
{
	struct vmb_ids ids = { w.vm.id, w.a.handle, w.vm.queue };

	vmb_fails(error, w.dev->drv->wrong_call(w.dev->fd, wrong, &ids));
	vmb_world_unchanged(&w);
	vmb_world_works(&w);
}

/* Spoiled by the driver's file. The number is the row of the table of rules. */
static const struct {
	const char *name;
	void (*fails)(int error, enum vmb_wrong wrong);
	int error;
	enum vmb_wrong wrong;
} rows[] = {
	{ "01-vm-flag", call_fails, EINVAL, VMB_WRONG_VM_FLAG },
	{ "01-vm-destroy-pad", call_fails, EINVAL, VMB_WRONG_VM_DESTROY_PAD },
	{ "01-vm-state-pad", call_fails, EINVAL, VMB_WRONG_VM_STATE_PAD },
	{ "01-bo-flag", call_fails, EINVAL, VMB_WRONG_BO_FLAG },
	{ "01-bo-pad", call_fails, EINVAL, VMB_WRONG_BO_PAD },
	{ "01-mmap-pad", call_fails, EINVAL, VMB_WRONG_MMAP_PAD },
	{ "01-queue-flag", call_fails, EINVAL, VMB_WRONG_QUEUE_FLAG },
	{ "01-queue-destroy-pad", call_fails, EINVAL,
	  VMB_WRONG_QUEUE_DESTROY_PAD },
	{ "01-query", call_fails, EINVAL, VMB_WRONG_QUERY },
	{ "01-query-pointer", call_fails, EFAULT, VMB_WRONG_QUERY_POINTER },
	{ "02-vm-align", call_fails, EINVAL, VMB_WRONG_VM_ALIGN },
	{ "06-bind-flag", bad_bind, EINVAL, VMB_WRONG_BIND_FLAG },
	{ "06-op-type", bad_bind, EINVAL, VMB_WRONG_OP_TYPE },
	{ "06-op-flag", bad_bind, EINVAL, VMB_WRONG_OP_FLAG },
	{ "06-op-pad", bad_bind, EINVAL, VMB_WRONG_OP_PAD },
	{ "06-op-rest", bad_bind, EINVAL, VMB_WRONG_OP_REST },
	{ "07-stride-short", bad_bind, EINVAL, VMB_WRONG_OP_STRIDE },
	{ "07-tail", bad_bind, E2BIG, VMB_WRONG_OP_TAIL },
	{ "07-sync-stride", bad_bind, EINVAL, VMB_WRONG_BIND_SYNC_STRIDE },
	{ "08-pointer", bad_bind, EFAULT, VMB_WRONG_OPS_POINTER },
	{ "08-last-element", bad_bind, EFAULT, VMB_WRONG_OPS_CUT },
	{ "08-sync-pointer", bad_bind, EFAULT, VMB_WRONG_BIND_SYNC_POINTER },
	{ "09-count", bad_bind, EINVAL, VMB_WRONG_OPS_COUNT },
	{ "17-sync-type", bad_bind, EINVAL, VMB_WRONG_BIND_SYNC_TYPE },
	{ "17-sync-flag", bad_bind, EINVAL, VMB_WRONG_BIND_SYNC_FLAG },
	{ "17-sync-both", bad_bind, EINVAL, VMB_WRONG_BIND_SYNC_BOTH },
	{ "17-sync-pad", bad_bind, EINVAL, VMB_WRONG_BIND_SYNC_PAD },
	{ "17-sync-point", bad_bind, EINVAL, VMB_WRONG_BIND_SYNC_POINT },
	{ "17-exec-sync-type", exec_fails, EINVAL, VMB_WRONG_EXEC_SYNC_TYPE },
	{ "17-exec-sync-flag", exec_fails, EINVAL, VMB_WRONG_EXEC_SYNC_FLAG },
	{ "17-exec-sync-pad", exec_fails, EINVAL, VMB_WRONG_EXEC_SYNC_PAD },
	{ "17-exec-sync-point", exec_fails, EINVAL,
	  VMB_WRONG_EXEC_SYNC_POINT },
	{ "22-exec-flag", exec_fails, EINVAL, VMB_WRONG_EXEC_FLAG },
	{ "22-buffer-flag", exec_fails, EINVAL, VMB_WRONG_EXEC_BUF_FLAG },
	{ "22-buffer-count", exec_fails, EINVAL, VMB_WRONG_EXEC_BUF_COUNT },
	{ "22-buffer-size", exec_fails, EINVAL, VMB_WRONG_EXEC_BUF_SIZE },
	{ "22-buffer-align", exec_fails, EINVAL, VMB_WRONG_EXEC_BUF_ALIGN },
	{ "22-buffer-stride", exec_fails, EINVAL, VMB_WRONG_EXEC_BUF_STRIDE },
	{ "22-buffer-pointer", exec_fails, EFAULT, VMB_WRONG_EXEC_BUF_POINTER },
	{ "22-command", exec_fails, EINVAL, VMB_WRONG_EXEC_CMD },
	{ "22-command-size", exec_fails, EINVAL, VMB_WRONG_EXEC_CMD_SIZE },
	{ "22-command-cut", exec_fails, EINVAL, VMB_WRONG_EXEC_CMD_CUT },
	{ "22-command-pad", exec_fails, EINVAL, VMB_WRONG_EXEC_CMD_PAD },
	{ "22-command-align", exec_fails, EINVAL, VMB_WRONG_EXEC_CMD_ALIGN },
	{ "28-ioctl", call_fails, EINVAL, VMB_WRONG_IOCTL },
};

/* Operations that every driver can be given */

#define AT(n) (VMB_DATA + (n) * VMB_PAGE)

static const struct {
	const char *name;
	int error;
	struct vmb_op op;
	/** @needs: set of enum vmb_feature */
	uint32_t needs;
} ops[] = {
	{ "10-addr-align", EINVAL, { VMB_OP_MAP, 0, 1, AT(0) + 8, VMB_PAGE } },
	{ "10-range-align", EINVAL, { VMB_OP_MAP, 0, 1, AT(0), VMB_PAGE + 8 } },
	{ "10-offset-align", EINVAL, { VMB_OP_MAP, 0, 1, AT(0), VMB_PAGE, 8 } },
	{ "10-range-zero", EINVAL, { VMB_OP_MAP, 0, 1, AT(0), 0 } },
	{ "10-unmap-addr-align", EINVAL,
	  { VMB_OP_UNMAP, 0, 0, AT(0) + 8, VMB_PAGE } },
	{ "10-unmap-range-align", EINVAL,
	  { VMB_OP_UNMAP, 0, 0, AT(0), VMB_PAGE - 8 } },
	{ "10-unmap-range-zero", EINVAL, { VMB_OP_UNMAP, 0, 0, AT(0), 0 } },
	{ "10-sparse-addr-align", EINVAL,
	  { VMB_OP_SPARSE, 0, 0, AT(0) + 8, VMB_PAGE }, VMB_SPARSE },
	{ "10-sparse-range-zero", EINVAL, { VMB_OP_SPARSE, 0, 0, AT(0), 0 },
	  VMB_SPARSE },
	{ "11-map-wraps", EINVAL,
	  { VMB_OP_MAP, 0, 1, -VMB_PAGE, 2 * VMB_PAGE } },
	{ "11-map-to-the-end-of-all", EINVAL,
	  { VMB_OP_MAP, 0, 1, -VMB_PAGE, VMB_PAGE } },
	{ "11-unmap-wraps", EINVAL,
	  { VMB_OP_UNMAP, 0, 0, AT(0), -VMB_PAGE } },
	{ "11-sparse-wraps", EINVAL,
	  { VMB_OP_SPARSE, 0, 0, AT(0), -VMB_PAGE }, VMB_SPARSE },
	{ "12-offset-wraps", EINVAL,
	  { VMB_OP_MAP, 0, 1, AT(0), 2 * VMB_PAGE, -VMB_PAGE } },
	{ "12-offset-past-the-bo", EINVAL,
	  { VMB_OP_MAP, 0, 1, AT(0), VMB_PAGE, PAGES * VMB_PAGE } },
	{ "12-range-past-the-bo", EINVAL,
	  { VMB_OP_MAP, 0, 1, AT(0), VMB_PAGE * (PAGES + 1) } },
	{ "12-end-past-the-bo", EINVAL,
	  { VMB_OP_MAP, 0, 1, AT(0), 2 * VMB_PAGE, (PAGES - 1) * VMB_PAGE } },
	{ "13-map-without-bo", EINVAL, { VMB_OP_MAP, 0, 0, AT(0), VMB_PAGE } },
	{ "13-unmap-with-bo", EINVAL,
	  { VMB_OP_UNMAP, 0, 1, AT(0), VMB_PAGE } },
	{ "13-unmap-with-offset", EINVAL,
	  { VMB_OP_UNMAP, 0, 0, AT(0), VMB_PAGE, VMB_PAGE } },
	{ "13-sparse-with-bo", EINVAL,
	  { VMB_OP_SPARSE, 0, 1, AT(0), VMB_PAGE }, VMB_SPARSE },
	{ "13-sparse-with-offset", EINVAL,
	  { VMB_OP_SPARSE, 0, 0, AT(0), VMB_PAGE, VMB_PAGE }, VMB_SPARSE },
	{ "13-sparse-readonly", EINVAL,
	  { VMB_OP_SPARSE, VMB_OP_READONLY, 0, AT(0), VMB_PAGE },
	  VMB_SPARSE | VMB_READONLY },
	{ "13-unmap-readonly", EINVAL,
	  { VMB_OP_UNMAP, VMB_OP_READONLY, 0, AT(0), VMB_PAGE },
	  VMB_READONLY },
	{ "13-unmap-bo-with-range", EINVAL,
	  { VMB_OP_UNMAP_BO, 0, 1, AT(0), VMB_PAGE }, VMB_UNMAP_BO },
	{ "13-unmap-bo-without-bo", EINVAL, { VMB_OP_UNMAP_BO },
	  VMB_UNMAP_BO },
	{ "10-repeat-align", EINVAL,
	  { VMB_OP_MAP, 0, 1, AT(0), 4 * VMB_PAGE, 0, VMB_PAGE + 8 },
	  VMB_REPEAT },
	{ "12-repeat-past-the-bo", EINVAL,
	  { VMB_OP_MAP, 0, 1, AT(0), 8 * VMB_PAGE, (PAGES - 1) * VMB_PAGE,
	    2 * VMB_PAGE }, VMB_REPEAT },
	{ "12-repeat-above-the-range", EINVAL,
	  { VMB_OP_MAP, 0, 1, AT(0), 2 * VMB_PAGE, 0, 3 * VMB_PAGE },
	  VMB_REPEAT },
	{ "13-unmap-repeat", EINVAL,
	  { VMB_OP_UNMAP, 0, 0, AT(0), 4 * VMB_PAGE, 0, VMB_PAGE },
	  VMB_REPEAT },
	{ "13-sparse-repeat", EINVAL,
	  { VMB_OP_SPARSE, 0, 0, AT(0), 4 * VMB_PAGE, 0, VMB_PAGE },
	  VMB_REPEAT | VMB_SPARSE },
	{ "10-userptr-align", EINVAL,
	  { VMB_OP_USERPTR, 0, 0, AT(0), VMB_PAGE, 8 }, VMB_USERPTR },
	{ "10-userptr-range-zero", EINVAL,
	  { VMB_OP_USERPTR, 0, 0, AT(0), 0, VMB_PAGE }, VMB_USERPTR },
	{ "12-userptr-wraps", EINVAL,
	  { VMB_OP_USERPTR, 0, 0, AT(0), 2 * VMB_PAGE, -VMB_PAGE },
	  VMB_USERPTR },
	{ "12-userptr-of-nothing", EFAULT,
	  { VMB_OP_USERPTR, 0, 0, AT(0), VMB_PAGE, VMB_PAGE }, VMB_USERPTR },
	{ "12-userptr-of-the-kernel", EFAULT,
	  { VMB_OP_USERPTR, 0, 0, AT(0), VMB_PAGE, 1ull << 63 },
	  VMB_USERPTR },
	{ "13-userptr-with-bo", EINVAL,
	  { VMB_OP_USERPTR, 0, 1, AT(0), VMB_PAGE, VMB_PAGE }, VMB_USERPTR },
	{ "13-userptr-repeat", EINVAL,
	  { VMB_OP_USERPTR, 0, 0, AT(0), 4 * VMB_PAGE, VMB_PAGE, VMB_PAGE },
	  VMB_USERPTR | VMB_REPEAT },
	{ "14-unknown-handle", ENOENT,
	  { VMB_OP_MAP, 0, 0x7fffffff, AT(0), VMB_PAGE } },
	{ "14-unmap-bo-unknown-handle", ENOENT,
	  { VMB_OP_UNMAP_BO, 0, 0x7fffffff }, VMB_UNMAP_BO },
};

/* Whose number 1 stands for the BO of the world. */
static void bad_op_row(struct vmb_op op, int error)
{
	if (op.bo == 1)
		op.bo = w.a.handle;
	bad_op(error, op);
}

/* What does not fit a table */

static void vm_range(struct vmb_dev *dev)
{
	const uint64_t end = dev->caps.va_end;
	const struct {
		uint64_t start, range;
	} bad[] = {
		{ 0, end + VMB_PAGE }, { VMB_PAGE, end }, { end, VMB_PAGE },
		{ end - VMB_PAGE, 2 * VMB_PAGE }, { 0, VMB_PAGE + 8 },
		{ -VMB_PAGE, VMB_PAGE }, { -VMB_PAGE, 2 * VMB_PAGE },
		{ VMB_PAGE, -VMB_PAGE },
	};
	uint32_t vm;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		vmb_fails(EINVAL, dev->drv->vm_create(dev->fd, bad[i].start,
						      bad[i].range, &vm));
	vmb_ok(dev->drv->vm_create(dev->fd, 0, end, &vm));
	vmb_ok(dev->drv->vm_destroy(dev->fd, vm));
}

static void unknown_vm(struct vmb_dev *dev)
{
	struct vmb_op op = vmb_unmap(VMB_DATA, VMB_PAGE);
	uint32_t ids[3] = { 0, 0x7fffffff }, queue;
	struct vmb_report report;

	vmb_ok(dev->drv->vm_create(dev->fd, 0, 0, &ids[2]));
	vmb_ok(dev->drv->vm_destroy(dev->fd, ids[2]));
	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		vmb_fails(ENOENT, dev->drv->vm_destroy(dev->fd, ids[i]));
		vmb_fails(ENOENT, dev->drv->vm_report(dev->fd, ids[i], &report));
		vmb_fails(ENOENT, dev->drv->queue_create(dev->fd, ids[i], 0,
							 &queue));
		vmb_fails(ENOENT, dev->drv->bind(dev->fd, &(struct vmb_bind){
			.vm = ids[i],
			.ops = &op,
			.num_ops = 1,
		}));
	}
}

static void vm_of_another_file(struct vmb_dev *dev)
{
	struct vmb_report report;
	struct vmb_dev second;

	vmb_world_begin(&w, dev);
	vmb_open(&second);
	vmb_fails(ENOENT, second.drv->vm_destroy(second.fd, w.vm.id));
	vmb_fails(ENOENT, second.drv->vm_report(second.fd, w.vm.id, &report));
	vmb_fails(ENOENT, second.drv->bind(second.fd, &(struct vmb_bind){
		.vm = w.vm.id,
		.ops = &w.ops[1],
		.num_ops = 1,
	}));
	vmb_fails(ENOENT, vmb_try_exec(&second, w.vm.queue, NULL, 0, NULL, 0));
	vmb_fails(ENOENT, second.drv->queue_destroy(second.fd, w.vm.queue));
	vmb_close(&second);
	vmb_world_unchanged(&w);
	vmb_world_works(&w);
}

/* At the ends of a VM, to the page. */
static void ends_of_a_vm(struct vmb_dev *dev)
{
	const uint64_t start = dev->caps.va_start, end = dev->caps.va_end;

	vmb_world_begin(&w, dev);
	bad_op(EINVAL, vmb_map(&w.a, 0, end, VMB_PAGE));
	bad_op(EINVAL, vmb_map(&w.a, 0, end - VMB_PAGE, 2 * VMB_PAGE));
	bad_op(EINVAL, vmb_unmap(end - VMB_PAGE, 2 * VMB_PAGE));
	VMB_BIND(&w.vm, vmb_map(&w.a, 0, end - VMB_PAGE, VMB_PAGE));
	vmb_shows(&w.vm, end - VMB_PAGE, VMB_PAGE, &w.a, 0);
	VMB_BIND(&w.vm, vmb_unmap(end - VMB_PAGE, VMB_PAGE));
	if (start) {
		bad_op(EINVAL, vmb_map(&w.a, 0, start - VMB_PAGE, VMB_PAGE));
		bad_op(EINVAL, vmb_map(&w.a, 0, start - VMB_PAGE, 2 * VMB_PAGE));
		bad_op(EINVAL, vmb_unmap(0, start + VMB_PAGE));
	}
}

static void closed_handle(struct vmb_dev *dev)
{
	struct vmb_bo bo;

	vmb_world_begin(&w, dev);
	vmb_bo_create(&bo, dev, VMB_PAGE, 0, 0, 3);
	vmb_bo_close(&bo);
	bad_op(ENOENT, vmb_map(&bo, 0, VMB_DATA, VMB_PAGE));
}

static void handle_of_another_file(struct vmb_dev *dev)
{
	struct vmb_dev second;
	struct vmb_bo bo;

	vmb_world_begin(&w, dev);
	vmb_open(&second);
	/* With a number that this file does not have. */
	for (int i = 0; i < 20; i++)
		vmb_bo_create(&bo, &second, VMB_PAGE, 0, 0, 3);
	bad_op(ENOENT, vmb_map(&bo, 0, VMB_DATA, VMB_PAGE));
	vmb_close(&second);
}

static void private_bo_of_another_vm(struct vmb_dev *dev)
{
	uint32_t other;
	struct vmb_bo bo;
	int dmabuf;

	vmb_world_begin(&w, dev);
	vmb_ok(dev->drv->vm_create(dev->fd, 0, 0, &other));
	vmb_bo_create(&bo, dev, 4 * VMB_PAGE, 0, other, 3);
	bad_op(EINVAL, vmb_map(&bo, 0, VMB_DATA, VMB_PAGE));
	if (dev->caps.features & VMB_PRIME) {
		vmb_fails(EPERM, drmPrimeHandleToFD(dev->fd, bo.handle,
						    DRM_CLOEXEC, &dmabuf) ?
				 -errno : 0);
	}
}

static void bo_size(struct vmb_dev *dev)
{
	const uint64_t bad[] = { 0, 8, VMB_PAGE + 8, -VMB_PAGE, ~0ull };
	uint32_t bo;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		int ret = dev->drv->bo_create(dev->fd, bad[i], 0, 0, &bo);

		/* It may round up what is no multiple of a page. */
		if (ret == VMB_CANNOT)
			continue;
		/* What is too large may also be too large for a quota. */
		igt_assert_f(ret == -EINVAL ||
			     (bad[i] == -VMB_PAGE &&
			      (ret == -ENOSPC || ret == -ENOMEM)),
			     "a BO of %#llx bytes: %d\n",
			     (unsigned long long)bad[i], ret);
	}
	vmb_fails(ENOENT, dev->drv->bo_create(dev->fd, VMB_PAGE, 0, 0x7fffffff,
					      &bo));
}

static void syncs_of_a_synchronous_bind(struct vmb_dev *dev)
{
	vmb_world_begin(&w, dev);
	vmb_fails(EINVAL, dev->drv->bind(dev->fd, &(struct vmb_bind){
		.vm = w.vm.id,
		.ops = w.ops,
		.num_ops = OPS,
		.syncs = w.syncs,
		.num_syncs = 2,
	}));
	vmb_world_unchanged(&w);
	vmb_world_works(&w);
}

static void sync_fails(int error, struct vmb_sync sync)
{
	struct vmb_cmd cmd = vmb_write(VMB_WINDOW, 4711);

	w.syncs[0] = sync;
	vmb_fails(error, vmb_world_bind(&w, VMB_RIGHT));
	vmb_world_unchanged(&w);
	memset(w.vm.window.cpu, 0, VMB_PAGE);
	vmb_fails(error, vmb_try_exec(w.dev, w.vm.queue, &cmd, 1, w.syncs, 2));
	vmb_ok(vmb_run(w.dev, w.vm.queue, NULL, 0));
	igt_assert_eq_u64(w.vm.window.cpu[0], 0);
	vmb_world_unchanged(&w);
	vmb_world_works(&w);
}

static void unknown_syncobj(struct vmb_dev *dev)
{
	uint32_t gone = vmb_syncobj(dev);

	vmb_world_begin(&w, dev);
	/* Else its number might go to one that a job of this test needs. */
	vmb_world_unchanged(&w);
	igt_assert(!drmSyncobjDestroy(dev->fd, gone));
	sync_fails(ENOENT, vmb_wait(0x7fffffff, 0));
	sync_fails(ENOENT, vmb_wait(gone, 0));
	sync_fails(ENOENT, vmb_signal(gone, 0));
}

static void syncobj_without_a_fence(struct vmb_dev *dev)
{
	vmb_world_begin(&w, dev);
	sync_fails(EINVAL, vmb_wait(vmb_syncobj(dev), 0));
}

static void point_never_submitted(struct vmb_dev *dev)
{
	uint32_t line = vmb_syncobj(dev);

	vmb_world_begin(&w, dev);
	sync_fails(EINVAL, vmb_wait(line, 1));
	vmb_ok(vmb_try_exec(dev, w.vm.queue, NULL, 0,
			    VMB_SYNCS(vmb_signal(line, 5))));
	vmb_ok(vmb_done(dev, line, 5));
	sync_fails(EINVAL, vmb_wait(line, 6));
}

static void unknown_queue(struct vmb_dev *dev)
{
	uint32_t ids[3] = { 0, 0x7fffffff };

	vmb_world_begin(&w, dev);
	ids[2] = vmb_queue(&w.vm, 0);
	vmb_ok(dev->drv->queue_destroy(dev->fd, ids[2]));
	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		vmb_fails(ENOENT, vmb_try_exec(dev, ids[i], NULL, 0, w.syncs,
					       2));
		vmb_fails(ENOENT, dev->drv->queue_destroy(dev->fd, ids[i]));
	}
	vmb_world_unchanged(&w);
}

static void queue_timeout(struct vmb_dev *dev)
{
	uint32_t queue;

	vmb_world_begin(&w, dev);
	vmb_fails(EINVAL, dev->drv->queue_create(dev->fd, w.vm.id,
						 dev->caps.max_timeout_ms + 1,
						 &queue));
	vmb_ok(dev->drv->queue_create(dev->fd, w.vm.id,
				      dev->caps.max_timeout_ms, &queue));
}

static void queue_quota(struct vmb_dev *dev)
{
	uint32_t queue, n = 0;
	int ret = 0;

	vmb_world_begin(&w, dev);
	igt_require_f(dev->caps.max_queues <= 4096,
		      "as many queues as memory has room for\n");
	while (!ret && n <= dev->caps.max_queues) {
		ret = dev->drv->queue_create(dev->fd, w.vm.id, 0, &queue);
		n += !ret;
	}
	igt_assert_eq(ret, -ENOSPC);
	/* The world has one. */
	igt_assert_eq_u32(n + 1, dev->caps.max_queues);
	vmb_ok(dev->drv->queue_destroy(dev->fd, queue));
	vmb_ok(dev->drv->queue_create(dev->fd, w.vm.id, 0, &queue));
}

static void foreign_mmap(struct vmb_dev *dev)
{
	struct vmb_dev second;
	uint64_t offset;

	vmb_world_begin(&w, dev);
	vmb_open(&second);
	vmb_ok(dev->drv->bo_offset(dev->fd, w.a.handle, &offset));
	igt_assert(mmap(NULL, VMB_PAGE, PROT_READ, MAP_SHARED, second.fd,
			offset) == MAP_FAILED);
	igt_assert_eq(errno, EACCES);
	igt_assert(mmap(NULL, w.a.size + VMB_PAGE, PROT_READ, MAP_SHARED,
			dev->fd, offset) == MAP_FAILED);
	igt_assert_eq(errno, EINVAL);
	igt_assert(mmap(NULL, VMB_PAGE, PROT_READ, MAP_SHARED, dev->fd,
			1ull << 46) == MAP_FAILED);
	igt_assert_eq(errno, EINVAL);
	vmb_close(&second);
	vmb_world_unchanged(&w);
}

static void mmap_of_an_unknown_handle(struct vmb_dev *dev)
{
	uint64_t offset;

	vmb_fails(ENOENT, dev->drv->bo_offset(dev->fd, 0, &offset));
	vmb_fails(ENOENT, dev->drv->bo_offset(dev->fd, 0x7fffffff, &offset));
}

static void import_of_what_is_no_dmabuf(struct vmb_dev *dev)
{
	int files[] = {
		memfd_create("no dma-buf", MFD_CLOEXEC),
		open("/", O_RDONLY | O_CLOEXEC),
		dup(dev->fd),
	};
	uint32_t handle;

	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++) {
		igt_assert_fd(files[i]);
		vmb_fails(EINVAL, drmPrimeFDToHandle(dev->fd, files[i],
						     &handle) ? -errno : 0);
		close(files[i]);
		vmb_fails(EBADF, drmPrimeFDToHandle(dev->fd, files[i],
						    &handle) ? -errno : 0);
	}
}

static void ioctl_of_another_type(struct vmb_dev *dev)
{
	igt_assert_eq(igt_ioctl(dev->fd, _IO('x', 1), NULL), -1);
	igt_assert_eq(errno, ENOTTY);
}

static const struct vmb_test tests[] = {
	{ "row-02-vm-range", vm_range, "VMs that end where none may",
	  VMB_VM_RANGE | VMB_VMS },
	{ "row-03-unknown-vm", unknown_vm, "VMs that never were, or are gone",
	  VMB_VMS | VMB_FAULT_TOLD },
	{ "row-03-vm-of-another-file", vm_of_another_file,
	  "VMs and queues of another file", VMB_VMS | VMB_FAULT_TOLD },
	{ "row-04-queue-quota", queue_quota, "One queue too many" },
	{ "row-11-ends-of-a-vm", ends_of_a_vm, "To the page at both ends" },
	{ "row-12-bo-size", bo_size, "BOs of sizes that cannot be" },
	{ "row-14-closed-handle", closed_handle, "A handle that was closed" },
	{ "row-14-handle-of-another-file", handle_of_another_file,
	  "A handle of another file" },
	{ "row-15-private-bo-of-another-vm", private_bo_of_another_vm,
	  "A private BO elsewhere", VMB_PRIVATE | VMB_VMS },
	{ "row-17-syncs-of-a-synchronous-bind", syncs_of_a_synchronous_bind,
	  "Syncs of a call that waits", VMB_ASYNC },
	{ "row-18-unknown-syncobj", unknown_syncobj,
	  "Syncobjs that never were, or are gone", VMB_ASYNC },
	{ "row-19-syncobj-without-a-fence", syncobj_without_a_fence,
	  "Waiting for what nobody submitted", VMB_ASYNC },
	{ "row-19-point-never-submitted", point_never_submitted,
	  "Points that nobody submitted", VMB_ASYNC | VMB_TIMELINE },
	{ "row-21-unknown-queue", unknown_queue,
	  "Queues that never were, or are gone" },
	{ "row-21-queue-timeout", queue_timeout, "A timeout too long",
	  VMB_TIMEOUT },
	{ "row-28-ioctl-of-another-type", ioctl_of_another_type,
	  "Not an ioctl of DRM" },
	{ "row-29-foreign-mmap", foreign_mmap, "mmap of what is not ours" },
	{ "row-29-mmap-of-an-unknown-handle", mmap_of_an_unknown_handle,
	  "mmap of nothing" },
	{ "row-30-import-of-what-is-no-dmabuf", import_of_what_is_no_dmabuf,
	  "Imports of files of all kinds, and of none", VMB_PRIME },
};

static void run_rows(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		igt_describe_f("Refused with %s", strerror(rows[i].error));
		igt_subtest_f("row-%s", rows[i].name) {
			struct vmb_dev dev;

			vmb_begin(&dev);
			vmb_world_begin(&w, &dev);
			rows[i].fails(rows[i].error, rows[i].wrong);
			vmb_end(&dev);
		}
	}
}

static void run_ops(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
		igt_describe_f("An operation that is refused with %s",
			       strerror(ops[i].error));
		igt_subtest_f("row-%s", ops[i].name) {
			struct vmb_dev dev;

			vmb_begin(&dev);
			vmb_need(&dev, ops[i].needs);
			vmb_world_begin(&w, &dev);
			bad_op_row(ops[i].op, ops[i].error);
			vmb_end(&dev);
		}
	}
}

VMB_MAIN()
{
	run_rows();
	run_ops();
	vmb_subtests(tests, ARRAY_SIZE(tests));
}
