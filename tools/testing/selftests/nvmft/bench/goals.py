# SPDX-License-Identifier: GPL-2.0
"""What nvmft shall reach against nvmet in the same run, and whether it does. Pure."""
import collections

# Goal: bounds of "own" (target's side), "whole" (guest) and "iops", nvmft / nvmet
Goal = collections.namedtuple("Goal", "label workloads own whole iops")
# One that was looked at; figure and met are None where it was not measured.
Verdict = collections.namedtuple("Verdict", "label what bound figure met where")

GOALS = (
    Goal("4 KiB random read, QD 32", ("4k-randread-qd32",), 0.50, 0.80, 1.25),
    Goal("4 KiB random write, QD 32", ("4k-randwrite-qd32",), 0.50, 0.80, 1.25),
    Goal("4 KiB random read, QD 1", ("4k-randread-qd1",), 0.70, 0.90, 1.10),
    Goal("128 KiB sequential read", ("128k-read-qd8",), 0.50, 0.75, 1.30),
    Goal("128 KiB sequential write", ("128k-write-qd8",), 0.60, 0.80, 1.20),
    Goal("data digest, 128 KiB", ("128k-read-qd8-digests", "128k-write-qd8-digests"), 0.60, 0.85, 1.20),
)
NAMES = {"own": "target side", "whole": "whole guest", "iops": "IOPS"}
AT_LEAST = ("iops",)
PAIR = 0.25         # memory of an idle I/O queue pair of depth 128
FLAT = 1.10         # instructions per I/O at 256 queue pairs, to those at 1
# A second run of the same differs by less than a percent.
NOISE = 0.01


def worst(rows, metric, largest):
    """The figure of the row that is worst, and which that is."""
    found = [(row["ratio"][metric], row["workload"]) for row in rows if metric in row["ratio"]]
    if not found:
        return None, ""
    return max(found) if largest else min(found)


def bounded(label, what, bound, least, found):
    """A verdict; FOUND is figure and workload."""
    figure, where = found
    met = None if figure is None else figure >= bound if least else figure <= bound
    return Verdict(label, what, (">= " if least else "<= ") + f"{bound:.2f}", figure, met, where)


def verdicts(rows, growth, timed=True):
    """One for each bound, in the order of GOALS; of instructions alone where time is noise."""
    if not timed:
        rows = [dict(row, ratio={m: row["ratio"][m] for m in ("own", "whole")}) for row in rows]
    for goal in GOALS:
        chosen = [row for row in rows if row["workload"] in goal.workloads]
        if len(chosen) < len(goal.workloads):
            chosen = []
        for metric in NAMES:
            least = metric in AT_LEAST
            yield bounded(goal.label, NAMES[metric], getattr(goal, metric), least,
                          worst(chosen, metric, not least))
    yield bounded("no workload slower", "IOPS", 1 - NOISE, True, worst(rows, "iops", False))
    for depth in ("qd1", "qd32"):
        chosen = [row for row in rows if depth in row["workload"].split("-")]
        yield bounded(f"no higher latency, {depth[2:]} at a time", "p99", 1 + NOISE, False,
                      worst(chosen, "p99", True))
    pair = growth.get("memory", {}).get("pair")
    yield bounded("idle I/O queue pair, depth 128", "memory", PAIR, False,
                  (pair["nvmft"] / pair["nvmet"] if pair else None, ""))
    pairs = growth.get("queue-pairs")
    for metric in ("own", "whole"):
        yield bounded("256 queue pairs, to 1", NAMES[metric], FLAT, False,
                      (pairs["256"]["nvmft"][metric] / pairs["1"]["nvmft"][metric] if pairs else None,
                       ""))


def lines(found):
    yield f"{'goal, nvmft / nvmet where nothing else is said':46} {'':12} {'bound':>8} {'figure':>7}"
    for v in found:
        figure = "-" if v.figure is None else f"{v.figure:.3f}"
        verdict = {None: "not measured", True: "met", False: "NOT MET"}[v.met]
        where = f" ({v.where})" if v.where and v.label.startswith(("no ", "data")) else ""
        yield f"{v.label:46} {v.what:12} {v.bound:>8} {figure:>7} {verdict}{where}"
    measured = [v for v in found if v.met is not None]
    yield f"{sum(v.met for v in measured)} of {len(measured)} goals that were measured are met"


def missed(found):
    return any(v.met is False for v in found)
