# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# usage: binds.py OUT ROUNDS BINDS
#
# In a guest: the bind ioctl of the example driver, in arrays of 1, 64 and 4,096
# operations, and what it spends its time on; of its twin in Rust as well, in turn,
# where that is built. Prints tables and writes OUT as JSON.

import json
import os
import subprocess
import sys
from statistics import median

ARRAYS = (1, 64, 4096)
# Page table entries of a bind.
PAGES = 16
# Module of each driver. They offer one uAPI, so one at a time is loaded.
DRIVERS = {"c": "example_vgem", "rust": "example_vgem_rust"}


def built(module):
    with open(os.path.join(os.environ["MODULES"], "modules.list")) as file:
        return any(line.rstrip().endswith("/%s.ko" % module) for line in file)


def measure(module, array, binds):
    """Nanoseconds for a bind in each phase."""
    # The driver has the name of its module, with hyphens.
    env = {**os.environ, "EVGEM_DRIVER": module.replace("_", "-")}
    out = subprocess.run(["build/user/evgem-binds", str(array), str(binds)],
                         check=True, stdout=subprocess.PIPE, text=True, env=env).stdout
    phases = {}
    for line in out.splitlines():
        phase, count, took = line.split("\t")
        if int(count) != binds:
            sys.exit("%s: %s of %d binds" % (module, line, binds))
        phases[phase] = int(took) / binds
    return phases


def one_round(drivers, binds):
    result = {}
    for driver in drivers:
        subprocess.run(["lab/guest/load", DRIVERS[driver]], check=True)
        result[driver] = {array: measure(DRIVERS[driver], min(array, binds),
                                         binds // 16 if array == 1 else binds)
                          for array in ARRAYS}
        subprocess.run(["lab/guest/unload", DRIVERS[driver]], check=True)
    return result


def middle(rounds, driver, array, phase):
    return median(round_[driver][array][phase] for round_ in rounds)


def shares(line):
    """What a map is made of, ns for a bind, by taking away one part at a time.

    A refused call copies and checks. One that unmaps nothing also locks, makes a
    job and runs it. A bind of one page has less to write than one of sixteen. What
    is left is the core: mappings allocated, found a place for, and linked.
    """
    tables = (line["map"] - line["page"]) * PAGES / (PAGES - 1)
    parts = {"copying": line["refused"],
             "locking and queue": line["empty"] - line["unmap-refused"],
             "page tables": tables}
    parts["core"] = line["map"] - sum(parts.values())
    return parts


def print_shares(lines):
    print("\nWhat a map is made of, ns for a bind and share of it:\n")
    for line in lines:
        print("%-6s %7s" % (line["driver"], format(line["array"], ",")) + "".join(
            "   %s %.0f (%.0f %%)" % (part, ns, 100 * ns / line["map"])
            for part, ns in line["shares"].items()))


def write_rst(path, lines):
    heads = ["driver", "array", "map", "replace", "unmap", *lines[0]["shares"]]
    table = [heads] + [
        [line["driver"], format(line["array"], ",")]
        + ["%.0f" % line[phase] for phase in ("map", "replace", "unmap")]
        + ["%.0f (%.0f %%)" % (ns, 100 * ns / line["map"])
           for ns in line["shares"].values()] for line in lines]
    with open(path, "w") as file:
        file.write(".. SPDX-License-Identifier: GPL-2.0-only OR MIT\n\n"
                   ".. Made by lab/bench --publish: do not edit.\n\n"
                   ".. list-table::\n   :header-rows: 1\n\n")
        for line in table:
            for i, cell in enumerate(line):
                file.write("   %s %s\n" % ("  -" if i else "* -", cell))


def main(out, count, binds):
    drivers = [driver for driver, module in DRIVERS.items() if built(module)]
    rounds = [one_round(drivers if i % 2 else drivers[::-1], binds)
              for i in range(count + 1)][1:]
    lines = []
    print("\nOne bind of 16 pages in the example driver, ns, medians of %d rounds."
          " Refused: the\nsystem call, the copying and the checks alone.\n" % count)
    print("driver   array      map  replace    unmap  refused   binds/s (map)")
    for driver in drivers:
        for array in ARRAYS:
            line = {phase: middle(rounds, driver, array, phase)
                    for phase in ("map", "replace", "unmap", "refused",
                                  "empty", "unmap-refused", "page")}
            print("%-6s %7s %8.0f %8.0f %8.0f %8.0f %15s" % (
                driver, format(array, ","),
                *(line[phase] for phase in ("map", "replace", "unmap", "refused")),
                format(round(1e9 / line["map"]), ",")))
            lines.append({"driver": driver, "array": array, **line,
                          "shares": shares(line)})
    for array in ARRAYS if len(drivers) == 2 else ():
        ratio = median(round_["rust"][array]["map"] / round_["c"][array]["map"]
                       for round_ in rounds)
        print("Rust over C, arrays of %s: %.3f of the time" % (format(array, ","), ratio))
    print_shares(lines)
    with open(out, "w") as file:
        json.dump({"lines": lines, "rounds": rounds}, file, indent=1)
    write_rst(os.path.splitext(out)[0] + ".rst", lines)


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
