# SPDX-License-Identifier: GPL-2.0
"""The table of the benchmark as a picture: bars of nvmft's share of nvmet's cost."""
from xml.sax.saxutils import escape

LEFT, WIDTH, BAR, GAP, TOP, FOOT = 220, 460, 9, 12, 64, 30
SCALE = 1.25        # the ratio at the right end
SHOWN = (("own", "target's side", "#1b6ca8"), ("whole", "whole guest", "#8fb8de"))


def text(x, y, content, extra=""):
    return f'<text x="{x}" y="{y}" {extra}>{escape(content)}</text>'


def bar(row, metric, colour, y):
    value = row["ratio"][metric]
    width = min(value, SCALE) / SCALE * WIDTH
    yield f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>'
    yield text(f"{LEFT + width + 4:.1f}", y + BAR, f"{value:.2f}", 'font-size="10"')


def svg(about):
    step = len(SHOWN) * BAR + GAP
    height = TOP + step * len(about["rows"]) + FOOT
    one = LEFT + WIDTH / SCALE
    parts = [
        "<!-- SPDX-License-Identifier: GPL-2.0 -->",
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 60}" height="{height}"'
        ' font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        text(10, 20, f"Instructions per I/O, nvmft / nvmet, Linux {about['kernel']}, {about['date']}",
             'font-size="14"')]
    for n, (_, label, colour) in enumerate(SHOWN):
        parts.append(f'<rect x="{LEFT + 120 * n}" y="34" width="12" height="12" fill="{colour}"/>')
        parts.append(text(LEFT + 120 * n + 18, 44, label))
    for n, row in enumerate(about["rows"]):
        y = TOP + n * step
        parts.append(text(LEFT - 8, y + BAR + 4, row["workload"], 'text-anchor="end"'))
        for k, (metric, _, colour) in enumerate(SHOWN):
            parts += bar(row, metric, colour, y + k * BAR)
    parts.append(f'<line x1="{one}" x2="{one}" y1="{TOP - 6}" y2="{height - FOOT}" stroke="#c33"/>')
    parts.append(text(one, height - 10, "1: nvmet", 'text-anchor="middle" fill="#c33"'))
    return "\n".join(parts) + "\n</svg>\n"
