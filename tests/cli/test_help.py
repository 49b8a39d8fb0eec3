"""`--help`: every page as a person reads it, at 80 columns."""

from __future__ import annotations

import pytest

from fusion_kit.cli.table import words_of
from tests.cli.runner import cli
from tests.cli.snapshots import FOLDER, kept

PAGES = list(words_of())


def test_the_first_page_lists_the_commands_by_group_and_the_exit_codes() -> None:
    seen = cli("--help")
    assert (seen.code, seen.err, seen.out) == (0, "", kept("fusion-kit", seen.out))


@pytest.mark.parametrize("words", PAGES, ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    seen = cli(*words, "-h")
    assert (seen.code, seen.err, seen.out) == (0, "", kept("-".join(words), seen.out))


def test_no_page_is_wider_than_it_may_be() -> None:
    pages = {words: cli(*words, "--help").out for words in PAGES}
    assert [line for page in pages.values() for line in page.splitlines() if len(line) > 80] == []


def test_there_is_no_page_of_a_command_that_has_gone() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == {"fusion-kit", *("-".join(words) for words in PAGES)}


def test_no_words_at_all_lead_to_the_first_page() -> None:
    assert cli().out == cli("--help").out


def test_a_group_alone_says_what_is_below_it() -> None:
    assert cli("secret") == cli("secret", "--help")


def test_what_is_not_below_a_group_is_named_with_what_was_meant() -> None:
    seen = cli("secret", "lst")
    expected = "error: There is no command 'secret lst'.\nhint: Did you mean `fusion-kit secret list`?\n"
    assert (seen.code, seen.out, seen.err) == (2, "", expected)
    assert "hint: `fusion-kit secret --help` lists the commands.\n" in cli("secret", "xyz").err


@pytest.mark.parametrize(
    ("typed", "meant"),
    [([], ["--help"]), (["help"], ["--help"]), (["help", "run"], ["run", "--help"]), (["--version"], ["version"])],
)
def test_what_people_type_before_they_know_any_command_works(typed: list[str], meant: list[str]) -> None:
    assert cli(*typed) == cli(*meant)
    assert cli(*typed).code == 0
