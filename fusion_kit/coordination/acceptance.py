"""Everything a run refuses, asked before anything is started or written: by a run itself and by a dry run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fusion_kit.coordination.budgets.allowance import check_limits
from fusion_kit.coordination.contract import TooLarge, recordable
from fusion_kit.coordination.ports import Expressions, Views
from fusion_kit.coordination.requests import Bundle, RunRequest
from fusion_kit.coordination.seeding import Seeds, seeds
from fusion_kit.coordination.selection import selected
from fusion_kit.core.errors import UsageError
from fusion_kit.core.scope import Scope
from fusion_kit.core.workflow import WorkflowSpec, WorkspaceMode


class NoCommits(UsageError):
    """The repository has no commit yet, and a worktree needs one to start from."""

    hint = "`git add -A && git commit -m 'First commit'`, or `git commit --allow-empty -m 'First commit'`."


class NoSandbox(UsageError):
    """Agent {agent!r} asks for the sandbox {sandbox!r}, and this release has none to put around it."""

    hint = "Run it with `sandbox: none`, knowing that it can then do whatever you can do."


class GivenTooMuch(UsageError):
    """The inputs and variables of the run take {size_bytes:,} bytes to record, and at most {limit_bytes:,} can be."""

    hint = "Put a long text into a file that the tasks can read, and give its path as the input."


@dataclass(frozen=True, slots=True)
class Accepted:
    """What will be run: the part of the bundle that was asked for, and what it takes from an earlier run."""

    bundle: Bundle
    taken: Seeds


def accepted(request: RunRequest, views: Views, *, has_commits: bool) -> Accepted:
    """Return what `request` asks for; `has_commits` is true where there is no repository to have any.

    Raises `NoSuchTask`, `NoSandbox`, `GivenTooMuch`, `Uncapped`, `NeverAffordable`, `NoCommits` or `NothingToTake`.
    """
    bundle = selected(request.bundle, request.until or request.only)
    _refuse_sandboxes(bundle)
    _refuse_too_much(request)
    check_limits(bundle, request)
    if not has_commits and _wants_git(bundle.workflow):
        raise NoCommits
    taken = seeds(views, bundle.workflow, request.only) if request.only is not None else Seeds()
    return Accepted(bundle, taken)


def _wants_git(workflow: WorkflowSpec) -> bool:
    specs = [*workflow.tasks, *workflow.finally_]
    return any(
        spec.workspace is not WorkspaceMode.NONE if spec.uses is None else _wants_git(spec.uses) for spec in specs
    )


def target_of(expressions: Expressions, bundle: Bundle, inputs: Mapping[str, object], run: str) -> str | None:
    """Return the branch that is to take the work, if the workflow names one; raises what its expression raises."""
    into = bundle.workflow.merge.into
    if into is None:
        return None
    return str(expressions.value(into, Scope(inputs=inputs, env=bundle.workflow.env, run={"id": run})))


def _refuse_too_much(request: RunRequest) -> None:
    try:
        recordable("inputs", [dict(request.inputs), dict(request.env)])
    except TooLarge as found:
        raise GivenTooMuch(**found.facts) from None


def _refuse_sandboxes(bundle: Bundle) -> None:
    for agent in bundle.agents.values():
        if agent.sandbox != "none":
            raise NoSandbox(agent=agent.name, sandbox=agent.sandbox)
