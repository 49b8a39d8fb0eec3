"""Definitions: YAML files become checked values, or a list of every problem with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusion_kit.definitions.problem import InvalidDefinitions, Problem, headline, render

if TYPE_CHECKING:
    from fusion_kit.core.workflow import AgentSpec, WorkflowSpec
    from fusion_kit.definitions.expressions.evaluate import Expressions
    from fusion_kit.definitions.loading import Loaded

__all__ = [
    "InvalidDefinitions",
    "Problem",
    "checked_inputs",
    "expressions",
    "find_workflows",
    "headline",
    "load_agents",
    "load_config",
    "load_workflow",
    "matches",
    "render",
    "thaw",
    "validate",
]

Which = Callable[[str], str | None]


def load_workflow(path_or_name: str, root: Path, which: Which | None = None) -> Loaded:
    """Return a workflow of the project at `root`, by name or path, with all it reaches.

    `which` finds programs, as `shutil.which` does; with it, missing ones are among the warnings.
    Raises `InvalidDefinitions` with every problem, and `UnknownWorkflow`.
    """
    from fusion_kit.definitions import loading
    from fusion_kit.definitions.source import Disk

    return loading.load(Disk(root), loading.workflow_path(path_or_name, root), which)


def thaw(files: Mapping[str, bytes], entry: str) -> Loaded:
    """Return the workflow at the path `entry` of a frozen copy; raises `InvalidDefinitions`."""
    from fusion_kit.definitions import loading
    from fusion_kit.definitions.source import Frozen

    return loading.load(Frozen(files), entry)


def validate(paths: Iterable[str | Path], root: Path, which: Which | None = None) -> list[Problem]:
    """Return every problem of the files named, or of all definitions of the project where none is."""
    from fusion_kit.definitions import loading

    return loading.validate(paths, root, which)


def find_workflows(root: Path) -> list[Path]:
    """Return the workflow files of the project at `root`, by name."""
    from fusion_kit.definitions import loading
    from fusion_kit.definitions.source import Disk

    return [root / path for path in Disk(root).list(loading.WORKFLOWS)]


def load_agents(root: Path) -> dict[str, AgentSpec]:
    """Return every agent of the project at `root`, by name; raises `InvalidDefinitions`."""
    from fusion_kit.definitions import loading

    return loading.agents_of(root)


def load_config(root: Path) -> dict[str, Any]:
    """Return the checked `.fusion/config.yaml`, durations in seconds, for `config.config_from`; empty without one.

    Raises `InvalidDefinitions`.
    """
    from fusion_kit.definitions import loading

    return loading.config_of(root)


def checked_inputs(workflow: WorkflowSpec, given: Mapping[str, object]) -> dict[str, object]:
    """Return what a run is given with the defaults in it; raises `BadInputs`, which lists all problems."""
    from fusion_kit.definitions import inputs

    return inputs.checked(workflow, given)


def expressions() -> Expressions:
    """Return the evaluator of `${{ }}`, which fits the engine's port."""
    from fusion_kit.definitions.expressions.evaluate import Expressions

    return Expressions()


def matches(pattern: str, text: str) -> bool:
    """Return whether a pattern of a schema is found in a text, by an engine that is linear in its length."""
    from fusion_kit.definitions import patterns

    return patterns.matches(pattern, text)
