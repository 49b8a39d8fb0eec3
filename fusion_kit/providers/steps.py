"""The steps of a scripted agent: what each is called and takes, checked and brought into one shape.

A step is a mapping with one key, or a text, which is said. In every text `{task} {key} {agent} {attempt} {run} {turn}
{prompt} {answer} {input:NAME} {env:NAME}` are filled in; `{key}` is the matrix key in the task's id, `{turn}` counts in
`repeat`. Durations are texts such as `500ms`, `2s`, `1m`, or numbers of seconds.

    - say: Planned {input:goal}.              its words; the last ones are its reply; "" is no reply at all
    - progress: half way                      a line of progress
    - print: {text: x, times: 20000000, newline: false, stream: stderr}    raw output; `hex: fffe` for bytes
    - write: {src/a.py: "print(1)\\n"}         files of the workspace, path: text; folders are made
    - append: {CHANGES.md: "- a\\n"}
    - replace: {path: a.py, old: "1", new: "2"}      fails if `old` is not there
    - delete: a.py                            one path or a list
    - run: make test                          through sh, or a list of arguments; fails if it fails; in a text for
                                              sh only ids and numbers are filled in, never what a stranger wrote
    - wait: 200ms                             idle
    - compute: 2s                             silent, but busy: so much processor time
    - use: {input_tokens: 900, output_tokens: 80, turns: 1, cost_usd: 0.01}    adds up
    - output: {pieces: [{key: add}]}          values for $FUSION_OUTPUT, or into the result where there is none
    - ask: {question: Which?, file: answer.txt, within: 10s}     waits for the file, then {answer}; fails without it
    - fail: {error: No quota, code: quota, exit_code: 1, retry_after: 30s}     or only the text of the error
    - flaky: 2                                fails the first two attempts; also {failures, error, code, exit_code}
    - exit: 0                                 ends at once without a result
    - kill: KILL                              ends by this signal
    - ignore: [TERM, INT]                     does not hear these signals, and neither do its children
    - spawn: {seconds: 60, count: 2, detached: true}     children that sleep; detached ones leave the session
    - linger: 60s                             after the result it does not leave
    - repeat: {times: 3, steps: [{progress: "turn {turn}"}]}
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Mapping
from difflib import get_close_matches

Step = dict[str, object]

_DURATION = re.compile(r"(?P<number>\d+(\.\d+)?)\s*(?P<unit>ms|s|m|h)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class WrongStep(ValueError):
    """What is wrong, and the place: a path into the script such as `steps[2].wait`."""

    def __init__(self, place: str, reason: str) -> None:
        """Keep both apart, for the error a person reads."""
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


def checked(steps: object, place: str = "steps") -> list[Step]:
    """Return the steps as `{"do": name, field: value, ...}` with durations in seconds; raises `WrongStep`."""
    if not isinstance(steps, list | tuple):
        raise WrongStep(place, "it must be a list of steps")
    return [_step(step, f"{place}[{number}]") for number, step in enumerate(steps)]


def _step(step: object, place: str) -> Step:
    if isinstance(step, str):
        step = {"say": step}
    if not isinstance(step, Mapping) or len(step) != 1:
        raise WrongStep(place, "a step is a text, or a mapping with exactly one key")
    name, value = next(iter(step.items()))
    if name not in FORMS:
        raise WrongStep(place, f"there is no step {name!r}{_nearest(str(name), FORMS)}")
    return {"do": name} | _fields(FORMS[name], value, f"{place}.{name}")


def _fields(form: Mapping[str, Kind], value: object, place: str) -> Step:
    """Read a step's value: a mapping of its fields, or what its first field takes alone."""
    main = next(iter(form))
    if len(form) == 1 or not isinstance(value, Mapping):
        value = {main: value}
    for field in value:
        if field not in form:
            raise WrongStep(place, f"there is no field {field!r}{_nearest(str(field), form)}")
    return {str(field): form[field](told, f"{place}.{field}") for field, told in value.items()}


def _nearest(name: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; it is one of {', '.join(known)}"


Kind = Callable[[object, str], object]


def _text(value: object, place: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise WrongStep(place, "it must be a text")
    return str(value)


def _texts(value: object, place: str) -> list[str]:
    told = value if isinstance(value, list | tuple) else [value]
    return [_text(item, place) for item in told]


def _command(value: object, place: str) -> list[str]:
    return _texts(value, place) if isinstance(value, list | tuple) else ["sh", "-c", _text(value, place)]


def _hex(value: object, place: str) -> str:
    try:
        return bytes.fromhex(_text(value, place)).hex()
    except ValueError:
        raise WrongStep(place, "it must be hexadecimal digits, two for each byte") from None


def _seconds(value: object, place: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise WrongStep(place, "it must be a duration such as 200ms, 2s or 1m")
    return float(found["number"]) * _UNIT_S[found["unit"]]


def _count(value: object, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise WrongStep(place, "it must be a whole number, 0 or more")
    return value


def _amount(value: object, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise WrongStep(place, "it must be a number, 0 or more")
    return float(value)


def _flag(value: object, place: str) -> bool:
    if not isinstance(value, bool):
        raise WrongStep(place, "it must be true or false")
    return value


def _stream(value: object, place: str) -> str:
    if value not in ("stdout", "stderr"):
        raise WrongStep(place, "it must be stdout or stderr")
    return str(value)


def _signal(value: object, place: str) -> str:
    name = _text(value, place).removeprefix("SIG")
    if f"SIG{name}" not in signal.Signals.__members__:
        raise WrongStep(place, f"there is no signal {name!r}")
    return name


def _signals(value: object, place: str) -> list[str]:
    return [_signal(name, place) for name in _texts(value, place)]


def _files(value: object, place: str) -> dict[str, str]:
    if not isinstance(value, Mapping) or not value:
        raise WrongStep(place, "it must be a mapping of paths to texts")
    return {_text(path, place): _text(text, f"{place}[{path}]") for path, text in value.items()}


def _values(value: object, place: str) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise WrongStep(place, "it must be a mapping of names to values")
    return {str(name): item for name, item in value.items()}


_FAILURE: dict[str, Kind] = {"error": _text, "code": _text, "exit_code": _count, "retry_after": _seconds}

# step -> its fields and what each takes; the first field is the one that may stand alone
FORMS: dict[str, dict[str, Kind]] = {
    "say": {"text": _text},
    "progress": {"text": _text},
    "print": {"text": _text, "hex": _hex, "times": _count, "newline": _flag, "stream": _stream},
    "write": {"files": _files},
    "append": {"files": _files},
    "replace": {"path": _text, "old": _text, "new": _text},
    "delete": {"paths": _texts},
    "run": {"argv": _command},
    "wait": {"seconds": _seconds},
    "compute": {"seconds": _seconds},
    "use": {"input_tokens": _count, "output_tokens": _count, "turns": _count, "cost_usd": _amount},
    "output": {"values": _values},
    "ask": {"question": _text, "file": _text, "within": _seconds},
    "fail": _FAILURE,
    "flaky": {"failures": _count} | _FAILURE,
    "exit": {"code": _count},
    "kill": {"signal": _signal},
    "ignore": {"signals": _signals},
    "spawn": {"seconds": _seconds, "count": _count, "detached": _flag},
    "linger": {"seconds": _seconds},
    "repeat": {"times": _count, "steps": checked},
}
