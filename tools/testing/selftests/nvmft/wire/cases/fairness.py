# SPDX-License-Identifier: GPL-2.0
"""What a queue gets of its CPU beside others that are never empty."""

import os
import time

from nvmetcp.conn import PACE, check
from nvmetcp.flood import Flood
from nvmetcp.ktap import case

RPS = "/sys/class/net/lo/queues/rx-0/rps_cpus"
READS = 150


def _one_cpu(env):
    """All packets are processed by one CPU, and so are all queues; hosts run on the others."""
    with open(RPS, "r+", encoding="ascii") as attr:
        old = attr.read().strip()
        attr.seek(0)
        attr.write("1")
    env.defer(lambda: _write(RPS, old))
    cpus = os.sched_getaffinity(0)
    if len(cpus) > 1:
        os.sched_setaffinity(0, cpus - {0})
        env.defer(lambda: os.sched_setaffinity(0, cpus))


def _write(path, value):
    with open(path, "w", encoding="ascii") as attr:
        attr.write(value)


def _latencies(queue):
    """Of reads of a block, one at a time, in ms: (median, worst)."""
    took = []
    for _ in range(READS):
        start = time.monotonic()
        queue.read(1, 0, 1)
        took.append(1000 * (time.monotonic() - start))
        time.sleep(0.002)
    took.sort()
    return took[READS // 2], took[-1]


@case(timeout=120)
def quiet_beside_flooding(env):
    """A queue with one command at a time beside two that are full at a depth of 1024, on one CPU:
    it waits for some passes of theirs, not until they have nothing to do."""
    _one_cpu(env)
    quiet = env.io()
    alone = _latencies(quiet)
    floods = [Flood(env.io(sqsize=1023), 1022) for _ in range(2)]
    try:
        time.sleep(0.3)
        beside = _latencies(quiet)
        check(all(flood.running() for flood in floods), "a flooding queue has ended")
    finally:
        for flood in floods:
            flood.stop()
    print(f"# read of a block, ms, median and worst: alone {alone[0]:.1f}, {alone[1]:.1f}; "
          f"beside two queues at depth 1024 {beside[0]:.1f}, {beside[1]:.1f}", flush=True)
    limit = 1500 * PACE.factor
    check(beside[1] < limit, f"a read took {beside[1]:.0f} ms, the bound is {limit:.0f} ms")
