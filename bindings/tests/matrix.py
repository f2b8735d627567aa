# SPDX-License-Identifier: GPL-2.0-only OR MIT
"""Print the cases of the C suite of split and merge as a table in Rust.

Usage: matrix.py gpuvm_sm_kunit.c

One table for both languages: what a case maps, requests and expects is read from
the source of the C suite. A sparse mapping begins at offset 0 in Rust, so cases
with another one are left out; so are those that no table holds.
"""

import re
import sys

FUNCTION = re.compile(r"^static void (row\d\d_\w+)\(struct kunit \*test\)\n\{(.*?)^\}", re.M | re.S)
TABLE = re.compile(r"static const struct sm_case cases\[\] = \{(.*?)\n\t\};", re.S)
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
LEAST = 40


def member(body, name):
    """The text of one member, up to the next one."""
    found = re.search(rf"\.{name} = (.*?)(?=,\n\t+\.|,\n\t+\}}|\Z)", body, re.S)
    return found[1] if found else ""


def maps(text):
    return re.findall(r"\{ '(.)', (\d+), (\d+), (\d+) \}", text)


def request(text):
    """An unmap names no object: { .addr = 4, .range = 1 } or { 0, 4, 1 }."""
    mapped = maps(text)
    if mapped:
        return mapped[0]
    named = re.search(r"\.addr = (\d+), \.range = (\d+)", text)
    plain = re.search(r"\{ 0, (\d+), (\d+)", text)
    found = named or plain
    return ("0", found[1], found[2], "0") if found else None


def cases(source):
    for row, body in FUNCTION.findall(source):
        for table in TABLE.findall(body):
            for text in re.split(r"\n\t\t\}, \{|\n\t\t\{", table):
                if ".req" not in text:
                    continue
                have, req = maps(member(text, "have")), request(member(text, "req"))
                expected = ["".join(STRING.findall(member(text, m))) for m in ("ops", "then")]
                if req and not any(m[0] == "-" and m[3] != "0" for m in have + [req]):
                    yield row, have, req, expected


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        found = list(cases(file.read()))
    if len(found) < LEAST:
        sys.exit(f"matrix.py: only {len(found)} cases in {sys.argv[1]}")
    print("// SPDX-License-Identifier: GPL-2.0-only OR MIT")
    print(f"pub(crate) static CASES: [Case; {len(found)}] = [")
    for row, have, req, (ops, then) in found:
        shown = ", ".join(f"(b'{o}', {a}, {r}, {f})" for o, a, r, f in have)
        obj, addr, length, offset = req
        print(f"    Case {{ row: \"{row}\", have: &[{shown}],")
        print(f"        req: (b'{obj}', {addr}, {length}, {offset}),")
        print(f'        ops: "{ops}", then: "{then}" }},')
    print("];")


main()
