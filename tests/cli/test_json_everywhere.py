"""`-o json` is one valid document in every outcome, usage errors and crashes included."""

from __future__ import annotations

import pytest

from fusion_kit.coordination.requests import StopSignal
from fusion_kit.core.errors import FusionError
from tests.cli import plays
from tests.cli.fakes import RUN, FakeProject, FakeProjects, Play
from tests.cli.runner import cli

SHAPE = {
    "run", "workflow", "status", "exit_code", "started_at", "finished_at", "duration_s", "base", "result", "cost_usd",
    "tokens", "tasks", "outputs", "error",
}  # fmt: skip


class LogGone(FusionError):
    """The log cannot be trusted."""

    hint = "`fusion-kit doctor --repair` mends it."


async def _crashes(project: FakeProject, stop: StopSignal) -> None:
    raise RuntimeError("the roof fell in")


async def _refuses(project: FakeProject, stop: StopSignal) -> None:
    raise LogGone


async def _is_interrupted(project: FakeProject, stop: StopSignal) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "words",
    [
        ["-o", "json", "nonsense"],
        ["--output=json", "-ojson", "--nonsense"],
        ["run", "-o", "json"],
        ["run", "nope", "-o", "json"],
        ["run", "hello", "-o", "json", "--jbos", "3"],
        ["run", "hello", "-j", "many", "-o", "json"],
        ["run", "hello", "extra", "-ojson"],
        ["-o", "json"],
        ["status", "nope", "-o", "json"],
        ["events", "--follow", "-o", "json"],
        ["events", "--export", "csv", "-o", "json"],
        ["logs", "nope", "-o", "json"],
        ["history", "--since", "x", "-o", "json"],
        ["graph", "-o", "json"],
        ["-C", "/nowhere/at/all", "list", "-o", "json"],
    ],
)
def test_a_usage_error_is_a_document_of_the_shape_of_a_run(projects: FakeProjects, words: list[str]) -> None:
    seen = cli(*words, projects=projects)
    assert (seen.code, set(seen.json), seen.json["exit_code"], seen.json["status"]) == (2, SHAPE, 2, "failed")
    assert set(seen.json["error"]) == {"code", "message", "hint"}
    assert seen.err.startswith(f"error: {seen.json['error']['message']}")


@pytest.mark.parametrize(
    ("play", "code", "error"),
    [
        (_refuses, 3, {"code": "log-gone", "message": "The log cannot be trusted."}),
        (_crashes, 3, {"code": "internal"}),
        (_is_interrupted, 130, {"code": "interrupted", "message": "interrupted"}),
    ],
)  # fmt: skip
def test_an_error_in_the_middle_is_a_document_too(
    project: FakeProject, projects: FakeProjects, play: Play, code: int, error: dict[str, str]
) -> None:
    project.play = play
    seen = cli("run", "hello", "-o", "json", projects=projects)
    assert (seen.code, seen.json["exit_code"]) == (code, code)
    assert {name: seen.json["error"][name] for name in error} == error


@pytest.mark.parametrize(
    "words",
    [["ps"], ["history"], ["events"], ["logs", RUN], ["doctor"], ["run", "hello", "-n"]],
    ids=lambda words: words[0],
)
def test_every_list_has_the_same_shape(project: FakeProject, projects: FakeProjects, words: list[str]) -> None:
    plays.begin(project)
    seen = cli(*words, "-o", "json", projects=projects)
    assert (seen.code, set(seen.json)) == (0, {"items", "next_after", "total"})
