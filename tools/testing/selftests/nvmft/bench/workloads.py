# SPDX-License-Identifier: GPL-2.0
"""The workloads, by name: SIZE-KIND-qdDEPTH[-FLAG...], such as 4k-randread-qd32-digests;
connect-qQUEUES; and tables of growth, such as queue-pairs."""
import collections
import re

# connect: I/O queues of each controller that is connected and disconnected; 0: I/O
Workload = collections.namedtuple("Workload", "name writes bytes depth sequential flags connect")

# Percent of writes, sequential
KINDS = {"randread": (0, False), "randwrite": (100, False), "read": (0, True),
         "write": (100, True), "mix": (30, False)}
UNITS = {"": 1, "k": 1024, "m": 1 << 20}
NAME = re.compile(r"(\d+)(k|m|)-(\w+)-qd(\d+)((?:-\w+)*)$")
CONNECT = re.compile(r"connect-q(\d+)$")
FLAGS = {"hdgst": "header digests",
         "digests": "header and data digests",
         "r2t": "no in-capsule data, so that every write is asked for by R2T",
         "empty": "a disk that is not memory-backed: it moves no data",
         "scsi": "scsi_debug's disk, in memory",
         "slow": "a disk that takes a millisecond more for each I/O (dm-delay)",
         "hosts4": "four hosts at a time, each with a subsystem of its own and the whole depth"}
HOSTS = 4

# Tables of growth: their rows (number, arguments of raw)
GROWTH = {
    "queue-pairs": [(n, ["-c", max(n // 128, 1), "-k", min(n, 128)]) for n in (1, 4, 16, 64, 256)],
    "controllers": [(n, ["-c", n]) for n in (1, 4, 16, 64, 256)],
    "namespaces": [(n, ["-s", n, "-q", 32]) for n in (1, 16, 128, 1024)],
    "outstanding": [(n, ["-q", n, "-Q", 1024]) for n in (1, 4, 16, 64, 256, 1023)],
}
TABLES = ["memory"] + list(GROWTH)

# What the comparison is decided by
PLAIN = "4k-randread-qd32 4k-randwrite-qd32 4k-randread-qd1 128k-read-qd8 128k-write-qd8".split()
MAIN = PLAIN + ["128k-read-qd8-digests", "128k-write-qd8-digests"]
OTHER = ("4k-randwrite-qd1 4k-randread-qd128 4k-randwrite-qd128 4k-mix-qd32"
         " 512-randread-qd32 512-randwrite-qd32 1m-read-qd4 1m-write-qd4"
         " 4k-randwrite-qd32-r2t 128k-write-qd8-r2t 4k-randread-qd32-hdgst"
         " 4k-randread-qd32-digests 4k-randwrite-qd32-digests connect-q1 connect-q16").split()
DISKS = [f"{name}-{flag}" for flag in ("empty", "scsi", "slow", "hosts4") for name in PLAIN]
SETS = {"main": MAIN, "disks": DISKS, "io": MAIN + OTHER + DISKS, "growth": TABLES,
        "all": MAIN + OTHER + DISKS + TABLES}


def parse(name):
    connect = CONNECT.match(name)
    if connect:
        return Workload(name, 0, 0, 1, False, frozenset(), int(connect[1]))
    match = NAME.match(name)
    flags = match[5].split("-")[1:] if match else []
    if not match or match[3] not in KINDS or not set(flags) <= set(FLAGS):
        raise ValueError(f"no such workload: {name}; write SIZE-KIND-qdDEPTH[-FLAG...] with KIND "
                         f"one of {', '.join(KINDS)} and FLAG one of {', '.join(FLAGS)}; "
                         f"or connect-qQUEUES; or {', '.join(TABLES)}")
    writes, sequential = KINDS[match[3]]
    return Workload(name, writes, int(match[1]) * UNITS[match[2]], int(match[4]), sequential,
                    frozenset(flags), 0)


def expand(names):
    """Names, each once, with those of a set for the set's name."""
    return list(dict.fromkeys(name for word in names for name in SETS.get(word, [word])))


def number_of_ios(workload, ios):
    """In a run, where there are IOS of 4 KiB; large ones are fewer."""
    return max(ios * 32768 // max(workload.bytes, 32768), workload.depth * 4, 64)


def load_args(workload, ios, threads=1, disks=1):
    """The arguments of load for it, with so many disks."""
    each = max(number_of_ios(workload, ios) // disks, workload.depth * 2)
    args = ["-m", "-w", str(workload.writes), "-b", str(workload.bytes),
            "-q", str(workload.depth), "-n", str(each), "-j", str(threads)]
    return args + ["-s"] * workload.sequential


def limit_args(workload, ios):
    """The same bytes by raw: (share of the I/Os, its arguments) for reads and writes."""
    args = ["-b", workload.bytes, "-q", workload.depth, "-Q", max(workload.depth + 1, 128),
            "-n", number_of_ios(workload, ios)]
    if workload.bytes < 4096:
        args += ["-B", workload.bytes]
    if "hosts4" in workload.flags:
        args += ["-c", HOSTS]
    if "r2t" in workload.flags:
        args += ["-R"]
    args += ["-g"] * ("hdgst" in workload.flags) + ["-g", "-G"] * ("digests" in workload.flags)
    shares = ((1 - workload.writes / 100, args), (workload.writes / 100, args + ["-w"]))
    return [(share, each) for share, each in shares if share]
