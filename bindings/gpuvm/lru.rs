// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! A limit on the memory that objects have at once, for drivers whose VMs take binds.

use core::{
    cell::UnsafeCell,
    marker::PhantomData,
    ops::Deref,
    ptr::{null_mut, NonNull},
    sync::atomic::{AtomicPtr, AtomicU8, Ordering},
};

use drm_gpuvm_raw as raw;
use kernel::{
    bindings::{self, drm_gem_object},
    drm::gem::IntoGEMObject,
    error::{from_err_ptr, to_result},
    ffi::{c_int, c_void},
    prelude::*,
    str::CStrExt,
    sync::{
        aref::{ARef, AlwaysRefCounted},
        Refcount,
    },
    types::Opaque,
    workqueue::{impl_has_work, Work, WorkItem},
};

use crate::{BindDriver, BindHeld, BindVm, MayAlloc, WorkqueueUser};

/// How a driver gives objects memory, and takes it away.
///
/// # Examples
///
/// Objects that only say whether they have some:
///
/// ```
/// use core::{ops::Deref, sync::atomic::{AtomicBool, Ordering}};
/// use drm_gpuvm::{LruDriver, LruEntry};
/// use kernel::{drm::gem::IntoGEMObject, prelude::*};
///
/// /// The driver's part of an object.
/// struct Object<D: LruDriver> {
///     has_memory: AtomicBool,
///     entry: LruEntry<D>,
/// }
///
/// struct Limit<O>(core::marker::PhantomData<fn(O)>);
///
/// impl<O> LruDriver for Limit<O>
/// where
///     O: IntoGEMObject + Deref<Target = Object<Self>> + Send + Sync + 'static,
/// {
///     type Object = O;
///
///     fn entry(object: &O) -> &LruEntry<Self> {
///         &object.entry
///     }
///
///     fn populate(&self, object: &O, _contents: bool) -> Result {
///         object.has_memory.store(true, Ordering::Relaxed);
///         Ok(())
///     }
///
///     fn evict(&self, object: &O) -> Result {
///         object.has_memory.store(false, Ordering::Relaxed);
///         Ok(())
///     }
///
///     fn limit(&self) -> u64 {
///         1 << 30
///     }
/// }
/// ```
pub trait LruDriver: Sized + Send + Sync + 'static {
    /// The type of the driver's GEM objects.
    type Object: IntoGEMObject + Send + Sync + 'static;

    /// Memory reclaim asks [`LruDriver::may_shrink`]; if not, it evicts nothing.
    const SHRINKS: bool = false;

    /// What an object has for the list: a part of it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{LruDriver, LruEntry};
    /// fn entry<D: LruDriver>(object: &D::Object) -> &LruEntry<D> {
    ///     D::entry(object)
    /// }
    /// ```
    fn entry(object: &Self::Object) -> &LruEntry<Self>;

    /// Gives an object memory; with `contents`, what [`LruDriver::evict`] saved comes back.
    ///
    /// Context: process; sleeps; the object's `dma_resv` is held, with others perhaps.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::LruDriver;
    /// fn for_the_first_time<D: LruDriver>(
    ///     driver: &D,
    ///     object: &D::Object,
    /// ) -> kernel::error::Result {
    ///     driver.populate(object, false)
    /// }
    /// ```
    fn populate(&self, object: &Self::Object, contents: bool) -> Result;

    /// Takes an object's memory away, and saves what it contains. No device reaches it any more;
    /// mappings of the CPU are to be undone. After an error the memory stays.
    ///
    /// Context: as [`LruDriver::populate`]; memory reclaim as well, unless
    /// [`LruDriver::may_evict`] says no to that.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::LruDriver;
    /// fn swap<D: LruDriver>(driver: &D, object: &D::Object) -> kernel::error::Result {
    ///     driver.evict(object)
    /// }
    /// ```
    fn evict(&self, object: &Self::Object) -> Result;

    /// Whether an object may be evicted now: not if it is pinned, and not for memory reclaim if
    /// [`LruDriver::evict`] allocates.
    ///
    /// Context: the object's `dma_resv` is held; may be in memory reclaim.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::LruDriver;
    /// fn is_pinned<D: LruDriver>(driver: &D, object: &D::Object) -> bool {
    ///     !driver.may_evict(object, false)
    /// }
    /// ```
    fn may_evict(&self, _object: &Self::Object, _reclaim: bool) -> bool {
        true
    }

    /// The limit as it is now, in bytes; 0 for none.
    ///
    /// Context: any.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::LruDriver;
    /// fn is_limited<D: LruDriver>(driver: &D) -> bool {
    ///     driver.limit() != 0
    /// }
    /// ```
    fn limit(&self) -> u64 {
        0
    }

    /// Whether memory reclaim may evict now.
    ///
    /// Context: memory reclaim; does not sleep.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::LruDriver;
    /// fn is_memory_of_the_system<D: LruDriver>(driver: &D) -> bool {
    ///     D::SHRINKS && driver.may_shrink()
    /// }
    /// ```
    fn may_shrink(&self) -> bool {
        false
    }
}

/// The objects of a device that have memory, in the order of their last use.
///
/// Each object in it keeps it; when nobody has a reference any more a worker frees it.
///
/// # Invariants
///
/// `refs` counts the references, of which each [`ARef`] is one. `lru` is from the core, valid as
/// long as there is a reference.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Lru, LruDriver};
///
/// fn is_full<D: LruDriver>(lru: &Lru<D>) -> bool {
///     let stats = lru.stats();
///     stats.limit != 0 && stats.resident >= stats.limit
/// }
/// ```
#[pin_data]
pub struct Lru<D: LruDriver> {
    lru: AtomicPtr<raw::drm_gpuvm_lru>,
    refs: Refcount,
    #[pin]
    release: Work<Self>,
    driver: D,
    /// The last to go: then the module may.
    cleanup: WorkqueueUser,
}

// SAFETY: The core has locks for its part, and the driver's is `Send` and `Sync`.
unsafe impl<D: LruDriver> Send for Lru<D> {}
// SAFETY: As above.
unsafe impl<D: LruDriver> Sync for Lru<D> {}

// SAFETY: By the type invariants.
unsafe impl<D: LruDriver> AlwaysRefCounted for Lru<D> {
    fn inc_ref(&self) {
        self.refs.inc();
    }

    /// Context: any but interrupts.
    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: By the requirements of this function, this is a reference still.
        if !unsafe { obj.as_ref() }.refs.dec_and_test() {
            return;
        }
        // SAFETY: It is from a box, and has not moved; nobody has a reference to it any more.
        let this = unsafe { Pin::new_unchecked(KBox::from_raw(obj.as_ptr())) };
        // This may be the very worker of the list that its end waits for.
        let queue: *const kernel::workqueue::Queue = this.cleanup.queue();
        // SAFETY: The list keeps the workqueue, and the work that goes there keeps the list.
        unsafe { (*queue).enqueue::<Pin<KBox<Self>>, 0>(this) };
    }
}

impl_has_work! {
    impl{D: LruDriver} HasWork<Lru<D>> for Lru<D> { self.release }
}

impl<D: LruDriver> WorkItem for Lru<D> {
    type Pointer = Pin<KBox<Self>>;

    fn run(this: Pin<KBox<Self>>) {
        // SAFETY: No object is in it: each would have a reference.
        unsafe { raw::ref_drm_gpuvm_lru_destroy(this.raw()) };
    }
}

impl<D: LruDriver> Deref for Lru<D> {
    type Target = D;

    fn deref(&self) -> &D {
        &self.driver
    }
}

/// The state of a list.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::LruStats;
///
/// fn average(stats: &LruStats) -> Option<u64> {
///     stats.resident.checked_div(stats.objects)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LruStats {
    /// Bytes, or 0.
    pub limit: u64,
    /// Bytes that objects have.
    pub resident: u64,
    /// How many have memory.
    pub objects: u64,
    /// How often one was evicted.
    pub evicted: u64,
    /// How often one came back.
    pub restored: u64,
    /// How often of `evicted` memory reclaim asked for it.
    pub shrunk: u64,
}

impl<D: LruDriver> Lru<D> {
    const OPS: raw::drm_gpuvm_lru_ops = raw::drm_gpuvm_lru_ops {
        populate: Some(Self::populate_callback),
        evict: Some(Self::evict_callback),
        may_evict: Some(Self::may_evict_callback),
        limit: Some(Self::limit_callback),
        may_shrink: if D::SHRINKS {
            Some(Self::may_shrink_callback)
        } else {
            None
        },
        __reserved: [null_mut(); 4],
    };

    /// Makes a list without objects, one for each kind of memory that a device has. `cleanup` drops
    /// references, perhaps the last ones, to objects, and frees the list. `ENOMEM`.
    ///
    /// Context: process; sleeps; allocates with `GFP_KERNEL`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Lru, LruDriver, MayAlloc, WorkqueueUser};
    /// # use kernel::{prelude::*, sync::aref::ARef};
    /// fn make<D: LruDriver>(cleanup: &WorkqueueUser, driver: D) -> Result<ARef<Lru<D>>> {
    ///     Lru::new(&MayAlloc::here(), c"mine-memory", cleanup, driver)
    /// }
    /// ```
    pub fn new(
        _may: &MayAlloc,
        name: &'static CStr,
        cleanup: &WorkqueueUser,
        driver: D,
    ) -> Result<ARef<Self>> {
        let this = KBox::pin_init(
            pin_init!(Self {
                lru: AtomicPtr::new(null_mut()),
                refs: Refcount::new(1),
                release <- Work::new(crate::workqueue::RELEASE, cleanup.class()),
                driver,
                cleanup: cleanup.clone(),
            }),
            GFP_KERNEL,
        )?;
        let args = raw::drm_gpuvm_lru_args {
            ops: const { &Self::OPS },
            name: name.as_char_ptr(),
            cleanup_wq: this.cleanup.as_raw(),
            priv_: core::ptr::from_ref(&*this).cast_mut().cast(),
            __reserved: [0; 4],
        };
        // SAFETY: Operations, name and workqueue are valid as long as the list, and so is the
        // driver's part, which does not move.
        let lru = from_err_ptr(unsafe { raw::ref_drm_gpuvm_lru_create(&args) })?;
        this.lru.store(lru, Ordering::Release);
        // SAFETY: It is not moved out of.
        let this = NonNull::from(KBox::leak(unsafe { Pin::into_inner_unchecked(this) }));
        // INVARIANT: The first reference is ours, and the list valid until the last is gone.
        // SAFETY: As above.
        Ok(unsafe { ARef::from_raw(this) })
    }

    fn raw(&self) -> *mut raw::drm_gpuvm_lru {
        self.lru.load(Ordering::Acquire)
    }

    /// Makes an object known, which has no memory yet: before anybody else sees it. `EINVAL` if
    /// [`LruDriver::entry`] does not give a part of the object; `EBUSY` if it is in a list already.
    ///
    /// Context: any.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Lru, LruDriver};
    /// fn made<D: LruDriver>(lru: &Lru<D>, object: &D::Object) -> kernel::error::Result {
    ///     lru.add(object)
    /// }
    /// ```
    pub fn add(&self, object: &D::Object) -> Result {
        let entry = D::entry(object);
        let from = core::ptr::from_ref(object).addr();
        let at = core::ptr::from_ref(entry).addr().wrapping_sub(from);
        // The core finds the object from there until the entry is dropped.
        if at >= size_of::<D::Object>() {
            return Err(EINVAL);
        }
        entry.begin()?;
        // Who looks for room asks who maps the object.
        crate::vm_bo::make_ready(object);
        // SAFETY: Nobody else has the entry, which is part of the object and goes with it.
        unsafe {
            raw::ref_drm_gpuvm_lru_obj_init(entry.inner.get(), self.raw(), object.as_raw());
            entry.set(ARef::into_raw(self.into()));
        }
        Ok(())
    }

    /// The entry of an object, if it is in this list.
    fn entry_of<'a>(&self, object: &'a D::Object) -> Result<&'a LruEntry<D>> {
        let entry = D::entry(object);
        match entry.lru() {
            Some(lru) if core::ptr::eq(lru, self) => Ok(entry),
            _ => Err(EINVAL),
        }
    }

    /// Makes sure that an object has memory, which a VM needs: to be called in
    /// [`BindDriver::validate_held`].
    ///
    /// `ENOMEM` if it is larger than the limit; `EBUSY` if there is no room without waiting, for
    /// [`Lru::submit`]; `EINVAL` if the object is not in this list; what [`LruDriver::populate`]
    /// returns.
    ///
    /// Context: process; sleeps; the `dma_resv` of VM and object are held.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindHeld, Lru, LruDriver, MayAlloc};
    /// # use kernel::prelude::*;
    /// fn validate<D: LruDriver, B: BindDriver<Object = D::Object>>(
    ///     lru: &Lru<D>,
    ///     held: &BindHeld<'_, B>,
    /// ) -> Result {
    ///     lru.populate_for(&MayAlloc::here(), held)
    /// }
    /// ```
    pub fn populate_for<B: BindDriver<Object = D::Object>>(
        &self,
        _may: &MayAlloc,
        held: &BindHeld<'_, B>,
    ) -> Result {
        let entry = self.entry_of(held.object())?;
        // SAFETY: The entry is in the list, and the object's `dma_resv` held.
        to_result(unsafe {
            raw::ref_drm_gpuvm_lru_populate_locked(entry.inner.get(), held.vm().as_raw())
        })
    }

    /// Makes sure that an object has memory, which the CPU needs: that is never refused for want of
    /// room. `EINVAL` if the object is not in this list; what [`LruDriver::populate`] returns.
    ///
    /// Context: process; sleeps; takes the object's `dma_resv`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Lru, LruDriver, MayAlloc};
    /// fn fault<D: LruDriver>(lru: &Lru<D>, object: &D::Object) -> kernel::error::Result {
    ///     lru.populate_for_cpu(&MayAlloc::here(), object)
    /// }
    /// ```
    pub fn populate_for_cpu(&self, _may: &MayAlloc, object: &D::Object) -> Result {
        let entry = self.entry_of(object)?;
        let _lock = ObjectLock::new(object);
        // SAFETY: The entry is in the list, and the object's `dma_resv` held.
        to_result(unsafe { raw::ref_drm_gpuvm_lru_populate_locked(entry.inner.get(), null_mut()) })
    }

    /// Says that an object has lost its memory by other means than an eviction. `EINVAL` if it is
    /// not in this list.
    ///
    /// Context: process; sleeps; takes the object's `dma_resv`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Lru, LruDriver, MayAlloc};
    /// fn purged<D: LruDriver>(lru: &Lru<D>, object: &D::Object) -> kernel::error::Result {
    ///     lru.lost(&MayAlloc::here(), object)
    /// }
    /// ```
    pub fn lost(&self, _may: &MayAlloc, object: &D::Object) -> Result {
        let entry = self.entry_of(object)?;
        let _lock = ObjectLock::new(object);
        // SAFETY: As above.
        unsafe { raw::ref_drm_gpuvm_lru_del(entry.inner.get()) };
        Ok(())
    }

    /// Submits something whose objects need memory. `submit` locks, validates and publishes; after
    /// `EBUSY` of it room is made, by waiting, and it is called again, with nothing locked.
    ///
    /// What `submit` returns, but for `EBUSY`; `ENOMEM` if all that can be evicted does not give
    /// enough room; `EINTR` or `ERESTARTSYS` if a signal came.
    ///
    /// Context: process; sleeps; no `dma_resv` is held.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm, Lru, LruDriver, MayAlloc};
    /// # use kernel::prelude::*;
    /// fn exec<D: LruDriver, B: BindDriver>(lru: &Lru<D>, vm: &BindVm<B>) -> Result {
    ///     let may = MayAlloc::here();
    ///     lru.submit(&may, vm, || vm.lock_for_job(&may)?.validate(&may))
    /// }
    /// ```
    pub fn submit<B: BindDriver, F: FnMut() -> Result>(
        &self,
        _may: &MayAlloc,
        vm: &BindVm<B>,
        mut submit: F,
    ) -> Result {
        /// # Safety
        ///
        /// `submit` is an `F` that nobody else uses.
        unsafe extern "C" fn call<F: FnMut() -> Result>(submit: *mut c_void) -> c_int {
            // SAFETY: By the requirement of this function.
            errno(unsafe { &mut *submit.cast::<F>() }())
        }
        // SAFETY: List and VM are valid, and so is `submit` as long as this runs.
        to_result(unsafe {
            raw::ref_drm_gpuvm_lru_submit(
                self.raw(),
                vm.as_raw(),
                Some(call::<F>),
                (&raw mut submit).cast(),
            )
        })
    }

    /// How much memory objects have, and what was evicted.
    ///
    /// Context: any.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Lru, LruDriver};
    /// fn resident<D: LruDriver>(lru: &Lru<D>) -> u64 {
    ///     lru.stats().resident
    /// }
    /// ```
    pub fn stats(&self) -> LruStats {
        let mut stats = raw::drm_gpuvm_lru_stats {
            limit: 0,
            resident: 0,
            objects: 0,
            evicted: 0,
            restored: 0,
            shrunk: 0,
            __reserved: [0; 2],
        };
        // SAFETY: Both are valid.
        unsafe { raw::ref_drm_gpuvm_lru_get_stats(self.raw(), &mut stats) };
        LruStats {
            limit: stats.limit,
            resident: stats.resident,
            objects: stats.objects,
            evicted: stats.evicted,
            restored: stats.restored,
            shrunk: stats.shrunk,
        }
    }

    /// The list and the object of an entry, for the callbacks.
    ///
    /// # Safety
    ///
    /// For all of `'a`, `lobj` is the entry of an object in a `Lru<D>`.
    unsafe fn parts<'a>(lobj: *mut raw::drm_gpuvm_lru_obj) -> (&'a Self, &'a D::Object) {
        // CAST: `inner` is the first member, and transparent.
        // SAFETY: By the requirement of this function; the entry keeps the list.
        unsafe {
            let entry = &*lobj.cast::<LruEntry<D>>();
            (
                &*entry.lru.load(Ordering::Acquire),
                D::Object::from_raw((*lobj).obj),
            )
        }
    }

    /// # Safety
    ///
    /// For the core alone, as all callbacks here: with an entry in the list, or what it was told.
    unsafe extern "C" fn populate_callback(
        lobj: *mut raw::drm_gpuvm_lru_obj,
        contents: bool,
    ) -> c_int {
        // SAFETY: By the requirement of this function.
        let (lru, object) = unsafe { Self::parts(lobj) };
        errno(lru.driver.populate(object, contents))
    }

    /// # Safety
    ///
    /// As above.
    unsafe extern "C" fn evict_callback(lobj: *mut raw::drm_gpuvm_lru_obj) -> c_int {
        // SAFETY: By the requirement of this function.
        let (lru, object) = unsafe { Self::parts(lobj) };
        errno(lru.driver.evict(object))
    }

    /// # Safety
    ///
    /// As above.
    unsafe extern "C" fn may_evict_callback(
        lobj: *mut raw::drm_gpuvm_lru_obj,
        reclaim: bool,
    ) -> bool {
        // SAFETY: By the requirement of this function.
        let (lru, object) = unsafe { Self::parts(lobj) };
        lru.driver.may_evict(object, reclaim)
    }

    /// # Safety
    ///
    /// As above.
    unsafe extern "C" fn limit_callback(lru: *mut c_void) -> u64 {
        // SAFETY: This is what the core was told, and is valid as long as its list.
        unsafe { &*lru.cast::<Self>() }.driver.limit()
    }

    /// # Safety
    ///
    /// As above.
    unsafe extern "C" fn may_shrink_callback(lru: *mut c_void) -> bool {
        // SAFETY: As above.
        unsafe { &*lru.cast::<Self>() }.driver.may_shrink()
    }
}

fn errno(result: Result) -> c_int {
    result.map_or_else(|error| error.to_errno(), |()| 0)
}

/// An object's `dma_resv`, held without a context.
struct ObjectLock<'a>(*mut drm_gem_object, PhantomData<&'a ()>);

impl<'a> ObjectLock<'a> {
    fn new<O: IntoGEMObject>(object: &'a O) -> Self {
        // SAFETY: The object is borrowed.
        unsafe { bindings::dma_resv_lock((*object.as_raw()).resv, null_mut()) };
        Self(object.as_raw(), PhantomData)
    }
}

impl Drop for ObjectLock<'_> {
    fn drop(&mut self) {
        // SAFETY: It was locked by this.
        unsafe { bindings::dma_resv_unlock((*self.0).resv) };
    }
}

/// What an object has for a [`Lru`]: a part of the driver's object.
///
/// # Invariants
///
/// If `state` is [`READY`], `inner` was initialised for the object that this is part of, and `lru`
/// has a reference.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{LruDriver, LruEntry};
///
/// struct Object<D: LruDriver> {
///     entry: LruEntry<D>,
/// }
///
/// fn object<D: LruDriver>() -> Object<D> {
///     Object {
///         entry: LruEntry::new(),
///     }
/// }
/// ```
#[repr(C)]
pub struct LruEntry<D: LruDriver> {
    /// First, so that a pointer to the one is a pointer to the other.
    inner: Opaque<raw::drm_gpuvm_lru_obj>,
    lru: AtomicPtr<Lru<D>>,
    state: AtomicU8,
    /// The core has its address, and looks inside under locks of its own.
    _shared: PhantomData<UnsafeCell<()>>,
}

const EMPTY: u8 = 0;
const BUSY: u8 = 1;
const READY: u8 = 2;

// SAFETY: The core has locks for its part; the rest is atomic.
unsafe impl<D: LruDriver> Send for LruEntry<D> {}
// SAFETY: As above.
unsafe impl<D: LruDriver> Sync for LruEntry<D> {}

impl<D: LruDriver> LruEntry<D> {
    /// Of an object that is in no list yet.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{LruDriver, LruEntry};
    /// fn entry<D: LruDriver>() -> LruEntry<D> {
    ///     LruEntry::new()
    /// }
    /// ```
    pub const fn new() -> Self {
        Self {
            inner: Opaque::uninit(),
            lru: AtomicPtr::new(null_mut()),
            state: AtomicU8::new(EMPTY),
            _shared: PhantomData,
        }
    }

    /// The right to initialise it, which there is once.
    fn begin(&self) -> Result {
        match self
            .state
            .compare_exchange(EMPTY, BUSY, Ordering::Relaxed, Ordering::Relaxed)
        {
            Ok(_) => Ok(()),
            Err(_) => Err(EBUSY),
        }
    }

    /// # Safety
    ///
    /// After [`LruEntry::begin`]: `inner` is initialised, and the caller passes a reference on.
    unsafe fn set(&self, lru: NonNull<Lru<D>>) {
        self.lru.store(lru.as_ptr(), Ordering::Relaxed);
        // INVARIANT: By the requirement of this function.
        self.state.store(READY, Ordering::Release);
    }

    fn lru(&self) -> Option<&Lru<D>> {
        if self.state.load(Ordering::Acquire) != READY {
            return None;
        }
        // SAFETY: By the type invariants.
        unsafe { self.lru.load(Ordering::Relaxed).as_ref() }
    }
}

impl<D: LruDriver> Default for LruEntry<D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<D: LruDriver> Drop for LruEntry<D> {
    fn drop(&mut self) {
        if self.lru().is_none() {
            return;
        }
        // SAFETY: By the type invariants; nobody has the object any more. The reference is ours.
        unsafe {
            raw::ref_drm_gpuvm_lru_del(self.inner.get());
            if let Some(lru) = NonNull::new(*self.lru.get_mut()) {
                Lru::dec_ref(lru);
            }
        }
    }
}

impl<D: BindDriver> BindVm<D> {
    /// Says that the VM is used now, and with it all that it maps: for each job of the device, when
    /// its fence is published.
    ///
    /// Context: any; may be in the fence signalling section.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm};
    /// fn published<D: BindDriver>(vm: &BindVm<D>) {
    ///     vm.used();
    /// }
    /// ```
    pub fn used(&self) {
        // SAFETY: The VM is valid.
        unsafe { raw::ref_drm_gpuvm_lru_vm_used(self.as_raw()) };
    }

    /// Takes an object out of the page tables of all VMs, then its memory away, by `take`: it is
    /// evicted, and comes back by [`BindDriver::validate`]. With `wait`, this waits for those who use
    /// it; else `EBUSY` if there are any. What `take` returns.
    ///
    /// Context: process; sleeps; takes the object's `dma_resv`, which `take` is called with.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindVm, MayAlloc};
    /// # use kernel::prelude::*;
    /// fn evict<D: BindDriver>(object: &D::Object) -> Result {
    ///     BindVm::<D>::evict(&MayAlloc::here(), object, true, || Ok(()))
    /// }
    /// ```
    pub fn evict(
        _may: &MayAlloc,
        object: &D::Object,
        wait: bool,
        take: impl FnOnce() -> Result,
    ) -> Result {
        crate::vm_bo::make_ready(object);
        let _lock = ObjectLock::new(object);
        let flags = if wait { EVICT_WAIT } else { 0 };
        // SAFETY: The object is valid, its list ready, and its `dma_resv` held.
        to_result(unsafe { raw::ref_drm_gpuvm_bind_evict(object.as_raw(), flags) })?;
        take()
    }
}

/// `DRM_GPUVM_EVICT_WAIT` of `<drm/drm_gpuvm_bind.h>`; the KUnit module compares it with C's.
const EVICT_WAIT: u32 = 1 << 0;
