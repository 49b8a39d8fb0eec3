"""What a plain scalar means in YAML 1.2's core schema: `no` is text, `012` is twelve."""

from __future__ import annotations

import math
import re

from fusion_kit.definitions.tree.node import Plain

_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, Plain] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_BEGINS_NUMBER = frozenset("+-.0123456789")
_DIGITS = 300


class NotFinite(ValueError):
    """A number that JSON cannot say, or too long to be one."""


def resolved(text: str) -> Plain:
    """Return the meaning of a plain scalar; raises `NotFinite`."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _BEGINS_NUMBER:
        return text
    return _number(text)


def _number(text: str) -> Plain:
    if _INTEGER.fullmatch(text):
        if len(text) > _DIGITS:
            raise NotFinite(text)
        return int(text)
    if _OCTAL.fullmatch(text) or _HEX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        value = float(text)
        if not math.isfinite(value):
            raise NotFinite(text)
        return value
    if _NOT_FINITE.fullmatch(text):
        raise NotFinite(text)
    return text
