# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# usage: complete.py BENCH.JSON
#
# Is there every row at every size, with operations that took time?

import json
import sys

import rows

with open(sys.argv[1]) as file:
    report = json.load(file)

wanted = {(row, max(n // report["scale"], 1))
          for row, (group, _) in rows.ROWS.items() for n in rows.SIZES[group]}
found = {(line["row"], line["n"]) for line in report["lines"]}
if wanted != found:
    sys.exit("missing: %s; not wanted: %s" % (wanted - found, found - wanted))

for entry in report["raw"]:
    if len(entry["rounds"]) != rows.rounds(entry["n"], report["rounds"], report["scale"]):
        sys.exit("%s: %d rounds" % (entry["group"], len(entry["rounds"])))
    for result in (row for round_ in entry["rounds"]
                   for core in rows.CORES for row in round_[core].items()):
        name, values = result
        if not values["ops"] or (values["unit"] == "ns" and not values["value"]):
            sys.exit("%s at %d: %s" % (name, entry["n"], values))
print("%d lines" % len(found))
