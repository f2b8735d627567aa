// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Userptrs: page tables lead to the pages that the process has.

use core::sync::atomic::{AtomicUsize, Ordering};
use drm_gpuvm::{
    BindArgs, BindDriver, BindKind, BindMapping, BindOp, Duty, Immediate, MayAlloc, OwnedBindVm,
    Section, Syncs, UserptrArgs, VmArgs, Workqueue,
};
use kernel::{bindings, ffi::c_ulong, prelude::*, sync::Arc};

use crate::{
    steps::errno,
    world::{BoOf, World},
};

const PAGES: usize = 8;
const PAGE: u64 = 4096;
const AT: u64 = 4;

/// A driver whose page tables are the pages of a process.
struct Process;

impl BindDriver for Process {
    type Object = BoOf<Immediate>;
    type Mode = Immediate;
    type Tables = [usize; PAGES];
    type Job = ();

    fn begin_job(&self) -> impl PinInit<()> + '_ {
        Ok(())
    }

    fn validate(&self, _job: Pin<&mut ()>, _object: &BoOf<Immediate>) -> Result {
        Ok(())
    }

    fn pt_reserve(&self, _job: Pin<&mut ()>, op: &BindOp<'_, Self>) -> Result {
        if op.is_userptr() != (op.kind() == BindKind::Map) {
            return Err(ERANGE);
        }
        Ok(())
    }

    fn pt_map(
        section: &mut Section<'_, Self>,
        mapping: &BindMapping<Self>,
        address: u64,
        length: u64,
    ) -> Result {
        let pages = mapping.user_pages().ok_or(ERANGE)?;
        if pages.count() != PAGES || mapping.object().is_some() || pages.get(PAGES).is_some() {
            return Err(ERANGE);
        }
        for at in address..address + length {
            let index = mapping.offset_of(at) as usize;
            let page = pages.get(index).map_or(0, |page| page.addr().get());
            section.tables[(at - AT) as usize] = page;
        }
        Ok(())
    }

    fn pt_unmap(section: &mut Section<'_, Self>, address: u64, length: u64) -> Result {
        section.tables[(address - AT) as usize..(address + length - AT) as usize].fill(0);
        Ok(())
    }
}

/// Pages of this thread's process, which KUnit gives it.
fn map_user(at: u64) -> Result<u64> {
    const READ_WRITE: c_ulong = 3;
    const PRIVATE_ANONYMOUS: c_ulong = 0x22;
    const FIXED: c_ulong = 0x10;
    let file = core::ptr::null_mut();
    let length = PAGES * PAGE as usize;
    // SAFETY: There is no file; this is a KUnit case, whose process this is.
    let start = unsafe {
        if at != 0 {
            bindings::vm_mmap(
                file,
                at as usize,
                length,
                READ_WRITE,
                PRIVATE_ANONYMOUS | FIXED,
                0,
            )
        } else {
            let test = bindings::kunit_get_current_test();
            bindings::kunit_vm_mmap(test, file, 0, length, READ_WRITE, PRIVATE_ANONYMOUS, 0)
        }
    };
    if start == 0 || start > usize::MAX - 4095 {
        return Err(ENOMEM);
    }
    Ok(start as u64)
}

struct UserWorld {
    vm: OwnedBindVm<Process>,
    _cleanup: Workqueue,
    _world: World,
    args: UserptrArgs,
}

impl UserWorld {
    fn new() -> Result<Self> {
        let may = MayAlloc::here();
        let world = World::new()?;
        let cleanup = Workqueue::new(&may, c"gpuvm-rust-userptr")?;
        let args = BindArgs {
            vm: VmArgs {
                name: c"gpuvm-rust-userptr",
                range: 0..64,
                reserve: 0..0,
            },
            queue_name: c"gpuvm-rust-userptr",
            cleanup: &cleanup.user(),
            submit: None,
            no_undo: false,
        };
        Ok(Self {
            vm: OwnedBindVm::new(&may, args, world.resv(), Ok(Process), [0; PAGES])?,
            args: UserptrArgs {
                address: AT,
                length: PAGES as u64,
                start: map_user(0)?,
                size: PAGES as u64 * PAGE,
                read_only: false,
            },
            _cleanup: cleanup,
            _world: world,
        })
    }

    fn bind(&self) -> Result {
        let may = MayAlloc::here();
        let userptr = self.vm.userptr(&may, &self.args)?;
        let mut job = self.vm.job(&may, 1, 0)?;
        job.add(&may, &BindOp::map_userptr(&userptr))?;
        job.submit(&may, &mut Syncs::none())?.wait(&may)
    }

    fn shown(&self) -> usize {
        let locked = self.vm.lock();
        locked.tables().iter().filter(|page| **page != 0).count()
    }

    /// What a job for the device does.
    fn publish(&self) -> Result {
        let may = MayAlloc::here();
        let duty = Duty::new(&may)?;
        let mut locked = self.vm.lock_for_job(&may)?;
        locked.validate(&may)?;
        locked.publish(&mut MayAlloc::here(), |locked, _| {
            locked.add_fence(duty.fence())
        })??;
        MayAlloc::here().signalling(|section| duty.signal(section, Ok(())));
        Ok(())
    }
}

#[kunit_tests(gpuvm_rust_userptr)]
mod cases {
    use super::*;

    #[test]
    fn page_tables_follow_the_process() -> Result {
        let may = MayAlloc::here();
        let world = UserWorld::new()?;
        world.bind()?;
        assert_eq!(world.shown(), PAGES);
        assert_eq!(world.vm.lock().mappings(), 1);
        world.publish()?;

        // All pages are others from here on.
        map_user(world.args.start)?;
        assert_eq!(world.shown(), 0);
        assert_eq!(errno(world.publish()), EAGAIN.to_errno());
        world.vm.repin(&may)?;
        assert_eq!(world.shown(), PAGES);
        world.publish()?;

        // Cut, and half of it is not there any more.
        let mut job = world.vm.job(&may, 1, 0)?;
        job.add(&may, &BindOp::unmap(AT + 2, 1))?;
        job.submit(&may, &mut Syncs::none())?.wait(&may)?;
        assert_eq!(world.shown(), PAGES - 1);
        let half = PAGES as u64 / 2 * PAGE;
        // SAFETY: This is memory of a process that nobody uses but this case.
        let ret = unsafe { bindings::vm_munmap((world.args.start + half) as usize, half as usize) };
        assert_eq!(ret, 0);
        world.vm.repin(&may)?;
        assert_eq!(world.shown(), PAGES / 2 - 1);
        world.publish()?;
        Ok(())
    }

    #[test]
    fn a_userptr_outlives_its_mapping_and_the_owner() -> Result {
        let world = UserWorld::new()?;
        let userptr = world.vm.userptr(&MayAlloc::here(), &world.args)?;
        world.bind()?;
        let UserWorld { vm, .. } = world;
        drop(vm);
        drop(userptr);
        Ok(())
    }

    /// Counts its end.
    struct Carried(Arc<AtomicUsize>);

    impl Drop for Carried {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn what_it_carries_goes_with_it() -> Result {
        let may = MayAlloc::here();
        let world = UserWorld::new()?;
        let gone = Arc::new(AtomicUsize::new(0), GFP_KERNEL)?;
        let bad = UserptrArgs {
            size: 1,
            ..world.args
        };
        let refused = world.vm.userptr_with(&may, &bad, Carried(gone.clone()));
        assert_eq!(errno(refused), EINVAL.to_errno());
        assert_eq!(gone.load(Ordering::Relaxed), 1);

        let carried = Carried(gone.clone());
        let userptr = world.vm.userptr_with(&may, &world.args, carried)?;
        let mut job = world.vm.job(&may, 1, 0)?;
        job.add(&may, &BindOp::map_userptr(&userptr))?;
        job.submit(&may, &mut Syncs::none())?.wait(&may)?;
        drop(userptr);
        // The mapping has it.
        assert_eq!(gone.load(Ordering::Relaxed), 1);
        // The workqueue waits for the end of the VM.
        drop(world);
        assert_eq!(gone.load(Ordering::Relaxed), 2);
        Ok(())
    }

    #[test]
    fn bad_ones_are_refused() -> Result {
        let may = MayAlloc::here();
        let mut world = UserWorld::new()?;
        let good = (
            world.args.address,
            world.args.length,
            world.args.start,
            world.args.size,
        );
        let bad = [
            ((60, good.1, good.2, good.3), EINVAL),
            ((good.0, 0, good.2, good.3), EINVAL),
            ((u64::MAX, good.1, good.2, good.3), EINVAL),
            ((good.0, good.1, good.2 + 1, good.3), EINVAL),
            ((good.0, good.1, good.2, good.3 + 1), EINVAL),
            ((good.0, good.1, good.2, 0), EINVAL),
            ((good.0, good.1, u64::MAX & !0xfff, good.3), EINVAL),
            ((good.0, good.1, 1 << 62, good.3), EFAULT),
        ];
        for ((address, length, start, size), error) in bad {
            world.args = UserptrArgs {
                address,
                length,
                start,
                size,
                read_only: false,
            };
            assert_eq!(errno(world.vm.userptr(&may, &world.args)), error.to_errno());
        }
        // Elsewhere than it was made for.
        let (address, length, start, size) = good;
        world.args = UserptrArgs {
            address,
            length,
            start,
            size,
            read_only: true,
        };
        let userptr = world.vm.userptr(&may, &world.args)?;
        let mut job = world.vm.job(&may, 1, 0)?;
        let repeats = BindOp::map_userptr(&userptr).repeat(1, 0);
        assert_eq!(errno(job.add(&may, &repeats)), EINVAL.to_errno());
        assert_eq!(world.shown(), 0);
        Ok(())
    }
}
