// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What a VM looks like, for people.
 */
#include <linux/seq_file.h>

#include "gpuvm_private.h"

static void show_attrs(struct seq_file *m, const struct drm_gpuva *va)
{
	const u32 driver_flags = va->flags & ~(DRM_GPUVA_USERBITS - 1);

	if (va->flags & DRM_GPUVA_SPARSE)
		seq_puts(m, "  sparse");
	if (va->flags & DRM_GPUVA_INVALIDATED)
		seq_puts(m, "  invalidated");
	if (driver_flags)
		seq_printf(m, "  flags %#x", driver_flags);
	if (va->attrs.repeat)
		seq_printf(m, "  repeats %#x from %#x", va->attrs.repeat,
			   va->attrs.repeat_phase);
	if (va->attrs.cookie)
		seq_printf(m, "  cookie %#llx", va->attrs.cookie);
}

static void show_va(struct seq_file *m, const struct drm_gpuva *va)
{
	seq_printf(m, "%#018llx  %#018llx  %#016llx  ",
		   va->va.addr, va->va.addr + va->va.range, va->va.range);

	if (va->gem.obj)
		seq_printf(m, "%p + %#llx", va->gem.obj, va->gem.offset);
	else
		seq_putc(m, '-');

	if (va == &va->vm->kernel_alloc_node)
		seq_puts(m, "  kernel reserve");
	else
		show_attrs(m, va);
	seq_putc(m, '\n');
}

/**
 * drm_debugfs_gpuva_info() - show the mappings of a VM
 * @m: the file
 * @gpuvm: the VM
 *
 * A line for each mapping, in address order: start, end, length, object and
 * offset, flags and attributes that are set. Objects are shown by hashed
 * address: equal ones are the same object. drm_debugfs_gpuvm_json() is for
 * programs.
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

	drm_gpuvm_for_each_va(va, gpuvm)
		show_va(m, va);

	return 0;
}
EXPORT_SYMBOL_GPL(drm_debugfs_gpuva_info);
