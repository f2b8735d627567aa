// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! A device that is only counted, and objects with names.

use core::{marker::PhantomData, ops::Deref, ptr::NonNull};

use drm_gpuvm::{GpuvaObject, Immediate, MayAlloc, Mode, OwnedVm, VmArgs};
use kernel::{
    bindings,
    drm::gem::IntoGEMObject,
    prelude::*,
    sync::aref::{ARef, AlwaysRefCounted},
    types::Opaque,
};

use crate::steps::TestDriver;

/// An object with a name of one letter.
pub(crate) struct Named<M> {
    pub(crate) name: u8,
    _mode: PhantomData<fn(M)>,
}

impl<M: Mode> GpuvaObject for Named<M> {
    type Mode = M;
}

/// An object of one mode.
#[repr(C)]
pub(crate) struct BoOf<M: Mode> {
    inner: Opaque<bindings::drm_gem_object>,
    parent: Option<ARef<Self>>,
    named: Named<M>,
}

impl<M: Mode> Deref for BoOf<M> {
    type Target = Named<M>;

    fn deref(&self) -> &Named<M> {
        &self.named
    }
}

// SAFETY: There is one thread.
unsafe impl<M: Mode> Send for BoOf<M> {}
// SAFETY: There is one thread.
unsafe impl<M: Mode> Sync for BoOf<M> {}

// SAFETY: Objects are counted.
unsafe impl<M: Mode> AlwaysRefCounted for BoOf<M> {
    fn inc_ref(&self) {
        // SAFETY: The object is valid.
        unsafe { bindings::drm_gem_object_get(self.as_raw()) };
    }

    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: The caller passes a reference on.
        unsafe { bindings::drm_gem_object_put(obj.as_ptr().cast()) };
    }
}

impl<M: Mode> IntoGEMObject for BoOf<M> {
    fn as_raw(&self) -> *mut bindings::drm_gem_object {
        self.inner.get()
    }

    unsafe fn from_raw<'a>(raw: *mut bindings::drm_gem_object) -> &'a Self {
        // SAFETY: `inner` is the first member, and all objects of a VM are of this type.
        unsafe { &*raw.cast() }
    }
}

unsafe extern "C" fn free<M: Mode>(raw: *mut bindings::drm_gem_object) {
    // SAFETY: The last reference is gone; it is from a box.
    unsafe {
        bindings::drm_gem_object_release(raw);
        drop(KBox::<BoOf<M>>::from_raw(raw.cast()));
    }
}

impl<M: Mode> BoOf<M> {
    const FUNCS: bindings::drm_gem_object_funcs = bindings::drm_gem_object_funcs {
        free: Some(free::<M>),
    };

    fn make(
        dev: *mut bindings::drm_device,
        name: u8,
        parent: Option<ARef<Self>>,
    ) -> Result<ARef<Self>> {
        let bo = KBox::into_raw(KBox::<Self>::new_uninit(GFP_KERNEL | __GFP_ZERO)?).cast::<Self>();
        // SAFETY: It is zeroed memory for an object, with which C can begin.
        unsafe {
            let raw: *mut bindings::drm_gem_object = bo.cast();
            (&raw mut (*bo).named).write(Named {
                name,
                _mode: PhantomData,
            });
            (*raw).funcs = const { &Self::FUNCS };
            if let Some(parent) = &parent {
                (*raw).resv = (*parent.as_raw()).resv;
            }
            (&raw mut (*bo).parent).write(parent);
            bindings::drm_gem_private_object_init(dev, raw, 4096);
            Ok(ARef::from_raw(NonNull::new_unchecked(bo)))
        }
    }
}

pub(crate) struct World<M: Mode = Immediate> {
    resv: ARef<BoOf<M>>,
    dev: Box<Opaque<bindings::drm_device>>,
}

impl World {
    pub(crate) fn new() -> Result<Self> {
        Self::of()
    }
}

impl<M: Mode> World<M> {
    pub(crate) fn of() -> Result<Self> {
        // SAFETY: A device is valid when it is all 0, but for its count.
        let dev: Box<Opaque<bindings::drm_device>> = unsafe { Box::new(core::mem::zeroed()) };
        // SAFETY: The device is valid, and ours.
        unsafe { (*dev.get()).ref_.refcount.refs = 1 };
        let resv = BoOf::make(dev.get(), b'R', None)?;
        Ok(Self { resv, dev })
    }

    /// An object with a `dma_resv` of its own.
    pub(crate) fn object(&self, name: u8) -> Result<ARef<BoOf<M>>> {
        BoOf::make(self.dev.get(), name, None)
    }

    /// An object that shares the `dma_resv` of the VMs.
    pub(crate) fn private(&self, name: u8) -> Result<ARef<BoOf<M>>> {
        BoOf::make(self.dev.get(), name, Some(self.resv.clone()))
    }

    /// A VM of the pages 0 to 256, of which the last 16 are the driver's.
    pub(crate) fn vm<D: TestDriver<Mode = M>>(&self) -> Result<OwnedVm<D>> {
        self.vm_of(0..256, 240..256)
    }

    pub(crate) fn vm_of<D: TestDriver<Mode = M>>(
        &self,
        range: core::ops::Range<u64>,
        reserve: core::ops::Range<u64>,
    ) -> Result<OwnedVm<D>> {
        let args = VmArgs {
            name: c"rust",
            range,
            reserve,
        };
        D::make(&MayAlloc::here(), args, &self.resv)
    }
}

impl<M: Mode> Drop for World<M> {
    fn drop(&mut self) {
        // SAFETY: The device is valid.
        let left = unsafe { (*self.dev.get()).ref_.refcount.refs };
        assert_eq!(left, 1, "a VM is left");
    }
}
