// SPDX-License-Identifier: GPL-2.0

//! The example driver in Rust: the same uAPI, the same device, on the safe layer of the core.
//!
//! As in C, memory of the device lives as long as anybody has a reference to the DRM device; an
//! ioctl is refused once the device is gone, and jobs end then; the workqueues belong to the module,
//! which goes last.
//!
//! All `unsafe` is in `shim`, which stands for what the kernel crate of Linux 7.2 lacks.

#![deny(unsafe_code)]

use drm_gpuvm::{MayAlloc, Workqueue, WorkqueueUser};
use kernel::{
    device::Core,
    driver::Registration,
    drm::{self, gem::shmem, ioctl::DrmIoctlDescriptor, DeviceContext},
    new_mutex, platform,
    prelude::*,
    rbtree::RBTree,
    seq_file::SeqFile,
    seq_print,
    sync::{aref::ARef, Arc, Mutex},
};

mod bind;
mod exec;
mod file;
mod gem;
mod queue;
mod quota;
#[allow(unsafe_code)]
mod shim;
mod sync;
mod userptr;
mod vm;

use shim::{
    c,
    device::{descriptor, Platform},
    hw::Hw,
};

/// The name of driver and device.
const NAME: &CStr = c"example-vgem-rust";

/// The DRM driver.
pub(crate) struct Driver;

/// What belongs to a device.
#[pin_data]
pub(crate) struct Device {
    pub(crate) hw: Arc<Hw>,
    pub(crate) queues: Queues,
    /// All open VMs by their numbers, for unplugging.
    #[pin]
    pub(crate) vms: Mutex<RBTree<u64, ARef<vm::BindVm>>>,
}

/// The workqueues of the module.
#[derive(Clone)]
pub(crate) struct Queues {
    /// Frees VMs, queues and what binds leave.
    pub(crate) release: WorkqueueUser,
    /// Runs the schedulers of all queues and VMs.
    pub(crate) sched: WorkqueueUser,
    /// Runs the timeouts of the queues.
    pub(crate) timeout: WorkqueueUser,
}

#[vtable]
impl drm::Driver for Driver {
    type Data = Device;
    type File = file::File;
    type Object<Ctx: DeviceContext> = shmem::Object<gem::Bo, Ctx>;

    const INFO: drm::DriverInfo = drm::DriverInfo {
        major: 1,
        minor: 0,
        patchlevel: 0,
        name: NAME,
        desc: c"GPU driver on drm_gpuvm, in Rust",
    };

    const FEAT_RENDER: bool = true;

    const IOCTLS: &'static [DrmIoctlDescriptor] = &[
        descriptor::<file::Query>(),
        descriptor::<vm::Create>(),
        descriptor::<vm::Destroy>(),
        descriptor::<vm::State>(),
        descriptor::<bind::Bind>(),
        descriptor::<gem::Create>(),
        descriptor::<gem::MmapOffset>(),
        descriptor::<queue::Create>(),
        descriptor::<queue::Destroy>(),
        descriptor::<exec::Exec>(),
    ];
}

impl shim::device::Debugfs for Driver {
    fn gpuvas(dev: &drm::Device<Self>, file: &SeqFile) -> Result {
        for vm in dev.vms.lock().values() {
            // The buffer was allocated before: nothing allocates in here.
            vm.lock().show(file)?;
        }
        Ok(())
    }

    /// An array with an object for each VM.
    fn gpuvas_json(dev: &drm::Device<Self>, file: &SeqFile) -> Result {
        let mut separator = "[";
        let vms = dev.vms.lock();
        for vm in vms.values() {
            seq_print!(file, "{separator}");
            separator = ",\n";
            vm.lock().show_json(file)?;
        }
        let begin = if separator == "[" { "[" } else { "" };
        seq_print!(file, "{begin}]\n");
        Ok(())
    }
}

// DRM finds an ioctl by its place.
const _: () = assert!(
    c::DRM_EVGEM_QUERY == 0
        && c::DRM_EVGEM_VM_CREATE == 1
        && c::DRM_EVGEM_VM_DESTROY == 2
        && c::DRM_EVGEM_VM_STATE == 3
        && c::DRM_EVGEM_VM_BIND == 4
        && c::DRM_EVGEM_GEM_CREATE == 5
        && c::DRM_EVGEM_GEM_MMAP_OFFSET == 6
        && c::DRM_EVGEM_QUEUE_CREATE == 7
        && c::DRM_EVGEM_QUEUE_DESTROY == 8
        && c::DRM_EVGEM_EXEC == 9
);

/// The driver of the platform device.
struct PlatformDriver;

/// A device that is there.
#[pin_data]
struct Probed {
    /// `None` once it was unplugged.
    #[pin]
    registration: Mutex<Option<shim::device::Registration<Driver>>>,
}

fn register(parent: &kernel::device::Device) -> Result<shim::device::Registration<Driver>> {
    let queues = shim::module::published().ok_or(ENODEV)?;
    let data = try_pin_init!(Device {
        hw: Hw::new()?,
        queues,
        vms <- new_mutex!(RBTree::new()),
    });
    let dev = drm::UnregisteredDevice::<Driver>::new(parent, data)?;
    shim::device::Registration::new(&dev)
}

impl platform::Driver for PlatformDriver {
    type IdInfo = ();
    type Data<'bound> = Probed;

    fn probe<'bound>(
        dev: &'bound platform::Device<Core<'_>>,
        _info: Option<&'bound ()>,
    ) -> impl PinInit<Probed, Error> + 'bound {
        let registered = register(dev.as_ref());
        try_pin_init!(Probed {
            registration <- new_mutex!(Some(registered?)),
        })
    }

    fn unbind<'bound>(_dev: &'bound platform::Device<Core<'_>>, this: Pin<&Probed>) {
        let Some(registration) = this.registration.lock().take() else {
            return;
        };
        let dev = registration.device();
        drop(registration);

        // No job is submitted any more, as that is what unplugging waits for. What the engine has
        // ends now, what waits is refused in its turn.
        for vm in dev.vms.lock().values() {
            vm.driver().kill_queues();
        }
    }
}

/// The workqueues, for as long as the module is there.
struct OwnedQueues {
    /// First to go: then nobody begins to use them.
    _published: shim::module::Published,
    _release: Workqueue,
    _sched: Workqueue,
    _timeout: Workqueue,
}

impl OwnedQueues {
    fn new() -> Result<Self> {
        let may = MayAlloc::here();
        let release = Workqueue::new(&may, c"evgem-rust-release")?;
        // In the path to a fence: go on when memory is short.
        let sched = Workqueue::for_fences(&may, c"evgem-rust-sched")?;
        let timeout = Workqueue::for_fences(&may, c"evgem-rust-timeout")?;
        let queues = Queues {
            release: release.user(),
            sched: sched.user(),
            timeout: timeout.user(),
        };
        Ok(Self {
            _published: shim::module::publish(queues),
            _release: release,
            _sched: sched,
            _timeout: timeout,
        })
    }
}

/// The module. The order is that in which all goes.
#[pin_data]
struct Module {
    _platform: Platform,
    #[pin]
    _driver: Registration<platform::Adapter<PlatformDriver>>,
    _queues: OwnedQueues,
}

impl kernel::InPlaceModule for Module {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            _queues: OwnedQueues::new()?,
            _driver <- Registration::new(NAME, module),
            _platform: Platform::new(NAME)?,
        })
    }
}

module! {
    type: Module,
    name: "example_vgem_rust",
    authors: ["The drm-gpuvm reference stack authors"],
    description: "GPU driver on drm_gpuvm in Rust, with a software GPU",
    license: "GPL",
}
