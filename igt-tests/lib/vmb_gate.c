// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A gate: jobs that wait until the CPU writes a word.
 */
#include "vmb.h"

#define GATE_TIMEOUT_MS 60000

/* Where a file has one VM, that is the test's: then the gate is of another. */
static struct vmb_dev *file_of(struct vmb_gate *gate)
{
	if (gate->dev->caps.features & VMB_VMS)
		return gate->dev;

	vmb_open(&gate->file);
	return &gate->file;
}

void vmb_gate_create(struct vmb_gate *gate, struct vmb_dev *dev)
{
	uint32_t timeout = dev->caps.max_timeout_ms;

	gate->dev = dev;
	vmb_vm_create(&gate->vm, file_of(gate));
	gate->queue = vmb_queue(&gate->vm, timeout < GATE_TIMEOUT_MS ?
					   timeout : GATE_TIMEOUT_MS);
	vmb_bo_create(&gate->word, gate->vm.dev, VMB_PAGE, 0, 0, 0);
	gate->word.cpu[0] = 0;
	VMB_BIND(&gate->vm, vmb_map(&gate->word, 0, VMB_DATA, VMB_PAGE));
	gate->syncobj = vmb_syncobj(dev);
	vmb_gate_fence(gate, 1, gate->syncobj, 0);
}

void vmb_gate_fence(struct vmb_gate *gate, uint64_t level, uint32_t syncobj,
		    uint64_t point)
{
	struct vmb_cmd wait = vmb_wait_word(VMB_DATA, level);
	struct vmb_dev *file = gate->vm.dev;
	struct vmb_sync signal;
	uint32_t theirs;

	signal = vmb_signal(syncobj, point);
	if (file == gate->dev) {
		vmb_ok(vmb_try_exec(file, gate->queue, &wait, 1, &signal, 1));
		return;
	}

	theirs = vmb_syncobj(file);
	signal = vmb_signal(theirs, 0);
	vmb_ok(vmb_try_exec(file, gate->queue, &wait, 1, &signal, 1));
	vmb_fence_move(file, theirs, gate->dev, syncobj, point);
}

void vmb_gate_open(struct vmb_gate *gate, uint64_t level)
{
	__atomic_store_n(gate->word.cpu, level, __ATOMIC_RELEASE);
}
