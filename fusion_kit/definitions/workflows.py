"""Workflow files: read, checked with all they use, and built."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from fusion_kit.core.vocabulary import complaint
from fusion_kit.core.workflow import Kind, TaskSpec, WorkflowSpec
from fusion_kit.definitions import build, patterns
from fusion_kit.definitions.agents import Agents
from fusion_kit.definitions.checks import expressions, graph, lints
from fusion_kit.definitions.checks.facts import Order, TaskFacts, WorkflowFacts
from fusion_kit.definitions.keys.task import kinds_of
from fusion_kit.definitions.keys.workflow import WORKFLOW
from fusion_kit.definitions.opening import opened, own_name
from fusion_kit.definitions.shapes.report import Report, Trail, meant
from fusion_kit.definitions.shapes.scalars import OPENING
from fusion_kit.definitions.source import Source, is_yaml
from fusion_kit.definitions.tree import node as tree

Values = Mapping[str, Any]

_KINDS = {
    "run": Kind.RUN,
    "agent": Kind.AGENT,
    "capabilities": Kind.AGENT,
    "uses": Kind.USES,
    "approval": Kind.APPROVAL,
}


@dataclass(slots=True)
class WorkflowFile:
    """One workflow file as far as it could be read; `spec` is None where it, or one it uses, is broken."""

    path: str
    report: Report
    facts: WorkflowFacts | None = None
    spec: WorkflowSpec | None = None
    uses: dict[str, WorkflowFile] = field(default_factory=dict)  # by task


@dataclass(slots=True)
class Workflows:
    """Reads workflow files of one source, each once."""

    source: Source
    agents: Agents
    config: Values = field(default_factory=dict)
    files: dict[str, WorkflowFile] = field(default_factory=dict)

    def read(self, path: str, above: tuple[str, ...] = ()) -> WorkflowFile:
        """Return a workflow file and, in `files`, all it uses; `above` are the files that led here."""
        if path in self.files:
            return self.files[path]
        node, report = opened(self.source, path, "the workflow")
        file = self.files[path] = WorkflowFile(path, report)
        if node is None:
            return file
        values = WORKFLOW.read(node, Trail(""), report)
        assert isinstance(values, dict)
        file.facts = facts = WorkflowFacts(
            node, values, inputs=values.get("inputs", {}), env=frozenset(values.get("env", ()))
        )
        name = own_name(path, values, "the workflow", report)
        self._collect(facts, report)
        self._follow(file, (*above, path))
        order = graph.check(report, facts)
        used = expressions.check(report, facts, order)
        self._check_agents(facts, report)
        if not report.has_errors:
            self._lint(facts, report, order, used)
        if not report.has_errors and all(inner.spec for inner in file.uses.values()):
            file.spec = self._built(file, facts, name)
        return file

    def _collect(self, facts: WorkflowFacts, report: Report) -> None:
        """Gather the tasks of both sections, each with the defaults in its values."""
        defaults = {**self.config.get("defaults", {}), **_dict(facts.values.get("defaults"))}
        every: list[tree.Node] = []
        for section in ("tasks", "finally"):
            nodes = tree.at(facts.node, section)
            items = (
                [item for item in nodes.items if isinstance(item, tree.Mapping)]
                if isinstance(nodes, tree.Sequence)
                else []
            )
            every += items
            for node, values in zip(items, facts.values.get(section, ()), strict=False):
                task = _task_facts(node, values, defaults, section, len(facts.tasks))
                if task is None:
                    continue
                if task.kind is Kind.AGENT and not task.values.keys() & {"agent", "capabilities"}:
                    message = f'task "{task.id}" has a prompt and nobody to give it to; add "agent" or "capabilities"'
                    report.add(node.keys["prompt"], "task-kind", message)
                if task.id not in facts.tasks:
                    facts.tasks[task.id] = task
                    facts.by_node[id(node)] = task
        graph.duplicates(report, every)

    def _follow(self, file: WorkflowFile, above: tuple[str, ...]) -> None:
        """Read what the tasks use, and check what they hand to it."""
        for task in file.facts.tasks.values() if file.facts else ():
            name = task.values.get("uses")
            if task.kind is not Kind.USES or not isinstance(name, str):
                continue
            path = self._target(file, task, name, above)
            if path is None:
                task.outputs = None
                continue
            inner = file.uses[task.id] = self.read(path, above)
            if inner.facts is not None:
                declared = _dict(inner.facts.values.get("outputs"))
                task.outputs = frozenset(declared) | (task.outputs or frozenset())
                _check_with(file.report, task, inner.facts)
            else:
                task.outputs = None

    def _target(self, file: WorkflowFile, task: TaskFacts, name: str, above: tuple[str, ...]) -> str | None:
        """Return the path of a used workflow, or None after a complaint."""
        node = task.place("uses")
        path = posixpath.normpath(str(PurePosixPath(file.path).parent / name))
        if name.startswith(("/", "~")) or "://" in name or path.startswith("../"):
            message = f'"uses" in task "{task.id}" must be a path from this file, inside the project'
        elif path in above:
            ring = [*above[above.index(path) :], path]
            message = f'task "{task.id}" uses a workflow that uses it again: {" -> ".join(ring)}'
        elif path in self.files or self._is_there(path):
            return path
        else:
            siblings = self.source.list(str(PurePosixPath(path).parent))
            near = [f"./{posixpath.relpath(other, str(PurePosixPath(file.path).parent))}" for other in siblings]
            guess = meant_path(name, near)
            file.report.add(
                node, "unknown-workflow", f'task "{task.id}" uses "{name}", and there is no such file', guess
            )
            return None
        file.report.add(node, "uses", message)
        return None

    def _is_there(self, path: str) -> bool:
        if not is_yaml(path):
            return False
        try:
            self.source.read(path)
        except OSError:
            return False
        return True

    def _check_agents(self, facts: WorkflowFacts, report: Report) -> None:
        """Complain of agents that are not there, and of capabilities that no agent has."""
        for task in facts.tasks.values():
            if task.kind is not Kind.AGENT:
                continue
            name, wanted = task.values.get("agent"), task.values.get("capabilities")
            if isinstance(name, str) and name not in self.agents.files:
                message = f'task "{task.id}" names the agent "{name}", and there is no such file in .fusion/agents'
                report.add(task.place("agent"), "unknown-agent", message, report.guess(name, self.agents.files))
            elif isinstance(wanted, list) and wanted and not lints.candidates(task, self.agents.specs):
                self._complain_of_capabilities(task, wanted, report)

    def _complain_of_capabilities(self, task: TaskFacts, wanted: list[str], report: Report) -> None:
        known = sorted({word for agent in self.agents.specs.values() for word in agent.capabilities})
        missing = next(((number, word) for number, word in enumerate(wanted) if word not in known), None)
        if missing is None:
            message = f'no agent has all of {", ".join(wanted)}, which task "{task.id}" asks for'
            report.add(task.place("capabilities"), "unknown-capability", message)
        else:
            message = f'no agent has the capability "{missing[1]}", which task "{task.id}" asks for'
            report.add(
                task.place("capabilities", missing[0]), "unknown-capability", message, report.guess(missing[1], known)
            )

    def _lint(self, facts: WorkflowFacts, report: Report, order: Order, used: set[str]) -> None:
        limits = {**self.config.get("limits", {}), **_dict(facts.values.get("limits"))}
        max_parallel = facts.values.get("max_parallel", self.config.get("max_parallel"))
        lints.unreachable(report, facts, order)
        lints.unused_inputs(report, facts, used)
        lints.unbounded_matrices(report, facts, limits)
        lints.shared_folders(report, facts, order, max_parallel)
        lints.unlimited_agents(report, facts, self.agents.specs, limits)
        lints.reserved_names(report, facts)
        lints.uncapped_agents(report, facts, self.agents.specs, limits)

    def _built(self, file: WorkflowFile, facts: WorkflowFacts, name: str) -> WorkflowSpec:
        sections: dict[str, list[TaskSpec]] = {"tasks": [], "finally": []}
        for task in facts.tasks.values():
            inner = file.uses.get(task.id)
            assert task.kind is not None
            sections[task.section].append(build.task(task.values, task.kind, inner.spec if inner else None))
        limits = {**self.config.get("limits", {}), **_dict(facts.values.get("limits"))}
        project = {"max_parallel": self.config["max_parallel"]} if "max_parallel" in self.config else {}
        values = {**project, **facts.values, "limits": limits}
        return build.workflow(values, name, file.path, tuple(sections["tasks"]), tuple(sections["finally"]))


def _task_facts(node: tree.Mapping, own: Values, defaults: Values, section: str, number: int) -> TaskFacts | None:
    if "id" not in own:
        return None
    kinds = kinds_of(node)
    given = {**defaults, **own}
    if kinds != ["run"]:
        given.pop("shell", None)
    if kinds != ["prompt"]:
        for word in ("agent", "capabilities"):
            if word not in own:
                given.pop(word, None)
    elif "agent" in given:
        given.pop("capabilities", None)
    kind = _KINDS.get(kinds[0]) if len(kinds) == 1 else None
    if kinds == ["prompt"]:
        kind = Kind.AGENT
    outputs = frozenset(given.get("outputs", ()))
    if kind is Kind.APPROVAL and isinstance(given.get("approval"), dict):
        outputs |= frozenset(given["approval"].get("inputs", ()))
    return TaskFacts(
        given["id"], number, section, node, given, kind, tuple(given.get("needs", ())), outputs, _axes(given)
    )


def _axes(values: Values) -> frozenset[str] | None:
    strategy = values.get("strategy")
    matrix = strategy.get("matrix") if isinstance(strategy, dict) else None
    if not isinstance(matrix, dict):
        return None
    included = {name for rule in matrix.get("include", ()) for name in rule}
    return frozenset(matrix) - {"include", "exclude"} | included


def _check_with(report: Report, task: TaskFacts, inner: WorkflowFacts) -> None:
    """Complain of what is handed to a workflow that does not take it, and of what it lacks."""
    given = _dict(task.values.get("with"))
    node = task.node.values.get("with")
    for name, value in given.items():
        key = node.keys[name] if isinstance(node, tree.Mapping) and name in node.keys else task.node
        schema = inner.inputs.get(name)
        if schema is None:
            message = f'"{name}" in "with" in task "{task.id}" is no input of {task.values["uses"]}'
            report.add(key, "unknown-input", message, report.guess(name, inner.inputs))
        elif not _holds_templates(value):
            wrong = complaint(value, schema, patterns.matches, f'"{name}" in "with" in task "{task.id}"')
            if wrong:
                report.add(task.place("with", name), "input", wrong)
    for name, schema in inner.inputs.items():
        if schema.get("required") is True and "default" not in schema and name not in given:
            message = f'task "{task.id}" lacks the input "{name}", which {task.values["uses"]} requires'
            report.add(task.place("uses"), "missing-input", message)


def _holds_templates(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_templates, value.values()))
    if isinstance(value, list):
        return any(map(_holds_templates, value))
    return isinstance(value, str) and OPENING in value


def meant_path(name: str, known: list[str]) -> str | None:
    """Return the path that was probably meant."""
    wanted = PurePosixPath(name).stem
    guess = meant(wanted, [PurePosixPath(path).stem for path in known])
    return next((path for path in known if PurePosixPath(path).stem == guess), None)


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
