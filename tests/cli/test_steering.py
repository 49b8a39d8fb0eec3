"""`pause`, `resume` and `cancel`: a run that is there already."""

from __future__ import annotations

from pathlib import Path

import pytest

from fusion_kit.core import events as e
from tests.cli import asks, plays
from tests.cli.fakes import RUN, FakeProject, FakeProjects
from tests.cli.runner import cli


async def _goes_on(project: FakeProject, stop: object) -> None:
    project.tell(plays.of_run(e.RunResumed(owner="test", changes=("a.yaml",))))
    plays.plan_starts(project)
    project.tell(plays.of_task("plan", e.TaskAdopted(found="running"), "planner-1"))
    plays.plan_ends(project)
    plays.build_starts(project)
    project.tell(plays.of_task("build", e.TaskCompleted(exit_code=0)), plays.of_run(e.RunCompleted()))


def _paused(project: FakeProject) -> None:
    plays.begin(project)
    project.tell(plays.of_run(e.RunPaused(reason="interrupted")))
    project.has_owner = False


def test_resume_shows_a_run_from_where_it_stood(project: FakeProject, projects: FakeProjects) -> None:
    _paused(project)
    project.play = _goes_on
    seen = cli("resume", RUN[:8], projects=projects)
    assert (seen.code, seen.out) == (0, f"{RUN} completed in 0.7s: 2 tasks, 1.8k tokens, $0.03\n")
    assert seen.err == (
        f"run {RUN} resumed; changed since: a.yaml\n"
        "plan | started on planner-1\n"
        "plan | taken over, found running\n"
        "plan | completed\n"
        "build | started\n"
        "build | completed\n"
    )


def test_resume_takes_the_secrets_anew(project: FakeProject, projects: FakeProjects, tmp_path: Path) -> None:
    _paused(project)
    project.play = _goes_on
    (tmp_path / "my.env").write_text("TOKEN=12345678")
    cli("-C", tmp_path, "resume", RUN, "--secret-file", "my.env", projects=projects)
    assert project.secrets == {"TOKEN": "12345678"}


def test_resume_of_no_run_is_a_usage_error(projects: FakeProjects) -> None:
    seen = cli("resume", "nope", projects=projects)
    assert (seen.code, seen.out, seen.err) == (
        2, "", "error: There is no run 'nope'.\nhint: `fusion-kit history` lists the runs.\n",
    )  # fmt: skip


def test_cancel_says_that_it_is_done_and_the_document_says_so_too(project: FakeProject, projects: FakeProjects) -> None:
    plays.begin(project)
    seen = cli("cancel", RUN, projects=projects)
    assert (seen.code, seen.out, seen.err) == (0, f"{RUN} cancelled\n", "")
    document = cli("status", RUN, "-o", "json", projects=projects).json
    assert (document["status"], document["exit_code"]) == ("cancelled", 5)


def test_pause_says_that_the_run_stands_still_and_how_it_goes_on(project: FakeProject, projects: FakeProjects) -> None:
    plays.begin(project)
    seen = cli("pause", RUN, projects=projects)
    assert (seen.code, seen.out, seen.err) == (0, f"{RUN} paused\n", f"next: fusion-kit resume {RUN}\n")
    document = cli("status", RUN, "-o", "json", projects=projects).json
    assert (document["status"], document["exit_code"]) == ("paused", 4)


def test_an_owner_that_has_not_obeyed_yet_is_about_to(project: FakeProject, projects: FakeProjects) -> None:
    plays.begin(project)
    project.obeys = False
    assert cli("pause", RUN, projects=projects).out == f"{RUN} is being paused\n"


def test_resume_of_a_run_that_stands_still_in_another_process_tells_that_process(
    project: FakeProject, projects: FakeProjects
) -> None:
    plays.begin(project)
    cli("pause", RUN, projects=projects)
    seen = cli("resume", RUN, projects=projects)
    assert (seen.code, seen.out) == (0, f"{RUN} goes on, in the process that has it\n")
    assert project.asked == [("let_go_on", RUN, {})]


def test_more_money_reaches_the_process_that_has_the_run(project: FakeProject, projects: FakeProjects) -> None:
    plays.begin(project)
    asks.lacks_money(project)
    seen = cli("resume", RUN, "--max-cost", "2.5", projects=projects)
    assert (seen.code, seen.out) == (0, f"{RUN} max_cost_usd = 2.5 from now on, in the process that has it\n")


def test_more_money_reaches_a_run_that_nobody_has(project: FakeProject, projects: FakeProjects) -> None:
    _paused(project)
    project.play = _goes_on
    assert cli("resume", RUN, "--max-cost", "2.5", projects=projects).code == 0
    assert project.asked == [("resume", RUN, {"max_cost_usd": 2.5}, False)]


@pytest.mark.parametrize(
    ("words", "env", "terminal", "waits"),
    [
        ((), {}, True, True),
        ((), {}, False, False),
        (("--no-input",), {}, True, False),
        ((), {"CI": "true"}, True, False),
        (("-q",), {}, True, False),
        (("-o", "json"), {}, True, False),
    ],
)
def test_a_run_waits_for_a_person_only_where_one_can_read_what_it_waits_for(
    project: FakeProject,
    projects: FakeProjects,
    words: tuple[str, ...],
    env: dict[str, str],
    *,
    terminal: bool,
    waits: bool,
) -> None:
    project.play = plays.succeeds
    cli("run", "hello", *words, projects=projects, env=env, terminal=terminal)
    assert project.requests[0].waits is waits


def test_a_run_that_may_not_wait_ends_with_code_4_and_what_to_type(
    project: FakeProject, projects: FakeProjects
) -> None:
    project.play = asks.pauses_for_an_answer
    seen = cli("run", "hello", "--no-input", projects=projects)
    assert (seen.code, seen.err.splitlines()) == (
        4,
        [
            f"run {RUN} started",
            "ship | asks for approval: Release it?",
            "ship |   version: string",
            "ship |   force: boolean, default false",
            "ship |   level: low | high, default low",
            "ship |   count: integer, optional",
            f"ship |   fusion-kit approve {RUN} ship",
            f"run {RUN} paused: waits for an approval of ship",
            f"next: fusion-kit approve {RUN} ship",
            f"next: fusion-kit resume {RUN}",
        ],
    )
