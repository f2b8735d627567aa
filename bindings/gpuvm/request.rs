// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! What to map, and where.

use drm_gpuvm_raw as raw;
use kernel::drm::gem::IntoGEMObject;

use crate::{Driver, VmBo};

/// What to map, and where.
///
/// Nothing of it is checked here: a request that the VM cannot fulfil is refused as a whole, with
/// `EINVAL`, by whatever it is handed to.
///
/// # Invariants
///
/// `raw.map.gem.obj` is the object of `vm_bo`, or null without one.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, MapRequest, VmBo};
///
/// /// One page of the object, over and over.
/// fn request<D: Driver>(pair: &VmBo<D>) -> MapRequest<'_, D> {
///     MapRequest::new(0x10_0000, 0x10_0000, pair, 0).repeat(0x1000, 0)
/// }
/// ```
pub struct MapRequest<'a, T: Driver> {
    raw: raw::drm_gpuvm_map_req,
    vm_bo: Option<&'a VmBo<T>>,
}

impl<'a, T: Driver> MapRequest<'a, T> {
    /// Maps `length` of an object, beginning at its `offset`, to `address`. All three are in the
    /// VM's unit.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MapRequest, VmBo};
    /// fn request<D: Driver>(pair: &VmBo<D>) -> MapRequest<'_, D> {
    ///     MapRequest::new(0x1000, 0x4000, pair, 0x8000)
    /// }
    /// ```
    pub fn new(address: u64, length: u64, vm_bo: &'a VmBo<T>, offset: u64) -> Self {
        Self::with(address, length, Some(vm_bo), offset, 0)
    }

    /// Maps nothing, on purpose: reads there are not faults.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MapRequest};
    /// fn request<D: Driver>() -> MapRequest<'static, D> {
    ///     MapRequest::sparse(0x1000, 0x4000)
    /// }
    /// ```
    pub fn sparse(address: u64, length: u64) -> Self {
        Self::with(address, length, None, 0, raw::DRM_GPUVA_SPARSE)
    }

    fn with(
        address: u64,
        length: u64,
        vm_bo: Option<&'a VmBo<T>>,
        offset: u64,
        flags: raw::drm_gpuva_flags,
    ) -> Self {
        // INVARIANT: The object is that of `vm_bo`.
        Self {
            raw: raw::drm_gpuvm_map_req {
                map: raw::drm_gpuva_op_map {
                    va: raw::drm_gpuva_op_va {
                        addr: address,
                        range: length,
                    },
                    gem: raw::drm_gpuva_op_gem {
                        offset,
                        obj: vm_bo.map_or(core::ptr::null_mut(), |bo| bo.object().as_raw()),
                    },
                },
                flags,
                __pad: 0,
                attrs: raw::drm_gpuva_attrs {
                    cookie: 0,
                    repeat: 0,
                    repeat_phase: 0,
                },
                __reserved: 0,
            },
            vm_bo,
        }
    }

    /// Maps only `piece` of the object, over and over, beginning at `phase` in it.
    ///
    /// The request is refused if there is no object, or if `phase` is not below `piece`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MapRequest, VmBo};
    /// fn request<D: Driver>(pair: &VmBo<D>) -> MapRequest<'_, D> {
    ///     MapRequest::new(0x1000, 0x4000, pair, 0).repeat(0x2000, 0x1000)
    /// }
    /// ```
    pub fn repeat(mut self, piece: u32, phase: u32) -> Self {
        self.raw.attrs.repeat = piece;
        self.raw.attrs.repeat_phase = phase;
        self
    }

    /// Gives the mapping a number that is the driver's. Mappings that differ in it do not count as
    /// the same memory. It is shown in debugfs.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MapRequest};
    /// fn zeroes<D: Driver>() -> MapRequest<'static, D> {
    ///     MapRequest::sparse(0x1000, 0x4000).cookie(1)
    /// }
    /// ```
    pub fn cookie(mut self, cookie: u64) -> Self {
        self.raw.attrs.cookie = cookie;
        self
    }

    /// Gives the mapping flags that are the driver's: number 0 is the lowest bit that the core
    /// leaves to it. What does not fit is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MapRequest, VmBo};
    /// fn read_only<D: Driver>(pair: &VmBo<D>) -> MapRequest<'_, D> {
    ///     MapRequest::new(0x1000, 0x1000, pair, 0).driver_flags(1)
    /// }
    /// ```
    pub fn driver_flags(mut self, flags: u32) -> Self {
        let own = raw::DRM_GPUVA_USERBITS;
        self.raw.flags = (self.raw.flags & (own - 1)) | flags.wrapping_mul(own);
        self
    }

    /// The request as C has it.
    pub(crate) fn as_raw(&self) -> *const raw::drm_gpuvm_map_req {
        &raw const self.raw
    }

    /// The pair of VM and object, `None` for a sparse mapping.
    pub(crate) fn vm_bo(&self) -> Option<&'a VmBo<T>> {
        self.vm_bo
    }
}
