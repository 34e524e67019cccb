# SPDX-License-Identifier: GPL-2.0
"""A disk that remembers in which order it was written (dm-log-writes), and what would be left of it
had its power failed at a mark.

The log holds a write from the moment on at which nothing can lose it any more: one with FUA when it
has completed, any other when a flush has that was sent after it had. So what stands in the log
before a mark is what a disk still has that loses its whole cache: the worst that a disk may do.
"""

import fcntl
import mmap
import os
import struct
import time

from .conn import Fail, Skip, check
from .target import Disk, run

NAME = "nvmft-test-cut"
PATH = f"/dev/mapper/{NAME}"
MIB = 1 << 20
CHUNK = MIB

# The log's first sector, and the head of an entry (drivers/md/dm-log-writes.c)
_SUPER = struct.Struct("<QQQI")
_MAGIC = 0x6A736677736872
_ENTRY = struct.Struct("<QQQQ")
_DISCARD, _MARK = 4, 8

# struct dm_ioctl, then struct dm_target_msg (include/uapi/linux/dm-ioctl.h)
_DM = struct.Struct("=3I2IIiIIIQ128s129s7s")
_DM_TARGET_MSG = 0xC000FD0E | _DM.size << 16


class CutDisk:
    """A memory-backed disk with a write cache, and the log of it; its node is PATH."""

    def __init__(self, mib, block=512, log_mib=96):
        run("modprobe", "dm_mod")
        try:
            run("modprobe", "dm_log_writes")
        except Fail as err:
            raise Skip("the kernel has no dm-log-writes") from err
        self.size = mib * MIB
        self.disks = []
        self.control = None
        self.marks = 0
        try:
            self.data = self._disk("wirecut", mib, block, cache=True)
            self.log = self._disk("wirelog", log_mib, block)
            run("dmsetup", "create", NAME, "--noudevsync", "--table",
                f"0 {self.size // 512} log-writes {self.data.path} {self.log.path}")
            run("dmsetup", "mknodes", NAME)
            self.control = os.open("/dev/mapper/control", os.O_RDWR)
        except BaseException:
            self.remove()
            raise

    def _disk(self, *args, **kw):
        self.disks.append(Disk(*args, **kw))
        return self.disks[-1]

    def mark(self):
        """Note in the log that this is now; returns the mark's number."""
        message = struct.pack("=Q", 0) + f"mark {self.marks}\0".encode()
        head = _DM.pack(4, 0, 0, _DM.size + len(message), _DM.size, 0, 0, 0, 0, 0, 0,
                        NAME.encode(), b"", b"")
        fcntl.ioctl(self.control, _DM_TARGET_MSG, bytearray(head + message))
        self.marks += 1
        return self.marks - 1

    def close(self):
        """No more writes: the log is complete."""
        if self.control is not None:
            os.close(self.control)
            self.control = None
        if os.path.exists(PATH):
            deadline = time.monotonic() + 5
            while True:
                try:
                    run("dmsetup", "remove", "--noudevsync", NAME)
                    break
                except Fail:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.1)
            os.unlink(PATH)

    def remove(self):
        """The disks go as well."""
        self.close()
        for disk in self.disks:
            disk.remove()
        self.disks = []

    def entries(self):
        """The log: (mark, None, None), or (None, first byte, data)."""
        with open(self.log.path, "rb") as log:
            magic, version, count, sector = _SUPER.unpack(log.read(_SUPER.size))
            check(magic == _MAGIC and version == 1, "not a log of dm-log-writes")
            at = sector
            for _ in range(count):
                log.seek(at)
                head = log.read(sector)
                first, sectors, flags, length = _ENTRY.unpack(head[:_ENTRY.size])
                at += sector
                if flags & _MARK:
                    text = head[_ENTRY.size:_ENTRY.size + length].rstrip(b"\0").decode()
                    if text.isdigit():
                        yield int(text), None, None
                elif flags & _DISCARD:
                    yield None, first * sector, bytes(sectors * sector)
                elif sectors:
                    yield None, first * sector, log.read(sectors * sector)
                    at += sectors * sector

    def states(self):
        """For each mark in turn: (its number, the disk as a bytearray, the bytes written since the
        mark before as (first, length)). The bytearray is the same one each time."""
        disk = bytearray(self.size)
        since = []
        seen = 0
        for mark, first, data in self.entries():
            if mark is None:
                disk[first:first + len(data)] = data
                since.append((first, len(data)))
                continue
            check(mark == seen, f"mark {mark} in the log where {seen} was expected")
            seen += 1
            yield mark, disk, since
            since = []
        check(seen == self.marks, f"{seen} of {self.marks} marks in the log")


def write_disk(path, data):
    """Make a block device hold this."""
    fd = os.open(path, os.O_WRONLY | os.O_DIRECT)
    try:
        with mmap.mmap(-1, CHUNK) as page:
            for at in range(0, len(data), CHUNK):
                part = data[at:at + CHUNK]
                page[:len(part)] = bytes(part)
                view = memoryview(page)[:len(part)]
                check(os.pwritev(fd, [view], at) == len(part), f"short write to {path}")
                view.release()
    finally:
        os.close(fd)
