"""The quickstart is true: its commands are typed in a new folder, and they print what it says they print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.documents import ROOT, blocks, commands
from tests.house.terminal import opened

QUICKSTART = ROOT / "docs" / "quickstart.md"


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
def test_every_command_of_the_quickstart_does_what_it_says(tmp_path: Path) -> None:
    terminal = opened(tmp_path / "home")
    for block in blocks(QUICKSTART, "console"):
        for command in commands(block):
            printed = terminal.typed(command.line)
            wanted = _pattern(command.printed)
            assert wanted.search(printed), f"$ {command.line}\n{printed}\n--- expected\n{command.printed}"
