"""What the language can say and this release does not do yet: refused before anything starts, never ignored."""

from __future__ import annotations

from collections.abc import Iterator

from fusion_kit.coordination.requests import Bundle
from fusion_kit.core.errors import UsageError
from fusion_kit.core.workflow import Kind, TaskSpec, WorkflowSpec


class NotYet(UsageError):
    """Workflow {workflow!r} uses what this release checks but cannot run yet: {keys}."""

    hint = "Remove these keys to run it, or wait for the release that has them; `fusion-kit validate` accepts them."


class NoBudget(UsageError):
    """A ceiling of {max_cost_usd} USD was asked for, and this release cannot hold a run to one."""

    hint = "Leave --max-cost out; `fusion-kit status` says what a run has cost so far."


class NoSandbox(UsageError):
    """Agent {agent!r} asks for the sandbox {sandbox!r}, and this release has none to put around it."""

    hint = "Run it with `sandbox: none`, knowing that it can then do whatever you can do."


def refuse_unsupported(bundle: Bundle, max_cost_usd: float | None = None) -> None:
    """Raise `NotYet`, naming every key whose absence would change what the run does, `NoBudget` or `NoSandbox`."""
    if max_cost_usd is not None:
        raise NoBudget(max_cost_usd=max_cost_usd)
    found = list(_keys(bundle.workflow))
    if found:
        raise NotYet(workflow=bundle.workflow.name, keys=", ".join(found))
    for agent in bundle.agents.values():
        if agent.sandbox != "none":
            raise NoSandbox(agent=agent.name, sandbox=agent.sandbox)


def _keys(workflow: WorkflowSpec) -> Iterator[str]:
    if workflow.merge.gate is not None:
        yield "merge.gate"
    if workflow.merge.strategy != "merge":
        yield f"merge.strategy: {workflow.merge.strategy}"
    if workflow.merge.on_conflict != "fail":
        yield "merge.on_conflict: agent"
    if workflow.concurrency is not None:
        yield "concurrency"
    if workflow.limits.cost_usd is not None or workflow.limits.tokens is not None:
        yield "limits.cost_usd and limits.tokens of a run"
    for spec in (*workflow.tasks, *workflow.finally_):
        yield from _task_keys(spec)


def _task_keys(spec: TaskSpec) -> Iterator[str]:
    if spec.kind is Kind.APPROVAL:
        yield f"{spec.id}.approval"
    if spec.repeat is not None:
        yield f"{spec.id}.repeat"
    if spec.cache is not None:
        yield f"{spec.id}.cache"
    if spec.touches:
        yield f"{spec.id}.touches"
    if spec.on_conflict != "fail":
        yield f"{spec.id}.on_conflict: agent"
    if spec.uses is not None:
        yield from (f"{spec.id}.{key}" for key in _keys(spec.uses))
