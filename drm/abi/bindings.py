# SPDX-License-Identifier: GPL-2.0-only OR MIT
"""Print a Rust program that compiles only if bindgen's bindings are right.

Usage: bindings.py LAYOUT BINDINGS.RS

The program includes BINDINGS.RS and asserts, while it is compiled, that each
structure has the size and each member the offset that are recorded in LAYOUT.
"""

import os
import sys


# bindgen puts an underscore behind what Rust keeps for itself.
KEYWORDS = {"fn", "priv", "type", "ref", "move", "box", "use", "where"}


def member_name(decl):
    if "(*" in decl:
        name = decl.split("(*", 1)[1].split(")", 1)[0].lstrip("*")
    else:
        name = decl.split()[-1].lstrip("*").split("[")[0]
    return f"{name}_" if name in KEYWORDS else name


def assertions(layout):
    struct = None
    for line in layout:
        fields = line.rstrip("\n").split("\t")
        if fields[0].startswith("struct "):
            _, struct, size = fields[0].split()
            if size != "-":
                yield f"assert!(size_of::<{struct}>() == {size});"
        elif fields[0].startswith("enum "):
            struct = None
        elif struct and fields[2] != "-":
            _, offset, _, decl = fields
            # bindgen gives an anonymous union a name of its own.
            path = member_name(decl)
            if decl.startswith("."):
                path = f"__bindgen_anon_1.{path}"
            yield f"assert!(offset_of!({struct}, {path}) == {offset});"


def main():
    layout, bindings = sys.argv[1:]
    with open(layout, encoding="ascii") as file:
        lines = list(assertions(file))
    if not lines:
        sys.exit(f"bindings.py: nothing in {layout}")

    print("#![allow(non_camel_case_types, non_upper_case_globals, dead_code)]")
    print("use std::mem::{offset_of, size_of};")
    print(f'include!("{os.path.abspath(bindings)}");')
    print("const _: () = {")
    for line in lines:
        print(f"    {line}")
    print("};")


if __name__ == "__main__":
    main()
