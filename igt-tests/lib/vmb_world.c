// SPDX-License-Identifier: MIT
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * A world for bad input.
 */
#include "vmb_world.h"

static void good_ops(struct vmb_world *w)
{
	w->ops[0] = vmb_map(&w->b, 0, VMB_DATA + 4 * VMB_PAGE, 4 * VMB_PAGE);
	w->ops[1] = vmb_unmap(VMB_DATA + VMB_PAGE, VMB_PAGE);
	w->ops[2] = vmb_map(&w->a, 4 * VMB_PAGE, VMB_DATA + 16 * VMB_PAGE,
			    8 * VMB_PAGE);
}

void vmb_world_begin(struct vmb_world *w, struct vmb_dev *dev)
{
	free(w->model);
	memset(w, 0, sizeof(*w));
	w->dev = dev;
	vmb_vm_create(&w->vm, dev);
	vmb_bo_create(&w->a, dev, VMB_WORLD_PAGES * VMB_PAGE, 0, 0, 1);
	vmb_bo_create(&w->b, dev, 8 * VMB_PAGE, 0, 0, 2);
	w->model = vmb_model(&w->vm, VMB_DATA, VMB_WORLD_PAGES);
	vmb_model_map(w->model, 0, 12, &w->a, 0);
	vmb_model_unmap(w->model, 6, 3);
	vmb_model_bind(w->model);

	w->in = vmb_syncobj(dev);
	w->out = vmb_syncobj(dev);
	w->line = vmb_syncobj(dev);
	vmb_ok(vmb_try_exec(dev, w->vm.queue, NULL, 0,
			    VMB_SYNCS(vmb_signal(w->in, 0))));
	vmb_ok(vmb_done(dev, w->in, 0));
	good_ops(w);
	w->syncs[0] = vmb_wait(w->in, 0);
	w->syncs[1] = vmb_signal(w->out, 0);
	w->syncs[2] = vmb_signal(w->line, 1);
}

void vmb_world_unchanged(struct vmb_world *w)
{
	/* A bind that was queued all the same would have run before this one. */
	vmb_ok(vmb_try_bind(&w->vm, NULL, 0));
	vmb_model_check(w->model);
	igt_assert(!vmb_has_fence(w->dev, w->out, 0));
	igt_assert(!vmb_has_fence(w->dev, w->line, 1));
	vmb_bo_intact(&w->a);
	vmb_bo_intact(&w->b);
}

uint32_t vmb_world_syncs(const struct vmb_world *w)
{
	/* The last one is of a timeline. */
	return w->dev->caps.features & VMB_TIMELINE ? 3 : 2;
}

int vmb_world_bind(struct vmb_world *w, enum vmb_wrong wrong)
{
	vmb_need(w->dev, VMB_ASYNC);
	return w->dev->drv->bind(w->dev->fd, &(struct vmb_bind){
		.vm = w->vm.id,
		.async = true,
		.ops = w->ops,
		.num_ops = VMB_WORLD_OPS,
		.syncs = w->syncs,
		.num_syncs = vmb_world_syncs(w),
		.wrong = wrong,
	});
}

void vmb_world_works(struct vmb_world *w)
{
	vmb_model_map(w->model, 4, 4, &w->b, 0);
	vmb_model_unmap(w->model, 1, 1);
	vmb_model_map(w->model, 16, 8, &w->a, 4);
	w->model->num_ops = 0;
	good_ops(w);
	vmb_ok(vmb_try_bind(&w->vm, w->ops, VMB_WORLD_OPS));
	vmb_model_look(w->model);
}
