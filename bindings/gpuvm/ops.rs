// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Operations, and the proof that they were carried out.
//!
//! Each operation comes with a lifetime `'op` that no two of them share and that nothing else has,
//! because the driver's function has to be good for any. The proof has the same lifetime, and is
//! made only by completing the operation: what a driver returns as `Ok` can be of no other one.

use core::{
    marker::PhantomData,
    ops::{Deref, Range},
    ptr::{null_mut, NonNull},
};

use drm_gpuvm_raw as raw;
use kernel::{
    drm::gem::IntoGEMObject,
    error::to_result,
    ffi::{c_int, c_void},
    prelude::*,
};

use crate::{
    mapping::{self, RemovedMapping},
    Driver, Mapping, NewMapping, VmBo,
};

/// Neither longer nor shorter lifetimes will do, and it stays with the thread.
type Invariant<'op, T> = PhantomData<*mut &'op mut T>;

/// What a [`OpMap`] asks for.
pub struct MapView<'op, T: Driver> {
    op: &'op raw::drm_gpuva_op,
    _driver: PhantomData<fn(T)>,
}

impl<'op, T: Driver> MapView<'op, T> {
    /// # Safety
    ///
    /// `op` is a `DRM_GPUVA_OP_MAP`, and its object a `T::Object` or null, for all of `'op`.
    pub(crate) unsafe fn new(op: &'op raw::drm_gpuva_op) -> Self {
        Self {
            op,
            _driver: PhantomData,
        }
    }

    fn map(&self) -> &raw::drm_gpuva_op_map {
        // SAFETY: By the requirement of `new`, this is the member that is valid.
        unsafe { &self.op.__bindgen_anon_1.map }
    }

    /// First address, in the VM's unit.
    pub fn address(&self) -> u64 {
        self.map().va.addr
    }

    /// Length, in the VM's unit; never 0.
    pub fn length(&self) -> u64 {
        self.map().va.range
    }

    /// Addresses.
    pub fn range(&self) -> Range<u64> {
        self.address()..self.address().wrapping_add(self.length())
    }

    /// Where in the object it begins.
    pub fn offset(&self) -> u64 {
        self.map().gem.offset
    }

    /// The object; `None` for a sparse mapping.
    pub fn object(&self) -> Option<&T::Object> {
        let obj = NonNull::new(self.map().gem.obj)?;
        // SAFETY: By the requirement of `new`.
        Some(unsafe { T::Object::from_raw(obj.as_ptr()) })
    }

    /// The driver's number, see [`MapRequest::cookie`](crate::MapRequest::cookie).
    pub fn cookie(&self) -> u64 {
        self.op.attrs.cookie
    }

    /// Length of the piece of the object that repeats; 0 if nothing does.
    pub fn repeat(&self) -> u32 {
        self.op.attrs.repeat
    }

    /// Where in the piece it begins.
    pub fn repeat_phase(&self) -> u32 {
        self.op.attrs.repeat_phase
    }

    /// The driver's flags, see [`MapRequest::driver_flags`](crate::MapRequest::driver_flags).
    pub fn driver_flags(&self) -> u32 {
        self.op.flags / raw::DRM_GPUVA_USERBITS
    }
}

/// What a [`OpUnmap`] asks for.
pub struct UnmapView<'op, T: Driver> {
    op: &'op raw::drm_gpuva_op_unmap,
    _driver: PhantomData<fn(T)>,
}

impl<'op, T: Driver> UnmapView<'op, T> {
    /// # Safety
    ///
    /// For all of `'op`, `op.va` is a mapping of a `Vm<T>` that fulfils the invariants of
    /// [`Mapping`], unless it is removed by way of this view.
    pub(crate) unsafe fn new(op: &'op raw::drm_gpuva_op_unmap) -> Self {
        Self {
            op,
            _driver: PhantomData,
        }
    }

    /// What goes away.
    pub fn mapping(&self) -> &Mapping<T> {
        // SAFETY: By the requirement of `new`; who removes it takes the view for that. Never the
        // kernel's range: the core refuses what touches it.
        unsafe { Mapping::from_raw(self.op.va) }
    }

    /// Whether the request maps the same memory at the same addresses, so that the page-table
    /// entries that both share may stay.
    pub fn keep(&self) -> bool {
        self.op.keep
    }
}

/// A piece of a mapping that remains when it is cut.
pub struct Piece<'op>(&'op raw::drm_gpuva_op_map);

impl Piece<'_> {
    /// First address, in the VM's unit.
    pub fn address(&self) -> u64 {
        self.0.va.addr
    }

    /// Length, in the VM's unit; never 0.
    pub fn length(&self) -> u64 {
        self.0.va.range
    }

    /// Addresses.
    pub fn range(&self) -> Range<u64> {
        self.address()..self.address().wrapping_add(self.length())
    }

    /// Where in the object it begins.
    pub fn offset(&self) -> u64 {
        self.0.gem.offset
    }
}

/// What a [`OpRemap`] asks for.
pub struct RemapView<'op, T: Driver> {
    op: &'op raw::drm_gpuva_op_remap,
    _driver: PhantomData<fn(T)>,
}

impl<'op, T: Driver> RemapView<'op, T> {
    /// # Safety
    ///
    /// For all of `'op`, `op.unmap` is valid and as [`UnmapView::new`] asks, and `op.prev` and
    /// `op.next` are null or valid.
    pub(crate) unsafe fn new(op: &'op raw::drm_gpuva_op_remap) -> Self {
        Self {
            op,
            _driver: PhantomData,
        }
    }

    fn unmap(&self) -> &raw::drm_gpuva_op_unmap {
        // SAFETY: By the requirement of `new`.
        unsafe { &*self.op.unmap }
    }

    /// What is cut.
    pub fn mapping(&self) -> &Mapping<T> {
        // SAFETY: As for `UnmapView`, by the requirement of `new`.
        unsafe { Mapping::from_raw(self.unmap().va) }
    }

    /// Whether the request maps the same memory at the same addresses.
    pub fn keep(&self) -> bool {
        self.unmap().keep
    }

    /// What remains before the cut.
    pub fn prev(&self) -> Option<Piece<'_>> {
        // SAFETY: By the requirement of `new`.
        unsafe { self.op.prev.as_ref() }.map(Piece)
    }

    /// What remains behind the cut.
    pub fn next(&self) -> Option<Piece<'_>> {
        // SAFETY: By the requirement of `new`.
        unsafe { self.op.next.as_ref() }.map(Piece)
    }

    /// The addresses that are emptied.
    pub fn cut(&self) -> Range<u64> {
        let (mut start, mut length) = (0, 0);
        // SAFETY: By the requirement of `new`; both results are ours.
        unsafe { raw::ref_drm_gpuva_op_remap_to_unmap_range(self.op, &mut start, &mut length) };
        start..start.wrapping_add(length)
    }
}

macro_rules! view_of {
    ($op:ident, $view:ident) => {
        impl<'op, T: Driver> Deref for $op<'op, T> {
            type Target = $view<'op, T>;

            fn deref(&self) -> &$view<'op, T> {
                &self.view
            }
        }
    };
}

/// Create one mapping.
///
/// # Invariants
///
/// `vm` is the VM that is changed; the caller of the operation has it to itself. `vm_bo` is that of
/// this VM and of the operation's object, `None` if there is no object.
#[must_use = "an operation has to be completed"]
pub struct OpMap<'op, T: Driver> {
    view: MapView<'op, T>,
    vm: *mut raw::drm_gpuvm,
    vm_bo: Option<&'op VmBo<T>>,
    _invariant: Invariant<'op, T>,
}

view_of!(OpMap, MapView);

/// The proof that an [`OpMap`] was carried out.
pub struct Mapped<'op, T: Driver>(Invariant<'op, T>);

impl<'op, T: Driver> OpMap<'op, T> {
    /// The pair of VM and object that the mapping will belong to; `None` for a sparse one.
    pub fn vm_bo(&self) -> Option<&VmBo<T>> {
        self.vm_bo
    }

    /// Inserts the mapping, with the flags and attributes of the request.
    ///
    /// An error says that the core and this layer disagree about what is mapped: nothing changes,
    /// and `memory` and `data` are dropped.
    ///
    /// Context: fence signalling section. Takes the GEM's gpuva lock.
    pub fn insert(self, memory: NewMapping<T>, data: T::MappingData) -> Result<Mapped<'op, T>> {
        let new = memory.fill(data);
        let va = new.as_ptr().cast();
        // SAFETY: By the type invariants the VM is ours to change; `va` is a mapping that is not
        // inserted, and stays valid until it is removed.
        let ret = to_result(unsafe { raw::ref_drm_gpuva_map_op(self.vm, va, self.view.op) });
        if let Err(error) = ret {
            // SAFETY: It was not inserted, and nobody else knows of it.
            unsafe { mapping::free(new) };
            return Err(error);
        }
        if let Some(vm_bo) = self.vm_bo {
            let _guard = vm_bo.gpuva_lock().lock();
            // SAFETY: The mapping was just inserted; by the type invariants `vm_bo` is that of its
            // VM and object, and we hold the lock.
            unsafe { raw::ref_drm_gpuva_link(va, vm_bo.as_raw()) };
        }
        Ok(Mapped(PhantomData))
    }
}

/// Cut one mapping.
///
/// # Invariants
///
/// The caller of the operation has the VM to itself.
#[must_use = "an operation has to be completed"]
pub struct OpRemap<'op, T: Driver> {
    view: RemapView<'op, T>,
    _invariant: Invariant<'op, T>,
}

view_of!(OpRemap, RemapView);

/// The proof that an [`OpRemap`] was carried out.
pub struct Remapped<'op, T: Driver>(Invariant<'op, T>);

/// What an [`OpRemap`] left over.
pub struct Cut<T: Driver> {
    /// The mapping that was cut.
    pub removed: RemovedMapping<T>,
    /// Memory that was not needed, because only one piece remains.
    pub spare: Option<NewMapping<T>>,
}

impl<'op, T: Driver> OpRemap<'op, T> {
    /// Replaces the mapping by what remains of it, with its flags and attributes.
    ///
    /// `data` is called for each piece, with the mapping that is cut, before anything changes. An
    /// error says that the core and this layer disagree about what is mapped: nothing changes, and
    /// what was handed over is dropped.
    ///
    /// Context: fence signalling section. Takes the GEM's gpuva lock.
    pub fn replace(
        self,
        memory: [NewMapping<T>; 2],
        mut data: impl FnMut(&Mapping<T>, &Piece<'_>) -> T::MappingData,
    ) -> Result<(Remapped<'op, T>, Cut<T>)> {
        let mut memory = memory.into_iter();
        let mut fill = |piece: Option<Piece<'_>>| {
            let piece = piece?;
            let data = data(self.mapping(), &piece);
            memory.next().map(|new| new.fill(data))
        };
        let pieces = [fill(self.prev()), fill(self.next())];
        let [prev, next] = pieces.map(|new| new.map_or(null_mut(), |new| new.as_ptr().cast()));

        // SAFETY: By the type invariants the VM is ours to change. Each piece that remains has a
        // mapping that is not inserted and stays valid until it is removed.
        let ret = to_result(unsafe { raw::ref_drm_gpuva_remap(prev, next, self.view.op) });
        if let Err(error) = ret {
            for new in pieces.into_iter().flatten() {
                // SAFETY: It is not inserted, and nobody else knows of it.
                unsafe { mapping::free(new) };
            }
            return Err(error);
        }
        if let Some(vm_bo) = self.mapping().vm_bo() {
            let _guard = vm_bo.gpuva_lock().lock();
            for new in pieces.into_iter().flatten() {
                // SAFETY: The piece was just inserted, with the object of the mapping that was cut,
                // so `vm_bo` is the right one; it is kept by the link of that one. We hold the lock.
                unsafe { raw::ref_drm_gpuva_link(new.as_ptr().cast(), vm_bo.as_raw()) };
            }
        }
        let spare = memory.next();
        // SAFETY: The core removed it; the operation goes away with this call.
        let removed = unsafe { unlink(self.view.unmap().va) };
        Ok((Remapped(PhantomData), Cut { removed, spare }))
    }
}

/// Take one mapping away.
///
/// # Invariants
///
/// The caller of the operation has the VM to itself.
#[must_use = "an operation has to be completed"]
pub struct OpUnmap<'op, T: Driver> {
    view: UnmapView<'op, T>,
    _invariant: Invariant<'op, T>,
}

view_of!(OpUnmap, UnmapView);

/// The proof that an [`OpUnmap`] was carried out.
pub struct Unmapped<'op, T: Driver>(Invariant<'op, T>);

impl<'op, T: Driver> OpUnmap<'op, T> {
    /// Removes the mapping.
    ///
    /// Context: fence signalling section. Takes the GEM's gpuva lock.
    pub fn remove(self) -> (Unmapped<'op, T>, RemovedMapping<T>) {
        // SAFETY: By the type invariants the VM is ours to change, and has the mapping. Its owner
        // keeps the VM.
        unsafe { raw::ref_drm_gpuva_unmap(self.view.op) };
        // SAFETY: It was just removed; the operation goes away with this call.
        let removed = unsafe { unlink(self.view.op.va) };
        (Unmapped(PhantomData), removed)
    }
}

/// Unlinks what was removed.
///
/// # Safety
///
/// `va` was inserted into a `Vm<T>` by this crate, and is removed. There is no reference to it but
/// those that hold the gpuva lock of its object.
pub(crate) unsafe fn unlink<T: Driver>(va: *mut raw::drm_gpuva) -> RemovedMapping<T> {
    // SAFETY: The mapping is valid, and the VM in immediate mode. It takes the lock, so nobody has a
    // reference when it returns.
    unsafe { raw::ref_drm_gpuva_unlink_defer(va) };
    // SAFETY: It is removed and unlinked.
    unsafe { RemovedMapping::from_raw(va) }
}

/// What a walk hands to the driver's functions.
///
/// # Invariants
///
/// `vm` is a `Vm<T>` that is changed by nobody else while this exists. `vm_bo` is that of the VM and
/// of the object of each map operation of the walk, `None` if they have none.
pub(crate) struct Steps<'a, 'ctx, T: Driver> {
    pub(crate) driver: &'a mut T,
    pub(crate) context: &'a mut T::Context<'ctx>,
    pub(crate) vm: *mut raw::drm_gpuvm,
    pub(crate) vm_bo: Option<&'a VmBo<T>>,
}

impl<T: Driver> Steps<'_, '_, T> {
    /// Has the driver carry out one operation.
    ///
    /// # Safety
    ///
    /// `op` is one that the core made for the VM of this walk, as it is now. It is not used again
    /// after `Ok`.
    pub(crate) unsafe fn step(&mut self, op: &raw::drm_gpuva_op) -> Result {
        match op.op {
            raw::DRM_GPUVA_OP_MAP => {
                let op = OpMap {
                    // SAFETY: It is a map operation. Its object is null or that of `vm_bo`.
                    view: unsafe { MapView::new(op) },
                    vm: self.vm,
                    vm_bo: self.vm_bo,
                    _invariant: PhantomData,
                };
                self.driver.map(op, self.context).map(|Mapped(_)| ())
            }
            raw::DRM_GPUVA_OP_REMAP => {
                let op = OpRemap {
                    // SAFETY: It is a remap operation, of a mapping that is inserted, and so by the
                    // invariant of `Vm` linked. Parts that are not there are null.
                    view: unsafe { RemapView::new(&op.__bindgen_anon_1.remap) },
                    _invariant: PhantomData,
                };
                self.driver.remap(op, self.context).map(|Remapped(_)| ())
            }
            raw::DRM_GPUVA_OP_UNMAP => {
                let op = OpUnmap {
                    // SAFETY: It is an unmap operation, of a mapping that is inserted, and so by the
                    // invariant of `Vm` linked.
                    view: unsafe { UnmapView::new(&op.__bindgen_anon_1.unmap) },
                    _invariant: PhantomData,
                };
                self.driver.unmap(op, self.context).map(|Unmapped(_)| ())
            }
            _ => Err(EINVAL),
        }
    }

    /// One for all three callbacks of `struct drm_gpuvm_ops`.
    ///
    /// # Safety
    ///
    /// `op` is an operation that the core made; `steps` is the `Steps<T>` that its walk was given.
    pub(crate) unsafe extern "C" fn callback(
        op: *mut raw::drm_gpuva_op,
        steps: *mut c_void,
    ) -> c_int {
        // SAFETY: The walk was given a `Steps<T>`, which nobody else uses while it runs.
        let steps = unsafe { &mut *steps.cast::<Steps<'_, '_, T>>() };
        // SAFETY: The core made the operation for this walk, just now, and forgets it afterwards.
        match unsafe { steps.step(&*op) } {
            Ok(()) => 0,
            Err(error) => error.to_errno(),
        }
    }
}
