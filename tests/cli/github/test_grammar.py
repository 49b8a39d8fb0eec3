"""Commands say what they were given and nothing else; behind a fence there are none."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.cli.github.grammar import command, fenced, mask, title
from fusion_kit.cli.style import harmless, no_command, rendered
from tests.cli.github.service import Command, Runner

_PIECES = [
    *(
        "::error::x",
        "::",
        "##[error]",
        "##[",
        "]",
        "stop-commands",
        "::stop-commands::a",
        "\r",
        " ",
        "\u00a0",
        "\u3000",
    ),
    *("\x1b[31m", "\x1b]8;;http://x\x07", "%0A", "%", ":", ",", "=", "ab", "::add-mask::", "\ufeff", "\x85", "\0"),
]
HOSTILE = st.lists(st.sampled_from(_PIECES) | st.text(max_size=4), max_size=12).map("".join)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_a_command_carries_any_text_and_never_becomes_another_one(data: str, name: str, file: str) -> None:
    line = command("error", data, file=file, line=3, title=name)
    runner = Runner().reads(line)
    given = {"file": harmless(file).strip(), "line": "3", "title": harmless(name).strip()}
    assert runner.log == []
    assert runner.done == [Command("error", harmless(data), {key: text for key, text in given.items() if text})]


@given(st.lists(HOSTILE.map(lambda text: harmless(text).replace("\n", " ")), max_size=6))
def test_behind_a_fence_nothing_is_a_command_and_after_it_commands_count_again(lines: list[str]) -> None:
    runner = Runner().reads("\n".join([*fenced(lines), command("endgroup")]))
    assert (runner.done, runner.token) == ([Command("endgroup")], None)
    assert runner.log == lines


def test_a_token_that_occurs_in_the_output_is_not_taken_whatever_its_case() -> None:
    tokens: Iterator[str] = iter(["aa", "bb", "cc"])
    assert list(fenced(["xAAx", "##[bB]"], lambda: next(tokens))) == [
        "::stop-commands::cc", "xAAx", "##[bB]", "::cc::",
    ]  # fmt: skip


@given(HOSTILE)
def test_what_is_said_outside_of_a_fence_is_never_a_command(text: str) -> None:
    runner = Runner().reads(no_command(rendered(text, colour=False)))
    assert runner.done == []
    assert runner.token is None


def test_a_secret_of_several_lines_is_one_mask() -> None:
    assert Runner().reads(mask("begin\nend%0A\r")).masks == ["begin\nend%0A\r"]


def test_a_title_is_one_line() -> None:
    assert title("a\n\n b\x1b[2J\tc") == "a b c"
