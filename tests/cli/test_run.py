"""`run`: what a person and a program see of a run, however it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli import plays
from tests.cli.fakes import RUN, FakeProject, FakeProjects, Play, Prediction
from tests.cli.runner import cli


def test_a_pipe_gets_plain_lines_and_the_result_is_on_stdout(project: FakeProject, projects: FakeProjects) -> None:
    project.play = plays.succeeds
    project.warnings = ["2 uncommitted files are not in the agents' worktrees: a, b"]
    seen = cli("run", "hello", projects=projects)
    assert seen.code == 0
    assert seen.out == (
        f"{RUN} completed in 0.4s: 2 tasks, 1.8k tokens, $0.03\nresult: fk/{RUN}/result at dddddddddddd\nfiles = 3\n"
    )
    assert seen.err == (
        "warning: 2 uncommitted files are not in the agents' worktrees: a, b\n"
        f"run {RUN} started\n"
        "plan | started on planner-1\n"
        "plan | completed\n"
        "build | started\n"
        "build | completed\n"
        f"next: git diff bbbbbbbbbbbb fk/{RUN}/result\n"
        f"next: git merge fk/{RUN}/result\n"
    )


def test_a_failure_ends_with_its_last_thirty_lines_made_harmless_and_the_next_commands(
    project: FakeProject, projects: FakeProjects
) -> None:
    project.play = plays.fails
    seen = cli("run", "hello", "-i", "goal=it's", projects=projects)
    assert seen.code == 1
    assert seen.out == (
        f"{RUN} failed in 0.4s: 2 tasks, 1 completed, 1 failed, 1.8k tokens, $0.03\nerror: Task build failed.\n"
    )
    lines = "".join(f"  | line {number}\n" for number in range(13, 41))
    assert seen.err == (
        f"run {RUN} started\n"
        "plan | started on planner-1\n"
        "plan | completed\n"
        "build | started\n"
        "build | failed: exit_code: It ended with exit code 2.\n"
        "\n"
        "build failed: It ended with exit code 2.\n"
        "hint: Look at its output.\n"
        f"{lines}  | red\n"
        "  | make: *** [all] Error 2\n"
        f"next: fusion-kit logs {RUN} build\n"
        f"next: fusion-kit retry {RUN}\n"
    )


def test_the_next_command_of_a_failure_works_from_the_same_place(
    project: FakeProject, projects: FakeProjects, tmp_path: Path
) -> None:
    project.play = plays.fails
    seen = cli("-C", tmp_path, "run", "hello", projects=projects)
    assert seen.err.splitlines()[-1] == f"next: fusion-kit -C {tmp_path} retry {RUN}"


@pytest.mark.parametrize(
    ("play", "code", "status"),
    [
        (plays.succeeds, 0, "completed"),
        (plays.fails, 1, "failed"),
        (plays.pauses, 4, "paused"),
        (plays.is_cancelled, 5, "cancelled"),
        (plays.times_out, 124, "failed"),
    ],
)
def test_every_ending_has_its_exit_code_and_is_one_json_document(
    project: FakeProject, projects: FakeProjects, play: Play, code: int, status: str
) -> None:
    project.play = play
    seen = cli("run", "hello", "-o", "json", projects=projects)
    assert (seen.code, seen.json["exit_code"], seen.json["status"], seen.json["run"]) == (code, code, status, RUN)


def test_the_json_document_of_a_run_is_the_one_of_the_contract(project: FakeProject, projects: FakeProjects) -> None:
    project.play = plays.succeeds
    seen = cli("run", "hello", "-o", "json", projects=projects)
    task = {"key": None, "state": "completed", "outcome": "success", "attempts": 1, "exit_code": 0, "error": None}
    assert seen.json == {
        "run": RUN,
        "workflow": "hello",
        "status": "completed",
        "exit_code": 0,
        "started_at": "2026-01-31T12:00:00.100Z",
        "finished_at": "2026-01-31T12:00:00.500Z",
        "duration_s": 0.4,
        "base": "b" * 40,
        "result": {"branch": f"fk/{RUN}/result", "commit": "d" * 40},
        "cost_usd": 0.03,
        "tokens": {"input": 1500, "output": 250, "total": 1750},
        "tasks": [
            {"id": "plan", "agent": "planner-1", "duration_s": 0.1, "branch": None, "commit": None}
            | {"outputs": {}, "artifacts": []}
            | task,
            {"id": "build", "agent": None, "duration_s": 0.1, "branch": f"fk/{RUN}/t/build", "commit": "c" * 40}
            | {"outputs": {"files": 3}, "artifacts": []}
            | task,
        ],
        "outputs": {"files": 3},
        "error": None,
    }


def test_jsonl_streams_the_events_as_they_are_in_the_ledger(project: FakeProject, projects: FakeProjects) -> None:
    project.play = plays.succeeds
    seen = cli("run", "hello", "-o", "jsonl", projects=projects)
    assert seen.records == json.loads(json.dumps([event.as_dict() for event in project.views.events(limit=1000)]))


def test_quiet_prints_nothing_and_still_tells_by_its_code(project: FakeProject, projects: FakeProjects) -> None:
    project.play = plays.fails
    seen = cli("run", "hello", "-o", "quiet", projects=projects)
    assert (seen.code, seen.out, seen.err) == (1, "", "")


def test_q_leaves_out_the_progress_and_keeps_the_result(project: FakeProject, projects: FakeProjects) -> None:
    project.play = plays.succeeds
    seen = cli("run", "hello", "-q", projects=projects)
    assert (seen.out.splitlines()[0], seen.err) == (f"{RUN} completed in 0.4s: 2 tasks, 1.8k tokens, $0.03", "")


def test_v_shows_what_tasks_print_with_their_name_before_it(project: FakeProject, projects: FakeProjects) -> None:
    project.play = plays.succeeds
    seen = cli("run", "hello", "-v", projects=projects)
    assert [line for line in seen.err.splitlines() if line.startswith(("plan", "build"))] == [
        "plan | started on planner-1",
        "plan | reading",
        "plan | thinking about it",
        "plan | completed",
        "build | started",
        "build | compiling",
        "build | completed",
    ]


def test_options_become_the_request(project: FakeProject, projects: FakeProjects, tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("a\nb\n")
    (tmp_path / "more.yaml").write_text("goal: overridden\ndeep: {a: [1]}\n")
    (tmp_path / "secrets.env").write_text("# mine\nexport TOKEN='12345678'\nKEY=abcdefghij # why\n\n")
    project.workflow = replace(
        project.workflow, inputs={"n": {"type": "integer"}, "on": {"type": "boolean"}, "text": {"type": "string"}}
    )
    project.play = plays.succeeds
    options = "-i goal=x -i n=3 -i on=yes -i text=@long.txt -i list:=[1,2] --inputs-file more.yaml -e A=1=2 -j 3"
    more = "--until plan -k --max-cost 1.5 --secret-file secrets.env"
    assert cli("-C", tmp_path, "run", "hello", *options.split(), *more.split(), projects=projects).code == 0
    request = project.requests[0]
    assert request.inputs == {
        "goal": "x", "deep": {"a": [1]}, "n": 3, "on": True, "text": "a\nb\n", "list": [1, 2],
    }  # fmt: skip
    assert (request.env, request.max_parallel, request.until, request.keep_going, request.max_cost_usd) == (
        {"A": "1=2"}, 3, "plan", True, 1.5,
    )  # fmt: skip
    assert request.secrets == {"TOKEN": "12345678", "KEY": "abcdefghij"}


def test_a_dry_run_says_what_why_who_and_what_is_missing_and_changes_nothing(
    project: FakeProject, projects: FakeProjects
) -> None:
    project.forecasts = [
        Prediction(
            "plan", reason="it needs nothing", agent="planner", model="opus", origin="a.yaml", missing=("claude",)
        ),
        Prediction("build", "unknown", until="plan", reason="its items are known only then", cost_bound=2.0),
        Prediction("lint", "skip", reason="its `if` is false"),
    ]
    seen = cli("run", "hello", "-n", projects=projects)
    assert seen.code == 0
    assert seen.out == (
        "run                 plan   planner opus (a.yaml)  it needs nothing\n"
        "unknown until plan  build                         its items are known only then\n"
        "skip                lint                          its `if` is false\n"
        "\n"
        "plan misses claude\n"
        "costs at most $2.00 (not every task has a limit)\n"
        "nothing was started or written\n"
    )
    assert not project.state.exists()


def test_a_dry_run_as_json_is_a_list(project: FakeProject, projects: FakeProjects) -> None:
    project.forecasts = [Prediction("plan", reason="it needs nothing")]
    assert cli("run", "hello", "-n", "-o", "json", projects=projects).json == {
        "items": [
            {
                "node": "plan", "verdict": "run", "until": None, "reason": "it needs nothing", "agent": None,
                "model": None, "provider": None, "origin": None, "missing": [], "cost_bound": None,
            }
        ],
        "next_after": None,
        "total": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["nope"], "There is no workflow 'nope'.", "`fusion-kit list` lists them."),
        (["hello", "-i", "x"], "-i 'x' gives nothing: it is not NAME=VALUE.", "Write -i NAME=VALUE."),
        (
            ["hello", "-i", "n=three"],
            "Input 'n' is wrong: 'three' is not an integer.",
            "Write it in digits, such as 3.",
        ),
        (
            ["hello", "-i", "n:={"],
            "The value of input 'n' is not JSON: Expecting property name enclosed in double quotes: "
            "line 1 column 2 (char 1).",
            "Use `-i n=TEXT` for plain text.",
        ),
        (
            ["hello", "--until", "a", "--only", "b"],
            "--until and --only cannot be combined.",
            "--until T runs T and what it needs; --only T runs T alone.",
        ),
        (
            ["hello", "-e", "1A=x"],
            "'1A' cannot be the name of an environment variable.",
            "Use letters, digits and '_', not beginning with a digit.",
        ),
        (
            ["hello", "--secret-file", "short.env"],
            "The secret PIN in short.env has fewer than 8 characters.",
            "Masking it would mask everything that looks like it. Use a longer one, or -e if it is none.",
        ),
        (["hello", "--inputs-file", "list.yaml"], "{tmp}/list.yaml does not hold a mapping of names to values.", None),
        (["hello", "--inputs-file", "none.yaml"], "{tmp}/none.yaml cannot be read: No such file or directory.", None),
        (["hello", "-j", "0"], None, "`fusion-kit run --help` explains it."),
    ],
)
def test_bad_input_is_one_sentence_with_a_way_out_and_nothing_is_started(
    project: FakeProject,
    projects: FakeProjects,
    tmp_path: Path,
    words: list[str],
    message: str | None,
    hint: str | None,
) -> None:
    (tmp_path / "short.env").write_text("PIN=1234")
    (tmp_path / "list.yaml").write_text("- a")
    project.workflow = replace(project.workflow, inputs={"n": {"type": "integer"}})
    seen = cli("-C", tmp_path, "run", *words, projects=projects)
    error, *rest = seen.err.splitlines()
    assert (seen.code, seen.out, project.requests, project.state.exists()) == (2, "", [], False)
    assert message is None or error == f"error: {message.replace('{tmp}', str(tmp_path))}"
    assert hint is None or rest == [f"hint: {hint}"]


def test_a_path_to_a_workflow_is_meant_from_where_the_person_stands(
    project: FakeProject, projects: FakeProjects, tmp_path: Path
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "my.yaml").write_text("")
    seen = cli("-C", tmp_path / "sub", "run", "my.yaml", projects=projects)
    assert seen.err.splitlines()[0] == "error: There is no workflow 'sub/my.yaml'."
