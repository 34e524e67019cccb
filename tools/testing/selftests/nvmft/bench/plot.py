# SPDX-License-Identifier: GPL-2.0
"""The tables as pictures: bars of nvmft's share of nvmet's cost, curves of growth."""
import math
from xml.sax.saxutils import escape

import goals
import tables

LEFT, WIDTH, BAR, GAP, TOP, FOOT = 220, 460, 10, 12, 64, 30
SCALE = 1.25        # the ratio at the right end
SHOWN = (("own", "target's side", "#1b6ca8"), ("whole", "whole guest", "#8fb8de"))
GOAL, ONE = "#1a1a1a", "#c33333"
# A panel of growth, and how it stands in the picture
PANEL_W, PANEL_H, MARGIN_X, MARGIN_Y, COLUMNS = 300, 170, 70, 70, 2
CURVES = (("nvmft", "#1b6ca8"), ("nvmet", "#c33333"))


def text(x, y, content, extra=""):
    return f'<text x="{x}" y="{y}" {extra}>{escape(content)}</text>'


def line(x1, y1, x2, y2, colour, extra=""):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" {extra}/>'


def picture(width, height, title, parts):
    return "\n".join([
        "<!-- SPDX-License-Identifier: GPL-2.0 -->",
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        ' font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        text(10, 20, title, 'font-size="14"'), *parts]) + "\n</svg>\n"


def place(value):
    """Of a ratio, from the left."""
    return LEFT + min(value, SCALE) / SCALE * WIDTH


def bar(value, colour, y):
    return f'<rect x="{LEFT}" y="{y}" width="{place(value) - LEFT:.1f}" height="{BAR}" fill="{colour}"/>'


def label(value, y, goal):
    """What stands on and beside a bar."""
    end = place(value)
    if goal:
        yield line(place(goal), y, place(goal), y + BAR, GOAL, 'stroke-width="2"')
        end = max(end, place(goal)) if place(goal) - end < 30 else end
    yield text(f"{end + 4:.1f}", y + BAR - 1, f"{value:.2f}", 'font-size="10"')


def bars(about):
    step = len(SHOWN) * BAR + GAP
    height = TOP + step * len(about["rows"]) + FOOT
    bounds = {name: goal for goal in goals.GOALS for name in goal.workloads}
    parts = []
    for n, (_, what, colour) in enumerate(SHOWN):
        parts.append(f'<rect x="{LEFT + 120 * n}" y="34" width="12" height="12" fill="{colour}"/>')
        parts.append(text(LEFT + 120 * n + 18, 44, what))
    parts.append(line(LEFT + 246, 34, LEFT + 246, 46, GOAL, 'stroke-width="2"'))
    parts.append(text(LEFT + 258, 44, "its goal"))
    for n, row in enumerate(about["rows"]):
        y = TOP + n * step
        parts.append(text(LEFT - 8, y + BAR + 4, row["workload"], 'text-anchor="end"'))
        bound = bounds.get(row["workload"])
        parts += [bar(row["ratio"][metric], colour, y + k * BAR)
                  for k, (metric, _, colour) in enumerate(SHOWN)]
        for k, (metric, _, _) in enumerate(SHOWN):
            parts += label(row["ratio"][metric], y + k * BAR, bound and getattr(bound, metric))
    parts.append(line(place(1), TOP - 6, place(1), height - FOOT, ONE))
    parts.append(text(place(1), height - 10, "1: nvmet", f'text-anchor="middle" fill="{ONE}"'))
    return picture(LEFT + WIDTH + 60, height, "Instructions per I/O, nvmft / nvmet, Linux "
                   f"{about['kernel']}, {about['cpus']} CPU(s), {about['date']}", parts)


def panel(title, rows, left, top):
    """One table of growth: the target's side over a logarithmic number of things."""
    numbers = [int(n) for n in rows]
    highest = max(both[t]["own"] for both in rows.values() for t in tables.BOTH) * 1.1

    def spot(number, value):
        return (left + math.log2(number) / math.log2(max(numbers)) * PANEL_W,
                top + PANEL_H * (1 - value / highest))

    yield text(left, top - 10, title, 'font-size="13"')
    yield line(left, top, left, top + PANEL_H, GOAL)
    yield line(left, top + PANEL_H, left + PANEL_W, top + PANEL_H, GOAL)
    step = 10 ** math.floor(math.log10(highest))
    step = step if highest / step > 2 else max(step // 2, 1)
    for value in range(0, int(highest) + 1, step):
        x, y = spot(1, value)
        yield line(x - 4, y, x, y, GOAL)
        yield text(f"{x - 8:.1f}", f"{y + 4:.1f}", str(value), 'text-anchor="end" font-size="10"')
    for number in numbers:
        x, y = spot(number, 0)
        yield text(f"{x:.1f}", f"{y + 15:.1f}", str(number), 'text-anchor="middle" font-size="10"')
    for name, colour in CURVES:
        spots = [spot(n, rows[str(n)][name]["own"]) for n in numbers]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for x, y in spots:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'


def curves(about):
    grown = {name: rows for name, rows in about["growth"].items() if name != "memory"}
    lines = -(-len(grown) // COLUMNS)
    parts = []
    for n, (name, colour) in enumerate(CURVES):
        parts.append(line(MARGIN_X + 100 * n, 40, MARGIN_X + 100 * n + 20, 40, colour,
                          'stroke-width="2"'))
        parts.append(text(MARGIN_X + 100 * n + 26, 44, name))
    for n, (name, rows) in enumerate(grown.items()):
        parts += panel(name, rows, MARGIN_X + n % COLUMNS * (PANEL_W + MARGIN_X),
                       80 + n // COLUMNS * (PANEL_H + MARGIN_Y))
    return picture(MARGIN_X + COLUMNS * (PANEL_W + MARGIN_X), 80 + lines * (PANEL_H + MARGIN_Y),
                   f"Instructions per I/O, target's side, Linux {about['kernel']}, {about['date']}", parts)
