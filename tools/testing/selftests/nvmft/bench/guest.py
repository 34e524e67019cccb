#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""In the guest: run workloads against both targets, for count.c to watch.

Each run leaves one dump of the plugin and one line of JSON here, in the same order;
a workload that is over, a line {"over": NAME}.
"""
import argparse
import json
import os
import time

import symbols
import targets
import workloads

DIGESTS = {"hdgst": ("-g",), "digests": ("-g", "-G")}
HOSTNQN = "nqn.2026-01.com.example:bench-host"
HOSTID = "6e766d66-7400-4000-8000-0000000001{:02x}"
CONNECTS = 8            # in a run
SETTLE = 2              # seconds, which pass at once, until what a run has left is gone


def emit(**row):
    print(json.dumps(row), flush=True)


class Bench:
    """Both targets, with the same disks and two ports each."""

    def __init__(self, options):
        self.options = options
        self.local = []                 # disks, by NSID - 1
        self.numbers = {}               # kind of disk: NSID
        # The first subsystem has all disks, the others are for hosts4.
        self.targets = {name: [targets.Target(name, str(n)) for n in range(workloads.HOSTS)]
                        for name in ("nvmft", "nvmet")}
        self.ports = {}
        plain = self.nsid("plain")
        for name, group in self.targets.items():
            for target in group:
                target.export()
                target.add_namespace(plain, self.local[0])
            self.ports[name] = (group[0].listen(), group[0].listen(1, targets.NO_INLINE))
            for target in group[1:]:
                target.link(self.ports[name][0])

    def make(self, kind):
        if kind == "plain":
            return targets.null_disk("nullb0")
        if kind == "small":
            return targets.null_disk("nullb1", block=512)
        if kind == "empty":
            return targets.null_disk("nullb2", backed=False)
        if kind == "scsi":
            return targets.scsi_disk()
        return targets.slow_disk(targets.null_disk("nullb3"))

    def nsid(self, kind):
        """Of a disk of this kind, which is made and exported when it is first wanted."""
        if kind not in self.numbers:
            self.local.append(self.make(kind))
            self.numbers[kind] = len(self.local)
            if kind != "plain":
                for group in self.targets.values():
                    group[0].add_namespace(len(self.local), self.local[-1])
        return self.numbers[kind]

    @staticmethod
    def kind(workload):
        if workload.bytes and workload.bytes < 4096:
            return "small"
        return next((k for k in ("empty", "scsi", "slow") if k in workload.flags), "plain")

    def rounds(self):
        for number in range(self.options.rounds):
            for name in self.options.order.split(","):
                yield name, number

    def load(self, workload, disks, **label):
        args = workloads.load_args(workload, self.options.ios, os.cpu_count(), len(disks))
        out = targets.run("./bench/load", *args, *disks)
        emit(workload=workload.name, **json.loads(out), **label)

    def raw(self, workload, name, args, **label):
        where = (["-a", targets.ECHO_PORT, "-e"] if name == "echo" else
                 ["-a", self.ports[name][0], "-N", self.targets[name][0].nqn])
        time.sleep(SETTLE)
        out = targets.run("./bench/raw", "-m", *map(str, where), *map(str, args))
        emit(workload=workload.name, target=name, **json.loads(out), **label)

    def connect(self, workload):
        for name, number in self.rounds():
            self.raw(workload, name, ["-r", CONNECTS, "-k", workload.connect], round=number)

    def limits(self, workload, nsid):
        """The same bytes over a bare TCP echo, and by the same program to the targets."""
        for share, args in workloads.limit_args(workload, self.options.ios):
            args = args + ["-k", os.cpu_count(), "-f", nsid]
            for name in ("nvmft", "nvmet", "echo"):
                plain = [a for a in args if a not in ("-g", "-G")] if name == "echo" else args
                self.raw(workload, name, plain, share=share)

    def io(self, workload):
        nsid = self.nsid(self.kind(workload))
        if self.options.limits:
            self.load(workload, [self.local[nsid - 1]], target="local")
        hosts = workloads.HOSTS if "hosts4" in workload.flags else 1
        disks = {}
        for name, group in self.targets.items():
            extra = [a for flag in workload.flags for a in DIGESTS.get(flag, ())]
            for n, target in enumerate(group[:hosts]):
                target.connect(self.ports[name]["r2t" in workload.flags], *extra, "--hostnqn",
                               f"{HOSTNQN}{n}", "--hostid", HOSTID.format(n))
            disks[name] = [target.disk(nsid) for target in group[:hosts]]
        for name, number in self.rounds():
            self.load(workload, disks[name], target=name, round=number)
        for group in self.targets.values():
            for target in group[:hosts]:
                target.disconnect()
        if self.options.limits:
            self.limits(workload, nsid)

    def run(self, workload):
        if workload.connect:
            self.connect(workload)
        else:
            self.io(workload)


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    args.add_argument("--ios", type=int, default=1000)
    args.add_argument("--rounds", type=int, default=1)
    args.add_argument("--order", default="nvmft,nvmet", help="of a round")
    args.add_argument("--limits", action="store_true",
                      help="the disk without a network, and a network without NVMe, too")
    args.add_argument("workload", nargs="+")
    options = args.parse_args()

    targets.load_modules()
    bench = Bench(options)
    chosen = [workloads.parse(name) for name in options.workload]
    for workload in chosen:
        if not workload.connect:
            bench.nsid(bench.kind(workload))
    # All modules are there.
    symbols.send()
    targets.run("./bench/load", "-S")
    for workload in chosen:
        bench.run(workload)
        emit(over=workload.name)


if __name__ == "__main__":
    main()
