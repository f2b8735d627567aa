// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! KUnit suites of the safe layer, in Rust.

use kernel::prelude::*;

mod bind_cases;
mod bind_world;
mod bo_cases;
mod deferred_cases;
mod hostile_cases;
mod layout_cases;
mod leak;
mod lock_cases;
mod lru_cases;
mod matrix_cases;
mod prepare_cases;
mod steps;
mod text;
mod userptr_cases;
mod vm_cases;
mod world;

module! {
    type: Cases,
    name: "gpuvm_rust_kunit",
    authors: ["drm-gpuvm"],
    description: "KUnit suites of the Rust layer of drm_gpuvm",
    license: "Dual MIT/GPL",
    params: {
        leak: u8 {
            default: 0,
            description: "1: have a reference outlive its VM, which the kernel reports",
        },
    },
}

/// KUnit finds the suites by itself.
struct Cases;

impl kernel::Module for Cases {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        if *module_parameters::leak.value() != 0 {
            leak::outlive()?;
        }
        Ok(Self)
    }
}
