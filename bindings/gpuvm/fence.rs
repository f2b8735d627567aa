// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Fences: as much of `dma_fence` as it takes to give one to what is locked.

use core::{mem::ManuallyDrop, ptr::NonNull};

use kernel::{
    bindings,
    error::to_result,
    ffi::{c_char, c_int, c_long},
    prelude::*,
    str::CStrExt,
    sync::aref::{ARef, AlwaysRefCounted},
    types::Opaque,
};

use crate::{MayAlloc, Signalling};

/// For what an object is used until a fence signals, as `dma_resv` has it. Who waits for one kind
/// waits for those above it, too.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::Usage;
///
/// /// A job that may write to what user space shares, and says so to those who do not ask.
/// const EXTERNAL: Usage = Usage::Write;
/// # fn usage() -> Usage { EXTERNAL }
/// ```
#[derive(Clone, Copy, PartialEq)]
pub enum Usage {
    /// The kernel moves or clears the memory: everybody waits.
    Kernel,
    /// It is written, for others to see.
    Write,
    /// It is read.
    Read,
    /// Nobody waits but who takes the memory away.
    Bookkeep,
}

impl Usage {
    pub(crate) const fn as_raw(self) -> bindings::dma_resv_usage {
        match self {
            Self::Kernel => bindings::dma_resv_usage_DMA_RESV_USAGE_KERNEL,
            Self::Write => bindings::dma_resv_usage_DMA_RESV_USAGE_WRITE,
            Self::Read => bindings::dma_resv_usage_DMA_RESV_USAGE_READ,
            Self::Bookkeep => bindings::dma_resv_usage_DMA_RESV_USAGE_BOOKKEEP,
        }
    }
}

/// A fence: something that will have happened.
///
/// # Invariants
///
/// It counts its references, of which each [`ARef`] is one.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Fence, MayAlloc};
/// use kernel::prelude::*;
///
/// fn wait(fence: &Fence) -> Result {
///     fence.wait(&MayAlloc::here())?;
///     fence.status().unwrap_or(Err(EBUSY))
/// }
/// ```
#[repr(transparent)]
pub struct Fence(Opaque<bindings::dma_fence>);

// SAFETY: Fences are made for several threads.
unsafe impl Send for Fence {}
// SAFETY: As above.
unsafe impl Sync for Fence {}

// SAFETY: By the type invariants.
unsafe impl AlwaysRefCounted for Fence {
    #[inline]
    fn inc_ref(&self) {
        // SAFETY: There is a reference to `self`, so the count is not 0.
        unsafe { bindings::refcount_inc(&raw mut (*self.as_raw()).refcount.refcount) };
    }

    #[inline]
    unsafe fn dec_ref(obj: NonNull<Self>) {
        let fence: *mut bindings::dma_fence = obj.as_ptr().cast();
        // SAFETY: The caller passes a reference on; who drops the last one releases the fence.
        unsafe {
            let count = &raw mut (*fence).refcount;
            if bindings::refcount_dec_and_test(&raw mut (*count).refcount) {
                bindings::dma_fence_release(count);
            }
        }
    }
}

impl Fence {
    /// What C has of it.
    ///
    /// # Safety
    ///
    /// For all of `'a`, `fence` points to an initialised fence with a reference.
    ///
    /// # Examples
    ///
    /// ```
    /// use drm_gpuvm::Fence;
    /// use kernel::bindings;
    ///
    /// /// # Safety
    /// ///
    /// /// The fence is valid.
    /// unsafe fn has_signalled(fence: *mut bindings::dma_fence) -> bool {
    ///     // SAFETY: By the requirement of this function.
    ///     unsafe { Fence::from_raw(fence) }.status().is_some()
    /// }
    /// ```
    #[inline]
    pub unsafe fn from_raw<'a>(fence: *mut bindings::dma_fence) -> &'a Self {
        // CAST: The type is transparent.
        // SAFETY: By the requirements of this function.
        unsafe { &*fence.cast() }
    }

    /// The C structure.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::Fence;
    /// fn are_same(one: &Fence, two: &Fence) -> bool {
    ///     one.as_raw() == two.as_raw()
    /// }
    /// ```
    #[inline]
    pub fn as_raw(&self) -> *mut bindings::dma_fence {
        self.0.get()
    }

    /// Waits until it has signalled, however it ended. `ERESTARTSYS` if a signal comes first.
    ///
    /// Context: process; sleeps.
    ///
    /// # Examples
    ///
    /// ```
    /// use drm_gpuvm::{Fence, MayAlloc};
    ///
    /// fn wait(may: &MayAlloc, fence: &Fence) -> kernel::error::Result {
    ///     fence.wait(may)
    /// }
    /// ```
    #[inline]
    pub fn wait(&self, _may: &MayAlloc) -> Result {
        // SAFETY: The fence is valid.
        let left = unsafe { bindings::dma_fence_wait_timeout(self.as_raw(), true, c_long::MAX) };
        // An error number is small, and what is left of all time does not matter.
        to_result(left.min(0) as c_int)
    }

    /// What became of it; `None` if it has not signalled yet.
    ///
    /// Context: any.
    ///
    /// # Examples
    ///
    /// ```
    /// use drm_gpuvm::Fence;
    ///
    /// fn failed(fence: &Fence) -> bool {
    ///     fence.status().is_some_and(|result| result.is_err())
    /// }
    /// ```
    #[inline]
    pub fn status(&self) -> Option<Result> {
        // SAFETY: The fence is valid.
        match unsafe { bindings::dma_fence_get_status(self.as_raw()) } {
            0 => None,
            status => Some(to_result(status)),
        }
    }
}

/// The duty to signal a fence.
///
/// Whoever waits for memory may be waiting for it, so it is not lost: when it is dropped, the fence
/// signals with `ECANCELED`.
///
/// # Invariants
///
/// The fence is one of [`Duty::new`], and has not signalled.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Duty, Driver, Locked, MayAlloc, Usage};
/// use kernel::prelude::*;
///
/// fn publish<D: Driver>(may: &MayAlloc, locked: &Locked<'_, '_, D>) -> Result<Duty> {
///     let duty = Duty::new(may)?;
///     locked.add_fence(duty.fence(), Usage::Bookkeep, Usage::Bookkeep)?;
///     Ok(duty)
/// }
/// ```
#[must_use = "the fence signals at once, with an error"]
pub struct Duty(ARef<Fence>);

impl Duty {
    const OPS: bindings::dma_fence_ops = bindings::dma_fence_ops {
        get_driver_name: Some(Self::name),
        get_timeline_name: Some(Self::name),
        enable_signaling: None,
        signaled: None,
        wait: None,
        release: None,
        set_deadline: None,
    };

    /// `get_driver_name` and `get_timeline_name` of `struct dma_fence_ops`.
    ///
    /// # Safety
    ///
    /// None: it looks at nothing.
    #[inline]
    unsafe extern "C" fn name(_fence: *mut bindings::dma_fence) -> *const c_char {
        c"drm_gpuvm".as_char_ptr()
    }

    /// Makes a fence on a timeline of its own.
    ///
    /// Context: process; allocates with `GFP_KERNEL`.
    ///
    /// # Examples
    ///
    /// ```
    /// use drm_gpuvm::{Duty, MayAlloc};
    /// use kernel::prelude::*;
    ///
    /// fn a_fence() -> Result<Duty> {
    ///     Duty::new(&MayAlloc::here())
    /// }
    /// ```
    #[inline]
    pub fn new(_may: &MayAlloc) -> Result<Self> {
        let memory = KBox::<Fence>::new_uninit(GFP_KERNEL | __GFP_ZERO)?;
        let fence = NonNull::from(KBox::leak(memory)).cast::<Fence>();
        // SAFETY: `fence` is memory for one; names and functions live as long as the module, and C
        // forgets them when the fence has signalled. It frees the memory with `kfree_rcu()`, which
        // is what the box's is for. The first reference is ours.
        let fence = unsafe {
            bindings::dma_fence_init(
                fence.as_ptr().cast(),
                const { &Self::OPS },
                core::ptr::null_mut(),
                bindings::dma_fence_context_alloc(1),
                1,
            );
            ARef::from_raw(fence)
        };
        // INVARIANT: It was just made, and nobody else signals it.
        Ok(Self(fence))
    }

    /// The fence, for others to wait for.
    ///
    /// # Examples
    ///
    /// ```
    /// use drm_gpuvm::{Duty, Fence};
    /// use kernel::sync::aref::ARef;
    ///
    /// fn for_others(duty: &Duty) -> ARef<Fence> {
    ///     duty.fence().into()
    /// }
    /// ```
    #[inline]
    pub fn fence(&self) -> &Fence {
        &self.0
    }

    /// Does it: the fence has signalled when this returns.
    ///
    /// Context: any; the fence signalling section ends with this.
    ///
    /// # Examples
    ///
    /// ```
    /// use drm_gpuvm::{Duty, MayAlloc};
    ///
    /// fn done(may: &mut MayAlloc, duty: Duty) {
    ///     may.signalling(|section| duty.signal(section, Ok(())));
    /// }
    /// ```
    #[inline]
    pub fn signal(self, _section: &Signalling<'_>, result: Result) {
        let this = ManuallyDrop::new(self);
        // SAFETY: `this` is not used any more, and not dropped.
        let fence = unsafe { (&raw const this.0).read() };
        Self::end(&fence, result);
    }

    #[inline]
    fn end(fence: &Fence, result: Result) {
        // SAFETY: By the type invariants nobody but us writes the error, or signals.
        unsafe {
            if let Err(error) = result {
                (&raw mut (*fence.as_raw()).error).write(error.to_errno());
            }
            bindings::dma_fence_signal(fence.as_raw());
        }
    }
}

impl Drop for Duty {
    #[inline]
    fn drop(&mut self) {
        Self::end(
            &self.0,
            Err(Error::from_errno(-(bindings::ECANCELED as c_int))),
        );
    }
}
