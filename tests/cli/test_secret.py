"""`secret`: what is stored, who can read it, and that nobody ever sees it again."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fusion_kit.bootstrap.secret_store import BadSecretName, BadSecretValue, NoSuchSecret, SecretsExposed, SecretStore
from tests.cli.runner import cli
from tests.cli.secret_ground import VALUE, piped, project_in

NOON, NOON_TEXT = datetime(2026, 1, 31, 12, tzinfo=UTC), "2026-01-31T12:00:00.000Z"


def store(tmp_path: Path) -> SecretStore:
    return SecretStore(tmp_path / "state", lambda: NOON)


def test_what_is_stored_is_found_again_by_every_process_and_its_owner_alone(tmp_path: Path) -> None:
    store(tmp_path).set("TOKEN", VALUE)
    store(tmp_path).set("KEY", "line one\nline two ü\n")
    assert store(tmp_path).values() == {"KEY": "line one\nline two ü\n", "TOKEN": VALUE}
    assert store(tmp_path).names() == {"KEY": NOON_TEXT, "TOKEN": NOON_TEXT}
    file = tmp_path / "state" / "secrets"
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)
    assert sorted(path.name for path in file.parent.iterdir()) == ["secrets", "secrets.lock"]


def test_a_secret_is_replaced_and_forgotten(tmp_path: Path) -> None:
    secrets = store(tmp_path)
    secrets.set("TOKEN", VALUE)
    secrets.set("TOKEN", "another-value")
    assert secrets.values() == {"TOKEN": "another-value"}
    secrets.remove("TOKEN")
    assert secrets.values() == {}
    with pytest.raises(NoSuchSecret):
        secrets.remove("TOKEN")


def test_where_nothing_was_stored_there_is_nothing_and_nothing_is_made(tmp_path: Path) -> None:
    assert (store(tmp_path).values(), list(tmp_path.iterdir())) == ({}, [])


@pytest.mark.parametrize("name", ["", "1ST", "A-B", "a b", "../x", "É", "A" * 129, "A\n"])
def test_a_name_that_no_variable_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadSecretName):
        store(tmp_path).set(name, VALUE)


@pytest.mark.parametrize("value", ["short", "nul\0nul\0nul", "x" * 65537])
def test_a_value_that_cannot_be_masked_or_given_to_a_program_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(BadSecretValue) as refusal:
        store(tmp_path).set("TOKEN", value)
    assert value not in f"{refusal.value} {refusal.value.way_out}"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_may_use_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    secrets, file = store(tmp_path), tmp_path / "state" / "secrets"
    secrets.set("TOKEN", VALUE)
    file.chmod(mode)
    with pytest.raises(SecretsExposed) as refusal:
        secrets.values()
    assert refusal.value.way_out.startswith(f"`chmod 600 {file}`, ")
    with pytest.raises(SecretsExposed):
        secrets.set("OTHER", VALUE)
    file.chmod(0o600)
    assert secrets.values() == {"TOKEN": VALUE}


def test_a_link_and_what_was_not_written_by_us_are_refused(tmp_path: Path) -> None:
    secrets, file = store(tmp_path), tmp_path / "state" / "secrets"
    secrets.set("TOKEN", VALUE)
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SecretsExposed, match="it is a link to another file"):
        secrets.values()
    file.unlink()
    for text in ("nonsense", "[]", '{"TOKEN": "x"}', '{"TOKEN": {"other": 1}}'):
        file.write_text(text)
        file.chmod(0o600)
        with pytest.raises(SecretsExposed, match="it is not what was written"):
            secrets.values()


def test_many_processes_that_store_at_once_lose_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path; "
        "from fusion_kit.bootstrap.secret_store import SecretStore; "
        "s = SecretStore(Path(sys.argv[1]), lambda: datetime(2026, 1, 31, tzinfo=UTC)); "
        "[s.set(f'{sys.argv[2]}_{n}', 'x' * 8) for n in range(10)]"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in "ABCD"]
    assert [child.wait(timeout=60) for child in children] == [0, 0, 0, 0]
    found = SecretStore(tmp_path, lambda: NOON).values()
    assert found == {f"{name}_{number}": "x" * 8 for name in "ABCD" for number in range(10)}


# The commands


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in a repository with one commit."""
    return project_in(tmp_path)


def test_a_value_is_piped_in_listed_without_being_shown_and_removed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert piped(monkeypatch, f"{VALUE}\n".encode(), "-C", root, "secret", "set", "TOKEN").out == "TOKEN is stored\n"
    document = cli("-C", root, "secret", "list", "-o", "json").json
    (item,) = document["items"]
    assert (item["name"], sorted(item), document["total"]) == ("TOKEN", ["name", "set_at"], 1)
    assert cli("-C", root, "secret", "list").out == f"TOKEN  set {item['set_at']}\n"
    assert cli("-C", root, "secret", "remove", "TOKEN", "-o", "json").json == {"name": "TOKEN", "removed": True}
    seen = cli("-C", root, "secret", "list")
    assert (seen.out, seen.err) == ("", "No secret is stored; `fusion-kit secret set NAME` stores one.\n")


def test_json_says_what_was_stored_and_when(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = piped(monkeypatch, VALUE.encode(), "-C", root, "-o", "json", "secret", "set", "TOKEN")
    assert (sorted(seen.json), seen.json["name"], VALUE in seen.out) == (["name", "set_at"], "TOKEN", False)


def test_a_value_on_the_command_line_is_refused_and_not_repeated(root: Path) -> None:
    seen = cli("-C", root, "secret", "set", "TOKEN", VALUE)
    assert (seen.code, VALUE in seen.err, cli("-C", root, "secret", "list").out) == (2, False, "")
    assert seen.err.splitlines() == [
        "error: The value of a secret does not go on the command line: the shell's history keeps it, "
        "and `ps` shows it.",
        f"hint: `fusion-kit -C {root} secret set TOKEN` asks for it, or reads it from stdin. "
        "Change the secret: it has been seen.",
    ]


@pytest.mark.parametrize("content", [b"", b"\n"])
def test_nothing_is_no_secret(root: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    seen = piped(monkeypatch, content, "-C", root, "secret", "set", "TOKEN")
    assert (seen.code, seen.err.splitlines()[0]) == (2, "error: Nothing was given as the value of the secret TOKEN.")


def test_only_the_last_end_of_line_is_left_out(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    piped(monkeypatch, b"-----BEGIN-----\nline two\n\n", "-C", root, "secret", "set", "KEY")
    kept = json.loads((root / ".git" / "fusion-kit" / "secrets").read_text())
    assert kept["KEY"]["value"] == "-----BEGIN-----\nline two\n"


def at_terminal(root: Path, typed: bytes, *words: str) -> tuple[int, bytes]:
    """The real program at a terminal of its own: its exit code, and what the terminal showed."""
    argv = [sys.executable, "-m", "fusion_kit", *words]
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(root)
        os.execv(sys.executable, argv)
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux says so when the other end is closed
            break
        shown += piece
        if typed and b"not shown: " in shown:
            os.write(terminal, typed)
            typed = b""
        if not piece:
            break
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(terminal)
    return code, shown


def test_a_person_is_asked_and_what_is_typed_is_not_shown(root: Path) -> None:
    code, shown = at_terminal(root, VALUE.encode() + b"\n", "secret", "set", "TOKEN")
    assert (code, VALUE.encode() in shown) == (0, False)
    assert shown.startswith(b"Value of TOKEN, which is not shown: ")
    kept = json.loads((root / ".git" / "fusion-kit" / "secrets").read_text())
    assert kept["TOKEN"]["value"] == VALUE


def test_ctrl_c_at_the_question_stores_nothing(root: Path) -> None:
    code, _ = at_terminal(root, b"\x03", "secret", "set", "TOKEN")
    assert (code, (root / ".git" / "fusion-kit" / "secrets").exists()) == (130, False)


def test_nobody_is_asked_who_does_not_want_to_be(root: Path) -> None:
    code, shown = at_terminal(root, b"", "secret", "set", "TOKEN", "--no-input")
    assert (code, b"is asked for, and --no-input forbids to ask" in shown) == (2, True)
