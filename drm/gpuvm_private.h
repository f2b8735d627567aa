/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The core's own state, in the storage that the C ABI reserves for it.
 */
#ifndef __GPUVM_PRIVATE_H__
#define __GPUVM_PRIVATE_H__

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/llist.h>
#include <linux/overflow.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>

#include <drm/drm_device.h>
#include <drm/drm_gpuvm.h>
#include <drm_gpuvm_compat.h>

#include "gpuva_index.h"
#include "gpuvm_list.h"

struct drm_gpuvm_bind_queue;

/** define GPUVM_SHARED - how many shared objects of a VM have a place in it */
#define GPUVM_SHARED 4

/**
 * struct gpuvm_shared - the place of an object that other VMs had mapped before
 *
 * Whether a place is an object's changes with that object's gpuva lock held, and
 * nobody else can take the place while it is. So who holds that lock reads both
 * members as they belong together.
 */
struct gpuvm_shared {
	/**
	 * @obj: the object; NULL in a free place, which is taken with
	 * &gpuvm_private.lock held
	 */
	struct drm_gem_object *obj;
	/** @vm_bo: its vm_bo in this VM; without meaning in a free place */
	struct drm_gpuvm_bo *vm_bo;
};

/**
 * struct gpuvm_private - the core's part of a VM
 *
 * The lists lock is @lock, or the VM's dma_resv under DRM_GPUVM_RESV_PROTECTED.
 */
struct gpuvm_private {
	/**
	 * @index: the mappings; protected by the driver's lock for the VM
	 *
	 * Who obtains a vm_bo reads the last two of its members, and then @shared:
	 * side by side, since the VM may be in no cache.
	 */
	struct gpuva_index index;
	/** @shared: the first few objects shared with other VMs */
	struct gpuvm_shared shared[GPUVM_SHARED];
	/**
	 * @names_flags: a request named flags or attributes, see gpuvm_keeps();
	 * never taken back; protected by the driver's lock for the VM
	 */
	bool names_flags;
	/**
	 * @evict_added: how often something came to &drm_gpuvm.evict; written
	 * with the lists lock held, read also without
	 */
	unsigned int evict_added;
	/**
	 * @mappings: how many are inserted, without the kernel's reserve; while
	 * there are any, they hold one reference to the VM together; written
	 * under the driver's lock for the VM, read also without
	 */
	unsigned long mappings;
	/**
	 * @lock: protects @far, and free places of @shared; and @extobj and
	 * &drm_gpuvm.evict, unless the VM's dma_resv does
	 *
	 * Innermost; taken in the fence signalling section.
	 */
	spinlock_t lock;
	/** @extobj: vm_bos of external objects; protected by the lists lock */
	struct list_head extobj;
	/**
	 * @locked: how many objects drm_gpuvm_exec_lock_array() locked the last
	 * time; a hint, without a lock
	 */
	unsigned int locked;
	/** @extobj_added: how often something came to @extobj; as @evict_added */
	unsigned int extobj_added;
	/** @far: vm_bos by object, see gpuvm_bo_far.c; protected by @lock */
	struct rb_root far;
	/** @bo_defer: vm_bos to be freed where sleeping is allowed; lock-free */
	struct llist_head bo_defer;
	/**
	 * @bos_lock: protects @bos
	 *
	 * Innermost; not taken in the fence signalling section, so that who
	 * shows a long list holds up no job.
	 */
	spinlock_t bos_lock;
	/** @bos: all vm_bos that were obtained once; protected by @bos_lock */
	struct list_head bos;
	/**
	 * @memory: counts what needs the VM's memory and nothing else of it:
	 * &drm_gpuvm.kref as a whole, and each vm_bo that was never obtained
	 */
	struct kref memory;
	/** @binds: its bind queue, or NULL; kept by whatever is mapped */
	struct drm_gpuvm_bind_queue *binds;
	/** @used: when a job used it last, see drm_gpuvm_lru_vm_used() */
	atomic64_t used;
};

static_assert(sizeof(struct gpuvm_private) <=
	      sizeof_field(struct drm_gpuvm, __core));

/**
 * struct gpuvm_bo_private - the core's part of a vm_bo
 */
struct gpuvm_bo_private {
	/** @extobj: in &gpuvm_private.extobj; protected by the lists lock */
	struct gpuvm_list_item extobj;
	/** @evict: in &drm_gpuvm.evict; protected by the lists lock */
	struct gpuvm_list_item evict;
	/** @bos: in &gpuvm_private.bos or empty; protected by &gpuvm_private.bos_lock */
	struct list_head bos;
	union {
		/**
		 * @far: in &gpuvm_private.far, or in no tree
		 *
		 * Protected by &gpuvm_private.lock; whether it is in the tree
		 * changes only with the GEM's gpuva lock held.
		 */
		struct rb_node far;
		/**
		 * @bo_defer: in &gpuvm_private.bo_defer, after the last
		 * reference, when it is in no tree any more
		 */
		struct llist_node bo_defer;
	};
};

static_assert(sizeof(struct gpuvm_bo_private) <=
	      sizeof_field(struct drm_gpuvm_bo, __core));

static inline struct gpuvm_private *gpuvm_private(struct drm_gpuvm *gpuvm)
{
	return (struct gpuvm_private *)gpuvm->__core;
}

static inline struct gpuvm_bo_private *
gpuvm_bo_private(struct drm_gpuvm_bo *vm_bo)
{
	return (struct gpuvm_bo_private *)vm_bo->__core;
}

static inline struct drm_gpuvm_bo *gpuvm_bo_of(struct gpuvm_bo_private *priv)
{
	return container_of((void *)priv, struct drm_gpuvm_bo, __core);
}

static inline struct drm_gpuvm_bo *gpuvm_bo_of_defer(struct llist_node *node)
{
	return gpuvm_bo_of(llist_entry(node, struct gpuvm_bo_private,
				       bo_defer));
}

/* The exported functions of these names, where each nanosecond counts. */
static inline bool gpuvm_resv_protected(const struct drm_gpuvm *gpuvm)
{
	return gpuvm->flags & DRM_GPUVM_RESV_PROTECTED;
}

static inline bool gpuvm_immediate_mode(const struct drm_gpuvm *gpuvm)
{
	return gpuvm->flags & DRM_GPUVM_IMMEDIATE_MODE;
}

/** define GPUVM_LOCKS_FEW - so many objects stay in the cache from lock to lock */
#define GPUVM_LOCKS_FEW 512

/* Whether to ask for what is locked ahead of time would only cost. */
static inline bool gpuvm_locks_few(struct drm_gpuvm *gpuvm)
{
	const unsigned int locked = READ_ONCE(gpuvm_private(gpuvm)->locked);

	/* At 0 it is the first time, when nothing is in the cache. */
	return locked && locked <= GPUVM_LOCKS_FEW;
}

/*
 * might_sleep() where each nanosecond counts: in a kernel that cannot tell, it is
 * no more than a place to be rescheduled.
 */
#define gpuvm_might_sleep()					\
do {								\
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) ||		\
	    IS_ENABLED(CONFIG_LOCKDEP))				\
		might_sleep();					\
} while (0)

/* An object's gpuva lock: the VM's mode decides which lock that is. */
static inline void gpuvm_gpuva_assert_held(struct drm_gpuvm *gpuvm,
					   struct drm_gem_object *obj)
{
	if (gpuvm_immediate_mode(gpuvm))
		lockdep_assert_held(compat_gem_gpuva_mutex(obj));
	else
		dma_resv_assert_held(obj->resv);
}

/* Whether a range is empty, or does not end below 2^64. */
static inline bool gpuvm_range_wraps(u64 addr, u64 range)
{
	u64 end;

	return !range || check_add_overflow(addr, range, &end);
}

/* Whether a proper range lies in the VA space as a whole. */
static inline bool gpuvm_in_mm(const struct drm_gpuvm *gpuvm, u64 addr,
			       u64 range)
{
	return !gpuvm_range_wraps(addr, range) &&
	       addr >= gpuvm->mm_start &&
	       range <= gpuvm->mm_range &&
	       addr - gpuvm->mm_start <= gpuvm->mm_range - range;
}

static inline bool gpuvm_range_valid(const struct drm_gpuvm *gpuvm, u64 addr,
				     u64 range)
{
	const struct drm_gpuva_range *reserve = &gpuvm->kernel_alloc_node.va;

	return gpuvm_in_mm(gpuvm, addr, range) &&
	       !(reserve->range && addr < reserve->addr + reserve->range &&
		 reserve->addr < addr + range);
}

/* gpuvm_vm.c */
void gpuvm_release(struct kref *kref);
void gpuvm_put_memory(struct drm_gpuvm *gpuvm);

/*
 * Where a vm_bo is made for each bind, most are freed at once, because there was
 * one already. This is what they hold instead of a reference to the VM, so that
 * it can be told, without counting twice, how many were never obtained.
 */
static inline void gpuvm_get_memory(struct drm_gpuvm *gpuvm)
{
	kref_get(&gpuvm_private(gpuvm)->memory);
}

/*
 * A mapping that is inserted keeps the VM. One reference does for all of them,
 * since the driver's lock for the VM orders who is the first and who the last:
 * counting here costs nothing, where an atomic operation for each mapping would
 * make every removal wait for the memory that the one before touched.
 */
static inline void gpuvm_pin(struct drm_gpuvm *gpuvm)
{
	struct gpuvm_private *priv = gpuvm_private(gpuvm);

	WRITE_ONCE(priv->mappings, priv->mappings + 1);
	if (unlikely(priv->mappings == 1))
		kref_get(&gpuvm->kref);
}

/* The VM may be gone afterwards. */
static inline void gpuvm_unpin(struct drm_gpuvm *gpuvm)
{
	struct gpuvm_private *priv = gpuvm_private(gpuvm);

	WRITE_ONCE(priv->mappings, priv->mappings - 1);
	if (unlikely(!priv->mappings))
		drm_gpuvm_put(gpuvm);
}

/* Set aside what the next mappings may take, wherever a driver comes by that may sleep. */
static inline int gpuvm_top_up(struct drm_gpuvm *gpuvm)
{
	struct gpuvm_private *priv = gpuvm_private(gpuvm);

	return gpuva_index_top_up(&priv->index, &priv->mappings);
}

/* gpuvm_attrs.c */
bool gpuvm_attrs_valid(const struct drm_gpuva_attrs *attrs,
		       const struct drm_gem_object *obj);
int gpuvm_map_req_check(struct drm_gpuvm *gpuvm,
			const struct drm_gpuvm_map_req *req);
bool gpuvm_va_same(const struct drm_gpuva *a, const struct drm_gpuva *b);
bool gpuvm_keeps_attrs(const struct drm_gpuva *va,
		       const struct drm_gpuvm_map_req *req);
void gpuvm_attrs_advance(struct drm_gpuva_attrs *attrs, u64 distance);

/*
 * Whether a request names a range and an object and nothing else: then there is no more to
 * check than the range. One test, where gpuvm_map_req_check() takes one for each member.
 */
static __always_inline bool
gpuvm_map_req_is_plain(const struct drm_gpuvm_map_req *req)
{
	return !(req->flags | req->__pad | req->__reserved | req->attrs.cookie |
		 req->attrs.repeat | req->attrs.repeat_phase);
}

/*
 * Whether a request maps the same as a mapping that it hits: the same memory with the
 * same attributes at the addresses that both have. Never for one without an object.
 *
 * A driver that never names flags in its requests sets those of its mappings by
 * itself, afterwards, and a request says nothing about them. One that names them
 * says with a 0, too, what it wants; but a 0 in a VM where none was ever named
 * may be either driver's. There nothing is lost by not comparing: no mapping got
 * flags from a request yet.
 */
static __always_inline bool gpuvm_keeps(struct drm_gpuvm *gpuvm,
					const struct drm_gpuva *va,
					const struct drm_gpuvm_map_req *req)
{
	const struct drm_gem_object *obj = req->map.gem.obj;

	if (!obj || va->gem.obj != obj)
		return false;

	if (unlikely(gpuvm_private(gpuvm)->names_flags || va->attrs.cookie ||
		     va->attrs.repeat))
		return gpuvm_keeps_attrs(va, req);

	return va->gem.offset - va->va.addr ==
	       req->map.gem.offset - req->map.va.addr;
}

/* gpuvm_bo.c */
void gpuvm_bo_free(struct drm_gpuvm_bo *vm_bo);

/* gpuvm_bo_far.c */
struct drm_gpuvm_bo *gpuvm_bo_search_locked(struct drm_gpuvm *gpuvm,
					    struct drm_gem_object *obj);
void gpuvm_bo_publish_locked(struct drm_gpuvm_bo *vm_bo);
void gpuvm_bo_unpublish_locked(struct drm_gpuvm_bo *vm_bo);

/**
 * gpuvm_bo_find_locked() - find the vm_bo of a VM and an object
 * @gpuvm: the VM
 * @obj: the object
 *
 * Most objects are in one VM.
 *
 * Context: the GEM's gpuva lock is held; it keeps the vm_bo.
 * Return: the vm_bo without a reference for the caller, or NULL.
 */
static inline struct drm_gpuvm_bo *
gpuvm_bo_find_locked(struct drm_gpuvm *gpuvm, struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *first;

	gpuvm_gpuva_assert_held(gpuvm, obj);

	first = list_first_entry_or_null(&obj->gpuva.list, struct drm_gpuvm_bo,
					 list.entry.gem);
	return !first || first->vm == gpuvm ?
	       first : gpuvm_bo_search_locked(gpuvm, obj);
}

/* gpuvm_defer.c */
bool gpuvm_bo_put_zombie_locked(struct drm_gpuvm_bo *vm_bo);
void gpuvm_bo_defer(struct drm_gpuvm_bo *vm_bo);
unsigned long gpuvm_bo_cleanup(struct drm_gpuvm *gpuvm);

/* gpuvm_va.c */
int gpuvm_va_insert(struct drm_gpuvm *gpuvm, struct drm_gpuva *va,
		    const struct drm_gpuva_op_map *op);
int gpuvm_va_insert_piece(struct drm_gpuva *piece, const struct drm_gpuva *old,
			  const struct drm_gpuva_op_map *op);

/* gpuvm_exec.c */
int gpuvm_exec_prepare(struct drm_exec *exec, struct drm_gem_object *obj,
		       unsigned int num_fences);

/* gpuvm_leaks.c */
unsigned long gpuvm_report_mappings(struct drm_gpuvm *gpuvm);
unsigned long gpuvm_report_vm_bos(struct drm_gpuvm *gpuvm);

/* gpuvm_lockdep.c */
int gpuvm_lockdep_prime(void);

#endif
