"""Keys that more than one kind of file has."""

from __future__ import annotations

import re

from fusion_kit.core.workflow import RetryOn
from fusion_kit.definitions.keys.contexts import ITERATIONS, TASK, TASK_ENV, UNTIL
from fusion_kit.definitions.keys.values import FIELDS
from fusion_kit.definitions.shapes.parts import Closed, Either, Key, ListOf, MapOf, WholeOrLone
from fusion_kit.definitions.shapes.report import Allowed
from fusion_kit.definitions.shapes.scalars import (
    Boolean,
    Choice,
    Duration,
    Expression,
    Integer,
    Lone,
    Number,
    Text,
    Value,
)

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")

LIMITS = Closed(
    '"limits"',
    {
        "cost_usd": Key(Number(0), "The most it may cost, in US dollars."),
        "tokens": Key(Integer(0), "The most tokens, in and out."),
        "turns": Key(Integer(1), "The most turns of an agent."),
        "items": Key(Integer(1), "The most items a matrix may have."),
    },
    description="Hard ceilings, checked before each task or item starts.",
    synonyms={"cost": "cost_usd", "budget": "cost_usd", "usd": "cost_usd", "max_turns": "turns"},
)

RETRY = Either(
    scalar=Integer(0, 100),
    mapping=Closed(
        '"retry"',
        {
            "max": Key(Integer(0, 100), "How many extra attempts."),
            "delay": Key(Duration(zero=True), "The wait before the first extra attempt."),
            "backoff": Key(Number(1), "Each further wait is this many times as long."),
            "when": Key(ListOf(Choice(tuple(RetryOn)), one=True), "Which failures are tried again."),
        },
        synonyms={"attempts": "max", "max_attempts": "max", "limit": "max", "on": "when", "interval": "delay"},
    ),
    wanted="a number of extra attempts, or a mapping with max, delay, backoff and when",
)

CACHE = Closed(
    '"cache"',
    {
        "files": Key(
            ListOf(Text(filled=True), one=True, filled=True),
            "Globs: while these are unchanged the task is skipped; without them, while no file is changed.",
        ),
        "paths": Key(
            ListOf(Text(filled=True), one=True, filled=True),
            "What is kept and put back when it is skipped in a shared workspace.",
        ),
    },
    synonyms={"key": "files", "path": "paths"},
)

DONE_WHEN = Closed(
    '"done_when"',
    {
        "changes": Key(Boolean(), "true: files must have changed; false: none may have."),
        "run": Key(Text(filled=True, code=True), "A command that must succeed in the task's workspace."),
    },
)

APPROVAL = Either(
    scalar=Text(TASK, filled=True),
    mapping=Closed(
        '"approval"',
        {
            "message": Key(Text(TASK, filled=True), "What is asked.", required=True),
            "timeout": Key(Duration(), "Without an answer by then the task fails."),
            "inputs": Key(FIELDS, "A typed form; the answers are the task's outputs."),
        },
    ),
    wanted="a question, or a mapping with message, timeout and inputs",
)

REPEAT = Closed(
    '"repeat"',
    {
        "until": Key(Expression(UNTIL), "Ends the loop once it holds; sees `outputs`, the task's own.", required=True),
        "max": Key(
            WholeOrLone(Integer(1, 1000), Lone(ITERATIONS, "a whole number or exactly one ${{ }}")),
            "The most iterations.",
            required=True,
        ),
    },
    synonyms={"max_iterations": "max", "times": "max", "while": "until"},
)

ON_CONFLICT = Choice(("fail", "agent"))


def environment(allowed: Allowed | None) -> MapOf:
    """Return the shape of an `env`, whose values may see what `allowed` says."""
    return MapOf(Value(allowed), VARIABLE, "the name of a variable: letters, digits and _, not beginning with a digit")


TASK_ENVIRONMENT = environment(TASK_ENV)
GLOBS = ListOf(Text(filled=True), one=True)
