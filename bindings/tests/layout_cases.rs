// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! The layout that Rust sees is the one that C has, in this very kernel.

use core::mem::{offset_of, size_of};

use drm_gpuvm_raw as raw;
use kernel::prelude::*;

include!("layout_table.rs");

extern "C" {
    fn gpuvm_rust_layout_rows() -> usize;
    fn gpuvm_rust_layout_row(row: usize) -> usize;
}

/// How many rows differ; each is printed.
fn differences() -> usize {
    let mut count = 0;
    for (row, (name, rust)) in ROWS.iter().enumerate() {
        // SAFETY: The function takes any number.
        let c = unsafe { gpuvm_rust_layout_row(row) };
        if c != *rust {
            pr_err!("{name}: {rust} in Rust, {c} in C\n");
            count += 1;
        }
    }
    count
}

fn rows_of_c() -> usize {
    // SAFETY: The function asks for nothing.
    unsafe { gpuvm_rust_layout_rows() }
}

#[kunit_tests(gpuvm_rust_layout)]
mod cases {
    use super::*;

    #[test]
    fn rust_and_c_agree() {
        assert!(ROWS.len() > 100);
        assert_eq!(rows_of_c(), ROWS.len());
        assert_eq!(differences(), 0);
    }
}
