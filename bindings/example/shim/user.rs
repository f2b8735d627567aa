// SPDX-License-Identifier: GPL-2.0

//! Arrays and structures in the memory of a program, copied once.

use core::mem::MaybeUninit;

use kernel::{
    prelude::*,
    uaccess::{UserPtr, UserSlice},
};

use super::c;

/// The longest element that a program may have.
const STRIDE_MAX: u32 = 4096;

/// A structure of the uAPI.
///
/// # Safety
///
/// Any bytes are a value of it, and it has no hole.
pub(crate) unsafe trait Plain: Copy + Default + 'static {}

macro_rules! plain {
    ($($name:ident),* $(,)?) => {
        // SAFETY: It has integers only, and holes the uAPI does not have.
        $(unsafe impl Plain for c::$name {})*
    };
}

plain!(
    drm_evgem_bind_op,
    drm_evgem_cmdbuf,
    drm_evgem_device_info,
    drm_evgem_exec,
    drm_evgem_gem_create,
    drm_evgem_gem_mmap_offset,
    drm_evgem_query,
    drm_evgem_queue_create,
    drm_evgem_queue_destroy,
    drm_evgem_sync,
    drm_evgem_vm_bind,
    drm_evgem_vm_create,
    drm_evgem_vm_destroy,
    drm_evgem_vm_state,
);

/// The bytes of a structure.
pub(crate) fn bytes_of<T: Plain>(value: &T) -> &[u8] {
    // SAFETY: By the requirements of `Plain`, all of them are initialised.
    unsafe { core::slice::from_raw_parts(core::ptr::from_ref(value).cast(), size_of::<T>()) }
}

/// Space for values as space for bytes.
fn space<T: Plain>(values: &mut [MaybeUninit<T>]) -> &mut [MaybeUninit<u8>] {
    let size = core::mem::size_of_val(values);
    // SAFETY: It is the same space, which needs no alignment for bytes.
    unsafe { core::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), size) }
}

fn slice(address: u64, length: usize) -> UserSlice {
    UserSlice::new(UserPtr::from_addr(address as usize), length)
}

/// One element that is longer than this kernel knows it: `E2BIG` unless the rest is zero.
fn read_longer<T: Plain>(address: u64, stride: usize, to: &mut MaybeUninit<T>) -> Result {
    let length = stride.checked_sub(size_of::<T>()).ok_or(EINVAL)?;
    let mut tail = slice(address.wrapping_add(size_of::<T>() as u64), length).reader();
    let mut bytes = [0u8; 64];
    while !tail.is_empty() {
        let n = tail.len().min(bytes.len());
        let some = bytes.get_mut(..n).ok_or(EINVAL)?;
        tail.read_slice(some)?;
        if some.iter().any(|&byte| byte != 0) {
            return Err(E2BIG);
        }
    }
    slice(address, size_of::<T>())
        .reader()
        .read_raw(space(core::slice::from_mut(to)))
}

/// Copies an array.
///
/// `EINVAL` for too many elements, or a stride that cannot be; `E2BIG` for an element that has
/// something this kernel does not know; `EFAULT`; `ENOMEM`.
///
/// Context: process; sleeps; no lock is held that a page fault takes.
pub(crate) fn read_array<T: Plain>(array: &c::drm_evgem_array, max: u32) -> Result<KVVec<T>> {
    let (count, stride, size) = (array.count as usize, array.stride as usize, size_of::<T>());
    if count == 0 {
        return Ok(KVVec::new());
    }
    if array.count > max || stride < size || array.stride > STRIDE_MAX || stride % 8 != 0 {
        return Err(EINVAL);
    }
    let mut copy = KVVec::with_capacity(count, GFP_KERNEL_ACCOUNT)?;
    let spare = copy.spare_capacity_mut().get_mut(..count).ok_or(ENOMEM)?;
    if stride == size {
        slice(array.ptr, count.checked_mul(size).ok_or(EINVAL)?)
            .reader()
            .read_raw(space(spare))?;
    } else {
        let mut address = array.ptr;
        for element in spare {
            read_longer(address, stride, element)?;
            address = address.wrapping_add(array.stride.into());
        }
    }
    // SAFETY: So many were written, and any bytes are a value.
    unsafe { copy.inc_len(count) };
    Ok(copy)
}

/// Writes the beginning of an answer, as much as there is room for, and clears what room is left.
///
/// Context: as [`read_array`].
pub(crate) fn write_answer(address: u64, room: usize, answer: &[u8]) -> Result {
    let mut writer = slice(address, room).writer();
    writer.write_slice(answer.get(..room).unwrap_or(answer))?;
    while !writer.is_empty() {
        let zeros = [0u8; 64];
        writer.write_slice(zeros.get(..writer.len()).unwrap_or(&zeros))?;
    }
    Ok(())
}
