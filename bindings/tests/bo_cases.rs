// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Pairs of VM and object, eviction and validation: in both modes, with both locks of the lists.

use core::sync::atomic::Ordering;

use drm_gpuvm::{Driver, Exec, MayAlloc, VmResv};
use kernel::prelude::*;

use crate::{
    steps::{close, errno, map_bo, Lazy, Steps, TestDriver, COUNTED, VALIDATED},
    text::vm_text,
    world::World,
};

type ImmediateResv = Steps<VmResv>;
type DeferredResv = Lazy<VmResv>;

/// A case for each mode and each lock of the lists.
macro_rules! for_all_drivers {
    ($body:ident) => {{
        $body::<Steps>()?;
        $body::<ImmediateResv>()?;
        $body::<Lazy>()?;
        $body::<DeferredResv>()
    }};
}

fn world_of<D: TestDriver>() -> Result<World<<D as Driver>::Mode>> {
    World::of()
}

fn obtained_twice<D: TestDriver>() -> Result {
    let may = MayAlloc::here();
    let world = world_of::<D>()?;
    let (vm, other) = (world.vm::<D>()?, world.vm::<D>()?);
    let bo = world.object(b'A')?;
    {
        let before = COUNTED.load(Ordering::Relaxed);
        let first = vm.obtain(&may, &bo)?;
        let second = vm.obtain(&may, &bo)?;
        let elsewhere = other.obtain(&may, &bo)?;
        // And by who has locked it.
        let mut exec = Exec::new(&may, &vm, 0)?;
        let third = exec.lock(&may)?.obtain(&may, &bo)?;
        assert!(core::ptr::eq(&*first, &*second) && core::ptr::eq(&*first, &*third));
        assert!(!core::ptr::eq(&*first, &*elsewhere));
        assert!(core::ptr::eq(first.object(), &*bo));
        assert!(core::ptr::eq(elsewhere.vm(), &*other));
        assert_eq!(COUNTED.load(Ordering::Relaxed), before + 2);
    }
    vm.clean_up(&may);
    other.clean_up(&may);
    assert_eq!(close(vm) + close(other), 0);
    Ok(())
}

fn comes_and_goes<D: TestDriver>() -> Result {
    let may = MayAlloc::here();
    let world = world_of::<D>()?;
    let vm = world.vm::<D>()?;
    let (bo, other) = (world.object(b'A')?, world.object(b'B')?);
    let before = COUNTED.load(Ordering::Relaxed);
    let mut exec = Exec::new(&may, &vm, 0)?;
    {
        // References are dropped under the locks that freeing a pair takes.
        let locked = exec.lock_with(&may, &[&*bo])?;
        let pair = locked.obtain(&may, &bo)?;
        drop(pair.clone());
        drop(pair);
        drop(locked.obtain(&may, &bo)?);
        assert_eq!(errno(locked.obtain(&may, &other)), EINVAL.to_errno());
    }
    // The end of the lock has freed what was left.
    assert_eq!(COUNTED.load(Ordering::Relaxed), before);
    assert!(!exec.lock(&may)?.holds(&bo));
    drop(exec);
    assert_eq!(close(vm), 0);
    Ok(())
}

fn keeps_its_object<D: TestDriver>() -> Result {
    let world = world_of::<D>()?;
    let mut vm = world.vm::<D>()?;
    {
        let bo = world.object(b'A')?;
        map_bo(&mut vm, &bo, 0, 4, 0)?;
    }
    assert!(vm_text(&vm)?.as_str() == "A[0,4)@0");
    assert_eq!(close(vm), 0);
    Ok(())
}

fn without_owner<D: TestDriver>() -> Result {
    let may = MayAlloc::here();
    let world = world_of::<D>()?;
    let bo = world.object(b'A')?;
    let vm = world.vm::<D>()?;
    let shared = vm.share();
    assert_eq!(close(vm), 0);
    assert_eq!(errno(shared.obtain(&may, &bo)), ENODEV.to_errno());
    Ok(())
}

fn data_is_freed<D: TestDriver>() -> Result {
    let may = MayAlloc::here();
    let before = COUNTED.load(Ordering::Relaxed);
    let world = world_of::<D>()?;
    {
        let mut vm = world.vm::<D>()?;
        let (a, private) = (world.object(b'A')?, world.private(b'P')?);
        map_bo(&mut vm, &a, 0, 8, 0)?;
        map_bo(&mut vm, &private, 8, 8, 0)?;
        // A cut through both: two pieces are left, with what the wholes had.
        D::unmap(&mut vm, 6, 4)?;
        vm.clean_up(&may);
        assert!(vm_text(&vm)?.as_str() == "A[0,6)@0 P[10,16)@2");
        assert!(vm.find(10, 6).is_some_and(|va| va.data().0 == 8));
        assert_eq!(COUNTED.load(Ordering::Relaxed), before + 4);
        D::unmap(&mut vm, 0, 8)?;
        vm.clean_up(&may);
        assert_eq!(COUNTED.load(Ordering::Relaxed), before + 2);
    }
    assert_eq!(COUNTED.load(Ordering::Relaxed), before);
    Ok(())
}

fn evicted<D: TestDriver>() -> Result {
    let may = MayAlloc::here();
    let world = world_of::<D>()?;
    let (vm, other) = (world.vm::<D>()?, world.vm::<D>()?);
    let (a, private, unlocked) = (
        world.object(b'A')?,
        world.private(b'P')?,
        world.object(b'X')?,
    );
    {
        let (pa, pp) = (vm.obtain(&may, &a)?, vm.obtain(&may, &private)?);
        let po = other.obtain(&may, &unlocked)?;
        let mut exec = Exec::new(&may, &vm, 0)?;
        let count = |since| VALIDATED.load(Ordering::Relaxed) - since;
        let before = count(0);
        {
            let locked = exec.lock(&may)?;
            locked.validate(&may)?;
            assert_eq!(count(before), 0);
            locked.set_evicted(&pa, true)?;
            locked.set_evicted(&pp, true)?;
            assert!(locked.held(&pa)?.is_evicted());
            // Not locked by this.
            assert_eq!(errno(locked.set_evicted(&po, true)), EINVAL.to_errno());
            assert_eq!(errno(locked.held(&po)), EINVAL.to_errno());
            let everywhere = locked.set_evicted_everywhere(&unlocked, true);
            assert_eq!(errno(everywhere), EINVAL.to_errno());
        }
        // Where the VM's dma_resv protects the lists, external objects are listed by this.
        let locked = exec.lock(&may)?;
        locked.validate(&may)?;
        assert_eq!(count(before), 2);
        assert!(!locked.held(&pa)?.is_evicted());
        // They are back: nothing is left to do.
        locked.validate(&may)?;
        assert_eq!(count(before), 2);
        // Told to be back before anybody asked.
        locked.set_evicted(&pp, true)?;
        locked.set_evicted(&pp, false)?;
        locked.validate(&may)?;
        assert_eq!(count(before), 2);
    }
    assert_eq!(close(vm) + close(other), 0);
    Ok(())
}

fn evicted_everywhere<D: TestDriver>() -> Result {
    let may = MayAlloc::here();
    let world = world_of::<D>()?;
    let (vm, other) = (world.vm::<D>()?, world.vm::<D>()?);
    let bo = world.object(b'A')?;
    {
        let _pairs = (vm.obtain(&may, &bo)?, other.obtain(&may, &bo)?);
        let before = VALIDATED.load(Ordering::Relaxed);
        Exec::new(&may, &vm, 0)?
            .lock(&may)?
            .set_evicted_everywhere(&bo, true)?;
        Exec::new(&may, &vm, 0)?.lock(&may)?.validate(&may)?;
        Exec::new(&may, &other, 0)?.lock(&may)?.validate(&may)?;
        assert_eq!(VALIDATED.load(Ordering::Relaxed), before + 2);
    }
    assert_eq!(close(vm) + close(other), 0);
    Ok(())
}

fn validated_again<D: TestDriver>() -> Result {
    let may = MayAlloc::here();
    let world = world_of::<D>()?;
    for private in [false, true] {
        let vm = world.vm::<D>()?;
        let bo = if private {
            world.private(b'X')?
        } else {
            world.object(b'X')?
        };
        {
            let pair = vm.obtain(&may, &bo)?;
            let mut exec = Exec::new(&may, &vm, 0)?;
            exec.lock(&may)?.set_evicted(&pair, true)?;
            let locked = exec.lock(&may)?;
            for _ in 0..2 {
                assert_eq!(errno(locked.validate(&may)), EIO.to_errno());
            }
            locked.set_evicted(&pair, false)?;
            // Under the VM's dma_resv an external object may stay listed until it is asked.
            if private {
                locked.validate(&may)?;
            }
        }
        assert_eq!(close(vm), 0);
    }
    Ok(())
}

#[kunit_tests(gpuvm_rust_bo)]
mod cases {
    use super::*;

    #[test]
    fn obtained_twice_is_the_same() -> Result {
        for_all_drivers!(obtained_twice)
    }

    #[test]
    fn pairs_come_and_go() -> Result {
        for_all_drivers!(comes_and_goes)
    }

    #[test]
    fn a_mapping_keeps_its_object() -> Result {
        for_all_drivers!(keeps_its_object)
    }

    #[test]
    fn a_vm_without_owner_takes_no_objects() -> Result {
        for_all_drivers!(without_owner)
    }

    #[test]
    fn data_is_freed_in_the_end() -> Result {
        for_all_drivers!(data_is_freed)
    }

    #[test]
    fn evicted_and_back() -> Result {
        for_all_drivers!(evicted)
    }

    #[test]
    fn evicted_in_all_vms() -> Result {
        for_all_drivers!(evicted_everywhere)
    }

    #[test]
    fn validation_that_fails_is_repeated() -> Result {
        for_all_drivers!(validated_again)
    }

    #[test]
    fn external_or_private() -> Result {
        let world = World::new()?;
        let vm = world.vm::<Steps>()?;
        let (external, private) = (world.object(b'A')?, world.private(b'B')?);
        assert!(vm.is_external(&external));
        assert!(!vm.is_external(&private));
        Ok(())
    }

    #[test]
    fn mappings_of_an_object() -> Result {
        let may = MayAlloc::here();
        let world = World::new()?;
        let mut vm = world.vm::<Steps>()?;
        let (a, b) = (world.object(b'A')?, world.object(b'B')?);
        map_bo(&mut vm, &a, 20, 2, 0)?;
        map_bo(&mut vm, &b, 8, 4, 0)?;
        map_bo(&mut vm, &a, 0, 4, 0)?;
        let pair = vm.obtain(&may, &a)?;
        {
            let linked = pair.lock();
            // In the order in which they were made.
            let mut found = linked.iter().map(|va| va.address());
            assert!(found.next() == Some(20) && found.next() == Some(0));
            assert!(found.next().is_none());
        }
        // By way of the mapping, too.
        let through = vm.find(8, 4).and_then(|va| va.vm_bo()).ok_or(ENOENT)?;
        assert_eq!(through.lock().iter().count(), 1);
        vm.clear(&may);
        assert_eq!(pair.lock().iter().count(), 0);
        drop(pair);
        assert_eq!(close(vm), 0);
        Ok(())
    }
}
