"""Scripts, and the shells that run them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fusion_kit.core.states import Outcome
from fusion_kit.core.work import Invocation, Report
from fusion_kit.providers.errors import BadShell
from fusion_kit.providers.shell import Shell
from tests.providers.rig import Rig, shell


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_a_script_is_one_argument_of_bash_that_stops_at_the_first_error(rig: Rig) -> None:
    assert Shell().invocation(rig.order(shell(), "make")) == Invocation(
        ("bash", "-euo", "pipefail", "-c", "--", "make")
    )


def test_where_there_is_no_bash_it_is_sh(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sh").symlink_to("/bin/sh")
    order = Rig(tmp_path, env={"PATH": str(tmp_path / "bin")}).order(shell(), "make")
    assert Shell().invocation(order) == Invocation(("sh", "-eu", "-c", "--", "make"))


def test_a_script_longer_than_an_argument_goes_by_a_file(rig: Rig) -> None:
    script = "true\n" * 30_000
    expected = Invocation(
        ("bash", "-euo", "pipefail", str(rig.folder / "script.sh")), files={"script.sh": script}
    )  # fmt: skip
    assert Shell().invocation(rig.order(shell(), script)) == expected


def test_a_template_gets_the_scripts_file(rig: Rig) -> None:
    found = Shell().invocation(rig.order(shell("sh -x '{0}' --tail={0}"), "echo"))
    path = str(rig.folder / "script.sh")
    assert found == Invocation(("sh", "-x", path, f"--tail={path}"), files={"script.sh": "echo"})


def test_python_reads_the_script_from_a_file(rig: Rig) -> None:
    report = rig.run(shell("python"), "import sys\nprint(__file__.endswith('script.py'), sys.argv[1:])")
    assert report == Report(Outcome.SUCCESS, "True []")


@pytest.mark.parametrize("kind", [None, "bash", "sh"])
@pytest.mark.parametrize("script", ["false\necho on", 'echo "$NOT_SET"\necho on', "exit 1"])
def test_the_first_error_ends_a_script(rig: Rig, kind: str | None, script: str) -> None:
    report = rig.run(shell(kind), script)
    assert (report.outcome, report.text) == (Outcome.EXIT_CODE, "")


def test_bash_also_sees_an_error_inside_a_pipe(rig: Rig) -> None:
    assert rig.run(shell("bash"), "false | cat\necho on").outcome is Outcome.EXIT_CODE


def test_a_script_that_begins_with_a_dash_is_still_a_script(rig: Rig) -> None:
    report = rig.run(shell("sh"), "-x")
    assert report.outcome is Outcome.EXIT_CODE
    assert "not found" in report.error_message


def test_outputs_are_texts(rig: Rig) -> None:
    script = 'echo "n=3" >> "$FUSION_OUTPUT"\nprintf "notes<<END\\na\\nb\\nEND\\n" >> "$FUSION_OUTPUT"'
    assert rig.run(shell(), script) == Report(Outcome.SUCCESS, "", {"n": "3", "notes": "a\nb"})


def test_the_last_words_are_those_of_the_error_stream_or_else_of_the_output(rig: Rig) -> None:
    report = rig.run(shell(), "echo out; echo oops >&2; exit 7")
    assert report == Report(
        Outcome.EXIT_CODE, "out", error_code="exit-code", error_message="it ended with exit code 7: oops"
    )
    assert rig.run(shell(), "echo out; exit 7").error_message == "it ended with exit code 7: out"
    assert rig.run(shell(), "exit 7").error_message == "it ended with exit code 7"


@pytest.mark.parametrize(
    ("kind", "script", "reason"),
    [
        ("node", "x", "it has no {0}"),
        ("{0}", "x", "it has no {0}"),
        ("node '{0}", "x", "no closing quotation"),
        ("sh", "a\0b", "the script holds a NUL character"),
    ],
)
def test_a_shell_that_cannot_run_a_script_is_refused(rig: Rig, kind: str, script: str, reason: str) -> None:
    with pytest.raises(BadShell) as caught:
        Shell().invocation(rig.order(shell(kind), script))
    assert str(caught.value) == f"The shell {kind!r} cannot run a script: {reason}."
    assert "`node {0}`" in caught.value.way_out


def test_python_is_ours_where_there_is_no_other(tmp_path: Path) -> None:
    rig = Rig(tmp_path, env={"PATH": str(tmp_path)})
    assert Shell().invocation(rig.order(shell("python"), "x")).argv == (sys.executable, str(rig.folder / "script.py"))
