# SPDX-License-Identifier: GPL-2.0-only OR MIT
# What the kernel offers, found by looking, because distributions backport:
# a version number says too little. Included by each Kbuild; the macros that it
# sets are used by drm_gpuvm_compat.h alone.

# $(call compat-has,header below include/,pattern,MACRO)
compat-has = $(if $(shell grep -qsE '$(2)' $(srctree)/include/$(1) && echo y),-D$(3))

# struct drm_gem_object carries a mutex for its list of vm_bos
compat-flags := $(call compat-has,drm/drm_gem.h,gpuva\.lock[^_],COMPAT_GEM_HAS_GPUVA_LOCK)

# struct drm_driver has a date
compat-flags += $(call compat-has,drm/drm_drv.h,char \*date;,COMPAT_DRIVER_HAS_DATE)
# drm_sched_init() takes a structure
compat-flags += $(call compat-has,drm/gpu_scheduler.h,^struct drm_sched_init_args,COMPAT_SCHED_INIT_HAS_ARGS)
# drm_sched_start() takes an error
compat-flags += $(call compat-has,drm/gpu_scheduler.h,drm_sched_start.*int errno,COMPAT_SCHED_START_HAS_ERRNO)
# a timeout that reset the device is not "nominal" any more
compat-flags += $(call compat-has,drm/gpu_scheduler.h,DRM_GPU_SCHED_STAT_RESET,COMPAT_SCHED_STAT_HAS_RESET)
# a timeout that was none can be taken back
compat-flags += $(call compat-has,drm/gpu_scheduler.h,DRM_GPU_SCHED_STAT_NO_HANG,COMPAT_SCHED_STAT_HAS_NO_HANG)
