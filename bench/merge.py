# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# usage: merge.py WHOLE.JSON PART.JSON
#
# Puts what was measured again, as drive.py wrote it to PART, in the place of
# what WHOLE has of the same groups.

import json
import sys


def merge(whole, part):
    for name in ("rounds", "scale"):
        if part[name] != whole[name]:
            sys.exit("bench: measured in %s %s, but the run of everything in %s"
                     % (part[name], name, whole[name]))
    again = {(entry["group"], entry["n"]): entry for entry in part["measured"]}
    places = {(entry["group"], entry["n"]) for entry in whole["measured"]}
    if not again.keys() <= places:
        sys.exit("bench: the run of everything does not have %s at %d"
                 % min(again.keys() - places))
    measured = [again.get((entry["group"], entry["n"]), entry)
                for entry in whole["measured"]]
    return whole | {"measured": measured}


def main(whole_path, part_path):
    with open(whole_path) as file:
        whole = json.load(file)
    with open(part_path) as file:
        part = json.load(file)
    whole = merge(whole, part)
    with open(whole_path, "w") as file:
        json.dump(whole, file, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
