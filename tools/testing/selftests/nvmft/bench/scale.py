#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The cost of an I/O as the work grows, the bare echo, memory: "make bench-scale".

By a bare host in a program, which opens as many queues and controllers as wanted;
the kernel's opens one I/O queue for each CPU. All commands are reads of 4 KiB if
nothing else is said.
"""
import argparse
import json
import os
import sys
import time

import host

GROWTH = ("queue pairs", "controllers", "namespaces", "outstanding commands", "connect")


def per_io(run):
    return run["counts"].target(), run["counts"].total()


def ratio(a, b):
    return f"{a / b:6.3f}" if b else "     -"


def growth(title, runs):
    yield ""
    yield f"{title:24} {'target side':^25} {'whole guest':^27}"
    yield f"{'':24} {'nvmft':>8} {'nvmet':>8} {'ratio':>6}  {'nvmft':>9} {'nvmet':>9} {'ratio':>6}"
    for number in dict.fromkeys(run["n"] for run in runs):
        (a, whole_a), (b, whole_b) = (per_io(next(
            r for r in runs if r["n"] == number and r["target"] == t)) for t in ("nvmft", "nvmet"))
        yield (f"{number:>24} {a:8.0f} {b:8.0f} {ratio(a, b)}  {whole_a:9.0f} {whole_b:9.0f}"
               f" {ratio(whole_a, whole_b)}")


def limit(runs):
    yield ""
    yield "the same bytes over a bare TCP echo in the kernel, the same program as host"
    yield (f"{'':16} {'target side':^40} {'whole guest':^43}")
    yield (f"{'':16} " + " ".join(f"{'echo':>8} {'nvmft':>8} {'/echo':>6} {'nvmet':>8} {'/echo':>6} "
                                  for _ in range(2)))
    for number in dict.fromkeys(run["n"] for run in runs):
        cost = {r["target"]: per_io(r) for r in runs if r["n"] == number}
        cells = []
        for k in range(2):
            echo, a, b = (cost[t][k] for t in ("echo", "nvmft", "nvmet"))
            cells.append(f"{echo:8.0f} {a:8.0f} {ratio(a, echo)} {b:8.0f} {ratio(b, echo)} ")
        yield f"{number:16} " + " ".join(cells)


def memory(rows):
    sockets = next(r["pair"] for r in rows if r["target"] == "sockets")
    yield ""
    yield "memory in bytes, without that of the two sockets of a connection " \
          f"({sockets:.0f} for a pair)"
    yield f"{'':40} {'nvmft':>9} {'nvmet':>9} {'ratio':>6}"
    a, b = (next(r for r in rows if r["target"] == t) for t in ("nvmft", "nvmet"))
    for label, key in (("idle I/O queue pair of depth 128", "pair"),
                       ("idle controller, its admin queue", "controller")):
        x, y = a[key] - sockets, b[key] - sockets
        yield f"{label:40} {x:9.0f} {y:9.0f} {ratio(x, y)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    host.add_options(parser)
    parser.add_argument("--ios", type=int, default=1024, help="I/Os in a run (default 1024)")
    parser.add_argument("--only", default="", help="tables whose name has this text: "
                        + ", ".join(GROWTH) + ", limit, memory")
    parser.add_argument("--out", metavar="DIR", help="where scale.txt and .json go "
                        "(default: the folder of the build)")
    options = parser.parse_args()
    rows = host.measure(options, "guest_scale.py", "--ios", str(options.ios),
                        *(["--only", f"'{options.only}'"] if options.only else []))
    lines = [f"# kernel {host.release(options.kernel)}, {time.strftime('%Y-%m-%d')}, nvmft at "
             f"{host.commit()}", "# guest instructions per I/O; \"connect\": per connect and "
             "disconnect of a controller"]
    for table in dict.fromkeys(row["table"] for row in rows):
        chosen = [row for row in rows if row["table"] == table]
        lines += {"limit": limit, "memory": memory}.get(
            table, lambda runs, title=table: growth(title, runs))(chosen)
    text = "".join(line.rstrip() + "\n" for line in lines)
    print(text, end="")
    base = os.path.join(options.out or host.folder(options.kernel), "scale")
    os.makedirs(os.path.dirname(base), exist_ok=True)
    for row in rows:
        if "counts" in row:
            row["own"], row["whole"] = per_io(row)
            row["lost"] = row.pop("counts").lost
    with open(base + ".txt", "w", encoding="utf-8") as file:
        file.write(text)
    with open(base + ".json", "w", encoding="utf-8") as file:
        json.dump(rows, file, indent=1)
    host.say(f"written: {base}.txt, .json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
