# SPDX-License-Identifier: GPL-2.0
"""Who is connected: what sessions shows and terminate ends."""

import time
from typing import Any, Sequence

from .errors import Failed
from .procfs import Reports, Row
from .traffic import Sample, Traffic, increase
from .units import printable, scaled, shorten, table

NAMES = ("SUBSYSTEM", "HOST")
NUMBERS = ("ID", "PORT", "QUEUES", "KATO", "IOPS", "READ/s", "WRITE/s")
# What a narrow terminal goes without, the first first.
SPARE = ("HOST ID", "STATE", "QUEUES", "WRITE/s", "READ/s", "KATO")
NAME_WIDTH = 20


def measure(reports: Reports, seconds: float) -> list[Row]:
    """The sessions, and what they have done in these @seconds (0: not asked for)."""
    keys = ("subsys", "cntlid", "hostid")
    before = Sample(reports, ["sessions"])
    if seconds:
        time.sleep(seconds)
    after = Sample(reports, ["sessions"]) if seconds else before
    done = increase(after.by("sessions", *keys), before.by("sessions", *keys))
    passed = after.when - before.when
    rows = []
    for row in after["sessions"]:
        traffic = done.get(tuple(row.get(key, "") for key in keys), Traffic())
        rows.append(row if not seconds else row | {
            "iops": round(traffic.commands() / passed, 1),
            "read_bytes_per_s": round(traffic.read_bytes / passed),
            "write_bytes_per_s": round(traffic.write_bytes / passed)})
    return rows


def digests(row: Row) -> str:
    """Which are on."""
    return "+".join(name for name, key in (("header", "hdgst"), ("data", "ddgst"))
                    if row.get(key)) or "none"


def seconds_of(milliseconds: Any) -> str:
    """One digit behind the point."""
    return f"{int(milliseconds or 0) / 1000:.1f}"


def keep_alive(row: Row) -> str:
    """Seconds until the session ends if nothing comes."""
    return seconds_of(row.get("kato_left_ms")) if row.get("kato_ms") else "-"


def rate(row: Row, key: str) -> str:
    """Where it was measured."""
    return scaled(row[key]) if key in row else "-"


def cells(row: Row) -> dict[str, str]:
    """Of the table."""
    return {"SUBSYSTEM": str(row.get("subsys", "")), "ID": str(row.get("cntlid", "")),
            "HOST": str(row.get("hostnqn", "")), "HOST ID": str(row.get("hostid", "")),
            "ADDRESS": str(row.get("addr", "")), "PORT": str(row.get("port", "")),
            "STATE": str(row.get("state", "")), "QUEUES": str(row.get("queues", "")),
            "DIGESTS": digests(row), "KATO": keep_alive(row), "IOPS": rate(row, "iops"),
            "READ/s": rate(row, "read_bytes_per_s"), "WRITE/s": rate(row, "write_bytes_per_s")}


def as_table(rows: Sequence[Row], width: int | None = None) -> list[str]:
    """A line for each; in @width columns if that can be done."""
    found = [cells(row) for row in rows]
    head = list(cells({}))

    def needs(name: str, least: int) -> int:
        longest = max(len(name), *(len(each[name]) for each in found))
        return 2 + (min(longest, least) if name in NAMES else longest)

    if width and found:
        for name in SPARE:
            if sum(needs(each, NAME_WIDTH) for each in head) - 2 > width:
                head.remove(name)
        room = width + 2 - sum(needs(each, 0) for each in head)
        for each in found:
            for name in NAMES:
                each[name] = shorten(each[name], max(room // len(NAMES), 8))
    return table(head, [[each[name] for name in head] for each in found], NUMBERS)


def in_full(row: Row) -> list[str]:
    """All of one session."""
    lines = [f"{row.get('subsys')}/{row.get('cntlid')}",
             f"  host        {row.get('hostnqn')}",
             f"  host id     {row.get('hostid')}",
             f"  address     {row.get('addr')}, by port {row.get('port')} ({row.get('traddr')})",
             f"  state       {row.get('state')}, {row.get('type')}, for "
             f"{seconds_of(row.get('age_ms'))} s",
             f"  queues      {row.get('queues')} of {row.get('size')} entries, digests: "
             f"{digests(row)}",
             "  keep alive  " + (f"{keep_alive(row)} of {seconds_of(row['kato_ms'])} s left"
                                 if row.get("kato_ms") else "none"),
             f"  commands    {row.get('reads')} reads ({scaled(row.get('read_bytes', 0))}B), "
             f"{row.get('writes')} writes ({scaled(row.get('write_bytes', 0))}B), "
             f"{row.get('others')} others, {row.get('errors')} failed, "
             f"{row.get('inflight')} in progress"]
    if "iops" in row:
        lines.append(f"  now         {rate(row, 'iops')} commands/s, read "
                     f"{rate(row, 'read_bytes_per_s')}B/s, write "
                     f"{rate(row, 'write_bytes_per_s')}B/s")
    return [printable(line) for line in lines]


def chosen(rows: Sequence[Row], session: str | None, host: str | None, subsystem: str | None,
           everything: bool) -> list[Row]:
    """Those that are meant by NQN/CNTLID, or CNTLID where only one has it, or by the others."""
    if session is None:
        return [row for row in rows if everything or host is not None and row.get("hostnqn") == host
                or subsystem is not None and row.get("subsys") == subsystem]
    nqn, slash, cntlid = session.rpartition("/")
    if not cntlid.isdigit():
        raise Failed(f"{session}: not a session; nvmftcli sessions shows SUBSYSTEM and ID: "
                     "SUBSYSTEM/ID, or ID")
    found = [row for row in rows if row.get("cntlid") == int(cntlid)
             and (not slash or row.get("subsys") == nqn)]
    if len(found) > 1:
        raise Failed(f"{session}: {len(found)} sessions have that id: "
                     + ", ".join(f"{row.get('subsys')}/{cntlid}" for row in found))
    return found


def terminate(reports: Reports, rows: Sequence[Row]) -> list[Row]:
    """Those that were still there to be ended."""
    return [row for row in rows if reports.terminate(str(row["subsys"]), int(row["cntlid"]))]


def count(rows: Sequence[Row], key: str, wanted: Any) -> str:
    """"2 sessions", or nothing where there is none."""
    number = sum(row.get(key) == wanted for row in rows)
    return f"{number} session{'s' if number != 1 else ''}" if number else ""
