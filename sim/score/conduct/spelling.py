"""Words as people type them in a hurry, spelt as rules expect them: "dont" is "don't", "tmrw" is "tomorrow", "cannae" is "can't"."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from sim.score.conduct.reading import load_lines

_WORD: Final = re.compile(r"[a-z][a-z0-9/']*")
# "i'll" and "i'd" lose their apostrophe too, but "ill" and "id" are words: what stands behind them tells.
_I_WILL: Final = re.compile(r"\bill(?= (?:be|never|not|just|go|do|have|leave|miss|see|tell|take|get|probably|always|still|find|say|make|give)\b)")
_I_WOULD: Final = re.compile(r"\bid(?= (?:be|never|not|just|go|do|have|leave|miss|rather|like|love|want|still|say|make|give|die|kill|probably)\b)")


def spelt_out(plain: str) -> str:
    """`plain`, which is in small letters, with the common short forms and dialect forms of words in full."""
    full = _short_forms()
    spelt = _WORD.sub(lambda found: full.get(found[0], found[0]), plain)
    return _I_WOULD.sub("i'd", _I_WILL.sub("i'll", spelt))


@lru_cache
def _short_forms() -> dict[str, str]:
    pairs = (line.split(" ", 1) for line in load_lines("short_forms"))
    return {short: full for shorts, full in pairs for short in shorts.split("|")}
