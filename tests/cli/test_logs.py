"""`logs`: what tasks printed, harmless unless asked for raw."""

from __future__ import annotations

import pytest

from fusion_kit.core import events as e
from tests.cli import plays
from tests.cli.fakes import RUN, FakeProject, FakeProjects
from tests.cli.runner import cli

HOSTILE = b"\x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b[0m\n10%\r100%\n\xe2\x80\xae\xff end"


@pytest.fixture
def ended(project: FakeProject, projects: FakeProjects) -> FakeProject:
    """A run of two tasks whose second one printed what could steer a terminal."""
    project.play = plays.fails
    cli("run", "hello", projects=projects)
    project.says("build", HOSTILE, b"oops\n")
    return project


def test_all_tasks_are_printed_with_their_names(ended: FakeProject, projects: FakeProjects) -> None:
    assert cli("logs", RUN, projects=projects).out == (
        "plan | reading\nplan | thinking about it\nbuild | red\nbuild | 100%\nbuild | � end\nbuild | ! oops\n"
    )


def test_one_task_is_printed_without_its_name(ended: FakeProject, projects: FakeProjects) -> None:
    assert cli("logs", RUN, "plan", projects=projects).out == "reading\nthinking about it\n"


def test_tail_prints_the_last_lines(ended: FakeProject, projects: FakeProjects) -> None:
    assert cli("logs", RUN, "build", "--tail", "2", projects=projects).out == "� end\n! oops\n"


def test_raw_prints_the_bytes_as_they_are(ended: FakeProject, projects: FakeProjects) -> None:
    folder = ended.attempt_folder(RUN, "build", 1)
    (folder / "out.log").write_bytes(b"\x1b[31mred\x1b[0m\r\n")
    assert cli("logs", RUN, "build", "--raw", projects=projects).out == "\x1b[31mred\x1b[0m\r\noops\n"


def test_json_holds_every_line_with_its_stream(ended: FakeProject, projects: FakeProjects) -> None:
    assert cli("logs", RUN, "plan", "-o", "json", projects=projects).json == {
        "items": [
            {"task": "plan", "attempt": 1, "stream": "stdout", "text": "reading"},
            {"task": "plan", "attempt": 1, "stream": "stdout", "text": "thinking about it"},
        ],
        "next_after": None,
        "total": 2,
    }


@pytest.mark.parametrize("options", [(), ("--tail", "1"), ("--raw",)])
def test_following_an_ended_run_prints_it_and_returns(
    ended: FakeProject, projects: FakeProjects, options: tuple[str, ...]
) -> None:
    expected = {(): "reading\nthinking about it\n", ("--tail", "1"): "thinking about it\n"}
    seen = cli("logs", RUN, "plan", "-f", *options, projects=projects)
    assert seen.out == expected.get(options, "reading\nthinking about it\n")


def test_a_line_without_an_end_is_followed_to_the_end(ended: FakeProject, projects: FakeProjects) -> None:
    assert cli("logs", RUN, "build", "-f", projects=projects).out == "red\n100%\n� end\n! oops\n"


def test_a_misspelt_task_is_named_with_the_one_that_was_meant(ended: FakeProject, projects: FakeProjects) -> None:
    seen = cli("logs", RUN, "biuld", projects=projects)
    assert (seen.code, seen.err) == (2, f"error: Run {RUN} has no task 'biuld'.\nhint: Did you mean 'build'?\n")


def test_the_name_of_a_matrix_means_all_its_items(project: FakeProject, projects: FakeProjects) -> None:
    plays.begin(project)
    for key in ("a", "b"):
        node = f"each@{key}"
        project.tell(
            plays.of_task(node, e.TaskCreated(kind="run", parent="each", key=key)),
            plays.of_task(node, e.TaskQueued()),
            plays.of_task(node, e.TaskAssigned()),
            plays.of_task(node, e.TaskStarted(number=1)),
        )
        project.says(node, f"from {key}\n".encode())
    assert cli("logs", RUN, "each", projects=projects).out == "each@a | from a\neach@b | from b\n"
