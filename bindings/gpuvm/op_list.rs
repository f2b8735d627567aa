// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Lists of operations: what would be done, made at once, to be looked at and carried out later.
//!
//! A list is about the mappings as they are. So it borrows the VM: nothing else can change it until
//! the list was carried out or dropped. In deferred mode it is committed, see
//! [`Prepared`](crate::Prepared), and then read by the job.

use core::{marker::PhantomData, ptr::NonNull};

use drm_gpuvm_raw as raw;
use kernel::{error::from_err_ptr, prelude::*};

use crate::{
    ops::Steps, Deferred, Driver, Locked, MapRequest, MapView, Mapping, MayAlloc, Operations,
    OwnedVm, RemapView, UnmapView, VmBo,
};

/// A list of the core's.
///
/// # Invariants
///
/// `list` was made for the VM `vm`, which is valid and does not change while this exists.
pub(crate) struct List<T: Driver> {
    list: NonNull<raw::drm_gpuva_ops>,
    vm: *mut raw::drm_gpuvm,
    _driver: PhantomData<fn(T)>,
}

// SAFETY: A list is memory that anybody may read, and free.
unsafe impl<T: Driver> Send for List<T> {}
// SAFETY: Nobody changes it.
unsafe impl<T: Driver> Sync for List<T> {}

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

    pub(crate) fn first(&self) -> *mut raw::drm_gpuva_op {
        // SAFETY: The list is valid.
        unsafe { raw::ref_drm_gpuva_ops_first(self.list.as_ptr()) }
    }

    /// # Safety
    ///
    /// `op` is on the list.
    pub(crate) unsafe fn after(&self, op: *mut raw::drm_gpuva_op) -> *mut raw::drm_gpuva_op {
        // SAFETY: By the requirement of this function.
        unsafe { raw::ref_drm_gpuva_ops_next(self.list.as_ptr(), op) }
    }

    fn last(&self) -> *mut raw::drm_gpuva_op {
        // SAFETY: The list is valid.
        unsafe { raw::ref_drm_gpuva_ops_last(self.list.as_ptr()) }
    }

    /// # Safety
    ///
    /// `op` is on the list.
    unsafe fn before(&self, op: *mut raw::drm_gpuva_op) -> *mut raw::drm_gpuva_op {
        // SAFETY: By the requirement of this function.
        unsafe { raw::ref_drm_gpuva_ops_prev(self.list.as_ptr(), op) }
    }
}

impl<T: Driver> Drop for List<T> {
    fn drop(&mut self) {
        // SAFETY: The list is ours, and was made for this VM.
        unsafe { raw::ref_drm_gpuva_ops_free(self.vm, self.list.as_ptr()) };
    }
}

/// An operation on a list, to be looked at.
///
/// # Examples
///
/// ```
/// use core::ops::Range;
/// use drm_gpuvm::{Driver, Op};
///
/// /// Where page-table entries change.
/// fn touched<D: Driver>(op: &Op<'_, D>) -> Range<u64> {
///     match op {
///         Op::Map(map) => map.range(),
///         Op::Remap(remap) => remap.cut(),
///         Op::Unmap(unmap) => unmap.mapping().range(),
///     }
/// }
/// ```
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
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{MayAlloc, Op, Operations, OwnedVm};
/// use kernel::prelude::*;
///
/// /// Unmaps a range, unless that would cut a mapping.
/// fn unmap_whole<D: Operations>(vm: &mut OwnedVm<D>, job: &mut D::Context<'_>) -> Result {
///     let may = MayAlloc::here();
///     let plan = vm.unmap_ops(&may, 0x1000, 0x4000)?;
///     if plan.iter().any(|op| matches!(op, Op::Remap(_))) {
///         return Err(EINVAL);
///     }
///     plan.carry_out(&may, job)
/// }
/// ```
pub struct Plan<'a, T: Driver> {
    /// Before the VM, so that it is freed before somebody else has the VM.
    pub(crate) list: List<T>,
    pub(crate) vm: &'a mut OwnedVm<T>,
    pub(crate) vm_bo: Option<&'a VmBo<T>>,
}

impl<T: Driver> OwnedVm<T> {
    /// Plans what [`OwnedVm::sm_map`] would do. Its errors are those of that, and `ENOMEM`.
    ///
    /// Context: process; allocates with `GFP_KERNEL`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MapRequest, MayAlloc, OwnedVm};
    /// # use kernel::prelude::*;
    /// fn count<D: Driver>(vm: &mut OwnedVm<D>, request: &MapRequest<'_, D>) -> Result<usize> {
    ///     Ok(vm.map_ops(&MayAlloc::here(), request)?.iter().count())
    /// }
    /// ```
    pub fn map_ops<'a>(
        &'a mut self,
        _may: &MayAlloc,
        request: &MapRequest<'a, T>,
    ) -> Result<Plan<'a, T>> {
        self.check(request)?;
        // SAFETY: The VM is ours, and the request valid.
        let list = unsafe { raw::ref_drm_gpuvm_sm_map_ops_create(self.as_raw(), request.as_raw()) };
        self.plan(list, request.vm_bo())
    }

    /// Plans what [`OwnedVm::sm_unmap`] would do. Its errors are those of that, and `ENOMEM`.
    ///
    /// Context: process; allocates with `GFP_KERNEL`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MayAlloc, OwnedVm};
    /// # use kernel::prelude::*;
    /// fn count<D: Driver>(vm: &mut OwnedVm<D>) -> Result<usize> {
    ///     Ok(vm.unmap_ops(&MayAlloc::here(), 0x1000, 0x1000)?.iter().count())
    /// }
    /// ```
    pub fn unmap_ops(&mut self, _may: &MayAlloc, address: u64, length: u64) -> Result<Plan<'_, T>> {
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
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MapRequest, MayAlloc, OwnedVm};
    /// # use kernel::prelude::*;
    /// fn count<D: Driver>(vm: &mut OwnedVm<D>, request: &MapRequest<'_, D>) -> Result<usize> {
    ///     Ok(vm.madvise_ops(&MayAlloc::here(), request)?.iter().count())
    /// }
    /// ```
    pub fn madvise_ops<'a>(
        &'a mut self,
        _may: &MayAlloc,
        request: &MapRequest<'a, T>,
    ) -> Result<Plan<'a, T>> {
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
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MayAlloc, OwnedVm};
    /// # use kernel::prelude::*;
    /// fn bytes<D: Driver>(vm: &OwnedVm<D>) -> Result<u64> {
    ///     let mappings = vm.prefetch_ops(&MayAlloc::here(), 0x1000, 0x8000)?;
    ///     Ok(mappings.map(|mapping| mapping.length()).sum())
    /// }
    /// ```
    pub fn prefetch_ops(
        &self,
        _may: &MayAlloc,
        address: u64,
        length: u64,
    ) -> Result<Prefetch<'_, T>> {
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

impl<T: Driver<Mode = Deferred>> OwnedVm<T> {
    /// Plans to unmap an object wherever it is mapped in this VM. `EINVAL` if the pair is of another
    /// VM, or its object is not locked; `ENOMEM`.
    ///
    /// Context: process; allocates with `GFP_KERNEL`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Deferred, Driver, Locked, MayAlloc, OwnedVm, VmBo};
    /// # use kernel::prelude::*;
    /// fn count<D: Driver<Mode = Deferred>>(
    ///     vm: &mut OwnedVm<D>,
    ///     locked: &Locked<'_, '_, D>,
    ///     pair: &VmBo<D>,
    /// ) -> Result<usize> {
    ///     Ok(vm.object_unmap_ops(&MayAlloc::here(), locked, pair)?.iter().count())
    /// }
    /// ```
    pub fn object_unmap_ops(
        &mut self,
        _may: &MayAlloc,
        locked: &Locked<'_, '_, T>,
        vm_bo: &VmBo<T>,
    ) -> Result<Plan<'_, T>> {
        if !core::ptr::eq(vm_bo.vm(), &**self) || !locked.holds(vm_bo.object()) {
            return Err(EINVAL);
        }
        // SAFETY: The VM is ours, and in deferred mode the object's `dma_resv` the lock of its
        // mappings.
        let list = unsafe { raw::ref_drm_gpuvm_bo_unmap_ops_create(vm_bo.as_raw()) };
        self.plan(list, None)
    }
}

impl<T: Driver> Plan<'_, T> {
    /// The operations, in the order in which they would be carried out.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Plan};
    /// fn is_empty<D: Driver>(plan: &Plan<'_, D>) -> bool {
    ///     plan.iter().next().is_none()
    /// }
    /// ```
    pub fn iter(&self) -> OpIter<'_, T> {
        // SAFETY: The mappings are inserted while the plan borrows the VM; the objects are those of
        // mappings and of the plan's pair.
        unsafe { OpIter::new(&self.list) }
    }
}

impl<T: Operations> Plan<'_, T> {
    /// Has the driver carry out all operations, by the functions that [`OwnedVm::sm_map`] calls.
    ///
    /// An error of one of them ends this; what was done before it stays.
    ///
    /// Context: that of the driver's functions, but process at the end, where the list is freed: not
    /// the fence signalling section.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{MayAlloc, Operations, Plan};
    /// # use kernel::prelude::*;
    /// fn finish<D: Operations>(plan: Plan<'_, D>, job: &mut D::Context<'_>) -> Result {
    ///     plan.carry_out(&MayAlloc::here(), job)
    /// }
    /// ```
    pub fn carry_out(self, _may: &MayAlloc, context: &mut T::Context<'_>) -> Result {
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

/// The operations of a [`Plan`], or of a [`Committed`](crate::Committed) list. From both ends.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, Op, Plan};
///
/// /// Whether it ends with a map.
/// fn maps<D: Driver>(plan: &Plan<'_, D>) -> bool {
///     matches!(plan.iter().next_back(), Some(Op::Map(_)))
/// }
/// ```
pub struct OpIter<'a, T: Driver> {
    list: &'a List<T>,
    first: *mut raw::drm_gpuva_op,
    last: *mut raw::drm_gpuva_op,
}

impl<'a, T: Driver> OpIter<'a, T> {
    /// # Safety
    ///
    /// For all of `'a`, the mappings and objects of the operations are valid.
    pub(crate) unsafe fn new(list: &'a List<T>) -> Self {
        Self {
            first: list.first(),
            last: list.last(),
            list,
        }
    }

    /// Whether what was just taken was the last one.
    fn is_done(&mut self) -> bool {
        let done = core::ptr::eq(self.first, self.last);
        if done {
            self.first = core::ptr::null_mut();
            self.last = core::ptr::null_mut();
        }
        done
    }

    /// # Safety
    ///
    /// `op` is on the list.
    unsafe fn view(op: &'a raw::drm_gpuva_op) -> Option<Op<'a, T>> {
        // SAFETY: The type says which member is valid, and by the requirement of `new` so are the
        // mappings and objects.
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

impl<'a, T: Driver> Iterator for OpIter<'a, T> {
    type Item = Op<'a, T>;

    fn next(&mut self) -> Option<Op<'a, T>> {
        // SAFETY: It is on the list, or null, and the list is borrowed for `'a`.
        let op = unsafe { self.first.as_ref::<'a>() }?;
        if !self.is_done() {
            // SAFETY: It is on the list.
            self.first = unsafe { self.list.after(self.first) };
        }
        // SAFETY: It is on the list.
        unsafe { Self::view(op) }
    }
}

impl<'a, T: Driver> DoubleEndedIterator for OpIter<'a, T> {
    fn next_back(&mut self) -> Option<Op<'a, T>> {
        // SAFETY: It is on the list, or null, and the list is borrowed for `'a`.
        let op = unsafe { self.last.as_ref::<'a>() }?;
        if !self.is_done() {
            // SAFETY: It is on the list.
            self.last = unsafe { self.list.before(self.last) };
        }
        // SAFETY: It is on the list.
        unsafe { Self::view(op) }
    }
}

/// The mappings of [`OwnedVm::prefetch_ops`], in the order of addresses.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, Prefetch};
///
/// fn external<D: Driver>(mappings: Prefetch<'_, D>) -> usize {
///     mappings.filter(|mapping| mapping.object().is_some()).count()
/// }
/// ```
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
