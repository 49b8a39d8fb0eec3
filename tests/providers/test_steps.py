"""The shape of a script's steps."""

from __future__ import annotations

import pytest

from fusion_kit.providers.steps import FORMS, WrongStep, checked

ALL = ", ".join(FORMS)


@pytest.mark.parametrize(
    ("step", "found"),
    [
        ("hello", {"do": "say", "text": "hello"}),
        ({"say": 3}, {"do": "say", "text": "3"}),
        ({"wait": "250ms"}, {"do": "wait", "seconds": 0.25}),
        ({"wait": "1.5m"}, {"do": "wait", "seconds": 90.0}),
        ({"wait": 2}, {"do": "wait", "seconds": 2.0}),
        ({"write": {"a": "b"}}, {"do": "write", "files": {"a": "b"}}),
        ({"output": {"a": None}}, {"do": "output", "values": {"a": None}}),
        ({"delete": "a"}, {"do": "delete", "paths": ["a"]}),
        ({"run": "make"}, {"do": "run", "argv": ["sh", "-c", "make"]}),
        ({"run": ["make", "-j", 2]}, {"do": "run", "argv": ["make", "-j", "2"]}),
        ({"ask": "Who?"}, {"do": "ask", "question": "Who?"}),
        ({"flaky": 2}, {"do": "flaky", "failures": 2}),
        ({"fail": {"retry_after": "1m"}}, {"do": "fail", "retry_after": 60.0}),
        ({"ignore": "SIGTERM"}, {"do": "ignore", "signals": ["TERM"]}),
        ({"print": {"hex": "FF 00"}}, {"do": "print", "hex": "ff00"}),
        ({"repeat": {"times": 2, "steps": ["x"]}}, {"do": "repeat", "times": 2, "steps": [{"do": "say", "text": "x"}]}),
    ],
)
def test_a_step_becomes(step: object, found: object) -> None:
    assert checked([step]) == [found]


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ("x", "steps: it must be a list of steps"),
        ([3], "steps[0]: a step is a text, or a mapping with exactly one key"),
        (["a", {"say": "x", "wait": "1s"}], "steps[1]: a step is a text, or a mapping with exactly one key"),
        ([{"dance": 1}], f"steps[0]: there is no step 'dance'; it is one of {ALL}"),
        ([{"fail": {"eror": "x"}}], "steps[0].fail: there is no field 'eror'; did you mean 'error'?"),
        ([{"wait": "1 fortnight"}], "steps[0].wait.seconds: it must be a duration such as 200ms, 2s or 1m"),
        ([{"wait": -1}], "steps[0].wait.seconds: it must be a duration such as 200ms, 2s or 1m"),
        ([{"say": ["x"]}], "steps[0].say.text: it must be a text"),
        ([{"say": True}], "steps[0].say.text: it must be a text"),
        ([{"exit": "x"}], "steps[0].exit.code: it must be a whole number, 0 or more"),
        ([{"use": {"cost_usd": -1}}], "steps[0].use.cost_usd: it must be a number, 0 or more"),
        ([{"print": {"hex": "f"}}], "steps[0].print.hex: it must be hexadecimal digits, two for each byte"),
        ([{"print": {"stream": "tty"}}], "steps[0].print.stream: it must be stdout or stderr"),
        ([{"spawn": {"detached": 1}}], "steps[0].spawn.detached: it must be true or false"),
        ([{"write": {}}], "steps[0].write.files: it must be a mapping of paths to texts"),
        ([{"write": {"a": []}}], "steps[0].write.files[a]: it must be a text"),
        ([{"output": 3}], "steps[0].output.values: it must be a mapping of names to values"),
        ([{"kill": "HARD"}], "steps[0].kill.signal: there is no signal 'HARD'"),
        ([{"repeat": {"steps": [{"x": 1}]}}], f"steps[0].repeat.steps[0]: there is no step 'x'; it is one of {ALL}"),
    ],
)  # fmt: skip
def test_a_wrong_step_is_named_with_its_place(steps: object, complaint: str) -> None:
    with pytest.raises(WrongStep) as caught:
        checked(steps)
    assert str(caught.value) == complaint
