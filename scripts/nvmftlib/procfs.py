# SPDX-License-Identifier: GPL-2.0
"""What the module tells of its work: files below /proc/fs/nvmft.

The first line of a file is "# nvmft NAME 1", each other line an object:
"key=value key=value". Blanks, backslashes and what cannot be printed stand in
values as octal numbers behind a backslash.
"""

import errno
import os
import re
from typing import Any, Protocol

from .errors import Failed, Unable

ROOT = "/proc/fs/nvmft"
FORMAT = "1"
OCTAL = re.compile(rb"\\([0-3][0-7]{2})")

FILES = ("sessions", "queues", "namespaces", "hosts", "ports", "errors")
# Values that are text, whatever they look like, and those that are a histogram.
TEXTS = ("subsys", "type", "hostnqn", "hostid", "addr", "traddr", "trtype", "trsvcid", "state",
         "device", "object")
HISTOGRAMS = ("read_lat", "write_lat")

Row = dict[str, Any]


class Reports(Protocol):
    """What the rest of the tool needs of it."""

    def rows(self, name: str) -> list[Row]:
        """The objects of one file."""

    def terminate(self, subsys: str, cntlid: int) -> bool:
        """End one session; false where it is gone already."""


def unescape(text: str) -> str:
    """What seq_escape() has made of a string."""
    raw = OCTAL.sub(lambda match: bytes([int(match[1], 8)]),
                    text.encode("utf-8", "surrogateescape"))
    return raw.decode("utf-8", "surrogateescape")


def escape(text: str) -> str:
    """The other way, for what is written to the module."""
    raw = text.encode("utf-8", "surrogateescape")
    return b"".join(b"\\%03o" % byte if byte <= 32 or byte in b"\\\x7f" else bytes([byte])
                    for byte in raw).decode("utf-8", "surrogateescape")


def value(key: str, text: str) -> Any:
    """Of its type; what is of none is left as it is."""
    if key in HISTOGRAMS:
        return [int(each) for each in text.split(",") if each.isdigit()]
    if key in TEXTS or not (text.isascii() and text.isdigit()):
        return unescape(text)
    return int(text)


def parse(name: str, text: str) -> list[Row]:
    """The objects of file @name; raises Unable where it is of another form."""
    head, _, body = text.partition("\n")
    words = head.split()
    if len(words) != 4 or words[:3] != ["#", "nvmft", name]:
        raise Unable(f"{name}: begins with {head!r}, not with '# nvmft {name} {FORMAT}'")
    if words[3] != FORMAT:
        raise Unable(f"{name}: the module writes form {words[3]}, nvmftcli knows form {FORMAT}: "
                     "install the nvmftcli of the module's version")
    rows = []
    for line in body.splitlines():
        pairs = [word.partition("=") for word in line.split(" ") if word]
        if not all(equals for _, equals, _ in pairs):
            raise Unable(f"{name}: not key=value: {line!r}")
        if pairs:
            rows.append({key: value(key, text) for key, _, text in pairs})
    return rows


class ProcFs:
    """The running module."""

    def __init__(self, root: str | None = None) -> None:
        self.root = root or str(os.environ.get("NVMFT_PROC", ROOT))

    def require(self) -> None:
        """Loading the module would be of no use: nobody would be connected."""
        if not os.path.isdir(self.root):
            raise Unable(f"{self.root} is not there: the module nvmft is not loaded "
                         "(modprobe nvmft-tcp), or is older than this tool")

    def rows(self, name: str) -> list[Row]:
        try:
            with open(f"{self.root}/{name}", encoding="utf-8", errors="surrogateescape",
                      newline="\n") as file:
                return parse(name, file.read())
        except FileNotFoundError:
            self.require()
            raise Unable(f"{self.root}/{name} is not there: the module is older than "
                         "this tool") from None

    def terminate(self, subsys: str, cntlid: int) -> bool:
        session = f"subsys={escape(subsys)} cntlid={cntlid}"
        try:
            fd = os.open(f"{self.root}/terminate", os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.write(fd, f"{session}\n".encode("utf-8", "surrogateescape"))
            finally:
                os.close(fd)
        except OSError as why:
            if why.errno == errno.ENOENT:
                self.require()
                return False
            if why.errno in (errno.EACCES, errno.EPERM):
                raise
            raise Failed(f"terminate: {session}: {why.strerror}") from why
        return True
