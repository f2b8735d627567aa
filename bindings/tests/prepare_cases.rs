// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Memory of the index that is set aside, seen by what is allocated and what is not.

use drm_gpuvm::{MapRequest, MayAlloc, OwnedVm};
use kernel::{ffi::c_uint, prelude::*};

use crate::{
    steps::{close, errno, map, Steps},
    world::World,
};

extern "C" {
    fn gpuvm_rust_fail_available() -> bool;
    fn gk_fail_alloc_arm(nth: c_uint);
    fn gk_fail_alloc_disarm() -> c_uint;
}

/// Mappings that take more nodes than a VM has from the beginning.
const MANY: u64 = 3000;

/// What preparing says if the first allocation fails, and whether there was one.
fn prepare_in_want(vm: &OwnedVm<Steps>) -> (i32, bool) {
    // SAFETY: The functions take any number; what is set is of this thread.
    unsafe { gk_fail_alloc_arm(1) };
    let result = vm.prepare_mappings(&MayAlloc::here(), MANY as usize);
    // SAFETY: As above.
    let left = unsafe { gk_fail_alloc_disarm() };
    (errno(result), left == 0)
}

#[kunit_tests(gpuvm_rust_prepare)]
mod cases {
    use super::*;

    #[test]
    fn nodes_are_set_aside() -> Result {
        // SAFETY: This is a KUnit case.
        assert!(unsafe { gpuvm_rust_fail_available() });
        let may = MayAlloc::here();
        let world = World::new()?;
        let mut vm = world.vm_of::<Steps>(0..2 * MANY, 0..0)?;
        let pair = vm.obtain(&may, &*world.object(b'A')?)?;

        assert_eq!(prepare_in_want(&vm), (ENOMEM.to_errno(), true));
        vm.prepare_mappings(&may, MANY as usize)?;
        // They are there, so none is allocated.
        assert_eq!(prepare_in_want(&vm), (0, false));

        for address in 0..MANY {
            map(&mut vm, &MapRequest::new(2 * address, 1, &pair, 0))?;
        }
        // The mappings have taken them, and the next ones want others.
        assert_eq!(prepare_in_want(&vm), (ENOMEM.to_errno(), true));

        drop(pair);
        assert_eq!(close(vm), 0);
        Ok(())
    }
}
