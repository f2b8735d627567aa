// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Deferred mode: lists that are committed when a job is submitted, and read when it runs.

use core::sync::atomic::Ordering;

use drm_gpuvm::{Deferred, Exec, MapRequest, MayAlloc, Op, OwnedVm};
use kernel::prelude::*;

use crate::{
    steps::{close, data_of, errno, map_bo, Lazy, COUNTED},
    text::{ops_text, vm_text},
    world::World,
};

fn three(world: &World<Deferred>) -> Result<OwnedVm<Lazy>> {
    let mut vm = world.vm()?;
    let bo = world.object(b'A')?;
    map_bo(&mut vm, &bo, 2, 2, 0)?;
    map_bo(&mut vm, &bo, 4, 4, 2)?;
    map_bo(&mut vm, &bo, 16, 8, 0)?;
    Ok(vm)
}

#[kunit_tests(gpuvm_rust_deferred)]
mod cases {
    use super::*;

    #[test]
    fn the_vm_changes_before_the_job() -> Result {
        let may = MayAlloc::here();
        let world = World::of()?;
        let mut vm = three(&world)?;
        let before = COUNTED.load(Ordering::Relaxed);
        let committed = Lazy::submit_unmap(&mut vm, 3, 3)?;
        assert!(vm_text(&vm)?.as_str() == "A[2,3)@0 A[6,8)@4 A[16,24)@0");
        // What was there is there still, for the job: two that were cut, and two pieces.
        assert_eq!(COUNTED.load(Ordering::Relaxed), before + 2);
        assert_eq!(committed.removed(), 2);
        assert!(core::ptr::eq(committed.vm(), &*vm) && committed.vm_bo().is_none());
        vm.clear(&may);
        let told = "remap A[2,4)@0{prev A[2,3)@0}; remap A[4,8)@2{next A[6,8)@4}";
        assert!(ops_text(committed.iter())?.as_str() == told);
        let mut backwards = committed.iter().rev();
        for address in [4, 2] {
            match backwards.next() {
                Some(Op::Remap(view)) => assert_eq!(view.mapping().address(), address),
                _ => return Err(EINVAL),
            }
        }
        assert!(backwards.next().is_none());
        // The object goes when the job is over.
        drop(committed);
        vm.clean_up(&may);
        assert_eq!(COUNTED.load(Ordering::Relaxed), before - 4);
        assert_eq!(close(vm), 0);
        Ok(())
    }

    #[test]
    fn what_is_not_locked_is_not_changed() -> Result {
        let may = MayAlloc::here();
        let world = World::of()?;
        let mut vm = three(&world)?;
        let other = world.vm::<Lazy>()?;
        let bo = world.object(b'B')?;
        let pair = vm.obtain(&may, &bo)?;
        let before = (vm_text(&vm)?, COUNTED.load(Ordering::Relaxed));
        let shared = vm.share();
        let request = MapRequest::new(3, 8, &pair, 0);
        // The object of the request, but not those that are in its way; and the other way round.
        for range in [30..31, 3..4] {
            let mut exec = Exec::new(&may, &shared, 0)?;
            let mut locked = exec.lock_by(&may, |prepare| {
                prepare.range(&vm, range.clone())?;
                if range.start == 30 {
                    prepare.object(&bo)?;
                }
                Ok(())
            })?;
            let ready = vm.map_ops(&may, &request)?.prepare(&may, data_of)?;
            assert_eq!(errno(ready.commit(&mut locked)), EINVAL.to_errno());
        }
        // All of it, by a lock of another VM.
        {
            let a = vm.find(2, 2).and_then(|va| va.object()).ok_or(ENOENT)?;
            let mut exec = Exec::new(&may, &other, 0)?;
            let mut locked = exec.lock_with(&may, &[a, &bo])?;
            let ready = vm.map_ops(&may, &request)?.prepare(&may, data_of)?;
            assert_eq!(errno(ready.commit(&mut locked)), EINVAL.to_errno());
        }
        assert!(vm_text(&vm)?.as_str() == before.0.as_str());
        assert_eq!(COUNTED.load(Ordering::Relaxed), before.1);
        drop(pair);
        assert_eq!(close(vm) + close(other), 0);
        Ok(())
    }

    #[test]
    fn an_error_before_the_commit_changes_nothing() -> Result {
        let may = MayAlloc::here();
        let world = World::of()?;
        let mut vm = three(&world)?;
        let before = (vm_text(&vm)?, COUNTED.load(Ordering::Relaxed));
        for fail_at in 0..2 {
            let mut left = fail_at;
            let plan = vm.unmap_ops(&may, 3, 3)?;
            let failed = plan.prepare(&may, |new| {
                if left == 0 {
                    return Err(EIO);
                }
                left -= 1;
                data_of(new)
            });
            assert_eq!(errno(failed), EIO.to_errno());
        }
        assert!(vm_text(&vm)?.as_str() == before.0.as_str());
        assert_eq!(COUNTED.load(Ordering::Relaxed), before.1);
        Ok(())
    }

    #[test]
    fn an_object_is_unmapped_wherever_it_is() -> Result {
        let may = MayAlloc::here();
        let world = World::of()?;
        let mut vm = three(&world)?;
        let bo = world.object(b'B')?;
        map_bo(&mut vm, &bo, 5, 1, 0)?;
        map_bo(&mut vm, &bo, 30, 1, 0)?;
        let pair = vm.obtain(&may, &bo)?;
        let shared = vm.share();
        let committed = {
            let mut exec = Exec::new(&may, &shared, 0)?;
            let mut locked = exec.lock(&may)?;
            let plan = vm.object_unmap_ops(&may, &locked, &pair)?;
            assert!(ops_text(plan.iter())?.as_str() == "unmap B[5,6)@0; unmap B[30,31)@0");
            plan.prepare(&may, data_of)?.commit(&mut locked)?
        };
        assert_eq!(committed.removed(), 2);
        assert!(vm_text(&vm)?.as_str() == "A[2,4)@0 A[4,5)@2 A[6,8)@4 A[16,24)@0");
        drop((committed, pair));
        assert_eq!(close(vm), 0);
        Ok(())
    }

    #[test]
    fn madvise_and_attributes() -> Result {
        let may = MayAlloc::here();
        let world = World::<Deferred>::of()?;
        let mut vm = world.vm::<Lazy>()?;
        drop(Lazy::submit_map(&mut vm, &MapRequest::sparse(0, 16))?);
        let bo = world.object(b'A')?;
        let pair = vm.obtain(&may, &bo)?;
        let request = MapRequest::new(4, 4, &pair, 8).cookie(9).driver_flags(2);
        {
            let shared = vm.share();
            let mut exec = Exec::new(&may, &shared, 0)?;
            let mut locked = exec.lock_with(&may, &[&*bo])?;
            let plan = vm.madvise_ops(&may, &request)?;
            drop(plan.prepare(&may, data_of)?.commit(&mut locked)?);
        }
        assert!(vm_text(&vm)?.as_str() == "-[0,4)@0 A[4,8)@8#9!2 -[8,16)@8");
        let repeated = MapRequest::new(16, 8, &pair, 1).repeat(3, 2);
        let committed = Lazy::submit_map(&mut vm, &repeated)?;
        assert!(committed
            .vm_bo()
            .is_some_and(|kept| core::ptr::eq(kept, &*pair)));
        drop(committed);
        let found = vm.find(16, 8).ok_or(ENOENT)?;
        assert_eq!(found.offset_of(17), 1);
        assert_eq!(found.repeat_phase_at(17), 0);
        assert_eq!(found.repeat_phase_at(18), 1);
        drop(pair);
        assert_eq!(close(vm), 0);
        Ok(())
    }
}
