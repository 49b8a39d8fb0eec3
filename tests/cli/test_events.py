"""`events`: the log itself, a page of it, filtered, exported."""

from __future__ import annotations

import csv
import io
import json

import pytest

from fusion_kit.core import events as e
from fusion_kit.core.events import Draft
from tests.cli import plays
from tests.cli.fakes import RUN, FakeProject, FakeProjects
from tests.cli.runner import cli


@pytest.fixture
def ended(project: FakeProject, projects: FakeProjects) -> FakeProject:
    """A failed run: 16 events."""
    project.play = plays.fails
    cli("run", "hello", projects=projects)
    return project


def test_the_last_events_are_printed_by_default(ended: FakeProject, projects: FakeProjects) -> None:
    assert cli("events", "--limit", "2", projects=projects).out == (
        f"    15 2026-01-31T12:00:00.500Z task.failed {RUN} build: failed: exit_code: It ended with exit code 2.\n"
        f"    16 2026-01-31T12:00:00.500Z workflow.failed {RUN}\n"
    )


def test_after_pages_through_the_log_to_its_end(ended: FakeProject, projects: FakeProjects) -> None:
    seqs: list[int] = []
    after: int | None = 0
    while after is not None:
        page = cli("events", "--after", str(after), "--limit", "7", "-o", "json", projects=projects).json
        seqs += [item["seq"] for item in page["items"]]
        after = page["next_after"]
    assert seqs == list(range(1, 17))


@pytest.mark.parametrize(
    ("options", "seqs"),
    [
        (["--type", "task.failed"], [15]),
        (["--type", "workflow.*"], [1, 2, 16]),
        (["--agent", "planner-1"], [5, 6, 8, 9, 10, 11]),
        (["--severity", "error"], [15, 16]),
        (["--run", RUN[:6], "--type", "task.created"], [3, 4]),
        (["--since", "2030-01-01"], []),
    ],
)
def test_filters_leave_what_matches(
    ended: FakeProject, projects: FakeProjects, options: list[str], seqs: list[int]
) -> None:
    seen = cli("events", *options, "-o", "json", projects=projects)
    assert [item["seq"] for item in seen.json["items"]] == seqs


def test_jsonl_and_the_export_are_the_ledgers_own_lines(ended: FakeProject, projects: FakeProjects) -> None:
    expected = json.loads(json.dumps([event.as_dict() for event in ended.views.events(limit=100)]))
    assert cli("events", "-o", "jsonl", projects=projects).records == expected
    assert cli("events", "--export", "jsonl", projects=projects).records == expected


def test_a_csv_export_has_a_line_for_each_event_and_no_formulas(ended: FakeProject, projects: FakeProjects) -> None:
    ended.tell(Draft(e.SystemPaused(reason="=1+1"), agent="=cmd()"))
    rows = list(csv.DictReader(io.StringIO(cli("events", "--export", "csv", projects=projects).out, newline="")))
    assert [int(row["seq"]) for row in rows] == list(range(1, 18))
    assert (rows[-1]["agent"], json.loads(rows[-1]["data"])) == ("'=cmd()", {"reason": "=1+1"})


def test_no_match_is_said_and_is_no_error(ended: FakeProject, projects: FakeProjects) -> None:
    seen = cli("events", "--agent", "nobody", projects=projects)
    assert (seen.code, seen.out, seen.err) == (0, "", "No event matches.\n")
