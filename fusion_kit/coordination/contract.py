"""Done by contract: what was declared is checked against what is there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TypeVar

from fusion_kit.core.errors import FusionError
from fusion_kit.core.vocabulary import NotCoercible, Schema, coerced, complaint

Matches = Callable[[str, str], bool]
T = TypeVar("T")
MOST_BYTES = 160 << 10  # of outputs and artifacts, as the log writes them: one line of it must hold them with the rest


class OutputMissing(FusionError):
    """It declares the output {name!r} and did not give it."""

    hint = 'Write it to the file in $FUSION_OUTPUT: `echo "{name}=value" >> "$FUSION_OUTPUT"`, or as one JSON object.'


class OutputWrong(FusionError):
    """Its output {name!r} is not what it declares: {complaint}."""


class TooLarge(FusionError):
    """Its {what} take {size_bytes:,} bytes to record, and at most {limit_bytes:,} can be recorded."""

    hint = "Put large values into a file and declare that file as an artifact."


class ArtifactMissing(FusionError):
    """Nothing in its workspace matches the artifact {pattern!r}."""


def checked_outputs(given: Mapping[str, object], declared: Mapping[str, Schema], matches: Matches) -> dict[str, object]:
    """Return the outputs with the types they declare; raises `OutputMissing`, `OutputWrong` or `TooLarge`.

    What was written as text is read as its declared type; outputs that nobody declared stay as they are.
    """
    outputs = dict(given)
    for name, schema in declared.items():
        if name not in outputs:
            if "default" not in schema:
                raise OutputMissing(name=name)
            outputs[name] = schema["default"]
        outputs[name] = _checked(name, outputs[name], schema, matches)
    return recordable("outputs", outputs)


def recordable(what: str, values: T) -> T:
    """Return the values, if the log can hold them; raises `TooLarge`."""
    size_bytes = len(json.dumps(values, default=str).encode())
    if size_bytes > MOST_BYTES:
        raise TooLarge(what=what, size_bytes=size_bytes, limit_bytes=MOST_BYTES)
    return values


def _checked(name: str, value: object, schema: Schema, matches: Matches) -> object:
    if isinstance(value, str):
        try:
            value = coerced(value, schema)
        except NotCoercible as wrong:
            raise OutputWrong(name=name, complaint=str(wrong)) from None
    wrong_by = complaint(value, schema, matches)
    if wrong_by:
        raise OutputWrong(name=name, complaint=wrong_by)
    return value
