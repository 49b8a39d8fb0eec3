"""Whatever is typed wrongly: exit code 2, one sentence, a way out, and nothing is started or changed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.stories.first_minutes.newcomer import Newcomer, newcomer

TAKES = """
name: takes
inputs:
  n: { type: integer, default: 3, minimum: 1 }
  s: { type: string, required: true }
  b: { type: boolean, default: false }
  l: { type: array, default: [] }
tasks:
  - id: say
    env: { KEY: "${{ secrets.KEY_FOR_TAKES }}" }
    run: printf '%s|' "$INPUT_N" "$INPUT_S" "$INPUT_B" "$INPUT_L" "$WORD"
"""
FILES = {
    ".fusion/workflows/takes.yaml": TAKES,
    ".fusion/workflows/boxed.yaml": "name: boxed\ntasks: [{ id: a, agent: boxed, prompt: x }]\n",
    ".fusion/agents/boxed.yaml": "provider: scripted\nsandbox: bubblewrap\nsteps: [{ say: x }]\n",
    ".fusion/workflows/gated.yaml": "name: gated\ntasks: [{ id: a, run: 'true' }]\nmerge: { into: a..b }\n",
    ".fusion/workflows/absent.yaml": "name: absent\ntasks: [{ id: a, agent: absent, prompt: x }]\n",
    ".fusion/agents/absent.yaml": "provider: command\ncommand: [no-such-agent]\n",
    "inputs.json": '{"s": "from file", "n": 7}',
    "broken.yml": "K: v\n- x\n",
    "list.yml": "- a\n",
    "short.env": "KEY_FOR_TAKES=short\n",
    "good.env": "KEY_FOR_TAKES=long-enough-to-mask\n",
}
CASES = Path(__file__).with_name("bad_input.txt").read_text().rstrip("\n").split("\n\n")


@pytest.fixture(scope="module")
def bob(tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    """A newcomer with a project and one run behind them."""
    person = newcomer(tmp_path_factory.mktemp("bob"))
    for name, text in FILES.items():
        person.write(name, text)
    (person.folder / "latin.txt").write_bytes(b"caf\xe9")
    person.begun()
    assert person.types("run", "ci", "-q").code == 0
    return person


@pytest.mark.parametrize("case", CASES, ids=[case.splitlines()[0] for case in CASES])
def test_it_is_one_sentence_with_a_way_out_and_nothing_has_changed(bob: Newcomer, case: str) -> None:
    typed, error, hint = case.splitlines()
    before = bob.snapshot()
    seen = bob.types(*shlex.split(typed)[1:])
    told = re.sub(r"ci-\d{8}-\w{6}", "{run}", seen.err.replace(str(bob.folder), "{folder}"))
    assert (seen.code, seen.out, told) == (2, "", f"{error}\n{hint}\n")
    assert bob.snapshot() == before


def test_a_file_with_mistakes_shows_each_with_its_place_and_can_be_checked_again(bob: Newcomer) -> None:
    bob.write("bad.yaml", "name: bad\ntasks:\n  - id: a\n    runn: echo\n  - id: b\n    needs: c\n    run: 'true'\n")
    seen = bob.types("run", "bad.yaml")
    assert (seen.code, seen.out) == (2, "")
    assert 'bad.yaml:4:5: unknown key "runn" in task "a"; did you mean "run"? [unknown-key]\n' in seen.err
    assert seen.err.endswith(
        "error: the definitions have 3 problems; nothing was started.\n"
        "hint: `fusion-kit validate bad.yaml` checks them again.\n"
    )
    again = bob.types("validate", "bad.yaml")
    assert (again.code, again.out.splitlines()[-1]) == (1, "3 errors, 0 warnings")
    assert bob.types("run", "bad.yaml", "-o", "json").json["error"]["code"] == "invalid-definitions"


def test_inputs_come_from_words_files_and_json(bob: Newcomer) -> None:
    words = [
        "--inputs-file",
        "inputs.json",
        "-i",
        "l:=[1, 2]",
        "-i",
        "b=yes",
        "-i",
        "s=@list.yml",
        "-e",
        "WORD=w",
        "-q",
    ]
    done = bob.types("run", "takes", *words, "--secret-file", "good.env", "-o", "json")
    assert done.code == 0, done.err
    printed = bob.types("logs", done.json["run"], "say").out
    assert printed == "7|- a\n|true|[1, 2]|w|\n"


def test_a_dry_run_writes_nothing_and_names_what_is_missing(bob: Newcomer) -> None:
    before = bob.snapshot()
    told = bob.types("run", "hello", "-n")
    assert (told.code, told.err, told.out.splitlines()[-1]) == (0, "", "nothing was started or written")
    assert "absent" in bob.types("run", "absent", "-n").out
    assert "a misses no-such-agent" in bob.types("run", "absent", "-n").out
    assert "say misses the secret KEY_FOR_TAKES" in bob.types("run", "takes", "-i", "s=x", "-n").out
    assert bob.snapshot() == before


def test_a_dry_run_in_a_repository_that_never_saw_a_run_writes_nothing(ada: Newcomer) -> None:
    ada.begun()
    before = ada.snapshot()
    assert [ada.types(*words, "-n").code for words in (["run", "hello"], ["run", "ci", "-o", "json"])] == [0, 0]
    assert [ada.types("run", "hello", *words).code for words in (["--until", "x"], ["--only", "check"])] == [2, 2]
    assert ada.snapshot() == before
