"""Secrets in runs: where they come from, and that nothing that is shown shows them."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.cli.runner import cli
from tests.cli.secret_ground import VALUE, piped, project_in, run_of, workflow


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in a repository with one commit."""
    return project_in(tmp_path)


def test_the_store_is_overruled_by_the_environment_and_that_by_a_file(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow(root, 'printf %s "$TOKEN" | cut -c1-6')
    piped(monkeypatch, b"stored-value", "-C", root, "secret", "set", "TOKEN")
    (tmp_path / "file").write_text("TOKEN=filed-value\n")
    said = []
    for env, words in (({}, []), ({"TOKEN": "environ-value"}, []), ({"TOKEN": "e"}, ["--secret-file", "../file"])):
        assert cli("-C", root, "run", "say", "-q", *words, env=env).code == 0
        said.append(cli("-C", root, "logs", run_of(root), "say").out)
    assert said == ["stored\n", "enviro\n", "filed-\n"]


def test_a_run_whose_secrets_are_missing_says_the_three_ways_to_give_them(root: Path) -> None:
    workflow(root, "true")
    seen = cli("-C", root, "run", "say")
    assert (seen.code, seen.err.splitlines()[-2:]) == (
        2,
        [
            "error: The workflow needs secrets that are not there: TOKEN.",
            "hint: `fusion-kit secret set NAME` stores one; the environment and a file of NAME=value lines "
            "(--secret-file) win.",
        ],
    )
    assert "say misses the secret TOKEN" in cli("-C", root, "run", "say", "-n").out


def test_a_dry_run_misses_nothing_that_is_stored(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workflow(root, "true")
    piped(monkeypatch, VALUE.encode(), "-C", root, "secret", "set", "TOKEN")
    assert "misses" not in cli("-C", root, "run", "say", "-n").out


PRINTS = (
    'echo "plain $TOKEN"; printf %s "$TOKEN" | base64; echo "{\\"token\\": \\"$TOKEN\\"}"; '
    'echo "failed: $TOKEN" >&2; printf %s "unended $TOKEN"; exit 3'
)


@pytest.mark.parametrize("stored", [True, False])
def test_a_secret_that_a_task_prints_is_shown_nowhere(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: bool
) -> None:
    workflow(root, PRINTS)
    env = {} if stored else {"TOKEN": VALUE}
    if stored:
        piped(monkeypatch, VALUE.encode(), "-C", root, "secret", "set", "TOKEN")
    reports = ["--junit", str(tmp_path / "junit.xml"), "--summary", str(tmp_path / "summary.md")]
    github = {name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    seen = [
        cli("-C", root, "run", "say", "-v", *reports, env=env),
        cli("-C", root, "run", "say", "-o", "json", env=env),
        cli("-C", root, "run", "say", "-o", "jsonl", env=env),
        cli("-C", root, "run", "say", "-o", "github", env={**env, **github}),
        cli("-C", root, "run", "say", env=env, terminal=True),
    ]
    assert [one.code for one in seen] == [1] * 5
    run = run_of(root)
    looks = [["logs", run], ["logs", run, "--raw"], ["logs", run, "-f"], ["logs", run, "-o", "json"], ["events"]]
    looks += [["status", run, "-o", "json"], ["logs", run, "-f", "--raw"], ["logs", run, "--tail", "3"]]
    seen += [cli("-C", root, *words, env=env) for words in looks]
    texts = [text for one in seen for text in (one.out, one.err)]
    texts += [path.read_text() for path in tmp_path.iterdir() if path.is_file()]
    texts += [path.read_text() for path in (root / ".git" / "fusion-kit" / "log").iterdir()]
    encoded = base64.b64encode(VALUE.encode()).decode()
    assert [text for text in texts if VALUE in text or encoded in text] == []
    assert "say | plain ***\n" in cli("-C", root, "logs", run, env=env).out
    assert "plain ***\n***\n" in cli("-C", root, "logs", run, "--raw", env=env).out


@pytest.mark.parametrize("words", [("-o", "github"), ("-v",)])
def test_no_cut_shows_the_half_of_a_secret(root: Path, words: tuple[str, ...]) -> None:
    workflow(root, """python3 -c "import os; print(1990 * 'x' + os.environ['TOKEN'] + 9000 * 'y')" """)
    seen = cli("-C", root, "run", "say", *words, env={"TOKEN": VALUE})
    assert (seen.code, "xx***" in seen.err, "xxh" in seen.err) == (0, True, False)


def test_what_the_store_holds_is_masked_even_where_the_environment_says_otherwise(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow(root, f"echo {VALUE} $TOKEN")
    piped(monkeypatch, VALUE.encode(), "-C", root, "secret", "set", "TOKEN")
    cli("-C", root, "run", "say", "-q", env={"TOKEN": "environ-value"})
    assert cli("-C", root, "logs", run_of(root), "say", env={"TOKEN": "environ-value"}).out == "*** ***\n"


def test_logs_are_shown_where_a_secret_of_the_run_is_gone(root: Path) -> None:
    workflow(root, "echo done")
    assert cli("-C", root, "run", "say", "-q", env={"TOKEN": VALUE}).code == 0
    assert cli("-C", root, "logs", run_of(root), "say").out == "done\n"
