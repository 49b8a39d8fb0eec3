"""What an agent's machine output says, by the few field names that most programs share.

One JSON object, or the last of many lines that has a field:

    text      result | text | output            a text
    outputs   outputs | structured_output       an object
    usage     usage: {input_tokens | prompt_tokens, output_tokens | completion_tokens, turns, cost}
    turns     num_turns | turns                 a whole number
    cost      cost_usd | total_cost_usd         US dollars
    session   session_id                        a text
    failure   error: a text or {message, code | type, retry_after_s}; or is_error: true, with the text as its message;
              or stop_reason | finish_reason | subtype: max_tokens, length, error_max_turns ..., the last turn cut off
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import UnionType

from fusion_kit.core.states import Outcome
from fusion_kit.core.work import Usage

_FIELDS: dict[str, tuple[tuple[str, ...], type | UnionType]] = {
    "text": (("result", "text", "output"), str),
    "outputs": (("outputs", "structured_output"), dict),
    "usage": (("usage",), dict),
    "turns": (("num_turns", "turns"), int),
    "cost": (("cost_usd", "total_cost_usd"), int | float),
    "session": (("session_id",), str),
    "error": (("error",), str | dict),
    "is_error": (("is_error",), bool),
    "stop": (("stop_reason", "finish_reason", "subtype"), str),
}
_OUTCOMES = {
    Outcome.QUOTA: ("quota", "rate_limit", "rate_limit_error", "overloaded_error", "insufficient_quota"),
    Outcome.AUTH: ("auth", "authentication_error", "permission_error", "unauthorized"),
    Outcome.BUDGET: ("budget", "max_budget"),
    Outcome.TRUNCATED: ("truncated", "max_tokens", "max_output_tokens", "max_turns", "error_max_turns", "length"),
}
_OUTCOME_OF = {code: outcome for outcome, codes in _OUTCOMES.items() for code in codes}


@dataclass(frozen=True, slots=True)
class Failure:
    """What an agent says went wrong; `outcome` is the class of its `code`."""

    message: str
    code: str = "agent-error"
    outcome: Outcome = Outcome.EXIT_CODE
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An agent's own account of its work."""

    text: str = ""
    outputs: Mapping[str, object] | None = None
    usage: Usage | None = None
    session: str | None = None
    failure: Failure | None = None


def answer(objects: Iterable[Mapping[str, object]]) -> Answer:
    """Return what `objects`, the newest first, say together: for each field the newest one that has it."""
    found = _newest(objects)
    text = str(found.get("text", "")).strip()
    outputs = found.get("outputs")
    return Answer(
        text=text,
        outputs=outputs if isinstance(outputs, dict) else None,
        usage=_usage(found),
        session=str(found["session"]) if found.get("session") else None,
        failure=_failure(found, text),
    )


def _newest(objects: Iterable[Mapping[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for entry in objects:
        for field in _FIELDS.keys() - found.keys():
            value = _field(entry, field)
            if value is not None:
                found[field] = value
        if len(found) == len(_FIELDS):
            break
    return found


def _field(entry: Mapping[str, object], field: str) -> object:
    """Return the first of a field's names that holds a value of its kind; a boolean is no number."""
    names, kind = _FIELDS[field]
    values = (entry.get(name) for name in names)
    return next((value for value in values if isinstance(value, kind) and (kind is bool or value is not True)), None)


def _usage(found: Mapping[str, object]) -> Usage | None:
    told = found.get("usage")
    told = told if isinstance(told, dict) else {}
    usage = Usage(
        input_tokens=_count(told.get("input_tokens", told.get("prompt_tokens"))),
        output_tokens=_count(told.get("output_tokens", told.get("completion_tokens"))),
        cost_usd=amount(found.get("cost", told.get("cost"))),
        turns=_count(found.get("turns", told.get("turns"))),
    )
    return None if usage == Usage() else usage


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def amount(value: object) -> float | None:
    """Return a number that can be a cost or a number of seconds; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e15 else None


def _failure(found: Mapping[str, object], text: str) -> Failure | None:
    """Read the error; one that a later `is_error: false` takes back is none."""
    error, is_error = found.get("error"), found.get("is_error")
    stop = str(found.get("stop", "")).lower().replace("-", "_")
    if error is None and _OUTCOME_OF.get(stop) is Outcome.TRUNCATED:
        return Failure(f"its last turn was cut off: {stop}", code=stop, outcome=Outcome.TRUNCATED)
    if is_error is False or (error is None and not is_error):
        return None
    if not isinstance(error, dict):
        return Failure(str(error or text or "the agent says that it failed"))
    code = str(error.get("code") or error.get("type") or "agent-error")
    return Failure(
        message=str(error.get("message") or text or code),
        code=code,
        outcome=_OUTCOME_OF.get(code.lower().replace("-", "_"), Outcome.EXIT_CODE),
        retry_after_s=amount(error.get("retry_after_s")),
    )
