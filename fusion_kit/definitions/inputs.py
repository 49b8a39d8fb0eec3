"""What a person gives to a run, checked against what the workflow takes."""

from __future__ import annotations

from collections.abc import Mapping

from fusion_kit.core.errors import UsageError
from fusion_kit.core.vocabulary import NotCoercible, coerced, complaint
from fusion_kit.core.workflow import WorkflowSpec
from fusion_kit.definitions import patterns
from fusion_kit.definitions.shapes.report import meant


class BadInputs(UsageError):
    """The inputs do not fit the workflow {workflow!r}: {complaints}."""

    hint = "{example}"


def checked(workflow: WorkflowSpec, given: Mapping[str, object]) -> dict[str, object]:
    """Return name -> value with the defaults; text is taken for the type its input has. Raises `BadInputs` with all."""
    complaints: list[str] = []
    values: dict[str, object] = {}
    for name, value in given.items():
        if name in workflow.inputs:
            _take(name, value, workflow, values, complaints)
        else:
            guess = meant(name, workflow.inputs)
            complaints.append(f'there is no input "{name}"' + (f'; did you mean "{guess}"?' if guess else ""))
    for name, schema in workflow.inputs.items():
        if name in given:
            continue
        if "default" in schema:
            values[name] = schema["default"]
        elif schema.get("required") is True:
            complaints.append(f'the input "{name}" is missing')
        else:
            values[name] = None
    if complaints:
        example = _example(workflow, given)
        raise BadInputs(workflow=workflow.name, complaints="; ".join(complaints), example=example)
    return {name: values[name] for name in workflow.inputs}


def _take(name: str, value: object, workflow: WorkflowSpec, values: dict[str, object], complaints: list[str]) -> None:
    schema = workflow.inputs[name]
    try:
        values[name] = coerced(value, schema) if isinstance(value, str) else value
    except NotCoercible as error:
        complaints.append(f'the input "{name}": {str(error).rstrip(".")}')
        return
    found = complaint(values[name], schema, patterns.matches, f'the input "{name}"')
    if found:
        complaints.append(found)


def _example(workflow: WorkflowSpec, given: Mapping[str, object]) -> str:
    required = [name for name, schema in workflow.inputs.items() if schema.get("required") is True]
    if not workflow.inputs:
        return f"{workflow.name} takes no inputs."
    if all(name in given for name in required):
        return f"`fusion-kit show {workflow.name}` lists its inputs."
    words = " ".join(f"-i {name}=..." for name in required)
    return f"Run it as `fusion-kit run {workflow.name} {words}`."
