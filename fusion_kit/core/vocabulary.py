"""The one vocabulary of inputs, outputs and forms: a small part of JSON Schema, checked and coerced."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence

from fusion_kit.core.errors import UsageError

Schema = Mapping[str, object]
Matches = Callable[[str, str], bool]  # (pattern, text) -> whether it is found; the caller brings a linear engine

TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")

_ARTICLES = {"integer": "an integer", "array": "a list", "object": "an object", "string": "text", "null": "null"}
_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


class NotCoercible(UsageError):
    """{text!r} is not {wanted}."""

    hint = "{example}"


def kind_of(value: object) -> str:
    """Return the JSON type of a value; a float without a fraction is an integer, as in JSON Schema."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    if isinstance(value, float):
        return "number" if math.isfinite(value) else "not a number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array" if isinstance(value, Sequence) else "something else"


def named(kind: str) -> str:
    """Return a JSON type as people say it."""
    return _ARTICLES.get(kind, f"a {kind}")


def complaint(value: object, schema: Schema, matches: Matches | None = None, where: str = "") -> str | None:
    """Return what is wrong with `value` by `schema` in one phrase that begins with its place, or None.

    `matches` decides `pattern`; without it a pattern is not checked.
    """
    subject = where or "it"
    wanted = schema.get("type")
    found = kind_of(value)
    if isinstance(wanted, str) and not _is_a(found, wanted):
        return f"{subject} must be {named(wanted)}, not {_shown(value)}"
    choices = schema.get("enum")
    if isinstance(choices, list | tuple) and not any(_equal(value, choice) for choice in choices):
        return f"{subject} must be one of {', '.join(_shown(choice) for choice in choices)}, not {_shown(value)}"
    if isinstance(value, str):
        return _text_complaint(value, schema, matches, subject)
    if isinstance(value, Mapping):
        return _object_complaint(value, schema, matches, where)
    if isinstance(value, list | tuple):
        return _list_complaint(value, schema, matches, where)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number_complaint(value, schema, subject)
    return None


def _is_a(found: str, wanted: str) -> bool:
    return found == wanted or (found == "integer" and wanted == "number")


def _equal(one: object, other: object) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _shown(value: object) -> str:
    if isinstance(value, Mapping | list | tuple):
        return named(kind_of(value))
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:56]}..."


def _bound(schema: Schema, word: str) -> float | None:
    bound = schema.get(word)
    return bound if isinstance(bound, int | float) and not isinstance(bound, bool) else None


def _number_complaint(value: float, schema: Schema, subject: str) -> str | None:
    low, high = _bound(schema, "minimum"), _bound(schema, "maximum")
    if low is not None and value < low:
        return f"{subject} must be at least {low}, not {value}"
    if high is not None and value > high:
        return f"{subject} must be at most {high}, not {value}"
    return None


def _size_complaint(size: int, schema: Schema, words: tuple[str, str], subject: str, unit: str) -> str | None:
    low, high = _bound(schema, words[0]), _bound(schema, words[1])
    if low is not None and size < low:
        return f"{subject} must have at least {low:g} {unit}, not {size}"
    if high is not None and size > high:
        return f"{subject} must have at most {high:g} {unit}, not {size}"
    return None


def _text_complaint(value: str, schema: Schema, matches: Matches | None, subject: str) -> str | None:
    found = _size_complaint(len(value), schema, ("minLength", "maxLength"), subject, "characters")
    pattern = schema.get("pattern")
    if found is None and matches and isinstance(pattern, str) and not matches(pattern, value):
        return f"{subject} must match the pattern {pattern}, and {_shown(value)} does not"
    return found


def _list_complaint(value: Sequence[object], schema: Schema, matches: Matches | None, where: str) -> str | None:
    found = _size_complaint(len(value), schema, ("minItems", "maxItems"), where or "it", "items")
    inner = schema.get("items")
    if found is not None or not isinstance(inner, Mapping):
        return found
    complaints = (complaint(item, inner, matches, f"{where}[{index}]") for index, item in enumerate(value))
    return next((text for text in complaints if text), None)


def _object_complaint(value: Mapping[str, object], schema: Schema, matches: Matches | None, where: str) -> str | None:
    required, properties = schema.get("required"), schema.get("properties")
    for name in required if isinstance(required, list | tuple) else ():
        if name not in value:
            return f"{where or 'it'} lacks {name!r}"
    known = properties if isinstance(properties, Mapping) else {}
    for name, inner in known.items():
        if name in value and isinstance(inner, Mapping):
            found = complaint(value[name], inner, matches, f"{where}.{name}" if where else name)
            if found:
                return found
    if schema.get("additionalProperties") is False:
        extra = next((name for name in value if name not in known), None)
        return f"{where or 'it'} has an unknown member {extra!r}" if extra is not None else None
    return None


def coerced(text: str, schema: Schema) -> object:
    """Return what was typed as the type its schema asks for; raises `NotCoercible`."""
    wanted = schema.get("type", "string")
    if wanted == "boolean":
        return _boolean(text)
    if wanted in ("integer", "number"):
        return _number(text, str(wanted))
    if wanted in ("array", "object", "null"):
        return _json(text, str(wanted))
    return text


def _boolean(text: str) -> bool:
    word = text.strip().casefold()
    if word not in _TRUE | _FALSE:
        raise NotCoercible(text=text, wanted="a boolean", example="Say true or false.")
    return word in _TRUE


def _number(text: str, wanted: str) -> int | float:
    try:
        # a number of more digits than Python converts is a ValueError too
        return int(text) if wanted == "integer" else _finite(text)
    except ValueError:
        example = "Write it in digits, such as 3." if wanted == "integer" else "Write it in digits, such as 2.5."
        raise NotCoercible(text=text, wanted=named(wanted), example=example) from None


def _finite(text: str) -> int | float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return int(text) if text.strip().lstrip("+-").isdecimal() else value


def _json(text: str, wanted: str) -> object:
    examples = {
        "array": 'Write JSON, such as ["a", "b"].',
        "object": 'Write JSON, such as {"a": 1}.',
        "null": "Say null.",
    }
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        raise NotCoercible(text=text, wanted=named(wanted), example=examples[wanted]) from None
    if kind_of(value) != wanted:
        raise NotCoercible(text=text, wanted=named(wanted), example=examples[wanted])
    return value
