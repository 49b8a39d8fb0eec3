"""A task with `cache` is not done again while nothing that could change its result has changed.

The key is a hash of everything the task is made of: what it runs, as evaluated, its declared environment, its inputs,
the artifacts it gets, its agent, its contract, and the files it names. What a secret is does not count, its name does.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path

from fusion_kit.coordination.arrivals import ended
from fusion_kit.coordination.attempt_folder import AttemptFolder, attempt_folder
from fusion_kit.coordination.contexts import scope_of, text_of
from fusion_kit.coordination.execution import Execution, Stopping, Work
from fusion_kit.coordination.frames import Node
from fusion_kit.coordination.house import House
from fusion_kit.coordination.ports import Expressions
from fusion_kit.core import events as e
from fusion_kit.core.errors import FusionError
from fusion_kit.core.scope import Scope
from fusion_kit.core.states import Outcome
from fusion_kit.core.task import Task
from fusion_kit.core.workflow import AgentSpec, Kind, TaskSpec, WorkspaceMode

VERSION = 1  # of the key: a release that makes results differently raises it
EVERYTHING = ("**",)
_NOTE, _REPLY = "cache.json", "reply.txt"  # in an attempt's folder
_AGENT_IS = (
    "name", "provider", "model", "instructions", "permissions", "sandbox", "isolation", "env", "options"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recipe:
    """A task about to be attempted: all that its key is made of. No execution is needed to ask for its key."""

    spec: TaskSpec
    agent: AgentSpec | None  # that would do it; None for the shell
    scope: Scope
    env: Mapping[str, str]  # of its workflow, as it is written
    base: str | None  # the commit it would start from; None where it works in the project's folder
    given: Mapping[str, str] = field(default_factory=dict)  # what a person gave by `-e`
    fed: Mapping[str, Sequence[Mapping[str, object]]] = field(default_factory=dict)  # artifacts, by the tasks it needs


@dataclass(frozen=True, slots=True)
class Hit:
    """A result that may be taken: the task that had it, and the commit that holds it on top of the new base."""

    key: str
    row: Task
    commit: str | None


def agent_of(spec: TaskSpec, agents: Mapping[str, AgentSpec]) -> AgentSpec | None:
    """Return who would do a task: the agent it names, or the least gifted that has what it asks for; None: no agent."""
    if spec.kind is not Kind.AGENT:
        return None
    if spec.agent is not None:
        return agents.get(spec.agent)
    able = [agent for agent in agents.values() if spec.capabilities <= agent.capabilities]
    return min(able, key=lambda agent: (len(agent.capabilities), agent.name), default=None)


def key_of(expressions: Expressions, recipe: Recipe, digest: str) -> str:
    """Return the key, SHA-256 in hex; `digest` is of the files the cache names. Raises what the expressions raise."""
    spec = recipe.spec
    made_of = {
        "version": VERSION,
        "task": spec.id,
        "kind": spec.kind.value,
        "does": spec.run if spec.kind is Kind.RUN else text_of(expressions.value(spec.prompt, recipe.scope)),
        "shell": spec.shell,
        "agent": {name: getattr(recipe.agent, name) for name in _AGENT_IS} if recipe.agent is not None else None,
        "env": _environment(expressions, recipe),
        "inputs": recipe.scope.inputs,
        "matrix": recipe.scope.matrix,
        "repeat": recipe.scope.repeat,
        "fed": recipe.fed,
        "contract": [spec.outputs, spec.artifacts, spec.done_when, spec.workspace, spec.cache],
        "files": digest,
    }
    text = json.dumps(_plain(made_of), ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _environment(expressions: Expressions, recipe: Recipe) -> dict[str, object]:
    """Return what is declared; what the runner itself puts into every attempt's environment does not count."""
    env: dict[str, object] = {}
    theirs = recipe.agent.env if recipe.agent is not None else {}
    for source in (recipe.env, theirs, recipe.spec.env):
        for name, template in source.items():
            is_secret = "secrets." in template
            env[name] = {"secret": template} if is_secret else text_of(expressions.value(template, recipe.scope))
    return {**env, **recipe.given}


def _plain(value: object) -> object:
    """Return a value in one form that JSON has, whatever order its parts came in."""
    if isinstance(value, Mapping):
        return [[str(name), _plain(item)] for name, item in sorted(value.items(), key=lambda pair: str(pair[0]))]
    if is_dataclass(value) and not isinstance(value, type):
        return [[one.name, _plain(getattr(value, one.name))] for one in fields(value)]
    if isinstance(value, Set):
        return sorted(str(item) for item in value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)


async def would_hit(house: House, recipe: Recipe) -> Hit | None:
    """Return the earlier result that would be taken; None where there is none that still holds."""
    key = await _key(house, recipe)
    row = house.views.made_from(key)
    if row is None or row.outcome is not Outcome.SUCCESS or row.refused is not None:
        return None
    if not await asyncio.to_thread(_is_whole, house, row):
        return None
    if row.branch is None:  # it changed no files
        return Hit(key, row, recipe.base)
    is_same = row.base == recipe.base and recipe.spec.workspace is not WorkspaceMode.RUN
    if is_same and await house.workspaces.tip(row.branch) == row.commit:
        return Hit(key, row, row.commit)
    return None


async def _key(house: House, recipe: Recipe) -> str:
    cache = recipe.spec.cache
    assert cache is not None
    digest = await house.workspaces.digest(recipe.base, cache.files or EVERYTHING)
    return key_of(house.expressions, recipe, digest)


def _is_whole(house: House, row: Task) -> bool:
    """Return whether the artifacts are still there, as they were."""
    folder = _folder(house, row).artifacts
    return all(_is_there(folder / str(artifact["path"]), artifact) for artifact in row.artifacts)


def _is_there(path: Path, artifact: Mapping[str, object]) -> bool:
    try:
        if path.stat().st_size != artifact.get("bytes"):
            return False
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return False
    return artifact.get("sha256", found) == found


def _folder(house: House, row: Task) -> AttemptFolder:
    return attempt_folder(house.archive.folder(row.run), row.id, row.attempts)


async def find(execution: Execution, node: Node) -> Hit | None:
    """Return the earlier result that a queued node takes instead of being attempted.

    Only before its first attempt: who retries a task wants it done. What cannot be evaluated is found by the attempt.
    """
    row = execution.book.tasks[node.id]
    if node.spec.cache is None or row.attempts or execution.stopping is not Stopping.NOT:
        return None
    base = execution.bases.get(node.id)
    if execution.mode(node) is WorkspaceMode.RUN and execution.shared is not None:
        base = execution.shared[1]
    try:
        return await would_hit(execution.house, _recipe(execution, node, base))
    except FusionError:
        return None


def _recipe(execution: Execution, node: Node, base: str | None) -> Recipe:
    given = execution.settings.get("env")
    rows = [execution.book.tasks[need] for need in node.needs]
    return Recipe(
        spec=node.spec,
        agent=agent_of(node.spec, execution.bundle.agents),
        scope=scope_of(execution, node.frame, node),
        env=node.frame.env,
        base=base,
        given={str(name): str(value) for name, value in given.items()} if isinstance(given, Mapping) else {},
        fed={row.id: row.artifacts for row in rows if row.artifacts},
    )


async def take(execution: Execution, node: Node, hit: Hit) -> None:
    """End a queued node with the result of an earlier one; its files are copied to where dependants look for them."""
    house, row = execution.house, hit.row
    source, folder = _folder(house, row), execution.folder(node.id, 0)
    if row.artifacts:
        await asyncio.to_thread(house.artifacts.offer, source.artifacts, folder.artifacts)
    if execution.mode(node) is WorkspaceMode.NONE and (source.path / "cache").is_dir():
        await asyncio.to_thread(house.artifacts.offer, source.path / "cache", house.root)
    if (reply := source.path / _REPLY).exists():
        folder.make()
        folder.write({_REPLY: reply.read_text(encoding="utf-8")})
    done = e.TaskCompleted(Outcome.CACHED, row.exit_code, row.outputs, row.artifacts, commit=hit.commit)
    execution.book.note(done, task=node.id)
    ended(execution, node)


async def begin(execution: Execution, work: Work) -> None:
    """Write down the key of an attempt that is about to start; what cannot be evaluated has none."""
    if work.node.spec.cache is None:
        return
    try:
        key = await _key(execution.house, _recipe(execution, work.node, work.base))
    except FusionError:
        return
    work.folder.make()
    work.folder.write({_NOTE: json.dumps({"key": key})})


async def keep(execution: Execution, work: Work) -> None:
    """After success, keep `paths`; an attempt in the project's folder that changed the files it names has no key."""
    cache = work.node.spec.cache
    if cache is None or key_kept(work) is None:
        return
    try:
        if work.mode is WorkspaceMode.NONE:
            key = await _key(execution.house, _recipe(execution, work.node, work.base))
            if key != key_kept(work):
                (work.folder.path / _NOTE).unlink()
                return
        desk = work.folder.desk()
        root = desk.path if desk is not None else execution.house.root
        if cache.paths:
            target = work.folder.path / "cache"
            await asyncio.to_thread(execution.house.artifacts.collect, root, cache.paths, target)
    except FusionError:
        (work.folder.path / _NOTE).unlink(missing_ok=True)


def key_kept(work: Work) -> str | None:
    """Return the key under which the result of an attempt may be taken again."""
    if work.node.spec.cache is None:
        return None
    try:
        return str(json.loads((work.folder.path / _NOTE).read_text(encoding="utf-8"))["key"])
    except (OSError, ValueError, KeyError):
        return None
