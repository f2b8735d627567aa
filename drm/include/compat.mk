# SPDX-License-Identifier: GPL-2.0-only OR MIT
# What the kernel offers, found by looking, because distributions backport:
# a version number says too little. Included by each Kbuild; the macros that it
# sets are used by drm_gpuvm_compat.h alone.

# $(call compat-has,header below include/,pattern,MACRO)
compat-has = $(if $(shell grep -qsE '$(2)' $(srctree)/include/$(1) && echo y),-D$(3))

# struct drm_gem_object carries a mutex for its list of vm_bos
compat-flags := $(call compat-has,drm/drm_gem.h,&\(obj\)->gpuva\.lock\),COMPAT_GEM_HAS_GPUVA_LOCK)
