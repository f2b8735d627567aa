// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Lists of operations: what would be done, made at once, to be looked at and carried out later.
//!
//! A list is about the mappings as they are. So it borrows the VM: nothing else can change it until
//! the list was carried out or dropped.

use core::{marker::PhantomData, ptr::NonNull};

use drm_gpuvm_raw as raw;
use kernel::{error::from_err_ptr, prelude::*};

use crate::{
    ops::Steps, Driver, MapRequest, MapView, Mapping, OwnedVm, RemapView, UnmapView, VmBo,
};

/// A list of the core's.
///
/// # Invariants
///
/// `list` was made for the VM `vm`, which is valid and does not change while this exists.
struct List<T: Driver> {
    list: NonNull<raw::drm_gpuva_ops>,
    vm: *mut raw::drm_gpuvm,
    _driver: PhantomData<fn(T)>,
}

impl<T: Driver> List<T> {
    /// # Safety
    ///
    /// `list` is what the core made, for `vm`, or its error; the caller keeps the VM valid and as it
    /// is while the result exists.
    unsafe fn new(vm: *mut raw::drm_gpuvm, list: *mut raw::drm_gpuva_ops) -> Result<Self> {
        // INVARIANT: By the requirements of this function.
        Ok(Self {
            list: NonNull::new(from_err_ptr(list)?).ok_or(ENOMEM)?,
            vm,
            _driver: PhantomData,
        })
    }

    fn first(&self) -> *mut raw::drm_gpuva_op {
        // SAFETY: The list is valid.
        unsafe { raw::ref_drm_gpuva_ops_first(self.list.as_ptr()) }
    }

    /// # Safety
    ///
    /// `op` is on the list.
    unsafe fn after(&self, op: *mut raw::drm_gpuva_op) -> *mut raw::drm_gpuva_op {
        // SAFETY: By the requirement of this function.
        unsafe { raw::ref_drm_gpuva_ops_next(self.list.as_ptr(), op) }
    }
}

impl<T: Driver> Drop for List<T> {
    fn drop(&mut self) {
        // SAFETY: The list is ours, and was made for this VM.
        unsafe { raw::ref_drm_gpuva_ops_free(self.vm, self.list.as_ptr()) };
    }
}

/// An operation on a list, to be looked at.
pub enum Op<'a, T: Driver> {
    /// Create a mapping.
    Map(MapView<'a, T>),
    /// Cut a mapping.
    Remap(RemapView<'a, T>),
    /// Take a mapping away.
    Unmap(UnmapView<'a, T>),
}

/// Operations that are planned.
///
/// # Invariants
///
/// The operations are about mappings of `vm`, none of which changed since. If there is a map
/// operation with an object, it is that of `vm_bo`, which is of the same VM.
pub struct Plan<'a, T: Driver> {
    /// Before the VM, so that it is freed before somebody else has the VM.
    list: List<T>,
    vm: &'a mut OwnedVm<T>,
    vm_bo: Option<&'a VmBo<T>>,
}

impl<T: Driver> OwnedVm<T> {
    /// Plans what [`OwnedVm::sm_map`] would do. Its errors are those of that, and `ENOMEM`.
    ///
    /// Context: process; allocates with `GFP_KERNEL`.
    pub fn map_ops<'a>(&'a mut self, request: &MapRequest<'a, T>) -> Result<Plan<'a, T>> {
        self.check(request)?;
        // SAFETY: The VM is ours, and the request valid.
        let list = unsafe { raw::ref_drm_gpuvm_sm_map_ops_create(self.as_raw(), request.as_raw()) };
        self.plan(list, request.vm_bo())
    }

    /// Plans what [`OwnedVm::sm_unmap`] would do. Its errors are those of that, and `ENOMEM`.
    ///
    /// Context: process; allocates with `GFP_KERNEL`.
    pub fn unmap_ops(&mut self, address: u64, length: u64) -> Result<Plan<'_, T>> {
        // SAFETY: The VM is ours.
        let list =
            unsafe { raw::ref_drm_gpuvm_sm_unmap_ops_create(self.as_raw(), address, length) };
        self.plan(list, None)
    }

    /// Plans to split sparse mappings at the edges of the request's range: what of them lies inside
    /// gets the object and the attributes of the request. Its errors are those of
    /// [`OwnedVm::map_ops`].
    ///
    /// Context: process; allocates with `GFP_KERNEL`.
    pub fn madvise_ops<'a>(&'a mut self, request: &MapRequest<'a, T>) -> Result<Plan<'a, T>> {
        self.check(request)?;
        // SAFETY: The VM is ours, and the request valid.
        let list =
            unsafe { raw::ref_drm_gpuvm_madvise_ops_create(self.as_raw(), request.as_raw()) };
        self.plan(list, request.vm_bo())
    }

    fn plan<'a>(
        &'a mut self,
        list: *mut raw::drm_gpuva_ops,
        vm_bo: Option<&'a VmBo<T>>,
    ) -> Result<Plan<'a, T>> {
        // SAFETY: The list was made for this VM, which the plan borrows.
        let list = unsafe { List::new(self.as_raw(), list) }?;
        // INVARIANT: The list was just made, of a request whose pair was compared with the VM.
        Ok(Plan {
            list,
            vm: self,
            vm_bo,
        })
    }

    /// Lists the mappings that overlap a range, which may span the reserve. `EINVAL` if the range is
    /// empty or does not lie in the VA space, `ENOMEM`.
    ///
    /// Context: process; allocates with `GFP_KERNEL`.
    pub fn prefetch_ops(&self, address: u64, length: u64) -> Result<Prefetch<'_, T>> {
        // SAFETY: The VM is borrowed, so it does not change.
        let list =
            unsafe { raw::ref_drm_gpuvm_prefetch_ops_create(self.as_raw(), address, length) };
        // SAFETY: The list was made for this VM, which the result borrows.
        let list = unsafe { List::new(self.as_raw(), list) }?;
        let next = list.first();
        Ok(Prefetch {
            list,
            next,
            _vm: PhantomData,
        })
    }
}

impl<T: Driver> Plan<'_, T> {
    /// The operations, in the order in which they would be carried out.
    pub fn iter(&self) -> OpIter<'_, T> {
        OpIter {
            list: &self.list,
            next: self.list.first(),
        }
    }

    /// Has the driver carry out all operations, by the functions that [`OwnedVm::sm_map`] calls.
    ///
    /// An error of one of them ends this; what was done before it stays.
    ///
    /// Context: that of the driver's functions, but process at the end, where the list is freed: not
    /// the fence signalling section.
    pub fn carry_out(self, context: &mut T::Context<'_>) -> Result {
        let Self { list, vm, vm_bo } = self;
        let (driver, vm) = vm.parts();
        // INVARIANT: The plan had the owner to itself; the pair is by its invariants.
        let mut steps = Steps {
            driver,
            context,
            vm,
            vm_bo,
        };
        let mut op = list.first();
        while !op.is_null() {
            // SAFETY: The core made the operation, for this VM. What changed since are the
            // operations before it, which are about other mappings. It is used once.
            unsafe { steps.step(&*op) }?;
            // SAFETY: `op` is on the list.
            op = unsafe { list.after(op) };
        }
        Ok(())
    }
}

impl<'a, T: Driver> IntoIterator for &'a Plan<'_, T> {
    type Item = Op<'a, T>;
    type IntoIter = OpIter<'a, T>;

    fn into_iter(self) -> OpIter<'a, T> {
        self.iter()
    }
}

/// The operations of a [`Plan`].
pub struct OpIter<'a, T: Driver> {
    list: &'a List<T>,
    next: *mut raw::drm_gpuva_op,
}

impl<'a, T: Driver> Iterator for OpIter<'a, T> {
    type Item = Op<'a, T>;

    fn next(&mut self) -> Option<Op<'a, T>> {
        // SAFETY: It is on the list, or null, and the list is borrowed for `'a`.
        let op = unsafe { self.next.as_ref::<'a>() }?;
        // SAFETY: `op` is on the list.
        self.next = unsafe { self.list.after(self.next) };
        // SAFETY: The type says which member is valid. The mappings are inserted while the plan
        // borrows the VM, and so linked; the objects are those of mappings and of the plan's pair.
        unsafe {
            match op.op {
                raw::DRM_GPUVA_OP_MAP => Some(Op::Map(MapView::new(op))),
                raw::DRM_GPUVA_OP_REMAP => {
                    Some(Op::Remap(RemapView::new(&op.__bindgen_anon_1.remap)))
                }
                raw::DRM_GPUVA_OP_UNMAP => {
                    Some(Op::Unmap(UnmapView::new(&op.__bindgen_anon_1.unmap)))
                }
                // The core puts nothing else on these lists.
                _ => None,
            }
        }
    }
}

/// The mappings of [`OwnedVm::prefetch_ops`], in the order of addresses.
pub struct Prefetch<'a, T: Driver> {
    list: List<T>,
    next: *mut raw::drm_gpuva_op,
    _vm: PhantomData<&'a OwnedVm<T>>,
}

impl<'a, T: Driver> Iterator for Prefetch<'a, T> {
    type Item = &'a Mapping<T>;

    fn next(&mut self) -> Option<&'a Mapping<T>> {
        // SAFETY: It is on the list, or null.
        let op = unsafe { self.next.as_ref() }?;
        // SAFETY: `op` is on the list.
        self.next = unsafe { self.list.after(self.next) };
        // SAFETY: The list has prefetch operations alone. The VM is borrowed for `'a`, so that the
        // mapping stays; it is not the reserve, of which the core lists none.
        Some(unsafe { Mapping::from_raw(op.__bindgen_anon_1.prefetch.va) })
    }
}
