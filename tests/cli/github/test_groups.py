"""A run as GitHub shows it: one group a task, whose text is never a command, however a task tries."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from fusion_kit.cli.excerpt import HEAD_LINES, LINE_CHARACTERS, TAIL_LINES, excerpt
from fusion_kit.coordination.requests import StopSignal
from fusion_kit.core import events as e
from fusion_kit.core.states import Outcome
from tests.cli import plays
from tests.cli.fakes import RUN, FakeProject, FakeProjects
from tests.cli.github.service import Command, Runner
from tests.cli.runner import Seen, cli

ATTACK = (
    b"::error::owned\n \xc2\xa0::warning::owned\n##[error]owned\nx ##[add-mask]owned\n::set-output name=a::b\n"
    b"::add-mask::a\n::stop-commands::x\n::x::\n::endgroup::\n::group::g\n::add-matcher::m.json\n"
    b"bar\r::error::owned\n\x1b[31mred\x1b[0m\x1b]0;title\x07\x1b]52;c;aGk=\x07\n"
    b"\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\\n\x1b[2J\x1b[Hclear\na\0b\n\xff\xfe\n"
    b"::STOP-COMMANDS::y\n\xe2\x80\xae::error::rtl\n"
)
SHOWN = [
    "::error::owned", " \u00a0::warning::owned", "##[error]owned", "x ##[add-mask]owned", "::set-output name=a::b",
    "::add-mask::a", "::stop-commands::x", "::x::", "::endgroup::", "::group::g", "::add-matcher::m.json",
    "::error::owned", "red", "link", "clear", "ab", "\ufffd\ufffd", "::STOP-COMMANDS::y", "::error::rtl",
]  # fmt: skip


async def _attacks(project: FakeProject, stop: StopSignal) -> None:
    plays.begin(project)
    plays.plan_starts(project)
    project.says("plan", ATTACK, b"::error::on stderr\n")
    plays.plan_ends(project)
    plays.build_starts(project)
    project.says("build", b"")
    error = {"code": "exit-code", "message": "::error::in a message\n##[error]x", "hint": ""}
    project.tell(
        plays.of_task("build", e.TaskFailed(outcome=Outcome.EXIT_CODE, exit_code=2, error=error)),
        plays.of_run(e.RunFailed(error={"code": "task-failed", "message": "::error::of the run", "hint": ""})),
    )


def _run(project: FakeProject, projects: FakeProjects, *words: str, **env: str) -> tuple[Seen, Runner]:
    seen = cli("run", "hello", *words, projects=projects, env=env)
    return seen, Runner().reads(seen.err)


def test_what_a_task_prints_is_shown_in_a_group_and_obeyed_in_nothing(
    project: FakeProject, projects: FakeProjects
) -> None:
    project.play = _attacks
    seen, runner = _run(project, projects, "-o", "github")
    assert [command.name for command in runner.done] == ["group", "endgroup", "error"]
    assert runner.done[0] == Command("group", "plan")
    start = runner.log.index("plan | started on planner-1") + 1
    shown = [*SHOWN, "what it printed as errors:", "::error::on stderr", "plan | completed"]
    assert runner.log[start : start + len(shown)] == shown
    assert (runner.token, runner.masks, seen.code) == (None, [], 1)
    assert "\x1b" not in seen.err + seen.out


def test_the_error_of_a_failed_task_is_the_one_annotation(project: FakeProject, projects: FakeProjects) -> None:
    project.play = _attacks
    _, runner = _run(project, projects, "-o", "github")
    text = "::error::in a message ##[error]x"
    assert runner.of("error") == [Command("error", text, {"title": "build: exit_code"})]


def test_the_result_is_on_stdout_and_no_command(project: FakeProject, projects: FakeProjects) -> None:
    project.play = _attacks
    seen, _ = _run(project, projects, "-o", "github")
    assert Runner().reads(seen.out).done == []
    assert seen.out.startswith(f"{RUN} failed in ")


def test_github_is_found_by_its_variable_and_a_chosen_output_wins(project: FakeProject, projects: FakeProjects) -> None:
    project.play = plays.succeeds
    found = _run(project, projects, GITHUB_ACTIONS="true", CI="true")[1]
    assert [command.data for command in found.of("group")] == ["plan", "build"]


def test_plain_output_has_no_groups_even_there(project: FakeProject, projects: FakeProjects) -> None:
    project.play = plays.succeeds
    assert _run(project, projects, "-o", "plain", GITHUB_ACTIONS="true", CI="true")[1].done == []


def test_secrets_are_masked_before_anything_else_and_shown_nowhere(
    project: FakeProject, projects: FakeProjects, tmp_path: Path
) -> None:
    async def play(project: FakeProject, stop: StopSignal) -> None:
        plays.begin(project)
        plays.plan_starts(project)
        project.says("plan", b"the key is sup3r-s3cret!\n")
        plays.plan_ends(project)
        project.tell(plays.of_run(e.RunCompleted()))

    project.play = play
    (tmp_path / "keys").write_text("KEY=sup3r-s3cret!\n")
    seen, runner = _run(project, projects, "--secret-file", "keys", "-C", str(tmp_path), GITHUB_ACTIONS="true")
    assert seen.err.splitlines()[0] == "::add-mask::sup3r-s3cret!"
    assert (runner.done[0], "the key is ***" in runner.log) == (Command("add-mask", "sup3r-s3cret!"), True)
    assert seen.err.count("sup3r-s3cret!") == 1


def test_without_a_runner_to_read_it_no_mask_is_printed(
    project: FakeProject, projects: FakeProjects, tmp_path: Path
) -> None:
    project.play = plays.succeeds
    (tmp_path / "keys").write_text("KEY=sup3r-s3cret!\n")
    seen, _ = _run(project, projects, "--secret-file", "keys", "-C", str(tmp_path), "-o", "github")
    assert "sup3r-s3cret!" not in seen.err + seen.out


def test_a_task_that_is_tried_again_has_a_group_for_each_attempt(project: FakeProject, projects: FakeProjects) -> None:
    async def play(project: FakeProject, stop: StopSignal) -> None:
        plays.begin(project)
        plays.plan_starts(project)
        project.tell(plays.of_task("plan", e.TaskRetried(outcome=Outcome.EXIT_CODE), "planner-1"))
        project.says("plan", b"again\n", number=2)
        project.tell(
            plays.of_task("plan", e.TaskAssigned(), "planner-1", 2),
            plays.of_task("plan", e.TaskStarted(number=2), "planner-1", 2),
        )

    project.play = play
    _, runner = _run(project, projects, "-o", "github")
    assert [command.data for command in runner.of("group")] == ["plan", "plan, attempt 2"]


def test_of_much_output_the_beginning_and_the_end_are_shown_in_little_memory(tmp_path: Path) -> None:
    log = tmp_path / "out.log"
    with log.open("wb") as file:
        for start in range(0, 500_000, 10_000):
            file.write(b"".join(b"line %d\n" % number for number in range(start, start + 10_000)))
    tracemalloc.start()
    lines = excerpt(log, lambda count: f"{count} left out")
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    head = [f"line {number}" for number in range(HEAD_LINES)]
    tail = [f"line {number}" for number in range(500_000 - TAIL_LINES, 500_000)]
    assert lines == [*head, f"{500_000 - HEAD_LINES - TAIL_LINES} left out", *tail]
    assert peak_bytes < 30_000_000


def test_one_endless_line_is_cut_and_memory_stays(tmp_path: Path) -> None:
    log = tmp_path / "out.log"
    log.write_bytes(b"x" * 30_000_000 + b"\nend")
    tracemalloc.start()
    lines = excerpt(log, str)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lines == ["x" * LINE_CHARACTERS + " … the rest of this line is left out", "end"]
    assert peak_bytes < 10_000_000


def test_nothing_is_left_out_of_what_fits(tmp_path: Path) -> None:
    log = tmp_path / "out.log"
    wanted = [str(number) for number in range(HEAD_LINES + TAIL_LINES)]
    log.write_text("\n".join(wanted))
    assert (excerpt(log, str), excerpt(tmp_path / "none", str)) == (wanted, [])
