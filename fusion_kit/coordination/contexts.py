"""What a task's expressions see, and the environment its program gets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from fusion_kit.coordination.execution import Execution, Stopping, Work
from fusion_kit.coordination.frames import Frame, Node
from fusion_kit.core.errors import FusionError
from fusion_kit.core.scope import Scope
from fusion_kit.core.states import Outcome, TaskState
from fusion_kit.core.task import Task

PORTS_FROM = 20_000
PORTS_EACH = 20


class BadBound(FusionError):
    """`repeat.max` is {value!r}, and it must be a whole number from 1 on."""


class TaskContext(Mapping[str, object]):
    """The `tasks` context of a frame; a task's facts are looked up when they are asked for."""

    def __init__(self, execution: Execution, frame: Frame) -> None:
        """See the tasks of `frame`'s workflow file."""
        self._execution = execution
        self._frame = frame

    def __getitem__(self, task: str) -> object:
        node = self._frame.seen(task)
        if node is None or node.id not in self._execution.book.tasks:
            raise KeyError(task)
        return _facts(self._execution, node)

    def __iter__(self) -> Iterator[str]:
        return iter(self._frame.home.nodes)

    def __len__(self) -> int:
        return len(self._frame.home.nodes)


def _facts(execution: Execution, node: Node) -> dict[str, object]:
    row = execution.book.tasks[node.id]
    facts = _row_facts(row)
    facts["text"] = _reply(execution, _speaker(execution, node))
    if node.expands_matrix:
        children = execution.book.children.get(node.id, ())
        rows = [execution.book.tasks[child] for child in children if child in execution.nodes]
        facts["items"] = [{"key": child.key, **_row_facts(child)} for child in rows]
    return facts


def _speaker(execution: Execution, node: Node) -> Task:
    """Return the task whose reply a node's is: of a repetition, the last turn's."""
    turns = execution.book.children.get(node.id, ()) if node.expands_turns else ()
    return execution.book.tasks[turns[-1] if turns else node.id]


def _row_facts(row: Task) -> dict[str, object]:
    return {
        "state": row.state.value,
        "outcome": row.outcome.value if row.outcome else None,
        "outputs": row.outputs,
        "branch": row.branch,
        "commit": row.commit,
    }


def _reply(execution: Execution, row: Task) -> str:
    if not row.attempts and row.outcome is not Outcome.CACHED:
        return ""
    reply = execution.folder(row.id, row.attempts).path / "reply.txt"
    return reply.read_text(encoding="utf-8") if reply.exists() else ""


def scope_of(execution: Execution, frame: Frame, node: Node | None = None) -> Scope:
    """Return what an expression of `node`, or of the frame as a whole, sees."""
    book, house = execution.book, execution.house
    needs = [book.tasks[need] for need in node.needs] if node is not None else []
    failed = any(need.state is TaskState.FAILED or (need.outcome or "") == "upstream_failed" for need in needs)
    cancelled = execution.stopping is Stopping.CANCEL
    if frame.section == "finally" and frame.main is not None:
        failed = failed or status_of(execution, frame.main) == "failed"
    return Scope(
        inputs=frame.inputs,
        env={**house.base_env, **frame.env},
        secrets=execution.secrets,
        tasks=TaskContext(execution, frame),
        matrix=(node.matrix or {}) if node is not None else {},
        repeat=repeat_facts(execution, node) if node is not None and node.turn is not None else {},
        run=run_facts(execution, frame),
        failed=failed,
        cancelled=cancelled or any(need.state is TaskState.CANCELLED for need in needs),
        root=house.root,
    )


def repeat_facts(execution: Execution, node: Node) -> dict[str, int]:
    """Return the `repeat` context of a turn: `index`, counted from 1, and `max`; raises `BadBound`."""
    repeat = node.spec.repeat
    assert repeat is not None
    most = execution.house.expressions.value(repeat.max, scope_of(execution, node.frame))
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise BadBound(value=most)
    return {"index": node.turn or 1, "max": most}


def status_of(execution: Execution, frame: Frame) -> str:
    """Return what `run.status` says of a frame of tasks so far."""
    if execution.stopping is Stopping.CANCEL:
        return "cancelled"
    if frame.has_failed or execution.failure is not None:
        return "failed"
    return "completed" if frame.concluded else "running"


def run_facts(execution: Execution, frame: Frame) -> dict[str, object]:
    """Return the `run` context."""
    run = execution.book.run
    watched = frame.home.main or frame.home
    return {
        "id": run.id,
        "workflow": run.workflow,
        "status": status_of(execution, watched),
        "dir": str(execution.house.archive.folder(run.id)),
        "base": run.base,
        "target": run.target,
        "branch": result_branch(execution),
    }


def result_branch(execution: Execution) -> str:
    """Return the branch that takes the run's work."""
    return execution.book.run.target or f"fk/{execution.book.run.id}/result"


def text_of(value: object) -> str:
    """Return a value as a program's environment holds it: text as it is, everything else as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def environment(execution: Execution, work: Work) -> tuple[dict[str, str], dict[str, str]]:
    """Return the environment of an attempt, whole and explicit: what may be written down, and what may not."""
    node, frame = work.node, work.node.frame
    scope = scope_of(execution, frame, node)
    open_env = dict(execution.house.base_env)
    secret_env: dict[str, str] = {}
    for source in (frame.env, work.agent.env, node.spec.env):
        for name, template in source.items():
            is_secret = "secrets." in template
            target = secret_env if is_secret else open_env
            target[name] = text_of(execution.house.expressions.value(template, scope))
    chosen = execution.settings.get("env")
    if isinstance(chosen, Mapping):  # as typed: what a person gave by `-e` is never evaluated
        open_env.update({str(name): str(value) for name, value in chosen.items()})
    for name, value in frame.inputs.items():
        open_env["INPUT_" + name.upper().replace("-", "_")] = text_of(value)
    open_env.update(_own_variables(execution, work))
    return open_env, secret_env


def _own_variables(execution: Execution, work: Work) -> dict[str, str]:
    return {
        "FUSION_PROJECT_ROOT": str(execution.house.root),
        "FUSION_RUN_ID": execution.book.run.id,
        "FUSION_TASK_ID": work.node.id,
        "FUSION_ATTEMPT_ID": work.attempt,
        "FUSION_ATTEMPT": str(work.number),
        "FUSION_AGENT_ID": work.instance or work.agent.name,
        "FUSION_OUTPUT": str(work.folder.output_file),
        "FUSION_INPUTS": str(work.folder.inputs),
        "FUSION_ARTIFACTS": str(work.folder.artifacts),
        "FUSION_OUTBOX": str(work.folder.outbox),
        "FUSION_PORT_BASE": str(PORTS_FROM + PORTS_EACH * work.slot),
    }
