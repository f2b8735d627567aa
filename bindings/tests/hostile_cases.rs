// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! What a program may name in an ioctl, at its worst: each number is refused or fulfilled, and
//! nothing panics or wraps. The kernel of these cases ends at a panic.

use drm_gpuvm::{Deferred, Driver, Exec, Immediate, MapRequest, MayAlloc, OwnedVm, VmBo};
use kernel::prelude::*;

use crate::{
    steps::{close, errno, Job, Lazy, Steps, TestDriver},
    text::ops_text,
    world::World,
};

const NUMBERS: [u64; 9] = [
    0,
    1,
    0xfff,
    1 << 31,
    1 << 32,
    1 << 63,
    u64::MAX - 0xfff,
    u64::MAX - 1,
    u64::MAX,
];

const SMALL: [u32; 4] = [0, 1, 1 << 31, u32::MAX];

fn fulfilled_or_refused<T>(result: Result<T>) -> bool {
    let errno = errno(result);
    errno == 0 || errno == EINVAL.to_errno()
}

/// Whatever only looks.
fn look<D: TestDriver>(vm: &OwnedVm<D>, address: u64, length: u64) -> Result {
    let may = MayAlloc::here();
    let end = address.wrapping_add(length);
    assert!(fulfilled_or_refused(
        vm.prefetch_ops(&may, address, length).map(Iterator::count)
    ));
    let found = [
        vm.find(address, length),
        vm.find_first(address, length),
        vm.find_prev(address),
        vm.find_next(end),
    ];
    for mapping in found.into_iter().flatten() {
        let _ = (
            vm.before(mapping),
            mapping.offset_of(end),
            mapping.repeat_phase_at(end),
        );
        assert!(!vm.interval_empty(mapping.address(), mapping.length()));
    }
    assert!(vm.iter_range(address..end).count() <= vm.iter().count());
    let _ = vm.interval_empty(address, length) && vm.range_valid(address, length);
    let shared = vm.share();
    let mut exec = Exec::new(&may, &shared, 0)?;
    assert!(fulfilled_or_refused(exec.lock_range(
        &may,
        vm,
        address..end
    )));
    let unmap = exec.lock_by(&may, |prepare| prepare.sm_unmap(vm, address, length));
    assert!(fulfilled_or_refused(unmap));
    Ok(())
}

fn requests<'a, D: TestDriver>(
    pair: &'a VmBo<D>,
    address: u64,
    length: u64,
    offset: u64,
) -> [MapRequest<'a, D>; 4] {
    let small = |index: u64| SMALL[(index % SMALL.len() as u64) as usize];
    [
        MapRequest::new(address, length, pair, offset),
        MapRequest::sparse(address, length).cookie(offset),
        MapRequest::new(address, length, pair, offset).repeat(small(length), small(address)),
        MapRequest::new(address, length, pair, offset).driver_flags(u32::MAX),
    ]
}

/// A VM that is as large as it can be.
fn largest<D: TestDriver>(world: &World<<D as Driver>::Mode>) -> Result<OwnedVm<D>> {
    world.vm_of(0..u64::MAX, 0x1000..0x2000)
}

/// Has each combination of numbers mapped and unmapped.
fn drive<D: TestDriver>(
    mut by_list: impl FnMut(&mut OwnedVm<D>, &MapRequest<'_, D>) -> Result,
) -> Result {
    let may = MayAlloc::here();
    let world = World::<<D as Driver>::Mode>::of()?;
    let bo = world.object(b'A')?;
    let mut vm = largest::<D>(&world)?;
    let mut fulfilled = 0;
    for address in NUMBERS {
        for length in NUMBERS {
            for offset in [0, u64::MAX] {
                let pair = vm.obtain(&may, &bo)?;
                for request in requests(&pair, address, length, offset) {
                    let result = D::map(&mut vm, &request);
                    fulfilled += usize::from(result.is_ok());
                    assert!(fulfilled_or_refused(result));
                    assert!(fulfilled_or_refused(by_list(&mut vm, &request)));
                }
            }
            look(&vm, address, length)?;
            assert!(fulfilled_or_refused(D::unmap(&mut vm, address, length)));
        }
    }
    assert!(fulfilled > 50);
    assert_eq!(close(vm), 0);
    Ok(())
}

#[kunit_tests(gpuvm_rust_hostile)]
mod cases {
    use super::*;

    #[test]
    fn numbers_in_immediate_mode() -> Result {
        drive::<Steps>(|vm, request| {
            let may = MayAlloc::here();
            drop(vm.map_ops(&may, request)?);
            let mut job = Job::new()?;
            vm.driver_mut().log.clear();
            vm.madvise_ops(&may, request)?.carry_out(&may, &mut job)
        })
    }

    #[test]
    fn numbers_in_deferred_mode() -> Result {
        drive::<Lazy>(|vm, request| {
            let committed = Lazy::submit_map(vm, request)?;
            let _ = ops_text(committed.iter());
            Ok(())
        })
    }

    #[test]
    fn vms_of_any_range() -> Result {
        let world = World::<Immediate>::of()?;
        for start in NUMBERS {
            for end in NUMBERS {
                for reserve in [start..start, start..end, end..start, 0..u64::MAX] {
                    let made = world.vm_of::<Steps>(start..end, reserve);
                    assert!(fulfilled_or_refused(made));
                }
            }
        }
        drop(world);
        let world = World::<Deferred>::of()?;
        assert!(fulfilled_or_refused(world.vm_of::<Lazy>(1..u64::MAX, 1..2)));
        Ok(())
    }
}
