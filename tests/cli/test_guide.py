"""The guide to steering is true: its commands are typed in order, and print what it says they print."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.house.documents import ROOT, blocks, commands

GUIDE = ROOT / "docs" / "how-to" / "steer-a-run.md"


def _pattern(printed: str, run: str) -> re.Pattern[str]:
    """`...` stands for anything, `RUN` for the run; spaces are spaces, however many."""
    parts = [r"\s+".join(map(re.escape, part.replace("RUN", run).split())) for part in printed.split("...")]
    return re.compile(r"\s*.*?\s*".join(parts), re.DOTALL)


def _typed(root: Path, line: str, run: str, env: Mapping[str, str]) -> str:
    words = shlex.split(line.replace("RUN", run))[1:]
    argv = [sys.executable, "-m", "fusion_kit", *words]
    done = subprocess.run(argv, cwd=root, env=env, capture_output=True, text=True, timeout=60, check=False)
    return done.stderr + done.stdout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one commit that holds the guide's workflow."""
    file = tmp_path / ".fusion" / "workflows" / "release.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(blocks(GUIDE, "yaml")[0])
    identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    for words in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "First"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


def test_every_command_of_the_guide_does_what_it_says(root: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name not in ("CI", "GITHUB_ACTIONS")}
    run = ""
    for block in blocks(GUIDE, "console"):
        for command in commands(block):
            printed = _typed(root, command.line, run, env)
            run = run or re.search(r"\brelease-\d{8}-\w{6}", printed)[0]  # type: ignore[index]
            assert _pattern(command.printed, run).search(printed), f"$ {command.line}\n{printed}"
