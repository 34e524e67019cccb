# SPDX-License-Identifier: GPL-2.0
"""What this machine has: devices, addresses, who uses a device, who listens."""

import glob
import os
import socket
import stat
from typing import Iterator

FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
LISTEN = "0A"   # st in /proc/net/tcp
STABLE = ("wwn-", "nvme-eui.", "nvme-nguid.", "nvme-uuid.", "dm-uuid-", "md-uuid-", "scsi-",
          "ata-", "nvme-", "virtio-", "")
EVERYWHERE = ("0.0.0.0", "::")


class Probe:
    """The machine; tests have another one."""

    def device_ready(self, path: str) -> bool:
        """There is something at @path that can be exported."""
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError):
            return False
        return stat.S_ISBLK(mode) or stat.S_ISREG(mode)

    def address_ready(self, family: str, address: str) -> bool:
        """One can listen on @address now. What is no address is left to the kernel."""
        number = FAMILIES.get(family)
        if number is None or not address:
            return True
        try:
            where = socket.getaddrinfo(address, 0, number, socket.SOCK_STREAM,
                                       flags=socket.AI_NUMERICHOST)[0][4]
        except (OSError, UnicodeError):
            return "%" not in address     # an interface that is not there yet
        try:
            with socket.socket(number, socket.SOCK_STREAM) as sock:
                sock.bind(where)
        except OSError:
            return False
        return True

    def listening(self, family: str, address: str, service: str) -> bool:
        """Someone listens there."""
        try:
            where = (socket.inet_pton(FAMILIES[family], address.partition("%")[0]), int(service))
        except (KeyError, OSError, ValueError):
            return False
        return where in set(listeners(family))

    def same_device(self, one: str, other: str) -> bool:
        """Two paths of one device."""
        try:
            first, second = os.stat(one), os.stat(other)
        except (OSError, ValueError):
            return one == other
        if stat.S_ISBLK(first.st_mode) and stat.S_ISBLK(second.st_mode):
            return first.st_rdev == second.st_rdev
        return os.path.samestat(first, second)

    def used_by(self, path: str) -> str:
        """Who else has the device: a mount, a swap area, another device; or nothing."""
        return ", ".join(users(path))

    def stable_name(self, path: str) -> str:
        """A path that names the same disk after a reboot, if there is one."""
        real = os.path.realpath(path)
        if path != real or os.path.dirname(path) != "/dev":
            return path     # a link by which someone has named it
        links = [link for link in glob.glob("/dev/disk/by-id/*") if os.path.realpath(link) == real]
        for prefix in STABLE:
            for link in sorted(links):
                if os.path.basename(link).startswith(prefix):
                    return link
        return path

    def own_address(self, family: str) -> str:
        """An address that hosts may reach this machine by."""
        beyond = "192.0.2.1" if family == "ipv4" else "2001:db8::1"
        try:
            with socket.socket(FAMILIES[family], socket.SOCK_DGRAM) as sock:
                sock.connect((beyond, 9))       # sends nothing: asks the routes
                return str(sock.getsockname()[0])
        except OSError:
            return "127.0.0.1" if family == "ipv4" else "::1"

    def restores_at_boot(self) -> bool:
        """The service is enabled; without systemd someone else sees to that."""
        return not os.path.isdir("/run/systemd/system") or \
            bool(glob.glob("/etc/systemd/system/*.wants/nvmft.service"))

    def machine_id(self) -> str:
        """The same after a reboot, another one on another machine."""
        try:
            with open("/etc/machine-id", encoding="ascii") as file:
                return file.read().strip()
        except OSError:
            return socket.gethostname()


def listeners(family: str) -> Iterator[tuple[bytes, int]]:
    """(address, port) of listening TCP sockets of one family."""
    name = "/proc/net/tcp6" if family == "ipv6" else "/proc/net/tcp"
    try:
        with open(name, encoding="ascii") as file:
            lines = file.readlines()[1:]
    except OSError:
        return
    for line in lines:
        fields = line.split()
        if fields[3] == LISTEN:
            address, _, port = fields[1].partition(":")
            words = [bytes.fromhex(address[n:n + 8])[::-1] for n in range(0, len(address), 8)]
            yield b"".join(words), int(port, 16)


def unescape(name: str) -> str:
    """A path as /proc/mounts writes it."""
    for code in ("\\040", "\\011", "\\012", "\\134"):
        name = name.replace(code, chr(int(code[1:], 8)))
    return name


def block_name(path: str) -> str:
    """The kernel's name of a block device, or nothing."""
    try:
        info = os.stat(path)
    except (OSError, ValueError):
        return ""
    if not stat.S_ISBLK(info.st_mode):
        return ""
    device = f"{os.major(info.st_rdev)}:{os.minor(info.st_rdev)}"
    return os.path.basename(os.path.realpath(f"/sys/dev/block/{device}"))


def parts_of(name: str) -> list[str]:
    """A disk and its partitions."""
    folder = f"/sys/class/block/{name}"
    return [name] + [os.path.basename(os.path.dirname(found))
                     for found in glob.glob(f"{glob.escape(folder)}/*/partition")]


def users(path: str) -> Iterator[str]:
    """Mounts, swap areas and stacked devices on a disk or its partitions."""
    name = block_name(path)
    if not name:
        return
    for part in parts_of(name):
        for holder in sorted(glob.glob(f"/sys/class/block/{part}/holders/*")):
            yield f"{os.path.basename(holder)} is on {part}"
        for file, word in (("/proc/self/mounts", 1), ("/proc/swaps", 0)):
            try:
                with open(file, encoding="utf-8", errors="surrogateescape") as lines:
                    for line in lines:
                        fields = line.split()
                        if block_name(unescape(fields[0])) == part:
                            where = unescape(fields[word]) if word else "swap"
                            yield f"{part} is mounted on {where}" if word else f"{part} is {where}"
            except OSError:
                pass
