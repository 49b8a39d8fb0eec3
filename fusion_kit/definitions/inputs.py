"""What a person gives to a run, checked against what the workflow takes."""

from __future__ import annotations

from collections.abc import Mapping

from fusion_kit.core.errors import UsageError
from fusion_kit.core.forms import filled
from fusion_kit.core.workflow import WorkflowSpec
from fusion_kit.definitions import patterns


class BadInputs(UsageError):
    """The inputs do not fit the workflow {workflow!r}: {complaints}."""

    hint = "{example}"


def checked(workflow: WorkflowSpec, given: Mapping[str, object]) -> dict[str, object]:
    """Return name -> value with the defaults; text is taken for the type its input has. Raises `BadInputs` with all."""
    form = filled(workflow.inputs, given, "input", patterns.matches)
    if form.complaints:
        complaints, example = "; ".join(form.complaints), _example(workflow, given)
        raise BadInputs(workflow=workflow.name, complaints=complaints, example=example)
    return dict(form.values)


def _example(workflow: WorkflowSpec, given: Mapping[str, object]) -> str:
    required = [name for name, schema in workflow.inputs.items() if schema.get("required") is True]
    if not workflow.inputs:
        return f"{workflow.name} takes no inputs."
    if all(name in given for name in required):
        return f"`fusion-kit show {workflow.name}` lists its inputs."
    words = " ".join(f"-i {name}=..." for name in required)
    return f"Run it as `fusion-kit run {workflow.name} {words}`."
