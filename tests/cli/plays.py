"""What can happen in a run, told event by event."""

from __future__ import annotations

from fusion_kit.coordination.requests import StopSignal
from fusion_kit.core import events as e
from fusion_kit.core.events import AnyFact, Draft
from fusion_kit.core.states import Outcome
from tests.cli.fakes import RUN, FakeProject

USAGE = {"input_tokens": 1500, "output_tokens": 250, "cost_usd": 0.03, "turns": 2}


def of_run(fact: AnyFact) -> Draft:
    return Draft(fact, run=RUN)


def of_task(task: str, fact: AnyFact, agent: str | None = None, number: int = 1) -> Draft:
    return Draft(fact, run=RUN, task=task, attempt=f"{RUN}.{task}.{number}", agent=agent)


def begin(project: FakeProject) -> None:
    """A planner, and a builder that needs it; the planner has an agent of its own."""
    project.tell(
        of_run(e.RunQueued(workflow="hello", digest="d1", base="b" * 40)),
        of_run(e.RunStarted(owner="test")),
        of_task("plan", e.TaskCreated(kind="agent")),
        of_task("build", e.TaskCreated(kind="run", needs=("plan",))),
        Draft(e.AgentSpawned(name="planner", provider="scripted", model="sonnet"), run=RUN, agent="planner-1"),
        Draft(e.AgentIdle(), agent="planner-1"),
    )


def plan_starts(project: FakeProject) -> None:
    project.tell(
        of_task("plan", e.TaskQueued()),
        of_task("plan", e.TaskAssigned(), "planner-1"),
        Draft(e.AgentWorking(), run=RUN, task="plan", agent="planner-1"),
        of_task("plan", e.TaskStarted(number=1, base="b" * 40), "planner-1"),
    )
    project.says("plan", b"reading\nthinking about it\n")


def plan_ends(project: FakeProject) -> None:
    project.tell(of_task("plan", e.TaskCompleted(exit_code=0, usage=USAGE), "planner-1"))


def build_starts(project: FakeProject) -> None:
    project.tell(
        of_task("build", e.TaskQueued()), of_task("build", e.TaskAssigned()), of_task("build", e.TaskStarted(number=1))
    )
    project.says("build", b"compiling\n")


async def succeeds(project: FakeProject, stop: StopSignal) -> None:
    begin(project)
    plan_starts(project)
    plan_ends(project)
    build_starts(project)
    project.tell(
        of_task(
            "build", e.TaskCompleted(exit_code=0, outputs={"files": 3}, branch=f"fk/{RUN}/t/build", commit="c" * 40)
        ),
        of_run(e.RunCompleted(outputs={"files": 3}, branch=f"fk/{RUN}/result", commit="d" * 40)),
    )


async def fails(project: FakeProject, stop: StopSignal) -> None:
    begin(project)
    plan_starts(project)
    plan_ends(project)
    build_starts(project)
    lines = b"".join(b"line %d\n" % number for number in range(1, 41))
    project.says("build", lines + b"\x1b]0;owned\x07\x1b[31mred\x1b[0m\n", b"make: *** [all] Error 2\n")
    error = {"code": "exit-code", "message": "It ended with exit code 2.", "hint": "Look at its output."}
    project.tell(
        of_task("build", e.TaskFailed(outcome=Outcome.EXIT_CODE, exit_code=2, error=error)),
        of_run(e.RunFailed(error={"code": "task-failed", "message": "Task build failed.", "hint": ""})),
    )


async def times_out(project: FakeProject, stop: StopSignal) -> None:
    begin(project)
    plan_starts(project)
    project.tell(
        of_task("plan", e.TaskFailed(outcome=Outcome.TIMEOUT), "planner-1"),
        of_task("build", e.TaskSkipped(outcome=Outcome.UPSTREAM_FAILED)),
        of_run(e.RunFailed(error={"code": "task-failed", "message": "Task plan failed.", "hint": ""})),
    )


async def pauses(project: FakeProject, stop: StopSignal) -> None:
    begin(project)
    project.tell(of_run(e.RunPaused(reason="waits for an approval")))


async def is_cancelled(project: FakeProject, stop: StopSignal) -> None:
    begin(project)
    project.tell(
        of_run(e.RunCancelRequested(by="ann")),
        of_task("plan", e.TaskCancelled()),
        of_task("build", e.TaskCancelled()),
        of_run(e.RunCancelled(by="ann")),
    )
