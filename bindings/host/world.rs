// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! A device that is only counted, and objects with names.

use core::ptr::NonNull;

use drm_gpuvm::OwnedVm;
use kernel::{
    bindings,
    drm::gem::IntoGEMObject,
    prelude::*,
    sync::aref::{ARef, AlwaysRefCounted},
    types::Opaque,
};

use crate::steps::{self, Steps};

#[repr(C)]
pub(crate) struct Bo {
    inner: Opaque<bindings::drm_gem_object>,
    parent: Option<ARef<Bo>>,
    name: u8,
}

// SAFETY: There is one thread.
unsafe impl Send for Bo {}
// SAFETY: There is one thread.
unsafe impl Sync for Bo {}

// SAFETY: Objects are counted.
unsafe impl AlwaysRefCounted for Bo {
    fn inc_ref(&self) {
        // SAFETY: The object is valid.
        unsafe { bindings::drm_gem_object_get(self.as_raw()) };
    }

    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: The caller passes a reference on.
        unsafe { bindings::drm_gem_object_put(obj.as_ptr().cast()) };
    }
}

impl IntoGEMObject for Bo {
    fn as_raw(&self) -> *mut bindings::drm_gem_object {
        self.inner.get()
    }

    unsafe fn from_raw<'a>(raw: *mut bindings::drm_gem_object) -> &'a Self {
        // SAFETY: `inner` is the first member, and all objects are of this type.
        unsafe { &*raw.cast() }
    }
}

unsafe extern "C" fn free(raw: *mut bindings::drm_gem_object) {
    // SAFETY: The last reference is gone; it is from a box.
    unsafe {
        bindings::drm_gem_object_release(raw);
        drop(KBox::<Bo>::from_raw(raw.cast()));
    }
}

static FUNCS: bindings::drm_gem_object_funcs = bindings::drm_gem_object_funcs { free: Some(free) };

/// The letter of an object, `-` for none.
pub(crate) fn name_of(object: Option<&Bo>) -> char {
    object.map_or('-', |bo| char::from(bo.name))
}

pub(crate) struct World {
    resv: ARef<Bo>,
    dev: Box<Opaque<bindings::drm_device>>,
}

impl World {
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: A device is valid when it is all 0, but for its count.
        let dev: Box<Opaque<bindings::drm_device>> = unsafe { Box::new(core::mem::zeroed()) };
        // SAFETY: The device is valid, and ours.
        unsafe { (*dev.get()).ref_.refcount = 1 };
        let resv = Self::make(dev.get(), b'R', None)?;
        Ok(Self { resv, dev })
    }

    fn make(
        dev: *mut bindings::drm_device,
        name: u8,
        parent: Option<ARef<Bo>>,
    ) -> Result<ARef<Bo>> {
        let bo = KBox::into_raw(KBox::<Bo>::new_uninit(GFP_KERNEL | __GFP_ZERO)?).cast::<Bo>();
        // SAFETY: It is zeroed memory for an object, with which C can begin.
        unsafe {
            let raw: *mut bindings::drm_gem_object = bo.cast();
            (&raw mut (*bo).name).write(name);
            (*raw).funcs = &FUNCS;
            if let Some(parent) = &parent {
                (*raw).resv = (*parent.as_raw()).resv;
            }
            (&raw mut (*bo).parent).write(parent);
            bindings::drm_gem_private_object_init(dev, raw, 4096);
            Ok(ARef::from_raw(NonNull::new_unchecked(bo)))
        }
    }

    /// An object with a `dma_resv` of its own.
    pub(crate) fn object(&self, name: u8) -> Result<ARef<Bo>> {
        Self::make(self.dev.get(), name, None)
    }

    /// An object that shares the `dma_resv` of the VMs.
    #[allow(dead_code, reason = "for cases that lock")]
    pub(crate) fn private(&self, name: u8) -> Result<ARef<Bo>> {
        Self::make(self.dev.get(), name, Some(self.resv.clone()))
    }

    /// A VM of the pages 0 to 256, of which the last 16 are the driver's.
    pub(crate) fn vm(&self) -> Result<OwnedVm<Steps>> {
        self.vm_of(0..256, 240..256)
    }

    pub(crate) fn vm_of(
        &self,
        range: core::ops::Range<u64>,
        reserve: core::ops::Range<u64>,
    ) -> Result<OwnedVm<Steps>> {
        steps::make_vm(&self.resv, range, reserve)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // SAFETY: The device is valid.
        let left = unsafe { (*self.dev.get()).ref_.refcount };
        assert_eq!(left, 1, "a VM is left");
    }
}
