// SPDX-License-Identifier: GPL-2.0

//! The DRM device: registered with all its features, unplugged, its ioctls, its time in fdinfo.

use core::ptr::NonNull;

use kernel::{
    bindings,
    drm::{self, ioctl::DrmIoctlDescriptor, DeviceContext, Uninit},
    error::to_result,
    ffi::{c_int, c_void},
    prelude::*,
    seq_file::SeqFile,
    str::CStrExt,
    sync::aref::ARef,
};

use super::{c, user::Plain};

/// The C structure of a device.
fn raw_device<D: drm::Driver, C: DeviceContext>(
    dev: &drm::Device<D, C>,
) -> *mut bindings::drm_device {
    // The first member of a structure that is laid out as C does; `Registration::new` looks.
    core::ptr::from_ref(dev).cast_mut().cast()
}

/// The C structure of a file.
fn raw_file<F: drm::file::DriverFile>(file: &drm::File<F>) -> *mut bindings::drm_file {
    // It is transparent.
    core::ptr::from_ref(file).cast_mut().cast()
}

/// The number of a file, for traces.
pub(crate) fn client_id<F: drm::file::DriverFile>(file: &drm::File<F>) -> u64 {
    // SAFETY: The file is open; the member does not change.
    unsafe { (*raw_file(file)).client_id }
}

/// What a file tells of itself.
pub(crate) trait Fdinfo: drm::file::DriverFile {
    /// Tells.
    fn show(&self, to: &mut Printer);
}

/// Where it is told to.
pub(crate) struct Printer(NonNull<bindings::drm_printer>);

impl Printer {
    /// A time in nanoseconds, with a number behind the name unless that is 0.
    pub(crate) fn time(&mut self, name: &CStr, id: u32, ns: u64) {
        // SAFETY: The printer is valid while `show` runs, and the name is a string.
        unsafe { c::shim_print(self.0.as_ptr(), name.as_char_ptr(), id, ns) };
    }
}

/// What a device tells of itself in debugfs.
pub(crate) trait Debugfs: drm::Driver<File: Fdinfo> {
    /// What is mapped in all VMs.
    fn gpuvas(dev: &drm::Device<Self>, file: &SeqFile) -> Result
    where
        Self: Sized;

    /// The same, for programs.
    fn gpuvas_json(dev: &drm::Device<Self>, file: &SeqFile) -> Result
    where
        Self: Sized;
}

/// # Safety
///
/// For C alone, with what is said below.
unsafe extern "C" fn gpuvas<D: Debugfs>(
    file: *mut bindings::seq_file,
    dev: *mut bindings::drm_device,
) -> c_int {
    // SAFETY: Both are valid, and the device is one of the driver, registered.
    let result = unsafe { D::gpuvas(drm::Device::from_raw(dev), SeqFile::from_raw(file)) };
    result.map_or_else(|error| error.to_errno(), |()| 0)
}

/// # Safety
///
/// For C alone, with what is said below.
unsafe extern "C" fn gpuvas_json<D: Debugfs>(
    file: *mut bindings::seq_file,
    dev: *mut bindings::drm_device,
) -> c_int {
    // SAFETY: As above.
    let result = unsafe { D::gpuvas_json(drm::Device::from_raw(dev), SeqFile::from_raw(file)) };
    result.map_or_else(|error| error.to_errno(), |()| 0)
}

/// # Safety
///
/// For C alone, with what is said below.
unsafe extern "C" fn show_fdinfo<D: drm::Driver<File: Fdinfo>>(
    printer: *mut bindings::drm_printer,
    file: *mut bindings::drm_file,
) {
    // SAFETY: DRM passes an open file of the driver.
    let inner = unsafe { drm::File::<D::File>::from_raw(file) }.inner();
    if let Some(printer) = NonNull::new(printer) {
        inner.show(&mut Printer(printer));
    }
    // SAFETY: Both are valid.
    unsafe { c::shim_show_memory(printer, file) };
}

impl Printer {
    /// A number.
    pub(crate) fn number(&mut self, name: &CStr, value: u32) {
        // SAFETY: As above.
        unsafe { c::shim_print_number(self.0.as_ptr(), name.as_char_ptr(), value) };
    }
}

/// A device that programs can open, until this is dropped: then it is unplugged.
///
/// In contrast to that of the kernel crate, which does not say so to those who have it open.
pub(crate) struct Registration<D: drm::Driver>(ARef<drm::Device<D, Uninit>>);

impl<D: Debugfs> Registration<D> {
    const OPS: c::shim_drm_ops = c::shim_drm_ops {
        show_fdinfo: Some(show_fdinfo::<D>),
        gpuvas: Some(gpuvas::<D>),
        gpuvas_json: Some(gpuvas_json::<D>),
    };

    /// Registers a device. `ENOMEM`, or what DRM returns.
    pub(crate) fn new(dev: &drm::UnregisteredDevice<D>) -> Result<Self> {
        let parent: &kernel::device::Device = (**dev).as_ref();
        let raw = raw_device(&**dev);
        // SAFETY: It is a device; if it should not begin where this thinks, the comparison shows.
        if unsafe { (*raw).dev } != core::ptr::from_ref(parent).cast_mut().cast() {
            return Err(EINVAL);
        }
        // SAFETY: The device is valid and not registered, and its driver is `D`.
        unsafe {
            to_result(c::shim_drm_prepare(raw, const { &Self::OPS }))?;
            to_result(bindings::drm_dev_register(raw, 0))?;
        }
        Ok(Self((&**dev).into()))
    }
}

impl<D: drm::Driver> Registration<D> {
    /// The device, also for after this.
    pub(crate) fn device(&self) -> ARef<drm::Device<D, Uninit>> {
        self.0.clone()
    }
}

impl<D: drm::Driver> Drop for Registration<D> {
    fn drop(&mut self) {
        // SAFETY: It was registered, by `new`, and there is a reference.
        unsafe { bindings::drm_dev_unplug(raw_device(&*self.0)) };
    }
}

/// A device that is not unplugged while this is there.
pub(crate) struct Plugged(c_int);

impl Plugged {
    /// `ENODEV` if the device was unplugged.
    pub(crate) fn enter<D: drm::Driver, C: DeviceContext>(dev: &drm::Device<D, C>) -> Result<Self> {
        let mut index = 0;
        // SAFETY: The device is valid.
        if !unsafe { bindings::drm_dev_enter(raw_device(dev), &mut index) } {
            return Err(ENODEV);
        }
        Ok(Self(index))
    }
}

impl Drop for Plugged {
    fn drop(&mut self) {
        // SAFETY: It was entered.
        unsafe { bindings::drm_dev_exit(self.0) };
    }
}

/// An ioctl of the driver.
///
/// `declare_drm_ioctls!` of the kernel crate knows structures of the kernel's own uAPI only.
pub(crate) trait Ioctl {
    /// Whose it is.
    type Driver: drm::Driver;
    /// Its argument.
    type Args: Plain;
    /// Its number, counted from that of the driver's first.
    const NUMBER: u32;
    /// Whether the argument is copied back.
    const ANSWERS: bool;
    /// Its name.
    const NAME: &'static CStr;

    /// Does what it is for.
    fn call(
        dev: &drm::Device<Self::Driver>,
        args: &mut Self::Args,
        file: &drm::File<<Self::Driver as drm::Driver>::File>,
    ) -> Result;
}

/// # Safety
///
/// For C alone, with what is said below.
unsafe extern "C" fn call<I: Ioctl>(
    dev: *mut bindings::drm_device,
    args: *mut c_void,
    file: *mut bindings::drm_file,
) -> c_int {
    // SAFETY: DRM passes a registered device and an open file of the driver whose descriptor this
    // is in, and memory for the argument, of the size that the number tells, which nobody else has.
    // Any bytes are a value of that.
    let (dev, args, file) = unsafe {
        (
            drm::Device::from_raw(dev),
            &mut *args.cast(),
            drm::File::from_raw(file),
        )
    };
    I::call(dev, args, file).map_or_else(|error| error.to_errno(), |()| 0)
}

/// What DRM wants to know of an ioctl.
pub(crate) const fn descriptor<I: Ioctl>() -> DrmIoctlDescriptor {
    let number = kernel::uapi::DRM_COMMAND_BASE + I::NUMBER;
    DrmIoctlDescriptor {
        cmd: if I::ANSWERS {
            drm::ioctl::IOWR::<I::Args>(number)
        } else {
            drm::ioctl::IOW::<I::Args>(number)
        },
        flags: drm::ioctl::RENDER_ALLOW,
        func: Some(call::<I>),
        name: kernel::str::as_char_ptr_in_const_context(I::NAME),
    }
}

/// A platform device, made up, for as long as this is there.
pub(crate) struct Platform(NonNull<bindings::platform_device>);

// SAFETY: It may be unregistered from any thread.
unsafe impl Send for Platform {}
// SAFETY: A shared reference is good for nothing.
unsafe impl Sync for Platform {}

impl Platform {
    /// Plugs one in.
    pub(crate) fn new(name: &'static CStr) -> Result<Self> {
        let info = bindings::platform_device_info {
            name: name.as_char_ptr(),
            // PLATFORM_DEVID_NONE
            id: -1,
            ..Default::default()
        };
        // SAFETY: The name is a string, and all else zero.
        let dev = unsafe { bindings::platform_device_register_full(&info) };
        let dev = kernel::error::from_err_ptr(dev)?;
        Ok(Self(NonNull::new(dev).ok_or(ENOMEM)?))
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        // SAFETY: It is registered.
        unsafe { bindings::platform_device_unregister(self.0.as_ptr()) };
    }
}
