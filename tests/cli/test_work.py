"""`merge`, `diff`, `retry` and the gate's logs: the work of a run."""

from __future__ import annotations

import pytest

from fusion_kit.coordination.requests import StopSignal
from fusion_kit.core import events as e
from fusion_kit.core.states import Outcome
from tests.cli import asks, plays
from tests.cli.fakes import RUN, Changed, Changes, FakeProject, FakeProjects, MergedWork
from tests.cli.runner import cli

PATCH = b"""diff --git a/a.txt b/a.txt
index 1..2 100644
--- a/a.txt
+++ b/a.txt
@@ -1 +1 @@
--- old
+new \x1b]0;owned\x07\xff
"""
FILES = (
    Changed("a.txt", added=1, removed=1),
    Changed("logo.png", "A", added=None, removed=None),
    Changed("new.py", "R", added=0, removed=0, renamed_from="old.py"),
)


@pytest.fixture
def begun(project: FakeProject) -> FakeProject:
    plays.begin(project)
    return project


def test_a_merge_tells_its_gates_and_where_the_work_is(begun: FakeProject, projects: FakeProjects) -> None:
    begun.merged = MergedWork("main", "d" * 40)
    seen = cli("merge", RUN, "--into", "main", projects=projects)
    assert (seen.code, seen.out, seen.err) == (0, "merged: main at dddddddddddd\n", "gate passed: plan and build\n")
    assert begun.asked == [("merge", RUN, "main")]


def test_a_merge_that_has_to_wait_is_code_1_and_says_how_to_try_again(
    begun: FakeProject, projects: FakeProjects
) -> None:
    begun.merged = MergedWork(f"fk/{RUN}/result", "d" * 40, "main is checked out with changes")
    seen = cli("merge", RUN, "--into", "main", projects=projects)
    assert (seen.code, seen.out) == (
        1,
        f"not merged: main is checked out with changes; the work is on fk/{RUN}/result at dddddddddddd\n",
    )
    assert seen.err.splitlines()[-1] == f"next: fusion-kit merge {RUN} --into main"
    document = cli("merge", RUN, "-o", "json", projects=projects).json
    assert (document["exit_code"], document["waiting"], document["result"]) == (
        1,
        "main is checked out with changes",
        {"branch": f"fk/{RUN}/result", "commit": "d" * 40},
    )


def test_no_work_is_nothing_to_merge(begun: FakeProject, projects: FakeProjects) -> None:
    assert cli("merge", RUN, projects=projects).out == f"{RUN} has no work to merge\n"


def test_a_diff_in_a_pipe_is_the_exact_patch(begun: FakeProject, projects: FakeProjects) -> None:
    begun.changes = Changes(FILES, PATCH.replace(b"\xff", b""))
    seen = cli("diff", RUN, "plan", projects=projects)
    assert (seen.code, seen.out.encode()) == (0, PATCH.replace(b"\xff", b""))
    assert begun.asked == [("diff", RUN, "plan")]


def test_a_diff_on_a_terminal_has_colours_and_steers_nothing(begun: FakeProject, projects: FakeProjects) -> None:
    begun.changes = Changes(FILES, PATCH)
    seen = cli("diff", RUN, projects=projects, terminal=True)
    assert seen.out.splitlines() == [
        "\x1b[1mdiff --git a/a.txt b/a.txt\x1b[0m",
        "\x1b[1mindex 1..2 100644\x1b[0m",
        "\x1b[1m--- a/a.txt\x1b[0m",
        "\x1b[1m+++ b/a.txt\x1b[0m",
        "\x1b[36m@@ -1 +1 @@\x1b[0m",
        "\x1b[31m--- old\x1b[0m",
        "\x1b[32m+new �\x1b[0m",
    ]


def test_the_stat_of_a_diff_counts_lines(begun: FakeProject, projects: FakeProjects) -> None:
    begun.changes = Changes(FILES, PATCH)
    assert cli("diff", RUN, "--stat", projects=projects).out == (
        "modified  a.txt             +1 -1\n"
        "added     logo.png          binary\n"
        "renamed   old.py -> new.py  +0 -0\n"
        "3 files, 1 line added, 1 removed\n"
    )


def test_the_json_of_a_diff_lists_the_files_and_holds_the_patch(begun: FakeProject, projects: FakeProjects) -> None:
    begun.changes = Changes(FILES[:1], PATCH)
    items = [{"path": "a.txt", "status": "modified", "added": 1, "removed": 1, "old": None}]
    start = {"items": items, "next_after": None, "total": 1}
    assert cli("diff", RUN, "--stat", "-o", "json", projects=projects).json == start
    seen = cli("diff", RUN, "-o", "json", projects=projects).json
    assert seen == start | {"patch": PATCH.decode(errors="replace")}


def test_nothing_changed_is_said_and_no_error(begun: FakeProject, projects: FakeProjects) -> None:
    seen = cli("diff", RUN, projects=projects)
    assert (seen.code, seen.out, seen.err) == (0, "", "Nothing was changed.\n")


def test_a_run_that_broke_its_gate_names_the_guilty_its_output_and_the_commands(
    project: FakeProject, projects: FakeProjects
) -> None:
    project.play = asks.breaks_the_gate
    seen = cli("run", "hello", projects=projects)
    assert seen.code == 1
    lines = "".join(f"  | test {number}\n" for number in range(11, 41))
    assert seen.err.endswith(
        "gate failed: plan and build\n"
        "gate passed: plan\n"
        "build | its work breaks the gate and is left out: make test\n"
        "\n"
        "build broke the gate: make test\n"
        f"{lines}"
        f"next: fusion-kit logs {RUN} --gate\n"
        f"next: fusion-kit retry {RUN}\n"
    )


@pytest.mark.parametrize("words", [("merge",), ("--gate",)])
def test_the_logs_of_the_gate_are_read_like_a_tasks(
    project: FakeProject, projects: FakeProjects, words: tuple[str, ...]
) -> None:
    project.play = asks.breaks_the_gate
    cli("run", "hello", projects=projects)
    seen = cli("logs", RUN, *words, "--tail", "2", projects=projects)
    assert (seen.code, seen.out) == (0, "test 40\n! 2 failed\n")
    item = cli("logs", RUN, *words, "--tail", "1", "-o", "jsonl", projects=projects).records
    assert item == [{"task": "merge", "attempt": 1, "stream": "stderr", "text": "2 failed"}]
    assert cli("logs", RUN, *words, "--raw", projects=projects).out.endswith("test 40\n2 failed\n")
    assert cli("logs", RUN, *words, "--follow", projects=projects).out.endswith("test 40\n! 2 failed\n")


def test_a_gate_that_was_never_run_printed_nothing(begun: FakeProject, projects: FakeProjects) -> None:
    seen = cli("logs", RUN, "--gate", projects=projects)
    assert (seen.code, seen.out, seen.err) == (0, "", "The gate was not run, or printed nothing yet.\n")


def test_a_result_that_could_not_be_brought_to_its_target_ends_with_the_merge_command(
    project: FakeProject, projects: FakeProjects
) -> None:
    project.play = asks.waits_for_its_target
    seen = cli("run", "hello", projects=projects)
    assert (seen.code, seen.err.splitlines()) == (
        0,
        [
            f"run {RUN} started",
            f"not merged into main: it is checked out with changes; the work is on fk/{RUN}/result",
            f"next: git diff bbbbbbbbbbbb fk/{RUN}/result",
            f"next: fusion-kit merge {RUN}",
        ],
    )


def test_a_retry_names_what_is_done_again(project: FakeProject, projects: FakeProjects) -> None:
    project.play = plays.fails
    cli("run", "hello", projects=projects)

    async def goes_well(project: FakeProject, stop: object) -> None:
        project.tell(
            plays.of_run(e.RunRetried(tasks=("build",))),
            plays.of_task("build", e.TaskReset(reason="retried")),
            plays.of_task("build", e.TaskQueued()),
            plays.of_task("build", e.TaskAssigned()),
            plays.of_task("build", e.TaskStarted(number=2)),
            plays.of_task("build", e.TaskCompleted()),
            plays.of_run(e.RunCompleted()),
        )

    project.play = goes_well
    seen = cli("retry", RUN, "--from", "build", projects=projects)
    assert (seen.code, seen.err) == (
        0,
        f"run {RUN} goes on: build once more\nbuild | will be done again\n"
        "build | started (attempt 2)\nbuild | completed\n",
    )
    assert project.asked == [("retry", RUN, "build", None, False)]


def test_a_retry_of_nothing_or_of_two_things_is_a_usage_error(begun: FakeProject, projects: FakeProjects) -> None:
    both = cli("retry", RUN, "--from", "plan", "--only", "plan", projects=projects)
    assert (both.code, both.err.splitlines()[0]) == (2, "error: --from and --only cannot be combined.")
    none = cli("retry", RUN, "--only", "plam", projects=projects)
    assert (none.code, none.err) == (2, f"error: Run {RUN} has no task 'plam'.\nhint: Did you mean 'plan'?\n")


def test_the_status_of_a_run_whose_work_broke_the_gate_names_it_beside_the_task(
    project: FakeProject, projects: FakeProjects
) -> None:
    project.play = asks.breaks_the_gate
    cli("run", "hello", projects=projects)
    last = cli("status", RUN, projects=projects).out.splitlines()[-1]
    assert last.endswith("  its work broke the gate and was left out")


def test_the_logs_of_a_gate_that_was_run_twice_say_whose_work_each_was_about(
    project: FakeProject, projects: FakeProjects
) -> None:
    project.play = asks.breaks_the_gate
    cli("run", "hello", projects=projects)
    second = project.run_folder(RUN) / "merge" / "2"
    second.mkdir()
    (second / "out.log").write_bytes(b"fine\n")
    log = str(second / "out.log")
    project.tell(plays.of_run(e.MergeGated(commit="f" * 40, tasks=("plan",), passed=True, log=log)))
    seen = cli("logs", RUN, "--gate", projects=projects)
    assert (seen.err, seen.out.splitlines()[-1]) == ("gate failed: plan and build\ngate passed: plan\n", "fine")


def test_status_says_that_a_result_waits_and_afterwards_where_it_was_merged(
    project: FakeProject, projects: FakeProjects
) -> None:
    project.play = asks.waits_for_its_target
    cli("run", "hello", projects=projects)
    lines = cli("status", RUN, projects=projects).out.splitlines()
    assert lines[2:4] == ["not merged into main: it is checked out with changes", f"fusion-kit merge {RUN}"]
    project.tell(plays.of_run(e.MergeCompleted(branch="main", commit="d" * 40)))
    assert cli("status", RUN, projects=projects).out.splitlines()[2] == "merged: main at dddddddddddd"


async def _collides(project: FakeProject, stop: StopSignal) -> None:
    plays.begin(project)
    plays.plan_starts(project)
    plays.plan_ends(project)
    plays.build_starts(project)
    error = {
        "code": "commit-conflict",
        "message": "The work of plan and build does not merge: a.txt.",
        "hint": "Keep apart.",
    }
    project.tell(plays.of_task("build", e.TaskCompleted(exit_code=0)), plays.of_run(e.RunFailed(error=error)))


def test_a_run_whose_tasks_all_ended_well_is_told_what_to_do_and_not_to_retry(
    project: FakeProject, projects: FakeProjects
) -> None:
    project.play = _collides
    seen = cli("run", "hello", projects=projects)
    assert (seen.code, "next: " in seen.err) == (1, False)
    assert seen.out.splitlines()[1:] == [
        "error: The work of plan and build does not merge: a.txt.",
        "hint: Keep apart.",
    ]


async def _is_rejected(project: FakeProject, stop: StopSignal) -> None:
    plays.begin(project)
    asks.ship_asks(project)
    error = {"code": "rejected", "message": "ann said no", "hint": ""}
    failed = plays.of_task("ship", e.TaskFailed(outcome=Outcome.REJECTED, error=error))
    project.tell(failed, plays.of_run(e.RunFailed(error=error)))


def test_the_logs_of_what_never_ran_are_not_offered(project: FakeProject, projects: FakeProjects) -> None:
    project.play = _is_rejected
    assert cli("run", "hello", projects=projects).err.splitlines()[-2:] == [
        "ship failed: ann said no",
        f"next: fusion-kit retry {RUN}",
    ]
