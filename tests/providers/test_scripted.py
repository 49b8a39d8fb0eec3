"""The scripted agent: each of its steps, done for real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fusion_kit.core.process import Ended, Exit
from fusion_kit.core.states import Outcome
from fusion_kit.core.work import Report, Usage
from fusion_kit.providers.scripted import PROGRAM, Scripted
from fusion_kit.providers.steps import FORMS
from tests.providers.rig import Rig, scripted


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def files(rig: Rig) -> dict[str, str]:
    """Return path -> text of everything in the workspace."""
    found = (path for path in rig.workspace.rglob("*") if path.is_file())
    return {str(path.relative_to(rig.workspace)): path.read_bytes().decode() for path in found}


def events(rig: Rig) -> list[dict[str, object]]:
    return [json.loads(line) for line in rig.out().splitlines()]


class TestSteps:
    def test_say_speaks_and_the_last_words_are_the_reply(self, rig: Rig) -> None:
        assert rig.run(scripted("one", {"say": "two"})) == Report(Outcome.SUCCESS, "two")
        assert [event.get("text") for event in events(rig)] == [None, "one", "two", None]

    def test_no_steps_at_all_are_done_at_once(self, rig: Rig) -> None:
        assert rig.run(scripted()) == Report(Outcome.SUCCESS, "Done.")

    def test_an_empty_reply_is_no_answer(self, rig: Rig) -> None:
        assert rig.run(scripted({"say": ""})).outcome is Outcome.NO_OUTPUT

    def test_progress_is_told_and_is_no_reply(self, rig: Rig) -> None:
        assert rig.run(scripted({"progress": "half"})).text == "Done."
        assert {"type": "progress", "text": "half"} in events(rig)

    def test_files_are_written_appended_changed_and_deleted(self, rig: Rig) -> None:
        agent = scripted(
            {"write": {"src/a.py": "one = 1\n", "b.txt": "b\r\n"}},
            {"append": {"src/a.py": "two = 2\n", "new/c": "c"}},
            {"replace": {"path": "src/a.py", "old": "1", "new": "100"}},
            {"delete": ["b.txt", "never-there"]},
        )
        assert rig.run(agent).outcome is Outcome.SUCCESS
        assert files(rig) == {"src/a.py": "one = 100\ntwo = 2\n", "new/c": "c"}

    def test_replacing_what_is_not_there_fails(self, rig: Rig) -> None:
        report = rig.run(scripted({"replace": {"path": "a", "old": "x", "new": "y"}}))
        assert report == Report(
            Outcome.EXIT_CODE, "a does not hold 'x'", error_code="edit", error_message="a does not hold 'x'"
        )

    def test_run_runs_a_shell_or_a_program(self, rig: Rig) -> None:
        assert (
            rig.run(scripted({"run": "echo $((1 + 1)) > two"}, {"run": ["touch", "$HOME {key}"]})).outcome
            is Outcome.SUCCESS
        )
        assert files(rig) == {"two": "2\n", "$HOME add": ""}

    def test_a_program_that_fails_fails_the_agent(self, rig: Rig) -> None:
        report = rig.run(scripted({"run": "exit 3"}, "never said"))
        assert (report.outcome, report.error_message) == (Outcome.EXIT_CODE, "'exit 3' ended with 3")

    def test_what_a_stranger_wrote_never_becomes_shell_source(self, tmp_path: Path) -> None:
        rig = Rig(tmp_path, env={"INPUT_EVIL": "$(touch pwned)"})
        agent = scripted({"run": ": {prompt} {input:evil} {env:INPUT_EVIL}"}, {"run": ["sh", "-c", ": {input:evil}"]})
        assert rig.run(agent, "; touch pwned").outcome is Outcome.SUCCESS
        assert files(rig) == {}

    def test_usage_adds_up_and_what_is_not_said_is_unknown(self, rig: Rig) -> None:
        agent = scripted(
            {"use": {"input_tokens": 5, "cost_usd": 0.25}}, {"use": {"input_tokens": 7, "turns": 2, "cost_usd": 0.5}}
        )
        assert rig.run(agent).usage == Usage(12, None, 0.75, 2)
        assert rig.run(scripted()).usage is None

    def test_outputs_add_up_in_the_output_file(self, rig: Rig) -> None:
        agent = scripted({"output": {"a": 1, "b": ["{task}", {"deep": "{key}"}]}}, {"output": {"a": 2}})
        expected = {"a": 2, "b": ["implement@add", {"deep": "add"}]}
        assert rig.run(agent) == Report(Outcome.SUCCESS, "Done.", expected)
        assert json.loads(rig.output_file.read_text()) == expected

    def test_outputs_go_into_the_result_where_there_is_no_output_file(self, tmp_path: Path) -> None:
        assert Rig(tmp_path, env={"FUSION_OUTPUT": ""}).run(scripted({"output": {"a": 1}})).outputs == {"a": 1}

    def test_ask_takes_the_answer_from_a_file(self, rig: Rig) -> None:
        rig.workspace.mkdir()
        (rig.workspace / "answer.txt").write_text("blue\n")
        assert rig.run(scripted({"ask": "Which colour?"}, "It is {answer}.")).text == "It is blue."

    def test_ask_waits_for_the_answer(self, rig: Rig) -> None:
        question = {"question": "?", "file": "a.txt", "within": "20s"}
        agent = scripted({"run": "(sleep 0.1; echo late > b.txt; mv b.txt a.txt) &"}, {"ask": question}, "{answer}")
        assert rig.run(agent).text == "late"

    def test_ask_fails_without_an_answer(self, rig: Rig) -> None:
        report = rig.run(scripted({"ask": {"question": "Which?", "within": "50ms"}}))
        assert (report.outcome, report.error_code, report.error_message) == (
            Outcome.EXIT_CODE,
            "no-answer",
            "Nobody answered: Which?",
        )

    @pytest.mark.parametrize(
        ("step", "expected"),
        [
            ("broken", Report(Outcome.EXIT_CODE, "broken", error_code="scripted", error_message="broken")),
            (
                {"error": "slow down", "code": "quota", "retry_after": "1m"},
                Report(Outcome.QUOTA, "slow down", error_code="quota", error_message="slow down", retry_after_s=60.0),
            ),
            (
                {"error": "who?", "code": "auth", "exit_code": 0},
                Report(Outcome.AUTH, "who?", error_code="auth", error_message="who?"),
            ),
        ],
    )
    def test_fail_fails_as_told(self, rig: Rig, step: object, expected: Report) -> None:
        assert rig.run(scripted({"fail": step}, "never said")) == expected

    def test_usage_is_told_of_a_failure_too(self, rig: Rig) -> None:
        assert rig.run(scripted({"use": {"turns": 3}}, {"fail": "x"})).usage == Usage(turns=3)

    @pytest.mark.parametrize(
        ("env", "outcome"),
        [
            ({}, Outcome.EXIT_CODE),
            ({"FUSION_ATTEMPT": "2"}, Outcome.EXIT_CODE),
            ({"FUSION_ATTEMPT": "3"}, Outcome.SUCCESS),
            ({"FUSION_ATTEMPT_ID": "run-1.plan.3"}, Outcome.SUCCESS),
        ],
    )
    def test_flaky_fails_the_first_attempts(self, tmp_path: Path, env: dict[str, str], outcome: Outcome) -> None:
        assert Rig(tmp_path, env=env).run(scripted({"flaky": 2}, "at last")).outcome is outcome

    def test_exit_ends_without_a_result(self, rig: Rig) -> None:
        assert rig.run(scripted("I am done", {"exit": 0})).outcome is Outcome.NO_OUTPUT
        report = rig.run(scripted({"print": {"text": "ouch", "stream": "stderr"}}, {"exit": 9}))
        assert report.error_message == "it ended with exit code 9: ouch"

    def test_kill_ends_it_by_a_signal(self, rig: Rig) -> None:
        assert rig.run(scripted({"kill": "KILL"})).error_message.startswith("it was killed by SIGKILL")

    def test_print_prints_anything_of_any_size(self, rig: Rig) -> None:
        agent = scripted(
            {"print": {"text": "~", "times": 20_000_000, "newline": False}},
            {"print": {"hex": "0afffe"}},
            {"print": {"text": "ab", "times": 3, "stream": "stderr"}},
            "still here",
        )
        assert rig.run(agent).text == "still here"
        assert (rig.folder / "out.log").read_bytes().count(b"~") == 20_000_000
        assert (rig.folder / "err.log").read_bytes() == b"ab\nab\nab\n"

    def test_repeat_repeats_and_counts(self, rig: Rig) -> None:
        agent = scripted({"repeat": {"times": 3, "steps": [{"append": {"log": "{turn}"}}]}})
        assert rig.run(agent).outcome is Outcome.SUCCESS
        assert files(rig) == {"log": "123"}

    def test_wait_and_compute_take_their_time(self, rig: Rig) -> None:
        agent = scripted({"wait": "80ms"}, {"compute": 0.08})
        before = os.times()
        assert rig.run(agent).outcome is Outcome.SUCCESS
        after = os.times()
        assert after.elapsed - before.elapsed >= 0.16
        used = after.children_user + after.children_system - before.children_user - before.children_system
        assert used >= 0.06  # the clock of processor time ticks in hundredths

    def test_a_pattern_of_task_ids_has_steps_of_its_own(self, rig: Rig) -> None:
        agent = scripted("any", **{"plan": ["plan"], "implement@a*": ["an a"], "implement@*": ["an item"]})
        assert rig.run(agent).text == "an a"
        assert Rig(rig.root, env={"FUSION_TASK_ID": "implement@sub"}).run(agent).text == "an item"
        assert Rig(rig.root, env={"FUSION_TASK_ID": "review"}).run(agent).text == "any"

    def test_placeholders_are_filled_in_once(self, tmp_path: Path) -> None:
        env = {"FUSION_RUN_ID": "r1", "INPUT_THE_GOAL": "{task}", "COLOUR": "red", "FUSION_ATTEMPT": "4"}
        text = "{task} {key} {agent} {attempt} {run} {turn} {input:the-goal} {env:COLOUR}{env:NONE} {prompt} {other}"
        report = Rig(tmp_path, env=env).run(scripted(text), "do {run}")
        assert report.text == "implement@add add robot-1 4 r1 0 {task} red do {run} {other}"

    @pytest.mark.parametrize(
        ("task", "key"), [("a@b", "b"), ("a@b~2", "b"), ("a@b.c", "b"), ("a", ""), ("outer@x.inner@y", "x")]
    )
    def test_the_key_is_that_of_the_matrix(self, tmp_path: Path, task: str, key: str) -> None:
        assert Rig(tmp_path, env={"FUSION_TASK_ID": task}).run(scripted("<{key}>")).text == f"<{key}>"

    def test_every_step_is_documented_and_has_a_program(self) -> None:
        from fusion_kit.providers import scripted_program, steps

        assert set(scripted_program.DO) == set(FORMS)
        assert [name for name in FORMS if f"    - {name}: " not in (steps.__doc__ or "")] == []


class TestTheProgram:
    def test_needs_only_the_standard_library_and_few_modules_of_it(self) -> None:
        code = f"import runpy, sys; runpy.run_path({str(PROGRAM)!r}); print({{'asyncio', 'yaml'}} & set(sys.modules))"
        done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "set()\n"

    def test_ends_silently_broken_when_its_output_is_closed(self, rig: Rig) -> None:
        order = rig.order(scripted("hi"))
        invocation = Scripted().invocation(order)
        rig.write_files(invocation)
        reader, writer = os.pipe()
        os.close(reader)
        ended = subprocess.run(invocation.argv, stdout=writer, stderr=subprocess.PIPE, cwd=order.workspace, check=False)
        os.close(writer)
        assert ended.returncode != 0


def test_noise_that_looks_like_events_is_no_answer(rig: Rig) -> None:
    order = rig.order(scripted())
    noise = b'{"type":"text","text":"not the result"}\n{"result":"nor this"}\n'
    report = Scripted().report(replace(order), rig.transcript(Exit(Ended.EXIT, 0), noise, b""))
    assert report.outcome is Outcome.NO_OUTPUT
