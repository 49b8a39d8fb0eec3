"""What a node becomes that stands for several: the items of a matrix, a turn of a repetition, a workflow's tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from fusion_kit.coordination.contexts import repeat_facts, scope_of, text_of
from fusion_kit.coordination.execution import Execution
from fusion_kit.coordination.frames import Frame, Node, items_frame, tasks_frame, turn_frame
from fusion_kit.core import matrix as matrices
from fusion_kit.core.errors import FusionError
from fusion_kit.core.matrix import Values


class TooManyItems(FusionError):
    """The matrix has {count} items, and `limits.items` allows {limit}."""

    hint = "Raise `limits.items`, or give the matrix fewer items."


def inside(execution: Execution, node: Node) -> Frame:
    """Return the frame of what a node becomes; raises `TooManyItems`, or what its expressions raise."""
    if node.expands_matrix:
        return _items(execution, node)
    if node.expands_turns:
        return turn_frame(node, _turn_under_way(execution, node))
    return _tasks(execution, node)


def _items(execution: Execution, node: Node) -> Frame:
    matrix = node.spec.matrix
    assert matrix is not None
    scope, value = scope_of(execution, node.frame, node), execution.house.expressions.value
    axes = {name: value(axis, scope) for name, axis in matrix.axes.items()}
    rules = [[cast(Values, value(rule, scope)) for rule in found] for found in (matrix.include, matrix.exclude)]
    matrix = replace(matrix, include=tuple(rules[0]), exclude=tuple(rules[1]))

    def key_of(values: Mapping[str, object]) -> str:
        return text_of(value(matrix.key, replace(scope, matrix=values)))

    found = matrices.items(matrix, axes, key_of if matrix.key is not None else None)
    limit = node.spec.limits.items or execution.bundle.workflow.limits.items
    if limit is not None and len(found) > limit:
        raise TooManyItems(count=len(found), limit=limit)
    return items_frame(node, {item.key: item.values for item in found})


def _turn_under_way(execution: Execution, node: Node) -> int:
    """Return the number of the first turn that has not ended, else of the last one there was."""
    repeat_facts(execution, node)  # its bound must be sound before the first turn begins
    turns = execution.book.children.get(node.id, [])
    unended = (number for number, name in enumerate(turns, 1) if not execution.book.tasks[name].is_final)
    return next(unended, max(len(turns), 1))


def _tasks(execution: Execution, node: Node) -> Frame:
    inner = node.spec.uses
    assert inner is not None
    scope = scope_of(execution, node.frame, node)
    given = {name: execution.house.expressions.value(value, scope) for name, value in node.spec.with_.items()}
    defaults = {name: schema.get("default") for name, schema in inner.inputs.items()}
    return tasks_frame(inner, {**defaults, **given}, {**node.frame.env, **inner.env}, parent=node)
