// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Tell lockdep our lock order before anybody gets it wrong.
 *
 * Lockdep reports an order that contradicts one that it has seen. Most wrong
 * orders meet the right one only under memory pressure or in an error path, so
 * the right one is shown to it when the module is loaded:
 *
 *	dma_resv of the VM or of an object
 *	  fence signalling section (nothing below may allocate or wait)
 *	    gpuva mutex of an object (immediate mode)
 *
 * The spinlock of a VM's lists is innermost; that nobody sleeps under a
 * spinlock is known to lockdep without us.
 */
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/mutex.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>

#include "gpuvm_private.h"

#if IS_ENABLED(CONFIG_LOCKDEP)

/*
 * Lock classes belong to the place that initialises a lock, which for the mutex
 * of an object is in the kernel. So it takes an object to name the class, and
 * for an object a device, of which only the features are looked at.
 */
struct lockdep_sample {
	struct drm_device drm;
	struct drm_gem_object obj;
};

static const struct drm_driver sample_driver = {};

static void show_order(struct drm_gem_object *obj)
{
	struct mutex *gpuva_lock = drm_gem_gpuva_mutex(obj);
	bool cookie;

	dma_resv_lock(obj->resv, NULL);
	cookie = dma_fence_begin_signalling();
	mutex_lock(gpuva_lock);
	mutex_unlock(gpuva_lock);
	dma_fence_end_signalling(cookie);
	dma_resv_unlock(obj->resv);
}

/**
 * gpuvm_lockdep_prime() - show lockdep the lock order
 *
 * Context: process; allocates with GFP_KERNEL.
 * Return: 0, or -ENOMEM.
 */
int gpuvm_lockdep_prime(void)
{
	struct lockdep_sample *sample;

	sample = kzalloc_obj(*sample);
	if (!sample)
		return -ENOMEM;

	sample->drm.driver = &sample_driver;
	drm_gem_private_object_init(&sample->drm, &sample->obj, 0);
	show_order(&sample->obj);
	drm_gem_private_object_fini(&sample->obj);
	kfree(sample);

	return 0;
}

#else

int gpuvm_lockdep_prime(void)
{
	return 0;
}

#endif
