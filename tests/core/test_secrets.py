"""A key that comes back is struck out, however it is written, and nothing else is."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.errors import CallFailed, InputError
from sim.core.secrets import SECRETS, Secrets

KEYS = ("kestrel-moon-4711-lagoon", "hush-hush-4711", "zebra/Quagga+7731=x", 'p"q\\z%4é&x-77', "passphrase of three words", "a1b2c3")
WRITTEN = {
    "as it is": str,
    "in capitals": str.upper,
    "in quotation marks": repr,
    "as JSON": json.dumps,
    "as JSON in JSON": lambda k: json.dumps(json.dumps(json.dumps({"k": k}))),
    "as bytes": lambda k: repr(k.encode()),
    "as code points": lambda k: "".join(f"\\u{ord(c):04x}" for c in k),
    "as code points in JSON": lambda k: json.dumps("".join(f"\\u{ord(c):04X}" for c in k)),
    "in a URL": quote,
    "in a URL's query": lambda k: quote(k, safe=""),
    "as octets": lambda k: "".join(f"%{o:02X}" for o in k.encode()),
    "in HTML": html.escape,
    "as character references": lambda k: "".join(f"&#{ord(c)};" for c in k),
    "in base64": lambda k: base64.b64encode(k.encode()).decode(),
    "as basic authorisation": lambda k: base64.b64encode(f"user:{k}".encode()).decode(),
    "in the middle of base64": lambda k: base64.urlsafe_b64encode(f"ab{k}and more".encode()).decode(),
    "over two lines": lambda k: f"{k[:4]}\n    {k[4:]}",
    "over two lines of JSON": lambda k: json.dumps(f"{k[:4]}\r\n\t{k[4:]}"),
    "a character a line": "\n".join,
    "twice": lambda k: f"{k}{k} {k}",
}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_struck_out_however_it_is_written(key: str, written: str) -> None:
    text = WRITTEN[written](key)  # type: ignore[operator]
    cleaned = Secrets([key]).strike(f"You sent <{text}>, which is wrong.")
    assert cleaned.startswith("You sent <")
    assert cleaned.endswith(">, which is wrong.")
    assert "[key]" in cleaned
    left = cleaned.removeprefix("You sent <").removesuffix(">, which is wrong.").casefold()
    forms = (key, *(base64.b64encode(b"." * n + key.encode()).decode()[4:] for n in range(3)))
    assert not any(form[i : i + 5].casefold() in left for form in forms for i in range(len(form) - 4)), left
    assert Secrets([key]).strike(cleaned) == cleaned


@given(
    st.text(alphabet="abcXYZ0189-_.+/=~:@!*#$", min_size=6, max_size=60),
    st.text(max_size=80),
    st.text(max_size=80),
    st.sampled_from(sorted(WRITTEN)[:10]),
)
def test_any_key_is_struck_out(key: str, before: str, after: str, written: str) -> None:
    cleaned = Secrets([key]).strike(f"{before} {WRITTEN[written](key)} {after}")  # type: ignore[operator]
    assert key not in cleaned
    assert "[key]" in cleaned


@given(st.text(alphabet="abcdefgh ,.\n\\\"'%&;", max_size=200))
def test_a_text_without_the_key_is_left_as_it_is(text: str) -> None:
    secrets = Secrets(["kestrel-moon-4711-lagoon"])
    assert secrets.strike(text) == text
    assert secrets.strike(text, pieces=True) == text


def test_half_a_key_is_struck_out_where_a_text_may_have_been_cut() -> None:
    secrets = Secrets([KEYS[0]])
    assert secrets.strike("wrong key kestrel-moon-4", pieces=True) == "wrong key [key]"
    assert secrets.strike("…on-4711-lagoon", pieces=True) == "…[key]"
    assert secrets.strike("a kestrel, the moon, a lagoon", pieces=True) == "a kestrel, the moon, a lagoon"


def test_what_is_too_short_is_not_taken_for_a_key() -> None:
    secrets = Secrets(["", "none", "12345", " x "])
    assert secrets.strike("none 12345 x") == "none 12345 x"


def test_no_error_that_this_package_raises_repeats_a_key() -> None:
    SECRETS.add(KEYS[0])
    failed = CallFailed("infrastructure", f"401: {KEYS[0]}", quote=f"{'x' * 490}{KEYS[0]}")
    for said in (str(failed), failed.message, failed.quote, failed.told, str(InputError(f"no file '{KEYS[0]}'"))):
        assert "kestrel" not in said
        assert "[key]" in said or "[key]".startswith(said[490:])
