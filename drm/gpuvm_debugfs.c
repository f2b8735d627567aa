// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What a VM looks like, for people.
 */
#include <linux/seq_file.h>

#include "gpuvm_private.h"

static void show_va(struct seq_file *m, const struct drm_gpuva *va,
		    const char *what)
{
	seq_printf(m, "%#018llx  %#018llx  %#016llx  ",
		   va->va.addr, va->va.addr + va->va.range, va->va.range);

	if (va->gem.obj)
		seq_printf(m, "%p + %#llx%s\n", va->gem.obj, va->gem.offset,
			   what);
	else
		seq_printf(m, "-%s\n", what);
}

/**
 * drm_debugfs_gpuva_info() - show the mappings of a VM
 * @m: the file
 * @gpuvm: the VM
 *
 * A line for each mapping, in address order: start, end, length, object and
 * offset. Objects are shown by hashed address: equal ones are the same object.
 *
 * Context: the caller's lock for the VM is held.
 * Return: 0; -ENODEV if the VM is not initialised.
 */
int drm_debugfs_gpuva_info(struct seq_file *m, struct drm_gpuvm *gpuvm)
{
	struct drm_gpuva *va;

	if (!gpuvm->name)
		return -ENODEV;

	seq_printf(m, "VM %s  [%#llx, %#llx)\n", gpuvm->name, gpuvm->mm_start,
		   gpuvm->mm_start + gpuvm->mm_range);
	seq_printf(m, "%-18s  %-18s  %-16s  %s\n",
		   "start", "end", "length", "object + offset");

	drm_gpuvm_for_each_va(va, gpuvm) {
		if (va == &gpuvm->kernel_alloc_node)
			show_va(m, va, "  kernel reserve");
		else if (va->flags & DRM_GPUVA_SPARSE)
			show_va(m, va, "  sparse");
		else if (va->flags & DRM_GPUVA_INVALIDATED)
			show_va(m, va, "  invalidated");
		else
			show_va(m, va, "");
	}

	return 0;
}
EXPORT_SYMBOL_GPL(drm_debugfs_gpuva_info);
