"""The printer: progress to stderr, the result to stdout, in the one shape a person or a program asked for."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from fusion_kit.cli.settings import Colour, Mode, Settings
from fusion_kit.cli.style import no_command, red, rendered, yellow

if TYPE_CHECKING:
    from fusion_kit.core.secrets import Mask


class Output:
    """Everything that is printed goes through here; a reader that went away is not an error."""

    def __init__(self, settings: Settings, *, out: TextIO | None = None, err: TextIO | None = None) -> None:
        """Print to `out` and `err`, or to the streams of this process."""
        self.settings = settings
        self.out = out or sys.stdout or _nowhere()
        self.err = err or sys.stderr or _nowhere()
        self.reader_gone = False
        self.hidden: tuple[str, ...] = ()
        self._mask: Mask | None = None
        for stream in (self.out, self.err):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")

    @property
    def is_for_programs(self) -> bool:
        """Whether stdout carries JSON and nothing else."""
        return self.settings.output in (Mode.JSON, Mode.JSONL)

    @property
    def is_terminal(self) -> bool:
        """Whether a person watches stderr, who can be shown a live tree."""
        dull = self.settings.is_github or os.environ.get("CI") or os.environ.get("TERM", "") == "dumb"
        return self.settings.output is Mode.AUTO and self.err.isatty() and not dull

    @property
    def is_silent(self) -> bool:
        """Whether progress is not wanted."""
        return self.settings.quiet or self.settings.output is Mode.QUIET

    def has_colour(self, stream: TextIO) -> bool:
        """Return whether colours go to `stream`."""
        if self.settings.color is not Colour.AUTO:
            return self.settings.color is Colour.ALWAYS
        return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def hide(self, values: Iterable[str]) -> None:
        """Show none of these values from now on, whatever form they are printed in."""
        from fusion_kit.core.secrets import Mask

        self.hidden = tuple(sorted({*self.hidden, *filter(None, values)}, key=lambda value: (-len(value), value)))
        self._mask = Mask(self.hidden) if self.hidden else None

    def veiled(self, text: str) -> str:
        """Return `text`, which holds whole lines, without any hidden value."""
        return self._mask(text) if self._mask else text

    def say(self, text: str) -> None:
        """Print one line of progress or advice to stderr."""
        if not self.is_silent:
            self._write(self.err, self._rendered(text, self.err) + "\n")

    def warn(self, text: str) -> None:
        """Print a warning to stderr."""
        self.say(f"{yellow('warning:')} {text}")

    def complain(self, text: str, hint: str = "") -> None:
        """Print an error to stderr, in every mode."""
        lines = f"{red('error:')} {text}\n" + (f"hint: {hint}\n" if hint else "")
        self._write(self.err, self._rendered(lines, self.err))

    def explain(self, text: str) -> None:
        """Print lines that belong to an error to stderr, in every mode."""
        self._write(self.err, self._rendered(text.rstrip("\n"), self.err) + "\n")

    def prompt(self, text: str) -> None:
        """Print a question to stderr and leave the cursor behind it."""
        self._write(self.err, self._rendered(text, self.err))

    def verbatim(self, lines: Iterable[str]) -> None:
        """Print lines for the CI service to stderr exactly as they are: commands, and text made harmless before."""
        if not self.is_silent:
            self._write(self.err, "".join(f"{line}\n" for line in lines))

    def text(self, lines: Iterable[str]) -> None:
        """Print lines of a result meant for people to stdout."""
        if self.settings.output not in (Mode.JSON, Mode.JSONL, Mode.QUIET):
            self._write(self.out, "".join(self._rendered(line, self.out) + "\n" for line in lines))

    def document(self, document: Mapping[str, Any], lines: Iterable[str] = ()) -> None:
        """Print one result: as JSON, or as `lines` for people."""
        if self.settings.output is Mode.JSON:
            self._write(self.out, json.dumps(self._veiled_item(document), indent=2, default=_plain_value) + "\n")
        elif self.settings.output is Mode.JSONL:
            self.record(document)
        else:
            self.text(lines)

    def listing(
        self,
        items: Sequence[Mapping[str, Any]],
        lines: Iterable[str],
        *,
        next_after: int | None = None,
        total: int = -1,
    ) -> None:
        """Print a list: `{items, next_after, total}`, one item a line, or `lines` for people."""
        if self.settings.output is Mode.JSONL:
            for item in items:
                self.record(item)
            return
        count = len(items) if total < 0 else total
        self.document({"items": list(items), "next_after": next_after, "total": count}, lines)

    def record(self, item: Mapping[str, Any]) -> None:
        """Print one object on one line of stdout."""
        text = json.dumps(self._veiled_item(item), separators=(",", ":"), default=_plain_value)
        self._write(self.out, text + "\n")

    def plain(self, text: str) -> None:
        """Print text that is a format of its own to stdout, in every mode."""
        self._write(self.out, text)

    def raw(self, data: bytes) -> None:
        """Print bytes to stdout exactly as they are."""
        self.out.flush()
        try:
            self.out.buffer.write(data)
            self.out.buffer.flush()
        except BrokenPipeError:
            self._deafen(self.out)

    def _veiled_item(self, item: Mapping[str, Any]) -> object:
        return self._mask.value(item) if self._mask else item

    def _rendered(self, text: str, stream: TextIO) -> str:
        """What an agent wrote can be a command not only to a terminal, but also to the CI service that reads us."""
        shown = rendered(text, colour=self.has_colour(stream))
        is_read_by_ci = os.environ.get("CI") or self.settings.is_github
        return no_command(self.veiled(shown)) if is_read_by_ci else self.veiled(shown)

    def _write(self, stream: TextIO, text: str) -> None:
        if self.reader_gone and stream is self.out:
            return
        try:
            stream.write(text)
            stream.flush()
        except BrokenPipeError:
            self._deafen(stream)
        except OSError:  # a full disk: what could not be written must not be tried again when we leave
            self._deafen(stream)
            raise

    def _deafen(self, stream: TextIO) -> None:
        """Point the stream nowhere: what is still in its buffer must not be a second error when we leave."""
        self.reader_gone = self.reader_gone or stream is self.out
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _nowhere() -> TextIO:
    """What is printed to where a closed stream was; it lives as long as the process."""
    return Path(os.devnull).open("w", encoding="utf-8")


def _plain_value(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)
