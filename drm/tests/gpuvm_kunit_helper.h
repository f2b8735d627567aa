/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the suites of the core share: a mock device with VMs and objects that
 * count themselves, locks by mode, and operations and VMs written as text.
 *
 * Addresses, ranges and offsets of the suites are in an unit of their own, of
 * which the core does not know the size either; read them as pages.
 */
#ifndef __GPUVM_KUNIT_HELPER_H__
#define __GPUVM_KUNIT_HELPER_H__

#include <kunit/test.h>

#include <linux/atomic.h>
#include <linux/list.h>

#include <drm/drm_exec.h>
#include <drm/drm_gem.h>
#include <drm/drm_gpuvm.h>

#include "gpuvm_fail_alloc.h"

struct mutex;

/* The VA space of gk_vm_new() and what it reserves for the kernel. */
#define GK_VM_RANGE		0x100ull
#define GK_RESERVE_START	0xf0ull
#define GK_RESERVE_RANGE	0x10ull

/**
 * struct gk_mode - one combination of the two modes of a VM
 */
struct gk_mode {
	/** @name: the parameter's description in the results */
	const char *name;
	/** @flags: flags of drm_gpuvm_init() */
	enum drm_gpuvm_flags flags;
};

/**
 * struct gk_counts - what is alive
 */
struct gk_counts {
	/** @vms: VMs */
	atomic_t vms;
	/** @vm_bos: vm_bos */
	atomic_t vm_bos;
	/** @bos: objects */
	atomic_t bos;
	/** @vas: mappings */
	atomic_t vas;
	/** @ops: operations */
	atomic_t ops;
};

extern struct gk_counts gk_counts;

/**
 * struct gk_watch - an object that is looked at when a VM is freed
 */
struct gk_watch {
	/** @obj: the object, or NULL */
	struct drm_gem_object *obj;
	/** @refs: how many references it had */
	unsigned int refs;
};

extern struct gk_watch gk_watch;

/**
 * struct gk_bo - an object
 */
struct gk_bo {
	/** @base: the GEM object, private: it has no memory */
	struct drm_gem_object base;
	/** @name: how it is written in operations */
	char name;
};

/**
 * struct gk_vm - a VM
 */
struct gk_vm {
	/** @base: the VM */
	struct drm_gpuvm base;
	/** @validated: names of the objects in the order of their validation */
	char validated[32];
	/** @fail_at: validation number n of the VM fails, from 1; 0 for none */
	unsigned int fail_at;
	/** @stay_evicted: validation succeeds without bringing anything back */
	bool stay_evicted;
};

/**
 * struct gk_va - a mapping
 */
struct gk_va {
	/** @base: the mapping */
	struct drm_gpuva base;
	/** @pool: in &gk_steps.pool while unused */
	struct list_head pool;
};

/**
 * struct gk_lock - all that a change to a vm_bo may need
 */
struct gk_lock {
	/** @exec: holds the dma_resv of the VM and of the object */
	struct drm_exec exec;
	/** @gpuva: the gpuva lock in immediate mode, else NULL */
	struct mutex *gpuva;
};

/**
 * struct gk_steps - carries out operations and writes them down
 */
struct gk_steps {
	/** @vm: the VM */
	struct drm_gpuvm *vm;
	/** @pool: mappings to use up before any is allocated */
	struct list_head pool;
	/** @link: link new mappings to their vm_bo, with unlink_defer() later */
	bool link;
	/** @count: number of operations so far */
	unsigned int count;
	/** @fail_at: operation number n fails, from 1; 0 for none */
	unsigned int fail_at;
	/** @quiet: do not write them down */
	bool quiet;
	/** @len: length of @log */
	size_t len;
	/** @log: the operations as text */
	char log[1024];
};

extern const struct gk_mode gk_modes[4];
extern const struct drm_gpuvm_ops gk_ops;

const void *gk_mode_gen_params(struct kunit *test, const void *prev, char *desc);
const void *gk_immediate_gen_params(struct kunit *test, const void *prev,
				    char *desc);
const void *gk_resv_gen_params(struct kunit *test, const void *prev, char *desc);
const void *gk_internal_gen_params(struct kunit *test, const void *prev,
				   char *desc);
const struct gk_mode *gk_mode(struct kunit *test);
bool gk_immediate(struct kunit *test);
bool gk_resv_protected(struct kunit *test);

int gk_init(struct kunit *test);
void gk_exit(struct kunit *test);
struct drm_device *gk_drm(struct kunit *test);

struct gk_vm *gk_vm_alloc(struct kunit *test);
struct drm_gpuvm *gk_vm_new(struct kunit *test);
struct drm_gpuvm *gk_vm_new_with(struct kunit *test,
				 const struct drm_gpuvm_ops *ops,
				 u64 start, u64 range);
void gk_vm_close(struct kunit *test, struct drm_gpuvm *vm);
struct gk_vm *to_gk_vm(struct drm_gpuvm *vm);

struct drm_gem_object *gk_bo_new(struct kunit *test, char name);
struct drm_gem_object *gk_bo_new_private(struct kunit *test, char name,
					 struct drm_gpuvm *vm);
char gk_bo_name(struct drm_gem_object *obj);

struct drm_gpuva *gk_va_new(struct kunit *test, struct drm_gem_object *obj,
			    u64 addr, u64 range, u64 offset);
struct drm_gpuva *gk_va_insert(struct kunit *test, struct drm_gpuvm *vm,
			       struct drm_gem_object *obj,
			       u64 addr, u64 range, u64 offset);
void gk_va_free(struct drm_gpuva *va);
void gk_vm_clear(struct drm_gpuvm *vm);
void gk_vm_grow_tree(struct kunit *test, struct drm_gpuvm *vm);

void gk_lock(struct gk_lock *lock, struct drm_gpuvm *vm,
	     struct drm_gem_object *obj);
void gk_unlock(struct gk_lock *lock);
void gk_lock_resv(struct gk_lock *lock, struct drm_gpuvm *vm,
		  struct drm_gem_object *obj);

struct drm_gpuvm_bo *gk_vm_bo_obtain(struct kunit *test, struct drm_gpuvm *vm,
				     struct drm_gem_object *obj);
struct drm_gpuvm_bo *gk_vm_bo_obtain_ext(struct kunit *test,
					 struct drm_gpuvm *vm,
					 struct drm_gem_object *obj);
struct drm_gpuvm_bo *gk_vm_bo_try_obtain(struct drm_gpuvm *vm,
					 struct drm_gem_object *obj);
void gk_extobj_add(struct drm_gpuvm_bo *vm_bo);
bool gk_vm_bo_put(struct drm_gpuvm_bo *vm_bo);
void gk_vm_bo_evict(struct drm_gpuvm_bo *vm_bo, bool evict);

struct gk_steps *gk_steps_new(struct kunit *test, struct drm_gpuvm *vm);
void gk_steps_reserve(struct kunit *test, struct gk_steps *steps,
		      unsigned int count);
void gk_steps_drain(struct gk_steps *steps);
void gk_steps_log(struct gk_steps *steps, const struct drm_gpuva_op *op);
int gk_steps_apply(struct gk_steps *steps, struct drm_gpuva_op *op);
const char *gk_ops_text(struct kunit *test, struct drm_gpuva_ops *ops);
const char *gk_vm_text(struct kunit *test, struct drm_gpuvm *vm);

struct drm_gpuvm_map_req gk_req(struct drm_gem_object *obj,
				u64 addr, u64 range, u64 offset);

void gk_events_start(void);
const char *gk_events(void);

#endif
