"""Errors: one clear sentence and a way out; a crash is one sentence too."""

from __future__ import annotations

import re
from pathlib import Path

from fusion_kit.coordination.requests import StopSignal
from tests.cli.fakes import FakeProject, FakeProjects
from tests.cli.runner import cli


async def _crashes(project: FakeProject, stop: StopSignal) -> None:
    raise RuntimeError("the roof fell in")


def test_an_unexpected_error_is_one_sentence_and_its_traceback_is_in_a_file(
    project: FakeProject, projects: FakeProjects
) -> None:
    project.play = _crashes
    seen = cli("run", "hello", projects=projects)
    error, hint = seen.err.splitlines()
    assert (seen.code, error) == (3, "error: something went wrong inside fusion-kit: RuntimeError: the roof fell in")
    found = re.fullmatch(r"hint: The traceback is in (.+); -v shows it\.", hint)
    assert found is not None
    path = Path(found[1])
    assert path.read_text().splitlines()[-1] == "RuntimeError: the roof fell in"
    path.unlink()


def test_v_shows_the_traceback(project: FakeProject, projects: FakeProjects) -> None:
    project.play = _crashes
    lines = cli("-v", "run", "hello", projects=projects).err.splitlines()
    assert (lines[0], lines[-1]) == (
        "Traceback (most recent call last):",
        "error: something went wrong inside fusion-kit: RuntimeError: the roof fell in",
    )


def test_a_misspelt_command_is_named_with_the_one_that_was_meant(projects: FakeProjects) -> None:
    seen = cli("statsu", projects=projects)
    assert (seen.code, seen.out, seen.err) == (
        2, "", "error: There is no command 'statsu'.\nhint: Did you mean `fusion-kit status`?\n",
    )  # fmt: skip


def test_an_unknown_command_like_no_other_leads_to_the_help(projects: FakeProjects) -> None:
    assert cli("xyzzy", projects=projects).err == (
        "error: There is no command 'xyzzy'.\nhint: `fusion-kit --help` lists the commands.\n"
    )


def test_a_misspelt_option_is_named_with_the_one_that_was_meant(projects: FakeProjects) -> None:
    assert cli("run", "hello", "--dry-rnu", projects=projects).err == (
        "error: No such option: --dry-rnu; did you mean --dry-run?\nhint: `fusion-kit run --help` explains it.\n"
    )


def test_a_value_that_is_no_choice_is_named_with_the_choices(projects: FakeProjects) -> None:
    seen = cli("version", "-o", "xml", projects=projects)
    assert (seen.code, seen.err) == (
        2, "error: There is no --output 'xml'.\nhint: Choose auto | plain | json | jsonl | github | quiet.\n",
    )  # fmt: skip
    assert cli("--color", "alwasy", "version").err.splitlines()[1] == "hint: Did you mean always?"
    assert cli("history", "--status", "faild", projects=projects).err == (
        "error: Invalid value for '--status': 'faild' is not one of 'queued', 'running', 'paused', 'completed', "
        "'failed', 'cancelled'.\nhint: `fusion-kit history --help` explains it.\n"
    )


def test_escape_sequences_in_what_a_person_typed_do_not_come_back(projects: FakeProjects) -> None:
    seen = cli("run", "\x1b[31mred\x1b]0;title\x07", projects=projects)
    assert "\x1b" not in seen.err


def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    seen = cli("-C", tmp_path / "none", "list")
    assert (seen.code, seen.err.splitlines()[0]) == (2, f"error: There is no folder {tmp_path / 'none'}.")


def test_outside_of_a_project_every_command_says_how_to_begin_one(tmp_path: Path) -> None:
    for words in (["list"], ["run", "x"], ["ps"], ["status"], ["history"], ["logs", "x"], ["events"], ["doctor"]):
        seen = cli("-C", tmp_path, *words)
        assert (seen.code, seen.out, seen.err.splitlines()) == (
            2,
            "",
            [f"error: There is no `.fusion/` in {tmp_path} or above it.", "hint: `fusion-kit init` makes one here."],
        )
