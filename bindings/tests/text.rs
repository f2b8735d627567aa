// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Operations and mappings written as text, as the C suites write them.
//!
//! A mapping of object A at [4, 6) with the offset 2 is written `A[4,6)@2`, a sparse one
//! `-[4,6)@0`. Attributes follow: `%3+1` repeats 3 from phase 1 on, `#7` has the cookie 7.

use core::fmt::{self, Write};

use drm_gpuvm::{MapView, Mapping, Op, OpIter, OwnedVm, Piece, RemapView, UnmapView};
use kernel::prelude::*;

use crate::{steps::TestDriver, world::BoOf};

/// The letter of an object, `-` for none.
pub(crate) fn name_of<M: drm_gpuvm::Mode>(object: Option<&BoOf<M>>) -> char {
    object.map_or('-', |bo| char::from(bo.name))
}

/// Text of a limited length; what does not fit is dropped.
pub(crate) struct Text {
    bytes: KVec<u8>,
}

impl Text {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            bytes: KVec::with_capacity(768, GFP_KERNEL)?,
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes).unwrap_or("not UTF-8")
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// With `separator` before it, unless it is the first.
    pub(crate) fn say(&mut self, separator: &str, what: impl fmt::Display) -> Result {
        if !self.bytes.is_empty() {
            self.write_str(separator).or(Err(ENOSPC))?;
        }
        write!(self, "{what}").or(Err(ENOSPC))
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // Without an allocation: this is used where none is allowed.
            self.bytes.push_within_capacity(byte).or(Err(fmt::Error))?;
        }
        Ok(())
    }
}

/// How something is written.
pub(crate) struct Show<'a, V>(&'a V);

fn show(
    f: &mut fmt::Formatter<'_>,
    name: char,
    range: core::ops::Range<u64>,
    offset: u64,
) -> fmt::Result {
    write!(f, "{name}[{},{})@{offset}", range.start, range.end)
}

impl<D: TestDriver> fmt::Display for Show<'_, Mapping<D>> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let va = self.0;
        show(f, name_of(va.object()), va.range(), va.offset())?;
        if va.repeat() != 0 {
            write!(f, "%{}", va.repeat())?;
        }
        if va.cookie() != 0 {
            write!(f, "#{}", va.cookie())?;
        }
        if va.driver_flags() != 0 {
            write!(f, "!{}", va.driver_flags())?;
        }
        Ok(())
    }
}

impl<D: TestDriver> fmt::Display for Show<'_, MapView<'_, D>> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("map ")?;
        show(f, name_of(self.0.object()), self.0.range(), self.0.offset())
    }
}

impl<D: TestDriver> fmt::Display for Show<'_, UnmapView<'_, D>> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keep = if self.0.keep() { " keep" } else { "" };
        write!(f, "unmap {}{keep}", Show(self.0.mapping()))
    }
}

fn piece(f: &mut fmt::Formatter<'_>, name: char, piece: &Piece<'_>) -> fmt::Result {
    show(f, name, piece.range(), piece.offset())
}

impl<D: TestDriver> fmt::Display for Show<'_, RemapView<'_, D>> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = name_of(self.0.mapping().object());
        write!(f, "remap {}{{", Show(self.0.mapping()))?;
        if let Some(prev) = self.0.prev() {
            f.write_str("prev ")?;
            piece(f, name, &prev)?;
        }
        if self.0.prev().is_some() && self.0.next().is_some() {
            f.write_str(", ")?;
        }
        if let Some(next) = self.0.next() {
            f.write_str("next ")?;
            piece(f, name, &next)?;
        }
        f.write_str(if self.0.keep() { "} keep" } else { "}" })
    }
}

/// What a view shows, to be handed to [`Text::say`].
pub(crate) fn text_of<V>(view: &V) -> Show<'_, V>
where
    for<'a> Show<'a, V>: fmt::Display,
{
    Show(view)
}

/// All mappings of a VM.
pub(crate) fn vm_text<D: TestDriver>(vm: &OwnedVm<D>) -> Result<Text> {
    let mut text = Text::new()?;
    for mapping in vm {
        text.say(" ", text_of(mapping))?;
    }
    Ok(text)
}

/// One operation of a list, behind those before it.
pub(crate) fn tell<D: TestDriver>(to: &mut dyn Write, index: usize, op: &Op<'_, D>) -> fmt::Result {
    if index > 0 {
        to.write_str("; ")?;
    }
    match op {
        Op::Map(view) => write!(to, "{}", text_of(view)),
        Op::Remap(view) => write!(to, "{}", text_of(view)),
        Op::Unmap(view) => write!(to, "{}", text_of(view)),
    }
}

/// All operations of a list.
pub(crate) fn ops_text<D: TestDriver>(ops: OpIter<'_, D>) -> Result<Text> {
    let mut text = Text::new()?;
    for (index, op) in ops.enumerate() {
        tell(&mut text, index, &op).or(Err(ENOSPC))?;
    }
    Ok(text)
}
