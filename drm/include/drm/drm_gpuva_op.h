/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Operations on mappings: what split and merge hand to a driver.
 *
 * Included by drm_gpuvm.h, never alone.
 */
#ifndef __DRM_GPUVA_OP_H__
#define __DRM_GPUVA_OP_H__

#ifndef __DRM_GPUVM_H__
#error "include <drm/drm_gpuvm.h> instead"
#endif

/**
 * enum drm_gpuva_op_type - what an operation does
 */
enum drm_gpuva_op_type {
	/** @DRM_GPUVA_OP_MAP: create a mapping */
	DRM_GPUVA_OP_MAP,
	/** @DRM_GPUVA_OP_REMAP: cut a mapping, keep its head, its tail or both */
	DRM_GPUVA_OP_REMAP,
	/** @DRM_GPUVA_OP_UNMAP: take away a mapping as a whole */
	DRM_GPUVA_OP_UNMAP,
	/** @DRM_GPUVA_OP_PREFETCH: bring a mapping's memory near */
	DRM_GPUVA_OP_PREFETCH,
	/** @DRM_GPUVA_OP_DRIVER: the driver's own; the core makes none */
	DRM_GPUVA_OP_DRIVER,
};

/**
 * struct drm_gpuva_op_va - a range of the VA space
 */
struct drm_gpuva_op_va {
	/** @addr: first address, in the unit that the driver chose for the VM */
	u64 addr;
	/** @range: length, in the same unit; never 0 in what the core makes */
	u64 range;
};

/**
 * struct drm_gpuva_op_gem - what stands behind a range of the VA space
 */
struct drm_gpuva_op_gem {
	/** @offset: where in @obj the range starts */
	u64 offset;
	/** @obj: the object, or NULL for a sparse or otherwise empty mapping */
	struct drm_gem_object *obj;
};

/**
 * struct drm_gpuva_op_map - create one mapping
 */
struct drm_gpuva_op_map {
	/** @va: where */
	struct drm_gpuva_op_va va;
	/** @gem: of what */
	struct drm_gpuva_op_gem gem;
};

/**
 * struct drm_gpuva_op_unmap - take away one mapping
 */
struct drm_gpuva_op_unmap {
	/** @va: the mapping that goes away */
	struct drm_gpuva *va;
	/**
	 * @keep: the request maps the same memory at these addresses
	 *
	 * Set only if the mapping and the request have the same object, which
	 * is not NULL, the same attributes, and each address keeps its offset.
	 * The driver may then leave the page-table entries that both share as
	 * they are.
	 */
	bool keep;
	/** @__pad: not used */
	u8 __pad[3];
	/** @__seal: the core's: whether this is an operation of a callback */
	u32 __seal;
};

/**
 * struct drm_gpuva_op_remap - cut one mapping
 *
 * One operation and not three, so that a driver can carry its own state from
 * the old mapping over to what remains of it. At least one of @prev and @next
 * is set. What it points to lives as long as the list, or, in a callback, as long
 * as the call.
 */
struct drm_gpuva_op_remap {
	/** @prev: what remains before the cut, or NULL */
	struct drm_gpuva_op_map *prev;
	/** @next: what remains behind the cut, or NULL */
	struct drm_gpuva_op_map *next;
	/** @unmap: the mapping that is cut */
	struct drm_gpuva_op_unmap *unmap;
};

/**
 * struct drm_gpuva_op_prefetch - prefetch one mapping
 */
struct drm_gpuva_op_prefetch {
	/** @va: the mapping */
	struct drm_gpuva *va;
};

/**
 * struct drm_gpuva_op - one operation
 *
 * The first member of whatever &drm_gpuvm_ops.op_alloc returns. An operation
 * belongs to the list that it was made for, or, in a callback, to the core's
 * stack.
 *
 * A driver with neither &drm_gpuvm_ops.op_alloc nor &drm_gpuvm_ops.op_free has
 * operations that are pieces of larger memory: it must not kfree() one, nor put
 * one of its own on the core's list. It may take one off the list, by
 * list_del(): the operation then stays valid until the list is freed.
 */
struct drm_gpuva_op {
	/** @entry: link in &drm_gpuva_ops.list */
	struct list_head entry;
	/** @op: which member of the union is valid */
	enum drm_gpuva_op_type op;
	/** @flags: for DRM_GPUVA_OP_MAP, &enum drm_gpuva_flags of the mapping */
	u32 flags;
	union {
		/** @map: for DRM_GPUVA_OP_MAP */
		struct drm_gpuva_op_map map;
		/** @remap: for DRM_GPUVA_OP_REMAP */
		struct drm_gpuva_op_remap remap;
		/** @unmap: for DRM_GPUVA_OP_UNMAP */
		struct drm_gpuva_op_unmap unmap;
		/** @prefetch: for DRM_GPUVA_OP_PREFETCH */
		struct drm_gpuva_op_prefetch prefetch;
		/** @__reserved: room for operations to come, and the core's */
		u64 __reserved[4];
	};
	/**
	 * @attrs: for DRM_GPUVA_OP_MAP, the attributes of the mapping
	 *
	 * What a DRM_GPUVA_OP_REMAP leaves has those of the mapping that is
	 * cut: drm_gpuva_remap() sets them, drm_gpuva_attrs_at() tells them.
	 */
	struct drm_gpuva_attrs attrs;
};

/**
 * struct drm_gpuva_ops - a list of operations, in the order to carry them out
 *
 * Made by the _ops_create functions, freed by drm_gpuva_ops_free(). Owned by
 * the caller, who serialises access to it. A driver that makes one itself zeroes
 * what is not @list.
 */
struct drm_gpuva_ops {
	/** @list: the operations */
	struct list_head list;
	/**
	 * @__chunks: the core's: the memory that operations were taken from
	 * last; NULL in a list that is not the core's
	 */
	void *__chunks;
	/** @__size: the core's: bytes of @__chunks */
	u32 __size;
	/** @__left: the core's: how many of them are left, at the end */
	u32 __left;
};

/**
 * struct drm_gpuvm_map_req - what to map
 *
 * @flags and @attrs are optional: a driver that leaves them zero in every
 * request sets the flags of its mappings itself, and *keep* does not look at
 * them. From the first request of a VM that names any, the flags of each request
 * are compared too.
 */
struct drm_gpuvm_map_req {
	/** @map: where and what; the object may be NULL */
	struct drm_gpuva_op_map map;
	/**
	 * @flags: &enum drm_gpuva_flags of the mapping: DRM_GPUVA_SPARSE and
	 * the driver's
	 */
	u32 flags;
	/** @__pad: set to 0 */
	u32 __pad;
	/** @attrs: attributes of the mapping */
	struct drm_gpuva_attrs attrs;
	/** @__reserved: set to 0 */
	u64 __reserved;
};

/**
 * drm_gpuva_for_each_op() - walk a list of operations
 * @op: the cursor, a struct drm_gpuva_op pointer
 * @ops: the list
 */
#define drm_gpuva_for_each_op(op, ops) \
	list_for_each_entry(op, &(ops)->list, entry)

/**
 * drm_gpuva_for_each_op_safe() - walk a list whose current operation may go
 * @op: the cursor
 * @next: a second cursor, used by the macro
 * @ops: the list
 */
#define drm_gpuva_for_each_op_safe(op, next, ops) \
	list_for_each_entry_safe(op, next, &(ops)->list, entry)

/**
 * drm_gpuva_for_each_op_reverse() - walk a list from its end
 * @op: the cursor
 * @ops: the list
 */
#define drm_gpuva_for_each_op_reverse(op, ops) \
	list_for_each_entry_reverse(op, &(ops)->list, entry)

/**
 * drm_gpuva_for_each_op_from_reverse() - walk from @op towards the beginning
 * @op: where to start, and the cursor; what drm_gpuva_last_op() gives for an
 *      empty list ends the walk at once
 * @ops: the list
 */
#define drm_gpuva_for_each_op_from_reverse(op, ops) \
	list_for_each_entry_from_reverse(op, &(ops)->list, entry)

/**
 * drm_gpuva_first_op() - the first operation of a list that is not empty
 * @ops: the list
 */
#define drm_gpuva_first_op(ops) \
	list_first_entry(&(ops)->list, struct drm_gpuva_op, entry)

/**
 * drm_gpuva_last_op() - the last operation of a list that is not empty
 * @ops: the list
 *
 * For an empty list the result is good for drm_gpuva_for_each_op_from_reverse()
 * and for nothing else.
 */
#define drm_gpuva_last_op(ops) \
	list_last_entry(&(ops)->list, struct drm_gpuva_op, entry)

/**
 * drm_gpuva_prev_op() - the operation before @op, which must not be the first
 * @op: an operation
 */
#define drm_gpuva_prev_op(op) list_prev_entry(op, entry)

/**
 * drm_gpuva_next_op() - the operation after @op, which must not be the last
 * @op: an operation
 */
#define drm_gpuva_next_op(op) list_next_entry(op, entry)

/* The same walks as functions, which end with NULL: for Rust. */
struct drm_gpuva_op *drm_gpuva_ops_first(struct drm_gpuva_ops *ops);
struct drm_gpuva_op *drm_gpuva_ops_last(struct drm_gpuva_ops *ops);
struct drm_gpuva_op *drm_gpuva_ops_next(struct drm_gpuva_ops *ops,
					struct drm_gpuva_op *op);
struct drm_gpuva_op *drm_gpuva_ops_prev(struct drm_gpuva_ops *ops,
					struct drm_gpuva_op *op);

struct drm_gpuva_ops *
drm_gpuvm_sm_map_ops_create(struct drm_gpuvm *gpuvm,
			    const struct drm_gpuvm_map_req *req);
struct drm_gpuva_ops *
drm_gpuvm_sm_unmap_ops_create(struct drm_gpuvm *gpuvm, u64 addr, u64 range);
struct drm_gpuva_ops *
drm_gpuvm_madvise_ops_create(struct drm_gpuvm *gpuvm,
			     const struct drm_gpuvm_map_req *req);
struct drm_gpuva_ops *
drm_gpuvm_prefetch_ops_create(struct drm_gpuvm *gpuvm, u64 addr, u64 range);
struct drm_gpuva_ops *
drm_gpuvm_bo_unmap_ops_create(struct drm_gpuvm_bo *vm_bo);
void drm_gpuva_ops_free(struct drm_gpuvm *gpuvm, struct drm_gpuva_ops *ops);

int drm_gpuvm_sm_map(struct drm_gpuvm *gpuvm, void *priv,
		     const struct drm_gpuvm_map_req *req);
int drm_gpuvm_sm_unmap(struct drm_gpuvm *gpuvm, void *priv,
		       u64 addr, u64 range);
int drm_gpuvm_sm_map_exec_lock(struct drm_gpuvm *gpuvm, struct drm_exec *exec,
			       unsigned int num_fences,
			       struct drm_gpuvm_map_req *req);
int drm_gpuvm_sm_unmap_exec_lock(struct drm_gpuvm *gpuvm,
				 struct drm_exec *exec, u64 addr, u64 range);

void drm_gpuva_init_from_op(struct drm_gpuva *va,
			    const struct drm_gpuva_op_map *op);
int drm_gpuva_map(struct drm_gpuvm *gpuvm, struct drm_gpuva *va,
		  const struct drm_gpuva_op_map *op);
int drm_gpuva_map_op(struct drm_gpuvm *gpuvm, struct drm_gpuva *va,
		     const struct drm_gpuva_op *op);
int drm_gpuva_remap(struct drm_gpuva *prev, struct drm_gpuva *next,
		    const struct drm_gpuva_op_remap *op);
void drm_gpuva_unmap(const struct drm_gpuva_op_unmap *op);
void drm_gpuva_op_remap_to_unmap_range(const struct drm_gpuva_op_remap *op,
				       u64 *start_addr, u64 *range);

#endif
