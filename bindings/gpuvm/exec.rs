// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Locking a VM and its objects.

use core::{marker::PhantomData, ops::Range, ptr::NonNull};

use drm_gpuvm_raw as raw;
use kernel::{
    bindings::{drm_exec, drm_gem_object},
    drm::gem::IntoGEMObject,
    error::to_result,
    ffi::c_int,
    prelude::*,
};

use crate::{Driver, OwnedVm, Vm, VmBo};

/// `DRM_EXEC_INTERRUPTIBLE_WAIT` of `<drm/drm_exec.h>`; the KUnit module compares it with C's.
pub(crate) const INTERRUPTIBLE: u32 = 1 << 0;

/// Whether a context has locked an object.
///
/// # Safety
///
/// Both are valid.
pub(crate) unsafe fn holds(exec: *mut drm_exec, object: *mut drm_gem_object) -> bool {
    // SAFETY: By the requirement of this function; only an address is made.
    let ticket = unsafe { &raw mut (*exec).ticket };
    // SAFETY: The object is valid, and its `dma_resv` with it. The member is our ticket if we have
    // the lock, and then nobody changes it; else it may change, and is never our ticket.
    unsafe {
        let resv = (*object).resv;
        (&raw const (*resv).lock.ctx).read_volatile() == ticket
    }
}

/// What locks a VM together with its objects, any number of times.
///
/// # Invariants
///
/// `exec` is from the core, for the VM `vm`. It is locked unless `state` says that it is not.
pub struct Exec<'vm, T: Driver> {
    exec: NonNull<raw::drm_gpuvm_exec>,
    vm: &'vm Vm<T>,
    state: State,
}

/// What is locked.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Nothing,
    /// Some objects, not necessarily the VM.
    Some,
    /// The VM and all its external objects.
    All,
}

impl<'vm, T: Driver> Exec<'vm, T> {
    /// Sets memory aside. Each lock reserves `num_fences` slots for fences in each `dma_resv`; with
    /// 0 it locks only.
    ///
    /// Context: process; allocates with `GFP_KERNEL`.
    pub fn new(vm: &'vm Vm<T>, num_fences: u32) -> Result<Self> {
        Self::with(vm, num_fences, 0)
    }

    /// The same, but signals interrupt the waiting: locks then fail with `EINTR`.
    pub fn interruptible(vm: &'vm Vm<T>, num_fences: u32) -> Result<Self> {
        Self::with(vm, num_fences, INTERRUPTIBLE)
    }

    fn with(vm: &'vm Vm<T>, num_fences: u32, flags: u32) -> Result<Self> {
        // SAFETY: The VM is valid for as long as the result exists.
        let exec = unsafe { raw::ref_drm_gpuvm_exec_alloc(vm.as_raw(), flags, num_fences) };
        Ok(Self {
            exec: NonNull::new(exec).ok_or(ENOMEM)?,
            vm,
            state: State::Nothing,
        })
    }

    /// Locks the VM and all its external objects.
    ///
    /// `EBUSY` if a [`Locked`] was forgotten instead of dropped; `EINTR`, if it may be interrupted;
    /// `ENOMEM`.
    ///
    /// Context: process; sleeps. Nothing of another `Exec` is locked by this thread.
    pub fn lock(&mut self) -> Result<Locked<'_, 'vm, T>> {
        self.check()?;
        // SAFETY: It is not locked.
        let ret = unsafe { raw::ref_drm_gpuvm_exec_lock(self.exec.as_ptr()) };
        self.locked(ret, State::All)
    }

    /// Locks the VM, all its external objects, and some more. Its errors are those of
    /// [`Exec::lock`].
    ///
    /// Context: as [`Exec::lock`]; allocates with `GFP_KERNEL`.
    pub fn lock_with(&mut self, objects: &[&T::Object]) -> Result<Locked<'_, 'vm, T>> {
        self.check()?;
        let count = u32::try_from(objects.len())?;
        let mut array = KVec::with_capacity(objects.len(), GFP_KERNEL)?;
        for object in objects {
            array.push(object.as_raw(), GFP_KERNEL)?;
        }
        // SAFETY: As for `lock`; the array has `count` objects, which are valid. What is locked of
        // them, the core has a reference to.
        let ret = unsafe {
            raw::ref_drm_gpuvm_exec_lock_array(self.exec.as_ptr(), array.as_mut_ptr(), count)
        };
        self.locked(ret, State::All)
    }

    /// Locks the objects that are mapped in a range; the VM itself only if one of them is private to
    /// it. `EINVAL` if `owner` is of another VM or the range is empty; else its errors are those of
    /// [`Exec::lock`].
    ///
    /// Context: as [`Exec::lock`].
    pub fn lock_range(
        &mut self,
        owner: &OwnedVm<T>,
        range: Range<u64>,
    ) -> Result<Locked<'_, 'vm, T>> {
        self.check()?;
        if !core::ptr::eq(&**owner, self.vm) {
            return Err(EINVAL);
        }
        let length = range.end.saturating_sub(range.start);
        // SAFETY: As for `lock`; the VM is borrowed by its owner, so nothing is removed meanwhile.
        let ret =
            unsafe { raw::ref_drm_gpuvm_exec_lock_range(self.exec.as_ptr(), range.start, length) };
        self.locked(ret, State::Some)
    }

    fn check(&self) -> Result {
        match self.state {
            State::Nothing => Ok(()),
            _ => Err(EBUSY),
        }
    }

    fn locked(&mut self, ret: c_int, state: State) -> Result<Locked<'_, 'vm, T>> {
        to_result(ret)?;
        // INVARIANT: It was just locked.
        self.state = state;
        Ok(Locked {
            exec: self,
            _not_send: PhantomData,
        })
    }
}

impl<T: Driver> Drop for Exec<'_, T> {
    fn drop(&mut self) {
        // Of a `Locked` that was forgotten the locks point here: then it stays.
        if self.state == State::Nothing {
            // SAFETY: It is not locked.
            unsafe { raw::ref_drm_gpuvm_exec_free(self.exec.as_ptr()) };
        }
    }
}

/// A VM and objects, locked until this is dropped.
///
/// # Invariants
///
/// `exec` is locked, by this thread.
#[must_use = "what is locked is unlocked at once"]
pub struct Locked<'a, 'vm, T: Driver> {
    exec: &'a mut Exec<'vm, T>,
    /// A `ww_mutex` is unlocked by the thread that locked it.
    _not_send: PhantomData<*mut ()>,
}

impl<T: Driver> Locked<'_, '_, T> {
    /// Whether an object is locked by this.
    pub fn holds(&self, object: &T::Object) -> bool {
        // SAFETY: `exec` is valid, and so is the context in it.
        unsafe {
            let exec = raw::ref_drm_gpuvm_exec_context(self.exec.exec.as_ptr());
            holds(exec, object.as_raw())
        }
    }

    /// Says whether the memory of an object is evicted, to this VM. `EINVAL` if the object is not
    /// locked by this.
    ///
    /// Context: process.
    pub fn set_evicted(&self, vm_bo: &VmBo<T>, evicted: bool) -> Result {
        if !self.holds(vm_bo.object()) {
            return Err(EINVAL);
        }
        // SAFETY: The object's `dma_resv` is held.
        unsafe { raw::ref_drm_gpuvm_bo_evict(vm_bo.as_raw(), evicted) };
        Ok(())
    }

    /// Has the driver bring back what is evicted, by [`Driver::validate`]. An error ends this; what
    /// gave it and all behind it stay listed, in order.
    ///
    /// `EINVAL` after [`Exec::lock_range`], which does not lock all that may be evicted. `EAGAIN` for
    /// an evicted object that was obtained since, and so is not locked: the C core warns of that.
    ///
    /// Context: process; sleeps.
    pub fn validate(&self) -> Result {
        if self.exec.state != State::All {
            return Err(EINVAL);
        }
        // SAFETY: `exec` is locked.
        to_result(unsafe { raw::ref_drm_gpuvm_exec_validate(self.exec.exec.as_ptr()) })
    }
}

impl<T: Driver> Drop for Locked<'_, '_, T> {
    fn drop(&mut self) {
        // SAFETY: `exec` is locked, by this thread.
        unsafe { raw::ref_drm_gpuvm_exec_unlock(self.exec.exec.as_ptr()) };
        self.exec.state = State::Nothing;
    }
}
