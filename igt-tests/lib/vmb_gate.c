// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A gate: jobs that wait until the CPU writes a word.
 */
#include "vmb.h"

#define GATE_TIMEOUT_MS 60000

void vmb_gate_create(struct vmb_gate *gate, struct vmb_dev *dev)
{
	uint32_t timeout = dev->caps.max_timeout_ms;

	gate->dev = dev;
	vmb_vm_create(&gate->vm, dev);
	gate->queue = vmb_queue(&gate->vm, timeout < GATE_TIMEOUT_MS ?
					   timeout : GATE_TIMEOUT_MS);
	vmb_bo_create(&gate->word, dev, VMB_PAGE, 0, 0, 0);
	gate->word.cpu[0] = 0;
	VMB_BIND(&gate->vm, vmb_map(&gate->word, 0, VMB_DATA, VMB_PAGE));
	gate->syncobj = vmb_syncobj(dev);
	vmb_gate_fence(gate, 1, gate->syncobj, 0);
}

void vmb_gate_fence(struct vmb_gate *gate, uint64_t level, uint32_t syncobj,
		    uint64_t point)
{
	struct vmb_cmd wait = vmb_wait_word(VMB_DATA, level);
	struct vmb_sync signal = vmb_signal(syncobj, point);

	vmb_ok(vmb_try_exec(gate->dev, gate->queue, &wait, 1, &signal, 1));
}

void vmb_gate_open(struct vmb_gate *gate, uint64_t level)
{
	__atomic_store_n(gate->word.cpu, level, __ATOMIC_RELEASE);
}
