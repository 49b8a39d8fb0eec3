"""Done by contract: what was declared is checked against what is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fusion_kit.core.errors import FusionError
from fusion_kit.core.vocabulary import NotCoercible, Schema, coerced, complaint

Matches = Callable[[str, str], bool]


class OutputMissing(FusionError):
    """It declares the output {name!r} and did not give it."""

    hint = 'Write it to the file in $FUSION_OUTPUT: `echo "{name}=value" >> "$FUSION_OUTPUT"`, or as one JSON object.'


class OutputWrong(FusionError):
    """Its output {name!r} is not what it declares: {complaint}."""


class ArtifactMissing(FusionError):
    """Nothing in its workspace matches the artifact {pattern!r}."""


def checked_outputs(given: Mapping[str, object], declared: Mapping[str, Schema], matches: Matches) -> dict[str, object]:
    """Return the outputs with the types they declare; raises `OutputMissing` or `OutputWrong`.

    What was written as text is read as its declared type; outputs that nobody declared stay as they are.
    """
    outputs = dict(given)
    for name, schema in declared.items():
        if name not in outputs:
            if "default" not in schema:
                raise OutputMissing(name=name)
            outputs[name] = schema["default"]
        outputs[name] = _checked(name, outputs[name], schema, matches)
    return outputs


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
