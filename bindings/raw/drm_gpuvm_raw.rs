// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! The C ABI of `drm_gpuvm`, as bindgen reads it.
//!
//! Made anew in each build from `drm/include`, so that it cannot fall behind. It does not compile
//! if a structure has another size, or a member another place, than is recorded of the C module.
//! Drivers use the `drm_gpuvm` crate; this one is for what that does not offer yet.
//!
//! Functions have the names that the C module exports: `ref_drm_gpuvm_get` is what C calls
//! `drm_gpuvm_get`.

#![allow(
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    dead_code,
    improper_ctypes,
    missing_docs,
    non_camel_case_types,
    non_upper_case_globals,
    unreachable_pub,
    unsafe_op_in_unsafe_fn,
    unused_imports
)]

include!("generated.rs");
