"""What an offline target answers when it is asked for something it was told: it looks for the sentence that fits the question, and gives it back.

Only the messages are read. A question is known by its form: short, nothing but itself, and about the one who asks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import TYPE_CHECKING, Final, Literal

from sim.core.text import normalise, words
from sim.llm.offline.lines import load_cue, load_words
from sim.llm.offline.recall import second_person, themes
from sim.llm.offline.wording import sentences, stems

if TYPE_CHECKING:
    from sim.llm.offline.scene import Scene

NOT_TOLD: Final = "You have not told me that."
ENOUGH = 2.2
"""Weight from which a sentence is taken for the answer."""
LONGEST = 30
"""Words of a question."""

_ASKS = re.compile(r"\b(?:who|whom|whose|what|what's|what'd|whats|which|where|when|how)\b")
_SELF = re.compile(r"\b(?:i|i'm|i've|i'd|im|my|me|mine|myself|we|our|us)\b")
_BEGINS = re.compile(r"^(?:\W*\w+\W+){0,8}?\W*(?:who|whom|whose|what|what's|what'd|whats|which|where|when|how|remind|recall|remember)\b")
_ADVICE = re.compile(
    r"\b(?:would you|should i|can i|may i (?!ask)|could i|shall i|do you (?:think|do|suppose)|what would|(?:how|what) (?:do|does|can|should|would|could) (?:you|people)"
    r"|how do i|do people|what is it in|worth|how long does it)\b"
)
_ORDER = re.compile(r"^which did i tell you about first: (.+), or (.+)\?$", re.IGNORECASE)
_WHO, _WHERE = re.compile(r"\b(?:who|whom|whose|name|named|called)\b"), re.compile(r"\b(?:where|place|city|town|street|field|branch)\b")
_WHEN = re.compile(r"\b(?:when|year|date|day|how (?:many|much|long|old|high|far|big)|number|above which|what time)\b")
_FIGURE = re.compile(r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|hundred|first|january|february|march|april|june|july|august|september|october|november|december)\b")
_INNER_NAME = re.compile(r"(?<=[\w,;:] )(?!I\b|I')[A-ZÀ-Ž]\w")
_PLACED = re.compile(r"\b(?:in|at|on|above|near|behind|to|from|up|of|outside)\b")


@dataclass(frozen=True, slots=True)
class Sentence:
    """Something the user said that is no question."""

    text: str
    session: int
    place: int
    """Over all that is known, in order."""
    changes: bool


def answer_asked(scene: Scene, *, value: Literal["newest", "oldest"]) -> str | None:
    """The answer to the message, if it asks for something that was told; None: it does not."""
    if not is_asked(scene.message, opens=not scene.today):
        return None
    said = _said(scene)
    order = _ORDER.match(scene.message)
    if order:
        return _first_of(order[1], order[2], said)
    found = _find(scene.message, said, value=value)
    return _given_back(found) if found else NOT_TOLD


def is_asked(message: str, *, opens: bool) -> bool:
    """Whether `message` does nothing but ask for something of the user's own; one that opens a session without a greeting need not say so."""
    plain, parts = normalise(message), sentences(message)
    if not parts or len(parts) > 3 or len(words(plain)) > LONGEST or _ADVICE.search(plain):
        return False
    first = normalise(parts[0])
    own = bool(_SELF.search(plain)) or opens
    return own and bool(_BEGINS.match(first)) and ("?" in plain or bool(_ASKS.match(first)) or opens)


def _said(scene: Scene) -> list[Sentence]:
    told: list[Sentence] = []
    for session, message in (*scene.earlier, *((1_000_000, m) for m in scene.today)):
        for text in sentences(message):
            plain = normalise(text)
            if "?" not in text and len(words(text)) > 2:
                told.append(Sentence(text, session, len(told), load_cue("changes").search(plain) is not None))
    return told


def _find(question: str, said: Sequence[Sentence], *, value: str) -> Sentence | None:
    """The sentence that fits `question` best, in the value wanted; None when none fits well enough."""
    weights = _weights(question, said)
    if not weights or max(weights) < ENOUGH:
        return None
    best = said[max(range(len(said)), key=lambda i: (weights[i], said[i].place))]
    return best


def _weights(question: str, said: Sequence[Sentence]) -> list[float]:
    asked = stems(question)
    spread = Counter(stem for s in said for stem in stems(s.text))
    wanted = _associated(asked)
    about, plain = themes(asked), normalise(question)
    result = []
    for s in said:
        told = stems(s.text)
        direct = sum(log((len(said) + 2) / spread[stem]) for stem in told & asked)
        near = len((told - asked) & wanted)
        alike = len(themes(told) & about)
        fits = 0.0
        if _WHO.search(plain) and _INNER_NAME.search(s.text):
            fits += 0.5
        if _WHERE.search(plain) and _INNER_NAME.search(s.text) and _PLACED.search(s.text.lower()):
            fits += 0.5
        if _WHEN.search(plain) and _FIGURE.search(normalise(s.text)):
            fits += 0.7
        result.append(direct + 0.8 * min(near, 2) + 0.6 * min(alike, 2) + (fits if direct or near or alike else 0))
    return result


@lru_cache(maxsize=4096)
def _associated(asked: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*(answers for cues, answers in _associations() if cues & asked))


@lru_cache(maxsize=1)
def _associations() -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    return tuple((stems(cues), stems(answers)) for cues, _, answers in (line.partition(": ") for line in load_words("asked")))


def _first_of(one: str, other: str, said: Sequence[Sentence]) -> str:
    found = [_find(name, said, value="newest") for name in (one, other)]
    if not all(found):
        return NOT_TOLD
    first = one if found[0].place < found[1].place else other
    return f"You told me about {second_person(first)} first."


def _given_back(found: Sentence) -> str:
    clause = second_person(found.text)
    return f"{clause[0].upper()}{clause[1:]}."
