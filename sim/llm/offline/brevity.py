"""What the user `brief` does to write messages of the length that was drawn for them: it leaves out, lets a line wait, and rarely thanks.

What a scenario wants told is told in any case, and a line keeps the sentence by which it is known later and those that lead up to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from sim.core.text import count_words, normalise
from sim.llm.offline.voice import head, longest, split_question
from sim.llm.offline.wording import sentences

if TYPE_CHECKING:
    from random import Random

    from sim.core.cast import Telling
    from sim.core.view import UserView

BRIEF: Final = 7
"""Words up to which a message has only one thing to say."""
LENGTHY: Final = 45
"""Words from which a message goes on to other things."""
_THANKS: Final = re.compile(r"\b(?:thanks?|thx|ty|cheers|appreciate\w*|grateful)\b")
_THANKS_STAY: Final = 0.25
"""Of lines with thanks in them, the share that is said where there is one without."""


def in_brief(line: str, room: int) -> tuple[str, str]:
    """`line` as `split_question` has it; where that is more than `room` words, only what has to be said of it."""
    stated, asked = split_question(line)
    if count_words(line) <= room:
        return stated, asked
    said, known = list(sentences(stated)), longest(line)
    if known not in said:
        return stated, asked
    until = said.index(known) + 1
    while len(said) > until and _words(said) > room:
        said.pop()
    if len(said) == until and _words(said) > room and (kept := head(known)) != known:
        said[-1] = f"{kept}."
    return " ".join(said), asked if _words((*said, asked)) <= room else ""


def _words(said: Iterable[str]) -> int:
    return sum(map(count_words, said))


def may_wait(view: UserView, *, items: int) -> bool:
    """Whether a message may leave the agenda aside, for nothing has to be told in it, and `items` of the agenda can still be said after it."""
    left = view.card.session.spec.exchanges.max - view.exchange
    return view.exchange > 1 and not view.last and not view.due and 0 < items <= left


def words_of(tellings: Iterable[Telling]) -> int:
    """How many words it takes to tell them."""
    return sum(count_words(telling.value.text) for telling in tellings)


def without_thanks(lines: Sequence[str], chance: Random) -> Sequence[str]:
    """`lines`, as a rule only those without thanks in them."""
    plain = [line for line in lines if not _THANKS.search(normalise(line))]
    return plain if 0 < len(plain) < len(lines) and chance.random() >= _THANKS_STAY else lines
