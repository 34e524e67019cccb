#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""In the guest: the cost of an I/O as the work grows, the bare echo, memory.

By raw.c, not by the kernel's host. Lines of JSON; one with "ns" has a dump of the
plugin, in the same order.
"""
import argparse
import json
import os
import socket
import subprocess
import time

import symbols
import targets

ECHO_PORT = 4419
NAMESPACES = 1024
SETTLE = 20             # seconds, in which targets give back what is idle; they pass at once
PAIRS = 96
CONTROLLERS = 48

# Table: its rows (number, arguments of raw)
GROWTH = {
    "queue pairs": [(n, ["-c", max(n // 128, 1), "-k", min(n, 128)]) for n in (1, 4, 16, 64, 256)],
    "controllers": [(n, ["-c", n]) for n in (1, 4, 16, 64, 256)],
    "namespaces": [(n, ["-s", n, "-q", 32]) for n in (1, 16, 128, 1024)],
    "outstanding commands": [(n, ["-q", n, "-Q", 1024]) for n in (1, 4, 16, 64, 256, 1023)],
}
LIMIT = {
    "4k-read-qd1": ["-q", 1], "4k-read-qd32": ["-q", 32], "4k-write-qd32": ["-q", 32, "-w"],
    "128k-read-qd8": ["-q", 8, "-b", 131072], "128k-write-qd8": ["-q", 8, "-b", 131072, "-w"],
}
CONNECT = {"1 I/O queue": ["-k", 1], "16 I/O queues": ["-k", 16]}


def emit(**row):
    print(json.dumps(row), flush=True)


def raw(port, *args):
    return [str(a) for a in ("./bench/raw", "-a", port, *args)]


def measure(target, port, table, number, args, ios):
    nqn = ["-N", target.nqn] if target else ["-e"]
    time.sleep(SETTLE)      # until what the one before has left behind is gone
    out = targets.run(*raw(port, *nqn, "-n", ios, "-m", *args))
    emit(table=table, n=number, target=target.name if target else "echo", **json.loads(out))


class Memory:
    """What is gone for good while things are added and nothing is taken away.

    Freed memory may stay with the slab allocator, and be used again by whoever
    comes next. So nothing is freed between two readings."""

    def __init__(self):
        self.children = []
        self.sockets = []
        self.last = self.free()

    def free(self):
        time.sleep(SETTLE)
        with open("/proc/meminfo", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("MemFree"))

    def taken(self):
        before, self.last = self.last, self.free()
        return before - self.last

    def add_sockets(self, number):
        with socket.create_server((targets.ADDR, 0), backlog=number) as server:
            for _ in range(number):
                self.sockets += [socket.create_connection(server.getsockname()), server.accept()[0]]
        return self.taken()

    def add_queues(self, target, port, *args):
        child = subprocess.Popen(raw(port, "-N", target.nqn, "-i", "-Q", 128, *args), text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.children.append(child)
        if child.stdout.readline() != "ready\n":
            targets.fail(f"raw {args} did not get ready")
        return self.taken()

    def end(self):
        for child in self.children:
            child.stdin.close()
            child.wait()
        for end in self.sockets:
            end.close()


def memory(both):
    """Bytes of a pair of sockets, an idle queue pair, an idle controller."""
    keep = Memory()
    keep.add_sockets(8)
    emit(table="memory", target="sockets", pair=keep.add_sockets(PAIRS) / PAIRS)
    for target, port in both:
        keep.add_queues(target, port, "-k", 8)
        few = keep.add_queues(target, port, "-k", 8)
        pair = (keep.add_queues(target, port, "-k", PAIRS + 8) - few) / PAIRS
        # Both have as many queue pairs.
        one = keep.add_queues(target, port, "-k", CONTROLLERS)
        many = keep.add_queues(target, port, "-c", CONTROLLERS, "-k", 1)
        emit(table="memory", target=target.name, pair=pair,
             controller=(many - one) / (CONTROLLERS - 1))
    keep.end()


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    args.add_argument("--ios", type=int, default=1024)
    args.add_argument("--only", default="", help="tables whose name has this text")
    options = args.parse_args()

    targets.load_modules()
    targets.run("modprobe", "nvmft-echo", f"port={ECHO_PORT}")
    symbols.send()
    targets.run("./bench/load", "-S")
    disk = targets.null_disk("nullb0")
    both = []
    for name in ("nvmft", "nvmet"):
        target = targets.Target(name)
        target.export([disk] * (NAMESPACES if options.only in "namespaces" else 1))
        both.append((target, target.listen()))
    if options.only in "memory":
        memory(both)
    for table, rows in GROWTH.items():
        if options.only in table:
            for number, extra in rows:
                for target, port in both:
                    measure(target, port, table, number, extra, options.ios)
    if options.only in "limit":
        for number, extra in LIMIT.items():
            ios = options.ios // (4 if "-b" in extra else 1)
            for target, port in both + [(None, ECHO_PORT)]:
                measure(target, port, "limit", number, extra, ios)
    if options.only in "connect":
        for number, extra in CONNECT.items():
            for target, port in both:
                measure(target, port, "connect", number, ["-r", 8, *extra], 1)
    os.sync()


if __name__ == "__main__":
    main()
