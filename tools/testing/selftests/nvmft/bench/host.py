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
import threading

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
    """Of this tree; dirty if what is measured, or measures, is not as committed."""
    def git(*args):
        return subprocess.run(["git", "-C", TOP, *args], check=False, capture_output=True, text=True)

    name = git("describe", "--always").stdout.strip()
    if not name:
        return "an unknown commit"
    dirty = git("diff", "--quiet", "HEAD", "--", "drivers", HERE).returncode
    return name + ("-dirty" if dirty else "")


def modules(options, out, scratch):
    """The folder of .ko files for the guest: ours, or others with our echo server."""
    if not options.modules:
        return out + "/ko"
    chosen = scratch + "/ko"
    os.makedirs(chosen, exist_ok=True)
    for file in glob.glob(options.modules + "/**/*.ko", recursive=True) + [out + "/ko/nvmft-echo.ko"]:
        shutil.copy(file, chosen)
    return chosen


def vm(options, out, scratch, command):
    """The command line of a guest that runs COMMAND. One CPU has instruction time."""
    return [TOP + "/scripts/vm", "--kernel", options.kernel, "--timeout", str(options.timeout),
            "--smp", str(options.smp),
            *(("--icount", "0") if options.smp == 1 else ("--accel", "tcg-single")),
            "--modules", modules(options, out, scratch),
            "--file", HERE, "--file", out + "/load:job/bench/load", "--file", out + "/raw:job/bench/raw",
            "--drive", f"if=none,id=symbols,file={scratch}/symbols,format=raw",
            "--device", "virtio-blk-pci,drive=symbols",
            "--qemu-arg=-plugin",
            f"--qemu-arg={out}/count.so,setup={scratch}/symbols,dump={scratch}/dump",
            "--command", command]


class Guest:
    """A guest that runs COMMAND; it is ended when it says nothing for long."""

    def __init__(self, options, out, command):
        self.scratch = tempfile.TemporaryDirectory(prefix="nvmft-bench.")
        self.symbols = self.scratch.name + "/symbols"
        with open(self.symbols, "wb") as file:
            file.truncate(symbols.DISK_MIB << 20)
        self.process = subprocess.Popen(vm(options, out, self.scratch.name, command),
                                        stdout=subprocess.PIPE, text=True)
        self.quiet = options.quiet
        self.stalled = False
        self.other = []         # lines that are no JSON

    def stall(self):
        self.stalled = True
        self.process.terminate()

    def lines(self):
        """Its lines of JSON as they come."""
        while True:
            timer = threading.Timer(self.quiet, self.stall)
            timer.start()
            line = self.process.stdout.readline()
            timer.cancel()
            if not line:
                break
            if line.startswith("{"):
                yield json.loads(line)
            else:
                self.other.append(line)
        self.process.wait()

    def rows(self):
        """What it reports, with the counts of each run."""
        table = None
        dumps = 0
        with self.scratch:
            try:
                for row in self.lines():
                    if "ns" in row:
                        table = table or symbols.Symbols(self.symbols)
                        row["counts"] = self.counts(dumps, table, row)
                        dumps += 1
                    yield row
            finally:
                self.process.terminate()
                self.process.wait()

    def counts(self, number, table, row):
        dump = f"{self.scratch.name}/dump.{number}"
        found = Counts(dump, table, row["ios"])
        os.remove(dump)
        if row["target"] != "local":
            found.need_switches()
        return found

    def good(self):
        return not self.stalled and not self.process.returncode

    def died(self):
        """It has, not its program."""
        return self.stalled or self.process.returncode >= GUEST_DIED

    def ending(self):
        return (f"was silent for {self.quiet} s" if self.stalled else
                f"ended with {self.process.returncode}")


def measure(options, script, names, *args):
    """Runs SCRIPT of this folder in a guest for workloads or tables; its rows, and what failed.

    Now and then such a guest stalls or dies for reasons of the emulation; then
    another one does what it has not done, and that is said. What fails, or dies
    each time, is left out."""
    out = build(options.kernel)
    todo, rows, failed, deaths = list(names), [], [], 0
    while todo:
        guest = Guest(options, out, " ".join(["python3", "bench/" + script, *args, *todo]))
        fresh = []
        for row in guest.rows():
            if "over" not in row:
                fresh.append(row)
                continue
            todo.remove(row["over"])
            rows += fresh
            fresh, deaths = [], 0
            say(f"{row['over']} done, {len(todo)} to go")
        if guest.good() and not todo:
            break
        deaths += 1
        say(f"the guest {guest.ending()}, {len(todo)} to go: {deaths} of {ATTEMPTS} times")
        sys.stderr.writelines(guest.other[-20:])
        if todo and (not guest.died() or deaths == ATTEMPTS):
            failed.append(todo.pop(0))
            say(f"{failed[-1]} FAILED")
            deaths = 0
    return rows, failed


def add_options(parser):
    names = kernel_tool("list").split()
    parser.add_argument("--kernel", choices=names, default=names[0],
                        help=f"one of {', '.join(names)} (default {names[0]})")
    parser.add_argument("--modules", metavar="DIR", help=".ko files to take instead of building them")
    parser.add_argument("--smp", type=int, default=1, help="CPUs, and I/O queues (default 1); more than one have the time of "
                        "this machine, not instruction time")
    parser.add_argument("--timeout", type=int, default=3600, help="of a guest, in seconds")
    parser.add_argument("--quiet", type=int, default=300, metavar="SECONDS",
                        help="a guest that says nothing for so long is started again (default 300)")


def workload_names(parser, options):
    names = workloads.expand(options.workload)
    for name in names:
        try:
            if name not in workloads.TABLES:
                workloads.parse(name)
        except ValueError as why:
            parser.error(str(why))
    return names
