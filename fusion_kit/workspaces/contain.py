"""Opening files below a workspace without a race: one component at a time, and never through a symlink."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from fusion_kit.workspaces.errors import OutsideWorkspace

_CHUNK = 1 << 20
_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_FOLDER = _FLAGS | getattr(os, "O_DIRECTORY", 0)
_PLAIN = _FLAGS | getattr(os, "O_NONBLOCK", 0)  # a FIFO must not hang us


@contextmanager
def opened(root: Path, relative: str) -> Iterator[int]:
    """Give a descriptor of the plain file `relative` below `root`; raises `OutsideWorkspace`, `FileNotFoundError`."""
    *folders, name = _parts(relative)
    descriptors = [os.open(root, _FOLDER & ~getattr(os, "O_NOFOLLOW", 0))]
    try:
        for folder in folders:
            descriptors.append(_step(descriptors[-1], folder, _FOLDER, relative))
        descriptors.append(_step(descriptors[-1], name, _PLAIN, relative))
        if not stat.S_ISREG(os.fstat(descriptors[-1]).st_mode):
            raise OutsideWorkspace(path=relative, reason="it is not a plain file")
        yield descriptors[-1]
    finally:
        for descriptor in reversed(descriptors):
            os.close(descriptor)


def read_bytes(root: Path, relative: str, limit_bytes: int) -> bytes:
    """Return a file's content; raises `OutsideWorkspace` for one that is over `limit_bytes` or no plain file."""
    with opened(root, relative) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
        content = file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise OutsideWorkspace(path=relative, reason=f"it is larger than {limit_bytes} bytes")
    return content


def copy_out(root: Path, relative: str, target: Path) -> str:
    """Copy a file out of a workspace, durably, and return its SHA-256; raises `FileExistsError` where `target` is."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with opened(root, relative) as source, os.fdopen(os.dup(source), "rb") as file, target.open("xb") as copy:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest()


def matching(root: Path, pattern: str) -> list[str]:
    """Return the plain files below `root` that match a pattern of names, `*`, `?` and `**`; no symlink is followed."""
    return sorted(_matches(root, "", _parts(pattern)))


def _matches(root: Path, folder: str, parts: list[str]) -> set[str]:
    head, *rest = parts
    found: set[str] = set()
    for entry in _listed(root / folder if folder else root):
        relative = f"{folder}/{entry.name}" if folder else entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if head == "**" and is_folder and entry.name != ".git":
            found |= _matches(root, relative, parts)
        if head != "**" and fnmatchcase(entry.name, head):
            found |= _below(root, relative, rest, is_folder=is_folder, is_file=entry.is_file(follow_symlinks=False))
    if head == "**":
        found |= _matches(root, folder, rest or ["*"])
    return found


def _below(root: Path, relative: str, rest: list[str], *, is_folder: bool, is_file: bool) -> set[str]:
    if rest:
        return _matches(root, relative, rest) if is_folder else set()
    if is_folder:
        return _matches(root, relative, ["**"])  # a folder stands for all that is in it
    return {relative} if is_file else set()


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _parts(relative: str) -> list[str]:
    path = PurePosixPath(relative)
    parts = list(path.parts)
    if path.is_absolute() or not parts or ".." in parts or "\0" in relative:
        raise OutsideWorkspace(path=relative, reason="it must be a relative path without '..'")
    return parts


def _step(folder: int, name: str, flags: int, relative: str) -> int:
    try:
        return os.open(name, flags, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EMLINK, errno.ENXIO):
            raise OutsideWorkspace(path=relative, reason=f"{name!r} in it is a symlink or no folder") from error
        raise
