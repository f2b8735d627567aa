// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright The drm-gpuvm reference stack authors
 *
 * Files in debugfs: dri/N/gpuvas, what is mapped in all VMs, and dri/N/gpuvas.json,
 * the same for programs; dri/N/vms, how that is in page tables; dri/N/memory, how
 * much VRAM BOs have and what was evicted; and dri/N/model, what the device has done.
 */
#include <linux/seq_file.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_gpuvm_lru.h>
#include <drm/drm_print.h>

#include "nv_debugfs.h"
#include "nv_device.h"
#include "nv_hw.h"
#include "nv_vm.h"

static struct nv_device *device_of(struct seq_file *m)
{
	struct drm_debugfs_entry *entry = m->private;

	return to_nv_device(entry->dev);
}

static int gpuvas_show(struct seq_file *m, void *unused)
{
	struct nv_device *nv = device_of(m);
	struct nv_vm *vm;
	int ret = 0;

	guard(mutex)(&nv->vms_lock);

	list_for_each_entry(vm, &nv->vms, link) {
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
	struct nv_device *nv = device_of(m);
	const char *separator = "";
	struct nv_vm *vm;
	int ret = 0;

	guard(mutex)(&nv->vms_lock);

	seq_putc(m, '[');
	list_for_each_entry(vm, &nv->vms, link) {
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

static void show_mmu(struct seq_file *m, struct nv_vm *vm)
{
	static const char * const sizes[NV_MMU_SIZES] = {
		[NV_MMU_4K] = "4k",
		[NV_MMU_64K] = "64k",
		[NV_MMU_2M] = "2m",
		[NV_MMU_512M] = "512m",
		[NV_MMU_256G] = "256g",
	};

	guard(mutex)(&vm->mmu_lock);

	seq_printf(m, "tables=%llu flushes=%llu", vm->mmu.tables,
		   vm->tlb_flushes);
	for (int i = 0; i <= NV_MMU_2M; i++)
		seq_printf(m, " pages_%s=%llu", sizes[i], vm->mmu.valid[i]);
	for (int i = 0; i < NV_MMU_SIZES; i++)
		seq_printf(m, " sparse_%s=%llu", sizes[i], vm->mmu.sparse[i]);
	seq_putc(m, '\n');
}

/* A line for each VM, in the order in which they were made. */
static int vms_show(struct seq_file *m, void *unused)
{
	struct nv_device *nv = device_of(m);
	struct nv_vm *vm;

	guard(mutex)(&nv->vms_lock);

	list_for_each_entry(vm, &nv->vms, link) {
		drm_gpuvm_bind_queue_lock(vm->binds);
		seq_printf(m, "mappings=%llu dead=%d ",
			   drm_gpuvm_bind_queue_mappings(vm->binds),
			   drm_gpuvm_bind_queue_reason(vm->binds));
		drm_gpuvm_bind_queue_unlock(vm->binds);
		scoped_guard(mutex, &vm->bind_lock)
			seq_printf(m, "regions=%llu ", vm->regions.count);
		show_mmu(m, vm);
	}

	return 0;
}

static int memory_show(struct seq_file *m, void *unused)
{
	struct drm_printer p = drm_seq_file_printer(m);

	drm_gpuvm_lru_print(device_of(m)->lru, &p);
	return 0;
}

static int model_show(struct seq_file *m, void *unused)
{
	struct drm_printer p = drm_seq_file_printer(m);
	struct nv_hw *hw = device_of(m)->hw;

	hw->ops->show(hw, &p);
	return 0;
}

/**
 * nv_debugfs_add() - add the files of a device
 * @nv: the device, before it is registered
 */
void nv_debugfs_add(struct nv_device *nv)
{
	drm_debugfs_add_file(&nv->drm, "gpuvas", gpuvas_show, NULL);
	drm_debugfs_add_file(&nv->drm, "gpuvas.json", gpuvas_json_show, NULL);
	drm_debugfs_add_file(&nv->drm, "vms", vms_show, NULL);
	drm_debugfs_add_file(&nv->drm, "memory", memory_show, NULL);
	drm_debugfs_add_file(&nv->drm, "model", model_show, NULL);
}
