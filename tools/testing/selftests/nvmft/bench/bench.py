#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""nvmft against nvmet, in one guest, on the same disk: "make bench".

Both targets export the same null_blk disks over loopback to the kernel's own host.
The workloads run in rounds of A B B A. The guest has instruction time: an
instruction is a nanosecond, so figures repeat whatever else this machine does.
Every ratio is the median of the rounds, and beside it stands A/A, the same of
nvmft with itself (its second run in a round to its first), or of nvmet, whichever
is further from 1.
"""
import argparse
import json
import os
import statistics
import sys
import time

import host
import plot
import workloads

METRICS = {
    "own": "target's side", "unclear": "cannot be told apart", "whole": "whole guest",
    "iops": "I/Os per second", "p50": "median latency", "p99": "99th percentile of latency"}


def figures(run):
    counts = run["counts"]
    return {"own": counts.target(), "unclear": counts.unclear(), "whole": counts.total(),
            "iops": run["ios"] * 1e9 / run["ns"], "p50": run["p50"], "p99": run["p99"]}


def summary(name, runs, rounds):
    """One row of the table: medians of both, their ratios with spread, and A/A."""
    row = {"workload": name, "nvmft": {}, "nvmet": {}, "ratio": {}, "low": {}, "high": {}, "aa": {}}
    local = [figures(r) for r in runs if r["target"] == "local"]
    row["local"] = local[0] if local else None
    blocks = [{t: [figures(r) for r in runs if r["target"] == t and r["round"] == n]
               for t in ("nvmft", "nvmet")} for n in range(rounds)]
    row["lost"] = sum(r["counts"].lost for r in runs)
    for metric in METRICS:
        for target in ("nvmft", "nvmet"):
            row[target][metric] = statistics.median(f[metric] for b in blocks for f in b[target])
        ratios = [sum(f[metric] for f in b["nvmft"]) / max(sum(f[metric] for f in b["nvmet"]), 1)
                  for b in blocks]
        row["ratio"][metric] = statistics.median(ratios)
        row["low"][metric], row["high"][metric] = min(ratios), max(ratios)
        row["aa"][metric] = max(
            (statistics.median(b[t][1][metric] / max(b[t][0][metric], 1) for b in blocks)
             for t in ("nvmft", "nvmet")), key=lambda r: abs(r - 1))
    return row


HEAD = (f"{'':28} {'instructions per I/O, target side':^33} {'whole guest':^31} {'IOPS':^21}"
        f" {'p50':>6} {'p99':>6}\n"
        f"{'workload':28} {'nvmft':>7} {'nvmet':>7} {'ratio':>6} {'A/A':>5} {'open':>5}"
        f" {'nvmft':>8} {'nvmet':>8} {'ratio':>6} {'A/A':>5} {'ratio':>7} {'spread':>13}"
        f" {'ratio':>6} {'ratio':>6}")


def line(row):
    a, b, r, aa = row["nvmft"], row["nvmet"], row["ratio"], row["aa"]
    spread = f"{row['low']['iops']:.3f}-{row['high']['iops']:.3f}"
    return (f"{row['workload']:28} {a['own']:7.0f} {b['own']:7.0f} {r['own']:6.3f} {aa['own']:5.3f}"
            f" {r['unclear']:5.2f} {a['whole']:8.0f} {b['whole']:8.0f} {r['whole']:6.3f}"
            f" {aa['whole']:5.3f} {r['iops']:7.3f} {spread:>13} {r['p50']:6.3f} {r['p99']:6.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    host.add_options(parser)
    parser.add_argument("--rounds", type=int, default=2, help="of A B B A (default 2)")
    parser.add_argument("--ios", type=int, default=1000, help="I/Os of 4 KiB in a run (default 1000)")
    parser.add_argument("--out", metavar="DIR", help="where bench.txt, .json and .svg go "
                        "(default: the folder of the build)")
    parser.add_argument("workload", nargs="*", default=["all"],
                        help=f"{workloads.__doc__} Sets of them: {', '.join(workloads.SETS)}")
    options = parser.parse_args()
    names = host.workload_names(parser, options)
    start = time.time()
    runs = host.measure(options, "guest.py", "--local", "--rounds", str(options.rounds), "--ios",
                        str(options.ios), "--order", "nvmft,nvmet,nvmet,nvmft", *names)
    rows = [summary(name, [r for r in runs if r["workload"] == name], options.rounds)
            for name in names]
    about = {"kernel": host.release(options.kernel), "cpus": options.smp, "rounds": options.rounds,
             "date": time.strftime("%Y-%m-%d"), "commit": host.commit(), "rows": rows,
             "seconds": round(time.time() - start)}
    text = "\n".join(
        [f"# kernel {about['kernel']}, {options.smp} CPU(s) and I/O queue(s), {options.rounds} "
         f"round(s) of A B B A, {about['date']}, nvmft at {about['commit']}",
         "# ratios are nvmft / nvmet; \"open\": of what cannot be told apart (softirq, interrupts)",
         HEAD, *map(line, rows)])
    lost = sum(row["lost"] for row in rows)
    if lost:
        text += f"\n# {lost} times the caller of some code was not known"
    print(text)
    base = os.path.join(options.out or host.folder(options.kernel), "bench")
    os.makedirs(os.path.dirname(base), exist_ok=True)
    for suffix, content in (("txt", text + "\n"), ("json", json.dumps(about, indent=1) + "\n"),
                            ("svg", plot.svg(about))):
        with open(f"{base}.{suffix}", "w", encoding="utf-8") as file:
            file.write(content)
    host.say(f"written: {base}.txt, .json, .svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
