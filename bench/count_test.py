# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# usage: count_test.py
#
# What is said of made-up counts.

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest

import count


def counted(rust_map, rounds=(1, 2)):
    """As bench/count writes it; C takes 1000 for a bind, in the first round 1100."""
    return "".join(
        "%d\t%s\t%d\t%s\t128\t1\t%d\n" % (
            number, module, array, phase, array * took)
        for number in rounds for array in (1, 64) for phase in count.PHASES
        for module, took in ((count.C, 1100 if number == 1 else 1000),
                             (count.RUST, rust_map if phase == "map" else 1000)))


class Count(unittest.TestCase):
    def judge(self, text):
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("counted", "json")]
            with open(paths[0], "w", encoding="ascii") as file:
                file.write(text)
            with contextlib.redirect_stdout(io.StringIO()) as said:
                status = count.main(*paths)
            with open(paths[1], encoding="ascii") as file:
                return status, json.load(file), said.getvalue()

    def test_met(self):
        status, lines, said = self.judge(counted(1050))
        self.assertEqual(status, 0)
        self.assertEqual(len(lines), 8)
        self.assertEqual([line["c"] for line in lines], [1000] * 8)
        self.assertIn("1.050  met", said)

    def test_missed(self):
        status, lines, said = self.judge(counted(1051))
        self.assertEqual(status, 1)
        self.assertEqual([line["phase"] for line in lines if line["met"] is False], ["map", "map"])
        self.assertIn("1.051  missed", said)

    def test_what_is_refused_is_no_bind(self):
        status, lines, _ = self.judge(counted(1000).replace(
            "%s\t1\trefused\t128\t1\t1000" % count.RUST, "%s\t1\trefused\t128\t1\t2000" % count.RUST))
        self.assertEqual(status, 0)
        self.assertEqual({line["ratio"] for line in lines if line["phase"] == "refused"}, {2.0, 1.0})

    def test_nothing(self):
        with self.assertRaises(SystemExit):
            self.judge("")

    def test_a_round_is_missing(self):
        lines = counted(1000).splitlines(keepends=True)
        with self.assertRaises(SystemExit):
            self.judge("".join(lines[:-1]))


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False, verbosity=0).result.wasSuccessful())
