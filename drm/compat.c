// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What older kernels lack and the core has to own.
 */
#include <linux/hash.h>
#include <linux/mutex.h>

#include <drm_gpuvm_compat.h>

#ifndef COMPAT_GEM_HAS_GPUVA_LOCK

#define GPUVA_MUTEX_BITS 6

/*
 * Objects share these by the hash of their address. Two of them are never held
 * at once, so that sharing costs contention and nothing else.
 */
static struct mutex gpuva_mutexes[1 << GPUVA_MUTEX_BITS] = {
	[0 ... (1 << GPUVA_MUTEX_BITS) - 1] =
		__MUTEX_INITIALIZER(gpuva_mutexes[0]),
};

struct mutex *compat_gem_gpuva_mutex(struct drm_gem_object *obj)
{
	return &gpuva_mutexes[hash_ptr(obj, GPUVA_MUTEX_BITS)];
}

#endif
