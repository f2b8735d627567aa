/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* For bindgen: drm_gpuvm_bindgen.h has what is needed of it. */
