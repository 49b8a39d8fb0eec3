"""Where the value of a secret comes from: a person who types unseen, or a program that pipes it in."""

from __future__ import annotations

import sys

from fusion_kit.cli.exit_codes import Interrupted
from fusion_kit.cli.session import Session
from fusion_kit.core.errors import UsageError


class OnTheCommandLine(UsageError):
    """The value of a secret does not go on the command line: the shell's history keeps it, and `ps` shows it."""

    hint = "`{command}` asks for it, or reads it from stdin. Change the secret: it has been seen."


class NothingTyped(UsageError):
    """Nothing was given as the value of the secret {name}."""

    hint = "Type it when asked, or pipe it in: `... | {command}`."


class CannotAsk(UsageError):
    """The value of the secret {name} is asked for, and --no-input forbids to ask."""

    hint = "Pipe it in: `... | {command}`."


def value_of(session: Session, name: str) -> str:
    """Return the value for a secret, without one newline at its end; raises `NothingTyped`, `CannotAsk`."""
    command = session.command("secret", "set", name)
    if not sys.stdin.isatty():
        value = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    elif session.settings.no_input:
        raise CannotAsk(name=name, command=command)
    else:
        value = _typed(name)
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise NothingTyped(name=name, command=command)
    return value


def _typed(name: str) -> str:
    from getpass import getpass

    try:
        return getpass(f"Value of {name}, which is not shown: ", stream=sys.stderr)
    except (EOFError, KeyboardInterrupt):
        raise Interrupted from None
