# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# usage: count.py COUNTED OUT
#
# What bench/count wrote, as a table, and as JSON in OUT: instructions for a bind in
# the example driver and in its twin in Rust, and whether the twin takes no more than
# it may. Exit status 1 if it takes more.

import json
import sys

C, RUST = "example_vgem", "example_vgem_rust"
PHASES = ("map", "replace", "unmap", "refused")
# What is refused is no bind; it tells what of the others is system call and checks.
JUDGED = PHASES[:3]
RUST_AT_MOST = 1.05


def read(path):
    """Instructions for a bind, by array, phase, module and round."""
    result = {}
    with open(path, encoding="ascii") as file:
        for line in file:
            number, module, array, phase, _, _, middle = line.split()
            rounds = result.setdefault((int(array), phase, module), {})
            rounds[int(number)] = int(middle) / int(array)
    return result


def rows(counted):
    for array in sorted({key[0] for key in counted}):
        for phase in PHASES:
            c, rust = counted[array, phase, C], counted[array, phase, RUST]
            if c.keys() != rust.keys():
                sys.exit("count.py: rounds are missing: array %d, %s" % (array, phase))
            # The least: in some rounds each call wakes one worker of the kernel more.
            ratio = min(rust.values()) / min(c.values())
            yield {"array": array, "phase": phase,
                   "c": min(c.values()), "rust": min(rust.values()), "ratio": ratio,
                   "met": ratio <= RUST_AT_MOST if phase in JUDGED else None,
                   "rounds": {"c": list(c.values()), "rust": list(rust.values())}}


def main(path, out):
    lines = list(rows(read(path)))
    if not lines:
        sys.exit("count.py: nothing was counted")
    print("\nInstructions for one bind of 16 pages, driver and core, the least of all rounds."
          "\nRust over C is to be at most %.2f." % RUST_AT_MOST)
    print("  array  phase           C      Rust   ratio")
    for line in lines:
        print("%7s  %-8s %9s %9s   %.3f%s" % (
            format(line["array"], ","), line["phase"],
            format(round(line["c"]), ","), format(round(line["rust"]), ","), line["ratio"],
            {True: "  met", False: "  missed", None: ""}[line["met"]]))
    with open(out, "w", encoding="ascii") as file:
        json.dump(lines, file, indent=1)
    return any(line["met"] is False for line in lines)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
