"""What is true of a person's repository: found with their own Git, looked at with ours."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fusion_kit.core.code import Repository
from fusion_kit.workspaces import frozen
from fusion_kit.workspaces.command import Git, Place
from fusion_kit.workspaces.errors import GitFailed, NameTaken
from fusion_kit.workspaces.trusted import Trusted

_OURS = "fk"  # the folder of the branches of all runs
_OPERATIONS = {
    "MERGE_HEAD": "merge", "CHERRY_PICK_HEAD": "cherry-pick", "REVERT_HEAD": "revert",
    "rebase-merge": "rebase", "rebase-apply": "rebase", "BISECT_LOG": "bisect",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A repository: the top of the checkout a person stands in, and the directory all its worktrees share."""

    top: Path
    common_dir: Path
    bare: bool = False

    @property
    def state(self) -> Path:
        """Where fusion-kit keeps what concerns this repository."""
        return self.common_dir / "fusion-kit"


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything `doctor` and a run may want to know; `operation` is what the checkout is in the middle of."""

    repository: Repository
    shallow: bool = False
    bare: bool = False
    linked: bool = False
    sparse: bool = False
    partial: bool = False
    operation: str | None = None
    submodules: tuple[str, ...] = ()
    missing_filters: tuple[str, ...] = field(default=())  # configured, but their program is not on this machine


def find_repository(start: Path, git: Git | None = None) -> Found | None:
    """Return the repository that `start` lies in, from any subdirectory or linked worktree; None if it lies in none."""
    asked = git or Git()
    common = asked.as_person(start, "rev-parse", "--path-format=absolute", "--git-common-dir", allowed=(0, 128))
    if common.code != 0:
        if "not a git repository" in common.said:
            return None
        raise GitFailed(command="rev-parse --git-common-dir", code=common.code, said=common.said)
    bare = asked.as_person(start, "rev-parse", "--is-bare-repository").text == "true"
    if bare:
        return Found(start.resolve(), Path(common.text).resolve(), bare=True)
    top = asked.as_person(start, "rev-parse", "--path-format=absolute", "--show-toplevel", allowed=(0, 128))
    return Found(Path(top.text).resolve(), Path(common.text).resolve()) if top.code == 0 else None


@dataclass(frozen=True, slots=True)
class Looker:
    """Reads the person's checkout without running anything that its configuration names."""

    git: Git
    trusted: Trusted
    top: Path
    common_dir: Path

    def repository(self) -> Repository | None:
        """Return what a run needs to know, None where there is no repository.

        Raises `NameTaken` where no run could have a branch, before anybody has worked for one.
        """
        if not (self.common_dir / "objects").is_dir():
            return None
        place = Place(gitdir_of(self.top, self.common_dir))
        refuse_taken_name(self.git, place)
        head = self.git.run(place, "rev-parse", "--verify", "-q", "HEAD^{commit}", allowed=(0, 1)).text or None
        branch = self.git.run(place, "symbolic-ref", "-q", "--short", "HEAD", allowed=(0, 1)).text or None
        dirty = tuple(uncommitted(self.git, self.trusted, self.top, place.gitdir, head)) if self._has_files() else ()
        return Repository(head, branch, self.common_dir, self.top, dirty)

    def facts(self) -> Facts | None:
        """Return everything; None where there is no repository."""
        repository = self.repository()
        if repository is None:
            return None
        gitdir = gitdir_of(self.top, self.common_dir)
        config = frozen.configuration(self.git, self.top)
        return Facts(
            repository,
            shallow=(self.common_dir / "shallow").is_file(),
            bare=not self._has_files(),
            linked=gitdir != self.common_dir,
            sparse=config.get("core.sparsecheckout") == "true",
            partial="extensions.partialclone" in config,
            operation=operation(gitdir),
            submodules=tuple(self._submodules(repository.head)),
            missing_filters=tuple(
                name for name, commands in frozen.filters(config).items() if not frozen.runnable(commands)
            ),
        )

    def _has_files(self) -> bool:
        return (self.top / ".git").exists()

    def _submodules(self, head: str | None) -> list[str]:
        if head is None:
            return []
        listed = self.git.run(self.trusted.place(), "ls-tree", "-r", "-z", "--end-of-options", head).fields
        return [path for kind, path in (entry.split("\t", 1) for entry in listed) if kind.startswith("160000")]


def refuse_taken_name(git: Git, place: Place) -> None:
    """Raise `NameTaken` where a branch of a person's is in the way of the branches of every run."""
    if git.run(place, "show-ref", "--verify", "-q", f"refs/heads/{_OURS}", allowed=(0, 1)).code == 0:
        raise NameTaken(taken=_OURS, wanted=f"{_OURS}/RUN/result")


def gitdir_of(checkout: Path, common_dir: Path) -> Path:
    """Return the Git directory of a checkout: the common one, or its own among the worktrees'."""
    mark = checkout / ".git"
    if not mark.is_file() or mark.stat().st_size > 1 << 16:
        return common_dir
    kind, _, target = mark.read_text(encoding="utf-8", errors="surrogateescape").strip().partition(": ")
    path = (checkout / target).resolve()
    return path if kind == "gitdir" and path.is_dir() else common_dir


def operation(gitdir: Path) -> str | None:
    """Return what a checkout is in the middle of, if anything."""
    return next((name for mark, name in _OPERATIONS.items() if (gitdir / mark).exists()), None)


def uncommitted(git: Git, trusted: Trusted, top: Path, gitdir: Path, commit: str | None) -> list[str]:
    """Return the paths of a checkout that differ from `commit` or are new, every file by itself."""
    with own_index(git, trusted, top, gitdir, commit) as place:
        new = git.run(place, "ls-files", "-z", "-o", "--exclude-standard").fields
        if commit is None:
            return sorted({*new, *git.run(place, "ls-files", "-z").fields})
        return sorted({*new, *modified(git, place, commit)})


def modified(git: Git, place: Place, commit: str) -> list[str]:
    """Return the paths Git knows of, in the index or `commit`, that differ from `commit`."""
    git.run(place, "update-index", "-q", "--refresh", allowed=(0, 1))
    args = ("diff-index", "-z", "--name-only", "--no-renames", "--ignore-submodules", "--end-of-options", commit)
    return git.run(place, *args).fields


@contextmanager
def own_index(git: Git, trusted: Trusted, top: Path, gitdir: Path, commit: str | None) -> Iterator[Place]:
    """Give a copy of a checkout's index, for its stat cache; where ours cannot read it, one made from `commit`."""
    with tempfile.TemporaryDirectory(prefix="fusion-kit-") as folder:
        index = Path(folder) / "index"
        place = Place(trusted.place().gitdir, work_tree=top, index=index)
        if (gitdir / "index").is_file():
            shutil.copy2(gitdir / "index", index)
        try:
            git.run(place, "ls-files", "-z", "--", ".git")
        except GitFailed:
            index.unlink(missing_ok=True)
            if commit is not None:
                git.run(place, "read-tree", "--end-of-options", commit)
        yield place
