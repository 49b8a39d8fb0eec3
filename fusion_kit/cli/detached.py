"""A run that goes on without its terminal: this process forks, the parent reports how the child began."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable

from fusion_kit.core.errors import UsageError

Begun = Callable[[str], None]  # told the id of the run once it is in the log


class CannotDetach(UsageError):
    """A run cannot be left behind on this system."""

    hint = "Leave out --detach and send the terminal to the background instead."


def detached(work: Callable[[Begun], int], told: Callable[[BaseException], int]) -> tuple[str | None, int]:
    """Run `work` in a child with a session of its own and return (run id, 0) once it says that the run has begun.

    What `work` raises is `told` in the child, on our streams. A child that ends before it has begun makes this
    return (None, its exit code). Raises `CannotDetach`.
    """
    if not hasattr(os, "fork"):
        raise CannotDetach
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os._exit(_in_child(work, told, writing))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        run = pipe.read().decode()
    return (run, 0) if run else (None, _early_end(child))


def _in_child(work: Callable[[Begun], int], told: Callable[[BaseException], int], writing: int) -> int:
    def begun(run: str) -> None:
        _let_go_of_terminal()
        with contextlib.suppress(BrokenPipeError):  # the parent was killed; the run goes on all the same
            os.write(writing, run.encode())
        os.close(writing)

    try:
        os.setsid()
        return work(begun)
    except BaseException as error:  # noqa: BLE001 - the edge of a process: whatever happens is told
        return told(error)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _let_go_of_terminal() -> None:
    """From here on nobody reads what we print: the log and the events tell the rest."""
    sys.stdout.flush()
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def _early_end(child: int) -> int:
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code
