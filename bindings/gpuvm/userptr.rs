// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Userptrs: memory of a process in a VM that takes binds.

use core::{marker::PhantomData, ptr::NonNull};

use drm_gpuvm_raw as raw;
use kernel::{
    bindings,
    error::{from_err_ptr, to_result},
    ffi::c_void,
    page::PAGE_SHIFT,
    prelude::*,
    sync::aref::ARef,
};

use crate::{
    vm_bo, BindDriver, BindMapping, BindOp, BindVm, Immediate, JobLock, MayAlloc, Signalling,
};

/// Of what, and for where, a userptr is made.
///
/// # Examples
///
/// Sixteen pages for the device to read, in a VM whose unit is bytes:
///
/// ```
/// use drm_gpuvm::UserptrArgs;
///
/// fn args(start: u64) -> UserptrArgs {
///     UserptrArgs {
///         address: 0x10_0000,
///         length: 0x1_0000,
///         start,
///         size: 0x1_0000,
///         read_only: true,
///     }
/// }
/// ```
pub struct UserptrArgs {
    /// Where it will be mapped, in the VM's unit.
    pub address: u64,
    /// How much, in the VM's unit.
    pub length: u64,
    /// User address in the current process, of a page.
    pub start: u64,
    /// Bytes, of whole pages: the same as `length`, as memory.
    pub size: u64,
    /// The device only reads.
    pub read_only: bool,
}

/// A range of a process, to be mapped by [`BindOp::map_userptr`].
///
/// The process goes on as if the device were not there; what it does to the range takes the pages
/// away from the device first. Once mapped, it stays mapped without this.
///
/// # Invariants
///
/// `object` is a userptr of the VM, with a reference; `op` maps it.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{BindDriver, BindOp, BindVm, Immediate, MayAlloc, Syncs, UserptrArgs};
/// use kernel::prelude::*;
///
/// fn bind<D: BindDriver<Mode = Immediate>>(vm: &BindVm<D>, args: &UserptrArgs) -> Result {
///     let may = MayAlloc::here();
///     let userptr = vm.userptr(&may, args)?;
///     let mut job = vm.job(&may, 1, 0)?;
///     job.add(&may, &BindOp::map_userptr(&userptr))?;
///     job.submit(&may, &mut Syncs::none())?.wait(&may)
/// }
/// ```
pub struct Userptr<D: BindDriver> {
    object: NonNull<bindings::drm_gem_object>,
    address: u64,
    length: u64,
    /// Outlives the object, which uses the queue to the end.
    _vm: ARef<BindVm<D>>,
}

// SAFETY: It is a reference to an object, which has locks, and one to a VM.
unsafe impl<D: BindDriver> Send for Userptr<D> {}
// SAFETY: As above.
unsafe impl<D: BindDriver> Sync for Userptr<D> {}

impl<D: BindDriver> Drop for Userptr<D> {
    /// Context: process; sleeps; no `dma_resv` is held.
    fn drop(&mut self) {
        // SAFETY: By the type invariants the reference is ours.
        unsafe { bindings::drm_gem_object_put(self.object.as_ptr()) };
    }
}

impl<D: BindDriver<Mode = Immediate>> BindVm<D> {
    /// Makes a userptr of a range of the current process. All its pages are there when this returns.
    ///
    /// `EINVAL` for a range in which nothing may be mapped, or that is not of whole pages; `EFAULT`
    /// if the process may not access all of it, or not write what the device may; `EINTR`;
    /// `ENOMEM`; what [`BindDriver::pt_reserve`] returns.
    ///
    /// Context: process; sleeps; allocates; takes the `mmap_lock`; no `dma_resv` is held.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm, Immediate, MayAlloc, Userptr, UserptrArgs};
    /// # use kernel::prelude::*;
    /// fn one_page<D: BindDriver<Mode = Immediate>>(
    ///     vm: &BindVm<D>,
    ///     start: u64,
    /// ) -> Result<Userptr<D>> {
    ///     let args = UserptrArgs {
    ///         address: 0x1000,
    ///         length: 0x1000,
    ///         start,
    ///         size: 0x1000,
    ///         read_only: false,
    ///     };
    ///     vm.userptr(&MayAlloc::here(), &args)
    /// }
    /// ```
    pub fn userptr(&self, may: &MayAlloc, args: &UserptrArgs) -> Result<Userptr<D>> {
        self.userptr_with(may, args, ())
    }

    /// As [`BindVm::userptr`], with something that is dropped when nothing maps the range any more,
    /// in process context, without any `dma_resv` held: a share of somebody's limit, for instance. If
    /// this fails, it is dropped at once.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm, Immediate, MayAlloc, Userptr, UserptrArgs};
    /// # use kernel::{prelude::*, sync::Arc};
    /// /// Whoever counts references of `owner` knows how many ranges it has.
    /// fn counted<D: BindDriver<Mode = Immediate>>(
    ///     vm: &BindVm<D>,
    ///     args: &UserptrArgs,
    ///     owner: &Arc<u64>,
    /// ) -> Result<Userptr<D>> {
    ///     vm.userptr_with(&MayAlloc::here(), args, owner.clone())
    /// }
    /// ```
    pub fn userptr_with<T: Send + 'static>(
        &self,
        _may: &MayAlloc,
        args: &UserptrArgs,
        data: T,
    ) -> Result<Userptr<D>> {
        /// # Safety
        ///
        /// For the core, once, with what stands below.
        unsafe extern "C" fn release<T>(_object: *mut bindings::drm_gem_object, data: *mut c_void) {
            // SAFETY: It is from the box below, and this is its end.
            drop(unsafe { KBox::<T>::from_raw(data.cast()) });
        }

        let data = KBox::new(data, GFP_KERNEL_ACCOUNT)?;
        let data = KBox::into_raw(data);
        let raw_args = raw::drm_gpuvm_userptr_args {
            queue: self.queue(),
            addr: args.address,
            range: args.length,
            start: args.start,
            size: args.size,
            flags: if args.read_only { READONLY } else { 0 },
            __pad: 0,
            release: Some(release::<T>),
            priv_: data.cast(),
            __reserved: [0; 4],
        };
        // SAFETY: The queue is valid, and outlives the object: by the result, by mappings, and by
        // what is left to be cleaned up, which the end of the queue does first.
        let object = from_err_ptr(unsafe { raw::ref_drm_gpuvm_userptr_create(&raw_args) })
            // SAFETY: Then the core does not call `release`.
            .inspect_err(|_| drop(unsafe { KBox::from_raw(data) }))?;
        // SAFETY: It was just made, and nobody else has it.
        unsafe { vm_bo::make_raw_ready(object) };
        // INVARIANT: As above, and the reference is ours.
        Ok(Userptr {
            object: NonNull::new(object).ok_or(ENOMEM)?,
            address: args.address,
            length: args.length,
            _vm: self.into(),
        })
    }

    /// Gives the VM the pages that were taken from it; to be called before each job for the device,
    /// before [`BindVm::lock_for_job`]. What a process has not, is left unmapped.
    ///
    /// `ERESTARTSYS` or `EINTR` if a signal came; `ENOMEM`; `EIO` if the VM died; what the driver's
    /// functions return. [`JobLock::publish`] has the last word.
    ///
    /// Context: process; sleeps; allocates; takes the `mmap_lock` of the processes; no `dma_resv` is
    /// held.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm, Immediate, JobLock, MayAlloc};
    /// # use kernel::prelude::*;
    /// fn lock<D: BindDriver<Mode = Immediate>>(vm: &BindVm<D>) -> Result<JobLock<'_, D>> {
    ///     let may = MayAlloc::here();
    ///     vm.repin(&may)?;
    ///     vm.lock_for_job(&may)
    /// }
    /// ```
    pub fn repin(&self, _may: &MayAlloc) -> Result {
        // SAFETY: The queue is valid.
        to_result(unsafe { raw::ref_drm_gpuvm_userptr_repin(self.queue()) })
    }
}

/// `DRM_GPUVM_USERPTR_READONLY` of `<drm/drm_gpuvm_userptr.h>`; the KUnit module compares it with
/// C's.
const READONLY: u32 = 1 << 0;

impl<'a, D: BindDriver> BindOp<'a, D> {
    /// Maps a userptr where it was made for, as a whole.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindOp, Userptr};
    /// fn op<D: BindDriver>(userptr: &Userptr<D>) -> BindOp<'_, D> {
    ///     BindOp::map_userptr(userptr).driver_flags(1)
    /// }
    /// ```
    pub fn map_userptr(userptr: &'a Userptr<D>) -> Self {
        // INVARIANT: The object is a userptr, borrowed.
        Self::with(
            raw::DRM_GPUVM_BIND_OP_MAP,
            userptr.address,
            userptr.length,
            userptr.object.as_ptr(),
            0,
        )
    }

    /// Whether it maps a userptr, which has no object of the driver's. Its pages may be others when
    /// the job runs.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindOp};
    /// fn is_sparse<D: BindDriver>(op: &BindOp<'_, D>) -> bool {
    ///     op.object().is_none() && !op.is_userptr()
    /// }
    /// ```
    pub fn is_userptr(&self) -> bool {
        let object = self.raw_object();
        // SAFETY: By the type invariants, it is valid if it is there.
        !object.is_null() && unsafe { raw::ref_drm_gpuvm_is_userptr(object) }
    }
}

/// The pages of a userptr, while they are mapped.
///
/// # Invariants
///
/// `pages` has `count` elements, which do not change.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::UserPages;
///
/// fn present(pages: &UserPages<'_>) -> usize {
///     (0..pages.count()).filter(|index| pages.get(*index).is_some()).count()
/// }
/// ```
pub struct UserPages<'a> {
    pages: *mut *mut bindings::page,
    count: usize,
    _mapping: PhantomData<&'a [*mut bindings::page]>,
}

impl UserPages<'_> {
    /// How many the userptr has, from its beginning, wherever the mapping begins.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::UserPages;
    /// fn last(pages: &UserPages<'_>) -> Option<usize> {
    ///     pages.count().checked_sub(1)
    /// }
    /// ```
    #[inline]
    pub fn count(&self) -> usize {
        self.count
    }

    /// One of them. `None` where the process has no page that may be used, and nothing is to be
    /// mapped; and behind the last one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use core::ptr::NonNull;
    /// # use drm_gpuvm::UserPages;
    /// # use kernel::bindings;
    /// fn first(pages: &UserPages<'_>) -> Option<NonNull<bindings::page>> {
    ///     pages.get(0)
    /// }
    /// ```
    #[inline]
    pub fn get(&self, index: usize) -> Option<NonNull<bindings::page>> {
        if index >= self.count {
            return None;
        }
        // SAFETY: By the type invariants.
        NonNull::new(unsafe { *self.pages.add(index) })
    }
}

impl UserPages<'_> {
    /// As C has them: a pointer for each of [`UserPages::count`] pages, null where the process has
    /// none. Valid as long as this is.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::UserPages;
    /// # use kernel::bindings;
    /// fn for_c(pages: &UserPages<'_>) -> *mut *mut bindings::page {
    ///     pages.as_raw()
    /// }
    /// ```
    #[inline]
    pub fn as_raw(&self) -> *mut *mut bindings::page {
        self.pages
    }
}

impl<D: BindDriver> BindMapping<D> {
    /// The pages behind it, if it is of a userptr. [`BindMapping::offset_of`] tells which of them an
    /// address shows.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindMapping};
    /// fn is_of_a_process<D: BindDriver>(mapping: &BindMapping<D>) -> bool {
    ///     mapping.user_pages().is_some()
    /// }
    /// ```
    pub fn user_pages(&self) -> Option<UserPages<'_>> {
        let object = NonNull::new(self.raw_object())?.as_ptr();
        // SAFETY: The mapping keeps its object. There are only references to mappings in the
        // callback that writes page tables, which is called for a userptr while there are pages.
        unsafe {
            if !raw::ref_drm_gpuvm_is_userptr(object) {
                return None;
            }
            // INVARIANT: There is a pointer for each page of the range.
            Some(UserPages {
                pages: raw::ref_drm_gpuvm_userptr_pages(object).cast(),
                count: (*object).size >> PAGE_SHIFT,
                _mapping: PhantomData,
            })
        }
    }
}

impl<D: BindDriver> JobLock<'_, D> {
    /// Publishes the fence of a job: what `publish` does, nothing is taken from under. It arms the
    /// job, calls [`JobLock::add_fence`] and pushes the job, in the fence signalling section.
    ///
    /// `EAGAIN` if pages were taken since [`BindVm::repin`]: unlock, and begin anew with that.
    ///
    /// Context: process.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, Fence, JobLock, MayAlloc};
    /// # use kernel::prelude::*;
    /// fn publish<D: BindDriver>(locked: &mut JobLock<'_, D>, fence: &Fence) -> Result {
    ///     locked.publish(&mut MayAlloc::here(), |locked, _section| locked.add_fence(fence))?
    /// }
    /// ```
    pub fn publish<R>(
        &mut self,
        may: &mut MayAlloc,
        publish: impl FnOnce(&mut Self, &Signalling<'_>) -> R,
    ) -> Result<R> {
        let queue = self.vm().queue();
        // SAFETY: The queue is valid, and the VM's `dma_resv` held.
        to_result(unsafe { raw::ref_drm_gpuvm_userptr_begin(queue) })?;
        let result = may.signalling(|section| publish(self, section));
        // SAFETY: As above, after it began.
        unsafe { raw::ref_drm_gpuvm_userptr_end(queue) };
        Ok(result)
    }
}
