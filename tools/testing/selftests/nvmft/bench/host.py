# SPDX-License-Identifier: GPL-2.0
"""On the host: what the benchmark needs built, and a guest to run it in."""
import fcntl
import glob
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

import symbols
import workloads
from counts import Counts

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.realpath(os.path.join(HERE, "../../../../.."))
CACHE = os.environ.get("NVMFT_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ.get("HOME", "/root"), ".cache"),
    "nvmft")
ATTEMPTS = 3
GUEST_DIED = 120        # from here on scripts/vm speaks of the guest, not of the program
CFLAGS = ["-O2", "-Wall", "-Wextra", "-Wno-unused-parameter"]


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def call(*cmd):
    if subprocess.run(cmd, check=False, stdout=sys.stderr).returncode:
        sys.exit(f"bench: failed: {' '.join(cmd)}")


def kernel_tool(*args):
    """What scripts/kernel says."""
    done = subprocess.run([TOP + "/scripts/kernel", *args], check=False, stdout=subprocess.PIPE,
                          text=True)
    if done.returncode:
        sys.exit(f"bench: failed: scripts/kernel {' '.join(args)}")
    return done.stdout.strip()


def release(kernel):
    return kernel_tool("release", kernel)


def folder(kernel):
    """A folder of this checkout and kernel, kept so that builds are incremental."""
    key = hashlib.sha256(TOP.encode()).hexdigest()[:8]
    path = os.path.join(CACHE, "bench", f"{kernel}-{key}")
    os.makedirs(path, exist_ok=True)
    return path


def build(kernel):
    """Builds the modules, the load generators and the plugin; returns the folder."""
    kernel_tool("get", kernel)
    out = folder(kernel)
    # Two benchmarks of one checkout at a time build one after the other.
    with open(out + "/lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        call("bash", "-c", f'. "{TOP}/scripts/cache.sh"; copy_sources "{out}/nvmft"', "host.py")
        call("cp", "-rpT", HERE + "/echo", out + "/echo")
        for module in ("nvmft", "echo"):
            call(TOP + "/scripts/kernel", "make", kernel, "-s", "-j2", f"M={out}/{module}",
                 f"DRIVER={out}/nvmft", "modules")
        os.makedirs(out + "/ko", exist_ok=True)
        call("sh", "-c", f'cp "{out}"/nvmft/*.ko "{out}"/echo/*.ko "{out}/ko"')
        for name in ("load", "raw"):
            call("gcc", *CFLAGS, "-static", "-o", f"{out}/{name}", f"{HERE}/{name}.c")
        call("gcc", *CFLAGS, "-shared", "-fPIC", "-fvisibility=hidden", "-o", out + "/count.so",
             HERE + "/count.c")
    return out


def commit():
    done = subprocess.run(["git", "-C", TOP, "describe", "--always", "--dirty"], check=False,
                          capture_output=True, text=True)
    return done.stdout.strip() or "an unknown commit"


def modules(options, out, scratch):
    """The folder of .ko files for the guest: ours, or others with our echo server."""
    if not options.modules:
        return out + "/ko"
    chosen = scratch + "/ko"
    os.makedirs(chosen, exist_ok=True)
    for file in glob.glob(options.modules + "/**/*.ko", recursive=True) + [out + "/ko/nvmft-echo.ko"]:
        shutil.copy(file, chosen)
    return chosen


def guest(options, out, scratch, command):
    """Runs COMMAND in a guest with instruction time; its output lines of JSON.

    Now and then such a guest stalls or dies for reasons of the emulation; then
    it is started again, and that is said."""
    cmd = [TOP + "/scripts/vm", "--kernel", options.kernel, "--timeout", str(options.timeout),
           "--smp", str(options.smp),
           # two CPUs share one thread: each gets half of its time
           "--icount", "0" if options.smp == 1 else "1",
           "--modules", modules(options, out, scratch),
           "--file", HERE, "--file", out + "/load:job/bench/load", "--file", out + "/raw:job/bench/raw",
           "--drive", f"if=none,id=symbols,file={scratch}/symbols,format=raw",
           "--device", "virtio-blk-pci,drive=symbols",
           "--qemu-arg=-plugin", f"--qemu-arg={out}/count.so,setup={scratch}/symbols,dump={scratch}/dump",
           "--command", command]
    for attempt in range(1, ATTEMPTS + 1):
        for old in glob.glob(scratch + "/dump.*"):
            os.remove(old)
        with open(scratch + "/symbols", "wb") as file:
            file.truncate(symbols.DISK_MIB << 20)
        done = subprocess.run(cmd, check=False, stdout=subprocess.PIPE, text=True)
        lines = done.stdout.splitlines()
        if not done.returncode:
            return [json.loads(line) for line in lines if line.startswith("{")]
        say(f"attempt {attempt} of {ATTEMPTS}: the guest ended with {done.returncode}")
        sys.stderr.write("".join(line + "\n" for line in lines[-20:]))
        if done.returncode < GUEST_DIED:
            break
    return sys.exit(1)


def measure(options, script, *args):
    """Runs SCRIPT of this folder in a guest; what it reports, with the counts of runs."""
    out = build(options.kernel)
    with tempfile.TemporaryDirectory(prefix="nvmft-bench.") as scratch:
        rows = guest(options, out, scratch, f"python3 bench/{script} " + " ".join(args))
        table = symbols.Symbols(scratch + "/symbols")
        for number, row in enumerate(row for row in rows if "ns" in row):
            row["counts"] = Counts(f"{scratch}/dump.{number}", table, row["ios"])
    return rows


def add_options(parser):
    names = kernel_tool("list").split()
    parser.add_argument("--kernel", choices=names, default=names[0],
                        help=f"one of {', '.join(names)} (default {names[0]})")
    parser.add_argument("--modules", metavar="DIR", help=".ko files to take instead of building them")
    parser.add_argument("--smp", type=int, default=1, help="CPUs, and I/O queues (default 1)")
    parser.add_argument("--timeout", type=int, default=1800, help="of the guest, in seconds")


def workload_names(parser, options):
    names = workloads.expand(options.workload)
    for name in names:
        try:
            workloads.parse(name)
        except ValueError as why:
            parser.error(str(why))
    return names
