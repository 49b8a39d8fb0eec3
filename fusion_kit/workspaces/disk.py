"""Small durable moves on the disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut, where the platform can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file so that a reader sees all of it or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def private_folder(path: Path) -> None:
    """Make `path` a folder that only its owner can enter; what is in its way raises `FileExistsError`."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)


def put_away(path: Path, trash: Path) -> Path:
    """Move whatever is at `path` into a new folder of `trash` and return where it lies now; nothing is deleted."""
    private_folder(trash)
    shelf = Path(tempfile.mkdtemp(dir=trash, prefix=f"{path.name.lstrip('.')}-"))
    return Path(shutil.move(path, shelf / path.name))


def is_there(path: Path) -> bool:
    """Return whether anything, even a broken symlink, has this name."""
    return os.path.lexists(path)
