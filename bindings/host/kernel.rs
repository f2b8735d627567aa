// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! As much of the kernel crate as the safe layer and its tests use, for a program.
//!
//! Names and signatures are those of the kernel crate of Linux 7.2; types of C are what bindgen
//! makes of `host.h`.

#![allow(missing_docs, non_camel_case_types, clippy::missing_safety_doc)]

pub mod ffi {
    pub use core::ffi::{c_int, c_uint, c_ulonglong, c_void};
    pub type c_char = u8;
    pub type c_uchar = u8;
    pub type c_long = isize;
    pub type c_ulong = usize;
}

#[allow(
    dead_code,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unreachable_pub
)]
pub mod bindings {
    include!(concat!(env!("HOST_OUT"), "/host_generated.rs"));
    pub const EOPNOTSUPP: u32 = 95;
    pub const EALREADY: u32 = 114;
    pub const ECANCELED: u32 = 125;
}

pub mod alloc {
    /// No memory; a program ends instead.
    #[derive(Debug)]
    pub struct AllocError;

    #[derive(Clone, Copy, PartialEq)]
    pub struct Flags(pub(crate) u32);

    impl core::ops::BitOr for Flags {
        type Output = Self;

        fn bitor(self, other: Self) -> Self {
            Self(self.0 | other.0)
        }
    }

    pub mod flags {
        use super::Flags;

        pub const GFP_KERNEL: Flags = Flags(0);
        pub const __GFP_ZERO: Flags = Flags(1);
    }
}

pub mod error {
    use super::{alloc::AllocError, ffi::c_int};

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Error(c_int);

    pub type Result<T = (), E = Error> = core::result::Result<T, E>;

    impl Error {
        pub fn from_errno(errno: c_int) -> Self {
            Self(errno)
        }

        pub fn to_errno(self) -> c_int {
            self.0
        }
    }

    impl From<AllocError> for Error {
        fn from(_: AllocError) -> Self {
            code::ENOMEM
        }
    }

    impl From<core::num::TryFromIntError> for Error {
        fn from(_: core::num::TryFromIntError) -> Self {
            code::EINVAL
        }
    }

    pub fn to_result(ret: c_int) -> Result {
        if ret < 0 {
            Err(Error(ret))
        } else {
            Ok(())
        }
    }

    pub fn from_err_ptr<T>(ptr: *mut T) -> Result<*mut T> {
        let value = ptr as isize;
        if (-4095..0).contains(&value) {
            Err(Error(value as c_int))
        } else {
            Ok(ptr)
        }
    }

    pub mod code {
        use super::Error;

        pub const ENOENT: Error = Error(-2);
        pub const EIO: Error = Error(-5);
        pub const ENOEXEC: Error = Error(-8);
        pub const EAGAIN: Error = Error(-11);
        pub const ENOMEM: Error = Error(-12);
        pub const EBUSY: Error = Error(-16);
        pub const ENODEV: Error = Error(-19);
        pub const EINVAL: Error = Error(-22);
        pub const ENOSPC: Error = Error(-28);
    }
}

mod memory {
    use super::alloc::{flags::__GFP_ZERO, AllocError, Flags};
    use core::{
        mem::MaybeUninit,
        ops::{Deref, DerefMut},
    };

    /// Ends the program in the fence signalling section.
    fn may_alloc() {
        // SAFETY: The function asks for nothing.
        unsafe { crate::bindings::host_may_alloc() };
    }

    pub struct KBox<T>(Box<T>);

    impl<T> KBox<T> {
        pub fn new_uninit(flags: Flags) -> Result<KBox<MaybeUninit<T>>, AllocError> {
            may_alloc();
            let mut memory = Box::<T>::new_uninit();
            // What nobody zeroed is to be seen as such.
            let byte = if flags.0 & __GFP_ZERO.0 != 0 { 0 } else { 0xa5 };
            // SAFETY: It is memory for one value, of which nothing is asked yet.
            unsafe { memory.as_mut_ptr().write_bytes(byte, 1) };
            Ok(KBox(memory))
        }

        pub fn into_raw(this: Self) -> *mut T {
            Box::into_raw(this.0)
        }

        /// # Safety
        ///
        /// `raw` is from [`KBox::into_raw`].
        pub unsafe fn from_raw(raw: *mut T) -> Self {
            // SAFETY: By the requirement of this function.
            Self(unsafe { Box::from_raw(raw) })
        }

        pub fn leak<'a>(this: Self) -> &'a mut T
        where
            T: 'a,
        {
            Box::leak(this.0)
        }
    }

    impl<T> Deref for KBox<T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.0
        }
    }

    impl<T> DerefMut for KBox<T> {
        fn deref_mut(&mut self) -> &mut T {
            &mut self.0
        }
    }

    pub struct KVec<T>(Vec<T>);

    impl<T> KVec<T> {
        #[allow(clippy::new_without_default)]
        pub fn new() -> Self {
            Self(Vec::new())
        }

        pub fn with_capacity(capacity: usize, _flags: Flags) -> Result<Self, AllocError> {
            may_alloc();
            Ok(Self(Vec::with_capacity(capacity)))
        }

        pub fn push(&mut self, value: T, _flags: Flags) -> Result<(), AllocError> {
            may_alloc();
            self.0.push(value);
            Ok(())
        }

        pub fn push_within_capacity(&mut self, value: T) -> Result<(), T> {
            if self.0.len() == self.0.capacity() {
                return Err(value);
            }
            self.0.push(value);
            Ok(())
        }

        pub fn pop(&mut self) -> Option<T> {
            self.0.pop()
        }

        pub fn clear(&mut self) {
            self.0.clear();
        }
    }

    impl<T> Deref for KVec<T> {
        type Target = [T];

        fn deref(&self) -> &[T] {
            &self.0
        }
    }

    impl<T> DerefMut for KVec<T> {
        fn deref_mut(&mut self) -> &mut [T] {
            &mut self.0
        }
    }
}

pub mod str {
    pub trait CStrExt {
        fn as_char_ptr(&self) -> *const u8;
    }

    impl CStrExt for core::ffi::CStr {
        fn as_char_ptr(&self) -> *const u8 {
            self.as_ptr().cast()
        }
    }
}

pub mod seq_file {
    use super::{bindings, types::Opaque};

    #[repr(transparent)]
    pub struct SeqFile(#[allow(dead_code)] Opaque<bindings::seq_file>);
}

pub mod types {
    use core::{cell::UnsafeCell, marker::PhantomPinned, mem::MaybeUninit};

    #[repr(transparent)]
    pub struct Opaque<T> {
        value: UnsafeCell<MaybeUninit<T>>,
        _pin: PhantomPinned,
    }

    impl<T> Opaque<T> {
        pub const fn get(&self) -> *mut T {
            UnsafeCell::get(&self.value).cast::<T>()
        }
    }
}

pub mod sync {
    use super::bindings;
    use core::{cell::UnsafeCell, marker::PhantomData};

    pub mod aref {
        use core::{marker::PhantomData, mem::ManuallyDrop, ops::Deref, ptr::NonNull};

        /// # Safety
        ///
        /// As that of the kernel crate.
        pub unsafe trait AlwaysRefCounted {
            fn inc_ref(&self);

            /// # Safety
            ///
            /// The caller passes a reference on.
            unsafe fn dec_ref(obj: NonNull<Self>);
        }

        pub struct ARef<T: AlwaysRefCounted> {
            ptr: NonNull<T>,
            _owned: PhantomData<T>,
        }

        // SAFETY: As for a reference, which anybody may drop.
        unsafe impl<T: AlwaysRefCounted + Send + Sync> Send for ARef<T> {}
        // SAFETY: As for a reference.
        unsafe impl<T: AlwaysRefCounted + Send + Sync> Sync for ARef<T> {}

        impl<T: AlwaysRefCounted> ARef<T> {
            /// # Safety
            ///
            /// The caller passes a reference on.
            pub unsafe fn from_raw(ptr: NonNull<T>) -> Self {
                Self {
                    ptr,
                    _owned: PhantomData,
                }
            }

            pub fn into_raw(this: Self) -> NonNull<T> {
                ManuallyDrop::new(this).ptr
            }
        }

        impl<T: AlwaysRefCounted> Clone for ARef<T> {
            fn clone(&self) -> Self {
                self.inc_ref();
                Self {
                    ptr: self.ptr,
                    _owned: PhantomData,
                }
            }
        }

        impl<T: AlwaysRefCounted> From<&T> for ARef<T> {
            fn from(value: &T) -> Self {
                value.inc_ref();
                Self {
                    ptr: value.into(),
                    _owned: PhantomData,
                }
            }
        }

        impl<T: AlwaysRefCounted> Deref for ARef<T> {
            type Target = T;

            fn deref(&self) -> &T {
                // SAFETY: A reference is held.
                unsafe { self.ptr.as_ref() }
            }
        }

        impl<T: AlwaysRefCounted> Drop for ARef<T> {
            fn drop(&mut self) {
                // SAFETY: The reference is ours.
                unsafe { T::dec_ref(self.ptr) };
            }
        }
    }

    #[repr(transparent)]
    pub struct Mutex<T>(UnsafeCell<bindings::mutex>, PhantomData<T>);

    impl Mutex<()> {
        /// # Safety
        ///
        /// `ptr` is a mutex that is valid for all of `'a`.
        pub unsafe fn from_raw<'a>(ptr: *mut bindings::mutex) -> &'a Self {
            // SAFETY: By the requirement of this function.
            unsafe { &*ptr.cast() }
        }

        pub fn lock(&self) -> MutexGuard<'_, ()> {
            // SAFETY: The mutex is valid.
            unsafe { bindings::mutex_lock(self.0.get()) };
            MutexGuard(self)
        }
    }

    pub struct MutexGuard<'a, T>(&'a Mutex<T>);

    impl<T> Drop for MutexGuard<'_, T> {
        fn drop(&mut self) {
            // SAFETY: The mutex is valid, and was locked.
            unsafe { bindings::mutex_unlock(self.0 .0.get()) };
        }
    }
}

pub mod drm {
    pub mod gem {
        use super::super::{bindings, sync::aref::AlwaysRefCounted};

        pub trait IntoGEMObject: Sized + AlwaysRefCounted {
            fn as_raw(&self) -> *mut bindings::drm_gem_object;

            /// # Safety
            ///
            /// `raw` is that of a `Self`, which is valid for all of `'a`.
            unsafe fn from_raw<'a>(raw: *mut bindings::drm_gem_object) -> &'a Self;
        }
    }
}

pub mod prelude {
    pub use super::{
        alloc::flags::*,
        error::{code::*, Error, Result},
        memory::{KBox, KVec},
        str::CStrExt,
    };
    pub use core::ffi::CStr;
    pub use kunit_tests::kunit_tests;

    pub use crate::pr_err;
}

#[macro_export]
macro_rules! pr_err {
    ($($what:tt)*) => { eprint!($($what)*) };
}
