/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What bindgen reads: the uAPI, how page tables are written, the shim. Without a
 * kernel tree, as the C ABI of the core.
 */
#include "../../../drm/include/drm/drm_gpuvm_bindgen.h"
#include <drm/evgem_drm.h>
#include "../../../drivers/example-vgem/evgem_pt.h"
#include "shim.h"
