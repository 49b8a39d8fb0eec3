"""A file that holds some of the disk back, so that a full disk can still be recorded."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from fusion_kit.persistence.disk import Disk

BALLAST_BYTES = 1024 * 1024


class Ballast:
    """`<state>/ballast`, of random bytes because a file system may store zeros in no space at all."""

    def __init__(self, state: Path, disk: Disk, size_bytes: int = BALLAST_BYTES) -> None:
        """Touch nothing yet."""
        self._path = state / "ballast"
        self._disk = disk
        self._size_bytes = size_bytes

    @property
    def is_there(self) -> bool:
        """Whether the space is held back now."""
        return self._disk.exists(self._path)

    def make(self) -> bool:
        """Hold the space back; return whether it is, without complaint where there is none."""
        try:
            if not self.is_there:
                self._fill()
        except OSError:
            with suppress(OSError):
                self._disk.remove(self._path)
            return False
        return True

    def free(self) -> bool:
        """Give the space back; return whether there was any."""
        try:
            was_there = self.is_there
            self._disk.remove(self._path)
        except OSError:
            return False
        return was_there

    def _fill(self) -> None:
        fd = self._disk.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            self._disk.write_all(fd, os.urandom(self._size_bytes))
            self._disk.sync(fd)
        finally:
            self._disk.close(fd)
