"""`--help`: every page as a person reads it, at 80 columns."""

from __future__ import annotations

import pytest

from fusion_kit.cli.table import COMMANDS
from tests.cli.runner import cli
from tests.cli.snapshots import FOLDER, kept

NAMES = [entry.name for entry in COMMANDS]


def test_the_first_page_lists_the_commands_by_group_and_the_exit_codes() -> None:
    seen = cli("--help")
    assert (seen.code, seen.err, seen.out) == (0, "", kept("fusion-kit", seen.out))


@pytest.mark.parametrize("name", NAMES)
def test_every_command_explains_itself(name: str) -> None:
    seen = cli(name, "-h")
    assert (seen.code, seen.err, seen.out) == (0, "", kept(name, seen.out))


def test_no_page_is_wider_than_it_may_be() -> None:
    pages = {name: cli(name, "--help").out for name in NAMES}
    assert [line for page in pages.values() for line in page.splitlines() if len(line) > 80] == []


def test_there_is_no_page_of_a_command_that_has_gone() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == {"fusion-kit", *NAMES}


def test_no_words_at_all_lead_to_the_first_page() -> None:
    assert cli().out == cli("--help").out


@pytest.mark.parametrize(
    ("typed", "meant"),
    [([], ["--help"]), (["help"], ["--help"]), (["help", "run"], ["run", "--help"]), (["--version"], ["version"])],
)
def test_what_people_type_before_they_know_any_command_works(typed: list[str], meant: list[str]) -> None:
    assert cli(*typed) == cli(*meant)
    assert cli(*typed).code == 0
