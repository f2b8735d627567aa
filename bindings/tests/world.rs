// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! A device without hardware, and objects with names.

use drm_gpuvm::OwnedVm;
use kernel::{
    drm::{
        self,
        gem::{shmem, DriverObject},
        DeviceContext, Uninit,
    },
    faux,
    prelude::*,
    sync::aref::ARef,
};

use crate::steps::{self, Steps};

/// The DRM driver, which nobody can open.
pub(crate) struct Mock;

pub(crate) struct File;

impl drm::file::DriverFile for File {
    type Driver = Mock;

    fn open(_device: &drm::Device<Mock>) -> Result<Pin<KBox<Self>>> {
        Err(ENODEV)
    }
}

#[vtable]
impl drm::Driver for Mock {
    type Data = ();
    type File = File;
    type Object<Ctx: DeviceContext> = shmem::Object<Named, Ctx>;

    const INFO: drm::DriverInfo = drm::DriverInfo {
        major: 0,
        minor: 0,
        patchlevel: 0,
        name: c"gpuvm-rust-kunit",
        desc: c"no device",
    };

    const IOCTLS: &'static [drm::ioctl::DrmIoctlDescriptor] = &[];
}

/// An object with a name of one letter.
#[pin_data]
pub(crate) struct Named {
    name: u8,
}

impl DriverObject for Named {
    type Driver = Mock;
    type Args = u8;

    fn new<Ctx: DeviceContext>(
        _dev: &drm::Device<Mock, Ctx>,
        _size: usize,
        name: u8,
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(Self { name })
    }
}

pub(crate) type Bo = shmem::Object<Named, Uninit>;

/// The letter of an object, `-` for none.
pub(crate) fn name_of(object: Option<&Bo>) -> char {
    object.map_or('-', |bo| char::from(bo.name))
}

fn config(parent: Option<&Bo>) -> shmem::ObjectConfig<'_, Named, Uninit> {
    shmem::ObjectConfig {
        map_wc: false,
        parent_resv_obj: parent,
    }
}

/// A device and what is needed to make VMs on it. The order is that in which they go.
pub(crate) struct World {
    resv: ARef<Bo>,
    dev: drm::UnregisteredDevice<Mock>,
    _parent: faux::Registration,
}

impl World {
    pub(crate) fn new() -> Result<Self> {
        let parent = faux::Registration::new(c"gpuvm-rust-kunit", None)?;
        let dev = drm::UnregisteredDevice::new(parent.as_ref(), Ok(()))?;
        let resv = Bo::new(&dev, 4096, config(None), b'R')?;
        Ok(Self {
            resv,
            dev,
            _parent: parent,
        })
    }

    /// An object with a `dma_resv` of its own.
    pub(crate) fn object(&self, name: u8) -> Result<ARef<Bo>> {
        Bo::new(&self.dev, 4096, config(None), name)
    }

    /// An object that shares the `dma_resv` of the VMs.
    pub(crate) fn private(&self, name: u8) -> Result<ARef<Bo>> {
        Bo::new(&self.dev, 4096, config(Some(&self.resv)), name)
    }

    /// What has the `dma_resv` of the VMs.
    pub(crate) fn resv(&self) -> &Bo {
        &self.resv
    }

    /// A VM of the pages 0 to 256, of which the last 16 are the driver's.
    pub(crate) fn vm(&self) -> Result<OwnedVm<Steps>> {
        self.vm_of(0..256, 240..256)
    }

    pub(crate) fn vm_of(
        &self,
        range: core::ops::Range<u64>,
        reserve: core::ops::Range<u64>,
    ) -> Result<OwnedVm<Steps>> {
        steps::make_vm(&self.resv, range, reserve)
    }
}
