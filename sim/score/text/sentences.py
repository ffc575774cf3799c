"""Where one sentence of a reply ends and the next begins: the unit that moves are tagged on.

A line ends a sentence, and so does a stop that a space or the end of the line follows, unless an abbreviation, a list number, a quotation or an
ellipsis runs on. No word of the text is lost, numbers of lists included. The time taken grows with the length of the text and no faster.
"""

from __future__ import annotations

import re
from typing import Final

# Symbols and dingbats, two stars, flags, and the blocks of pictographs; then what may follow one and belongs to it: the variation selector,
# the joiner of families and professions, and the five tones of skin.
_EMOJI = r"\u2600-\u27BF\u2B50\u2B55\U0001F1E6-\U0001F1FF\U0001F300-\U0001FAFF"
_JOINED = r"\ufe0f\u200d\U0001F3FB-\U0001F3FF"
# A face ends where a word would go on, so that ":Dog" is none, and "<3" is none before a figure.
_FACE = r"[:;=8][-']?[()DPpOo/|3\]\[](?!\w)|<3(?!\d)|[xX]D(?!\w)"
_CLOSING = r"\"'”’»)\]*_"
_SMILE = rf"(?:\s*+(?:[{_EMOJI}][{_EMOJI}{_JOINED}]*+|{_FACE}))*"
"""Emoji and faces after a sentence, which belong to it."""
# Runs are possessive and begin where no run is going on: a line of nothing but stops is read once.
_END: Final = re.compile(
    rf"""
    (?<![.!?…‽؟۔।]) [.!?…‽؟۔।]++ [{_CLOSING}]*+ (?: {_SMILE} (?=\s|$) | (?=[A-Z][a-z]*+[ ,']) )   # a stop; now and then no space follows it
    | (?<![{_EMOJI}{_JOINED}]) [{_EMOJI}][{_EMOJI}{_JOINED}]*+ (?=\s+[^\W\d_a-zß-ÿ])              # an emoji in place of a stop
    | (?<![。！？｡…]) [。！？｡][。！？｡…]*+ [」』”’）]*+ {_SMILE}
    """,
    re.VERBOSE,
)
# A fixed number of characters, so that a line without end is read in linear time. No abbreviation below needs half of it.
_TAIL: Final = 24
"""Characters before a stop that can say whether it is one."""
_BEFORE_ANYTHING: Final = re.compile(
    r"(?:(?<!\w)(?i:e\.\s?g|i\.\s?e|z\.\s?b|d\.\s?h|mr|mrs|ms|dr|dra|sra?|srta|prof|rev|gen|sen|gov|capt|lt|mt|mx|vs|cf|approx|resp|viz|p\.\s?ej)|(?<![A-Za-z.'])[A-HJ-Z])\.$"
)
"""Abbreviations that never end a sentence, and initials; "I" may well end one."""
# These may end a sentence ("at 5 p.m. We left"), so they go on only where what follows begins small. Single letters are initials or list marks.
_BEFORE_SMALL: Final = re.compile(
    r"(?<!\w)(?:a\.m|p\.m|u\.s|u\.k|u\.s\.a|ph\.d|etc|st|jr|inc|ltd|co|dept|est|min|max|hrs?|ud|uds|ex|usw|bzw|[a-hj-z])\.$", re.IGNORECASE
)
# "No. 5" and "Jan. 3" go on; "No. It was late." does not.
_BEFORE_FIGURES: Final = re.compile(r"(?<!\w)(?:no|nos|fig|nr|p|pp|ch|sec|vol|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.$", re.IGNORECASE)
# "1. First …": the number belongs to the sentence after it. Three figures at most, and only where a sentence begins: "We met in 1990." ends one.
_NUMBER_OF_A_LIST: Final = re.compile(r"(?:^|[:;]\s)\s*[*_]*\d{1,3}\.$")
_SMALL_WORD: Final = re.compile(r"(?:^|\s)[a-z'’]{2,}$")
# After these a sentence may go on: "Well… maybe", '"Stop!" she said'. A capital after them begins a new one.
_OPEN_ENDED: Final = ("...", "…", '"', "'", "”", "’", "»", ")", "*", "_")
_BULLETS: Final = re.compile(r"\s*(?:(?:[-*+•‣◦–—·]|#{1,6}|>)\s+)*")
_SPACE: Final = re.compile(r"\s*+")


def split_sentences(text: str) -> list[str]:
    """The sentences of `text`, in order, without bullets; what holds no letter or digit stays with the sentence before it."""
    found: list[str] = []
    for line in text.splitlines():
        start = _past(_BULLETS, line, 0)
        for end in _END.finditer(line, start):
            if not _goes_on(line, start, end.start(), end.end()):
                _add(found, line[start : end.end()].strip())
                start = _past(_SPACE, line, end.end())
        _add(found, line[start:].strip())
    return found


def _goes_on(line: str, start: int, stop: int, end: int) -> bool:
    """Whether the sentence that began at `start` does not end with what stands from `stop` to `end`."""
    head = line[max(start, end - _TAIL) : end]
    after = _past(_SPACE, line, end)
    following = line[after : after + 1]
    if not following:
        return False
    if after == end and following.isascii() and following.isalpha():
        # No space: a new sentence after a word in small letters ("sad.Do you"), never inside a name, an address or an abbreviation.
        return not _SMALL_WORD.search(line[max(start, stop - 80) : stop])
    if following.isdigit() and _BEFORE_FIGURES.search(head):
        return True
    if head.endswith(_OPEN_ENDED) or _BEFORE_SMALL.search(head):
        return following.islower()
    return bool(_NUMBER_OF_A_LIST.search(head) or _BEFORE_ANYTHING.search(head))


def _past(what: re.Pattern[str], line: str, place: int) -> int:
    """Where `what`, which may be empty, ends if it begins at `place`."""
    found = what.match(line, place)
    return found.end() if found else place


def _add(found: list[str], sentence: str) -> None:
    if any(c.isalnum() for c in sentence):
        found.append(sentence)
    elif sentence and found:
        found[-1] = f"{found[-1]} {sentence}"
