"""The agents of a project: `.fusion/agents/*.yaml`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from fusion_kit.core.workflow import AgentSpec
from fusion_kit.definitions import build
from fusion_kit.definitions.checks.expressions import check as check_expressions
from fusion_kit.definitions.checks.facts import Order
from fusion_kit.definitions.checks.lints import Which, missing_program
from fusion_kit.definitions.keys.agent import OWN_KEYS, agent_keys
from fusion_kit.definitions.opening import any_document, opened, own_name
from fusion_kit.definitions.shapes.report import BAD, Report, Trail, meant
from fusion_kit.definitions.source import Source
from fusion_kit.definitions.tree.node import Mapping, Scalar, Sequence, plain

FOLDER = ".fusion/agents"


@dataclass(slots=True)
class AgentFile:
    """One agent file as far as it could be read; `spec` is None where it is broken."""

    path: str
    name: str
    node: Mapping | None
    report: Report
    spec: AgentSpec | None = None
    script: str | None = None  # the path of its script, if it has one


@dataclass(slots=True)
class Agents:
    """All agents of a project, by name."""

    files: dict[str, AgentFile] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)

    @property
    def specs(self) -> dict[str, AgentSpec]:
        """Those that can be used."""
        return {name: file.spec for name, file in self.files.items() if file.spec is not None}

    def reached(self, names: Iterable[str]) -> dict[str, AgentFile]:
        """Return the files of agents named, and of those that stand in for them."""
        found: dict[str, AgentFile] = {}
        waiting = list(names)
        while waiting:
            file = self.files.get(waiting.pop(0))
            if file is not None and file.name not in found:
                found[file.name] = file
                waiting.extend(file.spec.fallback if file.spec else ())
        return found


def read_agents(source: Source, which: Which | None = None) -> Agents:
    """Return every agent of a project, broken ones with their report."""
    agents = Agents()
    for path in source.list(FOLDER):
        file = read_agent(source, path, which)
        agents.reports.append(file.report)
        other = agents.files.get(file.name)
        if other is not None and file.node is not None:
            place = file.node.values.get("name", file.node)
            file.report.add(place, "duplicate-name", f'the agent "{file.name}" is also in {other.path}')
        agents.files.setdefault(file.name, file)
    for file in agents.files.values():
        _check_fallback(file, agents)
    return agents


def read_agent(source: Source, path: str, which: Which | None = None) -> AgentFile:
    """Return one agent file, checked by itself."""
    node, report = opened(source, path, "the agent")
    if node is None:
        return AgentFile(path, PurePosixPath(path).stem, None, report)
    provider = node.values.get("provider")
    word = provider.text if isinstance(provider, Scalar) else ""
    keys = agent_keys(word)
    values = keys.read(node, Trail(""), report)
    assert isinstance(values, dict)
    check_expressions(report, None, Order({}))
    file = AgentFile(path, own_name(path, values, "the agent", report), node, report)
    options = _options(source, file, values)
    if not report.has_errors:
        file.spec = build.agent(values, file.name, path, options)
        _check_program(file, which)
    return file


def _options(source: Source, file: AgentFile, values: dict[str, object]) -> dict[str, object]:
    """Put together what only the provider understands; a script is read here, so that a run's copy is frozen."""
    given = values.get("options")
    options = dict(given) if isinstance(given, dict) else {}
    options.update({name: value for name, value in values.items() if name not in OWN_KEYS})
    if values.get("provider") != "scripted":
        return options
    script = options.pop("script", None)
    if isinstance(script, str):
        options.update(_script(source, file, script))
    elif not options.keys() & {"steps", "tasks"} and file.node and not file.report.has_errors:
        file.report.add(file.node, "missing-key", 'the agent lacks "script", "steps" or "tasks"')
    return options


def _script(source: Source, file: AgentFile, script: str) -> dict[str, object]:
    report, node = file.report, file.node or Mapping(0, 0)
    place = node.values.get("script", node)
    parts = PurePosixPath(script).parts
    if script.startswith("/") or ".." in parts:
        report.add(place, "script", '"script" must lie beside or below the agent\'s own file')
        return {}
    file.script = str(PurePosixPath(file.path).parent / script)
    root, inner = any_document(source, file.script, "the script")
    if inner.problems:
        first = inner.problems[0]
        report.add(place, "script", f"{script}:{first.line}:{first.column}: {first.message}")
        return {}
    if isinstance(root, Sequence):
        return {"steps": plain(root)}
    if isinstance(root, Mapping) and root.values and not root.values.keys() - {"steps", "tasks"}:
        return {name: plain(value) for name, value in root.values.items()}
    report.add(place, "script", f"{script} must be a list of steps, or a mapping with `steps` and `tasks`")
    return {}


def _check_fallback(file: AgentFile, agents: Agents) -> None:
    node = file.node.values.get("fallback") if file.node else None
    items = node.items if isinstance(node, Sequence) else [node] if node else []
    for item in items:
        if not isinstance(item, Scalar):
            continue
        known = [name for name in agents.files if name != file.name]
        if item.text not in known and item.value is not BAD:
            reason = "it is that agent itself" if item.text == file.name else "there is no such agent"
            message = f'agent "{file.name}" cannot fall back to "{item.text}": {reason}'
            file.report.add(item, "unknown-agent", message, meant(item.text, known))


def _check_program(file: AgentFile, which: Which | None) -> None:
    program = missing_program(file.spec, which) if which and file.spec else None
    if program and file.node:
        message = f'agent "{file.name}" needs the program "{program}", which is not on this machine'
        place = file.node.values.get("command") or file.node.values["provider"]
        file.report.add(place, "missing-program", message, warning=True)
