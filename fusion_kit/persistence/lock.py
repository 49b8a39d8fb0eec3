"""File locks of the operating system: they end with the process that holds them, however it dies."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def take(fd: int, *, wait: bool = True) -> bool:
        """Lock the first byte; return whether it was had, which is sure when one waits."""
        while True:
            try:
                os.lseek(fd, 0, os.SEEK_SET)
                msvcrt.locking(fd, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            except OSError:
                if not wait:
                    return False
            else:
                return True

    def drop(fd: int) -> None:
        """Unlock."""
        os.lseek(fd, 0, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def take(fd: int, *, wait: bool = True) -> bool:
        """Lock the whole file; return whether it was had, which is sure when one waits."""
        try:
            fcntl.flock(fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def drop(fd: int) -> None:
        """Unlock."""
        fcntl.flock(fd, fcntl.LOCK_UN)


def opened(path: Path) -> int:
    """Return a descriptor of a lock file, made if it is not there."""
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)


@contextmanager
def holding(path: Path) -> Iterator[None]:
    """Hold the lock named `path` for the block, however long it takes to get it."""
    fd = opened(path)
    try:
        take(fd)
        yield
    finally:
        os.close(fd)
