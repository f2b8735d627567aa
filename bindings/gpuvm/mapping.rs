// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Mappings: set aside, inserted, removed.

use core::{
    mem::MaybeUninit,
    ops::{Deref, DerefMut, Range},
    ptr::NonNull,
};

use drm_gpuvm_raw as raw;
use kernel::{
    alloc::{AllocError, Flags},
    drm::gem::IntoGEMObject,
    prelude::*,
    types::Opaque,
};

use crate::{Driver, VmBo};

/// One mapping of a VM.
///
/// There are only references to it, from the VM's owner or from the lock of the object's mappings;
/// neither can be held while the mapping is removed.
///
/// # Invariants
///
/// * While there is a reference to it, it is linked to a [`VmBo`] if it has an object; its range,
///   object, link, flags and attributes do not change.
/// * It is in memory of its own, from [`NewMapping`].
#[repr(C)]
pub struct Mapping<T: Driver> {
    /// First, so that a pointer to the one is a pointer to the other.
    inner: Opaque<raw::drm_gpuva>,
    data: T::MappingData,
}

// SAFETY: What a mapping shows does not change while it is shown, and the driver's data is `Send`.
unsafe impl<T: Driver> Send for Mapping<T> {}
// SAFETY: As above, and the driver's data is `Sync`.
unsafe impl<T: Driver> Sync for Mapping<T> {}

/// Reads a member of the C structure, without a reference to the whole: others change the rest of
/// it meanwhile, its list entry for instance.
macro_rules! read {
    ($mapping:ident.$($member:tt)+) => {
        // SAFETY: By the type invariants, there is a `drm_gpuva` and this member does not change.
        unsafe { (*$mapping.inner.get()).$($member)+ }
    };
}

impl<T: Driver> Mapping<T> {
    /// # Safety
    ///
    /// For all of `'a`, `va` points to the first member of a mapping of a `Vm<T>` that fulfils the
    /// invariants of [`Mapping`]. It is not the range that the VM keeps for the kernel.
    pub(crate) unsafe fn from_raw<'a>(va: *mut raw::drm_gpuva) -> &'a Self {
        // CAST: `inner` is the first member, and transparent.
        // SAFETY: By the requirements of this function.
        unsafe { &*va.cast() }
    }

    /// Its first address, in the VM's unit.
    pub fn address(&self) -> u64 {
        read!(self.va.addr)
    }

    /// Its length, in the VM's unit; never 0.
    pub fn length(&self) -> u64 {
        read!(self.va.range)
    }

    /// Its addresses.
    pub fn range(&self) -> Range<u64> {
        // The core inserts nothing that ends behind 2^64 - 1.
        self.address()..self.address().wrapping_add(self.length())
    }

    /// What is behind it; `None` for a sparse mapping.
    pub fn object(&self) -> Option<&T::Object> {
        let obj = NonNull::new(read!(self.gem.obj))?;
        // SAFETY: Objects get into a mapping from a `VmBo<T>` alone, so this is a `T::Object`; the
        // link to that `VmBo` keeps it.
        Some(unsafe { T::Object::from_raw(obj.as_ptr()) })
    }

    /// The pair of VM and object that it belongs to; `None` for a sparse mapping.
    pub fn vm_bo(&self) -> Option<&VmBo<T>> {
        let vm_bo = NonNull::new(read!(self.vm_bo))?;
        // SAFETY: Mappings are linked to a `VmBo<T>` alone; the link keeps it, and does not change.
        Some(unsafe { VmBo::from_raw(vm_bo.as_ptr()) })
    }

    /// Where in the object it begins.
    pub fn offset(&self) -> u64 {
        self.offset_of(self.address())
    }

    /// What of the object is at an address, also in a mapping that repeats. For an address outside
    /// of the mapping the result says nothing.
    pub fn offset_of(&self, address: u64) -> u64 {
        // SAFETY: The mapping is valid; the function reads range, offset and attributes only.
        unsafe { raw::ref_drm_gpuva_gem_offset(self.inner.get(), address) }
    }

    /// The length of the piece of the object that repeats; 0 if nothing does.
    pub fn repeat(&self) -> u32 {
        read!(self.attrs.repeat)
    }

    /// The driver's number, see [`MapRequest::cookie`](crate::MapRequest::cookie).
    pub fn cookie(&self) -> u64 {
        read!(self.attrs.cookie)
    }

    /// The driver's flags, see [`MapRequest::driver_flags`](crate::MapRequest::driver_flags).
    pub fn driver_flags(&self) -> u32 {
        read!(self.flags) / raw::DRM_GPUVA_USERBITS
    }

    /// Whether nothing is behind it, on purpose.
    pub fn is_sparse(&self) -> bool {
        read!(self.flags) & raw::DRM_GPUVA_SPARSE != 0
    }

    /// What the driver keeps with it.
    pub fn data(&self) -> &T::MappingData {
        &self.data
    }
}

/// Memory for one mapping, set aside.
///
/// # Invariants
///
/// All bytes of it are 0.
pub struct NewMapping<T: Driver>(KBox<MaybeUninit<Mapping<T>>>);

impl<T: Driver> NewMapping<T> {
    /// Sets memory aside.
    ///
    /// Context: whatever `flags` allow; with `GFP_KERNEL`, process, and outside of the fence
    /// signalling section.
    pub fn new(flags: Flags) -> Result<Self, AllocError> {
        // INVARIANT: The allocator zeroes it.
        Ok(Self(KBox::new_uninit(flags | __GFP_ZERO)?))
    }

    /// Adds the driver's data. The result is a `KBox<Mapping<T>>` that is not linked anywhere.
    pub(crate) fn fill(mut self, data: T::MappingData) -> NonNull<Mapping<T>> {
        let mapping = self.0.as_mut_ptr();
        // SAFETY: `mapping` is memory for a mapping, and nobody else has it. `inner` is valid as it
        // is: the core takes a mapping that is all 0.
        unsafe { (&raw mut (*mapping).data).write(data) };
        // SAFETY: A box is never null.
        unsafe { NonNull::new_unchecked(KBox::into_raw(self.0).cast()) }
    }
}

/// Frees what [`NewMapping::fill`] gave and the core did not take.
///
/// # Safety
///
/// `mapping` is from [`NewMapping::fill`], is in no list and in no VM, and is not used afterwards.
pub(crate) unsafe fn free<T: Driver>(mapping: NonNull<Mapping<T>>) {
    // SAFETY: By the requirements of this function.
    drop(unsafe { KBox::from_raw(mapping.as_ptr()) });
}

/// A mapping that was removed from its VM.
///
/// In the fence signalling section it is kept, to be dropped afterwards.
///
/// # Invariants
///
/// It is in no VM and linked to nothing.
pub struct RemovedMapping<T: Driver>(KBox<Mapping<T>>);

impl<T: Driver> RemovedMapping<T> {
    /// # Safety
    ///
    /// `va` was inserted into a `Vm<T>` by this crate and is removed and unlinked. The caller passes
    /// on its memory.
    pub(crate) unsafe fn from_raw(va: *mut raw::drm_gpuva) -> Self {
        // INVARIANT: By the requirements of this function.
        // SAFETY: What this crate inserts is from `NewMapping::fill`, so it is a box.
        Self(unsafe { KBox::from_raw(va.cast()) })
    }

    /// Takes the driver's data out, and leaves the memory for another mapping.
    pub fn recycle(self) -> (NewMapping<T>, T::MappingData) {
        let mapping = KBox::into_raw(self.0);
        // SAFETY: The mapping is valid and ours; its data is forgotten below.
        let data = unsafe { (&raw const (*mapping).data).read() };
        // SAFETY: `mapping` is from a box. Its new type asks for nothing, and `inner` needs no drop.
        let mut memory: KBox<MaybeUninit<Mapping<T>>> = unsafe { KBox::from_raw(mapping.cast()) };
        // SAFETY: It is memory for one mapping.
        unsafe { memory.as_mut_ptr().write_bytes(0, 1) };
        // INVARIANT: All of it was just made 0.
        (NewMapping(memory), data)
    }
}

impl<T: Driver> Deref for RemovedMapping<T> {
    type Target = T::MappingData;

    fn deref(&self) -> &T::MappingData {
        &self.0.data
    }
}

impl<T: Driver> DerefMut for RemovedMapping<T> {
    fn deref_mut(&mut self) -> &mut T::MappingData {
        &mut self.0.data
    }
}
