"""Looking back: what the user said in earlier sessions, which of it bears on what is said now, and how to give it back in the second person."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sim.core.text import normalise, words
from sim.llm.offline.lines import load_words
from sim.llm.offline.wording import sentences, stems

SHORTEST, LONGEST = 5, 26
"""Words of a sentence that can be given back."""
FEWEST = 3
"""Content words without which a sentence tells nothing worth giving back."""

_FIRST_PERSON = re.compile(r"\b(?:i|i'm|i've|i'd|i'll|my|mine|me|we|we're|we've|our|us|myself)\b")
_SECOND_PERSON = re.compile(r"\b(?:you|your|yours|you're|you've|yourself|yuh|u)\b")
_GREETING = re.compile(
    r"^(?:good (?:evening|morning|night|day)|hello|hi|hiya|hey|evening|yo|bye|see you|thank|thanks|sorry|ok|okay|yes|no|well"
    r"|(?:it is|it's|this is) \w+[,.!])(?!\w)"
)
_IMPERATIVE = re.compile(
    r"^(?:please )?(?:give|tell|help|please|keep|let|say|do|don't|ask|send|show|leave|stop|make|take|read|look|listen|quit|skip)\b"
)
_LEADING = re.compile(r"^(?:and|but|so|because|well|anyway|oh|ah|eh|then|now|listen|look|you know|right)\b,?\s+", re.IGNORECASE)

_SWAPS: Final = {
    "i": "you", "i'm": "you're", "i've": "you've", "i'd": "you'd", "i'll": "you'll", "me": "you", "my": "your", "mine": "yours", "myself": "yourself",
    "we": "you", "we're": "you're", "we've": "you've", "we'd": "you'd", "we'll": "you'll", "us": "you", "our": "your", "ours": "yours",
    "ourselves": "yourselves", "am": "are", "im": "you're",
}  # fmt: skip
_PERSON = re.compile(r"\b(?:" + "|".join(sorted(_SWAPS, key=len, reverse=True)) + r")\b(?!\.m\b)", re.IGNORECASE)
_YOU_WAS = re.compile(r"\byou((?:\s(?:\w+ly|also|still|just|only|never|always|once|both|all))?)\swas\b")
_GOES_WITH_A_NAME: Final = ("is", "was", "has", "had", "and", "can", "will", "does", "did", "says", "said", "would", "came", "comes", "went", "goes")

_SELF: Final = ("I", "I'm", "I've", "I'd", "I'll")
_WORD = re.compile(r"[\w'’]+")


@dataclass(frozen=True)
class Statement:
    """A sentence in which the user told something of itself."""

    text: str
    clause: str
    """In the second person, without its stop: "your sister Leila moved to Rotterdam"."""
    session: int
    salience: int
    """Names and figures in it, at most 2."""


@lru_cache(maxsize=4096)
def find_statements(message: str, session: int) -> tuple[Statement, ...]:
    """The statements of one message, in order.

    What a message begins with is mostly a word about the talk itself; it counts only with a name or a figure in it.
    """
    found: list[Statement] = []
    for place, sentence in enumerate(sentences(message)):
        plain = normalise(sentence)
        names = _names(sentence)
        if (
            "?" in plain
            or _SECOND_PERSON.search(plain)
            or _GREETING.match(plain)
            or _IMPERATIVE.match(plain)
            or not SHORTEST <= len(words(plain)) <= LONGEST
        ):
            continue
        if len(stems(plain)) >= FEWEST and (names or (place > 0 and _FIRST_PERSON.search(plain))):
            found.append(Statement(sentence, second_person(sentence), session, min(names, 2)))
    return tuple(found)


def second_person(sentence: str) -> str:
    """`sentence` as said back to whoever said it, without its stop, begun as the middle of a sentence."""
    body = _LEADING.sub("", sentence.strip()).rstrip(".!…)\"' ")
    body = body.replace("’", "'").replace("!", ",")
    turned = _PERSON.sub(lambda m: _SWAPS[m.group().lower()], body)
    turned = _YOU_WAS.sub(r"you\1 were", turned)
    return _begun_small(turned)


def find_bearing(statements: Sequence[Statement], message: str, *, known: Sequence[str] = ()) -> Statement | None:
    """That one of `statements` which bears most on `message`, by shared content words, shared themes and names; None when none shares anything.

    What was already brought back in `known` replies gives way to what was not; of equals, the newer one is taken.
    """
    now, late = stems(message), stems(" ".join(sentences(message)[-2:]))
    about = themes(late)
    spread = Counter(stem for s in statements for stem in stems(s.text))
    said = normalise("\n".join(known))
    best: tuple[float, Statement] | None = None
    for s in statements:
        told = stems(s.text)
        shared = sum((2 if stem in late else 1) / spread[stem] ** 0.5 for stem in told & now)
        alike = len(themes(told) & about)
        if not (shared or alike):
            continue
        weight = 2 * shared + 0.7 * alike + 0.9 * s.salience - 1.2 * said.count(normalise(s.clause))
        if best is None or weight >= best[0]:
            best = (weight, s)
    return best[1] if best else None


def themes(found: frozenset[str]) -> frozenset[str]:
    """The themes that words with these stems belong to."""
    return frozenset(name for name, listed in _listed_themes() if listed & found)


@lru_cache(maxsize=1)
def _listed_themes() -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple((name, stems(listed)) for name, _, listed in (line.partition(": ") for line in load_words("themes")))


def main_theme(texts: Sequence[str]) -> str | None:
    """The theme that most content words of `texts` belong to, from three words on."""
    found = stems(" ".join(texts))
    counts = {name: len(listed & found) for name, listed in _listed_themes()}
    most = max(counts, key=lambda name: counts[name])
    return most if counts[most] >= 3 else None


def _names(sentence: str) -> int:
    """Capitals within the sentence, and figures."""
    inner = _WORD.findall(sentence)[1:]
    return sum(w[0].isdigit() or (w[0].isupper() and w.replace("’", "'") not in _SELF) for w in inner)


def _begun_small(text: str) -> str:
    first, _, rest = text.partition(" ")
    after = rest.partition(" ")[0].lower()
    if first in load_words("calendar"):
        return text
    name = first[:1].isupper() and first.lower() not in load_words("small_at_the_start") and after in _GOES_WITH_A_NAME
    return text if name or (first.isupper() and len(first) > 1) else first.lower() + text[len(first) :]
