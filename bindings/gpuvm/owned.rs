// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! The owner of a VM, who alone changes what is mapped.

use core::{
    mem::ManuallyDrop,
    ops::{Deref, Range},
    ptr::NonNull,
};

use drm_gpuvm_raw as raw;
use kernel::{
    drm::gem::IntoGEMObject, error::to_result, prelude::*, str::CStrExt, sync::aref::ARef,
};

use crate::{
    ops::{self, Steps},
    vm, Deferred, Driver, MapRequest, MayAlloc, Operations, Vm, VmArgs,
};

/// A VM and the right to change it.
///
/// `&mut` of it is the lock around all changes: a driver puts it into a `Mutex`, one that may be
/// taken in the fence signalling section.
///
/// Dropping it closes the VM: what is mapped is removed, without the driver's functions being
/// called, and a pair that somebody still has a reference to is reported.
///
/// # Invariants
///
/// * There is one for each [`Vm`], and it has a reference to it.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, OwnedVm};
///
/// fn mapped<D: Driver>(vm: &OwnedVm<D>) -> u64 {
///     vm.iter().map(|mapping| mapping.length()).sum()
/// }
/// ```
pub struct OwnedVm<T: Driver> {
    vm: NonNull<Vm<T>>,
    driver: T,
}

// SAFETY: It is a `Vm<T>`, a `T`, and the mappings, which are all `Send`.
unsafe impl<T: Driver + Send> Send for OwnedVm<T> {}
// SAFETY: It is a `Vm<T>`, a `T`, and the mappings, which are all `Sync`.
unsafe impl<T: Driver + Sync> Sync for OwnedVm<T> {}

impl<T: Driver> Deref for OwnedVm<T> {
    type Target = Vm<T>;

    fn deref(&self) -> &Vm<T> {
        // SAFETY: By the type invariants there is a reference.
        unsafe { self.vm.as_ref() }
    }
}

impl<T: Driver> OwnedVm<T> {
    /// Makes a VM with functions for C to call.
    ///
    /// Context: process; allocates with `GFP_KERNEL`.
    ///
    /// # Safety
    ///
    /// `ops` has the functions of [`Vm::OPS`], and those for steps expect what they are called with.
    pub(crate) unsafe fn with_ops(
        args: VmArgs,
        resv_object: &T::Object,
        driver: T,
        ops: &'static raw::drm_gpuvm_ops,
    ) -> Result<Self> {
        let length = |range: &Range<u64>| range.end.checked_sub(range.start).ok_or(EINVAL);
        let (range, reserve) = (length(&args.range)?, length(&args.reserve)?);
        let memory = KBox::<Vm<T>>::new_uninit(GFP_KERNEL | __GFP_ZERO)?;
        let new = NonNull::from(KBox::leak(memory)).cast::<Vm<T>>();
        // SAFETY: `new` is zeroed memory for a VM; 0 is false and null, too. The object and its device
        // are valid, and name, `ops` and `ABI` live forever. The VM takes references of its own.
        let ret = to_result(unsafe {
            raw::ref_drm_gpuvm_init_abi(
                new.as_ptr().cast(),
                args.name.as_char_ptr(),
                Vm::<T>::FLAGS,
                (*resv_object.as_raw()).dev,
                resv_object.as_raw(),
                args.range.start,
                range,
                args.reserve.start,
                reserve,
                ops,
                const { &vm::ABI },
            )
        });
        match ret {
            // INVARIANT: The first reference is ours, and nobody else makes an owner.
            Ok(()) => Ok(Self { vm: new, driver }),
            Err(error) if error == ENOEXEC => {
                // SAFETY: The core did not touch it.
                drop(unsafe { KBox::<Vm<T>>::from_raw(new.as_ptr()) });
                Err(error)
            }
            Err(error) => {
                // SAFETY: The VM is complete but for its range; the only reference is ours.
                unsafe { raw::ref_drm_gpuvm_put(new.as_ptr().cast()) };
                Err(error)
            }
        }
    }

    /// The VM, to share.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, OwnedVm, Vm};
    /// # use kernel::sync::aref::ARef;
    /// /// Locks the VM while its owner is with somebody else.
    /// struct Context<D: Driver> {
    ///     vm: ARef<Vm<D>>,
    /// }
    ///
    /// fn context<D: Driver>(vm: &OwnedVm<D>) -> Context<D> {
    ///     Context { vm: vm.share() }
    /// }
    /// ```
    pub fn share(&self) -> ARef<Vm<T>> {
        (&**self).into()
    }

    /// The driver's part.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, OwnedVm};
    /// fn tables<D: Driver>(vm: &OwnedVm<D>) -> &D {
    ///     vm.driver()
    /// }
    /// ```
    pub fn driver(&self) -> &T {
        &self.driver
    }

    /// The driver's part, to change.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, OwnedVm};
    /// fn tables<D: Driver>(vm: &mut OwnedVm<D>) -> &mut D {
    ///     vm.driver_mut()
    /// }
    /// ```
    pub fn driver_mut(&mut self) -> &mut T {
        &mut self.driver
    }

    /// Whether a request is one for this VM.
    pub(crate) fn check(&self, request: &MapRequest<'_, T>) -> Result {
        match request.vm_bo() {
            Some(vm_bo) if !core::ptr::eq(vm_bo.vm(), &**self) => Err(EINVAL),
            _ => Ok(()),
        }
    }

    /// What carries out operations, and on which VM.
    pub(crate) fn parts(&mut self) -> (&mut T, *mut raw::drm_gpuvm) {
        let vm = self.as_raw();
        (&mut self.driver, vm)
    }

    /// Removes all mappings, without the driver's functions being called.
    ///
    /// Context: process. In immediate mode takes gpuva locks, in deferred mode the `dma_resv` of the
    /// objects.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MayAlloc, OwnedVm};
    /// fn reset<D: Driver>(vm: &mut OwnedVm<D>) {
    ///     vm.clear(&MayAlloc::here());
    ///     assert_empty(vm);
    /// }
    ///
    /// fn assert_empty<D: Driver>(vm: &OwnedVm<D>) -> bool {
    ///     vm.iter().next().is_none()
    /// }
    /// ```
    pub fn clear(&mut self, _may: &MayAlloc) {
        self.remove_all();
    }

    fn remove_all(&mut self) {
        // SAFETY: We have the VM to ourselves.
        let mut va = unsafe { raw::ref_drm_gpuvm_first_va(self.as_raw()) };
        while !va.is_null() {
            // SAFETY: `va` is inserted.
            let next = unsafe { raw::ref_drm_gpuva_next_va(va) };
            if !self.is_reserve(va) {
                // SAFETY: `va` is inserted, and not the reserve. There are no references to
                // mappings, because there is none to the owner but ours.
                drop(unsafe {
                    raw::ref_drm_gpuva_remove(va);
                    ops::unlink::<T>(va)
                });
            }
            va = next;
        }
    }

    /// Closes the VM: stop its jobs before. Dropping the owner does the same.
    ///
    /// Returns how many pairs somebody still has references to. Each is a leak that the kernel's log
    /// names; it is over when the last of them is dropped.
    ///
    /// Context: process; sleeps. As [`OwnedVm::clear`] and [`Vm::clean_up`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MayAlloc, OwnedVm};
    /// # use kernel::prelude::*;
    /// fn end<D: Driver>(vm: OwnedVm<D>) -> Result {
    ///     match vm.close(&MayAlloc::here()) {
    ///         0 => Ok(()),
    ///         _ => Err(EBUSY),
    ///     }
    /// }
    /// ```
    pub fn close(self, _may: &MayAlloc) -> usize {
        let mut this = ManuallyDrop::new(self);
        let leaks = this.shut_down();
        // SAFETY: `this` is not used any more, and not dropped.
        drop(unsafe { (&raw const this.driver).read() });
        leaks
    }

    fn shut_down(&mut self) -> usize {
        self.remove_all();
        self.set_closed();
        self.clean_up_unlocked();
        // SAFETY: Nothing is mapped, and the owner's reference passes on: nobody uses `self` any
        // more.
        unsafe { raw::ref_drm_gpuvm_close(self.as_raw()) }
    }
}

impl<T: Driver> Drop for OwnedVm<T> {
    fn drop(&mut self) {
        self.shut_down();
    }
}

impl<T: Driver<Mode = Deferred>> OwnedVm<T> {
    /// Makes a VM in deferred mode on the device of `resv_object`, whose `dma_resv` becomes the
    /// VM's. Its errors and its context are those of [`OwnedVm::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Deferred, Driver, MayAlloc, OwnedVm, VmArgs};
    /// # use kernel::prelude::*;
    /// fn make<D: Driver<Mode = Deferred>>(object: &D::Object, driver: D) -> Result<OwnedVm<D>> {
    ///     let args = VmArgs {
    ///         name: c"deferred",
    ///         range: 0..1 << 40,
    ///         reserve: 0..0,
    ///     };
    ///     OwnedVm::deferred(&MayAlloc::here(), args, object, driver)
    /// }
    /// ```
    pub fn deferred(
        _may: &MayAlloc,
        args: VmArgs,
        resv_object: &T::Object,
        driver: T,
    ) -> Result<Self> {
        // SAFETY: There are no functions for steps: the core makes lists alone.
        unsafe { Self::with_ops(args, resv_object, driver, const { &Vm::<T>::OPS }) }
    }
}

impl<T: Operations> OwnedVm<T> {
    const STEPS: raw::drm_gpuvm_ops = raw::drm_gpuvm_ops {
        sm_step_map: Some(Steps::<T>::callback),
        sm_step_remap: Some(Steps::<T>::callback),
        sm_step_unmap: Some(Steps::<T>::callback),
        ..Vm::<T>::OPS
    };

    /// Makes a VM in immediate mode on the device of `resv_object`, whose `dma_resv` becomes the
    /// VM's.
    ///
    /// `EINVAL` for a range that is empty or ends before it begins, or a reserve outside of it;
    /// `ENOEXEC` if this crate and the C module were built from different headers; `ENOMEM`.
    ///
    /// Context: process; allocates with `GFP_KERNEL`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{MayAlloc, Operations, OwnedVm, VmArgs};
    /// # use kernel::prelude::*;
    /// fn make<D: Operations>(object: &D::Object, driver: D) -> Result<OwnedVm<D>> {
    ///     let args = VmArgs {
    ///         name: c"immediate",
    ///         range: 0..1 << 40,
    ///         reserve: 0..0x1000,
    ///     };
    ///     OwnedVm::new(&MayAlloc::here(), args, object, driver)
    /// }
    /// ```
    pub fn new(_may: &MayAlloc, args: VmArgs, resv_object: &T::Object, driver: T) -> Result<Self> {
        // SAFETY: The functions for steps are called by what this type calls alone.
        unsafe { Self::with_ops(args, resv_object, driver, const { &Self::STEPS }) }
    }

    /// Maps what `request` asks for. What is mapped in its range is taken away or cut before, in the
    /// order of addresses.
    ///
    /// `EINVAL`, and nothing is done, for a range in which nothing may be mapped, attributes that
    /// are not valid, or a [`VmBo`](crate::VmBo) of another VM. What a function of the driver
    /// returns, and then what was done before it stays.
    ///
    /// Context: fence signalling section, as far as the driver's functions are.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{MapRequest, Operations, OwnedVm, VmBo};
    /// # use kernel::prelude::*;
    /// fn job<D: Operations>(
    ///     vm: &mut OwnedVm<D>,
    ///     pair: &VmBo<D>,
    ///     reserve: &mut D::Context<'_>,
    /// ) -> Result {
    ///     vm.sm_map(&MapRequest::new(0x1000, 0x1000, pair, 0), reserve)
    /// }
    /// ```
    pub fn sm_map(&mut self, request: &MapRequest<'_, T>, context: &mut T::Context<'_>) -> Result {
        self.check(request)?;
        let (driver, vm) = self.parts();
        // INVARIANT: We have the owner to ourselves. `check` compared the VM of the request.
        let mut steps = Steps {
            driver,
            context,
            vm,
            vm_bo: request.vm_bo(),
        };
        // SAFETY: The VM is ours, and the request valid; the callbacks get what they ask for.
        to_result(unsafe {
            raw::ref_drm_gpuvm_sm_map(vm, (&raw mut steps).cast(), request.as_raw())
        })
    }

    /// Unmaps what is mapped in a range; nothing may be.
    ///
    /// Errors and context are those of [`OwnedVm::sm_map`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Operations, OwnedVm};
    /// # use kernel::prelude::*;
    /// fn job<D: Operations>(vm: &mut OwnedVm<D>, reserve: &mut D::Context<'_>) -> Result {
    ///     vm.sm_unmap(0x1000, 0x1000, reserve)
    /// }
    /// ```
    pub fn sm_unmap(&mut self, address: u64, length: u64, context: &mut T::Context<'_>) -> Result {
        let (driver, vm) = self.parts();
        // INVARIANT: We have the owner to ourselves. There are no map operations.
        let mut steps = Steps {
            driver,
            context,
            vm,
            vm_bo: None,
        };
        // SAFETY: The VM is ours; the callbacks get what they ask for.
        to_result(unsafe {
            raw::ref_drm_gpuvm_sm_unmap(vm, (&raw mut steps).cast(), address, length)
        })
    }
}
