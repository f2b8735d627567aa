// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! What is locked, and what that allows.

use core::{cell::Cell, marker::PhantomData, ops::Deref};

use drm_gpuvm_raw as raw;
use kernel::{
    bindings::drm_exec, drm::gem::IntoGEMObject, error::to_result, prelude::*, sync::aref::ARef,
};

use crate::{
    exec::{self, State},
    mode,
    vm_bo::{gpuva_lock, make_ready},
    Deferred, Driver, Exec, Fence, LinkedMappings, MayAlloc, Usage, VmBo,
};

/// A VM and objects, locked until this is dropped.
///
/// When it is dropped, pairs whose last reference was dropped meanwhile are freed, as
/// [`Vm::clean_up`](crate::Vm::clean_up) does.
///
/// # Invariants
///
/// * `exec` is locked, by this thread.
/// * Each object that is locked has slots for `fences_left` more fences.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, Exec, Locked, MayAlloc, Vm};
/// use kernel::prelude::*;
///
/// fn ready<D: Driver>(may: &MayAlloc, locked: &Locked<'_, '_, D>) -> Result {
///     locked.validate(may)
/// }
///
/// fn submit<D: Driver>(vm: &Vm<D>) -> Result {
///     let may = MayAlloc::here();
///     ready(&may, &Exec::new(&may, vm, 1)?.lock(&may)?)
/// }
/// ```
#[must_use = "what is locked is unlocked at once"]
pub struct Locked<'a, 'vm, T: Driver> {
    exec: &'a mut Exec<'vm, T>,
    fences_left: Cell<u32>,
    /// A `ww_mutex` is unlocked by the thread that locked it.
    _not_send: PhantomData<*mut ()>,
}

impl<'a, 'vm, T: Driver> Locked<'a, 'vm, T> {
    /// # Safety
    ///
    /// `exec` was just locked, by this thread, with the slots that it asks for.
    pub(crate) unsafe fn new(exec: &'a mut Exec<'vm, T>) -> Self {
        // INVARIANT: By the requirement of this function.
        Self {
            fences_left: Cell::new(exec.num_fences()),
            exec,
            _not_send: PhantomData,
        }
    }
}

impl<T: Driver> Locked<'_, '_, T> {
    fn context(&self) -> *mut drm_exec {
        // SAFETY: `exec` is valid, and so is the context in it.
        unsafe { raw::ref_drm_gpuvm_exec_context(self.exec.exec.as_ptr()) }
    }

    /// Whether an object is locked by this.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Locked};
    /// fn both<D: Driver>(locked: &Locked<'_, '_, D>, one: &D::Object, two: &D::Object) -> bool {
    ///     locked.holds(one) && locked.holds(two)
    /// }
    /// ```
    pub fn holds(&self, object: &T::Object) -> bool {
        // SAFETY: Both are valid.
        unsafe { exec::holds(self.context(), object.as_raw()) }
    }

    /// Whether the VM is locked by this, and with it all objects that are private to it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Locked};
    /// fn all<D: Driver>(locked: &Locked<'_, '_, D>) -> bool {
    ///     locked.holds_vm()
    /// }
    /// ```
    pub fn holds_vm(&self) -> bool {
        // SAFETY: Both are valid: the VM keeps the object that its `dma_resv` is in.
        unsafe {
            let object = raw::ref_drm_gpuvm_resv_obj(self.exec.vm.as_raw());
            exec::holds(self.context(), object)
        }
    }

    /// Whether this is of a VM.
    pub(crate) fn is_of(&self, vm: *mut raw::drm_gpuvm) -> bool {
        self.exec.vm.as_raw() == vm
    }

    /// The pair, with the proof that its object is locked. `EINVAL` if it is not.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Locked, MayAlloc, VmBo};
    /// # use kernel::prelude::*;
    /// fn validate<D: Driver>(locked: &Locked<'_, '_, D>, pair: &VmBo<D>) -> Result {
    ///     D::validate(&MayAlloc::here(), &locked.held(pair)?)
    /// }
    /// ```
    pub fn held<'b>(&'b self, vm_bo: &'b VmBo<T>) -> Result<Held<'b, T>> {
        if !self.holds(vm_bo.object()) {
            return Err(EINVAL);
        }
        // SAFETY: It is held for as long as `self` is borrowed.
        Ok(unsafe { Held::new(vm_bo) })
    }

    /// Says whether the memory of an object is evicted, to this VM. `EINVAL` if the object is not
    /// locked by this.
    ///
    /// Context: process.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Locked, VmBo};
    /// # use kernel::prelude::*;
    /// fn moved_away<D: Driver>(locked: &Locked<'_, '_, D>, pair: &VmBo<D>) -> Result {
    ///     locked.set_evicted(pair, true)
    /// }
    /// ```
    pub fn set_evicted(&self, vm_bo: &VmBo<T>, evicted: bool) -> Result {
        if !self.holds(vm_bo.object()) {
            return Err(EINVAL);
        }
        // SAFETY: The object's `dma_resv` is held.
        unsafe { raw::ref_drm_gpuvm_bo_evict(vm_bo.as_raw(), evicted) };
        Ok(())
    }

    /// Says whether the memory of an object is evicted, to all VMs that it is mapped in. `EINVAL` if
    /// the object is not locked by this.
    ///
    /// Context: process. In immediate mode takes the GEM's gpuva lock.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Locked};
    /// # use kernel::prelude::*;
    /// fn moved_away<D: Driver>(locked: &Locked<'_, '_, D>, object: &D::Object) -> Result {
    ///     locked.set_evicted_everywhere(object, true)
    /// }
    /// ```
    pub fn set_evicted_everywhere(&self, object: &T::Object, evicted: bool) -> Result {
        if !self.holds(object) {
            return Err(EINVAL);
        }
        make_ready(object);
        let _guard = mode::in_job::<T::Mode>().then(|| gpuva_lock(object).lock());
        // SAFETY: The object's `dma_resv` is held, and in immediate mode its gpuva lock; the list is
        // ready.
        unsafe { raw::ref_drm_gpuvm_bo_gem_evict(object.as_raw(), evicted) };
        Ok(())
    }

    /// Has the driver bring back what is evicted, by [`Driver::validate`]. An error ends this; what
    /// gave it and all behind it stay listed, in order.
    ///
    /// `EINVAL` unless the VM and all its objects were locked, so that all that may be evicted is.
    /// `EAGAIN` for an evicted object that was obtained since, and so is not locked: the C core warns
    /// of that.
    ///
    /// Context: process; sleeps.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Locked, MayAlloc};
    /// # use kernel::prelude::*;
    /// fn bring_back<D: Driver>(may: &MayAlloc, locked: &Locked<'_, '_, D>) -> Result {
    ///     locked.validate(may)
    /// }
    /// ```
    pub fn validate(&self, _may: &MayAlloc) -> Result {
        if self.exec.state != State::All {
            return Err(EINVAL);
        }
        // SAFETY: `exec` is locked.
        to_result(unsafe { raw::ref_drm_gpuvm_exec_validate(self.exec.exec.as_ptr()) })
    }

    /// Gives a fence to all that is locked: for `private` to what shares the VM's `dma_resv`, for
    /// `external` to everything else. `ENOSPC` if all slots that were asked for in [`Exec::new`] are
    /// used up.
    ///
    /// Context: any; does not sleep or allocate. May be in the fence signalling section, which begins
    /// with this for a fence of one's own.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Fence, Locked, Usage};
    /// # use kernel::prelude::*;
    /// fn publish<D: Driver>(locked: &Locked<'_, '_, D>, fence: &Fence) -> Result {
    ///     locked.add_fence(fence, Usage::Bookkeep, Usage::Write)
    /// }
    /// ```
    pub fn add_fence(&self, fence: &Fence, private: Usage, external: Usage) -> Result {
        // INVARIANT: One slot less in each.
        self.fences_left
            .set(self.fences_left.get().checked_sub(1).ok_or(ENOSPC)?);
        // SAFETY: `exec` is locked, and by the type invariants there is a slot in each object. The
        // fence is valid; `dma_resv` takes a reference.
        unsafe {
            raw::ref_drm_gpuvm_exec_resv_add_fence(
                self.exec.exec.as_ptr(),
                fence.as_raw(),
                private.as_raw(),
                external.as_raw(),
            )
        };
        Ok(())
    }

    /// Finds or makes the pair of the VM and an object that is locked by this. `EINVAL` if it is not,
    /// or if the VM is not and its lists want that; else as [`Vm::obtain`](crate::Vm::obtain), which
    /// takes those locks by itself.
    ///
    /// Context: process; allocates with `GFP_KERNEL`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Locked, MayAlloc, VmBo};
    /// # use kernel::{prelude::*, sync::aref::ARef};
    /// fn pair<D: Driver>(
    ///     locked: &Locked<'_, '_, D>,
    ///     object: &D::Object,
    /// ) -> Result<ARef<VmBo<D>>> {
    ///     locked.obtain(&MayAlloc::here(), object)
    /// }
    /// ```
    pub fn obtain(&self, _may: &MayAlloc, object: &T::Object) -> Result<ARef<VmBo<T>>> {
        if !self.holds(object) || mode::resv_protected::<T::Lists>() && !self.holds_vm() {
            return Err(EINVAL);
        }
        // SAFETY: Whatever has to be held is.
        unsafe { self.exec.vm.obtain_held(object) }
    }
}

impl<T: Driver<Mode = Deferred>> Locked<'_, '_, T> {
    /// The mappings of an object in this VM, in the order in which they were made. `EINVAL` if the
    /// object is not locked by this.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Deferred, Driver, Locked, VmBo};
    /// # use kernel::prelude::*;
    /// fn count<D: Driver<Mode = Deferred>>(
    ///     locked: &Locked<'_, '_, D>,
    ///     pair: &VmBo<D>,
    /// ) -> Result<usize> {
    ///     Ok(locked.mappings(pair)?.count())
    /// }
    /// ```
    pub fn mappings<'b>(&'b self, vm_bo: &'b VmBo<T>) -> Result<LinkedMappings<'b, T>> {
        if !self.holds(vm_bo.object()) {
            return Err(EINVAL);
        }
        // SAFETY: In deferred mode the object's `dma_resv` is the lock of the list. It is held while
        // `self` is borrowed, and whoever unlinks has it to himself, or borrows `self` mutably.
        Ok(unsafe { LinkedMappings::new(vm_bo) })
    }
}

impl<T: Driver> Drop for Locked<'_, '_, T> {
    fn drop(&mut self) {
        // SAFETY: `exec` is locked, by this thread.
        unsafe { raw::ref_drm_gpuvm_exec_unlock(self.exec.exec.as_ptr()) };
        self.exec.state = State::Nothing;
        self.exec.vm.clean_up_unlocked();
    }
}

/// A pair whose object is locked, by whoever has this.
///
/// From [`Locked::held`], or for [`Driver::validate`].
///
/// # Invariants
///
/// The `dma_resv` of the object is held, by this thread.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, Held};
///
/// fn object<'a, D: Driver>(pair: &'a Held<'_, D>) -> &'a D::Object {
///     pair.object()
/// }
/// ```
pub struct Held<'a, T: Driver> {
    vm_bo: &'a VmBo<T>,
    /// Of the thread that holds the lock.
    _not_send: PhantomData<*mut ()>,
}

impl<'a, T: Driver> Held<'a, T> {
    /// # Safety
    ///
    /// For all of `'a` this thread holds the `dma_resv` of the object.
    pub(crate) unsafe fn new(vm_bo: &'a VmBo<T>) -> Self {
        // INVARIANT: By the requirement of this function.
        Self {
            vm_bo,
            _not_send: PhantomData,
        }
    }

    /// Whether the object is evicted, to this VM.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Held};
    /// fn is_here<D: Driver>(pair: &Held<'_, D>) -> bool {
    ///     !pair.is_evicted()
    /// }
    /// ```
    pub fn is_evicted(&self) -> bool {
        // SAFETY: By the type invariants the lock of the member is held.
        unsafe { (*self.vm_bo.as_raw()).evicted }
    }
}

impl<T: Driver> Deref for Held<'_, T> {
    type Target = VmBo<T>;

    fn deref(&self) -> &VmBo<T> {
        self.vm_bo
    }
}
