"""Shapes of values without parts: text, numbers, durations, choices, ids."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fusion_kit.core.ids import ID
from fusion_kit.definitions.shapes.report import BAD, Allowed, Found, Report, Trail
from fusion_kit.definitions.tree.node import Node, Scalar, described

_DURATION = re.compile(r"(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?")
_UNITS_S = (86400.0, 3600.0, 60.0, 1.0, 0.001)
_NUMBER = re.compile(r"\d+(\.\d+)?")
OPENING = "${{"


def refuse(node: Node, trail: Trail, report: Report, wanted: str, code: str = "type") -> object:
    """Say that a value is not what it must be."""
    report.add(node, code, f"{trail} must be {wanted}, not {described(node)}")
    return BAD


@dataclass(frozen=True, slots=True)
class Text:
    """Text; `allowed` says what its expressions may see, without it there may be none."""

    allowed: Allowed | None = None
    filled: bool = False
    code: bool = False  # it is run by a shell: no expression may ever be in it
    description: str = ""

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return the text."""
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            return refuse(node, trail, report, "text")
        if self.filled and not node.value.strip():
            report.add(node, "empty", f"{trail} is empty")
            return BAD
        if OPENING in node.value:
            noted(node, trail, report, self.allowed, code=self.code)
        return node.value

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "string", **({"minLength": 1} if self.filled else {})}


def noted(node: Scalar, trail: Trail, report: Report, allowed: Allowed | None, *, code: bool = False) -> None:
    """Note the expressions in a text, or complain that there may be none."""
    if allowed is not None:
        report.found.append(Found(node, trail, allowed))
    elif code:
        message = f"no ${{{{ }}}} inside {trail}: text could become code; pass it by `env:` and use the variable"
        _at_opening(node, report, "expression-in-code", message)
    else:
        _at_opening(node, report, "no-expression-here", f"{trail} cannot hold ${{{{ }}}}: it is never evaluated")


def _at_opening(node: Scalar, report: Report, code: str, message: str) -> None:
    start = report.text.find(OPENING, node.index)
    if start < 0:
        report.add(node, code, message)
        return
    line_start = report.text.rfind("\n", 0, start) + 1
    end = report.text.find("}}", start)
    line_end = report.text.find("\n", start)
    line = node.line + report.text.count("\n", node.index, start)
    stop = end + 2 if end >= 0 and (line_end < 0 or end < line_end) else start + len(OPENING)
    report.add_at(line, start - line_start, code, message, end=stop - line_start)


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression, with or without `${{ }}` around it; a boolean stands for itself."""

    allowed: Allowed
    description: str = ""

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return its text."""
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return "true" if node.value else "false"
        if not isinstance(node, Scalar) or not isinstance(node.value, str) or not node.value.strip():
            return refuse(node, trail, report, "an expression")
        report.found.append(Found(node, trail, self.allowed, condition=True))
        return node.value

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": ["string", "boolean"]}


@dataclass(frozen=True, slots=True)
class Lone:
    """Exactly one `${{ }}`, which becomes a value of any type."""

    allowed: Allowed
    wanted: str
    description: str = ""

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return its text."""
        if not isinstance(node, Scalar) or not isinstance(node.value, str) or OPENING not in node.value:
            return refuse(node, trail, report, self.wanted)
        report.found.append(Found(node, trail, self.allowed, lone=True))
        return node.value

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "string", "pattern": r"^\s*\$\{\{[\s\S]*\}\}\s*$"}


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number within bounds."""

    minimum: int | None = None
    maximum: int | None = None
    description: str = ""

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return the number."""
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, int) or isinstance(value, bool):
            return refuse(node, trail, report, "a whole number")
        return _bounded(value, self.minimum, self.maximum, node, trail, report)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "integer", **_bounds(self.minimum, self.maximum)}


@dataclass(frozen=True, slots=True)
class Number:
    """A number within bounds."""

    minimum: float | None = None
    maximum: float | None = None
    description: str = ""

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return the number."""
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, int | float) or isinstance(value, bool):
            return refuse(node, trail, report, "a number")
        return _bounded(value, self.minimum, self.maximum, node, trail, report)

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "number", **_bounds(self.minimum, self.maximum)}


def _bounds(minimum: float | None, maximum: float | None) -> dict[str, object]:
    return {name: bound for name, bound in (("minimum", minimum), ("maximum", maximum)) if bound is not None}


def _bounded(
    value: float, minimum: float | None, maximum: float | None, node: Node, trail: Trail, report: Report
) -> object:
    if minimum is not None and value < minimum:
        report.add(node, "range", f"{trail} must be at least {minimum}, not {value}")
        return BAD
    if maximum is not None and value > maximum:
        report.add(node, "range", f"{trail} must be at most {maximum}, not {value}")
        return BAD
    return value


@dataclass(frozen=True, slots=True)
class Boolean:
    """true or false."""

    description: str = ""

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return the boolean."""
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        return refuse(node, trail, report, "true or false")

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Duration:
    """Text such as `90s` or `1h30m`, as seconds."""

    description: str = ""
    zero: bool = False

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return seconds."""
        text = node.text if isinstance(node, Scalar) else ""
        if _NUMBER.fullmatch(text):
            report.add(node, "duration", f"{trail} needs a unit: write {text}s, {text}m or {text}h")
            return BAD
        found = _DURATION.fullmatch(text)
        if found is None or not text:
            return refuse(node, trail, report, "a duration such as 90s, 30m or 1h30m", "duration")
        seconds = sum(float(part) * unit for part, unit in zip(found.groups(), _UNITS_S, strict=True) if part)
        if seconds <= 0 and not self.zero:
            report.add(node, "duration", f"{trail} must be longer than nothing")
            return BAD
        return seconds

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "string", "pattern": r"^(?=\d)(\d+d)?(\d+h)?(\d+m)?(\d+(\.\d+)?s)?(\d+ms)?$"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]
    description: str = ""

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return the word."""
        text = node.text if isinstance(node, Scalar) else None
        if text in self.words:
            return text
        wanted = " | ".join(self.words)
        report.add(
            node, "choice", f"{trail} must be {wanted}, not {described(node)}", report.guess(text or "", self.words)
        )
        return BAD

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Name:
    """An id: of a task, a workflow, an agent, a capability."""

    description: str = ""

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return the id."""
        text = node.text if isinstance(node, Scalar) else ""
        if ID.fullmatch(text):
            return text
        if not isinstance(node, Scalar):
            return refuse(node, trail, report, "an id", "id")
        rule = "1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit"
        report.add(node, "id", f"{trail} must be an id ({rule}), not {described(node)}", _slugged(text))
        return BAD

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": "string", "pattern": f"^{ID.pattern}$"}


def _slugged(text: str) -> str | None:
    plain = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-_")
    return plain if ID.fullmatch(plain) else None


@dataclass(frozen=True, slots=True)
class Value:
    """The value of an environment variable: text, or a number or boolean as it is written."""

    allowed: Allowed | None = None
    description: str = ""

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return its text."""
        if not isinstance(node, Scalar) or (node.value is None and node.text):
            return refuse(node, trail, report, "text")
        if OPENING in node.text:
            noted(node, trail, report, self.allowed)
        return node.text

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        return {"type": ["string", "number", "boolean"]}
