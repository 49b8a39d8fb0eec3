"""Runs that wait for somebody: for an answer, for money, for a turn, for the gate."""

from __future__ import annotations

from collections.abc import Mapping

from fusion_kit.coordination.requests import StopSignal
from fusion_kit.core import events as e
from tests.cli import plays
from tests.cli.fakes import FakeProject
from tests.cli.plays import of_run, of_task

FORM = {
    "version": {"type": "string", "required": True, "description": "What is released."},
    "force": {"type": "boolean", "default": False},
    "level": {"enum": ["low", "high"], "default": "low"},
    "count": {"type": "integer"},
}
SHORT = "needs 0.50 USD: 1.70 spent, 0.50 reserved of 2.00"


def ship_asks(project: FakeProject, form: Mapping[str, object] = FORM, until: str | None = None) -> None:
    """A task `ship` asks whether to release."""
    project.tell(of_task("ship", e.TaskCreated(kind="approval")), of_task("ship", e.TaskQueued()))
    asks = e.TaskPaused(reason="approval", message="Release it?", approval="q1", form=form, until=until)
    project.tell(of_task("ship", asks))


def lacks_money(project: FakeProject) -> None:
    """The planner has used its part, and the builder's would be too much."""
    plays.plan_starts(project)
    plays.plan_ends(project)
    message = f"{SHORT}; fusion-kit resume hello-20260131-abcdef --max-cost 2.20"
    project.tell(of_task("build", e.TaskQueued()), of_task("build", e.TaskPaused(reason="budget", message=message)))


async def pauses_for_an_answer(project: FakeProject, stop: StopSignal) -> None:
    plays.begin(project)
    ship_asks(project)
    project.tell(of_run(e.RunPaused(reason="waits for an approval of ship")))


async def breaks_the_gate(project: FakeProject, stop: StopSignal) -> None:
    """Both tasks are done, their work together is red, and `build` is to blame."""
    plays.begin(project)
    plays.plan_starts(project)
    plays.plan_ends(project)
    plays.build_starts(project)
    folder = project.run_folder("hello-20260131-abcdef") / "merge" / "1"
    folder.mkdir(parents=True)
    (folder / "out.log").write_bytes(b"".join(b"test %d\n" % number for number in range(1, 41)))
    (folder / "err.log").write_bytes(b"2 failed\n")
    log = str(folder / "out.log")
    project.tell(
        of_task("build", e.TaskCompleted(exit_code=0, commit="c" * 40)),
        of_run(e.MergeGated(commit="d" * 40, tasks=("plan", "build"), passed=False, log=log)),
        of_run(e.MergeGated(commit="e" * 40, tasks=("plan",), passed=True, log=log)),
        of_task("build", e.MergeRefused(gate="make test", commit="c" * 40, log=log)),
        of_run(e.RunFailed(error={"code": "gate_failed", "message": "build broke the gate.", "hint": ""})),
    )


async def waits_for_its_target(project: FakeProject, stop: StopSignal) -> None:
    project.tell(
        of_run(e.RunQueued(workflow="hello", base="b" * 40, target="main")), of_run(e.RunStarted(owner="test"))
    )
    branch = "fk/hello-20260131-abcdef/result"
    waiting = e.MergeWaiting(branch=branch, commit="d" * 40, into="main", reason="it is checked out with changes")
    project.tell(of_run(waiting), of_run(e.RunCompleted(branch=branch, commit="d" * 40)))
