"""How people write to a chatbot, counted message by message: length, questions, greetings, thanks, capitals, slips, what they tell of themselves.

Each figure of `FIGURES` is a sum over messages and the number of messages (or words) that it is taken over, so that figures of any set of talks are
ratios of sums. Rules read normalised text (`sim.core.text`) where they look for words, and the text as it was typed where they look at typing. They
know English; of messages in other languages only length, capitals, dashes, question and exclamation marks tell anything. The dimensions follow what
users of simulators complain of (guide/realism.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from sim.core.text import normalised, words

FIGURES: Final = (
    "questions",
    "greets_again",
    "thanks",
    "politeness",
    "agrees",
    "lower_case_start",
    "no_full_stop",
    "em_dash",
    "exclamation",
    "slips",
    "topic_change",
    "tells",
    "volunteered",
    "sentiment",
    "vocabulary",
)
WINDOW = 50
"""Words of a window in which vocabulary is counted: a moving-average type-token ratio (Covington & McFall 2010) does not hang on the length."""

_GREETING = re.compile(
    r"(?:(?:oh|well|ok|okay|and) )?(?:(?:hi+|hello+|hey+(?: there)?|hiya|howdy|greetings)\b|good (?:morning|afternoon|evening|day)(?! to\b)\b"
    r"|(?:morning|evening)(?=\s*[!,.]|$))"
)
_THANKS = re.compile(r"\b(?:thank(?:s| you|ful)|thx|ty|cheers|much appreciated|i(?: really)? appreciate|grateful)\b")
_POLITE = re.compile(
    r"\b(?:please|pls|plz|could you|would you mind|would you be able|if you don'?t mind|if that'?s (?:ok|okay|all right|alright)|excuse me"
    r"|sorry to (?:bother|trouble)|may i|might i|kindly|i was wondering if)\b"
)
_PRAISE = r"(?:great|good|lovely|wonderful|helpful|nice|kind|useful|excellent|perfect|fantastic|thoughtful|comforting|reassuring)"
_AGREES = re.compile(
    r"(?:(?:oh|ah|well|hm+|yes|yeah|okay|ok),? )*"
    rf"(?:that(?:'s| is| was| sounds| would be)? (?:(?:a|an|so|very|really|such a|just|quite) )*{_PRAISE}"
    r"|that (?:really )?makes (?:a lot of |perfect )?sense|that (?:really )?helps"
    r"|(?:great|good|excellent|wonderful) (?:idea|point|advice|question|suggestion|plan)"
    r"|you(?:'re| are) (?:(?:so|absolutely|quite|totally|completely) )?right"
    r"|i(?:'ll| will) (?:definitely |certainly )?(?:try|do|give) (?:that|it)"
    r"|absolutely|definitely|exactly)(?![\w-])"
)
_QUESTION = re.compile(r"\?|^(?:what|why|when|where|who|which|how|do|does|did|is|are|can|could|should|would|will|have|has)\b[^.!]{3,}$")
_SELF = re.compile(r"\b(?:i|i'm|im|i've|ive|i'd|i'll|my|me|mine|we|we're|we've|our|us)\b")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")
_TYPED_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_ENDS = re.compile(r"[.!?…:;)\]\"'”’»。！？]$|[\U0001F300-\U0001FAFF\u2600-\u27BF]\uFE0F?$")
_TWICE = re.compile(r"\b(\w+) \1\b")
_SAID_TWICE = frozenset(["that", "had", "very", "really", "no", "so", "bye", "ha", "la", "knock", "night", "there", "now", "is", "well", "please"])
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_NOT = re.compile(r"\b(?:not|no|never|hardly|n't|cannot|without|don'?t|didn'?t|isn'?t|wasn'?t|can'?t|won'?t|aren'?t)\W+(?:\w+\W+){0,2}$")


@dataclass(frozen=True, slots=True)
class PlacedMessage:
    """One message of the person, in its place."""

    text: str
    first: bool
    """Of its session."""
    heard: str = ""
    """The reply before it in the session; empty: there was none."""
    before: str = ""
    """The person's own message before it in the session; empty: there was none."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What one message adds to each figure."""

    words: int
    sums: tuple[float, ...]
    """In the order of `FIGURES`."""
    over: tuple[float, ...]
    """What each sum is taken over; 0: the figure does not concern this message."""


def place(talk: Iterable[tuple[str, str]]) -> Iterator[PlacedMessage]:
    """The messages of one session, (message, reply) by (message, reply), each in its place; empty messages are left out."""
    heard = before = ""
    first = True
    for text, reply in talk:
        if text.strip():
            yield PlacedMessage(text, first, heard, before)
            first, before = False, text
        heard = reply


def count(message: PlacedMessage) -> Counted:
    """What `message` adds to each figure; vocabulary is counted over a person's messages together (`count_vocabulary`)."""
    plain, typed = normalised(message.text), message.text.strip()
    said = words(message.text)
    asks = bool(_QUESTION.search(plain))
    tells = _tells(plain)
    later = not message.first
    asked = "?" in message.heard
    shares = {
        "questions": (asks, 1),
        "greets_again": (bool(_GREETING.match(plain)), later),
        "thanks": (bool(_THANKS.search(plain)), 1),
        "politeness": (bool(_POLITE.search(plain)), 1),
        "agrees": (any(_AGREES.match(s) for s in _SENTENCE.split(plain)[:2]), later),
        "lower_case_start": (typed[:1].islower(), typed[:1].isalpha() and typed[:1].lower() != typed[:1].upper()),
        "no_full_stop": (not _ENDS.search(typed), 1),
        "em_dash": ("—" in typed or " – " in typed, 1),
        "exclamation": ("!" in typed or "！" in typed, 1),
        "slips": (100 * _slips(typed), len(said)),
        "topic_change": (_changes_topic(message), later and len(_content(plain)) >= 2),
        "tells": (tells, 1),
        "volunteered": (tells and not asked, tells and later),
        "sentiment": (_sentiment(plain), 1),
        "vocabulary": (0, 0),
    }
    found = [shares[name] for name in FIGURES]
    return Counted(len(said), tuple(float(s) if o else 0.0 for s, o in found), tuple(float(o) for _, o in found))


def count_vocabulary(messages: Sequence[PlacedMessage]) -> tuple[float, float]:
    """Different words in each window of `WINDOW` words of what one person wrote, as the sum of their shares, and the number of windows."""
    said = [w for m in messages for w in words(m.text)]
    if len(said) < WINDOW:
        return 0.0, 0.0
    within: dict[str, int] = {}
    total, windows = 0.0, 0
    for n, word in enumerate(said):
        within[word] = within.get(word, 0) + 1
        if n >= WINDOW:
            gone = said[n - WINDOW]
            within[gone] -= 1
            if not within[gone]:
                del within[gone]
        if n >= WINDOW - 1:
            total, windows = total + len(within) / WINDOW, windows + 1
    return total, float(windows)


def _tells(plain: str) -> bool:
    """Whether a sentence that is no question says something of the one who writes."""
    return any(_SELF.search(s) and not s.rstrip().endswith("?") and len(s.split()) >= 3 for s in _SENTENCE.split(plain))


def _slips(typed: str) -> int:
    """Misspelt words, apostrophes left out, `i` for `I`, words typed twice; stretched words are meant so."""
    found = 0
    for word in _TYPED_WORD.findall(typed):
        found += word == "i" or (word.casefold() in _misspelt() and not _STRETCHED.search(word.casefold()))
    return found + sum(m[1] not in _SAID_TWICE for m in _TWICE.finditer(typed.casefold()))


def _changes_topic(message: PlacedMessage) -> bool:
    """Whether no word of content stands in the reply before it, nor in the person's own message before it."""
    mine = _content(normalised(message.text))
    return not mine & (_content(normalised(message.heard)) | _content(normalised(message.before)))


def _content(plain: str) -> frozenset[str]:
    """Words of content, cut to their first five letters, which tells most forms of one word together."""
    return frozenset(w[:5] for w in words(plain) if len(w) > 3 and w not in common_words())


def _sentiment(plain: str) -> float:
    """1: more pleasant words than unpleasant ones; −1: fewer; 0: as many. After a negation a word counts as its contrary."""
    pleasant, unpleasant = count_polar(plain)
    return float((pleasant > unpleasant) - (pleasant < unpleasant))


def count_polar(plain: str) -> tuple[int, int]:
    """How many words of a normalised text are pleasant and how many unpleasant; after a negation a word counts as its contrary."""
    counts = [0, 0]
    for own, pattern in enumerate((_pleasant(), _unpleasant())):
        for found in pattern.finditer(plain):
            counts[1 - own if _NOT.search(plain, 0, found.start()) else own] += 1
    return counts[0], counts[1]


@cache
def _misspelt() -> frozenset[str]:
    return frozenset(_lines("misspelt"))


@cache
def common_words() -> frozenset[str]:
    """Words that tell no topic."""
    return frozenset(_lines("common"))


@cache
def _pleasant() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(_lines('pleasant'))})\b")


@cache
def _unpleasant() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(_lines('unpleasant'))})\b")


def _lines(name: str) -> list[str]:
    text = (files("sim.score.text") / "words" / f"{name}.txt").read_text(encoding="utf-8")
    return [w for line in text.splitlines() if not line.startswith("#") for w in line.split(", ") if w]
