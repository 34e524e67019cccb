# SPDX-License-Identifier: GPL-2.0
"""stats: what has been counted since the objects were made, for people."""

from typing import Callable, Iterator, Mapping, Sequence

from .procfs import Row
from .prometheus import by_prefix
from .traffic import Traffic, percentile
from .units import duration, scaled, table

Rows = Mapping[str, list[Row]]
HEADS = ("READS", "WRITES", "OTHERS", "READ", "WRITTEN", "FAILED", "P50", "P99", "P99.9")


def traffic_cells(row: Row) -> list[str]:
    """Under HEADS."""
    traffic = Traffic.of(row)
    both = [a + b for a, b in zip(traffic.read_lat, traffic.write_lat)]
    return [scaled(traffic.reads), scaled(traffic.writes), scaled(traffic.others),
            scaled(traffic.read_bytes) + "B", scaled(traffic.write_bytes) + "B",
            scaled(traffic.errors), *(duration(percentile(both, share))
                                      for share in (0.5, 0.99, 0.999))]


def reasons(row: Row, prefixes: Sequence[str]) -> str:
    """Those that have happened: "kato 2, lost 1"."""
    return ", ".join(f"{prefix if len(prefixes) > 1 else ''}{kind} {count}" for prefix in prefixes
                     for kind, count in by_prefix(row, prefix).items() if count)


def namespaces(rows: list[Row]) -> list[str]:
    """A table."""
    return table(("NAMESPACE", *HEADS), [[f"{row.get('subsys')}/{row.get('nsid')}",
                                          *traffic_cells(row)] for row in rows], HEADS)


def hosts(rows: list[Row]) -> list[str]:
    """A table; hosts have no histogram."""
    heads = HEADS[:6]
    return table(("HOST", "SESSIONS", "CONNECTS", *heads, "ENDED"), [
        [str(row.get("hostnqn")), str(row.get("sessions")), str(row.get("connects")),
         *traffic_cells(row)[:6], reasons(row, ["ended_"])] for row in rows],
        ("SESSIONS", "CONNECTS", *heads))


def ports(rows: list[Row]) -> list[str]:
    """A table."""
    return table(("PORT", "ADDRESS", "CONNECTIONS", "ACCEPTS", "CONNECTS", "TROUBLE"), [
        [str(row.get("port")), f"{row.get('traddr')} {row.get('trsvcid')}",
         str(row.get("connections")), str(row.get("accepts")), str(row.get("connects")),
         reasons(row, ["refused_", "pdu_", "hdgst_", "ddgst_", "ended_"])] for row in rows],
        ("CONNECTIONS", "ACCEPTS", "CONNECTS"))


def errors(rows: list[Row]) -> list[str]:
    """A table; of namespaces and hosts, which outlive controllers."""
    return table(("ERRORS OF", "SCT", "SC", "COUNT"), [
        [str(row.get("hostnqn")) if row.get("object") == "host"
         else f"{row.get('subsys')}/{row.get('nsid')}", f"{row.get('sct', 0):x}h",
         f"{row.get('sc', 0):02x}h", str(row.get("count"))]
        for row in rows if row.get("object") in ("host", "namespace")], ("SCT", "SC", "COUNT"))


PARTS: tuple[tuple[str, Callable[[list[Row]], list[str]]], ...] = (
    ("namespaces", namespaces), ("hosts", hosts), ("ports", ports), ("errors", errors))


def to_lines(rows: Rows) -> Iterator[str]:
    """Tables of what there is."""
    first = True
    for name, part in PARTS:
        lines = part(rows[name])
        if len(lines) > 1:
            if not first:
                yield ""
            yield from lines
            first = False
    if first:
        yield "nothing is configured, and nobody has connected"
