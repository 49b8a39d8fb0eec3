"""What can go wrong with Git and with workspaces, in a person's words."""

from __future__ import annotations

from fusion_kit.core.code import RefMoved, TargetBusy
from fusion_kit.core.errors import FusionError, UsageError

__all__ = [
    "BadName",
    "GitFailed",
    "GitMissing",
    "GitTimedOut",
    "GitTooOld",
    "NameTaken",
    "Names",
    "NoCommits",
    "NoSuchCommit",
    "OutsideWorkspace",
    "RefMoved",
    "SetupFailed",
    "SomebodyElses",
    "TargetBusy",
]


class Names(tuple[str, ...]):
    """Several names that read as a list in a sentence and stay a tuple as data."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return at most ten of the names, and how many more there are."""
        shown = ", ".join(self[:10])
        return shown if len(self) <= 10 else f"{shown} and {len(self) - 10} more"


class GitMissing(UsageError):
    """There is no program `git` on the PATH."""

    hint = "Install Git {minimum} or newer: https://git-scm.com/downloads"


class GitTooOld(UsageError):
    """Git {found} is too old: fusion-kit needs {minimum}, which merges without a checkout."""

    hint = "Install Git {minimum} or newer: https://git-scm.com/downloads"


class SomebodyElses(UsageError):
    """The repository around {path} belongs to another user, and Git refuses to work in it."""

    hint = "If you trust it: git config --global --add safe.directory {repository}"


class GitFailed(FusionError):
    """`git {command}` failed with code {code}: {said}."""

    hint = "`fusion-kit doctor` checks the repository."


class GitTimedOut(FusionError):
    """`git {command}` did not end within {timeout_s} s and was stopped."""

    hint = "Is the disk very slow, or does the repository's configuration include a file that cannot be read?"


class BadName(UsageError):
    """{name!r} cannot be the name of a {kind}."""

    hint = "`git check-ref-format --branch NAME` says whether a branch may have a name."


class NameTaken(UsageError):
    """There is a branch {taken}, and so Git cannot have a branch {wanted} beside it."""

    hint = "Give it another name: git branch -m {taken} another-name"


class NoCommits(UsageError):
    """The repository has no commit yet, so there is nothing a workspace could start from."""

    hint = 'Make the first one: git add -A && git commit -m "First commit"'


class NoSuchCommit(FusionError):
    """The repository does not hold the commit {commit}."""

    hint = "Somebody may have run `git gc --prune=now`; begin a new run from a branch."


class SetupFailed(FusionError):
    """The workspace's {step} command `{command}` ended with code {code}, and said last: {tail}."""

    hint = "Try it by hand in {workspace}, or change `workspace: {step}` in .fusion/config.yaml."


class OutsideWorkspace(FusionError):
    """{path!r} is not a plain path inside the workspace: {reason}."""
