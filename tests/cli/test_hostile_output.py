"""What a task prints never steers the terminal of the person who looks at it, in any way of looking."""

from __future__ import annotations

import re

import pytest

from fusion_kit.coordination.requests import StopSignal
from fusion_kit.core import events as e
from fusion_kit.core.states import Outcome
from fusion_kit.processes.tail import strip_ansi
from tests.cli import plays
from tests.cli.fakes import RUN, FakeProject, FakeProjects
from tests.cli.runner import Seen, cli

ATTACK = (
    b"\x1b[2J\x1b[Hcleared\n\x1b]0;title\x07titled\n\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\\n"
    b"\x1b]52;c;cm0gLXJmIH4=\x07clipboard\n\x1b[10A\x1b[Kup\n\x1bPq#0;2;0;0;0\x1b\\sixel\n\x1b[?1049h\x1b[?25lscreen\n"
    b"\xc2\x9b31mc1\n\xe2\x80\xaeturned\nover\rwritten\nbell\x07 back\x08\x08\x7f nul\0\n\xff\xfe invalid\n"
    b"\x1b[6n\x1b[c\x1b[>casked\n\x1bc\x1b#8reset\n\x0e\x0fshifted\n\x1b]unended title\n"
)
WORDS = [
    *("cleared", "titled", "link", "clipboard", "up", "sixel", "screen", "c1", "turned", "written", "asked", "reset"),
    "shifted",
]
OUR_COLOURS = re.compile(r"\x1b\[(?:0|1|2|31|32|33|36)m")
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


async def _attacks(project: FakeProject, stop: StopSignal) -> None:
    plays.begin(project)
    plays.plan_starts(project)
    project.says("plan", ATTACK, ATTACK)
    plays.plan_ends(project)
    plays.build_starts(project)
    project.says("build", ATTACK)
    error = {"code": "exit-code", "message": "failed \x1b]0;t\x07\x1b[2J", "hint": "see \x1b[Hthat"}
    project.tell(
        plays.of_task("build", e.TaskFailed(outcome=Outcome.EXIT_CODE, exit_code=2, error=error)),
        plays.of_run(e.RunFailed(error={"code": "x", "message": "so \x1b[5A", "hint": ""})),
    )


def _steering(seen: Seen) -> list[str]:
    return CONTROLS.findall(OUR_COLOURS.sub("", seen.out + seen.err))


@pytest.mark.parametrize("colour", ["never", "always"])
def test_v_and_the_last_lines_of_a_failure_show_words_and_steer_nothing(
    project: FakeProject, projects: FakeProjects, colour: str
) -> None:
    project.play = _attacks
    seen = cli("-v", "--color", colour, "run", "hello", projects=projects)
    assert _steering(seen) == []
    assert [word for word in WORDS if seen.err.count(word) < 2] == []


@pytest.mark.parametrize(
    "words", [["logs", RUN], ["logs", RUN, "plan", "-f"], ["status", RUN], ["history"], ["events"]]
)
def test_looking_back_steers_nothing(project: FakeProject, projects: FakeProjects, words: list[str]) -> None:
    project.play = _attacks
    cli("run", "hello", projects=projects)
    seen = cli(*words, projects=projects, terminal=True)
    assert (seen.code, _steering(seen)) == (0, [])


def test_the_live_tree_ends_with_its_own_sequences_only(project: FakeProject, projects: FakeProjects) -> None:
    project.play = _attacks
    seen = cli("run", "hello", projects=projects, terminal=True)
    ours = re.compile(r"\x1b\[(?:[0-9;]*m|\?25[lh]|[0-9]*A|2K)|\r")
    assert CONTROLS.findall(ours.sub("", seen.out + seen.err)) == []
    assert ("\x1b[?1049h" in seen.err, "\x1b[2J" in seen.err) == (False, False)


def test_the_two_readers_of_logs_take_out_the_same(project: FakeProject, projects: FakeProjects) -> None:
    assert CONTROLS.findall(strip_ansi(ATTACK.decode("utf-8", "replace"))) == []
