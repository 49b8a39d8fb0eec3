"""`clean`, as a person and as a program see it."""

from __future__ import annotations

from tests.cli.caring import Thing
from tests.cli.fakes import FakeProject, FakeProjects
from tests.cli.runner import cli

_THINGS = [
    Thing("workspace", "coder-1", bytes=2 << 20, salvages=True, refs=("refs/fusion-kit/salvage/r/t/1",)),
    Thing("branch", "fk/r/t/x", reason="run r completed"),
    Thing("workspace", "coder-2", "active", "its agent is working", goes=False),
    Thing("workspace", "coder-3", "corrupt", "a folder that cannot be read: x", goes=False),
    Thing("run", "r", goes=False, kept="run r is owned"),
]


def test_what_goes_and_what_stays_against_expectation_is_told(project: FakeProject, projects: FakeProjects) -> None:
    project.caring.things = _THINGS
    seen = cli("clean", projects=projects)
    assert seen.code == 0
    assert seen.out.splitlines() == [
        "stale  workspace  coder-1   2.0 MiB, its agent has nothing to do; its work is kept: "
        "refs/fusion-kit/salvage/r/t/1",
        "stale  branch     fk/r/t/x  run r completed",
        "kept   workspace  coder-3   a folder that cannot be read: x",
        "kept   run        r         run r is owned",
        "freed 2.0 MiB: 2 things, 3 kept",
    ]
    assert seen.err.splitlines() == ["removing workspace coder-1", "removing branch fk/r/t/x"]
    assert project.caring.asked == [("clean", False)]


def test_a_dry_run_says_what_would_go(project: FakeProject, projects: FakeProjects) -> None:
    project.caring.things = _THINGS[:1]
    seen = cli("clean", "-n", "--older-than", "12h", projects=projects)
    assert seen.out.splitlines()[-1] == "would free 2.0 MiB: 1 thing, 0 kept"
    assert seen.err == ""
    assert project.caring.asked == [("clean", True)]


def test_everything_that_was_looked_at_is_in_the_document(project: FakeProject, projects: FakeProjects) -> None:
    project.caring.things = _THINGS[:1]
    seen = cli("clean", "--events", "-o", "json", projects=projects)
    assert seen.json == {
        "items": [
            {
                "kind": "workspace",
                "subject": "coder-1",
                "standing": "stale",
                "reason": "its agent has nothing to do",
                "removed": True,
                "bytes": 2 << 20,
                "salvages": True,
                "refs": ["refs/fusion-kit/salvage/r/t/1"],
            }
        ],
        "total": 1,
        "next_after": None,
        "dry_run": False,
        "freed_bytes": 2 << 20,
        "events": {"events": 7, "bytes": 4096, "runs": 1},
    }


def test_events_that_leave_the_log_are_counted(projects: FakeProjects) -> None:
    seen = cli("clean", "--events", projects=projects)
    assert seen.out.splitlines() == ["freed 0 B: 0 things, 0 kept", "7 events of 1 run left the log"]


def test_events_cannot_be_foretold(projects: FakeProjects) -> None:
    seen = cli("clean", "--events", "-n", projects=projects)
    assert (seen.code, seen.out) == (2, "")
    assert "What leaves the log cannot be foretold" in seen.err


def test_an_age_that_is_none_is_refused(project: FakeProject, projects: FakeProjects) -> None:
    seen = cli("clean", "--older-than", "often", projects=projects)
    assert (seen.code, project.caring.asked) == (2, [])
    assert "'often' is not a time" in seen.err


def test_where_everything_stays_the_command_that_says_why_is_told(project: FakeProject, projects: FakeProjects) -> None:
    project.caring.things = [each for each in _THINGS if not each.goes]
    seen = cli("clean", projects=projects)
    assert seen.err == "what is kept, and why: fusion-kit clean -n -v\n"
    assert cli("clean", "-n", "-v", projects=projects).err == ""
