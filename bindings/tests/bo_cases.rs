// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Pairs of VM and object, locking, eviction and validation.

use core::sync::atomic::Ordering;

use drm_gpuvm::Exec;
use kernel::{prelude::*, sync::aref::ARef};

use crate::{
    steps::{map_bo, COUNTED, VALIDATED},
    text::vm_text,
    world::World,
};

/// Errors are compared by their number.
fn errno<T>(result: Result<T>) -> i32 {
    result.map_or_else(|error| error.to_errno(), |_| 0)
}

#[kunit_tests(gpuvm_rust_bo)]
mod cases {
    use super::*;

    #[test]
    fn obtained_twice_is_the_same() -> Result {
        let world = World::new()?;
        let vm = world.vm()?;
        let other = world.vm()?;
        let bo = world.object(b'A')?;
        {
            let before = COUNTED.load(Ordering::Relaxed);
            let first = vm.obtain(&bo)?;
            let second = vm.obtain(&bo)?;
            let elsewhere = other.obtain(&bo)?;
            assert!(core::ptr::eq(&*first, &*second));
            assert!(!core::ptr::eq(&*first, &*elsewhere));
            assert!(core::ptr::eq(first.object(), &*bo));
            assert!(core::ptr::eq(elsewhere.vm(), &*other));
            assert_eq!(COUNTED.load(Ordering::Relaxed), before + 2);
        }
        assert_eq!(vm.close() + other.close(), 0);
        Ok(())
    }

    #[test]
    fn external_or_private() -> Result {
        let world = World::new()?;
        let vm = world.vm()?;
        let (external, private) = (world.object(b'A')?, world.private(b'B')?);
        assert!(vm.is_external(&external));
        assert!(!vm.is_external(&private));
        Ok(())
    }

    #[test]
    fn mappings_of_an_object() -> Result {
        let world = World::new()?;
        let mut vm = world.vm()?;
        let (a, b) = (world.object(b'A')?, world.object(b'B')?);
        map_bo(&mut vm, &a, 20, 2, 0)?;
        map_bo(&mut vm, &b, 8, 4, 0)?;
        map_bo(&mut vm, &a, 0, 4, 0)?;
        let pair = vm.obtain(&a)?;
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
        vm.clear();
        assert_eq!(pair.lock().iter().count(), 0);
        drop(pair);
        assert_eq!(vm.close(), 0);
        Ok(())
    }

    #[test]
    fn a_mapping_keeps_its_object() -> Result {
        let world = World::new()?;
        let mut vm = world.vm()?;
        {
            let bo = world.object(b'A')?;
            map_bo(&mut vm, &bo, 0, 4, 0)?;
        }
        assert!(vm_text(&vm)?.as_str() == "A[0,4)@0");
        assert_eq!(vm.close(), 0);
        Ok(())
    }

    #[test]
    fn a_vm_without_owner_takes_no_objects() -> Result {
        let world = World::new()?;
        let bo = world.object(b'A')?;
        let vm = world.vm()?;
        let shared = vm.share();
        assert_eq!(vm.close(), 0);
        assert_eq!(errno(shared.obtain(&bo)), ENODEV.to_errno());
        Ok(())
    }

    #[test]
    fn locked_and_unlocked() -> Result {
        let world = World::new()?;
        let vm = world.vm()?;
        let (a, b) = (world.object(b'A')?, world.object(b'B')?);
        let (private, other) = (world.private(b'P')?, world.object(b'O')?);
        {
            // Known to the VM and so locked with it; the other one is named.
            let _pair = vm.obtain(&a)?;
            let mut exec = Exec::new(&vm, 1)?;
            {
                let locked = exec.lock_with(&[&*b, &*b])?;
                assert!(locked.holds(&a) && locked.holds(&b) && locked.holds(&private));
                assert!(!locked.holds(&other));
            }
            let locked = exec.lock()?;
            assert!(locked.holds(&a) && !locked.holds(&b));
        }
        let mut exec = Exec::interruptible(&vm, 0)?;
        // The pair is gone, and with it the reason to lock the object.
        vm.clean_up();
        assert!(!exec.lock()?.holds(&a));
        Ok(())
    }

    #[test]
    fn locked_by_range() -> Result {
        let world = World::new()?;
        let (mut vm, other) = (world.vm()?, world.vm()?);
        let (a, b) = (world.object(b'A')?, world.object(b'B')?);
        map_bo(&mut vm, &a, 0, 4, 0)?;
        map_bo(&mut vm, &b, 8, 4, 0)?;
        let shared: ARef<_> = vm.share();
        let mut exec = Exec::new(&shared, 0)?;
        {
            let locked = exec.lock_range(&vm, 2..8)?;
            assert!(locked.holds(&a) && !locked.holds(&b));
            // Not all that may be evicted is locked.
            assert_eq!(errno(locked.validate()), EINVAL.to_errno());
        }
        assert_eq!(errno(exec.lock_range(&vm, 3..3)), EINVAL.to_errno());
        assert_eq!(errno(exec.lock_range(&other, 0..4)), EINVAL.to_errno());
        Ok(())
    }

    #[test]
    fn evicted_and_back() -> Result {
        let world = World::new()?;
        let vm = world.vm()?;
        let (a, private) = (world.object(b'A')?, world.private(b'P')?);
        let (failing, other) = (world.object(b'X')?, world.vm()?);
        {
            let (pa, pp, po) = (
                vm.obtain(&a)?,
                vm.obtain(&private)?,
                other.obtain(&failing)?,
            );
            let mut exec = Exec::new(&vm, 0)?;
            let locked = exec.lock()?;
            let before = VALIDATED.load(Ordering::Relaxed);
            locked.validate()?;
            assert_eq!(VALIDATED.load(Ordering::Relaxed), before);
            locked.set_evicted(&pa, true)?;
            locked.set_evicted(&pp, true)?;
            locked.validate()?;
            assert_eq!(VALIDATED.load(Ordering::Relaxed), before + 2);
            // They are back: nothing is left to do.
            locked.validate()?;
            assert_eq!(VALIDATED.load(Ordering::Relaxed), before + 2);
            // Told to be back before anybody asked.
            locked.set_evicted(&pa, true)?;
            locked.set_evicted(&pa, false)?;
            locked.validate()?;
            assert_eq!(VALIDATED.load(Ordering::Relaxed), before + 2);
            // Not locked by this.
            assert_eq!(errno(locked.set_evicted(&po, true)), EINVAL.to_errno());
        }
        assert_eq!(vm.close() + other.close(), 0);
        Ok(())
    }

    #[test]
    fn validation_that_fails_is_repeated() -> Result {
        let world = World::new()?;
        let vm = world.vm()?;
        let bo = world.object(b'X')?;
        {
            let pair = vm.obtain(&bo)?;
            let mut exec = Exec::new(&vm, 0)?;
            let locked = exec.lock()?;
            locked.set_evicted(&pair, true)?;
            for _ in 0..2 {
                assert_eq!(errno(locked.validate()), EIO.to_errno());
            }
            locked.set_evicted(&pair, false)?;
            locked.validate()?;
        }
        assert_eq!(vm.close(), 0);
        Ok(())
    }
}
