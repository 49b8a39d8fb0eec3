"""`resume` and `cancel`: a run that is there already."""

from __future__ import annotations

from pathlib import Path

from fusion_kit.core import events as e
from tests.cli import plays
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
