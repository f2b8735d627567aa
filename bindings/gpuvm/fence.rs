// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Fences, as far as jobs need them, which the kernel crate of 7.2 does not have.

use core::ptr::NonNull;

use kernel::{
    bindings::{
        dma_fence, dma_fence_get_status, dma_fence_release, dma_fence_wait_timeout,
        refcount_dec_and_test, refcount_inc, refcount_t,
    },
    ffi::c_long,
    prelude::*,
    sync::aref::AlwaysRefCounted,
    types::Opaque,
};

/// Something that will have happened: the end of a job.
///
/// # Invariants
///
/// The kernel counts the references, of which each [`ARef`](kernel::sync::aref::ARef) is one.
#[repr(transparent)]
pub struct Fence(Opaque<dma_fence>);

// SAFETY: A fence has a lock for what changes.
unsafe impl Send for Fence {}
// SAFETY: As above.
unsafe impl Sync for Fence {}

// SAFETY: By the type invariants, the kernel counts the references.
unsafe impl AlwaysRefCounted for Fence {
    #[inline]
    fn inc_ref(&self) {
        // SAFETY: There is a reference to `self`, so the count is not 0.
        unsafe { refcount_inc(self.refcount()) };
    }

    #[inline]
    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: By the requirements of this function, this is a reference still.
        let refcount = unsafe { obj.as_ref() }.refcount();
        // SAFETY: The caller passes a reference on. If it was the last one, nobody uses the fence,
        // and the count is that of its kref.
        unsafe {
            if refcount_dec_and_test(refcount) {
                dma_fence_release(refcount.cast());
            }
        }
    }
}

impl Fence {
    /// # Safety
    ///
    /// For all of `'a`, `fence` points to an initialised fence with a reference.
    #[inline]
    pub unsafe fn from_raw<'a>(fence: *mut dma_fence) -> &'a Self {
        // CAST: The type is transparent.
        // SAFETY: By the requirements of this function.
        unsafe { &*fence.cast() }
    }

    /// The C structure.
    #[inline]
    pub fn as_raw(&self) -> *mut dma_fence {
        self.0.get()
    }

    #[inline]
    fn refcount(&self) -> *mut refcount_t {
        // SAFETY: The fence is valid; only an address is made.
        unsafe { &raw mut (*self.as_raw()).refcount.refcount }
    }

    /// How it ended; `None` if it has not yet.
    ///
    /// Context: any.
    #[inline]
    pub fn status(&self) -> Option<Result> {
        // SAFETY: The fence is valid.
        match unsafe { dma_fence_get_status(self.as_raw()) } {
            0 => None,
            error if error < 0 => Some(Err(Error::from_errno(error))),
            _ => Some(Ok(())),
        }
    }

    /// Waits until it is signalled, however it ended. `ERESTARTSYS` if a signal came first.
    ///
    /// Context: process; sleeps; outside of the fence signalling section.
    #[inline]
    pub fn wait(&self) -> Result {
        // SAFETY: The fence is valid.
        let left = unsafe { dma_fence_wait_timeout(self.as_raw(), true, c_long::MAX) };
        if left < 0 {
            return Err(ERESTARTSYS);
        }
        Ok(())
    }
}
