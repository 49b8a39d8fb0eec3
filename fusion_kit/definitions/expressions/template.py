"""Texts with `${{ }}` in them, split once into what is said and what is evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from fusion_kit.definitions.expressions.parser import parsed
from fusion_kit.definitions.expressions.syntax import BadSyntax, Expression

OPENING, CLOSING = "${{", "}}"


@dataclass(frozen=True, slots=True)
class Template:
    """Literal texts and expressions in order; `lone` is the expression that is the whole text."""

    parts: tuple[str | Expression, ...]
    lone: Expression | None = None

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Every expression in it."""
        return tuple(part for part in self.parts if not isinstance(part, str))


@lru_cache(maxsize=4096)
def template(text: str) -> Template:
    """Return `text` as a template; raises `BadSyntax`."""
    parts: list[str | Expression] = []
    position = 0
    while (start := text.find(OPENING, position)) >= 0:
        if start > position:
            parts.append(text[position:start])
        expression, end = parsed(text, start + len(OPENING))
        if not text.startswith(CLOSING, end):
            raise BadSyntax(start, len(OPENING), 'this "${{" has no "}}"')
        parts.append(expression)
        position = end + len(CLOSING)
    if text[position:]:
        parts.append(text[position:])
    spoken = [part for part in parts if not isinstance(part, str) or part.strip()]
    lone = spoken[0] if len(spoken) == 1 and not isinstance(spoken[0], str) else None
    return Template(tuple(parts), lone)


@lru_cache(maxsize=4096)
def condition(text: str) -> Expression:
    """Return an `if:` or `until:`, with or without `${{ }}` around it; raises `BadSyntax`."""
    stripped = text.strip()
    if stripped.startswith(OPENING):
        whole = template(text)
        if whole.lone is None:
            raise BadSyntax(
                text.find(OPENING),
                len(OPENING),
                "a condition is one expression; put it whole into one ${{ }}, or into none",
            )
        return whole.lone
    expression, end = parsed(text)
    if end < len(text.rstrip()):
        raise BadSyntax(end, len(CLOSING), 'this "}}" has no "${{"')
    return expression
