"""Text as answers are looked for in it: one spelling for letters, numbers and dates, so that "21 Feb" is "the twenty-first of February"."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from sim.core.text import normalise

_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"})
_ACCENTS = re.compile("[\u0300-\u036f]")
_WIDE = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")

_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"),
    *("thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth"),
)
_VALUE = {w: n for n, w in enumerate(_UNITS)} | {w: 10 * n for n, w in enumerate(_TENS, 2)}
_DAY = {w: n for n, w in enumerate(_ORDINALS, 1)} | {"thirtieth": 30}
_UNIT, _TEN = "|".join(_UNITS), "|".join(_TENS)
# Three ways to have a number: with hundreds, with tens, or units alone. "One" is a figure as well, so that "one cat" and "1 cat" are the same.
_NUMBER = re.compile(rf"\b(?:(?:({_UNIT}|a) hundred(?: and)?[ -]?)(?:({_TEN})(?:[ -]({_UNIT}))?|({_UNIT}))?|({_TEN})(?:[ -]({_UNIT}))?|({_UNIT}))\b")

_MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]
_MONTH_OF = {m: m for m in _MONTHS} | {m[:3]: m for m in _MONTHS} | {"sept": "september"}
# Longest first, here and below: of alternatives Python takes the first that fits, and "jun" fits the beginning of "june".
_MONTH = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
_NTH = "|".join(sorted((f"{t}[ -]{o}" for t in ("twenty", "thirty") for o in _ORDINALS[:9]), key=len, reverse=True))
_NTH = f"{_NTH}|{'|'.join(sorted(_DAY, key=len, reverse=True))}"
_DATE_OF = rf"(\d{{1,2}})(?:st|nd|rd|th)?|({_NTH})|((?:twenty|thirty)[ -](?:{_UNIT}))"
_DAY_FIRST = re.compile(rf"\b(?:the )?(?:{_DATE_OF})(?: day)?(?: of)? ({_MONTH})\b\.?(?:,? (\d{{4}}))?")
# "May 5:30" is a time and no date.
_MONTH_FIRST = re.compile(rf"\b({_MONTH})\b\.? (?:the )?(?:{_DATE_OF})\b(?!:)(?:,? (\d{{4}}))?")
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
# Not a piece of a longer path or ratio. Which of the two is the month is told by size alone, and where both can be it stays as it is.
_SLASHED = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})(?:/(\d{4}))?(?![\d/])")


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """`text` in lower case without accents, with straight quotes and single spaces, numbers in figures, dates as `21 february 2026`."""
    plain = _ACCENTS.sub("", unicodedata.normalize("NFD", normalise(text)))
    plain = unicodedata.normalize("NFC", plain).translate(_LETTERS)
    plain = _ISO.sub(lambda m: _date(int(m[3]), int(m[2]), m[1], m[0]), plain)
    plain = _SLASHED.sub(_slashed, plain)
    plain = _DAY_FIRST.sub(lambda m: _named(m[1], m[2] or m[3], m[4], m[5]), plain)
    plain = _MONTH_FIRST.sub(lambda m: _named(m[2], m[3] or m[4], m[1], m[5]), plain)
    plain = _NUMBER.sub(_number, plain)
    # 1,200 → 1200.
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)", "", plain)
    plain = re.sub(r"(?<=\d)(?=(?:st|nd|rd|th)\b)", "", plain)
    # 7pm → 7 pm, so that a figure is a word of its own; 21st stays.
    plain = re.sub(r"(?<=\d)(?=[a-z])(?!(?:st|nd|rd|th)\b)", " ", plain)
    return " ".join(re.sub(r"(?<=\w)-(?=\w)", " ", plain).split())


def _date(day: int, month: int, year: str | None, otherwise: str) -> str:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return otherwise
    return f"{day} {_MONTHS[month - 1]}{f' {year}' if year else ''}"


def _slashed(found: re.Match[str]) -> str:
    """Day and month, where only one of the two can be the month."""
    one, other = int(found[1]), int(found[2])
    if one > 12 >= other:
        return _date(one, other, found[3], found[0])
    return _date(other, one, found[3], found[0]) if other > 12 >= one else found[0]


def _named(figure: str | None, word: str | None, month: str, year: str | None) -> str:
    day = int(figure) if figure else _nth(word or "")
    return f"{day} {_MONTH_OF[month]}{f' {year}' if year else ''}"


def _nth(word: str) -> int:
    ten, _, rest = word.replace("-", " ").partition(" ")
    return _VALUE[ten] + (_DAY.get(rest) or _VALUE[rest]) if rest else _DAY[ten]


def _number(found: re.Match[str]) -> str:
    hundreds, ten, unit, alone, tens, units, only = found.groups()
    value = 100 * (1 if hundreds == "a" else _VALUE[hundreds]) if hundreds else 0
    return str(value + sum(_VALUE[w] for w in (ten, unit, alone, tens, units, only) if w))


_EITHER_PERSON = {
    "i": "i|you", "me": "me|you", "my": "my|your|the", "mine": "mine|yours", "myself": "myself|yourself", "we": "we|you", "us": "us|you",
    "our": "our|your|the", "i'm": "i'm|i am|you're|you are", "i've": "i've|i have|you've|you have", "i'd": "i'd|you'd", "i'll": "i'll|you'll",
    "we're": "we're|you're|you are", "we've": "we've|you've|you have", "am": "am|are", "was": "was|were", "the": "the|your|my|that",
}  # fmt: skip


@lru_cache(maxsize=8192)
def pattern(answer: str) -> re.Pattern[str]:
    """What finds `answer` in folded text: as whole words, a number only whole, said of oneself or to the other."""
    wanted = fold(answer)
    if _WIDE.search(wanted):
        return re.compile(re.escape(wanted))
    words = [f"(?:{_EITHER_PERSON[w]})" if w in _EITHER_PERSON else re.escape(w) for w in wanted.split()]
    # The last lookarounds keep "7" out of "7:30" and "5" out of "3.5".
    return re.compile(r"(?<![\w])(?<!\d[.,:/])" + " ".join(words) + r"(?!\w)(?![.,:/]\d)")
