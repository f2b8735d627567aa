// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! The fence signalling section, in which nobody allocates.

use core::marker::PhantomData;

#[cfg(CONFIG_LOCKDEP)]
use kernel::bindings;

/// The right to allocate memory, and to wait for whoever does.
///
/// Whatever of this crate allocates, takes a `dma_resv` or frees what cannot be freed anywhere wants
/// to be shown one. In a section that was entered by [`MayAlloc::signalling`] there is none: the
/// section borrows it. So what allocates does not compile there.
///
/// Who is called by the kernel makes one with [`MayAlloc::here`], at the top of an ioctl for
/// instance, and hands it down. The driver's functions that run in the section get none.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, MayAlloc, NewMapping};
/// use kernel::prelude::*;
///
/// fn ioctl<D: Driver>() -> Result<NewMapping<D>> {
///     let may = MayAlloc::here();
///     Ok(NewMapping::new(&may, GFP_KERNEL)?)
/// }
/// ```
pub struct MayAlloc {
    /// What one thread may do, another may not.
    _not_send: PhantomData<*mut ()>,
}

impl MayAlloc {
    /// Says that this is a place where memory may be allocated: process context, and not in the
    /// fence signalling section.
    ///
    /// Types cannot see who calls the caller. A debug kernel can, at the first allocation.
    ///
    /// Context: process.
    ///
    /// # Examples
    ///
    /// ```
    /// use drm_gpuvm::MayAlloc;
    ///
    /// fn open() {
    ///     let _may = MayAlloc::here();
    /// }
    /// ```
    #[inline]
    pub fn here() -> Self {
        Self {
            _not_send: PhantomData,
        }
    }

    /// Runs something as part of the fence signalling section: a fence is published, or has been,
    /// and is to be signalled. lockdep is told, too.
    ///
    /// Context: process.
    ///
    /// # Examples
    ///
    /// ```
    /// use drm_gpuvm::{MayAlloc, Operations, OwnedVm};
    /// use kernel::prelude::*;
    ///
    /// fn job<D: Operations>(vm: &mut OwnedVm<D>, reserve: &mut D::Context<'_>) -> Result {
    ///     MayAlloc::here().signalling(|_section| vm.sm_unmap(0x1000, 0x1000, reserve))
    /// }
    /// ```
    #[inline]
    pub fn signalling<R>(&mut self, work: impl FnOnce(&Signalling<'_>) -> R) -> R {
        let section = Signalling::enter();
        let result = work(&section);
        drop(section);
        result
    }
}

/// The fence signalling section, as long as this exists.
///
/// From [`MayAlloc::signalling`]. What only makes sense in the section asks for it.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Duty, MayAlloc, Signalling};
/// use kernel::prelude::*;
///
/// fn finish(section: &Signalling<'_>, duty: Duty, result: Result) {
///     duty.signal(section, result);
/// }
///
/// fn job(duty: Duty) {
///     MayAlloc::here().signalling(|section| finish(section, duty, Ok(())));
/// }
/// ```
pub struct Signalling<'a> {
    /// What lockdep has to be told in the end.
    #[cfg(CONFIG_LOCKDEP)]
    cookie: bool,
    /// Of one thread, and a loan of its right to allocate.
    _loan: PhantomData<*mut &'a mut MayAlloc>,
}

impl Signalling<'_> {
    #[inline]
    fn enter() -> Self {
        // SAFETY: May be called anywhere.
        #[cfg(CONFIG_LOCKDEP)]
        let cookie = unsafe { bindings::dma_fence_begin_signalling() };
        Self {
            #[cfg(CONFIG_LOCKDEP)]
            cookie,
            _loan: PhantomData,
        }
    }
}

impl Drop for Signalling<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: This is what was given at the beginning, by this thread.
        #[cfg(CONFIG_LOCKDEP)]
        unsafe {
            bindings::dma_fence_end_signalling(self.cookie)
        };
    }
}
