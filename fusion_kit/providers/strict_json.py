"""JSON as strangers write it: only what the standard allows, only text that can be written down again."""

from __future__ import annotations

import json
from typing import NoReturn


def parsed(text: str) -> object:
    """Return the value; raises `ValueError` for NaN, a broken document, or one nested beyond reason."""
    try:
        return _writable(json.loads(text, parse_constant=_refused))
    except RecursionError:
        message = "it is nested too deeply"
        raise ValueError(message) from None


def parsed_object(text: str) -> dict[str, object] | None:
    """Return the object that `text` is, or None if it is anything else."""
    try:
        value = parsed(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _refused(constant: str) -> NoReturn:
    message = f"{constant} is not JSON"
    raise ValueError(message)


def _writable(value: object) -> object:
    """Replace lone surrogates, which no file and no pipe would take."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {_writable(key): _writable(item) for key, item in value.items()}
        case list():
            return [_writable(item) for item in value]
    return value
