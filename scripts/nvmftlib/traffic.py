# SPDX-License-Identifier: GPL-2.0
"""Counters of what hosts do, and what they make in a second."""

import time
from dataclasses import dataclass, field
from typing import Any, Iterable

from .procfs import FILES, Reports, Row

BUCKETS = 24
SUMS = ("reads", "writes", "others", "read_bytes", "write_bytes", "errors")
MICROSECOND = 1e-6


def upper(bucket: int) -> float:
    """Where a bucket of a latency histogram ends, in seconds; the last has no end."""
    return float(1 << bucket) * MICROSECOND if bucket < BUCKETS - 1 else float("inf")


def percentile(histogram: list[int], share: float) -> float | None:
    """Latency in seconds that @share (0 to 1) of the commands were within.

    Between the bounds of its bucket it is taken to grow evenly; of the last
    bucket only the beginning is known.
    """
    rank, seen = share * sum(histogram), 0
    if not rank:
        return None
    for bucket, count in enumerate(histogram):
        if count and seen + count >= rank:
            low = upper(bucket - 1) if bucket else 0.0
            if bucket >= BUCKETS - 1:
                return low
            return low + (upper(bucket) - low) * (rank - seen) / count
        seen += count
    return None


@dataclass
class Traffic:
    """Commands, bytes, errors and latencies; of all time, or of an interval."""

    reads: int = 0
    writes: int = 0
    others: int = 0
    read_bytes: int = 0
    write_bytes: int = 0
    errors: int = 0
    inflight: int = 0
    read_lat: list[int] = field(default_factory=lambda: [0] * BUCKETS)
    write_lat: list[int] = field(default_factory=lambda: [0] * BUCKETS)

    @classmethod
    def of(cls, row: Row) -> "Traffic":
        """What a line of a file says."""
        found = cls()
        for name in (*SUMS, "inflight"):
            setattr(found, name, int(row.get(name, 0)))
        for name in ("read_lat", "write_lat"):
            counts = list(row.get(name, ()))[:BUCKETS]
            setattr(found, name, counts + [0] * (BUCKETS - len(counts)))
        return found

    def commands(self) -> int:
        """All of them."""
        return self.reads + self.writes + self.others

    def plus(self, other: "Traffic") -> "Traffic":
        """Both."""
        found = Traffic()
        for name in (*SUMS, "inflight"):
            setattr(found, name, getattr(self, name) + getattr(other, name))
        for name in ("read_lat", "write_lat"):
            setattr(found, name, [a + b for a, b in zip(getattr(self, name),
                                                        getattr(other, name))])
        return found

    def since(self, before: "Traffic") -> "Traffic":
        """What has been added. Where less is there than before, it was made anew."""
        if any(getattr(self, name) < getattr(before, name) for name in SUMS):
            return self
        found = Traffic(inflight=self.inflight)
        for name in SUMS:
            setattr(found, name, getattr(self, name) - getattr(before, name))
        for name in ("read_lat", "write_lat"):
            setattr(found, name, [max(a - b, 0) for a, b in zip(getattr(self, name),
                                                                getattr(before, name))])
        return found


def total(many: Iterable[Traffic]) -> Traffic:
    """The sum."""
    found = Traffic()
    for each in many:
        found = found.plus(each)
    return found


class Sample:
    """All that the module says at one moment."""

    def __init__(self, reports: Reports, files: Iterable[str] = FILES) -> None:
        self.rows = {name: reports.rows(name) for name in files}
        self.when = time.monotonic()

    def __getitem__(self, name: str) -> list[Row]:
        return self.rows[name]

    def by(self, name: str, *keys: str) -> dict[tuple[Any, ...], Traffic]:
        """Traffic of a file's lines, summed over those that agree in @keys."""
        found: dict[tuple[Any, ...], Traffic] = {}
        for row in self.rows[name]:
            key = tuple(row.get(each, "") for each in keys)
            found[key] = found.get(key, Traffic()).plus(Traffic.of(row))
        return found


def increase(after: dict[tuple[Any, ...], Traffic], before: dict[tuple[Any, ...], Traffic]
             ) -> dict[tuple[Any, ...], Traffic]:
    """Of each that is there; one that was not there before began at 0."""
    return {key: traffic.since(before.get(key, Traffic())) for key, traffic in after.items()}
