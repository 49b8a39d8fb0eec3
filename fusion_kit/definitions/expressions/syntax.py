"""The parts of an expression, and what is wrong with text that is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


class BadSyntax(Exception):
    """Text that is no expression; `offset` and `length` say where, in characters."""

    def __init__(self, offset: int, length: int, message: str, code: str = "expression") -> None:
        """Say where and what."""
        super().__init__(message)
        self.offset, self.length, self.message, self.code = offset, length, message, code


@dataclass(frozen=True, slots=True)
class Literal:
    """null, a boolean, a number or a quoted text."""

    value: bool | int | float | str | None
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Context:
    """One of the eight contexts, by name."""

    name: str
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Member:
    """`of.name`, or `of[key]`."""

    of: Expression
    key: Expression
    offset: int  # of the key
    end: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    name: str
    arguments: tuple[Expression, ...]
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Not:
    """`!of`."""

    of: Expression
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and what stands between them."""

    operator: str
    left: Expression
    right: Expression
    offset: int  # of the operator
    end: int


Expression = Literal | Context | Member | Call | Not | Binary


def walk(expression: Expression) -> Iterator[Expression]:
    """Yield the expression and every part of it, outermost first."""
    waiting: list[Expression] = [expression]
    while waiting:
        part = waiting.pop()
        yield part
        match part:
            case Member():
                waiting += [part.key, part.of]
            case Call():
                waiting += reversed(part.arguments)
            case Not():
                waiting.append(part.of)
            case Binary():
                waiting += [part.right, part.left]
            case Literal() | Context():
                pass
