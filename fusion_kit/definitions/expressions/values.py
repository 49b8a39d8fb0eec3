"""What values mean to operators and texts: GitHub's rules, with JSON for what has parts."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

_NUMBER = re.compile(r"\s*(?:[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|0x[0-9a-fA-F]+|0o[0-7]+)\s*")


def truth(value: object) -> bool:
    """Whether a value counts as true: false, 0, '' and null do not."""
    if isinstance(value, float) and math.isnan(value):
        return False
    return not (value is None or value is False or value == "" or (isinstance(value, int | float) and value == 0))


def text(value: object) -> str:
    """Return a value as text: null is empty, what has parts is JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "), default=str)


def number(value: object) -> float | int:
    """Return a value as a number, or NaN where it is none."""
    if value is None:
        return 0
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        return math.nan
    if not value.strip():
        return 0
    if not _NUMBER.fullmatch(value) or len(value) > 300:
        return math.nan
    stripped = value.strip()
    return int(stripped, 0) if stripped[:2] in ("0x", "0o") else float(stripped)


def equal(left: object, right: object) -> bool:
    """Whether two values are equal: text without regard to case, different types as numbers."""
    if _has_parts(left) or _has_parts(right):
        return left == right
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    if left is None and right is None:
        return True
    return number(left) == number(right)


def compared(operator: str, left: object, right: object) -> bool:
    """Whether `left < right`, and its kind, holds; what is no number compares false."""
    if isinstance(left, str) and isinstance(right, str):
        one: object = left.casefold()
        other: object = right.casefold()
    else:
        one, other = number(left), number(right)
    if operator == "<":
        return one < other  # type: ignore[operator, no-any-return]
    if operator == "<=":
        return one <= other  # type: ignore[operator, no-any-return]
    if operator == ">":
        return one > other  # type: ignore[operator, no-any-return]
    return one >= other  # type: ignore[operator, no-any-return]


def member(of: object, key: object) -> object:
    """Return the member of an object or the item of a list; null where there is none."""
    if isinstance(of, Mapping):
        return of.get(key if isinstance(key, str) else text(key))
    if isinstance(of, list | tuple):
        index = number(key)
        if isinstance(index, int) or index.is_integer():
            return of[int(index)] if 0 <= index < len(of) else None
    return None


def _has_parts(value: object) -> bool:
    return isinstance(value, Mapping | list | tuple)
