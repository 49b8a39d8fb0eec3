"""Where a project's definitions and its state lie."""

from __future__ import annotations

import contextlib
from pathlib import Path

from fusion_kit.core.errors import UsageError

STATE = "fusion-kit"


class NoProject(UsageError):
    """There is no `.fusion/` in {start} or above it."""

    hint = "`fusion-kit init` makes one here."


def find_project(start: Path) -> Path:
    """Return the nearest folder at or above `start` that holds `.fusion/`; raises `NoProject`."""
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / ".fusion").is_dir():
            return folder
    raise NoProject(start=start)


def git_common_dir(root: Path) -> Path | None:
    """Return the Git directory that all worktrees share, found from `root` upwards; None outside of Git.

    Read from files, as gitrepository-layout(5) says, because starting Git costs more than everything else here.
    """
    for folder in (root, *root.parents):
        found = folder / ".git"
        if found.is_dir():
            return found
        if found.is_file():
            return _linked(found)
    return None


def _linked(pointer: Path) -> Path | None:
    text = pointer.read_text(encoding="utf-8", errors="replace").strip()
    if not text.startswith("gitdir:"):
        return None
    git_dir = (pointer.parent / text.removeprefix("gitdir:").strip()).resolve()
    common = git_dir / "commondir"
    if not common.is_file():
        return git_dir
    return (git_dir / common.read_text(encoding="utf-8").strip()).resolve()


def state_folder(root: Path) -> Path:
    """Return where the project's state lies: inside the Git directory, so that no clean erases it."""
    common = git_common_dir(root)
    return common / STATE if common is not None else root / ".fusion" / "state"


def link_for_people(root: Path, state: Path) -> None:
    """Let `.fusion/state` lead to the state; a file system that cannot is no reason to stop.

    Only beside the `.gitignore` that `init` writes: elsewhere the link would make a person's checkout dirty.
    """
    link = root / ".fusion" / "state"
    if link == state or link.is_symlink() or link.exists() or not link.with_name(".gitignore").is_file():
        return
    with contextlib.suppress(OSError):
        link.symlink_to(state, target_is_directory=True)
