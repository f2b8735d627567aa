// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! In the kernel, this makes a KUnit suite of a module; in a program, rustc's own harness does.

extern crate proc_macro;

use proc_macro::TokenStream;

/// Leaves the module as it is.
#[proc_macro_attribute]
pub fn kunit_tests(_name: TokenStream, module: TokenStream) -> TokenStream {
    module
}
