// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Split and merge.
 *
 * One question serves every case: of a mapping that overlaps the request, what
 * is left before it, and what behind it? Nothing: it is unmapped. Something: it
 * is cut, and that remains. Whether an unmap, a map or a madvise asks makes a
 * difference only for what is cut at all, and for what is mapped afterwards.
 */
#include <linux/minmax.h>

#include "gpuva_index_seek.h"
#include "gpuvm_op_seal.h"
#include "gpuvm_private.h"
#include "gpuvm_sm.h"

/**
 * struct gpuvm_sm_cut - a mapping seen from a request
 */
struct gpuvm_sm_cut {
	/** @unmap: the mapping that goes */
	struct drm_gpuva_op_unmap unmap;
	/** @prev: what is left before the request; its range is 0 if nothing */
	struct drm_gpuva_op_map prev;
	/** @next: what is left behind the request; its range is 0 if nothing */
	struct drm_gpuva_op_map next;
	/** @piece: what the request takes from the mapping */
	struct drm_gpuva_op_va piece;
};

static __always_inline void part_of(struct drm_gpuva_op_map *part,
				    const struct drm_gpuva *va,
				    u64 start, u64 end)
{
	part->va.addr = start;
	part->va.range = end - start;
	if (start == end)
		return;

	part->gem.obj = va->gem.obj;
	part->gem.offset = va->gem.offset;
	/* What repeats is the same piece everywhere; only the phase moves. */
	if (!va->attrs.repeat)
		part->gem.offset += start - va->va.addr;
}

static __always_inline void cut_out(struct gpuvm_sm_cut *cut,
				    struct drm_gpuva *va, u64 addr, u64 end)
{
	const u64 va_end = va->va.addr + va->va.range;
	const u64 first = max(addr, va->va.addr);
	const u64 past = min(end, va_end);

	cut->piece.addr = first;
	cut->piece.range = past - first;
	part_of(&cut->prev, va, va->va.addr, first);
	part_of(&cut->next, va, past, va_end);
}

static bool is_cut(const struct gpuvm_sm_cut *cut)
{
	return cut->prev.va.range || cut->next.va.range;
}

/* Stands for the driver's callbacks, and is never called. */
static int step_driver(struct drm_gpuvm *gpuvm, struct drm_gpuva_op *op,
		       void *priv)
{
	return -EINVAL;
}

/* The operation for a mapping that goes as a whole. */
static __always_inline struct drm_gpuva_op whole_op(struct drm_gpuva *va)
{
	return (struct drm_gpuva_op){
		.op = DRM_GPUVA_OP_UNMAP,
		.unmap.va = va,
	};
}

/* Let the driver unmap a mapping as a whole. */
static __always_inline int step_whole(struct drm_gpuvm *gpuvm,
				      struct drm_gpuva_op *op, void *priv)
{
	int ret;

	gpuvm_op_seal(op, gpuvm);
	ret = gpuvm->ops->sm_step_unmap(op, priv);
	gpuvm_op_break_seal(op);

	return ret;
}

/* @type is that of @op, which a compiler does not know once callbacks have seen it. */
static __always_inline int do_step(struct drm_gpuvm *gpuvm,
				   enum drm_gpuva_op_type type,
				   struct drm_gpuva_op *op,
				   gpuvm_sm_step step, void *priv)
{
	if (step != step_driver)
		return step(gpuvm, op, priv);

	switch (type) {
	case DRM_GPUVA_OP_MAP:
		return gpuvm->ops->sm_step_map(op, priv);
	case DRM_GPUVA_OP_REMAP:
		return gpuvm->ops->sm_step_remap(op, priv);
	case DRM_GPUVA_OP_UNMAP:
		return step_whole(gpuvm, op, priv);
	default:
		return -EINVAL;
	}
}

/* A mapping of which something is left. */
static __always_inline int step_cut(struct drm_gpuvm *gpuvm,
				    struct gpuvm_sm_cut *cut,
				    gpuvm_sm_step step, void *priv)
{
	struct drm_gpuva_op op = {
		.op = DRM_GPUVA_OP_REMAP,
		.remap.prev = cut->prev.va.range ? &cut->prev : NULL,
		.remap.next = cut->next.va.range ? &cut->next : NULL,
		.remap.unmap = &cut->unmap,
	};

	return do_step(gpuvm, DRM_GPUVA_OP_REMAP, &op, step, priv);
}

/* The operation that maps a request. */
static __always_inline struct drm_gpuva_op
map_op(const struct drm_gpuvm_map_req *req)
{
	return (struct drm_gpuva_op){
		.op = DRM_GPUVA_OP_MAP,
		.flags = req->flags,
		.map = {
			.va = { req->map.va.addr, req->map.va.range },
			.gem = { req->map.gem.offset, req->map.gem.obj },
		},
		.attrs = req->attrs,
	};
}

/* Map but a piece of the request. */
static int step_piece(struct drm_gpuvm *gpuvm,
		      const struct drm_gpuvm_map_req *req,
		      const struct drm_gpuva_op_va *piece,
		      gpuvm_sm_step step, void *priv)
{
	const u64 distance = piece->addr - req->map.va.addr;
	struct drm_gpuva_op op = map_op(req);

	op.map.va = *piece;
	if (op.attrs.repeat)
		gpuvm_attrs_advance(&op.attrs, distance);
	else
		op.map.gem.offset += distance;

	return step(gpuvm, &op, priv);
}

/*
 * The first mapping in a range that nobody has checked yet. It changes nothing, and what
 * is checked needs nothing of it: the processor does that while it waits for the index.
 */
static __always_inline struct drm_gpuva *
seek_unchecked(struct drm_gpuvm *gpuvm, u64 addr, u64 range)
{
	return gpuva_index_seek(&gpuvm_private(gpuvm)->index, addr,
				addr + range - 1);
}

/*
 * Empty a range, from its first mapping @va on; @req is what comes into it, or NULL.
 *
 * Inlined, as all that it calls: where @step is known, the driver's callbacks are
 * called from in here.
 */
static __always_inline int clear_range(struct drm_gpuvm *gpuvm,
				       struct drm_gpuva *va, u64 addr, u64 end,
				       const struct drm_gpuvm_map_req *req,
				       gpuvm_sm_step step, void *priv)
{
	struct gpuva_index *index = &gpuvm_private(gpuvm)->index;
	struct drm_gpuva_op whole;

	if (!va)
		return 0;

	/* One for all that go as a whole. */
	whole = whole_op(va);
	do {
		/* @step may free the mapping. */
		const u64 past = va->va.addr + va->va.range;
		const bool keep = req && gpuvm_keeps(gpuvm, va, req);
		int ret;

		if (va->va.addr >= addr && past - 1 <= end - 1) {
			whole.unmap.va = va;
			whole.unmap.keep = keep;
			ret = do_step(gpuvm, DRM_GPUVA_OP_UNMAP, &whole, step,
				      priv);
		} else {
			struct gpuvm_sm_cut cut;

			cut_out(&cut, va, addr, end);
			cut.unmap = (struct drm_gpuva_op_unmap){
				.va = va,
				.keep = keep,
			};
			ret = step_cut(gpuvm, &cut, step, priv);
		}
		if (ret)
			return ret;

		/* Most often no other is in the range. */
		va = past - 1 < end - 1 ?
		     gpuva_index_seek_on(index, past, end - 1) : NULL;
	} while (va);

	return 0;
}

/* Whether there is a callback for whatever an unmap, or also a map, comes to. */
static __always_inline bool has_steps(const struct drm_gpuvm_ops *ops, bool map)
{
	return ops && ops->sm_step_remap && ops->sm_step_unmap &&
	       (!map || ops->sm_step_map);
}

static __always_inline int sm_map(struct drm_gpuvm *gpuvm,
				  const struct drm_gpuvm_map_req *req,
				  struct drm_gpuva *first,
				  gpuvm_sm_step step, void *priv)
{
	const struct drm_gpuva_op_va *va = &req->map.va;
	struct drm_gpuva_op op;
	int ret;

	if (step == step_driver && !has_steps(gpuvm->ops, true))
		return -EINVAL;

	ret = gpuvm_map_req_check(gpuvm, req);
	if (ret)
		return ret;

	/* Now, while the processor waits, and not when it could go on to the next request. */
	op = map_op(req);
	ret = clear_range(gpuvm, first, va->addr, va->addr + va->range, req,
			  step, priv);
	if (ret)
		return ret;

	return do_step(gpuvm, DRM_GPUVA_OP_MAP, &op, step, priv);
}

static __always_inline int sm_unmap(struct drm_gpuvm *gpuvm, u64 addr,
				    u64 range, struct drm_gpuva *first,
				    gpuvm_sm_step step, void *priv)
{
	if (step == step_driver && !has_steps(gpuvm->ops, false))
		return -EINVAL;

	if (!gpuvm_range_valid(gpuvm, addr, range))
		return -EINVAL;

	return clear_range(gpuvm, first, addr, addr + range, NULL, step, priv);
}

/**
 * gpuvm_sm_map() - find the operations that map a range
 * @gpuvm: the VM
 * @req: what to map
 * @step: called for each operation, in address order, for the MAP last
 * @priv: for @step
 *
 * Return: 0; what gpuvm_map_req_check() returns; what @step returns.
 */
int gpuvm_sm_map(struct drm_gpuvm *gpuvm, const struct drm_gpuvm_map_req *req,
		 gpuvm_sm_step step, void *priv)
{
	return sm_map(gpuvm, req,
		      seek_unchecked(gpuvm, req->map.va.addr, req->map.va.range),
		      step, priv);
}

/**
 * gpuvm_sm_unmap() - find the operations that unmap a range
 * @gpuvm: the VM
 * @addr: first address
 * @range: length
 * @step: called for each operation, in address order
 * @priv: for @step
 *
 * Return: 0; -EINVAL for a range in which nothing may be mapped; what @step
 * returns.
 */
int gpuvm_sm_unmap(struct drm_gpuvm *gpuvm, u64 addr, u64 range,
		   gpuvm_sm_step step, void *priv)
{
	return sm_unmap(gpuvm, addr, range, seek_unchecked(gpuvm, addr, range),
			step, priv);
}

/**
 * gpuvm_sm_madvise() - find the operations that split mappings at the edges of a
 * range
 * @gpuvm: the VM
 * @req: the range, and what to map in the pieces of it
 * @step: called for each operation: a REMAP, then the MAP of its piece
 * @priv: for @step
 *
 * Concerns mappings without an object alone. Those that lie in the range as a
 * whole stay as they are.
 *
 * Return: as gpuvm_sm_map().
 */
int gpuvm_sm_madvise(struct drm_gpuvm *gpuvm,
		     const struct drm_gpuvm_map_req *req,
		     gpuvm_sm_step step, void *priv)
{
	const u64 addr = req->map.va.addr;
	const u64 end = addr + req->map.va.range;
	struct drm_gpuva *va, *next;
	int ret;

	ret = gpuvm_map_req_check(gpuvm, req);
	if (ret)
		return ret;

	drm_gpuvm_for_each_va_range_safe(va, next, gpuvm, addr, end) {
		struct gpuvm_sm_cut cut;

		if (va->gem.obj)
			continue;

		cut_out(&cut, va, addr, end);
		if (!is_cut(&cut))
			continue;

		cut.unmap = (struct drm_gpuva_op_unmap){ .va = va };
		ret = step_cut(gpuvm, &cut, step, priv);
		if (!ret)
			ret = step_piece(gpuvm, req, &cut.piece, step, priv);
		if (ret)
			return ret;
	}

	return 0;
}

/*
 * What follows is not inlined: registers are saved after the search, not before. The
 * processor comes so much sooner to the search for the next request.
 */
static noinline int sm_map_driver(struct drm_gpuvm *gpuvm,
				  const struct drm_gpuvm_map_req *req,
				  struct drm_gpuva *first, void *priv)
{
	return sm_map(gpuvm, req, first, step_driver, priv);
}

/*
 * Map what is mapped already: one mapping goes, as a whole. Its range is a valid one if
 * it is not the kernel's.
 */
static noinline int map_whole(struct drm_gpuvm *gpuvm,
			      const struct drm_gpuvm_map_req *req,
			      struct drm_gpuva *va, void *priv)
{
	struct drm_gpuva_op unmap = whole_op(va);
	struct drm_gpuva_op op;
	int ret;

	if (unlikely(!has_steps(gpuvm->ops, true)) ||
	    unlikely(va == &gpuvm->kernel_alloc_node))
		return -EINVAL;

	ret = likely(gpuvm_map_req_is_plain(req)) ?
	      0 : gpuvm_map_req_check(gpuvm, req);
	if (ret)
		return ret;

	op = map_op(req);
	unmap.unmap.keep = gpuvm_keeps(gpuvm, va, req);
	ret = step_whole(gpuvm, &unmap, priv);
	return ret ?: gpuvm->ops->sm_step_map(&op, priv);
}

static __always_inline int map_found(struct drm_gpuvm *gpuvm,
				     const struct drm_gpuvm_map_req *req,
				     struct gpuva_found found, void *priv)
{
	return found.whole ? map_whole(gpuvm, req, found.va, priv) :
			     sm_map_driver(gpuvm, req, found.va, priv);
}

/* Of who goes on by equal steps; and in a VM that has no tree, or not all in it. */
static noinline int map_regular(struct drm_gpuvm *gpuvm,
				const struct drm_gpuvm_map_req *req, void *priv)
{
	const struct drm_gpuva_op_va *va = &req->map.va;

	return map_found(gpuvm, req,
			 gpuva_index_seek_regular(&gpuvm_private(gpuvm)->index,
						  va->addr,
						  va->addr + va->range - 1),
			 priv);
}

/**
 * drm_gpuvm_sm_map() - map a range, by the driver's callbacks
 * @gpuvm: the VM
 * @priv: for the callbacks
 * @req: what to map; the object may be NULL
 *
 * Whatever was mapped in the range is unmapped or cut by
 * &drm_gpuvm_ops.sm_step_unmap and &drm_gpuvm_ops.sm_step_remap, in address
 * order; then &drm_gpuvm_ops.sm_step_map is called once.
 *
 * &drm_gpuva_op.flags and &drm_gpuva_op.attrs of that operation are those of the
 * request; drm_gpuva_map_op() gives them to the mapping.
 *
 * Context: the caller's lock for the VM is held. Fence signalling section, as
 * far as the callbacks are.
 * Return: 0; -EINVAL, with nothing done, if drm_gpuvm_range_valid() says so, a
 * callback is missing, the request has DRM_GPUVA_INVALIDATED or a reserved
 * member set, or repeats without an object or from a phase that is not below
 * &drm_gpuva_attrs.repeat; what a callback returns, and then the operations
 * before it are done.
 */
int drm_gpuvm_sm_map(struct drm_gpuvm *gpuvm, void *priv,
		     const struct drm_gpuvm_map_req *req)
{
	const struct drm_gpuva_op_va *va = &req->map.va;
	struct gpuva_found found;

	return gpuva_index_seek_random(&gpuvm_private(gpuvm)->index, va->addr,
				       va->addr + va->range - 1, &found) ?
	       map_found(gpuvm, req, found, priv) :
	       map_regular(gpuvm, req, priv);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_sm_map);

static noinline int sm_unmap_driver(struct drm_gpuvm *gpuvm, u64 addr,
				    u64 range, struct drm_gpuva *first,
				    void *priv)
{
	return sm_unmap(gpuvm, addr, range, first, step_driver, priv);
}

/* Unmap a mapping as a whole. Its range is a valid one if it is not the kernel's. */
static noinline int unmap_whole(struct drm_gpuvm *gpuvm, struct drm_gpuva *va,
				void *priv)
{
	struct drm_gpuva_op op = whole_op(va);

	if (unlikely(!has_steps(gpuvm->ops, false)) ||
	    unlikely(va == &gpuvm->kernel_alloc_node))
		return -EINVAL;

	return step_whole(gpuvm, &op, priv);
}

static __always_inline int unmap_found(struct drm_gpuvm *gpuvm, u64 addr,
				       u64 range, struct gpuva_found found,
				       void *priv)
{
	return found.whole ? unmap_whole(gpuvm, found.va, priv) :
			     sm_unmap_driver(gpuvm, addr, range, found.va,
					     priv);
}

/* As map_regular(). */
static noinline int unmap_regular(struct drm_gpuvm *gpuvm, u64 addr, u64 range,
				  void *priv)
{
	struct gpuva_index *index = &gpuvm_private(gpuvm)->index;

	return unmap_found(gpuvm, addr, range,
			   gpuva_index_seek_regular(index, addr,
						    addr + range - 1), priv);
}

/**
 * drm_gpuvm_sm_unmap() - unmap a range, by the driver's callbacks
 * @gpuvm: the VM
 * @priv: for the callbacks
 * @addr: first address
 * @range: length
 *
 * A range with nothing in it is no error.
 *
 * Context: as drm_gpuvm_sm_map().
 * Return: as drm_gpuvm_sm_map().
 */
int drm_gpuvm_sm_unmap(struct drm_gpuvm *gpuvm, void *priv,
		       u64 addr, u64 range)
{
	struct gpuva_found found;

	return gpuva_index_seek_random(&gpuvm_private(gpuvm)->index, addr,
				       addr + range - 1, &found) ?
	       unmap_found(gpuvm, addr, range, found, priv) :
	       unmap_regular(gpuvm, addr, range, priv);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_sm_unmap);

static int step_lock(struct drm_gpuvm *gpuvm, struct drm_gpuva_op *op,
		     void *priv)
{
	const struct drm_gpuva *va;

	switch (op->op) {
	case DRM_GPUVA_OP_REMAP:
		va = op->remap.unmap->va;
		break;
	case DRM_GPUVA_OP_UNMAP:
		va = op->unmap.va;
		break;
	default:
		return 0;
	}

	return va->gem.obj ? gpuvm_exec_prepare(priv, va->gem.obj, 0) : 0;
}

/**
 * drm_gpuvm_sm_map_exec_lock() - lock what drm_gpuvm_sm_map() would touch
 * @gpuvm: the VM
 * @exec: the locking context
 * @num_fences: fence slots to reserve in the request's object; 0 to lock only
 * @req: what is to be mapped
 *
 * Locks the request's object and those of the mappings that would be unmapped
 * or cut.
 *
 * Context: process; sleeps; within drm_exec_until_all_locked(). The caller's
 * lock for the VM is held, and until the mapping is made.
 * Return: 0; -EINVAL where drm_gpuvm_sm_map() says so; -EDEADLK on contention,
 * for drm_exec_retry_on_contention(); -EINTR if interrupted and the context
 * allows that; -ENOMEM.
 */
int drm_gpuvm_sm_map_exec_lock(struct drm_gpuvm *gpuvm, struct drm_exec *exec,
			       unsigned int num_fences,
			       struct drm_gpuvm_map_req *req)
{
	struct drm_gem_object *obj = req->map.gem.obj;
	int ret;

	might_sleep();

	ret = gpuvm_map_req_check(gpuvm, req) ?:
	      gpuvm_top_up(gpuvm);
	if (ret)
		return ret;

	if (obj) {
		ret = gpuvm_exec_prepare(exec, obj, num_fences);
		if (ret)
			return ret;
	}

	return gpuvm_sm_map(gpuvm, req, step_lock, exec);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_sm_map_exec_lock);

/**
 * drm_gpuvm_sm_unmap_exec_lock() - lock what drm_gpuvm_sm_unmap() would touch
 * @gpuvm: the VM
 * @exec: the locking context
 * @addr: first address
 * @range: length
 *
 * Context: as drm_gpuvm_sm_map_exec_lock().
 * Return: as drm_gpuvm_sm_map_exec_lock().
 */
int drm_gpuvm_sm_unmap_exec_lock(struct drm_gpuvm *gpuvm,
				 struct drm_exec *exec, u64 addr, u64 range)
{
	might_sleep();

	return gpuvm_top_up(gpuvm) ?:
	       gpuvm_sm_unmap(gpuvm, addr, range, step_lock, exec);
}
EXPORT_SYMBOL_GPL(drm_gpuvm_sm_unmap_exec_lock);

/**
 * drm_gpuva_op_remap_to_unmap_range() - which range a remap operation empties
 * @op: the operation
 * @start_addr: set to the first address, unless NULL
 * @range: set to the length, unless NULL
 */
void drm_gpuva_op_remap_to_unmap_range(const struct drm_gpuva_op_remap *op,
				       u64 *start_addr, u64 *range)
{
	const struct drm_gpuva_range *va = &op->unmap->va->va;
	const u64 start = va->addr + (op->prev ? op->prev->va.range : 0);
	const u64 end = va->addr + va->range -
			(op->next ? op->next->va.range : 0);

	if (start_addr)
		*start_addr = start;
	if (range)
		*range = end - start;
}
EXPORT_SYMBOL_GPL(drm_gpuva_op_remap_to_unmap_range);
