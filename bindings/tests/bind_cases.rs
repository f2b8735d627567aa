// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Binds: what they show, what becomes of them when something fails, and the end of a VM.

use core::sync::atomic::Ordering;

use drm_gpuvm::{BindOp, BindState, Deferred, Immediate, MayAlloc, Mode, OwnedBindVm, Syncs};
use kernel::prelude::*;

use crate::{
    bind_world::{bind, BindWorld, Counts, Paged},
    steps::errno,
    text::Text,
};

/// What the page tables show, range by range: `4..6=A0`.
fn shown(vm: &OwnedBindVm<Paged<Immediate>>) -> Result<Text> {
    let mut text = Text::new()?;
    let pages = {
        let locked = vm.lock();
        locked.tables().pages
    };
    let mut at = 0;
    while at < pages.len() {
        let Some((name, offset)) = pages[at] else {
            at += 1;
            continue;
        };
        let follows = |(n, page): (u64, &Option<(char, u64)>)| {
            *page == Some((name, if name == '-' { 0 } else { offset + n }))
        };
        let count = (0..)
            .zip(&pages[at..])
            .take_while(|&(n, page)| follows((n, page)))
            .count();
        text.say(" ", format_args!("{at}..{}={name}{offset}", at + count))?;
        at += count;
    }
    Ok(text)
}

/// Both modes do the same, as far as one waits for each bind.
fn in_order<M: Mode>() -> Result {
    let may = MayAlloc::here();
    let mut world = BindWorld::<M>::new()?;
    let (a, b) = (world.world.object(b'A')?, world.world.private(b'B')?);
    let (a, b) = (&*a, &*b);
    let vm = world.vm(false)?;

    bind(&vm, &[BindOp::map(4, 8, a, 0)])?;
    bind(&vm, &[BindOp::map(6, 2, b, 1), BindOp::unmap(10, 20)])?;
    assert!(Counts::get(&world.counts.validated) == 2);
    assert!(Counts::get(&world.counts.flushed) >= 2);
    bind(&vm, &[BindOp::unmap_object(a)])?;
    // No operation at all is fine.
    bind(&vm, &[])?;
    assert!(vm.state() == BindState::Live);

    // With something mapped, and a job that is not submitted.
    let mut job = vm.job(&may, 2, 0)?;
    job.add(&may, &BindOp::map(20, 1, a, 0))?;
    assert!(job.data().reserved == 0);
    drop(job);
    drop(vm);
    assert_eq!(world.settle(), [0, 0, 0]);
    Ok(())
}

/// What is refused, in both modes, changes nothing.
fn refused<M: Mode>() -> Result {
    let may = MayAlloc::here();
    let mut world = BindWorld::<M>::new()?;
    let a = world.world.object(b'A')?;
    let a = &*a;
    let vm = world.vm(false)?;

    assert_eq!(
        errno(bind(&vm, &[BindOp::map(4, 0, a, 0)])),
        EINVAL.to_errno()
    );
    assert_eq!(
        errno(bind(&vm, &[BindOp::map(59, 2, a, 0)])),
        EINVAL.to_errno()
    );
    assert_eq!(
        errno(bind(&vm, &[BindOp::unmap(u64::MAX, 2)])),
        EINVAL.to_errno()
    );
    let twice = BindOp::map(4, 2, a, 0).repeat(1, 1);
    assert_eq!(errno(bind(&vm, &[twice])), EINVAL.to_errno());
    let flagged = BindOp::unmap(4, 2).driver_flags(1);
    assert_eq!(errno(bind(&vm, &[flagged])), EINVAL.to_errno());

    let mut job = vm.job(&may, 1, 0)?;
    job.add(&may, &BindOp::map(4, 2, a, 0))?;
    assert_eq!(
        errno(job.add(&may, &BindOp::unmap(4, 2))),
        EINVAL.to_errno()
    );

    // Where the driver has no memory, the job is as before, and can try again.
    world.counts.validate_error.store(12, Ordering::SeqCst);
    let job = match job.submit(&may, &mut Syncs::none()) {
        Ok(_) => return Err(ERANGE),
        Err(unsubmitted) => {
            assert_eq!(unsubmitted.error.to_errno(), ENOMEM.to_errno());
            unsubmitted.job
        }
    };
    world.counts.validate_error.store(0, Ordering::SeqCst);
    let queued = job.submit(&may, &mut Syncs::none())?;
    queued.fence().wait(&may)?;
    assert!(matches!(queued.fence().status(), Some(Ok(()))));
    assert!(core::ptr::eq(queued.vm(), &*vm));
    drop(queued);

    // From here on the device is gone.
    world.counts.refuses.store(1, Ordering::SeqCst);
    let mut job = vm.job(&may, 1, 0)?;
    job.add(&may, &BindOp::unmap(4, 2))?;
    let queued = job.submit(&may, &mut Syncs::none())?;
    assert_eq!(errno(queued.wait(&may)), ENODEV.to_errno());
    assert_eq!(queued.fence().status().map_or(0, errno), ENODEV.to_errno());
    drop(queued);
    drop(vm);
    assert_eq!(world.settle(), [0, 0, 0]);
    Ok(())
}

/// A VM that was closed, and is still referred to.
fn closed<M: Mode>() -> Result {
    let may = MayAlloc::here();
    let mut world = BindWorld::<M>::new()?;
    let a = world.world.object(b'A')?;
    let a = &*a;
    let vm = world.vm(false)?;
    bind(&vm, &[BindOp::map(4, 8, a, 0), BindOp::map_sparse(20, 4)])?;

    let shared = vm.share();
    drop(vm);
    assert!(shared.state() == BindState::Closed);
    assert_eq!(errno(shared.check()), ENOENT.to_errno());
    assert!(shared.reason().is_none());
    shared.close(&may);
    let mut job = shared.job(&may, 1, 0)?;
    job.add(&may, &BindOp::map(4, 2, a, 0))?;
    assert_eq!(
        errno(job.submit(&may, &mut Syncs::none()).map_err(Error::from)),
        ENOENT.to_errno()
    );
    assert_eq!(Counts::get(&world.counts.vms), 1);
    drop(shared);
    assert_eq!(world.settle(), [0, 0, 0]);
    Ok(())
}

/// The driver kills a VM.
fn killed<M: Mode>() -> Result {
    let mut world = BindWorld::<M>::new()?;
    let vm = world.vm(false)?;
    vm.kill(EBUSY);
    vm.kill(EIO);
    assert!(vm.state() == BindState::Dead);
    assert!(vm.reason() == Some(EBUSY));
    assert_eq!(errno(vm.check()), EIO.to_errno());
    assert_eq!(errno(bind(&vm, &[BindOp::unmap(4, 2)])), EIO.to_errno());
    drop(vm);
    assert_eq!(world.settle(), [0, 0, 0]);
    Ok(())
}

/// A job for the device: what it locks, and where it leaves its fence.
fn locked_for_a_job<M: Mode>() -> Result {
    let may = MayAlloc::here();
    let mut world = BindWorld::<M>::new()?;
    let a = world.world.object(b'A')?;
    {
        let vm = world.vm(false)?;
        bind(&vm, &[BindOp::map(4, 8, &*a, 0)])?;
        let queued = vm.job(&may, 0, 0)?.submit(&may, &mut Syncs::none())?;
        let fence = queued.fence();
        let mut locked = vm.lock_for_job(&may)?;
        assert!(core::ptr::eq(locked.vm(), &*vm));
        locked.validate(&may)?;
        locked.add_fence(&fence)?;
        assert_eq!(errno(locked.add_fence(&fence)), EBUSY.to_errno());
    }
    assert_eq!(world.settle(), [0, 0, 0]);
    Ok(())
}

#[kunit_tests(gpuvm_rust_bind)]
mod cases {
    use super::*;

    #[test]
    fn in_order_immediate() -> Result {
        in_order::<Immediate>()
    }

    #[test]
    fn in_order_deferred() -> Result {
        in_order::<Deferred>()
    }

    #[test]
    fn refused_immediate() -> Result {
        refused::<Immediate>()
    }

    #[test]
    fn refused_deferred() -> Result {
        refused::<Deferred>()
    }

    #[test]
    fn closed_immediate() -> Result {
        closed::<Immediate>()
    }

    #[test]
    fn closed_deferred() -> Result {
        closed::<Deferred>()
    }

    #[test]
    fn killed_immediate() -> Result {
        killed::<Immediate>()
    }

    #[test]
    fn killed_deferred() -> Result {
        killed::<Deferred>()
    }

    #[test]
    fn page_tables_show_it() -> Result {
        let mut world = BindWorld::<Immediate>::new()?;
        let (a, b) = (world.world.object(b'A')?, world.world.private(b'B')?);
        let (a, b) = (&*a, &*b);
        let vm = world.vm(false)?;
        assert!(vm.is_external(a));
        assert!(!vm.is_external(b));
        assert!(vm.range_valid(59, 1));
        assert!(!vm.range_valid(59, 2));

        bind(&vm, &[BindOp::map(4, 8, a, 0)])?;
        assert_eq!(shown(&vm)?.as_str(), "4..12=A0");
        bind(&vm, &[BindOp::map(6, 2, b, 1), BindOp::unmap(10, 20)])?;
        assert_eq!(shown(&vm)?.as_str(), "4..6=A0 6..8=B1 8..10=A4");
        assert_eq!(vm.lock().mappings(), 3);
        bind(&vm, &[BindOp::map_sparse(8, 1), BindOp::unmap_object(b)])?;
        assert_eq!(shown(&vm)?.as_str(), "4..6=A0 8..9=-0 9..10=A5");
        // Two pages over and over, beginning with the second one.
        bind(
            &vm,
            &[BindOp::unmap(0, 60), BindOp::map(4, 4, a, 2).repeat(2, 1)],
        )?;
        assert_eq!(shown(&vm)?.as_str(), "4..5=A3 5..7=A2 7..8=A2");
        drop(vm);
        assert_eq!(world.settle(), [0, 0, 0]);
        Ok(())
    }

    #[test]
    fn what_fails_is_undone() -> Result {
        let mut world = BindWorld::<Immediate>::new()?;
        let a = world.world.object(b'A')?;
        let a = &*a;
        let vm = world.vm(false)?;
        bind(&vm, &[BindOp::map(4, 8, a, 0), BindOp::map(20, 2, a, 1)])?;
        let before = shown(&vm)?;
        for good in 0..3 {
            world.counts.fail(good, 1);
            let ops = [BindOp::map(6, 2, a, 7), BindOp::unmap(20, 1)];
            assert_eq!(errno(bind(&vm, &ops)), EIO.to_errno());
            assert_eq!(shown(&vm)?.as_str(), before.as_str());
            assert_eq!(vm.lock().mappings(), 2);
        }
        assert!(vm.state() == BindState::Live);

        // Nor does the way back work.
        world.counts.fail(1, 2);
        let ops = [BindOp::map(6, 2, a, 7), BindOp::unmap(20, 1)];
        assert_eq!(errno(bind(&vm, &ops)), EIO.to_errno());
        assert!(vm.state() == BindState::Dead);
        assert!(vm.reason() == Some(EIO));
        drop(vm);
        assert_eq!(world.settle(), [0, 0, 0]);
        Ok(())
    }

    #[test]
    fn what_fails_is_not_undone_on_request() -> Result {
        let mut world = BindWorld::<Immediate>::new()?;
        let a = world.world.object(b'A')?;
        let a = &*a;
        let vm = world.vm(true)?;
        world.counts.fail(1, 1);
        let ops = [BindOp::map(6, 2, a, 7), BindOp::map(20, 1, a, 0)];
        assert_eq!(errno(bind(&vm, &ops)), EIO.to_errno());
        assert!(vm.state() == BindState::Dead);
        drop(vm);
        assert_eq!(world.settle(), [0, 0, 0]);
        Ok(())
    }

    #[test]
    fn a_job_locks_and_leaves_its_fence() -> Result {
        locked_for_a_job::<Immediate>()?;
        locked_for_a_job::<Deferred>()
    }

    #[test]
    fn a_range_that_is_none_is_refused() -> Result {
        let world = BindWorld::<Immediate>::new()?;
        let counts = world.counts.clone();
        for (start, end) in [(5, 5), (6, 5), (0, 61)] {
            let result = world.vm_of(start..end, false);
            assert_eq!(errno(result.map(drop)), EINVAL.to_errno());
        }
        assert_eq!(Counts::get(&counts.vms), 0);
        assert_eq!(Counts::get(&counts.tables), 0);
        Ok(())
    }
}
