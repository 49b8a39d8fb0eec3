"""What a person should know: before a run, and when something seems to be wrong."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fusion_kit.bootstrap.secrets import names_in
from fusion_kit.clock import SystemClock
from fusion_kit.core.errors import FusionError
from fusion_kit.persistence.doctor import Ill, repair, verify
from fusion_kit.providers.detect import installed

if TYPE_CHECKING:
    from fusion_kit.bootstrap.premises import Premises
    from fusion_kit.coordination.forecast import Missing
    from fusion_kit.core.workflow import AgentSpec, TaskSpec, WorkflowSpec
    from fusion_kit.workspaces.repository import Facts

FOREIGN = ("project.json", "fusion.db")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing `doctor` looked at; `level` is ok, warning or error."""

    level: str
    subject: str
    text: str
    hint: str = ""


def missing_for(workflow: WorkflowSpec, known: Mapping[str, str]) -> Missing:
    """Return what tells the programs and secrets that a task needs and that are neither here nor among the `known`."""

    def missing(spec: TaskSpec, agent: AgentSpec | None) -> tuple[str, ...]:
        texts = [*workflow.env.values(), *spec.env.values(), *(agent.env.values() if agent else ())]
        secrets = [f"the secret {name}" for name in names_in(texts) if not known.get(name)]
        return (*(_missing_program(agent) if agent else ()), *secrets)

    return missing


def _missing_program(agent: AgentSpec) -> tuple[str, ...]:
    """The program of a command-line agent, if this machine does not have it."""
    command = agent.options.get("command")
    program = str(command[0]) if isinstance(command, list | tuple) and command else ""
    return (program,) if agent.provider == "command" and program and shutil.which(program) is None else ()


def _facts(premises: Premises) -> Facts | None:
    from fusion_kit.workspaces.git import GitWorkspaces

    workspaces = premises.workspaces()
    return asyncio.run(workspaces.facts()) if isinstance(workspaces, GitWorkspaces) else None


def notices(premises: Premises) -> list[str]:
    """Return what a person should know before a run."""
    facts = _facts(premises)
    if facts is None:
        return ["This project is not in a Git repository: tasks run in its own folder, one beside the other."]
    dirty = facts.repository.dirty
    return [f"{_uncommitted(dirty)} not in the agents' worktrees: {_some(dirty)}"] if dirty else []


def _uncommitted(dirty: Sequence[str]) -> str:
    return "1 uncommitted file is" if len(dirty) == 1 else f"{len(dirty)} uncommitted files are"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def examine(premises: Premises, *, repair: bool) -> list[Finding]:
    """Look at everything a run depends on; with `repair` mend the log and its index first."""
    found = list(_mended(premises)) if repair else []
    for look in (_python, _git, _state, _ledger, _definitions, _foreign, _agents, _platform):
        try:
            found += look(premises)
        except (FusionError, OSError) as trouble:
            hint = trouble.way_out if isinstance(trouble, FusionError) else ""
            found.append(Finding("error", look.__name__.strip("_"), str(trouble), hint))
    return found


def _mended(premises: Premises) -> Iterator[Finding]:
    done = repair(premises.state, project=premises.config.project, source="doctor", now=SystemClock().now)
    for sentence in done:
        yield Finding("ok" if sentence == done[-1] else "warning", "repair", sentence)  # the last is the new index


def _python(_premises: Premises) -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding("ok", "python", f"{version}, SQLite {sqlite3.sqlite_version}")


def _git(premises: Premises) -> Iterator[Finding]:
    premises.has_commits()  # asks Git as the person would, who may be refused
    facts = _facts(premises)
    if facts is None:
        hint = "`git init && git add -A && git commit -m 'First commit'`"
        yield Finding("warning", "git", "this project is not in a Git repository; tasks have no workspaces", hint)
        return
    if facts.repository.head is None:
        yield Finding(
            "error", "git", "the repository has no commit yet", "`git commit --allow-empty -m 'First commit'`"
        )
    else:
        where = facts.repository.branch or "a detached HEAD"
        yield Finding(
            "ok", "git", f"{where} at {facts.repository.head[:12]}, {len(facts.repository.dirty)} uncommitted"
        )
    if facts.operation is not None:
        yield Finding("warning", "git", f"the checkout is in the middle of a {facts.operation}", "Finish or abort it.")
    for name in facts.missing_filters:
        yield Finding("warning", "git", f"the filter {name!r} is configured and its program is not installed")
    if facts.submodules:
        yield Finding("warning", "git", f"worktrees hold no submodules: {', '.join(facts.submodules)}")


def _state(premises: Premises) -> Iterator[Finding]:
    free = shutil.disk_usage(_existing(premises.state)).free
    level = "ok" if free > 1 << 30 else "warning"
    yield Finding(level, "state", f"{premises.state}, {free >> 20:,} MiB free")


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _ledger(premises: Premises) -> Iterator[Finding]:
    found = verify(premises.state)
    for ill in found:
        level = "error" if ill.ill is Ill.DAMAGE else "warning"
        hint = "`fusion-kit doctor --repair`" if ill.ill in (Ill.DAMAGE, Ill.INDEX) else ""
        yield Finding(level, "ledger", ill.what, hint)
    if not found:
        yield Finding("ok", "ledger", f"{premises.views.last_seq():,} events, every one checked")


def _definitions(premises: Premises) -> Iterator[Finding]:
    from fusion_kit.definitions import validate

    problems = [problem for problem in validate((), premises.root) if problem.severity == "error"]
    if problems:
        yield Finding("error", "definitions", f"{len(problems)} problems", "`fusion-kit validate` shows them.")
    else:
        yield Finding("ok", "definitions", "every workflow and agent is valid")


def _foreign(premises: Premises) -> Iterator[Finding]:
    for name in FOREIGN:
        if (premises.root / ".fusion" / name).exists():
            text = f".fusion/{name} belongs to another product; fusion-kit leaves it alone"
            yield Finding("warning", "foreign", text)


def _agents(_premises: Premises) -> Iterator[Finding]:
    found = installed()
    if found:
        yield Finding("ok", "agents", "installed: " + ", ".join(sorted(found)))
    else:
        yield Finding("warning", "agents", "no agent program is installed; the scripted agent runs all the same")


def _platform(_premises: Premises) -> Iterator[Finding]:
    if sys.platform != "linux":
        text = "a child that leaves its process group cannot be found here: only Linux has subreapers and pidfds"
        yield Finding("warning", "platform", text)
    text = "agents run without a sandbox: they may do to this machine whatever you may do"
    yield Finding("warning", "sandbox", text, "`fusion-kit schema agent.sandbox` explains it.")
