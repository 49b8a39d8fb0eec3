"""What of all that runs leave behind may go: decided from facts alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fusion_kit.core.states import FINAL_RUNS, RunState


class Standing(StrEnum):
    """What a leftover is to us."""

    ACTIVE = "active"  # somebody uses it, used it lately, or can go on with it
    ORPHAN = "orphan"  # no row knows it
    STALE = "stale"  # what it belongs to has ended, and it is old
    CORRUPT = "corrupt"  # it cannot be read whole, so it cannot be known to hold nothing


@dataclass(frozen=True, slots=True)
class Leftover:
    """The facts on one thing; `used_at` None: its age does not count."""

    kind: str  # workspace | run | branch | merge | pin | worktree | trash | incoming | trusted | unfinished
    subject: str
    used_at: datetime | None = None
    run: str | None = None
    run_state: RunState | None = None
    known: bool = True  # some row knows it, or it needs none
    busy: str = ""  # who uses it just now
    broken: str = ""  # why it cannot be read
    bytes: int = 0  # on the disk
    salvages: bool = False  # it holds work that no ref holds yet


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was decided, and why, in words that stand behind the subject."""

    leftover: Leftover
    standing: Standing
    reason: str

    @property
    def goes(self) -> bool:
        """Whether it is to be removed."""
        return self.standing in (Standing.ORPHAN, Standing.STALE)


def judged(found: Leftover, before: datetime) -> Judgement:
    """Decide on one leftover; only what was not used since `before` goes, and never what cannot be read."""
    standing, reason = _standing(found, before)
    return Judgement(found, standing, reason)


def _standing(found: Leftover, before: datetime) -> tuple[Standing, str]:
    if found.busy:
        return Standing.ACTIVE, found.busy
    if found.run_state is not None and found.run_state not in FINAL_RUNS:
        return Standing.ACTIVE, f"run {found.run} can be resumed"
    if found.used_at is not None and found.used_at >= before:
        return Standing.ACTIVE, "used lately"
    if found.broken:
        return Standing.CORRUPT, found.broken
    if not found.known:
        return Standing.ORPHAN, "nothing in the log knows it"
    if found.run_state is not None:
        return Standing.STALE, f"run {found.run} {found.run_state.value}"
    return Standing.STALE, _REASONS.get(found.kind, "not used any more")


_REASONS = {
    "workspace": "its agent has nothing to do",
    "worktree": "its folder is gone",
    "trash": "put away because it was broken or in the way",
    "incoming": "left by a process that died",
    "trusted": "the configuration has changed since",
    "unfinished": "an earlier clean had begun to delete it",
}
