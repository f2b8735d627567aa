// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The mappings that a bind job took out of the VM, as a red-black tree.
 *
 * Mappings do not overlap, so their order by start is also their order by end,
 * and a comparison that calls overlapping ranges equal is a total order.
 */
#include <linux/align.h>

#include <drm/drm_gpuvm.h>

#include "gpuvm_bind_old.h"

struct span {
	u64 addr;
	u64 last;
};

static struct rb_node *to_rb(const struct gpuvm_bind_old *old,
			     const struct drm_gpuva *va)
{
	return (struct rb_node *)((char *)va + old->va_size);
}

static struct drm_gpuva *to_va(const struct gpuvm_bind_old *old,
			       const struct rb_node *rb)
{
	return rb ? (struct drm_gpuva *)((char *)rb - old->va_size) : NULL;
}

static struct span span_of(const struct drm_gpuva *va)
{
	return (struct span) {
		.addr = va->va.addr,
		.last = va->va.addr + va->va.range - 1,
	};
}

static int compare(struct span a, struct span b)
{
	if (a.last < b.addr)
		return -1;

	return a.addr > b.last;
}

/**
 * gpuvm_bind_old_init() - make the set empty
 * @old: the set
 * @va_size: bytes of the driver's structure for a mapping
 */
void gpuvm_bind_old_init(struct gpuvm_bind_old *old, size_t va_size)
{
	old->root = RB_ROOT;
	old->va_size = ALIGN(va_size, sizeof(u64));
}

/**
 * gpuvm_bind_old_alloc_size() - how large to allocate a mapping
 * @old: the set
 *
 * Return: the bytes of the driver's structure and of the links.
 */
size_t gpuvm_bind_old_alloc_size(const struct gpuvm_bind_old *old)
{
	return old->va_size + sizeof(struct rb_node);
}

/**
 * gpuvm_bind_old_insert() - insert a mapping
 * @old: the set
 * @va: the mapping, in no index and in no set
 *
 * Context: fence signalling section; neither allocates nor sleeps.
 * Return: 0; -EEXIST, with nothing changed, if it overlaps one of the set.
 */
int gpuvm_bind_old_insert(struct gpuvm_bind_old *old, struct drm_gpuva *va)
{
	struct rb_node **link = &old->root.rb_node, *parent = NULL;

	while (*link) {
		int order;

		parent = *link;
		order = compare(span_of(va), span_of(to_va(old, parent)));
		if (!order)
			return -EEXIST;
		link = order < 0 ? &parent->rb_left : &parent->rb_right;
	}

	rb_link_node(to_rb(old, va), parent, link);
	rb_insert_color(to_rb(old, va), &old->root);
	return 0;
}

/**
 * gpuvm_bind_old_remove() - remove a mapping
 * @old: the set
 * @va: the mapping, which is in it
 *
 * Context: fence signalling section.
 */
void gpuvm_bind_old_remove(struct gpuvm_bind_old *old, struct drm_gpuva *va)
{
	rb_erase(to_rb(old, va), &old->root);
}

/**
 * gpuvm_bind_old_find() - find the first mapping that overlaps a range
 * @old: the set
 * @addr: first address of the range
 * @last: last address of the range, not below @addr
 *
 * Return: the overlapping mapping with the lowest address, or NULL.
 */
struct drm_gpuva *gpuvm_bind_old_find(const struct gpuvm_bind_old *old,
				      u64 addr, u64 last)
{
	const struct span key = { .addr = addr, .last = last };
	struct rb_node *rb = old->root.rb_node;
	struct drm_gpuva *found = NULL;

	while (rb) {
		struct drm_gpuva *va = to_va(old, rb);
		int order = compare(key, span_of(va));

		if (!order)
			found = va;
		rb = order <= 0 ? rb->rb_left : rb->rb_right;
	}

	return found;
}

/**
 * gpuvm_bind_old_first() - the mapping with the lowest address
 * @old: the set
 *
 * Return: the mapping, or NULL if there is none.
 */
struct drm_gpuva *gpuvm_bind_old_first(const struct gpuvm_bind_old *old)
{
	return to_va(old, rb_first(&old->root));
}

/**
 * gpuvm_bind_old_next() - the mapping behind another
 * @old: the set
 * @va: a mapping in it
 *
 * Return: the mapping with the next higher address, or NULL.
 */
struct drm_gpuva *gpuvm_bind_old_next(const struct gpuvm_bind_old *old,
				      const struct drm_gpuva *va)
{
	return to_va(old, rb_next(to_rb(old, va)));
}
