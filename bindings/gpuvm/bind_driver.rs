// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! What a driver brings for binds, and what the core calls of it.

use core::{marker::PhantomData, ops::Deref, ptr::null_mut};

use drm_gpuvm_raw as raw;
use kernel::{
    bindings::drm_exec, drm::gem::IntoGEMObject, ffi::c_int, prelude::*,
    sync::aref::AlwaysRefCounted,
};

use crate::{BindHeld, BindMapping, BindOp, BindVm, GpuvaObject, Immediate, Mode};

/// A driver's part of a VM that takes binds: its types, and how it writes page tables.
///
/// The core finds out which addresses change, and when; see [`BindVm`]. A value of the driver's type
/// is in each VM, shared by all who have a reference to it; what the lock of the VM's page tables
/// protects is apart, in [`BindDriver::Tables`]. Both are dropped when the VM is freed, this first.
///
/// `validate` and `pt_reserve` are called when a job is submitted, and may fail. `pt_map`, `pt_unmap`
/// and `pt_flush` are called when it runs, in the fence signalling section: nothing is allocated
/// there. What they need, `pt_reserve` has set aside in the driver's part of the job.
///
/// # Examples
///
/// A driver whose page tables are a counter:
///
/// ```
/// use core::ops::Deref;
/// use drm_gpuvm::{BindDriver, BindMapping, BindOp, GpuvaObject, Immediate, Section};
/// use kernel::{drm::gem::IntoGEMObject, prelude::*};
///
/// struct Counting<O>(core::marker::PhantomData<fn(O)>);
///
/// impl<O> BindDriver for Counting<O>
/// where
///     O: IntoGEMObject + Deref<Target: GpuvaObject<Mode = Immediate>> + Send + Sync + 'static,
/// {
///     type Object = O;
///     type Mode = Immediate;
///     type Tables = u64;
///     type Job = ();
///
///     fn begin_job(&self) -> impl PinInit<()> + '_ {
///         Ok(())
///     }
///
///     fn validate(&self, _job: Pin<&mut ()>, _object: &O) -> Result {
///         Ok(())
///     }
///
///     fn pt_reserve(&self, _job: Pin<&mut ()>, _op: &BindOp<'_, Self>) -> Result {
///         Ok(())
///     }
///
///     fn pt_map(
///         section: &mut Section<'_, Self>,
///         _mapping: &BindMapping<Self>,
///         _address: u64,
///         length: u64,
///     ) -> Result {
///         *section.tables += length >> 12;
///         Ok(())
///     }
///
///     fn pt_unmap(section: &mut Section<'_, Self>, _address: u64, length: u64) -> Result {
///         *section.tables -= length >> 12;
///         Ok(())
///     }
/// }
/// # fn main() {}
/// ```
pub trait BindDriver: Sized + Send + Sync + 'static {
    /// The type of the driver's GEM objects.
    type Object: IntoGEMObject + Deref<Target: GpuvaObject<Mode = Self::Mode>> + Send + Sync;

    /// When mappings change: that of the objects.
    type Mode: Mode;

    /// What those who change page tables have to themselves.
    type Tables: Send;

    /// The driver's part of a job: memory set aside, what is left over.
    type Job: Send;

    /// Makes the driver's part of a job.
    ///
    /// Context: process; for a userptr or an object that is evicted, in reclaim: nothing is
    /// allocated.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::BindDriver;
    /// # use kernel::prelude::*;
    /// fn part<D: BindDriver>(driver: &D) -> impl PinInit<D::Job> + '_ {
    ///     driver.begin_job()
    /// }
    /// ```
    fn begin_job(&self) -> impl PinInit<Self::Job> + '_;

    /// The job is over: its part is dropped after this, with what was set aside and not used, and
    /// what was taken out.
    ///
    /// Context: process; sleeps; no `dma_resv` is held. For a userptr or an object that is evicted,
    /// in reclaim: nothing is allocated. For an object that is validated, its `dma_resv` is held.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::BindDriver;
    /// # use kernel::prelude::*;
    /// fn never_submitted<D: BindDriver>(driver: &D, part: Pin<&mut D::Job>) {
    ///     driver.end_job(part);
    /// }
    /// ```
    fn end_job(&self, _job: Pin<&mut Self::Job>) {}

    /// Makes sure that an object that is to be mapped, or that was evicted and is to be used again,
    /// has memory.
    ///
    /// Context: process; sleeps; the `dma_resv` of VM and object are held.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::BindDriver;
    /// # use kernel::prelude::*;
    /// fn back<D: BindDriver>(driver: &D, part: Pin<&mut D::Job>, object: &D::Object) -> Result {
    ///     driver.validate(part, object)
    /// }
    /// ```
    fn validate(&self, job: Pin<&mut Self::Job>, object: &Self::Object) -> Result;

    /// The same, with a proof of what is held: for drivers with a [`Lru`](crate::Lru). What the core
    /// calls; by default it calls [`BindDriver::validate`].
    ///
    /// Context: as [`BindDriver::validate`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindHeld};
    /// # use kernel::prelude::*;
    /// fn back<D: BindDriver>(
    ///     driver: &D,
    ///     part: Pin<&mut D::Job>,
    ///     held: &BindHeld<'_, D>,
    /// ) -> Result {
    ///     driver.validate_held(part, held)
    /// }
    /// ```
    fn validate_held(&self, job: Pin<&mut Self::Job>, held: &BindHeld<'_, Self>) -> Result {
        self.validate(job, held.object())
    }

    /// Sets memory for page tables aside: for mapping any part of the range of a MAP, and for
    /// unmapping with the boundaries of the operation, whatever is mapped there.
    ///
    /// Called once for each operation, in their order, and for each mapping that comes back.
    ///
    /// Context: as [`BindDriver::validate`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindOp};
    /// # use kernel::prelude::*;
    /// fn set_aside<D: BindDriver>(driver: &D, part: Pin<&mut D::Job>, op: &BindOp<'_, D>) -> Result {
    ///     driver.pt_reserve(part, op)
    /// }
    /// ```
    fn pt_reserve(&self, job: Pin<&mut Self::Job>, op: &BindOp<'_, Self>) -> Result;

    /// Whether jobs are not to begin, after an unplug for instance: then with which error they end.
    ///
    /// Context: fence signalling section.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::BindDriver;
    /// fn is_gone<D: BindDriver>(driver: &D) -> bool {
    ///     driver.refuse().is_err()
    /// }
    /// ```
    fn refuse(&self) -> Result {
        Ok(())
    }

    /// Writes page-table entries for a part of a mapping, where nothing is mapped.
    ///
    /// After an error the range may be half written; the core has it cleared.
    ///
    /// Context: fence signalling section.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindMapping, Section};
    /// fn write<D: BindDriver>(
    ///     section: &mut Section<'_, D>,
    ///     mapping: &BindMapping<D>,
    /// ) -> kernel::error::Result {
    ///     let range = mapping.range();
    ///     D::pt_map(section, mapping, range.start, range.end - range.start)
    /// }
    /// ```
    fn pt_map(
        section: &mut Section<'_, Self>,
        mapping: &BindMapping<Self>,
        address: u64,
        length: u64,
    ) -> Result;

    /// Clears page-table entries.
    ///
    /// In a job for which [`BindDriver::pt_reserve`] was not called, an entry that reaches out of
    /// the range may be cleared as a whole: the rest goes, too.
    ///
    /// Context: fence signalling section, or reclaim.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, Section};
    /// fn clear<D: BindDriver>(section: &mut Section<'_, D>) -> kernel::error::Result {
    ///     D::pt_unmap(section, 0x1000, 0x1000)
    /// }
    /// ```
    fn pt_unmap(section: &mut Section<'_, Self>, address: u64, length: u64) -> Result;

    /// Makes the device forget what was changed since the last call.
    ///
    /// Context: fence signalling section, or reclaim.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, Section};
    /// fn flush<D: BindDriver>(section: &mut Section<'_, D>) {
    ///     D::pt_flush(section);
    /// }
    /// ```
    fn pt_flush(_section: &mut Section<'_, Self>) {}
}

/// The page tables and one job, while nobody else changes them.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{BindDriver, Section};
///
/// fn entries<D: BindDriver<Tables = u64>>(section: &Section<'_, D>) -> u64 {
///     *section.tables
/// }
/// ```
pub struct Section<'a, D: BindDriver> {
    vm: &'a BindVm<D>,
    /// The page tables.
    pub tables: &'a mut D::Tables,
    /// The driver's part of the job.
    pub job: Pin<&'a mut D::Job>,
}

impl<'a, D: BindDriver> Section<'a, D> {
    /// The VM.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, Section};
    /// fn is_closed<D: BindDriver>(section: &Section<'_, D>) -> bool {
    ///     section.vm().check().is_err()
    /// }
    /// ```
    pub fn vm(&self) -> &'a BindVm<D> {
        self.vm
    }

    /// The driver's part of the VM.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, Section};
    /// fn driver<'a, D: BindDriver>(section: &Section<'a, D>) -> &'a D {
    ///     section.driver()
    /// }
    /// ```
    pub fn driver(&self) -> &'a D {
        self.vm.driver()
    }

    /// # Safety
    ///
    /// For all of `'a` this is a job of a `BindVm<D>`, in a callback that changes page tables.
    unsafe fn new(job: *mut raw::drm_gpuvm_bind_job) -> Self {
        // SAFETY: By the requirements of this function. The core calls one such callback at a time
        // for each queue, so the tables are ours as well as the job.
        unsafe {
            let vm = vm_of(job);
            Self {
                vm,
                tables: &mut *vm.tables(),
                job: part_of::<D>(job),
            }
        }
    }
}

impl<D: BindDriver<Mode = Immediate>> Section<'_, D> {
    /// How many mappings the VM has.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, Immediate, Section};
    /// fn is_last<D: BindDriver<Mode = Immediate>>(section: &Section<'_, D>) -> bool {
    ///     section.mappings() == 1
    /// }
    /// ```
    pub fn mappings(&self) -> u64 {
        // SAFETY: The queue is valid; in immediate mode the lock that changes of page tables hold
        // is that of the mappings.
        unsafe { raw::ref_drm_gpuvm_bind_queue_mappings(self.vm.queue()) }
    }
}

/// # Safety
///
/// For all of `'a` this is a job of a `BindVm<D>`, not over.
unsafe fn vm_of<'a, D: BindDriver>(job: *mut raw::drm_gpuvm_bind_job) -> &'a BindVm<D> {
    // SAFETY: By the requirements of this function.
    unsafe { BindVm::from_raw(raw::ref_drm_gpuvm_bind_job_vm(job)) }
}

/// # Safety
///
/// For all of `'a` this is a job of a `BindVm<D>`, not over, and nobody else looks at its driver's
/// part.
pub(crate) unsafe fn part_of<'a, D: BindDriver>(
    job: *mut raw::drm_gpuvm_bind_job,
) -> Pin<&'a mut D::Job> {
    // SAFETY: By the requirements of this function; `job_init` wrote it, and it does not move.
    unsafe { Pin::new_unchecked(&mut *raw::ref_drm_gpuvm_bind_job_priv(job).cast()) }
}

fn errno(result: Result) -> c_int {
    result.map_or_else(|error| error.to_errno(), |()| 0)
}

/// The callbacks of a driver, as C calls them.
///
/// All of them are for the core alone, which calls them with what is valid.
pub(crate) struct Callbacks<D>(PhantomData<D>);

impl<D: BindDriver> Callbacks<D> {
    pub(crate) const OPS: raw::drm_gpuvm_bind_ops = raw::drm_gpuvm_bind_ops {
        job_init: Some(Self::job_init),
        job_fini: Some(Self::job_fini),
        validate: Some(Self::validate),
        pt_reserve: Some(Self::pt_reserve),
        refuse: Some(Self::refuse),
        pt_map: Some(Self::pt_map),
        pt_unmap: Some(Self::pt_unmap),
        pt_flush: Some(Self::pt_flush),
        __reserved: [null_mut(); 8],
    };

    /// The size of a driver's part. What C has there is aligned for a `u64`.
    pub(crate) const JOB_SIZE: u32 = {
        assert!(align_of::<D::Job>() <= align_of::<u64>());
        assert!(size_of::<D::Job>() <= u32::MAX as usize);
        size_of::<D::Job>() as u32
    };

    /// # Safety
    ///
    /// As for all callbacks; at the beginning of the job, once.
    unsafe extern "C" fn job_init(job: *mut raw::drm_gpuvm_bind_job) {
        // SAFETY: It is a job of a `BindVm<D>`, to which somebody has a reference.
        let vm = unsafe { vm_of::<D>(job) };
        vm.inc_ref();
        // SAFETY: This is memory of that size, which nobody else has, and which does not move.
        let Ok(()) = unsafe {
            let part = raw::ref_drm_gpuvm_bind_job_priv(job).cast::<D::Job>();
            vm.driver().begin_job().__pinned_init(part)
        };
    }

    /// # Safety
    ///
    /// As for all callbacks; at the end of the job, once.
    unsafe extern "C" fn job_fini(job: *mut raw::drm_gpuvm_bind_job) {
        // SAFETY: It is a job of a `BindVm<D>`, with a reference from `job_init`. The driver's part
        // was written there, and is not used afterwards.
        unsafe {
            let vm = vm_of::<D>(job);
            vm.driver().end_job(part_of::<D>(job));
            core::ptr::drop_in_place(raw::ref_drm_gpuvm_bind_job_priv(job).cast::<D::Job>());
            BindVm::dec_ref(vm.into());
        }
    }

    /// # Safety
    ///
    /// As for all callbacks.
    unsafe extern "C" fn validate(
        job: *mut raw::drm_gpuvm_bind_job,
        vm_bo: *mut raw::drm_gpuvm_bo,
        _exec: *mut drm_exec,
    ) -> c_int {
        // SAFETY: It is a job of a `BindVm<D>`. The object is a `D::Object`: for userptrs the core
        // does not call this. The maker of the job is the only one who uses it. VM and object are
        // locked.
        errno(unsafe {
            let vm = vm_of::<D>(job);
            let held = BindHeld::new(vm, D::Object::from_raw((*vm_bo).obj));
            vm.driver().validate_held(part_of::<D>(job), &held)
        })
    }

    /// # Safety
    ///
    /// As for all callbacks.
    unsafe extern "C" fn pt_reserve(
        job: *mut raw::drm_gpuvm_bind_job,
        op: *const raw::drm_gpuvm_bind_op,
    ) -> c_int {
        // SAFETY: It is a job of a `BindVm<D>`, and an operation of it. The maker of the job is the
        // only one who uses it.
        errno(unsafe {
            vm_of::<D>(job)
                .driver()
                .pt_reserve(part_of::<D>(job), BindOp::from_raw(op))
        })
    }

    /// # Safety
    ///
    /// As for all callbacks.
    unsafe extern "C" fn refuse(job: *mut raw::drm_gpuvm_bind_job) -> c_int {
        // SAFETY: It is a job of a `BindVm<D>`.
        errno(unsafe { vm_of::<D>(job) }.driver().refuse())
    }

    /// # Safety
    ///
    /// As for all callbacks; it changes page tables.
    unsafe extern "C" fn pt_map(
        job: *mut raw::drm_gpuvm_bind_job,
        va: *mut raw::drm_gpuva,
        addr: u64,
        range: u64,
    ) -> c_int {
        // SAFETY: By the requirements of this function; the mapping is one of the VM.
        unsafe {
            let mut section = Section::<D>::new(job);
            errno(D::pt_map(
                &mut section,
                BindMapping::from_raw(va),
                addr,
                range,
            ))
        }
    }

    /// # Safety
    ///
    /// As for all callbacks; it changes page tables.
    unsafe extern "C" fn pt_unmap(
        job: *mut raw::drm_gpuvm_bind_job,
        addr: u64,
        range: u64,
    ) -> c_int {
        // SAFETY: By the requirements of this function.
        let mut section = unsafe { Section::<D>::new(job) };
        errno(D::pt_unmap(&mut section, addr, range))
    }

    /// # Safety
    ///
    /// As for all callbacks; it changes page tables.
    unsafe extern "C" fn pt_flush(job: *mut raw::drm_gpuvm_bind_job) {
        // SAFETY: By the requirements of this function.
        let mut section = unsafe { Section::<D>::new(job) };
        D::pt_flush(&mut section);
    }
}
