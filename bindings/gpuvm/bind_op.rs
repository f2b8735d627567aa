// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Operations of a bind, and the mappings that come of them.

use core::{
    marker::PhantomData,
    ops::Range,
    ptr::{null_mut, NonNull},
};

use drm_gpuvm_raw as raw;
use kernel::{drm::gem::IntoGEMObject, types::Opaque};

use crate::BindDriver;

/// What a [`BindOp`] does.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{BindDriver, BindKind, BindOp};
///
/// fn adds<D: BindDriver>(op: &BindOp<'_, D>) -> bool {
///     matches!(op.kind(), BindKind::Map | BindKind::MapSparse)
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BindKind {
    /// Maps a piece of an object over a range, replacing what is there.
    Map,
    /// Unmaps what is in a range; nothing there is fine.
    Unmap,
    /// Maps no memory, on purpose.
    MapSparse,
    /// Unmaps an object wherever it is.
    UnmapObject,
}

/// One operation of a bind.
///
/// Nothing of it is checked here: [`BindJob::add`](crate::BindJob::add) refuses one that the VM
/// cannot fulfil.
///
/// # Invariants
///
/// `raw` has an object that is a `D::Object`, borrowed for `'a`, or a userptr, or none.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{BindDriver, BindOp};
///
/// /// One page of the object over and over.
/// fn fill<D: BindDriver>(object: &D::Object) -> BindOp<'_, D> {
///     BindOp::map(0x10_0000, 0x10_0000, object, 0).repeat(0x1000, 0)
/// }
/// ```
#[repr(transparent)]
pub struct BindOp<'a, D: BindDriver> {
    raw: raw::drm_gpuvm_bind_op,
    _object: PhantomData<&'a D::Object>,
}

impl<'a, D: BindDriver> BindOp<'a, D> {
    /// Maps `length` of an object, beginning at its `offset`, to `address`. All three are in the
    /// VM's unit; that the object is large enough is for the caller to know.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindOp};
    /// fn op<D: BindDriver>(object: &D::Object) -> BindOp<'_, D> {
    ///     BindOp::map(0x1000, 0x4000, object, 0x8000)
    /// }
    /// ```
    pub fn map(address: u64, length: u64, object: &'a D::Object, offset: u64) -> Self {
        Self::with(
            raw::DRM_GPUVM_BIND_OP_MAP,
            address,
            length,
            object.as_raw(),
            offset,
        )
    }

    /// Unmaps what is in a range.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindOp};
    /// fn op<D: BindDriver>() -> BindOp<'static, D> {
    ///     BindOp::unmap(0x1000, 0x4000)
    /// }
    /// ```
    pub fn unmap(address: u64, length: u64) -> Self {
        Self::with(raw::DRM_GPUVM_BIND_OP_UNMAP, address, length, null_mut(), 0)
    }

    /// Maps no memory, on purpose: reads there are not faults.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindOp};
    /// fn op<D: BindDriver>() -> BindOp<'static, D> {
    ///     BindOp::map_sparse(0x1000, 0x4000)
    /// }
    /// ```
    pub fn map_sparse(address: u64, length: u64) -> Self {
        Self::with(
            raw::DRM_GPUVM_BIND_OP_MAP_SPARSE,
            address,
            length,
            null_mut(),
            0,
        )
    }

    /// Unmaps an object wherever it is.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindOp};
    /// fn op<D: BindDriver>(object: &D::Object) -> BindOp<'_, D> {
    ///     BindOp::unmap_object(object)
    /// }
    /// ```
    pub fn unmap_object(object: &'a D::Object) -> Self {
        Self::with(raw::DRM_GPUVM_BIND_OP_UNMAP_OBJ, 0, 0, object.as_raw(), 0)
    }

    pub(crate) fn with(
        op: raw::drm_gpuvm_bind_op_type,
        addr: u64,
        range: u64,
        obj: *mut kernel::bindings::drm_gem_object,
        offset: u64,
    ) -> Self {
        Self {
            raw: raw::drm_gpuvm_bind_op {
                op,
                flags: 0,
                addr,
                range,
                offset,
                obj,
                attrs: raw::drm_gpuva_attrs {
                    cookie: 0,
                    repeat: 0,
                    repeat_phase: 0,
                },
                __reserved: [0; 2],
            },
            _object: PhantomData,
        }
    }

    /// Maps only `piece` of the object, over and over, beginning at `phase` in it. For
    /// [`BindOp::map`]; refused for others, and if `phase` is not below `piece`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindOp};
    /// fn op<D: BindDriver>(object: &D::Object) -> BindOp<'_, D> {
    ///     BindOp::map(0x1000, 0x4000, object, 0).repeat(0x2000, 0x1000)
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
    /// # use drm_gpuvm::{BindDriver, BindOp};
    /// fn zeroes<D: BindDriver>() -> BindOp<'static, D> {
    ///     BindOp::map_sparse(0x1000, 0x4000).cookie(1)
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
    /// # use drm_gpuvm::{BindDriver, BindOp};
    /// fn read_only<D: BindDriver>(object: &D::Object) -> BindOp<'_, D> {
    ///     BindOp::map(0x1000, 0x1000, object, 0).driver_flags(1)
    /// }
    /// ```
    pub fn driver_flags(mut self, flags: u32) -> Self {
        self.raw.flags = flags.wrapping_mul(raw::DRM_GPUVA_USERBITS);
        self
    }

    /// What it does.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindOp};
    /// # use drm_gpuvm::BindKind;
    /// fn removes<D: BindDriver>(op: &BindOp<'_, D>) -> bool {
    ///     op.kind() == BindKind::UnmapObject
    /// }
    /// ```
    pub fn kind(&self) -> BindKind {
        match self.raw.op {
            raw::DRM_GPUVM_BIND_OP_MAP => BindKind::Map,
            raw::DRM_GPUVM_BIND_OP_UNMAP => BindKind::Unmap,
            raw::DRM_GPUVM_BIND_OP_MAP_SPARSE => BindKind::MapSparse,
            _ => BindKind::UnmapObject,
        }
    }

    /// The first address; 0 for [`BindKind::UnmapObject`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindOp};
    /// fn page<D: BindDriver>(op: &BindOp<'_, D>) -> u64 {
    ///     op.address() >> 12
    /// }
    /// ```
    pub fn address(&self) -> u64 {
        self.raw.addr
    }

    /// The length; 0 for [`BindKind::UnmapObject`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindOp};
    /// fn pages<D: BindDriver>(op: &BindOp<'_, D>) -> u64 {
    ///     op.length() >> 12
    /// }
    /// ```
    pub fn length(&self) -> u64 {
        self.raw.range
    }

    /// Where in the object a map begins; of one that repeats, where the piece begins.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindOp};
    /// fn from_the_start<D: BindDriver>(op: &BindOp<'_, D>) -> bool {
    ///     op.offset() == 0
    /// }
    /// ```
    pub fn offset(&self) -> u64 {
        self.raw.offset
    }

    /// The length of the piece that repeats, 0 if nothing does, and where in it the map begins.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindOp};
    /// fn piece<D: BindDriver>(op: &BindOp<'_, D>) -> u32 {
    ///     op.repeats().0
    /// }
    /// ```
    pub fn repeats(&self) -> (u32, u32) {
        (self.raw.attrs.repeat, self.raw.attrs.repeat_phase)
    }

    /// The object; `None` also for memory of a process.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindOp};
    /// fn has_object<D: BindDriver>(op: &BindOp<'_, D>) -> bool {
    ///     op.object().is_some()
    /// }
    /// ```
    pub fn object(&self) -> Option<&D::Object> {
        // SAFETY: By the type invariants.
        unsafe { object_of::<D>(self.raw.obj) }
    }

    /// The operation as C has it.
    pub(crate) fn raw_object(&self) -> *mut kernel::bindings::drm_gem_object {
        self.raw.obj
    }

    pub(crate) fn as_raw(&self) -> *const raw::drm_gpuvm_bind_op {
        &raw const self.raw
    }

    /// # Safety
    ///
    /// For all of `'b`, `op` is one of a job of a `BindVm<D>`.
    pub(crate) unsafe fn from_raw<'b>(op: *const raw::drm_gpuvm_bind_op) -> &'b Self {
        // CAST: The type is transparent.
        // SAFETY: By the requirements of this function.
        unsafe { &*op.cast() }
    }
}

/// # Safety
///
/// For all of `'a`, `obj` is null, a `D::Object`, or a userptr.
unsafe fn object_of<'a, D: BindDriver>(
    obj: *mut kernel::bindings::drm_gem_object,
) -> Option<&'a D::Object> {
    let obj = NonNull::new(obj)?;
    // SAFETY: It is valid, and if it is no userptr it is a `D::Object`.
    unsafe {
        if raw::ref_drm_gpuvm_is_userptr(obj.as_ptr()) {
            return None;
        }
        Some(D::Object::from_raw(obj.as_ptr()))
    }
}

/// A mapping of a VM that takes binds, as page tables are to show it.
///
/// There are only references to it from a callback that changes page tables.
///
/// # Invariants
///
/// While there is a reference to it, what is read of it does not change. Its object is a
/// `D::Object`, a userptr, or null.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{BindDriver, BindMapping};
///
/// fn shows<D: BindDriver>(mapping: &BindMapping<D>, object: &D::Object) -> bool {
///     mapping.object().is_some_and(|shown| core::ptr::eq(shown, object))
/// }
/// ```
#[repr(transparent)]
pub struct BindMapping<D: BindDriver> {
    inner: Opaque<raw::drm_gpuva>,
    _driver: PhantomData<fn(D)>,
}

/// Reads a member of the C structure, without a reference to the whole: others change the rest of
/// it meanwhile, its list entry for instance.
macro_rules! read {
    ($mapping:ident.$($member:tt)+) => {
        // SAFETY: By the type invariants, there is a `drm_gpuva` and this member does not change.
        unsafe { (*$mapping.inner.get()).$($member)+ }
    };
}

impl<D: BindDriver> BindMapping<D> {
    /// # Safety
    ///
    /// For all of `'a`, `va` is a mapping of a `BindVm<D>` in a callback of its queue.
    pub(crate) unsafe fn from_raw<'a>(va: *mut raw::drm_gpuva) -> &'a Self {
        // CAST: The type is transparent but for what has no size.
        // SAFETY: By the requirements of this function.
        unsafe { &*va.cast() }
    }

    /// What is behind it, as C has it.
    pub(crate) fn raw_object(&self) -> *mut kernel::bindings::drm_gem_object {
        read!(self.gem.obj)
    }

    /// Its addresses.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindMapping};
    /// fn last<D: BindDriver>(mapping: &BindMapping<D>) -> u64 {
    ///     mapping.range().end - 1
    /// }
    /// ```
    pub fn range(&self) -> Range<u64> {
        let start = read!(self.va.addr);
        // The core inserts nothing that ends behind 2^64 - 1.
        start..start.wrapping_add(read!(self.va.range))
    }

    /// What is behind it; `None` for a sparse mapping, and for memory of a process.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindMapping};
    /// fn has_object<D: BindDriver>(mapping: &BindMapping<D>) -> bool {
    ///     mapping.object().is_some()
    /// }
    /// ```
    pub fn object(&self) -> Option<&D::Object> {
        let obj = read!(self.gem.obj);
        // SAFETY: By the type invariants; the mapping keeps its object.
        unsafe { object_of::<D>(obj) }
    }

    /// What of the object is at an address, also in a mapping that repeats. For an address outside
    /// of the mapping the result says nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindMapping};
    /// fn first<D: BindDriver>(mapping: &BindMapping<D>) -> u64 {
    ///     mapping.offset_of(mapping.range().start)
    /// }
    /// ```
    pub fn offset_of(&self, address: u64) -> u64 {
        // SAFETY: The mapping is valid; the function reads range, offset and attributes only.
        unsafe { raw::ref_drm_gpuva_gem_offset(self.inner.get(), address) }
    }

    /// Where in the object the piece begins that the mapping shows.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindMapping};
    /// fn from_the_start<D: BindDriver>(mapping: &BindMapping<D>) -> bool {
    ///     mapping.offset() == 0
    /// }
    /// ```
    pub fn offset(&self) -> u64 {
        read!(self.gem.offset)
    }

    /// The length of the piece of the object that repeats; 0 if nothing does.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindMapping};
    /// fn repeats<D: BindDriver>(mapping: &BindMapping<D>) -> bool {
    ///     mapping.repeat() != 0
    /// }
    /// ```
    pub fn repeat(&self) -> u32 {
        read!(self.attrs.repeat)
    }

    /// The driver's number, see [`BindOp::cookie`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindMapping};
    /// fn is_zeroes<D: BindDriver>(mapping: &BindMapping<D>) -> bool {
    ///     const ZEROES: u64 = 1;
    ///     mapping.cookie() == ZEROES
    /// }
    /// ```
    pub fn cookie(&self) -> u64 {
        read!(self.attrs.cookie)
    }

    /// The driver's flags, see [`BindOp::driver_flags`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindMapping};
    /// fn is_read_only<D: BindDriver>(mapping: &BindMapping<D>) -> bool {
    ///     const READ_ONLY: u32 = 1;
    ///     mapping.driver_flags() & READ_ONLY != 0
    /// }
    /// ```
    pub fn driver_flags(&self) -> u32 {
        read!(self.flags) / raw::DRM_GPUVA_USERBITS
    }

    /// Whether nothing is behind it, on purpose.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{BindDriver, BindMapping};
    /// fn reads_zeroes<D: BindDriver>(mapping: &BindMapping<D>) -> bool {
    ///     mapping.is_sparse()
    /// }
    /// ```
    pub fn is_sparse(&self) -> bool {
        read!(self.flags) & raw::DRM_GPUVA_SPARSE != 0
    }
}
