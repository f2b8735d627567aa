// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! The VM, and what everybody who has a reference may do with it.

use core::{
    marker::PhantomData,
    ops::Range,
    ptr::{null_mut, NonNull},
    sync::atomic::{AtomicBool, AtomicPtr, Ordering},
};

use drm_gpuvm_raw as raw;
use kernel::{
    drm::gem::IntoGEMObject,
    error::{from_err_ptr, to_result},
    prelude::*,
    sync::aref::{ARef, AlwaysRefCounted},
    types::Opaque,
};

use crate::{exec, mode, mode::Choice, vm_bo, Driver, MayAlloc, VmBo};

/// How to make a VM.
///
/// # Examples
///
/// A VM of 48 bits, whose first page stays empty:
///
/// ```
/// use drm_gpuvm::VmArgs;
///
/// fn args() -> VmArgs {
///     VmArgs {
///         name: c"example",
///         range: 0..1 << 48,
///         reserve: 0..0x1000,
///     }
/// }
/// ```
pub struct VmArgs {
    /// For messages and debugfs.
    pub name: &'static CStr,
    /// The VA space, in whatever unit the driver chooses; it must not be empty.
    pub range: Range<u64>,
    /// What the driver keeps for itself of it: nothing is mapped there. May be empty.
    pub reserve: Range<u64>,
}

/// What the core compares with what it was compiled with itself.
pub(crate) const ABI: raw::drm_gpuvm_abi = raw::drm_gpuvm_abi {
    version: raw::DRM_GPUVM_ABI_VERSION,
    gpuvm: size_of::<raw::drm_gpuvm>() as u32,
    gpuva: size_of::<raw::drm_gpuva>() as u32,
    gpuvm_bo: size_of::<raw::drm_gpuvm_bo>() as u32,
    gpuva_op: size_of::<raw::drm_gpuva_op>() as u32,
    gpuvm_ops: size_of::<raw::drm_gpuvm_ops>() as u32,
    map_req: size_of::<raw::drm_gpuvm_map_req>() as u32,
    // What stands behind this, only C knows; it stands at the end.
    exec_offset: size_of::<raw::drm_gpuvm_exec>() as u32,
};

/// A GPU virtual address space.
///
/// References to it are shared; [`OwnedVm`](crate::OwnedVm) is the one that can change what is
/// mapped.
///
/// # Invariants
///
/// * The core counts the references, of which each [`ARef`] is one.
/// * Its mode and the lock of its lists are those that `T` says.
/// * What is inserted, apart from the kernel's reserve, is a [`Mapping<T>`](crate::Mapping), and is
///   linked to a [`VmBo<T>`] if it has an object.
/// * It is changed by its owner alone.
/// * `zombies` are pairs, each with as many references as its own count says.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, MayAlloc, Vm};
/// use kernel::prelude::*;
///
/// fn make_known<D: Driver>(may: &MayAlloc, vm: &Vm<D>, object: &D::Object) -> Result<bool> {
///     let _pair = vm.obtain(may, object)?;
///     Ok(vm.is_external(object))
/// }
/// ```
#[repr(C)]
pub struct Vm<T: Driver> {
    /// First, so that a pointer to the one is a pointer to the other.
    inner: Opaque<raw::drm_gpuvm>,
    /// The owner is gone, and nobody cleans up any more but those who leave something.
    closed: AtomicBool,
    /// In deferred mode: pairs with references that nobody has any more.
    zombies: AtomicPtr<VmBo<T>>,
    _driver: PhantomData<fn(T)>,
}

// SAFETY: What can be reached through it is the core's, which has locks, or `Send` and `Sync` by the
// bounds of `Driver`. The `T` itself is not in it, but with the owner.
unsafe impl<T: Driver> Send for Vm<T> {}
// SAFETY: As above.
unsafe impl<T: Driver> Sync for Vm<T> {}

// SAFETY: By the type invariants, the core counts the references.
unsafe impl<T: Driver> AlwaysRefCounted for Vm<T> {
    fn inc_ref(&self) {
        // SAFETY: There is a reference to `self`, so the count is not 0.
        unsafe { raw::ref_drm_gpuvm_get(self.as_raw()) };
    }

    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: The caller passes a reference on.
        unsafe { raw::ref_drm_gpuvm_put(obj.as_ptr().cast()) };
    }
}

impl<T: Driver> Vm<T> {
    /// Without the functions for steps.
    pub(crate) const OPS: raw::drm_gpuvm_ops = raw::drm_gpuvm_ops {
        vm_free: Some(Self::free),
        op_alloc: None,
        op_free: None,
        vm_bo_alloc: Some(VmBo::<T>::alloc),
        vm_bo_free: Some(VmBo::<T>::free),
        vm_bo_validate: Some(VmBo::<T>::validate),
        sm_step_map: None,
        sm_step_remap: None,
        sm_step_unmap: None,
        __reserved: [null_mut(); 8],
    };

    /// What the core is told of `T`.
    pub(crate) const FLAGS: raw::drm_gpuvm_flags = T::Mode::FLAG | T::Lists::FLAG;

    /// # Safety
    ///
    /// For all of `'a`, `vm` points to a valid `Vm<T>`.
    pub(crate) unsafe fn from_raw<'a>(vm: *mut raw::drm_gpuvm) -> &'a Self {
        // CAST: `inner` is the first member, and transparent.
        // SAFETY: By the requirements of this function.
        unsafe { &*vm.cast() }
    }

    /// The C structure.
    pub(crate) fn as_raw(&self) -> *mut raw::drm_gpuvm {
        self.inner.get()
    }

    /// The VA space.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Vm};
    /// fn end<D: Driver>(vm: &Vm<D>) -> u64 {
    ///     vm.range().end
    /// }
    /// ```
    pub fn range(&self) -> Range<u64> {
        // SAFETY: These members do not change.
        let (start, length) = unsafe { ((*self.as_raw()).mm_start, (*self.as_raw()).mm_range) };
        // The core took it, so it ends below 2^64.
        start..start.wrapping_add(length)
    }

    /// What the driver keeps for itself; empty if nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Vm};
    /// fn has_reserve<D: Driver>(vm: &Vm<D>) -> bool {
    ///     !vm.reserve().is_empty()
    /// }
    /// ```
    pub fn reserve(&self) -> Range<u64> {
        // SAFETY: This member does not change. Copying it makes no reference to what does.
        let (addr, range) = unsafe {
            let va = &raw const (*self.as_raw()).kernel_alloc_node.va;
            ((*va).addr, (*va).range)
        };
        addr..addr.wrapping_add(range)
    }

    /// Whether mappings may be made in a range: it is not empty, lies in the VA space, and does not
    /// touch the reserve. Says nothing of what is mapped there.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Vm};
    /// # use kernel::prelude::*;
    /// fn check<D: Driver>(vm: &Vm<D>, address: u64, length: u64) -> Result {
    ///     if !vm.range_valid(address, length) {
    ///         return Err(EINVAL);
    ///     }
    ///     Ok(())
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
    /// # use drm_gpuvm::{Driver, Vm};
    /// fn is_private<D: Driver>(vm: &Vm<D>, object: &D::Object) -> bool {
    ///     !vm.is_external(object)
    /// }
    /// ```
    pub fn is_external(&self, object: &T::Object) -> bool {
        // SAFETY: Both are valid; only what does not change is read.
        unsafe { raw::ref_drm_gpuvm_is_extobj(self.as_raw(), object.as_raw()) }
    }

    /// Finds or makes the pair of this VM and an object.
    ///
    /// An external object is locked by [`Exec::lock`](crate::Exec::lock) from then on, until the
    /// pair is gone. `ENODEV` if the VM has no owner any more, `ENOMEM` for want of memory.
    ///
    /// Context: process; allocates with `GFP_KERNEL`. In immediate mode takes the GEM's gpuva lock,
    /// in deferred mode its `dma_resv`; under [`VmResv`](crate::VmResv) that of the VM as well. Who
    /// holds these has [`Locked::obtain`](crate::Locked::obtain).
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MayAlloc, Vm, VmBo};
    /// # use kernel::{prelude::*, sync::aref::ARef};
    /// fn pair<D: Driver>(vm: &Vm<D>, object: &D::Object) -> Result<ARef<VmBo<D>>> {
    ///     vm.obtain(&MayAlloc::here(), object)
    /// }
    /// ```
    pub fn obtain(&self, may: &MayAlloc, object: &T::Object) -> Result<ARef<VmBo<T>>> {
        // Here is a good place for what was left, so that nobody else has to find one.
        self.clean_up(may);
        let wants_lock = !mode::in_job::<T::Mode>() || mode::resv_protected::<T::Lists>();
        let _locks = wants_lock.then(|| {
            // SAFETY: The VM and the object are borrowed, and with them what locks them.
            unsafe { exec::Pair::lock::<T>(self.as_raw(), object.as_raw()) }
        });
        // SAFETY: Whatever has to be held is.
        unsafe { self.obtain_held(object) }
    }

    /// Sets aside what `count` new mappings will take of the VM's index.
    ///
    /// To insert one never fails for want of this, but is slow where it is missing. Pairs, locks
    /// and plans set enough aside for a few mappings, jobs of the bind layer for all of theirs. What
    /// is not used stays with the VM. `ENOMEM` for want of memory.
    ///
    /// Context: process; allocates with `GFP_KERNEL`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MayAlloc, Vm};
    /// # use kernel::prelude::*;
    /// fn many<D: Driver>(vm: &Vm<D>) -> Result {
    ///     vm.prepare_mappings(&MayAlloc::here(), 4096)
    /// }
    /// ```
    pub fn prepare_mappings(&self, _may: &MayAlloc, count: usize) -> Result {
        // SAFETY: The VM is valid; its reserve has a lock of its own.
        to_result(unsafe { raw::ref_drm_gpuvm_prepare_mappings(self.as_raw(), count) })
    }

    /// As [`Vm::obtain`], without taking locks but the gpuva mutex.
    ///
    /// # Safety
    ///
    /// In deferred mode, the `dma_resv` of the object is held; under `VmResv`, that of the VM.
    pub(crate) unsafe fn obtain_held(&self, object: &T::Object) -> Result<ARef<VmBo<T>>> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(ENODEV);
        }
        vm_bo::make_ready(object);
        let vm_bo = if mode::in_job::<T::Mode>() {
            // SAFETY: Both are valid.
            let new = unsafe { raw::ref_drm_gpuvm_bo_create(self.as_raw(), object.as_raw()) };
            let new = NonNull::new(new).ok_or(ENOMEM)?;
            // SAFETY: It was just created, and the VM is in immediate mode. The reference passes on.
            unsafe { raw::ref_drm_gpuvm_bo_obtain_prealloc(new.as_ptr()) }
        } else {
            // SAFETY: Both are valid, and the object's `dma_resv` is held.
            from_err_ptr(unsafe {
                raw::ref_drm_gpuvm_bo_obtain_locked(self.as_raw(), object.as_raw())
            })?
        };
        // SAFETY: It is valid, by the reference that we just got; the lock of the list is held, or
        // the core's.
        unsafe { raw::ref_drm_gpuvm_bo_extobj_add(vm_bo) };
        // SAFETY: It is a `VmBo<T>`, because `OPS` made it, is now in its object's list, and is not
        // null. The reference is ours.
        Ok(unsafe { ARef::from_raw(NonNull::new_unchecked(vm_bo.cast())) })
    }

    /// Frees the pairs whose last reference was dropped.
    ///
    /// [`Vm::obtain`], the end of a [`Locked`](crate::Locked) and that of the VM do this too; a VM in
    /// which jobs only unmap wants it from time to time.
    ///
    /// Context: process, outside of the fence signalling section; sleeps. In deferred mode takes the
    /// objects' `dma_resv`, under [`VmResv`](crate::VmResv) that of the VM.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MayAlloc, Vm};
    /// fn after_a_job<D: Driver>(vm: &Vm<D>) {
    ///     vm.clean_up(&MayAlloc::here());
    /// }
    /// ```
    pub fn clean_up(&self, _may: &MayAlloc) {
        self.clean_up_unlocked();
    }

    /// The same, where no reference to a [`MayAlloc`] is to be had: when something is dropped.
    pub(crate) fn clean_up_unlocked(&self) {
        if mode::in_job::<T::Mode>() {
            // SAFETY: The VM is valid and in immediate mode.
            unsafe { raw::ref_drm_gpuvm_bo_deferred_cleanup(self.as_raw()) };
            return;
        }
        let mut next = self.zombies.swap(null_mut(), Ordering::SeqCst);
        while let Some(zombie) = NonNull::new(next) {
            // SAFETY: By the type invariants there are references to it, and they are ours.
            next = unsafe { VmBo::bury(zombie) };
        }
    }

    /// Leaves a reference to be dropped where `dma_resv` locks may be taken.
    ///
    /// Context: any.
    ///
    /// # Safety
    ///
    /// The pair is of this VM. The caller passes a reference on.
    pub(crate) unsafe fn put_later(&self, vm_bo: NonNull<VmBo<T>>) {
        // SAFETY: There is a reference.
        if unsafe { vm_bo.as_ref() }.add_zombie() {
            return;
        }
        let mut head = self.zombies.load(Ordering::Relaxed);
        loop {
            // SAFETY: Nobody buries it before it is in the list.
            unsafe { vm_bo.as_ref() }.set_next_zombie(head);
            // INVARIANT: The reference is counted.
            match self.zombies.compare_exchange_weak(
                head,
                vm_bo.as_ptr(),
                Ordering::SeqCst,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    /// Says that the VM has no owner any more.
    pub(crate) fn set_closed(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// For who left something after the owner had gone.
    pub(crate) fn cleanup_if_closed(&self) {
        // Either this sees that the owner was here, or the owner saw what we left: each of both
        // writes first, then reads.
        if self.closed.load(Ordering::SeqCst) {
            self.clean_up_unlocked();
        }
    }

    /// `vm_free` of `struct drm_gpuvm_ops`.
    ///
    /// # Safety
    ///
    /// For the core alone, without references to the VM.
    unsafe extern "C" fn free(vm: *mut raw::drm_gpuvm) {
        // SAFETY: It is from the box of `OwnedVm::new`, by the requirements of this function.
        drop(unsafe { KBox::<Self>::from_raw(vm.cast()) });
    }
}
