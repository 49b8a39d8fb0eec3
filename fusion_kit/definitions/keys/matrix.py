"""`strategy`: a matrix of axes, each a list or an expression that becomes one at run time."""

from __future__ import annotations

from dataclasses import dataclass

from fusion_kit.definitions.keys.contexts import AXES, TASK
from fusion_kit.definitions.keys.values import FIELD, FIELD_IS
from fusion_kit.definitions.shapes.parts import Anything, Closed, Either, FreeMapping, Key, ListOf
from fusion_kit.definitions.shapes.report import BAD, Report, Trail
from fusion_kit.definitions.shapes.scalars import Boolean, Integer, Lone, Text, refuse
from fusion_kit.definitions.tree.node import Mapping, Node, Scalar, Sequence

_AXIS = Either(
    scalar=Lone(AXES, "a list or exactly one ${{ }}"),
    sequence=ListOf(Anything(AXES), filled=True),
    wanted="a list or exactly one ${{ }}",
)
_RULES = ListOf(FreeMapping(Anything(AXES)))


@dataclass(frozen=True, slots=True)
class MatrixShape:
    """Axis -> values, with `include` and `exclude` among them."""

    description: str = "Axes, whose product are the items; `include` adds to them, `exclude` takes away."

    def read(self, node: Node, trail: Trail, report: Report) -> object:
        """Return axis -> list or template, and the rules."""
        if not isinstance(node, Mapping):
            return refuse(node, trail, report, "a mapping of axes")
        values: dict[str, object] = {}
        for name, inner in node.values.items():
            if not FIELD.fullmatch(name):
                report.add(node.keys[name], "name", f'the axis "{name[:60]}" in {trail} must be {FIELD_IS}')
                continue
            shape = _RULES if name in ("include", "exclude") else _AXIS
            value = shape.read(inner, Trail(f'"{name}"', trail), report)
            if value is not BAD:
                values[name] = value
            self._check_numbers(inner, report)
        self._check_rules(node, trail, report)
        return values

    def _check_numbers(self, axis: Node, report: Report) -> None:
        """3.10 is 3.1: whoever writes a version as a number is told so."""
        for item in axis.items if isinstance(axis, Sequence) else ():
            if isinstance(item, Scalar) and isinstance(item.value, float) and item.text != repr(item.value):
                message = f'{item.text} is the number {item.value!r}; write "{item.text}" in quotes to keep it as it is'
                report.add(item, "number-as-text", message, warning=True)

    def _check_rules(self, node: Mapping, trail: Trail, report: Report) -> None:
        axes = [name for name in node.values if name not in ("include", "exclude")]
        if not axes and not isinstance(node.values.get("include"), Sequence):
            report.add(node, "empty", f"{trail} has no axis")
        rules = node.values.get("exclude")
        for rule in rules.items if isinstance(rules, Sequence) else ():
            for name in rule.values if isinstance(rule, Mapping) else ():
                if name not in axes and isinstance(rule, Mapping):
                    report.add(
                        rule.keys[name], "unknown-axis", f'"exclude" in {trail} names "{name}", which is no axis'
                    )

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        rules = _RULES.schema()
        return {
            "type": "object",
            "properties": {"include": rules, "exclude": rules},
            "additionalProperties": _AXIS.schema(),
        }


STRATEGY = Closed(
    '"strategy"',
    {
        "matrix": Key(MatrixShape(), "", required=True),
        "key": Key(Text(TASK, filled=True), "The stable id of an item: its branch, its resume, its retry, its label."),
        "max_parallel": Key(Integer(1), "How many items may run at once."),
        "fail_fast": Key(Boolean(), "Whether the first failed item stops the others; false by default."),
    },
)
