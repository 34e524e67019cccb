# SPDX-License-Identifier: GPL-2.0
"""In the guest: disks, both targets that export them, the host that connects.

nvmft and nvmet take the same commands, so each is set up by the same lines with
another name in them.
"""
import glob
import os
import re
import subprocess
import sys
import time

CONFIGFS = "/sys/kernel/config"
ADDR = "127.0.0.1"
PORTS = {"nvmet": 4420, "nvmft": 5420}
NQN = "nqn.2026-01.com.example:bench-"
INLINE = 16384
NO_INLINE = 1024        # nvmet takes Connect's data as in-capsule data of the port
ECHO_PORT = 4419
DISK_NAME = re.compile(r"nvme\d+n\d+$")


def fail(text):
    sys.exit(f"bench: {text}")


def run(*cmd):
    """Runs a command, returns its output; its complaint ends the benchmark."""
    done = subprocess.run(cmd, capture_output=True, text=True, check=False)
    if done.returncode:
        fail(f"{' '.join(cmd)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def put(path, value):
    with open(path, "w", encoding="ascii") as attr:
        attr.write(str(value))


def get(path):
    with open(path, encoding="ascii") as attr:
        return attr.read().strip()


def load_modules():
    # Before libcrc32c, or both targets and the host compute digests bit by bit.
    # A kernel that has no such module needs none.
    subprocess.run(["modprobe", "crc32c-intel"], check=False, capture_output=True)
    for name in ("nvme-tcp", "nvmet-tcp", "nvmft-tcp"):
        run("modprobe", name)
    run("modprobe", "null_blk", "nr_devices=0")
    run("modprobe", "nvmft-echo", f"port={ECHO_PORT}")
    if not os.path.isdir(CONFIGFS + "/nvmet"):
        run("mount", "-t", "configfs", "none", CONFIGFS)


def fill(path, mib):
    """A first write allocates, and what was not written is not read from memory."""
    run("dd", "if=/dev/zero", f"of={path}", "bs=1M", f"count={mib}", "oflag=direct", "status=none")
    return path


def null_disk(name, mib=64, block=4096, backed=True):
    """Makes a null_blk disk, every page of it present; returns its path."""
    base = f"{CONFIGFS}/nullb/{name}"
    os.mkdir(base)
    for attr, value in (("size", mib), ("blocksize", block), ("queue_mode", 2), ("irqmode", 0),
                        ("submit_queues", os.cpu_count()), ("memory_backed", int(backed)),
                        ("power", 1)):
        put(f"{base}/{attr}", value)
    return fill("/dev/" + name, mib) if backed else "/dev/" + name


def scsi_disk(mib=64):
    """scsi_debug's, which answers at once."""
    run("modprobe", "sd_mod")
    run("modprobe", "scsi_debug", f"dev_size_mb={mib}", "sector_size=4096", "delay=0",
        f"submit_queues={os.cpu_count()}")
    found = wait_for(lambda: glob.glob(
        "/sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/block/*"), "scsi_debug's disk")
    return fill("/dev/" + os.path.basename(found[0]), mib)


def slow_disk(below, milliseconds=1):
    run("modprobe", "dm-delay")
    sectors = int(get(f"/sys/class/block/{os.path.basename(below)}/size"))
    run("dmsetup", "create", "slow", "--noudevsync", "--table",
        f"0 {sectors} delay {below} 0 {milliseconds}")
    run("dmsetup", "mknodes", "slow")
    return "/dev/mapper/slow"


def wait_for(look, what):
    """What LOOK returns, once that is something."""
    for _ in range(400):
        found = look()
        if found:
            return found
        time.sleep(0.05)
    return fail(f"{what} did not appear")


class Target:
    """One subsystem of one target."""

    def __init__(self, name, label="0"):
        self.name = name
        self.nqn = f"{NQN}{name}-{label}"
        self.root = f"{CONFIGFS}/{name}"
        self.subsys = f"{self.root}/subsystems/{self.nqn}"

    def export(self, disks=()):
        os.mkdir(self.subsys)
        put(f"{self.subsys}/attr_allow_any_host", 1)
        for nsid, disk in enumerate(disks, 1):
            self.add_namespace(nsid, disk)

    def add_namespace(self, nsid, disk):
        base = f"{self.subsys}/namespaces/{nsid}"
        os.mkdir(base)
        put(f"{base}/device_path", disk)
        put(f"{base}/enable", 1)

    def listen(self, number=0, inline=INLINE):
        """Opens the target's port NUMBER and links the subsystem; returns the TCP port."""
        trsvcid = PORTS[self.name] + number
        port = f"{self.root}/ports/{trsvcid}"
        os.mkdir(port)
        for attr, value in (("addr_trtype", "tcp"), ("addr_adrfam", "ipv4"), ("addr_traddr", ADDR),
                            ("addr_trsvcid", trsvcid), ("param_inline_data_size", inline)):
            put(f"{port}/{attr}", value)
        self.link(trsvcid)
        return trsvcid

    def link(self, trsvcid):
        os.symlink(self.subsys, f"{self.root}/ports/{trsvcid}/subsystems/{self.nqn}")

    def connect(self, trsvcid, *extra):
        run("nvme", "connect", "-t", "tcp", "-a", ADDR, "-s", str(trsvcid), "-n", self.nqn, *extra)

    def folder(self):
        """The host's view of the subsystem, in sysfs."""
        for name in os.listdir("/sys/class/nvme-subsystem"):
            if get(f"/sys/class/nvme-subsystem/{name}/subsysnqn") == self.nqn:
                return f"/sys/class/nvme-subsystem/{name}"
        return fail(f"{self.nqn}: the host has no such subsystem")

    def disk(self, nsid):
        """The host's block device for a namespace."""
        return wait_for(lambda: self.look(nsid), f"namespace {nsid} of {self.nqn}")

    def look(self, nsid):
        # Newer hosts scan in parallel and number disks as they come.
        for name in filter(DISK_NAME.match, os.listdir(self.folder())):
            there = f"/sys/block/{name}/nsid"
            if os.path.exists(there) and os.path.exists("/dev/" + name) and get(there) == str(nsid):
                return "/dev/" + name
        return None

    def disconnect(self):
        run("nvme", "disconnect", "-n", self.nqn)
