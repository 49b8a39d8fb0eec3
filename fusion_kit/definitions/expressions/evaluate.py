"""The value of an expression in a scope; a class that fits the engine's port."""

from __future__ import annotations

from collections.abc import Mapping

from fusion_kit.core.scope import Scope
from fusion_kit.definitions.expressions import values
from fusion_kit.definitions.expressions.functions import FUNCTIONS, ExpressionFailed
from fusion_kit.definitions.expressions.syntax import (
    BadSyntax,
    Binary,
    Call,
    Context,
    Expression,
    Literal,
    Member,
    Not,
    walk,
)
from fusion_kit.definitions.expressions.template import OPENING, condition, template

_CONTEXTS = frozenset(Scope.__dataclass_fields__) - {"failed", "cancelled", "root"}


class Expressions:
    """The `${{ }}` language; holds nothing but a cache of parsed texts."""

    def value(self, template: object, scope: Scope) -> object:
        """Return `template` with every `${{ }}` in it replaced, in lists and mappings too; a lone one keeps its type.

        What an expression yields is put in as it is: a `${{` in it is text. Raises `ExpressionFailed`.
        """
        if isinstance(template, str):
            return _rendered(template, scope) if OPENING in template else template
        if isinstance(template, list | tuple):
            return [self.value(item, scope) for item in template]
        if isinstance(template, Mapping):
            return {key: self.value(item, scope) for key, item in template.items()}
        return template

    def holds(self, condition: str, scope: Scope) -> bool:
        """Return whether an `if:` or `until:` holds; without a status function it means `success() && ...`."""
        return _holds(condition, scope)


def _rendered(text: str, scope: Scope) -> object:
    try:
        parts = template(text)
    except BadSyntax as error:
        raise ExpressionFailed(complaint=error.message) from None
    if parts.lone is not None:
        return evaluated(parts.lone, scope)
    return "".join(part if isinstance(part, str) else values.text(evaluated(part, scope)) for part in parts.parts)


def _holds(text: str, scope: Scope) -> bool:
    try:
        expression = condition(text)
    except BadSyntax as error:
        raise ExpressionFailed(complaint=error.message) from None
    if not uses_status(expression) and (scope.failed or scope.cancelled):
        return False
    return values.truth(evaluated(expression, scope))


def uses_status(expression: Expression) -> bool:
    """Whether it asks success(), failure(), cancelled() or always()."""
    return any(
        isinstance(part, Call) and part.name in FUNCTIONS and FUNCTIONS[part.name].status for part in walk(expression)
    )


def evaluated(expression: Expression, scope: Scope) -> object:
    """Return the value of an expression; raises `ExpressionFailed`."""
    match expression:
        case Literal():
            return expression.value
        case Context():
            return _context(expression.name, scope)
        case Member():
            return values.member(evaluated(expression.of, scope), evaluated(expression.key, scope))
        case Not():
            return not values.truth(evaluated(expression.of, scope))
        case Call():
            return _called(expression, scope)
        case Binary():
            return _binary(expression, scope)


def _context(name: str, scope: Scope) -> object:
    if name not in _CONTEXTS:
        raise ExpressionFailed(complaint=f"there is no context {name!r}")
    return getattr(scope, name)


def _called(call: Call, scope: Scope) -> object:
    function = FUNCTIONS.get(call.name)
    if function is None or not function.fewest <= len(call.arguments) <= function.most:
        raise ExpressionFailed(complaint=f"there is no function {call.name!r} of {len(call.arguments)} arguments")
    return function.call(scope, [evaluated(argument, scope) for argument in call.arguments])


def _binary(expression: Binary, scope: Scope) -> object:
    left = evaluated(expression.left, scope)
    match expression.operator:
        case "&&":
            return evaluated(expression.right, scope) if values.truth(left) else left
        case "||":
            return left if values.truth(left) else evaluated(expression.right, scope)
        case "==":
            return values.equal(left, evaluated(expression.right, scope))
        case "!=":
            return not values.equal(left, evaluated(expression.right, scope))
        case operator:
            return values.compared(operator, left, evaluated(expression.right, scope))
