# SPDX-License-Identifier: GPL-2.0
"""Numbers for people, and tables of them."""

from typing import Sequence

PREFIXES = ("", "k", "M", "G", "T", "P", "E")


def scaled(value: float, digits: int = 3) -> str:
    """With @digits figures that count and a decimal prefix: 12.3k; small ones whole."""
    size = 0
    while round(abs(value), 0 if size == 0 else 2) >= 1000 and size < len(PREFIXES) - 1:
        value /= 1000
        size += 1
    if size == 0:
        return f"{value:.0f}"
    whole = len(str(int(abs(value))))
    return f"{value:.{max(0, digits - whole)}f}{PREFIXES[size]}"


def duration(seconds: float | None) -> str:
    """A latency: 87us, 1.25ms, 2.10s; "-" where none is known."""
    if seconds is None:
        return "-"
    for unit, factor in (("us", 1e6), ("ms", 1e3), ("s", 1.0)):
        value = seconds * factor
        if value < 999.5 or unit == "s":
            digits = 0 if unit == "us" and value >= 9.95 else 2 if value < 9.995 else 1
            return f"{value:.{digits if value < 99.95 else 0}f}{unit}"
    raise AssertionError("not reached")


def shorten(text: str, width: int) -> str:
    """What tells names apart is at their ends, so the middle goes."""
    if len(text) <= width:
        return text
    if width < 8:
        return text[:max(width, 0)]
    head = min(4, width // 3)
    return f"{text[:head]}~{text[len(text) - (width - head - 1):]}"


def printable(text: str) -> str:
    """Nothing that a terminal would obey: names come from hosts."""
    return "".join(char if char.isprintable() else "?" for char in text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str]
          ) -> list[str]:
    """Lines with columns as wide as they have to be; those named in @right are numbers."""
    cells = [[printable(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return ["  ".join(cell.rjust(width) if name in right else cell.ljust(width)
                      for name, cell, width in zip(head, row, widths)).rstrip() for row in cells]
