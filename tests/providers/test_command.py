"""Any command-line agent, by its agent file alone."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fusion_kit.core.process import Ended, Exit
from fusion_kit.core.states import Outcome
from fusion_kit.core.work import Invocation, Report, Usage
from fusion_kit.core.workflow import AgentSpec
from fusion_kit.providers.command import Command
from fusion_kit.providers.errors import BadOption
from tests.providers.rig import Rig, command

DONE = Exit(Ended.EXIT, 0)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def read(rig: Rig, output: str, printed: object, *, wants: bool = False) -> Report:
    """Return the report on an agent with this kind of output that printed this."""
    order = rig.order(command("cat", output=output), "x", {"n": {"type": "integer"}} if wants else None)
    text = printed if isinstance(printed, str) else json.dumps(printed)
    return Command().report(order, rig.transcript(DONE, text.encode(), b""))


class TestTheCommand:
    def test_is_filled_in_and_braces_of_other_kinds_are_left_alone(self, rig: Rig) -> None:
        agent = replace(
            command("cat", "--model={model}", "{workspace}", '{"a": {b}}', "{modelx}"), model="small {workspace}"
        )
        argv = ("cat", "--model=small {workspace}", str(rig.workspace), '{"a": {b}}', "{modelx}")
        assert Command().invocation(rig.order(agent, "hi")) == Invocation(argv, stdin="hi")

    def test_gets_a_prompt_as_an_argument_last_and_behind_dashes(self, rig: Rig) -> None:
        found = Command().invocation(rig.order(command("cat", "-n", prompt="arg"), "-hi"))
        assert found == Invocation(("cat", "-n", "--", "-hi"))

    def test_gets_a_prompt_as_an_argument_where_it_says(self, rig: Rig) -> None:
        found = Command().invocation(rig.order(command("cat", "--prompt={prompt}", "-n", prompt="arg"), "{workspace}"))
        assert found == Invocation(("cat", "--prompt={workspace}", "-n"))

    def test_gets_a_prompt_by_file_where_it_says_or_last(self, rig: Rig) -> None:
        path = str(rig.folder / "prompt.md")
        files = {"prompt.md": "hi"}
        found = Command().invocation(rig.order(command("cat", "-f", "{prompt_file}", "-n", prompt="file"), "hi"))
        assert found == Invocation(("cat", "-f", path, "-n"), files=files)
        assert Command().invocation(rig.order(command("cat", prompt="file"), "hi")) == Invocation(
            ("cat", path), files=files
        )

    def test_gets_instructions_prompt_and_contract_in_this_order(self, rig: Rig) -> None:
        agent = replace(command("cat"), instructions="Be brief.\n")
        order = replace(rig.order(agent, "Count.", {"n": {"type": "integer"}}), instructions="Be brief.\n")
        text = Command().invocation(order).stdin or ""
        assert text.startswith("Be brief.\n\nCount.\n\nWhen you are done, hand back these values as one JSON object.")
        schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
        assert json.loads(text[text.index("{") :]) == schema

    @pytest.mark.parametrize(
        ("agent", "complaint"),
        [
            (
                AgentSpec("robot", "command"),
                "says `command` in a way its provider does not understand: it must be a list that",
            ),
            (command(), "it must be a list that begins with a program"),
            (command("cat", prompt="letter"), "'letter' is none of stdin, arg, file"),
            (command("cat", output="xml"), "'xml' is none of text, json, jsonl"),
            (
                command("cat", "{model}"),
                "says `{model}` in a way its provider does not understand: the agent has no model",
            ),
            (command("cat", "{prompt}"), "the prompt does not go that way: see `prompt:`"),
            (command("cat", "{prompt_file}", prompt="arg"), "the prompt does not go that way: see `prompt:`"),
        ],
    )
    def test_that_makes_no_sense_is_refused(self, rig: Rig, agent: AgentSpec, complaint: str) -> None:
        with pytest.raises(BadOption) as caught:
            Command().invocation(rig.order(replace(agent, source=".fusion/agents/robot.yaml"), "hi"))
        assert complaint in str(caught.value)
        assert caught.value.way_out == "It is read from .fusion/agents/robot.yaml."


class TestExit0:
    @pytest.mark.parametrize("output", ["text", "json", "jsonl"])
    @pytest.mark.parametrize("printed", ["", " \n\n", "{}", '{"result": " "}', "[]", '{"result": 3}'])
    def test_without_an_answer_is_not_success(self, rig: Rig, output: str, printed: str) -> None:
        if output == "text" and printed.strip():
            assert read(rig, output, printed) == Report(Outcome.SUCCESS, printed)
            return
        message = "it ended with exit code 0 and without an answer"
        assert read(rig, output, printed) == Report(Outcome.NO_OUTPUT, error_code="no-output", error_message=message)

    def test_with_outputs_alone_is(self, rig: Rig) -> None:
        assert read(rig, "json", {"outputs": {"n": 1}}) == Report(Outcome.SUCCESS, outputs={"n": 1})

    def test_with_an_error_is_not(self, rig: Rig) -> None:
        told = read(rig, "json", {"result": "half", "error": "no credit"})
        assert told == Report(Outcome.EXIT_CODE, "half", error_code="agent-error", error_message="no credit")


class TestAnAnswerInJson:
    @pytest.mark.parametrize(
        "printed",
        [
            {"result": "hi", "usage": {"input_tokens": 5, "output_tokens": 2}, "total_cost_usd": 0.25, "num_turns": 3},
            {"text": "hi", "usage": {"prompt_tokens": 5, "completion_tokens": 2, "cost": 0.25, "turns": 3}},
            {"output": "hi", "usage": {"input_tokens": 5, "output_tokens": 2, "turns": 3}, "cost_usd": 0.25},
        ],
    )
    def test_has_the_names_that_programs_use(self, rig: Rig, printed: object) -> None:
        assert read(rig, "json", printed) == Report(Outcome.SUCCESS, "hi", usage=Usage(5, 2, 0.25, 3))

    def test_may_be_spread_over_lines_with_noise_before_it(self, rig: Rig) -> None:
        printed = "npm warn {\n" + json.dumps({"result": "hi", "outputs": {"n": 1}}, indent=2)
        assert read(rig, "json", printed) == Report(Outcome.SUCCESS, "hi", {"n": 1})

    def test_may_have_noise_behind_it(self, rig: Rig) -> None:
        assert read(rig, "json", '{"result": "hi"}\nbye\n') == Report(Outcome.SUCCESS, "hi")

    @pytest.mark.parametrize("cost", [-1, True, "1", None, 1e400, [1]])
    def test_with_an_impossible_cost_has_an_unknown_one(self, rig: Rig, cost: object) -> None:
        assert read(rig, "json", {"result": "hi", "cost_usd": cost}).usage is None

    def test_nested_beyond_reason_is_no_answer(self, rig: Rig) -> None:
        assert read(rig, "json", '{"result": ' + "[" * 100_000).outcome is Outcome.NO_OUTPUT

    def test_never_holds_what_could_not_be_written_down(self, rig: Rig) -> None:
        report = read(rig, "json", '{"result": "a\\ud800b", "outputs": {"x\\udfff": ["\\ud83d\\ude80"]}}')
        assert report == Report(Outcome.SUCCESS, "a\ufffdb", {"x\ufffd": ["\U0001f680"]})


class TestAnAnswerInLines:
    def test_is_the_last_of_each_kind(self, rig: Rig) -> None:
        lines = [
            {"type": "init", "session_id": "s1", "text": "starting"},
            {"usage": {"input_tokens": 1}},
            {"type": "message", "text": "working"},
            {"usage": {"input_tokens": 9, "output_tokens": 4}},
            {"type": "done", "result": "all done", "structured_output": {"n": 2}},
            {"type": "end"},
        ]
        printed = "\n".join(map(json.dumps, lines))
        assert read(rig, "jsonl", printed) == Report(Outcome.SUCCESS, "all done", {"n": 2}, Usage(9, 4), "s1")

    def test_takes_back_an_error_by_saying_so(self, rig: Rig) -> None:
        printed = '{"error": "reconnecting"}\n{"result": "hi", "is_error": false}\n'
        assert read(rig, "jsonl", printed) == Report(Outcome.SUCCESS, "hi")

    @pytest.mark.parametrize(
        ("error", "outcome", "retry_after_s"),
        [
            ({"message": "m", "code": "rate_limit", "retry_after_s": 30}, Outcome.QUOTA, 30.0),
            ({"message": "m", "type": "authentication_error"}, Outcome.AUTH, None),
            ({"message": "m", "code": "max-turns"}, Outcome.TRUNCATED, None),
            ({"message": "m", "code": "strange"}, Outcome.EXIT_CODE, None),
        ],
    )
    def test_classes_an_error_by_its_code(
        self, rig: Rig, error: dict[str, object], outcome: Outcome, retry_after_s: float | None
    ) -> None:
        report = read(rig, "jsonl", {"is_error": True, "error": error})
        assert (report.outcome, report.error_message, report.retry_after_s) == (outcome, "m", retry_after_s)

    @pytest.mark.parametrize(
        "said",
        [
            {"stop_reason": "max_tokens"},
            {"finish_reason": "length"},
            {"subtype": "error_max_turns", "is_error": True},
            {"stop_reason": "max-output-tokens", "is_error": False},
        ],
    )
    def test_knows_a_last_turn_that_was_cut_off_by_why_it_stopped(self, rig: Rig, said: dict[str, object]) -> None:
        assert read(rig, "jsonl", {"result": "half an", **said}).outcome is Outcome.TRUNCATED

    @pytest.mark.parametrize("last", [{"stop_reason": "end_turn"}, {"subtype": "success", "is_error": False}])
    def test_an_earlier_turn_that_was_cut_off_is_forgiven_by_the_last(self, rig: Rig, last: dict[str, object]) -> None:
        printed = json.dumps({"stop_reason": "max_tokens"}) + "\n" + json.dumps({"result": "all", **last}) + "\n"
        assert read(rig, "jsonl", printed) == Report(Outcome.SUCCESS, "all")

    def test_says_of_an_error_without_words_what_its_text_says(self, rig: Rig) -> None:
        assert read(rig, "jsonl", {"is_error": True, "result": "Not logged in"}).error_message == "Not logged in"


class TestOutputs:
    def test_written_to_the_file_win_over_all_others(self, rig: Rig) -> None:
        rig.folder.mkdir()
        rig.output_file.write_text('{"n": 1}')
        assert read(rig, "json", {"result": '```json\n{"n": 3}\n```', "outputs": {"n": 2}}, wants=True).outputs == {
            "n": 1
        }

    def test_of_the_structured_field_win_over_the_reply(self, rig: Rig) -> None:
        assert read(rig, "json", {"result": '```json\n{"n": 3}\n```', "outputs": {"n": 2}}, wants=True).outputs == {
            "n": 2
        }

    def test_are_read_from_the_reply_only_if_they_were_asked_for(self, rig: Rig) -> None:
        reply = 'Here:\n```json\n{"n": 3}\n```\n'
        assert read(rig, "text", reply, wants=True).outputs == {"n": 3}
        assert read(rig, "text", reply).outputs is None


def test_an_agent_that_waits_for_input_finds_its_end(rig: Rig) -> None:
    agent = command(sys.executable, "-c", "import sys; print(len(sys.argv), sys.stdin.read())", prompt="file")
    assert rig.run(agent, "hi") == Report(Outcome.SUCCESS, "2")
