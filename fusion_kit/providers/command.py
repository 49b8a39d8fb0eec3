"""`provider: command`: any command-line agent, described in its agent file and by no code.

    command: [my-agent, --headless, --model, "{model}"]   placeholders {model} {workspace} {prompt} {prompt_file}
    prompt: stdin        stdin: the program reads it (the default)
                         arg: in place of {prompt}, or last, after `--`; at most 131,071 bytes
                         file: its path in place of {prompt_file}, or last
    output: text         text: all it prints is its answer (the default)
                         json: one object; jsonl: many, one a line; the fields are those of `answers`

The program runs in the workspace and its environment has $FUSION_OUTPUT. It is done when it ended with 0, said nothing
of an error, and gave an answer or outputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from fusion_kit.core.work import Invocation, Order, Report, Transcript
from fusion_kit.providers import strict_json, verdict
from fusion_kit.providers.answers import Answer, answer
from fusion_kit.providers.errors import PromptUnpassable, bad_option
from fusion_kit.providers.programs import require, unpassable
from fusion_kit.providers.prompts import composed
from fusion_kit.providers.recordings import object_lines, tail_text

_PLACEHOLDER = re.compile(r"\{(model|workspace|prompt|prompt_file)\}")
_PROMPT_FILE = "prompt.md"
_JSON_LIMIT_BYTES = 16 << 20
_JSON_STARTS = 16


@dataclass(frozen=True, slots=True)
class _Options:
    """The agent file's own words, checked."""

    command: tuple[str, ...]
    prompt: str
    output: str


class Command:
    """The provider `command`."""

    def invocation(self, order: Order) -> Invocation:
        """Return the agent's command with the prompt where it wants it.

        Raises `BadOption`, `ProviderUnavailable`, `PromptUnpassable`.
        """
        options = _options(order)
        prompt = composed(order)
        if options.prompt == "arg" and (reason := unpassable(prompt)):
            raise PromptUnpassable(agent=order.agent.name, reason=reason)
        argv = tuple(_argv(order, options, prompt))
        require(order, argv[0])
        return Invocation(
            argv,
            stdin=prompt if options.prompt == "stdin" else None,
            files={_PROMPT_FILE: prompt} if options.prompt == "file" else {},
        )

    def report(self, order: Order, transcript: Transcript) -> Report:
        """Return what the program said in the form its agent file announces."""
        return verdict.report(order, transcript, _READERS[_options(order).output](transcript.out))


def _options(order: Order) -> _Options:
    told = order.agent.options
    command = told.get("command")
    words = tuple(str(word) for word in command) if isinstance(command, list | tuple) else ()
    if not words or not words[0]:
        raise bad_option(order.agent, "command", "it must be a list that begins with a program")
    return _Options(
        words, _one_of(order, "prompt", ("stdin", "arg", "file")), _one_of(order, "output", tuple(_READERS))
    )


def _one_of(order: Order, option: str, choices: tuple[str, ...]) -> str:
    chosen = order.agent.options.get(option) or choices[0]
    if chosen not in choices:
        raise bad_option(order.agent, option, f"{chosen!r} is none of {', '.join(choices)}")
    return str(chosen)


def _argv(order: Order, options: _Options, prompt: str) -> Iterator[str]:
    """Yield the command's words filled in, and the prompt or its file behind them if no word has a place for it."""
    values = {"workspace": str(order.workspace), "model": order.agent.model}
    match options.prompt:
        case "arg":
            values["prompt"] = prompt
        case "file":
            values["prompt_file"] = str(order.folder / _PROMPT_FILE)
    for word in options.command:
        yield _PLACEHOLDER.sub(lambda found: _filled(order, values, found[1]), word)
    wanted = {"arg": "{prompt}", "file": "{prompt_file}"}.get(options.prompt)
    if wanted and not any(wanted in word for word in options.command):
        yield from ("--", prompt) if options.prompt == "arg" else (values["prompt_file"] or "",)


def _filled(order: Order, values: Mapping[str, str | None], name: str) -> str:
    value = values.get(name)
    if value is None:
        reason = "the agent has no model" if name == "model" else "the prompt does not go that way: see `prompt:`"
        raise bad_option(order.agent, f"{{{name}}}", reason)
    return value


def _text(out: Path) -> Answer:
    return Answer(tail_text(out))


def _json(out: Path) -> Answer:
    """Read one object that begins a line and goes on to the end, or, with noise behind it, fits in one line."""
    text = tail_text(out, _JSON_LIMIT_BYTES)
    starts = islice((found.start() for found in re.finditer(r"^\{", text, re.MULTILINE)), _JSON_STARTS)
    whole = (strict_json.parsed_object(text[start:]) for start in starts)
    found = next(filter(None, whole), None)
    return answer([found]) if found else _jsonl(out)


def _jsonl(out: Path) -> Answer:
    return answer(filter(None, map(strict_json.parsed_object, object_lines(out))))


_READERS = {"text": _text, "json": _json, "jsonl": _jsonl}
