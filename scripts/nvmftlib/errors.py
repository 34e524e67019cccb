# SPDX-License-Identifier: GPL-2.0
"""What can go wrong, and the exit status that says so."""

import errno
import os

OK = 0
FAILED = 1      # something was refused, or check found something
USAGE = 2       # argparse's own
UNABLE = 3      # nothing could be done: no module, no right, no such file
NOT_YET = 4     # only devices or addresses are missing: try again later


class Unable(Exception):
    """Nothing can be done at all."""


class Failed(Exception):
    """One thing could not be done."""


class BadConfig(Unable):
    """A configuration that is not of the form."""


class Refused(Failed):
    """The kernel, or a file system, refused a change."""

    def __init__(self, where: str, value: str, code: int, reason: str = "") -> None:
        self.where = where
        self.value = value
        self.errno = code
        self.reason = reason
        super().__init__(self.text())

    def name(self) -> str:
        """EINVAL and the like."""
        return errno.errorcode.get(self.errno, str(self.errno))

    def text(self) -> str:
        """One line: what, with which value, and why."""
        what = f'{self.where}: "{self.value}"' if self.value else self.where
        return f"{what}: {self.reason or os.strerror(self.errno)} ({self.name()})"


# What the kernel says of a device or an address that may still come.
DEVICE_MISSING = (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ENOTBLK, errno.ENOMEDIUM)
ADDRESS_MISSING = (errno.EADDRNOTAVAIL,)
