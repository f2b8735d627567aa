// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Operations, and the proof that they were carried out.
//!
//! Each operation comes with a lifetime `'op` that no two of them share and that nothing else has,
//! because the driver's function has to be good for any. The proof has the same lifetime, and is
//! made only by completing the operation: what a driver returns as `Ok` can be of no other one.

use core::{
    marker::PhantomData,
    ops::Deref,
    ptr::{null_mut, NonNull},
};

use drm_gpuvm_raw as raw;
use kernel::{
    bindings,
    error::to_result,
    ffi::{c_int, c_void},
    prelude::*,
    sync::aref::ARef,
};

use crate::{
    mapping::RemovedMapping, mode, Driver, Immediate, MapView, Mapping, NewMapping, Operations,
    Piece, RemapView, UnmapView, VmBo,
};

/// Neither longer nor shorter lifetimes will do, and it stays with the thread.
type Invariant<'op, T> = PhantomData<*mut &'op mut T>;

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

/// Create one mapping: see [`MapView`] for what it says.
///
/// # Invariants
///
/// `vm` is the VM that is changed; the caller of the operation has it to itself. `vm_bo` is that of
/// this VM and of the operation's object, `None` if there is no object.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Mapped, NewMapping, OpMap, Operations};
/// use kernel::prelude::*;
///
/// fn map<'op, D: Operations<MappingData = ()>>(
///     op: OpMap<'op, D>,
///     memory: NewMapping<D>,
/// ) -> Result<Mapped<'op, D>> {
///     op.insert(memory, ())
/// }
/// ```
#[must_use = "an operation has to be completed"]
pub struct OpMap<'op, T: Driver> {
    view: MapView<'op, T>,
    vm: *mut raw::drm_gpuvm,
    vm_bo: Option<&'op VmBo<T>>,
    _invariant: Invariant<'op, T>,
}

view_of!(OpMap, MapView);

/// The proof that an [`OpMap`] was carried out.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Mapped, NewMapping, OpMap, Operations};
/// use kernel::prelude::*;
///
/// fn map<'op, D: Operations>(
///     op: OpMap<'op, D>,
///     memory: NewMapping<D>,
///     data: D::MappingData,
/// ) -> Result<Mapped<'op, D>> {
///     op.insert(memory, data)
/// }
/// ```
pub struct Mapped<'op, T: Driver>(Invariant<'op, T>);

impl<'op, T: Driver<Mode = Immediate>> OpMap<'op, T> {
    /// The pair of VM and object that the mapping will belong to; `None` for a sparse one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{OpMap, Operations};
    /// fn is_external<D: Operations>(op: &OpMap<'_, D>) -> bool {
    ///     op.vm_bo().is_some_and(|pair| pair.vm().is_external(pair.object()))
    /// }
    /// ```
    pub fn vm_bo(&self) -> Option<&VmBo<T>> {
        self.vm_bo
    }

    /// Inserts the mapping, with the flags and attributes of the request.
    ///
    /// An error says that the core and this layer disagree about what is mapped: nothing changes,
    /// and `memory` and `data` are dropped.
    ///
    /// Context: fence signalling section. Takes the GEM's gpuva lock.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Mapped, NewMapping, OpMap, Operations};
    /// # use kernel::prelude::*;
    /// fn map<'op, D: Operations<MappingData = u8>>(
    ///     op: OpMap<'op, D>,
    ///     memory: NewMapping<D>,
    /// ) -> Result<Mapped<'op, D>> {
    ///     const KIND: u8 = 7;
    ///     op.insert(memory, KIND)
    /// }
    /// ```
    pub fn insert(self, memory: NewMapping<T>, data: T::MappingData) -> Result<Mapped<'op, T>> {
        let new = KBox::into_raw(memory.fill(data));
        let va = new.cast();
        // SAFETY: By the type invariants the VM is ours to change; `va` is a mapping that is not
        // inserted, and stays valid until it is removed.
        let ret = to_result(unsafe { raw::ref_drm_gpuva_map_op(self.vm, va, self.view.op) });
        if let Err(error) = ret {
            // SAFETY: It was not inserted, and nobody else knows of it.
            drop(unsafe { KBox::from_raw(new) });
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
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{NewMapping, OpRemap, Operations, Remapped};
/// use kernel::prelude::*;
///
/// fn remap<'op, D: Operations<MappingData = ()>>(
///     op: OpRemap<'op, D>,
///     memory: [NewMapping<D>; 2],
/// ) -> Result<Remapped<'op, D>> {
///     Ok(op.replace(memory, |_mapping, _piece| ())?.0)
/// }
/// ```
#[must_use = "an operation has to be completed"]
pub struct OpRemap<'op, T: Driver> {
    view: RemapView<'op, T>,
    _invariant: Invariant<'op, T>,
}

view_of!(OpRemap, RemapView);

/// The proof that an [`OpRemap`] was carried out.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Cut, NewMapping, OpRemap, Operations, Remapped};
/// use kernel::prelude::*;
///
/// fn remap<'op, D: Operations<MappingData = ()>>(
///     op: OpRemap<'op, D>,
///     memory: [NewMapping<D>; 2],
///     left: &mut Option<Cut<D>>,
/// ) -> Result<Remapped<'op, D>> {
///     let (done, cut) = op.replace(memory, |_mapping, _piece| ())?;
///     *left = Some(cut);
///     Ok(done)
/// }
/// ```
pub struct Remapped<'op, T: Driver>(Invariant<'op, T>);

/// What an [`OpRemap`] left over.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Cut, Driver, NewMapping};
///
/// /// What the next operation may use.
/// fn memory<D: Driver>(cut: Cut<D>) -> (NewMapping<D>, Option<NewMapping<D>>) {
///     (cut.removed.recycle().0, cut.spare)
/// }
/// ```
pub struct Cut<T: Driver> {
    /// The mapping that was cut.
    pub removed: RemovedMapping<T>,
    /// Memory that was not needed, because only one piece remains.
    pub spare: Option<NewMapping<T>>,
}

impl<'op, T: Driver<Mode = Immediate>> OpRemap<'op, T> {
    /// Replaces the mapping by what remains of it, with its flags and attributes.
    ///
    /// `data` is called for each piece, with the mapping that is cut, before anything changes. An
    /// error says that the core and this layer disagree about what is mapped: nothing changes, and
    /// what was handed over is dropped.
    ///
    /// Context: fence signalling section. Takes the GEM's gpuva lock.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{NewMapping, OpRemap, Operations, Remapped};
    /// # use kernel::prelude::*;
    /// fn remap<'op, D: Operations<MappingData = u8>>(
    ///     op: OpRemap<'op, D>,
    ///     memory: [NewMapping<D>; 2],
    /// ) -> Result<Remapped<'op, D>> {
    ///     // Each piece is of the same kind.
    ///     Ok(op.replace(memory, |mapping, _piece| *mapping.data())?.0)
    /// }
    /// ```
    pub fn replace(
        self,
        memory: [NewMapping<T>; 2],
        mut data: impl FnMut(&Mapping<T>, &Piece<'_>) -> T::MappingData,
    ) -> Result<(Remapped<'op, T>, Cut<T>)> {
        let mut memory = memory.into_iter();
        let mut fill = |piece: Option<Piece<'_>>| {
            let piece = piece?;
            let data = data(self.mapping(), &piece);
            memory.next().map(|new| KBox::into_raw(new.fill(data)))
        };
        let pieces = [fill(self.prev()), fill(self.next())];
        let [prev, next] = pieces.map(|new| new.map_or(null_mut(), |new| new.cast()));

        // SAFETY: By the type invariants the VM is ours to change. Each piece that remains has a
        // mapping that is not inserted and stays valid until it is removed.
        let ret = to_result(unsafe { raw::ref_drm_gpuva_remap(prev, next, self.view.op) });
        if let Err(error) = ret {
            for new in pieces.into_iter().flatten() {
                // SAFETY: It is not inserted, and nobody else knows of it.
                drop(unsafe { KBox::from_raw(new) });
            }
            return Err(error);
        }
        if let Some(vm_bo) = self.mapping().vm_bo() {
            let _guard = vm_bo.gpuva_lock().lock();
            for new in pieces.into_iter().flatten() {
                // SAFETY: The piece was just inserted, with the object of the mapping that was cut,
                // so `vm_bo` is the right one; it is kept by the link of that one. We hold the lock.
                unsafe { raw::ref_drm_gpuva_link(new.cast(), vm_bo.as_raw()) };
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
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{OpUnmap, Operations, RemovedMapping, Unmapped};
///
/// fn unmap<'op, D: Operations>(op: OpUnmap<'op, D>) -> (Unmapped<'op, D>, RemovedMapping<D>) {
///     op.remove()
/// }
/// ```
#[must_use = "an operation has to be completed"]
pub struct OpUnmap<'op, T: Driver> {
    view: UnmapView<'op, T>,
    _invariant: Invariant<'op, T>,
}

view_of!(OpUnmap, UnmapView);

/// The proof that an [`OpUnmap`] was carried out.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{OpUnmap, Operations, RemovedMapping, Unmapped};
///
/// fn unmap<'op, D: Operations>(
///     op: OpUnmap<'op, D>,
///     left: &mut Option<RemovedMapping<D>>,
/// ) -> Unmapped<'op, D> {
///     let (done, removed) = op.remove();
///     *left = Some(removed);
///     done
/// }
/// ```
pub struct Unmapped<'op, T: Driver>(Invariant<'op, T>);

impl<'op, T: Driver<Mode = Immediate>> OpUnmap<'op, T> {
    /// Removes the mapping.
    ///
    /// Context: fence signalling section. Takes the GEM's gpuva lock.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{OpUnmap, Operations, Unmapped};
    /// fn unmap<'op, D: Operations>(op: OpUnmap<'op, D>) -> Unmapped<'op, D> {
    ///     let (done, _removed) = op.remove();
    ///     done
    /// }
    /// ```
    pub fn remove(self) -> (Unmapped<'op, T>, RemovedMapping<T>) {
        // SAFETY: By the type invariants the VM is ours to change, and has the mapping. Its owner
        // keeps the VM.
        unsafe { raw::ref_drm_gpuva_unmap(self.view.op) };
        // SAFETY: It was just removed; the operation goes away with this call.
        let removed = unsafe { unlink(self.view.op.va) };
        (Unmapped(PhantomData), removed)
    }
}

/// Unlinks what was removed, and takes the locks for that.
///
/// Context: in immediate mode, the fence signalling section; in deferred mode, process.
///
/// # Safety
///
/// `va` was inserted into a `Vm<T>` by this crate, and is removed. There is no reference to it but
/// those that hold the gpuva lock of its object.
pub(crate) unsafe fn unlink<T: Driver>(va: *mut raw::drm_gpuva) -> RemovedMapping<T> {
    if mode::in_job::<T::Mode>() {
        // SAFETY: The mapping is valid, and the VM in immediate mode. It takes the lock, so nobody
        // has a reference when it returns.
        unsafe { raw::ref_drm_gpuva_unlink_defer(va) };
        // SAFETY: It is removed and unlinked.
        return unsafe { RemovedMapping::from_raw(va) };
    }
    // SAFETY: The mapping is valid; only the owner links and unlinks, and that is the caller.
    let vm_bo = unsafe { (*va).vm_bo };
    let resv = if vm_bo.is_null() {
        null_mut()
    } else {
        // SAFETY: The link keeps the pair, and that the object.
        unsafe { (*(*vm_bo).obj).resv }
    };
    if !resv.is_null() {
        // SAFETY: As above.
        unsafe { bindings::dma_resv_lock(resv, null_mut()) };
    }
    // SAFETY: The lock is held, so nobody else has a reference.
    let (removed, pair) = unsafe { unlink_held(va) };
    if !resv.is_null() {
        // SAFETY: It was just locked. `pair` keeps the object.
        unsafe { bindings::dma_resv_unlock(resv) };
    }
    drop(pair);
    removed
}

/// Unlinks what was removed, in deferred mode. The pair that it was linked to is kept by the result.
///
/// # Safety
///
/// As for [`unlink`]; the `dma_resv` of the object is held.
pub(crate) unsafe fn unlink_held<T: Driver>(
    va: *mut raw::drm_gpuva,
) -> (RemovedMapping<T>, Option<ARef<VmBo<T>>>) {
    // SAFETY: The mapping is valid.
    let vm_bo = NonNull::new(unsafe { (*va).vm_bo });
    let pair = vm_bo.map(|vm_bo| {
        // SAFETY: What is linked is linked to a `VmBo<T>`, which the link keeps until here.
        unsafe { VmBo::<T>::from_raw(vm_bo.as_ptr()) }.into()
    });
    // SAFETY: The lock is held. The reference that this drops is not the last one, by `pair`.
    unsafe { raw::ref_drm_gpuva_unlink(va) };
    // SAFETY: It is removed and unlinked.
    (unsafe { RemovedMapping::from_raw(va) }, pair)
}

/// What a walk hands to the driver's functions.
///
/// # Invariants
///
/// `vm` is a `Vm<T>` that is changed by nobody else while this exists. `vm_bo` is that of the VM and
/// of the object of each map operation of the walk, `None` if they have none.
pub(crate) struct Steps<'a, 'ctx, T: Operations> {
    pub(crate) driver: &'a mut T,
    pub(crate) context: &'a mut T::Context<'ctx>,
    pub(crate) vm: *mut raw::drm_gpuvm,
    pub(crate) vm_bo: Option<&'a VmBo<T>>,
}

impl<T: Operations> Steps<'_, '_, T> {
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
