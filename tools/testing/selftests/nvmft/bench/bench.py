#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Compare nvmft with nvmet in one guest, on the same null_blk disk.

Runs inside the guest that "make bench" boots. Both targets export the same
memory-backed disk over loopback to the kernel's own host; the workloads run in
the order A B B A, so that a drift of the machine cancels. In a guest with
instruction time (--icount) an I/O's time is the number of guest instructions it
took, host side and fio included, so the figures repeat whatever else the machine
does; without it only the ratios mean anything.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

CONFIGFS = "/sys/kernel/config"
ADDR = "127.0.0.1"
TARGETS = {"nvmft": "4421", "nvmet": "4420"}

# name, fio's rw, block size, queue depth, share of --ios
WORKLOADS = [
    ("4k randread qd1", "randread", "4k", 1, 1.0),
    ("4k randread qd32", "randread", "4k", 32, 1.0),
    ("4k randwrite qd1", "randwrite", "4k", 1, 1.0),
    ("4k randwrite qd32", "randwrite", "4k", 32, 1.0),
    ("128k read qd8", "read", "128k", 8, 0.3),
    ("128k write qd8", "write", "128k", 8, 0.3),
]


def run(*cmd):
    """Run a command, return its output; its complaint ends the benchmark."""
    done = subprocess.run(cmd, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"bench: {' '.join(cmd)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def put(path, value):
    with open(path, "w", encoding="ascii") as attr:
        attr.write(value)


def export(target, disk):
    """Export @disk through @target, as an administrator would."""
    run("modprobe", f"{target}-tcp")
    root = f"{CONFIGFS}/{target}"
    subsys, port = f"{root}/subsystems/nqn.bench.{target}", f"{root}/ports/1"
    os.mkdir(subsys)
    put(f"{subsys}/attr_allow_any_host", "1")
    os.mkdir(f"{subsys}/namespaces/1")
    put(f"{subsys}/namespaces/1/device_path", disk)
    put(f"{subsys}/namespaces/1/enable", "1")
    os.mkdir(port)
    put(f"{port}/addr_trtype", "tcp")
    put(f"{port}/addr_adrfam", "ipv4")
    put(f"{port}/addr_traddr", ADDR)
    put(f"{port}/addr_trsvcid", TARGETS[target])
    os.symlink(subsys, f"{port}/subsystems/nqn.bench.{target}")


def connect(target, extra):
    """Connect the kernel's host; return the block device."""
    run("nvme", "connect", "-t", "tcp", "-a", ADDR, "-s", TARGETS[target],
        "-n", f"nqn.bench.{target}", *extra)
    for _ in range(100):
        for name in os.listdir("/sys/class/nvme-subsystem"):
            base = f"/sys/class/nvme-subsystem/{name}"
            with open(f"{base}/subsysnqn", encoding="ascii") as attr:
                if attr.read().strip() != f"nqn.bench.{target}":
                    continue
            disks = [d for d in os.listdir(base) if d.startswith("nvme") and "n" in d[4:]]
            if disks and os.path.exists(f"/dev/{disks[0]}"):
                return f"/dev/{disks[0]}"
        time.sleep(0.1)
    sys.exit(f"bench: no disk of {target} appeared")


def fio(disk, workload, ios):
    """Run one workload; return its I/Os per second."""
    _, rw, bs, depth, share = workload
    out = run("fio", "--name=b", f"--filename={disk}", f"--rw={rw}", f"--bs={bs}",
              f"--iodepth={depth}", "--ioengine=libaio", "--direct=1", "--randseed=7",
              f"--number_ios={max(int(ios * share), 50)}", "--size=100%",
              "--output-format=json")
    job = json.loads(out[out.index("{"):])["jobs"][0]
    if job["error"]:
        sys.exit(f"bench: fio reports error {job['error']} on {disk}")
    return job["write" if "write" in rw else "read"]["iops"]


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    args.add_argument("--rounds", type=int, default=2, help="A B B A blocks (default 2)")
    args.add_argument("--ios", type=int, default=3000, help="I/Os of a run (default 3000)")
    args.add_argument("--digests", action="store_true", help="header and data digests on")
    args.add_argument("--only", default="", help="workloads whose name has this text")
    args = args.parse_args()

    run("modprobe", "null_blk", "nr_devices=1", "gb=1", "memory_backed=1", "bs=512",
        "queue_mode=2", "submit_queues=1")
    # Before libcrc32c, or both targets and the host compute digests bit by bit.
    subprocess.run(["modprobe", "crc32c-intel"], check=False, capture_output=True)
    extra = ["-g", "-G"] if args.digests else []
    disks = {}
    for target in TARGETS:
        export(target, "/dev/nullb0")
        disks[target] = connect(target, extra)
    print(f"# kernel {os.uname().release}, {os.cpu_count()} CPU, digests "
          f"{'on' if args.digests else 'off'}, {args.rounds} rounds of A B B A", flush=True)
    print(f"{'workload':20} {'nvmft':>10} {'nvmet':>10} {'ratio':>7}  spread      "
          "(I/Os per second; above 1: nvmft is faster)", flush=True)
    for workload in WORKLOADS:
        if args.only not in workload[0]:
            continue
        for target in TARGETS:     # warm up, and write what will be read
            fio(disks[target], workload, args.ios / 10)
        iops = {target: [] for target in TARGETS}
        ratios = []
        for _ in range(args.rounds):
            block = {target: [] for target in TARGETS}
            for target in ("nvmft", "nvmet", "nvmet", "nvmft"):
                block[target].append(fio(disks[target], workload, args.ios))
            ratios.append(sum(block["nvmft"]) / sum(block["nvmet"]))
            for target in TARGETS:
                iops[target] += block[target]
        print(f"{workload[0]:20} {statistics.median(iops['nvmft']):10.0f} "
              f"{statistics.median(iops['nvmet']):10.0f} {statistics.median(ratios):7.3f}  "
              f"{min(ratios):.3f}-{max(ratios):.3f}", flush=True)
    for target in TARGETS:
        run("nvme", "disconnect", "-n", f"nqn.bench.{target}")


if __name__ == "__main__":
    main()
