# SPDX-License-Identifier: GPL-2.0
"""The workloads, by name: SIZE-KIND-qdDEPTH[-FLAG...], such as 4k-randread-qd32-digests."""
import collections
import re

Workload = collections.namedtuple("Workload", "name writes bytes depth sequential flags")

# Percent of writes, sequential
KINDS = {"randread": (0, False), "randwrite": (100, False), "read": (0, True),
         "write": (100, True), "mix": (30, False)}
UNITS = {"": 1, "k": 1024, "m": 1 << 20}
NAME = re.compile(r"(\d+)(k|m|)-(\w+)-qd(\d+)((?:-\w+)*)$")
FLAGS = {"hdgst": "header digests",
         "digests": "header and data digests",
         "r2t": "no in-capsule data, so that every write is asked for by R2T",
         "empty": "a disk that is not memory-backed: it moves no data"}

# What the issue of speed is decided by
MAIN = ("4k-randread-qd32 4k-randwrite-qd32 4k-randread-qd1 128k-read-qd8 128k-write-qd8"
        " 128k-read-qd8-digests 128k-write-qd8-digests").split()
ALL = MAIN + (
    "4k-randwrite-qd1 4k-randread-qd128 4k-randwrite-qd128 4k-mix-qd32"
    " 512-randread-qd32 512-randwrite-qd32 1m-read-qd4 1m-write-qd4"
    " 4k-randwrite-qd32-r2t 128k-write-qd8-r2t 4k-randread-qd32-hdgst"
    " 4k-randread-qd32-digests 4k-randwrite-qd32-digests"
    " 4k-randread-qd32-empty 4k-randwrite-qd32-empty 128k-read-qd8-empty"
    " 128k-write-qd8-empty").split()
SETS = {"main": MAIN, "all": ALL}


def parse(name):
    match = NAME.match(name)
    flags = match[5].split("-")[1:] if match else []
    if not match or match[3] not in KINDS or not set(flags) <= set(FLAGS):
        raise ValueError(f"no such workload: {name}; write SIZE-KIND-qdDEPTH[-FLAG...] with KIND "
                         f"one of {', '.join(KINDS)} and FLAG one of {', '.join(FLAGS)}")
    writes, sequential = KINDS[match[3]]
    return Workload(name, writes, int(match[1]) * UNITS[match[2]], int(match[4]), sequential,
                    frozenset(flags))


def expand(names):
    """Names, with those of a set for the set's name."""
    return [name for word in names for name in SETS.get(word, [word])]


def load_args(workload, ios, threads=1):
    """The arguments of load for it; large I/Os are fewer."""
    ios = max(ios * 32768 // max(workload.bytes, 32768), workload.depth * 4, 64)
    args = ["-m", "-w", str(workload.writes), "-b", str(workload.bytes),
            "-q", str(workload.depth), "-n", str(ios), "-j", str(threads)]
    return args + ["-s"] * workload.sequential
