// SPDX-License-Identifier: GPL-2.0

//! Queues of the device, with the kernel's scheduler in front of them, and fences at their end.

use core::{marker::PhantomData, ptr::NonNull};

use drm_gpuvm::{Fence, MayAlloc, Syncs, WorkqueueUser};
use kernel::{
    bindings::dma_fence,
    device::Device,
    error::from_err_ptr,
    ffi::{c_int, c_void},
    prelude::*,
    sync::{
        aref::{ARef, AlwaysRefCounted},
        Arc,
    },
    types::Opaque,
    uaccess::{UserPtr, UserSlice},
};

use super::{c, hw::Context};

/// An access of the device that did not go through.
#[derive(Clone, Copy, Default)]
pub(crate) struct Fault {
    pub(crate) address: u64,
    pub(crate) access: u32,
    pub(crate) reason: u32,
}

/// The error of what was thrown away.
pub(crate) fn cancelled() -> Error {
    Error::from_errno(-(kernel::bindings::ECANCELED as c_int))
}

/// The driver's part of a queue.
pub(crate) trait Backend: Send + Sync + 'static {
    /// What a job keeps until it is over, or was not published.
    type Job: Send + 'static;

    /// Whether jobs are not to begin, and with which error they end then; a queue that is `killed`
    /// runs none.
    ///
    /// Context: fence signalling section.
    fn refuse(&self, killed: bool) -> Result;

    /// Why a job of a killed queue ends.
    ///
    /// Context: fence signalling section.
    fn cancelled(&self) -> Error;

    /// A job faulted.
    ///
    /// Context: fence signalling section.
    fn fault(&self, fault: Fault);
}

/// Commands that the device knows.
///
/// # Invariants
///
/// Those of `bytes` were checked.
pub(crate) struct Commands {
    bytes: KVVec<u8>,
}

impl Commands {
    /// Copies commands of a program: so many bytes in all, from so many places with an address and a
    /// length each. `ENOMEM`; `EFAULT`; `EINVAL` for commands that the device does not know, or if
    /// the lengths are more than `size` or less.
    pub(crate) fn read(places: impl Iterator<Item = (u64, usize)>, size: usize) -> Result<Self> {
        let mut bytes = KVVec::with_capacity(size, GFP_KERNEL_ACCOUNT)?;
        let mut left = bytes.spare_capacity_mut().get_mut(..size).ok_or(EINVAL)?;
        for (address, length) in places {
            let (some, rest) = left.split_at_mut_checked(length).ok_or(EINVAL)?;
            UserSlice::new(UserPtr::from_addr(address as usize), length)
                .reader()
                .read_raw(some)?;
            // SAFETY: The commands are memory of ours, which was written.
            if !unsafe { c::evgem_cmds_valid(some.as_ptr().cast(), length) } {
                return Err(EINVAL);
            }
            left = rest;
        }
        if !left.is_empty() {
            return Err(EINVAL);
        }
        // INVARIANT: All were checked.
        // SAFETY: There is room for so many, and so many were written.
        unsafe { bytes.inc_len(size) };
        Ok(Self { bytes })
    }
}

/// What C keeps of a job.
struct Part<B: Backend> {
    /// The device reads them until the job is over.
    commands: Commands,
    _data: B::Job,
}

/// What C keeps of a queue.
struct Shared<B: Backend> {
    backend: B,
    /// Last: the backend may be what keeps the address space in use.
    _context: Arc<Context>,
    _workqueues: [WorkqueueUser; 3],
}

/// Where a queue is made.
pub(crate) struct QueueArgs<'a> {
    /// The address space.
    pub(crate) context: Arc<Context>,
    /// For messages of the scheduler.
    pub(crate) dev: &'a Device,
    /// Runs the jobs; made for fences.
    pub(crate) submit: &'a WorkqueueUser,
    /// Runs the timeouts; made for fences.
    pub(crate) timeout: &'a WorkqueueUser,
    /// Frees the queue.
    pub(crate) release: &'a WorkqueueUser,
    /// How long a job may run.
    pub(crate) timeout_ms: u32,
}

/// A queue. Its jobs run one after the other.
///
/// # Invariants
///
/// It is from C, which counts the references, with a `Shared<B>`.
#[repr(transparent)]
pub(crate) struct JobQueue<B: Backend>(Opaque<c::shim_queue>, PhantomData<fn(B)>);

// SAFETY: C has locks for it, and the backend is `Send` and `Sync`.
unsafe impl<B: Backend> Send for JobQueue<B> {}
// SAFETY: As above.
unsafe impl<B: Backend> Sync for JobQueue<B> {}

// SAFETY: C counts the references.
unsafe impl<B: Backend> AlwaysRefCounted for JobQueue<B> {
    fn inc_ref(&self) {
        // SAFETY: There is a reference.
        unsafe { c::shim_queue_get(self.as_raw()) };
    }

    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: The caller passes a reference on.
        unsafe { c::shim_queue_put(obj.as_ptr().cast()) };
    }
}

/// # Safety
///
/// `private` is the `Shared<B>` of a queue, for all of `'a`.
unsafe fn backend_of<'a, B: Backend>(private: *mut c_void) -> &'a B {
    // SAFETY: By the requirements of this function.
    unsafe { &(*private.cast::<Shared<B>>()).backend }
}

impl<B: Backend> JobQueue<B> {
    const OPS: c::shim_queue_ops = c::shim_queue_ops {
        refuse: Some(Self::refuse),
        cancelled: Some(Self::cancelled),
        fault: Some(Self::fault),
        free_job: Some(Self::free_job),
        release: Some(Self::release),
    };

    /// Makes a queue. `ENOMEM`.
    ///
    /// Context: process; sleeps.
    pub(crate) fn new(args: QueueArgs<'_>, backend: B) -> Result<ARef<Self>> {
        let (hw, number) = (args.context.hw.as_raw(), args.context.number);
        let users = [args.submit, args.timeout, args.release];
        let [submit_wq, timeout_wq, release_wq] = users.map(WorkqueueUser::as_raw);
        let shared = KBox::new(
            Shared {
                backend,
                _context: args.context,
                _workqueues: users.map(WorkqueueUser::clone),
            },
            GFP_KERNEL_ACCOUNT,
        )?;
        let private = KBox::into_raw(shared);
        let raw_args = c::shim_queue_args {
            hw,
            // A `Device` is transparent.
            dev: core::ptr::from_ref(args.dev).cast_mut().cast(),
            submit_wq,
            timeout_wq,
            release_wq,
            ops: const { &Self::OPS },
            priv_: private.cast(),
            context: number,
            timeout_ms: args.timeout_ms,
        };
        // SAFETY: All is valid, and what has to outlive the queue is kept by `private`.
        match from_err_ptr(unsafe { c::shim_queue_create(&raw_args) }) {
            // SAFETY: It is a queue, and the reference passes on.
            Ok(queue) => Ok(unsafe { ARef::from_raw(NonNull::new_unchecked(queue.cast())) }),
            Err(error) => {
                // SAFETY: C did not take it.
                drop(unsafe { KBox::from_raw(private) });
                Err(error)
            }
        }
    }

    fn as_raw(&self) -> *mut c::shim_queue {
        self.0.get()
    }

    /// The driver's part.
    pub(crate) fn backend(&self) -> &B {
        // SAFETY: By the type invariants.
        unsafe { backend_of(c::shim_queue_priv(self.as_raw())) }
    }

    /// Ends all jobs, now and in future: the one that runs by the time of return, one that waits when
    /// its wait is over. More than once does no harm.
    ///
    /// Context: process; sleeps.
    pub(crate) fn kill(&self) {
        // SAFETY: The queue is valid.
        unsafe { c::shim_queue_kill(self.as_raw(), cancelled().to_errno()) };
    }

    /// Whether it runs no jobs any more.
    pub(crate) fn is_killed(&self) -> bool {
        // SAFETY: The queue is valid.
        unsafe { c::shim_queue_is_killed(self.as_raw()) }
    }

    /// How long jobs ran, in nanoseconds.
    pub(crate) fn busy_ns(&self) -> u64 {
        // SAFETY: The queue is valid.
        unsafe { c::shim_queue_busy_ns(self.as_raw()) }
    }

    /// Makes a job. `ENOMEM`.
    ///
    /// Context: process; sleeps.
    pub(crate) fn job(
        &self,
        commands: Commands,
        client_id: u64,
        data: B::Job,
    ) -> Result<NewJob<'_, B>> {
        let part = KBox::new(
            Part::<B> {
                commands,
                _data: data,
            },
            GFP_KERNEL_ACCOUNT,
        )?;
        let (cmds, size) = (part.commands.bytes.as_ptr(), part.commands.bytes.len());
        let private = KBox::into_raw(part);
        // SAFETY: The queue is valid, and the commands were checked; the job keeps them.
        match from_err_ptr(unsafe {
            c::shim_job_create(self.as_raw(), cmds.cast(), size, client_id, private.cast())
        }) {
            Ok(job) => Ok(NewJob {
                queue: self,
                job: NonNull::new(job).ok_or(ENOMEM)?,
            }),
            Err(error) => {
                // SAFETY: C did not take it.
                drop(unsafe { KBox::from_raw(private) });
                Err(error)
            }
        }
    }

    /// # Safety
    ///
    /// For C alone, with what is said below.
    unsafe extern "C" fn refuse(private: *mut c_void, killed: bool) -> c_int {
        // SAFETY: C passes what it was given with the queue.
        let result = unsafe { backend_of::<B>(private) }.refuse(killed);
        result.map_or_else(|error| error.to_errno(), |()| 0)
    }

    /// # Safety
    ///
    /// For C alone, with what is said below.
    unsafe extern "C" fn cancelled(private: *mut c_void) -> c_int {
        // SAFETY: As above.
        unsafe { backend_of::<B>(private) }.cancelled().to_errno()
    }

    /// # Safety
    ///
    /// For C alone, with what is said below.
    unsafe extern "C" fn fault(private: *mut c_void, address: u64, access: u32, reason: u32) {
        // SAFETY: As above.
        unsafe { backend_of::<B>(private) }.fault(Fault {
            address,
            access,
            reason,
        });
    }

    /// # Safety
    ///
    /// For C alone, with what is said below.
    unsafe extern "C" fn free_job(private: *mut c_void) {
        // SAFETY: C passes what it was given with a job, for the last time.
        drop(unsafe { KBox::<Part<B>>::from_raw(private.cast()) });
    }

    /// # Safety
    ///
    /// For C alone, with what is said below.
    unsafe extern "C" fn release(private: *mut c_void) {
        // SAFETY: C passes what it was given with the queue, for the last time.
        drop(unsafe { KBox::<Shared<B>>::from_raw(private.cast()) });
    }
}

/// A job that was not published. Dropping it does nothing.
///
/// # Invariants
///
/// `job` is one of the queue, and nobody else has it.
pub(crate) struct NewJob<'q, B: Backend> {
    queue: &'q JobQueue<B>,
    job: NonNull<c::shim_job>,
}

impl<B: Backend> NewJob<'_, B> {
    /// Lets it wait for what is to be waited for. `ENOMEM`.
    pub(crate) fn wait_for(&mut self, may: &MayAlloc, syncs: &mut Syncs) -> Result {
        // SAFETY: The job is ours, and not armed.
        unsafe { syncs.let_wait(may, c::shim_job_base(self.job.as_ptr())) }
    }

    /// Puts it into its queue. `hand_out` gets its fence, in the fence signalling section.
    ///
    /// Context: process; sleeps.
    pub(crate) fn publish<F: FnMut(&Fence)>(self, mut hand_out: F) {
        /// # Safety
        ///
        /// For C alone, with what is said below.
        unsafe extern "C" fn call<F: FnMut(&Fence)>(fence: *mut dma_fence, private: *mut c_void) {
            // SAFETY: The fence is that of the job, and `private` what stands below.
            unsafe { (*private.cast::<F>())(Fence::from_raw(fence)) };
        }

        let job = core::mem::ManuallyDrop::new(self);
        // The job may be over at once; its queue is borrowed.
        let _queue = job.queue;
        // SAFETY: The job is ours, and passes on.
        unsafe {
            c::shim_job_publish(
                job.job.as_ptr(),
                Some(call::<F>),
                (&raw mut hand_out).cast(),
            )
        };
    }
}

impl<B: Backend> Drop for NewJob<'_, B> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe { c::shim_job_abort(self.job.as_ptr()) };
    }
}
