"""GitHub's runner, as far as it reads what a step prints: written from its documented rules, not from ours.

It splits output at line feeds and carriage returns. A line is a command of the second form if it starts with `::` once
all leading white space is gone, and of the first form if `##[name ...]` stands anywhere in it; names count without
regard to case, and only those that are registered. `stop-commands` registers its token and stops everything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

NAMES = frozenset(
    {"add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "internal-set-repo-path"}
    | {"notice", "remove-matcher", "save-state", "set-env", "set-output", "stop-commands", "warning"}
)


@dataclass(frozen=True)
class Command:
    name: str
    data: str = ""
    properties: dict[str, str] = field(default_factory=dict)


@dataclass
class Runner:
    """What it did because of what it read."""

    done: list[Command] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)
    token: str | None = None

    def reads(self, printed: str) -> Runner:
        for line in re.split("\r\n|\r|\n", printed):
            self._line(line)
        return self

    def of(self, name: str) -> list[Command]:
        return [command for command in self.done if command.name == name]

    def _line(self, line: str) -> None:
        found = self._second_form(line) or self._first_form(line)
        if found and self.token is not None:
            if found.name == self.token:
                self.token = None
            else:
                self.log.append(line)
        elif found and found.name == "stop-commands":
            self.token = found.data.lower()
        elif found:
            self.done.append(found)
            if found.name == "add-mask":
                self.masks.append(found.data)
        else:
            self.log.append(line)

    def _known(self, name: str) -> str | None:
        lower = name.lower()
        return lower if lower in NAMES or lower == self.token else None

    def _second_form(self, line: str) -> Command | None:
        text = line.lstrip()
        end = text.find("::", 2)
        if not text.startswith("::") or end < 0:
            return None
        return self._parsed(text[2:end], text[end + 2 :], ",")

    def _first_form(self, line: str) -> Command | None:
        start = line.find("##[")
        end = line.find("]", start)
        if start < 0 or end < 0:
            return None
        return self._parsed(line[start + 3 : end], line[end + 1 :], ";")

    def _parsed(self, head: str, data: str, between: str) -> Command | None:
        name, _, rest = head.partition(" ")
        known = self._known(name)
        pairs = [part.split("=", 1) for part in rest.strip().split(between) if "=" in part]
        properties = {key: _plain(value, "%3A", "%2C") for key, value in pairs}
        return Command(known, _plain(data), properties) if known else None


def _plain(text: str, *more: str) -> str:
    for escaped, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        if escaped not in ("%3A", "%2C") or escaped in more:
            text = text.replace(escaped, character)
    return text
