# SPDX-License-Identifier: GPL-2.0
"""Files of configurations, written whole or not at all, and one writer at a time."""

import contextlib
import fcntl
import glob
import os
import tempfile
import time
from typing import Iterator

from . import jsonconf
from .errors import BadConfig, Unable
from .model import Config

LOCK = "/run/nvmftcli.lock"
LOCK_SECONDS = 60
STALE_SECONDS = 3600


@contextlib.contextmanager
def locked(path: str | None = None, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Nobody else changes the tree or a file through this tool meanwhile.

    What is read, changed and saved under one lock is not lost to another
    process that does the same.
    """
    path = path or str(os.environ.get("NVMFT_LOCK", LOCK))
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as why:
        raise Unable(f"{path}: {why.strerror}") from why
    try:
        end = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Unable(f"{path}: held by another nvmftcli for "
                                 f"{seconds:.0f} s") from None
                time.sleep(0.05)
        yield
    finally:
        os.close(fd)


def load(path: str) -> Config:
    """A configuration from a file; raises Unable, or BadConfig."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except OSError as why:
        raise Unable(f"{path}: {why.strerror}") from why
    if not text.strip():
        raise BadConfig(f"{path}: empty")
    return jsonconf.from_text(text, lambda what: f"{path}: {what}")


def sync_folder(folder: str) -> None:
    """The rename itself is on the disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove_stale(folder: str, name: str) -> None:
    """Temporary files of a tool that was killed; a younger one may be in use."""
    for old in glob.glob(os.path.join(glob.escape(folder), f".{glob.escape(name)}.*.tmp")):
        with contextlib.suppress(OSError):
            if os.stat(old).st_mtime < time.time() - STALE_SECONDS:
                os.unlink(old)


def replace(path: str, text: str, mode: int) -> None:
    """Write a file: the old one or the new one is there at every moment.

    A link is followed: what it leads to is replaced, not the link.
    """
    path = os.path.realpath(path)
    folder, name = os.path.split(path)
    tmp = None
    try:
        remove_stale(folder, name)
        fd, tmp = tempfile.mkstemp(dir=folder, prefix=f".{name}.", suffix=".tmp")
        with os.fdopen(fd, "w", encoding="utf-8", errors="surrogateescape") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.rename(tmp, path)
        tmp = None
        sync_folder(folder)
    except OSError as why:
        raise Unable(f"{path}: {why.strerror}") from why
    finally:
        if tmp:
            with contextlib.suppress(OSError):
                os.unlink(tmp)


def store(path: str, config: Config) -> None:
    """Write a configuration. Keys of hosts may be in it, so nobody else may read it, ever."""
    path = os.path.realpath(path)
    try:
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    except OSError as why:
        raise Unable(f"{path}: {why.strerror}") from why
    replace(path, jsonconf.to_text(config), 0o600)
