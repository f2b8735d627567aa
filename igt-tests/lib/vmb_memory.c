// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Taking memory away from BOs, by a limit on all of them.
 */
#include "vmb_left.h"

void vmb_limit(struct vmb_dev *dev, uint64_t bytes)
{
	vmb_left_memory(dev->drv);
	vmb_ok(dev->drv->memory_limit(dev->fd, bytes));
}

void vmb_shrink(struct vmb_dev *dev)
{
	vmb_left_memory(dev->drv);
	vmb_ok(dev->drv->memory_shrink(dev->fd, true));
}

struct vmb_memory vmb_memory(struct vmb_dev *dev)
{
	struct vmb_memory memory;

	vmb_ok(dev->drv->memory(dev->fd, &memory));
	return memory;
}

/* Room for one page, and somebody who wants it. */
void vmb_evict_all(struct vmb_dev *dev)
{
	struct vmb_op op = {
		.type = VMB_OP_MAP,
		.addr = VMB_DATA,
		.range = VMB_PAGE,
	};
	struct vmb_bind bind = { .ops = &op, .num_ops = 1 };
	struct vmb_dev own;
	int ret;

	vmb_open(&own);
	vmb_ok(own.drv->vm_create(own.fd, 0, 0, &bind.vm));
	vmb_ok(own.drv->bo_create(own.fd, VMB_PAGE, 0, 0, &op.bo));
	vmb_limit(dev, VMB_PAGE);
	ret = own.drv->bind(own.fd, &bind);
	vmb_limit(dev, 0);
	/* There is no room beside what is pinned, but all else has gone. */
	igt_assert_f(!ret || ret == -ENOMEM, "%s\n", strerror(-ret));
	vmb_close(&own);
}
