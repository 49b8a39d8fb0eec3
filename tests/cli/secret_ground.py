"""A project with a repository, and the command line with something piped into it."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.runner import Seen, cli

VALUE = "hunter2-hunter2"


def project_in(tmp_path: Path) -> Path:
    """A project in a repository with one commit."""
    root = tmp_path / "project"
    (root / ".fusion" / "workflows").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, "commit", "-q", "--allow-empty", "-m", "First"], cwd=root, check=True)
    return root


def piped(monkeypatch: pytest.MonkeyPatch, content: bytes, *words: str | Path) -> Seen:
    """The command line with something piped into it."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    return cli(*words)


def workflow(root: Path, run: str, env: str = '{ TOKEN: "${{ secrets.TOKEN }}" }') -> None:
    text = f"tasks:\n  - id: say\n    env: {env}\n    run: |\n      {run}\n"
    (root / ".fusion" / "workflows" / "say.yaml").write_text(text)


def run_of(root: Path) -> str:
    return str(cli("-C", root, "history", "-o", "json").json["items"][0]["run"])
