# SPDX-License-Identifier: GPL-2.0-only OR MIT
"""Print how an object's debug information lays out the structures of the C ABI.

Usage: layout.py OBJECT

One line for each structure with its size, and one for each member with offset,
size and declaration. struct drm_gpuvm_exec ends with a structure of the
kernel's, whose size is no part of the ABI and is written as "-".
"""

import re
import subprocess
import sys

STRUCTS = [
    "drm_gpuva_range",
    "drm_gpuva_gem",
    "drm_gpuva_attrs",
    "drm_gpuva",
    "drm_gpuvm_evict",
    "drm_gpuvm",
    "drm_gpuvm_walk",
    "drm_gpuvm_abi",
    "drm_gpuvm_bo_entry",
    "drm_gpuvm_bo_list",
    "drm_gpuvm_bo",
    "drm_gpuvm_exec_extra",
    "drm_gpuvm_exec",
    "drm_gpuva_op_va",
    "drm_gpuva_op_gem",
    "drm_gpuva_op_map",
    "drm_gpuva_op_unmap",
    "drm_gpuva_op_remap",
    "drm_gpuva_op_prefetch",
    "drm_gpuva_op",
    "drm_gpuva_ops",
    "drm_gpuvm_map_req",
    "drm_gpuvm_ops",
    "drm_gpuvm_bind_op",
    "drm_gpuvm_bind_ops",
    "drm_gpuvm_bind_queue_args",
    "drm_gpuvm_sync",
    "drm_gpuvm_userptr_args",
    "drm_gpuvm_lru_obj",
    "drm_gpuvm_lru_ops",
    "drm_gpuvm_lru_args",
    "drm_gpuvm_lru_stats",
]
ENUMS = [
    "drm_gpuva_flags", "drm_gpuvm_flags", "drm_gpuva_op_type",
    "drm_gpuvm_bind_op_type", "drm_gpuvm_bind_state",
]

# A type of the kernel's that is last in its structure and may grow.
OPEN = "struct drm_exec"

MEMBER = re.compile(r"^\s*(?P<decl>.*?);\s*/\*\s*(?P<offset>\d+)\s+(?P<size>\d+)\s*\*/")
ANONYMOUS = re.compile(r"^\s*(union|struct)\s*\{")
CLOSING = re.compile(r"^\s+\};\s*(?P<place>/\*)?")
SIZE = re.compile(r"/\* size: (\d+)")


def pahole(name, obj):
    # Its exit status is 1 with -C whether or not it found the type.
    done = subprocess.run(
        ["pahole", "-F", "dwarf", "-C", name, obj],
        check=False, capture_output=True, text=True,
    )
    if not done.stdout.strip():
        sys.exit(f"layout.py: {name} is not in {obj}: {done.stderr}")
    return done.stdout.splitlines()


def declaration(text):
    """One spelling, whichever compiler wrote it."""
    text = re.sub(r"__attribute__\(\(\w+(\(.*?\))?\)\)", "", text)
    text = text.replace("long unsigned int", "unsigned long")
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"\*\s+", "*", text)


def struct(name, obj):
    members = []
    size = None
    starts = []
    for line in pahole(name, obj)[1:]:
        if ANONYMOUS.match(line):
            starts.append(len(members))
            continue
        closing = CLOSING.match(line)
        if closing:
            start = starts.pop()
            # Clang lists the type of an unnamed member once more, without a
            # place: that is no member.
            if not closing["place"]:
                del members[start:]
            continue
        member = MEMBER.match(line)
        if member:
            decl = declaration(member["decl"])
            is_open = decl.startswith(OPEN + " ")
            shown = "-" if is_open else member["size"]
            members.append((member["offset"], shown, "." * len(starts), decl))
            continue
        found = SIZE.search(line)
        if found:
            size = found[1]
    if size is None or not members:
        sys.exit(f"layout.py: cannot read what pahole says of {name}")

    if any(shown == "-" for _, shown, _, _ in members):
        size = "-"
    print(f"struct {name} {size}")
    for offset, shown, dots, decl in members:
        print(f"\t{offset}\t{shown}\t{dots}{decl}")


def enum(name, obj):
    print(f"enum {name}")
    for line in pahole(name, obj):
        found = re.match(r"^\s+(\w+)\s*=\s*(\d+)", line)
        if found:
            print(f"\t{found[2]}\t{found[1]}")


def main():
    obj = sys.argv[1]
    for name in STRUCTS:
        struct(name, obj)
    for name in ENUMS:
        enum(name, obj)


main()
