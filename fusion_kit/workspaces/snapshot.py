"""The tree of a workspace, read with our own Git directory and an index the agent never had."""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fusion_kit.core.code import PolicyRefusal
from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.errors import GitFailed
from fusion_kit.workspaces.layout import Folders
from fusion_kit.workspaces.oddities import oddities
from fusion_kit.workspaces.policy import (
    GITLINK,
    GONE,
    SYMLINK,
    Change,
    check_entries,
    check_leaks,
    check_symlinks,
    refuse,
)
from fusion_kit.workspaces.settings import WorkspaceSettings

_AT_ONCE = 64  # changed files in memory while they are searched for secrets


class Snapshots:
    """Reads workspaces; only after nothing of an attempt is alive, for a living one could race us."""

    def __init__(self, git: Git, settings: WorkspaceSettings) -> None:
        """Take the limits from `settings`."""
        self._git = git
        self._settings = settings

    def tree(self, folders: Folders, quarantined: Place, base: str) -> str:
        """Return the tree of what lies in the checkout, its new objects in quarantine.

        The index is changed as a copy; `settle` makes it the index once its objects are in the repository.
        Raises `PolicyRefusal` for what could not be kept whole, before anything large is read.
        """
        place = self._place(folders, quarantined)
        try:
            self._copy_index(folders, place, base)
            return self._staged(place)
        except GitFailed:
            self._fresh_index(place, base)
            return self._staged(place)

    def settle(self, folders: Folders) -> None:
        """Make the copy the index: its objects are in the repository now."""
        _work_index(folders).replace(folders.index)

    def changes(self, place: Place, old: str, new: str) -> list[Change]:
        """Return the paths in which two trees differ."""
        listed = self._git.run(place, "diff-tree", "-r", "-z", "--no-renames", "--raw", "--end-of-options", old, new)
        fields = listed.fields
        return [_change(facts, path) for facts, path in zip(fields[::2], fields[1::2], strict=True)]

    def check(self, place: Place, changes: Sequence[Change]) -> None:
        """Raise `PolicyRefusal` if one of the changes must not be committed."""
        check_entries(changes)
        links = [change for change in changes if change.mode == SYMLINK]
        check_symlinks({link.path: self._content(place, link.blob) for link in links})
        if self._settings.secrets:
            files = [change for change in changes if change.mode not in (GONE, GITLINK)]
            for few in (files[start : start + _AT_ONCE] for start in range(0, len(files), _AT_ONCE)):
                check_leaks(self._contents(place, few), self._settings.secrets)

    def _contents(self, place: Place, changes: Sequence[Change]) -> dict[str, bytes]:
        asked = "".join(f"{change.blob}\n" for change in changes).encode()
        answer = io.BytesIO(self._git.run(place, "cat-file", "--batch", stdin=asked).out)
        contents = {}
        for change in changes:
            size = int(answer.readline().split()[2])
            contents[change.path] = answer.read(size)
            answer.read(1)
        return contents

    def _content(self, place: Place, blob: str) -> str:
        return self._git.run(place, "cat-file", "blob", blob).out.decode("utf-8", "surrogateescape")

    def _place(self, folders: Folders, quarantined: Place) -> Place:
        work = _work_index(folders)
        return replace(quarantined, work_tree=folders.checkout, index=work, excludes=folders.excludes)

    def _copy_index(self, folders: Folders, place: Place, base: str) -> None:
        """`copy2` keeps the time, by which Git knows which entries it must compare byte by byte."""
        Path(f"{place.index}.lock").unlink(missing_ok=True)
        if folders.index.is_file():
            shutil.copy2(folders.index, _work_index(folders))
        else:
            self._fresh_index(place, base)

    def _fresh_index(self, place: Place, base: str) -> None:
        for leftover in (str(place.index), f"{place.index}.lock"):
            Path(leftover).unlink(missing_ok=True)
        self._git.run(place, "read-tree", "--end-of-options", base)

    def _staged(self, place: Place) -> str:
        self._check_oddities(place)
        changed = self._changed(place)
        self._check_sizes(place, changed)
        if changed:
            self._loud(place, "add", "-A", "--", ".")
        return self._git.run(place, "write-tree").text

    def _changed(self, place: Place) -> list[str]:
        """Modified, deleted and new paths; a folder Git could not read is an error and not an empty folder."""
        listed = self._loud(place, "ls-files", "-z", "-m", "-o", "--exclude-standard")
        return sorted(set(listed))

    def _loud(self, place: Place, *args: str) -> list[str]:
        answer = self._git.run(place, *args)
        if answer.said:
            raise PolicyRefusal(complaint=f"Git could not read all of it: {answer.said[-1000:]}", paths=())
        return answer.fields

    def _check_oddities(self, place: Place) -> None:
        """What Git would pass over."""
        odd = oddities(place.work_tree or Path())
        refuse("a path too deep for this system", self._not_ignored(place, odd.too_deep))
        refuse("a folder that cannot be read", self._not_ignored(place, odd.unreadable))
        refuse("neither a file nor a folder nor a symlink", self._not_ignored(place, odd.specials))

    def _check_sizes(self, place: Place, changed: Sequence[str]) -> None:
        """What Git would take in half, or be busy with for minutes."""
        refuse("a repository inside the repository", [path for path in changed if path.endswith("/")])
        workspace = place.work_tree or Path()
        limit = self._settings.file_limit_bytes
        refuse(f"a file over {limit} bytes", [path for path in changed if _size(workspace / path) > limit])
        if len(changed) > self._settings.files_limit:
            complaint = f"{len(changed)} changed files, more than {self._settings.files_limit}, among them"
            refuse(complaint, changed)

    def _not_ignored(self, place: Place, paths: Sequence[str]) -> list[str]:
        """An ignored path is never committed, so it may be what it likes; a long one is judged by its beginning."""
        short = [path if len(path) < 2000 else path[:2000].rpartition("/")[0] for path in paths]
        if not short:
            return []
        stdin = b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in short)
        ignored = self._git.run(place, "check-ignore", "-z", "--stdin", stdin=stdin, allowed=(0, 1)).fields
        return [path for path in short if path not in set(ignored)]


def _work_index(folders: Folders) -> Path:
    return folders.desk / "index.work"


def _change(facts: str, path: str) -> Change:
    old_mode, mode, _old, new, _status = facts.lstrip(":").split(" ")
    return Change(path, old_mode, mode, new)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
