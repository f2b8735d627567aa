// SPDX-License-Identifier: GPL-2.0

//! What the kernel crate of Linux 7.2 lacks, and the device, which is a program in C.
//!
//! All `unsafe` of the driver is in here. What is in C is behind `shim.h`.

pub(crate) mod device;
pub(crate) mod gem;
pub(crate) mod hw;
pub(crate) mod module;
pub(crate) mod queue;
pub(crate) mod user;

/// The uAPI and the shim, as bindgen reads them.
#[allow(
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    dead_code,
    improper_ctypes,
    missing_docs,
    non_camel_case_types,
    non_upper_case_globals,
    unreachable_pub,
    unsafe_op_in_unsafe_fn
)]
pub(crate) mod c {
    include!("c.rs");
}
