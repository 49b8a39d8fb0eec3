"""Where the state lies: its folders, and the file systems it must not lie on."""

from __future__ import annotations

from pathlib import Path

from fusion_kit.persistence.disk import Disk
from fusion_kit.persistence.errors import NetworkFileSystem

_MOUNTS = Path("/proc/self/mounts")
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "fuse.sshfs", "ceph", "glusterfs"})
_ESCAPES = {"\\040": " ", "\\011": "\t", "\\012": "\n", "\\134": "\\"}


def refuse_network(state: Path, mounts: str | None = None) -> None:
    """Raise `NetworkFileSystem` if `state` lies on one; `mounts` is the text of the table of mounts.

    Where the system has no such table nothing is refused.
    """
    if mounts is None:
        if not _MOUNTS.exists():
            return
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace")
    kind = _kind_of(state.resolve(), mounts)
    if kind in _NETWORK:
        raise NetworkFileSystem(state=state, kind=kind)


def _kind_of(path: Path, mounts: str) -> str:
    """Return the type of the file system on the longest mount point above `path`; the later of two alike."""
    best, kind = -1, ""
    for fields in (line.split() for line in mounts.splitlines()):
        if len(fields) < 3:
            continue
        point = Path(_unescaped(fields[1]))
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), fields[2]
    return kind


def _unescaped(text: str) -> str:
    for escape, character in _ESCAPES.items():
        text = text.replace(escape, character)
    return text


def make_folders(state: Path, disk: Disk) -> None:
    """Make the state's folders, private to their owner, so that a power cut cannot take their names back."""
    folder = state / "log"
    if folder.is_dir():
        return
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    disk.sync_folder(state)
    disk.sync_folder(state.parent)
