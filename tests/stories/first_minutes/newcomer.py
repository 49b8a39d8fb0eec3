"""A person who has just installed fusion-kit: a home, a folder, the real program, and nothing else on the PATH."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

_TOOLS = ("sh", "bash", "env", "cat", "ls", "wc", "tr", "mkdir", "printf", "sleep", "tee", "true", "false", "head")
_IDENTITY = "[user]\nname = Ada\nemail = ada@example.org\n[init]\ndefaultBranch = main\n"
_PATIENCE_S = 90.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What one command printed and left with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(slots=True)
class Newcomer:
    """`folder` is where they stand; `programs` is all of their PATH."""

    folder: Path
    home: Path
    programs: Path
    env: dict[str, str] = field(default_factory=dict)

    def types(self, *words: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Seen:
        """Run `fusion-kit` with these words in a pipe."""
        done = subprocess.run(
            self.argv(*words),
            cwd=cwd or self.folder,
            env=self.env | dict(env or {}),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_PATIENCE_S,
            check=False,
        )
        return Seen(done.returncode, done.stdout, done.stderr)

    def argv(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-m", "fusion_kit", *words]

    def shell(self, command: str) -> Seen:
        """Run a command that fusion-kit told them to type; `fusion-kit` itself is not among them."""
        done = subprocess.run(
            ["sh", "-c", command], cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )
        return Seen(done.returncode, done.stdout, done.stderr)

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def with_a_commit(self) -> Newcomer:
        """Make the folder a repository with everything in it committed."""
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "First commit")
        return self

    def begun(self) -> Newcomer:
        """Have typed `init` in a repository and committed what it wrote."""
        self.git("init", "-q")
        assert self.types("init").code == 0
        return self.with_a_commit()

    def snapshot(self) -> dict[str, str]:
        """Everything below the folder, `.git` included: path -> kind, mode, time and content."""
        return {path.relative_to(self.folder).as_posix(): _seen(path) for path in sorted(self.folder.rglob("*"))}


def _seen(path: Path) -> str:
    facts = path.lstat()
    if path.is_symlink():
        return f"-> {path.readlink()}"
    if not path.is_file():  # its time moves when a reader of the index comes and goes; what is in it is told anyway
        return stat.filemode(facts.st_mode)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{stat.filemode(facts.st_mode)} {facts.st_mtime_ns} {digest}"


def newcomer(base: Path) -> Newcomer:
    """Return somebody with an empty folder, Git, and no agent program."""
    folder, home, programs = base / "my project", base / "home", base / "programs"
    for made in (folder, home, programs):
        made.mkdir()
    (home / ".gitconfig").write_text(_IDENTITY)
    for name in (*_TOOLS, "git"):
        found = shutil.which(name)
        if found is None:
            need(f"the program {name}")
        else:
            (programs / name).symlink_to(found)
    env = {"PATH": str(programs), "HOME": str(home), "LANG": "C.UTF-8", "TERM": "xterm-256color"}
    return Newcomer(folder, home, programs, env)


def need(what: str) -> None:
    """Give up for want of something: reported on a laptop, a failure where CI has to have it."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{what} is not on this machine")
