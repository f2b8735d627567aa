# SPDX-License-Identifier: GPL-2.0-only OR MIT
"""Check that no function of a crate can panic, as its object code shows.

Usage: panics.py CRATE LEAST [ALLOWED] <DISASSEMBLY

DISASSEMBLY is that of `objdump -dr` for an object. Functions of CRATE are those
whose symbol names it first, wherever they were instantiated; what was inlined
into a function of another crate is a part of that one. If CRATE is "all", they
are all functions of Rust in the object, whosever they are. Fails if one of them
refers to what panics in the crate core, unless the regular expression ALLOWED is
found in its symbol: those have code of a driver inlined. Fails, too, if fewer than
LEAST are left.
"""

import re
import sys

FUNCTION = re.compile(r"^[0-9a-f]+ <(\S+)>:$")
CRATE = re.compile(r"Cs[0-9A-Za-z]*_(\d+)_?(\w+)")
# In its module for that, or where slices, strings, cells and options have theirs.
PANIC = re.compile(r"\bR_\S+\s+(\S*4core9panicking\S*|\S*4core\w*(?:_fail|_failed|panic_\w+)\b\S*)")


def crate_of(symbol):
    """The first crate that a symbol names, if it is one of Rust."""
    found = CRATE.search(symbol) if symbol.startswith("_R") else None
    return found[2][:int(found[1])] if found else None


def main():
    crate, least = sys.argv[1], int(sys.argv[2])
    allowed = re.compile(sys.argv[3] if len(sys.argv) > 3 else r"(?!)")
    functions, wrong, current = set(), set(), None
    for line in sys.stdin:
        header = FUNCTION.match(line)
        if header:
            found = crate_of(header[1])
            ours = found and crate in (found, "all") and not allowed.search(header[1])
            current = header[1] if ours else None
            functions.update({current} - {None})
            continue
        panic = PANIC.search(line) if current else None
        if panic:
            wrong.add(f"{current} refers to {panic[1]}")
    for line in sorted(wrong):
        print(line)
    print(f"{len(functions)} functions of {crate}, {len(wrong)} can panic")
    sys.exit(bool(wrong) or len(functions) < least)


main()
