"""From text to an expression: tokens, then one function for each level of precedence."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fusion_kit.definitions.expressions.syntax import (
    BadSyntax,
    Binary,
    Call,
    Context,
    Expression,
    Literal,
    Member,
    Not,
)

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>-?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?))(?![A-Za-z_0-9])
  | (?P<text>'[^']*(?:''[^']*)*')
  | (?P<name>[A-Za-z_][A-Za-z0-9_-]*)
  | (?P<close>\}\})
  | (?P<sign>&&|\|\||==|!=|<=|>=|<|>|!|\(|\)|\[|\]|\.|,)
  | (?P<end>\Z)
)""",
    re.VERBOSE,
)
_WORDS: dict[str, bool | None] = {"null": None, "true": True, "false": False}
_DEPTH = 50
_LENGTH = 20_000
_WAYS_OUT = {
    '"': "text stands in single quotes here: 'like this'",
    "=": "compare with ==",
    "&": "and is &&",
    "|": "or is ||",
    "+": "there is no arithmetic here; compute it in a task",
    "-": "there is no arithmetic here; compute it in a task",
    "*": "there is no arithmetic and no wildcard here",
    "/": "there is no arithmetic here; compute it in a task",
    "?": "there is no ?: here; write a && b || c",
    "$": "an expression inside an expression needs no ${{ }} of its own",
    "'": "this quote is never closed",
}


@dataclass(frozen=True, slots=True)
class Token:
    """One word of an expression, with its place in the text."""

    kind: str  # number | text | name | sign | close | end
    text: str
    offset: int
    end: int


def parsed(text: str, start: int = 0) -> tuple[Expression, int]:
    """Return the expression that begins at `start`, and where it ends: at a `}}` or at the end of the text.

    Raises `BadSyntax`.
    """
    parser = _Parser(text, start)
    expression = parser.either(0)
    token = parser.token
    if token.kind not in ("close", "end"):
        raise BadSyntax(token.offset, len(token.text), f'"{token.text}" is not expected here')
    return expression, token.offset


class _Parser:
    def __init__(self, text: str, start: int) -> None:
        self.text, self.limit = text, start + _LENGTH
        self.token = self._next(start)

    def _next(self, position: int) -> Token:
        if position > self.limit:
            raise BadSyntax(position, 1, f"the expression is longer than {_LENGTH} characters")
        found = _TOKEN.match(self.text, position)
        if found is None or found.lastgroup is None:
            offset = position + len(self.text[position:]) - len(self.text[position:].lstrip())
            raise BadSyntax(offset, 1, _unexpected(self.text[offset]))
        kind = found.lastgroup
        return Token(kind, found.group(kind), found.start(kind), found.end(kind))

    def _take(self) -> Token:
        token = self.token
        self.token = self._next(token.end)
        return token

    def _takes(self, *signs: str) -> Token | None:
        return self._take() if self.token.kind == "sign" and self.token.text in signs else None

    def _expect(self, sign: str) -> Token:
        token = self._takes(sign)
        if token is None:
            raise BadSyntax(self.token.offset, len(self.token.text) or 1, f'"{sign}" is missing here')
        return token

    def either(self, depth: int) -> Expression:
        """`a || b`."""
        if depth > _DEPTH:
            raise BadSyntax(self.token.offset, 1, f"the expression is nested deeper than {_DEPTH} levels")
        left = self._both(depth)
        while token := self._takes("||"):
            left = Binary("||", left, self._both(depth), token.offset, token.end)
        return left

    def _both(self, depth: int) -> Expression:
        left = self._compared(depth)
        while token := self._takes("&&"):
            left = Binary("&&", left, self._compared(depth), token.offset, token.end)
        return left

    def _compared(self, depth: int) -> Expression:
        left = self._ordered(depth)
        while token := self._takes("==", "!="):
            left = Binary(token.text, left, self._ordered(depth), token.offset, token.end)
        return left

    def _ordered(self, depth: int) -> Expression:
        left = self._negated(depth)
        while token := self._takes("<", "<=", ">", ">="):
            left = Binary(token.text, left, self._negated(depth), token.offset, token.end)
        return left

    def _negated(self, depth: int) -> Expression:
        signs = []
        while token := self._takes("!"):
            signs.append(token)
        found = self._member(depth + 1)
        if len(signs) > _DEPTH:
            raise BadSyntax(signs[0].offset, 1, f"the expression is nested deeper than {_DEPTH} levels")
        for token in reversed(signs):
            found = Not(found, token.offset, token.end)
        return found

    def _member(self, depth: int) -> Expression:
        found = self._operand(depth)
        count = 0
        while token := self._takes(".", "["):
            count += 1
            if count > _DEPTH:
                raise BadSyntax(token.offset, 1, f"the expression is nested deeper than {_DEPTH} levels")
            if token.text == ".":
                if self.token.kind != "name":
                    raise BadSyntax(self.token.offset, len(self.token.text) or 1, 'a name is missing behind the "."')
                name = self._take()
                found = Member(found, Literal(name.text, name.offset, name.end), name.offset, name.end)
            else:
                key = self.either(depth)
                self._expect("]")
                found = Member(found, key, key.offset, key.end)
        return found

    def _operand(self, depth: int) -> Expression:
        if self._takes("("):
            inner = self.either(depth)
            self._expect(")")
            return inner
        if self.token.kind in ("sign", "close", "end"):
            message = f'a value is missing before "{self.token.text}"' if self.token.text else "a value is missing here"
            raise BadSyntax(self.token.offset, len(self.token.text) or 1, message)
        token = self._take()
        if token.kind == "text":
            return Literal(token.text[1:-1].replace("''", "'"), token.offset, token.end)
        if token.kind == "number":
            return Literal(_number(token.text), token.offset, token.end)
        if self._takes("("):
            return self._call(token, depth)
        if token.text in _WORDS:
            return Literal(_WORDS[token.text], token.offset, token.end)
        return Context(token.text, token.offset, token.end)

    def _call(self, name: Token, depth: int) -> Expression:
        arguments: list[Expression] = []
        if not self._takes(")"):
            arguments.append(self.either(depth))
            while self._takes(","):
                arguments.append(self.either(depth))
            self._expect(")")
        return Call(name.text, tuple(arguments), name.offset, name.end)


def _number(text: str) -> int | float:
    if "x" in text:
        return int(text, 16)
    return float(text) if set(text) & set(".eE") else int(text)


def _unexpected(character: str) -> str:
    way_out = _WAYS_OUT.get(character)
    quoted = "'\"'" if character == '"' else f'"{character}"'
    return f"{quoted} is not part of an expression{f': {way_out}' if way_out else ''}"
