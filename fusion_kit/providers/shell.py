"""`run:` tasks: the built-in shell agent, whose prompt is a script."""

from __future__ import annotations

import shlex
import sys

from fusion_kit.core.states import Outcome
from fusion_kit.core.work import Invocation, Order, Report, Transcript
from fusion_kit.providers import output_file
from fusion_kit.providers.endings import broken, failed
from fusion_kit.providers.errors import BadOutputFile, BadShell
from fusion_kit.providers.programs import require, unpassable, which
from fusion_kit.providers.recordings import tail_text

_FLAGS = {"bash": ("-euo", "pipefail"), "sh": ("-eu",)}
_TEXT_LIMIT_BYTES = 256 << 10


class Shell:
    """The provider `shell`; the agent's option `shell` is bash, sh, python, or a command with {0}."""

    def invocation(self, order: Order) -> Invocation:
        """Return the script as a program: an argument of its shell, or a file where it must be one.

        Without an option it is bash, stopping at the first error, also inside a pipe, or sh where there is no bash.
        Raises `BadShell`, `ProviderUnavailable`.
        """
        shell = str(order.agent.options.get("shell") or "").strip()
        if "\0" in order.prompt:
            raise BadShell(shell=shell or "sh", reason="the script holds a NUL character")
        if not shell:
            shell = "bash" if which(order, "bash") else "sh"
        if shell in _FLAGS:
            require(order, shell)
            return _inline(order, shell)
        return _by_file(order, _template(order, shell))

    def report(self, order: Order, transcript: Transcript) -> Report:  # noqa: ARG002 - a script's order says nothing more
        """Return success only for exit 0 and a readable $FUSION_OUTPUT; the text is the end of what it printed."""
        told = broken(transcript.exit) or failed(transcript)
        text = tail_text(transcript.out, _TEXT_LIMIT_BYTES)
        if told is not None:
            return Report(told.outcome, text, error_code=told.error_code, error_message=told.error_message)
        try:
            return Report(Outcome.SUCCESS, text, output_file.read(transcript.output_file))
        except BadOutputFile as error:
            return Report(Outcome.CONTRACT, text, error_code=error.code, error_message=str(error))


def _inline(order: Order, shell: str) -> Invocation:
    if unpassable(order.prompt):
        return _by_file(order, (shell, *_FLAGS[shell], "{0}"))
    return Invocation((shell, *_FLAGS[shell], "-c", "--", order.prompt))


def _template(order: Order, shell: str) -> tuple[str, ...]:
    if shell == "python":
        return (_python(order), "{0}")
    try:
        words = tuple(shlex.split(shell))
    except ValueError as error:
        raise BadShell(shell=shell, reason=f"{error}".lower()) from None
    if not any("{0}" in word for word in words[1:]):
        raise BadShell(shell=shell, reason="it has no {0}")
    require(order, words[0])
    return words


def _python(order: Order) -> str:
    return next((name for name in ("python3", "python") if which(order, name)), sys.executable)


def _by_file(order: Order, template: tuple[str, ...]) -> Invocation:
    name = "script.py" if "python" in template[0] else "script.sh"
    path = str(order.folder / name)
    return Invocation(tuple(word.replace("{0}", path) for word in template), files={name: order.prompt})
