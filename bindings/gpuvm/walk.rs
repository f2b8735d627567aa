// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Finding mappings, walking over them, showing them.

use core::ops::Range;

use drm_gpuvm_raw as raw;
use kernel::{bindings, error::to_result, prelude::*, seq_file::SeqFile};

use crate::{Driver, Mapping, OwnedVm};

impl<T: Driver> OwnedVm<T> {
    /// All mappings, in the order of addresses, without the reserve.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, OwnedVm};
    /// fn count<D: Driver>(vm: &OwnedVm<D>) -> usize {
    ///     vm.iter().count()
    /// }
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, OwnedVm};
    /// fn any_sparse<D: Driver>(vm: &OwnedVm<D>) -> bool {
    ///     vm.iter_range(0x1000..0x9000).any(|mapping| mapping.is_sparse())
    /// }
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, OwnedVm};
    /// fn offset<D: Driver>(vm: &OwnedVm<D>) -> Option<u64> {
    ///     Some(vm.find(0x1000, 0x1000)?.offset())
    /// }
    /// ```
    pub fn find(&self, address: u64, length: u64) -> Option<&Mapping<T>> {
        // SAFETY: The VM is borrowed, so it does not change.
        self.mapping(unsafe { raw::ref_drm_gpuva_find(self.as_raw(), address, length) })
    }

    /// The first mapping that overlaps a range.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Mapping, OwnedVm};
    /// fn at<D: Driver>(vm: &OwnedVm<D>, address: u64) -> Option<&Mapping<D>> {
    ///     vm.find_first(address, 1)
    /// }
    /// ```
    pub fn find_first(&self, address: u64, length: u64) -> Option<&Mapping<T>> {
        self.iter_range(address..address.checked_add(length)?)
            .next()
    }

    /// The mapping that ends where a range starts.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, OwnedVm};
    /// fn continues<D: Driver>(vm: &OwnedVm<D>, start: u64) -> bool {
    ///     vm.find_prev(start).is_some()
    /// }
    /// ```
    pub fn find_prev(&self, start: u64) -> Option<&Mapping<T>> {
        // SAFETY: The VM is borrowed, so it does not change.
        self.mapping(unsafe { raw::ref_drm_gpuva_find_prev(self.as_raw(), start) })
    }

    /// The mapping that starts where a range ends.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, OwnedVm};
    /// fn goes_on<D: Driver>(vm: &OwnedVm<D>, end: u64) -> bool {
    ///     vm.find_next(end).is_some()
    /// }
    /// ```
    pub fn find_next(&self, end: u64) -> Option<&Mapping<T>> {
        // SAFETY: The VM is borrowed, so it does not change.
        self.mapping(unsafe { raw::ref_drm_gpuva_find_next(self.as_raw(), end) })
    }

    /// The mapping before another one, in the order of addresses, with a gap between them or
    /// without. `None` for the first, and for a mapping that is not, or not any more, in this VM.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, Mapping, OwnedVm};
    /// fn gap_before<D: Driver>(vm: &OwnedVm<D>, mapping: &Mapping<D>) -> Option<u64> {
    ///     Some(mapping.address() - vm.before(mapping)?.range().end)
    /// }
    /// ```
    pub fn before(&self, mapping: &Mapping<T>) -> Option<&Mapping<T>> {
        let found = self.find(mapping.address(), mapping.length())?;
        if !core::ptr::eq(found, mapping) {
            return None;
        }
        // SAFETY: The VM is borrowed, so it does not change; the mapping was just found in it.
        let mut va = unsafe { raw::ref_drm_gpuva_prev_va(found.as_raw()) };
        if self.is_reserve(va) {
            // SAFETY: As above, and the reserve is in the VM, too.
            va = unsafe { raw::ref_drm_gpuva_prev_va(va) };
        }
        self.mapping(va)
    }

    /// Whether nothing is mapped in a range, and it does not touch the reserve.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, OwnedVm};
    /// fn free_page<D: Driver>(vm: &OwnedVm<D>) -> Option<u64> {
    ///     (1..16).map(|page| page << 12).find(|at| vm.interval_empty(*at, 0x1000))
    /// }
    /// ```
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

    pub(crate) fn is_reserve(&self, va: *mut raw::drm_gpuva) -> bool {
        // SAFETY: Only the address of the member is taken, of a VM that is valid.
        va == unsafe { &raw mut (*self.as_raw()).kernel_alloc_node }
    }

    /// Writes all mappings to a file of debugfs, as a table for people.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, OwnedVm};
    /// # use kernel::{prelude::*, seq_file::SeqFile};
    /// fn show<D: Driver>(vm: &OwnedVm<D>, file: &SeqFile) -> Result {
    ///     vm.show(file)
    /// }
    /// ```
    pub fn show(&self, file: &SeqFile) -> Result {
        // SAFETY: Both are valid, and the VM is borrowed, so it does not change.
        to_result(unsafe { raw::ref_drm_debugfs_gpuva_info(seq_file(file), self.as_raw()) })
    }

    /// Writes all mappings and pairs to a file of debugfs, as JSON for programs.
    ///
    /// # Examples
    ///
    /// ```
    /// # use drm_gpuvm::{Driver, OwnedVm};
    /// # use kernel::{prelude::*, seq_file::SeqFile};
    /// fn show<D: Driver>(vm: &OwnedVm<D>, file: &SeqFile) -> Result {
    ///     vm.show_json(file)
    /// }
    /// ```
    pub fn show_json(&self, file: &SeqFile) -> Result {
        // SAFETY: Both are valid, and the VM is borrowed, so it does not change.
        to_result(unsafe { raw::ref_drm_debugfs_gpuvm_json(seq_file(file), self.as_raw()) })
    }
}

/// The C structure, which the kernel crate does not show.
#[inline]
fn seq_file(file: &SeqFile) -> *mut bindings::seq_file {
    // CAST: `SeqFile` is transparent, around an `Opaque`.
    core::ptr::from_ref(file)
        .cast::<bindings::seq_file>()
        .cast_mut()
}

/// Mappings in the order of addresses; see [`OwnedVm::iter`].
///
/// # Examples
///
/// ```
/// use drm_gpuvm::{Driver, Mappings};
///
/// fn last_address<D: Driver>(mappings: Mappings<'_, D>) -> Option<u64> {
///     mappings.last().map(|mapping| mapping.range().end - 1)
/// }
/// ```
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
