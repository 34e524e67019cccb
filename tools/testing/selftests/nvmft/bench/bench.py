#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""nvmft against nvmet, in one guest, on the same disk: "make bench".

Both targets export the same disks over loopback to the kernel's own host. The
workloads run in rounds of A B B A. A guest with one CPU has instruction time: an
instruction is a nanosecond, so figures repeat whatever else this machine does. With
more CPUs the instructions still count, times are this machine's. Every ratio is
the median of the rounds, and beside it stands A/A, the same of a target with itself.

How the cost grows with queues and more, and memory, are measured by a bare host in
a program. In the end each goal has its verdict.
"""
import argparse
import json
import os
import sys
import time

import goals
import host
import plot
import tables
import workloads


def measure(options, names):
    """Rows of the workloads, and of the tables of growth; what failed."""
    loads = [name for name in names if name not in workloads.TABLES]
    grown = [name for name in names if name in workloads.TABLES]
    rows, growth, failed = [], {}, []
    if loads:
        runs, failed = host.measure(options, "guest.py", loads, "--limits", "--rounds", str(options.rounds),
                            "--ios", str(options.ios), "--order", "nvmft,nvmet,nvmet,nvmft")
        rows = [tables.summary(name, [r for r in runs if r["workload"] == name])
                for name in loads if name not in failed]
    if grown:
        runs, more = host.measure(options, "guest_growth.py", grown)
        growth = tables.growth(runs)
        failed = failed + more
    return rows, growth, failed


def write(about, text, base):
    os.makedirs(os.path.dirname(base), exist_ok=True)
    files = {"txt": text, "json": json.dumps(about, indent=1) + "\n"}
    if about["rows"]:
        files["svg"] = plot.bars(about)
    if set(about["growth"]) - {"memory"}:
        files["growth.svg"] = plot.curves(about)
    for suffix, content in files.items():
        with open(f"{base}.{suffix}", "w", encoding="utf-8") as file:
            file.write(content)
    host.say("written: " + ", ".join(f"{base}.{suffix}" for suffix in files))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    host.add_options(parser)
    parser.add_argument("--rounds", type=int, default=2, help="of A B B A (default 2)")
    parser.add_argument("--ios", type=int, default=640, help="I/Os of 4 KiB in a run (default 640)")
    parser.add_argument("--check", action="store_true",
                        help="exit status 1 if a goal that was measured is not met")
    parser.add_argument("--out", metavar="BASE", help="where BASE.txt, .json and .svg go "
                        "(default: into the folder of the build)")
    parser.add_argument("workload", nargs="*", default=["all"],
                        help=f"{workloads.__doc__} Sets of them: {', '.join(workloads.SETS)}")
    options = parser.parse_args()
    names = host.workload_names(parser, options)
    start = time.time()
    rows, growth, failed = measure(options, names)
    verdicts = list(goals.verdicts(rows, growth, timed=options.smp == 1))
    about = {"kernel": host.release(options.kernel), "cpus": options.smp, "rounds": options.rounds,
             "date": time.strftime("%Y-%m-%d"), "commit": host.commit(),
             "seconds": round(time.time() - start), "rows": rows, "growth": growth,
             "failed": failed,
             "goals": [v._asdict() for v in verdicts]}
    lines = [*tables.text(about), "", *goals.lines(verdicts)]
    text = "".join(line.rstrip() + "\n" for line in lines)
    print(text, end="", flush=True)
    write(about, text, options.out or host.folder(options.kernel) + "/bench")
    return 1 if failed or options.check and goals.missed(verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
