// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Objects that have memory, and a limit on it. Each has one page.

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use drm_gpuvm::{
    BindArgs, BindDriver, BindHeld, BindMapping, BindOp, BindVm, Immediate, Lru, LruDriver,
    LruEntry, MayAlloc, OwnedBindVm, Section, Syncs, VmArgs, Workqueue,
};
use kernel::{prelude::*, sync::aref::ARef};

use crate::{
    steps::errno,
    world::{BoOf, World},
};

const PAGE: u64 = 4096;

/// The limit, and what happened.
pub(crate) struct Limit {
    limit: AtomicU64,
    evicted: AtomicUsize,
}

/// Of no object.
static FOREIGN: LruEntry<Limit> = LruEntry::new();

impl LruDriver for Limit {
    type Object = BoOf<Immediate>;

    fn entry(object: &Self::Object) -> &LruEntry<Self> {
        if object.name == b'F' {
            return &FOREIGN;
        }
        &object.entry
    }

    fn populate(&self, object: &Self::Object, contents: bool) -> Result {
        if object.name == b'X' {
            return Err(EIO);
        }
        // What was never there has no contents, and what has memory is not asked.
        let before = object
            .populated
            .swap(1 + usize::from(contents), Ordering::Relaxed);
        assert_eq!(before, 0);
        Ok(())
    }

    fn evict(&self, object: &Self::Object) -> Result {
        assert!(object.populated.swap(0, Ordering::Relaxed) != 0);
        self.evicted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn may_evict(&self, object: &Self::Object, _reclaim: bool) -> bool {
        object.name != b'P'
    }

    fn limit(&self) -> u64 {
        self.limit.load(Ordering::Relaxed)
    }
}

/// A driver of VMs whose objects need memory.
struct Limited(ARef<Lru<Limit>>);

impl BindDriver for Limited {
    type Object = BoOf<Immediate>;
    type Mode = Immediate;
    type Tables = ();
    type Job = ();

    fn begin_job(&self) -> impl PinInit<()> + '_ {
        Ok(())
    }

    fn validate(&self, _job: Pin<&mut ()>, _object: &BoOf<Immediate>) -> Result {
        Err(ERANGE)
    }

    fn validate_held(&self, _job: Pin<&mut ()>, held: &BindHeld<'_, Self>) -> Result {
        self.0.populate_for(&MayAlloc::here(), held)
    }

    fn pt_reserve(&self, _job: Pin<&mut ()>, _op: &BindOp<'_, Self>) -> Result {
        Ok(())
    }

    fn pt_map(
        _section: &mut Section<'_, Self>,
        mapping: &BindMapping<Self>,
        _address: u64,
        _length: u64,
    ) -> Result {
        // Whatever is shown has memory.
        match mapping.object() {
            Some(bo) if bo.populated.load(Ordering::Relaxed) != 0 => Ok(()),
            _ => Err(ERANGE),
        }
    }

    fn pt_unmap(_section: &mut Section<'_, Self>, _address: u64, _length: u64) -> Result {
        Ok(())
    }
}

/// A list, and what is needed for VMs. The order is that in which they go.
struct LruWorld {
    lru: ARef<Lru<Limit>>,
    cleanup: Workqueue,
    world: World,
}

fn list(cleanup: &Workqueue, limit: u64) -> Result<ARef<Lru<Limit>>> {
    let driver = Limit {
        limit: AtomicU64::new(limit),
        evicted: AtomicUsize::new(0),
    };
    Lru::new(&MayAlloc::here(), c"gpuvm-rust", &cleanup.user(), driver)
}

impl LruWorld {
    fn new(limit: u64) -> Result<Self> {
        let world = World::new()?;
        let cleanup = Workqueue::new(&MayAlloc::here(), c"gpuvm-rust-lru")?;
        // Last, because to drop the workqueue waits for it.
        Ok(Self {
            lru: list(&cleanup, limit)?,
            cleanup,
            world,
        })
    }

    fn object(&self, name: u8) -> Result<ARef<BoOf<Immediate>>> {
        let bo = self.world.object(name)?;
        self.lru.add(&bo)?;
        Ok(bo)
    }

    fn vm(&self) -> Result<OwnedBindVm<Limited>> {
        let args = BindArgs {
            vm: VmArgs {
                name: c"gpuvm-rust-lru",
                range: 0..64,
                reserve: 0..0,
            },
            queue_name: c"gpuvm-rust-lru",
            cleanup: &self.cleanup.user(),
            submit: None,
            no_undo: false,
        };
        OwnedBindVm::new(
            &MayAlloc::here(),
            args,
            self.world.resv(),
            Ok(Limited(self.lru.clone())),
            (),
        )
    }

    fn state(&self) -> (u64, u64, u64, u64) {
        let stats = self.lru.stats();
        (stats.resident, stats.objects, stats.evicted, stats.restored)
    }
}

/// Maps the page of an object, and says that the VM is used.
fn map(vm: &BindVm<Limited>, bo: &BoOf<Immediate>) -> Result {
    let may = MayAlloc::here();
    let mut job = vm.job(&may, 1, 0)?;
    job.add(&may, &BindOp::map(0, 1, bo, 0))?;
    let queued = job.submit(&may, &mut Syncs::none())?;
    vm.used();
    queued.wait(&may)
}

#[kunit_tests(gpuvm_rust_lru)]
mod cases {
    use super::*;

    #[test]
    fn who_was_not_used_goes_and_comes_back() -> Result {
        let may = MayAlloc::here();
        let world = LruWorld::new(2 * PAGE)?;
        let (a, b, c) = (
            world.object(b'A')?,
            world.object(b'B')?,
            world.object(b'C')?,
        );
        let (first, second, third) = (world.vm()?, world.vm()?, world.vm()?);
        map(&first, &a)?;
        map(&second, &b)?;
        assert!(world.state() == (2 * PAGE, 2, 0, 0));
        map(&third, &c)?;
        assert!(world.state() == (2 * PAGE, 2, 1, 0));
        let has_memory = || [&a, &b, &c].map(|bo| bo.populated.load(Ordering::Relaxed));
        assert!(has_memory() == [0, 1, 1]);
        // What was in there comes back, before the VM is used again.
        first.lock_for_job(&may)?.validate(&may)?;
        assert!(has_memory() == [2, 0, 1]);
        assert!(world.state() == (2 * PAGE, 2, 2, 1));
        assert_eq!(world.lru.evicted.load(Ordering::Relaxed), 2);
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_refused() -> Result {
        let may = MayAlloc::here();
        let world = LruWorld::new(PAGE)?;
        let (a, b) = (world.object(b'A')?, world.object(b'B')?);
        let pinned = world.object(b'P')?;
        let failing = world.object(b'X')?;
        let (vm, other) = (world.vm()?, world.vm()?);
        // Not beside another one of the same VM.
        map(&vm, &a)?;
        let mut job = vm.job(&may, 1, 0)?;
        job.add(&may, &BindOp::map(1, 1, &*b, 0))?;
        let refused = job.submit(&may, &mut Syncs::none()).map_err(Error::from);
        assert_eq!(errno(refused), EBUSY.to_errno());
        assert!(world.state() == (PAGE, 1, 0, 0));
        // Another VM has it all, as long as it cannot be evicted.
        map(&other, &pinned)?;
        assert!(world.state() == (PAGE, 1, 1, 0));
        assert_eq!(errno(map(&vm, &b)), EBUSY.to_errno());
        // Nor if it is larger than all there is.
        world.lru.limit.store(1, Ordering::Relaxed);
        assert_eq!(errno(map(&vm, &b)), ENOMEM.to_errno());
        // The driver has the last word.
        world.lru.limit.store(0, Ordering::Relaxed);
        assert_eq!(errno(map(&vm, &failing)), EIO.to_errno());
        assert!(world.state() == (PAGE, 1, 1, 0));
        Ok(())
    }

    #[test]
    fn the_cpu_is_never_refused() -> Result {
        let may = MayAlloc::here();
        let world = LruWorld::new(PAGE)?;
        let (pinned, b) = (world.object(b'P')?, world.object(b'B')?);
        world.lru.populate_for_cpu(&may, &pinned)?;
        world.lru.populate_for_cpu(&may, &b)?;
        world.lru.populate_for_cpu(&may, &b)?;
        assert!(world.state() == (2 * PAGE, 2, 0, 0));
        world.lru.lost(&may, &b)?;
        assert!(world.state() == (PAGE, 1, 0, 0));
        drop(pinned);
        assert!(world.state() == (0, 0, 0, 0));
        Ok(())
    }

    #[test]
    fn an_object_is_in_one_list() -> Result {
        let may = MayAlloc::here();
        let world = LruWorld::new(0)?;
        let other = list(&world.cleanup, 0)?;
        let bo = world.object(b'A')?;
        assert_eq!(errno(world.lru.add(&bo)), EBUSY.to_errno());
        assert_eq!(errno(other.add(&bo)), EBUSY.to_errno());
        assert_eq!(errno(other.populate_for_cpu(&may, &bo)), EINVAL.to_errno());
        assert_eq!(errno(other.lost(&may, &bo)), EINVAL.to_errno());
        // Nor is one whose entry is somewhere else.
        let foreign = world.world.object(b'F')?;
        assert_eq!(errno(world.lru.add(&foreign)), EINVAL.to_errno());
        let unknown = world.world.object(b'U')?;
        assert_eq!(
            errno(world.lru.populate_for_cpu(&may, &unknown)),
            EINVAL.to_errno()
        );
        Ok(())
    }

    #[test]
    fn who_has_to_wait_is_called_again() -> Result {
        let may = MayAlloc::here();
        let world = LruWorld::new(PAGE)?;
        let (a, b) = (world.object(b'A')?, world.object(b'B')?);
        let (vm, other) = (world.vm()?, world.vm()?);
        map(&other, &a)?;
        let mut calls = 0;
        world.lru.submit(&may, &vm, || {
            calls += 1;
            // As if somebody had been faster, twice: the second time room is made.
            if calls < 3 {
                Err(EBUSY)
            } else {
                map(&vm, &b)
            }
        })?;
        assert_eq!(calls, 3);
        assert!(world.state() == (PAGE, 1, 1, 0));
        // There is nothing that could go.
        let never = world.lru.submit(&may, &vm, || Err(EBUSY));
        assert_eq!(errno(never), ENOMEM.to_errno());
        let failed = world.lru.submit(&may, &vm, || Err(EIO));
        assert_eq!(errno(failed), EIO.to_errno());
        Ok(())
    }

    #[test]
    fn evicted_by_hand() -> Result {
        let may = MayAlloc::here();
        let world = LruWorld::new(0)?;
        let bo = world.object(b'A')?;
        let vm = world.vm()?;
        map(&vm, &bo)?;
        let refused = BindVm::<Limited>::evict(&may, &bo, true, || Err(EIO));
        assert_eq!(errno(refused), EIO.to_errno());
        vm.lock_for_job(&may)?.validate(&may)?;
        assert!(world.state() == (PAGE, 1, 0, 0));
        Ok(())
    }
}
