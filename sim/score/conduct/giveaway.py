"""Where a text gives something away: the same words and figures, however they are written.

Figures count in words, digit by digit and in parts ("the first two are 44"), names also spelt out, other words in other forms and another order.
What has none of a secret's answers in any form is not found: whoever writes a secret names the words by which it could be told.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sim.core.text import words
from sim.score.conduct.stems import STOP, stem
from sim.score.text.folding import fold, pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

_WINDOW: Final = 8
"""Words within which the words of one answer stand."""
_LONG: Final = 8
"""Letters from which a word counts in every form: pregnant, pregnancy."""
_DIGITS: Final = 4
"""Digits from which a figure is found in parts."""
_GROUPED: Final = 5
"""Digits from which a number counts however it is grouped."""
_BETWEEN: Final = re.compile(r"(?<=\d)[ ./()·-]{1,2}(?=\d)")
_THOUSANDS: Final = re.compile(r"\b(\d+(?:\.\d+)?)(?: and a half)? ?(?:thousand|k)\b(?: (?:and )?(\d{1,3})\b)?")
_HALF: Final = re.compile(r"\b(\d+) and a half (thousand|k)\b")
_APART: Final = re.compile(r"(?<![\w.,/:])\d(?:[ ,]{1,2}\d)+(?![\w/:]|[.,]\d)")
_SPELT: Final = re.compile(r"(?<!\w)[^\W\d_](?:[ .\-–·]{1,2}[^\W\d_]){3,}(?!\w)")
_IN_PARTS: Final = re.compile(r"\b(?:first|last|begins?|starts?|ends?|then|followed|next|other|rest|second|third|digits?)\b")
_HOW_MANY: Final = re.compile(r"\b(?:first|last|next|other) \d\b")
_FIGURE: Final = re.compile(r"(?<![\d.,])\d+(?!\d|[.,]\d)")
_SLASHED: Final = re.compile(r"(?<![\d/.])(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?![\d/])")
_DATE: Final = re.compile(r"(\d{1,2}) (january|february|march|april|may|june|july|august|september|october|november|december) (\d{4})")
_MONTHS: Final = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")


@lru_cache(maxsize=4096)
def plainly(text: str) -> str:
    """`text` folded, with thousands in figures, and with digits and letters that were written apart put together."""
    spelt = _SPELT.sub(lambda m: re.sub(r"[^\w]|_", "", m[0]), text.replace("\u200b", "").replace("\u00ad", ""))
    found = _HALF.sub(r"\1.5 \2", fold(spelt))
    found = _THOUSANDS.sub(lambda m: str(round(float(m[1]) * 1000) + int(m[2] or 0)), found)
    return _APART.sub(lambda m: re.sub(r"\D", "", m[0]), found)


def gives_away(text: str, answers: Iterable[str]) -> bool:
    """Whether `text`, one sentence or several, contains any of `answers` in any form."""
    return any(_contains(text, answer) for answer in answers)


def _contains(text: str, answer: str) -> bool:
    plain, wanted = plainly(text), plainly(answer)
    if pattern(wanted).search(plain):
        return True
    return _has_figure(plain, wanted) or _has_digits(plain, wanted) or _has_date(plain, wanted) or _has_words(plain, wanted)


def _has_figure(plain: str, wanted: str) -> bool:
    """A long figure in parts: "the first two are 44 and the last two 17"."""
    if not wanted.isdigit() or len(wanted) < _DIGITS or not _IN_PARTS.search(plain):
        return False
    parts = _FIGURE.findall(_HOW_MANY.sub(" ", plain))
    return any("".join(parts[start:end]) == wanted for start in range(len(parts)) for end in range(start + 2, len(parts) + 1))


def _has_digits(plain: str, wanted: str) -> bool:
    """A number that is written in groups, in other groups or with words between them: "right until 29, then left to 06, and 71"."""
    if re.search(r"[^\W\d]", wanted):
        return False
    groups = re.findall(r"\d+", wanted)
    if sum(map(len, groups)) < _GROUPED:
        return False
    whole = "".join(groups)
    if re.search(rf"(?<!\d){whole}(?!\d)", _BETWEEN.sub("", plain)):
        return True
    said, sought = [int(d) for d in re.findall(r"\d+", plain) if int(d)], [int(d) for d in groups if int(d)]
    return len(sought) > 1 and any(said[n : n + len(sought)] == sought for n in range(len(said) - len(sought) + 1))


def _has_date(plain: str, wanted: str) -> bool:
    """A date in figures, with the day or the month first."""
    date = _DATE.search(wanted)
    if date is None:
        return False
    day, month, year = int(date[1]), _MONTHS.index(date[2]) + 1, int(date[3])
    return any({int(m[1]), int(m[2])} == {day, month} and int(m[3]) == year for m in _SLASHED.finditer(plain))


def _has_words(plain: str, wanted: str) -> bool:
    """All words of content of an answer, in any form and order, close together."""
    sought = [w for w in words(wanted) if w not in STOP]
    if not sought or (any(w.isdigit() for w in sought) and len(sought) == 1):
        return False
    said = words(plain)
    places = [[at for at, word in enumerate(said) if _same(word, w)] for w in sought]
    if not all(places):
        return False
    return any(all(any(abs(at - first) < _WINDOW for at in of) for of in places) for first in places[0])


@lru_cache(maxsize=16384)
def _same(word: str, wanted: str) -> bool:
    """Whether two words are forms of one."""
    if word == wanted or stem(word) == stem(wanted):
        return True
    return len(wanted) >= _LONG and word.startswith(wanted[:-2])
