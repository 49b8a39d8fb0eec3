"""What a person sees at a terminal, narrow or wide, whatever the agents print."""

from __future__ import annotations

import re

import pytest

from tests.stories.first_minutes.newcomer import Newcomer
from tests.stories.first_minutes.terminal import watched

HOSTILE = (
    r"\033[2J\033[H\033]0;owned\007\033]8;;http://evil\033\\link\033]8;;\033\\ \033]52;c;ZXZpbA==\007\033[?1049h\033c\n"
    r"hidden\rseen\n::error::boo\n##[error]x\n\302\2332J\302\2350;x\302\234\n"
    r"\342\200\256bidi\t" + "漢字" * 30 + r" 🎉\n"
)
EVIL = f"""
name: evil
tasks:
  - id: evil
    run: |
      printf '{HOSTILE}'
      printf '{HOSTILE}' >&2
      sleep 0.6
      printf 'v<<END\\n\\033[2Jvalue\\n::error::out\\nEND\\n' >> "$FUSION_OUTPUT"
    outputs: {{ v: {{ type: string }} }}
  - id: bad
    needs: evil
    run: printf '{HOSTILE}' >&2; exit 3
outputs: {{ v: "${{{{ tasks.evil.outputs.v }}}}" }}
"""
MANY = """
name: many
tasks:
  - id: each
    strategy: { matrix: { n: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24] } }
    run: echo working; sleep 0.2
"""


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_the_tree_grows_in_place_in_order_and_leaves_one_picture(ada: Newcomer, columns: int) -> None:
    ada.begun()
    seen = watched(ada, "run", "hello", columns=columns)
    assert (seen.code, seen.screen.strange, seen.screen.hidden) == (0, [], False)
    assert seen.screen.widest <= columns
    lines = seen.screen.text.splitlines()
    names = [found[1] for line in lines if (found := re.match(r"✓ +([\w@]+) ", line))]
    items = ["implement@greeting", "implement@facts", "implement@thanks"]
    assert names == ["plan", "implement", *items, "check", "review"]
    assert len(re.findall(r"^hello-\d{8}-\w{6}$", seen.screen.text, re.MULTILINE)) == 1  # nothing is left of a redraw
    assert "…" not in seen.screen.text.partition("next:")[0]
    assert any("Working on greeting." in picture for picture in seen.pictures)
    assert all(picture.count("implement@facts") <= 1 for picture in seen.pictures)
    assert lines[-1].startswith("next: git merge fk/hello-")


def test_more_tasks_than_lines_are_one_picture_that_fits(ada: Newcomer) -> None:
    ada.write(".fusion/workflows/many.yaml", MANY)
    ada.with_a_commit()
    seen = watched(ada, "run", "many", "-j", "8", columns=60, lines=12)
    assert (seen.code, seen.screen.strange) == (0, [])
    drawn = [picture for picture in seen.pictures if " more" in picture]
    assert drawn
    assert max(len(picture.splitlines()) for picture in drawn) <= 12
    assert len(re.findall(r"^many-\d{8}-\w{6}$", seen.screen.text, re.MULTILINE)) == 1


def test_hostile_output_changes_no_terminal_in_the_tree_the_summary_logs_and_status(ada: Newcomer) -> None:
    ada.write(".fusion/workflows/evil.yaml", EVIL)
    ada.with_a_commit()
    seen = watched(ada, "run", "evil", columns=60)
    assert (seen.code, seen.screen.strange, seen.screen.hidden) == (1, [], False)
    assert any("bidi" in picture for picture in seen.pictures)
    run = ada.types("status", "-o", "json").json["run"]
    for words in (["logs", run], ["logs", run, "evil"], ["status", run], ["events"], ["history"]):
        shown = watched(ada, *words, columns=80)
        assert (shown.code, shown.screen.strange) == (0, [])
        assert "\u202e" not in shown.screen.text
    assert "owned" not in ada.types("logs", run).out
    assert "evil | seen\nevil | ::error::boo\n" in ada.types("logs", run).out


def test_in_ci_no_line_of_an_agent_is_a_command_to_the_service(ada: Newcomer) -> None:
    ada.write(".fusion/workflows/evil.yaml", EVIL)
    ada.with_a_commit()
    ci = {"CI": "true", "GITHUB_ACTIONS": "true"}  # but not its form of output, which has commands of its own
    ran = ada.types("run", "evil", "-v", "-o", "plain", env=ci)
    run = ada.types("status", "-o", "json").json["run"]
    logs = ada.types("logs", run, "evil", env=ci)
    everything = ran.out + ran.err + logs.out + ada.types("status", env=ci).out
    assert "error::boo" in logs.out
    assert re.findall(r"^\s*::|##\w*\[", everything, re.MULTILINE) == []
