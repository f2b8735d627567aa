# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# usage: drive.py OUT ROUNDS SCALE MOST GROUP...
#
# In a guest with both benchmark modules loaded: runs each group at each of its
# sizes, both cores in turn, ROUNDS times after a round that is not counted, and
# writes what they reported to OUT as JSON. Sizes are divided by SCALE; those
# above MOST are left out.

import json
import os
import sys
import time

import rows

SEED = 20250917
TERMINAL = os.environ.get("TERM", "dumb") != "dumb"


def core_file(core):
    return "/sys/kernel/debug/gpuvm-bench-%s/run" % core


def command(core, text):
    file = os.open(core_file(core), os.O_WRONLY)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


def run(core, group, n, scale):
    passes = rows.passes(group, n) if scale == 1 else 1
    try:
        command(core, "%s %d %d %d" % (group, n, SEED, passes))
    except OSError as error:
        sys.exit("%s at %d: the %s core did not do what was to be measured: %s"
                 % (group, n, core, os.strerror(error.errno)))
    result = {}
    with open(core_file(core)) as file:
        for line in file:
            row, unit, ops, value, check = line.rstrip("\n").split("\t")
            result[row] = {"unit": unit, "ops": int(ops), "value": int(value),
                           "check": int(check)}
    if sorted(result) != sorted(rows.rows_of(group)):
        sys.exit("%s: the %s core reported other rows than rows.py has: %s"
                 % (group, core, " ".join(result)))
    return result


def one_round(group, n, scale, number):
    """Whoever comes second finds warmer caches: take turns in that, too."""
    order = rows.CORES if number % 2 else rows.CORES[::-1]
    result = {core: run(core, group, n, scale) for core in order}
    for row in rows.rows_of(group):
        sums = {core: result[core][row]["check"] for core in rows.CORES}
        if len(set(sums.values())) != 1:
            sys.exit("%s at %d: the cores did not do the same: %s" % (row, n, sums))
    return result


def tell(text, end):
    if TERMINAL:
        print("\r\033[K" + text, end="\n" if end else "", flush=True)
    elif end:
        print(text, flush=True)


def main(out, rounds, scale, most, groups):
    todo = [(group, max(n // scale, 1)) for group in groups
            for n in rows.SIZES[group] if n <= most]
    measured = []
    for number, (group, n) in enumerate(todo, 1):
        begin = time.monotonic()
        title = "[%d/%d] %s at %s" % (number, len(todo), group, format(n, ","))
        for core in rows.CORES:
            command(core, "forget")
        kept = []
        count = rows.rounds(n, rounds, scale)
        for i in range(count + 1):
            tell("%s: round %d of %d" % (title, i, count), False)
            result = one_round(group, n, scale, i)
            if i:
                kept.append(result)
        tell("%s: %d rounds in %d s" % (title, count, time.monotonic() - begin),
             True)
        measured.append({"group": group, "n": n, "rounds": kept})
        # Each time: who ends it early has what was measured until then.
        with open(out, "w") as file:
            json.dump({"rounds": rounds, "scale": scale, "measured": measured}, file)


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
