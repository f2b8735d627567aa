// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! VMs that change by binds: arrays of operations, run as one job.

use core::{
    cell::UnsafeCell,
    ops::{Deref, Range},
    ptr::{null_mut, NonNull},
    sync::atomic::{AtomicPtr, Ordering},
};

use drm_gpuvm_raw as raw;
use kernel::{
    drm::gem::IntoGEMObject,
    error::{from_err_ptr, to_result},
    prelude::*,
    seq_file::SeqFile,
    str::CStrExt,
    sync::{
        aref::{ARef, AlwaysRefCounted},
        Refcount,
    },
    types::{NotThreadSafe, Opaque},
    workqueue::{impl_has_work, Work, WorkItem},
};

use crate::{
    bind_driver::Callbacks, mode::Choice, BindDriver, Immediate, MayAlloc, VmArgs, VmResv,
    WorkqueueUser,
};

/// `DRM_GPUVM_BIND_NO_UNDO` of `<drm/drm_gpuvm_bind.h>`; the KUnit module compares it with C's.
pub(crate) const NO_UNDO: u32 = 1 << 0;

/// How to make a VM that takes binds.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{BindArgs, VmArgs, WorkqueueUser};
///
/// fn args(cleanup: &WorkqueueUser) -> BindArgs<'_> {
///     BindArgs {
///         vm: VmArgs {
///             name: c"mine",
///             range: 0..1 << 48,
///             reserve: 0..0,
///         },
///         queue_name: c"mine-bind",
///         cleanup,
///         submit: None,
///         no_undo: false,
///     }
/// }
/// ```
pub struct BindArgs<'a> {
    /// Name and addresses.
    pub vm: VmArgs,
    /// The name of the queue, for the scheduler's messages.
    pub queue_name: &'static CStr,
    /// Frees what jobs leave, and the VM in the end.
    pub cleanup: &'a WorkqueueUser,
    /// Runs the jobs, and is one made [for fences](crate::Workqueue::for_fences); `None` for one of the
    /// queue's own.
    pub submit: Option<&'a WorkqueueUser>,
    /// A job that fails halfway is not undone, but kills the VM.
    pub no_undo: bool,
}

/// The state of a VM that takes binds.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{BindDriver, BindState, BindVm};
///
/// fn is_lost<D: BindDriver>(vm: &BindVm<D>) -> bool {
///     vm.state() == BindState::Dead
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BindState {
    /// Takes jobs.
    Live,
    /// Takes none: nobody knows what is mapped.
    Dead,
    /// Takes none, and nothing is mapped.
    Closed,
}

/// A VM that changes by binds alone.
///
/// A [`BindJob`](crate::BindJob) has an array of operations, which are applied all or not at all, in
/// the order in which jobs are submitted, when the fences they wait for are signalled. What the
/// changes mean for the page tables, [`BindDriver`] says. Everything that can fail does when a job
/// is submitted, except what the driver's page tables do; then the job is undone, or, should that
/// fail as well, the VM dies.
///
/// References to it are shared: ioctls, jobs and the driver's queues have one. Its end has two
/// phases. The owner, or [`BindVm::close`], unmaps everything; from then on no job changes the VM.
/// When the last reference is dropped, a worker frees it.
///
/// # Invariants
///
/// * `refs` counts the references, of which each [`ARef`] is one, and each job has one.
/// * `queue` is its queue, valid until nobody has a reference any more.
/// * All objects that it knows are a `D::Object`, or userptrs.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{BindDriver, BindOp, BindVm, MayAlloc, Syncs};
/// use kernel::prelude::*;
///
/// fn unmap<D: BindDriver>(vm: &BindVm<D>) -> Result {
///     let may = MayAlloc::here();
///     let mut job = vm.job(&may, 1, 0)?;
///     job.add(&may, &BindOp::unmap(0x1000, 0x1000))?;
///     job.submit(&may, &mut Syncs::none())?.wait(&may)
/// }
/// ```
#[repr(C)]
#[pin_data]
pub struct BindVm<D: BindDriver> {
    /// First, so that a pointer to the one is a pointer to the other.
    #[pin]
    inner: Opaque<raw::drm_gpuvm>,
    refs: Refcount,
    queue: AtomicPtr<raw::drm_gpuvm_bind_queue>,
    #[pin]
    release: Work<Self>,
    #[pin]
    driver: D,
    tables: UnsafeCell<D::Tables>,
    submit: Option<WorkqueueUser>,
    /// The last to go: then the module may.
    cleanup: WorkqueueUser,
}

// SAFETY: What can be reached through it has locks, or is `Send` and `Sync` by the bounds of
// `BindDriver`; the page tables are only touched by who holds the queue's lock.
unsafe impl<D: BindDriver> Send for BindVm<D> {}
// SAFETY: As above.
unsafe impl<D: BindDriver> Sync for BindVm<D> {}

// SAFETY: By the type invariants, `refs` counts the references.
unsafe impl<D: BindDriver> AlwaysRefCounted for BindVm<D> {
    fn inc_ref(&self) {
        self.refs.inc();
    }

    /// Context: any but interrupts; reclaim as well.
    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: By the requirements of this function, this is a reference still.
        if !unsafe { obj.as_ref() }.refs.dec_and_test() {
            return;
        }
        // SAFETY: The VM is from a box, and has not moved; nobody has a reference to it any more.
        let vm = unsafe { Pin::new_unchecked(KBox::from_raw(obj.as_ptr())) };
        // This may be a worker of the very scheduler that is to be freed.
        let queue: *const kernel::workqueue::Queue = vm.cleanup.queue();
        // SAFETY: The VM keeps the workqueue, and the work that goes there keeps the VM.
        unsafe { (*queue).enqueue::<Pin<KBox<Self>>, 0>(vm) };
    }
}

impl_has_work! {
    impl{D: BindDriver} HasWork<BindVm<D>> for BindVm<D> { self.release }
}

impl<D: BindDriver> WorkItem for BindVm<D> {
    type Pointer = Pin<KBox<Self>>;

    fn run(this: Pin<KBox<Self>>) {
        // SAFETY: It is not moved; `free` makes a box of it again.
        let vm = KBox::into_raw(unsafe { Pin::into_inner_unchecked(this) });
        // SAFETY: Nobody has a reference any more: the queue was closed by the owner, and has no
        // job. The owner's reference to the VM in the core passes on.
        unsafe {
            raw::ref_drm_gpuvm_bind_queue_destroy((*vm).queue());
            raw::ref_drm_gpuvm_bo_deferred_cleanup(vm.cast());
            raw::ref_drm_gpuvm_close(vm.cast());
        }
    }
}

impl<D: BindDriver> BindVm<D> {
    const OPS: raw::drm_gpuvm_ops = raw::drm_gpuvm_ops {
        vm_free: Some(Self::free),
        op_alloc: None,
        op_free: None,
        vm_bo_alloc: Some(Self::alloc_vm_bo),
        vm_bo_free: None,
        vm_bo_validate: Some(raw::ref_drm_gpuvm_bind_validate),
        sm_step_map: None,
        sm_step_remap: None,
        sm_step_unmap: None,
        __reserved: [null_mut(); 8],
    };

    /// # Safety
    ///
    /// For all of `'a`, `vm` points to a valid `BindVm<D>`.
    pub(crate) unsafe fn from_raw<'a>(vm: *mut raw::drm_gpuvm) -> &'a Self {
        // CAST: `inner` is the first member, and transparent.
        // SAFETY: By the requirements of this function.
        unsafe { &*vm.cast() }
    }

    /// The C structure.
    pub(crate) fn as_raw(&self) -> *mut raw::drm_gpuvm {
        self.inner.get()
    }

    /// The queue.
    pub(crate) fn queue(&self) -> *mut raw::drm_gpuvm_bind_queue {
        self.queue.load(Ordering::Relaxed)
    }

    /// The page tables, for who holds the lock of changes of page tables.
    pub(crate) fn tables(&self) -> *mut D::Tables {
        self.tables.get()
    }

    /// The driver's part.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm};
    /// fn driver<D: BindDriver>(vm: &BindVm<D>) -> &D {
    ///     vm.driver()
    /// }
    /// ```
    pub fn driver(&self) -> &D {
        &self.driver
    }

    /// Whether mappings may be made in a range: it is not empty, lies in the VA space, and does not
    /// touch the reserve. Says nothing of what is mapped there.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm};
    /// fn is_page<D: BindDriver>(vm: &BindVm<D>, address: u64) -> bool {
    ///     address & 0xfff == 0 && vm.range_valid(address, 0x1000)
    /// }
    /// ```
    pub fn range_valid(&self, address: u64, length: u64) -> bool {
        // SAFETY: The VM is valid; only what does not change is read.
        unsafe { raw::ref_drm_gpuvm_range_valid(self.as_raw(), address, length) }
    }

    /// Whether an object has a `dma_resv` of its own instead of the VM's.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm};
    /// fn is_private<D: BindDriver>(vm: &BindVm<D>, object: &D::Object) -> bool {
    ///     !vm.is_external(object)
    /// }
    /// ```
    pub fn is_external(&self, object: &D::Object) -> bool {
        // SAFETY: Both are valid; only what does not change is read.
        unsafe { raw::ref_drm_gpuvm_is_extobj(self.as_raw(), object.as_raw()) }
    }

    /// The state. It may be old when this returns, unless [`BindVm::lock`] is held.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm};
    /// # use drm_gpuvm::BindState;
    /// fn is_live<D: BindDriver>(vm: &BindVm<D>) -> bool {
    ///     vm.state() == BindState::Live
    /// }
    /// ```
    pub fn state(&self) -> BindState {
        // SAFETY: The queue is valid.
        match unsafe { raw::ref_drm_gpuvm_bind_queue_state(self.queue()) } {
            raw::DRM_GPUVM_BIND_LIVE => BindState::Live,
            raw::DRM_GPUVM_BIND_DEAD => BindState::Dead,
            _ => BindState::Closed,
        }
    }

    /// Whether it takes binds and jobs: `ENOENT` if it was closed, `EIO` if it died. As for
    /// [`BindVm::state`], the answer may be old.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm};
    /// fn ioctl<D: BindDriver>(vm: &BindVm<D>) -> kernel::error::Result {
    ///     vm.check()
    /// }
    /// ```
    pub fn check(&self) -> Result {
        // SAFETY: The queue is valid.
        to_result(unsafe { raw::ref_drm_gpuvm_bind_queue_error(self.queue()) })
    }

    /// Why it died: the error of the bind that could not be undone, or what [`BindVm::kill`] was
    /// told. `None` if it did not.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm};
    /// fn errno<D: BindDriver>(vm: &BindVm<D>) -> i32 {
    ///     vm.reason().map_or(0, |error| error.to_errno())
    /// }
    /// ```
    pub fn reason(&self) -> Option<Error> {
        // SAFETY: The queue is valid.
        to_result(unsafe { raw::ref_drm_gpuvm_bind_queue_reason(self.queue()) }).err()
    }

    /// Lets it die, when the driver finds that nobody knows any more what is mapped. The first
    /// reason stays.
    ///
    /// Context: process, the fence signalling section included; not from a function of the driver
    /// that the VM has called.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm};
    /// # use kernel::prelude::*;
    /// fn hung<D: BindDriver>(vm: &BindVm<D>) {
    ///     vm.kill(EIO);
    /// }
    /// ```
    pub fn kill(&self, reason: Error) {
        // SAFETY: The queue is valid, and an error is not 0.
        unsafe { raw::ref_drm_gpuvm_bind_queue_kill(self.queue(), reason.to_errno()) };
    }

    /// Unmaps everything, and takes no jobs any more; more than once does nothing. Jobs that have not
    /// begun end with `ECANCELED` when their turn comes.
    ///
    /// Context: process; sleeps; no `dma_resv` is held.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm, MayAlloc};
    /// fn end<D: BindDriver>(vm: &BindVm<D>) {
    ///     vm.close(&MayAlloc::here());
    /// }
    /// ```
    pub fn close(&self, _may: &MayAlloc) {
        // SAFETY: The queue is valid.
        unsafe { raw::ref_drm_gpuvm_bind_queue_close(self.queue()) };
    }

    /// `vm_free` of `struct drm_gpuvm_ops`.
    ///
    /// # Safety
    ///
    /// For the core alone, without references to the VM.
    unsafe extern "C" fn free(vm: *mut raw::drm_gpuvm) {
        // SAFETY: It is from the box of `OwnedBindVm::new`, by the requirements of this function.
        drop(unsafe { KBox::<Self>::from_raw(vm.cast()) });
    }

    /// `vm_bo_alloc` of `struct drm_gpuvm_ops`; the core frees it.
    ///
    /// # Safety
    ///
    /// None but that it is for the core.
    unsafe extern "C" fn alloc_vm_bo() -> *mut raw::drm_gpuvm_bo {
        // There is one for each object that a program maps, and its account pays.
        KBox::<raw::drm_gpuvm_bo>::new_uninit(GFP_KERNEL_ACCOUNT | __GFP_ZERO)
            .map_or(null_mut(), |memory| KBox::into_raw(memory).cast())
    }
}

impl<D: BindDriver<Mode = Immediate>> BindVm<D> {
    /// Keeps mappings and page tables as they are.
    ///
    /// Context: process, the fence signalling section included; nothing is allocated while it is
    /// held. Not from a function of the driver that the VM has called.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm, Immediate};
    /// fn count<D: BindDriver<Mode = Immediate>>(vm: &BindVm<D>) -> u64 {
    ///     vm.lock().mappings()
    /// }
    /// ```
    pub fn lock(&self) -> BindGuard<'_, D> {
        // SAFETY: The queue is valid.
        unsafe { raw::ref_drm_gpuvm_bind_queue_lock(self.queue()) };
        BindGuard {
            vm: self,
            _not_send: NotThreadSafe,
        }
    }
}

/// A VM in which nothing changes until this is dropped.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{BindDriver, BindGuard};
///
/// fn is_empty<D: BindDriver>(locked: &BindGuard<'_, D>) -> bool {
///     locked.mappings() == 0
/// }
/// ```
#[must_use = "the VM may change at once"]
pub struct BindGuard<'a, D: BindDriver> {
    vm: &'a BindVm<D>,
    _not_send: NotThreadSafe,
}

impl<D: BindDriver> BindGuard<'_, D> {
    /// The page tables.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindGuard};
    /// fn entries<D: BindDriver<Tables = u64>>(locked: &BindGuard<'_, D>) -> u64 {
    ///     *locked.tables()
    /// }
    /// ```
    pub fn tables(&self) -> &D::Tables {
        // SAFETY: The lock is held, which in immediate mode is that of the page tables, too.
        unsafe { &*self.vm.tables() }
    }

    /// How many mappings there are.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindGuard};
    /// fn count<D: BindDriver>(locked: &BindGuard<'_, D>) -> u64 {
    ///     locked.mappings()
    /// }
    /// ```
    pub fn mappings(&self) -> u64 {
        // SAFETY: The queue is valid, and its lock held.
        unsafe { raw::ref_drm_gpuvm_bind_queue_mappings(self.vm.queue()) }
    }
}

impl<D: BindDriver> BindGuard<'_, D> {
    /// Shows what is mapped, for debugfs. Nothing else may be written with the VM locked: it could
    /// allocate.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm, Immediate};
    /// # use kernel::{prelude::*, seq_file::SeqFile};
    /// fn gpuvas<D: BindDriver<Mode = Immediate>>(vm: &BindVm<D>, file: &SeqFile) -> Result {
    ///     vm.lock().show(file)
    /// }
    /// ```
    pub fn show(&self, file: &SeqFile) -> Result {
        // CAST: `SeqFile` is transparent.
        let file = core::ptr::from_ref(file).cast_mut().cast();
        // SAFETY: The VM is valid, and its lock held.
        to_result(unsafe { raw::ref_drm_debugfs_gpuva_info(file, self.vm.as_raw()) })
    }

    /// The same, as one JSON object.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm, Immediate};
    /// # use kernel::{prelude::*, seq_file::SeqFile, seq_print};
    /// fn gpuvas<D: BindDriver<Mode = Immediate>>(vm: &BindVm<D>, file: &SeqFile) -> Result {
    ///     vm.lock().show_json(file)?;
    ///     seq_print!(file, "\n");
    ///     Ok(())
    /// }
    /// ```
    pub fn show_json(&self, file: &SeqFile) -> Result {
        // CAST: As above.
        let file = core::ptr::from_ref(file).cast_mut().cast();
        // SAFETY: As above.
        to_result(unsafe { raw::ref_drm_debugfs_gpuvm_json(file, self.vm.as_raw()) })
    }
}

impl<D: BindDriver> Drop for BindGuard<'_, D> {
    fn drop(&mut self) {
        // SAFETY: The lock is held, by this thread.
        unsafe { raw::ref_drm_gpuvm_bind_queue_unlock(self.vm.queue()) };
    }
}

/// A VM that takes binds, and the right to be there: dropping it closes the VM.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{BindArgs, BindDriver, BindOp, MayAlloc, OwnedBindVm, Syncs, VmArgs, WorkqueueUser};
/// use kernel::prelude::*;
///
/// /// Maps 64 KiB of an object, and waits until it is.
/// fn map<D: BindDriver>(vm: &OwnedBindVm<D>, object: &D::Object) -> Result {
///     let may = MayAlloc::here();
///     let mut job = vm.job(&may, 1, 0)?;
///     job.add(&may, &BindOp::map(0x10_0000, 0x1_0000, object, 0))?;
///     job.submit(&may, &mut Syncs::none())?.wait(&may)
/// }
///
/// fn make<D: BindDriver>(
///     resv: &D::Object,
///     cleanup: &WorkqueueUser,
///     driver: D,
///     tables: D::Tables,
/// ) -> Result<OwnedBindVm<D>> {
///     let args = BindArgs {
///         vm: VmArgs {
///             name: c"mine",
///             range: 0..1 << 40,
///             reserve: 0..0x1000,
///         },
///         queue_name: c"mine-bind",
///         cleanup,
///         submit: None,
///         no_undo: false,
///     };
///     OwnedBindVm::new(&MayAlloc::here(), args, resv, Ok(driver), tables)
/// }
/// # fn main() {}
/// ```
pub struct OwnedBindVm<D: BindDriver>(ARef<BindVm<D>>);

impl<D: BindDriver> Deref for OwnedBindVm<D> {
    type Target = BindVm<D>;

    fn deref(&self) -> &BindVm<D> {
        &self.0
    }
}

impl<D: BindDriver> Drop for OwnedBindVm<D> {
    fn drop(&mut self) {
        // Who drops it may sleep; types cannot ask that of a drop.
        self.close(&MayAlloc::here());
    }
}

impl<D: BindDriver> OwnedBindVm<D> {
    /// Makes a VM on the device of `resv_object`, whose `dma_resv` becomes the VM's.
    ///
    /// `EINVAL` for a range that is empty or ends before it begins, or a reserve outside of it;
    /// `ENOEXEC` if this crate and the C module were built from different headers; `ENOMEM`; what
    /// `driver` returns. Then `driver` and `tables` are dropped.
    ///
    /// Context: process; sleeps; allocates with `GFP_KERNEL_ACCOUNT`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindArgs, BindDriver, MayAlloc, OwnedBindVm};
    /// # use kernel::prelude::*;
    /// fn make<D: BindDriver<Tables = u64>>(
    ///     args: BindArgs<'_>,
    ///     resv: &D::Object,
    ///     driver: D,
    /// ) -> Result<OwnedBindVm<D>> {
    ///     OwnedBindVm::new(&MayAlloc::here(), args, resv, Ok(driver), 0)
    /// }
    /// ```
    pub fn new(
        _may: &MayAlloc,
        args: BindArgs<'_>,
        resv_object: &D::Object,
        driver: impl PinInit<D, Error>,
        tables: D::Tables,
    ) -> Result<Self> {
        let length = |range: &Range<u64>| range.end.checked_sub(range.start).ok_or(EINVAL);
        let (range, reserve) = (length(&args.vm.range)?, length(&args.vm.reserve)?);
        let vm = Self::allocate(&args, driver, tables)?;
        // SAFETY: `vm` has zeroed memory for a VM. The object and its device are valid, and name,
        // operations and ABI live forever. The VM takes references of its own.
        let ret = to_result(unsafe {
            raw::ref_drm_gpuvm_init_abi(
                vm.as_ptr().cast(),
                args.vm.name.as_char_ptr(),
                D::Mode::FLAG | VmResv::FLAG,
                (*resv_object.as_raw()).dev,
                resv_object.as_raw(),
                args.vm.range.start,
                range,
                args.vm.reserve.start,
                reserve,
                const { &BindVm::<D>::OPS },
                const { &crate::vm::ABI },
            )
        });
        if let Err(error) = ret {
            if error == ENOEXEC {
                // SAFETY: The core did not touch it.
                drop(unsafe { KBox::<BindVm<D>>::from_raw(vm.as_ptr()) });
            } else {
                // SAFETY: The VM is complete but for its range; the only reference is ours.
                unsafe { raw::ref_drm_gpuvm_put(vm.as_ptr().cast()) };
            }
            return Err(error);
        }
        // SAFETY: The VM is complete, and nobody else has it.
        unsafe { Self::add_queue(&args, vm) }
    }

    fn allocate(
        args: &BindArgs<'_>,
        driver: impl PinInit<D, Error>,
        tables: D::Tables,
    ) -> Result<NonNull<BindVm<D>>> {
        let vm = KBox::pin_init(
            try_pin_init!(BindVm {
                inner <- Opaque::init_zeroed(),
                refs: Refcount::new(1),
                queue: AtomicPtr::new(null_mut()),
                release <- Work::new(crate::workqueue::RELEASE, args.cleanup.class()),
                driver <- driver,
                tables: UnsafeCell::new(tables),
                submit: args.submit.cloned(),
                cleanup: args.cleanup.clone(),
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        // SAFETY: It is not moved out of.
        let vm = unsafe { Pin::into_inner_unchecked(vm) };
        Ok(NonNull::from(KBox::leak(vm)))
    }

    /// # Safety
    ///
    /// `vm` is complete but for its queue, and the caller passes it on.
    unsafe fn add_queue(args: &BindArgs<'_>, vm: NonNull<BindVm<D>>) -> Result<Self> {
        // SAFETY: By the requirements of this function.
        let this = unsafe { vm.as_ref() };
        let raw_args = raw::drm_gpuvm_bind_queue_args {
            gpuvm: this.as_raw(),
            ops: const { &Callbacks::<D>::OPS },
            name: args.queue_name.as_char_ptr(),
            submit_wq: this
                .submit
                .as_ref()
                .map_or(null_mut(), WorkqueueUser::as_raw),
            cleanup_wq: this.cleanup.as_raw(),
            va_size: 0,
            job_priv_size: Callbacks::<D>::JOB_SIZE,
            flags: if args.no_undo { NO_UNDO } else { 0 },
            __pad: 0,
            __reserved: [0; 4],
        };
        // SAFETY: The VM is valid and outlives the queue, and so do the workqueues, which it keeps.
        match from_err_ptr(unsafe { raw::ref_drm_gpuvm_bind_queue_create(&raw_args) }) {
            Ok(queue) => {
                this.queue.store(queue, Ordering::Relaxed);
                // INVARIANT: The first reference is ours.
                // SAFETY: As above.
                Ok(Self(unsafe { ARef::from_raw(vm) }))
            }
            Err(error) => {
                // SAFETY: Nothing is mapped; the only reference is ours.
                unsafe { raw::ref_drm_gpuvm_put(this.as_raw()) };
                Err(error)
            }
        }
    }

    /// The VM, to share.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm, OwnedBindVm};
    /// # use kernel::sync::aref::ARef;
    /// fn for_a_job<D: BindDriver>(vm: &OwnedBindVm<D>) -> ARef<BindVm<D>> {
    ///     vm.share()
    /// }
    /// ```
    pub fn share(&self) -> ARef<BindVm<D>> {
        self.0.clone()
    }
}
