"""Secrets: known again in every form in which programs print them, whole or in pieces."""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion_kit.core.secrets import Mask, forms, leaks

TOKEN = 'it\'s/a+"tøken"\\ñ?'
KEY = "-----BEGIN KEY-----\nMIIEvQIBADAN\nBgkqhkiG9w0B\nshort\n-----END KEY-----\n"

# Not '*': what is left of a text must not become a secret by what stands in a secret's place.
PLAIN = st.text(st.characters(blacklist_characters="*", blacklist_categories=["Cs"]), max_size=30)
SECRET = st.text(st.characters(blacklist_characters="*\0", blacklist_categories=["Cs"]), min_size=8, max_size=40)


def in_base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


@pytest.mark.parametrize(
    "printed",
    [
        str,
        lambda value: json.dumps({"token": value}),
        lambda value: json.dumps({"token": value}, ensure_ascii=False),
        lambda value: json.dumps({"output": json.dumps({"token": value})}),
        lambda value: json.dumps(value).replace("/", "\\/"),
        in_base64,
        lambda value: in_base64(value).rstrip("="),
        lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
        lambda value: base64.urlsafe_b64encode(value.encode()).decode().rstrip("="),
        lambda value: quote(value),
        lambda value: quote(value, safe=""),
        lambda value: quote(value, safe="").lower(),
        quote_plus,
    ],
)
@pytest.mark.parametrize("around", ["", "x", "-> "])
def test_a_secret_is_masked_in_every_form_in_which_it_is_printed(printed: Callable[[str], str], around: str) -> None:
    token = TOKEN.lower()
    text = f"{around}{printed(token)}{around}"
    masked = Mask([token])(text)
    assert (masked.count("***"), len(masked) - len(masked.replace("***", ""))) == (1, 3)
    assert masked.strip('"').startswith((around, '{"'))
    assert all(form not in masked for form in forms(token))


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "user:"])
def test_a_secret_inside_of_what_was_encoded_is_masked_but_for_the_bits_it_shares(before: str) -> None:
    after = " and what follows"
    left, right = Mask([TOKEN])(in_base64(f"{before}{TOKEN}{after}")).split("***")
    shared = (len(before) * 8 % 6 > 0, len(f"{before}{TOKEN}".encode()) * 8 % 6 > 0)
    assert len(left) == len(before) * 8 // 6 + shared[0]
    assert len(right.rstrip("=")) <= len(after) * 8 // 6 + shared[1] + 1


def test_the_shell_shows_no_secret_while_it_traces() -> None:
    script = f"set -x; : {shlex.quote(TOKEN)}"
    traced = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stderr
    assert Mask([TOKEN])(traced) in ("+ : ***\n", "+ : '***'\n")


def test_every_line_of_a_secret_is_one_unless_it_is_too_short() -> None:
    mask = Mask([KEY])
    assert mask(f"key: {KEY}") == "key: ***"
    assert [mask(f"> {line} <") for line in KEY.splitlines()] == ["> *** <"] * 3 + ["> short <", "> *** <"]
    assert mask(KEY.replace("\n", "\r\n")) == "***\r\n"
    assert mask(in_base64("MIIEvQIBADAN")) == "***"


def test_a_secret_that_holds_another_is_masked_as_a_whole() -> None:
    assert Mask(["password", "password-of-mine"])("password-of-mine, password") == "***, ***"


def test_without_secrets_nothing_is_changed() -> None:
    document = {"name": ["value", 1]}
    mask = Mask()
    assert (mask("text"), mask.value(document) is document, mask.stream().feed(b"text")) == ("text", True, b"text")


def test_values_of_documents_are_masked_and_keep_their_shape() -> None:
    document = {"12345678": [12345678, "is 12345678", None, {"a": ("12345678",)}]}
    assert Mask(["12345678"]).value(document) == {"***": [12345678, "is ***", None, {"a": ["***"]}]}


@given(SECRET, PLAIN, PLAIN)
def test_no_text_shows_a_secret_after_it_was_masked(secret: str, before: str, after: str) -> None:
    mask = Mask([secret])
    masked = mask(f"{before}{secret}{after}")
    assert (secret in masked, "***" in masked) == (False, True)
    assert mask(masked) == masked


@given(st.lists(SECRET, min_size=1, max_size=3), PLAIN, st.lists(st.integers(1, 9), max_size=60))
def test_bytes_in_pieces_are_masked_as_they_are_in_one(secrets: list[str], plain: str, sizes: list[int]) -> None:
    mask = Mask(secrets)
    whole = f"{plain}{plain.join(secrets)}{plain}{secrets[0][:-1]}".encode()
    stream, rest, seen = mask.stream(), whole, b""
    for size in sizes:
        seen += stream.feed(rest[:size])
        rest = rest[size:]
    seen += stream.feed(rest) + stream.feed(b"", final=True)
    assert all(secret.encode() not in seen for secret in secrets)
    assert mask.stream().feed(whole, final=True).count(b"***") <= seen.count(b"***")


def test_a_stream_holds_back_no_more_than_may_be_a_secret() -> None:
    stream = Mask(["hunter2hunter2"]).stream()
    fed = [stream.feed(piece) for piece in (b"Name? ", b"my hun", b"ter2hun", b"ger, hunter2hunter2!")]
    assert fed == [b"Name? ", b"my ", b"", b"hunter2hunger, ***!"]
    assert (stream.feed(b"hunter2"), stream.feed(b"", final=True)) == (b"", b"hunter2")


def test_files_that_hold_a_secret_are_told_with_its_name() -> None:
    secrets = {"TOKEN": "hunter2hunter2", "KEY": KEY, "OTHER": "not in any file"}
    files = {
        ".env": b"TOKEN=hunter2hunter2\n",
        "config.json": json.dumps({"auth": in_base64("hunter2hunter2"), "key": KEY}).encode(),
        "image.png": b"\x89PNG\xff\xfe",
        "part.pem": b"MIIEvQIBADAN",
    }
    assert leaks(files, secrets) == {".env": ("TOKEN",), "config.json": ("KEY", "TOKEN"), "part.pem": ("KEY",)}
