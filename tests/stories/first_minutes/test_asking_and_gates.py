"""What a newcomer meets soon: a run that asks, a gate that is red, and commands that are told and do what they say."""

from __future__ import annotations

import re
import shlex
import time

import pytest

from tests.stories.first_minutes.newcomer import Newcomer, Seen

RED = """
name: red
tasks:
  - { id: good, run: "echo good > good.txt" }
  - { id: bad, run: "echo bad > bad.txt" }
merge: { gate: "ls; test ! -e bad.txt" }
"""
COLLIDING = """
name: colliding
tasks:
  - { id: left, run: "echo left > file.txt" }
  - { id: right, run: "echo right > file.txt" }
"""
ASKING = """
name: asking
tasks:
  - id: ask
    approval: { message: "Go on?", inputs: { sure: { type: boolean, required: true } } }
  - { id: go, needs: ask, run: "echo went > went.txt" }
"""
POOR = """
name: poor
limits: { cost_usd: 0.50 }
tasks:
  - { id: first, agent: dear, prompt: One., limits: { cost_usd: 0.40 } }
  - { id: second, needs: first, agent: dear, prompt: Two., limits: { cost_usd: 0.40 } }
"""
DEAR = """
name: dear
provider: scripted
steps: [{ use: { cost_usd: 0.30 } }, { say: Done. }]
"""
BUSY = """
name: busy
tasks: [{ id: one, run: "echo new >> README.md" }]
merge: { into: main }
"""
SLIP = """
name: slip
tasks: [{ id: one, run: "exit 3" }]
"""


def next_commands(seen: Seen) -> list[list[str]]:
    """The commands of ours that a command told next, without the program's name."""
    told = re.findall(r"^next: fusion-kit (.+)$", seen.err, re.MULTILINE)
    return [shlex.split(line) for line in told]


def test_the_feature_workflow_asks_before_it_ends_and_gates_what_it_made(ada: Newcomer) -> None:
    ada.begun()
    began = ada.types("run", "feature", "-i", "goal=Notes", "-i", "check=ls hello")
    assert (began.code, [words[0] for words in next_commands(began)]) == (4, ["approve", "resume"])
    assert ada.types("approve", "feature", "-i", "note=fine").out == "ship approved\n"
    ended = ada.types("resume", "feature")
    assert (ended.code, "gate passed: " in ended.err) == (0, True)
    ship = next(task for task in ada.types("status", "feature", "-o", "json").json["tasks"] if task["id"] == "ship")
    assert ship["outputs"] == {"note": "fine"}


@pytest.mark.parametrize(
    ("name", "text", "code", "told"),
    [
        ("red", RED, 1, ["logs", "retry"]),
        ("colliding", COLLIDING, 1, []),
        ("asking", ASKING, 4, ["approve", "resume"]),
        ("poor", POOR, 4, ["resume"]),
        ("busy", BUSY, 0, ["merge"]),
        ("slip", SLIP, 1, ["logs", "retry"]),
    ],
)
def test_every_command_that_is_told_next_does_something(
    ada: Newcomer, name: str, text: str, code: int, told: list[str]
) -> None:
    ada.write("README.md", "old\n")
    ada.write(f".fusion/workflows/{name}.yaml", text)
    ada.write(".fusion/agents/dear.yaml", DEAR)
    ada.begun()
    if name == "busy":
        ada.write("README.md", "mine\n")
    ended = ada.types("run", name)
    assert (ended.code, [words[0] for words in next_commands(ended)]) == (code, told)
    if name == "busy":
        ada.git("checkout", "-q", "README.md")
    for words in next_commands(ended):
        more = ["-i", "sure=yes"] if words[0] == "approve" else []
        assert ada.types(*words, *more).code in {0, 1}, words


def test_the_status_of_a_red_gate_says_who_broke_it_and_the_diff_shows_what_was_merged(ada: Newcomer) -> None:
    ada.write(".fusion/workflows/red.yaml", RED)
    ada.begun()
    ada.types("run", "red")
    lines = [line.split() for line in ada.types("status", "red").out.splitlines()[-2:]]
    assert [[words[0], " ".join(words[3:])] for words in lines] == [
        ["good", ""],
        ["bad", "its work broke the gate and was left out"],
    ]
    assert "merged: fk/red-" in ada.types("status", "red").out
    assert ada.types("diff", "red", "--stat").out == "added  good.txt  +1 -0\n1 file, 1 line added, 0 removed\n"
    assert re.match(r"gate failed: (good and bad|bad and good)\n", ada.types("logs", "red", "--gate").err)


def test_an_approval_nobody_gave_in_time_fails_when_the_run_goes_on_and_a_retry_asks_again(ada: Newcomer) -> None:
    late = 'name: late\ntasks: [{ id: ask, approval: { message: "Go?", timeout: 1s } }]\n'
    ada.write(".fusion/workflows/late.yaml", late)
    ada.begun()
    assert ada.types("run", "late").code == 4
    deadline = time.monotonic() + 30
    while "nobody answered until" not in ada.types("status", "late").out:
        assert time.monotonic() < deadline
    refused = ada.types("approve", "late")
    assert (refused.code, "had to be answered" in refused.err) == (2, True)
    codes = [ada.types("resume", "late").code]
    while codes[-1] == 4:  # an answer of the last moment may still be on its way
        assert time.monotonic() < deadline
        codes.append(ada.types("resume", "late").code)
    assert codes[-1] == 124
    assert "failed: timeout: nobody answered" in ada.types("events", "--type", "task.failed").out
    assert ada.types("retry", "late").code == 4
