// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Locking a VM and its objects, and giving them a fence.

use drm_gpuvm::{Deferred, Driver, Duty, Exec, Fence, MapRequest, MayAlloc, Usage, VmResv};
use kernel::{bindings, drm::gem::IntoGEMObject, prelude::*, sync::aref::ARef};

use crate::{
    steps::{errno, map_bo, Lazy, Steps, TestDriver},
    world::World,
};

/// Whether all that an object waits for has happened.
fn is_idle(object: &impl IntoGEMObject, usage: Usage) -> bool {
    let usage = match usage {
        Usage::Kernel => bindings::dma_resv_usage_DMA_RESV_USAGE_KERNEL,
        Usage::Write => bindings::dma_resv_usage_DMA_RESV_USAGE_WRITE,
        Usage::Read => bindings::dma_resv_usage_DMA_RESV_USAGE_READ,
        Usage::Bookkeep => bindings::dma_resv_usage_DMA_RESV_USAGE_BOOKKEEP,
    };
    // SAFETY: The object is borrowed, and its `dma_resv` with it.
    unsafe { bindings::dma_resv_test_signaled((*object.as_raw()).resv, usage) }
}

fn locked_by_range<D: TestDriver>() -> Result {
    let may = MayAlloc::here();
    let world = World::<<D as Driver>::Mode>::of()?;
    let (mut vm, other) = (world.vm::<D>()?, world.vm::<D>()?);
    let (a, b) = (world.object(b'A')?, world.object(b'B')?);
    map_bo(&mut vm, &a, 0, 4, 0)?;
    map_bo(&mut vm, &b, 8, 4, 0)?;
    let shared: ARef<_> = vm.share();
    let mut exec = Exec::new(&may, &shared, 1)?;
    {
        let locked = exec.lock_range(&may, &vm, 2..8)?;
        assert!(locked.holds(&a) && !locked.holds(&b) && !locked.holds_vm());
        // Not all that may be evicted is locked.
        assert_eq!(errno(locked.validate(&may)), EINVAL.to_errno());
    }
    {
        let locked = exec.lock_by(&may, |prepare| {
            // The VM's lock may be that of the list.
            assert_eq!(errno(prepare.objects()), EINVAL.to_errno());
            prepare.range(&vm, 8..9)?;
            prepare.object(&b)?;
            prepare.object(&b)
        })?;
        assert!(!locked.holds(&a) && locked.holds(&b));
        assert_eq!(errno(locked.validate(&may)), EINVAL.to_errno());
        // Each has a slot, once.
        let duty = Duty::new(&may)?;
        locked.add_fence(duty.fence(), Usage::Read, Usage::Read)?;
        let again = locked.add_fence(duty.fence(), Usage::Read, Usage::Read);
        assert_eq!(errno(again), ENOSPC.to_errno());
    }
    assert_eq!(errno(exec.lock_range(&may, &vm, 3..3)), EINVAL.to_errno());
    assert_eq!(
        errno(exec.lock_range(&may, &other, 0..4)),
        EINVAL.to_errno()
    );
    let foreign = exec.lock_by(&may, |prepare| prepare.range(&other, 0..4));
    assert_eq!(errno(foreign), EINVAL.to_errno());
    // Nothing stays locked after an error.
    let failed = exec.lock_by(&may, |prepare| {
        prepare.vm()?;
        prepare.objects()?;
        Err(EIO)
    });
    assert_eq!(errno(failed), EIO.to_errno());
    let locked = exec.lock_by(&may, |prepare| {
        prepare.vm()?;
        prepare.objects()
    })?;
    assert!(locked.holds(&a) && locked.holds(&b) && locked.holds_vm());
    locked.validate(&may)
}

fn locked_by_request<D: TestDriver>() -> Result {
    let may = MayAlloc::here();
    let world = World::<<D as Driver>::Mode>::of()?;
    let (mut vm, other) = (world.vm::<D>()?, world.vm::<D>()?);
    let objects = [
        world.object(b'A')?,
        world.object(b'B')?,
        world.object(b'C')?,
    ];
    map_bo(&mut vm, &objects[0], 0, 4, 0)?;
    map_bo(&mut vm, &objects[1], 8, 4, 0)?;
    let shared = vm.share();
    let mut exec = Exec::new(&may, &shared, 0)?;
    let pair = vm.obtain(&may, &objects[2])?;
    {
        let request = MapRequest::new(2, 4, &pair, 0);
        let locked = exec.lock_by(&may, |prepare| prepare.sm_map(&vm, &request))?;
        let holds = objects.each_ref().map(|object| locked.holds(object));
        assert!(holds == [true, false, true]);
    }
    {
        let locked = exec.lock_by(&may, |prepare| prepare.sm_unmap(&vm, 9, 1))?;
        let holds = objects.each_ref().map(|object| locked.holds(object));
        assert!(holds == [false, true, false]);
    }
    for request in [
        MapRequest::new(255, 2, &pair, 0),
        MapRequest::new(0, 0, &pair, 0),
    ] {
        let refused = exec.lock_by(&may, |prepare| prepare.sm_map(&vm, &request));
        assert_eq!(errno(refused), EINVAL.to_errno());
    }
    let foreign = other.obtain(&may, &objects[2])?;
    let request = MapRequest::new(2, 4, &foreign, 0);
    let refused = exec.lock_by(&may, |prepare| prepare.sm_map(&vm, &request));
    assert_eq!(errno(refused), EINVAL.to_errno());
    let refused = exec.lock_by(&may, |prepare| prepare.sm_unmap(&other, 9, 1));
    assert_eq!(errno(refused), EINVAL.to_errno());
    Ok(())
}

fn fenced<D: TestDriver>() -> Result {
    let may = MayAlloc::here();
    let world = World::<<D as Driver>::Mode>::of()?;
    let vm = world.vm::<D>()?;
    let (external, private) = (world.object(b'A')?, world.private(b'P')?);
    let duty = Duty::new(&may)?;
    {
        let _pair = vm.obtain(&may, &external)?;
        let mut exec = Exec::new(&may, &vm, 1)?;
        let locked = exec.lock(&may)?;
        locked.add_fence(duty.fence(), Usage::Bookkeep, Usage::Write)?;
        // One slot was asked for.
        let more = locked.add_fence(duty.fence(), Usage::Bookkeep, Usage::Write);
        assert_eq!(errno(more), ENOSPC.to_errno());
        drop(locked);
        exec.lock(&may)?
            .add_fence(duty.fence(), Usage::Bookkeep, Usage::Write)?;
        let mut none = Exec::new(&may, &vm, 0)?;
        let refused = none
            .lock(&may)?
            .add_fence(duty.fence(), Usage::Read, Usage::Read);
        assert_eq!(errno(refused), ENOSPC.to_errno());
    }
    assert!(is_idle(&*external, Usage::Kernel) && !is_idle(&*external, Usage::Write));
    assert!(is_idle(&*private, Usage::Read) && !is_idle(&*private, Usage::Bookkeep));
    MayAlloc::here().signalling(|section| duty.signal(section, Ok(())));
    assert!(is_idle(&*external, Usage::Bookkeep) && is_idle(&*private, Usage::Bookkeep));
    Ok(())
}

#[kunit_tests(gpuvm_rust_lock)]
mod cases {
    use super::*;

    #[test]
    fn locked_and_unlocked() -> Result {
        let may = MayAlloc::here();
        let world = World::new()?;
        let vm = world.vm::<Steps>()?;
        let (a, b) = (world.object(b'A')?, world.object(b'B')?);
        let (private, other) = (world.private(b'P')?, world.object(b'O')?);
        {
            // Known to the VM and so locked with it; the other one is named.
            let _pair = vm.obtain(&may, &a)?;
            let mut exec = Exec::new(&may, &vm, 1)?;
            {
                let locked = exec.lock_with(&may, &[&*b, &*b])?;
                assert!(locked.holds(&a) && locked.holds(&b) && locked.holds(&private));
                assert!(!locked.holds(&other));
            }
            let locked = exec.lock(&may)?;
            assert!(locked.holds(&a) && !locked.holds(&b) && locked.holds_vm());
        }
        let mut exec = Exec::interruptible(&may, &vm, 0)?;
        // The pair is gone, and with it the reason to lock the object.
        vm.clean_up(&may);
        assert!(!exec.lock(&may)?.holds(&a));
        Ok(())
    }

    #[test]
    fn the_range_that_is_locked() -> Result {
        locked_by_range::<Steps>()?;
        locked_by_range::<Steps<VmResv>>()?;
        locked_by_range::<Lazy>()?;
        locked_by_range::<Lazy<VmResv>>()
    }

    #[test]
    fn what_a_request_locks() -> Result {
        locked_by_request::<Steps>()?;
        locked_by_request::<Lazy>()?;
        locked_by_request::<Lazy<VmResv>>()
    }

    #[test]
    fn contention_begins_anew() -> Result {
        let may = MayAlloc::here();
        let world = World::new()?;
        let vm = world.vm::<Steps>()?;
        let bo = world.object(b'A')?;
        let mut exec = Exec::new(&may, &vm, 1)?;
        // lockdep's kernel feigns contention now and then, after which nothing is locked here.
        let mut wanted = true;
        for _ in 0..64 {
            let locked = exec.lock_by(&may, |prepare| {
                if core::mem::replace(&mut wanted, false) {
                    prepare.object(&bo)?;
                }
                Ok(())
            })?;
            wanted = !locked.holds(&bo);
        }
        Ok(())
    }

    #[test]
    fn fences_of_what_is_locked() -> Result {
        fenced::<Steps>()?;
        fenced::<Steps<VmResv>>()?;
        fenced::<Lazy>()?;
        fenced::<Lazy<VmResv>>()
    }

    #[test]
    fn a_fence_and_its_end() -> Result {
        let may = MayAlloc::here();
        let duty = Duty::new(&may)?;
        let fence: ARef<Fence> = duty.fence().into();
        assert!(fence.status().is_none());
        MayAlloc::here().signalling(|section| duty.signal(section, Err(EIO)));
        assert!(fence.status().is_some_and(|result| result == Err(EIO)));
        fence.wait(&may)?;
        // A duty that is forgotten by mistake is not.
        let lost: ARef<Fence> = {
            let duty = Duty::new(&may)?;
            duty.fence().into()
        };
        let canceled = -(bindings::ECANCELED as i32);
        assert!(lost
            .status()
            .is_some_and(|result| errno(result) == canceled));
        lost.wait(&may)
    }

    #[test]
    fn deferred_mode_tells_mappings_under_the_lock() -> Result {
        let may = MayAlloc::here();
        let world = World::<Deferred>::of()?;
        let (mut vm, other) = (world.vm::<Lazy>()?, world.vm::<Lazy>()?);
        let bo = world.object(b'A')?;
        map_bo(&mut vm, &bo, 20, 2, 0)?;
        map_bo(&mut vm, &bo, 0, 4, 0)?;
        let pair = vm.obtain(&may, &bo)?;
        let shared = vm.share();
        {
            let mut exec = Exec::new(&may, &shared, 0)?;
            let locked = exec.lock(&may)?;
            let mut found = locked.mappings(&pair)?.map(|va| va.address());
            assert!(found.next() == Some(20) && found.next() == Some(0) && found.next().is_none());
        }
        let mut exec = Exec::new(&may, &other, 0)?;
        let locked = exec.lock(&may)?;
        assert_eq!(errno(locked.mappings(&pair)), EINVAL.to_errno());
        assert_eq!(
            errno(vm.object_unmap_ops(&may, &locked, &pair)),
            EINVAL.to_errno()
        );
        Ok(())
    }
}
