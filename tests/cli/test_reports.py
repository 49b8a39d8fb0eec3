"""`--junit` and `--summary`: written however a run ends, well-formed whatever was printed."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.cli.junit import junit_of, junit_of_error
from fusion_kit.cli.markdown import block, plain
from fusion_kit.cli.summary_file import summary_parts
from fusion_kit.coordination.requests import StopSignal
from fusion_kit.core import events as e
from fusion_kit.core.run import Run
from fusion_kit.core.states import Outcome, RunState, TaskState
from fusion_kit.core.task import Task
from tests.cli import asks, plays
from tests.cli.fakes import RUN, FakeProject, FakeProjects, Play
from tests.cli.runner import cli

ANYTHING = st.text(st.characters(), max_size=30)  # every character, those of a surrogate pair alone too

_ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "time", "tests", "failures", "errors", "skipped", "timestamp"},
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
    "system-out": set(),
}
_CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error", "skipped", "system-out"},
}
_REQUIRED = {"testsuite": {"name", "tests", "failures", "errors"}, "testcase": {"name", "classname", "time"}}


def checked(content: bytes) -> Xml.Element:
    """The rules that the schemas of Jenkins and Surefire share, for the elements we write."""
    root = Xml.fromstring(content)
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.attrib) <= _ATTRIBUTES[element.tag]
        assert set(element.attrib) >= _REQUIRED.get(element.tag, set())
        assert {child.tag for child in element} <= _CHILDREN.get(element.tag, set())
        assert len(element) <= 1 or element.tag == "testsuite"
        if element.tag == "testsuite":
            counts = {"tests": "testcase", "failures": "*/failure", "errors": "*/error", "skipped": "*/skipped"}
            assert {name: element.attrib[name] for name in counts} == {
                name: str(len(element.findall(path))) for name, path in counts.items()
            }
        assert float(element.attrib.get("time", "0")) >= 0
    return root


def _verdicts(root: Xml.Element) -> dict[str, str]:
    return {case.attrib["name"]: case[0].tag if len(case) else "" for case in root.iter("testcase")}


async def _is_stopped(project: FakeProject, stop: StopSignal) -> None:
    plays.begin(project)
    plays.plan_starts(project)
    os.kill(os.getpid(), signal.SIGINT)
    project.tell(plays.of_run(e.RunPaused(reason="interrupted")))


@pytest.mark.parametrize(
    ("play", "verdicts"),
    [
        (plays.succeeds, {"plan": "system-out", "build": "system-out"}),
        (plays.fails, {"plan": "system-out", "build": "failure"}),
        (plays.times_out, {"plan": "error", "build": "skipped"}),
        (plays.pauses, {"plan": "skipped", "build": "skipped"}),
        (plays.is_cancelled, {"plan": "skipped", "build": "skipped"}),
        (_is_stopped, {"plan": "skipped", "build": "skipped"}),
    ],
)
def test_every_ending_is_reported(
    project: FakeProject, projects: FakeProjects, tmp_path: Path, play: Play, verdicts: dict[str, str]
) -> None:
    project.play = play
    cli("-C", tmp_path, "run", "hello", "--junit", "r/junit.xml", "--summary", "summary.md", projects=projects)
    assert _verdicts(checked((tmp_path / "r" / "junit.xml").read_bytes())) == verdicts
    assert (tmp_path / "summary.md").read_text().startswith("## hello: ")
    assert list((tmp_path / "r").iterdir()) == [tmp_path / "r" / "junit.xml"]


def test_resuming_reports_too(project: FakeProject, projects: FakeProjects, tmp_path: Path) -> None:
    project.play = plays.pauses
    cli("run", "hello", projects=projects)
    project.has_owner = False

    async def play(project: FakeProject, stop: StopSignal) -> None:
        project.tell(plays.of_run(e.RunResumed()), plays.of_run(e.RunCompleted()))

    project.play = play
    assert cli("resume", RUN, "--junit", tmp_path / "junit.xml", projects=projects).code == 0
    assert _verdicts(checked((tmp_path / "junit.xml").read_bytes())) == {"plan": "skipped", "build": "skipped"}


def test_a_run_that_was_refused_is_one_error(projects: FakeProjects, tmp_path: Path) -> None:
    seen = cli("run", "nope", "--junit", tmp_path / "j.xml", "--summary", tmp_path / "s.md", projects=projects)
    case = checked((tmp_path / "j.xml").read_bytes()).find(".//error")
    assert case is not None
    assert (seen.code, case.attrib["message"]) == (2, "There is no workflow 'nope'.")
    assert (tmp_path / "s.md").read_text().startswith("## fusion-kit: nothing was run\n")


@pytest.mark.parametrize("place", [".", "file/x.xml"])
def test_a_report_that_cannot_be_written_is_refused_before_anything_starts(
    project: FakeProject, projects: FakeProjects, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").touch()
    seen = cli("-C", tmp_path, "run", "hello", "--junit", place, projects=projects)
    assert (seen.code, seen.err.startswith(f"error: --junit {place} cannot be written: ")) == (2, True)
    assert project.requests == []


def test_an_old_report_is_replaced_as_a_whole(project: FakeProject, projects: FakeProjects, tmp_path: Path) -> None:
    (tmp_path / "j.xml").write_text("old" * 10_000)
    project.play = plays.succeeds
    cli("run", "hello", "--junit", tmp_path / "j.xml", projects=projects)
    checked((tmp_path / "j.xml").read_bytes())


def test_a_dry_run_reports_nothing(projects: FakeProjects, tmp_path: Path) -> None:
    cli("run", "hello", "-n", "--junit", tmp_path / "j.xml", projects=projects)
    assert not (tmp_path / "j.xml").exists()


@given(ANYTHING, ANYTHING, ANYTHING, st.lists(ANYTHING, max_size=4), st.sampled_from(Outcome))
def test_the_report_is_well_formed_whatever_was_printed(
    workflow: str, name: str, message: str, lines: list[str], outcome: Outcome
) -> None:
    task = Task("r", name, "run", TaskState.FAILED, outcome, error={"message": message})
    content = junit_of(Run("r", workflow, RunState.FAILED), [task], lambda _, __: lines)
    assert len(list(checked(content).iter("testcase"))) >= 1
    checked(junit_of_error(name, message, workflow))


def test_a_matrix_is_its_items_and_a_failure_of_the_run_alone_is_a_case() -> None:
    tasks = [
        Task("r", "m", "run", TaskState.COMPLETED, Outcome.SUCCESS),
        *(Task("r", f"m@{key}", "run", TaskState.COMPLETED, Outcome.SUCCESS, parent="m") for key in "ab"),
    ]
    run = Run("r", "w", RunState.FAILED, error={"code": "merge-failed", "message": "It does not merge."})
    root = checked(junit_of(run, tasks, lambda _, __: []))
    assert _verdicts(root) == {"m@a": "", "m@b": "", "r": "failure"}


def test_work_that_broke_the_gate_is_a_failure_though_its_task_was_done() -> None:
    task = Task("r", "t", "run", TaskState.COMPLETED, Outcome.SUCCESS, refused={"gate": "make", "log": "x"})
    root = checked(junit_of(Run("r", "w", RunState.FAILED), [task], lambda _, __: []))
    assert _verdicts(root) == {"t": "failure"}


def test_the_page_draws_work_that_broke_the_gate_as_failed() -> None:
    task = Task("r", "t", "run", TaskState.COMPLETED, Outcome.SUCCESS, refused={"gate": "make", "log": "x"})
    page = "".join(summary_parts(Run("r", "w", RunState.FAILED), [task], lambda _, __: []))
    assert '  t0["t"]:::failed\n' in page


def test_the_last_words_about_work_that_broke_the_gate_are_those_of_the_gate(
    project: FakeProject, projects: FakeProjects, tmp_path: Path
) -> None:
    project.play = asks.breaks_the_gate
    cli("run", "hello", "--summary", str(tmp_path / "s.md"), projects=projects)
    assert "\ntest 39\ntest 40\n" in (tmp_path / "s.md").read_text().split("### build: refused")[1]


@given(st.lists(st.text("`~ \nab", max_size=12).map(lambda text: text.replace("\n", "")), max_size=5))
def test_no_line_ends_a_block(lines: list[str]) -> None:
    opening, *inside, closing = block(lines)
    assert (opening, inside) == (closing, lines)
    assert all(line.strip() != closing and not line.lstrip().startswith(closing) for line in inside)


def test_text_in_a_table_is_no_markup() -> None:
    hostile = "a|b `c` <img src=x> [l](u) *b* _i_ ![p](q)\n# h ::error:: http://e.x www.e.x @me\x1b[31m"
    found = plain(hostile)
    assert not set("|`<>[]*_#!@\n\x1b") & set(found.replace("&#", ""))
    assert ("http:" in found, "www." in found) == (False, False)


def test_the_page_draws_the_graph_with_its_states_and_says_what_failed() -> None:
    tasks = [
        Task("r", "a", "run", TaskState.COMPLETED, Outcome.SUCCESS, attempts=1),
        Task("r", "end", "run", TaskState.FAILED, Outcome.EXIT_CODE, needs=("a",), exit_code=2, attempts=1),
    ]
    page = "".join(summary_parts(Run("r", "w", RunState.FAILED), tasks, lambda _, __: ["```", "last"]))
    assert '  t0["a"]:::completed\n  t1["end"]:::failed\n  t0 --> t1\n' in page
    assert "### end: exit&#95;code\n\nIt ended with exit code 2.\n\n````text\n```\nlast\n````\n" in page


def test_a_graph_that_mermaid_would_refuse_is_not_drawn() -> None:
    tasks = [Task("r", f"t{number}", "run") for number in range(3000)]
    page = "".join(summary_parts(Run("r", "w"), tasks, lambda _, __: []))
    assert ("mermaid" in page, "The graph of 3000 tasks is too large" in page) == (False, True)
    assert "… and 2700 more tasks" in page
