"""Workspaces and run folders without Git: commits are sets of files, and merging is union."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from fusion_kit.coordination.requests import Bundle
from fusion_kit.core.code import CommitConflict, Desk, DeskOrder, KeepOrder, Kept, Landing, Repository
from fusion_kit.core.errors import FusionError, GroupBusy


class Taken(FusionError):
    """Run {run} is owned."""


class FakeWorkspaces:
    """Fits `Workspaces`: real folders, commits in memory that live on over a crash."""

    def __init__(self, root: Path) -> None:
        """Keep workspaces under `root`."""
        self.root = root
        self.commits: dict[str, dict[str, str]] = {"base": {}}
        self.branches: dict[str, str] = {}
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

    async def land(self, landing: Landing) -> str:
        """Merge and move the branch."""
        self.branches[landing.branch] = await self.combine(landing.commits)
        return self.branches[landing.branch]


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
