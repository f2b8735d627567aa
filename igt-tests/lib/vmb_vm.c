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
	vm->dev = dev;
	vmb_ok(dev->drv->vm_create(dev->fd, 0, 0, &vm->id));
	vm->queue = vmb_queue(vm, 0);
	vmb_bo_create(&vm->window, dev, VMB_WINDOW_SIZE, 0,
		      dev->caps.features & VMB_PRIVATE ? vm->id : 0, 0x77);
	VMB_BIND(vm, vmb_map(&vm->window, 0, VMB_WINDOW, VMB_WINDOW_SIZE));
}

void vmb_vm_destroy(struct vmb_vm *vm)
{
	vmb_ok(vm->dev->drv->queue_destroy(vm->dev->fd, vm->queue));
	vmb_ok(vm->dev->drv->vm_destroy(vm->dev->fd, vm->id));
	vmb_bo_close(&vm->window);
}

struct vmb_report vmb_report(struct vmb_vm *vm)
{
	struct vmb_report report;

	vmb_ok(vm->dev->drv->vm_report(vm->dev->fd, vm->id, &report));
	return report;
}

/* Operations */

struct vmb_op vmb_map(const struct vmb_bo *bo, uint64_t offset, uint64_t addr,
		      uint64_t range)
{
	return (struct vmb_op){
		.type = VMB_OP_MAP,
		.bo = bo->handle,
		.addr = addr,
		.range = range,
		.offset = offset,
	};
}

struct vmb_op vmb_map_readonly(const struct vmb_bo *bo, uint64_t offset,
			       uint64_t addr, uint64_t range)
{
	struct vmb_op op = vmb_map(bo, offset, addr, range);

	op.flags = VMB_OP_READONLY;
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

int vmb_run(struct vmb_dev *dev, uint32_t queue, const struct vmb_cmd *cmds,
	    uint32_t count)
{
	uint32_t done = vmb_syncobj(dev);
	int status;

	vmb_ok(vmb_try_exec(dev, queue, cmds, count,
			    VMB_SYNCS(vmb_signal(done, 0))));
	status = vmb_done(dev, done, 0);
	igt_assert(!drmSyncobjDestroy(dev->fd, done));
	return status;
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
	for (uint64_t at = 0; at < range; at += VMB_PAGE) {
		uint64_t place = at + 8 * (at / VMB_PAGE % 512);
		uint64_t *word = bo->cpu + (offset + place) / 8;

		vmb_ok(vmb_run1(vm, vmb_write(addr + place, ~*word)));
		igt_assert_eq_u64(*word, ~vmb_word(bo, offset + place));
		*word = vmb_word(bo, offset + place);
	}
}

void vmb_faults(struct vmb_vm *vm, uint64_t addr, bool write)
{
	bool told = vm->dev->caps.features & VMB_FAULT;
	uint64_t count = told ? vmb_report(vm).faults : 0;
	struct vmb_report report;
	uint64_t word;
	int status;

	if (write)
		status = vmb_run1(vm, vmb_write(addr, 0x0bad0bad0bad0badull));
	else
		status = vmb_read(vm, addr, &word, sizeof(word));
	igt_assert_f(status == -EFAULT, "%s %#llx: %s, not a fault\n",
		     write ? "writing" : "reading", (unsigned long long)addr,
		     status ? strerror(-status) : "success");
	if (!told)
		return;

	report = vmb_report(vm);
	igt_assert_eq_u64(report.faults, count + 1);
	igt_assert_eq_u64(report.fault_addr, addr);
	igt_assert_eq(report.fault_write, write);
}

void vmb_unmapped(struct vmb_vm *vm, uint64_t addr, uint64_t range)
{
	for (uint64_t at = 0; at < range; at += VMB_PAGE)
		vmb_faults(vm, addr + at, false);
}

void vmb_is_sparse(struct vmb_vm *vm, uint64_t addr, uint64_t range)
{
	uint64_t page[VMB_PAGE / 8];

	for (uint64_t at = 0; at < range; at += VMB_PAGE) {
		vmb_ok(vmb_run1(vm, vmb_write(addr + at + 8, ~0ull)));
		vmb_ok(vmb_read(vm, addr + at, page, sizeof(page)));
		for (unsigned int i = 0; i < ARRAY_SIZE(page); i++)
			igt_assert_eq_u64(page[i], 0);
	}
}
