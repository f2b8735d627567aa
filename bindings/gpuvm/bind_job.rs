// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Bind jobs: made, submitted, waited for.

use core::{mem::ManuallyDrop, ptr::NonNull};

use drm_gpuvm_raw as raw;
use kernel::{
    drm::gem::IntoGEMObject,
    error::{from_err_ptr, to_result},
    prelude::*,
    sync::aref::ARef,
};

use crate::{
    bind_driver::part_of, mode, vm_bo, BindDriver, BindOp, BindVm, Fence, MayAlloc, Syncs,
};

impl<D: BindDriver> BindVm<D> {
    /// Makes a job without operations, with room for `max_ops`. `client_id` is that of the file, for
    /// the scheduler's tracing. `ENOMEM`.
    ///
    /// Context: process; sleeps; allocates with `GFP_KERNEL_ACCOUNT`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm, MayAlloc};
    /// fn empty<D: BindDriver>(vm: &BindVm<D>) -> kernel::error::Result {
    ///     let _job = vm.job(&MayAlloc::here(), 0, 0)?;
    ///     Ok(())
    /// }
    /// ```
    pub fn job(&self, _may: &MayAlloc, max_ops: u32, client_id: u64) -> Result<BindJob<'_, D>> {
        // SAFETY: The queue is valid.
        let job = from_err_ptr(unsafe {
            raw::ref_drm_gpuvm_bind_job_create(self.queue(), max_ops, client_id)
        })?;
        Ok(BindJob {
            vm: self,
            job: NonNull::new(job).ok_or(ENOMEM)?,
        })
    }
}

/// A job that is being made. Dropping it changes nothing.
///
/// # Invariants
///
/// `job` is one of the VM's queue, not submitted, and nobody else has it.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{BindDriver, BindJob, BindOp, MayAlloc};
/// use kernel::prelude::*;
///
/// fn replace<D: BindDriver>(job: &mut BindJob<'_, D>, object: &D::Object) -> Result {
///     let may = MayAlloc::here();
///     job.add(&may, &BindOp::unmap(0x1000, 0x4000))?;
///     job.add(&may, &BindOp::map(0x2000, 0x1000, object, 0))
/// }
/// ```
pub struct BindJob<'vm, D: BindDriver> {
    vm: &'vm BindVm<D>,
    job: NonNull<raw::drm_gpuvm_bind_job>,
}

// SAFETY: It belongs to whoever has it, and the driver's part is `Send`.
unsafe impl<D: BindDriver> Send for BindJob<'_, D> {}

impl<'vm, D: BindDriver> BindJob<'vm, D> {
    /// Adds an operation, with all mappings that it may need. `EINVAL` for one that the VM cannot
    /// fulfil, or more than there is room for; `ENOMEM`.
    ///
    /// Context: process; sleeps; allocates with `GFP_KERNEL_ACCOUNT`; no `dma_resv` is held.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindJob, MayAlloc};
    /// # use drm_gpuvm::BindOp;
    /// fn sparse<D: BindDriver>(job: &mut BindJob<'_, D>) -> kernel::error::Result {
    ///     job.add(&MayAlloc::here(), &BindOp::map_sparse(0x1000, 0x1000))
    /// }
    /// ```
    pub fn add(&mut self, _may: &MayAlloc, op: &BindOp<'_, D>) -> Result {
        if let Some(object) = op.object() {
            // In immediate mode whoever uses the list takes the lock that it was made ready under.
            let is_locked = mode::in_job::<D::Mode>();
            // SAFETY: The object is valid; others may write the pointer once.
            let next = unsafe { (&raw const (*object.as_raw()).gpuva.list.next).read_volatile() };
            if !is_locked || next.is_null() {
                vm_bo::make_ready(object);
            }
        }
        // SAFETY: The job is ours, and the operation valid. The core refuses what it cannot do.
        to_result(unsafe { raw::ref_drm_gpuvm_bind_job_add(self.job.as_ptr(), op.as_raw()) })
    }

    /// The driver's part.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindJob};
    /// # use kernel::prelude::*;
    /// fn part<'a, D: BindDriver>(job: &'a mut BindJob<'_, D>) -> Pin<&'a mut D::Job> {
    ///     job.data()
    /// }
    /// ```
    pub fn data(&mut self) -> Pin<&mut D::Job> {
        // SAFETY: By the type invariants the job is ours.
        unsafe { part_of::<D>(self.job.as_ptr()) }
    }

    /// Puts the job into the VM's queue: what it waits for is that of `syncs`, and they get its
    /// fence.
    ///
    /// In immediate mode the mappings change when it runs, in deferred mode they have changed when
    /// this returns.
    ///
    /// `ENOENT` if the VM was closed, `EIO` if it died; `ERESTARTSYS` if a signal came; `ENOMEM`; what
    /// [`BindDriver::validate`] and [`BindDriver::pt_reserve`] return. Nothing has changed then, and
    /// nothing is signalled; where the driver had no memory the job may be submitted again.
    ///
    /// Context: process; sleeps; no `dma_resv` is held.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindJob, MayAlloc};
    /// # use drm_gpuvm::Syncs;
    /// # use kernel::prelude::*;
    /// fn submit<D: BindDriver>(job: BindJob<'_, D>, syncs: &mut Syncs) -> Result {
    ///     let _queued = job.submit(&MayAlloc::here(), syncs)?;
    ///     Ok(())
    /// }
    /// ```
    pub fn submit(
        self,
        _may: &MayAlloc,
        syncs: &mut Syncs,
    ) -> Result<QueuedBind<'vm, D>, Unsubmitted<'vm, D>> {
        // SAFETY: The job is ours, and the syncs are valid.
        match to_result(unsafe {
            raw::ref_drm_gpuvm_bind_job_submit(self.job.as_ptr(), syncs.as_raw())
        }) {
            Ok(()) => {
                // The reference passes on.
                let this = ManuallyDrop::new(self);
                Ok(QueuedBind {
                    vm: this.vm,
                    job: this.job,
                })
            }
            Err(error) => Err(Unsubmitted { error, job: self }),
        }
    }
}

impl<D: BindDriver> Drop for BindJob<'_, D> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants; the reference is ours.
        unsafe { raw::ref_drm_gpuvm_bind_job_put(self.job.as_ptr()) };
    }
}

/// A job that could not be submitted, and why.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{BindDriver, BindJob, Unsubmitted};
/// use kernel::prelude::*;
///
/// /// The job, if it may be submitted once more.
/// fn again<'vm, D: BindDriver>(why: Unsubmitted<'vm, D>) -> Result<BindJob<'vm, D>> {
///     if why.error == EBUSY {
///         Ok(why.job)
///     } else {
///         Err(why.into())
///     }
/// }
/// ```
pub struct Unsubmitted<'vm, D: BindDriver> {
    /// Why.
    pub error: Error,
    /// The job, as it was.
    pub job: BindJob<'vm, D>,
}

impl<D: BindDriver> From<Unsubmitted<'_, D>> for Error {
    fn from(unsubmitted: Unsubmitted<'_, D>) -> Self {
        unsubmitted.error
    }
}

/// A job that was submitted. It goes on without this.
///
/// # Invariants
///
/// `job` is one of the VM's queue, submitted, with a reference.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{BindDriver, QueuedBind};
///
/// fn is_done<D: BindDriver>(queued: &QueuedBind<'_, D>) -> bool {
///     queued.fence().status().is_some()
/// }
/// ```
pub struct QueuedBind<'vm, D: BindDriver> {
    vm: &'vm BindVm<D>,
    job: NonNull<raw::drm_gpuvm_bind_job>,
}

impl<D: BindDriver> QueuedBind<'_, D> {
    /// Waits for a job that itself waits for nothing but those before it.
    ///
    /// `ERESTARTSYS` if a signal came and the job will not change anything; one that has begun, or is
    /// in deferred mode, is waited for. `ENOENT` if the VM was closed meanwhile; else the error with
    /// which it ended.
    ///
    /// Context: process; sleeps.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, MayAlloc, QueuedBind};
    /// fn finish<D: BindDriver>(queued: QueuedBind<'_, D>) -> kernel::error::Result {
    ///     queued.wait(&MayAlloc::here())
    /// }
    /// ```
    pub fn wait(&self, _may: &MayAlloc) -> Result {
        // SAFETY: The job is submitted, and we borrow its VM.
        to_result(unsafe { raw::ref_drm_gpuvm_bind_job_wait(self.job.as_ptr()) })
    }

    /// What the job's end signals.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, QueuedBind};
    /// # use drm_gpuvm::Fence;
    /// # use kernel::sync::aref::ARef;
    /// fn fence<D: BindDriver>(queued: &QueuedBind<'_, D>) -> ARef<Fence> {
    ///     queued.fence()
    /// }
    /// ```
    pub fn fence(&self) -> ARef<Fence> {
        // SAFETY: The job is submitted, so it has a fence; the reference passes on.
        unsafe {
            let fence = raw::ref_drm_gpuvm_bind_job_fence(self.job.as_ptr());
            ARef::from_raw(NonNull::new_unchecked(fence.cast()))
        }
    }

    /// The VM.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm, QueuedBind};
    /// fn vm<'a, D: BindDriver>(queued: &'a QueuedBind<'_, D>) -> &'a BindVm<D> {
    ///     queued.vm()
    /// }
    /// ```
    pub fn vm(&self) -> &BindVm<D> {
        self.vm
    }
}

impl<D: BindDriver> Drop for QueuedBind<'_, D> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants; the reference is ours.
        unsafe { raw::ref_drm_gpuvm_bind_job_put(self.job.as_ptr()) };
    }
}
