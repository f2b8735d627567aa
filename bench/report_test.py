# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# usage: report_test.py
#
# The report of made-up measurements: medians, ratios, targets, plots.

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest
import xml.dom.minidom

import merge
import report


def result(value, ops=10, unit="ns"):
    return {"unit": unit, "ops": ops, "value": value, "check": 0}


def entry(group, n, row, pairs, unit="ns"):
    return {"group": group, "n": n, "rounds": [
        {"kernel": {row: result(theirs * 10, unit=unit)},
         "ref": {row: result(ours * 10, unit=unit)}} for theirs, ours in pairs]}


def add(one, row, pairs):
    for round_, other in zip(one["rounds"], entry(one["group"], one["n"], row, pairs)["rounds"]):
        for core in report.rows.CORES:
            round_[core].update(other[core])
    return one


class Again(unittest.TestCase):
    whole = {"rounds": 1, "scale": 1, "measured": [
        entry("mappings", 1000, "walk", [(9, 3)]),
        entry("mappings", 64000, "walk", [(8, 4)]),
        entry("obtain", 10, "obtain", [(30, 40)])]}

    def test_takes_the_place_of_the_same_group_and_size(self):
        part = {"rounds": 1, "scale": 1,
                "measured": [entry("mappings", 64000, "walk", [(8, 2)])]}
        merged = merge.merge(self.whole, part)["measured"]
        self.assertEqual([report.summary(one, row)["ratio"] for one, row in
                          zip(merged, ("walk", "walk", "obtain"))], [3, 4, 0.75])

    def test_other_rounds_and_other_sizes_are_refused(self):
        part = {"rounds": 1, "scale": 1,
                "measured": [entry("obtain", 100, "obtain", [(30, 40)])]}
        for other, text in ((part, "does not have obtain at 100"),
                            (part | {"rounds": 7}, "in 7 rounds, but .* in 1"),
                            (part | {"scale": 10}, "in 10 scale, but .* in 1")):
            with self.assertRaisesRegex(SystemExit, text):
                merge.merge(self.whole, other)


class Report(unittest.TestCase):
    def test_median_of_the_ratios(self):
        line = report.summary(entry("mappings", 1000000, "find-first",
                                    [(100, 20), (90, 10), (300, 30)]), "find-first")
        self.assertEqual(line["kernel"], 100)
        self.assertEqual(line["ref"], 20)
        self.assertEqual(line["ratio"], 9)
        self.assertEqual(line["ratio_spread"], (5, 10))
        self.assertEqual(line["target"], 5)
        self.assertIs(line["met"], True)

    def test_missed(self):
        for row, n, ratio, met in (
                ("find-first", 1000000, 4.9, False), ("replace", 64000, 3, True),
                ("split", 64000, 1.9, False), ("map-ascending", 64000, 1.3, True),
                ("walk", 1000, 1.19, False), ("trace", 64000, 1.05, False),
                ("exec-lock", 10000, 1.4, False), ("exec-lock", 100, 1.4, True),
                ("bytes", 1000000, 1.0, True), ("bytes", 1000000, 0.99, False)):
            group = report.rows.ROWS[row][0]
            line = report.summary(entry(group, n, row, [(ratio * 100, 100)]), row)
            self.assertIs(line["met"], met, (row, n))

    def test_the_longest_is_that_of_the_last_round(self):
        line = report.summary(entry("longest", 1000000, "longest-map",
                                    [(90, 80), (20, 10)], "ns at most"), "longest-map")
        self.assertEqual((line["kernel"], line["ref"]), (20, 10))
        self.assertIsNone(line["met"])

    def test_claims(self):
        for many, met in ((61, False), (60, True)):
            lines = [report.summary(entry("obtain", n, "obtain", pairs), "obtain")
                     for n, pairs in ((1, [(1, 50), (3, 30), (2, 40)]),
                                      (1000, [(9, many + 9), (8, many), (7, many + 9)]))]
            claim, = report.claims(lines)
            self.assertIs(claim["met"], met)
            self.assertEqual((claim["value"], claim["kernel"]), (many / 30, 7))

    def test_latency_is_the_less_of_both(self):
        lines = [report.summary(entry(group, 1000000, row, [pair]), row)
                 for group, row, pair in (("latency", "latency", (56, 40)),
                                          ("mappings", "find", (400, 81)))]
        claim, = report.claims(lines)
        self.assertEqual((claim["value"], claim["kernel"]), (81 / 40, 10))
        self.assertIs(claim["met"], False)
        lines[0]["kernel"], lines[0]["ref"] = 40, 56
        claim, = report.claims(lines)
        self.assertEqual((claim["value"], claim["kernel"]), (81 / 40, 10))

    def test_a_floor_has_no_target(self):
        for row, floor in report.rows.FLOORS.items():
            self.assertEqual(report.rows.ROWS[row][0], report.rows.ROWS[floor][0])
            for n in report.rows.SIZES[report.rows.ROWS[row][0]]:
                self.assertIsNone(report.rows.target(floor, n))
                self.assertIsNotNone(report.rows.target(row, n))

    def floors_of(self, *pairs):
        measured = [entry("validate", n, "validate-all", [pair]) for n, pair, _ in pairs]
        for one, (_, _, floor) in zip(measured, pairs):
            add(one, "validate-floor", [floor])
        lines = [report.summary(one, "validate-all") for one in measured]
        return [report.limit_of(floor) for floor in report.floors(lines)]

    def test_the_floor_of_what_was_missed(self):
        self.assertEqual(self.floors_of((100, (80, 80), (71, 75)), (10000, (120, 110), (99, 98))), [
            "validate-all at 100: the floor is 71.0 ns, so no core could be more than 1.13"
            " times as fast as the kernel's; 1.1 is within reach",
            "validate-all at 10,000: the floor is 98.0 ns, so no core could be more than 1.22"
            " times as fast as the kernel's; 1.1 is within reach"])

    def test_the_floor_says_that_nobody_can(self):
        self.assertEqual(self.floors_of((100, (80, 80), (79, 75)), (10000, (220, 110), (99, 98))), [
            "validate-all at 100: the floor is 75.0 ns, so no core could be more than 1.07"
            " times as fast as the kernel's; 1.1 is out of reach"])

    def test_what_a_core_is_below_is_no_floor(self):
        self.assertEqual(self.floors_of((100, (80, 78), (79, 79)), (10000, (78, 80), (79, 79))), [])
        self.assertEqual(len(self.floors_of((100, (80, 79), (79, 79)))), 1)

    def test_a_floor_is_as_low_as_it_comes(self):
        one = add(entry("validate", 100, "validate-all", [(80, 78)] * 5),
                  "validate-floor", [(79, low) for low in (77, 78, 79, 80, 81)])
        limit, = report.floors([report.summary(one, "validate-all")])
        self.assertEqual(limit["floor"], 79)
        one = add(one, "validate-floor", [(79, low) for low in (77, 79, 79, 80, 81)])
        self.assertEqual(report.floors([report.summary(one, "validate-all")]), [])

    def test_more_rounds_of_what_takes_little_time(self):
        self.assertEqual([report.rows.rounds(n, 7, 1) for n in (1, 64000, 64001)],
                         [21, 21, 7])
        self.assertEqual(report.rows.rounds(1, 7, 1000), 7)
        self.assertEqual(report.rounds_of({"rounds": 7, "scale": 1}),
                         "7 rounds (n up to 64,000: 21)")
        self.assertEqual(report.rounds_of({"rounds": 1, "scale": 1000}), "1 rounds")

    def test_output(self):
        raw = {"rounds": 1, "scale": 1, "measured": [
            add(entry("obtain", n, "obtain", [(10 * n, 20)]), "obtain-floor", [(8, 5)])
            for n in (1, 1000)]}
        with tempfile.TemporaryDirectory() as out:
            path = os.path.join(out, "raw.json")
            with open(path, "w") as file:
                json.dump(raw, file)
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                report.main(path, out, ["obtain"])
            self.assertIn("1 of 2 targets are met", said.getvalue())
            limit = "obtain at 1: the floor is 5.0 ns, so no core could be more than 2.00"
            self.assertEqual(said.getvalue().count("the floor is"), 1)
            self.assertIn("\n\n" + limit, said.getvalue())
            with open(os.path.join(out, "table.rst")) as file:
                self.assertIn("\n- " + limit, file.read())
            self.assertRegex(said.getvalue(), r"obtain +1,000 +10,000 +20\.0 +500\.00 ")
            with open(os.path.join(out, "bench.json")) as file:
                written = json.load(file)
            self.assertEqual(len(written["lines"]), 2)
            self.assertEqual([(floor["n"], floor["best"]) for floor in written["floors"]],
                             [(1, 2)])
            plot = xml.dom.minidom.parse(os.path.join(out, "objects.svg"))
            self.assertEqual(len(plot.getElementsByTagName("circle")), 4)


unittest.main(argv=sys.argv, verbosity=2)
