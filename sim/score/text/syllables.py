"""How many syllables an English word has, by its spelling: groups of vowels, less those that are silent, and more where two vowels are two syllables.

`tests/score/syllables.yaml` holds how often that is right; words that no rule reaches are in `words/syllables.txt`.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Between vowels and before one at the beginning, y is a consonant: beyond, yes.
_GROUP: Final = re.compile(r"(?:[aeiou]|(?<![aeiou])y|(?<=[aeiou])y(?![aeiou]))+")
_LEADING: Final = re.compile(r"^y(?=[aeiou])")
_SILENT: Final = (
    re.compile(r"(?<=[^aeiouy])(?<![^aeiouy]l)e$"),  # hope, but table and tree
    re.compile(r"(?<=[^aeiouytd])(?<![^aeiouy]l)ed$"),  # walked, but wanted and troubled
    re.compile(r"(?<=[^aeiouysxzcg])(?<![^aeiouy]l)(?<![cs]h)es$"),  # hopes, but boxes and tables
    re.compile(r"[gq]ues?$"),  # league
    re.compile(r"(?<=[^aeiouy])e(?=(?:ly|less|lessly|ness|ments?|ful|fully|ty)$)"),  # lonely, movement
    re.compile(
        r"^(?:some|there|where|here|home|time|life|like|love|house|make|take|care|name|safe|fire|base|side|store|note|wise|fore|whole|use)"
        r"(?=[^aeiouyd])(?!$|s$|r|ly|less|ness|ment|ful|ty)"
    ),
)
_TWO: Final = (
    re.compile(r"(?<![tcsg])ia(?!ge)|[ct]ia(?=te|tion)"),  # radio, material, appreciate; but social and marriage
    re.compile(r"(?<![tscgx])(?<!ll)(?<!n)io|nio(?!n)"),  # lion, curious; but nation and million
    re.compile(r"iu|(?<![pgs])eo(?!u)|^geo|uou|oe[mt]|coop|coord|(?<=[^aeiouy])ying|[eo]ing$|isms?$|thms?$"),  # medium, video, poem, doing
    re.compile(r"creat|^react|^real(?!ly$|$|m)|[aeiouy][^aeiouy]+ea$"),  # create, idea
    re.compile(r"iet|^scien|[rdnl](?<!fri)ien|clien|(?<=[^aeiouy])ier$"),  # quiet, experience
    re.compile(r"(?<![qg])(?<!s)ua(?!d)|[rflg]uel|fluen|duet|ruin|fluid|genuin|suicid|tuit"),  # usual, cruel, ruin
)
_SHORTENED: Final = re.compile(r"'(?:s|re|ve|ll|d|m|t)?$")
_FIGURES: Final = re.compile(r"\d")


@lru_cache(maxsize=16384)
def count_syllables(word: str) -> int:
    """Syllables of one word; a figure has one a digit. Never less than one."""
    plain = word.lower().replace("’", "'").strip("'-")
    if "-" in plain:
        return sum(count_syllables(part) for part in plain.split("-") if part)
    if _FIGURES.search(plain):
        return len(_FIGURES.findall(plain))
    # "Couldn't" has one more than "could", "don't" none.
    sounded = bool(re.search(r"[dst]n't$", plain))
    bare = _SHORTENED.sub("", re.sub(r"n't$", "" if sounded else "n", plain)).replace("'", "")
    return _known().get(bare) or max(1, _by_spelling(bare)) + sounded


def _by_spelling(word: str) -> int:
    groups = len(_GROUP.findall(_LEADING.sub("", word)))
    silent = sum(bool(rule.search(word)) for rule in _SILENT)
    return groups - min(silent, max(0, groups - 1)) + sum(len(rule.findall(word)) for rule in _TWO)


@cache
def _known() -> Mapping[str, int]:
    text = (files("sim.score.text") / "words" / "syllables.txt").read_text(encoding="utf-8")
    lines = (line.split(":") for line in text.splitlines() if not line.startswith("# "))
    return {word: int(number) for number, words in lines for word in words.split()}
