// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! What a job for the device does with a VM that takes binds: locks it, brings back what was
//! evicted, leaves its fence.

use core::ptr::NonNull;

use drm_gpuvm_raw as raw;
use kernel::{error::to_result, prelude::*, types::NotThreadSafe};

use crate::{exec::INTERRUPTIBLE, BindDriver, BindVm, Fence, MayAlloc};

impl<D: BindDriver> BindVm<D> {
    /// Locks the VM and all its external objects, for a job that uses them; each `dma_resv` gets room
    /// for one fence. `ERESTARTSYS` if a signal came; `ENOMEM`.
    ///
    /// Context: process; sleeps; no `dma_resv` is held.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm, MayAlloc};
    /// fn validate<D: BindDriver>(vm: &BindVm<D>) -> kernel::error::Result {
    ///     let may = MayAlloc::here();
    ///     vm.lock_for_job(&may)?.validate(&may)
    /// }
    /// ```
    pub fn lock_for_job(&self, _may: &MayAlloc) -> Result<JobLock<'_, D>> {
        // SAFETY: The VM is valid for as long as the result exists.
        let exec = unsafe { raw::ref_drm_gpuvm_exec_alloc(self.as_raw(), INTERRUPTIBLE, 1) };
        let exec = NonNull::new(exec).ok_or(ENOMEM)?;
        // SAFETY: It is new, so not locked.
        if let Err(error) = to_result(unsafe { raw::ref_drm_gpuvm_exec_lock(exec.as_ptr()) }) {
            // SAFETY: It is not locked.
            unsafe { raw::ref_drm_gpuvm_exec_free(exec.as_ptr()) };
            return Err(error);
        }
        // INVARIANT: It was just locked.
        Ok(JobLock {
            vm: self,
            exec,
            has_room: true,
            _not_send: NotThreadSafe,
        })
    }
}

/// A VM and its external objects, locked for a job until this is dropped.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{BindDriver, BindVm, Fence, MayAlloc};
/// use kernel::prelude::*;
///
/// /// Lets a job use a VM: `publish` gets a function that leaves the job's fence there.
/// fn use_vm<D: BindDriver>(vm: &BindVm<D>, fence: &Fence) -> Result {
///     let may = MayAlloc::here();
///     let mut locked = vm.lock_for_job(&may)?;
///     locked.validate(&may)?;
///     // Here the fence is published.
///     locked.add_fence(fence)
/// }
/// # fn main() {}
/// ```
///
/// # Invariants
///
/// `exec` is from the core, of the VM, and locked by this thread. If `has_room`, there is room for a
/// fence in what is locked.
#[must_use = "what is locked is unlocked at once"]
pub struct JobLock<'vm, D: BindDriver> {
    vm: &'vm BindVm<D>,
    exec: NonNull<raw::drm_gpuvm_exec>,
    has_room: bool,
    /// A `ww_mutex` is unlocked by the thread that locked it.
    _not_send: NotThreadSafe,
}

impl<D: BindDriver> JobLock<'_, D> {
    /// The VM.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm, JobLock};
    /// fn vm<'a, D: BindDriver>(locked: &'a JobLock<'_, D>) -> &'a BindVm<D> {
    ///     locked.vm()
    /// }
    /// ```
    pub fn vm(&self) -> &BindVm<D> {
        self.vm
    }

    /// Brings back what was evicted, by [`BindDriver::validate`]: from here until the fence is
    /// signalled nothing is evicted.
    ///
    /// Errors are those of the driver's functions; `ENOENT` if the VM was closed, `EIO` if it died.
    ///
    /// Context: process; sleeps.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, JobLock, MayAlloc};
    /// fn back<D: BindDriver>(locked: &JobLock<'_, D>) -> kernel::error::Result {
    ///     locked.validate(&MayAlloc::here())
    /// }
    /// ```
    pub fn validate(&self, _may: &MayAlloc) -> Result {
        // SAFETY: `exec` is locked.
        to_result(unsafe { raw::ref_drm_gpuvm_exec_validate(self.exec.as_ptr()) })
    }

    /// Leaves the fence of the job in all that is locked, for those who want to have the memory for
    /// something else. `EBUSY` for a second one.
    ///
    /// Context: process, the fence signalling section included.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, JobLock};
    /// # use drm_gpuvm::Fence;
    /// fn publish<D: BindDriver>(
    ///     locked: &mut JobLock<'_, D>,
    ///     fence: &Fence,
    /// ) -> kernel::error::Result {
    ///     locked.add_fence(fence)
    /// }
    /// ```
    pub fn add_fence(&mut self, fence: &Fence) -> Result {
        if !core::mem::replace(&mut self.has_room, false) {
            return Err(EBUSY);
        }
        // SAFETY: `exec` is locked, with room for one fence.
        unsafe {
            raw::ref_drm_gpuvm_exec_resv_add_fence(
                self.exec.as_ptr(),
                fence.as_raw(),
                kernel::bindings::dma_resv_usage_DMA_RESV_USAGE_BOOKKEEP,
                kernel::bindings::dma_resv_usage_DMA_RESV_USAGE_BOOKKEEP,
            )
        };
        Ok(())
    }
}

impl<D: BindDriver> Drop for JobLock<'_, D> {
    fn drop(&mut self) {
        // SAFETY: `exec` is locked, by this thread; then it is not used any more.
        unsafe {
            raw::ref_drm_gpuvm_exec_unlock(self.exec.as_ptr());
            raw::ref_drm_gpuvm_exec_free(self.exec.as_ptr());
        }
    }
}

/// An object that a VM needs, locked together with it.
///
/// # Invariants
///
/// The `dma_resv` of both are held, by this thread.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{BindDriver, BindHeld};
///
/// fn is_external<D: BindDriver>(held: &BindHeld<'_, D>) -> bool {
///     held.vm().is_external(held.object())
/// }
/// ```
pub struct BindHeld<'a, D: BindDriver> {
    vm: &'a BindVm<D>,
    object: &'a D::Object,
    /// Of the thread that holds the locks.
    _not_send: NotThreadSafe,
}

impl<'a, D: BindDriver> BindHeld<'a, D> {
    /// # Safety
    ///
    /// For all of `'a` this thread holds the `dma_resv` of both.
    pub(crate) unsafe fn new(vm: &'a BindVm<D>, object: &'a D::Object) -> Self {
        // INVARIANT: By the requirement of this function.
        Self {
            vm,
            object,
            _not_send: NotThreadSafe,
        }
    }

    /// The VM.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindHeld, BindVm};
    /// fn vm<'a, D: BindDriver>(held: &BindHeld<'a, D>) -> &'a BindVm<D> {
    ///     held.vm()
    /// }
    /// ```
    pub fn vm(&self) -> &'a BindVm<D> {
        self.vm
    }

    /// The object.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindHeld};
    /// fn object<'a, D: BindDriver>(held: &BindHeld<'a, D>) -> &'a D::Object {
    ///     held.object()
    /// }
    /// ```
    pub fn object(&self) -> &'a D::Object {
        self.object
    }
}
