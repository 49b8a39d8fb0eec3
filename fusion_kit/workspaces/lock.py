"""A file lock of the operating system: it is gone when its holder is, so it can never be stale."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # the one module that says whether there are flocks


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Hold the lock at `path`, waiting for it; threads and processes alike.

    A child that inherits the descriptor holds it as well, so that nobody comes while it outlives a killed parent.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)
