// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Attributes of mappings: what a mapping is beyond its range and its memory.
 *
 * Flags and attributes reach a mapping by the request that maps it, stay with
 * its pieces when it is cut, and decide with range and memory whether a later
 * request maps the same thing again.
 */
#include <linux/math64.h>
#include <linux/minmax.h>

#include "gpuvm_private.h"

/* Flags that only the core or an invalidation sets, not a request. */
#define NOT_REQUESTED	DRM_GPUVA_INVALIDATED

/* Where in the repeated piece the address that is @distance behind is. */
static u32 phase_after(const struct drm_gpuva_attrs *attrs, u64 distance)
{
	u64 phase;
	u32 rest;

	/* Not of the sum, which may not fit. */
	div_u64_rem(distance, attrs->repeat, &rest);
	phase = (u64)attrs->repeat_phase + rest;

	return phase < attrs->repeat ? phase : phase - attrs->repeat;
}

void gpuvm_attrs_advance(struct drm_gpuva_attrs *attrs, u64 distance)
{
	if (attrs->repeat)
		attrs->repeat_phase = phase_after(attrs, distance);
}

/**
 * drm_gpuva_attrs_at() - the attributes of a piece of a mapping
 * @va: the mapping
 * @addr: where the piece starts, an address of the mapping
 * @attrs: set to them
 *
 * Those of @va, with &drm_gpuva_attrs.repeat_phase moved to @addr. For drivers
 * that make the pieces of a cut mapping without drm_gpuva_remap().
 *
 * Context: any; the mapping does not change meanwhile.
 */
void drm_gpuva_attrs_at(const struct drm_gpuva *va, u64 addr,
			struct drm_gpuva_attrs *attrs)
{
	*attrs = va->attrs;
	gpuvm_attrs_advance(attrs, addr - va->va.addr);
}
EXPORT_SYMBOL_GPL(drm_gpuva_attrs_at);

/**
 * drm_gpuva_gem_offset() - where in the object an address of a mapping is
 * @va: the mapping
 * @addr: the address, one of the mapping
 *
 * In a mapping without an object this is the place in nothing that the address
 * would have.
 *
 * Context: any; the mapping does not change meanwhile.
 * Return: the offset in &drm_gpuva_gem.obj, in the VM's unit.
 */
u64 drm_gpuva_gem_offset(const struct drm_gpuva *va, u64 addr)
{
	u64 distance = addr - va->va.addr;

	if (va->attrs.repeat)
		distance = phase_after(&va->attrs, distance);

	return va->gem.offset + distance;
}
EXPORT_SYMBOL_GPL(drm_gpuva_gem_offset);

static bool names_flags(const struct drm_gpuvm_map_req *req)
{
	return req->flags || req->attrs.cookie || req->attrs.repeat;
}

/**
 * gpuvm_attrs_valid() - whether a mapping can have these attributes
 * @attrs: the attributes
 * @obj: the object that is mapped, or NULL
 *
 * Context: any.
 * Return: false for a repeat without an object, and for a phase that is not in
 * the piece.
 */
bool gpuvm_attrs_valid(const struct drm_gpuva_attrs *attrs,
		       const struct drm_gem_object *obj)
{
	if (!attrs->repeat)
		return !attrs->repeat_phase;

	return obj && attrs->repeat_phase < attrs->repeat;
}

/**
 * gpuvm_map_req_check() - whether a request can be carried out
 * @gpuvm: the VM
 * @req: the request
 *
 * Remembers that requests of this VM name flags, if this one does.
 *
 * Context: the caller's lock for the VM is held.
 * Return: 0; -EINVAL for a range in which nothing may be mapped, for a flag that
 * is not a request's, for a repeat without an object or with a phase that is not
 * in the piece, and for reserved members that are not 0.
 */
int gpuvm_map_req_check(struct drm_gpuvm *gpuvm,
			const struct drm_gpuvm_map_req *req)
{
	const struct drm_gpuva_op_va *va = &req->map.va;

	if (!gpuvm_range_valid(gpuvm, va->addr, va->range) ||
	    (req->flags & NOT_REQUESTED) || req->__pad || req->__reserved ||
	    !gpuvm_attrs_valid(&req->attrs, req->map.gem.obj))
		return -EINVAL;

	if (names_flags(req))
		gpuvm_private(gpuvm)->names_flags = true;

	return 0;
}

/* What is shown from an address on. */
struct place {
	u64 addr;
	u64 offset;
	const struct drm_gpuva_attrs *attrs;
};

static struct place place_of(const struct drm_gpuva *va)
{
	return (struct place) { va->va.addr, va->gem.offset, &va->attrs };
}

static struct place place_wanted(const struct drm_gpuvm_map_req *req)
{
	return (struct place) {
		req->map.va.addr, req->map.gem.offset, &req->attrs,
	};
}

/* Whether each address that both have shows the same, with the same cookie. */
static bool same_place(const struct place a, const struct place b)
{
	const u64 first = max(a.addr, b.addr);

	if (a.attrs->cookie != b.attrs->cookie ||
	    a.attrs->repeat != b.attrs->repeat)
		return false;

	if (!a.attrs->repeat)
		return a.offset - a.addr == b.offset - b.addr;

	return a.offset == b.offset && phase_after(a.attrs, first - a.addr) ==
				       phase_after(b.attrs, first - b.addr);
}

/**
 * gpuvm_va_same() - whether two mappings differ in nothing but their ranges
 * @a: a mapping
 * @b: another that shares addresses with it
 *
 * Return: true if each address that both have shows the same with the same
 * flags and attributes.
 */
bool gpuvm_va_same(const struct drm_gpuva *a, const struct drm_gpuva *b)
{
	if (a->gem.obj != b->gem.obj || a->flags != b->flags)
		return false;

	/* Offsets in nothing are no difference. */
	return a->gem.obj ? same_place(place_of(a), place_of(b)) :
			    a->attrs.cookie == b->attrs.cookie;
}

static bool same_flags(const struct drm_gpuva *va,
		       const struct drm_gpuvm_map_req *req)
{
	const u32 driver_flags = ~(u32)(DRM_GPUVA_USERBITS - 1);

	return !((va->flags ^ req->flags) & driver_flags);
}

/**
 * gpuvm_keeps_attrs() - whether a request maps the same as a mapping that it hits
 * @va: the mapping
 * @req: the request, for the same object
 *
 * As gpuvm_keeps(), where flags or attributes matter.
 *
 * Context: the caller's lock for the VM is held.
 * Return: true if so.
 */
bool gpuvm_keeps_attrs(const struct drm_gpuva *va,
		       const struct drm_gpuvm_map_req *req)
{
	return same_flags(va, req) &&
	       same_place(place_of(va), place_wanted(req));
}
