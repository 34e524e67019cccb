#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of the benchmark itself: names, counts, tables, verdicts, guests that die.

No root, no guest, no kernel: seconds. Prints KTAP.
"""
import argparse
import collections
import contextlib
import io
import json
import sys
import tempfile
import xml.etree.ElementTree

import counts
import goals
import host
import plot
import symbols
import tables
import workloads

sys.path.insert(0, host.TOP + "/scripts")
from ktap import Ktap  # noqa: E402  # pylint: disable=wrong-import-position

TEXT = 0xffffffff80000000
KALLSYMS = [(TEXT + 0x100, "tcp_sendmsg", None), (TEXT + 0x200, "entry_SYSCALL_64", None),
            (TEXT + 0x300, "ret_from_fork", None), (TEXT + 0x400, "__do_softirq", None),
            (TEXT + 0x500, "asm_sysvec_apic", None), (TEXT + 0x600, "__x86_indirect_thunk_rax", None),
            (TEXT + 0x8000, "conn_work", "nvmft_tcp"), (TEXT + 0x9000, "nvme_queue_rq", "nvme_core")]
# side * 4 + kind: 8 target's own, 9 between two work items, 4 host's own, 2 softirq
DUMP = """total switches 30 lost 1
root T conn_work 20 5000
call ffffffff80000100 20 600
ffffffff80008010 8 4000
ffffffff80000110 8 1000
ffffffff80000110 9 500
ffffffff80009010 4 2000
ffffffff80000410 2 300
7000 4 200
"""


class FakeCounts:
    """Of a run that was never made."""

    def __init__(self, own, whole):
        self.own, self.whole, self.lost = own, whole, 0
        self.called = collections.Counter({f"function{n}": n for n in range(9)})

    def target(self):
        return self.own

    def unclear(self):
        return self.whole - 2 * self.own

    def total(self):
        return self.whole

    def by(self, *_where):
        return {("nvmft",): 3, ("nvmft_tcp",): 4, ("kernel",): 5}


def fake_run(target, own, whole, ns, number=None, **more):
    run = {"workload": "w", "target": target, "ios": 10, "ns": ns, "counts": FakeCounts(own, whole),
           **more}
    if number is not None:
        run.update(round=number, p50=ns // 10, p99=ns // 5)
    return run


def fake_row(name, ratios):
    values = {m: 1.0 for m in tables.METRICS}
    return {"workload": name, "nvmft": dict(values), "nvmet": dict(values), "ratio": {**values, **ratios},
            "low": dict(values), "high": dict(values), "aa": dict(values), "local": None, "limit": None,
            "remaining": {}, "lost": 0}


def of_workloads():
    yield "every name of every set", all(
        name in workloads.TABLES or workloads.parse(name) for name in workloads.expand(workloads.SETS))
    for name in ("4k-randread", "4k-erase-qd1", "4k-read-qd1-fast", "4g-read-qd1", "connect-q", ""):
        try:
            workloads.parse(name)
            yield f"'{name}' is refused", False
        except ValueError as why:
            yield f"'{name}' is refused", "no such workload" in str(why)
    twice = workloads.expand(["main", "4k-randread-qd1", "main"])
    yield "a name in two sets is run once", len(twice) == len(set(twice)) == len(workloads.MAIN)
    mix = workloads.limit_args(workloads.parse("4k-mix-qd32"), 1000)
    yield "a mix is reads and writes by share", [s for s, _ in mix] == [0.7, 0.3] and "-w" in mix[1][1]
    write = workloads.limit_args(workloads.parse("128k-write-qd8-r2t"), 1000)
    yield "a write is writes alone", [s for s, _ in write] == [1.0] and {"-w", "-R"} <= set(write[0][1])
    yield "large I/Os are fewer", workloads.number_of_ios(workloads.parse("1m-read-qd4"), 1000) == 64
    yield "but fill the depth", workloads.number_of_ios(workloads.parse("1m-read-qd128"), 1000) == 512
    need = {name for goal in goals.GOALS for name in goal.workloads}
    yield "a bare run measures what the goals need", need <= set(workloads.SETS["all"])


def of_counts(scratch):
    path = scratch + "/symbols"
    with open(path, "wb") as file:
        file.truncate(symbols.DISK_MIB << 20)
    where, symbols.DISK = symbols.DISK, path
    symbols.put(symbols.SYMBOLS_AT, (f"{a:x} {n} {m or 'kernel'}" for a, n, m in KALLSYMS))
    symbols.DISK = where
    table = symbols.Symbols(path)
    yield "a function by a place in it", table.find(TEXT + 0x8fff) == ("conn_work", "nvmft_tcp")
    yield "a program is one place", table.find(0x7000)[1] == "user"
    classes = "".join(kind for kind, _, _ in symbols.roots(KALLSYMS))
    yield "the roots", sorted(classes) == sorted("YNSIXTHRr.") and classes[-1] == "."
    with open(scratch + "/dump", "w", encoding="ascii") as file:
        file.write(DUMP)
    run = counts.Counts(scratch + "/dump", table, 10)
    yield "whole guest", run.total() == 800
    yield "the target's side", run.target() == 550
    yield "what cannot be told apart", run.unclear() == 30
    yield "by module", run.by((1,), "target", "own") == {("nvmft_tcp",): 400, ("kernel",): 100}
    yield "calls of the target", (run.calls["tcp_sendmsg"], run.called["tcp_sendmsg"]) == (2, 60)
    yield "switches and lost frames", (run.switches, run.lost) == (3, 1)
    with open(scratch + "/dump", "w", encoding="ascii") as file:
        file.write("total switches 0 lost 0\n")
    try:
        counts.Counts(scratch + "/dump", table, 10).need_switches()
        yield "a plugin that saw no switch", False
    except SystemExit as why:
        yield "a plugin that saw no switch", "context switch" in str(why)


def of_tables():
    runs = [fake_run("local", 0, 50, 500),
            fake_run("nvmft", 50, 200, 1000, 0), fake_run("nvmet", 100, 400, 2000, 0),
            fake_run("nvmet", 100, 400, 2000, 0), fake_run("nvmft", 50, 200, 1000, 0),
            fake_run("nvmft", 60, 200, 1000, 1), fake_run("nvmet", 100, 400, 4000, 1),
            fake_run("nvmet", 100, 400, 4000, 1), fake_run("nvmft", 90, 200, 1000, 1),
            fake_run("nvmft", 40, 150, 900, share=0.5), fake_run("nvmft", 20, 110, 900, share=0.5),
            fake_run("nvmet", 80, 150, 900, share=1.0), fake_run("echo", 10, 100, 900, share=1.0)]
    row = tables.summary("w", runs)
    yield "median of the rounds' ratios", abs(row["ratio"]["own"] - (0.5 + 0.75) / 2) < 1e-9
    yield "the spread of pairs", (row["low"]["own"], row["high"]["own"]) == (0.5, 0.9)
    yield "more I/Os per second is more", (row["ratio"]["iops"], row["high"]["iops"]) == (3.0, 4.0)
    yield "A/A of whom it is worse", row["aa"]["own"] == 1.25 and row["aa"]["whole"] == 1.0
    yield "the limit by shares", row["limit"]["nvmft"]["own"] == 30
    yield "the largest that remain", row["remaining"] == {
        "own code": 7, "function8": 8, "function7": 7, "function6": 6, "function5": 5}
    yield "the disk alone", row["local"]["whole"] == 50
    bare = tables.summary("connect-q1", [{k: v for k, v in r.items() if k not in ("p50", "p99")}
                                         for r in runs[1:9]])
    yield "without latencies", "p99" not in bare["ratio"] and bare["local"] is bare["limit"] is None
    memory = [{"table": "memory", "target": "sockets", "pair": 100},
              {"table": "memory", "target": "nvmft", "pair": 125, "controller": 300},
              {"table": "memory", "target": "nvmet", "pair": 200, "controller": 500}]
    grown = tables.growth(memory + [dict(fake_run(t, own, 200, 1), table="queue-pairs", n=n)
                                    for n, own in ((1, 10), (256, 12)) for t in tables.BOTH])
    yield "memory without the sockets", grown["memory"]["pair"]["nvmft"] == 25
    yield "growth by number", grown["queue-pairs"]["256"]["nvmft"]["own"] == 12
    about = {"kernel": "1.0", "cpus": 1, "rounds": 2, "date": "today", "commit": "abc", "seconds": 1,
             "rows": [row, bare], "growth": grown, "failed": ["4k-read-qd9"]}
    text = "\n".join(tables.text(about))
    yield "every table is printed", all(word in text for word in (
        "A/A", "/echo", "/local", "spread", "the limits", "queue-pairs", "memory in bytes", "0.250", "FAILED, see above: 4k-read-qd9"))
    yield "and all of it can be kept", json.loads(json.dumps(about))["rows"][0]["ratio"]["iops"] == 3.0
    for name, svg in (("bars", plot.bars(about)), ("curves", plot.curves(about))):
        yield f"the picture of {name}", xml.etree.ElementTree.fromstring(svg).tag.endswith("svg")


def good_figures():
    """Rows and growth that meet every goal, all bounds just so."""
    rows = [fake_row(name, {"own": goal.own, "whole": goal.whole, "iops": goal.iops})
            for goal in goals.GOALS for name in goal.workloads]
    both = {"nvmft": {"own": 110, "whole": 110}, "nvmet": {"own": 1, "whole": 1}}
    return rows, {"memory": {"pair": {"nvmft": 25, "nvmet": 100}},
                  "queue-pairs": {"1": {"nvmft": {"own": 100, "whole": 100}}, "256": both}}


def of_goals():
    rows, growth = good_figures()
    found = list(goals.verdicts(rows, growth))
    yield "bounds are met where they are just reached", all(v.met for v in found)
    yield "and nothing is missed", not goals.missed(found)
    for n, row in enumerate(good_figures()[0]):
        for metric, by in (("own", 0.001), ("whole", 0.001), ("iops", -0.001)):
            rows, growth = good_figures()
            rows[n]["ratio"][metric] += by
            found = [v for v in goals.verdicts(rows, growth) if v.met is False]
            yield (f"{row['workload']}: {goals.NAMES[metric]} that is just too bad",
                   [v.what for v in found] == [goals.NAMES[metric]] and goals.missed(found))
    for metric, value, label in (("p99", 1.011, "no higher latency"), ("iops", 0.989, "no workload slower")):
        rows, growth = good_figures()
        found = list(goals.verdicts(rows + [fake_row("512-read-qd32-slow", {metric: value})], growth))
        yield f"{label}, in whichever row", [(v.label[:10], v.where) for v in found if v.met is False] == [
            (label[:10], "512-read-qd32-slow")]
    for spoil in (lambda g: g["memory"]["pair"].update(nvmft=26),
                  lambda g: g["queue-pairs"]["256"]["nvmft"].update(own=111),
                  lambda g: g["queue-pairs"]["256"]["nvmft"].update(whole=111)):
        rows, growth = good_figures()
        spoil(growth)
        yield "growth and memory", sum(v.met is False for v in goals.verdicts(rows, growth)) == 1
    found = list(goals.verdicts(rows[:-1], {}))
    digests = [v for v in found if v.label.startswith("data digest")]
    yield "half of a goal's workloads is not measured", [v.met for v in digests] == [None] * 3
    rows, growth = good_figures()
    rows[0]["ratio"]["iops"] = 0
    noisy = [v.met for v in goals.verdicts(rows, growth, timed=False) if v.what in ("IOPS", "p99")]
    yield "time that is noise decides nothing", set(noisy) == {None}
    text = "\n".join(goals.lines(found))
    yield "what was not measured is neither met nor missed", (
        "not measured" in text and "NOT MET" not in text and not goals.missed(found))


def guests(scratch, *programs):
    """What measure() makes of guests that run these shell programs, one after the other."""
    left = list(programs)
    asked = []
    build, command = host.build, host.vm

    def vm(_options, _out, _scratch, words):
        asked.append(words.split()[2:])
        return ["sh", "-c", left.pop(0)]

    host.build, host.vm = lambda kernel: scratch, vm
    options = argparse.Namespace(kernel="1.0", quiet=1)
    try:
        with contextlib.redirect_stderr(io.StringIO()) as said:
            rows, failed = host.measure(options, "guest.py", ["a", "b"])
    finally:
        host.build, host.vm = build, command
    return [row["n"] for row in rows], failed, asked, said.getvalue()


def of_guests(scratch):
    one, two = ("""echo '{"n": "%s"}'; echo '{"over": "%s"}'; """ % (n, n) for n in "ab")
    rows, failed, asked, _ = guests(scratch, one + two)
    yield "a guest that does all", (rows, failed, asked) == (["a", "b"], [], [["a", "b"]])
    rows, failed, asked, said = guests(scratch, one + """echo '{"n": "half"}'; exit 122""", two)
    yield "one that dies", (rows, failed, asked) == (["a", "b"], [], [["a", "b"], ["b"]])
    yield "and that is said", "ended with 122, 1 to go" in said
    rows, failed, _, said = guests(scratch, one + "exec sleep 60", two)
    yield "one that is silent", (rows, failed) == (["a", "b"], []) and "silent for 1 s" in said
    rows, failed, asked, said = guests(scratch, "echo why; exit 1", two)
    yield "a workload that fails is not tried again", (rows, failed, asked) == (
        ["b"], ["a"], [["a", "b"], ["b"]])
    yield "and that is said too", "why" in said and "a FAILED" in said
    rows, failed, asked, _ = guests(scratch, *["exit 124"] * host.ATTEMPTS, two)
    yield "there is an end to trying", (rows, failed, len(asked)) == (["b"], ["a"], host.ATTEMPTS + 1)
    rows, failed, asked, _ = guests(scratch, one + two + "exit 122")
    yield "one that dies behind all is done", (rows, failed, len(asked)) == (["a", "b"], [], 1)


def main():
    ktap = Ktap()
    with tempfile.TemporaryDirectory() as scratch:
        for tests in (of_workloads(), of_counts(scratch), of_tables(), of_goals(), of_guests(scratch)):
            for name, holds in tests:
                ktap.point(f"bench: {tests.__name__[3:]}: {name}", [] if holds else ["does not hold"])
    return ktap.finish()


if __name__ == "__main__":
    sys.exit(main())
