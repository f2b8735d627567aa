// SPDX-License-Identifier: GPL-2.0

//! The device, its address spaces, and what writes page tables.
//!
//! The device is a program, and so is what writes its page tables: both are those of the example
//! driver, in C. For hardware this would be its registers, and the kernel's io-pgtable.

use core::{marker::PhantomData, ptr::NonNull};

use drm_gpuvm::UserPages;
use kernel::{
    drm::gem::BaseObject,
    error::to_result,
    new_mutex,
    prelude::*,
    sync::{Arc, Mutex},
    types::Opaque,
};

use super::{c, gem};
use crate::gem::Object;

const PAGE_SHIFT: u32 = 12;
/// The width of an address.
pub(crate) const VA_BITS: u32 = 48;
/// The addresses of the device: `0..VA_RANGE`.
pub(crate) const VA_RANGE: u64 = 1 << VA_BITS;
/// Sets of page sizes: bit n is set for 2^n bytes.
pub(crate) const PAGE_SIZES: u64 = 1 << 12 | 1 << 21;

/// Words of a map of all address spaces.
const WORDS: usize = 16;

/// The device.
#[pin_data(PinnedDrop)]
pub(crate) struct Hw {
    hw: NonNull<c::evgem_hw>,
    /// A bit for each address space that is in use.
    #[pin]
    contexts: Mutex<[u64; WORDS]>,
}

// SAFETY: The device has locks of its own.
unsafe impl Send for Hw {}
// SAFETY: As above.
unsafe impl Sync for Hw {}

impl Hw {
    /// Plugs the device in.
    pub(crate) fn new() -> Result<Arc<Self>> {
        // SAFETY: The function asks for nothing.
        let hw = NonNull::new(unsafe { c::evgem_hw_create() }).ok_or(ENOMEM)?;
        Arc::pin_init(
            pin_init!(Self {
                hw,
                contexts <- new_mutex!([0; WORDS]),
            }),
            GFP_KERNEL,
        )
        .inspect_err(|_| {
            // SAFETY: It is new, and nobody else has it.
            unsafe { c::evgem_hw_destroy(hw.as_ptr()) }
        })
    }

    pub(super) fn as_raw(&self) -> *mut c::evgem_hw {
        self.hw.as_ptr()
    }

    fn take_number(&self) -> Result<u32> {
        let mut words = self.contexts.lock();
        let (first, word) = (0..)
            .step_by(u64::BITS as usize)
            .zip(words.iter_mut())
            .find(|(_, word)| **word != u64::MAX)
            .ok_or(ENOSPC)?;
        let bit = word.trailing_ones();
        *word |= 1u64.wrapping_shl(bit);
        Ok(first | bit)
    }
}

#[pinned_drop]
impl PinnedDrop for Hw {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Rings and address spaces keep it, so there is none.
        unsafe { c::evgem_hw_destroy(self.as_raw()) };
    }
}

/// The number of an address space, which is nobody else's until this is dropped.
pub(crate) struct Context {
    pub(super) hw: Arc<Hw>,
    pub(super) number: u32,
}

impl Drop for Context {
    fn drop(&mut self) {
        let mut words = self.hw.contexts.lock();
        if let Some(word) = words.get_mut((self.number / u64::BITS) as usize) {
            *word &= !1u64.wrapping_shl(self.number % u64::BITS);
        }
    }
}

/// Page tables, and the address space that they are of.
///
/// # Invariants
///
/// `pt` is initialised, and its root is known to the device by the number of `context`.
pub(crate) struct PageTables {
    pt: c::evgem_pt,
    context: Arc<Context>,
}

// SAFETY: Tables belong to whoever has this.
unsafe impl Send for PageTables {}

impl PageTables {
    /// Makes an address space in which nothing is mapped. `ENOMEM`; `ENOSPC` if the device has no
    /// number left.
    pub(crate) fn new(hw: &Arc<Hw>) -> Result<Self> {
        let context = Arc::new(
            Context {
                hw: hw.clone(),
                number: hw.take_number()?,
            },
            GFP_KERNEL,
        )?;
        let mut pt = c::evgem_pt {
            root: core::ptr::null_mut(),
            tables: 0,
            ptes_4k: 0,
            ptes_2m: 0,
        };
        // SAFETY: It is zeroed. The number is ours, and what the device knew of it was flushed.
        unsafe {
            to_result(c::evgem_pt_init(&mut pt))?;
            c::evgem_hw_context_set(hw.as_raw(), context.number, c::evgem_pt_root_address(&pt));
        }
        Ok(Self { pt, context })
    }

    /// The number, for queues.
    pub(crate) fn context(&self) -> Arc<Context> {
        self.context.clone()
    }

    /// Valid entries for pages of 4 KiB and of 2 MiB, and the bytes that all tables take.
    pub(crate) fn counts(&self) -> (u64, u64, u64) {
        (
            self.pt.ptes_4k,
            self.pt.ptes_2m,
            self.pt.tables << PAGE_SHIFT,
        )
    }

    /// Writes entries, where there are none. `EIO` for want of tables, which is a mistake in what was
    /// reserved.
    pub(crate) fn map(
        &mut self,
        update: Pin<&mut Update>,
        address: u64,
        length: u64,
        source: &Source<'_>,
        writable: bool,
    ) -> Result {
        // SAFETY: Tables and update are ours; the pages are memory of an object that somebody maps.
        to_result(unsafe {
            c::evgem_pt_map(
                &mut self.pt,
                update.as_raw(),
                address,
                length,
                &source.raw,
                writable,
            )
        })
    }

    /// Clears entries. Errors are as those of [`PageTables::map`].
    pub(crate) fn unmap(&mut self, update: Pin<&mut Update>, address: u64, length: u64) -> Result {
        // SAFETY: Tables and update are ours.
        to_result(unsafe { c::evgem_pt_unmap(&mut self.pt, update.as_raw(), address, length) })
    }

    /// Makes the device forget what was changed, and says whether anything was.
    pub(crate) fn flush(&mut self, update: Pin<&mut Update>) -> bool {
        let raw = update.as_raw();
        // SAFETY: The update is ours, and the number, too.
        unsafe {
            if (*raw).flush_start >= (*raw).flush_end {
                return false;
            }
            c::evgem_hw_tlb_flush(
                self.context.hw.as_raw(),
                self.context.number,
                (*raw).flush_start,
                (*raw).flush_end,
            );
            c::evgem_pt_update_flushed(raw);
        }
        true
    }
}

impl Drop for PageTables {
    fn drop(&mut self) {
        let (hw, number) = (self.context.hw.as_raw(), self.context.number);
        // SAFETY: The number is ours; when the device has forgotten the tables, nobody uses them.
        unsafe {
            c::evgem_hw_context_clear(hw, number);
            c::evgem_hw_tlb_flush(hw, number, 0, VA_RANGE);
            c::evgem_pt_fini(&mut self.pt);
        }
    }
}

/// What a change of page tables needs and leaves.
///
/// # Invariants
///
/// `inner` is initialised, and does not move.
#[pin_data(PinnedDrop)]
pub(crate) struct Update {
    #[pin]
    inner: Opaque<c::evgem_pt_update>,
}

// SAFETY: It belongs to whoever has it.
unsafe impl Send for Update {}

impl Update {
    /// One with nothing in it. Until something is reserved, it is for taking things away.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            // SAFETY: The function initialises the lists of it; the rest is numbers.
            inner <- Opaque::ffi_init(|update: *mut c::evgem_pt_update| unsafe {
                update.write_bytes(0, 1);
                c::evgem_pt_update_init(update);
                (*update).whole_entries = true;
            }),
        })
    }

    fn as_raw(&self) -> *mut c::evgem_pt_update {
        self.inner.get()
    }

    /// Sets tables aside. `ENOMEM`.
    ///
    /// Context: process; sleeps; allocates with `GFP_KERNEL_ACCOUNT`.
    pub(crate) fn reserve(self: Pin<&mut Self>, tables: u64) -> Result {
        // SAFETY: It is initialised and ours.
        unsafe {
            (*self.as_raw()).whole_entries = false;
            to_result(c::evgem_pt_update_reserve(self.as_raw(), tables))
        }
    }
}

#[pinned_drop]
impl PinnedDrop for Update {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: It is initialised, and what it took out was flushed.
        unsafe { c::evgem_pt_update_fini(self.as_raw()) };
    }
}

/// What is to be mapped, page after page.
pub(crate) struct Source<'a> {
    raw: c::evgem_pt_source,
    _object: PhantomData<&'a Object>,
}

impl<'a> Source<'a> {
    /// No memory, on purpose.
    pub(crate) fn sparse() -> Self {
        Self {
            raw: c::evgem_pt_source {
                pages: core::ptr::null_mut(),
                at: 0,
                repeat: 0,
            },
            _object: PhantomData,
        }
    }

    /// So many bytes of an object, from `from` on; if `repeat` is not 0, those from `offset` on are
    /// shown again and again. `EINVAL` for what the object does not have; `EIO` if it has no memory.
    pub(crate) fn of(
        object: &'a Object,
        offset: u64,
        from: u64,
        repeat: u64,
        length: u64,
    ) -> Result<Self> {
        // What is looked at lies from `offset` to here.
        let end = if repeat == 0 {
            from.checked_add(length)
        } else {
            offset.checked_add(repeat).filter(|end| from < *end)
        };
        let at = from.checked_sub(offset).ok_or(EINVAL)?;
        if end.is_none_or(|end| end > object.size() as u64) {
            return Err(EINVAL);
        }
        let pages = gem::pages(object).ok_or(EIO)?;
        Ok(Self {
            raw: c::evgem_pt_source {
                pages: pages.as_ptr().wrapping_add((offset >> PAGE_SHIFT) as usize),
                at: at >> PAGE_SHIFT,
                repeat: repeat >> PAGE_SHIFT,
            },
            _object: PhantomData,
        })
    }

    /// Pages that a process has, from number `first` on. Each that is mapped has to be there.
    pub(crate) fn of_user(pages: &'a UserPages<'_>, first: usize) -> Self {
        Self {
            raw: c::evgem_pt_source {
                pages: pages.as_raw(),
                at: first as u64,
                repeat: 0,
            },
            _object: PhantomData,
        }
    }

    /// Tables that mapping this can take.
    pub(crate) fn tables(&self, address: u64, length: u64) -> u64 {
        // SAFETY: The pages are there.
        unsafe { c::evgem_pt_tables_for_map(address, length, &self.raw) }
    }
}

/// Tables that mapping a range can take, whatever is mapped there.
pub(crate) fn tables_at_most(address: u64, length: u64) -> u64 {
    // SAFETY: The function takes any numbers.
    unsafe { c::evgem_pt_tables_at_most(address, length) }
}

/// Tables that unmapping a range can take.
pub(crate) fn tables_for_unmap(address: u64, length: u64) -> u64 {
    // SAFETY: The function takes any numbers.
    unsafe { c::evgem_pt_tables_for_unmap(address, length) }
}
