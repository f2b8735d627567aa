// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * VMs, and what the engine sees in them.
 */
#include <xf86drm.h>

#include "vmb.h"

void vmb_vm_create(struct vmb_vm *vm, struct vmb_dev *dev)
{
	struct vmb_bo *window = &vm->window;

	igt_require_f(dev->caps.features & VMB_VMS || !dev->vms,
		      "%s has one VM for each open file\n", dev->drv->name);
	vm->dev = dev;
	vmb_ok(dev->drv->vm_create(dev->fd, 0, 0, &vm->id));
	dev->vms++;
	vm->queue = vmb_queue(vm, 0);
	*window = (struct vmb_bo){ .dev = dev, .size = VMB_WINDOW_SIZE };
	vmb_ok(dev->drv->bo_create(dev->fd, window->size, 0,
				   dev->caps.features & VMB_PRIVATE ? vm->id : 0,
				   &window->handle));
	window->cpu = vmb_bo_map(dev, window->handle, window->size);
	VMB_BIND(vm, vmb_map(&vm->window, 0, VMB_WINDOW, VMB_WINDOW_SIZE));
}

void vmb_vm_destroy(struct vmb_vm *vm)
{
	struct vmb_dev *dev = vm->dev;

	vmb_ok(dev->drv->queue_destroy(dev->fd, vm->queue));
	if (dev->caps.features & VMB_VMS) {
		vmb_ok(dev->drv->vm_destroy(dev->fd, vm->id));
		dev->vms--;
	} else {
		VMB_BIND(vm, vmb_unmap(VMB_WINDOW, VMB_WINDOW_SIZE));
	}
	vmb_bo_close(&vm->window);
}

struct vmb_report vmb_report(struct vmb_vm *vm)
{
	struct vmb_report report = { 0 };

	if (vm->dev->caps.features & (VMB_COUNTS | VMB_FAULT_TOLD))
		vmb_ok(vm->dev->drv->vm_report(vm->dev->fd, vm->id, &report));
	return report;
}

/* Operations */

struct vmb_op vmb_map(const struct vmb_bo *bo, uint64_t offset, uint64_t addr,
		      uint64_t range)
{
	return (struct vmb_op){
		.type = bo->handle ? VMB_OP_MAP : VMB_OP_USERPTR,
		.bo = bo->handle,
		.addr = addr,
		.range = range,
		.offset = bo->handle ? offset : (uintptr_t)bo->cpu + offset,
	};
}

struct vmb_op vmb_map_readonly(const struct vmb_bo *bo, uint64_t offset,
			       uint64_t addr, uint64_t range)
{
	struct vmb_op op = vmb_map(bo, offset, addr, range);

	op.flags = VMB_OP_READONLY;
	return op;
}

struct vmb_op vmb_map_repeat(const struct vmb_bo *bo, uint64_t offset,
			     uint64_t addr, uint64_t range, uint64_t repeat)
{
	struct vmb_op op = vmb_map(bo, offset, addr, range);

	op.repeat = repeat;
	return op;
}

struct vmb_op vmb_unmap(uint64_t addr, uint64_t range)
{
	return (struct vmb_op){
		.type = VMB_OP_UNMAP,
		.addr = addr,
		.range = range,
	};
}

struct vmb_op vmb_sparse(uint64_t addr, uint64_t range)
{
	return (struct vmb_op){
		.type = VMB_OP_SPARSE,
		.addr = addr,
		.range = range,
	};
}

struct vmb_op vmb_unmap_bo(const struct vmb_bo *bo)
{
	return (struct vmb_op){ .type = VMB_OP_UNMAP_BO, .bo = bo->handle };
}

int vmb_try_bind(struct vmb_vm *vm, const struct vmb_op *ops, uint32_t count)
{
	return vm->dev->drv->bind(vm->dev->fd, &(struct vmb_bind){
		.vm = vm->id,
		.ops = ops,
		.num_ops = count,
	});
}

int vmb_try_async(struct vmb_vm *vm, const struct vmb_op *ops, uint32_t count,
		  const struct vmb_sync *syncs, uint32_t num_syncs)
{
	return vm->dev->drv->bind(vm->dev->fd, &(struct vmb_bind){
		.vm = vm->id,
		.async = true,
		.ops = ops,
		.num_ops = count,
		.syncs = syncs,
		.num_syncs = num_syncs,
	});
}

/* Jobs */

struct vmb_cmd vmb_fill(uint64_t addr, uint64_t size, uint32_t value)
{
	return (struct vmb_cmd){
		.type = VMB_CMD_FILL,
		.addr = addr,
		.size = size,
		.value = value,
	};
}

struct vmb_cmd vmb_copy(uint64_t dst, uint64_t src, uint64_t size)
{
	return (struct vmb_cmd){
		.type = VMB_CMD_COPY,
		.addr = dst,
		.src = src,
		.size = size,
	};
}

struct vmb_cmd vmb_write(uint64_t addr, uint64_t value)
{
	return (struct vmb_cmd){
		.type = VMB_CMD_WRITE,
		.addr = addr,
		.value = value,
	};
}

struct vmb_cmd vmb_wait_word(uint64_t addr, uint64_t value)
{
	return (struct vmb_cmd){
		.type = VMB_CMD_WAIT,
		.addr = addr,
		.value = value,
	};
}

uint32_t vmb_queue(struct vmb_vm *vm, uint32_t timeout_ms)
{
	uint32_t queue;

	vmb_ok(vm->dev->drv->queue_create(vm->dev->fd, vm->id, timeout_ms,
					  &queue));
	return queue;
}

int vmb_try_exec(struct vmb_dev *dev, uint32_t queue,
		 const struct vmb_cmd *cmds, uint32_t count,
		 const struct vmb_sync *syncs, uint32_t num_syncs)
{
	return dev->drv->exec(dev->fd, &(struct vmb_exec){
		.queue = queue,
		.cmds = cmds,
		.num_cmds = count,
		.syncs = syncs,
		.num_syncs = num_syncs,
	});
}

/* Made once for a file, because most jobs are waited for at once. */
static const uint32_t *ends_of(struct vmb_dev *dev, uint32_t count)
{
	igt_assert(count <= VMB_ENDS);
	if (dev->owner != getpid()) {
		for (uint32_t i = 0; i < VMB_ENDS; i++)
			dev->ends[i] = vmb_syncobj(dev);
		dev->owner = getpid();
	}
	return dev->ends;
}

int vmb_run(struct vmb_dev *dev, uint32_t queue, const struct vmb_cmd *cmds,
	    uint32_t count)
{
	uint32_t end = ends_of(dev, 1)[0];

	vmb_ok(vmb_try_exec(dev, queue, cmds, count,
			    VMB_SYNCS(vmb_signal(end, 0))));
	return vmb_done(dev, end, 0);
}

void vmb_run_all(struct vmb_dev *dev, uint32_t queue,
		 const struct vmb_cmd *cmds, uint32_t count, int *status)
{
	const uint32_t *ends = ends_of(dev, count);

	for (uint32_t i = 0; i < count; i++)
		vmb_ok(vmb_try_exec(dev, queue, &cmds[i], 1,
				    VMB_SYNCS(vmb_signal(ends[i], 0))));
	/* The last one first: then there is nothing to wait for. */
	for (uint32_t i = count; i-- > 0;)
		status[i] = vmb_done(dev, ends[i], 0);
}

/* What the engine sees */

int vmb_read(struct vmb_vm *vm, uint64_t addr, void *buf, uint64_t size)
{
	int status;

	igt_assert(size <= VMB_WINDOW_SIZE);
	/* What is there is not mistaken for what was read. */
	memset(vm->window.cpu, 0x5a, size);
	status = vmb_run1(vm, vmb_copy(VMB_WINDOW, addr, size));
	if (!status)
		memcpy(buf, vm->window.cpu, size);

	return status;
}

uint64_t vmb_word_at(struct vmb_vm *vm, uint64_t addr)
{
	uint64_t word;

	vmb_ok(vmb_read(vm, addr, &word, sizeof(word)));
	return word;
}

/* The engine's view and, where the CPU has the BO mapped, the CPU's. */
static void window_shows(struct vmb_vm *vm, uint64_t addr, uint64_t size,
			 const struct vmb_bo *bo, uint64_t offset)
{
	for (uint64_t at = 0; at < size; at += 8) {
		uint64_t seen = vm->window.cpu[at / 8];
		uint64_t want = vmb_word(bo, offset + at);

		igt_assert_f(seen == want, "%#llx shows %#llx, not %#llx\n",
			     (unsigned long long)(addr + at),
			     (unsigned long long)seen,
			     (unsigned long long)want);
		if (bo->cpu)
			igt_assert_eq_u64(bo->cpu[(offset + at) / 8], want);
	}
}

void vmb_shows(struct vmb_vm *vm, uint64_t addr, uint64_t range,
	       const struct vmb_bo *bo, uint64_t offset)
{
	while (range) {
		uint64_t n = range < VMB_WINDOW_SIZE ? range : VMB_WINDOW_SIZE;

		memset(vm->window.cpu, 0x5a, n);
		vmb_ok(vmb_run1(vm, vmb_copy(VMB_WINDOW, addr, n)));
		window_shows(vm, addr, n, bo, offset);
		addr += n;
		offset += n;
		range -= n;
	}
}

void vmb_reaches(struct vmb_vm *vm, uint64_t addr, uint64_t range,
		 const struct vmb_bo *bo, uint64_t offset)
{
	uint32_t count = range / VMB_PAGE;
	struct vmb_cmd *cmds = calloc(count, sizeof(*cmds));

	igt_assert(cmds);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t place = i * VMB_PAGE + 8 * (i % 512);

		cmds[i] = vmb_write(addr + place, ~vmb_word(bo, offset + place));
	}
	vmb_ok(vmb_run(vm->dev, vm->queue, cmds, count));
	free(cmds);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t place = offset + i * VMB_PAGE + 8 * (i % 512);

		igt_assert_eq_u64(bo->cpu[place / 8], ~vmb_word(bo, place));
		bo->cpu[place / 8] = vmb_word(bo, place);
	}
}

/* After a fault: one that takes jobs. */
static void queue_anew(struct vmb_vm *vm)
{
	if (vm->dev->caps.features & VMB_FAULT_ALONE)
		return;

	vmb_ok(vm->dev->drv->queue_destroy(vm->dev->fd, vm->queue));
	vm->queue = vmb_queue(vm, 0);
}

void vmb_fault_told(struct vmb_vm *vm, uint64_t addr, bool write)
{
	struct vmb_report report = vmb_report(vm);

	if (!(vm->dev->caps.features & VMB_FAULT_TOLD))
		return;

	igt_assert_eq_u64(report.fault_addr, addr);
	igt_assert_eq(report.fault_write, write);
}

void vmb_job_faults(struct vmb_vm *vm, const struct vmb_cmd *cmds,
		    uint32_t count)
{
	igt_assert_eq(vmb_run(vm->dev, vm->queue, cmds, count),
		      -vm->dev->caps.fault_error);
	queue_anew(vm);
}

void vmb_has_faulted(struct vmb_vm *vm, uint32_t syncobj)
{
	igt_assert_eq(vmb_done(vm->dev, syncobj, 0),
		      -vm->dev->caps.fault_error);
	queue_anew(vm);
}

static void run_each(struct vmb_vm *vm, const struct vmb_cmd *cmds,
		     uint32_t count, int *status)
{
	if (vm->dev->caps.features & VMB_FAULT_ALONE) {
		vmb_run_all(vm->dev, vm->queue, cmds, count, status);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		status[i] = vmb_run1(vm, cmds[i]);
		queue_anew(vm);
	}
}

void vmb_all_fault(struct vmb_vm *vm, const uint64_t *addrs, const bool *write,
		   uint32_t count)
{
	const struct vmb_caps *caps = &vm->dev->caps;
	uint64_t before = vmb_report(vm).faults;
	struct vmb_cmd cmds[VMB_ENDS];
	int status[VMB_ENDS];

	igt_assert(count && count <= VMB_ENDS);
	if (!(caps->features & VMB_FAULT))
		return;

	for (uint32_t i = 0; i < count; i++)
		cmds[i] = write[i] ? vmb_write(addrs[i], 0x0bad0bad0bad0badull) :
				     vmb_copy(VMB_WINDOW, addrs[i], 8);
	run_each(vm, cmds, count, status);
	for (uint32_t i = 0; i < count; i++)
		igt_assert_f(status[i] == -caps->fault_error,
			     "%s %#llx: %s, not a fault\n",
			     write[i] ? "writing" : "reading",
			     (unsigned long long)addrs[i],
			     status[i] ? strerror(-status[i]) : "success");
	vmb_fault_told(vm, addrs[count - 1], write[count - 1]);
	if (caps->features & VMB_FAULT_TOLD)
		igt_assert_eq_u64(vmb_report(vm).faults, before + count);
}

void vmb_faults(struct vmb_vm *vm, uint64_t addr, bool write)
{
	vmb_all_fault(vm, &addr, &write, 1);
}

void vmb_unmapped(struct vmb_vm *vm, uint64_t addr, uint64_t range)
{
	static const bool reads[VMB_ENDS];
	uint64_t addrs[VMB_ENDS];

	while (range) {
		uint32_t n = 0;

		for (; range && n < VMB_ENDS; n++, range -= VMB_PAGE) {
			addrs[n] = addr;
			addr += VMB_PAGE;
		}
		vmb_all_fault(vm, addrs, reads, n);
	}
}

void vmb_is_sparse(struct vmb_vm *vm, uint64_t addr, uint64_t range)
{
	struct vmb_cmd cmds[2];

	for (uint64_t at = 0; at < range; at += VMB_PAGE) {
		memset(vm->window.cpu, 0x5a, VMB_PAGE);
		cmds[0] = vmb_write(addr + at + 8, ~0ull);
		cmds[1] = vmb_copy(VMB_WINDOW, addr + at, VMB_PAGE);
		vmb_ok(vmb_run(vm->dev, vm->queue, cmds, 2));
		for (unsigned int i = 0; i < VMB_PAGE / 8; i++)
			igt_assert_eq_u64(vm->window.cpu[i], 0);
	}
}
