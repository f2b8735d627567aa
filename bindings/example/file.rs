// SPDX-License-Identifier: GPL-2.0

//! What an open file has: VMs and queues by number, and a limit on both.
//!
//! Each file has its own ids; they go up and come again only after the whole range was used. Taking
//! an object out of its table is the one moment at which it is destroyed, so of two threads that
//! destroy the same id one succeeds.

use drm_gpuvm::OwnedBindVm;
use kernel::{
    drm, new_mutex,
    prelude::*,
    rbtree::RBTree,
    sync::{aref::ARef, Arc, Mutex},
};

use crate::{
    queue::{self, JobQueue},
    quota::Account,
    shim::{
        c,
        device::{Fdinfo, Ioctl, Printer},
        hw, module,
        user::{bytes_of, write_answer},
    },
    vm::{BindVm, Vm},
    Driver,
};

/// Limits of the uAPI, which QUERY tells.
pub(crate) const VA_RESERVED: u64 = 0x10000;
pub(crate) const MAX_QUEUES: u32 = 64;
pub(crate) const MAX_BIND_OPS: u32 = 16384;
pub(crate) const MAX_SYNCS: u32 = 64;
pub(crate) const MAX_CMDBUFS: u32 = 64;
pub(crate) const MAX_CMDBUF_SIZE: u32 = 64 << 10;
pub(crate) const MAX_TIMEOUT_MS: u32 = c::SHIM_MAX_TIMEOUT_MS;

/// What is closed when its file is.
pub(crate) trait Close {
    /// Ends its use. Jobs that the program left behind end with `ECANCELED`.
    fn close(&self);
}

impl Close for OwnedBindVm<Vm> {
    fn close(&self) {
        self.driver().close(self);
    }
}

impl Close for ARef<JobQueue> {
    fn close(&self) {
        queue::close(self);
    }
}

/// Objects by number. Those that are left when it is dropped are closed.
pub(crate) struct Table<T: Close> {
    entries: RBTree<u32, T>,
    count: u32,
    last: u32,
}

impl<T: Close> Drop for Table<T> {
    fn drop(&mut self) {
        for object in self.entries.values() {
            object.close();
        }
    }
}

impl<T: Close> Table<T> {
    fn new() -> Self {
        Self {
            entries: RBTree::new(),
            count: 0,
            last: 0,
        }
    }

    /// Gives an object an id, which `tell` hears of before anybody else. `ENOSPC` if there are `limit`
    /// of them; `ENOMEM`. Then the object is given back, to go when the table is not locked.
    pub(crate) fn add(
        &mut self,
        object: T,
        limit: u32,
        tell: impl FnOnce(&T, u32),
    ) -> Result<u32, (Error, T)> {
        if self.count >= limit {
            return Err((ENOSPC, object));
        }
        let memory = match kernel::rbtree::RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT) {
            Ok(memory) => memory,
            Err(error) => return Err((error, object)),
        };
        loop {
            // From 1 to 2^31 - 1, and then from 1 again.
            self.last = self.last % i32::MAX as u32 + 1;
            if self.entries.get(&self.last).is_none() {
                break;
            }
        }
        tell(&object, self.last);
        self.entries.insert(memory.into_node(self.last, object));
        self.count = self.count.saturating_add(1);
        Ok(self.last)
    }

    pub(crate) fn get(&self, id: u32) -> Option<&T> {
        self.entries.get(&id)
    }

    pub(crate) fn remove(&mut self, id: u32) -> Option<T> {
        let object = self.entries.remove(&id)?;
        self.count = self.count.saturating_sub(1);
        Some(object)
    }
}

/// What belongs to an open file.
#[pin_data]
pub(crate) struct File {
    pub(crate) account: Arc<Account>,
    #[pin]
    pub(crate) queues: Mutex<Table<ARef<JobQueue>>>,
    #[pin]
    pub(crate) vms: Mutex<Table<OwnedBindVm<Vm>>>,
    /// What queues ran that are destroyed.
    #[pin]
    busy_ns: Mutex<u64>,
}

impl drm::file::DriverFile for File {
    type Driver = Driver;

    fn open(_dev: &drm::Device<Driver>) -> Result<Pin<KBox<Self>>> {
        let account = Arc::new(Account::default(), GFP_KERNEL_ACCOUNT)?;
        KBox::pin_init(
            try_pin_init!(Self {
                account,
                vms <- new_mutex!(Table::new()),
                queues <- new_mutex!(Table::new()),
                busy_ns <- new_mutex!(0),
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }
}

impl File {
    /// A VM by its id. `ENOENT`.
    pub(crate) fn vm(&self, id: u32) -> Result<ARef<BindVm>> {
        self.vms.lock().get(id).map(|vm| vm.share()).ok_or(ENOENT)
    }

    /// A queue by its id. `ENOENT`.
    pub(crate) fn queue(&self, id: u32) -> Result<ARef<JobQueue>> {
        self.queues.lock().get(id).cloned().ok_or(ENOENT)
    }

    /// A queue is destroyed, which ran for so long.
    pub(crate) fn has_run(&self, ns: u64) {
        let mut busy_ns = self.busy_ns.lock();
        *busy_ns = busy_ns.wrapping_add(ns);
    }
}

impl Fdinfo for File {
    fn show(&self, to: &mut Printer) {
        let mut total = *self.busy_ns.lock();
        for (id, queue) in self.queues.lock().entries.iter() {
            let ns = queue.busy_ns();
            to.time(c"example-vgem-queue", *id, ns);
            total = total.wrapping_add(ns);
        }
        to.time(c"drm-engine-ring", 0, total);
        to.number(c"drm-engine-capacity-ring", MAX_QUEUES);
    }
}

/// What this driver has of the features.
const FEATURES: u64 = (c::DRM_EVGEM_FEATURE_ASYNC_BIND
    | c::DRM_EVGEM_FEATURE_TIMELINE
    | c::DRM_EVGEM_FEATURE_READONLY
    | c::DRM_EVGEM_FEATURE_SPARSE
    | c::DRM_EVGEM_FEATURE_UNMAP_BO
    | c::DRM_EVGEM_FEATURE_USERPTR
    | c::DRM_EVGEM_FEATURE_REPEAT) as u64;

fn device_info() -> c::drm_evgem_device_info {
    c::drm_evgem_device_info {
        features: FEATURES,
        page_sizes: hw::PAGE_SIZES,
        va_range: hw::VA_RANGE,
        va_reserved: VA_RESERVED,
        memory_limit: 0,
        va_bits: hw::VA_BITS,
        max_vms: module::max_vms(),
        max_queues: MAX_QUEUES,
        max_bind_ops: MAX_BIND_OPS,
        max_syncs: MAX_SYNCS,
        max_cmdbufs: MAX_CMDBUFS,
        max_cmdbuf_size: MAX_CMDBUF_SIZE,
        default_timeout_ms: module::timeout_ms(),
        max_timeout_ms: MAX_TIMEOUT_MS,
        max_bo_mb: module::max_bo_mb(),
    }
}

/// `DRM_IOCTL_EVGEM_QUERY`.
pub(crate) struct Query;

impl Ioctl for Query {
    type Driver = Driver;
    type Args = c::drm_evgem_query;
    const NUMBER: u32 = c::DRM_EVGEM_QUERY;
    const ANSWERS: bool = true;
    const NAME: &'static CStr = c"EVGEM_QUERY";

    fn call(_dev: &drm::Device<Driver>, args: &mut Self::Args, _file: &drm::File<File>) -> Result {
        // No program has a struct that large: what would be cleared is not it.
        if args.query != c::DRM_EVGEM_QUERY_DEVICE || args.size > 4096 {
            return Err(EINVAL);
        }
        let info = device_info();
        if args.data != 0 {
            write_answer(args.data, args.size as usize, bytes_of(&info))?;
        }
        args.size = size_of_val(&info) as u32;
        Ok(())
    }
}
