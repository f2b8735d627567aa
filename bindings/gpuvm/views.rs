// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! What operations say, to be looked at.

use core::{marker::PhantomData, ops::Range, ptr::NonNull};

use drm_gpuvm_raw as raw;
use kernel::drm::gem::IntoGEMObject;

use crate::{Driver, Mapping};

/// What an [`OpMap`](crate::OpMap) asks for.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, MapView};
///
/// fn pages<D: Driver>(op: &MapView<'_, D>) -> u64 {
///     op.length() >> 12
/// }
/// ```
pub struct MapView<'op, T: Driver> {
    pub(crate) op: &'op raw::drm_gpuva_op,
    _driver: PhantomData<fn(T)>,
}

impl<'op, T: Driver> MapView<'op, T> {
    /// # Safety
    ///
    /// `op` is a `DRM_GPUVA_OP_MAP`, and its object a `T::Object` or null, for all of `'op`.
    pub(crate) unsafe fn new(op: &'op raw::drm_gpuva_op) -> Self {
        Self {
            op,
            _driver: PhantomData,
        }
    }

    fn map(&self) -> &raw::drm_gpuva_op_map {
        // SAFETY: By the requirement of `new`, this is the member that is valid.
        unsafe { &self.op.__bindgen_anon_1.map }
    }

    /// First address, in the VM's unit.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MapView};
    /// fn page<D: Driver>(op: &MapView<'_, D>) -> u64 {
    ///     op.address() >> 12
    /// }
    /// ```
    pub fn address(&self) -> u64 {
        self.map().va.addr
    }

    /// Length, in the VM's unit; never 0.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MapView};
    /// fn pages<D: Driver>(op: &MapView<'_, D>) -> u64 {
    ///     op.length() >> 12
    /// }
    /// ```
    pub fn length(&self) -> u64 {
        self.map().va.range
    }

    /// Addresses.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MapView};
    /// fn last<D: Driver>(op: &MapView<'_, D>) -> u64 {
    ///     op.range().end - 1
    /// }
    /// ```
    pub fn range(&self) -> Range<u64> {
        self.address()..self.address().wrapping_add(self.length())
    }

    /// Where in the object it begins.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MapView};
    /// fn first_page<D: Driver>(op: &MapView<'_, D>) -> u64 {
    ///     op.offset() >> 12
    /// }
    /// ```
    pub fn offset(&self) -> u64 {
        self.map().gem.offset
    }

    /// The object; `None` for a sparse mapping.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MapView};
    /// fn is_sparse<D: Driver>(op: &MapView<'_, D>) -> bool {
    ///     op.object().is_none()
    /// }
    /// ```
    pub fn object(&self) -> Option<&T::Object> {
        let obj = NonNull::new(self.map().gem.obj)?;
        // SAFETY: By the requirement of `new`.
        Some(unsafe { T::Object::from_raw(obj.as_ptr()) })
    }

    /// The driver's number, see [`MapRequest::cookie`](crate::MapRequest::cookie).
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MapView};
    /// fn cookie<D: Driver>(op: &MapView<'_, D>) -> u64 {
    ///     op.cookie()
    /// }
    /// ```
    pub fn cookie(&self) -> u64 {
        self.op.attrs.cookie
    }

    /// Length of the piece of the object that repeats; 0 if nothing does.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MapView};
    /// fn repeats<D: Driver>(op: &MapView<'_, D>) -> bool {
    ///     op.repeat() != 0
    /// }
    /// ```
    pub fn repeat(&self) -> u32 {
        self.op.attrs.repeat
    }

    /// Where in the piece it begins.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MapView};
    /// fn first_page<D: Driver>(op: &MapView<'_, D>) -> u64 {
    ///     op.offset() + u64::from(op.repeat_phase())
    /// }
    /// ```
    pub fn repeat_phase(&self) -> u32 {
        self.op.attrs.repeat_phase
    }

    /// The driver's flags, see [`MapRequest::driver_flags`](crate::MapRequest::driver_flags).
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, MapView};
    /// fn is_read_only<D: Driver>(op: &MapView<'_, D>) -> bool {
    ///     const READ_ONLY: u32 = 1;
    ///     op.driver_flags() & READ_ONLY != 0
    /// }
    /// ```
    pub fn driver_flags(&self) -> u32 {
        self.op.flags / raw::DRM_GPUVA_USERBITS
    }
}

/// What an [`OpUnmap`](crate::OpUnmap) asks for.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, UnmapView};
///
/// /// What of the page tables has to be cleared.
/// fn cleared<D: Driver>(op: &UnmapView<'_, D>) -> u64 {
///     if op.keep() { 0 } else { op.mapping().length() }
/// }
/// ```
pub struct UnmapView<'op, T: Driver> {
    pub(crate) op: &'op raw::drm_gpuva_op_unmap,
    _driver: PhantomData<fn(T)>,
}

impl<'op, T: Driver> UnmapView<'op, T> {
    /// # Safety
    ///
    /// For all of `'op`, `op.va` is a mapping of a `Vm<T>` that fulfils the invariants of
    /// [`Mapping`], unless it is removed by way of this view.
    pub(crate) unsafe fn new(op: &'op raw::drm_gpuva_op_unmap) -> Self {
        Self {
            op,
            _driver: PhantomData,
        }
    }

    /// What goes away.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, UnmapView};
    /// fn start<D: Driver>(op: &UnmapView<'_, D>) -> u64 {
    ///     op.mapping().address()
    /// }
    /// ```
    pub fn mapping(&self) -> &Mapping<T> {
        // SAFETY: By the requirement of `new`; who removes it takes the view for that. Never the
        // kernel's range: the core refuses what touches it.
        unsafe { Mapping::from_raw(self.op.va) }
    }

    /// Whether the request maps the same memory at the same addresses, so that the page-table
    /// entries that both share may stay.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, UnmapView};
    /// fn has_work<D: Driver>(op: &UnmapView<'_, D>) -> bool {
    ///     !op.keep()
    /// }
    /// ```
    pub fn keep(&self) -> bool {
        self.op.keep
    }
}

/// A piece of a mapping that remains when it is cut.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::Piece;
///
/// fn pages(piece: &Piece<'_>) -> u64 {
///     piece.length() >> 12
/// }
/// ```
pub struct Piece<'op>(&'op raw::drm_gpuva_op_map);

impl Piece<'_> {
    /// First address, in the VM's unit.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::Piece;
    /// fn page(piece: &Piece<'_>) -> u64 {
    ///     piece.address() >> 12
    /// }
    /// ```
    pub fn address(&self) -> u64 {
        self.0.va.addr
    }

    /// Length, in the VM's unit; never 0.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::Piece;
    /// fn pages(piece: &Piece<'_>) -> u64 {
    ///     piece.length() >> 12
    /// }
    /// ```
    pub fn length(&self) -> u64 {
        self.0.va.range
    }

    /// Addresses.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::Piece;
    /// fn covers(piece: &Piece<'_>, address: u64) -> bool {
    ///     piece.range().contains(&address)
    /// }
    /// ```
    pub fn range(&self) -> Range<u64> {
        self.address()..self.address().wrapping_add(self.length())
    }

    /// Where in the object it begins.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::Piece;
    /// fn from_the_start(piece: &Piece<'_>) -> bool {
    ///     piece.offset() == 0
    /// }
    /// ```
    pub fn offset(&self) -> u64 {
        self.0.gem.offset
    }
}

/// What an [`OpRemap`](crate::OpRemap) asks for.
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, RemapView};
///
/// fn remains<D: Driver>(op: &RemapView<'_, D>) -> u64 {
///     [op.prev(), op.next()].iter().flatten().map(|piece| piece.length()).sum()
/// }
/// ```
pub struct RemapView<'op, T: Driver> {
    pub(crate) op: &'op raw::drm_gpuva_op_remap,
    _driver: PhantomData<fn(T)>,
}

impl<'op, T: Driver> RemapView<'op, T> {
    /// # Safety
    ///
    /// For all of `'op`, `op.unmap` is valid and as [`UnmapView::new`] asks, and `op.prev` and
    /// `op.next` are null or valid.
    pub(crate) unsafe fn new(op: &'op raw::drm_gpuva_op_remap) -> Self {
        Self {
            op,
            _driver: PhantomData,
        }
    }

    pub(crate) fn unmap(&self) -> &raw::drm_gpuva_op_unmap {
        // SAFETY: By the requirement of `new`.
        unsafe { &*self.op.unmap }
    }

    /// What is cut.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, RemapView};
    /// fn length<D: Driver>(op: &RemapView<'_, D>) -> u64 {
    ///     op.mapping().length()
    /// }
    /// ```
    pub fn mapping(&self) -> &Mapping<T> {
        // SAFETY: As for `UnmapView`, by the requirement of `new`.
        unsafe { Mapping::from_raw(self.unmap().va) }
    }

    /// Whether the request maps the same memory at the same addresses.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, RemapView};
    /// fn has_work<D: Driver>(op: &RemapView<'_, D>) -> bool {
    ///     !op.keep()
    /// }
    /// ```
    pub fn keep(&self) -> bool {
        self.unmap().keep
    }

    /// What remains before the cut.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, RemapView};
    /// fn before<D: Driver>(op: &RemapView<'_, D>) -> u64 {
    ///     op.prev().map_or(0, |piece| piece.length())
    /// }
    /// ```
    pub fn prev(&self) -> Option<Piece<'_>> {
        // SAFETY: By the requirement of `new`.
        unsafe { self.op.prev.as_ref() }.map(Piece)
    }

    /// What remains behind the cut.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, RemapView};
    /// fn behind<D: Driver>(op: &RemapView<'_, D>) -> u64 {
    ///     op.next().map_or(0, |piece| piece.length())
    /// }
    /// ```
    pub fn next(&self) -> Option<Piece<'_>> {
        // SAFETY: By the requirement of `new`.
        unsafe { self.op.next.as_ref() }.map(Piece)
    }

    /// The addresses that are emptied.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, RemapView};
    /// fn to_clear<D: Driver>(op: &RemapView<'_, D>) -> core::ops::Range<u64> {
    ///     op.cut()
    /// }
    /// ```
    pub fn cut(&self) -> Range<u64> {
        let (mut start, mut length) = (0, 0);
        // SAFETY: By the requirement of `new`; both results are ours.
        unsafe { raw::ref_drm_gpuva_op_remap_to_unmap_range(self.op, &mut start, &mut length) };
        start..start.wrapping_add(length)
    }
}
