"""A task may look at runs, and may not begin or continue one unless that is said."""

from __future__ import annotations

import pytest

from tests.cli import plays
from tests.cli.fakes import RUN, FakeProject, FakeProjects
from tests.cli.runner import cli

INSIDE = {"FUSION_RUN_ID": "outer-1", "FUSION_TASK_ID": "build"}


@pytest.mark.parametrize("words", [["run", "hello"], ["resume", RUN], ["retry", RUN]])
def test_a_run_inside_a_run_is_refused_with_the_way_out(
    project: FakeProject, projects: FakeProjects, words: list[str]
) -> None:
    seen = cli(*words, projects=projects, env=INSIDE)
    error, hint = seen.err.splitlines()
    assert (seen.code, project.requests) == (2, [])
    assert error.startswith("error: Task build of run outer-1 asks for a run of its own")
    assert ("`uses:`" in hint, "--nested" in hint) == (True, True)


def test_nested_allows_it_and_the_run_remembers_the_one_around_it(project: FakeProject, projects: FakeProjects) -> None:
    project.play = plays.succeeds
    assert cli("run", "hello", "--nested", "-e", "A=b", projects=projects, env=INSIDE).code == 0
    assert [request.env for request in project.requests] == [{"A": "b", "FUSION_PARENT_RUN": "outer-1"}]


def test_outside_of_a_run_nothing_is_remembered(project: FakeProject, projects: FakeProjects) -> None:
    project.play = plays.succeeds
    cli("run", "hello", projects=projects)
    assert [request.env for request in project.requests] == [{}]


def test_looking_is_allowed(project: FakeProject, projects: FakeProjects) -> None:
    project.play = plays.succeeds
    cli("run", "hello", projects=projects)
    for words in (["run", "hello", "--dry-run"], ["status", RUN], ["logs", RUN], ["events"], ["history"], ["ps"]):
        assert cli(*words, projects=projects, env=INSIDE).code == 0
