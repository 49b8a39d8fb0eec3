"""Options that work before and after the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fusion_kit.cli.settings import Mode, asked_output
from tests.cli import plays
from tests.cli.fakes import FakeProject, FakeProjects
from tests.cli.runner import cli


@pytest.mark.parametrize("words", [["-o", "json", "version"], ["version", "-o", "json"], ["version", "--output=json"]])
def test_the_output_is_chosen_before_or_after_the_command(words: list[str]) -> None:
    assert set(json.loads(cli(*words).out)) == {"version", "python", "system"}


def test_what_is_said_after_the_command_wins() -> None:
    assert cli("-o", "json", "version", "-o", "plain").out.startswith("fusion-kit ")


def test_the_folder_is_chosen_before_or_after_the_command(tmp_path: Path) -> None:
    before, after = cli("-C", tmp_path, "list"), cli("list", "-C", tmp_path)
    assert before == after
    assert str(tmp_path) in before.err


def test_colours_come_when_asked_for_and_go_with_no_color(project: FakeProject, projects: FakeProjects) -> None:
    plays.begin(project)
    assert "\x1b[" not in cli("ps", projects=projects).out
    assert "\x1b[36mrunning\x1b[0m" in cli("ps", "--color", "always", projects=projects).out
    assert "\x1b[" in cli("ps", projects=projects, terminal=True).out
    assert "\x1b[" not in cli("ps", projects=projects, terminal=True, env={"NO_COLOR": "1"}).out
    assert "\x1b[" not in cli("ps", "--color", "never", projects=projects, terminal=True).out


@pytest.mark.parametrize(
    ("line", "mode"),
    [
        ("run x", Mode.AUTO),
        ("run x -o json", Mode.JSON),
        ("-ojsonl run", Mode.JSONL),
        ("--output=quiet", Mode.QUIET),
        ("-o json x -o nonsense", Mode.JSON),
        ("x -- -o json", Mode.AUTO),
        ("x -o", Mode.AUTO),
    ],
)
def test_the_output_asked_for_is_known_without_a_parser(line: str, mode: Mode) -> None:
    assert asked_output(line.split()) is mode
