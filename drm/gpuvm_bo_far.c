// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Finding the vm_bo of a VM and an object that many VMs share.
 *
 * An object's list of vm_bos has one entry as a rule. One that a compositor or a
 * framework shares with hundreds of VMs has a long list, and walking it costs a
 * cache miss for each of them.
 *
 * Most VMs share a handful of objects, if any. So the first few vm_bos of a VM that
 * are not first in their object's list have a place in the VM itself, until they
 * leave the list. One that finds no place free, and is published behind the first
 * few, goes into a tree of its VM, by the address of its object.
 *
 * Entries leave the list from anywhere, but new ones come last: what was among
 * the first few stays there, and what is not there has a place or is in the tree.
 * These are part of the VM and of the vm_bo, so nothing is allocated where one is
 * published, and taking it out fits into the fence signalling section.
 */
#include <linux/rbtree.h>

#include "gpuvm_private.h"

/* How many are looked at one by one, where the tree does not have it. */
#define GPUVM_NEAR 16

static struct drm_gpuvm_bo *to_vm_bo(struct rb_node *node)
{
	return gpuvm_bo_of(rb_entry(node, struct gpuvm_bo_private, far));
}

static int compare_obj(const void *key, const struct rb_node *node)
{
	const struct drm_gem_object *obj = key;
	const struct drm_gem_object *other =
		to_vm_bo((struct rb_node *)node)->obj;

	return obj < other ? -1 : obj > other;
}

static int compare_node(struct rb_node *new, const struct rb_node *node)
{
	return compare_obj(to_vm_bo(new)->obj, node);
}

/* The first of the list is another VM's. */
static __always_inline struct drm_gpuvm_bo *
find_near(struct drm_gpuvm *gpuvm, struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;
	int near = GPUVM_NEAR;

	vm_bo = list_first_entry(&obj->gpuva.list, struct drm_gpuvm_bo,
				 list.entry.gem);
	list_for_each_entry_continue(vm_bo, &obj->gpuva.list, list.entry.gem) {
		if (!--near)
			break;
		if (vm_bo->vm == gpuvm)
			return vm_bo;
	}

	return NULL;
}

static noinline struct drm_gpuvm_bo *find_far(struct drm_gpuvm *gpuvm,
					      struct drm_gem_object *obj)
{
	struct gpuvm_private *priv = gpuvm_private(gpuvm);
	struct rb_node *node;

	spin_lock(&priv->lock);
	node = rb_find(obj, &priv->far, compare_obj);
	spin_unlock(&priv->lock);

	return node ? to_vm_bo(node) : find_near(gpuvm, obj);
}

/**
 * gpuvm_bo_search_locked() - find the vm_bo of a VM and an object
 * @gpuvm: the VM
 * @obj: the object
 *
 * For gpuvm_bo_find_locked(), which has looked at the first of the object's list;
 * there is one.
 *
 * Context: the GEM's gpuva lock is held; it keeps the vm_bo.
 * Return: the vm_bo without a reference for the caller, or NULL.
 */
struct drm_gpuvm_bo *gpuvm_bo_search_locked(struct drm_gpuvm *gpuvm,
					    struct drm_gem_object *obj)
{
	const struct gpuvm_shared *shared = gpuvm_private(gpuvm)->shared;

	gpuvm_gpuva_assert_held(gpuvm, obj);

	for (int i = 0; i < GPUVM_SHARED; i++)
		if (READ_ONCE(shared[i].obj) == obj)
			return READ_ONCE(shared[i].vm_bo);

	/* Whether this one is in the tree changes only under the gpuva lock. */
	if (READ_ONCE(gpuvm_private(gpuvm)->far.rb_node))
		return find_far(gpuvm, obj);

	return find_near(gpuvm, obj);
}

/*
 * With the lock of the VM as well: vm_bos of other objects may be looking for a
 * place at the same time.
 */
static bool take_place_locked(struct gpuvm_shared *shared,
			      struct drm_gpuvm_bo *vm_bo)
{
	lockdep_assert_held(&gpuvm_private(vm_bo->vm)->lock);

	for (int i = 0; i < GPUVM_SHARED; i++) {
		if (READ_ONCE(shared[i].obj))
			continue;
		WRITE_ONCE(shared[i].vm_bo, vm_bo);
		WRITE_ONCE(shared[i].obj, vm_bo->obj);
		return true;
	}

	return false;
}

/* The object's gpuva lock, under which it was taken, is enough. */
static bool give_place_back(struct gpuvm_shared *shared,
			    struct drm_gem_object *obj)
{
	for (int i = 0; i < GPUVM_SHARED; i++) {
		if (READ_ONCE(shared[i].obj) == obj) {
			WRITE_ONCE(shared[i].obj, NULL);
			return true;
		}
	}

	return false;
}

static bool list_is_long(const struct list_head *list)
{
	const struct list_head *entry;
	int near = GPUVM_NEAR;

	list_for_each(entry, list)
		if (!--near)
			return true;

	return false;
}

/**
 * gpuvm_bo_publish_locked() - let a vm_bo be found
 * @vm_bo: the vm_bo, in no list
 *
 * Context: fence signalling section; the GEM's gpuva lock is held. There is no
 * other vm_bo of the same VM and object in the object's list.
 */
void gpuvm_bo_publish_locked(struct drm_gpuvm_bo *vm_bo)
{
	struct gpuvm_private *priv = gpuvm_private(vm_bo->vm);
	struct drm_gem_object *obj = vm_bo->obj;

	gpuvm_gpuva_assert_held(vm_bo->vm, obj);

	if (!list_empty(&obj->gpuva.list)) {
		spin_lock(&priv->lock);
		if (!take_place_locked(priv->shared, vm_bo) &&
		    list_is_long(&obj->gpuva.list))
			rb_find_add(&gpuvm_bo_private(vm_bo)->far, &priv->far,
				    compare_node);
		spin_unlock(&priv->lock);
	}

	list_add_tail(&vm_bo->list.entry.gem, &obj->gpuva.list);
}

/**
 * gpuvm_bo_unpublish_locked() - let a vm_bo not be found any more
 * @vm_bo: the vm_bo
 *
 * Does nothing for one that never was.
 *
 * Context: fence signalling section; the GEM's gpuva lock is held.
 */
void gpuvm_bo_unpublish_locked(struct drm_gpuvm_bo *vm_bo)
{
	struct gpuvm_private *priv = gpuvm_private(vm_bo->vm);
	struct rb_node *far = &gpuvm_bo_private(vm_bo)->far;

	gpuvm_gpuva_assert_held(vm_bo->vm, vm_bo->obj);

	/* It was never obtained. */
	if (list_empty(&vm_bo->list.entry.gem))
		return;

	list_del_init(&vm_bo->list.entry.gem);
	if (give_place_back(priv->shared, vm_bo->obj) || RB_EMPTY_NODE(far))
		return;

	spin_lock(&priv->lock);
	rb_erase(far, &priv->far);
	spin_unlock(&priv->lock);
	RB_CLEAR_NODE(far);
}
