# SPDX-License-Identifier: GPL-2.0-only OR MIT
"""Print the functions of the C ABI, as exported, with their prototypes.

Usage: symbols.py INCLUDE

Reads all headers, as bindgen does, without a kernel tree.
"""

import json
import subprocess
import sys


def functions(tree, name):
    """Functions declared in our headers; clang names a file when it changes."""
    file = None
    for node in tree["inner"]:
        loc = node.get("loc", {})
        loc = loc.get("expansionLoc", loc)
        file = loc.get("file", file)
        if node["kind"] == "FunctionDecl" and file and name in file:
            yield node


def parameter(kind, name):
    """A pointer to a function has its name in the middle."""
    if "(*)" in kind:
        return kind.replace("(*)", f"(*{name})")
    return f"{kind} {name}".replace("* ", "*")


def prototype(node):
    result = node["type"]["qualType"].split("(")[0].strip()
    params = [
        parameter(p["type"]["qualType"], p["name"])
        for p in node.get("inner", [])
        if p["kind"] == "ParmVarDecl"
    ]
    space = "" if result.endswith("*") else " "
    return f'{result}{space}{node["name"]}({", ".join(params) or "void"})'


def main():
    include = sys.argv[1]
    done = subprocess.run(
        ["clang", "-fsyntax-only", "-D__BINDGEN__", "-Xclang", "-ast-dump=json",
         "-I", include, "-x", "c", "drm/abi/headers.h"],
        check=True, capture_output=True, text=True,
    )
    lines = sorted(
        (node["name"], prototype(node))
        for node in functions(json.loads(done.stdout), "drm_gpu")
    )
    if not lines:
        sys.exit("symbols.py: no function found")
    for _, line in lines:
        print(line)


main()
