# SPDX-License-Identifier: GPL-2.0
"""System calls that do not return: the kernel wants to write into memory that nobody provides
(userfaultfd)."""

import contextlib
import ctypes
import fcntl
import mmap
import os
import platform
import select
import struct
import threading

from .conn import PACE, Skip, check

# (userfaultfd, getdents64) by machine
_CALLS = {"x86_64": (323, 217), "aarch64": (282, 61)}
_UFFDIO_API, _UFFDIO_REGISTER = 0xC018AA3F, 0xC020AA00
_API, _MISSING = 0xAA, 1

_LIBC = ctypes.CDLL(None, use_errno=True)


def _call(number, *args):
    return _LIBC.syscall(*map(ctypes.c_long, (number, *args)))


@contextlib.contextmanager
def _memory():
    """Address of a page, and the descriptor that can be read once somebody waits for the page."""
    numbers = _CALLS.get(platform.machine())
    fault = _call(numbers[0], os.O_NONBLOCK | os.O_CLOEXEC) if numbers else -1
    if fault < 0:
        raise Skip("this machine has no userfaultfd for us")
    page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    try:
        fcntl.ioctl(fault, _UFFDIO_API, struct.pack("<3Q", _API, 0, 0))
        fcntl.ioctl(fault, _UFFDIO_REGISTER,
                    struct.pack("<4Q", address, mmap.PAGESIZE, _MISSING, 0))
        yield address, fault
    finally:
        # Who waits finds an ordinary page then.
        os.close(fault)


@contextlib.contextmanager
def _stuck(path, call):
    fd = os.open(path, os.O_RDONLY)
    try:
        with _memory() as (address, fault):
            thread = threading.Thread(target=call, args=(fd, address), daemon=True)
            thread.start()
            waits, _, _ = select.select([fault], [], [], 5 * PACE.factor)
            check(waits, f"nobody waits in {path}")
            yield
            check(thread.is_alive(), f"nobody waits in {path} any more")
        thread.join(5 * PACE.factor)
        check(not thread.is_alive(), f"somebody still waits in {path}")
    finally:
        os.close(fd)


def reader(path):
    """Somebody who reads a file for as long as the with block lasts."""
    return _stuck(path, lambda fd, address: _LIBC.read(fd, ctypes.c_void_p(address),
                                                       mmap.PAGESIZE))


def lister(path):
    """Somebody who lists a folder for as long as the with block lasts."""
    return _stuck(path, lambda fd, address: _call(_CALLS[platform.machine()][1], fd, address,
                                                  mmap.PAGESIZE))
