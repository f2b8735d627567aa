// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Syncobjs that a job waits for and signals.

use core::ptr::NonNull;

use drm_gpuvm_raw as raw;
use kernel::{
    drm::{file::DriverFile, File},
    error::{from_err_ptr, to_result},
    prelude::*,
};

use crate::{Fence, MayAlloc};

/// `DRM_GPUVM_SYNC_WAIT` of `<drm/drm_gpuvm_bind.h>`; the KUnit module compares it with C's.
pub(crate) const WAIT: u32 = 1 << 0;
/// `DRM_GPUVM_SYNC_SIGNAL`, as above.
pub(crate) const SIGNAL: u32 = 1 << 1;

/// A syncobj of a file, and what a job does with it.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::SyncPoint;
///
/// /// After one syncobj, and on to the next.
/// const CHAIN: [SyncPoint; 2] = [SyncPoint::wait(1, 0), SyncPoint::signal(2, 0)];
/// # fn chain() -> usize { CHAIN.len() }
/// ```
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct SyncPoint(raw::drm_gpuvm_sync);

impl SyncPoint {
    /// The job begins after this: what the syncobj has when it is looked up, or a timeline at
    /// `point`. For a binary syncobj `point` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::SyncPoint;
    /// fn binary(handle: u32) -> SyncPoint {
    ///     SyncPoint::wait(handle, 0)
    /// }
    /// ```
    #[inline]
    pub const fn wait(handle: u32, point: u64) -> Self {
        Self::with(handle, point, WAIT)
    }

    /// The job's end signals this: it becomes what the syncobj has, or `point` of a timeline. For a
    /// binary syncobj `point` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::SyncPoint;
    /// fn timeline(handle: u32, point: u64) -> SyncPoint {
    ///     SyncPoint::signal(handle, point)
    /// }
    /// ```
    #[inline]
    pub const fn signal(handle: u32, point: u64) -> Self {
        Self::with(handle, point, SIGNAL)
    }

    #[inline]
    const fn with(handle: u32, point: u64, flags: u32) -> Self {
        Self(raw::drm_gpuvm_sync {
            handle,
            flags,
            point,
        })
    }
}

/// All syncobjs of one job, looked up.
///
/// What can fail about them has happened: handing out the job's fence cannot. Dropping this without
/// it leaves all syncobjs as they were.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{MayAlloc, SyncPoint, Syncs};
/// use kernel::{drm, prelude::*};
///
/// /// What the job waits for, and, on a timeline, what it signals.
/// fn in_and_out<F: drm::file::DriverFile>(file: &drm::File<F>) -> Result<Syncs> {
///     Syncs::new(&MayAlloc::here(), file, &[SyncPoint::wait(1, 0), SyncPoint::signal(2, 17)])
/// }
/// # fn main() {}
/// ```
///
/// # Invariants
///
/// The pointer is from the core, or `None` if there is no syncobj.
pub struct Syncs {
    syncs: Option<NonNull<raw::drm_gpuvm_syncs>>,
    /// The fence was handed out, and is not again.
    signalled: bool,
}

// SAFETY: It belongs to whoever has it, and what it refers to has locks.
unsafe impl Send for Syncs {}

impl Syncs {
    /// Nothing to wait for, and nothing to signal.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::Syncs;
    /// fn nothing() -> Syncs {
    ///     Syncs::none()
    /// }
    /// ```
    #[inline]
    pub const fn none() -> Self {
        Self {
            syncs: None,
            signalled: false,
        }
    }

    /// Looks syncobjs up.
    ///
    /// `EINVAL` for a syncobj, or a point, without a fence to wait for; `ENOENT` for an unknown
    /// syncobj; `ENOMEM`.
    ///
    /// Context: process; sleeps; allocates with `GFP_KERNEL`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{MayAlloc, Syncs};
    /// # use drm_gpuvm::SyncPoint;
    /// # use kernel::{drm, prelude::*};
    /// fn one<F: drm::file::DriverFile>(file: &drm::File<F>, handle: u32) -> Result<Syncs> {
    ///     Syncs::new(&MayAlloc::here(), file, &[SyncPoint::wait(handle, 0)])
    /// }
    /// ```
    #[inline]
    pub fn new<F: DriverFile>(
        _may: &MayAlloc,
        file: &File<F>,
        points: &[SyncPoint],
    ) -> Result<Self> {
        let count = u32::try_from(points.len())?;
        // CAST: `File` is transparent, and so is `SyncPoint`.
        let file = core::ptr::from_ref(file).cast_mut().cast();
        // SAFETY: The file is open, and the array has `count` elements.
        let syncs = from_err_ptr(unsafe {
            raw::ref_drm_gpuvm_syncs_create(file, points.as_ptr().cast(), count)
        })?;
        Ok(Self {
            syncs: NonNull::new(syncs),
            signalled: false,
        })
    }

    /// Lets a job of the kernel's scheduler wait for what is to be waited for. `ENOMEM`.
    ///
    /// What was waited for is handed on, whatever this returns: once more does nothing.
    ///
    /// Context: process; sleeps.
    ///
    /// # Safety
    ///
    /// The job is initialised and not armed, and nobody else uses it meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{MayAlloc, Syncs};
    /// # use kernel::prelude::*;
    /// /// # Safety
    /// ///
    /// /// The job is initialised, not armed, and the caller's.
    /// unsafe fn wait(syncs: &mut Syncs, job: *mut drm_gpuvm_raw::drm_sched_job) -> Result {
    ///     // SAFETY: By the requirements of this function.
    ///     unsafe { syncs.let_wait(&MayAlloc::here(), job) }
    /// }
    /// ```
    #[inline]
    pub unsafe fn let_wait(&mut self, _may: &MayAlloc, job: *mut raw::drm_sched_job) -> Result {
        // SAFETY: By the requirements of this function.
        to_result(unsafe { raw::ref_drm_gpuvm_syncs_wait(self.as_raw(), job) })
    }

    /// Hands out the fence of a job; once more does nothing.
    ///
    /// Context: any but interrupts, the fence signalling section included.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::Syncs;
    /// # use drm_gpuvm::Fence;
    /// fn publish(syncs: &mut Syncs, fence: &Fence) {
    ///     syncs.signal(fence);
    /// }
    /// ```
    #[inline]
    pub fn signal(&mut self, fence: &Fence) {
        if core::mem::replace(&mut self.signalled, true) {
            return;
        }
        // SAFETY: Both are valid.
        unsafe { raw::ref_drm_gpuvm_syncs_signal(self.as_raw(), fence.as_raw()) };
    }

    /// As C has it: null if there is none.
    #[inline]
    pub(crate) fn as_raw(&self) -> *mut raw::drm_gpuvm_syncs {
        self.syncs.map_or(core::ptr::null_mut(), NonNull::as_ptr)
    }
}

impl Drop for Syncs {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type invariants it is from the core, or null; nobody else has it.
        unsafe { raw::ref_drm_gpuvm_syncs_free(self.as_raw()) };
    }
}
