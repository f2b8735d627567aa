// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What a VM looks like, for programs.
 *
 * JSON by RFC 8259. Numbers are integers of up to 64 bits, which the grammar
 * allows and Python reads; a reader that makes doubles of all numbers rounds
 * what is above 2^53.
 */
#include <linux/ctype.h>
#include <linux/seq_file.h>

#include "gpuvm_private.h"

/*
 * A name may hold any bytes, and JSON only UTF-8. What is not printable ASCII is
 * shown as the code point of the same number, whatever it was meant to be.
 */
static void json_string(struct seq_file *m, const char *text)
{
	seq_putc(m, '"');
	for (; *text; text++) {
		const unsigned char c = *text;

		if (c == '"' || c == '\\')
			seq_printf(m, "\\%c", c);
		else if (isascii(c) && isprint(c))
			seq_putc(m, c);
		else
			seq_printf(m, "\\u%04x", c);
	}
	seq_putc(m, '"');
}

static const char *json_bool(bool value)
{
	return value ? "true" : "false";
}

static void json_object_address(struct seq_file *m,
				const struct drm_gem_object *obj)
{
	if (obj)
		seq_printf(m, "\"object\":\"%p\"", obj);
	else
		seq_puts(m, "\"object\":null");
}

/* Before each element of an array but the first. */
static void json_next(struct seq_file *m, unsigned long *count)
{
	seq_puts(m, (*count)++ ? ",\n  " : "\n  ");
}

static void json_range(struct seq_file *m, const char *key, u64 addr, u64 range)
{
	seq_printf(m, "\"%s\":{\"addr\":%llu,\"range\":%llu}", key, addr, range);
}

static void json_vm(struct seq_file *m, struct drm_gpuvm *gpuvm)
{
	const struct drm_gpuva_range *reserve = &gpuvm->kernel_alloc_node.va;

	seq_puts(m, "\"name\":");
	json_string(m, gpuvm->name);
	seq_puts(m, ",\n ");
	json_range(m, "space", gpuvm->mm_start, gpuvm->mm_range);
	seq_puts(m, ",\n ");
	if (reserve->range)
		json_range(m, "reserve", reserve->addr, reserve->range);
	else
		seq_puts(m, "\"reserve\":null");

	seq_printf(m, ",\n \"flags\":{\"resv_protected\":%s,\"immediate_mode\":%s,\"driver\":%u}",
		   json_bool(drm_gpuvm_resv_protected(gpuvm)),
		   json_bool(drm_gpuvm_immediate_mode(gpuvm)),
		   gpuvm->flags & ~(DRM_GPUVM_USERBITS - 1));
}

static void json_mapping(struct seq_file *m, const struct drm_gpuva *va)
{
	seq_printf(m, "{\"addr\":%llu,\"range\":%llu,", va->va.addr,
		   va->va.range);
	json_object_address(m, va->gem.obj);
	seq_printf(m, ",\"offset\":%llu,\"sparse\":%s,\"invalidated\":%s,\"flags\":%u",
		   va->gem.offset, json_bool(va->flags & DRM_GPUVA_SPARSE),
		   json_bool(va->flags & DRM_GPUVA_INVALIDATED),
		   va->flags & ~(DRM_GPUVA_USERBITS - 1));
	seq_printf(m, ",\"cookie\":%llu,\"repeat\":%u,\"repeat_phase\":%u}",
		   va->attrs.cookie, va->attrs.repeat, va->attrs.repeat_phase);
}

/* Returns how many, of which @mapped is set to the sum of the ranges. */
static unsigned long json_mappings(struct seq_file *m, struct drm_gpuvm *gpuvm,
				   u64 *mapped)
{
	unsigned long count = 0;
	struct drm_gpuva *va;

	seq_puts(m, ",\n \"mappings\":[");
	*mapped = 0;
	drm_gpuvm_for_each_va(va, gpuvm) {
		if (va == &gpuvm->kernel_alloc_node)
			continue;
		json_next(m, &count);
		json_mapping(m, va);
		*mapped += va->va.range;
	}
	seq_putc(m, ']');

	return count;
}

/*
 * A vm_bo leaves this list before it is freed, and drops its object after that.
 * One without references waits for its cleanup.
 */
static unsigned long json_vm_bos(struct seq_file *m, struct drm_gpuvm *gpuvm)
{
	struct gpuvm_private *priv = gpuvm_private(gpuvm);
	struct gpuvm_bo_private *bo;
	unsigned long count = 0;

	seq_puts(m, ",\n \"vm_bos\":[");
	spin_lock(&priv->bos_lock);
	list_for_each_entry(bo, &priv->bos, bos) {
		struct drm_gpuvm_bo *vm_bo = gpuvm_bo_of(bo);

		json_next(m, &count);
		seq_putc(m, '{');
		json_object_address(m, vm_bo->obj);
		seq_printf(m, ",\"size\":%zu,\"references\":%u,\"external\":%s,\"evicted\":%s}",
			   vm_bo->obj->size, kref_read(&vm_bo->kref),
			   json_bool(drm_gpuvm_is_extobj(gpuvm, vm_bo->obj)),
			   json_bool(READ_ONCE(vm_bo->evicted)));
	}
	spin_unlock(&priv->bos_lock);
	seq_putc(m, ']');

	return count;
}

/**
 * drm_debugfs_gpuvm_json() - show a VM as one JSON object
 * @m: the file
 * @gpuvm: the VM
 *
 * Its name, range, reserve and flags, its mappings in address order, and its
 * vm_bos; Documentation/observability.rst lists the members. No newline follows,
 * so that a driver can put several into an array. Objects are shown by hashed
 * address: equal ones are the same object.
 *
 * Context: the caller's lock for the VM is held.
 * Return: 0; -ENODEV, with nothing written, if the VM is not initialised.
 */
int drm_debugfs_gpuvm_json(struct seq_file *m, struct drm_gpuvm *gpuvm)
{
	unsigned long mappings, vm_bos;
	u64 mapped;

	if (!gpuvm->name)
		return -ENODEV;

	seq_putc(m, '{');
	json_vm(m, gpuvm);
	mappings = json_mappings(m, gpuvm, &mapped);
	vm_bos = json_vm_bos(m, gpuvm);
	seq_printf(m, ",\n \"counts\":{\"mappings\":%lu,\"mapped\":%llu,\"vm_bos\":%lu}}",
		   mappings, mapped, vm_bos);

	return 0;
}
EXPORT_SYMBOL_GPL(drm_debugfs_gpuvm_json);
