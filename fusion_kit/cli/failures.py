"""What a person and a program are told when a command did not do what was asked."""

from __future__ import annotations

import errno
import shlex
import tempfile
import traceback
from typing import Any

import typer

from fusion_kit.cli import exit_codes
from fusion_kit.cli.documents import failure_document
from fusion_kit.cli.output import Output
from fusion_kit.cli.settings import Mode
from fusion_kit.core.errors import FusionError, NotFound

# The parser's own errors, wherever this version of Typer keeps them.
PARSER_ERRORS: tuple[type[Exception], ...] = tuple(
    kind for kind in typer.BadParameter.__mro__[1:3] if issubclass(kind, Exception)
)

# What the machine, and nothing of ours, is to blame for.
_OF_THE_MACHINE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE}
    | {errno.ENFILE, errno.ENOMEM, errno.EAGAIN}
)
_OF_THE_DISKS_SIZE = frozenset({errno.ENOSPC, errno.EDQUOT})

_LISTS = {
    "run": "`fusion-kit history` lists the runs.",
    "task": "`fusion-kit status RUN` lists the tasks of a run.",
    "workflow": "`fusion-kit list` lists the workflows.",
}


def report(error: BaseException, show: Output) -> int:
    """Print what `error` means, on stderr and in JSON where that was asked for, and return the exit code."""
    code, name, message, hint = _told(error, show)
    if message:
        problems = _print_problems(error, show)
        show.complain(*(problems or (message, hint)))
    if show.settings.output is Mode.JSON:
        show.document(failure_document(code, name, message or "interrupted", hint))
    return code


def _told(error: BaseException, show: Output) -> tuple[int, str, str, str]:
    if isinstance(error, FusionError):
        return exit_codes.of_error(error), error.code, str(error), error.way_out or _lists(error)
    if isinstance(error, PARSER_ERRORS):
        return _parser(error)
    if isinstance(error, (exit_codes.Interrupted, KeyboardInterrupt, typer.Abort)):
        return exit_codes.INTERRUPTED, "interrupted", "", ""
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        return _refused_by_the_machine(error, show)
    return _unexpected(error, show)


def _lists(error: FusionError) -> str:
    """What is not there can be looked up, by a command that the rooms below us need not know."""
    return _LISTS.get(str(error.facts.get("kind")), "") if isinstance(error, NotFound) else ""


def _parser(error: Any) -> tuple[int, str, str, str]:
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx is not None else "fusion-kit"
    close = sorted(getattr(error, "possibilities", None) or ())
    sentence = (error.message if close else error.format_message()).strip().rstrip(".").replace("Value error, ", "")
    sentence = sentence.replace(": Input should be", ": it should be")
    message = f"{sentence}; did you mean {close[0]}?" if close else f"{sentence}."
    return exit_codes.USAGE, "usage", message, f"`{path} --help` explains it."


def _refused_by_the_machine(error: OSError, show: Output) -> tuple[int, str, str, str]:
    if show.settings.verbose:
        show.explain("".join(traceback.format_exception(error)))
    where = f" ({error.filename})" if error.filename else ""
    message = f"the machine could not go on: {error.strerror}{where}"
    first = "Free some space" if error.errno in _OF_THE_DISKS_SIZE else "Mend that"
    return exit_codes.INTERNAL, "machine", message, f"{first}; `fusion-kit resume` goes on with a run that had begun."


def _unexpected(error: BaseException, show: Output) -> tuple[int, str, str, str]:
    story = "".join(traceback.format_exception(error))
    message = f"something went wrong inside fusion-kit: {type(error).__name__}: {error}"
    if show.settings.verbose:
        show.explain(story)
        return exit_codes.INTERNAL, "internal", message, ""
    return exit_codes.INTERNAL, "internal", message, _kept(story)


def _kept(story: str) -> str:
    try:
        with tempfile.NamedTemporaryFile("w", prefix="fusion-kit-", suffix=".txt", delete=False) as file:
            file.write(story)
    except OSError:
        return "The traceback could not be written; -v shows it."
    return f"The traceback is in {file.name}; -v shows it."


def _print_problems(error: BaseException, show: Output) -> tuple[str, str] | None:
    """Broken definitions bring their problems, each with its line and a caret; return what else is to be said."""
    if not isinstance(error, FusionError) or not getattr(error, "problems", ()):
        return None
    from fusion_kit.definitions import InvalidDefinitions, render

    assert isinstance(error, InvalidDefinitions)
    for problem in error.problems:
        show.explain(render(problem))
    elsewhere = {problem.file for problem in error.problems if not problem.file.startswith(".fusion/")}
    again = shlex.join(["fusion-kit", "validate", *sorted(elsewhere)])
    return f"the definitions have {error.facts['count']}; nothing was started.", f"`{again}` checks them again."
