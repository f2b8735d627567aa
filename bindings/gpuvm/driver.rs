// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! What a driver brings.

use core::ops::Deref;

use kernel::{bindings::EOPNOTSUPP, drm::gem::IntoGEMObject, ffi::c_int, prelude::*};

use crate::{
    GpuvaObject, Held, Immediate, Lists, Mapped, MayAlloc, Mode, OpMap, OpRemap, OpUnmap, Remapped,
    Unmapped,
};

/// A driver's part of a VM: its types.
///
/// A value of it is in each [`OwnedVm`](crate::OwnedVm), for page tables and the like.
///
/// # Examples
///
/// ```
/// use core::ops::Deref;
/// use drm_gpuvm::{CoreLock, Deferred, Driver, GpuvaObject};
/// use kernel::drm::gem::IntoGEMObject;
///
/// struct Tables<O>(core::marker::PhantomData<O>);
///
/// impl<O> Driver for Tables<O>
/// where
///     O: IntoGEMObject + Deref<Target: GpuvaObject<Mode = Deferred>> + Send + Sync + 'static,
/// {
///     type Object = O;
///     type MappingData = ();
///     type VmBoData = ();
///     type Mode = Deferred;
///     type Lists = CoreLock;
/// }
/// ```
pub trait Driver: Sized + 'static {
    /// The type of the driver's GEM objects.
    type Object: IntoGEMObject + Deref<Target: GpuvaObject<Mode = Self::Mode>> + Send + Sync;

    /// What the driver keeps with each mapping.
    ///
    /// Whoever holds a GEM's gpuva lock sees it, so it is shared between threads.
    type MappingData: Send + Sync;

    /// What the driver keeps with each pair of a VM and an object.
    ///
    /// Made with [`Default`] when the core makes the pair, dropped where sleeping is allowed; in
    /// deferred mode the object's `dma_resv` is held then.
    type VmBoData: Default + Send + Sync;

    /// When the VM changes: that of the objects.
    type Mode: Mode;

    /// What protects the VM's lists of objects.
    type Lists: Lists;

    /// Bring the memory of an evicted object back.
    ///
    /// After `Ok` the object is not evicted any more, for this VM. An error ends
    /// [`Locked::validate`](crate::Locked::validate); the object stays listed for the next time.
    ///
    /// Context: process, sleeps; the object's `dma_resv` is held.
    ///
    /// # Examples
    ///
    /// ```
    /// use drm_gpuvm::{Driver, Held, MayAlloc};
    /// use kernel::prelude::*;
    ///
    /// fn call<D: Driver>(may: &MayAlloc, pair: &Held<'_, D>) -> Result {
    ///     D::validate(may, pair)
    /// }
    /// ```
    fn validate(_may: &MayAlloc, _pair: &Held<'_, Self>) -> Result {
        Err(Error::from_errno(-(EOPNOTSUPP as c_int)))
    }
}

/// How a driver in immediate mode carries out operations.
///
/// The functions run in the order in which the core finds them, in the context of
/// [`OwnedVm::sm_map`](crate::OwnedVm::sm_map),
/// [`OwnedVm::sm_unmap`](crate::OwnedVm::sm_unmap) or
/// [`Plan::carry_out`](crate::Plan::carry_out), which may be the fence signalling section: so they
/// get no [`MayAlloc`]. An error ends the walk and is returned; what was done before stays.
///
/// # Examples
///
/// The crate's own page has one that is complete.
///
/// ```
/// use drm_gpuvm::{Operations, OwnedVm};
/// use kernel::prelude::*;
///
/// fn unmap_all<D: Operations>(vm: &mut OwnedVm<D>, job: &mut D::Context<'_>) -> Result {
///     let range = vm.range();
///     vm.sm_unmap(range.start, vm.reserve().start - range.start, job)
/// }
/// ```
pub trait Operations: Driver<Mode = Immediate> {
    /// What one call of `sm_map` or `sm_unmap` hands to its operations: the memory that was set
    /// aside, for instance.
    type Context<'ctx>;

    /// Create a mapping: write its page-table entries, then [`OpMap::insert`].
    ///
    /// # Examples
    ///
    /// ```
    /// use drm_gpuvm::{Mapped, NewMapping, OpMap, Operations};
    /// use kernel::prelude::*;
    ///
    /// fn map<'op, D: Operations<MappingData = ()>>(
    ///     op: OpMap<'op, D>,
    ///     memory: NewMapping<D>,
    /// ) -> Result<Mapped<'op, D>> {
    ///     // Here the entries of `op.range()` are written.
    ///     op.insert(memory, ())
    /// }
    /// ```
    fn map<'op>(
        &mut self,
        op: OpMap<'op, Self>,
        context: &mut Self::Context<'_>,
    ) -> Result<Mapped<'op, Self>>;

    /// Cut a mapping: clear what lies in the cut, then [`OpRemap::replace`].
    ///
    /// # Examples
    ///
    /// ```
    /// use drm_gpuvm::{NewMapping, OpRemap, Operations, Remapped};
    /// use kernel::prelude::*;
    ///
    /// fn remap<'op, D: Operations<MappingData = ()>>(
    ///     op: OpRemap<'op, D>,
    ///     memory: [NewMapping<D>; 2],
    /// ) -> Result<Remapped<'op, D>> {
    ///     // Here the entries of `op.cut()` are cleared.
    ///     let (done, _left) = op.replace(memory, |_mapping, _piece| ())?;
    ///     Ok(done)
    /// }
    /// ```
    fn remap<'op>(
        &mut self,
        op: OpRemap<'op, Self>,
        context: &mut Self::Context<'_>,
    ) -> Result<Remapped<'op, Self>>;

    /// Take a mapping away: clear its page-table entries, then [`OpUnmap::remove`].
    ///
    /// # Examples
    ///
    /// ```
    /// use drm_gpuvm::{OpUnmap, Operations, RemovedMapping, Unmapped};
    ///
    /// fn unmap<'op, D: Operations>(
    ///     op: OpUnmap<'op, D>,
    ///     left: &mut Option<RemovedMapping<D>>,
    /// ) -> Unmapped<'op, D> {
    ///     // Here the entries of `op.mapping().range()` are cleared.
    ///     let (done, removed) = op.remove();
    ///     *left = Some(removed);
    ///     done
    /// }
    /// ```
    fn unmap<'op>(
        &mut self,
        op: OpUnmap<'op, Self>,
        context: &mut Self::Context<'_>,
    ) -> Result<Unmapped<'op, Self>>;
}
