"""Looking back: what the user said in earlier sessions, which of it bears on what is said now, and how to give it back in the second person."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sim.core.text import normalise, words
from sim.llm.offline.lines import load_cue, load_words
from sim.llm.offline.wording import sentences, stems

SHORTEST, LONGEST = 5, 26
"""Words of a sentence that can be given back."""
FEWEST = 3
"""Content words without which a sentence tells nothing worth giving back."""
LONGEST_GIST = 16
"""Words of a sentence that can be said back in the same breath."""

_SECOND_PERSON = re.compile(r"\b(?:you|your|yours|you're|you've|yourself|yuh|u)\b")
_GREETING = re.compile(
    r"^(?:good (?:evening|morning|night|day)|hello|hi|hiya|hey|evening|yo|bye|see you|thank|thanks|sorry|ok|okay|yes|no|well"
    r"|(?:it is|it's|this is) \w+[,.!])(?!\w)"
)
_IMPERATIVE = re.compile(
    r"^(?:please )?(?:come|wait|try|spare|forget|give|tell|help|please|keep|let|say|do|don't|ask|send|show|leave|stop|make|take|read|look|listen|quit"
    r"|skip)\b"
)
_SUBJECT = re.compile(r"^(?:i|i'm|i've|i'd|my|we|we're|we've|our|he|she|they|it|there|the|this|that|nobody|somebody)\b")
_INTRODUCING = re.compile(r"^(?:my|our|the|it is|it's|there is|there's)\b")
_PLEADING = re.compile(r"\b(?:please|thank you|thanks)\b")
_WISHING = re.compile(r"^(?:sorry\b|i (?:want|need|would|wish|hope|think|feel|thought|do not know|keep putting|should)\b)")
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
_CAPITAL = re.compile(r"(?<=[\w)]) ([A-Z][a-z]*)\b")
_WORD = re.compile(r"[\w'’]+")


@dataclass(frozen=True)
class Statement:
    """A sentence in which the user told something of itself."""

    text: str
    clause: str
    """In the second person, without its stop: "your sister Leila moved to Rotterdam"."""
    session: int
    salience: int
    """How much it is worth remembering: a point for each name or figure, two at most, two more if it says who or what something is, one less if it
    tells of a change, as much of what is only news of the day does."""
    changes: bool = False
    """It tells that something has changed."""


@lru_cache(maxsize=4096)
def find_statements(message: str, session: int) -> tuple[Statement, ...]:
    """The statements of one message, in order.

    What a message begins with is mostly a word about the talk itself; it counts only with a name or a figure in it.
    """
    found: list[Statement] = []
    for place, sentence in enumerate(apart(message)):
        plain = normalise(sentence)
        if (
            "?" in plain
            or _SECOND_PERSON.search(plain)
            or _GREETING.match(plain)
            or _IMPERATIVE.match(plain)
            or _PLEADING.search(plain)
            or not SHORTEST <= len(words(plain)) <= LONGEST
        ):
            continue
        if len(stems(plain)) >= FEWEST and (place > 0 or _names(sentence)):
            found.append(as_statement(sentence, session))
    return tuple(found)


def as_statement(sentence: str, session: int) -> Statement:
    """What `sentence`, which is known to tell something, tells."""
    plain = normalise(sentence)
    changes = load_cue("changes").search(plain) is not None
    salience = min(_names(sentence), 2) + 2 * bool(_INTRODUCING.match(plain)) - changes
    return Statement(sentence, second_person(sentence), session, salience, changes)


def is_about_the_talk(sentence: str) -> bool:
    """Whether `sentence` greets, asks, wishes or speaks to the other, and so tells little of oneself."""
    plain = normalise(sentence)
    said = _SECOND_PERSON.search(plain) or _PLEADING.search(plain) or _GREETING.match(plain) or _IMPERATIVE.match(plain) or _WISHING.match(plain)
    return said is not None


def apart(message: str) -> list[str]:
    """The sentences of `message`; a small word with a capital begins one also where the stop before it was left out."""
    found: list[str] = []
    for sentence in sentences(message):
        start = 0
        for m in _CAPITAL.finditer(sentence):
            if m.group(1).lower() in load_words("small_at_the_start") and m.group(1) != "I":
                found.append(sentence[start : m.start()])
                start = m.start() + 1
        found.append(sentence[start:])
    return found


def find_clauses(message: str) -> tuple[str, ...]:
    """What of `message` can be said back at once, in the second person: short sentences that begin with who or what they speak of."""
    told = (s for s in find_statements(message, 0) if len(words(s.text)) <= LONGEST_GIST and _SUBJECT.match(normalise(s.text)))
    return tuple(s.clause for s in told)


def keep_one_value(statements: Sequence[Statement], *, newest: bool) -> list[Statement]:
    """`statements` without those that others of a later session have put out of date; unless `newest`, without those later ones.

    A statement that tells of a change concerns those earlier ones with which it shares a content word.
    """
    if not newest:
        return [s for s in statements if not s.changes]
    changed = [s for s in statements if s.changes]
    return [s for s in statements if not any(c.session > s.session and stems(c.text) & stems(s.text) for c in changed)]


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
        weight = 2 * shared + alike + s.salience - 1.2 * said.count(normalise(s.clause))
        if best is None or weight >= best[0]:
            best = (weight, s)
    return best[1] if best else None


def themes(found: frozenset[str]) -> frozenset[str]:
    """The themes that words with these stems belong to."""
    return frozenset(name for name, listed in _listed_themes() if listed & found)


@lru_cache(maxsize=1)
def _listed_themes() -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple((name, stems(listed)) for name, _, listed in (line.partition(": ") for line in load_words("themes")))


def main_theme(message: str, before: Sequence[str]) -> str | None:
    """The theme to which two content words of `message` belong, or one and three of those `before`; None: no theme, or several alike."""
    now, earlier = stems(message), frozenset[str]().union(*map(stems, before))
    counts = {name: (len(listed & now), len(listed & earlier)) for name, listed in _listed_themes()}
    fitting = {name: at + then for name, (at, then) in counts.items() if at >= 2 or (at and then >= 3)}
    most = max(fitting.values(), default=0)
    leading = [name for name, count in fitting.items() if count == most]
    return leading[0] if len(leading) == 1 else None


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
