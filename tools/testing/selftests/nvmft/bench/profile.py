#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Guest instructions per I/O by function, for nvmft and nvmet side by side.

"make profile WORKLOAD=4k-randread-qd1" runs this. A guest with instruction time
runs the workload against both targets, count.c counts.
"""
import argparse
import json
import sys

import host
import workloads
from counts import KINDS


def ratio(a, b):
    return f"{a / b:7.3f}" if b else "      -"


def table(title, rows, out=print):
    out(f"\n{title}\n{'':44} {'nvmft':>10} {'nvmet':>10} {'ratio':>7}")
    for name, a, b in rows:
        out(f"{name:44} {a:10.1f} {b:10.1f} {ratio(a, b)}")


def merged(first, second, count, floor=0.0):
    """Rows (name, a, b) of two counters, the largest first."""
    names = sorted(set(first) | set(second), key=lambda k: -max(first[k], second[k]))
    for name in names[:count]:
        if max(first[name], second[name]) >= floor:
            yield name[0] + "".join(f" [{part}]" for part in name[1:]), first[name], second[name]


def owners(a, b):
    yield "whole guest", a.total(), b.total()
    for side in ("target", "host", "other"):
        for kind in KINDS:
            if a.total(side, kind) + b.total(side, kind) >= 0.05:
                yield f"{side}: {kind}", a.total(side, kind), b.total(side, kind)


def show(name, a, b, top):
    print(f"\n=== {name}: guest instructions per I/O ({a.ios} and {b.ios} I/Os)")
    table("whose", owners(a, b))
    table("the target's side", [
        ("own threads and callbacks", a.target(), b.target()),
        ("cannot be told apart (softirq, interrupt, idle)", a.unclear(), b.unclear()),
        ("context switches", a.switches, b.switches),
        ("lost frames (0: attribution is whole)", a.lost, b.lost)])
    table("target's own, by module", merged(a.by((1,), "target", "own"), b.by((1,), "target", "own"), 20))
    table(f"target's own, by function (top {top})",
          merged(a.by((0, 1), "target", "own"), b.by((0, 1), "target", "own"), top, 1))
    table("whole guest, by module", merged(a.by((1,)), b.by((1,)), 20))
    table(f"whole guest, by function (top {top})", merged(a.by((0, 1)), b.by((0, 1)), top, 1))
    for label, profile in (("nvmft", a), ("nvmet", b)):
        print(f"\ncalled by the target's code ({label}): calls and instructions per I/O, callees included")
        for name, insns in profile.called.most_common(top):
            if insns >= 1:
                print(f"  {name:42} {profile.calls[name]:10.2f} {insns:10.1f}")
        print(f"\nentered into the target ({label}): calls and instructions per I/O, callees included")
        for _, root, calls, insns in sorted((r for r in profile.roots if r[0] == "T"),
                                            key=lambda r: -r[3]):
            print(f"  {root:42} {calls:10.2f} {insns:10.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    host.add_options(parser)
    parser.add_argument("--ios", type=int, default=1000, help="I/Os of 4 KiB (default 1000)")
    parser.add_argument("--top", type=int, default=50, help="functions shown (default 50)")
    parser.add_argument("--json", metavar="FILE", help="write all counts there")
    parser.add_argument("workload", nargs="*", default=["4k-randread-qd32"],
                        help=workloads.__doc__)
    options = parser.parse_args()
    names = host.workload_names(parser, options)
    if set(names) & set(workloads.TABLES):
        parser.error("tables of growth have no profile")
    runs, failed = host.measure(options, "guest.py", names, "--ios", str(options.ios))
    if failed:
        return 1
    profiles = {(run["workload"], run["target"]): run["counts"] for run in runs}
    for name in names:
        show(name, profiles[name, "nvmft"], profiles[name, "nvmet"], options.top)
    if options.json:
        with open(options.json, "w", encoding="ascii") as file:
            json.dump([{"workload": key[0], "target": key[1], "counts":
                        [[*k, n] for k, n in profile.counts.items()]}
                       for key, profile in profiles.items()], file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
