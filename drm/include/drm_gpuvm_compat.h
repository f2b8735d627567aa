/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Differences between the supported kernels, 6.12 and 7.2, all of them.
 *
 * Each is decided by a feature, found by the preprocessor or by compat.mk, and
 * offered under the newer kernel's name, so that the code reads as if there
 * were only that one.
 */
#ifndef __DRM_GPUVM_COMPAT_H__
#define __DRM_GPUVM_COMPAT_H__

#include <linux/slab.h>

#include <drm/drm_gem.h>

/* Where the object has no mutex for its vm_bos, the core has one for it. */
#ifdef COMPAT_GEM_HAS_GPUVA_LOCK
static inline struct mutex *compat_gem_gpuva_mutex(struct drm_gem_object *obj)
{
	return &obj->gpuva.lock;
}
#else
struct mutex *compat_gem_gpuva_mutex(struct drm_gem_object *obj);
#endif

#ifndef kzalloc_obj
#define compat_gfp(gfp, ...) gfp
#define kzalloc_obj(P, ...) \
	kzalloc(sizeof(P), compat_gfp(__VA_ARGS__ __VA_OPT__(,) GFP_KERNEL))
#endif

/* Drivers: struct drm_driver has a date, and user space asks for it. */
#ifdef COMPAT_DRIVER_HAS_DATE
#define COMPAT_DRIVER_DATE(when) .date = (when),
#else
#define COMPAT_DRIVER_DATE(when)
#endif

/* Drivers that include <drm/gpu_scheduler.h> before this header. */
#ifdef _DRM_GPU_SCHEDULER_H_

#ifndef COMPAT_SCHED_INIT_HAS_ARGS
struct drm_sched_init_args {
	const struct drm_sched_backend_ops *ops;
	struct workqueue_struct *submit_wq;
	struct workqueue_struct *timeout_wq;
	u32 num_rqs;
	u32 credit_limit;
	unsigned int hang_limit;
	long timeout;
	atomic_t *score;
	const char *name;
	struct device *dev;
};

static inline int compat_sched_init(struct drm_gpu_scheduler *sched,
				    const struct drm_sched_init_args *args)
{
	return drm_sched_init(sched, args->ops, args->submit_wq, args->num_rqs,
			      args->credit_limit, args->hang_limit,
			      args->timeout, args->timeout_wq, args->score,
			      args->name, args->dev);
}

#define drm_sched_init compat_sched_init
#endif

#ifndef COMPAT_SCHED_START_HAS_ERRNO
#define drm_sched_start(sched, errno) drm_sched_start(sched)
#endif

#ifndef COMPAT_SCHED_STAT_HAS_RESET
#define DRM_GPU_SCHED_STAT_RESET DRM_GPU_SCHED_STAT_NOMINAL
#endif

/* Whether a driver may find that a timeout was none. */
#ifdef COMPAT_SCHED_STAT_HAS_NO_HANG
#define COMPAT_SCHED_NO_HANG true
#else
#define COMPAT_SCHED_NO_HANG false
#define DRM_GPU_SCHED_STAT_NO_HANG DRM_GPU_SCHED_STAT_NOMINAL
#endif

#endif /* _DRM_GPU_SCHEDULER_H_ */

#endif
