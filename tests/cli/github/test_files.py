"""What GitHub's files are given, and how annotations stay within what it shows."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.cli.github.annotations import Annotation, annotation_lines, annotations_of
from fusion_kit.cli.github.files import SUMMARY_BYTES, append_summary, fitting, output_text, outputs_of
from fusion_kit.coordination.requests import StopSignal
from fusion_kit.core.run import Run
from fusion_kit.core.states import Outcome, RunState, TaskState
from fusion_kit.core.task import Task
from tests.cli import plays
from tests.cli.fakes import RUN, FakeProject, FakeProjects
from tests.cli.github.service import Runner
from tests.cli.runner import cli


def _outputs(text: str) -> dict[str, str]:
    """As the runner reads the file."""
    found: dict[str, str] = {}
    lines = text.split("\n")
    while lines and lines[0]:
        name, _, end = lines.pop(0).partition("<<")
        stop = lines.index(end)
        found[name] = "\n".join(lines[:stop])
        del lines[: stop + 1]
    return found


VALUES = st.text(st.characters(codec="utf-8")) | st.just("a\nb<<c\nd")


@given(st.dictionaries(st.from_regex(r"[a-z]+", fullmatch=True), VALUES))
def test_outputs_come_back_as_they_were(outputs: dict[str, str]) -> None:
    assert _outputs(output_text(outputs)) == {name: value.replace("\0", "") for name, value in outputs.items()}


def test_a_value_that_knows_the_delimiter_does_not_end_itself() -> None:
    tokens = iter(["a", "b"])
    assert output_text({"x": "end-a\ny<<z"}, lambda: next(tokens)) == "x<<end-b\nend-a\ny<<z\nend-b\n"


def test_names_are_made_fit_and_never_take_ours() -> None:
    run = Run("r", "w", RunState.COMPLETED, outputs={"a b": 1, "1": [2], "Run": "mine", "a_b": "ä"}, branch="b")
    assert outputs_of(run) == {
        "run": "r", "status": "completed", "branch": "b", "commit": "", "a_b": "1", "_1": "[2]", "output_Run": "mine",
        "output_a_b": "ä",
    }  # fmt: skip


def test_an_output_that_is_too_large_is_named_and_left_out() -> None:
    assert fitting({"a": "x", "b": "y" * 2_000_000, "c": "z"}) == ({"a": "x", "c": "z"}, ["b"])


def test_the_summary_is_appended_within_the_megabyte_of_the_step(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    path.write_text("before\n")
    append_summary(path, ["first\n", "x" * SUMMARY_BYTES, "third\n"])
    assert path.read_text() == "before\nfirst\n… the rest is left out: GitHub shows 1 MiB of a step's summary.\n\n"
    path.write_bytes(b"x" * SUMMARY_BYTES)
    append_summary(path, ["first\n"])
    assert path.stat().st_size == SUMMARY_BYTES


def test_of_many_annotations_nine_are_shown_and_the_tenth_counts_the_rest() -> None:
    many = [Annotation("error", f"t{number}", "m") for number in range(30)] + [Annotation("warning", "w", "m")]
    runner = Runner().reads("\n".join(annotation_lines(many, "look there")))
    errors = [command.data for command in runner.of("error")]
    assert (len(errors), errors[-1], len(runner.of("warning"))) == (10, "and 21 more; look there", 1)


def test_an_annotation_stands_where_the_error_says() -> None:
    error = {"message": "No, 100%: bad", "file": "a,b:c.py", "line": 7, "column": 2}
    task = Task("r", "t", "run", TaskState.FAILED, Outcome.CONTRACT, error=error)
    lines = list(annotation_lines(list(annotations_of(Run("r", "w", RunState.FAILED), [task])), ""))
    assert lines == ["::error file=a%2Cb%3Ac.py,line=7,col=2,title=t%3A contract::No, 100%25: bad"]


def test_an_allowed_failure_is_a_warning_and_a_waiting_run_too() -> None:
    task = Task("r", "t", "run", TaskState.COMPLETED, Outcome.ALLOWED_FAILURE)
    found = list(annotations_of(Run("r", "w", RunState.PAUSED, reason="waits for an approval"), [task]))
    assert [(each.kind, each.title) for each in found] == [
        ("warning", "w is paused"), ("warning", "t: allowed_failure"),
    ]  # fmt: skip


def test_a_run_leaves_its_outputs_and_its_summary(project: FakeProject, projects: FakeProjects, tmp_path: Path) -> None:
    project.play = plays.succeeds
    env = {"GITHUB_OUTPUT": str(tmp_path / "out"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    (tmp_path / "out").write_text("mine=1\n")
    assert cli("run", "hello", "-o", "github", projects=projects, env=env).code == 0
    first, rest = (tmp_path / "out").read_text().split("\n", 1)
    assert (first, _outputs(rest)) == (
        "mine=1",
        {"run": RUN, "status": "completed", "branch": f"fk/{RUN}/result", "commit": "d" * 40, "files": "3"},
    )
    assert (tmp_path / "summary").read_text().startswith("## hello: completed\n")


def test_a_run_that_never_was_says_so_with_a_place_for_every_problem(tmp_path: Path) -> None:
    folder = tmp_path / ".fusion" / "workflows"
    folder.mkdir(parents=True)
    (folder / "bad.yaml").write_text("tasks:\n  - id: a\n    runn: x\n")
    env = {"GITHUB_OUTPUT": str(tmp_path / "out"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    seen = cli("-C", tmp_path, "run", "bad", "-o", "github", env=env)
    errors = Runner().reads(seen.err).of("error")
    places = [(error.properties["file"], error.properties["line"]) for error in errors]
    assert (seen.code, (".fusion/workflows/bad.yaml", "3") in places) == (2, True)
    assert _outputs((tmp_path / "out").read_text()) == {"status": "failed"}
    assert (tmp_path / "summary").read_text().startswith("## fusion-kit: nothing was run\n")


def test_files_that_cannot_be_written_are_warnings_and_the_code_stays(
    project: FakeProject, projects: FakeProjects, tmp_path: Path
) -> None:
    project.play = plays.succeeds
    env = {"GITHUB_OUTPUT": str(tmp_path), "GITHUB_STEP_SUMMARY": str(tmp_path / "no" / "x")}
    seen = cli("run", "hello", "-o", "github", projects=projects, env=env)
    assert (seen.code, len(re.findall("could not be written", seen.err))) == (0, 2)


def test_a_crash_of_ours_is_told_too(project: FakeProject, projects: FakeProjects, tmp_path: Path) -> None:
    async def play(project: FakeProject, stop: StopSignal) -> None:
        raise RuntimeError("the roof fell in")

    project.play = play
    seen = cli("run", "hello", "-o", "github", projects=projects, env={"GITHUB_OUTPUT": str(tmp_path / "out")})
    assert (seen.code, len(Runner().reads(seen.err).of("error"))) == (3, 1)
    assert _outputs((tmp_path / "out").read_text()) == {"status": "failed"}
