"""A small calculator."""

from __future__ import annotations

from calculator.operations import known, named

__all__ = ["calculate", "known"]


def calculate(left: float, operation: str, right: float) -> float:
    """Return `left operation right`; raises `ValueError` for an operation that nobody has written."""
    return named(operation)(left, right)
