// SPDX-License-Identifier: GPL-2.0

//! Memory of objects.

use core::ptr::NonNull;

use kernel::{bindings, drm::gem::IntoGEMObject, error::to_result, prelude::*};

use super::c;
use crate::gem::Object;

/// Gets a new object ready to have memory, before it has a handle.
pub(crate) fn init(object: &Object) {
    // SAFETY: It is a shmem object of the kernel crate, and new.
    unsafe { c::shim_bo_init(object.as_raw()) };
}

/// Makes sure that an object has memory, which it then keeps until it is freed. `ENOMEM`.
///
/// Context: process; sleeps; the object's `dma_resv` is held.
pub(crate) fn populate_locked(object: &Object) -> Result {
    // SAFETY: It is a shmem object, initialised by `init`.
    to_result(unsafe { c::shim_bo_populate_locked(object.as_raw()) })
}

/// Bytes that an object can have at most.
pub(crate) fn max_size() -> u64 {
    // SAFETY: The function asks for nothing.
    unsafe { c::shim_max_bo_pages() << 12 }
}

/// The pages of an object, a pointer for each.
pub(crate) fn pages(object: &Object) -> Option<NonNull<*mut bindings::page>> {
    // SAFETY: It is a shmem object, initialised by `init`.
    NonNull::new(unsafe { c::shim_bo_pages(object.as_raw()) })
}
