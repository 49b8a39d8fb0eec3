"""What may become a commit: everything else is refused by name, nothing is dropped in silence."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fusion_kit.core.code import PolicyRefusal
from fusion_kit.core.secrets import leaks
from fusion_kit.workspaces.errors import Names

GITLINK = "160000"
SYMLINK = "120000"
GONE = "000000"

_RUNS_LATER = (
    ".github/workflows/", ".husky/", ".vscode/", ".envrc", ".pre-commit-config.yaml", "AGENTS.md", "CLAUDE.md",
    ".claude/", ".cursor/", ".fusion/", ".devcontainer/",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One changed path between two trees; modes are Git's six octal digits, `000000` where there is nothing."""

    path: str
    old_mode: str
    mode: str
    blob: str


def flags(changes: Iterable[Change]) -> tuple[str, ...]:
    """Return the changed paths that run on people's machines later."""
    return tuple(change.path for change in changes if _runs_later(change.path))


def _runs_later(path: str) -> bool:
    lowered = path.casefold()
    return any(
        f"/{lowered}".endswith(f"/{mark.casefold()}") or f"/{mark.casefold()}" in f"/{lowered}/" for mark in _RUNS_LATER
    )


def refuse(complaint: str, paths: Sequence[str]) -> None:
    """Raise `PolicyRefusal` naming `paths`, if there are any."""
    if paths:
        raise PolicyRefusal(complaint=f"{complaint}: {Names(paths)}", paths=tuple(paths))


def check_entries(changes: Sequence[Change]) -> None:
    """Refuse submodules that are new or moved, and any change of what tells Git where they come from."""
    refuse(
        "a repository inside the repository (a submodule that is new or was moved)",
        [change.path for change in changes if change.mode == GITLINK],
    )
    refuse(
        "a change of .gitmodules",
        [change.path for change in changes if posixpath.basename(change.path).casefold() == ".gitmodules"],
    )


def check_symlinks(targets: Mapping[str, str]) -> None:
    """Refuse symlinks (path -> target) that do not certainly stay inside the tree."""
    refuse("a symlink that leaves the tree", [path for path, target in targets.items() if leaves(path, target)])


def check_leaks(files: Mapping[str, bytes], secrets: Mapping[str, str]) -> None:
    """Refuse files (path -> content) that hold the value of a secret (name -> value) in any usual form."""
    found = leaks(files, secrets)
    names = sorted({name for held in found.values() for name in held})
    refuse(f"the value of the secret {', '.join(names)}", list(found))


def leaves(path: str, target: str) -> bool:
    """Return whether a symlink may point outside: a `..` after a name may climb out through another symlink."""
    parts = target.split("/")
    climbs = 0
    while climbs < len(parts) and parts[climbs] in ("..", "."):
        climbs += 1
    up = parts[:climbs].count("..")
    absolute = target.startswith("/") or parts[0][1:2] == ":" or "\\" in target
    into_git = any(part.casefold() == ".git" for part in parts)
    return absolute or into_git or up > path.count("/") or ".." in parts[climbs:]
