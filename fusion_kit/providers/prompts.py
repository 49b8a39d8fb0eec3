"""The whole text an agent is given: its instructions, the task, and what it must hand back."""

from __future__ import annotations

import json
from collections.abc import Mapping

from fusion_kit.core.work import Order
from fusion_kit.core.workflow import Schema

_CONTRACT = """\
When you are done, hand back these values as one JSON object. Write it to the file that the environment variable
FUSION_OUTPUT names; if you cannot write files, end your reply with it in a fenced block that begins with ```json.
It must match this JSON Schema:

{schema}"""


def composed(order: Order) -> str:
    """Return instructions, prompt and contract, each only where there is one, with an empty line between."""
    parts = [order.agent.instructions, order.instructions, order.prompt, _contract(order.outputs)]
    unique = dict.fromkeys(part.strip("\n") for part in parts if part.strip())
    return "\n\n".join(unique)


def _contract(outputs: Mapping[str, Schema]) -> str:
    return _CONTRACT.format(schema=json.dumps(schema_of(outputs), indent=2)) if outputs else ""


def schema_of(outputs: Mapping[str, Schema]) -> dict[str, object]:
    """Return the JSON Schema of the object that holds all declared outputs."""
    return {"type": "object", "required": list(outputs), "properties": {name: dict(outputs[name]) for name in outputs}}
