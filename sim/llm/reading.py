"""The JSON object that a model answered with, whatever prose, code fence or reasoning surrounds it.

A judge may quote what it judges, and that may hold an answer of its own making: so the last object with the keys that were asked for is the answer,
and where another such object says something else, nobody can tell which is the judge's own and neither counts. Reasoning is set aside only where the
text itself begins with `<think>`; a `</think>` further down may be quoted like anything else.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pydantic import JsonValue

DEPTH = 64
"""Levels of nesting beyond which an answer is not read."""
TRIES = 200
"""Places at which an object might begin that are looked at; each costs time in proportion to the length of the text."""

CLASH = "the answer holds more than one JSON object, and they differ; write one, and quote none"
"""What a model is told that gave several answers."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a text holds."""

    value: JsonValue = None
    """The object; None: there is none, or no telling which it is."""
    clash: bool = False
    """Whether there are several that differ."""


def find_object(text: str, keys: Collection[str] = ()) -> Found:
    """The last JSON object in `text` that has one of `keys`; without such an object, the last of any kind.

    JSON as RFC 8259 has it: no trailing commas, no NaN, no Infinity; of a key that stands twice the last counts. Never raises; linear in the
    length of `text`. Half of a surrogate pair becomes U+FFFD, since no file could hold it.
    """
    places = list(_objects(text, keys))
    begins = after_thought(text)
    fitting = [p for p in places if p.fits]
    fitting = [p for p in fitting if p.start >= begins] or fitting
    if not fitting:
        return Found(next((p.value for p in reversed(places) if p.value is not None), None))
    differ = len(fitting) > 1 and len({json.dumps(p.value, sort_keys=True) for p in fitting}) > 1
    return Found(clash=True) if differ else Found(fitting[-1].value)


def after_thought(text: str) -> int:
    """Where the answer begins in a text that begins with reasoning in `<think>` tags; 0 in any other."""
    thought = _THOUGHT.match(text)
    return thought.end() if thought else 0


_THOUGHT = re.compile(r"\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_OPENING = re.compile(r"""\{(?=\s*["}])""")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an object begins."""

    start: int
    value: JsonValue
    """None: it cannot be read; what was begun may still be the answer."""
    fits: bool
    """Whether it has a key that was asked for."""


def _objects(text: str, keys: Collection[str]) -> Iterator[_Place]:
    opening = _OPENING.search(text)
    for _ in range(TRIES):
        if opening is None:
            return
        start = opening.start()
        try:
            value, end = _DECODER.raw_decode(text, start)
            value = _sound_value(value, DEPTH) if "\\u" in text or text.count("{", start, end) + text.count("[", start, end) > DEPTH else value
            yield _Place(start, value, not keys or (isinstance(value, dict) and not value.keys().isdisjoint(keys)))
        except json.JSONDecodeError as error:
            # What stands before the error is part of the broken object: to start there again could only bring up a fragment of it.
            end = max(error.pos, opening.end())
            begun = text[start:end]
            yield _Place(start, None, any(f'"{k}"' in begun for k in keys))
        except (ValueError, RecursionError):
            break
        opening = _OPENING.search(text, end)
    if opening is not None:
        yield _Place(opening.start(), None, fits=True)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    return value


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant)


def _sound_value(value: JsonValue, depth: int) -> JsonValue:
    if isinstance(value, str):
        return sound(value)
    if isinstance(value, dict | list) and depth == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, dict):
        return {sound(k): _sound_value(v, depth - 1) for k, v in value.items()}
    if isinstance(value, list):
        return [_sound_value(v, depth - 1) for v in value]
    return value


def sound(text: str) -> str:
    """`text` with halves of surrogate pairs joined, or replaced by U+FFFD where the other half is missing."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
