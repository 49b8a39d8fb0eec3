"""Every expression of a file, checked before anything runs: its syntax, its functions, its comparisons."""

from __future__ import annotations

from dataclasses import dataclass

from fusion_kit.definitions.checks.facts import Order, TaskFacts, WorkflowFacts
from fusion_kit.definitions.checks.names import Names, Reference
from fusion_kit.definitions.checks.place import complain
from fusion_kit.definitions.expressions.functions import FUNCTIONS, Function
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
from fusion_kit.definitions.expressions.template import condition, template
from fusion_kit.definitions.shapes.report import Found, Report, TaskLabel, Trail, meant


def check(report: Report, facts: WorkflowFacts | None, order: Order) -> set[str]:
    """Complain of what is wrong with the expressions found in a file; return the inputs they name."""
    used: set[str] = set()
    for found in report.found:
        for expression in _parsed(found, report):
            _Check(found, report, Names(found, report, facts, order, owner(found, facts), used)).visit(expression)
    return used


def owner(found: Found, facts: WorkflowFacts | None) -> TaskFacts | None:
    """Return the task an expression belongs to, if it belongs to one."""
    trail: Trail | None = found.trail
    while trail is not None:
        if isinstance(trail.label, TaskLabel) and facts is not None:
            return facts.by_node.get(id(trail.label.node))
        trail = trail.outer
    return None


def _parsed(found: Found, report: Report) -> tuple[Expression, ...]:
    text = found.node.text
    try:
        if found.condition:
            return (condition(text),)
        whole = template(text)
    except BadSyntax as error:
        complain(report, found.node, (error.offset, error.offset + error.length), error.code, error.message)
        return ()
    if found.lone and whole.lone is None:
        report.add(found.node, "type", f"{found.trail} must be exactly one ${{{{ }}}}, with no text around it")
    return whole.expressions


@dataclass(slots=True)
class _Check:
    found: Found
    report: Report
    names: Names

    def visit(self, expression: Expression) -> None:
        """Check an expression and its parts."""
        match expression:
            case Context() | Member():
                self._reference(expression)
            case Call():
                self._call(expression)
            case Not():
                self.visit(expression.of)
            case Binary():
                self._binary(expression)
            case Literal():
                pass

    def _reference(self, expression: Context | Member) -> None:
        keys: list[Expression] = []
        root: Expression = expression
        while isinstance(root, Member):
            keys.append(root.key)
            root = root.of
        keys.reverse()
        for key in keys:
            if not isinstance(key, Literal):
                self.visit(key)
        if isinstance(root, Context):
            self.names.check(Reference(root, tuple(keys)))
        else:
            self.visit(root)

    def _call(self, call: Call) -> None:
        function = FUNCTIONS.get(call.name)
        if function is None:
            self._complain(call, "function", f'there is no function "{call.name}"', meant_function(call.name))
        elif function.status and not self.found.allowed.status:
            self._complain(call, "function", f"{call.name}() belongs into `if`")
        elif not function.fewest <= len(call.arguments) <= function.most:
            self._complain(call, "function", f"{call.name}() takes {_count(function)}, not {len(call.arguments)}")
        for argument in call.arguments:
            self.visit(argument)

    def _binary(self, binary: Binary) -> None:
        sides = (binary.left, binary.right)
        if binary.operator not in ("&&", "||") and any(isinstance(side, Literal) for side in sides):
            for side in sides:
                task = self.names.reply_of(side)
                if task is not None and isinstance(side, Member):
                    message = (
                        f'the whole reply of "{task}" is compared with a literal; declare `outputs` and compare one'
                    )
                    self._complain(side, "whole-reply", message)
        for side in sides:
            self.visit(side)

    def _complain(self, part: Expression, code: str, message: str, suggestion: str | None = None) -> None:
        complain(self.report, self.found.node, (part.offset, part.end), code, message, suggestion)


def meant_function(name: str) -> str | None:
    """Return the function that was probably meant."""
    lowered = {known.lower(): known for known in FUNCTIONS}
    guess = meant(name.lower().replace("_", ""), lowered)
    return lowered[guess] if guess else None


def _count(function: Function) -> str:
    if function.fewest == function.most:
        return {0: "no argument", 1: "1 argument"}.get(function.most, f"{function.most} arguments")
    return f"at least {function.fewest}" if function.most > 2 else f"{function.fewest} or {function.most} arguments"
