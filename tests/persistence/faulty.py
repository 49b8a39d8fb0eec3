"""A disk whose n-th call goes wrong, in every way a disk can."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from fusion_kit.persistence.disk import Disk

Answer = TypeVar("Answer")


class Fault(StrEnum):
    CRASH = "crash"  # the process dies before the call
    CRASH_AFTER = "crash after"  # the process dies right after it
    TORN = "torn"  # half of a write arrives, then the process dies
    SHORT = "short"  # a write takes only half, and says so
    POWER = "power"  # the machine dies: what was never synced is gone
    ENOSPC = "disk full"
    EIO = "I/O error"


class Crashed(BaseException):
    """The process is gone; nothing of it runs any more, not even its handlers."""


class FaultyDisk(Disk):
    """Counts its calls; the `at`-th meets `fault`. A crashed disk answers nothing any more."""

    def __init__(self, at: int = -1, fault: Fault = Fault.CRASH) -> None:
        self.calls = 0
        self.names_of_calls: list[str] = []
        self._at, self._fault = at, fault
        self._crashed = False
        self._paths: dict[int, Path] = {}
        self._safe: dict[Path, int] = {}  # how much of a file would survive a power cut

    def _call(self, name: str, act: Callable[[], Answer], torn: Callable[[], Answer] | None = None) -> Answer:
        if self._crashed:
            raise Crashed
        self.calls += 1
        self.names_of_calls.append(name)
        if self.calls != self._at:
            return act()
        match self._fault:
            case Fault.ENOSPC:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            case Fault.EIO:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            case Fault.SHORT:
                return torn() if torn else act()
            case Fault.CRASH_AFTER:
                act()
            case Fault.TORN if torn:
                torn()
            case Fault.POWER:
                with suppress(OSError):
                    act()
                self._cut_power()
            case _:
                pass
        self._crashed = True
        raise Crashed

    def _cut_power(self) -> None:
        for path, size in self._safe.items():
            if path.exists() and path.stat().st_size > size:
                os.truncate(path, size)

    def open(self, path: Path, flags: int) -> int:
        fd = self._call("open", lambda: Disk.open(self, path, flags))
        self._paths[fd] = path
        self._safe.setdefault(path, os.fstat(fd).st_size)
        return fd

    def close(self, fd: int) -> None:
        self._call("close", lambda: Disk.close(self, fd))

    def size(self, fd: int) -> int:
        return self._call("size", lambda: Disk.size(self, fd))

    def read(self, fd: int, size_bytes: int, offset: int) -> bytes:
        return self._call("read", lambda: Disk.read(self, fd, size_bytes, offset))

    def write(self, fd: int, data: bytes) -> int:
        half = data[: len(data) // 2]
        return self._call("write", lambda: Disk.write(self, fd, data), lambda: Disk.write(self, fd, half))

    def truncate(self, fd: int, size_bytes: int) -> None:
        self._call("truncate", lambda: Disk.truncate(self, fd, size_bytes))

    def sync(self, fd: int) -> None:
        def act() -> None:
            Disk.sync(self, fd)
            self._safe[self._paths[fd]] = os.fstat(fd).st_size

        self._call("sync", act)

    def sync_folder(self, path: Path) -> None:
        self._call("sync_folder", lambda: Disk.sync_folder(self, path))

    def names(self, path: Path) -> list[str]:
        return self._call("names", lambda: Disk.names(self, path))

    def exists(self, path: Path) -> bool:
        return self._call("exists", lambda: Disk.exists(self, path))

    def rename(self, old: Path, new: Path) -> None:
        self._call("rename", lambda: Disk.rename(self, old, new))

    def remove(self, path: Path) -> None:
        self._call("remove", lambda: Disk.remove(self, path))

    def bury(self) -> None:
        """Close what the dead process had open, as the system does."""
        for fd in self._paths:
            with suppress(OSError):
                os.close(fd)
