// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Workqueues of a driver, which the kernel crate of 7.2 can use but not make.

use core::ptr::NonNull;

use kernel::{
    bindings::{
        alloc_workqueue_noprof, destroy_workqueue, workqueue_struct, wq_flags_WQ_MEM_RECLAIM,
        wq_flags_WQ_UNBOUND,
    },
    prelude::*,
    str::CStrExt,
    sync::{Arc, Completion, LockClassKey, Refcount},
    workqueue::Queue,
};

use crate::MayAlloc;

/// The name of the work of this crate: its class has one.
pub(crate) const RELEASE: &CStr = c"drm_gpuvm::release";

/// A workqueue, and who relies on it.
///
/// # Invariants
///
/// `queue` is valid until the owner is dropped, which waits until nobody else counts in `users`.
#[pin_data]
struct Shared {
    queue: NonNull<workqueue_struct>,
    /// The owner, and each [`WorkqueueUser`].
    users: Refcount,
    /// The last of them is gone.
    #[pin]
    idle: Completion,
    /// Of the work of this crate: a static one would need an object file, which there is none of.
    #[pin]
    class: LockClassKey,
}

// SAFETY: Workqueues may be used from any thread; the rest is `Send`.
unsafe impl Send for Shared {}
// SAFETY: As above, and the rest is `Sync`.
unsafe impl Sync for Shared {}

/// A workqueue of the driver.
///
/// A module keeps it in the value that it drops when it is unloaded: that waits for all users, and
/// then for the work that is under way.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{MayAlloc, Workqueue};
/// use kernel::prelude::*;
///
/// struct Module {
///     _cleanup: Workqueue,
/// }
///
/// fn init() -> Result<Module> {
///     Ok(Module {
///         _cleanup: Workqueue::new(&MayAlloc::here(), c"mine-cleanup")?,
///     })
/// }
/// ```
pub struct Workqueue(Arc<Shared>);

impl Workqueue {
    /// Makes a workqueue for work that frees something.
    ///
    /// Context: process; allocates with `GFP_KERNEL`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{MayAlloc, Workqueue};
    /// # use kernel::prelude::*;
    /// fn cleanup() -> Result<Workqueue> {
    ///     Workqueue::new(&MayAlloc::here(), c"mine-cleanup")
    /// }
    /// ```
    #[inline]
    pub fn new(_may: &MayAlloc, name: &'static CStr) -> Result<Self> {
        Self::with(name, wq_flags_WQ_UNBOUND)
    }

    /// Makes a workqueue for work that somebody's fence waits for: it goes on when memory is short.
    ///
    /// Context: process; allocates with `GFP_KERNEL`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{MayAlloc, Workqueue};
    /// # use kernel::prelude::*;
    /// fn submit() -> Result<Workqueue> {
    ///     Workqueue::for_fences(&MayAlloc::here(), c"mine-submit")
    /// }
    /// ```
    #[inline]
    pub fn for_fences(_may: &MayAlloc, name: &'static CStr) -> Result<Self> {
        Self::with(name, wq_flags_WQ_UNBOUND | wq_flags_WQ_MEM_RECLAIM)
    }

    #[inline]
    fn with(name: &'static CStr, flags: u32) -> Result<Self> {
        // SAFETY: Format and name are strings, and there is one of each.
        let queue =
            unsafe { alloc_workqueue_noprof(c"%s".as_char_ptr(), flags, 0, name.as_char_ptr()) };
        let queue = NonNull::new(queue).ok_or(ENOMEM)?;
        let shared = Arc::pin_init(
            pin_init!(Shared {
                queue,
                users: Refcount::new(1),
                idle <- Completion::new(),
                class <- LockClassKey::new_dynamic(),
            }),
            GFP_KERNEL,
        )
        .inspect_err(|_| {
            // SAFETY: It is valid, and nobody has used it.
            unsafe { destroy_workqueue(queue.as_ptr()) }
        })?;
        Ok(Self(shared))
    }

    /// The right to use it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Workqueue, WorkqueueUser};
    /// fn keep(queue: &Workqueue) -> WorkqueueUser {
    ///     queue.user()
    /// }
    /// ```
    #[inline]
    pub fn user(&self) -> WorkqueueUser {
        self.0.users.inc();
        WorkqueueUser(self.0.clone())
    }
}

impl Drop for Workqueue {
    #[inline]
    fn drop(&mut self) {
        if !self.0.users.dec_and_test() {
            self.0.idle.wait_for_completion();
        }
        // SAFETY: By the type invariants it is valid, and nobody else uses it any more.
        unsafe { destroy_workqueue(self.0.queue.as_ptr()) };
    }
}

/// The right to use a [`Workqueue`], which stays as long as there is one.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Workqueue, WorkqueueUser};
///
/// /// A queue of the device, which the module's workqueue outlives.
/// struct DeviceQueue {
///     work: WorkqueueUser,
/// }
///
/// fn device_queue(work: &Workqueue) -> DeviceQueue {
///     DeviceQueue { work: work.user() }
/// }
/// ```
pub struct WorkqueueUser(Arc<Shared>);

impl WorkqueueUser {
    /// A lock class, for work whose memory has a [`WorkqueueUser`].
    #[inline]
    pub(crate) fn class(&self) -> Pin<&'static LockClassKey> {
        let class: *const LockClassKey = &self.0.class;
        // SAFETY: The class is pinned, and goes when the owner is dropped, which waits for all
        // users and all work.
        Pin::static_ref(unsafe { &*class })
    }

    /// The workqueue.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::WorkqueueUser;
    /// # use kernel::workqueue::Queue;
    /// fn queue(user: &WorkqueueUser) -> &Queue {
    ///     user.queue()
    /// }
    /// ```
    #[inline]
    pub fn queue(&self) -> &Queue {
        // SAFETY: By the type invariants of `Shared` it is valid while `self` is.
        unsafe { Queue::from_raw(self.as_raw()) }
    }

    /// The C structure, valid while `self` is.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::WorkqueueUser;
    /// # use kernel::bindings;
    /// fn for_c(user: &WorkqueueUser) -> *mut bindings::workqueue_struct {
    ///     user.as_raw()
    /// }
    /// ```
    #[inline]
    pub fn as_raw(&self) -> *mut workqueue_struct {
        self.0.queue.as_ptr()
    }
}

impl Clone for WorkqueueUser {
    #[inline]
    fn clone(&self) -> Self {
        self.0.users.inc();
        Self(self.0.clone())
    }
}

impl Drop for WorkqueueUser {
    #[inline]
    fn drop(&mut self) {
        if self.0.users.dec_and_test() {
            self.0.idle.complete_all();
        }
    }
}
