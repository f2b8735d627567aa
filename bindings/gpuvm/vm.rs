// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! The VM, and its owner.

use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::{Deref, Range},
    ptr::NonNull,
    sync::atomic::{AtomicBool, Ordering},
};

use drm_gpuvm_raw as raw;
use kernel::{
    drm::gem::IntoGEMObject,
    error::to_result,
    prelude::*,
    str::CStrExt,
    sync::aref::{ARef, AlwaysRefCounted},
    types::Opaque,
};

use crate::{
    ops::{self, Steps},
    vm_bo, Driver, MapRequest, Mapping, VmBo,
};

/// How to make a VM.
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
/// References to it are shared; [`OwnedVm`] is the one that can change what is mapped.
///
/// # Invariants
///
/// * The core counts the references, of which each [`ARef`] is one.
/// * It is in immediate mode, and the core has a lock of its own for its lists.
/// * What is inserted, apart from the kernel's reserve, is a [`Mapping<T>`], and is linked to a
///   [`VmBo<T>`] if it has an object.
/// * It is changed by its owner alone.
#[repr(C)]
pub struct Vm<T: Driver> {
    /// First, so that a pointer to the one is a pointer to the other.
    inner: Opaque<raw::drm_gpuvm>,
    /// The owner is gone, and nobody cleans up any more but those who leave something.
    closed: AtomicBool,
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
    const OPS: raw::drm_gpuvm_ops = raw::drm_gpuvm_ops {
        vm_free: Some(Self::free),
        op_alloc: None,
        op_free: None,
        vm_bo_alloc: Some(VmBo::<T>::alloc),
        vm_bo_free: Some(VmBo::<T>::free),
        vm_bo_validate: Some(VmBo::<T>::validate),
        sm_step_map: Some(Steps::<T>::callback),
        sm_step_remap: Some(Steps::<T>::callback),
        sm_step_unmap: Some(Steps::<T>::callback),
        __reserved: [core::ptr::null_mut(); 8],
    };

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
    pub fn range(&self) -> Range<u64> {
        // SAFETY: These members do not change.
        let (start, length) = unsafe { ((*self.as_raw()).mm_start, (*self.as_raw()).mm_range) };
        // The core took it, so it ends below 2^64.
        start..start.wrapping_add(length)
    }

    /// What the driver keeps for itself; empty if nothing.
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
    pub fn range_valid(&self, address: u64, length: u64) -> bool {
        // SAFETY: The VM is valid; only what does not change is read.
        unsafe { raw::ref_drm_gpuvm_range_valid(self.as_raw(), address, length) }
    }

    /// Whether an object has a `dma_resv` of its own instead of the VM's.
    pub fn is_external(&self, object: &T::Object) -> bool {
        // SAFETY: Both are valid; only what does not change is read.
        unsafe { raw::ref_drm_gpuvm_is_extobj(self.as_raw(), object.as_raw()) }
    }

    /// Finds or makes the pair of this VM and an object.
    ///
    /// An external object is locked by [`Exec::lock`](crate::Exec::lock) from then on, until the
    /// pair is gone. `ENODEV` if the VM has no owner any more, `ENOMEM` for want of memory.
    ///
    /// Context: process; allocates with `GFP_KERNEL`. Takes the GEM's gpuva lock.
    pub fn obtain(&self, object: &T::Object) -> Result<ARef<VmBo<T>>> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(ENODEV);
        }
        // Here is a good place for what jobs left, so that nobody else has to find one.
        self.clean_up();
        vm_bo::make_ready(object);
        // SAFETY: Both are valid.
        let new = unsafe { raw::ref_drm_gpuvm_bo_create(self.as_raw(), object.as_raw()) };
        let new = NonNull::new(new).ok_or(ENOMEM)?;
        // SAFETY: It was just created, and the VM is in immediate mode. The reference passes on.
        let vm_bo = unsafe { raw::ref_drm_gpuvm_bo_obtain_prealloc(new.as_ptr()) };
        // SAFETY: It is valid, by the reference that we just got; the list has a lock of the core's.
        unsafe { raw::ref_drm_gpuvm_bo_extobj_add(vm_bo) };
        // SAFETY: It is a `VmBo<T>`, because `OPS` made it, is now in its object's list, and is not
        // null. The reference is ours.
        Ok(unsafe { ARef::from_raw(NonNull::new_unchecked(vm_bo.cast())) })
    }

    /// Frees the pairs whose last reference was dropped.
    ///
    /// [`Vm::obtain`] and the end of the VM do this too; a VM in which jobs only unmap wants it from
    /// time to time.
    ///
    /// Context: process, outside of the fence signalling section; sleeps.
    pub fn clean_up(&self) {
        // SAFETY: The VM is valid and in immediate mode.
        unsafe { raw::ref_drm_gpuvm_bo_deferred_cleanup(self.as_raw()) };
    }

    /// For who left something after the owner had gone.
    pub(crate) fn cleanup_if_closed(&self) {
        // Either this sees that the owner was here, or the owner saw what we left: each of both
        // writes first, then reads.
        if self.closed.load(Ordering::SeqCst) {
            self.clean_up();
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

/// A VM and the right to change it.
///
/// `&mut` of it is the lock around all changes: a driver puts it into a `Mutex`, one that may be
/// taken in the fence signalling section.
///
/// Dropping it closes the VM: what is mapped is removed, without the driver's functions being
/// called, and a pair that somebody still has a reference to is reported.
///
/// # Invariants
///
/// * There is one for each [`Vm`], and it has a reference to it.
pub struct OwnedVm<T: Driver> {
    vm: NonNull<Vm<T>>,
    driver: T,
}

// SAFETY: It is a `Vm<T>`, a `T`, and the mappings, which are all `Send`.
unsafe impl<T: Driver + Send> Send for OwnedVm<T> {}
// SAFETY: It is a `Vm<T>`, a `T`, and the mappings, which are all `Sync`.
unsafe impl<T: Driver + Sync> Sync for OwnedVm<T> {}

impl<T: Driver> Deref for OwnedVm<T> {
    type Target = Vm<T>;

    fn deref(&self) -> &Vm<T> {
        // SAFETY: By the type invariants there is a reference.
        unsafe { self.vm.as_ref() }
    }
}

impl<T: Driver> OwnedVm<T> {
    /// Makes a VM on the device of `resv_object`, whose `dma_resv` becomes the VM's.
    ///
    /// `EINVAL` for a range that is empty or ends before it begins, or a reserve outside of it;
    /// `ENOEXEC` if this crate and the C module were built from different headers; `ENOMEM`.
    ///
    /// Context: process; allocates with `GFP_KERNEL`.
    pub fn new(args: VmArgs, resv_object: &T::Object, driver: T) -> Result<Self> {
        let length = |range: &Range<u64>| range.end.checked_sub(range.start).ok_or(EINVAL);
        let (range, reserve) = (length(&args.range)?, length(&args.reserve)?);
        let memory = KBox::<Vm<T>>::new_uninit(GFP_KERNEL | __GFP_ZERO)?;
        let vm = NonNull::from(KBox::leak(memory)).cast::<Vm<T>>();
        // SAFETY: `vm` is zeroed memory for a VM; 0 is false, too. The object and its device are
        // valid, and name, `OPS` and `ABI` live forever. The VM takes references of its own.
        let ret = to_result(unsafe {
            raw::ref_drm_gpuvm_init_abi(
                vm.as_ptr().cast(),
                args.name.as_char_ptr(),
                raw::DRM_GPUVM_IMMEDIATE_MODE,
                (*resv_object.as_raw()).dev,
                resv_object.as_raw(),
                args.range.start,
                range,
                args.reserve.start,
                reserve,
                const { &Vm::<T>::OPS },
                const { &ABI },
            )
        });
        match ret {
            // INVARIANT: The first reference is ours, and nobody else makes an owner.
            Ok(()) => Ok(Self { vm, driver }),
            Err(error) if error == ENOEXEC => {
                // SAFETY: The core did not touch it.
                drop(unsafe { KBox::<Vm<T>>::from_raw(vm.as_ptr()) });
                Err(error)
            }
            Err(error) => {
                // SAFETY: The VM is complete but for its range; the only reference is ours.
                unsafe { raw::ref_drm_gpuvm_put(vm.as_ptr().cast()) };
                Err(error)
            }
        }
    }

    /// The VM, to share.
    pub fn share(&self) -> ARef<Vm<T>> {
        (&**self).into()
    }

    /// The driver's part.
    pub fn driver(&self) -> &T {
        &self.driver
    }

    /// The driver's part, to change.
    pub fn driver_mut(&mut self) -> &mut T {
        &mut self.driver
    }

    /// Maps what `request` asks for. What is mapped in its range is taken away or cut before, in the
    /// order of addresses.
    ///
    /// `EINVAL`, and nothing is done, for a range in which nothing may be mapped, attributes that
    /// are not valid, or a [`VmBo`] of another VM. What a function of the driver returns, and then
    /// what was done before it stays.
    ///
    /// Context: fence signalling section, as far as the driver's functions are.
    pub fn sm_map(&mut self, request: &MapRequest<'_, T>, context: &mut T::Context<'_>) -> Result {
        self.check(request)?;
        let vm = self.as_raw();
        // INVARIANT: We have the owner to ourselves. `check` compared the VM of the request.
        let mut steps = Steps {
            driver: &mut self.driver,
            context,
            vm,
            vm_bo: request.vm_bo(),
        };
        // SAFETY: The VM is ours, and the request valid; the callbacks get what they ask for.
        to_result(unsafe {
            raw::ref_drm_gpuvm_sm_map(vm, (&raw mut steps).cast(), request.as_raw())
        })
    }

    /// Unmaps what is mapped in a range; nothing may be.
    ///
    /// Errors and context are those of [`OwnedVm::sm_map`].
    pub fn sm_unmap(&mut self, address: u64, length: u64, context: &mut T::Context<'_>) -> Result {
        let vm = self.as_raw();
        // INVARIANT: We have the owner to ourselves. There are no map operations.
        let mut steps = Steps {
            driver: &mut self.driver,
            context,
            vm,
            vm_bo: None,
        };
        // SAFETY: The VM is ours; the callbacks get what they ask for.
        to_result(unsafe {
            raw::ref_drm_gpuvm_sm_unmap(vm, (&raw mut steps).cast(), address, length)
        })
    }

    /// Whether a request is one for this VM.
    pub(crate) fn check(&self, request: &MapRequest<'_, T>) -> Result {
        match request.vm_bo() {
            Some(vm_bo) if !core::ptr::eq(vm_bo.vm(), &**self) => Err(EINVAL),
            _ => Ok(()),
        }
    }

    /// What carries out operations, and on which VM.
    pub(crate) fn parts(&mut self) -> (&mut T, *mut raw::drm_gpuvm) {
        let vm = self.as_raw();
        (&mut self.driver, vm)
    }

    /// All mappings, in the order of addresses, without the reserve.
    pub fn iter(&self) -> Mappings<'_, T> {
        Mappings {
            vm: self,
            // SAFETY: The VM is borrowed, so it does not change.
            next: unsafe { raw::ref_drm_gpuvm_first_va(self.as_raw()) },
            end: u64::MAX,
        }
    }

    /// The mappings that overlap a range, in the order of addresses, without the reserve. The first
    /// and the last may reach out of it.
    pub fn iter_range(&self, range: Range<u64>) -> Mappings<'_, T> {
        let length = range.end.saturating_sub(range.start);
        Mappings {
            vm: self,
            // SAFETY: The VM is borrowed, so it does not change.
            next: unsafe { raw::ref_drm_gpuva_find_first(self.as_raw(), range.start, length) },
            end: range.end,
        }
    }

    /// The mapping of exactly a range.
    pub fn find(&self, address: u64, length: u64) -> Option<&Mapping<T>> {
        // SAFETY: The VM is borrowed, so it does not change.
        self.mapping(unsafe { raw::ref_drm_gpuva_find(self.as_raw(), address, length) })
    }

    /// The first mapping that overlaps a range.
    pub fn find_first(&self, address: u64, length: u64) -> Option<&Mapping<T>> {
        self.iter_range(address..address.checked_add(length)?)
            .next()
    }

    /// The mapping that ends where a range starts.
    pub fn find_prev(&self, start: u64) -> Option<&Mapping<T>> {
        // SAFETY: The VM is borrowed, so it does not change.
        self.mapping(unsafe { raw::ref_drm_gpuva_find_prev(self.as_raw(), start) })
    }

    /// The mapping that starts where a range ends.
    pub fn find_next(&self, end: u64) -> Option<&Mapping<T>> {
        // SAFETY: The VM is borrowed, so it does not change.
        self.mapping(unsafe { raw::ref_drm_gpuva_find_next(self.as_raw(), end) })
    }

    /// Whether nothing is mapped in a range, and it does not touch the reserve.
    pub fn interval_empty(&self, address: u64, length: u64) -> bool {
        // SAFETY: The VM is borrowed, so it does not change.
        unsafe { raw::ref_drm_gpuvm_interval_empty(self.as_raw(), address, length) }
    }

    /// What the core found, if it is a mapping.
    fn mapping(&self, va: *mut raw::drm_gpuva) -> Option<&Mapping<T>> {
        if va.is_null() || self.is_reserve(va) {
            return None;
        }
        // SAFETY: By the invariants of `Vm`, what is inserted and not the reserve is a `Mapping<T>`;
        // nothing is removed while `self` is borrowed.
        Some(unsafe { Mapping::from_raw(va) })
    }

    fn is_reserve(&self, va: *mut raw::drm_gpuva) -> bool {
        // SAFETY: Only the address of the member is taken, of a VM that is valid.
        va == unsafe { &raw mut (*self.as_raw()).kernel_alloc_node }
    }

    /// Removes all mappings, without the driver's functions being called.
    ///
    /// Context: process. Takes gpuva locks.
    pub fn clear(&mut self) {
        // SAFETY: We have the VM to ourselves.
        let mut va = unsafe { raw::ref_drm_gpuvm_first_va(self.as_raw()) };
        while !va.is_null() {
            // SAFETY: `va` is inserted.
            let next = unsafe { raw::ref_drm_gpuva_next_va(va) };
            if !self.is_reserve(va) {
                // SAFETY: `va` is inserted, and not the reserve. There are no references to
                // mappings, because there is none to the owner but ours.
                drop(unsafe {
                    raw::ref_drm_gpuva_remove(va);
                    ops::unlink::<T>(va)
                });
            }
            va = next;
        }
    }

    /// Closes the VM: stop its jobs before. Dropping the owner does the same.
    ///
    /// Returns how many pairs somebody still has references to. Each is a leak that the kernel's log
    /// names; it is over when the last of them is dropped.
    ///
    /// Context: process; sleeps. Takes gpuva locks.
    pub fn close(self) -> usize {
        let mut this = ManuallyDrop::new(self);
        let leaks = this.shut_down();
        // SAFETY: `this` is not used any more, and not dropped.
        drop(unsafe { (&raw const this.driver).read() });
        leaks
    }

    fn shut_down(&mut self) -> usize {
        self.clear();
        self.closed.store(true, Ordering::SeqCst);
        self.clean_up();
        // SAFETY: Nothing is mapped, and the owner's reference passes on: nobody uses `self` any
        // more.
        unsafe { raw::ref_drm_gpuvm_close(self.as_raw()) }
    }
}

impl<T: Driver> Drop for OwnedVm<T> {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// Mappings in the order of addresses; see [`OwnedVm::iter`].
pub struct Mappings<'a, T: Driver> {
    vm: &'a OwnedVm<T>,
    next: *mut raw::drm_gpuva,
    end: u64,
}

impl<'a, T: Driver> Iterator for Mappings<'a, T> {
    type Item = &'a Mapping<T>;

    fn next(&mut self) -> Option<&'a Mapping<T>> {
        while !self.next.is_null() {
            let va = self.next;
            // SAFETY: The VM is borrowed, so `va` stays inserted.
            self.next = unsafe { raw::ref_drm_gpuva_next_va(va) };
            if let Some(mapping) = self.vm.mapping(va) {
                if mapping.address() < self.end {
                    return Some(mapping);
                }
                self.next = core::ptr::null_mut();
            }
        }
        None
    }
}

impl<'a, T: Driver> IntoIterator for &'a OwnedVm<T> {
    type Item = &'a Mapping<T>;
    type IntoIter = Mappings<'a, T>;

    fn into_iter(self) -> Mappings<'a, T> {
        self.iter()
    }
}
