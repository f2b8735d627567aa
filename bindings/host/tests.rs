// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! The KUnit cases of the layer that need no kernel, as a program.

#![allow(
    clippy::undocumented_unsafe_blocks,
    dead_code,
    reason = "some of what the cases share is for those that lock"
)]

// Not in this folder: host.mk puts all of them together.
#[rustfmt::skip]
mod bo_cases;
#[rustfmt::skip]
mod deferred_cases;
#[rustfmt::skip]
mod hostile_cases;
#[rustfmt::skip]
mod lock_cases;
#[rustfmt::skip]
mod matrix_cases;
#[rustfmt::skip]
mod steps;
#[rustfmt::skip]
mod text;
#[rustfmt::skip]
mod vm_cases;
mod world;

/// Whether locks were contended at all, which all cases run before this may see to.
#[test]
fn zz_there_was_contention() {
    // SAFETY: The function asks for nothing.
    assert!(unsafe { kernel::bindings::host_contentions() } > 0);
}

/// What the sanitizers have to notice. Run one by one, by name, and not with the others.
mod sins {
    fn in_c(which: u32) {
        // SAFETY: None: this is what the sanitizers are for.
        unsafe { kernel::bindings::host_sin(which) };
    }

    #[test]
    #[ignore]
    fn use_after_free_in_c() {
        in_c(0);
    }

    #[test]
    #[ignore]
    fn shift_in_c() {
        in_c(1);
    }

    #[test]
    #[ignore]
    fn allocation_in_the_section() {
        let _ = drm_gpuvm::MayAlloc::here().signalling(|_| {
            // What a token cannot forbid: the kernel crate asks for none.
            kernel::prelude::KVec::<u8>::with_capacity(1, kernel::prelude::GFP_KERNEL)
        });
    }

    #[test]
    #[ignore]
    fn leak_in_c() {
        in_c(2);
    }

    #[test]
    #[ignore]
    fn use_after_free_in_rust() {
        let value = Box::into_raw(Box::new(1));
        // SAFETY: None, as above.
        let read = unsafe {
            drop(Box::from_raw(value));
            value.read_volatile()
        };
        assert_eq!(read, 1);
    }
}
