"""The keys of a task, and which of them go together."""

from __future__ import annotations

from fusion_kit.core.workflow import WorkspaceMode
from fusion_kit.definitions.keys.common import (
    APPROVAL,
    CACHE,
    DONE_WHEN,
    GLOBS,
    LIMITS,
    ON_CONFLICT,
    REPEAT,
    RETRY,
    TASK_ENVIRONMENT,
)
from fusion_kit.definitions.keys.contexts import CONDITION, TASK
from fusion_kit.definitions.keys.matrix import STRATEGY
from fusion_kit.definitions.keys.values import FIELDS
from fusion_kit.definitions.shapes.parts import Anything, Closed, FreeMapping, Key, ListOf
from fusion_kit.definitions.shapes.report import Report, Trail
from fusion_kit.definitions.shapes.scalars import Boolean, Choice, Duration, Expression, Integer, Name, Text
from fusion_kit.definitions.tree.node import Mapping, Scalar

SYNONYMS = {
    "depends_on": "needs", "depends": "needs", "after": "needs", "requires": "needs", "when": "if", "command": "run",
    "script": "run", "steps": "tasks", "jobs": "tasks", "matrix": "strategy", "condition": "if", "output": "outputs",
    "environment": "env", "retries": "retry", "allow_failure": "continue_on_error", "include": "uses",
    "text": "prompt",     "timeout_minutes": "timeout", "cwd": "workspace", "loop": "repeat", "budget": "limits",
}  # fmt: skip

KINDS: dict[str, Key] = {
    "run": Key(Text(filled=True, code=True), "Shell source. No ${{ }} inside: pass values by `env`."),
    "shell": Key(Text(filled=True), "The shell of `run`; bash -euo pipefail where there is one, else sh -eu."),
    "agent": Key(Name(), "An agent of .fusion/agents, by name."),
    "capabilities": Key(ListOf(Name(), one=True, unique=True, filled=True), "Any idle agent that has them all."),
    "prompt": Key(Text(TASK, filled=True), "What the agent is asked to do."),
    "uses": Key(Text(filled=True), "Another workflow file, by its path from this one."),
    "with": Key(FreeMapping(Anything(TASK)), "The inputs of the workflow that is used."),
    "approval": Key(APPROVAL, "A person's decision, with a form if `inputs` are given."),
}

ON_EVERY_KIND: dict[str, Key] = {
    "description": Key(Text(), "What it is for."),
    "if": Key(
        Expression(CONDITION), "Whether it runs: success(), failure(), always(), cancelled() and any expression."
    ),
    "priority": Key(Integer(-1000, 1000), "Higher starts first."),
    "strategy": Key(STRATEGY, "One task, many items."),
    "repeat": Key(REPEAT, "Run it again until a condition holds."),
    "workspace": Key(
        Choice(tuple(WorkspaceMode)),
        "own: a worktree and branch of its own; run: the run's, one user at a time; none: no Git.",
    ),
    "env": Key(TASK_ENVIRONMENT, "Environment variables."),
    "outputs": Key(FIELDS, "What it gives to those after it; for an agent this is its contract."),
    "artifacts": Key(GLOBS, "Files to be kept, by glob."),
    "timeout": Key(Duration(), "The most time one attempt may take."),
    "retry": Key(RETRY, "How many extra attempts there are, and when."),
    "continue_on_error": Key(Boolean(), "Whether the run goes on as if it had succeeded."),
    "cache": Key(CACHE, "Skip it while these files are unchanged."),
    "limits": Key(LIMITS, "Hard ceilings of this task."),
    "touches": Key(
        ListOf(Text(TASK, filled=True), one=True), "Globs it may write; overlap of running tasks is serialised."
    ),
    "done_when": Key(DONE_WHEN, "The contract beyond its exit code."),
    "on_conflict": Key(ON_CONFLICT, "What happens when its parents' work does not merge."),
}

_NAMED: dict[str, Key] = {
    "id": Key(Name(), "Its name in the graph.", required=True),
    "name": Key(Text(), "What people see."),
    "needs": Key(ListOf(Name(), one=True, unique=True), "The tasks it starts after."),
}

_NOT_FOR_PEOPLE = {
    "env": "nothing runs",
    "outputs": "its outputs are the answers: give it `inputs`",
    "artifacts": "nothing runs that could leave files",
    "retry": "a person is asked once",
    "cache": "a person is asked every time",
    "touches": "nothing runs that could write files",
    "done_when": "it is done when it is answered",
}
_BELONGS = {"shell": "run", "with": "uses", "prompt": "agent"}
_KIND_WORDS = "run, agent (or capabilities) with prompt, uses, approval"


def kinds_of(node: Mapping) -> list[str]:
    """Return the kinds a task's keys claim; a whole task claims exactly one."""
    claimed: list[str] = [word for word in ("run", "agent", "capabilities", "uses", "approval") if word in node.values]
    return claimed or (["prompt"] if "prompt" in node.values else [])


def _check(node: Mapping, _values: dict[str, object], trail: Trail, report: Report) -> None:
    kinds = kinds_of(node)
    if not kinds:
        report.add(node, "task-kind", f"{trail} does nothing; give it one of {_KIND_WORDS}")
        return
    if len(kinds) > 1:
        both = " and ".join(f'"{kind}"' for kind in kinds)
        report.add(node.keys[kinds[1]], "task-kind", f"{trail} is {both}; a task is exactly one of {_KIND_WORDS}")
        return
    _check_people(node, kinds[0], trail, report)
    is_agent = kinds[0] in ("agent", "capabilities")
    if is_agent and "prompt" not in node.values:
        report.add(node, "missing-key", f'{trail} lacks "prompt"')
    for word, owner in _BELONGS.items():
        if word in node.values and owner != kinds[0] and not (owner == "agent" and (is_agent or kinds == ["prompt"])):
            report.add(node.keys[word], "misplaced-key", f'"{word}" in {trail} belongs to a task with "{owner}"')


def _check_people(node: Mapping, kind: str, trail: Trail, report: Report) -> None:
    """Complain of what only a task that works itself can have."""
    for word, why in _NOT_FOR_PEOPLE.items():
        if kind == "approval" and word in node.values:
            report.add(node.keys[word], "misplaced-key", f'"{word}" makes no sense in the approval {trail}: {why}')
    chosen = node.values.get("on_conflict")
    if kind in ("run", "approval") and isinstance(chosen, Scalar) and chosen.text == "agent":
        message = f'only an agent can resolve a conflict, and {trail} is "{kind}"'
        report.add(chosen, "on-conflict", message)


TASK_KEYS = Closed(
    "a task",
    {"id": _NAMED["id"], "name": _NAMED["name"], **ON_EVERY_KIND, "needs": _NAMED["needs"], **KINDS},
    synonyms=SYNONYMS,
    check=_check,
)
DEFAULTS = Closed(
    '"defaults"',
    {**ON_EVERY_KIND, **{word: KINDS[word] for word in ("shell", "agent", "capabilities")}},
    description="Values for the keys a task does not have itself.",
    synonyms=SYNONYMS,
)
