"""Loading: a workflow with everything it reaches, and the exact bytes it was made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from fusion_kit.core.errors import UsageError
from fusion_kit.core.workflow import AgentSpec, WorkflowSpec
from fusion_kit.definitions.agents import FOLDER as AGENTS
from fusion_kit.definitions.agents import AgentFile, Agents, read_agent, read_agents
from fusion_kit.definitions.checks.facts import TaskFacts
from fusion_kit.definitions.checks.lints import Which, candidates
from fusion_kit.definitions.keys.config import CONFIG
from fusion_kit.definitions.opening import opened
from fusion_kit.definitions.problem import InvalidDefinitions, Problem
from fusion_kit.definitions.shapes.report import Report, Trail, meant
from fusion_kit.definitions.source import Disk, Frozen, Recording, Source, digest, is_yaml
from fusion_kit.definitions.workflows import Workflows

WORKFLOWS = ".fusion/workflows"
CONFIG_FILE = ".fusion/config.yaml"


class UnknownWorkflow(UsageError):
    """There is no workflow {name!r}{meant}."""

    hint = "`fusion-kit list` shows those there are; a path to a YAML file works too."


@dataclass(frozen=True, slots=True)
class Loaded:
    """A workflow with every agent and sub-workflow it reaches; `files` are the exact bytes, by project path."""

    workflow: WorkflowSpec
    agents: Mapping[str, AgentSpec]
    files: Mapping[str, bytes]
    digest: str  # SHA-256 over the files, hex
    warnings: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Project:
    """Everything below one root, read once."""

    source: Recording
    config: dict[str, Any]
    config_report: Report | None
    agents: Agents
    workflows: Workflows = field(init=False)

    def __post_init__(self) -> None:
        """Make the reader of workflows."""
        self.workflows = Workflows(self.source, self.agents, self.config)

    def reports(self) -> list[Report]:
        """Return a report for every file read so far."""
        config = [self.config_report] if self.config_report else []
        return [*config, *self.agents.reports, *(file.report for file in self.workflows.files.values())]


def project(source: Source, which: Which | None = None) -> Project:
    """Return what lies in a source; nothing is complained of yet."""
    recording = Recording(source)
    config, report = read_config(recording)
    return Project(recording, config, report, read_agents(recording, which))


def read_config(source: Source) -> tuple[dict[str, Any], Report | None]:
    """Return the checked configuration and its report; there need not be one."""
    try:
        source.read(CONFIG_FILE)
    except OSError:
        return {}, None
    node, report = opened(source, CONFIG_FILE, "the configuration")
    values = CONFIG.read(node, Trail(""), report) if node is not None else {}
    return (values if isinstance(values, dict) else {}), report


def load(source: Source, entry: str, which: Which | None = None) -> Loaded:
    """Return the workflow at a path with all it reaches; raises `InvalidDefinitions` with every problem."""
    house = project(source, which)
    file = house.workflows.read(entry)
    reached = _reached(house)
    reports = [*_reports(house, reached), *(inner.report for inner in house.workflows.files.values())]
    problems = _sorted(reports)
    if any(problem.is_error for problem in problems) or file.spec is None:
        raise InvalidDefinitions(problems)
    files = _files(house, reached)
    agents = {name: agent.spec for name, agent in reached.items() if agent.spec is not None}
    return Loaded(file.spec, agents, files, digest(files), tuple(problems))


def _reached(house: Project) -> dict[str, AgentFile]:
    """Return the agents that may get a task of the workflow or of those it uses, and their stand-ins."""
    names: list[str] = []
    for inner in house.workflows.files.values():
        for task in inner.facts.tasks.values() if inner.facts else ():
            names += _agents_of(task, house.agents)
    return house.agents.reached(dict.fromkeys(names))


def _agents_of(task: TaskFacts, agents: Agents) -> list[str]:
    name = task.values.get("agent")
    if isinstance(name, str):
        return [name]
    return [agent.name for agent in candidates(task, agents.specs)] if "capabilities" in task.values else []


def _reports(house: Project, reached: Mapping[str, AgentFile]) -> list[Report]:
    """A broken agent matters if it is named, and also if it might have had the capabilities asked for."""
    files = house.workflows.files.values()
    asks = any("capabilities" in task.values for file in files if file.facts for task in file.facts.tasks.values())
    agents = house.agents.reports if asks else [file.report for file in reached.values()]
    return [*([house.config_report] if house.config_report else []), *agents]


def _files(house: Project, reached: Mapping[str, AgentFile]) -> dict[str, bytes]:
    paths = {CONFIG_FILE, *house.workflows.files, *(file.path for file in reached.values())}
    paths |= {file.script for file in reached.values() if file.script}
    return {path: house.source.files[path] for path in sorted(paths) if path in house.source.files}


def _sorted(reports: Iterable[Report]) -> list[Problem]:
    """Every problem once: errors and warnings of one file together, in the order of its lines."""
    found: list[Problem] = []
    for report in reports:
        found += sorted(dict.fromkeys(report.problems), key=lambda problem: (problem.line, problem.column))
    return found


def workflow_path(path_or_name: str, root: Path) -> str:
    """Return the project path of a workflow named by a person; raises `UnknownWorkflow`."""
    if is_yaml(path_or_name) or "/" in path_or_name:
        for place in (Path.cwd() / path_or_name, root / path_or_name):
            if place.is_file():
                return _below(place, root)
    found = {PurePosixPath(path).stem: path for path in Disk(root).list(WORKFLOWS)}
    if path_or_name in found:
        return found[path_or_name]
    named = _by_own_name(found.values(), root)
    if path_or_name in named:
        return named[path_or_name]
    guess = meant(PurePosixPath(path_or_name).stem, {**found, **named})
    raise UnknownWorkflow(name=path_or_name, meant=f'; did you mean "{guess}"?' if guess else "")


def _below(place: Path, root: Path) -> str:
    place, root = place.resolve(), root.resolve()
    return place.relative_to(root).as_posix() if place.is_relative_to(root) else place.as_posix()


def _by_own_name(paths: Iterable[str], root: Path) -> dict[str, str]:
    """Return name -> path of the workflows that name themselves otherwise than their file."""
    named: dict[str, str] = {}
    for path in paths:
        node, _report = opened(Disk(root), path, "the workflow")
        name = node.values.get("name") if node is not None else None
        if name is not None and hasattr(name, "text"):
            named.setdefault(name.text, path)
    return named


def validate(paths: Iterable[str | Path], root: Path, which: Which | None = None) -> list[Problem]:
    """Return every problem of the files named, or of all the project's where none is."""
    house = project(Disk(root), which)
    wanted = [_below(_placed(path, root), root) for path in paths]
    if not wanted:
        for path in house.source.list(WORKFLOWS):
            house.workflows.read(path)
        return _sorted(house.reports())
    agents = {report.file: report for report in house.agents.reports}
    for path in wanted:
        if PurePosixPath(path).parent.name == "agents":
            agents.setdefault(path, read_agent(house.source, path, which).report)
        elif path != CONFIG_FILE:
            house.workflows.read(path)
    others = [report for report in (*agents.values(), house.config_report) if report and report.file in wanted]
    return _sorted([*others, *(file.report for file in house.workflows.files.values())])


def _placed(path: str | Path, root: Path) -> Path:
    beside = Path.cwd() / path
    return beside if beside.exists() else root / path


def agents_of(root: Path) -> dict[str, AgentSpec]:
    """Return every agent of a project; raises `InvalidDefinitions`."""
    agents = read_agents(Disk(root))
    _raise_errors(agents.reports)
    return agents.specs


def config_of(root: Path) -> dict[str, Any]:
    """Return the checked configuration of a project; raises `InvalidDefinitions`."""
    config, report = read_config(Disk(root))
    _raise_errors([report] if report else [])
    return config


def _raise_errors(reports: Iterable[Report]) -> None:
    problems = _sorted(reports)
    if any(problem.is_error for problem in problems):
        raise InvalidDefinitions(problems)


__all__ = [
    "AGENTS",
    "CONFIG_FILE",
    "WORKFLOWS",
    "Frozen",
    "Loaded",
    "UnknownWorkflow",
    "agents_of",
    "config_of",
    "load",
    "project",
    "validate",
    "workflow_path",
]
