#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""In the guest: the cost of an I/O as the work grows, and memory.

By raw.c, not by the kernel's host, which opens one I/O queue for each CPU. Lines of
JSON; one with "ns" has a dump of the plugin, in the same order; a table that is
over, a line {"over": NAME}.
"""
import argparse
import json
import socket
import subprocess
import time

import symbols
import targets
import workloads

NAMESPACES = 1024
SETTLE = 20             # seconds, in which targets give back what is idle; they pass at once
PAIRS = 96
CONTROLLERS = 48


def emit(**row):
    print(json.dumps(row), flush=True)


def raw(port, *args):
    return [str(a) for a in ("./bench/raw", "-a", port, *args)]


def measure(target, port, table, number, args, ios):
    time.sleep(SETTLE)      # until what the one before has left behind is gone
    out = targets.run(*raw(port, "-N", target.nqn, "-n", ios, "-m", *args))
    emit(table=table, n=number, target=target.name, **json.loads(out))


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
    args.add_argument("table", nargs="+", choices=workloads.TABLES)
    options = args.parse_args()

    targets.load_modules()
    symbols.send()
    targets.run("./bench/load", "-S")
    disk = targets.null_disk("nullb0")
    both = []
    for name in ("nvmft", "nvmet"):
        target = targets.Target(name)
        target.export([disk] * (NAMESPACES if "namespaces" in options.table else 1))
        both.append((target, target.listen()))
    # First, for it wants memory that nobody has used.
    for table in sorted(options.table, key=workloads.TABLES.index):
        if table == "memory":
            memory(both)
        else:
            for number, extra in workloads.GROWTH[table]:
                for target, port in both:
                    measure(target, port, table, number, extra, options.ios)
        emit(over=table)


if __name__ == "__main__":
    main()
