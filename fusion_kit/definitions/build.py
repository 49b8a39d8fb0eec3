"""From checked values to the frozen values the engine executes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fusion_kit.core.process import Timeouts
from fusion_kit.core.workflow import (
    AgentSpec,
    Approval,
    Cache,
    Concurrency,
    DoneWhen,
    Kind,
    Limits,
    Matrix,
    Merge,
    Repeat,
    Retry,
    RetryOn,
    TaskSpec,
    WorkflowSpec,
    WorkspaceMode,
)

Values = Mapping[str, Any]

_NO_LIMITS, _NO_RETRY, _NO_CONTRACT = Limits(), Retry(), DoneWhen()


def task(values: Values, kind: Kind, uses: WorkflowSpec | None) -> TaskSpec:
    """Return a task; `values` have passed every check and have the defaults in them."""
    workspace = values.get("workspace")
    return TaskSpec(
        id=values["id"],
        kind=kind,
        needs=tuple(values.get("needs", ())),
        name=values.get("name", ""),
        description=values.get("description", ""),
        condition=values.get("if"),
        priority=values.get("priority", 0),
        matrix=_matrix(values["strategy"]) if "strategy" in values else None,
        repeat=Repeat(**values["repeat"]) if "repeat" in values else None,
        workspace=WorkspaceMode(workspace) if workspace else None,
        env=values.get("env", {}),
        outputs=values.get("outputs", {}),
        artifacts=tuple(values.get("artifacts", ())),
        timeout_s=values.get("timeout"),
        retry=_retry(values["retry"]) if "retry" in values else _NO_RETRY,
        continue_on_error=values.get("continue_on_error", False),
        cache=_cache(values["cache"]) if "cache" in values else None,
        limits=Limits(**values["limits"]) if "limits" in values else _NO_LIMITS,
        touches=tuple(values.get("touches", ())),
        done_when=DoneWhen(**values["done_when"]) if "done_when" in values else _NO_CONTRACT,
        on_conflict=values.get("on_conflict", "fail"),
        run=values.get("run"),
        shell=values.get("shell"),
        agent=values.get("agent"),
        capabilities=frozenset(values.get("capabilities", ())),
        prompt=values.get("prompt", ""),
        uses=uses,
        with_=values.get("with", {}),
        approval=_approval(values["approval"]) if "approval" in values else None,
    )


def _matrix(values: Values) -> Matrix:
    axes = dict(values["matrix"])
    include, exclude = axes.pop("include", ()), axes.pop("exclude", ())
    rest = {name: value for name, value in values.items() if name != "matrix"}
    return Matrix(axes, include=tuple(include), exclude=tuple(exclude), **rest)


def _retry(values: int | Values) -> Retry:
    if isinstance(values, int):
        return Retry(max=values)
    given: dict[str, Any] = {name: values[name] for name in ("max", "backoff") if name in values}
    if "delay" in values:
        given["delay_s"] = values["delay"]
    if "when" in values:
        given["when"] = frozenset(map(RetryOn, values["when"]))
    return Retry(**{"max": 1, **given})


def _cache(values: Values) -> Cache:
    return Cache(files=tuple(values.get("files", ())), paths=tuple(values.get("paths", ())))


def _approval(values: str | Values) -> Approval:
    if isinstance(values, str):
        return Approval(values)
    return Approval(values["message"], values.get("timeout"), values.get("inputs", {}))


def workflow(
    values: Values, name: str, source: str, tasks: tuple[TaskSpec, ...], finally_: tuple[TaskSpec, ...]
) -> WorkflowSpec:
    """Return a workflow whose tasks are made."""
    concurrency = values.get("concurrency")
    if isinstance(concurrency, str):
        concurrency = {"group": concurrency}
    return WorkflowSpec(
        name=name,
        tasks=tasks,
        finally_=finally_,
        source=source,
        description=values.get("description", ""),
        inputs=values.get("inputs", {}),
        env=values.get("env", {}),
        limits=Limits(**values.get("limits", {})),
        concurrency=Concurrency(**concurrency) if concurrency else None,
        max_parallel=values.get("max_parallel"),
        merge=Merge(**values.get("merge", {})),
        outputs=values.get("outputs", {}),
        on=values.get("on", {}),
    )


def agent(values: Values, name: str, source: str, options: Values) -> AgentSpec:
    """Return an agent; `options` is what only its provider understands."""
    sandbox = values.get("sandbox", "none")
    return AgentSpec(
        name=name,
        provider=values["provider"],
        description=values.get("description", ""),
        model=values.get("model"),
        capabilities=frozenset(values.get("capabilities", ())),
        instructions=values.get("instructions", ""),
        max_parallel=values.get("max_parallel", 1),
        permissions=values.get("permissions", "workspace-write"),
        sandbox=sandbox,
        isolation=values.get("isolation", "worktree" if sandbox == "none" else "clone"),
        env=values.get("env", {}),
        limits=Limits(**values.get("limits", {})),
        timeouts=Timeouts(**{f"{name}_s": seconds for name, seconds in values.get("timeouts", {}).items()}),
        fallback=tuple(values.get("fallback", ())),
        options=options,
        source=source,
    )
