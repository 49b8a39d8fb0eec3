"""Parameters without their weight: text stays text and what is missing is missing, without loading a validator.

Typer validates every parameter with pydantic, even one that was not given; loading it costs more than most commands.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def lighten(params: Iterable[Any]) -> None:
    """Make parameters pass on text and None as they are; everything else is converted as before."""
    for param in params:
        if "process_value" not in vars(param):
            param.process_value = _light(param, param.process_value)


def _light(param: Any, heavy: Any) -> Any:
    annotation = getattr(getattr(param, "type_descriptor", None), "annotation", None)

    def process_value(ctx: Any, value: Any) -> Any:
        is_as_given = (value is None and not param.required) or (annotation is str and isinstance(value, str))
        if not is_as_given and not (annotation == list[str] and _is_texts(value)):
            return heavy(ctx, value)
        return value if param.callback is None else param.callback(ctx, param, value)

    return process_value


def _is_texts(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(item, str) for item in value)
