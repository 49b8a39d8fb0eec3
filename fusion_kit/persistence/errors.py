"""What can go wrong with the ledger, in sentences a person can act on."""

from __future__ import annotations

from fusion_kit.core.errors import FusionError, UsageError


class EventTooLarge(FusionError):
    """The event {type} takes {size_bytes} bytes; a line of the log holds at most {limit_bytes}."""

    hint = "Put large outputs into a file and declare it as an artifact."


class UnwritableEvent(FusionError):
    """The event {type} holds a value that JSON cannot express: {why}."""


class LedgerDamaged(FusionError):
    """The log in {state} cannot be trusted: {why}."""

    hint = "`fusion-kit doctor` shows the damage; `fusion-kit doctor --repair` sets it aside and says what was lost."


class LedgerFull(FusionError):
    """The disk is full: nothing more can be recorded in {state}."""

    hint = "Free some space, then `fusion-kit resume`; what was recorded is safe, and no agent was killed."


class LedgerUnavailable(FusionError):
    """The log in {state} could not be read or written: {why}."""

    hint = "What was recorded before is safe. Check the disk, then `fusion-kit resume`."


class NetworkFileSystem(UsageError):
    """The state in {state} lies on a network file system ({kind}), where file locks do not hold."""

    hint = "Clone the repository to a local disk and run there."


class RunOwned(UsageError):
    """Run {run} belongs to process {pid} on {host}, since {since}."""

    hint = "Watch it with `fusion-kit status {run}`, or stop it with `fusion-kit cancel {run}`."


class AmbiguousRun(UsageError):
    """More than one run begins with {prefix!r}: {runs}."""

    hint = "Type a few more letters."
