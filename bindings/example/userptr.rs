// SPDX-License-Identifier: GPL-2.0

//! Userptr mappings: memory of the process that binds.
//!
//! The core takes pages from the process, gives them back when the process is about to lose them, and
//! has page tables written before the next job. The process may have taken pages away where it had
//! some, so there can be holes. What a range takes counts as BOs do, until nothing maps it.

use drm_gpuvm::{BindMapping, MayAlloc, Section, UserPages, Userptr, UserptrArgs};
use kernel::prelude::*;

use crate::{
    quota,
    shim::{c, hw::Source},
    vm::{is_writable, BindVm, Vm},
};

const PAGE_SHIFT: u32 = 12;

/// Makes an object of what a MAP_USERPTR names, whose range is valid in the VM.
///
/// `EINVAL`; `EFAULT`; `ENOMEM`; `ENOSPC`; `EINTR`.
pub(crate) fn create(
    may: &MayAlloc,
    vm: &BindVm,
    op: &c::drm_evgem_bind_op,
) -> Result<Userptr<Vm>> {
    let share = quota::take_bo(&vm.driver().account, op.range)?;
    let args = UserptrArgs {
        address: op.addr,
        length: op.range,
        start: op.offset,
        size: op.range,
        read_only: op.flags & c::DRM_EVGEM_BIND_READONLY != 0,
    };
    vm.userptr_with(may, &args, share)
}

/// How many pages there are, or are not, from `first` on in a row, at most `most`.
fn run(pages: &UserPages<'_>, first: usize, most: usize) -> (bool, usize) {
    let there = pages.get(first).is_some();
    let length = (first..pages.count())
        .take(most)
        .take_while(|&at| pages.get(at).is_some() == there)
        .count();
    (there, length)
}

/// Maps what the process has of a range.
pub(crate) fn map(
    section: &mut Section<'_, Vm>,
    mapping: &BindMapping<Vm>,
    pages: &UserPages<'_>,
    address: u64,
    length: u64,
) -> Result {
    let mut at = (mapping.offset_of(address) >> PAGE_SHIFT) as usize;
    let mut left = (length >> PAGE_SHIFT) as usize;
    let mut address = address;
    while left != 0 {
        let (there, count) = run(pages, at, left);
        let bytes = (count as u64) << PAGE_SHIFT;
        if count == 0 {
            return Err(EIO);
        }
        if there {
            let source = Source::of_user(pages, at);
            let update = section.job.as_mut().update();
            let tables = &mut section.tables.pt;
            tables.map(update, address, bytes, &source, is_writable(mapping))?;
        }
        address = address.wrapping_add(bytes);
        at = at.wrapping_add(count);
        left = left.saturating_sub(count);
    }
    Ok(())
}
