// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! VMs and mappings: made, refused, found, walked, attributes, errors, the end.

use core::sync::atomic::Ordering;

use drm_gpuvm::{MapRequest, MayAlloc, OwnedVm};
use kernel::prelude::*;

use crate::{
    steps::{close, errno, map, map_bo, Job, Steps, COUNTED},
    text::{ops_text, vm_text},
    world::World,
};

/// The first addresses of some mappings.
fn addresses<'a>(
    mappings: impl Iterator<Item = &'a drm_gpuvm::Mapping<Steps>>,
) -> Result<KVec<u64>> {
    let mut all = KVec::new();
    for mapping in mappings {
        all.push(mapping.address(), GFP_KERNEL)?;
    }
    Ok(all)
}

fn three(world: &World) -> Result<OwnedVm<Steps>> {
    let mut vm = world.vm()?;
    let bo = world.object(b'A')?;
    map_bo(&mut vm, &bo, 2, 2, 0)?;
    map_bo(&mut vm, &bo, 4, 4, 2)?;
    map_bo(&mut vm, &bo, 16, 8, 0)?;
    Ok(vm)
}

#[kunit_tests(gpuvm_rust_vm)]
mod cases {
    use super::*;

    #[test]
    fn made_and_closed() -> Result {
        let world = World::new()?;
        let vm = world.vm_of::<Steps>(16..1024, 512..544)?;
        assert!(vm.range() == (16..1024));
        assert!(vm.reserve() == (512..544));
        assert!(vm.range_valid(16, 496));
        assert!(!vm.range_valid(16, 497));
        assert!(!vm.range_valid(0, 17));
        assert!(!vm.range_valid(1000, u64::MAX));
        assert_eq!(close(vm), 0);
        Ok(())
    }

    #[test]
    fn bad_ranges_are_refused() -> Result {
        let world = World::new()?;
        #[allow(clippy::reversed_empty_ranges)]
        let bad = [
            (0..0, 0..0),
            (16..8, 0..0),
            (0..256, 300..301),
            (0..256, 255..257),
            (16..256, 15..17),
            (0..256, 9..8),
        ];
        for (range, reserve) in bad {
            assert_eq!(
                errno(world.vm_of::<Steps>(range, reserve)),
                EINVAL.to_errno()
            );
        }
        assert_eq!(errno(world.vm_of::<Steps>(0..u64::MAX, 0..0)), 0);
        Ok(())
    }

    #[test]
    fn bad_requests_change_nothing() -> Result {
        let may = MayAlloc::here();
        let world = World::new()?;
        let mut vm = three(&world)?;
        let bo = world.object(b'B')?;
        let pair = vm.obtain(&may, &bo)?;
        let before = vm_text(&vm)?;
        let mut job = Job::new()?;
        let bad = [
            (0, 0),
            (255, 2),
            (0, 257),
            (u64::MAX, 2),
            (239, 2),
            (240, 1),
        ];
        for (address, length) in bad {
            let request = MapRequest::new(address, length, &pair, 0);
            assert_eq!(errno(vm.sm_map(&request, &mut job)), EINVAL.to_errno());
            assert_eq!(errno(vm.map_ops(&may, &request)), EINVAL.to_errno());
            assert_eq!(
                errno(vm.sm_unmap(address, length, &mut job)),
                EINVAL.to_errno()
            );
            assert_eq!(
                errno(vm.unmap_ops(&may, address, length)),
                EINVAL.to_errno()
            );
        }
        // A phase behind its piece, and a piece of nothing.
        let request = MapRequest::new(32, 4, &pair, 0).repeat(2, 2);
        assert_eq!(errno(vm.sm_map(&request, &mut job)), EINVAL.to_errno());
        let request = MapRequest::sparse(32, 4).repeat(2, 0);
        assert_eq!(errno(vm.sm_map(&request, &mut job)), EINVAL.to_errno());
        assert!(vm_text(&vm)?.as_str() == before.as_str());
        assert!(vm.driver().log.as_str().is_empty());
        Ok(())
    }

    #[test]
    fn a_pair_of_another_vm_is_refused() -> Result {
        let may = MayAlloc::here();
        let world = World::new()?;
        let (mut vm, other) = (world.vm::<Steps>()?, world.vm::<Steps>()?);
        let bo = world.object(b'A')?;
        {
            let pair = other.obtain(&may, &bo)?;
            let request = MapRequest::new(0, 4, &pair, 0);
            let mut job = Job::new()?;
            assert_eq!(errno(vm.sm_map(&request, &mut job)), EINVAL.to_errno());
            assert_eq!(errno(vm.map_ops(&may, &request)), EINVAL.to_errno());
            assert_eq!(errno(vm.madvise_ops(&may, &request)), EINVAL.to_errno());
        }
        assert!(vm.iter().next().is_none());
        assert_eq!(close(vm) + close(other), 0);
        Ok(())
    }

    #[test]
    fn found() -> Result {
        let world = World::new()?;
        let vm = three(&world)?;
        assert!(vm
            .find(4, 4)
            .is_some_and(|va| va.range() == (4..8) && va.offset() == 2));
        assert!(vm.find(4, 3).is_none());
        assert!(vm.find_first(5, 20).is_some_and(|va| va.address() == 4));
        assert!(vm.find_first(8, 8).is_none());
        assert!(vm.find_first(8, 0).is_none());
        assert!(vm.find_first(8, u64::MAX).is_none());
        assert!(vm.find_prev(4).is_some_and(|va| va.address() == 2));
        assert!(vm.find_prev(5).is_none());
        assert!(vm.find_next(8).is_none());
        assert!(vm.find_next(16).is_some_and(|va| va.length() == 8));
        // The reserve is no mapping, but it is not empty either.
        assert!(vm.find(240, 16).is_none());
        assert!(vm.find_first(200, 56).is_none());
        assert!(vm.find_next(240).is_none());
        assert!(vm.find_prev(256).is_none());
        assert!(!vm.interval_empty(230, 11));
        assert!(vm.interval_empty(24, 216));
        Ok(())
    }

    #[test]
    fn walked() -> Result {
        let may = MayAlloc::here();
        let world = World::new()?;
        let mut vm = three(&world)?;
        map(&mut vm, &MapRequest::sparse(236, 4))?;
        assert!(addresses(vm.iter())?[..] == [2, 4, 16, 236]);
        assert!(addresses(vm.iter_range(3..17))?[..] == [2, 4, 16]);
        assert!(addresses(vm.iter_range(4..16))?[..] == [4]);
        assert!(addresses(vm.iter_range(8..16))?.is_empty());
        assert!(addresses(vm.iter_range(200..256))?[..] == [236]);
        #[allow(clippy::reversed_empty_ranges)]
        let reversed = 9..8;
        assert!(addresses(vm.iter_range(reversed))?.is_empty());
        assert!(addresses(vm.prefetch_ops(&may, 3, 253)?)?[..] == [2, 4, 16, 236]);
        assert_eq!(errno(vm.prefetch_ops(&may, 0, 0)), EINVAL.to_errno());
        assert_eq!(errno(vm.prefetch_ops(&may, 255, 2)), EINVAL.to_errno());
        let sparse = vm.find(236, 4).ok_or(ENOENT)?;
        assert!(sparse.is_sparse() && sparse.object().is_none() && sparse.vm_bo().is_none());
        vm.clear(&may);
        assert!(vm.iter().next().is_none());
        assert_eq!(close(vm), 0);
        Ok(())
    }

    #[test]
    fn backwards_and_invalidated() -> Result {
        let world = World::new()?;
        let mut vm = world.vm_of::<Steps>(0..256, 100..110)?;
        for address in [20, 96, 110] {
            map(&mut vm, &MapRequest::sparse(address, 4))?;
        }
        let other = three(&world)?;
        let last = vm.find(110, 4).ok_or(ENOENT)?;
        // Over the reserve.
        let before = vm.before(last).ok_or(ENOENT)?;
        assert_eq!(before.address(), 96);
        let first = vm.before(before).ok_or(ENOENT)?;
        assert!(first.address() == 20 && vm.before(first).is_none());
        // Not in this VM.
        assert!(other.iter().all(|mapping| vm.before(mapping).is_none()));

        before.invalidate(true);
        assert!(before.is_invalidated() && before.is_sparse() && !first.is_invalidated());
        vm.sm_unmap(97, 1, &mut Job::new()?)?;
        assert!(vm.iter_range(96..100).all(|piece| piece.is_invalidated()));
        let piece = vm.find(98, 2).ok_or(ENOENT)?;
        piece.invalidate(false);
        assert!(!piece.is_invalidated() && piece.is_sparse());
        Ok(())
    }

    #[test]
    fn attributes_stay_with_the_pieces() -> Result {
        let world = World::new()?;
        let mut vm = world.vm::<Steps>()?;
        let bo = world.object(b'A')?;
        let pair = vm.obtain(&MayAlloc::here(), &bo)?;
        let request = MapRequest::new(0, 32, &pair, 4)
            .repeat(8, 3)
            .cookie(7)
            .driver_flags(5);
        map(&mut vm, &request)?;
        vm.sm_unmap(10, 2, &mut Job::new()?)?;
        assert!(vm_text(&vm)?.as_str() == "A[0,10)@7%8#7!5 A[12,32)@11%8#7!5");
        let behind = vm.find(12, 20).ok_or(ENOENT)?;
        assert_eq!(behind.offset_of(12), 4 + (3 + 12) % 8);
        assert_eq!(behind.offset_of(13), 4);
        Ok(())
    }

    #[test]
    fn madvise_cuts_what_is_sparse() -> Result {
        let may = MayAlloc::here();
        let world = World::new()?;
        let mut vm = world.vm::<Steps>()?;
        map(&mut vm, &MapRequest::sparse(0, 16))?;
        let request = MapRequest::sparse(4, 4).cookie(9);
        let plan = vm.madvise_ops(&may, &request)?;
        assert!(
            ops_text(plan.iter())?.as_str()
                == "remap -[0,16)@0{prev -[0,4)@0, next -[8,16)@8}; map -[4,8)@0"
        );
        plan.carry_out(&may, &mut Job::new()?)?;
        assert!(vm_text(&vm)?.as_str() == "-[0,4)@0 -[4,8)@0#9 -[8,16)@8");
        Ok(())
    }

    #[test]
    fn an_error_keeps_what_was_done() -> Result {
        let may = MayAlloc::here();
        let world = World::new()?;
        for planned in [false, true] {
            let mut vm = three(&world)?;
            vm.driver_mut().fail_at = Some(1);
            let mut job = Job::new()?;
            let result = if planned {
                vm.unmap_ops(&may, 3, 10)?.carry_out(&may, &mut job)
            } else {
                vm.sm_unmap(3, 10, &mut job)
            };
            assert_eq!(errno(result), EIO.to_errno());
            assert!(vm_text(&vm)?.as_str() == "A[2,3)@0 A[4,8)@2 A[16,24)@0");
            assert_eq!(close(vm), 0);
        }
        Ok(())
    }

    #[test]
    fn memory_that_is_missing_is_an_error() -> Result {
        let world = World::new()?;
        let mut vm = three(&world)?;
        let bo = world.object(b'B')?;
        let pair = vm.obtain(&MayAlloc::here(), &bo)?;
        let mut job = Job::new()?;
        // Eight maps with nothing to give back use up five.
        let mut failed = 0;
        for page in 0..8 {
            let request = MapRequest::new(32 + page, 1, &pair, 0);
            match vm.sm_map(&request, &mut job) {
                Ok(()) => assert!(failed == 0),
                Err(error) => {
                    assert!(error == ENOMEM);
                    failed += 1;
                }
            }
        }
        assert_eq!(failed, 3);
        assert_eq!(vm.iter().count(), 8);
        Ok(())
    }

    #[test]
    fn data_is_dropped_once() -> Result {
        let world = World::new()?;
        let before = COUNTED.load(Ordering::Relaxed);
        {
            let mut vm = three(&world)?;
            // Three mappings and their pair.
            assert_eq!(COUNTED.load(Ordering::Relaxed), before + 4);
            vm.sm_unmap(5, 1, &mut Job::new()?)?;
            assert_eq!(COUNTED.load(Ordering::Relaxed), before + 5);
            // A piece has what its mapping had.
            assert!(vm.find(6, 2).is_some_and(|va| va.data().0 == 4));
            vm.sm_unmap(0, 128, &mut Job::new()?)?;
            vm.clean_up(&MayAlloc::here());
            assert_eq!(COUNTED.load(Ordering::Relaxed), before);
            let bo = world.object(b'B')?;
            map_bo(&mut vm, &bo, 0, 4, 0)?;
        }
        assert_eq!(COUNTED.load(Ordering::Relaxed), before);
        Ok(())
    }
}
