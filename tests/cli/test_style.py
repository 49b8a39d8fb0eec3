"""Text from agents is hostile: whatever it holds, a terminal is not steered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.cli.style import bold, clipped, columns, harmless, last_overwrite, no_command, red, rendered, width


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1;2|payload\x1b\\after", "after"),
        ("\x9b31mred", "red"),
        ("\x9d52;c;secret\x9cafter", "after"),
        ("a\x08b\x00c\x7fd", "abcd"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("\x1b]0;never ended\nnext line", "\nnext line"),
        ("tab\tand\nnewline\r\n", "tab\tand\nnewline\n"),
    ],
)
def test_what_steers_a_terminal_is_taken_out(text: str, seen: str) -> None:
    assert harmless(text) == seen


@given(st.text(alphabet=st.sampled_from("a\x1b[]0;m\x07\\\x9b\x9d\x9c\r\n\t\u202e\uf8d3P^_ ~\x00")))
def test_nothing_that_is_printed_without_colours_holds_a_control_character(text: str) -> None:
    seen = rendered(text, colour=False)
    assert [char for char in seen if (ord(char) < 32 and char not in "\n\t") or 127 <= ord(char) < 160] == []


@given(st.text())
def test_making_text_harmless_twice_changes_nothing_more(text: str) -> None:
    assert harmless(harmless(text)) == harmless(text)


def test_of_a_line_that_was_overwritten_the_last_state_is_shown() -> None:
    assert [last_overwrite("10%\r50%\r100%\r\n"), last_overwrite("\r\n"), last_overwrite("\uf8d3red")] == [
        "100%",
        "",
        "red",
    ]


def test_colours_are_ours_alone_and_only_where_wanted() -> None:
    assert rendered(red("x\x1b[5m"), colour=True) == "\x1b[31mx\x1b[0m"
    assert (rendered(red("x"), colour=False), red("")) == ("x", "")


def test_columns_line_up_whatever_their_colours() -> None:
    assert columns([[bold("a"), "1"], ["bbb", ""]]) == [f"{bold('a')}    1", "bbb"]
    assert (columns([]), width(bold("ab")), clipped("abcdef", 4), clipped("ab", 4)) == ([], 2, "abc…", "ab")


def test_no_line_of_text_is_a_command_to_the_ci_service_that_reads_it() -> None:
    hostile = "::error::a\n  ::set-output name=x::y\n##[add-path]b ##vso[task.x]c\nfine :: too ##"
    assert (
        no_command(hostile) == ": :error::a\n  : :set-output name=x::y\n# #[add-path]b # #vso[task.x]c\nfine :: too ##"
    )
