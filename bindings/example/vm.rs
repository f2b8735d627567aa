// SPDX-License-Identifier: GPL-2.0

//! GPU virtual address spaces: how they begin and end, and what a bind does to their page tables.
//!
//! Closing (the id was destroyed, or the file closed) stops the queues, unmaps everything, and from
//! then on no job changes or uses the VM; but jobs that still wait for a fence of somebody else keep
//! it. A worker frees it when the last reference is gone.

use core::sync::atomic::{AtomicU64, Ordering};

use drm_gpuvm::{
    BindArgs, BindDriver, BindKind, BindMapping, BindOp, BindState, Immediate, MayAlloc,
    OwnedBindVm, Section, VmArgs,
};
use kernel::{
    drm, new_mutex, new_spinlock,
    prelude::*,
    rbtree::RBTree,
    sync::{aref::ARef, Arc, Mutex, SpinLock},
};

use crate::{
    file::{File, VA_RESERVED},
    gem::{self, Object},
    queue::JobQueue,
    quota::{Account, Share},
    shim::{
        self, c,
        device::{Ioctl, Plugged},
        hw::{self, Context, PageTables, Source, Update, VA_RANGE},
        module::ModuleRef,
        queue::Fault,
    },
    userptr, Driver,
};

/// A VM, with the core's part.
pub(crate) type BindVm = drm_gpuvm::BindVm<Vm>;

/// Flag of a mapping: the engine may not write.
pub(crate) const READONLY: u32 = 1;

/// The last fault.
#[derive(Default)]
struct LastFault {
    count: u64,
    fault: Fault,
    queue: u32,
}

/// The driver's part of a VM.
#[pin_data]
pub(crate) struct Vm {
    pub(crate) dev: ARef<drm::Device<Driver>>,
    /// Whose VM this is.
    pub(crate) account: Arc<Account>,
    /// Has its `dma_resv`.
    pub(crate) resv: ARef<Object>,
    /// Its number, which no other VM ever has.
    pub(crate) uid: u64,
    /// Its number on the device.
    pub(crate) context: Arc<Context>,
    /// Queues that are open; none once it was closed.
    #[pin]
    queues: Mutex<RBTree<usize, ARef<JobQueue>>>,
    #[pin]
    fault: SpinLock<LastFault>,
    /// A VM may outlive its file, waiting for a fence of somebody else.
    _module: ModuleRef,
}

/// What the lock of changes protects.
pub(crate) struct Tables {
    pub(crate) pt: PageTables,
    /// Mappings as the file's account knows them.
    mappings: u64,
    /// Flushes by binds.
    flushes: u64,
}

/// The driver's part of a bind job.
#[pin_data]
pub(crate) struct Job {
    /// Tables that were set aside, or taken out.
    #[pin]
    update: Update,
    /// What it has of the file's account, until it ran.
    pub(crate) share: Option<Share>,
}

impl Job {
    /// Tables for a change of page tables.
    pub(crate) fn update(self: Pin<&mut Self>) -> Pin<&mut Update> {
        self.project().update
    }

    /// Remembers what was counted for it.
    pub(crate) fn set_share(self: Pin<&mut Self>, share: Share) {
        *self.project().share = Some(share);
    }
}

/// What an operation maps.
fn source_of_op<'a>(op: &'a BindOp<'_, Vm>) -> Result<Source<'a>> {
    let (repeat, phase) = op.repeats();
    let from = op.offset().checked_add(phase.into()).ok_or(EINVAL)?;
    match op.object() {
        Some(object) => Source::of(object, op.offset(), from, repeat.into(), op.length()),
        None => Ok(Source::sparse()),
    }
}

impl BindDriver for Vm {
    type Object = Object;
    type Mode = Immediate;
    type Tables = Tables;
    type Job = Job;

    fn begin_job(&self) -> impl PinInit<Job> + '_ {
        pin_init!(Job {
            update <- Update::new(),
            share: None,
        })
    }

    fn validate(&self, _job: Pin<&mut Job>, object: &Object) -> Result {
        shim::gem::populate_locked(object)
    }

    fn pt_reserve(&self, job: Pin<&mut Job>, op: &BindOp<'_, Self>) -> Result {
        let tables = match op.kind() {
            BindKind::Map if op.is_userptr() => hw::tables_at_most(op.address(), op.length()),
            BindKind::Map | BindKind::MapSparse => {
                source_of_op(op)?.tables(op.address(), op.length())
            }
            BindKind::Unmap => hw::tables_for_unmap(op.address(), op.length()),
            BindKind::UnmapObject => 0,
        };
        job.project().update.reserve(tables)
    }

    fn refuse(&self) -> Result {
        Plugged::enter(&*self.dev).map(drop)
    }

    fn pt_map(
        section: &mut Section<'_, Self>,
        mapping: &BindMapping<Self>,
        address: u64,
        length: u64,
    ) -> Result {
        if let Some(pages) = mapping.user_pages() {
            return userptr::map(section, mapping, &pages, address, length);
        }
        let source = match mapping.object() {
            Some(object) => Source::of(
                object,
                mapping.offset(),
                mapping.offset_of(address),
                mapping.repeat().into(),
                length,
            )?,
            None => Source::sparse(),
        };
        let writable = is_writable(mapping);
        let update = section.job.as_mut().project().update;
        section
            .tables
            .pt
            .map(update, address, length, &source, writable)
    }

    fn pt_unmap(section: &mut Section<'_, Self>, address: u64, length: u64) -> Result {
        let update = section.job.as_mut().project().update;
        section.tables.pt.unmap(update, address, length)
    }

    /// Before the job's fence is signalled: then the memory may be reused.
    fn pt_flush(section: &mut Section<'_, Self>) {
        let mappings = section.mappings();
        let vm = section.driver();
        let tables = &mut *section.tables;
        vm.account.mappings_changed(tables.mappings, mappings);
        tables.mappings = mappings;

        let job = section.job.as_mut().project();
        // Behind the mappings that came of it: whoever waits for the job finds room again.
        *job.share = None;
        if tables.pt.flush(job.update) {
            tables.flushes = tables.flushes.wrapping_add(1);
        }
    }
}

/// Whether the engine may write.
pub(crate) fn is_writable(mapping: &BindMapping<Vm>) -> bool {
    mapping.driver_flags() & READONLY == 0
}

/// What a queue has in the tree of its VM's.
fn key_of(queue: &JobQueue) -> usize {
    core::ptr::from_ref(queue).addr()
}

impl Vm {
    /// Ends all jobs, now and in future.
    ///
    /// Context: process; sleeps.
    pub(crate) fn kill_queues(&self) {
        for queue in self.queues.lock().values() {
            queue.kill();
        }
    }

    /// A queue joins, unless the VM was closed or died.
    pub(crate) fn join(&self, vm: &BindVm, queue: &ARef<JobQueue>) -> Result {
        let mut queues = self.queues.lock();
        vm.check()?;
        queues.try_create_and_insert(key_of(queue), queue.clone(), GFP_KERNEL_ACCOUNT)?;
        Ok(())
    }

    /// A queue leaves; once more does nothing.
    pub(crate) fn leave(&self, queue: &JobQueue) {
        let _left = self.queues.lock().remove(&key_of(queue));
    }

    /// Ends the use of the VM, which its file no longer has. Jobs that run end at once, those that
    /// wait end when their turn comes, all with `ECANCELED`.
    ///
    /// Context: process; sleeps.
    pub(crate) fn close(&self, vm: &BindVm) {
        let _left = self.dev.vms.lock().remove(&self.uid);
        // Before, so that no job sees nothing mapped; and behind, for a queue that was being made
        // and did not see yet that the VM is closed.
        self.kill_queues();
        vm.close(&MayAlloc::here());
        let queues = core::mem::take(&mut *self.queues.lock());
        for queue in queues.values() {
            queue.kill();
        }
    }

    /// Remembers a fault.
    pub(crate) fn record(&self, queue: u32, fault: Fault) {
        let mut last = self.fault.lock();
        last.count = last.count.saturating_add(1);
        last.fault = fault;
        last.queue = queue;
    }
}

fn create(
    dev: &drm::Device<Driver>,
    file: &File,
    start: u64,
    range: u64,
) -> Result<OwnedBindVm<Vm>> {
    static UID: AtomicU64 = AtomicU64::new(0);

    let pt = PageTables::new(&dev.hw)?;
    let resv = gem::resv_object(dev)?;
    let context = pt.context();
    let tables = Tables {
        pt,
        mappings: 0,
        flushes: 0,
    };
    let args = BindArgs {
        vm: VmArgs {
            name: c"example-vgem",
            range: start..start.saturating_add(range),
            reserve: start..start.saturating_add(VA_RESERVED),
        },
        queue_name: c"evgem-rust-bind",
        cleanup: &dev.queues.release,
        submit: Some(&dev.queues.sched),
        no_undo: false,
    };
    let object = resv.clone();
    let driver = try_pin_init!(Vm {
        dev: dev.into(),
        account: file.account.clone(),
        resv,
        uid: UID.fetch_add(1, Ordering::Relaxed).wrapping_add(1),
        context,
        queues <- new_mutex!(RBTree::new()),
        fault <- new_spinlock!(LastFault::default()),
        _module: ModuleRef::new(),
    });
    let vm = OwnedBindVm::new(&MayAlloc::here(), args, &*object, driver, tables)?;
    dev.vms
        .lock()
        .try_create_and_insert(vm.driver().uid, vm.share(), GFP_KERNEL_ACCOUNT)?;
    Ok(vm)
}

/// `DRM_IOCTL_EVGEM_VM_CREATE`.
pub(crate) struct Create;

impl Ioctl for Create {
    type Driver = Driver;
    type Args = c::drm_evgem_vm_create;
    const NUMBER: u32 = c::DRM_EVGEM_VM_CREATE;
    const ANSWERS: bool = true;
    const NAME: &'static CStr = c"EVGEM_VM_CREATE";

    fn call(dev: &drm::Device<Driver>, args: &mut Self::Args, file: &drm::File<File>) -> Result {
        if args.flags != 0 || (args.va_start | args.va_range) % 4096 != 0 {
            return Err(EINVAL);
        }
        let left = VA_RANGE.checked_sub(args.va_start).ok_or(EINVAL)?;
        let range = if args.va_range == 0 {
            left
        } else {
            args.va_range
        };
        if range > left || range <= VA_RESERVED {
            return Err(EINVAL);
        }
        let inner = file.inner();
        let vm = create(dev, &inner, args.va_start, range)?;
        let added = inner.vms.lock().add(vm, shim::module::max_vms(), |_, _| ());
        match added {
            Ok(id) => {
                args.vm_id = id;
                Ok(())
            }
            Err((error, vm)) => {
                vm.driver().close(&vm);
                Err(error)
            }
        }
    }
}

/// `DRM_IOCTL_EVGEM_VM_DESTROY`.
pub(crate) struct Destroy;

impl Ioctl for Destroy {
    type Driver = Driver;
    type Args = c::drm_evgem_vm_destroy;
    const NUMBER: u32 = c::DRM_EVGEM_VM_DESTROY;
    const ANSWERS: bool = false;
    const NAME: &'static CStr = c"EVGEM_VM_DESTROY";

    fn call(_dev: &drm::Device<Driver>, args: &mut Self::Args, file: &drm::File<File>) -> Result {
        if args.pad != 0 {
            return Err(EINVAL);
        }
        let vm = file.inner().vms.lock().remove(args.vm_id).ok_or(ENOENT)?;
        vm.driver().close(&vm);
        Ok(())
    }
}

/// `DRM_IOCTL_EVGEM_VM_STATE`.
pub(crate) struct State;

impl Ioctl for State {
    type Driver = Driver;
    type Args = c::drm_evgem_vm_state;
    const NUMBER: u32 = c::DRM_EVGEM_VM_STATE;
    const ANSWERS: bool = true;
    const NAME: &'static CStr = c"EVGEM_VM_STATE";

    fn call(_dev: &drm::Device<Driver>, args: &mut Self::Args, file: &drm::File<File>) -> Result {
        if args.pad != 0 {
            return Err(EINVAL);
        }
        let vm = file.inner().vm(args.vm_id)?;
        *args = c::drm_evgem_vm_state {
            vm_id: args.vm_id,
            ..Default::default()
        };
        {
            let locked = vm.lock();
            if vm.state() == BindState::Dead {
                args.status = c::DRM_EVGEM_VM_DEAD;
                args.reason = c::DRM_EVGEM_VM_REASON_BIND;
            }
            let tables = locked.tables();
            args.mappings = locked.mappings();
            (args.ptes_4k, args.ptes_2m, args.pt_bytes) = tables.pt.counts();
            args.tlb_flushes = tables.flushes;
        }
        let last = vm.driver().fault.lock();
        args.fault_count = last.count;
        args.fault_addr = last.fault.address;
        args.fault_access = last.fault.access;
        args.fault_reason = last.fault.reason;
        args.fault_queue = last.queue;
        Ok(())
    }
}
