// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! The pair of a VM and an object.

use core::{
    marker::PhantomData,
    ptr::{null_mut, NonNull},
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering},
};

use drm_gpuvm_raw as raw;
use kernel::{
    bindings::{drm_exec, drm_gem_object},
    drm::gem::IntoGEMObject,
    ffi::c_int,
    prelude::*,
    sync::{
        aref::{ARef, AlwaysRefCounted},
        Mutex, MutexGuard,
    },
    types::Opaque,
};

use crate::{exec, mode, Driver, Held, Immediate, Mapping, MayAlloc, Vm};

/// The gpuva lock of immediate mode.
pub(crate) fn gpuva_lock<O: IntoGEMObject>(object: &O) -> &Mutex<()> {
    // SAFETY: The object is borrowed, and with it the mutex, which all objects have.
    unsafe { Mutex::from_raw(raw::ref_drm_gem_gpuva_mutex(object.as_raw())) }
}

/// Makes the list of an object ready for pairs.
///
/// Context: process. Takes the GEM's gpuva lock.
pub(crate) fn make_ready<O: IntoGEMObject>(object: &O) {
    // SAFETY: The object is borrowed.
    unsafe { make_raw_ready(object.as_raw()) };
}

/// The same, for an object that is no driver's.
///
/// In C, DRM does this for drivers with `DRIVER_GEM_GPUVA`, which the kernel crate of 7.2 does not
/// let a driver say.
///
/// Context: process. Takes the GEM's gpuva lock.
///
/// # Safety
///
/// `object` is valid.
#[inline]
pub(crate) unsafe fn make_raw_ready(object: *mut drm_gem_object) {
    // SAFETY: The object is valid, and its list used under the mutex, which all objects have.
    // Objects are zeroed when they are made, so a list that is not ready begins with null.
    unsafe {
        let _guard = Mutex::<()>::from_raw(raw::ref_drm_gem_gpuva_mutex(object)).lock();
        let list = &raw mut (*object).gpuva.list;
        if (*list).next.is_null() {
            (*list).next = list;
            (*list).prev = list;
        }
    }
}

/// The pair of a VM and an object that is mapped in it, or is going to be.
///
/// From [`Vm::obtain`]. Each mapping of the object in the VM holds a reference.
///
/// # Invariants
///
/// * The core counts the references, of which each [`ARef`] is one.
/// * It is in the list of its object, has a VM that is a `Vm<T>` and an object that is a
///   `T::Object`, and keeps both.
/// * All mappings that are linked to it fulfil the invariants of [`Mapping`].
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, MapRequest, VmBo};
///
/// fn request<D: Driver>(pair: &VmBo<D>) -> MapRequest<'_, D> {
///     MapRequest::new(0x1000, 0x1000, pair, 0)
/// }
/// ```
#[repr(C)]
pub struct VmBo<T: Driver> {
    /// First, so that a pointer to the one is a pointer to the other.
    inner: Opaque<raw::drm_gpuvm_bo>,
    /// In deferred mode: references that nobody has any more. It is in the VM's list if there are
    /// any.
    zombies: AtomicUsize,
    /// The next one in that list.
    next: AtomicPtr<Self>,
    data: T::VmBoData,
}

// SAFETY: The core has locks for all of it that changes; objects and the driver's data are `Send`.
unsafe impl<T: Driver> Send for VmBo<T> {}
// SAFETY: As above, and they are `Sync`.
unsafe impl<T: Driver> Sync for VmBo<T> {}

// SAFETY: By the type invariants, the core counts the references.
unsafe impl<T: Driver> AlwaysRefCounted for VmBo<T> {
    fn inc_ref(&self) {
        // SAFETY: There is a reference to `self`, so the count is not 0.
        unsafe { raw::ref_drm_gpuvm_bo_get(self.as_raw()) };
    }

    /// Context: fence signalling section, as long as the VM has an owner; after that, as
    /// [`Vm::clean_up`]. In immediate mode takes the GEM's gpuva lock for the last reference.
    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: By the requirements of this function, this is a reference still.
        let vm = unsafe { obj.as_ref() }.vm();
        // The last put may be followed by someone's cleanup, which lets go of the VM.
        let vm: ARef<Vm<T>> = vm.into();
        if mode::in_job::<T::Mode>() {
            // SAFETY: The caller passes a reference on. The VM is in immediate mode.
            unsafe { raw::ref_drm_gpuvm_bo_put_deferred(obj.as_ptr().cast()) };
        } else {
            // SAFETY: The caller passes a reference on.
            unsafe { vm.put_later(obj) };
        }
        vm.cleanup_if_closed();
    }
}

impl<T: Driver> VmBo<T> {
    /// # Safety
    ///
    /// For all of `'a`, `vm_bo` points to a valid `VmBo<T>`, which is in the list of its object.
    pub(crate) unsafe fn from_raw<'a>(vm_bo: *mut raw::drm_gpuvm_bo) -> &'a Self {
        // CAST: `inner` is the first member, and transparent.
        // SAFETY: By the requirements of this function.
        unsafe { &*vm_bo.cast() }
    }

    /// The C structure.
    pub(crate) fn as_raw(&self) -> *mut raw::drm_gpuvm_bo {
        self.inner.get()
    }

    /// The VM.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Vm, VmBo};
    /// fn is_of<D: Driver>(pair: &VmBo<D>, vm: &Vm<D>) -> bool {
    ///     core::ptr::eq(pair.vm(), vm)
    /// }
    /// ```
    pub fn vm(&self) -> &Vm<T> {
        // SAFETY: The member does not change, and by the type invariants it is a `Vm<T>`, kept.
        unsafe { Vm::from_raw((*self.inner.get()).vm) }
    }

    /// The object.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, VmBo};
    /// fn is_external<D: Driver>(pair: &VmBo<D>) -> bool {
    ///     pair.vm().is_external(pair.object())
    /// }
    /// ```
    pub fn object(&self) -> &T::Object {
        // SAFETY: The member does not change, and by the type invariants it is a `T::Object`, kept.
        unsafe { T::Object::from_raw((*self.inner.get()).obj) }
    }

    /// What the driver keeps with the pair.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, VmBo};
    /// fn uses<D: Driver<VmBoData = u32>>(pair: &VmBo<D>) -> u32 {
    ///     *pair.data()
    /// }
    /// ```
    pub fn data(&self) -> &T::VmBoData {
        &self.data
    }

    /// Counts a reference that nobody has any more. Whether it is in the VM's list already.
    pub(crate) fn add_zombie(&self) -> bool {
        self.zombies.fetch_add(1, Ordering::AcqRel) != 0
    }

    pub(crate) fn set_next_zombie(&self, next: *mut Self) {
        self.next.store(next, Ordering::Relaxed);
    }

    /// Drops the references that nobody has any more, and gives the next one in the list.
    ///
    /// Context: process; sleeps; takes `dma_resv` locks.
    ///
    /// # Safety
    ///
    /// It was in the list, and the caller has taken it out.
    pub(crate) unsafe fn bury(zombie: NonNull<Self>) -> *mut Self {
        // SAFETY: What is in the list has references, which nobody else drops.
        let this = unsafe { zombie.as_ref() };
        let next = this.next.load(Ordering::Relaxed);
        // The lock is in the object, or in the one that the VM keeps.
        let object: ARef<T::Object> = this.object().into();
        let vm: ARef<Vm<T>> = this.vm().into();
        // SAFETY: Both are kept.
        let locks = unsafe { exec::Pair::lock::<T>(vm.as_raw(), object.as_raw()) };
        // From here on it may be in the list again.
        for _ in 0..this.zombies.swap(0, Ordering::AcqRel) {
            // SAFETY: The references are ours, and all locks held that it takes.
            unsafe { raw::ref_drm_gpuvm_bo_put(zombie.as_ptr().cast()) };
        }
        drop(locks);
        next
    }

    /// `vm_bo_alloc` of `struct drm_gpuvm_ops`.
    ///
    /// # Safety
    ///
    /// For the core alone, which makes what it gets valid.
    pub(crate) unsafe extern "C" fn alloc() -> *mut raw::drm_gpuvm_bo {
        let Ok(memory) = KBox::<Self>::new_uninit(GFP_KERNEL | __GFP_ZERO) else {
            return null_mut();
        };
        let vm_bo = KBox::into_raw(memory).cast::<Self>();
        // SAFETY: This is memory for it, and nobody else has it. The core takes `inner` zeroed.
        unsafe { (&raw mut (*vm_bo).data).write(T::VmBoData::default()) };
        vm_bo.cast()
    }

    /// `vm_bo_free` of `struct drm_gpuvm_ops`.
    ///
    /// # Safety
    ///
    /// For the core alone, with what [`VmBo::alloc`] gave and without references to it.
    pub(crate) unsafe extern "C" fn free(vm_bo: *mut raw::drm_gpuvm_bo) {
        // SAFETY: It is from a box, by the requirements of this function.
        drop(unsafe { KBox::<Self>::from_raw(vm_bo.cast()) });
    }

    /// `vm_bo_validate` of `struct drm_gpuvm_ops`.
    ///
    /// # Safety
    ///
    /// For the core alone: both are valid.
    pub(crate) unsafe extern "C" fn validate(
        vm_bo: *mut raw::drm_gpuvm_bo,
        exec: *mut drm_exec,
    ) -> c_int {
        // SAFETY: The core has a reference while it validates.
        let this = unsafe { Self::from_raw(vm_bo) };
        // SAFETY: Both are valid. Somebody may have made the pair since all were locked.
        if !unsafe { exec::holds(exec, this.object().as_raw()) } {
            return EAGAIN.to_errno();
        }
        // SAFETY: The object's `dma_resv` is held, by `exec`.
        let held = unsafe { Held::new(this) };
        if let Err(error) = T::validate(&MayAlloc::here(), &held) {
            return error.to_errno();
        }
        // SAFETY: The object's `dma_resv` is held, by `exec`.
        unsafe { raw::ref_drm_gpuvm_bo_evict(vm_bo, false) };
        0
    }
}

impl<T: Driver<Mode = Immediate>> VmBo<T> {
    /// Locks the list of mappings, which is the GEM's gpuva lock.
    ///
    /// While it is held, neither the object's mappings nor pairs of it are made or removed: not by
    /// this thread either, which would wait for itself. Locks of two objects may be the same: never
    /// hold two.
    ///
    /// Context: fence signalling section; nothing is allocated while it is held.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Immediate, VmBo};
    /// fn mapped<D: Driver<Mode = Immediate>>(pair: &VmBo<D>) -> u64 {
    ///     pair.lock().iter().map(|mapping| mapping.length()).sum()
    /// }
    /// ```
    pub fn lock(&self) -> Linked<'_, T> {
        Linked {
            vm_bo: self,
            _guard: self.gpuva_lock().lock(),
        }
    }

    #[inline]
    pub(crate) fn gpuva_lock(&self) -> &Mutex<()> {
        gpuva_lock(self.object())
    }
}

/// The mappings of a [`VmBo`], locked.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, Linked};
///
/// fn first_address<D: Driver>(linked: &Linked<'_, D>) -> Option<u64> {
///     Some(linked.iter().next()?.address())
/// }
/// ```
pub struct Linked<'a, T: Driver> {
    vm_bo: &'a VmBo<T>,
    _guard: MutexGuard<'a, ()>,
}

impl<T: Driver> Linked<'_, T> {
    /// The mappings of the object in this VM, in the order in which they were made.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Linked};
    /// fn count<D: Driver>(linked: &Linked<'_, D>) -> usize {
    ///     linked.iter().count()
    /// }
    /// ```
    pub fn iter(&self) -> LinkedMappings<'_, T> {
        // SAFETY: The lock is held while `self` is borrowed.
        unsafe { LinkedMappings::new(self.vm_bo) }
    }
}

impl<'a, T: Driver> IntoIterator for &'a Linked<'_, T> {
    type Item = &'a Mapping<T>;
    type IntoIter = LinkedMappings<'a, T>;

    fn into_iter(self) -> LinkedMappings<'a, T> {
        self.iter()
    }
}

/// The mappings of an object in a VM; see [`Linked::iter`], and in deferred mode
/// [`Locked::mappings`](crate::Locked::mappings).
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, LinkedMappings};
///
/// fn first_address<D: Driver>(mut mappings: LinkedMappings<'_, D>) -> Option<u64> {
///     Some(mappings.next()?.address())
/// }
/// ```
pub struct LinkedMappings<'a, T: Driver> {
    next: *mut raw::drm_gpuva,
    vm_bo: &'a VmBo<T>,
    /// What the thread has locked, another one has not.
    _locked: PhantomData<(&'a Mapping<T>, *mut ())>,
}

impl<'a, T: Driver> LinkedMappings<'a, T> {
    /// # Safety
    ///
    /// For all of `'a` the GEM's gpuva lock is held by this thread, and nothing is unlinked.
    pub(crate) unsafe fn new(vm_bo: &'a VmBo<T>) -> Self {
        Self {
            // SAFETY: By the requirement of this function.
            next: unsafe { raw::ref_drm_gpuvm_bo_first_va(vm_bo.as_raw()) },
            vm_bo,
            _locked: PhantomData,
        }
    }
}

impl<'a, T: Driver> Iterator for LinkedMappings<'a, T> {
    type Item = &'a Mapping<T>;

    fn next(&mut self) -> Option<&'a Mapping<T>> {
        let va = NonNull::new(self.next)?.as_ptr();
        // SAFETY: For all of `'a` the lock is held, so `va` stays linked.
        self.next = unsafe { raw::ref_drm_gpuvm_bo_next_va(self.vm_bo.as_raw(), va) };
        // SAFETY: By the invariants of `VmBo`, what is linked is a mapping; nobody unlinks it, and
        // so nobody removes it from memory, while the lock is held.
        Some(unsafe { Mapping::from_raw(va) })
    }
}
