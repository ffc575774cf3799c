"""What an offline target answers when it is asked for something it was told: it looks for the sentence that fits the question, and gives it back.

Only messages are read. A question is known by its form: short, nothing but itself, and about the one who asks. Which sentence fits is weighed by the
content words they share, the rarer the more, by words that go together (`words/asked.txt`), and by whether the sentence tells what is asked for: a
place, a name, a figure. The weights were fitted once to the questions of the shipped personas and scenarios.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import TYPE_CHECKING, Final, Literal

from sim.core.text import normalise, words
from sim.llm.offline.lines import load_cue, load_words
from sim.llm.offline.recall import apart, is_about_the_talk, second_person, themes
from sim.llm.offline.wording import sentences, stems

if TYPE_CHECKING:
    from sim.llm.offline.scene import VisibleScene

NOT_TOLD: Final = "You have not told me that."
ENOUGH = 4.6
"""Weight from which a sentence is taken for the answer."""
REPLACES = 3.5
"""Weight from which news of a change is taken to be about the same matter."""
LONGEST = 30
"""Words of a question."""
SHORT = 16
"""Words of a question that does without its mark."""
TODAY = 1_000_000
"""Stands for the number of the session under way, which is later than any."""

_WHICH = r"(?:who|whom|whose|what|which|where|when|how|whats|whereabouts)(?:'\w+)?"
_BEGINS = re.compile(rf"^\W*(?:\w+\W+){{0,8}}?(?:{_WHICH}|remind|recall|remember)\b")
_AT_ONCE = re.compile(rf"^(?:(?:\w+ )?\w+, )?(?!when\b|what i\b|how i\b|who i\b|where i\b){_WHICH}\b")
_SELF = re.compile(r"\b(?:i|i'm|i've|i'd|im|my|me|mine|myself|we|our|us)\b")
_ADVICE = re.compile(
    r"^\W*(?:how |what )?would you (?!do me)|\b(?:should i|can i|may i (?!ask)|could i|do you (?:think|do|suppose)|what would|how do i"
    r"|do people|what is it in|what is worth"
    r"|how long does it|(?:how|what) (?:do|does|can|should|would|could) (?:you|people))\b"
)
_ORDER = re.compile(r"^which did i tell you about first: (.+), or (.+)\?$", re.IGNORECASE)

_WHO = re.compile(r"\b(?:who|whom|whose|name|named|called)\b")
_NAMED = re.compile(r"\b(?:names?|called|named)\b")
_NAMING = re.compile(r"\b(?:name was|name is|called|named|is a|was a|are|the name)\b")
_WHERE = re.compile(r"\b(?:where|place|city|town|street|field|branch)\b")
_WHEN = re.compile(r"\b(?:when|year|date|day|how (?:many|much|long|old|high|far|big)|number|above which|what time)\b")
_DEFINING = re.compile(r"^(?:\W*\w+[.!,;:]? ){0,3}?(?:the|my|our|it) (?:[\w'-]+ ){0,5}?(?:is|are|was|were|has|had|be)\b")
_OF_THE_DAY = re.compile(r"^(?:\W*\w+[.!,;:]? ){0,3}?(?:tomorrow|today|tonight|yesterday|this morning)\b")
_AHEAD = re.compile(
    r"\b(?:will|going to|supposed|sets? off|must|has to|are to|in (?:may|june|july|august|september|october|november|december|spring))\b"
)
_OF_IT = re.compile(r"^(?:\W*\w+[.!,;:]? ){0,3}?(?:they|it|the (?:day|date|place|plan))\b")
_CHANGING = re.compile(r"\bput it off\b|\bfrom now on\b|\bnow\b|\bmoved\b|\bwent into\b|\bmy(?:self)? instead\b|\bstaying on\b")
"""News of a change beside those of `words/changes.txt`, which are of use in talk as well."""
_PLACED = re.compile(r"\b(?:in|at|on|above|near|behind|to|from|up|of|outside)\b")
_INNER_NAME = re.compile(r"(?<=[\w,;:] )(?!I\b|I')[A-ZÀ-Ž]\w")
_FIGURE = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|hundred|first"
    r"|january|february|march|april|june|july|august|september|october|november|december)\b"
)
_EMPTY: Final = (
    "name called recall tell told mention mentioned present moment latest finally days year state failing kindly please quick quickly written"
    " anywhere idea sort kind exactly far currently again final english say thing things last time quiz friend love dear town city place"
)
"""Words of a question that bear on nothing told."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """Something the user said that is not a question."""

    text: str
    session: int
    place: int
    """Over all that is known, in order."""
    changes: bool
    """It tells that something has changed."""


def answer_asked(scene: VisibleScene, *, newest: bool) -> str | None:
    """The answer to the message, if it asks for something that was told; None: it does not.

    Args:
        newest: whether news of a change was taken in.
    """
    form = asks(scene.message, opens=not scene.today)
    if form == "no":
        return None
    said = [s for s in _said(scene) if newest or not s.changes]
    order = _ORDER.match(scene.message)
    if order:
        return _first_of(order[1], order[2], said)
    found = _find(scene.message, said)
    if found is None:
        return NOT_TOLD if form == "surely" else None
    clause = second_person((_changed(found, scene.message, said) or found).text)
    return f"{clause[:1].upper()}{clause[1:]}."


def asks(message: str, *, opens: bool) -> Literal["surely", "perhaps", "no"]:
    """Whether `message` does nothing but ask for something that was told: surely, if it opens a session or says that it is one's own."""
    plain, parts = normalise(message), sentences(message)
    if not parts or len(parts) > 3 or len(words(plain)) > LONGEST or _ADVICE.search(plain) or not _BEGINS.match(normalise(parts[0])):
        return "no"
    if "?" not in plain and not (_AT_ONCE.match(plain) and len(words(plain)) <= SHORT):
        return "no"
    return "surely" if opens or _SELF.search(plain) else "perhaps"


def is_of_oneself(message: str) -> bool:
    """Whether `message` speaks of the one who says it."""
    return _SELF.search(normalise(message)) is not None


def _said(scene: VisibleScene) -> list[Sentence]:
    """All that is known to have been said and is not a question, in order: sentence by sentence, or as statements that memory has noted."""
    spoken = [(session, text) for session, message in (*scene.earlier, *((TODAY, m) for m in scene.today)) for text in apart(message)]
    heard = {text for _, text in spoken}
    noted = [(s.session, s.text) for s in scene.statements if s.text not in heard]
    told = sorted(((session, text) for session, text in (*noted, *spoken) if "?" not in text and len(words(text)) > 2), key=lambda t: t[0])
    return [Sentence(text, session, place, _tells_of_change(text)) for place, (session, text) in enumerate(told)]


def _tells_of_change(text: str) -> bool:
    plain = normalise(text)
    return load_cue("changes").search(plain) is not None or _CHANGING.search(plain) is not None


def _find(question: str, said: Sequence[Sentence], *, enough: float = ENOUGH) -> Sentence | None:
    """The sentence that fits `question` best, the later of equals; None when none fits well enough."""
    weights = _weigh(question, said)
    best = max(said, key=lambda s: (weights[s], s.place), default=None)
    return best if best and weights[best] >= enough else None


def _changed(found: Sentence, question: str, said: Sequence[Sentence]) -> Sentence | None:
    """What a later session has put in the place of `found`: news of a change that shares a content word with it, or speaks of "it" and tells what is
    asked for."""
    plain, told = normalise(question), _content(found.text) | _content(question)
    spread = Counter(stem for s in said for stem in _content(s.text))
    ahead = _AHEAD.search(normalise(found.text)) is not None and _tells(found.text, plain)
    best: tuple[float, Sentence] | None = None
    for s in said:
        if not s.changes or s.session <= found.session or is_about_the_talk(s.text):
            continue
        weight = sum(log((len(said) + 3) / (spread[stem] + 1)) for stem in _content(s.text) & told)
        weight += REPLACES * (_content(question) <= _content(s.text))
        weight += REPLACES * (ahead and _OF_IT.match(normalise(s.text)) is not None and _tells(s.text, plain))
        if weight >= REPLACES and (best is None or weight >= best[0]):
            best = (weight, s)
    return best[1] if best else None


def _tells(text: str, question: str) -> bool:
    """Whether `text` has a place, a figure or a name, as `question` asks for one."""
    plain = normalise(text)
    named, figure = _INNER_NAME.search(text) is not None, _FIGURE.search(plain) is not None
    if _WHEN.search(question):
        return figure
    return named and (_WHO.search(question) is not None or (_WHERE.search(question) is not None and _PLACED.search(plain) is not None))


def _weigh(question: str, said: Sequence[Sentence]) -> Mapping[Sentence, float]:
    plain = normalise(question)
    asked = _content(question)
    spread = Counter(stem for s in said for stem in _content(s.text))
    rare = {stem: log((len(said) + 3) / (spread[stem] + 1)) for stem in asked}
    whole = sum(rare.values()) or 1.0
    beside, about = _associated(_stems(question)), themes(_stems(question))
    return {s: _weight(s.text, plain, asked, rare, whole, beside, about) for s in said}


def _weight(
    text: str, question: str, asked: frozenset[str], rare: Mapping[str, float], whole: float, beside: frozenset[str], about: frozenset[str]
) -> float:
    told, plain = _stems(text), normalise(text)
    direct = sum(rare[stem] for stem in told & asked)
    near, alike = min(len((told - asked) & beside), 2), min(len(themes(told) & about), 2)
    weight = direct + 3.35 * direct / whole + 1.4 * near + 0.9 * alike - 1.2 * is_about_the_talk(text)
    if not weight > 0:
        return weight
    name, figure, placed = (p.search(t) is not None for p, t in ((_INNER_NAME, text), (_FIGURE, plain), (_PLACED, plain)))
    unmet = (_WHO.search(question) and not name, _WHERE.search(question) and not placed, _WHEN.search(question) and not figure)
    weight += 1.35 * (name or figure) - 1.15 * sum(map(bool, unmet)) + 1.5 * bool(_DEFINING.match(plain))
    weight += 3.5 * bool(_NAMED.search(question) and _NAMING.search(plain))
    weight -= 1.8 * bool(_OF_THE_DAY.match(plain))
    return weight - 1.7 * min(len(plain.split()), 25) / 25


def _first_of(one: str, other: str, said: Sequence[Sentence]) -> str:
    """Which of two things was told first, by the sentences that fit their names best."""
    found = [_find(name, said, enough=ENOUGH / 2) for name in (one, other)]
    if found[0] is None or found[1] is None or found[0].session == found[1].session:
        return NOT_TOLD
    return f"You told me about {second_person(one if found[0].place < found[1].place else other)} first."


# --- words --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=16_384)
def _stems(text: str) -> frozenset[str]:
    """As `stems`, with one form for "take", "took" and "taken"."""
    return frozenset(_irregular().get(stem, stem) for stem in stems(text.replace("’", "'").replace("'s", "")))


def _content(text: str) -> frozenset[str]:
    found = _stems(text)
    return found - _stems(_EMPTY) or found


@lru_cache(maxsize=1)
def _irregular() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in load_words("irregular"):
        forms = [min(stems(word), default=word) for word in line.split()]
        found |= dict.fromkeys(forms, forms[0])
    return found


@lru_cache(maxsize=4096)
def _associated(asked: frozenset[str]) -> frozenset[str]:
    """What answers tend to say where a question says `asked`."""
    return frozenset[str]().union(*(answers for cues, answers in _associations() if cues & asked))


@lru_cache(maxsize=1)
def _associations() -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    return tuple((_stems(cues), _stems(answers)) for cues, _, answers in (line.partition(": ") for line in load_words("asked")))
