// SPDX-License-Identifier: GPL-2.0

//! Buffer objects: shmem GEM objects of the kernel crate.
//!
//! BOs that are private to a VM share its `dma_resv`, so one lock and one fence per job serve all of
//! them; that decides that no other VM has them, and nobody gets them exported. A BO has its memory
//! from its first use on until it is freed: there is no limit at which it would be taken away.

use drm_gpuvm::{BindVm, GpuvaObject, Immediate};
use kernel::{
    drm::{
        self,
        gem::{shmem, BaseObject, DriverObject},
        DeviceContext,
    },
    prelude::*,
    sync::aref::ARef,
};

use crate::{
    file::File,
    quota::{self, Share},
    shim::{self, c, device::Ioctl},
    vm::Vm,
    Driver,
};

/// A BO as the rest of the driver sees it.
pub(crate) type Object = shmem::Object<Bo>;

/// The driver's part of a BO.
#[pin_data]
pub(crate) struct Bo {
    /// The only VM that may map it; 0: all.
    private_to: u64,
    /// What it has of its file's account.
    _share: Option<Share>,
}

/// What a BO is made with.
pub(crate) struct BoArgs {
    private_to: u64,
    share: Option<Share>,
}

impl DriverObject for Bo {
    type Driver = Driver;
    type Args = BoArgs;

    fn new<Ctx: DeviceContext>(
        _dev: &drm::Device<Driver, Ctx>,
        _size: usize,
        args: BoArgs,
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            private_to: args.private_to,
            _share: args.share,
        })
    }
}

impl GpuvaObject for Bo {
    type Mode = Immediate;
}

impl Bo {
    /// Whether a VM may map it.
    pub(crate) fn can_be_in(&self, vm: &Vm) -> bool {
        self.private_to == 0 || self.private_to == vm.uid
    }
}

fn make(
    dev: &drm::Device<Driver>,
    size: usize,
    parent: Option<&Object>,
    args: BoArgs,
) -> Result<ARef<Object>> {
    let config = shmem::ObjectConfig {
        map_wc: false,
        parent_resv_obj: parent,
    };
    // shmem says ENOSPC when it cannot allocate an inode.
    let object = Object::new(dev, size, config, args).map_err(|error| {
        if error == ENOSPC {
            ENOMEM
        } else {
            error
        }
    })?;
    shim::gem::init(&object);
    Ok(object)
}

/// What has the `dma_resv` of a VM.
pub(crate) fn resv_object(dev: &drm::Device<Driver>) -> Result<ARef<Object>> {
    let args = BoArgs {
        private_to: 0,
        share: None,
    };
    make(dev, 4096, None, args)
}

/// `DRM_IOCTL_EVGEM_GEM_CREATE`.
pub(crate) struct Create;

impl Ioctl for Create {
    type Driver = Driver;
    type Args = c::drm_evgem_gem_create;
    const NUMBER: u32 = c::DRM_EVGEM_GEM_CREATE;
    const ANSWERS: bool = true;
    const NAME: &'static CStr = c"EVGEM_GEM_CREATE";

    fn call(dev: &drm::Device<Driver>, args: &mut Self::Args, file: &drm::File<File>) -> Result {
        // Huge BOs are not offered.
        if args.flags != 0 || args.pad != 0 || args.size == 0 || args.size % 4096 != 0 {
            return Err(EINVAL);
        }
        let inner = file.inner();
        let vm: Option<ARef<BindVm<Vm>>> = match args.vm_id {
            0 => None,
            id => Some(inner.vm(id)?),
        };
        if args.size > shim::gem::max_size() {
            return Err(ENOMEM);
        }
        let vm = vm.as_ref().map(|vm| vm.driver());
        let bo_args = BoArgs {
            private_to: vm.map_or(0, |vm| vm.uid),
            share: Some(quota::take_bo(&inner.account, args.size)?),
        };
        let parent = vm.map(|vm| &*vm.resv);
        let object = make(dev, args.size as usize, parent, bo_args)?;
        args.handle = object.create_handle(file)?;
        Ok(())
    }
}

/// `DRM_IOCTL_EVGEM_GEM_MMAP_OFFSET`.
pub(crate) struct MmapOffset;

impl Ioctl for MmapOffset {
    type Driver = Driver;
    type Args = c::drm_evgem_gem_mmap_offset;
    const NUMBER: u32 = c::DRM_EVGEM_GEM_MMAP_OFFSET;
    const ANSWERS: bool = true;
    const NAME: &'static CStr = c"EVGEM_GEM_MMAP_OFFSET";

    fn call(_dev: &drm::Device<Driver>, args: &mut Self::Args, file: &drm::File<File>) -> Result {
        if args.pad != 0 {
            return Err(EINVAL);
        }
        args.offset = Object::lookup_handle(file, args.handle)?.create_mmap_offset()?;
        Ok(())
    }
}
