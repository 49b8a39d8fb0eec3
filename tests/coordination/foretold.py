"""What is told of a sandbox's run, and everything in which the run was not as it was told."""

from __future__ import annotations

from fusion_kit.coordination.forecast import Forecast, World, play
from fusion_kit.coordination.requests import RunRequest
from fusion_kit.core.task import Task
from fusion_kit.core.workflow import AgentSpec, TaskSpec
from fusion_kit.definitions.expressions.evaluate import Expressions
from fusion_kit.testing import Sandbox

STATES = {"run": "completed", "cached": "completed", "skip": "skipped", "fail": "failed", "pause": "paused"}


def nothing_missing(_spec: TaskSpec, _agent: AgentSpec | None) -> tuple[str, ...]:
    return ()


def told(sandbox: Sandbox, **asked: object) -> list[Forecast]:
    request = RunRequest(sandbox.bundle(), **asked)  # type: ignore[arg-type]
    return play(request, World(Expressions(), nothing_missing, base="base"))


def verdicts(lines: list[Forecast]) -> dict[str, str]:
    return {line.node: line.verdict + (f" until {line.until}" if line.until else "") for line in lines}


def reason_of(lines: list[Forecast], node: str) -> str:
    return next(line.reason for line in lines if line.node == node)


def wrong(lines: list[Forecast], rows: dict[str, Task]) -> list[str]:
    """Everything in which a run was not as it was told."""
    by_node = {line.node: line for line in lines}
    complaints = []
    for node, row in rows.items():
        line = by_node.get(node)
        if line is None:
            complaints += [] if _is_open(row, rows, by_node) else [f"{node} was not told"]
        elif line.verdict != "unknown" and STATES[line.verdict] != row.state:
            complaints.append(f"{node} was told to {line.verdict}, and is {row.state}")
    complaints += [f"{node} never was" for node, line in by_node.items() if node not in rows and "*" not in node
                   and line.verdict != "unknown"]  # fmt: skip
    return complaints


def _is_open(row: Task, rows: dict[str, Task], by_node: dict[str, Forecast]) -> bool:
    """Whether it was said that only a run tells about it: it is inside of something unknown."""
    while row.parent is not None:
        above = row.parent
        if by_node.keys() & {f"{above}@*", f"{above}~*"}:
            return True
        if above in by_node and by_node[above].verdict == "unknown":
            return True
        row = rows[above]
    return False
