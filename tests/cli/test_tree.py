"""The live tree: what is drawn, at which width, and what it leaves behind."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime

import pytest

from fusion_kit.cli.live.scene import Scene
from fusion_kit.cli.live.tree import Canvas, tree_lines
from fusion_kit.cli.style import rendered, width
from fusion_kit.coordination.requests import StopSignal
from fusion_kit.core import events as e
from fusion_kit.core.states import Outcome
from fusion_kit.core.task import Task
from tests.cli import asks, plays
from tests.cli.fakes import RUN, FakeProject, FakeProjects
from tests.cli.runner import cli

NOW = datetime(2026, 1, 31, 12, 1, 5, tzinfo=UTC)
SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def _picture(project: FakeProject, columns: int, lines: int = 24, last: str = "thinking about it") -> list[str]:
    def last_line(task: Task) -> str:
        return last

    canvas = Canvas(columns, lines, NOW)
    return [rendered(line, colour=False) for line in tree_lines(Scene(project.views, RUN), canvas, last_line)]


@pytest.fixture
def busy(project: FakeProject) -> FakeProject:
    """One task is done, one failed, a matrix of three is at work."""
    plays.begin(project)
    plays.plan_starts(project)
    plays.plan_ends(project)
    plays.build_starts(project)
    project.tell(
        plays.of_task("build", e.TaskFailed(outcome=Outcome.EXIT_CODE, exit_code=2)),
        plays.of_task("implement", e.TaskCreated(kind="agent")),
        plays.of_task("implement", e.TaskQueued()),
        plays.of_task(
            "implement", e.TaskExpanded(children=("implement@api", "implement@a-rather-long-key-of-an-item"))
        ),
    )
    for key in ("api", "a-rather-long-key-of-an-item"):
        node = f"implement@{key}"
        project.tell(plays.of_task(node, e.TaskCreated(kind="agent", parent="implement", key=key)))
        project.tell(plays.of_task(node, e.TaskQueued()), plays.of_task(node, e.TaskAssigned(), "planner-1"))
        project.tell(plays.of_task(node, e.TaskStarted(number=2), "planner-1"))
    return project


def test_a_wide_terminal_shows_everything(busy: FakeProject) -> None:
    assert _picture(busy, 110) == [
        RUN,
        "✓ plan                                        0.1s  planner-1 sonnet  1.8k tok $0.03",
        "✗ build                                       0.1s  exit code",
        "⠋ implement                                  1m04s",
        "    thinking about it",
        "⠋   implement@api                            1m04s  planner-1 sonnet  attempt 2",
        "      thinking about it",
        "⠋   implement@a-rather-long-key-of-an-item   1m04s  planner-1 sonnet  attempt 2",
        "      thinking about it",
        "1m05s  3 running, 1 completed, 1 failed  1.8k tok $0.03",
    ]


def test_sixty_columns_lose_details_and_no_row(busy: FakeProject) -> None:
    assert _picture(busy, 59) == [
        RUN,
        "✓ plan                             0.1s  planner-1 sonnet",
        "✗ build                            0.1s  exit code",
        "⠋ implement                       1m04s",
        "    thinking about it",
        "⠋   implement@api                 1m04s  planner-1 sonnet",
        "      thinking about it",
        "⠋   implement@a-rather-long-ke…   1m04s  planner-1 sonnet",
        "      thinking about it",
        "1m05s  3 running, 1 completed, 1 failed  1.8k tok $0.03",
    ]


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 200])
@pytest.mark.parametrize("lines", [5, 8, 12, 50])
def test_the_picture_never_leaves_its_canvas(busy: FakeProject, columns: int, lines: int) -> None:
    picture = _picture(busy, columns, lines, last="x" * 300)
    assert len(picture) <= lines
    assert max(width(line) for line in picture) <= columns


def test_a_low_terminal_keeps_the_liveliest_and_counts_the_others(busy: FakeProject) -> None:
    assert _picture(busy, 60, 7)[1:-1] == [
        "⠋ implement                        1m04s",
        "⠋   implement@api                  1m04s  planner-1 sonnet",
        "⠋   implement@a-rather-long-key…   1m04s  planner-1 sonnet",
        "  … and 2 more",
    ]


def test_without_unicode_the_glyphs_are_ascii(busy: FakeProject) -> None:
    canvas = Canvas(80, 24, NOW, is_unicode=False)
    lines = [rendered(line, colour=False) for line in tree_lines(Scene(busy.views, RUN), canvas, lambda _: "")]
    assert [line[0] for line in lines[1:-1]] == ["+", "x", "|", "|", "|"]


@pytest.mark.parametrize(
    ("columns", "money", "question", "resume"),
    [
        (
            49,
            "  waits for money: needs 0.50 USD…",
            "  asks for approval: Release it?",
            [f"  fusion-kit resume {RUN}", "  --max-cost 2.20"],
        ),
        (
            200,
            f"  waits for money: {asks.SHORT}",
            "  asks for approval: Release it?",
            [f"  fusion-kit resume {RUN} --max-cost 2.20"],
        ),
    ],
)
def test_what_a_person_is_waited_for_stands_below_the_tree_with_the_whole_command(
    project: FakeProject, columns: int, money: str, question: str, resume: list[str]
) -> None:
    plays.begin(project)
    asks.ship_asks(project)
    asks.lacks_money(project)
    assert _picture(project, columns)[2:-1] == [
        f"‖ build        {money}",
        f"‖ ship         {question}",
        "it waits for you; in another terminal:",
        *resume,
        f"  fusion-kit approve {RUN} ship",
    ]


@pytest.mark.parametrize("lines", [5, 8, 12, 24])
@pytest.mark.parametrize("columns", [20, 40, 60, 80, 200])
def test_questions_never_push_the_picture_off_its_canvas(project: FakeProject, columns: int, lines: int) -> None:
    plays.begin(project)
    asks.ship_asks(project)
    asks.lacks_money(project)
    picture = _picture(project, columns, lines)
    assert len(picture) <= lines
    assert max(width(line) for line in picture) <= columns


async def _takes_time(project: FakeProject, stop: StopSignal) -> None:
    plays.begin(project)
    plays.plan_starts(project)
    project.says("plan", b'{"type":"say","text":"Reading \\u001b]0;x\\u0007 it."}\n')
    await asyncio.sleep(0.3)
    plays.plan_ends(project)
    plays.build_starts(project)
    project.tell(plays.of_task("build", e.TaskCompleted(exit_code=0)), plays.of_run(e.RunCompleted()))


def test_on_a_terminal_the_tree_is_live_and_leaves_its_last_picture(
    project: FakeProject, projects: FakeProjects
) -> None:
    project.play = _takes_time
    seen = cli("run", "hello", projects=projects, terminal=True, env={"COLUMNS": "60"})
    plain = SEQUENCE.sub("", seen.err)
    assert (seen.code, "    Reading it.\n" in plain, "\x1b]0;" in seen.err) == (0, True, False)
    assert [line.rstrip() for line in plain.splitlines()[-4:]] == [
        RUN,
        "✓ plan     0.1s  planner-1 sonnet  1.8k tok $0.03",
        "✓ build    0.1s",
        "0.4s  2 completed  1.8k tok $0.03",
    ]
    assert max(len(line) for line in plain.splitlines()) < 60
    assert seen.err.count("\x1b[?25l") == seen.err.count("\x1b[?25h") == 1


@pytest.mark.parametrize("env", [{"CI": "true"}, {"TERM": "dumb"}])
def test_in_ci_and_on_a_dumb_terminal_there_are_plain_lines(
    project: FakeProject, projects: FakeProjects, env: dict[str, str]
) -> None:
    project.play = plays.succeeds
    seen = cli("run", "hello", projects=projects, terminal=True, env={**env, "NO_COLOR": "1"})
    assert "plan | started on planner-1\n" in seen.err
    assert "\x1b" not in seen.err


def test_a_gate_that_broke_is_told_above_the_tree(project: FakeProject, projects: FakeProjects) -> None:
    project.play = asks.breaks_the_gate
    seen = cli("run", "hello", projects=projects, terminal=True, env={"COLUMNS": "100"})
    plain = [line.rstrip() for line in SEQUENCE.sub("", seen.err).splitlines()]
    told = ["gate failed: plan and build", "gate passed: plan", "its work breaks the gate and is left out: make test"]
    assert [text for text in told if any(text in line for line in plain)] == told
