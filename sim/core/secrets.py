"""The values of the keys that this process sends, and their removal from whatever comes back.

Keys come from the environment, which belongs to the process, and so does this list: each client adds the values it sends, whatever their variables
are called, and what any server, program or model says is cleaned of all of them before it is cut, kept or shown. A value is found as it is, in any
case, across line breaks, with JSON, URL or HTML escapes in it, and within base64.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from typing import Final

STRUCK: Final = "[key]"
SHORTEST: Final = 6
"""Characters below which a value is not taken for a key."""
PIECE: Final = 12
"""Characters in a row by which a piece of a key is known, where a text may have been cut before it came."""


class Secrets:
    """Values that are struck out of texts."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._forms: dict[str, None] = {}
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        """Strike `value` from now on, unless it is too short to be a key."""
        value = value.strip()
        if len(value) < SHORTEST:
            return
        octets = value.encode("utf-8", "replace")
        # With `%C3%A9` for é each octet comes back as a character; and an escape that is part of the value is one only where nothing else is escaped.
        forms = (form for said in (value, octets.decode("latin-1")) for form in (_bare(said), _squeezed(said)))
        self._forms |= dict.fromkeys((*(form for form in forms if len(form) >= SHORTEST), *_in_base64(octets)))

    def clear(self) -> None:
        """Strike nothing any more."""
        self._forms.clear()

    def strike(self, text: str, *, pieces: bool = False) -> str:
        """`text` with `[key]` in place of every value.

        Args:
            pieces: whether a piece of a value is struck as well, as is left where somebody cut a text.
        """
        if not self._forms or not (pieces or self._may_be_in(text)):
            return text
        runs = {run for form in self._forms for run in _runs(form, min(PIECE, len(form)) if pieces else len(form))}
        return strike_runs(text, _letters(text), runs, STRUCK)

    def _may_be_in(self, text: str) -> bool:
        bare = _bare(text)
        return any(form in bare for form in self._forms)


SECRETS: Final = Secrets()
"""Those of this process."""


Letter = tuple[str, int, int]
"""A character, and where in the text what stands for it begins and ends."""


def strike_runs(text: str, letters: list[Letter], runs: set[str], mark: str) -> str:
    """`text` with `mark` for every stretch whose `letters` are covered by `runs`."""
    bare = "".join(letter[0] for letter in letters)
    covered: list[tuple[int, int]] = []
    for size in sorted({len(run) for run in runs}):
        covered += [(at, at + size) for at in range(len(bare) - size + 1) if bare[at : at + size] in runs]
    parts: list[str] = []
    done = reached = 0
    for first, last in sorted(covered):
        if last <= reached:
            continue
        begins = max(letters[first][1], done)
        if not parts or first > reached:
            parts += [text[done:begins], mark]
        done, reached = letters[last - 1][2], last
    return "".join(parts) + text[done:]


def _runs(letters: str, size: int) -> Iterator[str]:
    return (letters[i : i + size] for i in range(len(letters) - size + 1))


# --- how a text may be written -----------------------------------------------------------------------------------------

_ESCAPE = re.compile(
    r"\\+(?:u(?P<u>[0-9a-fA-F]{4})|x(?P<x>[0-9a-fA-F]{2})|[nrtbf])?"
    r"|%(?P<percent>[0-9a-fA-F]{2})"
    r"|&(?:#x(?P<hex>[0-9a-fA-F]{1,6})|#(?P<number>\d{1,7})|(?P<name>amp|lt|gt|quot|apos));"
)
"""As JSON, URLs and HTML escape, also several times over. A backslash that is left, and what stands for a line break or a tab, counts for nothing."""
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


def _bare(text: str) -> str:
    """`text` without escapes, spaces, line breaks and case."""
    if "%" in text or "&" in text or "\\u" in text or "\\x" in text:
        text = _ESCAPE.sub(_unescaped, text)
    elif "\\" in text:  # The same, and quickly: most answers are JSON.
        for blank in ("\\n", "\\r", "\\t", "\\b", "\\f", "\\"):
            text = text.replace(blank, "")
    return _squeezed(text)


def _squeezed(text: str) -> str:
    return "".join(text.split()).casefold()


def _letters(text: str) -> list[Letter]:
    """The characters of `_bare(text)`, each with its place in `text`."""
    found: list[Letter] = []
    done = 0
    for escape in _ESCAPE.finditer(text):
        found += _plain(text, done, escape.start())
        found += [(c, escape.start(), escape.end()) for c in _squeezed(_unescaped(escape))]
        done = escape.end()
    return found + _plain(text, done, len(text))


def _plain(text: str, begin: int, end: int) -> list[Letter]:
    return [(c, i, i + 1) for i in range(begin, end) if not text[i].isspace() for c in text[i].casefold()]


def _unescaped(escape: re.Match[str]) -> str:
    digits = escape["u"] or escape["x"] or escape["percent"] or escape["hex"]
    if digits or escape["number"]:
        code = int(digits, 16) if digits else int(escape["number"])
        return chr(code) if code <= 0x10FFFF else ""
    return _NAMED[escape["name"]] if escape["name"] else ""


def _in_base64(value: bytes) -> Iterator[str]:
    """What base64 makes of `value` wherever in a longer text it begins, without the characters that its neighbours have a part in."""
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + value).decode()
        form = coded[-(-8 * offset // 6) : 8 * (offset + len(value)) // 6].casefold()
        if len(form) >= SHORTEST:
            yield form
            yield form.replace("+", "-").replace("/", "_")
