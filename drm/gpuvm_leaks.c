// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What a driver forgot in a VM, by name.
 *
 * Objects are named by hashed address, as in debugfs and in traces, so that one
 * finds there who mapped them.
 */
#include <linux/minmax.h>

#include <drm/drm_print.h>

#include "gpuvm_private.h"

/* So many are named one by one. */
#define LEAKS_SHOWN 8

static void report_rest(struct drm_gpuvm *gpuvm, unsigned long count,
			const char *what)
{
	if (count > LEAKS_SHOWN)
		drm_err(gpuvm->drm, "VM %s: and %lu more leaked %s\n",
			gpuvm->name, count - LEAKS_SHOWN, what);
}

static void report_mapping(struct drm_gpuvm *gpuvm, const struct drm_gpuva *va)
{
	const u64 end = va->va.addr + va->va.range;

	if (va->gem.obj)
		drm_err(gpuvm->drm,
			"VM %s: leaked mapping [%#llx, %#llx) of object %p + %#llx\n",
			gpuvm->name, va->va.addr, end, va->gem.obj,
			va->gem.offset);
	else
		drm_err(gpuvm->drm,
			"VM %s: leaked mapping [%#llx, %#llx) without an object\n",
			gpuvm->name, va->va.addr, end);
}

/**
 * gpuvm_report_mappings() - report the mappings of a VM as leaked
 * @gpuvm: the VM, which nobody changes any more
 *
 * Return: their number, without the kernel's reserve.
 */
unsigned long gpuvm_report_mappings(struct drm_gpuvm *gpuvm)
{
	unsigned long count = 0;
	struct drm_gpuva *va;

	drm_gpuvm_for_each_va(va, gpuvm) {
		if (va == &gpuvm->kernel_alloc_node)
			continue;
		if (count++ < LEAKS_SHOWN)
			report_mapping(gpuvm, va);
	}
	report_rest(gpuvm, count, "mappings");

	return count;
}

/**
 * gpuvm_report_vm_bos() - report the vm_bos of a VM as leaked
 * @gpuvm: the VM, its deferred vm_bos cleaned up
 *
 * Context: takes the lock of the VM's list of vm_bos.
 * Return: their number.
 */
unsigned long gpuvm_report_vm_bos(struct drm_gpuvm *gpuvm)
{
	struct gpuvm_private *priv = gpuvm_private(gpuvm);
	/* The VM itself is one. */
	const unsigned int unlisted = max(kref_read(&priv->memory), 1U) - 1;
	struct gpuvm_bo_private *bo;
	unsigned long count = 0;

	spin_lock(&priv->bos_lock);
	list_for_each_entry(bo, &priv->bos, bos) {
		const struct drm_gpuvm_bo *vm_bo = gpuvm_bo_of(bo);

		if (count++ < LEAKS_SHOWN)
			drm_err(gpuvm->drm,
				"VM %s: leaked vm_bo of object %p, %u references\n",
				gpuvm->name, vm_bo->obj,
				kref_read(&vm_bo->kref));
	}
	spin_unlock(&priv->bos_lock);
	report_rest(gpuvm, count, "vm_bos");

	if (unlisted)
		drm_err(gpuvm->drm,
			"VM %s: and %u leaked vm_bos that were made and never obtained\n",
			gpuvm->name, unlisted);

	return count + unlisted;
}
