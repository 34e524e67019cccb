# SPDX-License-Identifier: GPL-2.0
"""top: what goes on at the moment, page after page."""

import time
from dataclasses import dataclass
from typing import Any, Callable, Iterator

from .procfs import Reports, Row
from .screen import Screen
from .traffic import Sample, Traffic, increase, percentile, total
from .units import duration, printable, scaled, shorten

FILES = ("sessions", "queues", "namespaces", "hosts")
SHARES = (("P50", 0.5), ("P99", 0.99), ("P99.9", 0.999))
INTERVALS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)

Key = tuple[Any, ...]
Measured = dict[Key, Traffic]


def latencies(traffic: Traffic, which: str) -> list[int]:
    """The histogram of reads, of writes, or of both."""
    if which == "reads":
        return traffic.read_lat
    if which == "writes":
        return traffic.write_lat
    return [a + b for a, b in zip(traffic.read_lat, traffic.write_lat)]


def of_subsystems(sample: Sample) -> Measured:
    """All namespaces of each; what is in progress is in the lines of queues."""
    found = sample.by("namespaces", "subsys")
    for key, traffic in sample.by("queues", "subsys").items():
        if key in found:
            found[key].inflight = traffic.inflight
    return found


def of_namespaces(sample: Sample) -> Measured:
    """Each by itself."""
    return sample.by("namespaces", "subsys", "nsid")


def of_queues(sample: Sample) -> Measured:
    """Each by itself."""
    return sample.by("queues", "subsys", "cntlid", "qid")


def of_hosts(sample: Sample) -> Measured:
    """The counters of hosts; latencies and what is in progress are in the lines of queues."""
    owner = {(row.get("subsys"), row.get("cntlid")): row.get("hostnqn", "")
             for row in sample["sessions"]}
    found = sample.by("hosts", "hostnqn")
    for (subsys, cntlid, _), traffic in of_queues(sample).items():
        host = found.get((owner.get((subsys, cntlid)),))
        if host:
            there = total([host, traffic])
            host.read_lat, host.write_lat = there.read_lat, there.write_lat
            host.inflight = there.inflight
    return found


@dataclass
class View:
    """One kind of objects."""

    title: str
    measured: Callable[[Sample], Measured]
    name: Callable[[Key], str]


BY_NAMESPACE = View("namespaces", of_namespaces, lambda key: f"{key[0]}/{key[1]}")
VIEWS = (
    View("subsystems", of_subsystems, lambda key: str(key[0])),
    BY_NAMESPACE,
    View("hosts", of_hosts, lambda key: str(key[0])),
    View("queues", of_queues, lambda key: f"{key[0]}/{key[1]}q{key[2]}"),
)
NUMBERS = tuple(str(number + 1) for number in range(len(VIEWS)))
TITLES = tuple(view.title for view in VIEWS)


@dataclass
class Column:
    """A number of a line; what has a @weight can be sorted by."""

    head: str
    width: int
    weight: Callable[[Traffic, "Page"], float]
    text: Callable[[Traffic, "Page"], str]


def rate(head: str, width: int, amount: Callable[[Traffic], int]) -> Column:
    """So many in a second."""
    def per_second(traffic: Traffic, page: "Page") -> float:
        return amount(traffic) / page.seconds
    return Column(head, width, per_second,
                  lambda traffic, page: scaled(per_second(traffic, page)))


def latency(head: str, share: float) -> Column:
    """What that share of the commands was within."""
    def within(traffic: Traffic, page: "Page") -> float | None:
        return percentile(latencies(traffic, page.which), share)
    return Column(head, 6, lambda traffic, page: within(traffic, page) or 0.0,
                  lambda traffic, page: duration(within(traffic, page)))


COLUMNS = (
    rate("IOPS", 6, Traffic.commands),
    rate("READ/s", 7, lambda traffic: traffic.read_bytes),
    rate("WRITE/s", 8, lambda traffic: traffic.write_bytes),
    *(latency(head, share) for head, share in SHARES),
    rate("ERR/s", 6, lambda traffic: traffic.errors),
    Column("QD", 4, lambda traffic, page: traffic.inflight,
           lambda traffic, page: page.in_progress(traffic)),
)
# Where there is room, behind IOPS.
MORE = (rate("READS", 6, lambda traffic: traffic.reads),
        rate("WRITES", 7, lambda traffic: traffic.writes))
ROOMY = 110
BATCH_WIDTH = 132


class Page:
    """What lies between two samples, as lines of text."""

    def __init__(self, before: Sample, after: Sample, view: View, which: str = "all",
                 sort: int = 0) -> None:
        self.seconds = max(after.when - before.when, 1e-6)
        self.view = view
        self.which = which
        self.sort = sort
        self.sessions: list[Row] = after["sessions"]
        self.lines = increase(view.measured(after), view.measured(before))
        self.sum = total(increase(of_subsystems(after), of_subsystems(before)).values())

    def in_progress(self, traffic: Traffic) -> str:
        """Not known of a namespace."""
        return "-" if self.view is BY_NAMESPACE else str(traffic.inflight)

    def ordered(self) -> list[Key]:
        """The most of the chosen column first."""
        column = COLUMNS[self.sort]
        return sorted(self.lines, key=lambda key: (-column.weight(self.lines[key], self),
                                                   [str(part).rjust(8) for part in key]))

    def summary(self) -> str:
        """What the rest is about."""
        hosts = {row.get("hostnqn") for row in self.sessions}
        return (f"nvmft {time.strftime('%H:%M:%S')}  {len(self.sessions)} sessions of "
                f"{len(hosts)} hosts  over {self.seconds:.1f} s  latency of {self.which}")

    def table(self, width: int) -> Iterator[str]:
        """A line of heads, one for all namespaces together, then one for each object."""
        columns = list(COLUMNS)
        if width >= ROOMY:
            columns[1:1] = MORE
        room = max(width - sum(column.width + 1 for column in columns), 12)
        heads = [column.head + "*" * (column is COLUMNS[self.sort]) for column in columns]
        yield self.view.title[:-1].upper().ljust(room) + " " + " ".join(
            head.rjust(column.width) for head, column in zip(heads, columns))
        lines = [("all", self.sum)] + [(self.view.name(key), self.lines[key])
                                       for key in self.ordered()]
        for name, traffic in lines:
            yield shorten(printable(name), room).ljust(room) + " " + " ".join(
                column.text(traffic, self).rjust(column.width) for column in columns)

    def as_json(self) -> dict[str, Any]:
        """For --json: numbers in seconds and bytes."""
        return {"by": self.view.title, "seconds": round(self.seconds, 3),
                "sessions": len(self.sessions), "all": self.rates(self.sum), "objects": [
                    {"name": self.view.name(key), **self.rates(self.lines[key])}
                    for key in self.ordered()]}

    def rates(self, traffic: Traffic) -> dict[str, Any]:
        """Of one object."""
        found: dict[str, Any] = {
            name: round(getattr(traffic, key) / self.seconds, 3)
            for name, key in (("reads_per_s", "reads"), ("writes_per_s", "writes"),
                              ("others_per_s", "others"), ("read_bytes_per_s", "read_bytes"),
                              ("write_bytes_per_s", "write_bytes"), ("errors_per_s", "errors"))}
        for kind in ("reads", "writes"):
            found[f"{kind}_latency_s"] = {
                head.lower(): percentile(latencies(traffic, kind), share)
                for head, share in SHARES}
        return found | {"inflight": traffic.inflight}


class Watch:
    """Samples at intervals, and what the keys have chosen."""

    def __init__(self, reports: Reports, view: str, interval: float) -> None:
        self.reports = reports
        self.view = TITLES.index(view)
        self.interval = interval
        self.which = "all"
        self.sort = 0
        self.first = 0          # line at the top of the list
        self.paused = False
        self.help = False
        self.before = self.after = Sample(reports, FILES)

    def sample(self) -> None:
        """One more."""
        self.before, self.after = self.after, Sample(self.reports, FILES)

    def page(self) -> Page:
        """Of the last two samples."""
        return Page(self.before, self.after, VIEWS[self.view], self.which, self.sort)

    def text(self, width: int) -> list[str]:
        """All of a page."""
        page = self.page()
        return [page.summary(), "", *page.table(width)]


HELP = """\
1 2 3 4, Tab   subsystems, namespaces, hosts, queues
< >            sort by the column to the left, to the right
l              latency of all commands, of reads, of writes
+ -            longer and shorter interval
space          hold, and go on
arrows, pages  through the list
?              this
q              the end

IOPS counts all commands. P50 is the latency that half of them were within,
from the command's arrival to its answer, by power-of-two buckets. QD is how
many are in progress.""".splitlines()
KEYS = "q quit  ? help  1-4 view  <> sort  l latency  +- interval  space hold"
HEADS = 4       # lines above the list
HEAD = 2        # that of them which names the columns


def screenful(watch: Watch, width: int, height: int) -> list[str]:
    """A page cut to a terminal, its keys at the foot."""
    lines = watch.text(width)
    body = HELP if watch.help else lines[HEADS:]
    room = max(height - HEADS - 1, 0)
    watch.first = max(0, min(watch.first, len(body) - room))
    shown = body[watch.first:watch.first + room]
    if not watch.help and not body:
        shown = ["(nothing there)"]
    foot = KEYS
    if len(body) > room:
        foot = f"{watch.first + 1}-{watch.first + len(shown)} of {len(body)}  {foot}"
    if watch.paused:
        foot = f"HELD  {foot}"
    page = lines[:HEADS] + shown + [""] * (room - len(shown)) + [foot]
    return [line[:width] for line in page[:max(height, 1)]]


def press(watch: Watch, key: str, height: int) -> bool:
    """What a key does; false at the end."""
    if key == "q":
        return False
    view = watch.view
    if key in NUMBERS:
        watch.view = NUMBERS.index(key)
    elif key in ("tab", "back tab"):
        watch.view = (watch.view + (1 if key == "tab" else -1)) % len(VIEWS)
    elif key in ("<", ">", "left", "right"):
        watch.sort = (watch.sort + (1 if key in (">", "right") else -1)) % len(COLUMNS)
    elif key == "l":
        kinds = ("all", "reads", "writes")
        watch.which = kinds[(kinds.index(watch.which) + 1) % len(kinds)]
    elif key in ("+", "-"):
        longer = [each for each in INTERVALS if each > watch.interval] or [watch.interval]
        shorter = [each for each in INTERVALS if each < watch.interval] or [watch.interval]
        watch.interval = longer[0] if key == "+" else shorter[-1]
    elif key == " ":
        watch.paused = not watch.paused
    elif key in ("?", "h"):
        watch.help = not watch.help
    page = max(height - HEADS - 1, 1)
    watch.first += {"down": 1, "up": -1, "page down": page, "page up": -page}.get(key, 0)
    if view != watch.view or key == "home":
        watch.first = 0
    return True


def interactive(watch: Watch) -> None:
    """Until q."""
    with Screen() as screen:
        due = time.monotonic() + min(watch.interval, INTERVALS[0])
        while True:
            width, height = screen.size()
            screen.draw(screenful(watch, width, height), HEAD)
            key = screen.key(due)
            if key == "suspend":
                screen.suspend()
            elif key and not press(watch, key, height):
                return
            elif time.monotonic() >= due:
                if not watch.paused:
                    watch.sample()
                due = time.monotonic() + watch.interval


def pages(watch: Watch, count: int) -> Iterator[Page]:
    """So many, 0: without end, each an interval after the one before."""
    number = 0
    while not count or number < count:
        time.sleep(watch.interval)
        watch.sample()
        number += 1
        yield watch.page()
