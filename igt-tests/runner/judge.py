#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tells how a run of the IGT programs went, in several forms.

Usage: judge.py FORMAT DRIVER KERNEL OUT STATUS

igt_runner ends well whatever fails, and calls a program or a subtest that is
not there skipped. So what has to be there is in OUT/wanted, and each of these
has to have passed; or skipped where its line ends in "skip: REASON"; or missed a
deadline, and then counts as skipped, where it ends in "late: REASON"; or failed in
any way, and counts as skipped, too, where it ends in "fails: REASON". In front of
the colon may stand a pattern of the kernels for which this holds.

Without igt_runner, what the programs said is in OUT/direct, and the kernel's log
with it; then the results are made of that.
"""

import fnmatch
import glob
import html
import json
import os
import re
import sys
from xml.sax.saxutils import escape, quoteattr

PASS, FAIL, SKIP = "pass", "fail", "skip"
# Lines of each failed test, and failed tests, that a terminal is shown.
SHOWN = 12
NAMED = 40


class Test:
    """A subtest, and what became of it."""

    def __init__(self, name, rest="", kernel=""):
        self.name = name
        self.program, _, self.subtest = name.partition("@")
        may = re.match(r"(skip|late|fails)(?: (\S+))?: *(.*)", rest)
        here = may and fnmatch.fnmatch(kernel, may.group(2) or "*")
        self.may = may.group(1) if here else ""
        self.because = may.group(3) if here else ""
        self.verdict = FAIL
        self.says = ""
        self.why = "no result"
        self.seconds = 0.0
        self.text = ""

    def judge(self, result, reports):
        self.seconds = result.get("time", {}).get("end", 0.0)
        self.text = result.get("err", "") + result.get("out", "")
        dmesg = result.get("dmesg", "")
        report = next((line for line in dmesg.splitlines()
                       if any(r.search(message(line)) for r in reports)), None)
        told = result.get("result", "none")
        if report:
            self.fail("the kernel reports: " + message(report), dmesg)
        elif told.startswith("dmesg") and self.warning(dmesg):
            self.fail("the kernel warns: " + self.warning(dmesg), dmesg)
        elif told in ("pass", "dmesg-warn"):
            self.verdict, self.why = PASS, ""
        elif told == "skip":
            self.skip()
        elif (told in ("fail", "timeout") and self.may == "late" or
              told in ("fail", "timeout", "crash") and self.may == "fails"):
            self.verdict, self.why = SKIP, f"{told}: {self.because}"
        else:
            self.fail(told + ": " + self.reason("Failed assertion: (.*)"))

    def warning(self, dmesg):
        """What it warns of, but for what the driver says of jobs that fail."""
        return next((message(line) for line in dmesg.splitlines()
                     if re.match(r"<[0-4]>", line) and
                     not (self.says and re.search(self.says, line))), "")

    def fail(self, why, more=""):
        self.verdict, self.why = FAIL, why.rstrip(": ")
        self.text += more

    def skip(self):
        if "Unknown subtest" in self.text:
            self.fail("the program has no such subtest")
            return
        if not re.search(r"^Subtest .*: SKIP", self.text, re.M):
            self.fail("the program could not be run")
            return
        why = self.reason(r"Test requirement: .*\n(.*)")
        if self.may != "skip":
            self.fail("skipped, which the list does not say: " + why)
        else:
            self.verdict, self.why = SKIP, why or self.because

    def reason(self, pattern):
        found = re.search(pattern, self.text)
        return found.group(1).strip() if found else ""


def message(line):
    """A line of the kernel's log without level and time."""
    return re.sub(r"^<\d+>\s*(\[[^\]]*\]\s*)?", "", line)


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


ENDS = {"SUCCESS": "pass", "FAIL": "fail", "SKIP": "skip", "CRASH": "crash",
        "TIMEOUT": "timeout"}


def blocks(text):
    """What was said in each subtest, and how it ended."""
    name, lines, said = None, [], {}
    for line in text.splitlines():
        begin = re.match(r"Starting subtest: (\S+)", line)
        if begin:
            name, lines = begin.group(1), []
            said[name] = (lines, "none", 0.0)
        lines.append(line)
        end = re.match(r"Subtest (\S+): ([A-Z]+) \(([0-9.]+)s\)", line)
        if end and end.group(1) == name:
            said[name] = (lines, ENDS.get(end.group(2), "fail"),
                          float(end.group(3)))
            name, lines = None, []
    return said


def kernel_said(path):
    """The kernel's log, by the subtest that was running."""
    said, test = {}, None
    for line in read(path).splitlines():
        head, _, text = line.partition(";")
        fields = head.split(",")
        if len(fields) < 3 or not fields[0].isdigit():
            continue
        at = re.match(r"\[IGT\] (\S+): (starting subtest (\S+)|exiting)", text)
        if at:
            test = f"igt@{at.group(1)}@{at.group(3)}" if at.group(3) else None
        if test:
            said.setdefault(test, []).append(
                f"<{int(fields[0]) & 7}> [{int(fields[2]) / 1e6:.6f}] {text}")
    return said


def read_direct(out):
    """Results as igt_runner writes them, of programs that ran without it."""
    dmesg = kernel_said(out + "/direct/kmsg")
    tests = {}
    for path in sorted(glob.glob(out + "/direct/*.err")):
        program = os.path.basename(path)[:-4]
        status = read(path[:-4] + ".status").strip()
        outs = blocks(read(path[:-4] + ".out"))
        for subtest, (lines, result, took) in blocks(read(path)).items():
            name = f"igt@{program}@{subtest}"
            if result == "none":
                result = "timeout" if status == "124" else "crash"
            kernel = dmesg.get(name, [])
            if result == "pass" and any(re.match("<[0-4]>", k) for k in kernel):
                result = "dmesg-warn"
            tests[name] = {
                "result": result, "err": "\n".join(lines) + "\n",
                "out": "\n".join(outs.get(subtest, ([],))[0]) + "\n",
                "time": {"end": took}, "dmesg": "\n".join(kernel)}
    with open(out + "/results.json", "w", encoding="utf-8") as file:
        json.dump({"tests": tests}, file, indent=1)
    with open(out + "/subtests", "w", encoding="utf-8") as file:
        file.writelines(name[4:] + "\n" for name in tests)


def load(out, driver, kernel):
    """The tests that are wanted, judged."""
    tests = []
    says = re.search(r"^# Says: *(.+)",
                     read(f"igt-tests/lists/{driver}.list"), re.M)
    wanted = read(out + "/wanted")
    if wanted.strip() == "*":
        wanted = read(out + "/subtests")
    for line in wanted.splitlines():
        name, _, rest = line.partition(" ")
        tests.append(Test(name, rest.strip(), kernel))
        tests[-1].says = says.group(1) if says else ""
    reports = [re.compile(line)
               for line in read("lab/inside/reports").splitlines()
               if line and not line.startswith("#")]
    results = json.loads(read(out + "/results.json") or '{"tests": {}}')
    there = set(read(out + "/subtests").split())
    for test in tests:
        result = results["tests"].get("igt@" + test.name)
        if result:
            test.judge(result, reports)
        elif there and not any(s.startswith(test.program + "@") for s in there):
            test.fail("the program is not there")
    return tests


def strangers(out, tests, driver):
    """Subtests that a program has and the list has not: nobody judges them."""
    listed = set(re.findall(r"^(\S+@\S+)", read(
        f"igt-tests/lists/{driver}.list"), re.M))
    for name in sorted(set(read(out + "/subtests").split()) - listed):
        # IGT's own programs may have more than is asked of a driver.
        if not name.startswith("vmb_"):
            continue
        test = Test(name)
        test.fail(f"the list of {driver} does not have it")
        tests.append(test)


def guest(out, tests, status):
    """What happened outside of all tests is a result of its own."""
    test = Test("guest@whole-run")
    said = read(out + "/failure").strip() or read(out + "/guest").strip()
    if status == 0:
        test.verdict, test.why = PASS, ""
    else:
        said = said or f"status {status}"
        test.fail(said.splitlines()[0], said)
    tests.append(test)


def programs(tests):
    """Program and its tests, in the order of the list."""
    by = {}
    for test in tests:
        by.setdefault(test.program, []).append(test)
    return by.items()


def count(tests, verdict):
    return sum(test.verdict == verdict for test in tests)


def totals(tests):
    return (f"{count(tests, PASS)} passed, {count(tests, FAIL)} failed, "
            f"{count(tests, SKIP)} skipped")


def print_table(tests, out, title):
    width = max(len(name) for name, _ in programs(tests))
    print(f"{title:{width}}  passed  failed skipped  seconds")
    for name, some in programs(tests):
        print(f"{name:{width}} {count(some, PASS):7d} {count(some, FAIL):7d} "
              f"{count(some, SKIP):7d} {sum(t.seconds for t in some):8.1f}")
    for test in tests:
        if test.verdict == SKIP:
            print(f"skipped: {test.name}: {test.why}")
    failed = [test for test in tests if test.verdict == FAIL]
    for test in failed[:NAMED]:
        print(f"FAILED: {test.name}: {test.why}")
        for line in test.text.strip().splitlines()[:SHOWN]:
            print("    | " + line)
    if len(failed) > NAMED:
        print(f"and {len(failed) - NAMED} more that failed")
    print(f"{totals(tests)}; {out}/index.html")


def print_ktap(tests):
    print("KTAP version 1")
    print(f"1..{len(tests)}")
    for number, test in enumerate(tests, 1):
        if test.verdict == FAIL:
            print(f"# {test.why}")
            for line in test.text.strip().splitlines()[:SHOWN]:
                print("# " + line)
        word = "not ok" if test.verdict == FAIL else "ok"
        skip = f" # SKIP {test.why}" if test.verdict == SKIP else ""
        print(f"{word} {number} - {test.name}{skip}")


def print_list(tests, out, driver):
    """The list of the driver, with what the programs have now."""
    old = read(f"igt-tests/lists/{driver}.list").splitlines()
    head = [line for line in old if line.startswith("#")]
    # What depends on more than this run.
    kept = dict(line.split(" ", 1) for line in old
                if re.match(r"\S+ (late|fails|skip \S+)( \S+)?:", line))
    lines = []
    judged = {test.name: test for test in tests}
    for name in read(out + "/subtests").split():
        test = judged.get(name)
        skip = test and (test.verdict == SKIP or "skipped, which" in test.why)
        why = test.why.split("does not say: ")[-1] if skip else ""
        rest = kept.get(name, f"skip: {why}" if skip else "")
        lines.append(f"{name} {rest}".rstrip())
    with open(out + "/list", "w", encoding="utf-8") as file:
        file.write("\n".join(head + lines) + "\n")


def plain(text):
    """Without what XML and terminals do not agree on."""
    return re.sub(r"[^\t\n\x20-\x7e]", "?", text)


def write_junit(tests, path):
    with open(path, "w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n')
        for name, some in programs(tests):
            file.write(
                f"<testsuite name={quoteattr(name)} tests=\"{len(some)}\" "
                f"failures=\"{count(some, FAIL)}\" skipped=\"{count(some, SKIP)}\" "
                f"time=\"{sum(t.seconds for t in some):.3f}\">\n")
            for test in some:
                file.write(f"<testcase classname={quoteattr(name)} "
                           f"name={quoteattr(test.subtest)} "
                           f"time=\"{test.seconds:.3f}\">")
                if test.verdict == FAIL:
                    file.write(f"<failure message={quoteattr(plain(test.why))}>"
                               f"{escape(plain(test.text))}</failure>")
                elif test.verdict == SKIP:
                    file.write(f"<skipped message={quoteattr(plain(test.why))}/>")
                file.write("</testcase>\n")
            file.write("</testsuite>\n")
        file.write("</testsuites>\n")


STYLE = """body{font-family:sans-serif;margin:2em}
table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:left;
border-bottom:1px solid #ccc}.pass{color:#070}.fail{color:#b00;font-weight:bold}
.skip{color:#777}pre{background:#f4f4f4;padding:.6em;overflow:auto}"""


def write_html(tests, path, title):
    def row(test):
        text = html.escape(test.why)
        if test.verdict == FAIL:
            text = (f"<details><summary>{text}</summary><pre>"
                    f"{html.escape(plain(test.text))}</pre></details>")
        return (f"<tr><td>{html.escape(test.subtest)}</td>"
                f'<td class="{test.verdict}">{test.verdict}</td>'
                f"<td>{test.seconds:.2f} s</td><td>{text}</td></tr>\n")

    with open(path, "w", encoding="utf-8") as file:
        file.write(f'<!DOCTYPE html><html lang="en"><meta charset="utf-8">'
                   f"<title>{html.escape(title)}</title><style>{STYLE}</style>"
                   f"<h1>{html.escape(title)}</h1><p>{totals(tests)}</p>\n")
        for name, some in programs(tests):
            file.write(f"<h2>{html.escape(name)}</h2><p>{totals(some)}</p>"
                       "<table><tr><th>subtest<th>result<th>time<th></tr>\n")
            file.writelines(row(test) for test in some)
            file.write("</table>\n")
        file.write("</html>\n")


def main():
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    form, driver, kernel, out, status = sys.argv[1:]
    title = f"{driver}, {kernel}"
    if read(out + "/failure") and not (read(out + "/results.json") or
                                       glob.glob(out + "/direct/*.err")):
        sys.exit("igt: " + read(out + "/failure").strip())
    if os.path.isdir(out + "/direct"):
        read_direct(out)
    tests = load(out, driver, kernel)
    if form == "record":
        print_list(tests, out, driver)
    strangers(out, tests, driver)
    guest(out, tests, int(status))
    write_junit(tests, os.path.join(out, "junit.xml"))
    write_html(tests, os.path.join(out, "index.html"), title)
    if form == "ktap":
        print_ktap(tests)
    else:
        print_table(tests, out, title)
    sys.exit(1 if count(tests, FAIL) else 0)


main()
