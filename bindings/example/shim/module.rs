// SPDX-License-Identifier: GPL-2.0

//! The module: its parameters, and that it stays.

use kernel::{bindings, prelude::*};

use super::c;
use crate::{Queues, THIS_MODULE};

kernel::sync::global_lock! {
    // SAFETY: `publish` initialises it, before anybody else looks.
    unsafe(uninit) static QUEUES: Mutex<Option<Queues>> = None;
}

/// The workqueues can be had, as long as this is there.
pub(crate) struct Published(());

/// Lets the probe of a device have the workqueues. For the module, when it is loaded.
pub(crate) fn publish(queues: Queues) -> Published {
    // SAFETY: A module is loaded once, and this is all of its code that does so.
    unsafe { QUEUES.init() };
    *QUEUES.lock() = Some(queues);
    Published(())
}

/// The workqueues.
pub(crate) fn published() -> Option<Queues> {
    QUEUES.lock().clone()
}

impl Drop for Published {
    fn drop(&mut self) {
        *QUEUES.lock() = None;
    }
}

/// Keeps the module loaded: for what may outlive all files.
pub(crate) struct ModuleRef(());

impl ModuleRef {
    /// Of code of the module that runs for somebody who keeps it.
    pub(crate) fn new() -> Self {
        // SAFETY: It is loaded, since this is its code.
        unsafe { bindings::__module_get(THIS_MODULE.as_ptr()) };
        Self(())
    }
}

impl Drop for ModuleRef {
    fn drop(&mut self) {
        // SAFETY: `new` took it.
        unsafe { bindings::module_put(THIS_MODULE.as_ptr()) };
    }
}

/// Lets others run, if it is their turn.
///
/// Context: process; sleeps.
pub(crate) fn cond_resched() {
    // SAFETY: The function asks for nothing.
    unsafe { c::shim_cond_resched() };
}

fn param(param: c::shim_param) -> u32 {
    // SAFETY: The function takes any number.
    unsafe { c::shim_param(param) }
}

/// VMs that one file may have.
pub(crate) fn max_vms() -> u32 {
    param(c::SHIM_MAX_VMS)
}

/// Milliseconds that a job may run by default.
pub(crate) fn timeout_ms() -> u32 {
    param(c::SHIM_TIMEOUT_MS)
}

/// MiB of BOs that one file may have.
pub(crate) fn max_bo_mb() -> u32 {
    param(c::SHIM_MAX_BO_MB)
}

/// Mappings that one file may have.
pub(crate) fn max_mappings() -> u32 {
    param(c::SHIM_MAX_MAPPINGS)
}

/// Operations of binds that may be queued.
pub(crate) fn max_queued_ops() -> u32 {
    param(c::SHIM_MAX_QUEUED_OPS)
}

/// MiB of commands that may be queued.
pub(crate) fn max_queued_mb() -> u32 {
    param(c::SHIM_MAX_QUEUED_MB)
}
