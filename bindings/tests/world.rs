// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! A device without hardware, and objects with names.

use core::{marker::PhantomData, sync::atomic::AtomicUsize};

use drm_gpuvm::{GpuvaObject, Immediate, LruEntry, MayAlloc, Mode, OwnedVm, VmArgs};
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

use crate::{lru_cases::Limit, steps::TestDriver};

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
    type Object<Ctx: DeviceContext> = shmem::Object<Named<Immediate>, Ctx>;

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
pub(crate) struct Named<M> {
    pub(crate) name: u8,
    /// For those who limit memory: 0 without, 1 with some, 2 if it came back.
    pub(crate) populated: AtomicUsize,
    pub(crate) entry: LruEntry<Limit>,
    _mode: PhantomData<fn(M)>,
}

impl<M: Mode> GpuvaObject for Named<M> {
    type Mode = M;
}

impl<M: Mode> DriverObject for Named<M> {
    type Driver = Mock;
    type Args = u8;

    fn new<Ctx: DeviceContext>(
        _dev: &drm::Device<Mock, Ctx>,
        _size: usize,
        name: u8,
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            name,
            populated: AtomicUsize::new(0),
            entry: LruEntry::new(),
            _mode: PhantomData,
        })
    }
}

/// An object of one mode.
pub(crate) type BoOf<M> = shmem::Object<Named<M>, Uninit>;

fn config<M: Mode>(parent: Option<&BoOf<M>>) -> shmem::ObjectConfig<'_, Named<M>, Uninit> {
    shmem::ObjectConfig {
        map_wc: false,
        parent_resv_obj: parent,
    }
}

/// A device and what is needed to make VMs on it. The order is that in which they go.
pub(crate) struct World<M: Mode = Immediate> {
    resv: ARef<BoOf<M>>,
    dev: drm::UnregisteredDevice<Mock>,
    _parent: faux::Registration,
}

impl World {
    pub(crate) fn new() -> Result<Self> {
        Self::of()
    }
}

impl<M: Mode> World<M> {
    pub(crate) fn of() -> Result<Self> {
        let parent = faux::Registration::new(c"gpuvm-rust-kunit", None)?;
        let dev = drm::UnregisteredDevice::new(parent.as_ref(), Ok(()))?;
        let resv = BoOf::new(&dev, 4096, config(None), b'R')?;
        Ok(Self {
            resv,
            dev,
            _parent: parent,
        })
    }

    /// An object with a `dma_resv` of its own.
    pub(crate) fn object(&self, name: u8) -> Result<ARef<BoOf<M>>> {
        BoOf::new(&self.dev, 4096, config(None), name)
    }

    /// An object that shares the `dma_resv` of the VMs.
    pub(crate) fn private(&self, name: u8) -> Result<ARef<BoOf<M>>> {
        BoOf::new(&self.dev, 4096, config(Some(&self.resv)), name)
    }

    /// What has the `dma_resv` of the VMs.
    pub(crate) fn resv(&self) -> &BoOf<M> {
        &self.resv
    }

    /// A VM of the pages 0 to 256, of which the last 16 are the driver's.
    pub(crate) fn vm<D: TestDriver<Mode = M>>(&self) -> Result<OwnedVm<D>> {
        self.vm_of(0..256, 240..256)
    }

    pub(crate) fn vm_of<D: TestDriver<Mode = M>>(
        &self,
        range: core::ops::Range<u64>,
        reserve: core::ops::Range<u64>,
    ) -> Result<OwnedVm<D>> {
        let args = VmArgs {
            name: c"rust",
            range,
            reserve,
        };
        D::make(&MayAlloc::here(), args, &self.resv)
    }
}
