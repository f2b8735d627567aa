// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! When a VM changes, and what protects its lists: told by types, because that decides what may be
//! called where.

use drm_gpuvm_raw as raw;

mod sealed {
    /// What there is to be chosen is known here.
    pub trait Choice {
        /// The flag of the C core.
        const FLAG: u32;
    }
}

pub(crate) use sealed::Choice;

/// When VMs change: [`Immediate`] or [`Deferred`].
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Deferred, Immediate, Mode};
///
/// fn both() -> bool {
///     fn is_mode<M: Mode>() -> bool {
///         true
///     }
///     is_mode::<Immediate>() && is_mode::<Deferred>()
/// }
/// ```
pub trait Mode: Choice + 'static {}

/// The VM changes in the job that changes the page tables, in the fence signalling section.
///
/// The GEM's gpuva lock is a mutex that may be taken there.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{GpuvaObject, Immediate};
///
/// struct Object;
///
/// impl GpuvaObject for Object {
///     type Mode = Immediate;
/// }
/// ```
pub enum Immediate {}

/// The VM changes when a job is submitted, and runs ahead of the page tables.
///
/// The GEM's gpuva lock is its `dma_resv`, so [`Locked`](crate::Locked) is the proof that is asked
/// for. What has to be done to the page tables, the job reads in a
/// [`Committed`](crate::Committed) list.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Deferred, GpuvaObject};
///
/// struct Object;
///
/// impl GpuvaObject for Object {
///     type Mode = Deferred;
/// }
/// ```
pub enum Deferred {}

impl Choice for Immediate {
    const FLAG: u32 = raw::DRM_GPUVM_IMMEDIATE_MODE;
}

impl Choice for Deferred {
    const FLAG: u32 = 0;
}

impl Mode for Immediate {}
impl Mode for Deferred {}

/// What protects a VM's lists of external and of evicted objects: [`CoreLock`] or [`VmResv`].
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{CoreLock, Lists, VmResv};
///
/// fn both() -> bool {
///     fn is_lists<L: Lists>() -> bool {
///         true
///     }
///     is_lists::<CoreLock>() && is_lists::<VmResv>()
/// }
/// ```
pub trait Lists: Choice + 'static {}

/// A lock of the core's, which nobody else sees.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{CoreLock, Lists};
///
/// fn lists() -> impl Sized {
///     fn of<L: Lists>() {}
///     of::<CoreLock>()
/// }
/// ```
pub enum CoreLock {}

/// The VM's `dma_resv`, as `DRM_GPUVM_RESV_PROTECTED` says in C.
///
/// Then no lock is taken and let go for each object that is locked or validated.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Lists, VmResv};
///
/// fn lists() -> impl Sized {
///     fn of<L: Lists>() {}
///     of::<VmResv>()
/// }
/// ```
pub enum VmResv {}

impl Choice for CoreLock {
    const FLAG: u32 = 0;
}

impl Choice for VmResv {
    const FLAG: u32 = raw::DRM_GPUVM_RESV_PROTECTED;
}

impl Lists for CoreLock {}
impl Lists for VmResv {}

/// The driver's part of its GEM objects, which says in which mode they are mapped.
///
/// The lock of an object's mappings depends on the mode, so an object has one, in all VMs.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{GpuvaObject, Immediate};
///
/// /// What [`DriverObject`](kernel::drm::gem::DriverObject) is implemented for.
/// struct Object {
///     colour: u32,
/// }
///
/// impl GpuvaObject for Object {
///     type Mode = Immediate;
/// }
/// ```
pub trait GpuvaObject {
    /// The mode of all VMs that it is mapped in.
    type Mode: Mode;
}

/// Whether the mode is [`Immediate`].
pub(crate) const fn in_job<M: Mode>() -> bool {
    M::FLAG != 0
}

/// Whether the lists are protected by the VM's `dma_resv`.
pub(crate) const fn resv_protected<L: Lists>() -> bool {
    L::FLAG != 0
}
