# SPDX-License-Identifier: GPL-2.0-only OR MIT
"""Print what the recorded layout of the C ABI says, for a compiler to check.

Usage: layout.py LAYOUT       assertions in Rust, for the end of the bindings
       layout.py --table LAYOUT RUST.rs C.h
                              one table in Rust and one in C: each row a name,
                              what it is in one language, to be compared with
                              what it is in the other while a kernel runs
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "drm", "abi"))
# The parser of the record is the one of its own check.
from bindings import assertions, member_name  # noqa: E402  pylint: disable=wrong-import-position


def rows(layout):
    """(struct, member in C, member in Rust), members None for the struct."""
    struct = None
    for line in layout:
        fields = line.rstrip("\n").split("\t")
        if fields[0].startswith("struct "):
            _, struct, size = fields[0].split()
            if size != "-":
                yield struct, None, None
        elif fields[0].startswith("enum "):
            struct = None
        elif struct and fields[2] != "-":
            rust = member_name(fields[3])
            name = rust[:-1] if rust.endswith("_") else rust
            if fields[3].startswith("."):
                rust = f"__bindgen_anon_1.{rust}"
            yield struct, name, rust


def tables(layout, rust, c):
    """Both tables in one order."""
    entries = list(rows(layout))
    print("// SPDX-License-Identifier: GPL-2.0-only OR MIT", file=rust)
    print(f"pub(crate) static ROWS: [(&str, usize); {len(entries)}] = [", file=rust)
    print("/* SPDX-License-Identifier: GPL-2.0-only OR MIT */", file=c)
    for struct, name, path in entries:
        if name is None:
            print(f'    ("{struct}", size_of::<raw::{struct}>()),', file=rust)
            print(f"\tsizeof(struct {struct}),", file=c)
        else:
            print(f'    ("{struct}.{name}", offset_of!(raw::{struct}, {path})),', file=rust)
            print(f"\toffsetof(struct {struct}, {name}),", file=c)
    print("];", file=rust)


def main():
    if sys.argv[1] == "--table":
        with open(sys.argv[2], encoding="ascii") as layout, \
             open(sys.argv[3], "w", encoding="ascii") as rust, \
             open(sys.argv[4], "w", encoding="ascii") as c:
            tables(layout, rust, c)
        return
    with open(sys.argv[1], encoding="ascii") as layout:
        lines = list(assertions(layout))
    if not lines:
        sys.exit(f"layout.py: nothing in {sys.argv[1]}")
    print("const _: () = {\n    use core::mem::{offset_of, size_of};")
    for line in lines:
        print(f"    {line}")
    print("};")


main()
