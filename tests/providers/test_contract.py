"""What every provider promises."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from fusion_kit.coordination import ports
from fusion_kit.core.process import Ended, Exit
from fusion_kit.core.states import Outcome
from fusion_kit.core.work import Report, Usage
from fusion_kit.core.workflow import AgentSpec
from fusion_kit.providers.errors import PromptUnpassable, ProviderUnavailable
from fusion_kit.providers.registry import Registry
from tests.providers.rig import Rig, command, echo, scripted, shell

HUGE = "0123456789abcdef" * 12_800  # 200 KiB
TEXTS = {
    "dollars": "$(touch pwned) `touch pwned` ${HOME} $FUSION_OUTPUT",
    "quotes": "it's \"so\" 'called' \\ \\n %s {model} {prompt} ${{ secrets.KEY }}",
    "newlines": "one\n\n  two\r\nthree\ttabbed",
    "dash": "--help -rf -",
    "unicode": "Grüße, 世界 \u2028 \U0001f680 \x1b[31mred",
    "huge": HUGE,
}


@dataclass(frozen=True)
class Case:
    """A provider, the prompt that makes it answer a text, and the bytes its program prints to answer one."""

    agent: AgentSpec
    asks: Callable[[str], str] = str
    prints: Callable[[str], bytes] = str.encode
    prompt_in_argv: bool = False
    drops_noise: bool = True


def _line(text: str) -> bytes:
    return json.dumps({"type": "result", "result": text}, separators=(",", ":")).encode() + b"\n"


def _script(text: str) -> str:
    return f"printf %s {shlex.quote(text)}"


def _python(text: str) -> str:
    return f"import sys; sys.stdout.buffer.write({text!r}.encode())"


CASES = {
    "shell": Case(shell(), _script, prompt_in_argv=True, drops_noise=False),
    "shell-sh": Case(shell("sh"), _script, prompt_in_argv=True, drops_noise=False),
    "shell-file": Case(shell("sh {0}"), _script, drops_noise=False),
    "shell-python": Case(shell("python"), _python, drops_noise=False),
    "command-stdin-text": Case(echo("stdin", "text"), drops_noise=False),
    "command-stdin-json": Case(echo("stdin", "json"), prints=_line),
    "command-stdin-jsonl": Case(echo("stdin", "jsonl"), prints=_line),
    "command-arg-text": Case(echo("arg", "text"), prompt_in_argv=True, drops_noise=False),
    "command-arg-jsonl": Case(echo("arg", "jsonl"), prints=_line, prompt_in_argv=True),
    "command-file-text": Case(echo("file", "text"), drops_noise=False),
    "command-file-json": Case(echo("file", "json"), prints=_line),
    "scripted": Case(scripted({"say": "{prompt}"}), prints=_line),
}  # fmt: skip

ENDINGS = {
    Ended.TIMEOUT: (Outcome.TIMEOUT, "timeout", "it ran longer than its time-out allows"),
    Ended.STALLED: (Outcome.STALLED, "stalled", "it was silent for too long and nothing of it was busy"),
    Ended.STOPPED: (Outcome.CANCELLED, "stopped", "it was stopped"),
    Ended.LOG_LIMIT: (Outcome.EXIT_CODE, "log_limit", "it printed more than it may"),
    Ended.LOST: (Outcome.LOST, "lost", "its process vanished without leaving an exit record"),
    Ended.NOT_STARTED: (Outcome.EXIT_CODE, "not_started", "its program could not be started"),
}


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[str(request.param)]


def ended(
    case: Case,
    rig: Rig,
    said: str | bytes,
    err: bytes = b"",
    exit_: Exit = Exit(Ended.EXIT, 0),  # noqa: B008 - frozen
) -> Report:
    """Return what the case's provider makes of a program that printed this and ended so."""
    order = rig.order(case.agent, case.asks("x"))
    printed = case.prints(said) if isinstance(said, str) else said
    return Registry().provider(case.agent).report(order, rig.transcript(exit_, printed, err))


class TestEveryProvider:
    def test_fits_the_port(self, case: Case) -> None:
        registry: ports.Providers = Registry()
        provider: ports.Provider = registry.provider(case.agent)
        assert registry.provider(case.agent) is provider

    def test_names_a_program_and_starts_and_writes_nothing(self, case: Case, rig: Rig) -> None:
        provider, order = Registry().provider(case.agent), rig.order(case.agent, case.asks("hello"))
        first, second = provider.invocation(order), provider.invocation(order)
        assert first == second
        assert first.argv
        assert [*rig.workspace.iterdir(), *rig.folder.iterdir()] == []

    @pytest.mark.parametrize("text", TEXTS)
    def test_hands_any_text_to_its_program_unchanged(self, case: Case, rig: Rig, text: str) -> None:
        if case.agent.options.get("prompt") == "arg" and text == "huge":
            with pytest.raises(PromptUnpassable):
                rig.run(case.agent, TEXTS[text])
            return
        report = rig.run(case.agent, case.asks(TEXTS[text]))
        assert (report.outcome, report.text) == (Outcome.SUCCESS, TEXTS[text].strip())
        assert list(rig.workspace.iterdir()) == []

    def test_keeps_the_prompt_out_of_the_process_list_unless_it_must(self, case: Case, rig: Rig) -> None:
        asked = case.asks("open sesame")
        invocation = Registry().provider(case.agent).invocation(rig.order(case.agent, asked))
        assert any("open sesame" in word for word in invocation.argv) == case.prompt_in_argv
        assert not any("open sesame" in value for value in invocation.env.values())

    @pytest.mark.parametrize("reason", ENDINGS, ids=str)
    def test_says_why_an_attempt_was_ended(self, case: Case, rig: Rig, reason: Ended) -> None:
        outcome, code, message = ENDINGS[reason]
        expected = Report(outcome, "half done", error_code=code, error_message=f"{message}: by a test")
        assert ended(case, rig, "half done", exit_=Exit(reason, -9, message="by a test")) == expected

    def test_takes_an_answer_of_a_program_that_lingered(self, case: Case, rig: Rig) -> None:
        assert ended(case, rig, "all done", exit_=Exit(Ended.LINGERED, -9)) == Report(Outcome.SUCCESS, "all done")

    @pytest.mark.parametrize(("code", "how"), [(3, "it ended with exit code 3"), (-9, "it was killed by SIGKILL")])
    def test_says_how_a_program_failed_and_its_last_words(self, case: Case, rig: Rig, code: int, how: str) -> None:
        report = ended(case, rig, "half", b"warning\nno such model\n\n", Exit(Ended.EXIT, code))
        message = f"{how}: no such model"
        assert report == Report(Outcome.EXIT_CODE, "half", error_code="exit-code", error_message=message)

    def test_reads_what_was_written_to_the_output_file(self, case: Case, rig: Rig) -> None:
        rig.folder.mkdir(parents=True)
        rig.output_file.write_text('{"n": 3, "more": [null]}')
        assert ended(case, rig, "ok") == Report(Outcome.SUCCESS, "ok", {"n": 3, "more": [None]})

    def test_calls_an_unreadable_output_file_a_broken_contract(self, case: Case, rig: Rig) -> None:
        rig.folder.mkdir(parents=True)
        rig.output_file.write_text("no sign here")
        message = (
            "What was written to $FUSION_OUTPUT cannot be read: line 1 is neither `name=value` nor `name<<END`: "
            "'no sign here'."
        )
        expected = Report(Outcome.CONTRACT, "ok", error_code="bad-output-file", error_message=message)
        assert ended(case, rig, "ok") == expected

    def test_is_not_blocked_by_a_pipe_in_place_of_the_output_file(self, case: Case, rig: Rig) -> None:
        rig.folder.mkdir(parents=True)
        os.mkfifo(rig.output_file)
        report = ended(case, rig, "ok")
        assert (report.outcome, report.error_code) == (Outcome.CONTRACT, "bad-output-file")

    def test_replaces_what_is_not_utf8(self, case: Case, rig: Rig) -> None:
        report = ended(case, rig, case.prints("caf@ ok").replace(b"@", b"\xe9\xff"), b"\xff\xfe")
        assert report == Report(Outcome.SUCCESS, "caf\ufffd\ufffd ok")

    def test_finds_the_answer_among_noise(self, case: Case, rig: Rig) -> None:
        noise = b"Loading...\n[1,2]\n\xff\n{broken\nnull\n"
        report = ended(case, rig, noise + case.prints("the answer"))
        kept = "" if case.drops_noise else noise.decode("utf-8", "replace")
        assert report == Report(Outcome.SUCCESS, f"{kept}the answer")

    def test_survives_a_line_of_20_mb(self, case: Case, rig: Rig) -> None:
        printed = b"x" * 20_000_000 + b"\n" + case.prints("the answer")
        report = ended(case, rig, printed, printed)
        assert report.outcome is Outcome.SUCCESS
        assert report.text.endswith("the answer")
        assert len(report.text) <= 1 << 20


class TestAProgramThatIsMissing:
    @pytest.mark.parametrize(
        "agent", [shell(), shell("bash"), shell("fish {0}"), command("nowhere-agent", "--headless")]
    )
    def test_is_named_before_anything_is_started(self, agent: AgentSpec, tmp_path: Path) -> None:
        rig = Rig(tmp_path, env={"PATH": str(tmp_path / "empty")})
        with pytest.raises(ProviderUnavailable) as caught:
            Registry().provider(agent).invocation(rig.order(agent, "true"))
        assert caught.value.facts["program"] in ("sh", "bash", "fish", "nowhere-agent")
        assert "PATH" in caught.value.way_out

    def test_may_lie_in_the_workspace(self, rig: Rig) -> None:
        agent = command("./tools/agent")
        order = rig.order(agent, "hello")
        with pytest.raises(ProviderUnavailable, match=r"The program './tools/agent' of agent 'robot' was not found\."):
            Registry().provider(agent).invocation(order)
        program = rig.workspace / "tools" / "agent"
        program.parent.mkdir()
        program.write_text("#!/bin/sh\ncat\n")
        program.chmod(0o755)
        assert rig.run(agent, "hello").text == "hello"


class TestAPromptAsAnArgument:
    @pytest.mark.parametrize(
        ("prompt", "reason"),
        [
            ("x" * 131_072, "it is 131,072 bytes long and one argument holds at most 131,071"),
            ("ü" * 65_536, "it is 131,072 bytes long and one argument holds at most 131,071"),
            ("a\0b", "it holds a NUL character"),
        ],
        ids=["ascii", "utf8", "nul"],
    )
    def test_that_no_program_could_take_is_refused_with_the_way_out(self, rig: Rig, prompt: str, reason: str) -> None:
        agent = echo("arg", "text")
        with pytest.raises(PromptUnpassable) as caught:
            Registry().provider(agent).invocation(rig.order(agent, prompt))
        assert str(caught.value) == f"The prompt for agent 'robot' cannot be an argument: {reason}."
        assert "`prompt: stdin`" in caught.value.way_out

    def test_of_the_greatest_length_arrives(self, rig: Rig) -> None:
        assert len(rig.run(echo("arg", "text"), "x" * 131_071).text) == 131_071


class TestUsage:
    def test_is_told_however_the_attempt_ended(self, rig: Rig) -> None:
        agent = echo("stdin", "jsonl")
        printed = b'{"usage": {"input_tokens": 7, "output_tokens": 2}, "cost_usd": 0.5, "session_id": "s1"}\n'
        order = rig.order(agent, "x")
        transcript = rig.transcript(Exit(Ended.TIMEOUT), printed, b"")
        report = Registry().provider(agent).report(order, transcript)
        assert (report.outcome, report.usage, report.session) == (Outcome.TIMEOUT, Usage(7, 2, 0.5, None), "s1")
