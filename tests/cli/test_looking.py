"""`ps`, `history` and `status`: what is and what was."""

from __future__ import annotations

import pytest

from fusion_kit.core import events as e
from fusion_kit.core.events import Draft
from tests.cli import plays
from tests.cli.fakes import RUN, FakeProject, FakeProjects
from tests.cli.runner import cli

EARLIER = "hello-20260130-zzzzzz"


@pytest.fixture
def two_runs(project: FakeProject) -> FakeProject:
    """One that is over, and a newer one that works on its first task."""
    project.tell(
        Draft(e.RunQueued(workflow="hello"), run=EARLIER),
        Draft(e.RunStarted(), run=EARLIER),
        Draft(e.RunCompleted(), run=EARLIER),
    )
    plays.begin(project)
    plays.plan_starts(project)
    return project


def test_ps_lists_what_has_not_ended(two_runs: FakeProject, projects: FakeProjects) -> None:
    assert cli("ps", projects=projects).out == f"{RUN}  running  2026-01-31 12:00    1 waiting, 1 running\n"


def test_ps_says_that_nothing_is_alive_and_its_json_is_an_empty_list(projects: FakeProjects) -> None:
    seen = cli("ps", projects=projects)
    assert (seen.out, seen.err) == ("", "No run is alive; `fusion-kit history` lists past ones.\n")
    assert cli("ps", "-o", "json", projects=projects).json == {"items": [], "next_after": None, "total": 0}


def test_history_lists_the_newest_first_and_goes_on_behind_a_page(
    two_runs: FakeProject, projects: FakeProjects
) -> None:
    first = cli("history", "--limit", "1", "-o", "json", projects=projects).json
    assert first["items"] == [
        {
            "run": RUN, "workflow": "hello", "status": "running",
            "started_at": "2026-01-31T12:00:00.200Z", "finished_at": None,
        }
    ]  # fmt: skip
    assert first["total"] == 2
    after = str(first["next_after"])
    second = cli("history", "--limit", "1", "--after", after, "-o", "json", projects=projects).json
    assert [item["run"] for item in second["items"]] == [EARLIER]


def test_history_is_filtered_by_status_and_age(two_runs: FakeProject, projects: FakeProjects) -> None:
    done = cli("history", "--status", "completed", projects=projects)
    assert done.out == f"{EARLIER}  completed  2026-01-31 12:00  0.0s\n"
    old = cli("history", "--since", "2026-02-01", projects=projects)
    assert (old.code, old.out, old.err) == (0, "", "No run matches.\n")


def test_a_time_that_is_none_is_a_usage_error(projects: FakeProjects) -> None:
    seen = cli("history", "--since", "yesterday", projects=projects)
    assert (seen.code, seen.err) == (
        2,
        "error: 'yesterday' is not a time.\n"
        "hint: Write an age such as 30m, 24h or 7d, or a time such as 2026-01-31 or 2026-01-31T18:00.\n",
    )


def test_status_says_why_something_waits(two_runs: FakeProject, projects: FakeProjects) -> None:
    lines = cli("status", projects=projects).out.splitlines()
    assert lines[0].startswith(f"{RUN} running ")
    assert [line.split() for line in lines[1:]] == [
        ["plan", "running", lines[1].split()[2], "planner-1"],
        ["build", "waiting", "waits", "for", "plan", "(running)"],
    ]


def test_status_of_a_queued_task_names_the_capabilities_it_waits_for(
    project: FakeProject, projects: FakeProjects
) -> None:
    plays.begin(project)
    project.tell(
        plays.of_task("review", e.TaskCreated(kind="agent", capabilities=("coding", "python"))),
        plays.of_task("review", e.TaskQueued()),
    )
    assert cli("status", projects=projects).out.splitlines()[-1] == (
        "  review  queued     waits for a free agent with coding, python"
    )


def test_status_of_a_failed_run_says_why(project: FakeProject, projects: FakeProjects) -> None:
    project.play = plays.fails
    cli("run", "hello", projects=projects)
    assert cli("status", projects=projects).out == (
        f"{RUN} failed in 0.4s: 2 tasks, 1 completed, 1 failed, 1.8k tokens, $0.03\n"
        "error: Task build failed.\n"
        "  plan   completed  0.1s\n"
        "  build  failed     0.1s  It ended with exit code 2.\n"
    )


def test_status_without_any_run_says_what_to_do(projects: FakeProjects) -> None:
    seen = cli("status", projects=projects)
    assert (seen.code, seen.err) == (
        2,
        "error: There was no run in this project yet.\nhint: `fusion-kit list` shows what can be run.\n",
    )


def test_a_run_whose_process_is_gone_is_told_from_one_that_runs(two_runs: FakeProject, projects: FakeProjects) -> None:
    two_runs.has_owner = False
    assert cli("ps", projects=projects).out == (
        f"{RUN}  running  2026-01-31 12:00    1 waiting, 1 running; its process is gone: resume it\n"
    )
    status = cli("status", RUN, projects=projects).out.splitlines()
    assert status[1] == f"its process is gone: `fusion-kit resume {RUN}` goes on with it"
