"""Patterns people write, matched by a linear engine: no text and no pattern can make it hang."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=256)
def _validator(pattern: str) -> Any:
    from pydantic_core import SchemaValidator, core_schema  # Rust's regex crate; loaded only where a pattern is used

    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))


def flaw(pattern: str) -> str | None:
    """Return what is wrong with a pattern, in one line, or None."""
    from pydantic_core import SchemaError

    try:
        _validator(pattern)
    except SchemaError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return next((line.removeprefix("error: ") for line in reversed(lines) if line.startswith("error:")), lines[-1])
    return None


def matches(pattern: str, text: str) -> bool:
    """Return whether `pattern` is found anywhere in `text`, as JSON Schema means it."""
    return bool(_validator(pattern).isinstance_python(text))
