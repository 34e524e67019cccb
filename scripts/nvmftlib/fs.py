# SPDX-License-Identifier: GPL-2.0
"""The configfs tree as folders, attributes and links, with reasons for refusals."""

import os
import re
import stat
import subprocess
from typing import Protocol

from . import ROOT
from .errors import Refused, Unable

KMSG = "/dev/kmsg"
REFUSAL = re.compile(r'nvmft: (?P<where>[^"]*?): ".*?"(?:\.\.\.)? refused: (?P<why>.*) \(-?\w+\)$')
LISTENING = re.compile(r"nvmft-tcp: port (?P<port>\d+): cannot listen on (?P<why>.*): -?\w+$")


class Tree(Protocol):
    """What the rest of the tool needs of a tree; paths are relative to its root."""

    def names(self, path: str) -> list[str]:
        """Names in a folder, none if it is not there."""

    def exists(self, path: str) -> bool:
        """A folder, an attribute or a link is there."""

    def attributes(self, path: str) -> list[str]:
        """Files of a folder that can be read and written."""

    def read(self, path: str) -> str:
        """An attribute's value without the newline."""

    def write(self, path: str, value: str) -> None:
        """Set an attribute."""

    def mkdir(self, path: str) -> None:
        """Make an object."""

    def rmdir(self, path: str) -> None:
        """Remove an object."""

    def link(self, target: str, path: str) -> None:
        """Make @path a link to @target, both below the root."""

    def unlink(self, path: str) -> None:
        """Remove a link."""

    def target(self, path: str) -> str:
        """The last component of what a link leads to."""


class KernelLog:
    """The reason that the kernel logs beside an errno; silent where the log is not readable."""

    def __init__(self, path: str = KMSG) -> None:
        try:
            self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            self.fd = -1
        self.skip()

    def skip(self) -> None:
        """What has been logged until now is of no interest."""
        if self.fd >= 0:
            try:
                os.lseek(self.fd, 0, os.SEEK_END)
            except OSError:
                os.close(self.fd)
                self.fd = -1

    def lines(self) -> list[str]:
        """The messages since skip()."""
        found = []
        while self.fd >= 0:
            try:
                record = os.read(self.fd, 8192)
            except BlockingIOError:
                break
            except OSError:     # overwritten in the meantime: the next record
                continue
            if not record:
                break
            found.append(record.decode(errors="replace").partition(";")[2].split("\n")[0])
        return found

    def reason(self, where: str) -> str:
        """Why @where was refused since skip(), or an empty string."""
        why = ""
        for line in self.lines():
            refusal, listening = REFUSAL.search(line), LISTENING.search(line)
            if refusal and (where == refusal["where"] or where.startswith(refusal["where"] + "/")):
                why = refusal["why"]
            elif listening and where.startswith(f"ports/{listening['port']}/"):
                why = "cannot listen on " + listening["why"]
        return why


class ConfigFs:
    """The running target."""

    def __init__(self, root: str | None = None) -> None:
        self.root = root or str(os.environ.get("NVMFT_ROOT", ROOT))
        self.log = KernelLog()

    def loaded(self) -> bool:
        """The tree is there."""
        return os.path.isdir(self.root)

    def require(self) -> None:
        """Load the module if that is all that is missing."""
        if not self.loaded() and self.root == ROOT and os.geteuid() == 0:
            for command in ("modprobe -q configfs", "modprobe -q nvmft-tcp",
                            "mount -t configfs configfs /sys/kernel/config"):
                if not self.loaded():
                    subprocess.run(command.split(), check=False, stderr=subprocess.DEVNULL)
        if not self.loaded():
            raise Unable(f"{self.root} is not there: the module nvmft is not loaded "
                         "(modprobe nvmft-tcp), or configfs is not mounted")

    def full(self, path: str) -> str:
        """As the kernel's other users name it."""
        return os.path.join(self.root, path) if path else self.root

    def names(self, path: str) -> list[str]:
        try:
            return sorted(os.listdir(self.full(path)))
        except FileNotFoundError:
            return []
        except OSError as why:
            raise self.refused(path, "", why) from why

    def exists(self, path: str) -> bool:
        return os.path.lexists(self.full(path))

    def attributes(self, path: str) -> list[str]:
        found = []
        for name in self.names(path):
            mode = os.lstat(os.path.join(self.full(path), name)).st_mode
            if stat.S_ISREG(mode) and mode & stat.S_IRUSR and mode & stat.S_IWUSR:
                found.append(name)
        return found

    def read(self, path: str) -> str:
        try:
            with open(self.full(path), encoding="utf-8", errors="surrogateescape") as file:
                return file.read().rstrip("\n")
        except OSError as why:
            raise self.refused(path, "", why) from why

    def write(self, path: str, value: str) -> None:
        self.log.skip()
        try:
            fd = os.open(self.full(path), os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.write(fd, (value + "\n").encode("utf-8", "surrogateescape"))
            finally:
                os.close(fd)
        except OSError as why:
            raise self.refused(path, value, why) from why

    def mkdir(self, path: str) -> None:
        self.log.skip()
        try:
            os.mkdir(self.full(path))
        except OSError as why:
            raise self.refused(path, "", why) from why

    def rmdir(self, path: str) -> None:
        self.log.skip()
        try:
            os.rmdir(self.full(path))
        except OSError as why:
            raise self.refused(path, "", why) from why

    def link(self, target: str, path: str) -> None:
        self.log.skip()
        try:
            os.symlink(self.full(target), self.full(path))
        except OSError as why:
            raise self.refused(path, "", why) from why

    def unlink(self, path: str) -> None:
        self.log.skip()
        try:
            os.unlink(self.full(path))
        except OSError as why:
            raise self.refused(path, "", why) from why

    def target(self, path: str) -> str:
        try:
            return os.path.basename(os.readlink(self.full(path)))
        except OSError as why:
            raise self.refused(path, "", why) from why

    def refused(self, path: str, value: str, why: OSError) -> Refused:
        """The exception for @why, with what the kernel log adds."""
        return Refused(path, value, why.errno or 0, self.log.reason(path))
