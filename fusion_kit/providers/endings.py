"""What the end of a process already says, before anything that it printed is read."""

from __future__ import annotations

import signal
from pathlib import Path

from fusion_kit.core.process import Ended, Exit
from fusion_kit.core.states import Outcome
from fusion_kit.core.work import Report, Transcript
from fusion_kit.providers.recordings import last_line

# how an attempt ended -> its outcome, its code, and what a person reads where the executor says nothing
_BROKEN: dict[Ended, tuple[Outcome, str, str]] = {
    Ended.TIMEOUT: (Outcome.TIMEOUT, "timeout", "it ran longer than its time-out allows"),
    Ended.STALLED: (Outcome.STALLED, "stalled", "it was silent for too long and nothing of it was busy"),
    Ended.STOPPED: (Outcome.CANCELLED, "stopped", "it was stopped"),
    Ended.LOG_LIMIT: (Outcome.EXIT_CODE, "log_limit", "it printed more than it may"),
    Ended.LOST: (Outcome.LOST, "lost", "its process vanished without leaving an exit record"),
    Ended.NOT_STARTED: (Outcome.EXIT_CODE, "not_started", "its program could not be started"),
}


def broken(exit_: Exit) -> Report | None:
    """Return the report of an attempt that was not allowed to end; None if its program ended, or gave its result."""
    if exit_.reason not in _BROKEN:
        return None
    outcome, code, message = _BROKEN[exit_.reason]
    return Report(outcome, error_code=code, error_message=f"{message}: {exit_.message}" if exit_.message else message)


def failed(transcript: Transcript) -> Report | None:
    """Return the report of a program that ended by itself with anything but 0; None otherwise."""
    exit_ = transcript.exit
    if exit_.reason is not Ended.EXIT or exit_.code == 0:
        return None
    said = _last_words(transcript.err, transcript.out)
    return Report(Outcome.EXIT_CODE, error_code="exit-code", error_message=f"{_how(exit_.code)}{said}")


def _how(code: int | None) -> str:
    if code is None:
        return "it ended with an unknown exit code"
    return f"it ended with exit code {code}" if code >= 0 else f"it was killed by {_signal(-code)}"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_words(*logs: Path) -> str:
    said = next(filter(None, map(last_line, logs)), "")
    return f": {said}" if said else ""
