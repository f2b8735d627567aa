// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Files in debugfs: dri/N/gpuvas, what is mapped in all VMs, and
 * dri/N/gpuvas.json, the same for programs; and dri/N/memory, how much memory BOs
 * have and what was evicted.
 *
 * For your own hardware: nothing to change.
 */
#include <linux/seq_file.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_gpuvm_lru.h>
#include <drm/drm_print.h>

#include "evgem_debugfs.h"
#include "evgem_device.h"
#include "evgem_vm.h"

static int gpuvas_show(struct seq_file *m, void *unused)
{
	struct drm_debugfs_entry *entry = m->private;
	struct evgem_device *evgem = to_evgem_device(entry->dev);
	struct evgem_vm *vm;
	int ret = 0;

	guard(mutex)(&evgem->vms_lock);

	list_for_each_entry(vm, &evgem->vms, link) {
		/* The buffer was allocated before: nothing allocates in here. */
		drm_gpuvm_bind_queue_lock(vm->binds);
		ret = drm_debugfs_gpuva_info(m, &vm->base);
		drm_gpuvm_bind_queue_unlock(vm->binds);
		if (ret)
			break;
	}

	return ret;
}

/* An array with an object for each VM. */
static int gpuvas_json_show(struct seq_file *m, void *unused)
{
	struct drm_debugfs_entry *entry = m->private;
	struct evgem_device *evgem = to_evgem_device(entry->dev);
	const char *separator = "";
	struct evgem_vm *vm;
	int ret = 0;

	guard(mutex)(&evgem->vms_lock);

	seq_putc(m, '[');
	list_for_each_entry(vm, &evgem->vms, link) {
		seq_puts(m, separator);
		separator = ",\n";
		drm_gpuvm_bind_queue_lock(vm->binds);
		ret = drm_debugfs_gpuvm_json(m, &vm->base);
		drm_gpuvm_bind_queue_unlock(vm->binds);
		if (ret)
			return ret;
	}
	seq_puts(m, "]\n");

	return 0;
}

static int memory_show(struct seq_file *m, void *unused)
{
	struct drm_debugfs_entry *entry = m->private;
	struct drm_printer p = drm_seq_file_printer(m);

	drm_gpuvm_lru_print(to_evgem_device(entry->dev)->lru, &p);
	return 0;
}

/**
 * evgem_debugfs_add() - add the files of a device
 * @evgem: the device, before it is registered
 */
void evgem_debugfs_add(struct evgem_device *evgem)
{
	drm_debugfs_add_file(&evgem->drm, "gpuvas", gpuvas_show, NULL);
	drm_debugfs_add_file(&evgem->drm, "gpuvas.json", gpuvas_json_show,
			     NULL);
	drm_debugfs_add_file(&evgem->drm, "memory", memory_show, NULL);
}
