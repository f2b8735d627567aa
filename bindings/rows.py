# SPDX-License-Identifier: GPL-2.0-only OR MIT
"""Check the table of C functions and their Rust names.

Usage: rows.py SYMBOLS PAGE.rst CRATE

Fails unless each function of SYMBOLS has one row, there is no other, and each
Rust name in a row, ``Type::function()`` or ``Type``, is in the sources of CRATE.
"""

import glob
import re
import sys

ROW = re.compile(r"^   \* - (drm_\w+)\(\)\n     - (.*)$", re.M)
NAME = re.compile(r"``(?:(\w+)::)?(\w+)(\(\))?``")
FOREIGN = {"ARef", "dma_resv", "drm_printer"}


def main():
    symbols, page, crate = sys.argv[1:]
    with open(symbols, encoding="ascii") as file:
        functions = sorted(re.search(r"ref_(\w+)\(", line)[1] for line in file)
    with open(page, encoding="utf-8") as file:
        rows = ROW.findall(file.read())
    wrong = [f"{name}: not one row" for name in functions
             if sum(name == row for row, _ in rows) != 1]
    wrong += [f"{row}: no function of the C ABI" for row, _ in rows if row not in functions]

    source = ""
    for path in glob.glob(f"{crate}/*.rs"):
        with open(path, encoding="utf-8") as file:
            source += file.read()
    for row, text in rows:
        for owner, name, call in NAME.findall(text):
            kind = r"(?:unsafe )?fn" if call else r"(?:struct|enum|trait)"
            if {owner, name} & FOREIGN:
                continue
            if not re.search(rf"\bpub {kind} {name}\b", source) or \
               owner and not re.search(rf"\bimpl\b[^{{;]*\b{owner}\b", source):
                wrong.append(f"{row}: there is no {owner}::{name}")
    for line in wrong:
        print(line)
    sys.exit(bool(wrong) or not rows)


main()
