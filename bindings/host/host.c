// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The kernel's part of a program that runs the core: memory, locks, objects.
 */
#include "host.h"

void *host_zalloc(size_t size)
{
	return calloc(1, size);
}

void host_free(void *memory)
{
	free(memory);
}

void mutex_lock(struct mutex *lock)
{
	/* The only thread would wait for itself. */
	assert(!lock->held);
	lock->held = 1;
}

void mutex_unlock(struct mutex *lock)
{
	assert(lock->held);
	lock->held = 0;
}

void drm_gem_private_object_init(struct drm_device *dev,
				 struct drm_gem_object *obj, size_t size)
{
	obj->dev = dev;
	kref_init(&obj->refcount);
	if (!obj->resv)
		obj->resv = &obj->_resv;
}

void drm_gem_object_release(struct drm_gem_object *obj)
{
	assert(!obj->gpuva.list.next || list_empty(&obj->gpuva.list));
	assert(!obj->gpuva.lock.held);
}

void drm_gem_object_get(struct drm_gem_object *obj)
{
	kref_get(&obj->refcount);
}

static void object_free(struct kref *kref)
{
	struct drm_gem_object *obj =
		container_of(kref, struct drm_gem_object, refcount);

	obj->funcs->free(obj);
}

void drm_gem_object_put(struct drm_gem_object *obj)
{
	if (obj)
		kref_put(&obj->refcount, object_free);
}

/* Sins on purpose, to see that the sanitizers notice. */
void host_sin(unsigned int which)
{
	volatile int *memory = host_zalloc(sizeof(*memory));
	volatile int bits = 32;

	switch (which) {
	case 0: /* used after it was freed */
		host_free((void *)memory);
		*memory = 1;
		break;
	case 1: /* shifted out of its type */
		*memory = 1 << bits;
		host_free((void *)memory);
		break;
	default: /* never freed */
		*memory = 1;
		memory = NULL;
		break;
	}
}
