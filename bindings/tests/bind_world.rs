// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! A driver of VMs that take binds: page tables that tell what they show, page by page, and fail on
//! request.

use core::{
    marker::PhantomData,
    sync::atomic::{AtomicUsize, Ordering},
};

use drm_gpuvm::{
    BindArgs, BindDriver, BindKind, BindMapping, BindOp, MayAlloc, Mode, OwnedBindVm, Section,
    Syncs, VmArgs, Workqueue,
};
use kernel::{prelude::*, sync::Arc};

use crate::{
    text::name_of,
    world::{BoOf, World},
};

/// The pages that a VM has.
pub(crate) const PAGES: usize = 64;

/// How many values of the driver's types there are, and what was called.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) vms: AtomicUsize,
    pub(crate) tables: AtomicUsize,
    pub(crate) jobs: AtomicUsize,
    pub(crate) validated: AtomicUsize,
    pub(crate) flushed: AtomicUsize,
    /// Changes of page tables that succeed before the next one fails, plus one; 0: none fails.
    pub(crate) fail_after: AtomicUsize,
    /// How many of them fail then.
    pub(crate) fail_times: AtomicUsize,
    /// The errno with which `validate` fails, or 0.
    pub(crate) validate_error: AtomicUsize,
    /// Jobs are refused.
    pub(crate) refuses: AtomicUsize,
}

impl Counts {
    pub(crate) fn get(counter: &AtomicUsize) -> usize {
        counter.load(Ordering::SeqCst)
    }

    /// After `good` changes of page tables `bad` of them fail.
    pub(crate) fn fail(&self, good: usize, bad: usize) {
        self.fail_times.store(bad, Ordering::SeqCst);
        self.fail_after.store(good + 1, Ordering::SeqCst);
    }

    fn change(&self) -> Result {
        match Self::get(&self.fail_after) {
            0 => Ok(()),
            1 => {
                if self.fail_times.fetch_sub(1, Ordering::SeqCst) == 1 {
                    self.fail_after.store(0, Ordering::SeqCst);
                }
                Err(EIO)
            }
            left => {
                self.fail_after.store(left - 1, Ordering::SeqCst);
                Ok(())
            }
        }
    }
}

/// One of something, for as long as this is there.
struct One(Arc<Counts>, fn(&Counts) -> &AtomicUsize);

impl One {
    fn new(counts: &Arc<Counts>, of: fn(&Counts) -> &AtomicUsize) -> Self {
        of(counts).fetch_add(1, Ordering::SeqCst);
        Self(counts.clone(), of)
    }
}

impl Drop for One {
    fn drop(&mut self) {
        (self.1)(&self.0).fetch_sub(1, Ordering::SeqCst);
    }
}

/// The driver's part of a VM.
pub(crate) struct Paged<M> {
    pub(crate) counts: Arc<Counts>,
    _one: One,
    _mode: PhantomData<fn(M)>,
}

/// What each page shows: the object's letter and its page; `-` for a sparse one.
pub(crate) struct Tables {
    pub(crate) pages: [Option<(char, u64)>; PAGES],
    _one: One,
}

/// The driver's part of a job: how many operations were reserved for.
pub(crate) struct Job {
    pub(crate) reserved: usize,
    _one: One,
}

fn pages(address: u64, length: u64) -> core::ops::Range<usize> {
    address as usize..(address + length) as usize
}

impl<M: Mode> BindDriver for Paged<M> {
    type Object = BoOf<M>;
    type Mode = M;
    type Tables = Tables;
    type Job = Job;

    fn begin_job(&self) -> impl PinInit<Job> + '_ {
        Ok(Job {
            reserved: 0,
            _one: One::new(&self.counts, |counts| &counts.jobs),
        })
    }

    fn validate(&self, _job: Pin<&mut Job>, object: &BoOf<M>) -> Result {
        // So that an object is one that this driver has made.
        if name_of(Some(object)) == '\0' {
            return Err(ERANGE);
        }
        self.counts.validated.fetch_add(1, Ordering::SeqCst);
        match Counts::get(&self.counts.validate_error) {
            0 => Ok(()),
            error => Err(Error::from_errno(-(error as i32))),
        }
    }

    fn pt_reserve(&self, mut job: Pin<&mut Job>, op: &BindOp<'_, Self>) -> Result {
        // An object is with those that name one.
        let names = matches!(op.kind(), BindKind::Map | BindKind::UnmapObject);
        if names != op.object().is_some() {
            return Err(ERANGE);
        }
        job.reserved += 1;
        Ok(())
    }

    fn refuse(&self) -> Result {
        match Counts::get(&self.counts.refuses) {
            0 => Ok(()),
            _ => Err(ENODEV),
        }
    }

    fn pt_map(
        section: &mut Section<'_, Self>,
        mapping: &BindMapping<Self>,
        address: u64,
        length: u64,
    ) -> Result {
        section.driver().counts.change()?;
        for page in pages(address, length) {
            let at = page as u64;
            let shown = if mapping.is_sparse() {
                ('-', 0)
            } else {
                (name_of(mapping.object()), mapping.offset_of(at))
            };
            if section.tables.pages[page].replace(shown).is_some() || !mapping.range().contains(&at)
            {
                return Err(ERANGE);
            }
        }
        Ok(())
    }

    fn pt_unmap(section: &mut Section<'_, Self>, address: u64, length: u64) -> Result {
        section.driver().counts.change()?;
        section.tables.pages[pages(address, length)].fill(None);
        Ok(())
    }

    fn pt_flush(section: &mut Section<'_, Self>) {
        section
            .driver()
            .counts
            .flushed
            .fetch_add(1, Ordering::SeqCst);
    }
}

/// What is needed to make VMs that take binds. The order is that in which they go.
pub(crate) struct BindWorld<M: Mode> {
    pub(crate) counts: Arc<Counts>,
    /// Cleans up, and runs jobs.
    queues: Option<[Workqueue; 2]>,
    pub(crate) world: World<M>,
}

impl<M: Mode> BindWorld<M> {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            counts: Arc::new(Counts::default(), GFP_KERNEL)?,
            queues: Some([
                Workqueue::new(&MayAlloc::here(), c"gpuvm-rust-cleanup")?,
                Workqueue::for_fences(&MayAlloc::here(), c"gpuvm-rust-submit")?,
            ]),
            world: World::of()?,
        })
    }

    pub(crate) fn vm(&self, no_undo: bool) -> Result<OwnedBindVm<Paged<M>>> {
        self.vm_of(0..PAGES as u64, no_undo)
    }

    pub(crate) fn vm_of(
        &self,
        range: core::ops::Range<u64>,
        no_undo: bool,
    ) -> Result<OwnedBindVm<Paged<M>>> {
        let [cleanup, submit] = self.queues.as_ref().ok_or(ENODEV)?;
        let submit = submit.user();
        let args = BindArgs {
            vm: VmArgs {
                name: c"gpuvm-rust-kunit",
                range,
                reserve: 60..64,
            },
            queue_name: c"gpuvm-rust-bind",
            cleanup: &cleanup.user(),
            submit: no_undo.then_some(&submit),
            no_undo,
        };
        let driver = Paged {
            counts: self.counts.clone(),
            _one: One::new(&self.counts, |counts| &counts.vms),
            _mode: PhantomData,
        };
        let tables = Tables {
            pages: [None; PAGES],
            _one: One::new(&self.counts, |counts| &counts.tables),
        };
        OwnedBindVm::new(
            &MayAlloc::here(),
            args,
            self.world.resv(),
            Ok(driver),
            tables,
        )
    }

    /// Waits until what jobs and VMs left is freed: the counts of VMs, tables, jobs. There are no
    /// VMs after this.
    pub(crate) fn settle(&mut self) -> [usize; 3] {
        self.queues = None;
        let counts = &self.counts;
        [&counts.vms, &counts.tables, &counts.jobs].map(Counts::get)
    }
}

/// Runs one job, and waits for it.
pub(crate) fn bind<M: Mode>(vm: &OwnedBindVm<Paged<M>>, ops: &[BindOp<'_, Paged<M>>]) -> Result {
    let mut job = vm.job(&MayAlloc::here(), u32::try_from(ops.len())?, 0)?;
    for op in ops {
        job.add(&MayAlloc::here(), op)?;
    }
    job.submit(&MayAlloc::here(), &mut Syncs::none())?
        .wait(&MayAlloc::here())
}
