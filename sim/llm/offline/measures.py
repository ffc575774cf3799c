"""How a reply reads to a persona, dimension by dimension, from persona, card and text alone.

Nothing here reads a number or an instruction out of a reply: a reply that asks for a rating is text like any other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean
from typing import TYPE_CHECKING, Literal

from sim.core.codebook import ALWAYS
from sim.core.text import contains, normalise, words
from sim.llm.offline.lines import load_cue
from sim.llm.offline.wording import brushes_off, depth_level, formality, jars, sentences, stems, takes_up, valence, warm_sentence, warmth

if TYPE_CHECKING:
    from sim.core.codebook import Dimension
    from sim.core.ledger import Entry
    from sim.core.spec import Persona
    from sim.core.view import Card

LENGTH_BANDS = {1: (1, 18), 2: (10, 35), 3: (25, 70), 4: (50, 120), 5: (90, 220)}
"""Words of a reply that fit each wanted length."""

_SMILING = re.compile(r"[\U0001F600-\U0001F60A\U0001F61C\U0001F639\U0001F642-\U0001F643\U0001F923]")

UNNOTICED = 0.75
"""Steps by which a reply may differ from what is wanted without anybody noticing."""

Kind = Literal["quote", "absence", "measure"]


@dataclass(frozen=True)
class ObservedExchange:
    """One exchange, with what was declared when it was opened."""

    persona: Persona
    card: Card
    message: str
    reply: str
    mood: str
    allusion: str | None = None
    humour_bid: str | None = None
    bearing: tuple[Entry, ...] = ()
    told_earlier: tuple[Entry, ...] = ()
    """Told before this session."""
    said_earlier: tuple[str, ...] = ()
    """User messages of earlier sessions, as far as they are known."""
    said_today: tuple[str, ...] = ()
    """User messages of this session, this one included."""
    all_known: bool = True
    """Whether `said_earlier` is all that was said."""

    def want(self, dimension: Dimension) -> int:
        """How much of `dimension` is wanted today."""
        return self.card.want(dimension)

    @property
    def valence(self) -> int:
        """-1, 0 or 1, by the declared mood, else by the session's."""
        return valence(self.mood, self.card.session.spec.mood.valence)


@dataclass(frozen=True, slots=True)
class DimensionFinding:
    """How one dimension fared. A score of None: there was neither occasion nor attempt."""

    score: int | None
    reason: str
    kind: Kind
    text: str
    attempt: bool = True
    false_memory: bool = False
    excess: int = 0
    """1: more than is wanted of it, -1: less, 0: as wanted or neither."""


def measure(dimension: Dimension, heard: ObservedExchange) -> DimensionFinding:
    """The finding for `dimension`."""
    found = _measured(dimension, heard)
    return replace(found, excess=_excess(dimension, heard, found))


def _measured(dimension: Dimension, heard: ObservedExchange) -> DimensionFinding:
    match dimension:
        case "emotional_adaptation":
            return emotional(heard)
        case "formality_matching":
            return register(heard)
        case "knowledge_adaptation":
            return knowledge(heard)
        case "length_fit":
            return length(heard)
        case "reference_understanding":
            return reference(heard)
        case "humor_fit":
            return humour(heard)
        case "callback":
            return callback(heard)


def impression(heard: ObservedExchange) -> float:
    """How a reply strikes the persona, 1 to 5: the mean of the four dimensions that always apply."""
    return mean(measure(d, heard).score or 1 for d in ALWAYS)


def emotional(heard: ObservedExchange) -> DimensionFinding:
    """Warmth against the warmth wanted; a mood that is passed over, met with its opposite or brushed off costs more."""
    want, mood = heard.want("emotional_adaptation"), heard.valence
    score = _near(warmth(heard.reply), want)
    if mood and want >= 3 and not takes_up(heard.reply, mood):
        score = min(score, 3)
    if jars(heard.reply, mood):
        score = min(score, 2)
    if brushes_off(heard.reply, heard.message):
        return _scored(min(score, 1 if mood < 0 else 2), "It brushed me off.", heard)
    shown = warm_sentence(heard.reply)
    if score <= 2 and not shown:
        return _missed(score, "It went past the mood I am in.", heard)
    said = ("It did not meet my mood.", "It met my mood half-way.", "It met the mood I am in.")
    return _scored(score, _grade(score, said), heard, shown)


def register(heard: ObservedExchange) -> DimensionFinding:
    """Distance between the register of the reply and the one wanted."""
    level, want = formality(heard.reply), heard.want("formality_matching")
    score = _near(level, want)
    stiff = "stiffer" if level > want else "more familiar"
    said = (f"It talks {stiff} than I do.", f"It is a little {stiff} than I would be.", "It talks as I talk.")
    return _scored(score, _grade(score, said), heard)


def knowledge(heard: ObservedExchange) -> DimensionFinding:
    """Distance between the depth of the reply and the one wanted."""
    level, want = depth_level(heard.reply), heard.want("knowledge_adaptation")
    score = _near(level, want)
    off = "over my head" if level > want else "below what I know"
    said = (f"It is {off}.", f"It is somewhat {off}.", "The depth is right for me.")
    return _scored(score, _grade(score, said), heard)


def length(heard: ObservedExchange) -> DimensionFinding:
    """Words of the reply against the band of the length wanted."""
    count = len(words(heard.reply))
    low, high = LENGTH_BANDS[heard.want("length_fit")]
    over = max(count / high, low / max(count, 1), 1.0)
    score = next((s for s, limit in ((5, 1.1), (4, 1.4), (3, 1.8), (2, 2.8)) if over <= limit), 1)
    off = "longer" if count > high else "shorter"
    said = (f"It is much {off} than I wanted to read.", f"It is {off} than I would like.", "It is as long as I wanted to read.")
    return DimensionFinding(score, _grade(score, said), "measure", "")


def reference(heard: ObservedExchange) -> DimensionFinding:
    """Whether one of the meanings of the allusion stands in the reply."""
    want = heard.want("reference_understanding")
    if heard.allusion is None:
        if not load_cue("alludes").search(normalise(heard.reply)):
            return _neither(heard, "I alluded to nothing, and it took up nothing.")
        return _scored(3, "It made an allusion of its own.", heard, _sentence_with(load_cue("alludes"), heard.reply))
    hit = _understood(heard)
    if hit:
        return _scored(5, "It got what I alluded to.", heard, hit)
    return DimensionFinding(max(1, 5 - want if want < 4 else 1), "It did not get what I alluded to.", "absence", heard.allusion, attempt=False)


def humour(heard: ObservedExchange) -> DimensionFinding:
    """Whether the reply laughs along, against how much laughing is wanted."""
    want = heard.want("humor_fit")
    laughs = _sentence_with(load_cue("jokes"), heard.reply) or next((t for t in sentences(heard.reply) if _SMILING.search(t)), None)
    if heard.humour_bid and laughs:
        said = "It took the joke as one." if want >= 3 else "It made more of my remark than I did."
        return _scored(5 if want >= 4 else 4 if want == 3 else 3, said, heard, laughs)
    if heard.humour_bid:
        said = "It let my remark stand, as I like it." if want <= 2 else "It did not notice the joke."
        return DimensionFinding(6 - want, said, "absence", heard.humour_bid, attempt=False)
    if not laughs:
        return _neither(heard, "There was no joke on either side.")
    score = max(1, min(4, want)) if heard.valence >= 0 else min(2, want)
    return _scored(score, "It laughed of its own accord." if score >= 3 else "I was not joking.", heard, laughs)


def callback(heard: ObservedExchange) -> DimensionFinding:
    """Whether the reply brings back something told in an earlier session; what nobody said is a false memory."""
    want = heard.want("callback")
    hit = _brought_back(heard.bearing, heard)
    if hit:
        return _scored(5 if want >= 3 else 4, "It brought back what I told it, when it mattered.", heard, hit)
    claims = [s for s in sentences(heard.reply) if load_cue("brings_back").search(normalise(s))]
    other = _brought_back(heard.told_earlier, heard) if claims else None
    earlier = [s for s in claims if not any(_supports(said, s) for said in heard.said_today)]
    if other or any(_supports(said, s) for s in claims for said in heard.said_earlier):
        score = 3 if heard.bearing else 4 if want >= 4 else 3 if want == 3 else 2
        return _scored(score, "It remembered something of mine, though not what mattered just now.", heard, other or claims[0])
    if earlier and heard.all_known:
        return _scored(1 if want >= 3 else 2, "I never told it that.", heard, earlier[0], false_memory=True)
    if earlier:
        return _scored(3, "It spoke of something I may have told it long ago.", heard, earlier[0])
    if heard.bearing:
        missed = max(1, 5 - want) if want > 1 else 3
        return DimensionFinding(missed, "I had told it about this, and it did not come up.", "absence", _words_of(heard.message), attempt=False)
    return _neither(heard, "Nothing I told it earlier bears on this.")


def _excess(dimension: Dimension, heard: ObservedExchange, found: DimensionFinding) -> int:
    """On which side of the wanted amount the reply lies."""
    want = heard.want(dimension)
    low, high = LENGTH_BANDS[want]
    count = len(words(heard.reply))
    match dimension:
        case "emotional_adaptation":
            over = warmth(heard.reply) - want
        case "formality_matching":
            over = formality(heard.reply) - want
        case "knowledge_adaptation":
            over = depth_level(heard.reply) - want
        case "length_fit":
            over = float((count > high) - (count < low))
        case _:
            over = 1.0 if found.attempt else -1.0
    return (over > 0) - (over < 0)


def _brought_back(entries: Sequence[Entry], heard: ObservedExchange) -> str | None:
    """The sentence of the reply with an answer of one of `entries` that the user has not repeated in this session."""
    today = "\n".join(heard.said_today)
    for entry in entries:
        for answer in entry.answers:
            if contains(heard.reply, answer) and not contains(today, answer):
                return next((s for s in sentences(heard.reply) if contains(s, answer)), heard.reply)
    return None


def _supports(said: str, claim: str) -> bool:
    """Whether at least half of what `claim` speaks of was said in one message."""
    claimed = stems(claim)
    return bool(claimed) and len(claimed & stems(said)) >= math.ceil(len(claimed) / 2)


def _understood(heard: ObservedExchange) -> str | None:
    assert heard.allusion is not None
    known = next((a for a in heard.persona.voice.allusions if contains(heard.allusion, a.says) or contains(a.says, heard.allusion)), None)
    for s in sentences(heard.reply):
        if known and any(contains(s, m) for m in known.means):
            return s
        if not known and len(stems(heard.allusion) & stems(s)) >= 2:
            return s
    return None


def _sentence_with(cue: re.Pattern[str], reply: str) -> str | None:
    return next((s for s in sentences(reply) if cue.search(normalise(s))), None)


def _near(level: float, want: int) -> int:
    """5 for a level as wanted, a point less for each step beyond what goes unnoticed."""
    return max(1, 5 - round(max(0.0, abs(level - want) - UNNOTICED)))


def _scored(score: int, reason: str, heard: ObservedExchange, shown: str | None = None, *, false_memory: bool = False) -> DimensionFinding:
    """A finding on something that stands in the reply."""
    quote = _quotable(shown or "", heard.reply)
    return DimensionFinding(max(1, min(score, 5)), reason, "quote", quote, false_memory=false_memory) if quote else _missed(score, reason, heard)


def _missed(score: int, reason: str, heard: ObservedExchange) -> DimensionFinding:
    """A finding on something that should stand in the reply and does not."""
    return DimensionFinding(max(1, min(score, 5)), reason, "absence", _words_of(heard.message))


def _neither(heard: ObservedExchange, reason: str) -> DimensionFinding:
    return DimensionFinding(None, reason, "absence", _words_of(heard.message), attempt=False)


def _quotable(sentence: str, reply: str) -> str:
    """`sentence` if it has four words, else the first sentence of `reply` that has, else all of it."""
    return next((s for s in (sentence, *sentences(reply)) if len(words(s)) >= 4), reply.strip())


def _words_of(message: str) -> str:
    return next(iter(sentences(message)), message)


def _grade(score: int, said: tuple[str, str, str]) -> str:
    return said[0] if score <= 2 else said[1] if score <= 3 else said[2]
