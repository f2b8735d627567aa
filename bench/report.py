# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# usage: report.py RAW OUT [ROW...]
#
# Makes of what drive.py wrote: a table on the terminal, OUT/bench.json with
# every number in it, OUT/table.rst, and the plots. With ROWs, a table of these
# alone.

import json
import os
import sys
from statistics import median

import plot
import rows


def quartiles(values):
    values = sorted(values)
    count = len(values)
    return values[count // 4], values[-1 - count // 4]


def summary(entry, row):
    """One line of the table: a row at one size."""
    per_op = {core: [round_[core][row]["value"] / max(round_[core][row]["ops"], 1)
                     for round_ in entry["rounds"]] for core in rows.CORES}
    unit = entry["rounds"][0][rows.CORES[0]][row]["unit"]
    if unit == "ns at most":
        # A least over all rounds: only the last one has seen them all.
        per_op = {core: values[-1:] for core, values in per_op.items()}
    line = {"row": row, "n": entry["n"], "unit": unit,
            "title": rows.ROWS[row][1], "target": rows.target(row, entry["n"])}
    for core in rows.CORES:
        line[core] = median(per_op[core])
        line[core + "_spread"] = quartiles(per_op[core])
        line[core + "_least"] = min(per_op[core])
    pairs = [theirs / ours for theirs, ours in zip(*per_op.values()) if ours]
    line["ratio"] = median(pairs) if pairs else None
    line["ratio_spread"] = quartiles(pairs) if pairs else None
    line["met"] = judge(line)
    line["floor"], line["floor_low"] = floor_of(entry, row)
    return line


def judge(line):
    if line["target"] is None or line["ratio"] is None:
        return None
    return line["ratio"] >= line["target"]


def find_line(lines, row, n):
    return next((line for line in lines if line["row"] == row and line["n"] == n),
                None)


def claims(lines):
    """What is not a ratio of the two cores.

    Costs with few and with many are measured one after the other, and what runs beside
    them on the machine slows the one or the other: the least of all rounds are compared.
    """
    made = []
    for row in ("obtain", "obtain-last", "obtain-prealloc"):
        few, many = find_line(lines, row, 1), find_line(lines, row, 1000)
        if few and many:
            made.append({"claim": "%s: cost with 1,000 VMs over cost with one" % row,
                         "limit": 2.0, "value": many["ref_least"] / few["ref_least"],
                         "kernel": many["kernel_least"] / few["kernel_least"]})
    for row in ("find-first", "find"):
        found, floor = find_line(lines, row, 1000000), find_line(lines, "latency", 1000000)
        if found and floor:
            made.append({"claim": "%s at 1,000,000, in times of memory latency" % row,
                         "limit": 2.0, "value": found["ref"] / rows.machine(floor),
                         "kernel": found["kernel"] / rows.machine(floor)})
    for claim in made:
        claim["met"] = claim["value"] <= claim["limit"]
    return made


def floor_of(entry, row):
    """What no core can do without in a row: the median, and how low it comes by itself.

    None and None if nobody measured it.
    """
    floor = rows.FLOORS.get(row)
    if floor not in entry["rounds"][0][rows.CORES[0]]:
        return None, None
    line = summary(entry, floor)
    return rows.machine(line), min(line[core + "_spread"][0] for core in rows.CORES)


def floors(lines):
    """The best ratio that any core could have, of rows that missed theirs.

    What a core is below is no floor: it may ask for memory ahead, which nothing that
    takes one object after the other does.
    """
    return [{"row": line["row"], "n": line["n"], "floor": line["floor"],
             "target": line["target"], "best": line["kernel"] / line["floor"]}
            for line in lines if line["met"] is False and line["floor"]
            and line["floor_low"] <= min(line[core] for core in rows.CORES)]


def limit_of(floor):
    return "%s at %s: the floor is %s ns, so no core could be more than %.2f times as" \
           " fast as the kernel's; %.1f %s" % (
               floor["row"], format(floor["n"], ","), number(floor["floor"]), floor["best"],
               floor["target"], "is within reach" if floor["best"] >= floor["target"]
               else "is out of reach")


def number(value):
    if value >= 100:
        return format(round(value), ",")
    return "%.1f" % value


def verdict(met):
    return {True: "met", False: "missed", None: ""}[met]


def cells(line):
    ratio = spread = wanted = ""
    if line["target"] is not None and line["ratio"] is not None:
        ratio = "%.2f" % line["ratio"]
        spread = "%.2f to %.2f" % tuple(line["ratio_spread"])
        wanted = "%.1f" % line["target"]
    return (line["row"], format(line["n"], ","), number(line["kernel"]),
            number(line["ref"]), ratio, spread, wanted, verdict(line["met"]))


def rounds_of(raw):
    """Of how many rounds medians are, in words."""
    asked, more = raw["rounds"], rows.rounds(rows.FEW, raw["rounds"], raw["scale"])
    if more == asked:
        return "%d rounds" % asked
    return "%d rounds (n up to %s: %d)" % (asked, format(rows.FEW, ","), more)


HEADS = ("row", "n", "kernel", "ours", "ratio", "quartiles", "target", "")


def print_table(lines, made, limits):
    table = [HEADS] + [cells(line) for line in lines]
    widths = [max(len(cell[i]) for cell in table) for i in range(len(HEADS))]
    for line in table:
        print("  ".join(cell.ljust(width) if i in (0, 5, 7) else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(line, widths))).rstrip())
    if made:
        print()
    for claim in made:
        print("%s: %.2f (the kernel's core: %.2f), at most %.1f: %s" % (
            claim["claim"], claim["value"], claim["kernel"], claim["limit"],
            verdict(claim["met"])))
    if limits:
        print()
    for floor in limits:
        print(limit_of(floor))


def write_rst(path, lines, made, limits):
    with open(path, "w") as file:
        file.write(".. SPDX-License-Identifier: GPL-2.0-only OR MIT\n\n"
                   ".. Made by lab/bench --publish: do not edit.\n\n"
                   ".. list-table::\n   :header-rows: 1\n\n")
        heads = ("operation", "n", "kernel", "ours", "ratio", "quartiles", "target", "")
        for line in [heads] + [(line["title"],) + cells(line)[1:] for line in lines]:
            for i, cell in enumerate(line):
                file.write("   %s %s\n" % ("* -" if not i else "  -", cell)
                           if cell else "   %s\n" % ("* -" if not i else "  -"))
        file.write("\n")
        for claim in made:
            file.write("- %s: %.2f; the kernel's core: %.2f; at most %.1f: %s.\n" % (
                claim["claim"], claim["value"], claim["kernel"], claim["limit"],
                verdict(claim["met"])))
        for floor in limits:
            file.write("- %s.\n" % limit_of(floor))


def main(raw_path, out, wanted):
    with open(raw_path) as file:
        raw = json.load(file)
    lines = [summary(entry, row) for entry in raw["measured"]
             for row in rows.rows_of(entry["group"])
             if not wanted or row in wanted]
    made = [] if wanted else claims(lines)
    limits = floors(lines)
    print("\nTimes in ns for each operation, medians of %s; ratio: the kernel's core over"
          " ours,\nhigher is faster; bytes-…: bytes.\n" % rounds_of(raw))
    print_table(lines, made, limits)
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "bench.json"), "w") as file:
        json.dump({"rounds": raw["rounds"], "scale": raw["scale"], "lines": lines,
                   "claims": made, "floors": limits, "raw": raw["measured"]}, file, indent=1)
    write_rst(os.path.join(out, "table.rst"), lines, made, limits)
    plot.plot_all(lines, out)
    judged = [item["met"] for item in lines + made if item["met"] is not None]
    print("\n%d of %d targets are met; all numbers are in build/bench."
          % (sum(judged), len(judged)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
