/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * DRM GPUVM: GPU virtual memory management shared by drivers.
 *
 * This header is a C ABI. Every structure in it has one layout on each
 * supported kernel and configuration; what a driver must not touch is reserved
 * storage, so that it can change without the layout changing. The layout is
 * recorded in drm/abi/ and a check compares it; drm_gpuvm_init() compares it
 * once more at run time. struct drm_gpuvm_exec holds a kernel structure whose
 * size varies; it stands last there, so that each offset is fixed.
 *
 * The names and fields are those of the kernel's own header of Linux 7.2, so
 * that its consumers compile with either; the include guard is the kernel's
 * too, so that never both are read.
 */
#ifndef __DRM_GPUVM_H__
#define __DRM_GPUVM_H__

#ifdef __BINDGEN__
#include "drm_gpuvm_bindgen.h"
#else
#include <linux/bits.h>
#include <linux/dma-resv.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>

#include <drm/drm_exec.h>
#include <drm/drm_gem.h>
#endif

#include "drm_gpuvm_symbols.h"

struct dma_fence;
struct dma_resv;
struct drm_device;
struct drm_exec;
struct drm_gem_object;
struct drm_gpuvm;
struct drm_gpuvm_bo;
struct drm_gpuvm_ops;
struct mutex;
struct seq_file;

/** define DRM_GPUVM_ABI_VERSION - raised when a change breaks old consumers */
#define DRM_GPUVM_ABI_VERSION 2

/**
 * enum drm_gpuva_flags - flags of a mapping
 */
enum drm_gpuva_flags {
	/** @DRM_GPUVA_INVALIDATED: the memory behind the mapping moved away */
	DRM_GPUVA_INVALIDATED = (1 << 0),
	/** @DRM_GPUVA_SPARSE: no memory stands behind the mapping, on purpose */
	DRM_GPUVA_SPARSE = (1 << 1),
	/** @DRM_GPUVA_USERBITS: this bit and those above are the driver's */
	DRM_GPUVA_USERBITS = (1 << 2),
};

/**
 * struct drm_gpuva_range - the VA range of a mapping
 */
struct drm_gpuva_range {
	/** @addr: first address, in the unit that the driver chose for the VM */
	u64 addr;
	/** @range: length, in the same unit */
	u64 range;
};

/**
 * struct drm_gpuva_gem - the memory behind a mapping
 */
struct drm_gpuva_gem {
	/** @offset: where in @obj the mapping starts */
	u64 offset;
	/**
	 * @obj: the object, or NULL
	 *
	 * Kept beside &drm_gpuva.vm_bo, because a VM may be used for tracking
	 * alone and then its mappings are never linked.
	 */
	struct drm_gem_object *obj;
	/** @entry: in &drm_gpuvm_bo.list; protected by the GEM's gpuva lock */
	struct list_head entry;
};

/**
 * struct drm_gpuva_attrs - what a mapping is beyond its range and its memory
 *
 * All zero for a plain mapping. Whatever becomes of a mapping when it is cut,
 * its attributes stay with the pieces. In a mapping with &drm_gpuva_attrs.repeat
 * the address that is x behind the first one shows what is in the object at
 * &drm_gpuva_gem.offset + (&drm_gpuva_attrs.repeat_phase + x) modulo
 * &drm_gpuva_attrs.repeat; drm_gpuva_gem_offset() computes that.
 */
struct drm_gpuva_attrs {
	/**
	 * @cookie: the driver's; the core compares it and does not look inside
	 *
	 * Shown in debugfs and in traces: not a place for a kernel pointer.
	 */
	u64 cookie;
	/**
	 * @repeat: length of the piece of the object that is mapped over and
	 * over, in the VM's unit; 0 if nothing repeats
	 */
	u32 repeat;
	/** @repeat_phase: where in the piece the mapping starts; below @repeat */
	u32 repeat_phase;
};

/**
 * struct drm_gpuva - one mapping of a VM
 *
 * Zeroed by its owner before first use; usually part of a larger structure.
 * While it is inserted, its VM stays, by a reference that all mappings share,
 * and @va must not change. Apart from the members that name another lock, the
 * lock that the driver holds around all changes of the VM protects it.
 */
struct drm_gpuva {
	/** @vm: the VM; stays set after removal */
	struct drm_gpuvm *vm;
	/** @__index: the index's part, private to the core */
	u64 __index[1];
	/** @va: where it is mapped */
	struct drm_gpuva_range va;
	/** @flags: &enum drm_gpuva_flags */
	enum drm_gpuva_flags flags;
	/** @__state: private to the core; 0 before the first use */
	u32 __state;
	/** @vm_bo: set while linked; protected by the GEM's gpuva lock */
	struct drm_gpuvm_bo *vm_bo;
	/** @gem: what is mapped */
	struct drm_gpuva_gem gem;
	/** @attrs: its attributes; do not change while it is inserted */
	struct drm_gpuva_attrs attrs;
};

u64 drm_gpuva_gem_offset(const struct drm_gpuva *va, u64 addr);
void drm_gpuva_attrs_at(const struct drm_gpuva *va, u64 addr,
			struct drm_gpuva_attrs *attrs);

int drm_gpuvm_prepare_mappings(struct drm_gpuvm *gpuvm, unsigned long count);
int drm_gpuva_insert(struct drm_gpuvm *gpuvm, struct drm_gpuva *va);
void drm_gpuva_remove(struct drm_gpuva *va);

void drm_gpuva_link(struct drm_gpuva *va, struct drm_gpuvm_bo *vm_bo);
void drm_gpuva_unlink(struct drm_gpuva *va);
void drm_gpuva_unlink_defer(struct drm_gpuva *va);

struct drm_gpuva *drm_gpuva_find(struct drm_gpuvm *gpuvm, u64 addr, u64 range);
struct drm_gpuva *drm_gpuva_find_first(struct drm_gpuvm *gpuvm,
				       u64 addr, u64 range);
struct drm_gpuva *drm_gpuva_find_prev(struct drm_gpuvm *gpuvm, u64 start);
struct drm_gpuva *drm_gpuva_find_next(struct drm_gpuvm *gpuvm, u64 end);

void drm_gpuva_invalidate(struct drm_gpuva *va, bool invalidate);
bool drm_gpuva_invalidated(struct drm_gpuva *va);

/**
 * enum drm_gpuvm_flags - flags of a VM
 */
enum drm_gpuvm_flags {
	/**
	 * @DRM_GPUVM_RESV_PROTECTED: the lists of external and of evicted
	 * objects are protected by the VM's dma_resv, not by a lock of the core
	 */
	DRM_GPUVM_RESV_PROTECTED = BIT(0),
	/**
	 * @DRM_GPUVM_IMMEDIATE_MODE: the VM changes in the job that changes the
	 * page tables
	 *
	 * The GEM's gpuva lock is then the mutex drm_gem_gpuva_mutex(), which
	 * may be taken in the fence signalling section; without this flag it
	 * is the GEM's dma_resv.
	 */
	DRM_GPUVM_IMMEDIATE_MODE = BIT(1),
	/** @DRM_GPUVM_USERBITS: this bit and those above are the driver's */
	DRM_GPUVM_USERBITS = BIT(2),
};

/**
 * struct drm_gpuvm_evict - evicted objects of a VM
 */
struct drm_gpuvm_evict {
	/**
	 * @list: vm_bos to validate; empty if there are none
	 *
	 * Protected by the VM's dma_resv under DRM_GPUVM_RESV_PROTECTED, else
	 * by a lock of the core, and then a driver may only ask whether the
	 * list is empty.
	 */
	struct list_head list;
};

/**
 * struct drm_gpuvm - one GPU virtual address space
 *
 * Zeroed by its owner before drm_gpuvm_init(); usually part of a larger
 * structure. What has no lock named below does not change after init.
 */
struct drm_gpuvm {
	/** @name: for messages and debugfs; NULL before init */
	const char *name;
	/** @flags: &enum drm_gpuvm_flags */
	enum drm_gpuvm_flags flags;
	/** @kref: see drm_gpuvm_get() */
	struct kref kref;
	/** @drm: the device; the VM holds a reference */
	struct drm_device *drm;
	/** @mm_start: first address of the VA space */
	u64 mm_start;
	/** @mm_range: length of the VA space */
	u64 mm_range;
	/** @kernel_alloc_node: the range that the driver keeps for itself */
	struct drm_gpuva kernel_alloc_node;
	/** @ops: the driver's callbacks */
	const struct drm_gpuvm_ops *ops;
	/** @r_obj: its dma_resv is the VM's; the VM holds a reference */
	struct drm_gem_object *r_obj;
	/** @evict: evicted objects */
	struct drm_gpuvm_evict evict;
	/** @__core: the core's; what protects it stands in gpuvm_private.h */
	u64 __core[96];
	/** @__reserved: 0 */
	u64 __reserved[16];
};

/**
 * struct drm_gpuvm_abi - what a consumer was compiled with
 *
 * Compared by drm_gpuvm_init_abi(). Kernels without MODVERSIONS load a module
 * that was built against another layout without a word.
 */
struct drm_gpuvm_abi {
	/** @version: DRM_GPUVM_ABI_VERSION */
	u32 version;
	/** @gpuvm: sizeof(struct drm_gpuvm) */
	u32 gpuvm;
	/** @gpuva: sizeof(struct drm_gpuva) */
	u32 gpuva;
	/** @gpuvm_bo: sizeof(struct drm_gpuvm_bo) */
	u32 gpuvm_bo;
	/** @gpuva_op: sizeof(struct drm_gpuva_op) */
	u32 gpuva_op;
	/** @gpuvm_ops: sizeof(struct drm_gpuvm_ops) */
	u32 gpuvm_ops;
	/** @map_req: sizeof(struct drm_gpuvm_map_req) */
	u32 map_req;
	/** @exec_offset: where struct drm_exec starts in struct drm_gpuvm_exec */
	u32 exec_offset;
};

int drm_gpuvm_init_abi(struct drm_gpuvm *gpuvm, const char *name,
		       enum drm_gpuvm_flags flags, struct drm_device *drm,
		       struct drm_gem_object *r_obj,
		       u64 start_offset, u64 range,
		       u64 reserve_offset, u64 reserve_range,
		       const struct drm_gpuvm_ops *ops,
		       const struct drm_gpuvm_abi *abi);

struct drm_gpuvm *drm_gpuvm_get(struct drm_gpuvm *gpuvm);
void drm_gpuvm_put(struct drm_gpuvm *gpuvm);
unsigned long drm_gpuvm_close(struct drm_gpuvm *gpuvm);

bool drm_gpuvm_range_valid(struct drm_gpuvm *gpuvm, u64 addr, u64 range);
bool drm_gpuvm_interval_empty(struct drm_gpuvm *gpuvm, u64 addr, u64 range);

struct drm_gem_object *drm_gpuvm_resv_object_alloc(struct drm_device *drm);
struct dma_resv *drm_gpuvm_resv(struct drm_gpuvm *gpuvm);
struct drm_gem_object *drm_gpuvm_resv_obj(struct drm_gpuvm *gpuvm);
bool drm_gpuvm_resv_held(struct drm_gpuvm *gpuvm);
void drm_gpuvm_resv_assert_held(struct drm_gpuvm *gpuvm);
bool drm_gpuvm_resv_protected(struct drm_gpuvm *gpuvm);
bool drm_gpuvm_immediate_mode(struct drm_gpuvm *gpuvm);
bool drm_gpuvm_is_extobj(struct drm_gpuvm *gpuvm, struct drm_gem_object *obj);

struct drm_gpuva *drm_gpuvm_first_va(struct drm_gpuvm *gpuvm);
struct drm_gpuva *drm_gpuva_next_va(struct drm_gpuva *va);
struct drm_gpuva *drm_gpuva_prev_va(struct drm_gpuva *va);

/**
 * struct drm_gpuvm_walk - where a walk is
 *
 * The macros below keep one on the stack. The lock that the caller holds for the
 * VM protects it.
 */
struct drm_gpuvm_walk {
	/** @changes: how often the VM has changed; NULL at first */
	const u64 *changes;
	/** @seen: what @changes said when @live was read */
	u64 seen;
	/** @vas: a row of mappings, as long as there was no change, or NULL */
	struct drm_gpuva *const *vas;
	/** @last: what the walk came to last */
	struct drm_gpuva *last;
	/** @live: a bit for each mapping in @vas that is still to come */
	u32 live;
};

struct drm_gpuva *drm_gpuvm_walk_on(struct drm_gpuvm_walk *walk,
				    struct drm_gpuva *va);

#ifndef __BINDGEN__
/**
 * drm_gpuvm_walk_read() - the next mapping, if the walk has read it already
 * @walk: the walk
 * @va: where it is
 *
 * Context: the caller's lock for the VM is held.
 * Return: the mapping; NULL if drm_gpuvm_walk_on() has to look for it.
 */
static inline struct drm_gpuva *
drm_gpuvm_walk_read(struct drm_gpuvm_walk *walk, const struct drm_gpuva *va)
{
	const u32 live = walk->live;

	if (!live || walk->last != va || *walk->changes != walk->seen)
		return NULL;

	walk->live = live & (live - 1);
	walk->last = walk->vas[__builtin_ctz(live)];
	return walk->last;
}

/**
 * drm_gpuvm_walk_next() - the mapping with the next higher address, in a walk
 * @walk: the walk, zeroed before the first step
 * @va: where it is: an inserted mapping, or NULL
 *
 * As drm_gpuva_next_va(), and faster, as long as nothing changes from one step
 * to the next.
 *
 * Context: the caller's lock for the VM is held.
 * Return: the mapping, which may be &drm_gpuvm.kernel_alloc_node, or NULL.
 */
static inline struct drm_gpuva *
drm_gpuvm_walk_next(struct drm_gpuvm_walk *walk, struct drm_gpuva *va)
{
	struct drm_gpuva *next = drm_gpuvm_walk_read(walk, va);
	/* A copy, so that the walk itself may stay in registers. */
	struct drm_gpuvm_walk copy;

	if (next)
		return next;

	copy = *walk;
	next = drm_gpuvm_walk_on(&copy, va);
	*walk = copy;
	return next;
}
#endif

/**
 * drm_gpuvm_for_each_va() - walk all mappings of a VM in address order
 * @va__: the cursor, NULL after a walk that ran to its end
 * @gpuvm__: the VM
 *
 * Meets &drm_gpuvm.kernel_alloc_node too.
 */
#define drm_gpuvm_for_each_va(va__, gpuvm__) \
	for (struct drm_gpuvm_walk walk__ = \
	     (va__ = drm_gpuvm_first_va(gpuvm__), \
	      (struct drm_gpuvm_walk) {}); va__; \
	     va__ = drm_gpuvm_walk_next(&walk__, va__))

/**
 * drm_gpuvm_for_each_va_safe() - the same, while the current mapping may be
 * removed and freed
 * @va__: the cursor
 * @next__: a second cursor, used by the macro
 * @gpuvm__: the VM
 */
#define drm_gpuvm_for_each_va_safe(va__, next__, gpuvm__) \
	for (struct drm_gpuvm_walk walk__ = \
	     (va__ = drm_gpuvm_first_va(gpuvm__), \
	      next__ = drm_gpuva_next_va(va__), \
	      (struct drm_gpuvm_walk) {}); va__; \
	     va__ = next__, next__ = drm_gpuvm_walk_next(&walk__, va__))

/**
 * drm_gpuvm_for_each_va_range() - walk the mappings that overlap a range
 * @va__: the cursor
 * @gpuvm__: the VM
 * @start__: first address of the range
 * @end__: the address behind its last one
 *
 * The first and the last mapping may reach out of the range. Meets
 * &drm_gpuvm.kernel_alloc_node too.
 */
#define drm_gpuvm_for_each_va_range(va__, gpuvm__, start__, end__) \
	for (struct drm_gpuvm_walk walk__ = \
	     (va__ = drm_gpuva_find_first(gpuvm__, start__, \
					  (end__) - (start__)), \
	      (struct drm_gpuvm_walk) {}); \
	     va__ && va__->va.addr < (end__); \
	     va__ = drm_gpuvm_walk_next(&walk__, va__))

/**
 * drm_gpuvm_for_each_va_range_safe() - the same, while the current mapping may
 * be removed and freed
 * @va__: the cursor
 * @next__: a second cursor, used by the macro
 * @gpuvm__: the VM
 * @start__: first address of the range
 * @end__: the address behind its last one
 */
#define drm_gpuvm_for_each_va_range_safe(va__, next__, gpuvm__, start__, end__) \
	for (struct drm_gpuvm_walk walk__ = \
	     (va__ = drm_gpuva_find_first(gpuvm__, start__, \
					  (end__) - (start__)), \
	      next__ = drm_gpuva_next_va(va__), \
	      (struct drm_gpuvm_walk) {}); \
	     va__ && va__->va.addr < (end__); \
	     va__ = next__, next__ = drm_gpuvm_walk_next(&walk__, va__))

/**
 * struct drm_gpuvm_bo_entry - the lists that a vm_bo is on
 */
struct drm_gpuvm_bo_entry {
	/** @gem: in the GEM's list of vm_bos; the GEM's gpuva lock */
	struct list_head gem;
};

/**
 * struct drm_gpuvm_bo_list - the lists of a vm_bo
 */
struct drm_gpuvm_bo_list {
	/** @gpuva: mappings linked to the vm_bo; the GEM's gpuva lock */
	struct list_head gpuva;
	/** @entry: lists that the vm_bo is on */
	struct drm_gpuvm_bo_entry entry;
};

/**
 * struct drm_gpuvm_bo - the pair of a VM and an object mapped in it
 *
 * There is at most one in the object's list for each VM. Each linked mapping
 * holds a reference to it, and it holds one to the object and, once it is
 * obtained, one to the VM.
 */
struct drm_gpuvm_bo {
	/** @vm: the VM; does not change */
	struct drm_gpuvm *vm;
	/** @obj: the object; does not change */
	struct drm_gem_object *obj;
	/** @kref: see drm_gpuvm_bo_get() */
	struct kref kref;
	/**
	 * @evicted: the object's memory is not where the page tables say
	 *
	 * Protected by the object's dma_resv.
	 */
	bool evicted;
	/** @__pad: 0 */
	u8 __pad[3];
	/** @list: its lists */
	struct drm_gpuvm_bo_list list;
	/** @__core: the core's; what protects it stands in gpuvm_private.h */
	u64 __core[12];
	/** @__reserved: 0 */
	u64 __reserved[4];
};

struct drm_gpuvm_bo *drm_gpuvm_bo_create(struct drm_gpuvm *gpuvm,
					 struct drm_gem_object *obj);
struct drm_gpuvm_bo *drm_gpuvm_bo_obtain_locked(struct drm_gpuvm *gpuvm,
						struct drm_gem_object *obj);
struct drm_gpuvm_bo *drm_gpuvm_bo_obtain_prealloc(struct drm_gpuvm_bo *vm_bo);
struct drm_gpuvm_bo *drm_gpuvm_bo_find(struct drm_gpuvm *gpuvm,
				       struct drm_gem_object *obj);
struct drm_gpuvm_bo *drm_gpuvm_bo_get(struct drm_gpuvm_bo *vm_bo);
bool drm_gpuvm_bo_put(struct drm_gpuvm_bo *vm_bo);
bool drm_gpuvm_bo_put_deferred(struct drm_gpuvm_bo *vm_bo);
void drm_gpuvm_bo_deferred_cleanup(struct drm_gpuvm *gpuvm);
void drm_gpuvm_bo_extobj_add(struct drm_gpuvm_bo *vm_bo);
void drm_gpuvm_bo_evict(struct drm_gpuvm_bo *vm_bo, bool evict);
void drm_gpuvm_bo_gem_evict(struct drm_gem_object *obj, bool evict);
struct mutex *drm_gem_gpuva_mutex(struct drm_gem_object *obj);

/**
 * drm_gpuvm_bo_for_each_va() - walk the mappings linked to a vm_bo
 * @va__: the cursor
 * @vm_bo__: the vm_bo
 *
 * Context: the GEM's gpuva lock is held.
 */
#define drm_gpuvm_bo_for_each_va(va__, vm_bo__) \
	list_for_each_entry(va__, &(vm_bo__)->list.gpuva, gem.entry)

/**
 * drm_gpuvm_bo_for_each_va_safe() - the same, while the current mapping may be
 * unlinked and freed
 * @va__: the cursor
 * @next__: a second cursor, used by the macro
 * @vm_bo__: the vm_bo, which the caller holds a reference to
 *
 * Context: the GEM's gpuva lock is held.
 */
#define drm_gpuvm_bo_for_each_va_safe(va__, next__, vm_bo__) \
	list_for_each_entry_safe(va__, next__, &(vm_bo__)->list.gpuva, gem.entry)

/* The same walks as functions, which end with NULL: for Rust. */
struct drm_gpuva *drm_gpuvm_bo_first_va(struct drm_gpuvm_bo *vm_bo);
struct drm_gpuva *drm_gpuvm_bo_next_va(struct drm_gpuvm_bo *vm_bo,
				       struct drm_gpuva *va);
struct drm_gpuvm_bo *drm_gem_first_gpuvm_bo(struct drm_gem_object *obj);
struct drm_gpuvm_bo *drm_gem_next_gpuvm_bo(struct drm_gem_object *obj,
					   struct drm_gpuvm_bo *vm_bo);

struct drm_gpuvm_exec;

/**
 * struct drm_gpuvm_exec_extra - a driver's own objects to lock
 */
struct drm_gpuvm_exec_extra {
	/**
	 * @fn: called, where not NULL, each time all other objects are locked
	 *
	 * Locks with drm_exec_lock_obj() or drm_exec_prepare_obj() and returns
	 * what these return; may be called again after contention.
	 */
	int (*fn)(struct drm_gpuvm_exec *vm_exec);
	/** @priv: the driver's */
	void *priv;
};

/**
 * struct drm_gpuvm_exec - lock a VM and its objects
 *
 * Zeroed by its owner, one thread's, usually on the stack.
 */
struct drm_gpuvm_exec {
	/** @vm: the VM */
	struct drm_gpuvm *vm;
	/** @flags: flags of drm_exec_init() */
	u32 flags;
	/**
	 * @num_fences: fence slots to reserve in each dma_resv; 0 means that
	 * the objects are locked only
	 */
	unsigned int num_fences;
	/** @extra: more to lock */
	struct drm_gpuvm_exec_extra extra;
	/** @__reserved: 0 */
	u64 __reserved[4];
#ifndef __BINDGEN__
	/** @exec: the kernel's; last, because its size varies */
	struct drm_exec exec;
#endif
};

int drm_gpuvm_prepare_vm(struct drm_gpuvm *gpuvm, struct drm_exec *exec,
			 unsigned int num_fences);
int drm_gpuvm_prepare_objects(struct drm_gpuvm *gpuvm, struct drm_exec *exec,
			      unsigned int num_fences);
int drm_gpuvm_prepare_range(struct drm_gpuvm *gpuvm, struct drm_exec *exec,
			    u64 addr, u64 range, unsigned int num_fences);

struct drm_gpuvm_exec *drm_gpuvm_exec_alloc(struct drm_gpuvm *gpuvm, u32 flags,
					    unsigned int num_fences);
void drm_gpuvm_exec_free(struct drm_gpuvm_exec *vm_exec);
struct drm_exec *drm_gpuvm_exec_context(struct drm_gpuvm_exec *vm_exec);
int drm_gpuvm_exec_lock(struct drm_gpuvm_exec *vm_exec);
int drm_gpuvm_exec_lock_array(struct drm_gpuvm_exec *vm_exec,
			      struct drm_gem_object **objs,
			      unsigned int num_objs);
int drm_gpuvm_exec_lock_range(struct drm_gpuvm_exec *vm_exec,
			      u64 addr, u64 range);
void drm_gpuvm_exec_unlock(struct drm_gpuvm_exec *vm_exec);
int drm_gpuvm_exec_validate(struct drm_gpuvm_exec *vm_exec);
void drm_gpuvm_exec_resv_add_fence(struct drm_gpuvm_exec *vm_exec,
				   struct dma_fence *fence,
				   enum dma_resv_usage private_usage,
				   enum dma_resv_usage extobj_usage);
int drm_gpuvm_validate(struct drm_gpuvm *gpuvm, struct drm_exec *exec);
void drm_gpuvm_resv_add_fence(struct drm_gpuvm *gpuvm, struct drm_exec *exec,
			      struct dma_fence *fence,
			      enum dma_resv_usage private_usage,
			      enum dma_resv_usage extobj_usage);

#include "drm_gpuva_op.h"

/**
 * struct drm_gpuvm_ops - a driver's callbacks
 *
 * All but @vm_free are optional. The sm_step callbacks run in the order of the
 * operations, in the context of the caller of drm_gpuvm_sm_map() or
 * drm_gpuvm_sm_unmap(), with the locks that it holds. They may free the mapping
 * that the operation names, and change the operation, which ends with the call.
 * An error ends the walk and is returned; what was done before stays.
 */
struct drm_gpuvm_ops {
	/**
	 * @vm_free: the last reference is gone; frees the VM
	 *
	 * Context: that of whoever dropped it. Takes no lock of the VM.
	 */
	void (*vm_free)(struct drm_gpuvm *gpuvm);
	/**
	 * @op_alloc: allocates a zeroed operation, embedded as first member
	 *
	 * For drivers that have more to say about each. Those with neither this
	 * nor @op_free have operations that are allocated many at a time.
	 */
	struct drm_gpuva_op *(*op_alloc)(void);
	/**
	 * @op_free: frees it; without this callback the core kfree()s it
	 *
	 * Without @op_alloc it is what the core had from kzalloc().
	 */
	void (*op_free)(struct drm_gpuva_op *op);
	/** @vm_bo_alloc: allocates a zeroed vm_bo */
	struct drm_gpuvm_bo *(*vm_bo_alloc)(void);
	/**
	 * @vm_bo_free: frees it; without this callback the core kfree()s it
	 *
	 * Called before the references to VM and object are dropped; on the
	 * deferred path with no lock held.
	 */
	void (*vm_bo_free)(struct drm_gpuvm_bo *vm_bo);
	/**
	 * @vm_bo_validate: brings an evicted object's memory back
	 *
	 * Sets &drm_gpuvm_bo.evicted to false, or calls drm_gpuvm_bo_evict(),
	 * when done. Called with the object's dma_resv locked.
	 */
	int (*vm_bo_validate)(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec);
	/** @sm_step_map: insert the new mapping; needed by drm_gpuvm_sm_map() */
	int (*sm_step_map)(struct drm_gpuva_op *op, void *priv);
	/** @sm_step_remap: cut a mapping; needed by both */
	int (*sm_step_remap)(struct drm_gpuva_op *op, void *priv);
	/**
	 * @sm_step_unmap: remove a mapping; needed by both
	 *
	 * What the callback writes into the operation may be in that of the next
	 * mapping, too.
	 */
	int (*sm_step_unmap)(struct drm_gpuva_op *op, void *priv);
	/** @__reserved: NULL */
	void *__reserved[8];
};

#ifndef __BINDGEN__
/**
 * drm_gpuvm_init() - initialise a VM
 * @gpuvm: the VM, zeroed by the caller
 * @name: for messages; must live as long as the VM; may be NULL
 * @flags: &enum drm_gpuvm_flags
 * @drm: the device
 * @r_obj: the object whose dma_resv becomes the VM's
 * @start_offset: first address of the VA space
 * @range: its length; it must end below 2^64
 * @reserve_offset: start of the range that the driver keeps for itself
 * @reserve_range: its length, 0 for none; must lie in the VA space
 * @ops: the driver's callbacks
 *
 * See drm_gpuvm_init_abi(), which this calls with what the caller was compiled
 * with.
 *
 * Context: any; does not sleep.
 * Return: 0; -EINVAL for a bad VA space or reserve, and then the VM is without
 * it but complete, and drm_gpuvm_put() is safe; -ENOEXEC for a caller compiled
 * against another layout, and then nothing was touched.
 */
static inline int
drm_gpuvm_init(struct drm_gpuvm *gpuvm, const char *name,
	       enum drm_gpuvm_flags flags, struct drm_device *drm,
	       struct drm_gem_object *r_obj, u64 start_offset, u64 range,
	       u64 reserve_offset, u64 reserve_range,
	       const struct drm_gpuvm_ops *ops)
{
	static const struct drm_gpuvm_abi abi = {
		.version = DRM_GPUVM_ABI_VERSION,
		.gpuvm = sizeof(struct drm_gpuvm),
		.gpuva = sizeof(struct drm_gpuva),
		.gpuvm_bo = sizeof(struct drm_gpuvm_bo),
		.gpuva_op = sizeof(struct drm_gpuva_op),
		.gpuvm_ops = sizeof(struct drm_gpuvm_ops),
		.map_req = sizeof(struct drm_gpuvm_map_req),
		.exec_offset = offsetof(struct drm_gpuvm_exec, exec),
	};

	return drm_gpuvm_init_abi(gpuvm, name, flags, drm, r_obj,
				  start_offset, range,
				  reserve_offset, reserve_range, ops, &abi);
}
#endif

int drm_debugfs_gpuva_info(struct seq_file *m, struct drm_gpuvm *gpuvm);
int drm_debugfs_gpuvm_json(struct seq_file *m, struct drm_gpuvm *gpuvm);

#endif
