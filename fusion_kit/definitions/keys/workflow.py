"""The keys of a workflow file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fusion_kit.definitions.keys.common import LIMITS, ON_CONFLICT, environment
from fusion_kit.definitions.keys.contexts import RESULT, RUN_NAME, WORKFLOW_ENV
from fusion_kit.definitions.keys.task import DEFAULTS, TASK_KEYS
from fusion_kit.definitions.keys.values import FIELD, FIELD_IS, FIELDS
from fusion_kit.definitions.shapes.parts import Anything, Closed, Either, Key, ListOf, MapOf
from fusion_kit.definitions.shapes.report import BAD, Report, TaskLabel, Trail
from fusion_kit.definitions.shapes.scalars import Boolean, Choice, Integer, Name, Text, refuse
from fusion_kit.definitions.tree.node import Node, Scalar, Sequence

_CRON_FIELD = r"(?:\*|[0-9A-Za-z]+(?:-[0-9A-Za-z]+)?)(?:/[0-9]+)?"
_CRON = re.compile(rf"{_CRON_FIELD}(?:,{_CRON_FIELD})*(?:\s+{_CRON_FIELD}(?:,{_CRON_FIELD})*){{4}}")


@dataclass(frozen=True, slots=True)
class Version:
    """The version of the format; there is one."""

    description: str = ""

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return 1."""
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, int) and not isinstance(value, bool) and value > 1:
            report.add(node, "version", f"{trail} {value} is of a newer fusion-kit: upgrade it")
            return BAD
        return value if value == 1 and value is not True else refuse(node, trail, report, "1", "version")

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"const": 1}


@dataclass(frozen=True, slots=True)
class Cron:
    """Five fields of cron."""

    description: str = ""

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return the text."""
        if isinstance(node, Scalar) and _CRON.fullmatch(node.text.strip()):
            return node.text
        return refuse(node, trail, report, 'five fields such as "0 3 * * 1-5"', "cron")

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "string"}


@dataclass(frozen=True, slots=True)
class Tasks:
    """A list of tasks, each with an id of its own."""

    section: str
    description: str = ""

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return the tasks' values, in order."""
        if not isinstance(node, Sequence):
            return refuse(node, trail, report, "a list of tasks, each with an `id`")
        if not node.items:
            report.add(node, "empty", f"{trail} is empty")
        values = []
        for number, item in enumerate(node.items, 1):
            label = Trail(TaskLabel(item, number, self.section))
            values.append(TASK_KEYS.read(item, label, report))
        return [value for value in values if value is not BAD]

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/task"}}


_ON = Closed(
    '"on"',
    {
        "schedule": Key(
            ListOf(
                Closed(
                    "a schedule",
                    {
                        "cron": Key(Cron(), "Minute, hour, day, month, weekday.", required=True),
                        "timezone": Key(Text(filled=True), "Such as UTC or Europe/Berlin; UTC by default."),
                    },
                )
            ),
            "Times at which `serve` starts it.",
        ),
        "watch": Key(ListOf(Text(filled=True), one=True), "Globs: `--watch` and `serve` run it when one changes."),
    },
    description="What starts it by itself; only `serve` and `--watch` act on it.",
)

_MERGE = Closed(
    '"merge"',
    {
        "into": Key(Text(RUN_NAME, filled=True), "The branch; fk/<run>/result by default."),
        "strategy": Key(Choice(("merge", "squash", "rebase")), "How the work gets there."),
        "gate": Key(Text(filled=True, code=True), "A command that must succeed on the combined tree first."),
        "on_conflict": Key(ON_CONFLICT, "What happens when the work does not merge."),
    },
    description="What becomes of the work.",
)

_CONCURRENCY = Either(
    scalar=Text(RUN_NAME, filled=True),
    mapping=Closed(
        '"concurrency"',
        {
            "group": Key(Text(RUN_NAME, filled=True), "Runs of one group never overlap.", required=True),
            "cancel_in_progress": Key(Boolean(), "Whether a new run cancels the one that is running."),
        },
    ),
    wanted="the name of a group, or a mapping with group and cancel_in_progress",
)

WORKFLOW = Closed(
    "the workflow",
    {
        "version": Key(Version(), "The version of this format: 1."),
        "name": Key(Name(), "Its name; by default that of its file."),
        "description": Key(Text(), "What it is for."),
        "on": Key(_ON, ""),
        "inputs": Key(FIELDS, "What a run is given."),
        "env": Key(environment(WORKFLOW_ENV), "Environment variables of every task."),
        "defaults": Key(DEFAULTS, ""),
        "limits": Key(LIMITS, "Hard ceilings of the whole run."),
        "concurrency": Key(_CONCURRENCY, "Which runs may not overlap."),
        "max_parallel": Key(Integer(1), "How many tasks may run at once."),
        "tasks": Key(Tasks("tasks"), "The graph.", required=True),
        "finally": Key(Tasks("finally"), "What runs after success, failure or cancel."),
        "merge": Key(_MERGE, ""),
        "outputs": Key(MapOf(Anything(RESULT), FIELD, FIELD_IS), "What a run gives to its caller."),
    },
    synonyms={"steps": "tasks", "jobs": "tasks", "true": "on", "triggers": "on", "params": "inputs", "vars": "env",
              "environment": "env", "parameters": "inputs", "budget": "limits", "after": "finally"},
    open_ended=True,
)  # fmt: skip
