// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Deferred mode: a list is made when a job is submitted, the VM changes at once, and the job reads
//! in the list what it has to do to the page tables.
//!
//! Whatever may fail comes first: the list, and memory for all that it maps. Then everything is
//! locked, and the VM changes as a whole or not at all.

use core::ptr::null_mut;

use drm_gpuvm_raw as raw;
use kernel::{error::to_result, prelude::*, sync::aref::ARef};

use crate::{
    mapping::RemovedMapping,
    op_list::{List, OpIter},
    ops, Deferred, Driver, Locked, MapView, Mapping, MayAlloc, NewMapping, Op, Piece, Plan, Vm,
    VmBo,
};

/// A mapping that a list is going to make, for the driver's data.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, Planned};
///
/// /// A piece is of the kind of what it is cut from.
/// fn kind<D: Driver<MappingData = u8>>(new: Planned<'_, D>) -> u8 {
///     const KIND: u8 = 1;
///     match new {
///         Planned::Map(_) => KIND,
///         Planned::Piece(mapping, _piece) => *mapping.data(),
///     }
/// }
/// ```
pub enum Planned<'a, T: Driver> {
    /// What the request asks for.
    Map(MapView<'a, T>),
    /// What remains of a mapping that is cut.
    Piece(&'a Mapping<T>, Piece<'a>),
}

/// A mapping that is in the VM no more, but in the page tables still.
struct Retired<T: Driver> {
    _mapping: RemovedMapping<T>,
    /// Keeps the object, and with it the memory that the device still sees.
    _pair: Option<ARef<VmBo<T>>>,
}

/// A plan with all memory that it takes to carry it out.
///
/// # Invariants
///
/// `memory` is for the mappings that the plan makes, in its order; `retired` has room for those that
/// it takes away.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Committed, Deferred, Driver, Exec, MapRequest, MayAlloc, OwnedVm};
/// use kernel::prelude::*;
///
/// fn submit<D: Driver<Mode = Deferred, MappingData = ()>>(
///     vm: &mut OwnedVm<D>,
///     request: &MapRequest<'_, D>,
/// ) -> Result<Committed<D>> {
///     let may = MayAlloc::here();
///     let shared = vm.share();
///     let mut exec = Exec::new(&may, &shared, 1)?;
///     let mut locked = exec.lock_by(&may, |prepare| {
///         prepare.vm()?;
///         prepare.sm_map(vm, request)
///     })?;
///     let plan = vm.map_ops(&may, request)?.prepare(&may, |_new| Ok(()))?;
///     plan.commit(&mut locked)
/// }
/// ```
#[must_use = "nothing has changed yet"]
pub struct Prepared<'a, T: Driver> {
    plan: Plan<'a, T>,
    memory: KVec<KBox<Mapping<T>>>,
    retired: KVec<Retired<T>>,
}

impl<'a, T: Driver<Mode = Deferred>> Plan<'a, T> {
    /// Sets memory aside for all that the plan makes. `data` gives the driver's data for each new
    /// mapping; an error of it is returned. `ENOMEM`.
    ///
    /// Context: process; allocates with `GFP_KERNEL`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Deferred, Driver, MayAlloc, Plan, Prepared};
    /// # use kernel::prelude::*;
    /// fn ready<'a, D: Driver<Mode = Deferred, MappingData = ()>>(
    ///     plan: Plan<'a, D>,
    /// ) -> Result<Prepared<'a, D>> {
    ///     plan.prepare(&MayAlloc::here(), |_new| Ok(()))
    /// }
    /// ```
    pub fn prepare(
        self,
        may: &MayAlloc,
        mut data: impl FnMut(Planned<'_, T>) -> Result<T::MappingData>,
    ) -> Result<Prepared<'a, T>> {
        let mut memory = KVec::new();
        let mut old = 0;
        for op in self.iter() {
            let mut add = |new: Planned<'_, T>| -> Result {
                let new = NewMapping::new(may, GFP_KERNEL)?.fill(data(new)?);
                Ok(memory.push(new, GFP_KERNEL)?)
            };
            match op {
                Op::Map(view) => add(Planned::Map(view))?,
                Op::Remap(view) => {
                    for piece in [view.prev(), view.next()].into_iter().flatten() {
                        add(Planned::Piece(view.mapping(), piece))?;
                    }
                    old += 1;
                }
                Op::Unmap(_) => old += 1,
            }
        }
        // They are taken from the end.
        memory.reverse();
        // INVARIANT: As just counted.
        Ok(Prepared {
            plan: self,
            memory,
            retired: KVec::with_capacity(old, GFP_KERNEL)?,
        })
    }
}

impl<T: Driver<Mode = Deferred>> Prepared<'_, T> {
    /// Changes the VM. What is taken away stays in the list's hands, with its object, until the job
    /// has cleared the page tables.
    ///
    /// `EINVAL`, and nothing changes, unless `locked` is of the same VM and holds the objects of all
    /// that is mapped, cut or taken away; [`Prepare::sm_map`](crate::Prepare::sm_map) locks these.
    /// Another error says that the core and this layer disagree about what is mapped.
    ///
    /// Context: process; all locks of `locked` are held.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Committed, Deferred, Driver, Locked, Prepared};
    /// # use kernel::prelude::*;
    /// fn publish<D: Driver<Mode = Deferred>>(
    ///     ready: Prepared<'_, D>,
    ///     locked: &mut Locked<'_, '_, D>,
    /// ) -> Result<Committed<D>> {
    ///     ready.commit(locked)
    /// }
    /// ```
    pub fn commit(mut self, locked: &mut Locked<'_, '_, T>) -> Result<Committed<T>> {
        let vm = self.plan.vm.as_raw();
        if !locked.is_of(vm) || !self.plan.iter().all(|op| is_held(&op, locked)) {
            return Err(EINVAL);
        }
        let mut op = self.plan.list.first();
        while !op.is_null() {
            // SAFETY: `op` is on the list. Whatever it is about is locked, and by the invariants of
            // `Plan` as it was when the list was made, but for the operations before.
            unsafe { self.step(vm, &*op) }?;
            // SAFETY: `op` is on the list.
            op = unsafe { self.plan.list.after(op) };
        }
        // INVARIANT: All operations were carried out.
        Ok(Committed {
            list: self.plan.list,
            retired: self.retired,
            pair: self.plan.vm_bo.map(Into::into),
            vm: self.plan.vm.share(),
        })
    }

    /// # Safety
    ///
    /// `op` is the next one of the list, which was made for `vm`, and the `dma_resv` of each object
    /// that it is about is held.
    unsafe fn step(&mut self, vm: *mut raw::drm_gpuvm, op: &raw::drm_gpuva_op) -> Result {
        match op.op {
            raw::DRM_GPUVA_OP_MAP => {
                let new = self.take()?;
                let va = KBox::into_raw(new);
                // SAFETY: The VM is ours to change; `va` is a mapping that is not inserted, and
                // stays valid until it is removed.
                let ret = unsafe { raw::ref_drm_gpuva_map_op(vm, va.cast(), op) };
                // SAFETY: It is from a box, and was just given to the core, or was not.
                unsafe { self.gave(va, ret, self.plan.vm_bo.map(VmBo::as_raw)) }
            }
            raw::DRM_GPUVA_OP_REMAP => {
                // SAFETY: This is the member of a remap.
                let op = unsafe { &op.__bindgen_anon_1.remap };
                // SAFETY: It is valid as long as the operation, and so is the mapping.
                let (va, vm_bo) = unsafe { ((*op.unmap).va, (*(*op.unmap).va).vm_bo) };
                let prev = (!op.prev.is_null()).then(|| self.take()).transpose()?;
                let next = (!op.next.is_null()).then(|| self.take()).transpose()?;
                let [prev, next] = [prev, next].map(|new| new.map_or(null_mut(), KBox::into_raw));
                // SAFETY: As above, for each piece that there is.
                let ret = unsafe { raw::ref_drm_gpuva_remap(prev.cast(), next.cast(), op) };
                let mut result = Ok(());
                for new in [prev, next] {
                    if !new.is_null() {
                        let vm_bo = (!vm_bo.is_null()).then_some(vm_bo);
                        // SAFETY: As above. The pair is kept by the link of what is cut.
                        result = unsafe { self.gave(new, ret, vm_bo) };
                    }
                }
                result?;
                // SAFETY: It was just removed.
                unsafe { self.retire(va) }
            }
            raw::DRM_GPUVA_OP_UNMAP => {
                // SAFETY: This is the member of an unmap, and the mapping is inserted.
                unsafe {
                    let op = &op.__bindgen_anon_1.unmap;
                    raw::ref_drm_gpuva_unmap(op);
                    self.retire(op.va)
                }
            }
            _ => Err(EINVAL),
        }
    }

    fn take(&mut self) -> Result<KBox<Mapping<T>>> {
        self.memory.pop().ok_or(ENOMEM)
    }

    /// Links what was inserted, or frees what was not.
    ///
    /// # Safety
    ///
    /// `va` is from a box, and inserted if `ret` says so; `vm_bo` is that of its VM and object, whose
    /// `dma_resv` is held.
    unsafe fn gave(
        &self,
        va: *mut Mapping<T>,
        ret: i32,
        vm_bo: Option<*mut raw::drm_gpuvm_bo>,
    ) -> Result {
        if let Err(error) = to_result(ret) {
            // SAFETY: It is not inserted, and nobody else knows of it.
            drop(unsafe { KBox::from_raw(va) });
            return Err(error);
        }
        if let Some(vm_bo) = vm_bo {
            // SAFETY: By the requirement of this function.
            unsafe { raw::ref_drm_gpuva_link(va.cast(), vm_bo) };
        }
        Ok(())
    }

    /// Keeps what was removed.
    ///
    /// # Safety
    ///
    /// `va` was inserted by this crate and is removed; the `dma_resv` of its object is held.
    unsafe fn retire(&mut self, va: *mut raw::drm_gpuva) -> Result {
        // SAFETY: By the requirement of this function. Who looked at it has borrowed the VM's owner,
        // or the lock, both of which the caller has to himself.
        let (mapping, pair) = unsafe { ops::unlink_held(va) };
        let retired = Retired {
            _mapping: mapping,
            _pair: pair,
        };
        // By the type invariants there is room.
        self.retired
            .push_within_capacity(retired)
            .map_err(|_| ENOMEM)
    }
}

/// Whether the object that an operation is about is locked.
fn is_held<T: Driver>(op: &Op<'_, T>, locked: &Locked<'_, '_, T>) -> bool {
    let object = match op {
        Op::Map(view) => view.object(),
        Op::Remap(view) => view.mapping().object(),
        Op::Unmap(view) => view.mapping().object(),
    };
    object.is_none_or(|object| locked.holds(object))
}

/// What has changed in a VM, and is to be done to its page tables.
///
/// It keeps all that its operations are about. So the job reads it in the fence signalling section,
/// where it neither allocates nor frees, and drops it afterwards.
///
/// # Invariants
///
/// All operations of the list were carried out on `vm`, once. `retired` has the mappings that they
/// took away, and `pair` the object that they map.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Committed, Deferred, Driver, Op};
///
/// struct Job<D: Driver<Mode = Deferred>> {
///     changes: Committed<D>,
/// }
///
/// impl<D: Driver<Mode = Deferred>> Job<D> {
///     fn run(&self, mut clear: impl FnMut(u64), mut write: impl FnMut(u64, u64)) {
///         for op in self.changes.iter() {
///             match op {
///                 Op::Map(map) => write(map.address(), map.offset()),
///                 Op::Remap(remap) => clear(remap.cut().start),
///                 Op::Unmap(unmap) => clear(unmap.mapping().address()),
///             }
///         }
///     }
/// }
/// ```
#[must_use = "the page tables have not changed yet"]
pub struct Committed<T: Driver> {
    /// Before the VM, which it is freed with.
    list: List<T>,
    /// Before the pair, which may be the last to know the object.
    retired: KVec<Retired<T>>,
    pair: Option<ARef<VmBo<T>>>,
    vm: ARef<Vm<T>>,
}

impl<T: Driver<Mode = Deferred>> Committed<T> {
    /// The operations, in the order in which they were carried out. What is taken away is shown as it
    /// was.
    ///
    /// Context: fence signalling section.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Committed, Deferred, Driver, Op};
    /// fn has_to_flush<D: Driver<Mode = Deferred>>(changes: &Committed<D>) -> bool {
    ///     changes.iter().any(|op| !matches!(op, Op::Map(_)))
    /// }
    /// ```
    pub fn iter(&self) -> OpIter<'_, T> {
        // SAFETY: By the type invariants what they are about is kept by this.
        unsafe { OpIter::new(&self.list) }
    }

    /// The VM.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Committed, Deferred, Driver, Vm};
    /// fn is_of<D: Driver<Mode = Deferred>>(changes: &Committed<D>, vm: &Vm<D>) -> bool {
    ///     core::ptr::eq(changes.vm(), vm)
    /// }
    /// ```
    pub fn vm(&self) -> &Vm<T> {
        &self.vm
    }

    /// The pair of what is mapped, `None` if nothing is, or nothing with an object.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Committed, Deferred, Driver};
    /// fn maps<D: Driver<Mode = Deferred>>(changes: &Committed<D>) -> bool {
    ///     changes.vm_bo().is_some()
    /// }
    /// ```
    pub fn vm_bo(&self) -> Option<&VmBo<T>> {
        self.pair.as_deref()
    }

    /// How many mappings were taken away.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Committed, Deferred, Driver};
    /// fn only_adds<D: Driver<Mode = Deferred>>(changes: &Committed<D>) -> bool {
    ///     changes.removed() == 0
    /// }
    /// ```
    pub fn removed(&self) -> usize {
        self.retired.len()
    }
}

impl<'a, T: Driver<Mode = Deferred>> IntoIterator for &'a Committed<T> {
    type Item = Op<'a, T>;
    type IntoIter = OpIter<'a, T>;

    fn into_iter(self) -> OpIter<'a, T> {
        self.iter()
    }
}
