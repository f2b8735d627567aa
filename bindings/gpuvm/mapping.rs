// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Mappings: set aside, inserted, removed.

use core::{
    mem::MaybeUninit,
    ops::{Deref, DerefMut, Range},
    ptr::NonNull,
    sync::atomic::{AtomicU32, Ordering},
};

use drm_gpuvm_raw as raw;
use kernel::{
    alloc::{AllocError, Flags},
    drm::gem::IntoGEMObject,
    prelude::*,
    types::Opaque,
};

use crate::{Driver, MayAlloc, VmBo};

/// One mapping of a VM.
///
/// There are only references to it, from the VM's owner or from the lock of the object's mappings;
/// neither can be held while the mapping is removed.
///
/// # Invariants
///
/// * While there is a reference to it, it is linked to a [`VmBo`] if it has an object, or kept by a
///   [`Committed`](crate::Committed) list together with its object; its range, object, link and
///   attributes do not change.
/// * Its flags change by atomic operations alone.
/// * It is in memory of its own, from [`NewMapping`].
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, Mapping};
///
/// fn shows<D: Driver>(mapping: &Mapping<D>, object: &D::Object) -> bool {
///     mapping.object().is_some_and(|shown| core::ptr::eq(shown, object))
/// }
/// ```
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

    /// The C structure.
    pub(crate) fn as_raw(&self) -> *mut raw::drm_gpuva {
        self.inner.get()
    }

    fn flags(&self) -> &AtomicU32 {
        // SAFETY: The member is valid as long as `self`, and by the type invariants changes by
        // atomic operations alone.
        unsafe { AtomicU32::from_ptr(&raw mut (*self.inner.get()).flags) }
    }

    /// Its first address, in the VM's unit.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Mapping};
    /// fn page<D: Driver>(mapping: &Mapping<D>) -> u64 {
    ///     mapping.address() >> 12
    /// }
    /// ```
    pub fn address(&self) -> u64 {
        read!(self.va.addr)
    }

    /// Its length, in the VM's unit; never 0.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Mapping};
    /// fn pages<D: Driver>(mapping: &Mapping<D>) -> u64 {
    ///     mapping.length() >> 12
    /// }
    /// ```
    pub fn length(&self) -> u64 {
        read!(self.va.range)
    }

    /// Its addresses.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Mapping};
    /// fn covers<D: Driver>(mapping: &Mapping<D>, address: u64) -> bool {
    ///     mapping.range().contains(&address)
    /// }
    /// ```
    pub fn range(&self) -> Range<u64> {
        // The core inserts nothing that ends behind 2^64 - 1.
        self.address()..self.address().wrapping_add(self.length())
    }

    /// What is behind it; `None` for a sparse mapping.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Mapping};
    /// fn has_memory<D: Driver>(mapping: &Mapping<D>) -> bool {
    ///     mapping.object().is_some()
    /// }
    /// ```
    pub fn object(&self) -> Option<&T::Object> {
        let obj = NonNull::new(read!(self.gem.obj))?;
        // SAFETY: Objects get into a mapping from a `VmBo<T>` alone, so this is a `T::Object`; the
        // link to that `VmBo` keeps it.
        Some(unsafe { T::Object::from_raw(obj.as_ptr()) })
    }

    /// The pair of VM and object that it belongs to; `None` for a sparse mapping, and for one that
    /// was removed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Mapping};
    /// fn is_external<D: Driver>(mapping: &Mapping<D>) -> bool {
    ///     mapping.vm_bo().is_some_and(|pair| pair.vm().is_external(pair.object()))
    /// }
    /// ```
    pub fn vm_bo(&self) -> Option<&VmBo<T>> {
        let vm_bo = NonNull::new(read!(self.vm_bo))?;
        // SAFETY: Mappings are linked to a `VmBo<T>` alone; the link keeps it, and does not change.
        Some(unsafe { VmBo::from_raw(vm_bo.as_ptr()) })
    }

    /// Where in the object it begins.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Mapping};
    /// fn from_the_start<D: Driver>(mapping: &Mapping<D>) -> bool {
    ///     mapping.offset() == 0
    /// }
    /// ```
    pub fn offset(&self) -> u64 {
        self.offset_of(self.address())
    }

    /// What of the object is at an address, also in a mapping that repeats. For an address outside
    /// of the mapping the result says nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Mapping};
    /// fn last<D: Driver>(mapping: &Mapping<D>) -> u64 {
    ///     mapping.offset_of(mapping.range().end - 1)
    /// }
    /// ```
    pub fn offset_of(&self, address: u64) -> u64 {
        // SAFETY: The mapping is valid; the function reads range, offset and attributes only.
        unsafe { raw::ref_drm_gpuva_gem_offset(self.inner.get(), address) }
    }

    /// The length of the piece of the object that repeats; 0 if nothing does.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Mapping};
    /// fn repeats<D: Driver>(mapping: &Mapping<D>) -> bool {
    ///     mapping.repeat() != 0
    /// }
    /// ```
    pub fn repeat(&self) -> u32 {
        read!(self.attrs.repeat)
    }

    /// The driver's number, see [`MapRequest::cookie`](crate::MapRequest::cookie).
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Mapping};
    /// fn is_zeroes<D: Driver>(mapping: &Mapping<D>) -> bool {
    ///     const ZEROES: u64 = 1;
    ///     mapping.cookie() == ZEROES
    /// }
    /// ```
    pub fn cookie(&self) -> u64 {
        read!(self.attrs.cookie)
    }

    /// The driver's flags, see [`MapRequest::driver_flags`](crate::MapRequest::driver_flags).
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Mapping};
    /// fn is_read_only<D: Driver>(mapping: &Mapping<D>) -> bool {
    ///     const READ_ONLY: u32 = 1;
    ///     mapping.driver_flags() & READ_ONLY != 0
    /// }
    /// ```
    pub fn driver_flags(&self) -> u32 {
        self.flags().load(Ordering::Relaxed) / raw::DRM_GPUVA_USERBITS
    }

    /// Whether nothing is behind it, on purpose.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Mapping};
    /// fn reads_zeroes<D: Driver>(mapping: &Mapping<D>) -> bool {
    ///     mapping.is_sparse()
    /// }
    /// ```
    pub fn is_sparse(&self) -> bool {
        self.flags().load(Ordering::Relaxed) & raw::DRM_GPUVA_SPARSE != 0
    }

    /// Says whether the memory behind it moved away. Pieces that it is cut into say the same.
    ///
    /// Context: any; threads may do so at the same time.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Mapping};
    /// fn moved<D: Driver>(mapping: &Mapping<D>) {
    ///     mapping.invalidate(true);
    /// }
    /// ```
    pub fn invalidate(&self, invalidate: bool) {
        if invalidate {
            self.flags()
                .fetch_or(raw::DRM_GPUVA_INVALIDATED, Ordering::Relaxed);
        } else {
            self.flags()
                .fetch_and(!raw::DRM_GPUVA_INVALIDATED, Ordering::Relaxed);
        }
    }

    /// Whether the memory behind it moved away, as [`Mapping::invalidate`] was told.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Mapping};
    /// fn is_to_be_written<D: Driver>(mapping: &Mapping<D>) -> bool {
    ///     mapping.is_invalidated()
    /// }
    /// ```
    pub fn is_invalidated(&self) -> bool {
        self.flags().load(Ordering::Relaxed) & raw::DRM_GPUVA_INVALIDATED != 0
    }

    /// Where in the piece that repeats an address of the mapping is; 0 if nothing repeats. For an
    /// address outside of the mapping the result says nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Mapping};
    /// fn begins_anew<D: Driver>(mapping: &Mapping<D>, address: u64) -> bool {
    ///     mapping.repeat_phase_at(address) == 0
    /// }
    /// ```
    pub fn repeat_phase_at(&self, address: u64) -> u32 {
        let mut attrs = raw::drm_gpuva_attrs {
            cookie: 0,
            repeat: 0,
            repeat_phase: 0,
        };
        // SAFETY: The mapping is valid; the function reads range and attributes only.
        unsafe { raw::ref_drm_gpuva_attrs_at(self.inner.get(), address, &mut attrs) };
        attrs.repeat_phase
    }

    /// What the driver keeps with it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Mapping};
    /// fn kind<D: Driver<MappingData = u8>>(mapping: &Mapping<D>) -> u8 {
    ///     *mapping.data()
    /// }
    /// ```
    pub fn data(&self) -> &T::MappingData {
        &self.data
    }
}

/// Memory for one mapping, set aside.
///
/// # Invariants
///
/// All bytes of it are 0.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, MayAlloc, NewMapping};
/// use kernel::prelude::*;
///
/// /// What a split needs.
/// fn reserve<D: Driver>(may: &MayAlloc) -> Result<[NewMapping<D>; 2]> {
///     Ok([
///         NewMapping::new(may, GFP_KERNEL)?,
///         NewMapping::new(may, GFP_KERNEL)?,
///     ])
/// }
/// ```
pub struct NewMapping<T: Driver>(KBox<MaybeUninit<Mapping<T>>>);

impl<T: Driver> NewMapping<T> {
    /// Sets memory aside.
    ///
    /// Context: whatever `flags` allow.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MayAlloc, NewMapping};
    /// # use kernel::prelude::*;
    /// fn memory<D: Driver>() -> Result<NewMapping<D>> {
    ///     Ok(NewMapping::new(&MayAlloc::here(), GFP_KERNEL)?)
    /// }
    /// ```
    pub fn new(_may: &MayAlloc, flags: Flags) -> Result<Self, AllocError> {
        // INVARIANT: The allocator zeroes it.
        Ok(Self(KBox::new_uninit(flags | __GFP_ZERO)?))
    }

    /// Adds the driver's data. The result is not linked anywhere.
    pub(crate) fn fill(mut self, data: T::MappingData) -> KBox<Mapping<T>> {
        let mapping = self.0.as_mut_ptr();
        // SAFETY: `mapping` is memory for a mapping, and nobody else has it.
        unsafe { (&raw mut (*mapping).data).write(data) };
        // SAFETY: It is from a box. `inner` is valid as it is: the core takes a mapping that is all
        // 0.
        unsafe { KBox::from_raw(KBox::into_raw(self.0).cast()) }
    }
}

/// A mapping that was removed from its VM.
///
/// In the fence signalling section it is kept, to be dropped afterwards.
///
/// # Invariants
///
/// It is in no VM and linked to nothing.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, NewMapping, RemovedMapping};
///
/// /// Memory for the next map, and the data of the last one.
/// fn again<D: Driver>(removed: RemovedMapping<D>) -> (NewMapping<D>, D::MappingData) {
///     removed.recycle()
/// }
/// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, NewMapping, RemovedMapping};
    /// fn memory<D: Driver>(removed: RemovedMapping<D>) -> NewMapping<D> {
    ///     removed.recycle().0
    /// }
    /// ```
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
