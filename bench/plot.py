# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# Plots as SVG: time against n, both axes logarithmic.

import math
import os

import rows

COLOURS = {"kernel": "#b3541e", "ref": "#1a5fb4", "latency": "#777777"}
NAMES = {"kernel": "the kernel's core", "ref": "this core",
         "latency": "one dependent access to memory"}
CELL = (300, 220)
PAD = {"left": 52, "right": 14, "top": 30, "bottom": 34}
COLUMNS = 3

PLOTS = {
    "mappings.svg": rows.TABLE,
    "objects.svg": ("obtain", "obtain-last", "obtain-prealloc", "exec-lock", "exec-lock-resv"),
    "patterns.svg": ("replace-clustered", "replace-strided", "trace",
                     "overlap-4", "overlap-16", "overlap-64"),
}


def short(value):
    for limit, suffix in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return "%g%s" % (value / limit, suffix)
    return "%g" % value


def points_of(lines, row, core):
    return sorted((line["n"], line[core]) for line in lines
                  if line["row"] == row and line[core] > 0)


class Cell:
    """One set of axes in the grid."""

    def __init__(self, index, xs, ys):
        self.x0 = (index % COLUMNS) * CELL[0] + PAD["left"]
        self.y0 = (index // COLUMNS) * CELL[1] + PAD["top"]
        self.width = CELL[0] - PAD["left"] - PAD["right"]
        self.height = CELL[1] - PAD["top"] - PAD["bottom"]
        self.xs = (min(xs), max(max(xs), min(xs) * 1.01))
        self.ys = (10 ** math.floor(math.log10(min(ys))),
                   10 ** math.ceil(math.log10(max(ys) * 1.001)))

    def x(self, value):
        low, high = map(math.log, self.xs)
        return self.x0 + self.width * (math.log(value) - low) / (high - low)

    def y(self, value):
        low, high = map(math.log, self.ys)
        return self.y0 + self.height * (1 - (math.log(value) - low) / (high - low))

    def axes(self, title, ticks):
        yield '<text x="%d" y="%d" class="title">%s</text>' % (
            self.x0, self.y0 - 12, title)
        power = self.ys[0]
        while power <= self.ys[1] * 1.001:
            yield '<path class="grid" d="M%.1f %.1fh%d"/>' % (
                self.x0, self.y(power), self.width)
            yield '<text x="%.1f" y="%.1f" class="tick" text-anchor="end">%s ns</text>' % (
                self.x0 - 5, self.y(power) + 4, short(power))
            power *= 10
        for tick in ticks:
            yield '<text x="%.1f" y="%.1f" class="tick" text-anchor="middle">%s</text>' % (
                self.x(tick), self.y0 + self.height + 16, short(tick))

    def line(self, points, core):
        path = "L".join("%.1f %.1f" % (self.x(n), self.y(ns)) for n, ns in points)
        dash = ' stroke-dasharray="4 3"' if core == "latency" else ""
        yield '<path d="M%s" fill="none" stroke="%s" stroke-width="2"%s/>' % (
            path, COLOURS[core], dash)
        if core != "latency":
            for n, ns in points:
                yield '<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (
                    self.x(n), self.y(ns), COLOURS[core])


def draw_row(index, row, lines):
    curves = {core: points_of(lines, row, core) for core in rows.CORES}
    sizes = [n for n, _ in curves["ref"]]
    if rows.ROWS[row][0] not in ("exec", "obtain"):
        curves["latency"] = sorted((line["n"], rows.machine(line)) for line in lines
                                   if line["row"] == "latency" and line["n"] in sizes)
    flat = [point for points in curves.values() for point in points]
    cell = Cell(index, [n for n, _ in flat], [ns for _, ns in flat])
    yield from cell.axes(rows.ROWS[row][1], sizes)
    for core, points in curves.items():
        if points:
            yield from cell.line(points, core)


def legend(y):
    x = PAD["left"]
    for core, name in NAMES.items():
        yield '<rect x="%d" y="%d" width="14" height="4" fill="%s"/>' % (
            x, y - 6, COLOURS[core])
        yield '<text x="%d" y="%d" class="tick">%s</text>' % (x + 20, y, name)
        x += 60 + 7 * len(name)


def draw(names, lines):
    names = [row for row in names if points_of(lines, row, "ref") and
             points_of(lines, row, "kernel")]
    if not names:
        return None
    height = math.ceil(len(names) / COLUMNS) * CELL[1] + 24
    width = min(len(names), COLUMNS) * CELL[0]
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d"'
             ' viewBox="0 0 %d %d">' % (width, height, width, height),
             '<!-- SPDX-License-Identifier: GPL-2.0-only OR MIT -->',
             '<style>text{font:11px sans-serif;fill:#333}.title{font-weight:bold}'
             '.tick{fill:#555}.grid{stroke:#ddd}</style>',
             '<rect width="100%" height="100%" fill="#fff"/>']
    for index, row in enumerate(names):
        parts += draw_row(index, row, lines)
    parts += legend(height - 8)
    return "\n".join(parts + ["</svg>", ""])


def plot_all(lines, out):
    """Writes the plots that there are points for."""
    for name, names in PLOTS.items():
        text = draw(names, lines)
        if text:
            with open(os.path.join(out, name), "w") as file:
                file.write(text)
