"""Workspaces and run folders without Git: commits are sets of files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from fusion_kit.coordination.requests import Bundle
from fusion_kit.core.code import (
    CommitConflict,
    Desk,
    DeskOrder,
    KeepOrder,
    Kept,
    Landing,
    Marked,
    Outside,
    OutsideChange,
    RefMoved,
    Repository,
    TargetBusy,
)
from fusion_kit.core.errors import FusionError, GroupBusy
from fusion_kit.core.globs import matches
from fusion_kit.testing.merging import is_marked, merged


class Taken(FusionError):
    """Run {run} is owned."""


class FakeWorkspaces:
    """Fits `Workspaces`: real folders, commits in memory that live on over a crash."""

    def __init__(self, root: Path) -> None:
        """Keep workspaces under `root`."""
        self.root = root
        self.commits: dict[str, dict[str, str]] = {"base": {}}
        self.branches: dict[str, str] = {}
        self.busy: dict[str, str] = {}  # branch -> why its checkout cannot be moved
        self.lying: dict[str, str] = {}  # the files in the project's folder
        self.around = Outside()
        self._kept: dict[str, Kept] = {}

    async def repository(self) -> Repository | None:
        """Return a repository with one commit, `base`."""
        return Repository("base", "main", self.root / ".git", self.root)

    def _commit(self, files: dict[str, str]) -> str:
        name = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:10] if files else "base"
        self.commits[name] = files
        return name

    async def combine(self, parents: Mapping[str, str]) -> str:
        """Return the union of the parents' files; raises `CommitConflict` where two differ."""
        union: dict[str, str] = {}
        owner: dict[str, str] = {}
        for task, commit in sorted(parents.items()):
            for path, content in self.commits[commit].items():
                if union.get(path, content) != content:
                    raise CommitConflict(left=owner[path], right=task, files=path)
                union[path] = content
                owner.setdefault(path, task)
        return self._commit(union)

    async def prepare(self, order: DeskOrder) -> Desk:
        """Lay the commit's files into the agent's folder, and nothing else."""
        path = self.root / "workspaces" / order.agent
        path.mkdir(parents=True, exist_ok=True)
        for found in path.iterdir():
            found.unlink()
        for name, content in self.commits[order.base].items():
            (path / name).write_text(content, encoding="utf-8")
        return Desk(order.agent, path, order.base)

    async def keep(self, order: KeepOrder) -> Kept:
        """Commit the folder's files; called again for the same attempt it answers the same."""
        if order.stamp.attempt not in self._kept:
            files = {found.name: found.read_text(encoding="utf-8") for found in sorted(order.desk.path.iterdir())}
            commit = self._commit(files)
            changed = commit != order.desk.base
            if changed:
                self.branches[order.branch] = commit
            self._kept[order.stamp.attempt] = Kept(commit, changed, tuple(files) if changed else ())
        return self._kept[order.stamp.attempt]

    async def freeze(self) -> None:
        """Return: there is no configuration to take over."""

    async def tip(self, branch: str) -> str | None:
        """Return where a branch stands; `main` is there from the beginning."""
        return self.branches.get(branch, "base" if branch == "main" else None)

    async def assemble(self, landing: Landing) -> str:
        """Return the tasks' changes on top of the branch, whatever the strategy; raises `CommitConflict`."""
        base = self.commits[landing.base]
        start = landing.expected or landing.base
        files, owner = dict(self.commits[start]), dict.fromkeys(self.commits[start], landing.branch)
        for task, commit in landing.commits.items():
            work = self.commits[commit]
            files, clashing = merged(base, files, work)
            if clashing:
                raise CommitConflict(left=owner.get(clashing[0], landing.branch), right=task, files=clashing)
            owner |= {path: task for path in work if work[path] != base.get(path)}
        return self._commit(files)

    async def publish(self, landing: Landing, commit: str) -> None:
        """Move the branch; raises `RefMoved`, and `TargetBusy` where `busy` says so."""
        tip = await self.tip(landing.branch)
        if tip == commit:
            return
        if tip != landing.expected:
            raise RefMoved(ref=f"refs/heads/{landing.branch}", said=f"it stands at {tip}, not at {landing.expected}")
        if landing.branch in self.busy:
            raise TargetBusy(
                branch=landing.branch, checkout=self.root, reason=self.busy[landing.branch], run=landing.run
            )
        self.branches[landing.branch] = commit

    async def mark_conflicts(self, parents: Mapping[str, str]) -> Marked:
        """Return all parents' files in one commit, with both contents between markers where they differ."""
        files: dict[str, str] = {}
        found: dict[str, None] = {}
        for _task, commit in sorted(parents.items()):
            files, clashing = merged(self.commits["base"], files, self.commits[commit])
            found |= dict.fromkeys(clashing)
        return Marked(self._commit(files), tuple(found))

    async def unresolved(self, commit: str, files: Sequence[str]) -> tuple[str, ...]:
        """Return those of `files` with markers in them."""
        return tuple(path for path in files if is_marked(self.commits[commit].get(path, "")))

    async def clashes(self, commit: str, desk: Desk) -> tuple[str, ...]:
        """Return the files that lie in the folder now and differ from what the commit made of them."""
        lying = {found.name: found.read_text(encoding="utf-8") for found in sorted(desk.path.iterdir())}
        return merged(self.commits[desk.base], lying, self.commits[commit])[1]

    async def digest(self, commit: str | None, patterns: Sequence[str]) -> str:
        """Return a hash of the files that match; what lies in the project's folder is `self.lying`."""
        files = self.lying if commit is None else self.commits[commit]
        found = {path: content for path, content in sorted(files.items()) if matches(path, patterns)}
        return hashlib.sha256(json.dumps(found).encode()).hexdigest()

    async def outside(self) -> Outside:
        """Return what a test says lies outside."""
        return self.around

    async def keep_patch(self, change: OutsideChange, into: Path) -> None:
        """Write the names of what changed."""
        into.parent.mkdir(parents=True, exist_ok=True)
        into.write_text("".join(f"{name}\n" for name in (*change.paths, *change.refs)), encoding="utf-8")


class FakeFolders:
    """Fits `Archive`, `Owners` and `Artifacts`."""

    def __init__(self, root: Path) -> None:
        """Keep run folders under `root`."""
        self.root = root
        self.bundles: dict[str, Bundle] = {}
        self.owned: set[str] = set()
        self.groups: dict[str, str] = {}
        self.beats = 0

    def freeze(self, run: str, bundle: Bundle) -> None:
        """Keep the bundle."""
        self.bundles[run] = bundle

    def thaw(self, run: str) -> tuple[Bundle, tuple[str, ...]]:
        """Return the bundle; nothing ever changes behind its back."""
        return self.bundles[run], ()

    def folder(self, run: str) -> Path:
        """Return the folder of a run."""
        return self.root / "runs" / run

    @contextmanager
    def acquire(self, run: str) -> Iterator[None]:
        """Own the run; raises `Taken`."""
        if run in self.owned:
            raise Taken(run=run)
        self.owned.add(run)
        try:
            yield
        finally:
            self.owned.discard(run)

    @contextmanager
    def acquire_group(self, group: str, run: str) -> Iterator[None]:
        """Be the group's one run; raises `GroupBusy`."""
        if group in self.groups:
            raise GroupBusy(group=group, run=self.groups[group])
        self.groups[group] = run
        try:
            yield
        finally:
            del self.groups[group]

    def is_owned(self, run: str) -> bool:
        """Return whether the run is owned."""
        return run in self.owned

    def beat(self) -> None:
        """Count a sign of life."""
        self.beats += 1

    def collect(self, root: Path, patterns: Sequence[str], into: Path) -> list[dict[str, object]]:
        """Copy what matches."""
        found = sorted({path for pattern in patterns for path in root.glob(pattern)})
        into.mkdir(parents=True, exist_ok=True)
        for path in found:
            (into / path.name).write_bytes(path.read_bytes())
        return [{"path": path.name, "bytes": path.stat().st_size} for path in found]

    def offer(self, source: Path, into: Path) -> None:
        """Copy a task's artifacts."""
        into.mkdir(parents=True, exist_ok=True)
        for path in source.iterdir():
            (into / path.name).write_bytes(path.read_bytes())
