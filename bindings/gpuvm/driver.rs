// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! What a driver brings.

use kernel::{bindings::EOPNOTSUPP, drm::gem::IntoGEMObject, ffi::c_int, prelude::*};

use crate::{Mapped, OpMap, OpRemap, OpUnmap, Remapped, Unmapped, VmBo};

/// A driver's part of a VM: its types, and how it carries out operations.
///
/// A value of it is in each [`OwnedVm`](crate::OwnedVm), for page tables and the like.
///
/// The three operations run in the order in which the core finds them, in the context of
/// [`OwnedVm::sm_map`](crate::OwnedVm::sm_map),
/// [`OwnedVm::sm_unmap`](crate::OwnedVm::sm_unmap) or
/// [`Plan::carry_out`](crate::Plan::carry_out), which may be the fence signalling section. An error
/// ends the walk and is returned; what was done before stays.
pub trait Driver: Sized + 'static {
    /// The type of the driver's GEM objects.
    type Object: IntoGEMObject + Send + Sync;

    /// What the driver keeps with each mapping.
    ///
    /// Whoever holds a GEM's gpuva lock sees it, so it is shared between threads.
    type MappingData: Send + Sync;

    /// What the driver keeps with each pair of a VM and an object.
    ///
    /// Made with [`Default`] when the core makes the pair, dropped where sleeping is allowed.
    type VmBoData: Default + Send + Sync;

    /// What one call of `sm_map` or `sm_unmap` hands to its operations: the memory that was set
    /// aside, for instance.
    type Context<'ctx>;

    /// Create a mapping: write its page-table entries, then [`OpMap::insert`].
    fn map<'op>(
        &mut self,
        op: OpMap<'op, Self>,
        context: &mut Self::Context<'_>,
    ) -> Result<Mapped<'op, Self>>;

    /// Cut a mapping: clear what lies in the cut, then [`OpRemap::replace`].
    fn remap<'op>(
        &mut self,
        op: OpRemap<'op, Self>,
        context: &mut Self::Context<'_>,
    ) -> Result<Remapped<'op, Self>>;

    /// Take a mapping away: clear its page-table entries, then [`OpUnmap::remove`].
    fn unmap<'op>(
        &mut self,
        op: OpUnmap<'op, Self>,
        context: &mut Self::Context<'_>,
    ) -> Result<Unmapped<'op, Self>>;

    /// Bring the memory of an evicted object back.
    ///
    /// After `Ok` the object is not evicted any more, for this VM. An error ends
    /// [`Locked::validate`](crate::Locked::validate); the object stays listed for the next time.
    ///
    /// Context: process, sleeps; the object's `dma_resv` is held.
    fn validate(_vm_bo: &VmBo<Self>) -> Result {
        Err(Error::from_errno(-(EOPNOTSUPP as c_int)))
    }
}
