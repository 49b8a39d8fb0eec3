"""The quickstart is true: its commands are typed in a new folder, and they print what it says they print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.house.documents import ROOT, Command, blocks, commands

QUICKSTART = ROOT / "docs" / "quickstart.md"
LIMIT_S = 120


@dataclass(slots=True)
class Terminal:
    """A person's terminal: a home, a current folder, a PATH; one command at a time."""

    home: Path
    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def typed(self, line: str) -> str:
        """Type a line and return everything it prints; the folder it ends in stays the current one."""
        script = f"{line}\n__code=$?\npwd > '{self.home}/.folder'\nexit $__code"
        argv = ["bash", "-c", script]
        done = subprocess.run(
            argv, cwd=self.folder, env=self.env, timeout=LIMIT_S, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"$ {line}\n{done.stdout}"
        self.folder = Path((self.home / ".folder").read_text().strip())
        return done.stdout


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    home = tmp_path / "home"
    programs = home / "bin"
    programs.mkdir(parents=True)
    launcher = programs / "fusion-kit"
    launcher.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -P -m fusion_kit "$@"\n')
    launcher.chmod(0o755)
    env = {
        "HOME": str(home),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        "COLUMNS": "100",
        "CI": "true",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n"
    )
    return Terminal(home, home, env)


def _pattern(printed: str) -> re.Pattern[str]:
    """`...` stands for anything, as in a doctest; spaces are spaces, however many."""
    parts = [r"\s+".join(re.escape(word) for word in part.split()) for part in printed.split("...")]
    return re.compile(r"\s*.*?\s*".join(parts), re.DOTALL)


def test_the_quickstart_has_the_ten_minutes_in_it() -> None:
    typed = [command.line for block in blocks(QUICKSTART, "console") for command in commands(block)]
    wanted = ("fusion-kit init", "fusion-kit run hello", "fusion-kit status", "fusion-kit logs", "fusion-kit resume")
    assert [name for name in wanted if not any(name in line for line in typed)] == []


def test_a_pattern_is_met_only_by_what_it_says() -> None:
    assert _pattern("run ... completed").search("run hello-20260101-abcdef  completed")
    assert not _pattern("run ... completed").search("run hello-20260101-abcdef failed")


@pytest.mark.story
def test_every_command_of_the_quickstart_does_what_it_says(terminal: Terminal) -> None:
    for block in blocks(QUICKSTART, "console"):
        for command in commands(block):
            _tried(terminal, command)


def _tried(terminal: Terminal, command: Command) -> None:
    printed = terminal.typed(command.line)
    assert _pattern(command.printed).search(printed), f"$ {command.line}\n{printed}\n--- expected\n{command.printed}"
