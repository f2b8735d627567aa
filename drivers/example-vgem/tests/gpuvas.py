# SPDX-License-Identifier: GPL-2.0-only OR MIT
"""Print the mappings that a file of JSON from debugfs describes.

Usage: gpuvas.py FILE

Reads it as strictly as Python can, looks whether it says what it is documented
to say, and prints a line for each VM, mapping and vm_bo; the objects of a VM are
numbered in the order of their first mapping.
"""

import json
import sys

VM = {
    "name": str, "space": dict, "reserve": (dict, type(None)), "flags": dict,
    "mappings": list, "vm_bos": list, "counts": dict,
}
RANGE = {"addr": int, "range": int}
FLAGS = {"resv_protected": bool, "immediate_mode": bool, "driver": int}
COUNTS = {"mappings": int, "mapped": int, "vm_bos": int}
MAPPING = {
    "addr": int, "range": int, "object": (str, type(None)), "offset": int,
    "sparse": bool, "invalidated": bool, "flags": int, "cookie": int,
    "repeat": int, "repeat_phase": int,
}
VM_BO = {
    "object": str, "size": int, "references": int, "external": bool,
    "evicted": bool,
}


def require(condition, what):
    if not condition:
        sys.exit(f"gpuvas.py: {what}")


def unique(pairs):
    keys = [key for key, _ in pairs]
    require(len(keys) == len(set(keys)), f"a key twice: {keys}")
    return dict(pairs)


def check(value, members):
    """The members are all there, of their types, and no others."""
    require(value.keys() == members.keys(), f"other members: {sorted(value)}")
    for key, kind in members.items():
        # For Python a bool is an int, too.
        require(isinstance(value[key], kind) and
                (kind is not int or not isinstance(value[key], bool)),
                f"{key} is {value[key]!r}")


def show(vm):
    check(vm, VM)
    check(vm["space"], RANGE)
    check(vm["flags"], FLAGS)
    check(vm["counts"], COUNTS)
    if vm["reserve"]:
        check(vm["reserve"], RANGE)

    print(f"vm {vm['name']} {vm['space']['addr']:#x} {vm['space']['range']:#x}")

    counts = {
        "mappings": len(vm["mappings"]),
        "mapped": sum(m["range"] for m in vm["mappings"]),
        "vm_bos": len(vm["vm_bos"]),
    }
    require(vm["counts"] == counts, f"counts {vm['counts']}, not {counts}")

    end = vm["space"]["addr"]
    numbers = {}
    for m in vm["mappings"]:
        check(m, MAPPING)
        require(m["addr"] >= end, "mappings not in order")
        end = m["addr"] + m["range"]
        number = numbers.setdefault(m["object"], len(numbers))
        print(f"mapping {m['addr']:#x} {m['range']:#x} {number} "
              f"{m['offset']:#x} {m['flags']:#x}")
    for b in vm["vm_bos"]:
        check(b, VM_BO)
        number = numbers.get(b["object"], "unmapped")
        print(f"vm_bo {number} {b['size']:#x} {'external' if b['external'] else 'private'}")


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        text = file.read()
    # Not what only Python takes for JSON: NaN, and numbers that are not whole.
    vms = json.loads(
        text, object_pairs_hook=unique,
        parse_constant=lambda word: sys.exit(f"gpuvas.py: {word}"),
        parse_float=lambda word: sys.exit(f"gpuvas.py: {word}"),
    )
    require(isinstance(vms, list), "no array")
    for vm in vms:
        show(vm)


main()
