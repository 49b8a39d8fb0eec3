"""What an attempt came to, before anybody decides whether to try again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fusion_kit.core.errors import FusionError
from fusion_kit.core.process import Ended, Exit
from fusion_kit.core.states import Outcome
from fusion_kit.core.work import Usage


@dataclass(frozen=True, slots=True)
class Verdict:
    """`outcome` success means done by contract; everything else says why not."""

    outcome: Outcome
    exit_code: int | None = None
    outputs: Mapping[str, object] = field(default_factory=dict)
    artifacts: tuple[Mapping[str, object], ...] = ()
    usage: Usage | None = None
    branch: str | None = None
    commit: str | None = None
    flags: tuple[str, ...] = ()
    error: Mapping[str, object] | None = None


def error_of(code: str, message: str, hint: str = "") -> dict[str, object]:
    """Return an error as programs read it."""
    return {"code": code, "message": message, "hint": hint}


def refused(outcome: Outcome, error: FusionError) -> Verdict:
    """Return the verdict on an attempt that one of our own errors ended."""
    return Verdict(outcome, error=error_of(error.code, str(error), error.way_out))


_BY_EXIT = {
    Ended.TIMEOUT: (Outcome.TIMEOUT, "it ran longer than its time-out allows"),
    Ended.STALLED: (Outcome.STALLED, "it was silent for too long and nothing of it was busy"),
    Ended.STOPPED: (Outcome.CANCELLED, "it was stopped"),
    Ended.LOST: (Outcome.LOST, "its process vanished without leaving an exit record"),
    Ended.LOG_LIMIT: (Outcome.EXIT_CODE, "it printed more than it may"),
    Ended.NOT_STARTED: (Outcome.EXIT_CODE, "its program could not be started"),
}


def by_exit(found: Exit) -> Verdict | None:
    """Return the verdict that the way of ending alone decides; None where what was printed must be read."""
    if found.reason not in _BY_EXIT:
        return None
    outcome, sentence = _BY_EXIT[found.reason]
    message = f"{sentence}: {found.message}" if found.message else sentence
    return Verdict(outcome, exit_code=found.code, error=error_of(found.reason.value, message))
