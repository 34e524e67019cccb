#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""In the guest: run workloads against both targets, for count.c to watch.

Each run leaves one dump of the plugin and one line of JSON here, in the same order.
"""
import argparse
import json
import os

import symbols
import targets
import workloads

DIGESTS = {"hdgst": ("-g",), "digests": ("-g", "-G")}


class Bench:
    """Both targets with three disks each, and two ports."""

    def __init__(self, options):
        self.options = options
        self.local = [targets.null_disk("nullb0"), targets.null_disk("nullb1", block=512),
                      targets.null_disk("nullb2", backed=False)]
        self.targets = {name: targets.Target(name) for name in ("nvmft", "nvmet")}
        self.ports = {}
        for name, target in self.targets.items():
            target.export(self.local)
            self.ports[name] = (target.listen(), target.listen(1, targets.NO_INLINE))

    def which(self, workload):
        """The number of the disk that a workload wants."""
        if "empty" in workload.flags:
            return 2
        return 1 if workload.bytes < 4096 else 0

    def measure(self, workload, disk, **label):
        args = workloads.load_args(workload, self.options.ios, os.cpu_count())
        out = targets.run("./bench/load", *args, disk)
        print(json.dumps(dict(json.loads(out), workload=workload.name, **label)), flush=True)

    def run(self, workload):
        which = self.which(workload)
        if self.options.local:
            self.measure(workload, self.local[which], target="local", round=0)
        disks = {}
        for name, target in self.targets.items():
            extra = [a for flag in workload.flags for a in DIGESTS.get(flag, ())]
            target.connect(self.ports[name]["r2t" in workload.flags], *extra)
            disks[name] = target.disks(len(self.local))[which]
        for number in range(self.options.rounds):
            for name in self.options.order.split(","):
                self.measure(workload, disks[name], target=name, round=number)
        for target in self.targets.values():
            target.disconnect()


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    args.add_argument("--ios", type=int, default=1000)
    args.add_argument("--rounds", type=int, default=1)
    args.add_argument("--order", default="nvmft,nvmet", help="of a round")
    args.add_argument("--local", action="store_true", help="the disk without a network, too")
    args.add_argument("workload", nargs="+")
    options = args.parse_args()

    targets.load_modules()
    symbols.send()
    targets.run("./bench/load", "-S")
    bench = Bench(options)
    for name in options.workload:
        bench.run(workloads.parse(name))


if __name__ == "__main__":
    main()
