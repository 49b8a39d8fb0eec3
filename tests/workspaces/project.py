"""A real repository in a temporary folder, and the room under test beside it."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from fusion_kit.core.code import Desk, DeskOrder, KeepOrder, Kept, Stamp
from fusion_kit.workspaces.command import Git
from fusion_kit.workspaces.git import GitWorkspaces
from fusion_kit.workspaces.settings import WorkspaceSettings

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
_PERSON = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
           for what, value in {"NAME": "Pat", "EMAIL": "pat@example.org"}.items()}  # fmt: skip

DATED = {f"GIT_{who}_DATE": "1767300000 +0100" for who in ("AUTHOR", "COMMITTER")}


def git(where: Path, *args: str, allowed: tuple[int, ...] = (0,), env: Mapping[str, str] | None = None) -> str:
    """Run plain git as a person would; return what it printed."""
    done = subprocess.run(
        ["git", *args], cwd=where, env={**os.environ, **_PERSON, **(env or {})}, stdin=subprocess.DEVNULL,
        capture_output=True, check=False, timeout=60, text=True, errors="surrogateescape",
    )  # fmt: skip
    assert done.returncode in allowed, f"git {args}: {done.stderr}"
    return done.stdout.strip()


@dataclass
class Project:
    """A repository at `top` with one commit, and `spaces` on it."""

    top: Path
    settings: WorkspaceSettings = field(default_factory=WorkspaceSettings)
    git: Git | None = None
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def make(cls, top: Path, *options: str, settings: WorkspaceSettings | None = None) -> Project:
        project = cls(top, settings or WorkspaceSettings())
        top.mkdir(parents=True)
        git(top, "init", "-q", "-b", "main", *options)
        project.commit({"a.txt": "a\n", "src/one.py": "1\n", ".gitignore": "*.log\nbuild/\n"})
        return project

    @property
    def spaces(self) -> GitWorkspaces:
        """A room as a new process would make it: it remembers nothing."""
        return GitWorkspaces(self.top, self.state, self.settings, git=self.git, now=lambda: NOON)

    @property
    def common(self) -> Path:
        return Path(git(self.top, "rev-parse", "--path-format=absolute", "--git-common-dir"))

    @property
    def state(self) -> Path:
        return self.common / "fusion-kit"

    @property
    def head(self) -> str:
        return git(self.top, "rev-parse", "HEAD")

    def commit(self, files: Mapping[str, str]) -> str:
        """Commit files in the person's checkout and return the commit."""
        write(self.top, files)
        git(self.top, "add", "-A")
        git(self.top, "commit", "-q", "-m", "work")
        return self.head

    def made(self, base: str, files: Mapping[str, str | bytes | None], message: str = "work", *parents: str) -> str:
        """Return a commit on `base` with files written, or deleted where they are None, by no checkout at all."""
        index = {"GIT_INDEX_FILE": str(self.common / "made.index")}
        git(self.top, "read-tree", base, env=index)
        for path, content in files.items():
            if content is None:
                git(self.top, "update-index", "--force-remove", "--", path, env=index)
                continue
            raw = self.common / "made.blob"
            raw.write_bytes(content if isinstance(content, bytes) else content.encode())
            blob = git(self.top, "hash-object", "-w", "--no-filters", str(raw))
            git(self.top, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=index)
        tree = git(self.top, "write-tree", env=index)
        onto = [word for parent in (base, *parents) for word in ("-p", parent)]
        return git(self.top, "commit-tree", *onto, "-m", message, tree, env=DATED)

    def log(self, form: str, *revisions: str) -> list[str]:
        """Return a line for each commit, the oldest first."""
        return git(self.top, "log", "--reverse", "--topo-order", f"--format={form}", *revisions).splitlines()

    def tip(self, ref: str) -> str:
        return git(self.top, "rev-parse", "-q", "--verify", ref, allowed=(0, 1))

    def files(self, commit: str) -> dict[str, str]:
        """Return the files of a commit: path -> content."""
        names = git(self.top, "ls-tree", "-r", "--name-only", "-z", commit).split("\0")
        return {name: git(self.top, "show", f"{commit}:{name}") for name in names if name}

    def salvaged(self) -> list[str]:
        return git(self.top, "for-each-ref", "--format=%(refname)", "refs/fusion-kit/salvage/").splitlines()

    def stamp(self, task: str, agent: str = "coder-1") -> Stamp:
        return Stamp("run-1", task, f"{task}-attempt", agent)

    async def desk(self, task: str = "t1", agent: str = "coder-1", base: str = "", isolation: str = "worktree") -> Desk:
        order = DeskOrder(agent, base or self.head, isolation, self.stamp(task, agent))
        return await self.spaces.prepare(order)

    def order(self, desk: Desk, task: str = "t1", expected: str | None = None) -> KeepOrder:
        stamp = self.stamp(task, desk.agent)
        return KeepOrder(desk, stamp, f"fk/run-1/t/{task}", f"Do {task}", expected)

    async def keep(self, desk: Desk, task: str = "t1", expected: str | None = None) -> Kept:
        return await self.spaces.keep(self.order(desk, task, expected))

    async def work(self, task: str, files: Mapping[str, str], base: str = "") -> str:
        """Return the commit of a task that wrote files."""
        desk = await self.desk(task, base=base)
        write(desk.path, files)
        return (await self.keep(desk, task)).commit


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder and return the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder


def gone(path: Path) -> Path:
    """Remove a file or a folder with all that is in it, and return where it was."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    return path


def tree(folder: Path) -> dict[str, str]:
    """Return every file below a checkout, without its Git directory: path -> content or link target."""
    found = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if relative.parts[0] != ".git" and (path.is_file() or path.is_symlink()):
            found[str(relative)] = f"-> {path.readlink()}" if path.is_symlink() else path.read_text(encoding="utf-8")
    return found
