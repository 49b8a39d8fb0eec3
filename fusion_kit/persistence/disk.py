"""Every call the log makes to the disk, in one place, so that tests can make the n-th one fail."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_CLOEXEC = getattr(os, "O_CLOEXEC", 0)
_BINARY = getattr(os, "O_BINARY", 0)


class Disk:
    """The machine's disk; every method may raise `OSError`."""

    def open(self, path: Path, flags: int) -> int:
        """Return a descriptor that no child inherits; a new file belongs to its owner alone."""
        return os.open(path, flags | _CLOEXEC | _BINARY, 0o600)

    def close(self, fd: int) -> None:
        """Close a descriptor."""
        os.close(fd)

    def size(self, fd: int) -> int:
        """Return the length of an open file, in bytes."""
        return os.fstat(fd).st_size

    def read(self, fd: int, size_bytes: int, offset: int) -> bytes:
        """Return up to `size_bytes` from `offset`; empty at the end."""
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, size_bytes)

    def write(self, fd: int, data: bytes) -> int:
        """Write with one call and return how many bytes were taken, which may be too few."""
        return os.write(fd, data)

    def write_all(self, fd: int, data: bytes) -> None:
        """Write with one call and take anything less than all for a full disk."""
        if self.write(fd, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def truncate(self, fd: int, size_bytes: int) -> None:
        """Cut a file down to `size_bytes`."""
        os.ftruncate(fd, size_bytes)

    def sync(self, fd: int) -> None:
        """Return once the file's data has reached the disk itself, not only its cache."""
        _sync(fd)

    def sync_folder(self, path: Path) -> None:
        """Return once the names in a folder have reached the disk."""
        if os.name == "nt":
            return  # Windows has no descriptor for a folder
        fd = os.open(path, os.O_RDONLY | _CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def names(self, path: Path) -> list[str]:
        """Return the names in a folder, in order; none where there is no folder."""
        try:
            return sorted(os.listdir(path))  # noqa: PTH208 - names are wanted, and this costs half
        except FileNotFoundError:
            return []

    def exists(self, path: Path) -> bool:
        """Whether there is a file of that name."""
        try:
            os.stat(path)  # noqa: PTH116 - asked at every append; a Path costs more than the call
        except FileNotFoundError:
            return False
        return True

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name, atomically."""
        old.replace(new)

    def remove(self, path: Path) -> None:
        """Remove a file, if it is there."""
        path.unlink(missing_ok=True)


def _sync(fd: int) -> None:
    """Sync data as far as the platform can: macOS answers a plain fsync from the drive's cache."""
    try:
        import fcntl
    except ImportError:  # Windows
        os.fsync(fd)
        return
    if hasattr(fcntl, "F_FULLFSYNC"):
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    elif hasattr(os, "fdatasync"):
        os.fdatasync(fd)
    else:
        os.fsync(fd)
