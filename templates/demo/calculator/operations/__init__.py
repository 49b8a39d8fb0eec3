"""The operations: each is a module here with a function `apply`."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module

Operation = Callable[[float, float], float]


def known() -> list[str]:
    """Return the names of all operations."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def named(name: str) -> Operation:
    """Return an operation; raises `ValueError` if nobody has written it."""
    if name not in known():
        message = f"there is no operation {name!r}, only {', '.join(known())}"
        raise ValueError(message)
    operation: Operation = import_module(f"{__name__}.{name}").apply
    return operation
