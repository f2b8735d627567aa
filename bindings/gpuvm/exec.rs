// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Locking a VM and its objects.

use core::{ops::Range, ptr::NonNull};

use drm_gpuvm_raw as raw;
use kernel::{
    bindings::{self, drm_exec, drm_gem_object},
    drm::gem::IntoGEMObject,
    error::to_result,
    ffi::c_int,
    prelude::*,
};

use crate::{mode, Driver, Locked, MapRequest, MayAlloc, OwnedVm, Vm};

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
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, Exec, MayAlloc, Vm};
/// use kernel::prelude::*;
///
/// fn before_a_job<D: Driver>(vm: &Vm<D>) -> Result {
///     let may = MayAlloc::here();
///     let mut exec = Exec::new(&may, vm, 1)?;
///     let locked = exec.lock(&may)?;
///     locked.validate(&may)
///     // Here the job is submitted; then all is unlocked.
/// }
/// ```
pub struct Exec<'vm, T: Driver> {
    pub(crate) exec: NonNull<raw::drm_gpuvm_exec>,
    pub(crate) vm: &'vm Vm<T>,
    pub(crate) state: State,
}

/// What is locked.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum State {
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
    ///
    /// # Examples
    ///
    /// ```
    /// use drm_gpuvm::{Driver, Exec, MayAlloc, Vm};
    ///
    /// fn exec<'vm, D: Driver>(may: &MayAlloc, vm: &'vm Vm<D>) -> Option<Exec<'vm, D>> {
    ///     Exec::new(may, vm, 1).ok()
    /// }
    /// ```
    pub fn new(_may: &MayAlloc, vm: &'vm Vm<T>, num_fences: u32) -> Result<Self> {
        Self::with(vm, num_fences, 0)
    }

    /// The same, but signals interrupt the waiting: locks then fail with `EINTR`.
    ///
    /// # Examples
    ///
    /// ```
    /// use drm_gpuvm::{Driver, Exec, MayAlloc, Vm};
    ///
    /// fn exec<'vm, D: Driver>(may: &MayAlloc, vm: &'vm Vm<D>) -> Option<Exec<'vm, D>> {
    ///     Exec::interruptible(may, vm, 1).ok()
    /// }
    /// ```
    pub fn interruptible(_may: &MayAlloc, vm: &'vm Vm<T>, num_fences: u32) -> Result<Self> {
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
    ///
    /// # Examples
    ///
    /// ```
    /// use drm_gpuvm::{Driver, Exec, MayAlloc};
    /// use kernel::prelude::*;
    ///
    /// fn validate<D: Driver>(may: &MayAlloc, exec: &mut Exec<'_, D>) -> Result {
    ///     exec.lock(may)?.validate(may)
    /// }
    /// ```
    pub fn lock(&mut self, _may: &MayAlloc) -> Result<Locked<'_, 'vm, T>> {
        self.check()?;
        // SAFETY: It is not locked.
        let ret = unsafe { raw::ref_drm_gpuvm_exec_lock(self.exec.as_ptr()) };
        self.locked(ret, State::All)
    }

    /// Locks the VM, all its external objects, and some more. Its errors are those of
    /// [`Exec::lock`].
    ///
    /// Context: as [`Exec::lock`]; allocates with `GFP_KERNEL`.
    ///
    /// # Examples
    ///
    /// ```
    /// use drm_gpuvm::{Driver, Exec, MayAlloc};
    /// use kernel::prelude::*;
    ///
    /// fn ready<D: Driver>(may: &MayAlloc, exec: &mut Exec<'_, D>, object: &D::Object) -> Result {
    ///     let locked = exec.lock_with(may, &[object])?;
    ///     locked.obtain(may, object)?;
    ///     Ok(())
    /// }
    /// ```
    pub fn lock_with(
        &mut self,
        _may: &MayAlloc,
        objects: &[&T::Object],
    ) -> Result<Locked<'_, 'vm, T>> {
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
    ///
    /// # Examples
    ///
    /// ```
    /// use drm_gpuvm::{Driver, Exec, MayAlloc, OwnedVm};
    /// use kernel::prelude::*;
    ///
    /// fn holds<D: Driver>(vm: &OwnedVm<D>, object: &D::Object) -> Result<bool> {
    ///     let may = MayAlloc::here();
    ///     let mut exec = Exec::new(&may, vm, 0)?;
    ///     let locked = exec.lock_range(&may, vm, 0x1000..0x2000)?;
    ///     Ok(locked.holds(object))
    /// }
    /// ```
    pub fn lock_range(
        &mut self,
        _may: &MayAlloc,
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

    /// Locks what a function asks for. It is called again after contention, with nothing locked, so
    /// it does nothing else; an error of it is returned. Else the errors are those of
    /// [`Exec::lock`].
    ///
    /// Context: as [`Exec::lock`].
    ///
    /// # Examples
    ///
    /// What a request is going to change, in deferred mode:
    ///
    /// ```
    /// use drm_gpuvm::{Driver, Exec, MapRequest, MayAlloc, OwnedVm};
    /// use kernel::prelude::*;
    ///
    /// fn lock<D: Driver>(vm: &OwnedVm<D>, request: &MapRequest<'_, D>) -> Result {
    ///     let may = MayAlloc::here();
    ///     let mut exec = Exec::new(&may, vm, 1)?;
    ///     let _locked = exec.lock_by(&may, |prepare| {
    ///         prepare.vm()?;
    ///         prepare.sm_map(vm, request)
    ///     })?;
    ///     Ok(())
    /// }
    /// ```
    pub fn lock_by(
        &mut self,
        _may: &MayAlloc,
        mut what: impl FnMut(&mut Prepare<'_, T>) -> Result,
    ) -> Result<Locked<'_, 'vm, T>> {
        self.check()?;
        // SAFETY: `exec` is valid, and so are its members.
        let (exec, flags) = unsafe {
            let exec = self.exec.as_ptr();
            (raw::ref_drm_gpuvm_exec_context(exec), (*exec).flags)
        };
        let mut prepare = Prepare {
            exec,
            vm: self.vm,
            has_vm: false,
            has_objects: false,
        };
        // SAFETY: It is not locked.
        unsafe { bindings::drm_exec_init(exec, flags, 0) };
        // SAFETY: It was initialised. What is locked is unlocked by this, if there was contention.
        while unsafe { bindings::drm_exec_cleanup(exec) } {
            (prepare.has_vm, prepare.has_objects) = (false, false);
            let mut result = what(&mut prepare);
            if result.is_ok() && prepare.contended_before() {
                // It locked nothing at all, and so nothing ended the contention.
                result = prepare.vm();
            }
            if prepare.is_contended() {
                continue;
            }
            if let Err(error) = result.and_then(|()| prepare.reserve(self.num_fences())) {
                // SAFETY: It was initialised.
                unsafe { bindings::drm_exec_fini(exec) };
                return Err(error);
            }
        }
        let state = match (prepare.has_vm, prepare.has_objects) {
            (true, true) => State::All,
            _ => State::Some,
        };
        self.locked(0, state)
    }

    /// How many slots for fences each lock reserves.
    pub(crate) fn num_fences(&self) -> u32 {
        // SAFETY: `exec` is valid, and the member does not change.
        unsafe { (*self.exec.as_ptr()).num_fences }
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
        // SAFETY: It is locked, and by this thread.
        Ok(unsafe { Locked::new(self) })
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

/// What is to be locked, see [`Exec::lock_by`].
///
/// The errors of its functions are to be returned at once: `EDEADLK` is contention, after which all
/// begins anew.
///
/// # Invariants
///
/// `exec` is within its loop.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, Prepare};
/// use kernel::prelude::*;
///
/// fn all_and_one<D: Driver>(prepare: &mut Prepare<'_, D>, object: &D::Object) -> Result {
///     prepare.vm()?;
///     prepare.objects()?;
///     prepare.object(object)
/// }
/// ```
pub struct Prepare<'a, T: Driver> {
    exec: *mut drm_exec,
    vm: &'a Vm<T>,
    has_vm: bool,
    has_objects: bool,
}

impl<T: Driver> Prepare<'_, T> {
    fn is_contended(&self) -> bool {
        // SAFETY: By the type invariants it is valid, and this thread's.
        !unsafe { (*self.exec).contended }.is_null()
    }

    /// Whether the contention of the last time was not ended, by locking what it was about.
    fn contended_before(&self) -> bool {
        // SAFETY: As above.
        self.is_contended() && unsafe { (*self.exec).num_objects } == 0
    }

    /// Reserves slots in all that is locked.
    fn reserve(&self, num_fences: u32) -> Result {
        if num_fences == 0 {
            return Ok(());
        }
        // SAFETY: By the type invariants, these are objects that are locked, with references.
        unsafe {
            for index in 0..(*self.exec).num_objects as usize {
                let object = *(*self.exec).objects.add(index);
                to_result(bindings::dma_resv_reserve_fences(
                    (*object).resv,
                    num_fences,
                ))?;
            }
        }
        Ok(())
    }

    fn is_of(&self, owner: &OwnedVm<T>) -> Result {
        if core::ptr::eq(&**owner, self.vm) {
            Ok(())
        } else {
            Err(EINVAL)
        }
    }

    /// The VM, and with it all objects that are private to it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Prepare};
    /// fn what<D: Driver>(prepare: &mut Prepare<'_, D>) -> kernel::error::Result {
    ///     prepare.vm()
    /// }
    /// ```
    pub fn vm(&mut self) -> Result {
        // SAFETY: By the type invariants.
        to_result(unsafe { raw::ref_drm_gpuvm_prepare_vm(self.vm.as_raw(), self.exec, 0) })?;
        self.has_vm = true;
        Ok(())
    }

    /// All external objects of the VM. `EINVAL` before [`Prepare::vm`], whose lock it may need.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Prepare};
    /// fn what<D: Driver>(prepare: &mut Prepare<'_, D>) -> kernel::error::Result {
    ///     prepare.vm()?;
    ///     prepare.objects()
    /// }
    /// ```
    pub fn objects(&mut self) -> Result {
        if !self.has_vm {
            return Err(EINVAL);
        }
        // SAFETY: By the type invariants; the VM's `dma_resv` is held.
        to_result(unsafe { raw::ref_drm_gpuvm_prepare_objects(self.vm.as_raw(), self.exec, 0) })?;
        self.has_objects = true;
        Ok(())
    }

    /// One object.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Prepare};
    /// fn what<D: Driver>(
    ///     prepare: &mut Prepare<'_, D>,
    ///     objects: [&D::Object; 2],
    /// ) -> kernel::error::Result {
    ///     objects.into_iter().try_for_each(|object| prepare.object(object))
    /// }
    /// ```
    pub fn object(&mut self, object: &T::Object) -> Result {
        // SAFETY: By the type invariants, and because the object is valid.
        match unsafe { bindings::drm_exec_lock_obj(self.exec, object.as_raw()) } {
            // What shares the `dma_resv` of another one was locked with that.
            ret if ret == -(bindings::EALREADY as c_int) => Ok(()),
            ret => to_result(ret),
        }
    }

    /// The objects that are mapped in a range. `EINVAL` if the range is empty, or `owner` of another
    /// VM.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, OwnedVm, Prepare};
    /// fn what<D: Driver>(
    ///     prepare: &mut Prepare<'_, D>,
    ///     vm: &OwnedVm<D>,
    /// ) -> kernel::error::Result {
    ///     prepare.range(vm, 0x1000..0x2000)
    /// }
    /// ```
    pub fn range(&mut self, owner: &OwnedVm<T>, range: Range<u64>) -> Result {
        self.is_of(owner)?;
        let length = range.end.saturating_sub(range.start);
        // SAFETY: By the type invariants; the owner is borrowed, so nothing is removed meanwhile.
        to_result(unsafe {
            raw::ref_drm_gpuvm_prepare_range(self.vm.as_raw(), self.exec, range.start, length, 0)
        })
    }

    /// The objects that are concerned if a request is mapped: its own, and those of what is in its
    /// range. `EINVAL` for a request that the VM would refuse, or if `owner` is of another VM.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MapRequest, OwnedVm, Prepare};
    /// fn what<D: Driver>(
    ///     prepare: &mut Prepare<'_, D>,
    ///     vm: &OwnedVm<D>,
    ///     request: &MapRequest<'_, D>,
    /// ) -> kernel::error::Result {
    ///     prepare.sm_map(vm, request)
    /// }
    /// ```
    pub fn sm_map(&mut self, owner: &OwnedVm<T>, request: &MapRequest<'_, T>) -> Result {
        self.is_of(owner)?;
        owner.check(request)?;
        // SAFETY: As for `range`; C does not change the request.
        to_result(unsafe {
            raw::ref_drm_gpuvm_sm_map_exec_lock(
                self.vm.as_raw(),
                self.exec,
                0,
                request.as_raw().cast_mut(),
            )
        })
    }

    /// The objects that are concerned if a range is unmapped. `EINVAL` if the VM would refuse that,
    /// or if `owner` is of another VM.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, OwnedVm, Prepare};
    /// fn what<D: Driver>(
    ///     prepare: &mut Prepare<'_, D>,
    ///     vm: &OwnedVm<D>,
    /// ) -> kernel::error::Result {
    ///     prepare.sm_unmap(vm, 0x1000, 0x1000)
    /// }
    /// ```
    pub fn sm_unmap(&mut self, owner: &OwnedVm<T>, address: u64, length: u64) -> Result {
        self.is_of(owner)?;
        // SAFETY: As for `range`.
        to_result(unsafe {
            raw::ref_drm_gpuvm_sm_unmap_exec_lock(self.vm.as_raw(), self.exec, address, length)
        })
    }
}

/// The `dma_resv` of an object and, where the VM's lists want it, that of the VM: both without a
/// context, and without memory for one.
///
/// # Invariants
///
/// Both are held, by this thread. `second` is null if one of them is enough.
pub(crate) struct Pair {
    first: *mut bindings::dma_resv,
    second: *mut bindings::dma_resv,
}

impl Pair {
    /// Context: process; sleeps; this thread holds neither.
    ///
    /// # Safety
    ///
    /// Both are valid while the result exists, and not dropped from under it.
    pub(crate) unsafe fn lock<T: Driver>(
        vm: *mut raw::drm_gpuvm,
        object: *mut drm_gem_object,
    ) -> Self {
        // SAFETY: By the requirement of this function.
        let (mut first, mut second) = unsafe { (raw::ref_drm_gpuvm_resv(vm), (*object).resv) };
        if !mode::resv_protected::<T::Lists>() || first == second {
            // SAFETY: It is valid, and nobody is told to die for want of a context.
            unsafe { bindings::dma_resv_lock(second, core::ptr::null_mut()) };
            return Self {
                first: second,
                second: core::ptr::null_mut(),
            };
        }
        loop {
            // SAFETY: Both are valid. Nobody waits for one of them with the other one in hand, so
            // that this cannot be the reason why anybody waits for ever.
            unsafe {
                bindings::dma_resv_lock(first, core::ptr::null_mut());
                let lock = &raw mut (*second).lock;
                if bindings::ww_mutex_trylock(lock, core::ptr::null_mut()) != 0 {
                    return Self { first, second };
                }
                bindings::dma_resv_unlock(first);
            }
            core::mem::swap(&mut first, &mut second);
        }
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe {
            if !self.second.is_null() {
                bindings::dma_resv_unlock(self.second);
            }
            bindings::dma_resv_unlock(self.first);
        }
    }
}
