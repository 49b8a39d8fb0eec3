"""`approve` and `reject`: a question is answered from any terminal, in the types it asks for."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest

from fusion_kit.core import events as e
from tests.cli import asks, plays
from tests.cli.fakes import RUN, FakeProject, FakeProjects
from tests.cli.runner import Seen, cli

Type = Callable[..., Seen]


class Keyboard(io.StringIO):
    """What somebody types at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch, projects: FakeProjects) -> Type:
    """Call the command line with somebody at the keyboard."""

    def type_(keys: str, *words: str, env: dict[str, str] | None = None) -> Seen:
        monkeypatch.setattr(sys, "stdin", Keyboard(keys))
        return cli(*words, projects=projects, env=env)

    return type_


@pytest.fixture
def asking(project: FakeProject) -> FakeProject:
    """A run in which `ship` asks."""
    plays.begin(project)
    asks.ship_asks(project)
    return project


def _answer(project: FakeProject) -> dict[str, object]:
    ship = next(task for task in project.views.tasks(RUN) if task.id == "ship")
    assert ship.answer is not None
    return {name: ship.answer[name] for name in ("approved", "inputs", "message") if name in ship.answer}


def test_the_fields_given_are_typed_and_the_one_task_that_asks_needs_no_name(
    asking: FakeProject, projects: FakeProjects
) -> None:
    seen = cli("approve", RUN, "-i", "version=2", "-i", "force=yes", "-i", "count=3", projects=projects)
    assert (seen.code, seen.out, seen.err) == (0, "ship approved\n", "")
    assert _answer(asking) == {"approved": True, "inputs": {"version": "2", "force": True, "level": "low", "count": 3}}


def test_where_nobody_works_on_the_run_the_way_on_is_told(asking: FakeProject, projects: FakeProjects) -> None:
    asking.has_owner = False
    seen = cli("approve", RUN, "ship", "-i", "version=2", projects=projects)
    assert seen.err == f"next: fusion-kit resume {RUN}\n"


def test_at_a_terminal_each_field_is_asked_for_until_its_answer_fits(asking: FakeProject, typing: Type) -> None:
    seen = typing("\n2.0\nmaybe\nyes\nmiddle\n\nseven\n7\n", "approve", RUN)
    assert seen.err.splitlines() == [
        "Release it?",
        "What is released.",
        "version (string): version has to be given",
        "version (string): force (boolean, default false): 'maybe' is not a boolean. Say true or false.",
        "force (boolean, default false): level (low | high, default low): "
        'level must be one of "low", "high", not "middle"',
        "level (low | high, default low): count (integer, optional): 'seven' is not an integer. "
        "Write it in digits, such as 3.",
        "count (integer, optional): ",
    ]
    assert (seen.code, seen.out) == (0, "ship approved\n")
    assert _answer(asking)["inputs"] == {"version": "2.0", "force": True, "level": "low", "count": 7}


def test_a_form_says_what_fits_and_refuses_at_once_what_does_not(project: FakeProject, typing: Type) -> None:
    plays.begin(project)
    form = {
        "version": {"type": "string", "required": True, "pattern": "^[0-9]+$"},
        "level": {"type": "integer", "minimum": 1, "maximum": 3, "default": 2},
        "note": {"type": "string", "maxLength": 5},
        "sure": {"type": "boolean", "required": True},
    }
    asks.ship_asks(project, form)
    seen = typing("one\n1\n4\n3\n\ny\n", "approve", RUN)
    assert seen.err.splitlines() == [
        "Release it?",
        'version (string like ^[0-9]+$): version must match the pattern ^[0-9]+$, and "one" does not',
        "version (string like ^[0-9]+$): level (integer 1 to 3, default 2): level must be at most 3, not 4",
        "level (integer 1 to 3, default 2): note (string up to 5 characters, optional): sure (boolean): ",
    ]
    assert _answer(project)["inputs"] == {"version": "1", "level": 3, "note": None, "sure": True}


@pytest.mark.parametrize(("words", "env"), [(("--no-input",), {}), ((), {"CI": "true"}), (("-i", "version=1"), {})])
def test_nothing_is_asked_without_a_person_or_once_something_was_given(
    asking: FakeProject, typing: Type, words: tuple[str, ...], env: dict[str, str]
) -> None:
    seen = typing("never read\n", "approve", RUN, *words, env=env)
    assert (seen.code, seen.err, sys.stdin.tell()) == (0, "", 0)


def test_who_closes_the_terminal_while_being_asked_has_said_nothing(asking: FakeProject, typing: Type) -> None:
    seen = typing("2.0\n", "approve", RUN)
    assert seen.code == 130
    assert next(task for task in asking.views.tasks(RUN) if task.id == "ship").answer is None


def test_a_no_says_why(asking: FakeProject, projects: FakeProjects) -> None:
    seen = cli("reject", RUN, "ship", "-m", "Not on a Friday.", projects=projects)
    assert (seen.code, seen.out) == (0, "ship rejected\n")
    assert _answer(asking) == {"approved": False, "message": "Not on a Friday."}


def test_a_no_without_a_reason_is_a_usage_error(asking: FakeProject, projects: FakeProjects) -> None:
    assert cli("reject", RUN, "ship", projects=projects).code == 2


def test_what_asks_nothing_cannot_be_answered(asking: FakeProject, projects: FakeProjects) -> None:
    hint = f"hint: `fusion-kit status {RUN}` says what each task waits for.\n"
    plan = cli("approve", RUN, "plan", projects=projects)
    assert (plan.code, plan.err) == (2, f"error: Task plan of run {RUN} waits for no answer: it is waiting.\n{hint}")
    cli("reject", RUN, "ship", "-m", "no", projects=projects)
    again = cli("approve", RUN, "ship", "-i", "version=1", projects=projects)
    assert again.err == f"error: Task ship of run {RUN} waits for no answer: it is answered.\n{hint}"
    assert cli("approve", RUN, projects=projects).err == f"error: No task of run {RUN} waits for an answer.\n{hint}"


def test_of_several_that_ask_one_has_to_be_named(asking: FakeProject, projects: FakeProjects) -> None:
    asking.tell(
        plays.of_task("deploy", e.TaskCreated(kind="approval")),
        plays.of_task("deploy", e.TaskQueued()),
        plays.of_task("deploy", e.TaskPaused(reason="approval", message="Deploy?", approval="q1")),
    )
    seen = cli("approve", RUN, projects=projects)
    assert (seen.code, seen.err) == (
        2,
        f"error: 2 tasks of run {RUN} wait for an answer: ship, deploy.\n"
        f"hint: Name the one you mean: `fusion-kit approve {RUN} ship`.\n",
    )


def test_a_name_that_is_nearly_right_is_suggested(asking: FakeProject, projects: FakeProjects) -> None:
    seen = cli("approve", RUN, "shop", projects=projects)
    assert (seen.code, seen.err) == (2, f"error: Run {RUN} has no task 'shop'.\nhint: Did you mean 'ship'?\n")
