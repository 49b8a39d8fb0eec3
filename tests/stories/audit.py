"""The auditor: holds the ledger, the index, Git, the processes and the effects of tasks against each other."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import psutil

from fusion_kit.core.events import Event, TaskCompleted, TaskFailed, TaskStarted
from fusion_kit.core.states import AgentState, RunState, TaskState
from fusion_kit.persistence.doctor import Ill, verify
from tests.stories.stage import Stage, until

_MARKS = ("FUSION_ATTEMPT_ID", "FUSION_PROJECT_ROOT")


@dataclass(frozen=True, slots=True)
class Expected:
    """What a finished run must have come to: node -> how many attempts; files of the result branch."""

    attempts: Mapping[str, int]
    nodes: frozenset[str]
    committed: frozenset[str] = frozenset()
    result: frozenset[str] = frozenset()
    may_be_set_aside: bool = field(default=False, kw_only=True)  # a torn write leaves a copy in quarantine
    may_repeat: bool = field(default=False, kw_only=True)  # an attempt that the disk failed may be begun anew


def exactly_once(
    completed: Sequence[str], effects: Sequence[tuple[str, str]], expected: Mapping[str, int]
) -> list[str]:
    """What is wrong with these completions (by task) and effects (task, attempt): nothing may be lost or repeated."""
    counted, done, each = Counter(completed), Counter(task for task, _ in effects), Counter(effects)
    wrong = [f"{task} completed {counted[task]} times" for task in expected if counted[task] != 1]
    wrong += [
        f"{task} had {done[task]} effects, not {times}" for task, times in expected.items() if done[task] != times
    ]
    wrong += [f"attempt {attempt} of {task} ran {times} times" for (task, attempt), times in each.items() if times != 1]
    wrong += [f"{task} had effects and is unknown" for task in done if task not in expected]
    return wrong


def audit(stage: Stage, run: str, expected: Expected) -> list[str]:
    """Everything that is wrong with a run that is over; an empty list is what a person was promised."""
    events = stage.events(run)
    ours = {str(event.attempt) for event in events if isinstance(event.fact, TaskStarted)}
    completed = [str(event.task) for event in events if isinstance(event.fact, TaskCompleted)]
    effects = [(task, attempt) for task, attempt in stage.done() if attempt in ours]
    attempts = _attempts(events) if expected.may_repeat else expected.attempts
    return [
        *exactly_once([task for task in completed if task in expected.attempts], effects, attempts),
        *(f"{event.task} failed" for event in events if isinstance(event.fact, TaskFailed)),
        *_rows(stage, run, expected),
        *_commits(stage, run, expected),
        *ledger(stage, may_be_set_aside=expected.may_be_set_aside),
        *repository(stage),
        *processes(stage, ours),
    ]


def _attempts(events: Iterable[Event]) -> dict[str, int]:
    return dict(Counter(str(event.task) for event in events if isinstance(event.fact, TaskStarted)))


def _rows(stage: Stage, run: str, expected: Expected) -> Iterator[str]:
    with stage.views() as views:
        row, tasks, agents = views.run(run), views.tasks(run), views.agents()
    if row.state is not RunState.COMPLETED:
        yield f"the run is {row.state}: {row.error or row.reason}"
    if {task.id for task in tasks} != expected.nodes:
        yield f"its nodes are {sorted(task.id for task in tasks)}"
    yield from (f"{task.id} is {task.state}" for task in tasks if task.state is not TaskState.COMPLETED)
    if not expected.may_repeat:
        wanted = expected.attempts
        yield from (f"{task.id} took {task.attempts}" for task in tasks if task.attempts != wanted.get(task.id, 0))
    yield from (f"{agent.id} is {agent.state}" for agent in agents if agent.state is not AgentState.IDLE)


def _commits(stage: Stage, run: str, expected: Expected) -> Iterator[str]:
    """Every attempt's commit is there once, among all refs, and the result holds all files."""
    with stage.views() as views:
        rows = {task.id: task for task in views.tasks(run)}
    heads = stage.git("for-each-ref", "--format=%(refname)", "refs/heads/fk").split()
    form = "--format=%H %(trailers:key=Fusion-Attempt,valueonly,separator=%x2C)"
    lines = stage.git("log", form, "--all").splitlines()
    bearers = Counter(line.partition(" ")[2] for line in lines)
    for node in expected.committed:
        row = rows[node]
        if bearers[row.attempt or ""] != 1:
            yield f"{node} has {bearers[row.attempt or '']} commits with its attempt's trailer"
        if f"refs/heads/{row.branch}" not in heads:
            yield f"{node} has no branch {row.branch}"
        elif stage.git("rev-parse", str(row.branch)).strip() != row.commit:
            yield f"the branch of {node} is not where the ledger says"
    if expected.result:
        files = set(stage.git("ls-tree", "-r", "--name-only", f"fk/{run}/result").split())
        if not expected.result <= files:
            yield f"the result lacks {sorted(expected.result - files)}"


def ledger(stage: Stage, *, may_be_set_aside: bool = False) -> Iterator[str]:
    """`fold(log) == rows`, and every line of the log is whole and chained."""
    for found in verify(stage.state):
        if not (may_be_set_aside and found.ill is Ill.LEFTOVER):
            yield found.what


def repository(stage: Stage) -> Iterator[str]:
    """Git finds nothing broken, and the person's checkout is as it was."""
    said = stage.git("fsck", "--strict", "--no-dangling")
    if said:
        yield f"git fsck: {said}"
    status = stage.git("status", "--porcelain")
    if status:
        yield f"the checkout is dirty: {status}"


def processes(stage: Stage, attempts: Iterable[str], patience_s: float = 10.0) -> list[str]:
    """Processes that still bear our mark, after they had their time to go."""
    wanted = {*attempts, str(stage.root)}
    left: list[str] = []

    def gone() -> bool:
        left[:] = _marked(wanted)
        return not left

    try:
        until(gone, "processes to go", patience_s)
    except AssertionError:
        return [f"still alive: {process}" for process in left]
    return []


def _marked(values: set[str]) -> list[str]:
    found: list[str] = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            if process.pid != os.getpid() and any(environment.get(mark) in values for mark in _MARKS):
                found.append(f"{process.pid} {process.cmdline()}")
        except psutil.Error:
            continue  # gone, or not ours to look at
    return found
